/* SPDX-License-Identifier: MIT
 *
 * exec_process.c - the child of an exec plugin: started, spoken to, ended.
 *
 * Its standard errors are read whenever we wait for it: they go to ours, line
 * by line, and the last one is kept for the message about its end. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fs.h"
#include "core/base/mem.h"
#include "core/host/exec_in.h"

#define READ_BYTES (64u << 10)
#define MOST_SAID 2000u  /* bytes of one line of standard error */
#define MOST_READS 64    /* of what it leaves behind */
#define END_MS 1000      /* from the end of its input to SIGKILL */

/* Beside host_environment: the order of a Python set of strings is chance
 * otherwise, and there is nowhere to write compiled files to. */
static const char *const more_environment[] = {
    "PYTHONHASHSEED=0", "PYTHONDONTWRITEBYTECODE=1",
};

/* --- starting ------------------------------------------------------------- */

static char **environment(void)
{
    char **env = xcalloc(16, sizeof *env);
    size_t i, n = 0;

    for (i = 0; host_environment[i] != NULL; i++)
        env[n++] = xstrdup(host_environment[i]);
    for (i = 0; i < TT_ARRAY_LEN(more_environment); i++)
        env[n++] = xstrdup(more_environment[i]);
    return env;
}

static char *find_worker(const struct exec_start *start)
{
    const char *path = start->worker != NULL ? start->worker
                                             : getenv("TRIMTAB_WORKER");

    return path != NULL ? xstrdup(path) : fs_beside_self("trimtab-worker");
}

static char **arguments(const struct exec_manifest *m,
                        const struct exec_start *start, const char *worker)
{
    const struct sandbox_limits *l = &start->limits;
    char **argv = xcalloc(16 + l->n_read + m->n_command, sizeof *argv);
    size_t i, n = 0;

    argv[n++] = xstrdup(worker);
    argv[n++] = xstrdup("--exec-child");
    argv[n++] = xasprintf("--plugin=%s/plugin.json", m->dir);
    argv[n++] = xasprintf("--memory=%" PRIu64, l->memory_bytes);
    argv[n++] = xasprintf("--cpu=%" PRIu64, l->cpu_seconds);
    argv[n++] = xasprintf("--files=%" PRIu64, l->n_files);
    argv[n++] = xasprintf("--uid=%" PRIu32, l->uid);
    argv[n++] = xasprintf("--gid=%" PRIu32, l->gid);
    /* Elsewhere the thread that starts it may not stay: there the end of its
     * input is its end. */
    argv[n++] = xasprintf("--parent=%d", start->in_worker ? (int)getpid() : 0);
    if (l->threads)
        argv[n++] = xstrdup("--threads");
    for (i = 0; i < l->n_read; i++)
        argv[n++] = xasprintf("--read=%s", l->read[i]);
    argv[n++] = xstrdup("--");
    for (i = 0; i < m->n_command; i++)
        argv[n++] = xstrdup(m->command[i]);
    return argv;
}

static void free_list(char **list)
{
    size_t i;

    for (i = 0; list[i] != NULL; i++)
        free(list[i]);
    free(list);
}

