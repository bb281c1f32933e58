/* SPDX-License-Identifier: MIT
 *
 * json_scan.c - is a text strict I-JSON (RFC 8259, RFC 7493)? No recursion, no
 * memory that the text could make large beyond its own size. Noncharacters
 * such as U+FFFF pass: they are harmless, and a model may write one. */
#include "config.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/json.h"
#include "core/base/mem.h"

const struct json_limits json_limits_request = { 1u << 20, 32, 50000 };
const struct json_limits json_limits_document = { 64u << 20, 64, 5000000 };

#define MAX_SAFE_INTEGER 9007199254740992.0 /* 2^53 */
#define MAX_NUMBER_BYTES 1000 /* strtod is slow on what nobody needs */

struct frame {
    bool object;
    size_t first_key;   /* where its keys start in keys */
    size_t first_bytes; /* and their bytes in names */
};

struct key {
    size_t name, n; /* decoded, in names */
    size_t at;      /* in the text */
};

struct scan {
    const unsigned char *text;
    size_t n, at;
    const struct json_limits *limits;
    size_t tokens;
    struct frame *frames;
    unsigned depth;
    struct buf names; /* of the open objects only */
    struct key *keys;
    size_t n_keys, cap_keys;
    struct err *e;
};

__attribute__((format(printf, 4, 5)))
static int fail(struct scan *s, int code, size_t at, const char *format, ...)
{
    char what[200];
    size_t i, line = 1, column = 1;
    va_list args;

    va_start(args, format);
    (void)vsnprintf(what, sizeof what, format, args);
    va_end(args);
    for (i = 0; i < at && i < s->n; i++) {
        if (s->text[i] == '\n') {
            line++;
            column = 1;
        } else if ((s->text[i] & 0xC0) != 0x80) {
            column++; /* characters, as editors count */
        }
    }
    return err_set(s->e, code, "JSON: line %zu, column %zu: %s", line, column,
                   what);
}

static int unexpected(struct scan *s, const char *wanted)
{
    unsigned char c;

    if (s->at >= s->n)
        return fail(s, TT_EJSON, s->at, "the text ends, expected %s", wanted);
    c = s->text[s->at];
    if (c > 0x20 && c < 0x7f)
        return fail(s, TT_EJSON, s->at, "unexpected '%c', expected %s", c,
                    wanted);
    return fail(s, TT_EJSON, s->at, "unexpected byte 0x%02X, expected %s", c,
                wanted);
}

static int peek(const struct scan *s)
{
    return s->at < s->n ? s->text[s->at] : -1;
}

static void skip_space(struct scan *s)
{
    int c;

    while ((c = peek(s)) == ' ' || c == '\t' || c == '\n' || c == '\r')
        s->at++;
}

static int count_token(struct scan *s)
{
    if (++s->tokens > s->limits->max_tokens)
        return fail(s, TT_ETOOBIG, s->at, "more than %zu values and keys",
                    s->limits->max_tokens);
    return 0;
}

/* --- strings -------------------------------------------------------------- */

/* Bytes of the well-formed UTF-8 sequence at p (RFC 3629 table), 0 if none. */
static size_t utf8_length(const unsigned char *p, size_t n)
{
    unsigned char lo = 0x80, hi = 0xBF;
    size_t len, i;

    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xC2 || p[0] > 0xF4)
        return 0;
    len = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    if (n < len)
        return 0;
    switch (p[0]) { /* overlong forms, surrogates, beyond U+10FFFF */
    case 0xE0: lo = 0xA0; break;
    case 0xED: hi = 0x9F; break;
    case 0xF0: lo = 0x90; break;
    case 0xF4: hi = 0x8F; break;
    default: break;
    }
    if (p[1] < lo || p[1] > hi)
        return 0;
    for (i = 2; i < len; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    return len;
}

static void put_utf8(struct buf *b, unsigned c)
{
    char out[4];
    size_t n;

    if (c < 0x80) {
        out[0] = (char)c;
        n = 1;
    } else if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        n = 2;
    } else if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        n = 3;
    } else {
        out[0] = (char)(0xF0 | c >> 18);
        out[1] = (char)(0x80 | (c >> 12 & 0x3F));
        out[2] = (char)(0x80 | (c >> 6 & 0x3F));
        out[3] = (char)(0x80 | (c & 0x3F));
        n = 4;
    }
    buf_add(b, out, n);
}

static int hex4(struct scan *s, unsigned *out)
{
    unsigned v = 0, i;

    for (i = 0; i < 4; i++, s->at++) {
        int c = peek(s);

        if (c >= '0' && c <= '9')
            v = v << 4 | (unsigned)(c - '0');
        else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
            v = v << 4 | (unsigned)((c | 0x20) - 'a' + 10);
        else
            return unexpected(s, "four hex digits behind \\u");
    }
    *out = v;
    return 0;
}

