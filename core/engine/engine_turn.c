/* SPDX-License-Identifier: MIT
 *
 * engine_turn.c - the end of a turn of the engine's loop: what all machines
 * gave is stored at once, with one fsync; then it is done. Nothing is done
 * that is not stored. */
#include <string.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/engine/engine_runs.h"

#define RETRY_MS 1000 /* when the store takes nothing: disk full, ... */

/* --- gathering ------------------------------------------------------------ */

static bool gives_nothing(const struct run_actions *a)
{
    return a->n_records == 0 && a->n_audits == 0 && a->n_commands == 0;
}

void turn_add(struct engine *g, struct shell *s, struct run_actions *actions)
{
    struct engine_runs *r = g->runs;

    if (gives_nothing(actions)) {
        run_actions_fini(actions);
        return;
    }
    r->items = xrealloc(r->items, r->n_items + 1, sizeof *r->items);
    r->items[r->n_items].shell = s;
    r->items[r->n_items++].actions = *actions;
}

void turn_task(struct engine *g, struct engine_task *t)
{
    struct engine_runs *r = g->runs;

    r->tasks = xrealloc(r->tasks, r->n_tasks + 1, sizeof(void *));
    r->tasks[r->n_tasks++] = t;
}

void engine_audit(struct engine *g, const char *actor, const char *action,
                  const char *object, json_object *detail)
{
    struct engine_runs *r = g->runs;
    struct turn_audit *a;

    r->audits = xrealloc(r->audits, r->n_audits + 1, sizeof *r->audits);
    a = &r->audits[r->n_audits++];
    a->actor = xstrdup(actor);
    a->action = xstrdup(action);
    a->object = xstrdup(object);
    a->detail = detail;
}

void engine_record(struct engine *g, enum store_kind kind, const char *part,
                   json_object *document)
{
    struct engine_runs *r = g->runs;

    r->records = xrealloc(r->records, r->n_records + 1, sizeof *r->records);
    r->records[r->n_records].kind = kind;
    r->records[r->n_records].part = xstrdup(part);
    r->records[r->n_records++].document = document;
}

/* --- storing -------------------------------------------------------------- */

static void put_records(struct engine_runs *r, struct store_batch *b)
{
    size_t i;

    for (i = 0; i < r->n_records; i++) {
        struct store_key key = { r->records[i].kind, { r->records[i].part },
                                 0 };

        store_put_json(b, key, r->records[i].document);
    }
}

static void put_audits(struct engine_runs *r, struct store_batch *b)
{
    size_t i;

    for (i = 0; i < r->n_audits; i++)
        store_audit(b, r->audits[i].actor, r->audits[i].action,
                    r->audits[i].object, r->audits[i].detail);
}

void turn_drop(struct engine_runs *r)
{
    size_t i;

    for (i = 0; i < r->n_records; i++) {
        free(r->records[i].part);
        json_object_put(r->records[i].document);
    }
    r->n_records = 0;
    for (i = 0; i < r->n_audits; i++) {
        free(r->audits[i].actor);
        free(r->audits[i].action);
        free(r->audits[i].object);
        json_object_put(r->audits[i].detail);
    }
    r->n_audits = 0;
}

/* Items up to the first end of a run; that one has a batch of its own. */
static int commit_some(struct engine *g, size_t *n, struct err *e)
{
    struct engine_runs *r = g->runs;
    struct store_batch *b;
    int rc;

    if (r->n_items > 0 && r->items[0].actions.finish != NULL) {
        *n = 1;
        return finish_commit(g, &r->items[0], e);
    }
    b = store_batch_create();
    put_records(r, b);
    put_audits(r, b);
    for (*n = 0; *n < r->n_items && r->items[*n].actions.finish == NULL; ++*n)
        finish_put(b, r->items[*n].shell->id, &r->items[*n].actions);
    if (store_batch_empty(b)) {
        store_batch_destroy(b);
        return 0;
    }
    rc = store_commit(g->store, b, e);
    atomic_fetch_add(&g->n.commits, 1);
    if (rc == 0)
        turn_drop(r);
    return rc;
}

static void retry(void *ctx)
{
    ((struct engine *)ctx)->runs->retry_timer = 0;
}

static void wait_for_store(struct engine *g, const struct err *e)
{
    struct engine_runs *r = g->runs;
    size_t i;

    log_error("store.refuses", "what=\"%s\" retry_ms=%d", e->text, RETRY_MS);
    for (i = 0; i < r->n_tasks; i++) /* no promise can be made */
        engine_task_done(r->tasks[i], e->code, e);
    r->n_tasks = 0;
    r->retry_mono_ms = clock_mono_ms() + RETRY_MS;
    loop_cancel(g->loop, r->retry_timer);
    r->retry_timer = loop_at(g->loop, r->retry_mono_ms, retry, g);
}

/* --- doing ---------------------------------------------------------------- */

/* Commands may add items: take these off first. */
static void perform(struct engine *g, size_t n)
{
    struct engine_runs *r = g->runs;
    struct turn_item *done = xcalloc(n + 1, sizeof *done);
    size_t i;

    if (n == 0) { /* records of no run */
        free(done);
        return;
    }
    memcpy(done, r->items, n * sizeof *done);
    r->n_items -= n;
    memmove(r->items, r->items + n, r->n_items * sizeof *done);
    for (i = 0; i < n; i++) {
        shell_perform(done[i].shell, &done[i].actions);
        run_actions_fini(&done[i].actions);
    }
    free(done);
}

static void tell_tasks(struct engine_runs *r)
{
    size_t i, n = r->n_tasks;

    r->n_tasks = 0;
    for (i = 0; i < n; i++)
        engine_task_done(r->tasks[i], r->tasks[i]->code, &r->tasks[i]->err);
}

static void count(struct engine *g, struct shell *s)
{
    struct run_counts now, *had = &s->counted;

    run_count(s->run, &now);
    atomic_fetch_add(&g->n.candidates, now.candidates - had->candidates);
    atomic_fetch_add(&g->n.duplicates, now.duplicates - had->duplicates);
    atomic_fetch_add(&g->n.evaluations_failed, now.failed - had->failed);
    atomic_fetch_add(&g->n.evaluations_sent, now.sent - had->sent);
    atomic_fetch_add(&g->n.evaluations_done, now.done - had->done);
    atomic_fetch_add(&g->n.evaluations_lost, now.lost - had->lost);
    *had = now;
}

static void publish(struct engine *g)
{
    struct engine_runs *r = g->runs;
    size_t i;

    for (i = 0; i < r->n; i++) {
        struct shell *s = r->all[i];
        json_object *progress;

        if (!s->changed)
            continue;
        s->changed = false;
        count(g, s);
        progress = run_progress(s->run);
        pthread_mutex_lock(&g->show_lock);
        json_set(g->progress, s->id, progress);
        pthread_mutex_unlock(&g->show_lock);
    }
}

void turn_end(void *ctx)
{
    struct engine *g = ctx;
    struct engine_runs *r = g->runs;
    struct err e = { 0 };
    size_t n;

    atomic_store(&g->turn_mono_ms, clock_mono_ms());
    atomic_fetch_add(&g->n.turns, 1);
    if (!r->recovered || clock_mono_ms() < r->retry_mono_ms)
        return;
    if (!r->stopping)
        runs_share(g);
    while (r->n_items > 0 || r->n_audits > 0 || r->n_records > 0) {
        if (commit_some(g, &n, &e) != 0) {
            wait_for_store(g, &e);
            return;
        }
        perform(g, n);
        if (!r->stopping)
            runs_share(g);
    }
    tell_tasks(r);
    publish(g);
}
