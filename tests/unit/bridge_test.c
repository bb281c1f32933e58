/* SPDX-License-Identifier: MIT
 *
 * bridge_test.c - what Orcheo really answered (tests/orcheo/fixtures), every
 * evaluation node of its contract, and all that must not become a score. */
#include "core/engine/bridge.h"

#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "tests/unit/json_of.h"
#include "tests/unit/tap.h"

#define NOTHING ((double)NAN) /* clang: it is a float */

static const uint64_t ids[8] = { 0, 1, 2, 3, 4, 5, 6, 7 };

/* --- helpers -------------------------------------------------------------- */

/* The recorded body of an answer; the caller puts it. */
static json_object *fixture(const char *name)
{
    char path[512];
    struct err e = { 0 };
    json_object *file, *body;

    snprintf(path, sizeof path, "%s/tests/orcheo/fixtures/%s",
             getenv("TT_TOP_SRCDIR"), name);
    file = json_parse_file(path, &json_limits_document, &e);
    if (file == NULL) {
        printf("Bail out! %s: %s\n", path, e.text);
        exit(1);
    }
    if (json_object_is_type(file, json_type_array))
        return file; /* a transcript */
    body = json_object_get(json_child(file, "body"));
    json_object_put(file);
    return body;
}

/* The outputs of a recorded run, as the adapter hands them over. */
static json_object *outputs_of(const char *name)
{
    json_object *run = fixture(name);
    json_object *state = json_object_get(
        json_child(json_child(run, "output_payload"), "final_state"));

    json_object_put(run);
    return state;
}

/* {"node_results":{"node": what the node answered}}. */
static json_object *node_outputs(const char *name, const char *node)
{
    json_object *answer = fixture(name);
    json_object *results = json_object_new_object();
    json_object *outputs = json_object_new_object();

    json_set(results, node, json_object_get(json_child(answer, "result")));
    json_set(outputs, "node_results", results);
    json_object_put(answer);
    return outputs;
}

/* Read a metric of `outputs` (consumed) over n cases. */
static int read_metric(json_object *outputs, const char *metric, size_t n,
                       struct observation *o, struct err *e)
{
    struct bridge_spec spec = { .objective = metric };
    int rc = bridge_read(outputs, &spec, ids, n, o, e);

    if (rc < 0 && e != NULL && e->code != rc)
        printf("# code %d, e.code %d\n", rc, e->code);
    json_object_put(outputs);
    return rc;
}

/* Does it give this value, and (n of them) these values per case? */
static int gives(json_object *outputs, const char *metric, double value,
                 size_t n, const double *cases)
{
    struct observation o;
    struct err e = { 0 };
    int good = read_metric(outputs, metric, n, &o, &e) == 0;
    size_t i;

    if (!good) {
        printf("# %s\n", e.text);
        return 0;
    }
    good = fabs(o.objective - value) < 1e-9 && o.n_cases == n;
    for (i = 0; i < n && good; i++) {
        if (isnan(cases[i]))
            good = o.cases[i].status == TT_CASE_MISSING &&
                   isnan(o.cases[i].objective);
        else
            good = o.cases[i].status == TT_CASE_OK &&
                   fabs(o.cases[i].objective - cases[i]) < 1e-9;
        good = good && o.cases[i].id == ids[i];
    }
    if (!good)
        printf("# %s = %g over %zu cases\n", metric, o.objective, o.n_cases);
    observation_fini(&o);
    return good;
}

static int refuses(json_object *outputs, const char *metric, size_t n,
                   const char *says)
{
    struct observation o;
    struct err e = { 0 };

    CU_ASSERT_EQUAL(read_metric(outputs, metric, n, &o, &e), TT_EPROTOCOL);
    CU_ASSERT_PTR_NULL(o.cases);
    CU_ASSERT_PTR_NULL(o.metrics);
    return err_says(&e, TT_EPROTOCOL, says);
}

#define CASES(...) ((const double[]){ __VA_ARGS__ })

/* --- recorded runs -------------------------------------------------------- */

