/* SPDX-License-Identifier: MIT
 *
 * bridge_pointer.c - metrics that stand where a target says (rule 7 of the
 * contract): JSON pointers (RFC 6901) and dotted paths. */
#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/engine/bridge_internal.h"

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
        bridge_set_value(m, value, true);
        return;
    }
    n = json_object_array_length(value);
    for (i = 0; i < n; i++) {
        x = bridge_number(json_object_array_get_idx(value, i), true);
        if (isfinite(x)) {
            sum += x;
            finite++;
        }
    }
    if (finite > 0)
        m->value = sum / (double)finite;
    bridge_cases_in_order(r, m, value, "the list there");
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
    i = rooted ? 1 : 0;
    m = bridge_add_metric(r, xstrdup(name), 0,
                          bridge_path((const char *const *)parts.at + i,
                                      parts.n - i));
    known = known_at(r, m->path);
    if (known != NULL) {
        m->value = known->value;
        m->why = xstrdup(known->why);
        m->trouble = xstrdup(known->trouble);
        if (known->cases != NULL) {
            m->cases = bridge_no_cases(r);
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
