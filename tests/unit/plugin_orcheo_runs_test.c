/* SPDX-License-Identifier: MIT
 *
 * plugin_orcheo_runs_test.c - the adapter `orcheo`: what becomes of runs.
 * Recorded ends of runs, polling, lost runs, and finding runs by label. */
#include "tests/unit/orcheo_mock.h"

/* --- what a finished run says --------------------------------------------- */

static void a_finished_run_gives_its_node_results(void)
{
    struct bench b;

    CU_ASSERT_TRUE(bench_inputs(&b));
    bench_submit(&b, 8, 1);
    mock_succeed(mock_run_of("e8"), "candidate");
    CU_ASSERT_EQUAL(bench_collect(&b, 8, 1), 0);
    CU_ASSERT_EQUAL(b.seen.n, 1);
    CU_ASSERT_EQUAL(b.seen.at[0].state, TT_SUCCEEDED);
    CU_ASSERT_STRING_EQUAL(b.seen.at[0].id, "e8");
    CU_ASSERT_PTR_NOT_NULL(js_at(b.seen.at[0].outputs,
                                 "node_results.score.corpus_score"));
    CU_ASSERT_PTR_NOT_NULL(js_get(b.seen.at[0].outputs, "messages"));
    CU_ASSERT_PTR_NOT_NULL(strstr(b.seen.at[0].evidence, "\"inputs\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(b.seen.at[0].evidence, "\"version\":1"));
    CU_ASSERT_PTR_NOT_NULL(strstr(b.seen.at[0].evidence,
                                  js_str(mock_run_of("e8"), "id")));
    bench_close(&b);
}

static void the_stored_values_are_not_mistaken_for_the_candidate(void)
{
    struct bench b;
    json_object *tuned;

    CU_ASSERT_TRUE(bench_inputs(&b));
    bench_submit(&b, 1, 2);
    mock_succeed(mock_run_of("e1"), "active");
    /* it says candidate, but the values are another's */
    mock_succeed(mock_run_of("e2"), "candidate");
    tuned = js_at(mock_run_of("e2"),
                  "output_payload.final_state.node_results.tuned");
    json_object_object_add(tuned, "temperature",
                           json_object_new_double(0.95));
    CU_ASSERT_EQUAL(bench_collect(&b, 1, 2), 0);
    CU_ASSERT_EQUAL(b.seen.n, 2);
    CU_ASSERT_EQUAL(b.seen.at[0].state, TT_ERROR);
    CU_ASSERT_PTR_NOT_NULL(strstr(b.seen.at[0].message, "source"));
    CU_ASSERT_EQUAL(b.seen.at[1].state, TT_ERROR);
    bench_close(&b);
}

static void a_run_that_stopped_half_way_is_no_success(void)
{
    struct bench b;

    CU_ASSERT_TRUE(bench_inputs(&b));
    bench_submit(&b, 1, 1);
    mock_end_as(mock_run_of("e1"), "0.46/run_succeeded_interrupted");
    CU_ASSERT_EQUAL(bench_collect(&b, 1, 1), 0);
    CU_ASSERT_EQUAL(b.seen.at[0].state, TT_ERROR);
    bench_close(&b);
}

static void results_of_0_33_are_read_too(void)
{
    struct bench b;
    json_object *run, *state, *tuned;

    CU_ASSERT_TRUE(bench_inputs(&b));
    bench_submit(&b, 3, 1);
    run = mock_run_of("e3");
    mock_end_as(run, "0.33/run_succeeded");
    state = js_at(run, "output_payload.final_state");
    CU_ASSERT_PTR_NOT_NULL(js_get(state, "results"));
    tuned = json_object_new_object();
    put_str(tuned, "source", "candidate");
    json_object_object_add(js_get(state, "results"), "tuned", tuned);
    CU_ASSERT_EQUAL(bench_collect(&b, 3, 1), 0);
    CU_ASSERT_EQUAL(b.seen.at[0].state, TT_SUCCEEDED);
    CU_ASSERT_PTR_NOT_NULL(
        js_at(b.seen.at[0].outputs, "results.score.corpus_score"));
    bench_close(&b);
}