static void recorded_runs_are_read(void)
{
    const double third = 2.0 / 3.0;

    CU_ASSERT(gives(outputs_of("0.46/run_succeeded.json"), "score.token_f1",
                    1.0, 2, CASES(1, 1)));
    CU_ASSERT(gives(outputs_of("0.46/run_succeeded_inputs.json"), "token_f1",
                    third, 2, CASES(third, third)));
    CU_ASSERT(gives(outputs_of("0.46/run_succeeded_pull.json"), "score", third,
                    2, CASES(third, third)));
    CU_ASSERT(gives(outputs_of("0.46/run_succeeded_agent.json"), "score", 1.0,
                    1, CASES(1)));
    CU_ASSERT(gives(outputs_of("0.33/run_succeeded.json"), "score.token_f1",
                    1.0, 2, CASES(1, 1)));
}

static void recorded_histories_are_folded(void)
{
    CU_ASSERT(gives(fixture("0.46/history_completed.json"), "token_f1", 1.0, 2,
                    CASES(1, 1)));
    CU_ASSERT(gives(fixture("0.33/history_completed.json"), "score", 1.0, 2,
                    CASES(1, 1)));
    CU_ASSERT(gives(fixture("0.46/history_completed_agent.json"),
                    "score.token_f1", 1.0, 1, CASES(1)));
    /* a cancelled run goes on to its end: what it measured is there */
    CU_ASSERT(gives(fixture("0.46/history_after_cancel.json"), "score", 0.5, 2,
                    CASES(0.5, 0.5)));
    CU_ASSERT(gives(fixture("0.33/history_after_cancel.json"), "score", 1.0, 2,
                    CASES(1, 1)));
}

/* The frames of a WebSocket run are the payloads of a history's steps. */
static json_object *transcript(const char *name)
{
    json_object *frames = fixture(name), *steps = json_object_new_array();
    json_object *outputs = json_object_new_object();
    size_t i, n = json_object_array_length(frames);

    for (i = 0; i < n; i++) {
        json_object *frame = json_object_array_get_idx(frames, i);
        json_object *message = json_child(frame, "msg");
        json_object *step = json_object_new_object();

        json_set(step, "payload",
                 json_object_get(message != NULL ? message : frame));
        json_object_array_add(steps, step);
    }
    json_set(outputs, "steps", steps);
    json_object_put(frames);
    return outputs;
}

static void recorded_frames_are_folded(void)
{
    CU_ASSERT(gives(transcript("0.46/websocket_run_transcript.json"),
                    "score.token_f1", 1.0, 1, CASES(1)));
    CU_ASSERT(gives(transcript("0.33/websocket_run_transcript.json"),
                    "score.token_f1", 1.0, 1, CASES(1)));
}

static void histories_without_a_score_are_not_measured(void)
{
    static const char *const names[] = {
        "0.46/history_nan.json",     "0.46/history_running.json",
        "0.46/history_error.json",   "0.33/history_running.json",
        "0.33/history_error.json",
    };
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(names); i++) {
        struct observation o;
        struct err e = { 0 };
        int rc = read_metric(fixture(names[i]), "score", 2, &o, &e);

        if (rc == 0)
            printf("# %s gave %g\n", names[i], o.objective);
        CU_ASSERT_EQUAL(rc, TT_EPROTOCOL);
        observation_fini(&o);
    }
}

static void an_interrupted_run_has_succeeded_but_is_no_score(void)
{
    CU_ASSERT(refuses(outputs_of("0.46/run_succeeded_interrupted.json"),
                      "score", 1, "a person's input"));
    /* a failed run has no output at all */
    CU_ASSERT(refuses(outputs_of("0.46/run_nan.json"), "score", 1,
                      "no node results"));
}

static void parallel_metrics_keep_their_scales(void)
{
    struct observation o;
    struct err e = { 0 };

    CU_ASSERT_EQUAL(read_metric(outputs_of("0.46/run_succeeded_parallel_"
                                           "metrics.json"),
                                "bleu", 1, &o, &e),
                    0);
    CU_ASSERT(json_is(o.metrics,
                      "{'f1.token_f1':0.6666666666666666,'bleu.sacrebleu':0,"
                      "'rouge.rouge1_fmeasure':0.6666666666666666,"
                      "'safe.compliant':1}")); /* the export repeats them */
    CU_ASSERT(o.objective == 0.0);
    CU_ASSERT_DOUBLE_EQUAL(o.cases[0].objective, 36.78794411714425, 1e-12);
    observation_fini(&o);
}

