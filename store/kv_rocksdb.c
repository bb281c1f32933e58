/* SPDX-License-Identifier: MIT
 *
 * kv_rocksdb.c - the embedded database; nothing else names rocksdb/c.h.
 *
 * Numbers and switches come from measurements on 7.8.3, Debian 12's:
 * - its info log aborts the process on a full disk (it is built with asserts
 *   on), so that log is set to FATAL and stays empty;
 * - write-ahead-log recovery mode 0 refuses damage in the middle of the log
 *   and takes a torn tail for what a crash leaves. The default, 2, opens with
 *   acknowledged writes gone. A log that lost its end is beyond both: the
 *   anchor is for that;
 * - flushing before closing makes the next open 30 times faster. */
#include "config.h"

#include <rocksdb/c.h>
#include <string.h>

#include "core/base/fs.h"
#include "core/base/mem.h"
#include "store/key.h"
#include "store/kv.h"

#define MIB ((size_t)1 << 20)
#define WRITE_BUFFER_BYTES (4 * MIB)  /* a family */
#define WRITE_BUFFERS_BYTES (16 * MIB) /* all of them */
#define MAX_WAL_BYTES (16 * MIB)      /* what an open may have to replay */
#define CACHE_BYTES (8 * MIB)
#define MAX_OPEN_FILES 256

enum { WAL_TOLERATE_TAIL = 0, WAL_POINT_IN_TIME = 2 };
enum { INFO_LOG_FATAL = 4 };

struct rocks {
    struct kv kv;
    char *path;
    rocksdb_t *db;
    rocksdb_options_t *options;
    rocksdb_cache_t *cache;
    rocksdb_writeoptions_t *synced, *unsynced;
    rocksdb_readoptions_t *read;
    rocksdb_column_family_handle_t *families[N_FAMILIES];
    bool read_only;
};

struct kv_snapshot {
    const rocksdb_snapshot_t *snapshot;
    rocksdb_readoptions_t *read;
};

static struct rocks *rocks_of(struct kv *kv)
{
    return (struct rocks *)kv;
}

/* The C API has no status codes, only the texts of its C++ side. */
static int code_of(const char *text)
{
    if (strncmp(text, "Corruption", 10) == 0)
        return TT_ECORRUPT;
    if (strncmp(text, "IO error", 8) == 0)
        return strstr(text, "/LOCK") != NULL ? TT_EUNAVAILABLE : TT_EIO;
    return TT_EIO;
}

/* Take text, which is RocksDB's. */
static int failed(struct rocks *r, const char *what, char *text, struct err *e)
{
    int code = code_of(text);

    if (code == TT_EUNAVAILABLE)
        err_set(e, code, "store %s: another process has it open: stop that "
                "one first (%s)", r->path, text);
    else
        err_set(e, code, "store %s: %s: %s", r->path, what, text);
    rocksdb_free(text);
    return code;
}

/* --- open and close ------------------------------------------------------ */

static void set_table(rocksdb_options_t *o, rocksdb_cache_t *cache)
{
    rocksdb_block_based_table_options_t *t =
        rocksdb_block_based_options_create();

    rocksdb_block_based_options_set_block_cache(t, cache);
    /* the options own the filter */
    rocksdb_block_based_options_set_filter_policy(
        t, rocksdb_filterpolicy_create_bloom_full(10));
    rocksdb_block_based_options_set_format_version(t, 5);
    rocksdb_options_set_block_based_table_factory(o, t);
    rocksdb_block_based_options_destroy(t);
}

static void set_sizes(rocksdb_options_t *o, bool read_only)
{
    rocksdb_options_set_write_buffer_size(o, WRITE_BUFFER_BYTES);
    rocksdb_options_set_db_write_buffer_size(o, WRITE_BUFFERS_BYTES);
    rocksdb_options_set_max_total_wal_size(o, MAX_WAL_BYTES);
    rocksdb_options_set_max_background_jobs(o, 2);
    /* A reader beside a running daemon keeps every file open, so that the
     * daemon's compactions cannot pull one away. */
    rocksdb_options_set_max_open_files(o, read_only ? -1 : MAX_OPEN_FILES);
    rocksdb_options_set_max_file_opening_threads(o, 1);
}

