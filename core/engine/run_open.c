/* SPDX-License-Identifier: MIT
 *
 * run_open.c - the run as its strategy and its adapter see it when they are
 * opened. A pure function of the run's record: a replay opens the same. */
#include <string.h>

#include "core/base/mem.h"
#include "core/engine/run_impl.h"
#include "core/host/codec.h"

void run_put_problem(const struct run *r, json_object *config,
                     const struct tt_snapshot *snapshot, struct buf *out)
{
    uint64_t per = run_per_candidate(r), slots = r->plan.max_in_flight;
    struct arena a = { 0 };
    struct tt_guardrail *guardrails =
        arena_alloc(&a, r->plan.n_guardrails, sizeof *guardrails);
    struct tt_objective objective = { 0 };
    struct tt_problem problem = { .size = sizeof problem };
    size_t i;

    for (i = 0; i < r->plan.n_guardrails; i++) {
        guardrails[i].metric = tt_str_of(r->plan.guardrails[i]);
        guardrails[i].lo = r->plan.lo[i];
        guardrails[i].hi = r->plan.hi[i];
    }
    objective.metric = tt_str_of(r->plan.metric);
    objective.direction = r->plan.maximize ? TT_MAXIMIZE : TT_MINIMIZE;
    problem.space = &r->space->tt;
    problem.objectives = &objective;
    problem.n_objectives = 1;
    problem.guardrails = guardrails;
    problem.n_guardrails = r->plan.n_guardrails;
    problem.seed = r->plan.seed;
    problem.n_train = r->dataset->n[TT_TRAIN];
    problem.n_validation = r->dataset->n[TT_VALIDATION];
    problem.max_in_flight = slots <= 1 ? 1
                                       : (slots + per - 1) / per + (per > 1);
    problem.budget = r->budget.tt;
    problem.config = codec_config(config, &a);
    codec_put_problem(out, &problem, snapshot);
    arena_fini(&a);
}

void run_put_setup(const struct run *r, json_object *config, struct buf *out)
{
    json_object *evaluation = json_child(json_child(r->document, "problem"),
                                         "evaluation");
    struct arena a = { 0 };
    struct tt_setup setup = { .size = sizeof setup };
    struct buf text = { 0 };

    if (evaluation != NULL)
        json_canonical(evaluation, &text);
    else
        buf_adds(&text, "{}");
    setup.space = &r->space->tt;
    setup.config = codec_config(config, &a);
    setup.evaluation = buf_str(&text);
    setup.max_in_flight = r->plan.max_in_flight;
    setup.timeout_ms = r->plan.timeout_ms;
    codec_put_setup(out, &setup);
    buf_fini(&text);
    arena_fini(&a);
}

uint64_t run_log_start(const struct run *r)
{
    return r->fresh ? r->next_position
                    : r->log_start > 0 ? r->log_start : 1;
}

uint64_t run_log_state(const struct run *r)
{
    return r->fresh ? 0 : r->log_state;
}
