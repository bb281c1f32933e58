/* SPDX-License-Identifier: MIT
 *
 * doctor_test.c - what the daemon checks itself, what it asks the adapter,
 * and how a target is drafted. */
#include <string.h>

#include "core/base/mem.h"
#include "core/engine/admin.h"
#include "core/engine/engine_impl.h"
#include "tests/unit/json_of.h"
#include "tests/unit/tap.h"

/* --- the outside ---------------------------------------------------------- */

static struct {
    bool no_plugin;
    int probe, probe_with_secret; /* codes of our own requests */
    unsigned n_probes;
    char authorization[100];
    int code;              /* of the adapter's call */
    const char *answer;
    char method[20], token[40];
    json_object *config, *params, *nodes, *evaluation;
} outside;

int engine_plugin_find(struct engine *g, const char *name, uint32_t kind,
                       struct engine_plugin *out, struct err *e)
{
    (void)g;
    (void)kind;
    memset(out, 0, sizeof *out);
    if (outside.no_plugin)
        return err_set(e, TT_ENOENT, "plugin %s: not here; there are: local",
                       name);
    snprintf(out->id, sizeof out->id, "%s", name);
    snprintf(out->version, sizeof out->version, "1.0.0");
    memset(out->hash, 'a', 64);
    return 0;
}

void engine_plugin_fini(struct engine_plugin *p)
{
    (void)p;
}

json_object *engine_plugin_config(struct engine *g,
                                  const struct engine_plugin *p,
                                  json_object *overrides)
{
    json_object *config = json_of("{'url':'http://127.0.0.1:2025',"
                                  "'token_secret':'orcheo'}");

    (void)g;
    (void)p;
    if (overrides != NULL) {
        json_object_object_foreach(overrides, key, value)
        {
            json_set(config, key, json_copy(value));
        }
    }
    return config;
}

int broker_fetch_wait(struct broker *b, const struct broker_request *request,
                      struct broker_answer *answer, struct buf *body)
{
    (void)b;
    (void)body;
    outside.n_probes++;
    answer->code = request->http.n_headers > 0 ? outside.probe_with_secret
                                               : outside.probe;
    if (request->http.n_headers > 0)
        snprintf(outside.authorization, sizeof outside.authorization, "%.*s",
                 (int)request->http.headers[0].value.n,
                 request->http.headers[0].value.p);
    snprintf(answer->text, sizeof answer->text, "the broker says %d",
             answer->code);
    return answer->code;
}

int admin_call(struct engine *g, const struct admin_call *c,
               json_object **answer, struct err *e)
{
    (void)g;
    snprintf(outside.method, sizeof outside.method, "%s", c->method);
    snprintf(outside.token, sizeof outside.token, "%s",
             c->token != NULL ? c->token : "");
    outside.config = json_copy(c->config);
    outside.params = json_copy(c->params);
    outside.nodes = json_copy(c->nodes);
    outside.evaluation = json_copy(c->evaluation);
    *answer = NULL;
    if (outside.code < 0)
        return err_set(e, outside.code, "the adapter failed");
    *answer = json_of(outside.answer);
    return 0;
}

/* --- helpers -------------------------------------------------------------- */

static struct engine g;
static struct engine_answer answer;
static struct err error;

static void setup(void)
{
    struct store_options options = { .backend = "memory" };

    memset(&g, 0, sizeof g);
    memset(&outside, 0, sizeof outside);
    outside.answer = "{'ok':true,'checks':[{'name':'health','status':'ok',"
                     "'message':'up'}]}";
    g.store = store_open(&options, NULL);
}

static void teardown(void)
{
    json_object_put(outside.config);
    json_object_put(outside.params);
    json_object_put(outside.nodes);
    json_object_put(outside.evaluation);
    json_object_put(answer.body);
    memset(&answer, 0, sizeof answer);
    store_close(g.store);
}

static int call(engine_call_fn *fn, const char *body)
{
    struct engine_request q = { .actor = "ann", .workflow = "demo",
                                .node = "answer",
                                .body = body != NULL ? json_of(body) : NULL };
    int rc;

    json_object_put(answer.body);
    memset(&answer, 0, sizeof answer);
    memset(&error, 0, sizeof error);
    rc = fn(&g, &q, &answer, &error);
    json_object_put(q.body);
    return rc;
}

