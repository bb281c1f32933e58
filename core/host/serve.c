/* SPDX-License-Identifier: MIT
 *
 * serve.c - the worker's loop. One read is not one frame: bytes are gathered,
 * and frames taken from what is there until it is drained. */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/host/codec.h"
#include "core/host/serve.h"

#define READ_BYTES (64u << 10)

struct serve {
    int fd;
    struct buf in;      /* what was read and is not taken yet */
    struct buf held;    /* requests that came while a service was waited for */
    struct buf request; /* the frame that is worked on */
    struct buf answer;  /* the last answer of a service */
    struct buf payload;
    uint32_t n_services;
    bool gone; /* the other side */
    pthread_mutex_t out_lock; /* guards fd for writing: log lines come from any
                                 thread of the plugin */
};

struct serve *serve_create(int fd)
{
    struct serve *v = xcalloc(1, sizeof *v);

    v->fd = fd;
    pthread_mutex_init(&v->out_lock, NULL);
    return v;
}

void serve_destroy(struct serve *v)
{
    if (v == NULL)
        return;
    buf_fini(&v->in);
    buf_fini(&v->held);
    buf_fini(&v->request);
    buf_fini(&v->answer);
    buf_fini(&v->payload);
    pthread_mutex_destroy(&v->out_lock);
    free(v);
}

/* --- bytes ---------------------------------------------------------------- */

static int send_all(struct serve *v, const struct buf *out, struct err *e)
{
    size_t done = 0;
    ssize_t n;
    int rc = 0;

    pthread_mutex_lock(&v->out_lock);
    while (done < out->len && rc == 0) {
        n = write(v->fd, out->data + done, out->len - done);
        if (n > 0)
            done += (size_t)n;
        else if (n < 0 && errno != EINTR)
            rc = err_errno(e, TT_EIO, "fd 3");
    }
    pthread_mutex_unlock(&v->out_lock);
    return rc;
}

static int send_frame(struct serve *v, uint16_t type, uint32_t number,
                      struct tt_str payload, struct err *e)
{
    struct buf out = { 0 };
    int rc;

    frame_put(&out, type, number, payload);
    rc = send_all(v, &out, e);
    buf_fini(&out);
    return rc;
}

/* 1 and more bytes are there, 0 the other side is gone, TT_EIO. */
static int read_more(struct serve *v, struct err *e)
{
    ssize_t n;

    buf_reserve(&v->in, READ_BYTES);
    do {
        n = read(v->fd, v->in.data + v->in.len, READ_BYTES);
    } while (n < 0 && errno == EINTR);
    if (n < 0 && errno != ECONNRESET)
        return err_errno(e, TT_EIO, "fd 3");
    if (n <= 0) {
        v->gone = true;
        return 0;
    }
    v->in.len += (size_t)n;
    return 1;
}

/* Move the first whole frame of *from to *to: 1, 0 for none yet, negative. */
static int move_frame(struct buf *from, struct buf *to, struct err *e)
{
    struct frame f;
    int rc = frame_take(from, &f, e);
    size_t n;

    if (rc <= 0)
        return rc;
    n = FRAME_HEADER_BYTES + (size_t)f.payload.n;
    buf_add(to, from->data, n);
    buf_drop(from, n);
    return 1;
}

/* --- services ------------------------------------------------------------- */

static void say(void *ctx, int level, struct tt_str text)
{
    struct serve *v = ctx;
    struct buf payload = { 0 };

    if (text.n > 2000)
        text.n = 2000; /* the daemon cuts lines anyway */
    codec_put_log(&payload, level, text);
    (void)send_frame(v, FRAME_LOG, 0, buf_str(&payload), NULL);
    buf_fini(&payload);
}

/* Ask for a service and wait; what else arrives is held back. *f borrows from
 * v->answer. */
