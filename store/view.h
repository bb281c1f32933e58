/* SPDX-License-Identifier: MIT
 *
 * view.h - records of a kv, verified: what store.c, the writer and the tools
 * read through. at: a snapshot, or NULL for now. */
#ifndef TT_STORE_VIEW_H
#define TT_STORE_VIEW_H

#include "store/kv.h"
#include "store/store.h"

/* TT_ENOENT names the key; TT_ECORRUPT, TT_EIO. */
int view_get(struct kv *kv, struct kv_snapshot *at, const struct store_key *key,
             struct buf *out, struct err *e);
/* The same by encoded key; TT_ENOENT without a text. */
int view_get_bytes(struct kv *kv, struct kv_snapshot *at, int family,
                   struct tt_str key, struct buf *out, struct err *e);
/* 1, 0, or an error. */
int view_has(struct kv *kv, struct kv_snapshot *at, const struct store_key *key,
             struct err *e);
json_object *view_get_json(struct kv *kv, struct kv_snapshot *at,
                           const struct store_key *key, struct err *e);
json_object *view_parse(const struct store_key *key, struct tt_str bytes,
                        struct err *e);
/* As store_scan(). */
int view_scan(struct kv *kv, struct kv_snapshot *at,
              const struct store_key *from, int n_parts, bool reverse,
              store_scan_fn *fn, void *ctx, struct err *e);
/* The highest number under the key's parts, 0 where there is none. */
int view_last(struct kv *kv, struct kv_snapshot *at,
              const struct store_key *key, uint64_t *number, struct err *e);

#endif
