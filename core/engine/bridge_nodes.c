/* SPDX-License-Identifier: MIT
 *
 * bridge_nodes.c - the outputs of Orcheo's evaluation nodes, as metrics and
 * reasons. The rules and their order are section 4 of Orcheo's contract. */
#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/engine/bridge_internal.h"

/* A metric of a node: parts[0] is the node, the rest where it stands. */
static struct metric *node_metric(struct reading *r, const char *metric,
                                  const char *const *parts, size_t n)
{
    return bridge_add_metric(r, xasprintf("%s.%s", parts[0], metric),
                             strlen(parts[0]), bridge_path(parts, n));
}

static void add_reason(struct reading *r, int64_t at, char *text)
{
    if (r->n_reasons == r->cap_reasons) {
        r->cap_reasons = r->cap_reasons == 0 ? 16 : 2 * r->cap_reasons;
        r->reasons = xrealloc(r->reasons, r->cap_reasons, sizeof *r->reasons);
    }
    r->reasons[r->n_reasons++] = (struct reason){ at, text };
}

/* "node: first, second" of an array's elements, or NULL for none. */
static char *words_of(const char *node, json_object *array)
{
    struct buf text = { 0 };
    size_t i, n = is_array(array) ? json_object_array_length(array) : 0;

    if (n == 0)
        return NULL;
    buf_addf(&text, "%s: ", node);
    for (i = 0; i < n; i++) {
        json_object *word = json_object_array_get_idx(array, i);

        if (i > 0)
            buf_adds(&text, ", ");
        if (json_object_is_type(word, json_type_string))
            buf_adds(&text, json_object_get_string(word));
        else
            json_canonical(word, &text);
    }
    return buf_steal(&text);
}

/* --- verdicts ------------------------------------------------------------- */

/* Which case each verdict is of, -1 for none: by id, or in the order of the
 * cases where no id fits. The caller frees it. */
static int64_t *verdict_cases(const struct reading *r, json_object *verdicts)
{
    size_t i, n = json_object_array_length(verdicts), matched = 0;
    int64_t *at = xcalloc(n + 1, sizeof *at);

    for (i = 0; i < n; i++) {
        json_object *verdict = json_object_array_get_idx(verdicts, i);

        at[i] = bridge_match_case(r, json_str(verdict, "id"), n == 1);
        matched += at[i] >= 0 ? 1 : 0;
    }
    for (i = 0; i < n && matched == 0 && n == r->n_cases; i++)
        at[i] = (int64_t)i;
    return at;
}

static void cases_of_verdicts(const struct reading *r, struct metric *m,
                              json_object *verdicts, const int64_t *at,
                              const char *field)
{
    size_t i, n = json_object_array_length(verdicts), matched = 0;

    if (n == 0) {
        bridge_not_measured(m, xstrdup("verdicts is empty: no case was "
                                       "judged"));
        return;
    }
    m->cases = bridge_no_cases(r);
    for (i = 0; i < n; i++) {
        if (at[i] < 0)
            continue;
        m->cases[at[i]] = bridge_number(
            json_child(json_object_array_get_idx(verdicts, i), field), true);
        matched++;
    }
    if (matched == 0)
        m->trouble = xasprintf("verdicts are %zu for the %zu cases that were "
                               "sent, and none has the id of one",
                               n, r->n_cases);
}

/* --- the table, rule by rule ---------------------------------------------- */

/* 1. {"metric_name", "corpus_score", "per_item"}: Rouge, BLEU, token F1,
 *    semantic similarity. An output without per_item keeps its score. */
static void read_corpus(struct reading *r, const char *node,
                        json_object *output)
{
    const char *const parts[] = { node, "corpus_score" };
    const char *name = json_str(output, "metric_name");
    json_object *items = NULL, *score = NULL;
    bool scored = json_object_object_get_ex(output, "corpus_score", &score);
    struct metric *m;

    if (!scored && (name == NULL ||
                    !json_object_object_get_ex(output, "per_item", NULL)))
        return;
    m = node_metric(r, name != NULL ? name : "corpus_score", parts, 2);
    bridge_set_value(m, score, false);
    if (!json_object_object_get_ex(output, "per_item", &items))
        return;
    if (is_array(items))
        bridge_cases_in_order(r, m, items, "per_item");
    else
        bridge_not_measured(m, xasprintf("per_item is %s",
                                         bridge_type_name(items)));
}

/* 2. {"metrics": {}, "per_query" | "per_answer": {}}. */
static void read_metrics(struct reading *r, const char *node,
                         json_object *output)
{
    static const char *const lists[] = { "per_query", "per_answer" };
    json_object *metrics = json_child(output, "metrics"), *by_id = NULL;
    const char *what = NULL;
    size_t i;

    if (!is_object(metrics))
        return;
    for (i = 0; i < TT_ARRAY_LEN(lists); i++)
        if (is_object(json_child(output, lists[i]))) {
            by_id = json_child(output, lists[i]);
            what = lists[i];
        }
    json_object_object_foreach(metrics, name, value)
    {
        const char *const parts[] = { node, "metrics", name };
        struct metric *m;

        if (r->n_metrics >= BRIDGE_MAX_METRICS)
            return;
        if (value != NULL && !isfinite(bridge_number(value, false)) &&
            !json_object_is_type(value, json_type_double))
            continue; /* a text, a list: not a metric */
        m = node_metric(r, name, parts, 3);
        bridge_set_value(m, value, false);
        if (by_id != NULL)
            bridge_cases_by_id(r, m, by_id, name, what);
    }
}

