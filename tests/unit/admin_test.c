/* SPDX-License-Identifier: MIT
 *
 * admin_test.c - one call through a worker of its own. The worker is played
 * by the test, frame by frame. */
#include "core/engine/admin.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/engine/engine_impl.h"
#include "core/engine/service.h"
#include "core/host/codec.h"
#include "tests/unit/json_of.h"
#include "tests/unit/tap.h"

/* --- the played worker ---------------------------------------------------- */

enum { DO_NOTHING, DO_DIE, DO_TIME_OUT, DO_OPEN_ERROR, DO_CALL_ERROR,
       DO_BAD_ANSWER, DO_STOP };

static struct {
    int what;
    const struct worker_callbacks *on;
    void *ctx;
    uint32_t n_sent;
    uint16_t last_type;
    bool stopped, killed;
    char spec[200];          /* "id version label" */
    char setup[400];         /* evaluation, and parameters, of OPEN */
    char config[200];
    char call[300];          /* method and params of ADMIN */
    char header[100];        /* Authorization, as the service got it */
    unsigned services_stopped;
    int bad_config;
    bool refuse_spawn;
} play;

struct worker *work_spawn(struct work *w, const struct worker_spec *spec,
                          const struct worker_callbacks *callbacks, void *ctx,
                          struct err *e)
{
    (void)w;
    if (play.refuse_spawn) {
        err_set(e, TT_EPLUGIN, "plugin orcheo: in quarantine");
        return NULL;
    }
    snprintf(play.spec, sizeof play.spec, "%s %s %s", spec->id, spec->version,
             spec->label);
    play.on = callbacks;
    play.ctx = ctx;
    return (struct worker *)(void *)&play;
}

static void keep_open(struct tt_str payload)
{
    struct arena a = { 0 };
    const struct tt_setup *setup;
    uint64_t i;
    size_t n;

    CU_ASSERT_EQUAL(codec_get_setup(payload, &a, &setup, NULL), 0);
    snprintf(play.setup, sizeof play.setup, "%.*s",
             (int)setup->evaluation.n, setup->evaluation.p);
    for (i = 0; i < setup->space->n_params; i++) {
        n = strlen(play.setup);
        snprintf(play.setup + n, sizeof play.setup - n, " %.*s",
                 (int)tt_space_param(setup->space, i)->name.n,
                 tt_space_param(setup->space, i)->name.p);
    }
    snprintf(play.config, sizeof play.config, "%.*s",
             (int)setup->config->json.n, setup->config->json.p);
    arena_fini(&a);
}

static void keep_call(struct tt_str payload)
{
    struct arena a = { 0 };
    const struct tt_str *strs;
    uint64_t n;

    CU_ASSERT_EQUAL(codec_get_strs(payload, &a, &strs, &n, NULL), 0);
    CU_ASSERT_EQUAL(n, 2);
    snprintf(play.call, sizeof play.call, "%.*s %.*s", (int)strs[0].n,
             strs[0].p, (int)strs[1].n, strs[1].p);
    arena_fini(&a);
}

uint32_t worker_send(struct worker *w, uint16_t type, struct tt_str payload,
                     int64_t deadline_ms)
{
    (void)w;
    CU_ASSERT(deadline_ms > 0);
    play.last_type = type;
    if (type == FRAME_OPEN)
        keep_open(payload);
    else if (type == FRAME_ADMIN)
        keep_call(payload);
    return ++play.n_sent;
}

void worker_stop(struct worker *w)
{
    (void)w;
    play.stopped = true;
}

void worker_kill(struct worker *w)
{
    (void)w;
    play.killed = true;
}

static void answer(uint16_t type, const char *payload)
{
    struct frame f = { type, play.n_sent, tt_str_of(payload) };

    play.on->answer(play.ctx, play.n_sent, &f);
}

