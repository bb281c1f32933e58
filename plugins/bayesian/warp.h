/* SPDX-License-Identifier: MIT
 *
 * warp.h - losses into something that a Gaussian process believes. */
#ifndef BAYESIAN_WARP_H
#define BAYESIAN_WARP_H

#include <stddef.h>

/* A monotone map: (power((y - centre) / spread, lambda) - mean) / sd. */
struct warp {
    double centre, spread, lambda, mean, sd;
};

/* The map that makes these n finite numbers most normal, with mean 0 and
 * variance 1. scratch holds n numbers. */
void warp_fit(struct warp *w, const double *y, size_t n, double *scratch);

/* Only shifts and scales to mean 0 and variance 1. */
void warp_standard(struct warp *w, const double *y, size_t n);

/* Lower stays lower. */
double warp_do(const struct warp *w, double y);

/* Back; an infinity beyond the image of the map. */
double warp_undo(const struct warp *w, double t);

#endif
