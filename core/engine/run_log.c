/* SPDX-License-Identifier: MIT
 *
 * run_log.c - the run's log: what is told to the strategy, one STEP at a time,
 * each an entry that is stored before it is sent and stored again with its
 * answer. Positions number events and asks 1, 2, 3, ... without a gap. */
#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/wire.h"
#include "core/engine/run_impl.h"
#include "core/host/codec.h"

/* --- entries as bytes ----------------------------------------------------- */

void run_entry_put(struct buf *b, const struct run_entry *entry)
{
    wire_u32(b, entry->n);
    wire_u8(b, entry->flags);
    wire_str(b, entry->step);
    wire_str(b, entry->actions);
}

int run_entry_get(struct tt_str bytes, struct run_entry *entry, struct err *e)
{
    struct wire_reader r = wire_reader_of(bytes.p, (size_t)bytes.n);

    entry->n = wire_get_u32(&r);
    entry->flags = wire_get_u8(&r);
    entry->step = wire_get_str(&r);
    entry->actions = wire_get_str(&r);
    if (!wire_done(&r) || entry->n == 0 ||
        (entry->flags & ~(RUN_ENTRY_ANSWERED | RUN_ENTRY_FRESH)) != 0)
        return err_set(e, TT_ECORRUPT, "log: an entry that cannot be read");
    return 0;
}

void run_snapshot_put(struct buf *b, uint64_t position, uint32_t schema,
                      struct tt_str bytes)
{
    wire_u64(b, position);
    wire_u32(b, schema);
    wire_str(b, bytes);
}

int run_snapshot_get(struct tt_str bytes, uint64_t *position,
                     struct tt_snapshot *snapshot, struct err *e)
{
    struct wire_reader r = wire_reader_of(bytes.p, (size_t)bytes.n);
    struct tt_str inner;

    *position = wire_get_u64(&r);
    snapshot->size = sizeof *snapshot;
    snapshot->schema = wire_get_u32(&r);
    inner = wire_get_str(&r);
    snapshot->bytes = inner.p;
    snapshot->n = inner.n;
    if (!wire_done(&r))
        return err_set(e, TT_ECORRUPT, "snapshot: cannot be read");
    return 0;
}

/* --- how much may be asked for -------------------------------------------- */

/* Jobs that use slots, and candidates that will become iterations. */
static void count_live(const struct run *r, uint64_t *jobs, uint64_t *open)
{
    size_t i;

    *jobs = *open = 0;
    for (i = 0; i < r->n_live; i++) {
        const struct run_job *j = r->live[i];

        *jobs += j->same_as == NULL;
        *open += j->candidate->finished == 0 &&
                 j == j->candidate->jobs[0];
    }
}

/* Candidates at once: as many as keep the slots busy, and one to spare where
 * a candidate takes several, so that its last one does not leave them idle. */
