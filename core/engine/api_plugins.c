/* SPDX-License-Identifier: MIT
 *
 * api_plugins.c - the strategies and adapters that this daemon has. */
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/engine/engine_release.h"
#include "core/engine/plugin_item.h"
#include "core/engine/resource.h"

/* Only the engine's thread may ask what is in quarantine. */
struct census {
    struct engine_task task;
    char (*hashes)[65];
    bool *quarantined;
    size_t n;
};

static void take_census(struct engine_task *t)
{
    struct census *c = (struct census *)(void *)t; /* its first member */
    size_t i;

    for (i = 0; i < c->n; i++)
        c->quarantined[i] = work_quarantined(t->g->work, c->hashes[i]);
    engine_task_done(t, 0, NULL);
}

/* What the description adds to what the note says. */
static void add_description(json_object *item, json_object *describe)
{
    static const char *const kept[] = {
        "name", "summary", "vendor", "license", "url", "services", "caps",
        "param_kinds", "budget_min", "budget_max", "config_schema",
    };
    json_object *plugin = json_child(describe, "plugin");
    size_t i;

    if (plugin == NULL)
        plugin = describe;
    for (i = 0; i < TT_ARRAY_LEN(kept); i++)
        if (json_child(plugin, kept[i]) != NULL)
            json_set(item, kept[i], json_copy(json_child(plugin, kept[i])));
}

/* Who stands for it, and what it may do. */
static void add_trust(json_object *item, const struct catalog_entry *entry)
{
    const struct trust_verdict *v = &entry->verdict;
    json_object *signature = json_object_new_object();

    json_set_str(signature, "state", trust_state_word(v->state));
    if (v->state == TRUST_SIGNED)
        json_set_str(signature, "key", v->key);
    json_set(item, "signature", signature);
    json_set(item, "permissions", json_copy(entry->permissions));
}

/* What a plain id means while no release says otherwise is the default. */
static const char *state_of(struct catalog *c, const struct catalog_entry *at)
{
    const struct catalog_entry *chosen = NULL;

    if (at->quarantined)
        return "quarantined";
    if (at->retired)
        return "retired";
    return catalog_resolve(c, at->note.id, at->note.kind, &chosen, NULL) == 0 &&
                   strcmp(chosen->hash, at->hash) == 0
               ? "default"
               : "available";
}

json_object *plugin_item(struct catalog *c, const struct catalog_entry *entry)
{
    json_object *item = json_object_new_object();
    char text[80];

    json_set_str(item, "id", entry->note.id);
    json_set_str(item, "version", entry->note.version);
    json_set_str(item, "kind",
                 entry->note.kind == TT_KIND_ADAPTER ? "adapter" : "strategy");
    snprintf(text, sizeof text, "sha256:%s", entry->hash);
    json_set_str(item, "hash", text);
    json_set_str(item, "state", state_of(c, entry));
    snprintf(text, sizeof text, "%u.%u", entry->note.abi_major,
             entry->note.abi_minor);
    json_set_str(item, "abi", text);
    clock_format(entry->added_ms, text);
    json_set_str(item, "added_at", text);
    add_trust(item, entry);
    if (entry->describe != NULL)
        add_description(item, entry->describe);
    return item;
}

void plugin_item_release(json_object *item, json_object *release)
{
    const char *hash = json_str(item, "hash") + strlen("sha256:");
    const char *state = json_str(item, "state");
    const char *chosen = json_str(release, "default");
    const char *canary = json_str(json_child(release, "canary"), "hash");

    if (strcmp(state, "default") != 0 && strcmp(state, "available") != 0)
        return;
    if (chosen != NULL)
        json_set_str(item, "state",
                     strcmp(chosen, hash) == 0 ? "default" : "available");
    if (canary != NULL && strcmp(canary, hash) == 0)
        json_set_str(item, "state", "canary");
}

int plugin_items_states(struct engine *g, json_object *items, struct err *e)
{
    struct census c = { .task = { .start = take_census } };
    size_t i;
    int rc;

    c.n = json_object_array_length(items);
    c.hashes = xcalloc(c.n + 1, sizeof *c.hashes);
    c.quarantined = xcalloc(c.n + 1, sizeof *c.quarantined);
    for (i = 0; i < c.n; i++) {
        json_object *item = json_object_array_get_idx(items, i);
        json_object *release = releases_get(g, json_str(item, "id"));

        plugin_item_release(item, release);
        json_object_put(release);
        (void)snprintf(c.hashes[i], sizeof c.hashes[i], "%.64s",
                       json_str(item, "hash") + strlen("sha256:"));
    }
    rc = engine_task_run(g, &c.task, e);
    for (i = 0; i < c.n && rc == 0; i++)
        if (c.quarantined[i])
            json_set_str(json_object_array_get_idx(items, i), "state",
                         "quarantined");
    free(c.hashes);
    free(c.quarantined);
    return rc;
}

int engine_plugins_list(struct engine *g, const struct engine_request *q,
                        struct engine_answer *a, struct err *e)
{
    json_object *items = json_object_new_array();
    size_t i;
    int rc;

    (void)q;
    pthread_mutex_lock(&g->catalog_lock);
    for (i = 0; i < catalog_n(g->catalog); i++)
        json_object_array_add(items, plugin_item(g->catalog,
                                                 catalog_at(g->catalog, i)));
    pthread_mutex_unlock(&g->catalog_lock);
    rc = plugin_items_states(g, items, e);
    if (rc < 0)
        json_object_put(items);
    else
        resource_page(a, items, NULL);
    return rc;
}
