/* SPDX-License-Identifier: MIT
 *
 * store.c - open and close, and the calls that the daemon makes. */
#include "config.h"

#include <libgen.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fs.h"
#include "core/base/mem.h"
#include "store/internal.h"
#include "store/key.h"
#include "store/meta.h"
#include "store/pointer.h"
#include "store/view.h"

/* --- the anchor ---------------------------------------------------------- */

static int sync_parent(const char *path, struct err *e)
{
    char *copy = xstrdup(path);
    int rc = fs_sync_dir(dirname(copy), e);

    free(copy);
    return rc;
}

static int make_anchor(struct store *s, const char *path, struct err *e)
{
    struct anchor_state state = { 0 };
    int rc = audit_last(s->kv, NULL, &state.head, e);

    if (rc == 0 && state.head.sequence != 0)
        rc = err_set(e, TT_ECORRUPT, "store %s: its anchor is gone: look with "
                     "`trimtabd store check --path %s`, and accept what is "
                     "there with `trimtabd store restore --from %s --path NEW`",
                     s->path, s->path, s->path);
    if (rc != 0)
        return rc;
    state.sequence = s->kv->methods->sequence(s->kv);
    rc = anchor_create(path, &state, e);
    if (rc == 0)
        rc = sync_parent(s->path, e); /* the folder may be new */
    if (rc == 0)
        s->anchor = anchor_open(path, false, e);
    return rc != 0 ? rc : s->anchor == NULL ? TT_EIO : 0;
}

/* What was recovered is from now on what must be there. */
static int advance_anchor(struct store *s, struct err *e)
{
    struct anchor_state state;
    int rc = audit_last(s->kv, NULL, &state.head, e);

    state.sequence = s->kv->methods->sequence(s->kv);
    return rc != 0 ? rc : anchor_move(s->anchor, &state, true, e);
}

static int check_anchor(struct store *s, struct err *e)
{
    struct err why = { 0 };

    if (anchor_check(s->anchor, s->kv, &why) == 0)
        return 0;
    return err_set(e, TT_ECORRUPT, "store %s: %s: acknowledged writes are "
                   "lost. Bring the right copy back, or look with `trimtabd "
                   "store check --path %s` and accept the loss with `trimtabd "
                   "store restore --from %s --path NEW`", s->path, why.text,
                   s->path, s->path);
}

/* --- open and close ------------------------------------------------------ */

static int start_writing(struct store *s, const struct store_options *options,
                         struct err *e)
{
    struct writer_setup setup = {
        .kv = s->kv,
        .anchor = s->anchor,
        .path = s->path,
        .min_free_bytes = options->min_free_bytes,
    };
    int rc = audit_last(s->kv, NULL, &setup.head, e);

    if (rc != 0)
        return rc;
    s->writer = writer_create(&setup, e);
    return s->writer == NULL ? TT_EIO : 0;
}

static int open_anchored(struct store *s, const char *anchor, struct err *e)
{
    int rc;

    if (s->read_only)
        return 0; /* store_check() tells; reading goes on */
    if (s->anchor == NULL)
        return make_anchor(s, anchor, e);
    rc = check_anchor(s, e);
    return rc != 0 ? rc : advance_anchor(s, e);
}

/* Everything that is left to do once there is a kv. */
static int open_over(struct store *s, const struct store_options *options,
                     const char *anchor, struct err *e)
{
    int rc = meta_open(s->kv, s->path != NULL ? s->path : s->kv->methods->name,
                       s->read_only, e);

    if (rc == 0 && s->path != NULL)
        rc = open_anchored(s, anchor, e);
    if (rc == 0 && !s->read_only)
        rc = start_writing(s, options, e);
    return rc;
}

struct store *store_over(struct kv *kv, const struct store_options *options,
                         struct err *e)
{
    struct store *s = xcalloc(1, sizeof *s);

    s->kv = kv;
    s->read_only = options->read_only;
    if (crypt_init(e) != 0 || open_over(s, options, NULL, e) != 0) {
        store_close(s);
        return NULL;
    }
    return s;
}

static int open_writer(struct store *s, const char *db, const char *anchor,
                       struct err *e)
{
    struct err none = { 0 };
    int rc = fs_mkdirs(s->path, 0700, e);

    if (rc != 0)
        return rc;
    s->anchor = anchor_open(anchor, false, &none);
    if (s->anchor == NULL && none.code != TT_ENOENT)
        return err_set(e, none.code, "store: %s", none.text);
    if (s->anchor != NULL && !kv_rocksdb_exists(db))
        return err_set(e, TT_ECORRUPT, "store %s: the database is gone, its "
                       "anchor is there: restore a backup", s->path);
    s->kv = kv_rocksdb_open(db, false, e);
    return s->kv != NULL ? 0 : TT_EIO;
}

static void drop_view(struct store *s)
{
    if (s->kv != NULL)
        s->kv->methods->close(s->kv);
    anchor_close(s->anchor);
    s->kv = NULL;
    s->anchor = NULL;
}

/* The anchor is read first: beside a running daemon both move on, and the
 * database must not seem behind. */
