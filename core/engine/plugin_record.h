/* SPDX-License-Identifier: MIT
 *
 * plugin_record.h - what the store remembers of one version of a plugin,
 * STORE_PLUGIN by its sha256:
 *
 *   {"id","version","kind","hash",
 *    "state": "available" | "retired" | "quarantined", "reason",
 *    "origin": where it came from, "added_ms", "actor",
 *    "signature": {"state","key"}, "permissions": {...},
 *    "check": {"level","passed","failed","skipped","seed"} | absent}
 *
 * Versions from a plugin directory have one only once something was decided
 * about them. */
#ifndef TT_ENGINE_PLUGIN_RECORD_H
#define TT_ENGINE_PLUGIN_RECORD_H

#include "core/engine/engine_impl.h"

struct store_key plugin_record_key(const char *hash); /* borrows hash */
/* A new record, "available"; the caller puts it. Under catalog_lock. */
json_object *plugin_record_create(const struct catalog_entry *entry,
                                  const char *origin, const char *actor);
/* The one of the store; where it has none, a new one for the catalogue's entry,
 * which came from its plugin directory. The caller puts it. NULL with *e:
 * TT_ENOENT when neither knows the hash, or what the store says. [any, without
 * catalog_lock] */
json_object *plugin_record_of(struct engine *g, const char *hash,
                              const char *actor, struct err *e);
/* The one of the store, or NULL with *e. TT_ENOENT: there is none. */
json_object *plugin_record_get(struct store *s, const char *hash,
                               struct err *e);

#endif
