/* SPDX-License-Identifier: MIT
 *
 * buf.c - bytes that grow. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/mem.h"

void buf_fini(struct buf *b)
{
    free(b->data);
    memset(b, 0, sizeof *b);
}

void buf_reset(struct buf *b)
{
    b->len = 0;
    if (b->data != NULL)
        b->data[0] = '\0';
}

void buf_reserve(struct buf *b, size_t more)
{
    size_t need, cap;

    TT_ASSERT(more < SIZE_MAX / 2 && b->len < SIZE_MAX / 2 - more);
    need = b->len + more + 1; /* the NUL */
    if (need <= b->cap)
        return;
    cap = b->cap < 64 ? 64 : b->cap;
    while (cap < need)
        cap += cap / 2;
    b->data = xrealloc(b->data, cap, 1);
    b->cap = cap;
    b->data[b->len] = '\0';
}

void buf_add(struct buf *b, const void *bytes, size_t n)
{
    buf_reserve(b, n);
    if (n > 0)
        memcpy(b->data + b->len, bytes, n);
    b->len += n;
    b->data[b->len] = '\0';
}

void buf_adds(struct buf *b, const char *text)
{
    buf_add(b, text, strlen(text));
}

void buf_addf(struct buf *b, const char *format, ...)
{
    va_list args, again;
    int n;

    buf_reserve(b, 80);
    va_start(args, format);
    va_copy(again, args);
    n = vsnprintf(b->data + b->len, b->cap - b->len, format, args);
    va_end(args);
    TT_ASSERT(n >= 0);
    if ((size_t)n >= b->cap - b->len) {
        buf_reserve(b, (size_t)n);
        n = vsnprintf(b->data + b->len, b->cap - b->len, format, again);
    }
    va_end(again);
    b->len += (size_t)n;
}

void buf_drop(struct buf *b, size_t n)
{
    TT_ASSERT(n <= b->len);
    if (n == 0)
        return;
    memmove(b->data, b->data + n, b->len - n + 1);
    b->len -= n;
}

char *buf_steal(struct buf *b)
{
    char *text;

    buf_reserve(b, 0);
    text = b->data;
    memset(b, 0, sizeof *b);
    return text;
}

struct tt_str buf_str(const struct buf *b)
{
    struct tt_str s = { b->data, b->len };

    return s;
}

static int sink_write(const struct tt_sink *sink, const void *bytes, uint64_t n)
{
    if (n > SIZE_MAX / 4)
        return TT_ETOOBIG;
    buf_add(sink->ctx, bytes, (size_t)n);
    return 0;
}

struct tt_sink buf_sink(struct buf *b)
{
    struct tt_sink s = { b, sink_write };

    return s;
}
