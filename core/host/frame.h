/* SPDX-License-Identifier: MIT
 *
 * frame.h - the protocol on fd 3 between daemon and worker.
 *
 * A frame is a header of 12 bytes (u32 length of the payload, u16 type, u16
 * protocol version, u32 number; little-endian) and its payload, coded by
 * codec.h. The daemon numbers its requests 1, 2, ...; the worker answers with
 * the same number, in order. While it works on a request the worker may make
 * requests of its own (services), numbered with the top bit set. Change the
 * table or a payload: bump FRAME_PROTOCOL. */
#ifndef TT_HOST_FRAME_H
#define TT_HOST_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"

#define FRAME_PROTOCOL 1
#define FRAME_HEADER_BYTES 12
#define FRAME_MAX_BYTES (64u << 20)
#define FRAME_FROM_WORKER 0x80000000u /* in numbers of service requests */

/* States of a session, as a mask. */
enum frame_state {
    FRAME_NEW = 1,      /* connected, no hello yet */
    FRAME_LOADED = 2,   /* hello said: the plugin is loaded, no instance */
    FRAME_STRATEGY = 4, /* an open strategy */
    FRAME_ADAPTER = 8,  /* an open adapter */
    FRAME_CLOSED = 16
};

/* X(type, number, from worker?, states in which it may be sent, answer) */
#define FRAME_TABLE(X)                                                         \
    X(FRAME_HELLO, 1, 1, FRAME_NEW, 0)                                         \
    X(FRAME_VALIDATE, 2, 0, FRAME_LOADED, FRAME_OK)                            \
    X(FRAME_OPEN, 3, 0, FRAME_LOADED, FRAME_OK)                                \
    X(FRAME_STEP, 4, 0, FRAME_STRATEGY, FRAME_ACTIONS)                         \
    X(FRAME_SNAPSHOT, 5, 0, FRAME_STRATEGY, FRAME_BYTES)                       \
    X(FRAME_EXPLAIN, 6, 0, FRAME_STRATEGY, FRAME_BYTES)                        \
    X(FRAME_SUBMIT, 7, 0, FRAME_ADAPTER, FRAME_OUTCOMES)                       \
    X(FRAME_COLLECT, 8, 0, FRAME_ADAPTER, FRAME_OUTCOMES)                      \
    X(FRAME_FIND, 9, 0, FRAME_ADAPTER, FRAME_OUTCOMES)                         \
    X(FRAME_ABANDON, 10, 0, FRAME_ADAPTER, FRAME_OK)                           \
    X(FRAME_ADMIN, 11, 0, FRAME_ADAPTER, FRAME_BYTES)                          \
    X(FRAME_CLOSE, 12, 0, FRAME_LOADED | FRAME_STRATEGY | FRAME_ADAPTER,       \
      FRAME_OK)                                                                \
    X(FRAME_OK, 20, 1, FRAME_LOADED | FRAME_STRATEGY | FRAME_ADAPTER, 0)       \
    X(FRAME_ACTIONS, 21, 1, FRAME_STRATEGY, 0)                                 \
    X(FRAME_OUTCOMES, 22, 1, FRAME_ADAPTER, 0)                                 \
    X(FRAME_BYTES, 23, 1, FRAME_STRATEGY | FRAME_ADAPTER, 0)                   \
    X(FRAME_ERROR, 24, 1,                                                      \
      FRAME_NEW | FRAME_LOADED | FRAME_STRATEGY | FRAME_ADAPTER, 0)            \
    X(FRAME_LOG, 25, 1,                                                        \
      FRAME_NEW | FRAME_LOADED | FRAME_STRATEGY | FRAME_ADAPTER, 0)            \
    X(FRAME_HTTP, 30, 1, FRAME_ADAPTER, FRAME_HTTP_ANSWER)                     \
    X(FRAME_HTTP_ANSWER, 31, 0, FRAME_ADAPTER, 0)                              \
    X(FRAME_DATA, 32, 1, FRAME_STRATEGY, FRAME_DATA_ANSWER)                    \
    X(FRAME_DATA_ANSWER, 33, 0, FRAME_STRATEGY, 0)

enum frame_type {
#define FRAME_ENUM(type, number, from_worker, states, answer) type = number,
    FRAME_TABLE(FRAME_ENUM)
#undef FRAME_ENUM
};

struct frame {
    uint16_t type;
    uint32_t number;
    struct tt_str payload; /* borrowed from the buffer it was taken from */
};

const char *frame_name(uint16_t type); /* "STEP"; "?" when unknown */
/* May `type` be sent by that side in that state? TT_EPROTOCOL says why not. */
int frame_allowed(uint16_t type, bool from_worker, enum frame_state state,
                  struct err *e);
/* The type of the answer to a request; 0 for none. */
uint16_t frame_answer(uint16_t type);

void frame_put(struct buf *out, uint16_t type, uint32_t number,
               struct tt_str payload);
/* Take the first whole frame of *in: 1 with *f set (drop
 * FRAME_HEADER_BYTES + payload.n afterwards), 0 when there is none yet,
 * TT_EPROTOCOL for a length or version that cannot be. */
int frame_take(const struct buf *in, struct frame *f, struct err *e);

#endif
