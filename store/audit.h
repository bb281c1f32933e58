/* SPDX-License-Identifier: MIT
 *
 * audit.h - the chain of audit events. Event i is the canonical document
 * {seq, ts, actor, action, object, detail}, and
 *
 *     h(0) = 32 zero bytes
 *     h(i) = BLAKE2b-256("trimtab-audit-1" | be64(i) | h(i-1) |
 *                        be32(length) | document i)
 *
 * Stored is the document with "hash": h(i) in hex added. */
#ifndef TT_STORE_AUDIT_H
#define TT_STORE_AUDIT_H

#include "core/crypt/crypt.h"
#include "store/batch.h"

struct audit_head {
    uint64_t sequence; /* 0: none yet */
    unsigned char hash[CRYPT_HASH_BYTES];
};

/* Append an event to the batch's ops, and move the head on. detail may be
 * NULL and stays the caller's. */
struct audit_event {
    const char *actor, *action, *object;
    const json_object *detail;
};
int audit_append(struct audit_head *head, struct store_batch *b,
                 const struct audit_event *event, struct err *e);

/* Is this document the one behind the head? Then move the head on, else
 * TT_ECORRUPT. */
int audit_follow(struct audit_head *head, uint64_t sequence,
                 struct tt_str bytes, struct err *e);

/* The last event's head, by its word: the chain is not verified. */
int audit_last(struct kv *kv, struct kv_snapshot *at, struct audit_head *head,
               struct err *e);
/* The same of event `sequence`. TT_ENOENT when it is not there. */
int audit_read(struct kv *kv, struct kv_snapshot *at, uint64_t sequence,
               struct audit_head *head, struct err *e);

#endif
