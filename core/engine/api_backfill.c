/* SPDX-License-Identifier: MIT
 *
 * api_backfill.c - the baseline: what the node runs with before anything is
 * tuned. Its parameters come from the stored config in Orcheo, and where
 * nothing is stored there from the defaults that the target declares. */
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/engine/admin.h"
#include "core/engine/engine_impl.h"
#include "core/engine/resource.h"
#include "core/engine/space.h"
#include "core/engine/version.h"

struct backfill {
    const struct engine_request *q;
    const char *environment;
    bool adopt;
    uint64_t active;
    json_object *target, *nodes;
    json_object *stored;     /* what Orcheo has of the node; owned */
    json_object *parameters; /* the baseline; owned */
    const char *source;      /* "orcheo", "orcheo and defaults", "defaults" */
};

/* --- what Orcheo has ------------------------------------------------------ */

/* Read the node's stored parameters from one workflow. 0 also when that
 * workflow, or this method, does not exist: *stored stays NULL then. */
static int read_from(struct engine *g, struct backfill *b,
                     const char *workflow, json_object *version, struct err *e)
{
    struct admin_call call = { .label = "backfill", .method = "read" };
    json_object *params = json_object_new_object(), *answer = NULL;
    json_object *names = json_object_new_array(), *nodes = NULL;
    struct err why = { 0 };
    int rc;

    admin_of_target(&call, b->q->node, b->target, &nodes);
    json_object_object_foreach(json_child(b->target, "parameters"), name, one)
    {
        (void)one;
        json_object_array_add(names, json_object_new_string(name));
    }
    json_set_str(params, "workflow", workflow);
    json_set_str(params, "node", b->q->node);
    json_set(params, "names", names);
    if (json_object_get_int64(version) > 0)
        json_set(params, "version", json_object_get(version));
    call.params = params;
    rc = admin_call(g, &call, &answer, &why);
    if (rc == 0)
        b->stored = json_object_get(json_child(answer, "parameters"));
    json_object_put(answer);
    json_object_put(params);
    json_object_put(nodes);
    if (rc < 0 && rc != TT_ENOENT && rc != TT_EUNSUPPORTED)
        return err_set(e, rc,
                       "backfill %s/%s: what Orcheo has stored cannot be read: "
                       "%.700s",
                       b->q->workflow, b->q->node, why.text);
    return 0;
}

static bool has_values(json_object *stored)
{
    return json_object_is_type(stored, json_type_object) &&
           json_object_object_length(stored) > 0;
}

/* Where could the node stand? In the workflow that we push to; else in one of
 * the target's own name; else in the evaluation workflow, unless candidates
 * are written into its versions. */
static int read_stored(struct engine *g, struct backfill *b, struct err *e)
{
    json_object *delivery = json_child(b->target, "delivery");
    json_object *evaluation = json_child(b->target, "evaluation");
    const struct {
        const char *workflow;
        json_object *version;
    } places[] = {
        { json_str(delivery, "workflow"), json_child(delivery, "version") },
        { b->q->workflow, NULL },
        { json_child(evaluation, "slots") == NULL
              ? json_str(evaluation, "workflow")
              : NULL,
          json_child(evaluation, "version") },
    };
    struct engine_plugin plugin;
    size_t i;
    int rc;

    /* a missing plugin must not look like a missing workflow */
    rc = engine_plugin_find(g, json_str(json_child(b->target, "adapter"),
                                        "plugin"),
                            TT_KIND_ADAPTER, &plugin, e);
    if (rc < 0)
        return rc;
    engine_plugin_fini(&plugin);
    for (i = 0; i < TT_ARRAY_LEN(places) && rc == 0; i++) {
        if (places[i].workflow == NULL || has_values(b->stored))
            continue;
        json_object_put(b->stored);
        b->stored = NULL;
        rc = read_from(g, b, places[i].workflow, places[i].version, e);
        if (i == 0) /* pushed: it stands there or nowhere */
            break;
    }
    return rc;
}

/* --- the baseline --------------------------------------------------------- */

/* Orcheo's values over the defaults; a point of the space, or an error that
 * says which bound of the target is too tight. */
