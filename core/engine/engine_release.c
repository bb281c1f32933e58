/* SPDX-License-Identifier: MIT
 *
 * engine_release.c - the releases of all plugins: read at start, changed on the
 * engine's thread, moved by what becomes of runs. */
#include "core/engine/engine_release.h"

#include <string.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/engine/engine_runs.h"
#include "core/engine/plugin_record.h"

#define SELF "trimtabd" /* the actor of what happens by itself */

/* --- in memory ------------------------------------------------------------ */

static int load_release(void *ctx, const struct store_key *key,
                        struct tt_str bytes)
{
    struct engine *g = ctx;
    json_object *o = json_parse(bytes.p, (size_t)bytes.n,
                                &json_limits_document, NULL);

    if (o == NULL)
        return TT_ECORRUPT;
    json_set(g->releases, key->part[0], o);
    return 0;
}

static bool in_state(json_object *plugin, const char *state)
{
    const char *is = json_str(plugin, "state");

    return is != NULL && strcmp(is, state) == 0;
}

static int load_plugin(void *ctx, const struct store_key *key,
                       struct tt_str bytes)
{
    struct engine *g = ctx;
    json_object *o = json_parse(bytes.p, (size_t)bytes.n,
                                &json_limits_document, NULL);

    if (o == NULL)
        return TT_ECORRUPT;
    catalog_mark(g->catalog, key->part[0], in_state(o, "retired"),
                 in_state(o, "quarantined"));
    json_object_put(o);
    return 0;
}

int releases_load(struct engine *g, struct err *e)
{
    struct store_key releases = { STORE_PLUGIN_ID, { NULL }, 0 };
    struct store_key plugins = { STORE_PLUGIN, { NULL }, 0 };
    int rc;

    g->releases = json_object_new_object();
    rc = store_scan(g->store, releases, 0, false, load_release, g, e);
    return rc != 0 ? rc
                   : store_scan(g->store, plugins, 0, false, load_plugin, g, e);
}

void releases_fini(struct engine *g)
{
    json_object_put(g->releases);
    g->releases = NULL;
}

json_object *releases_get(struct engine *g, const char *id)
{
    json_object *mine;

    pthread_mutex_lock(&g->release_lock);
    mine = json_child(g->releases, id);
    mine = mine != NULL ? json_copy(mine) : NULL;
    pthread_mutex_unlock(&g->release_lock);
    return mine;
}

/* Into memory, and into the store with this turn. release is taken. */
static void put_release(struct engine *g, const char *id, json_object *release)
{
    engine_record(g, STORE_PLUGIN_ID, id, json_copy(release));
    pthread_mutex_lock(&g->release_lock);
    json_set(g->releases, id, release);
    pthread_mutex_unlock(&g->release_lock);
}

/* --- choosing ------------------------------------------------------------- */

bool releases_usable(struct engine *g, const char *hash)
{
    const struct catalog_entry *entry = NULL;
    char name[80];
    bool usable;

    (void)snprintf(name, sizeof name, "sha256:%.64s", hash);
    pthread_mutex_lock(&g->catalog_lock);
    usable = catalog_resolve(g->catalog, name, 0, &entry, NULL) == 0 &&
             !entry->retired && !entry->quarantined &&
             catalog_revoked(g->catalog, entry, NULL) == 0;
    pthread_mutex_unlock(&g->catalog_lock);
    return usable;
}

static bool is_usable(void *ctx, const char *hash)
{
    return releases_usable(ctx, hash);
}

/* What the record says, if that can be had; 0 with an empty hash if not. */
static void chosen_hash(struct engine *g, const char *id, const char *workflow,
                        const char *run, enum release_why *why, char hash[65])
{
    json_object *release = releases_get(g, id);
    const char *says = release != NULL
                           ? release_choose(release, workflow, run, why)
                           : NULL;

    hash[0] = '\0';
    if (says != NULL && !releases_usable(g, says) && *why == RELEASE_CANARY) {
        *why = RELEASE_DEFAULT; /* the canary is gone: as if there were none */
        says = json_str(release, "default");
    }
    if (says != NULL && releases_usable(g, says))
        (void)snprintf(hash, 65, "%s", says);
    else if (says != NULL)
        log_warn("plugin.unusable", "id=%s hash=%.12s why=%s", id, says,
                 release_why_word(*why));
    json_object_put(release);
}

