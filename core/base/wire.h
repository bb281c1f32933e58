/* SPDX-License-Identifier: MIT
 *
 * wire.h - packed little-endian records for frames and the run log. A reader
 * never runs past its end: after the first short read it stays `bad`, gives
 * zeros, and the caller checks once. */
#ifndef TT_BASE_WIRE_H
#define TT_BASE_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"

void wire_u8(struct buf *b, uint8_t v);
void wire_u32(struct buf *b, uint32_t v);
void wire_u64(struct buf *b, uint64_t v);
void wire_f64(struct buf *b, double v); /* the bits */
void wire_str(struct buf *b, struct tt_str s); /* u32 length, bytes */

struct wire_reader {
    const unsigned char *p, *end;
    bool bad;
};
struct wire_reader wire_reader_of(const void *bytes, size_t n);
uint8_t wire_get_u8(struct wire_reader *r);
uint32_t wire_get_u32(struct wire_reader *r);
uint64_t wire_get_u64(struct wire_reader *r);
double wire_get_f64(struct wire_reader *r);
struct tt_str wire_get_str(struct wire_reader *r); /* borrowed */
/* A count of elements of at least `least` bytes each; bad when they cannot
 * be there, so that no allocation trusts a lie. */
uint32_t wire_get_count(struct wire_reader *r, size_t least);
bool wire_done(const struct wire_reader *r); /* all read, and not bad */

#endif
