/* SPDX-License-Identifier: MIT
 *
 * share.h - the daemon's evaluation slots among its runs. Pure. */
#ifndef TT_ENGINE_SHARE_H
#define TT_ENGINE_SHARE_H

#include <stddef.h>
#include <stdint.h>

struct share {
    uint64_t max;       /* that this run can use */
    uint64_t in_flight; /* that it uses now */
    uint64_t slots;     /* out: that it may use from now on */
};

/* Equal parts, none above its max; what one cannot use goes to the others. A
 * slot is given only when it is free: in-flight evaluations above a run's
 * part end first. So the sum of what runs use, or may use, never grows
 * beyond total. */
void share_slots(struct share *runs, size_t n, uint64_t total);

#endif
