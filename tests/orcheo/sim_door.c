/* SPDX-License-Identifier: MIT
 *
 * sim_door.c - from a request to its handler: route, token, workspace, rate
 * limit, the faults that strike any request; and the shapes of a refusal. */
#include <string.h>
#include <strings.h>

#include "core/base/clock.h"
#include "tests/orcheo/sim_http.h"

/* --- errors -------------------------------------------------------------- */

static json_object *wrap(json_object *detail)
{
    json_object *o = json_object_new_object();

    json_set(o, "detail", detail);
    return o;
}

void sim_detail(struct sim_reply *a, int status, const char *text)
{
    a->status = status;
    a->body = wrap(json_object_new_string(text));
}

void sim_coded(struct sim_reply *a, int status, const char *message,
               const char *code)
{
    json_object *o = json_object_new_object();

    json_set_str(o, "message", message);
    json_set_str(o, "code", code);
    a->status = status;
    a->body = wrap(o);
}

void sim_nested(struct sim_reply *a, int status, const char *code,
                const char *message, json_object *details)
{
    json_object *o = json_object_new_object(), *e = json_object_new_object();

    json_set_str(e, "code", code);
    json_set_str(e, "message", message);
    if (details != NULL)
        json_set(e, "details", details);
    json_set(o, "error", e);
    a->status = status;
    a->body = wrap(o);
}

void sim_invalid(struct sim_reply *a, json_object *errors)
{
    a->status = 422;
    a->body = wrap(errors);
}

void sim_crash(struct sim_reply *a)
{
    json_object_put(a->body);
    a->body = NULL;
    a->status = 500;
    a->text = "Internal Server Error";
}

void sim_full(struct sim_reply *a, const struct sim_workspace *w)
{
    TT_AUTO_FREE char *message = xasprintf(
        "Workspace %s reached its concurrent run limit", w->id);
    json_object *details = json_object_new_object();

    json_set_int(details, "limit", w->max_runs);
    json_set_int(details, "current", w->slots);
    sim_nested(a, 429, "workspace.quota.concurrent_runs", message, details);
}

/* --- where to ------------------------------------------------------------ */

static bool path_matches(const struct sim_request *q, const char *pattern)
{
    size_t i, n;

    for (i = 0; i < q->part_n; i++) {
        if (*pattern++ != '/')
            return false;
        n = strcspn(pattern, "/");
        if (n == 2 && strncmp(pattern, "{}", 2) == 0) {
            if (q->part[i][0] == '\0')
                return false;
        } else if (strlen(q->part[i]) != n ||
                   strncmp(q->part[i], pattern, n) != 0) {
            return false;
        }
        pattern += n;
    }
    return *pattern == '\0';
}

/* NULL with a 404 or a 405 in *a. */
static const struct sim_route *find_route(struct sim *s,
                                          const struct sim_request *q,
                                          struct sim_reply *a)
{
    const struct sim_route *r;
    bool other_method = false;

    for (r = sim_routes; r->path != NULL; r++) {
        if ((r->flags & (s->options.old ? SIM_NEW : SIM_OLD)) ||
            !path_matches(q, r->path))
            continue;
        if (strcmp(r->method, q->method) == 0)
            return r;
        other_method = true;
    }
    sim_detail(a, other_method ? 405 : 404,
               other_method ? "Method Not Allowed" : "Not Found");
    return NULL;
}

/* --- who, where, how often ----------------------------------------------- */

static bool identify(struct sim *s, struct sim_request *q, struct sim_reply *a)
{
    const char *given = sim_header(q, "Authorization");
    size_t i;

    if (!s->options.auth) {
        q->subject = "anonymous";
        return true;
    }
    if (given == NULL || strncasecmp(given, "Bearer ", 7) != 0) {
        sim_coded(a, 401, "Missing bearer token", "auth.missing_token");
        return false;
    }
    given += 7;
    if (s->options.bootstrap != NULL &&
        strcmp(given, s->options.bootstrap) == 0) {
        q->subject = "bootstrap";
        return true;
    }
    for (i = 0; i < s->token_n; i++) {
        if (strcmp(s->tokens[i]->secret, given) == 0) {
            q->token = s->tokens[i];
            q->subject = q->token->id;
            return true;
        }
    }
    sim_coded(a, 401, "Invalid bearer token", "auth.invalid_token");
    return false;
}

