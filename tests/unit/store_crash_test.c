/* SPDX-License-Identifier: MIT
 *
 * store_crash_test.c - what was acknowledged is there after SIGKILL, and after
 * a power cut; what was not is there whole or not at all.
 *
 * The program runs itself as `write PATH`: some threads commit batches and say
 * so on stdout, until they are killed. */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fs.h"
#include "core/base/mem.h"
#include "store/internal.h"
#include "tests/unit/store_helper.h"
#include "tests/unit/tap.h"

#define N_THREADS 4

extern char **environ;

static const char *const runs[N_THREADS] = { "r-0", "r-1", "r-2", "r-3" };

/* --- in the child -------------------------------------------------------- */

static struct store *shared;

static int take_number(void *ctx, const struct store_key *key,
                       struct tt_str bytes)
{
    (void)bytes;
    *(uint64_t *)ctx = key->number;
    return 1;
}

static uint64_t last_of(struct store *s, struct store_key key)
{
    uint64_t last = 0;

    key.number = 0;
    store_scan(s, key, 1, true, take_number, &last, NULL);
    return last;
}

/* A trial, its log entry and, every third time, an event: in one batch. */
static int commit_one(const char *run, uint64_t i)
{
    struct store_batch *b = store_batch_create();
    char text[600];

    memset(text, 'e', sizeof text);
    store_put(b, key_candidate(run, i), tt_str_of("{}"));
    store_put(b, key_log(run, i), (struct tt_str){ text, sizeof text });
    if (i % 3 == 0)
        store_audit(b, run, "candidate.add", run, NULL);
    return store_commit(shared, b, NULL);
}

static void *write_on(void *arg)
{
    const char *run = arg;
    uint64_t i = last_of(shared, key_candidate(run, 0));
    char line[64];
    int n;

    for (;;) {
        if (commit_one(run, ++i) != 0)
            _exit(1);
        n = snprintf(line, sizeof line, "%s %" PRIu64 "\n", run, i);
        if (write(STDOUT_FILENO, line, (size_t)n) != n)
            _exit(1);
    }
    return NULL;
}

static int child(const char *path)
{
    pthread_t threads[N_THREADS];
    int i;

    shared = open_rocksdb(path);
    if (shared == NULL)
        return 1;
    for (i = 0; i < N_THREADS; i++)
        put_run(shared, runs[i]);
    for (i = 0; i < N_THREADS; i++)
        pthread_create(&threads[i], NULL, write_on, xstrdup(runs[i]));
    pause();
    return 1;
}

/* --- in the parent ------------------------------------------------------- */

struct writing {
    pid_t pid;
    int acks; /* what it says */
    uint64_t acked[N_THREADS];
    uint64_t n_acked;
};

static bool start(struct writing *w, const char *path)
{
    char self[] = "/proc/self/exe", what[] = "write";
    char *argv[] = { self, what, xstrdup(path), NULL };
    posix_spawn_file_actions_t actions;
    int fds[2], rc;

    memset(w, 0, sizeof *w);
    if (pipe2(fds, O_CLOEXEC) != 0)
        return false;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
    rc = posix_spawn(&w->pid, self, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    free(argv[2]);
    close(fds[1]);
    w->acks = fds[0];
    return rc == 0;
}

static void take_ack(struct writing *w, const char *line)
{
    uint64_t number;
    int thread;

    if (sscanf(line, "r-%d %" SCNu64, &thread, &number) != 2)
        return;
    w->acked[thread] = number;
    w->n_acked++;
}

/* Let it write for some milliseconds after its first word, then kill it. */
static void kill_after(struct writing *w, int ms)
{
    FILE *acks = fdopen(w->acks, "r");
    char line[64];
    int status;

    if (fgets(line, sizeof line, acks) != NULL)
        take_ack(w, line);
    usleep((useconds_t)ms * 1000);
    kill(w->pid, SIGKILL);
    while (fgets(line, sizeof line, acks) != NULL)
        take_ack(w, line);
    fclose(acks);
    waitpid(w->pid, &status, 0);
    CU_ASSERT_TRUE(WIFSIGNALED(status));
    CU_ASSERT_TRUE(w->n_acked > 0);
}

/* Each thread had one batch under way at most. */
static void check_all_there(const char *path, const struct writing *w)
{
    struct store *s = open_rocksdb(path);
    int i;

    CU_ASSERT_PTR_NOT_NULL(s);
    if (s == NULL)
        return;
    for (i = 0; i < N_THREADS; i++) {
        uint64_t trials = last_of(s, key_candidate(runs[i], 0));
        uint64_t logs = last_of(s, key_log(runs[i], 0));

        CU_ASSERT_TRUE(w->acked[i] == 0 || trials >= w->acked[i]);
        CU_ASSERT_TRUE(w->acked[i] == 0 || trials <= w->acked[i] + 1);
        CU_ASSERT_EQUAL(trials, logs);
    }
    CU_ASSERT_EQUAL(problems(s), 0); /* no gaps, a whole chain */
    store_close(s);
}

static unsigned seed;

static void nothing_acknowledged_is_lost_by_a_kill(void)
{
    TT_AUTO_FREE char *path = scratch_path("killed");
    struct writing w;
    uint64_t total = 0;
    int i;

    for (i = 0; i < 4; i++) {
        CU_ASSERT_TRUE(start(&w, path));
        kill_after(&w, 10 + rand_r(&seed) % 80);
        check_all_there(path, &w);
        total += w.n_acked;
    }
    printf("# %" PRIu64 " acknowledged\n", total);
}

/* --- power cuts ---------------------------------------------------------- */

/* What the notes say of the file: 0 when it was never synced. */
static off_t synced_size(const char *notes, const char *file)
{
    FILE *in = fopen(notes, "r");
    long long size, last = 0;
    char path[512];

    while (in != NULL && fscanf(in, "%lld %511s", &size, path) == 2) {
        const char *slash = strrchr(path, '/');

        if (slash != NULL && strcmp(slash + 1, file) == 0)
            last = size;
    }
    if (in != NULL)
        fclose(in);
    return (off_t)last;
}

static void cut_power(const char *path, const char *notes)
{
    TT_AUTO_FREE char *db = fs_join(path, STORE_DB);
    DIR *dir = opendir(db);
    struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        TT_AUTO_FREE char *file = fs_join(db, entry->d_name);

        if (strstr(entry->d_name, ".log") != NULL)
            CU_ASSERT_EQUAL(truncate(file, synced_size(notes, entry->d_name)),
                            0);
    }
    if (dir != NULL)
        closedir(dir);
}

