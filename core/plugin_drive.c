/* SPDX-License-Identifier: MIT
 *
 * plugin_drive.c - see plugin_drive.h. */
#include "config.h"

#include "core/plugin_drive.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/host/codec.h"
#include "core/plugin_objective.h"

#define MOST_IDLE 3 /* steps without anything in flight or new: it is stuck */

/* A candidate that we know, by the strategy's ref or by ours. */
struct known {
    uint64_t ref, number, next_case;
    struct candidate candidate;
};

/* What is being evaluated; finished in the order of sending. */
struct flight {
    uint64_t ref;
    struct tt_case_set cases; /* ids owned */
    uint32_t repeats, flags;
};

struct drive {
    struct channel *channel;
    const struct drive_options *o;
    const struct drive_report *report;
    struct buf *log;
    struct known *known;
    size_t n_known;
    struct flight *flights;
    size_t n_flights;
    uint64_t position, n_results;
    /* The next step: events live in the arena. */
    struct arena arena;
    const struct tt_event **events;
    size_t n_events;
    char *reason;
};

/* --- events --------------------------------------------------------------- */

/* Time is the position: it passes, and every run sees the same. */
static struct tt_event head(struct drive *d, size_t size, uint32_t kind)
{
    struct tt_event h = { (uint32_t)size, kind, ++d->position,
                          d->position * 10 };

    return h;
}

static void add_event(struct drive *d, const struct tt_event *event)
{
    d->events = xrealloc(d->events, d->n_events + 1, sizeof *d->events);
    d->events[d->n_events++] = event;
}

static void add_failure(struct drive *d, uint32_t kind, uint64_t ref,
                        uint64_t number, const char *cause)
{
    struct tt_failure *f = arena_alloc(&d->arena, 1, sizeof *f);

    f->head = head(d, sizeof *f, kind);
    f->ref = ref;
    f->number = number;
    f->cause = arena_str(&d->arena, tt_str_of(cause));
    add_event(d, &f->head);
}

static struct known *known_of(const struct drive *d, uint64_t ref)
{
    size_t i;

    for (i = 0; i < d->n_known; i++)
        if (d->known[i].ref == ref)
            return &d->known[i];
    return NULL;
}

static struct known *know(struct drive *d, uint64_t ref)
{
    struct known *k;

    d->known = xrealloc(d->known, d->n_known + 1, sizeof *d->known);
    k = &d->known[d->n_known++];
    memset(k, 0, sizeof *k);
    k->ref = ref;
    k->number = d->n_known;
    return k;
}

static int add_enqueued(struct drive *d, struct err *e)
{
    struct tt_enqueued *q = arena_alloc(&d->arena, 1, sizeof *q);
    struct known *k = know(d, TT_REF_HOST);
    int rc = space_from_json(d->o->space, d->o->enqueue, &k->candidate, e);

    if (rc != 0)
        return err_prefix(e, "--enqueue");
    q->head = head(d, sizeof *q, TT_ENQUEUED);
    q->ref = k->ref;
    q->candidate = k->candidate.tt;
    add_event(d, &q->head);
    return 0;
}

/* --- results -------------------------------------------------------------- */

static void list_cases(struct drive *d, struct known *k,
                       const struct flight *f, uint64_t **ids, uint64_t *n)
{
    uint64_t total = d->o->n_cases, i;

    *n = f->cases.mode == TT_CASES_NEXT   ? f->cases.m
         : f->cases.mode == TT_CASES_LIST ? f->cases.n_ids
                                          : total;
    if (f->cases.mode == TT_CASES_NEXT && *n > total - k->next_case)
        *n = total - k->next_case;
    *ids = arena_alloc(&d->arena, (size_t)*n, sizeof **ids);
    for (i = 0; i < *n; i++)
        (*ids)[i] = f->cases.mode == TT_CASES_LIST   ? f->cases.ids[i]
                    : f->cases.mode == TT_CASES_NEXT ? k->next_case + i
                                                     : i;
    if (f->cases.mode == TT_CASES_NEXT)
        k->next_case += *n;
}

static void score_cases(struct drive *d, struct known *k,
                        const struct flight *f, struct tt_result *r)
{
    uint32_t repeats = f->repeats > 1 ? f->repeats : 1;
    struct tt_case_score *cases;
    double *score = arena_alloc(&d->arena, 1, sizeof *score);
    uint64_t *ids, n, i;

    list_cases(d, k, f, &ids, &n);
    cases = arena_alloc(&d->arena, (size_t)(n * repeats), sizeof *cases);
    for (i = 0; i < n * repeats; i++) {
        cases[i].id = ids[i / repeats];
        cases[i].split = f->cases.mode == TT_CASES_DEFAULT ? TT_VALIDATION
                                                           : f->cases.split;
        cases[i].repeat = (uint32_t)(i % repeats);
        cases[i].objective = objective_case(d->o->space, &k->candidate.tt,
                                            cases[i].id);
        *score += cases[i].objective / (double)(n * repeats);
        if ((f->flags & TT_WANT_FEEDBACK) != 0)
            cases[i].feedback = objective_feedback(
                d->o->space, &k->candidate.tt, cases[i].id, &d->arena);
    }
    r->objectives = score;
    r->n_objectives = 1;
    r->feasible = 1;
    r->case_size = sizeof *cases;
    r->cases = cases;
    r->n_cases = n * repeats;
}

