/* SPDX-License-Identifier: MIT
 *
 * plugin_spaces.h - the spaces on which the strategies of this tree are
 * tested, and what every one of them must do. */
#ifndef TT_TESTS_PLUGIN_SPACES_H
#define TT_TESTS_PLUGIN_SPACES_H

#include "tests/unit/strategy_mock.h"
#include "tests/unit/tap.h"

#define S(text) { text, sizeof(text) - 1 }
#define SPACE(params)                                                          \
    { sizeof(struct tt_space), sizeof(struct tt_param),                        \
      sizeof(params) / sizeof *(params), (params) }

static const struct tt_str models[] = { S("small"), S("large"), S("huge") };
static const double yes[] = { 1.0 };

/* Linear scales only: proposals are then the same bits on every machine. */
static const struct tt_param golden_params[] = {
    { .kind = TT_FLOAT, .name = S("n.temperature"), .lo = 0, .hi = 2,
      .default_number = 1, .parent = -1 },
    { .kind = TT_INT, .name = S("n.top_k"), .lo = 1, .hi = 64,
      .default_number = 40, .parent = -1 },
    { .kind = TT_CATEGORICAL, .name = S("n.model"), .choices = models,
      .n_choices = 3, .parent = -1 },
    { .kind = TT_FLOAT, .name = S("n.top_p"), .lo = 0.1, .hi = 1,
      .step = 0.05, .default_number = 1, .parent = -1 },
};
static const struct tt_space golden_space = SPACE(golden_params);

/* Everything at once: log scales, conditions, a text, something fixed. */
static const struct tt_param full_params[] = {
    { .kind = TT_FLOAT, .flags = TT_PARAM_LOG, .name = S("n.rate"),
      .lo = 1e-5, .hi = 1, .default_number = 0.01, .parent = -1 },
    { .kind = TT_BOOL, .name = S("n.rerank"), .parent = -1 },
    { .kind = TT_INT, .flags = TT_PARAM_LOG, .name = S("n.rerank_k"), .lo = 1,
      .hi = 100, .default_number = 10, .parent = 1, .parent_values = yes,
      .n_parent_values = 1 },
    { .kind = TT_CATEGORICAL, .name = S("n.model"), .choices = models,
      .n_choices = 3, .parent = -1 },
    { .kind = TT_ORDINAL, .name = S("n.effort"), .choices = models,
      .n_choices = 3, .parent = 3, .parent_values = yes,
      .n_parent_values = 1 },
    { .kind = TT_TEXT, .name = S("n.prompt"), .default_text = S("Answer."),
      .parent = -1 },
    { .kind = TT_INT, .flags = TT_PARAM_FIXED, .name = S("n.seed"), .lo = 0,
      .hi = 9, .default_number = 4, .parent = -1 },
};
static const struct tt_space full_space = SPACE(full_params);

/* 3 + 4 = 7 candidates. */
static const struct tt_param finite_params[] = {
    { .kind = TT_BOOL, .name = S("n.use"), .parent = -1 },
    { .kind = TT_INT, .name = S("n.k"), .lo = 1, .hi = 6, .default_number = 2,
      .parent = 0, .parent_values = yes, .n_parent_values = 1 },
};
static const struct tt_space finite_space = SPACE(finite_params);

/* A loss for full_space. */
static inline double full_loss(const struct tt_value *v)
{
    double loss = fabs(log10(v[0].number) + 2.0) + v[3].number * 0.1;

    if (v[1].number != 0.0)
        loss -= 0.2 - 0.1 * fabs(log10(v[2].number) - 1.0);
    return loss;
}

/* Play 40 asks with several in flight, failures and a warm start; with
 * `interrupt` every few asks go on in a new instance from a snapshot. */
