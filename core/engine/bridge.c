/* SPDX-License-Identifier: MIT
 *
 * bridge.c - find the objective and the guardrails among what was measured,
 * and say what there was when they are missing. */
#include "core/engine/bridge.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/engine/bridge_internal.h"

/* --- tokens --------------------------------------------------------------- */

static void count_usage(struct reading *r, json_object *usage, const char *in,
                        const char *out)
{
    int64_t n_in = json_int(usage, in, 0), n_out = json_int(usage, out, 0);

    r->tokens_in += n_in > 0 ? (uint64_t)n_in : 0;
    r->tokens_out += n_out > 0 ? (uint64_t)n_out : 0;
}

/* The same message stands in several steps of a history: once by its id. */
static void count_messages(struct reading *r, json_object *messages,
                           json_object *counted)
{
    size_t i, n = json_object_is_type(messages, json_type_array)
                      ? json_object_array_length(messages)
                      : 0;

    for (i = 0; i < n; i++) {
        json_object *m = json_object_array_get_idx(messages, i), *usage;
        const char *id = json_str(m, "id");

        if (id != NULL && json_object_object_get_ex(counted, id, NULL))
            continue;
        if (id != NULL)
            json_set_bool(counted, id, true);
        usage = json_child(json_child(m, "response_metadata"), "token_usage");
        if (usage != NULL) {
            count_usage(r, usage, "prompt_tokens", "completion_tokens");
            continue;
        }
        usage = json_child(m, "usage_metadata");
        if (usage == NULL)
            usage = json_child(json_child(m, "additional_kwargs"),
                               "usage_metadata");
        count_usage(r, usage, "input_tokens", "output_tokens");
    }
}

/* --- where the results stand ---------------------------------------------- */

static json_object *results_in(json_object *o)
{
    json_object *results = json_child(o, "node_results");

    if (results == NULL)
        results = json_child(o, "results"); /* Orcheo 0.33 */
    return json_object_is_type(results, json_type_object) ? results : NULL;
}

static void fold_payload(struct reading *r, json_object *payload,
                         json_object *counted)
{
    if (!json_object_is_type(payload, json_type_object) ||
        json_object_object_get_ex(payload, "__namespace", NULL))
        return; /* inside of a sub-graph: its node says the same again */
    json_object_object_foreach(payload, node, update)
    {
        json_object *results;

        (void)node;
        if (!json_object_is_type(update, json_type_object))
            continue;
        count_messages(r, json_child(update, "messages"), counted);
        results = results_in(update);
        if (results == NULL)
            continue;
        json_object_object_foreach(results, name, output)
        {
            json_set(r->results, name, json_object_get(output));
        }
    }
}

void bridge_find_results(struct reading *r)
{
    json_object *results = results_in(r->outputs), *steps;
    json_object *counted = json_object_new_object();
    size_t i, n;

    count_messages(r, json_child(r->outputs, "messages"), counted);
    if (results != NULL) {
        r->results = json_object_get(results);
    } else {
        r->results = json_object_new_object();
        steps = json_child(r->outputs, "steps");
        n = json_object_is_type(steps, json_type_array)
                ? json_object_array_length(steps)
                : 0;
        for (i = 0; i < n; i++)
            fold_payload(r,
                         json_child(json_object_array_get_idx(steps, i),
                                    "payload"),
                         counted);
    }
    json_object_put(counted);
}

void bridge_reading_fini(struct reading *r)
{
    size_t i;

    for (i = 0; i < r->n_metrics; i++) {
        free(r->metrics[i].name);
        free(r->metrics[i].path);
        free(r->metrics[i].why);
        free(r->metrics[i].trouble);
        free(r->metrics[i].cases);
    }
    for (i = 0; i < r->n_reasons; i++)
        free(r->reasons[i].text);
    free(r->metrics);
    free(r->reasons);
    json_object_put(r->results);
    json_object_put(r->index);
}

/* Names win over numbers: a case may be called "1". */
static json_object *index_cases(const struct bridge_spec *spec,
                                const uint64_t *case_ids, size_t n)
{
    json_object *index = json_object_new_object();
    char number[24];
    size_t i;

    for (i = 0; i < n; i++) {
        snprintf(number, sizeof number, "%llu",
                 (unsigned long long)case_ids[i]);
        json_set_int(index, number, (int64_t)i);
    }
    for (i = 0; i < n && spec->case_names != NULL; i++)
        if (spec->case_names[i] != NULL)
            json_set_int(index, spec->case_names[i], (int64_t)i);
    return index;
}

/* --- names ---------------------------------------------------------------- */

