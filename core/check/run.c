/* SPDX-License-Identifier: MIT
 *
 * run.c - one check in a process of its own: this program, started again as
 * `check-one`. Its standard output and errors go to memory files, its result to
 * fd 3, and where it is just now to a page that is shared on fd 4. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/check/child.h"

#define MOST_RESULT_BYTES (64u << 20)
#define LAST_WORDS_BYTES 2048
#define FAR_FD 100

struct child {
    pid_t pid;
    int pidfd, pipe, out, err, stage;
    struct buf result;
    siginfo_t end;
    bool timeout, leftovers;
};

/* --- starting ------------------------------------------------------------ */

/* As in a worker, and what tools and sanitizers need to find their way. */
static const char *const passed_on[] = {
    "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS",
    "TRIMTAB_WORKER", "TMPDIR", "PATH", "HOME", "CC", "CXX", "MAKEFLAGS",
    "PKG_CONFIG_PATH", "PKG_CONFIG_SYSROOT_DIR",
};

/* What an allocator keeps for a thread counts as allocated; where sizes vary
 * from life to life it grows for hundreds of lives and looks like a leak. */
static const char no_cache[] = "GLIBC_TUNABLES=glibc.malloc.tcache_count=0";

static char **environment(const char *const *more)
{
    char **env = xcalloc(TT_ARRAY_LEN(passed_on) + 16, sizeof *env);
    size_t i, n = 0;
    const char *value;

    for (i = 0; host_environment[i] != NULL; i++)
        env[n++] = xstrdup(host_environment[i]);
    env[n++] = xstrdup(no_cache);
    for (i = 0; i < TT_ARRAY_LEN(passed_on); i++) {
        value = getenv(passed_on[i]);
        if (value != NULL)
            env[n++] = xasprintf("%s=%s", passed_on[i], value);
    }
    for (; more != NULL && *more != NULL; more++)
        env[n++] = xstrdup(*more);
    return env;
}

static void add_option(char **args, size_t *n, const char *name,
                       const char *value)
{
    if (value != NULL)
        args[(*n)++] = xasprintf("--%s=%s", name, value);
}

static char **arguments(const char *id, const char *path, const char *argument,
                        const struct check_options *o)
{
    char **args = xcalloc(20, sizeof *args);
    size_t n = 0;

    args[n++] = xstrdup("trimtab-plugin");
    args[n++] = xstrdup("check-one");
    args[n++] = xstrdup(id);
    args[n++] = xasprintf("--seed=%" PRIu64, o->seed);
    args[n++] = xasprintf("--soak=%" PRId64, o->soak_ms);
    add_option(args, &n, "source", o->source);
    add_option(args, &n, "old", o->old);
    add_option(args, &n, "log", o->log);
    add_option(args, &n, "config", o->config);
    add_option(args, &n, "evaluation", o->evaluation);
    add_option(args, &n, "revoked", o->revoked);
    add_option(args, &n, "keys", o->keys);
    add_option(args, &n, "argument", argument);
    args[n++] = xstrdup(path);
    return args;
}

static void free_list(char **list)
{
    size_t i;

    for (i = 0; list[i] != NULL; i++)
        free(list[i]);
    free(list);
}

/* pgroup: 0 makes one, else joins it. */
static int start(struct child *k, char **args, char **env, pid_t pgroup,
                 struct err *e)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none;
    int to[2], rc;

    k->out = memfd_create("stdout", MFD_CLOEXEC);
    k->err = memfd_create("stderr", MFD_CLOEXEC);
    k->stage = memfd_create("stage", MFD_CLOEXEC);
    if (k->out < 0 || k->err < 0 || k->stage < 0 ||
        ftruncate(k->stage, 2 * CHECK_STAGE_BYTES) != 0)
        return err_errno(e, TT_EIO, "memory files");
    if (pipe2(to, O_CLOEXEC) != 0)
        return err_errno(e, TT_EIO, "pipe");
    k->pipe = to[0];
    (void)fcntl(k->pipe, F_SETFL, O_NONBLOCK);
    posix_spawn_file_actions_init(&files);
    /* far up first, so that none of ours is overwritten on the way */
    posix_spawn_file_actions_adddup2(&files, k->out, FAR_FD);
    posix_spawn_file_actions_adddup2(&files, k->err, FAR_FD + 1);
    posix_spawn_file_actions_adddup2(&files, to[1], FAR_FD + 2);
    posix_spawn_file_actions_adddup2(&files, k->stage, FAR_FD + 3);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    for (rc = 0; rc < 4; rc++) {
        posix_spawn_file_actions_adddup2(&files, FAR_FD + rc, 1 + rc);
        posix_spawn_file_actions_addclose(&files, FAR_FD + rc);
    }
    posix_spawnattr_init(&attr);
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setpgroup(&attr, pgroup);
    posix_spawnattr_setflags(&attr,
                             POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    rc = posix_spawn(&k->pid, "/proc/self/exe", &files, &attr, args, env);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    close(to[1]);
    if (rc != 0) {
        k->pid = 0;
        errno = rc;
        return err_errno(e, TT_EIO, "this program cannot be started again");
    }
    k->pidfd = pidfd_open(k->pid, 0);
    return k->pidfd >= 0 ? 0 : err_errno(e, TT_EIO, "pidfd_open");
}

