/* SPDX-License-Identifier: MIT
 *
 * loop_test.c - one loop, its timers, descriptors and mailbox. */
#include "config.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/base/loop.h"
#include "tests/unit/tap.h"

static struct loop *loop;
static struct buf trace;

#define MARK(c) ((void *)(intptr_t)(c))

static void note(void *ctx)
{
    char c = (char)(intptr_t)ctx;

    buf_add(&trace, &c, 1);
}

static void stop(void *ctx)
{
    note(ctx);
    loop_stop(loop);
}

static void begin(void)
{
    loop = loop_create(NULL);
    CU_ASSERT_PTR_NOT_NULL(loop);
    buf_reset(&trace);
    buf_adds(&trace, "");
}

static void end(void)
{
    loop_destroy(loop);
    buf_fini(&trace);
}

static void timers_fire_in_order(void)
{
    int64_t now;
    uint64_t b;

    begin();
    now = clock_mono_ms();
    loop_at(loop, now + 3, stop, MARK('d'));
    loop_at(loop, now + 2, note, MARK('c'));
    b = loop_at(loop, now + 1, note, MARK('b'));
    loop_at(loop, now, note, MARK('1'));
    loop_at(loop, now, note, MARK('2'));
    loop_cancel(loop, b);
    loop_cancel(loop, b);
    loop_cancel(loop, 0);
    loop_run(loop);
    CU_ASSERT_STRING_EQUAL(trace.data, "12cd");
    end();
}

#define MANY 500
static int64_t many_last;
static unsigned many_seen, many_disorder;

static void many_note(void *ctx)
{
    int64_t due = (int64_t)(intptr_t)ctx;

    many_disorder += due < many_last;
    many_last = due;
    many_seen++;
}

static void many_timers_keep_their_order(void)
{
    uint64_t ids[MANY];
    unsigned i, x = 12345;

    begin();
    many_last = many_seen = many_disorder = 0;
    for (i = 0; i < MANY; i++) {
        x = x * 1103515245u + 12345u;
        ids[i] = loop_at(loop, (x >> 8) % 1000, many_note,
                         (void *)(intptr_t)((x >> 8) % 1000));
    }
    for (i = 0; i < MANY; i += 3)
        loop_cancel(loop, ids[i]);
    loop_at(loop, 2000, stop, MARK(' '));
    loop_run(loop);
    CU_ASSERT_EQUAL(many_seen, MANY - (MANY + 2) / 3);
    CU_ASSERT_EQUAL(many_disorder, 0);
    loop_cancel(loop, ids[1]); /* fired: no harm */
    end();
}

static int pipes[2][2];

static void read_one(void *ctx, uint32_t events)
{
    int *fds = ctx;
    char c = '?';

    CU_ASSERT(events & EPOLLIN);
    CU_ASSERT_EQUAL(read(fds[0], &c, 1), 1);
    buf_add(&trace, &c, 1);
    /* The other one is ready in the same turn; it must not be served. */
    loop_unwatch(loop, pipes[fds == pipes[0]][0]);
    loop_at(loop, 0, stop, MARK('.'));
}

static void an_unwatched_fd_is_not_served(void)
{
    int i;

    begin();
    for (i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(pipe2(pipes[i], O_CLOEXEC | O_NONBLOCK), 0);
        CU_ASSERT_EQUAL(write(pipes[i][1], "x", 1), 1);
        CU_ASSERT_EQUAL(loop_watch(loop, pipes[i][0], EPOLLIN, read_one,
                                   pipes[i], NULL), 0);
    }
    loop_run(loop);
    CU_ASSERT_STRING_EQUAL(trace.data, "x.");
    for (i = 0; i < 2; i++) {
        loop_unwatch(loop, pipes[i][0]);
        close(pipes[i][0]);
        close(pipes[i][1]);
    }
    end();
}

static void *poster(void *arg)
{
    long i;

    (void)arg;
    for (i = 0; i < 1000; i++)
        loop_post(loop, note, MARK('.'));
    loop_post(loop, stop, MARK('!'));
    return NULL;
}

static void posts_of_a_thread_all_arrive(void)
{
    pthread_t thread;

    begin();
    CU_ASSERT_EQUAL(pthread_create(&thread, NULL, poster, NULL), 0);
    loop_run(loop);
    pthread_join(thread, NULL);
    CU_ASSERT_EQUAL(trace.len, 1001);
    CU_ASSERT_EQUAL(trace.data[1000], '!');
    end();
}

static void post_note(void *ctx)
{
    note(ctx);
    loop_post(loop, stop, MARK('n'));
}

static void a_turn_ends_after_what_was_ready(void)
{
    begin();
    loop_on_turn_end(loop, note, MARK('|'));
    loop_post(loop, note, MARK('a'));
    loop_post(loop, post_note, MARK('b'));
    loop_at(loop, 0, note, MARK('t'));
    loop_run(loop);
    /* The last | is the turn that drains the mailbox after the stop. */
    CU_ASSERT_STRING_EQUAL(trace.data, "abt|n||");
    end();
}

static void stop_before_run_is_not_lost(void)
{
    begin();
    loop_post(loop, note, MARK('p'));
    loop_stop(loop);
    loop_run(loop);
    CU_ASSERT_STRING_EQUAL(trace.data, "p");
    end();
}

static void a_plain_file_is_refused(void)
{
    struct err e = { 0 };
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

    begin();
    CU_ASSERT_EQUAL(loop_watch(loop, fd, EPOLLIN, read_one, NULL, &e), TT_EIO);
    close(fd);
    end();
}

static CU_TestInfo tests[] = {
    { "timers fire in order, cancelled ones do not", timers_fire_in_order },
    { "many timers keep their order", many_timers_keep_their_order },
    { "an unwatched descriptor is not served", an_unwatched_fd_is_not_served },
    { "the posts of a thread all arrive", posts_of_a_thread_all_arrive },
    { "a turn ends after what was ready", a_turn_ends_after_what_was_ready },
    { "a stop before the run is not lost", stop_before_run_is_not_lost },
    { "a plain file is refused", a_plain_file_is_refused },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("loop", tests);
}