static int spawn(struct exec_child *c, char **argv, char **env,
                 const int child[3])
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none, all;
    int rc, i;

    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attr);
    for (i = 0; i < 3; i++)
        posix_spawn_file_actions_adddup2(&files, child[i], i);
    posix_spawn_file_actions_addclosefrom_np(&files, 3);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    posix_spawnattr_setflags(&attr,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    rc = posix_spawn(&c->pid, argv[0], &files, &attr, argv, env);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    return rc;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static int make_pipes(struct exec_child *c, int child[3])
{
    int pair[2];

    if (pipe2(pair, O_CLOEXEC) != 0)
        return -1;
    child[0] = pair[0];
    c->in = pair[1];
    if (pipe2(pair, O_CLOEXEC) != 0)
        return -1;
    c->out = pair[0];
    child[1] = pair[1];
    if (pipe2(pair, O_CLOEXEC) != 0)
        return -1;
    c->err = pair[0];
    child[2] = pair[1];
    return fcntl(c->in, F_SETFL, O_NONBLOCK) != 0 ||
                   fcntl(c->out, F_SETFL, O_NONBLOCK) != 0 ||
                   fcntl(c->err, F_SETFL, O_NONBLOCK) != 0
               ? -1
               : 0;
}

struct exec_child *exec_child_start(const struct exec_manifest *m,
                                    const struct exec_start *start,
                                    struct err *e)
{
    struct exec_child *c = xcalloc(1, sizeof *c);
    int child[3] = { -1, -1, -1 }, rc, i;
    char *worker = find_worker(start), **argv, **env;

    c->in = c->out = c->err = -1;
    if (make_pipes(c, child) != 0) {
        rc = err_errno(e, TT_EIO, "plugin %s %s: no pipes", m->plugin.id,
                       m->plugin.version);
    } else {
        argv = arguments(m, start, worker != NULL ? worker : "trimtab-worker");
        env = environment();
        rc = errno = spawn(c, argv, env, child);
        if (rc != 0)
            rc = err_errno(e, TT_EIO, "plugin %s %s: %s, which confines its "
                           "command, cannot be started", m->plugin.id,
                           m->plugin.version, argv[0]);
        free_list(argv);
        free_list(env);
    }
    for (i = 0; i < 3; i++)
        close_fd(&child[i]);
    free(worker);
    if (rc == 0)
        return c;
    c->pid = 0;
    exec_child_end(c);
    return NULL;
}

/* --- its standard error --------------------------------------------------- */

static void said(struct exec_child *c, const char *line, size_t n)
{
    (void)snprintf(c->last, sizeof c->last, "%.*s",
                   (int)(n < sizeof c->last ? n : sizeof c->last - 1), line);
    (void)!write(2, line, n);
    (void)!write(2, "\n", 1);
}

static void take_errors(struct exec_child *c)
{
    char bytes[4096], *end;
    ssize_t n = read(c->err, bytes, sizeof bytes);

    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        close_fd(&c->err);
        n = 0;
    }
    if (n > 0)
        buf_add(&c->saying, bytes, (size_t)n);
    while (c->saying.len > 0 &&
           (end = memchr(c->saying.data, '\n', c->saying.len)) != NULL) {
        n = end - c->saying.data;
        if (n > 0)
            said(c, c->saying.data, (size_t)n);
        buf_drop(&c->saying, (size_t)n + 1);
    }
    if (c->saying.len > MOST_SAID || (c->err < 0 && c->saying.len > 0)) {
        said(c, c->saying.data, c->saying.len);
        buf_reset(&c->saying);
    }
}

/* --- its end -------------------------------------------------------------- */

int exec_child_break(struct exec_child *c, const struct err *e)
{
    if (!c->broken) {
        c->broken = true;
        c->why = *e;
    }
    return e->code;
}

/* Wait for its end until then: true with *status set. */
static bool reap(struct exec_child *c, int64_t until_ms, int *status)
{
    struct pollfd p = { .fd = -1, .events = POLLIN };
    pid_t got;

    for (;;) {
        got = waitpid(c->pid, status, WNOHANG);
        if (got == c->pid) {
            c->pid = 0;
            return true;
        }
        if ((got < 0 && errno != EINTR) || clock_mono_ms() >= until_ms)
            return false;
        p.fd = c->err;
        if (poll(&p, 1, 5) > 0)
            take_errors(c);
    }
}

/* It has ended, or has closed its standard `stream`. */
static int ended(struct exec_child *c, const char *call, const char *stream,
                 struct err *e)
{
    char how[80];
    const char *name;
    struct err why = { 0 };
    int status = 0;
    unsigned i;

    (void)snprintf(how, sizeof how, "closed its standard %s", stream);
    (void)reap(c, clock_mono_ms() + END_MS, &status);
    if (c->pid == 0 && WIFEXITED(status))
        (void)snprintf(how, sizeof how, "exited with status %d",
                       WEXITSTATUS(status));
    else if (c->pid == 0 && WIFSIGNALED(status)) {
        name = sigabbrev_np(WTERMSIG(status));
        (void)snprintf(how, sizeof how, "was killed by SIG%s%s",
                       name != NULL ? name : "?",
                       WTERMSIG(status) == SIGSYS
                           ? " (a system call that the sandbox forbids)"
                           : "");
    }
    for (i = 0; i < MOST_READS && c->err >= 0 && c->pid == 0; i++)
        take_errors(c); /* all that is left */
    err_set(&why, TT_ECRASH, "%s: its command %s%s%s; a command reads lines "
            "until its input ends, see its standard error", call, how,
            c->last[0] != '\0' ? ", last saying: " : "", c->last);
    if (e != NULL)
        *e = why;
    return exec_child_break(c, &why);
}

