/* SPDX-License-Identifier: MIT
 *
 * broker.h - every request that leaves the daemon: one libcurl multi loop on
 * its own thread. Pooled, bounded per host, retried only where that is safe,
 * with deadlines, an allow list of origins, secrets put in at the last moment,
 * and a record of each call. */
#ifndef TT_BROKER_H
#define TT_BROKER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/loop.h"
#include "trimtab/adapter.h"

struct broker;

/* Where a secret comes from; exactly one of the two. Read at each use, so a
 * rotated file is picked up. Trailing newlines are cut. */
struct broker_secret {
    const char *name;
    const char *file;        /* absolute path */
    const char *environment; /* name of a variable */
    const char *origin;      /* the only one that may get it; NULL = all of the
                                allow list */
};

/* One call, for the log, the metrics and the audit. No secret, no body, no
 * query string. */
struct broker_record {
    const char *label;   /* of the request: a run, "doctor", ... */
    const char *method;
    const char *url;     /* scheme://host:port/path, "${secret:X}" unresolved */
    int code;            /* 0 or TT_E* */
    unsigned status;     /* HTTP, 0 when there was none */
    unsigned attempts;
    uint64_t sent_bytes, received_bytes;
    int64_t took_ms;
};
typedef void broker_record_fn(void *ctx, const struct broker_record *record);

struct broker_options {
    const char *const *allow;  /* origins "http://127.0.0.1:2025"; NULL-ended */
    const struct broker_secret *secrets;
    size_t n_secrets;
    unsigned max_per_host;     /* connections; 0 = 8 */
    unsigned max_total;        /* 0 = 64 */
    uint64_t timeout_ms;       /* default of a request; 0 = 30 000 */
    uint64_t connect_ms;       /* 0 = 3 000 */
    uint64_t max_body_bytes;   /* default of a request; 0 = 16 MiB */
    unsigned max_attempts;     /* where a repeat is safe; 0 = 3 */
    broker_record_fn *record;  /* on the broker's thread; may be NULL */
    void *record_ctx;
    const char *user_agent;
};

struct broker *broker_create(const struct broker_options *options,
                             struct err *e);
/* Pending ones end TT_ECANCELLED: through their loop, which must still run or
 * run once more. NULL is allowed. */
void broker_destroy(struct broker *b);

/* Codes: TT_ETIMEOUT  no whole answer; it may have been carried out
 *        TT_ETRANSIENT  it was not carried out: nothing was sent
 *        TT_ELIMIT    the host asked for a pause, see retry_after_ms
 *        TT_EPERM     not in the allow list, or an address that is forbidden
 *        TT_EINVAL    the request cannot be made (URL, header, secret)
 *        TT_ETOOBIG   the answer is larger than max_body_bytes
 *        TT_ECANCELLED
 * Redirects are answers (3xx), never followed. */
struct broker_answer {
    int code;                  /* 0 with any status; else TT_E*, see text */
    unsigned status;
    struct tt_str body;        /* borrowed during the call */
    struct tt_str location;    /* the header, as it came; so too. Empty where
                                  there was none, or no URL could be it */
    uint64_t retry_after_ms;
    char text[256];            /* what went wrong: names host and mend */
};
/* On the loop given with the request, or on the broker's thread when it was
 * NULL. Called exactly once per request. */
typedef void broker_done_fn(void *ctx, const struct broker_answer *answer);

/* A repeat is safe for GET and HEAD, and where TT_HTTP_IDEMPOTENT says so; any
 * request is repeated when nothing of it was sent. A 429 or 503 that names
 * Retry-After pauses its whole host; what waits longer than its deadline ends
 * at once with TT_ELIMIT. */
struct broker_request {
    struct tt_http_request http; /* copied */
    const char *label;           /* copied */
    /* Origins, as scheme://host:port in small letters: whom else of the allow
     * list this caller may not call is refused with TT_EPERM. NULL: all of it.
     * NULL-ended, copied. */
    const char *const *only;
    bool no_wait;                /* fail with TT_ELIMIT while a host is paused,
                                    instead of waiting within the deadline */
    struct loop *loop;           /* where done is called; may be NULL */
    broker_done_fn *done;
    void *ctx;
};
/* Start it. Returns an id for broker_cancel(); refusals (allow list, unknown
 * secret, bad URL) also come through done(), never from inside this call. */
uint64_t broker_fetch(struct broker *b, const struct broker_request *request);
void broker_cancel(struct broker *b, uint64_t id); /* done: TT_ECANCELLED */

/* Wait for one request: for threads that may block (tools, handlers). */
int broker_fetch_wait(struct broker *b, const struct broker_request *request,
                      struct broker_answer *answer, struct buf *body);

/* Counters for /metrics: requests, retries, pauses, refused, bytes. */
struct broker_stats {
    uint64_t requests, retries, refused, timeouts, pauses, sent, received;
    uint64_t connections; /* opened since the start: reuse shows here */
};
void broker_stats(struct broker *b, struct broker_stats *out);

#endif
