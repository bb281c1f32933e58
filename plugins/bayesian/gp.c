/* SPDX-License-Identifier: MIT
 *
 * gp.c - Gaussian process regression (Rasmussen and Williams: Gaussian
 * Processes for Machine Learning, 2006, chapters 2, 4 and 5). */
#include "gp.h"

#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <nlopt.h>
#include <stdlib.h>
#include <string.h>
#include <trimtab/errors.h>

/* Squared distance between present and absent: a number is then taken to be
 * 0.5, which leaves the embedding Euclidean and the kernel valid. */
#define ABSENT_GAP 0.75

/* Normal priors on the logs; y has variance 1. Lengths grow with the root of
 * the dimension, as distances in the cube do (Hvarfner, Hellsten, Nardi:
 * Vanilla Bayesian optimization performs great in high dimensions, 2024), from
 * 0.6 in one dimension; the centre and the spreads were chosen on the six
 * functions of tests/bench/strategies.c, where none of them matters much. */
#define LENGTH_MEAN (-0.5) /* plus log(dims) / 2 */
#define LENGTH_SD 0.7
#define SIGNAL_MEAN 0.0
#define SIGNAL_SD 0.5
#define NOISE_MEAN (-11.0)
#define NOISE_SD 2.5
#define NOISE_MIN (-16.0) /* variance 1e-7 */
#define FIT_EVALUATIONS 60
#define ROOT5 2.23606797749978969641

struct gp *gp_create(size_t dims, const unsigned char *kind, size_t room)
{
    struct gp *gp = calloc(1, sizeof *gp);

    if (gp == NULL)
        return NULL;
    gp->dims = dims;
    gp->kind = kind;
    gp->room = room;
    gp->x = calloc(room * dims + 1, sizeof(double));
    gp->y = calloc(room + 1, sizeof(double));
    gp->theta = calloc(dims + 2, sizeof(double));
    gp->chol = calloc(room * room + 1, sizeof(double));
    gp->alpha = calloc(room + 1, sizeof(double));
    gp->work = calloc(2 * room + dims + 2, sizeof(double));
    gp->slope = calloc(dims + 2, sizeof(double));
    if (gp->x == NULL || gp->y == NULL || gp->theta == NULL ||
        gp->chol == NULL || gp->alpha == NULL || gp->work == NULL ||
        gp->slope == NULL) {
        gp_destroy(gp);
        return NULL;
    }
    gp_prior(dims, gp->theta);
    return gp;
}

void gp_destroy(struct gp *gp)
{
    if (gp == NULL)
        return;
    free(gp->x);
    free(gp->y);
    free(gp->theta);
    free(gp->chol);
    free(gp->alpha);
    free(gp->work);
    free(gp->slope);
    free(gp);
}

void gp_classifier(size_t dims, double *theta)
{
    size_t k;

    for (k = 0; k < dims; k++)
        theta[k] = log(0.45) + 0.5 * log((double)dims);
    theta[dims] = 0.0;
    theta[dims + 1] = log(0.01);
}

void gp_prior(size_t dims, double *theta)
{
    size_t k;

    for (k = 0; k < dims; k++)
        theta[k] = LENGTH_MEAN + 0.5 * log((double)dims);
    theta[dims] = SIGNAL_MEAN;
    theta[dims + 1] = NOISE_MEAN;
}

/* --- kernel -------------------------------------------------------------- */

/* Squared distance along one coordinate. */
static double gap(int kind, double a, double b)
{
    if (kind == GP_CATEGORY)
        return a == b ? 0.0 : 1.0;
    if (a >= 0.0 && b >= 0.0)
        return (a - b) * (a - b);
    if (a < 0.0 && b < 0.0)
        return 0.0;
    a = a < 0.0 ? b : a;
    return (a - 0.5) * (a - 0.5) + ABSENT_GAP;
}

/* 1 / length^2 of each coordinate, and the signal variance. */
static double scales(const double *theta, size_t dims, double *inverse)
{
    size_t k;

    for (k = 0; k < dims; k++)
        inverse[k] = exp(-2.0 * theta[k]);
    return exp(theta[dims]);
}

