/* SPDX-License-Identifier: MIT
 *
 * share.c - fair parts, one slot at a time: slots and runs are few. */
#include "core/engine/share.h"

#include <stdbool.h>

#include "core/base/mem.h"

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Hand `free` slots round to those below their goal. */
static void hand_out(uint64_t *has, const uint64_t *goal, size_t n,
                     uint64_t free)
{
    bool given = true;
    size_t i;

    while (free > 0 && given) {
        given = false;
        for (i = 0; i < n && free > 0; i++)
            if (has[i] < goal[i]) {
                has[i]++;
                free--;
                given = true;
            }
    }
}

void share_slots(struct share *runs, size_t n, uint64_t total)
{
    uint64_t *goal = xcalloc(2 * n + 1, sizeof *goal), *has = goal + n;
    uint64_t used = 0;
    size_t i;

    for (i = 0; i < n; i++)
        has[i] = runs[i].max;
    hand_out(goal, has, n, total);
    for (i = 0; i < n; i++) {
        has[i] = least(goal[i], runs[i].in_flight);
        used += runs[i].in_flight;
    }
    hand_out(has, goal, n, total > used ? total - used : 0);
    for (i = 0; i < n; i++)
        runs[i].slots = has[i];
    free(goal);
}
