/* SPDX-License-Identifier: MIT
 *
 * api_plugin_show.c - one plugin, or one version of it; and versions that no
 * new run shall get. */
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/fs.h"
#include "core/base/mem.h"
#include "core/engine/engine_release.h"
#include "core/engine/engine_runs.h"
#include "core/engine/plugin_item.h"
#include "core/engine/plugin_record.h"

enum { MOST_RUNS_READ = 1000, MOST_RUNS_SHOWN = 20 };

/* --- the runs that use a version ------------------------------------------ */

struct users {
    const char *hash;
    json_object *runs;
    size_t seen;
};

static bool pins(json_object *run, const char *role, const char *hash)
{
    const char *pinned = json_str(json_child(run, role), "hash");

    return pinned != NULL && strcmp(pinned, hash) == 0;
}

static int use_one(void *ctx, const struct store_key *key, struct tt_str bytes)
{
    struct users *u = ctx;
    json_object *run = json_parse(bytes.p, (size_t)bytes.n,
                                  &json_limits_document, NULL);

    (void)key;
    if (pins(run, "optimizer", u->hash) || pins(run, "adapter", u->hash)) {
        json_object *o = json_object_new_object();

        json_set_str(o, "run_id", json_str(run, "run"));
        json_set_str(o, "workflow", json_str(run, "workflow"));
        json_set_str(o, "status", json_str(run, "status"));
        json_object_array_add(u->runs, o);
    }
    json_object_put(run);
    return ++u->seen == MOST_RUNS_READ ||
           json_object_array_length(u->runs) == MOST_RUNS_SHOWN;
}

/* The newest of them. */
static int add_runs(struct engine *g, json_object *item, const char *hash,
                    struct err *e)
{
    struct users u = { .hash = hash, .runs = json_object_new_array() };

    json_set(item, "runs", u.runs);
    return store_scan(g->store, (struct store_key){ STORE_RUN, { NULL }, 0 }, 0,
                      true, use_one, &u, e);
}

/* --- one version ---------------------------------------------------------- */

static void add_record(struct engine *g, json_object *item, const char *hash)
{
    static const char *const kept[] = { "origin", "actor", "reason" };
    json_object *record = plugin_record_get(g->store, hash, NULL);
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(kept); i++)
        if (json_str(record, kept[i]) != NULL)
            json_set_str(item, kept[i], json_str(record, kept[i]));
    if (json_int(record, "added_ms", 0) > 0) {
        char text[40];

        clock_format(json_int(record, "added_ms", 0), text);
        json_set_str(item, "added_at", text);
    }
    if (json_child(record, "check") != NULL)
        json_set(item, "check", json_copy(json_child(record, "check")));
    json_object_put(record);
}

/* What the check said, in whole, from beside the copy. */
static void add_report(json_object *item, const char *path)
{
    TT_AUTO_FREE char *dir = xstrndup(path, (size_t)(strrchr(path, '/') -
                                                     path));
    TT_AUTO_FREE char *report = fs_join(dir, "check.json");

    if (fs_exists(report))
        json_set(item, "check_report",
                 json_parse_file(report, &json_limits_document, NULL));
}

/* Under catalog_lock: the item, and a copy of hash and path. */
static int look_up(struct engine *g, const char *name, json_object **items,
                   char hash[65], char **path, struct err *e)
{
    const struct catalog_entry *entry = NULL;
    int rc;

    pthread_mutex_lock(&g->catalog_lock);
    rc = catalog_resolve(g->catalog, name, 0, &entry, e);
    if (rc == 0) {
        *items = json_object_new_array();
        json_object_array_add(*items, plugin_item(g->catalog, entry));
        memcpy(hash, entry->hash, 65);
        *path = xstrdup(entry->path);
    }
    pthread_mutex_unlock(&g->catalog_lock);
    return rc;
}

static int show_one(struct engine *g, const char *name, json_object **out,
                    struct err *e)
{
    TT_AUTO_FREE char *path = NULL;
    json_object *items = NULL, *item;
    char hash[65];
    int rc = look_up(g, name, &items, hash, &path, e);

    if (rc == 0)
        rc = plugin_items_states(g, items, e);
    if (rc == 0) {
        item = json_object_array_get_idx(items, 0);
        add_record(g, item, hash);
        add_report(item, path);
        rc = add_runs(g, item, hash, e);
        if (rc == 0)
            *out = json_object_get(item);
    }
    json_object_put(items);
    return rc;
}

/* --- all of them ---------------------------------------------------------- */

static int show_all(struct engine *g, const char *id, json_object **out,
                    struct err *e)
{
    json_object *items = json_object_new_array(), *o;
    const struct catalog_entry *entry;
    size_t i;
    int rc = 0;

    pthread_mutex_lock(&g->catalog_lock);
    for (i = 0; i < catalog_n(g->catalog); i++) {
        entry = catalog_at(g->catalog, i);
        if (strcmp(entry->note.id, id) == 0)
            json_object_array_add(items, plugin_item(g->catalog, entry));
    }
    if (json_object_array_length(items) == 0) /* says what there is */
        rc = catalog_resolve(g->catalog, id, 0, &entry, e);
    pthread_mutex_unlock(&g->catalog_lock);
    if (rc == 0)
        rc = plugin_items_states(g, items, e);
    if (rc != 0) {
        json_object_put(items);
        return rc;
    }
    o = json_object_new_object();
    json_set_str(o, "id", id);
    json_set_str(o, "kind", json_str(json_object_array_get_idx(items, 0),
                                     "kind"));
    json_set(o, "release", releases_get(g, id));
    json_set(o, "versions", items);
    *out = o;
    return 0;
}

