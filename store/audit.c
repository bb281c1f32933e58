/* SPDX-License-Identifier: MIT
 *
 * audit.c - the chain of audit events. */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "core/base/clock.h"
#include "store/audit.h"
#include "store/key.h"
#include "store/view.h"

#define DOMAIN "trimtab-audit-1"

static void link_hash(const struct audit_head *before, struct tt_str document,
                      unsigned char out[CRYPT_HASH_BYTES])
{
    unsigned char sequence[8], length[8];
    struct crypt_part parts[] = {
        { DOMAIN, sizeof DOMAIN - 1 },
        { sequence, 8 },
        { before->hash, sizeof before->hash },
        { length + 4, 4 }, /* records have less than 4 GiB */
        { document.p, (size_t)document.n },
    };

    be64_put(sequence, before->sequence + 1);
    be64_put(length, document.n);
    crypt_blake2b(parts, sizeof parts / sizeof *parts, out);
}

static struct store_key audit_key(uint64_t sequence)
{
    return (struct store_key){ .kind = STORE_AUDIT, .number = sequence };
}

static json_object *document_of(uint64_t sequence,
                                const struct audit_event *event)
{
    json_object *o = json_object_new_object();
    char ts[25];

    clock_format(clock_wall_ms(), ts);
    json_set_int(o, "seq", (int64_t)sequence);
    json_set_str(o, "ts", ts);
    json_set_str(o, "actor", event->actor);
    json_set_str(o, "action", event->action);
    json_set_str(o, "object", event->object);
    if (event->detail != NULL)
        json_set(o, "detail", json_copy(event->detail));
    return o;
}

int audit_append(struct audit_head *head, struct store_batch *b,
                 const struct audit_event *event, struct err *e)
{
    struct store_key key = audit_key(head->sequence + 1);
    json_object *o = document_of(key.number, event);
    char hex[CRYPT_HEX_BYTES];
    struct buf text = { 0 };
    struct audit_head next = { .sequence = key.number };
    int rc;

    json_canonical(o, &text);
    link_hash(head, buf_str(&text), next.hash);
    crypt_hex(next.hash, sizeof next.hash, hex);
    json_set_str(o, "hash", hex);
    buf_reset(&text);
    json_canonical(o, &text);
    rc = batch_add_op(b, &key, buf_str(&text), e);
    if (rc == 0)
        *head = next;
    buf_fini(&text);
    json_object_put(o);
    return rc;
}

/* The hash that the document says it has. */
static int stated_hash(json_object *o, unsigned char hash[CRYPT_HASH_BYTES])
{
    const char *hex = json_str(o, "hash");

    if (hex == NULL || strlen(hex) != CRYPT_HEX_BYTES - 1)
        return -1;
    return crypt_unhex(hex, hash, CRYPT_HASH_BYTES);
}

static int check_link(struct audit_head *head, uint64_t sequence,
                      json_object *o, struct err *e)
{
    struct audit_head next = { .sequence = sequence };
    unsigned char stated[CRYPT_HASH_BYTES];
    struct buf text = { 0 };

    if (json_int(o, "seq", -1) != (int64_t)sequence)
        return err_set(e, TT_ECORRUPT, "store: audit %" PRIu64
                       " says another sequence of itself", sequence);
    if (stated_hash(o, stated) != 0)
        return err_set(e, TT_ECORRUPT, "store: audit %" PRIu64
                       " has no hash", sequence);
    json_object_object_del(o, "hash");
    json_canonical(o, &text);
    link_hash(head, buf_str(&text), next.hash);
    buf_fini(&text);
    if (memcmp(stated, next.hash, sizeof stated) != 0)
        return err_set(e, TT_ECORRUPT, "store: audit %" PRIu64 " breaks the "
                       "chain: it, or an event before it, was changed",
                       sequence);
    *head = next;
    return 0;
}

int audit_follow(struct audit_head *head, uint64_t sequence,
                 struct tt_str bytes, struct err *e)
{
    struct store_key key = audit_key(sequence);
    json_object *o;
    int rc;

    if (sequence != head->sequence + 1)
        return err_set(e, TT_ECORRUPT, "store: audit %" PRIu64
                       " is missing, %" PRIu64 " comes instead",
                       head->sequence + 1, sequence);
    o = view_parse(&key, bytes, e);
    if (o == NULL)
        return TT_ECORRUPT;
    rc = check_link(head, sequence, o, e);
    json_object_put(o);
    return rc;
}

int audit_read(struct kv *kv, struct kv_snapshot *at, uint64_t sequence,
               struct audit_head *head, struct err *e)
{
    struct store_key key = audit_key(sequence);
    struct buf bytes = { 0 };
    json_object *o = NULL;
    int rc = view_get(kv, at, &key, &bytes, e);

    if (rc == 0) {
        o = view_parse(&key, buf_str(&bytes), e);
        rc = o == NULL ? TT_ECORRUPT : 0;
    }
    if (rc == 0 && stated_hash(o, head->hash) != 0)
        rc = err_set(e, TT_ECORRUPT, "store: audit %" PRIu64 " has no hash",
                     sequence);
    if (rc == 0)
        head->sequence = sequence;
    json_object_put(o);
    buf_fini(&bytes);
    return rc;
}

int audit_last(struct kv *kv, struct kv_snapshot *at, struct audit_head *head,
               struct err *e)
{
    struct store_key key = audit_key(0);
    uint64_t last;
    int rc = view_last(kv, at, &key, &last, e);

    memset(head, 0, sizeof *head);
    if (rc != 0 || last == 0)
        return rc;
    return audit_read(kv, at, last, head, e);
}
