/* SPDX-License-Identifier: MIT
 *
 * copy.c - backup and restore: a new store of all records of one snapshot,
 * each verified on the way. Not a copy of files: so it works beside a running
 * daemon and from a read-only view, shares no disk block with the original,
 * and leaves behind what is damaged but in no record.
 *
 * The copy has an anchor of its own. That is how an operator accepts an older
 * state on purpose: files that were put back by hand are behind their anchor
 * and refused, what store_restore() made is not, and its audit trail says so. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fs.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "store/internal.h"
#include "store/key.h"
#include "store/record.h"

#define BATCH_BYTES ((size_t)1 << 20)

struct copying {
    struct kv *from, *to;
    int family;
    struct arena arena; /* keys and values of ops */
    struct kv_op *ops;
    size_t n, cap, bytes;
    struct err *e;
};

static int write_ops(struct copying *c, bool sync)
{
    int rc = c->to->methods->write(c->to, c->ops, c->n, sync, c->e);

    c->n = c->bytes = 0;
    arena_fini(&c->arena);
    return rc;
}

static int copy_record(void *ctx, struct tt_str key, struct tt_str value)
{
    struct copying *c = ctx;
    struct tt_str bytes;
    int rc = record_open(c->family, key, value, &bytes, c->e);

    if (rc != 0)
        return rc;
    if (c->n == c->cap) {
        c->cap = c->cap != 0 ? 2 * c->cap : 256;
        c->ops = xrealloc(c->ops, c->cap, sizeof *c->ops);
    }
    c->ops[c->n++] = (struct kv_op){ .family = c->family, .is_put = true,
                                     .key = arena_str(&c->arena, key),
                                     .value = arena_str(&c->arena, value) };
    c->bytes += (size_t)(key.n + value.n);
    return c->bytes < BATCH_BYTES ? 0 : write_ops(c, false);
}

static int copy_records(struct copying *c)
{
    struct kv_snapshot *at = c->from->methods->snapshot(c->from);
    int rc = 0;

    for (c->family = 0; c->family < N_FAMILIES && rc == 0; c->family++) {
        struct kv_range range = { .family = c->family };

        rc = c->from->methods->scan(c->from, at, &range, copy_record, c, c->e);
    }
    c->from->methods->release(c->from, at);
    if (rc == 0)
        rc = write_ops(c, true); /* the log before it is synced with it */
    arena_fini(&c->arena);
    free(c->ops);
    return rc;
}

/* A whole store in a folder that is not there yet. */
static int build(struct kv *from, const char *folder, struct err *e)
{
    char *db = fs_join(folder, STORE_DB);
    char *anchor = fs_join(folder, STORE_ANCHOR);
    struct copying c = { .from = from, .e = e };
    struct anchor_state state = { 0 };
    int rc = fs_mkdirs(folder, 0700, e);

    if (rc == 0) {
        c.to = kv_rocksdb_open(db, false, e);
        rc = c.to != NULL ? copy_records(&c) : TT_EIO;
    }
    if (rc == 0)
        rc = audit_last(c.to, NULL, &state.head, e);
    if (rc == 0)
        state.sequence = c.to->methods->sequence(c.to);
    if (c.to != NULL)
        c.to->methods->close(c.to);
    if (rc == 0)
        rc = anchor_create(anchor, &state, e);
    free(db);
    free(anchor);
    return rc;
}

/* Nothing, or an empty folder. */
static int check_free(const char *to, struct err *e)
{
    DIR *dir = opendir(to);
    struct dirent *entry;
    int n = 0;

    if (dir == NULL && errno == ENOENT)
        return 0;
    if (dir == NULL)
        return err_errno(e, TT_EIO, "%s", to);
    while ((entry = readdir(dir)) != NULL)
        n += strcmp(entry->d_name, ".") != 0 &&
             strcmp(entry->d_name, "..") != 0;
    closedir(dir);
    if (n != 0)
        return err_set(e, TT_EEXIST, "%s: there is something in it: move it "
                       "away, or name another folder", to);
    return 0;
}