/* Behind "\u"; start is the backslash. */
static int scan_unicode(struct scan *s, size_t start, struct buf *decoded)
{
    unsigned c, low;
    int code = hex4(s, &c);

    if (code != 0)
        return code;
    if (c == 0)
        return fail(s, TT_EJSON, start, "U+0000 is not allowed");
    if (c >= 0xDC00 && c <= 0xDFFF)
        return fail(s, TT_EJSON, start, "a low surrogate without a high one");
    if (c >= 0xD800 && c <= 0xDBFF) {
        if (s->n - s->at < 2 || s->text[s->at] != '\\' ||
            s->text[s->at + 1] != 'u')
            return fail(s, TT_EJSON, start, "a high surrogate alone");
        s->at += 2;
        code = hex4(s, &low);
        if (code != 0)
            return code;
        if (low < 0xDC00 || low > 0xDFFF)
            return fail(s, TT_EJSON, start, "a high surrogate alone");
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
    }
    if (decoded != NULL)
        put_utf8(decoded, c);
    return 0;
}

static int scan_escape(struct scan *s, struct buf *decoded)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    size_t start = s->at++;
    int c = peek(s);
    const char *found;

    if (c == 'u') {
        s->at++;
        return scan_unicode(s, start, decoded);
    }
    found = c > 0 ? strchr(from, c) : NULL;
    if (found == NULL)
        return unexpected(s, "one of \"\\/bfnrtu behind a backslash");
    s->at++;
    if (decoded != NULL)
        buf_add(decoded, &to[found - from], 1);
    return 0;
}

/* At a quote; the content goes to decoded unless that is NULL. */
static int scan_string(struct scan *s, struct buf *decoded)
{
    size_t start = s->at++, n;
    int c, code;

    for (;;) {
        c = peek(s);
        if (c < 0)
            return fail(s, TT_EJSON, start, "a string without an end");
        if (c == '"') {
            s->at++;
            return 0;
        }
        if (c == '\\') {
            code = scan_escape(s, decoded);
            if (code != 0)
                return code;
            continue;
        }
        if (c < 0x20)
            return fail(s, TT_EJSON, s->at,
                        "control character 0x%02X in a string, escape it",
                        (unsigned)c);
        n = utf8_length(s->text + s->at, s->n - s->at);
        if (n == 0)
            return fail(s, TT_EJSON, s->at, "byte 0x%02X is not UTF-8",
                        (unsigned)c);
        if (decoded != NULL)
            buf_add(decoded, s->text + s->at, n);
        s->at += n;
    }
}

/* --- numbers and literals --------------------------------------------------- */

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static int digits(struct scan *s)
{
    if (!is_digit(peek(s)))
        return unexpected(s, "a digit");
    while (is_digit(peek(s)))
        s->at++;
    return 0;
}

static int check_range(struct scan *s, size_t start, bool whole)
{
    char copy[MAX_NUMBER_BYTES + 1];
    size_t n = s->at - start;
    double value;

    if (n > MAX_NUMBER_BYTES)
        return fail(s, TT_EJSON, start, "a number of more than %d characters",
                    MAX_NUMBER_BYTES);
    memcpy(copy, s->text + start, n);
    copy[n] = '\0';
    value = strtod(copy, NULL);
    if (!isfinite(value))
        return fail(s, TT_EJSON, start, "a number beyond the range of a double");
    /* Text, not value: 2^53 + 1 already rounds to 2^53. */
    if (whole && (fabs(value) > MAX_SAFE_INTEGER ||
                  (fabs(value) == MAX_SAFE_INTEGER &&
                   strcmp(copy + (copy[0] == '-'), "9007199254740992") != 0)))
        return fail(s, TT_EJSON, start,
                    "an integer beyond 2^53, give it as a string");
    return 0;
}

static int scan_number(struct scan *s)
{
    size_t start = s->at;
    bool whole = true;
    int code;

    if (peek(s) == '-')
        s->at++;
    if (peek(s) == '0') {
        s->at++;
        if (is_digit(peek(s)))
            return fail(s, TT_EJSON, start, "a number with a leading zero");
    } else {
        code = digits(s);
        if (code != 0)
            return code;
    }
    if (peek(s) == '.') {
        whole = false;
        s->at++;
        code = digits(s);
        if (code != 0)
            return code;
    }
    if (peek(s) == 'e' || peek(s) == 'E') {
        whole = false;
        s->at++;
        if (peek(s) == '+' || peek(s) == '-')
            s->at++;
        code = digits(s);
        if (code != 0)
            return code;
    }
    return check_range(s, start, whole);
}

static int scan_literal(struct scan *s, const char *word)
{
    size_t n = strlen(word);

    if (s->n - s->at < n || memcmp(s->text + s->at, word, n) != 0)
        return unexpected(s, "a JSON value");
    s->at += n;
    return 0;
}

/* --- containers --------------------------------------------------------------- */

