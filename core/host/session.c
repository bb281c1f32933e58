/* SPDX-License-Identifier: MIT
 *
 * session.c - one plugin driven by frames: its life, its errors and its
 * services. What a strategy and an adapter answer is checked in
 * session_strategy.c and session_adapter.c. */
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/host/codec_wire.h"
#include "core/host/session_in.h"

/* --- errors -------------------------------------------------------------- */

int session_fault(struct host_session *s, const char *format, ...)
{
    va_list args;

    if (s->fault.code == 0) {
        s->fault.code = TT_EPLUGIN;
        va_start(args, format);
        (void)vsnprintf(s->fault.text, sizeof s->fault.text, format, args);
        va_end(args);
    }
    return s->fault.code;
}

int session_error(struct host_session *s, const struct err *e)
{
    memset(&s->error, 0, sizeof s->error);
    s->error.size = sizeof s->error;
    return tt_fail(&s->error, e->code, "%s", e->text);
}

static bool is_code(int code)
{
    switch (code) {
#define CODE_CASE(name, number, status, text) case number:
        TT_ERROR_TABLE(CODE_CASE)
#undef CODE_CASE
        return true;
    default:
        return false;
    }
}

int session_result(struct host_session *s, const char *call, int rc)
{
    if (s->fault.code != 0)
        return session_error(s, &s->fault);
    if (rc == 0)
        return 0;
    s->error.message[sizeof s->error.message - 1] = '\0';
    if (!is_code(rc))
        return tt_fail(&s->error, TT_EPLUGIN,
                       "%s returned %d, which is no TT_E code", call, rc);
    s->error.code = rc;
    if (s->error.message[0] == '\0')
        (void)tt_fail(&s->error, rc, "%s failed and did not say why", call);
    return rc;
}

int session_text(struct host_session *s, const char *name, struct tt_str text)
{
    if (text.n > 0 && text.p == NULL)
        return session_fault(s, "%s: a text of %llu bytes at NULL", name,
                             (unsigned long long)text.n);
    if (text.n > SESSION_MAX_ANSWER)
        return session_fault(s, "%s: a text of %llu bytes is too long", name,
                             (unsigned long long)text.n);
    if (!codec_is_text(text))
        return session_fault(s, "%s: not UTF-8, or it holds a NUL", name);
    return 0;
}

int session_room(struct host_session *s)
{
    if (s->answer.len <= SESSION_MAX_ANSWER)
        return 0;
    return session_fault(s, "the answer is longer than %u bytes",
                         SESSION_MAX_ANSWER);
}

static int sink_write(const struct tt_sink *sink, const void *bytes, uint64_t n)
{
    struct session_sink *k = sink->ctx;

    if (n > SESSION_MAX_ANSWER || k->out->len + n > SESSION_MAX_ANSWER) {
        (void)session_fault(k->s, "it writes more than %u bytes",
                            SESSION_MAX_ANSWER);
        return TT_ETOOBIG;
    }
    if (n > 0)
        buf_add(k->out, bytes, (size_t)n);
    return 0;
}

void session_sink_init(struct session_sink *k, struct host_session *s,
                       struct buf *out)
{
    k->sink.ctx = k;
    k->sink.write = sink_write;
    k->s = s;
    k->out = out;
}

/* --- what the plugin may call -------------------------------------------- */

static void say(const struct tt_host *host, int level, struct tt_str text)
{
    struct host_session *s = host->ctx;

    if (s->services.log == NULL || (text.p == NULL && text.n > 0))
        return;
    if (level != TT_LOG_ERROR && level != TT_LOG_WARN && level != TT_LOG_DEBUG)
        level = TT_LOG_INFO;
    s->services.log(s->services.ctx, level, text);
}

static int fetch(const struct tt_host *host,
                 const struct tt_http_request *request,
                 struct tt_http_response *response, struct tt_error *e)
{
    struct host_session *s = host->ctx;
    uint64_t i;

    if (!s->busy)
        return tt_fail(e, TT_EPERM, "%s: only inside submit, collect, find, "
                       "abandon and admin calls", TT_SERVICE_HTTP);
    if (request->size < sizeof *request ||
        response->size < offsetof(struct tt_http_response, location) ||
        (request->headers == NULL && request->n_headers > 0) ||
        request->n_headers > 1000 || request->body.n > SESSION_MAX_ANSWER)
        return tt_fail(e, TT_EINVAL, "%s: a request that cannot be: set .size "
                       "of request and response", TT_SERVICE_HTTP);
    if (!codec_is_text(request->method) || !codec_is_text(request->url))
        return tt_fail(e, TT_EINVAL, "%s: method or URL is not UTF-8",
                       TT_SERVICE_HTTP);
    for (i = 0; i < request->n_headers; i++)
        if (!codec_is_text(request->headers[i].name) ||
            !codec_is_text(request->headers[i].value))
            return tt_fail(e, TT_EINVAL, "%s: a header is not UTF-8",
                           TT_SERVICE_HTTP);
    return s->services.http(s->services.ctx, request, response, e);
}

