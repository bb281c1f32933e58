/* SPDX-License-Identifier: MIT
 *
 * clock_test.c - the clocks and their text. */
#include "config.h"

#include <string.h>

#include "core/base/clock.h"
#include "tests/unit/tap.h"

static void format_is_rfc_3339(void)
{
    char out[25];

    clock_format(0, out);
    CU_ASSERT_STRING_EQUAL(out, "1970-01-01T00:00:00.000Z");
    clock_format(1795568523456, out);
    CU_ASSERT_STRING_EQUAL(out, "2026-11-25T01:02:03.456Z");
    clock_format(-1, out);
    CU_ASSERT_STRING_EQUAL(out, "1969-12-31T23:59:59.999Z");
    clock_format(951782400000, out);
    CU_ASSERT_STRING_EQUAL(out, "2000-02-29T00:00:00.000Z");
    clock_format(INT64_MAX, out);
    CU_ASSERT_EQUAL(strlen(out), 24);
}

static void shift_moves_both_clocks(void)
{
    int64_t mono = clock_mono_ms(), wall = clock_wall_ms();

    clock_shift(100000, -500000);
    CU_ASSERT(clock_mono_ms() >= mono + 100000);
    CU_ASSERT(clock_mono_ns() >= (mono + 100000) * 1000000);
    CU_ASSERT(clock_wall_ms() <= wall - 400000);
    clock_shift(-100000, 500000);
    CU_ASSERT(clock_mono_ms() >= mono);
}

static CU_TestInfo tests[] = {
    { "the format is RFC 3339", format_is_rfc_3339 },
    { "a shift moves both clocks", shift_moves_both_clocks },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("clock", tests);
}
