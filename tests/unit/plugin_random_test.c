/* SPDX-License-Identifier: MIT
 *
 * The strategy `random`. */
#include "tests/unit/plugin_spaces.h"

extern tt_entry_fn trimtab_plugin_v1;

static const struct tt_strategy *strategy(void)
{
    return trimtab_plugin_v1()->strategy;
}

static void proposals_of_a_seed_never_change(void)
{
    static const double golden[6][4] = {
        { 0x1.b042112fea77ep-1, 2, 1, 0.25 },
        { 0x1.05a6230d3c7p-1, 61, 2, 0.2 },
        { 0x1.e2672732cd07ap-1, 27, 0, 0.7 },
        { 0x1.1d887a4c69647p+0, 42, 0, 0.8 },
        { 0x1.9848caa6d536p-2, 48, 1, 0.3 },
        { 0x1.a34ad77525bcap-1, 1, 2, 0.7 },
    };

    check_golden(strategy(), golden, 6);
}

static void a_log_gives_the_same_bytes_with_or_without_restarts(void)
{
    check_reproducible(strategy());
}

static void a_finite_space_is_used_up(void)
{
    check_exhausts(strategy());
}

static void draws_are_uniform_on_their_scale(void)
{
    struct mock m;
    unsigned model[3] = { 0 }, small = 0, rerank = 0, ones = 0, k;
    int i;

    mock_init(&m, strategy(), &full_space, 1);
    CU_ASSERT_EQUAL(mock_open(&m), 0);
    for (i = 0; i < 100; i++) {
        CU_ASSERT_EQUAL(mock_next(&m, 30), 0);
        for (k = 0; k < 30; k++) {
            const struct tt_value *v = m.actions[k].values;

            small += v[0].number < 1e-3; /* 2 of 5 decades */
            model[(int)v[3].number]++;
            rerank += v[1].number != 0.0;
            ones += v[1].number != 0.0 && v[2].number < 10.0;
            CU_ASSERT_EQUAL((v[4].flags & TT_VALUE_INACTIVE) != 0,
                            v[3].number != 1.0);
        }
    }
    CU_ASSERT(small > 1039 && small < 1361); /* 6 of sqrt(3000*.24) */
    for (k = 0; k < 3; k++)
        CU_ASSERT(model[k] > 845 && model[k] < 1155);
    CU_ASSERT(rerank > 1335 && rerank < 1665);
    CU_ASSERT(ones > 550 && ones < 950); /* half of them, about */
    CU_ASSERT_EQUAL(m.n_invalid, 0);
    mock_close(&m);
}

static void the_description_is_complete(void)
{
    const struct tt_plugin *p = trimtab_plugin_v1();

    CU_ASSERT_EQUAL(p->size, sizeof *p);
    CU_ASSERT_EQUAL(p->kind, TT_KIND_STRATEGY);
    CU_ASSERT_STRING_EQUAL(p->id, "random");
    CU_ASSERT_PTR_NULL(p->adapter);
    CU_ASSERT((p->caps & TT_CAP_SNAPSHOT) != 0);
}

static CU_TestInfo tests[] = {
    { "proposals of a seed never change", proposals_of_a_seed_never_change },
    { "a log gives the same bytes with or without restarts",
      a_log_gives_the_same_bytes_with_or_without_restarts },
    { "a finite space is used up", a_finite_space_is_used_up },
    { "draws are uniform on their scale", draws_are_uniform_on_their_scale },
    { "the description is complete", the_description_is_complete },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("random", tests);
}
