/* SPDX-License-Identifier: MIT
 *
 * codec_event.c - events, and STEP. */
#include "core/host/codec_wire.h"

#include "core/base/mem.h"

#define LEAST_EVENT 20u /* kind, position, time */
#define LEAST_CASE 36u

/* --- events -------------------------------------------------------------- */

static void put_result(struct buf *b, const struct tt_result *r)
{
    const struct tt_case_score *c;
    uint64_t i;

    wire_u64(b, r->ref);
    wire_u64(b, r->number);
    codec_put_f64s(b, r->objectives, r->n_objectives);
    codec_put_f64s(b, r->guardrails, r->n_guardrails);
    wire_u32(b, r->feasible);
    wire_u32(b, (uint32_t)r->n_cases);
    for (i = 0; i < r->n_cases; i++) {
        c = tt_result_case(r, i);
        wire_u64(b, c->id);
        wire_u32(b, c->split);
        wire_u32(b, c->repeat);
        wire_u32(b, c->status);
        codec_put_f64(b, c->objective);
        codec_put_text(b, c->feedback);
    }
    codec_put_f64(b, r->cost);
    wire_u64(b, r->tokens_in);
    wire_u64(b, r->tokens_out);
}

static void get_cases(struct codec_in *in, struct tt_result *r)
{
    struct tt_case_score *cases;
    uint32_t i, n = codec_get_count(in, LEAST_CASE);

    cases = arena_alloc(in->arena, n, sizeof *cases);
    for (i = 0; i < n; i++) {
        cases[i].id = wire_get_u64(&in->r);
        cases[i].split = codec_get_enum(in, TT_TRAIN, TT_HOLDOUT,
                                        "an unknown split");
        cases[i].repeat = wire_get_u32(&in->r);
        cases[i].status = codec_get_enum(in, TT_CASE_OK, TT_CASE_MISSING,
                                         "an unknown status of a case");
        cases[i].objective = codec_get_f64(in);
        cases[i].feedback = codec_get_text(in);
    }
    r->case_size = sizeof *cases;
    r->cases = cases;
    r->n_cases = n;
}

static const struct tt_event *get_result(struct codec_in *in)
{
    struct tt_result *r = arena_alloc(in->arena, 1, sizeof *r);

    r->head.size = sizeof *r;
    r->ref = wire_get_u64(&in->r);
    r->number = wire_get_u64(&in->r);
    r->objectives = codec_get_f64s(in, &r->n_objectives);
    r->guardrails = codec_get_f64s(in, &r->n_guardrails);
    r->feasible = codec_get_enum(in, 0, 1, "feasible: neither yes nor no");
    get_cases(in, r);
    r->cost = codec_get_f64(in);
    r->tokens_in = wire_get_u64(&in->r);
    r->tokens_out = wire_get_u64(&in->r);
    return &r->head;
}

static void put_failure(struct buf *b, const struct tt_failure *f)
{
    wire_u64(b, f->ref);
    wire_u64(b, f->number);
    codec_put_text(b, f->cause);
}

static const struct tt_event *get_failure(struct codec_in *in)
{
    struct tt_failure *f = arena_alloc(in->arena, 1, sizeof *f);

    f->head.size = sizeof *f;
    f->ref = wire_get_u64(&in->r);
    f->number = wire_get_u64(&in->r);
    f->cause = codec_get_text(in);
    return &f->head;
}

static void put_llm_reply(struct buf *b, const struct tt_llm_reply *r)
{
    wire_u64(b, r->request);
    wire_u32(b, r->status);
    codec_put_text(b, r->text);
    wire_u64(b, r->tokens_in);
    wire_u64(b, r->tokens_out);
    codec_put_f64(b, r->cost);
}

static const struct tt_event *get_llm_reply(struct codec_in *in)
{
    struct tt_llm_reply *r = arena_alloc(in->arena, 1, sizeof *r);

    r->head.size = sizeof *r;
    r->request = wire_get_u64(&in->r);
    r->status = codec_get_enum(in, TT_LLM_OK, TT_LLM_BUDGET,
                               "an unknown status of an LLM reply");
    r->text = codec_get_text(in);
    r->tokens_in = wire_get_u64(&in->r);
    r->tokens_out = wire_get_u64(&in->r);
    r->cost = codec_get_f64(in);
    return &r->head;
}