int releases_choose(struct engine *g, const char *name, uint32_t kind,
                    const char *workflow, const char *run,
                    struct engine_plugin *out, enum release_why *why,
                    struct err *e)
{
    char hash[65], by_hash[80];

    *why = RELEASE_NAMED;
    if (strchr(name, '@') != NULL || strncmp(name, "sha256:", 7) == 0)
        return engine_plugin_find(g, name, kind, out, e);
    *why = RELEASE_DEFAULT;
    chosen_hash(g, name, workflow, run, why, hash);
    if (hash[0] == '\0') {
        if (*why == RELEASE_PIN)
            return err_set(e, TT_ECONFLICT, "plugin %s: workflow %s is pinned "
                           "to a version that is retired, in quarantine or "
                           "gone; trimtab plugin unpin %s --workflow %s", name,
                           workflow, name, workflow);
        return engine_plugin_find(g, name, kind, out, e);
    }
    (void)snprintf(by_hash, sizeof by_hash, "sha256:%s", hash);
    return engine_plugin_find(g, by_hash, kind, out, e);
}

/* --- changes that are asked for ------------------------------------------- */

struct editing {
    struct engine_task task; /* first */
    const struct release_edit *edit;
};

static void start_edit(struct engine_task *t)
{
    struct editing *s = (struct editing *)(void *)t;
    const struct release_edit *x = s->edit;
    json_object *release = releases_get(t->g, x->id);
    json_object *detail = json_object_new_object();

    if (release == NULL)
        release = release_create(x->id, x->kind == TT_KIND_ADAPTER
                                            ? "adapter" : "strategy");
    t->code = x->change(release, detail, x->ctx, &t->err);
    if (t->code != 0) {
        json_object_put(release);
        json_object_put(detail);
        engine_task_done(t, t->code, &t->err);
        return;
    }
    put_release(t->g, x->id, release);
    engine_audit(t->g, x->actor, x->action, x->id, detail);
    turn_task(t->g, t);
}

int releases_edit(struct engine *g, const struct release_edit *edit,
                  struct err *e)
{
    struct editing s = { .task = { .start = start_edit }, .edit = edit };

    return engine_task_run(g, &s.task, e);
}

/* --- quarantine ----------------------------------------------------------- */

/* What a plugin's record says from now on. plugin: of the catalogue. */
static void put_state(struct engine *g, const struct engine_plugin *p,
                      const char *state, const char *why)
{
    struct err e = { 0 };
    json_object *record = plugin_record_of(g, p->hash, SELF, &e);

    if (record == NULL) {
        log_error("plugin.unrecorded", "id=%s hash=%.12s state=%s why=\"%s\"",
                  p->id, p->hash, state, e.text);
    } else {
        json_set_str(record, "state", state);
        json_set_int(record, "state_ms", clock_wall_ms());
        json_object_object_del(record, "reason");
        if (why != NULL)
            json_set_str(record, "reason", why);
        engine_record(g, STORE_PLUGIN, p->hash, record);
    }
    pthread_mutex_lock(&g->catalog_lock);
    catalog_mark(g->catalog, p->hash, strcmp(state, "retired") == 0,
                 strcmp(state, "quarantined") == 0);
    pthread_mutex_unlock(&g->catalog_lock);
}

static json_object *about(const char *hash, const char *why)
{
    json_object *detail = json_object_new_object();

    json_set_str(detail, "hash", hash);
    if (why != NULL)
        json_set_str(detail, "why", why);
    return detail;
}

static void tell(struct engine *g, const char *action, json_object *release,
                 const char *hash, const char *why)
{
    const char *id = json_str(release, "id");
    const char *now = json_str(release, "default");
    json_object *detail = about(hash, why);

    if (now != NULL)
        json_set_str(detail, "default", now);
    log_warn(action, "id=%s hash=%.12s default=%.12s why=\"%s\"", id, hash,
             now != NULL ? now : "none", why != NULL ? why : "");
    engine_audit(g, SELF, action, id, detail);
}

