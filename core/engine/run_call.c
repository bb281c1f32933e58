/* SPDX-License-Identifier: MIT
 *
 * run_call.c - what is asked of the adapter, one call at a time: FIND what may
 * exist, SUBMIT what is planned, COLLECT what runs. */
#include <string.h>

#include "core/base/mem.h"
#include "core/engine/run_impl.h"
#include "core/host/codec.h"

#define GRACE_MS 60000 /* beside an evaluation's own time */

/* --- evaluations in flight ------------------------------------------------ */

static bool in_flight(const struct run_evaluation *v)
{
    return v->state == EVAL_INTENT || v->state == EVAL_RUNNING;
}

void run_eval_settle(struct run *r, struct run_evaluation *v,
                     enum eval_state state)
{
    bool before = in_flight(v);

    v->state = state;
    v->unsure = false;
    if (before && !in_flight(v))
        r->n_in_flight--;
    if (!before && in_flight(v))
        r->n_in_flight++;
    v->dirty = v->number != 0;
    run_touch(r, v->job->candidate);
}

static void abandon(struct run *r, const char *handle)
{
    struct tt_str s = tt_str_of(handle);

    if (r->adapter_up && handle != NULL)
        codec_put_strs(&run_out_command(r, RUN_DO_ABANDON, 0)->payload, &s, 1);
}

void run_eval_drop(struct run *r, struct run_evaluation *v)
{
    if (v->state == EVAL_RUNNING)
        abandon(r, v->handle);
    if (v->state == EVAL_PLANNED || in_flight(v))
        run_eval_settle(r, v, EVAL_DROPPED);
}

/* Give one up that nobody has heard of for far too long: an adapter has its
 * own timeout, so this is the last resort. */
static uint64_t overdue_ms(const struct run *r, const struct run_evaluation *v)
{
    return v->sent_ms + 2 * r->plan.timeout_ms + GRACE_MS;
}

static void check_overdue(struct run *r)
{
    size_t i, k;

    for (i = 0; i < r->n_live; i++)
        for (k = 0; k < r->live[i]->n_evaluations; k++) {
            struct run_evaluation *v = &r->live[i]->evaluations[k];

            if (v->state != EVAL_RUNNING || r->now_ms < overdue_ms(r, v))
                continue;
            abandon(r, v->handle);
            run_eval_lost(r, v, "no end within twice its timeout", 0);
            return; /* the list may have changed: the next step goes on */
        }
}

/* --- sending -------------------------------------------------------------- */

static struct run_command *call_start(struct run *r, enum call_kind kind,
                                      enum run_command_kind command)
{
    r->call = kind;
    r->call_number = ++r->calls;
    return run_out_command(r, command, r->call_number);
}

static struct tt_str dup_label(struct run *r, uint64_t batch, struct buf *text)
{
    run_label(r, batch, text);
    return buf_str(text);
}

static void send_find(struct run *r, uint64_t batch)
{
    struct run_command *c = call_start(r, CALL_FIND, RUN_DO_FIND);
    struct buf text = { 0 };
    struct tt_str label = dup_label(r, batch, &text);

    r->call_batch = batch;
    codec_put_strs(&c->payload, &label, 1);
    buf_fini(&text);
}

static void send_collect(struct run *r)
{
    struct run_command *c = call_start(r, CALL_COLLECT, RUN_DO_COLLECT);
    struct tt_str *handles = xcalloc((size_t)r->n_in_flight + 1,
                                     sizeof *handles);
    uint64_t n = 0;
    size_t i, k;

    for (i = 0; i < r->n_live; i++)
        for (k = 0; k < r->live[i]->n_evaluations; k++)
            if (r->live[i]->evaluations[k].state == EVAL_RUNNING)
                handles[n++] = tt_str_of(r->live[i]->evaluations[k].handle);
    codec_put_strs(&c->payload, handles, n);
    free(handles);
}

static void fill_cases(const struct run *r, const struct run_evaluation *v,
                       struct tt_case *cases)
{
    uint64_t i;

    for (i = 0; i < v->n; i++) {
        cases[i].id = v->job->cases[v->from + i];
        cases[i].split = v->job->split;
        cases[i].content = tt_str_of(r->dataset->cases[v->job->split]
                                                      [cases[i].id]);
    }
}

static void fill_evaluation(const struct run *r, const struct run_evaluation *v,
                            struct tt_evaluation *to, struct arena *a)
{
    struct tt_case *cases = arena_alloc(a, (size_t)v->n, sizeof *cases);
    struct buf id = { 0 };

    run_evaluation_id(r, v, &id);
    fill_cases(r, v, cases);
    to->size = sizeof *to;
    to->case_size = sizeof *cases;
    to->id = arena_str(a, buf_str(&id));
    to->candidate = v->job->candidate->values.tt;
    to->cases = cases;
    to->n_cases = v->n;
    to->repeat = v->job->repeat_base + v->repeat;
    to->flags = v->job->flags;
    to->candidate_number = v->job->candidate->number;
    buf_fini(&id);
}

static void number_evaluation(struct run *r, struct run_evaluation *v)
{
    r->evaluations = run_grow(r->evaluations, r->n_evaluations,
                              sizeof(void *));
    r->evaluations[r->n_evaluations++] = v;
    v->number = r->n_evaluations;
}

