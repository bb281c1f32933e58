/* SPDX-License-Identifier: MIT
 *
 * delivery_test.c - promote, rollback and backfill, pulled and pushed. Orcheo
 * is a JSON object here, behind the adapter call: it can lose an answer, stand
 * still, or be edited by somebody else. */
#include "core/engine/delivery.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/engine/admin.h"
#include "core/engine/engine_impl.h"
#include "core/engine/version.h"
#include "tests/unit/json_of.h"
#include "tests/unit/tap.h"

/* --- the fake Orcheo ------------------------------------------------------ */

static struct {
    json_object *stored; /* {"workflow": {"node": {parameters}}} */
    bool down;           /* no call is answered */
    int lose_after;      /* so many writes from now on are carried out, and
                            their answer is lost; then it is down */
    bool refuse;         /* writes are refused */
    bool no_admin;       /* an adapter without this extension */
    bool no_plugin;
    void (*between)(void); /* called before a write: somebody else's moment */
    unsigned reads, writes;
} orcheo;

static json_object *node_of(json_object *params)
{
    return json_child(json_child(orcheo.stored, json_str(params, "workflow")),
                      json_str(params, "node"));
}

static int fake_read(json_object *params, json_object *answer, struct err *e)
{
    json_object *names = json_child(params, "names"), *out, *value;
    size_t i;

    orcheo.reads++;
    if (json_child(orcheo.stored, json_str(params, "workflow")) == NULL)
        return err_set(e, TT_ENOENT, "orcheo: no such workflow");
    out = json_object_new_object();
    for (i = 0; i < json_object_array_length(names); i++) {
        const char *name = json_object_get_string(
            json_object_array_get_idx(names, i));

        value = json_child(node_of(params), name);
        if (value != NULL)
            json_set(out, name, json_copy(value));
    }
    json_set(answer, "parameters", out);
    return 0;
}

static int fake_write(json_object *params, json_object *answer, struct err *e)
{
    json_object *node, *values = json_child(params, "parameters");
    json_object *expect = json_child(params, "expect");

    orcheo.writes++;
    if (orcheo.between != NULL)
        orcheo.between();
    if (orcheo.refuse)
        return err_set(e, TT_EPERM, "orcheo: not allowed");
    node = node_of(params);
    json_object_object_foreach(expect, name, value)
    {
        if (!json_equal(json_child(node, name), value))
            return err_set(e, TT_ECONFLICT, "orcheo: %s was edited", name);
    }
    json_object_object_foreach(values, key, fresh)
    {
        json_set(node, key, json_copy(fresh));
    }
    json_set(answer, "written", json_copy(values));
    if (orcheo.lose_after > 0 && --orcheo.lose_after == 0) {
        orcheo.down = true;
        return err_set(e, TT_ETIMEOUT, "orcheo: no answer");
    }
    return 0;
}

int admin_call(struct engine *g, const struct admin_call *c,
               json_object **answer, struct err *e)
{
    int rc;

    (void)g;
    *answer = NULL;
    CU_ASSERT_STRING_EQUAL(c->plugin, "orcheo");
    if (orcheo.no_admin)
        return err_set(e, TT_EUNSUPPORTED, "adapter: no admin");
    if (orcheo.down)
        return err_set(e, TT_ETRANSIENT, "orcheo: connection refused");
    *answer = json_object_new_object();
    rc = strcmp(c->method, "read") == 0 ? fake_read(c->params, *answer, e)
                                        : fake_write(c->params, *answer, e);
    if (rc < 0) {
        json_object_put(*answer);
        *answer = NULL;
    }
    return rc;
}

int engine_plugin_find(struct engine *g, const char *name, uint32_t kind,
                       struct engine_plugin *out, struct err *e)
{
    (void)g;
    (void)name;
    (void)kind;
    memset(out, 0, sizeof *out);
    return orcheo.no_plugin
               ? err_set(e, TT_ENOENT, "plugin orcheo: not here")
               : 0;
}

void engine_plugin_fini(struct engine_plugin *p)
{
    (void)p;
}

/* --- helpers -------------------------------------------------------------- */

static struct engine g;
static struct engine_answer answer;
static struct err error;