static void tokens_come_from_the_messages(void)
{
    struct bench b;
    json_object *run, *tuned;

    CU_ASSERT_TRUE(bench_inputs(&b));
    bench_submit(&b, 3, 1);
    run = mock_run_of("e3");
    mock_end_as(run, "0.46/run_succeeded_agent");
    tuned = json_object_new_object();
    put_str(tuned, "source", "candidate");
    js_set_at(run, "output_payload.final_state.node_results.tuned", tuned);
    CU_ASSERT_EQUAL(bench_collect(&b, 3, 1), 0);
    CU_ASSERT_EQUAL(b.seen.at[0].state, TT_SUCCEEDED);
    CU_ASSERT_EQUAL(b.seen.at[0].tokens_in, 11);
    CU_ASSERT_EQUAL(b.seen.at[0].tokens_out, 3);
    CU_ASSERT_DOUBLE_EQUAL(b.seen.at[0].cost, 11.0, 1e-9);
    bench_close(&b);
}

static void infrastructure_is_told_apart_from_the_candidate(void)
{
    static const struct {
        const char *name;
        uint32_t state;
        const char *hint;
    } ends[] = {
        { "0.46/run_failed", TT_ERROR, "template did not resolve" },
        { "0.46/run_failed_node", TT_ERROR, "the model said no" },
        { "0.46/run_nan", TT_ERROR, "finite" },
        { "0.46/run_failed_build", TT_ERROR, "" },
        { "0.46/run_failed_shutdown", TT_LOST, "shut down" },
        { "0.46/run_failed_llm", TT_LOST, "Connection error" },
        { "0.46/run_cancelled", TT_LOST, "cancelled" },
        { "0.33/run_failed", TT_ERROR, "" },
    };
    struct bench b;
    size_t i;

    CU_ASSERT_TRUE(bench_inputs(&b));
    bench_submit(&b, 0, 8);
    for (i = 0; i < 8; i++) {
        char id[8];

        snprintf(id, sizeof id, "e%zu", i);
        mock_end_as(mock_run_of(id), ends[i].name);
    }
    CU_ASSERT_EQUAL(bench_collect(&b, 0, 8), 0);
    CU_ASSERT_EQUAL(b.seen.n, 8);
    for (i = 0; i < b.seen.n; i++) {
        CU_ASSERT_EQUAL(b.seen.at[i].state, ends[i].state);
        CU_ASSERT_PTR_NOT_NULL(strstr(b.seen.at[i].message, ends[i].hint));
    }
    bench_close(&b);
}

static void texts_of_orcheo_and_of_model_clients_are_infrastructure(void)
{
    CU_ASSERT_TRUE(error_is_infrastructure(
        "couldn't get a connection after 5.00 sec"));
    CU_ASSERT_TRUE(error_is_infrastructure(
        "duplicate key value violates unique constraint "
        "\"checkpoint_migrations_pkey\"\nDETAIL:  Key (v)=(0) already "
        "exists."));
    CU_ASSERT_TRUE(error_is_infrastructure(
        "duplicate key value violates unique constraint "
        "\"pg_type_typname_nsp_index\"\nDETAIL:  Key (typname, typnamespace)="
        "(store, 2200) already exists."));
    CU_ASSERT_TRUE(error_is_infrastructure(
        "deadlock detected\nLINE 2: UPDATE execution_history"));
    CU_ASSERT_FALSE(error_is_infrastructure(
        "duplicate key value violates unique constraint \"users_pkey\""));
    CU_ASSERT_TRUE(error_is_infrastructure("Error code: 429 - {'error': {}}"));
    CU_ASSERT_FALSE(error_is_infrastructure("Error code: 400 - bad request"));
    CU_ASSERT_FALSE(error_is_infrastructure(
        "the model said: Connection error"));
    CU_ASSERT_FALSE(error_is_infrastructure(""));
}

