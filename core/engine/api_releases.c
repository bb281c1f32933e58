/* SPDX-License-Identifier: MIT
 *
 * api_releases.c - what people decide about versions of plugins: the default,
 * a canary, pins of workflows, and the end of a quarantine. */
#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/engine/engine_release.h"
#include "core/engine/resource.h"

struct verb {
    const struct engine_request *q;
    struct engine_plugin plugin; /* that the request names */
    char present[65];            /* what its id means today */
    struct release_canary canary;
    const char *workflow;
};

static const char *actor_of(const struct engine_request *q)
{
    return q->actor != NULL ? q->actor : "?";
}

/* Only what was there before can be restored: so write it down. */
static void freeze_default(json_object *release, const struct verb *v)
{
    if (json_str(release, "default") == NULL && v->present[0] != '\0')
        json_set_str(release, "default", v->present);
}

static int find(struct engine *g, const struct engine_request *q,
                struct verb *v, struct err *e)
{
    struct engine_plugin now;
    int rc = engine_plugin_find(g, q->name, 0, &v->plugin, e);

    v->q = q;
    if (rc == 0 && engine_plugin_find(g, v->plugin.id, v->plugin.kind, &now,
                                      NULL) == 0) {
        memcpy(v->present, now.hash, sizeof v->present);
        engine_plugin_fini(&now);
    }
    return rc;
}

/* The same for new runs to have: what they cannot get would only look chosen. */
static int find_usable(struct engine *g, const struct engine_request *q,
                       struct verb *v, struct err *e)
{
    int rc = find(g, q, v, e);

    if (rc != 0 || releases_usable(g, v->plugin.hash))
        return rc;
    return err_set(e, TT_ECONFLICT, "plugin %s@%s: is retired or in quarantine: "
                   "take another version, or lift its quarantine with trimtab "
                   "plugin release %s@%s", v->plugin.id, v->plugin.version,
                   v->plugin.id, v->plugin.version);
}

static int edit(struct engine *g, struct verb *v, const char *action,
                int (*change)(json_object *, json_object *, void *,
                              struct err *),
                struct engine_answer *a, struct err *e)
{
    struct release_edit x = { .id = v->plugin.id, .kind = v->plugin.kind,
                              .actor = actor_of(v->q), .action = action,
                              .change = change, .ctx = v };
    int rc = releases_edit(g, &x, e);

    if (rc == 0)
        a->body = releases_get(g, v->plugin.id);
    return rc;
}

/* --- the default ---------------------------------------------------------- */

static int change_default(json_object *release, json_object *detail, void *ctx,
                          struct err *e)
{
    struct verb *v = ctx;

    freeze_default(release, v);
    json_set_str(detail, "hash", v->plugin.hash);
    if (json_str(release, "default") != NULL)
        json_set_str(detail, "from", json_str(release, "default"));
    return release_set_default(release, v->plugin.hash, clock_wall_ms(), e);
}

static int keep_default(json_object *release, json_object *detail, void *ctx,
                        struct err *e)
{
    struct verb *v = ctx;

    (void)e;
    json_set_str(detail, "hash", v->plugin.hash);
    json_set_str(release, "default", v->plugin.hash);
    return 0;
}

int engine_plugin_default(struct engine *g, const struct engine_request *q,
                          struct engine_answer *a, struct err *e)
{
    struct verb v = { 0 };
    json_object *release;
    int rc = find_usable(g, q, &v, e);

    if (rc != 0) {
        engine_plugin_fini(&v.plugin);
        return rc;
    }
    release = releases_get(g, v.plugin.id);
    /* by itself already: then it is to stay, whatever comes */
    rc = edit(g, &v, "plugin.default",
              json_str(release, "default") == NULL &&
                      strcmp(v.present, v.plugin.hash) == 0
                  ? keep_default : change_default,
              a, e);
    json_object_put(release);
    if (rc == TT_EEXIST) { /* said twice is as good as once */
        a->body = releases_get(g, v.plugin.id);
        rc = 0;
    }
    engine_plugin_fini(&v.plugin);
    return rc;
}

/* --- canaries ------------------------------------------------------------- */

static int change_canary(json_object *release, json_object *detail, void *ctx,
                         struct err *e)
{
    struct verb *v = ctx;

    freeze_default(release, v);
    json_set_str(detail, "hash", v->plugin.hash);
    json_set_int(detail, "percent", v->canary.percent);
    json_set_int(detail, "runs", v->canary.runs);
    json_set_int(detail, "max_failed", v->canary.max_failed);
    return release_start_canary(release, &v->canary, clock_wall_ms(), e);
}