static void put_target(const char *node, const char *delivery)
{
    struct store_batch *b = store_batch_create();
    struct store_key key = { STORE_TARGET, { "demo", node }, 0 };
    char text[600];
    json_object *target;

    snprintf(text, sizeof text,
             "{'parameters':{'t':{'type':'float','min':0,'max':1,"
             "'default':0.5},'p':{'type':'text','default':'Answer.',"
             "'max_bytes':100}},'adapter':{'plugin':'orcheo','config':{}},"
             "'evaluation':{'workflow':'eval'},'delivery':%s}",
             delivery);
    target = json_of(text);
    store_put_json(b, key, target);
    CU_ASSERT_EQUAL(store_commit(g.store, b, NULL), 0);
    json_object_put(target);
}

#define PULL "{'mode':'pull'}"
#define PUSH "{'mode':'push','workflow':'prod'}"

static void setup(const char *delivery, const char *stored)
{
    struct store_options options = { .backend = "memory" };

    memset(&orcheo, 0, sizeof orcheo);
    memset(&g, 0, sizeof g);
    g.store = store_open(&options, NULL);
    orcheo.stored = json_of(stored);
    put_target("answer", delivery);
}

static void teardown(void)
{
    json_object_put(orcheo.stored);
    json_object_put(answer.body);
    memset(&answer, 0, sizeof answer);
    store_close(g.store);
}

static int call_with(engine_call_fn *fn, const char *node, const char *body,
                     const char *if_match)
{
    struct engine_request q = { .actor = "ann", .workflow = "demo",
                                .node = node, .if_match = if_match,
                                .body = body != NULL ? json_of(body) : NULL };
    int rc;

    json_object_put(answer.body);
    memset(&answer, 0, sizeof answer);
    memset(&error, 0, sizeof error);
    rc = fn(&g, &q, &answer, &error);
    json_object_put(q.body);
    return rc;
}

static int call(engine_call_fn *fn, const char *body)
{
    return call_with(fn, "answer", body, NULL);
}

static void add_version(const char *node, const char *parameters)
{
    json_object *values = json_of(parameters);
    json_object *document = version_document(node, values, "bayesian", 1);
    struct store_batch *b = store_batch_create();

    store_version_add(b, "demo", node, document, NULL);
    CU_ASSERT_EQUAL(store_commit(g.store, b, NULL), 0);
    json_object_put(document);
    json_object_put(values);
}

static uint64_t active(const char *node)
{
    struct store_moved moved = { 0 };

    store_active(g.store, "demo", node, "production", &moved, NULL);
    return moved.active;
}

static int stored_is(const char *node, const char *quoted)
{
    return json_is(json_child(json_child(orcheo.stored, "prod"), node), quoted);
}

static int count_one(void *ctx, const struct store_key *key,
                     struct tt_str bytes)
{
    (void)key;
    (void)bytes;
    ++*(size_t *)ctx;
    return 0;
}

static size_t n_intents(void)
{
    struct store_key from = { STORE_DELIVERY, { NULL }, 0 };
    size_t n = 0;

    store_scan(g.store, from, 0, false, count_one, &n, NULL);
    return n;
}

/* Events of this action in the audit chain. */
static int count_action(void *ctx, const struct store_key *key,
                        struct tt_str bytes)
{
    struct {
        const char *action;
        size_t n;
    } *x = ctx;
    json_object *o = json_parse(bytes.p, (size_t)bytes.n,
                                &json_limits_document, NULL);

    (void)key;
    if (strcmp(json_str(o, "action"), x->action) == 0)
        x->n++;
    json_object_put(o);
    return 0;
}

static size_t n_events(const char *action)
{
    struct store_key from = { STORE_AUDIT, { NULL }, 0 };
    struct {
        const char *action;
        size_t n;
    } x = { action, 0 };

    store_scan(g.store, from, 0, false, count_action, &x, NULL);
    return x.n;
}

/* --- pulled --------------------------------------------------------------- */

