/* SPDX-License-Identifier: MIT
 *
 * view.c - records of a kv, verified. */
#include "config.h"

#include "core/base/mem.h"
#include "store/key.h"
#include "store/record.h"
#include "store/view.h"

int view_get_bytes(struct kv *kv, struct kv_snapshot *at, int family,
                   struct tt_str key, struct buf *out, struct err *e)
{
    struct buf raw = { 0 };
    struct tt_str bytes;
    int rc = kv->methods->get(kv, at, family, key, &raw, e);

    if (rc == 0)
        rc = record_open(family, key, buf_str(&raw), &bytes, e);
    if (rc == 0)
        buf_add(out, bytes.p, (size_t)bytes.n);
    buf_fini(&raw);
    return rc;
}

int view_get(struct kv *kv, struct kv_snapshot *at, const struct store_key *key,
             struct buf *out, struct err *e)
{
    char text[KEY_TEXT_BYTES];
    struct buf bytes = { 0 };
    int rc = key_encode(key, &bytes, e);

    if (rc == 0) {
        rc = view_get_bytes(kv, at, kind_info(key->kind)->family,
                            buf_str(&bytes), out, e);
        if (rc == TT_ENOENT)
            err_set(e, rc, "store: no %s", key_text(key, text));
    }
    buf_fini(&bytes);
    return rc;
}

int view_has(struct kv *kv, struct kv_snapshot *at, const struct store_key *key,
             struct err *e)
{
    struct buf bytes = { 0 };
    int rc = view_get(kv, at, key, &bytes, e);

    buf_fini(&bytes);
    return rc == TT_ENOENT ? 0 : rc == 0 ? 1 : rc;
}

json_object *view_parse(const struct store_key *key, struct tt_str bytes,
                        struct err *e)
{
    char text[KEY_TEXT_BYTES];
    struct err parse = { 0 };
    json_object *o = json_parse(bytes.p, (size_t)bytes.n,
                                &json_limits_document, &parse);

    if (o == NULL)
        err_set(e, TT_ECORRUPT, "store: %s is no JSON document: %s",
                key_text(key, text),
                parse.code != 0 ? parse.text : "it is null");
    return o;
}

json_object *view_get_json(struct kv *kv, struct kv_snapshot *at,
                           const struct store_key *key, struct err *e)
{
    struct buf bytes = { 0 };
    json_object *o = NULL;

    if (view_get(kv, at, key, &bytes, e) == 0)
        o = view_parse(key, buf_str(&bytes), e);
    buf_fini(&bytes);
    return o;
}

/* --- walks --------------------------------------------------------------- */

struct walk {
    int family;
    store_scan_fn *fn;
    void *ctx;
    struct err *e;
};

static int visit(void *ctx, struct tt_str key, struct tt_str value)
{
    struct walk *w = ctx;
    struct store_key k;
    struct tt_str bytes;
    int rc = record_open(w->family, key, value, &bytes, w->e);

    if (rc != 0)
        return rc;
    if (!key_decode(w->family, key, &k))
        return err_set(w->e, TT_ECORRUPT, "store: family %s has a key that "
                       "is none", family_name(w->family));
    return w->fn(w->ctx, &k, bytes);
}

/* Where the walk begins: see store_scan(). */
static int encode_start(const struct store_key *from, int n_parts,
                        bool reverse, struct buf *out, struct err *e)
{
    const struct kind_info *info = kind_info(from->kind);
    int rc;

    if (n_parts == info->n_parts && info->has_number && from->number != 0)
        return key_encode(from, out, e);
    if (n_parts != info->n_parts - 1 || from->part[n_parts] == NULL)
        return 0;
    rc = key_encode_prefix(from, n_parts + 1, out, e);
    if (rc != 0)
        return rc;
    /* Every key with that part has a NUL behind it. Without the NUL: before
     * all of them; with a 1 for it: behind. */
    out->len--;
    if (!reverse)
        buf_add(out, "\1", 1);
    return 0;
}

int view_scan(struct kv *kv, struct kv_snapshot *at,
              const struct store_key *from, int n_parts, bool reverse,
              store_scan_fn *fn, void *ctx, struct err *e)
{
    struct buf prefix = { 0 }, start = { 0 };
    struct walk w = { .fn = fn, .ctx = ctx, .e = e };
    int rc = key_encode_prefix(from, n_parts, &prefix, e);

    if (rc == 0)
        rc = encode_start(from, n_parts, reverse, &start, e);
    if (rc == 0) {
        struct kv_range range = {
            .family = kind_info(from->kind)->family,
            .prefix = buf_str(&prefix),
            .from = buf_str(&start),
            .reverse = reverse,
        };

        w.family = range.family;
        rc = kv->methods->scan(kv, at, &range, visit, &w, e);
    }
    buf_fini(&prefix);
    buf_fini(&start);
    return rc;
}

static int take_number(void *ctx, const struct store_key *key,
                       struct tt_str bytes)
{
    uint64_t *number = ctx;

    (void)bytes;
    *number = key->number;
    return 1;
}

int view_last(struct kv *kv, struct kv_snapshot *at,
              const struct store_key *key, uint64_t *number, struct err *e)
{
    struct store_key from = *key;

    from.number = 0;
    *number = 0;
    return view_scan(kv, at, &from, kind_info(key->kind)->n_parts, true,
                     take_number, number, e);
}
