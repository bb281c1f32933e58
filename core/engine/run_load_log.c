/* SPDX-License-Identifier: MIT
 *
 * run_load_log.c - the machine from its log: what was told, what is asked for
 * and not answered, and where the present instance of the strategy begins. */
#include "core/engine/run_impl.h"
#include "core/host/codec.h"

/* --- the log -------------------------------------------------------------- */

/* What was told to an instance that is gone was not told. */
static void forget_told(struct run *r)
{
    size_t i;

    r->epoch++;
    r->done = false;
    for (i = 0; i < r->n_candidates; i++) {
        r->candidates[i]->told_n = 0;
        r->candidates[i]->enqueued_told = false;
    }
    while (r->n_llms > 0)
        run_llm_forget(r, r->n_llms - 1);
}

static void load_llm_reply(struct run *r, uint64_t request)
{
    size_t i;

    for (i = 0; i < r->n_llms && r->llms[i]->request != request; i++)
        ;
    if (i < r->n_llms)
        run_llm_forget(r, i);
}

static void load_event(struct run *r, const struct tt_event *event)
{
    const void *record = event;
    struct run_candidate *c = NULL;

    if (event->time_ms > r->now_ms)
        r->now_ms = event->time_ms;
    switch ((enum tt_event_kind)event->kind) {
    case TT_RESULT:
        c = run_candidate_at(r, ((const struct tt_result *)record)->number);
        break;
    case TT_FAILED:
    case TT_CANCELLED:
        c = run_candidate_at(r, ((const struct tt_failure *)record)->number);
        break;
    case TT_ENQUEUED:
        c = run_candidate_at(r, ((const struct tt_enqueued *)record)->ref -
                                    TT_REF_HOST);
        if (c != NULL)
            c->enqueued_told = true;
        return;
    case TT_LLM_REPLY:
        load_llm_reply(r, ((const struct tt_llm_reply *)record)->request);
        break;
    case TT_DEADLINE:
        r->deadline_told = true;
        break;
    case TT_PARTIAL:
    case TT_BUDGET:
        break;
    }
    if (c != NULL)
        c->told_n++;
}

static int load_answer(struct run *r, uint64_t position, struct tt_str bytes,
                       uint64_t max, struct arena *a, struct err *e)
{
    struct codec_actions answer;
    bool waits = false;
    size_t n = 0;
    uint64_t i;

    if (codec_get_actions(bytes, a, &answer, e) != 0)
        return run_corrupt(e, r, "log", position,
                           "actions that cannot be read");
    for (i = 0; i < answer.n; i++) {
        const void *record = answer.actions[i];

        n += answer.actions[i]->kind == TT_EVALUATE;
        waits = waits || answer.actions[i]->kind == TT_WAIT;
        if (answer.actions[i]->kind == TT_LLM)
            run_llm_add(r, record);
        if (answer.actions[i]->kind == TT_DONE) {
            r->done = true;
            r->done_reason =
                tt_str_equal(((const struct tt_done *)record)->reason,
                             tt_str_of("converged"))
                    ? STOP_CONVERGED
                    : STOP_EXHAUSTED;
        }
    }
    r->hungry = n == max && (!waits || max == 0);
    r->open_position = 0;
    return 0;
}

int run_load_log(struct run *r, uint64_t position, struct tt_str bytes,
                 struct err *e)
{
    struct run_entry entry;
    struct codec_step step;
    struct arena a = { 0 };
    uint64_t i;
    int rc = run_entry_get(bytes, &entry, e);

    if (rc == 0 && position != r->next_position)
        rc = run_corrupt(e, r, "log", position, "not the next position");
    if (rc == 0 && codec_get_step(entry.step, &a, &step, e) != 0)
        rc = run_corrupt(e, r, "log", position, "a step that cannot be read");
    if (rc == 0 && entry.n != step.n_events + 1)
        rc = run_corrupt(e, r, "log", position, "a wrong number of positions");
    if (rc != 0) {
        arena_fini(&a);
        return rc;
    }
    if ((entry.flags & RUN_ENTRY_FRESH) != 0) {
        forget_told(r);
        r->log_start = position;
        r->log_state = 0;
    }
    for (i = 0; i < step.n_events; i++)
        load_event(r, step.events[i]);
    if (step.ask->time_ms > r->now_ms)
        r->now_ms = step.ask->time_ms;
    r->next_position = position + entry.n;
    r->open_position = position;
    r->open_n = entry.n;
    r->open_flags = entry.flags;
    r->open_max = step.ask->max;
    buf_reset(&r->open_step);
    buf_add(&r->open_step, entry.step.p, (size_t)entry.step.n);
    if ((entry.flags & RUN_ENTRY_ANSWERED) != 0)
        rc = load_answer(r, position, entry.actions, step.ask->max, &a, e);
    arena_fini(&a);
    return rc;
}
