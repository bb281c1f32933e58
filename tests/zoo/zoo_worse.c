/* SPDX-License-Identifier: MIT
 *
 * zoo_worse.c - what zoo_bad.c does not dare: deeds against the process, its
 * host and its kernel. `how` names the deed, done on ask number `after` + 1.
 * What is refused is told as an error that begins with the deed's name. */
#include "zoo.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

struct deed {
    const char *how;
    int (*act)(struct tt_instance *self, struct tt_error *e);
};

/* So that no optimizer sees what is done to it. */
static volatile int zero;
static void *volatile hidden;

/* --- attempts: how many of them worked ------------------------------------ */

struct attempts {
    unsigned n, n_worked;
    const char *worked; /* the last one that did */
    int error;          /* errno of the last one that did not */
};

static void attempt(struct attempts *a, const char *what, long result)
{
    a->n++;
    if (result >= 0) {
        a->n_worked++;
        a->worked = what;
        if (result > 3 && result < 64)
            close((int)result);
    } else {
        a->error = errno;
    }
}

static int verdict(const struct attempts *a, const char *name,
                   struct tt_error *e)
{
    if (a->n_worked > 0)
        return tt_fail(e, TT_EINTERNAL, "%s: %u of %u worked: %s", name,
                       a->n_worked, a->n, a->worked);
    return tt_fail(e, TT_EPERM, "%s: %u refused: %s", name, a->n,
                   strerror(a->error));
}

/* --- the end of the process ----------------------------------------------- */

static int deepen(int n)
{
    volatile char room[4096];

    room[0] = (char)n;
    return n < 0 ? 0 : deepen(n + 1 - zero) + room[0];
}

static int do_stack(struct tt_instance *self, struct tt_error *e)
{
    (void)self;
    (void)e;
    return deepen(0);
}

static int do_doublefree(struct tt_instance *self, struct tt_error *e)
{
    void *p = malloc(40);

    (void)self;
    (void)e;
    hidden = p;
    free(p);
    free(hidden);
    return 0;
}

static int do_divide(struct tt_instance *self, struct tt_error *e)
{
    volatile int one = 1;

    (void)self;
    (void)e;
    return one / zero;
}

static int do_trap(struct tt_instance *self, struct tt_error *e)
{
    (void)self;
    (void)e;
    __builtin_trap();
}

static int do_quiet(struct tt_instance *self, struct tt_error *e)
{
    (void)self;
    (void)e;
    _exit(0);
}

static int do_suicide(struct tt_instance *self, struct tt_error *e)
{
    (void)self;
    (void)e;
    return raise(SIGKILL);
}

/* --- what does not end ---------------------------------------------------- */

static int do_deadlock(struct tt_instance *self, struct tt_error *e)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

    (void)self;
    (void)e;
    (void)pthread_mutex_lock(&lock);
    return pthread_mutex_lock(&lock);
}

static void ignore(int signal)
{
    (void)signal;
}

/* Each return from the handler faults again, for ever. */
static int do_handlers(struct tt_instance *self, struct tt_error *e)
{
    struct sigaction action = { .sa_handler = ignore };
    volatile int *volatile nowhere = (volatile int *)(uintptr_t)8;
    int signal;

    (void)self;
    (void)e;
    for (signal = 1; signal < 64; signal++)
        (void)sigaction(signal, &action, NULL);
    return *nowhere;
}

static int do_flood(struct tt_instance *self, struct tt_error *e)
{
    static const char line[] = "flood flood flood flood flood flood flood\n";

    (void)e;
    for (;;) {
        if (write(1, line, sizeof line - 1) < 0 ||
            write(2, line, sizeof line - 1) < 0)
            return 0;
        self->host->log(self->host, TT_LOG_ERROR, tt_str_of(line));
    }
}

/* --- gluttony ------------------------------------------------------------- */

static int do_hog(struct tt_instance *self, struct tt_error *e)
{
    size_t mb;
    char *p;

    (void)self;
    for (mb = 0; mb < (64u << 10); mb++) {
        p = malloc(1u << 20);
        hidden = p;
        if (p == NULL)
            break;
        memset(p, 1, 1u << 20);
    }
    return tt_fail(e, TT_ENOMEM, "hog: out of memory after %s",
                   mb < 1024 ? "less than 1 GiB" : "1 GiB and more");
}

/* 32 MiB that are forgotten at every ask; what is not there is written to. */
static int do_leak(struct tt_instance *self, struct tt_error *e)
{
    char *p = malloc(32u << 20);

    (void)self;
    (void)e;
    hidden = p;
    memset((char *)hidden, 1, 32u << 20);
    return 0;
}

