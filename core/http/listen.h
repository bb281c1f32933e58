/* SPDX-License-Identifier: MIT
 *
 * listen.h - the sockets that we listen on. */
#ifndef TT_HTTP_LISTEN_H
#define TT_HTTP_LISTEN_H

#include "core/http/internal.h"

/* Bind all of h->options.listen; refuses to leave loopback without auth. */
int listen_open(struct http *h, struct err *e);
/* A socket of listener i for one more thread; the caller (libmicrohttpd)
 * closes it. -1 with *e set. */
int listen_for_thread(struct http *h, size_t i, struct err *e);
void listen_close(struct http *h); /* removes Unix socket files too */

#endif
