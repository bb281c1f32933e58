/* SPDX-License-Identifier: MIT
 *
 * manifest.h - plugin.json: who made a plugin and what it may ask for. */
#ifndef TT_HOST_MANIFEST_H
#define TT_HOST_MANIFEST_H

#include "core/base/err.h"
#include "core/base/json.h"

struct manifest {
    char *path;        /* NULL: there is none */
    json_object *json; /* checked; NULL without one */
};

/* Where the manifest of a plugin file is: NAME.json beside NAME.so where that
 * is there, so that several plugins can share a folder, else plugin.json beside
 * it; a plugin.json is its own. The file need not be there. The caller frees
 * it. */
char *manifest_beside(const char *plugin);

/* plugin.json of the source folder, else the one beside the plugin. 0 also
 * where there is none; TT_EINVAL when it is there and wrong. manifest_close()
 * after failures too. */
int manifest_open(struct manifest *m, const char *plugin, const char *source,
                  struct err *e);
/* The same from bytes that were read already; path is copied, for messages. */
int manifest_parse(struct manifest *m, const char *path, const char *text,
                   size_t n, struct err *e);
void manifest_close(struct manifest *m);
/* Does it ask for permissions.threads (or llm)? */
bool manifest_asks(const struct manifest *m, const char *permission);

/* Is this a semantic version (semver.org 2.0.0)? */
bool semver_ok(const char *version);
/* -1, 0, 1: the precedence of two that are. */
int semver_compare(const char *a, const char *b);
/* Is this an SPDX license expression? *unknown: an id in it that we do not
 * know, borrowed from a static buffer, or NULL. */
bool spdx_ok(const char *expression, const char **unknown);

#endif
