/* SPDX-License-Identifier: MIT
 *
 * work.c - the workers of a daemon as a whole. */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/work/work_in.h"

const struct work_options work_defaults = {
    .memory_bytes = UINT64_C(1) << 30,
    .cpu_seconds = 600,
    .n_files = 64,
    .uid = 65534,
    .gid = 65534,
    .hello_ms = 10000,
    .crash_limit = 3,
    .crash_window_ms = 10 * 60 * 1000,
};

/* --- what the spawner has done -------------------------------------------- */

static void take_started(struct work *w)
{
    struct spawn *s;

    while ((s = spawner_take(w->spawner)) != NULL) {
        worker_started(s->owner, s);
        spawn_free(s);
    }
}

static void on_done(void *ctx, uint32_t events)
{
    struct work *w = ctx;
    uint64_t n;

    (void)events;
    (void)!read(w->done_fd, &n, sizeof n);
    take_started(w);
}

/* --- life ----------------------------------------------------------------- */

struct work *work_create(struct loop *loop, const struct work_options *options,
                         struct err *e)
{
    struct work *w;

    if (options->worker_path == NULL || options->worker_path[0] != '/' ||
        access(options->worker_path, X_OK) != 0) {
        err_set(e, TT_EINVAL, "worker program %s: must be the absolute path of "
                "trimtab-worker; set workers.path", options->worker_path !=
                NULL ? options->worker_path : "(none)");
        return NULL;
    }
    w = xcalloc(1, sizeof *w);
    w->loop = loop;
    w->options = *options;
    w->worker_path = xstrdup(options->worker_path);
    w->crashes.limit = options->crash_limit;
    w->crashes.window_ms = options->crash_window_ms;
    w->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->done_fd < 0) {
        err_errno(e, TT_EIO, "workers: no descriptor left");
        goto fail;
    }
    w->spawner = spawner_create(w->done_fd, e);
    if (w->spawner == NULL ||
        loop_watch(loop, w->done_fd, EPOLLIN, on_done, w, e) != 0)
        goto fail;
    return w;
fail:
    work_destroy(w);
    return NULL;
}

/* All are killed first, then waited for one after the other. */
void work_destroy(struct work *w)
{
    struct worker *each;

    if (w == NULL)
        return;
    w->closing = true;
    for (each = w->workers; each != NULL; each = each->next)
        worker_kill(each);
    if (w->spawner != NULL) {
        spawner_stop(w->spawner);
        take_started(w);
    }
    while (w->workers != NULL)
        worker_bury(w->workers);
    spawner_destroy(w->spawner);
    if (w->done_fd >= 0) {
        loop_unwatch(w->loop, w->done_fd);
        close(w->done_fd);
    }
    crashes_fini(&w->crashes);
    free(w->worker_path);
    free(w);
}

/* --- spawning ------------------------------------------------------------- */

static char **arguments(const struct work *w, const struct worker_spec *spec)
{
    const struct work_options *o = &w->options;
    char **argv = xcalloc(24 + spec->n_read, sizeof *argv);
    size_t i, n = 0;

    argv[n++] = xstrdup(w->worker_path);
    argv[n++] = xasprintf("--plugin=%s", spec->path);
    argv[n++] = xasprintf("--label=%s", spec->label);
    argv[n++] = xasprintf("--memory=%" PRIu64, o->memory_bytes);
    argv[n++] = xasprintf("--cpu=%" PRIu64, o->cpu_seconds);
    argv[n++] = xasprintf("--files=%" PRIu64, o->n_files);
    argv[n++] = xasprintf("--uid=%" PRIu32, o->uid);
    argv[n++] = xasprintf("--gid=%" PRIu32, o->gid);
    argv[n++] = xasprintf("--parent=%d", (int)getpid());
    if (spec->threads)
        argv[n++] = xstrdup("--threads");
    for (i = 0; i < spec->n_read; i++)
        argv[n++] = xasprintf("--read=%s", spec->read[i]);
    return argv;
}

static int may_spawn(struct work *w, const struct worker_spec *spec,
                     struct err *e)
{
    int64_t since = crashes_quarantined(&w->crashes, spec->hash);
    char when[25];

    if (w->closing)
        return err_set(e, TT_EUNAVAILABLE, "the daemon stops");
    if (since == 0)
        return 0;
    clock_format(since, when);
    return err_set(e, TT_EPLUGIN, "plugin %s %s (sha256 %.12s...): in "
                   "quarantine since %s, after %u crashes in %" PRId64 " s: "
                   "replace the file, or restart the daemon to try it again",
                   spec->id, spec->version, spec->hash, when,
                   w->options.crash_limit, w->options.crash_window_ms / 1000);
}

struct worker *work_spawn(struct work *w, const struct worker_spec *spec,
                          const struct worker_callbacks *callbacks, void *ctx,
                          struct err *e)
{
    struct worker *n;
    struct spawn *s;

    if (may_spawn(w, spec, e) != 0)
        return NULL;
    n = xcalloc(1, sizeof *n);
    n->work = w;
    n->call = *callbacks;
    n->ctx = ctx;
    (void)snprintf(n->name, sizeof n->name, "w%u", ++w->n_started);
    n->path = xstrdup(spec->path);
    n->hash = xstrdup(spec->hash);
    n->id = xstrdup(spec->id);
    n->version = xstrdup(spec->version);
    n->label = xstrdup(spec->label != NULL ? spec->label : "-");
    n->kind = spec->kind;
    n->state = FRAME_NEW;
    n->pid_fd = n->fd = n->err_fd = -1;
    if (w->options.hello_ms > 0)
        n->hello_due_ms = clock_mono_ms() + w->options.hello_ms;
    n->next = w->workers;
    n->prev = &w->workers;
    if (n->next != NULL)
        n->next->prev = &n->next;
    w->workers = n;
    s = xcalloc(1, sizeof *s);
    s->owner = n;
    s->argv = arguments(w, spec);
    spawner_push(w->spawner, s);
    worker_arm(n);
    return n;
}

/* --- crashes -------------------------------------------------------------- */

int64_t work_backoff_ms(struct work *w, const char *hash)
{
    return crashes_backoff_ms(&w->crashes, hash);
}

bool work_quarantined(struct work *w, const char *hash)
{
    return crashes_quarantined(&w->crashes, hash) != 0;
}

void work_release(struct work *w, const char *hash)
{
    crashes_release(&w->crashes, hash);
}