static void send_submit(struct run *r, struct run_evaluation **batch, size_t n)
{
    bool again = batch[0]->resend;
    struct run_command *c = call_start(r, CALL_SUBMIT, RUN_DO_SUBMIT);
    struct arena a = { 0 };
    struct tt_evaluation *list = arena_alloc(&a, n, sizeof *list);
    struct tt_batch record = { .size = sizeof record,
                               .evaluation_size = sizeof *list };
    struct buf text = { 0 };
    size_t i;

    r->call_batch = again ? batch[0]->batch : ++r->batches;
    for (i = 0; i < n; i++) {
        struct run_evaluation *v = batch[i];

        if (v->number == 0)
            number_evaluation(r, v);
        v->batch = r->call_batch;
        v->resend = false;
        v->sent_ms = r->now_ms;
        run_eval_settle(r, v, EVAL_INTENT);
        fill_evaluation(r, v, &list[i], &a);
    }
    record.label = dup_label(r, r->call_batch, &text);
    record.evaluations = list;
    record.n_evaluations = n;
    record.now_ms = r->now_ms;
    codec_put_batch(&c->payload, &record);
    c->extra_ms = (int64_t)(n * r->plan.timeout_ms);
    buf_fini(&text);
    arena_fini(&a);
}

/* --- choosing ------------------------------------------------------------- */

static bool sendable(const struct run *r, const struct run_evaluation *v)
{
    return v->state == EVAL_PLANNED && r->now_ms >= v->not_before_ms;
}

/* Those that go out next: what has a label already, label by label; else the
 * oldest jobs of the highest priority. */
static size_t choose(struct run *r, struct run_evaluation **out, size_t max)
{
    const struct run_evaluation *first = NULL;
    bool resend = false;
    size_t i, k, n = 0;
    int32_t best = 0;

    for (i = 0; i < r->n_live; i++)
        for (k = 0; k < r->live[i]->n_evaluations; k++) {
            struct run_evaluation *v = &r->live[i]->evaluations[k];

            if (!sendable(r, v) || (resend && !v->resend))
                continue;
            if (first == NULL || (v->resend && !resend) ||
                (!resend && v->job->priority > best)) {
                first = v;
                best = v->job->priority;
                resend = v->resend;
            }
        }
    for (i = 0; first != NULL && i < r->n_live; i++)
        for (k = 0; k < r->live[i]->n_evaluations && n < max; k++) {
            struct run_evaluation *v = &r->live[i]->evaluations[k];

            if (sendable(r, v) && v->resend == resend &&
                (resend ? v->batch == first->batch : v->job->priority == best))
                out[n++] = v;
        }
    return n;
}

static uint64_t room(const struct run *r)
{
    uint64_t cap = r->slots < r->limit ? r->slots : r->limit;

    if (cap > r->plan.max_in_flight)
        cap = r->plan.max_in_flight;
    cap = cap > r->n_in_flight ? cap - r->n_in_flight : 0;
    return cap < RUN_MAX_BATCH ? cap : RUN_MAX_BATCH;
}

static bool try_submit(struct run *r)
{
    struct run_evaluation *batch[RUN_MAX_BATCH];
    size_t n;

    if (r->now_ms < r->later_until_ms || room(r) == 0)
        return false;
    n = choose(r, batch, (size_t)room(r));
    if (n > 0)
        send_submit(r, batch, n);
    return n > 0;
}

/* What the adapter should be asked about before anything else: the batch, or
 * 0. *running: is there something to collect? */
static uint64_t unsure_batch(const struct run *r, bool *running)
{
    uint64_t batch = 0;
    size_t i, k;

    *running = false;
    for (i = 0; i < r->n_live; i++)
        for (k = 0; k < r->live[i]->n_evaluations; k++) {
            const struct run_evaluation *v = &r->live[i]->evaluations[k];

            if (v->state == EVAL_RUNNING)
                *running = true;
            if (v->unsure && (batch == 0 || v->batch < batch))
                batch = v->batch;
        }
    return batch;
}

void run_call_pump(struct run *r)
{
    uint64_t batch;
    bool running;

    if (!r->adapter_up || r->finishing ||
        (r->state != RUN_RUNNING && r->state != RUN_GATING))
        return;
    check_overdue(r);
    if (r->call != CALL_NONE || r->now_ms < r->call_after_ms || run_over(r))
        return;
    batch = unsure_batch(r, &running);
    if (batch != 0)
        send_find(r, batch);
    else if (!try_submit(r) && running && r->now_ms >= r->collect_at_ms)
        send_collect(r);
}

/* --- waiting -------------------------------------------------------------- */

static void sooner(const struct run *r, uint64_t *wake, uint64_t at)
{
    if (at <= r->now_ms)
        at = r->now_ms + 1;
    if (*wake == 0 || at < *wake)
        *wake = at;
}

void run_call_wake(const struct run *r, uint64_t *wake)
{
    bool running, planned = false;
    uint64_t not_before = 0;
    size_t i, k;

    if (!r->adapter_up)
        return;
    if (r->call == CALL_NONE && r->call_after_ms > r->now_ms) {
        sooner(r, wake, r->call_after_ms);
        return;
    }
    for (i = 0; i < r->n_live; i++)
        for (k = 0; k < r->live[i]->n_evaluations; k++) {
            const struct run_evaluation *v = &r->live[i]->evaluations[k];

            if (v->state == EVAL_RUNNING)
                sooner(r, wake, overdue_ms(r, v));
            if (v->state != EVAL_PLANNED)
                continue;
            if (!planned || v->not_before_ms < not_before)
                not_before = v->not_before_ms;
            planned = true;
        }
    (void)unsure_batch(r, &running);
    if (r->call != CALL_NONE)
        return;
    if (running)
        sooner(r, wake, r->collect_at_ms);
    if (planned && room(r) > 0)
        sooner(r, wake, not_before > r->later_until_ms ? not_before
                                                       : r->later_until_ms);
}
