/* SPDX-License-Identifier: MIT
 *
 * engine_run_test.c - what a run does with what it meets: plugins at fault,
 * metrics that are missing, evaluations that are lost, limits, the gate. */
#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "tests/unit/json_of.h"
#include "tests/unit/run_sim.h"
#include "tests/unit/tap.h"

#define HOST(number) (TT_REF_HOST + (number))

static struct sim_options plain(void)
{
    struct sim_options o = { .strategy = sim_random_strategy(), .seed = 7,
                             .max_in_flight = 2, .iterations = 8,
                             .cases_per_run = 1, .n_train = 2,
                             .n_validation = 3, .n_holdout = 8,
                             .numeric = true };

    return o;
}

/* One parameter, x in [0, 1], so that a script knows where it is. */
#define ONE_PARAMETER                                                          \
    "{'nodes':{'answer':{'x':{'type':'float','min':0,'max':1,'default':0.1}}}"

static struct sim_options scripted(struct sim_script *script)
{
    struct sim_options o = plain();

    o.strategy = sim_script_strategy(script);
    o.problem = ONE_PARAMETER "}";
    o.max_in_flight = 1;
    return o;
}

static json_object *ended(struct sim *s, const struct sim_options *o)
{
    sim_init(s, o);
    CU_ASSERT(sim_run(s, 100000));
    CU_ASSERT(sim_check(s));
    if (s->violations > 0)
        printf("# %s\n", s->what);
    return sim_json(s, STORE_RUN, 0);
}

static bool says(json_object *o, const char *key, const char *what)
{
    const char *text = json_str(o, key);
    bool there = text != NULL && strstr(text, what) != NULL;

    if (!there)
        printf("# %s is \"%s\", wanted \"%s\"\n", key,
               text != NULL ? text : "absent", what);
    return there;
}

static size_t json_array_length_of(json_object *list)
{
    return json_object_is_type(list, json_type_array)
               ? json_object_array_length(list)
               : 0;
}

static bool event_says(const struct sim *s, const char *what)
{
    uint64_t i, n = sim_count(s, STORE_EVENT);
    bool found = false;

    for (i = 1; i <= n && !found; i++) {
        json_object *o = sim_json(s, STORE_EVENT, i);

        found = strstr(json_str(o, "text"), what) != NULL;
        json_object_put(o);
    }
    return found;
}

/* --- a good run ----------------------------------------------------------- */

static void a_run_ends_with_report_and_version(void)
{
    struct sim_options o = plain();
    json_object *run, *report, *version, *counts;
    struct sim s;

    run = ended(&s, &o);
    report = sim_json(&s, STORE_REPORT, 0);
    version = json_child(s.versions, "answer");
    counts = json_child(report, "counts");
    CU_ASSERT(says(run, "state", "completed"));
    CU_ASSERT(says(run, "stop_reason", "iterations"));
    CU_ASSERT_EQUAL(json_int(counts, "iterations", 0), 8);
    CU_ASSERT_EQUAL(json_array_length_of(json_child(report, "curve")), 8);
    CU_ASSERT(says(json_child(report, "gate"), "text", "better by"));
    CU_ASSERT(says(json_child(report, "gate"), "split", "holdout"));
    CU_ASSERT(json_num(json_child(report, "gate"), "lift", 0.0) > 0.0);
    CU_ASSERT(json_child(json_child(report, "winner"), "parameters") != NULL);
    CU_ASSERT(json_child(json_child(report, "diff"), "changes") != NULL);
    CU_ASSERT(json_array_length_of(json_child(json_child(report, "evidence"),
                                              "winner")) > 3);
    CU_ASSERT(json_child(version, "parameters") != NULL);
    CU_ASSERT(json_child(json_child(version, "metrics"), "score.score") !=
              NULL);
    CU_ASSERT(says(json_child(version, "metadata"), "run_id", "r-SIM"));
    CU_ASSERT(!s.promoted);
    CU_ASSERT(says(report, "reason", "promotion is manual"));
    json_object_put(run);
    json_object_put(report);
    sim_fini(&s);
}

