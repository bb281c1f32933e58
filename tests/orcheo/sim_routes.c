/* SPDX-License-Identifier: MIT
 *
 * sim_routes.c - the one table of what the simulator answers to, and the
 * handlers that are about the installation. */
#include <string.h>

#include "tests/orcheo/sim_http.h"

const struct sim_route sim_routes[] = {
    { "GET", "/api/system/health", SIM_PUBLIC, sim_health },
    { "GET", "/api/system/info", SIM_NO_WORKSPACE, sim_info },
    { "GET", "/openapi.json", SIM_PUBLIC, sim_openapi },
    { "GET", "/api/workspaces/active", SIM_NEW, sim_workspace_active },
    { "GET", "/api/workspaces/me", SIM_NO_WORKSPACE | SIM_NEW,
      sim_workspace_mine },
    { "POST", "/api/workspaces", SIM_NO_WORKSPACE | SIM_NEW,
      sim_workspace_new },
    { "POST", "/api/admin/service-tokens", 0, sim_token_new },
    { "POST", "/api/workflows", 0, sim_workflow_new },
    { "GET", "/api/workflows", 0, sim_workflow_list },
    { "GET", "/api/workflows/{}", 0, sim_workflow_get },
    { "DELETE", "/api/workflows/{}", 0, sim_workflow_archive },
    { "GET", "/api/workflows/{}/workflow", SIM_NEW, sim_workflow_page },
    { "GET", "/api/workflows/{}/canvas", SIM_OLD, sim_workflow_page },
    { "GET", "/api/workflows/{}/versions", 0, sim_version_list },
    { "POST", "/api/workflows/{}/versions/ingest", 0, sim_version_ingest },
    { "GET", "/api/workflows/{}/versions/{}", 0, sim_version_get },
    { "PUT", "/api/workflows/{}/versions/{}/runnable-config", 0,
      sim_version_config },
    { "POST", "/api/triggers/manual/dispatch", 0, sim_dispatch },
    { "GET", "/api/workflows/{}/runs", 0, sim_run_list },
    { "POST", "/api/workflows/{}/runs", 0, sim_run_post },
    { "GET", "/api/runs/{}", 0, sim_run_get },
    { "POST", "/api/runs/{}/cancel", 0, sim_run_cancel },
    { "POST", "/api/runs/{}/start", 0, sim_run_mark },
    { "POST", "/api/runs/{}/succeed", 0, sim_run_mark },
    { "POST", "/api/runs/{}/fail", 0, sim_run_mark },
    { "GET", "/api/executions/{}/history", 0, sim_run_history },
    { "POST", "/api/workflows/{}/triggers/webhook", SIM_PUBLIC, sim_webhook },
    { "POST", "/hooks/{}/{}", SIM_PUBLIC | SIM_NEW, sim_hook },
    { "GET", "/_sim/stats", SIM_CONTROL, sim_control_stats },
    { "GET", "/_sim/faults", SIM_CONTROL, sim_control_faults },
    { "POST", "/_sim/faults", SIM_CONTROL, sim_control_faults },
    { "GET", "/_sim/parameters", SIM_CONTROL, sim_control_parameters },
    { "POST", "/_sim/parameters", SIM_CONTROL, sim_control_parameters },
    { "POST", "/_sim/reset", SIM_CONTROL, sim_control_reset },
    { "POST", "/_sim/restart", SIM_CONTROL, sim_control_restart },
    { "POST", "/_sim/kill-worker", SIM_CONTROL, sim_control_kill },
    { NULL, NULL, 0, NULL },
};

/* --- system -------------------------------------------------------------- */

void sim_health(struct sim *s, const struct sim_request *q, struct sim_reply *a)
{
    (void)s;
    (void)q;
    a->status = 200;
    a->body = json_object_new_object();
    json_set_str(a->body, "status", "ok");
}

static json_object *package(const char *name, const char *version)
{
    json_object *o = json_object_new_object();

    json_set_str(o, "package", name);
    json_set_str(o, "current_version", version);
    json_set_str(o, "latest_version", version);
    json_set(o, "minimum_recommended_version", NULL);
    json_set(o, "release_notes_url", NULL);
    json_set_bool(o, "update_available", false);
    return o;
}

