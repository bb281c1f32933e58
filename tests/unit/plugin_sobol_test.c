/* SPDX-License-Identifier: MIT
 *
 * sobol.h and the strategy `sobol`. */
#include <trimtab/sobol.h>

#include "tests/unit/plugin_spaces.h"

extern tt_entry_fn trimtab_plugin_v1;

static const struct tt_strategy *strategy(void)
{
    return trimtab_plugin_v1()->strategy;
}

static void the_first_points_are_those_of_joe_and_kuo(void)
{
    /* of their own program sobol.cc for new-joe-kuo-6, in natural order,
     * times 16 */
    static const uint32_t known[8][3] = {
        { 0, 0, 0 },  { 8, 8, 8 },  { 4, 12, 12 }, { 12, 4, 4 },
        { 2, 10, 6 }, { 10, 2, 14 }, { 6, 6, 10 }, { 14, 14, 2 },
    };
    static struct tt_sobol s;
    uint64_t i;
    uint32_t d;

    CU_ASSERT_EQUAL(tt_sobol_init(&s, 3, 0, 0), 0);
    for (i = 0; i < 8; i++) {
        for (d = 0; d < 3; d++)
            CU_ASSERT_EQUAL(tt_sobol_bits(&s, d, i) >> 28, known[i][d]);
    }
}

/* Joe and Kuo's property A up to dimension 32: of the first 2^d points every
 * orthant of d coordinates holds one, so the first bits, as functions of the
 * index bits, are independent over GF(2). A wrong number in the table shows. */
static void the_table_has_property_a(void)
{
    static struct tt_sobol s;
    uint32_t row[32], d, i, rank, pivot;

    CU_ASSERT_EQUAL(tt_sobol_init(&s, TT_SOBOL_DIMS, 0, 0), 0);
    for (d = 0; d < TT_SOBOL_DIMS; d++) {
        for (i = 0; i < 32; i++) { /* number i is odd, so has bit i set */
            CU_ASSERT(((s.v[d][i] >> (31 - i)) & 1u) == 1u);
            CU_ASSERT_EQUAL((uint32_t)((uint64_t)s.v[d][i] << (i + 1)), 0);
        }
    }
    for (d = 0; d < 32; d++) {
        for (i = 0, row[d] = 0; i < 32; i++)
            row[d] |= (s.v[d][i] >> 31) << i;
    }
    for (i = 0, rank = 0; i < 32; i++) {
        for (pivot = rank; pivot < 32 && (row[pivot] >> i & 1u) == 0;)
            pivot++;
        if (pivot == 32)
            continue;
        d = row[pivot];
        row[pivot] = row[rank];
        row[rank++] = d;
        for (pivot = rank; pivot < 32; pivot++)
            row[pivot] ^= (row[pivot] >> i & 1u) != 0 ? d : 0;
    }
    CU_ASSERT_EQUAL(rank, 32);
}

static void every_slice_of_every_coordinate_holds_one_point(void)
{
    static struct tt_sobol s;
    double x[TT_SOBOL_DIMS];
    unsigned char seen[TT_SOBOL_DIMS][64];
    uint64_t seed, i;
    uint32_t d, bad = 0;

    for (seed = 0; seed < 4; seed++) {
        memset(seen, 0, sizeof seen);
        CU_ASSERT_EQUAL(tt_sobol_init(&s, TT_SOBOL_DIMS, seed, 1), 0);
        for (i = 0; i < 64; i++) {
            tt_sobol_at(&s, i, x);
            for (d = 0; d < TT_SOBOL_DIMS; d++) {
                CU_ASSERT(x[d] > 0.0 && x[d] < 1.0);
                bad += seen[d][(int)(x[d] * 64.0)]++ != 0;
            }
        }
    }
    CU_ASSERT_EQUAL(bad, 0);
}

static void pairs_of_the_first_two_coordinates_are_a_net(void)
{
    static struct tt_sobol s;
    double x[2];
    int shape, seen[64], i, bad = 0;

    CU_ASSERT_EQUAL(tt_sobol_init(&s, 2, 99, 7), 0);
    for (shape = 0; shape <= 6; shape++) { /* 2^shape by 2^(6-shape) boxes */
        memset(seen, 0, sizeof seen);
        for (i = 0; i < 64; i++) {
            tt_sobol_at(&s, (uint64_t)i, x);
            bad += seen[((int)(x[0] * (1 << shape)) << (6 - shape)) +
                        (int)(x[1] * (1 << (6 - shape)))]++ != 0;
        }
    }
    CU_ASSERT_EQUAL(bad, 0);
}