static void auto_promotes_what_the_gate_lets_through(void)
{
    struct sim_options o = plain();
    struct sim s;

    o.problem = "{'promote':'auto'}";
    json_object_put(ended(&s, &o));
    CU_ASSERT(s.promoted);
    sim_fini(&s);
    o.n_holdout = 0; /* nothing to prove it with */
    json_object_put(ended(&s, &o));
    CU_ASSERT(!s.promoted);
    CU_ASSERT_PTR_NOT_NULL(s.versions);
    CU_ASSERT(event_says(&s, "without holdout cases"));
    sim_fini(&s);
}

static double flat(void *ctx, const struct tt_candidate *c, uint64_t id)
{
    (void)ctx;
    (void)c;
    return 0.25 + 0.1 * (double)id;
}

static void what_is_no_better_makes_no_version(void)
{
    struct sim_options o = plain();
    json_object *report;
    struct sim s;

    o.score = flat;
    json_object_put(ended(&s, &o));
    report = sim_json(&s, STORE_REPORT, 0);
    CU_ASSERT_PTR_NULL(s.versions);
    CU_ASSERT(says(report, "reason", "no candidate is better"));
    CU_ASSERT_EQUAL(s.n_outside, 8 * 3); /* no gate either */
    json_object_put(report);
    sim_fini(&s);
}

/* Scores on the holdout are the opposite of those on validation. */
static double two_faced(void *ctx, const struct tt_candidate *c, uint64_t id)
{
    struct sim *s = ctx;
    double x = tt_candidate_value(c, 0)->number;

    return run_state(s->run) == RUN_GATING ? -x + 0.01 * (double)id : x;
}

static void a_finalist_that_fails_on_the_holdout_is_dropped(void)
{
    struct sim_options o = plain();
    json_object *report;
    struct sim s;

    o.score = two_faced;
    o.ctx = &s;
    json_object_put(ended(&s, &o));
    report = sim_json(&s, STORE_REPORT, 0);
    CU_ASSERT_PTR_NULL(s.versions);
    CU_ASSERT(says(report, "reason", "not better than the baseline on the "
                                     "holdout"));
    json_object_put(report);
    sim_fini(&s);
}

static void three_finalists_may_meet(void)
{
    struct sim_options o = plain();
    json_object *report;
    struct sim s;

    o.extra = "{'finalists':3,'repeats':2}";
    json_object_put(ended(&s, &o));
    report = sim_json(&s, STORE_REPORT, 0);
    CU_ASSERT(json_array_length_of(json_child(json_child(report, "gate"),
                                              "finalists")) > 1);
    CU_ASSERT_EQUAL(json_int(json_child(report, "gate"), "repeats", 0), 2);
    json_object_put(report);
    sim_fini(&s);
}

static void a_minimized_metric_goes_down(void)
{
    struct sim_options o = plain();
    json_object *report, *gate;
    struct sim s;

    o.minimize = true;
    o.iterations = 40;
    json_object_put(ended(&s, &o));
    report = sim_json(&s, STORE_REPORT, 0);
    gate = json_child(report, "gate");
    CU_ASSERT(json_num(gate, "lift", 0.0) > 0.0);
    CU_ASSERT(json_num(gate, "finalist_mean", 0.0) <
              json_num(gate, "baseline_mean", 0.0));
    json_object_put(report);
    sim_fini(&s);
}

/* --- plugins at fault ----------------------------------------------------- */

static int say_nan(struct sim_script *s, const struct tt_ask *ask,
                   const struct tt_action_sink *sink, struct tt_error *e)
{
    (void)ask;
    (void)e;
    return sim_evaluate(sink, 1, s->n_params, (double)NAN);
}

static int say_far(struct sim_script *s, const struct tt_ask *ask,
                   const struct tt_action_sink *sink, struct tt_error *e)
{
    (void)ask;
    (void)e;
    return sim_evaluate(sink, 1, s->n_params, 7.0);
}

