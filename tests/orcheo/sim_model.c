/* SPDX-License-Identifier: MIT
 *
 * sim_model.c - run a workflow script without Python: the script says in its
 * first docstring what it is, and its templates say where values come from. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/orcheo/sim.h"

/* What marks a script, and what its nodes put into their results. */
struct kind {
    const char *marker;
    unsigned does;
};
#define TUNED 1u        /* a parameters node `tuned`, then ... */
#define PULLS 2u        /* ... or an HTTP GET as `tuned` */
#define MODEL 4u        /* fake model `answer`, score `score` */
#define FAULTS 8u       /* reads inputs.nan and inputs.boom; reports maybe_nan */
#define FLOAT 16u       /* reports temperature_is_float */
#define REPORTS 32u     /* `answer` reports what it received, no score */
#define NOISY 64u       /* noisy model `answer`, score `score` */
#define KEEPS 128u      /* predictions stand in the final inputs */
#define STOPS 256u      /* stops at a human's node */
#define ONE_NODE 512u   /* `answer` itself takes the candidate */
static const struct kind kinds[] = {
    { "Evaluation workflow of the demo", TUNED | MODEL | FAULTS | KEEPS },
    { "Production workflow of the demo, delivery by push", REPORTS },
    { "Production workflow of the demo, delivery by pull", PULLS | REPORTS },
    { "Noisy evaluation workflow", TUNED | NOISY | KEEPS },
    { "Deterministic trimtab target: no LLM", MODEL | FAULTS | FLOAT },
    { "Deterministic trimtab target, parameters per run",
      TUNED | MODEL | FLOAT | KEEPS },
    { "Deterministic trimtab target that pulls its parameters",
      PULLS | MODEL | FLOAT },
    { "Deterministic trimtab target for Orcheo's restricted",
      ONE_NODE | MODEL | KEEPS },
    { "HumanInputNode(", STOPS },
};

struct state {
    struct sim_job *job;
    struct sim_result *out;
    unsigned does;
};

/* --- the script's text ----------------------------------------------------------- */

/* What stands between before and the next '"'; NULL when absent. */
static char *quoted_behind(const char *source, const char *before)
{
    const char *at = strstr(source, before), *end;

    if (at == NULL)
        return NULL;
    at += strlen(before);
    end = strchr(at, '"');
    return end != NULL ? xstrndup(at, (size_t)(end - at)) : NULL;
}

/* The template of a field of the answer node. The class body gives the field
 * a default that is no template, so look for the braces. */
static char *field(const struct state *st, const char *name,
                   const char *otherwise)
{
    TT_AUTO_FREE char *before = xasprintf("%s=\"{{", name);
    TT_AUTO_FREE char *inside = quoted_behind(st->job->source, before);

    return inside != NULL ? xasprintf("{{%s", inside) : xstrdup(otherwise);
}

/* The value of exactly one {{a.b.c}}, borrowed; NULL with *found false. */
static json_object *resolve(const struct state *st, const char *text,
                            bool *found)
{
    char path[256], *save = NULL, *part;
    size_t n = strlen(text);
    json_object *at = NULL;

    *found = false;
    if (n < 5 || n >= sizeof path || strncmp(text, "{{", 2) != 0 ||
        strcmp(text + n - 2, "}}") != 0)
        return NULL;
    memcpy(path, text + 2, n - 4);
    path[n - 4] = '\0';
    part = strtok_r(path, ".", &save);
    if (part == NULL)
        return NULL;
    if (strcmp(part, "config") == 0)
        at = st->job->config;
    else if (strcmp(part, "inputs") == 0)
        at = st->job->inputs;
    else if (strcmp(part, st->job->old ? "results" : "node_results") == 0)
        at = st->out->results;
    else if (!json_object_object_get_ex(st->out->results, part, &at))
        return NULL;
    while ((part = strtok_r(NULL, ".", &save)) != NULL) {
        if (!json_object_is_type(at, json_type_object) ||
            !json_object_object_get_ex(at, part, &at))
            return NULL;
    }
    *found = true;
    return at;
}

/* The decoded field: a copy of its value, else its text. A value that is
 * exactly [[name]] is a secret, and there are none here. */
