/* SPDX-License-Identifier: MIT
 *
 * bridge_nodes.c - the outputs of Orcheo's evaluation nodes, as metrics and
 * reasons. The rules and their order are section 4 of Orcheo's contract. */
#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/engine/bridge_internal.h"

/* --- small things --------------------------------------------------------- */

static const char *type_name(json_object *value)
{
    return value == NULL ? "null"
                         : json_type_to_name(json_object_get_type(value));
}

static bool is_object(json_object *value)
{
    return json_object_is_type(value, json_type_object);
}

static bool is_array(json_object *value)
{
    return json_object_is_type(value, json_type_array);
}

/* A finite number; booleans count as 1 and 0 where they are wanted. */
static double number_of(json_object *value, bool booleans)
{
    enum json_type type = json_object_get_type(value);
    double x;

    if (type == json_type_boolean && booleans)
        return json_object_get_boolean(value) ? 1.0 : 0.0;
    if (type != json_type_int && type != json_type_double)
        return (double)NAN;
    x = json_object_get_double(value);
    return isfinite(x) ? x : (double)NAN;
}

static char *path_of(const char *const *parts, size_t n)
{
    struct buf path = { 0 };
    const char *p;
    size_t i;

    if (n == 0)
        return xstrdup("");
    for (i = 0; i < n; i++) {
        buf_adds(&path, "/");
        for (p = parts[i]; *p != '\0'; p++) {
            if (*p == '~' || *p == '/')
                buf_adds(&path, *p == '~' ? "~0" : "~1");
            else
                buf_add(&path, p, 1);
        }
    }
    return buf_steal(&path);
}

static struct metric *add_metric(struct reading *r, char *name,
                                 size_t node_len, char *path)
{
    struct metric *m;

    if (r->n_metrics == r->cap_metrics) {
        r->cap_metrics = r->cap_metrics == 0 ? 16 : 2 * r->cap_metrics;
        r->metrics = xrealloc(r->metrics, r->cap_metrics, sizeof *r->metrics);
    }
    m = &r->metrics[r->n_metrics++];
    memset(m, 0, sizeof *m);
    m->name = name;
    m->node_len = node_len;
    m->path = path;
    m->value = (double)NAN;
    return m;
}

