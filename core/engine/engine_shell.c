/* SPDX-License-Identifier: MIT
 *
 * engine_shell.c - what surrounds a run machine: time, timers, its two
 * sessions, and its place among the other runs. */
#include <string.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/engine/engine_runs.h"
#include "core/engine/resource.h"
#include "core/engine/share.h"

/* --- one shell ------------------------------------------------------------ */

static struct dataset *open_dataset(struct engine *g, json_object *document,
                                    struct err *e)
{
    json_object *pin = json_child(document, "dataset");
    const char *name = json_str(pin, "name"), *hash = json_str(pin, "hash");
    struct dataset *d;
    char reference[320];

    (void)snprintf(reference, sizeof reference, "%.256s@%lld",
                   name != NULL ? name : "",
                   (long long)json_int(pin, "version", 0));
    d = resource_dataset_open(g->store, json_str(document, "workflow"),
                              reference, e);
    if (d != NULL && hash != NULL && strcmp(hash, d->hash) != 0) {
        err_set(e, TT_ECORRUPT, "dataset %s is not what the run was started "
                "with", reference);
        dataset_destroy(d);
        return NULL;
    }
    return d;
}

struct shell *shell_create(struct engine *g, json_object *document,
                           struct err *e)
{
    struct shell *s = xcalloc(1, sizeof *s);
    const char *id = json_str(document, "run");
    const char *workflow = json_str(document, "workflow");

    s->g = g;
    s->id = xstrdup(id != NULL ? id : "?");
    s->workflow = xstrdup(workflow != NULL ? workflow : "?");
    s->strategy.shell = s->adapter.shell = s;
    s->changed = true;
    s->dataset = open_dataset(g, document, e);
    if (s->dataset != NULL)
        s->run = run_create(document, s->dataset, e);
    if (s->run == NULL ||
        session_init(&s->strategy, s, true, json_child(document, "optimizer"),
                     e) != 0 ||
        session_init(&s->adapter, s, false, json_child(document, "adapter"),
                     e) != 0) {
        shell_destroy(s);
        return NULL;
    }
    return s;
}

void shell_destroy(struct shell *s)
{
    if (s == NULL)
        return;
    loop_cancel(s->g->loop, s->timer);
    llm_stop(s);
    if (s->strategy.shell != NULL)
        session_fini(&s->strategy);
    if (s->adapter.shell != NULL)
        session_fini(&s->adapter);
    run_destroy(s->run);
    dataset_destroy(s->dataset);
    free(s->id);
    free(s->workflow);
    free(s);
}

static uint64_t now_ms(const struct shell *s)
{
    int64_t now = clock_mono_ms() - s->zero_mono_ms;

    return s->admitted && now > 0 ? (uint64_t)now : run_now_ms(s->run);
}

static void on_timer(void *ctx)
{
    struct shell *s = ctx;
    struct run_event ev = { .kind = RUN_EV_TIMER };

    s->timer = s->timer_at = 0;
    shell_feed(s, &ev);
}

static void set_timer(struct shell *s)
{
    uint64_t at = s->over ? 0 : run_wake_ms(s->run);

    if (at == s->timer_at)
        return;
    loop_cancel(s->g->loop, s->timer);
    s->timer_at = at;
    s->timer = at == 0 ? 0
                       : loop_at(s->g->loop, s->zero_mono_ms + (int64_t)at,
                                 on_timer, s);
}

void shell_feed(struct shell *s, struct run_event *event)
{
    struct run_actions actions;

    if (s->over || s->g->runs->stopping)
        return;
    event->now_ms = now_ms(s);
    run_step(s->run, event, &actions);
    s->changed = true;
    turn_add(s->g, s, &actions);
    set_timer(s);
}

static void start_sessions(struct shell *s, bool adapter_only)
{
    if (!adapter_only)
        session_start(&s->strategy);
    session_start(&s->adapter);
}

void shell_perform(struct shell *s, struct run_actions *actions)
{
    size_t i;

    for (i = 0; i < actions->n_commands && !s->g->runs->stopping; i++) {
        struct run_command *c = &actions->commands[i];

        switch (c->kind) {
        case RUN_DO_START:
            start_sessions(s, c->number == 1);
            break;
        case RUN_DO_STEP:
        case RUN_DO_SNAPSHOT:
            session_do(&s->strategy, c);
            break;
        case RUN_DO_SUBMIT:
        case RUN_DO_COLLECT:
        case RUN_DO_FIND:
        case RUN_DO_ABANDON:
            session_do(&s->adapter, c);
            break;
        case RUN_DO_LLM:
            llm_start(s, c->number, c->document);
            break;
        case RUN_DO_STOP_STRATEGY:
            session_stop(&s->strategy);
            break;
        case RUN_DO_MOVE:
            move_perform(s, c);
            break;
        case RUN_DO_FINISH:
            shell_close(s);
            return;
        }
    }
    move_settle(s);
}

/* --- its end -------------------------------------------------------------- */

static void drop_now(void *ctx)
{
    struct shell *s = ctx;

    runs_drop(s->g, s);
}

void shell_worker_gone(struct shell *s)
{
    /* on another turn: our caller still holds the session */
    if (s->over && s->strategy.worker == NULL && s->adapter.worker == NULL &&
        !s->g->runs->stopping)
        loop_post(s->g->loop, drop_now, s);
}

