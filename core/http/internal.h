/* SPDX-License-Identifier: MIT
 *
 * internal.h - what the files of core/http share. */
#ifndef TT_HTTP_INTERNAL_H
#define TT_HTTP_INTERNAL_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "core/base/buf.h"
#include "core/http/http.h"

/* --- active.c: prepared answers ------------------------------------------ */

struct active_entry {
    atomic_uint refs; /* of the snapshots that hold it */
    char *key; /* workflow NUL node NUL environment NUL */
    size_t key_n;
    char etag[80]; /* with quotes, as in the header */
    struct MHD_Response *ok, *unchanged;
};

/* Immutable once published; replaced as a whole. */
struct active_snapshot {
    atomic_uint refs;
    size_t n_slots; /* a power of two; open addressing */
    struct active_entry **slots;
};

struct active {
    atomic_ulong generation;
    pthread_mutex_t lock; /* guards `current` for the moment of a pointer copy */
    struct active_snapshot *current;
    atomic_llong changed_ms; /* wall clock of the newest change */
};

int active_init(struct active *a, struct err *e);
void active_fini(struct active *a);
/* An engine_active_fn. Builds the next snapshot and publishes it. */
void active_changed(void *ctx, const struct engine_active *active);
/* This thread's reference, renewed when the generation has moved: no lock is
 * taken while nothing was promoted. */
struct active_view {
    unsigned long generation;
    struct active_snapshot *snapshot;
};
const struct active_entry *active_find(struct active *a, struct active_view *v,
                                       const char *workflow, const char *node,
                                       const char *environment);
void active_view_fini(struct active_view *v);

/* --- request.c: one request on its way ----------------------------------- */

enum { REQUEST_MAX_SEGMENTS = 8, HTTP_MAX_LISTENERS = 4 };

struct route;
struct request {
    struct http *http;
    struct http_thread *thread;
    struct MHD_Connection *connection;
    const struct route *route;
    char method[12];
    char *path;      /* decoded segments live here */
    char *segment[REQUEST_MAX_SEGMENTS];
    size_t n_segments;
    char request_id[40];
    const char *actor;  /* a token's name, or "anonymous" */
    char *idempotency_key, *if_match, *if_none_match;
    json_object *query; /* all strings */
    struct buf body;
    bool too_large, done;
    int64_t started_ns;
    /* the answer */
    unsigned status;
    struct buf out;
    const char *content_type;
    struct engine_answer answer; /* etag, location, cursor */
    unsigned retry_after_s;
    struct MHD_Response *prepared; /* borrowed; instead of out */
    struct request *next;          /* in the handlers' queue */
};

struct request *request_create(struct http_thread *t,
                               struct MHD_Connection *connection,
                               const char *method);
void request_destroy(struct request *r);
/* Is it one that we want to understand? 400 and the connection closed for
 * what a proxy might read in another way (control-plane.md 2.4). */
int request_guard(struct request *r, struct err *e);
/* Split and decode the path, collect query and headers. */
int request_parse(struct request *r, const char *url, struct err *e);

/* --- route.c ------------------------------------------------------------- */

typedef void route_fn(struct request *r);

enum route_flag {
    ROUTE_OPEN = 1 << 0,     /* no token needed */
    ROUTE_INLINE = 1 << 1,   /* answered on the epoll thread: memory only */
    ROUTE_BODY = 1 << 2,     /* a JSON body is required */
    ROUTE_OWN_KEY = 1 << 3,  /* the engine stores the Idempotency-Key itself */
    ROUTE_LIMITED = 1 << 4,  /* rate limited per actor */
    ROUTE_LARGE = 1 << 5     /* the body may have HTTP_LARGE_BYTES */
};
enum { HTTP_LARGE_BYTES = 64 << 20 };

struct route {
    const char *method;
    const char *path;       /* "/api/workflows/{workflow}/optimize" */
    unsigned status;        /* of success */
    unsigned flags;
    engine_call_fn *call;   /* exactly one of these two */
    route_fn *inline_fn;
    const char *summary;    /* for openapi.json */
};
extern const struct route http_routes[];
extern const size_t http_n_routes;

/* NULL with *allow set to a list of methods (405), or NULL with *allow NULL
 * (404). */
const struct route *route_find(struct request *r, const char **allow);
/* How large its body may be. */
size_t route_max_body(const struct request *r);
/* The value of {name} in the matched path, or NULL. */
const char *route_param(const struct request *r, const char *name);

/* --- auth.c -------------------------------------------------------------- */

/* 0 with r->actor set, or TT_EAUTH, TT_ELIMIT (too many failures). */
int auth_check(struct request *r, struct err *e);
/* A token bucket per actor for ROUTE_LIMITED routes. 0, or TT_ELIMIT with
 * r->retry_after_s set. */
int auth_rate(struct request *r, struct err *e);

/* --- answer.c ------------------------------------------------------------ */

void answer_error(struct request *r, const struct err *e); /* RFC 9457 */
void answer_text(struct request *r, unsigned status, const char *type,
                 const char *text);
void answer_json(struct request *r, unsigned status, const json_object *body);
enum MHD_Result answer_queue(struct request *r);

/* --- handler.c: the pool ------------------------------------------------- */

struct handlers;
struct handlers *handlers_create(struct http *h, unsigned n, struct err *e);
void handlers_stop(struct handlers *p); /* finish what is there, then end */
void handlers_destroy(struct handlers *p);
/* false once the pool is being destroyed: nobody will work on r. */
bool handlers_submit(struct handlers *p, struct request *r);

/* --- system.c: probes, metrics, openapi ---------------------------------- */

route_fn system_active, system_healthz, system_version; /* inline */
route_fn system_readyz, system_metrics, system_openapi;  /* by a handler */

/* --- server.c ------------------------------------------------------------ */

struct connection; /* a socket's deadline */

struct http_thread {
    struct http *http;
    pthread_t thread;
    bool started;
    struct MHD_Daemon *daemons[HTTP_MAX_LISTENERS]; /* one per listener */
    int epoll, wake;
    struct active_view view;
    struct connection *connections;
    atomic_bool stopping;
};

struct auth_bucket {
    char *name;
    double tokens;
    int64_t at_ms;
};

struct http {
    struct engine *engine;
    struct store *store;
    struct http_options options; /* borrowed pointers */
    struct active active;
    struct handlers *handlers;
    struct http_thread *threads;
    unsigned n_threads;
    unsigned port;
    int listen_fds[HTTP_MAX_LISTENERS];
    bool listen_taken[HTTP_MAX_LISTENERS]; /* by the first thread */
    char *unix_paths[HTTP_MAX_LISTENERS];
    pthread_mutex_t buckets_lock; /* guards the buckets */
    struct auth_bucket *buckets;
    size_t n_buckets;
    atomic_ulong requests[6];     /* by class of status: 1xx .. 5xx */
    atomic_ulong reads, reads_unchanged, auth_failures, timeouts;
};

/* A suspended request is ready: resume its connection and wake its thread. */
void server_resume(struct request *r);

#endif
