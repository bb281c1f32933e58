/* SPDX-License-Identifier: MIT
 *
 * budget.h - limits of a run, what is spent, and when it has converged. Pure. */
#ifndef TT_ENGINE_BUDGET_H
#define TT_ENGINE_BUDGET_H

#include <trimtab/strategy.h>

#include "core/base/json.h"

/* X(name, word): why a run stopped; results, not errors. */
#define STOP_TABLE(X)                                                          \
    X(STOP_NONE, "")                                                           \
    X(STOP_ITERATIONS, "iterations")                                           \
    X(STOP_EVALUATIONS, "evaluations")                                         \
    X(STOP_TIME, "time")                                                       \
    X(STOP_COST, "cost")                                                       \
    X(STOP_TARGET, "target")                                                   \
    X(STOP_CONVERGED, "converged")                                             \
    X(STOP_EXHAUSTED, "exhausted")                                             \
    X(STOP_CANCELLED, "cancelled")                                             \
    X(STOP_FAILED, "failed")
enum stop_reason {
#define STOP_ENUM(name, word) name,
    STOP_TABLE(STOP_ENUM)
#undef STOP_ENUM
};
const char *stop_word(enum stop_reason reason);

/* "limits": {"iterations":50,"evaluations":0,"time_seconds":600,"cost":0,
 * "target":0.95} and "convergence": {"criterion":"no_improvement",
 * "patience":20,"min_delta":0.0} | {"criterion":"none"} (default). */
struct budget {
    struct tt_budget tt;
    bool has_target;
    double target;
    bool converge;
    uint64_t patience;
    double min_delta;
};

/* Parse and judge. A meaningless budget (no limit at all, fewer iterations
 * than the strategy can use, not enough evaluations for one candidate, a time
 * shorter than one evaluation's timeout could ...) is TT_EBUDGET and says what
 * it would have bought.
 * iterations_min  of the strategy; per_candidate: evaluations that one
 *                 candidate needs; caps: the server's, 0 = none. */
struct budget_terms {
    uint64_t iterations_min, per_candidate, cases;
    uint64_t cap_iterations, cap_seconds, cap_evaluations;
};
int budget_parse(json_object *request, const struct budget_terms *terms,
                 struct budget *out, struct err *e);

/* Why to stop now, or STOP_NONE. best: of each finished iteration so far, in
 * order, natural scale. */
enum stop_reason budget_stop(const struct budget *b, bool maximize,
                             const double *scores, uint64_t n);

#endif
