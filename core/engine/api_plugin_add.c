/* SPDX-License-Identifier: MIT
 *
 * api_plugin_add.c - a plugin's files come over the API: into a folder of their
 * own, then judged (trust.h), checked (plugin_gate.h), taken in, and recorded.
 * Nothing of it is mapped or run before it is trusted. */
#include <stdio.h>
#include <string.h>

#include "core/base/fs.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/crypt/crypt.h"
#include "core/engine/engine_release.h"
#include "core/engine/engine_runs.h"
#include "core/engine/plugin_gate.h"
#include "core/engine/plugin_item.h"
#include "core/engine/plugin_record.h"
#include "core/host/catalog_folder.h"

enum { MOST_FILES = 1000, MOST_NAME = 200 };

struct upload {
    struct engine *g;
    const struct engine_request *q;
    json_object *files;
    char *dir, *file;    /* where they lie; the plugin's own of them */
    const char *name;    /* of that one, as it was sent; borrowed */
    char hash[65];
    json_object *report; /* of the check; NULL where there was none */
    json_object *record; /* NULL: it is new here */
    char present[65];    /* what its id means without it; "" = nothing */
    char id[64];
    uint32_t kind;
    json_object *item;   /* the answer */
};

/* --- the files ------------------------------------------------------------ */

