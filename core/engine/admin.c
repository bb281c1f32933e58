/* SPDX-License-Identifier: MIT
 *
 * admin.c - one call through a worker of its own.
 *
 * On the engine's thread, step by step: hello -> OPEN -> ADMIN -> stop -> down.
 * The calling thread sleeps in engine_task_run() until the worker is gone, so
 * that no callback outlives what stands on its stack. */
#include "core/engine/admin.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/engine/engine_impl.h"
#include "core/engine/service.h"
#include "core/engine/space.h"
#include "core/host/codec.h"

#define OPEN_MS 30000
#define CALL_MS 120000

enum stage { STAGE_HELLO, STAGE_OPEN, STAGE_CALL, STAGE_ENDED };

struct admin {
    struct engine_task task; /* first: tasks are cast back */
    const struct admin_call *call;
    struct engine_plugin plugin;
    struct worker *worker;
    struct service service;
    struct space *space;
    json_object *config;
    enum stage stage;
    uint32_t number; /* of the request under way */
    json_object *answer;
    int code;
    struct err err;
};

static void end(struct admin *a, int code)
{
    if (a->stage == STAGE_ENDED)
        return;
    a->stage = STAGE_ENDED;
    a->code = code;
    if (a->worker != NULL)
        worker_stop(a->worker); /* down() ends the task */
}

/* --- requests to the plugin ----------------------------------------------- */

static void send_open(struct admin *a)
{
    static const struct tt_space empty = { .size = sizeof empty,
                                           .param_size =
                                               sizeof(struct tt_param) };
    struct arena arena = { 0 };
    struct buf evaluation = { 0 }, payload = { 0 };
    struct tt_setup setup = {
        .size = sizeof setup,
        .space = a->space != NULL ? &a->space->tt : &empty,
        .config = codec_config(a->config, &arena),
        .max_in_flight = 1,
        .timeout_ms = 300000,
    };

    if (a->call->evaluation != NULL)
        json_canonical(a->call->evaluation, &evaluation);
    else
        buf_adds(&evaluation, "{}");
    setup.evaluation = buf_str(&evaluation);
    codec_put_setup(&payload, &setup);
    a->stage = STAGE_OPEN;
    a->number = worker_send(a->worker, FRAME_OPEN, buf_str(&payload), OPEN_MS);
    buf_fini(&payload);
    buf_fini(&evaluation);
    arena_fini(&arena);
}

static void send_call(struct admin *a)
{
    int64_t timeout = a->call->timeout_ms > 0 ? a->call->timeout_ms : CALL_MS;
    struct buf params = { 0 }, payload = { 0 };
    struct tt_str parts[2];

    if (a->call->params != NULL)
        json_canonical(a->call->params, &params);
    else
        buf_adds(&params, "{}");
    parts[0] = tt_str_of(a->call->method);
    parts[1] = buf_str(&params);
    codec_put_strs(&payload, parts, 2);
    a->stage = STAGE_CALL;
    a->number = worker_send(a->worker, FRAME_ADMIN, buf_str(&payload), timeout);
    buf_fini(&payload);
    buf_fini(&params);
}

/* --- what the worker says ------------------------------------------------- */

static void on_hello(void *ctx, json_object *hello)
{
    struct admin *a = ctx;
    struct engine_plugin known; /* with the description just given */
    char name[80];
    int rc;

    engine_plugin_described(a->task.g, a->plugin.hash, hello);
    snprintf(name, sizeof name, "sha256:%s", a->plugin.hash);
    rc = engine_plugin_find(a->task.g, name, TT_KIND_ADAPTER, &known, &a->err);
    if (rc == 0) {
        rc = engine_plugin_check_config(&known, a->config, &a->err);
        engine_plugin_fini(&known);
    }
    if (rc < 0)
        end(a, rc);
    else
        send_open(a);
}

static void take_error(struct admin *a, const struct frame *f)
{
    struct tt_error said = { .size = sizeof said };
    int rc = codec_get_error(f->payload, &said, &a->err);

    if (rc == 0)
        rc = err_set(&a->err, said.code < 0 ? said.code : TT_EPLUGIN, "%s",
                     said.message[0] != '\0' ? said.message
                                             : "the adapter gave no reason");
    end(a, rc);
}

static void take_answer(struct admin *a, const struct frame *f)
{
    a->answer = json_parse(f->payload.p, (size_t)f->payload.n,
                           &json_limits_document, &a->err);
    if (json_object_is_type(a->answer, json_type_object)) {
        end(a, 0);
        return;
    }
    json_object_put(a->answer);
    a->answer = NULL;
    end(a, err_set(&a->err, TT_EPLUGIN,
                   "adapter %s %s: its answer to %s is no JSON object",
                   a->plugin.id, a->plugin.version, a->call->method));
}