static const struct tt_event *get_enqueued(struct codec_in *in)
{
    struct tt_enqueued *q = arena_alloc(in->arena, 1, sizeof *q);

    q->head.size = sizeof *q;
    q->ref = wire_get_u64(&in->r);
    if (q->ref < TT_REF_HOST)
        codec_bad(in, "an enqueued candidate whose ref is not the host's");
    codec_get_candidate(in, &q->candidate);
    return &q->head;
}

static const struct tt_event *get_budget_event(struct codec_in *in)
{
    struct tt_budget_event *v = arena_alloc(in->arena, 1, sizeof *v);

    v->head.size = sizeof *v;
    codec_get_budget(in, &v->budget);
    return &v->head;
}

static void put_event(struct buf *b, const struct tt_event *event)
{
    const void *record = event;
    const struct tt_enqueued *q;

    wire_u32(b, event->kind);
    wire_u64(b, event->position);
    wire_u64(b, event->time_ms);
    switch ((enum tt_event_kind)event->kind) {
    case TT_RESULT:
    case TT_PARTIAL:
        put_result(b, record);
        return;
    case TT_FAILED:
    case TT_CANCELLED:
        put_failure(b, record);
        return;
    case TT_LLM_REPLY:
        put_llm_reply(b, record);
        return;
    case TT_ENQUEUED:
        q = record;
        wire_u64(b, q->ref);
        codec_put_candidate(b, &q->candidate);
        return;
    case TT_BUDGET:
    case TT_DEADLINE:
        codec_put_budget(b, &((const struct tt_budget_event *)record)->budget);
        return;
    }
    TT_ASSERT(!"an event of a kind that the codec knows");
}

static const struct tt_event *get_event(struct codec_in *in)
{
    uint32_t kind = codec_get_enum(in, TT_RESULT, TT_DEADLINE,
                                   "an unknown kind of event");
    uint64_t position = wire_get_u64(&in->r), time_ms = wire_get_u64(&in->r);
    const struct tt_event *event = NULL;
    struct tt_event *head;

    switch ((enum tt_event_kind)kind) {
    case TT_RESULT:
    case TT_PARTIAL:
        event = get_result(in);
        break;
    case TT_FAILED:
    case TT_CANCELLED:
        event = get_failure(in);
        break;
    case TT_LLM_REPLY:
        event = get_llm_reply(in);
        break;
    case TT_ENQUEUED:
        event = get_enqueued(in);
        break;
    case TT_BUDGET:
    case TT_DEADLINE:
        event = get_budget_event(in);
        break;
    }
    head = (struct tt_event *)(uintptr_t)event; /* ours, still being filled */
    head->kind = kind;
    head->position = position;
    head->time_ms = time_ms;
    return event;
}

/* --- STEP ---------------------------------------------------------------- */

void codec_put_step(struct buf *b, const struct tt_event *const *events,
                    uint64_t n_events, const struct tt_ask *ask)
{
    uint64_t i;

    wire_u32(b, (uint32_t)n_events);
    for (i = 0; i < n_events; i++)
        put_event(b, events[i]);
    wire_u64(b, ask->position);
    wire_u64(b, ask->time_ms);
    wire_u64(b, ask->max);
    codec_put_u64s(b, ask->pending, ask->n_pending);
}

int codec_get_step(struct tt_str bytes, struct arena *a,
                   struct codec_step *step, struct err *e)
{
    struct codec_in in = codec_in_of(bytes, a);
    struct tt_ask *ask = arena_alloc(a, 1, sizeof *ask);
    const struct tt_event **events;
    uint32_t i, n = codec_get_count(&in, LEAST_EVENT);

    events = arena_alloc(a, n, sizeof *events);
    for (i = 0; i < n && !in.r.bad; i++)
        events[i] = get_event(&in);
    ask->size = sizeof *ask;
    ask->position = wire_get_u64(&in.r);
    ask->time_ms = wire_get_u64(&in.r);
    ask->max = wire_get_u64(&in.r);
    ask->pending = codec_get_u64s(&in, &ask->n_pending);
    step->events = events;
    step->n_events = i;
    step->ask = ask;
    return codec_end(&in, "step", e);
}
