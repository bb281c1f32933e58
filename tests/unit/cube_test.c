/* SPDX-License-Identifier: MIT
 *
 * The unit cube of a mixed space: exact on grids, conditions, checks. */
#include <trimtab/cube.h>
#include <trimtab/random.h>

#include "tests/unit/tap.h"

#define S(text) { text, sizeof(text) - 1 }
#define SPACE(params)                                                          \
    { sizeof(struct tt_space), sizeof(struct tt_param),                        \
      sizeof(params) / sizeof *(params), (params) }

static const struct tt_str colours[] = { S("red"), S("green"), S("blue") };
static const struct tt_str holes[] = { S("{question}") };
static const double one[] = { 1.0 };

/* 0 rate, 1 depth, 2 colour, 3 use (bool), 4 size (if use), 5 prompt,
 * 6 pinned */
static const struct tt_param mixed[] = {
    { .kind = TT_FLOAT, .flags = TT_PARAM_LOG, .name = S("n.rate"),
      .lo = 1e-5, .hi = 1.0, .default_number = 0.1, .parent = -1 },
    { .kind = TT_INT, .name = S("n.depth"), .lo = 1, .hi = 12,
      .default_number = 3, .parent = -1 },
    { .kind = TT_CATEGORICAL, .name = S("n.colour"), .choices = colours,
      .n_choices = 3, .parent = -1 },
    { .kind = TT_BOOL, .name = S("n.use"), .parent = -1 },
    { .kind = TT_FLOAT, .name = S("n.size"), .lo = 0.1, .hi = 0.9,
      .step = 0.1, .default_number = 0.5, .parent = 3, .parent_values = one,
      .n_parent_values = 1 },
    { .kind = TT_TEXT, .name = S("n.prompt"), .max_bytes = 40,
      .default_text = S("Answer {question}"), .placeholders = holes,
      .n_placeholders = 1, .parent = -1 },
    { .kind = TT_INT, .flags = TT_PARAM_FIXED, .name = S("n.pinned"),
      .lo = 0, .hi = 9, .default_number = 7, .parent = -1 },
};
static const struct tt_space space = SPACE(mixed);
enum { N = sizeof mixed / sizeof *mixed };

static struct tt_candidate candidate_of(const struct tt_value *values,
                                        uint64_t n)
{
    struct tt_candidate c = { 0 };

    c.size = sizeof c;
    c.value_size = sizeof *values;
    c.n_values = n;
    c.values = values;
    return c;
}

/* Every level of p survives the way into the cube and back, bit for bit. */
static void round_trip(const struct tt_param *p)
{
    uint64_t n = tt_param_levels(p), i, step = n > 5000 ? n / 4999 : 1;

    CU_ASSERT(n > 1);
    for (i = 0; i < n; i += step) {
        double x = tt_param_level_value(p, i), u = tt_param_to_unit(p, x);

        CU_ASSERT(u > 0.0 && u < 1.0);
        CU_ASSERT_EQUAL(tt_param_level_of(p, x), i);
        if (tt_param_from_unit(p, u) != x) {
            CU_FAIL("a level does not survive");
            printf("# %.*s level %llu: %.17g\n", TT_NAME_(p),
                   (unsigned long long)i, x);
            return;
        }
    }
    CU_ASSERT_EQUAL(tt_param_from_unit(p, 1.0), tt_param_level_value(p, n - 1));
    CU_ASSERT_EQUAL(tt_param_from_unit(p, 0.0), tt_param_level_value(p, 0));
}

