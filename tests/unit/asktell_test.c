/* SPDX-License-Identifier: MIT
 *
 * asktell.h: bookkeeping around `ask` and `tell`. */
#include <trimtab/asktell.h>

#include "tests/unit/strategy_mock.h"
#include "tests/unit/tap.h"

#define S(text) { text, sizeof(text) - 1 }

/* A strategy for the tests: random points, and it counts what it is told. */
struct counts {
    uint64_t told, failed;
    double best;
};

static int count_init(struct tt_asktell *at, struct tt_error *e)
{
    (void)e;
    ((struct counts *)at->state)->best = HUGE_VAL;
    return 0;
}

static int count_ask(struct tt_asktell *at, struct tt_proposal *p,
                     struct tt_error *e)
{
    uint64_t i;

    (void)e;
    for (i = 0; i < at->space->n_params; i++) {
        const struct tt_param *param = tt_space_param(at->space, i);

        if (tt_param_searched(param))
            p->values[i].number =
                tt_param_from_unit(param, tt_random_unit(&p->random));
    }
    p->predicted_mean = 0.25;
    p->origin = "random";
    return 0;
}

static int count_tell(struct tt_asktell *at, const struct tt_trial *t,
                      struct tt_error *e)
{
    struct counts *c = at->state;

    (void)e;
    c->told++;
    c->failed += t->state != TT_TRIAL_COMPLETE;
    if (t->loss < c->best)
        c->best = t->loss;
    return 0;
}

static const struct tt_asktell_ops count_ops = {
    .state_size = sizeof(struct counts),
    .init = count_init,
    .ask = count_ask,
    .tell = count_tell,
    .unique = 1,
};
TT_ASKTELL_STRATEGY(count_strategy, count_ops);

/* The same with its own state in the snapshot. */
static int keep_save(struct tt_asktell *at, const struct tt_sink *sink,
                     struct tt_error *e)
{
    const struct counts *c = at->state;

    (void)e;
    return tt_put_u64(sink, c->told + 1000);
}

static int keep_load(struct tt_asktell *at, const unsigned char *bytes,
                     uint64_t n, struct tt_error *e)
{
    struct tt_reader r = { bytes, n, 0 };
    struct counts *c = at->state;

    c->told = tt_get_u64(&r);
    return r.failed ? tt_fail(e, TT_ESTATE, "short") : 0;
}

static const struct tt_asktell_ops keep_ops = {
    .state_size = sizeof(struct counts),
    .init = count_init,
    .ask = count_ask,
    .tell = count_tell,
    .save = keep_save,
    .load = keep_load,
};
TT_ASKTELL_STRATEGY(keep_strategy, keep_ops);

static const struct tt_param wide_params[] = {
    { .kind = TT_FLOAT, .name = S("x"), .lo = 0, .hi = 1, .parent = -1 },
    { .kind = TT_TEXT, .name = S("prompt"), .default_text = S("go"),
      .parent = -1 },
};
static const struct tt_space wide = { sizeof wide, sizeof *wide_params, 2,
                                      wide_params };
static const struct tt_param small_params[] = {
    { .kind = TT_INT, .name = S("a"), .lo = 0, .hi = 2, .parent = -1 },
    { .kind = TT_BOOL, .name = S("b"), .parent = -1 },
};
static const struct tt_space small = { sizeof small, sizeof *small_params, 2,
                                       small_params };

static struct tt_asktell *inside(struct mock *m)
{
    return (struct tt_asktell *)(void *)m->instance;
}

/* The best trial; one of ref 0 where there is none. */
static const struct tt_trial *best(struct mock *m)
{
    static const struct tt_trial none = { .loss = HUGE_VAL };
    const struct tt_trial *t = tt_asktell_best(inside(m));

    return t != NULL ? t : &none;
}