/* --- every node of the table ---------------------------------------------- */

static void nodes_with_a_corpus_score(void)
{
    CU_ASSERT(gives(node_outputs("0.46/node_execute_rouge.json", "r"),
                    "r.rouge1_fmeasure", 0.7, 2, CASES(0.8, 0.6)));
    CU_ASSERT(gives(node_outputs("0.46/node_execute_token_f1.json", "f"),
                    "token_f1", 0.7, 2, CASES(0.8, 0.6)));
    CU_ASSERT(gives(node_outputs("0.46/node_execute_bleu.json", "b"),
                    "sacrebleu", 43.859863700472204, 2,
                    CASES(60.653065971263366, 36.06452879987789)));
    CU_ASSERT(gives(json_of("{'node_results':{'s':{'metric_name':"
                            "'semantic_similarity','corpus_score':-0.25,"
                            "'per_item':[-0.5,0]}}}"),
                    "semantic_similarity", -0.25, 2, CASES(-0.5, 0)));
}

static void nodes_that_answer_by_id(void)
{
    const char *const names[] = { "q7", "q1" };
    struct bridge_spec spec = { .objective = "mrr", .case_names = names };
    json_object *two = json_of(
        "{'node_results':{'r':{'metrics':{'mrr':0.75,'map':0.5},'per_query':{"
        "'q1':{'mrr':1,'map':0.5},'q7':{'mrr':0.5,'map':null}}}}}");
    struct observation o;

    CU_ASSERT(gives(node_outputs("0.46/node_execute_retrieval.json", "r"),
                    "ndcg", 1.0, 1, CASES(1)));
    CU_ASSERT(gives(node_outputs("0.46/node_execute_answer_quality.json", "a"),
                    "a.faithfulness", 1.0, 1, CASES(1)));
    CU_ASSERT_EQUAL(bridge_read(two, &spec, ids, 2, &o, NULL), 0);
    CU_ASSERT(o.objective == 0.75);
    CU_ASSERT(o.cases[0].objective == 0.5 && o.cases[1].objective == 1.0);
    observation_fini(&o);
    spec.objective = "r.map";
    CU_ASSERT_EQUAL(bridge_read(two, &spec, ids, 2, &o, NULL), 0);
    CU_ASSERT_EQUAL(o.cases[0].status, TT_CASE_MISSING);
    CU_ASSERT(o.cases[1].objective == 0.5);
    observation_fini(&o);
    json_object_put(two);
    /* without names, by the number of the case */
    CU_ASSERT(gives(json_of("{'node_results':{'r':{'metrics':{'mrr':0.5},"
                            "'per_query':{'1':{'mrr':1},'0':{'mrr':0}}}}}"),
                    "mrr", 0.5, 2, CASES(0, 1)));
    CU_ASSERT(refuses(json_of("{'node_results':{'r':{'metrics':{'mrr':0.5},"
                              "'per_query':{'x':{'mrr':1},'y':{'mrr':0}}}}}"),
                      "mrr", 2, "names none of the cases"));
}

