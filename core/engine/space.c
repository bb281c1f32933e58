/* SPDX-License-Identifier: MIT
 *
 * space.c - parameter documents become the SDK's search space.
 *
 * Order: by name, but a parameter stands behind the one that its condition
 * names. So the space of a set of documents is always the same, however
 * their members are ordered: a stored run finds its columns again. */
#include <string.h>

#include "core/base/mem.h"
#include "core/engine/space_internal.h"

struct drafts {
    struct space_draft *at;
    size_t n, cap;
};

json_object *space_param_document(const struct space *s, uint64_t i)
{
    struct tt_str name = tt_space_param(&s->tt, i)->name; /* NUL behind */
    const char *dot = strrchr(name.p, '.');
    char *node = xstrndup(name.p, (size_t)(dot - name.p));
    json_object *document = json_child(json_child(s->document, node), dot + 1);

    free(node);
    return document;
}

int64_t space_choice_index(json_object *choices, json_object *value)
{
    size_t i, n = json_object_array_length(choices);

    for (i = 0; i < n; i++)
        if (json_equal(json_object_array_get_idx(choices, i), value))
            return (int64_t)i;
    return -1;
}

/* --- names ---------------------------------------------------------------- */

static bool name_ok(const char *name, const char *more, size_t max)
{
    const char *p;

    for (p = name; *p != '\0'; p++) {
        bool alnum = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
                     (*p >= '0' && *p <= '9');

        if (!alnum && (p == name || strchr(more, *p) == NULL) && *p != '_')
            return false;
    }
    return p > name && (size_t)(p - name) <= max;
}

/* --- conditions ----------------------------------------------------------- */

/* A condition names a parameter of its own node, or "node.parameter". */
static struct space_draft *find_parent(struct drafts *all,
                                       const struct space_draft *d)
{
    struct space_draft *full = NULL;
    size_t i;

    for (i = 0; i < all->n; i++) {
        struct space_draft *other = &all->at[i];

        if (other->node_len == d->node_len &&
            memcmp(other->name, d->name, d->node_len) == 0 &&
            strcmp(other->name + other->node_len + 1, d->parent) == 0)
            return other;
        if (strcmp(other->name, d->parent) == 0)
            full = other;
    }
    return full;
}

static int read_condition(struct space *s, struct drafts *all,
                          struct space_draft *d, struct tt_param *p,
                          struct err *e)
{
    const struct space_draft *parent = find_parent(all, d);
    size_t i, n = json_object_array_length(d->in);
    double *values = arena_alloc(&s->arena, n, sizeof *values);

    for (i = 0; i < s->tt.n_params; i++)
        if (strcmp(s->tt.params[i].name.p, parent->name) == 0)
            p->parent = (int32_t)i;
    for (i = 0; i < n; i++) {
        struct tt_value value = { 0 };
        int rc = space_value_from_json(s, (uint64_t)p->parent,
                                       json_object_array_get_idx(d->in, i),
                                       &value, e);

        if (rc < 0)
            return err_prefix(e, "%s: when: in", d->name);
        values[i] = value.number;
    }
    p->parent_values = values;
    p->n_parent_values = n;
    return 0;
}

/* --- all of them ---------------------------------------------------------- */

static int gather(struct space *s, struct drafts *all, struct err *e)
{
    json_object_object_foreach(s->document, node, parameters)
    {
        if (!name_ok(node, ":-", 128))
            return err_set(e, TT_EINVAL,
                           "node \"%s\": a node's name is of letters, digits "
                           "and _ : - (at most 128); a dot would hide where "
                           "its parameters begin",
                           node);
        if (!json_object_is_type(parameters, json_type_object) ||
            json_object_object_length(parameters) == 0)
            return err_set(e, TT_EINVAL,
                           "%s: wants an object with at least one parameter",
                           node);
        json_object_object_foreach(parameters, name, document)
        {
            struct space_draft *d;
            int rc;

            if (!name_ok(name, "-", 64))
                return err_set(e, TT_EINVAL,
                               "%s: parameter \"%s\": a parameter's name is of "
                               "letters, digits, _ and - (at most 64)",
                               node, name);
            if (!json_object_is_type(document, json_type_object))
                return err_set(e, TT_EINVAL, "%s.%s: must be an object", node,
                               name);
            if (all->n == SPACE_MAX_PARAMS)
                return err_set(e, TT_EINVAL, "more than %d parameters",
                               SPACE_MAX_PARAMS);
            if (all->n == all->cap) {
                all->cap = all->cap == 0 ? 16 : 2 * all->cap;
                all->at = xrealloc(all->at, all->cap, sizeof *all->at);
            }
            d = &all->at[all->n++];
            memset(d, 0, sizeof *d);
            d->name = xasprintf("%s.%s", node, name);
            d->node_len = strlen(node);
            d->document = document;
            rc = space_read_param(s, d, e);
            if (rc < 0)
                return rc;
        }
    }
    return all->n > 0 ? 0 : err_set(e, TT_EINVAL, "no parameters at all");
}

