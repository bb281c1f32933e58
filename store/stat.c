/* SPDX-License-Identifier: MIT
 *
 * stat.c - what is in a store. */
#include "config.h"

#include "core/base/mem.h"
#include "store/internal.h"
#include "store/key.h"

struct counts {
    int family;
    uint64_t n[STORE_N_KINDS];
    uint64_t bytes, unknown;
};

static int count(void *ctx, struct tt_str key, struct tt_str value)
{
    struct counts *c = ctx;
    struct store_key k;

    c->bytes += key.n + value.n;
    if (key_decode(c->family, key, &k))
        c->n[k.kind]++;
    else
        c->unknown++;
    return 0;
}

static int count_all(struct kv *kv, struct kv_snapshot *at, struct counts *c,
                     struct err *e)
{
    int rc = 0;

    for (c->family = 0; c->family < N_FAMILIES && rc == 0; c->family++) {
        struct kv_range range = { .family = c->family };

        rc = kv->methods->scan(kv, at, &range, count, c, e);
    }
    return rc;
}

static json_object *document(struct store *s, const struct counts *c,
                             const struct audit_head *head)
{
    json_object *o = json_object_new_object();
    json_object *records = json_object_new_object();
    char hex[CRYPT_HEX_BYTES];
    int i;

    for (i = 0; i < STORE_N_KINDS; i++)
        json_set_int(records, kind_info((enum store_kind)i)->name,
                     (int64_t)c->n[i]);
    if (c->unknown != 0)
        json_set_int(records, "unknown", (int64_t)c->unknown);
    crypt_hex(head->hash, sizeof head->hash, hex);
    json_set_str(o, "backend", s->kv->methods->name);
    json_set_int(o, "schema", STORE_SCHEMA);
    json_set(o, "records", records);
    json_set_int(o, "bytes", (int64_t)c->bytes);
    json_set_int(o, "disk_bytes", s->kv->methods->disk_bytes(s->kv));
    json_set_int(o, "sequence", (int64_t)s->kv->methods->sequence(s->kv));
    json_set_int(o, "audit_sequence", (int64_t)head->sequence);
    json_set_str(o, "audit_head", hex);
    return o;
}

int store_stat(struct store *s, json_object **out, struct err *e)
{
    struct kv_snapshot *at = s->kv->methods->snapshot(s->kv);
    struct counts counts = { 0 };
    struct audit_head head;
    int rc = count_all(s->kv, at, &counts, e);

    if (rc == 0)
        rc = audit_last(s->kv, at, &head, e);
    s->kv->methods->release(s->kv, at);
    if (rc == 0)
        *out = document(s, &counts, &head);
    return rc;
}
