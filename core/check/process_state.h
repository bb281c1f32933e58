/* SPDX-License-Identifier: MIT
 *
 * process_state.h - what a plugin could change of the process it is in. */
#ifndef TT_CHECK_PROCESS_STATE_H
#define TT_CHECK_PROCESS_STATE_H

#include "core/base/buf.h"

struct process_state {
    struct buf lines; /* "name=value\n" for everything that can be seen */
};

void process_state_take(struct process_state *s);
void process_state_fini(struct process_state *s);
/* Call `each` for every line that is in one of the two alone: what was before
 * (NULL where it is new) and what is now (NULL where it is gone). */
void process_state_compare(const struct process_state *before,
                           const struct process_state *now,
                           void (*each)(void *ctx, const char *before,
                                        const char *now),
                           void *ctx);

#endif
