/* SPDX-License-Identifier: MIT
 *
 * zoo_mismatch.c - its note and its description name different plugins. */
#include "zoo.h"

static int zoo_next(struct tt_instance *self, const struct tt_ask *ask,
                    const struct tt_action_sink *sink, struct tt_error *e)
{
    (void)self;
    (void)ask;
    (void)e;
    return zoo_done(sink, "never");
}

static const struct tt_plugin zoo_plugin = {
    .size = sizeof zoo_plugin, .abi_major = TT_ABI_MAJOR,
    .kind = TT_KIND_STRATEGY, .id = "zoo-mismatch", .version = "1.0.0",
    .name = "x", .summary = "x", .vendor = "x", .license = "MIT",
    .strategy = &zoo_strategy,
};
TT_DECLARE_PLUGIN(zoo_plugin, TT_KIND_STRATEGY, "zoo-match", "1.0.0");
