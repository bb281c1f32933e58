/* SPDX-License-Identifier: MIT
 *
 * result.c - what was measured, in the form that the host's bridge reads: one
 * node a metric, named like it, with the values by case. The value over the
 * cases is the endpoint's where it gave one, else their plain mean; a run's
 * score is the host's to make. */
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "http.h"

#define MAX_DIAGNOSTICS 20

void result_init(struct result *r, json_object *sent)
{
    memset(r, 0, sizeof *r);
    r->sent = sent;
    r->whole = json_object_new_object();
    r->by_id = json_object_new_object();
    r->rows = json_object_new_array();
    r->verdicts = json_object_new_array();
    r->remarks = json_object_new_array();
    r->diagnostics = json_object_new_array();
}

void result_fini(struct result *r)
{
    json_object_put(r->whole);
    json_object_put(r->by_id);
    json_object_put(r->rows);
    json_object_put(r->verdicts);
    json_object_put(r->remarks);
    json_object_put(r->diagnostics);
}

void result_complain(struct result *r, const char *format, ...)
{
    char text[WHY_BYTES], clean[WHY_BYTES];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    copy_text(clean, sizeof clean, tt_str_of(text)); /* it may be cut */
    if (r->why[0] == '\0')
        snprintf(r->why, sizeof r->why, "%s", clean);
    if (json_object_array_length(r->diagnostics) < MAX_DIAGNOSTICS)
        json_object_array_add(r->diagnostics, json_object_new_string(clean));
}

/* Words about a case, or (id NULL) about all of them. */
void result_remark(struct result *r, const char *id, const char *text)
{
    json_object *verdict, *flags;

    if (id == NULL) {
        json_object_array_add(r->remarks, json_object_new_string(text));
        return;
    }
    verdict = json_object_new_object();
    flags = json_object_new_array();
    json_object_array_add(flags, json_object_new_string(text));
    json_object_object_add(verdict, "id", json_object_new_string(id));
    json_object_object_add(verdict, "flags", flags);
    json_object_array_add(r->verdicts, verdict);
}

/* --- outputs -------------------------------------------------------------- */

/* Every metric that stands anywhere, with null for its value. */
static json_object *all_metrics(const struct result *r)
{
    json_object *names = json_object_new_object();
    size_t i;

    json_object_object_foreach(r->whole, metric, value) {
        (void)value;
        json_object_object_add(names, metric, NULL);
    }
    json_object_object_foreach(r->by_id, id, of_case) {
        (void)id;
        json_object_object_foreach(of_case, name, x) {
            (void)x;
            json_object_object_add(names, name, NULL);
        }
    }
    for (i = 0; i < json_object_array_length(r->rows); i++) {
        json_object_object_foreach(json_object_array_get_idx(r->rows, i), key,
                                   y) {
            (void)y;
            json_object_object_add(names, key, NULL);
        }
    }
    return names;
}

static void count(json_object *value, double *sum, double *n)
{
    if (value != NULL) {
        *sum += json_object_get_double(value);
        *n += 1.0;
    }
}

/* {"metrics":{m:x},"per_query":{id:{m:x}}}, or, where nobody knows the ids,
 * {"metric_name":m,"corpus_score":x,"per_item":[x]}. */
static json_object *make_node(const struct result *r, const char *metric)
{
    json_object *node = json_object_new_object(), *values, *x = NULL, *one;
    double sum = 0.0, n = 0.0;
    size_t i, rows = json_object_array_length(r->rows);

    if (rows > 0) {
        values = json_object_new_array();
        for (i = 0; i < rows; i++) {
            x = js_get(json_object_array_get_idx(r->rows, i), metric);
            count(x, &sum, &n);
            json_object_array_add(values, json_object_get(x));
        }
        json_object_object_add(node, "metric_name",
                               json_object_new_string(metric));
        json_object_object_add(node, "per_item", values);
    } else {
        values = json_object_new_object();
        json_object_object_foreach(r->by_id, id, of_case) {
            x = js_get(of_case, metric);
            count(x, &sum, &n);
            one = json_object_new_object();
            json_object_object_add(one, metric, json_object_get(x));
            json_object_object_add(values, id, one);
        }
        if (n > 0)
            json_object_object_add(node, "per_query", values);
        else
            json_object_put(values);
    }
    x = js_get(r->whole, metric) != NULL ? json_object_get(js_get(r->whole,
                                                                  metric))
        : n > 0                          ? js_number(sum / n)
                                         : NULL;
    if (rows > 0) {
        json_object_object_add(node, "corpus_score", x);
    } else {
        one = json_object_new_object();
        json_object_object_add(one, metric, x);
        json_object_object_add(node, "metrics", one);
    }
    return node;
}

static json_object *make_outputs(const struct result *r)
{
    json_object *outputs = json_object_new_object();
    json_object *nodes = json_object_new_object();
    json_object *names = all_metrics(r), *words = json_object_new_object();

    json_object_object_foreach(names, metric, unused) {
        (void)unused;
        json_object_object_add(nodes, metric, make_node(r, metric));
    }
    if (json_object_array_length(r->verdicts) > 0)
        json_object_object_add(words, "verdicts",
                               json_object_get(r->verdicts));
    if (json_object_array_length(r->remarks) > 0)
        json_object_object_add(words, "categories",
                               json_object_get(r->remarks));
    if (json_object_object_length(words) > 0 &&
        js_get(nodes, "feedback") == NULL)
        json_object_object_add(nodes, "feedback", json_object_get(words));
    json_object_put(words);
    json_object_put(names);
    json_object_object_add(outputs, "node_results", nodes);
    return outputs;
}

/* --- outcomes ------------------------------------------------------------- */

int emit(const struct tt_outcome_sink *sink, uint32_t state, struct tt_str id,
         struct tt_str handle, const char *message, uint64_t retry_after_ms)
{
    struct tt_outcome o;
    char text[WHY_BYTES];

    copy_text(text, sizeof text, tt_str_of(message));
    memset(&o, 0, sizeof o);
    o.size = sizeof o;
    o.state = state;
    o.id = id;
    o.handle = handle;
    o.message = tt_str_of(text);
    o.retry_after_ms = retry_after_ms;
    return sink->emit(sink, &o);
}

int result_emit(struct result *r, struct tt_str id, struct tt_str handle,
                unsigned status, const struct tt_outcome_sink *sink)
{
    bool good = !r->broken && (r->scored > 0 ||
                               json_object_object_length(r->whole) > 0);
    json_object *outputs = good ? make_outputs(r) : NULL;
    json_object *evidence = json_object_new_object();
    struct tt_outcome o;
    int code;

    json_object_object_add(evidence, "status",
                           json_object_new_int64((int64_t)status));
    if (json_object_array_length(r->diagnostics) > 0)
        json_object_object_add(evidence, "diagnostics",
                               json_object_get(r->diagnostics));
    memset(&o, 0, sizeof o);
    o.size = sizeof o;
    o.state = good ? TT_SUCCEEDED : TT_ERROR;
    o.id = id;
    o.handle = handle;
    if (good)
        js_write(&o.outputs, outputs);
    o.message = tt_str_of(r->why[0] != '\0' || good ? r->why
                                                    : "nothing was measured");
    js_write(&o.evidence, evidence);
    o.cost = r->cost;
    o.tokens_in = r->tokens_in;
    o.tokens_out = r->tokens_out;
    code = sink->emit(sink, &o);
    json_object_put(outputs);
    json_object_put(evidence);
    return code;
}
