/* SPDX-License-Identifier: MIT
 *
 * api_targets.c - targets: put, get, list, delete. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/engine/engine_impl.h"
#include "core/engine/resource.h"
#include "core/engine/target.h"

/* One writer of targets at a time: If-Match is compared and written at once.
 * The store belongs to this process alone. */
static pthread_mutex_t target_lock = PTHREAD_MUTEX_INITIALIZER;

/* --- list ----------------------------------------------------------------- */

static json_object *summary_of(const char *node, json_object *target)
{
    static const char *const kept[] = { "adapter", "dataset", "objective",
                                        "delivery", "promote", "description" };
    json_object *item = json_object_new_object();
    json_object *names = json_object_new_array();
    json_object *parameters = json_child(target, "parameters");
    size_t i;

    json_set_str(item, "node_id", node);
    if (parameters != NULL) {
        json_object_object_foreach(parameters, name, parameter)
        {
            (void)parameter;
            json_object_array_add(names, json_object_new_string(name));
        }
    }
    json_set(item, "parameter_names", names);
    for (i = 0; i < TT_ARRAY_LEN(kept); i++)
        if (json_child(target, kept[i]) != NULL)
            json_set(item, kept[i], json_copy(json_child(target, kept[i])));
    return item;
}

struct listing {
    json_object *items;
    size_t limit;
    char last[257];
    bool more;
};

static int list_one(void *ctx, const struct store_key *key,
                    struct tt_str bytes)
{
    struct listing *l = ctx;
    json_object *target;

    l->more = json_object_array_length(l->items) == l->limit;
    if (l->more)
        return 1;
    target = json_parse(bytes.p, (size_t)bytes.n, &json_limits_document, NULL);
    json_object_array_add(l->items, summary_of(key->part[1], target));
    snprintf(l->last, sizeof l->last, "%s", key->part[1]);
    json_object_put(target);
    return 0;
}

int engine_targets_list(struct engine *g, const struct engine_request *q,
                        struct engine_answer *a, struct err *e)
{
    struct store_key from = { STORE_TARGET,
                              { q->workflow, resource_query(q, "cursor") },
                              0 };
    struct listing l = { .items = json_object_new_array() };
    int rc = resource_path(q, e);

    if (rc == 0)
        rc = resource_limit(q, &l.limit, e);
    if (rc == 0)
        rc = store_scan(g->store, from, 1, false, list_one, &l, e);
    if (rc < 0)
        json_object_put(l.items);
    else
        resource_page(a, l.items, l.more ? l.last : NULL);
    return rc;
}

/* --- one ------------------------------------------------------------------ */

int engine_target_get(struct engine *g, const struct engine_request *q,
                      struct engine_answer *a, struct err *e)
{
    int rc = resource_path(q, e);

    if (rc < 0)
        return rc;
    a->body = resource_target(g->store, q->workflow, q->node, e);
    if (a->body == NULL)
        return e->code;
    resource_etag(a->body, a->etag);
    return 0;
}

/* The tag that is stored now, empty where there is no such target. */
static int stored_tag(struct engine *g, const struct engine_request *q,
                      char tag[64], struct err *e)
{
    struct store_key key = { STORE_TARGET, { q->workflow, q->node }, 0 };
    struct err why = { 0 };
    json_object *stored = store_get_json(g->store, key, &why);

    tag[0] = '\0';
    if (stored != NULL)
        resource_etag(stored, tag);
    else if (why.code != TT_ENOENT)
        return err_set(e, why.code, "%s", why.text);
    json_object_put(stored);
    return 0;
}

/* Put the document (NULL: delete) with its audit event. Under the lock. */
static int write_target(struct engine *g, const struct engine_request *q,
                        json_object *document, const char *tag, struct err *e)
{
    struct store_key key = { STORE_TARGET, { q->workflow, q->node }, 0 };
    struct store_batch *b = store_batch_create();
    json_object *detail = json_object_new_object();
    char object[300];

    snprintf(object, sizeof object, "%s/%s", q->workflow, q->node);
    json_set_str(detail, "etag", tag);
    if (document != NULL)
        store_put_json(b, key, document);
    else
        store_delete(b, key);
    store_audit(b, q->actor, document != NULL ? "target.put" : "target.delete",
                object, detail);
    json_object_put(detail);
    return store_commit(g->store, b, e);
}

int engine_target_put(struct engine *g, const struct engine_request *q,
                      struct engine_answer *a, struct err *e)
{
    char before[64], what[300];
    int rc = resource_path(q, e);

    if (rc < 0)
        return rc;
    if (q->body == NULL)
        return err_set(e, TT_EINVAL, "target %s/%s: a document is wanted",
                       q->workflow, q->node);
    a->body = json_copy(q->body);
    rc = target_check(q->workflow, q->node, a->body, e);
    if (rc < 0)
        goto fail;
    resource_etag(a->body, a->etag);
    snprintf(what, sizeof what, "target %s/%s", q->workflow, q->node);
    pthread_mutex_lock(&target_lock);
    rc = stored_tag(g, q, before, e);
    if (rc == 0)
        rc = resource_if_match(q->if_match, before[0] != '\0' ? before : NULL,
                               what, e);
    if (rc == 0 && strcmp(before, a->etag) != 0)
        rc = write_target(g, q, a->body, a->etag, e);
    pthread_mutex_unlock(&target_lock);
    if (rc < 0)
        goto fail;
    a->status = before[0] == '\0' ? 201 : 200;
    return 0;
fail:
    json_object_put(a->body);
    a->body = NULL;
    return rc;
}

int engine_target_delete(struct engine *g, const struct engine_request *q,
                         struct engine_answer *a, struct err *e)
{
    json_object *stored;
    char tag[64], what[300];
    int rc = resource_path(q, e);

    if (rc < 0)
        return rc;
    snprintf(what, sizeof what, "target %s/%s", q->workflow, q->node);
    pthread_mutex_lock(&target_lock);
    stored = resource_target(g->store, q->workflow, q->node, e);
    if (stored == NULL) {
        rc = e->code;
    } else {
        resource_etag(stored, tag);
        rc = resource_if_match(q->if_match, tag, what, e);
        if (rc == 0)
            rc = write_target(g, q, NULL, tag, e);
    }
    pthread_mutex_unlock(&target_lock);
    json_object_put(stored);
    a->status = 204;
    return rc;
}
