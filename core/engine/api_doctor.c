/* SPDX-License-Identifier: MIT
 *
 * api_doctor.c - is the way to Orcheo sound, and what could a target be? What
 * the daemon itself decides is checked here, the rest by the adapter. */
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/engine/admin.h"
#include "core/engine/engine_impl.h"
#include "core/engine/resource.h"

#define DOCTOR_MS 120000
#define PROBE_MS 5000

/* What both calls are asked with. */
struct visit {
    struct admin_call call;
    json_object *target, *nodes, *config, *params; /* owned */
    struct dataset *dataset;
    json_object *checks;
};

static void visit_fini(struct visit *v)
{
    json_object_put(v->target);
    json_object_put(v->nodes);
    json_object_put(v->config);
    json_object_put(v->params);
    dataset_destroy(v->dataset);
}

/* {"connection":{"url","token","workspace"}}: instead of what the operator
 * configured. The allow list holds all the same. */
static int read_connection(struct visit *v, json_object *body, struct err *e)
{
    static const char *const members[] = { "url", "token", "workspace", NULL };
    struct json_at at = { body, "request" };
    json_object *connection;
    const char *url = "", *workspace = "", *token = "";
    int rc = json_get_child(at, "connection", json_type_object, false,
                            &connection, e);

    v->config = v->call.config != NULL ? json_copy(v->call.config)
                                       : json_object_new_object();
    v->call.config = v->config;
    if (rc < 0 || connection == NULL)
        return rc;
    at.object = connection;
    at.where = "request: connection";
    rc = json_only(at, members, e);
    if (rc == 0)
        rc = json_get_str(at, "url", "", &url, e);
    if (rc == 0)
        rc = json_get_str(at, "workspace", "", &workspace, e);
    if (rc == 0)
        rc = json_get_str(at, "token", "", &token, e);
    if (rc < 0)
        return rc;
    if (strpbrk(token, "\r\n") != NULL)
        return err_set(e, TT_EINVAL,
                       "request: connection: token: must be one line");
    if (*url != '\0')
        json_set_str(v->config, "url", url);
    if (*workspace != '\0')
        json_set_str(v->config, "workspace", workspace);
    if (*token != '\0')
        v->call.token = token;
    return 0;
}

/* --- checks of the daemon ------------------------------------------------- */

static void add_check(struct visit *v, const char *name, const char *status,
                      const char *message, const char *mend)
{
    json_object *check = json_object_new_object();

    json_set_str(check, "name", name);
    json_set_str(check, "status", status);
    json_set_str(check, "message", message);
    if (mend != NULL)
        json_set_str(check, "mend", mend);
    json_object_array_add(v->checks, check);
}

static bool check_plugin(struct engine *g, struct visit *v)
{
    struct engine_plugin plugin;
    struct err e = { 0 };
    char text[200];

    if (engine_plugin_find(g, v->call.plugin, TT_KIND_ADAPTER, &plugin, &e) <
        0) {
        add_check(v, "plugin", "fail", e.text,
                  "put the plugin's .so into one of plugins.directories and "
                  "restart trimtabd");
        return false;
    }
    snprintf(text, sizeof text, "adapter %s %s (sha256 %.12s...)", plugin.id,
             plugin.version, plugin.hash);
    add_check(v, "plugin", "ok", text, NULL);
    engine_plugin_fini(&plugin);
    return true;
}

/* One request of our own, with the same header that the adapter will send:
 * allow list and secrets are the broker's, and it says what it thinks. */
static int probe(struct engine *g, const char *url, const char *authorization,
                 struct err *e)
{
    struct tt_http_header header = { tt_str_of("Authorization"),
                                     tt_str_of(authorization) };
    struct broker_request request = {
        .http = {
            .size = sizeof request.http,
            .method = tt_str_of("GET"),
            .url = tt_str_of(url),
            .headers = &header,
            .n_headers = authorization != NULL ? 1 : 0,
            .timeout_ms = PROBE_MS,
        },
        .label = "doctor",
        .no_wait = true,
    };
    struct broker_answer answer = { 0 };
    struct buf body = { 0 };
    int rc = broker_fetch_wait(g->broker, &request, &answer, &body);

    if (rc == 0)
        rc = answer.code;
    buf_fini(&body);
    return rc < 0 ? err_set(e, rc, "%s", answer.text) : 0;
}

/* Did the broker refuse it, rather than the network fail? */
static bool is_refusal(int code)
{
    return code == TT_EPERM || code == TT_EINVAL || code == TT_ENOENT;
}

static void check_way_out(struct engine *g, struct visit *v)
{
    struct engine_plugin plugin;
    const char *url, *secret;
    json_object *config;
    char *bearer = NULL;
    struct err e = { 0 };

    if (engine_plugin_find(g, v->call.plugin, TT_KIND_ADAPTER, &plugin, NULL) <
        0)
        return;
    config = engine_plugin_config(g, &plugin, v->call.config);
    engine_plugin_fini(&plugin);
    url = json_str(config, "url");
    secret = json_str(config, "token_secret");
    if (url != NULL && is_refusal(probe(g, url, NULL, &e))) {
        add_check(v, "allow list", "fail", e.text,
                  "add the origin to outbound.allow in the daemon's "
                  "configuration and restart it");
    } else if (url != NULL) {
        add_check(v, "allow list", "ok", url, NULL);
        if (secret != NULL && *secret != '\0' && v->call.token == NULL) {
            bearer = xasprintf("Bearer ${secret:%s}", secret);
            if (is_refusal(probe(g, url, bearer, &e)))
                add_check(v, "secret", "fail", e.text,
                          "name it under secrets in the daemon's "
                          "configuration, with a file or a variable that is "
                          "there");
            else
                add_check(v, "secret", "ok", secret, NULL);
        }
    }
    free(bearer);
    json_object_put(config);
}