/* Correlation of two rows; *slope is -2 times its derivative by the scaled
 * squared distance. */
static double matern(const struct gp *gp, const double *inverse,
                     const double *a, const double *b, double *slope)
{
    double r2 = 0.0, r, e;
    size_t k;

    for (k = 0; k < gp->dims; k++)
        r2 += inverse[k] * gap(gp->kind[k], a[k], b[k]);
    r = ROOT5 * sqrt(r2);
    e = exp(-r);
    *slope = 5.0 / 3.0 * (1.0 + r) * e;
    return (1.0 + r + r * r / 3.0) * e;
}

/* The covariance of the rows into the lower triangle of chol; the upper one
 * gets signal * slope, which the gradient needs. */
static void covariance(struct gp *gp, const double *theta)
{
    double *inverse = gp->work, *c = gp->chol, slope;
    double signal = scales(theta, gp->dims, inverse);
    size_t n = gp->n, ld = gp->room, i, j;

    for (j = 0; j < n; j++) {
        c[j + j * ld] = signal + exp(theta[gp->dims + 1]);
        for (i = j + 1; i < n; i++) {
            c[i + j * ld] = signal * matern(gp, inverse, gp->x + i * gp->dims,
                                            gp->x + j * gp->dims, &slope);
            c[j + i * ld] = signal * slope;
        }
    }
}

/* Cholesky, with as little jitter as it takes. */
static int factor(struct gp *gp, const double *theta)
{
    lapack_int n = (lapack_int)gp->n, ld = (lapack_int)gp->room;
    double jitter = 0.0, signal = exp(theta[gp->dims]);
    size_t i;

    for (;;) {
        covariance(gp, theta);
        for (i = 0; i < gp->n; i++)
            gp->chol[i + i * gp->room] += jitter * signal;
        if (LAPACKE_dpotrf(LAPACK_COL_MAJOR, 'L', n, gp->chol, ld) == 0)
            return 0;
        if (jitter > 0.01)
            return TT_EINTERNAL;
        jitter = jitter == 0.0 ? 1e-10 : jitter * 10.0;
    }
}

int gp_condition(struct gp *gp)
{
    int n = (int)gp->n, ld = (int)gp->room;

    if (factor(gp, gp->theta) < 0)
        return TT_EINTERNAL;
    memcpy(gp->alpha, gp->y, gp->n * sizeof(double));
    LAPACKE_dpotrs(LAPACK_COL_MAJOR, 'L', n, 1, gp->chol, ld, gp->alpha, ld);
    return 0;
}

/* --- fit ----------------------------------------------------------------- */

/* -log of a normal prior, and its derivative into *slope. */
static double penalty(double x, double mean, double sd, double *slope)
{
    double z = (x - mean) / sd;

    *slope += z / sd;
    return 0.5 * z * z;
}

static double penalties(size_t dims, const double *theta, double *slope)
{
    double sum = 0.0;
    size_t k;

    for (k = 0; k < dims; k++)
        sum += penalty(theta[k], LENGTH_MEAN + 0.5 * log((double)dims),
                       LENGTH_SD, slope + k);
    sum += penalty(theta[dims], SIGNAL_MEAN, SIGNAL_SD, slope + dims);
    sum += penalty(theta[dims + 1], NOISE_MEAN, NOISE_SD, slope + dims + 1);
    return sum;
}