static void the_seeds_promote_and_rollback(void)
{
    setup(PULL, "{}");
    CU_ASSERT_EQUAL(call(engine_backfill, NULL), 0);
    CU_ASSERT_EQUAL(answer.status, 201);
    CU_ASSERT(json_is(answer.body,
                      "{'status':'backfilled','active_version':'v1',"
                      "'source':'defaults',"
                      "'parameters':{'t':0.5,'p':'Answer.'}}"));
    add_version("answer", "{'t':0.3,'p':'Be brief.'}");
    CU_ASSERT_EQUAL(call(engine_promote,
                         "{'version':'v2','reason':'better','"
                         "expected_version':'v1'}"),
                    0);
    CU_ASSERT(json_is(answer.body,
                      "{'status':'promoted','active_version':'v2'}"));
    CU_ASSERT_EQUAL(active("answer"), 2);
    CU_ASSERT_EQUAL(call(engine_rollback, "{'reason':'worse'}"), 0);
    CU_ASSERT(json_is(answer.body,
                      "{'status':'rolled_back','active_version':'v1'}"));
    CU_ASSERT_EQUAL(call(engine_rollback, "{'reason':'worse'}"), TT_ECONFLICT);
    CU_ASSERT(err_says(&error, TT_ECONFLICT, "nothing to roll back to"));
    CU_ASSERT_EQUAL(call(engine_rollback,
                         "{'reason':'again','to_version':'v2'}"),
                    0);
    CU_ASSERT_EQUAL(active("answer"), 2);
    CU_ASSERT_EQUAL(n_events("promote"), 2); /* baseline, v2 */
    CU_ASSERT_EQUAL(n_events("rollback"), 2);
    CU_ASSERT_EQUAL(orcheo.writes, 0);
    teardown();
}

static void promoting_the_active_version_succeeds_and_is_audited(void)
{
    setup(PULL, "{}");
    CU_ASSERT_EQUAL(call(engine_backfill, NULL), 0);
    CU_ASSERT_EQUAL(call(engine_promote, "{'version':'v1','reason':'so'}"), 0);
    CU_ASSERT(json_is(answer.body,
                      "{'status':'promoted','active_version':'v1'}"));
    CU_ASSERT_EQUAL(n_events("promote"), 2);
    teardown();
}

static void bad_moves_are_refused(void)
{
    static const struct {
        const char *body;
        int code;
        const char *says;
    } bad[] = {
        { "{'version':'v2'}", TT_EINVAL, "reason" },
        { "{'version':'v2','reason':''}", TT_EINVAL, "reason" },
        { "{'version':'v2','reason':'  '}", TT_EINVAL, "reason" },
        { "{'version':'v2','reason':7}", TT_EINVAL, "reason" },
        { "{'reason':'x'}", TT_EINVAL, "version" },
        { "{'version':'2','reason':'x'}", TT_EINVAL, "such as \"v3\"" },
        { "{'version':'v2','reason':'x','force':true}", TT_EINVAL, "force" },
        { "{'version':'v9','reason':'x'}", TT_ENOENT, "no version v9" },
        { "{'version':'v2','reason':'x','expected_version':'v2'}",
          TT_ECONFLICT, "is v1, not v2" },
        { "{'version':'v2','reason':'x','expected_version':'two'}", TT_EINVAL,
          "expected_version" },
        { "{'version':'v2','reason':'x','environment':'a b'}", TT_EINVAL,
          "environment" },
    };
    size_t i;

    setup(PULL, "{}");
    CU_ASSERT_EQUAL(call(engine_backfill, NULL), 0);
    add_version("answer", "{'t':0.3}");
    for (i = 0; i < TT_ARRAY_LEN(bad); i++) {
        CU_ASSERT_EQUAL(call(engine_promote, bad[i].body), bad[i].code);
        CU_ASSERT(err_says(&error, bad[i].code, bad[i].says));
    }
    CU_ASSERT_EQUAL(call(engine_promote, NULL), TT_EINVAL);
    CU_ASSERT_EQUAL(call(engine_rollback, "{'reason':'x','version':'v1'}"),
                    TT_EINVAL);
    CU_ASSERT_EQUAL(call(engine_rollback, "{'reason':'x','to_version':'v7'}"),
                    TT_ENOENT);
    CU_ASSERT_EQUAL(active("answer"), 1);
    teardown();
}

static void a_reason_has_a_thousand_characters_at_most(void)
{
    struct buf body = { 0 };
    int i;

    setup(PULL, "{}");
    CU_ASSERT_EQUAL(call(engine_backfill, NULL), 0);
    buf_adds(&body, "{'version':'v1','reason':'");
    for (i = 0; i < 1024; i++)
        buf_adds(&body, "\xC3\xA4"); /* two bytes, one character */
    buf_adds(&body, "'}");
    CU_ASSERT_EQUAL(call(engine_promote, body.data), 0);
    body.len -= strlen("'}"); /* one more */
    buf_adds(&body, "x'}");
    CU_ASSERT_EQUAL(call(engine_promote, body.data), TT_EINVAL);
    buf_fini(&body);
    teardown();
}

