/* SPDX-License-Identifier: MIT
 *
 * @NAME@ - a strategy that works as it stands: hill climbing with restarts.
 * It draws around the best candidate so far, closer with every failure to
 * improve, and starts anew where it got stuck. Replace `climb_ask` by your own
 * idea; docs/plugin-guide.md shows how. */
#include <trimtab/asktell.h>

struct climb {
    double radius;   /* of the unit cube's side; shrinks while nothing improves */
    double patience; /* failures until a restart */
    double failures;
    double best;     /* loss of the best trial since the restart */
    const struct tt_trial *at;
};

static int climb_init(struct tt_asktell *at, struct tt_error *e)
{
    struct climb *s = (struct climb *)at->state;

    (void)e;
    s->patience = tt_config_number(at->problem->config, "patience", 12);
    s->radius = 0.5;
    s->best = HUGE_VAL;
    return 0;
}

static int climb_ask(struct tt_asktell *at, struct tt_proposal *p,
                     struct tt_error *e)
{
    const struct climb *s = (const struct climb *)at->state;
    uint64_t i;

    (void)e;
    p->origin = s->at == NULL ? "init" : "mutate";
    for (i = 0; i < at->space->n_params; i++) {
        const struct tt_param *param = tt_space_param(at->space, i);
        double u = tt_random_unit(&p->random);

        if (!tt_param_searched(param))
            continue;
        if (s->at != NULL) {
            u = tt_param_to_unit(param, s->at->values[i].number) +
                s->radius * (2 * u - 1);
            u = u < 0 ? -u : u > 1 ? 2 - u : u; /* reflected at the walls */
        }
        p->values[i].number = tt_param_from_unit(param, u);
    }
    return 0;
}

static int climb_tell(struct tt_asktell *at, const struct tt_trial *t,
                      struct tt_error *e)
{
    struct climb *s = (struct climb *)at->state;

    (void)e;
    if (t->loss < s->best) { /* false for failures: their loss is infinite */
        s->best = t->loss;
        s->at = t;
        s->failures = 0;
    } else if (++s->failures > s->patience) {
        s->at = NULL;
        s->best = HUGE_VAL;
        s->radius = 0.5;
        s->failures = 0;
    } else {
        s->radius = s->radius > 0.02 ? 0.8 * s->radius : s->radius;
    }
    return 0;
}

static const struct tt_asktell_ops climb_ops = {
    NULL, sizeof(struct climb), climb_init, NULL, climb_ask, climb_tell, NULL,
    NULL, 1,
};
TT_ASKTELL_STRATEGY(climb_strategy, climb_ops);

static const struct tt_plugin climb_plugin = {
    sizeof(struct tt_plugin), TT_ABI_MAJOR, TT_ABI_MINOR_WANTED,
    TT_KIND_STRATEGY, "@NAME@", "0.1.0", "@NAME@",
    "Hill climbing with restarts.", "@VENDOR@", "MIT", NULL,
    "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
    "\"patience\":{\"type\":\"integer\",\"minimum\":1,\"default\":12,"
    "\"description\":\"failures in a row until a restart\"}}}",
    NULL,
    TT_CAP_DETERMINISTIC | TT_CAP_SNAPSHOT | TT_CAP_PENDING |
        TT_CAP_CONDITIONS,
    TT_KINDS_NUMERIC, 0, 0, 1, 1, &climb_strategy, NULL,
};
TT_DECLARE_PLUGIN(climb_plugin, TT_KIND_STRATEGY, "@NAME@", "0.1.0");