static void a_run_that_somebody_marked_as_succeeded_is_not_trusted(void)
{
    struct bench b;
    json_object *log;

    CU_ASSERT_TRUE(bench_inputs(&b));
    bench_submit(&b, 1, 1);
    mock_succeed(mock_run_of("e1"), "candidate");
    log = js_get(mock_run_of("e1"), "audit_log");
    put_str(json_object_array_get_idx(
                log, json_object_array_length(log) - 1), "actor", "mallory");
    CU_ASSERT_EQUAL(bench_collect(&b, 1, 1), 0);
    CU_ASSERT_EQUAL(b.seen.at[0].state, TT_LOST);
    CU_ASSERT_PTR_NOT_NULL(strstr(b.seen.at[0].message, "mallory"));
    bench_close(&b);
}

static void a_slot_run_proves_its_config(void)
{
    struct bench b;

    mock_init();
    mock_version("workflows/production.py", "{}");
    CU_ASSERT_TRUE(bench_open(&b, "{\"workflow\":\"w\",\"slots\":[1]}"));
    bench_submit(&b, 1, 2);
    mock_end_as(mock_run_of("e1"), "0.46/run_succeeded");
    mock_end_as(mock_run_of("e2"), "0.46/run_succeeded");
    js_set_at(mock_run_of("e2"),
              "runnable_config.configurable.answer.temperature",
              json_object_new_double(1.9));
    CU_ASSERT_EQUAL(bench_collect(&b, 1, 2), 0);
    CU_ASSERT_EQUAL(b.seen.n, 2);
    CU_ASSERT_EQUAL(b.seen.at[0].state, TT_SUCCEEDED);
    CU_ASSERT_PTR_NOT_NULL(strstr(b.seen.at[0].evidence, "\"slots\""));
    CU_ASSERT_EQUAL(b.seen.at[1].state, TT_ERROR);
    bench_close(&b);
}

/* --- polling -------------------------------------------------------------- */

static void one_list_serves_all_that_is_in_flight(void)
{
    struct bench b;
    unsigned lists;

    CU_ASSERT_TRUE(bench_inputs(&b));
    bench_submit(&b, 0, 20);
    mock_succeed(mock_run_of("e7"), "candidate");
    lists = mock_count("/runs?limit=");
    CU_ASSERT_EQUAL(bench_collect(&b, 0, 20), 0);
    CU_ASSERT_EQUAL(mock_count("/runs?limit="), lists + 1);
    CU_ASSERT_EQUAL(mock_count("GET /api/runs/"), 0);
    CU_ASSERT_EQUAL(b.seen.n, 1);
    CU_ASSERT_STRING_EQUAL(b.seen.at[0].id, "e7");
    CU_ASSERT_EQUAL(bench_collect(&b, 0, 2), 0); /* few: one by one */
    CU_ASSERT_EQUAL(mock_count("GET /api/runs/"), 2);
    CU_ASSERT_EQUAL(mock_count("/runs?limit="), lists + 1);
    bench_close(&b);
}

static void a_list_too_big_to_read_is_read_run_by_run(void)
{
    struct bench b;

    CU_ASSERT_TRUE(bench_inputs(&b));
    bench_submit(&b, 0, 6);
    mock_succeed(mock_run_of("e0"), "candidate");
    mock_transport("GET /api/workflows/" MOCK_WORKFLOW "/runs?", TT_ETOOBIG);
    CU_ASSERT_EQUAL(bench_collect(&b, 0, 6), 0);
    CU_ASSERT_EQUAL(b.seen.n, 1);
    CU_ASSERT_EQUAL(b.seen.at[0].state, TT_SUCCEEDED);
    /* and a result that is too big by itself is the workflow's fault */
    mock_transport("GET /api/runs/", TT_ETOOBIG);
    CU_ASSERT_EQUAL(bench_collect(&b, 1, 1), 0);
    CU_ASSERT_EQUAL(b.seen.at[0].state, TT_ERROR);
    CU_ASSERT_PTR_NOT_NULL(strstr(b.seen.at[0].message, "return less"));
    mock_transport("GET /api/workflows/" MOCK_WORKFLOW "/runs?", TT_ETOOBIG);
    CU_ASSERT_EQUAL(bench_find(&b, "trimtab:r1:1"), 0);
    CU_ASSERT_EQUAL(b.seen.n, 6);
    CU_ASSERT_EQUAL(mock_count("/runs?limit=40"), 1);
    bench_close(&b);
}

