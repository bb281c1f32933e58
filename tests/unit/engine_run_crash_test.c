/* SPDX-License-Identifier: MIT
 *
 * engine_run_crash_test.c - one crash, after each commit of a run in turn: the
 * machine is built again from what is stored up to then and goes on. */
#include <string.h>

#include "core/base/mem.h"
#include "tests/unit/run_sim.h"
#include "tests/unit/tap.h"

const struct tt_plugin *trimtab_plugin_v1(void); /* tests/zoo/zoo_cases.c */

/* What a candidate is, without how long it took. */
static json_object *essence(const struct sim *s, uint64_t number)
{
    static const char *const kept[] = { "number", "parameters", "origin",
                                        "parents", "ref", "duplicate_of",
                                        "score" };
    json_object *c = sim_json(s, STORE_CANDIDATE, number);
    json_object *o = json_object_new_object();
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(kept); i++)
        if (json_child(c, kept[i]) != NULL)
            json_set(o, kept[i], json_copy(json_child(c, kept[i])));
    json_object_put(c);
    return o;
}

static bool same_candidates(const struct sim *a, const struct sim *b)
{
    uint64_t i, n = sim_count(a, STORE_CANDIDATE);
    bool same = n == sim_count(b, STORE_CANDIDATE);

    for (i = 1; i <= n && same; i++) {
        json_object *x = essence(a, i), *y = essence(b, i);

        same = json_equal(x, y);
        if (!same)
            printf("# %s\n# %s\n", json_object_to_json_string(x),
                   json_object_to_json_string(y));
        json_object_put(x);
        json_object_put(y);
    }
    return same;
}

/* Returns how many places there were. equal: candidates must be, too. */
static uint64_t crash_everywhere(const struct tt_plugin *strategy,
                                 unsigned in_flight, unsigned iterations,
                                 bool equal)
{
    struct sim_options o = sim_small(strategy, in_flight);
    struct sim whole, s;
    uint64_t k, n;

    o.iterations = iterations;
    sim_init(&whole, &o);
    CU_ASSERT(sim_run(&whole, 100000));
    CU_ASSERT(sim_check(&whole));
    n = whole.commits;
    if (getenv("TT_PRINT") != NULL)
        sim_print(&whole);
    for (k = 1; k < n; k++) {
        bool good;

        o.crash_after = k;
        sim_init(&s, &o);
        good = sim_run(&s, 100000) && sim_check(&s) && sim_replay(&s) &&
               sim_each_once(&s) && (!equal || same_candidates(&whole, &s));
        if (!good)
            printf("# after commit %llu of %llu: %s\n", (unsigned long long)k,
                   (unsigned long long)n, s.what);
        CU_ASSERT(good);
        CU_ASSERT_EQUAL(s.crashes, 1);
        sim_fini(&s);
    }
    sim_fini(&whole);
    printf("# %llu places\n", (unsigned long long)n);
    return n;
}

static void one_in_flight_gives_equal_candidates(void)
{
    CU_ASSERT(crash_everywhere(sim_random_strategy(), 1, 6, true) > 20);
}

static void subsets_models_and_prunes_come_back_too(void)
{
    CU_ASSERT(crash_everywhere(trimtab_plugin_v1(), 1, 8, true) > 20);
}

static void sixteen_in_flight_keep_what_is_stored(void)
{
    CU_ASSERT(crash_everywhere(sim_random_strategy(), 16, 40, false) > 20);
}

/* The strategy is another one after the restart: the log holds. */
static void a_strategy_that_diverges_is_told_the_history(void)
{
    struct sim_options o = sim_small(sim_random_strategy(), 2);
    json_object *run;
    struct sim s;

    o.iterations = 12;
    o.crash_after = 25;
    o.forget_floor = true;
    sim_init(&s, &o);
    CU_ASSERT(sim_run(&s, 100000));
    CU_ASSERT(sim_check(&s));
    CU_ASSERT(sim_each_once(&s));
    run = sim_json(&s, STORE_RUN, 0);
    CU_ASSERT(json_object_get_boolean(json_child(run, "nondeterministic")));
    CU_ASSERT_STRING_EQUAL(json_str(run, "state"), "completed");
    CU_ASSERT_EQUAL(sim_count(&s, STORE_CANDIDATE), 12);
    json_object_put(run);
    sim_fini(&s);
}

int main(void)
{
    CU_TestInfo tests[] = {
        { "with one in flight, a crash anywhere leaves equal candidates",
          one_in_flight_gives_equal_candidates },
        { "so with subsets of cases, prunes and a model",
          subsets_models_and_prunes_come_back_too },
        { "with sixteen in flight, what is stored stays, each is sent once",
          sixteen_in_flight_keep_what_is_stored },
        { "a strategy that diverges from its log is told the history",
          a_strategy_that_diverges_is_told_the_history },
        CU_TEST_INFO_NULL,
    };

    return tap_run("run crashes", tests);
}
