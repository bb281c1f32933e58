/* SPDX-License-Identifier: MIT
 *
 * api_versions.c - versions of a node: list, one, diff, and the history of
 * the pointer. Reading only; api_delivery.c moves it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/engine/diff.h"
#include "core/engine/engine_impl.h"
#include "core/engine/resource.h"
#include "core/engine/version.h"

/* What is active in the environment; 0 for nothing. */
static int active_version(struct engine *g, const struct engine_request *q,
                          const char *environment, uint64_t *out,
                          struct err *e)
{
    struct store_moved moved = { 0 };
    struct err why = { 0 };
    int rc = store_active(g->store, q->workflow, q->node, environment, &moved,
                          &why);

    *out = moved.active;
    if (rc == TT_ENOENT)
        return 0;
    return rc < 0 ? err_set(e, rc, "%s", why.text) : 0;
}

struct page {
    json_object *items;
    size_t limit;
    uint64_t active, last;
    bool more;
    const char *environment;
    json_object *(*item)(struct page *p, const struct store_key *key,
                         json_object *document);
};

static int page_one(void *ctx, const struct store_key *key,
                    struct tt_str bytes)
{
    struct page *p = ctx;
    json_object *document;

    p->more = json_object_array_length(p->items) == p->limit;
    if (p->more)
        return 1;
    document = json_parse(bytes.p, (size_t)bytes.n, &json_limits_document,
                          NULL);
    json_object_array_add(p->items, p->item(p, key, document));
    p->last = key->number;
    json_object_put(document);
    return 0;
}

/* Newest first; the cursor is the number of the last one shown. */
static int read_page(struct engine *g, const struct engine_request *q,
                     struct store_key key, int n_parts, struct page *p,
                     struct err *e)
{
    uint64_t before;
    int rc = resource_limit(q, &p->limit, e);

    if (rc == 0)
        rc = resource_number(q, "cursor", INT64_MAX, 1, INT64_MAX, &before, e);
    if (rc < 0)
        return rc;
    p->items = json_object_new_array();
    key.number = before - 1;
    rc = key.number > 0
             ? store_scan(g->store, key, n_parts, true, page_one, p, e)
             : 0;
    if (rc < 0)
        json_object_put(p->items);
    return rc;
}

static void finish_page(struct page *p, struct engine_answer *a)
{
    char cursor[32] = "";

    if (p->more)
        snprintf(cursor, sizeof cursor, "%" PRIu64, p->last);
    resource_page(a, p->items, cursor);
}

/* --- versions ------------------------------------------------------------- */

static json_object *version_item(struct page *p, const struct store_key *key,
                                 json_object *document)
{
    json_object *item = version_shown(document);

    json_set_bool(item, "active", key->number == p->active);
    return item;
}

/* A node that has neither versions nor a target does not exist. */
static int check_known(struct engine *g, const struct engine_request *q,
                       const struct page *p, struct err *e)
{
    json_object *target;

    if (json_object_array_length(p->items) > 0 ||
        resource_query(q, "cursor") != NULL)
        return 0;
    target = resource_target(g->store, q->workflow, q->node, e);
    if (target == NULL)
        return e->code;
    json_object_put(target);
    return 0;
}

int engine_versions_list(struct engine *g, const struct engine_request *q,
                         struct engine_answer *a, struct err *e)
{
    struct store_key key = { STORE_VERSION, { q->workflow, q->node }, 0 };
    struct page p = { .item = version_item };
    int rc = resource_path(q, e);

    if (rc == 0)
        rc = resource_environment(g, q, &p.environment, e);
    if (rc == 0)
        rc = active_version(g, q, p.environment, &p.active, e);
    if (rc == 0)
        rc = read_page(g, q, key, 2, &p, e);
    if (rc < 0)
        return rc;
    rc = check_known(g, q, &p, e);
    if (rc < 0)
        json_object_put(p.items);
    else
        finish_page(&p, a);
    return rc;
}

int engine_version_get(struct engine *g, const struct engine_request *q,
                       struct engine_answer *a, struct err *e)
{
    json_object *document;
    const char *checksum;
    int rc = resource_path(q, e);

    if (rc < 0)
        return rc;
    document = resource_version(g->store, q->workflow, q->node, q->number, e);
    if (document == NULL)
        return e->code;
    checksum = json_str(document, "checksum");
    if (checksum != NULL && strlen(checksum) > 7)
        snprintf(a->etag, sizeof a->etag, "%.16s", checksum + 7);
    a->body = version_shown(document);
    json_object_put(document);
    return 0;
}

