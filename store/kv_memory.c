/* SPDX-License-Identifier: MIT
 *
 * kv_memory.c - a store that is gone with the process, for tests and trials.
 *
 * A family is a sorted table of immutable rows. A reader holds the table as
 * it is; a writer that finds a reader copies it first. So a walk is a
 * consistent view and holds no lock while it calls back. */
#include "config.h"

#include <pthread.h>
#include <string.h>

#include "core/base/mem.h"
#include "store/key.h"
#include "store/kv.h"

struct row {
    unsigned refs;
    size_t key_n, value_n;
    char bytes[]; /* key, then value */
};

struct table {
    unsigned refs;
    size_t n, cap;
    struct row **rows;
};

struct kv_snapshot {
    struct table *tables[N_FAMILIES];
};

struct memory {
    struct kv kv;
    pthread_mutex_t lock; /* all refs, tables and the sequence */
    struct table *tables[N_FAMILIES];
    uint64_t sequence;
    int64_t bytes;
};

static struct memory *memory_of(struct kv *kv)
{
    return (struct memory *)kv;
}

static struct row *row_create(struct tt_str key, struct tt_str value)
{
    struct row *r = xcalloc(1, sizeof *r + (size_t)key.n + (size_t)value.n);

    r->refs = 1;
    r->key_n = (size_t)key.n;
    r->value_n = (size_t)value.n;
    memcpy(r->bytes, key.p, r->key_n);
    if (r->value_n != 0)
        memcpy(r->bytes + r->key_n, value.p, r->value_n);
    return r;
}

static struct tt_str row_key(const struct row *r)
{
    return (struct tt_str){ r->bytes, r->key_n };
}

static struct tt_str row_value(const struct row *r)
{
    return (struct tt_str){ r->bytes + r->key_n, r->value_n };
}

static void row_unref(struct row *r)
{
    if (--r->refs == 0)
        free(r);
}

static void table_unref(struct table *t)
{
    size_t i;

    if (t == NULL || --t->refs != 0)
        return;
    for (i = 0; i < t->n; i++)
        row_unref(t->rows[i]);
    free(t->rows);
    free(t);
}

/* The family's table, ours alone. */
static struct table *table_own(struct memory *m, int family)
{
    struct table *t = m->tables[family], *copy;
    size_t i;

    if (t->refs == 1)
        return t;
    copy = xcalloc(1, sizeof *copy);
    copy->refs = 1;
    copy->n = copy->cap = t->n;
    copy->rows = xcalloc(t->n, sizeof *copy->rows);
    for (i = 0; i < t->n; i++) {
        copy->rows[i] = t->rows[i];
        copy->rows[i]->refs++;
    }
    t->refs--;
    m->tables[family] = copy;
    return copy;
}

