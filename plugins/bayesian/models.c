/* SPDX-License-Identifier: MIT
 *
 * models.c - from the history of a run to Gaussian processes. */
#include "models.h"

#include <stdlib.h>

#define BIGGEST 1e150

/* The model's coordinates of a trial. */
static void encode(const struct tt_asktell *at, const struct bayesian *b,
                   const struct tt_trial *t, double *x)
{
    struct acquisition a = { .space = at->space, .dims = b->dims,
                             .param = b->param, .values = b->values };
    double u[TT_SOBOL_DIMS];

    tt_to_cube(at->space, TT_CUBE_CELL, t->values, u);
    acq_encode(&a, u, x);
}

/* What model m learns from a trial: 1 and *y, or 0 for nothing. */
static int lesson(const struct bayesian *b, size_t m, const struct tt_trial *t,
                  double *y)
{
    if (m == b->n_models - 1) {
        *y = t->state == TT_TRIAL_COMPLETE ? 1.0 : -1.0;
        return t->state == TT_TRIAL_COMPLETE || t->state == TT_TRIAL_FAILED;
    }
    if (t->state != TT_TRIAL_COMPLETE)
        return 0;
    *y = m == 0 ? t->loss : t->guardrails[m - 1];
    /* so that no square of it overflows */
    *y = *y > BIGGEST ? BIGGEST : *y < -BIGGEST ? -BIGGEST : *y;
    return *y == *y;
}

static int by_loss(const void *a, const void *b)
{
    const struct tt_trial *x = *(const struct tt_trial *const *)a;
    const struct tt_trial *y = *(const struct tt_trial *const *)b;

    if (x->loss != y->loss)
        return x->loss < y->loss ? -1 : 1;
    return x->ended < y->ended ? -1 : 1;
}

/* Trials that model m learns from into b->rows; at most b->room of them: the
 * better half, and an even choice from the rest. */
static int choose(const struct tt_asktell *at, struct bayesian *b, size_t m,
                  size_t *n, struct tt_error *e)
{
    const struct tt_trial **all =
        malloc((size_t)(at->n_trials + 1) * sizeof *all);
    size_t k = 0, half = b->room / 2, i;
    uint64_t t;
    double y;

    if (all == NULL)
        return tt_fail(e, TT_ENOMEM, "bayesian: no memory");
    for (t = 0; t < at->n_trials; t++) {
        if (lesson(b, m, at->trials[t], &y))
            all[k++] = at->trials[t];
    }
    *n = k < b->room ? k : b->room;
    if (k > b->room)
        qsort(all, k, sizeof *all, by_loss);
    for (i = 0; i < *n; i++)
        b->rows[i] = k <= b->room || i < half
                         ? all[i]
                         : all[half + (i - half) * (k - half) /
                                          (b->room - half)];
    free(all);
    return 0;
}

/* Fill model m with data; its theta is fitted where `fit`. */
static int learn(struct tt_asktell *at, size_t m, int fit, struct tt_error *e)
{
    struct bayesian *b = at->state;
    struct surrogate *s = &b->models[m];
    struct gp *gp = s->gp;
    size_t i;
    int rc = choose(at, b, m, &gp->n, e);

    if (rc < 0 || gp->n == 0)
        return rc;
    for (i = 0; i < gp->n; i++) {
        encode(at, b, b->rows[i], gp->x + i * b->dims);
        (void)lesson(b, m, b->rows[i], &gp->y[i]);
    }
    if (m == 0)
        warp_fit(&s->warp, gp->y, gp->n, b->scratch);
    else if (m < b->n_models - 1)
        warp_standard(&s->warp, gp->y, gp->n);
    for (i = 0; i < gp->n && m < b->n_models - 1; i++)
        gp->y[i] = warp_do(&s->warp, gp->y[i]);
    if (m == b->n_models - 1)
        gp_classifier(b->dims, gp->theta);
    /* a second descent, from the prior, while it costs little */
    if (m < b->n_models - 1 && (fit || !s->fitted))
        rc = gp_fit(gp, !s->fitted || gp->n < 100);
    else
        rc = gp_condition(gp);
    s->fitted = 1;
    if (rc < 0)
        return tt_fail(e, rc, "bayesian: model %zu of %zu points: %s", m,
                       gp->n, rc == TT_ENOMEM ? "no memory" : "singular");
    return 0;
}