static int read_case(const struct tt_host *host, uint32_t split, uint64_t id,
                     const struct tt_sink *sink, struct tt_error *e)
{
    struct host_session *s = host->ctx;
    struct buf text = { 0 };
    int rc;

    if (!s->busy)
        return tt_fail(e, TT_EPERM, "%s: only inside on_event and next",
                       TT_SERVICE_DATA);
    if (split < TT_TRAIN || split > TT_HOLDOUT)
        return tt_fail(e, TT_EINVAL, "%s: split %u is unknown", TT_SERVICE_DATA,
                       split);
    rc = s->services.data(s->services.ctx, split, id, &text, e);
    if (rc == 0)
        rc = sink->write(sink, text.data, text.len);
    buf_fini(&text);
    return rc;
}

static const struct tt_http_service http_service = { .fetch = fetch };
static const struct tt_data_service data_service = { .read = read_case };

static const void *service(const struct tt_host *host, const char *id)
{
    const struct host_session *s = host->ctx;

    if (strcmp(id, TT_SERVICE_HTTP) == 0 && s->plugin->adapter != NULL &&
        s->services.http != NULL)
        return &http_service;
    if (strcmp(id, TT_SERVICE_DATA) == 0 && s->plugin->strategy != NULL &&
        s->services.data != NULL)
        return &data_service;
    return NULL;
}

/* --- life ---------------------------------------------------------------- */

struct host_session *host_session_create(const struct tt_plugin *plugin,
                                         const struct host_services *services)
{
    struct host_session *s = xcalloc(1, sizeof *s);

    s->plugin = plugin;
    if (services != NULL)
        s->services = *services;
    s->state = FRAME_LOADED;
    s->host.size = sizeof s->host;
    s->host.abi_major = TT_ABI_MAJOR;
    s->host.abi_minor = TT_ABI_MINOR;
    s->host.ctx = s;
    s->host.log = say;
    s->host.get_service = service;
    return s;
}

static void close_instance(struct host_session *s)
{
    if (s->state == FRAME_STRATEGY)
        s->plugin->strategy->close(s->instance);
    else if (s->state == FRAME_ADAPTER)
        s->plugin->adapter->close(s->instance);
    s->instance = NULL;
    s->state = FRAME_CLOSED;
    refs_fini(&s->refs);
    arena_fini(&s->open_arena);
    buf_fini(&s->open_bytes);
}

void host_session_destroy(struct host_session *s)
{
    if (s == NULL)
        return;
    close_instance(s);
    arena_fini(&s->arena);
    buf_fini(&s->answer);
    free(s);
}

enum frame_state host_session_state(const struct host_session *s)
{
    return s->state;
}

/* --- VALIDATE and OPEN --------------------------------------------------- */

static int check_services(struct host_session *s)
{
    const char *const *id;

    for (id = s->plugin->services; id != NULL && *id != NULL; id++)
        if (service(&s->host, *id) == NULL)
            return tt_fail(&s->error, TT_EUNSUPPORTED,
                           "plugin %s %s needs the service %s, which is not "
                           "granted", s->plugin->id, s->plugin->version, *id);
    return 0;
}

static int validate(struct host_session *s, struct tt_str payload)
{
    const struct tt_problem *problem;
    const struct tt_snapshot *snapshot;
    const struct tt_setup *setup;
    struct err e = { 0 };
    int rc = 0;

    if (s->plugin->strategy != NULL) {
        if (codec_get_problem(payload, &s->arena, &problem, &snapshot, &e) != 0)
            return session_error(s, &e);
        if (s->plugin->strategy->validate != NULL)
            rc = s->plugin->strategy->validate(problem, &s->error);
    } else {
        if (codec_get_setup(payload, &s->arena, &setup, &e) != 0)
            return session_error(s, &e);
        if (s->plugin->adapter->validate != NULL)
            rc = s->plugin->adapter->validate(setup, &s->error);
    }
    return session_result(s, "validate", rc);
}

