/* SPDX-License-Identifier: MIT
 *
 * codec_adapter.c - SUBMIT and OUTCOMES. */
#include "core/host/codec_wire.h"

#include "core/base/mem.h"

#define LEAST_CASE 16u
#define LEAST_EVALUATION 36u
#define LEAST_OUTCOME 56u
#define AGAIN_BYTES 8u /* again_ms stands before the count */

/* --- SUBMIT -------------------------------------------------------------- */

static const struct tt_case *case_at(const struct tt_evaluation *v, uint64_t i)
{
    return (const struct tt_case *)(const void *)((const char *)v->cases +
                                                  i * v->case_size);
}

static const struct tt_evaluation *evaluation_at(const struct tt_batch *batch,
                                                 uint64_t i)
{
    return (const struct tt_evaluation *)(const void *)(
        (const char *)batch->evaluations + i * batch->evaluation_size);
}

static void put_evaluation(struct buf *b, const struct tt_evaluation *v)
{
    uint64_t i;

    codec_put_text(b, v->id);
    codec_put_candidate(b, &v->candidate);
    wire_u32(b, (uint32_t)v->n_cases);
    for (i = 0; i < v->n_cases; i++) {
        wire_u64(b, case_at(v, i)->id);
        wire_u32(b, case_at(v, i)->split);
        codec_put_text(b, case_at(v, i)->content);
    }
    wire_u32(b, v->repeat);
    wire_u32(b, v->flags);
    wire_u64(b, v->candidate_number);
}

static void get_evaluation(struct codec_in *in, struct tt_evaluation *v)
{
    struct tt_case *cases;
    uint32_t i, n;

    v->size = sizeof *v;
    v->id = codec_get_text(in);
    codec_get_candidate(in, &v->candidate);
    n = codec_get_count(in, LEAST_CASE);
    cases = arena_alloc(in->arena, n, sizeof *cases);
    for (i = 0; i < n; i++) {
        cases[i].id = wire_get_u64(&in->r);
        cases[i].split = codec_get_enum(in, TT_TRAIN, TT_HOLDOUT,
                                        "an unknown split");
        cases[i].content = codec_get_text(in);
    }
    v->case_size = sizeof *cases;
    v->cases = cases;
    v->n_cases = n;
    v->repeat = wire_get_u32(&in->r);
    v->flags = codec_get_flags(in, TT_WANT_FEEDBACK | TT_WANT_TRACES,
                               "unknown flags of an evaluation");
    v->candidate_number = wire_get_u64(&in->r);
}

void codec_put_batch(struct buf *b, const struct tt_batch *batch)
{
    uint64_t i;

    codec_put_text(b, batch->label);
    wire_u64(b, batch->now_ms);
    wire_u32(b, (uint32_t)batch->n_evaluations);
    for (i = 0; i < batch->n_evaluations; i++)
        put_evaluation(b, evaluation_at(batch, i));
}

int codec_get_batch(struct tt_str bytes, struct arena *a,
                    const struct tt_batch **batch, struct err *e)
{
    struct codec_in in = codec_in_of(bytes, a);
    struct tt_batch *out = arena_alloc(a, 1, sizeof *out);
    struct tt_evaluation *evaluations;
    uint32_t i, n;

    out->size = sizeof *out;
    out->label = codec_get_text(&in);
    out->now_ms = wire_get_u64(&in.r);
    n = codec_get_count(&in, LEAST_EVALUATION);
    evaluations = arena_alloc(a, n, sizeof *evaluations);
    for (i = 0; i < n; i++)
        get_evaluation(&in, &evaluations[i]);
    out->evaluation_size = sizeof *evaluations;
    out->evaluations = evaluations;
    out->n_evaluations = n;
    *batch = out;
    return codec_end(&in, "batch", e);
}

/* --- OUTCOMES ------------------------------------------------------------ */

void codec_put_again(struct buf *b, uint64_t again_ms)
{
    TT_ASSERT(b->len == 0);
    wire_u64(b, again_ms);
    wire_u32(b, 0);
}

void codec_put_outcome(struct buf *b, const struct tt_outcome *outcome)
{
    codec_set_u32(b, AGAIN_BYTES, codec_peek_u32(b, AGAIN_BYTES) + 1);
    wire_u32(b, outcome->state);
    codec_put_text(b, outcome->id);
    codec_put_text(b, outcome->handle);
    codec_put_text(b, outcome->outputs);
    codec_put_text(b, outcome->message);
    codec_put_text(b, outcome->evidence);
    wire_u64(b, outcome->retry_after_ms);
    wire_u64(b, outcome->tokens_in);
    wire_u64(b, outcome->tokens_out);
    codec_put_f64(b, outcome->cost);
}

static const struct tt_outcome *get_outcome(struct codec_in *in)
{
    struct tt_outcome *o = arena_alloc(in->arena, 1, sizeof *o);

    o->size = sizeof *o;
    o->state = codec_get_enum(in, TT_RUNNING, TT_LATER,
                              "an unknown state of an outcome");
    o->id = codec_get_text(in);
    o->handle = codec_get_text(in);
    o->outputs = codec_get_text(in);
    o->message = codec_get_text(in);
    o->evidence = codec_get_text(in);
    o->retry_after_ms = wire_get_u64(&in->r);
    o->tokens_in = wire_get_u64(&in->r);
    o->tokens_out = wire_get_u64(&in->r);
    o->cost = codec_get_f64(in);
    return o;
}

int codec_get_outcomes(struct tt_str bytes, struct arena *a,
                       struct codec_outcomes *outcomes, struct err *e)
{
    struct codec_in in = codec_in_of(bytes, a);
    const struct tt_outcome **list;
    uint32_t i, n;

    outcomes->again_ms = wire_get_u64(&in.r);
    n = codec_get_count(&in, LEAST_OUTCOME);
    if (n > CODEC_MAX_RECORDS)
        codec_bad(&in, "a number of outcomes that cannot be");
    if (in.r.bad)
        n = 0;
    list = arena_alloc(a, n, sizeof *list);
    for (i = 0; i < n && !in.r.bad; i++)
        list[i] = get_outcome(&in);
    outcomes->outcomes = list;
    outcomes->n = i;
    return codec_end(&in, "outcomes", e);
}
