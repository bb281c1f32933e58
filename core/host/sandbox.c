/* SPDX-License-Identifier: MIT
 *
 * sandbox.c - the order in which everything is given up, and the report. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/host/sandbox_in.h"

/* OpenBLAS 0.3 maps 128 MiB a thread and asks again for ever when it gets
 * none: measured, 192 MiB do with one thread, 384 MiB with two. */
#define LEAST_MEMORY (UINT64_C(384) << 20)
/* SIGXCPU first, which names the cause; SIGKILL this much later. */
#define CPU_GRACE_SECONDS 2u

/* Is each guard there? What is not goes into "missing". */
struct guards {
    bool uid;
    int landlock;
    bool seccomp;
    const char *no_uid;
};

static json_object *report_of(const struct guards *g)
{
    json_object *report = json_object_new_object();
    json_object *missing = json_object_new_array();

    json_set_bool(report, "uid", g->uid);
    json_set_int(report, "landlock", g->landlock);
    json_set_bool(report, "landlock_net", g->landlock >= 4);
    json_set_bool(report, "seccomp", g->seccomp);
    if (!g->uid)
        json_object_array_add(missing, json_object_new_string(g->no_uid));
    if (g->landlock == 0)
        json_object_array_add(missing, json_object_new_string(
            "landlock: this kernel has none, so that workers can read what "
            "their user can"));
    if (!g->seccomp)
        json_object_array_add(missing, json_object_new_string(
            "seccomp: this kernel has none, so that workers can start "
            "processes and use the network"));
    json_set(report, "missing", missing);
    return report;
}

static const char not_root[] =
    "uid: not started as root, so that workers run as the daemon's user";

json_object *sandbox_probe(void)
{
    struct guards g = { .uid = geteuid() == 0, .landlock = landlock_abi(),
                        .seccomp = seccomp_there(), .no_uid = not_root };

    return report_of(&g);
}

/* --- limits --------------------------------------------------------------- */

static int limit(int resource, rlim_t soft, rlim_t hard, const char *name,
                 struct err *e)
{
    struct rlimit now, want = { soft, hard };

    if (getrlimit(resource, &now) != 0)
        return err_errno(e, TT_EPERM, "limit of %s", name);
    if (now.rlim_max != RLIM_INFINITY && want.rlim_max > now.rlim_max)
        want.rlim_max = now.rlim_max; /* it is stricter than ours already */
    if (want.rlim_cur > want.rlim_max)
        want.rlim_cur = want.rlim_max;
    if (setrlimit(resource, &want) != 0)
        return err_errno(e, TT_EPERM, "limit of %s", name);
    return 0;
}

static int apply_limits(const struct sandbox_limits *l, struct err *e)
{
    int rc = limit(RLIMIT_CORE, 0, 0, "core files", e);

    if (rc == 0)
        rc = limit(RLIMIT_FSIZE, 0, 0, "written files", e);
    if (rc == 0 && l->memory_bytes != 0)
        rc = limit(RLIMIT_AS, l->memory_bytes, l->memory_bytes, "memory", e);
    if (rc == 0 && l->cpu_seconds != 0)
        rc = limit(RLIMIT_CPU, l->cpu_seconds,
                   l->cpu_seconds + CPU_GRACE_SECONDS, "CPU time", e);
    if (rc == 0 && l->n_files != 0)
        rc = limit(RLIMIT_NOFILE, l->n_files, l->n_files, "open files", e);
    return rc;
}

/* --- who we are ----------------------------------------------------------- */

/* In a container the id may not be ours to take: reported, not fatal. */
static int take_uid(const struct sandbox_limits *l, struct guards *g,
                    struct err *e)
{
    if (geteuid() != 0) {
        g->no_uid = not_root;
        return 0;
    }
    if (l->uid == 0) {
        g->no_uid = "uid: configured to stay root";
        return 0;
    }
    if ((setgroups(0, NULL) != 0 && errno == EPERM) ||
        setresgid(l->gid, l->gid, l->gid) != 0 ||
        setresuid(l->uid, l->uid, l->uid) != 0) {
        if (errno != EPERM && errno != EINVAL)
            return err_errno(e, TT_EPERM, "user %" PRIu32, l->uid);
        g->no_uid = "uid: this container does not let workers have a user of "
                    "their own";
        return 0;
    }
    if (setuid(0) == 0)
        return err_set(e, TT_EPERM, "user %" PRIu32 ": root came back", l->uid);
    g->uid = true;
    return 0;
}

/* After the change of user, which takes the signal back. */
static int die_with_parent(uint32_t parent, struct err *e)
{
    if (parent == 0)
        return 0;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
        return err_errno(e, TT_EPERM, "the parent's death");
    if (getppid() != (pid_t)parent)
        return err_set(e, TT_EPERM, "the parent, %" PRIu32 ", is gone",
                       parent);
    return 0;
}

/* While we may still reach them: what will be readable. */
static int open_readable(const struct sandbox_limits *l, int *fds, size_t *n,
                         struct err *e)
{
    size_t i;
    int fd;

    if (l->plugin_dir != NULL) {
        fd = open(l->plugin_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
            return err_errno(e, TT_EIO, "%s", l->plugin_dir);
        fds[(*n)++] = fd;
    }
    for (i = 0; i < l->n_read; i++) {
        fd = open(l->read[i], O_PATH | O_CLOEXEC);
        if (fd >= 0)
            fds[(*n)++] = fd;
    }
    return 0;
}

int sandbox_apply(const struct sandbox_limits *l, json_object **report,
                  struct err *e)
{
    struct guards g = { .landlock = landlock_abi(),
                        .seccomp = seccomp_there() };
    int *fds, rc = 0;
    size_t n = 0;

    if (l->memory_bytes != 0 && l->memory_bytes < LEAST_MEMORY)
        return err_set(e, TT_EINVAL, "memory of %" PRIu64 " bytes: give a "
                       "worker at least %" PRIu64, l->memory_bytes,
                       LEAST_MEMORY);
    fds = xcalloc(l->n_read + 1, sizeof *fds);
    rc = open_readable(l, fds, &n, e);
    if (rc == 0)
        rc = apply_limits(l, e);
    if (rc == 0)
        rc = take_uid(l, &g, e);
    if (rc == 0)
        rc = die_with_parent(l->parent, e);
    if (rc == 0 && (prctl(PR_SET_DUMPABLE, 0) != 0 ||
                    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0))
        rc = err_errno(e, TT_EPERM, "no_new_privs");
    if (rc == 0 && g.landlock > 0)
        rc = landlock_apply(g.landlock, fds, n, l->exec_fd, e);
    while (n > 0)
        close(fds[--n]);
    free(fds);
    if (rc == 0 && g.seccomp)
        rc = seccomp_apply(l->threads, l->exec_fd, e);
    if (rc == 0)
        *report = report_of(&g);
    return rc;
}

int sandbox_confine(const char *dir, struct err *e)
{
    int abi = landlock_abi(), rc = 0;

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return err_errno(e, TT_EPERM, "no_new_privs");
    if (abi > 0)
        rc = landlock_confine(abi, dir, e);
    if (rc == 0 && seccomp_there())
        rc = seccomp_confine(e);
    return rc;
}
