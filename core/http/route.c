/* SPDX-License-Identifier: MIT
 *
 * route.c - the control plane in one table. openapi.json is made from it. */
#include "config.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/http/internal.h"

#define W "/api/workflows/{workflow}"

const struct route http_routes[] = {
    /* the seed's three */
    { "POST", W "/optimize", 202, ROUTE_BODY | ROUTE_OWN_KEY | ROUTE_LIMITED,
      engine_optimize, NULL, "Start an optimizer run" },
    { "GET", W "/parameters/{node}", 200, ROUTE_INLINE, NULL, system_active,
      "The active parameters of a node" },
    { "POST", W "/parameters/{node}/promote", 200, ROUTE_BODY, engine_promote,
      NULL, "Make a version the active one" },
    /* parameters */
    { "POST", W "/parameters/{node}/rollback", 200, ROUTE_BODY, engine_rollback,
      NULL, "Go back to the version before" },
    { "POST", W "/parameters/{node}/backfill", 201, 0, engine_backfill, NULL,
      "Make the baseline version v1 and activate it" },
    { "GET", W "/parameters/{node}/versions", 200, 0, engine_versions_list,
      NULL, "All versions of a node" },
    { "GET", W "/parameters/{node}/versions/{number}", 200, 0,
      engine_version_get, NULL, "One version" },
    { "GET", W "/parameters/{node}/diff", 200, 0, engine_versions_diff, NULL,
      "What changed between two versions" },
    { "GET", W "/parameters/{node}/history", 200, 0, engine_history, NULL,
      "Every move of the active version" },
    /* targets and datasets */
    { "GET", W "/targets", 200, 0, engine_targets_list, NULL,
      "The targets of a workflow" },
    { "PUT", W "/targets/{node}", 200, ROUTE_BODY, engine_target_put, NULL,
      "Register or replace a target" },
    { "GET", W "/targets/{node}", 200, 0, engine_target_get, NULL,
      "One target" },
    { "DELETE", W "/targets/{node}", 204, 0, engine_target_delete, NULL,
      "Forget a target" },
    { "POST", W "/targets/{node}/draft", 200, 0, engine_target_draft, NULL,
      "Propose a target from the workflow itself" },
    { "GET", W "/datasets", 200, 0, engine_datasets_list, NULL,
      "The datasets of a workflow" },
    { "PUT", W "/datasets/{name}", 201, ROUTE_BODY, engine_dataset_put, NULL,
      "Add a version of a dataset" },
    { "GET", W "/datasets/{name}", 200, 0, engine_dataset_get, NULL,
      "One version of a dataset" },
    /* runs */
    { "GET", "/api/runs", 200, 0, engine_runs_list, NULL, "Runs, newest first" },
    { "GET", W "/runs", 200, 0, engine_runs_list, NULL,
      "The runs of a workflow" },
    { "GET", "/api/runs/{run}", 200, 0, engine_run_show, NULL,
      "One run and its progress" },
    { "POST", "/api/runs/{run}/cancel", 202, 0, engine_run_cancel, NULL,
      "Stop a run" },
    { "GET", "/api/runs/{run}/candidates", 200, 0, engine_run_candidates, NULL,
      "The candidates of a run" },
    { "POST", "/api/runs/{run}/candidates", 202, ROUTE_BODY, engine_run_enqueue,
      NULL, "Put a candidate of one's own into a live run" },
    { "GET", "/api/runs/{run}/candidates/{number}", 200, 0,
      engine_run_candidate, NULL, "One candidate and its evaluations" },
    { "POST", "/api/runs/{run}/move", 200, ROUTE_BODY, engine_run_move, NULL,
      "Let another version of a plugin take over a live run" },
    { "GET", "/api/runs/{run}/report", 200, 0, engine_run_report, NULL,
      "Baseline, winner, effect and evidence" },
    { "GET", "/api/runs/{run}/events", 200, 0, engine_run_events, NULL,
      "What happened, in order" },
    { "GET", "/api/runs/{run}/log", 200, 0, engine_run_log, NULL,
      "What the strategy was told and answered, for a replay" },
    { "POST", "/api/runs/{run}/replay", 200, 0, engine_run_replay, NULL,
      "Prove that the log gives the same proposals again" },
    /* the rest */
    { "GET", "/api/plugins", 200, 0, engine_plugins_list, NULL,
      "The strategies and adapters of this daemon" },
    { "POST", "/api/plugins", 201, ROUTE_BODY | ROUTE_LARGE, engine_plugin_add,
      NULL, "Add a version of a plugin" },
    { "GET", "/api/plugins/{name}", 200, 0, engine_plugin_show, NULL,
      "One plugin and its versions, or one version" },
    { "POST", "/api/plugins/{name}/retire", 200, 0, engine_plugin_retire, NULL,
      "Let no new run get this version" },
    { "POST", "/api/plugins/{name}/default", 200, 0, engine_plugin_default,
      NULL, "Make a version what a plain id means" },
    { "POST", "/api/plugins/{name}/canary", 200, ROUTE_BODY,
      engine_plugin_canary, NULL, "Give a version a share of new runs" },
    { "DELETE", "/api/plugins/{name}/canary", 200, 0, engine_plugin_uncanary,
      NULL, "End a canary" },
    { "POST", "/api/plugins/{name}/pin", 200, ROUTE_BODY, engine_plugin_pin,
      NULL, "Hold a workflow to a version" },
    { "POST", "/api/plugins/{name}/unpin", 200, ROUTE_BODY,
      engine_plugin_unpin, NULL, "Let a workflow go by the default again" },
    { "POST", "/api/plugins/{name}/release", 200, 0, engine_plugin_release,
      NULL, "Lift a quarantine" },
    { "GET", "/api/audit", 200, 0, engine_audit_list, NULL,
      "The audit chain" },
    { "POST", "/api/doctor", 200, 0, engine_doctor, NULL,
      "Check the connection to Orcheo" },
    { "GET", "/healthz", 200, ROUTE_OPEN | ROUTE_INLINE, NULL, system_healthz,
      "Is the process alive?" },
    { "GET", "/readyz", 200, ROUTE_OPEN, NULL, system_readyz,
      "Can it take work?" },
    { "GET", "/metrics", 200, 0, NULL, system_metrics, "Prometheus metrics" },
    { "GET", "/openapi.json", 200, ROUTE_OPEN, NULL, system_openapi,
      "This contract" },
    { "GET", "/version", 200, ROUTE_OPEN | ROUTE_INLINE, NULL, system_version,
      "Version and build of the daemon" },
};
const size_t http_n_routes = TT_ARRAY_LEN(http_routes);