static void without_a_baseline_nothing_is_promoted(void)
{
    setup(PULL, "{}");
    add_version("answer", "{'t':0.3,'p':'x'}");
    CU_ASSERT_EQUAL(call(engine_promote, "{'version':'v1','reason':'x'}"),
                    TT_ECONFLICT);
    CU_ASSERT(err_says(&error, TT_ECONFLICT,
                       "trimtab params backfill demo answer"));
    /* versions exist, but nothing is active: a baseline may still be made */
    CU_ASSERT_EQUAL(call(engine_backfill, NULL), 0);
    CU_ASSERT_STRING_EQUAL(json_str(answer.body, "active_version"), "v2");
    CU_ASSERT_EQUAL(call(engine_promote, "{'version':'v1','reason':'x'}"), 0);
    CU_ASSERT_EQUAL(call(engine_backfill, NULL), TT_ECONFLICT);
    CU_ASSERT(err_says(&error, TT_ECONFLICT, "v1 is active"));
    /* the baseline counts in every environment */
    CU_ASSERT_EQUAL(call(engine_promote, "{'version':'v1','reason':'x',"
                                         "'environment':'staging'}"),
                    0);
    teardown();
}

static void if_match_guards_a_move(void)
{
    char tag[80];

    setup(PULL, "{}");
    CU_ASSERT_EQUAL(call_with(engine_rollback, "answer", "{'reason':'x'}",
                              "\"g1-00000000\""),
                    TT_EPRECONDITION);
    CU_ASSERT_EQUAL(call(engine_backfill, NULL), 0);
    add_version("answer", "{'t':0.3}");
    CU_ASSERT_EQUAL(call(engine_promote, "{'version':'v2','reason':'x'}"), 0);
    CU_ASSERT_EQUAL(strncmp(answer.etag, "g2-", 3), 0);
    snprintf(tag, sizeof tag, "\"%s\"", answer.etag);
    CU_ASSERT_EQUAL(call_with(engine_rollback, "answer", "{'reason':'x'}",
                              "\"g1-00000000\""),
                    TT_EPRECONDITION);
    CU_ASSERT(err_says(&error, TT_EPRECONDITION, "has changed"));
    CU_ASSERT_EQUAL(call_with(engine_rollback, "answer", "{'reason':'x'}",
                              tag),
                    0);
    CU_ASSERT_EQUAL(call_with(engine_promote, "answer",
                              "{'version':'v2','reason':'x'}", tag),
                    TT_EPRECONDITION);
    CU_ASSERT_EQUAL(active("answer"), 1);
    teardown();
}

/* --- backfill ------------------------------------------------------------- */

static void the_baseline_comes_from_orcheo(void)
{
    setup(PUSH, "{'prod':{'answer':{'t':0.75,'other':1}}}");
    CU_ASSERT_EQUAL(call(engine_backfill, NULL), 0);
    CU_ASSERT(json_is(answer.body,
                      "{'status':'backfilled','active_version':'v1',"
                      "'source':'orcheo and defaults',"
                      "'parameters':{'t':0.75,'p':'Answer.'}}"));
    teardown();
    setup(PULL, "{'demo':{'answer':{'t':0.25,'p':'x'}},'eval':{}}");
    CU_ASSERT_EQUAL(call(engine_backfill, NULL), 0);
    CU_ASSERT_STRING_EQUAL(json_str(answer.body, "source"), "orcheo");
    teardown();
    setup(PULL, "{'eval':{'answer':{'t':1,'p':'x'}}}");
    CU_ASSERT_EQUAL(call(engine_backfill, NULL), 0);
    CU_ASSERT(json_is(json_child(answer.body, "parameters"),
                      "{'t':1,'p':'x'}"));
    teardown();
}

static void a_baseline_is_a_point_of_the_space_or_refused(void)
{
    setup(PUSH, "{'prod':{'answer':{'t':1.5}}}");
    CU_ASSERT_EQUAL(call(engine_backfill, NULL), TT_EINVAL);
    CU_ASSERT(err_says(&error, TT_EINVAL, "widen the target"));
    CU_ASSERT(err_says(&error, TT_EINVAL, "answer.t: 1.5"));
    CU_ASSERT_EQUAL(active("answer"), 0);
    teardown();
}