static inline void play_full(struct mock *m,
                             const struct tt_strategy *strategy, uint64_t seed,
                             int interrupt)
{
    struct tt_value v[MOCK_PARAMS], warm[7];
    double pending[3] = { 0.0, 0.0, 0.0 };
    uint64_t refs[3] = { 0, 0, 0 }, i, k;

    mock_init(m, strategy, &full_space, seed);
    CU_ASSERT_EQUAL(mock_open(m), 0);
    tt_values_default(&full_space, warm);
    CU_ASSERT_EQUAL(mock_enqueue(m, TT_REF_HOST, warm), 0);
    for (i = 0; i < 40; i++) {
        k = i % 3;
        if (refs[k] != 0) {
            CU_ASSERT_EQUAL(i % 11 == 3
                                ? mock_failure(m, refs[k], TT_FAILED)
                                : mock_result(m, refs[k], pending[k]),
                            0);
        }
        CU_ASSERT_EQUAL(mock_next(m, 1), 0);
        CU_ASSERT_EQUAL(m->n_actions, 1);
        if (m->n_actions != 1 || m->actions[0].kind != TT_EVALUATE)
            break;
        memcpy(v, m->actions[0].n_values != 0 ? m->actions[0].values : warm,
               sizeof warm);
        refs[k] = m->actions[0].ref;
        pending[k] = full_loss(v);
        if (interrupt && i % 6 == 5) {
            CU_ASSERT_EQUAL(mock_snapshot(m), 0);
            CU_ASSERT_EQUAL(mock_reopen(m), 0);
        }
    }
    CU_ASSERT_EQUAL(i, 40);
    CU_ASSERT_EQUAL(m->n_invalid, 0);
}

/* Same log, same bytes; another seed, others; snapshots change nothing. */
static inline void check_reproducible(const struct tt_strategy *strategy)
{
    struct mock a, b, c;

    play_full(&a, strategy, 11, 0);
    play_full(&b, strategy, 11, 1);
    play_full(&c, strategy, 12, 0);
    CU_ASSERT_EQUAL(a.log_n, b.log_n);
    CU_ASSERT(a.log_n == b.log_n && memcmp(a.log, b.log, a.log_n) == 0);
    CU_ASSERT(a.log_n != c.log_n || memcmp(a.log, c.log, a.log_n) != 0);
    CU_ASSERT_EQUAL(mock_snapshot(&a), 0);
    CU_ASSERT_EQUAL(mock_snapshot(&b), 0);
    CU_ASSERT_EQUAL(a.snapshot_n, b.snapshot_n);
    CU_ASSERT(a.snapshot_n == b.snapshot_n &&
              memcmp(a.snapshot, b.snapshot, a.snapshot_n) == 0);
    mock_close(&a);
    mock_close(&b);
    mock_close(&c);
}

/* All 7 candidates once, then DONE. */
static inline void check_exhausts(const struct tt_strategy *strategy)
{
    struct mock m;
    int n = 0, seen = 0;

    mock_init(&m, strategy, &finite_space, 3);
    CU_ASSERT_EQUAL(mock_open(&m), 0);
    for (;;) {
        const struct mock_action *a = m.actions;
        int bit;

        CU_ASSERT_EQUAL(mock_next(&m, 1), 0);
        CU_ASSERT_EQUAL(m.n_actions, 1);
        if (m.n_actions != 1 || a->kind != TT_EVALUATE || ++n > 7)
            break;
        bit = a->values[0].number == 0.0 ? 1
                                         : 1 << (int)a->values[1].number;
        CU_ASSERT_EQUAL(seen & bit, 0);
        seen |= bit;
        CU_ASSERT_EQUAL(mock_result(&m, a->ref, (double)(bit % 5)), 0);
    }
    CU_ASSERT_EQUAL(n, 7);
    CU_ASSERT_EQUAL(seen, 127);
    CU_ASSERT_EQUAL(m.actions[0].kind, TT_DONE);
    CU_ASSERT_STRING_EQUAL(m.actions[0].text, "exhausted");
    mock_close(&m);
}

/* The first n proposals on golden_space are exactly these. */
static inline void check_golden(const struct tt_strategy *strategy,
                                const double (*golden)[4], size_t n)
{
    struct mock m;
    size_t i, k;

    mock_init(&m, strategy, &golden_space, UINT64_C(0x0123456789abcdef));
    CU_ASSERT_EQUAL(mock_open(&m), 0);
    for (i = 0; i < n; i++) {
        const double *v = golden[i];

        CU_ASSERT_EQUAL(mock_next(&m, 1), 0);
        for (k = 0; k < 4; k++) {
            CU_ASSERT_EQUAL(m.actions[0].values[k].number, v[k]);
            if (m.actions[0].values[k].number != v[k])
                printf("# proposal %zu value %zu is %a\n", i, k,
                       m.actions[0].values[k].number);
        }
        CU_ASSERT_EQUAL(mock_result(&m, m.actions[0].ref, 1.0), 0);
    }
    mock_close(&m);
}

#endif
