/* SPDX-License-Identifier: MIT
 *
 * plugin_item.h - a version of a plugin as the API shows it. */
#ifndef TT_ENGINE_PLUGIN_ITEM_H
#define TT_ENGINE_PLUGIN_ITEM_H

#include "core/engine/engine_impl.h"

/* One version; the caller puts it. Under catalog_lock. */
json_object *plugin_item(struct catalog *c, const struct catalog_entry *entry);
/* "state": default, canary or available, by the release record of its id (NULL
 * is allowed). */
void plugin_item_release(json_object *item, json_object *release);
/* The same for an array of items, and what only the engine's thread knows:
 * quarantined. Blocks on that thread. [api] */
int plugin_items_states(struct engine *g, json_object *items, struct err *e);

#endif
