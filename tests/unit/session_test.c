/* SPDX-License-Identifier: MIT
 *
 * session_test.c - a plugin driven by frames in this process; what it does
 * wrong is reported, never passed on. */
#include <string.h>

#include "core/base/arena.h"
#include "core/host/host.h"
#include "tests/unit/codec_samples.h"
#include "tests/unit/tap.h"

/* --- a strategy that does what the test says ----------------------------- */

static struct script {
    int open_rc, event_rc, next_rc;
    const char *message;
    const struct tt_action *emit[8];
    size_t n_emit;
    int emit_rc; /* what the last emit returned */
    unsigned opened, closed, events;
    uint64_t read_id; /* next reads this case, unless 0 */
    struct tt_str state;
    const char *explain;
    const struct tt_host *host;
} script;

static struct tt_instance *const self = (struct tt_instance *)&script;

static int said(struct tt_error *e, int rc)
{
    if (rc != 0 && script.message != NULL)
        (void)tt_fail(e, rc, "%s", script.message);
    return rc;
}

static int script_validate(const struct tt_problem *problem, struct tt_error *e)
{
    return problem->space->n_params == 4
               ? 0
               : tt_fail(e, TT_EUNSUPPORTED, "4 parameters, please");
}

static int script_open(const struct tt_host *host,
                       const struct tt_problem *problem,
                       const struct tt_snapshot *snapshot,
                       struct tt_instance **out, struct tt_error *e)
{
    (void)problem;
    script.host = host;
    script.opened++;
    if (snapshot != NULL && snapshot->schema != 3)
        return tt_fail(e, TT_ESTATE, "schema %u", snapshot->schema);
    if (script.open_rc == 0)
        *out = self;
    return said(e, script.open_rc);
}

static int script_event(struct tt_instance *inst, const struct tt_event *event,
                        struct tt_error *e)
{
    (void)inst;
    (void)event;
    script.events++;
    return said(e, script.event_rc);
}

static struct buf case_text;

static int case_write(const struct tt_sink *sink, const void *bytes, uint64_t n)
{
    (void)sink;
    buf_add(&case_text, bytes, (size_t)n);
    return 0;
}

static int script_next(struct tt_instance *inst, const struct tt_ask *ask,
                       const struct tt_action_sink *sink, struct tt_error *e)
{
    const struct tt_data_service *data;
    struct tt_sink to = { .write = case_write };
    size_t i;
    int rc;

    (void)inst;
    (void)ask;
    if (script.read_id != 0) {
        data = script.host->get_service(script.host, TT_SERVICE_DATA);
        rc = data->read(script.host, TT_TRAIN, script.read_id, &to, e);
        if (rc != 0)
            return rc;
    }
    for (i = 0; i < script.n_emit; i++)
        script.emit_rc = sink->emit(sink, script.emit[i]);
    return said(e, script.next_rc);
}

static int script_snapshot(struct tt_instance *inst, const struct tt_sink *sink,
                           struct tt_error *e)
{
    (void)inst;
    (void)e;
    return sink->write(sink, script.state.p, script.state.n);
}

static int script_explain(struct tt_instance *inst, uint64_t ref,
                          const struct tt_sink *json, struct tt_error *e)
{
    (void)inst;
    (void)ref;
    (void)e;
    return json->write(json, script.explain, strlen(script.explain));
}

static void script_close(struct tt_instance *inst)
{
    (void)inst;
    script.closed++;
}

static const struct tt_strategy vtable = {
    .validate = script_validate, .open = script_open,
    .on_event = script_event,    .next = script_next,
    .snapshot = script_snapshot, .explain = script_explain,
    .close = script_close,
};
static const struct tt_plugin plugin = {
    .size = sizeof plugin, .abi_major = 1, .kind = TT_KIND_STRATEGY,
    .id = "script", .version = "1.0.0", .strategy = &vtable, .state_schema = 3,
};

/* --- talking to a session ------------------------------------------------ */

struct talk {
    struct host_session *session;
    struct buf out, payload;
    struct arena arena;
    struct frame answer;
    struct tt_error error; /* of an ERROR answer */
};

static int read_case(void *ctx, uint32_t split, uint64_t id, struct buf *out,
                     struct tt_error *e)
{
    (void)ctx;
    if (split != TT_TRAIN || id != 5)
        return tt_fail(e, TT_ENOENT, "no such case");
    buf_adds(out, "{\"q\":1}");
    return 0;
}

static const struct host_services services = { .data = read_case };

