/* SPDX-License-Identifier: MIT
 *
 * api_datasets.c - datasets: a put adds a version, unless it says the same
 * again. Stored is the checked document with "created_at", "created_by" and
 * "counts", which are no part of its hash. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/engine/engine_impl.h"
#include "core/engine/resource.h"

/* Two writers of one dataset may take the same number: the second one tries
 * the next. */
#define PUT_ATTEMPTS 8

static json_object *counts_of(const struct dataset *d)
{
    json_object *counts = json_object_new_object();

    json_set_int(counts, "train", (int64_t)d->n[TT_TRAIN]);
    json_set_int(counts, "validation", (int64_t)d->n[TT_VALIDATION]);
    json_set_int(counts, "holdout", (int64_t)d->n[TT_HOLDOUT]);
    return counts;
}

static json_object *head_of(const char *name, uint64_t version,
                            json_object *document, const struct dataset *d)
{
    static const char *const kept[] = { "created_at", "created_by",
                                        "description" };
    json_object *o = json_object_new_object();
    char hash[80];
    size_t i;

    json_set_str(o, "name", name);
    json_set_int(o, "version", (int64_t)version);
    snprintf(hash, sizeof hash, "sha256:%s", d->hash);
    json_set_str(o, "hash", hash);
    json_set(o, "counts", counts_of(d));
    for (i = 0; i < TT_ARRAY_LEN(kept); i++)
        if (json_child(document, kept[i]) != NULL)
            json_set(o, kept[i], json_copy(json_child(document, kept[i])));
    return o;
}

/* --- list ----------------------------------------------------------------- */

struct listing {
    json_object *items;
    size_t limit;
    char name[257]; /* of the records that were seen last ... */
    uint64_t newest, versions;
    struct buf bytes; /* ... and the newest of them; versions 0: none */
    char last[257];   /* the name that was shown last */
    bool more;
    struct err *e;
};

/* All versions of l->name were seen: its item. */
static int list_name(struct listing *l)
{
    json_object *document, *item;
    struct dataset *d;

    if (l->versions == 0)
        return 0;
    document = json_parse(l->bytes.data, l->bytes.len, &json_limits_document,
                          l->e);
    d = document != NULL ? dataset_create(l->name, l->newest, document, l->e)
                         : NULL;
    if (d == NULL) {
        json_object_put(document);
        return l->e->code;
    }
    item = head_of(l->name, l->newest, document, d);
    json_set_int(item, "versions", (int64_t)l->versions);
    json_object_array_add(l->items, item);
    memcpy(l->last, l->name, sizeof l->last);
    l->versions = 0;
    dataset_destroy(d);
    json_object_put(document);
    return 0;
}

static int list_one(void *ctx, const struct store_key *key,
                    struct tt_str bytes)
{
    struct listing *l = ctx;
    int rc = strcmp(key->part[1], l->name) != 0 ? list_name(l) : 0;

    if (rc < 0)
        return rc;
    l->more = json_object_array_length(l->items) == l->limit;
    if (l->more)
        return 1;
    snprintf(l->name, sizeof l->name, "%s", key->part[1]);
    l->newest = key->number;
    l->versions++;
    buf_reset(&l->bytes);
    buf_add(&l->bytes, bytes.p, (size_t)bytes.n);
    return 0;
}

int engine_datasets_list(struct engine *g, const struct engine_request *q,
                         struct engine_answer *a, struct err *e)
{
    struct store_key from = { STORE_DATASET,
                              { q->workflow, resource_query(q, "cursor") },
                              0 };
    struct listing l = { .items = json_object_new_array(), .e = e };
    int rc = resource_path(q, e);

    if (rc == 0)
        rc = resource_limit(q, &l.limit, e);
    if (rc == 0)
        rc = store_scan(g->store, from, 1, false, list_one, &l, e);
    if (rc == 0 && !l.more)
        rc = list_name(&l);
    buf_fini(&l.bytes);
    if (rc < 0)
        json_object_put(l.items);
    else
        resource_page(a, l.items, l.more ? l.last : NULL);
    return rc;
}

/* --- one ------------------------------------------------------------------ */

