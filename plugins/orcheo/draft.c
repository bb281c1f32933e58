/* SPDX-License-Identifier: MIT
 *
 * draft.c - propose a target from the workflow itself: from the schema that
 * its author gave (metadata.configurable_schema: bounds, enums, defaults),
 * else from the {{config...}} templates in its script and what is stored. */
#include <stdlib.h>
#include <string.h>

#include "orcheo.h"

struct draft {
    const char *node;
    json_object *source; /* text or IR, borrowed */
    json_object *stored; /* configurable, borrowed */
    json_object *parameters, *paths; /* owned */
    bool guessed; /* some bounds are ours */
};

/* What is usual, for values whose author gave no bounds. */
static const struct usual {
    const char *name;
    bool whole, log;
    double lo, hi, value;
} usuals[] = {
    { "temperature", false, false, 0, 2, 1 },
    { "top_p", false, false, 0.05, 1, 1 },
    { "top_k", true, false, 1, 100, 40 },
    { "max_tokens", true, true, 16, 4096, 512 },
    { "frequency_penalty", false, false, -2, 2, 0 },
    { "presence_penalty", false, false, -2, 2, 0 },
};

static void set_str(json_object *o, const char *key, const char *value)
{
    json_object_object_add(o, key, json_object_new_string(value));
}

static void set_number(json_object *o, const char *key, double value,
                       bool whole)
{
    json_object_object_add(o, key,
                           whole ? json_object_new_int64((int64_t)value)
                                 : js_number(value));
}

static void set_value(json_object *o, const char *key, json_object *value)
{
    json_object_object_add(o, key, js_copy(value));
}

static bool is_number_value(json_object *v)
{
    return json_object_is_type(v, json_type_int) ||
           json_object_is_type(v, json_type_double);
}

/* Addresses and keys are no parameters. */
static bool is_plumbing(const char *name)
{
    static const char *const names[] = { "url", "key", "secret", "token_id",
                                         "model", "authorization" };
    size_t i;

    for (i = 0; i < sizeof names / sizeof *names; i++) {
        if (strstr(name, names[i]) != NULL)
            return true;
    }
    return false;
}

/* --- one parameter -------------------------------------------------------- */

static json_object *guess_number(struct draft *d, const char *name,
                                 json_object *value)
{
    json_object *o = json_object_new_object();
    double stored = is_number_value(value) ? json_object_get_double(value) : 0;
    bool whole = json_object_is_type(value, json_type_int);
    size_t i;

    d->guessed = true;
    for (i = 0; i < sizeof usuals / sizeof *usuals; i++) {
        const struct usual *u = &usuals[i];

        if (strcmp(name, u->name) != 0)
            continue;
        set_str(o, "type", u->whole ? "int" : "float");
        set_number(o, "min", u->lo, u->whole);
        set_number(o, "max", u->hi, u->whole);
        if (u->log)
            json_object_object_add(o, "log", json_object_new_boolean(true));
        if (value == NULL || stored < u->lo || stored > u->hi)
            stored = u->value;
        set_number(o, "default", stored, u->whole);
        return o;
    }
    set_str(o, "type", whole ? "int" : "float");
    set_number(o, "min", stored < 0 ? 2 * stored : 0, whole);
    set_number(o, "max", stored > 0 ? 2 * stored : 1, whole);
    set_number(o, "default", stored, whole);
    return o;
}

static json_object *guess(struct draft *d, const char *name, json_object *value)
{
    json_object *o;
    size_t i;

    for (i = 0; i < sizeof usuals / sizeof *usuals; i++) {
        if (strcmp(name, usuals[i].name) == 0)
            return guess_number(d, name, value);
    }
    if (is_number_value(value))
        return guess_number(d, name, value);
    o = json_object_new_object();
    if (json_object_is_type(value, json_type_boolean)) {
        set_str(o, "type", "bool");
        set_value(o, "default", value);
    } else {
        set_str(o, "type", "text");
        set_str(o, "default", json_object_is_type(value, json_type_string)
                                  ? json_object_get_string(value) : "");
        json_object_object_add(o, "max_bytes", json_object_new_int64(8192));
    }
    return o;
}