/* --- the target ----------------------------------------------------------- */

/* A case for the trial; never one of the holdout. */
static void take_case(struct engine *g, struct visit *v, const char *workflow)
{
    const char *reference = json_str(v->target, "dataset"), *text = NULL;
    struct err e = { 0 };

    if (reference == NULL)
        return;
    v->dataset = resource_dataset_open(g->store, workflow, reference, &e);
    if (v->dataset == NULL) {
        add_check(v, "dataset", "fail", e.text, NULL);
        return;
    }
    add_check(v, "dataset", "ok", reference, NULL);
    if (v->dataset->n[TT_TRAIN] > 0)
        text = v->dataset->cases[TT_TRAIN][0];
    else if (v->dataset->n[TT_VALIDATION] > 0)
        text = v->dataset->cases[TT_VALIDATION][0];
    if (text != NULL)
        json_set(v->params, "case",
                 json_parse(text, strlen(text), &json_limits_document, NULL));
}

/* {"target":{"workflow","node"}} */
static int read_target(struct engine *g, struct visit *v, json_object *body,
                       struct err *e)
{
    static const char *const members[] = { "workflow", "node", NULL };
    struct json_at at = { body, "request" };
    const char *workflow, *node;
    struct err why = { 0 };
    json_object *named;
    int rc = json_get_child(at, "target", json_type_object, false, &named, e);

    if (rc < 0 || named == NULL)
        return rc;
    at.object = named;
    at.where = "request: target";
    rc = json_only(at, members, e);
    if (rc == 0)
        rc = json_get_str(at, "workflow", NULL, &workflow, e);
    if (rc == 0)
        rc = json_get_str(at, "node", NULL, &node, e);
    if (rc == 0)
        rc = resource_id("workflow", workflow, e);
    if (rc == 0)
        rc = resource_id("node", node, e);
    if (rc < 0)
        return rc;
    v->target = resource_target(g->store, workflow, node, &why);
    if (v->target == NULL) {
        add_check(v, "target", "fail", why.text, NULL);
        return 0;
    }
    admin_of_target(&v->call, node, v->target, &v->nodes);
    add_check(v, "target", "ok", node, NULL);
    take_case(g, v, workflow);
    return 0;
}

/* --- the calls ------------------------------------------------------------ */

static void ask_adapter(struct engine *g, struct visit *v)
{
    json_object *answer = NULL, *checks;
    struct err e = { 0 };
    size_t i;

    if (admin_call(g, &v->call, &answer, &e) < 0) {
        add_check(v, "adapter", "fail", e.text, NULL);
        return;
    }
    checks = json_child(answer, "checks");
    for (i = 0; json_object_is_type(checks, json_type_array) &&
                i < json_object_array_length(checks);
         i++)
        json_object_array_add(
            v->checks, json_object_get(json_object_array_get_idx(checks, i)));
    json_object_put(answer);
}

static bool all_good(json_object *checks)
{
    size_t i;

    for (i = 0; i < json_object_array_length(checks); i++) {
        const char *status = json_str(json_object_array_get_idx(checks, i),
                                      "status");

        if (status == NULL || strcmp(status, "fail") == 0)
            return false;
    }
    return true;
}

int engine_doctor(struct engine *g, const struct engine_request *q,
                  struct engine_answer *a, struct err *e)
{
    static const char *const members[] = { "connection", "target", NULL };
    struct json_at at = { q->body, "request" };
    struct visit v = { .call = { .label = "doctor", .method = "doctor",
                                 .plugin = "orcheo",
                                 .timeout_ms = DOCTOR_MS } };
    int rc = q->body != NULL ? json_only(at, members, e) : 0;

    v.params = json_object_new_object();
    v.call.params = v.params;
    v.checks = json_object_new_array();
    if (rc == 0 && q->body != NULL)
        rc = read_target(g, &v, q->body, e);
    if (rc == 0)
        rc = read_connection(&v, q->body, e);
    if (rc == 0 && check_plugin(g, &v)) {
        check_way_out(g, &v);
        ask_adapter(g, &v);
    }
    if (rc == 0) {
        a->body = json_object_new_object();
        json_set_bool(a->body, "ok", all_good(v.checks));
        json_set(a->body, "checks", v.checks);
    } else {
        json_object_put(v.checks);
    }
    visit_fini(&v);
    return rc;
}

int engine_target_draft(struct engine *g, const struct engine_request *q,
                        struct engine_answer *a, struct err *e)
{
    static const char *const members[] = { "connection", "workflow", "version",
                                           NULL };
    struct json_at at = { q->body, "request" };
    struct visit v = { .call = { .label = "draft", .method = "draft",
                                 .plugin = "orcheo" } };
    const char *workflow = q->workflow;
    const int64_t latest = 0;
    int64_t version = 0;
    int rc = resource_path(q, e);

    if (rc == 0 && q->body != NULL)
        rc = json_only(at, members, e);
    if (rc == 0 && q->body != NULL)
        rc = json_get_str(at, "workflow", workflow, &workflow, e);
    if (rc == 0 && q->body != NULL)
        rc = json_get_int(at, "version", &latest, 0, 1000000000, &version, e);
    if (rc == 0)
        rc = read_connection(&v, q->body, e);
    if (rc == 0) {
        v.params = json_object_new_object();
        v.call.params = v.params;
        json_set_str(v.params, "workflow", workflow);
        json_set_str(v.params, "node", q->node);
        if (version > 0)
            json_set_int(v.params, "version", version);
        rc = admin_call(g, &v.call, &a->body, e);
    }
    visit_fini(&v);
    return rc;
}
