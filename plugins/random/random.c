/* SPDX-License-Identifier: MIT
 *
 * random - uniform search: the floor that every other strategy must beat. */
#include <trimtab/asktell.h>

/* On a small finite space most draws have been seen before; after this many
 * the helper walks to the next unseen candidate instead. */
#define REDRAWS 32

static void draw(const struct tt_space *space, struct tt_random *random,
                 struct tt_value *values)
{
    uint64_t i;

    for (i = 0; i < space->n_params; i++) {
        const struct tt_param *p = tt_space_param(space, i);

        if (tt_param_searched(p))
            values[i].number = tt_param_from_unit(p, tt_random_unit(random));
    }
    tt_values_settle(space, values);
}

static int random_ask(struct tt_asktell *at, struct tt_proposal *p,
                      struct tt_error *e)
{
    int tries = 0;

    (void)e;
    p->origin = "random";
    do {
        draw(at->space, &p->random, p->values);
    } while (at->space_size < HUGE_VAL && ++tries < REDRAWS &&
             tt_asktell_seen(at, p->values) != NULL);
    return 0;
}

static const struct tt_asktell_ops random_ops = {
    .ask = random_ask,
    .unique = 1,
};
TT_ASKTELL_STRATEGY(random_strategy, random_ops);

static const struct tt_plugin random_plugin = {
    .size = sizeof(struct tt_plugin),
    .abi_major = TT_ABI_MAJOR,
    .abi_minor = TT_ABI_MINOR_WANTED,
    .kind = TT_KIND_STRATEGY,
    .id = "random",
    .version = "1.0.0",
    .name = "Random search",
    .summary = "Draws every parameter uniformly; never the same candidate of "
               "a finite space twice.",
    .vendor = "Trimtab",
    .license = "MIT",
    .url = "https://www.jmlr.org/papers/v13/bergstra12a.html",
    .config_schema = "{\"type\":\"object\",\"properties\":{},"
                     "\"additionalProperties\":false}",
    .caps = TT_CAP_DETERMINISTIC | TT_CAP_SNAPSHOT | TT_CAP_PENDING |
            TT_CAP_NOISE | TT_CAP_CONDITIONS,
    .param_kinds = TT_KINDS_NUMERIC,
    .state_schema = 1,
    .state_schema_min = 1,
    .strategy = &random_strategy,
};

TT_DECLARE_PLUGIN(random_plugin, TT_KIND_STRATEGY, "random", "1.0.0");
