/* SPDX-License-Identifier: MIT
 *
 * describe.c - what HELLO says of a plugin, and what a plugin is told. */
#include <string.h>

#include "core/base/mem.h"
#include "core/host/host.h"

const char *const host_environment[] = {
    "OPENBLAS_NUM_THREADS=1", "LC_ALL=C", "TZ=UTC", NULL,
};

struct bit {
    uint32_t mask;
    const char *word;
};

static const struct bit caps[] = {
    { TT_CAP_DETERMINISTIC, "deterministic" },
    { TT_CAP_SNAPSHOT, "snapshot" },
    { TT_CAP_PENDING, "pending" },
    { TT_CAP_NOISE, "noise" },
    { TT_CAP_CASES, "cases" },
    { TT_CAP_FEEDBACK, "feedback" },
    { TT_CAP_LLM, "llm" },
    { TT_CAP_PARTIAL, "partial" },
    { TT_CAP_MULTI_OBJECTIVE, "multi_objective" },
    { TT_CAP_CONDITIONS, "conditions" },
};

static const struct bit kinds[] = {
    { TT_KIND_BIT(TT_FLOAT), "float" },
    { TT_KIND_BIT(TT_INT), "int" },
    { TT_KIND_BIT(TT_CATEGORICAL), "categorical" },
    { TT_KIND_BIT(TT_ORDINAL), "ordinal" },
    { TT_KIND_BIT(TT_BOOL), "bool" },
    { TT_KIND_BIT(TT_TEXT), "text" },
};

static json_object *words(uint32_t bits, const struct bit *table, size_t n)
{
    json_object *list = json_object_new_array();
    size_t i;

    for (i = 0; i < n; i++)
        if ((bits & table[i].mask) != 0)
            json_object_array_add(list, json_object_new_string(table[i].word));
    return list;
}

static json_object *services_of(const struct tt_plugin *p)
{
    json_object *list = json_object_new_array();
    const char *const *id;

    for (id = p->services; id != NULL && *id != NULL; id++)
        json_object_array_add(list, json_object_new_string(*id));
    return list;
}

json_object *host_describe(const struct tt_plugin *p)
{
    const char *schema = p->config_schema != NULL ? p->config_schema : "{}";
    json_object *hello = json_object_new_object();
    json_object *o = json_object_new_object();

    json_set_str(o, "id", p->id);
    json_set_str(o, "version", p->version);
    json_set_str(o, "kind",
                 p->kind == TT_KIND_STRATEGY ? "strategy" : "adapter");
    json_set_int(o, "abi_major", p->abi_major);
    json_set_int(o, "abi_minor", p->abi_minor);
    json_set_str(o, "name", p->name);
    json_set_str(o, "summary", p->summary);
    json_set_str(o, "vendor", p->vendor);
    json_set_str(o, "license", p->license);
    if (p->url != NULL)
        json_set_str(o, "url", p->url);
    json_set(o, "config_schema",
             json_parse(schema, strlen(schema), &json_limits_request, NULL));
    json_set(o, "services", services_of(p));
    json_set(o, "caps", words(p->caps, caps, TT_ARRAY_LEN(caps)));
    json_set(o, "param_kinds",
             words(p->param_kinds, kinds, TT_ARRAY_LEN(kinds)));
    json_set_int(o, "budget_min", (int64_t)p->budget_min);
    json_set_int(o, "budget_max", (int64_t)p->budget_max);
    json_set_int(o, "state_schema", p->state_schema);
    json_set_int(o, "state_schema_min", p->state_schema_min);
    json_set_int(hello, "protocol", FRAME_PROTOCOL);
    json_set_str(hello, "sdk", TT_SDK_VERSION);
    json_set(hello, "plugin", o);
    return hello;
}