static uint64_t candidates_at_once(const struct run *r, uint64_t slots)
{
    uint64_t per = run_per_candidate(r);

    if (slots > r->plan.max_in_flight)
        slots = r->plan.max_in_flight;
    if (slots <= 1)
        return slots;
    return (slots + per - 1) / per + (per > 1);
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t run_room(const struct run *r)
{
    uint64_t jobs, open, n, left;

    count_live(r, &jobs, &open);
    n = candidates_at_once(r, least(r->slots, r->limit));
    n = n > jobs ? n - jobs : 0;
    if (r->budget.tt.iterations > 0) {
        left = r->n_finished + open;
        n = least(n, r->budget.tt.iterations > left
                         ? r->budget.tt.iterations - left : 0);
    }
    if (r->budget.tt.evaluations > 0) {
        left = r->n_done_evaluations + jobs * run_per_candidate(r);
        left = r->budget.tt.evaluations > left
                   ? r->budget.tt.evaluations - left : 0;
        n = least(n, left / run_per_candidate(r));
    }
    return n;
}

/* --- steps ---------------------------------------------------------------- */

static const uint64_t *pending_refs(struct run_builder *b, uint64_t *n)
{
    struct run *r = b->r;
    uint64_t *refs = arena_alloc(&b->arena, r->n_live, sizeof *refs);
    size_t i, k;

    *n = 0;
    for (i = 0; i < r->n_live; i++) {
        uint64_t ref = run_job_ref(r, r->live[i]);

        for (k = 0; k < *n && refs[k] != ref; k++)
            ;
        if (k == *n && r->live[i]->by != JOB_GATE)
            refs[(*n)++] = ref;
    }
    return refs;
}

static void send_step(struct run *r)
{
    struct run_command *c = run_out_command(r, RUN_DO_STEP, r->open_position);

    buf_add(&c->payload, r->open_step.data, r->open_step.len);
    r->step_sent = true;
}

static void store_entry(struct run *r, uint64_t position,
                        struct tt_str actions, uint8_t flags)
{
    struct run_entry entry = { r->open_n, r->open_flags | flags,
                               buf_str(&r->open_step), actions };

    run_entry_put(run_out_bytes(r, STORE_LOG, position), &entry);
}

static void build_step(struct run *r)
{
    struct run_builder b = { .r = r, .position = r->next_position };
    struct tt_ask ask = { .size = sizeof ask, .time_ms = r->now_ms };
    struct tt_str none = { NULL, 0 };

    run_put_waiting(&b);
    ask.position = b.position++;
    ask.max = run_room(r);
    ask.pending = pending_refs(&b, &ask.n_pending);
    buf_reset(&r->open_step);
    codec_put_step(&r->open_step, b.events, b.n, &ask);
    r->open_position = r->next_position;
    r->open_n = (uint32_t)(b.position - r->next_position);
    r->open_flags = r->fresh ? RUN_ENTRY_FRESH : 0;
    if (r->fresh) {
        r->log_start = r->open_position;
        r->log_state = 0;
    }
    r->open_max = ask.max;
    r->next_position = b.position;
    r->fresh = false;
    store_entry(r, r->open_position, none, 0);
    send_step(r);
    free(b.events);
    arena_fini(&b.arena);
}

static bool should_step(const struct run *r)
{
    if (r->slots == 0)
        return false; /* not admitted yet: what could be asked for? */
    if (r->next_position == 1 || r->fresh)
        return run_room(r) > 0;
    return run_events_wait(r) || (r->hungry && run_room(r) > 0);
}

void run_strategy_pump(struct run *r)
{
    if (r->state != RUN_RUNNING || !r->strategy_up || r->step_sent ||
        r->snapshotting || r->done || r->finishing)
        return;
    if (r->open_position != 0)
        send_step(r);
    else if (should_step(r))
        build_step(r);
}

/* --- answers -------------------------------------------------------------- */

/* Whoever asked for it or not: the baseline is scored on all cases. */
static void want_baseline(struct run *r)
{
    struct run_candidate *c = run_candidate_at(r, 1);
    struct run_job_spec spec = { .by = JOB_HOST, .split = TT_VALIDATION };
    size_t i;

    for (i = 0; c != NULL && i < c->n_jobs; i++)
        if (c->jobs[i]->whole && c->jobs[i]->split == TT_VALIDATION)
            return;
    if (c != NULL)
        run_job_plan(r, run_job_add(r, c, &spec));
}

static void take_answer(struct run *r, const struct codec_actions *answer)
{
    size_t i, n = 0;
    bool waits = false;

    for (i = 0; i < answer->n; i++) {
        n += answer->actions[i]->kind == TT_EVALUATE;
        waits = waits || answer->actions[i]->kind == TT_WAIT;
    }
    /* where nothing was offered, WAIT says nothing */
    r->hungry = n == r->open_max && (!waits || r->open_max == 0);
    r->offered = r->open_max > 0;
    if (n > r->open_max) {
        run_fault(r, "it gave %zu EVALUATE where at most %llu were asked for",
                  n, (unsigned long long)r->open_max);
        return;
    }
    r->open_position = 0;
    run_take_actions(r, answer->actions, answer->n);
    if (!run_over(r))
        want_baseline(r);
}

void run_strategy_answered(struct run *r, const struct run_event *ev)
{
    struct codec_actions answer = { 0 };
    struct arena a = { 0 };
    struct err e = { 0 };
    uint64_t position = r->open_position;

    if (!r->step_sent || ev->number != position)
        return;
    r->step_sent = false;
    if (codec_get_actions(ev->bytes, &a, &answer, &e) != 0)
        run_fault(r, "its answer cannot be read: %s", e.text);
    else
        take_answer(r, &answer);
    if (!run_moving_back(r)) /* else the entry stays without an answer */
        store_entry(r, position, ev->bytes, RUN_ENTRY_ANSWERED);
    if (!run_over(r) && r->moving.pin == NULL && !r->done &&
        (r->plan.caps & TT_CAP_SNAPSHOT) != 0 &&
        r->next_position - r->snapshot_position >= RUN_SNAPSHOT_EVERY) {
        run_out_command(r, RUN_DO_SNAPSHOT, r->next_position);
        r->snapshotting = true;
    }
    arena_fini(&a);
}

void run_strategy_snapshot(struct run *r, const struct run_event *ev)
{
    if (!r->snapshotting || ev->number != r->next_position)
        return;
    r->snapshotting = false;
    r->snapshot_position = ev->number; /* the next try after as many more */
    if (r->moving.pin != NULL && !r->moving.adapter) {
        run_move_snapshot(r, ev);
        return;
    }
    if (ev->bytes.n > 0)
        run_snapshot_put(run_out_bytes(r, STORE_SNAPSHOT, 0), ev->number,
                         (uint32_t)ev->value, ev->bytes);
}

/* --- the worker ----------------------------------------------------------- */

/* An instance that knows nothing meets every candidate by a host's ref, and
 * hears all results again. */
void run_start_over(struct run *r)
{
    size_t i, k;

    r->epoch++;
    r->fresh = true;
    r->open_position = 0;
    r->done = false;
    r->hungry = true;
    r->n_greet = r->n_untold = 0;
    while (r->n_llms > 0)
        run_llm_forget(r, r->n_llms - 1);
    run_llm_document(r);
    for (i = 0; i < r->n_candidates; i++) {
        struct run_candidate *c = r->candidates[i];

        c->enqueued_told = false;
        c->asked_host = 0;
        run_greet(r, c);
        for (k = 0; k < c->n_jobs; k++)
            c->jobs[k]->told = false;
    }
    run_find_untold(r);
}

static void diverged(struct run *r)
{
    json_set_bool(r->document, "nondeterministic", true);
    r->dirty = true;
    run_note(r, "strategy.diverged", "the strategy did not repeat its own "
             "log; the log holds, a fresh instance is told the history");
}

void run_strategy_up(struct run *r, bool fresh)
{
    if (r->strategy_up)
        return; /* said twice */
    r->strategy_up = true;
    r->step_sent = r->snapshotting = false;
    if (!fresh)
        return;
    if (run_move_is_new(r))
        run_move_refused(r);
    else
        diverged(r);
    run_start_over(r);
}

void run_strategy_down(struct run *r)
{
    r->strategy_up = r->step_sent = r->snapshotting = false;
}