static void answer_error(int code, const char *message)
{
    struct tt_error error = { .size = sizeof error, .code = code };
    struct buf b = { 0 };
    struct frame f = { FRAME_ERROR, play.n_sent, { NULL, 0 } };

    snprintf(error.message, sizeof error.message, "%s", message);
    codec_put_error(&b, &error);
    f.payload = buf_str(&b);
    play.on->answer(play.ctx, play.n_sent, &f);
    buf_fini(&b);
}

/* The plugin asks for a page, with a secret by name. */
static void ask_http(void)
{
    struct tt_http_header header = {
        tt_str_of("Authorization"), tt_str_of("Bearer ${secret:orcheo}!")
    };
    struct tt_http_request http = { .size = sizeof http,
                                    .method = tt_str_of("GET"),
                                    .url = tt_str_of("http://127.0.0.1/"),
                                    .headers = &header, .n_headers = 1 };
    struct buf b = { 0 };
    struct frame f = { FRAME_HTTP, FRAME_FROM_WORKER | 1, { NULL, 0 } };

    codec_put_http(&b, &http);
    f.payload = buf_str(&b);
    play.on->request(play.ctx, &f);
    buf_fini(&b);
}

static void go_down(bool timeout)
{
    struct worker_down down = { .timeout = timeout };

    snprintf(down.text, sizeof down.text,
             "adapter orcheo 1.0.0: killed by SIGSEGV");
    play.on->down(play.ctx, &down);
}

static void perform(struct engine_task *t)
{
    json_object *hello = json_of("{'plugin':{'id':'orcheo'}}");

    play.on->hello(play.ctx, hello);
    json_object_put(hello);
    if (play.bad_config < 0) {
        CU_ASSERT_EQUAL(play.n_sent, 0);
    } else if (play.what == DO_OPEN_ERROR) {
        answer_error(TT_EINVAL, "config: url is wrong");
    } else {
        CU_ASSERT_EQUAL(play.last_type, FRAME_OPEN);
        answer(FRAME_OK, "");
        CU_ASSERT_EQUAL(play.last_type, FRAME_ADMIN);
        ask_http();
        if (play.what == DO_STOP)
            t->stop(t);
        else if (play.what == DO_CALL_ERROR)
            answer_error(TT_ECONFLICT, "somebody edited it");
        else if (play.what == DO_BAD_ANSWER)
            answer(FRAME_BYTES, "[1]");
        else if (play.what == DO_NOTHING)
            answer(FRAME_BYTES, "{\"parameters\":{\"t\":1}}");
    }
    if (play.what == DO_DIE || play.what == DO_TIME_OUT)
        CU_ASSERT(!play.stopped);
    go_down(play.what == DO_TIME_OUT);
}

/* --- the engine around it ------------------------------------------------- */

int engine_task_run(struct engine *g, struct engine_task *t, struct err *e)
{
    t->g = g;
    t->start(t);
    if (!t->done)
        perform(t);
    CU_ASSERT(t->done);
    if (t->code < 0)
        err_set(e, t->code, "%s", t->err.text);
    return t->code;
}

void engine_task_done(struct engine_task *t, int code, const struct err *e)
{
    CU_ASSERT(!t->done);
    t->done = true;
    t->code = code;
    if (e != NULL)
        t->err = *e;
}

int engine_plugin_find(struct engine *g, const char *name, uint32_t kind,
                       struct engine_plugin *out, struct err *e)
{
    (void)g;
    memset(out, 0, sizeof *out);
    CU_ASSERT_EQUAL(kind, TT_KIND_ADAPTER);
    if (strcmp(name, "nobody") == 0)
        return err_set(e, TT_ENOENT, "plugin nobody: not here");
    snprintf(out->id, sizeof out->id, "orcheo");
    snprintf(out->version, sizeof out->version, "1.0.0");
    memset(out->hash, 'a', 64);
    return 0;
}

void engine_plugin_fini(struct engine_plugin *p)
{
    (void)p;
}

void engine_plugin_described(struct engine *g, const char *hash,
                             json_object *hello)
{
    (void)g;
    CU_ASSERT_EQUAL(strlen(hash), 64);
    CU_ASSERT_PTR_NOT_NULL(json_child(hello, "plugin"));
}

