/* SPDX-License-Identifier: MIT
 *
 * sim_check.c - request bodies: read as Python reads JSON, refused in the
 * words of FastAPI's validation. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/orcheo/sim_http.h"

/* --- reading ------------------------------------------------------------- */

static void plain_numbers(json_object *value)
{
    size_t i;

    if (json_object_is_type(value, json_type_object)) {
        json_object_object_foreach(value, key, member) {
            if (json_object_is_type(member, json_type_double) &&
                !isfinite(json_object_get_double(member)))
                json_set(value, key, NULL);
            else
                plain_numbers(member);
        }
    }
    if (json_object_is_type(value, json_type_array)) {
        for (i = 0; i < json_object_array_length(value); i++) {
            json_object *item = json_object_array_get_idx(value, i);

            if (json_object_is_type(item, json_type_double) &&
                !isfinite(json_object_get_double(item)))
                json_object_array_put_idx(value, i, NULL);
            else
                plain_numbers(item);
        }
    }
}

static unsigned surrogate(const char *p)
{
    unsigned c = 0;

    return p[0] == '\\' && p[1] == 'u' && sscanf(p + 2, "%4x", &c) == 1 &&
           c >= 0xd800 && c < 0xe000 ? c : 0;
}

/* Turn the escape of each lone surrogate into that of a NUL. */
static void mark_surrogates(char *text)
{
    char *p;

    for (p = text; (p = strchr(p, '\\')) != NULL; p += p[1] != '\0' ? 2 : 1) {
        unsigned c = surrogate(p);

        if (c == 0)
            continue;
        if (c < 0xdc00 && surrogate(p + 6) >= 0xdc00)
            p += 6;
        else
            memcpy(p + 2, "0000", 4);
    }
}

json_object *sim_parse(const char *text, size_t n, bool *ok)
{
    struct json_tokener *tok = json_tokener_new_ex(64);
    TT_AUTO_FREE char *copy = xstrndup(text != NULL ? text : "", n);
    json_object *value = NULL;

    mark_surrogates(copy);
    if (tok != NULL) {
        json_tokener_set_flags(tok, JSON_TOKENER_STRICT);
        value = json_tokener_parse_ex(tok, copy, (int)strlen(copy) + 1);
        *ok = json_tokener_get_error(tok) == json_tokener_success;
        json_tokener_free(tok);
    }
    plain_numbers(value);
    return value;
}

bool sim_unstorable(json_object *value)
{
    size_t i;

    switch (json_object_get_type(value)) {
    case json_type_string:
        return strlen(json_object_get_string(value)) !=
               (size_t)json_object_get_string_len(value);
    case json_type_array:
        for (i = 0; i < json_object_array_length(value); i++)
            if (sim_unstorable(json_object_array_get_idx(value, i)))
                return true;
        return false;
    case json_type_object: {
        json_object_object_foreach(value, key, member) {
            (void)key;
            if (sim_unstorable(member))
                return true;
        }
        return false;
    }
    default:
        return false;
    }
}

/* --- places and complaints ----------------------------------------------- */

void sim_check_init(struct sim_check *c, const struct sim *s)
{
    c->first = s->options.old ? 1 : 0;
    c->errors = json_object_new_array();
    c->at = json_object_new_array();
    sim_check_push(c, "body");
}

bool sim_check_fini(struct sim_check *c, struct sim_reply *a)
{
    bool fine = json_object_array_length(c->errors) == 0;

    json_object_put(c->at);
    if (fine)
        json_object_put(c->errors);
    else
        sim_invalid(a, c->errors);
    return fine;
}

void sim_check_push(struct sim_check *c, const char *key)
{
    json_object_array_add(c->at, json_object_new_string(key));
}

void sim_check_push_index(struct sim_check *c, size_t i)
{
    json_object_array_add(c->at, json_object_new_int64((int64_t)i));
}

void sim_check_pop(struct sim_check *c)
{
    json_object_array_del_idx(c->at, json_object_array_length(c->at) - 1, 1);
}

void sim_check_fail(struct sim_check *c, const char *type, const char *message,
                    json_object *input, json_object *context)
{
    json_object *o = json_object_new_object();

    json_set_str(o, "type", type);
    json_set(o, "loc", json_copy(c->at));
    json_set_str(o, "msg", message);
    json_set(o, "input", json_copy(input));
    if (context != NULL)
        json_set(o, "ctx", context);
    json_object_array_add(c->errors, o);
}

bool sim_check_body(struct sim_check *c, const struct sim_request *q)
{
    json_object *nothing;

    if (!q->parsed && q->raw.len > 0) {
        nothing = json_object_new_object();
        sim_check_push_index(c, 0);
        sim_check_fail(c, "json_invalid", "JSON decode error", nothing,
                       json_tokener_parse("{\"error\":\"Expecting value\"}"));
        sim_check_pop(c);
        json_object_put(nothing);
        return false;
    }
    if (q->body == NULL) {
        sim_check_fail(c, "missing", "Field required", NULL, NULL);
        return false;
    }
    if (!json_object_is_type(q->body, json_type_object)) {
        sim_check_fail(c, "model_attributes_type", "Input should be a valid "
                       "dictionary or object to extract fields from", q->body,
                       NULL);
        return false;
    }
    return true;
}

/* --- members ------------------------------------------------------------- */

/* In the words of the reader that Orcheo uses. first: the number of the first
 * character. */