static int say_error(struct sim_script *s, const struct tt_ask *ask,
                     const struct tt_action_sink *sink, struct tt_error *e)
{
    (void)s;
    (void)ask;
    (void)sink;
    return tt_fail(e, TT_EINTERNAL, "my matrix is singular");
}

static void a_bad_candidate_is_the_plugins_fault(void)
{
    struct sim_script script = { .next = say_nan };
    struct sim_options o = scripted(&script);
    json_object *run;
    struct sim s;

    run = ended(&s, &o);
    CU_ASSERT(says(run, "state", "failed"));
    CU_ASSERT(says(run, "diagnostic", "strategy sim 1.0.0 (sha256 "
                                      "abcdef012345"));
    CU_ASSERT(says(run, "diagnostic", "candidate 2"));
    CU_ASSERT(says(run, "diagnostic", "not a finite number"));
    CU_ASSERT_EQUAL(sim_count(&s, STORE_CANDIDATE), 1);
    json_object_put(run);
    sim_fini(&s);
    script = (struct sim_script){ .next = say_far };
    run = ended(&s, &o);
    CU_ASSERT(says(run, "diagnostic", "out of range"));
    json_object_put(run);
    sim_fini(&s);
    script = (struct sim_script){ .next = say_error };
    run = ended(&s, &o);
    CU_ASSERT(says(run, "diagnostic", "my matrix is singular"));
    json_object_put(run);
    sim_fini(&s);
}

/* Two EVALUATEs where one was asked for. */
static int say_too_much(struct sim_script *s, const struct tt_ask *ask,
                        const struct tt_action_sink *sink, struct tt_error *e)
{
    struct tt_evaluate v = { .head = { sizeof v, TT_EVALUATE } };

    (void)ask;
    (void)e;
    v.ref = HOST(9); /* and of a host's candidate that is not there */
    v.predicted_mean = v.predicted_sd = v.acquisition = (double)NAN;
    (void)s;
    return sink->emit(sink, &v.head);
}

static void a_ref_that_was_never_given_is_refused(void)
{
    struct sim_script script = { .next = say_too_much };
    struct sim_options o = scripted(&script);
    json_object *run = NULL;
    struct sim s;

    run = ended(&s, &o);
    CU_ASSERT(says(run, "state", "failed"));
    CU_ASSERT(says(run, "diagnostic", "never enqueued"));
    json_object_put(run);
    sim_fini(&s);
}

/* --- cases ---------------------------------------------------------------- */

static int want_holdout(struct sim_script *s, const struct tt_ask *ask,
                        const struct tt_action_sink *sink, struct tt_error *e)
{
    struct tt_value value = { .number = 0.5 };
    struct tt_evaluate v = { .head = { sizeof v, TT_EVALUATE }, .ref = 1 };

    (void)e;
    if (s->asks > 1)
        return sim_emit(sink, s->told[TT_RESULT] > 0 ? TT_DONE : TT_WAIT);
    (void)ask;
    v.candidate.size = sizeof v.candidate;
    v.candidate.value_size = sizeof value;
    v.candidate.values = &value;
    v.candidate.n_values = 1;
    v.cases.mode = TT_CASES_SPLIT;
    v.cases.split = TT_HOLDOUT;
    v.predicted_mean = v.predicted_sd = v.acquisition = (double)NAN;
    return sink->emit(sink, &v.head);
}

static void the_holdout_is_refused(void)
{
    struct sim_script script = { .next = want_holdout };
    struct sim_options o = scripted(&script);
    size_t i;
    struct sim s;

    json_object_put(ended(&s, &o));
    CU_ASSERT_EQUAL(script.told[TT_FAILED], 1);
    CU_ASSERT(strstr(script.text, "holdout") != NULL);
    for (i = 0; i < s.n_outside; i++)
        CU_ASSERT_STRING_NOT_EQUAL(s.outside[i].id, "");
    CU_ASSERT_EQUAL(s.n_outside, 3); /* the baseline's, on validation */
    sim_fini(&s);
}

