/* SPDX-License-Identifier: MIT
 *
 * broker.c - the broker's outside: what other threads call, and how answers
 * get back to them. */
#include "config.h"

#include <signal.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/broker/inside.h"
#include "core/broker/turn.h"

static void init_curl(void)
{
    TT_ASSERT(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
}

/* --- create and destroy -------------------------------------------------------- */

static int add_host(struct broker *b, const char *url, struct err *e)
{
    struct host *h = &b->hosts[b->n_hosts];
    const char *behind = strstr(url, "://");
    size_t i;

    h->origin = policy_origin(url, e);
    if (h->origin == NULL)
        return err_prefix(e, "allowed host");
    behind = behind != NULL ? strpbrk(behind + 3, "/?#") : NULL;
    if (behind != NULL && strcmp(behind, "/") != 0) {
        free(h->origin);
        return err_set(e, TT_EINVAL, "allowed host %s: has a path; hosts are "
                       "allowed whole, as scheme://host:port", url);
    }
    h->local = policy_is_local(h->origin);
    TAILQ_INIT(&h->queue);
    for (i = 0; i < b->n_hosts; i++)
        if (strcmp(b->hosts[i].origin, h->origin) == 0) { /* named twice */
            free(h->origin);
            return 0;
        }
    b->n_hosts++;
    return 0;
}

static int add_secret(struct broker *b, const struct broker_secret *from,
                      struct err *e)
{
    struct secret *s = &b->secrets[b->n_secrets++];

    s->name = xstrdup(from->name);
    s->file = xstrdup(from->file);
    s->environment = xstrdup(from->environment);
    if (s->name == NULL || (s->file == NULL) == (s->environment == NULL))
        return err_set(e, TT_EINVAL, "secret %s: give either a file or an "
                       "environment variable",
                       s->name != NULL ? s->name : "?");
    if (from->origin != NULL) {
        s->origin = policy_origin(from->origin, e);
        if (s->origin == NULL)
            return err_prefix(e, "secret %s", s->name);
    }
    return 0;
}

static int fill(struct broker *b, const struct broker_options *o, struct err *e)
{
    size_t i, n = 0;
    int code = 0;

    while (o->allow != NULL && o->allow[n] != NULL)
        n++;
    b->hosts = xcalloc(n, sizeof *b->hosts);
    b->secrets = xcalloc(o->n_secrets, sizeof *b->secrets);
    for (i = 0; code == 0 && i < n; i++)
        code = add_host(b, o->allow[i], e);
    for (i = 0; code == 0 && i < o->n_secrets; i++)
        code = add_secret(b, &o->secrets[i], e);
    b->max_per_host = o->max_per_host != 0 ? o->max_per_host : 8;
    b->max_total = o->max_total != 0 ? o->max_total : 64;
    b->max_attempts = o->max_attempts != 0 ? o->max_attempts : 3;
    b->timeout_ms = o->timeout_ms != 0 ? o->timeout_ms : 30000;
    b->connect_ms = o->connect_ms != 0 ? o->connect_ms : 3000;
    b->max_body = o->max_body_bytes != 0 ? o->max_body_bytes : 16u << 20;
    b->record = o->record;
    b->record_ctx = o->record_ctx;
    b->user_agent = xstrdup(o->user_agent != NULL ? o->user_agent : "trimtab");
    b->jitter = (uint32_t)clock_mono_ns() | 1;
    b->next_id = 1;
    return code;
}

static int start_thread(struct broker *b, struct err *e)
{
    sigset_t all, before;
    int error;

    sigfillset(&all); /* signals are for the main thread */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&b->thread, NULL, turn_main, b);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0)
        return err_set(e, TT_EUNAVAILABLE, "broker: no thread: %s",
                       strerror(error));
    b->running = true;
    return 0;
}

struct broker *broker_create(const struct broker_options *options,
                             struct err *e)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct broker *b = xcalloc(1, sizeof *b);

    pthread_once(&once, init_curl);
    pthread_mutex_init(&b->lock, NULL);
    TAILQ_INIT(&b->inbox);
    TAILQ_INIT(&b->fetches);
    if (fill(b, options, e) != 0)
        goto fail;
    b->multi = curl_multi_init();
    TT_ASSERT(b->multi != NULL);
    (void)curl_multi_setopt(b->multi, CURLMOPT_MAXCONNECTS, (long)b->max_total);
    (void)curl_multi_setopt(b->multi, CURLMOPT_MAX_HOST_CONNECTIONS,
                            (long)b->max_per_host);
    if (start_thread(b, e) != 0)
        goto fail;
    return b;
fail:
    broker_destroy(b);
    return NULL;
}

void broker_destroy(struct broker *b)
{
    size_t i;

    if (b == NULL)
        return;
    if (b->running) {
        pthread_mutex_lock(&b->lock);
        b->stop = true;
        pthread_mutex_unlock(&b->lock);
        (void)curl_multi_wakeup(b->multi);
        pthread_join(b->thread, NULL);
    }
    if (b->multi != NULL)
        curl_multi_cleanup(b->multi);
    for (i = 0; i < b->n_hosts; i++)
        free(b->hosts[i].origin);
    for (i = 0; i < b->n_secrets; i++) {
        free(b->secrets[i].name);
        free(b->secrets[i].file);
        free(b->secrets[i].environment);
        free(b->secrets[i].origin);
    }
    free(b->hosts);
    free(b->secrets);
    free(b->cancels);
    free(b->user_agent);
    pthread_mutex_destroy(&b->lock);
    free(b);
}

