/* SPDX-License-Identifier: MIT
 *
 * play.c - see play.h. Everything is a function of the reference problem and
 * of what the strategy asks for: two plays of the same strategy are the same,
 * byte for byte. */
#include "config.h"

#include <math.h>
#include <string.h>
#include <trimtab/cube.h>

#include "core/base/mem.h"
#include "core/check/check_in.h"
#include "core/check/play.h"

#define MOST_IDLE 3

int play_begin(struct play *p, const struct drive_with *with,
               const struct reference *reference,
               const struct tt_snapshot *snapshot)
{
    memset(p, 0, sizeof *p);
    drive_init(&p->d, with);
    p->reference = reference;
    p->parallel = reference->problem.max_in_flight;
    p->best = (double)NAN;
    p->llm_status = TT_LLM_UNSUPPORTED;
    p->llm_text = "no model is granted";
    return drive_open(&p->d, &reference->problem, snapshot);
}

static void forget_flight(struct play *p, size_t i)
{
    free((void *)(uintptr_t)p->flights[i].cases.ids);
    p->n_flights--;
    memmove(p->flights + i, p->flights + i + 1,
            (p->n_flights - i) * sizeof *p->flights);
}

void play_end(struct play *p)
{
    drive_fini(&p->d);
    while (p->n_flights > 0)
        forget_flight(p, 0);
    free(p->known);
    free(p->flights);
    free(p->events);
    free(p->reason);
    arena_fini(&p->events_arena);
    arena_fini(&p->values_arena);
    memset(p, 0, sizeof *p);
}

/* --- candidates ---------------------------------------------------------- */

static struct known *find(const struct play *p, uint64_t ref)
{
    size_t i;

    for (i = p->n_known; i-- > 0;)
        if (p->known[i].ref == ref)
            return &p->known[i];
    return NULL;
}

/* values: texts are copied. */
static struct known *know(struct play *p, uint64_t ref,
                          const struct tt_candidate *c)
{
    uint64_t n = p->reference->space.n_params, i;
    struct known *k;

    p->known = xrealloc(p->known, p->n_known + 1, sizeof *p->known);
    k = &p->known[p->n_known++];
    memset(k, 0, sizeof *k);
    k->ref = ref;
    k->number = p->n_known;
    k->values = arena_alloc(&p->values_arena, n, sizeof *k->values);
    tt_values_of(&p->reference->space, c, k->values);
    for (i = 0; i < n; i++)
        k->values[i].text = arena_str(&p->values_arena, k->values[i].text);
    return k;
}

/* --- events -------------------------------------------------------------- */

void *play_alloc(struct play *p, size_t size)
{
    return arena_alloc(&p->events_arena, 1, size);
}

void play_tell(struct play *p, struct tt_event *event, uint32_t kind)
{
    event->kind = kind;
    event->position = ++p->position;
    event->time_ms = p->position * 10;
    p->events = xrealloc(p->events, p->n_events + 1, sizeof *p->events);
    p->events[p->n_events++] = event;
}

void play_enqueue(struct play *p, uint64_t ref, unsigned salt)
{
    const struct tt_space *space = &p->reference->space;
    struct tt_enqueued *q = play_alloc(p, sizeof *q);
    struct tt_value *values = arena_alloc(&p->events_arena, space->n_params,
                                          sizeof *values);
    uint64_t i;

    tt_values_default(space, values);
    for (i = 0; i < space->n_params; i++)
        if (tt_param_searched(tt_space_param(space, i)))
            values[i].number = tt_param_from_unit(
                tt_space_param(space, i), (double)((salt + i) % 7) / 7.0);
    tt_values_settle(space, values);
    q->head.size = sizeof *q;
    q->ref = ref;
    q->candidate.size = sizeof q->candidate;
    q->candidate.value_size = sizeof *values;
    q->candidate.n_values = space->n_params;
    q->candidate.values = values;
    q->candidate.origin = tt_str_of("person");
    (void)know(p, ref, &q->candidate);
    play_tell(p, &q->head, TT_ENQUEUED);
}

