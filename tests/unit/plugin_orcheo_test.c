/* SPDX-License-Identifier: MIT
 *
 * plugin_orcheo_test.c - the adapter `orcheo` against Orcheo's recorded
 * answers: what is sent, what counts as sent, and what a finished run says. */
#include "tests/unit/orcheo_mock.h"

/* --- submit --------------------------------------------------------------- */

static void a_candidate_travels_in_the_inputs(void)
{
    struct bench b;
    json_object *run, *inputs;

    CU_ASSERT_TRUE(bench_inputs(&b));
    CU_ASSERT_EQUAL(bench_submit(&b, 3, 2), 0);
    CU_ASSERT_EQUAL(b.seen.n, 2);
    CU_ASSERT_EQUAL(b.seen.at[0].state, TT_RUNNING);
    CU_ASSERT_STRING_EQUAL(b.seen.at[0].id, "e3");
    run = mock_run_of("e3");
    CU_ASSERT_STRING_EQUAL(b.seen.at[0].handle, js_str(run, "id"));
    CU_ASSERT_STRING_EQUAL(js_str(run, "triggered_by"), "trimtab:r1:1");
    inputs = js_get(run, "input_payload");
    CU_ASSERT_EQUAL(json_object_array_length(js_array(inputs, "cases")), 2);
    CU_ASSERT_DOUBLE_EQUAL(json_object_get_double(js_at(
        inputs, "trimtab.parameters.answer.temperature")), 0.3, 0);
    CU_ASSERT_STRING_EQUAL(
        js_str(js_at(inputs, "trimtab.parameters.answer"), "system_prompt"),
        "Be brief.");
    /* shortest form: people read it in Orcheo's Studio */
    CU_ASSERT_PTR_NOT_NULL(strstr(mock.last_body, "\"temperature\":0.3,"));
    CU_ASSERT_EQUAL(mock_count("POST /api/triggers/manual/dispatch"), 1);
    bench_close(&b);
}

static void the_token_is_a_reference_and_the_workspace_a_header(void)
{
    struct bench b;

    CU_ASSERT_TRUE(bench_inputs(&b));
    CU_ASSERT_EQUAL(bench_submit(&b, 1, 1), 0);
    CU_ASSERT_STRING_EQUAL(mock.last_token, "Bearer ${secret:orcheo}");
    CU_ASSERT_STRING_EQUAL(mock.last_workspace, "eval");
    CU_ASSERT_EQUAL(strncmp(mock.last_url, "http://orcheo.test:2025/api/", 28),
                    0);
    bench_close(&b);
}

static void a_hundred_go_in_one_dispatch_and_more_in_two(void)
{
    struct bench b;

    CU_ASSERT_TRUE(bench_inputs(&b));
    CU_ASSERT_EQUAL(bench_submit(&b, 0, 120), 0);
    CU_ASSERT_EQUAL(b.seen.n, 120);
    CU_ASSERT_EQUAL(mock_count("POST /api/triggers/manual/dispatch"), 2);
    bench_close(&b);
}

static void no_more_are_in_flight_than_orcheo_lists(void)
{
    struct bench b;

    CU_ASSERT_TRUE(bench_inputs(&b));
    CU_ASSERT_EQUAL(bench_submit(&b, 0, 120), 0);
    CU_ASSERT_EQUAL(bench_submit(&b, 200, 120), 0);
    CU_ASSERT_EQUAL(b.seen.n, 120);
    CU_ASSERT_EQUAL(b.seen.at[79].state, TT_RUNNING);
    CU_ASSERT_EQUAL(b.seen.at[80].state, TT_LATER);
    CU_ASSERT_EQUAL(json_object_array_length(mock.runs), 200);
    bench_close(&b);
}

static void a_short_answer_is_later_for_the_missing(void)
{
    struct bench b;
    unsigned i, later = 0;

    CU_ASSERT_TRUE(bench_inputs(&b));
    mock.quota = 3;
    CU_ASSERT_EQUAL(bench_submit(&b, 0, 5), 0);
    CU_ASSERT_EQUAL(b.seen.n, 5);
    for (i = 0; i < 5; i++)
        later += b.seen.at[i].state == TT_LATER && b.seen.at[i].after_ms > 0;
    CU_ASSERT_EQUAL(later, 2);
    /* nothing fits, but runs of ours are in flight: wait for them */
    for (i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(bench_submit(&b, 10, 1), 0);
        CU_ASSERT_EQUAL(b.seen.at[0].state, TT_LATER);
    }
    bench_close(&b);
}

