/* SPDX-License-Identifier: MIT
 *
 * arena.h - memory that is given back all at once: what a decoded frame
 * needs. A zeroed struct is an empty arena. */
#ifndef TT_BASE_ARENA_H
#define TT_BASE_ARENA_H

#include <stddef.h>
#include <trimtab/plugin.h>

struct arena_block;
struct arena {
    struct arena_block *blocks;
};

void *arena_alloc(struct arena *a, size_t n, size_t size); /* zeroed, aligned */
struct tt_str arena_str(struct arena *a, struct tt_str s); /* a copy, NUL behind */
void arena_fini(struct arena *a);

#endif