/* The status of a check, "" when there is none of this name. */
static const char *status_of(const char *name, const char *says)
{
    json_object *checks = json_child(answer.body, "checks");
    size_t i;

    for (i = 0; i < json_object_array_length(checks); i++) {
        json_object *c = json_object_array_get_idx(checks, i);

        if (strcmp(json_str(c, "name"), name) == 0 &&
            strstr(json_str(c, "message"), says) != NULL)
            return json_str(c, "status");
    }
    printf("# %s\n", json_object_to_json_string(checks));
    return "";
}

static bool ok(void)
{
    return json_object_get_boolean(json_child(answer.body, "ok"));
}

static void put(struct store_key key, const char *document)
{
    struct store_batch *b = store_batch_create();
    json_object *o = json_of(document);

    store_put_json(b, key, o);
    CU_ASSERT_EQUAL(store_commit(g.store, b, NULL), 0);
    json_object_put(o);
}

/* --- tests ---------------------------------------------------------------- */

static void a_sound_way_is_all_ok(void)
{
    setup();
    CU_ASSERT_EQUAL(call(engine_doctor, NULL), 0);
    CU_ASSERT(ok());
    CU_ASSERT_STRING_EQUAL(status_of("plugin", "adapter orcheo 1.0.0"), "ok");
    CU_ASSERT_STRING_EQUAL(status_of("allow list", "127.0.0.1"), "ok");
    CU_ASSERT_STRING_EQUAL(status_of("secret", "orcheo"), "ok");
    CU_ASSERT_STRING_EQUAL(status_of("health", "up"), "ok");
    CU_ASSERT_STRING_EQUAL(outside.authorization, "Bearer ${secret:orcheo}");
    CU_ASSERT_STRING_EQUAL(outside.method, "doctor");
    teardown();
}

static void a_missing_plugin_ends_the_visit(void)
{
    setup();
    outside.no_plugin = true;
    CU_ASSERT_EQUAL(call(engine_doctor, NULL), 0);
    CU_ASSERT(!ok());
    CU_ASSERT_STRING_EQUAL(status_of("plugin", "there are: local"), "fail");
    CU_ASSERT_STRING_EQUAL(outside.method, "");
    teardown();
}

static void the_allow_list_and_the_secret_are_told_apart(void)
{
    setup();
    outside.probe = outside.probe_with_secret = TT_EPERM;
    CU_ASSERT_EQUAL(call(engine_doctor, NULL), 0);
    CU_ASSERT(!ok());
    CU_ASSERT_STRING_EQUAL(status_of("allow list", "broker says"), "fail");
    CU_ASSERT_EQUAL(outside.n_probes, 1);
    teardown();
    setup();
    outside.probe_with_secret = TT_EINVAL;
    CU_ASSERT_EQUAL(call(engine_doctor, NULL), 0);
    CU_ASSERT_STRING_EQUAL(status_of("allow list", ""), "ok");
    CU_ASSERT_STRING_EQUAL(status_of("secret", "broker says"), "fail");
    teardown();
    /* no network: neither is to blame, the adapter will say */
    setup();
    outside.probe = outside.probe_with_secret = TT_ETRANSIENT;
    outside.code = TT_ETRANSIENT;
    CU_ASSERT_EQUAL(call(engine_doctor, NULL), 0);
    CU_ASSERT_STRING_EQUAL(status_of("allow list", ""), "ok");
    CU_ASSERT_STRING_EQUAL(status_of("adapter", "the adapter failed"), "fail");
    CU_ASSERT(!ok());
    teardown();
}

static void a_connection_of_ones_own_is_used(void)
{
    setup();
    CU_ASSERT_EQUAL(call(engine_doctor,
                         "{'connection':{'url':'http://10.0.0.1:1',"
                         "'token':'t0ken','workspace':'eval'}}"),
                    0);
    CU_ASSERT_STRING_EQUAL(outside.token, "t0ken");
    CU_ASSERT(json_is(outside.config,
                      "{'url':'http://10.0.0.1:1','workspace':'eval'}"));
    CU_ASSERT_EQUAL(outside.n_probes, 1); /* the operator's secret: not asked */
    CU_ASSERT(strstr(json_object_to_json_string(answer.body), "t0ken") ==
              NULL);
    CU_ASSERT_EQUAL(call(engine_doctor, "{'connection':{'tok':'x'}}"),
                    TT_EINVAL);
    CU_ASSERT_EQUAL(call(engine_doctor, "{'connection':{'token':'a\\nb'}}"),
                    TT_EINVAL);
    CU_ASSERT_EQUAL(call(engine_doctor, "{'connexion':{}}"), TT_EINVAL);
    teardown();
}