void shell_close(struct shell *s)
{
    bool quiet = s->strategy.worker == NULL && s->adapter.worker == NULL;

    s->over = true;
    loop_cancel(s->g->loop, s->timer);
    s->timer = 0;
    llm_stop(s);
    move_settle(s);
    session_stop(&s->strategy);
    session_stop(&s->adapter);
    if (quiet)
        shell_worker_gone(s);
}

/* --- all of them ---------------------------------------------------------- */

void runs_init(struct engine *g)
{
    g->runs = xcalloc(1, sizeof *g->runs);
    g->runs->g = g;
}

struct shell *runs_find(struct engine *g, const char *id)
{
    size_t i;

    for (i = 0; i < g->runs->n; i++)
        if (strcmp(g->runs->all[i]->id, id) == 0)
            return g->runs->all[i];
    return NULL;
}

void runs_add(struct engine *g, struct shell *s)
{
    struct engine_runs *r = g->runs;
    size_t i = r->n;

    r->all = xrealloc(r->all, r->n + 1, sizeof(void *));
    for (; i > 0 && strcmp(r->all[i - 1]->id, s->id) > 0; i--)
        r->all[i] = r->all[i - 1];
    r->all[i] = s;
    r->n++;
}

void runs_drop(struct engine *g, struct shell *s)
{
    struct engine_runs *r = g->runs;
    size_t i;

    for (i = 0; i < r->n && r->all[i] != s; i++)
        ;
    TT_ASSERT(i < r->n);
    memmove(&r->all[i], &r->all[i + 1], (--r->n - i) * sizeof(void *));
    pthread_mutex_lock(&g->show_lock);
    json_object_object_del(g->progress, s->id);
    pthread_mutex_unlock(&g->show_lock);
    shell_destroy(s);
    runs_admit(g);
}

static void admit(struct shell *s)
{
    struct run_event ev = { .kind = RUN_EV_ADMIT,
                            .value = (uint64_t)clock_wall_ms() };

    s->zero_mono_ms = clock_mono_ms() - (int64_t)run_now_ms(s->run);
    s->admitted = true;
    atomic_fetch_add(&s->g->n.runs_started, 1);
    log_info("run.admitted", "run=%s workflow=%s", s->id, s->workflow);
    shell_feed(s, &ev);
}

void runs_admit(struct engine *g)
{
    struct engine_runs *r = g->runs;
    uint64_t room = g->options.max_runs, queued = 0;
    size_t i;

    if (room > g->options.max_in_flight) /* each needs a slot to move */
        room = g->options.max_in_flight;
    for (i = 0; i < r->n; i++) /* what was admitted before goes first */
        if (r->all[i]->admitted && room > 0)
            room--;
    for (i = 0; i < r->n && !r->stopping; i++) {
        if (r->all[i]->admitted)
            continue;
        if (room > 0) {
            room--;
            admit(r->all[i]);
        } else {
            queued++;
        }
    }
    atomic_store(&g->n.runs_open, r->n);
    atomic_store(&g->n.runs_queued, queued);
    runs_share(g);
}

void runs_share(struct engine *g)
{
    struct engine_runs *r = g->runs;
    struct share *shares = xcalloc(r->n + 1, sizeof *shares);
    struct shell **who = xcalloc(r->n + 1, sizeof(void *));
    uint64_t in_flight = 0;
    size_t i, n = 0;

    for (i = 0; i < r->n; i++) {
        if (!r->all[i]->admitted || r->all[i]->over)
            continue;
        who[n] = r->all[i];
        shares[n].max = run_max_in_flight(r->all[i]->run);
        shares[n].in_flight = run_in_flight(r->all[i]->run);
        in_flight += shares[n++].in_flight;
    }
    share_slots(shares, n, g->options.max_in_flight);
    for (i = 0; i < n; i++) {
        struct run_event ev = { .kind = RUN_EV_SLOTS,
                                .value = shares[i].slots };

        if (who[i]->slots == shares[i].slots)
            continue;
        who[i]->slots = shares[i].slots;
        shell_feed(who[i], &ev);
    }
    atomic_store(&g->n.in_flight, in_flight);
    free(shares);
    free(who);
}

void runs_stop(struct engine *g)
{
    struct engine_runs *r = g->runs;
    size_t i;

    r->stopping = true;
    loop_cancel(g->loop, r->retry_timer);
    for (i = 0; i < r->n; i++) {
        loop_cancel(g->loop, r->all[i]->timer);
        r->all[i]->timer = 0;
        llm_stop(r->all[i]);
        session_stop(&r->all[i]->strategy);
        session_stop(&r->all[i]->adapter);
    }
}

bool runs_quiet(const struct engine *g)
{
    size_t i;

    for (i = 0; i < g->runs->n; i++)
        if (g->runs->all[i]->strategy.worker != NULL ||
            g->runs->all[i]->adapter.worker != NULL)
            return false;
    return g->n_calls == 0 && g->runs->describing == NULL;
}

void runs_fini(struct engine *g)
{
    struct engine_runs *r = g->runs;
    size_t i;

    if (r == NULL)
        return;
    for (i = 0; i < r->n_items; i++)
        run_actions_fini(&r->items[i].actions);
    turn_drop(r);
    for (i = 0; i < r->n; i++)
        shell_destroy(r->all[i]);
    free(r->items);
    free(r->audits);
    free(r->records);
    free(r->tasks);
    free(r->all);
    free(r);
    g->runs = NULL;
}