static void on_answer(void *ctx, uint32_t number, const struct frame *f)
{
    struct admin *a = ctx;

    if (a->stage == STAGE_ENDED || number != a->number)
        return; /* of CLOSE */
    if (f->type == FRAME_ERROR)
        take_error(a, f);
    else if (a->stage == STAGE_OPEN)
        send_call(a);
    else
        take_answer(a, f);
}

/* --- a secret of the caller's own ----------------------------------------- */

/* "Bearer ${secret:orcheo}" with the token in place of the name. The plugin
 * does not see it; the broker logs no headers. */
static struct tt_str put_token(struct arena *arena, struct tt_str value,
                               const char *token)
{
    static const char open[] = "${secret:";
    const size_t n_open = sizeof open - 1;
    struct buf out = { 0 };
    struct tt_str made;
    uint64_t i = 0, end;

    while (i < value.n) {
        for (end = i; end < value.n && value.p[end] != '}'; end++)
            ;
        if (value.n - i > n_open && memcmp(value.p + i, open, n_open) == 0 &&
            end < value.n) {
            buf_adds(&out, token);
            i = end + 1;
        } else {
            buf_add(&out, value.p + i++, 1);
        }
    }
    made = arena_str(arena, buf_str(&out));
    buf_fini(&out);
    return made;
}

static void on_request(void *ctx, const struct frame *request)
{
    struct admin *a = ctx;
    struct arena arena = { 0 };
    const struct tt_http_request *http;
    struct tt_http_header *headers;
    struct tt_http_request mine;
    struct buf payload = { 0 };
    struct frame rewritten = *request;
    uint64_t i;

    if (a->call->token == NULL || request->type != FRAME_HTTP ||
        codec_get_http(request->payload, &arena, &http, NULL) < 0) {
        service_request(&a->service, a->worker, request);
        arena_fini(&arena);
        return;
    }
    mine = *http;
    headers = arena_alloc(&arena, (size_t)http->n_headers + 1,
                          sizeof *headers);
    for (i = 0; i < http->n_headers; i++) {
        headers[i].name = http->headers[i].name;
        headers[i].value = put_token(&arena, http->headers[i].value,
                                     a->call->token);
    }
    mine.headers = headers;
    codec_put_http(&payload, &mine);
    rewritten.payload = buf_str(&payload);
    service_request(&a->service, a->worker, &rewritten);
    buf_fini(&payload);
    arena_fini(&arena);
}

static void on_down(void *ctx, const struct worker_down *down)
{
    struct admin *a = ctx;

    a->worker = NULL;
    service_stop(&a->service);
    if (a->stage != STAGE_ENDED) {
        a->stage = STAGE_ENDED;
        a->code = err_set(&a->err, down->timeout ? TT_ETIMEOUT : TT_ECRASH,
                          "%s: %s", a->call->method, down->text);
    }
    engine_task_done(&a->task, a->code, &a->err);
}

/* --- the task ------------------------------------------------------------- */

static void start(struct engine_task *t)
{
    static const struct worker_callbacks callbacks = {
        .hello = on_hello,
        .answer = on_answer,
        .request = on_request,
        .down = on_down,
    };
    struct admin *a = (struct admin *)(void *)t;
    struct worker_spec spec = engine_plugin_spec(&a->plugin, a->call->label);

    a->service.g = t->g;
    a->service.label = a->call->label;
    a->service.permissions = a->plugin.permissions;
    a->worker = work_spawn(t->g->work, &spec, &callbacks, a, &a->err);
    if (a->worker == NULL)
        engine_task_done(t, a->err.code, &a->err);
}

static void stop(struct engine_task *t)
{
    struct admin *a = (struct admin *)(void *)t;

    if (a->stage != STAGE_ENDED) {
        a->stage = STAGE_ENDED;
        a->code = err_set(&a->err, TT_EUNAVAILABLE,
                          "%s: the daemon is stopping", a->call->method);
    }
    if (a->worker != NULL)
        worker_kill(a->worker); /* down() ends the task */
}

int admin_call(struct engine *g, const struct admin_call *call,
               json_object **answer, struct err *e)
{
    struct admin a = { .task = { .start = start, .stop = stop },
                       .call = call };
    int rc;

    *answer = NULL;
    rc = engine_plugin_find(g, call->plugin, TT_KIND_ADAPTER, &a.plugin, e);
    if (rc < 0)
        return rc;
    a.config = engine_plugin_config(g, &a.plugin, call->config);
    if (call->nodes != NULL) {
        a.space = space_create(call->nodes, e);
        rc = a.space == NULL ? TT_EINVAL : 0;
    }
    if (rc == 0)
        rc = engine_task_run(g, &a.task, e);
    if (rc == 0)
        *answer = a.answer;
    else
        json_object_put(a.answer);
    space_destroy(a.space);
    json_object_put(a.config);
    engine_plugin_fini(&a.plugin);
    return rc;
}