static json_object *decode(struct state *st, const char *text)
{
    bool found;
    json_object *value = resolve(st, text, &found);
    const char *s;
    size_t n;

    if (!found)
        return json_object_new_string(text);
    s = json_object_is_type(value, json_type_string)
            ? json_object_get_string(value) : "";
    n = strlen(s);
    if (n > 4 && strncmp(s, "[[", 2) == 0 && strcmp(s + n - 2, "]]") == 0 &&
        st->out->error == NULL)
        st->out->error = xasprintf("Credential '%.*s' was not found",
                                   (int)(n - 4), s + 2);
    return json_copy(value);
}

/* The text to put where it is asked for; literal when it has no value. */
static char *decode_text(struct state *st, const char *text)
{
    json_object *value = decode(st, text);
    char *out = sim_python_str(value);

    json_object_put(value);
    return out;
}

static void step(struct state *st, const char *node, json_object *result)
{
    json_set(st->out->results, node, result);
    json_object_array_add(st->out->order, json_object_new_string(node));
}

static void fail(struct state *st, char *error)
{
    free(st->out->error);
    st->out->error = error;
}

static bool truthy(json_object *v)
{
    switch (json_object_get_type(v)) {
    case json_type_null:
        return false;
    case json_type_object:
        return json_object_object_length(v) > 0;
    case json_type_array:
        return json_object_array_length(v) > 0;
    default:
        return json_object_get_boolean(v) != 0;
    }
}

/* --- tuned ------------------------------------------------------------------------- */

/* The candidate of the run over the stored values, key by key. */
static json_object *tune(struct state *st)
{
    TT_AUTO_FREE char *template = field(st, "stored", "");
    TT_AUTO_FREE char *named = quoted_behind(st->job->source, "node=\"");
    const char *node = named != NULL ? named : "answer";
    json_object *values = decode(st, template), *given, *candidate;

    if (!json_object_is_type(values, json_type_object)) {
        json_object_put(values);
        values = json_object_new_object();
    }
    given = json_child(st->job->inputs, "trimtab");
    candidate = json_child(json_child(given, "parameters"), node);
    if (st->job->fault[SIM_FAULT_source_active] != 0 ||
        !json_object_is_type(candidate, json_type_object))
        candidate = NULL;
    if (candidate != NULL) {
        json_object_object_foreach(candidate, key, value)
            json_set(values, key, json_copy(value));
    }
    json_set_str(values, "source", truthy(candidate) ? "candidate" : "active");
    return values;
}

