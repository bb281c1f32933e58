/* SPDX-License-Identifier: MIT
 *
 * schema.c - see schema.h. Source: JSON Schema 2020-12, validation vocabulary. */
#include "config.h"

#include "core/base/schema.h"

#include <math.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"

enum { SCHEMA_PATH = 400 };

/* Where we are: a JSON pointer that grows and shrinks with the walk. */
struct walk {
    const char *where;
    char path[SCHEMA_PATH];
    struct err *e;
};

static size_t enter(struct walk *w, const char *key)
{
    size_t n = strlen(w->path), i = n;

    /* RFC 6901: ~ and / are written ~0 and ~1. A path too long is cut. */
    if (i + 3 < sizeof w->path)
        w->path[i++] = '/';
    for (; *key != '\0' && i + 3 < sizeof w->path; key++) {
        if (*key == '~' || *key == '/')
            w->path[i++] = '~';
        w->path[i++] = *key == '~' ? '0' : *key == '/' ? '1' : *key;
    }
    w->path[i] = '\0';
    return n;
}

static void leave(struct walk *w, size_t n)
{
    w->path[n] = '\0';
}

static int bad(struct walk *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static int bad(struct walk *w, const char *format, ...)
{
    char text[600];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return err_set(w->e, TT_EINVAL, "%s: %s: %s", w->where,
                   w->path[0] != '\0' ? w->path : "/", text);
}

/* --- types --------------------------------------------------------------- */

static bool is_number(json_object *v)
{
    return json_object_is_type(v, json_type_int) ||
           json_object_is_type(v, json_type_double);
}

static bool has_type(json_object *v, const char *type)
{
    if (strcmp(type, "number") == 0)
        return is_number(v);
    if (strcmp(type, "integer") == 0)
        return is_number(v) &&
               floor(json_object_get_double(v)) == json_object_get_double(v);
    if (strcmp(type, "string") == 0)
        return json_object_is_type(v, json_type_string);
    if (strcmp(type, "boolean") == 0)
        return json_object_is_type(v, json_type_boolean);
    if (strcmp(type, "object") == 0)
        return json_object_is_type(v, json_type_object);
    if (strcmp(type, "array") == 0)
        return json_object_is_type(v, json_type_array);
    return strcmp(type, "null") == 0 && v == NULL;
}

static const char *short_text(json_object *v)
{
    return v == NULL ? "null"
                     : json_object_to_json_string_ext(v, JSON_C_TO_STRING_PLAIN);
}

/* type may be a word or an array of words. */
static int check_type(struct walk *w, json_object *type, json_object *v)
{
    size_t i;

    if (json_object_is_type(type, json_type_string)) {
        if (has_type(v, json_object_get_string(type)))
            return 0;
    } else {
        for (i = 0; i < json_object_array_length(type); i++)
            if (has_type(v, json_object_get_string(
                                json_object_array_get_idx(type, i))))
                return 0;
    }
    return bad(w, "must be %s, is %.80s",
               json_object_is_type(type, json_type_string)
                   ? json_object_get_string(type)
                   : short_text(type), short_text(v));
}

/* --- the schema itself --------------------------------------------------- */

static const char *const keywords[] = {
    "$schema", "$id", "title", "description", "type", "enum", "const",
    "default", "properties", "required", "additionalProperties", "items",
    "minItems", "maxItems", "minimum", "maximum", "exclusiveMinimum",
    "exclusiveMaximum", "minLength", "maxLength", "pattern", "examples", NULL,
};
static const char *const types[] = { "object", "array", "string", "number",
                                     "integer", "boolean", "null", NULL };

static bool is_word(const char *const *words, const char *word)
{
    for (; *words != NULL; words++)
        if (strcmp(*words, word) == 0)
            return true;
    return false;
}

static int check_type_word(struct walk *w, json_object *type)
{
    size_t i;

    if (type == NULL)
        return 0;
    if (json_object_is_type(type, json_type_array)) {
        for (i = 0; i < json_object_array_length(type); i++) {
            json_object *one = json_object_array_get_idx(type, i);

            if (!json_object_is_type(one, json_type_string) ||
                !is_word(types, json_object_get_string(one)))
                return bad(w, "type: must hold words such as \"string\"");
        }
        return 0;
    }
    if (!json_object_is_type(type, json_type_string) ||
        !is_word(types, json_object_get_string(type)))
        return bad(w, "type: must be one of object, array, string, number, "
                   "integer, boolean, null");
    return 0;
}

static int check_schema(struct walk *w, json_object *schema);

static int check_properties(struct walk *w, json_object *properties)
{
    size_t n;
    int code;

    if (properties == NULL)
        return 0;
    if (!json_object_is_type(properties, json_type_object))
        return bad(w, "properties: must be an object");
    json_object_object_foreach(properties, key, child) {
        n = enter(w, key);
        code = check_schema(w, child);
        leave(w, n);
        if (code != 0)
            return code;
    }
    return 0;
}

static int check_pattern(struct walk *w, json_object *pattern)
{
    regex_t re;

    if (pattern == NULL)
        return 0;
    if (!json_object_is_type(pattern, json_type_string) ||
        regcomp(&re, json_object_get_string(pattern),
                REG_EXTENDED | REG_NOSUB) != 0)
        return bad(w, "pattern: must be a POSIX extended regular expression");
    regfree(&re);
    return 0;
}

/* A bound of the wrong type would bind nothing. */
static int check_bounds(struct walk *w, json_object *schema)
{
    static const char *const numbers[] = { "minimum", "maximum",
        "exclusiveMinimum", "exclusiveMaximum", NULL };
    static const char *const counts[] = { "minLength", "maxLength", "minItems",
        "maxItems", NULL };

    json_object_object_foreach(schema, key, value) {
        if (is_word(numbers, key) && !is_number(value))
            return bad(w, "%s: must be a number", key);
        if (is_word(counts, key) && (!has_type(value, "integer") ||
                                     json_object_get_double(value) < 0))
            return bad(w, "%s: must be a whole number from 0", key);
    }
    return 0;
}

static int check_lists(struct walk *w, json_object *schema)
{
    json_object *list;
    size_t i;

    if (json_object_object_get_ex(schema, "enum", &list) &&
        (!json_object_is_type(list, json_type_array) ||
         json_object_array_length(list) == 0))
        return bad(w, "enum: must be an array with at least one value");
    if (!json_object_object_get_ex(schema, "required", &list))
        return 0;
    if (!json_object_is_type(list, json_type_array))
        return bad(w, "required: must be an array of names");
    for (i = 0; i < json_object_array_length(list); i++)
        if (!json_object_is_type(json_object_array_get_idx(list, i),
                                 json_type_string))
            return bad(w, "required: must be an array of names");
    return 0;
}

static int check_schema(struct walk *w, json_object *schema)
{
    json_object *items, *more;
    int code;

    if (!json_object_is_type(schema, json_type_object))
        return bad(w, "a schema must be an object");
    json_object_object_foreach(schema, key, value) {
        (void)value;
        if (!is_word(keywords, key))
            return bad(w, "%s: a keyword that is not supported here", key);
    }
    code = check_bounds(w, schema);
    if (code == 0)
        code = check_lists(w, schema);
    if (code == 0)
        code = check_type_word(w, json_child(schema, "type"));
    if (code == 0)
        code = check_pattern(w, json_child(schema, "pattern"));
    if (code == 0)
        code = check_properties(w, json_child(schema, "properties"));
    items = json_child(schema, "items");
    if (code == 0 && items != NULL)
        code = check_schema(w, items);
    more = json_child(schema, "additionalProperties");
    if (code == 0 && more != NULL &&
        !json_object_is_type(more, json_type_boolean))
        code = check_schema(w, more);
    return code;
}

int schema_check(json_object *schema, struct err *e)
{
    struct walk w = { .where = "schema", .e = e };

    return check_schema(&w, schema);
}

/* --- values -------------------------------------------------------------- */

static int apply(struct walk *w, json_object *schema, json_object *v);

static int apply_enum(struct walk *w, json_object *schema, json_object *v)
{
    json_object *list = json_child(schema, "enum"), *one;
    size_t i;

    for (i = 0; list != NULL && i < json_object_array_length(list); i++)
        if (json_equal(json_object_array_get_idx(list, i), v))
            return 0;
    if (list != NULL)
        return bad(w, "must be one of %.300s, is %.80s", short_text(list),
                   short_text(v));
    if (json_object_object_get_ex(schema, "const", &one) &&
        !json_equal(one, v))
        return bad(w, "must be %.100s, is %.80s", short_text(one),
                   short_text(v));
    return 0;
}

static int apply_number(struct walk *w, json_object *schema, json_object *v)
{
    double d = json_object_get_double(v);

    if (d < json_num(schema, "minimum", -HUGE_VAL))
        return bad(w, "must be at least %g, is %g",
                   json_num(schema, "minimum", 0), d);
    if (d > json_num(schema, "maximum", HUGE_VAL))
        return bad(w, "must be at most %g, is %g",
                   json_num(schema, "maximum", 0), d);
    if (json_child(schema, "exclusiveMinimum") != NULL &&
        d <= json_num(schema, "exclusiveMinimum", 0))
        return bad(w, "must be above %g, is %g",
                   json_num(schema, "exclusiveMinimum", 0), d);
    if (json_child(schema, "exclusiveMaximum") != NULL &&
        d >= json_num(schema, "exclusiveMaximum", 0))
        return bad(w, "must be below %g, is %g",
                   json_num(schema, "exclusiveMaximum", 0), d);
    return 0;
}

/* Lengths count characters, as the standard says. */
static int64_t length_of(const char *s)
{
    int64_t n = 0;

    for (; *s != '\0'; s++)
        n += ((unsigned char)*s & 0xC0) != 0x80;
    return n;
}

static int apply_string(struct walk *w, json_object *schema, json_object *v)
{
    const char *s = json_object_get_string(v), *pattern;
    int64_t n = length_of(s);
    regex_t re;
    int code;

    if (n < json_int(schema, "minLength", 0))
        return bad(w, "must have at least %lld characters, has %lld",
                   (long long)json_int(schema, "minLength", 0), (long long)n);
    if (n > json_int(schema, "maxLength", INT64_MAX))
        return bad(w, "must have at most %lld characters, has %lld",
                   (long long)json_int(schema, "maxLength", 0), (long long)n);
    pattern = json_str(schema, "pattern");
    if (pattern == NULL)
        return 0;
    if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return bad(w, "the schema's pattern %.80s cannot be read", pattern);
    code = regexec(&re, s, 0, NULL, 0);
    regfree(&re);
    return code == 0 ? 0 : bad(w, "must match %s, is \"%.80s\"", pattern, s);
}

static int apply_array(struct walk *w, json_object *schema, json_object *v)
{
    json_object *items = json_child(schema, "items");
    size_t n = json_object_array_length(v), i, mark;
    char index[24];
    int code = 0;

    if ((int64_t)n < json_int(schema, "minItems", 0))
        return bad(w, "must have at least %lld items, has %zu",
                   (long long)json_int(schema, "minItems", 0), n);
    if ((int64_t)n > json_int(schema, "maxItems", INT64_MAX))
        return bad(w, "must have at most %lld items, has %zu",
                   (long long)json_int(schema, "maxItems", 0), n);
    for (i = 0; code == 0 && items != NULL && i < n; i++) {
        snprintf(index, sizeof index, "%zu", i);
        mark = enter(w, index);
        code = apply(w, items, json_object_array_get_idx(v, i));
        leave(w, mark);
    }
    return code;
}

static void fill_in(json_object *properties, json_object *v)
{
    json_object *otherwise, *there;

    json_object_object_foreach(properties, key, child) {
        if (!json_object_object_get_ex(v, key, &there) &&
            json_object_object_get_ex(child, "default", &otherwise))
            json_set(v, key, json_copy(otherwise));
    }
}

static int apply_required(struct walk *w, json_object *schema, json_object *v)
{
    json_object *list = json_child(schema, "required"), *there;
    const char *key;
    size_t i;

    for (i = 0; list != NULL && i < json_object_array_length(list); i++) {
        key = json_object_get_string(json_object_array_get_idx(list, i));
        if (!json_object_object_get_ex(v, key, &there))
            return bad(w, "%s: is missing", key);
    }
    return 0;
}

static int apply_member(struct walk *w, json_object *schema, const char *key,
                        json_object *member)
{
    json_object *properties = json_child(schema, "properties");
    json_object *more = json_child(schema, "additionalProperties");
    json_object *child = json_child(properties, key);
    size_t mark;
    int code;

    if (child == NULL && json_object_is_type(more, json_type_boolean) &&
        !json_object_get_boolean(more))
        return bad(w, "%s: no such setting", key);
    if (child == NULL)
        child = json_object_is_type(more, json_type_object) ? more : NULL;
    if (child == NULL)
        return 0;
    mark = enter(w, key);
    code = apply(w, child, member);
    leave(w, mark);
    return code;
}

static int apply_object(struct walk *w, json_object *schema, json_object *v)
{
    json_object *properties = json_child(schema, "properties");
    int code = apply_required(w, schema, v);

    if (code != 0)
        return code;
    if (properties != NULL)
        fill_in(properties, v);
    json_object_object_foreach(v, key, member) {
        code = apply_member(w, schema, key, member);
        if (code != 0)
            return code;
    }
    return 0;
}

static int apply(struct walk *w, json_object *schema, json_object *v)
{
    json_object *type = json_child(schema, "type");
    int code = type != NULL ? check_type(w, type, v) : 0;

    if (code == 0)
        code = apply_enum(w, schema, v);
    if (code != 0)
        return code;
    if (is_number(v))
        return apply_number(w, schema, v);
    if (json_object_is_type(v, json_type_string))
        return apply_string(w, schema, v);
    if (json_object_is_type(v, json_type_array))
        return apply_array(w, schema, v);
    if (json_object_is_type(v, json_type_object))
        return apply_object(w, schema, v);
    return 0;
}

int schema_apply(json_object *schema, json_object *value, const char *where,
                 struct err *e)
{
    struct walk w = { .where = where, .e = e };

    return apply(&w, schema, value);
}