static void results_become_history(void)
{
    struct mock m;
    const struct counts *c;

    mock_init(&m, &count_strategy, &wide, 5);
    CU_ASSERT_EQUAL(mock_open(&m), 0);
    c = inside(&m)->state;
    CU_ASSERT_EQUAL(mock_next(&m, 3), 0);
    CU_ASSERT_EQUAL(m.n_actions, 3);
    CU_ASSERT_EQUAL(m.actions[0].ref, 1);
    CU_ASSERT_EQUAL(m.actions[2].ref, 3);
    CU_ASSERT_EQUAL(m.actions[0].mean, 0.25);
    CU_ASSERT(m.actions[0].sd != m.actions[0].sd);
    CU_ASSERT_STRING_EQUAL(m.actions[0].text, "random");
    CU_ASSERT(m.actions[0].values[0].number != m.actions[1].values[0].number);
    CU_ASSERT_EQUAL(inside(&m)->n_pending, 3);
    CU_ASSERT_EQUAL(mock_result(&m, 2, 4.0), 0);
    CU_ASSERT_EQUAL(mock_result(&m, 3, -1.0), 0);
    CU_ASSERT_EQUAL(inside(&m)->n_pending, 1);
    CU_ASSERT_EQUAL(inside(&m)->n_complete, 2);
    CU_ASSERT_EQUAL(c->best, -1.0);
    CU_ASSERT_EQUAL(best(&m)->ref, 3);
    CU_ASSERT_EQUAL(m.n_invalid, 0);
    mock_close(&m);
}

static void maximised_objectives_become_losses(void)
{
    struct mock m;

    mock_init(&m, &count_strategy, &wide, 5);
    m.objective.direction = TT_MAXIMIZE;
    CU_ASSERT_EQUAL(mock_open(&m), 0);
    CU_ASSERT_EQUAL(mock_next(&m, 2), 0);
    CU_ASSERT_EQUAL(mock_result(&m, 1, 4.0), 0);
    CU_ASSERT_EQUAL(mock_result(&m, 2, 5.0), 0);
    CU_ASSERT_EQUAL(best(&m)->ref, 2);
    CU_ASSERT_EQUAL(best(&m)->loss, -5.0);
    CU_ASSERT_EQUAL(inside(&m)->trials[1]->objectives[0], 5.0);
    mock_close(&m);
}

static void a_trial_ends_once(void)
{
    struct mock m;
    const struct counts *c;

    mock_init(&m, &count_strategy, &wide, 5);
    CU_ASSERT_EQUAL(mock_open(&m), 0);
    c = inside(&m)->state;
    CU_ASSERT_EQUAL(mock_next(&m, 3), 0);
    CU_ASSERT_EQUAL(mock_failure(&m, 1, TT_FAILED), 0);
    CU_ASSERT_EQUAL(mock_failure(&m, 2, TT_CANCELLED), 0);
    CU_ASSERT_EQUAL(mock_result(&m, 1, 1.0), 0);
    CU_ASSERT_EQUAL(mock_result(&m, 77, 1.0), 0); /* nobody's */
    CU_ASSERT_EQUAL(c->told, 2);
    CU_ASSERT_EQUAL(c->failed, 2);
    CU_ASSERT_EQUAL(c->best, HUGE_VAL);
    CU_ASSERT_EQUAL(inside(&m)->trials[0]->state, TT_TRIAL_FAILED);
    CU_ASSERT_EQUAL(inside(&m)->trials[1]->state, TT_TRIAL_CANCELLED);
    CU_ASSERT_PTR_NULL(tt_asktell_best(inside(&m)));
    mock_close(&m);
}

static void enqueued_candidates_go_first_unless_their_result_is_known(void)
{
    struct mock m;
    struct tt_value v[2];

    mock_init(&m, &count_strategy, &wide, 5);
    CU_ASSERT_EQUAL(mock_open(&m), 0);
    tt_values_default(&wide, v);
    v[0].number = 0.125;
    v[1].text = tt_str_of("go slowly");
    CU_ASSERT_EQUAL(mock_enqueue(&m, TT_REF_HOST + 1, v), 0);
    v[0].number = 0.25;
    CU_ASSERT_EQUAL(mock_enqueue(&m, TT_REF_HOST + 2, v), 0);
    v[0].number = 0.5;
    CU_ASSERT_EQUAL(mock_enqueue(&m, TT_REF_HOST + 3, v), 0);
    CU_ASSERT_EQUAL(mock_enqueue(&m, TT_REF_HOST + 3, v), 0); /* twice */
    CU_ASSERT_EQUAL(mock_result(&m, TT_REF_HOST + 2, 2.0), 0);
    CU_ASSERT_EQUAL(inside(&m)->n_waiting, 2);
    CU_ASSERT_EQUAL(mock_next(&m, 4), 0);
    CU_ASSERT_EQUAL(m.n_actions, 4);
    CU_ASSERT_EQUAL(m.actions[0].ref, TT_REF_HOST + 1);
    CU_ASSERT_EQUAL(m.actions[0].n_values, 0);
    CU_ASSERT_EQUAL(m.actions[1].ref, TT_REF_HOST + 3);
    CU_ASSERT_EQUAL(m.actions[2].ref, 1);
    CU_ASSERT_EQUAL(m.actions[2].n_values, 2);
    CU_ASSERT(tt_str_equal(inside(&m)->trials[0]->values[1].text,
                           tt_str_of("go slowly")));
    CU_ASSERT_EQUAL(inside(&m)->trials[1]->loss, 2.0);
    mock_close(&m);
}