/* --- diff ----------------------------------------------------------------- */

static int newest_one(void *ctx, const struct store_key *key,
                      struct tt_str bytes)
{
    (void)bytes;
    *(uint64_t *)ctx = key->number;
    return 1;
}

/* from: else the active one; to: else the newest. */
static int read_sides(struct engine *g, const struct engine_request *q,
                      uint64_t sides[2], struct err *e)
{
    struct store_key newest = { STORE_VERSION, { q->workflow, q->node },
                                INT64_MAX };
    const char *from = resource_query(q, "from"), *env;
    const char *to = resource_query(q, "to");
    int rc = 0;

    sides[0] = sides[1] = 0;
    if (from != NULL)
        rc = version_number(from, "query: from", &sides[0], e);
    else if ((rc = resource_environment(g, q, &env, e)) == 0)
        rc = active_version(g, q, env, &sides[0], e);
    if (rc == 0 && to != NULL)
        rc = version_number(to, "query: to", &sides[1], e);
    else if (rc == 0)
        rc = store_scan(g->store, newest, 2, true, newest_one, &sides[1], e);
    if (rc == 0 && sides[0] == 0)
        rc = err_set(e, TT_ENOENT,
                     "parameters of %s/%s: nothing is active to compare with; "
                     "say ?from=v1&to=v2",
                     q->workflow, q->node);
    return rc;
}

int engine_versions_diff(struct engine *g, const struct engine_request *q,
                         struct engine_answer *a, struct err *e)
{
    json_object *documents[2] = { NULL, NULL };
    char names[2][32];
    uint64_t sides[2];
    int rc = resource_path(q, e), i;

    if (rc == 0)
        rc = read_sides(g, q, sides, e);
    for (i = 0; i < 2 && rc == 0; i++) {
        version_text(sides[i], names[i]);
        documents[i] = resource_version(g->store, q->workflow, q->node,
                                        sides[i], e);
        rc = documents[i] == NULL ? e->code : 0;
    }
    if (rc == 0) {
        a->body = diff_parameters(json_child(documents[0], "parameters"),
                                  json_child(documents[1], "parameters"),
                                  names[0], names[1]);
        json_set_str(a->body, "from", names[0]);
        json_set_str(a->body, "to", names[1]);
    }
    json_object_put(documents[0]);
    json_object_put(documents[1]);
    return rc;
}

/* --- history -------------------------------------------------------------- */

static void set_version(json_object *o, const char *key, int64_t number)
{
    char text[32];

    version_text((uint64_t)number, text);
    if (number > 0)
        json_set_str(o, key, text);
    else
        json_set(o, key, NULL);
}

static json_object *move_item(struct page *p, const struct store_key *key,
                              json_object *move)
{
    json_object *item = json_object_new_object();
    const char *const texts[] = { "at", "actor", "reason" };
    json_object *rollback = json_child(move, "rollback");
    size_t i;

    json_set_int(item, "generation", (int64_t)key->number);
    set_version(item, "from", json_int(move, "from", 0));
    set_version(item, "to", json_int(move, "to", 0));
    for (i = 0; i < TT_ARRAY_LEN(texts); i++)
        if (json_str(move, texts[i]) != NULL)
            json_set_str(item, texts[i], json_str(move, texts[i]));
    json_set_bool(item, "rollback", json_object_get_boolean(rollback));
    json_set_str(item, "environment", p->environment);
    json_set_int(item, "audit", json_int(move, "audit", 0));
    return item;
}

int engine_history(struct engine *g, const struct engine_request *q,
                   struct engine_answer *a, struct err *e)
{
    struct page p = { .item = move_item };
    struct store_key key = { STORE_MOVE, { q->workflow, q->node, NULL }, 0 };
    int rc = resource_path(q, e);

    if (rc == 0)
        rc = resource_environment(g, q, &p.environment, e);
    key.part[2] = p.environment;
    if (rc == 0)
        rc = read_page(g, q, key, 3, &p, e);
    if (rc < 0)
        return rc;
    rc = check_known(g, q, &p, e);
    if (rc < 0)
        json_object_put(p.items);
    else
        finish_page(&p, a);
    return rc;
}