static void grids_survive_the_round_trip_bit_for_bit(void)
{
    struct tt_param p[] = {
        { .kind = TT_INT, .name = S("int"), .lo = -7, .hi = 13 },
        { .kind = TT_INT, .name = S("step 3"), .lo = -7, .hi = 13, .step = 3 },
        { .kind = TT_INT, .name = S("huge"), .lo = -3e14, .hi = 3e14 },
        { .kind = TT_INT, .name = S("log int"), .flags = TT_PARAM_LOG,
          .lo = 1, .hi = 1e6 },
        { .kind = TT_INT, .name = S("log step"), .flags = TT_PARAM_LOG,
          .lo = 16, .hi = 4096, .step = 16 },
        { .kind = TT_FLOAT, .name = S("tenths"), .lo = 0.1, .hi = 1.3,
          .step = 0.1 },
        { .kind = TT_FLOAT, .name = S("thirds"), .lo = -1, .hi = 1,
          .step = 1.0 / 3.0 },
        { .kind = TT_FLOAT, .name = S("log float"), .flags = TT_PARAM_LOG,
          .lo = 0.001, .hi = 2, .step = 0.001 },
        { .kind = TT_FLOAT, .name = S("fine"), .lo = 1e6, .hi = 1e6 + 1,
          .step = 1e-6 },
        { .kind = TT_CATEGORICAL, .name = S("cat"), .n_choices = 5 },
        { .kind = TT_ORDINAL, .name = S("ord"), .n_choices = 11 },
        { .kind = TT_BOOL, .name = S("bool") },
    };
    size_t i;

    for (i = 0; i < sizeof p / sizeof *p; i++)
        round_trip(&p[i]);
}

static void grid_values_are_the_decimal_numbers_that_people_write(void)
{
    struct tt_param p = { .kind = TT_FLOAT, .lo = 0.1, .hi = 0.75,
                          .step = 0.1 };

    CU_ASSERT_EQUAL(tt_param_levels(&p), 7);
    CU_ASSERT_EQUAL(tt_param_level_value(&p, 2), 0.3);
    CU_ASSERT_EQUAL(tt_param_level_value(&p, 6), 0.7);
    CU_ASSERT_EQUAL(tt_param_from_unit(&p, 1.0), 0.7);
    p.lo = 0.0;
    p.hi = 1.0;
    p.step = 0.05;
    CU_ASSERT_EQUAL(tt_param_levels(&p), 21);
    CU_ASSERT_EQUAL(tt_param_level_value(&p, 3), 0.15);
    CU_ASSERT_EQUAL(tt_param_level_value(&p, 20), 1.0);
}

static void cells_of_a_linear_grid_are_equally_wide(void)
{
    struct tt_param p = { .kind = TT_INT, .lo = 1, .hi = 4 };
    int i, seen[5] = { 0 };

    for (i = 0; i < 1000; i++)
        seen[(int)tt_param_from_unit(&p, (i + 0.5) / 1000.0)]++;
    for (i = 1; i <= 4; i++)
        CU_ASSERT_EQUAL(seen[i], 250);
}

static void a_continuum_comes_back_to_rounding(void)
{
    struct tt_param p = { .kind = TT_FLOAT, .lo = -3, .hi = 5 };
    struct tt_param q = { .kind = TT_FLOAT, .flags = TT_PARAM_LOG, .lo = 1e-6,
                          .hi = 1e3 };
    struct tt_param wide = { .kind = TT_FLOAT, .lo = -1.7e308, .hi = 1.7e308 };
    struct tt_random r = tt_random_at(1, 1, 0);
    int i;

    for (i = 0; i < 1000; i++) {
        double u = tt_random_unit(&r), x;

        x = tt_param_from_unit(&p, u);
        CU_ASSERT(fabs(tt_param_from_unit(&p, tt_param_to_unit(&p, x)) - x) <
                  5e-15);
        x = tt_param_from_unit(&q, u);
        /* 21 e-folds: an ulp of u is 21 ulps of x */
        CU_ASSERT(fabs(tt_param_from_unit(&q, tt_param_to_unit(&q, x)) / x -
                       1.0) < 2e-14);
    }
    CU_ASSERT_EQUAL(tt_param_levels(&p), 0);
    CU_ASSERT_EQUAL(tt_param_from_unit(&p, 0.0), -3.0);
    CU_ASSERT_EQUAL(tt_param_from_unit(&p, 1.0), 5.0);
    CU_ASSERT_EQUAL(tt_param_from_unit(&q, 0.0), 1e-6);
    CU_ASSERT(tt_param_from_unit(&q, 1.0) <= 1e3);
    CU_ASSERT(fabs(tt_param_from_unit(&q, 0.5) - sqrt(1e-3)) < 1e-15);
    CU_ASSERT_EQUAL(tt_param_from_unit(&p, (double)NAN), -3.0);
    CU_ASSERT_EQUAL(tt_param_from_unit(&p, 7.0), 5.0);
    CU_ASSERT_EQUAL(tt_param_to_unit(&wide, 0.0), 0.5);
    CU_ASSERT_EQUAL(tt_param_from_unit(&wide, 1.0), 1.7e308);
}

