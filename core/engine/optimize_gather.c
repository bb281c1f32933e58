/* SPDX-License-Identifier: MIT
 *
 * optimize_gather.c - what a run needs: its targets joined, its plugins and
 * dataset pinned, its budget judged, its baseline read. */
#include "core/engine/optimize.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/engine/resource.h"
#include "core/engine/target.h"
#include "core/engine/version.h"

#define MAX_NODES 32

/* --- the request ---------------------------------------------------------- */

static int check_members(struct optimize *s, struct err *e)
{
    static const char *const known[] = {
        "node_ids", "optimizer", "objective", "limits", "convergence", "seed",
        "dataset", "guardrails", "optimizer_config", "adapter_config",
        "promote", "max_in_flight", "environment", "finalists", "repeats",
        "fail_after", NULL,
    };
    struct json_at at = { s->body, "optimize" };

    return json_only(at, known, e);
}

/* {node: target} of the nodes that are named. */
static int read_targets(struct optimize *s, struct err *e)
{
    struct json_at at = { s->body, "optimize" };
    json_object *list;
    size_t i, n;
    int rc = json_get_child(at, "node_ids", json_type_array, true, &list, e);

    if (rc != 0)
        return rc;
    n = json_object_array_length(list);
    if (n == 0 || n > MAX_NODES)
        return err_set(e, TT_EINVAL, "optimize: node_ids: wants 1 to %d nodes, "
                       "has %zu", MAX_NODES, n);
    s->targets = json_object_new_object();
    for (i = 0; i < n; i++) {
        json_object *one = json_object_array_get_idx(list, i), *target;
        const char *node = json_object_is_type(one, json_type_string)
                               ? json_object_get_string(one)
                               : NULL;

        rc = resource_id("optimize: node_ids: node", node, e);
        if (rc != 0)
            return rc;
        if (json_child(s->targets, node) != NULL)
            return err_set(e, TT_EINVAL, "optimize: node_ids: \"%s\" is there "
                           "twice", node);
        target = resource_target(s->g->store, s->q->workflow, node, e);
        if (target == NULL)
            return e->code;
        json_set(s->targets, node, target);
    }
    return 0;
}

static int join(struct optimize *s, struct err *e)
{
    struct json_at at = { s->body, "optimize" };
    const char *promote = NULL;
    int rc;

    s->problem = target_join(s->q->workflow, s->targets, s->body, e);
    if (s->problem == NULL)
        return e->code;
    rc = json_get_str(at, "promote", "", &promote, e);
    if (rc == 0 && *promote != '\0') {
        if (strcmp(promote, "auto") != 0 && strcmp(promote, "manual") != 0)
            return err_set(e, TT_EINVAL, "optimize: promote: must be manual or "
                           "auto, is \"%s\"", promote);
        json_set_str(s->problem, "promote", promote);
    }
    s->space = rc == 0 ? space_create(json_child(s->problem, "nodes"), e)
                       : NULL;
    return rc == 0 && s->space == NULL ? e->code : rc;
}

/* --- plugins -------------------------------------------------------------- */

static json_object *description(const struct engine_plugin *p)
{
    json_object *plugin = json_child(p->describe, "plugin");

    return plugin != NULL ? plugin : p->describe;
}

static bool lists(json_object *list, const char *word)
{
    size_t i, n = list != NULL ? json_object_array_length(list) : 0;

    for (i = 0; i < n; i++) {
        const char *one = json_object_get_string(
            json_object_array_get_idx(list, i));

        if (one != NULL && strcmp(one, word) == 0)
            return true;
    }
    return false;
}

/* Is there anything at all that it could search? Its own validate says more,
 * when the run starts. */
static int check_kinds(struct optimize *s, struct err *e)
{
    static const char *const words[] = { "", "float", "int", "categorical",
                                         "ordinal", "bool", "text" };
    json_object *kinds = json_child(description(&s->strategy), "param_kinds");
    uint64_t i, open = 0;

    for (i = 0; kinds != NULL && i < s->space->tt.n_params; i++) {
        const struct tt_param *p = tt_space_param(&s->space->tt, i);

        if ((p->flags & TT_PARAM_FIXED) != 0)
            continue;
        open++;
        if (lists(kinds, words[p->kind]))
            return 0;
    }
    if (kinds == NULL)
        return 0; /* not described yet */
    if (open == 0)
        return err_set(e, TT_EINVAL, "optimize: every parameter is fixed: "
                       "there is nothing to tune");
    return err_set(e, TT_EUNSUPPORTED, "optimize: strategy %s searches none of "
                   "these parameters' kinds; it knows %s", s->strategy.id,
                   json_object_get_string(kinds));
}

static int pin_plugin(struct optimize *s, const char *name, uint32_t kind,
                      json_object *overrides, struct engine_plugin *plugin,
                      json_object **config, enum release_why *why,
                      struct err *e)
{
    int rc = releases_choose(s->g, name, kind, s->q->workflow, s->run, plugin,
                             why, e);

    if (rc != 0)
        return rc;
    *config = engine_plugin_config(s->g, plugin, overrides);
    /* defaults are filled in when it is opened */
    return engine_plugin_try_config(plugin, *config, e);
}

