/* SPDX-License-Identifier: MIT
 *
 * codec_wire.h - what the codec's files share. For core/host/codec_*.c only.
 *
 * Every payload that decodes encodes to the same bytes again: so flags have
 * known bits, enums known values, and there is one NaN. */
#ifndef TT_HOST_CODEC_WIRE_H
#define TT_HOST_CODEC_WIRE_H

#include "core/base/arena.h"
#include "core/base/wire.h"
#include "core/host/codec.h"

/* No frame holds more actions or outcomes than this: a byte of payload must
 * not cost a hundred of memory. */
#define CODEC_MAX_RECORDS (1u << 20)

struct codec_in {
    struct wire_reader r;
    const unsigned char *start;
    struct arena *arena;
    const char *why; /* the first thing that was wrong */
};

struct codec_in codec_in_of(struct tt_str bytes, struct arena *a);
/* Note what is wrong; from now on the reader gives zeros. */
void codec_bad(struct codec_in *in, const char *why);
/* 0 when all was read and good, else TT_EPROTOCOL: "what: why". */
int codec_end(struct codec_in *in, const char *what, struct err *e);

uint32_t codec_get_enum(struct codec_in *in, uint32_t lo, uint32_t hi,
                        const char *why);
uint32_t codec_get_flags(struct codec_in *in, uint32_t known, const char *why);
double codec_get_f64(struct codec_in *in);
bool codec_is_text(struct tt_str s);
struct tt_str codec_get_text(struct codec_in *in); /* UTF-8 without NUL */
struct tt_str codec_get_bytes(struct codec_in *in);
uint32_t codec_get_count(struct codec_in *in, size_t least);
const double *codec_get_f64s(struct codec_in *in, uint64_t *n);
const uint64_t *codec_get_u64s(struct codec_in *in, uint64_t *n);
const struct tt_str *codec_get_texts(struct codec_in *in, uint64_t *n);

void codec_put_f64(struct buf *b, double v); /* one NaN */
void codec_put_text(struct buf *b, struct tt_str s); /* bad bytes become '?' */
void codec_put_f64s(struct buf *b, const double *v, uint64_t n);
void codec_put_u64s(struct buf *b, const uint64_t *v, uint64_t n);
void codec_put_texts(struct buf *b, const struct tt_str *v, uint64_t n);
/* Write v over the four bytes at `at`: counts that are known at the end. */
void codec_set_u32(struct buf *b, size_t at, uint32_t v);
uint32_t codec_peek_u32(const struct buf *b, size_t at);

void codec_put_space(struct buf *b, const struct tt_space *space);
const struct tt_space *codec_get_space(struct codec_in *in);
void codec_put_candidate(struct buf *b, const struct tt_candidate *c);
void codec_get_candidate(struct codec_in *in, struct tt_candidate *c);
void codec_put_config(struct buf *b, const struct tt_config *config);
const struct tt_config *codec_get_config(struct codec_in *in);
void codec_put_budget(struct buf *b, const struct tt_budget *budget);
void codec_get_budget(struct codec_in *in, struct tt_budget *budget);

#endif