/* False: the preloaded object is not there (a build without shared ones). */
static bool preload(const char *notes)
{
    const char *top = getenv("TT_TOP_BUILDDIR");
    TT_AUTO_FREE char *shim = xasprintf("%s/tests/unit/.libs/store_powercut.so",
                                        top != NULL ? top : ".");

    if (!fs_exists(shim))
        return false;
    setenv("LD_PRELOAD", shim, 1);
    setenv("TT_POWERCUT_NOTES", notes, 1);
    /* a sanitizer wants to be first; it need not be for these two calls */
    setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
    return true;
}

static void nothing_acknowledged_is_lost_by_a_power_cut(void)
{
    TT_AUTO_FREE char *path = scratch_path("cut");
    TT_AUTO_FREE char *notes = scratch_path("notes");
    struct writing w;
    bool started;
    int i;

    if (!preload(notes)) {
        printf("# no store_powercut.so: skipped\n");
        return;
    }
    for (i = 0; i < 3; i++) {
        unlink(notes);
        preload(notes);
        started = start(&w, path);
        unsetenv("LD_PRELOAD");
        CU_ASSERT_TRUE(started);
        kill_after(&w, 10 + rand_r(&seed) % 60);
        cut_power(path, notes);
        check_all_there(path, &w);
    }
}

/* Has the test before this one teeth? A disk that lies loses writes, and the
 * anchor tells. */
static void a_disk_that_lies_is_found_out(void)
{
    TT_AUTO_FREE char *path = scratch_path("lied");
    TT_AUTO_FREE char *notes = scratch_path("lies");
    struct store_options options = { .backend = "rocksdb", .path = path };
    struct err e = { 0 };
    struct writing w;
    bool started;

    if (!preload(notes))
        return;
    setenv("TT_POWERCUT_LIE", "1", 1);
    started = start(&w, path);
    unsetenv("TT_POWERCUT_LIE");
    unsetenv("LD_PRELOAD");
    CU_ASSERT_TRUE(started);
    kill_after(&w, 30);
    cut_power(path, notes);
    CU_ASSERT_PTR_NULL(store_open(&options, &e));
    CU_ASSERT_EQUAL(e.code, TT_ECORRUPT);
}

int main(int argc, char **argv)
{
    static CU_TestInfo tests[] = {
        { "nothing acknowledged is lost by a kill",
          nothing_acknowledged_is_lost_by_a_kill },
        { "nothing acknowledged is lost by a power cut",
          nothing_acknowledged_is_lost_by_a_power_cut },
        { "a disk that lies is found out", a_disk_that_lies_is_found_out },
        CU_TEST_INFO_NULL,
    };
    const char *given = getenv("TT_SEED");
    int rc;

    if (argc == 3)
        return child(argv[2]);
    seed = given != NULL ? (unsigned)strtoul(given, NULL, 10)
                         : (unsigned)clock_mono_ns();
    printf("# TT_SEED=%u\n", seed);
    scratch_make();
    rc = tap_run("store_crash", tests);
    scratch_remove();
    return rc;
}
