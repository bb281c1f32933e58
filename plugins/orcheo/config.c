/* SPDX-License-Identifier: MIT
 *
 * config.c - the operator's settings and the target's `evaluation` object.
 *
 * The evaluation object (README.md explains it with examples):
 *   workflow          handle or UUID of the evaluation workflow; required
 *   version           its version number; null: the latest at the first call
 *   mode              "auto" | "inputs" | "slots" | "direct"
 *   cases_key         member of the inputs under which cases go ("cases")
 *   case_as           "list" | "object" (one case, under cases_key) | "merge"
 *                     (one case, its members become inputs)
 *   cases_per_run     at most so many cases in one evaluation; the host splits
 *   inputs            static inputs of every run
 *   paths             {"node.parameter": "configurable.node.parameter"}: where
 *                     a parameter stands in the runnable_config, if elsewhere
 *   production        {"workflow", "version"}: never put a candidate there
 *   slots             version numbers whose stored config may be overwritten
 * timeout_seconds and retries are the host's. */
#include <stdlib.h>
#include <string.h>

#include "orcheo.h"

const char config_schema[] =
    "{\"type\":\"object\",\"additionalProperties\":false,"
    "\"properties\":{"
    "\"url\":{\"type\":\"string\",\"default\":\"http://127.0.0.1:2025\","
    "\"description\":\"Orcheo's base URL, without /api\"},"
    "\"workspace\":{\"type\":\"string\",\"default\":\"\","
    "\"description\":\"slug; needed when the token belongs to several\"},"
    "\"token_secret\":{\"type\":\"string\",\"default\":\"orcheo\","
    "\"description\":\"name of the secret; empty: no token is sent\"},"
    "\"requests_per_minute\":{\"type\":\"integer\",\"minimum\":0,"
    "\"maximum\":400,\"default\":100,"
    "\"description\":\"0: no limit; Orcheo's own default is 120\"},"
    "\"pending_seconds\":{\"type\":\"integer\",\"minimum\":1,"
    "\"maximum\":86400,\"default\":120,"
    "\"description\":\"a run that no worker takes is lost after this\"},"
    "\"price_in_per_million\":{\"type\":\"number\",\"minimum\":0,"
    "\"default\":0},"
    "\"price_out_per_million\":{\"type\":\"number\",\"minimum\":0,"
    "\"default\":0}}}";

static char *dup_str(struct tt_str s)
{
    char *copy = malloc((size_t)s.n + 1);

    if (copy != NULL) {
        if (s.n > 0)
            memcpy(copy, s.p, (size_t)s.n);
        copy[s.n] = '\0';
    }
    return copy;
}

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);

    return n >= m && strcmp(s + n - m, end) == 0;
}

int settings_read(struct settings *s, const struct tt_setup *setup,
                  struct tt_error *e)
{
    const struct tt_config *c = setup->config;
    double pending = tt_config_number(c, "pending_seconds", 120);
    double rate = tt_config_number(c, "requests_per_minute", 100);

    memset(s, 0, sizeof *s);
    s->url = dup_str(tt_config_text(c, "url", "http://127.0.0.1:2025"));
    s->workspace = dup_str(tt_config_text(c, "workspace", ""));
    s->secret = dup_str(tt_config_text(c, "token_secret", "orcheo"));
    if (s->url == NULL || s->workspace == NULL || s->secret == NULL)
        return tt_fail(e, TT_ENOMEM, "orcheo: out of memory");
    while (ends_with(s->url, "/") || ends_with(s->url, "/api"))
        s->url[strlen(s->url) - (ends_with(s->url, "/") ? 1 : 4)] = '\0';
    if (strncmp(s->url, "http://", 7) != 0 &&
        strncmp(s->url, "https://", 8) != 0)
        return tt_fail(e, TT_EINVAL,
                       "adapter orcheo: config: url: must start with http:// "
                       "or https://, is \"%.200s\"", s->url);
    s->pending_ms = (uint64_t)(pending * 1000.0);
    s->per_minute = (uint64_t)rate;
    if (s->per_minute > RING)
        s->per_minute = RING;
    s->timeout_ms = setup->timeout_ms != 0 ? setup->timeout_ms : 300000;
    s->price_in = tt_config_number(c, "price_in_per_million", 0) / 1e6;
    s->price_out = tt_config_number(c, "price_out_per_million", 0) / 1e6;
    return 0;
}

void settings_fini(struct settings *s)
{
    free(s->url);
    free(s->workspace);
    free(s->secret);
    memset(s, 0, sizeof *s);
}

/* --- the evaluation object ------------------------------------------------ */

static int fail_field(struct tt_error *e, const char *field, const char *must)
{
    return tt_fail(e, TT_EINVAL, "evaluation: %s: must be %s", field, must);
}

/* A word of a fixed list, as its index. */
static int read_word(json_object *o, const char *key, const char *const *words,
                     int *out, struct tt_error *e)
{
    json_object *v = js_get(o, key);
    char must[120] = "";
    size_t n;
    int i;

    if (v == NULL)
        return 0;
    for (i = 0; words[i] != NULL; i++) {
        if (strcmp(js_str(o, key), words[i]) == 0) {
            *out = i;
            return 0;
        }
        n = strlen(must);
        snprintf(must + n, sizeof must - n, "%s\"%s\"", i > 0 ? ", " : "",
                 words[i]);
    }
    return fail_field(e, key, must);
}