static void an_integer_range_beyond_2_50_is_rounded(void)
{
    struct tt_param p = { .kind = TT_INT, .lo = -9007199254740992.0,
                          .hi = 9007199254740992.0 };
    double x = tt_param_from_unit(&p, 0.123456789);

    CU_ASSERT_EQUAL(tt_param_levels(&p), 0);
    CU_ASSERT_EQUAL(x, floor(x));
    CU_ASSERT(x > p.lo && x < p.hi);
}

static void points_of_a_mixed_space_come_back(void)
{
    struct tt_value v[N], w[N];
    struct tt_random r = tt_random_at(1, 2, 0);
    int mode, i, k;

    for (mode = TT_CUBE_CELL; mode <= TT_CUBE_ONE_HOT; mode++) {
        enum tt_cube_mode m = (enum tt_cube_mode)mode;
        uint64_t d = tt_cube_dims(&space, m);
        double x[16];

        /* rate, depth, use, size, and one or three for the colour */
        CU_ASSERT_EQUAL(d, mode == TT_CUBE_CELL ? 5 : 7);
        for (i = 0; i < 500; i++) {
            struct tt_candidate c;
            struct tt_error e = { .size = sizeof e };

            for (k = 0; k < (int)d; k++)
                x[k] = tt_random_unit(&r);
            tt_values_default(&space, v);
            tt_from_cube(&space, m, x, v);
            c = candidate_of(v, N);
            CU_ASSERT_EQUAL(tt_candidate_check(&space, &c, &e), 0);
            CU_ASSERT_EQUAL(v[6].number, 7.0);
            CU_ASSERT(tt_str_equal(v[5].text, mixed[5].default_text));
            tt_to_cube(&space, m, v, x);
            tt_values_default(&space, w);
            tt_from_cube(&space, m, x, w);
            CU_ASSERT(fabs(w[0].number / v[0].number - 1.0) < 2e-14);
            w[0].number = v[0].number;
            CU_ASSERT(tt_values_equal(&space, v, w));
            CU_ASSERT_EQUAL(tt_values_hash(&space, v),
                            tt_values_hash(&space, w));
        }
    }
}

static void text_passes_through_unchanged(void)
{
    struct tt_value v[N];
    double x[5] = { 0.1, 0.2, 0.3, 0.4, 0.5 };

    tt_values_default(&space, v);
    v[5].text = tt_str_of("Say {question} twice");
    tt_from_cube(&space, TT_CUBE_CELL, x, v);
    CU_ASSERT(tt_str_equal(v[5].text, tt_str_of("Say {question} twice")));
}

static void inactive_values_take_their_default(void)
{
    struct tt_value v[N], w[N];
    double x[5] = { 0.5, 0.5, 0.5, 0.2, 0.9 }, y[5];

    tt_values_default(&space, v);
    tt_from_cube(&space, TT_CUBE_CELL, x, v);
    CU_ASSERT_EQUAL(v[3].number, 0.0);
    CU_ASSERT_EQUAL(v[4].flags, TT_VALUE_INACTIVE);
    CU_ASSERT_EQUAL(v[4].number, 0.5);
    x[4] = 0.1;
    tt_values_default(&space, w);
    tt_from_cube(&space, TT_CUBE_CELL, x, w);
    CU_ASSERT(tt_values_equal(&space, v, w));
    tt_to_cube(&space, TT_CUBE_CELL, w, y);
    CU_ASSERT_EQUAL(y[4], 0.5);
    x[3] = 0.8;
    tt_from_cube(&space, TT_CUBE_CELL, x, w);
    CU_ASSERT_EQUAL(w[4].flags, 0);
    CU_ASSERT_EQUAL(w[4].number, 0.1);
    CU_ASSERT(!tt_values_equal(&space, v, w));
}