static void two_empty_answers_with_none_in_flight_name_the_causes(void)
{
    struct bench b;

    CU_ASSERT_TRUE(bench_inputs(&b));
    mock.quota = 0;
    CU_ASSERT_EQUAL(bench_submit(&b, 0, 2), 0);
    CU_ASSERT_EQUAL(b.seen.at[0].state, TT_LATER);
    CU_ASSERT_EQUAL(bench_submit(&b, 0, 2), TT_EPRECONDITION);
    CU_ASSERT_PTR_NOT_NULL(strstr(b.e.message, "quota is in use"));
    CU_ASSERT_PTR_NOT_NULL(strstr(b.e.message, "orcheo:workspace:runs:"));
    CU_ASSERT_PTR_NOT_NULL(strstr(b.e.message, "ORCHEO_REDIS_URL"));
    bench_close(&b);
}

static void a_run_that_was_taken_ends_the_count_of_empty_answers(void)
{
    struct bench b;

    CU_ASSERT_TRUE(bench_inputs(&b));
    mock.quota = 0;
    CU_ASSERT_EQUAL(bench_submit(&b, 0, 1), 0);
    mock.quota = 1;
    CU_ASSERT_EQUAL(bench_submit(&b, 0, 1), 0);
    mock_succeed(mock_run_of("e0"), "candidate");
    CU_ASSERT_EQUAL(bench_collect(&b, 0, 1), 0);
    CU_ASSERT_EQUAL(bench_submit(&b, 1, 1), 0);
    CU_ASSERT_EQUAL(b.seen.at[0].state, TT_LATER);
    CU_ASSERT_EQUAL(bench_submit(&b, 1, 1), TT_EPRECONDITION);
    bench_close(&b);
}

static void a_rate_limit_is_later_and_stops_all_calls(void)
{
    struct bench b;
    unsigned before;

    CU_ASSERT_TRUE(bench_inputs(&b));
    CU_ASSERT_EQUAL(bench_submit(&b, 0, 1), 0);
    mock_answer("POST /api/triggers", 429, "0.46/error_429_rate");
    CU_ASSERT_EQUAL(bench_submit(&b, 1, 2), 0);
    CU_ASSERT_EQUAL(b.seen.n, 2);
    CU_ASSERT_EQUAL(b.seen.at[1].state, TT_LATER);
    CU_ASSERT_EQUAL(b.seen.at[1].after_ms, 60000);
    CU_ASSERT_PTR_NOT_NULL(strstr(b.seen.at[1].message,
                                  "ORCHEO_MULTI_WORKSPACE_RATE_LIMIT"));
    before = mock_count("\n");
    CU_ASSERT_EQUAL(bench_submit(&b, 3, 1), 0);
    CU_ASSERT_EQUAL(b.seen.at[0].state, TT_LATER);
    CU_ASSERT_EQUAL(bench_collect(&b, 0, 1), 0);
    CU_ASSERT_EQUAL(b.seen.n, 0);
    CU_ASSERT_TRUE(b.again_ms > 50000);
    CU_ASSERT_EQUAL(mock_count("\n"), before);
    bench_close(&b);
}

static void a_refused_connection_is_later_and_a_timeout_is_unsure(void)
{
    struct bench b;

    CU_ASSERT_TRUE(bench_inputs(&b));
    mock_transport("GET /openapi.json", TT_ETRANSIENT);
    CU_ASSERT_EQUAL(bench_submit(&b, 0, 1), 0);
    CU_ASSERT_EQUAL(b.seen.at[0].state, TT_LATER);
    mock_transport("POST /api/triggers", TT_ETRANSIENT);
    CU_ASSERT_EQUAL(bench_submit(&b, 0, 1), 0);
    CU_ASSERT_EQUAL(b.seen.at[0].state, TT_LATER);
    mock_transport("POST /api/triggers", TT_ETIMEOUT);
    CU_ASSERT_EQUAL(bench_submit(&b, 0, 1), TT_ETIMEOUT);
    bench_close(&b);
}