double gp_loss(struct gp *gp, const double *theta, double *gradient)
{
    size_t n = gp->n, ld = gp->room, dims = gp->dims, i, j, k;
    double *c = gp->chol, *a = gp->alpha, *g = gp->slope, value = 0.0;
    double *inverse = gp->work, noise = exp(theta[dims + 1]), w;

    memset(g, 0, gp_n_theta(gp) * sizeof *g);
    if (factor(gp, theta) < 0) {
        if (gradient != NULL)
            memcpy(gradient, g, gp_n_theta(gp) * sizeof *g);
        return 1e100; /* finite: L-BFGS then shortens its step */
    }
    memcpy(a, gp->y, n * sizeof *a);
    LAPACKE_dpotrs(LAPACK_COL_MAJOR, 'L', (int)n, 1, c, (int)ld, a, (int)ld);
    for (i = 0; i < n; i++)
        value += 0.5 * gp->y[i] * a[i] + log(c[i + i * ld]);
    value += penalties(dims, theta, g);
    if (gradient == NULL)
        return value;
    LAPACKE_dpotri(LAPACK_COL_MAJOR, 'L', (int)n, c, (int)ld);
    (void)scales(theta, dims, inverse);
    for (j = 0; j < n; j++) {
        /* half the trace of (K^-1 - a a') dK: each pair once, without half */
        w = 0.5 * noise * (c[j + j * ld] - a[j] * a[j]);
        g[dims + 1] += w;
        /* tr(K^-1 K) = n and a'K a = a'y; what is not noise is signal */
        g[dims] += 0.5 * (1.0 - a[j] * gp->y[j]) - w;
        for (i = j + 1; i < n; i++) {
            w = (c[i + j * ld] - a[i] * a[j]) * c[j + i * ld];
            for (k = 0; k < dims; k++)
                g[k] += w * inverse[k] *
                        gap(gp->kind[k], gp->x[i * dims + k],
                            gp->x[j * dims + k]);
        }
    }
    memcpy(gradient, g, gp_n_theta(gp) * sizeof *g);
    return value;
}

struct fit {
    struct gp *gp;
    double best;
    double *theta; /* of best: L-BFGS may stop at a worse place */
    double *at, *lo, *hi;
};

static double loss(unsigned n, const double *theta, double *gradient,
                   void *data)
{
    struct fit *fit = data;
    double value = gp_loss(fit->gp, theta, gradient);

    if (value < fit->best) {
        fit->best = value;
        memcpy(fit->theta, theta, n * sizeof *theta);
    }
    return value;
}

/* L-BFGS from `from`; the best place of all goes to fit->theta. */
static int descend(struct fit *fit, const double *from)
{
    unsigned n = (unsigned)gp_n_theta(fit->gp), k;
    double *at = fit->at, *lo = fit->lo, *hi = fit->hi, value;
    nlopt_opt opt = nlopt_create(NLOPT_LD_LBFGS, n);

    if (opt == NULL)
        return TT_ENOMEM;
    for (k = 0; k < n; k++) {
        lo[k] = -5.0; /* lengths 0.007 .. 148 of the cube's side */
        hi[k] = 5.0;
    }
    lo[n - 1] = NOISE_MIN;
    hi[n - 1] = 0.5;
    for (k = 0; k < n; k++)
        at[k] = from[k] < lo[k] ? lo[k] : from[k] > hi[k] ? hi[k] : from[k];
    nlopt_set_min_objective(opt, loss, fit);
    nlopt_set_lower_bounds(opt, lo);
    nlopt_set_upper_bounds(opt, hi);
    nlopt_set_maxeval(opt, FIT_EVALUATIONS);
    nlopt_set_ftol_abs(opt, 1e-4); /* far below what changes a decision */
    /* a line search that gives up is no failure: fit keeps the best place */
    (void)nlopt_optimize(opt, at, &value);
    nlopt_destroy(opt);
    return 0;
}

int gp_fit(struct gp *gp, int restart)
{
    size_t n = gp_n_theta(gp);
    struct fit fit = { gp, HUGE_VAL, NULL, NULL, NULL, NULL };
    double *from = calloc(5 * n, sizeof *from);
    int rc;

    if (from == NULL)
        return TT_ENOMEM;
    fit.theta = from + n;
    fit.at = from + 2 * n;
    fit.lo = from + 3 * n;
    fit.hi = from + 4 * n;
    memcpy(fit.theta, gp->theta, n * sizeof *from);
    rc = descend(&fit, gp->theta);
    if (rc == 0 && restart) {
        gp_prior(gp->dims, from);
        rc = descend(&fit, from);
    }
    memcpy(gp->theta, fit.theta, n * sizeof *from);
    free(from);
    return rc < 0 ? rc : gp_condition(gp);
}

/* --- prediction ---------------------------------------------------------- */