/* A metric of a node: parts[0] is the node, the rest where it stands. */
static struct metric *node_metric(struct reading *r, const char *metric,
                                  const char *const *parts, size_t n)
{
    return add_metric(r, xasprintf("%s.%s", parts[0], metric),
                      strlen(parts[0]), path_of(parts, n));
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

/* --- which case? ---------------------------------------------------------- */

/* The sent case that an output names; `alone`: it names just one. */
static int64_t match_case(const struct reading *r, const char *id, bool alone)
{
    json_object *at = NULL;

    if (id != NULL && json_object_object_get_ex(r->index, id, &at))
        return json_object_get_int64(at);
    return alone && r->n_cases == 1 ? 0 : -1;
}

static double *no_cases(const struct reading *r)
{
    double *cases = xcalloc(r->n_cases + 1, sizeof *cases);
    size_t i;

    for (i = 0; i < r->n_cases; i++)
        cases[i] = (double)NAN;
    return cases;
}

static void not_measured(struct metric *m, char *why)
{
    m->value = (double)NAN;
    free(m->why);
    m->why = why;
}

/* Values in the order of the cases. */
static void cases_in_order(const struct reading *r, struct metric *m,
                           json_object *items, const char *what)
{
    size_t i, n = json_object_array_length(items), finite = 0;

    for (i = 0; i < n; i++)
        finite += isfinite(number_of(json_object_array_get_idx(items, i), true))
                      ? 1
                      : 0;
    if (finite == 0) {
        not_measured(m, xasprintf(n == 0 ? "%s is empty: no case was measured"
                                         : "%s has no finite number",
                                  what));
        return;
    }
    if (n != r->n_cases) {
        m->trouble = xasprintf("%s has %zu values for the %zu cases that were "
                               "sent",
                               what, n, r->n_cases);
        return;
    }
    m->cases = no_cases(r);
    for (i = 0; i < n; i++)
        m->cases[i] = number_of(json_object_array_get_idx(items, i), true);
}

/* {"id": {field: number}}. An empty one says that nothing was measured. */
static void cases_by_id(const struct reading *r, struct metric *m,
                        json_object *by_id, const char *field,
                        const char *what)
{
    int n = json_object_object_length(by_id);
    size_t matched = 0;

    if (n == 0) {
        not_measured(m, xasprintf("%s is empty: no case was measured", what));
        return;
    }
    m->cases = no_cases(r);
    json_object_object_foreach(by_id, id, entry)
    {
        int64_t at = match_case(r, id, n == 1);

        if (at < 0)
            continue;
        m->cases[at] = number_of(
            is_object(entry) ? json_child(entry, field) : entry, true);
        matched++;
    }
    if (matched == 0)
        m->trouble = xasprintf("%s names none of the cases that were sent; "
                               "give the cases of the dataset the \"id\" that "
                               "the workflow uses",
                               what);
}

/* Which case each verdict is of, -1 for none: by id, or in the order of the
 * cases where no id fits. The caller frees it. */
static int64_t *verdict_cases(const struct reading *r, json_object *verdicts)
{
    size_t i, n = json_object_array_length(verdicts), matched = 0;
    int64_t *at = xcalloc(n + 1, sizeof *at);

    for (i = 0; i < n; i++) {
        json_object *verdict = json_object_array_get_idx(verdicts, i);

        at[i] = match_case(r, json_str(verdict, "id"), n == 1);
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
        not_measured(m, xstrdup("verdicts is empty: no case was judged"));
        return;
    }
    m->cases = no_cases(r);
    for (i = 0; i < n; i++) {
        if (at[i] < 0)
            continue;
        m->cases[at[i]] = number_of(
            json_child(json_object_array_get_idx(verdicts, i), field), true);
        matched++;
    }
    if (matched == 0)
        m->trouble = xasprintf("verdicts are %zu for the %zu cases that were "
                               "sent, and none has the id of one",
                               n, r->n_cases);
}

/* --- the table, rule by rule ---------------------------------------------- */

/* A number, or why it is none. */
static void set_value(struct metric *m, json_object *value, bool booleans)
{
    m->value = number_of(value, booleans);
    if (!isfinite(m->value)) {
        bool numeric = json_object_is_type(value, json_type_double);

        not_measured(m, xasprintf(numeric ? "it is not finite"
                                          : "it is %s, not a number",
                                  type_name(value)));
    }
}

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
    set_value(m, score, false);
    if (!json_object_object_get_ex(output, "per_item", &items))
        return;
    if (is_array(items))
        cases_in_order(r, m, items, "per_item");
    else
        not_measured(m, xasprintf("per_item is %s", type_name(items)));
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
        if (value != NULL && !isfinite(number_of(value, false)) &&
            !json_object_is_type(value, json_type_double))
            continue; /* a text, a list: not a metric */
        m = node_metric(r, name, parts, 3);
        set_value(m, value, false);
        if (by_id != NULL)
            cases_by_id(r, m, by_id, name, what);
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
            if (seen(r, name) || !isfinite(number_of(value, false)))
                continue;
            m = node_metric(r, name, parts, 4);
            set_value(m, value, false);
            if (is_object(by_id) && json_object_object_length(by_id) > 0)
                cases_by_id(r, m, by_id, name, "per_conversation");
        }
    }
    if (is_object(export) &&
        json_object_object_get_ex(export, "average_rating", &rating) &&
        !seen(r, "average_rating")) {
        const char *const parts[] = { node, under, "average_rating" };

        set_value(node_metric(r, "average_rating", parts, 3), rating, false);
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
        double x = number_of(json_child(verdict, "score"), false);
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
        set_value(m, ratio, false);
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
            set_value(node_metric(r, flags[i], parts, 2), flag, true);
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

/* --- explicit pointers (rule 7) ------------------------------------------- */

struct parts {
    char *at[64];
    size_t n;
};

/* "/a/b~1c" (RFC 6901) or "a.b". False when it has too many parts. */
static bool split_pointer(const char *pointer, struct parts *out)
{
    bool dotted = *pointer != '/';
    const char *p = dotted ? pointer : pointer + 1;

    for (;;) {
        size_t len = strcspn(p, dotted ? "." : "/"), i, n = 0;
        char *part;

        if (out->n == TT_ARRAY_LEN(out->at))
            return false;
        part = xstrndup(p, len);
        for (i = 0; i < len; i++) {
            if (!dotted && part[i] == '~' && i + 1 < len &&
                (part[i + 1] == '0' || part[i + 1] == '1'))
                part[n++] = part[++i] == '0' ? '~' : '/';
            else
                part[n++] = part[i];
        }
        part[n] = '\0';
        out->at[out->n++] = part;
        if (p[len] == '\0')
            return true;
        p += len + 1;
    }
}

/* Walk down. *found says whether anything (null among it) stands there. */
static json_object *walk(json_object *from, const struct parts *parts,
                         size_t first, bool *found)
{
    size_t i;

    *found = true;
    for (i = first; i < parts->n && *found; i++) {
        const char *part = parts->at[i];

        if (is_object(from)) {
            *found = json_object_object_get_ex(from, part, &from);
        } else if (is_array(from) && *part != '\0' &&
                   strspn(part, "0123456789") == strlen(part) &&
                   strlen(part) < 10) {
            size_t index = (size_t)strtoul(part, NULL, 10);

            *found = index < json_object_array_length(from);
            from = *found ? json_object_array_get_idx(from, index) : NULL;
        } else {
            *found = false;
        }
    }
    return from;
}

/* What stands at a pointer may be a number, a flag, a list per case, or the
 * output of a metric node. */
static void read_at(struct reading *r, struct metric *m, json_object *value)
{
    size_t i, n, finite = 0;
    double x, sum = 0.0;

    if (!is_array(value)) {
        set_value(m, value, true);
        return;
    }
    n = json_object_array_length(value);
    for (i = 0; i < n; i++) {
        x = number_of(json_object_array_get_idx(value, i), true);
        if (isfinite(x)) {
            sum += x;
            finite++;
        }
    }
    if (finite > 0)
        m->value = sum / (double)finite;
    cases_in_order(r, m, value, "the list there");
}

/* The metric that already stands at this path, or in the object there. */
static const struct metric *known_at(const struct reading *r, const char *path)
{
    size_t i, len = strlen(path);

    for (i = 0; i < r->n_metrics; i++) {
        const struct metric *m = &r->metrics[i];

        if (m->node_len > 0 && strncmp(m->path, path, len) == 0 &&
            (m->path[len] == '\0' ||
             strcmp(m->path + len, "/corpus_score") == 0))
            return m;
    }
    return NULL;
}

struct metric *bridge_read_pointer(struct reading *r, const char *name,
                                   const char *pointer)
{
    struct parts parts = { .n = 0 };
    bool whole = split_pointer(pointer, &parts), found = false, rooted;
    const struct metric *known;
    json_object *value = NULL;
    struct metric *m;
    size_t i;

    rooted = strcmp(parts.at[0], "node_results") == 0 ||
             strcmp(parts.at[0], "results") == 0;
    if (whole && !rooted && *pointer != '/')
        value = walk(r->results, &parts, 0, &found);
    if (whole && !found)
        value = rooted ? walk(r->results, &parts, 1, &found)
                       : walk(r->outputs, &parts, 0, &found);
    m = add_metric(r, xstrdup(name), 0,
                   path_of((const char *const *)parts.at + (rooted ? 1 : 0),
                           parts.n - (rooted ? 1 : 0)));
    known = known_at(r, m->path);
    if (known != NULL) {
        m->value = known->value;
        m->why = xstrdup(known->why);
        m->trouble = xstrdup(known->trouble);
        if (known->cases != NULL) {
            m->cases = no_cases(r);
            memcpy(m->cases, known->cases, r->n_cases * sizeof *m->cases);
        }
    } else if (found) {
        read_at(r, m, value);
    } else {
        m->absent = true;
        m->why = xasprintf("nothing stands at %s", pointer);
    }
    for (i = 0; i < parts.n; i++)
        free(parts.at[i]);
    return m;
}