static const char *bare(const struct metric *m)
{
    return m->node_len > 0 ? m->name + m->node_len + 1 : m->name;
}

/* "score.mrr, safe.compliant (not measured: ...)" */
static void list_found(const struct reading *r, struct buf *out)
{
    size_t i;

    for (i = 0; i < r->n_metrics && out->len < 600; i++) {
        const struct metric *m = &r->metrics[i];

        buf_adds(out, i == 0 ? "" : ", ");
        buf_adds(out, m->name);
        if (m->why != NULL)
            buf_addf(out, " (not measured: %s)", m->why);
    }
    if (i < r->n_metrics)
        buf_addf(out, " and %zu more", r->n_metrics - i);
}

static int missing(const struct reading *r, const char *name, struct err *e)
{
    struct buf found = { 0 };
    int rc;

    list_found(r, &found);
    if (r->n_metrics > 0)
        rc = err_set(e, TT_EPROTOCOL,
                     "the metric \"%.200s\" is missing; found: %s. Name one of "
                     "these, or say under \"metrics\" where it stands",
                     name, found.data);
    else if (json_object_object_length(r->results) == 0)
        rc = err_set(e, TT_EPROTOCOL,
                     "the metric \"%.200s\" is missing: there are no node "
                     "results at all (a workflow that stops for a person's "
                     "input ends so)",
                     name);
    else
        rc = err_set(e, TT_EPROTOCOL,
                     "the metric \"%.200s\" is missing: no node gave a metric; "
                     "let the workflow end in an evaluation node, or say under "
                     "\"metrics\" where it stands",
                     name);
    buf_fini(&found);
    return rc;
}

static int ambiguous(const struct reading *r, const char *name, bool by_node,
                     struct err *e)
{
    struct buf list = { 0 };
    size_t i, len = strlen(name);
    int rc;

    for (i = 0; i < r->n_metrics && list.len < 600; i++) {
        const struct metric *m = &r->metrics[i];
        bool hit = by_node ? m->node_len == len &&
                                 strncmp(m->name, name, len) == 0
                           : m->node_len > 0 && strcmp(bare(m), name) == 0;

        if (hit)
            buf_addf(&list, "%s%s", list.len == 0 ? "" : ", ", m->name);
    }
    rc = err_set(e, TT_EPROTOCOL,
                 "the metric \"%.200s\" could be any of %s; name it in full",
                 name, list.data);
    buf_fini(&list);
    return rc;
}

/* The one metric with this bare name (or of this node): its index, -1 for
 * none, -2 for several. */
static int64_t the_only(const struct reading *r, const char *name,
                        bool by_node)
{
    size_t i, len = strlen(name);
    int64_t hit = -1;

    for (i = 0; i < r->n_metrics; i++) {
        const struct metric *m = &r->metrics[i];

        if (m->node_len == 0 ||
            (by_node ? m->node_len != len || strncmp(m->name, name, len) != 0
                     : strcmp(bare(m), name) != 0))
            continue;
        if (hit >= 0)
            return -2;
        hit = (int64_t)i;
    }
    return hit;
}

static bool is_pointer(const char *name)
{
    return *name == '/' || strncmp(name, "node_results.", 13) == 0 ||
           strncmp(name, "results.", 8) == 0;
}

/* A name: of a pointer, in full, of a metric, of a node, or a pointer itself.
 * *out stays valid until the next metric is added. */
static int find_metric(struct reading *r, const char *name,
                       const struct metric **out, struct err *e)
{
    int64_t hit;
    size_t i;
    int by_node;

    for (i = r->n_metrics; i > 0; i--) /* pointers stand last, and win */
        if (strcmp(r->metrics[i - 1].name, name) == 0) {
            *out = &r->metrics[i - 1];
            return 0;
        }
    for (by_node = 0; by_node < 2; by_node++) {
        hit = the_only(r, name, by_node == 1);
        if (hit == -2)
            return ambiguous(r, name, by_node == 1, e);
        if (hit >= 0) {
            *out = &r->metrics[hit];
            return 0;
        }
    }
    if (!is_pointer(name))
        return missing(r, name, e);
    *out = bridge_read_pointer(r, name, name);
    return 0;
}

/* --- the observation ------------------------------------------------------ */

static char *feedback_of(const struct reading *r, size_t at)
{
    struct buf text = { 0 };
    size_t i;

    for (i = 0; i < r->n_reasons; i++)
        if (r->reasons[i].at < 0 || r->reasons[i].at == (int64_t)at)
            buf_addf(&text, "%s%s", text.len == 0 ? "" : "; ",
                     r->reasons[i].text);
    return text.len > 0 ? buf_steal(&text) : NULL;
}

