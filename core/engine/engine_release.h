/* SPDX-License-Identifier: MIT
 *
 * engine_release.h - the releases of all plugins, in memory and in the store.
 * They change on the engine's thread alone, each with its audit event in one
 * batch; any thread may ask what a run gets. */
#ifndef TT_ENGINE_RELEASE_ALL_H
#define TT_ENGINE_RELEASE_ALL_H

#include "core/engine/engine_impl.h"
#include "core/engine/release.h"

/* Read them from the store; before the engine's thread starts. */
int releases_load(struct engine *g, struct err *e);
void releases_fini(struct engine *g);

/* A copy of the record of an id, or NULL; the caller puts it. [any] */
json_object *releases_get(struct engine *g, const char *id);

/* As engine_plugin_find(), but a plain id goes by the workflow's pin, the
 * canary's share and the default. [any] */
int releases_choose(struct engine *g, const char *name, uint32_t kind,
                    const char *workflow, const char *run,
                    struct engine_plugin *out, enum release_why *why,
                    struct err *e);

/* Change the record of an id (made where there is none): change() is called on
 * the engine's thread with a copy, and may add to the audit event's detail.
 * Durable when it returns 0. Blocks for an fsync. [api] */
struct release_edit {
    const char *id;
    uint32_t kind;
    const char *actor, *action;  /* of the audit event; its object is the id */
    int (*change)(json_object *release, json_object *detail, void *ctx,
                  struct err *e);
    void *ctx;
};
int releases_edit(struct engine *g, const struct release_edit *edit,
                  struct err *e);

/* Condemn a hash: its record says "quarantined" and why, it is chosen no more
 * unless it is asked for by name or nothing else is there, and what was the
 * default before is restored. Audited. [engine] */
void releases_quarantine(struct engine *g, const char *hash, const char *why);

/* Is it there, and neither retired, quarantined nor revoked? [any] */
bool releases_usable(struct engine *g, const char *hash);

/* Lift it. Blocks for an fsync. TT_ENOENT: it is not in quarantine. [api] */
int releases_pardon(struct engine *g, const struct engine_plugin *p,
                    const char *actor, struct err *e);

/* A run began, or ended: what does it say of its plugins? [engine] */
void releases_started(struct engine *g, json_object *run);
void releases_ended(struct engine *g, json_object *run, bool kept_guardrails);

#endif
