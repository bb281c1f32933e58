/* SPDX-License-Identifier: MIT
 *
 * json_scan.c - is this strict I-JSON (RFC 8259, RFC 7493)? One pass over the
 * bytes before json-c sees them. Keys of open objects are remembered by place
 * and compared decoded, so that "a" and "\u0061" are the same key. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "core/base/json.h"
#include "core/base/mem.h"

const struct json_limits json_limits_request = { 1u << 20, 32, 50000 };
const struct json_limits json_limits_document = { 64u << 20, 64, 5000000 };

/* Keys are short; a hash first, the bytes only where hashes meet. */
struct key {
    uint64_t hash;
    const char *p; /* behind the opening quote */
    size_t n;      /* raw bytes */
};

struct scan {
    const char *start, *p, *end;
    const struct json_limits *limits;
    unsigned depth;
    size_t tokens;
    struct key *keys; /* of all open objects, innermost last */
    size_t n_keys, cap_keys;
    struct err *e;
};

static int fail(struct scan *s, const char *what)
{
    unsigned line = 1;
    const char *p, *bol = s->start;

    for (p = s->start; p < s->p && p < s->end; p++)
        if (*p == '\n') {
            line++;
            bol = p + 1;
        }
    return err_set(s->e, TT_EJSON, "JSON: line %u, column %u: %s", line,
                   (unsigned)(s->p - bol) + 1, what);
}

static void skip_space(struct scan *s)
{
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' ||
                             *s->p == '\r'))
        s->p++;
}

/* --- strings ------------------------------------------------------------- */

static int hex4(const char *p, const char *end, unsigned *out)
{
    unsigned v = 0, i;
    char c;

    if (end - p < 4)
        return -1;
    for (i = 0; i < 4; i++) {
        c = p[i];
        if (c >= '0' && c <= '9')
            v = v * 16 + (unsigned)(c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            v = v * 16 + (unsigned)((c | 0x20) - 'a') + 10;
        else
            return -1;
    }
    *out = v;
    return 0;
}

/* One UTF-8 sequence at s->p; its code point, or -1. Overlong forms,
 * surrogates and what is above U+10FFFF are refused. */
static long utf8(const struct scan *s, size_t *n)
{
    const unsigned char *p = (const unsigned char *)s->p;
    size_t left = (size_t)(s->end - s->p), len, i;
    static const long least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
    long v;

    len = p[0] < 0x80 ? 1 : p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    if (len > left || (p[0] >= 0x80 && p[0] < 0xC2) || p[0] > 0xF4)
        return -1;
    v = len == 1 ? p[0] : p[0] & (0xFF >> (len + 1));
    for (i = 1; i < len; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return -1;
        v = v << 6 | (p[i] & 0x3F);
    }
    if (v < least[len] || v > 0x10FFFF || (v >= 0xD800 && v <= 0xDFFF))
        return -1;
    *n = len;
    return v;
}

/* The code point of an escape (s->p behind the backslash), or -1 said. */
static long escape(struct scan *s)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *at;
    unsigned hi, lo;

    if (s->p == s->end)
        return fail(s, "the text ends inside of a string");
    at = *s->p == '\0' ? NULL : strchr(from, *s->p);
    if (at != NULL) {
        s->p++;
        return to[at - from];
    }
    if (*s->p != 'u' || hex4(s->p + 1, s->end, &hi) != 0)
        return fail(s, "an unknown escape");
    if (hi == 0)
        return fail(s, "U+0000 is not allowed");
    if (hi >= 0xDC00 && hi <= 0xDFFF)
        return fail(s, "half of a surrogate pair");
    s->p += 5;
    if (hi < 0xD800 || hi > 0xDBFF)
        return (long)hi;
    if (s->end - s->p < 6 || s->p[0] != '\\' || s->p[1] != 'u' ||
        hex4(s->p + 2, s->end, &lo) != 0 || lo < 0xDC00 || lo > 0xDFFF)
        return fail(s, "half of a surrogate pair");
    s->p += 6;
    return 0x10000 + (long)((hi - 0xD800) << 10) + (long)(lo - 0xDC00);
}

/* The next code point of a string, -1 said, or 0 at the closing quote. */
static long next_point(struct scan *s)
{
    size_t n;
    long v;

    if (s->p >= s->end)
        return fail(s, "the text ends inside of a string");
    if (*s->p == '"')
        return 0;
    if (*s->p == '\\') {
        s->p++;
        return escape(s);
    }
    if ((unsigned char)*s->p < 0x20)
        return fail(s, "a control character in a string");
    v = utf8(s, &n);
    if (v < 0)
        return fail(s, "not UTF-8");
    s->p += n;
    return v;
}

/* s->p at the opening quote; *hash over the decoded code points. */
static int scan_string(struct scan *s, uint64_t *hash)
{
    uint64_t h = 14695981039346656037u;
    long v;

    s->p++;
    while ((v = next_point(s)) > 0)
        h = (h ^ (uint64_t)v) * 1099511628211u;
    if (v < 0)
        return (int)v;
    s->p++;
    *hash = h;
    return 0;
}

/* --- numbers ------------------------------------------------------------- */

static size_t digits(struct scan *s)
{
    const char *from = s->p;

    while (s->p < s->end && *s->p >= '0' && *s->p <= '9')
        s->p++;
    return (size_t)(s->p - from);
}

