/* SPDX-License-Identifier: MIT
 *
 * acquisition.h - how much is a point worth, and where is it worth most? */
#ifndef BAYESIAN_ACQUISITION_H
#define BAYESIAN_ACQUISITION_H

#include <trimtab/asktell.h>
#include <trimtab/sobol.h>

#include "gp.h"

/* A metric that must lie in [lo, hi], in the units of gp->y. */
struct limit {
    struct gp *gp;
    double lo, hi;
};

struct acquisition {
    const struct tt_space *space;
    struct gp *objective;        /* NULL: only the limits count */
    double best;                 /* in the units of objective->y */
    const struct limit *limits;
    size_t n_limits;
    size_t dims;                 /* coordinates: one for each searched param */
    const size_t *param;         /* of each coordinate, its parameter */
    struct tt_value *values;     /* scratch, n_params */
};

/* log(h(z)), h(z) = phi(z) + z Phi(z), and Phi(z) / h(z): expected improvement
 * of a unit normal over -z, stable for every z (Ament, Daulton, Eriksson,
 * Balandat, Bakshy: Unexpected improvements to expected improvement, 2023). */
double log_improvement(double z, double *slope);

/* log(Phi(hi) - Phi(lo)), lo < hi, and its derivatives by both. */
double log_interval(double lo, double hi, double *d_lo, double *d_hi);

/* The model's coordinates of a point of the cube: categories become whole
 * numbers, what is inactive GP_ABSENT. */
void acq_encode(const struct acquisition *a, const double *u, double *x);

/* Log of expected improvement times probability of feasibility at model
 * coordinates x. gradient may be NULL. */
double acq_value(const struct acquisition *a, const double *x,
                 double *gradient);

/* Numbers of scratch that acq_values() needs for each point. */
size_t acq_scratch(const struct acquisition *a);

/* acq_value() at m points, rows of x. */
void acq_values(const struct acquisition *a, size_t m, const double *x,
                double *value, double *scratch);

/* Search the cube for the largest value that no trial has; u holds the point.
 * points: scrambled Sobol points of dims coordinates, from `index` on.
 * Where all that was found is taken, u is the best of it. 0 or TT_ENOMEM. */
int acq_search(const struct acquisition *a, const struct tt_asktell *at,
               const struct tt_sobol *points, uint64_t index,
               struct tt_random *random, double *u, double *value);

#endif
