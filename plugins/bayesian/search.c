/* SPDX-License-Identifier: MIT
 *
 * search.c - where is the acquisition largest? A scan of Sobol points and of
 * the neighbourhood of the best trials; from the best of both, L-BFGS on the
 * continuous coordinates in turn with moves on the discrete ones. */
#include "acquisition.h"

#include <nlopt.h>
#include <stdlib.h>

#define SCAN 1024        /* Sobol points */
#define NEAR_TRIALS 5    /* best trials whose neighbourhood is scanned */
#define NEAR 64          /* points around each */
#define STARTS 4         /* of either kind */
#define ROUNDS 5         /* of L-BFGS and discrete moves, for each start */
#define ASCENT_EVALUATIONS 60
#define EXHAUSTIVE 16    /* levels up to which a coordinate is tried whole */

/* --- local search -------------------------------------------------------- */

struct ascent {
    const struct acquisition *a;
    size_t n;                      /* coordinates that move */
    size_t move[TT_SOBOL_DIMS];
    double x[TT_SOBOL_DIMS];
    double best, best_x[TT_SOBOL_DIMS];
};

static double ascent_value(unsigned n, const double *at, double *gradient,
                           void *data)
{
    struct ascent *s = data;
    double g[TT_SOBOL_DIMS], value;
    unsigned k;

    for (k = 0; k < n; k++)
        s->x[s->move[k]] = at[k];
    value = acq_value(s->a, s->x, gradient != NULL ? g : NULL);
    if (value > s->best) {
        s->best = value;
        memcpy(s->best_x, at, n * sizeof *at);
    }
    for (k = 0; gradient != NULL && k < n; k++)
        gradient[k] = g[s->move[k]];
    return value;
}

/* Move the active continuous coordinates of u uphill. */
static int climb(const struct acquisition *a, double *u, double *value)
{
    struct ascent s;
    double at[TT_SOBOL_DIMS], end;
    nlopt_opt opt;
    size_t k;

    s.a = a;
    s.n = 0;
    s.best = *value;
    acq_encode(a, u, s.x);
    for (k = 0; k < a->dims; k++) {
        if (tt_param_levels(tt_space_param(a->space, a->param[k])) == 0 &&
            s.x[k] >= 0.0) {
            at[s.n] = s.best_x[s.n] = s.x[k];
            s.move[s.n++] = k;
        }
    }
    if (s.n == 0)
        return 0;
    opt = nlopt_create(NLOPT_LD_LBFGS, (unsigned)s.n);
    if (opt == NULL)
        return TT_ENOMEM;
    nlopt_set_max_objective(opt, ascent_value, &s);
    nlopt_set_lower_bounds1(opt, 0.0);
    nlopt_set_upper_bounds1(opt, 1.0);
    nlopt_set_maxeval(opt, ASCENT_EVALUATIONS);
    nlopt_set_ftol_abs(opt, 1e-5);
    (void)nlopt_optimize(opt, at, &end); /* s keeps the best place */
    nlopt_destroy(opt);
    for (k = 0; k < s.n; k++)
        u[s.move[k]] = s.best_x[k];
    *value = s.best;
    return 0;
}

/* Take level l of coordinate k where that is better. */
static int try_level(const struct acquisition *a, double *u, size_t k,
                     uint64_t l, double *value)
{
    const struct tt_param *p = tt_space_param(a->space, a->param[k]);
    double x[TT_SOBOL_DIMS], keep = u[k], here;

    u[k] = tt_param_to_unit(p, tt_param_level_value(p, l));
    acq_encode(a, u, x);
    here = acq_value(a, x, NULL);
    if (here > *value) {
        *value = here;
        return 1;
    }
    u[k] = keep;
    return 0;
}

/* One pass over the discrete coordinates. Returns 1 when something moved. */
static int hop(const struct acquisition *a, double *u, double *value)
{
    double x[TT_SOBOL_DIMS];
    int moved = 0;
    size_t k;

    for (k = 0; k < a->dims; k++) {
        const struct tt_param *p = tt_space_param(a->space, a->param[k]);
        uint64_t n = tt_param_levels(p), l, step, at;

        acq_encode(a, u, x);
        if (n == 0 || x[k] < 0.0)
            continue;
        at = tt_param_level_of(p, tt_param_from_unit(p, u[k]));
        if (n <= EXHAUSTIVE) {
            for (l = 0; l < n; l++)
                moved |= l != at && try_level(a, u, k, l, value);
            continue;
        }
        for (step = n / 4; step > 0; step /= 2) { /* pattern search */
            for (;;) {
                at = tt_param_level_of(p, tt_param_from_unit(p, u[k]));
                if (!(at + step < n && try_level(a, u, k, at + step, value)) &&
                    !(at >= step && try_level(a, u, k, at - step, value)))
                    break;
                moved = 1;
            }
        }
    }
    return moved;
}

static int improve(const struct acquisition *a, double *u, double *value)
{
    int round, rc = 0, moved = 1;

    for (round = 0; round < ROUNDS && rc == 0 && moved; round++) {
        rc = climb(a, u, value);
        moved = hop(a, u, value);
    }
    return rc;
}

/* --- the search ---------------------------------------------------------- */

struct scan {
    size_t n;       /* points */
    double *u, *x;  /* n x dims: in the cube, and as the models see them */
    double *value, *scratch;
};

