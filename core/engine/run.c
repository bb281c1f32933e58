/* SPDX-License-Identifier: MIT
 *
 * run.c - the run machine: made from its record, moved by events. */
#include "core/engine/run.h"

#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/engine/run_impl.h"

static const struct {
    const char *word, *status;
} states[] = {
#define RUN_STATE_WORDS(name, word, status) [name] = { word, status },
    RUN_STATE_TABLE(RUN_STATE_WORDS)
#undef RUN_STATE_WORDS
};

const char *run_state_word(enum run_state state)
{
    return states[state].word;
}

const char *run_status_word(enum run_state state)
{
    return states[state].status;
}

void *run_grow(void *p, size_t n, size_t size)
{
    if ((n & (n - 1)) == 0) /* 0, 1, 2, 4, ...: it may be full */
        p = xrealloc(p, n == 0 ? 1 : 2 * n, size);
    memset((char *)p + n * size, 0, size);
    return p;
}

/* --- from its record ------------------------------------------------------ */

static int bad(struct err *e, const struct run *r, const char *what)
{
    return err_set(e, TT_ECORRUPT, "run %s: its record: %s", r->id, what);
}

static double bound(json_object *o, const char *key, double otherwise)
{
    return json_child(o, key) != NULL ? json_num(o, key, otherwise)
                                      : otherwise;
}

static void take_guardrails(struct run *r, json_object *list)
{
    size_t n = list != NULL ? json_object_array_length(list) : 0, i;
    struct run_plan *p = &r->plan;

    p->n_guardrails = n;
    p->guardrails = arena_alloc(&r->arena, n, sizeof *p->guardrails);
    p->lo = arena_alloc(&r->arena, n, sizeof *p->lo);
    p->hi = arena_alloc(&r->arena, n, sizeof *p->hi);
    for (i = 0; i < n; i++) {
        json_object *one = json_object_array_get_idx(list, i);

        p->guardrails[i] = json_str(one, "metric");
        p->lo[i] = bound(one, "min", -HUGE_VAL);
        p->hi[i] = bound(one, "max", HUGE_VAL);
    }
}

static uint64_t count(json_object *o, const char *key, int64_t otherwise,
                      int64_t least)
{
    int64_t n = json_int(o, key, otherwise);

    return (uint64_t)(n < least ? least : n);
}

static int take_plan(struct run *r, struct err *e)
{
    json_object *d = r->document, *problem = json_child(d, "problem");
    json_object *objective = json_child(problem, "objective");
    json_object *evaluation = json_child(problem, "evaluation");
    const char *direction = json_str(objective, "direction");
    const char *promote = json_str(problem, "promote");
    struct run_plan *p = &r->plan;

    p->metric = json_str(objective, "metric");
    if (p->metric == NULL || direction == NULL)
        return bad(e, r, "no objective");
    p->maximize = strcmp(direction, "minimize") != 0;
    p->aggregate = json_str(problem, "aggregate");
    if (p->aggregate == NULL)
        p->aggregate = "mean";
    p->promote = promote != NULL && strcmp(promote, "auto") == 0;
    p->pointers = json_child(problem, "metrics");
    take_guardrails(r, json_child(problem, "guardrails"));
    p->cases_per_run = count(evaluation, "cases_per_run", 1, 1);
    p->timeout_ms = 1000 * count(evaluation, "timeout_seconds", 300, 1);
    p->retries = count(evaluation, "retries", 2, 0);
    p->max_in_flight = count(d, "max_in_flight", 8, 1);
    p->finalists = count(d, "finalists", 1, 1);
    p->repeats = count(d, "repeats", 1, 1);
    p->fail_after = count(d, "fail_after", 3, 1);
    p->seed = count(d, "seed", 0, 0);
    return 0;
}

static int take_state(struct run *r, struct err *e)
{
    const char *word = json_str(r->document, "state");
    const char *stop = json_str(r->document, "stop_reason");
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(states) && word != NULL; i++)
        if (strcmp(states[i].word, word) == 0)
            break;
    if (word == NULL || i == TT_ARRAY_LEN(states))
        return bad(e, r, "an unknown state");
    r->state = (enum run_state)i;
    for (i = 0; stop != NULL && i <= STOP_FAILED; i++)
        if (strcmp(stop_word((enum stop_reason)i), stop) == 0)
            r->stop = (enum stop_reason)i;
    return 0;
}

struct run *run_create(json_object *document, const struct dataset *dataset,
                       struct err *e)
{
    static const struct budget_terms no_terms;
    struct run *r = xcalloc(1, sizeof *r);
    const char *id;
    int rc;

