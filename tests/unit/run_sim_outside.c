/* SPDX-License-Identifier: MIT
 *
 * run_sim_outside.c - the outside of run_sim.h: it evaluates, and remembers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "tests/unit/run_sim_in.h"

/* --- the outside ---------------------------------------------------------- */

static struct sim_outside *outside(struct sim *s, struct tt_str id)
{
    size_t i;

    for (i = 0; i < s->n_outside; i++)
        if (tt_str_equal(id, tt_str_of(s->outside[i].id)))
            return &s->outside[i];
    return NULL;
}

static double hill(const struct tt_candidate *c, uint64_t id)
{
    double sum = 0.0, x;
    uint64_t i;

    for (i = 0; i < c->n_values; i++) {
        x = tt_candidate_value(c, i)->number - 0.7;
        sum -= x * x;
    }
    return sum + 0.01 * (double)id;
}

static char *outputs_of(struct sim *s, const struct tt_evaluation *v)
{
    struct buf b = { 0 };
    char number[32];
    uint64_t i;

    if (s->o.outputs != NULL && s->o.outputs(s->o.ctx, v) != NULL)
        return xstrdup(s->o.outputs(s->o.ctx, v));
    buf_adds(&b, "{\"node_results\":{\"score\":{\"metric_name\":\"score\","
                 "\"corpus_score\":0.5,\"per_item\":[");
    for (i = 0; i < v->n_cases; i++) {
        double x = s->o.score != NULL
                       ? s->o.score(s->o.ctx, &v->candidate, v->cases[i].id)
                       : hill(&v->candidate, v->cases[i].id);

        json_number(x, number);
        buf_addf(&b, "%s%s", i > 0 ? "," : "", number);
    }
    buf_adds(&b, "]}}}");
    return buf_steal(&b);
}

static struct sim_outside *dispatch(struct sim *s, struct tt_str label,
                                    const struct tt_evaluation *v)
{
    struct sim_outside *o = outside(s, v->id);

    if (o != NULL) {
        o->dispatched++;
        sim_violate(s, "evaluation %s was dispatched twice", o->id);
        return o;
    }
    s->outside = xrealloc(s->outside, s->n_outside + 1, sizeof *o);
    o = &s->outside[s->n_outside++];
    memset(o, 0, sizeof *o);
    o->id = xstr(v->id);
    o->label = xstr(label);
    o->dispatched = 1;
    o->ready_ms = s->now_ms +
                  (s->o.slow > 0 ? tt_random_below(&s->random,
                                                   20 * s->o.slow) : 0);
    o->state = sim_chance(s, s->o.error) ? TT_ERROR
               : sim_chance(s, s->o.lost) ? TT_LOST : TT_SUCCEEDED;
    o->cost = 0.001;
    o->outputs = outputs_of(s, v);
    return o;
}

static void put_outcome(struct buf *b, const struct sim_outside *o,
                        bool running)
{
    struct tt_outcome out = { .size = sizeof out,
                              .state = running ? TT_RUNNING : o->state };

    out.id = out.handle = tt_str_of(o->id);
    out.message = tt_str_of(out.state == TT_SUCCEEDED ? "" : "so it went");
    if (out.state == TT_SUCCEEDED) {
        out.outputs = tt_str_of(o->outputs);
        out.cost = o->cost;
        out.tokens_in = 3;
    }
    codec_put_outcome(b, &out);
}

static void fail_call(struct sim *s, uint64_t number)
{
    struct sim_delivery *d = sim_deliver(s, RUN_EV_CALL_FAILED, number,
                                         sim_jitter(s));

    d->ev.code = TT_ETIMEOUT;
    (void)snprintf(d->text, sizeof d->text, "no answer came");
}

static void check_intent(struct sim *s, const struct tt_evaluation *v,
                         struct tt_str label)
{
    const char *slash = memchr(v->id.p, '/', (size_t)v->id.n);
    json_object *o = sim_json(s, STORE_EVALUATION,
                              slash != NULL ? strtoull(slash + 1, NULL, 10)
                                            : 0);

    if (o == NULL || !tt_str_equal(v->id, tt_str_of(json_str(o, "id"))) ||
        !tt_str_equal(label, tt_str_of(json_str(o, "label"))))
        sim_violate(s, "an evaluation was sent whose intent is not stored");
    json_object_put(o);
}

void sim_submit(struct sim *s, const struct run_command *c)
{
    const struct tt_batch *batch = NULL;
    struct arena a = { 0 };
    struct sim_delivery *d;
    struct buf b = { 0 };
    uint64_t i;

    if (codec_get_batch(buf_str(&c->payload), &a, &batch, NULL) != 0) {
        sim_violate(s, "a batch cannot be read");
        return;
    }
    if (run_in_flight(s->run) > s->peak_in_flight)
        s->peak_in_flight = run_in_flight(s->run);
    codec_put_again(&b, 0);
    for (i = 0; i < batch->n_evaluations; i++) {
        const struct tt_evaluation *v = &batch->evaluations[i];
        struct tt_outcome out = { .size = sizeof out, .state = TT_LATER,
                                  .id = v->id };

        check_intent(s, v, batch->label);
        if (sim_chance(s, s->o.later))
            codec_put_outcome(&b, &out);
        else if (!sim_chance(s, s->o.unsure / 2)) /* else lost unheard */
            put_outcome(&b, dispatch(s, batch->label, v), s->o.slow > 0);
    }
    if (sim_chance(s, s->o.unsure)) {
        fail_call(s, c->number);
    } else {
        d = sim_deliver(s, RUN_EV_OUTCOMES, c->number, sim_jitter(s));
        d->bytes = b;
        memset(&b, 0, sizeof b);
    }
    buf_fini(&b);
    arena_fini(&a);
}

void sim_answer_strs(struct sim *s, const struct run_command *c)
{
    const struct tt_str *strs = NULL;
    struct arena a = { 0 };
    struct sim_delivery *d;
    struct buf b = { 0 };
    uint64_t n = 0, i;
    size_t k;

    (void)codec_get_strs(buf_str(&c->payload), &a, &strs, &n, NULL);
    codec_put_again(&b, 50);
    for (i = 0; i < n; i++)
        for (k = 0; k < s->n_outside; k++) {
            struct sim_outside *o = &s->outside[k];
            bool ready = s->now_ms >= o->ready_ms;

            if (c->kind == RUN_DO_FIND &&
                tt_str_equal(strs[i], tt_str_of(o->label)))
                put_outcome(&b, o, !ready);
            if (c->kind == RUN_DO_COLLECT && ready &&
                tt_str_equal(strs[i], tt_str_of(o->id)))
                put_outcome(&b, o, false);
            if (c->kind == RUN_DO_ABANDON &&
                tt_str_equal(strs[i], tt_str_of(o->id)))
                o->abandoned++;
        }
    arena_fini(&a);
    if (c->kind == RUN_DO_ABANDON) {
        buf_fini(&b);
        return;
    }
    if (sim_chance(s, s->o.unsure)) {
        fail_call(s, c->number);
        buf_fini(&b);
        return;
    }
    d = sim_deliver(s, RUN_EV_OUTCOMES, c->number, sim_jitter(s));
    d->bytes = b;
}
