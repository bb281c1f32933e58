/* SPDX-License-Identifier: MIT
 *
 * bayesian - Gaussian process, log expected improvement (see README.md). */
#include "models.h"

#include <cblas.h>

#define STREAM_SOBOL TT_STREAM_OWN
/* Scans take other points of the sequence for each candidate. */
#define SCAN_FROM (UINT64_C(1) << 20)
#define SCAN_STRIDE UINT64_C(2048)
#define SCAN_RANGE (UINT64_C(1) << 31)

static int bayesian_validate(const struct tt_problem *problem,
                             struct tt_error *e)
{
    uint64_t dims = tt_cube_dims(problem->space, TT_CUBE_CELL);

    if (dims > TT_SOBOL_DIMS)
        return tt_fail(e, TT_EUNSUPPORTED,
                       "space: %llu parameters to search, bayesian takes %u "
                       "at most; fix some, or use the strategy random",
                       (unsigned long long)dims, TT_SOBOL_DIMS);
    return 0;
}

static void bayesian_fini(struct tt_asktell *at)
{
    struct bayesian *b = at->state;
    size_t i;

    for (i = 0; b->models != NULL && i < b->n_models; i++)
        gp_destroy(b->models[i].gp);
    free(b->models);
    free(b->limits);
    free(b->values);
    free(b->scratch);
    free(b->rows);
}

static int bayesian_init(struct tt_asktell *at, struct tt_error *e)
{
    struct bayesian *b = at->state;
    const struct tt_config *config = at->problem->config;
    uint64_t i, in_flight = at->problem->max_in_flight;

    openblas_set_num_threads(1); /* the order of sums must not vary */
    for (i = 0; i < at->space->n_params; i++) {
        const struct tt_param *p = tt_space_param(at->space, i);

        if (!tt_param_searched(p))
            continue;
        b->param[b->dims] = (size_t)i;
        b->kind[b->dims++] =
            p->kind == TT_CATEGORICAL ? GP_CATEGORY : GP_NUMBER;
    }
    b->room = (size_t)tt_config_number(config, "max_points", 500.0);
    b->start = (uint64_t)tt_config_number(config, "start", 0.0);
    if (b->start == 0)
        b->start = b->dims < 3 ? 2 * b->dims + 4 : 10;
    in_flight = in_flight == 0 || in_flight > 256 ? 256 : in_flight;
    b->n_models = 2 + (size_t)at->problem->n_guardrails;
    b->models = calloc(b->n_models, sizeof *b->models);
    b->limits = calloc(b->n_models, sizeof *b->limits);
    b->values = calloc((size_t)at->space->n_params + 1, sizeof *b->values);
    b->scratch = calloc(b->room, sizeof *b->scratch);
    b->rows = calloc(b->room, sizeof *b->rows);
    if (b->models == NULL || b->limits == NULL || b->values == NULL ||
        b->scratch == NULL || b->rows == NULL)
        return tt_fail(e, TT_ENOMEM, "bayesian: no memory");
    for (i = 0; i < b->n_models; i++) {
        b->models[i].gp = gp_create(b->dims, b->kind,
                                    b->room + (size_t)in_flight);
        if (b->models[i].gp == NULL)
            return tt_fail(e, TT_ENOMEM, "bayesian: no memory for a model");
    }
    tt_sobol_init(&b->points, b->dims, at->problem->seed, STREAM_SOBOL);
    return 0;
}

/* What the model expects, in the objective's own units. */
static void predict(const struct tt_asktell *at, struct tt_proposal *p,
                    const double *x)
{
    struct bayesian *b = at->state;
    const struct warp *w = &b->models[0].warp;
    double mean, sd, sign = 1.0;

    if (at->problem->objectives[0].direction == TT_MAXIMIZE)
        sign = -1.0;
    gp_predict(b->models[0].gp, x, &mean, &sd, NULL, NULL);
    sd = sqrt(sd);
    p->predicted_mean = sign * warp_undo(w, mean);
    p->predicted_sd =
        0.5 * (warp_undo(w, mean + sd) - warp_undo(w, mean - sd));
    if (!(fabs(p->predicted_sd) < HUGE_VAL &&
          fabs(p->predicted_mean) < HUGE_VAL))
        p->predicted_mean = p->predicted_sd = (double)NAN;
}

