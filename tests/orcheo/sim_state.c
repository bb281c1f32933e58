/* SPDX-License-Identifier: MIT
 *
 * sim_state.c - what an Orcheo keeps: workspaces, tokens, workflows with
 * their versions, and the documents that it answers with. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "core/base/clock.h"
#include "tests/orcheo/sim.h"

void sim_uuid(char out[SIM_UUID])
{
    unsigned char b[16] = { 0 };

    if (getrandom(b, sizeof b, 0) != (ssize_t)sizeof b)
        abort();
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    snprintf(out, SIM_UUID,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
             "%02x%02x%02x%02x%02x%02x",
             b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10],
             b[11], b[12], b[13], b[14], b[15]);
}

void sim_now(char out[SIM_TIME])
{
    struct timespec ts;
    struct tm tm;
    size_t n;

    clock_gettime(CLOCK_REALTIME, &ts);
    gmtime_r(&ts.tv_sec, &tm);
    n = strftime(out, SIM_TIME, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out + n, SIM_TIME - n, ".%06dZ",
             (int)(ts.tv_nsec / 1000) % 1000000);
}

bool sim_is_uuid(const char *text)
{
    size_t i;

    if (strlen(text) != SIM_UUID - 1)
        return false;
    for (i = 0; i < SIM_UUID - 1; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (dash ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
            return false;
    }
    return true;
}

const char *sim_status_name(enum sim_status s)
{
    static const char *const names[SIM_STATUSES] = {
        "pending", "running", "succeeded", "failed", "cancelled",
    };

    return names[s];
}

static void push(void *array, size_t *n, void *item)
{
    void ***a = array;

    *a = xrealloc(*a, *n + 1, sizeof **a);
    (*a)[(*n)++] = item;
}

/* id, created_at, updated_at and an audit log: what every document has. */
static json_object *document(const char *id)
{
    json_object *doc = json_object_new_object();
    char now[SIM_TIME];

    sim_now(now);
    json_set_str(doc, "id", id);
    json_set_str(doc, "created_at", now);
    json_set_str(doc, "updated_at", now);
    json_set(doc, "audit_log", json_object_new_array());
    return doc;
}

void sim_audit(json_object *doc, const char *actor, const char *action,
               json_object *metadata)
{
    json_object *entry = json_object_new_object();
    char now[SIM_TIME];

    sim_now(now);
    json_set_str(entry, "actor", actor);
    json_set_str(entry, "action", action);
    json_set_str(entry, "at", now);
    json_set(entry, "metadata",
             metadata != NULL ? metadata : json_object_new_object());
    json_object_array_add(json_child(doc, "audit_log"), entry);
    json_set_str(doc, "updated_at", now);
}

/* --- workspaces and tokens ----------------------------------------------- */

static json_object *quotas_with_defaults(json_object *given, int64_t runs)
{
    static const struct {
        const char *key;
        int64_t value;
    } defaults[] = {
        { "max_workflows", 100 }, { "max_concurrent_runs", 25 },
        { "max_credentials", 200 }, { "max_storage_rows", 1000000 },
        { "max_hosted_apps", 25 }, { "max_app_upload_reservations", 5 },
        { "max_app_deployments", 50 }, { "max_app_bundle_bytes", 262144000 },
        { "max_app_storage_bytes", 1073741824 },
        { "max_app_storage_rows", 100000 }, { "max_app_sessions", 10000 },
        { "max_app_invocations_per_minute", 1000 },
        { "max_app_concurrent_runs", 25 },
    };
    json_object *o = json_object_new_object();
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(defaults); i++)
        json_set_int(o, defaults[i].key,
                     json_int(given, defaults[i].key, defaults[i].value));
    if (given == NULL)
        json_set_int(o, "max_concurrent_runs", runs);
    return o;
}