static void a_500_is_unsure_and_then_each_goes_alone(void)
{
    struct bench b;

    CU_ASSERT_TRUE(bench_inputs(&b));
    mock_answer("POST /api/triggers", 500, "0.46/error_500_nul");
    CU_ASSERT_EQUAL(bench_submit(&b, 0, 3), TT_ETIMEOUT);
    CU_ASSERT_EQUAL(bench_find(&b, "trimtab:r1:1"), 0);
    CU_ASSERT_EQUAL(b.seen.n, 0);
    /* e0 is what Orcheo chokes on: the others are not held up by it */
    mock_answer("POST /api/triggers", 500, "0.46/error_500_nul");
    CU_ASSERT_EQUAL(bench_submit(&b, 0, 3), TT_ETIMEOUT);
    mock_answer("POST /api/triggers", 500, "0.46/error_500_nul");
    CU_ASSERT_EQUAL(bench_submit(&b, 0, 3), 0);
    CU_ASSERT_EQUAL(b.seen.n, 3);
    CU_ASSERT_EQUAL(b.seen.at[0].state, TT_REFUSED);
    CU_ASSERT_EQUAL(b.seen.at[1].state, TT_RUNNING);
    CU_ASSERT_EQUAL(b.seen.at[2].state, TT_RUNNING);
    bench_close(&b);
}

static void values_that_orcheo_chokes_on_are_refused_alone(void)
{
    struct bench b;

    CU_ASSERT_TRUE(bench_inputs(&b));
    CU_ASSERT_EQUAL(bench_submit_as(&b, "l", 0, 1, " [[openai_key]]\n"), 0);
    CU_ASSERT_EQUAL(b.seen.at[0].state, TT_REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(b.seen.at[0].message, "vault"));
    CU_ASSERT_EQUAL(bench_submit_as(&b, "l", 0, 1, "half \xed\xa0\x80 pair"),
                    0);
    CU_ASSERT_EQUAL(b.seen.at[0].state, TT_REFUSED);
    CU_ASSERT_PTR_NOT_NULL(strstr(b.seen.at[0].message, "surrogate"));
    CU_ASSERT_EQUAL(bench_submit_as(&b, "l", 0, 1, "\xc0\x80"), 0);
    CU_ASSERT_EQUAL(b.seen.at[0].state, TT_REFUSED);
    CU_ASSERT_EQUAL(mock_count("POST"), 0);
    /* in the middle of a text it is only text */
    CU_ASSERT_EQUAL(bench_submit_as(&b, "l", 0, 1, "see [[1]] and {{x}}"), 0);
    CU_ASSERT_EQUAL(b.seen.at[0].state, TT_RUNNING);
    CU_ASSERT_PTR_NOT_NULL(strstr(mock.log, "{{...}}"));
    bench_close(&b);
}

static void a_nul_and_a_number_that_is_not_finite_are_poison(void)
{
    json_object *o = json_object_new_object();

    CU_ASSERT_PTR_NULL(js_poison(o));
    json_object_object_add(o, "x", json_object_new_double(1e308 * 10));
    CU_ASSERT_PTR_NOT_NULL(js_poison(o));
    json_object_object_add(o, "x", json_object_new_string_len("a\0b", 3));
    CU_ASSERT_PTR_NOT_NULL(js_poison(o));
    json_object_object_add(o, "x", json_object_new_string("\xf4\x90\x80\x80"));
    CU_ASSERT_PTR_NOT_NULL(js_poison(o));
    json_object_object_add(o, "x", json_object_new_string("\xf0\x9f\x98\x80"));
    CU_ASSERT_PTR_NULL(js_poison(o));
    json_object_put(o);
}

static void a_changed_echo_is_cancelled_and_not_counted(void)
{
    struct bench b;
    json_object *list, *run;

    CU_ASSERT_TRUE(bench_inputs(&b));
    CU_ASSERT_EQUAL(bench_submit(&b, 0, 1), 0);
    /* the same run again, but on another version */
    list = json_object_new_array();
    run = js_copy(mock_run_of("e0"));
    put_str(run, "workflow_version_id", "somebody else's");
    json_object_array_add(list, run);
    mock_answer("POST /api/triggers", 200, NULL);
    free(mock.canned[mock.n_canned - 1].body);
    mock.canned[mock.n_canned - 1].body =
        strdup(json_object_to_json_string(list));
    json_object_put(list);
    CU_ASSERT_EQUAL(bench_submit(&b, 0, 1), 0);
    CU_ASSERT_EQUAL(b.seen.at[0].state, TT_LOST);
    CU_ASSERT_EQUAL(mock_count("/cancel"), 1);
    bench_close(&b);
}

