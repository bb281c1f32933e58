/* SPDX-License-Identifier: MIT
 *
 * gate.h - is the finalist better than the baseline? Paired per-case scores
 * on the holdout, percentile bootstrap of the mean difference (Efron and
 * Tibshirani 1993, ch. 13; expanded for small samples, Hesterberg 2015),
 * guardrails, and a verdict in words. Pure. */
#ifndef TT_ENGINE_GATE_H
#define TT_ENGINE_GATE_H

#include "core/base/json.h"

struct gate_input {
    const double *baseline, *finalist; /* paired, natural scale; no NANs */
    size_t n;                          /* pairs: cases times repeats */
    bool maximize;
    uint64_t seed;
    unsigned resamples;                /* 0 = 10 000 */
    bool guardrails_hold;              /* of the finalist, all of them */
};

struct gate_verdict {
    double baseline_mean, finalist_mean;
    double lift;          /* positive is better, whatever the direction */
    double lo, hi;        /* 95 % of the lift; infinite below 2 pairs */
    double wins, losses, ties; /* shares of the pairs */
    bool better;          /* lo > 0, the guardrails hold, and there are at
                             least 6 pairs: fewer prove nothing at 95 % */
    char text[256];       /* "better by 0.21 (95 % 0.10 .. 0.31, n=12)" */
};

void gate_decide(const struct gate_input *in, struct gate_verdict *out);
json_object *gate_to_json(const struct gate_verdict *v);

#endif
