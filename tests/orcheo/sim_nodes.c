/* SPDX-License-Identifier: MIT
 *
 * sim_nodes.c - the nodes that make predictions and scores. */
#include <math.h>
#include <string.h>

#include "tests/orcheo/sim_model.h"

/* What PostgreSQL says of a NaN in a JSON text: its last 49 bytes up to it. */
static void fail_nan(struct sim_state *st, const char *before)
{
    TT_AUTO_FREE char *line = xasprintf("%sNaN", before);
    size_t n = strlen(line);
    const char *from = n > 49 ? line + n - 49 : line;

    st->out->unstorable = true;
    sim_fail(st, xasprintf("invalid input syntax for type json\nDETAIL:  Token "
                       "\"NaN\" is invalid.\nCONTEXT:  JSON data, line 1: "
                       "...%s...\nunnamed portal parameter $4 = '...'", from));
}

/* str(case["expected"]) of each case, or an error as Python words it. */
static bool references_of(struct sim_state *st, json_object *references)
{
    json_object *cases = json_child(st->job->inputs, "cases");
    size_t i;

    if (!sim_truthy(cases))
        return true;
    if (!json_object_is_type(cases, json_type_array)) {
        sim_fail(st, xstrdup("string indices must be integers, not 'str'"));
        return false;
    }
    for (i = 0; i < json_object_array_length(cases); i++) {
        json_object *one = json_object_array_get_idx(cases, i), *expected;
        char *text;

        if (!json_object_is_type(one, json_type_object)) {
            sim_fail(st, xstrdup("string indices must be integers, not 'str'"));
            return false;
        }
        if (!json_object_object_get_ex(one, "expected", &expected)) {
            sim_fail(st, xstrdup("'expected'"));
            return false;
        }
        text = sim_python_str(expected);
        json_object_array_add(references, json_object_new_string(text));
        free(text);
    }
    return true;
}

/* sum() as Python 3.12 does it (Neumaier), over the number of values. */
static double mean(json_object *values)
{
    size_t i, n = json_object_array_length(values);
    double sum = 0, lost = 0;

    for (i = 0; i < n; i++) {
        double x = json_object_get_double(json_object_array_get_idx(values, i));
        double t = sum + x;

        lost += fabs(sum) >= fabs(x) ? (sum - t) + x : (x - t) + sum;
        sum = t;
    }
    return n > 0 ? (sum + lost) / (double)n : 0.0;
}

/* The score node, with what the run's faults make of it. */
static void score(struct sim_state *st, const char *metric, json_object *items)
{
    const int64_t *fault = st->job->fault;
    json_object *o = json_object_new_object(), *corpus;
    size_t n = json_object_array_length(items), i;

    corpus = json_object_new_double(mean(items));
    if (fault[SIM_FAULT_empty_per_item] != 0) {
        json_object_put(corpus);
        corpus = json_object_new_double(0.0);
        json_object_array_del_idx(items, 0, n);
    } else if (fault[SIM_FAULT_short_per_item] != 0 && n > 0) {
        json_object_array_del_idx(items, n - 1, 1);
    }
    if (fault[SIM_FAULT_null_metric] != 0 ||
        (fault[SIM_FAULT_nan] != 0 && st->job->old)) {
        json_object_put(corpus);
        corpus = NULL;
        for (i = 0; i < n; i++)
            json_object_array_put_idx(items, i, NULL);
    }
    json_set_str(o, "metric_name", metric);
    json_set(o, "corpus_score", corpus);
    json_set(o, "per_item", items);
    if (fault[SIM_FAULT_nan] != 0 && !st->job->old) {
        TT_AUTO_FREE char *before = xasprintf(
            "{\"metric_name\": \"%s\", \"corpus_score\": ", metric);

        json_object_put(o);
        fail_nan(st, before);
    } else if (fault[SIM_FAULT_no_metric] != 0) {
        json_object_put(o);
    } else {
        sim_step(st, "score", o);
    }
}

static void predict(double temperature, json_object *prompt,
                    json_object *references, json_object *predictions)
{
    TT_AUTO_FREE char *text = sim_python_str(prompt);
    bool brief = strstr(text, "brief") != NULL;
    size_t i;

    for (i = 0; i < json_object_array_length(references); i++) {
        TT_AUTO_FREE char *kept = sim_keep_words(
            json_object_get_string(json_object_array_get_idx(references, i)),
            temperature, brief);

        json_object_array_add(predictions, json_object_new_string(kept));
    }
}

static void remember(struct sim_state *st, json_object *predictions,
                     json_object *references)
{
    if (!(st->does & KEEPS) && !st->job->old)
        return;
    json_set(st->out->inputs, "predictions", json_object_get(predictions));
    json_set(st->out->inputs, "references", json_object_get(references));
}