static void forget_flight(struct drive *d, size_t i)
{
    free((void *)(uintptr_t)d->flights[i].cases.ids);
    d->n_flights--;
    memmove(d->flights + i, d->flights + i + 1,
            (d->n_flights - i) * sizeof *d->flights);
}

/* The oldest one lands. */
static void land(struct drive *d)
{
    struct flight *f = &d->flights[0];
    struct known *k = known_of(d, f->ref);
    struct tt_result *r = arena_alloc(&d->arena, 1, sizeof *r);
    json_object *values;

    score_cases(d, k, f, r);
    if (r->n_cases == 0) {
        add_failure(d, TT_FAILED, k->ref, k->number, "no cases are left");
    } else {
        r->head = head(d, sizeof *r, TT_RESULT);
        r->ref = k->ref;
        r->number = k->number;
        add_event(d, &r->head);
        values = space_to_json(d->o->space, &k->candidate.tt);
        d->report->result(d->report->ctx, k->number, k->ref, r->objectives[0],
                          k->candidate.tt.origin, values);
        json_object_put(values);
    }
    d->n_results++;
    forget_flight(d, 0);
}

/* --- actions -------------------------------------------------------------- */

static int take_evaluate(struct drive *d, const struct tt_evaluate *v,
                         struct err *e)
{
    struct known *k = known_of(d, v->ref);
    struct flight *f;
    uint64_t *ids, i;

    if (v->cases.mode != TT_CASES_DEFAULT && v->cases.split == TT_HOLDOUT)
        return err_set(e, TT_EPERM, "EVALUATE: the holdout is not for "
                       "strategies");
    for (i = 0; i < v->cases.n_ids; i++)
        if (v->cases.ids[i] >= d->o->n_cases)
            return err_set(e, TT_EINVAL, "EVALUATE: there is no case %llu",
                           (unsigned long long)v->cases.ids[i]);
    if (k == NULL) {
        if (space_check(d->o->space, &v->candidate, e) != 0)
            return err_prefix(e, "EVALUATE");
        k = know(d, v->ref);
        candidate_copy(&k->candidate, d->o->space, &v->candidate);
        k->candidate.tt.origin = arena_str(&k->candidate.arena,
                                           v->candidate.origin);
    }
    ids = xcalloc(v->cases.n_ids + 1, sizeof *ids);
    memcpy(ids, v->cases.n_ids > 0 ? v->cases.ids : ids,
           v->cases.n_ids * sizeof *ids);
    d->flights = xrealloc(d->flights, d->n_flights + 1, sizeof *d->flights);
    f = &d->flights[d->n_flights++];
    f->ref = v->ref;
    f->cases = v->cases;
    f->cases.ids = ids;
    f->repeats = v->repeats;
    f->flags = v->flags;
    return 0;
}

static void take_prune(struct drive *d, const struct tt_prune *p)
{
    const struct known *k = known_of(d, p->ref);
    size_t i;

    for (i = d->n_flights; i-- > 0;)
        if (d->flights[i].ref == p->ref)
            forget_flight(d, i);
    if (k != NULL)
        add_failure(d, TT_CANCELLED, k->ref, k->number, "pruned");
}

static void take_llm(struct drive *d, const struct tt_llm *l)
{
    struct tt_llm_reply *r = arena_alloc(&d->arena, 1, sizeof *r);

    r->head = head(d, sizeof *r, TT_LLM_REPLY);
    r->request = l->request;
    r->status = TT_LLM_UNSUPPORTED;
    r->text = tt_str_of("no model is granted here");
    add_event(d, &r->head);
}

static int take_action(struct drive *d, const struct tt_action *action,
                       struct err *e)
{
    const void *record = action;

    switch ((enum tt_action_kind)action->kind) {
    case TT_EVALUATE:
        return take_evaluate(d, record, e);
    case TT_PRUNE:
        take_prune(d, record);
        break;
    case TT_LLM:
        take_llm(d, record);
        break;
    case TT_DONE:
        free(d->reason);
        d->reason = xstr(((const struct tt_done *)record)->reason);
        break;
    case TT_WAIT:
        break;
    }
    return 0;
}

/* --- steps ---------------------------------------------------------------- */