static void a_finite_space_is_used_up_without_repeats(void)
{
    struct mock m;
    struct tt_value v[2];
    const struct tt_asktell *at;
    uint64_t i, j;

    mock_init(&m, &count_strategy, &small, 5);
    CU_ASSERT_EQUAL(mock_open(&m), 0);
    at = inside(&m);
    CU_ASSERT_EQUAL(at->space_size, 6.0);
    tt_values_default(&small, v);
    v[0].number = 2.0;
    CU_ASSERT_EQUAL(mock_enqueue(&m, TT_REF_HOST + 1, v), 0);
    CU_ASSERT_EQUAL(mock_next(&m, 20), 0);
    CU_ASSERT_EQUAL(m.n_actions, 6); /* and no DONE while they are out */
    CU_ASSERT_EQUAL(m.actions[5].kind, TT_EVALUATE);
    for (i = 0; i < 6; i++) {
        for (j = 0; j < i; j++)
            CU_ASSERT(!tt_values_equal(&small, at->trials[i]->values,
                                       at->trials[j]->values));
    }
    CU_ASSERT_EQUAL(mock_next(&m, 1), 0);
    CU_ASSERT_EQUAL(m.n_actions, 0); /* WAIT */
    for (i = 0; i < 6; i++)
        CU_ASSERT_EQUAL(mock_result(&m, at->trials[i]->ref, 1.0), 0);
    CU_ASSERT_EQUAL(mock_next(&m, 1), 0);
    CU_ASSERT_EQUAL(m.n_actions, 1);
    CU_ASSERT_EQUAL(m.actions[0].kind, TT_DONE);
    CU_ASSERT_STRING_EQUAL(m.actions[0].text, "exhausted");
    mock_close(&m);
}

/* A run with failures, something enqueued and something in flight. */
static void play(struct mock *m, const struct tt_strategy *strategy,
                 int interrupt)
{
    struct tt_value v[2];
    uint64_t i;

    mock_init(m, strategy, &wide, 9);
    CU_ASSERT_EQUAL(mock_open(m), 0);
    tt_values_default(&wide, v);
    v[1].text = tt_str_of("another text");
    CU_ASSERT_EQUAL(mock_enqueue(m, TT_REF_HOST + 1, v), 0);
    for (i = 1; i < 100; i++) {
        CU_ASSERT_EQUAL(mock_next(m, 2), 0);
        CU_ASSERT_EQUAL(mock_result(m, 2 * i - 1, 1.0 / (double)i), 0);
        if (i % 5 == 0)
            CU_ASSERT_EQUAL(mock_failure(m, 2 * i - 2, TT_FAILED), 0);
        if (interrupt && i % 7 == 0) {
            CU_ASSERT_EQUAL(mock_snapshot(m), 0);
            CU_ASSERT_EQUAL(mock_reopen(m), 0);
        }
    }
}

static void a_restored_snapshot_goes_on_like_the_old_instance(void)
{
    struct mock a, b;
    const struct counts *ca, *cb;

    play(&a, &count_strategy, 0);
    play(&b, &count_strategy, 1);
    ca = inside(&a)->state;
    cb = inside(&b)->state;
    CU_ASSERT_EQUAL(a.log_n, b.log_n);
    CU_ASSERT_EQUAL(memcmp(a.log, b.log, a.log_n), 0);
    CU_ASSERT_EQUAL(ca->told, cb->told);
    CU_ASSERT_EQUAL(ca->failed, cb->failed);
    CU_ASSERT_EQUAL(ca->best, cb->best);
    CU_ASSERT_EQUAL(inside(&a)->n_pending, inside(&b)->n_pending);
    CU_ASSERT(tt_str_equal(inside(&b)->trials[0]->values[1].text,
                           tt_str_of("another text")));
    CU_ASSERT_EQUAL(mock_snapshot(&a), 0);
    CU_ASSERT_EQUAL(mock_snapshot(&b), 0);
    CU_ASSERT_EQUAL(a.snapshot_n, b.snapshot_n);
    CU_ASSERT_EQUAL(memcmp(a.snapshot, b.snapshot, a.snapshot_n), 0);
    mock_close(&a);
    mock_close(&b);
}