static int call(struct serve *v, uint16_t type, struct frame *f, struct err *e)
{
    uint32_t number = FRAME_FROM_WORKER | ++v->n_services;
    int rc = send_frame(v, type, number, buf_str(&v->payload), e);

    while (rc == 0) {
        buf_reset(&v->answer);
        rc = move_frame(&v->in, &v->answer, e);
        if (rc == 0) {
            rc = read_more(v, e);
            if (rc == 0)
                rc = err_set(e, TT_ECANCELLED, "the daemon is gone");
            rc = rc > 0 ? 0 : rc;
            continue;
        }
        if (rc < 0)
            break;
        (void)frame_take(&v->answer, f, NULL);
        if (f->type == frame_answer(type) && f->number == number)
            return 0;
        buf_add(&v->held, v->answer.data, v->answer.len);
        rc = 0;
    }
    return rc;
}

static int fetch(void *ctx, const struct tt_http_request *request,
                 struct tt_http_response *response, struct tt_error *error)
{
    struct serve *v = ctx;
    struct tt_http_response got;
    struct err e = { 0 };
    struct frame f;
    int code;

    buf_reset(&v->payload);
    codec_put_http(&v->payload, request);
    if (call(v, FRAME_HTTP, &f, &e) != 0 ||
        codec_get_http_answer(f.payload, &code, &got, &e) != 0)
        return tt_fail(error, e.code, "%s", e.text);
    response->status = got.status;
    response->retry_after_ms = got.retry_after_ms;
    response->body = got.body;
    if (response->size >= sizeof got)
        response->location = got.location;
    if (code == 0)
        return 0;
    if (error != NULL)
        error->retry_after_ms = (uint32_t)(got.retry_after_ms < UINT32_MAX
                                               ? got.retry_after_ms
                                               : UINT32_MAX);
    response->body.n = 0;
    return tt_fail(error, code, "%.*s", (int)got.body.n, got.body.p);
}

static int read_case(void *ctx, uint32_t split, uint64_t id, struct buf *out,
                     struct tt_error *error)
{
    struct serve *v = ctx;
    struct err e = { 0 };
    struct tt_str text;
    struct frame f;
    int code;

    buf_reset(&v->payload);
    codec_put_data(&v->payload, split, id);
    if (call(v, FRAME_DATA, &f, &e) != 0 ||
        codec_get_data_answer(f.payload, &code, &text, &e) != 0)
        return tt_fail(error, e.code, "%s", e.text);
    if (code != 0)
        return tt_fail(error, code, "%.*s", (int)text.n, text.p);
    buf_add(out, text.p, (size_t)text.n);
    return 0;
}

/* --- the loop ------------------------------------------------------------- */

int serve_hello(struct serve *v, json_object *hello, struct err *e)
{
    char *text = json_canonical_dup(hello);
    int rc = send_frame(v, FRAME_HELLO, 0, tt_str_of(text), e);

    free(text);
    return rc;
}

int serve_failure(struct serve *v, const struct err *failure, struct err *e)
{
    struct tt_error error = { .size = sizeof error };
    struct buf payload = { 0 };
    int rc;

    (void)tt_fail(&error, failure->code, "%s", failure->text);
    codec_put_error(&payload, &error);
    rc = send_frame(v, FRAME_ERROR, 0, buf_str(&payload), e);
    buf_fini(&payload);
    return rc;
}

/* The next request into v->request: 1, 0 when nobody is there, or negative. */
static int next_request(struct serve *v, struct err *e)
{
    int rc;

    buf_reset(&v->request);
    rc = move_frame(&v->held, &v->request, e);
    while (rc == 0) {
        rc = move_frame(&v->in, &v->request, e);
        if (rc != 0 || v->gone)
            break;
        rc = read_more(v, e);
        if (rc <= 0)
            break;
        rc = 0;
    }
    return rc;
}

int serve_run(struct serve *v, const struct tt_plugin *plugin, struct err *e)
{
    const struct host_services services = { .ctx = v, .log = say,
                                            .http = fetch, .data = read_case };
    struct host_session *session = host_session_create(plugin, &services);
    struct buf out = { 0 };
    struct frame f;
    int rc = 1;

    while (host_session_state(session) != FRAME_CLOSED) {
        rc = next_request(v, e);
        if (rc <= 0)
            break;
        (void)frame_take(&v->request, &f, NULL);
        buf_reset(&out);
        host_session_handle(session, &f, &out);
        if (v->gone || send_all(v, &out, NULL) != 0)
            break;
    }
    host_session_destroy(session);
    buf_fini(&out);
    return rc < 0 ? rc : 0;
}
