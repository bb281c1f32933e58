/* SPDX-License-Identifier: MIT
 *
 * hook.h - allocations of the plugin that fail: its own calls of malloc,
 * calloc and realloc are led to ours, by the table through which it calls. */
#ifndef TT_CHECK_HOOK_H
#define TT_CHECK_HOOK_H

#include <stdbool.h>
#include <stdint.h>

/* Put ours in the place of those of the object loaded from path. The number of
 * functions that were replaced; 0 where this machine's tables are not known, or
 * the plugin allocates nothing. Threads [main] */
unsigned hook_allocations(const char *path);

/* From now on let allocation number n (from 0) fail, and no other; -1: none.
 * Counts anew. */
void hook_fail(int64_t n);
/* Since then: how many there were. */
uint64_t hook_count(void);

#endif