static void talk_start(struct talk *t, const struct tt_plugin *p,
                       const struct host_services *with)
{
    memset(t, 0, sizeof *t);
    memset(&script, 0, sizeof script);
    t->session = host_session_create(p, with);
}

static void talk_end(struct talk *t)
{
    host_session_destroy(t->session);
    arena_fini(&t->arena);
    buf_fini(&t->out);
    buf_fini(&t->payload);
    buf_fini(&case_text);
}

/* Send what is in t->payload; the type of the answer. */
static uint16_t ask(struct talk *t, uint16_t type)
{
    struct frame request = { type, 7, buf_str(&t->payload) };

    buf_reset(&t->out);
    host_session_handle(t->session, &request, &t->out);
    buf_reset(&t->payload);
    CU_ASSERT_EQUAL(frame_take(&t->out, &t->answer, NULL), 1);
    CU_ASSERT_EQUAL(t->answer.number, 7);
    CU_ASSERT_EQUAL(t->out.len, FRAME_HEADER_BYTES + t->answer.payload.n);
    memset(&t->error, 0, sizeof t->error);
    if (t->answer.type == FRAME_ERROR)
        CU_ASSERT_EQUAL(codec_get_error(t->answer.payload, &t->error, NULL), 0);
    return t->answer.type;
}

static uint16_t ask_open(struct talk *t)
{
    codec_put_problem(&t->payload, &sample_problem, NULL);
    return ask(t, FRAME_OPEN);
}

static uint16_t ask_step(struct talk *t, size_t n_events)
{
    codec_put_step(&t->payload, sample_events, n_events, &sample_ask);
    return ask(t, FRAME_STEP);
}

static bool says(const struct talk *t, int code, const char *part)
{
    if (t->error.code == code && strstr(t->error.message, part) != NULL)
        return true;
    printf("# %d: %s\n", t->error.code, t->error.message);
    return false;
}

static struct tt_evaluate fresh(uint64_t ref)
{
    struct tt_evaluate v = sample_evaluate;

    v.ref = ref;
    return v;
}

static uint16_t step_with(struct talk *t, const struct tt_action *action)
{
    script.emit[0] = action;
    script.n_emit = 1;
    return ask_step(t, 0);
}

/* --- tests --------------------------------------------------------------- */

static void a_whole_life_in_order(void)
{
    struct tt_evaluate v = fresh(3);
    struct codec_actions actions;
    struct talk t;

    talk_start(&t, &plugin, &services);
    CU_ASSERT_EQUAL(host_session_state(t.session), FRAME_LOADED);
    codec_put_problem(&t.payload, &sample_problem, NULL);
    CU_ASSERT_EQUAL(ask(&t, FRAME_VALIDATE), FRAME_OK);
    CU_ASSERT_EQUAL(ask_open(&t), FRAME_OK);
    CU_ASSERT_EQUAL(host_session_state(t.session), FRAME_STRATEGY);
    script.emit[0] = &v.head;
    script.emit[1] = &sample_prune.head;
    script.emit[2] = &sample_llm.head;
    script.n_emit = 3;
    CU_ASSERT_EQUAL(ask_step(&t, 5), FRAME_ACTIONS);
    CU_ASSERT_EQUAL(script.events, 5);
    CU_ASSERT_EQUAL(codec_get_actions(t.answer.payload, &t.arena, &actions,
                                      NULL), 0);
    CU_ASSERT_EQUAL(actions.n, 3);
    CU_ASSERT_EQUAL(ask(&t, FRAME_CLOSE), FRAME_OK);
    CU_ASSERT_EQUAL(host_session_state(t.session), FRAME_CLOSED);
    CU_ASSERT_EQUAL(script.closed, 1);
    talk_end(&t);
    CU_ASSERT_EQUAL(script.closed, 1);
}

static void a_request_out_of_order_is_an_error(void)
{
    struct talk t;

    talk_start(&t, &plugin, NULL);
    CU_ASSERT_EQUAL(ask_step(&t, 0), FRAME_ERROR);
    CU_ASSERT(says(&t, TT_EPROTOCOL, "STEP"));
    CU_ASSERT_EQUAL(ask(&t, FRAME_OK), FRAME_ERROR);
    CU_ASSERT_EQUAL(ask_open(&t), FRAME_OK);
    CU_ASSERT_EQUAL(ask_open(&t), FRAME_ERROR);
    CU_ASSERT_EQUAL(ask(&t, FRAME_SUBMIT), FRAME_ERROR);
    CU_ASSERT_EQUAL(ask(&t, FRAME_STEP), FRAME_ERROR); /* no payload */
    CU_ASSERT(says(&t, TT_EPROTOCOL, "step"));
    talk_end(&t);
    CU_ASSERT_EQUAL(script.closed, 1);
}

