/* SPDX-License-Identifier: MIT
 *
 * turn.c - the broker's thread: admit, start what its host has room for, let
 * libcurl work, judge what came, sleep until the next thing is due. */
#include "config.h"

#include <pthread.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/broker/inside.h"
#include "core/broker/turn.h"

#define IDLE_MS 1000
#define SWEEP_ACTIVE_MS 1000 /* how often drips are looked at */
#define BACKOFF_MS 100
#define BACKOFF_MAX_MS 5000

/* --- answers ------------------------------------------------------------------- */

struct delivery {
    broker_done_fn *done;
    void *ctx;
    struct broker_answer answer;
    char *body, *location;
};

static void deliver(void *ctx)
{
    struct delivery *d = ctx;

    d->done(d->ctx, &d->answer);
    free(d->body);
    free(d->location);
    free(d);
}

static void free_fetch(struct fetch *f)
{
    size_t i;

    for (i = 0; i < f->n_headers; i++) {
        free(f->headers[i].name);
        free(f->headers[i].value);
    }
    for (i = 0; f->only != NULL && f->only[i] != NULL; i++)
        free(f->only[i]);
    free(f->only);
    free(f->headers);
    free(f->label);
    free(f->method);
    free(f->url);
    free(f->shown);
    free(f->body);
    buf_fini(&f->secrets);
    buf_fini(&f->answer);
    free(f);
}

static void count(struct fetch *f, const struct outcome *o)
{
    struct broker *b = f->broker;

    pthread_mutex_lock(&b->lock);
    b->stats.requests++;
    b->stats.refused += o->code == TT_EPERM || o->code == TT_EINVAL;
    b->stats.timeouts += o->code == TT_ETIMEOUT;
    b->stats.sent += f->sent;
    b->stats.received += f->received;
    pthread_mutex_unlock(&b->lock);
}

static void record(struct fetch *f, const struct outcome *o)
{
    struct broker *b = f->broker;
    struct broker_record r = {
        .label = f->label, .method = f->method, .url = f->shown,
        .code = o->code, .status = o->status, .attempts = f->attempts,
        .sent_bytes = f->sent, .received_bytes = f->received,
        .took_ms = clock_mono_ms() - f->started_ms,
    };

    if (b->record != NULL)
        b->record(b->record_ctx, &r);
}

/* The one end of each request. */
static void finish(struct fetch *f, const struct outcome *o)
{
    struct delivery *d = xcalloc(1, sizeof *d);

    if (f->host != NULL)
        TAILQ_REMOVE(&f->broker->fetches, f, all);
    count(f, o);
    record(f, o);
    d->done = f->done;
    d->ctx = f->ctx;
    d->answer.code = o->code;
    d->answer.status = o->status;
    d->answer.retry_after_ms = o->retry_after_ms;
    (void)snprintf(d->answer.text, sizeof d->answer.text, "%s", o->text);
    if (o->code == 0) {
        d->answer.body.n = f->answer.len;
        d->answer.body.p = d->body = buf_steal(&f->answer);
        d->location = xstrdup(f->location);
        d->answer.location = tt_str_of(d->location);
    }
    if (f->loop != NULL)
        loop_post(f->loop, deliver, d);
    else
        deliver(d);
    free_fetch(f);
}

__attribute__((format(printf, 3, 4)))
static void finish_with(struct fetch *f, int code, const char *format, ...)
{
    struct outcome o = { .code = code };
    va_list args;

    va_start(args, format);
    (void)vsnprintf(o.text, sizeof o.text, format, args);
    va_end(args);
    finish(f, &o);
}

/* --- waiting --------------------------------------------------------------------- */

static void due(struct broker *b, int64_t at_ms)
{
    if (at_ms < b->sweep_at_ms)
        b->sweep_at_ms = at_ms;
}

static bool is_paused(const struct host *h, int64_t now_ms)
{
    return h->paused_until_ms > now_ms;
}

