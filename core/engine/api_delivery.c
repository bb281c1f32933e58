/* SPDX-License-Identifier: MIT
 *
 * api_delivery.c - promote and rollback: who may move the pointer where. */
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/engine/delivery.h"
#include "core/engine/engine_impl.h"
#include "core/engine/resource.h"
#include "core/engine/version.h"

#define MAX_REASON 1024 /* characters */

/* --- the request ---------------------------------------------------------- */

static int read_reason(const struct engine_request *q, const char **out,
                       struct err *e)
{
    struct json_at at = { q->body, "request" };
    size_t n = 0, visible = 0;
    const char *p;
    int rc = json_get_str(at, "reason", NULL, out, e);

    if (rc < 0)
        return rc;
    for (p = *out; *p != '\0'; p++) {
        n += ((unsigned char)*p & 0xC0) != 0x80 ? 1 : 0; /* UTF-8 */
        visible += strchr(" \t\r\n", *p) == NULL ? 1 : 0;
    }
    if (visible == 0 || n > MAX_REASON)
        return err_set(e, TT_EINVAL,
                       "request: reason: say in 1 to %d characters why; it is "
                       "kept in the audit chain",
                       MAX_REASON);
    return 0;
}

static int read_version(const struct engine_request *q, const char *key,
                        bool required, uint64_t *out, bool *given,
                        struct err *e)
{
    struct json_at at = { q->body, "request" };
    const char *text = NULL;
    char where[64];
    int rc;

    *out = 0;
    *given = required || json_child(q->body, key) != NULL;
    if (!*given)
        return 0;
    rc = json_get_str(at, key, NULL, &text, e);
    snprintf(where, sizeof where, "request: %s", key);
    return rc < 0 ? rc : version_number(text, where, out, e);
}

/* The tag that GET .../parameters/{node} gives out, "g17-1f0c99ab"; empty
 * when nothing is active. */
static int active_tag(struct engine *g, const struct delivery_move *m,
                      char tag[64], struct err *e)
{
    struct store_moved moved = { 0 };
    struct err why = { 0 };
    json_object *version;
    const char *checksum;
    int rc = store_active(g->store, m->workflow, m->node, m->environment,
                          &moved, &why);

    tag[0] = '\0';
    if (rc < 0)
        return rc == TT_ENOENT ? 0 : err_set(e, rc, "%s", why.text);
    version = resource_version(g->store, m->workflow, m->node, moved.active,
                               e);
    if (version == NULL)
        return e->code;
    checksum = json_str(version, "checksum");
    if (checksum != NULL && strchr(checksum, ':') != NULL)
        checksum = strchr(checksum, ':') + 1;
    snprintf(tag, 64, "g%llu-%.8s", (unsigned long long)moved.generation,
             checksum != NULL ? checksum : "");
    json_object_put(version);
    return 0;
}

/* If-Match: 412, and what it was compared with holds at the move too. */
static int check_if_match(struct engine *g, const struct engine_request *q,
                          struct delivery_move *m, struct err *e)
{
    struct store_moved moved = { 0 };
    char tag[64], what[300];
    int rc;

    if (q->if_match == NULL)
        return 0;
    rc = active_tag(g, m, tag, e);
    snprintf(what, sizeof what, "parameters of %s/%s", m->workflow, m->node);
    if (rc == 0)
        rc = resource_if_match(q->if_match, tag[0] != '\0' ? tag : NULL, what,
                               e);
    if (rc == 0 && !m->expect) {
        rc = store_active(g->store, m->workflow, m->node, m->environment,
                          &moved, e);
        m->expect = true;
        m->expect_version = moved.active;
    }
    return rc;
}

/* What promote and rollback have in common. */
static int read_move(struct engine *g, const struct engine_request *q,
                     struct delivery_move *m, struct err *e)
{
    int rc = resource_path(q, e);

    m->workflow = q->workflow;
    m->node = q->node;
    m->actor = q->actor;
    if (rc == 0 && q->body == NULL)
        rc = err_set(e, TT_EINVAL, "request: a body with a reason is wanted");
    if (rc == 0)
        rc = resource_environment(g, q, &m->environment, e);
    if (rc == 0)
        rc = read_reason(q, &m->reason, e);
    if (rc == 0)
        rc = read_version(q, "expected_version", false, &m->expect_version,
                          &m->expect, e);
    return rc;
}

