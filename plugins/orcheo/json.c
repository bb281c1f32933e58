/* SPDX-License-Identifier: MIT
 *
 * json.c - what the adapter asks of JSON values beyond json-c. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "orcheo.h"

#define DEPTH 64

void copy_text(char *dst, size_t n, const char *src)
{
    size_t len = strlen(src);

    if (len >= n)
        len = n - 1;
    memcpy(dst, src, len);
    dst[len] = '\0';
}

json_object *js_parse(struct tt_str text)
{
    json_tokener *t;
    json_object *value = NULL;

    if (text.n == 0 || text.n > INT32_MAX)
        return NULL;
    t = json_tokener_new_ex(DEPTH);
    if (t == NULL)
        return NULL;
    value = json_tokener_parse_ex(t, text.p, (int)text.n);
    /* A bare number at the end of the text waits for more; NUL ends it. */
    if (json_tokener_get_error(t) == json_tokener_continue)
        value = json_tokener_parse_ex(t, "", -1);
    if (json_tokener_get_error(t) != json_tokener_success) {
        json_object_put(value);
        value = NULL;
    }
    json_tokener_free(t);
    return value;
}

json_object *js_copy(json_object *value)
{
    json_object *copy = NULL;

    if (value != NULL && json_object_deep_copy(value, &copy, NULL) != 0)
        copy = NULL;
    return copy;
}

static bool is_number(json_object *v)
{
    return json_object_is_type(v, json_type_int) ||
           json_object_is_type(v, json_type_double);
}

static bool arrays_equal(json_object *a, json_object *b)
{
    size_t i, n = json_object_array_length(a);

    if (n != json_object_array_length(b))
        return false;
    for (i = 0; i < n; i++) {
        if (!js_equal(json_object_array_get_idx(a, i),
                      json_object_array_get_idx(b, i)))
            return false;
    }
    return true;
}

static bool objects_equal(json_object *a, json_object *b)
{
    json_object *other;

    if (json_object_object_length(a) != json_object_object_length(b))
        return false;
    json_object_object_foreach(a, key, value) {
        if (!json_object_object_get_ex(b, key, &other) ||
            !js_equal(value, other))
            return false;
    }
    return true;
}

bool js_equal(json_object *a, json_object *b)
{
    if (a == b)
        return true;
    if (a == NULL || b == NULL)
        return false;
    if (is_number(a) && is_number(b)) {
        if (json_object_is_type(a, json_type_int) &&
            json_object_is_type(b, json_type_int))
            return json_object_get_int64(a) == json_object_get_int64(b);
        return !(json_object_get_double(a) < json_object_get_double(b)) &&
               !(json_object_get_double(a) > json_object_get_double(b));
    }
    if (json_object_get_type(a) != json_object_get_type(b))
        return false;
    switch (json_object_get_type(a)) {
    case json_type_object:
        return objects_equal(a, b);
    case json_type_array:
        return arrays_equal(a, b);
    case json_type_string:
        return json_object_get_string_len(a) == json_object_get_string_len(b) &&
               memcmp(json_object_get_string(a), json_object_get_string(b),
                      (size_t)json_object_get_string_len(a)) == 0;
    case json_type_boolean:
        return json_object_get_boolean(a) == json_object_get_boolean(b);
    default:
        return true;
    }
}

json_object *js_get(json_object *o, const char *key)
{
    json_object *value = NULL;

    if (json_object_is_type(o, json_type_object))
        json_object_object_get_ex(o, key, &value);
    return value;
}

const char *js_str(json_object *o, const char *key)
{
    json_object *v = js_get(o, key);

    return json_object_is_type(v, json_type_string) ? json_object_get_string(v)
                                                    : "";
}

int64_t js_int(json_object *o, const char *key, int64_t otherwise)
{
    json_object *v = js_get(o, key);

    return is_number(v) ? json_object_get_int64(v) : otherwise;
}

json_object *js_array(json_object *o, const char *key)
{
    json_object *v = js_get(o, key);

    return json_object_is_type(v, json_type_array) ? v : NULL;
}

json_object *js_number(double value)
{
    char text[40];
    size_t n;
    int digits;

    for (digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (!(strtod(text, NULL) < value) && !(strtod(text, NULL) > value))
            break;
    }
    /* "1" would come back as an integer, and Python tells the two apart. */
    n = strlen(text);
    if (strpbrk(text, ".eEn") == NULL)
        snprintf(text + n, sizeof text - n, ".0");
    return json_object_new_double_s(value, text);
}

/* The next name of a dotted path; NULL at its end. */
static const char *next_name(const char *path, char *name, size_t n)
{
    size_t len;

    if (*path == '\0')
        return NULL;
    len = strcspn(path, ".");
    snprintf(name, n, "%.*s", (int)len, path);
    return path[len] == '.' ? path + len + 1 : path + len;
}

