/* SPDX-License-Identifier: MIT
 *
 * buf.h - bytes that grow. A zeroed struct is an empty buffer. */
#ifndef TT_BASE_BUF_H
#define TT_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>
#include <trimtab/plugin.h>

struct buf {
    char *data; /* always NUL-terminated behind len, once not empty */
    size_t len, cap;
};

void buf_fini(struct buf *b);                 /* free; b is empty again */
void buf_reset(struct buf *b);                /* empty, keeps the memory */
void buf_reserve(struct buf *b, size_t more); /* room for `more` bytes */
void buf_add(struct buf *b, const void *bytes, size_t n);
void buf_adds(struct buf *b, const char *text);
void buf_addf(struct buf *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void buf_drop(struct buf *b, size_t n);       /* take n bytes off the front */
char *buf_steal(struct buf *b);               /* the text; caller frees */
struct tt_str buf_str(const struct buf *b);   /* borrowed */
struct tt_sink buf_sink(struct buf *b);       /* an SDK sink that appends */

#endif