/* --- a baseline first ----------------------------------------------------- */

static int find_baseline(void *ctx, const struct store_key *key,
                         struct tt_str bytes)
{
    json_object *document = json_parse(bytes.p, (size_t)bytes.n,
                                       &json_limits_document, NULL);
    const char *optimizer = json_str(json_child(document, "metadata"),
                                     "optimizer");
    bool *found = ctx;

    (void)key;
    *found = optimizer != NULL && strcmp(optimizer, "baseline") == 0;
    json_object_put(document);
    return *found ? 1 : 0;
}

/* Without a baseline there would be nothing to roll back to. */
static int check_baseline(struct engine *g, const struct delivery_move *m,
                          struct err *e)
{
    struct store_key from = { STORE_VERSION, { m->workflow, m->node }, 0 };
    struct store_moved moved;
    bool found = false;
    int rc;

    if (store_active(g->store, m->workflow, m->node, m->environment, &moved,
                     NULL) == 0)
        return 0;
    rc = store_scan(g->store, from, 2, false, find_baseline, &found, e);
    if (rc == 0 && !found)
        rc = err_set(e, TT_ECONFLICT,
                     "parameters of %s/%s: there is no baseline to roll back "
                     "to; `trimtab params backfill %s %s` makes it",
                     m->workflow, m->node, m->workflow, m->node);
    return rc;
}

/* --- the calls ------------------------------------------------------------ */

static int move_and_answer(struct engine *g, const struct engine_request *q,
                           struct delivery_move *m, const char *status,
                           struct engine_answer *a, struct err *e)
{
    struct store_moved moved = { 0 };
    char version[32];
    int rc = check_if_match(g, q, m, e);

    if (rc == 0)
        rc = delivery_move(g, m, 1, &moved, e);
    if (rc < 0)
        return rc;
    version_text(moved.active, version);
    a->body = json_object_new_object();
    json_set_str(a->body, "status", status);
    json_set_str(a->body, "active_version", version);
    if (active_tag(g, m, a->etag, e) < 0)
        a->etag[0] = '\0'; /* moved it is: an answer without a tag will do */
    return 0;
}

int engine_promote(struct engine *g, const struct engine_request *q,
                   struct engine_answer *a, struct err *e)
{
    static const char *const members[] = { "version", "reason",
                                           "expected_version", "environment",
                                           NULL };
    struct json_at at = { q->body, "request" };
    struct delivery_move m = { .rollback = false };
    json_object *version;
    bool given;
    int rc = read_move(g, q, &m, e);

    if (rc == 0)
        rc = json_only(at, members, e);
    if (rc == 0)
        rc = read_version(q, "version", true, &m.to, &given, e);
    if (rc < 0)
        return rc;
    version = resource_version(g->store, m.workflow, m.node, m.to, e);
    if (version == NULL)
        return e->code;
    json_object_put(version);
    rc = check_baseline(g, &m, e);
    return rc < 0 ? rc : move_and_answer(g, q, &m, "promoted", a, e);
}

int engine_rollback(struct engine *g, const struct engine_request *q,
                    struct engine_answer *a, struct err *e)
{
    static const char *const members[] = { "to_version", "reason",
                                           "expected_version", "environment",
                                           NULL };
    struct json_at at = { q->body, "request" };
    struct delivery_move m = { .rollback = true };
    json_object *version;
    bool given;
    int rc = read_move(g, q, &m, e);

    if (rc == 0)
        rc = json_only(at, members, e);
    if (rc == 0)
        rc = read_version(q, "to_version", false, &m.to, &given, e);
    if (rc < 0)
        return rc;
    if (given) {
        version = resource_version(g->store, m.workflow, m.node, m.to, e);
        if (version == NULL)
            return e->code;
        json_object_put(version);
    }
    return move_and_answer(g, q, &m, "rolled_back", a, e);
}
