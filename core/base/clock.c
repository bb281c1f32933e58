/* SPDX-License-Identifier: MIT
 *
 * clock.c - the only two clocks. */
#include "config.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "core/base/clock.h"

static _Atomic int64_t shift_mono_ms, shift_wall_ms;

static int64_t read_ns(clockid_t id)
{
    struct timespec t = { 0, 0 };

    (void)clock_gettime(id, &t); /* cannot fail for these two clocks */
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t clock_mono_ns(void)
{
    return read_ns(CLOCK_MONOTONIC) +
           atomic_load_explicit(&shift_mono_ms, memory_order_relaxed) *
               1000000;
}

int64_t clock_mono_ms(void)
{
    return clock_mono_ns() / 1000000;
}

int64_t clock_wall_ms(void)
{
    return read_ns(CLOCK_REALTIME) / 1000000 +
           atomic_load_explicit(&shift_wall_ms, memory_order_relaxed);
}

void clock_format(int64_t wall_ms, char out[25])
{
    int64_t ms = wall_ms % 1000;
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm tm;
    char text[64];

    if (ms < 0) {
        ms += 1000;
        seconds--;
    }
    if (gmtime_r(&seconds, &tm) == NULL || tm.tm_year < -1900 ||
        tm.tm_year > 9999 - 1900) { /* RFC 3339 has four digits */
        seconds = 0;
        ms = 0;
        (void)gmtime_r(&seconds, &tm);
    }
    (void)snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                   tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
                   tm.tm_min, tm.tm_sec, (int)ms);
    (void)snprintf(out, 25, "%.24s", text);
}

void clock_shift(int64_t mono_ms, int64_t wall_ms)
{
    atomic_fetch_add(&shift_mono_ms, mono_ms);
    atomic_fetch_add(&shift_wall_ms, wall_ms);
}
