/* SPDX-License-Identifier: MIT
 *
 * target_internal.h - the parts of a target that a request may bring too.
 * Each fills in defaults; where names the document in errors. */
#ifndef TT_ENGINE_TARGET_INTERNAL_H
#define TT_ENGINE_TARGET_INTERNAL_H

#include "core/engine/target.h"

/* {"metric","direction"} */
int target_check_objective(json_object *objective, const char *where,
                           struct err *e);
/* [{"metric","min","max"}] */
int target_check_guardrails(json_object *guardrails, const char *where,
                            struct err *e);
/* "name" or "name@version" */
int target_check_dataset(const char *name, const char *where, struct err *e);

#endif
