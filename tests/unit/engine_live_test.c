/* SPDX-License-Identifier: MIT
 *
 * engine_live_test.c - the whole engine: runs on real workers, through crashes
 * of strategies, adapters and of the engine itself. */
#include "core/engine/run.h"
#include "tests/unit/engine_rig.h"

static bool completed(struct rig *r)
{
    json_object *shown = rig_wait(r, rig_has_ended);

    return shown != NULL && rig_says(shown, "state", "completed");
}

/* How many steps a run takes depends on how many results arrive in one turn;
 * that there are several is what makes the comparison mean something. */
static bool identical(struct rig *r, int64_t least)
{
    bool same;

    if (rig_of_run(r, engine_run_replay, NULL) != 0) {
        printf("# replay: %s\n", r->err.text);
        return false;
    }
    same = json_object_get_boolean(json_child(r->answer.body, "identical"));
    if (!same)
        printf("# %s\n", json_object_to_json_string(r->answer.body));
    return same && json_int(r->answer.body, "steps", 0) >= least;
}

/* --- a good day ----------------------------------------------------------- */

struct seen {
    unsigned n;
    uint64_t version;
    char body[4000];
};

static void see(void *ctx, const struct engine_active *active)
{
    struct seen *s = ctx;

    s->n++;
    s->version = active->version;
    snprintf(s->body, sizeof s->body, "%s", active->body);
}

static void look_at_lists(struct rig *r)
{
    struct engine_request all = { .run = NULL };
    struct engine_request one = { .run = r->run, .number = 1 };
    json_object *items;

    CU_ASSERT_EQUAL(rig_call(r, engine_runs_list, &all, NULL), 0);
    items = json_child(r->answer.body, "items");
    CU_ASSERT_EQUAL(json_object_array_length(items), 1);
    CU_ASSERT(rig_says(json_object_array_get_idx(items, 0), "optimizer",
                       "random"));
    CU_ASSERT_EQUAL(rig_of_run(r, engine_run_candidates, NULL), 0);
    items = json_child(r->answer.body, "items");
    CU_ASSERT_EQUAL(json_object_array_length(items), 12);
    one.query = json_of("{'sort':'best','limit':'3'}");
    CU_ASSERT_EQUAL(rig_call(r, engine_run_candidates, &one, NULL), 0);
    json_object_put(one.query);
    one.query = NULL;
    items = json_child(r->answer.body, "items");
    CU_ASSERT_EQUAL(json_object_array_length(items), 3);
    CU_ASSERT_STRING_NOT_EQUAL(r->answer.next_cursor, "");
    CU_ASSERT(json_num(json_object_array_get_idx(items, 0), "score", -9) >=
              json_num(json_object_array_get_idx(items, 1), "score", 9));
    CU_ASSERT_EQUAL(rig_call(r, engine_run_candidate, &one, NULL), 0);
    CU_ASSERT(json_object_array_length(
                  json_child(r->answer.body, "evaluations")) >= 3);
    CU_ASSERT_EQUAL(rig_of_run(r, engine_run_events, NULL), 0);
    items = json_child(r->answer.body, "items");
    CU_ASSERT(rig_says(json_object_array_get_idx(items, 0), "event",
                       "run.queued"));
}

static void a_run_goes_from_request_to_active_parameters(void)
{
    struct seen seen = { 0 };
    struct rig r;

    rig_open(&r, NULL);
    CU_ASSERT_EQUAL(engine_watch_active(r.engine, see, &seen, &r.err), 0);
    rig_target(&r, "");
    CU_ASSERT_EQUAL(rig_optimize(&r, ",'optimizer':'random','seed':5,"
                                     "'promote':'auto'"), 0);
    CU_ASSERT_EQUAL(r.answer.status, 202);
    CU_ASSERT(rig_says(r.answer.body, "status", "running"));
    CU_ASSERT(strstr(r.answer.location, r.run) != NULL);
    CU_ASSERT(completed(&r));
    CU_ASSERT_EQUAL(rig_of_run(&r, engine_run_report, NULL), 0);
    CU_ASSERT(rig_says(json_child(r.answer.body, "gate"), "text", "better"));
    CU_ASSERT(rig_says(json_child(r.answer.body, "versions"), "answer", "v1"));
    CU_ASSERT(json_object_get_boolean(json_child(r.answer.body, "promoted")));
    CU_ASSERT_EQUAL(seen.n, 1);
    CU_ASSERT_EQUAL(seen.version, 1);
    CU_ASSERT(strstr(seen.body, "\"parameters\":{\"temperature\"") != NULL);
    CU_ASSERT(identical(&r, 2));
    look_at_lists(&r);
    rig_close(&r);
}

