/* SPDX-License-Identifier: MIT
 *
 * release.h - which version of a plugin a new run gets: its default, a canary
 * that takes a share, pins of workflows. Pure: a record (STORE_PLUGIN_ID) and
 * what happened go in, the changed record comes out. Versions are named by
 * their sha256, 64 hex digits.
 *
 *   {"id","kind":"strategy"|"adapter",
 *    "default": sha256 | absent: the highest version there is,
 *    "previous": [sha256, ...]   what was the default before, the newest last,
 *    "pins": {workflow: sha256},
 *    "canary": {"hash","percent","runs","max_failed",
 *               "started","good","failed","since_ms","actor"} | absent,
 *    "changed_ms"} */
#ifndef TT_ENGINE_RELEASE_H
#define TT_ENGINE_RELEASE_H

#include "core/base/err.h"
#include "core/base/json.h"

/* Why a run got what it got; stands in the run's record as "chosen". */
enum release_why {
    RELEASE_NAMED,   /* the request named a version or a hash */
    RELEASE_PIN,     /* the workflow is pinned */
    RELEASE_CANARY,
    RELEASE_DEFAULT
};
const char *release_why_word(enum release_why why);

/* A record of a plugin that has none yet; the caller puts it. */
json_object *release_create(const char *id, const char *kind);

/* What a run of this workflow gets; the run's id decides who is in the
 * canary's share. NULL: the highest version. Borrowed from the record. */
const char *release_choose(json_object *release, const char *workflow,
                           const char *run, enum release_why *why);

/* --- changes; each leaves the record as it was when it fails -------------- */

/* Make it the default; a canary of this hash ends well, another one goes on.
 * TT_EEXIST: it is that already. */
int release_set_default(json_object *release, const char *hash, int64_t now_ms,
                        struct err *e);
/* Give it `percent` (1 to 100) of the new runs. After `runs` good ones it is
 * the default; after more than max_failed failed ones it is taken back.
 * TT_ECONFLICT: another canary goes on, or it is the default already. */
struct release_canary {
    const char *hash, *actor;
    int64_t percent, runs, max_failed;
};
int release_start_canary(json_object *release, const struct release_canary *c,
                         int64_t now_ms, struct err *e);
int release_stop_canary(json_object *release, int64_t now_ms, struct err *e);
/* hash NULL: no more. TT_ENOENT: there is no such pin. */
int release_pin(json_object *release, const char *workflow, const char *hash,
                int64_t now_ms, struct err *e);

/* --- what happened -------------------------------------------------------- */

enum release_change {
    RELEASE_SAME,      /* the record may have been counted up all the same */
    RELEASE_PROMOTED,  /* the canary is the default now */
    RELEASE_TAKEN_BACK, /* the canary is over: its hash is to be quarantined */
    RELEASE_RESTORED   /* the default was bad: an older one is it again */
};
/* A run that was chosen by RELEASE_CANARY was started, or ended; good: it
 * completed, and a candidate kept the guardrails. */
void release_started(json_object *release, const char *hash);
enum release_change release_ended(json_object *release, const char *hash,
                                  bool good, int64_t now_ms);
/* The hash must not be used any more: it ends as a canary, and as the default
 * (the newest of "previous" for which usable() holds is restored; without one
 * it stays), and pins to it go. */
typedef bool release_usable_fn(void *ctx, const char *hash);
enum release_change release_condemn(json_object *release, const char *hash,
                                    release_usable_fn *usable, void *ctx,
                                    int64_t now_ms);

#endif