static void a_baseline_is_not_guessed_when_orcheo_is_down(void)
{
    setup(PUSH, "{'prod':{'answer':{'t':0.75}}}");
    orcheo.down = true;
    CU_ASSERT_EQUAL(call(engine_backfill, NULL), TT_ETRANSIENT);
    CU_ASSERT(err_says(&error, TT_ETRANSIENT, "connection refused"));
    orcheo.no_plugin = true;
    CU_ASSERT_EQUAL(call(engine_backfill, NULL), TT_ENOENT);
    CU_ASSERT(err_says(&error, TT_ENOENT, "plugin orcheo"));
    orcheo.no_plugin = false;
    orcheo.no_admin = true;
    CU_ASSERT_EQUAL(call(engine_backfill, NULL), 0);
    CU_ASSERT_STRING_EQUAL(json_str(answer.body, "source"), "defaults");
    CU_ASSERT_EQUAL(call_with(engine_backfill, "judge", NULL, NULL),
                    TT_ENOENT);
    CU_ASSERT(err_says(&error, TT_ENOENT, "target demo/judge"));
    teardown();
}

/* --- pushed --------------------------------------------------------------- */

/* A pushed node with baseline v1 in Orcheo and v2 to promote. */
static void setup_push(void)
{
    setup(PUSH, "{'prod':{'answer':{'t':0.75,'p':'Answer.','model':'m'}}}");
    CU_ASSERT_EQUAL(call(engine_backfill, NULL), 0);
    add_version("answer", "{'t':0.3,'p':'Be brief.'}");
}

#define PROMOTE "{'version':'v2','reason':'better'}"
#define IS_V1 "{'t':0.75,'p':'Answer.','model':'m'}"
#define IS_V2 "{'t':0.3,'p':'Be brief.','model':'m'}"

static void a_push_writes_and_takes_back(void)
{
    setup_push();
    CU_ASSERT_EQUAL(call(engine_promote, PROMOTE), 0);
    CU_ASSERT(json_is(answer.body,
                      "{'status':'promoted','active_version':'v2'}"));
    CU_ASSERT(stored_is("answer", IS_V2));
    CU_ASSERT_EQUAL(active("answer"), 2);
    CU_ASSERT_EQUAL(n_intents(), 0);
    CU_ASSERT_EQUAL(n_events("delivery.start"), 1);
    CU_ASSERT_EQUAL(call(engine_promote, PROMOTE), 0); /* again: fine */
    CU_ASSERT_EQUAL(call(engine_rollback, "{'reason':'worse'}"), 0);
    CU_ASSERT(stored_is("answer", IS_V1));
    CU_ASSERT_EQUAL(active("answer"), 1);
    CU_ASSERT_EQUAL(call(engine_rollback, "{'reason':'worse'}"), TT_ECONFLICT);
    CU_ASSERT_EQUAL(n_intents(), 0);
    teardown();
}

static void a_push_refuses_a_foreign_edit(void)
{
    json_object *node;

    setup_push();
    node = json_child(json_child(orcheo.stored, "prod"), "answer");
    json_set_num(node, "t", 0.9);
    CU_ASSERT_EQUAL(call(engine_promote, PROMOTE), TT_ECONFLICT);
    CU_ASSERT(err_says(&error, TT_ECONFLICT, "t is 0.9"));
    CU_ASSERT(err_says(&error, TT_ECONFLICT, "0.75"));
    CU_ASSERT_EQUAL(orcheo.writes, 0);
    CU_ASSERT_EQUAL(active("answer"), 1);
    CU_ASSERT_EQUAL(n_intents(), 0);
    /* the mend: take it over, then promote */
    CU_ASSERT_EQUAL(call(engine_backfill, "{'adopt':true}"), 0);
    CU_ASSERT_STRING_EQUAL(json_str(answer.body, "status"), "adopted");
    CU_ASSERT_STRING_EQUAL(json_str(answer.body, "active_version"), "v3");
    CU_ASSERT_EQUAL(call(engine_promote, PROMOTE), 0);
    CU_ASSERT(stored_is("answer", IS_V2));
    CU_ASSERT_EQUAL(call(engine_rollback, "{'reason':'worse'}"), 0);
    CU_ASSERT(stored_is("answer", "{'t':0.9,'p':'Answer.','model':'m'}"));
    teardown();
}

