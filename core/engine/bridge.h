/* SPDX-License-Identifier: MIT
 *
 * bridge.h - evaluation outputs become an observation, or a clear diagnostic.
 * Section 4 of Orcheo's contract: every metric node in its table, explicit
 * pointers for the rest. Native scales are kept. A missing metric is never 0:
 * null, non-finite values and an empty per_item count as "not measured". Pure:
 * no store, no clock. */
#ifndef TT_ENGINE_BRIDGE_H
#define TT_ENGINE_BRIDGE_H

#include "core/base/json.h"
#include "core/engine/dataset.h"

struct bridge_spec {
    const char *objective;       /* metric name: "score", "score.token_f1",
                                    "token_f1" (when unique) */
    const char *const *guardrails; /* metric names */
    size_t n_guardrails;
    json_object *pointers;       /* {"name": JSON pointer}, or NULL */
    const char *const *case_names; /* the sent cases' own "id" (struct dataset,
                                    names), in order; entries may be NULL, and
                                    so may the whole. Nodes that answer by id
                                    (per_query, verdicts) are matched by it,
                                    else by the number in case_ids */
};

struct bridge_case {
    uint64_t id;     /* the case's id within its split */
    int status;      /* enum tt_case_status */
    double objective; /* NAN unless OK */
    char *feedback;  /* reasons, joined; or NULL */
};

struct observation {
    json_object *metrics;  /* every metric found {"node.metric": number} */
    double objective;
    double *guardrails;    /* NAN where not measured */
    struct bridge_case *cases; /* n_cases, in the order that was sent */
    size_t n_cases;
    uint64_t tokens_in, tokens_out;
};

/* A metric that an evaluation gives without values per case says nothing of a
 * single case: cases are MISSING then, unless only one was sent.
 *
 * outputs  {"node_results":{...}} (0.33: "results"), "messages":[...]; a
 *          history {"steps":[...]} is folded where neither is there
 * case_ids the n cases that were sent, in order: per_item[i] is case_ids[i]
 * Returns 0 (give *out to observation_fini); TT_EPROTOCOL: the metric is
 * missing (lists what was found), lengths differ, or nothing was measured. */
int bridge_read(json_object *outputs, const struct bridge_spec *spec,
                const uint64_t *case_ids, size_t n_cases,
                struct observation *out, struct err *e);
void observation_fini(struct observation *o);

/* Over cases: "mean", "median" or "min" of the finite ones; NAN for none. */
double bridge_aggregate(const char *how, const double *values, size_t n);

#endif
