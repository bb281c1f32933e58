/* SPDX-License-Identifier: MIT
 *
 * meta.c - the schema of a database, and whether it is whole. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "store/key.h"
#include "store/meta.h"
#include "store/record.h"
#include "store/view.h"

static struct store_key meta_key(const char *name)
{
    return (struct store_key){ .kind = STORE_META, .part = { name } };
}

bool meta_is_reserved(const struct store_key *key)
{
    return key->kind == STORE_META && key->part[0] != NULL &&
           (strcmp(key->part[0], META_SCHEMA) == 0 ||
            strcmp(key->part[0], META_LOADING) == 0);
}

static int write_schema(struct kv *kv, struct err *e)
{
    struct store_key key = meta_key(META_SCHEMA);
    struct kv_op op = { .family = FAMILY_BASE, .is_put = true };
    struct buf bytes = { 0 }, value = { 0 };
    char text[32];
    int rc = key_encode(&key, &bytes, e);

    if (rc == 0) {
        snprintf(text, sizeof text, "{\"schema\":%d}", STORE_SCHEMA);
        op.key = buf_str(&bytes);
        record_seal(op.family, op.key, tt_str_of(text), &value);
        op.value = buf_str(&value);
        rc = kv->methods->write(kv, &op, 1, true, e);
    }
    buf_fini(&bytes);
    buf_fini(&value);
    return rc;
}

struct counting {
    struct kv *kv;
    int family;
    bool other; /* something that is not the schema */
};

static int count(void *ctx, struct tt_str key, struct tt_str value)
{
    struct counting *c = ctx;
    struct store_key k;

    (void)value;
    c->other = !key_decode(c->family, key, &k) || k.kind != STORE_META ||
               strcmp(k.part[0], META_SCHEMA) != 0;
    return c->other;
}

int meta_is_empty(struct kv *kv, struct err *e)
{
    struct counting c = { .kv = kv };
    int rc;

    for (c.family = 0; c.family < N_FAMILIES; c.family++) {
        struct kv_range range = { .family = c.family };

        rc = kv->methods->scan(kv, NULL, &range, count, &c, e);
        if (rc != 0)
            return rc;
        if (c.other)
            return 0;
    }
    return 1;
}

static int check_schema(json_object *schema, const char *path, struct err *e)
{
    int64_t found = json_int(schema, "schema", 0);

    if (found == STORE_SCHEMA)
        return 0;
    return err_set(e, TT_EUNSUPPORTED, "store %s: has schema %" PRId64
                   ", this trimtabd has schema %d: use the version that wrote "
                   "it, and dump there to load here", path, found,
                   STORE_SCHEMA);
}

int meta_open(struct kv *kv, const char *path, bool read_only, struct err *e)
{
    struct store_key key = meta_key(META_SCHEMA), loading;
    struct err missing = { 0 };
    json_object *schema = view_get_json(kv, NULL, &key, &missing);
    int rc;

    if (schema == NULL && missing.code != TT_ENOENT)
        return err_set(e, missing.code, "%s", missing.text);
    if (schema == NULL) {
        rc = meta_is_empty(kv, e);
        if (rc < 0)
            return rc;
        if (rc == 0 || read_only)
            return err_set(e, TT_ECORRUPT, "store %s: its schema record is "
                           "gone", path);
        return write_schema(kv, e);
    }
    rc = check_schema(schema, path, e);
    json_object_put(schema);
    if (rc != 0 || read_only)
        return rc;
    loading = meta_key(META_LOADING);
    rc = view_has(kv, NULL, &loading, e);
    if (rc > 0)
        return err_set(e, TT_ECORRUPT, "store %s: a load into it did not "
                       "finish: remove it and load again", path);
    return rc;
}