/* --- waiting ------------------------------------------------------------- */

static void drain(struct child *k)
{
    ssize_t n;

    do {
        buf_reserve(&k->result, 65536);
        n = read(k->pipe, k->result.data + k->result.len, 65536);
        if (n > 0)
            k->result.len += (size_t)n;
    } while (n > 0 && k->result.len < MOST_RESULT_BYTES);
    if (k->result.data != NULL)
        k->result.data[k->result.len] = '\0';
}

/* Until it has ended; a child of it may hold its pipe open for ever. */
static void wait_for(struct child *k, int64_t deadline_ms)
{
    int64_t end = clock_mono_ms() + deadline_ms, left;
    struct pollfd fds[2] = { { .fd = k->pidfd, .events = POLLIN },
                             { .fd = k->pipe, .events = POLLIN } };

    while ((fds[0].revents & POLLIN) == 0) {
        left = end - clock_mono_ms();
        if (left <= 0) {
            k->timeout = true;
            return;
        }
        if (poll(fds, 2, (int)(left < 1000000 ? left : 1000000)) < 0)
            continue;
        if ((fds[1].revents & POLLIN) != 0)
            drain(k);
        else if (fds[1].revents != 0)
            fds[1].fd = -1;
    }
    drain(k);
}

/* The whole group where it is our own; the process alone in a part. */
static void bury(struct child *k, bool group)
{
    if (k->pid > 0) {
        if (k->timeout)
            (void)kill(group ? -k->pid : k->pid, SIGKILL);
        while (waitid(P_PID, (id_t)k->pid, &k->end, WEXITED) != 0 &&
               errno == EINTR)
            ;
        if (group && kill(-k->pid, SIGKILL) == 0)
            k->leftovers = !k->timeout;
    }
    if (k->pidfd >= 0)
        close(k->pidfd);
    if (k->pipe >= 0)
        close(k->pipe);
}

static void fini(struct child *k)
{
    int fds[] = { k->out, k->err, k->stage };
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
    buf_fini(&k->result);
}

/* --- what became of it --------------------------------------------------- */

/* The line of its standard errors that says most: a sanitizer's summary, else
 * the last one. */
static void add_last_words(struct buf *out, int fd)
{
    char text[LAST_WORDS_BYTES + 1];
    off_t size = lseek(fd, 0, SEEK_END);
    off_t at = size > LAST_WORDS_BYTES ? size - LAST_WORDS_BYTES : 0;
    ssize_t n = size > 0 ? pread(fd, text, LAST_WORDS_BYTES, at) : 0;
    char *line, *end;

    if (n <= 0)
        return;
    text[n] = '\0';
    while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\0'))
        text[--n] = '\0';
    line = strstr(text, "SUMMARY: ");
    if (line == NULL)
        line = strrchr(text, '\n') != NULL ? strrchr(text, '\n') + 1 : text;
    end = strchr(line, '\n');
    if (end != NULL)
        *end = '\0';
    if (*line != '\0')
        buf_addf(out, "; it last said: %.300s", line);
}

