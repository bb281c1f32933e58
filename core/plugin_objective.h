/* SPDX-License-Identifier: MIT
 *
 * plugin_objective.h - the built-in objective of `trimtab plugin run`: pure. */
#ifndef TT_CORE_PLUGIN_OBJECTIVE_H
#define TT_CORE_PLUGIN_OBJECTIVE_H

#include "core/engine/space.h"

/* The bowl at a candidate, for one case: 0 is best. */
double objective_case(const struct space *s, const struct tt_candidate *c,
                      uint64_t id);
/* What a judge would say of it: names the parameter that is furthest off. */
struct tt_str objective_feedback(const struct space *s,
                                 const struct tt_candidate *c, uint64_t id,
                                 struct arena *a);

#endif