static void list_cases(struct play *p, struct known *k, const struct flight *f,
                       uint64_t **ids, uint64_t *n)
{
    uint64_t left = REFERENCE_CASES - k->next_case, i;
    const struct tt_case_set *c = &f->cases;

    *n = c->mode == TT_CASES_NEXT   ? (c->m < left ? c->m : left)
         : c->mode == TT_CASES_LIST ? c->n_ids
                                    : REFERENCE_CASES;
    *ids = arena_alloc(&p->events_arena, (size_t)*n, sizeof **ids);
    for (i = 0; i < *n; i++)
        (*ids)[i] = c->mode == TT_CASES_LIST   ? c->ids[i]
                    : c->mode == TT_CASES_NEXT ? k->next_case + i
                                               : i;
    if (c->mode == TT_CASES_NEXT)
        k->next_case += *n;
}

static void score_cases(struct play *p, struct known *k, const struct flight *f,
                        struct tt_result *r, double *score)
{
    uint32_t repeats = f->repeats > 1 && f->repeats < 100 ? f->repeats : 1;
    struct tt_case_score *cases;
    uint64_t *ids, n, i;

    list_cases(p, k, f, &ids, &n);
    cases = arena_alloc(&p->events_arena, (size_t)(n * repeats), sizeof *cases);
    for (i = 0; i < n * repeats; i++) {
        cases[i].id = ids[i / repeats];
        cases[i].split = f->cases.mode == TT_CASES_DEFAULT ? TT_VALIDATION
                                                           : f->cases.split;
        cases[i].repeat = (uint32_t)(i % repeats);
        cases[i].objective = reference_score(p->reference, k->values,
                                             cases[i].id);
        *score += cases[i].objective / (double)(n * repeats);
        if ((f->flags & TT_WANT_FEEDBACK) != 0)
            cases[i].feedback = tt_str_of("too long; name a source");
    }
    r->case_size = sizeof *cases;
    r->cases = cases;
    r->n_cases = n * repeats;
}

static bool better(const struct play *p, double score)
{
    if (isnan(p->best))
        return true;
    return p->reference->problem.objectives[0].direction == TT_MAXIMIZE
               ? score > p->best
               : score < p->best;
}

void play_land(struct play *p, size_t flight)
{
    struct flight *f = &p->flights[flight];
    struct known *k = find(p, f->ref);
    const struct tt_problem *problem = &p->reference->problem;
    struct tt_result *r = play_alloc(p, sizeof *r);
    double *objectives = arena_alloc(&p->events_arena, problem->n_objectives,
                                     sizeof *objectives);
    double *guardrail = arena_alloc(&p->events_arena, 1, sizeof *guardrail);

    score_cases(p, k, f, r, &objectives[0]);
    if (r->n_cases == 0) { /* it has seen them all */
        play_fail(p, flight, TT_FAILED);
        return;
    }
    if (problem->n_objectives > 1)
        objectives[1] = (double)(k->number % 5);
    *guardrail = (double)(k->number % 10) / 10;
    r->head.size = sizeof *r;
    r->ref = k->ref;
    r->number = k->number;
    r->objectives = objectives;
    r->n_objectives = problem->n_objectives;
    r->guardrails = guardrail;
    r->n_guardrails = problem->n_guardrails;
    r->feasible = *guardrail <= problem->guardrails[0].hi;
    r->cost = 0.001 * (double)r->n_cases;
    r->tokens_in = 100;
    r->tokens_out = 20;
    if (better(p, objectives[0]))
        p->best = objectives[0];
    p->n_results++;
    play_tell(p, &r->head, TT_RESULT);
    forget_flight(p, flight);
}

void play_fail(struct play *p, size_t flight, uint32_t kind)
{
    const struct known *k = find(p, p->flights[flight].ref);
    struct tt_failure *f = play_alloc(p, sizeof *f);

    f->head.size = sizeof *f;
    f->ref = k->ref;
    f->number = k->number;
    f->cause = tt_str_of(kind == TT_FAILED ? "no case could be scored"
                                           : "the run is ending");
    p->n_results++;
    play_tell(p, &f->head, kind);
    forget_flight(p, flight);
}

/* --- actions ------------------------------------------------------------- */

static void note_bad(struct play *p, const char *text)
{
    if (p->bad[0] == '\0')
        (void)snprintf(p->bad, sizeof p->bad, "%.*s",
                       (int)sizeof p->bad - 1, text);
}

static bool cases_are_there(struct play *p, const struct tt_case_set *c)
{
    uint64_t i;

    if (c->mode != TT_CASES_DEFAULT && c->split == TT_HOLDOUT) {
        note_bad(p, "EVALUATE: it asks for the holdout");
        return false;
    }
    for (i = 0; i < c->n_ids; i++)
        if (c->ids[i] >= REFERENCE_CASES) {
            note_bad(p, "EVALUATE: it asks for a case that is not there");
            return false;
        }
    return true;
}