static bool seen(const struct reading *r, const char *metric)
{
    size_t i;

    for (i = 0; i < r->n_metrics; i++)
        if (strcmp(r->metrics[i].name + r->metrics[i].node_len + 1, metric) ==
            0)
            return true;
    return false;
}

/* 3. Exports repeat what other nodes measured; only news counts. */
static void read_export(struct reading *r, const char *node,
                        json_object *output, const char *under)
{
    json_object *export = json_child(output, under);
    json_object *metrics = json_child(export, "metrics");
    json_object *by_id = json_child(export, "per_conversation");
    json_object *rating = NULL;

    if (is_object(metrics)) {
        json_object_object_foreach(metrics, name, value)
        {
            const char *const parts[] = { node, under, "metrics", name };
            struct metric *m;

            if (r->n_metrics >= BRIDGE_MAX_METRICS)
                return;
            if (seen(r, name) || !isfinite(bridge_number(value, false)))
                continue;
            m = node_metric(r, name, parts, 4);
            bridge_set_value(m, value, false);
            if (is_object(by_id) && json_object_object_length(by_id) > 0)
                bridge_cases_by_id(r, m, by_id, name, "per_conversation");
        }
    }
    if (is_object(export) &&
        json_object_object_get_ex(export, "average_rating", &rating) &&
        !seen(r, "average_rating")) {
        const char *const parts[] = { node, under, "average_rating" };

        bridge_set_value(node_metric(r, "average_rating", parts, 3), rating,
                         false);
    }
}

/* 4. {"approved_ratio", "verdicts": [{"id", "score", "approved", "flags"}]}. */
static void read_verdicts(struct reading *r, const char *node,
                          json_object *verdicts, const int64_t *at)
{
    const char *const parts[] = { node, "judge_score" };
    struct metric *m;
    double sum = 0.0;
    size_t i, n = json_object_array_length(verdicts), scored = 0;

    for (i = 0; i < n; i++) {
        json_object *verdict = json_object_array_get_idx(verdicts, i);
        double x = bridge_number(json_child(verdict, "score"), false);
        char *flags = words_of(node, json_child(verdict, "flags"));

        if (isfinite(x)) {
            sum += x;
            scored++;
        }
        if (flags != NULL && at[i] >= 0)
            add_reason(r, at[i], flags);
        else
            free(flags);
    }
    m = node_metric(r, "judge_score", parts, 2);
    if (scored > 0)
        m->value = sum / (double)scored;
    else
        m->why = xstrdup("no verdict has a score");
    cases_of_verdicts(r, m, verdicts, at, "score");
}

static void read_judge(struct reading *r, const char *node,
                       json_object *output)
{
    const char *const parts[] = { node, "approved_ratio" };
    json_object *ratio = NULL, *verdicts = json_child(output, "verdicts");
    int64_t *at = is_array(verdicts) ? verdict_cases(r, verdicts) : NULL;
    struct metric *m;

    if (json_object_object_get_ex(output, "approved_ratio", &ratio)) {
        m = node_metric(r, "approved_ratio", parts, 2);
        bridge_set_value(m, ratio, false);
        if (at != NULL)
            cases_of_verdicts(r, m, verdicts, at, "approved");
    }
    if (at != NULL)
        read_verdicts(r, node, verdicts, at);
    free(at);
}

/* 5. "compliant", "rollout_allowed": 1 or 0, with the violations in words.
 * 6. "categories" of a failure analysis: words. */
static void read_flags(struct reading *r, const char *node,
                       json_object *output)
{
    static const char *const flags[] = { "compliant", "rollout_allowed" };
    static const char *const words[] = { "violations", "categories" };
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(flags); i++) {
        const char *const parts[] = { node, flags[i] };
        json_object *flag = NULL;

        if (json_object_object_get_ex(output, flags[i], &flag))
            bridge_set_value(node_metric(r, flags[i], parts, 2), flag, true);
    }
    for (i = 0; i < TT_ARRAY_LEN(words); i++) {
        char *text = words_of(node, json_child(output, words[i]));

        if (text != NULL)
            add_reason(r, -1, text);
    }
}

void bridge_read_nodes(struct reading *r)
{
    json_object_object_foreach(r->results, node, output)
    {
        if (!is_object(output) || r->n_metrics >= BRIDGE_MAX_METRICS)
            continue;
        read_corpus(r, node, output);
        read_metrics(r, node, output);
        read_judge(r, node, output);
        read_flags(r, node, output);
    }
    json_object_object_foreach(r->results, exporter, report)
    {
        if (!is_object(report))
            continue;
        read_export(r, exporter, report, "report");
        read_export(r, exporter, report, "export");
    }
}
