/* SPDX-License-Identifier: MIT
 *
 * plugin_gate.c - see plugin_gate.h. Nothing of our environment is passed on,
 * and no descriptor: all of ours are closed on exec. */
#include "config.h"

#include "core/engine/plugin_gate.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/mem.h"

enum {
    MOST_BYTES = 4 << 20,  /* of its report */
    MOST_SAID = 4096,      /* of what it says on stderr */
    DEADLINE_MS = 240000,
    NAP_MS = 200           /* between two looks at gate->hurry */
};

struct checker {
    pid_t pid;
    int out, err;          /* ends that we read; -1 = closed */
    struct buf report, said;
    bool late, hurried, too_long;
};

/* --- starting ------------------------------------------------------------- */

static int spawn(struct checker *k, const struct plugin_gate *gate,
                 const char *file, int out, int err)
{
    TT_AUTO_FREE char *level = xasprintf("%u", gate->level);
    TT_AUTO_FREE char *worker = xasprintf("TRIMTAB_WORKER=%s", gate->worker);
    const char *args[] = { gate->tool, "check", file, "--level", level,
                           "--format", "json",
                           gate->scratch != NULL ? "--confine" : NULL,
                           gate->scratch, NULL };
    const char *env[] = { "PATH=/usr/bin:/bin", "HOME=/", "LC_ALL=C.UTF-8",
                          worker, NULL };
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none, usual;
    int rc;

    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, out, 1);
    posix_spawn_file_actions_adddup2(&files, err, 2);
    posix_spawnattr_init(&attr);
    sigemptyset(&none);
    sigfillset(&usual);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &usual);
    posix_spawnattr_setpgroup(&attr, 0);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP |
                                        POSIX_SPAWN_SETSIGMASK |
                                        POSIX_SPAWN_SETSIGDEF);
    rc = posix_spawn(&k->pid, gate->tool, &files, &attr,
                     (char *const *)(size_t)args, (char *const *)(size_t)env);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    return rc;
}

static int start(struct checker *k, const struct plugin_gate *gate,
                 const char *file, struct err *e)
{
    int out[2], err[2], rc;

    if (gate->tool == NULL)
        return err_set(e, TT_EUNAVAILABLE, "plugins.checker: is not set");
    if (pipe2(out, O_CLOEXEC) != 0)
        return err_errno(e, TT_EIO, "pipe");
    if (pipe2(err, O_CLOEXEC) != 0) {
        close(out[0]);
        close(out[1]);
        return err_errno(e, TT_EIO, "pipe");
    }
    rc = spawn(k, gate, file, out[1], err[1]);
    close(out[1]);
    close(err[1]);
    k->out = out[0];
    k->err = err[0];
    (void)fcntl(k->out, F_SETFL, O_NONBLOCK);
    (void)fcntl(k->err, F_SETFL, O_NONBLOCK);
    if (rc == 0)
        return 0;
    k->pid = 0;
    errno = rc;
    return err_errno(e, TT_EUNAVAILABLE, "plugins.checker: %s cannot be "
                     "started", gate->tool);
}

/* --- listening ------------------------------------------------------------ */