static void an_upload_without_config_is_no_foreign_edit(void)
{
    setup_push();
    json_set(json_child(orcheo.stored, "prod"), "answer",
             json_object_new_object());
    CU_ASSERT_EQUAL(call(engine_promote, PROMOTE), 0);
    CU_ASSERT(stored_is("answer", "{'t':0.3,'p':'Be brief.'}"));
    teardown();
}

static void edit_in_between(void)
{
    json_set_num(json_child(json_child(orcheo.stored, "prod"), "answer"), "t",
                 0.9);
}

static void an_edit_between_read_and_write_wins(void)
{
    setup_push();
    orcheo.between = edit_in_between;
    CU_ASSERT_EQUAL(call(engine_promote, PROMOTE), TT_ECONFLICT);
    CU_ASSERT(stored_is("answer", "{'t':0.9,'p':'Answer.','model':'m'}"));
    CU_ASSERT_EQUAL(active("answer"), 1);
    CU_ASSERT_EQUAL(n_intents(), 0);
    CU_ASSERT_EQUAL(n_events("delivery.taken_back"), 1);
    teardown();
}

static void a_refused_write_leaves_nothing_behind(void)
{
    setup_push();
    orcheo.refuse = true;
    CU_ASSERT_EQUAL(call(engine_promote, PROMOTE), TT_EPERM);
    CU_ASSERT(stored_is("answer", IS_V1));
    CU_ASSERT_EQUAL(active("answer"), 1);
    CU_ASSERT_EQUAL(n_intents(), 0);
    teardown();
}

static void orcheo_down_refuses_before_anything_is_stored(void)
{
    setup_push();
    orcheo.down = true;
    CU_ASSERT_EQUAL(call(engine_promote, PROMOTE), TT_ETRANSIENT);
    CU_ASSERT_EQUAL(n_intents(), 0);
    CU_ASSERT_EQUAL(n_events("delivery.start"), 0);
    teardown();
}

/* Orcheo took it, its answer is lost, and it cannot be asked: what a crash
 * leaves behind too. */
static void setup_lost(void)
{
    setup_push();
    orcheo.lose_after = 1;
    CU_ASSERT_EQUAL(call(engine_promote, PROMOTE), TT_EUNAVAILABLE);
    CU_ASSERT(err_says(&error, TT_EUNAVAILABLE, "stays open"));
    CU_ASSERT_EQUAL(active("answer"), 1);
    CU_ASSERT_EQUAL(n_intents(), 1);
}

static void a_lost_answer_is_finished_at_the_next_start(void)
{
    setup_lost();
    CU_ASSERT_EQUAL(engine_deliveries_recover(&g), 1); /* still down */
    CU_ASSERT_EQUAL(n_intents(), 1);
    orcheo.down = false;
    CU_ASSERT_EQUAL(engine_deliveries_recover(&g), 0);
    CU_ASSERT_EQUAL(active("answer"), 2);
    CU_ASSERT_EQUAL(n_intents(), 0);
    CU_ASSERT(stored_is("answer", IS_V2));
    CU_ASSERT_EQUAL(engine_deliveries_recover(&g), 0);
    teardown();
}

static void a_lost_answer_is_settled_by_the_next_move(void)
{
    setup_lost();
    CU_ASSERT_EQUAL(call(engine_rollback, "{'reason':'x'}"), TT_EUNAVAILABLE);
    CU_ASSERT(err_says(&error, TT_EUNAVAILABLE, "cannot be settled"));
    orcheo.down = false;
    CU_ASSERT_EQUAL(call(engine_rollback, "{'reason':'x'}"), 0);
    CU_ASSERT_EQUAL(active("answer"), 1);
    CU_ASSERT_EQUAL(n_intents(), 0);
    CU_ASSERT(stored_is("answer", IS_V1));
    teardown();
}

