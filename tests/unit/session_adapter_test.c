/* SPDX-License-Identifier: MIT
 *
 * session_adapter_test.c - an adapter driven by frames in this process. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/host/host.h"
#include "tests/unit/codec_samples.h"
#include "tests/unit/tap.h"

/* --- an adapter that answers what the test says -------------------------- */

static struct script {
    struct tt_outcome emit[4];
    size_t n_emit;
    const char *fetch; /* a URL to ask first */
    const struct tt_host *host;
    struct tt_str abandoned;
} script;

static int script_open(const struct tt_host *host, const struct tt_setup *setup,
                       struct tt_instance **out, struct tt_error *e)
{
    const struct tt_http_service *http;
    struct tt_http_response response = { .size = sizeof response };

    http = host->get_service(host, TT_SERVICE_HTTP);
    CU_ASSERT_EQUAL(setup->timeout_ms, 60000);
    if (http != NULL) /* not yet: open is no place for requests */
        CU_ASSERT_EQUAL(http->fetch(host, &sample_request, &response, e),
                        TT_EPERM);
    script.host = host;
    *out = (struct tt_instance *)&script;
    return 0;
}

static int answer(const struct tt_outcome_sink *sink, struct tt_error *e)
{
    struct tt_http_request request = sample_request;
    struct tt_http_response response = { /* of a header before location */
        .size = offsetof(struct tt_http_response, location)
    };
    const struct tt_http_service *http;
    size_t i;
    int rc = 0;

    if (script.fetch != NULL) {
        http = script.host->get_service(script.host, TT_SERVICE_HTTP);
        request.url = tt_str_of(script.fetch);
        rc = http->fetch(script.host, &request, &response, e);
    }
    for (i = 0; rc == 0 && i < script.n_emit; i++)
        rc = sink->emit(sink, &script.emit[i]);
    return rc;
}

static int script_submit(struct tt_instance *self, const struct tt_batch *batch,
                         const struct tt_outcome_sink *sink, struct tt_error *e)
{
    (void)self;
    (void)batch;
    return answer(sink, e);
}

static int script_collect(struct tt_instance *self,
                          const struct tt_str *handles, uint64_t n,
                          const struct tt_outcome_sink *sink,
                          uint64_t *again_ms, struct tt_error *e)
{
    (void)self;
    (void)handles;
    (void)n;
    *again_ms = 0x1234567;
    return answer(sink, e);
}

static int script_find(struct tt_instance *self, struct tt_str label,
                       const struct tt_outcome_sink *sink, struct tt_error *e)
{
    (void)self;
    CU_ASSERT(tt_str_equal(label, tt_str_of("red")));
    return answer(sink, e);
}

static int script_abandon(struct tt_instance *self, struct tt_str handle,
                          struct tt_error *e)
{
    (void)self;
    (void)e;
    CU_ASSERT(tt_str_equal(handle, tt_str_of("red")));
    return 0;
}

static void script_close(struct tt_instance *self)
{
    (void)self;
}

static int script_admin(struct tt_instance *self, struct tt_str method,
                        struct tt_str params, const struct tt_sink *out,
                        struct tt_error *e)
{
    (void)self;
    (void)params;
    if (!tt_str_equal(method, tt_str_of("red")))
        return tt_fail(e, TT_EUNSUPPORTED, "no such method");
    return out->write(out, "{\"ok\":true}", 11);
}

static const struct tt_admin admin = { .call = script_admin };

static const void *script_extension(const char *id)
{
    return strcmp(id, TT_EXTENSION_ADMIN) == 0 ? &admin : NULL;
}

static const struct tt_adapter vtable = {
    .open = script_open,       .submit = script_submit,
    .collect = script_collect, .find = script_find,
    .abandon = script_abandon, .close = script_close,
    .get_extension = script_extension,
};
static const struct tt_plugin plugin = {
    .size = sizeof plugin, .abi_major = 1, .kind = TT_KIND_ADAPTER,
    .id = "script", .version = "1.0.0", .adapter = &vtable,
};

/* --- talking to a session ------------------------------------------------ */

struct talk {
    struct host_session *session;
    struct buf out, payload;
    struct arena arena;
    struct frame answer;
    struct tt_error error;
    struct codec_outcomes outcomes;
};

static int fetch(void *ctx, const struct tt_http_request *request,
                 struct tt_http_response *response, struct tt_error *e)
{
    (void)ctx;
    if (tt_str_equal(request->url, tt_str_of("http://refused/")))
        return tt_fail(e, TT_EPERM, "not on the list");
    response->status = 200;
    return 0;
}