/* The same parameters again: under another ref. */
static int say_again(struct sim_script *s, const struct tt_ask *ask,
                     const struct tt_action_sink *sink, struct tt_error *e)
{
    (void)e;
    if (ask->max == 0)
        return 0;
    if (s->told[TT_RESULT] == 0)
        return sim_evaluate(sink, HOST(1), 1, 0.0);
    if (s->told[TT_RESULT] < 4)
        return sim_evaluate(sink, s->told[TT_RESULT], s->n_params, 0.5);
    return sim_emit(sink, TT_DONE);
}

static void what_is_known_is_not_evaluated_again(void)
{
    struct sim_script script = { .next = say_again };
    struct sim_options o = scripted(&script);
    json_object *run, *third;
    struct sim s;

    run = ended(&s, &o);
    third = sim_json(&s, STORE_CANDIDATE, 3);
    CU_ASSERT(says(run, "stop_reason", "exhausted"));
    CU_ASSERT_EQUAL(sim_count(&s, STORE_CANDIDATE), 4);
    CU_ASSERT_EQUAL(json_int(json_child(run, "progress"), "duplicates", 0), 2);
    CU_ASSERT_EQUAL(json_int(third, "duplicate_of", 0), 2);
    CU_ASSERT_EQUAL(s.n_outside, 2 * 3 + 2 * 8); /* two sets; the gate */
    CU_ASSERT_EQUAL(script.told[TT_RESULT], 4);
    json_object_put(third);
    json_object_put(run);
    sim_fini(&s);
}

static void one_case_at_a_time_is_partly_told(void)
{
    struct sim_script script = { .next = say_again };
    struct sim_options o = scripted(&script);
    struct sim s;

    json_object_put(ended(&s, &o));
    CU_ASSERT(script.told[TT_PARTIAL] > 0);
    CU_ASSERT_EQUAL(script.n_cases, 3);
    sim_fini(&s);
}

/* --- what the outside says ------------------------------------------------ */

static const char *no_metric(void *ctx, const struct tt_evaluation *v)
{
    (void)ctx;
    (void)v;
    return "{\"node_results\":{\"judge\":{\"metric_name\":\"rouge\","
           "\"corpus_score\":0.5,\"per_item\":[0.5]}}}";
}

static void a_missing_metric_of_the_baseline_ends_it_at_once(void)
{
    struct sim_options o = plain();
    json_object *run;
    struct sim s;

    o.outputs = no_metric;
    run = ended(&s, &o);
    CU_ASSERT(says(run, "state", "failed"));
    CU_ASSERT(says(run, "diagnostic", "adapter "));
    CU_ASSERT(says(run, "diagnostic", "): the baseline cannot be scored"));
    CU_ASSERT(says(run, "diagnostic", "judge.rouge"));
    CU_ASSERT(s.n_outside <= 4);
    json_object_put(run);
    sim_fini(&s);
}

static const char *late_metric(void *ctx, const struct tt_evaluation *v)
{
    double x = tt_candidate_value(&v->candidate, 0)->number;

    return x == 0.1 ? NULL : no_metric(ctx, v);
}

static int ask_once(struct sim_script *s, const struct tt_ask *ask,
                    const struct tt_action_sink *sink, struct tt_error *e)
{
    unsigned ends = s->told[TT_RESULT] + s->told[TT_FAILED];

    (void)e;
    if (ask->max == 0)
        return 0;
    if (ends == 0)
        return sim_evaluate(sink, HOST(1), 1, 0.0);
    if (ends == 1)
        return sim_evaluate(sink, 1, s->n_params, 0.5);
    return sim_emit(sink, TT_DONE);
}

static void a_missing_metric_later_fails_the_candidate(void)
{
    struct sim_script script = { .next = ask_once };
    struct sim_options o = scripted(&script);
    json_object *run, *second;
    struct sim s;

    o.outputs = late_metric;
    run = ended(&s, &o);
    second = sim_json(&s, STORE_CANDIDATE, 2);
    CU_ASSERT(says(run, "state", "completed"));
    CU_ASSERT(says(second, "state", "failed"));
    CU_ASSERT(json_child(second, "score") == NULL);
    CU_ASSERT_EQUAL(script.told[TT_FAILED], 1);
    CU_ASSERT(strstr(script.text, "is missing") != NULL);
    json_object_put(second);
    json_object_put(run);
    sim_fini(&s);
}

