/* SPDX-License-Identifier: MIT
 *
 * serve.h - the worker's side of fd 3: requests in, answers out, and services
 * asked for in between. */
#ifndef TT_HOST_SERVE_H
#define TT_HOST_SERVE_H

#include "core/host/host.h"

struct serve;
/* fd is a blocking stream socket; it stays the caller's. */
struct serve *serve_create(int fd);
void serve_destroy(struct serve *v);

/* Say HELLO, or why there will be none. TT_EIO when nobody listens. */
int serve_hello(struct serve *v, json_object *hello, struct err *e);
int serve_failure(struct serve *v, const struct err *failure, struct err *e);

/* Drive the plugin until CLOSE or until the other side is gone: 0 both times.
 * TT_EPROTOCOL for bytes that are no frames. Threads [main] */
int serve_run(struct serve *v, const struct tt_plugin *plugin, struct err *e);

#endif
