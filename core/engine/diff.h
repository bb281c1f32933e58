/* SPDX-License-Identifier: MIT
 *
 * diff.h - what changed between two parameter sets: JSON for programs, a
 * unified diff of the texts for people (Myers 1986 over lines, and words
 * within a changed line). Pure. */
#ifndef TT_ENGINE_DIFF_H
#define TT_ENGINE_DIFF_H

#include "core/base/json.h"

/* {"changes":[{"op":"add|remove|replace","parameter","from","to","words"}],
 *  "text": unified diff over all parameters, those that are no texts as a
 *  line of JSON}; the caller puts it.
 * words: of a replaced text, "Be [-very-]{+quite+} brief." */
json_object *diff_parameters(json_object *from, json_object *to,
                             const char *from_name, const char *to_name);
/* Unified diff of two texts, appended; nothing when they are equal. */
void diff_text(const char *from, const char *to, const char *from_name,
               const char *to_name, struct buf *out);

#endif