/* The same bytes whoever worked on it: our own number, then the answer. */
static int ask(struct drive *d, uint16_t type, const struct buf *payload,
               struct frame *answer, struct err *e)
{
    struct buf none = { 0 };
    int rc;

    frame_put(d->log != NULL ? d->log : &none, type, 0, buf_str(payload));
    rc = channel_ask(d->channel, type, buf_str(payload), answer, e);
    if (rc == 0 || answer->type == FRAME_ERROR)
        frame_put(d->log != NULL ? d->log : &none, answer->type, 0,
                  answer->payload);
    buf_fini(&none);
    return rc;
}

static int open_strategy(struct drive *d, struct err *e)
{
    static const struct tt_objective objective = {
        .metric = { "bowl", 4 }, .direction = TT_MINIMIZE,
    };
    struct arena arena = { 0 };
    struct tt_problem problem = {
        .size = sizeof problem, .space = &d->o->space->tt,
        .objectives = &objective, .n_objectives = 1, .seed = d->o->seed,
        .n_train = d->o->n_cases, .n_validation = d->o->n_cases,
        .max_in_flight = d->o->parallel,
        .budget = { .size = sizeof problem.budget,
                    .iterations = d->o->iterations },
        .config = codec_config(d->o->config, &arena),
    };
    struct buf payload = { 0 };
    struct frame answer = { 0 };
    int rc;

    codec_put_problem(&payload, &problem, NULL);
    rc = ask(d, FRAME_VALIDATE, &payload, &answer, e);
    if (rc == 0)
        rc = ask(d, FRAME_OPEN, &payload, &answer, e);
    buf_fini(&payload);
    arena_fini(&arena);
    return rc != 0 ? err_prefix(e, "open") : 0;
}

static int step(struct drive *d, uint64_t *n_actions, struct err *e)
{
    struct tt_ask a = { .size = sizeof a };
    struct codec_actions actions = { 0 };
    struct arena decoded = { 0 };
    struct buf payload = { 0 };
    struct frame answer = { 0 };
    uint64_t i, *pending;
    int rc;

    pending = arena_alloc(&d->arena, d->n_flights, sizeof *pending);
    for (i = 0; i < d->n_flights; i++)
        pending[i] = d->flights[i].ref;
    a.position = ++d->position;
    a.time_ms = d->position * 10;
    a.max = d->o->parallel - d->n_flights;
    a.pending = pending;
    a.n_pending = d->n_flights;
    codec_put_step(&payload, d->events, d->n_events, &a);
    d->n_events = 0;
    arena_fini(&d->arena);
    rc = ask(d, FRAME_STEP, &payload, &answer, e);
    if (rc == 0)
        rc = codec_get_actions(answer.payload, &decoded, &actions, e);
    for (i = 0; i < actions.n && rc == 0; i++)
        rc = take_action(d, actions.actions[i], e);
    *n_actions = actions.n;
    arena_fini(&decoded);
    buf_fini(&payload);
    return rc != 0 ? err_prefix(e, "step at position %llu",
                                (unsigned long long)a.position)
                   : 0;
}

static int drive_steps(struct drive *d, struct err *e)
{
    uint64_t n_actions;
    unsigned idle = 0;
    int rc = 0;

    if (d->o->enqueue != NULL)
        rc = add_enqueued(d, e);
    while (rc == 0 && d->reason == NULL && d->n_results < d->o->iterations) {
        rc = step(d, &n_actions, e);
        if (rc != 0 || d->reason != NULL)
            break;
        idle = d->n_flights == 0 && d->n_events == 0 ? idle + 1 : 0;
        if (idle == MOST_IDLE)
            return err_set(e, TT_EPLUGIN, "it neither asks for anything nor is "
                           "it done: emit DONE when there is no more to do");
        if (d->n_flights == d->o->parallel ||
            (d->n_flights > 0 && n_actions == 0) ||
            (d->n_flights > 0 && d->n_events == 0))
            land(d);
    }
    return rc;
}

int drive_strategy(struct channel *c, const struct drive_options *options,
                   const struct drive_report *report, struct buf *log,
                   char **reason, struct err *e)
{
    struct drive d = { .channel = c, .o = options, .report = report,
                       .log = log };
    struct buf nothing = { 0 };
    struct frame answer = { 0 };
    size_t i;
    int rc = open_strategy(&d, e);

    if (rc == 0)
        rc = drive_steps(&d, e);
    if (rc == 0)
        rc = ask(&d, FRAME_CLOSE, &nothing, &answer, e);
    *reason = rc == 0 ? xstrdup(d.reason != NULL ? d.reason : "iterations")
                      : NULL;
    free(d.reason);
    while (d.n_flights > 0)
        forget_flight(&d, 0);
    for (i = 0; i < d.n_known; i++)
        candidate_fini(&d.known[i].candidate);
    free(d.known);
    free(d.flights);
    free(d.events);
    arena_fini(&d.arena);
    return rc;
}
