/* SPDX-License-Identifier: MIT
 *
 * target_join.c - the targets of one run become one problem. */
#include <string.h>

#include "core/base/mem.h"
#include "core/engine/target_internal.h"

/* Where all targets of a run must say the same, unless the request decides. */
static const struct {
    const char *field;
    bool request; /* may override it */
    bool required;
} shared[] = {
    { "adapter", false, true },   { "evaluation", false, true },
    { "aggregate", false, true }, { "dataset", true, true },
    { "objective", true, true },
};

static int check_request(const char *workflow, json_object *request,
                         struct err *e)
{
    char TT_AUTO_FREE *where = xasprintf("optimize %s", workflow);
    struct json_at at = { request, where };
    json_object *child;
    const char *dataset;
    int rc = json_get_str(at, "dataset", "", &dataset, e);

    if (rc == 0 && json_child(request, "dataset") != NULL)
        rc = target_check_dataset(dataset, where, e);
    child = json_child(request, "objective");
    if (rc == 0 && child != NULL)
        rc = target_check_objective(child, where, e);
    child = json_child(request, "guardrails");
    if (rc == 0 && child != NULL)
        rc = target_check_guardrails(child, where, e);
    return rc;
}

static int join_shared(const char *workflow, json_object *targets,
                       json_object *request, json_object *out, size_t which,
                       struct err *e)
{
    const char *field = shared[which].field, *first_node = NULL;
    json_object *value = shared[which].request ? json_child(request, field)
                                               : NULL;
    bool decided = value != NULL;

    json_object_object_foreach(targets, node, target)
    {
        json_object *mine = json_child(target, field);

        if (first_node != NULL && !decided && !json_equal(value, mine))
            return err_set(e, TT_EINVAL,
                           "targets %s/%s and %s/%s: %s: the nodes of one run "
                           "must agree on it%s, or be run apart",
                           workflow, first_node, workflow, node, field,
                           shared[which].request
                               ? "; say it in the request"
                               : "; put the same on both");
        if (first_node == NULL) {
            first_node = node;
            value = decided ? value : mine;
        }
    }
    if (value == NULL && shared[which].required)
        return err_set(e, TT_EINVAL,
                       "target %s/%s: no %s: say it in the target or in the "
                       "request",
                       workflow, first_node, field);
    if (value != NULL)
        json_set(out, field, json_copy(value));
    return 0;
}

/* Guardrails add up; an equal one is not said twice. */
static void join_guardrails(json_object *into, json_object *from)
{
    size_t i, j, n = from != NULL ? json_object_array_length(from) : 0;

    for (i = 0; i < n; i++) {
        json_object *one = json_object_array_get_idx(from, i);
        size_t m = json_object_array_length(into);

        for (j = 0; j < m; j++)
            if (json_equal(json_object_array_get_idx(into, j), one))
                break;
        if (j == m)
            json_object_array_add(into, json_copy(one));
    }
}

static int join_pointers(const char *workflow, const char *node,
                         json_object *into, json_object *from, struct err *e)
{
    if (from == NULL)
        return 0;
    json_object_object_foreach(from, name, pointer)
    {
        json_object *there = json_child(into, name);

        if (there != NULL && !json_equal(there, pointer))
            return err_set(e, TT_EINVAL,
                           "target %s/%s: metrics: %s: another node of this "
                           "run says %s; give one of them another name",
                           workflow, node, name,
                           json_object_get_string(there));
        if (there == NULL)
            json_set(into, name, json_copy(pointer));
    }
    return 0;
}

static int join_nodes(const char *workflow, json_object *targets,
                      json_object *request, json_object *out, struct err *e)
{
    json_object *nodes = json_object_new_object();
    json_object *delivery = json_object_new_object();
    json_object *metrics = json_object_new_object();
    json_object *guardrails = json_object_new_array();
    json_object *asked = json_child(request, "guardrails");
    bool automatic = true;

    json_set(out, "nodes", nodes);
    json_set(out, "delivery", delivery);
    json_set(out, "metrics", metrics);
    json_set(out, "guardrails", guardrails);
    json_object_object_foreach(targets, node, target)
    {
        const char *promote = json_str(target, "promote");
        int rc = join_pointers(workflow, node, metrics,
                               json_child(target, "metrics"), e);

        if (rc < 0)
            return rc;
        json_set(nodes, node, json_copy(json_child(target, "parameters")));
        json_set(delivery, node, json_copy(json_child(target, "delivery")));
        if (asked == NULL)
            join_guardrails(guardrails, json_child(target, "guardrails"));
        automatic = automatic && promote != NULL &&
                    strcmp(promote, "auto") == 0;
    }
    join_guardrails(guardrails, asked);
    json_set_str(out, "promote", automatic ? "auto" : "manual");
    return 0;
}

/* The orcheo adapter refuses to put a candidate on the version that evaluation
 * names as production. A pushed target says itself which one that is. */
static void guard_production(json_object *out)
{
    json_object *evaluation = json_child(out, "evaluation");
    const char *plugin = json_str(json_child(out, "adapter"), "plugin");

    if (plugin == NULL || strncmp(plugin, "orcheo", 6) != 0 ||
        (plugin[6] != '\0' && plugin[6] != '@') ||
        json_child(evaluation, "production") != NULL)
        return;
    json_object_object_foreach(json_child(out, "delivery"), node, delivery)
    {
        json_object *production, *version = json_child(delivery, "version");

        (void)node;
        if (strcmp(json_str(delivery, "mode"), "push") != 0)
            continue;
        production = json_object_new_object();
        json_set_str(production, "workflow", json_str(delivery, "workflow"));
        if (json_object_get_int64(version) > 0)
            json_set(production, "version", json_copy(version));
        json_set(evaluation, "production", production);
        return;
    }
}

json_object *target_join(const char *workflow, json_object *targets_by_node,
                         json_object *request, struct err *e)
{
    json_object *own = request != NULL ? json_copy(request)
                                       : json_object_new_object();
    json_object *out = json_object_new_object();
    size_t i;
    int rc = check_request(workflow, own, e);

    if (rc == 0 && json_object_object_length(targets_by_node) == 0)
        rc = err_set(e, TT_EINVAL, "optimize %s: no node is named", workflow);
    if (rc == 0)
        rc = join_nodes(workflow, targets_by_node, own, out, e);
    for (i = 0; i < TT_ARRAY_LEN(shared) && rc == 0; i++)
        rc = join_shared(workflow, targets_by_node, own, out, i, e);
    if (rc == 0)
        guard_production(out);
    json_object_put(own);
    if (rc < 0) {
        json_object_put(out);
        return NULL;
    }
    return out;
}