static void pull_query(struct state *st, struct buf *url)
{
    static const char hex[] = "0123456789ABCDEF";
    TT_AUTO_FREE char *candidate = NULL;
    const char *p;

    if (strstr(st->job->source, "params={\"candidate\"") == NULL)
        return;
    candidate = decode_text(st, "{{inputs.trimtab.candidate}}");
    buf_addf(url, "%ccandidate=", strchr(url->data, '?') != NULL ? '&' : '?');
    for (p = candidate; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;

        if (c < 0x80 && (strchr("-._~", c) != NULL || (c >= '0' && c <= '9') ||
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')))
            buf_add(url, p, 1);
        else
            buf_addf(url, "%%%c%c", hex[c >> 4], hex[c & 15]);
    }
}

/* HttpRequestNode: GET the parameters; an HTTP error ends the run. */
static void pull(struct state *st)
{
    TT_AUTO_FREE char *template = quoted_behind(st->job->source, " url=\"");
    TT_AUTO_FREE char *authorization = NULL;
    struct buf url = { 0 };
    struct sim_got got;
    json_object *o;
    char *error, *text;

    if (template == NULL)
        template = quoted_behind(st->job->source, "\turl=\"");
    text = decode_text(st, template != NULL ? template : "");
    buf_adds(&url, text);
    free(text);
    if (strstr(st->job->source, "\"Authorization\"") != NULL)
        authorization =
            decode_text(st, "{{config.configurable.trimtab.authorization}}");
    pull_query(st, &url);
    error = sim_get(url.data, authorization, 5000, &got);
    if (error != NULL) {
        fail(st, error);
    } else if (got.status >= 400) {
        fail(st, xasprintf("%s error '%d %s' for url '%s'\nFor more "
                           "information check: https://developer.mozilla.org/"
                           "en-US/docs/Web/HTTP/Status/%d",
                           got.status < 500 ? "Client" : "Server", got.status,
                           got.reason, url.data, got.status));
        sim_got_fini(&got);
    } else {
        o = json_object_new_object();
        json_set_int(o, "status_code", got.status);
        json_set_str(o, "reason", got.reason);
        json_set_str(o, "url", url.data);
        json_set(o, "headers", json_object_get(got.headers));
        json_set_str(o, "content", got.content);
        json_set(o, "json", json_tokener_parse(got.content));
        json_set_num(o, "elapsed", got.elapsed_s);
        step(st, "tuned", o);
        sim_got_fini(&got);
    }
    buf_fini(&url);
}

/* --- answer and score ---------------------------------------------------------------- */

/* What PostgreSQL says of a NaN in a JSON text: its last 49 bytes up to it. */
static void fail_nan(struct state *st, const char *before)
{
    TT_AUTO_FREE char *line = xasprintf("%sNaN", before);
    size_t n = strlen(line);
    const char *from = n > 49 ? line + n - 49 : line;

    st->out->unstorable = true;
    fail(st, xasprintf("invalid input syntax for type json\nDETAIL:  Token "
                       "\"NaN\" is invalid.\nCONTEXT:  JSON data, line 1: "
                       "...%s...\nunnamed portal parameter $4 = '...'", from));
}

/* str(case["expected"]) of each case, or an error as Python words it. */
static bool references_of(struct state *st, json_object *references)
{
    json_object *cases = json_child(st->job->inputs, "cases");
    size_t i;

    if (!truthy(cases))
        return true;
    if (!json_object_is_type(cases, json_type_array)) {
        fail(st, xstrdup("string indices must be integers, not 'str'"));
        return false;
    }
    for (i = 0; i < json_object_array_length(cases); i++) {
        json_object *one = json_object_array_get_idx(cases, i), *expected;
        char *text;

        if (!json_object_is_type(one, json_type_object)) {
            fail(st, xstrdup("string indices must be integers, not 'str'"));
            return false;
        }
        if (!json_object_object_get_ex(one, "expected", &expected)) {
            fail(st, xstrdup("'expected'"));
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
static void score(struct state *st, const char *metric, json_object *items)
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
        step(st, "score", o);
    }
}

static void predict(struct state *st, double temperature, json_object *prompt,
                    json_object *references, json_object *predictions)
{
    TT_AUTO_FREE char *text = sim_python_str(prompt);
    bool brief = strstr(text, "brief") != NULL;
    size_t i;

    (void)st;
    for (i = 0; i < json_object_array_length(references); i++) {
        TT_AUTO_FREE char *kept = sim_keep_words(
            json_object_get_string(json_object_array_get_idx(references, i)),
            temperature, brief);

        json_object_array_add(predictions, json_object_new_string(kept));
    }
}

static void remember(struct state *st, json_object *predictions,
                     json_object *references)
{
    if (!(st->does & KEEPS) && !st->job->old)
        return;
    json_set(st->out->inputs, "predictions", json_object_get(predictions));
    json_set(st->out->inputs, "references", json_object_get(references));
}

static void model_nan(struct state *st, json_object *predictions,
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
static void model(struct state *st, json_object *temperature,
                  json_object *prompt)
{
    json_object *references = json_object_new_array();
    json_object *predictions = json_object_new_array();
    json_object *items = json_object_new_array();
    json_object *o = json_object_new_object();
    bool nan = (st->does & FAULTS) &&
               truthy(json_child(st->job->inputs, "nan"));
    char *error = NULL;
    double t = 0;
    size_t i;

    if (!sim_float(temperature, NULL, &t, &error)) {
        fail(st, error);
        goto done;
    }
    if (!references_of(st, references))
        goto done;
    predict(st, t, prompt, references, predictions);
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
    step(st, "answer", json_object_get(o));
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

static double number(struct state *st, json_object *values, const char *key,
                     double otherwise)
{
    json_object *value = NULL;
    char *error = NULL;
    double d = otherwise;

    if (json_object_object_get_ex(values, key, &value) &&
        !sim_float(value, NULL, &d, &error))
        fail(st, error);
    return d;
}

/* NoisyModelNode and QualityNode of workflows/noisy.py. */
static void noisy(struct state *st, json_object *values)
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
        step(st, "answer", json_object_get(o));
        score(st, "quality", json_object_get(items));
    }
    json_object_put(references);
    json_object_put(items);
    json_object_put(o);
}

/* --- a whole run ---------------------------------------------------------------------- */

static void answer(struct state *st, json_object *tuned)
{
    TT_AUTO_FREE char *t_field =
        field(st, "temperature", "{{config.configurable.answer.temperature}}");
    TT_AUTO_FREE char *p_field =
        field(st, "system_prompt",
              "{{config.configurable.answer.system_prompt}}");
    json_object *temperature, *prompt, *received, *o;

    if (st->does & ONE_NODE) {
        temperature = json_copy(json_child(tuned, "temperature"));
        prompt = json_copy(json_child(tuned, "system_prompt"));
    } else {
        temperature = decode(st, t_field);
        prompt = decode(st, p_field);
    }
    received = json_object_new_object();
    json_set(received, "temperature", json_copy(temperature));
    json_set(received, "system_prompt", json_copy(prompt));
    st->out->received = received;
    if (st->out->error == NULL && (st->does & REPORTS)) {
        o = json_object_new_object();
        if (st->does & PULLS)
            json_set(o, "version", decode(st, "{{tuned.json.version}}"));
        json_set(o, "received", json_copy(received));
        step(st, "answer", o);
    } else if (st->out->error == NULL) {
        model(st, temperature, prompt);
    }
    json_object_put(temperature);
    json_object_put(prompt);
}

/* Failures that need no node. */
static bool fails_at_once(struct state *st)
{
    const int64_t *fault = st->job->fault;
    json_object *boom = json_child(st->job->inputs, "boom");

    if (fault[SIM_FAULT_fail_llm] != 0)
        fail(st, xstrdup("Connection error."));
    else if (fault[SIM_FAULT_fail_pool] != 0)
        fail(st, xstrdup("couldn't get a connection after 5.00 sec"));
    else if (fault[SIM_FAULT_fail_boom] != 0)
        fail(st, xstrdup("the model said no"));
    else if ((st->does & FAULTS) && truthy(boom))
        fail(st, sim_python_str(boom));
    else if (strncmp(st->job->source, "raise ", 6) == 0) {
        TT_AUTO_FREE char *text = quoted_behind(st->job->source, "(\"");
        const char *name = st->job->source + 6;

        fail(st, xasprintf("Runtime error during script execution: %.*s: %s",
                           (int)strcspn(name, "( \n"), name,
                           text != NULL ? text : ""));
    } else if (st->does == 0)
        fail(st, xstrdup("Script did not produce a LangGraph StateGraph"));
    return st->out->error != NULL;
}

void sim_job_run(struct sim_job *job, struct sim_result *out)
{
    struct state st = { .job = job, .out = out };
    json_object *tuned = NULL;
    size_t i;

    memset(out, 0, sizeof *out);
    out->results = json_object_new_object();
    out->order = json_object_new_array();
    out->inputs = json_copy(job->inputs);
    for (i = 0; i < TT_ARRAY_LEN(kinds) && st.does == 0; i++)
        if (strstr(job->source, kinds[i].marker) != NULL)
            st.does = kinds[i].does;
    if (job->fault[SIM_FAULT_interrupted] != 0 || (st.does & STOPS) ||
        fails_at_once(&st))
        return;
    if (st.does & PULLS)
        pull(&st);
    if (st.does & (TUNED | ONE_NODE))
        tuned = tune(&st);
    if (st.does & TUNED)
        step(&st, "tuned", json_copy(tuned));
    if (out->error == NULL && (st.does & NOISY)) {
        out->received = json_copy(tuned);
        noisy(&st, tuned);
    } else if (out->error == NULL) {
        answer(&st, tuned);
    }
    json_object_put(tuned);
    if (job->fault[SIM_FAULT_huge_output] > 0) {
        size_t n = (size_t)job->fault[SIM_FAULT_huge_output];
        char *padding = xcalloc(n + 1, 1);

        memset(padding, 'x', n);
        json_set_str(out->inputs, "padding", padding);
        free(padding);
    }
}

void sim_job_fini(struct sim_job *job)
{
    free(job->source);
    json_object_put(job->inputs);
    json_object_put(job->config);
}

void sim_result_fini(struct sim_result *r)
{
    json_object_put(r->results);
    json_object_put(r->order);
    json_object_put(r->inputs);
    json_object_put(r->received);
    free(r->error);
}
