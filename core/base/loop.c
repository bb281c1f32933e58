/* SPDX-License-Identifier: MIT
 *
 * loop.c - epoll, a heap of timers, and a mailbox behind an eventfd. */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/loop.h"
#include "core/base/mem.h"

#define EVENTS_PER_TURN 64
#define NO_PLACE UINT32_MAX

struct watch {
    loop_fd_fn *fn; /* NULL: not watched */
    void *ctx;
    uint32_t generation; /* tells an event of an earlier life of the fd */
};

struct timer {
    int64_t due_ms;
    uint64_t serial; /* equal times fire in the order they were set */
    loop_fn *fn;
    void *ctx;
    bool used;
    uint32_t place; /* in heap; of an unused one: the next unused */
    uint32_t generation;
};

struct post {
    loop_fn *fn;
    void *ctx;
};

struct loop {
    int epoll_fd, wake_fd;
    struct watch *watches; /* by fd */
    size_t n_watches;
    struct timer *timers; /* slots; an id is generation << 32 | slot + 1 */
    uint32_t n_timers;
    uint32_t free_slot; /* the head of the unused ones, or NO_PLACE */
    uint32_t *heap; /* slots, the earliest first */
    uint32_t n_heap;
    uint64_t serial;
    struct post *turn_end;
    size_t n_turn_end;
    atomic_bool stop;
    pthread_mutex_t posts_lock;
    struct post *posts; /* under posts_lock, with its counts */
    size_t n_posts, cap_posts;
};

static void wake(struct loop *l)
{
    uint64_t one = 1;
    ssize_t n = write(l->wake_fd, &one, sizeof one); /* full is awake too */

    (void)n;
}

static void on_wake(void *ctx, uint32_t events)
{
    struct loop *l = ctx;
    uint64_t count;
    ssize_t n = read(l->wake_fd, &count, sizeof count);

    (void)n;
    (void)events;
}

struct loop *loop_create(struct err *e)
{
    struct loop *l = xcalloc(1, sizeof *l);

    pthread_mutex_init(&l->posts_lock, NULL);
    l->free_slot = NO_PLACE;
    l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (l->epoll_fd < 0 || l->wake_fd < 0) {
        err_errno(e, TT_EIO, "event loop: no file descriptor left, raise "
                             "LimitNOFILE");
        goto fail;
    }
    if (loop_watch(l, l->wake_fd, EPOLLIN, on_wake, l, e) != 0)
        goto fail;
    return l;
fail:
    loop_destroy(l);
    return NULL;
}

void loop_destroy(struct loop *l)
{
    if (l == NULL)
        return;
    if (l->epoll_fd >= 0)
        close(l->epoll_fd);
    if (l->wake_fd >= 0)
        close(l->wake_fd);
    pthread_mutex_destroy(&l->posts_lock);
    free(l->watches);
    free(l->timers);
    free(l->heap);
    free(l->turn_end);
    free(l->posts);
    free(l);
}

/* --- file descriptors ---------------------------------------------------- */

int loop_watch(struct loop *l, int fd, uint32_t events, loop_fd_fn *fn,
               void *ctx, struct err *e)
{
    struct epoll_event event = { .events = events };
    struct watch *w;
    size_t n;
    bool fresh;

    TT_ASSERT(fd >= 0 && fn != NULL);
    if ((size_t)fd >= l->n_watches) {
        n = (size_t)fd + 16;
        l->watches = xrealloc(l->watches, n, sizeof *l->watches);
        memset(l->watches + l->n_watches, 0,
               (n - l->n_watches) * sizeof *l->watches);
        l->n_watches = n;
    }
    w = &l->watches[fd];
    fresh = w->fn == NULL;
    if (fresh)
        w->generation++;
    event.data.u64 = (uint64_t)w->generation << 32 | (uint32_t)fd;
    if (epoll_ctl(l->epoll_fd, fresh ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd,
                  &event) != 0)
        return err_errno(e, TT_EIO, "fd %d: cannot be watched", fd);
    w->fn = fn;
    w->ctx = ctx;
    return 0;
}