/* Covariances of x with the rows; slopes times signal where slope != NULL. */
static void cross(struct gp *gp, const double *x, double *k, double *slope)
{
    double *inverse = gp->work + 2 * gp->room, one;
    double signal = scales(gp->theta, gp->dims, inverse);
    size_t i;

    for (i = 0; i < gp->n; i++) {
        k[i] = signal *
               matern(gp, inverse, x, gp->x + i * gp->dims, &one);
        if (slope != NULL)
            slope[i] = signal * one;
    }
}

static double positive(double variance, double signal)
{
    return variance > 1e-12 * signal ? variance : 1e-12 * signal;
}

void gp_predict(struct gp *gp, const double *x, double *mean,
                double *variance, double *d_mean, double *d_variance)
{
    int n = (int)gp->n, ld = (int)gp->room;
    double *k = gp->work, *slope = gp->work + gp->room, signal, raw;
    const double *inverse = gp->work + 2 * gp->room;
    size_t i, j;

    signal = exp(gp->theta[gp->dims]);
    cross(gp, x, k, slope);
    *mean = cblas_ddot(n, k, 1, gp->alpha, 1);
    cblas_dtrsv(CblasColMajor, CblasLower, CblasNoTrans, CblasNonUnit, n,
                gp->chol, ld, k, 1);
    raw = signal - cblas_ddot(n, k, 1, k, 1);
    *variance = positive(raw, signal);
    if (d_mean == NULL)
        return;
    cblas_dtrsv(CblasColMajor, CblasLower, CblasTrans, CblasNonUnit, n,
                gp->chol, ld, k, 1); /* k is now (K + noise)^-1 k */
    for (j = 0; j < gp->dims; j++) {
        d_mean[j] = d_variance[j] = 0.0;
        if (gp->kind[j] != GP_NUMBER || x[j] < 0.0)
            continue;
        for (i = 0; i < gp->n; i++) {
            double at = gp->x[i * gp->dims + j];
            double dk = -slope[i] * inverse[j] *
                        (x[j] - (at < 0.0 ? 0.5 : at));

            d_mean[j] += dk * gp->alpha[i];
            d_variance[j] -= 2.0 * dk * k[i];
        }
        if (raw <= 1e-12 * signal)
            d_variance[j] = 0.0;
    }
}

void gp_believe(struct gp *gp, const double *x)
{
    int n = (int)gp->n, ld = (int)gp->room;
    double *k = gp->work, signal = exp(gp->theta[gp->dims]), rest;

    cross(gp, x, k, NULL);
    gp->y[n] = cblas_ddot(n, k, 1, gp->alpha, 1);
    gp->alpha[n] = 0.0; /* solves the larger system: the mean stays */
    cblas_dtrsv(CblasColMajor, CblasLower, CblasNoTrans, CblasNonUnit, n,
                gp->chol, ld, k, 1);
    cblas_dcopy(n, k, 1, gp->chol + n, ld);
    /* without the noise of an observation: nothing is left to learn at x */
    rest = signal - cblas_ddot(n, k, 1, k, 1);
    gp->chol[n + n * ld] = sqrt(rest > 1e-6 * signal ? rest : 1e-6 * signal);
    memcpy(gp->x + gp->n * gp->dims, x, gp->dims * sizeof *x);
    gp->n++;
}

void gp_predict_many(struct gp *gp, size_t m, const double *x, double *mean,
                     double *variance, double *scratch)
{
    int n = (int)gp->n;
    double signal = exp(gp->theta[gp->dims]);
    size_t i;

    for (i = 0; i < m; i++) {
        cross(gp, x + i * gp->dims, scratch + i * gp->n, NULL);
        mean[i] = cblas_ddot(n, scratch + i * gp->n, 1, gp->alpha, 1);
    }
    cblas_dtrsm(CblasColMajor, CblasLeft, CblasLower, CblasNoTrans,
                CblasNonUnit, n, (int)m, 1.0, gp->chol, (int)gp->room, scratch,
                n);
    for (i = 0; i < m; i++) {
        const double *v = scratch + i * gp->n;

        variance[i] = positive(signal - cblas_ddot(n, v, 1, v, 1), signal);
    }
}
