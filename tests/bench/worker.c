/* SPDX-License-Identifier: MIT
 *
 * worker.c - what isolation costs, against a bare child on a socketpair, in
 * turn in the same run: from spawn to HELLO (sandbox on, plugin loaded), one
 * STEP of a strategy that does nothing (on_event and next) there and back on one
 * CPU, and from spawn to the first candidate.
 * Usage: worker BARE_CHILD; TT_WORKER, TT_ZOO_DIR, TT_PLUGIN_DIR in the
 * environment. Medians; a JSON line for each figure. */
#include "config.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/host/codec.h"
#include "core/work/work.h"

#define SPAWNS 60
#define ROUNDS 20
#define TRIPS 250 /* a round */

static struct {
    struct loop *loop;
    struct work *work;
    struct worker *worker;
    bool hello, answered;
} ours;

static void die(const char *what)
{
    (void)fprintf(stderr, "bench/worker: %s\n", what);
    exit(1);
}

/* --- ours ----------------------------------------------------------------- */

static void on_hello(void *ctx, json_object *hello)
{
    (void)ctx;
    (void)hello;
    ours.hello = true;
    loop_stop(ours.loop);
}

static void on_answer(void *ctx, uint32_t number, const struct frame *answer)
{
    (void)ctx;
    (void)number;
    if (answer->type == FRAME_ERROR)
        die("an error for an answer");
    ours.answered = true;
    loop_stop(ours.loop);
}

static void on_down(void *ctx, const struct worker_down *down)
{
    (void)ctx;
    ours.worker = NULL;
    if (!down->expected)
        die(down->text);
    loop_stop(ours.loop);
}

static const struct worker_callbacks callbacks = { on_hello, on_answer, NULL,
                                                   on_down };

static void start(const char *dir, const char *file, const char *id)
{
    char *path = xasprintf("%s/%s", dir, file);
    const struct worker_spec spec = { path, "0", id, "1.0.0", TT_KIND_STRATEGY,
                                      "bench", false, NULL, 0 };
    struct err e = { 0 };

    ours.hello = false;
    ours.worker = work_spawn(ours.work, &spec, &callbacks, NULL, &e);
    if (ours.worker == NULL)
        die(e.text);
    while (!ours.hello)
        loop_run(ours.loop);
    free(path);
}

static void ask(uint16_t type, struct tt_str payload)
{
    ours.answered = false;
    worker_send(ours.worker, type, payload, 0);
    while (!ours.answered)
        loop_run(ours.loop);
}

static void stop(void)
{
    worker_stop(ours.worker);
    while (ours.worker != NULL)
        loop_run(ours.loop);
}

static void put_problem(struct buf *b)
{
    const struct tt_param param = { .kind = TT_FLOAT, .name = { "n.x", 3 },
                                    .hi = 1, .parent = -1 };
    const struct tt_space space = { .size = sizeof space,
                                    .param_size = sizeof param,
                                    .n_params = 1, .params = &param };
    const struct tt_objective score = { .metric = { "score", 5 },
                                        .direction = TT_MAXIMIZE };
    const struct tt_problem problem = {
        .size = sizeof problem, .space = &space, .objectives = &score,
        .n_objectives = 1, .seed = 1, .n_validation = 10, .max_in_flight = 1,
        .budget = { .size = sizeof problem.budget, .iterations = 10 },
    };

    codec_put_problem(b, &problem, NULL);
}

/* One event, and an ask for at most max candidates. */
static void put_step(struct buf *b, uint64_t max)
{
    const struct tt_budget_event told = { .head = { sizeof told, TT_BUDGET, 1,
                                                    0 } };
    const struct tt_event *events[] = { &told.head };
    const struct tt_ask a = { .size = sizeof a, .position = 2, .max = max };

    codec_put_step(b, events, 1, &a);
}

/* --- the bare child ------------------------------------------------------- */

static int bare_start(char *program, pid_t *pid)
{
    char *const argv[] = { program, NULL }, *const none[] = { NULL };
    posix_spawn_file_actions_t actions;
    int pair[2];
    char byte;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        die("no socketpair");
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pair[1], 3);
    if (posix_spawn(pid, program, &actions, NULL, argv, none) != 0)
        die("no bare child");
    posix_spawn_file_actions_destroy(&actions);
    close(pair[1]);
    if (read(pair[0], &byte, 1) != 1)
        die("the bare child is silent");
    return pair[0];
}

static void bare_stop(int fd, pid_t pid)
{
    close(fd);
    (void)waitpid(pid, NULL, 0);
}

static void bare_trip(int fd, const struct buf *bytes)
{
    char back[4096];
    size_t got = 0;
    ssize_t n;

    if (write(fd, bytes->data, bytes->len) != (ssize_t)bytes->len)
        die("the bare child is gone");
    while (got < bytes->len) {
        n = read(fd, back, sizeof back);
        if (n <= 0)
            die("the bare child is gone");
        got += (size_t)n;
    }
}

/* --- figures -------------------------------------------------------------- */