/* Not every version of a plugin reads what every other one wrote. */
static int check_schema(struct host_session *s,
                        const struct tt_snapshot *snapshot)
{
    const struct tt_plugin *p = s->plugin;

    if (snapshot == NULL || (snapshot->schema >= p->state_schema_min &&
                             snapshot->schema <= p->state_schema))
        return 0;
    return tt_fail(&s->error, TT_ESTATE, "plugin %s %s: reads snapshots of "
                   "schema %u to %u; this one is of %u", p->id, p->version,
                   p->state_schema_min, p->state_schema, snapshot->schema);
}

static int open_strategy(struct host_session *s, struct tt_str kept)
{
    const struct tt_problem *problem;
    const struct tt_snapshot *snapshot;
    struct err e = { 0 };
    int rc;

    if (codec_get_problem(kept, &s->open_arena, &problem, &snapshot, &e) != 0)
        return session_error(s, &e);
    s->n_params = problem->space->n_params;
    rc = check_schema(s, snapshot);
    if (rc != 0)
        return rc;
    s->restored = snapshot != NULL;
    rc = s->plugin->strategy->open(&s->host, problem, snapshot, &s->instance,
                                   &s->error);
    return session_result(s, "open", rc);
}

static int open_adapter(struct host_session *s, struct tt_str kept)
{
    const struct tt_setup *setup;
    struct err e = { 0 };
    int rc;

    if (codec_get_setup(kept, &s->open_arena, &setup, &e) != 0)
        return session_error(s, &e);
    s->n_params = setup->space->n_params;
    rc = s->plugin->adapter->open(&s->host, setup, &s->instance, &s->error);
    return session_result(s, "open", rc);
}

static int open_instance(struct host_session *s, struct tt_str payload)
{
    int rc = check_services(s);

    if (rc != 0)
        return rc;
    buf_reset(&s->open_bytes);
    buf_add(&s->open_bytes, payload.p, (size_t)payload.n);
    s->instance = NULL;
    rc = s->plugin->strategy != NULL
             ? open_strategy(s, buf_str(&s->open_bytes))
             : open_adapter(s, buf_str(&s->open_bytes));
    if (rc == 0 && s->instance == NULL)
        rc = tt_fail(&s->error, TT_EPLUGIN,
                     "open returned 0 and no instance");
    if (rc != 0)
        arena_fini(&s->open_arena);
    else
        s->state = s->plugin->strategy != NULL ? FRAME_STRATEGY : FRAME_ADAPTER;
    return rc;
}

/* --- one request --------------------------------------------------------- */

static int dispatch(struct host_session *s, const struct frame *request)
{
    struct err e = { 0 };

    if (frame_allowed(request->type, false, s->state, &e) != 0)
        return session_error(s, &e);
    switch (request->type) {
    case FRAME_VALIDATE:
        return validate(s, request->payload);
    case FRAME_OPEN:
        return open_instance(s, request->payload);
    case FRAME_STEP:
        return session_step(s, request->payload);
    case FRAME_SNAPSHOT:
        return session_snapshot(s);
    case FRAME_EXPLAIN:
        return session_explain(s, request->payload);
    case FRAME_SUBMIT:
        return session_submit(s, request->payload);
    case FRAME_COLLECT:
        return session_collect(s, request->payload);
    case FRAME_FIND:
        return session_find(s, request->payload);
    case FRAME_ABANDON:
        return session_abandon(s, request->payload);
    case FRAME_ADMIN:
        return session_admin(s, request->payload);
    case FRAME_CLOSE:
        close_instance(s);
        return 0;
    default:
        err_set(&e, TT_EPROTOCOL, "frame %s is not a request",
                frame_name(request->type));
        return session_error(s, &e);
    }
}

void host_session_handle(struct host_session *s, const struct frame *request,
                         struct buf *out)
{
    uint16_t answer = frame_answer(request->type);
    int rc;

    arena_fini(&s->arena);
    buf_reset(&s->answer);
    memset(&s->error, 0, sizeof s->error);
    s->error.size = sizeof s->error;
    memset(&s->fault, 0, sizeof s->fault);
    rc = dispatch(s, request);
    s->busy = false;
    if (rc == 0)
        rc = session_room(s) != 0 ? session_error(s, &s->fault) : 0;
    if (rc != 0) {
        buf_reset(&s->answer);
        codec_put_error(&s->answer, &s->error);
        answer = FRAME_ERROR;
    }
    frame_put(out, answer, request->number, buf_str(&s->answer));
}
