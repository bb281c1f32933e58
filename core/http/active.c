/* SPDX-License-Identifier: MIT
 *
 * active.c - the active parameters as prepared answers: an immutable hash
 * table that is replaced as a whole by the store's writer thread. A reader
 * holds its own reference, so that a read takes no lock that a writer holds. */
#include "config.h"

#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/http/internal.h"

static uint64_t hash_key(const char *key, size_t n)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a */
    size_t i;

    for (i = 0; i < n; i++)
        h = (h ^ (unsigned char)key[i]) * 1099511628211u;
    return h;
}

static size_t make_key(char *out, size_t size, const char *const part[3])
{
    size_t n = 0, i, len;

    for (i = 0; i < 3; i++) {
        len = strlen(part[i]) + 1;
        if (n + len > size)
            return 0;
        memcpy(out + n, part[i], len);
        n += len;
    }
    return n;
}

static struct active_entry **find_slot(struct active_snapshot *s,
                                       const char *key, size_t n)
{
    size_t i = (size_t)hash_key(key, n) & (s->n_slots - 1);

    while (s->slots[i] != NULL &&
           (s->slots[i]->key_n != n || memcmp(s->slots[i]->key, key, n) != 0))
        i = (i + 1) & (s->n_slots - 1);
    return &s->slots[i];
}

static struct active_snapshot *snapshot_create(size_t n_entries)
{
    struct active_snapshot *s = xcalloc(1, sizeof *s);

    atomic_init(&s->refs, 1);
    s->n_slots = 16;
    while (s->n_slots < 2 * (n_entries + 1))
        s->n_slots *= 2;
    s->slots = xcalloc(s->n_slots, sizeof *s->slots);
    return s;
}

static void entry_unref(struct active_entry *entry)
{
    if (entry == NULL || atomic_fetch_sub(&entry->refs, 1) != 1)
        return;
    if (entry->ok != NULL)
        MHD_destroy_response(entry->ok);
    if (entry->unchanged != NULL)
        MHD_destroy_response(entry->unchanged);
    free(entry->key);
    free(entry);
}

static void snapshot_unref(struct active_snapshot *s)
{
    size_t i;

    if (s == NULL || atomic_fetch_sub(&s->refs, 1) != 1)
        return;
    for (i = 0; i < s->n_slots; i++)
        entry_unref(s->slots[i]);
    free(s->slots);
    free(s);
}

static void add_read_headers(struct MHD_Response *response, const char *etag,
                             uint64_t generation)
{
    char text[32];

    snprintf(text, sizeof text, "%llu", (unsigned long long)generation);
    MHD_add_response_header(response, "ETag", etag);
    MHD_add_response_header(response, "Cache-Control",
                            "private, max-age=5, stale-while-revalidate=60, "
                            "stale-if-error=86400");
    MHD_add_response_header(response, "X-Trimtab-Generation", text);
}

static struct active_entry *entry_create(const struct engine_active *active,
                                         const char *key, size_t n)
{
    struct active_entry *entry = xcalloc(1, sizeof *entry);
    const char *sum = strchr(active->checksum, ':');

    atomic_init(&entry->refs, 1);
    entry->key = xcalloc(1, n);
    memcpy(entry->key, key, n);
    entry->key_n = n;
    snprintf(entry->etag, sizeof entry->etag, "\"g%llu-%.8s\"",
             (unsigned long long)active->generation,
             sum != NULL ? sum + 1 : active->checksum);
    entry->ok = MHD_create_response_from_buffer(
        strlen(active->body), (void *)(uintptr_t)active->body,
        MHD_RESPMEM_MUST_COPY);
    entry->unchanged =
        MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (entry->ok == NULL || entry->unchanged == NULL) {
        entry_unref(entry);
        return NULL;
    }
    MHD_add_response_header(entry->ok, "Content-Type", "application/json");
    add_read_headers(entry->ok, entry->etag, active->generation);
    add_read_headers(entry->unchanged, entry->etag, active->generation);
    return entry;
}

int active_init(struct active *a, struct err *e)
{
    (void)e;
    atomic_init(&a->generation, 1);
    atomic_init(&a->changed_ms, 0);
    pthread_mutex_init(&a->lock, NULL);
    a->current = snapshot_create(0);
    return 0;
}

void active_fini(struct active *a)
{
    snapshot_unref(a->current);
    a->current = NULL;
    pthread_mutex_destroy(&a->lock);
}

/* The current snapshot's entries plus `entry`, in place of its older self. */
static struct active_snapshot *snapshot_with(struct active_snapshot *old,
                                             struct active_entry *entry)
{
    struct active_snapshot *s;
    struct active_entry **slot;
    size_t i, n = 1;

    for (i = 0; i < old->n_slots; i++)
        n += old->slots[i] != NULL;
    s = snapshot_create(n);
    for (i = 0; i < old->n_slots; i++) {
        if (old->slots[i] == NULL)
            continue;
        slot = find_slot(s, old->slots[i]->key, old->slots[i]->key_n);
        *slot = old->slots[i];
        atomic_fetch_add(&(*slot)->refs, 1);
    }
    slot = find_slot(s, entry->key, entry->key_n);
    entry_unref(*slot);
    *slot = entry;
    return s;
}

void active_changed(void *ctx, const struct engine_active *active)
{
    struct active *a = ctx;
    const char *const part[3] = { active->workflow, active->node,
                                  active->environment };
    struct active_snapshot *next, *old;
    struct active_entry *entry;
    char key[800];
    size_t n = make_key(key, sizeof key, part);

    if (n == 0)
        return; /* longer than any name that a target can have */
    entry = entry_create(active, key, n);
    if (entry == NULL)
        return; /* out of memory: the older answer stays, and says its version */
    next = snapshot_with(a->current, entry);
    pthread_mutex_lock(&a->lock);
    old = a->current;
    a->current = next;
    atomic_fetch_add(&a->generation, 1);
    pthread_mutex_unlock(&a->lock);
    atomic_store(&a->changed_ms, clock_wall_ms());
    snapshot_unref(old);
}

static void view_renew(struct active *a, struct active_view *v)
{
    struct active_snapshot *old = v->snapshot;

    pthread_mutex_lock(&a->lock);
    v->snapshot = a->current;
    atomic_fetch_add(&v->snapshot->refs, 1);
    v->generation = atomic_load(&a->generation);
    pthread_mutex_unlock(&a->lock);
    snapshot_unref(old);
}

const struct active_entry *active_find(struct active *a, struct active_view *v,
                                       const char *workflow, const char *node,
                                       const char *environment)
{
    const char *const part[3] = { workflow, node, environment };
    char key[800];
    size_t n = make_key(key, sizeof key, part);

    if (n == 0)
        return NULL;
    if (v->snapshot == NULL || v->generation != atomic_load(&a->generation))
        view_renew(a, v);
    return *find_slot(v->snapshot, key, n);
}

void active_view_fini(struct active_view *v)
{
    snapshot_unref(v->snapshot);
    v->snapshot = NULL;
}
