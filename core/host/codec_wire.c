/* SPDX-License-Identifier: MIT
 *
 * codec_wire.c - the primitives under the codec: a reader that remembers what
 * was wrong first, texts, counts and lists. */
#include "core/host/codec_wire.h"

#include <math.h>
#include <string.h>

#include "core/base/mem.h"

/* --- reading ------------------------------------------------------------- */

struct codec_in codec_in_of(struct tt_str bytes, struct arena *a)
{
    struct codec_in in = { .r = wire_reader_of(bytes.p, (size_t)bytes.n),
                           .arena = a };

    in.start = in.r.p;
    return in;
}

void codec_bad(struct codec_in *in, const char *why)
{
    if (in->why == NULL)
        in->why = in->r.bad ? "it ends too early" : why;
    in->r.bad = true;
}

int codec_end(struct codec_in *in, const char *what, struct err *e)
{
    if (!in->r.bad && !wire_done(&in->r))
        codec_bad(in, "bytes are left over behind it");
    if (!in->r.bad)
        return 0;
    return err_set(e, TT_EPROTOCOL, "%s: %s (near byte %zu)", what,
                   in->why != NULL ? in->why : "it ends too early",
                   in->start != NULL ? (size_t)(in->r.p - in->start) : 0);
}

uint32_t codec_get_enum(struct codec_in *in, uint32_t lo, uint32_t hi,
                        const char *why)
{
    uint32_t v = wire_get_u32(&in->r);

    if (!in->r.bad && v >= lo && v <= hi)
        return v;
    codec_bad(in, why);
    return lo;
}

uint32_t codec_get_flags(struct codec_in *in, uint32_t known, const char *why)
{
    uint32_t v = wire_get_u32(&in->r);

    if ((v & ~known) == 0)
        return v;
    codec_bad(in, why);
    return 0;
}

double codec_get_f64(struct codec_in *in)
{
    const double ours = (double)NAN;
    double v = wire_get_f64(&in->r);
    uint64_t bits, our_bits;

    memcpy(&bits, &v, sizeof bits);
    memcpy(&our_bits, &ours, sizeof our_bits);
    if (isnan(v) && bits != our_bits)
        codec_bad(in, "a NaN that is not the one we write");
    return v;
}

/* The bytes of the UTF-8 character at p, 0 when it is none. U+0000 is none.
 * Source: Unicode 15, table 3-7 (well-formed byte sequences). */
static size_t character(const unsigned char *p, const unsigned char *end)
{
    unsigned char lo = 0x80, hi = 0xbf;
    size_t n, i;

    if (p[0] >= 0x01 && p[0] <= 0x7f)
        return 1;
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 0;
    n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (p[0] == 0xe0)
        lo = 0xa0;
    else if (p[0] == 0xed)
        hi = 0x9f;
    else if (p[0] == 0xf0)
        lo = 0x90;
    else if (p[0] == 0xf4)
        hi = 0x8f;
    if ((size_t)(end - p) < n || p[1] < lo || p[1] > hi)
        return 0;
    for (i = 2; i < n; i++)
        if (p[i] < 0x80 || p[i] > 0xbf)
            return 0;
    return n;
}

bool codec_is_text(struct tt_str s)
{
    const unsigned char *p = (const unsigned char *)s.p, *end;
    size_t n;

    if (s.n == 0)
        return true;
    for (end = p + s.n; p < end; p += n) {
        n = character(p, end);
        if (n == 0)
            return false;
    }
    return true;
}

struct tt_str codec_get_bytes(struct codec_in *in)
{
    return wire_get_str(&in->r);
}

struct tt_str codec_get_text(struct codec_in *in)
{
    struct tt_str s = wire_get_str(&in->r);

    if (!codec_is_text(s))
        codec_bad(in, "a text that is not UTF-8, or holds a NUL");
    return s;
}

uint32_t codec_get_count(struct codec_in *in, size_t least)
{
    uint32_t n = wire_get_count(&in->r, least);

    if (in->r.bad)
        codec_bad(in, "a count of more elements than there are bytes");
    return in->r.bad ? 0 : n;
}

const double *codec_get_f64s(struct codec_in *in, uint64_t *n)
{
    double *v;
    uint32_t i;

    *n = codec_get_count(in, 8);
    v = arena_alloc(in->arena, (size_t)*n, sizeof *v);
    for (i = 0; i < *n; i++)
        v[i] = codec_get_f64(in);
    return v;
}

const uint64_t *codec_get_u64s(struct codec_in *in, uint64_t *n)
{
    uint64_t *v;
    uint32_t i;

    *n = codec_get_count(in, 8);
    v = arena_alloc(in->arena, (size_t)*n, sizeof *v);
    for (i = 0; i < *n; i++)
        v[i] = wire_get_u64(&in->r);
    return v;
}

const struct tt_str *codec_get_texts(struct codec_in *in, uint64_t *n)
{
    struct tt_str *v;
    uint32_t i;

    *n = codec_get_count(in, 4);
    v = arena_alloc(in->arena, (size_t)*n, sizeof *v);
    for (i = 0; i < *n; i++)
        v[i] = codec_get_text(in);
    return v;
}

/* --- writing ------------------------------------------------------------- */

void codec_put_f64(struct buf *b, double v)
{
    wire_f64(b, isnan(v) ? (double)NAN : v);
}

void codec_put_text(struct buf *b, struct tt_str s)
{
    const unsigned char *p = (const unsigned char *)s.p, *end;
    size_t n;

    if (codec_is_text(s)) {
        wire_str(b, s);
        return;
    }
    wire_u32(b, (uint32_t)s.n);
    for (end = p + s.n; p < end; p += n) {
        n = character(p, end);
        buf_add(b, n > 0 ? (const char *)p : "?", n > 0 ? n : 1);
        n = n > 0 ? n : 1;
    }
}

void codec_put_f64s(struct buf *b, const double *v, uint64_t n)
{
    uint64_t i;

    wire_u32(b, (uint32_t)n);
    for (i = 0; i < n; i++)
        codec_put_f64(b, v[i]);
}

void codec_put_u64s(struct buf *b, const uint64_t *v, uint64_t n)
{
    uint64_t i;

    wire_u32(b, (uint32_t)n);
    for (i = 0; i < n; i++)
        wire_u64(b, v[i]);
}

void codec_put_texts(struct buf *b, const struct tt_str *v, uint64_t n)
{
    uint64_t i;

    wire_u32(b, (uint32_t)n);
    for (i = 0; i < n; i++)
        codec_put_text(b, v[i]);
}

void codec_set_u32(struct buf *b, size_t at, uint32_t v)
{
    unsigned char *p = (unsigned char *)b->data + at;
    size_t i;

    TT_ASSERT(b->len >= 4 && at <= b->len - 4);
    for (i = 0; i < 4; i++)
        p[i] = (unsigned char)(v >> (8 * i));
}

uint32_t codec_peek_u32(const struct buf *b, size_t at)
{
    struct wire_reader r;

    TT_ASSERT(b->len >= 4 && at <= b->len - 4);
    r = wire_reader_of(b->data + at, 4);
    return wire_get_u32(&r);
}
