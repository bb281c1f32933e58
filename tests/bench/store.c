/* SPDX-License-Identifier: MIT
 *
 * store.c - what durability costs: finished evaluations per second, and how
 * fast a store of 100 000 records opens. JSON lines on stdout.
 *
 * A tell is what the engine commits for a finished evaluation: its record,
 * the candidate, a log entry. The reference appends the same bytes to a file
 * and calls fdatasync, by as many threads; both take turns, so that a noisy
 * disk is noisy for both.
 *
 * The program runs itself as `reopen PATH` to measure a fresh process. The
 * files are in the working directory: not in a tmpfs, which syncs nothing. */
#include "config.h"

#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fs.h"
#include "core/base/mem.h"
#include "store/store.h"

#define EVALUATION_BYTES 600
#define CANDIDATE_BYTES 180
#define LOG_BYTES 120
#define TELL_BYTES (EVALUATION_BYTES + CANDIDATE_BYTES + LOG_BYTES)
#define N_TURNS 5
#define TURN_MS 400
#define MAX_THREADS 64
#define N_RECORDS 100000
#define N_REOPENS 5

extern char **environ;

static char scratch[] = "bench_store.XXXXXX";

static int fail(const char *what, const struct err *e)
{
    fprintf(stderr, "bench store: %s: %s\n", what, e != NULL ? e->text : "");
    return 1;
}

static void print_figure(const char *name, const char *unit, double ours,
                         double reference, const char *reference_name)
{
    printf("{\"name\":\"%s\",\"unit\":\"%s\",\"ours\":%.4g", name, unit, ours);
    if (reference_name != NULL)
        printf(",\"reference\":%.4g,\"reference_name\":\"%s\",\"ratio\":%.3g}\n",
               reference, reference_name, ours / reference);
    else
        printf(",\"reference\":null,\"reference_name\":null,\"ratio\":null}\n");
    fflush(stdout);
}

/* --- tells --------------------------------------------------------------- */

static struct store *shared;
static int shared_fd;
static atomic_bool stop;
static char payload[TELL_BYTES];

struct teller {
    char run[16];
    uint64_t n; /* told so far */
    int failures;
};

static struct tt_str bytes(size_t n)
{
    return (struct tt_str){ payload, n };
}

static int tell(struct teller *t)
{
    struct store_batch *b = store_batch_create();
    struct store_key key = { .part = { t->run }, .number = ++t->n };

    key.kind = STORE_EVALUATION;
    store_put(b, key, bytes(EVALUATION_BYTES));
    key.kind = STORE_CANDIDATE;
    store_put(b, key, bytes(CANDIDATE_BYTES));
    key.kind = STORE_LOG;
    store_put(b, key, bytes(LOG_BYTES));
    return store_commit(shared, b, NULL);
}

static int append(struct teller *t)
{
    t->n++;
    return write(shared_fd, payload, TELL_BYTES) != TELL_BYTES ||
           fdatasync(shared_fd) != 0;
}

static void *tell_on(void *arg)
{
    struct teller *t = arg;

    while (!atomic_load_explicit(&stop, memory_order_relaxed))
        t->failures += tell(t) != 0;
    return NULL;
}

static void *append_on(void *arg)
{
    struct teller *t = arg;

    while (!atomic_load_explicit(&stop, memory_order_relaxed))
        t->failures += append(t) != 0;
    return NULL;
}

/* Per second, over one turn. */
static double take_turn(struct teller *tellers, int n, void *(*fn)(void *))
{
    pthread_t threads[MAX_THREADS];
    int64_t start = clock_mono_ns();
    uint64_t before = 0, after = 0;
    int i;

    atomic_store(&stop, false);
    for (i = 0; i < n; i++) {
        before += tellers[i].n;
        pthread_create(&threads[i], NULL, fn, &tellers[i]);
    }
    usleep(TURN_MS * 1000);
    atomic_store(&stop, true);
    for (i = 0; i < n; i++) {
        pthread_join(threads[i], NULL);
        after += tellers[i].n;
    }
    return (double)(after - before) * 1e9 / (double)(clock_mono_ns() - start);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, compare);
    return values[n / 2];
}

static int bench_tell(const char *name, int n)
{
    static struct teller ours[MAX_THREADS], theirs[MAX_THREADS];
    double a[N_TURNS], b[N_TURNS];
    int i, failures = 0;

    memset(theirs, 0, sizeof theirs);
    memset(ours, 0, sizeof ours);
    for (i = 0; i < n; i++)
        snprintf(ours[i].run, sizeof ours[i].run, "r-%d-%d", n, i);
    for (i = 0; i < N_TURNS; i++) {
        b[i] = take_turn(theirs, n, append_on);
        a[i] = take_turn(ours, n, tell_on);
    }
    for (i = 0; i < n; i++)
        failures += ours[i].failures + theirs[i].failures;
    if (failures != 0)
        return fail(name, NULL);
    print_figure(name, "1/s", median(a, N_TURNS), median(b, N_TURNS),
                 "raw append + fdatasync");
    return 0;
}

