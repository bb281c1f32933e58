/* SPDX-License-Identifier: MIT
 *
 * frames.c - what a worker says on fd 3, checked against the table and against
 * what it was asked. Nothing of it is trusted: the first frame out of place is
 * the end of it. */
#include "config.h"

#include <stdarg.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/host/codec.h"
#include "core/work/work_in.h"

void worker_violation(struct worker *w, const char *format, ...)
{
    va_list args;
    size_t n;

    if (w->killed)
        return;
    w->protocol = true;
    (void)snprintf(w->cause, sizeof w->cause, "broke the protocol: ");
    n = strlen(w->cause);
    va_start(args, format);
    (void)vsnprintf(w->cause + n, sizeof w->cause - n, format, args);
    va_end(args);
    worker_end(w);
}

static void take_hello(struct worker *w, const struct frame *f)
{
    json_object *hello, *plugin;
    const char *id, *version;
    struct err e = { 0 };

    hello = json_parse(f->payload.p, (size_t)f->payload.n,
                       &json_limits_document, &e);
    plugin = json_child(hello, "plugin");
    id = json_str(plugin, "id");
    version = json_str(plugin, "version");
    if (id == NULL || version == NULL)
        worker_violation(w, "HELLO: %s", e.code != 0 ? e.text
                                                     : "no plugin in it");
    else if (strcmp(id, w->id) != 0 || strcmp(version, w->version) != 0)
        worker_violation(w, "HELLO: it says that it is %.64s %.32s", id,
                         version);
    else {
        w->hello_due_ms = 0;
        w->state = FRAME_LOADED;
        worker_arm(w);
        if (w->call.hello != NULL)
            w->call.hello(w->ctx, hello);
        worker_flush(w);
    }
    json_object_put(hello);
}

/* An ERROR before hello: it could not load the plugin, and ends by itself. */
static void take_failure(struct worker *w, const struct frame *f)
{
    struct tt_error error;
    struct err e = { 0 };

    if (codec_get_error(f->payload, &error, &e) != 0) {
        worker_violation(w, "%s", e.text);
        return;
    }
    w->refused = true;
    (void)snprintf(w->cause, sizeof w->cause, "could not be loaded: %s",
                   error.message);
}

static void take_log(struct worker *w, const struct frame *f)
{
    struct err e = { 0 };
    struct tt_str text;
    int level;

    if (codec_get_log(f->payload, &level, &text, &e) != 0)
        worker_violation(w, "LOG: %s", e.text);
    else
        chatter_log(w, level, text);
}

static void refuse_service(struct worker *w, const struct frame *f)
{
    static const char why[] = "this host grants no services";
    struct buf payload = { 0 };

    if (f->type == FRAME_HTTP)
        codec_put_http_answer(&payload, TT_EUNSUPPORTED, NULL, why);
    else
        codec_put_data_answer(&payload, TT_EUNSUPPORTED, tt_str_of(why));
    worker_reply(w, f->number, frame_answer(f->type), buf_str(&payload));
    buf_fini(&payload);
}

static void take_service(struct worker *w, const struct frame *f)
{
    if ((f->number & FRAME_FROM_WORKER) == 0 || f->number <= w->last_service)
        worker_violation(w, "%s: number %u is out of order",
                         frame_name(f->type), f->number);
    else if (w->n_queue == 0 || w->service != 0)
        worker_violation(w, "%s: %s", frame_name(f->type),
                         w->service != 0 ? "one is open already"
                                         : "nothing was asked of it");
    else {
        w->last_service = w->service = f->number;
        w->service_type = f->type;
        if (w->call.request != NULL)
            w->call.request(w->ctx, f);
        else
            refuse_service(w, f);
    }
}

static void change_state(struct worker *w, uint16_t request, uint16_t answer)
{
    if (request == FRAME_OPEN && answer == FRAME_OK)
        w->state = w->kind == TT_KIND_STRATEGY ? FRAME_STRATEGY
                                               : FRAME_ADAPTER;
    else if (request == FRAME_CLOSE && answer == FRAME_OK)
        w->state = FRAME_CLOSED;
}

static void take_answer(struct worker *w, const struct frame *f)
{
    struct request r;

    if (w->n_queue == 0 || f->number != w->queue[0].number) {
        worker_violation(w, "%s: it answers number %u, %s",
                         frame_name(f->type), f->number,
                         w->n_queue == 0 ? "nothing was asked"
                                         : "another is next");
        return;
    }
    r = w->queue[0];
    if (f->type != FRAME_ERROR && f->type != frame_answer(r.type)) {
        worker_violation(w, "%s is no answer to %s", frame_name(f->type),
                         frame_name(r.type));
        return;
    }
    if (w->service != 0) {
        worker_violation(w, "it answers %s while a %s of its own is open",
                         frame_name(r.type), frame_name(w->service_type));
        return;
    }
    w->n_queue--;
    memmove(w->queue, w->queue + 1, w->n_queue * sizeof *w->queue);
    change_state(w, r.type, f->type);
    worker_arm(w);
    if (r.number != w->close_number && w->call.answer != NULL)
        w->call.answer(w->ctx, r.number, f);
}

static void take_frame(struct worker *w, const struct frame *f)
{
    struct err e = { 0 };

    if (frame_allowed(f->type, true, w->state, &e) != 0) {
        worker_violation(w, "%s", e.text);
        return;
    }
    switch (f->type) {
    case FRAME_HELLO:
        take_hello(w, f);
        return;
    case FRAME_LOG:
        take_log(w, f);
        return;
    case FRAME_HTTP:
    case FRAME_DATA:
        take_service(w, f);
        return;
    default:
        if (w->state == FRAME_NEW)
            take_failure(w, f);
        else
            take_answer(w, f);
    }
}

/* Callbacks may kill the worker; the buffer stays as it is until the end. */
void worker_frames(struct worker *w)
{
    struct buf rest = w->in;
    struct frame f;
    struct err e = { 0 };
    size_t n, done = 0;
    int rc;

    while (!w->killed) {
        rest.data = w->in.data + done;
        rest.len = w->in.len - done;
        rc = rest.len > 0 ? frame_take(&rest, &f, &e) : 0;
        if (rc < 0)
            worker_violation(w, "%s", e.text);
        if (rc <= 0)
            break;
        n = FRAME_HEADER_BYTES + (size_t)f.payload.n;
        take_frame(w, &f);
        done += n;
    }
    buf_drop(&w->in, w->killed ? w->in.len : done);
}
