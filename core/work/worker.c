/* SPDX-License-Identifier: MIT
 *
 * worker.c - one worker: its requests, its bytes, its deadlines. What its
 * frames mean is in frames.c, how it ends in bury.c. */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/work/work_in.h"

#define READ_BYTES (64u << 10)
#define READS_A_TURN 16 /* then the others have their turn */
#define STOP_MS 2000    /* from CLOSE to SIGKILL */
#define EOF_MS 500      /* from the end of fd 3 to SIGKILL */

/* --- deadlines ------------------------------------------------------------ */

static int64_t earliest(int64_t a, int64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

static int64_t next_due(const struct worker *w)
{
    int64_t due = earliest(w->hello_due_ms, w->stop_due_ms);
    size_t i;

    due = earliest(due, w->eof_due_ms);
    for (i = 0; i < w->n_queue; i++)
        due = earliest(due, w->queue[i].due_ms);
    return due;
}

static void time_out(struct worker *w, const char *what, int64_t ms)
{
    w->timeout = true;
    (void)snprintf(w->cause, sizeof w->cause,
                   "%s within %" PRId64 " ms: killed", what, ms);
    worker_end(w);
}

static void on_due(void *ctx)
{
    struct worker *w = ctx;
    int64_t now = clock_mono_ms();
    char what[64];
    size_t i;

    w->timer = 0;
    if (w->killed)
        return;
    if (w->hello_due_ms != 0 && now >= w->hello_due_ms) {
        time_out(w, "no hello", w->work->options.hello_ms);
        return;
    }
    if (w->eof_due_ms != 0 && now >= w->eof_due_ms) {
        worker_violation(w, "it closed fd 3");
        return;
    }
    if (w->stop_due_ms != 0 && now >= w->stop_due_ms) {
        worker_end(w);
        return;
    }
    for (i = 0; i < w->n_queue; i++)
        if (w->queue[i].due_ms != 0 && now >= w->queue[i].due_ms) {
            (void)snprintf(what, sizeof what, "no answer to %s",
                           frame_name(w->queue[i].type));
            time_out(w, what, w->queue[i].allowed_ms);
            return;
        }
    worker_arm(w);
}

void worker_arm(struct worker *w)
{
    int64_t due = w->killed ? 0 : next_due(w);

    loop_cancel(w->work->loop, w->timer);
    w->timer = due != 0 ? loop_at(w->work->loop, due, on_due, w) : 0;
}

/* --- writing -------------------------------------------------------------- */

static void on_fd(void *ctx, uint32_t events);

static void watch_fd(struct worker *w, bool writing)
{
    if (w->fd < 0 || w->writing == writing)
        return;
    w->writing = writing;
    (void)loop_watch(w->work->loop, w->fd,
                     EPOLLIN | (writing ? (uint32_t)EPOLLOUT : 0), on_fd, w,
                     NULL);
}

/* An error here means that it is gone: its end says more than EPIPE. */
void worker_flush(struct worker *w)
{
    size_t done = 0;
    ssize_t n = 0;

    if (w->fd < 0 || w->state == FRAME_NEW || w->killed)
        return;
    while (done < w->out.len) {
        n = send(w->fd, w->out.data + done, w->out.len - done,
                 MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    if (n < 0 && errno != EAGAIN)
        done = w->out.len;
    buf_drop(&w->out, done);
    watch_fd(w, w->out.len > 0);
}

static uint32_t next_number(struct worker *w)
{
    w->last_number = (w->last_number + 1) & ~FRAME_FROM_WORKER;
    if (w->last_number == 0)
        w->last_number = 1;
    return w->last_number;
}

uint32_t worker_send(struct worker *w, uint16_t type, struct tt_str payload,
                     int64_t deadline_ms)
{
    struct request *r;

    if (w->n_queue == w->cap_queue) {
        w->cap_queue = w->cap_queue == 0 ? 4 : 2 * w->cap_queue;
        w->queue = xrealloc(w->queue, w->cap_queue, sizeof *w->queue);
    }
    r = &w->queue[w->n_queue++];
    r->number = next_number(w);
    r->type = type;
    r->allowed_ms = deadline_ms;
    r->due_ms = deadline_ms > 0 ? clock_mono_ms() + deadline_ms : 0;
    frame_put(&w->out, type, r->number, payload);
    worker_arm(w);
    worker_flush(w);
    return w->last_number;
}

void worker_reply(struct worker *w, uint32_t number, uint16_t type,
                  struct tt_str payload)
{
    if (w->killed || number == 0 || number != w->service ||
        type != frame_answer(w->service_type))
        return; /* too late: it is another worker's, or it was killed */
    w->service = 0;
    frame_put(&w->out, type, number, payload);
    worker_flush(w);
}

void worker_stop(struct worker *w)
{
    struct tt_str nothing = { NULL, 0 };

    if (w->expected)
        return;
    w->expected = true;
    if (w->state == FRAME_NEW || w->state == FRAME_CLOSED) {
        worker_end(w);
        return;
    }
    w->stop_due_ms = clock_mono_ms() + STOP_MS;
    w->close_number = worker_send(w, FRAME_CLOSE, nothing, 0);
}

void worker_kill(struct worker *w)
{
    w->expected = true;
    worker_end(w);
}

int worker_pid(const struct worker *w)
{
    return (int)w->pid;
}

/* --- reading -------------------------------------------------------------- */

static void at_eof(struct worker *w)
{
    loop_unwatch(w->work->loop, w->fd);
    close(w->fd);
    w->fd = -1;
    if (!w->killed && !w->expected)
        w->eof_due_ms = clock_mono_ms() + EOF_MS;
    worker_arm(w);
}

/* Bytes that came; 0 for none now; -1 when the other end is gone. */
static ssize_t receive(struct worker *w)
{
    ssize_t n;

    buf_reserve(&w->in, READ_BYTES);
    n = recv(w->fd, w->in.data + w->in.len, READ_BYTES, MSG_DONTWAIT);
    if (n > 0)
        w->in.len += (size_t)n;
    else
        n = n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
    return n;
}

static void read_fd(struct worker *w)
{
    int reads = READS_A_TURN;
    ssize_t n;

    do {
        n = receive(w);
    } while (n == READ_BYTES && --reads > 0);
    worker_frames(w);
    if (n < 0)
        at_eof(w);
}

static void on_fd(void *ctx, uint32_t events)
{
    struct worker *w = ctx;

    if ((events & EPOLLOUT) != 0)
        worker_flush(w);
    if ((events & ~(uint32_t)EPOLLOUT) != 0 && w->fd >= 0)
        read_fd(w);
}

static void read_err(struct worker *w, int reads)
{
    char bytes[4096];
    ssize_t n = 1;

    while (w->err_fd >= 0 && reads-- > 0 && n > 0) {
        n = read(w->err_fd, bytes, sizeof bytes);
        if (n > 0)
            chatter_bytes(w, bytes, (size_t)n);
        if (n == 0) {
            loop_unwatch(w->work->loop, w->err_fd);
            close(w->err_fd);
            w->err_fd = -1;
        }
    }
}

static void on_err(void *ctx, uint32_t events)
{
    (void)events;
    read_err(ctx, READS_A_TURN);
}

/* It is dead, so that both end; the bounds are for a stray child of its. */
void worker_drain(struct worker *w)
{
    int reads = 2 * (int)(FRAME_MAX_BYTES / READ_BYTES);

    while (w->fd >= 0 && reads-- > 0 && receive(w) > 0)
        worker_frames(w);
    read_err(w, 256);
    chatter_end(w);
}

/* --- birth ---------------------------------------------------------------- */

static void on_exit_of(void *ctx, uint32_t events)
{
    (void)events;
    worker_bury(ctx);
}

void worker_started(struct worker *w, const struct spawn *spawn)
{
    struct loop *loop = w->work->loop;
    struct err e = spawn->error;

    w->pid = spawn->pid;
    w->pid_fd = spawn->pid_fd;
    w->fd = spawn->fd;
    w->err_fd = spawn->err_fd;
    if (w->pid == 0 ||
        loop_watch(loop, w->pid_fd, EPOLLIN, on_exit_of, w, &e) != 0 ||
        loop_watch(loop, w->fd, EPOLLIN, on_fd, w, &e) != 0 ||
        loop_watch(loop, w->err_fd, EPOLLIN, on_err, w, &e) != 0) {
        (void)snprintf(w->cause, sizeof w->cause, "%s", e.text);
        worker_end(w);
        worker_bury(w);
        return;
    }
    if (w->killed)
        worker_end(w); /* while it was being started */
}

void worker_free(struct worker *w)
{
    chatter_fini(&w->chatter);
    buf_fini(&w->in);
    buf_fini(&w->out);
    free(w->queue);
    free(w->path);
    free(w->hash);
    free(w->id);
    free(w->version);
    free(w->label);
    free(w);
}
