/* SPDX-License-Identifier: MIT
 *
 * sandbox_seccomp.c - which system calls a worker may make.
 *
 * An allow list. What is not on it fails with EPERM, so that a library that
 * only probes goes on; what no honest plugin ever probes ends the process with
 * SIGSYS. Files cannot be opened for writing, whatever landlock knows. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/host/sandbox_in.h"

static const int allowed[] = {
    /* fd 3, standard output, files that were opened */
    SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(preadv),
    SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(close), SCMP_SYS(lseek),
    SCMP_SYS(_llseek), SCMP_SYS(fstat), SCMP_SYS(fstat64), SCMP_SYS(stat),
    SCMP_SYS(stat64), SCMP_SYS(lstat), SCMP_SYS(lstat64),
    SCMP_SYS(newfstatat), SCMP_SYS(fstatat64), SCMP_SYS(statx),
    SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2),
    SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getdents64),
    SCMP_SYS(getcwd), SCMP_SYS(fcntl), SCMP_SYS(fcntl64), SCMP_SYS(fadvise64),
    SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6),
    /* memory */
    SCMP_SYS(brk), SCMP_SYS(mmap), SCMP_SYS(mmap2), SCMP_SYS(munmap),
    SCMP_SYS(mremap), SCMP_SYS(mprotect), SCMP_SYS(madvise),
    SCMP_SYS(mincore), SCMP_SYS(mbind), SCMP_SYS(get_mempolicy),
    SCMP_SYS(membarrier),
    /* threads among themselves; starting one is a rule of its own */
    SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(get_robust_list),
    SCMP_SYS(rseq), SCMP_SYS(set_tid_address), SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity), SCMP_SYS(sched_getparam),
    SCMP_SYS(sched_getscheduler), SCMP_SYS(getcpu), SCMP_SYS(gettid),
    /* who and when */
    SCMP_SYS(getpid), SCMP_SYS(getppid), SCMP_SYS(getuid), SCMP_SYS(geteuid),
    SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(uname), SCMP_SYS(sysinfo),
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_gettime64),
    SCMP_SYS(clock_getres), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(times),
    SCMP_SYS(getrusage), SCMP_SYS(getrlimit), SCMP_SYS(ugetrlimit),
    SCMP_SYS(getrandom),
    /* signals to itself, and the end */
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigpending), SCMP_SYS(sigaltstack), SCMP_SYS(sigreturn),
    SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group),
    /* of the one child that an exec plugin's worker has had from before */
    SCMP_SYS(wait4),
};

/* Added for what a worker becomes by exec: its loader sets up the thread, and
 * interpreters move descriptors about. */
static const int allowed_command[] = {
    SCMP_SYS(arch_prctl), SCMP_SYS(dup), SCMP_SYS(dup2), SCMP_SYS(dup3),
};
/* Close on exec or not (Python does without when told ENOTTY, but not EPERM);
 * is it a terminal? */
static const unsigned long allowed_ioctl[] = { FIOCLEX, FIONCLEX, TCGETS };

static const int deadly[] = {
    SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
    SCMP_SYS(bpf), SCMP_SYS(keyctl), SCMP_SYS(add_key), SCMP_SYS(request_key),
    SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(chroot),
    SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(init_module),
    SCMP_SYS(finit_module), SCMP_SYS(delete_module), SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load), SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd), SCMP_SYS(io_uring_setup), SCMP_SYS(reboot),
    SCMP_SYS(swapon), SCMP_SYS(swapoff),
};

bool seccomp_there(void)
{
    return prctl(PR_GET_SECCOMP) >= 0;
}

static int add_lists(scmp_filter_ctx ctx)
{
    size_t i;
    int rc = 0;

    for (i = 0; i < TT_ARRAY_LEN(allowed) && rc == 0; i++)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, allowed[i], 0);
    for (i = 0; i < TT_ARRAY_LEN(deadly) && rc == 0; i++)
        rc = seccomp_rule_add(ctx, SCMP_ACT_KILL_PROCESS, deadly[i], 0);
    return rc;
}