static int read_objective(struct reading *r, const char *name,
                          struct observation *out, struct err *e)
{
    const struct metric *m;
    size_t i;
    int rc = find_metric(r, name, &m, e);

    if (rc < 0)
        return rc;
    if (m->why != NULL) {
        struct buf found = { 0 };

        list_found(r, &found);
        rc = err_set(e, TT_EPROTOCOL,
                     "the metric \"%.200s\" was not measured: %s; found: %s",
                     name, m->why, found.data);
        buf_fini(&found);
        return rc;
    }
    if (m->trouble != NULL)
        return err_set(e, TT_EPROTOCOL, "the metric \"%.200s\": %s", name,
                       m->trouble);
    out->objective = m->value;
    out->cases = xcalloc(r->n_cases + 1, sizeof *out->cases);
    out->n_cases = r->n_cases;
    for (i = 0; i < r->n_cases; i++) {
        double x = m->cases != NULL   ? m->cases[i]
                   : r->n_cases == 1 ? m->value
                                     : (double)NAN;

        out->cases[i].id = r->case_ids[i];
        out->cases[i].status = isfinite(x) ? TT_CASE_OK : TT_CASE_MISSING;
        out->cases[i].objective = x;
        out->cases[i].feedback = feedback_of(r, i);
    }
    return 0;
}

static int read_guardrails(struct reading *r, const struct bridge_spec *spec,
                           struct observation *out, struct err *e)
{
    const struct metric *m;
    size_t i;
    int rc;

    out->guardrails = xcalloc(spec->n_guardrails + 1,
                              sizeof *out->guardrails);
    for (i = 0; i < spec->n_guardrails; i++) {
        rc = find_metric(r, spec->guardrails[i], &m, e);
        if (rc < 0) {
            err_prefix(e, "guardrail");
            return rc;
        }
        if (m->absent || m->trouble != NULL)
            return err_set(e, TT_EPROTOCOL,
                           "guardrail: the metric \"%.200s\": %s",
                           spec->guardrails[i],
                           m->absent ? m->why : m->trouble);
        out->guardrails[i] = m->value; /* NAN where it was not measured */
    }
    return 0;
}

int bridge_read(json_object *outputs, const struct bridge_spec *spec,
                const uint64_t *case_ids, size_t n_cases,
                struct observation *out, struct err *e)
{
    struct reading r = {
        .case_ids = case_ids,
        .n_cases = n_cases,
        .index = index_cases(spec, case_ids, n_cases),
        .outputs = outputs,
    };
    size_t i;
    int rc;

    memset(out, 0, sizeof *out);
    out->objective = (double)NAN;
    bridge_find_results(&r);
    bridge_read_nodes(&r);
    if (spec->pointers != NULL) {
        json_object_object_foreach(spec->pointers, name, pointer)
        {
            (void)bridge_read_pointer(&r, name,
                                      json_object_get_string(pointer));
        }
    }
    rc = read_objective(&r, spec->objective, out, e);
    if (rc == 0)
        rc = read_guardrails(&r, spec, out, e);
    if (rc < 0) {
        observation_fini(out);
    } else {
        out->metrics = json_object_new_object();
        for (i = 0; i < r.n_metrics; i++)
            if (r.metrics[i].why == NULL)
                json_set_num(out->metrics, r.metrics[i].name,
                             r.metrics[i].value);
        out->tokens_in = r.tokens_in;
        out->tokens_out = r.tokens_out;
    }
    bridge_reading_fini(&r);
    return rc;
}

void observation_fini(struct observation *o)
{
    size_t i;

    for (i = 0; i < o->n_cases; i++)
        free(o->cases[i].feedback);
    free(o->cases);
    free(o->guardrails);
    json_object_put(o->metrics);
    memset(o, 0, sizeof *o);
}

/* --- over cases ----------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double bridge_aggregate(const char *how, const double *values, size_t n)
{
    double *finite = xcalloc(n + 1, sizeof *finite), out = (double)NAN, sum = 0;
    size_t i, m = 0;

    for (i = 0; i < n; i++)
        if (isfinite(values[i])) {
            finite[m++] = values[i];
            sum += values[i];
        }
    qsort(finite, m, sizeof *finite, by_value);
    if (m > 0 && strcmp(how, "min") == 0)
        out = finite[0];
    else if (m > 0 && strcmp(how, "median") == 0)
        out = (finite[(m - 1) / 2] + finite[m / 2]) / 2.0;
    else if (m > 0)
        out = sum / (double)m;
    free(finite);
    return out;
}