void loop_unwatch(struct loop *l, int fd)
{
    if (fd < 0 || (size_t)fd >= l->n_watches || l->watches[fd].fn == NULL)
        return;
    l->watches[fd].fn = NULL;
    (void)epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

static void serve_fds(struct loop *l, int timeout_ms)
{
    struct epoll_event events[EVENTS_PER_TURN];
    int i, n = epoll_wait(l->epoll_fd, events, EVENTS_PER_TURN, timeout_ms);

    for (i = 0; i < n; i++) {
        uint32_t fd = (uint32_t)events[i].data.u64;
        struct watch w = l->watches[fd]; /* fn may move the table */

        if (w.fn != NULL && w.generation == events[i].data.u64 >> 32)
            w.fn(w.ctx, events[i].events);
    }
}

/* --- timers -------------------------------------------------------------- */

static bool before(const struct loop *l, uint32_t a, uint32_t b)
{
    const struct timer *x = &l->timers[a], *y = &l->timers[b];

    return x->due_ms != y->due_ms ? x->due_ms < y->due_ms
                                  : x->serial < y->serial;
}

static void place(struct loop *l, uint32_t at, uint32_t slot)
{
    l->heap[at] = slot;
    l->timers[slot].place = at;
}

/* Put slot where it belongs, starting from the hole `at`. */
static void settle(struct loop *l, uint32_t at, uint32_t slot)
{
    uint32_t child;

    while (at > 0 && before(l, slot, l->heap[(at - 1) / 2])) {
        place(l, at, l->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    while ((child = 2 * at + 1) < l->n_heap) {
        if (child + 1 < l->n_heap &&
            before(l, l->heap[child + 1], l->heap[child]))
            child++;
        if (!before(l, l->heap[child], slot))
            break;
        place(l, at, l->heap[child]);
        at = child;
    }
    place(l, at, slot);
}

static void take_out(struct loop *l, uint32_t slot)
{
    uint32_t at = l->timers[slot].place;
    uint32_t last = l->heap[--l->n_heap];

    l->timers[slot].used = false;
    l->timers[slot].generation++;
    l->timers[slot].place = l->free_slot;
    l->free_slot = slot;
    if (last != slot)
        settle(l, at, last);
}

/* Twice the slots; the new ones become the free list. */
static void grow_timers(struct loop *l)
{
    uint32_t i, n = l->n_timers < 16 ? 16 : l->n_timers * 2;

    l->timers = xrealloc(l->timers, n, sizeof *l->timers);
    l->heap = xrealloc(l->heap, n, sizeof *l->heap);
    for (i = n; i-- > l->n_timers;) {
        l->timers[i] = (struct timer){ .place = l->free_slot };
        l->free_slot = i;
    }
    l->n_timers = n;
}

uint64_t loop_at(struct loop *l, int64_t mono_ms, loop_fn *fn, void *ctx)
{
    struct timer *t;
    uint32_t slot;

    if (l->free_slot == NO_PLACE)
        grow_timers(l);
    slot = l->free_slot;
    t = &l->timers[slot];
    l->free_slot = t->place;
    t->due_ms = mono_ms;
    t->serial = l->serial++;
    t->fn = fn;
    t->ctx = ctx;
    t->used = true;
    settle(l, l->n_heap++, slot);
    return (uint64_t)t->generation << 32 | (slot + 1);
}

void loop_cancel(struct loop *l, uint64_t timer)
{
    uint32_t slot = (uint32_t)timer - 1;

    if (timer == 0 || slot >= l->n_timers || !l->timers[slot].used ||
        l->timers[slot].generation != timer >> 32)
        return;
    take_out(l, slot);
}

/* No more than were set when the turn began, so that a timer that sets itself
 * again for now cannot hold the turn. */
static void serve_timers(struct loop *l)
{
    uint32_t n = l->n_heap;
    int64_t now;

    if (n == 0)
        return;
    now = clock_mono_ms();
    for (; n > 0 && l->n_heap > 0; n--) {
        struct timer t = l->timers[l->heap[0]];

        if (t.due_ms > now)
            break;
        take_out(l, l->heap[0]);
        t.fn(t.ctx);
    }
}

static int wait_ms(struct loop *l)
{
    int64_t left;

    if (atomic_load(&l->stop))
        return 0;
    if (l->n_heap == 0)
        return -1;
    left = l->timers[l->heap[0]].due_ms - clock_mono_ms();
    return left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

/* --- the mailbox and the turn -------------------------------------------- */

void loop_post(struct loop *l, loop_fn *fn, void *ctx)
{
    bool first;

    pthread_mutex_lock(&l->posts_lock);
    if (l->n_posts == l->cap_posts) {
        l->cap_posts = l->cap_posts < 16 ? 16 : l->cap_posts * 2;
        l->posts = xrealloc(l->posts, l->cap_posts, sizeof *l->posts);
    }
    first = l->n_posts == 0;
    l->posts[l->n_posts++] = (struct post){ fn, ctx };
    if (first) /* within the lock: afterwards l may be gone */
        wake(l);
    pthread_mutex_unlock(&l->posts_lock);
}

static void serve_posts(struct loop *l)
{
    struct post *batch;
    size_t i, n;

    pthread_mutex_lock(&l->posts_lock);
    batch = l->posts;
    n = l->n_posts;
    l->posts = NULL;
    l->n_posts = l->cap_posts = 0;
    pthread_mutex_unlock(&l->posts_lock);
    for (i = 0; i < n; i++)
        batch[i].fn(batch[i].ctx);
    free(batch);
}

void loop_on_turn_end(struct loop *l, loop_fn *fn, void *ctx)
{
    l->turn_end = xrealloc(l->turn_end, l->n_turn_end + 1,
                           sizeof *l->turn_end);
    l->turn_end[l->n_turn_end++] = (struct post){ fn, ctx };
}

void loop_run(struct loop *l)
{
    bool last;
    size_t i;

    do {
        last = atomic_load(&l->stop);
        serve_fds(l, wait_ms(l));
        serve_posts(l);
        serve_timers(l);
        for (i = 0; i < l->n_turn_end; i++)
            l->turn_end[i].fn(l->turn_end[i].ctx);
    } while (!last);
    atomic_store(&l->stop, false);
}

void loop_stop(struct loop *l)
{
    int saved = errno;

    atomic_store(&l->stop, true);
    wake(l);
    errno = saved;
}
