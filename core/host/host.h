/* SPDX-License-Identifier: MIT
 *
 * host.h - open one plugin in this process and drive it: the worker's inside,
 * and what tests and `trimtab plugin run` use without a worker. One plugin
 * per process; it is never unloaded. */
#ifndef TT_HOST_H
#define TT_HOST_H

#include <trimtab/adapter.h>
#include <trimtab/strategy.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/json.h"
#include "core/host/frame.h"

/* --- before any code of the plugin runs ---------------------------------- */

struct host_note {
    uint32_t abi_major, abi_minor, pointer_size, kind;
    char id[64], version[32];
};

/* Check the ELF bounds of a file and read its note (all PT_NOTE segments).
 * Returns 0; TT_EPLUGIN not an ELF shared object of this machine, truncated,
 * or without a note; TT_EABI built for another ABI (names both sides and the
 * mend); TT_EIO. Threads [any] */
int host_note_read(const char *path, struct host_note *note, struct err *e);
/* Is this, in n bytes with its NUL, the id of a plugin? [a-z][a-z0-9-]{0,62} */
bool host_id_ok(const char *id, size_t n);

/* --- loading ------------------------------------------------------------- */

/* Probe with RTLD_NOW, open through libltdl by absolute path, check the entry
 * against the note. Runs the object's constructors.
 * Returns the description (lives as long as the process), or NULL with
 * TT_EPLUGIN (the loader's real message) or TT_EABI. Threads [main] */
const struct tt_plugin *host_load(const char *path, struct err *e);

/* The same in steps, for the checker. host_open() reads the note and calls the
 * entry point, each time; what comes back has not been looked at. The other two
 * look: at the description, and at its config_schema. */
const struct tt_plugin *host_open(const char *path, struct host_note *note,
                                  struct err *e);
int host_judge(const struct tt_plugin *p, const struct host_note *note,
               struct err *e);
int host_judge_schema(const struct tt_plugin *p, const struct host_note *note,
                      struct err *e);

/* All of the environment that a plugin sees, "NAME=value", NULL-terminated: the
 * numbers of OpenBLAS depend on what is in there. */
extern const char *const host_environment[];

/* What the HELLO frame says of a plugin; the caller puts it. */
json_object *host_describe(const struct tt_plugin *plugin);

/* --- a session: frames in, frames out ------------------------------------ */

/* What the session calls while it works on a request. In a worker these go
 * over fd 3; in-process they are the caller's. NULL = not granted. */
struct host_services {
    void *ctx;
    void (*log)(void *ctx, int level, struct tt_str text);
    /* As tt_http_service.fetch; *response borrows from the service. */
    int (*http)(void *ctx, const struct tt_http_request *request,
                struct tt_http_response *response, struct tt_error *e);
    /* The case's JSON appended to *out. */
    int (*data)(void *ctx, uint32_t split, uint64_t id, struct buf *out,
                struct tt_error *e);
};

struct host_session;
struct host_session *host_session_create(const struct tt_plugin *plugin,
                                         const struct host_services *services);
void host_session_destroy(struct host_session *s); /* closes the instance */
enum frame_state host_session_state(const struct host_session *s);

/* Work on one request of the daemon's side: append exactly one answer frame
 * (ERROR among them) to *out. A plugin that returns a bad action or answers
 * twice is reported in that ERROR. [inst] */
void host_session_handle(struct host_session *s, const struct frame *request,
                         struct buf *out);

#endif