static void the_errors_of_a_plugin_arrive_with_their_words(void)
{
    struct talk t;

    talk_start(&t, &plugin, NULL);
    script.open_rc = TT_EINVAL;
    script.message = "no \xff space";
    CU_ASSERT_EQUAL(ask_open(&t), FRAME_ERROR);
    CU_ASSERT(says(&t, TT_EINVAL, "no ? space"));
    script.open_rc = 0;
    CU_ASSERT_EQUAL(ask_open(&t), FRAME_OK);
    script.next_rc = TT_EBUDGET;
    script.message = NULL;
    CU_ASSERT_EQUAL(ask_step(&t, 0), FRAME_ERROR);
    CU_ASSERT(says(&t, TT_EBUDGET, "next failed and did not say why"));
    script.next_rc = 99;
    CU_ASSERT_EQUAL(ask_step(&t, 0), FRAME_ERROR);
    CU_ASSERT(says(&t, TT_EPLUGIN, "next returned 99"));
    script.event_rc = TT_EINTERNAL;
    script.message = "event";
    CU_ASSERT_EQUAL(ask_step(&t, 2), FRAME_ERROR);
    CU_ASSERT(says(&t, TT_EINTERNAL, "event"));
    CU_ASSERT_EQUAL(script.events, 1);
    talk_end(&t);
}

static void an_error_takes_back_the_actions(void)
{
    struct tt_evaluate v = fresh(1);
    struct talk t;

    talk_start(&t, &plugin, NULL);
    CU_ASSERT_EQUAL(ask_open(&t), FRAME_OK);
    script.next_rc = TT_ETRANSIENT;
    CU_ASSERT_EQUAL(step_with(&t, &v.head), FRAME_ERROR);
    script.next_rc = 0;
    script.n_emit = 0;
    CU_ASSERT_EQUAL(ask_step(&t, 0), FRAME_ACTIONS);
    CU_ASSERT_EQUAL(t.answer.payload.n, 0);
    talk_end(&t);
}

/* A good action spoiled in one place, and what is said of it. */
static void spoiled(struct talk *t, const struct tt_action *action,
                    const char *part)
{
    CU_ASSERT_EQUAL(step_with(t, action), FRAME_ERROR);
    CU_ASSERT(says(t, TT_EPLUGIN, part));
    CU_ASSERT_EQUAL(script.emit_rc, TT_EPLUGIN);
}

static void bad_actions_are_named(void)
{
    struct tt_action unknown = { sizeof unknown, 77 };
    struct tt_value values[4];
    struct tt_evaluate v;
    struct tt_llm l = sample_llm;
    struct tt_prune p = sample_prune;
    struct tt_done d = sample_done;
    struct talk t;

    talk_start(&t, &plugin, NULL);
    CU_ASSERT_EQUAL(ask_open(&t), FRAME_OK);
    spoiled(&t, &unknown, "kind 77");
    spoiled(&t, NULL, "NULL");
    v = fresh(1);
    v.head.size = 8;
    spoiled(&t, &v.head, "head.size");
    v = fresh(1);
    v.candidate.n_values = 3;
    spoiled(&t, &v.head, "3 values");
    v = fresh(1);
    v.candidate.value_size = 8;
    spoiled(&t, &v.head, "value_size");
    v = fresh(1);
    v.candidate.size = 0;
    spoiled(&t, &v.head, "candidate.size");
    v = fresh(1);
    v.cases.mode = 9;
    spoiled(&t, &v.head, "cases.mode 9");
    v = fresh(1);
    v.cases.split = 9;
    spoiled(&t, &v.head, "cases.split 9");
    v = fresh(1);
    v.cases.ids = NULL;
    spoiled(&t, &v.head, "case ids");
    v = fresh(1);
    v.candidate.n_parents = UINT64_MAX;
    spoiled(&t, &v.head, "parents");
    v = fresh(1);
    memcpy(values, sample_values, sizeof values);
    values[3].text.p = "\xff";
    values[3].text.n = 1;
    v.candidate.values = values;
    spoiled(&t, &v.head, "UTF-8");
    l.n_messages = 0;
    spoiled(&t, &l.head, "no messages");
    p.ref = 50;
    spoiled(&t, &p.head, "ref 50");
    d.reason.n = UINT64_MAX;
    spoiled(&t, &d.head, "too long");
    talk_end(&t);
}

