/* SPDX-License-Identifier: MIT
 *
 * fs.h - files, durably. */
#ifndef TT_BASE_FS_H
#define TT_BASE_FS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "core/base/buf.h"
#include "core/base/err.h"

/* The whole file, at most max bytes (TT_ETOOBIG). TT_ENOENT, TT_EIO. */
int fs_read(const char *path, size_t max, struct buf *out, struct err *e);
/* The same of a regular file alone, without waiting for what a FIFO or device
 * may say: for files that others put there. *st (or NULL) is of the file that
 * was read. TT_EINVAL when it is something else; TT_ENOENT only when there is
 * not even a dangling link of that name. */
int fs_read_regular(const char *path, size_t max, struct buf *out,
                    struct stat *st, struct err *e);
/* Write beside it, fsync, rename over it, fsync the folder. */
int fs_write(const char *path, const void *bytes, size_t n, mode_t mode,
             struct err *e);
int fs_mkdirs(const char *path, mode_t mode, struct err *e);
int fs_sync_dir(const char *path, struct err *e);
/* Neither follows a link, nor stops where one of many cannot be removed. What
 * is not there is fine. The second leaves the folder itself, which may not be a
 * link. */
int fs_remove_tree(const char *path, struct err *e);
int fs_clear_dir(const char *path, struct err *e);
int64_t fs_free_bytes(const char *path); /* -1 when unknown */
bool fs_exists(const char *path);
char *fs_join(const char *dir, const char *name); /* caller frees */
/* The absolute path of a file beside our own executable, or NULL. */
char *fs_beside_self(const char *relative);

#endif