static void describe_end(struct child *k, int64_t deadline_ms, struct buf *out)
{
    char stage[2 * CHECK_STAGE_BYTES] = "";
    const char *call = stage + CHECK_STAGE_BYTES, *name;

    if (pread(k->stage, stage, sizeof stage, 0) != (ssize_t)sizeof stage)
        memset(stage, 0, sizeof stage);
    stage[CHECK_STAGE_BYTES - 1] = stage[sizeof stage - 1] = '\0';
    if (k->timeout) {
        buf_addf(out, "no end within %" PRId64 " s: killed",
                 deadline_ms / 1000);
    } else if (k->end.si_code == CLD_EXITED) {
        buf_addf(out, "the process exited with status %d",
                 k->end.si_status);
    } else {
        name = sigabbrev_np(k->end.si_status);
        buf_addf(out, "the process was killed by SIG%s",
                 name != NULL ? name : "?");
    }
    if (call[0] != '\0')
        buf_addf(out, " in %s", call);
    if (stage[0] != '\0')
        buf_addf(out, " (%s)", stage);
    add_last_words(out, k->err);
}

static enum check_status status_of(const char *name)
{
    int i;

    for (i = CHECK_PASS; i < CHECK_CRASH; i++)
        if (name != NULL &&
            strcmp(name, check_status_name((enum check_status)i)) == 0)
            return (enum check_status)i;
    return CHECK_CRASH;
}

/* {"status","message"}; false when the child did not get so far. */
static bool take_result(const struct child *k, struct check_result *r)
{
    json_object *o;

    if (k->timeout || k->end.si_code != CLD_EXITED || k->end.si_status != 0 ||
        k->result.len == 0)
        return false;
    o = json_parse(k->result.data, k->result.len, &json_limits_document, NULL);
    if (!json_object_is_type(o, json_type_object) ||
        json_str(o, "message") == NULL) {
        json_object_put(o);
        return false;
    }
    r->status = status_of(json_str(o, "status"));
    r->message = xstrdup(json_str(o, "message"));
    json_object_put(o);
    return true;
}

static void judge(struct child *k, int64_t deadline_ms, struct check_result *r)
{
    struct buf text = { 0 };

    if (!take_result(k, r)) {
        r->status = CHECK_CRASH;
        describe_end(k, deadline_ms, &text);
        r->message = buf_steal(&text);
    } else if (k->leftovers && r->status < CHECK_FAIL) {
        r->status = CHECK_FAIL;
        free(r->message);
        r->message = xstrdup("it left processes behind");
    }
}

int check_spawn(const struct check *check, const struct check_options *o,
                struct check_result *r, struct err *e)
{
    struct child k = { .pidfd = -1, .pipe = -1, .out = -1, .err = -1,
                       .stage = -1 };
    int64_t started = clock_mono_ms(), deadline_ms = check->seconds * 1000;
    char **args = arguments(check->id, o->path, NULL, o);
    char **env = environment(NULL);
    int rc = start(&k, args, env, 0, e);

    if (strcmp(check->id, "B22") == 0)
        deadline_ms += o->soak_ms;
    if (rc == 0)
        wait_for(&k, deadline_ms);
    bury(&k, true);
    r->check = check;
    r->ms = clock_mono_ms() - started;
    if (rc == 0)
        judge(&k, deadline_ms, r);
    fini(&k);
    free_list(args);
    free_list(env);
    return rc;
}

int check_part_run(const struct check_run *c, const char *name,
                   const char *path, const char *argument, struct buf *out,
                   struct err *e)
{
    struct child k = { .pidfd = -1, .pipe = -1, .out = -1, .err = -1,
                       .stage = -1 };
    /* the check that waits is killed at its own deadline, and its group */
    int64_t deadline_ms = c->check->seconds * 1000;
    char **args = arguments(name, path, argument, c->o);
    char **env = environment(c->part_environment);
    struct buf text = { 0 };
    int rc = start(&k, args, env, c->check->run != NULL ? getpgrp() : 0, e);

    if (rc == 0)
        wait_for(&k, deadline_ms);
    bury(&k, false);
    if (rc == 0 && (k.timeout || k.end.si_code != CLD_EXITED ||
                    (k.end.si_status != 0 && k.result.len == 0))) {
        describe_end(&k, deadline_ms, &text);
        rc = err_set(e, TT_EPLUGIN, "%s", text.data);
    } else if (rc == 0 && k.end.si_status != 0) {
        rc = err_set(e, TT_EPLUGIN, "%s", k.result.data);
    } else if (rc == 0) {
        buf_add(out, k.result.data, k.result.len);
    }
    buf_fini(&text);
    fini(&k);
    free_list(args);
    free_list(env);
    return rc;
}