/* Compare the path with a pattern, segment by segment. */
static bool path_fits(const struct request *r, const char *pattern)
{
    size_t i, n;

    for (i = 0; *pattern == '/'; i++) {
        pattern++;
        n = strcspn(pattern, "/");
        if (i >= r->n_segments)
            return false;
        if (pattern[0] != '{' && (strlen(r->segment[i]) != n ||
                                  memcmp(r->segment[i], pattern, n) != 0))
            return false;
        pattern += n;
    }
    return i == r->n_segments;
}

const struct route *route_find(struct request *r, const char **allow)
{
    size_t i;

    *allow = NULL;
    for (i = 0; i < http_n_routes; i++) {
        if (!path_fits(r, http_routes[i].path))
            continue;
        if (strcmp(http_routes[i].method, r->method) == 0)
            return &http_routes[i];
        *allow = http_routes[i].method;
    }
    return NULL;
}

size_t route_max_body(const struct request *r)
{
    size_t usual = r->http->options.max_body_bytes;

    return (r->route->flags & ROUTE_LARGE) != 0 && usual < HTTP_LARGE_BYTES
               ? HTTP_LARGE_BYTES
               : usual;
}

const char *route_param(const struct request *r, const char *name)
{
    const char *p = r->route->path;
    size_t i, n, len = strlen(name);

    for (i = 0; *p == '/' && i < r->n_segments; i++) {
        p++;
        n = strcspn(p, "/");
        if (n == len + 2 && p[0] == '{' && memcmp(p + 1, name, len) == 0)
            return r->segment[i];
        p += n;
    }
    return NULL;
}