static int read_plugins(struct optimize *s, struct err *e)
{
    json_object *adapter = json_child(s->problem, "adapter"), *config;
    struct json_at at = { s->body, "optimize" };
    json_object *strategy_over, *adapter_over;
    const char *optimizer;
    int rc = json_get_str(at, "optimizer", NULL, &optimizer, e);

    if (rc == 0)
        rc = json_get_child(at, "optimizer_config", json_type_object, false,
                            &strategy_over, e);
    if (rc == 0)
        rc = json_get_child(at, "adapter_config", json_type_object, false,
                            &adapter_over, e);
    if (rc == 0)
        rc = pin_plugin(s, optimizer, TT_KIND_STRATEGY, strategy_over,
                        &s->strategy, &s->strategy_config, &s->strategy_why, e);
    if (rc == 0)
        rc = check_kinds(s, e);
    if (rc != 0)
        return rc;
    config = json_child(adapter, "config");
    config = config != NULL ? json_copy(config) : json_object_new_object();
    if (adapter_over != NULL) {
        json_object_object_foreach(adapter_over, key, value)
        {
            json_set(config, key, json_copy(value));
        }
    }
    rc = pin_plugin(s, json_str(adapter, "plugin"), TT_KIND_ADAPTER, config,
                    &s->adapter, &s->adapter_config, &s->adapter_why, e);
    json_object_put(config);
    return rc;
}

/* --- dataset, budget, baseline -------------------------------------------- */

static int read_budget(struct optimize *s, struct err *e)
{
    const struct engine_options *o = &s->g->options;
    uint64_t size = (uint64_t)json_int(json_child(s->problem, "evaluation"),
                                       "cases_per_run", 1);
    struct budget_terms terms = {
        .iterations_min = (uint64_t)json_int(description(&s->strategy),
                                             "budget_min", 0),
        .cases = s->dataset->n[TT_VALIDATION],
        .cap_iterations = o->cap_iterations,
        .cap_seconds = o->cap_seconds,
        .cap_evaluations = o->cap_evaluations,
    };

    if (size == 0)
        size = 1;
    terms.per_candidate = (terms.cases + size - 1) / size;
    return budget_parse(s->body, &terms, &s->budget, e);
}

static int read_environment(struct optimize *s, struct err *e)
{
    struct json_at at = { s->body, "optimize" };
    int rc = json_get_str(at, "environment", s->g->options.environment,
                          &s->environment, e);

    return rc != 0 ? rc : resource_id("optimize: environment", s->environment,
                                      e);
}

/* The active version's parameters of a node; NULL where none is active. */
static json_object *active_of(struct optimize *s, const char *node,
                              char name[32], int *rc, struct err *e)
{
    struct store_moved moved;
    struct err why = { 0 };
    json_object *version, *parameters;

    *rc = store_active(s->g->store, s->q->workflow, node, s->environment,
                       &moved, &why);
    if (*rc == TT_ENOENT) {
        *rc = 0;
        return NULL;
    }
    if (*rc != 0) {
        err_set(e, *rc, "%s", why.text);
        return NULL;
    }
    version = resource_version(s->g->store, s->q->workflow, node, moved.active,
                               e);
    if (version == NULL) {
        *rc = e->code;
        return NULL;
    }
    version_text(moved.active, name);
    parameters = json_copy(json_child(version, "parameters"));
    json_object_put(version);
    return parameters;
}

/* A version may hold what the target does not tune (any more). */
static json_object *only_tuned(json_object *parameters, json_object *tuned)
{
    json_object *o = json_object_new_object();

    json_object_object_foreach(parameters, name, value)
    {
        if (json_child(tuned, name) != NULL)
            json_set(o, name, json_copy(value));
    }
    json_object_put(parameters);
    return o;
}

static int read_baseline(struct optimize *s, struct err *e)
{
    json_object *nodes = json_child(s->problem, "nodes");
    json_object *parameters = json_object_new_object();
    json_object *versions = json_object_new_object();
    struct candidate c;
    bool active = false;
    int rc = 0;

    s->baseline = json_object_new_object();
    json_set(s->baseline, "parameters", parameters);
    json_set(s->baseline, "versions", versions);
    json_object_object_foreach(nodes, node, tuned)
    {
        char name[32];
        json_object *values = active_of(s, node, name, &rc, e);

        if (rc != 0)
            return rc;
        if (values == NULL) {
            json_set(versions, node, NULL);
            json_set(parameters, node, json_object_new_object());
            continue;
        }
        active = true;
        json_set_str(versions, node, name);
        json_set(parameters, node, only_tuned(values, tuned));
    }
    json_set_str(s->baseline, "source", active ? "active" : "defaults");
    rc = space_from_json(s->space, parameters, &c, e);
    if (rc != 0) {
        err_prefix(e, "optimize: the active version is no point of the search "
                   "space; widen the target");
        return TT_EINVAL;
    }
    json_set(s->baseline, "parameters", space_to_json(s->space, &c.tt));
    candidate_fini(&c);
    return 0;
}

int optimize_gather(struct optimize *s, struct err *e)
{
    int rc = check_members(s, e);

    if (rc == 0)
        rc = read_targets(s, e);
    if (rc == 0)
        rc = join(s, e);
    if (rc == 0)
        rc = read_environment(s, e);
    if (rc == 0)
        rc = read_plugins(s, e);
    if (rc != 0)
        return rc;
    s->dataset = resource_dataset_open(s->g->store, s->q->workflow,
                                       json_str(s->problem, "dataset"), e);
    if (s->dataset == NULL)
        return e->code;
    rc = read_budget(s, e);
    return rc != 0 ? rc : read_baseline(s, e);
}

void optimize_fini(struct optimize *s)
{
    json_object_put(s->targets);
    json_object_put(s->problem);
    space_destroy(s->space);
    engine_plugin_fini(&s->strategy);
    engine_plugin_fini(&s->adapter);
    json_object_put(s->strategy_config);
    json_object_put(s->adapter_config);
    dataset_destroy(s->dataset);
    json_object_put(s->baseline);
}