struct worker_spec engine_plugin_spec(const struct engine_plugin *p,
                                      const char *label)
{
    return (struct worker_spec){ .hash = p->hash, .id = p->id,
                                 .version = p->version, .label = label };
}

json_object *engine_plugin_config(struct engine *g,
                                  const struct engine_plugin *p,
                                  json_object *overrides)
{
    (void)g;
    (void)p;
    return overrides != NULL ? json_copy(overrides) : json_object_new_object();
}

int engine_plugin_check_config(const struct engine_plugin *p,
                               json_object *config, struct err *e)
{
    (void)p;
    if (play.bad_config < 0)
        return err_set(e, play.bad_config, "config: url: must be a string");
    json_set_str(config, "filled", "in");
    return 0;
}

void service_request(struct service *s, struct worker *w,
                     const struct frame *request)
{
    struct arena a = { 0 };
    const struct tt_http_request *http;

    (void)w;
    CU_ASSERT_STRING_EQUAL(s->label, "backfill");
    CU_ASSERT_EQUAL(request->number, FRAME_FROM_WORKER | 1);
    CU_ASSERT_EQUAL(codec_get_http(request->payload, &a, &http, NULL), 0);
    snprintf(play.header, sizeof play.header, "%.*s",
             (int)http->headers[0].value.n, http->headers[0].value.p);
    arena_fini(&a);
}

void service_stop(struct service *s)
{
    (void)s;
    play.services_stopped++;
}

/* --- tests ---------------------------------------------------------------- */

static struct err error;

/* Make the call; the answer, or NULL with error set. */
static json_object *call_it(int what, const char *plugin, const char *token)
{
    struct engine g;
    json_object *config = json_of("{'url':'http://127.0.0.1'}");
    json_object *evaluation = json_of("{'workflow':'eval'}");
    json_object *nodes = json_of("{'answer':{'t':{'type':'bool'}}}");
    json_object *params = json_of("{'node':'answer'}"), *out = NULL;
    struct admin_call c = { .label = "backfill", .plugin = plugin,
                            .config = config, .evaluation = evaluation,
                            .nodes = nodes, .token = token, .method = "read",
                            .params = params };
    int rc;

    memset(&g, 0, sizeof g);
    memset(&error, 0, sizeof error);
    play.what = what;
    rc = admin_call(&g, &c, &out, &error);
    CU_ASSERT_EQUAL(rc, error.code);
    CU_ASSERT_EQUAL(rc == 0, out != NULL);
    json_object_put(config);
    json_object_put(evaluation);
    json_object_put(nodes);
    json_object_put(params);
    return out;
}

static void reset(void)
{
    memset(&play, 0, sizeof play);
}

static void a_worker_is_opened_asked_and_stopped(void)
{
    json_object *out;

    reset();
    out = call_it(DO_NOTHING, "orcheo", NULL);
    CU_ASSERT(json_is(out, "{'parameters':{'t':1}}"));
    CU_ASSERT_STRING_EQUAL(play.spec, "orcheo 1.0.0 backfill");
    CU_ASSERT_STRING_EQUAL(play.setup, "{\"workflow\":\"eval\"} answer.t");
    CU_ASSERT_STRING_EQUAL(play.config, "{\"filled\":\"in\",\"url\":\"http://"
                                        "127.0.0.1\"}");
    CU_ASSERT_STRING_EQUAL(play.call, "read {\"node\":\"answer\"}");
    CU_ASSERT_STRING_EQUAL(play.header, "Bearer ${secret:orcheo}!");
    CU_ASSERT(play.stopped);
    CU_ASSERT_EQUAL(play.services_stopped, 1);
    json_object_put(out);
}

