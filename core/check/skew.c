/* SPDX-License-Identifier: MIT
 *
 * skew.c - see skew.h. */
#include <string.h>

#include "core/check/skew.h"

#define MORE 24u   /* bytes that we know nothing of */
#define NEW 0xa5   /* what they hold */

/* A record with its size in front, and some more behind. */
static void *grown(const void *record, size_t size, struct arena *a)
{
    char *copy = arena_alloc(a, 1, size + MORE);
    uint32_t n = (uint32_t)size + MORE;

    memcpy(copy, record, size);
    memset(copy + size, NEW, MORE);
    memcpy(copy, &n, sizeof n);
    return copy;
}

/* Elements of `size` bytes that lie `stride` apart, further apart. */
static void *spread(const void *elements, uint64_t n, size_t size,
                    uint64_t stride, uint32_t *new_stride, struct arena *a)
{
    char *copy = arena_alloc(a, (size_t)n + 1, size + MORE);
    uint64_t i;

    *new_stride = (uint32_t)size + MORE;
    memset(copy, NEW, (size_t)(n + 1) * (size + MORE));
    for (i = 0; i < n; i++)
        memcpy(copy + i * (size + MORE),
               (const char *)elements + i * stride, size);
    return copy;
}

static const struct tt_space *skew_space(const struct tt_space *s,
                                         struct arena *a)
{
    struct tt_space *copy = grown(s, sizeof *s, a);

    copy->params = spread(s->params, s->n_params, sizeof *s->params,
                          s->param_size, &copy->param_size, a);
    return copy;
}

static const struct tt_config *skew_config(const struct tt_config *c,
                                           struct arena *a)
{
    struct tt_config *copy;

    if (c == NULL)
        return NULL;
    copy = grown(c, sizeof *c, a);
    copy->items = spread(c->items, c->n_items, sizeof *c->items, c->item_size,
                         &copy->item_size, a);
    return copy;
}

static void skew_candidate(struct tt_candidate *c, struct arena *a)
{
    if (c->n_values > 0)
        c->values = spread(c->values, c->n_values, sizeof *c->values,
                           c->value_size, &c->value_size, a);
}

const struct tt_problem *skew_problem(const struct tt_problem *p,
                                      struct arena *a)
{
    struct tt_problem *copy = grown(p, sizeof *p, a);

    copy->space = skew_space(p->space, a);
    copy->config = skew_config(p->config, a);
    return copy;
}

const struct tt_setup *skew_setup(const struct tt_setup *s, struct arena *a)
{
    struct tt_setup *copy = grown(s, sizeof *s, a);

    copy->space = skew_space(s->space, a);
    copy->config = skew_config(s->config, a);
    return copy;
}

const struct tt_snapshot *skew_snapshot(const struct tt_snapshot *s,
                                        struct arena *a)
{
    return s != NULL ? grown(s, sizeof *s, a) : NULL;
}

static size_t size_of(uint32_t kind)
{
    switch (kind) {
    case TT_RESULT:
    case TT_PARTIAL:
        return sizeof(struct tt_result);
    case TT_FAILED:
    case TT_CANCELLED:
        return sizeof(struct tt_failure);
    case TT_LLM_REPLY:
        return sizeof(struct tt_llm_reply);
    case TT_ENQUEUED:
        return sizeof(struct tt_enqueued);
    case TT_BUDGET:
    case TT_DEADLINE:
        return sizeof(struct tt_budget_event);
    default:
        return sizeof(struct tt_event);
    }
}

const struct tt_event *skew_event(const struct tt_event *event,
                                  struct arena *a)
{
    void *copy = grown(event, size_of(event->kind), a);
    struct tt_result *r = copy;
    struct tt_enqueued *q = copy;

    if (event->kind == TT_RESULT || event->kind == TT_PARTIAL)
        r->cases = spread(r->cases, r->n_cases, sizeof *r->cases, r->case_size,
                          &r->case_size, a);
    if (event->kind == TT_ENQUEUED)
        skew_candidate(&q->candidate, a);
    return copy;
}

const struct tt_ask *skew_ask(const struct tt_ask *ask, struct arena *a)
{
    return grown(ask, sizeof *ask, a);
}

const struct tt_batch *skew_batch(const struct tt_batch *batch,
                                  struct arena *a)
{
    struct tt_batch *copy = grown(batch, sizeof *batch, a);
    char *evaluations = spread(batch->evaluations, batch->n_evaluations,
                               sizeof *batch->evaluations,
                               batch->evaluation_size, &copy->evaluation_size,
                               a);
    uint64_t i;

    for (i = 0; i < batch->n_evaluations; i++) {
        struct tt_evaluation *v = (struct tt_evaluation *)(void *)(
            evaluations + i * copy->evaluation_size);

        v->size = copy->evaluation_size;
        v->cases = spread(v->cases, v->n_cases, sizeof *v->cases, v->case_size,
                          &v->case_size, a);
        skew_candidate(&v->candidate, a);
    }
    copy->evaluations = (const struct tt_evaluation *)(void *)evaluations;
    return copy;
}

const struct tt_host *skew_host(const struct tt_host *host, struct arena *a)
{
    struct tt_host *copy = grown(host, sizeof *host, a);

    copy->abi_minor++;
    return copy;
}
