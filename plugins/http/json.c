/* SPDX-License-Identifier: MIT
 *
 * json.c - what the adapter asks of JSON values beyond json-c. */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"

#define DEPTH 64

/* --- text ----------------------------------------------------------------- */

/* How many bytes the UTF-8 sequence at s has; 0 when it is none. */
static size_t utf8_length(const unsigned char *s, size_t n)
{
    size_t len, i;
    unsigned char lo = 0x80, hi = 0xbf;

    if (s[0] < 0x80)
        return 1;
    len = s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3
          : s[0] < 0xf5 ? 4 : 0;
    if (len == 0 || len > n)
        return 0;
    if (s[0] == 0xe0)
        lo = 0xa0;
    else if (s[0] == 0xed)
        hi = 0x9f;
    else if (s[0] == 0xf0)
        lo = 0x90;
    else if (s[0] == 0xf4)
        hi = 0x8f;
    if (s[1] < lo || s[1] > hi)
        return 0;
    for (i = 2; i < len; i++) {
        if (s[i] < 0x80 || s[i] > 0xbf)
            return 0;
    }
    return len;
}

void copy_text(char *dst, size_t n, struct tt_str src)
{
    size_t used = 0, at = 0, len;

    while (at < src.n) {
        len = utf8_length((const unsigned char *)src.p + at,
                          (size_t)src.n - at);
        if (used + (len > 0 ? len : 1) >= n)
            break;
        if (len == 0 || (unsigned char)src.p[at] < ' ') {
            dst[used++] = len == 0 ? '?' : ' ';
            at++;
            continue;
        }
        memcpy(dst + used, src.p + at, len);
        used += len;
        at += len;
    }
    dst[used] = '\0';
}

void append(char *dst, size_t n, const char *format, ...)
{
    size_t used = strlen(dst);
    va_list args;

    va_start(args, format);
    vsnprintf(dst + used, n - used, format, args);
    va_end(args);
}

/* --- values --------------------------------------------------------------- */

static bool only_space(const char *p, size_t n)
{
    while (n > 0 && strchr(" \t\r\n", *p) != NULL && *p != '\0') {
        p++;
        n--;
    }
    return n == 0;
}

json_object *js_parse(struct tt_str text)
{
    json_tokener *t;
    json_object *value = NULL;
    size_t end;

    if (text.n == 0 || text.n > INT32_MAX)
        return NULL;
    t = json_tokener_new_ex(DEPTH);
    if (t == NULL)
        return NULL;
    json_tokener_set_flags(t, JSON_TOKENER_VALIDATE_UTF8);
    value = json_tokener_parse_ex(t, text.p, (int)text.n);
    end = json_tokener_get_parse_end(t);
    /* A bare number at the end of the text waits for more; NUL ends it. */
    if (json_tokener_get_error(t) == json_tokener_continue) {
        value = json_tokener_parse_ex(t, "", -1);
        end = (size_t)text.n;
    }
    if (json_tokener_get_error(t) != json_tokener_success ||
        !only_space(text.p + end, (size_t)text.n - end)) {
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
                                                    : NULL;
}

json_object *js_text(struct tt_str text)
{
    return json_object_new_string_len(text.n > 0 ? text.p : "", (int)text.n);
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

void js_write(struct tt_str *out, json_object *value)
{
    size_t n = 0;

    out->p = json_object_to_json_string_length(
        value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &n);
    out->n = n;
}

double js_measure(json_object *value, char *what, size_t n)
{
    struct tt_str text = { "null", 4 };
    double x = (double)NAN;

    if (json_object_is_type(value, json_type_boolean))
        return json_object_get_boolean(value) ? 1.0 : 0.0;
    if (json_object_is_type(value, json_type_int) ||
        json_object_is_type(value, json_type_double))
        x = json_object_get_double(value);
    if (isfinite(x))
        return x;
    if (value != NULL)
        js_write(&text, value);
    if (text.n > 60)
        text.n = 60;
    copy_text(what, n, text);
    return (double)NAN;
}

/* --- RFC 6901 ------------------------------------------------------------- */

bool js_is_pointer(const char *text)
{
    const char *p;

    if (*text != '\0' && *text != '/')
        return false;
    for (p = strchr(text, '~'); p != NULL; p = strchr(p + 1, '~')) {
        if (p[1] != '0' && p[1] != '1')
            return false;
    }
    return strlen(text) < 400;
}

/* The next name of a pointer, decoded. NULL at its end. */
static const char *next_name(const char *pointer, char *name, size_t n)
{
    size_t used = 0;

    if (*pointer != '/')
        return NULL;
    for (pointer++; *pointer != '\0' && *pointer != '/'; pointer++) {
        char c = *pointer;

        if (c == '~' && pointer[1] != '\0')
            c = *++pointer == '1' ? '/' : '~';
        if (used + 1 < n)
            name[used++] = c;
    }
    name[used] = '\0';
    return pointer;
}

static bool step(json_object *o, const char *name, json_object **out)
{
    char *end;
    unsigned long i;

    if (json_object_is_type(o, json_type_object))
        return json_object_object_get_ex(o, name, out);
    if (!json_object_is_type(o, json_type_array) || *name < '0' || *name > '9')
        return false;
    i = strtoul(name, &end, 10);
    if (*end != '\0' || i >= json_object_array_length(o))
        return false;
    *out = json_object_array_get_idx(o, i);
    return true;
}

bool js_pointer(json_object *o, const char *pointer, json_object **out)
{
    char name[400];

    *out = o;
    while ((pointer = next_name(pointer, name, sizeof name)) != NULL) {
        if (!step(*out, name, out)) {
            *out = NULL;
            return false;
        }
    }
    return true;
}