struct sim_workspace *sim_workspace_create(struct sim *s, const char *slug,
                                           const char *name, const char *owner,
                                           json_object *quotas)
{
    struct sim_workspace *w = xcalloc(1, sizeof *w);
    char now[SIM_TIME];

    sim_uuid(w->id);
    sim_uuid(w->team_id);
    sim_now(now);
    w->slug = xstrdup(slug);
    w->name = xstrdup(name);
    w->owner = xstrdup(owner);
    w->doc = json_object_new_object();
    json_set_str(w->doc, "id", w->id);
    json_set_str(w->doc, "slug", slug);
    json_set_str(w->doc, "name", name);
    json_set_str(w->doc, "status", "active");
    json_set(w->doc, "quotas",
             quotas_with_defaults(quotas, s->options.quota));
    json_set(w->doc, "deleted_at", NULL);
    json_set_str(w->doc, "created_at", now);
    json_set_str(w->doc, "updated_at", now);
    w->max_runs = json_int(json_child(w->doc, "quotas"), "max_concurrent_runs",
                           s->options.quota);
    push(&s->workspaces, &s->workspace_n, w);
    return w;
}

struct sim_workspace *sim_workspace_find(struct sim *s, const char *slug)
{
    size_t i;

    for (i = 0; i < s->workspace_n; i++)
        if (strcmp(s->workspaces[i]->slug, slug) == 0)
            return s->workspaces[i];
    return NULL;
}

struct sim_token *sim_token_create(struct sim *s, struct sim_workspace *w,
                                   const char *secret, json_object *scopes)
{
    struct sim_token *t = xcalloc(1, sizeof *t);
    char id[SIM_UUID];
    size_t i, n = 0;

    sim_uuid(id);
    for (i = 0; i < SIM_UUID - 1; i++)
        if (id[i] != '-')
            t->id[n++] = id[i];
    t->secret = xstrdup(secret);
    t->workspace = w;
    t->scopes = json_object_get(scopes);
    push(&s->tokens, &s->token_n, t);
    return t;
}

/* --- workflows ----------------------------------------------------------- */

static char *slug_of(const char *name)
{
    char *slug = xstrdup(name), *p;

    for (p = slug; *p != '\0'; p++)
        *p = (char)(isalnum((unsigned char)*p) ? tolower((unsigned char)*p)
                                               : '-');
    return slug;
}

struct sim_workflow *sim_workflow_create(struct sim *s, struct sim_workspace *w,
                                         const char *name, const char *handle,
                                         const char *actor)
{
    struct sim_workflow *f = xcalloc(1, sizeof *f);
    TT_AUTO_FREE char *slug = slug_of(name);
    TT_AUTO_FREE char *tag = xasprintf("workspace:%s", w->id);
    json_object *tags = json_object_new_array();

    sim_uuid(f->id);
    f->handle = xstrdup(handle != NULL ? handle : slug);
    f->workspace = w;
    f->doc = document(f->id);
    sim_audit(f->doc, actor, "workflow_created", NULL);
    json_set_str(f->doc, "name", name);
    json_set_str(f->doc, "handle", f->handle);
    json_set_str(f->doc, "slug", slug);
    json_set(f->doc, "description", NULL);
    json_set(f->doc, "tags", tags);
    json_set_bool(f->doc, "is_archived", false);
    json_set_str(f->doc, "draft_access",
                 s->options.old ? "personal" : "workspace");
    json_set_bool(f->doc, "is_public", false);
    json_set(f->doc, "published_at", NULL);
    json_set(f->doc, "published_by", NULL);
    json_set_bool(f->doc, "require_login", false);
    json_set(f->doc, "share_url", NULL);
    json_set(f->doc, "chatkit", NULL);
    if (!s->options.old) {
        json_object_array_add(tags, json_object_new_string(tag));
        json_set_str(f->doc, "workspace_id", w->id);
        json_set_str(f->doc, "team_id", w->team_id);
        json_set(f->doc, "upload_error", NULL);
        json_set_str(f->doc, "team_slug", w->slug);
    }
    push(&s->workflows, &s->workflow_n, f);
    return f;
}

struct sim_workflow *sim_workflow_find(struct sim *s, struct sim_workspace *w,
                                       const char *ref)
{
    size_t i;

    for (i = 0; i < s->workflow_n; i++) {
        struct sim_workflow *f = s->workflows[i];

        if ((w == NULL || f->workspace == w) &&
            (strcasecmp(f->id, ref) == 0 || strcmp(f->handle, ref) == 0))
            return f;
    }
    return NULL;
}

