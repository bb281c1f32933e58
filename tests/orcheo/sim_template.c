/* SPDX-License-Identifier: MIT
 *
 * sim_template.c - a script's text: what it gives its nodes, and where the
 * templates in that point to. */
#include <stdio.h>
#include <string.h>

#include "tests/orcheo/sim_model.h"

/* What stands between before and the next '"'; NULL when absent. */
char *sim_quoted(const char *source, const char *before)
{
    const char *at = strstr(source, before), *end;

    if (at == NULL)
        return NULL;
    at += strlen(before);
    end = strchr(at, '"');
    return end != NULL ? xstrndup(at, (size_t)(end - at)) : NULL;
}

/* The template of a field of the answer node. The class body gives the field
 * a default that is no template, so look for the braces. */
char *sim_field(const struct sim_state *st, const char *name,
                   const char *otherwise)
{
    TT_AUTO_FREE char *before = xasprintf("%s=\"{{", name);
    TT_AUTO_FREE char *inside = sim_quoted(st->job->source, before);

    return inside != NULL ? xasprintf("{{%s", inside) : xstrdup(otherwise);
}

/* The value of exactly one {{a.b.c}}, borrowed; NULL with *found false. */
static json_object *resolve(const struct sim_state *st, const char *text,
                            bool *found)
{
    char path[256], *save = NULL, *part;
    size_t n = strlen(text);
    json_object *at = NULL;

    *found = false;
    if (n < 5 || n >= sizeof path || strncmp(text, "{{", 2) != 0 ||
        strcmp(text + n - 2, "}}") != 0)
        return NULL;
    memcpy(path, text + 2, n - 4);
    path[n - 4] = '\0';
    part = strtok_r(path, ".", &save);
    if (part == NULL)
        return NULL;
    if (strcmp(part, "config") == 0)
        at = st->job->config;
    else if (strcmp(part, "inputs") == 0)
        at = st->job->inputs;
    else if (strcmp(part, st->job->old ? "results" : "node_results") == 0)
        at = st->out->results;
    else if (!json_object_object_get_ex(st->out->results, part, &at))
        return NULL;
    while ((part = strtok_r(NULL, ".", &save)) != NULL) {
        if (!json_object_is_type(at, json_type_object) ||
            !json_object_object_get_ex(at, part, &at))
            return NULL;
    }
    *found = true;
    return at;
}

/* The decoded field: a copy of its value, else its text. A value that is
 * exactly [[name]] is a secret, and there are none here. */
json_object *sim_decode(struct sim_state *st, const char *text)
{
    bool found;
    json_object *value = resolve(st, text, &found);
    const char *s;
    size_t n;

    if (!found)
        return json_object_new_string(text);
    s = json_object_is_type(value, json_type_string)
            ? json_object_get_string(value) : "";
    n = strlen(s);
    if (n > 4 && strncmp(s, "[[", 2) == 0 && strcmp(s + n - 2, "]]") == 0 &&
        st->out->error == NULL)
        st->out->error = xasprintf("Credential '%.*s' was not found",
                                   (int)(n - 4), s + 2);
    return json_copy(value);
}

/* The text to put where it is asked for; literal when it has no value. */
char *sim_decode_text(struct sim_state *st, const char *text)
{
    json_object *value = sim_decode(st, text);
    char *out = sim_python_str(value);

    json_object_put(value);
    return out;
}

void sim_step(struct sim_state *st, const char *node, json_object *result)
{
    json_set(st->out->results, node, result);
    json_object_array_add(st->out->order, json_object_new_string(node));
}

void sim_fail(struct sim_state *st, char *error)
{
    free(st->out->error);
    st->out->error = error;
}

bool sim_truthy(json_object *v)
{
    switch (json_object_get_type(v)) {
    case json_type_null:
        return false;
    case json_type_object:
        return json_object_object_length(v) > 0;
    case json_type_array:
        return json_object_array_length(v) > 0;
    default:
        return json_object_get_boolean(v) != 0;
    }
}