static void set_quiet(rocksdb_options_t *o)
{
    rocksdb_options_set_info_log_level(o, INFO_LOG_FATAL);
    rocksdb_options_set_keep_log_file_num(o, 1);
    rocksdb_options_set_stats_dump_period_sec(o, 0);
    rocksdb_options_set_stats_persist_period_sec(o, 0);
    rocksdb_options_set_skip_stats_update_on_db_open(o, 1);
}

static int make_options(struct rocks *r, struct err *e)
{
    rocksdb_options_t *plain = rocksdb_options_create();
    char *text = NULL;

    r->options = rocksdb_options_create();
    /* the one door to these two */
    rocksdb_get_options_from_string(
        plain,
        "track_and_verify_wals_in_manifest=true;"
        "verify_sst_unique_id_in_manifest=true",
        r->options, &text);
    rocksdb_options_destroy(plain);
    if (text != NULL)
        return failed(r, "options", text, e);
    r->cache = rocksdb_cache_create_lru(CACHE_BYTES);
    set_table(r->options, r->cache);
    set_sizes(r->options, r->read_only);
    set_quiet(r->options);
    rocksdb_options_set_paranoid_checks(r->options, 1);
    rocksdb_options_set_wal_recovery_mode(r->options, WAL_TOLERATE_TAIL);
    rocksdb_options_set_create_if_missing(r->options, !r->read_only);
    rocksdb_options_set_create_missing_column_families(r->options,
                                                       !r->read_only);
    r->synced = rocksdb_writeoptions_create();
    rocksdb_writeoptions_set_sync(r->synced, 1);
    r->unsynced = rocksdb_writeoptions_create();
    r->read = rocksdb_readoptions_create();
    return 0;
}

/* A family that we do not know would make RocksDB refuse with a riddle. */
static int check_families(struct rocks *r, struct err *e)
{
    char *text = NULL, **names;
    size_t n = 0, i;
    int known, rc = 0;

    names = rocksdb_list_column_families(r->options, r->path, &n, &text);
    if (text != NULL) /* there is an empty list then */
        rc = failed(r, "cannot list its families", text, e);
    for (i = 0; i < n && rc == 0; i++) {
        for (known = 0; known < N_FAMILIES; known++) {
            if (strcmp(names[i], family_name(known)) == 0)
                break;
        }
        if (known == N_FAMILIES)
            rc = err_set(e, TT_EUNSUPPORTED, "store %s: has a family \"%s\" "
                         "that this version does not know: use the version "
                         "that wrote it", r->path, names[i]);
    }
    rocksdb_list_column_families_destroy(names, n);
    return rc;
}

static void open_db(struct rocks *r, char **text)
{
    const char *names[N_FAMILIES];
    const rocksdb_options_t *options[N_FAMILIES];
    int i;

    for (i = 0; i < N_FAMILIES; i++) {
        names[i] = family_name(i);
        options[i] = r->options;
    }
    r->db = r->read_only
                ? rocksdb_open_for_read_only_column_families(
                      r->options, r->path, N_FAMILIES, names, options,
                      r->families, 0, text)
                : rocksdb_open_column_families(r->options, r->path, N_FAMILIES,
                                               names, options, r->families,
                                               text);
}

/* A reader may look at what is left of a damaged database, and says so. */
static int open_leniently(struct rocks *r, char *text, struct err *e)
{
    char *again = NULL;

    rocksdb_options_set_wal_recovery_mode(r->options, WAL_POINT_IN_TIME);
    open_db(r, &again);
    if (again != NULL) {
        rocksdb_free(again);
        return failed(r, "cannot open", text, e);
    }
    r->kv.damage = xasprintf("the write-ahead log is damaged, what follows "
                             "the damage is left out: %s", text);
    rocksdb_free(text);
    return 0;
}

bool kv_rocksdb_exists(const char *path)
{
    char *current = fs_join(path, "CURRENT");
    bool exists = fs_exists(current);

    free(current);
    return exists;
}

static void rocks_close(struct kv *kv);

static int rocks_open(struct rocks *r, struct err *e)
{
    char *text = NULL;
    int rc = make_options(r, e);

    if (rc == 0 && kv_rocksdb_exists(r->path))
        rc = check_families(r, e);
    if (rc != 0)
        return rc;
    open_db(r, &text);
    if (text != NULL && r->read_only && code_of(text) == TT_ECORRUPT)
        return open_leniently(r, text, e);
    return text != NULL ? failed(r, "cannot open", text, e) : 0;
}