/* The doctor knows no target yet: an empty space, an empty evaluation. */
static void a_call_may_be_about_nothing_yet(void)
{
    struct admin_call c = { .label = "backfill", .plugin = "orcheo",
                            .method = "doctor" };
    json_object *out = NULL;
    struct engine g;

    reset();
    memset(&g, 0, sizeof g);
    CU_ASSERT_EQUAL(admin_call(&g, &c, &out, NULL), 0);
    CU_ASSERT_STRING_EQUAL(play.setup, "{}");
    CU_ASSERT_STRING_EQUAL(play.call, "doctor {}");
    json_object_put(out);
}

static void a_token_is_put_in_behind_the_plugins_back(void)
{
    json_object *out;

    reset();
    out = call_it(DO_NOTHING, "orcheo", "abc");
    CU_ASSERT_STRING_EQUAL(play.header, "Bearer abc!");
    CU_ASSERT(strstr(play.config, "abc") == NULL);
    CU_ASSERT(strstr(play.call, "abc") == NULL);
    json_object_put(out);
}

static void what_the_plugin_says_comes_through(void)
{
    reset();
    CU_ASSERT_PTR_NULL(call_it(DO_CALL_ERROR, "orcheo", NULL));
    CU_ASSERT(err_says(&error, TT_ECONFLICT, "somebody edited it"));
    CU_ASSERT(play.stopped);
    reset();
    CU_ASSERT_PTR_NULL(call_it(DO_OPEN_ERROR, "orcheo", NULL));
    CU_ASSERT(err_says(&error, TT_EINVAL, "url is wrong"));
    reset();
    CU_ASSERT_PTR_NULL(call_it(DO_BAD_ANSWER, "orcheo", NULL));
    CU_ASSERT(err_says(&error, TT_EPLUGIN, "no JSON object"));
}

static void a_worker_that_dies_is_an_error(void)
{
    reset();
    CU_ASSERT_PTR_NULL(call_it(DO_DIE, "orcheo", NULL));
    CU_ASSERT(err_says(&error, TT_ECRASH, "read: adapter orcheo 1.0.0"));
    CU_ASSERT_EQUAL(play.services_stopped, 1);
    reset();
    CU_ASSERT_PTR_NULL(call_it(DO_TIME_OUT, "orcheo", NULL));
    CU_ASSERT_EQUAL(error.code, TT_ETIMEOUT);
}

static void what_cannot_start_is_an_error(void)
{
    reset();
    CU_ASSERT_PTR_NULL(call_it(DO_NOTHING, "nobody", NULL));
    CU_ASSERT(err_says(&error, TT_ENOENT, "nobody"));
    play.refuse_spawn = true;
    CU_ASSERT_PTR_NULL(call_it(DO_NOTHING, "orcheo", NULL));
    CU_ASSERT(err_says(&error, TT_EPLUGIN, "quarantine"));
    reset();
    play.bad_config = TT_EINVAL;
    CU_ASSERT_PTR_NULL(call_it(DO_NOTHING, "orcheo", NULL));
    CU_ASSERT(err_says(&error, TT_EINVAL, "config: url"));
    CU_ASSERT(play.stopped);
}

static void a_stopping_engine_ends_the_call(void)
{
    reset();
    CU_ASSERT_PTR_NULL(call_it(DO_STOP, "orcheo", NULL));
    CU_ASSERT(err_says(&error, TT_EUNAVAILABLE, "stopping"));
    CU_ASSERT(play.killed);
}

static CU_TestInfo tests[] = {
    { "a worker is opened, asked and stopped",
      a_worker_is_opened_asked_and_stopped },
    { "a call may be about nothing yet", a_call_may_be_about_nothing_yet },
    { "a token is put in behind the plugin's back",
      a_token_is_put_in_behind_the_plugins_back },
    { "what the plugin says comes through",
      what_the_plugin_says_comes_through },
    { "a worker that dies is an error", a_worker_that_dies_is_an_error },
    { "what cannot start is an error", what_cannot_start_is_an_error },
    { "a stopping engine ends the call", a_stopping_engine_ends_the_call },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("admin", tests);
}
