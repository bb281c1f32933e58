/* SPDX-License-Identifier: MIT
 *
 * codec_action.c - what a strategy wants: ACTIONS. */
#include "core/host/codec_wire.h"

#include "core/base/mem.h"

#define LEAST_ACTION 4u /* kind */
#define LEAST_MESSAGE 8u

/* --- actions ------------------------------------------------------------- */

/* Only what the mode reads is written, so that garbage in the rest of the
 * record does not make two equal actions differ. */
static void put_cases(struct buf *b, const struct tt_case_set *c)
{
    wire_u32(b, c->mode);
    if (c->mode == TT_CASES_DEFAULT)
        return;
    wire_u32(b, c->split);
    if (c->mode == TT_CASES_NEXT)
        wire_u64(b, c->m);
    if (c->mode == TT_CASES_LIST)
        codec_put_u64s(b, c->ids, c->n_ids);
}

static void get_case_set(struct codec_in *in, struct tt_case_set *c)
{
    c->mode = codec_get_enum(in, TT_CASES_DEFAULT, TT_CASES_LIST,
                             "an unknown way to name cases");
    if (c->mode == TT_CASES_DEFAULT)
        return;
    c->split = codec_get_enum(in, TT_TRAIN, TT_HOLDOUT, "an unknown split");
    if (c->mode == TT_CASES_NEXT)
        c->m = wire_get_u64(&in->r);
    if (c->mode == TT_CASES_LIST)
        c->ids = codec_get_u64s(in, &c->n_ids);
}

static void put_evaluate(struct buf *b, const struct tt_evaluate *v)
{
    wire_u64(b, v->ref);
    codec_put_candidate(b, &v->candidate);
    put_cases(b, &v->cases);
    wire_u32(b, v->repeats);
    wire_u32(b, v->flags);
    wire_u32(b, (uint32_t)v->priority);
    codec_put_f64(b, v->predicted_mean);
    codec_put_f64(b, v->predicted_sd);
    codec_put_f64(b, v->acquisition);
}

static const struct tt_action *get_evaluate(struct codec_in *in)
{
    struct tt_evaluate *v = arena_alloc(in->arena, 1, sizeof *v);

    v->head.size = sizeof *v;
    v->head.kind = TT_EVALUATE;
    v->ref = wire_get_u64(&in->r);
    codec_get_candidate(in, &v->candidate);
    get_case_set(in, &v->cases);
    v->repeats = wire_get_u32(&in->r);
    v->flags = codec_get_flags(in, TT_WANT_FEEDBACK | TT_WANT_TRACES,
                               "unknown flags of EVALUATE");
    v->priority = (int32_t)wire_get_u32(&in->r);
    v->predicted_mean = codec_get_f64(in);
    v->predicted_sd = codec_get_f64(in);
    v->acquisition = codec_get_f64(in);
    return &v->head;
}

static void put_llm(struct buf *b, const struct tt_llm *l)
{
    uint64_t i;

    wire_u64(b, l->request);
    wire_u32(b, (uint32_t)l->n_messages);
    for (i = 0; i < l->n_messages; i++) {
        codec_put_text(b, l->messages[i].role);
        codec_put_text(b, l->messages[i].text);
    }
    codec_put_text(b, l->role);
    codec_put_text(b, l->purpose);
    wire_u32(b, l->max_tokens);
    codec_put_f64(b, l->temperature);
}

static const struct tt_action *get_llm(struct codec_in *in)
{
    struct tt_llm *l = arena_alloc(in->arena, 1, sizeof *l);
    struct tt_message *messages;
    uint32_t i;

    l->head.size = sizeof *l;
    l->head.kind = TT_LLM;
    l->request = wire_get_u64(&in->r);
    l->n_messages = codec_get_count(in, LEAST_MESSAGE);
    messages = arena_alloc(in->arena, (size_t)l->n_messages, sizeof *messages);
    for (i = 0; i < l->n_messages; i++) {
        messages[i].role = codec_get_text(in);
        messages[i].text = codec_get_text(in);
    }
    l->messages = messages;
    l->role = codec_get_text(in);
    l->purpose = codec_get_text(in);
    l->max_tokens = wire_get_u32(&in->r);
    l->temperature = codec_get_f64(in);
    return &l->head;
}

static const struct tt_action *get_prune(struct codec_in *in)
{
    struct tt_prune *p = arena_alloc(in->arena, 1, sizeof *p);

    p->head.size = sizeof *p;
    p->head.kind = TT_PRUNE;
    p->ref = wire_get_u64(&in->r);
    p->reason = codec_get_text(in);
    return &p->head;
}

static const struct tt_action *get_wait(struct codec_in *in)
{
    struct tt_wait *w = arena_alloc(in->arena, 1, sizeof *w);

    w->head.size = sizeof *w;
    w->head.kind = TT_WAIT;
    return &w->head;
}

static const struct tt_action *get_done(struct codec_in *in)
{
    struct tt_done *d = arena_alloc(in->arena, 1, sizeof *d);

    d->head.size = sizeof *d;
    d->head.kind = TT_DONE;
    d->reason = codec_get_text(in);
    return &d->head;
}

static const struct tt_action *get_action(struct codec_in *in)
{
    switch ((enum tt_action_kind)codec_get_enum(in, TT_EVALUATE, TT_DONE,
                                                "an unknown kind of action")) {
    case TT_EVALUATE:
        return get_evaluate(in);
    case TT_PRUNE:
        return get_prune(in);
    case TT_LLM:
        return get_llm(in);
    case TT_WAIT:
        return get_wait(in);
    case TT_DONE:
        return get_done(in);
    }
    return NULL;
}

void codec_put_action(struct buf *b, const struct tt_action *action)
{
    const void *record = action;

    if (b->len == 0)
        wire_u32(b, 0);
    codec_set_u32(b, 0, codec_peek_u32(b, 0) + 1);
    wire_u32(b, action->kind);
    switch ((enum tt_action_kind)action->kind) {
    case TT_EVALUATE:
        put_evaluate(b, record);
        return;
    case TT_PRUNE:
        wire_u64(b, ((const struct tt_prune *)record)->ref);
        codec_put_text(b, ((const struct tt_prune *)record)->reason);
        return;
    case TT_LLM:
        put_llm(b, record);
        return;
    case TT_WAIT:
        return;
    case TT_DONE:
        codec_put_text(b, ((const struct tt_done *)record)->reason);
        return;
    }
    TT_ASSERT(!"an action of a kind that the codec knows");
}

int codec_get_actions(struct tt_str bytes, struct arena *a,
                      struct codec_actions *actions, struct err *e)
{
    struct codec_in in = codec_in_of(bytes, a);
    const struct tt_action **list;
    uint32_t i, n = 0;

    if (bytes.n > 0) {
        n = codec_get_count(&in, LEAST_ACTION);
        if (n == 0 || n > CODEC_MAX_RECORDS)
            codec_bad(&in, "a number of actions that cannot be");
    }
    if (in.r.bad)
        n = 0;
    list = arena_alloc(a, n, sizeof *list);
    for (i = 0; i < n && !in.r.bad; i++)
        list[i] = get_action(&in);
    actions->actions = list;
    actions->n = i;
    return codec_end(&in, "actions", e);
}
