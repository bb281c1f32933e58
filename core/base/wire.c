/* SPDX-License-Identifier: MIT
 *
 * wire.c - packed little-endian records. */
#include "config.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/wire.h"

void wire_u8(struct buf *b, uint8_t v)
{
    buf_add(b, &v, 1);
}

static void put_le(struct buf *b, uint64_t v, unsigned n)
{
    unsigned char bytes[8];
    unsigned i;

    for (i = 0; i < n; i++)
        bytes[i] = (unsigned char)(v >> (8 * i));
    buf_add(b, bytes, n);
}

void wire_u32(struct buf *b, uint32_t v)
{
    put_le(b, v, 4);
}

void wire_u64(struct buf *b, uint64_t v)
{
    put_le(b, v, 8);
}

void wire_f64(struct buf *b, double v)
{
    uint64_t bits;

    memcpy(&bits, &v, sizeof bits);
    put_le(b, bits, 8);
}

void wire_str(struct buf *b, struct tt_str s)
{
    TT_ASSERT(s.n <= UINT32_MAX);
    wire_u32(b, (uint32_t)s.n);
    buf_add(b, s.p, (size_t)s.n);
}

struct wire_reader wire_reader_of(const void *bytes, size_t n)
{
    struct wire_reader r = { bytes, NULL, false };

    r.end = n == 0 ? r.p : r.p + n;
    return r;
}

static bool take(struct wire_reader *r, size_t n)
{
    if (r->bad || (size_t)(r->end - r->p) < n) {
        r->bad = true;
        return false;
    }
    return true;
}

static uint64_t get_le(struct wire_reader *r, unsigned n)
{
    uint64_t v = 0;
    unsigned i;

    if (!take(r, n))
        return 0;
    for (i = 0; i < n; i++)
        v |= (uint64_t)r->p[i] << (8 * i);
    r->p += n;
    return v;
}

uint8_t wire_get_u8(struct wire_reader *r)
{
    return (uint8_t)get_le(r, 1);
}

uint32_t wire_get_u32(struct wire_reader *r)
{
    return (uint32_t)get_le(r, 4);
}

uint64_t wire_get_u64(struct wire_reader *r)
{
    return get_le(r, 8);
}

double wire_get_f64(struct wire_reader *r)
{
    uint64_t bits = get_le(r, 8);
    double v;

    memcpy(&v, &bits, sizeof v);
    return v;
}

struct tt_str wire_get_str(struct wire_reader *r)
{
    struct tt_str s = { NULL, 0 };
    uint32_t n = wire_get_u32(r);

    if (!take(r, n))
        return s;
    s.p = (const char *)r->p;
    s.n = n;
    r->p += n;
    return s;
}

uint32_t wire_get_count(struct wire_reader *r, size_t least)
{
    uint32_t n = wire_get_u32(r);

    if (r->bad)
        return 0;
    if (least > 0 && n > (size_t)(r->end - r->p) / least) {
        r->bad = true;
        return 0;
    }
    return n;
}

bool wire_done(const struct wire_reader *r)
{
    return !r->bad && r->p == r->end;
}
