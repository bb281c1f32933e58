/* SPDX-License-Identifier: MIT
 *
 * exec_manifest.c - plugin.json of an exec plugin: what a .so says of itself in
 * its note and its struct tt_plugin. */
#include "config.h"

#include <string.h>

#include "core/base/fs.h"
#include "core/base/mem.h"
#include "core/base/schema.h"
#include "core/host/exec_in.h"
#include "core/host/manifest.h"

/* Beside what manifest.c has checked. */
static const char schema_text[] =
    "{\"type\":\"object\",\"required\":[\"license\",\"vendor\",\"exec\"],"
    "\"properties\":{"
    "\"id\":{\"type\":\"string\",\"pattern\":\"^[a-z][a-z0-9-]{0,62}$\"},"
    "\"version\":{\"type\":\"string\",\"minLength\":5,\"maxLength\":31},"
    "\"name\":{\"type\":\"string\",\"maxLength\":1000},"
    "\"summary\":{\"type\":\"string\",\"maxLength\":1000},"
    "\"license\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":1000},"
    "\"vendor\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":1000},"
    "\"url\":{\"type\":\"string\"},"
    "\"config_schema\":{\"type\":\"object\"},"
    "\"caps\":{\"type\":\"array\",\"items\":{\"enum\":[\"deterministic\","
    "\"snapshot\",\"pending\",\"noise\",\"cases\",\"feedback\",\"llm\","
    "\"partial\",\"multi_objective\",\"conditions\"]}},"
    "\"param_kinds\":{\"type\":\"array\",\"items\":{\"enum\":[\"float\","
    "\"int\",\"categorical\",\"ordinal\",\"bool\",\"text\"]}},"
    "\"services\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
    "\"budget_min\":{\"type\":\"integer\",\"minimum\":0},"
    "\"budget_max\":{\"type\":\"integer\",\"minimum\":0},"
    "\"state_schema\":{\"type\":\"integer\",\"minimum\":0,"
    "\"maximum\":1000000},"
    "\"state_schema_min\":{\"type\":\"integer\",\"minimum\":0,"
    "\"maximum\":1000000},"
    "\"exec\":{\"type\":\"object\",\"required\":[\"command\"],"
    "\"additionalProperties\":false,\"properties\":{"
    "\"admin\":{\"type\":\"boolean\"},"
    "\"command\":{\"type\":\"array\",\"minItems\":1,\"maxItems\":64,"
    "\"items\":{\"type\":\"string\",\"minLength\":1}}}}}}";

bool exec_is(const char *path)
{
    static const char end[] = "/plugin.json";
    size_t n = strlen(path);

    return n >= sizeof end - 1 && strcmp(path + n - (sizeof end - 1), end) == 0;
}

char *exec_realpath(const char *path, struct err *e)
{
    char *inside = fs_join(path, "plugin.json");
    char *real = realpath(fs_exists(inside) ? inside : path, NULL);

    free(inside);
    if (real == NULL)
        err_errno(e, TT_ENOENT, "%s", path);
    return real;
}

/* --- JSON to what lives as long as the process ------------------------------ */

static const char *kept(struct exec_manifest *m, const char *text)
{
    return text != NULL ? arena_str(&m->arena, tt_str_of(text)).p : NULL;
}

static const char **list_of(struct exec_manifest *m, json_object *list)
{
    size_t i, n = list != NULL ? json_object_array_length(list) : 0;
    const char **out = arena_alloc(&m->arena, n + 1, sizeof *out);

    for (i = 0; i < n; i++)
        out[i] = kept(m, json_object_get_string(
                             json_object_array_get_idx(list, i)));
    return out;
}

/* The n-th word is the bit `first << n`. */
static uint32_t bits_of(json_object *list, const char *const *words,
                        size_t n_words, uint32_t first)
{
    size_t i, k, n = list != NULL ? json_object_array_length(list) : 0;
    uint32_t bits = 0;

    for (i = 0; i < n; i++)
        for (k = 0; k < n_words; k++)
            if (strcmp(words[k], json_object_get_string(
                                     json_object_array_get_idx(list, i))) == 0)
                bits |= first << k;
    return bits;
}

static const char *schema_of(struct exec_manifest *m, json_object *o)
{
    json_object *schema = json_child(o, "config_schema");
    char *text;
    const char *out;

    if (schema == NULL)
        return "{\"type\":\"object\",\"additionalProperties\":false}";
    text = json_canonical_dup(schema);
    out = kept(m, text);
    free(text);
    return out;
}