static bool open_view(struct store *s, const char *db, const char *anchor,
                      struct err *e)
{
    s->anchor = anchor_open(anchor, true, NULL);
    s->kv = kv_rocksdb_open(db, true, e);
    return s->kv != NULL && s->kv->damage == NULL && s->anchor != NULL &&
           anchor_check(s->anchor, s->kv, NULL) == 0;
}

/* A daemon may delete a log or a table between our reading of its list and
 * our opening of it. So what looks damaged is looked at again. */
static int open_reader(struct store *s, const char *db, const char *anchor,
                       struct err *e)
{
    int tries = 5;

    if (!kv_rocksdb_exists(db))
        return err_set(e, TT_ENOENT, "store %s: there is none", s->path);
    while (!open_view(s, db, anchor, e) && --tries > 0) {
        drop_view(s);
        usleep(20000);
    }
    return s->kv != NULL ? 0 : TT_EIO;
}

static struct store *open_rocksdb(const struct store_options *options,
                                  struct err *e)
{
    struct store *s = xcalloc(1, sizeof *s);
    char *db = fs_join(options->path, STORE_DB);
    char *anchor = fs_join(options->path, STORE_ANCHOR);
    int rc;

    s->path = xstrdup(options->path);
    s->read_only = options->read_only;
    rc = s->read_only ? open_reader(s, db, anchor, e)
                      : open_writer(s, db, anchor, e);
    if (rc == 0)
        rc = open_over(s, options, anchor, e);
    free(db);
    free(anchor);
    if (rc == 0)
        return s;
    store_close(s);
    return NULL;
}

struct store *store_open(const struct store_options *options, struct err *e)
{
    const char *backend = options->backend;

    if (crypt_init(e) != 0)
        return NULL;
    if (backend != NULL && strcmp(backend, "memory") == 0)
        return store_over(kv_memory_open(), options, e);
    if (backend == NULL || strcmp(backend, "rocksdb") != 0) {
        err_set(e, TT_EUNSUPPORTED, "store: no backend \"%s\": there are "
                "rocksdb and memory", backend != NULL ? backend : "");
        return NULL;
    }
    if (options->path == NULL || options->path[0] == 0) {
        err_set(e, TT_EINVAL, "store: rocksdb needs a path");
        return NULL;
    }
    return open_rocksdb(options, e);
}

void store_close(struct store *s)
{
    bool wrote = s != NULL && s->writer != NULL;

    if (s == NULL)
        return;
    if (wrote && writer_check(s->writer, NULL) == TT_EIO)
        wrote = false;
    writer_destroy(s->writer);
    if (wrote && s->anchor != NULL)
        advance_anchor(s, NULL); /* all of it, not just what was anchored */
    if (s->kv != NULL)
        s->kv->methods->close(s->kv);
    anchor_close(s->anchor);
    free(s->path);
    free(s);
}

/* --- reading ------------------------------------------------------------- */

int store_get(struct store *s, struct store_key key, struct buf *out,
              struct err *e)
{
    return view_get(s->kv, NULL, &key, out, e);
}

json_object *store_get_json(struct store *s, struct store_key key,
                            struct err *e)
{
    return view_get_json(s->kv, NULL, &key, e);
}

int store_scan(struct store *s, struct store_key from, int n_parts,
               bool reverse, store_scan_fn *fn, void *ctx, struct err *e)
{
    return view_scan(s->kv, NULL, &from, n_parts, reverse, fn, ctx, e);
}

int store_active(struct store *s, const char *workflow, const char *node,
                 const char *environment, struct store_moved *moved,
                 struct err *e)
{
    struct store_key key = { .kind = STORE_POINTER,
                             .part = { workflow, node, environment } };
    char where[KEY_TEXT_BYTES];
    struct err why = { 0 };
    struct pointer p;
    json_object *o = view_get_json(s->kv, NULL, &key, &why);
    int rc;

    if (o == NULL)
        return err_set(e, why.code, "%s", why.text);
    rc = pointer_read(o, key_text(&key, where), &p, e);
    json_object_put(o);
    if (rc == 0)
        *moved = (struct store_moved){ .active = p.active,
                                       .previous = p.previous,
                                       .generation = p.generation };
    return rc;
}

/* --- writing ------------------------------------------------------------- */

static int read_only_error(const struct store *s, struct err *e)
{
    return err_set(e, TT_EUNAVAILABLE, "store %s: is open for reading only",
                   s->path != NULL ? s->path : "");
}

int store_commit(struct store *s, struct store_batch *b, struct err *e)
{
    int rc = 0;

    if (b->error.code != 0)
        rc = err_set(e, b->error.code, "%s", b->error.text);
    else if (s->writer == NULL)
        rc = read_only_error(s, e);
    else if (b->n_steps > 0)
        rc = writer_commit(s->writer, b, e);
    store_batch_destroy(b);
    return rc;
}

void store_on_move(struct store *s, store_moved_fn *fn, void *ctx)
{
    if (s->writer != NULL)
        writer_on_move(s->writer, fn, ctx);
}

int store_writable(struct store *s, struct err *e)
{
    return s->writer == NULL ? read_only_error(s, e)
                             : writer_check(s->writer, e);
}
