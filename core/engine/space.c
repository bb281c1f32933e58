/* SPDX-License-Identifier: MIT
 *
 * space.c - parameter documents become the SDK's search space.
 *
 * Order: by name, but a parameter stands behind the one that its condition
 * names. So the space of a set of documents is always the same, however
 * their members are ordered: a stored run finds its columns again. */
#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/engine/space_internal.h"

/* One parameter on its way in. */
struct draft {
    char *name;            /* "node.parameter" */
    size_t node_len;       /* of the part in front of the last dot */
    json_object *document; /* borrowed from the space's copy */
    struct tt_param param;
    const char *parent;    /* as the condition says it; NULL = no condition */
    json_object *in;
    bool placed;
};

struct drafts {
    struct draft *at;
    size_t n, cap;
};

static const char *const number_members[] = { "type", "default", "min", "max",
                                              "log", "step", "fixed", "when",
                                              "description", NULL };
static const char *const choice_members[] = { "type", "default", "choices",
                                              "fixed", "when", "description",
                                              NULL };
static const char *const bool_members[] = { "type", "default", "fixed", "when",
                                            "description", NULL };
static const char *const text_members[] = { "type", "default", "max_bytes",
                                            "placeholders", "fixed", "when",
                                            "description", NULL };

static const struct {
    const char *word;
    uint32_t kind;
    const char *const *members;
} kinds[] = {
    { "float", TT_FLOAT, number_members },
    { "int", TT_INT, number_members },
    { "categorical", TT_CATEGORICAL, choice_members },
    { "ordinal", TT_ORDINAL, choice_members },
    { "bool", TT_BOOL, bool_members },
    { "text", TT_TEXT, text_members },
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

/* --- one parameter, by kind ----------------------------------------------- */

static int read_numbers(struct draft *d, struct err *e)
{
    struct json_at at = { d->document, d->name };
    struct tt_param *p = &d->param;
    const double zero = 0.0;
    const bool no = false;
    bool log = false;
    int rc;

    rc = json_get_num(at, "min", NULL, &p->lo, e);
    if (rc == 0)
        rc = json_get_num(at, "max", NULL, &p->hi, e);
    if (rc == 0)
        rc = json_get_num(at, "step", &zero, &p->step, e);
    if (rc == 0)
        rc = json_get_bool(at, "log", &no, &log, e);
    if (rc < 0)
        return rc;
    if (!(p->lo < p->hi))
        return err_set(e, TT_EINVAL,
                       "%s: min %g must be below max %g; for a single value "
                       "say \"fixed\": true",
                       d->name, p->lo, p->hi);
    if (p->step < 0.0 || p->step > p->hi - p->lo)
        return err_set(e, TT_EINVAL,
                       "%s: step must be between 0 (none) and max - min, is %g",
                       d->name, p->step);
    if (log && p->lo <= 0.0)
        return err_set(e, TT_EINVAL, "%s: a log scale wants min > 0, is %g",
                       d->name, p->lo);
    if (p->kind == TT_INT &&
        (p->lo != floor(p->lo) || p->hi != floor(p->hi) ||
         p->step != floor(p->step) || fabs(p->lo) > SPACE_MAX_INT ||
         fabs(p->hi) > SPACE_MAX_INT))
        return err_set(e, TT_EINVAL,
                       "%s: min, max and step of an int must be whole numbers "
                       "within 2^53",
                       d->name);
    if (log)
        p->flags |= TT_PARAM_LOG;
    return 0;
}

static bool looks_like_number(const char *text)
{
    char *end;

    (void)strtod(text, &end);
    return *text != '\0' && *end == '\0';
}

/* Plugins know choices as texts alone: they take them for numbers when all of
 * them are. So they must be all of one type, and look like it. */
static int check_choice_types(const struct draft *d, size_t numbers,
                              struct err *e)
{
    const struct tt_param *p = &d->param;
    uint64_t i, like = 0;

    if (numbers != 0 && numbers != p->n_choices)
        return err_set(e, TT_EINVAL,
                       "%s: choices: must be all strings or all numbers",
                       d->name);
    for (i = 0; i < p->n_choices; i++)
        like += looks_like_number(p->choices[i].p) ? 1 : 0;
    if (numbers == 0 && like == p->n_choices)
        return err_set(e, TT_EINVAL,
                       "%s: choices: these strings are numbers: write them "
                       "without quotes",
                       d->name);
    return 0;
}

static int read_choices(struct space *s, struct draft *d, struct err *e)
{
    struct json_at at = { d->document, d->name };
    json_object *choices, *choice;
    struct tt_str *texts;
    size_t i, n, numbers = 0;
    int rc;

    rc = json_get_child(at, "choices", json_type_array, true, &choices, e);
    if (rc < 0)
        return rc;
    n = json_object_array_length(choices);
    if (n == 0 || n > SPACE_MAX_CHOICES)
        return err_set(e, TT_EINVAL, "%s: choices: wants 1 to %d, has %zu",
                       d->name, SPACE_MAX_CHOICES, n);
    texts = arena_alloc(&s->arena, n, sizeof *texts);
    for (i = 0; i < n; i++) {
        struct buf text = { 0 };

        choice = json_object_array_get_idx(choices, i);
        switch (json_object_get_type(choice)) {
        case json_type_string:
            buf_add(&text, json_object_get_string(choice),
                    (size_t)json_object_get_string_len(choice));
            break;
        case json_type_int:
        case json_type_double:
            json_canonical(choice, &text);
            numbers++;
            break;
        default:
            return err_set(e, TT_EINVAL,
                           "%s: choices: element %zu must be a string or a "
                           "number (for true and false there is type bool)",
                           d->name, i);
        }
        texts[i] = arena_str(&s->arena, buf_str(&text));
        buf_fini(&text);
        if (space_choice_index(choices, choice) != (int64_t)i)
            return err_set(e, TT_EINVAL, "%s: choices: %s is there twice",
                           d->name, texts[i].p);
        rc = space_check_text(d->name, texts[i], e);
        if (rc < 0)
            return rc;
    }
    d->param.choices = texts;
    d->param.n_choices = n;
    return check_choice_types(d, numbers, e);
}

static int read_text(struct space *s, struct draft *d, struct err *e)
{
    struct json_at at = { d->document, d->name };
    const int64_t bytes = 8192;
    json_object *list = NULL;
    struct tt_str *texts;
    int64_t max_bytes;
    size_t i, n;
    int rc;

    rc = json_get_int(at, "max_bytes", &bytes, 1, SPACE_MAX_TEXT_BYTES,
                      &max_bytes, e);
    if (rc == 0)
        rc = json_get_child(at, "placeholders", json_type_array, false, &list,
                            e);
    if (rc < 0)
        return rc;
    d->param.max_bytes = (uint64_t)max_bytes;
    json_set_int(d->document, "max_bytes", max_bytes);
    n = list != NULL ? json_object_array_length(list) : 0;
    texts = arena_alloc(&s->arena, n, sizeof *texts);
    for (i = 0; i < n; i++) {
        json_object *text = json_object_array_get_idx(list, i);

        if (!json_object_is_type(text, json_type_string) ||
            json_object_get_string_len(text) == 0)
            return err_set(e, TT_EINVAL,
                           "%s: placeholders: element %zu must be a string "
                           "that is not empty, such as \"{question}\"",
                           d->name, i);
        texts[i] = arena_str(&s->arena,
                             tt_str_of(json_object_get_string(text)));
    }
    d->param.placeholders = texts;
    d->param.n_placeholders = n;
    return 0;
}

/* --- defaults ------------------------------------------------------------- */

/* The middle of the range, on its grid: where no default is declared. */
static double middle(const struct tt_param *p)
{
    double x = (p->flags & TT_PARAM_LOG) != 0 ? sqrt(p->lo * p->hi)
                                              : p->lo + (p->hi - p->lo) / 2.0;

    if (p->step > 0.0)
        x = p->lo + floor((x - p->lo) / p->step) * p->step;
    else if (p->kind == TT_INT)
        x = floor(x);
    return fmin(fmax(x, p->lo), p->hi);
}

static json_object *made_default(const struct draft *d)
{
    switch (d->param.kind) {
    case TT_FLOAT:
        return json_object_new_double(middle(&d->param));
    case TT_INT:
        return json_object_new_int64((int64_t)middle(&d->param));
    case TT_CATEGORICAL:
    case TT_ORDINAL:
        return json_object_get(json_object_array_get_idx(
            json_child(d->document, "choices"), 0));
    default:
        return json_object_new_boolean(false);
    }
}

static int read_default(struct space *s, struct tt_param *p, uint64_t i,
                        struct draft *d, struct err *e)
{
    struct tt_value value = { 0 };
    uint32_t flags = p->flags;
    int rc;

    if (!json_object_object_get_ex(d->document, "default", NULL)) {
        if (p->kind == TT_TEXT)
            return err_set(e, TT_EINVAL,
                           "%s: default: a text wants one, for nobody could "
                           "guess it",
                           d->name);
        json_set(d->document, "default", made_default(d));
    }
    p->flags &= ~(uint32_t)TT_PARAM_FIXED; /* there is nothing to equal yet */
    rc = space_value_from_json(s, i, json_child(d->document, "default"), &value,
                               e);
    if (rc == 0)
        rc = space_check_value(p, &value, e);
    p->flags = flags;
    if (rc < 0)
        return err_prefix(e, "default");
    p->default_number = value.number;
    p->default_text = arena_str(&s->arena, value.text);
    return 0;
}

/* --- conditions ----------------------------------------------------------- */

static int read_when(struct draft *d, struct err *e)
{
    static const char *const members[] = { "parameter", "in", NULL };
    struct json_at at = { d->document, d->name };
    json_object *when;
    int rc;

    rc = json_get_child(at, "when", json_type_object, false, &when, e);
    if (rc < 0 || when == NULL)
        return rc;
    at.object = when;
    rc = json_only(at, members, e);
    if (rc == 0)
        rc = json_get_str(at, "parameter", NULL, &d->parent, e);
    if (rc == 0)
        rc = json_get_child(at, "in", json_type_array, true, &d->in, e);
    if (rc == 0 && json_object_array_length(d->in) == 0)
        rc = err_set(e, TT_EINVAL, "%s: when: in: wants at least one value",
                     d->name);
    return rc;
}

/* A condition names a parameter of its own node, or "node.parameter". */
static struct draft *find_parent(struct drafts *all, const struct draft *d)
{
    struct draft *full = NULL;
    size_t i;

    for (i = 0; i < all->n; i++) {
        struct draft *other = &all->at[i];

        if (other->node_len == d->node_len &&
            memcmp(other->name, d->name, d->node_len) == 0 &&
            strcmp(other->name + other->node_len + 1, d->parent) == 0)
            return other;
        if (strcmp(other->name, d->parent) == 0)
            full = other;
    }
    return full;
}

static int read_condition(struct space *s, struct drafts *all, struct draft *d,
                          struct tt_param *p, struct err *e)
{
    const struct draft *parent = find_parent(all, d);
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

static int read_param(struct space *s, struct draft *d, struct err *e)
{
    struct json_at at = { d->document, d->name };
    const bool no = false;
    bool fixed = false;
    const char *type;
    size_t i;
    int rc;

    rc = json_get_str(at, "type", NULL, &type, e);
    if (rc < 0)
        return rc;
    for (i = 0; i < TT_ARRAY_LEN(kinds); i++)
        if (strcmp(kinds[i].word, type) == 0)
            break;
    if (i == TT_ARRAY_LEN(kinds))
        return err_set(e, TT_EINVAL,
                       "%s: type: must be float, int, categorical, ordinal, "
                       "bool or text, is \"%s\"",
                       d->name, type);
    d->param.kind = kinds[i].kind;
    d->param.parent = -1;
    rc = json_only(at, kinds[i].members, e);
    if (rc == 0)
        rc = json_get_bool(at, "fixed", &no, &fixed, e);
    if (rc == 0 && (d->param.kind == TT_FLOAT || d->param.kind == TT_INT))
        rc = read_numbers(d, e);
    if (rc == 0 &&
        (d->param.kind == TT_CATEGORICAL || d->param.kind == TT_ORDINAL))
        rc = read_choices(s, d, e);
    if (rc == 0 && d->param.kind == TT_TEXT)
        rc = read_text(s, d, e);
    if (rc == 0)
        rc = read_when(d, e);
    if (fixed)
        d->param.flags |= TT_PARAM_FIXED;
    return rc;
}

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
            struct draft *d;
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
            rc = read_param(s, d, e);
            if (rc < 0)
                return rc;
        }
    }
    return all->n > 0 ? 0 : err_set(e, TT_EINVAL, "no parameters at all");
}

static int by_name(const void *a, const void *b)
{
    const struct draft *x = a, *y = b;

    return strcmp(x->name, y->name);
}

/* The next parameter in order whose parent stands already. */
static struct draft *next_draft(struct drafts *all)
{
    size_t i;

    for (i = 0; i < all->n; i++) {
        struct draft *d = &all->at[i];

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
        const struct draft *d = &all->at[i], *parent;

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
        struct draft *d = next_draft(all);

        if (d == NULL)
            return err_set(e, TT_EINVAL,
                           "conditions (\"when\") form a circle; one of them "
                           "must go");
        params[i] = d->param;
        params[i].name = arena_str(&s->arena, tt_str_of(d->name));
        s->tt.n_params = i + 1;
        rc = read_default(s, &params[i], i, d, e);
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