/* Would it wait in vain? Then it ends here. */
static bool give_up_on_pause(struct fetch *f, int64_t now_ms)
{
    struct host *h = f->host;
    struct outcome o = { .code = TT_ELIMIT };

    if (!is_paused(h, now_ms) ||
        (!f->no_wait && h->paused_until_ms < f->deadline_ms))
        return false;
    o.retry_after_ms = (uint64_t)(h->paused_until_ms - now_ms);
    (void)snprintf(o.text, sizeof o.text, "%.100s: asked for a pause of "
                   "%llu ms more", h->origin,
                   (unsigned long long)o.retry_after_ms);
    TAILQ_REMOVE(&h->queue, f, queued);
    finish(f, &o);
    return true;
}

static void wait_in_queue(struct fetch *f, bool first, int64_t now_ms)
{
    if (first)
        TAILQ_INSERT_HEAD(&f->host->queue, f, queued);
    else
        TAILQ_INSERT_TAIL(&f->host->queue, f, queued);
    if (give_up_on_pause(f, now_ms))
        return;
    due(f->broker, f->deadline_ms);
    if (f->not_before_ms > now_ms)
        due(f->broker, f->not_before_ms);
}

static void pause_host(struct host *h, struct broker *b, int64_t until_ms,
                       int64_t now_ms)
{
    struct fetch *f, *next;

    if (until_ms <= h->paused_until_ms)
        return;
    h->paused_until_ms = until_ms;
    pthread_mutex_lock(&b->lock);
    b->stats.pauses++;
    pthread_mutex_unlock(&b->lock);
    due(b, until_ms);
    for (f = TAILQ_FIRST(&h->queue); f != NULL; f = next) {
        next = TAILQ_NEXT(f, queued);
        (void)give_up_on_pause(f, now_ms);
    }
}

static struct host *find_host(struct broker *b, const char *origin)
{
    size_t i;

    for (i = 0; i < b->n_hosts; i++)
        if (strcmp(b->hosts[i].origin, origin) == 0)
            return &b->hosts[i];
    return NULL;
}

static bool may_call(const struct fetch *f, const char *origin)
{
    size_t i;

    for (i = 0; f->only != NULL && f->only[i] != NULL; i++)
        if (strcmp(f->only[i], origin) == 0)
            return true;
    return f->only == NULL;
}

static void admit(struct broker *b, struct fetch *f, int64_t now_ms)
{
    struct err e = { 0 };
    struct host *h;
    char *origin = NULL;

    if (policy_check_shape(f, &e) != 0 ||
        (origin = policy_origin(f->url, &e)) == NULL) {
        finish_with(f, e.code, "%s", e.text);
        return;
    }
    h = find_host(b, origin);
    if (h == NULL) {
        finish_with(f, TT_EPERM, "%.120s: is not in the allow list; add it to "
                    "outbound.allow", origin);
        free(origin);
        return;
    }
    if (!may_call(f, origin)) {
        finish_with(f, TT_EPERM, "%.120s: is not granted to this plugin; see "
                    "plugins.grants and the permissions of its manifest",
                    origin);
        free(origin);
        return;
    }
    free(origin);
    f->host = h;
    TAILQ_INSERT_TAIL(&b->fetches, f, all);
    wait_in_queue(f, false, now_ms);
}

/* --- in flight --------------------------------------------------------------------- */

static void start(struct fetch *f, int64_t now_ms)
{
    struct broker *b = f->broker;
    struct err e = { 0 };

    TAILQ_REMOVE(&f->host->queue, f, queued);
    f->attempts++;
    if (transfer_start(f, now_ms, &e) != 0) {
        finish_with(f, e.code, "%s", e.text);
        return;
    }
    f->host->active++;
    b->active++;
    due(b, now_ms + SWEEP_ACTIVE_MS);
}

