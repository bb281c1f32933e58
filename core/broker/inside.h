/* SPDX-License-Identifier: MIT
 *
 * inside.h - what the parts of the broker share. All of it belongs to the
 * broker's thread but what stands under `lock`. */
#ifndef TT_BROKER_INSIDE_H
#define TT_BROKER_INSIDE_H

#include <curl/curl.h>
#include <pthread.h>
#include <sys/queue.h>

#include "core/broker/broker.h"

#define BROKER_LOCATION 2000 /* bytes of a Location header, with its NUL */

struct fetch;
TAILQ_HEAD(fetch_list, fetch);

/* One origin of the allow list. */
struct host {
    char *origin;             /* scheme://name:port, as compared */
    bool local;               /* a literal address, or localhost */
    unsigned active;          /* transfers */
    int64_t paused_until_ms;  /* monotonic; 0 = not paused */
    struct fetch_list queue;  /* waiting, in order */
};

struct header {
    char *name, *value; /* value with "${secret:X}" unresolved */
};

struct fetch {
    TAILQ_ENTRY(fetch) all;
    TAILQ_ENTRY(fetch) queued;
    struct broker *broker;
    uint64_t id;
    struct host *host; /* NULL until admitted */

    char *label, *method, *url;
    char **only; /* NULL-ended; NULL: all of the allow list */
    char *shown; /* the URL for records: without query */
    struct header *headers;
    size_t n_headers;
    char *body;
    size_t body_bytes;
    bool safe; /* to repeat */
    bool no_wait;
    uint64_t max_body;
    struct loop *loop;
    broker_done_fn *done;
    void *ctx;

    int64_t started_ms, deadline_ms, not_before_ms;
    unsigned attempts;
    uint64_t sent, received; /* bytes over all attempts */
    int last_code;           /* of the attempt before; 0 = there was none */
    char last_text[256];

    /* one attempt */
    CURL *easy;               /* NULL: not in flight */
    struct curl_slist *lines; /* resolved headers: wiped behind the attempt */
    char *resolved_url;
    struct buf secrets;       /* each NUL-terminated, to be kept out of texts */
    struct buf answer;
    char location[BROKER_LOCATION]; /* "": none */
    size_t body_at, header_bytes;
    bool too_big, headers_too_big, forbidden;
    int64_t window_ms; /* start of the low-speed window; 0 = no answer yet */
    uint64_t window_bytes;
    char detail[CURL_ERROR_SIZE];
};

struct secret {
    char *name, *file, *environment;
    char *origin; /* normalised, or NULL */
};

struct broker {
    struct host *hosts;
    size_t n_hosts;
    struct secret *secrets;
    size_t n_secrets;
    unsigned max_per_host, max_total, max_attempts;
    uint64_t timeout_ms, connect_ms, max_body;
    broker_record_fn *record;
    void *record_ctx;
    char *user_agent;

    CURLM *multi;
    struct fetch_list fetches; /* admitted, waiting or in flight */
    unsigned active;
    uint32_t jitter;
    int64_t sweep_at_ms; /* nothing is due before */

    pthread_t thread;
    bool running;
    pthread_mutex_t lock;
    struct fetch_list inbox;      /* under lock, and all that follows */
    uint64_t *cancels;
    size_t n_cancels;
    uint64_t next_id;
    bool stop;
    struct broker_stats stats;
};

/* --- policy.c: what may leave ------------------------------------------------ */

/* "scheme://name:port" of a URL, lower case, port always there; the caller
 * frees. NULL with *e set: not http(s), user information, no host. */
char *policy_origin(const char *url, struct err *e);
/* The URL without query and fragment, for people; the caller frees. */
char *policy_shown(const char *url);
bool policy_is_local(const char *origin);
/* May a name of the allow list stand for this address? Names may not lead to
 * ourselves or to link-local services (cloud metadata). */
bool policy_address_allowed(const struct host *h, const struct sockaddr *sa);
/* Method, header names and values: nothing that could forge a request. */
int policy_check_shape(const struct fetch *f, struct err *e);
/* Put secrets into text; with encode as URL text. The values are noted in
 * f->secrets. The caller frees (and wipes). */
char *policy_resolve(struct fetch *f, const char *text, bool encode,
                     struct err *e);
/* Overwrite each secret of f that stands in text. */
void policy_redact(const struct fetch *f, char *text);

/* --- transfer.c: one attempt on one easy handle --------------------------------- */

int transfer_start(struct fetch *f, int64_t now_ms, struct err *e);
struct outcome {
    int code; /* 0: an answer came */
    unsigned status;
    uint64_t retry_after_ms;
    bool unsent;    /* nothing left this machine */
    bool permanent; /* the same again would fail the same */
    long connects;
    char text[256];
};
/* Take the handle apart and say what came of it. */
void transfer_end(struct fetch *f, CURLcode result, struct outcome *out);
void transfer_abort(struct fetch *f); /* without an outcome */
/* Does the answer drip slower than we wait for? Moves the window on. */
bool transfer_is_slow(struct fetch *f, int64_t now_ms);

#endif
