/* SPDX-License-Identifier: MIT
 *
 * dump.c - a store as lines of canonical JSON, in the order of kinds and
 * keys: equal stores give equal dumps. The last line counts the others, so
 * that a dump that was cut off is told from one that ended. */
#include "config.h"

#include <errno.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "store/dump.h"
#include "store/internal.h"
#include "store/key.h"
#include "store/view.h"

#define BLOCK_BYTES ((size_t)256 << 10)

struct dumping {
    int fd;
    struct buf out;
    uint64_t n;
    struct err *e;
};

static int flush(struct dumping *d)
{
    size_t done = 0;

    while (done < d->out.len) {
        ssize_t n = write(d->fd, d->out.data + done, d->out.len - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(d->e, TT_EIO, "store: cannot write the dump");
        done += (size_t)n;
    }
    buf_reset(&d->out);
    return 0;
}

static int add_line(struct dumping *d, json_object *line)
{
    json_canonical(line, &d->out);
    buf_adds(&d->out, "\n");
    return d->out.len >= BLOCK_BYTES ? flush(d) : 0;
}

static void set_base64(json_object *line, struct tt_str bytes)
{
    char *text = xcalloc(1, crypt_base64_bytes((size_t)bytes.n));

    crypt_base64(bytes.p, (size_t)bytes.n, text);
    json_set_str(line, "bytes", text);
    free(text);
}

/* As a document if that gives the very same bytes back. */
static void set_content(json_object *line, const struct kind_info *info,
                        struct tt_str bytes)
{
    json_object *o = NULL;
    struct buf again = { 0 };

    if (!info->is_bytes)
        o = json_parse(bytes.p, (size_t)bytes.n, &json_limits_document, NULL);
    if (o != NULL)
        json_canonical(o, &again);
    if (o != NULL && tt_str_equal(buf_str(&again), bytes)) {
        json_set(line, "document", o);
    } else {
        json_object_put(o);
        set_base64(line, bytes);
    }
    buf_fini(&again);
}

static int dump_record(void *ctx, const struct store_key *key,
                       struct tt_str bytes)
{
    const struct kind_info *info = kind_info(key->kind);
    json_object *line = json_object_new_object();
    json_object *parts = json_object_new_array();
    struct dumping *d = ctx;
    char hex[CRYPT_HEX_BYTES];
    int i, rc;

    for (i = 0; i < info->n_parts; i++)
        json_object_array_add(parts, json_object_new_string(key->part[i]));
    json_set_str(line, "kind", info->name);
    json_set(line, "key", parts);
    if (info->has_number)
        json_set_int(line, "number", (int64_t)key->number);
    set_content(line, info, bytes);
    crypt_sha256_hex(bytes.p, (size_t)bytes.n, hex);
    json_set_str(line, "sha256", hex);
    rc = add_line(d, line);
    json_object_put(line);
    d->n++;
    return rc;
}

static int dump_end(struct dumping *d)
{
    json_object *line = json_object_new_object();
    int rc;

    json_set_str(line, "kind", DUMP_END);
    json_set_int(line, "records", (int64_t)d->n);
    rc = add_line(d, line);
    json_object_put(line);
    return rc != 0 ? rc : flush(d);
}

int store_dump(struct store *s, int fd, struct err *e)
{
    struct kv_snapshot *at = s->kv->methods->snapshot(s->kv);
    struct dumping d = { .fd = fd, .e = e };
    int kind, rc = 0;

    for (kind = 0; kind < STORE_N_KINDS && rc == 0; kind++) {
        struct store_key from = { .kind = (enum store_kind)kind };

        rc = view_scan(s->kv, at, &from, 0, false, dump_record, &d, e);
    }
    if (rc == 0)
        rc = dump_end(&d);
    s->kv->methods->release(s->kv, at);
    buf_fini(&d.out);
    return rc;
}