static int do_descriptors(struct tt_instance *self, struct tt_error *e)
{
    unsigned n = 0;

    (void)self;
    while (n < 100000 && open("/proc/cpuinfo", O_RDONLY) >= 0)
        n++;
    return tt_fail(e, TT_EIO, "descriptors: %s after %s", strerror(errno),
                   n < 64 ? "less than 64" : "64 and more");
}

static int do_forkbomb(struct tt_instance *self, struct tt_error *e)
{
    struct attempts a = { 0 };
    int i;

    (void)self;
    for (i = 0; i < 100; i++) {
        attempt(&a, "fork", fork());
        attempt(&a, "vfork", syscall(SYS_vfork));
        attempt(&a, "clone", syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
        attempt(&a, "clone3", syscall(SYS_clone3, NULL, 0));
    }
    a.error = EPERM; /* clone3 says ENOSYS, as an old kernel does */
    return verdict(&a, "forkbomb", e);
}

static void *linger(void *ctx)
{
    (void)sleep(3600);
    return ctx;
}

static int do_threads(struct tt_instance *self, struct tt_error *e)
{
    struct attempts a = { 0 };
    pthread_t thread;
    int i;

    (void)self;
    for (i = 0; i < 8; i++) {
        errno = pthread_create(&thread, NULL, linger, NULL);
        attempt(&a, "thread", errno == 0 ? 0 : -1);
    }
    return verdict(&a, "threads", e);
}

/* --- what is not its own -------------------------------------------------- */

static int do_sockets(struct tt_instance *self, struct tt_error *e)
{
    struct attempts a = { 0 };
    int family, pair[2];

    (void)self;
    for (family = 0; family < 46; family++) {
        attempt(&a, "a stream", socket(family, SOCK_STREAM, 0));
        attempt(&a, "a datagram", socket(family, SOCK_DGRAM, 0));
        attempt(&a, "a raw one", socket(family, SOCK_RAW, 0));
    }
    attempt(&a, "a pair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    return verdict(&a, "sockets", e);
}

static int do_files(struct tt_instance *self, struct tt_error *e)
{
    static const char *const places[] = {
        "/tmp/zoo-was-here", "/dev/shm/zoo-was-here", "/var/tmp/zoo-was-here",
        "/run/zoo-was-here", "zoo-was-here",
    };
    struct attempts a = { 0 };
    size_t i;

    (void)self;
    for (i = 0; i < sizeof places / sizeof *places; i++) {
        attempt(&a, places[i], open(places[i], O_WRONLY | O_CREAT, 0600));
        attempt(&a, "mkdir", mkdir(places[i], 0700));
        attempt(&a, "mkfifo", mkfifo(places[i], 0600));
        attempt(&a, "symlink", symlink("/etc/passwd", places[i]));
    }
    attempt(&a, "shm_open", shm_open("/zoo-was-here", O_RDWR | O_CREAT, 0600));
    attempt(&a, "memfd", syscall(SYS_memfd_create, "zoo", 0));
    attempt(&a, "shmget", shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600));
    return verdict(&a, "files", e);
}

/* Its own plugin.so: gone, or another one, for the next run. */
static int do_unlink(struct tt_instance *self, struct tt_error *e)
{
    struct attempts a = { 0 };

    (void)self;
    attempt(&a, "unlink", unlink("plugin.so"));
    attempt(&a, "rename", rename("plugin.so", "gone.so"));
    attempt(&a, "truncate", truncate("plugin.so", 0));
    attempt(&a, "chmod", chmod("plugin.so", 0));
    attempt(&a, "write", open("plugin.so", O_RDWR));
    attempt(&a, "link", link("plugin.so", "other.so"));
    return verdict(&a, "unlink", e);
}

static int do_processes(struct tt_instance *self, struct tt_error *e)
{
    static const char *const files[] = { "mem", "environ", "maps", "fd/0",
                                         "root/etc/passwd" };
    struct attempts a = { 0 };
    char path[64];
    size_t i;

    (void)self;
    for (i = 0; i < sizeof files / sizeof *files; i++) {
        (void)snprintf(path, sizeof path, "/proc/%d/%s", (int)getppid(),
                       files[i]);
        attempt(&a, "the daemon", open(path, O_RDONLY));
        (void)snprintf(path, sizeof path, "/proc/1/%s", files[i]);
        attempt(&a, "init", open(path, O_RDONLY));
    }
    attempt(&a, "SIGKILL", kill(getppid(), SIGKILL));
    attempt(&a, "SIGKILL to all", kill(-1, SIGKILL));
    attempt(&a, "SIGKILL to the group", kill(0, SIGKILL));
    attempt(&a, "pidfd", syscall(SYS_pidfd_open, getppid(), 0));
    return verdict(&a, "processes", e);
}

static int do_spy(struct tt_instance *self, struct tt_error *e)
{
    char bytes[64];
    struct iovec to = { bytes, sizeof bytes }, from = { &bytes, sizeof bytes };

    (void)self;
    return tt_fail(e, TT_EINTERNAL, "spy: %ld bytes of the daemon",
                   syscall(SYS_process_vm_readv, getppid(), &to, 1, &from, 1,
                           0));
}

/* Out of its group, its limits and its parent's death. */
static int do_escape(struct tt_instance *self, struct tt_error *e)
{
    const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
    struct attempts a = { 0 };

    (void)self;
    attempt(&a, "setsid", setsid());
    attempt(&a, "setpgid", setpgid(0, 0));
    attempt(&a, "setuid", setuid(0));
    attempt(&a, "setgid", setgid(0));
    attempt(&a, "nice", setpriority(PRIO_PROCESS, 0, -20));
    attempt(&a, "memory limit", setrlimit(RLIMIT_AS, &all));
    attempt(&a, "CPU limit", setrlimit(RLIMIT_CPU, &all));
    attempt(&a, "prctl", syscall(SYS_prctl, 1 /* PDEATHSIG */, 0, 0, 0, 0));
    attempt(&a, "prctl", syscall(SYS_prctl, 4 /* DUMPABLE */, 1, 0, 0, 0));
    attempt(&a, "personality", syscall(SYS_personality, 0x0040000));
    attempt(&a, "chdir", chdir("/"));
    return verdict(&a, "escape", e);
}

static int do_mount(struct tt_instance *self, struct tt_error *e)
{
    (void)self;
    return tt_fail(e, TT_EINTERNAL, "mount: %ld",
                   syscall(SYS_unshare, 0x10020000 /* user, mount */));
}

/* The environment is its own; the next worker must not see it. */
static int do_setenv(struct tt_instance *self, struct tt_error *e)
{
    (void)self;
    (void)setenv("LD_PRELOAD", "/tmp/zoo-was-here.so", 1);
    (void)setenv("OPENBLAS_NUM_THREADS", "64", 1);
    return tt_fail(e, TT_EINTERNAL, "setenv: LD_PRELOAD is %s for me alone",
                   getenv("LD_PRELOAD"));
}

/* --- the table ------------------------------------------------------------ */

static const struct deed deeds[] = {
    { "stack", do_stack },         { "doublefree", do_doublefree },
    { "divide", do_divide },       { "trap", do_trap },
    { "quiet", do_quiet },         { "suicide", do_suicide },
    { "deadlock", do_deadlock },   { "handlers", do_handlers },
    { "flood", do_flood },         { "hog", do_hog },
    { "leak", do_leak },           { "descriptors", do_descriptors },
    { "forkbomb", do_forkbomb },   { "threads", do_threads },
    { "sockets", do_sockets },     { "files", do_files },
    { "unlink", do_unlink },       { "processes", do_processes },
    { "spy", do_spy },             { "escape", do_escape },
    { "mount", do_mount },         { "setenv", do_setenv },
};

static int zoo_next(struct tt_instance *self, const struct tt_ask *ask,
                    const struct tt_action_sink *sink, struct tt_error *e)
{
    const struct tt_config *config = self->problem->config;
    struct tt_str how = tt_config_text(config, "how", "none");
    uint64_t i;
    int rc = 0;

    if ((double)self->n_asks++ >= tt_config_number(config, "after", 0))
        for (i = 0; i < sizeof deeds / sizeof *deeds && rc == 0; i++)
            if (tt_str_equal(how, tt_str_of(deeds[i].how)))
                rc = deeds[i].act(self, e);
    for (i = 0; i < ask->max && rc == 0; i++)
        rc = zoo_emit(self, sink, self->problem->space->n_params, (double)NAN,
                      0);
    return rc;
}

ZOO_DECLARE_SCHEMA("zoo-worse",
                   "{\"type\":\"object\",\"properties\":{"
                   "\"how\":{\"type\":\"string\",\"default\":\"none\"},"
                   "\"after\":{\"type\":\"integer\",\"minimum\":0,"
                   "\"default\":0}},\"additionalProperties\":false}");
