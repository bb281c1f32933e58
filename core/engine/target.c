/* SPDX-License-Identifier: MIT
 *
 * target.c - check target documents. */
#include "core/engine/target.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/engine/target_internal.h"

#define MAX_GUARDRAILS 64
#define MAX_POINTERS 256

/* --- parts that a request may bring too ----------------------------------- */

static int check_word(struct json_at at, const char *key,
                      const char *const *words, const char *otherwise,
                      struct err *e)
{
    const char *word;
    size_t i;
    int rc = json_get_str(at, key, otherwise, &word, e);

    if (rc < 0)
        return rc;
    for (i = 0; words[i] != NULL; i++)
        if (strcmp(words[i], word) == 0) {
            json_set_str(at.object, key, words[i]);
            return 0;
        }
    return err_set(e, TT_EINVAL, "%s: %s: must be %s%s%s or %s, is \"%s\"",
                   at.where, key, words[0], words[2] != NULL ? ", " : "",
                   words[2] != NULL ? words[1] : "", words[i - 1], word);
}

static int check_metric_name(struct json_at at, struct err *e)
{
    const char *metric;
    int rc = json_get_str(at, "metric", NULL, &metric, e);

    if (rc == 0 && (*metric == '\0' || strlen(metric) > 256))
        rc = err_set(e, TT_EINVAL, "%s: metric: wants 1 to 256 bytes",
                     at.where);
    return rc;
}

int target_check_objective(json_object *objective, const char *where,
                           struct err *e)
{
    static const char *const members[] = { "metric", "direction", NULL };
    static const char *const words[] = { "maximize", "minimize", NULL };
    char TT_AUTO_FREE *path = xasprintf("%s: objective", where);
    struct json_at at = { objective, path };
    int rc;

    if (!json_object_is_type(objective, json_type_object))
        return err_set(e, TT_EINVAL,
                       "%s: must be an object such as {\"metric\":"
                       "\"score.token_f1\",\"direction\":\"maximize\"}",
                       path);
    rc = json_only(at, members, e);
    if (rc == 0)
        rc = check_metric_name(at, e);
    return rc < 0 ? rc : check_word(at, "direction", words, "maximize", e);
}

static int check_guardrail(struct json_at at, struct err *e)
{
    static const char *const members[] = { "metric", "min", "max", NULL };
    const double none = 0.0;
    bool has_min = json_object_object_get_ex(at.object, "min", NULL);
    bool has_max = json_object_object_get_ex(at.object, "max", NULL);
    double lo, hi;
    int rc = json_only(at, members, e);

    if (rc == 0)
        rc = check_metric_name(at, e);
    if (rc == 0)
        rc = json_get_num(at, "min", has_min ? NULL : &none, &lo, e);
    if (rc == 0)
        rc = json_get_num(at, "max", has_max ? NULL : &none, &hi, e);
    if (rc < 0)
        return rc;
    if (!has_min && !has_max)
        return err_set(e, TT_EINVAL,
                       "%s: wants \"min\", \"max\" or both; without a limit it "
                       "guards nothing",
                       at.where);
    if (has_min && has_max && lo > hi)
        return err_set(e, TT_EINVAL, "%s: min %g is above max %g: no value "
                       "could hold",
                       at.where, lo, hi);
    return 0;
}

int target_check_guardrails(json_object *guardrails, const char *where,
                            struct err *e)
{
    size_t i, n;
    int rc = 0;

    if (!json_object_is_type(guardrails, json_type_array))
        return err_set(e, TT_EINVAL, "%s: guardrails: must be an array", where);
    n = json_object_array_length(guardrails);
    if (n > MAX_GUARDRAILS)
        return err_set(e, TT_EINVAL, "%s: guardrails: at most %d", where,
                       MAX_GUARDRAILS);
    for (i = 0; i < n && rc == 0; i++) {
        char TT_AUTO_FREE *path = xasprintf("%s: guardrails: element %zu",
                                            where, i);
        struct json_at at = { json_object_array_get_idx(guardrails, i), path };

        if (!json_object_is_type(at.object, json_type_object))
            return err_set(e, TT_EINVAL, "%s: must be an object", path);
        rc = check_guardrail(at, e);
    }
    return rc;
}