static void clamping_keeps_points_in_the_cube(void)
{
    double x[4] = { -1.0, 0.25, 2.0, (double)NAN };

    tt_cube_clamp(x, 4);
    CU_ASSERT_EQUAL(x[0], 0.0);
    CU_ASSERT_EQUAL(x[1], 0.25);
    CU_ASSERT_EQUAL(x[2], 1.0);
    CU_ASSERT_EQUAL(x[3], 0.5);
}

static void check_says_which_parameter_and_what_would_do(void)
{
    static const struct {
        int param;
        double number;
        const char *text, *says;
    } bad[] = {
        { 0, 2.0, NULL, "parameter n.rate: 2 is not in [1e-05, 1]" },
        { 0, (double)NAN, NULL, "parameter n.rate: nan is not in" },
        { 1, 3.5, NULL, "parameter n.depth: 3.5 is not a whole number" },
        { 1, 0.0, NULL, "parameter n.depth: 0 is not in [1, 12]" },
        { 2, 3.0, NULL, "parameter n.colour: 3 is not in [0, 2]" },
        { 3, 2.0, NULL, "parameter n.use: 2 is not in [0, 1]" },
        { 4, 0.25, NULL, "parameter n.size: 0.25 is not on the grid 0.1, 0.2" },
        { 5, 0.0, "no hole", "parameter n.prompt: the text must keep "
                             "{question}" },
        { 5, 0.0, "{question} 0123456789012345678901234567890",
          "parameter n.prompt: text of 42 bytes, at most 40" },
        { 6, 6.0, NULL, "parameter n.pinned: fixed" },
    };
    struct tt_value v[N];
    struct tt_candidate c = candidate_of(v, N);
    struct tt_error e = { .size = sizeof e };
    size_t i;

    tt_values_default(&space, v);
    v[3].number = 1.0;
    tt_values_settle(&space, v);
    CU_ASSERT_EQUAL(tt_candidate_check(&space, &c, &e), 0);
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct tt_value keep = v[bad[i].param];

        v[bad[i].param].number = bad[i].number;
        if (bad[i].text != NULL)
            v[bad[i].param].text = tt_str_of(bad[i].text);
        e.message[0] = '\0';
        CU_ASSERT_EQUAL(tt_candidate_check(&space, &c, &e), TT_EINVAL);
        if (strncmp(e.message, bad[i].says, strlen(bad[i].says)) != 0) {
            CU_FAIL("another message");
            printf("# %s\n", e.message);
        }
        v[bad[i].param] = keep;
    }
    v[4].flags = TT_VALUE_INACTIVE;
    CU_ASSERT_EQUAL(tt_candidate_check(&space, &c, &e), TT_EINVAL);
    v[3].number = 0.0; /* now it is inactive: anything goes */
    v[4].number = 99.0;
    CU_ASSERT_EQUAL(tt_candidate_check(&space, &c, &e), 0);
    c.n_values = N - 1;
    CU_ASSERT_EQUAL(tt_candidate_check(&space, &c, &e), TT_EINVAL);
    CU_ASSERT_STRING_EQUAL(e.message,
                           "candidate: 6 values, the space has 7 parameters");
}

