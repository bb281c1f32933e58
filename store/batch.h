/* SPDX-License-Identifier: MIT
 *
 * batch.h - what a batch holds until the writer takes it. Keys are encoded
 * and records sealed by the thread that fills the batch, so that the writer
 * has little left to do. */
#ifndef TT_STORE_BATCH_H
#define TT_STORE_BATCH_H

#include "core/base/arena.h"
#include "store/kv.h"
#include "store/store.h"

enum step_kind {
    STEP_EXPECT_ABSENT, /* op.key */
    STEP_EXPECT_PRESENT,
    STEP_WRITE,         /* op */
    STEP_AUDIT,
    STEP_VERSION,
    STEP_MOVE,
};

struct step {
    enum step_kind kind;
    struct kv_op op;
    /* STEP_AUDIT */
    const char *actor, *action, *object;
    json_object *document; /* detail, or the version's document; ours */
    /* STEP_VERSION */
    const char *workflow, *node;
    uint64_t number, *number_out;
    /* STEP_MOVE: texts are the batch's, detail is document */
    struct store_move move;
    struct store_moved moved, *moved_out;
    bool has_moved; /* moved is a move, not just an event */
};

struct store_batch {
    struct arena arena;
    struct step *steps;
    size_t n_steps, cap_steps;
    struct kv_op *ops; /* what the steps came to; filled in by the writer */
    size_t n_ops, cap_ops;
    size_t bytes;      /* of all keys and values */
    bool is_raw;       /* of a load: guarded kinds are taken as they are */
    bool is_anchored;  /* holds an event or a move */
    struct err error;  /* of the first call that went wrong; for the commit */
};

/* A write without the checks of store_put(), for load: bytes of the key's
 * kind. The batch becomes raw. */
void batch_put_raw(struct store_batch *b, struct store_key key,
                   struct tt_str bytes);
void batch_delete_raw(struct store_batch *b, struct store_key key);

/* Append to b->ops a put of what bytes seal to. For the writer. */
int batch_add_op(struct store_batch *b, const struct store_key *key,
                 struct tt_str bytes, struct err *e);
void batch_push_op(struct store_batch *b, const struct kv_op *op);

#endif
