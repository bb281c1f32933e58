/* SPDX-License-Identifier: MIT
 *
 * plugin_channel.c - see plugin_channel.h. */
#include "config.h"

#include "core/plugin_channel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/crypt/crypt.h"
#include "core/host/codec.h"
#include "core/host/exec.h"
#include "core/host/host.h"
#include "core/work/work.h"

#define ASK_MS 60000 /* a person waits; a plugin in a loop is to be seen */

struct channel {
    json_object *hello;
    uint32_t number;
    struct buf out; /* the last answer, as a frame */
    /* in this process */
    struct host_session *session;
    /* in a worker */
    struct loop *loop;
    struct work *work;
    struct worker *worker; /* NULL when it is down */
    bool answered;
    char cause[512];
};

/* --- services, the same for both ------------------------------------------ */

static void say(void *ctx, int level, struct tt_str text)
{
    (void)ctx;
    (void)fprintf(stderr, "<%d>%.*s\n", level, (int)text.n, text.p);
}

void channel_case(uint64_t id, struct buf *out)
{
    buf_addf(out, "{\"case\":%llu}", (unsigned long long)id);
}

static int read_case(void *ctx, uint32_t split, uint64_t id, struct buf *out,
                     struct tt_error *e)
{
    (void)ctx;
    if (split != TT_TRAIN)
        return tt_fail(e, TT_EPERM, "only training cases are shown");
    channel_case(id, out);
    return 0;
}

static int no_http(void *ctx, const struct tt_http_request *request,
                   struct tt_http_response *response, struct tt_error *e)
{
    (void)ctx;
    (void)response;
    return tt_fail(e, TT_EUNSUPPORTED, "%.*s: there is no network here",
                   (int)request->url.n, request->url.p);
}

static const struct host_services services = { NULL, say, no_http, read_case };

/* As in a worker: else OpenBLAS may choose other kernels, and the logs differ
 * in the last bits. */
static int take_environment(struct err *e)
{
    size_t i;

    if (clearenv() != 0)
        return err_errno(e, TT_ENOMEM, "environment");
    for (i = 0; host_environment[i] != NULL; i++)
        if (putenv((char *)(uintptr_t)host_environment[i]) != 0)
            return err_errno(e, TT_ENOMEM, "environment");
    return 0;
}

/* Who confines the command of an exec plugin: said in the environment that we
 * are about to lose. */
static void keep_worker(void)
{
    static struct exec_start start;

    start.worker = xstrdup(getenv("TRIMTAB_WORKER"));
    exec_configure(&start);
}

static int load_here(struct channel *c, const char *path, struct err *e)
{
    const struct tt_plugin *plugin;

    if (exec_is(path))
        keep_worker();
    if (take_environment(e) != 0)
        return e->code;
    plugin = host_load(path, e);
    if (plugin == NULL)
        return e->code;
    c->hello = host_describe(plugin);
    c->session = host_session_create(plugin, &services);
    return 0;
}

/* --- in a worker ---------------------------------------------------------- */

static void on_hello(void *ctx, json_object *hello)
{
    struct channel *c = ctx;

    c->hello = json_object_get(hello);
    loop_stop(c->loop);
}

static void on_answer(void *ctx, uint32_t number, const struct frame *answer)
{
    struct channel *c = ctx;

    (void)number;
    buf_reset(&c->out);
    frame_put(&c->out, answer->type, c->number, answer->payload);
    c->answered = true;
    loop_stop(c->loop);
}

static void on_request(void *ctx, const struct frame *request)
{
    struct channel *c = ctx;
    struct tt_error error = { .size = sizeof error };
    struct buf payload = { 0 }, text = { 0 };
    uint32_t split;
    uint64_t id;
    int code = TT_EPROTOCOL;

    if (request->type == FRAME_HTTP)
        codec_put_http_answer(&payload, TT_EUNSUPPORTED, NULL,
                              "there is no network here");
    else {
        if (codec_get_data(request->payload, &split, &id, NULL) == 0)
            code = read_case(NULL, split, id, &text, &error);
        codec_put_data_answer(&payload, code,
                              code == 0 ? buf_str(&text)
                                        : tt_str_of(error.message));
    }
    worker_reply(c->worker, request->number, frame_answer(request->type),
                 buf_str(&payload));
    buf_fini(&payload);
    buf_fini(&text);
}