static int by_name(const void *a, const void *b)
{
    const struct space_draft *x = a, *y = b;

    return strcmp(x->name, y->name);
}

/* The next parameter in order whose parent stands already. */
static struct space_draft *next_draft(struct drafts *all)
{
    size_t i;

    for (i = 0; i < all->n; i++) {
        struct space_draft *d = &all->at[i];

        if (!d->placed &&
            (d->parent == NULL || find_parent(all, d)->placed))
            return d;
    }
    return NULL;
}

static int check_parents(struct drafts *all, struct err *e)
{
    size_t i;

    for (i = 0; i < all->n; i++) {
        const struct space_draft *d = &all->at[i], *parent;

        if (d->parent == NULL)
            continue;
        parent = find_parent(all, d);
        if (parent == NULL)
            return err_set(e, TT_EINVAL,
                           "%s: when: there is no parameter \"%s\"", d->name,
                           d->parent);
        if (parent->param.kind == TT_FLOAT || parent->param.kind == TT_TEXT)
            return err_set(e, TT_EINVAL,
                           "%s: when: %s is a float or a text; a condition "
                           "wants an int, a bool or choices",
                           d->name, parent->name);
    }
    return 0;
}

static int place_all(struct space *s, struct drafts *all, struct err *e)
{
    struct tt_param *params = arena_alloc(&s->arena, all->n, sizeof *params);
    size_t i;
    int rc;

    qsort(all->at, all->n, sizeof *all->at, by_name);
    for (i = 1; i < all->n; i++)
        if (strcmp(all->at[i - 1].name, all->at[i].name) == 0)
            return err_set(e, TT_EINVAL, "%s is there twice", all->at[i].name);
    rc = check_parents(all, e);
    if (rc < 0)
        return rc;
    s->tt.size = sizeof s->tt;
    s->tt.param_size = sizeof *params;
    s->tt.params = params;
    for (i = 0; i < all->n; i++) {
        struct space_draft *d = next_draft(all);

        if (d == NULL)
            return err_set(e, TT_EINVAL,
                           "conditions (\"when\") form a circle; one of them "
                           "must go");
        params[i] = d->param;
        params[i].name = arena_str(&s->arena, tt_str_of(d->name));
        s->tt.n_params = i + 1;
        rc = space_read_default(s, &params[i], i, d, e);
        if (rc == 0 && d->parent != NULL)
            rc = read_condition(s, all, d, &params[i], e);
        if (rc < 0)
            return rc;
        d->placed = true;
    }
    return 0;
}

struct space *space_create(json_object *nodes, struct err *e)
{
    struct space *s = xcalloc(1, sizeof *s);
    struct drafts all = { 0 };
    size_t i;
    int rc;

    if (!json_object_is_type(nodes, json_type_object)) {
        rc = err_set(e, TT_EINVAL, "parameters: must be an object");
    } else {
        s->document = json_copy(nodes);
        rc = gather(s, &all, e);
    }
    if (rc == 0)
        rc = place_all(s, &all, e);
    for (i = 0; i < all.n; i++)
        free(all.at[i].name);
    free(all.at);
    if (rc < 0) {
        space_destroy(s);
        return NULL;
    }
    return s;
}

void space_destroy(struct space *s)
{
    if (s == NULL)
        return;
    json_object_put(s->document);
    arena_fini(&s->arena);
    free(s);
}