static void a_guardrail_that_is_not_measured_ends_it_too(void)
{
    struct sim_options o = plain();
    json_object *run;
    struct sim s;

    o.problem = "{'guardrails':[{'metric':'safe.compliant','min':1}]}";
    run = ended(&s, &o);
    CU_ASSERT(says(run, "diagnostic", "guardrail"));
    json_object_put(run);
    sim_fini(&s);
}

static void three_failures_in_front_are_enough(void)
{
    struct sim_options o = plain();
    json_object *run;
    struct sim s;

    o.error = 100;
    run = ended(&s, &o);
    CU_ASSERT(says(run, "state", "failed"));
    CU_ASSERT(says(run, "diagnostic", "candidate 1: so it went"));
    CU_ASSERT(sim_count(&s, STORE_CANDIDATE) <= 5);
    json_object_put(run);
    sim_fini(&s);
}

static void what_is_lost_goes_again_under_another_id(void)
{
    struct sim_options o = plain();
    unsigned again = 0;
    json_object *run;
    struct sim s;
    size_t i;

    o.lost = 20;
    run = ended(&s, &o);
    CU_ASSERT(says(run, "state", "completed"));
    for (i = 0; i < s.n_outside; i++)
        again += strchr(strchr(s.outside[i].id, '/'), '.') != NULL;
    CU_ASSERT(again > 0);
    CU_ASSERT(json_int(json_child(json_child(run, "progress"), "evaluations"),
                       "lost", 0) > 0);
    json_object_put(run);
    sim_fini(&s);
    o.lost = 100; /* then it is the infrastructure */
    run = ended(&s, &o);
    CU_ASSERT(says(run, "state", "failed"));
    CU_ASSERT(says(run, "diagnostic", "infrastructure lost evaluation"));
    json_object_put(run);
    sim_fini(&s);
}

static void back_pressure_only_costs_time(void)
{
    struct sim_options o = plain();
    json_object *run;
    struct sim s;

    o.later = 60;
    run = ended(&s, &o);
    CU_ASSERT(says(run, "state", "completed"));
    CU_ASSERT_EQUAL(json_int(json_child(run, "progress"), "failed", 0), 0);
    CU_ASSERT(s.now_ms >= 200);
    json_object_put(run);
    sim_fini(&s);
}

/* --- limits --------------------------------------------------------------- */

static void time_is_a_limit_and_is_told_before(void)
{
    struct sim_script script = { .next = say_again };
    struct sim_options o = scripted(&script);
    json_object *run;
    struct sim s;

    o.iterations = 0;
    o.seconds = 10;
    o.slow = 200; /* up to 4 s each, one after the other */
    run = ended(&s, &o);
    CU_ASSERT(says(run, "stop_reason", "time"));
    CU_ASSERT(script.told[TT_DEADLINE] <= 1);
    json_object_put(run);
    sim_fini(&s);
}

static void evaluations_and_targets_are_limits(void)
{
    struct sim_options o = plain();
    json_object *run;
    struct sim s;

    o.iterations = 0;
    o.extra = "{'limits':{'evaluations':9}}";
    run = ended(&s, &o);
    CU_ASSERT(says(run, "stop_reason", "evaluations"));
    CU_ASSERT_EQUAL(json_int(json_child(json_child(run, "progress"),
                                        "evaluations"), "done", 0), 9);
    json_object_put(run);
    sim_fini(&s);
    o.extra = "{'limits':{'target':-5.0,'iterations':50}}";
    run = ended(&s, &o);
    CU_ASSERT(says(run, "stop_reason", "target"));
    json_object_put(run);
    sim_fini(&s);
    o.score = flat;
    o.extra = "{'limits':{'iterations':50},'convergence':{'criterion':"
              "'no_improvement','patience':4}}";
    run = ended(&s, &o);
    CU_ASSERT(says(run, "stop_reason", "converged"));
    json_object_put(run);
    sim_fini(&s);
    o.extra = "{'limits':{'cost':0.01}}";
    run = ended(&s, &o);
    CU_ASSERT(says(run, "stop_reason", "cost"));
    json_object_put(run);
    sim_fini(&s);
}