static void an_intent_that_never_reached_orcheo_is_dropped(void)
{
    setup_lost();
    orcheo.down = false;
    json_object_put(orcheo.stored);
    orcheo.stored = json_of("{'prod':{'answer':" IS_V1 "}}");
    CU_ASSERT_EQUAL(engine_deliveries_recover(&g), 0);
    CU_ASSERT_EQUAL(active("answer"), 1);
    CU_ASSERT_EQUAL(n_intents(), 0);
    CU_ASSERT_EQUAL(n_events("delivery.taken_back"), 1);
    teardown();
}

static void an_interrupted_push_gives_way_to_an_edit(void)
{
    setup_lost();
    orcheo.down = false;
    edit_in_between();
    CU_ASSERT_EQUAL(engine_deliveries_recover(&g), 0);
    CU_ASSERT_EQUAL(active("answer"), 1);
    CU_ASSERT_EQUAL(n_intents(), 0);
    CU_ASSERT(stored_is("answer", "{'t':0.9,'p':'Be brief.','model':'m'}"));
    teardown();
}

static void other_environments_are_not_pushed(void)
{
    setup_push();
    CU_ASSERT_EQUAL(call(engine_promote,
                         "{'version':'v2','reason':'x',"
                         "'environment':'staging'}"),
                    0);
    CU_ASSERT(stored_is("answer", IS_V1));
    CU_ASSERT_EQUAL(orcheo.writes, 0);
    teardown();
}

/* --- several nodes at once ------------------------------------------------ */

static void setup_two(void)
{
    setup_push();
    put_target("judge", PUSH);
    json_set(json_child(orcheo.stored, "prod"), "judge",
             json_of("{'t':0.5,'p':'Judge.'}"));
    CU_ASSERT_EQUAL(call_with(engine_backfill, "judge", NULL, NULL), 0);
    add_version("judge", "{'t':0.1,'p':'Judge well.'}");
}

static int move_two(struct store_moved moved[2], struct err *e)
{
    const struct delivery_move moves[] = {
        { .workflow = "demo", .node = "answer", .environment = "production",
          .to = 2, .actor = "run:r-1", .reason = "won" },
        { .workflow = "demo", .node = "judge", .environment = "production",
          .to = 2, .actor = "run:r-1", .reason = "won" },
    };

    return delivery_move(&g, moves, 2, moved, e);
}

static void two_nodes_move_in_one_batch(void)
{
    struct store_moved moved[2];

    setup_two();
    CU_ASSERT_EQUAL(move_two(moved, NULL), 0);
    CU_ASSERT(moved[0].active == 2 && moved[1].active == 2);
    CU_ASSERT_EQUAL(moved[1].previous, 1);
    CU_ASSERT(stored_is("answer", IS_V2));
    CU_ASSERT(stored_is("judge", "{'t':0.1,'p':'Judge well.'}"));
    CU_ASSERT_EQUAL(n_intents(), 0);
    teardown();
}

static void edit_the_judge(void)
{
    if (orcheo.writes == 2)
        json_set_str(json_child(json_child(orcheo.stored, "prod"), "judge"),
                     "p", "Mine.");
}

static void when_the_second_fails_the_first_is_taken_back(void)
{
    struct store_moved moved[2];

    setup_two();
    orcheo.between = edit_the_judge;
    CU_ASSERT_EQUAL(move_two(moved, &error), TT_ECONFLICT);
    CU_ASSERT(stored_is("answer", IS_V1));
    CU_ASSERT(stored_is("judge", "{'t':0.5,'p':'Mine.'}"));
    CU_ASSERT(active("answer") == 1 && active("judge") == 1);
    CU_ASSERT_EQUAL(n_intents(), 0);
    teardown();
}

static void a_half_written_pair_is_finished_as_a_pair(void)
{
    struct store_moved moved[2];

    setup_two();
    orcheo.lose_after = 1;
    CU_ASSERT_EQUAL(move_two(moved, &error), TT_EUNAVAILABLE);
    CU_ASSERT(active("answer") == 1 && active("judge") == 1);
    CU_ASSERT_EQUAL(n_intents(), 2);
    orcheo.down = false;
    CU_ASSERT_EQUAL(engine_deliveries_recover(&g), 0);
    CU_ASSERT(active("answer") == 2 && active("judge") == 2);
    CU_ASSERT(stored_is("judge", "{'t':0.1,'p':'Judge well.'}"));
    CU_ASSERT_EQUAL(n_intents(), 0);
    teardown();
}

/* --- beside each other ---------------------------------------------------- */

