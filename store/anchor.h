/* SPDX-License-Identifier: MIT
 *
 * anchor.h - a small file beside the database that says how far it was when
 * the last writes were acknowledged. A database that is behind its anchor has
 * lost some: a write-ahead log that was cut or deleted, or an old copy put in
 * its place, opens without a complaint otherwise.
 *
 * Two slots on pages of their own are written in turn, so that a torn write
 * leaves the other one. */
#ifndef TT_STORE_ANCHOR_H
#define TT_STORE_ANCHOR_H

#include "store/audit.h"

struct anchor_state {
    uint64_t sequence; /* of the kv */
    struct audit_head head;
};

struct anchor;

/* NULL with *e: TT_ENOENT there is none, TT_ECORRUPT, TT_EIO. */
struct anchor *anchor_open(const char *path, bool read_only, struct err *e);
void anchor_close(struct anchor *a); /* NULL is allowed */
struct anchor_state anchor_state(const struct anchor *a);

/* A new file, durable with its folder, over an old one. */
int anchor_create(const char *path, const struct anchor_state *state,
                  struct err *e);

/* sync: durable before it returns. Without it a crash of the machine may
 * forget the move, one of the process does not. TT_EIO. */
int anchor_move(struct anchor *a, const struct anchor_state *state, bool sync,
                struct err *e);

/* Does the database hold what the anchor says? TT_ECORRUPT says what it
 * lacks. */
int anchor_check(const struct anchor *a, struct kv *kv, struct err *e);

#endif