/* "name" or "name@version". */
int target_check_dataset(const char *name, const char *where, struct err *e)
{
    const char *at = strchr(name, '@');
    size_t len = at != NULL ? (size_t)(at - name) : strlen(name);
    bool digits = at == NULL || (at[1] >= '1' && at[1] <= '9' &&
                                 strspn(at + 1, "0123456789") ==
                                     strlen(at + 1) &&
                                 strlen(at + 1) <= 15);

    if (len == 0 || len > 128 || !digits)
        return err_set(e, TT_EINVAL,
                       "%s: dataset: must be \"name\" or \"name@version\" with "
                       "a version from 1, is \"%s\"",
                       where, name);
    return 0;
}

/* --- one target ----------------------------------------------------------- */

static int check_parameters(const char *where, const char *node,
                            json_object *document, struct err *e)
{
    struct json_at at = { document, where };
    json_object *parameters, *nodes;
    struct space *s;
    int rc = json_get_child(at, "parameters", json_type_object, true,
                            &parameters, e);

    if (rc < 0)
        return rc;
    nodes = json_object_new_object();
    json_set(nodes, node, json_object_get(parameters));
    s = space_create(nodes, e);
    json_object_put(nodes);
    if (s == NULL) {
        err_prefix(e, "%s: parameters", where);
        return TT_EINVAL;
    }
    json_set(document, "parameters", json_copy(json_child(s->document, node)));
    space_destroy(s);
    return 0;
}

static int check_adapter(const char *where, json_object *document,
                         struct err *e)
{
    static const char *const members[] = { "plugin", "config", NULL };
    char TT_AUTO_FREE *path = xasprintf("%s: adapter", where);
    struct json_at at = { document, where };
    json_object *adapter, *config;
    const char *plugin;
    int rc = json_get_child(at, "adapter", json_type_object, false, &adapter,
                            e);

    if (rc < 0)
        return rc;
    if (adapter == NULL) {
        adapter = json_object_new_object();
        json_set(document, "adapter", adapter);
    }
    at.object = adapter;
    at.where = path;
    rc = json_only(at, members, e);
    if (rc == 0)
        rc = json_get_str(at, "plugin", "orcheo", &plugin, e);
    if (rc == 0)
        rc = json_get_child(at, "config", json_type_object, false, &config, e);
    if (rc < 0)
        return rc;
    if (json_str(adapter, "plugin") == NULL)
        json_set_str(adapter, "plugin", plugin);
    if (config == NULL)
        json_set(adapter, "config", json_object_new_object());
    return 0;
}

static int check_evaluation(const char *where, json_object *document,
                            struct err *e)
{
    static const struct {
        const char *key;
        int64_t otherwise, lo, hi;
    } numbers[] = {
        { "cases_per_run", 1, 1, 1000 },
        { "timeout_seconds", 300, 1, 86400 },
        { "retries", 2, 0, 100 },
    };
    char TT_AUTO_FREE *path = xasprintf("%s: evaluation", where);
    struct json_at at = { document, where };
    json_object *evaluation;
    int64_t value;
    size_t i;
    int rc = json_get_child(at, "evaluation", json_type_object, true,
                            &evaluation, e);

    at.object = evaluation;
    at.where = path;
    for (i = 0; i < TT_ARRAY_LEN(numbers) && rc == 0; i++) {
        rc = json_get_int(at, numbers[i].key, &numbers[i].otherwise,
                          numbers[i].lo, numbers[i].hi, &value, e);
        if (rc == 0)
            json_set_int(evaluation, numbers[i].key, value);
    }
    return rc;
}

static int check_pointers(const char *where, json_object *document,
                          struct err *e)
{
    struct json_at at = { document, where };
    json_object *metrics;
    int rc = json_get_child(at, "metrics", json_type_object, false, &metrics,
                            e);