static void a_listener_or_the_production_version_stops_everything(void)
{
    struct bench b;
    json_object *listeners;

    mock_init();
    listeners = js_at(mock_version("workflows/evaluation.py", "{}"),
                      "graph.index.listeners");
    json_object_array_add(listeners, json_object_new_object());
    mock_version("workflows/evaluation.py", "{}");
    CU_ASSERT_TRUE(bench_open(&b, "{\"workflow\":\"demo-qa\",\"version\":1}"));
    CU_ASSERT_EQUAL(bench_submit(&b, 0, 1), TT_EPERM);
    CU_ASSERT_PTR_NOT_NULL(strstr(b.e.message, "listeners"));
    b.adapter->close(b.self);

    CU_ASSERT_TRUE(bench_open(
        &b, "{\"workflow\":\"demo-qa\",\"version\":2,"
            "\"production\":{\"workflow\":\"demo-qa\"}}"));
    CU_ASSERT_EQUAL(bench_submit(&b, 0, 1), TT_EPERM);
    CU_ASSERT_PTR_NOT_NULL(strstr(b.e.message, "production version"));
    CU_ASSERT_EQUAL(mock_count("POST"), 0);
    bench_close(&b);
}

static void a_wrong_token_is_said_and_not_retried(void)
{
    struct bench b;

    CU_ASSERT_TRUE(bench_inputs(&b));
    mock_answer("GET /api/workflows", 401, "error_401_invalid");
    CU_ASSERT_EQUAL(bench_submit(&b, 0, 1), TT_EAUTH);
    CU_ASSERT_PTR_NOT_NULL(strstr(b.e.message, "renew the secret"));
    bench_close(&b);
}

static void cases_go_as_the_target_says(void)
{
    struct bench b;
    json_object *inputs;
    struct tt_case c = { 0, TT_TRAIN, 0,
                         tt_str_of("{\"message\":\"q\",\"expected\":\"a\"}") };
    struct tt_evaluation ev = { .size = sizeof ev, .case_size = sizeof c,
                                .id = tt_str_of("x"), .cases = &c,
                                .n_cases = 1 };
    json_object *none = json_object_new_object(), *item;
    char why[300] = "";

    mock_init();
    mock_version("workflows/agent.py", "{}");
    CU_ASSERT_TRUE(bench_open(&b, "{\"workflow\":\"w\",\"case_as\":\"merge\","
                                  "\"inputs\":{\"tone\":\"dry\"}}"));
    item = item_build(b.self, &ev, none, why, sizeof why);
    inputs = js_get(item, "input_payload");
    CU_ASSERT_STRING_EQUAL(js_str(inputs, "message"), "q");
    CU_ASSERT_STRING_EQUAL(js_str(inputs, "tone"), "dry");
    CU_ASSERT_PTR_NULL(js_get(inputs, "cases"));
    json_object_put(item);
    ev.n_cases = 2;
    CU_ASSERT_PTR_NULL(item_build(b.self, &ev, none, why, sizeof why));
    CU_ASSERT_PTR_NOT_NULL(strstr(why, "cases_per_run"));
    ev.n_cases = 1;
    b.adapter->close(b.self);
    CU_ASSERT_TRUE(bench_open(&b, "{\"workflow\":\"w\",\"case_as\":\"object\","
                                  "\"cases_key\":\"item\"}"));
    item = item_build(b.self, &ev, none, why, sizeof why);
    CU_ASSERT_STRING_EQUAL(
        js_str(js_at(item, "input_payload.item"), "expected"), "a");
    json_object_put(item);
    json_object_put(none);
    bench_close(&b);
}