/* Who looks at the trail later must see that it was put back, from where, and
 * what was accepted as lost. */
static int write_event(const char *folder, const char *from,
                       const char *accepted, struct err *e)
{
    struct store_options options = { .backend = "rocksdb", .path = folder };
    struct store *s = store_open(&options, e);
    struct store_batch *b = store_batch_create();
    json_object *detail = json_object_new_object();
    int rc = TT_EIO;

    json_set_str(detail, "from", from);
    if (accepted != NULL)
        json_set_str(detail, "accepted", accepted);
    store_audit(b, "operator", "store.restore", "store", detail);
    json_object_put(detail);
    if (s != NULL)
        rc = store_commit(s, b, e);
    else
        store_batch_destroy(b);
    store_close(s);
    return rc;
}

/* Give it its name once it is whole. */
static int publish(const char *partial, const char *to, struct err *e)
{
    char *copy = xstrdup(to);
    int rc = 0;

    if (rename(partial, to) != 0)
        rc = err_errno(e, TT_EIO, "%s: cannot become %s", partial, to);
    if (rc == 0)
        rc = fs_sync_dir(dirname(copy), e);
    free(copy);
    return rc;
}

/* restored_from: NULL for a backup. */
static int copy_store(struct kv *from, const char *to,
                      const char *restored_from, const char *accepted,
                      struct err *e)
{
    size_t n = strlen(to);
    char *target, *partial;
    int rc;

    while (n > 1 && to[n - 1] == '/')
        n--;
    target = xstrndup(to, n);
    partial = xasprintf("%s.partial", target);
    rc = check_free(target, e);
    if (rc == 0)
        rc = fs_remove_tree(partial, e); /* of one that did not finish */
    if (rc == 0) {
        rc = build(from, partial, e);
        if (rc == 0 && restored_from != NULL)
            rc = write_event(partial, restored_from, accepted, e);
        if (rc == 0)
            rc = publish(partial, target, e);
        if (rc != 0)
            fs_remove_tree(partial, NULL);
    }
    free(target);
    free(partial);
    return rc;
}

int store_backup(struct store *s, const char *to, struct err *e)
{
    return copy_store(s->kv, to, NULL, NULL, e);
}

/* What is wrong with the records is refused. */
static int check_source(struct store *s, struct err *e)
{
    json_object *problems = json_object_new_array();
    int rc = check_records(s->kv, problems, e);
    size_t n = json_object_array_length(problems);

    if (rc == 0 && n != 0)
        rc = err_set(e, TT_ECORRUPT, "store %s: has %zu problem%s, the first: "
                     "%s", s->path, n, n == 1 ? "" : "s",
                     json_object_get_string(
                         json_object_array_get_idx(problems, 0)));
    json_object_put(problems);
    return rc;
}

/* What is not there any more is said, and accepted: that is what a restore is
 * for. "" when nothing is known to be lost. */
static void find_losses(struct store *s, struct err *lost)
{
    if (s->kv->damage != NULL)
        err_set(lost, TT_ECORRUPT, "%s", s->kv->damage);
    else if (s->anchor == NULL)
        err_set(lost, TT_ECORRUPT, "it has no anchor");
    else
        anchor_check(s->anchor, s->kv, lost);
    if (lost->code != 0)
        log_warn("store.accepted", "path=%s lost=\"%s\"", s->path,
                 lost->text);
}

int store_restore(const char *from, const char *to, struct err *e)
{
    struct store_options options = { .backend = "rocksdb", .path = from,
                                     .read_only = true };
    struct err why = { 0 }, lost = { 0 };
    struct store *s = store_open(&options, &why);
    int rc;

    if (s == NULL)
        return err_set(e, why.code, "%s", why.text);
    rc = check_source(s, e);
    if (rc == 0) {
        find_losses(s, &lost);
        rc = copy_store(s->kv, to, from, lost.code != 0 ? lost.text : NULL, e);
    }
    store_close(s);
    return rc;
}
