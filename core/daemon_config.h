/* SPDX-License-Identifier: MIT
 *
 * daemon_config.h - the daemon's one configuration document: a JSON file, then the
 * *.json files of <file>.d in the order of their names, merged member by
 * member (arrays are replaced), checked against the schema below, defaults
 * filled in. docs/configuration.md says the same for people. */
#ifndef TT_CORE_DAEMON_CONFIG_H
#define TT_CORE_DAEMON_CONFIG_H

#include "core/base/json.h"

/* The merged and checked document; the caller puts it. path NULL: defaults.
 * NULL with *e set: names file, JSON pointer, what is wrong and what would do. */
json_object *config_load(const char *path, struct err *e);

/* Every member with its default, as --print-default-config shows it. */
json_object *config_default(void);

/* The JSON Schema itself. */
json_object *config_schema(void);

#endif
