/* SPDX-License-Identifier: MIT
 *
 * engine_run_random_test.c - the run machine under random schedules: answers
 * late, doubled and lost, workers and daemon crashing at any moment. Whatever
 * happens, the run ends, and what is stored keeps the rules of sim_check(). */
#include <string.h>

#include "core/base/mem.h"
#include "tests/unit/run_sim.h"
#include "tests/unit/tap.h"

const struct tt_plugin *trimtab_plugin_v1(void); /* tests/zoo/zoo_cases.c */

static void fill(struct sim_options *o, uint64_t seed)
{
    struct tt_random r = tt_random_at(seed, 1, TT_STREAM_OWN);

    memset(o, 0, sizeof *o);
    o->seed = seed;
    o->strategy = tt_random_below(&r, 3) == 0 ? trimtab_plugin_v1()
                                              : sim_random_strategy();
    o->max_in_flight = 1 + (unsigned)tt_random_below(&r, 6);
    o->iterations = 2 + (unsigned)tt_random_below(&r, 4);
    o->cases_per_run = 1 + (unsigned)tt_random_below(&r, 3);
    o->n_train = 3;
    o->n_validation = 1 + (unsigned)tt_random_below(&r, 3);
    o->n_holdout = (unsigned)tt_random_below(&r, 3);
    o->crash = (unsigned)tt_random_below(&r, 25);
    o->strategy_crash = (unsigned)tt_random_below(&r, 4);
    o->adapter_crash = (unsigned)tt_random_below(&r, 4);
    o->doubled = (unsigned)tt_random_below(&r, 20);
    o->late = (unsigned)tt_random_below(&r, 20);
    o->later = (unsigned)tt_random_below(&r, 20);
    o->lost = (unsigned)tt_random_below(&r, 15);
    o->error = (unsigned)tt_random_below(&r, 15);
    o->unsure = (unsigned)tt_random_below(&r, 20);
    o->slow = (unsigned)tt_random_below(&r, 3) * 10;
    o->forget_floor = tt_random_below(&r, 10) == 0;
}

/* Run one; says which seed when a rule is broken. */
static bool survives(uint64_t seed, uint64_t *crashes)
{
    struct sim_options o;
    struct sim s;
    bool good;

    fill(&o, seed);
    sim_init(&s, &o);
    good = sim_run(&s, 100000) && sim_check(&s) &&
           (o.forget_floor || sim_replay(&s)); /* a strategy that diverges */
    if (!good)
        printf("# seed %llu: %s%s\n", (unsigned long long)seed, s.what,
               s.finished ? "" : " (it did not end)");
    if (getenv("TT_SEED") != NULL)
        sim_print(&s);
    *crashes += s.crashes;
    sim_fini(&s);
    return good;
}

static void every_schedule_ends_with_whole_records(void)
{
    const char *more = getenv("TT_SEEDS");
    uint64_t n = more != NULL ? strtoull(more, NULL, 10) : 1000;
    const char *from = getenv("TT_SEED"); /* look at one alone */
    uint64_t seed, bad = 0, crashes = 0;

    if (from != NULL) {
        CU_ASSERT(survives(strtoull(from, NULL, 10), &crashes));
        return;
    }
    for (seed = 1; seed <= n && bad < 5; seed++)
        bad += !survives(seed, &crashes);
    printf("# %llu seeds, %llu crashes\n", (unsigned long long)(seed - 1),
           (unsigned long long)crashes);
    CU_ASSERT_EQUAL(bad, 0);
    CU_ASSERT(crashes > n);
}

int main(void)
{
    CU_TestInfo tests[] = {
        { "every schedule ends, and leaves whole records",
          every_schedule_ends_with_whole_records },
        CU_TEST_INFO_NULL,
    };

    return tap_run("run schedules", tests);
}