/* What is allowed with some arguments only. */
static int add_conditions(scmp_filter_ctx ctx)
{
    const scmp_datum_t writing = O_ACCMODE | O_CREAT | O_TRUNC;
    const scmp_datum_t self = (scmp_datum_t)getpid();
    int rc;

    rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
                          SCMP_A2(SCMP_CMP_MASKED_EQ, writing, 0));
    if (rc == 0)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(open), 1,
                              SCMP_A1(SCMP_CMP_MASKED_EQ, writing, 0));
    if (rc == 0) /* abort() and raise() */
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                              SCMP_A0(SCMP_CMP_EQ, self, 0));
    if (rc == 0)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(kill), 1,
                              SCMP_A0(SCMP_CMP_EQ, self, 0));
    if (rc == 0) /* read a limit of our own, set none */
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2,
                              SCMP_A0(SCMP_CMP_EQ, 0, 0),
                              SCMP_A2(SCMP_CMP_EQ, 0, 0));
    return rc;
}

/* clone3 takes its flags from memory, where a filter cannot look: told that
 * there is none, glibc goes back to clone. */
static int add_threads(scmp_filter_ctx ctx, bool threads)
{
    int rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);

    if (rc == 0 && threads)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                              SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD,
                                      CLONE_THREAD));
    return rc;
}

/* A filter cannot count, but the descriptor can be closed by the exec, and no
 * other of its number be made under the limit of open files. So it is once. */
static int add_command(scmp_filter_ctx ctx, int exec_fd)
{
    size_t i;
    int rc = 0;

    if (exec_fd == 0)
        return 0;
    for (i = 0; i < TT_ARRAY_LEN(allowed_command) && rc == 0; i++)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, allowed_command[i], 0);
    for (i = 0; i < TT_ARRAY_LEN(allowed_ioctl) && rc == 0; i++)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                              SCMP_A1(SCMP_CMP_EQ, allowed_ioctl[i], 0));
    if (rc == 0)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(execveat), 2,
                              SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)exec_fd, 0),
                              SCMP_A4(SCMP_CMP_EQ, AT_EMPTY_PATH, 0));
    return rc;
}

/* rc: of the rules so far; 0 enters the filter. ctx is released. */
static int enter(scmp_filter_ctx ctx, int rc, struct err *e)
{
    if (rc == 0)
        rc = seccomp_load(ctx);
    seccomp_release(ctx);
    errno = -rc;
    return rc == 0 ? 0 : err_errno(e, TT_EPERM, "seccomp: the filter");
}

int seccomp_apply(bool threads, int exec_fd, struct err *e)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int rc;

    if (ctx == NULL)
        return err_set(e, TT_ENOMEM, "seccomp: no filter");
    rc = add_lists(ctx);
    if (rc == 0)
        rc = add_conditions(ctx);
    if (rc == 0)
        rc = add_threads(ctx, threads);
    if (rc == 0)
        rc = add_command(ctx, exec_fd);
    return enter(ctx, rc, e);
}

/* Not ptrace: landlock keeps it inside, and leak checkers use it on themselves. */
static const int confined[] = {
    SCMP_SYS(socket), SCMP_SYS(socketcall), SCMP_SYS(io_uring_setup),
    SCMP_SYS(bpf), SCMP_SYS(keyctl), SCMP_SYS(add_key), SCMP_SYS(request_key),
    SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(chroot),
    SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(init_module),
    SCMP_SYS(finit_module), SCMP_SYS(delete_module), SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load), SCMP_SYS(perf_event_open), SCMP_SYS(reboot),
    SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(mknod), SCMP_SYS(mknodat),
    SCMP_SYS(chown), SCMP_SYS(lchown), SCMP_SYS(fchown), SCMP_SYS(fchownat),
    SCMP_SYS(setxattr), SCMP_SYS(lsetxattr), SCMP_SYS(fsetxattr),
    SCMP_SYS(open_by_handle_at),
};

int seccomp_confine(struct err *e)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
    size_t i;
    int rc = 0;

    if (ctx == NULL)
        return err_set(e, TT_ENOMEM, "seccomp: no filter");
    for (i = 0; i < TT_ARRAY_LEN(confined) && rc == 0; i++)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), confined[i], 0);
    return enter(ctx, rc, e);
}
