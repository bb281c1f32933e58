/* SPDX-License-Identifier: MIT
 *
 * pending.h - the ops of the batches that will be written together, and the
 * newest one for each key: what the next batch of the group must see. */
#ifndef TT_STORE_PENDING_H
#define TT_STORE_PENDING_H

#include "store/kv.h"

struct pending {
    struct kv_op *ops; /* keys and values are the batches' */
    size_t n, cap;
    uint32_t *slots;   /* hash table of 1 + index into ops; 0 is free */
    size_t n_slots;    /* a power of two */
};

void pending_fini(struct pending *p);
void pending_reset(struct pending *p);
void pending_add(struct pending *p, const struct kv_op *op);
/* The newest op for the key, or NULL. */
const struct kv_op *pending_find(const struct pending *p, int family,
                                 struct tt_str key);

#endif
