/* SPDX-License-Identifier: MIT
 *
 * schema.h - the subset of JSON Schema that configs are checked against:
 * type, enum, const, default, properties, required, additionalProperties,
 * patternProperties-free maps (additionalProperties as a schema), items,
 * minItems, maxItems, minimum, maximum, exclusiveMinimum, exclusiveMaximum,
 * minLength, maxLength, pattern (POSIX extended), description, title.
 * An unknown keyword is an error of the schema: silence would be a lie. */
#ifndef TT_BASE_SCHEMA_H
#define TT_BASE_SCHEMA_H

#include "core/base/json.h"

/* Is the schema itself one that we understand? TT_EINVAL with its path. */
int schema_check(json_object *schema, struct err *e);

/* Check value; fill in defaults in place. where names the document. Errors:
 * TT_EINVAL "<where>: <json pointer>: <what is wrong>, <what would do>". */
int schema_apply(json_object *schema, json_object *value, const char *where,
                 struct err *e);

#endif
