/* SPDX-License-Identifier: MIT
 *
 * fs.c - files, durably: what is reported written survives a power cut. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/base/fs.h"
#include "core/base/mem.h"

static int code_of(int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        return TT_ENOENT;
    case EACCES:
    case EPERM:
    case EROFS:
        return TT_EPERM;
    case EEXIST:
        return TT_EEXIST;
    case ENOSPC:
    case EDQUOT:
        return TT_ENOSPC;
    default:
        return TT_EIO;
    }
}

/* All that fd has; it is closed. */
static int read_all(int fd, const char *path, size_t max, struct buf *out,
                    struct err *e)
{
    size_t start = out->len;
    ssize_t n;
    int code = 0;

    for (;;) {
        buf_reserve(out, 16384);
        n = read(fd, out->data + out->len, out->cap - out->len - 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            code = err_errno(e, code_of(errno), "%s: cannot read", path);
            break;
        }
        if (n == 0)
            break;
        out->len += (size_t)n;
        out->data[out->len] = '\0';
        if (out->len - start > max) {
            code = err_set(e, TT_ETOOBIG, "%s: more than %zu bytes", path, max);
            break;
        }
    }
    close(fd);
    if (code != 0) {
        out->len = start;
        out->data[start] = '\0';
    }
    return code;
}

int fs_read(const char *path, size_t max, struct buf *out, struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return err_errno(e, code_of(errno), "%s: cannot open", path);
    return read_all(fd, path, max, out, e);
}

int fs_read_regular(const char *path, size_t max, struct buf *out,
                    struct stat *st, struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    int error = errno;
    struct stat found;

    if (fd < 0) {
        if (error == ENOENT && lstat(path, &found) == 0)
            return err_set(e, TT_EINVAL, "%s: is a link to nothing", path);
        errno = error;
        return err_errno(e, code_of(error), "%s: cannot open", path);
    }
    if (fstat(fd, &found) != 0 || !S_ISREG(found.st_mode)) {
        close(fd);
        return err_set(e, TT_EINVAL, "%s: is not a regular file", path);
    }
    if (st != NULL)
        *st = found;
    return read_all(fd, path, max, out, e);
}

static int write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t k = write(fd, p, n);

        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return -1;
        p += k;
        n -= (size_t)k;
    }
    return 0;
}

static char *dir_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL)
        return xstrdup(".");
    return xstrndup(path, slash == path ? 1 : (size_t)(slash - path));
}

int fs_write(const char *path, const void *bytes, size_t n, mode_t mode,
             struct err *e)
{
    static _Atomic unsigned serial;
    char *temp = xasprintf("%s.%ld-%u.tmp", path, (long)getpid(),
                           atomic_fetch_add(&serial, 1));
    char *dir = dir_of(path);
    int code = 0;
    int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

    if (fd < 0) {
        code = err_errno(e, code_of(errno), "%s: cannot create", temp);
        goto done;
    }
    if (fchmod(fd, mode) != 0 || /* whatever the umask says */
        write_all(fd, bytes, n) != 0 || fsync(fd) != 0) {
        code = err_errno(e, code_of(errno), "%s: cannot write", path);
        close(fd);
        unlink(temp);
        goto done;
    }
    close(fd);
    if (rename(temp, path) != 0) {
        code = err_errno(e, code_of(errno), "%s: cannot replace", path);
        unlink(temp);
        goto done;
    }
    code = fs_sync_dir(dir, e);
done:
    free(temp);
    free(dir);
    return code;
}

int fs_mkdirs(const char *path, mode_t mode, struct err *e)
{
    char *copy = xstrdup(path);
    char *p = copy;
    struct stat st;
    int code = 0;

    do {
        p += strspn(p, "/");
        p += strcspn(p, "/");
        if (p == copy)
            break;
        {
            char kept = *p;

            *p = '\0';
            if (mkdir(copy, mode) != 0 && errno != EEXIST)
                code = err_errno(e, code_of(errno), "%s: cannot create", copy);
            *p = kept;
        }
    } while (code == 0 && *p != '\0');
    if (code == 0 && (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)))
        code = err_set(e, TT_EEXIST, "%s: is there, but is no directory", path);
    free(copy);
    return code;
}

int fs_sync_dir(const char *path, struct err *e)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int code = 0;

    if (fd < 0)
        return err_errno(e, code_of(errno), "%s: cannot open", path);
    if (fsync(fd) != 0)
        code = err_errno(e, code_of(errno), "%s: cannot sync", path);
    close(fd);
    return code;
}

/* Remove what is in the open directory (its fd is consumed): as much as can be,
 * and -1 with the first errno where that is not all. Never follows a link: the
 * tree may be written by a worker. */
static int remove_inside(int fd)
{
    DIR *dir = fdopendir(fd);
    struct dirent *entry;
    int first = 0;

    if (dir == NULL) {
        close(fd);
        return -1;
    }
    while ((errno = 0, entry = readdir(dir)) != NULL) {
        const char *name = entry->d_name;
        int sub;

        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
            continue;
        if (unlinkat(dirfd(dir), name, 0) == 0)
            continue;
        if (errno == EISDIR || errno == EPERM) {
            sub = openat(dirfd(dir), name,
                         O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            if (sub >= 0 && remove_inside(sub) == 0 &&
                unlinkat(dirfd(dir), name, AT_REMOVEDIR) == 0)
                continue;
        }
        first = first != 0 ? first : errno;
    }
    first = first != 0 ? first : errno;
    closedir(dir);
    errno = first;
    return first == 0 ? 0 : -1;
}

int fs_clear_dir(const char *path, struct err *e)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0 || remove_inside(fd) != 0)
        return err_errno(e, code_of(errno), "%s: cannot clear", path);
    return 0;
}

int fs_remove_tree(const char *path, struct err *e)
{
    int fd;

    if (unlink(path) == 0 || errno == ENOENT)
        return 0;
    fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || remove_inside(fd) != 0 || rmdir(path) != 0)
        return err_errno(e, code_of(errno), "%s: cannot remove", path);
    return 0;
}

int64_t fs_free_bytes(const char *path)
{
    struct statvfs st;

    if (statvfs(path, &st) != 0)
        return -1;
    return (int64_t)st.f_bavail * (int64_t)st.f_frsize;
}

bool fs_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

char *fs_join(const char *dir, const char *name)
{
    size_t n = strlen(dir);

    if (n == 0 || name[0] == '/')
        return xstrdup(name);
    return xasprintf("%s%s%s", dir, dir[n - 1] == '/' ? "" : "/", name);
}

char *fs_beside_self(const char *relative)
{
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    char *slash, *path;

    if (n <= 0)
        return NULL;
    self[n] = '\0';
    slash = strrchr(self, '/');
    if (slash == NULL)
        return NULL;
    *slash = '\0';
    path = fs_join(self, relative);
    if (fs_exists(path))
        return path;
    free(path);
    /* libtool keeps the real program of a build tree in .libs/ */
    slash = strrchr(self, '/');
    if (slash == NULL || strcmp(slash, "/.libs") != 0)
        return NULL;
    *slash = '\0';
    path = fs_join(self, relative);
    if (fs_exists(path))
        return path;
    free(path);
    return NULL;
}