static char *uuid_error(const char *text, size_t first)
{
    unsigned dashes = 0;
    size_t i, n = strlen(text);

    for (i = 0; i < n; i++) {
        if (text[i] == '-')
            dashes++;
        else if (!isxdigit((unsigned char)text[i]))
            return xasprintf("invalid character: found `%c` at %zu", text[i],
                             i + first);
    }
    if (dashes == 0)
        return xasprintf("invalid length: expected length 32 for simple "
                         "format, found %zu", n);
    if (dashes != 4)
        return xasprintf("invalid group count: expected 5, found %u",
                         dashes + 1);
    return xasprintf("invalid group length");
}

static void check_uuid(struct sim_check *c, json_object *value)
{
    const char *text = json_object_get_string(value);
    TT_AUTO_FREE char *why = NULL, *message = NULL;
    json_object *context;

    if (sim_is_uuid(text))
        return;
    why = uuid_error(text, c->first);
    message = xasprintf("Input should be a valid UUID, %s", why);
    context = json_object_new_object();
    json_set_str(context, "error", why);
    sim_check_fail(c, "uuid_parsing", message, value, context);
}

static const struct {
    enum json_type type;
    const char *code, *message;
} wants[] = {
    [SIM_STRING] = { json_type_string, "string_type",
                     "Input should be a valid string" },
    [SIM_OBJECT] = { json_type_object, "dict_type",
                     "Input should be a valid dictionary" },
    [SIM_ARRAY] = { json_type_array, "list_type",
                    "Input should be a valid list" },
    [SIM_INTEGER] = { json_type_int, "int_type",
                      "Input should be a valid integer" },
    [SIM_UUID_TEXT] = { json_type_string, "uuid_type",
                        "UUID input should be a string, bytes or UUID object" },
};

json_object *sim_check_get(struct sim_check *c, json_object *o, const char *key,
                           enum sim_want want, bool required)
{
    json_object *value = NULL;
    bool there = json_object_object_get_ex(o, key, &value);

    if (!required && value == NULL)
        return NULL;
    sim_check_push(c, key);
    if (!there) {
        sim_check_fail(c, "missing", "Field required", o, NULL);
    } else if (!json_object_is_type(value, wants[want].type)) {
        sim_check_fail(c, wants[want].code, wants[want].message, value, NULL);
        value = NULL;
    } else if (want == SIM_UUID_TEXT) {
        check_uuid(c, value);
    }
    sim_check_pop(c);
    return value;
}

void sim_check_only(struct sim_check *c, json_object *o,
                    const char *const *known)
{
    json_object_object_foreach(o, key, value) {
        const char *const *k = known;

        while (*k != NULL && strcmp(*k, key) != 0)
            k++;
        if (*k != NULL)
            continue;
        sim_check_push(c, key);
        sim_check_fail(c, "extra_forbidden", "Extra inputs are not permitted",
                       value, NULL);
        sim_check_pop(c);
    }
}

static void check_at_most(struct sim_check *c, json_object *o, const char *key,
                          int64_t most)
{
    json_object *value = sim_check_get(c, o, key, SIM_INTEGER, false);
    TT_AUTO_FREE char *message = NULL;
    json_object *context;
    int64_t n = json_object_get_int64(value);

    if (value == NULL || (n >= 1 && n <= most))
        return;
    message = xasprintf("Input should be %s than or equal to %lld",
                        n < 1 ? "greater" : "less",
                        (long long)(n < 1 ? 1 : most));
    context = json_object_new_object();
    json_set_int(context, n < 1 ? "ge" : "le", n < 1 ? 1 : most);
    sim_check_push(c, key);
    sim_check_fail(c, n < 1 ? "greater_than_equal" : "less_than_equal", message,
                   value, context);
    sim_check_pop(c);
}

static void check_prompts(struct sim_check *c, json_object *config)
{
    json_object *prompts = sim_check_get(c, config, "prompts", SIM_OBJECT,
                                         false);

    if (prompts == NULL)
        return;
    sim_check_push(c, "prompts");
    json_object_object_foreach(prompts, name, prompt) {
        sim_check_push(c, name);
        if (!json_object_is_type(prompt, json_type_object))
            sim_check_fail(c, "model_type", "Input should be a valid "
                           "dictionary or instance of TrainablePrompt", prompt,
                           json_tokener_parse(
                               "{\"class_name\":\"TrainablePrompt\"}"));
        else
            sim_check_get(c, prompt, "text", SIM_STRING, true);
        sim_check_pop(c);
    }
    sim_check_pop(c);
}

void sim_check_config(struct sim_check *c, json_object *o, const char *key)
{
    static const char *const known[] = {
        "configurable", "tags", "metadata", "callbacks", "run_name",
        "recursion_limit", "max_concurrency", "prompts", NULL,
    };
    json_object *config = sim_check_get(c, o, key, SIM_OBJECT, false);

    if (config == NULL)
        return;
    sim_check_push(c, key);
    sim_check_get(c, config, "configurable", SIM_OBJECT, false);
    sim_check_get(c, config, "tags", SIM_ARRAY, false);
    sim_check_get(c, config, "metadata", SIM_OBJECT, false);
    sim_check_get(c, config, "callbacks", SIM_ARRAY, false);
    sim_check_get(c, config, "run_name", SIM_STRING, false);
    check_at_most(c, config, "recursion_limit", 250);
    check_at_most(c, config, "max_concurrency", 32);
    check_prompts(c, config);
    sim_check_only(c, config, known);
    sim_check_pop(c);
}

bool sim_check_path_uuid(const struct sim *s, const char *text,
                         const char *name, struct sim_reply *a)
{
    struct sim_check c;
    json_object *value;

    if (sim_is_uuid(text))
        return true;
    sim_check_init(&c, s);
    json_object_array_put_idx(c.at, 0, json_object_new_string("path"));
    sim_check_push(&c, name);
    value = json_object_new_string(text);
    check_uuid(&c, value);
    json_object_put(value);
    return sim_check_fini(&c, a);
}
