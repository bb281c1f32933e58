/* SPDX-License-Identifier: MIT
 *
 * store.h - everything that Trimtab remembers.
 *
 * A *record* is a document (canonical JSON, or bytes for logs and snapshots)
 * under a typed key. Changes are gathered in a *batch* and committed at once:
 * all of it or nothing, durable before store_commit() returns. Batches of
 * many threads share one fsync; they take effect one after the other, in one
 * total order, and the expectations of a batch are checked in that order.
 *
 * Each record carries a checksum that is verified on every read. Pointer moves
 * and audit events also move an anchor outside of the database, so that a
 * database that lost acknowledged writes is noticed when it is opened.
 *
 * Threads  every function: [any], unless said otherwise.
 * Fork     never use a store in a child process. */
#ifndef TT_STORE_H
#define TT_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/json.h"

#define STORE_SCHEMA 1

/* X(kind, number of text parts in the key, 1 if a number follows, name) */
#define STORE_KIND_TABLE(X)                                                    \
    X(STORE_META, 1, 0, "meta")               /* name */                       \
    X(STORE_TARGET, 2, 0, "target")           /* workflow, node */             \
    X(STORE_DATASET, 2, 1, "dataset")         /* workflow, name; version */    \
    X(STORE_RUN, 1, 0, "run")                 /* run; ids sort by time */      \
    X(STORE_RUN_OF, 2, 0, "run_of")           /* workflow, run: an index */    \
    X(STORE_CANDIDATE, 1, 1, "candidate")     /* run; number */                \
    X(STORE_EVALUATION, 1, 1, "evaluation")   /* run; number */                \
    X(STORE_LOG, 1, 1, "log")                 /* run; first position. bytes */ \
    X(STORE_SNAPSHOT, 1, 0, "snapshot")       /* run. bytes */                 \
    X(STORE_EVENT, 1, 1, "event")             /* run; number: for people */    \
    X(STORE_REPORT, 1, 0, "report")           /* run */                        \
    X(STORE_VERSION, 2, 1, "version")         /* workflow, node; number */     \
    X(STORE_POINTER, 3, 0, "pointer")         /* workflow, node, environment */\
    X(STORE_MOVE, 3, 1, "move")               /* the same; generation */       \
    X(STORE_DELIVERY, 3, 0, "delivery")       /* an open push, as pointer */   \
    X(STORE_AUDIT, 0, 1, "audit")             /* sequence */                   \
    X(STORE_IDEMPOTENCY, 2, 0, "idempotency") /* actor, key */                 \
    X(STORE_PLUGIN, 1, 0, "plugin")           /* sha256 */                     \
    X(STORE_PLUGIN_ID, 1, 0, "plugin_id")     /* id: default, canary, pins */  \
    X(STORE_STATE, 1, 1, "state")             /* run; its move. bytes */

enum store_kind {
#define STORE_KIND_ENUM(kind, parts, number, name) kind,
    STORE_KIND_TABLE(STORE_KIND_ENUM)
#undef STORE_KIND_ENUM
    STORE_N_KINDS
};

/* Text parts must be free of NUL and of at most 256 bytes each; a malformed
 * key is TT_EINVAL wherever it turns up.
 *
 * The store alone writes versions, pointers, moves, audit events and the meta
 * records "schema" and "loading": putting or deleting one is TT_EINVAL.
 * Numbers of a kind follow each other without a gap (store_check() looks):
 * from 1 where the store gives them, else from 0 or 1. */
struct store_key {
    enum store_kind kind;
    const char *part[3];
    uint64_t number;
};

/* The name of a kind ("candidate"), as dump and errors say it. */
const char *store_kind_name(enum store_kind kind);

struct store;

struct store_options {
    const char *backend;    /* "rocksdb" or "memory" */
    const char *path;       /* a folder; unused by memory */
    bool read_only;         /* for the tools; no lock is taken */
    int64_t min_free_bytes; /* fence: below it commits fail with TT_ENOSPC */
};