static void refs_follow_the_rules(void)
{
    struct tt_evaluate v = fresh(1), again = fresh(1), host;
    struct talk t;

    talk_start(&t, &plugin, NULL);
    CU_ASSERT_EQUAL(ask_open(&t), FRAME_OK);
    again.candidate.n_values = 0;
    spoiled(&t, &again.head, "new and has no values");
    CU_ASSERT_EQUAL(step_with(&t, &v.head), FRAME_ACTIONS);
    spoiled(&t, &v.head, "used already");
    CU_ASSERT_EQUAL(step_with(&t, &again.head), FRAME_ACTIONS);
    memset(&again.candidate, 0, sizeof again.candidate);
    CU_ASSERT_EQUAL(step_with(&t, &again.head), FRAME_ACTIONS);
    host = again;
    host.ref = TT_REF_HOST;
    spoiled(&t, &host.head, "never enqueued");
    script.n_emit = 0;
    CU_ASSERT_EQUAL(ask_step(&t, 5), FRAME_ACTIONS); /* with an ENQUEUED */
    CU_ASSERT_EQUAL(step_with(&t, &host.head), FRAME_ACTIONS);
    host.candidate = sample_evaluate.candidate;
    spoiled(&t, &host.head, "is the host's");
    talk_end(&t);
}

static void after_a_restore_older_refs_are_taken_on_trust(void)
{
    struct tt_evaluate old = fresh(1);
    struct talk t;

    talk_start(&t, &plugin, NULL);
    codec_put_problem(&t.payload, &sample_problem, &sample_snapshot);
    CU_ASSERT_EQUAL(ask(&t, FRAME_OPEN), FRAME_OK);
    old.candidate.n_values = 0;
    CU_ASSERT_EQUAL(step_with(&t, &old.head), FRAME_ACTIONS);
    talk_end(&t);
}

static void a_snapshot_of_another_schema_is_not_handed_over(void)
{
    static const uint32_t schemas[] = { 1, 4 };
    struct tt_snapshot other = sample_snapshot;
    struct tt_plugin narrow = plugin;
    struct talk t;
    size_t i;

    narrow.state_schema_min = 2;
    for (i = 0; i < sizeof schemas / sizeof *schemas; i++) {
        talk_start(&t, &narrow, NULL);
        other.schema = schemas[i];
        codec_put_problem(&t.payload, &sample_problem, &other);
        CU_ASSERT_EQUAL(ask(&t, FRAME_OPEN), FRAME_ERROR);
        CU_ASSERT(says(&t, TT_ESTATE, "schema 2 to 3"));
        talk_end(&t);
    }
}

static void no_more_candidates_than_were_asked_for(void)
{
    struct tt_evaluate v[4];
    struct talk t;
    size_t i;

    talk_start(&t, &plugin, NULL);
    CU_ASSERT_EQUAL(ask_open(&t), FRAME_OK);
    for (i = 0; i < 4; i++) {
        v[i] = fresh(i + 1);
        script.emit[i] = &v[i].head;
    }
    script.n_emit = 4;
    CU_ASSERT_EQUAL(ask_step(&t, 0), FRAME_ERROR);
    CU_ASSERT(says(&t, TT_EPLUGIN, "more than the 3"));
    talk_end(&t);
}

static void many_refs_are_remembered(void)
{
    struct tt_evaluate v;
    struct talk t;
    uint64_t i;

    talk_start(&t, &plugin, NULL);
    CU_ASSERT_EQUAL(ask_open(&t), FRAME_OK);
    for (i = 0; i < 1000; i++) {
        v = fresh(i * 64);
        CU_ASSERT_EQUAL(step_with(&t, &v.head), FRAME_ACTIONS);
    }
    v = fresh(999 * 64);
    spoiled(&t, &v.head, "used already");
    v = fresh(1);
    CU_ASSERT_EQUAL(step_with(&t, &v.head), FRAME_ACTIONS);
    talk_end(&t);
}