void exec_child_end(struct exec_child *c)
{
    int status;

    if (c == NULL)
        return;
    close_fd(&c->in);
    close_fd(&c->out);
    if (c->pid > 0 && !reap(c, clock_mono_ms() + END_MS, &status)) {
        /* Not allowed in a worker: there it dies with us. */
        if (kill(c->pid, SIGKILL) == 0)
            (void)waitpid(c->pid, &status, 0);
    }
    close_fd(&c->err);
    buf_fini(&c->heard);
    buf_fini(&c->saying);
    free(c);
}

/* --- lines ---------------------------------------------------------------- */

/* Bytes of its standard output: 1 some, 0 none now, negative its end. */
static int listen_once(struct exec_child *c)
{
    ssize_t n;

    buf_reserve(&c->heard, READ_BYTES);
    n = read(c->out, c->heard.data + c->heard.len, READ_BYTES);
    if (n > 0) {
        c->heard.len += (size_t)n;
        return 1;
    }
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

static int fault(struct exec_child *c, const char *call, const char *what,
                 struct err *e)
{
    struct err why = { 0 };

    err_set(&why, TT_EPLUGIN, "%s: %s", call, what);
    if (e != NULL)
        *e = why;
    return exec_child_break(c, &why);
}

static int refuse_broken(const struct exec_child *c, struct err *e)
{
    if (e != NULL)
        *e = c->why;
    return c->why.code;
}

#define UNASKED                                                                \
    "its command wrote what nobody asked for: one line an answer, and "        \
    "messages to standard error"

static int write_line(struct exec_child *c, const char *call,
                      struct tt_str line, struct err *e)
{
    struct pollfd p[3];
    size_t done = 0, all = (size_t)line.n + 1;
    ssize_t n;

    while (done < all) {
        n = done < line.n ? write(c->in, line.p + done, (size_t)line.n - done)
                          : write(c->in, "\n", 1);
        if (n > 0)
            done += (size_t)n;
        else if (n < 0 && errno != EAGAIN && errno != EINTR)
            return ended(c, call, "input", e);
        if (done == all)
            break;
        p[0] = (struct pollfd){ .fd = c->in, .events = POLLOUT };
        p[1] = (struct pollfd){ .fd = c->out, .events = POLLIN };
        p[2] = (struct pollfd){ .fd = c->err, .events = POLLIN };
        (void)poll(p, 3, -1);
        if (p[2].revents != 0)
            take_errors(c);
        if (p[1].revents != 0)
            return listen_once(c) > 0 ? fault(c, call, UNASKED, e)
                                      : ended(c, call, "output", e);
    }
    return 0;
}

int exec_child_say(struct exec_child *c, const char *call, struct tt_str line,
                   struct err *e)
{
    const struct sigaction ignore = { .sa_handler = SIG_IGN };
    struct sigaction before;
    int rc;

    if (c->broken)
        return refuse_broken(c, e);
    if (c->heard.len > 0 || listen_once(c) > 0)
        return fault(c, call, UNASKED, e);
    (void)sigaction(SIGPIPE, &ignore, &before); /* it may have ended */
    rc = write_line(c, call, line, e);
    (void)sigaction(SIGPIPE, &before, NULL);
    return rc;
}

int exec_child_hear(struct exec_child *c, const char *call, struct buf *line,
                    struct err *e)
{
    struct pollfd p[2];
    size_t looked = 0;
    char *end = NULL;

    if (c->broken)
        return refuse_broken(c, e);
    for (;;) {
        if (c->heard.len > looked)
            end = memchr(c->heard.data + looked, '\n', c->heard.len - looked);
        looked = c->heard.len;
        if (end != NULL || looked > EXEC_MAX_LINE)
            break;
        p[0] = (struct pollfd){ .fd = c->out, .events = POLLIN };
        p[1] = (struct pollfd){ .fd = c->err, .events = POLLIN };
        (void)poll(p, 2, -1);
        if (p[1].revents != 0)
            take_errors(c);
        if (p[0].revents != 0 && listen_once(c) < 0)
            return ended(c, call, "output", e);
    }
    looked = end != NULL ? (size_t)(end - c->heard.data) : looked;
    if (looked > EXEC_MAX_LINE)
        return fault(c, call, "its command wrote a line of more than 16 MiB: "
                     "answer with less", e);
    buf_reset(line);
    buf_add(line, c->heard.data, looked);
    buf_drop(&c->heard, looked + 1);
    if (c->heard.len > 0)
        return fault(c, call, UNASKED, e);
    return 0;
}
