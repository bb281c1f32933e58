/* SPDX-License-Identifier: MIT
 *
 * load.c - a dump into an empty store. Each record's sha256 and each link of
 * the audit chain is verified on the way. While it lasts, a mark in the store
 * says so: a store with half of a dump in it does not open. */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "store/dump.h"
#include "store/internal.h"
#include "store/key.h"
#include "store/meta.h"
#include "store/record.h"
#include "store/view.h"

#define BLOCK_BYTES ((size_t)256 << 10)
#define BATCH_BYTES ((size_t)1 << 20)

/* A record in base 64, and room for the rest of its line. */
static const struct json_limits line_limits = {
    .max_bytes = RECORD_MAX_BYTES / 3 * 4 + (1 << 20),
    .max_depth = 70,
    .max_tokens = 5100000,
};

struct loading {
    struct store *s;
    int fd;
    struct buf in;
    size_t seen; /* of in: without a line feed */
    bool at_end;
    uint64_t n_lines, n;
    bool has_end;
    struct store_batch *batch;
    struct err *e;
};

static int bad(struct loading *l, int code, const char *why)
{
    return err_set(l->e, code, "store: line %" PRIu64 " of the dump: %s",
                   l->n_lines, why);
}

/* --- lines --------------------------------------------------------------- */

static int read_more(struct loading *l)
{
    ssize_t n;

    if (l->in.len > line_limits.max_bytes)
        return bad(l, TT_ETOOBIG, "is too long");
    buf_reserve(&l->in, BLOCK_BYTES);
    do
        n = read(l->fd, l->in.data + l->in.len, BLOCK_BYTES - 1);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return err_errno(l->e, TT_EIO, "store: cannot read the dump");
    l->in.len += (size_t)n;
    l->at_end = n == 0;
    return 0;
}

/* The next line in the first *n bytes of in; 1, 0 at the end, or an error. */
static int next_line(struct loading *l, size_t *n)
{
    for (;;) {
        char *end = l->in.len > l->seen
                        ? memchr(l->in.data + l->seen, '\n',
                                 l->in.len - l->seen)
                        : NULL;
        int rc;

        if (end != NULL) {
            *n = (size_t)(end - l->in.data);
            return 1;
        }
        l->seen = l->in.len;
        if (l->at_end)
            return l->in.len == 0 ? 0 : bad(l, TT_ECORRUPT, "is cut off");
        rc = read_more(l);
        if (rc != 0)
            return rc;
    }
}

/* --- records ------------------------------------------------------------- */

static int read_key(struct loading *l, json_object *line,
                    struct store_key *key)
{
    const char *name = json_str(line, "kind");
    json_object *parts = json_child(line, "key");
    const struct kind_info *info;
    int kind, i;

    for (kind = 0; kind < STORE_N_KINDS; kind++) {
        if (name != NULL &&
            strcmp(name, kind_info((enum store_kind)kind)->name) == 0)
            break;
    }
    if (kind == STORE_N_KINDS)
        return bad(l, TT_EUNSUPPORTED, "is of a kind that is not known");
    memset(key, 0, sizeof *key);
    key->kind = (enum store_kind)kind;
    info = kind_info(key->kind);
    if (!json_object_is_type(parts, json_type_array) ||
        json_object_array_length(parts) != info->n_parts)
        return bad(l, TT_ECORRUPT, "has a key that is none");
    for (i = 0; i < info->n_parts; i++) {
        json_object *part = json_object_array_get_idx(parts, (size_t)i);

        if (!json_object_is_type(part, json_type_string))
            return bad(l, TT_ECORRUPT, "has a key that is none");
        key->part[i] = json_object_get_string(part);
    }
    key->number = (uint64_t)json_int(line, "number", 0);
    return 0;
}

static int read_base64(struct loading *l, const char *text, struct buf *out)
{
    size_t n = strlen(text);

    buf_reserve(out, n + 1);
    if (crypt_unbase64(text, (unsigned char *)out->data, n, &n) != 0)
        return bad(l, TT_ECORRUPT, "has bytes that are no base 64");
    out->len = n;
    return 0;
}