void releases_quarantine(struct engine *g, const char *hash, const char *why)
{
    struct engine_plugin p;
    json_object *release;
    enum release_change change;
    char name[80];

    (void)snprintf(name, sizeof name, "sha256:%.64s", hash);
    if (!releases_usable(g, hash) ||
        engine_plugin_find(g, name, 0, &p, NULL) != 0)
        return; /* it is condemned already */
    put_state(g, &p, "quarantined", why);
    release = releases_get(g, p.id);
    if (release == NULL)
        release = release_create(p.id, p.kind == TT_KIND_ADAPTER ? "adapter"
                                                                 : "strategy");
    change = release_condemn(release, hash, is_usable, g, clock_wall_ms());
    tell(g, "plugin.quarantine", release, hash, why);
    if (change == RELEASE_RESTORED)
        tell(g, "plugin.restore", release, hash, why);
    put_release(g, p.id, release);
    engine_plugin_fini(&p);
}

struct pardon {
    struct engine_task task; /* first */
    const struct engine_plugin *plugin;
    const char *actor;
};

static void start_pardon(struct engine_task *t)
{
    struct pardon *x = (struct pardon *)(void *)t;
    const char *hash = x->plugin->hash;

    if (releases_usable(t->g, hash) && !work_quarantined(t->g->work, hash)) {
        struct err e = { 0 };
        int rc = err_set(&e, TT_ECONFLICT, "plugin %s %s (sha256 %.12s): is "
                         "not in quarantine", x->plugin->id,
                         x->plugin->version, hash);

        engine_task_done(t, rc, &e);
        return;
    }
    work_release(t->g->work, hash);
    put_state(t->g, x->plugin, "available", NULL);
    engine_audit(t->g, x->actor, "plugin.release", x->plugin->id,
                 about(hash, NULL));
    turn_task(t->g, t);
}

int releases_pardon(struct engine *g, const struct engine_plugin *p,
                    const char *actor, struct err *e)
{
    struct pardon x = { .task = { .start = start_pardon }, .plugin = p,
                        .actor = actor };

    return engine_task_run(g, &x.task, e);
}

/* --- what becomes of runs ------------------------------------------------- */

static const char *const roles[] = { "optimizer", "adapter" };

static bool is_canary(json_object *pin)
{
    const char *chosen = json_str(pin, "chosen");

    return chosen != NULL && strcmp(chosen, "canary") == 0;
}

void releases_started(struct engine *g, json_object *run)
{
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(roles); i++) {
        json_object *pin = json_child(run, roles[i]);
        json_object *release = is_canary(pin)
                                   ? releases_get(g, json_str(pin, "id"))
                                   : NULL;

        if (release == NULL)
            continue;
        release_started(release, json_str(pin, "hash"));
        put_release(g, json_str(pin, "id"), release);
    }
}

/* Is it this plugin that the diagnostic of a failed run speaks of? */
static bool is_blamed(json_object *run, const char *role, const char *hash)
{
    const char *text = json_str(run, "diagnostic");
    const char *word = strcmp(role, "adapter") == 0 ? "adapter " : "strategy ";
    char sum[32];

    (void)snprintf(sum, sizeof sum, "sha256 %.12s", hash);
    return text != NULL && strncmp(text, word, strlen(word)) == 0 &&
           strstr(text, sum) != NULL;
}

static void judge(struct engine *g, json_object *pin, bool good,
                  const char *why)
{
    const char *hash = json_str(pin, "hash"), *id = json_str(pin, "id");
    json_object *release = releases_get(g, id);
    enum release_change change;

    if (release == NULL)
        return;
    change = release_ended(release, hash, good, clock_wall_ms());
    if (change == RELEASE_PROMOTED)
        tell(g, "plugin.promote", release, hash, NULL);
    put_release(g, id, release);
    if (change == RELEASE_TAKEN_BACK)
        releases_quarantine(g, hash, why);
}

void releases_ended(struct engine *g, json_object *run, bool kept_guardrails)
{
    const char *state = json_str(run, "state");
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(roles) && state != NULL; i++) {
        json_object *pin = json_child(run, roles[i]);

        if (!is_canary(pin))
            continue;
        if (strcmp(state, "completed") == 0)
            judge(g, pin, kept_guardrails, "no candidate of a run kept the "
                  "guardrails");
        else if (strcmp(state, "failed") == 0 &&
                 is_blamed(run, roles[i], json_str(pin, "hash")))
            judge(g, pin, false, json_str(run, "diagnostic"));
    }
}
