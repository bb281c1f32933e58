/* SPDX-License-Identifier: MIT
 *
 * grant.h - what a plugin may do: what the configuration grants its id,
 * narrowed by what its manifest asks for, never widened. Threads [any] */
#ifndef TT_HOST_GRANT_H
#define TT_HOST_GRANT_H

#include <stdbool.h>

#include "core/base/json.h"

/* {"llm":bool,"http":[origins, or "*"],"threads":bool,"read":[folders]}, all
 * four always; the caller puts it.
 *
 * grants    the configuration's plugins.grants: the member `id` laid member by
 *           member over "*", that over grant_default(). NULL: none is given.
 * manifest  NULL without one: then nothing is narrowed. What a manifest does
 *           not ask for is not granted.
 *
 * Origins come out as scheme://host:port; "*" in "http" is all of
 * outbound.allow, which holds for the others too. A folder counts with all
 * below it. An origin or folder that is not one is dropped. */
json_object *grant_for(json_object *grants, const char *id,
                       json_object *manifest);
/* llm, all of outbound.allow, no threads, no folders. */
json_object *grant_default(void);

/* Of what grant_for() gave. */
bool grant_has(json_object *permissions, const char *name); /* llm, threads */

/* May this key (16 hex digits; "" = unsigned) stand for this id? True where
 * the grants of the id name no keys. */
bool grant_takes_key(json_object *grants, const char *id, const char *key);

#endif