static int bayesian_ask(struct tt_asktell *at, struct tt_proposal *p,
                        struct tt_error *e)
{
    struct bayesian *b = at->state;
    double u[TT_SOBOL_DIMS], x[TT_SOBOL_DIMS];
    int rc;

    if (at->n_trials < b->start || at->n_complete < 2) {
        p->origin = "init";
        tt_sobol_at(&b->points, b->index++, u);
        tt_from_cube(at->space, TT_CUBE_CELL, u, p->values);
        return 0;
    }
    rc = models_prepare(at, e);
    if (rc < 0)
        return rc;
    rc = acq_search(&b->acquisition, at, &b->points,
                    SCAN_FROM + at->n_trials * SCAN_STRIDE % SCAN_RANGE,
                    &p->random, u, &p->acquisition);
    if (rc < 0)
        return tt_fail(e, rc, "bayesian: no memory for the search");
    tt_from_cube(at->space, TT_CUBE_CELL, u, p->values);
    acq_encode(&b->acquisition, u, x);
    predict(at, p, x);
    return 0;
}

static int bayesian_save(struct tt_asktell *at, const struct tt_sink *sink,
                         struct tt_error *e)
{
    const struct bayesian *b = at->state;
    size_t m;
    int rc = tt_put_u64(sink, b->index);

    (void)e;
    if (rc >= 0)
        rc = tt_put_u64(sink, b->fitted_at);
    for (m = 0; m < b->n_models && rc >= 0; m++) {
        rc = tt_put_u64(sink, (uint64_t)b->models[m].fitted);
        if (rc >= 0)
            rc = tt_put_doubles(sink, b->models[m].gp->theta,
                                gp_n_theta(b->models[m].gp));
    }
    return rc;
}

static int bayesian_load(struct tt_asktell *at, const unsigned char *bytes,
                         uint64_t n, struct tt_error *e)
{
    struct bayesian *b = at->state;
    struct tt_reader r = { bytes, n, 0 };
    size_t m, k;

    b->index = tt_get_u64(&r);
    b->fitted_at = tt_get_u64(&r);
    for (m = 0; m < b->n_models; m++) {
        b->models[m].fitted = tt_get_u64(&r) != 0;
        for (k = 0; k < gp_n_theta(b->models[m].gp); k++)
            b->models[m].gp->theta[k] = tt_get_double(&r);
    }
    return r.failed || r.n != 0
               ? tt_fail(e, TT_ESTATE, "snapshot: of another bayesian")
               : 0;
}

static const struct tt_asktell_ops bayesian_ops = {
    .validate = bayesian_validate,
    .state_size = sizeof(struct bayesian),
    .init = bayesian_init,
    .fini = bayesian_fini,
    .ask = bayesian_ask,
    .save = bayesian_save,
    .load = bayesian_load,
    .unique = 1,
};
TT_ASKTELL_STRATEGY(bayesian_strategy, bayesian_ops);

static const struct tt_plugin bayesian_plugin = {
    .size = sizeof(struct tt_plugin),
    .abi_major = TT_ABI_MAJOR,
    .abi_minor = TT_ABI_MINOR_WANTED,
    .kind = TT_KIND_STRATEGY,
    .id = "bayesian",
    .version = "1.0.0",
    .name = "Bayesian optimization",
    .summary = "Learns a Gaussian process of the scores and proposes where "
               "improvement is most likely to be large.",
    .vendor = "Trimtab",
    .license = "MIT AND BSD-3-Clause",
    .url = "https://arxiv.org/abs/2310.20708",
    .config_schema =
        "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
        "\"start\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":10000,"
        "\"default\":0,\"description\":\"Sobol candidates before the model "
        "takes over; 0 = by the number of parameters\"},"
        "\"max_points\":{\"type\":\"integer\",\"minimum\":20,"
        "\"maximum\":1000,\"default\":500,\"description\":\"scores that the "
        "model holds; above it, a subset\"}}}",
    .caps = TT_CAP_DETERMINISTIC | TT_CAP_SNAPSHOT | TT_CAP_PENDING |
            TT_CAP_NOISE | TT_CAP_CONDITIONS,
    .param_kinds = TT_KINDS_NUMERIC,
    .budget_min = 10,
    .budget_max = 1000,
    .state_schema = 1,
    .state_schema_min = 1,
    .strategy = &bayesian_strategy,
};

TT_DECLARE_PLUGIN(bayesian_plugin, TT_KIND_STRATEGY, "bayesian", "1.0.0");
