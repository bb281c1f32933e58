/* SPDX-License-Identifier: MIT
 *
 * run_events.c - what a STEP tells the strategy: endings, guests, replies and
 * the deadline, in the order in which they came up. */
#include <math.h>

#include "core/base/mem.h"
#include "core/engine/run_impl.h"

static void *event(struct run_builder *b, size_t size, uint32_t kind)
{
    struct tt_event *ev = arena_alloc(&b->arena, 1, size);

    ev->size = (uint32_t)size;
    ev->kind = kind;
    ev->position = b->position++;
    ev->time_ms = b->r->now_ms;
    b->events = run_grow(b->events, b->n, sizeof(void *));
    b->events[b->n++] = ev;
    return ev;
}

uint64_t run_job_ref(const struct run *r, const struct run_job *j)
{
    return j->by == JOB_OWN && j->epoch == r->epoch
               ? j->candidate->ref
               : TT_REF_HOST + j->candidate->number;
}

static void fill_scores(struct run_builder *b, const struct run_job *j,
                        struct tt_result *to)
{
    const struct run_job *from = run_job_source(j);
    size_t n = (size_t)from->n_cases * from->repeats, i;
    struct tt_case_score *cases = arena_alloc(&b->arena, n, sizeof *cases);

    to->case_size = sizeof *cases;
    to->cases = cases;
    for (i = 0; i < n; i++) {
        const struct run_score *s = &from->scores[i];
        struct tt_case_score *at = &cases[to->n_cases];

        if (j->state == JOB_PENDING && s->status == TT_CASE_MISSING)
            continue; /* PARTIAL: not there yet */
        at->id = from->cases[i % from->n_cases];
        at->split = from->split;
        at->repeat = from->repeat_base + (uint32_t)(i / from->n_cases);
        at->status = s->status;
        at->objective = s->objective;
        if (s->feedback != NULL && (j->flags & TT_WANT_FEEDBACK) != 0)
            at->feedback = tt_str_of(s->feedback);
        to->n_cases++;
    }
}

static void put_result(struct run_builder *b, struct run_job *j, uint32_t kind)
{
    struct tt_result *ev = event(b, sizeof *ev, kind);

    ev->ref = run_job_ref(b->r, j);
    ev->number = j->candidate->number;
    ev->objectives = &j->objective;
    ev->n_objectives = 1;
    ev->guardrails = j->guardrails;
    ev->n_guardrails = b->r->plan.n_guardrails;
    ev->feasible = j->feasible;
    fill_scores(b, j, ev);
    ev->cost = j->cost;
    ev->tokens_in = j->tokens_in;
    ev->tokens_out = j->tokens_out;
}

static void put_job(struct run_builder *b, struct run_job *j)
{
    struct tt_failure *ev;

    j->told = true;
    if (j->state == JOB_COMPLETE) {
        put_result(b, j, TT_RESULT);
        return;
    }
    ev = event(b, sizeof *ev,
               j->state == JOB_FAILED ? TT_FAILED : TT_CANCELLED);
    ev->ref = run_job_ref(b->r, j);
    ev->number = j->candidate->number;
    ev->cause = tt_str_of(j->cause);
}

static void put_greeting(struct run_builder *b, struct run_candidate *c)
{
    struct tt_enqueued *ev = event(b, sizeof *ev, TT_ENQUEUED);

    c->enqueued_told = true;
    ev->ref = TT_REF_HOST + c->number;
    ev->candidate = c->values.tt;
}

static void put_reply(struct run_builder *b, const struct run_llm *l)
{
    struct tt_llm_reply *ev = event(b, sizeof *ev, TT_LLM_REPLY);

    ev->request = l->request;
    ev->status = l->status;
    ev->text = arena_str(&b->arena, tt_str_of(l->text));
    ev->tokens_in = l->tokens_in;
    ev->tokens_out = l->tokens_out;
    ev->cost = l->cost;
}

/* In the order in which it happened; a fresh instance meets everybody first. */
void run_put_waiting(struct run_builder *b)
{
    struct run *r = b->r;
    size_t g = 0, j = 0, i;
    bool replies = false;

    while (g < r->n_greet || j < r->n_untold) {
        if (g < r->n_greet &&
            (j == r->n_untold || r->fresh ||
             r->greet[g]->enqueued < r->untold[j]->ended))
            put_greeting(b, r->greet[g++]);
        else
            put_job(b, r->untold[j++]);
    }
    r->n_greet = r->n_untold = 0;
    for (i = 0; i < r->n_llms;) {
        if (!r->llms[i]->replied) {
            i++;
            continue;
        }
        put_reply(b, r->llms[i]);
        run_llm_forget(r, i);
        replies = true;
    }
    if (replies)
        run_llm_document(r);
    for (i = 0; i < r->n_live; i++)
        if (r->live[i]->partial) {
            r->live[i]->partial = false;
            run_job_score(r, r->live[i]);
            if (isfinite(r->live[i]->objective)) /* else nothing to say yet */
                put_result(b, r->live[i], TT_PARTIAL);
        }
    if (r->deadline_due) {
        struct tt_budget_event *ev = event(b, sizeof *ev, TT_DEADLINE);

        ev->budget = run_budget(r).tt;
        r->deadline_told = true;
        r->deadline_due = false;
    }
}

bool run_events_wait(const struct run *r)
{
    size_t i;

    if (r->n_untold > 0 || r->n_greet > 0 || r->deadline_due)
        return true;
    for (i = 0; i < r->n_llms; i++)
        if (r->llms[i]->replied)
            return true;
    for (i = 0; i < r->n_live; i++)
        if (r->live[i]->partial)
            return true;
    return false;
}