static void bad_spaces_are_refused(void)
{
    struct tt_param p = { .kind = TT_FLOAT, .name = S("x"), .lo = 0, .hi = 1,
                          .parent = -1 };
    const struct tt_space s = { sizeof s, sizeof p, 1, &p };
    struct tt_error e = { .size = sizeof e };

    CU_ASSERT_EQUAL(tt_space_check(&s, &e), 0);
    p.flags = TT_PARAM_LOG;
    CU_ASSERT_EQUAL(tt_space_check(&s, &e), TT_EINVAL);
    CU_ASSERT_STRING_EQUAL(e.message,
                           "parameter x: a log scale needs lo > 0, not 0");
    p.flags = 0;
    p.hi = -1.0;
    CU_ASSERT_EQUAL(tt_space_check(&s, &e), TT_EINVAL);
    p.hi = HUGE_VAL;
    CU_ASSERT_EQUAL(tt_space_check(&s, &e), TT_EINVAL);
    p.hi = 1.0;
    p.parent = 0;
    CU_ASSERT_EQUAL(tt_space_check(&s, &e), TT_EINVAL);
    p.parent = -1;
    p.kind = TT_ORDINAL;
    CU_ASSERT_EQUAL(tt_space_check(&s, &e), TT_EINVAL);
    p.kind = 9;
    CU_ASSERT_EQUAL(tt_space_check(&s, &e), TT_EINVAL);
    CU_ASSERT_EQUAL(tt_space_check(&space, &e), 0);
}

static void a_finite_space_is_counted_and_enumerated(void)
{
    static const double two[] = { 0.0, 2.0 }, bad[] = { 2.0, 17.0 };
    static const struct tt_param p[] = {
        { .kind = TT_CATEGORICAL, .name = S("a"), .n_choices = 3,
          .parent = -1 },
        { .kind = TT_INT, .name = S("b"), .lo = 1, .hi = 4, .parent = 0,
          .default_number = 2, .parent_values = two, .n_parent_values = 2 },
        { .kind = TT_BOOL, .name = S("c"), .parent = 0, .parent_values = bad,
          .n_parent_values = 2 },
        { .kind = TT_ORDINAL, .name = S("d"), .n_choices = 5, .parent = 1,
          .parent_values = one, .n_parent_values = 1 },
        { .kind = TT_BOOL, .name = S("e"), .parent = -1 },
    };
    const struct tt_space s = SPACE(p);
    /* a=0: b in 2..4 or (1, d in 5) = 8; a=1: 1; a=2: 8 * 2 of c; times e */
    const double size = (8 + 1 + 16) * 2;
    struct tt_value v[5], all[64][5];
    int n = 0, i;

    CU_ASSERT_EQUAL(tt_space_size(&s), size);
    CU_ASSERT_EQUAL(tt_space_size(&space), HUGE_VAL);
    tt_space_first(&s, v);
    do {
        struct tt_candidate c = candidate_of(v, 5);

        CU_ASSERT_EQUAL(tt_candidate_check(&s, &c, NULL), 0);
        for (i = 0; i < n; i++)
            CU_ASSERT(!tt_values_equal(&s, all[i], v));
        memcpy(all[n++], v, sizeof v);
    } while (n < 64 && tt_space_next(&s, v));
    CU_ASSERT_EQUAL(n, (int)size);
}

static CU_TestInfo tests[] = {
    { "grids survive the round trip bit for bit",
      grids_survive_the_round_trip_bit_for_bit },
    { "grid values are the decimal numbers that people write",
      grid_values_are_the_decimal_numbers_that_people_write },
    { "cells of a linear grid are equally wide",
      cells_of_a_linear_grid_are_equally_wide },
    { "a continuum comes back to rounding",
      a_continuum_comes_back_to_rounding },
    { "an integer range beyond 2^50 is rounded",
      an_integer_range_beyond_2_50_is_rounded },
    { "points of a mixed space come back", points_of_a_mixed_space_come_back },
    { "text passes through unchanged", text_passes_through_unchanged },
    { "inactive values take their default",
      inactive_values_take_their_default },
    { "clamping keeps points in the cube", clamping_keeps_points_in_the_cube },
    { "check says which parameter and what would do",
      check_says_which_parameter_and_what_would_do },
    { "bad spaces are refused", bad_spaces_are_refused },
    { "a finite space is counted and enumerated",
      a_finite_space_is_counted_and_enumerated },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("cube", tests);
}
