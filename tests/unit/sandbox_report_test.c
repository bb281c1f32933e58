/* SPDX-License-Identifier: MIT
 *
 * sandbox_report_test.c - is the sandbox's report true? What it says is
 * enforced is tried in a worker and must be refused; on a kernel without
 * landlock or seccomp (a filter around this test plays it) the report must say
 * so, and the deed work. */
#include "config.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/fs.h"
#include "core/host/sandbox.h"
#include "tests/unit/worker_rig.h"

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#endif

static struct rig rig;

/* --- what the kernel says of a worker ------------------------------------- */

static long long status_of(int pid, const char *name, int base)
{
    char *path = xasprintf("/proc/%d/status", pid);
    struct buf text = { 0 };
    const char *at;
    long long n = -1;

    CU_ASSERT_EQUAL(fs_read(path, 65536, &text, NULL), 0);
    at = text.data != NULL ? strstr(text.data, name) : NULL;
    if (at != NULL)
        n = strtoll(at + strlen(name), NULL, base);
    buf_fini(&text);
    free(path);
    return n;
}

static bool says(json_object *report, const char *guard)
{
    return json_object_get_boolean(json_child(report, guard));
}

static bool landlock_there(void)
{
    json_object *report = sandbox_probe();
    bool there = json_int(report, "landlock", 0) >= 3; /* with truncate */

    json_object_put(report);
    return there;
}

static bool reports(const char *guard) /* the worker that is up */
{
    return says(json_child(rig.hello, "sandbox"), guard);
}

static bool missing(json_object *report, const char *guard)
{
    json_object *list = json_child(report, "missing");
    size_t i;

    for (i = 0; i < json_object_array_length(list); i++)
        if (strncmp(json_object_get_string(json_object_array_get_idx(list, i)),
                    guard, strlen(guard)) == 0)
            return true;
    return false;
}

/* Is a deed of an animal refused with these words? Else it says "... worked".*/
static bool refused(const char *animal, const char *deed, const char *words)
{
    bool yes = rig_let(&rig, animal, deed, 0) == FRAME_ERROR &&
               rig_has(rig.error.message, words);

    rig_bury(&rig);
    return yes;
}

static bool works(const char *animal, const char *deed)
{
    bool yes = rig_let(&rig, animal, deed, 0) == FRAME_ACTIONS &&
               rig_has(rig_reason(&rig), "worked");

    rig_bury(&rig);
    return yes;
}

/* --- this kernel ---------------------------------------------------------- */

static void what_is_always_there_is_there(void)
{
    int pid;

    rig_start(&rig, NULL);
    CU_ASSERT(rig_spawn(&rig, "bad"));
    pid = rig.worker != NULL ? worker_pid(rig.worker) : 0;
    CU_ASSERT_EQUAL(status_of(pid, "NoNewPrivs:", 10), 1);
    CU_ASSERT_EQUAL(status_of(pid, "Threads:", 10), 1);
    if (reports("uid")) {
        CU_ASSERT_EQUAL(status_of(pid, "Uid:", 10), 65534);
        CU_ASSERT_EQUAL(status_of(pid, "Gid:", 10), 65534);
        CU_ASSERT_EQUAL(status_of(pid, "CapEff:", 16), 0);
        CU_ASSERT_EQUAL(status_of(pid, "CapPrm:", 16), 0);
    }
    CU_ASSERT_EQUAL(status_of(pid, "Seccomp:", 10), reports("seccomp") ? 2 : 0);
    rig_bury(&rig);
    rig_end(&rig);
}

static void what_is_reported_is_enforced(void)
{
    json_object *probed = sandbox_probe();
    json_object *report;

    rig_start(&rig, NULL);
    CU_ASSERT(rig_spawn(&rig, "bad"));
    report = json_object_get(json_child(rig.hello, "sandbox"));
    rig_bury(&rig);
    CU_ASSERT(json_equal(probed, report)); /* what `trimtabd --version` says */
    CU_ASSERT(missing(report, "uid") != says(report, "uid"));
    CU_ASSERT(missing(report, "landlock") != says(report, "landlock"));
    CU_ASSERT(missing(report, "seccomp") != says(report, "seccomp"));
    if (says(report, "landlock"))
        CU_ASSERT(refused("bad", "read", "read: Permission denied"));
    if (says(report, "seccomp")) {
        CU_ASSERT(refused("worse", "forkbomb", "refused: Operation not"));
        CU_ASSERT(refused("worse", "sockets", "refused: Operation not"));
        CU_ASSERT(refused("worse", "files", "refused: Operation not"));
        CU_ASSERT(refused("worse", "escape", "refused: Operation not"));
        CU_ASSERT(refused("worse", "processes", "refused: Operation not"));
        CU_ASSERT(refused("worse", "threads", "refused: Operation not"));
    }
    rig_end(&rig);
    json_object_put(report);
    json_object_put(probed);
}

/* --- other kernels -------------------------------------------------------- */

/* From now on one system call fails, for us and whom we start; with `first`
 * only where that is its first argument. */
static int lacks(unsigned call, uint32_t first, uint32_t error)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                 offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, first, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = { TT_ARRAY_LEN(filter), filter };

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -1;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

/* Run a check in a child: 0, or the line at which it did not hold. */
#define MUST(condition)                                                        \
    do {                                                                       \
        if (!(condition))                                                      \
            return __LINE__;                                                   \
    } while (0)

