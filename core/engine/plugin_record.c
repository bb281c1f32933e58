/* SPDX-License-Identifier: MIT
 *
 * plugin_record.c - see plugin_record.h; and the catalogue as it was, after a
 * restart. */
#include "core/engine/plugin_record.h"

#include <stdio.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"

struct store_key plugin_record_key(const char *hash)
{
    return (struct store_key){ STORE_PLUGIN, { hash }, 0 };
}

json_object *plugin_record_create(const struct catalog_entry *entry,
                                  const char *origin, const char *actor)
{
    const struct trust_verdict *v = &entry->verdict;
    json_object *o = json_object_new_object();
    json_object *signature = json_object_new_object();

    json_set_str(o, "id", entry->note.id);
    json_set_str(o, "version", entry->note.version);
    json_set_str(o, "kind",
                 entry->note.kind == TT_KIND_ADAPTER ? "adapter" : "strategy");
    json_set_str(o, "hash", entry->hash);
    json_set_str(o, "state", "available");
    json_set_str(o, "origin", origin);
    json_set_int(o, "added_ms", entry->added_ms);
    json_set_str(o, "actor", actor);
    json_set_str(signature, "state", trust_state_word(v->state));
    if (v->key[0] != '\0')
        json_set_str(signature, "key", v->key);
    json_set(o, "signature", signature);
    json_set(o, "permissions", json_copy(entry->permissions));
    return o;
}

json_object *plugin_record_get(struct store *s, const char *hash,
                               struct err *e)
{
    return store_get_json(s, plugin_record_key(hash), e);
}

json_object *plugin_record_of(struct engine *g, const char *hash,
                              const char *actor, struct err *e)
{
    const struct catalog_entry *entry;
    struct err none = { 0 };
    json_object *record = plugin_record_get(g->store, hash, &none);
    char name[80];

    if (record != NULL)
        return record;
    if (none.code != TT_ENOENT) {
        if (e != NULL)
            *e = none;
        return NULL;
    }
    (void)snprintf(name, sizeof name, "sha256:%.64s", hash);
    pthread_mutex_lock(&g->catalog_lock);
    if (catalog_resolve(g->catalog, name, 0, &entry, e) == 0)
        record = plugin_record_create(entry, entry->origin, actor);
    pthread_mutex_unlock(&g->catalog_lock);
    return record;
}

/* --- after a restart ------------------------------------------------------ */

struct restoring {
    struct catalog *catalog;
    struct err *e;
};

static bool says(json_object *o, const char *key, const char *word)
{
    const char *text = json_str(o, key);

    return text != NULL && strcmp(text, word) == 0;
}

static const char *word(json_object *o, const char *key)
{
    return json_str(o, key) != NULL ? json_str(o, key) : "?";
}

/* From a plugin directory, just now. */
static bool is_here(struct catalog *c, const char *hash)
{
    const struct catalog_entry *entry;
    char name[80];

    (void)snprintf(name, sizeof name, "sha256:%s", hash);
    return catalog_resolve(c, name, 0, &entry, NULL) == 0;
}

static int restore_one(void *ctx, const struct store_key *key,
                       struct tt_str bytes)
{
    struct restoring *r = ctx;
    const struct catalog_entry *entry;
    json_object *o = json_parse(bytes.p, (size_t)bytes.n,
                                &json_limits_document, r->e);
    struct err bad = { 0 };
    char hash[65];

    if (o == NULL)
        return TT_ECORRUPT;
    (void)snprintf(hash, sizeof hash, "%.64s", key->part[0]);
    if (!is_here(r->catalog, hash) &&
        catalog_restore(r->catalog, hash,
                        says(json_child(o, "signature"), "state", "shipped"),
                        &entry, &bad) != 0)
        log_warn("plugin.lost", "id=%s version=%s hash=%.12s why=\"%s\"",
                 word(o, "id"), word(o, "version"), hash, bad.text);
    catalog_mark(r->catalog, hash, says(o, "state", "retired"),
                 says(o, "state", "quarantined"));
    json_object_put(o);
    return 0;
}

int engine_plugins_restore(struct store *s, struct catalog *c, struct err *e)
{
    struct restoring r = { c, e };
    int rc;

    catalog_sweep(c); /* the store is open, so that no other daemon adds */
    rc = store_scan(s, (struct store_key){ STORE_PLUGIN, { NULL }, 0 }, 0,
                    false, restore_one, &r, e);

    return rc == 0 ? 0 : err_prefix(e, "plugins");
}