static int make_parameters(struct backfill *b, struct err *e)
{
    struct space *s = space_create(b->nodes, e);
    json_object *values = json_object_new_object(), *joint;
    struct candidate c;
    size_t n_stored, n_all;
    int rc;

    if (s == NULL) {
        json_object_put(values);
        return TT_EINVAL;
    }
    json_set(values, b->q->node,
             has_values(b->stored) ? json_object_get(b->stored)
                                   : json_object_new_object());
    rc = space_from_json(s, values, &c, e);
    if (rc < 0) {
        err_prefix(e, "backfill %s/%s: what Orcheo has stored is outside of "
                      "what the target allows; widen the target",
                   b->q->workflow, b->q->node);
    } else {
        joint = space_to_json(s, &c.tt);
        b->parameters = json_object_get(json_child(joint, b->q->node));
        json_object_put(joint);
        candidate_fini(&c);
        n_stored = has_values(b->stored)
                       ? (size_t)json_object_object_length(b->stored)
                       : 0;
        n_all = (size_t)s->tt.n_params;
        b->source = n_stored == 0      ? "defaults"
                    : n_stored < n_all ? "orcheo and defaults"
                                       : "orcheo";
    }
    json_object_put(values);
    space_destroy(s);
    return rc;
}

/* Add the version and make it the active one. */
static int store_baseline(struct engine *g, struct backfill *b,
                          struct store_moved *moved, struct err *e)
{
    const struct engine_request *q = b->q;
    const char *kind = b->active > 0 ? "adopted" : "baseline";
    json_object *document = version_document(q->node, b->parameters, kind,
                                             b->active);
    struct store_batch *batch = store_batch_create();
    struct store_move move = {
        .workflow = q->workflow,
        .node = q->node,
        .environment = b->environment,
        .expect = true,
        .expect_version = b->active,
        .actor = q->actor,
        .reason = b->active > 0 ? "taken over from Orcheo" : "baseline",
    };

    json_set_str(json_child(document, "metadata"), "source", b->source);
    store_version_add(batch, q->workflow, q->node, document, NULL);
    store_promote(batch, &move, moved);
    json_object_put(document);
    return store_commit(g->store, batch, e);
}

/* --- the call ------------------------------------------------------------- */

static int read_request(struct engine *g, struct backfill *b, struct err *e)
{
    static const char *const members[] = { "environment", "adopt", NULL };
    struct json_at at = { b->q->body, "request" };
    struct store_moved moved = { 0 };
    struct err why = { 0 };
    const bool no = false;
    int rc = resource_path(b->q, e);

    if (rc == 0)
        rc = resource_environment(g, b->q, &b->environment, e);
    if (rc == 0 && b->q->body != NULL)
        rc = json_only(at, members, e);
    if (rc == 0 && b->q->body != NULL)
        rc = json_get_bool(at, "adopt", &no, &b->adopt, e);
    if (rc < 0)
        return rc;
    b->target = resource_target(g->store, b->q->workflow, b->q->node, e);
    if (b->target == NULL)
        return e->code;
    rc = store_active(g->store, b->q->workflow, b->q->node, b->environment,
                      &moved, &why);
    b->active = moved.active;
    if (rc < 0 && rc != TT_ENOENT)
        return err_set(e, rc, "%s", why.text);
    if (b->active > 0 && !b->adopt)
        return err_set(e, TT_ECONFLICT,
                       "backfill %s/%s: v%llu is active in %s already; a "
                       "baseline is made only once",
                       b->q->workflow, b->q->node,
                       (unsigned long long)b->active, b->environment);
    return 0;
}

/* adopt: take over what somebody edited in Orcheo; the active version is not
 * true any more. */
static int check_adopt(struct backfill *b, struct err *e)
{
    if (b->active == 0 || has_values(b->stored))
        return 0;
    return err_set(e, TT_ECONFLICT,
                   "backfill %s/%s: Orcheo has nothing stored for this node "
                   "that could be taken over",
                   b->q->workflow, b->q->node);
}

int engine_backfill(struct engine *g, const struct engine_request *q,
                    struct engine_answer *a, struct err *e)
{
    struct backfill b = { .q = q };
    struct store_moved moved = { 0 };
    char version[32];
    int rc = read_request(g, &b, e);

    if (rc == 0) {
        b.nodes = json_object_new_object();
        json_set(b.nodes, q->node,
                 json_object_get(json_child(b.target, "parameters")));
        rc = read_stored(g, &b, e);
    }
    if (rc == 0)
        rc = check_adopt(&b, e);
    if (rc == 0)
        rc = make_parameters(&b, e);
    if (rc == 0)
        rc = store_baseline(g, &b, &moved, e);
    if (rc == 0) {
        version_text(moved.active, version);
        a->body = json_object_new_object();
        json_set_str(a->body, "status", b.active > 0 ? "adopted"
                                                     : "backfilled");
        json_set_str(a->body, "active_version", version);
        json_set_str(a->body, "source", b.source);
        json_set(a->body, "parameters", json_object_get(b.parameters));
        a->status = 201;
    }
    json_object_put(b.target);
    json_object_put(b.nodes);
    json_object_put(b.stored);
    json_object_put(b.parameters);
    return rc;
}
