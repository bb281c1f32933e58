/* SPDX-License-Identifier: MIT
 *
 * remote.h - the plugin in a real, sandboxed trimtab-worker. */
#ifndef TT_CHECK_REMOTE_H
#define TT_CHECK_REMOTE_H

#include "core/base/json.h"
#include "core/host/host.h"

struct remote;

/* The worker's path: TRIMTAB_WORKER, else beside this program. The caller
 * frees; NULL when there is none. */
char *remote_worker(void);

/* Start a worker on a copy of the plugin, as the daemon keeps one, and wait for
 * its HELLO. NULL with *e set: TT_EPLUGIN with the worker's own words,
 * TT_ECRASH, TT_EIO. remote_close() takes NULL. */
struct remote *remote_open(const char *worker, const char *plugin, bool threads,
                           const struct host_services *services,
                           struct err *e);
void remote_close(struct remote *r);
json_object *remote_hello(const struct remote *r); /* borrowed */

/* Send a request; its answer as a whole frame, appended to *out. A worker that
 * dies or does not answer becomes an ERROR frame with TT_ECRASH. */
void remote_ask(struct remote *r, const struct frame *request, struct buf *out);

#endif