/* Open, creating it where it does not exist yet.
 *
 * Returns  the store, given to store_close(); NULL with *e set:
 *          TT_EUNAVAILABLE  another process has it open
 *          TT_EUNSUPPORTED  its schema is not STORE_SCHEMA (says which)
 *          TT_ECORRUPT      damaged, or older than its anchor (read_only works)
 *          TT_ENOENT        read_only, and there is none
 *          TT_EIO           the file system said no
 * A read-only store is a view of the moment when it was opened, also beside
 * a daemon that writes.
 * Blocks   on recovery of the write-ahead log. Threads [main] */
struct store *store_open(const struct store_options *options, struct err *e);

/* Flush and close; NULL is allowed. No call may be under way. [main] */
void store_close(struct store *s);

/* --- reading ------------------------------------------------------------- */

/* The record's bytes appended to *out.
 * Returns 0; TT_ENOENT; TT_ECORRUPT (names the key); TT_EIO. */
int store_get(struct store *s, struct store_key key, struct buf *out,
              struct err *e);

/* The record parsed; the caller puts it. NULL with *e set as above. */
json_object *store_get_json(struct store *s, struct store_key key,
                            struct err *e);

/* Walk the records of a kind whose first `n_parts` parts equal those of
 * `from`, ordered by key.
 *
 * from     with all parts given and a number: start there (inclusive; 0 is
 *          the beginning, with reverse the end);
 *          after_part: when n_parts is one less than the kind's parts and
 *          from.part[n_parts] is set, start behind that part (a cursor)
 * reverse  newest (highest) first
 * fn       gets borrowed bytes; returns 0 to go on, 1 to stop, < 0 to fail
 * Returns  0, what fn failed with, TT_ECORRUPT or TT_EIO. A consistent view. */
typedef int store_scan_fn(void *ctx, const struct store_key *key,
                          struct tt_str bytes);
int store_scan(struct store *s, struct store_key from, int n_parts,
               bool reverse, store_scan_fn *fn, void *ctx, struct err *e);

/* --- writing ------------------------------------------------------------- */

struct store_batch;
struct store_batch *store_batch_create(void); /* aborts when out of memory */
void store_batch_destroy(struct store_batch *b); /* NULL is allowed */
bool store_batch_empty(const struct store_batch *b);

void store_put(struct store_batch *b, struct store_key key,
               struct tt_str bytes);                     /* copies */
void store_put_json(struct store_batch *b, struct store_key key,
                    const json_object *document);        /* canonical form */
void store_delete(struct store_batch *b, struct store_key key);

/* Refuse the whole batch with TT_EEXIST when key exists, or with TT_ENOENT
 * when it does not: before the batch, whatever the batch itself does. */
void store_expect_absent(struct store_batch *b, struct store_key key);
void store_expect_present(struct store_batch *b, struct store_key key);

/* Append an event to the audit chain.
 * object  what it was done to, "workflow/node" or a run's id
 * detail  JSON object or NULL; never holds parameter values or secrets */
void store_audit(struct store_batch *b, const char *actor, const char *action,
                 const char *object, const json_object *detail);

/* Add a version of (workflow, node) with the next free number.
 * document  takes no "version" and no "checksum" (TT_EINVAL): the store puts
 *           in "version":"vN" and "checksum": "sha256:<hex>" over the canonical
 *           document without "checksum"
 * *number   NULL, or where N is put when the commit succeeds */
void store_version_add(struct store_batch *b, const char *workflow,
                       const char *node, const json_object *document,
                       uint64_t *number);

/* Move the pointer of (workflow, node, environment); compare-and-swap.
 * Writes pointer, move record and audit event in this batch.
 *
 * Pointer {"active","previous","generation","stack":[versions that a rollback
 * goes back to, the nearest last, at most 100]}. Move record {"from","to",
 * "actor","reason","at","rollback","audit"}. Event: "promote" or "rollback",
 * object "workflow/node", detail with "environment","reason","from","to" and
 * "generation" added. A rollback to a version on the stack drops what is above
 * it; to another one it is a step forward, which can be rolled back too. */