static int compare(struct tt_str a, struct tt_str b)
{
    size_t n = (size_t)(a.n < b.n ? a.n : b.n);
    int c = n != 0 ? memcmp(a.p, b.p, n) : 0;

    return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

/* The first row whose key is >= key. */
static size_t table_find(const struct table *t, struct tt_str key)
{
    size_t lo = 0, hi = t->n;

    /* Most writes append: look at the end first. */
    if (hi > 0 && compare(row_key(t->rows[hi - 1]), key) < 0)
        return hi;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (compare(row_key(t->rows[mid]), key) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static bool table_has(const struct table *t, size_t i, struct tt_str key)
{
    return i < t->n && compare(row_key(t->rows[i]), key) == 0;
}

static void table_put(struct memory *m, const struct kv_op *op)
{
    struct table *t = table_own(m, op->family);
    size_t i = table_find(t, op->key);
    struct row *r = row_create(op->key, op->value);

    if (table_has(t, i, op->key)) {
        m->bytes -= (int64_t)t->rows[i]->value_n;
        row_unref(t->rows[i]);
    } else {
        if (t->n == t->cap) {
            t->cap = t->cap != 0 ? 2 * t->cap : 64;
            t->rows = xrealloc(t->rows, t->cap, sizeof *t->rows);
        }
        memmove(t->rows + i + 1, t->rows + i, (t->n - i) * sizeof *t->rows);
        t->n++;
        m->bytes += (int64_t)op->key.n;
    }
    m->bytes += (int64_t)op->value.n;
    t->rows[i] = r;
}

static void table_delete(struct memory *m, const struct kv_op *op)
{
    struct table *t = table_own(m, op->family);
    size_t i = table_find(t, op->key);

    if (!table_has(t, i, op->key))
        return;
    m->bytes -= (int64_t)(t->rows[i]->key_n + t->rows[i]->value_n);
    row_unref(t->rows[i]);
    t->n--;
    memmove(t->rows + i, t->rows + i + 1, (t->n - i) * sizeof *t->rows);
}

static int memory_write(struct kv *kv, const struct kv_op *ops, size_t n,
                        bool sync, struct err *e)
{
    struct memory *m = memory_of(kv);
    size_t i;

    (void)sync;
    (void)e;
    pthread_mutex_lock(&m->lock);
    for (i = 0; i < n; i++) {
        if (ops[i].is_put)
            table_put(m, &ops[i]);
        else
            table_delete(m, &ops[i]);
    }
    m->sequence += n;
    pthread_mutex_unlock(&m->lock);
    return 0;
}

static struct table *hold(struct memory *m, struct kv_snapshot *at, int family)
{
    struct table *t;

    pthread_mutex_lock(&m->lock);
    t = at != NULL ? at->tables[family] : m->tables[family];
    t->refs++;
    pthread_mutex_unlock(&m->lock);
    return t;
}

static void let_go(struct memory *m, struct table *t)
{
    pthread_mutex_lock(&m->lock);
    table_unref(t);
    pthread_mutex_unlock(&m->lock);
}

static int memory_get(struct kv *kv, struct kv_snapshot *at, int family,
                      struct tt_str key, struct buf *out, struct err *e)
{
    struct memory *m = memory_of(kv);
    struct table *t;
    int rc = TT_ENOENT;
    size_t i;

    (void)e;
    pthread_mutex_lock(&m->lock);
    t = at != NULL ? at->tables[family] : m->tables[family];
    i = table_find(t, key);
    if (table_has(t, i, key)) {
        struct tt_str value = row_value(t->rows[i]);

        buf_add(out, value.p, (size_t)value.n);
        rc = 0;
    }
    pthread_mutex_unlock(&m->lock);
    return rc;
}

static bool in_prefix(const struct row *r, struct tt_str prefix)
{
    return r->key_n >= prefix.n &&
           (prefix.n == 0 || memcmp(r->bytes, prefix.p, prefix.n) == 0);
}

/* One past the last row with the prefix. */
static size_t prefix_end(const struct table *t, struct tt_str prefix)
{
    size_t lo = table_find(t, prefix), hi = t->n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (in_prefix(t->rows[mid], prefix))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static int memory_scan(struct kv *kv, struct kv_snapshot *at,
                       const struct kv_range *range, kv_scan_fn *fn, void *ctx,
                       struct err *e)
{
    struct memory *m = memory_of(kv);
    struct table *t = hold(m, at, range->family);
    size_t lo = table_find(t, range->prefix);
    size_t hi = prefix_end(t, range->prefix);
    int rc = 0;

    (void)e;
    if (range->from.n != 0) {
        size_t i = table_find(t, range->from);

        if (!range->reverse)
            lo = i > lo ? i : lo;
        else if (i < hi)
            hi = table_has(t, i, range->from) ? i + 1 : i;
    }
    while (lo < hi && rc == 0) {
        const struct row *r = t->rows[range->reverse ? --hi : lo++];

        rc = fn(ctx, row_key(r), row_value(r));
    }
    let_go(m, t);
    return rc < 0 ? rc : 0;
}

static struct kv_snapshot *memory_snapshot(struct kv *kv)
{
    struct kv_snapshot *at = xcalloc(1, sizeof *at);
    struct memory *m = memory_of(kv);
    int i;

    pthread_mutex_lock(&m->lock);
    for (i = 0; i < N_FAMILIES; i++) {
        at->tables[i] = m->tables[i];
        at->tables[i]->refs++;
    }
    pthread_mutex_unlock(&m->lock);
    return at;
}

static void memory_release(struct kv *kv, struct kv_snapshot *at)
{
    struct memory *m = memory_of(kv);
    int i;

    pthread_mutex_lock(&m->lock);
    for (i = 0; i < N_FAMILIES; i++)
        table_unref(at->tables[i]);
    pthread_mutex_unlock(&m->lock);
    free(at);
}

static uint64_t memory_sequence(struct kv *kv)
{
    struct memory *m = memory_of(kv);
    uint64_t sequence;

    pthread_mutex_lock(&m->lock);
    sequence = m->sequence;
    pthread_mutex_unlock(&m->lock);
    return sequence;
}

static int64_t memory_bytes(struct kv *kv)
{
    struct memory *m = memory_of(kv);
    int64_t bytes;

    pthread_mutex_lock(&m->lock);
    bytes = m->bytes;
    pthread_mutex_unlock(&m->lock);
    return bytes;
}

static void memory_close(struct kv *kv)
{
    struct memory *m = memory_of(kv);
    int i;

    for (i = 0; i < N_FAMILIES; i++)
        table_unref(m->tables[i]);
    pthread_mutex_destroy(&m->lock);
    free(m->kv.damage);
    free(m);
}

static const struct kv_methods memory_methods = {
    .name = "memory",
    .write = memory_write,
    .get = memory_get,
    .scan = memory_scan,
    .snapshot = memory_snapshot,
    .release = memory_release,
    .sequence = memory_sequence,
    .disk_bytes = memory_bytes,
    .close = memory_close,
};

struct kv *kv_memory_open(void)
{
    struct memory *m = xcalloc(1, sizeof *m);
    int i;

    m->kv.methods = &memory_methods;
    pthread_mutex_init(&m->lock, NULL);
    for (i = 0; i < N_FAMILIES; i++) {
        m->tables[i] = xcalloc(1, sizeof *m->tables[i]);
        m->tables[i]->refs = 1;
    }
    return &m->kv;
}
