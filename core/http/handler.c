/* SPDX-License-Identifier: MIT
 *
 * handler.c - the pool of threads that may block: they parse bodies, honour
 * Idempotency-Key, call the engine and leave the answer with the request. */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/crypt/crypt.h"
#include "core/http/internal.h"

struct handlers {
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t ready;
    struct request *head, **tail;
    bool stopping;
    /* Keys under way: "actor NUL key", so that a second request with the same
     * key does not run beside the first. */
    char **busy;
    size_t n_busy;
    struct http *http;
    pthread_t *threads;
    unsigned n_threads;
};

/* --- idempotency --------------------------------------------------------- */

static struct store_key idempotency_record(const struct request *r)
{
    return (struct store_key){ STORE_IDEMPOTENCY,
                               { r->actor, r->idempotency_key, NULL }, 0 };
}

/* What the request asks for, as a hash: the same key must mean the same. */
static void request_hash(const struct request *r, char hex[CRYPT_HEX_BYTES])
{
    struct buf b = { 0 };
    size_t i;

    buf_addf(&b, "%s", r->method);
    for (i = 0; i < r->n_segments; i++)
        buf_addf(&b, "/%s", r->segment[i]);
    buf_add(&b, "\n", 1);
    buf_add(&b, r->body.data, r->body.len);
    crypt_sha256_hex(b.data, b.len, hex);
    buf_fini(&b);
}

/* 1: answered from the record of an earlier request; 0: go on. */
static int idempotency_replay(struct request *r, struct err *e)
{
    json_object *record = store_get_json(r->http->store, idempotency_record(r),
                                         e);
    char hash[CRYPT_HEX_BYTES];
    const char *was;
    int code = 1;

    if (record == NULL)
        return e->code == TT_ENOENT ? 0 : e->code;
    request_hash(r, hash);
    was = json_str(record, "request");
    if (was == NULL || strcmp(was, hash) != 0)
        code = err_set(e, TT_EINVAL,
                       "Idempotency-Key %s: was used for another request; "
                       "use a new key", r->idempotency_key);
    else
        answer_json(r, (unsigned)json_int(record, "status", 200),
                    json_child(record, "body"));
    json_object_put(record);
    return code;
}

static void idempotency_remember(struct request *r)
{
    struct store_batch *b = store_batch_create();
    json_object *record = json_object_new_object();
    char hash[CRYPT_HEX_BYTES];
    struct err e = { 0 };

    request_hash(r, hash);
    json_set_str(record, "request", hash);
    json_set_int(record, "status", r->status);
    json_set_int(record, "at", clock_wall_ms());
    json_set(record, "body", json_object_get(r->answer.body));
    store_put_json(b, idempotency_record(r), record);
    if (store_commit(r->http->store, b, &e) != 0)
        log_warn("idempotency.lost", "key=%s why=\"%s\"", r->idempotency_key,
                 e.text);
    json_object_put(record);
}

static char *busy_name(const struct request *r)
{
    return xasprintf("%s\001%s", r->actor, r->idempotency_key);
}

static bool busy_enter(struct handlers *p, const struct request *r)
{
    char *name = busy_name(r);
    bool entered = true;
    size_t i;

    pthread_mutex_lock(&p->lock);
    for (i = 0; i < p->n_busy; i++)
        if (strcmp(p->busy[i], name) == 0)
            entered = false;
    if (entered) {
        p->busy = xrealloc(p->busy, p->n_busy + 1, sizeof *p->busy);
        p->busy[p->n_busy++] = name;
        name = NULL;
    }
    pthread_mutex_unlock(&p->lock);
    free(name);
    return entered;
}

static void busy_leave(struct handlers *p, const struct request *r)
{
    char *name = busy_name(r);
    size_t i;

    pthread_mutex_lock(&p->lock);
    for (i = 0; i < p->n_busy; i++)
        if (strcmp(p->busy[i], name) == 0) {
            free(p->busy[i]);
            p->busy[i] = p->busy[--p->n_busy];
            break;
        }
    pthread_mutex_unlock(&p->lock);
    free(name);
}

/* --- one request --------------------------------------------------------- */

static int parse_number(struct request *r, struct engine_request *q,
                        struct err *e)
{
    const char *text = route_param(r, "number");
    char *end;

    if (text == NULL)
        return 0;
    q->number = strtoull(text[0] == 'v' ? text + 1 : text, &end, 10);
    if (*end != '\0' || q->number == 0)
        return err_set(e, TT_ENOENT, "%s: not a number; versions are v1, v2, "
                       "..., candidates 1, 2, ...", text);
    return 0;
}