static json_object *graph_of(const char *script, const char *mermaid, bool old)
{
    json_object *graph = json_object_new_object();
    json_object *index = json_object_new_object();

    json_set_str(graph, "format", "langgraph-script");
    json_set_str(graph, "source", script);
    json_set(graph, "entrypoint", NULL);
    json_set(index, "cron", json_object_new_array());
    json_set(index, "listeners", json_object_new_array());
    if (!old) {
        json_set(index, "credentials", json_object_new_array());
        if (mermaid != NULL)
            json_set_str(index, "mermaid", mermaid);
    }
    json_set(graph, "index", index);
    return graph;
}

struct sim_version *sim_version_create(struct sim *s, struct sim_workflow *w,
                                       const char *script, json_object *config,
                                       json_object *metadata, const char *actor)
{
    struct sim_version *v = xcalloc(1, sizeof *v);
    TT_AUTO_FREE char *mermaid =
        s->options.old ? NULL : sim_mermaid(script);

    sim_uuid(v->id);
    v->workflow = w;
    v->number = (int64_t)w->version_n + 1;
    v->doc = document(v->id);
    sim_audit(v->doc, actor, "version_created", NULL);
    json_set_str(v->doc, "workflow_id", w->id);
    if (!s->options.old)
        json_set_str(v->doc, "workspace_id", w->workspace->id);
    json_set_int(v->doc, "version", v->number);
    json_set(v->doc, "graph", graph_of(script, mermaid, s->options.old));
    if (mermaid != NULL)
        json_set_str(v->doc, "mermaid", mermaid);
    else
        json_set(v->doc, "mermaid", NULL);
    json_set(v->doc, "metadata",
             metadata != NULL ? json_copy(metadata) : json_object_new_object());
    json_set(v->doc, "runnable_config", json_copy(config));
    json_set_str(v->doc, "created_by", actor);
    json_set(v->doc, "notes", NULL);
    push(&w->versions, &w->version_n, v);
    return v;
}

struct sim_version *sim_version_find(struct sim_workflow *w, const char *id)
{
    size_t i;

    for (i = 0; i < w->version_n; i++)
        if (strcasecmp(w->versions[i]->id, id) == 0)
            return w->versions[i];
    return NULL;
}

/* --- beginning and end --------------------------------------------------- */

void sim_init(struct sim *s, const struct sim_options *o)
{
    pthread_condattr_t attr;

    memset(s, 0, sizeof *s);
    s->options = *o;
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->changed, &attr);
    pthread_condattr_destroy(&attr);
    sim_runs_forget(s);
    if (o->workspace)
        sim_workspace_create(s, "eval", "Evaluation", NULL, NULL);
    if (o->token != NULL) {
        json_object *scopes = json_tokener_parse(
            "[\"workflows:execute\",\"workflows:read\",\"workflows:write\"]");

        sim_token_create(s, s->workspaces[0], o->token, scopes);
        json_object_put(scopes);
    }
    if (o->seed)
        sim_seed(s);
}

static void workflow_free(struct sim_workflow *w)
{
    size_t i;

    for (i = 0; i < w->version_n; i++) {
        json_object_put(w->versions[i]->doc);
        free(w->versions[i]);
    }
    free(w->versions);
    free(w->handle);
    json_object_put(w->doc);
    free(w);
}

void sim_fini(struct sim *s)
{
    size_t i;

    sim_runs_forget(s);
    free(s->runs);
    json_object_put(s->evaluations);
    json_object_put(s->executions);
    json_object_put(s->puts);
    json_object_put(s->parameters);
    for (i = 0; i < s->workflow_n; i++)
        workflow_free(s->workflows[i]);
    free(s->workflows);
    for (i = 0; i < s->token_n; i++) {
        free(s->tokens[i]->secret);
        json_object_put(s->tokens[i]->scopes);
        free(s->tokens[i]);
    }
    free(s->tokens);
    for (i = 0; i < s->workspace_n; i++) {
        free(s->workspaces[i]->slug);
        free(s->workspaces[i]->name);
        free(s->workspaces[i]->owner);
        free(s->workspaces[i]->calls);
        json_object_put(s->workspaces[i]->doc);
        free(s->workspaces[i]);
    }
    free(s->workspaces);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
}
