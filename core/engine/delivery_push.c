/* SPDX-License-Identifier: MIT
 *
 * delivery_push.c - one node in Orcheo: read, compare, write, take back. */
#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/engine/admin.h"
#include "core/engine/delivery_impl.h"

/* --- the record ----------------------------------------------------------- */

void push_fini(struct push *p)
{
    free(p->workflow);
    free(p->node);
    free(p->environment);
    free(p->actor);
    free(p->reason);
    free(p->group);
    json_object_put(p->target);
    json_object_put(p->parameters);
    json_object_put(p->pre_image);
    memset(p, 0, sizeof *p);
}

struct store_key push_key(const struct push *p)
{
    return (struct store_key){ STORE_DELIVERY,
                               { p->workflow, p->node, p->environment },
                               0 };
}

json_object *push_document(const struct push *p)
{
    json_object *o = json_object_new_object();
    char now[25];

    clock_format(clock_wall_ms(), now);
    json_set_str(o, "group", p->group);
    json_set_str(o, "started_at", now);
    json_set_str(o, "actor", p->actor);
    json_set_str(o, "reason", p->reason);
    json_set_int(o, "from", (int64_t)p->from);
    json_set_int(o, "to", (int64_t)p->to);
    json_set_bool(o, "rollback", p->rollback);
    json_set(o, "target", json_copy(p->target));
    json_set(o, "parameters", json_copy(p->parameters));
    json_set(o, "pre_image", json_copy(p->pre_image));
    return o;
}

int push_read_document(const struct store_key *key, json_object *document,
                       struct push *out, struct err *e)
{
    memset(out, 0, sizeof *out);
    out->workflow = xstrdup(key->part[0]);
    out->node = xstrdup(key->part[1]);
    out->environment = xstrdup(key->part[2]);
    out->group = xstrdup(json_str(document, "group"));
    out->actor = xstrdup(json_str(document, "actor"));
    out->reason = xstrdup(json_str(document, "reason"));
    out->from = (uint64_t)json_int(document, "from", 0);
    out->to = (uint64_t)json_int(document, "to", 0);
    out->rollback = json_object_get_boolean(json_child(document, "rollback"));
    out->target = json_object_get(json_child(document, "target"));
    out->parameters = json_object_get(json_child(document, "parameters"));
    out->pre_image = json_object_get(json_child(document, "pre_image"));
    if (out->group != NULL && out->actor != NULL && out->reason != NULL &&
        out->to > 0 && out->target != NULL && out->parameters != NULL &&
        out->pre_image != NULL)
        return 0;
    push_fini(out);
    return err_set(e, TT_ECORRUPT, "delivery %s/%s in %s: its record is no "
                                   "intent",
                   key->part[0], key->part[1], key->part[2]);
}

/* --- the calls ------------------------------------------------------------ */

/* {"workflow","node","version"?}: where the node stands in Orcheo. */
static json_object *place_of(const struct push *p)
{
    json_object *delivery = json_child(p->target, "delivery");
    json_object *params = json_object_new_object();
    int64_t version = json_int(delivery, "version", 0);

    json_set_str(params, "workflow", json_str(delivery, "workflow"));
    json_set_str(params, "node", p->node);
    if (version > 0)
        json_set_int(params, "version", version);
    return params;
}

/* Consumes params. */
static int call_adapter(struct engine *g, const struct push *p,
                        const char *method, json_object *params,
                        json_object **answer, struct err *e)
{
    char *label = xasprintf("push %s/%s", p->workflow, p->node);
    struct admin_call call = { .label = label, .method = method,
                               .params = params };
    json_object *nodes;
    int rc;

    admin_of_target(&call, p->node, p->target, &nodes);
    rc = admin_call(g, &call, answer, e);
    json_object_put(nodes);
    json_object_put(params);
    free(label);
    return rc;
}

int push_stored(struct engine *g, const struct push *p, json_object **stored,
                struct err *e)
{
    json_object *params = place_of(p), *names = json_object_new_array();
    json_object *answer = NULL;
    int rc;

    json_object_object_foreach(p->parameters, name, value)
    {
        (void)value;
        json_object_array_add(names, json_object_new_string(name));
    }
    json_set(params, "names", names);
    *stored = NULL;
    rc = call_adapter(g, p, "read", params, &answer, e);
    if (rc == 0) {
        *stored = json_object_get(json_child(answer, "parameters"));
        if (!json_object_is_type(*stored, json_type_object))
            rc = err_set(e, TT_EPLUGIN,
                         "push %s/%s: the adapter's answer to read has no "
                         "parameters",
                         p->workflow, p->node);
    }
    json_object_put(answer);
    return rc;
}

/* Write values; those in `expect` must stand there until then. */
static int write_values(struct engine *g, const struct push *p,
                        json_object *values, json_object *expect,
                        struct err *e)
{
    json_object *params = place_of(p), *answer = NULL;
    int rc;

    json_set(params, "parameters", json_object_get(values));
    json_set(params, "expect", json_object_get(expect));
    rc = call_adapter(g, p, "write", params, &answer, e);
    if (rc == 0 && !json_equal(json_child(answer, "written"), values))
        rc = err_set(e, TT_ECONFLICT,
                     "push %s/%s: what stands in Orcheo after the write is not "
                     "what was written",
                     p->workflow, p->node);
    json_object_put(answer);
    return rc;
}

int push_write(struct engine *g, const struct push *p, struct err *e)
{
    return write_values(g, p, p->parameters, p->pre_image, e);
}

int push_take_back(struct engine *g, const struct push *p, struct err *e)
{
    if (json_object_object_length(p->pre_image) == 0)
        return 0; /* nothing stood there: nothing reads it but us */
    return write_values(g, p, p->pre_image, p->parameters, e);
}

/* --- comparing ------------------------------------------------------------ */

/* Does every value of `values` stand in `stored`? */
static bool stands(json_object *values, json_object *stored)
{
    json_object_object_foreach(values, name, value)
    {
        json_object *there = NULL;

        if (!json_object_object_get_ex(stored, name, &there) ||
            !json_equal(value, there))
            return false;
    }
    return true;
}

enum push_state push_compare(const struct push *p, json_object *stored)
{
    if (stands(p->parameters, stored))
        return PUSH_NEW;
    return json_equal(stored, p->pre_image) ? PUSH_OLD : PUSH_FOREIGN;
}

enum push_state push_look(struct engine *g, const struct push *p,
                          struct err *e)
{
    json_object *stored = NULL;
    enum push_state state = PUSH_UNKNOWN;

    if (push_stored(g, p, &stored, e) == 0)
        state = push_compare(p, stored);
    json_object_put(stored);
    return state;
}

int push_check_foreign(const struct push *p, json_object *active,
                       json_object *stored, struct err *e)
{
    json_object_object_foreach(stored, name, there)
    {
        json_object *ours = json_child(active, name);
        char TT_AUTO_FREE *is = NULL, TT_AUTO_FREE *was = NULL;

        if (json_equal(there, json_child(p->parameters, name)) ||
            (ours != NULL && json_equal(there, ours)))
            continue;
        is = json_canonical_dup(there);
        was = ours != NULL ? json_canonical_dup(ours) : xstrdup("nothing");
        return err_set(e, TT_ECONFLICT,
                       "push %s/%s: %s is %.200s in workflow %s of Orcheo, but "
                       "the active version says %.200s: somebody edited it "
                       "there. Put it back, or make a version of it with "
                       "POST .../backfill {\"adopt\":true}",
                       p->workflow, p->node, name, is,
                       json_str(json_child(p->target, "delivery"), "workflow"),
                       was);
    }
    return 0;
}