static void a_list_grows_while_others_use_the_workflow_too(void)
{
    struct bench b;
    unsigned i;

    CU_ASSERT_TRUE(bench_inputs(&b));
    bench_submit(&b, 0, 5);
    for (i = 0; i < 3; i++) {
        /* it holds none of ours */
        mock_answer("GET /api/workflows/" MOCK_WORKFLOW "/runs?", 200, NULL);
        free(mock.canned[0].body);
        mock.canned[0].body = strdup("[]");
        CU_ASSERT_EQUAL(bench_collect(&b, 0, 5), 0);
    }
    CU_ASSERT_EQUAL(mock_count("/runs?limit=10\n"), 1);
    CU_ASSERT_EQUAL(mock_count("/runs?limit=15\n"), 1);
    CU_ASSERT_EQUAL(mock_count("/runs?limit=25\n"), 1);
    CU_ASSERT_EQUAL(mock_count("GET /api/runs/"), 12); /* four each */
    bench_close(&b);
}

static void polls_come_slower_while_nothing_happens(void)
{
    struct bench b;
    uint64_t first;
    unsigned i;

    CU_ASSERT_TRUE(bench_inputs(&b));
    bench_submit(&b, 0, 1);
    bench_collect(&b, 0, 1);
    first = b.again_ms;
    for (i = 0; i < 20; i++)
        bench_collect(&b, 0, 1);
    CU_ASSERT_TRUE(first <= 300);
    CU_ASSERT_EQUAL(b.again_ms, 5000);
    mock_succeed(mock_run_of("e0"), "candidate");
    bench_collect(&b, 0, 1);
    CU_ASSERT_EQUAL(b.again_ms, first);
    bench_close(&b);
}

static void our_own_rate_is_kept_below_orcheos(void)
{
    struct bench b;
    unsigned i, before;

    CU_ASSERT_TRUE(bench_inputs(&b));
    b.self->settings.per_minute = 20;
    bench_submit(&b, 0, 1);
    for (i = 0; i < 40; i++)
        bench_collect(&b, 0, 1);
    before = mock_count("\n");
    CU_ASSERT_EQUAL(before, 20);
    CU_ASSERT_TRUE(b.again_ms > 10000);
    CU_ASSERT_EQUAL(bench_submit(&b, 1, 1), 0);
    CU_ASSERT_EQUAL(b.seen.at[0].state, TT_LATER);
    CU_ASSERT_EQUAL(mock_count("\n"), before);
    bench_close(&b);
}

static void an_orcheo_that_is_down_loses_nothing(void)
{
    struct bench b;

    CU_ASSERT_TRUE(bench_inputs(&b));
    bench_submit(&b, 0, 1);
    b.self->settings.pending_ms = 1;
    usleep(3000);
    mock_transport("GET /api/runs/", TT_ETRANSIENT);
    CU_ASSERT_EQUAL(bench_collect(&b, 0, 1), 0);
    CU_ASSERT_EQUAL(b.seen.n, 0);
    CU_ASSERT_TRUE(b.again_ms > 0);
    mock_answer("GET /api/runs/", 500, "0.46/error_500_nul");
    CU_ASSERT_EQUAL(bench_collect(&b, 0, 1), 0);
    CU_ASSERT_EQUAL(b.seen.n, 0);
    bench_close(&b);
}

/* --- lost runs ------------------------------------------------------------ */

static void a_run_that_no_worker_takes_is_lost_and_cancelled(void)
{
    struct bench b;

    CU_ASSERT_TRUE(bench_inputs(&b));
    bench_submit(&b, 0, 1);
    b.self->settings.pending_ms = 1;
    usleep(3000);
    CU_ASSERT_EQUAL(bench_collect(&b, 0, 1), 0);
    CU_ASSERT_EQUAL(b.seen.n, 1);
    CU_ASSERT_EQUAL(b.seen.at[0].state, TT_LOST);
    CU_ASSERT_STRING_EQUAL(b.seen.at[0].id, "e0");
    CU_ASSERT_PTR_NOT_NULL(strstr(b.seen.at[0].message, "worker"));
    CU_ASSERT_STRING_EQUAL(js_str(mock_run_of("e0"), "status"), "cancelled");
    CU_ASSERT_EQUAL(b.self->n_tracked, 0);
    bench_close(&b);
}

