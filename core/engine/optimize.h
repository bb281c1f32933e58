/* SPDX-License-Identifier: MIT
 *
 * optimize.h - a run on its way in: what api_optimize.c makes a record of, and
 * optimize_gather.c resolves, checks and pins. */
#ifndef TT_ENGINE_OPTIMIZE_H
#define TT_ENGINE_OPTIMIZE_H

#include "core/engine/budget.h"
#include "core/engine/dataset.h"
#include "core/engine/engine_release.h"
#include "core/engine/space.h"

/* What is gathered on the way. */
struct optimize {
    struct engine *g;
    const struct engine_request *q;
    json_object *body;
    json_object *targets;  /* {node: document} */
    json_object *problem;  /* target_join() */
    struct space *space;
    struct engine_plugin strategy, adapter;
    json_object *strategy_config, *adapter_config;
    enum release_why strategy_why, adapter_why;
    struct dataset *dataset;
    struct budget budget;
    const char *environment;
    json_object *baseline; /* {"parameters","versions","source"} */
    char run[24];
};

/* From the first part of *o (g, q, body) all the rest. What a refusal names:
 * the member, and what would do. */
int optimize_gather(struct optimize *o, struct err *e);
void optimize_fini(struct optimize *o);

#endif