static int parse_body(struct request *r, json_object **body, struct err *e)
{
    *body = NULL;
    if (r->too_large)
        return err_set(e, TT_ETOOBIG, "request: the body is larger than %zu "
                       "bytes", route_max_body(r));
    if (r->body.len == 0)
        return (r->route->flags & ROUTE_BODY) == 0
                   ? 0
                   : err_set(e, TT_EJSON, "request: a JSON body is needed");
    *body = json_parse(r->body.data, r->body.len,
                       (r->route->flags & ROUTE_LARGE) != 0
                           ? &json_limits_document
                           : &json_limits_request,
                       e);
    if (*body == NULL && e->code != 0)
        return err_prefix(e, "request");
    if (!json_object_is_type(*body, json_type_object)) {
        json_object_put(*body);
        *body = NULL;
        return err_set(e, TT_EJSON, "request: the body must be a JSON object");
    }
    return 0;
}

static int call_engine(struct request *r, struct err *e)
{
    struct engine_request q = {
        .actor = r->actor,
        .workflow = route_param(r, "workflow"),
        .node = route_param(r, "node"),
        .name = route_param(r, "name"),
        .run = route_param(r, "run"),
        .query = r->query,
        .idempotency_key = r->idempotency_key,
        .if_match = r->if_match,
        .request_id = r->request_id,
    };
    int code = parse_number(r, &q, e);

    if (code == 0)
        code = parse_body(r, &q.body, e);
    if (code == 0)
        code = r->route->call(r->http->engine, &q, &r->answer, e);
    json_object_put(q.body);
    if (code != 0)
        return code;
    answer_json(r, r->answer.status != 0 ? r->answer.status : r->route->status,
                r->answer.body);
    return 0;
}

static int work_on(struct handlers *p, struct request *r, struct err *e)
{
    bool keyed = r->idempotency_key != NULL &&
                 strcmp(r->method, "POST") == 0 &&
                 (r->route->flags & ROUTE_OWN_KEY) == 0;
    int code;

    if ((r->route->flags & ROUTE_LIMITED) != 0) {
        code = auth_rate(r, e);
        if (code != 0)
            return code;
    }
    if (!keyed)
        return call_engine(r, e);
    if (!busy_enter(p, r))
        return err_set(e, TT_ECONFLICT, "Idempotency-Key %s: the first request "
                       "with this key is still under way", r->idempotency_key);
    code = idempotency_replay(r, e);
    if (code == 0) {
        code = call_engine(r, e);
        if (code == 0)
            idempotency_remember(r);
    }
    busy_leave(p, r);
    return code > 0 ? 0 : code;
}

static void handle(struct handlers *p, struct request *r)
{
    struct err e = { 0 };

    if (r->route->inline_fn != NULL)
        r->route->inline_fn(r);
    else if (work_on(p, r, &e) != 0)
        answer_error(r, &e);
    log_debug("http.request", "id=%s method=%s route=%s status=%u actor=%s "
              "took_us=%" PRId64, r->request_id, r->method, r->route->path,
              r->status, r->actor, (clock_mono_ns() - r->started_ns) / 1000);
    server_resume(r);
}

static void *handler_main(void *arg)
{
    struct handlers *p = arg;
    struct request *r;

    for (;;) {
        pthread_mutex_lock(&p->lock);
        while (p->head == NULL && !p->stopping)
            pthread_cond_wait(&p->ready, &p->lock);
        r = p->head;
        if (r != NULL) {
            p->head = r->next;
            if (p->head == NULL)
                p->tail = &p->head;
        }
        pthread_mutex_unlock(&p->lock);
        if (r == NULL)
            return NULL;
        handle(p, r);
    }
}

bool handlers_submit(struct handlers *p, struct request *r)
{
    bool taken;

    r->next = NULL;
    pthread_mutex_lock(&p->lock);
    taken = !p->stopping;
    if (taken) {
        *p->tail = r;
        p->tail = &r->next;
        pthread_cond_signal(&p->ready);
    }
    pthread_mutex_unlock(&p->lock);
    return taken;
}

struct handlers *handlers_create(struct http *h, unsigned n, struct err *e)
{
    struct handlers *p = xcalloc(1, sizeof *p);

    p->http = h;
    p->tail = &p->head;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->ready, NULL);
    p->threads = xcalloc(n, sizeof *p->threads);
    for (; p->n_threads < n; p->n_threads++)
        if (pthread_create(&p->threads[p->n_threads], NULL, handler_main, p)) {
            err_set(e, TT_ENOMEM, "http: no thread for a handler");
            handlers_destroy(p);
            return NULL;
        }
    return p;
}

void handlers_stop(struct handlers *p)
{
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_cond_broadcast(&p->ready);
    pthread_mutex_unlock(&p->lock);
    while (p->n_threads > 0)
        pthread_join(p->threads[--p->n_threads], NULL);
}

void handlers_destroy(struct handlers *p)
{
    if (p == NULL)
        return;
    handlers_stop(p);
    pthread_cond_destroy(&p->ready);
    pthread_mutex_destroy(&p->lock);
    free(p->threads);
    free(p->busy);
    free(p);
}