static void a_second_run_starts_from_the_active_version(void)
{
    struct rig r;
    json_object *base;

    rig_open(&r, NULL);
    rig_target(&r, "");
    CU_ASSERT_EQUAL(rig_optimize(&r, ",'optimizer':'random','seed':5,"
                                     "'promote':'auto'"), 0);
    CU_ASSERT(completed(&r));
    CU_ASSERT_EQUAL(rig_optimize(&r, ",'optimizer':'random','seed':6"), 0);
    CU_ASSERT(completed(&r));
    CU_ASSERT_EQUAL(rig_of_run(&r, engine_run_report, NULL), 0);
    base = json_child(r.answer.body, "baseline");
    CU_ASSERT(rig_says(base, "source", "active"));
    CU_ASSERT(rig_says(json_child(base, "versions"), "answer", "v1"));
    rig_close(&r);
}

static void a_strategy_that_reads_cases_and_models_runs_too(void)
{
    struct rig r;

    rig_open(&r, NULL);
    rig_target(&r, "");
    CU_ASSERT_EQUAL(rig_optimize(&r, ",'optimizer':'zoo-cases','seed':3"), 0);
    CU_ASSERT(completed(&r));
    CU_ASSERT(identical(&r, 2));
    rig_close(&r);
}

static bool has_promotion(json_object *shown)
{
    const char *word = json_str(json_child(shown, "result"), "promotion");

    return rig_has_ended(shown) &&
           (word == NULL || strcmp(word, "delivering") != 0);
}

/* Where the adapter cannot write into production nothing is moved, and the
 * run says why; also when the engine restarts in between. */
static void a_push_that_fails_is_said(void)
{
    json_object *shown;
    struct rig r;

    rig_open(&r, NULL);
    rig_target(&r, ",'delivery':{'mode':'push','workflow':'prod'}");
    CU_ASSERT_EQUAL(rig_optimize(&r, ",'optimizer':'random','seed':5,"
                                     "'promote':'auto'"), 0);
    CU_ASSERT(completed(&r));
    rig_restart(&r);
    shown = rig_wait(&r, has_promotion);
    CU_ASSERT(shown != NULL && rig_says(json_child(shown, "result"),
                                        "promotion", "failed"));
    CU_ASSERT(rig_says(json_child(shown, "result"), "promotion_error", ""));
    CU_ASSERT_EQUAL(rig_of_run(&r, engine_run_report, NULL), 0);
    CU_ASSERT(!json_object_get_boolean(json_child(r.answer.body, "promoted")));
    CU_ASSERT(rig_says(json_child(r.answer.body, "versions"), "answer", "v1"));
    rig_close(&r);
}

/* Somebody makes another version active while the run is under way. */
static void a_person_who_was_faster_stands(void)
{
    struct engine_request node = { .workflow = "demo", .node = "answer" };
    struct store_moved moved;
    struct rig r;

    rig_open(&r, NULL);
    rig_target(&r, "");
    CU_ASSERT_EQUAL(rig_optimize(&r, ",'optimizer':'random','seed':5,"
                                     "'promote':'auto','adapter_config':"
                                     "{'sleep_ms':15}"), 0);
    CU_ASSERT_PTR_NOT_NULL(rig_wait(&r, rig_is_half_way));
    CU_ASSERT_EQUAL(rig_call(&r, engine_backfill, &node, NULL), 0);
    CU_ASSERT(completed(&r));
    CU_ASSERT(rig_says(json_child(r.answer.body, "result"), "promotion",
                       "refused"));
    CU_ASSERT(rig_says(json_child(json_child(r.answer.body, "result"),
                                  "versions"), "answer", "v2"));
    CU_ASSERT_EQUAL(store_active(r.store, "demo", "answer", "production",
                                 &moved, &r.err), 0);
    CU_ASSERT_EQUAL(moved.active, 1);
    rig_close(&r);
}

/* --- what is refused ------------------------------------------------------ */