static void take_evaluate(struct play *p, const struct tt_evaluate *v)
{
    struct tt_error e = { .size = sizeof e };
    struct flight *f;
    uint64_t *ids;

    p->n_evaluates++;
    if (!cases_are_there(p, &v->cases))
        return;
    if (find(p, v->ref) == NULL) {
        if (tt_candidate_check(&p->reference->space, &v->candidate, &e) != 0) {
            note_bad(p, e.message);
            return;
        }
        (void)know(p, v->ref, &v->candidate);
    }
    ids = xcalloc(v->cases.n_ids + 1, sizeof *ids);
    if (v->cases.n_ids > 0)
        memcpy(ids, v->cases.ids, v->cases.n_ids * sizeof *ids);
    p->flights = xrealloc(p->flights, p->n_flights + 1, sizeof *p->flights);
    f = &p->flights[p->n_flights++];
    f->ref = v->ref;
    f->cases = v->cases;
    f->cases.ids = ids;
    f->repeats = v->repeats;
    f->flags = v->flags;
}

static void take_prune(struct play *p, const struct tt_prune *prune)
{
    size_t i;

    p->n_prunes++;
    for (i = p->n_flights; i-- > 0;)
        if (p->flights[i].ref == prune->ref) {
            play_fail(p, i, TT_CANCELLED);
            return;
        }
}

static void take_llm(struct play *p, const struct tt_llm *l)
{
    struct tt_llm_reply *r = play_alloc(p, sizeof *r);

    p->n_llm++;
    r->head.size = sizeof *r;
    r->request = l->request;
    r->status = p->llm_status;
    r->text = tt_str_of(p->llm_text);
    play_tell(p, &r->head, TT_LLM_REPLY);
}

static void take_action(struct play *p, const struct tt_action *action)
{
    const void *record = action;

    switch ((enum tt_action_kind)action->kind) {
    case TT_EVALUATE:
        take_evaluate(p, record);
        break;
    case TT_PRUNE:
        take_prune(p, record);
        break;
    case TT_LLM:
        take_llm(p, record);
        break;
    case TT_DONE:
        p->done = true;
        free(p->reason);
        p->reason = xstr(((const struct tt_done *)record)->reason);
        break;
    case TT_WAIT:
        break;
    }
}

/* --- steps --------------------------------------------------------------- */

int play_step(struct play *p, uint64_t max, uint64_t *n_actions)
{
    struct tt_ask ask = { .size = sizeof ask, .max = max };
    struct codec_actions actions = { 0 };
    struct arena decoded = { 0 };
    struct err e = { 0 };
    uint64_t *pending, i;

    pending = arena_alloc(&p->events_arena, p->n_flights, sizeof *pending);
    for (i = 0; i < p->n_flights; i++)
        pending[i] = p->flights[i].ref;
    ask.position = ++p->position;
    ask.time_ms = p->position * 10;
    ask.pending = pending;
    ask.n_pending = p->n_flights;
    codec_put_step(&p->d.payload, p->events, p->n_events, &ask);
    p->n_events = 0;
    arena_fini(&p->events_arena);
    if (drive_ask(&p->d, FRAME_STEP) == FRAME_ERROR)
        return p->d.error.code;
    TT_ASSERT(codec_get_actions(p->d.answer.payload, &decoded, &actions, &e) ==
              0);
    for (i = 0; i < actions.n; i++)
        take_action(p, actions.actions[i]);
    if (n_actions != NULL)
        *n_actions = actions.n;
    arena_fini(&decoded);
    return 0;
}

int play_run(struct play *p, uint64_t n)
{
    uint64_t end = p->n_results + n, n_actions = 0;
    unsigned idle = 0;
    int rc = 0;

    while (rc == 0 && !p->done && p->n_results < end && p->bad[0] == '\0') {
        rc = play_step(p, p->parallel - p->n_flights, &n_actions);
        if (rc != 0 || p->done)
            break;
        idle = p->n_flights == 0 && p->n_events == 0 ? idle + 1 : 0;
        if (idle == MOST_IDLE)
            return tt_fail(&p->d.error, TT_EPLUGIN, "it neither asks for "
                           "anything nor is it done: emit DONE when there is "
                           "no more to do");
        if (p->n_flights == p->parallel ||
            (p->n_flights > 0 && (n_actions == 0 || p->n_events == 0)))
            play_land(p, 0);
    }
    return rc;
}
