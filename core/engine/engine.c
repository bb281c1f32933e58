/* SPDX-License-Identifier: MIT
 *
 * engine.c - the engine's life: its thread, its start, its clean stop. */
#include <string.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/engine/engine_release.h"
#include "core/engine/engine_runs.h"

#define QUIET_MS 20     /* between two looks whether all has ended */
#define PATIENCE_MS 15000 /* then we go all the same, and say so */
#define ALIVE_MS 30000  /* a loop that has not turned for so long is stuck */
#define IDLE_MS 5000    /* it turns at least so often */

/* --- the thread ----------------------------------------------------------- */

static void beat(void *ctx)
{
    struct engine *g = ctx;

    (void)loop_at(g->loop, clock_mono_ms() + IDLE_MS, beat, g);
}

static void begin(void *ctx)
{
    struct engine *g = ctx;

    beat(g);
    describe_all(g);
    runs_recover(g);
}

static void *run_loop(void *arg)
{
    struct engine *g = arg;

    loop_run(g->loop);
    return NULL;
}

static void set_defaults(struct engine_options *o)
{
    if (o->environment == NULL)
        o->environment = "production";
    if (o->max_runs == 0)
        o->max_runs = 4;
    if (o->max_in_flight == 0)
        o->max_in_flight = 8;
    if (o->max_in_flight_run == 0)
        o->max_in_flight_run = 8;
    if (o->step_ms == 0)
        o->step_ms = 60000;
    if (o->call_ms == 0)
        o->call_ms = 300000;
}

struct engine *engine_create(const struct engine_options *options,
                             struct err *e)
{
    struct engine *g = xcalloc(1, sizeof *g);
    int rc;

    g->options = *options;
    set_defaults(&g->options);
    g->store = options->store;
    g->broker = options->broker;
    g->catalog = options->catalog;
    g->progress = json_object_new_object();
    pthread_mutex_init(&g->catalog_lock, NULL);
    pthread_mutex_init(&g->release_lock, NULL);
    pthread_mutex_init(&g->watch_lock, NULL);
    pthread_mutex_init(&g->task_lock, NULL);
    pthread_mutex_init(&g->show_lock, NULL);
    pthread_cond_init(&g->task_done, NULL);
    runs_init(g);
    if (releases_load(g, e) != 0)
        goto fail;
    g->loop = loop_create(e);
    if (g->loop == NULL)
        goto fail;
    g->work = work_create(g->loop, &g->options.work, e);
    if (g->work == NULL)
        goto fail;
    store_on_move(g->store, watch_moved, g);
    loop_on_turn_end(g->loop, turn_end, g);
    push_create(g); /* before begin(): what it recovers may be pushed */
    loop_post(g->loop, begin, g);
    atomic_store(&g->turn_mono_ms, clock_mono_ms());
    rc = pthread_create(&g->thread, NULL, run_loop, g);
    if (rc != 0) {
        err_set(e, TT_ENOMEM, "engine: no thread left: raise the limit of "
                "tasks");
        goto fail;
    }
    g->started = true;
    if (push_serve(g, e) != 0)
        goto fail;
    return g;
fail:
    engine_destroy(g);
    return NULL;
}

/* --- stopping ------------------------------------------------------------- */

struct stopping {
    struct engine *g;
    int64_t until_mono_ms;
};

static void look(void *ctx)
{
    struct stopping *s = ctx;
    struct engine *g = s->g;
    bool late = clock_mono_ms() >= s->until_mono_ms, tasks;

    pthread_mutex_lock(&g->task_lock);
    tasks = g->tasks != NULL;
    pthread_mutex_unlock(&g->task_lock);
    if (runs_quiet(g) && !tasks) {
        loop_stop(g->loop);
    } else if (late) {
        log_warn("engine.impatient", "calls=%zu tasks=%d", g->n_calls, tasks);
        loop_stop(g->loop);
    } else {
        (void)loop_at(g->loop, clock_mono_ms() + QUIET_MS, look, s);
    }
}

/* Tasks that have begun are asked to end; those that have not, end here. */
static void stop_tasks(struct engine *g)
{
    struct engine_task *t, *next, *all;

    pthread_mutex_lock(&g->task_lock);
    all = g->tasks;
    pthread_mutex_unlock(&g->task_lock);
    for (t = all; t != NULL; t = next) {
        next = t->next; /* stop() may end it */
        if (t->started && t->stop != NULL)
            t->stop(t);
    }
}