static bool refuses(struct rig *r, const char *more, int code,
                    const char *what)
{
    int got = rig_optimize(r, more);

    if (got == code && strstr(r->err.text, what) != NULL)
        return true;
    printf("# %d: %s; wanted %s\n", got, r->err.text, what);
    return false;
}

static void a_request_is_held_to_its_word(void)
{
    struct engine_request keyed = { .workflow = "demo",
                                    .idempotency_key = "k1" };
    struct engine_request other = { .workflow = "demo" };
    static const char body[] = "{'node_ids':['answer'],'optimizer':'random',"
                               "'limits':{'iterations':3}}";
    char first[64];
    struct rig r;

    rig_open(&r, NULL);
    rig_target(&r, "");
    rig_described(&r);
    CU_ASSERT(refuses(&r, ",'optimizer':'random','colour':1", TT_EINVAL,
                      "colour"));
    CU_ASSERT(refuses(&r, ",'optimizer':'nobody'", TT_ENOENT, "random"));
    CU_ASSERT(refuses(&r, ",'optimizer':'zoo-hill'", TT_ENOENT, ""));
    CU_ASSERT(refuses(&r, ",'optimizer':'random','seed':-1", TT_EINVAL,
                      "seed"));
    CU_ASSERT(refuses(&r, ",'optimizer':'random','max_in_flight':9",
                      TT_EINVAL, "max_in_flight"));
    CU_ASSERT(refuses(&r, ",'optimizer':'random','adapter_config':"
                          "{'sleep_ms':'long'}", TT_EINVAL, "sleep_ms"));
    CU_ASSERT_EQUAL(rig_call(&r, engine_optimize, &other,
                             "{'node_ids':['answer'],'optimizer':'random',"
                             "'limits':{}}"), TT_EBUDGET);
    CU_ASSERT_EQUAL(rig_call(&r, engine_optimize, &other,
                             "{'node_ids':['judge'],'optimizer':'random',"
                             "'limits':{'iterations':3}}"), TT_ENOENT);
    CU_ASSERT_EQUAL(rig_call(&r, engine_optimize, &keyed, body), 0);
    snprintf(first, sizeof first, "%s", json_str(r.answer.body, "run_id"));
    CU_ASSERT_EQUAL(rig_call(&r, engine_optimize, &keyed, body), 0);
    CU_ASSERT_STRING_EQUAL(json_str(r.answer.body, "run_id"), first);
    CU_ASSERT_EQUAL(rig_call(&r, engine_optimize, &keyed,
                             "{'node_ids':['answer'],'optimizer':'random',"
                             "'limits':{'iterations':4}}"), TT_EINVAL);
    snprintf(r.run, sizeof r.run, "%s", first);
    CU_ASSERT(completed(&r));
    snprintf(r.run, sizeof r.run, "r-NOBODY");
    CU_ASSERT_EQUAL(rig_of_run(&r, engine_run_show, NULL), TT_ENOENT);
    CU_ASSERT_EQUAL(rig_of_run(&r, engine_run_cancel, NULL), TT_ENOENT);
    rig_close(&r);
}

/* --- bad plugins ---------------------------------------------------------- */

/* It ends failed, with plugin, version, hash and cause in the diagnostic; the
 * engine lives. */
static bool fails_with(struct rig *r, const char *how, const char *cause)
{
    struct buf text = { 0 };
    json_object *shown;
    char hash[65], sha[32];
    bool good;

    rig_hash(r, "zoo-bad", hash);
    snprintf(sha, sizeof sha, "%.12s", hash);
    buf_addf(&text, ",'optimizer':'zoo-bad','optimizer_config':{'how':'%s',"
             "'after':2}", how);
    if (rig_optimize(r, text.data) != 0)
        printf("# %s\n", r->err.text);
    buf_fini(&text);
    shown = rig_wait(r, rig_has_ended);
    good = shown != NULL && rig_says(shown, "state", "failed") &&
           rig_says(shown, "diagnostic", "zoo-bad 1.0.0") &&
           rig_says(shown, "diagnostic", sha) &&
           rig_says(shown, "diagnostic", cause);
    return good && engine_ready(r->engine, &r->err) == 0;
}

static void bad_strategies_end_their_run_alone(void)
{
    struct rig r;

    rig_open(&r, NULL);
    rig_target(&r, "");
    CU_ASSERT(fails_with(&r, "nan", "not a finite number"));
    CU_ASSERT(fails_with(&r, "error", "I give up"));
    CU_ASSERT(fails_with(&r, "segfault", "SIGSEGV"));
    rig_close(&r);
}

