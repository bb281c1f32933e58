/* SPDX-License-Identifier: MIT
 *
 * sim_api.c - workflows and their versions. */
#include <stdio.h>
#include <string.h>

#include "tests/orcheo/sim_http.h"

static struct sim_workflow *workflow_of(struct sim *s,
                                        const struct sim_request *q,
                                        struct sim_reply *a)
{
    struct sim_workflow *w = sim_workflow_find(s, q->workspace, q->part[2]);

    if (w == NULL)
        sim_detail(a, 404, "Workflow not found");
    return w;
}

void sim_workflow_new(struct sim *s, const struct sim_request *q,
                      struct sim_reply *a)
{
    const char *name, *handle;
    struct sim_workflow *w;
    struct sim_check c;

    sim_check_init(&c, s);
    if (sim_check_body(&c, q)) {
        sim_check_get(&c, q->body, "name", SIM_STRING, true);
        sim_check_get(&c, q->body, "handle", SIM_STRING, false);
        sim_check_get(&c, q->body, "actor", SIM_STRING, false);
    }
    if (!sim_check_fini(&c, a))
        return;
    name = json_str(q->body, "name");
    handle = json_str(q->body, "handle");
    if (handle != NULL &&
        sim_workflow_find(s, q->workspace, handle) != NULL) {
        TT_AUTO_FREE char *text = xasprintf(
            "Workflow handle '%s' is already in use.", handle);

        sim_coded(a, 409, text, "workflow.handle.conflict");
        return;
    }
    w = sim_workflow_create(s, q->workspace, name, handle,
                            s->options.old && json_str(q->body, "actor") != NULL
                                ? json_str(q->body, "actor") : q->subject);
    a->status = 201;
    a->body = json_copy(w->doc);
}

void sim_workflow_list(struct sim *s, const struct sim_request *q,
                       struct sim_reply *a)
{
    size_t i;

    a->status = 200;
    a->body = json_object_new_array();
    for (i = 0; i < s->workflow_n; i++) {
        struct sim_workflow *w = s->workflows[i];
        json_object *o;

        if (w->workspace != q->workspace || w->archived)
            continue;
        o = json_copy(w->doc);
        json_set(o, "latest_version", w->version_n == 0
                     ? NULL : json_copy(w->versions[w->version_n - 1]->doc));
        json_set_bool(o, "is_scheduled", false);
        json_object_array_add(a->body, o);
    }
}

void sim_workflow_get(struct sim *s, const struct sim_request *q,
                      struct sim_reply *a)
{
    struct sim_workflow *w = workflow_of(s, q, a);

    if (w == NULL)
        return;
    a->status = 200;
    a->body = json_copy(w->doc);
}

void sim_workflow_archive(struct sim *s, const struct sim_request *q,
                          struct sim_reply *a)
{
    struct sim_workflow *w = workflow_of(s, q, a);

    if (w == NULL)
        return;
    w->archived = true;
    json_set_bool(w->doc, "is_archived", true);
    sim_audit(w->doc, q->subject, "workflow_archived", NULL);
    a->status = 200;
    a->body = json_copy(w->doc);
}

static json_object *compact(const struct sim_version *v)
{
    static const char *const keys[] = {
        "id", "workflow_id", "version", "mermaid", "metadata",
        "runnable_config", "notes", "created_by", "created_at", "updated_at",
    };
    json_object *o = json_object_new_object();
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(keys); i++)
        json_set(o, keys[i], json_copy(json_child(v->doc, keys[i])));
    json_set_bool(o, "has_cron_trigger", false);
    return o;
}

void sim_workflow_page(struct sim *s, const struct sim_request *q,
                       struct sim_reply *a)
{
    struct sim_workflow *w = workflow_of(s, q, a);
    json_object *list;
    size_t i;

    if (w == NULL)
        return;
    list = json_object_new_array();
    for (i = 0; i < w->version_n; i++)
        json_object_array_add(list, compact(w->versions[i]));
    a->status = 200;
    a->body = json_object_new_object();
    json_set(a->body, "workflow", json_copy(w->doc));
    json_set(a->body, "versions", list);
}

void sim_version_list(struct sim *s, const struct sim_request *q,
                      struct sim_reply *a)
{
    struct sim_workflow *w = workflow_of(s, q, a);
    size_t i;

    if (w == NULL)
        return;
    a->status = 200;
    a->body = json_object_new_array();
    for (i = 0; i < w->version_n; i++)
        json_object_array_add(a->body, json_copy(w->versions[i]->doc));
}