static void a_judge_gives_scores_and_reasons(void)
{
    const char *const names[] = { "a", "b" };
    struct bridge_spec spec = { .objective = "judge_score",
                                .case_names = names };
    json_object *j = json_of(
        "{'node_results':{'judge':{'approved_ratio':0.5,'verdicts':["
        "{'id':'b','score':0.2,'approved':false,'flags':['rude','long']},"
        "{'id':'a','score':0.8,'approved':true,'flags':[]}]}}}");
    struct observation o;

    CU_ASSERT(gives(node_outputs("0.46/node_execute_llm_judge.json", "j"),
                    "approved_ratio", 1.0, 1, CASES(1)));
    CU_ASSERT_EQUAL(bridge_read(j, &spec, ids, 2, &o, NULL), 0);
    CU_ASSERT_DOUBLE_EQUAL(o.objective, 0.5, 1e-12);
    CU_ASSERT(o.cases[0].objective == 0.8 && o.cases[1].objective == 0.2);
    CU_ASSERT_PTR_NULL(o.cases[0].feedback);
    CU_ASSERT_STRING_EQUAL(o.cases[1].feedback, "judge: rude, long");
    observation_fini(&o);
    spec.objective = "judge.approved_ratio";
    CU_ASSERT_EQUAL(bridge_read(j, &spec, ids, 2, &o, NULL), 0);
    CU_ASSERT(o.cases[0].objective == 1.0 && o.cases[1].objective == 0.0);
    observation_fini(&o);
    json_object_put(j);
    /* ids that nobody knows, one verdict per case: in order */
    CU_ASSERT(gives(json_of("{'node_results':{'j':{'verdicts':["
                            "{'id':'x','score':0.1},{'id':'y','score':0.3}]}}"
                            "}"),
                    "j", 0.2, 2, CASES(0.1, 0.3)));
    CU_ASSERT(refuses(json_of("{'node_results':{'j':{'verdicts':["
                              "{'id':'x','score':0.1},{'id':'y','score':0.3}]}"
                              "}}"),
                      "j", 3, "verdicts are 2 for the 3 cases"));
    CU_ASSERT(refuses(json_of("{'node_results':{'j':{'approved_ratio':0,"
                              "'verdicts':[]}}}"),
                      "approved_ratio", 1, "no case was judged"));
}

static void flags_are_guardrails_with_reasons(void)
{
    const char *const rails[] = { "safe.compliant", "rollout_allowed" };
    struct bridge_spec spec = { .objective = "f1", .guardrails = rails,
                                .n_guardrails = 2 };
    json_object *all = node_outputs("0.46/node_execute_policy.json", "safe");
    json_object *results = json_child(all, "node_results");
    json_object *ab = fixture("0.46/node_execute_ab.json");
    struct observation o;

    json_set(results, "ab", json_object_get(json_child(ab, "result")));
    json_set(results, "why", json_of("{'categories':['low_recall',{'n':2}]}"));
    json_set(results, "f1",
             json_of("{'metric_name':'token_f1','corpus_score':0.5,"
                     "'per_item':[0.4,0.6]}"));
    CU_ASSERT_EQUAL(bridge_read(all, &spec, ids, 2, &o, NULL), 0);
    CU_ASSERT(o.guardrails[0] == 0.0 && o.guardrails[1] == 1.0);
    CU_ASSERT_STRING_EQUAL(o.cases[1].feedback,
                           "safe: blocked_term:ssn, pii:ssn_pattern; "
                           "why: low_recall, {\"n\":2}");
    observation_fini(&o);
    json_object_put(ab);
    json_object_put(all);
}

static void exports_count_only_where_they_are_news(void)
{
    json_object *both = json_of(
        "{'node_results':{'out':{'report':{'metrics':{'token_f1':0.9,"
        "'csat':0.8},'per_conversation':{'0':{'csat':0.7},'1':{'csat':0.9}}}},"
        "'f1':{'metric_name':'token_f1','corpus_score':0.5,'per_item':[0.5,"
        "0.5]},'fb':{'export':{'metrics':{'helpful':0.4},"
        "'average_rating':4.5}}}}");

    CU_ASSERT(gives(json_object_get(both), "token_f1", 0.5, 2,
                    CASES(0.5, 0.5)));
    CU_ASSERT(gives(json_object_get(both), "csat", 0.8, 2, CASES(0.7, 0.9)));
    CU_ASSERT(gives(json_object_get(both), "fb.helpful", 0.4, 2,
                    CASES(NOTHING, NOTHING)));
    CU_ASSERT(gives(json_object_get(both), "average_rating", 4.5, 2,
                    CASES(NOTHING, NOTHING)));
    CU_ASSERT(refuses(both, "out.token_f1", 2, "missing"));
}

/* --- pointers ------------------------------------------------------------- */