static void a_strategy_that_loops_is_killed(void)
{
    struct rig r;

    rig_open(&r, NULL);
    engine_destroy(r.engine);
    r.options.step_ms = 300;
    r.options.work.crash_limit = 1;
    rig_start(&r);
    rig_target(&r, "");
    CU_ASSERT(fails_with(&r, "loop", "no answer to STEP"));
    rig_close(&r);
}

/* --- crashes -------------------------------------------------------------- */

static void start_slow(struct rig *r)
{
    rig_open(r, NULL);
    rig_target(r, "");
    CU_ASSERT_EQUAL(rig_optimize(r, ",'optimizer':'random','seed':9,"
                                    "'adapter_config':{'sleep_ms':15},"
                                    "'max_in_flight':4"), 0);
    CU_ASSERT_PTR_NOT_NULL(rig_wait(r, rig_is_half_way));
}

static void a_killed_strategy_is_caught_up(void)
{
    struct rig r;
    char hash[65];

    start_slow(&r);
    rig_hash(&r, "random", hash);
    CU_ASSERT(rig_kill(&r, hash));
    CU_ASSERT(completed(&r));
    CU_ASSERT_PTR_NULL(json_child(r.answer.body, "nondeterministic"));
    CU_ASSERT(identical(&r, 2));
    rig_close(&r);
}

static void a_killed_adapter_goes_on(void)
{
    struct rig r;
    char hash[65];

    start_slow(&r);
    rig_hash(&r, "zoo-hill", hash);
    CU_ASSERT(rig_kill(&r, hash));
    CU_ASSERT(completed(&r));
    CU_ASSERT_EQUAL(json_int(json_child(r.answer.body, "progress"), "failed",
                             -1), 0);
    rig_close(&r);
}

static void a_restarted_engine_goes_on(void)
{
    struct rig r;
    int i;

    start_slow(&r);
    for (i = 0; i < 3; i++) {
        rig_restart(&r);
        rig_nap(60);
    }
    CU_ASSERT(completed(&r));
    CU_ASSERT(identical(&r, 2));
    CU_ASSERT_EQUAL(rig_of_run(&r, engine_run_candidates, NULL), 0);
    CU_ASSERT_EQUAL(json_object_array_length(json_child(r.answer.body,
                                                        "items")), 12);
    rig_close(&r);
}

/* --- the log proves itself ------------------------------------------------ */

/* Put the entry back with one value of its STEP, or of its actions, altered. */
static void alter(struct rig *r, uint64_t position, bool actions)
{
    struct store_key key = { STORE_LOG, { r->run }, position };
    struct store_batch *b = store_batch_create();
    struct buf bytes = { 0 }, out = { 0 };
    struct run_entry entry;
    char *text;

    CU_ASSERT_EQUAL(store_get(r->store, key, &bytes, &r->err), 0);
    CU_ASSERT_EQUAL(run_entry_get(buf_str(&bytes), &entry, &r->err), 0);
    text = xstr(actions ? entry.actions : entry.step);
    if (actions) { /* a value of the first EVALUATE, from its low bits */
        text[4 + 4 + 8 + 8] ^= 1;
        entry.actions.p = text;
    } else { /* the objective of the first RESULT */
        text[4 + 4 + 8 + 8 + 8 + 8 + 4] ^= 1;
        entry.step.p = text;
    }
    run_entry_put(&out, &entry);
    store_put(b, key, buf_str(&out));
    CU_ASSERT_EQUAL(store_commit(r->store, b, &r->err), 0);
    free(text);
    buf_fini(&bytes);
    buf_fini(&out);
}

static uint64_t entry_behind(struct rig *r, uint64_t position)
{
    struct store_key key = { STORE_LOG, { r->run }, position };
    struct run_entry entry = { 0 };
    struct buf bytes = { 0 };

    CU_ASSERT_EQUAL(store_get(r->store, key, &bytes, &r->err), 0);
    CU_ASSERT_EQUAL(run_entry_get(buf_str(&bytes), &entry, &r->err), 0);
    buf_fini(&bytes);
    return position + entry.n;
}