static void start_what_may(struct broker *b, int64_t now_ms)
{
    size_t i;

    for (i = 0; i < b->n_hosts; i++) {
        struct host *h = &b->hosts[i];
        struct fetch *f = TAILQ_FIRST(&h->queue), *next;

        if (is_paused(h, now_ms))
            continue;
        for (; f != NULL; f = next) {
            if (h->active >= b->max_per_host || b->active >= b->max_total)
                break;
            next = TAILQ_NEXT(f, queued);
            if (f->not_before_ms <= now_ms)
                start(f, now_ms);
        }
    }
}

/* Doubling, with jitter so that many do not come back at once. */
static int64_t backoff(struct broker *b, unsigned attempts)
{
    int64_t ms = BACKOFF_MS;

    while (attempts-- > 1 && ms < BACKOFF_MAX_MS)
        ms *= 2;
    b->jitter ^= b->jitter << 13;
    b->jitter ^= b->jitter >> 17;
    b->jitter ^= b->jitter << 5;
    return ms / 2 + (int64_t)(b->jitter % (uint32_t)ms);
}

static bool is_passing(unsigned status)
{
    return status == 429 || status == 502 || status == 503 || status == 504;
}

/* Again? Puts it back into the queue if so. */
static bool try_again(struct fetch *f, const struct outcome *o, int64_t now_ms)
{
    struct broker *b = f->broker;
    int64_t at;

    if (o->permanent || f->attempts >= b->max_attempts ||
        !(f->safe || (o->code != 0 && o->unsent)))
        return false;
    if (o->code == 0 && !is_passing(o->status))
        return false;
    at = now_ms + (o->retry_after_ms > 0 ? (int64_t)o->retry_after_ms
                                         : backoff(b, f->attempts));
    if (at < f->host->paused_until_ms)
        at = f->host->paused_until_ms;
    if (at >= f->deadline_ms || (f->no_wait && is_paused(f->host, now_ms)))
        return false;
    f->not_before_ms = at;
    f->last_code = o->code != 0 ? o->code : TT_ETIMEOUT;
    if (o->code != 0)
        memcpy(f->last_text, o->text, sizeof f->last_text);
    else
        (void)snprintf(f->last_text, sizeof f->last_text, "%.100s: answered %u,"
                       " and no time was left to try again", f->host->origin,
                       o->status);
    pthread_mutex_lock(&b->lock);
    b->stats.retries++;
    pthread_mutex_unlock(&b->lock);
    wait_in_queue(f, true, now_ms);
    return true;
}

static void leave(struct fetch *f, const struct outcome *o)
{
    f->host->active--;
    f->broker->active--;
    pthread_mutex_lock(&f->broker->lock);
    f->broker->stats.connections += (uint64_t)o->connects;
    pthread_mutex_unlock(&f->broker->lock);
}

static void settle(struct fetch *f, CURLcode result)
{
    struct broker *b = f->broker;
    struct outcome o;
    int64_t now_ms = clock_mono_ms();

    transfer_end(f, result, &o);
    leave(f, &o);
    if (o.code == 0 && (o.status == 429 || o.status == 503) &&
        o.retry_after_ms > 0)
        pause_host(f->host, b, now_ms + (int64_t)o.retry_after_ms, now_ms);
    if (!try_again(f, &o, now_ms))
        finish(f, &o);
}

/* --- deadlines ------------------------------------------------------------------------ */

static void end_waiting(struct fetch *f)
{
    TAILQ_REMOVE(&f->host->queue, f, queued);
    if (f->last_code != 0)
        finish_with(f, f->last_code, "%s", f->last_text);
    else
        finish_with(f, TT_ETRANSIENT, "%.100s: no turn came before the deadline;"
                    " nothing was sent", f->host->origin);
}