static int read_content(struct loading *l, json_object *line, struct buf *out)
{
    const char *text = json_str(line, "bytes");
    const char *stated = json_str(line, "sha256");
    char hex[CRYPT_HEX_BYTES];
    json_object *document;
    int rc = 0;

    if (text != NULL)
        rc = read_base64(l, text, out);
    else if (json_object_object_get_ex(line, "document", &document))
        json_canonical(document, out);
    else
        rc = bad(l, TT_ECORRUPT, "has neither document nor bytes");
    if (rc != 0)
        return rc;
    crypt_sha256_hex(out->len != 0 ? out->data : "", out->len, hex);
    if (stated == NULL || strcmp(stated, hex) != 0)
        return bad(l, TT_ECORRUPT, "does not match its sha256");
    return 0;
}

static int commit(struct loading *l)
{
    struct store_batch *b = l->batch;

    l->batch = store_batch_create();
    return store_commit(l->s, b, l->e);
}

/* The schema is there already, and must be ours. */
static int take_meta(struct loading *l, const struct store_key *key,
                     struct tt_str bytes)
{
    struct buf ours = { 0 };
    int rc = 0;

    if (key->part[0] != NULL && strcmp(key->part[0], META_LOADING) == 0)
        return bad(l, TT_ECORRUPT, "is of a store that was never complete");
    rc = view_get(l->s->kv, NULL, key, &ours, l->e);
    if (rc == 0 && !tt_str_equal(buf_str(&ours), bytes))
        rc = bad(l, TT_EUNSUPPORTED, "has another schema than this trimtabd");
    buf_fini(&ours);
    return rc;
}

static int take_record(struct loading *l, json_object *line)
{
    struct store_key key;
    struct buf bytes = { 0 };
    int rc = read_key(l, line, &key);

    if (rc == 0)
        rc = read_content(l, line, &bytes);
    if (rc == 0 && meta_is_reserved(&key))
        rc = take_meta(l, &key, buf_str(&bytes));
    else if (rc == 0)
        batch_put_raw(l->batch, key, buf_str(&bytes));
    buf_fini(&bytes);
    l->n++;
    return rc == 0 && l->batch->bytes > BATCH_BYTES ? commit(l) : rc;
}

static int take_line(struct loading *l, size_t n)
{
    struct err why = { 0 };
    json_object *line = json_parse(l->in.data, n, &line_limits, &why);
    const char *kind = json_str(line, "kind");
    int rc = 0;

    if (line == NULL)
        return bad(l, TT_ECORRUPT, why.code != 0 ? why.text : "is null");
    if (l->has_end)
        rc = bad(l, TT_ECORRUPT, "comes behind the end");
    else if (kind == NULL || strcmp(kind, DUMP_END) != 0)
        rc = take_record(l, line);
    else if (json_int(line, "records", -1) != (int64_t)l->n)
        rc = bad(l, TT_ECORRUPT, "counts other records than were there");
    else
        l->has_end = true;
    json_object_put(line);
    return rc;
}

static int load_lines(struct loading *l)
{
    size_t n = 0;
    int rc;

    for (;;) {
        l->n_lines++;
        rc = next_line(l, &n);
        if (rc <= 0)
            break;
        rc = take_line(l, n);
        if (rc != 0)
            return rc;
        buf_drop(&l->in, n + 1);
        l->seen = 0;
    }
    if (rc == 0 && !l->has_end)
        rc = bad(l, TT_ECORRUPT, "is missing: the dump is cut off");
    return rc;
}

int store_load(struct store *s, int fd, struct err *e)
{
    struct store_key mark = { .kind = STORE_META, .part = { META_LOADING } };
    struct loading l = { .s = s, .fd = fd, .e = e };
    int rc = meta_is_empty(s->kv, e);

    if (rc < 0)
        return rc;
    if (rc == 0)
        return err_set(e, TT_EEXIST, "store: there are records in it: load "
                       "into an empty one");
    l.batch = store_batch_create();
    batch_put_raw(l.batch, mark, tt_str_of("{}"));
    rc = commit(&l);
    if (rc == 0)
        rc = load_lines(&l);
    if (rc == 0) {
        batch_delete_raw(l.batch, mark);
        rc = commit(&l);
    }
    store_batch_destroy(l.batch);
    buf_fini(&l.in);
    return rc;
}
