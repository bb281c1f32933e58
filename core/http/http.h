/* SPDX-License-Identifier: MIT
 *
 * http.h - the control plane: one table of routes over the engine.
 *
 * Threads. N epoll threads own the connections; each drives its own
 * libmicrohttpd daemon from its own epoll (the library's internal loop stalls
 * when exactly 128*k events are ready). The active-parameters read, /healthz
 * and what else needs no store is answered there, from memory. Everything
 * else is parsed there and worked on by a small pool of handler threads, so
 * that an fsync or a slow Orcheo never stands before a read. */
#ifndef TT_HTTP_H
#define TT_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/json.h"
#include "core/engine/engine.h"

struct http;

struct http_listen {
    const char *tcp;     /* "127.0.0.1:8787", "[::1]:8787"; port 0: any free */
    const char *unix_path; /* or a Unix socket; exactly one of the two */
    unsigned unix_mode;  /* of the socket file, e.g. 0660 */
};

struct http_token {
    const char *name;          /* the actor in the audit */
    unsigned char sha256[32];  /* of the token */
};

struct http_options {
    const struct http_listen *listen;
    size_t n_listen;
    bool auth_required;
    const struct http_token *tokens;
    size_t n_tokens;
    const char *environment;   /* of reads that do not say one */
    unsigned threads;          /* epoll threads; 0 = 1 on up to 2 cores, else 2 */
    unsigned handlers;         /* handler threads; 0 = 4 */
    unsigned max_connections;  /* 0 = 1000 */
    unsigned max_per_address;  /* 0 = no limit; Unix sockets have none */
    int64_t header_ms, body_ms, idle_ms; /* absolute, absolute, idle; 0 =
                                            10 000, 30 000, 30 000 */
    size_t max_body_bytes;     /* 0 = 1 MiB */
    unsigned optimize_per_minute; /* per actor; 0 = 60 */
    const char *version;       /* of the daemon, for /version */
};

/* Bind, then serve. Refuses (TT_EPERM) to listen beyond loopback and Unix
 * sockets without auth_required. TT_EIO names the address that could not be
 * bound. [main] */
struct http *http_start(struct engine *engine, struct store *store,
                        const struct http_options *options, struct err *e);
/* Let handlers finish, then close every connection. [main] */
void http_stop(struct http *h);
/* Free it, after the engine is gone: until then the store may still tell it
 * of moves. NULL is allowed. [main] */
void http_destroy(struct http *h);
/* The port of the first TCP listener; 0 without one. */
unsigned http_port(const struct http *h);

#endif
