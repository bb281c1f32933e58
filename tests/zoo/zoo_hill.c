/* SPDX-License-Identifier: MIT
 *
 * zoo_hill.c - an adapter of blocking.h: a hill with its top at 0.7 in each
 * number. It takes its time where the configuration says so. */
#include <time.h>
#include <trimtab/blocking.h>

static int hill_evaluate(struct tt_blocking *b,
                         const struct tt_candidate *candidate,
                         const struct tt_case *c, struct tt_reply *reply,
                         struct tt_error *e)
{
    double ms = tt_config_number(b->setup->config, "sleep_ms", 0.0);
    struct timespec t = { 0, (long)ms * 1000000L };
    double height = 1.0;
    uint64_t i;

    (void)e;
    for (i = 0; i < candidate->n_values; i++) {
        double x = tt_candidate_value(candidate, i)->number - 0.7;

        height -= x * x;
    }
    if (ms > 0.0)
        (void)nanosleep(&t, NULL);
    tt_reply_score(reply, height + 0.001 * (double)(c->id % 3));
    tt_reply_feedback(reply, tt_str_of(height < 0.9 ? "go higher" : "good"));
    tt_reply_usage(reply, 10, 2, 0.0001);
    return 0;
}

static const struct tt_blocking_ops hill_ops = { "score", 0, NULL, NULL,
                                                 hill_evaluate };
TT_BLOCKING_ADAPTER(hill_adapter, hill_ops);

static const struct tt_plugin plugin = {
    .size = sizeof plugin, .abi_major = TT_ABI_MAJOR,
    .abi_minor = TT_ABI_MINOR_WANTED, .kind = TT_KIND_ADAPTER,
    .id = "zoo-hill", .version = "1.0.0", .name = "zoo-hill",
    .summary = "A hill.", .vendor = "trimtab", .license = "MIT",
    .config_schema = "{\"type\":\"object\",\"properties\":{\"sleep_ms\":{"
                     "\"type\":\"integer\",\"minimum\":0,\"maximum\":999,"
                     "\"default\":0}},\"additionalProperties\":false}",
    .adapter = &hill_adapter,
};
TT_DECLARE_PLUGIN(plugin, TT_KIND_ADAPTER, "zoo-hill", "1.0.0");
