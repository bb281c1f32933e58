/* SPDX-License-Identifier: MIT
 *
 * sobol - scrambled Sobol points, in order: an even cover of the space. */
#include <trimtab/asktell.h>
#include <trimtab/sobol.h>

/* On a grid, points fall into cells that have been proposed; after this many
 * in a row the helper walks to the next unseen candidate instead. */
#define SKIPS 64

struct sobol {
    uint64_t index; /* of the next point */
    struct tt_sobol points;
};

static int sobol_validate(const struct tt_problem *problem, struct tt_error *e)
{
    uint64_t dims = tt_cube_dims(problem->space, TT_CUBE_CELL);

    if (dims > TT_SOBOL_DIMS)
        return tt_fail(e, TT_EUNSUPPORTED,
                       "space: %llu parameters to search, sobol knows %u "
                       "dimensions; fix some, or use the strategy random",
                       (unsigned long long)dims, TT_SOBOL_DIMS);
    return 0;
}

static int sobol_init(struct tt_asktell *at, struct tt_error *e)
{
    struct sobol *s = at->state;

    if (tt_sobol_init(&s->points, tt_cube_dims(at->space, TT_CUBE_CELL),
                      at->problem->seed, TT_STREAM_OWN) < 0)
        return tt_fail(e, TT_EUNSUPPORTED, "space: too many parameters");
    return 0;
}

static int sobol_ask(struct tt_asktell *at, struct tt_proposal *p,
                     struct tt_error *e)
{
    struct sobol *s = at->state;
    double x[TT_SOBOL_DIMS];
    int skips = 0;

    p->origin = "init";
    do {
        if (s->index >> 32 != 0)
            return tt_fail(e, TT_ELIMIT, "sobol: all 2^32 points are used");
        tt_sobol_at(&s->points, s->index++, x);
        tt_from_cube(at->space, TT_CUBE_CELL, x, p->values);
    } while (at->space_size < HUGE_VAL && ++skips < SKIPS &&
             tt_asktell_seen(at, p->values) != NULL);
    return 0;
}

static int sobol_save(struct tt_asktell *at, const struct tt_sink *sink,
                      struct tt_error *e)
{
    (void)e;
    return tt_put_u64(sink, ((const struct sobol *)at->state)->index);
}

static int sobol_load(struct tt_asktell *at, const unsigned char *bytes,
                      uint64_t n, struct tt_error *e)
{
    struct tt_reader r = { bytes, n, 0 };

    ((struct sobol *)at->state)->index = tt_get_u64(&r);
    return r.failed ? tt_fail(e, TT_ESTATE, "snapshot: no index") : 0;
}

static const struct tt_asktell_ops sobol_ops = {
    .validate = sobol_validate,
    .state_size = sizeof(struct sobol),
    .init = sobol_init,
    .ask = sobol_ask,
    .save = sobol_save,
    .load = sobol_load,
    .unique = 1,
};
TT_ASKTELL_STRATEGY(sobol_strategy, sobol_ops);

static const struct tt_plugin sobol_plugin = {
    .size = sizeof(struct tt_plugin),
    .abi_major = TT_ABI_MAJOR,
    .abi_minor = TT_ABI_MINOR_WANTED,
    .kind = TT_KIND_STRATEGY,
    .id = "sobol",
    .version = "1.0.0",
    .name = "Scrambled Sobol points",
    .summary = "Covers the space evenly with Owen-scrambled Sobol points of "
               "up to 128 dimensions.",
    .vendor = "Trimtab",
    .license = "MIT AND BSD-3-Clause",
    .url = "https://doi.org/10.1137/070709359",
    .config_schema = "{\"type\":\"object\",\"properties\":{},"
                     "\"additionalProperties\":false}",
    .caps = TT_CAP_DETERMINISTIC | TT_CAP_SNAPSHOT | TT_CAP_PENDING |
            TT_CAP_NOISE | TT_CAP_CONDITIONS,
    .param_kinds = TT_KINDS_NUMERIC,
    .state_schema = 1,
    .state_schema_min = 1,
    .strategy = &sobol_strategy,
};

TT_DECLARE_PLUGIN(sobol_plugin, TT_KIND_STRATEGY, "sobol", "1.0.0");
