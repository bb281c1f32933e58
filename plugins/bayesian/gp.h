/* SPDX-License-Identifier: MIT
 *
 * gp.h - a Gaussian process on mixed coordinates: Matern 5/2 kernel with a
 * length for each coordinate, fitted by maximum a posteriori.
 *
 * A coordinate is a number in [0, 1], or a category (a whole number, distance
 * 0 or 1). GP_ABSENT marks a coordinate whose condition does not hold.
 * One thread, fixed order of every sum: same input, same bits. */
#ifndef BAYESIAN_GP_H
#define BAYESIAN_GP_H

#include <stddef.h>

#define GP_ABSENT (-1.0)

enum gp_kind { GP_NUMBER = 0, GP_CATEGORY = 1 };

struct gp {
    size_t dims;
    size_t room;               /* rows that fit */
    size_t n;                  /* rows: observations, then fantasies */
    const unsigned char *kind; /* of each coordinate; borrowed */
    double *x;                 /* room x dims, row by row */
    double *y;                 /* room, mean 0 and variance 1 or so */
    double *theta;             /* logs of: lengths, signal, noise variance */
    double *chol;              /* room x room, by columns, lower triangle */
    double *alpha;             /* (K + noise)^-1 y */
    double *work;              /* room + room + dims + 2 */
    double *slope;             /* dims + 2 */
};

/* Length of theta. */
static inline size_t gp_n_theta(const struct gp *gp)
{
    return gp->dims + 2;
}

/* Room for `room` rows. NULL when out of memory. */
struct gp *gp_create(size_t dims, const unsigned char *kind, size_t room);
void gp_destroy(struct gp *gp); /* NULL is allowed */

/* theta at its most probable value before any data. */
void gp_prior(size_t dims, double *theta);

/* theta for labels of 1 and -1: fixed, because a fit explains the jump between
 * them as noise. */
void gp_classifier(size_t dims, double *theta);

/* -log of the posterior density of theta, up to a constant, and its gradient
 * (NULL is allowed). Spoils chol and alpha: gp_condition() before predicting.
 * 1e100 where the covariance has no Cholesky factor. */
double gp_loss(struct gp *gp, const double *theta, double *gradient);

/* Make theta more probable given rows 0 .. n-1: L-BFGS from theta as it stands
 * and, where `restart`, from the prior's mode; then gp_condition().
 * Returns 0 or TT_ENOMEM. */
int gp_fit(struct gp *gp, int restart);

/* Factor the covariance of rows 0 .. n-1 at theta. Returns 0 or a negative
 * code: TT_EINTERNAL where no jitter makes it positive definite. */
int gp_condition(struct gp *gp);

/* Append a row that was not observed, with y as predicted ("kriging
 * believer": Ginsbourger, Le Riche, Carraro 2010) and free of noise: the mean
 * stays, the variance around x falls to nothing. The row must fit. */
void gp_believe(struct gp *gp, const double *x);

/* Mean and variance of the noise-free function at x. The gradients may be
 * NULL; categories and absent coordinates have gradient 0. */
void gp_predict(struct gp *gp, const double *x, double *mean,
                double *variance, double *d_mean, double *d_variance);

/* The same for m points, rows of x. scratch holds n * m numbers. */
void gp_predict_many(struct gp *gp, size_t m, const double *x, double *mean,
                     double *variance, double *scratch);

#endif