static int smaller(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static double median(double *v, size_t n)
{
    qsort(v, n, sizeof *v, smaller);
    return v[n / 2];
}

static void print(const char *name, const char *unit, double mine,
                  double reference, const char *reference_name)
{
    (void)printf("{\"name\":\"%s\",\"unit\":\"%s\",\"ours\":%.4g,", name, unit,
                 mine);
    if (reference > 0)
        (void)printf("\"reference\":%.4g,\"reference_name\":\"%s\","
                     "\"ratio\":%.3g}\n", reference, reference_name,
                     reference / mine);
    else
        (void)printf("\"reference\":null,\"reference_name\":null,"
                     "\"ratio\":null}\n");
    (void)fflush(stdout);
}

static void bench_spawn(char *bare, const char *zoo)
{
    double mine[SPAWNS], theirs[SPAWNS];
    int64_t t;
    pid_t pid;
    int i, fd;

    for (i = 0; i < SPAWNS; i++) {
        t = clock_mono_ns();
        start(zoo, "zoo_bad.so", "zoo-bad");
        mine[i] = (double)(clock_mono_ns() - t) / 1e6;
        stop();
        t = clock_mono_ns();
        fd = bare_start(bare, &pid);
        theirs[i] = (double)(clock_mono_ns() - t) / 1e6;
        bare_stop(fd, pid);
    }
    print("worker_spawn", "ms", median(mine, SPAWNS), median(theirs, SPAWNS),
          "bare socketpair child");
}

static void bench_trip(char *bare, const char *zoo)
{
    double mine[ROUNDS], theirs[ROUNDS];
    struct buf payload = { 0 }, frame = { 0 };
    int64_t t;
    pid_t pid;
    int i, j, fd = bare_start(bare, &pid);

    start(zoo, "zoo_bad.so", "zoo-bad");
    put_problem(&payload);
    ask(FRAME_OPEN, buf_str(&payload));
    buf_reset(&payload);
    put_step(&payload, 0);
    frame_put(&frame, FRAME_STEP, 1, buf_str(&payload));
    for (i = 0; i < ROUNDS; i++) {
        t = clock_mono_ns();
        for (j = 0; j < TRIPS; j++)
            ask(FRAME_STEP, buf_str(&payload));
        mine[i] = (double)(clock_mono_ns() - t) / TRIPS / 1e3;
        t = clock_mono_ns();
        for (j = 0; j < TRIPS; j++)
            bare_trip(fd, &frame);
        theirs[i] = (double)(clock_mono_ns() - t) / TRIPS / 1e3;
    }
    print("worker_round_trip", "us", median(mine, ROUNDS),
          median(theirs, ROUNDS), "bare socketpair child echo");
    bare_stop(fd, pid);
    stop();
    buf_fini(&payload);
    buf_fini(&frame);
}

static void bench_first(const char *plugins)
{
    double mine[SPAWNS / 3];
    struct buf open = { 0 }, step = { 0 };
    int64_t t;
    int i;

    put_problem(&open);
    put_step(&step, 1);
    for (i = 0; i < SPAWNS / 3; i++) {
        t = clock_mono_ns();
        start(plugins, "sobol.so", "sobol");
        ask(FRAME_OPEN, buf_str(&open));
        ask(FRAME_STEP, buf_str(&step));
        mine[i] = (double)(clock_mono_ns() - t) / 1e6;
        stop();
    }
    print("plugin_first_candidate", "ms", median(mine, SPAWNS / 3), 0, NULL);
    buf_fini(&open);
    buf_fini(&step);
}

static void open_work(void)
{
    struct work_options options = work_defaults;
    struct err e = { 0 };

    options.worker_path = getenv("TT_WORKER");
    ours.loop = loop_create(&e);
    ours.work = work_create(ours.loop, &options, &e);
    if (ours.work == NULL)
        die(e.text);
}

static void close_work(void)
{
    work_destroy(ours.work);
    loop_destroy(ours.loop);
}

/* Us, and all threads and children from here on: so that neither child is woken
 * on another CPU while the other one is not, which costs several times what a
 * round trip does. */
static void stay_on_one_cpu(void)
{
    cpu_set_t one;
    int cpu = sched_getcpu();

    CPU_ZERO(&one);
    CPU_SET(cpu < 0 ? 0 : cpu, &one);
    if (sched_setaffinity(0, sizeof one, &one) != 0)
        die("cannot stay on one CPU");
}

int main(int argc, char **argv)
{
    const char *zoo = getenv("TT_ZOO_DIR"), *plugins = getenv("TT_PLUGIN_DIR");

    if (argc != 2 || zoo == NULL || plugins == NULL)
        die("usage: worker BARE_CHILD, with TT_WORKER, TT_ZOO_DIR and "
            "TT_PLUGIN_DIR");
    log_set_level(LOG_LEVEL_WARN);
    open_work();
    bench_spawn(argv[1], zoo);
    bench_first(plugins);
    close_work();
    stay_on_one_cpu();
    open_work(); /* its thread starts the workers */
    bench_trip(argv[1], zoo);
    close_work();
    return 0;
}