/* --- people --------------------------------------------------------------- */

static void a_person_may_cancel(void)
{
    struct sim_options o = plain();
    struct run_event ev = { .kind = RUN_EV_CANCEL, .actor = "ann",
                            .text = "wrong dataset" };
    unsigned abandoned = 0;
    json_object *run;
    struct sim s;
    size_t i;

    o.slow = 50;
    sim_init(&s, &o);
    CU_ASSERT(!sim_run(&s, 12));
    CU_ASSERT(run_in_flight(s.run) > 0);
    sim_feed(&s, &ev);
    CU_ASSERT(s.finished);
    for (i = 0; i < s.n_outside; i++)
        abandoned += s.outside[i].abandoned;
    CU_ASSERT(abandoned > 0);
    run = sim_json(&s, STORE_RUN, 0);
    CU_ASSERT(says(run, "state", "cancelled"));
    CU_ASSERT(says(run, "status", "failed"));
    CU_ASSERT(says(run, "cancelled_by", "ann"));
    CU_ASSERT_PTR_NOT_NULL(sim_get(&s, STORE_REPORT, 0));
    CU_ASSERT(sim_check(&s));
    json_object_put(run);
    sim_fini(&s);
}

static void a_queued_run_may_be_cancelled_too(void)
{
    struct sim_options o = plain();
    struct run_event ev = { .kind = RUN_EV_CANCEL, .actor = "ann" };
    struct run_actions a;
    struct err e = { 0 };
    struct sim s;
    struct run *run;

    sim_init(&s, &o);
    run = run_create(s.document, s.dataset, &e);
    CU_ASSERT_PTR_NOT_NULL(run);
    run_step(run, &ev, &a);
    CU_ASSERT_EQUAL(run_state(run), RUN_CANCELLED);
    CU_ASSERT_PTR_NOT_NULL(a.finish);
    run_actions_fini(&a);
    run_step(run, &ev, &a); /* again: nothing */
    CU_ASSERT_PTR_NULL(a.finish);
    CU_ASSERT_EQUAL(a.n_records, 0);
    run_actions_fini(&a);
    run_destroy(run);
    sim_fini(&s);
}

static void a_person_may_put_a_candidate_in(void)
{
    struct sim_options o = plain();
    struct run_event ev = { .kind = RUN_EV_ENQUEUE, .actor = "ann" };
    json_object *mine;
    struct sim s;

    sim_init(&s, &o);
    CU_ASSERT(!sim_run(&s, 6));
    ev.parameters = json_of("{'answer':{'temperature':0.7,'top':0.7,"
                            "'style':'b'}}");
    sim_feed(&s, &ev);
    json_object_put(ev.parameters);
    CU_ASSERT(sim_run(&s, 100000));
    CU_ASSERT(sim_check(&s));
    CU_ASSERT(event_says(&s, "was put in by ann"));
    mine = sim_json(&s, STORE_CANDIDATE, 2);
    if (json_str(mine, "actor") == NULL) {
        json_object_put(mine);
        mine = sim_json(&s, STORE_CANDIDATE, 3);
    }
    CU_ASSERT(says(mine, "actor", "ann"));
    CU_ASSERT(says(mine, "state", "complete"));
    json_object_put(mine);
    sim_fini(&s);
}

/* --- a model -------------------------------------------------------------- */

