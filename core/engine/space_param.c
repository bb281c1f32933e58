/* SPDX-License-Identifier: MIT
 *
 * space_param.c - the document of one parameter. */
#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/engine/space_internal.h"

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

static int read_numbers(struct space_draft *d, struct err *e)
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
static int check_choice_types(const struct space_draft *d, size_t numbers,
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

static int read_choices(struct space *s, struct space_draft *d, struct err *e)
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

static int read_text(struct space *s, struct space_draft *d, struct err *e)
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

static json_object *made_default(const struct space_draft *d)
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

int space_read_default(struct space *s, struct tt_param *p, uint64_t i,
                       struct space_draft *d, struct err *e)
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

/* --- all of it ------------------------------------------------------------ */

static int read_when(struct space_draft *d, struct err *e)
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

int space_read_param(struct space *s, struct space_draft *d, struct err *e)
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