static void model_nan(struct sim_state *st, json_object *predictions,
                      json_object *temperature, json_object *prompt)
{
    size_t n = json_object_array_length(predictions);
    TT_AUTO_FREE char *t = sim_python_str(temperature);
    TT_AUTO_FREE char *p = sim_python_str(prompt);
    TT_AUTO_FREE char *before = NULL;
    const char *last = n == 0 ? "" : json_object_get_string(
        json_object_array_get_idx(predictions, n - 1));

    if (st->does & FLOAT)
        before = xasprintf("{\"answer\": {\"node_results\": {\"answer\": "
                           "{\"predictions\": [\"%s\"], \"maybe_nan\": ", last);
    else
        before = xasprintf("\"temperature\": %s, \"system_prompt\": \"%s\", "
                           "\"maybe_nan\": ", t, p);
    fail_nan(st, before);
}

/* FakeModelNode and TokenF1MetricsNode. */
void sim_fake_model(struct sim_state *st, json_object *temperature,
                  json_object *prompt)
{
    json_object *references = json_object_new_array();
    json_object *predictions = json_object_new_array();
    json_object *items = json_object_new_array();
    json_object *o = json_object_new_object();
    bool nan = (st->does & FAULTS) &&
               sim_truthy(json_child(st->job->inputs, "nan"));
    char *error = NULL;
    double t = 0;
    size_t i;

    if (!sim_float(temperature, NULL, &t, &error)) {
        sim_fail(st, error);
        goto done;
    }
    if (!references_of(st, references))
        goto done;
    predict(t, prompt, references, predictions);
    remember(st, predictions, references);
    if (nan && !st->job->old) {
        model_nan(st, predictions, temperature, prompt);
        goto done;
    }
    json_set(o, "predictions", json_object_get(predictions));
    json_set(o, "temperature", json_copy(temperature));
    json_set(o, "system_prompt", json_copy(prompt));
    if (st->does & FAULTS)
        json_set(o, "maybe_nan", nan ? NULL : json_object_new_double(0.0));
    if (st->does & FLOAT)
        json_set_bool(o, "temperature_is_float",
                      json_object_is_type(temperature, json_type_double));
    sim_step(st, "answer", json_object_get(o));
    for (i = 0; i < json_object_array_length(references); i++)
        json_object_array_add(items, json_object_new_double(sim_token_f1(
            json_object_get_string(json_object_array_get_idx(predictions, i)),
            json_object_get_string(json_object_array_get_idx(references, i)))));
    score(st, "token_f1", json_object_get(items));
done:
    json_object_put(references);
    json_object_put(predictions);
    json_object_put(items);
    json_object_put(o);
}

static double number(struct sim_state *st, json_object *values, const char *key,
                     double otherwise)
{
    json_object *value = NULL;
    char *error = NULL;
    double d = otherwise;

    if (json_object_object_get_ex(values, key, &value) &&
        !sim_float(value, NULL, &d, &error))
        sim_fail(st, error);
    return d;
}

/* NoisyModelNode and QualityNode of workflows/noisy.py. */
void sim_noisy_model(struct sim_state *st, json_object *values)
{
    json_object *references = json_object_new_array();
    json_object *items = json_object_new_array();
    json_object *o = json_object_new_object();
    TT_AUTO_FREE char *seed = NULL, *style = NULL, *prompt = NULL;
    json_object *text = NULL;
    struct sim_noisy p;
    size_t i;

    json_object_object_get_ex(st->job->inputs, "seed", &text);
    seed = text != NULL ? sim_python_str(text) : xstrdup("0");
    text = json_child(values, "style");
    style = text != NULL ? sim_python_str(text) : xstrdup("plain");
    text = json_child(values, "system_prompt");
    prompt = text != NULL ? sim_python_str(text) : xstrdup("");
    p = (struct sim_noisy){
        .temperature = number(st, values, "temperature", 1.0),
        .top_p = number(st, values, "top_p", 1.0),
        .top_k = number(st, values, "top_k", 256),
        .noise = number(st, values, "noise", 0.05),
        .style = style, .prompt = prompt, .seed = seed,
    };
    if (st->out->error == NULL && references_of(st, references)) {
        for (i = 0; i < json_object_array_length(references); i++)
            json_object_array_add(items, json_object_new_double(
                sim_noisy_score(&p, json_object_get_string(
                    json_object_array_get_idx(references, i)))));
        json_set_num(o, "temperature", p.temperature);
        json_set_num(o, "top_p", p.top_p);
        json_set_num(o, "top_k", p.top_k);
        json_set_str(o, "style", style);
        json_set_str(o, "system_prompt", prompt);
        sim_step(st, "answer", json_object_get(o));
        score(st, "quality", json_object_get(items));
    }
    json_object_put(references);
    json_object_put(items);
    json_object_put(o);
}
