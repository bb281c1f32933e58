/* SPDX-License-Identifier: MIT
 *
 * writer.c - queue, group, write, anchor, acknowledge. */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "core/base/fs.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "store/apply.h"
#include "store/writer.h"

/* A group beyond this waits for its own write: it bounds what one fsync
 * carries, and with it how long the first of the group waits. */
#define GROUP_MAX_BYTES ((size_t)8 << 20)

struct request {
    struct request *next;
    struct store_batch *batch;
    struct err *e;
    int code;
    sem_t done;
};

struct writer {
    struct writer_setup setup;
    struct group group;          /* the thread's */
    pthread_t thread;
    pthread_mutex_t lock;        /* queue, stop, fn */
    pthread_cond_t more;
    struct request *first, **last;
    bool stop;
    store_moved_fn *fn;
    void *fn_ctx;
    /* After a failed write nobody knows what is on the disk: a second fsync
     * may well say yes to lost bytes. So the first failure is the last. */
    atomic_bool failed;
    struct err failure;          /* set before failed, never after */
};

static int check_failed(struct writer *w, struct err *e)
{
    if (!atomic_load_explicit(&w->failed, memory_order_acquire))
        return 0;
    return err_set(e, TT_EIO, "store: takes no writes until a restart, one "
                   "has failed: %s", w->failure.text);
}

static int check_fence(struct writer *w, struct err *e)
{
    int64_t bytes;

    if (w->setup.path == NULL || w->setup.min_free_bytes <= 0)
        return 0;
    bytes = fs_free_bytes(w->setup.path);
    if (bytes < 0 || bytes >= w->setup.min_free_bytes)
        return 0;
    return err_set(e, TT_ENOSPC, "store %s: %" PRId64 " bytes are free, less "
                   "than the %" PRId64 " to keep: make room", w->setup.path,
                   bytes, w->setup.min_free_bytes);
}

int writer_check(struct writer *w, struct err *e)
{
    int rc = check_failed(w, e);

    return rc != 0 ? rc : check_fence(w, e);
}

static void fail(struct writer *w, const struct err *why)
{
    w->failure = *why;
    atomic_store_explicit(&w->failed, true, memory_order_release);
    log_error("store.failed", "error=\"%s\"", why->text);
}

/* --- one group ----------------------------------------------------------- */

static int write_group(struct writer *w, bool anchored, struct err *e)
{
    struct group *g = &w->group;
    struct kv *kv = w->setup.kv;
    struct anchor_state state;
    int rc;

    if (g->pending.n == 0)
        return 0;
    rc = kv->methods->write(kv, g->pending.ops, g->pending.n, true, e);
    if (rc != 0 || w->setup.anchor == NULL)
        return rc;
    state.sequence = kv->methods->sequence(kv);
    state.head = g->head;
    return anchor_move(w->setup.anchor, &state, anchored, e);
}

/* Tell the callers' variables, and whoever wants to know of moves. */
static void tell(struct writer *w, const struct store_batch *b)
{
    size_t i;

    for (i = 0; i < b->n_steps; i++) {
        const struct step *step = &b->steps[i];

        if (step->kind == STEP_VERSION && step->number_out != NULL)
            *step->number_out = step->number;
        if (step->kind == STEP_MOVE && step->moved_out != NULL)
            *step->moved_out = step->moved;
        if (step->has_moved && w->fn != NULL)
            w->fn(w->fn_ctx, &step->move, &step->moved);
    }
}

/* Decide the batches from `from` on, up to a group's limit; returns the first
 * one that is left over. */
static struct request *decide(struct writer *w, struct request *from,
                              bool *anchored)
{
    struct request *r;
    size_t bytes = 0;

    for (r = from; r != NULL && bytes < GROUP_MAX_BYTES; r = r->next) {
        r->code = apply_batch(&w->group, r->batch, r->e);
        if (r->code == 0) {
            bytes += r->batch->bytes;
            *anchored |= r->batch->is_anchored;
        }
    }
    return r;
}

static void answer(struct writer *w, struct request *from, struct request *end,
                   int code, const struct err *why)
{
    struct request *r, *next;

    for (r = from; r != end; r = next) {
        next = r->next; /* r is gone once its owner is told */
        if (code != 0)
            r->code = err_set(r->e, code, "%s", why->text);
        else if (r->code == 0)
            tell(w, r->batch);
        sem_post(&r->done);
    }
}

static struct request *run_group(struct writer *w, struct request *from)
{
    struct request *end = NULL;
    struct err e = { 0 };
    bool anchored = false;
    int rc = writer_check(w, &e);

    if (rc == 0) {
        end = decide(w, from, &anchored);
        rc = write_group(w, anchored, &e);
        pending_reset(&w->group.pending);
        if (rc != 0) {
            fail(w, &e);
            rc = TT_EIO;
        }
    }
    answer(w, from, end, rc, &e);
    return end;
}

static void *run(void *arg)
{
    struct writer *w = arg;
    struct request *r;

    pthread_mutex_lock(&w->lock);
    for (;;) {
        while (w->first == NULL && !w->stop)
            pthread_cond_wait(&w->more, &w->lock);
        r = w->first;
        if (r == NULL)
            break;
        w->first = NULL;
        w->last = &w->first;
        pthread_mutex_unlock(&w->lock);
        while (r != NULL)
            r = run_group(w, r);
        pthread_mutex_lock(&w->lock);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* --- for the others ------------------------------------------------------ */

int writer_commit(struct writer *w, struct store_batch *b, struct err *e)
{
    struct request r = { .batch = b, .e = e };

    sem_init(&r.done, 0, 0);
    pthread_mutex_lock(&w->lock);
    /* It is off the queue before we return. */
    /* cppcheck-suppress autoVariables */
    *w->last = &r;
    /* r is off the queue before its owner is told, below */
    /* cppcheck-suppress autoVariables */
    w->last = &r.next;
    pthread_cond_signal(&w->more);
    pthread_mutex_unlock(&w->lock);
    while (sem_wait(&r.done) != 0)
        continue; /* a signal */
    sem_destroy(&r.done);
    return r.code;
}

void writer_on_move(struct writer *w, store_moved_fn *fn, void *ctx)
{
    pthread_mutex_lock(&w->lock);
    w->fn = fn;
    w->fn_ctx = ctx;
    pthread_mutex_unlock(&w->lock);
}

/* Signals are for the threads that wait for them. */
static int start(struct writer *w)
{
    sigset_t all, old;
    int rc;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    rc = pthread_create(&w->thread, NULL, run, w);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return rc;
}

struct writer *writer_create(const struct writer_setup *setup, struct err *e)
{
    struct writer *w = xcalloc(1, sizeof *w);
    int rc;

    w->setup = *setup;
    w->group.kv = setup->kv;
    w->group.head = setup->head;
    w->last = &w->first;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->more, NULL);
    rc = start(w);
    if (rc == 0)
        return w;
    errno = rc;
    err_errno(e, TT_EIO, "store: cannot start its writer");
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->more);
    free(w);
    return NULL;
}

void writer_destroy(struct writer *w)
{
    if (w == NULL)
        return;
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_signal(&w->more);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    pending_fini(&w->group.pending);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->more);
    free(w);
}