static struct sim_version *version_of(struct sim *s,
                                      const struct sim_request *q,
                                      struct sim_reply *a)
{
    struct sim_workflow *w = workflow_of(s, q, a);
    char *end;
    unsigned long n;

    if (w == NULL)
        return NULL;
    n = strtoul(q->part[4], &end, 10);
    if (*end == '\0' && n >= 1 && n <= w->version_n)
        return w->versions[n - 1];
    sim_detail(a, 404, "Workflow version not found");
    return NULL;
}

void sim_version_get(struct sim *s, const struct sim_request *q,
                     struct sim_reply *a)
{
    struct sim_version *v = version_of(s, q, a);

    if (v == NULL)
        return;
    a->status = 200;
    a->body = json_copy(v->doc);
}

static struct sim_version *ingest(struct sim *s, struct sim_workflow *w,
                                  json_object *body)
{
    struct sim_version *before =
        w->version_n > 0 ? w->versions[w->version_n - 1] : NULL, *v;
    json_object *metadata = json_child(body, "metadata");
    json_object *config = json_child(body, "runnable_config"), *carried;

    metadata = metadata != NULL ? json_copy(metadata)
                                : json_object_new_object();
    config = sim_config_clean(config);
    if (!s->options.old) {
        sim_config_ingest(config, metadata);
        carried = sim_config_carry(config, before);
        json_object_put(config);
        config = carried;
    }
    v = sim_version_create(s, w, json_str(body, "script"), config, metadata,
                           json_str(body, "created_by"));
    json_set_str(v->doc, "notes", json_str(body, "notes"));
    json_object_put(config);
    json_object_put(metadata);
    return v;
}

void sim_version_ingest(struct sim *s, const struct sim_request *q,
                        struct sim_reply *a)
{
    TT_AUTO_FREE char *error = NULL;
    struct sim_workflow *w;
    struct sim_check c;

    sim_check_init(&c, s);
    if (sim_check_body(&c, q)) {
        sim_check_get(&c, q->body, "script", SIM_STRING, true);
        sim_check_get(&c, q->body, "created_by", SIM_STRING, true);
        sim_check_get(&c, q->body, "metadata", SIM_OBJECT, false);
        sim_check_get(&c, q->body, "notes", SIM_STRING, false);
        sim_check_config(&c, q->body, "runnable_config");
    }
    if (!sim_check_fini(&c, a))
        return;
    if (!s->options.uploads) {
        sim_coded(a, 403, "Workflow script ingestion is disabled in managed "
                  "mode. Use the Candidates tab to onboard AI colleagues, or "
                  "set ORCHEO_WORKFLOW_TRUST_MODE=allow_client_uploads for "
                  "self-hosted deployments where every workflow author is "
                  "trusted.", "workflow.ingestion.disabled");
        return;
    }
    w = workflow_of(s, q, a);
    if (w == NULL)
        return;
    error = sim_script_error(json_str(q->body, "script"), s->options.old);
    if (error != NULL) {
        if (!s->options.old)
            json_set_str(w->doc, "upload_error", error);
        sim_detail(a, 400, error);
        return;
    }
    if (!s->options.old)
        json_set(w->doc, "upload_error", NULL);
    a->status = 201;
    a->body = json_copy(ingest(s, w, q->body)->doc);
}

/* Replaces the whole config; there is no ETag, the last writer wins. */
void sim_version_config(struct sim *s, const struct sim_request *q,
                        struct sim_reply *a)
{
    const char *actor = q->subject;
    struct sim_version *v;
    struct sim_check c;
    json_object *put;

    sim_check_init(&c, s);
    if (sim_check_body(&c, q)) {
        sim_check_config(&c, q->body, "runnable_config");
        sim_check_get(&c, q->body, "actor", SIM_STRING, false);
    }
    if (!sim_check_fini(&c, a))
        return;
    v = version_of(s, q, a);
    if (v == NULL)
        return;
    if (!s->options.old && sim_unstorable(q->body)) {
        sim_crash(a);
        return;
    }
    if (s->options.old && json_str(q->body, "actor") != NULL)
        actor = json_str(q->body, "actor");
    json_set(v->doc, "runnable_config",
             sim_config_clean(json_child(q->body, "runnable_config")));
    sim_audit(v->doc, actor, "version_runnable_config_updated", NULL);
    put = json_object_new_object();
    json_set_str(put, "workflow", v->workflow->handle);
    json_set_int(put, "version", v->number);
    json_set(put, "runnable_config",
             json_copy(json_child(v->doc, "runnable_config")));
    json_object_array_add(s->puts, put);
    a->status = 200;
    a->body = json_copy(v->doc);
}
