/* SPDX-License-Identifier: MIT
 *
 * cmd_optimize.c - `trimtab optimize WORKFLOW NODE...`: start a run, watch it. */
#include "config.h"

#include "cli.h"

#include <stdlib.h>
#include <string.h>

static const char usage_text[] =
    "optimize WORKFLOW NODE... [--optimizer ID] [--iterations N] [--time S]\n"
    "         [--metric NAME] [--direction maximize|minimize] [--seed N]\n"
    "         [--dataset NAME] [--promote manual|auto] [--max-in-flight N]\n"
    "         [--request FILE] [--detach]";

static void add_text(json_object *o, const char *key, const char *value)
{
    if (value != NULL)
        json_object_object_add(o, key, json_object_new_string(value));
}

static void add_number(json_object *o, const char *key, const char *value)
{
    if (value != NULL)
        json_object_object_add(o, key,
                               json_object_new_int64(strtoll(value, NULL, 10)));
}

static json_object *child(json_object *o, const char *key)
{
    json_object *c = json_at(o, key);

    if (c == NULL) {
        c = json_object_new_object();
        json_object_object_add(o, key, c);
    }
    return c;
}

/* The request: what --request holds, with the options over it. */
static json_object *request(const struct args *a)
{
    const char *file = args_get(a, "request");
    json_object *o = file != NULL ? read_json_file(file)
                                  : json_object_new_object();
    json_object *nodes;
    int i;

    if (o == NULL)
        return NULL;
    if (a->n > 1) {
        nodes = json_object_new_array();
        for (i = 1; i < a->n; i++)
            json_object_array_add(nodes, json_object_new_string(a->value[i]));
        json_object_object_add(o, "node_ids", nodes);
    }
    if (json_at(o, "optimizer") == NULL)
        add_text(o, "optimizer", "bayesian");
    add_text(o, "optimizer", args_get(a, "optimizer"));
    if (args_has(a, "metric") || args_has(a, "direction")) {
        add_text(child(o, "objective"), "metric", args_get(a, "metric"));
        add_text(child(o, "objective"), "direction",
                 args_has(a, "direction") ? args_get(a, "direction")
                                          : "maximize");
    }
    add_number(child(o, "limits"), "iterations", args_get(a, "iterations"));
    add_number(child(o, "limits"), "time_seconds", args_get(a, "time"));
    add_number(o, "seed", args_get(a, "seed"));
    add_text(o, "dataset", args_get(a, "dataset"));
    add_text(o, "promote", args_get(a, "promote"));
    add_number(o, "max_in_flight", args_get(a, "max-in-flight"));
    return o;
}

int cmd_optimize(struct cli *c, int argc, char **argv)
{
    static const char *const known[] = {
        "optimizer=", "iterations=", "time=", "metric=", "direction=", "seed=",
        "dataset=", "promote=", "max-in-flight=", "request=", "detach", NULL,
    };
    json_object *body = NULL;
    struct args a;
    struct reply r = { 0 };
    char *path = NULL, run[80] = "";
    int code = args_parse(&a, argc, argv, known);

    if (code != 0)
        return code;
    if (a.n < 1 || (a.n < 2 && !args_has(&a, "request"))) {
        free(a.value);
        return usage_error(usage_text);
    }
    body = request(&a);
    path = client_path("/api/workflows/%s/optimize", a.value[0]);
    code = body == NULL ? CLI_USAGE : client_call(c, "POST", path, body, &r);
    if (code == 0) {
        snprintf(run, sizeof run, "%s", json_text(r.body, "run_id", ""));
        if (c->json && args_has(&a, "detach"))
            print_json(r.body);
        else if (!c->json)
            printf("%s: started\n", run);
    }
    reply_fini(&r);
    json_object_put(body);
    free(path);
    if (code == 0 && !args_has(&a, "detach"))
        code = watch_run(c, run);
    free(a.value);
    return code;
}