static void pointers_reach_what_no_rule_knows(void)
{
    struct bridge_spec spec = { .objective = "quality" };
    static const struct {
        const char *pointer;
        double value, first, second;
    } tries[] = {
        { "/node_results/my~1node/a.b/1", 0.25, NOTHING, NOTHING },
        { "/results/judge/value", 0.5, NOTHING, NOTHING },
        { "node_results.judge.value", 0.5, NOTHING, NOTHING },
        { "results.judge.value", 0.5, NOTHING, NOTHING },
        { "judge.value", 0.5, NOTHING, NOTHING },
        { "judge.ok", 1.0, NOTHING, NOTHING },
        { "/extra/total", 7.0, NOTHING, NOTHING },
        { "extra.total", 7.0, NOTHING, NOTHING },
        { "judge.each", 0.6, 0.4, 0.8 }, /* a list: one value per case */
        { "node_results.score.corpus_score", 0.9, 0.8, 1.0 },
        { "/node_results/score", 0.9, 0.8, 1.0 }, /* a whole metric node */
    };
    json_object *outputs = json_of(
        "{'node_results':{'my/node':{'a.b':[0.75,0.25]},"
        "'judge':{'value':0.5,'ok':true,'each':[0.4,0.8],'text':'x'},"
        "'score':{'metric_name':'token_f1','corpus_score':0.9,"
        "'per_item':[0.8,1]}},'extra':{'total':7}}");
    struct observation o;
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(tries); i++) {
        struct err e = { 0 };

        spec.pointers = json_object_new_object();
        json_set_str(spec.pointers, "quality", tries[i].pointer);
        if (bridge_read(outputs, &spec, ids, 2, &o, &e) < 0) {
            printf("# %s\n", e.text);
            CU_FAIL("a pointer was not read");
        } else {
            CU_ASSERT_DOUBLE_EQUAL(o.objective, tries[i].value, 1e-12);
            CU_ASSERT_EQUAL(isnan(o.cases[0].objective),
                            isnan(tries[i].first));
            if (!isnan(tries[i].first))
                CU_ASSERT(o.cases[0].objective == tries[i].first &&
                          o.cases[1].objective == tries[i].second);
            CU_ASSERT_DOUBLE_EQUAL(json_num(o.metrics, "quality", -1),
                                   tries[i].value, 1e-12);
        }
        observation_fini(&o);
        json_object_put(spec.pointers);
    }
    json_object_put(outputs);
}

static void an_objective_may_be_a_pointer_itself(void)
{
    const char *r = "{'results':{'score':{'metric_name':'m','corpus_score':0.4,"
                    "'per_item':[0.4]}}}";

    CU_ASSERT(gives(json_of(r), "results.score.corpus_score", 0.4, 1,
                    CASES(0.4)));
    CU_ASSERT(gives(json_of(r), "node_results.score.corpus_score", 0.4, 1,
                    CASES(0.4)));
    CU_ASSERT(gives(json_of(r), "/node_results/score/corpus_score", 0.4, 1,
                    CASES(0.4)));
}

static void a_pointer_to_nothing_is_no_score(void)
{
    static const struct {
        const char *pointer, *says;
    } bad[] = {
        { "/node_results/judge/valeu", "nothing stands at" },
        { "/node_results/judge/list/7", "nothing stands at" },
        { "node_results.judge.text", "string, not a number" },
        { "node_results.judge", "object, not a number" },
        { "node_results.judge.none", "null, not a number" },
        { "node_results.judge.list", "2 values for the 3 cases" },
        { "node_results.judge.empty", "empty" },
        { "node_results.judge.nulls", "no finite number" },
    };
    struct bridge_spec spec = { .objective = "q" };
    json_object *outputs = json_of(
        "{'node_results':{'judge':{'value':1,'text':'0.5','none':null,"
        "'list':[1,2],'empty':[],'nulls':[null,null,null]}}}");
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(bad); i++) {
        struct observation o;
        struct err e = { 0 };

        spec.pointers = json_object_new_object();
        json_set_str(spec.pointers, "q", bad[i].pointer);
        CU_ASSERT_EQUAL(bridge_read(outputs, &spec, ids, 3, &o, &e),
                        TT_EPROTOCOL);
        CU_ASSERT(err_says(&e, TT_EPROTOCOL, bad[i].says));
        json_object_put(spec.pointers);
    }
    json_object_put(outputs);
}