static const struct host_services services = { .http = fetch };

static uint16_t ask(struct talk *t, uint16_t type)
{
    struct frame request = { type, 7, buf_str(&t->payload) };

    buf_reset(&t->out);
    host_session_handle(t->session, &request, &t->out);
    buf_reset(&t->payload);
    CU_ASSERT_EQUAL(frame_take(&t->out, &t->answer, NULL), 1);
    memset(&t->error, 0, sizeof t->error);
    if (t->answer.type == FRAME_ERROR)
        CU_ASSERT_EQUAL(codec_get_error(t->answer.payload, &t->error, NULL), 0);
    if (t->answer.type == FRAME_OUTCOMES)
        CU_ASSERT_EQUAL(codec_get_outcomes(t->answer.payload, &t->arena,
                                           &t->outcomes, NULL), 0);
    return t->answer.type;
}

static void talk_start(struct talk *t)
{
    memset(t, 0, sizeof *t);
    memset(&script, 0, sizeof script);
    t->session = host_session_create(&plugin, &services);
    codec_put_setup(&t->payload, &sample_setup);
    CU_ASSERT_EQUAL(ask(t, FRAME_VALIDATE), FRAME_OK);
    codec_put_setup(&t->payload, &sample_setup);
    CU_ASSERT_EQUAL(ask(t, FRAME_OPEN), FRAME_OK);
    CU_ASSERT_EQUAL(host_session_state(t->session), FRAME_ADAPTER);
}

static void talk_end(struct talk *t)
{
    host_session_destroy(t->session);
    arena_fini(&t->arena);
    buf_fini(&t->out);
    buf_fini(&t->payload);
}

static uint16_t submit(struct talk *t)
{
    codec_put_batch(&t->payload, &sample_batch);
    return ask(t, FRAME_SUBMIT);
}

static uint16_t with_strs(struct talk *t, uint16_t type, uint64_t n)
{
    codec_put_strs(&t->payload, sample_choices, n); /* "red", "grün" */
    return ask(t, type);
}

static bool says(const struct talk *t, int code, const char *part)
{
    if (t->error.code == code && strstr(t->error.message, part) != NULL)
        return true;
    printf("# %d: %s\n", t->error.code, t->error.message);
    return false;
}

static void emit(size_t i, const char *id, const char *handle)
{
    script.emit[i] = sample_outcome;
    script.emit[i].state = TT_RUNNING;
    script.emit[i].id = tt_str_of(id);
    script.emit[i].handle = tt_str_of(handle);
    script.n_emit = i + 1;
}

/* --- tests --------------------------------------------------------------- */

static void a_batch_is_answered_evaluation_by_evaluation(void)
{
    struct talk t;

    talk_start(&t);
    emit(0, "e-2", "h-2");
    emit(1, "e-1", "h-1");
    CU_ASSERT_EQUAL(submit(&t), FRAME_OUTCOMES);
    CU_ASSERT_EQUAL(t.outcomes.n, 2);
    CU_ASSERT_EQUAL(t.outcomes.again_ms, 0);
    talk_end(&t);
}

static void a_missing_a_double_and_a_strange_outcome_are_named(void)
{
    struct talk t;

    talk_start(&t);
    emit(0, "e-1", "h-1");
    CU_ASSERT_EQUAL(submit(&t), FRAME_ERROR);
    CU_ASSERT(says(&t, TT_EPLUGIN, "1 outcomes of 2"));
    emit(1, "e-1", "h-1");
    CU_ASSERT_EQUAL(submit(&t), FRAME_ERROR);
    CU_ASSERT(says(&t, TT_EPLUGIN, "two outcomes of \"e-1\""));
    emit(1, "e-9", "h-1");
    CU_ASSERT_EQUAL(submit(&t), FRAME_ERROR);
    CU_ASSERT(says(&t, TT_EPLUGIN, "\"e-9\", which was not asked for"));
    emit(0, "e-1", "");
    CU_ASSERT_EQUAL(submit(&t), FRAME_ERROR);
    CU_ASSERT(says(&t, TT_EPLUGIN, "has no handle"));
    emit(0, "e-1", "h-1");
    script.emit[0].state = 9;
    CU_ASSERT_EQUAL(submit(&t), FRAME_ERROR);
    CU_ASSERT(says(&t, TT_EPLUGIN, "state 9"));
    script.emit[0].size = 4;
    CU_ASSERT_EQUAL(submit(&t), FRAME_ERROR);
    CU_ASSERT(says(&t, TT_EPLUGIN, ".size"));
    talk_end(&t);
}

