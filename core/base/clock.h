/* SPDX-License-Identifier: MIT
 *
 * clock.h - the only two clocks, and a seam for tests. */
#ifndef TT_BASE_CLOCK_H
#define TT_BASE_CLOCK_H

#include <stdint.h>

int64_t clock_mono_ms(void); /* deadlines, timeouts, rates */
int64_t clock_mono_ns(void);
int64_t clock_wall_ms(void); /* since 1970, for people and records */

/* "2026-11-25T01:02:03.456Z" of wall_ms into out (25 bytes). */
void clock_format(int64_t wall_ms, char out[25]);

/* Tests only: add these to what the kernel says. */
void clock_shift(int64_t mono_ms, int64_t wall_ms);

#endif
