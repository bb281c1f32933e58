/* SPDX-License-Identifier: MIT
 *
 * api_audit.c - the audit chain, oldest first. */
#include <inttypes.h>
#include <stdio.h>

#include "core/engine/engine_impl.h"
#include "core/engine/resource.h"

struct listing {
    json_object *items;
    size_t limit;
    uint64_t last;
    bool more;
};

static int list_one(void *ctx, const struct store_key *key,
                    struct tt_str bytes)
{
    struct listing *l = ctx;

    l->more = json_object_array_length(l->items) == l->limit;
    if (l->more)
        return 1;
    json_object_array_add(l->items,
                          json_parse(bytes.p, (size_t)bytes.n,
                                     &json_limits_document, NULL));
    l->last = key->number;
    return 0;
}

int engine_audit_list(struct engine *g, const struct engine_request *q,
                      struct engine_answer *a, struct err *e)
{
    struct listing l = { .items = json_object_new_array() };
    struct store_key from = { STORE_AUDIT, { NULL }, 0 };
    char cursor[32] = "";
    uint64_t after;
    int rc = resource_limit(q, &l.limit, e);

    if (rc == 0)
        rc = resource_number(q, "after", 0, 0, INT64_MAX - 1, &after, e);
    if (rc == 0)
        rc = resource_number(q, "cursor", after, 0, INT64_MAX - 1, &after, e);
    if (rc == 0) {
        from.number = after + 1;
        rc = store_scan(g->store, from, 0, false, list_one, &l, e);
    }
    if (rc < 0) {
        json_object_put(l.items);
        return rc;
    }
    if (l.more)
        snprintf(cursor, sizeof cursor, "%" PRIu64, l.last);
    resource_page(a, l.items, cursor);
    return 0;
}
