/* SPDX-License-Identifier: MIT
 *
 * engine_push.c - promotions of finished runs that go into Orcheo (delivery
 * "push"). They wait for Orcheo, so they have a thread of their own, which
 * first settles the pushes that an earlier life of the daemon left open. */
#include <string.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/engine/delivery.h"
#include "core/engine/engine_runs.h"
#include "core/engine/version.h"

struct push_job {
    struct push_job *next;
    json_object *run; /* its record, as it ended */
};

struct push {
    struct engine *g;
    pthread_t thread;
    bool started;
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct push_job *first; /* under lock, with the next */
    bool stop;
};

/* --- one promotion -------------------------------------------------------- */

static int move_all(struct engine *g, json_object *run, struct err *e)
{
    json_object *names = json_child(json_child(run, "result"), "versions");
    json_object *base = json_child(json_child(run, "baseline"), "versions");
    const char *id = json_str(run, "run");
    const char *reason = json_str(json_child(run, "result"), "reason");
    size_t n = (size_t)json_object_object_length(names), i = 0;
    struct delivery_move *moves = xcalloc(n + 1, sizeof *moves);
    struct store_moved *moved = xcalloc(n + 1, sizeof *moved);
    char actor[96];
    int rc;

    (void)snprintf(actor, sizeof actor, "run:%.80s", id != NULL ? id : "?");
    json_object_object_foreach(names, node, name)
    {
        const char *was = json_str(base, node);

        moves[i].workflow = json_str(run, "workflow");
        moves[i].node = node;
        moves[i].environment = json_str(run, "environment");
        moves[i].expect = true;
        moves[i].actor = actor;
        moves[i].reason = reason != NULL ? reason : "auto";
        (void)version_number(json_object_get_string(name), "version",
                             &moves[i].to, NULL);
        if (was != NULL)
            (void)version_number(was, "version", &moves[i].expect_version,
                                 NULL);
        i++;
    }
    rc = delivery_move(g, moves, n, moved, e);
    free(moves);
    free(moved);
    return rc;
}

static int newest_one(void *ctx, const struct store_key *key,
                      struct tt_str bytes)
{
    (void)bytes;
    *(uint64_t *)ctx = key->number;
    return 1;
}

/* The run has ended: nobody else writes its records. */
static void record(struct engine *g, json_object *run, int code,
                   const struct err *why)
{
    const char *id = json_str(run, "run");
    struct store_key key = { STORE_EVENT, { id }, INT64_MAX };
    json_object *result = json_child(run, "result"), *event, *report;
    struct store_batch *b = store_batch_create();
    struct err e = { 0 };
    uint64_t newest = 0;
    char at[25];

    json_set_str(result, "promotion", code == 0 ? "done" : "failed");
    json_set_bool(result, "promoted", code == 0);
    if (code != 0)
        json_set_str(result, "promotion_error", why->text);
    (void)store_scan(g->store, key, 1, true, newest_one, &newest, NULL);
    event = json_object_new_object();
    clock_format(clock_wall_ms(), at);
    json_set_int(event, "number", (int64_t)newest + 1);
    json_set_str(event, "at", at);
    json_set_int(event, "time_ms", json_int(run, "elapsed_ms", 0));
    json_set_str(event, "event", code == 0 ? "run.promoted"
                                           : "run.not_promoted");
    json_set_str(event, "text", code == 0 ? "the winner is active in "
                                            "production"
                                          : why->text);
    key.number = newest + 1;
    store_put_json(b, key, event);
    key = (struct store_key){ STORE_RUN, { id }, 0 };
    store_put_json(b, key, run);
    key.kind = STORE_REPORT;
    report = store_get_json(g->store, key, NULL);
    if (report != NULL) {
        json_set_str(report, "promotion", code == 0 ? "done" : "failed");
        json_set_bool(report, "promoted", code == 0);
        store_put_json(b, key, report);
    }
    if (store_commit(g->store, b, &e) != 0)
        log_error("push.unrecorded", "run=%s what=\"%s\"", id, e.text);
    json_object_put(event);
    json_object_put(report);
}

static bool is_stopping(struct engine *g)
{
    bool stopping;

    pthread_mutex_lock(&g->task_lock);
    stopping = g->stopping;
    pthread_mutex_unlock(&g->task_lock);
    return stopping;
}

static void push_one(struct engine *g, json_object *run)
{
    struct err e = { 0 };
    int rc = move_all(g, run, &e);

    if (rc == TT_EUNAVAILABLE && is_stopping(g))
        return; /* "delivering" stands in the store: the next start goes on */
    if (rc != 0)
        log_warn("push.failed", "run=%s what=\"%s\"", json_str(run, "run"),
                 e.text);
    record(g, run, rc, &e);
}

/* --- the thread ----------------------------------------------------------- */

static struct push_job *take(struct push *p)
{
    struct push_job *job;

    pthread_mutex_lock(&p->lock);
    while (p->first == NULL && !p->stop)
        pthread_cond_wait(&p->more, &p->lock);
    job = p->stop ? NULL : p->first;
    if (job != NULL)
        p->first = job->next;
    pthread_mutex_unlock(&p->lock);
    return job;
}

static void *serve(void *arg)
{
    struct push *p = arg;
    struct push_job *job;

    (void)engine_deliveries_recover(p->g);
    while ((job = take(p)) != NULL) {
        push_one(p->g, job->run);
        json_object_put(job->run);
        free(job);
    }
    return NULL;
}

void push_start(struct engine *g, json_object *run)
{
    struct push *p = g->runs->push;
    struct push_job *job = xcalloc(1, sizeof *job), **end;

    job->run = json_copy(run);
    pthread_mutex_lock(&p->lock);
    for (end = &p->first; *end != NULL; end = &(*end)->next)
        ;
    *end = job;
    pthread_cond_signal(&p->more);
    pthread_mutex_unlock(&p->lock);
}

void push_create(struct engine *g)
{
    struct push *p = xcalloc(1, sizeof *p);

    p->g = g;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->more, NULL);
    g->runs->push = p;
}

int push_serve(struct engine *g, struct err *e)
{
    struct push *p = g->runs->push;
    int rc;

    rc = pthread_create(&p->thread, NULL, serve, p);
    p->started = rc == 0;
    return rc == 0 ? 0
                   : err_set(e, TT_ENOMEM, "engine: no thread left: raise the "
                             "limit of tasks");
}

void push_destroy(struct engine *g)
{
    struct push *p = g->runs->push;

    if (p == NULL)
        return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_signal(&p->more);
    pthread_mutex_unlock(&p->lock);
    if (p->started)
        pthread_join(p->thread, NULL);
    while (p->first != NULL) {
        struct push_job *job = p->first;

        p->first = job->next;
        json_object_put(job->run);
        free(job);
    }
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->more);
    free(p);
    g->runs->push = NULL;
}