static void wind_down(void *ctx)
{
    struct stopping *s = ctx;
    size_t i;

    runs_stop(s->g);
    describe_stop(s->g);
    for (i = 0; i < s->g->runs->n_tasks; i++) {
        struct err e = { 0 };

        err_set(&e, TT_EUNAVAILABLE, "the daemon is stopping");
        engine_task_done(s->g->runs->tasks[i], TT_EUNAVAILABLE, &e);
    }
    s->g->runs->n_tasks = 0;
    stop_tasks(s->g);
    look(s);
}

void engine_hurry(struct engine *g)
{
    if (g != NULL)
        atomic_store(&g->hurry, true);
}

void engine_destroy(struct engine *g)
{
    struct stopping s = { g, clock_mono_ms() + PATIENCE_MS };

    if (g == NULL)
        return;
    if (g->started) {
        pthread_mutex_lock(&g->task_lock);
        g->stopping = true;
        pthread_mutex_unlock(&g->task_lock);
        loop_post(g->loop, wind_down, &s);
        pthread_join(g->thread, NULL);
    }
    push_destroy(g);
    store_on_move(g->store, NULL, NULL);
    work_destroy(g->work);
    runs_fini(g);
    loop_destroy(g->loop);
    releases_fini(g);
    json_object_put(g->progress);
    pthread_mutex_destroy(&g->catalog_lock);
    pthread_mutex_destroy(&g->release_lock);
    pthread_mutex_destroy(&g->watch_lock);
    pthread_mutex_destroy(&g->task_lock);
    pthread_mutex_destroy(&g->show_lock);
    pthread_cond_destroy(&g->task_done);
    free(g);
}

/* --- how it is ------------------------------------------------------------ */

int engine_ready(struct engine *g, struct err *e)
{
    int64_t since = clock_mono_ms() - atomic_load(&g->turn_mono_ms);

    if (since > ALIVE_MS)
        return err_set(e, TT_EUNAVAILABLE, "engine: its thread has not turned "
                       "for %lld s", (long long)(since / 1000));
    return store_writable(g->store, e);
}

static void set(json_object *o, const char *name, const char *type,
                const char *help, atomic_uint_fast64_t *n)
{
    json_object *one = json_object_new_object();

    json_set_str(one, "type", type);
    json_set_str(one, "help", help);
    json_set_int(one, "value", (int64_t)atomic_load(n));
    json_set(o, name, one);
}

json_object *engine_metrics(struct engine *g)
{
    static const char counter[] = "counter", gauge[] = "gauge";
    struct engine_counters *n = &g->n;
    json_object *o = json_object_new_object();

    set(o, "runs_open", gauge, "Runs that have not ended", &n->runs_open);
    set(o, "runs_queued", gauge, "Of them, those that wait", &n->runs_queued);
    set(o, "runs_started_total", counter,
        "Runs admitted, again after each restart", &n->runs_started);
    set(o, "runs_completed_total", counter, "Runs completed",
        &n->runs_completed);
    set(o, "runs_failed_total", counter, "Runs failed", &n->runs_failed);
    set(o, "runs_cancelled_total", counter, "Runs cancelled",
        &n->runs_cancelled);
    set(o, "candidates_total", counter, "Candidates of all runs",
        &n->candidates);
    set(o, "candidates_failed_total", counter, "Those that could not be scored",
        &n->evaluations_failed);
    set(o, "duplicates_total", counter, "Results that were known already",
        &n->duplicates);
    set(o, "evaluations_in_flight", gauge, "Evaluations in flight",
        &n->in_flight);
    set(o, "evaluations_sent_total", counter, "Evaluations sent",
        &n->evaluations_sent);
    set(o, "evaluations_done_total", counter, "Evaluations with an end",
        &n->evaluations_done);
    set(o, "evaluations_lost_total", counter,
        "Attempts that infrastructure lost", &n->evaluations_lost);
    set(o, "engine_turns_total", counter, "Turns of the engine's loop",
        &n->turns);
    set(o, "engine_commits_total", counter, "Batches that it stored",
        &n->commits);
    set(o, "workers_started_total", counter, "Workers started",
        &n->workers_started);
    set(o, "workers_crashed_total", counter, "Workers that ended unasked",
        &n->workers_crashed);
    set(o, "worker_http_calls_total", counter, "Requests made for workers",
        &n->http_calls);
    set(o, "data_refused_total", counter,
        "Cases that a strategy asked for and was refused", &n->refused);
    return o;
}