/* What model m forbids, as a limit of the acquisition. */
static void limit(struct tt_asktell *at, size_t m)
{
    struct bayesian *b = at->state;
    struct limit *l = &b->limits[b->acquisition.n_limits++];

    l->gp = b->models[m].gp;
    l->lo = 0.0; /* more likely scored than not */
    l->hi = HUGE_VAL;
    if (m < b->n_models - 1) {
        const struct tt_guardrail *g = &at->problem->guardrails[m - 1];

        l->lo = warp_do(&b->models[m].warp, g->lo);
        l->hi = warp_do(&b->models[m].warp, g->hi);
    }
}

/* The incumbent: the best feasible trial as the model sees it (y minus the
 * noise that it explains), so that one lucky score does not end the search.
 * Without any, feasibility alone is searched. */
static void incumbent(struct bayesian *b)
{
    struct acquisition *a = &b->acquisition;
    struct gp *gp = b->models[0].gp;
    double noise = exp(gp->theta[b->dims + 1]), y;
    size_t i;

    a->objective = NULL;
    for (i = 0; i < gp->n; i++) {
        y = gp->y[i] - noise * gp->alpha[i];
        if (!b->rows[i]->feasible || (a->objective != NULL && y >= a->best))
            continue;
        a->objective = gp;
        a->best = y;
    }
}

static int any_failed(const struct tt_asktell *at)
{
    uint64_t i;

    for (i = 0; i < at->n_trials; i++) {
        if (at->trials[i]->state == TT_TRIAL_FAILED)
            return 1;
    }
    return 0;
}

/* Models of everything that has ended. Lengths are fitted anew whenever there
 * are 2 % more scores. */
static int model_all(struct tt_asktell *at, struct tt_error *e)
{
    struct bayesian *b = at->state;
    struct acquisition *a = &b->acquisition;
    int fit = b->fitted_at == 0 ||
              at->n_ended - b->fitted_at > b->fitted_at / 50;
    size_t m;
    int rc;

    a->space = at->space;
    a->dims = b->dims;
    a->param = b->param;
    a->values = b->values;
    a->limits = b->limits;
    a->n_limits = 0;
    for (m = 0; m < b->n_models; m++) {
        b->models[m].gp->n = 0;
        if (m == b->n_models - 1 && !any_failed(at))
            continue;
        rc = learn(at, m, fit, e);
        if (rc < 0)
            return rc;
        if (m == 0)
            incumbent(b);
        else if (b->models[m].gp->n > 0)
            limit(at, m);
    }
    if (fit)
        b->fitted_at = at->n_ended;
    b->modelled = 1;
    b->modelled_at = at->n_ended;
    b->believed = 0;
    return 0;
}

int models_prepare(struct tt_asktell *at, struct tt_error *e)
{
    struct bayesian *b = at->state;
    double x[TT_SOBOL_DIMS];
    size_t m;
    int rc = 0;

    if (!b->modelled || b->modelled_at != at->n_ended) {
        b->modelled = 0;
        rc = model_all(at, e);
    }
    for (; rc == 0 && b->believed < at->n_trials; b->believed++) {
        const struct tt_trial *t = at->trials[b->believed];

        if (t->state != TT_TRIAL_PENDING)
            continue;
        encode(at, b, t, x);
        for (m = 0; m < b->n_models; m++) {
            struct gp *gp = b->models[m].gp;

            if (gp->n == 0 || gp->n >= gp->room)
                continue;
            gp_believe(gp, x);
            /* what is believed to be better is not to be found again */
            if (m == 0 && gp->y[gp->n - 1] < b->acquisition.best)
                b->acquisition.best = gp->y[gp->n - 1];
        }
    }
    return rc;
}