struct store_move {
    const char *workflow, *node, *environment;
    uint64_t to;        /* 0: the version that this batch added for the node;
                         * with rollback, 0: the predecessor */
    bool rollback;
    bool expect;        /* check expect_version (0 = none is active) */
    uint64_t expect_version;
    const char *actor, *reason;
    const json_object *detail; /* into the audit event; may be NULL */
};
struct store_moved {
    uint64_t active, previous; /* previous: what was active before; 0 = none */
    uint64_t generation;       /* of the pointer, from 1 */
    uint64_t audit;            /* sequence of the audit event */
};
/* Refusals at commit: TT_ENOENT no such version; TT_ECONFLICT expectation
 * failed (says what is active) or rollback without a predecessor. Moving to
 * the version that is active already succeeds, is audited, and changes
 * nothing else. *out may be NULL. */
void store_promote(struct store_batch *b, const struct store_move *move,
                   struct store_moved *out);

/* Make it durable. The batch is used up (destroyed) whatever happens.
 * Returns 0; an expectation's code; TT_ENOSPC below the fence; TT_EIO after
 * which every later commit fails until the process restarts (a failed fsync
 * is never retried); TT_EUNAVAILABLE on a read-only store.
 * Blocks  for one fsync, shared with whoever commits at the same time. */
int store_commit(struct store *s, struct store_batch *b, struct err *e);

/* Told of each pointer move after it is durable and before store_commit()
 * returns, in order; not of a move that changes nothing. Called on the
 * writer's thread; must not block and must not commit. One per store; set it
 * before the first commit. [main] */
typedef void store_moved_fn(void *ctx, const struct store_move *move,
                            const struct store_moved *moved);
void store_on_move(struct store *s, store_moved_fn *fn, void *ctx);

/* What is active: 0 with *moved filled in (audit 0), or TT_ENOENT. */
int store_active(struct store *s, const char *workflow, const char *node,
                 const char *environment, struct store_moved *moved,
                 struct err *e);

/* Is the store able to take writes right now? For /readyz. */
int store_writable(struct store *s, struct err *e);

/* --- tools: `trimtabd store ...` ----------------------------------------- */

/* {"backend","schema","records":{kind:n},"bytes","disk_bytes","sequence",
 * "audit_sequence","audit_head"}. Walks over all keys. */
int store_stat(struct store *s, json_object **out, struct err *e);
/* Verify every checksum, the audit chain, gap-free numbers, pointers that
 * point at versions. Problems become lines of text in the array *problems. */
int store_check(struct store *s, json_object **problems, struct err *e);
/* One line of JSON per record {"kind","key":[...],"number","document"|"bytes"
 * (base64),"sha256"}, verified on the way; the last line is {"kind":"end",
 * "records":n}. Equal stores give equal dumps. load refuses a non-empty store
 * (TT_EEXIST), a broken audit chain, a dump that is cut off or changed
 * (TT_ECORRUPT); after a failure the store holds half and does not open. */
int store_dump(struct store *s, int fd, struct err *e);
int store_load(struct store *s, int fd, struct err *e);
/* A copy that can be opened: taken while the store is in use, of one moment,
 * every record verified. to must not be there, or be an empty folder
 * (TT_EEXIST); it appears when it is whole. */
int store_backup(struct store *s, const char *to, struct err *e);
/* The same from a store that nobody serves, checked first (TT_ECORRUPT with
 * the first problem). An old copy that was put in place by hand is behind its
 * anchor and does not open; what this makes has an anchor of its own, so it is
 * how an operator accepts an older state on purpose. An audit event
 * "store.restore" {"from","accepted": what is known to be lost} says so. */
int store_restore(const char *from, const char *to, struct err *e);

#endif