static int bench_tells(void)
{
    TT_AUTO_FREE char *path = fs_join(scratch, "tell");
    TT_AUTO_FREE char *raw = fs_join(scratch, "raw");
    struct store_options options = { .backend = "rocksdb", .path = path };
    struct err e = { 0 };
    int rc;

    memset(payload, 'x', sizeof payload);
    shared = store_open(&options, &e);
    shared_fd = open(raw, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (shared == NULL || shared_fd < 0)
        return fail("open", &e);
    rc = bench_tell("durable_tell_1", 1);
    if (rc == 0)
        rc = bench_tell("durable_tell_64", 64);
    store_close(shared);
    close(shared_fd);
    return rc;
}

/* --- reopen -------------------------------------------------------------- */

static int fill(const char *path)
{
    struct store_options options = { .backend = "rocksdb", .path = path };
    struct err e = { 0 };
    struct store *s = store_open(&options, &e);
    struct store_key key = { .kind = STORE_EVALUATION, .part = { "r-1" } };
    int rc = s == NULL ? TT_EIO : 0;

    while (rc == 0 && key.number < N_RECORDS) {
        struct store_batch *b = store_batch_create();
        int i;

        for (i = 0; i < 500; i++, key.number++)
            store_put(b, key, bytes(EVALUATION_BYTES));
        rc = store_commit(s, b, &e);
    }
    store_close(s);
    return rc != 0 ? fail("fill", &e) : 0;
}

/* Resident megabytes of this process, now. */
static double resident_mb(void)
{
    FILE *f = fopen("/proc/self/statm", "r");
    long pages = 0, total;

    if (f == NULL || fscanf(f, "%ld %ld", &total, &pages) != 2)
        pages = 0;
    if (f != NULL)
        fclose(f);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

/* In a process of its own: open, read one record, say how long and how big. */
static int reopen(const char *path)
{
    struct store_options options = { .backend = "rocksdb", .path = path };
    struct store_key key = { .kind = STORE_EVALUATION, .part = { "r-1" },
                             .number = N_RECORDS / 2 };
    struct err e = { 0 };
    struct buf b = { 0 };
    int64_t start = clock_mono_ns();
    struct store *s = store_open(&options, &e);

    if (s == NULL || store_get(s, key, &b, &e) != 0)
        return fail("reopen", &e);
    printf("%.9f %.3f\n", (double)(clock_mono_ns() - start) / 1e9,
           resident_mb());
    buf_fini(&b);
    store_close(s);
    return 0;
}

static int run_reopen(const char *path, double *seconds, double *mb)
{
    char self[] = "/proc/self/exe", what[] = "reopen";
    char *argv[] = { self, what, xstrdup(path), NULL };
    posix_spawn_file_actions_t actions;
    FILE *said;
    int fds[2], n = 0;
    pid_t pid;

    if (pipe2(fds, O_CLOEXEC) != 0)
        return fail("pipe", NULL);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
    if (posix_spawn(&pid, self, &actions, NULL, argv, environ) != 0)
        return fail("spawn", NULL);
    posix_spawn_file_actions_destroy(&actions);
    free(argv[2]);
    close(fds[1]);
    said = fdopen(fds[0], "r");
    if (said != NULL) {
        n = fscanf(said, "%lf %lf", seconds, mb);
        fclose(said);
    }
    waitpid(pid, NULL, 0);
    return n == 2 ? 0 : fail("reopen said nothing", NULL);
}

static int bench_reopen(void)
{
    TT_AUTO_FREE char *path = fs_join(scratch, "reopen");
    double seconds[N_REOPENS], mb[N_REOPENS];
    int i, rc = fill(path);

    for (i = 0; i < N_REOPENS && rc == 0; i++)
        rc = run_reopen(path, &seconds[i], &mb[i]);
    if (rc != 0)
        return rc;
    print_figure("reopen_100k", "s", median(seconds, N_REOPENS), 0, NULL);
    print_figure("reopen_100k_rss", "MB", median(mb, N_REOPENS), 0, NULL);
    return 0;
}

int main(int argc, char **argv)
{
    int rc;

    if (argc == 3 && strcmp(argv[1], "reopen") == 0)
        return reopen(argv[2]);
    if (mkdtemp(scratch) == NULL)
        return fail("mkdtemp", NULL);
    rc = bench_tells();
    if (rc == 0)
        rc = bench_reopen();
    fs_remove_tree(scratch, NULL);
    return rc;
}
