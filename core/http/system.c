/* SPDX-License-Identifier: MIT
 *
 * system.c - what is about the daemon itself: the hot read, probes, metrics
 * and the contract. */
#include "config.h"

#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/http/internal.h"

/* GET /api/workflows/{workflow}/parameters/{node}: from memory. A token is
 * looked up, a hash table is read, a prepared answer is queued. */
void system_active(struct request *r)
{
    struct http *h = r->http;
    const char *environment = json_str(r->query, "env");
    const struct active_entry *entry =
        active_find(&h->active, &r->thread->view, route_param(r, "workflow"),
                    route_param(r, "node"),
                    environment != NULL ? environment : h->options.environment);
    struct err e = { 0 };

    atomic_fetch_add(&h->reads, 1);
    if (entry == NULL) {
        err_set(&e, TT_ENOENT, "parameters of %s/%s: nothing is active; "
                "`trimtab params backfill` makes and activates the baseline",
                route_param(r, "workflow"), route_param(r, "node"));
        answer_error(r, &e);
        return;
    }
    if (r->if_none_match != NULL &&
        (strcmp(r->if_none_match, "*") == 0 ||
         strstr(r->if_none_match, entry->etag) != NULL)) {
        atomic_fetch_add(&h->reads_unchanged, 1);
        r->status = MHD_HTTP_NOT_MODIFIED;
        r->prepared = entry->unchanged;
        return;
    }
    r->status = MHD_HTTP_OK;
    r->prepared = entry->ok;
}

void system_healthz(struct request *r)
{
    answer_text(r, 200, "application/json", "{\"status\":\"ok\"}");
}

void system_version(struct request *r)
{
    json_object *o = json_object_new_object();

    json_set_str(o, "version", r->http->options.version);
    json_set_str(o, "build", TT_CONFIGURE_SUMMARY);
    answer_json(r, 200, o);
    json_object_put(o);
}

void system_readyz(struct request *r)
{
    json_object *o = json_object_new_object();
    struct err e = { 0 };
    int code = engine_ready(r->http->engine, &e);

    json_set_str(o, "status", code == 0 ? "ready" : "degraded");
    json_set_bool(o, "reads", true);
    json_set_bool(o, "writes", code == 0);
    if (code != 0)
        json_set_str(o, "detail", e.text);
    answer_json(r, code == 0 ? 200 : 503, o);
    json_object_put(o);
}

/* --- metrics: the Prometheus text format, 0.0.4 -------------------------- */

static void metric(struct buf *b, const char *name, const char *type,
                   const char *help, double value)
{
    char number[32];

    json_number(value, number);
    buf_addf(b, "# HELP trimtab_%s %s\n# TYPE trimtab_%s %s\ntrimtab_%s %s\n",
             name, help, name, type, name, number);
}

/* The engine's numbers: {"name":{"type","help","value"}} */
static void engine_numbers(struct buf *b, json_object *metrics)
{
    json_object_object_foreach(metrics, name, m)
        metric(b, name, json_str(m, "type") ? json_str(m, "type") : "gauge",
               json_str(m, "help") ? json_str(m, "help") : name,
               json_num(m, "value", 0));
}

void system_metrics(struct request *r)
{
    static const char *const class_name[6] = { "other", "1xx", "2xx",
                                               "3xx",   "4xx", "5xx" };
    struct http *h = r->http;
    json_object *numbers = engine_metrics(h->engine);
    struct buf b = { 0 };
    long long changed = atomic_load(&h->active.changed_ms);
    size_t i;

    engine_numbers(&b, numbers);
    json_object_put(numbers);
    buf_adds(&b, "# HELP trimtab_http_requests_total Answers by status\n"
                 "# TYPE trimtab_http_requests_total counter\n");
    for (i = 1; i < 6; i++)
        buf_addf(&b, "trimtab_http_requests_total{status=\"%s\"} %lu\n",
                 class_name[i], atomic_load(&h->requests[i]));
    metric(&b, "parameter_reads_total", "counter",
           "Reads of active parameters", (double)atomic_load(&h->reads));
    metric(&b, "parameter_reads_unchanged_total", "counter",
           "Reads answered 304",
           (double)atomic_load(&h->reads_unchanged));
    metric(&b, "auth_failures_total", "counter", "Requests without a good token",
           (double)atomic_load(&h->auth_failures));
    metric(&b, "http_timeouts_total", "counter",
           "Connections closed because a request took too long to arrive",
           (double)atomic_load(&h->timeouts));
    metric(&b, "active_changed_seconds", "gauge",
           "When the active parameters last changed, since 1970",
           (double)changed / 1000.0);
    answer_text(r, 200, "text/plain; version=0.0.4", b.data);
    buf_fini(&b);
}