/* What there is to read; beyond `most` it is dropped. */
static void drain(int *fd, struct buf *into, size_t most, bool *too_long)
{
    char bytes[16384];
    size_t room;
    ssize_t n;

    while (*fd >= 0 && (n = read(*fd, bytes, sizeof bytes)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return;
        room = most - into->len;
        *too_long = *too_long || (size_t)n > room;
        buf_add(into, bytes, (size_t)n < room ? (size_t)n : room);
    }
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Until it has ended: both its pipes may be held open by a child of its. */
static int listen_to(struct checker *k, const struct plugin_gate *gate)
{
    int64_t end = clock_mono_ms() +
                  (gate->deadline_ms > 0 ? gate->deadline_ms : DEADLINE_MS);
    bool ignored = false, ended = false;
    int status = 0;

    while (!ended && !k->late && !k->hurried) {
        struct pollfd fds[2] = { { .fd = k->out, .events = POLLIN },
                                 { .fd = k->err, .events = POLLIN } };

        (void)poll(fds, 2, NAP_MS);
        ended = waitpid(k->pid, &status, WNOHANG) == k->pid;
        drain(&k->out, &k->report, MOST_BYTES, &k->too_long);
        drain(&k->err, &k->said, MOST_SAID, &ignored);
        k->late = clock_mono_ms() >= end;
        k->hurried = gate->hurry != NULL && atomic_load(gate->hurry);
    }
    (void)kill(-k->pid, SIGKILL); /* and whatever it has left behind */
    if (!ended)
        while (waitpid(k->pid, &status, 0) < 0 && errno == EINTR)
            ;
    return status;
}

/* --- what it found -------------------------------------------------------- */

static bool has_failed(json_object *result)
{
    const char *status = json_str(result, "status");

    return status != NULL &&
           (strcmp(status, "fail") == 0 || strcmp(status, "crash") == 0);
}

json_object *plugin_gate_failures(json_object *report)
{
    static const char *const kept[] = { "id", "status", "title", "message",
                                        "mend" };
    json_object *all = json_child(report, "results");
    json_object *out = json_object_new_array();
    size_t i, k;

    for (i = 0; all != NULL && i < json_object_array_length(all); i++) {
        json_object *one = json_object_array_get_idx(all, i);
        json_object *o;

        if (!has_failed(one))
            continue;
        o = json_object_new_object();
        for (k = 0; k < TT_ARRAY_LEN(kept); k++)
            if (json_str(one, kept[k]) != NULL)
                json_set_str(o, kept[k], json_str(one, kept[k]));
        json_object_array_add(out, o);
    }
    return out;
}

json_object *plugin_gate_summary(json_object *report)
{
    json_object *all = json_child(report, "results");
    json_object *o = json_object_new_object();
    int64_t failed = 0, skipped = 0, passed = 0;
    size_t i;

    for (i = 0; all != NULL && i < json_object_array_length(all); i++) {
        json_object *one = json_object_array_get_idx(all, i);
        const char *status = json_str(one, "status");

        if (has_failed(one))
            failed++;
        else if (status != NULL && strcmp(status, "skip") == 0)
            skipped++;
        else
            passed++;
    }
    json_set_int(o, "level", json_int(report, "level", 0));
    json_set_int(o, "passed", passed);
    json_set_int(o, "failed", failed);
    json_set_int(o, "skipped", skipped);
    json_set_int(o, "seed", json_int(report, "seed", 1));
    return o;
}

static int refuse(const struct plugin_gate *gate, json_object *report,
                  struct err *e)
{
    json_object *failures = plugin_gate_failures(report);
    struct buf text = { 0 };
    size_t i, n = json_object_array_length(failures);
    int rc;

    for (i = 0; i < n && i < 3; i++) {
        json_object *one = json_object_array_get_idx(failures, i);
        const char *message = json_str(one, "message");
        const char *mend = json_str(one, "mend");

        buf_addf(&text, "; %.8s: %.160s Mend: %.120s", json_str(one, "id"),
                 message != NULL ? message : "failed", mend != NULL ? mend
                                                                   : "-");
    }
    rc = err_set(e, TT_EINVAL, "it fails %zu of the checks of level %u%s%s", n,
                 gate->level, text.len > 0 ? text.data : "",
                 n > 3 ? "; and more" : "");
    buf_fini(&text);
    json_object_put(failures);
    return rc;
}

static int judge(struct checker *k, const struct plugin_gate *gate, int status,
                 json_object **report, struct err *e)
{
    struct err bad = { 0 };

    if (k->hurried)
        return err_set(e, TT_EUNAVAILABLE, "the daemon is stopping; add it "
                       "again later");
    if (k->late)
        return err_set(e, TT_ETIMEOUT, "its check of level %u did not end in "
                       "time; `trimtab plugin check` shows where it stays",
                       gate->level);
    *report = json_parse(k->report.len > 0 ? k->report.data : "",
                         k->report.len, &json_limits_document, &bad);
    if (k->too_long || !WIFEXITED(status) || WEXITSTATUS(status) > 1 ||
        !json_object_is_type(json_child(*report, "results"), json_type_array))
        return err_set(e, TT_EUNAVAILABLE, "the check could not be made: %.300s",
                       k->said.len > 0 ? k->said.data : "no report");
    /* both must say so: the exit code alone is cheap */
    return WEXITSTATUS(status) == 0 &&
                   json_object_get_boolean(json_child(*report, "pass"))
               ? 0
               : refuse(gate, *report, e);
}

int plugin_gate(const struct plugin_gate *gate, const char *file,
                json_object **report, struct err *e)
{
    struct checker k = { .out = -1, .err = -1 };
    int rc = start(&k, gate, file, e);

    *report = NULL;
    if (rc == 0)
        rc = judge(&k, gate, listen_to(&k, gate), report, e);
    if (k.out >= 0)
        close(k.out);
    if (k.err >= 0)
        close(k.err);
    buf_fini(&k.report);
    buf_fini(&k.said);
    return rc;
}