/* --- what must never become a score --------------------------------------- */

static void a_missing_metric_lists_what_was_found(void)
{
    json_object *o = outputs_of("0.46/run_succeeded_parallel_metrics.json");
    struct observation out;
    struct err e = { 0 };

    CU_ASSERT_EQUAL(read_metric(o, "score.token_f1", 1, &out, &e),
                    TT_EPROTOCOL);
    CU_ASSERT(err_says(&e, TT_EPROTOCOL, "\"score.token_f1\" is missing"));
    CU_ASSERT(err_says(&e, TT_EPROTOCOL, "f1.token_f1"));
    CU_ASSERT(err_says(&e, TT_EPROTOCOL, "bleu.sacrebleu"));
    CU_ASSERT(err_says(&e, TT_EPROTOCOL, "safe.compliant"));
    CU_ASSERT(refuses(json_of("{'node_results':{'n':{'text':'x'}}}"), "score",
                      1, "no node gave a metric"));
    CU_ASSERT(refuses(json_of("{}"), "score", 1, "no node results"));
    CU_ASSERT(refuses(node_outputs("0.46/node_execute_error.json", "score"),
                      "score", 1, "no node gave a metric"));
}

static void an_ambiguous_name_is_not_guessed(void)
{
    const char *r = "{'node_results':{'a':{'metric_name':'f1','corpus_score':"
                    "0.1},'b':{'metric_name':'f1','corpus_score':0.2},"
                    "'c':{'metrics':{'x':1,'y':2}}}}";

    CU_ASSERT(refuses(json_of(r), "f1", 1, "could be any of a.f1, b.f1"));
    CU_ASSERT(refuses(json_of(r), "c", 1, "could be any of c.x, c.y"));
    CU_ASSERT(gives(json_of(r), "b", 0.2, 1, CASES(0.2)));
    CU_ASSERT(gives(json_of(r), "c.y", 2, 1, CASES(2)));
}

static void what_was_not_measured_is_not_zero(void)
{
    static const struct {
        const char *output, *says;
    } bad[] = {
        { "{'metric_name':'m','corpus_score':0.0,'per_item':[]}",
          "per_item is empty" },
        { "{'metric_name':'m','corpus_score':null,'per_item':[1]}", "null" },
        { "{'metric_name':'m','corpus_score':'0.5','per_item':[1]}",
          "string, not a number" },
        { "{'metric_name':'m','corpus_score':0.5,'per_item':null}",
          "per_item is null" },
        { "{'metric_name':'m','corpus_score':0.5,'per_item':[null]}",
          "no finite number" },
        { "{'metric_name':'m','per_item':[1]}", "null" },
        { "{'metrics':{'m':null}}", "null" },
        { "{'metrics':{'m':0.0},'per_query':{}}", "per_query is empty" },
        { "{'metrics':{'m':0.0},'per_answer':{}}", "per_answer is empty" },
    };
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(bad); i++) {
        json_object *outputs = json_object_new_object();
        json_object *results = json_object_new_object();

        json_set(results, "n", json_of(bad[i].output));
        json_set(outputs, "node_results", results);
        CU_ASSERT(refuses(outputs, "n.m", 1, bad[i].says));
    }
}

static void numbers_that_are_not_finite_never_pass(void)
{
    json_object *outputs = json_of("{'node_results':{'n':{'metric_name':'m',"
                                   "'per_item':[1,2]}}}");
    json_object *node = json_child(json_child(outputs, "node_results"), "n");
    json_object *items = json_child(node, "per_item");
    struct observation o;

    json_object_object_add(node, "corpus_score",
                           json_object_new_double(NOTHING));
    CU_ASSERT(refuses(json_object_get(outputs), "m", 2, "not finite"));
    json_object_object_add(node, "corpus_score", json_object_new_double(1.5));
    json_object_array_put_idx(items, 1,
                              json_object_new_double(HUGE_VAL));
    CU_ASSERT_EQUAL(read_metric(outputs, "m", 2, &o, NULL), 0);
    CU_ASSERT_EQUAL(o.cases[1].status, TT_CASE_MISSING);
    CU_ASSERT_EQUAL(o.cases[0].status, TT_CASE_OK);
    observation_fini(&o);
}

