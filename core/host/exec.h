/* SPDX-License-Identifier: MIT
 *
 * exec.h - plugins in other languages. An exec plugin is a folder with a
 * plugin.json that names a command; the command speaks JSON lines on its
 * standard input and output (docs/exec-plugins.md). It becomes a struct
 * tt_plugin here, whose calls are lines to the child, so that nothing else in
 * the house has to know. */
#ifndef TT_HOST_EXEC_H
#define TT_HOST_EXEC_H

#include "core/host/host.h"
#include "core/host/sandbox.h"

/* Does this path name an exec plugin? It ends in "/plugin.json". [any] */
bool exec_is(const char *path);

/* The absolute path of a plugin: of its plugin.json where a folder is named.
 * The caller frees it; TT_ENOENT. [any] */
char *exec_realpath(const char *path, struct err *e);

/* What host_note_read() says of an exec plugin: from its plugin.json.
 * Errors: TT_EPLUGIN (names the member and the mend), TT_EIO. [any] */
int exec_note_read(const char *path, struct host_note *note, struct err *e);

/* How children are started; the strings stay the caller's for ever. */
struct exec_start {
    const char *worker; /* trimtab-worker, which confines and becomes them;
                           NULL: $TRIMTAB_WORKER, else beside ourselves */
    struct sandbox_limits limits;
    bool in_worker; /* the child's end is our end, so that it is counted,
                       restarted and caught up; and the first child is kept */
};
void exec_configure(const struct exec_start *start); /* before exec_load */

/* Read plugin.json and make the plugin; no child is started.
 * Returns what lives as long as the process, or NULL with TT_EPLUGIN.
 * [main], once */
const struct tt_plugin *exec_load(const char *path, struct err *e);

/* Start a child for the first instance now (a worker may not do so any more
 * once it is confined); exec_hello() asks whether it is there and speaks the
 * protocol. Errors: TT_EPLUGIN names the command and the mend; TT_EIO. */
int exec_prestart(struct err *e);
int exec_hello(struct err *e);
const struct tt_plugin *exec_loaded(void); /* what exec_load() has made */
void exec_end(void); /* the child that no instance has taken, if any */

/* --- `trimtab-worker --exec-child`: confine ourselves, become the command -- */

/* Does not come back but with an error, which the caller says on standard
 * output by exec_child_failure(): there the host hears it. */
int exec_child_run(const struct sandbox_limits *limits,
                   char *const *command, struct err *e);
void exec_child_failure(const struct err *e);

#endif