/* As if all of them had been waiting for so much longer. */
static void age(struct bench *b, int64_t ms)
{
    size_t i;

    for (i = 0; i < b->self->n_tracked; i++)
        b->self->tracked[i].since_ms -= ms;
}

static void a_run_waits_as_long_as_older_ones_are_worked_on(void)
{
    struct bench b;

    CU_ASSERT_TRUE(bench_inputs(&b));
    bench_submit(&b, 0, 3);
    mock_status(mock_run_of("e1"), "running");
    b.self->settings.pending_ms = 4000;
    age(&b, 5000);
    /* e0 was overtaken by e1, so it is in no queue; e2 waits its turn */
    CU_ASSERT_EQUAL(bench_collect(&b, 1, 1), 0);
    CU_ASSERT_EQUAL(bench_collect(&b, 0, 3), 0);
    CU_ASSERT_EQUAL(b.seen.n, 1);
    CU_ASSERT_STRING_EQUAL(b.seen.at[0].id, "e0");
    bench_close(&b);
}

static void nobody_ages_while_orcheo_is_silent(void)
{
    struct bench b;

    CU_ASSERT_TRUE(bench_inputs(&b));
    bench_submit(&b, 0, 1);
    CU_ASSERT_EQUAL(bench_collect(&b, 0, 1), 0);
    b.self->settings.pending_ms = 30000;
    age(&b, 60000);
    b.self->heard_ms -= 60000;
    CU_ASSERT_EQUAL(bench_collect(&b, 0, 1), 0);
    CU_ASSERT_EQUAL(b.seen.n, 0);
    age(&b, 60000); /* it was there, and nobody took the run */
    CU_ASSERT_EQUAL(bench_collect(&b, 0, 1), 0);
    CU_ASSERT_EQUAL(b.seen.n, 1);
    bench_close(&b);
}

static void a_run_that_runs_too_long_is_lost(void)
{
    struct bench b;

    CU_ASSERT_TRUE(bench_inputs(&b));
    bench_submit(&b, 0, 1);
    mock_status(mock_run_of("e0"), "running");
    bench_collect(&b, 0, 1);
    CU_ASSERT_EQUAL(b.seen.n, 0);
    b.self->settings.timeout_ms = 1;
    usleep(3000);
    bench_collect(&b, 0, 1);
    CU_ASSERT_EQUAL(b.seen.n, 1);
    CU_ASSERT_EQUAL(b.seen.at[0].state, TT_LOST);
    CU_ASSERT_PTR_NOT_NULL(strstr(b.seen.at[0].message, "time limit"));
    bench_close(&b);
}

static void a_run_that_is_gone_is_lost(void)
{
    struct bench b;

    CU_ASSERT_TRUE(bench_inputs(&b));
    bench_submit(&b, 0, 1);
    mock_answer("GET /api/runs/", 404, "error_404_run");
    bench_collect(&b, 0, 1);
    CU_ASSERT_EQUAL(b.seen.n, 1);
    CU_ASSERT_EQUAL(b.seen.at[0].state, TT_LOST);
    CU_ASSERT_STRING_EQUAL(b.seen.at[0].handle,
                           js_str(mock_run_of("e0"), "id"));
    bench_close(&b);
}

/* --- after a restart ------------------------------------------------------ */