static void lengths_must_agree(void)
{
    const char *r = "{'node_results':{'n':{'metric_name':'m','corpus_score':1,"
                    "'per_item':[1,1]},'other':{'metrics':{'x':3}}}}";

    CU_ASSERT(refuses(json_of(r), "m", 3,
                      "per_item has 2 values for the 3 cases"));
    CU_ASSERT(refuses(json_of(r), "m", 1,
                      "per_item has 2 values for the 1 cases"));
    /* somebody else's list is nobody's trouble */
    CU_ASSERT(gives(json_of(r), "x", 3, 3, CASES(NOTHING, NOTHING, NOTHING)));
}

static void guardrails_are_measured_or_nan_or_an_error(void)
{
    const char *const unmeasured[] = { "r.m" }, *const missing[] = { "safe" };
    const char *const lost[] = { "node_results.r.x" };
    struct bridge_spec spec = { .objective = "f", .n_guardrails = 1 };
    json_object *outputs = json_of(
        "{'node_results':{'f':{'metric_name':'f1','corpus_score':1},"
        "'r':{'metric_name':'m','corpus_score':0,'per_item':[]}}}");
    struct observation o;
    struct err e = { 0 };

    spec.guardrails = unmeasured;
    CU_ASSERT_EQUAL(bridge_read(outputs, &spec, ids, 1, &o, &e), 0);
    CU_ASSERT(isnan(o.guardrails[0]));
    CU_ASSERT_PTR_NULL(json_child(o.metrics, "r.m"));
    observation_fini(&o);
    spec.guardrails = missing;
    CU_ASSERT_EQUAL(bridge_read(outputs, &spec, ids, 1, &o, &e), TT_EPROTOCOL);
    CU_ASSERT(err_says(&e, TT_EPROTOCOL, "guardrail: the metric \"safe\""));
    spec.guardrails = lost;
    CU_ASSERT_EQUAL(bridge_read(outputs, &spec, ids, 1, &o, &e), TT_EPROTOCOL);
    CU_ASSERT(err_says(&e, TT_EPROTOCOL, "nothing stands at"));
    json_object_put(outputs);
}

/* --- the rest ------------------------------------------------------------- */

static void tokens_come_from_the_messages(void)
{
    struct observation o;

    CU_ASSERT_EQUAL(read_metric(outputs_of("0.46/run_succeeded_agent.json"),
                                "score", 1, &o, NULL),
                    0);
    CU_ASSERT_EQUAL(o.tokens_in, 11);
    CU_ASSERT_EQUAL(o.tokens_out, 3);
    observation_fini(&o);
    /* the history says it twice: in the sub-graph and in the node */
    CU_ASSERT_EQUAL(read_metric(fixture("0.46/history_completed_agent.json"),
                                "score", 1, &o, NULL),
                    0);
    CU_ASSERT_EQUAL(o.tokens_in, 11);
    CU_ASSERT_EQUAL(o.tokens_out, 3);
    observation_fini(&o);
    CU_ASSERT_EQUAL(
        read_metric(
            json_of("{'node_results':{'s':{'metric_name':'m','corpus_score':1"
                    "}},'messages':[{'id':'a','response_metadata':"
                    "{'token_usage':{'prompt_tokens':5,'completion_tokens':2}}"
                    "},{'id':'b','usage_metadata':{'input_tokens':7,"
                    "'output_tokens':1}},{'additional_kwargs':"
                    "{'usage_metadata':{'input_tokens':1,'output_tokens':1}}},"
                    "{'id':'a','usage_metadata':{'input_tokens':99}},"
                    "{'id':'c'},null]}"),
            "s", 1, &o, NULL),
        0);
    CU_ASSERT_EQUAL(o.tokens_in, 13);
    CU_ASSERT_EQUAL(o.tokens_out, 4);
    observation_fini(&o);
}