static int ask_model(struct sim_script *s, const struct tt_ask *ask,
                     const struct tt_action_sink *sink, struct tt_error *e)
{
    struct tt_message m = { tt_str_of("user"), tt_str_of("Be brief?") };
    struct tt_llm l = { .head = { sizeof l, TT_LLM }, .request = 5,
                        .messages = &m, .n_messages = 1,
                        .temperature = (double)NAN };

    (void)ask;
    (void)e;
    if (s->told[TT_LLM_REPLY] > 0)
        return sim_emit(sink, s->told[TT_RESULT] > 0 ? TT_DONE : TT_WAIT);
    if (s->asks > 1)
        return 0;
    l.role = tt_str_of("reflection");
    l.purpose = tt_str_of("test");
    return sink->emit(sink, &l.head);
}

static void a_model_answers_and_is_paid(void)
{
    struct sim_script script = { .next = ask_model };
    struct sim_options o = scripted(&script);
    json_object *run;
    struct sim s;

    run = ended(&s, &o);
    CU_ASSERT_EQUAL(script.told[TT_LLM_REPLY], 1);
    CU_ASSERT(strstr(script.text, "Say it in") != NULL);
    CU_ASSERT(json_num(json_child(run, "progress"), "cost", 0.0) >= 0.01);
    json_object_put(run);
    sim_fini(&s);
}

/* --- inert parameters ----------------------------------------------------- */

static double only_top(void *ctx, const struct tt_candidate *c, uint64_t id)
{
    (void)ctx;
    return tt_candidate_value(c, 1)->number > 0.5 ? 0.5 : 0.1 * (double)id;
}

static void a_parameter_that_changes_nothing_is_named(void)
{
    struct sim_options o = plain();
    json_object *report;
    struct sim s;

    o.iterations = 14;
    o.score = only_top; /* parameters by name: temperature, top */
    o.problem = "{'nodes':{'answer':{'temperature':{'type':'float','min':0,"
                "'max':1,'default':0.2},'top':{'type':'bool',"
                "'default':false}}}}";
    json_object_put(ended(&s, &o));
    report = sim_json(&s, STORE_REPORT, 0);
    CU_ASSERT(json_is(json_child(report, "inert"), "['answer.temperature']"));
    json_object_put(report);
    sim_fini(&s);
}

/* --- records -------------------------------------------------------------- */

static void an_entry_of_the_log_comes_back(void)
{
    struct run_entry in = { 3, RUN_ENTRY_ANSWERED | RUN_ENTRY_FRESH,
                            tt_str_of("step"), { NULL, 0 } }, out;
    struct buf b = { 0 };
    struct tt_str bytes;
    struct err e = { 0 };

    run_entry_put(&b, &in);
    CU_ASSERT_EQUAL(run_entry_get(buf_str(&b), &out, &e), 0);
    CU_ASSERT_EQUAL(out.n, 3);
    CU_ASSERT_EQUAL(out.flags, in.flags);
    CU_ASSERT(tt_str_equal(out.step, in.step));
    CU_ASSERT_EQUAL(out.actions.n, 0);
    for (bytes = buf_str(&b); bytes.n-- > 0;) /* no shorter one does */
        CU_ASSERT_EQUAL(run_entry_get(bytes, &out, &e), TT_ECORRUPT);
    b.data[4] = 9; /* an unknown flag */
    CU_ASSERT_EQUAL(run_entry_get(buf_str(&b), &out, &e), TT_ECORRUPT);
    buf_fini(&b);
}

static void a_snapshot_comes_back(void)
{
    struct tt_snapshot snapshot;
    struct buf b = { 0 };
    struct err e = { 0 };
    uint64_t position;

    run_snapshot_put(&b, 65, 2, tt_str_of("state"));
    CU_ASSERT_EQUAL(run_snapshot_get(buf_str(&b), &position, &snapshot, &e), 0);
    CU_ASSERT_EQUAL(position, 65);
    CU_ASSERT_EQUAL(snapshot.schema, 2);
    CU_ASSERT_EQUAL(snapshot.n, 5);
    b.len--;
    CU_ASSERT_EQUAL(run_snapshot_get(buf_str(&b), &position, &snapshot, &e),
                    TT_ECORRUPT);
    buf_fini(&b);
}