    if (rc < 0 || metrics == NULL)
        return rc;
    if (json_object_object_length(metrics) > MAX_POINTERS)
        return err_set(e, TT_EINVAL, "%s: metrics: at most %d", where,
                       MAX_POINTERS);
    json_object_object_foreach(metrics, name, pointer)
    {
        if (!json_object_is_type(pointer, json_type_string) ||
            json_object_get_string_len(pointer) == 0)
            return err_set(e, TT_EINVAL,
                           "%s: metrics: %s: must say where the number stands, "
                           "such as \"/node_results/judge/value\"",
                           where, name);
        if (*name == '\0' || strlen(name) > 256)
            return err_set(e, TT_EINVAL,
                           "%s: metrics: a name has 1 to 256 bytes", where);
    }
    return 0;
}

static int check_delivery(const char *where, json_object *document,
                          struct err *e)
{
    static const char *const members[] = { "mode", "workflow", "version",
                                           NULL };
    static const char *const words[] = { "pull", "push", NULL };
    char TT_AUTO_FREE *path = xasprintf("%s: delivery", where);
    struct json_at at = { document, where };
    json_object *delivery;
    const char *workflow;
    const int64_t latest = 0;
    int64_t version;
    int rc = json_get_child(at, "delivery", json_type_object, false, &delivery,
                            e);

    if (rc < 0)
        return rc;
    if (delivery == NULL) {
        delivery = json_object_new_object();
        json_set(document, "delivery", delivery);
    }
    at.object = delivery;
    at.where = path;
    rc = json_only(at, members, e);
    if (rc == 0)
        rc = check_word(at, "mode", words, "pull", e);
    if (rc == 0 && strcmp(json_str(delivery, "mode"), "push") == 0) {
        rc = json_get_str(at, "workflow", NULL, &workflow, e);
        if (rc == 0)
            rc = json_get_int(at, "version", &latest, 0, 1000000000, &version,
                              e);
    }
    return rc;
}

static int check_rest(const char *where, json_object *document, struct err *e)
{
    static const char *const aggregates[] = { "mean", "median", "min", NULL };
    static const char *const policies[] = { "manual", "auto", NULL };
    struct json_at at = { document, where };
    json_object *child;
    const char *text = NULL;
    int rc = json_get_str(at, "description", "", &text, e);

    if (rc == 0)
        rc = json_get_str(at, "dataset", "", &text, e);
    if (rc == 0 && json_child(document, "dataset") != NULL)
        rc = target_check_dataset(text, where, e);
    child = json_child(document, "objective");
    if (rc == 0 && child != NULL)
        rc = target_check_objective(child, where, e);
    child = json_child(document, "guardrails");
    if (rc == 0 && child != NULL)
        rc = target_check_guardrails(child, where, e);
    if (rc == 0)
        rc = check_word(at, "aggregate", aggregates, "mean", e);
    if (rc == 0)
        rc = check_word(at, "promote", policies, "manual", e);
    return rc;
}

int target_check(const char *workflow, const char *node, json_object *document,
                 struct err *e)
{
    static const char *const members[] = {
        "parameters", "adapter", "evaluation", "dataset", "objective",
        "guardrails", "metrics", "aggregate", "delivery", "promote",
        "description", NULL,
    };
    char TT_AUTO_FREE *where = xasprintf("target %s/%s", workflow, node);
    struct json_at at = { document, where };
    int rc;

    if (!json_object_is_type(document, json_type_object))
        return err_set(e, TT_EINVAL, "%s: must be an object", where);
    rc = json_only(at, members, e);
    if (rc == 0)
        rc = check_parameters(where, node, document, e);
    if (rc == 0)
        rc = check_adapter(where, document, e);
    if (rc == 0)
        rc = check_evaluation(where, document, e);
    if (rc == 0)
        rc = check_pointers(where, document, e);
    if (rc == 0)
        rc = check_delivery(where, document, e);
    return rc < 0 ? rc : check_rest(where, document, e);
}