/* From a schema: {"type","minimum","maximum","enum","default"}. */
static json_object *from_schema(struct draft *d, const char *name,
                                json_object *schema, json_object *value)
{
    json_object *o, *lo = js_get(schema, "minimum"),
                *hi = js_get(schema, "maximum");
    const char *type = js_str(schema, "type");
    bool whole = strcmp(type, "integer") == 0;

    if (value == NULL)
        value = js_get(schema, "default");
    if (js_array(schema, "enum") != NULL) {
        o = json_object_new_object();
        set_str(o, "type", "categorical");
        set_value(o, "choices", js_get(schema, "enum"));
        if (value == NULL)
            value = json_object_array_get_idx(js_get(schema, "enum"), 0);
        set_value(o, "default", value);
        return o;
    }
    if ((whole || strcmp(type, "number") == 0) && is_number_value(lo) &&
        is_number_value(hi)) {
        o = json_object_new_object();
        set_str(o, "type", whole ? "int" : "float");
        set_value(o, "min", lo);
        set_value(o, "max", hi);
        set_value(o, "default", is_number_value(value) ? value : lo);
        return o;
    }
    return guess(d, name, value);
}

static void add(struct draft *d, const char *name, const char *path,
                json_object *parameter)
{
    char full[520], usual[540];

    json_object_object_add(d->parameters, name, parameter);
    snprintf(full, sizeof full, "%s.%s", d->node, name);
    snprintf(usual, sizeof usual, "configurable.%s", full);
    if (strcmp(path, usual) != 0)
        set_str(d->paths, full, path);
}

/* --- where they come from ------------------------------------------------- */

static void take_schema(struct draft *d, json_object *schema)
{
    size_t n = strlen(d->node);
    char path[300];

    json_object_object_foreach(schema, key, rule) {
        const char *name = key;

        if (strncmp(key, d->node, n) == 0 && key[n] == '_')
            name = key + n + 1;
        snprintf(path, sizeof path, "configurable.%.250s", key);
        if (json_object_is_type(rule, json_type_object))
            add(d, name, path,
                from_schema(d, name, rule, js_get(d->stored, key)));
    }
}

static void take_stored(struct draft *d)
{
    json_object *node = js_get(d->stored, d->node);
    char path[540];

    if (!json_object_is_type(node, json_type_object))
        return;
    json_object_object_foreach(node, name, value) {
        snprintf(path, sizeof path, "configurable.%s.%s", d->node, name);
        if (!is_plumbing(name) && strchr(name, '.') == NULL)
            add(d, name, path, guess(d, name, value));
    }
}

/* {{config.PATH}} of this node, in a text of the script. */
static void take_template(struct draft *d, const char *path)
{
    char prefix[300], name[200];
    size_t n;

    snprintf(prefix, sizeof prefix, "configurable.%.250s.", d->node);
    n = strlen(prefix);
    if (strncmp(path, prefix, n) == 0) {
        snprintf(name, sizeof name, "%s", path + n);
    } else {
        snprintf(prefix, sizeof prefix, "prompts.%.250s.text", d->node);
        if (strcmp(path, prefix) != 0)
            return;
        snprintf(name, sizeof name, "system_prompt");
    }
    if (name[0] == '\0' || strchr(name, '.') != NULL || is_plumbing(name) ||
        js_get(d->parameters, name) != NULL)
        return;
    add(d, name, path, guess(d, name, NULL));
}

static void scan_text(struct draft *d, const char *text)
{
    char path[300];
    size_t n;

    while ((text = strstr(text, "{{config.")) != NULL) {
        text += strlen("{{config.");
        n = strcspn(text, "}\n");
        if (n < sizeof path && text[n] == '}') {
            snprintf(path, sizeof path, "%.*s", (int)n, text);
            take_template(d, path);
        }
    }
}

static void scan(struct draft *d, json_object *value)
{
    size_t i;

    if (json_object_is_type(value, json_type_string)) {
        scan_text(d, json_object_get_string(value));
    } else if (json_object_is_type(value, json_type_array)) {
        for (i = 0; i < json_object_array_length(value); i++)
            scan(d, json_object_array_get_idx(value, i));
    } else if (json_object_is_type(value, json_type_object)) {
        json_object_object_foreach(value, key, child) {
            (void)key;
            scan(d, child);
        }
    }
}