static void on_down(void *ctx, const struct worker_down *down)
{
    struct channel *c = ctx;

    (void)snprintf(c->cause, sizeof c->cause, "%s", down->text);
    c->worker = NULL;
    loop_stop(c->loop);
}

static int start_worker(struct channel *c, const char *path,
                        const char *worker_path, struct err *e)
{
    static const struct worker_callbacks callbacks = { on_hello, on_answer,
                                                       on_request, on_down };
    struct work_options options = work_defaults;
    struct worker_spec spec = { .path = path, .label = "plugin-run" };
    char hash[CRYPT_HEX_BYTES];
    struct host_note note;

    if (host_note_read(path, &note, e) != 0 || crypt_init(e) != 0 ||
        crypt_sha256_file(path, hash, e) != 0)
        return e->code;
    options.worker_path = worker_path;
    c->loop = loop_create(e);
    c->work = c->loop != NULL ? work_create(c->loop, &options, e) : NULL;
    if (c->work == NULL)
        return e->code;
    spec.hash = hash;
    spec.id = note.id;
    spec.version = note.version;
    spec.kind = note.kind;
    log_set_level(LOG_LEVEL_INFO);
    c->worker = work_spawn(c->work, &spec, &callbacks, c, e);
    if (c->worker == NULL)
        return e->code;
    while (c->worker != NULL && c->hello == NULL)
        loop_run(c->loop);
    return c->worker != NULL ? 0 : err_set(e, TT_ECRASH, "%s", c->cause);
}

static int ask_worker(struct channel *c, uint16_t type, struct tt_str payload,
                      struct err *e)
{
    c->answered = false;
    if (c->worker != NULL)
        (void)worker_send(c->worker, type, payload, ASK_MS);
    while (c->worker != NULL && !c->answered)
        loop_run(c->loop);
    return c->answered ? 0 : err_set(e, TT_ECRASH, "%s", c->cause);
}

/* --- both ----------------------------------------------------------------- */

struct channel *channel_open(const char *path, const char *worker_path,
                             struct err *e)
{
    struct channel *c = xcalloc(1, sizeof *c);
    char *absolute = exec_realpath(path, e);
    int rc;

    if (absolute == NULL)
        rc = e->code;
    else
        rc = worker_path != NULL ? start_worker(c, absolute, worker_path, e)
                                 : load_here(c, absolute, e);
    free(absolute);
    if (rc == 0)
        return c;
    channel_close(c);
    return NULL;
}

void channel_close(struct channel *c)
{
    if (c == NULL)
        return;
    host_session_destroy(c->session);
    work_destroy(c->work);
    loop_destroy(c->loop);
    json_object_put(c->hello);
    buf_fini(&c->out);
    free(c);
}

json_object *channel_hello(const struct channel *c)
{
    return c->hello;
}

int channel_ask(struct channel *c, uint16_t type, struct tt_str payload,
                struct frame *answer, struct err *e)
{
    struct frame request = { type, ++c->number, payload };
    struct tt_error error;
    int rc = 0;

    if (c->session != NULL) {
        buf_reset(&c->out);
        host_session_handle(c->session, &request, &c->out);
    } else {
        rc = ask_worker(c, type, payload, e);
    }
    if (rc == 0 && frame_take(&c->out, answer, e) != 1)
        rc = TT_EPROTOCOL;
    if (rc == 0 && answer->type == FRAME_ERROR) {
        if (codec_get_error(answer->payload, &error, e) != 0)
            return TT_EPROTOCOL;
        rc = err_set(e, error.code, "%s", error.message);
    }
    return rc;
}
