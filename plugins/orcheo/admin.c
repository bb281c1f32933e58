/* SPDX-License-Identifier: MIT
 *
 * admin.c - what ops ask for through the daemon: read and write a node's
 * stored parameters. Methods and their members stand in README.md.
 *
 * Orcheo stores a config whole and has no compare-and-set, so a write reads,
 * compares with what we wrote last, replaces only our values, reads back, and
 * counts the entries of the audit log to notice an edit in between. */
#include <string.h>

#include "orcheo.h"

struct place { /* a node in one version of a workflow */
    char workflow[ID_BYTES];
    const char *name, *node;
    json_object *paths;
    int64_t version;
    json_object *config; /* as stored, {} when there is none; owned */
    size_t edits;        /* entries of the version's audit log */
};

static size_t count_edits(json_object *version)
{
    json_object *log = js_array(version, "audit_log");

    return log != NULL ? json_object_array_length(log) : 0;
}

static void place_fini(struct place *p)
{
    json_object_put(p->config);
}

static int place_load(struct tt_instance *self, struct place *p,
                      struct tt_error *e)
{
    struct reply r;
    int code = target_version(self, p->workflow, p->version, &r, e);

    if (code == 0) {
        json_object_put(p->config);
        p->config = js_copy(js_get(r.body, "runnable_config"));
        if (p->config == NULL)
            p->config = json_object_new_object();
        p->edits = count_edits(r.body);
    }
    reply_fini(&r);
    return code;
}

static int place_open(struct tt_instance *self, json_object *params,
                      struct place *p, struct tt_error *e)
{
    int code;

    memset(p, 0, sizeof *p);
    p->name = js_str(params, "workflow");
    p->node = js_str(params, "node");
    p->version = js_int(params, "version", 0);
    p->paths = js_get(params, "paths");
    if (p->paths == NULL)
        p->paths = self->evaluation.paths;
    if (p->name[0] == '\0' || p->node[0] == '\0')
        return tt_fail(e, TT_EINVAL, "orcheo: workflow and node must be named");
    code = target_id(self, p->name, p->workflow, e);
    if (code == 0 && p->version == 0)
        code = target_latest(self, p->workflow, &p->version, e);
    if (code == 0)
        code = place_load(self, p, e);
    return code;
}

/* The stored values of these parameters; what is not stored is left out. */
static json_object *stored_values(struct place *p, json_object *names)
{
    json_object *out = json_object_new_object(), *value;
    char path[540];

    json_object_object_foreach(names, name, unused) {
        (void)unused;
        parameter_path(p->paths, p->node, name, path, sizeof path);
        value = js_copy(js_at(p->config, path));
        if (value != NULL)
            json_object_object_add(out, name, value);
    }
    return out;
}

/* {"workflow","node","version"?,"paths"?,"names"?: [..]} */
static int admin_read(struct tt_instance *self, json_object *params,
                      json_object *answer, struct tt_error *e)
{
    json_object *names = js_array(params, "names"), *wanted, *node;
    struct place p;
    size_t i;
    int code = place_open(self, params, &p, e);

    if (code == 0) {
        wanted = json_object_new_object();
        node = js_get(js_get(p.config, "configurable"), p.node);
        if (names == NULL && json_object_is_type(node, json_type_object)) {
            json_object_object_foreach(node, key, value) {
                (void)value;
                json_object_object_add(wanted, key, NULL);
            }
        }
        for (i = 0; names != NULL && i < json_object_array_length(names); i++)
            json_object_object_add(
                wanted,
                json_object_get_string(json_object_array_get_idx(names, i)),
                NULL);
        json_object_object_add(answer, "parameters",
                               stored_values(&p, wanted));
        json_object_object_add(answer, "version",
                               json_object_new_int64(p.version));
        json_object_object_add(answer, "workflow_id",
                               json_object_new_string(p.workflow));
        json_object_put(wanted);
    }
    place_fini(&p);
    return code;
}

/* --- write ---------------------------------------------------------------- */

static int check_values(json_object *values, struct tt_error *e)
{
    const char *poison;

    if (!json_object_is_type(values, json_type_object) ||
        json_object_object_length(values) == 0)
        return tt_fail(e, TT_EINVAL, "orcheo: parameters: must be an object "
                       "with at least one value");
    json_object_object_foreach(values, name, value) {
        poison = js_poison(value);
        if (poison != NULL)
            return tt_fail(e, TT_EINVAL, "parameter %.200s: holds %s", name,
                           poison);
        if (js_is_secret_reference(value))
            return tt_fail(e, TT_EINVAL, "parameter %.200s: a value of the "
                           "form [[name]] would be read from Orcheo's vault",
                           name);
    }
    return 0;
}

/* Whose edit is in the way? Names the first value that is not what we wrote. */
static int check_expected(struct place *p, json_object *expect,
                          struct tt_error *e)
{
    struct tt_str stored = { "nothing", 7 }, wanted;
    json_object *value;
    char path[540];

