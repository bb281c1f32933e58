/* SPDX-License-Identifier: MIT
 *
 * store_powercut.c - preloaded into a process that writes a store: notes how
 * long each write-ahead log was when it was last synced. A kill leaves what
 * the kernel had in its cache; cutting the logs back to these lengths is what
 * a power cut would have left.
 *
 *   TT_POWERCUT_NOTES  the file to append "SIZE PATH" lines to
 *   TT_POWERCUT_LIE    set: say that syncs worked, and note none */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void note(int fd)
{
    const char *notes = getenv("TT_POWERCUT_NOTES");
    char link[64], path[512], line[640];
    struct stat st;
    ssize_t n;
    int out;

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof path - 1);
    if (notes == NULL || getenv("TT_POWERCUT_LIE") != NULL || n < 4 ||
        memcmp(path + n - 4, ".log", 4) != 0 || fstat(fd, &st) != 0)
        return;
    path[n] = 0;
    n = snprintf(line, sizeof line, "%lld %s\n", (long long)st.st_size, path);
    out = open(notes, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (write(out, line, (size_t)n) != n)
        abort();
    close(out);
}

static int sync_and_note(const char *name, int fd)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    int rc = real(fd);

    if (rc == 0)
        note(fd);
    return rc;
}

__attribute__((visibility("default"))) int fdatasync(int fd)
{
    return sync_and_note("fdatasync", fd);
}

__attribute__((visibility("default"))) int fsync(int fd)
{
    return sync_and_note("fsync", fd);
}