static void runs_are_found_again_by_label(void)
{
    struct bench b;

    CU_ASSERT_TRUE(bench_inputs(&b));
    bench_submit_as(&b, "trimtab:r1:1", 0, 2, "Be brief.");
    bench_submit_as(&b, "trimtab:r1:2", 2, 1, "Be brief.");
    mock_succeed(mock_run_of("e1"), "candidate");
    b.adapter->close(b.self);
    CU_ASSERT_TRUE(bench_open(&b, "{\"workflow\":\"demo-qa\"}"));
    CU_ASSERT_EQUAL(bench_find(&b, "trimtab:r1:1"), 0);
    CU_ASSERT_EQUAL(b.seen.n, 2); /* newest first */
    CU_ASSERT_STRING_EQUAL(b.seen.at[0].id, "e1");
    CU_ASSERT_EQUAL(b.seen.at[0].state, TT_SUCCEEDED);
    CU_ASSERT_STRING_EQUAL(b.seen.at[1].id, "e0");
    CU_ASSERT_EQUAL(b.seen.at[1].state, TT_RUNNING);
    CU_ASSERT_STRING_EQUAL(b.seen.at[1].handle,
                           js_str(mock_run_of("e0"), "id"));
    CU_ASSERT_EQUAL(bench_find(&b, "trimtab:r9:1"), 0);
    CU_ASSERT_EQUAL(b.seen.n, 0);
    bench_close(&b);
}

static void of_two_runs_of_one_evaluation_the_better_counts(void)
{
    struct bench b;
    json_object *first;

    CU_ASSERT_TRUE(bench_inputs(&b));
    bench_submit(&b, 0, 1);
    first = mock_run_of("e0");
    bench_submit(&b, 0, 1); /* the newer one */
    mock_succeed(first, "candidate");
    CU_ASSERT_EQUAL(bench_find(&b, "trimtab:r1:1"), 0);
    CU_ASSERT_EQUAL(b.seen.n, 1);
    CU_ASSERT_EQUAL(b.seen.at[0].state, TT_SUCCEEDED);
    CU_ASSERT_STRING_EQUAL(b.seen.at[0].handle, js_str(first, "id"));
    CU_ASSERT_STRING_EQUAL(js_str(mock_run(0), "status"), "cancelled");
    bench_close(&b);
}

static void a_run_given_up_is_cancelled(void)
{
    struct bench b;

    CU_ASSERT_TRUE(bench_inputs(&b));
    bench_submit(&b, 0, 1);
    CU_ASSERT_EQUAL(b.adapter->abandon(b.self,
                                       tt_str_of(b.seen.at[0].handle), &b.e),
                    0);
    CU_ASSERT_STRING_EQUAL(js_str(mock_run_of("e0"), "status"), "cancelled");
    /* a second time it has ended already: nothing to say */
    b.adapter->abandon(b.self, tt_str_of(b.seen.at[0].handle), &b.e);
    CU_ASSERT_PTR_NULL(strstr(mock.log, "could not be cancelled"));
    bench_close(&b);
}

/* --- configuration -------------------------------------------------------- */

static int validate(const char *evaluation, struct tt_error *e)
{
    struct tt_setup setup = { .size = sizeof setup, .space = &mock_space,
                              .evaluation = tt_str_of(evaluation) };

    memset(e, 0, sizeof *e);
    return trimtab_plugin_v1()->adapter->validate(&setup, e);
}

static void a_wrong_evaluation_is_refused_by_name(void)
{
    static const struct {
        const char *text, *word;
    } bad[] = {
        { "[]", "object" },
        { "{}", "workflow" },
        { "{\"workflow\":\"w\",\"mode\":\"magic\"}", "\"slots\"" },
        { "{\"workflow\":\"w\",\"version\":0}", "version" },
        { "{\"workflow\":\"w\",\"mode\":\"slots\"}", "slots" },
        { "{\"workflow\":\"w\",\"slots\":[\"a\"]}", "slots" },
        { "{\"workflow\":\"w\",\"cases_key\":\"trimtab\"}", "cases_key" },
        { "{\"workflow\":\"w\",\"case_as\":\"merge\",\"cases_per_run\":2}",
          "cases_per_run" },
        { "{\"workflow\":\"w\",\"inputs\":[]}", "inputs" },
        { "{\"workflow\":\"w\",\"paths\":{\"answer.temperature\":\"x\"}}",
          "paths" },
        { "{\"workflow\":\"w\",\"paths\":{\"no.such\":\"configurable.x\"}}",
          "no such parameter" },
    };
    struct tt_error e;
    size_t i;

    CU_ASSERT_EQUAL(validate("{\"workflow\":\"w\",\"retries\":2}", &e), 0);
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        CU_ASSERT_EQUAL(validate(bad[i].text, &e), TT_EINVAL);
        CU_ASSERT_PTR_NOT_NULL(strstr(e.message, bad[i].word));
    }
}

