/* SPDX-License-Identifier: MIT
 *
 * budget_test.c - limits, and why a run stops. */
#include "core/engine/budget.h"

#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "tests/unit/json_of.h"
#include "tests/unit/tap.h"

#define NOTHING ((double)NAN) /* clang: it is a float */

static const struct budget_terms plain = { .iterations_min = 5,
                                           .per_candidate = 4,
                                           .cases = 4 };

static int parse(const char *quoted, const struct budget_terms *terms,
                 struct budget *b, struct err *e)
{
    json_object *request = json_of(quoted);
    int rc = budget_parse(request, terms, b, e);

    json_object_put(request);
    return rc;
}

static void every_limit_is_read(void)
{
    struct budget b;

    CU_ASSERT_EQUAL(parse("{'limits':{'iterations':50,'evaluations':400,"
                          "'time_seconds':600,'cost':2.5,'target':0.95},"
                          "'convergence':{'criterion':'no_improvement',"
                          "'patience':7,'min_delta':0.01}}",
                          &plain, &b, NULL),
                    0);
    CU_ASSERT_EQUAL(b.tt.iterations, 50);
    CU_ASSERT_EQUAL(b.tt.evaluations, 400);
    CU_ASSERT_EQUAL(b.tt.seconds, 600);
    CU_ASSERT(b.tt.cost == 2.5);
    CU_ASSERT(b.has_target && b.target == 0.95);
    CU_ASSERT(b.converge && b.patience == 7 && b.min_delta == 0.01);
    CU_ASSERT_EQUAL(b.tt.size, sizeof b.tt);
}

static void the_seeds_example_is_a_budget(void)
{
    struct budget b;

    CU_ASSERT_EQUAL(parse("{'limits':{'iterations':50,'time_seconds':3600}}",
                          &plain, &b, NULL),
                    0);
    CU_ASSERT(!b.has_target && !b.converge);
}

static void a_meaningless_budget_says_what_it_would_have_bought(void)
{
    static const struct {
        const char *request;
        int code;
        const char *says;
    } bad[] = {
        { "{}", TT_EBUDGET, "without an end" },
        { "{'limits':{}}", TT_EBUDGET, "without an end" },
        { "{'limits':{'target':0.9}}", TT_EBUDGET, "without an end" },
        { "{'limits':{'iterations':3}}", TT_EBUDGET,
          "bought 3 of the 5 candidates" },
        { "{'limits':{'evaluations':3}}", TT_EBUDGET,
          "bought not one candidate: each needs 4 (for 4 cases)" },
        { "{'limits':{'evaluations':11}}", TT_EBUDGET,
          "bought 2 candidates (each needs 4" },
        { "{'limits':{'iterations':-1}}", TT_EINVAL, "iterations" },
        { "{'limits':{'iterations':1.5}}", TT_EINVAL, "iterations" },
        { "{'limits':{'time_seconds':'1h'}}", TT_EINVAL, "time_seconds" },
        { "{'limits':{'cost':-1}}", TT_EINVAL, "cost" },
        { "{'limits':{'budget':1}}", TT_EINVAL, "budget" },
        { "{'limits':{'iterations':9},'convergence':{'criterion':'x'}}",
          TT_EINVAL, "no_improvement or none" },
        { "{'limits':{'iterations':9},'convergence':{'patience':0}}",
          TT_EINVAL, "patience" },
    };
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(bad); i++) {
        struct err e = { 0 };
        struct budget b;

        CU_ASSERT_EQUAL(parse(bad[i].request, &plain, &b, &e), bad[i].code);
        CU_ASSERT(err_says(&e, bad[i].code, bad[i].says));
    }
}

static void the_servers_caps_hold(void)
{
    struct budget_terms t = plain;
    struct err e = { 0 };
    struct budget b;

    t.cap_iterations = 100;
    t.cap_seconds = 60;
    CU_ASSERT_EQUAL(parse("{'limits':{'iterations':101}}", &t, &b, &e),
                    TT_EBUDGET);
    CU_ASSERT(err_says(&e, TT_EBUDGET, "the 100 that this server allows"));
    CU_ASSERT_EQUAL(parse("{'limits':{'iterations':50}}", &t, &b, &e), 0);
    CU_ASSERT_EQUAL(b.tt.seconds, 60);
    CU_ASSERT_EQUAL(parse("{}", &t, &b, &e), TT_EBUDGET);
}