static int scan_make(struct scan *s, const struct acquisition *a)
{
    size_t n = SCAN + NEAR_TRIALS * NEAR;

    s->n = 0;
    s->u = calloc(n * (2 * a->dims + 1 + acq_scratch(a)), sizeof *s->u);
    if (s->u == NULL)
        return TT_ENOMEM;
    s->x = s->u + n * a->dims;
    s->value = s->x + n * a->dims;
    s->scratch = s->value + n;
    return 0;
}

/* The best few trials, feasible ones first; how many. */
static size_t best_trials(const struct tt_asktell *at,
                          const struct tt_trial *best[NEAR_TRIALS])
{
    size_t n = 0, k;
    uint64_t i;

    for (i = 0; i < at->n_trials; i++) {
        const struct tt_trial *t = at->trials[i];

        if (t->state != TT_TRIAL_COMPLETE)
            continue;
        for (k = n; k > 0 && (t->feasible > best[k - 1]->feasible ||
                              (t->feasible == best[k - 1]->feasible &&
                               t->loss < best[k - 1]->loss));
             k--) {
            if (k < NEAR_TRIALS)
                best[k] = best[k - 1];
        }
        if (k < NEAR_TRIALS)
            best[k] = t;
        n += n < NEAR_TRIALS;
    }
    return n;
}

/* A neighbour of a trial: some coordinates move a little, or jump. */
static void neighbour(const struct acquisition *a, struct tt_random *random,
                      const double *from, double width, double *u)
{
    double some = a->dims > 4 ? 4.0 / (double)a->dims : 1.0;
    size_t k, sure = (size_t)tt_random_below(random, a->dims);

    for (k = 0; k < a->dims; k++) {
        const struct tt_param *p = tt_space_param(a->space, a->param[k]);

        u[k] = from[k];
        if (k != sure && tt_random_unit(random) >= some)
            continue;
        if (p->kind == TT_CATEGORICAL || p->kind == TT_BOOL)
            u[k] = tt_random_unit(random);
        else
            u[k] += width * tt_random_normal(random);
    }
    tt_cube_clamp(u, a->dims);
}

static void scan_fill(struct scan *s, const struct acquisition *a,
                      const struct tt_asktell *at,
                      const struct tt_sobol *points, uint64_t index,
                      struct tt_random *random)
{
    const struct tt_trial *best[NEAR_TRIALS];
    size_t n_best = best_trials(at, best), i, k;
    double from[TT_SOBOL_DIMS];

    for (i = 0; i < SCAN; i++)
        tt_sobol_at(points, index + i, s->u + s->n++ * a->dims);
    for (k = 0; k < n_best; k++) {
        tt_to_cube(a->space, TT_CUBE_CELL, best[k]->values, from);
        for (i = 0; i < NEAR; i++) /* from 0.2 of the side down to 0.001 */
            neighbour(a, random, from, 0.2 * exp(-5.3 * (double)i / NEAR),
                      s->u + s->n++ * a->dims);
    }
    for (i = 0; i < s->n; i++)
        acq_encode(a, s->u + i * a->dims, s->x + i * a->dims);
}

/* The best `want` of points from .. to - 1, best first. */
static void scan_best(const struct scan *s, size_t from, size_t to, size_t want,
                      size_t *best)
{
    size_t i, j, n = 0;

    for (i = from; i < to; i++) {
        for (j = n; j > 0 && s->value[i] > s->value[best[j - 1]]; j--) {
            if (j < want)
                best[j] = best[j - 1];
        }
        if (j < want)
            best[j] = i;
        n += n < want;
    }
}

/* Was this point's candidate proposed before? */
static int taken(const struct acquisition *a, const struct tt_asktell *at,
                 const double *u)
{
    tt_from_cube(a->space, TT_CUBE_CELL, u, a->values);
    return tt_asktell_seen(at, a->values) != NULL;
}

/* The best point of the scan that is not taken; -1 when all are. */
static int next_best(struct scan *s, const struct acquisition *a,
                     const struct tt_asktell *at, double *u, double *value)
{
    size_t i, n = s->n;

    for (i = 0; i < s->n; i++) {
        if ((n == s->n || s->value[i] > s->value[n]) &&
            !taken(a, at, s->u + i * a->dims))
            n = i;
    }
    if (n == s->n)
        return -1;
    memcpy(u, s->u + n * a->dims, a->dims * sizeof *u);
    *value = s->value[n];
    return 0;
}

int acq_search(const struct acquisition *a, const struct tt_asktell *at,
               const struct tt_sobol *points, uint64_t index,
               struct tt_random *random, double *u, double *value)
{
    struct scan s;
    size_t start[2 * STARTS] = { 0 }, i, n = STARTS;
    double here;
    int rc = scan_make(&s, a), found = 0;

    if (rc < 0)
        return rc;
    scan_fill(&s, a, at, points, index, random);
    acq_values(a, s.n, s.x, s.value, s.scratch);
    scan_best(&s, 0, SCAN, STARTS, start);
    if (s.n > SCAN) { /* NEAR >= STARTS */
        scan_best(&s, SCAN, s.n, STARTS, start + STARTS);
        n += STARTS;
    }
    for (i = 0; i < n && rc == 0; i++) {
        double *at_u = s.u + start[i] * a->dims;

        here = s.value[start[i]];
        rc = improve(a, at_u, &here);
        if ((!found || here > *value) && !taken(a, at, at_u)) {
            *value = here;
            memcpy(u, at_u, a->dims * sizeof *u);
            found = 1;
        }
    }
    if (!found && rc == 0 && next_best(&s, a, at, u, value) < 0) {
        memcpy(u, s.u, a->dims * sizeof *u); /* the caller finds another */
        *value = s.value[0];
    }
    free(s.u);
    return rc;
}