static void sweep(struct broker *b, int64_t now_ms)
{
    struct fetch *f, *next;
    size_t i;

    if (now_ms < b->sweep_at_ms)
        return;
    b->sweep_at_ms = INT64_MAX;
    for (f = TAILQ_FIRST(&b->fetches); f != NULL; f = next) {
        next = TAILQ_NEXT(f, all);
        if (f->easy != NULL) { /* libcurl keeps its deadline */
            if (transfer_is_slow(f, now_ms))
                settle(f, CURLE_OPERATION_TIMEDOUT);
            else
                due(b, now_ms + SWEEP_ACTIVE_MS);
        } else if (f->deadline_ms <= now_ms) {
            end_waiting(f);
        } else {
            due(b, f->deadline_ms);
            if (f->not_before_ms > now_ms)
                due(b, f->not_before_ms);
        }
    }
    for (i = 0; i < b->n_hosts; i++)
        if (is_paused(&b->hosts[i], now_ms))
            due(b, b->hosts[i].paused_until_ms);
}

/* --- the turn ---------------------------------------------------------------------------- */

static void cancel(struct fetch *f)
{
    struct outcome none = { 0 };

    if (f->easy != NULL) {
        transfer_abort(f);
        leave(f, &none);
    } else {
        TAILQ_REMOVE(&f->host->queue, f, queued);
    }
    finish_with(f, TT_ECANCELLED, "%.100s: cancelled", f->host->origin);
}

static void cancel_id(struct broker *b, uint64_t id)
{
    struct fetch *f;

    TAILQ_FOREACH(f, &b->fetches, all)
        if (f->id == id) {
            cancel(f);
            return;
        }
}

/* false: time to stop. */
static bool read_mail(struct broker *b, int64_t now_ms)
{
    struct fetch_list inbox = TAILQ_HEAD_INITIALIZER(inbox);
    struct fetch *f;
    uint64_t *cancels;
    size_t i, n;
    bool stop;

    pthread_mutex_lock(&b->lock);
    TAILQ_CONCAT(&inbox, &b->inbox, all);
    cancels = b->cancels;
    n = b->n_cancels;
    b->cancels = NULL;
    b->n_cancels = 0;
    stop = b->stop;
    pthread_mutex_unlock(&b->lock);
    while ((f = TAILQ_FIRST(&inbox)) != NULL) {
        TAILQ_REMOVE(&inbox, f, all);
        admit(b, f, now_ms);
    }
    for (i = 0; i < n; i++)
        cancel_id(b, cancels[i]);
    free(cancels);
    return !stop;
}

static void collect(struct broker *b)
{
    int running, left;
    CURLMsg *m;

    (void)curl_multi_perform(b->multi, &running);
    while ((m = curl_multi_info_read(b->multi, &left)) != NULL) {
        CURLcode result = m->data.result; /* m dies with the handle */
        char *f = NULL;

        if (m->msg != CURLMSG_DONE)
            continue;
        (void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &f);
        settle((struct fetch *)(void *)f, result);
    }
}

void *turn_main(void *broker)
{
    struct broker *b = broker;
    struct fetch *f;
    int64_t now, left;

    pthread_setname_np(pthread_self(), "broker");
    b->sweep_at_ms = INT64_MAX;
    while (read_mail(b, clock_mono_ms())) {
        sweep(b, clock_mono_ms());
        start_what_may(b, clock_mono_ms());
        collect(b);
        now = clock_mono_ms();
        start_what_may(b, now); /* into the places that became free */
        left = b->sweep_at_ms - now;
        (void)curl_multi_poll(b->multi, NULL, 0,
                              left < 0 ? 0 : left > IDLE_MS ? IDLE_MS
                                                            : (int)left, NULL);
    }
    do { /* a done() may have asked for more */
        while ((f = TAILQ_FIRST(&b->fetches)) != NULL)
            cancel(f);
        (void)read_mail(b, clock_mono_ms());
    } while (!TAILQ_EMPTY(&b->fetches));
    return NULL;
}