static bool locate_person(struct sim *s, struct sim_request *q,
                          const char *slug, struct sim_reply *a)
{
    TT_AUTO_FREE char *message = NULL;
    struct sim_workspace *found = NULL;
    size_t i, n = 0;

    for (i = 0; i < s->workspace_n; i++) {
        struct sim_workspace *w = s->workspaces[i];

        if (w->owner == NULL || strcmp(w->owner, q->subject) == 0) {
            n++;
            if (slug == NULL || strcmp(w->slug, slug) == 0)
                found = w;
        }
    }
    if (slug != NULL && sim_workspace_find(s, slug) == NULL) {
        sim_nested(a, 404, "workspace.not_found", "Workspace not found", NULL);
    } else if (n == 0) {
        message = xasprintf("User %s has no workspace memberships", q->subject);
        sim_nested(a, 403, "workspace.membership_required", message, NULL);
    } else if (slug == NULL && n > 1) {
        sim_nested(a, 403, "workspace.forbidden", "Workspace selector is "
                   "required when the user has multiple memberships", NULL);
    } else if (found == NULL) {
        message = xasprintf("User %s is not a member of workspace %s",
                            q->subject, slug);
        sim_nested(a, 403, "workspace.forbidden", message, NULL);
    } else {
        q->workspace = found;
        return true;
    }
    return false;
}

static bool locate(struct sim *s, struct sim_request *q, struct sim_reply *a)
{
    const char *slug = sim_header(q, "X-Orcheo-Workspace");

    if (slug != NULL && slug[0] == '\0')
        slug = NULL;
    if (s->options.old) {
        q->workspace = s->workspaces[0];
        return true;
    }
    if (q->token == NULL)
        return locate_person(s, q, slug, a);
    if (slug != NULL && strcmp(q->token->workspace->slug, slug) != 0) {
        sim_nested(a, 404, "workspace.not_found", "Workspace not found", NULL);
        return false;
    }
    q->workspace = q->token->workspace;
    return true;
}

static void too_many(struct sim *s, struct sim_reply *a,
                     const struct sim_workspace *w)
{
    TT_AUTO_FREE char *message =
        xasprintf("Too many requests for workspace %s",
                  w != NULL ? w->id : "00000000-0000-4000-8000-000000000000");

    s->limited++;
    sim_nested(a, 429, "workspace.rate_limited", message,
               json_object_new_object());
    a->retry_after = s->fault[SIM_FAULT_retry_after] != 0
                         ? s->fault[SIM_FAULT_retry_after]
                         : s->options.rate_interval_s;
}

/* A sliding window; a refused call does not count. */
static bool admit(struct sim *s, struct sim_workspace *w, struct sim_reply *a)
{
    int64_t now = clock_mono_ms();
    int64_t since = now - s->options.rate_interval_s * 1000;
    size_t gone = 0;

    if (s->options.rate_limit <= 0 || s->options.old)
        return true;
    while (gone < w->call_n && w->calls[gone] <= since)
        gone++;
    w->call_n -= gone;
    if (gone > 0)
        memmove(w->calls, w->calls + gone, w->call_n * sizeof *w->calls);
    if (w->call_n >= (size_t)s->options.rate_limit) {
        too_many(s, a, w);
        return false;
    }
    if (w->call_n == w->call_cap) {
        w->call_cap = w->call_cap * 2 + 64;
        w->calls = xrealloc(w->calls, w->call_cap, sizeof *w->calls);
    }
    w->calls[w->call_n++] = now;
    return true;
}

/* Faults that come before the request is looked at. */
static bool strike(struct sim *s, struct sim_request *q, struct sim_reply *a)
{
    if (sim_fault_use(s, SIM_FAULT_reset)) {
        a->delivery = SIM_CUT;
    } else if (sim_fault_use(s, SIM_FAULT_error_500)) {
        sim_crash(a);
    } else if (sim_fault_use(s, SIM_FAULT_rate_429)) {
        too_many(s, a, q->workspace);
    } else if (sim_fault_use(s, SIM_FAULT_empty_array)) {
        a->status = 200;
        a->body = json_object_new_array();
    } else if (sim_fault_use(s, SIM_FAULT_invalid_json)) {
        a->status = 200;
        a->text = "{\"id\": \"";
    } else {
        return false;
    }
    return true;
}

void sim_serve(struct sim *s, struct sim_request *q, struct sim_reply *a)
{
    const struct sim_route *r;

    pthread_mutex_lock(&s->lock);
    r = find_route(s, q, a);
    if (r == NULL || (r->flags & SIM_CONTROL)) {
        if (r != NULL)
            r->run(s, q, a);
        pthread_mutex_unlock(&s->lock);
        return;
    }
    s->requests++;
    a->delay_ms = s->fault[SIM_FAULT_hang_ms];
    if ((r->flags & SIM_PUBLIC) ||
        (identify(s, q, a) && ((r->flags & SIM_NO_WORKSPACE) ||
            (locate(s, q, a) && admit(s, q->workspace, a))))) {
        if (!strike(s, q, a))
            r->run(s, q, a);
    }
    if (a->delay_ms > 0)
        sim_sleep_until(s, clock_mono_ms() + a->delay_ms);
    pthread_mutex_unlock(&s->lock);
}
