/* SPDX-License-Identifier: MIT
 *
 * apply.h - what a batch comes to, given all that was committed before it.
 * Runs on the writer's thread alone, so expectations, version numbers, moves
 * and the audit chain are decided in one total order. */
#ifndef TT_STORE_APPLY_H
#define TT_STORE_APPLY_H

#include "store/audit.h"
#include "store/batch.h"
#include "store/pending.h"

struct group {
    struct kv *kv;
    struct pending pending; /* accepted, not written yet */
    struct audit_head head; /* of the chain, with pending's events */
};

/* Turn the steps into b->ops, check everything, and add them to the group's
 * pending ones. A refusal leaves the group as it was. */
int apply_batch(struct group *g, struct store_batch *b, struct err *e);

#endif
