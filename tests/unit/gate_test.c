/* SPDX-License-Identifier: MIT
 *
 * gate_test.c - known values, and what the interval covers. */
#include "core/engine/gate.h"

#include <math.h>
#include <string.h>
#include <trimtab/random.h>

#include "tests/unit/json_of.h"
#include "tests/unit/tap.h"

/* A constant lift has no spread: the interval is the lift itself. */
static void a_constant_lift_is_known_exactly(void)
{
    double base[8], best[8];
    struct gate_input in = { .baseline = base, .finalist = best, .n = 8,
                             .maximize = true, .guardrails_hold = true };
    struct gate_verdict v;
    int i;

    for (i = 0; i < 8; i++) {
        base[i] = 0.125 * i;
        best[i] = base[i] + 0.25;
    }
    gate_decide(&in, &v);
    CU_ASSERT_DOUBLE_EQUAL(v.lift, 0.25, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(v.lo, 0.25, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(v.hi, 0.25, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(v.baseline_mean, 0.4375, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(v.finalist_mean, 0.6875, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(v.wins, 1.0, 1e-12);
    CU_ASSERT(v.better);
    CU_ASSERT_STRING_EQUAL(v.text, "better by 0.25 (95 % 0.25 .. 0.25, n=8)");
}

/* For lifts of which a share p is 1 and the rest 0, the bootstrap's mean is
 * binomial: its percentiles can be worked out by hand. n = 20, p = 1/2: the
 * tail at sqrt(20/19) * t(19) = 2.147 is 0.01588; Binomial(20, 1/2) has
 * P(X <= 4) = 0.0059 and P(X <= 5) = 0.0207, so the percentile is 5/20. */
static void a_binomial_bootstrap_has_binomial_percentiles(void)
{
    double base[20] = { 0 }, best[20] = { 0 };
    struct gate_input in = { .baseline = base, .finalist = best, .n = 20,
                             .maximize = true, .seed = 3,
                             .guardrails_hold = true };
    struct gate_verdict v;
    int i;

    for (i = 0; i < 10; i++)
        best[2 * i] = 1.0;
    gate_decide(&in, &v);
    CU_ASSERT_DOUBLE_EQUAL(v.lift, 0.5, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(v.lo, 0.25, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(v.hi, 0.75, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(v.wins, 0.5, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(v.ties, 0.5, 1e-12);
}

static void minimizing_turns_the_sign(void)
{
    double base[6] = { 5, 6, 7, 5, 6, 7 }, best[6] = { 4, 5, 5, 4, 4, 6 };
    struct gate_input in = { .baseline = base, .finalist = best, .n = 6,
                             .maximize = false, .guardrails_hold = true };
    struct gate_verdict v, w;

    gate_decide(&in, &v);
    CU_ASSERT_DOUBLE_EQUAL(v.lift, 8.0 / 6.0, 1e-12);
    CU_ASSERT(v.better && v.lo > 0.0 && v.lo < v.lift && v.lift < v.hi);
    in.maximize = true;
    gate_decide(&in, &w);
    CU_ASSERT_DOUBLE_EQUAL(w.lift, -8.0 / 6.0, 1e-12);
    CU_ASSERT(!w.better && w.losses > 0.99);
    CU_ASSERT(strncmp(w.text, "worse by 1.33", 13) == 0);
}

static void a_broken_guardrail_refuses_the_best_lift(void)
{
    double base[6] = { 0 }, best[6] = { 1, 1, 1, 1, 1, 1 };
    struct gate_input in = { .baseline = base, .finalist = best, .n = 6,
                             .maximize = true, .guardrails_hold = false };
    struct gate_verdict v;

    gate_decide(&in, &v);
    CU_ASSERT(v.lo > 0.0 && !v.better);
    CU_ASSERT(strstr(v.text, "guardrail") != NULL);
}

static void a_handful_of_pairs_decides_nothing(void)
{
    double base[5] = { 0 }, best[5] = { 1, 1, 1, 1, 1 };
    struct gate_input in = { .baseline = base, .finalist = best,
                             .maximize = true, .guardrails_hold = true };
    struct gate_verdict v;
    json_object *json;

    for (in.n = 0; in.n <= 5; in.n++) {
        gate_decide(&in, &v);
        CU_ASSERT(!v.better);
        CU_ASSERT(strncmp(v.text, "not decided", 11) == 0);
    }
    in.n = 1;
    gate_decide(&in, &v);
    json = gate_to_json(&v);
    CU_ASSERT(json_object_object_get_ex(json, "lo", NULL));
    CU_ASSERT_PTR_NULL(json_child(json, "lo"));
    CU_ASSERT_DOUBLE_EQUAL(json_num(json, "lift", 0), 1.0, 1e-12);
    json_object_put(json);
}

static void equal_seeds_give_equal_intervals(void)
{
    double base[9] = { 0 }, best[9] = { 3, -1, 2, 5, 0, 1, 4, -2, 1 };
    struct gate_input in = { .baseline = base, .finalist = best, .n = 9,
                             .maximize = true, .seed = 11,
                             .guardrails_hold = true };
    struct gate_verdict a, b, c;

    gate_decide(&in, &a);
    gate_decide(&in, &b);
    in.seed = 12;
    gate_decide(&in, &c);
    CU_ASSERT(a.lo == b.lo && a.hi == b.hi);
    CU_ASSERT(a.lo != c.lo || a.hi != c.hi);
    CU_ASSERT_DOUBLE_EQUAL(a.lo, c.lo, 0.2); /* 10 000 resamples agree */
}

/* The share of `trials` samples whose interval misses the true lift of 0 on
 * the side that would promote. 2.5 % is meant. */
static double false_promotions(size_t n, int skewed, int trials)
{
    double base[64] = { 0 }, best[64];
    int wrong = 0, t;
    size_t i;

    for (t = 0; t < trials; t++) {
        struct gate_input in = { .baseline = base, .finalist = best, .n = n,
                                 .maximize = true, .seed = (uint64_t)t,
                                 .resamples = 500, .guardrails_hold = true };
        struct tt_random r = tt_random_at(2026, (uint64_t)t, (uint32_t)n);
        struct gate_verdict v;

        for (i = 0; i < n; i++) {
            double z = tt_random_normal(&r);

            /* chi-square with one degree of freedom, centred */
            best[i] = skewed ? z * z - 1.0 : z;
        }
        gate_decide(&in, &v);
        wrong += v.better ? 1 : 0;
    }
    return (double)wrong / trials;
}

/* 1000 trials at 2.5 %: a standard error of 0.5 %, so 4 % is three of them
 * away. The plain percentile gives 5 % at n = 8 and fails this. */
static void a_null_effect_is_seldom_promoted(void)
{
    CU_ASSERT(false_promotions(8, 0, 1000) < 0.04);
    CU_ASSERT(false_promotions(20, 0, 1000) < 0.04);
    CU_ASSERT(false_promotions(20, 1, 1000) < 0.04);
}

static void a_real_effect_is_found(void)
{
    double base[30] = { 0 }, best[30];
    struct tt_random r = tt_random_at(1, 1, 1);
    struct gate_input in = { .baseline = base, .finalist = best, .n = 30,
                             .maximize = true, .guardrails_hold = true };
    struct gate_verdict v;
    int i;

    for (i = 0; i < 30; i++)
        best[i] = 1.0 + tt_random_normal(&r);
    gate_decide(&in, &v);
    CU_ASSERT(v.better);
    CU_ASSERT_DOUBLE_EQUAL(v.hi - v.lo, 2 * 2.045 / sqrt(30.0), 0.25);
}

static CU_TestInfo tests[] = {
    { "a constant lift is known exactly", a_constant_lift_is_known_exactly },
    { "a binomial bootstrap has binomial percentiles",
      a_binomial_bootstrap_has_binomial_percentiles },
    { "minimizing turns the sign", minimizing_turns_the_sign },
    { "a broken guardrail refuses the best lift",
      a_broken_guardrail_refuses_the_best_lift },
    { "a handful of pairs decides nothing",
      a_handful_of_pairs_decides_nothing },
    { "equal seeds give equal intervals", equal_seeds_give_equal_intervals },
    { "a null effect is seldom promoted", a_null_effect_is_seldom_promoted },
    { "a real effect is found", a_real_effect_is_found },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("gate", tests);
}
