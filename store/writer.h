/* SPDX-License-Identifier: MIT
 *
 * writer.h - the one thread that changes a store. It takes all batches that
 * wait, decides them one after the other, and makes one synced write of them:
 * the more callers, the fewer fsyncs each. RocksDB's own group commit is
 * slower from four batches on, and gives no order to decide in. */
#ifndef TT_STORE_WRITER_H
#define TT_STORE_WRITER_H

#include "store/anchor.h"
#include "store/batch.h"

struct writer;

struct writer_setup {
    struct kv *kv;         /* borrowed */
    struct anchor *anchor; /* borrowed; NULL where the backend has none */
    struct audit_head head;
    const char *path;      /* borrowed; NULL: no fence */
    int64_t min_free_bytes;
};
struct writer *writer_create(const struct writer_setup *setup, struct err *e);
/* Writes what is queued, then ends the thread. NULL is allowed. */
void writer_destroy(struct writer *w);

/* See store_commit(); does not destroy b. [any] */
int writer_commit(struct writer *w, struct store_batch *b, struct err *e);
/* See store_writable(). [any] */
int writer_check(struct writer *w, struct err *e);
void writer_on_move(struct writer *w, store_moved_fn *fn, void *ctx);

#endif
