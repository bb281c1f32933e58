/* SPDX-License-Identifier: MIT
 *
 * zoo.h - the frame around the strategies of the zoo: each brings a zoo_next()
 * and ends with ZOO_DECLARE(id). */
#ifndef TT_TESTS_ZOO_H
#define TT_TESTS_ZOO_H

#include <math.h>
#include <stdlib.h>
#include <trimtab/strategy.h>

struct tt_instance {
    const struct tt_host *host;
    const struct tt_problem *problem;
    uint64_t n_asks, next_ref;
};

static int zoo_next(struct tt_instance *self, const struct tt_ask *ask,
                    const struct tt_action_sink *sink, struct tt_error *e);

static int zoo_open(const struct tt_host *host,
                    const struct tt_problem *problem,
                    const struct tt_snapshot *snapshot,
                    struct tt_instance **out, struct tt_error *e)
{
    struct tt_instance *self = calloc(1, sizeof *self);

    (void)snapshot;
    if (self == NULL)
        return tt_fail(e, TT_ENOMEM, "zoo: out of memory");
    self->host = host;
    self->problem = problem;
    *out = self;
    return 0;
}

static int zoo_on_event(struct tt_instance *self, const struct tt_event *event,
                        struct tt_error *e)
{
    (void)self;
    (void)event;
    (void)e;
    return 0;
}

static void zoo_close(struct tt_instance *self)
{
    free(self);
}

/* Emit n values, all in the middle of their range; but the first is `first`
 * where that is not NAN or `force` is set. */
static inline int zoo_emit(struct tt_instance *self,
                           const struct tt_action_sink *sink, uint64_t n,
                           double first, int force)
{
    struct tt_value values[64] = { { 0 } };
    struct tt_evaluate v = { .head = { sizeof v, TT_EVALUATE } };
    const struct tt_param *p;
    uint64_t i;

    for (i = 0; i < n && i < 64; i++) {
        if (i < self->problem->space->n_params) {
            p = tt_space_param(self->problem->space, i);
            values[i].number = p->kind == TT_FLOAT ? (p->lo + p->hi) / 2
                                                   : p->default_number;
            values[i].text = p->default_text;
        }
    }
    if (force || !isnan(first))
        values[0].number = first;
    v.ref = self->next_ref++;
    v.candidate.size = sizeof v.candidate;
    v.candidate.value_size = sizeof values[0];
    v.candidate.n_values = n;
    v.candidate.values = values;
    v.candidate.origin = tt_str_of("zoo");
    v.predicted_mean = v.predicted_sd = v.acquisition = (double)NAN;
    return sink->emit(sink, &v.head);
}

static inline int zoo_done(const struct tt_action_sink *sink,
                           const char *reason)
{
    struct tt_done done = { .head = { sizeof done, TT_DONE } };

    done.reason = tt_str_of(reason);
    return sink->emit(sink, &done.head);
}

static const struct tt_strategy zoo_strategy = {
    .open = zoo_open, .on_event = zoo_on_event, .next = zoo_next,
    .close = zoo_close,
};

#define ZOO_DECLARE_SCHEMA(id_, schema_)                                       \
    static const struct tt_plugin zoo_plugin = {                               \
        .size = sizeof zoo_plugin, .abi_major = TT_ABI_MAJOR,                  \
        .abi_minor = TT_ABI_MINOR_WANTED, .kind = TT_KIND_STRATEGY,            \
        .id = id_, .version = "1.0.0", .name = id_,                            \
        .summary = "An animal of the zoo.", .vendor = "trimtab",               \
        .license = "MIT", .config_schema = schema_,                            \
        .caps = TT_CAP_PENDING,                                                \
        .param_kinds = TT_KINDS_NUMERIC | TT_KIND_BIT(TT_TEXT),                \
        .strategy = &zoo_strategy,                                             \
    };                                                                         \
    TT_DECLARE_PLUGIN(zoo_plugin, TT_KIND_STRATEGY, id_, "1.0.0")
#define ZOO_DECLARE(id_) ZOO_DECLARE_SCHEMA(id_, "{\"type\":\"object\"}")

#endif
