/* SPDX-License-Identifier: MIT
 *
 * run_replay.c - does an entry of the log agree with the records beside it?
 * Replay proves that the answers follow from the events; this proves that the
 * events say what was measured, and the answers what was stored. */
#include <math.h>
#include <string.h>

#include "core/engine/run_impl.h"
#include "core/host/codec.h"

static bool same_number(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static bool same_values(const struct run *r, const struct run_candidate *c,
                        const struct tt_candidate *said)
{
    struct candidate values;
    uint64_t i;
    bool same = true;

    if (said->n_values != r->space->tt.n_params)
        return false;
    candidate_copy(&values, r->space, said);
    for (i = 0; i < said->n_values; i++) {
        const struct tt_value *a = tt_candidate_value(&values.tt, i);
        const struct tt_value *b = tt_candidate_value(&c->values.tt, i);

        same = same && same_number(a->number, b->number) &&
               tt_str_equal(a->text, b->text);
    }
    candidate_fini(&values);
    return same;
}

static bool same_cases(const struct run_job *j, const struct tt_result *said)
{
    const struct run_job *from = run_job_source(j);
    size_t n = (size_t)from->n_cases * from->repeats, i;

    if (said->n_cases != n)
        return false;
    for (i = 0; i < n; i++) {
        const struct tt_case_score *one = tt_result_case(said, i);
        const struct run_score *s = &from->scores[i];

        if (one->id != from->cases[i % from->n_cases] ||
            one->status != s->status ||
            !same_number(one->objective, s->objective))
            return false;
    }
    return true;
}

static bool result_agrees(const struct run *r, const struct tt_result *said)
{
    const struct run_candidate *c = run_candidate_at(r, said->number);
    size_t i, k;

    for (i = 0; c != NULL && i < c->n_jobs; i++) {
        const struct run_job *j = c->jobs[i];
        bool same = j->state == JOB_COMPLETE && j->by != JOB_GATE &&
                    said->n_objectives == 1 &&
                    same_number(j->objective, said->objectives[0]) &&
                    said->n_guardrails == r->plan.n_guardrails &&
                    same_cases(j, said);

        for (k = 0; same && k < r->plan.n_guardrails; k++)
            same = same_number(j->guardrails[k], said->guardrails[k]);
        if (same)
            return true;
    }
    return false;
}

static bool event_agrees(const struct run *r, const struct tt_event *event)
{
    const struct run_candidate *c;
    const void *record = event;
    const struct tt_enqueued *q = record;

    if (event->kind == TT_RESULT)
        return result_agrees(r, record);
    if (event->kind != TT_ENQUEUED)
        return true;
    c = run_candidate_at(r, q->ref - TT_REF_HOST);
    return c != NULL && same_values(r, c, &q->candidate);
}

/* The values that an EVALUATE brings are those of the candidate that was
 * stored for this ref of this instance. */
static bool action_agrees(const struct run *r, uint32_t epoch,
                          const struct tt_action *action)
{
    const void *record = action;
    const struct tt_evaluate *a = record;
    size_t i;

    if (action->kind != TT_EVALUATE || a->candidate.n_values == 0)
        return true;
    for (i = 0; i < r->n_candidates; i++) {
        const struct run_candidate *c = r->candidates[i];

        if (!c->host && c->epoch == epoch && c->ref == a->ref)
            return same_values(r, c, &a->candidate);
    }
    return false;
}

int run_check_entry(const struct run *r, uint64_t position,
                    const struct run_entry *entry, uint32_t epoch,
                    struct err *e)
{
    struct codec_step step;
    struct codec_actions answer;
    struct arena a = { 0 };
    uint64_t i;
    int rc = codec_get_step(entry->step, &a, &step, e);

    for (i = 0; rc == 0 && i < step.n_events; i++)
        if (!event_agrees(r, step.events[i]))
            rc = err_set(e, TT_ECORRUPT, "position %llu: the event is not "
                         "what was measured",
                         (unsigned long long)(position + i));
    if (rc == 0)
        rc = codec_get_actions(entry->actions, &a, &answer, e);
    for (i = 0; rc == 0 && i < answer.n; i++)
        if (!action_agrees(r, epoch, answer.actions[i]))
            rc = err_set(e, TT_ECORRUPT, "position %llu: action %llu is not "
                         "the candidate that was stored",
                         (unsigned long long)position,
                         (unsigned long long)i + 1);
    arena_fini(&a);
    return rc;
}