/* --- requests ---------------------------------------------------------------------- */

static char **copy_list(const char *const *list)
{
    size_t n = 0, i;
    char **copy;

    if (list == NULL)
        return NULL;
    while (list[n] != NULL)
        n++;
    copy = xcalloc(n + 1, sizeof *copy);
    for (i = 0; i < n; i++)
        copy[i] = xstrdup(list[i]);
    return copy;
}

static struct fetch *copy_request(struct broker *b,
                                  const struct broker_request *r)
{
    const struct tt_http_request *http = &r->http;
    struct fetch *f = xcalloc(1, sizeof *f);
    size_t i;

    f->broker = b;
    f->label = xstrdup(r->label != NULL ? r->label : "");
    f->only = copy_list(r->only);
    f->method = xstr(http->method);
    f->url = xstr(http->url);
    f->shown = policy_shown(f->url);
    f->headers = xcalloc((size_t)http->n_headers, sizeof *f->headers);
    for (i = 0; i < http->n_headers; i++) {
        f->headers[i].name = xstr(http->headers[i].name);
        f->headers[i].value = xstr(http->headers[i].value);
    }
    f->n_headers = (size_t)http->n_headers;
    f->body = xstr(http->body);
    f->body_bytes = (size_t)http->body.n;
    f->safe = (http->flags & TT_HTTP_IDEMPOTENT) != 0 ||
              strcmp(f->method, "GET") == 0 || strcmp(f->method, "HEAD") == 0;
    f->no_wait = r->no_wait;
    f->max_body = http->max_body_bytes != 0 ? http->max_body_bytes
                                            : b->max_body;
    f->loop = r->loop;
    f->done = r->done;
    f->ctx = r->ctx;
    f->started_ms = clock_mono_ms();
    f->deadline_ms = f->started_ms + (int64_t)(http->timeout_ms != 0 &&
                                               http->timeout_ms < INT32_MAX
                                                   ? http->timeout_ms
                                                   : b->timeout_ms);
    return f;
}

/* A text with a NUL inside is not what its C copy says. */
static bool holds_nul(const struct tt_http_request *http)
{
    size_t i;
    bool bad = memchr(http->url.n > 0 ? http->url.p : "", '\0',
                      (size_t)http->url.n) != NULL;

    for (i = 0; i < http->n_headers; i++) {
        const struct tt_http_header *h = &http->headers[i];

        bad = bad ||
              (h->name.n > 0 && memchr(h->name.p, '\0', (size_t)h->name.n)) ||
              (h->value.n > 0 && memchr(h->value.p, '\0', (size_t)h->value.n));
    }
    return bad;
}

uint64_t broker_fetch(struct broker *b, const struct broker_request *request)
{
    struct fetch *f = copy_request(b, request);
    uint64_t id;

    TT_ASSERT(request->done != NULL);
    if (holds_nul(&request->http))
        f->method[0] = '\0'; /* refused by its shape, where all refusals are */
    pthread_mutex_lock(&b->lock);
    id = f->id = b->next_id++;
    TAILQ_INSERT_TAIL(&b->inbox, f, all);
    pthread_mutex_unlock(&b->lock);
    (void)curl_multi_wakeup(b->multi);
    return id;
}

void broker_cancel(struct broker *b, uint64_t id)
{
    pthread_mutex_lock(&b->lock);
    b->cancels = xrealloc(b->cancels, b->n_cancels + 1, sizeof *b->cancels);
    b->cancels[b->n_cancels++] = id;
    pthread_mutex_unlock(&b->lock);
    (void)curl_multi_wakeup(b->multi);
}

void broker_stats(struct broker *b, struct broker_stats *out)
{
    pthread_mutex_lock(&b->lock);
    *out = b->stats;
    pthread_mutex_unlock(&b->lock);
}

/* --- waiting ------------------------------------------------------------------------- */

struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t woken;
    bool done; /* under lock */
    struct broker_answer *answer;
    struct buf *body;
};

static void wake_waiter(void *ctx, const struct broker_answer *answer)
{
    struct waiter *w = ctx;

    pthread_mutex_lock(&w->lock);
    *w->answer = *answer;
    w->answer->location = (struct tt_str){ NULL, 0 }; /* goes with the call */
    if (w->body != NULL) {
        buf_add(w->body, answer->body.p, (size_t)answer->body.n);
        w->answer->body.p = w->body->data + w->body->len - answer->body.n;
    } else {
        w->answer->body = (struct tt_str){ NULL, 0 };
    }
    w->done = true;
    pthread_cond_signal(&w->woken);
    pthread_mutex_unlock(&w->lock);
}

int broker_fetch_wait(struct broker *b, const struct broker_request *request,
                      struct broker_answer *answer, struct buf *body)
{
    struct broker_request own = *request;
    struct waiter w = { .answer = answer, .body = body };

    TT_ASSERT(!pthread_equal(pthread_self(), b->thread));
    pthread_mutex_init(&w.lock, NULL);
    pthread_cond_init(&w.woken, NULL);
    own.loop = NULL;
    own.done = wake_waiter;
    own.ctx = &w;
    (void)broker_fetch(b, &own);
    pthread_mutex_lock(&w.lock);
    while (!w.done)
        pthread_cond_wait(&w.woken, &w.lock);
    pthread_mutex_unlock(&w.lock);
    pthread_cond_destroy(&w.woken);
    pthread_mutex_destroy(&w.lock);
    return answer->code;
}
