/* SPDX-License-Identifier: MIT
 *
 * zoo_cases: the parts of strategy.h that asktell.h does not use. */
#include "tests/unit/plugin_spaces.h"

extern tt_entry_fn trimtab_plugin_v1;

/* full_space has a text; two train cases, two validation cases. */
static void begin(struct mock *m)
{
    mock_init(m, trimtab_plugin_v1()->strategy, &full_space, 21);
    m->problem.n_train = m->problem.n_validation = 2;
    CU_ASSERT_EQUAL(m->strategy->validate(&m->problem, &m->e), 0);
    CU_ASSERT_EQUAL(mock_open(m), 0);
}

static int scored(struct mock *m, uint64_t ref, uint32_t split, double value)
{
    struct tt_case_score cases[2] = { { 0 } };
    struct tt_result r = { 0 };

    cases[0].split = cases[1].split = split;
    cases[1].id = 1;
    cases[0].objective = cases[1].objective = value;
    cases[1].feedback = tt_str_of("too long");
    r.ref = ref;
    r.objectives = &value;
    r.n_objectives = 1;
    r.feasible = 1;
    r.case_size = sizeof *cases;
    r.cases = cases;
    r.n_cases = 2;
    return mock_event(m, &r.head, sizeof r, TT_RESULT);
}

static int replied(struct mock *m, uint64_t request, uint32_t status,
                   const char *text)
{
    struct tt_llm_reply r = { 0 };

    r.request = request;
    r.status = status;
    r.text = tt_str_of(text);
    return mock_event(m, &r.head, sizeof r, TT_LLM_REPLY);
}

static void restart(struct mock *m, int interrupt)
{
    if (interrupt) {
        CU_ASSERT_EQUAL(mock_snapshot(m), 0);
        CU_ASSERT_EQUAL(mock_reopen(m), 0);
    }
}

/* One whole story; with `interrupt` every step is in a new instance. */
static void tell(struct mock *m, int interrupt)
{
    struct tt_value v[7];
    const struct mock_action *a = m->actions;

    begin(m);
    CU_ASSERT_EQUAL(mock_next(m, 3), 0); /* the defaults on two cases */
    CU_ASSERT_EQUAL(a[0].kind, TT_EVALUATE);
    CU_ASSERT_STRING_EQUAL(a[0].text, "init");
    CU_ASSERT_EQUAL(a[1].kind, TT_WAIT);
    restart(m, interrupt);
    CU_ASSERT_EQUAL(scored(m, a[0].ref, TT_TRAIN, 5.0), 0);
    CU_ASSERT_EQUAL(mock_next(m, 3), 0); /* known ref, whole split */
    CU_ASSERT_EQUAL(a[0].ref, 1);
    CU_ASSERT_EQUAL(a[0].n_values, 0);
    restart(m, interrupt);
    CU_ASSERT_EQUAL(scored(m, 1, TT_VALIDATION, 5.0), 0);
    CU_ASSERT_EQUAL(mock_next(m, 3), 0);
    CU_ASSERT_EQUAL(a[0].kind, TT_LLM);
    CU_ASSERT_STRING_EQUAL(a[0].text, "rewrite");
    CU_ASSERT_EQUAL(a[0].ref, 1);
    restart(m, interrupt);
    CU_ASSERT_EQUAL(replied(m, 1, TT_LLM_OK, "Answer in one line."), 0);
    CU_ASSERT_EQUAL(mock_next(m, 3), 0);
    CU_ASSERT_STRING_EQUAL(a[0].text, "mutate");
    CU_ASSERT_EQUAL(a[0].ref, 2);
    CU_ASSERT_EQUAL(a[0].values[5].text.n, 19);
    restart(m, interrupt);
    CU_ASSERT_EQUAL(scored(m, 2, TT_TRAIN, 6.0), 0); /* worse */
    tt_values_default(&full_space, v);
    CU_ASSERT_EQUAL(mock_enqueue(m, TT_REF_HOST, v), 0);
    CU_ASSERT_EQUAL(mock_next(m, 3), 0);
    CU_ASSERT_EQUAL(m->n_actions, 4);
    CU_ASSERT_EQUAL(a[0].kind, TT_PRUNE);
    CU_ASSERT_EQUAL(a[0].ref, 2);
    CU_ASSERT_EQUAL(a[1].kind, TT_LLM);
    CU_ASSERT_EQUAL(a[2].ref, TT_REF_HOST);
    CU_ASSERT_EQUAL(a[2].n_values, 0);
    restart(m, interrupt);
    CU_ASSERT_EQUAL(mock_failure(m, 2, TT_CANCELLED), 0); /* as asked */
    CU_ASSERT_EQUAL(scored(m, TT_REF_HOST, TT_TRAIN, 4.0), 0); /* better */
    CU_ASSERT_EQUAL(mock_next(m, 3), 0);
    CU_ASSERT_EQUAL(a[0].ref, TT_REF_HOST);
    restart(m, interrupt);
    CU_ASSERT_EQUAL(replied(m, 2, TT_LLM_UNSUPPORTED, "no model"), 0);
    CU_ASSERT_EQUAL(mock_failure(m, TT_REF_HOST, TT_FAILED), 0);
    CU_ASSERT_EQUAL(mock_next(m, 3), 0);
    CU_ASSERT_EQUAL(a[0].kind, TT_LLM);
    CU_ASSERT_EQUAL(a[1].ref, 3);
    CU_ASSERT_EQUAL(a[1].values[5].text.n, 7); /* "Answer." */
    CU_ASSERT_EQUAL(m->n_invalid, 0);
}

static void a_story_of_cases_reasons_and_a_model(void)
{
    struct mock a, b;

    tell(&a, 0);
    tell(&b, 1);
    CU_ASSERT(a.log_n == b.log_n && memcmp(a.log, b.log, a.log_n) == 0);
    CU_ASSERT_EQUAL(mock_snapshot(&a), 0);
    CU_ASSERT_EQUAL(mock_snapshot(&b), 0);
    CU_ASSERT(a.snapshot_n == b.snapshot_n &&
              memcmp(a.snapshot, b.snapshot, a.snapshot_n) == 0);
    a.snapshot_n--;
    CU_ASSERT_EQUAL(mock_reopen(&a), TT_ESTATE);
    mock_close(&a);
    mock_close(&b);
}

static void it_ends(void)
{
    struct mock m;
    int i, done = 0;
    size_t k;

    begin(&m);
    for (i = 0; i < 100 && !done; i++) {
        CU_ASSERT_EQUAL(mock_next(&m, 1), 0);
        for (k = 0; k < m.n_actions; k++) {
            const struct mock_action a = m.actions[k];

            if (a.kind == TT_EVALUATE)
                CU_ASSERT_EQUAL(scored(&m, a.ref,
                                       a.n_values == 0 ? TT_VALIDATION
                                                       : TT_TRAIN,
                                       (double)(a.ref % 3)),
                                0);
            if (a.kind == TT_LLM)
                CU_ASSERT_EQUAL(replied(&m, a.ref, TT_LLM_BUDGET, ""), 0);
            done |= a.kind == TT_DONE;
        }
    }
    CU_ASSERT_EQUAL(done, 1);
    CU_ASSERT(i < 40);
    mock_close(&m);
}

static CU_TestInfo tests[] = {
    { "a story of cases, reasons and a model",
      a_story_of_cases_reasons_and_a_model },
    { "it ends", it_ends },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("zoo-cases", tests);
}
