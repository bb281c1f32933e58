/* SPDX-License-Identifier: MIT
 *
 * acquisition.c - expected improvement on the log scale, times probability of
 * feasibility (Schonlau, Welch, Jones: Global versus local search in
 * constrained optimization of computer models, 1998). */
#include "acquisition.h"

#define LOG_SQRT_2PI 0.91893853320467274178
#define SQRT_HALF 0.70710678118654752440

/* --- values -------------------------------------------------------------- */

static double log_phi(double z)
{
    return -0.5 * z * z - LOG_SQRT_2PI;
}

static double log_below(double z) /* log(Phi(z)) */
{
    double w = 1.0 / (z * z);

    if (z > -30.0)
        return log(0.5 * erfc(-z * SQRT_HALF));
    return log_phi(z) - log(-z) + log1p(w * (-1.0 + w * (3.0 - 15.0 * w)));
}

double log_improvement(double z, double *slope)
{
    double phi, below, w, h, p;
    int k;

    if (z > -20.0) {
        phi = exp(log_phi(z));
        below = 0.5 * erfc(-z * SQRT_HALF);
        /* cancels to phi / z^2: 400 ulps at the worst, z = -20 */
        *slope = below / (phi + z * below);
        return log(phi + z * below);
    }
    /* asymptotic: h = phi/z^2 (1 - 3/z^2 + 15/z^4 ...) and
     * Phi = phi/|z| (1 - 1/z^2 + 3/z^4 ...), 8 terms are exact here */
    w = 1.0 / (z * z);
    for (k = 8, h = p = 1.0; k > 0; k--) {
        h = 1.0 - (2.0 * k + 1.0) * w * h;
        p = 1.0 - (2.0 * k - 1.0) * w * p;
    }
    *slope = -z * p / h;
    return log_phi(z) - 2.0 * log(-z) + log(h);
}

double log_interval(double lo, double hi, double *d_lo, double *d_hi)
{
    double a = lo, b = hi, below, value;

    if (a + b > 0.0) { /* the lower tail keeps its digits */
        a = -hi;
        b = -lo;
    }
    below = log_below(b);
    value = a > -HUGE_VAL ? below + log1p(-exp(log_below(a) - below)) : below;
    *d_lo = lo > -HUGE_VAL ? -exp(log_phi(lo) - value) : 0.0;
    *d_hi = hi < HUGE_VAL ? exp(log_phi(hi) - value) : 0.0;
    return value;
}

void acq_encode(const struct acquisition *a, const double *u, double *x)
{
    size_t k;

    tt_from_cube(a->space, TT_CUBE_CELL, u, a->values);
    for (k = 0; k < a->dims; k++) {
        const struct tt_param *p = tt_space_param(a->space, a->param[k]);
        const struct tt_value *v = &a->values[a->param[k]];

        if ((v->flags & TT_VALUE_INACTIVE) != 0)
            x[k] = GP_ABSENT;
        else if (p->kind == TT_CATEGORICAL)
            x[k] = v->number;
        else if (tt_param_levels(p) == 0)
            x[k] = u[k] < 0.0 ? 0.0 : u[k] > 1.0 ? 1.0 : u[k];
        else
            x[k] = tt_param_to_unit(p, v->number);
    }
}

/* What one model adds, from its mean and variance: the value, and the
 * derivatives by mean and standard deviation. */
static double improvement(double best, double mean, double sd, double *d_mean,
                          double *d_sd)
{
    double z = (best - mean) / sd, slope, value = log_improvement(z, &slope);

    *d_mean = -slope / sd;
    *d_sd = (1.0 - slope * z) / sd;
    return value + log(sd);
}

static double feasible(const struct limit *l, double mean, double sd,
                       double *d_mean, double *d_sd)
{
    double lo = (l->lo - mean) / sd, hi = (l->hi - mean) / sd, d_lo, d_hi;
    double value = log_interval(lo, hi, &d_lo, &d_hi);

    *d_mean = -(d_lo + d_hi) / sd;
    *d_sd = -((d_lo != 0.0 ? d_lo * lo : 0.0) +
              (d_hi != 0.0 ? d_hi * hi : 0.0)) / sd;
    return value;
}

static struct gp *model(const struct acquisition *a, size_t i)
{
    return i < a->n_limits ? a->limits[i].gp : a->objective;
}

static size_t n_models(const struct acquisition *a)
{
    return a->n_limits + (a->objective != NULL);
}

static double judge(const struct acquisition *a, size_t i, double mean,
                    double variance, double *d_mean, double *d_sd)
{
    double sd = sqrt(variance);

    return i < a->n_limits
               ? feasible(&a->limits[i], mean, sd, d_mean, d_sd)
               : improvement(a->best, mean, sd, d_mean, d_sd);
}

double acq_value(const struct acquisition *a, const double *x,
                 double *gradient)
{
    double mean, variance, by_mean, by_sd, sum = 0.0;
    double d_mean[TT_SOBOL_DIMS], d_variance[TT_SOBOL_DIMS];
    size_t i, k;

    if (gradient != NULL)
        memset(gradient, 0, a->dims * sizeof *gradient);
    for (i = 0; i < n_models(a); i++) {
        /* It is filled in, not read: cppcheck looks at one file only. */
        gp_predict(model(a, i), x, &mean, &variance,
                   /* cppcheck-suppress legacyUninitvar */
                   gradient != NULL ? d_mean : NULL, d_variance);
        sum += judge(a, i, mean, variance, &by_mean, &by_sd);
        for (k = 0; gradient != NULL && k < a->dims; k++)
            gradient[k] += by_mean * d_mean[k] +
                           by_sd * d_variance[k] / (2.0 * sqrt(variance));
    }
    return sum;
}

size_t acq_scratch(const struct acquisition *a)
{
    size_t i, rows = 0;

    for (i = 0; i < n_models(a); i++)
        rows = model(a, i)->n > rows ? model(a, i)->n : rows;
    return rows + 2;
}

void acq_values(const struct acquisition *a, size_t m, const double *x,
                double *value, double *scratch)
{
    double *mean = scratch, *variance = mean + m, by_mean, by_sd;
    size_t i, k;

    memset(value, 0, m * sizeof *value);
    for (k = 0; k < n_models(a); k++) {
        gp_predict_many(model(a, k), m, x, mean, variance, variance + m);
        for (i = 0; i < m; i++)
            value[i] +=
                judge(a, k, mean[i], variance[i], &by_mean, &by_sd);
    }
}