/* --- openapi.json: made from the table of routes ------------------------- */

static json_object *path_parameters(const struct route *route)
{
    json_object *list = json_object_new_array(), *p, *schema;
    const char *s = route->path, *end;
    char name[40];

    while ((s = strchr(s, '{')) != NULL && (end = strchr(s, '}')) != NULL) {
        snprintf(name, sizeof name, "%.*s", (int)(end - s - 1), s + 1);
        p = json_object_new_object();
        schema = json_object_new_object();
        json_set_str(p, "name", name);
        json_set_str(p, "in", "path");
        json_set_bool(p, "required", true);
        json_set_str(schema, "type", "string");
        json_set(p, "schema", schema);
        json_object_array_add(list, p);
        s = end;
    }
    return list;
}

static json_object *described(const char *text, const char *type,
                              const char *schema_ref)
{
    json_object *o = json_object_new_object(), *content, *media, *schema;

    json_set_str(o, "description", text);
    if (type == NULL)
        return o;
    content = json_object_new_object();
    media = json_object_new_object();
    schema = json_object_new_object();
    if (schema_ref != NULL)
        json_set_str(schema, "$ref", schema_ref);
    else
        json_set_str(schema, "type", "object");
    json_set(media, "schema", schema);
    json_set(content, type, media);
    json_set(o, "content", content);
    return o;
}

static json_object *operation(const struct route *route)
{
    json_object *op = json_object_new_object();
    json_object *responses = json_object_new_object(), *body;
    char status[8];

    json_set_str(op, "summary", route->summary);
    json_set(op, "parameters", path_parameters(route));
    if ((route->flags & ROUTE_BODY) != 0) {
        body = described(route->summary, "application/json", NULL);
        json_set_bool(body, "required", true);
        json_set(op, "requestBody", body);
    }
    snprintf(status, sizeof status, "%u", route->status);
    json_set(responses, status,
             described("success",
                       route->status == 204 ? NULL : "application/json", NULL));
    json_set(responses, "default",
             described("a problem document", "application/problem+json",
                       "#/components/schemas/Problem"));
    json_set(op, "responses", responses);
    if ((route->flags & ROUTE_OPEN) != 0)
        json_set(op, "security", json_object_new_array());
    return op;
}

static json_object *components(void)
{
    static const char text[] =
        "{\"schemas\":{\"Problem\":{\"type\":\"object\",\"required\":[\"type\","
        "\"title\",\"status\",\"detail\",\"code\"],\"properties\":{"
        "\"type\":{\"type\":\"string\"},\"title\":{\"type\":\"string\"},"
        "\"status\":{\"type\":\"integer\"},\"detail\":{\"type\":\"string\"},"
        "\"code\":{\"type\":\"string\"},\"request_id\":{\"type\":\"string\"}}}},"
        "\"securitySchemes\":{\"token\":{\"type\":\"http\","
        "\"scheme\":\"bearer\"}}}";

    return json_tokener_parse(text);
}

void system_openapi(struct request *r)
{
    json_object *root = json_object_new_object();
    json_object *paths = json_object_new_object(), *item, *info;
    json_object *security = json_object_new_array();
    json_object *token = json_object_new_object();
    char method[12];
    size_t i, k;

    info = json_object_new_object();
    json_set_str(info, "title", "Trimtab");
    json_set_str(info, "version", r->http->options.version);
    for (i = 0; i < http_n_routes; i++) {
        item = json_child(paths, http_routes[i].path);
        if (item == NULL) {
            item = json_object_new_object();
            json_set(paths, http_routes[i].path, item);
        }
        for (k = 0; http_routes[i].method[k] != '\0'; k++)
            method[k] = (char)(http_routes[i].method[k] | 0x20);
        method[k] = '\0';
        json_set(item, method, operation(&http_routes[i]));
    }
    json_set_str(root, "openapi", "3.1.0");
    json_set(root, "info", info);
    json_set(root, "paths", paths);
    json_set(root, "components", components());
    json_set(token, "token", json_object_new_array());
    json_object_array_add(security, token);
    json_set(root, "security", security);
    answer_json(r, 200, root);
    json_object_put(root);
}