static void what_it_cost_must_be_a_cost(void)
{
    struct talk t;

    talk_start(&t);
    emit(0, "e-1", "h-1");
    emit(1, "e-2", "h-2");
    script.emit[0].cost = (double)NAN; /* not known */
    CU_ASSERT_EQUAL(submit(&t), FRAME_OUTCOMES);
    script.emit[0].cost = -0.5;
    CU_ASSERT_EQUAL(submit(&t), FRAME_ERROR);
    CU_ASSERT(says(&t, TT_EPLUGIN, "a cost of -0.5 cannot be"));
    script.emit[0].cost = HUGE_VAL;
    CU_ASSERT_EQUAL(submit(&t), FRAME_ERROR);
    CU_ASSERT(says(&t, TT_EPLUGIN, "a cost of inf cannot be"));
    script.emit[0].cost = 0;
    script.emit[1].tokens_out = UINT64_MAX;
    CU_ASSERT_EQUAL(submit(&t), FRAME_ERROR);
    CU_ASSERT(says(&t, TT_EPLUGIN, "18446744073709551615 tokens"));
    talk_end(&t);
}

static void collect_says_when_to_ask_again(void)
{
    struct talk t;

    talk_start(&t);
    emit(0, "e-1", "red");
    CU_ASSERT_EQUAL(with_strs(&t, FRAME_COLLECT, 2), FRAME_OUTCOMES);
    CU_ASSERT_EQUAL(t.outcomes.n, 1);
    CU_ASSERT_EQUAL(t.outcomes.again_ms, 0x1234567);
    emit(0, "e-1", "blue");
    CU_ASSERT_EQUAL(with_strs(&t, FRAME_COLLECT, 2), FRAME_ERROR);
    CU_ASSERT(says(&t, TT_EPLUGIN, "\"blue\""));
    talk_end(&t);
}

static void find_abandon_and_admin_take_their_texts(void)
{
    struct talk t;

    talk_start(&t);
    emit(0, "e-1", "h-1");
    CU_ASSERT_EQUAL(with_strs(&t, FRAME_FIND, 1), FRAME_OUTCOMES);
    CU_ASSERT_EQUAL(t.outcomes.n, 1);
    CU_ASSERT_EQUAL(with_strs(&t, FRAME_FIND, 2), FRAME_ERROR);
    CU_ASSERT(says(&t, TT_EPROTOCOL, "2, not 1"));
    CU_ASSERT_EQUAL(with_strs(&t, FRAME_ABANDON, 1), FRAME_OK);
    CU_ASSERT_EQUAL(with_strs(&t, FRAME_ADMIN, 2), FRAME_BYTES);
    CU_ASSERT(tt_str_equal(t.answer.payload, tt_str_of("{\"ok\":true}")));
    talk_end(&t);
}

static void requests_go_to_the_host_and_back(void)
{
    struct talk t;

    talk_start(&t);
    emit(0, "e-1", "h-1");
    emit(1, "e-2", "h-2");
    script.fetch = "http://fine/";
    CU_ASSERT_EQUAL(submit(&t), FRAME_OUTCOMES);
    script.fetch = "http://refused/";
    CU_ASSERT_EQUAL(submit(&t), FRAME_ERROR);
    CU_ASSERT(says(&t, TT_EPERM, "not on the list"));
    script.fetch = "http://\xff/";
    CU_ASSERT_EQUAL(submit(&t), FRAME_ERROR);
    CU_ASSERT(says(&t, TT_EINVAL, "UTF-8"));
    CU_ASSERT(script.host->get_service(script.host, TT_SERVICE_DATA) == NULL);
    talk_end(&t);
}

static CU_TestInfo tests[] = {
    { "a batch is answered evaluation by evaluation",
      a_batch_is_answered_evaluation_by_evaluation },
    { "a missing, a double and a strange outcome are named",
      a_missing_a_double_and_a_strange_outcome_are_named },
    { "what it cost must be a cost", what_it_cost_must_be_a_cost },
    { "collect says when to ask again", collect_says_when_to_ask_again },
    { "find, abandon and admin take their texts",
      find_abandon_and_admin_take_their_texts },
    { "requests go to the host and back", requests_go_to_the_host_and_back },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("session_adapter", tests);
}