static int scan_number(struct scan *s)
{
    const char *from = s->p;
    char text[400];
    bool whole = true;
    size_t n;
    double v;

    s->p += *s->p == '-';
    if (s->p < s->end && *s->p == '0')
        s->p++;
    else if (digits(s) == 0)
        return fail(s, "not a value");
    if (s->p < s->end && *s->p == '.') {
        whole = false;
        s->p++;
        if (digits(s) == 0)
            return fail(s, "a digit must follow the decimal point");
    }
    if (s->p < s->end && (*s->p == 'e' || *s->p == 'E')) {
        whole = false;
        s->p++;
        s->p += s->p < s->end && (*s->p == '+' || *s->p == '-');
        if (digits(s) == 0)
            return fail(s, "a digit must follow the exponent");
    }
    n = (size_t)(s->p - from);
    if (n >= sizeof text)
        return fail(s, "a number of more than 399 characters");
    memcpy(text, from, n);
    text[n] = '\0';
    v = strtod(text, NULL);
    if (!isfinite(v))
        return fail(s, "a number beyond what a double holds");
    if (whole && fabs(v) > 9007199254740992.0)
        return fail(s, "an integer beyond 2^53; send it as a string");
    return 0;
}

/* --- values -------------------------------------------------------------- */

static int scan_value(struct scan *s);

static int scan_word(struct scan *s, const char *word)
{
    size_t n = strlen(word);

    if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n) != 0)
        return fail(s, "not a value");
    s->p += n;
    return 0;
}

static bool same_key(const struct scan *s, const struct key *a,
                     const struct key *b)
{
    struct scan x = *s, y = *s;
    long v, w;

    if (a->hash != b->hash)
        return false;
    x.e = y.e = NULL;
    x.p = a->p;
    y.p = b->p;
    do {
        v = next_point(&x);
        w = next_point(&y);
    } while (v == w && v > 0);
    return v == w;
}

static int add_key(struct scan *s, size_t first, struct key key)
{
    size_t i;

    for (i = first; i < s->n_keys; i++)
        if (same_key(s, &s->keys[i], &key))
            return fail(s, "the same key twice in one object");
    if (s->n_keys == s->cap_keys) {
        s->cap_keys = s->cap_keys != 0 ? 2 * s->cap_keys : 32;
        s->keys = xrealloc(s->keys, s->cap_keys, sizeof *s->keys);
    }
    s->keys[s->n_keys++] = key;
    return 0;
}

static int scan_member(struct scan *s, size_t first)
{
    struct key key = { 0 };
    int code;

    if (s->p >= s->end || *s->p != '"')
        return fail(s, "a key in double quotes must stand here");
    key.p = s->p + 1;
    code = scan_string(s, &key.hash);
    if (code == 0)
        code = add_key(s, first, key);
    if (code != 0)
        return code;
    skip_space(s);
    if (s->p >= s->end || *s->p != ':')
        return fail(s, "a colon must follow the key");
    s->p++;
    return scan_value(s);
}

/* Both kinds of container: items between commas up to the closing bracket. */
static int scan_container(struct scan *s, char close)
{
    size_t first = s->n_keys;
    int code;

    if (++s->depth > s->limits->max_depth)
        return fail(s, "nested too deeply");
    s->p++;
    skip_space(s);
    if (s->p < s->end && *s->p == close) {
        s->p++;
        s->depth--;
        return 0;
    }
    for (;;) {
        skip_space(s);
        code = close == '}' ? scan_member(s, first) : scan_value(s);
        if (code != 0)
            return code;
        skip_space(s);
        if (s->p < s->end && *s->p == ',') {
            s->p++;
            continue;
        }
        if (s->p >= s->end || *s->p != close)
            return fail(s, close == '}' ? "a comma or } must stand here"
                                        : "a comma or ] must stand here");
        s->p++;
        s->n_keys = first;
        s->depth--;
        return 0;
    }
}

static int scan_value(struct scan *s)
{
    uint64_t hash;

    skip_space(s);
    if (s->p >= s->end)
        return fail(s, "the text ends where a value must stand");
    if (++s->tokens > s->limits->max_tokens)
        return err_set(s->e, TT_ETOOBIG, "JSON: more than %zu values",
                       s->limits->max_tokens);
    switch (*s->p) {
    case '{':
        return scan_container(s, '}');
    case '[':
        return scan_container(s, ']');
    case '"':
        return scan_string(s, &hash);
    case 't':
        return scan_word(s, "true");
    case 'f':
        return scan_word(s, "false");
    case 'n':
        return scan_word(s, "null");
    default:
        return scan_number(s);
    }
}

int json_scan(const char *text, size_t n, const struct json_limits *limits,
              struct err *e)
{
    struct scan s = { .start = text, .p = text, .end = text + n,
                      .limits = limits, .e = e };
    int code;

    if (n > limits->max_bytes)
        return err_set(e, TT_ETOOBIG, "JSON: larger than %zu bytes",
                       limits->max_bytes);
    code = scan_value(&s);
    if (code == 0) {
        skip_space(&s);
        if (s.p != s.end)
            code = fail(&s, "something stands behind the value");
    }
    free(s.keys);
    return code;
}
