/* SPDX-License-Identifier: MIT
 *
 * config_draw.c - configurations that a schema allows. Numbers are often at the
 * edge of their range, texts are often empty or strange. */
#include "config.h"

#include <math.h>
#include <string.h>
#include <trimtab/random.h>

#include "core/base/mem.h"
#include "core/check/subject.h"

static json_object *draw(json_object *schema, struct tt_random *r,
                         unsigned depth);

static bool one_in(struct tt_random *r, uint64_t n)
{
    return tt_random_below(r, n) == 0;
}

/* The first of a list of types, or the only one. */
static const char *type_of(json_object *schema)
{
    json_object *type = json_child(schema, "type");

    if (json_object_is_type(type, json_type_array))
        type = json_object_array_get_idx(type, 0);
    return type != NULL ? json_object_get_string(type) : NULL;
}

static json_object *draw_number(json_object *schema, struct tt_random *r,
                                bool whole)
{
    double lo = json_num(schema, "minimum",
                         json_num(schema, "exclusiveMinimum", -1e6));
    double hi = json_num(schema, "maximum",
                         json_num(schema, "exclusiveMaximum",
                                  lo > 1e6 ? lo * 2 : 1e6));
    double step = whole ? 1 : (hi - lo) * 1e-9;
    double x;

    if (json_child(schema, "exclusiveMinimum") != NULL)
        lo = nextafter(lo + step, hi);
    if (json_child(schema, "exclusiveMaximum") != NULL)
        hi = nextafter(hi - step, lo);
    x = one_in(r, 3) ? lo : one_in(r, 2) ? hi
                                         : lo + (hi - lo) * tt_random_unit(r);
    if (whole)
        x = one_in(r, 2) ? ceil(lo) : x < lo + 0.5 ? ceil(lo) : floor(x);
    return whole ? json_object_new_int64((int64_t)x)
                 : json_object_new_double(x);
}

static json_object *draw_string(json_object *schema, struct tt_random *r)
{
    static const char *const odd[] = {
        "", "x", "default", "%s%n", "../../etc/passwd", "a b\tc\n",
        "\xe2\x82\xac\xf0\x9f\x98\x80", "http://127.0.0.1:1", "0", "null",
    };
    size_t least = (size_t)json_int(schema, "minLength", 0);
    size_t most = (size_t)json_int(schema, "maxLength", 4096);
    const char *text = odd[tt_random_below(r, TT_ARRAY_LEN(odd))];
    struct buf long_one = { 0 };
    json_object *out;
    size_t i, n;

    if (json_child(schema, "pattern") == NULL && strlen(text) >= least &&
        strlen(text) <= most)
        return json_object_new_string(text);
    n = least > 0 ? least : most < 1 ? most : 1;
    for (i = 0; i < n; i++)
        buf_adds(&long_one, "a");
    out = json_object_new_string(long_one.data != NULL ? long_one.data : "");
    buf_fini(&long_one);
    return out;
}

static json_object *draw_array(json_object *schema, struct tt_random *r,
                               unsigned depth)
{
    json_object *items = json_child(schema, "items");
    json_object *list = json_object_new_array();
    int64_t least = json_int(schema, "minItems", 0), i;
    int64_t most = json_int(schema, "maxItems", least + 3);
    int64_t n = least + (int64_t)tt_random_below(
                            r, (uint64_t)(most - least < 8 ? most - least : 8) +
                                   1);

    for (i = 0; i < n; i++)
        json_object_array_add(list, draw(items, r, depth + 1));
    return list;
}

static bool is_required(json_object *schema, const char *key)
{
    json_object *list = json_child(schema, "required");
    size_t i;

    for (i = 0; list != NULL && i < json_object_array_length(list); i++)
        if (strcmp(json_object_get_string(json_object_array_get_idx(list, i)),
                   key) == 0)
            return true;
    return false;
}

static json_object *draw_object(json_object *schema, struct tt_random *r,
                                unsigned depth)
{
    json_object *properties = json_child(schema, "properties");
    json_object *o = json_object_new_object();

    if (properties == NULL)
        return o;
    json_object_object_foreach(properties, key, child)
    {
        if (is_required(schema, key) || one_in(r, 2))
            json_set(o, key, draw(child, r, depth + 1));
    }
    return o;
}

static json_object *draw(json_object *schema, struct tt_random *r,
                         unsigned depth)
{
    json_object *words = schema != NULL ? json_child(schema, "enum") : NULL;
    json_object *only = schema != NULL ? json_child(schema, "const") : NULL;
    const char *type = schema != NULL ? type_of(schema) : NULL;

    if (only != NULL)
        return json_copy(only);
    if (words != NULL)
        return json_copy(json_object_array_get_idx(
            words, tt_random_below(r, json_object_array_length(words))));
    if (type == NULL || depth > 8)
        return json_child(schema, "properties") != NULL
                   ? draw_object(schema, r, depth)
                   : json_object_new_object();
    if (strcmp(type, "object") == 0)
        return draw_object(schema, r, depth);
    if (strcmp(type, "array") == 0)
        return draw_array(schema, r, depth);
    if (strcmp(type, "string") == 0)
        return draw_string(schema, r);
    if (strcmp(type, "boolean") == 0)
        return json_object_new_boolean(one_in(r, 2));
    if (strcmp(type, "integer") == 0 || strcmp(type, "number") == 0)
        return draw_number(schema, r, type[0] == 'i');
    return NULL; /* "null" */
}

json_object *config_draw(json_object *schema, uint64_t seed)
{
    struct tt_random r = tt_random_at(seed, 0, 77);

    return draw(schema, &r, 0);
}