static void snapshot_and_explain_carry_what_was_written(void)
{
    static const struct tt_str bytes = STR("\0st");
    struct tt_snapshot state;
    struct talk t;

    talk_start(&t, &plugin, NULL);
    CU_ASSERT_EQUAL(ask_open(&t), FRAME_OK);
    script.state = bytes;
    CU_ASSERT_EQUAL(ask(&t, FRAME_SNAPSHOT), FRAME_BYTES);
    CU_ASSERT_EQUAL(codec_get_state(t.answer.payload, &state, NULL), 0);
    CU_ASSERT_EQUAL(state.schema, 3);
    CU_ASSERT_EQUAL(state.n, 3);
    script.state.n = FRAME_MAX_BYTES;
    CU_ASSERT_EQUAL(ask(&t, FRAME_SNAPSHOT), FRAME_ERROR);
    CU_ASSERT(says(&t, TT_EPLUGIN, "writes more than"));
    script.explain = "{\"why\":\"not\"}";
    codec_put_ref(&t.payload, 3);
    CU_ASSERT_EQUAL(ask(&t, FRAME_EXPLAIN), FRAME_BYTES);
    CU_ASSERT(tt_str_equal(t.answer.payload, tt_str_of(script.explain)));
    script.explain = "{why}";
    codec_put_ref(&t.payload, 3);
    CU_ASSERT_EQUAL(ask(&t, FRAME_EXPLAIN), FRAME_ERROR);
    CU_ASSERT(says(&t, TT_EPLUGIN, "not JSON"));
    talk_end(&t);
}

static void what_a_plugin_does_not_have_is_unsupported(void)
{
    struct tt_strategy bare = vtable;
    struct tt_plugin p = plugin;
    struct talk t;

    bare.snapshot = NULL;
    bare.explain = NULL;
    bare.validate = NULL;
    p.strategy = &bare;
    talk_start(&t, &p, NULL);
    codec_put_problem(&t.payload, &sample_problem, NULL);
    CU_ASSERT_EQUAL(ask(&t, FRAME_VALIDATE), FRAME_OK);
    CU_ASSERT_EQUAL(ask_open(&t), FRAME_OK);
    CU_ASSERT_EQUAL(ask(&t, FRAME_SNAPSHOT), FRAME_ERROR);
    CU_ASSERT(says(&t, TT_EUNSUPPORTED, "script 1.0.0"));
    codec_put_ref(&t.payload, 3);
    CU_ASSERT_EQUAL(ask(&t, FRAME_EXPLAIN), FRAME_ERROR);
    talk_end(&t);
}

static void services_are_granted_by_kind_and_host(void)
{
    static const char *const wanted[] = { TT_SERVICE_DATA, NULL };
    struct tt_plugin p = plugin;
    struct talk t;

    p.services = wanted;
    talk_start(&t, &p, NULL);
    CU_ASSERT_EQUAL(ask_open(&t), FRAME_ERROR);
    CU_ASSERT(says(&t, TT_EUNSUPPORTED, TT_SERVICE_DATA));
    CU_ASSERT_EQUAL(script.opened, 0);
    talk_end(&t);
    talk_start(&t, &p, &services);
    CU_ASSERT_EQUAL(ask_open(&t), FRAME_OK);
    CU_ASSERT(script.host->get_service(script.host, TT_SERVICE_HTTP) == NULL);
    script.read_id = 5;
    CU_ASSERT_EQUAL(ask_step(&t, 0), FRAME_ACTIONS);
    CU_ASSERT(tt_str_equal(buf_str(&case_text), tt_str_of("{\"q\":1}")));
    script.read_id = 6;
    CU_ASSERT_EQUAL(ask_step(&t, 0), FRAME_ERROR);
    CU_ASSERT(says(&t, TT_ENOENT, "no such case"));
    talk_end(&t);
}

static CU_TestInfo tests[] = {
    { "a whole life in order", a_whole_life_in_order },
    { "a request out of order is an error",
      a_request_out_of_order_is_an_error },
    { "the errors of a plugin arrive with their words",
      the_errors_of_a_plugin_arrive_with_their_words },
    { "an error takes back the actions", an_error_takes_back_the_actions },
    { "bad actions are named", bad_actions_are_named },
    { "refs follow the rules", refs_follow_the_rules },
    { "after a restore older refs are taken on trust",
      after_a_restore_older_refs_are_taken_on_trust },
    { "no more candidates than were asked for",
      no_more_candidates_than_were_asked_for },
    { "many refs are remembered", many_refs_are_remembered },
    { "a snapshot of a schema that it does not read is not handed over",
      a_snapshot_of_another_schema_is_not_handed_over },
    { "snapshot and explain carry what was written",
      snapshot_and_explain_carry_what_was_written },
    { "what a plugin does not have is unsupported",
      what_a_plugin_does_not_have_is_unsupported },
    { "services are granted by kind and host",
      services_are_granted_by_kind_and_host },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("session", tests);
}
