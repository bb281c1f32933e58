/* SPDX-License-Identifier: MIT
 *
 * target.c - the evaluation workflow, pinned at the first call: its id, one
 * version, its stored config, and how candidates get into it. */
#include <string.h>

#include "orcheo.h"

void target_fini(struct target *t)
{
    size_t i;

    json_object_put(t->stored);
    for (i = 0; i < t->n_slots; i++)
        json_object_put(t->slots[i].holds);
    memset(t, 0, sizeof *t);
}

int target_id(struct tt_instance *self, const char *name, char id[ID_BYTES],
              struct tt_error *e)
{
    struct reply r;
    char ref[400];
    int code;

    url_escape(ref, sizeof ref, name);
    code = client_get(self, &r, e, "/api/workflows/%s", ref);
    if (code == 0) {
        copy_text(id, ID_BYTES, js_str(r.body, "id"));
        if (id[0] == '\0')
            code = tt_fail(e, TT_ETRANSIENT, "workflow %.200s: Orcheo's answer "
                           "has no id", name);
        else if (json_object_get_boolean(js_get(r.body, "is_archived")))
            code = tt_fail(e, TT_ENOENT, "workflow %.200s is archived in "
                           "Orcheo: name another", name);
    }
    reply_fini(&r);
    return code;
}

/* The compact list has moved between releases; the full one always works. */
int target_latest(struct tt_instance *self, const char *workflow,
                  int64_t *version, struct tt_error *e)
{
    static const char *const pages[] = { "workflow", "canvas", "versions" };
    json_object *list = NULL;
    struct reply r;
    size_t i;
    int code = TT_ENOENT;

    memset(&r, 0, sizeof r);
    for (i = 0; code == TT_ENOENT && i < 3; i++) {
        reply_fini(&r);
        code = client_get(self, &r, e, "/api/workflows/%s/%s", workflow,
                          pages[i]);
    }
    if (code == 0) {
        list = json_object_is_type(r.body, json_type_array)
                   ? r.body : js_array(r.body, "versions");
        *version = 0;
        for (i = 0; list != NULL && i < json_object_array_length(list); i++) {
            int64_t n = js_int(json_object_array_get_idx(list, i), "version",
                               0);

            if (n > *version)
                *version = n;
        }
        if (*version == 0)
            code = tt_fail(e, TT_ENOENT, "workflow %s has no version yet: "
                           "upload its script to Orcheo first", workflow);
    }
    reply_fini(&r);
    return code;
}

int target_version(struct tt_instance *self, const char *workflow,
                   int64_t version, struct reply *r, struct tt_error *e)
{
    return client_get(self, r, e, "/api/workflows/%s/versions/%lld", workflow,
                      (long long)version);
}

/* "langgraph-script" keeps its source; "frozen-ir" only what was compiled. */
json_object *version_source(json_object *version)
{
    json_object *graph = js_get(version, "graph");
    json_object *source = js_get(graph, "source");

    return source != NULL ? source : js_get(graph, "ir");
}

/* --- what must not be ----------------------------------------------------- */

static int check_listeners(json_object *version, const char *workflow,
                           struct tt_error *e)
{
    json_object *index = js_get(js_get(version, "graph"), "index");
    json_object *listeners = js_array(index, "listeners");

    if (listeners != NULL && json_object_array_length(listeners) > 0)
        return tt_fail(e, TT_EPERM, "workflow %.200s has listeners, which are "
                       "live bots: evaluate a copy without them", workflow);
    return 0;
}

/* A candidate on a production version would be served to everybody. */
static int check_production(struct tt_instance *self, struct tt_error *e)
{
    const struct evaluation *v = &self->evaluation;
    struct target *t = &self->target;
    char id[ID_BYTES];
    int64_t production = v->production_version;
    size_t i;
    int code;

    if (v->production == NULL)
        return 0;
    code = target_id(self, v->production, id, e);
    if (code == TT_ENOENT) /* it lies in another workspace, so it is another */
        return 0;
    if (code != 0 || strcmp(id, t->workflow) != 0)
        return code;
    if (production == 0) {
        code = target_latest(self, id, &production, e);
        if (code != 0)
            return code;
    }
    if (production == t->version)
        return tt_fail(e, TT_EPERM, "evaluation: version %lld of workflow "
                       "%.200s is the production version: name another "
                       "version or a workflow of its own",
                       (long long)production, v->workflow);
    for (i = 0; i < t->n_slots; i++) {
        if (t->slots[i].version == production)
            return tt_fail(e, TT_EPERM, "evaluation: slots: version %lld of "
                           "workflow %.200s is the production version: take "
                           "it off the list", (long long)production,
                           v->workflow);
    }
    return 0;
}