static int read_version(json_object *o, const char *key, int64_t *out,
                        const char *field, struct tt_error *e)
{
    json_object *v = js_get(o, key);

    if (v == NULL)
        return 0;
    if (!json_object_is_type(v, json_type_int) ||
        json_object_get_int64(v) < 1)
        return fail_field(e, field, "a version number (1, 2, ...) or null");
    *out = json_object_get_int64(v);
    return 0;
}

static int read_slots(struct evaluation *v, struct tt_error *e)
{
    json_object *list = js_get(v->json, "slots"), *item;
    size_t i;

    if (list == NULL)
        return 0;
    if (!json_object_is_type(list, json_type_array) ||
        json_object_array_length(list) > MAX_SLOTS)
        return fail_field(e, "slots", "a list of at most 32 version numbers");
    for (i = 0; i < json_object_array_length(list); i++) {
        item = json_object_array_get_idx(list, i);
        if (!json_object_is_type(item, json_type_int) ||
            json_object_get_int64(item) < 1)
            return fail_field(e, "slots", "a list of version numbers");
        v->slots[v->n_slots++] = json_object_get_int64(item);
    }
    return 0;
}

static int read_object(json_object *o, const char *key, json_object **out,
                       struct tt_error *e)
{
    *out = js_get(o, key);
    if (*out != NULL && !json_object_is_type(*out, json_type_object))
        return fail_field(e, key, "an object");
    return 0;
}

static bool space_has(const struct tt_space *space, const char *name)
{
    uint64_t i;

    for (i = 0; i < space->n_params; i++) {
        if (tt_str_equal(tt_space_param(space, i)->name, tt_str_of(name)))
            return true;
    }
    return false;
}

static int check_paths(const struct evaluation *v,
                       const struct tt_space *space, bool strict,
                       struct tt_error *e)
{
    uint64_t i;

    for (i = 0; space != NULL && i < space->n_params; i++) {
        struct tt_str name = tt_space_param(space, i)->name;

        if (memchr(name.p, '.', (size_t)name.n) == NULL)
            return tt_fail(e, TT_EINVAL, "parameter %.*s: must be named "
                           "node.parameter", (int)name.n, name.p);
    }
    if (v->paths == NULL)
        return 0;
    json_object_object_foreach(v->paths, key, path) {
        const char *p = json_object_is_type(path, json_type_string)
                            ? json_object_get_string(path) : "";

        if ((strncmp(p, "configurable.", 13) != 0 &&
             strncmp(p, "prompts.", 8) != 0) || strlen(p) > 200 ||
            strstr(p, "..") != NULL || ends_with(p, "."))
            return tt_fail(e, TT_EINVAL, "evaluation: paths: %s: must be a "
                           "path such as configurable.node.parameter or "
                           "prompts.name.text", key);
        if (strict && space != NULL && !space_has(space, key))
            return tt_fail(e, TT_EINVAL, "evaluation: paths: %s: there is no "
                           "such parameter", key);
    }
    return 0;
}

static int read_fields(struct evaluation *v, struct tt_error *e)
{
    static const char *const modes[] = { "auto", "inputs", "slots", "direct",
                                         NULL };
    static const char *const forms[] = { "list", "merge", "object", NULL };
    json_object *o = v->json, *production = NULL;
    int mode = MODE_AUTO, form = CASE_LIST, code;

    if ((code = read_word(o, "mode", modes, &mode, e)) != 0 ||
        (code = read_word(o, "case_as", forms, &form, e)) != 0 ||
        (code = read_version(o, "version", &v->version, "version", e)) != 0 ||
        (code = read_version(o, "cases_per_run", &v->cases_per_run,
                             "cases_per_run", e)) != 0 ||
        (code = read_object(o, "inputs", &v->inputs, e)) != 0 ||
        (code = read_object(o, "paths", &v->paths, e)) != 0 ||
        (code = read_object(o, "production", &production, e)) != 0 ||
        (code = read_version(production, "version", &v->production_version,
                             "production.version", e)) != 0 ||
        (code = read_slots(v, e)) != 0)
        return code;
    v->mode = (enum mode)mode;
    v->case_as = (enum case_as)form;
    v->workflow = js_str(o, "workflow");
    v->cases_key = js_get(o, "cases_key") != NULL ? js_str(o, "cases_key")
                                                  : "cases";
    if (production != NULL && js_str(production, "workflow")[0] != '\0')
        v->production = js_str(production, "workflow");
    return 0;
}

int evaluation_read(struct evaluation *v, struct tt_str text,
                    const struct tt_space *space, bool strict,
                    struct tt_error *e)
{
    int code;

    memset(v, 0, sizeof *v);
    v->json = text.n == 0 ? json_object_new_object() : js_parse(text);
    if (!json_object_is_type(v->json, json_type_object))
        return tt_fail(e, TT_EINVAL, "evaluation: must be a JSON object");
    code = read_fields(v, e);
    if (code != 0)
        return code;
    if (strict && v->workflow[0] == '\0')
        return fail_field(e, "workflow",
                          "the handle or id of the evaluation workflow");
    if (v->cases_key[0] == '\0' || strcmp(v->cases_key, "trimtab") == 0)
        return fail_field(e, "cases_key", "a name other than \"trimtab\"");
    if (v->mode == MODE_SLOTS && v->n_slots == 0)
        return fail_field(e, "slots", "given for mode \"slots\": numbers of "
                          "versions of the evaluation workflow whose stored "
                          "config may be overwritten");
    if (v->case_as != CASE_LIST && v->cases_per_run > 1)
        return fail_field(e, "cases_per_run", "1 unless case_as is \"list\"");
    return check_paths(v, space, strict, e);
}

void evaluation_fini(struct evaluation *v)
{
    json_object_put(v->json);
    memset(v, 0, sizeof *v);
}
