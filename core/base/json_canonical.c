/* SPDX-License-Identifier: MIT
 *
 * json_canonical.c - RFC 8785 (JCS): one text for one value, so that hashes
 * and comparisons mean something. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "core/base/json.h"
#include "core/base/mem.h"

static void put_string(struct buf *out, const char *s, size_t n)
{
    static const char hex[] = "0123456789abcdef";
    char escape[7] = "\\u00";
    const char *short_form;
    size_t i, from = 0;

    buf_add(out, "\"", 1);
    for (i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];

        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buf_add(out, s + from, i - from);
        from = i + 1;
        switch (c) {
        case '"':
            short_form = "\\\"";
            break;
        case '\\':
            short_form = "\\\\";
            break;
        case '\b':
            short_form = "\\b";
            break;
        case '\f':
            short_form = "\\f";
            break;
        case '\n':
            short_form = "\\n";
            break;
        case '\r':
            short_form = "\\r";
            break;
        case '\t':
            short_form = "\\t";
            break;
        default:
            escape[4] = hex[c >> 4];
            escape[5] = hex[c & 15];
            escape[6] = '\0';
            short_form = escape;
        }
        buf_adds(out, short_form);
    }
    buf_add(out, s + from, n - from);
    buf_add(out, "\"", 1);
}

/* UTF-16 order differs from UTF-8 order only between U+E000..U+FFFF and the
 * code points above U+FFFF: map lead bytes so that the latter come first. */
static int utf16_rank(unsigned char c)
{
    if (c >= 0xF0)
        return 0xEE; /* as surrogates: behind U+D7FF, before U+E000 */
    return c >= 0xEE ? c + 1 : c;
}

static int compare_keys(const void *a, const void *b)
{
    const unsigned char *x, *y;

    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    while (*x != '\0' && *x == *y) {
        x++;
        y++;
    }
    return utf16_rank(*x) - utf16_rank(*y);
}

static void put_object(json_object *o, struct buf *out)
{
    size_t n = (size_t)json_object_object_length(o), i = 0;
    const char **keys = xcalloc(n, sizeof *keys);
    json_object *v;

    json_object_object_foreach(o, key, value) {
        (void)value;
        keys[i++] = key;
    }
    qsort(keys, n, sizeof *keys, compare_keys);
    buf_add(out, "{", 1);
    for (i = 0; i < n; i++) {
        if (i > 0)
            buf_add(out, ",", 1);
        put_string(out, keys[i], strlen(keys[i]));
        buf_add(out, ":", 1);
        json_object_object_get_ex(o, keys[i], &v);
        json_canonical(v, out);
    }
    buf_add(out, "}", 1);
    free(keys);
}

static void put_array(const json_object *a, struct buf *out)
{
    size_t n = json_object_array_length(a), i;

    buf_add(out, "[", 1);
    for (i = 0; i < n; i++) {
        if (i > 0)
            buf_add(out, ",", 1);
        json_canonical(json_object_array_get_idx(a, i), out);
    }
    buf_add(out, "]", 1);
}

void json_canonical(const json_object *value, struct buf *out)
{
    /* json-c's getters want non-const objects, and do not change them. */
    json_object *v = (json_object *)(uintptr_t)value;
    char number[32];

    switch (json_object_get_type(v)) {
    case json_type_null:
        buf_adds(out, "null");
        break;
    case json_type_boolean:
        buf_adds(out, json_object_get_boolean(v) ? "true" : "false");
        break;
    case json_type_int:
    case json_type_double:
        json_number(json_object_get_double(v), number);
        buf_adds(out, number);
        break;
    case json_type_string:
        put_string(out, json_object_get_string(v),
                   (size_t)json_object_get_string_len(v));
        break;
    case json_type_array:
        put_array(v, out);
        break;
    case json_type_object:
        put_object(v, out);
        break;
    }
}

char *json_canonical_dup(const json_object *value)
{
    struct buf b = { 0 };

    json_canonical(value, &b);
    return buf_steal(&b);
}

bool json_equal(const json_object *a, const json_object *b)
{
    TT_AUTO_FREE char *x = json_canonical_dup(a);
    TT_AUTO_FREE char *y = json_canonical_dup(b);

    return strcmp(x, y) == 0;
}
