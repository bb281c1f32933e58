/* SPDX-License-Identifier: MIT
 *
 * catalog.h - the content-addressed store of plugins on disk:
 * <root>/sha256/<hash>/plugin.so, mode 0444, with describe.json beside it, and
 * the manifest and signature that it was judged by (plugin.json,
 * plugin.json.minisig). The operator's file is copied and never mapped. A plugin
 * that is run by a command of its own is a folder: there plugin.json is what
 * <hash> is the sum of, and the files that it lists lie beside it. */
#ifndef TT_HOST_CATALOG_H
#define TT_HOST_CATALOG_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/host/host.h"
#include "core/host/trust.h"

struct catalog_entry {
    char hash[65];
    struct host_note note;
    char *path;            /* absolute, of the copy: .../plugin.so, or
                              .../plugin.json of a folder */
    char *origin;          /* where the operator's file was */
    int64_t added_ms;      /* wall time */
    json_object *describe; /* from HELLO; NULL until a worker has said it */
    struct trust_verdict verdict; /* by which it was taken in; state 0 where
                                     the catalogue judges nothing */
    json_object *permissions;     /* as grant_for() gives them */
    bool retired, quarantined;    /* what catalog_mark() was told */
};

struct catalog;
struct catalog *catalog_create(const char *root, struct err *e);
void catalog_destroy(struct catalog *c);
/* Judge what is taken in from now on; t is borrowed. Without it everything is
 * taken, with grant_default(): for tests and tools. */
void catalog_trust(struct catalog *c, const struct trust *t);

/* Take in one .so, or a folder by its plugin.json: read, hash, judge, check
 * note, copy, rename into place. Taking in the same bytes again is fine; the
 * better verdict then holds. *entry is borrowed. TT_EPERM when it is refused.
 * [main or engine] */
int catalog_add(struct catalog *c, const char *path,
                const struct catalog_entry **entry, struct err *e);
/* The same of what catalog_judge() has seen: TT_ECORRUPT, and nothing is taken
 * in, when its bytes are others by now. */
int catalog_add_judged(struct catalog *c, const char *path, const char *hash,
                       const struct catalog_entry **entry, struct err *e);
/* Would it be taken in? Reads, hashes and judges, and changes nothing. hash is
 * filled in where the file could be read. TT_EPERM when it is refused. [any] */
int catalog_judge(const struct catalog *c, const char *path, char hash[65],
                  struct err *e);
/* A new private folder in the catalogue's state, for files that came from
 * elsewhere; the caller removes and frees it. NULL: TT_EIO. [any] */
char *catalog_stage(const struct catalog *c, struct err *e);
/* Remove what adding left behind where it was interrupted: staged folders and
 * half copies. For the one process whose catalogue it is, before it adds
 * anything; what cannot be removed is logged. */
void catalog_sweep(const struct catalog *c);
/* Take in every *.so of a folder, and every folder in it whose plugin.json has
 * "exec"; a bad one is logged and skipped. */
int catalog_scan(struct catalog *c, const char *dir, struct err *e);
/* Take in again, after a restart, what stands in the catalogue's own folder.
 * It is judged as on the first day, but for what was installed with the daemon
 * then (shipped) and may have been replaced by a newer package since. */
int catalog_restore(struct catalog *c, const char *hash, bool shipped,
                    const struct catalog_entry **entry, struct err *e);
/* Has any of it been revoked since it was taken in? TT_EPERM with the reason,
 * also where that cannot be known. */
int catalog_revoked(const struct catalog *c, const struct catalog_entry *entry,
                    struct err *e);
/* Remember what a worker's HELLO said (describe.json). */
void catalog_described(struct catalog *c, const char *hash,
                       json_object *describe);

/* "id" (the highest version, pre-releases last), "id@version" (of several files
 * of one version the last that is neither retired nor in quarantine, else the
 * last) or "sha256:<hash>", whole; kind 0 = any. TT_ENOENT lists what there is. */
int catalog_resolve(struct catalog *c, const char *name, uint32_t kind,
                    const struct catalog_entry **entry, struct err *e);
size_t catalog_n(const struct catalog *c);
const struct catalog_entry *catalog_at(const struct catalog *c, size_t i);
/* As the store remembers it; an unknown hash is nothing. */
void catalog_mark(struct catalog *c, const char *hash, bool retired,
                  bool quarantined);

#endif
