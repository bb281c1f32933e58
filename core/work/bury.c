/* SPDX-License-Identifier: MIT
 *
 * bury.c - how a worker ends: killed, reaped, and told of with plugin, version,
 * hash and cause. */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/work/work_in.h"

#define SHOWN_HASH 12

/* The group goes with it: nothing can be in there where seccomp works. */
void worker_end(struct worker *w)
{
    w->killed = true;
    loop_cancel(w->work->loop, w->timer);
    w->timer = 0;
    if (w->pid <= 0)
        return; /* not started yet, or never */
    (void)kill(-w->pid, SIGKILL);
    (void)pidfd_send_signal(w->pid_fd, SIGKILL, NULL, 0);
}

/* What an unexpected signal probably means. */
static const char *hint(int signal)
{
    switch (signal) {
    case SIGXCPU:
        return " (its CPU time is used up)";
    case SIGXFSZ:
        return " (it may not write files)";
    case SIGSYS:
        return " (a system call that the sandbox forbids)";
    case SIGKILL:
        return " (by somebody else: out of memory?)";
    default:
        return "";
    }
}

static const char *doing(const struct worker *w, char out[64])
{
    if (w->state == FRAME_NEW)
        return "while it was loaded";
    if (w->n_queue == 0)
        return "while it had nothing to do";
    (void)snprintf(out, 64, "while it worked on %s",
                   frame_name(w->queue[0].type));
    return out;
}

static void say_cause(const struct worker *w, const struct worker_down *down,
                      char *out, size_t size)
{
    const char *signal = sigabbrev_np(down->signal);
    char what[64];

    if (w->cause[0] != '\0')
        (void)snprintf(out, size, "%s%s%s", w->cause,
                       w->timeout || w->protocol ? " " : "",
                       w->timeout || w->protocol ? doing(w, what) : "");
    else if (down->expected)
        (void)snprintf(out, size, "stopped");
    else if (down->signal != 0)
        (void)snprintf(out, size, "killed by SIG%s%s %s",
                       signal != NULL ? signal : "?", hint(down->signal),
                       doing(w, what));
    else
        (void)snprintf(out, size, "exited with status %d %s",
                       down->exit_status, doing(w, what));
}

static void describe(const struct worker *w, struct worker_down *down)
{
    char cause[1300];
    int n;

    say_cause(w, down, cause, sizeof cause);
    n = snprintf(down->text, sizeof down->text,
                 "%s %s %s (sha256 %.*s...): %.350s",
                 w->kind == TT_KIND_STRATEGY ? "strategy" : "adapter", w->id,
                 w->version, SHOWN_HASH, w->hash, cause);
    if (!down->expected && w->chatter.last[0] != '\0' && n > 0 &&
        (size_t)n + 20 < sizeof down->text)
        (void)snprintf(down->text + n, sizeof down->text - (size_t)n,
                       "; it last said: %.159s", w->chatter.last);
}

static void close_fd(struct worker *w, int *fd)
{
    if (*fd < 0)
        return;
    loop_unwatch(w->work->loop, *fd);
    close(*fd);
    *fd = -1;
}

/* Waits until it is dead; the caller knows that it is, or has killed it. */
static void reap(struct worker *w, struct worker_down *down)
{
    siginfo_t info = { 0 };
    int rc;

    do {
        rc = waitid(P_PIDFD, (id_t)w->pid_fd, &info, WEXITED);
    } while (rc != 0 && errno == EINTR);
    if (info.si_code == CLD_EXITED)
        down->exit_status = info.si_status;
    else
        down->signal = info.si_status;
}

static void count(struct worker *w, const struct worker_down *down)
{
    struct work *work = w->work;

    if (down->expected) {
        log_debug("worker.end", "worker=%s plugin=%s label=%s", w->name, w->id,
                  w->label);
        return;
    }
    log_warn("worker.crash", "worker=%s label=%s cause=\"%s\"", w->name,
             w->label, down->text);
    if (crashes_add(&work->crashes, w->hash, w->pid > 0))
        log_error("plugin.quarantine", "plugin=%s version=%s hash=%s "
                  "crashes=%u", w->id, w->version, w->hash,
                  work->options.crash_limit);
}

void worker_bury(struct worker *w)
{
    struct worker_down down = { 0 };

    if (w->pid > 0) {
        worker_drain(w); /* its last frames may call us back */
        (void)kill(-w->pid, SIGKILL); /* what it may have left in its group */
        reap(w, &down);
    }
    close_fd(w, &w->fd);
    close_fd(w, &w->err_fd);
    close_fd(w, &w->pid_fd);
    loop_cancel(w->work->loop, w->timer);
    *w->prev = w->next;
    if (w->next != NULL)
        w->next->prev = w->prev;
    /* A CLOSE that it answered is a wish, whoever sent it. */
    if (w->state == FRAME_CLOSED && down.signal == 0 && down.exit_status == 0)
        w->expected = true;
    down.expected = w->expected;
    down.timeout = w->timeout && !w->expected;
    down.protocol = w->protocol && !w->expected;
    describe(w, &down);
    count(w, &down);
    if (w->call.down != NULL)
        w->call.down(w->ctx, &down);
    worker_free(w);
}
