/* SPDX-License-Identifier: MIT
 *
 * daemon_config.c - load, merge, check. The schema is compiled in. */
#include "config.h"

#include "core/daemon_config.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/fs.h"
#include "core/base/mem.h"
#include "core/base/schema.h"

static const char schema_text[] =
#include "core/daemon_config_schema.inc"
    ;

json_object *config_schema(void)
{
    struct err e = { 0 };
    json_object *schema = json_parse(schema_text, sizeof schema_text - 1,
                                     &json_limits_document, &e);

    TT_ASSERT(schema != NULL);
    return schema;
}

/* What a schema cannot say: exactly one of two, and files that must be there. */
static int check_one_of(json_object *o, const char *where, const char *a,
                        const char *b, const char *c, struct err *e)
{
    int n = (json_child(o, a) != NULL) + (json_child(o, b) != NULL) +
            (c != NULL && json_child(o, c) != NULL);

    if (n == 1)
        return 0;
    return err_set(e, TT_EINVAL, "%s: must have exactly one of \"%s\", \"%s\""
                   "%s%s%s", where, a, b, c != NULL ? ", \"" : "",
                   c != NULL ? c : "", c != NULL ? "\"" : "");
}

static int check_sense(json_object *config, struct err *e)
{
    json_object *list = json_child(config, "listen");
    json_object *tokens = json_child(json_child(config, "auth"), "tokens");
    const char *mode = json_str(json_child(config, "auth"), "mode");
    char where[120];
    size_t i;
    int code = 0;

    for (i = 0; code == 0 && i < json_object_array_length(list); i++) {
        snprintf(where, sizeof where, "/listen/%zu", i);
        code = check_one_of(json_object_array_get_idx(list, i), where, "tcp",
                            "unix", NULL, e);
    }
    for (i = 0; code == 0 && i < json_object_array_length(tokens); i++) {
        snprintf(where, sizeof where, "/auth/tokens/%zu", i);
        code = check_one_of(json_object_array_get_idx(tokens, i), where, "file",
                            "env", "sha256", e);
    }
    if (code == 0 && strcmp(mode, "required") == 0 &&
        json_object_array_length(tokens) == 0)
        code = err_set(e, TT_EINVAL, "/auth/tokens: is empty, and auth.mode is "
                       "\"required\": nobody could come in");
    if (code != 0)
        return code;
    json_object_object_foreach(json_child(config, "secrets"), name, secret) {
        snprintf(where, sizeof where, "/secrets/%.64s", name);
        code = check_one_of(secret, where, "file", "env", NULL, e);
        if (code != 0)
            return code;
    }
    return 0;
}

/* Put what `from` says over `into`: objects member by member. */
static void merge(json_object *into, json_object *from)
{
    json_object_object_foreach(from, key, value) {
        json_object *old = json_child(into, key);

        if (json_object_is_type(old, json_type_object) &&
            json_object_is_type(value, json_type_object))
            merge(old, value);
        else
            json_set(into, key, json_copy(value));
    }
}

static int merge_file(json_object *config, const char *path, struct err *e)
{
    json_object *part = json_parse_file(path, &json_limits_request, e);

    if (part == NULL)
        return err_set(e, e->code != 0 ? e->code : TT_EJSON, "%s%s", e->text,
                       e->code != 0 ? "" : "must be a JSON object");
    if (!json_object_is_type(part, json_type_object)) {
        json_object_put(part);
        return err_set(e, TT_EJSON, "%s: must be a JSON object", path);
    }
    merge(config, part);
    json_object_put(part);
    return 0;
}

static int is_json(const struct dirent *d)
{
    size_t n = strlen(d->d_name);

    return d->d_name[0] != '.' && n > 5 &&
           strcmp(d->d_name + n - 5, ".json") == 0;
}

static int merge_drop_ins(json_object *config, const char *path, struct err *e)
{
    char *dir = xasprintf("%s.d", path), *file;
    struct dirent **names = NULL;
    int n = scandir(dir, &names, is_json, alphasort), i, code = 0;

    for (i = 0; i < n; i++) {
        file = fs_join(dir, names[i]->d_name);
        if (code == 0)
            code = merge_file(config, file, e);
        free(file);
        free(names[i]);
    }
    free(names);
    free(dir);
    return code;
}

json_object *config_load(const char *path, struct err *e)
{
    json_object *config = json_object_new_object();
    json_object *schema = config_schema();
    int code = 0;

    if (path != NULL)
        code = merge_file(config, path, e);
    if (path != NULL && code == 0)
        code = merge_drop_ins(config, path, e);
    if (code == 0)
        code = schema_apply(schema, config, path != NULL ? path : "defaults",
                            e);
    if (code == 0) {
        code = check_sense(config, e);
        if (code != 0)
            err_prefix(e, "%s", path != NULL ? path : "defaults");
    }
    json_object_put(schema);
    if (code == 0)
        return config;
    json_object_put(config);
    return NULL;
}

json_object *config_default(void)
{
    struct err e = { 0 };

    return config_load(NULL, &e);
}
