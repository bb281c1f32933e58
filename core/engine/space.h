/* SPDX-License-Identifier: MIT
 *
 * space.h - a target's parameters as JSON, as the SDK's search space, and
 * candidates between the two.
 *
 * JSON of one parameter:
 *   {"type":"float|int|categorical|ordinal|bool|text", "default":...,
 *    "min","max" (float, int; inclusive), "log":false, "step":0,
 *    "choices":[...] (all strings or all numbers), "max_bytes":8192,
 *    "placeholders":["{question}"], "fixed":false,
 *    "when":{"parameter":"style","in":["short"]}, "description"} */
#ifndef TT_ENGINE_SPACE_H
#define TT_ENGINE_SPACE_H

#include <trimtab/plugin.h>

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/json.h"

struct space {
    struct tt_space tt;     /* names "node.parameter" */
    json_object *document;  /* {"node":{"parameter":{...}}}, defaults filled in */
    struct arena arena;     /* owns what tt points at */
};

/* nodes: {"answer":{"temperature":{...}}, "judge":{...}}. NULL with TT_EINVAL
 * that names node, parameter and what would do. */
struct space *space_create(json_object *nodes, struct err *e);
void space_destroy(struct space *s);

/* A candidate that owns its memory. Inactive values are set to the default. */
struct candidate {
    struct tt_candidate tt;
    struct arena arena;
};
void candidate_fini(struct candidate *c);
/* Copy what a plugin said; parents are not copied (they are refs). */
void candidate_copy(struct candidate *out, const struct space *s,
                    const struct tt_candidate *from);

/* Is it a point of the space? TT_EINVAL names the parameter: not finite, out
 * of range, off the grid, unknown choice, too long, a lost placeholder, NUL or
 * bad UTF-8, a string that Orcheo would read from its vault ("[[...]]"). */
int space_check(const struct space *s, const struct tt_candidate *c,
                struct err *e);

/* {"answer":{"temperature":0.3,"style":"short"}}; inactive ones left out. */
json_object *space_to_json(const struct space *s, const struct tt_candidate *c);
/* The same backwards. Absent parameters take their default; unknown ones are
 * TT_EINVAL. Checks as space_check does. */
int space_from_json(const struct space *s, json_object *values,
                    struct candidate *out, struct err *e);

/* sha256 over the canonical JSON: equal for equal parameter sets. */
void space_hash(const struct space *s, const struct tt_candidate *c,
                char hex[65]);
/* How many points it has; 0 when not finite (or above 2^63). */
uint64_t space_size(const struct space *s);

#endif