int engine_plugin_show(struct engine *g, const struct engine_request *q,
                       struct engine_answer *a, struct err *e)
{
    bool one = strchr(q->name, '@') != NULL ||
               strncmp(q->name, "sha256:", 7) == 0;

    return one ? show_one(g, q->name, &a->body, e)
               : show_all(g, q->name, &a->body, e);
}

/* --- retiring ------------------------------------------------------------- */

/* Only the engine's thread knows who is at work. */
struct search {
    struct engine_task task; /* first: tasks are cast back */
    const char *hash;
    char run[64];
};

static void search_runs(struct engine_task *t)
{
    struct search *s = (struct search *)(void *)t;
    struct engine_runs *runs = t->g->runs;
    size_t i;

    for (i = 0; i < runs->n; i++) {
        struct shell *one = runs->all[i];

        if (!one->over && (strcmp(one->strategy.plugin.hash, s->hash) == 0 ||
                           strcmp(one->adapter.plugin.hash, s->hash) == 0))
            (void)snprintf(s->run, sizeof s->run, "%.60s", one->id);
    }
    engine_task_done(t, 0, NULL);
}

static const char *pinned_by(json_object *release, const char *hash)
{
    json_object *all = json_child(release, "pins");

    if (all == NULL)
        return NULL;
    json_object_object_foreach(all, workflow, pinned)
    {
        if (strcmp(json_object_get_string(pinned), hash) == 0)
            return workflow;
    }
    return NULL;
}

static int is_free(struct engine *g, json_object *item, const char *hash,
                   struct err *e)
{
    struct search s = { .task = { .start = search_runs }, .hash = hash };
    json_object *release = releases_get(g, json_str(item, "id"));
    const char *state = json_str(item, "state");
    const char *pin = pinned_by(release, hash);
    char name[120];
    int rc = 0;

    (void)snprintf(name, sizeof name, "plugin %.60s@%.30s",
                   json_str(item, "id"), json_str(item, "version"));
    if (strcmp(state, "default") == 0)
        rc = err_set(e, TT_ECONFLICT, "%s: is the default; make another "
                     "version the default first", name);
    else if (strcmp(state, "canary") == 0)
        rc = err_set(e, TT_ECONFLICT, "%s: is on trial; end the canary first",
                     name);
    else if (pin != NULL)
        rc = err_set(e, TT_ECONFLICT, "%s: workflow %.128s is pinned to it; "
                     "take the pin away first", name, pin);
    json_object_put(release);
    if (rc == 0)
        rc = engine_task_run(g, &s.task, e);
    if (rc == 0 && s.run[0] != '\0')
        rc = err_set(e, TT_ECONFLICT, "%s: run %s uses it; wait for its end, "
                     "cancel it, or move it to another version", name, s.run);
    return rc;
}

static int retire(struct engine *g, const struct engine_request *q,
                  const char *hash, struct err *e)
{
    json_object *record = plugin_record_of(g, hash, q->actor, e);
    json_object *detail;
    struct store_batch *b;
    int rc;

    if (record == NULL)
        return e->code;
    b = store_batch_create();
    detail = json_object_new_object();
    json_set_str(record, "state", "retired");
    json_set_str(detail, "version", json_str(record, "version"));
    json_set_str(detail, "hash", hash);
    store_put_json(b, plugin_record_key(hash), record);
    store_audit(b, q->actor, "plugin.retire", json_str(record, "id"), detail);
    rc = store_commit(g->store, b, e);
    json_object_put(detail);
    json_object_put(record);
    if (rc != 0)
        return rc;
    pthread_mutex_lock(&g->catalog_lock);
    catalog_mark(g->catalog, hash, true, false);
    pthread_mutex_unlock(&g->catalog_lock);
    return 0;
}

int engine_plugin_retire(struct engine *g, const struct engine_request *q,
                         struct engine_answer *a, struct err *e)
{
    TT_AUTO_FREE char *path = NULL;
    json_object *items = NULL, *item;
    char hash[65], name[80];
    int rc;

    if (strchr(q->name, '@') == NULL && strncmp(q->name, "sha256:", 7) != 0)
        return err_set(e, TT_EINVAL, "plugin %.100s: name one version, "
                       "%.100s@VERSION or its sha256:HASH", q->name, q->name);
    rc = look_up(g, q->name, &items, hash, &path, e);
    if (rc == 0)
        rc = plugin_items_states(g, items, e);
    if (rc == 0) {
        item = json_object_array_get_idx(items, 0);
        if (strcmp(json_str(item, "state"), "retired") != 0) {
            rc = is_free(g, item, hash, e);
            if (rc == 0)
                rc = retire(g, q, hash, e);
        }
    }
    json_object_put(items);
    (void)snprintf(name, sizeof name, "sha256:%s", hash);
    return rc == 0 ? show_one(g, name, &a->body, e) : rc;
}
