/* SPDX-License-Identifier: MIT
 *
 * engine_plugin.c - copies of what the catalog knows, for any thread, and a
 * plugin's configuration: the operator's, then the target's, then the
 * schema's defaults. */
#include <string.h>

#include "core/base/mem.h"
#include "core/base/schema.h"
#include "core/engine/engine_impl.h"

static void list_folders(struct engine_plugin *p)
{
    json_object *list = p->permissions != NULL
                            ? json_child(p->permissions, "read")
                            : NULL;
    size_t i;

    p->n_read = list != NULL ? json_object_array_length(list) : 0;
    p->read = xcalloc(p->n_read + 1, sizeof *p->read);
    for (i = 0; i < p->n_read; i++)
        p->read[i] = json_object_get_string(json_object_array_get_idx(list, i));
}

int engine_plugin_find(struct engine *g, const char *name, uint32_t kind,
                       struct engine_plugin *out, struct err *e)
{
    const struct catalog_entry *entry = NULL;
    int rc;

    memset(out, 0, sizeof *out);
    pthread_mutex_lock(&g->catalog_lock);
    rc = catalog_resolve(g->catalog, name, kind, &entry, e);
    if (rc == 0)
        rc = catalog_revoked(g->catalog, entry, e);
    if (rc == 0) {
        memcpy(out->hash, entry->hash, sizeof out->hash);
        memcpy(out->id, entry->note.id, sizeof out->id);
        memcpy(out->version, entry->note.version, sizeof out->version);
        out->kind = entry->note.kind;
        out->path = xstrdup(entry->path);
        /* a copy: json-c counts references without locks */
        out->describe = entry->describe != NULL ? json_copy(entry->describe)
                                                : NULL;
        out->permissions = json_copy(entry->permissions);
        list_folders(out);
    }
    pthread_mutex_unlock(&g->catalog_lock);
    return rc;
}

void engine_plugin_fini(struct engine_plugin *p)
{
    free(p->path);
    json_object_put(p->describe);
    json_object_put(p->permissions);
    free(p->read);
    memset(p, 0, sizeof *p);
}

/* Under catalog_lock: does the catalog know this already? It writes a file. */
static bool is_described(struct engine *g, const char *hash,
                         json_object *hello)
{
    const struct catalog_entry *entry = NULL;
    char name[80];

    (void)snprintf(name, sizeof name, "sha256:%s", hash);
    return catalog_resolve(g->catalog, name, 0, &entry, NULL) == 0 &&
           entry->describe != NULL &&
           json_equal(json_child(entry->describe, "plugin"),
                      json_child(hello, "plugin"));
}

void engine_plugin_described(struct engine *g, const char *hash,
                             json_object *hello)
{
    json_object *mine = json_copy(hello);

    pthread_mutex_lock(&g->catalog_lock);
    if (!is_described(g, hash, hello))
        catalog_described(g->catalog, hash, mine);
    pthread_mutex_unlock(&g->catalog_lock);
    json_object_put(mine);
}

json_object *engine_pin_create(const struct engine_plugin *p,
                               const char *chosen, json_object *config)
{
    json_object *o = json_object_new_object();

    json_set_str(o, "id", p->id);
    json_set_str(o, "version", p->version);
    json_set_str(o, "hash", p->hash);
    json_set_str(o, "chosen", chosen);
    json_set(o, "config", json_copy(config));
    return o;
}

json_object *engine_pin_config(json_object *pin)
{
    json_object *config = json_child(pin, "config");

    return config != NULL ? json_copy(config) : json_object_new_object();
}

struct worker_spec engine_plugin_spec(const struct engine_plugin *p,
                                      const char *label)
{
    struct worker_spec spec = { .path = p->path, .hash = p->hash, .id = p->id,
                                .version = p->version, .kind = p->kind,
                                .label = label,
                                .threads = grant_has(p->permissions,
                                                     "threads"),
                                .read = p->read, .n_read = p->n_read };

    return spec;
}

/* Members of `over` replace those of `to`; objects are merged. */
static void lay_over(json_object *to, json_object *over)
{
    json_object_object_foreach(over, key, value)
    {
        json_object *mine = json_child(to, key);

        if (json_object_is_type(mine, json_type_object) &&
            json_object_is_type(value, json_type_object))
            lay_over(mine, value);
        else
            json_set(to, key, json_copy(value));
    }
}

json_object *engine_plugin_config(struct engine *g,
                                  const struct engine_plugin *p,
                                  json_object *overrides)
{
    json_object *all = p->kind == TT_KIND_ADAPTER ? g->options.adapters
                                                  : g->options.strategies;
    json_object *own = json_child(all, p->id);
    json_object *config = own != NULL ? json_copy(own)
                                      : json_object_new_object();

    if (overrides != NULL)
        lay_over(config, overrides);
    return config;
}

int engine_plugin_check_config(const struct engine_plugin *p,
                               json_object *config, struct err *e)
{
    json_object *plugin = json_child(p->describe, "plugin");
    json_object *schema = json_child(plugin != NULL ? plugin : p->describe,
                                     "config_schema");
    char where[140];

    if (schema == NULL)
        return 0;
    (void)snprintf(where, sizeof where, "%s %s: config",
                   p->kind == TT_KIND_ADAPTER ? "adapter" : "strategy", p->id);
    return schema_apply(schema, config, where, e);
}

int engine_plugin_try_config(const struct engine_plugin *p,
                             json_object *config, struct err *e)
{
    json_object *trial = json_copy(config);
    int rc = engine_plugin_check_config(p, trial, e);

    json_object_put(trial);
    return rc;
}
