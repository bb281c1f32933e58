/* SPDX-License-Identifier: MIT
 *
 * space_value.c - candidates: is it a point of the space, and how is it
 * written as JSON? */
#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/crypt/crypt.h"
#include "core/engine/space_internal.h"

/* --- single values -------------------------------------------------------- */

/* Bytes of the UTF-8 sequence at p, 0 when there is none (Unicode 15, table
 * 3-7: no overlong forms, no surrogates, nothing above U+10FFFF). */
static size_t utf8_at(const unsigned char *p, size_t n)
{
    unsigned char lo = 0x80, hi = 0xBF;
    size_t len, i;

    if (p[0] < 0x80)
        return 1;
    len = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    if (p[0] < 0xC2 || p[0] > 0xF4 || len > n)
        return 0;
    if (p[0] == 0xE0)
        lo = 0xA0;
    else if (p[0] == 0xED)
        hi = 0x9F;
    else if (p[0] == 0xF0)
        lo = 0x90;
    else if (p[0] == 0xF4)
        hi = 0x8F;
    if (p[1] < lo || p[1] > hi)
        return 0;
    for (i = 2; i < len; i++)
        if (p[i] < 0x80 || p[i] > 0xBF)
            return 0;
    return len;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* ^\s*\[\[.+\]\]\s*$: Orcheo replaces such a value by a secret. */
static bool is_vault_reference(struct tt_str text)
{
    while (text.n > 0 && is_space(text.p[0])) {
        text.p++;
        text.n--;
    }
    while (text.n > 0 && is_space(text.p[text.n - 1]))
        text.n--;
    return text.n >= 5 && memcmp(text.p, "[[", 2) == 0 &&
           memcmp(text.p + text.n - 2, "]]", 2) == 0;
}

int space_check_text(const char *name, struct tt_str text, struct err *e)
{
    uint64_t i = 0;

    while (i < text.n) {
        size_t len = utf8_at((const unsigned char *)text.p + i,
                             (size_t)(text.n - i));

        if (len == 0)
            return err_set(e, TT_EINVAL, "%s: not UTF-8 at byte %llu", name,
                           (unsigned long long)i);
        if (text.p[i] == '\0')
            return err_set(e, TT_EINVAL, "%s: has a NUL at byte %llu", name,
                           (unsigned long long)i);
        i += len;
    }
    if (is_vault_reference(text))
        return err_set(e, TT_EINVAL,
                       "%s: \"%.*s\" would be read from Orcheo's vault; a "
                       "parameter may not be of the form [[name]]",
                       name, (int)(text.n < 64 ? text.n : 64), text.p);
    return 0;
}

static bool holds(struct tt_str text, struct tt_str part)
{
    uint64_t i;

    for (i = 0; i + part.n <= text.n; i++)
        if (memcmp(text.p + i, part.p, (size_t)part.n) == 0)
            return true;
    return false;
}

static int check_text(const struct tt_param *p, struct tt_str text,
                      struct err *e)
{
    uint64_t i;

    if (text.n > p->max_bytes)
        return err_set(e, TT_EINVAL, "%s: %llu bytes; at most %llu", p->name.p,
                       (unsigned long long)text.n,
                       (unsigned long long)p->max_bytes);
    for (i = 0; i < p->n_placeholders; i++) {
        struct tt_str hole = p->placeholders[i];

        if (!holds(text, hole))
            return err_set(e, TT_EINVAL,
                           "%s: the placeholder %s is lost; the text must hold "
                           "it",
                           p->name.p, hole.p);
    }
    return space_check_text(p->name.p, text, e);
}

static int check_number(const struct tt_param *p, double x, struct err *e)
{
    double k;

    if (!isfinite(x))
        return err_set(e, TT_EINVAL, "%s: not a finite number", p->name.p);
    switch (p->kind) {
    case TT_FLOAT:
    case TT_INT:
        if (x < p->lo || x > p->hi)
            return err_set(e, TT_EINVAL,
                           "%s: %.17g is out of range; must be between %.17g "
                           "and %.17g",
                           p->name.p, x, p->lo, p->hi);
        k = p->step > 0.0 ? (x - p->lo) / p->step : 0.0;
        if (fabs(k - round(k)) > SPACE_GRID_SLACK)
            return err_set(e, TT_EINVAL,
                           "%s: %.17g is off the grid of %.17g + k * %.17g",
                           p->name.p, x, p->lo, p->step);
        if (p->kind == TT_INT && x != floor(x))
            return err_set(e, TT_EINVAL, "%s: %.17g is not a whole number",
                           p->name.p, x);
        return 0;
    case TT_BOOL:
        return x == 0.0 || x == 1.0
                   ? 0
                   : err_set(e, TT_EINVAL, "%s: %.17g is neither 0 nor 1",
                             p->name.p, x);
    default:
        return x == floor(x) && x >= 0.0 && x < (double)p->n_choices
                   ? 0
                   : err_set(e, TT_EINVAL,
                             "%s: %.17g is not the index of one of %llu "
                             "choices",
                             p->name.p, x, (unsigned long long)p->n_choices);
    }
}

int space_check_value(const struct tt_param *p, const struct tt_value *value,
                      struct err *e)
{
    bool same;
    int rc;

    if (p->kind == TT_TEXT) {
        rc = check_text(p, value->text, e);
        same = tt_str_equal(value->text, p->default_text);
    } else {
        rc = check_number(p, value->number, e);
        same = value->number == p->default_number;
    }
    if (rc == 0 && (p->flags & TT_PARAM_FIXED) != 0 && !same)
        rc = err_set(e, TT_EINVAL,
                     "%s: is fixed at its default and has another value",
                     p->name.p);
    return rc;
}

/* --- which parameters count ----------------------------------------------- */

static bool is_active(const struct tt_param *p, const struct tt_value *values,
                      const bool *active)
{
    uint64_t i;

    if (p->parent < 0)
        return true;
    if (!active[p->parent])
        return false;
    for (i = 0; i < p->n_parent_values; i++)
        if (p->parent_values[i] == values[p->parent].number)
            return true;
    return false;
}

/* values has n_params elements. Inactive ones become the default: two
 * candidates that differ in them alone are one candidate. */
static void settle(const struct space *s, struct tt_value *values)
{
    bool TT_AUTO_FREE *active = xcalloc((size_t)s->tt.n_params + 1,
                                        sizeof *active);
    uint64_t i;

    for (i = 0; i < s->tt.n_params; i++) {
        const struct tt_param *p = tt_space_param(&s->tt, i);

        active[i] = is_active(p, values, active);
        values[i].flags = active[i] ? 0 : TT_VALUE_INACTIVE;
        if (!active[i]) {
            values[i].number = p->default_number;
            values[i].text = p->default_text;
        }
    }
}

void candidate_copy(struct candidate *out, const struct space *s,
                    const struct tt_candidate *from)
{
    struct tt_value *values;
    uint64_t i;

    memset(out, 0, sizeof *out);
    values = arena_alloc(&out->arena, (size_t)from->n_values, sizeof *values);
    for (i = 0; i < from->n_values; i++) {
        const struct tt_value *value = tt_candidate_value(from, i);

        values[i].number = value->number;
        values[i].text = arena_str(&out->arena, value->text);
    }
    if (from->n_values == s->tt.n_params) /* else space_check() will say so */
        settle(s, values);
    out->tt.size = sizeof out->tt;
    out->tt.value_size = sizeof *values;
    out->tt.n_values = from->n_values;
    out->tt.values = values;
    out->tt.origin = arena_str(&out->arena, from->origin);
}

void candidate_fini(struct candidate *c)
{
    arena_fini(&c->arena);
    memset(c, 0, sizeof *c);
}

int space_check(const struct space *s, const struct tt_candidate *c,
                struct err *e)
{
    bool TT_AUTO_FREE *active = xcalloc((size_t)s->tt.n_params + 1,
                                        sizeof *active);
    struct tt_value TT_AUTO_FREE *values = NULL;
    uint64_t i;

    if (c->n_values != s->tt.n_params)
        return err_set(e, TT_EINVAL,
                       "the candidate has %llu values, the space has %llu "
                       "parameters",
                       (unsigned long long)c->n_values,
                       (unsigned long long)s->tt.n_params);
    values = xcalloc((size_t)c->n_values, sizeof *values);
    for (i = 0; i < c->n_values; i++) {
        const struct tt_param *p = tt_space_param(&s->tt, i);
        int rc;

        values[i] = *tt_candidate_value(c, i);
        active[i] = is_active(p, values, active);
        rc = active[i] ? space_check_value(p, &values[i], e) : 0;
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* --- JSON ----------------------------------------------------------------- */

static json_object *value_to_json(const struct space *s, uint64_t i,
                                  const struct tt_value *value)
{
    const struct tt_param *p = tt_space_param(&s->tt, i);

    switch (p->kind) {
    case TT_FLOAT:
        return json_object_new_double(value->number);
    case TT_INT:
        return json_object_new_int64((int64_t)value->number);
    case TT_BOOL:
        return json_object_new_boolean(value->number != 0.0);
    case TT_TEXT:
        return json_object_new_string_len(
            value->text.n > 0 ? value->text.p : "", (int)value->text.n);
    default:
        return json_copy(json_object_array_get_idx(
            json_child(space_param_document(s, i), "choices"),
            (size_t)value->number));
    }
}

json_object *space_to_json(const struct space *s, const struct tt_candidate *c)
{
    json_object *out = json_object_new_object();
    bool TT_AUTO_FREE *active = xcalloc((size_t)s->tt.n_params + 1,
                                        sizeof *active);
    struct tt_value TT_AUTO_FREE *values =
        xcalloc((size_t)c->n_values + 1, sizeof *values);
    uint64_t i;

    for (i = 0; i < c->n_values; i++) {
        const struct tt_param *p = tt_space_param(&s->tt, i);
        const char *dot = strrchr(p->name.p, '.');
        char TT_AUTO_FREE *node = xstrndup(p->name.p,
                                           (size_t)(dot - p->name.p));
        json_object *of = json_child(out, node);

        values[i] = *tt_candidate_value(c, i);
        active[i] = is_active(p, values, active);
        if (of == NULL) {
            of = json_object_new_object();
            json_set(out, node, of);
        }
        if (active[i])
            json_set(of, dot + 1, value_to_json(s, i, &values[i]));
    }
    return out;
}

static int wrong_type(const struct tt_param *p, json_object *json,
                      struct err *e)
{
    static const char *const want[] = {
        [TT_FLOAT] = "a number",  [TT_INT] = "a whole number",
        [TT_BOOL] = "true or false", [TT_TEXT] = "a string",
    };

    return err_set(e, TT_EINVAL, "%s: must be %s, is %s", p->name.p,
                   want[p->kind],
                   json == NULL
                       ? "null"
                       : json_type_to_name(json_object_get_type(json)));
}

int space_value_from_json(const struct space *s, uint64_t i, json_object *json,
                          struct tt_value *out, struct err *e)
{
    const struct tt_param *p = tt_space_param(&s->tt, i);
    enum json_type type = json_object_get_type(json);
    json_object *choices;
    int64_t index;

    memset(out, 0, sizeof *out);
    switch (p->kind) {
    case TT_FLOAT:
    case TT_INT:
        if (type != json_type_int && type != json_type_double)
            return wrong_type(p, json, e);
        out->number = json_object_get_double(json);
        return 0;
    case TT_BOOL:
        if (type != json_type_boolean)
            return wrong_type(p, json, e);
        out->number = json_object_get_boolean(json) ? 1.0 : 0.0;
        return 0;
    case TT_TEXT:
        if (type != json_type_string)
            return wrong_type(p, json, e);
        out->text.p = json_object_get_string(json);
        out->text.n = (uint64_t)json_object_get_string_len(json);
        return 0;
    default:
        choices = json_child(space_param_document(s, i), "choices");
        index = space_choice_index(choices, json);
        if (index < 0) {
            char TT_AUTO_FREE *is = json_canonical_dup(json);
            char TT_AUTO_FREE *known = json_canonical_dup(choices);

            return err_set(e, TT_EINVAL, "%s: must be one of %.300s, is %.100s",
                           p->name.p, known, is);
        }
        out->number = (double)index;
        return 0;
    }
}

/* Are all members of `values` parameters of the space? */
static int check_known(const struct space *s, json_object *values,
                       struct err *e)
{
    if (!json_object_is_type(values, json_type_object))
        return err_set(e, TT_EINVAL, "parameters: must be an object");
    json_object_object_foreach(values, node, parameters)
    {
        json_object *known = json_child(s->document, node);

        if (known == NULL)
            return err_set(e, TT_EINVAL, "%s: no such node here", node);
        if (!json_object_is_type(parameters, json_type_object))
            return err_set(e, TT_EINVAL, "%s: must be an object", node);
        json_object_object_foreach(parameters, name, value)
        {
            (void)value;
            if (json_child(known, name) == NULL)
                return err_set(e, TT_EINVAL, "%s.%s: no such parameter", node,
                               name);
        }
    }
    return 0;
}

/* The member of `values` for parameter i; false when it is absent. */
static bool find_value(const struct space *s, json_object *values, uint64_t i,
                       json_object **out)
{
    const char *name = tt_space_param(&s->tt, i)->name.p;
    const char *dot = strrchr(name, '.');
    char TT_AUTO_FREE *node = xstrndup(name, (size_t)(dot - name));
    json_object *of = NULL;

    return json_object_object_get_ex(values, node, &of) &&
           json_object_object_get_ex(of, dot + 1, out);
}

int space_from_json(const struct space *s, json_object *values,
                    struct candidate *out, struct err *e)
{
    struct tt_value *list;
    uint64_t i;
    int rc = check_known(s, values, e);

    memset(out, 0, sizeof *out);
    if (rc < 0)
        return rc;
    list = arena_alloc(&out->arena, (size_t)s->tt.n_params, sizeof *list);
    for (i = 0; i < s->tt.n_params; i++) {
        const struct tt_param *p = tt_space_param(&s->tt, i);
        json_object *json;

        if (find_value(s, values, i, &json)) {
            rc = space_value_from_json(s, i, json, &list[i], e);
            if (rc < 0)
                goto fail;
            list[i].text = arena_str(&out->arena, list[i].text);
        } else {
            list[i].number = p->default_number;
            list[i].text = arena_str(&out->arena, p->default_text);
        }
    }
    settle(s, list);
    out->tt.size = sizeof out->tt;
    out->tt.value_size = sizeof *list;
    out->tt.n_values = s->tt.n_params;
    out->tt.values = list;
    rc = space_check(s, &out->tt, e);
    if (rc == 0)
        return 0;
fail:
    candidate_fini(out);
    return rc;
}

void space_hash(const struct space *s, const struct tt_candidate *c,
                char hex[65])
{
    json_object *json = space_to_json(s, c);
    struct buf text = { 0 };

    json_canonical(json, &text);
    crypt_sha256_hex(text.data, text.len, hex);
    buf_fini(&text);
    json_object_put(json);
}
