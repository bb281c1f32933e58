/* SPDX-License-Identifier: MIT
 *
 * params.c - candidates as JSON, and where they stand in a runnable_config. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "orcheo.h"

/* Choices reach a plugin as text: they are numbers when all of them are. */
static bool choices_are_numbers(const struct tt_param *p)
{
    char text[64], *end;
    uint64_t i;

    for (i = 0; i < p->n_choices; i++) {
        if (p->choices[i].n == 0 || p->choices[i].n >= sizeof text)
            return false;
        memcpy(text, p->choices[i].p, (size_t)p->choices[i].n);
        text[p->choices[i].n] = '\0';
        if (!isfinite(strtod(text, &end)) || *end != '\0' ||
            strchr("-0123456789", text[0]) == NULL ||
            strpbrk(text, "xX") != NULL)
            return false;
    }
    return p->n_choices > 0;
}

static json_object *value_json(const struct tt_param *p, double number,
                               struct tt_str text)
{
    char copy[64];
    uint64_t i;

    switch (p->kind) {
    case TT_FLOAT:
        return js_number(number);
    case TT_INT:
        return json_object_new_int64((int64_t)number);
    case TT_BOOL:
        return json_object_new_boolean(number > 0.5);
    case TT_CATEGORICAL:
    case TT_ORDINAL:
        i = number >= 0 ? (uint64_t)number : 0;
        if (i >= p->n_choices)
            return NULL;
        text = p->choices[i];
        if (choices_are_numbers(p)) {
            memcpy(copy, text.p, (size_t)text.n);
            copy[text.n] = '\0';
            return strpbrk(copy, ".eE") == NULL
                       ? json_object_new_int64(strtoll(copy, NULL, 10))
                       : js_number(strtod(copy, NULL));
        }
        break;
    default:
        break;
    }
    return json_object_new_string_len(text.n > 0 ? text.p : "", (int)text.n);
}

static void add_value(json_object *nodes, struct tt_str name,
                      json_object *value)
{
    char node[256], parameter[256];
    const char *dot = memchr(name.p, '.', (size_t)name.n);
    size_t n = dot != NULL ? (size_t)(dot - name.p) : 0;
    json_object *o;

    snprintf(node, sizeof node, "%.*s", (int)n, name.p);
    snprintf(parameter, sizeof parameter, "%.*s", (int)(name.n - n - 1),
             name.p + n + 1);
    o = js_get(nodes, node);
    if (o == NULL) {
        o = json_object_new_object();
        json_object_object_add(nodes, node, o);
    }
    json_object_object_add(o, parameter, value);
}

json_object *candidate_json(const struct tt_space *space,
                            const struct tt_candidate *c)
{
    json_object *nodes = json_object_new_object();
    const struct tt_value *v;
    uint64_t i;

    for (i = 0; i < space->n_params && i < c->n_values; i++) {
        v = tt_candidate_value(c, i);
        if ((v->flags & TT_VALUE_INACTIVE) == 0)
            add_value(nodes, tt_space_param(space, i)->name,
                      value_json(tt_space_param(space, i), v->number,
                                 v->text));
    }
    return nodes;
}

json_object *defaults_json(const struct tt_space *space)
{
    json_object *nodes = json_object_new_object();
    const struct tt_param *p;
    uint64_t i;

    for (i = 0; space != NULL && i < space->n_params; i++) {
        p = tt_space_param(space, i);
        add_value(nodes, p->name,
                  value_json(p, p->default_number, p->default_text));
    }
    return nodes;
}

/* --- where parameters stand in a runnable_config -------------------------- */

void parameter_path(json_object *paths, const char *node, const char *name,
                    char *out, size_t n)
{
    char full[520];
    const char *path;

    snprintf(full, sizeof full, "%s.%s", node, name);
    path = js_str(paths, full);
    if (path[0] != '\0')
        snprintf(out, n, "%s", path);
    else
        snprintf(out, n, "configurable.%s", full);
}

int config_put(json_object *config, json_object *paths,
               json_object *parameters)
{
    char path[540];

    json_object_object_foreach(parameters, node, values) {
        json_object_object_foreach(values, name, value) {
            parameter_path(paths, node, name, path, sizeof path);
            if (js_set_at(config, path, js_copy(value)) != 0)
                return TT_ENOMEM;
        }
    }
    return 0;
}

bool config_holds(json_object *config, json_object *paths,
                  json_object *parameters)
{
    char path[540];

    json_object_object_foreach(parameters, node, values) {
        json_object_object_foreach(values, name, value) {
            parameter_path(paths, node, name, path, sizeof path);
            if (!js_equal(js_at(config, path), value))
                return false;
        }
    }
    return true;
}
