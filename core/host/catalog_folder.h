/* SPDX-License-Identifier: MIT
 *
 * catalog_folder.h - a plugin that is a folder run by a command of its own, as
 * the catalogue takes it in: plugin.json names every file and its sha256, and
 * its own sha256 is the plugin's. For core/host/catalog.c. */
#ifndef TT_HOST_CATALOG_FOLDER_H
#define TT_HOST_CATALOG_FOLDER_H

#include "core/host/host.h"
#include "core/host/manifest.h"

/* Does the path name such a plugin? It ends in "/plugin.json". */
bool catalog_folder_is(const char *path);
/* Is it a folder with a plugin.json that has "exec"? A broken plugin.json
 * counts, so that its refusal is heard of. */
bool catalog_folder_there(const char *folder);
/* What a note says of others, from the manifest. TT_EPLUGIN */
int catalog_folder_note(const struct manifest *m, struct host_note *note,
                        struct err *e);
/* Copy plugin.json (its bytes are given) and the files that it lists from the
 * folder `from` to `to`, which appears whole or not at all. Each file is read
 * once, and what was read is what is summed and written. TT_EPLUGIN a bad name;
 * TT_EPERM another sum than the manifest's; TT_EIO */
int catalog_folder_copy(const struct manifest *m, const struct buf *bytes,
                        const char *from, const char *to, struct err *e);
/* Are they all there, as the manifest says? */
bool catalog_folder_whole(const struct manifest *m, const char *folder);

#endif