/* Give the machine records that cannot be: it says which. */
static void damaged_records_are_named(void)
{
    struct sim_options o = plain();
    struct err e = { 0 };
    struct run *run;
    json_object *c;
    struct sim s;

    json_object_put(ended(&s, &o));
    run = run_create(s.document, s.dataset, &e);
    CU_ASSERT_PTR_NOT_NULL(run);
    c = sim_json(&s, STORE_CANDIDATE, 2);
    CU_ASSERT_EQUAL(run_load_candidate(run, c, &e), TT_ECORRUPT);
    CU_ASSERT(err_says(&e, TT_ECORRUPT, "candidate 2: not the next number"));
    json_set_int(c, "number", 1);
    json_set(c, "parameters", json_of("{'answer':{'temperature':'warm'}}"));
    CU_ASSERT_EQUAL(run_load_candidate(run, c, &e), TT_ECORRUPT);
    json_object_put(c);
    c = sim_json(&s, STORE_EVALUATION, 1);
    CU_ASSERT_EQUAL(run_load_evaluation(run, c, &e), TT_ECORRUPT);
    CU_ASSERT(err_says(&e, TT_ECORRUPT, "of no job"));
    json_object_put(c);
    CU_ASSERT_EQUAL(run_load_log(run, 1, tt_str_of("rubbish"), &e),
                    TT_ECORRUPT);
    run_destroy(run);
    json_set_str(s.document, "state", "dreaming");
    CU_ASSERT_PTR_NULL(run_create(s.document, s.dataset, &e));
    CU_ASSERT(err_says(&e, TT_ECORRUPT, "unknown state"));
    sim_fini(&s);
}

int main(void)
{
    CU_TestInfo tests[] = {
        { "an entry of the log comes back, whole or not at all",
          an_entry_of_the_log_comes_back },
        { "a snapshot comes back", a_snapshot_comes_back },
        { "damaged records are named", damaged_records_are_named },
        { "a run ends with a report, evidence and a version",
          a_run_ends_with_report_and_version },
        { "auto promotes what the gate lets through, and nothing else",
          auto_promotes_what_the_gate_lets_through },
        { "what is no better makes no version",
          what_is_no_better_makes_no_version },
        { "a finalist that fails on the holdout is dropped",
          a_finalist_that_fails_on_the_holdout_is_dropped },
        { "three finalists may meet, twice a case", three_finalists_may_meet },
        { "a minimized metric goes down", a_minimized_metric_goes_down },
        { "a bad candidate is the plugin's fault, by name",
          a_bad_candidate_is_the_plugins_fault },
        { "a ref that was never given is refused",
          a_ref_that_was_never_given_is_refused },
        { "the holdout is refused to a strategy", the_holdout_is_refused },
        { "what is known is not evaluated again",
          what_is_known_is_not_evaluated_again },
        { "one case at a time is partly told",
          one_case_at_a_time_is_partly_told },
        { "a missing metric of the baseline ends the run at once",
          a_missing_metric_of_the_baseline_ends_it_at_once },
        { "a missing metric later fails the candidate, and is no 0",
          a_missing_metric_later_fails_the_candidate },
        { "a guardrail that is not measured ends the run",
          a_guardrail_that_is_not_measured_ends_it_too },
        { "three failures in front are enough",
          three_failures_in_front_are_enough },
        { "what is lost goes again under another id",
          what_is_lost_goes_again_under_another_id },
        { "back-pressure only costs time", back_pressure_only_costs_time },
        { "time is a limit, and is told before",
          time_is_a_limit_and_is_told_before },
        { "evaluations, targets, cost and convergence are limits",
          evaluations_and_targets_are_limits },
        { "a person may cancel: what flies is given up", a_person_may_cancel },
        { "a queued run may be cancelled too",
          a_queued_run_may_be_cancelled_too },
        { "a person may put a candidate in", a_person_may_put_a_candidate_in },
        { "a model answers, and is paid", a_model_answers_and_is_paid },
        { "a parameter that changes nothing is named",
          a_parameter_that_changes_nothing_is_named },
        CU_TEST_INFO_NULL,
    };

    return tap_run("run", tests);
}
