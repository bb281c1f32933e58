/* SPDX-License-Identifier: MIT
 *
 * warp.c - the power transformation of Yeo and Johnson (Biometrika 87, 2000)
 * at its exponent of greatest likelihood, as HEBO does (Cowen-Rivers et al.,
 * JAIR 74, 2022). Losses that differ by orders of magnitude, or a few very bad
 * ones, would else flatten everything that matters. */
#include "warp.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Exponents tried: 0.1 apart. Below 1 draws in a long tail of bad losses,
 * above 1 one of good losses. Measured on the six functions of
 * tests/bench/strategies.c: beyond 3 gains nothing. */
#define LAMBDA_FROM (-20)
#define LAMBDA_TO 30

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double power(double y, double lambda)
{
    if (y < 0.0)
        return -power(-y, 2.0 - lambda);
    if (fabs(lambda) < 1e-9)
        return log1p(y);
    return expm1(lambda * log1p(y)) / lambda;
}

static double root(double t, double lambda)
{
    if (t < 0.0)
        return -root(-t, 2.0 - lambda);
    if (fabs(lambda) < 1e-9)
        return expm1(t);
    return lambda * t > -1.0 ? expm1(log1p(lambda * t) / lambda) : HUGE_VAL;
}

static void moments(const double *y, size_t n, double *mean, double *variance)
{
    size_t i;

    *mean = *variance = 0.0;
    for (i = 0; i < n; i++)
        *mean += y[i] / (double)n;
    for (i = 0; i < n; i++)
        *variance += (y[i] - *mean) * (y[i] - *mean) / (double)n;
}

static void standardise(struct warp *w, const double *t, size_t n)
{
    double variance;

    moments(t, n, &w->mean, &variance);
    w->sd = variance > 0.0 ? sqrt(variance) : 1.0;
}

void warp_standard(struct warp *w, const double *y, size_t n)
{
    w->centre = 0.0;
    w->spread = w->lambda = 1.0;
    standardise(w, y, n);
}

/* Median and quartile distance: a few outliers do not move these. */
static void centre(struct warp *w, const double *y, size_t n, double *sorted)
{
    memcpy(sorted, y, n * sizeof *y);
    qsort(sorted, n, sizeof *sorted, ascending);
    w->centre = sorted[n / 2];
    w->spread = sorted[n - 1 - n / 4] - sorted[n / 4];
    if (!(w->spread > 0.0))
        w->spread = sorted[n - 1] - sorted[0];
    if (!(w->spread > 0.0))
        w->spread = 1.0;
}

static double unit(const struct warp *w, double y)
{
    return (y - w->centre) / w->spread;
}

void warp_fit(struct warp *w, const double *y, size_t n, double *scratch)
{
    double best = -HUGE_VAL, slope = 0.0, mean, variance, here, lambda;
    size_t i;
    int k;

    centre(w, y, n, scratch);
    w->lambda = 1.0;
    for (i = 0; i < n; i++) {
        double z = unit(w, y[i]);

        slope += copysign(log1p(fabs(z)), z);
    }
    for (k = LAMBDA_FROM; k <= LAMBDA_TO && n > 2; k++) {
        lambda = 0.1 * k;
        for (i = 0; i < n; i++)
            scratch[i] = power(unit(w, y[i]), lambda);
        moments(scratch, n, &mean, &variance);
        if (!(variance > 0.0))
            continue;
        here = (lambda - 1.0) * slope - 0.5 * (double)n * log(variance);
        if (here > best) {
            best = here;
            w->lambda = lambda;
        }
    }
    for (i = 0; i < n; i++)
        scratch[i] = power(unit(w, y[i]), w->lambda);
    standardise(w, scratch, n);
}

double warp_do(const struct warp *w, double y)
{
    return (power(unit(w, y), w->lambda) - w->mean) / w->sd;
}

double warp_undo(const struct warp *w, double t)
{
    return root(t * w->sd + w->mean, w->lambda) * w->spread + w->centre;
}