    r->document = json_copy(document);
    id = json_str(r->document, "run");
    r->id = xstrdup(id != NULL ? id : "?");
    r->dataset = dataset;
    r->next_position = 1;
    r->limit = UINT64_MAX;
    rc = take_plan(r, e);
    if (rc == 0)
        rc = take_state(r, e);
    if (rc == 0)
        rc = budget_parse(r->document, &no_terms, &r->budget, e);
    if (rc == 0) {
        r->space = space_create(json_child(json_child(r->document, "problem"),
                                           "nodes"), e);
        rc = r->space == NULL ? e->code : 0;
    }
    if (rc == 0)
        return r;
    run_destroy(r);
    return NULL;
}

void run_destroy(struct run *r)
{
    size_t i;

    if (r == NULL)
        return;
    for (i = 0; i < r->n_candidates; i++)
        run_candidate_destroy(r->candidates[i]);
    while (r->n_llms > 0)
        run_llm_forget(r, r->n_llms - 1);
    free(r->candidates);
    free(r->evaluations);
    free(r->live);
    free(r->scores);
    free(r->untold);
    free(r->greet);
    free(r->touched);
    free(r->llms);
    free(r->by_ref.slots);
    free(r->by_ref.hashes);
    free(r->by_hash.slots);
    free(r->by_hash.hashes);
    buf_fini(&r->open_step);
    run_move_fini(r);
    space_destroy(r->space);
    arena_fini(&r->arena);
    json_object_put(r->document);
    free(r->id);
    free(r);
}

/* --- events --------------------------------------------------------------- */

static void admit(struct run *r, const struct run_event *ev)
{
    struct err e = { 0 };

    if (r->state == RUN_QUEUED) {
        json_set_int(r->document, "started_ms", (int64_t)ev->value);
        run_set_state(r, RUN_STARTING);
        run_note(r, "run.started", "started");
        if (run_enqueue(r, json_child(json_child(r->document, "baseline"),
                                      "parameters"),
                        "baseline", "baseline", &e) != 0) {
            run_fail(r, "the baseline is no point of the search space: %s",
                     e.text);
            return;
        }
    }
    run_out_command(r, RUN_DO_START, r->state == RUN_GATING);
    run_llm_send(r);
}

static void enqueue(struct run *r, const struct run_event *ev)
{
    struct err e = { 0 };

    if (r->state != RUN_STARTING && r->state != RUN_RUNNING)
        return;
    if (run_enqueue(r, ev->parameters, "enqueued",
                    ev->actor != NULL ? ev->actor : "?", &e) == 0)
        run_note(r, "candidate.enqueued", "candidate %llu was put in by %s",
                 (unsigned long long)r->n_candidates,
                 ev->actor != NULL ? ev->actor : "?");
}

static void both_up(struct run *r)
{
    if (r->state == RUN_STARTING && r->strategy_up && r->adapter_up)
        run_set_state(r, RUN_RUNNING);
}

static void lost(struct run *r, const struct run_event *ev)
{
    const char *why = ev->text != NULL ? ev->text : "a plugin is gone";

    if (ev->kind == RUN_EV_STRATEGY_LOST && r->state == RUN_GATING)
        return; /* its work is done */
    if (!run_move_back(r, ev->kind == RUN_EV_ADAPTER_LOST, why))
        run_fail(r, "%s", why);
}

static void handle(struct run *r, const struct run_event *ev)
{
    switch (ev->kind) {
    case RUN_EV_ADMIT:
        admit(r, ev);
        break;
    case RUN_EV_SLOTS:
        r->slots = ev->value;
        break;
    case RUN_EV_STRATEGY_UP:
        r->plan.caps = (uint32_t)ev->value;
        run_strategy_up(r, ev->fresh);
        both_up(r);
        break;
    case RUN_EV_STRATEGY_DOWN:
        run_strategy_down(r);
        break;
    case RUN_EV_STRATEGY_LOST:
    case RUN_EV_ADAPTER_LOST:
        lost(r, ev);
        break;
    case RUN_EV_ACTIONS:
        run_strategy_answered(r, ev);
        break;
    case RUN_EV_SNAPSHOT:
        run_strategy_snapshot(r, ev);
        break;
    case RUN_EV_ADAPTER_UP:
        run_adapter_up(r);
        both_up(r);
        break;
    case RUN_EV_ADAPTER_DOWN:
        run_adapter_down(r);
        break;
    case RUN_EV_OUTCOMES:
        run_call_answered(r, ev);
        break;
    case RUN_EV_CALL_FAILED:
        run_call_failed(r, ev);
        break;
    case RUN_EV_LLM:
        run_llm_reply(r, ev);
        break;
    case RUN_EV_CANCEL:
        run_cancel(r, ev->actor, ev->text);
        break;
    case RUN_EV_ENQUEUE:
        enqueue(r, ev);
        break;
    case RUN_EV_MOVE:
        run_move(r, ev);
        break;
    case RUN_EV_TIMER:
        break;
    }
}

