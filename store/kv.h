/* SPDX-License-Identifier: MIT
 *
 * kv.h - what a backend can do: ordered bytes in families, changed in atomic
 * batches. It knows neither records nor documents. One thread writes; any
 * thread reads. */
#ifndef TT_STORE_KV_H
#define TT_STORE_KV_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"

struct kv_op {
    int family;
    bool is_put; /* else a delete */
    struct tt_str key, value;
};

/* Keys that start with prefix. from: the first one to look at; empty means
 * the end of the range where the walk starts. */
struct kv_range {
    int family;
    struct tt_str prefix, from;
    bool reverse;
};

/* Borrowed until it returns. 0: go on, 1: stop, < 0: fail. It may read. */
typedef int kv_scan_fn(void *ctx, struct tt_str key, struct tt_str value);

struct kv;
struct kv_snapshot; /* a consistent view; NULL where taken means now */

struct kv_methods {
    const char *name;
    /* All or nothing, in order. sync: durable before it returns. */
    int (*write)(struct kv *kv, const struct kv_op *ops, size_t n, bool sync,
                 struct err *e);
    /* Append the value to *out. TT_ENOENT, without a text: the caller knows
     * the object. */
    int (*get)(struct kv *kv, struct kv_snapshot *at, int family,
               struct tt_str key, struct buf *out, struct err *e);
    /* Returns 0 or what fn failed with. */
    int (*scan)(struct kv *kv, struct kv_snapshot *at,
                const struct kv_range *range, kv_scan_fn *fn, void *ctx,
                struct err *e);
    struct kv_snapshot *(*snapshot)(struct kv *kv);
    void (*release)(struct kv *kv, struct kv_snapshot *at);
    uint64_t (*sequence)(struct kv *kv); /* grows with every op */
    int64_t (*disk_bytes)(struct kv *kv);
    void (*close)(struct kv *kv);        /* flushes; destroys */
};

struct kv {
    const struct kv_methods *methods;
    char *damage; /* what a read-only open had to leave out, or NULL */
};

struct kv *kv_memory_open(void);

/* path: the database's own folder; created where missing, not read_only.
 * NULL with *e: TT_EUNAVAILABLE, TT_EUNSUPPORTED, TT_ECORRUPT, TT_EIO. */
struct kv *kv_rocksdb_open(const char *path, bool read_only, struct err *e);
bool kv_rocksdb_exists(const char *path);

#endif