static int scan_key(struct scan *s)
{
    struct key *k;
    int code;

    skip_space(s);
    if (peek(s) != '"')
        return unexpected(s, "a key in double quotes");
    code = count_token(s);
    if (code != 0)
        return code;
    if (s->n_keys == s->cap_keys) {
        s->cap_keys = s->cap_keys < 16 ? 16 : s->cap_keys * 2;
        s->keys = xrealloc(s->keys, s->cap_keys, sizeof *s->keys);
    }
    k = &s->keys[s->n_keys++];
    k->name = s->names.len;
    k->at = s->at;
    code = scan_string(s, &s->names);
    if (code != 0)
        return code;
    k->n = s->names.len - k->name;
    skip_space(s);
    if (peek(s) != ':')
        return unexpected(s, "':' behind the key");
    s->at++;
    return 0;
}

static int compare_keys(const void *a, const void *b, void *names)
{
    const struct key *x = a, *y = b;
    size_t n = x->n < y->n ? x->n : y->n;
    int c = n == 0 ? 0
                   : memcmp((const char *)names + x->name,
                            (const char *)names + y->name, n);

    if (c != 0)
        return c;
    if (x->n != y->n)
        return x->n < y->n ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at; /* the later one is at fault */
}

static int check_unique(struct scan *s, size_t first)
{
    size_t i, n = s->n_keys - first;
    struct key *k;

    if (n < 2)
        return 0;
    k = s->keys + first;
    qsort_r(k, n, sizeof *k, compare_keys, s->names.data);
    for (i = 1; i < n; i++)
        if (k[i].n == k[i - 1].n &&
            (k[i].n == 0 || memcmp(s->names.data + k[i].name,
                                   s->names.data + k[i - 1].name,
                                   k[i].n) == 0))
            return fail(s, TT_EJSON, k[i].at, "the key \"%.*s\" is there twice",
                        k[i].n > 60 ? 60 : (int)k[i].n,
                        s->names.data + k[i].name);
    return 0;
}

static int open_container(struct scan *s, bool object)
{
    struct frame *f;

    if (s->depth == s->limits->max_depth)
        return fail(s, TT_EJSON, s->at, "nested deeper than %u",
                    s->limits->max_depth);
    s->at++;
    f = &s->frames[s->depth++];
    f->object = object;
    f->first_key = s->n_keys;
    f->first_bytes = s->names.len;
    return 0;
}

static int close_container(struct scan *s)
{
    struct frame *f = &s->frames[--s->depth];
    int code;

    s->at++;
    if (!f->object)
        return 0;
    code = check_unique(s, f->first_key);
    s->n_keys = f->first_key;
    s->names.len = f->first_bytes;
    return code;
}

/* One scalar, or the opening bracket of a container. */
static int scan_value(struct scan *s)
{
    int c, code;

    skip_space(s);
    code = count_token(s);
    if (code != 0)
        return code;
    c = peek(s);
    switch (c) {
    case '{':
    case '[':
        return open_container(s, c == '{');
    case '"':
        return scan_string(s, NULL);
    case 't':
        return scan_literal(s, "true");
    case 'f':
        return scan_literal(s, "false");
    case 'n':
        return scan_literal(s, "null");
    default:
        if (c == '-' || is_digit(c))
            return scan_number(s);
        return unexpected(s, "a JSON value");
    }
}

/* Behind a value: close what ends here, step over one comma. *more says
 * whether another value follows. */
static int scan_behind(struct scan *s, bool *more)
{
    int c, code = 0;

    *more = false;
    while (code == 0 && s->depth > 0) {
        bool object = s->frames[s->depth - 1].object;

        skip_space(s);
        c = peek(s);
        if (c == (object ? '}' : ']')) {
            code = close_container(s);
            continue;
        }
        if (c != ',')
            return unexpected(s, object ? "',' or '}'" : "',' or ']'");
        s->at++;
        *more = true;
        return object ? scan_key(s) : 0;
    }
    return code;
}

static int scan_document(struct scan *s)
{
    unsigned depth;
    bool more = true;
    int code = 0;

    if (s->n >= 3 && memcmp(s->text, "\xEF\xBB\xBF", 3) == 0)
        return fail(s, TT_EJSON, 0, "a byte order mark, save without it");
    while (more) {
        depth = s->depth;
        code = scan_value(s);
        if (code != 0)
            return code;
        if (s->depth > depth) { /* opened: what is its first element? */
            bool object = s->frames[depth].object;

            skip_space(s);
            if (peek(s) != (object ? '}' : ']')) {
                code = object ? scan_key(s) : 0;
                if (code != 0)
                    return code;
                continue;
            }
        }
        code = scan_behind(s, &more);
        if (code != 0)
            return code;
    }
    skip_space(s);
    if (s->at < s->n)
        return unexpected(s, "nothing behind the value");
    return 0;
}

int json_scan(const char *text, size_t n, const struct json_limits *limits,
              struct err *e)
{
    struct scan s = { .text = (const unsigned char *)text, .n = n,
                      .limits = limits, .e = e };
    int code;

    if (n > limits->max_bytes)
        return err_set(e, TT_ETOOBIG, "JSON: %zu bytes, at most %zu are taken",
                       n, limits->max_bytes);
    s.frames = xcalloc(limits->max_depth, sizeof *s.frames);
    code = scan_document(&s);
    free(s.frames);
    free(s.keys);
    buf_fini(&s.names);
    return code;
}
