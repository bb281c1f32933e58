/* SPDX-License-Identifier: MIT
 *
 * cmd_target.c - `trimtab target ...` and `trimtab dataset ...`: documents in
 * and out. */
#include "config.h"

#include "cli.h"

#include <stdlib.h>
#include <string.h>

json_object *read_json_file(const char *path)
{
    json_object *o = strcmp(path, "-") == 0 ? json_object_from_fd(0)
                                            : json_object_from_file(path);

    if (o != NULL && json_object_is_type(o, json_type_object))
        return o;
    fprintf(stderr, "trimtab: %s: not a file with a JSON object: %s\n", path,
            o == NULL ? json_util_get_last_err() : "another type");
    json_object_put(o);
    return NULL;
}

/* GET path and show it, or a table of what is there. */
static int fetch(struct cli *c, char *path, const struct column *columns,
                 size_t n)
{
    struct reply r;
    int code = client_call(c, "GET", path, NULL, &r);

    if (code == 0 && (c->json || columns == NULL))
        print_json(r.body);
    else if (code == 0)
        print_table(list_items(r.body), columns, n);
    reply_fini(&r);
    free(path);
    return code;
}

static int send_file(struct cli *c, const char *method, char *path,
                     const char *file)
{
    json_object *body = read_json_file(file);
    struct reply r = { 0 };
    int code = CLI_USAGE;

    if (body != NULL)
        code = client_call(c, method, path, body, &r);
    if (code == 0 && c->json)
        print_json(r.body);
    else if (code == 0)
        printf("stored\n");
    reply_fini(&r);
    json_object_put(body);
    free(path);
    return code;
}

static int drop(struct cli *c, char *path)
{
    struct reply r;
    int code = client_call(c, "DELETE", path, NULL, &r);

    if (code == 0 && !c->json)
        printf("deleted\n");
    reply_fini(&r);
    free(path);
    return code;
}

/* The workflow itself knows its parameters; write down what it says. */
static int draft(struct cli *c, const struct args *a)
{
    char *path = client_path("/api/workflows/%s/targets/%s/draft", a->value[0],
                             a->value[1]);
    json_object *body = json_object_new_object(), *connection;
    char why[200];
    struct reply r = { 0 };
    int code = CLI_USAGE;

    connection = orcheo_connection(c->profile, why, sizeof why);
    if (connection == NULL) {
        fprintf(stderr, "trimtab: %s\n", why);
    } else {
        if (json_object_object_length(connection) > 0)
            json_object_object_add(body, "connection",
                                   json_object_get(connection));
        code = client_call(c, "POST", path, body, &r);
    }
    if (code == 0)
        print_json(r.body);
    reply_fini(&r);
    json_object_put(connection);
    json_object_put(body);
    free(path);
    return code;
}

int cmd_target(struct cli *c, int argc, char **argv)
{
    static const char *const known[] = { NULL };
    static const struct column columns[] = {
        { "NODE", "node_id" }, { "METRIC", "objective.metric" },
        { "DATASET", "dataset" }, { "ADAPTER", "adapter.plugin" },
        { "DELIVERY", "delivery.mode" }, { "PARAMETERS", "parameter_names" },
    };
    const char *verb = argv[0];
    struct args a;
    int code = args_parse(&a, argc, argv, known);

    if (code != 0)
        return code;
    if (strcmp(verb, "list") == 0 && a.n == 1)
        code = fetch(c, client_path("/api/workflows/%s/targets", a.value[0]),
                     columns, 6);
    else if (strcmp(verb, "show") == 0 && a.n == 2)
        code = fetch(c, client_path("/api/workflows/%s/targets/%s", a.value[0],
                                    a.value[1]), NULL, 0);
    else if (strcmp(verb, "put") == 0 && a.n == 3)
        code = send_file(c, "PUT", client_path("/api/workflows/%s/targets/%s",
                                               a.value[0], a.value[1]),
                         a.value[2]);
    else if (strcmp(verb, "delete") == 0 && a.n == 2)
        code = drop(c, client_path("/api/workflows/%s/targets/%s", a.value[0],
                                   a.value[1]));
    else if (strcmp(verb, "draft") == 0 && a.n == 2)
        code = draft(c, &a);
    else
        code = usage_error("target list WORKFLOW | show|delete|draft WORKFLOW "
                           "NODE | put WORKFLOW NODE FILE");
    free(a.value);
    return code;
}

int cmd_dataset(struct cli *c, int argc, char **argv)
{
    static const char *const known[] = { "version=", NULL };
    static const struct column columns[] = {
        { "NAME", "name" }, { "VERSION", "version" },
        { "TRAIN", "counts.train" }, { "VALIDATION", "counts.validation" },
        { "HOLDOUT", "counts.holdout" }, { "CREATED", "created_at" },
    };
    const char *verb = argv[0], *version;
    struct args a;
    int code = args_parse(&a, argc, argv, known);

    if (code != 0)
        return code;
    version = args_get(&a, "version");
    if (strcmp(verb, "list") == 0 && a.n == 1)
        code = fetch(c, client_path("/api/workflows/%s/datasets", a.value[0]),
                     columns, 6);
    else if (strcmp(verb, "show") == 0 && a.n == 2)
        code = fetch(c, client_path("/api/workflows/%s/datasets/%s?version=%s",
                                    a.value[0], a.value[1],
                                    version ? version : "latest"), NULL, 0);
    else if (strcmp(verb, "put") == 0 && a.n == 3)
        code = send_file(c, "PUT", client_path("/api/workflows/%s/datasets/%s",
                                               a.value[0], a.value[1]),
                         a.value[2]);
    else
        code = usage_error("dataset list WORKFLOW | show WORKFLOW NAME "
                           "[--version N] | put WORKFLOW NAME FILE");
    free(a.value);
    return code;
}
