/* SPDX-License-Identifier: MIT
 *
 * codec_config.c - a plugin's configuration: JSON becomes the flat list that
 * the typed getters of the SDK read. */
#include <inttypes.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/host/codec.h"

struct flat {
    struct arena *arena;
    struct tt_config_item *items;
    size_t n, cap;
};

static struct tt_str kept(struct arena *a, const char *text)
{
    return arena_str(a, tt_str_of(text));
}

static void add(struct flat *f, const char *key, double number,
                const char *text)
{
    struct tt_config_item *item;

    if (f->n == f->cap) {
        f->cap = f->cap == 0 ? 16 : 2 * f->cap;
        f->items = xrealloc(f->items, f->cap, sizeof *f->items);
    }
    item = &f->items[f->n++];
    item->key = kept(f->arena, key);
    item->number = number;
    item->text = kept(f->arena, text);
}

static void add_number(struct flat *f, const char *key, double number)
{
    char text[32];

    json_number(number, text);
    add(f, key, number, text);
}

static void flatten(struct flat *f, const char *key, json_object *value);

static void flatten_array(struct flat *f, const char *key, json_object *value)
{
    size_t i, n = json_object_array_length(value);
    char *name = xasprintf("%s%s#", key, *key != '\0' ? "." : "");

    add_number(f, name, (double)n);
    free(name);
    for (i = 0; i < n; i++) {
        name = xasprintf("%s%s%zu", key, *key != '\0' ? "." : "", i);
        flatten(f, name, json_object_array_get_idx(value, i));
        free(name);
    }
}

static void flatten_object(struct flat *f, const char *key, json_object *value)
{
    char *name;

    json_object_object_foreach(value, member, child)
    {
        name = xasprintf("%s%s%s", key, *key != '\0' ? "." : "", member);
        flatten(f, name, child);
        free(name);
    }
}

/* A null is absent: the plugin's own default holds. */
static void flatten(struct flat *f, const char *key, json_object *value)
{
    switch (json_object_get_type(value)) {
    case json_type_object:
        flatten_object(f, key, value);
        break;
    case json_type_array:
        flatten_array(f, key, value);
        break;
    case json_type_boolean:
        add(f, key, json_object_get_boolean(value) ? 1 : 0,
            json_object_get_boolean(value) ? "true" : "false");
        break;
    case json_type_double:
    case json_type_int:
        add_number(f, key, json_object_get_double(value));
        break;
    case json_type_string:
        add(f, key, 0, json_object_get_string(value));
        break;
    case json_type_null:
        break;
    }
}

const struct tt_config *codec_config(json_object *config, struct arena *a)
{
    struct tt_config *c = arena_alloc(a, 1, sizeof *c);
    struct flat f = { .arena = a };
    struct tt_config_item *items;
    json_object *canonical;
    char *text;

    /* Flattened in canonical order: equal configurations, equal bytes. */
    text = config != NULL ? json_canonical_dup(config) : xstrdup("{}");
    canonical = json_parse(text, strlen(text), &json_limits_document, NULL);
    flatten(&f, "", canonical);
    json_object_put(canonical);
    items = arena_alloc(a, f.n, sizeof *items);
    if (f.n > 0)
        memcpy(items, f.items, f.n * sizeof *items);
    free(f.items);
    c->size = sizeof *c;
    c->item_size = sizeof *items;
    c->n_items = f.n;
    c->items = items;
    c->json = kept(a, text);
    free(text);
    return c;
}