static void flush(struct rocks *r)
{
    rocksdb_flushoptions_t *o = rocksdb_flushoptions_create();
    int i;

    rocksdb_flushoptions_set_wait(o, 1);
    for (i = 0; i < N_FAMILIES; i++) {
        char *text = NULL;

        rocksdb_flush_cf(r->db, o, r->families[i], &text);
        if (text != NULL) /* the log still has it all */
            rocksdb_free(text);
    }
    rocksdb_flushoptions_destroy(o);
}

static void rocks_close(struct kv *kv)
{
    struct rocks *r = rocks_of(kv);
    int i;

    if (r->db != NULL) {
        if (!r->read_only)
            flush(r);
        for (i = 0; i < N_FAMILIES; i++)
            rocksdb_column_family_handle_destroy(r->families[i]);
        rocksdb_close(r->db);
    }
    if (r->read != NULL)
        rocksdb_readoptions_destroy(r->read);
    if (r->synced != NULL)
        rocksdb_writeoptions_destroy(r->synced);
    if (r->unsynced != NULL)
        rocksdb_writeoptions_destroy(r->unsynced);
    if (r->options != NULL)
        rocksdb_options_destroy(r->options);
    if (r->cache != NULL)
        rocksdb_cache_destroy(r->cache);
    free(r->kv.damage);
    free(r->path);
    free(r);
}

/* --- writing ------------------------------------------------------------- */

static int rocks_write(struct kv *kv, const struct kv_op *ops, size_t n,
                       bool sync, struct err *e)
{
    struct rocks *r = rocks_of(kv);
    rocksdb_writebatch_t *batch = rocksdb_writebatch_create();
    char *text = NULL;
    size_t i;

    for (i = 0; i < n; i++) {
        const struct kv_op *op = &ops[i];

        if (op->is_put)
            rocksdb_writebatch_put_cf(batch, r->families[op->family],
                                      op->key.p, op->key.n, op->value.p,
                                      op->value.n);
        else
            rocksdb_writebatch_delete_cf(batch, r->families[op->family],
                                         op->key.p, op->key.n);
    }
    rocksdb_write(r->db, sync ? r->synced : r->unsynced, batch, &text);
    rocksdb_writebatch_destroy(batch);
    return text != NULL ? failed(r, "cannot write", text, e) : 0;
}

/* --- reading ------------------------------------------------------------- */

static int rocks_get(struct kv *kv, struct kv_snapshot *at, int family,
                     struct tt_str key, struct buf *out, struct err *e)
{
    struct rocks *r = rocks_of(kv);
    char *text = NULL;
    rocksdb_pinnableslice_t *slice;
    const char *value;
    size_t n;

    slice = rocksdb_get_pinned_cf(r->db, at != NULL ? at->read : r->read,
                                  r->families[family], key.p, (size_t)key.n,
                                  &text);
    if (text != NULL)
        return failed(r, "cannot read", text, e);
    if (slice == NULL)
        return TT_ENOENT;
    value = rocksdb_pinnableslice_value(slice, &n);
    buf_add(out, value, n);
    rocksdb_pinnableslice_destroy(slice);
    return 0;
}

/* The smallest text behind all that start with prefix. Tags are ASCII, so
 * there always is one. */
static void successor(struct tt_str prefix, struct buf *out)
{
    buf_add(out, prefix.p, (size_t)prefix.n);
    while (out->len > 0 && (unsigned char)out->data[out->len - 1] == 0xff)
        out->len--;
    TT_ASSERT(out->len > 0);
    out->data[out->len - 1]++;
}

static void seek(rocksdb_iterator_t *it, const struct kv_range *range)
{
    struct tt_str from = range->from;

    if (from.n == 0 && !range->reverse)
        rocksdb_iter_seek_to_first(it);
    else if (from.n == 0)
        rocksdb_iter_seek_to_last(it);
    else if (!range->reverse)
        rocksdb_iter_seek(it, from.p, (size_t)from.n);
    else
        rocksdb_iter_seek_for_prev(it, from.p, (size_t)from.n);
}

