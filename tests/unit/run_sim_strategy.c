/* SPDX-License-Identifier: MIT
 *
 * run_sim_strategy.c - strategies for the world of run_sim.h. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <trimtab/asktell.h>

#include "tests/unit/run_sim.h"

/* --- a strategy of asktell.h ---------------------------------------------- */

static int random_ask(struct tt_asktell *at, struct tt_proposal *p,
                      struct tt_error *e)
{
    uint64_t i;

    (void)e;
    for (i = 0; i < at->space->n_params; i++) {
        const struct tt_param *param = tt_space_param(at->space, i);

        if (tt_param_searched(param))
            p->values[i].number =
                tt_param_from_unit(param, tt_random_unit(&p->random));
    }
    return 0;
}

static const struct tt_asktell_ops random_ops = { NULL, 0, NULL, NULL,
                                                  random_ask, NULL, NULL,
                                                  NULL, 1 };
TT_ASKTELL_STRATEGY(random_strategy, random_ops);

const struct tt_plugin *sim_random_strategy(void)
{
    static const struct tt_plugin plugin = {
        .size = sizeof plugin, .abi_major = TT_ABI_MAJOR,
        .abi_minor = TT_ABI_MINOR_WANTED, .kind = TT_KIND_STRATEGY,
        .id = "sim-random", .version = "1.0.0", .name = "sim-random",
        .summary = "Uniform.", .vendor = "trimtab", .license = "MIT",
        .config_schema = "{\"type\":\"object\"}",
        .caps = TT_CAP_DETERMINISTIC | TT_CAP_SNAPSHOT | TT_CAP_PENDING |
                TT_CAP_PARTIAL,
        .param_kinds = TT_KINDS_NUMERIC, .state_schema = 1,
        .state_schema_min = 1, .strategy = &random_strategy,
    };

    return &plugin;
}

/* --- a strategy that a test writes ---------------------------------------- */

static struct sim_script *script;

static int script_open(const struct tt_host *host,
                       const struct tt_problem *problem,
                       const struct tt_snapshot *snapshot,
                       struct tt_instance **out, struct tt_error *e)
{
    (void)host;
    (void)snapshot;
    (void)e;
    script->n_params = problem->space->n_params;
    *out = (struct tt_instance *)(void *)script;
    return 0;
}

static int script_event(struct tt_instance *self, const struct tt_event *event,
                        struct tt_error *e)
{
    const void *record = event;
    const struct tt_result *r = record;
    const struct tt_failure *f = record;
    const struct tt_llm_reply *l = record;
    struct tt_str text = { NULL, 0 };

    (void)self;
    (void)e;
    script->told[event->kind]++;
    if (event->kind == TT_RESULT) {
        script->objective = r->objectives[0];
        script->ref = r->ref;
        script->n_cases = r->n_cases;
    }
    if (event->kind == TT_FAILED || event->kind == TT_CANCELLED) {
        script->ref = f->ref;
        text = f->cause;
    }
    if (event->kind == TT_LLM_REPLY) {
        script->tokens += l->tokens_in;
        text = l->text;
    }
    if (text.n > 0)
        (void)snprintf(script->text, sizeof script->text, "%.*s", (int)text.n,
                       text.p);
    return 0;
}

static int script_next(struct tt_instance *self, const struct tt_ask *ask,
                       const struct tt_action_sink *sink, struct tt_error *e)
{
    (void)self;
    script->asks++;
    return script->next(script, ask, sink, e);
}

static int script_validate(const struct tt_problem *problem,
                           struct tt_error *e)
{
    (void)problem;
    (void)e;
    return 0;
}

static void script_close(struct tt_instance *self)
{
    (void)self;
}

const struct tt_plugin *sim_script_strategy(struct sim_script *of)
{
    static const struct tt_strategy strategy = {
        script_validate, script_open, script_event, script_next,
        NULL,            NULL,        script_close, NULL
    };
    static const struct tt_plugin plugin = {
        .size = sizeof plugin, .abi_major = TT_ABI_MAJOR,
        .abi_minor = TT_ABI_MINOR_WANTED, .kind = TT_KIND_STRATEGY,
        .id = "sim-script", .version = "1.0.0", .name = "sim-script",
        .summary = "As written.", .vendor = "trimtab", .license = "MIT",
        .config_schema = "{\"type\":\"object\"}", .caps = TT_CAP_PARTIAL,
        .param_kinds = TT_KINDS_NUMERIC, .strategy = &strategy,
    };

    script = of;
    return &plugin;
}

int sim_evaluate(const struct tt_action_sink *sink, uint64_t ref,
                 uint64_t n_params, double x)
{
    struct tt_value values[8] = { { .number = x } };
    struct tt_evaluate v = { .head = { sizeof v, TT_EVALUATE }, .ref = ref };
    uint64_t i;

    for (i = 0; i < n_params && i < 8; i++)
        values[i].number = x;
    v.candidate.size = sizeof v.candidate;
    v.candidate.value_size = sizeof *values;
    v.candidate.values = values;
    v.candidate.n_values = ref < TT_REF_HOST ? n_params : 0;
    v.predicted_mean = v.predicted_sd = v.acquisition = (double)NAN;
    return sink->emit(sink, &v.head);
}

int sim_emit(const struct tt_action_sink *sink, uint32_t kind)
{
    struct tt_done done = { .head = { sizeof done, TT_DONE } };
    struct tt_wait wait = { .head = { sizeof wait, TT_WAIT } };

    done.reason = tt_str_of("exhausted");
    return sink->emit(sink, kind == TT_DONE ? &done.head : &wait.head);
}