/* Parts of letters, digits and ._+-, none of which begins with a dot. */
static bool name_ok(const char *name)
{
    static const char known[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST"
                                "UVWXYZ0123456789._+-";
    size_t n;

    if (strlen(name) > MOST_NAME)
        return false;
    for (;;) {
        n = strspn(name, known);
        if (n == 0 || name[0] == '.')
            return false;
        if (name[n] == '\0')
            return true;
        if (name[n] != '/')
            return false;
        name += n + 1;
    }
}

/* A file's name that is a folder of another one's. */
static bool is_folder_too(json_object *files, const char *name)
{
    char part[MOST_NAME + 1];
    const char *slash;

    for (slash = strchr(name, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        (void)snprintf(part, sizeof part, "%.*s", (int)(slash - name), name);
        if (json_object_object_get_ex(files, part, NULL))
            return true;
    }
    return false;
}

static int write_one(struct upload *u, const char *name, json_object *value,
                     struct err *e)
{
    TT_AUTO_FREE char *path = fs_join(u->dir, name);
    TT_AUTO_FREE unsigned char *bytes = NULL;
    const char *text;
    size_t n;
    char *slash;
    int rc = 0;

    if (!name_ok(name) || is_folder_too(u->files, name))
        return err_set(e, TT_EINVAL, "files: \"%.100s\": must be a name, or "
                       "names with / between, of letters, digits and ._+-",
                       name);
    if (!json_object_is_type(value, json_type_string))
        return err_set(e, TT_EINVAL, "files: %.100s: must be base 64", name);
    text = json_object_get_string(value);
    n = (size_t)json_object_get_string_len(value);
    bytes = xcalloc(n / 4 * 3 + 3, 1);
    if (crypt_unbase64(text, bytes, n / 4 * 3 + 3, &n) != 0)
        return err_set(e, TT_EINVAL, "files: %.100s: must be base 64, with "
                       "padding and nothing between", name);
    slash = strrchr(path, '/');
    *slash = '\0';
    if (strchr(name, '/') != NULL)
        rc = fs_mkdirs(path, 0711, e);
    *slash = '/';
    return rc == 0 ? fs_write(path, bytes, n, 0444, e) : rc;
}

static int write_files(struct upload *u, struct err *e)
{
    int rc;

    if (json_object_object_length(u->files) < 1 ||
        json_object_object_length(u->files) > MOST_FILES)
        return err_set(e, TT_EINVAL, "files: must name 1 to %d files",
                       MOST_FILES);
    json_object_object_foreach(u->files, name, value)
    {
        rc = write_one(u, name, value, e);
        if (rc != 0)
            return rc;
    }
    return 0;
}

/* Which of them is the plugin? */
static int find_plugin(struct upload *u, struct err *e)
{
    size_t n, found = 0;

    if (catalog_folder_there(u->dir)) {
        u->name = "plugin.json";
        u->file = fs_join(u->dir, u->name);
        return 0;
    }
    json_object_object_foreach(u->files, name, value)
    {
        (void)value;
        n = strlen(name);
        if (n > 3 && strcmp(name + n - 3, ".so") == 0 &&
            strchr(name, '/') == NULL) {
            u->name = name;
            found++;
        }
    }
    if (found != 1)
        return err_set(e, TT_EINVAL, "files: must have one NAME.so, has %zu; or "
                       "a plugin.json that has \"exec\", with the files that "
                       "it lists", found);
    u->file = fs_join(u->dir, u->name);
    return 0;
}

/* --- may it, and is it good? ---------------------------------------------- */

static bool is_there(struct upload *u)
{
    const struct catalog_entry *entry;
    char name[80];
    bool there;

    (void)snprintf(name, sizeof name, "sha256:%s", u->hash);
    pthread_mutex_lock(&u->g->catalog_lock);
    there = catalog_resolve(u->g->catalog, name, 0, &entry, NULL) == 0;
    pthread_mutex_unlock(&u->g->catalog_lock);
    return there;
}

/* Some of the check runs the plugin outside of a worker, as our own user: so it
 * may write to a folder of its own alone. */
static int check(struct upload *u, struct engine_answer *a, struct err *e)
{
    TT_AUTO_FREE char *scratch = catalog_stage(u->g->catalog, e);
    struct err ignored = { 0 };
    struct plugin_gate gate = {
        .tool = u->g->options.plugin_tool,
        .scratch = scratch,
        .worker = u->g->options.work.worker_path,
        .level = u->g->options.plugin_check,
        .hurry = &u->g->hurry,
    };
    int rc;

    if (scratch == NULL)
        return e->code;
    rc = plugin_gate(&gate, u->file, &u->report, e);
    (void)fs_remove_tree(scratch, &ignored);
    if (rc == 0)
        return 0;
    if (u->report != NULL) {
        a->body = json_object_new_object();
        json_set(a->body, "checks", plugin_gate_failures(u->report));
    }
    return err_prefix(e, "plugin %.100s", u->name);
}

/* Is this version, or this id as the other kind, somebody else's? Then neither
 * "id@version" nor the id would mean what it did. Under catalog_lock. */
static int is_taken(struct upload *u, const struct host_note *note,
                    struct err *e)
{
    const struct catalog_entry *other;
    size_t i;

    for (i = 0; i < catalog_n(u->g->catalog); i++) {
        other = catalog_at(u->g->catalog, i);
        if (strcmp(other->note.id, note->id) != 0 ||
            strcmp(other->hash, u->hash) == 0)
            continue;
        if (other->note.kind != note->kind)
            return err_set(e, TT_ECONFLICT, "plugin %s@%s: the id is here "
                           "already, as %s: give it another", note->id,
                           note->version, other->note.kind == TT_KIND_ADAPTER
                                              ? "an adapter" : "a strategy");
        if (!other->retired && strcmp(other->note.version, note->version) == 0)
            return err_set(e, TT_ECONFLICT, "plugin %s@%s: is here already, "
                           "with other bytes (sha256 %.12s...): give it a "
                           "higher version", note->id, note->version,
                           other->hash);
    }
    return 0;
}

static int check_names(struct upload *u, struct err *e)
{
    struct host_note note;
    struct err none = { 0 };
    int rc;

    if (host_note_read(u->file, &note, &none) != 0)
        return 0; /* the check, or the catalogue, says why */
    pthread_mutex_lock(&u->g->catalog_lock);
    rc = is_taken(u, &note, e);
    pthread_mutex_unlock(&u->g->catalog_lock);
    return rc;
}

static int examine(struct upload *u, struct engine_answer *a, struct err *e)
{
    struct err none = { 0 };
    int rc = catalog_judge(u->g->catalog, u->file, u->hash, e);

    if (rc != 0)
        return rc;
    u->record = plugin_record_get(u->g->store, u->hash, &none);
    if (u->record == NULL && none.code != TT_ENOENT) {
        *e = none;
        return none.code;
    }
    if (u->record != NULL && is_there(u))
        return 0;
    rc = check_names(u, e);
    return rc != 0 || u->g->options.plugin_check == 0 ? rc : check(u, a, e);
}

/* --- taking it in --------------------------------------------------------- */

/* The report beside the copy, for whoever wants to know more. */
static int keep_report(struct upload *u, const struct catalog_entry *entry,
                       struct err *e)
{
    TT_AUTO_FREE char *dir = xstrndup(entry->path,
                                      (size_t)(strrchr(entry->path, '/') -
                                               entry->path));
    TT_AUTO_FREE char *path = fs_join(dir, "check.json");
    TT_AUTO_FREE char *text = NULL;

    if (u->report == NULL)
        return 0;
    json_object_object_del(u->report, "file"); /* it lies there no more */
    text = json_canonical_dup(u->report);
    return fs_write(path, text, strlen(text), 0644, e);
}

static int take_in(struct upload *u, struct err *e)
{
    const struct catalog_entry *entry, *present;
    bool here = is_there(u);
    char origin[260];
    int rc;

    pthread_mutex_lock(&u->g->catalog_lock);
    /* what was checked, should it have reached the file in the meantime */
    rc = catalog_add_judged(u->g->catalog, u->file, u->hash, &entry, e);
    if (rc == TT_ECORRUPT)
        rc = err_set(e, TT_ECONFLICT, "plugin %.100s: was changed while it was "
                     "checked", u->name);
    if (rc == 0 && !here)
        catalog_mark(u->g->catalog, u->hash, true, false); /* not yet */
    if (rc == 0)
        rc = keep_report(u, entry, e);
    if (rc == 0) {
        (void)snprintf(u->id, sizeof u->id, "%s", entry->note.id);
        u->kind = entry->note.kind;
        if (catalog_resolve(u->g->catalog, u->id, u->kind, &present, NULL) == 0)
            memcpy(u->present, present->hash, sizeof u->present);
    }
    if (rc == 0 && u->record == NULL) {
        (void)snprintf(origin, sizeof origin, "upload:%s", u->name);
        u->record = plugin_record_create(entry, origin, u->q->actor);
        if (u->report != NULL)
            json_set(u->record, "check", plugin_gate_summary(u->report));
    }
    pthread_mutex_unlock(&u->g->catalog_lock);
    return rc;
}

static int freeze(json_object *release, json_object *detail, void *ctx,
                  struct err *e)
{
    struct upload *u = ctx;

    (void)e;
    if (json_str(release, "default") == NULL)
        json_set_str(release, "default", u->present);
    json_set_str(detail, "hash", json_str(release, "default"));
    json_set_str(detail, "added", u->hash);
    return 0;
}

/* A higher version is not the default by being added: what the id means today
 * is written down before the new one can be chosen. */
static int freeze_default(struct upload *u, struct err *e)
{
    struct release_edit edit = {
        .id = u->id, .kind = u->kind, .actor = u->q->actor,
        .action = "plugin.default", .change = freeze, .ctx = u,
    };
    json_object *release = releases_get(u->g, u->id);
    bool said = json_str(release, "default") != NULL;

    json_object_put(release);
    if (said || u->present[0] == '\0' || strcmp(u->present, u->hash) == 0)
        return 0;
    return releases_edit(u->g, &edit, e);
}

static int remember(struct upload *u, struct err *e)
{
    static const char *const told[] = { "version", "hash", "origin",
                                        "signature", "check" };
    struct store_batch *b = store_batch_create();
    json_object *detail = json_object_new_object();
    size_t i;
    int rc;

    for (i = 0; i < TT_ARRAY_LEN(told); i++)
        if (json_child(u->record, told[i]) != NULL)
            json_set(detail, told[i],
                     json_object_get(json_child(u->record, told[i])));
    store_put_json(b, plugin_record_key(u->hash), u->record);
    store_audit(b, u->q->actor, "plugin.add", json_str(u->record, "id"),
                detail);
    rc = store_commit(u->g->store, b, e);
    json_object_put(detail);
    return rc;
}

/* Ask it what it is, as at start. */
static void ask(struct engine_task *t)
{
    describe_all(t->g);
    engine_task_done(t, 0, NULL);
}

/* From now on a run may have it, as its record says. */
static int open_up(struct upload *u, struct err *e)
{
    struct engine_task task = { .start = ask };
    const char *state = json_str(u->record, "state");
    const struct catalog_entry *entry = NULL;
    json_object *items = json_object_new_array();
    char name[80];
    int rc;

    (void)snprintf(name, sizeof name, "sha256:%s", u->hash);
    pthread_mutex_lock(&u->g->catalog_lock);
    catalog_mark(u->g->catalog, u->hash, strcmp(state, "retired") == 0,
                 strcmp(state, "quarantined") == 0);
    rc = catalog_resolve(u->g->catalog, name, 0, &entry, e);
    if (rc == 0)
        json_object_array_add(items, plugin_item(u->g->catalog, entry));
    pthread_mutex_unlock(&u->g->catalog_lock);
    if (rc == 0)
        rc = plugin_items_states(u->g, items, e);
    if (rc == 0)
        u->item = json_object_get(json_object_array_get_idx(items, 0));
    json_object_put(items);
    if (rc == 0)
        (void)engine_task_run(u->g, &task, NULL); /* else at the next start */
    return rc;
}

static int add(struct upload *u, struct engine_answer *a, struct err *e)
{
    bool known;
    int rc;

    u->dir = catalog_stage(u->g->catalog, e);
    rc = u->dir != NULL ? write_files(u, e) : TT_EIO;
    if (rc == 0)
        rc = find_plugin(u, e);
    if (rc == 0)
        rc = examine(u, a, e);
    if (rc != 0)
        return rc;
    known = u->record != NULL;
    rc = take_in(u, e);
    if (rc == 0 && !known)
        rc = freeze_default(u, e);
    if (rc == 0 && !known)
        rc = remember(u, e);
    if (rc == 0)
        rc = open_up(u, e);
    if (rc != 0)
        return rc;
    if (!known)
        log_info("plugin.added", "id=%s version=%s hash=%.12s actor=%s",
                 json_str(u->record, "id"), json_str(u->record, "version"),
                 u->hash, u->q->actor);
    a->body = json_object_get(u->item);
    a->status = known ? 200 : 201;
    (void)snprintf(a->location, sizeof a->location, "/api/plugins/sha256:%s",
                   u->hash);
    return 0;
}

int engine_plugin_add(struct engine *g, const struct engine_request *q,
                      struct engine_answer *a, struct err *e)
{
    static const char *const known[] = { "files", NULL };
    struct upload u = { .g = g, .q = q };
    struct err ignored = { 0 };
    int rc = json_only((struct json_at){ q->body, "request" }, known, e);

    if (rc == 0)
        rc = json_get_child((struct json_at){ q->body, "request" }, "files",
                            json_type_object, true, &u.files, e);
    if (rc != 0)
        return rc;
    if (atomic_exchange(&g->adding, true))
        return err_set(e, TT_ELIMIT, "another plugin is being added; try again "
                       "when that has ended");
    rc = add(&u, a, e);
    atomic_store(&g->adding, false);
    if (u.dir != NULL)
        (void)fs_remove_tree(u.dir, &ignored);
    free(u.dir);
    free(u.file);
    json_object_put(u.report);
    json_object_put(u.record);
    json_object_put(u.item);
    /* what was sent is not a plugin: the sender's fault, no gateway's */
    if (rc == TT_EPLUGIN && e != NULL)
        e->code = TT_EINVAL;
    return rc == TT_EPLUGIN ? TT_EINVAL : rc;
}