    if (!json_object_is_type(expect, json_type_object))
        return 0;
    json_object_object_foreach(expect, name, ours) {
        parameter_path(p->paths, p->node, name, path, sizeof path);
        value = js_at(p->config, path);
        if (js_equal(value, ours))
            continue;
        if (value != NULL)
            js_write(&stored, value);
        js_write(&wanted, ours);
        return tt_fail(e, TT_ECONFLICT, "workflow %.100s version %lld: %s is "
                       "%.200s in Orcheo, but we wrote %.200s: somebody edited "
                       "it; take it over (params backfill) or put it back "
                       "first", p->name, (long long)p->version, path, stored.p,
                       wanted.p);
    }
    return 0;
}

static json_object *one_node(struct place *p, json_object *values)
{
    json_object *o = json_object_new_object();

    json_object_object_add(o, p->node, json_object_get(values));
    return o;
}

/* Store the config with our values in it, and prove that it stands. */
static int put_config(struct tt_instance *self, struct place *p,
                      json_object *parameters, struct tt_error *e)
{
    json_object *body = json_object_new_object();
    json_object *config = js_copy(p->config);
    size_t edits = p->edits;
    struct reply r;
    char path[200];
    int code = config != NULL
                   ? config_put(config, p->paths, parameters) : TT_ENOMEM;

    json_object_object_add(body, "runnable_config", config);
    json_object_object_add(body, "actor", json_object_new_string("trimtab"));
    snprintf(path, sizeof path,
             "/api/workflows/%s/versions/%lld/runnable-config", p->workflow,
             (long long)p->version);
    memset(&r, 0, sizeof r);
    if (code == 0)
        code = client_call(self, "PUT", path, body, &r, e);
    reply_fini(&r);
    if (code == 0)
        code = place_load(self, p, e);
    if (code == 0 && (!config_holds(p->config, p->paths, parameters) ||
                      (edits > 0 && p->edits > edits + 1)))
        code = tt_fail(e, TT_ECONFLICT, "workflow %.100s version %lld: its "
                       "stored config was edited by somebody else at the same "
                       "time: look at it and write again", p->name,
                       (long long)p->version);
    json_object_put(body);
    return code;
}

/* {"workflow","node","parameters","version"?,"paths"?,"expect"?: {...}} */
static int admin_write(struct tt_instance *self, json_object *params,
                       json_object *answer, struct tt_error *e)
{
    json_object *values = js_get(params, "parameters"), *nodes = NULL;
    struct place p;
    bool same = false;
    int code = check_values(values, e);

    if (code != 0)
        return code;
    code = place_open(self, params, &p, e);
    if (code == 0) {
        nodes = one_node(&p, values);
        same = config_holds(p.config, p.paths, nodes);
        if (!same)
            code = check_expected(&p, js_get(params, "expect"), e);
    }
    if (code == 0) {
        json_object_object_add(answer, "previous", stored_values(&p, values));
        json_object_object_add(answer, "previous_config", js_copy(p.config));
        if (!same)
            code = put_config(self, &p, nodes, e);
    }
    if (code == 0) {
        json_object_object_add(answer, "written", stored_values(&p, values));
        json_object_object_add(answer, "changed",
                               json_object_new_boolean(!same));
        json_object_object_add(answer, "version",
                               json_object_new_int64(p.version));
        json_object_object_add(answer, "workflow_id",
                               json_object_new_string(p.workflow));
    }
    json_object_put(nodes);
    place_fini(&p);
    return code;
}

int admin_call(struct tt_instance *self, struct tt_str method,
               struct tt_str params, const struct tt_sink *answer,
               struct tt_error *e)
{
    static const struct {
        const char *name;
        int (*run)(struct tt_instance *self, json_object *params,
                   json_object *answer, struct tt_error *e);
    } methods[] = {
        { "doctor", doctor_run }, { "draft", draft_run },
        { "read", admin_read }, { "write", admin_write },
    };
    json_object *in = params.n > 0 ? js_parse(params)
                                   : json_object_new_object();
    json_object *out = json_object_new_object();
    struct tt_str text;
    size_t i;
    int code = TT_EUNSUPPORTED;

    tt_fail(e, code, "orcheo: no such method: %.*s", (int)method.n, method.p);
    for (i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (!tt_str_equal(method, tt_str_of(methods[i].name)))
            continue;
        if (e != NULL) {
            e->code = 0;
            e->message[0] = '\0';
        }
        code = json_object_is_type(in, json_type_object)
                   ? methods[i].run(self, in, out, e)
                   : tt_fail(e, TT_EINVAL, "orcheo: params: must be an object");
    }
    if (code == 0) {
        js_write(&text, out);
        code = answer->write(answer, text.p, text.n);
    }
    json_object_put(in);
    json_object_put(out);
    return code;
}