void run_step(struct run *r, const struct run_event *ev,
              struct run_actions *out)
{
    memset(out, 0, sizeof *out);
    if (r->finishing || run_over(r))
        return;
    r->out = out;
    if (ev->now_ms > r->now_ms)
        r->now_ms = ev->now_ms;
    handle(r, ev);
    run_check_stop(r);
    run_gate_pump(r);
    run_move_pump(r);
    run_strategy_pump(r);
    run_call_pump(r);
    run_out_flush(r);
    r->out = NULL;
}

/* --- looking -------------------------------------------------------------- */

enum run_state run_state(const struct run *r)
{
    return r->state;
}

const char *run_id(const struct run *r)
{
    return r->id;
}

uint64_t run_now_ms(const struct run *r)
{
    return r->now_ms;
}

bool run_kept_guardrails(const struct run *r)
{
    size_t i, scored = 0, kept = 0;

    for (i = 0; i < r->n_candidates; i++)
        if (!r->candidates[i]->host && r->candidates[i]->full) {
            scored++;
            kept += r->candidates[i]->feasible;
        }
    return scored == 0 || kept > 0 || !r->candidates[0]->full ||
           !r->candidates[0]->feasible;
}

uint64_t run_in_flight(const struct run *r)
{
    return r->n_in_flight;
}

uint64_t run_max_in_flight(const struct run *r)
{
    return r->plan.max_in_flight;
}

uint64_t run_wake_ms(const struct run *r)
{
    uint64_t wake = 0, at = r->budget.tt.seconds * 1000;

    if (run_over(r) || r->finishing || r->state == RUN_QUEUED)
        return 0;
    if (at > 0 && r->state != RUN_GATING) {
        wake = at > r->now_ms ? at : r->now_ms + 1;
        if (!r->deadline_told && !r->deadline_due && at / 10 * 9 > r->now_ms)
            wake = at / 10 * 9;
    }
    run_call_wake(r, &wake);
    return wake;
}

/* What is left, by the pace so far; the time limit bounds it. -1: unknown. */
static double eta_s(const struct run *r)
{
    double left = -1.0, spent = (double)r->now_ms / 1000.0, time;
    uint64_t limit = r->budget.tt.iterations;

    if (limit > 0 && r->n_finished > 0 && r->n_finished <= limit)
        left = spent / (double)r->n_finished * (double)(limit - r->n_finished);
    if (r->budget.tt.seconds > 0) {
        time = (double)r->budget.tt.seconds - spent;
        time = time > 0.0 ? time : 0.0;
        left = left < 0.0 || time < left ? time : left;
    }
    return left;
}

static void set_side(json_object *o, const char *key,
                     const struct run_candidate *c)
{
    json_object *one = json_object_new_object();

    json_set_int(one, "candidate", (int64_t)c->number);
    run_set_finite(one, "score", c->score);
    json_set(o, key, one);
}

void run_count(const struct run *r, struct run_counts *out)
{
    out->candidates = r->n_candidates;
    out->duplicates = r->n_duplicates;
    out->failed = r->n_failed;
    out->sent = r->n_evaluations;
    out->done = r->n_done_evaluations;
    out->lost = r->n_lost;
}

json_object *run_progress(const struct run *r)
{
    json_object *o = json_object_new_object(), *n = json_object_new_object();
    double eta = eta_s(r);

    json_set_int(n, "done", (int64_t)r->n_finished);
    if (r->budget.tt.iterations > 0)
        json_set_int(n, "limit", (int64_t)r->budget.tt.iterations);
    json_set(o, "iterations", n);
    n = json_object_new_object();
    json_set_int(n, "done", (int64_t)r->n_done_evaluations);
    json_set_int(n, "sent", (int64_t)r->n_evaluations);
    json_set_int(n, "in_flight", (int64_t)r->n_in_flight);
    json_set_int(n, "lost", (int64_t)r->n_lost);
    json_set(o, "evaluations", n);
    json_set_int(o, "in_flight", (int64_t)r->n_in_flight);
    json_set_int(o, "candidates", (int64_t)r->n_candidates);
    json_set_int(o, "failed", (int64_t)r->n_failed);
    json_set_int(o, "duplicates", (int64_t)r->n_duplicates);
    json_set_num(o, "cost", r->cost);
    json_set_int(o, "tokens_in", (int64_t)r->tokens_in);
    json_set_int(o, "tokens_out", (int64_t)r->tokens_out);
    if (r->n_candidates > 0 && r->candidates[0]->full)
        set_side(o, "baseline", r->candidates[0]);
    if (r->best != NULL)
        set_side(o, "best", r->best);
    json_set_num(o, "elapsed_s", (double)r->now_ms / 1000.0);
    if (eta >= 0.0 && !run_over(r))
        json_set_num(o, "eta_s", eta);
    return o;
}
