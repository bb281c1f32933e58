/* SPDX-License-Identifier: MIT
 *
 * target.h - what trimtab knows of one (workflow, node).
 *
 * The document (PUT .../targets/{node}; * = required):
 *   {"parameters"*: {"temperature": {...see space.h...}},
 *    "adapter": {"plugin":"orcheo","config":{...}},        default: {"plugin":"orcheo"}
 *    "evaluation"*: {...the adapter's own: for orcheo {"workflow","mode",...};
 *        "cases_per_run": 1, "timeout_seconds": 300, "retries": 2},
 *    "dataset": "name" or "name@version",
 *    "objective": {"metric":"score.token_f1","direction":"maximize"},
 *    "guardrails": [{"metric","min","max"}],
 *    "metrics": {"name":"/node_results/judge/value"},   explicit pointers
 *    "aggregate": "mean" | "median" | "min",             default mean
 *    "delivery": {"mode":"pull"} or {"mode":"push","workflow","version"},
 *    "promote": "manual" | "auto",                        default manual
 *    "description": "..."} */
#ifndef TT_ENGINE_TARGET_H
#define TT_ENGINE_TARGET_H

#include "core/base/json.h"
#include "core/engine/space.h"

/* Check a target document and fill in its defaults in place.
 * TT_EINVAL "target demo/answer: parameters: temperature: ...". */
int target_check(const char *workflow, const char *node, json_object *document,
                 struct err *e);

/* The joint problem of several nodes of one workflow: their parameters under
 * their node names, and the run-wide settings. Nodes must agree on adapter,
 * evaluation, dataset and objective; a refusal names both and the field.
 * request: the body of optimize; it may override objective, dataset,
 * guardrails. Where a node is pushed to a workflow, evaluation.production of
 * the orcheo adapter names it, unless it is said already: no candidate must
 * get there. The caller puts the result:
 * {"nodes":{node:{...parameters...}},"adapter","evaluation","dataset",
 *  "objective","guardrails","metrics","aggregate","delivery":{node:{...}},
 *  "promote"} */
json_object *target_join(const char *workflow, json_object *targets_by_node,
                         json_object *request, struct err *e);

#endif