static void a_target_is_visited_with_one_of_its_cases(void)
{
    setup();
    put((struct store_key){ STORE_TARGET, { "demo", "answer" }, 0 },
        "{'parameters':{'t':{'type':'bool'}},'adapter':{'plugin':'orcheo',"
        "'config':{'workspace':'w'}},'evaluation':{'workflow':'eval'},"
        "'dataset':'qa'}");
    put((struct store_key){ STORE_DATASET, { "demo", "qa" }, 1 },
        "{'cases':[{'q':'h','split':'holdout'},"
        "{'q':'v','split':'validation'}]}");
    CU_ASSERT_EQUAL(call(engine_doctor, "{'target':{'workflow':'demo',"
                                        "'node':'answer'}}"),
                    0);
    CU_ASSERT(ok());
    CU_ASSERT(json_is(outside.params, "{'case':{'q':'v'}}"));
    CU_ASSERT(json_is(outside.nodes, "{'answer':{'t':{'type':'bool'}}}"));
    CU_ASSERT(json_is(outside.evaluation, "{'workflow':'eval'}"));
    CU_ASSERT(json_is(outside.config, "{'workspace':'w'}"));
    teardown();
}

static void what_is_missing_of_a_target_is_said(void)
{
    setup();
    CU_ASSERT_EQUAL(call(engine_doctor, "{'target':{'workflow':'demo',"
                                        "'node':'judge'}}"),
                    0);
    CU_ASSERT(!ok());
    CU_ASSERT_STRING_EQUAL(status_of("target", "no such target"), "fail");
    CU_ASSERT_STRING_EQUAL(status_of("health", "up"), "ok");
    teardown();
    setup();
    put((struct store_key){ STORE_TARGET, { "demo", "answer" }, 0 },
        "{'parameters':{'t':{'type':'bool'}},'adapter':{'plugin':'orcheo',"
        "'config':{}},'evaluation':{},'dataset':'lost'}");
    CU_ASSERT_EQUAL(call(engine_doctor, "{'target':{'workflow':'demo',"
                                        "'node':'answer'}}"),
                    0);
    CU_ASSERT(!ok());
    CU_ASSERT_STRING_EQUAL(status_of("dataset", "no such dataset"), "fail");
    teardown();
}

static void a_target_is_drafted_from_the_workflow(void)
{
    setup();
    outside.answer = "{'parameters':{'t':{'type':'bool'}}}";
    CU_ASSERT_EQUAL(call(engine_target_draft, NULL), 0);
    CU_ASSERT(json_is(answer.body, "{'parameters':{'t':{'type':'bool'}}}"));
    CU_ASSERT_STRING_EQUAL(outside.method, "draft");
    CU_ASSERT(json_is(outside.params,
                      "{'workflow':'demo','node':'answer'}"));
    teardown();
    setup();
    CU_ASSERT_EQUAL(call(engine_target_draft,
                         "{'workflow':'qa','version':3,"
                         "'connection':{'token':'t'}}"),
                    0);
    CU_ASSERT(json_is(outside.params, "{'workflow':'qa','node':'answer',"
                                      "'version':3}"));
    CU_ASSERT_STRING_EQUAL(outside.token, "t");
    teardown();
    setup();
    outside.code = TT_ENOENT;
    CU_ASSERT_EQUAL(call(engine_target_draft, NULL), TT_ENOENT);
    CU_ASSERT_PTR_NULL(answer.body);
    CU_ASSERT_EQUAL(call(engine_target_draft, "{'nodes':1}"), TT_EINVAL);
    teardown();
}

static CU_TestInfo tests[] = {
    { "a sound way is all ok", a_sound_way_is_all_ok },
    { "a missing plugin ends the visit", a_missing_plugin_ends_the_visit },
    { "the allow list and the secret are told apart",
      the_allow_list_and_the_secret_are_told_apart },
    { "a connection of one's own is used", a_connection_of_ones_own_is_used },
    { "a target is visited with one of its cases",
      a_target_is_visited_with_one_of_its_cases },
    { "what is missing of a target is said",
      what_is_missing_of_a_target_is_said },
    { "a target is drafted from the workflow",
      a_target_is_drafted_from_the_workflow },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("doctor", tests);
}