void sim_info(struct sim *s, const struct sim_request *q, struct sim_reply *a)
{
    char now[SIM_TIME];

    (void)q;
    a->status = 200;
    a->body = json_object_new_object();
    if (s->options.old) {
        json_set(a->body, "backend", package("orcheo-backend", "0.29.1"));
        json_set(a->body, "cli", package("orcheo-sdk", NULL));
        json_set(a->body, "canvas", package("orcheo-canvas", NULL));
    } else {
        json_set(a->body, "core", package("orcheo", "0.46.1"));
        json_set(a->body, "backend", package("orcheo-backend", "0.39.0"));
        json_set(a->body, "cli", package("orcheo-sdk", "0.35.4"));
        json_set(a->body, "studio", package("orcheo-studio", NULL));
        json_set_bool(a->body, "uploads_allowed", s->options.uploads);
    }
    sim_now(now);
    json_set_str(a->body, "checked_at", now);
}

/* Only what a client probes: the paths, and what a dispatch item may hold. */
void sim_openapi(struct sim *s, const struct sim_request *q,
                 struct sim_reply *a)
{
    json_object *paths, *item, *schemas, *o;
    const struct sim_route *r;

    (void)q;
    if (!s->options.openapi) {
        sim_detail(a, 404, "Not Found");
        return;
    }
    a->status = 200;
    a->body = json_object_new_object();
    json_set_str(a->body, "openapi", "3.1.0");
    o = json_object_new_object();
    json_set_str(o, "title", "Orcheo Backend");
    json_set_str(o, "version", "0.1.0");
    json_set(a->body, "info", o);
    paths = json_object_new_object();
    for (r = sim_routes; r->path != NULL; r++)
        if (!(r->flags & (SIM_CONTROL | (s->options.old ? SIM_NEW : SIM_OLD))))
            json_set(paths, r->path, json_object_new_object());
    json_set(a->body, "paths", paths);
    item = json_object_new_object();
    json_set(item, "workflow_version_id", json_object_new_object());
    json_set(item, "input_payload", json_object_new_object());
    if (!s->options.old)
        json_set(item, "runnable_config", json_object_new_object());
    o = json_object_new_object();
    json_set(o, "properties", item);
    json_set_str(o, "title", "ManualDispatchItem");
    schemas = json_object_new_object();
    json_set(schemas, "ManualDispatchItem", o);
    o = json_object_new_object();
    json_set(o, "schemas", schemas);
    json_set(a->body, "components", o);
}

/* --- workspaces and tokens ----------------------------------------------- */

static json_object *membership(const struct sim_workspace *w)
{
    json_object *o = json_object_new_object();

    json_set_str(o, "workspace_id", w->id);
    json_set_str(o, "slug", w->slug);
    json_set_str(o, "name", w->name);
    json_set_str(o, "role", "owner");
    return o;
}

void sim_workspace_active(struct sim *s, const struct sim_request *q,
                          struct sim_reply *a)
{
    (void)s;
    a->status = 200;
    a->body = membership(q->workspace);
}

void sim_workspace_mine(struct sim *s, const struct sim_request *q,
                        struct sim_reply *a)
{
    json_object *list = json_object_new_array();
    size_t i;

    for (i = 0; i < s->workspace_n; i++) {
        struct sim_workspace *w = s->workspaces[i];
        json_object *o;

        if (q->token != NULL ? q->token->workspace != w
                             : w->owner != NULL &&
                                   strcmp(w->owner, q->subject) != 0)
            continue;
        o = membership(w);
        json_set_str(o, "status", "active");
        json_object_array_add(list, o);
    }
    a->status = 200;
    a->body = json_object_new_object();
    json_set(a->body, "memberships", list);
}

void sim_workspace_new(struct sim *s, const struct sim_request *q,
                       struct sim_reply *a)
{
    struct sim_workspace *w;
    struct sim_check c;