/* A workflow may answer anything, but not hold up the engine with it. */
static void a_flood_of_metrics_is_cut(void)
{
    json_object *outputs = json_object_new_object();
    json_object *results = json_object_new_object();
    json_object *node = json_object_new_object(), *export;
    json_object *metrics = json_object_new_object();
    struct observation o;
    char name[32];
    int i;

    for (i = 0; i < 50000; i++) {
        snprintf(name, sizeof name, "m%d", i);
        json_set_num(metrics, name, i);
    }
    json_set(node, "metrics", metrics);
    json_set(results, "n", node);
    export = json_object_new_object();
    json_set(export, "metrics", json_object_get(metrics));
    node = json_object_new_object();
    json_set(node, "report", export);
    json_set(results, "x", node);
    json_set(outputs, "node_results", results);
    CU_ASSERT_EQUAL(read_metric(outputs, "n.m7", 1, &o, NULL), 0);
    CU_ASSERT(o.objective == 7.0);
    CU_ASSERT_EQUAL(json_object_object_length(o.metrics), 4096);
    observation_fini(&o);
}

static void a_later_step_of_a_history_wins(void)
{
    CU_ASSERT(gives(
        json_of("{'steps':["
                "{'payload':{'s':{'node_results':{'s':{'metric_name':'m',"
                "'corpus_score':0.1}}}}},"
                "{'payload':{'x':{'node_results':{'s':{'metric_name':'m',"
                "'corpus_score':0.9}}},'__namespace':['sub:1']}},"
                "{'payload':{'s':{'node_results':{'s':{'metric_name':'m',"
                "'corpus_score':0.3}}}}},"
                "{'payload':{'status':'completed'}},{'payload':null}]}"),
        "m", 0.3, 1, CASES(0.3)));
}

static void values_are_aggregated(void)
{
    const double v[] = { 0.9, NOTHING, 0.1, 0.2 };

    CU_ASSERT_DOUBLE_EQUAL(bridge_aggregate("mean", v, 4), 0.4, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(bridge_aggregate("median", v, 4), 0.2, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(bridge_aggregate("median", v, 3), 0.5, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(bridge_aggregate("min", v, 4), 0.1, 1e-12);
    CU_ASSERT(isnan(bridge_aggregate("mean", v + 1, 1)));
    CU_ASSERT(isnan(bridge_aggregate("min", NULL, 0)));
}

static CU_TestInfo tests[] = {
    { "recorded runs are read", recorded_runs_are_read },
    { "recorded histories are folded", recorded_histories_are_folded },
    { "recorded frames are folded", recorded_frames_are_folded },
    { "histories without a score are not measured",
      histories_without_a_score_are_not_measured },
    { "an interrupted run has succeeded but is no score",
      an_interrupted_run_has_succeeded_but_is_no_score },
    { "parallel metrics keep their scales",
      parallel_metrics_keep_their_scales },
    { "nodes with a corpus score", nodes_with_a_corpus_score },
    { "nodes that answer by id", nodes_that_answer_by_id },
    { "a judge gives scores and reasons", a_judge_gives_scores_and_reasons },
    { "flags are guardrails with reasons", flags_are_guardrails_with_reasons },
    { "exports count only where they are news",
      exports_count_only_where_they_are_news },
    { "pointers reach what no rule knows", pointers_reach_what_no_rule_knows },
    { "an objective may be a pointer itself",
      an_objective_may_be_a_pointer_itself },
    { "a pointer to nothing is no score", a_pointer_to_nothing_is_no_score },
    { "a missing metric lists what was found",
      a_missing_metric_lists_what_was_found },
    { "an ambiguous name is not guessed", an_ambiguous_name_is_not_guessed },
    { "what was not measured is not zero", what_was_not_measured_is_not_zero },
    { "numbers that are not finite never pass",
      numbers_that_are_not_finite_never_pass },
    { "lengths must agree", lengths_must_agree },
    { "guardrails are measured, or NOTHING, or an error",
      guardrails_are_measured_or_nan_or_an_error },
    { "tokens come from the messages", tokens_come_from_the_messages },
    { "a flood of metrics is cut", a_flood_of_metrics_is_cut },
    { "a later step of a history wins", a_later_step_of_a_history_wins },
    { "values are aggregated", values_are_aggregated },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("bridge", tests);
}