static void each_limit_stops_the_run(void)
{
    const double scores[] = { 0.1, 0.5, NOTHING, 0.3 };
    struct budget b = { 0 };

    CU_ASSERT_EQUAL(budget_stop(&b, true, scores, 4), STOP_NONE);
    b.tt.iterations = 5;
    CU_ASSERT_EQUAL(budget_stop(&b, true, scores, 4), STOP_NONE);
    b.tt.iterations = 4;
    CU_ASSERT_EQUAL(budget_stop(&b, true, scores, 4), STOP_ITERATIONS);
    b.tt.iterations = 0;
    b.tt.evaluations = 10;
    b.tt.evaluations_spent = 10;
    CU_ASSERT_EQUAL(budget_stop(&b, true, scores, 4), STOP_EVALUATIONS);
    b.tt.evaluations = 11;
    b.tt.seconds = 3;
    b.tt.seconds_spent = 4;
    CU_ASSERT_EQUAL(budget_stop(&b, true, scores, 4), STOP_TIME);
    b.tt.seconds = 0;
    b.tt.cost = 1.0;
    b.tt.cost_spent = 1.5;
    CU_ASSERT_EQUAL(budget_stop(&b, true, scores, 4), STOP_COST);
    b.tt.cost = 0.0;
    b.has_target = true;
    b.target = 0.5;
    CU_ASSERT_EQUAL(budget_stop(&b, true, scores, 4), STOP_TARGET);
    b.target = 0.6;
    CU_ASSERT_EQUAL(budget_stop(&b, true, scores, 4), STOP_NONE);
    CU_ASSERT_EQUAL(budget_stop(&b, false, scores, 4), STOP_TARGET);
    b.target = 0.05;
    CU_ASSERT_EQUAL(budget_stop(&b, false, scores, 4), STOP_NONE);
}

static void no_improvement_is_convergence(void)
{
    const double scores[] = { 0.5, 0.6, 0.6, 0.605, NOTHING, 0.4 };
    const double none[] = { NOTHING, NOTHING, NOTHING, NOTHING };
    struct budget b = { .converge = true, .patience = 4 };

    CU_ASSERT_EQUAL(budget_stop(&b, true, scores, 6), STOP_NONE);
    b.min_delta = 0.01; /* 0.605 does not count now */
    CU_ASSERT_EQUAL(budget_stop(&b, true, scores, 5), STOP_NONE);
    CU_ASSERT_EQUAL(budget_stop(&b, true, scores, 6), STOP_CONVERGED);
    CU_ASSERT_EQUAL(budget_stop(&b, false, scores, 6), STOP_NONE); /* 0.4 */
    CU_ASSERT_EQUAL(budget_stop(&b, false, scores, 5), STOP_CONVERGED);
    CU_ASSERT_EQUAL(budget_stop(&b, true, none, 4), STOP_NONE);
    CU_ASSERT_EQUAL(budget_stop(&b, true, NULL, 0), STOP_NONE);
}

static void reasons_have_words(void)
{
    CU_ASSERT_STRING_EQUAL(stop_word(STOP_NONE), "");
    CU_ASSERT_STRING_EQUAL(stop_word(STOP_CONVERGED), "converged");
    CU_ASSERT_STRING_EQUAL(stop_word(STOP_FAILED), "failed");
    CU_ASSERT_STRING_EQUAL(stop_word((enum stop_reason)99), "");
}

static CU_TestInfo tests[] = {
    { "every limit is read", every_limit_is_read },
    { "the seed's example is a budget", the_seeds_example_is_a_budget },
    { "a meaningless budget says what it would have bought",
      a_meaningless_budget_says_what_it_would_have_bought },
    { "the server's caps hold", the_servers_caps_hold },
    { "each limit stops the run", each_limit_stops_the_run },
    { "no improvement is convergence", no_improvement_is_convergence },
    { "reasons have words", reasons_have_words },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("budget", tests);
}
