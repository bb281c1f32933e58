/* SPDX-License-Identifier: MIT
 *
 * bridge_metric.c - one metric: its number, or why it is none, and its values
 * per case. */
#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/engine/bridge_internal.h"


const char *bridge_type_name(json_object *value)
{
    return value == NULL ? "null"
                         : json_type_to_name(json_object_get_type(value));
}

/* A finite number; booleans count as 1 and 0 where they are wanted. */
double bridge_number(json_object *value, bool booleans)
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

char *bridge_path(const char *const *parts, size_t n)
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

struct metric *bridge_add_metric(struct reading *r, char *name,
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

/* --- which case? ---------------------------------------------------------- */

/* The sent case that an output names; `alone`: it names just one. */
int64_t bridge_match_case(const struct reading *r, const char *id, bool alone)
{
    json_object *at = NULL;

    if (id != NULL && json_object_object_get_ex(r->index, id, &at))
        return json_object_get_int64(at);
    return alone && r->n_cases == 1 ? 0 : -1;
}

double *bridge_no_cases(const struct reading *r)
{
    double *cases = xcalloc(r->n_cases + 1, sizeof *cases);
    size_t i;

    for (i = 0; i < r->n_cases; i++)
        cases[i] = (double)NAN;
    return cases;
}

void bridge_not_measured(struct metric *m, char *why)
{
    m->value = (double)NAN;
    free(m->why);
    m->why = why;
}

/* Values in the order of the cases. */
void bridge_cases_in_order(const struct reading *r, struct metric *m,
                           json_object *items, const char *what)
{
    size_t i, n = json_object_array_length(items), finite = 0;

    for (i = 0; i < n; i++)
        if (isfinite(bridge_number(json_object_array_get_idx(items, i), true)))
            finite++;
    if (finite == 0) {
        bridge_not_measured(
            m, xasprintf(n == 0 ? "%s is empty: no case was measured"
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
    m->cases = bridge_no_cases(r);
    for (i = 0; i < n; i++)
        m->cases[i] = bridge_number(json_object_array_get_idx(items, i), true);
}

/* {"id": {field: number}}. An empty one says that nothing was measured. */
void bridge_cases_by_id(const struct reading *r, struct metric *m,
                        json_object *by_id, const char *field,
                        const char *what)
{
    int n = json_object_object_length(by_id);
    size_t matched = 0;

    if (n == 0) {
        bridge_not_measured(m, xasprintf("%s is empty: no case was measured",
                                         what));
        return;
    }
    m->cases = bridge_no_cases(r);
    json_object_object_foreach(by_id, id, entry)
    {
        int64_t at = bridge_match_case(r, id, n == 1);

        if (at < 0)
            continue;
        m->cases[at] = bridge_number(
            is_object(entry) ? json_child(entry, field) : entry, true);
        matched++;
    }
    if (matched == 0)
        m->trouble = xasprintf("%s names none of the cases that were sent; "
                               "give the cases of the dataset the \"id\" that "
                               "the workflow uses",
                               what);
}

/* A number, or why it is none. */
void bridge_set_value(struct metric *m, json_object *value, bool booleans)
{
    m->value = bridge_number(value, booleans);
    if (!isfinite(m->value)) {
        bool numeric = json_object_is_type(value, json_type_double);

        bridge_not_measured(m, xasprintf(numeric ? "it is not finite"
                                         : "it is %s, not a number",
                                  bridge_type_name(value)));
    }
}