static int walk(struct rocks *r, rocksdb_iterator_t *it,
                const struct kv_range *range, kv_scan_fn *fn, void *ctx,
                struct err *e)
{
    char *text = NULL;
    int rc = 0;

    for (seek(it, range); rc == 0 && rocksdb_iter_valid(it);) {
        size_t key_n, value_n;
        const char *key = rocksdb_iter_key(it, &key_n);
        const char *value = rocksdb_iter_value(it, &value_n);

        rc = fn(ctx, (struct tt_str){ key, key_n },
                (struct tt_str){ value, value_n });
        if (rc != 0)
            break;
        if (range->reverse)
            rocksdb_iter_prev(it);
        else
            rocksdb_iter_next(it);
    }
    rocksdb_iter_get_error(it, &text);
    if (text != NULL) {
        int code = failed(r, "cannot read", text, e);

        return rc < 0 ? rc : code;
    }
    return rc < 0 ? rc : 0;
}

static int rocks_scan(struct kv *kv, struct kv_snapshot *at,
                      const struct kv_range *range, kv_scan_fn *fn, void *ctx,
                      struct err *e)
{
    struct rocks *r = rocks_of(kv);
    rocksdb_readoptions_t *read = rocksdb_readoptions_create();
    rocksdb_iterator_t *it;
    struct buf end = { 0 };
    int rc;

    if (at != NULL)
        rocksdb_readoptions_set_snapshot(read, at->snapshot);
    if (range->prefix.n != 0) {
        /* both are borrowed by the iterator */
        successor(range->prefix, &end);
        rocksdb_readoptions_set_iterate_lower_bound(read, range->prefix.p,
                                                    (size_t)range->prefix.n);
        rocksdb_readoptions_set_iterate_upper_bound(read, end.data, end.len);
    }
    it = rocksdb_create_iterator_cf(r->db, read, r->families[range->family]);
    rc = walk(r, it, range, fn, ctx, e);
    rocksdb_iter_destroy(it);
    rocksdb_readoptions_destroy(read);
    buf_fini(&end);
    return rc;
}

static struct kv_snapshot *rocks_snapshot(struct kv *kv)
{
    struct kv_snapshot *at = xcalloc(1, sizeof *at);
    struct rocks *r = rocks_of(kv);

    at->snapshot = rocksdb_create_snapshot(r->db);
    at->read = rocksdb_readoptions_create();
    rocksdb_readoptions_set_snapshot(at->read, at->snapshot);
    return at;
}

static void rocks_release(struct kv *kv, struct kv_snapshot *at)
{
    rocksdb_readoptions_destroy(at->read);
    rocksdb_release_snapshot(rocks_of(kv)->db, at->snapshot);
    free(at);
}

static uint64_t rocks_sequence(struct kv *kv)
{
    return rocksdb_get_latest_sequence_number(rocks_of(kv)->db);
}

static int64_t rocks_bytes(struct kv *kv)
{
    static const char *const properties[] = {
        "rocksdb.total-sst-files-size", "rocksdb.cur-size-all-mem-tables",
    };
    struct rocks *r = rocks_of(kv);
    int64_t bytes = 0;
    size_t i, j;

    for (i = 0; i < N_FAMILIES; i++) {
        for (j = 0; j < TT_ARRAY_LEN(properties); j++) {
            uint64_t n = 0;

            if (rocksdb_property_int_cf(r->db, r->families[i], properties[j],
                                        &n) == 0)
                bytes += (int64_t)n;
        }
    }
    return bytes;
}

static const struct kv_methods rocks_methods = {
    .name = "rocksdb",
    .write = rocks_write,
    .get = rocks_get,
    .scan = rocks_scan,
    .snapshot = rocks_snapshot,
    .release = rocks_release,
    .sequence = rocks_sequence,
    .disk_bytes = rocks_bytes,
    .close = rocks_close,
};

struct kv *kv_rocksdb_open(const char *path, bool read_only, struct err *e)
{
    struct rocks *r = xcalloc(1, sizeof *r);

    r->kv.methods = &rocks_methods;
    r->path = xstrdup(path);
    r->read_only = read_only;
    if (rocks_open(r, e) != 0) {
        rocks_close(&r->kv);
        return NULL;
    }
    return &r->kv;
}