    sim_check_init(&c, s);
    if (sim_check_body(&c, q)) {
        sim_check_get(&c, q->body, "slug", SIM_STRING, true);
        sim_check_get(&c, q->body, "name", SIM_STRING, true);
        sim_check_get(&c, q->body, "quotas", SIM_OBJECT, false);
    }
    if (!sim_check_fini(&c, a))
        return;
    if (sim_workspace_find(s, json_str(q->body, "slug")) != NULL) {
        sim_nested(a, 409, "workspace.slug_conflict",
                   "Workspace slug is already taken", NULL);
        return;
    }
    w = sim_workspace_create(s, json_str(q->body, "slug"),
                             json_str(q->body, "name"), q->subject,
                             json_child(q->body, "quotas"));
    a->status = 201;
    a->body = json_copy(w->doc);
}

static bool has_scope(struct sim_token *t, const char *scope)
{
    size_t i;

    for (i = 0; t != NULL && i < json_object_array_length(t->scopes); i++)
        if (strcmp(json_object_get_string(
                       json_object_array_get_idx(t->scopes, i)), scope) == 0)
            return true;
    return t == NULL; /* people have all of them */
}

static bool may_grant(const struct sim_request *q, json_object *scopes,
                      struct sim_reply *a)
{
    static const char admin[] = "admin:tokens:write";
    const char *missing = has_scope(q->token, admin) ? NULL : admin;
    TT_AUTO_FREE char *message = NULL;
    size_t i;

    for (i = 0; missing == NULL && scopes != NULL &&
                i < json_object_array_length(scopes); i++) {
        const char *one =
            json_object_get_string(json_object_array_get_idx(scopes, i));

        if (!has_scope(q->token, one))
            missing = one;
    }
    if (missing == NULL)
        return true;
    message = xasprintf("Missing required scopes: %s", missing);
    sim_coded(a, 403, message, "auth.missing_scope");
    return false;
}

static int by_text(const void *a, const void *b)
{
    json_object *const *x = a, *const *y = b;

    return strcmp(json_object_get_string(*x), json_object_get_string(*y));
}

static json_object *token_document(struct sim *s, const struct sim_token *t,
                                   json_object *name)
{
    json_object *o = json_object_new_object();
    json_object *ids = json_object_new_array();
    char now[SIM_TIME];

    sim_now(now);
    json_set_str(o, "secret", t->secret);
    json_set(o, "scopes", json_copy(t->scopes));
    if (s->options.old) {
        json_set_str(o, "identifier",
                     name != NULL ? json_object_get_string(name) : t->id);
    } else {
        json_set_str(o, "identifier", t->id);
        json_set(o, "name", json_copy(name));
        json_set_str(o, "secret_preview",
                     t->secret + strlen(t->secret) - 4);
        json_object_array_add(ids, json_object_new_string(t->workspace->id));
    }
    json_set(o, "workspace_ids", ids);
    json_set_str(o, "issued_at", now);
    json_set(o, "expires_at", NULL);
    json_set(o, "last_used_at", NULL);
    json_set_int(o, "use_count", 0);
    json_set(o, "revoked_at", NULL);
    json_set(o, "revocation_reason", NULL);
    json_set(o, "rotated_to", NULL);
    json_set_str(o, "message",
                 "Store this token securely. It will not be shown again.");
    return o;
}

void sim_token_new(struct sim *s, const struct sim_request *q,
                   struct sim_reply *a)
{
    json_object *scopes, *name;
    struct sim_check c;
    char secret[SIM_UUID];

    sim_check_init(&c, s);
    if (sim_check_body(&c, q)) {
        sim_check_get(&c, q->body, "scopes", SIM_ARRAY, false);
        sim_check_get(&c, q->body, s->options.old ? "identifier" : "name",
                      SIM_STRING, false);
    }
    if (!sim_check_fini(&c, a))
        return;
    scopes = json_child(q->body, "scopes");
    if (!may_grant(q, scopes, a))
        return;
    scopes = scopes != NULL ? json_copy(scopes) : json_object_new_array();
    json_object_array_sort(scopes, by_text);
    name = json_child(q->body, s->options.old ? "identifier" : "name");
    sim_uuid(secret);
    a->status = 201;
    a->body = token_document(
        s, sim_token_create(s, q->workspace, secret, scopes), name);
    json_object_put(scopes);
}