static void own_state_is_saved_where_the_plugin_wants_it(void)
{
    struct mock m;
    const struct counts *c;

    play(&m, &keep_strategy, 0);
    c = inside(&m)->state;
    CU_ASSERT_EQUAL(c->told, 118); /* 99 results, 19 failures */
    CU_ASSERT_EQUAL(mock_snapshot(&m), 0);
    CU_ASSERT_EQUAL(mock_reopen(&m), 0);
    c = inside(&m)->state;
    CU_ASSERT_EQUAL(c->told, 1118);
    mock_close(&m);
}

static void damaged_snapshots_are_refused(void)
{
    struct mock m;
    unsigned char *whole;
    size_t n, i;

    play(&m, &keep_strategy, 0);
    CU_ASSERT_EQUAL(mock_snapshot(&m), 0);
    n = m.snapshot_n;
    whole = m.snapshot;
    m.snapshot = malloc(n);
    memcpy(m.snapshot, whole, n);
    for (i = 0; i < n; i += i < 400 ? 1 : 97) { /* every length */
        m.snapshot_n = i;
        CU_ASSERT_EQUAL(mock_reopen(&m), TT_ESTATE);
        CU_ASSERT_PTR_NULL(m.instance);
    }
    m.snapshot_n = n;
    m.snapshot[0] ^= 1;
    CU_ASSERT_EQUAL(mock_reopen(&m), TT_ESTATE);
    m.snapshot[0] ^= 1;
    m.problem.space = &small; /* another problem: no text */
    CU_ASSERT_EQUAL(mock_reopen(&m), TT_ESTATE);
    m.problem.space = &wide;
    CU_ASSERT_EQUAL(mock_reopen(&m), 0);
    free(whole);
    mock_close(&m);
}

static void problems_without_anything_to_search_are_refused(void)
{
    const struct tt_space texts = { sizeof texts, sizeof *wide_params, 1,
                                    wide_params + 1 };
    struct mock m;

    mock_init(&m, &count_strategy, &texts, 1);
    CU_ASSERT_EQUAL(mock_open(&m), TT_EUNSUPPORTED);
    CU_ASSERT_EQUAL(m.strategy->validate(&m.problem, &m.e), TT_EUNSUPPORTED);
    m.problem.space = &wide;
    CU_ASSERT_EQUAL(m.strategy->validate(&m.problem, &m.e), 0);
    m.problem.n_objectives = 0;
    CU_ASSERT_EQUAL(m.strategy->validate(&m.problem, &m.e), TT_EINVAL);
    m.strategy->close(NULL);
}

static void explain_is_json(void)
{
    struct mock m;
    struct tt_sink sink = { &m, mock_write };

    mock_init(&m, &count_strategy, &wide, 1);
    CU_ASSERT_EQUAL(mock_open(&m), 0);
    CU_ASSERT_EQUAL(mock_next(&m, 1), 0);
    CU_ASSERT_EQUAL(m.strategy->explain(m.instance, 1, &sink, &m.e), 0);
    CU_ASSERT_STRING_EQUAL((char *)m.snapshot,
                           "{\"origin\":\"random\",\"position\":1,"
                           "\"predicted_mean\":0.25,\"predicted_sd\":null,"
                           "\"acquisition\":null}");
    CU_ASSERT_EQUAL(m.strategy->explain(m.instance, 9, &sink, &m.e),
                    TT_ENOENT);
    mock_close(&m);
}

static CU_TestInfo tests[] = {
    { "results become history", results_become_history },
    { "maximised objectives become losses",
      maximised_objectives_become_losses },
    { "a trial ends once", a_trial_ends_once },
    { "enqueued candidates go first unless their result is known",
      enqueued_candidates_go_first_unless_their_result_is_known },
    { "a finite space is used up without repeats",
      a_finite_space_is_used_up_without_repeats },
    { "a restored snapshot goes on like the old instance",
      a_restored_snapshot_goes_on_like_the_old_instance },
    { "own state is saved where the plugin wants it",
      own_state_is_saved_where_the_plugin_wants_it },
    { "damaged snapshots are refused", damaged_snapshots_are_refused },
    { "problems without anything to search are refused",
      problems_without_anything_to_search_are_refused },
    { "explain is JSON", explain_is_json },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("asktell", tests);
}
