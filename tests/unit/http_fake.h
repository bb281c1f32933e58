/* SPDX-License-Identifier: MIT
 *
 * http_fake.h - an engine of straw behind the real core/http: every call
 * answers what it was asked, so that a test sees what the routes hand over. */
#ifndef TT_TESTS_HTTP_FAKE_H
#define TT_TESTS_HTTP_FAKE_H

#include "core/http/http.h"

/* How often a call has been made; which code the next ones answer. */
struct fake {
    unsigned calls;
    int code;        /* answer this error instead */
    unsigned sleep_ms; /* and take this long */
};
extern struct fake fake;

/* A server on a free port over a memory store; stop with fake_stop(). */
struct http *fake_start(const struct http_options *options);
void fake_stop(void);
/* As if the store had moved the pointer of workflow "w". */
void fake_activate(const char *node, uint64_t version, uint64_t generation);

/* Send raw bytes, read until the peer closes or `quiet_ms` pass without a
 * byte; the caller frees. */
char *fake_raw(unsigned port, const char *request, size_t n, int quiet_ms);
/* One request with `Connection: close`; *status, and the body (or headers and
 * body where whole is set). */
char *fake_request(unsigned port, const char *head, const char *body,
                   int *status, int whole);

#endif