static void a_model_that_drops_temperature_is_warned_of(void)
{
    struct bench b;

    mock_init();
    mock_version("workflows/agent.py", "{\"configurable\":{\"answer\":"
                                       "{\"model\":\"openai:gpt-5-mini\"}}}");
    CU_ASSERT_TRUE(bench_open(&b, "{\"workflow\":\"w\"}"));
    CU_ASSERT_EQUAL(bench_submit(&b, 0, 2), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(mock.log, "drops temperature"));
    bench_close(&b);
}

/* --- a config per run ----------------------------------------------------- */

static void a_dropped_config_is_seen_in_the_echo(void)
{
    struct bench b;

    mock_init();
    mock_version("workflows/production.py", "{\"configurable\":{\"answer\":"
                 "{\"temperature\":1.0,\"system_prompt\":\"A.\"}}}");
    CU_ASSERT_TRUE(bench_open(&b, "{\"workflow\":\"w\"}"));
    CU_ASSERT_EQUAL(bench_submit(&b, 0, 4), TT_EUNSUPPORTED);
    CU_ASSERT_PTR_NOT_NULL(strstr(b.e.message, "evaluation.slots"));
    /* one run was spent to learn it, and it was cancelled */
    CU_ASSERT_EQUAL(json_object_array_length(mock.runs), 1);
    CU_ASSERT_STRING_EQUAL(js_str(mock_run(0), "status"), "cancelled");
    bench_close(&b);
}

static void an_honoured_config_is_used(void)
{
    struct bench b;

    mock_init();
    mock.honour_config = true;
    mock_version("workflows/production.py", "{\"configurable\":{\"answer\":"
                 "{\"temperature\":1.0,\"system_prompt\":\"A.\",\"k\":5}}}");
    CU_ASSERT_TRUE(bench_open(&b, "{\"workflow\":\"w\"}"));
    CU_ASSERT_EQUAL(bench_submit(&b, 0, 4), 0);
    CU_ASSERT_EQUAL(b.seen.n, 4);
    CU_ASSERT_EQUAL(b.seen.at[3].state, TT_RUNNING);
    CU_ASSERT_EQUAL(mock_count("POST /api/triggers"), 2); /* one to try */
    CU_ASSERT_EQUAL(js_int(js_at(mock_run_of("e3"),
                                 "runnable_config.configurable.answer"), "k",
                           0), 5);
    mock_end_as(mock_run_of("e3"), "0.46/run_succeeded");
    CU_ASSERT_EQUAL(bench_collect(&b, 3, 1), 0);
    CU_ASSERT_EQUAL(b.seen.at[0].state, TT_SUCCEEDED);
    CU_ASSERT_PTR_NOT_NULL(strstr(b.seen.at[0].evidence, "\"direct\""));
    bench_close(&b);
}

static void slots_hold_a_candidate_each_and_are_used_again(void)
{
    struct bench b;
    const char *config = "{\"configurable\":{\"answer\":{\"temperature\":1.0,"
                         "\"system_prompt\":\"A.\",\"k\":5}}}";

    mock_init();
    mock_version("workflows/production.py", config);
    mock_version("workflows/production.py", config);
    mock_version("workflows/production.py", "{\"configurable\":{\"answer\":"
                                            "{\"temperature\":9,\"k\":6}}}");
    CU_ASSERT_TRUE(bench_open(&b, "{\"workflow\":\"w\",\"version\":1,"
                                  "\"slots\":[2,3]}"));
    CU_ASSERT_EQUAL(bench_submit(&b, 0, 5), 0);
    CU_ASSERT_EQUAL(b.seen.n, 5);
    CU_ASSERT_EQUAL(b.seen.at[4].state, TT_RUNNING);
    CU_ASSERT_EQUAL(mock_count("PUT"), 5);
    CU_ASSERT_EQUAL(mock_count("POST /api/triggers"), 3);
    CU_ASSERT_EQUAL(mock_count("PUT /api/workflows/" MOCK_WORKFLOW
                               "/versions/1/"), 0);
    CU_ASSERT_DOUBLE_EQUAL(json_object_get_double(js_at(
        mock_run_of("e1"), "runnable_config.configurable.answer.temperature")),
        0.1, 0);
    /* from the evaluation version, not from what the slot held before */
    CU_ASSERT_EQUAL(js_int(js_at(mock_run_of("e1"),
                                 "runnable_config.configurable.answer"), "k",
                           0), 5);
    /* the same candidate again costs no PUT */
    CU_ASSERT_EQUAL(bench_submit(&b, 4, 1), 0);
    CU_ASSERT_EQUAL(mock_count("PUT"), 5);
    bench_close(&b);
}