static void fill(struct exec_manifest *m, json_object *o)
{
    static const char *const caps[] = {
        "deterministic", "snapshot", "pending", "noise", "cases", "feedback",
        "llm", "partial", "multi_objective", "conditions",
    };
    static const char *const kinds[] = { "float", "int", "categorical",
                                         "ordinal", "bool", "text" };
    struct tt_plugin *p = &m->plugin;
    json_object *exec = json_child(o, "exec");
    const char *name = json_str(o, "name"), *summary = json_str(o, "summary");

    p->size = sizeof *p;
    p->abi_major = TT_ABI_MAJOR;
    p->abi_minor = TT_ABI_MINOR_WANTED;
    p->kind = strcmp(json_str(o, "kind"), "adapter") == 0 ? TT_KIND_ADAPTER
                                                          : TT_KIND_STRATEGY;
    p->id = kept(m, json_str(o, "id"));
    p->version = kept(m, json_str(o, "version"));
    p->name = kept(m, name != NULL ? name : p->id);
    p->summary = kept(m, summary != NULL ? summary : p->name);
    p->vendor = kept(m, json_str(o, "vendor"));
    p->license = kept(m, json_str(o, "license"));
    p->url = kept(m, json_str(o, "url"));
    p->config_schema = schema_of(m, o);
    p->services = list_of(m, json_child(o, "services"));
    p->caps = bits_of(json_child(o, "caps"), caps, TT_ARRAY_LEN(caps), 1);
    p->param_kinds = bits_of(json_child(o, "param_kinds"), kinds,
                             TT_ARRAY_LEN(kinds), TT_KIND_BIT(TT_FLOAT));
    p->budget_min = (uint64_t)json_int(o, "budget_min", 0);
    p->budget_max = (uint64_t)json_int(o, "budget_max", 0);
    p->state_schema = (uint32_t)json_int(o, "state_schema", 0);
    p->state_schema_min = (uint32_t)json_int(o, "state_schema_min",
                                             p->state_schema);
    m->command = list_of(m, json_child(exec, "command"));
    m->n_command = json_object_array_length(json_child(exec, "command"));
    m->admin = json_object_get_boolean(json_child(exec, "admin"));
}

static int check(const char *path, json_object *o, struct err *e)
{
    json_object *schema = json_parse(schema_text, strlen(schema_text),
                                     &json_limits_request, e);
    int rc = schema_apply(schema, o, path, e);

    json_object_put(schema);
    if (rc == 0 && !semver_ok(json_str(o, "version")))
        rc = err_set(e, TT_EPLUGIN, "%s: version: \"%s\" must be a semantic "
                     "version, as 1.0.0", path, json_str(o, "version"));
    if (rc != 0 && e != NULL)
        e->code = TT_EPLUGIN;
    return rc != 0 ? TT_EPLUGIN : 0;
}

int exec_manifest_read(const char *path, struct exec_manifest *m,
                       struct err *e)
{
    struct manifest json;
    int rc = manifest_open(&json, path, NULL, e);

    memset(m, 0, sizeof *m);
    if (rc == 0 && json.json == NULL)
        rc = err_set(e, TT_ENOENT, "%s: is not there", path);
    if (rc == 0)
        rc = check(path, json.json, e);
    if (rc == 0) {
        fill(m, json.json);
        m->dir = xstrndup(path, strlen(path) - strlen("/plugin.json"));
    }
    manifest_close(&json);
    return rc;
}

void exec_manifest_fini(struct exec_manifest *m)
{
    arena_fini(&m->arena);
    free(m->dir);
    memset(m, 0, sizeof *m);
}

int exec_note_read(const char *path, struct host_note *note, struct err *e)
{
    struct exec_manifest m;
    int rc = exec_manifest_read(path, &m, e);

    memset(note, 0, sizeof *note);
    if (rc == 0) {
        note->abi_major = m.plugin.abi_major;
        note->abi_minor = m.plugin.abi_minor;
        note->pointer_size = sizeof(void *);
        note->kind = m.plugin.kind;
        (void)snprintf(note->id, sizeof note->id, "%s", m.plugin.id);
        (void)snprintf(note->version, sizeof note->version, "%s",
                       m.plugin.version);
    }
    exec_manifest_fini(&m);
    return rc;
}
