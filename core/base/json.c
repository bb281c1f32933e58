/* SPDX-License-Identifier: MIT
 *
 * json.c - parsing behind the scanner, and getters that say what is wrong. */
#include "config.h"

#include "core/base/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/fs.h"
#include "core/base/mem.h"

/* When json-c gets no memory it may stop in the middle and call it success,
 * with an inner value or none. The text is good: it has been scanned. */
static bool is_whole(json_tokener *t, const char *text, size_t n)
{
    size_t end = json_tokener_get_parse_end(t);

    while (end < n && strchr(" \t\r\n", text[end]) != NULL)
        end++;
    return end == n;
}

json_object *json_parse(const char *text, size_t n,
                        const struct json_limits *limits, struct err *e)
{
    struct err own = { 0 };
    json_tokener *t;
    json_object *o;
    bool whole;

    e = e != NULL ? e : &own;
    if (json_scan(text, n, limits, e) != 0)
        return NULL;
    t = json_tokener_new_ex((int)limits->max_depth + 2);
    if (t == NULL) {
        err_set(e, TT_ENOMEM, "JSON: out of memory");
        return NULL;
    }
    o = json_tokener_parse_ex(t, text, (int)n);
    whole = is_whole(t, text, n);
    if (json_tokener_get_error(t) == json_tokener_continue)
        o = json_tokener_parse_ex(t, " ", 1); /* a bare number has no end */
    e->code = 0;
    if (json_tokener_get_error(t) != json_tokener_success)
        err_set(e, TT_EJSON, "JSON: %s",
                json_tokener_error_desc(json_tokener_get_error(t)));
    else if (!whole)
        err_set(e, TT_ENOMEM, "JSON: out of memory for its values");
    json_tokener_free(t);
    if (e->code != 0) {
        json_object_put(o);
        o = NULL;
    }
    return o;
}

json_object *json_parse_file(const char *path, const struct json_limits *limits,
                             struct err *e)
{
    struct buf b = { 0 };
    json_object *o = NULL;
    struct err own = { 0 };

    e = e != NULL ? e : &own;
    if (fs_read(path, limits->max_bytes, &b, e) == 0) {
        o = json_parse(b.data, b.len, limits, e);
        if (o == NULL && e->code != 0)
            err_prefix(e, "%s", path);
    }
    buf_fini(&b);
    return o;
}

json_object *json_copy(const json_object *value)
{
    json_object *out = NULL;

    if (value == NULL)
        return NULL;
    TT_ASSERT(json_object_deep_copy((json_object *)(uintptr_t)value, &out,
                                    NULL) == 0);
    return out;
}

/* --- getters ------------------------------------------------------------- */

static const char *kind_of(const json_object *v)
{
    switch (json_object_get_type((json_object *)(uintptr_t)v)) {
    case json_type_boolean:
        return "a boolean";
    case json_type_int:
    case json_type_double:
        return "a number";
    case json_type_string:
        return "a string";
    case json_type_array:
        return "an array";
    case json_type_object:
        return "an object";
    default:
        return "null";
    }
}

static int wrong(struct json_at at, const char *key, const char *must,
                 const json_object *v, struct err *e)
{
    return err_set(e, TT_EINVAL, "%s: %s: must be %s, is %s", at.where, key,
                   must, kind_of(v));
}

/* 1: there; 0: absent and optional, so that the caller has an `otherwise`;
 * TT_EINVAL: absent and required. */
static int find(struct json_at at, const char *key, bool required,
                json_object **v, struct err *e)
{
    if (json_object_is_type(at.object, json_type_object) &&
        json_object_object_get_ex(at.object, key, v))
        return 1;
    *v = NULL;
    return required ? err_set(e, TT_EINVAL, "%s: %s: is missing", at.where, key)
                    : 0;
}

int json_get_str(struct json_at at, const char *key, const char *otherwise,
                 const char **out, struct err *e)
{
    json_object *v;
    int there = find(at, key, otherwise == NULL, &v, e);

    if (there < 0)
        return there;
    if (there > 0 && !json_object_is_type(v, json_type_string))
        return wrong(at, key, "a string", v, e);
    *out = there > 0 ? json_object_get_string(v) : otherwise;
    return 0;
}

static bool is_number(const json_object *v)
{
    return json_object_is_type(v, json_type_int) ||
           json_object_is_type(v, json_type_double);
}