static void a_slot_that_somebody_else_edits_is_stored_again(void)
{
    struct bench b;

    mock_init();
    mock_version("workflows/production.py", "{}");
    CU_ASSERT_TRUE(bench_open(&b, "{\"workflow\":\"w\",\"slots\":[1]}"));
    CU_ASSERT_EQUAL(bench_submit(&b, 0, 1), 0);
    js_set_at(json_object_array_get_idx(mock.versions, 0),
              "runnable_config.configurable.answer.temperature",
              json_object_new_double(1.9));
    CU_ASSERT_EQUAL(bench_submit(&b, 0, 1), 0);
    CU_ASSERT_EQUAL(b.seen.at[0].state, TT_LATER);
    CU_ASSERT_STRING_EQUAL(js_str(mock_run(0), "status"), "cancelled");
    CU_ASSERT_EQUAL(bench_submit(&b, 0, 1), 0);
    CU_ASSERT_EQUAL(b.seen.at[0].state, TT_RUNNING);
    bench_close(&b);
}

static void paths_say_where_a_parameter_stands(void)
{
    struct bench b;

    mock_init();
    mock_version("fixtures/deterministic_workflow.py", "{}");
    CU_ASSERT_TRUE(bench_open(
        &b, "{\"workflow\":\"w\",\"slots\":[1],\"paths\":"
            "{\"answer.system_prompt\":\"prompts.answer.text\"}}"));
    CU_ASSERT_EQUAL(bench_submit(&b, 3, 1), 0);
    CU_ASSERT_EQUAL(b.seen.at[0].state, TT_RUNNING);
    CU_ASSERT_STRING_EQUAL(
        js_str(js_at(mock_run(0), "runnable_config.prompts.answer"), "text"),
        "Be brief.");
    bench_close(&b);
}

static CU_TestInfo tests[] = {
    { "a candidate travels in the inputs", a_candidate_travels_in_the_inputs },
    { "the token is a reference, the workspace a header",
      the_token_is_a_reference_and_the_workspace_a_header },
    { "a hundred go in one dispatch, more in two",
      a_hundred_go_in_one_dispatch_and_more_in_two },
    { "no more are in flight than Orcheo lists",
      no_more_are_in_flight_than_orcheo_lists },
    { "a short answer is LATER for the missing",
      a_short_answer_is_later_for_the_missing },
    { "two empty answers with none in flight name the causes",
      two_empty_answers_with_none_in_flight_name_the_causes },
    { "a run that was taken ends the count of empty answers",
      a_run_that_was_taken_ends_the_count_of_empty_answers },
    { "a rate limit is LATER and stops all calls",
      a_rate_limit_is_later_and_stops_all_calls },
    { "a refused connection is LATER, a timeout is unsure",
      a_refused_connection_is_later_and_a_timeout_is_unsure },
    { "a 500 is unsure, and then each goes alone",
      a_500_is_unsure_and_then_each_goes_alone },
    { "values that Orcheo chokes on are refused alone",
      values_that_orcheo_chokes_on_are_refused_alone },
    { "a NUL and a number that is not finite are poison",
      a_nul_and_a_number_that_is_not_finite_are_poison },
    { "a changed echo is cancelled and not counted",
      a_changed_echo_is_cancelled_and_not_counted },
    { "a listener or the production version stops everything",
      a_listener_or_the_production_version_stops_everything },
    { "a wrong token is said and not retried",
      a_wrong_token_is_said_and_not_retried },
    { "cases go as the target says", cases_go_as_the_target_says },
    { "a model that drops temperature is warned of",
      a_model_that_drops_temperature_is_warned_of },
    { "a dropped config is seen in the echo",
      a_dropped_config_is_seen_in_the_echo },
    { "an honoured config is used", an_honoured_config_is_used },
    { "slots hold a candidate each and are used again",
      slots_hold_a_candidate_each_and_are_used_again },
    { "a slot that somebody else edits is stored again",
      a_slot_that_somebody_else_edits_is_stored_again },
    { "paths say where a parameter stands",
      paths_say_where_a_parameter_stands },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("orcheo", tests);
}
