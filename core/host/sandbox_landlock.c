/* SPDX-License-Identifier: MIT
 *
 * sandbox_landlock.c - which files a worker may see.
 *
 * The libc headers of Debian 12 know ABI 1 only, so the numbers stand here;
 * source: linux/include/uapi/linux/landlock.h. The ruleset's size tells the
 * kernel which ABI we mean. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/host/sandbox_in.h"

/* The same numbers on every architecture. */
#ifndef __NR_landlock_create_ruleset
#define __NR_landlock_create_ruleset 444
#define __NR_landlock_add_rule 445
#define __NR_landlock_restrict_self 446
#endif

#define CREATE_RULESET_VERSION 1u
#define RULE_PATH_BENEATH 1

#define FS_EXECUTE UINT64_C(1)
#define FS_WRITE_FILE (UINT64_C(1) << 1)
#define FS_READ_FILE (UINT64_C(1) << 2)
#define FS_READ_DIR (UINT64_C(1) << 3)
#define FS_ABI_1 ((UINT64_C(1) << 13) - 1)
#define FS_REFER (UINT64_C(1) << 13)     /* ABI 2 */
#define FS_TRUNCATE (UINT64_C(1) << 14)  /* ABI 3 */
#define FS_IOCTL_DEV (UINT64_C(1) << 15) /* ABI 5 */
#define NET_TCP UINT64_C(3)              /* ABI 4: bind, connect */
#define SCOPE_ALL UINT64_C(3) /* ABI 6: abstract sockets, signals to others */

struct ruleset {
    uint64_t fs, net, scoped;
};

struct path_rule {
    uint64_t access;
    int32_t fd;
} __attribute__((packed));

struct allowed {
    const char *path;
    uint64_t access;
};

/* Libraries; what the dynamic loader reads; and what OpenBLAS and glibc look
 * at to learn the number and kind of CPUs. */
static const struct allowed paths[] = {
    { "/lib", FS_READ_FILE | FS_READ_DIR },
    { "/lib64", FS_READ_FILE | FS_READ_DIR },
    { "/usr/lib", FS_READ_FILE | FS_READ_DIR },
    { "/usr/lib64", FS_READ_FILE | FS_READ_DIR },
    { "/usr/local/lib", FS_READ_FILE | FS_READ_DIR },
    { "/etc/ld.so.cache", FS_READ_FILE },
    { "/dev/null", FS_READ_FILE | FS_WRITE_FILE },
    { "/dev/urandom", FS_READ_FILE },
    { "/proc/cpuinfo", FS_READ_FILE },
    { "/proc/meminfo", FS_READ_FILE },
    { "/sys/devices/system/cpu", FS_READ_FILE | FS_READ_DIR },
};

int landlock_abi(void)
{
    long abi = syscall(__NR_landlock_create_ruleset, NULL, 0,
                       CREATE_RULESET_VERSION);

    return abi > 0 ? (int)abi : 0;
}

/* What changes files; moving them from folder to folder is denied anyway. */
static uint64_t writing(int abi)
{
    uint64_t reading = FS_EXECUTE | FS_READ_FILE | FS_READ_DIR;

    return (FS_ABI_1 & ~reading) | (abi >= 3 ? FS_TRUNCATE : 0);
}

static int create_ruleset(int abi, uint64_t fs)
{
    struct ruleset rules = { .fs = fs };
    size_t size = sizeof rules.fs;

    if (abi >= 4) {
        rules.net = NET_TCP;
        size = offsetof(struct ruleset, scoped);
    }
    if (abi >= 6) {
        rules.scoped = SCOPE_ALL;
        size = sizeof rules;
    }
    return (int)syscall(__NR_landlock_create_ruleset, &rules, size, 0);
}

/* All that there is. */
static uint64_t everything(int abi)
{
    return FS_ABI_1 | (abi >= 2 ? FS_REFER : 0) |
           (abi >= 3 ? FS_TRUNCATE : 0) | (abi >= 5 ? FS_IOCTL_DEV : 0);
}

static int allow_fd(int ruleset, int fd, uint64_t access)
{
    struct path_rule rule = { .access = access, .fd = fd };

    return (int)syscall(__NR_landlock_add_rule, ruleset, RULE_PATH_BENEATH,
                        &rule, 0);
}

/* A path that this system does not have needs no rule. */
static int allow_path(int ruleset, const struct allowed *a, uint64_t more)
{
    int fd = open(a->path, O_PATH | O_CLOEXEC), rc;

    if (fd < 0)
        return 0;
    if ((a->access & FS_READ_DIR) == 0)
        more = 0;
    rc = allow_fd(ruleset, fd, a->access | more);
    close(fd);
    return rc;
}

/* A folder with what is in it, or a file. */
static int allow_reading(int ruleset, int fd)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return -1;
    return allow_fd(ruleset, fd,
                    S_ISDIR(st.st_mode) ? FS_READ_FILE | FS_READ_DIR
                                        : FS_READ_FILE);
}

int landlock_apply(int abi, const int *fds, size_t n, int exec_fd,
                   struct err *e)
{
    int ruleset = create_ruleset(abi, everything(abi));
    /* The loader of a program is executed too; it lies among the libraries. */
    uint64_t more = exec_fd != 0 ? FS_EXECUTE : 0;
    size_t i;
    int rc = 0;

    if (ruleset < 0)
        return err_errno(e, TT_EPERM, "landlock: no ruleset");
    for (i = 0; i < TT_ARRAY_LEN(paths) && rc == 0; i++)
        if (allow_path(ruleset, &paths[i], more) != 0)
            rc = err_errno(e, TT_EPERM, "landlock: %s", paths[i].path);
    for (i = 0; i < n && rc == 0; i++)
        if (allow_reading(ruleset, fds[i]) != 0)
            rc = err_errno(e, TT_EPERM, "landlock: the plugin's folders");
    if (rc == 0 && exec_fd != 0 &&
        allow_fd(ruleset, exec_fd, FS_READ_FILE | FS_EXECUTE) != 0)
        rc = err_errno(e, TT_EPERM, "landlock: the command");
    if (rc == 0 &&
        syscall(__NR_landlock_restrict_self, ruleset, 0) != 0)
        rc = err_errno(e, TT_EPERM, "landlock: cannot be entered");
    close(ruleset);
    return rc;
}

int landlock_confine(int abi, const char *dir, struct err *e)
{
    const struct allowed null = { "/dev/null", FS_WRITE_FILE };
    int ruleset = create_ruleset(abi, writing(abi)), fd, rc = 0;

    if (ruleset < 0)
        return err_errno(e, TT_EPERM, "landlock: no ruleset");
    fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || allow_fd(ruleset, fd, writing(abi)) != 0 ||
        allow_path(ruleset, &null, 0) != 0)
        rc = err_errno(e, TT_EPERM, "landlock: %s", dir);
    if (rc == 0 && syscall(__NR_landlock_restrict_self, ruleset, 0) != 0)
        rc = err_errno(e, TT_EPERM, "landlock: cannot be entered");
    if (fd >= 0)
        close(fd);
    close(ruleset);
    return rc;
}