json_object *js_at(json_object *o, const char *path)
{
    char name[256];

    while (o != NULL && (path = next_name(path, name, sizeof name)) != NULL)
        o = js_get(o, name);
    return o;
}

int js_set_at(json_object *o, const char *path, json_object *value)
{
    char name[256];
    json_object *child;

    while ((path = next_name(path, name, sizeof name)) != NULL) {
        if (*path == '\0')
            break;
        child = js_get(o, name);
        if (!json_object_is_type(child, json_type_object)) {
            child = json_object_new_object();
            if (child == NULL || json_object_object_add(o, name, child) != 0) {
                json_object_put(child);
                json_object_put(value);
                return TT_ENOMEM;
            }
        }
        o = child;
    }
    if (path == NULL || json_object_object_add(o, name, value) != 0) {
        json_object_put(value);
        return TT_ENOMEM;
    }
    return 0;
}

void js_write(struct tt_str *out, json_object *value)
{
    size_t n = 0;

    out->p = json_object_to_json_string_length(
        value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &n);
    out->n = n;
}

/* How many bytes the UTF-8 sequence at s has; 0 when it is none. RFC 3629:
 * no surrogates, no overlong forms, nothing above U+10FFFF. */
static size_t utf8_length(const unsigned char *s, size_t n)
{
    size_t len, i;
    unsigned char lo = 0x80, hi = 0xbf;

    if (s[0] < 0x80)
        return 1;
    if (s[0] >= 0xc2 && s[0] <= 0xdf)
        len = 2;
    else if (s[0] >= 0xe0 && s[0] <= 0xef)
        len = 3;
    else if (s[0] >= 0xf0 && s[0] <= 0xf4)
        len = 4;
    else
        return 0;
    if (s[0] == 0xe0)
        lo = 0xa0;
    else if (s[0] == 0xed)
        hi = 0x9f;
    else if (s[0] == 0xf0)
        lo = 0x90;
    else if (s[0] == 0xf4)
        hi = 0x8f;
    if (len > n || s[1] < lo || s[1] > hi)
        return 0;
    for (i = 2; i < len; i++) {
        if (s[i] < 0x80 || s[i] > 0xbf)
            return 0;
    }
    return len;
}

static const char *text_poison(const char *text, size_t n)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t len;

    if (memchr(text, '\0', n) != NULL)
        return "a NUL, which PostgreSQL cannot store";
    while (n > 0) {
        len = utf8_length(s, n);
        if (len == 0)
            return "bytes that are not UTF-8 (or a lone surrogate)";
        s += len;
        n -= len;
    }
    return NULL;
}

const char *js_poison(json_object *value)
{
    const char *why = NULL;
    size_t i;

    switch (json_object_get_type(value)) {
    case json_type_string:
        return text_poison(json_object_get_string(value),
                           (size_t)json_object_get_string_len(value));
    case json_type_double:
        return isfinite(json_object_get_double(value))
                   ? NULL
                   : "a number that is not finite";
    case json_type_array:
        for (i = 0; why == NULL && i < json_object_array_length(value); i++)
            why = js_poison(json_object_array_get_idx(value, i));
        return why;
    case json_type_object: {
        json_object_object_foreach(value, key, child) {
            why = text_poison(key, strlen(key));
            if (why == NULL)
                why = js_poison(child);
            if (why != NULL)
                return why;
        }
        return NULL;
    }
    default:
        return NULL;
    }
}

/* ^\s*\[\[.+\]\]\s*$: Orcheo would put a secret of its vault in its place. */
bool js_is_secret_reference(json_object *value)
{
    const char *s, *end;

    if (!json_object_is_type(value, json_type_string))
        return false;
    s = json_object_get_string(value);
    end = s + json_object_get_string_len(value);
    while (s < end && strchr(" \t\r\n\f\v", *s) != NULL)
        s++;
    while (end > s && strchr(" \t\r\n\f\v", end[-1]) != NULL)
        end--;
    return end - s >= 5 && memcmp(s, "[[", 2) == 0 &&
           memcmp(end - 2, "]]", 2) == 0;
}

bool js_mentions(json_object *value, const char *text)
{
    size_t i;

    if (json_object_is_type(value, json_type_string))
        return strstr(json_object_get_string(value), text) != NULL;
    if (json_object_is_type(value, json_type_array)) {
        for (i = 0; i < json_object_array_length(value); i++) {
            if (js_mentions(json_object_array_get_idx(value, i), text))
                return true;
        }
    }
    if (json_object_is_type(value, json_type_object)) {
        json_object_object_foreach(value, key, child) {
            if (strstr(key, text) != NULL || js_mentions(child, text))
                return true;
        }
    }
    return false;
}
