/* SPDX-License-Identifier: MIT
 *
 * sim_config.c - runnable configs: stored without defaults, seen by a run
 * with all of them, and what ingest makes of them. */
#include <string.h>

#include "tests/orcheo/sim.h"

static bool empty(json_object *value)
{
    if (json_object_is_type(value, json_type_object))
        return json_object_object_length(value) == 0;
    if (json_object_is_type(value, json_type_array))
        return json_object_array_length(value) == 0;
    return value == NULL;
}

/* {text, requires_grad, metadata, model_kwargs, type}, without defaults and
 * without anything else. */
static json_object *clean_prompt(json_object *prompt)
{
    json_object *o = json_object_new_object(), *value;

    if (json_object_object_get_ex(prompt, "text", &value))
        json_set(o, "text", json_copy(value));
    if (json_object_object_get_ex(prompt, "requires_grad", &value) &&
        json_object_get_boolean(value))
        json_set_bool(o, "requires_grad", true);
    if (!empty(value = json_child(prompt, "metadata")))
        json_set(o, "metadata", json_copy(value));
    if (!empty(value = json_child(prompt, "model_kwargs")))
        json_set(o, "model_kwargs", json_copy(value));
    return o;
}

json_object *sim_config_clean(json_object *config)
{
    json_object *o;

    if (config == NULL)
        return NULL;
    o = json_object_new_object();
    json_object_object_foreach(config, key, value) {
        if (empty(value))
            continue;
        if (strcmp(key, "prompts") == 0) {
            json_object *prompts = json_object_new_object();

            json_object_object_foreach(value, name, prompt)
                json_set(prompts, name, clean_prompt(prompt));
            json_set(o, key, prompts);
        } else {
            json_set(o, key, json_copy(value));
        }
    }
    return o;
}

static json_object *expand_prompt(json_object *prompt)
{
    json_object *o = json_copy(prompt);

    if (!json_object_object_get_ex(o, "requires_grad", NULL))
        json_set_bool(o, "requires_grad", false);
    if (!json_object_object_get_ex(o, "metadata", NULL))
        json_set(o, "metadata", json_object_new_object());
    if (!json_object_object_get_ex(o, "model_kwargs", NULL))
        json_set(o, "model_kwargs", json_object_new_object());
    json_set_str(o, "type", "TextTensor");
    return o;
}

json_object *sim_config_expand(json_object *config, const char *run_id)
{
    json_object *o = config != NULL ? json_copy(config)
                                    : json_object_new_object();
    json_object *prompts = json_child(o, "prompts");

    if (!json_object_object_get_ex(o, "configurable", NULL))
        json_set(o, "configurable", json_object_new_object());
    json_set_str(json_child(o, "configurable"), "thread_id", run_id);
    if (!json_object_object_get_ex(o, "tags", NULL))
        json_set(o, "tags", json_object_new_array());
    if (!json_object_object_get_ex(o, "callbacks", NULL))
        json_set(o, "callbacks", json_object_new_array());
    if (!json_object_object_get_ex(o, "metadata", NULL))
        json_set(o, "metadata", json_object_new_object());
    if (!json_object_object_get_ex(o, "run_name", NULL))
        json_set(o, "run_name", NULL);
    if (prompts != NULL) {
        json_object *all = json_object_new_object();

        json_object_object_foreach(prompts, name, prompt)
            json_set(all, name, expand_prompt(prompt));
        json_set(o, "prompts", all);
    }
    return o;
}

/* A JSON Schema in the place of a value: {"type":"number",...} or
 * {"enum":[...]}. */
static bool is_schema(json_object *value)
{
    static const char *const types[] = {
        "string", "number", "integer", "boolean", "array", "object",
    };
    const char *type;
    size_t i;

    if (!json_object_is_type(value, json_type_object))
        return false;
    if (json_object_is_type(json_child(value, "enum"), json_type_array))
        return true;
    type = json_str(value, "type");
    for (i = 0; type != NULL && i < TT_ARRAY_LEN(types); i++)
        if (strcmp(type, types[i]) == 0)
            return true;
    return false;
}

static json_object *schema_default(json_object *schema)
{
    json_object *value, *choices = json_child(schema, "enum");

    if (json_object_object_get_ex(schema, "default", &value))
        return json_copy(value);
    if (choices != NULL && json_object_array_length(choices) > 0)
        return json_copy(json_object_array_get_idx(choices, 0));
    return NULL;
}

void sim_config_ingest(json_object *config, json_object *metadata)
{
    json_object *configurable = json_child(config, "configurable");
    json_object *schemas = json_object_new_object();
    json_object *order = json_object_new_array();
    json_object *plain = json_object_new_object();

    if (configurable != NULL) {
        json_object_object_foreach(configurable, key, value) {
            if (is_schema(value)) {
                json_set(schemas, key, json_copy(value));
                json_object_array_add(order, json_object_new_string(key));
                json_set(plain, key, schema_default(value));
            } else {
                json_set(plain, key, json_copy(value));
            }
        }
    }
    if (!empty(plain)) {
        json_set(metadata, "configurable_defaults", json_copy(plain));
        json_set(config, "configurable", json_object_get(plain));
    }
    if (!empty(schemas)) {
        json_set(metadata, "configurable_schema", json_object_get(schemas));
        json_set(metadata, "configurable_schema_order",
                 json_object_get(order));
    }
    json_object_put(plain);
    json_object_put(schemas);
    json_object_put(order);
}

json_object *sim_config_carry(json_object *config, struct sim_version *before)
{
    json_object *now = json_child(config, "configurable"), *was, *defaults;

    if (before == NULL || now == NULL)
        return json_copy(config);
    was = json_child(json_child(before->doc, "runnable_config"),
                     "configurable");
    defaults = json_child(json_child(before->doc, "metadata"),
                          "configurable_defaults");
    config = json_copy(config);
    now = json_child(config, "configurable");
    if (was == NULL)
        return config;
    json_object_object_foreach(was, key, value) {
        json_object *old = NULL;
        bool untouched = defaults != NULL &&
            json_object_object_get_ex(defaults, key, &old) &&
            json_equal(old, value);

        if (!untouched && json_object_object_get_ex(now, key, NULL))
            json_set(now, key, json_copy(value));
    }
    return config;
}