/* The first metric node that the script makes: XMetricsNode(name="y". */
static void propose_objective(struct draft *d, json_object *answer)
{
    static const struct {
        const char *node, *metric;
    } known[] = {
        { "TokenF1MetricsNode", "token_f1" },
        { "RougeMetricsNode", "rouge1_fmeasure" },
        { "BleuMetricsNode", "sacrebleu" },
    };
    const char *text, *at, *name;
    json_object *o;
    char metric[200];
    size_t i;

    if (!json_object_is_type(d->source, json_type_string))
        return;
    text = json_object_get_string(d->source);
    for (i = 0; i < sizeof known / sizeof *known; i++) {
        char call[60];

        snprintf(call, sizeof call, "%s(name=\"", known[i].node);
        at = strstr(text, call);
        if (at == NULL)
            continue;
        name = at + strlen(call);
        snprintf(metric, sizeof metric, "%.*s.%s",
                 (int)strcspn(name, "\"") % 150, name, known[i].metric);
        o = json_object_new_object();
        set_str(o, "metric", metric);
        set_str(o, "direction", "maximize");
        json_object_object_add(answer, "objective", o);
        return;
    }
}

/* --- the document --------------------------------------------------------- */

static void fill(struct draft *d, json_object *answer, const char *workflow,
                 int64_t version)
{
    json_object *evaluation = json_object_new_object();
    json_object *adapter = json_object_new_object();
    json_object *delivery = json_object_new_object();
    bool inputs = source_reads_inputs(d->source);
    char text[400];

    json_object_object_add(answer, "parameters",
                           json_object_get(d->parameters));
    set_str(adapter, "plugin", "orcheo");
    json_object_object_add(answer, "adapter", adapter);
    set_str(evaluation, "workflow", workflow);
    json_object_object_add(evaluation, "version",
                           json_object_new_int64(version));
    set_str(evaluation, "mode", inputs ? "inputs" : "auto");
    set_str(evaluation, "cases_key", "cases");
    if (json_object_object_length(d->paths) > 0)
        json_object_object_add(evaluation, "paths",
                               json_object_get(d->paths));
    json_object_object_add(answer, "evaluation", evaluation);
    propose_objective(d, answer);
    set_str(delivery, "mode", "pull");
    json_object_object_add(answer, "delivery", delivery);
    snprintf(text, sizeof text, "Draft from version %lld of %.100s.%s%s",
             (long long)version, workflow,
             d->guessed ? " Some bounds are only usual ones: set yours." : "",
             inputs ? "" : " It does not read inputs.trimtab.parameters: "
                           "evaluate on a copy that does, or give slots.");
    set_str(answer, "description", text);
}

/* params {"workflow","node","version"?} -> a target document. */
int draft_run(struct tt_instance *self, json_object *params,
              json_object *answer, struct tt_error *e)
{
    const char *workflow = js_str(params, "workflow");
    int64_t version = js_int(params, "version", 0);
    struct draft d;
    struct reply r;
    char id[ID_BYTES];
    int code;

    memset(&d, 0, sizeof d);
    memset(&r, 0, sizeof r);
    d.node = js_str(params, "node");
    if (workflow[0] == '\0' || d.node[0] == '\0')
        return tt_fail(e, TT_EINVAL, "orcheo: workflow and node must be named");
    code = target_id(self, workflow, id, e);
    if (code == 0 && version == 0)
        code = target_latest(self, id, &version, e);
    if (code == 0)
        code = target_version(self, id, version, &r, e);
    if (code == 0) {
        d.parameters = json_object_new_object();
        d.paths = json_object_new_object();
        d.source = version_source(r.body);
        d.stored = js_at(r.body, "runnable_config.configurable");
        take_stored(&d);
        if (json_object_object_length(d.parameters) == 0 &&
            js_at(r.body, "metadata.configurable_schema") != NULL)
            take_schema(&d, js_at(r.body, "metadata.configurable_schema"));
        scan(&d, d.source);
        if (json_object_object_length(d.parameters) == 0)
            code = tt_fail(e, TT_ENOENT, "workflow %.100s has nothing tunable "
                           "for node %.100s: put {{config.configurable.%.100s."
                           "temperature}} and the like into its fields",
                           workflow, d.node, d.node);
        else
            fill(&d, answer, workflow, version);
    }
    json_object_put(d.parameters);
    json_object_put(d.paths);
    reply_fini(&r);
    return code;
}