static void choices_that_are_all_numbers_are_sent_as_numbers(void)
{
    static const struct tt_str numbers[] = { { "16", 2 }, { "0.5", 3 } };
    static const struct tt_str words[] = { { "16", 2 }, { "many", 4 } };
    const struct tt_param params[] = {
        { .kind = TT_ORDINAL, .name = { "a.n", 3 }, .choices = numbers,
          .n_choices = 2, .parent = -1 },
        { .kind = TT_CATEGORICAL, .name = { "a.w", 3 }, .choices = words,
          .n_choices = 2, .parent = -1 },
        { .kind = TT_BOOL, .name = { "b.flag", 6 }, .parent = -1 },
        { .kind = TT_INT, .name = { "b.n", 3 }, .parent = -1 },
        { .kind = TT_INT, .name = { "b.off", 5 }, .parent = -1 },
    };
    const struct tt_space space = { sizeof space, sizeof *params, 5, params };
    const struct tt_value values[] = { { .number = 1 }, { .number = 0 },
                                       { .number = 1 }, { .number = -7 },
                                       { .flags = TT_VALUE_INACTIVE } };
    const struct tt_candidate c = { .size = sizeof c,
                                    .value_size = sizeof *values,
                                    .n_values = 5, .values = values };
    json_object *o = candidate_json(&space, &c);

    CU_ASSERT_STRING_EQUAL(
        json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN),
        "{\"a\":{\"n\":0.5,\"w\":\"16\"},\"b\":{\"flag\":true,\"n\":-7}}");
    json_object_put(o);
}

static CU_TestInfo tests[] = {
    { "a finished run gives its node results",
      a_finished_run_gives_its_node_results },
    { "the stored values are not mistaken for the candidate",
      the_stored_values_are_not_mistaken_for_the_candidate },
    { "a run that stopped half-way is no success",
      a_run_that_stopped_half_way_is_no_success },
    { "results of 0.33 are read too", results_of_0_33_are_read_too },
    { "tokens come from the messages", tokens_come_from_the_messages },
    { "infrastructure is told apart from the candidate",
      infrastructure_is_told_apart_from_the_candidate },
    { "texts of Orcheo and of model clients are infrastructure",
      texts_of_orcheo_and_of_model_clients_are_infrastructure },
    { "a run that somebody marked as succeeded is not trusted",
      a_run_that_somebody_marked_as_succeeded_is_not_trusted },
    { "a slot run proves its config", a_slot_run_proves_its_config },
    { "one list serves all that is in flight",
      one_list_serves_all_that_is_in_flight },
    { "a list too big to read is read run by run",
      a_list_too_big_to_read_is_read_run_by_run },
    { "a list grows while others use the workflow too",
      a_list_grows_while_others_use_the_workflow_too },
    { "polls come slower while nothing happens",
      polls_come_slower_while_nothing_happens },
    { "our own rate is kept below Orcheo's",
      our_own_rate_is_kept_below_orcheos },
    { "an Orcheo that is down loses nothing",
      an_orcheo_that_is_down_loses_nothing },
    { "a run that no worker takes is lost and cancelled",
      a_run_that_no_worker_takes_is_lost_and_cancelled },
    { "a run waits as long as older ones are worked on",
      a_run_waits_as_long_as_older_ones_are_worked_on },
    { "nobody ages while Orcheo is silent",
      nobody_ages_while_orcheo_is_silent },
    { "a run that runs too long is lost", a_run_that_runs_too_long_is_lost },
    { "a run that is gone is lost", a_run_that_is_gone_is_lost },
    { "runs are found again by label", runs_are_found_again_by_label },
    { "of two runs of one evaluation the better counts",
      of_two_runs_of_one_evaluation_the_better_counts },
    { "a run given up is cancelled", a_run_given_up_is_cancelled },
    { "a wrong evaluation is refused by name",
      a_wrong_evaluation_is_refused_by_name },
    { "choices that are all numbers are sent as numbers",
      choices_that_are_all_numbers_are_sent_as_numbers },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("orcheo runs", tests);
}