int engine_plugin_canary(struct engine *g, const struct engine_request *q,
                         struct engine_answer *a, struct err *e)
{
    static const char *const known[] = { "percent", "runs", "max_failed",
                                         NULL };
    struct json_at at = { q->body, "canary" };
    const int64_t ten = 10, three = 3, none = 0;
    struct verb v = { 0 };
    int rc = json_only(at, known, e);

    if (rc == 0)
        rc = json_get_int(at, "percent", &ten, 1, 100, &v.canary.percent, e);
    if (rc == 0)
        rc = json_get_int(at, "runs", &three, 1, 100000, &v.canary.runs, e);
    if (rc == 0)
        rc = json_get_int(at, "max_failed", &none, 0, 100000,
                          &v.canary.max_failed, e);
    if (rc == 0)
        rc = find_usable(g, q, &v, e);
    if (rc != 0) {
        engine_plugin_fini(&v.plugin);
        return rc;
    }
    v.canary.hash = v.plugin.hash;
    v.canary.actor = actor_of(q);
    rc = edit(g, &v, "plugin.canary", change_canary, a, e);
    engine_plugin_fini(&v.plugin);
    return rc;
}

static int change_uncanary(json_object *release, json_object *detail,
                           void *ctx, struct err *e)
{
    const char *hash = json_str(json_child(release, "canary"), "hash");

    (void)ctx;
    if (hash != NULL)
        json_set_str(detail, "hash", hash);
    return release_stop_canary(release, clock_wall_ms(), e);
}

int engine_plugin_uncanary(struct engine *g, const struct engine_request *q,
                           struct engine_answer *a, struct err *e)
{
    struct verb v = { 0 };
    int rc = find(g, q, &v, e);

    if (rc == 0)
        rc = edit(g, &v, "plugin.uncanary", change_uncanary, a, e);
    engine_plugin_fini(&v.plugin);
    return rc;
}

/* --- pins ----------------------------------------------------------------- */

static int change_pin(json_object *release, json_object *detail, void *ctx,
                      struct err *e)
{
    struct verb *v = ctx;

    freeze_default(release, v);
    json_set_str(detail, "workflow", v->workflow);
    json_set_str(detail, "hash", v->plugin.hash);
    return release_pin(release, v->workflow, v->plugin.hash, clock_wall_ms(),
                       e);
}

static int change_unpin(json_object *release, json_object *detail, void *ctx,
                        struct err *e)
{
    struct verb *v = ctx;

    json_set_str(detail, "workflow", v->workflow);
    return release_pin(release, v->workflow, NULL, clock_wall_ms(), e);
}

static int pin(struct engine *g, const struct engine_request *q, bool on,
               struct engine_answer *a, struct err *e)
{
    static const char *const known[] = { "workflow", NULL };
    struct json_at at = { q->body, "pin" };
    struct verb v = { 0 };
    int rc = json_only(at, known, e);

    if (rc == 0)
        rc = json_get_str(at, "workflow", NULL, &v.workflow, e);
    if (rc == 0)
        rc = resource_id("pin: workflow", v.workflow, e);
    if (rc == 0)
        rc = on ? find_usable(g, q, &v, e) : find(g, q, &v, e);
    if (rc == 0)
        rc = edit(g, &v, on ? "plugin.pin" : "plugin.unpin",
                  on ? change_pin : change_unpin, a, e);
    engine_plugin_fini(&v.plugin);
    return rc;
}

int engine_plugin_pin(struct engine *g, const struct engine_request *q,
                      struct engine_answer *a, struct err *e)
{
    return pin(g, q, true, a, e);
}

int engine_plugin_unpin(struct engine *g, const struct engine_request *q,
                        struct engine_answer *a, struct err *e)
{
    return pin(g, q, false, a, e);
}

/* --- the end of a quarantine ---------------------------------------------- */

int engine_plugin_release(struct engine *g, const struct engine_request *q,
                          struct engine_answer *a, struct err *e)
{
    struct verb v = { 0 };
    int rc = find(g, q, &v, e);

    if (rc == 0)
        rc = releases_pardon(g, &v.plugin, actor_of(q), e);
    if (rc == 0) {
        a->body = json_object_new_object();
        json_set_str(a->body, "id", v.plugin.id);
        json_set_str(a->body, "version", v.plugin.version);
        json_set_str(a->body, "state", "available");
    }
    engine_plugin_fini(&v.plugin);
    return rc;
}