int json_get_num(struct json_at at, const char *key, const double *otherwise,
                 double *out, struct err *e)
{
    json_object *v;
    int there = find(at, key, otherwise == NULL, &v, e);

    if (there < 0)
        return there;
    if (there > 0 && !is_number(v))
        return wrong(at, key, "a number", v, e);
    TT_ASSERT(there > 0 || otherwise != NULL);
    *out = there > 0 ? json_object_get_double(v) : *otherwise;
    return 0;
}

int json_get_int(struct json_at at, const char *key, const int64_t *otherwise,
                 int64_t lo, int64_t hi, int64_t *out, struct err *e)
{
    json_object *v;
    int there = find(at, key, otherwise == NULL, &v, e);
    int64_t whole;
    double d;

    if (there < 0)
        return there;
    if (there == 0) {
        TT_ASSERT(otherwise != NULL);
        *out = *otherwise;
        return 0;
    }
    if (json_object_is_type(v, json_type_int)) {
        whole = json_object_get_int64(v);
    } else {
        d = is_number(v) ? json_object_get_double(v) : (double)NAN;
        if (!(d == floor(d)) || fabs(d) > 9007199254740992.0)
            return wrong(at, key, "a whole number", v, e);
        whole = (int64_t)d;
    }
    if (whole < lo || whole > hi)
        return err_set(e, TT_EINVAL, "%s: %s: must be in %lld .. %lld, is %lld",
                       at.where, key, (long long)lo, (long long)hi,
                       (long long)whole);
    *out = whole;
    return 0;
}

int json_get_bool(struct json_at at, const char *key, const bool *otherwise,
                  bool *out, struct err *e)
{
    json_object *v;
    int there = find(at, key, otherwise == NULL, &v, e);

    if (there < 0)
        return there;
    if (there > 0 && !json_object_is_type(v, json_type_boolean))
        return wrong(at, key, "true or false", v, e);
    TT_ASSERT(there > 0 || otherwise != NULL);
    *out = there > 0 ? json_object_get_boolean(v) != 0 : *otherwise;
    return 0;
}

int json_get_child(struct json_at at, const char *key, enum json_type type,
                   bool required, json_object **out, struct err *e)
{
    int there = find(at, key, required, out, e);

    if (there < 0)
        return there;
    if (there > 0 && !json_object_is_type(*out, type))
        return wrong(at, key, type == json_type_array ? "an array"
                                                      : "an object", *out, e);
    return 0;
}

int json_only(struct json_at at, const char *const *known, struct err *e)
{
    const char *const *k;

    json_object_object_foreach(at.object, key, value) {
        (void)value;
        for (k = known; *k != NULL && strcmp(*k, key) != 0; k++)
            ;
        if (*k == NULL)
            return err_set(e, TT_EINVAL, "%s: %s: no such member here; %s is "
                           "the first of those that are known", at.where, key,
                           known[0] != NULL ? known[0] : "none");
    }
    return 0;
}

/* --- unchecked ----------------------------------------------------------- */

json_object *json_child(json_object *o, const char *key)
{
    json_object *v = NULL;

    if (json_object_is_type(o, json_type_object))
        json_object_object_get_ex(o, key, &v);
    return v;
}

const char *json_str(json_object *o, const char *key)
{
    json_object *v = json_child(o, key);

    return json_object_is_type(v, json_type_string) ? json_object_get_string(v)
                                                    : NULL;
}

double json_num(json_object *o, const char *key, double otherwise)
{
    json_object *v = json_child(o, key);

    return is_number(v) ? json_object_get_double(v) : otherwise;
}

int64_t json_int(json_object *o, const char *key, int64_t otherwise)
{
    json_object *v = json_child(o, key);

    return is_number(v) ? json_object_get_int64(v) : otherwise;
}

void json_set(json_object *o, const char *key, json_object *value)
{
    TT_ASSERT(json_object_object_add(o, key, value) == 0);
}

void json_set_str(json_object *o, const char *key, const char *value)
{
    json_set(o, key, value != NULL ? json_object_new_string(value) : NULL);
}

void json_set_strn(json_object *o, const char *key, struct tt_str value)
{
    json_set(o, key, json_object_new_string_len(value.p != NULL ? value.p : "",
                                                (int)value.n));
}

void json_set_num(json_object *o, const char *key, double value)
{
    json_set(o, key, isfinite(value) ? json_object_new_double(value) : NULL);
}

void json_set_int(json_object *o, const char *key, int64_t value)
{
    json_set(o, key, json_object_new_int64(value));
}

void json_set_bool(json_object *o, const char *key, bool value)
{
    json_set(o, key, json_object_new_boolean(value));
}
