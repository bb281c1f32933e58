/* SPDX-License-Identifier: MIT
 *
 * models.h - what `bayesian` knows: its state, and its models of the run. */
#ifndef BAYESIAN_MODELS_H
#define BAYESIAN_MODELS_H

#include <trimtab/asktell.h>
#include <trimtab/sobol.h>

#include "acquisition.h"
#include "warp.h"

/* One Gaussian process: the objective's, one for each guardrail, and one for
 * "can it be scored at all" (1 or -1). */
struct surrogate {
    struct gp *gp;
    struct warp warp;
    int fitted; /* its theta comes from data */
};

struct bayesian {
    size_t dims;
    size_t param[TT_SOBOL_DIMS];
    unsigned char kind[TT_SOBOL_DIMS];
    size_t room;             /* observations that a model holds */
    uint64_t start;          /* candidates before the model takes over */
    struct surrogate *models;
    size_t n_models;         /* 2 + guardrails */
    struct limit *limits;
    struct tt_value *values; /* scratch */
    double *scratch;         /* room */
    const struct tt_trial **rows;
    uint64_t fitted_at;      /* n_ended at the last fit */
    uint64_t index;          /* of the next Sobol point of the start */
    struct acquisition acquisition; /* of the models as they stand */
    int modelled;            /* they hold what ended up to modelled_at ... */
    uint64_t modelled_at;
    uint64_t believed;       /* ... and what is pending of the first trials */
    struct tt_sobol points;
};

/* Bring at->state's models and its acquisition up to date: what has ended,
 * then what is in flight. At least two trials are complete. Returns 0;
 * TT_ENOMEM; TT_EINTERNAL where a covariance has no Cholesky factor. */
int models_prepare(struct tt_asktell *at, struct tt_error *e);

#endif
