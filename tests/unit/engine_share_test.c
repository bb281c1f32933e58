/* SPDX-License-Identifier: MIT
 *
 * engine_share_test.c - slots among runs: fair, and no more than there are. */
#include "core/engine/share.h"

#include <trimtab/random.h>

#include "tests/unit/tap.h"

static void equal_parts_for_equal_runs(void)
{
    struct share runs[3] = { { 8, 0, 0 }, { 8, 0, 0 }, { 8, 0, 0 } };

    share_slots(runs, 3, 8);
    CU_ASSERT_EQUAL(runs[0].slots, 3);
    CU_ASSERT_EQUAL(runs[1].slots, 3);
    CU_ASSERT_EQUAL(runs[2].slots, 2);
}

static void what_one_cannot_use_goes_to_the_others(void)
{
    struct share runs[2] = { { 1, 0, 0 }, { 16, 0, 0 } };

    share_slots(runs, 2, 8);
    CU_ASSERT_EQUAL(runs[0].slots, 1);
    CU_ASSERT_EQUAL(runs[1].slots, 7);
}

static void a_newcomer_waits_until_slots_are_free(void)
{
    struct share runs[2] = { { 8, 8, 0 }, { 8, 0, 0 } };

    share_slots(runs, 2, 8);
    CU_ASSERT_EQUAL(runs[0].slots, 4); /* no new ones until it is below */
    CU_ASSERT_EQUAL(runs[1].slots, 0);
    runs[0].in_flight = 6;
    share_slots(runs, 2, 8);
    CU_ASSERT_EQUAL(runs[1].slots, 2);
    runs[0].in_flight = 4;
    share_slots(runs, 2, 8);
    CU_ASSERT_EQUAL(runs[0].slots, 4);
    CU_ASSERT_EQUAL(runs[1].slots, 4);
}

static void nobody_gets_more_than_there_is(void)
{
    struct tt_random r = tt_random_at(1, 1, 1);
    struct share runs[5];
    uint64_t total, sum, used, i, round;

    for (round = 0; round < 2000; round++) {
        total = tt_random_below(&r, 12);
        used = 0;
        for (i = 0; i < 5; i++) {
            runs[i].max = 1 + tt_random_below(&r, 8);
            runs[i].in_flight = used < total
                                    ? tt_random_below(&r, total - used + 1)
                                    : 0;
            used += runs[i].in_flight;
        }
        share_slots(runs, 5, total);
        for (sum = 0, i = 0; i < 5; i++) {
            sum += runs[i].slots > runs[i].in_flight ? runs[i].slots
                                                     : runs[i].in_flight;
            CU_ASSERT(runs[i].slots <= runs[i].max);
        }
        CU_ASSERT(sum <= total);
    }
    share_slots(NULL, 0, 8); /* no run at all */
}

int main(void)
{
    CU_TestInfo tests[] = {
        { "equal parts for equal runs", equal_parts_for_equal_runs },
        { "what one cannot use goes to the others",
          what_one_cannot_use_goes_to_the_others },
        { "a newcomer waits until slots are free",
          a_newcomer_waits_until_slots_are_free },
        { "nobody gets more than there is", nobody_gets_more_than_there_is },
        CU_TEST_INFO_NULL,
    };

    return tap_run("share", tests);
}
