/* SPDX-License-Identifier: MIT
 *
 * The counter-based generator of the SDK. */
#include <trimtab/random.h>

#include "tests/unit/tap.h"

static void philox_gives_the_known_answers(void)
{
    /* kat_vectors of Random123, the authors' own library */
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } known[] = {
        { { 0, 0, 0, 0 },
          { 0, 0 },
          { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
        { { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff },
          { 0xffffffff, 0xffffffff },
          { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
        { { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 },
          { 0xa4093822, 0x299f31d0 },
          { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
    };
    uint32_t out[4];
    size_t i;
    int k;

    for (i = 0; i < sizeof known / sizeof *known; i++) {
        tt_philox4x32(known[i].counter, known[i].key, out);
        for (k = 0; k < 4; k++)
            CU_ASSERT_EQUAL(out[k], known[i].out[k]);
    }
}

static void a_number_is_a_function_of_its_four_coordinates(void)
{
    uint64_t x = tt_random_u64(1, 2, 3, 4);

    CU_ASSERT_EQUAL(x, tt_random_u64(1, 2, 3, 4));
    CU_ASSERT_NOT_EQUAL(x, tt_random_u64(2, 2, 3, 4));
    CU_ASSERT_NOT_EQUAL(x, tt_random_u64(1, 3, 3, 4));
    CU_ASSERT_NOT_EQUAL(x, tt_random_u64(1, 2, 4, 4));
    CU_ASSERT_NOT_EQUAL(x, tt_random_u64(1, 2, 3, 5));
    /* the layout that random.h promises, against the known answer */
    CU_ASSERT_EQUAL(tt_random_u64(0, 0, 0, 0), UINT64_C(0xe169c58d6627e8d5));
    CU_ASSERT_EQUAL(tt_random_u64(0, 0, 0, 1), UINT64_C(0x9b00dbd8bc57ac4c));
    CU_ASSERT_EQUAL(tt_random_u64(UINT64_C(0x299f31d0a4093822),
                                  UINT64_C(0x0370734413198a2e), 0x85a308d3,
                                  UINT64_C(0x243f6a88) << 1),
                    UINT64_C(0x94fdccebd16cfe09));
}

static void the_cursor_walks_the_stream(void)
{
    struct tt_random r = tt_random_at(7, 8, 9);
    uint64_t k;

    for (k = 0; k < 5; k++)
        CU_ASSERT_EQUAL(tt_random_next(&r), tt_random_u64(7, 8, 9, k));
}

static void unit_numbers_are_uniform_in_0_1(void)
{
    struct tt_random r = tt_random_at(1, 1, 0);
    double sum = 0.0, squares = 0.0;
    unsigned bins[10] = { 0 };
    double chi = 0.0;
    int i, n = 100000;

    for (i = 0; i < n; i++) {
        double x = tt_random_unit(&r);

        CU_ASSERT(x >= 0.0 && x < 1.0);
        sum += x;
        squares += x * x;
        bins[(int)(x * 10.0)]++;
    }
    /* 6 standard errors: 0.29/sqrt(n) and 0.3/sqrt(n) */
    CU_ASSERT(fabs(sum / n - 0.5) < 0.0055);
    CU_ASSERT(fabs(squares / n - 1.0 / 3.0) < 0.0057);
    for (i = 0; i < 10; i++)
        chi += (bins[i] - n / 10.0) * (bins[i] - n / 10.0) / (n / 10.0);
    CU_ASSERT(chi < 33.7); /* chi-square, 9 degrees of freedom, p = 1e-4 */
}

static void below_n_is_unbiased_and_in_range(void)
{
    struct tt_random r = tt_random_at(2, 1, 0);
    /* three quarters of 2^64: plain `% n` would give low numbers twice */
    uint64_t n = UINT64_C(3) << 62, low = 0;
    unsigned seen[7] = { 0 };
    int i;

    CU_ASSERT_EQUAL(tt_random_below(&r, 0), 0);
    CU_ASSERT_EQUAL(tt_random_below(&r, 1), 0);
    for (i = 0; i < 7000; i++) {
        uint64_t x = tt_random_below(&r, 7);

        CU_ASSERT(x < 7);
        seen[x % 7]++;
    }
    for (i = 0; i < 7; i++)
        CU_ASSERT(seen[i] > 820 && seen[i] < 1180); /* 6 of sqrt(1000*6/7) */
    for (i = 0; i < 10000; i++) {
        uint64_t x = tt_random_below(&r, n);

        CU_ASSERT(x < n);
        low += x < UINT64_C(1) << 62;
    }
    CU_ASSERT(low > 3050 && low < 3620); /* a third; biased would be half */
}

static void quantiles_invert_the_distribution(void)
{
    static const double p[] = { 1e-300, 1e-100, 1e-16, 1e-9,  1e-4,
                                0.01,   0.074,  0.076, 0.3,   0.5 };
    size_t i;

    for (i = 0; i < sizeof p / sizeof *p; i++) {
        double z = tt_normal_quantile(p[i]);
        /* the tail multiplies a relative error in z by z^2 */
        double tolerance = 4e-15 * (1.0 + z * z);

        CU_ASSERT(fabs(0.5 * erfc(-z * sqrt(0.5)) / p[i] - 1.0) < tolerance);
        if (p[i] > 1e-4)
            CU_ASSERT(fabs(tt_normal_quantile(1.0 - p[i]) + z) < 1e-11);
    }
    CU_ASSERT_EQUAL(tt_normal_quantile(0.5), 0.0);
    CU_ASSERT_EQUAL(tt_normal_quantile(0.0), -HUGE_VAL);
    CU_ASSERT_EQUAL(tt_normal_quantile(1.0), HUGE_VAL);
    CU_ASSERT(fabs(tt_normal_quantile(0.975) - 1.9599639845400543) < 1e-14);
}

static void normal_numbers_have_normal_moments(void)
{
    struct tt_random r = tt_random_at(3, 1, 0);
    double m1 = 0.0, m2 = 0.0, m3 = 0.0, m4 = 0.0;
    int i, n = 100000;

    for (i = 0; i < n; i++) {
        double x = tt_random_normal(&r);

        m1 += x;
        m2 += x * x;
        m3 += x * x * x;
        m4 += x * x * x * x;
    }
    /* 6 standard errors of each moment: sqrt(1, 2, 15, 96)/sqrt(n) */
    CU_ASSERT(fabs(m1 / n) < 0.019);
    CU_ASSERT(fabs(m2 / n - 1.0) < 0.027);
    CU_ASSERT(fabs(m3 / n) < 0.074);
    CU_ASSERT(fabs(m4 / n - 3.0) < 0.19);
}

static void a_shuffle_keeps_the_elements_and_reaches_every_order(void)
{
    struct tt_random r = tt_random_at(4, 1, 0);
    unsigned orders[6] = { 0 };
    int i;

    for (i = 0; i < 6000; i++) {
        uint16_t items[3] = { 0, 1, 2 };

        tt_random_shuffle(&r, items, 3, sizeof *items);
        CU_ASSERT_EQUAL(items[0] + items[1] + items[2], 3);
        CU_ASSERT(items[0] != items[1] && items[1] != items[2]);
        orders[items[0] * 2 + (items[1] > items[2])]++;
    }
    for (i = 0; i < 6; i++)
        CU_ASSERT(orders[i] > 825 && orders[i] < 1175); /* 6 of 28.9 */
    tt_random_shuffle(&r, NULL, 0, 8);
}

static CU_TestInfo tests[] = {
    { "philox gives the known answers", philox_gives_the_known_answers },
    { "a number is a function of its four coordinates",
      a_number_is_a_function_of_its_four_coordinates },
    { "the cursor walks the stream", the_cursor_walks_the_stream },
    { "unit numbers are uniform in [0, 1)", unit_numbers_are_uniform_in_0_1 },
    { "below n is unbiased and in range", below_n_is_unbiased_and_in_range },
    { "quantiles invert the distribution", quantiles_invert_the_distribution },
    { "normal numbers have normal moments",
      normal_numbers_have_normal_moments },
    { "a shuffle keeps the elements and reaches every order",
      a_shuffle_keeps_the_elements_and_reaches_every_order },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("random", tests);
}