static int second_code;
static struct err second_error;

/* A second promotion, while the first one waits for Orcheo. */
static void promote_again(void)
{
    struct delivery_move m = { .workflow = "demo", .node = "answer",
                               .environment = "production", .to = 1,
                               .actor = "bob", .reason = "me too" };
    struct store_moved moved;

    orcheo.between = NULL;
    second_code = delivery_move(&g, &m, 1, &moved, &second_error);
}

static void one_delivery_at_a_time(void)
{
    setup_push();
    memset(&second_error, 0, sizeof second_error);
    orcheo.between = promote_again;
    CU_ASSERT_EQUAL(call(engine_promote, PROMOTE), 0);
    CU_ASSERT_EQUAL(second_code, TT_ECONFLICT);
    CU_ASSERT(err_says(&second_error, TT_ECONFLICT, "being delivered"));
    CU_ASSERT_EQUAL(active("answer"), 2);
    teardown();
}

/* The pointer moves under a push's feet (another environment's rules do not
 * apply: somebody uses the store directly). */
static void move_the_pointer(void)
{
    struct store_batch *b = store_batch_create();
    struct store_move move = { .workflow = "demo", .node = "answer",
                               .environment = "production", .to = 3,
                               .actor = "bob", .reason = "first" };

    orcheo.between = NULL;
    store_promote(b, &move, NULL);
    CU_ASSERT_EQUAL(store_commit(g.store, b, NULL), 0);
}

static void a_lost_race_for_the_pointer_is_taken_back(void)
{
    setup_push();
    add_version("answer", "{'t':0.1,'p':'Third.'}");
    orcheo.between = move_the_pointer;
    CU_ASSERT_EQUAL(call(engine_promote, PROMOTE), TT_ECONFLICT);
    CU_ASSERT_EQUAL(active("answer"), 3);
    CU_ASSERT(stored_is("answer", IS_V1)); /* as it stood before */
    CU_ASSERT_EQUAL(n_intents(), 0);
    teardown();
}

static CU_TestInfo tests[] = {
    { "the seed's promote and rollback", the_seeds_promote_and_rollback },
    { "promoting the active version succeeds and is audited",
      promoting_the_active_version_succeeds_and_is_audited },
    { "bad moves are refused", bad_moves_are_refused },
    { "a reason has 1024 characters at most",
      a_reason_has_a_thousand_characters_at_most },
    { "without a baseline nothing is promoted",
      without_a_baseline_nothing_is_promoted },
    { "If-Match guards a move", if_match_guards_a_move },
    { "the baseline comes from Orcheo", the_baseline_comes_from_orcheo },
    { "a baseline is a point of the space or refused",
      a_baseline_is_a_point_of_the_space_or_refused },
    { "a baseline is not guessed when Orcheo is down",
      a_baseline_is_not_guessed_when_orcheo_is_down },
    { "a push writes and takes back", a_push_writes_and_takes_back },
    { "a push refuses a foreign edit", a_push_refuses_a_foreign_edit },
    { "an upload without config is no foreign edit",
      an_upload_without_config_is_no_foreign_edit },
    { "an edit between read and write wins",
      an_edit_between_read_and_write_wins },
    { "a refused write leaves nothing behind",
      a_refused_write_leaves_nothing_behind },
    { "Orcheo down refuses before anything is stored",
      orcheo_down_refuses_before_anything_is_stored },
    { "a lost answer is finished at the next start",
      a_lost_answer_is_finished_at_the_next_start },
    { "a lost answer is settled by the next move",
      a_lost_answer_is_settled_by_the_next_move },
    { "an intent that never reached Orcheo is dropped",
      an_intent_that_never_reached_orcheo_is_dropped },
    { "an interrupted push gives way to an edit",
      an_interrupted_push_gives_way_to_an_edit },
    { "other environments are not pushed", other_environments_are_not_pushed },
    { "two nodes move in one batch", two_nodes_move_in_one_batch },
    { "when the second fails, the first is taken back",
      when_the_second_fails_the_first_is_taken_back },
    { "a half-written pair is finished as a pair",
      a_half_written_pair_is_finished_as_a_pair },
    { "one delivery at a time", one_delivery_at_a_time },
    { "a lost race for the pointer is taken back",
      a_lost_race_for_the_pointer_is_taken_back },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("delivery", tests);
}