static bool finds_it(struct rig *r, uint64_t position)
{
    json_object *difference;

    CU_ASSERT_EQUAL(rig_of_run(r, engine_run_replay, NULL), 0);
    difference = json_child(r->answer.body, "first_difference");
    return !json_object_get_boolean(json_child(r->answer.body, "identical")) &&
           json_int(difference, "position", 0) == (int64_t)position;
}

static void one_altered_value_is_found(void)
{
    uint64_t second, third;
    struct rig r;

    rig_open(&r, NULL);
    rig_target(&r, "");
    CU_ASSERT_EQUAL(rig_optimize(&r, ",'optimizer':'random','seed':4,"
                                     "'max_in_flight':1"), 0);
    CU_ASSERT(completed(&r));
    second = entry_behind(&r, 1);
    third = entry_behind(&r, second);
    CU_ASSERT(identical(&r, 2));
    alter(&r, third, true);
    CU_ASSERT(finds_it(&r, third));
    alter(&r, third, true); /* back again */
    CU_ASSERT(identical(&r, 2));
    alter(&r, third, false);
    CU_ASSERT(finds_it(&r, third));
    rig_close(&r);
}

/* --- people --------------------------------------------------------------- */

static void people_cancel_and_put_candidates_in(void)
{
    struct rig r;

    start_slow(&r);
    CU_ASSERT_EQUAL(rig_of_run(&r, engine_run_enqueue,
                               "{'parameters':{'answer':{'temperature':9}}}"),
                    TT_EINVAL);
    CU_ASSERT_EQUAL(rig_of_run(&r, engine_run_enqueue,
                               "{'parameters':{'answer':{'temperature':0.7,"
                               "'top':0.7}}}"), 0);
    CU_ASSERT(json_int(r.answer.body, "candidate", 0) > 4);
    CU_ASSERT_EQUAL(rig_of_run(&r, engine_run_cancel, "{'reason':'enough'}"),
                    0);
    CU_ASSERT(rig_says(r.answer.body, "state", "cancelled"));
    CU_ASSERT_EQUAL(rig_of_run(&r, engine_run_cancel, NULL), TT_ECONFLICT);
    CU_ASSERT_EQUAL(rig_of_run(&r, engine_run_report, NULL), 0);
    CU_ASSERT_EQUAL(rig_of_run(&r, engine_run_enqueue,
                               "{'parameters':{'answer':{}}}"), TT_ECONFLICT);
    rig_close(&r);
}

static void many_runs_share_the_slots(void)
{
    char runs[6][64];
    struct rig r;
    int i;

    rig_open(&r, NULL);
    rig_target(&r, "");
    for (i = 0; i < 6; i++) {
        CU_ASSERT_EQUAL(rig_optimize(&r, ",'optimizer':'random'"), 0);
        memcpy(runs[i], r.run, sizeof runs[i]);
    }
    for (i = 0; i < 6; i++) {
        memcpy(r.run, runs[i], sizeof r.run);
        CU_ASSERT(completed(&r));
    }
    rig_close(&r);
}

int main(void)
{
    CU_TestInfo tests[] = {
        { "a run goes from the request to active parameters",
          a_run_goes_from_request_to_active_parameters },
        { "a second run starts from the active version",
          a_second_run_starts_from_the_active_version },
        { "a push that fails is said, and moves nothing",
          a_push_that_fails_is_said },
        { "a person who was faster than auto stands",
          a_person_who_was_faster_stands },
        { "a strategy of cases, reasons and a model runs, too",
          a_strategy_that_reads_cases_and_models_runs_too },
        { "a request is held to its word", a_request_is_held_to_its_word },
        { "bad strategies end their run, and nothing else",
          bad_strategies_end_their_run_alone },
        { "a strategy that loops is killed", a_strategy_that_loops_is_killed },
        { "a killed strategy is caught up with its log",
          a_killed_strategy_is_caught_up },
        { "a killed adapter is started again", a_killed_adapter_goes_on },
        { "a restarted engine goes on with its runs",
          a_restarted_engine_goes_on },
        { "one altered value in the log is found", one_altered_value_is_found },
        { "people cancel, and put candidates in",
          people_cancel_and_put_candidates_in },
        { "more runs than there is room for share the slots",
          many_runs_share_the_slots },
        CU_TEST_INFO_NULL,
    };

    return rig_ready() ? tap_run("engine", tests) : EXIT_SUCCESS;
}