static bool in_child(int (*check)(void))
{
    int line = 0, pipes[2];
    pid_t pid;

    if (pipe(pipes) != 0)
        return false;
    (void)fflush(stdout);
    pid = fork();
    if (pid == 0) {
        line = check();
        (void)fflush(stdout);
        (void)!write(pipes[1], &line, sizeof line);
        _exit(0);
    }
    close(pipes[1]);
    if (read(pipes[0], &line, sizeof line) != sizeof line)
        line = -1;
    close(pipes[0]);
    (void)waitpid(pid, NULL, 0);
    if (line != 0)
        printf("# it does not hold: line %d\n", line);
    return line == 0;
}

static int without_landlock(void)
{
    json_object *report;

    MUST(lacks(SYS_landlock_create_ruleset, 0, ENOSYS) == 0);
    report = sandbox_probe();
    MUST(missing(report, "landlock: this kernel has none"));
    rig_start(&rig, NULL);
    MUST(rig_spawn(&rig, "bad"));
    MUST(json_equal(report, json_child(rig.hello, "sandbox")));
    MUST(!reports("landlock") && reports("seccomp"));
    rig_bury(&rig);
    MUST(works("bad", "read"));
    MUST(refused("bad", "write", "write: Operation not permitted"));
    rig_end(&rig);
    return 0;
}

static int without_seccomp(void)
{
    json_object *report;

    MUST(lacks(SYS_prctl, PR_GET_SECCOMP, EINVAL) == 0);
    report = sandbox_probe();
    MUST(missing(report, "seccomp: this kernel has none"));
    rig_start(&rig, NULL);
    MUST(rig_spawn(&rig, "bad"));
    MUST(json_equal(report, json_child(rig.hello, "sandbox")));
    MUST(!reports("seccomp"));
    rig_bury(&rig);
    MUST(works("bad", "fork"));
    MUST(works("bad", "socket"));
    MUST(refused("bad", "read", "read: Permission denied"));
    MUST(refused("bad", "write", "write: Permission denied"));
    rig_end(&rig);
    return 0;
}

static int without_root(void)
{
    MUST(geteuid() != 0 || setresuid(65534, 65534, 65534) == 0);
    MUST(missing(sandbox_probe(), "uid: not started as root"));
    return 0;
}

/* Only a kernel that has both can play one that lacks one. */
static void a_kernel_that_lacks_a_guard_is_told_of(void)
{
    json_object *report = sandbox_probe();

    if (says(report, "landlock") && says(report, "seccomp")) {
        CU_ASSERT(in_child(without_landlock));
        CU_ASSERT(in_child(without_seccomp));
    }
    json_object_put(report);
}

static void a_daemon_that_is_not_root_is_told_of(void)
{
    CU_ASSERT(in_child(without_root));
}

/* --- what checks a plugin -------------------------------------------------- */

static bool can_write(const char *dir)
{
    TT_AUTO_FREE char *path = fs_join(dir, "file");
    struct err e = { 0 };

    return fs_write(path, "x", 1, 0644, &e) == 0;
}

/* What it starts is confined as well. */
static bool child_writes(const char *dir)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        (void)execl("/bin/sh", "sh", "-c", "echo >\"$1\"/file", "sh", dir,
                    (char *)NULL);
        _exit(1);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* In the child: each deed that went otherwise than it should is a bit. */
static int deeds_of_the_confined(const char *dir, const char *outside)
{
    TT_AUTO_FREE char *sub = fs_join(dir, "sub");
    TT_AUTO_FREE char *kept = fs_join(outside, "kept");
    bool landlock = landlock_there();
    struct err e = { 0 };
    int wrong = 0, pair[2];

    if (sandbox_confine(dir, &e) != 0)
        return 1;
    if (!can_write(dir) || fs_mkdirs(sub, 0700, &e) != 0 || !can_write(sub) ||
        fs_remove_tree(sub, &e) != 0 || !child_writes(dir))
        wrong |= 2;
    if (landlock && (can_write(outside) || child_writes(outside)))
        wrong |= 4;
    if (landlock && (unlink(kept) == 0 || truncate(kept, 0) == 0))
        wrong |= 8;
    if (access(kept, R_OK) != 0)
        wrong |= 16;
    if (socket(AF_INET, SOCK_DGRAM, 0) >= 0 ||
        socket(AF_UNIX, SOCK_STREAM, 0) >= 0)
        wrong |= 32;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
        wrong |= 64; /* a worker is spoken to over one */
    return wrong;
}

static void what_is_confined_writes_in_one_folder(void)
{
    char dir[] = "confined.XXXXXX", outside[] = "outside.XXXXXX";
    TT_AUTO_FREE char *kept = NULL;
    struct err e = { 0 };
    int status = -1;
    pid_t pid;

    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(outside));
    kept = fs_join(outside, "kept");
    CU_ASSERT_EQUAL(fs_write(kept, "x", 1, 0644, &e), 0);
    CU_ASSERT(can_write(outside));
    (void)fflush(stdout);
    pid = fork();
    if (pid == 0)
        _exit(deeds_of_the_confined(dir, outside));
    CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
    CU_ASSERT_EQUAL(status, 0);
    if (status != 0)
        printf("# status %#x\n", (unsigned)status);
    CU_ASSERT_EQUAL(fs_remove_tree(dir, &e), 0);
    CU_ASSERT_EQUAL(fs_remove_tree(outside, &e), 0);
}

static CU_TestInfo tests[] = {
    { "what is confined writes in one folder",
      what_is_confined_writes_in_one_folder },
    { "what is always there is there", what_is_always_there_is_there },
    { "what is reported is enforced", what_is_reported_is_enforced },
    { "a kernel that lacks a guard is told of",
      a_kernel_that_lacks_a_guard_is_told_of },
    { "a daemon that is not root is told of",
      a_daemon_that_is_not_root_is_told_of },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return rig_main("sandbox_report", tests);
}