static void scrambling_is_nested_and_fair(void)
{
    struct tt_random r = tt_random_at(1, 1, 0);
    double sum = 0.0;
    uint32_t flips[32] = { 0 };
    int i, b, n = 20000;

    for (i = 0; i < n; i++) {
        uint32_t seed = (uint32_t)tt_random_next(&r);
        uint32_t x = (uint32_t)tt_random_next(&r);
        uint32_t y = tt_owen_scramble(x, seed);

        b = (int)tt_random_below(&r, 32);
        /* changing bit b changes nothing above it, and bit b itself */
        CU_ASSERT_EQUAL((y ^ tt_owen_scramble(x ^ 1u << b, seed)) >> b, 1);
        sum += y;
        for (b = 0; b < 32; b++)
            flips[b] += (x ^ y) >> b & 1u;
    }
    CU_ASSERT(fabs(sum / n / 4294967296.0 - 0.5) < 6 * 0.289 / sqrt(n));
    for (b = 0; b < 32; b++) /* 6 standard errors */
        CU_ASSERT(fabs(flips[b] / (double)n - 0.5) < 3.0 / sqrt(n));
}

/* The integral of a smooth function: scrambled points must do much better
 * than the 1/sqrt(n) of random ones, with another error for each seed. */
static void an_integral_converges_faster_than_at_random(void)
{
    static struct tt_sobol s;
    double worst = 0.0, x[5];
    uint64_t seed, i;
    uint32_t d;

    for (seed = 0; seed < 8; seed++) {
        double sum = 0.0;

        tt_sobol_init(&s, 5, seed, 0);
        for (i = 0; i < 1024; i++) {
            double f = 1.0;

            tt_sobol_at(&s, i, x);
            for (d = 0; d < 5; d++)
                f *= 1.5 * sqrt(x[d]);
            sum += f;
        }
        worst = fmax(worst, fabs(sum / 1024 - 1.0));
    }
    CU_ASSERT(worst < 0.005); /* one standard error at random: 0.027 */
}

static void proposals_of_a_seed_never_change(void)
{
    static const double golden[8][4] = {
        { 0x1.97aa7d69p+0, 38, 0, 0.55 },
        { 0x1.c79a64e4p-2, 27, 2, 0.5 },
        { 0x1.07d04a73p+0, 16, 1, 0.2 },
        { 0x1.56eb118ap-1, 61, 0, 0.95 },
        { 0x1.de023995p+0, 20, 1, 0.8 },
        { 0x1.16f0b1cp-6, 43, 1, 0.4 },
        { 0x1.4a629eb7p+0, 54, 2, 0.1 },
        { 0x1.c09500d6p-1, 6, 0, 0.8 },
    };

    check_golden(strategy(), golden, 8);
}

static void a_log_gives_the_same_bytes_with_or_without_restarts(void)
{
    check_reproducible(strategy());
}

static void a_finite_space_is_used_up(void)
{
    check_exhausts(strategy());
}

static void too_many_dimensions_are_refused_before_the_run(void)
{
    struct tt_param p[TT_SOBOL_DIMS + 1];
    struct tt_space space = SPACE(p);
    struct mock m;
    uint32_t d;

    memset(p, 0, sizeof p);
    for (d = 0; d <= TT_SOBOL_DIMS; d++) {
        p[d].kind = TT_FLOAT;
        p[d].hi = 1.0;
        p[d].parent = -1;
    }
    mock_init(&m, strategy(), &space, 1);
    CU_ASSERT_EQUAL(strategy()->validate(&m.problem, &m.e), TT_EUNSUPPORTED);
    CU_ASSERT_EQUAL(mock_open(&m), TT_EUNSUPPORTED);
    space.n_params = TT_SOBOL_DIMS;
    CU_ASSERT_EQUAL(mock_open(&m), 0);
    mock_close(&m);
}

static CU_TestInfo tests[] = {
    { "the first points are those of Joe and Kuo",
      the_first_points_are_those_of_joe_and_kuo },
    { "the table has property A", the_table_has_property_a },
    { "every slice of every coordinate holds one point",
      every_slice_of_every_coordinate_holds_one_point },
    { "pairs of the first two coordinates are a net",
      pairs_of_the_first_two_coordinates_are_a_net },
    { "scrambling is nested and fair", scrambling_is_nested_and_fair },
    { "an integral converges faster than at random",
      an_integral_converges_faster_than_at_random },
    { "proposals of a seed never change", proposals_of_a_seed_never_change },
    { "a log gives the same bytes with or without restarts",
      a_log_gives_the_same_bytes_with_or_without_restarts },
    { "a finite space is used up", a_finite_space_is_used_up },
    { "too many dimensions are refused before the run",
      too_many_dimensions_are_refused_before_the_run },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("sobol", tests);
}