/* --- how candidates get in ------------------------------------------------ */

/* Does this Orcheo's schema let a dispatch item bring a config? A hidden
 * schema means no: mode I and slots need nothing of it. */
static int probe_schema(struct tt_instance *self, struct tt_error *e)
{
    struct reply r;
    int code = client_get(self, &r, e, "/openapi.json");

    if (code == 0)
        self->target.offers_config =
            js_at(r.body, "components.schemas.ManualDispatchItem.properties."
                          "runnable_config") != NULL;
    reply_fini(&r);
    return transient(code) ? code : 0;
}

/* A name in quotes or in a template: the word alone stands in comments too. */
bool source_reads_inputs(json_object *source)
{
    return js_mentions(source, "inputs.trimtab.parameters") ||
           (js_mentions(source, "parameters") &&
            (js_mentions(source, "\"trimtab\"") ||
             js_mentions(source, "'trimtab'")));
}

static int resolve_mode(struct tt_instance *self, json_object *source,
                        struct tt_error *e)
{
    struct target *t = &self->target;

    t->mode = self->evaluation.mode;
    if (t->mode != MODE_AUTO)
        return 0;
    if (source_reads_inputs(source))
        t->mode = MODE_INPUTS;
    else if (self->evaluation.n_slots > 0)
        t->mode = MODE_SLOTS;
    else if (t->offers_config)
        t->mode = MODE_DIRECT;
    else
        return tt_fail(e, TT_EINVAL, "workflow %.200s does not read "
                       "inputs.trimtab.parameters: add such a node to it, or "
                       "give evaluation.slots, versions whose stored config "
                       "may be overwritten", self->evaluation.workflow);
    return 0;
}

static int load_slots(struct tt_instance *self, struct tt_error *e)
{
    const struct evaluation *v = &self->evaluation;
    struct target *t = &self->target;
    struct slot *s;
    struct reply r;
    size_t i;
    int code = 0;

    for (i = 0; code == 0 && i < v->n_slots; i++) {
        code = target_version(self, t->workflow, v->slots[i], &r, e);
        if (code == 0) {
            s = &t->slots[t->n_slots++];
            s->version = v->slots[i];
            copy_text(s->id, sizeof s->id, js_str(r.body, "id"));
            code = check_listeners(r.body, v->workflow, e);
        }
        reply_fini(&r);
    }
    return code;
}

static int load_version(struct tt_instance *self, struct tt_error *e)
{
    const struct evaluation *v = &self->evaluation;
    struct target *t = &self->target;
    struct reply r;
    int code;

    t->version = v->version;
    if (t->version == 0) {
        code = target_latest(self, t->workflow, &t->version, e);
        if (code != 0)
            return code;
    }
    code = target_version(self, t->workflow, t->version, &r, e);
    if (code == 0) {
        copy_text(t->version_id, sizeof t->version_id, js_str(r.body, "id"));
        t->stored = js_copy(js_get(r.body, "runnable_config"));
        code = check_listeners(r.body, v->workflow, e);
    }
    if (code == 0)
        code = resolve_mode(self, version_source(r.body), e);
    reply_fini(&r);
    return code;
}

int target_ready(struct tt_instance *self, struct tt_error *e)
{
    static const char *const words[] = { "auto", "inputs", "slots", "direct" };
    struct target *t = &self->target;
    int code;

    if (t->ready)
        return 0;
    if (self->evaluation.workflow[0] == '\0')
        return tt_fail(e, TT_EINVAL, "evaluation: workflow: must be the handle "
                       "or id of the evaluation workflow");
    target_fini(t);
    if ((code = target_id(self, self->evaluation.workflow, t->workflow,
                          e)) != 0 ||
        (code = probe_schema(self, e)) != 0 ||
        (code = load_version(self, e)) != 0 ||
        (code = load_slots(self, e)) != 0 ||
        (code = check_production(self, e)) != 0)
        return code;
    t->ready = true;
    say(self, TT_LOG_INFO, "orcheo: workflow %s version %lld, mode %s",
        self->evaluation.workflow, (long long)t->version, words[t->mode]);
    return 0;
}