int engine_dataset_get(struct engine *g, const struct engine_request *q,
                       struct engine_answer *a, struct err *e)
{
    const char *version = resource_query(q, "version");
    json_object *document;
    struct dataset *d;
    uint64_t number = 0;
    int rc = resource_path(q, e);

    if (rc == 0 && version != NULL && strcmp(version, "latest") != 0)
        rc = resource_number(q, "version", 0, 1, INT64_MAX, &number, e);
    if (rc < 0)
        return rc;
    document = resource_dataset(g->store, q->workflow, q->name, number,
                                &number, e);
    d = document != NULL ? dataset_create(q->name, number, document, e) : NULL;
    if (d == NULL) {
        json_object_put(document);
        return e->code;
    }
    a->body = head_of(q->name, number, document, d);
    json_set(a->body, "cases", json_object_get(json_child(document, "cases")));
    if (json_child(document, "split") != NULL)
        json_set(a->body, "split",
                 json_object_get(json_child(document, "split")));
    snprintf(a->etag, sizeof a->etag, "%.16s", d->hash);
    dataset_destroy(d);
    json_object_put(document);
    return 0;
}

static int write_dataset(struct engine *g, const struct engine_request *q,
                         json_object *document, const struct dataset *d,
                         struct err *e)
{
    struct store_key key = { STORE_DATASET, { q->workflow, q->name },
                             d->version };
    struct store_batch *b = store_batch_create();
    json_object *detail = json_object_new_object();
    char text[300];

    store_expect_absent(b, key);
    store_put_json(b, key, document);
    json_set_int(detail, "version", (int64_t)d->version);
    snprintf(text, sizeof text, "sha256:%s", d->hash);
    json_set_str(detail, "hash", text);
    snprintf(text, sizeof text, "%s/%s", q->workflow, q->name);
    store_audit(b, q->actor, "dataset.put", text, detail);
    json_object_put(detail);
    return store_commit(g->store, b, e);
}

/* The newest version, when it says the same. */
static bool is_known(struct engine *g, const struct engine_request *q,
                     const struct dataset *d, uint64_t *newest,
                     json_object **known)
{
    struct dataset *there;
    bool same = false;

    *newest = 0;
    *known = resource_dataset(g->store, q->workflow, q->name, 0, newest, NULL);
    there = *known != NULL
                ? dataset_create(q->name, *newest, *known, NULL)
                : NULL;
    same = there != NULL && strcmp(there->hash, d->hash) == 0;
    dataset_destroy(there);
    if (!same) {
        json_object_put(*known);
        *known = NULL;
    }
    return same;
}

int engine_dataset_put(struct engine *g, const struct engine_request *q,
                       struct engine_answer *a, struct err *e)
{
    json_object *document = NULL, *known = NULL;
    struct dataset *d = NULL;
    char now[25];
    int rc = resource_path(q, e), i;

    if (rc < 0)
        return rc;
    document = json_copy(q->body);
    rc = dataset_check(document, e);
    if (rc == 0 && (d = dataset_create(q->name, 0, document, e)) == NULL)
        rc = e->code;
    if (rc < 0)
        goto out;
    clock_format(clock_wall_ms(), now);
    json_set_str(document, "created_at", now);
    json_set_str(document, "created_by", q->actor);
    json_set(document, "counts", counts_of(d));
    for (i = 0; i < PUT_ATTEMPTS; i++) {
        if (is_known(g, q, d, &d->version, &known))
            break;
        d->version++;
        rc = write_dataset(g, q, document, d, e);
        if (rc != TT_EEXIST)
            break;
    }
    if (rc < 0)
        goto out;
    a->body = head_of(q->name, d->version, known != NULL ? known : document,
                      d);
    a->status = known != NULL ? 200 : 201;
    snprintf(a->etag, sizeof a->etag, "%.16s", d->hash);
    snprintf(a->location, sizeof a->location,
             "/api/workflows/%.80s/datasets/%.80s?version=%" PRIu64,
             q->workflow, q->name, d->version);
out:
    json_object_put(known);
    json_object_put(document);
    dataset_destroy(d);
    return rc;
}
