/* SPDX-License-Identifier: MIT
 *
 * zoo_state.c - saves a state in which a pointer is stored, dies when it is
 * well known, and follows that pointer when it is opened again. */
#include "zoo.h"

struct state {
    volatile int *where;
};

static int state_open(const struct tt_host *host,
                      const struct tt_problem *problem,
                      const struct tt_snapshot *snapshot,
                      struct tt_instance **out, struct tt_error *e)
{
    struct state state;

    if (snapshot != NULL) {
        memcpy(&state, snapshot->bytes, sizeof state);
        return *state.where;
    }
    return zoo_open(host, problem, snapshot, out, e);
}

static int state_snapshot(struct tt_instance *self, const struct tt_sink *sink,
                          struct tt_error *e)
{
    const struct state state = { (volatile int *)(uintptr_t)0x51a7e };

    (void)e;
    self->n_asks = UINT32_MAX;
    return sink->write(sink, &state, sizeof state);
}

static int zoo_next(struct tt_instance *self, const struct tt_ask *ask,
                    const struct tt_action_sink *sink, struct tt_error *e)
{
    uint64_t i;
    int rc = 0;

    (void)e;
    if (self->n_asks++ >= UINT32_MAX)
        abort(); /* its state is saved */
    for (i = 0; i < ask->max && rc == 0; i++)
        rc = zoo_emit(self, sink, self->problem->space->n_params, (double)NAN,
                      0);
    return rc;
}

static const struct tt_strategy state_strategy = {
    .open = state_open, .on_event = zoo_on_event, .next = zoo_next,
    .snapshot = state_snapshot, .close = zoo_close,
};

static const struct tt_plugin plugin = {
    .size = sizeof plugin, .abi_major = TT_ABI_MAJOR,
    .abi_minor = TT_ABI_MINOR_WANTED, .kind = TT_KIND_STRATEGY,
    .id = "zoo-state", .version = "1.0.0", .name = "zoo-state",
    .summary = "An animal of the zoo.", .vendor = "trimtab", .license = "MIT",
    .config_schema = "{\"type\":\"object\"}", .state_schema = 1,
    .caps = TT_CAP_PENDING | TT_CAP_SNAPSHOT,
    .param_kinds = TT_KINDS_NUMERIC | TT_KIND_BIT(TT_TEXT),
    .strategy = &state_strategy,
};
TT_DECLARE_PLUGIN(plugin, TT_KIND_STRATEGY, "zoo-state", "1.0.0");
