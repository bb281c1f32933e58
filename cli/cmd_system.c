/* SPDX-License-Identifier: MIT
 *
 * cmd_system.c - `trimtab audit|doctor`. */
#include "config.h"

#include "cli.h"

#include <stdlib.h>
#include <string.h>

int cmd_audit(struct cli *c, int argc, char **argv)
{
    static const char *const known[] = { "after=", "limit=", NULL };
    static const struct column columns[] = {
        { "#", "seq" }, { "AT", "ts" }, { "ACTOR", "actor" },
        { "ACTION", "action" }, { "OBJECT", "object" }, { "DETAIL", "detail" },
    };
    const char *after, *limit;
    struct args a;
    struct reply r;
    char *path;
    int code = args_parse(&a, argc, argv, known);

    if (code != 0)
        return code;
    after = args_get(&a, "after");
    limit = args_get(&a, "limit");
    path = client_path("/api/audit?after=%s&limit=%s", after ? after : "0",
                       limit ? limit : "50");
    code = client_call(c, "GET", path, NULL, &r);
    if (code == 0 && c->json)
        print_json(r.body);
    else if (code == 0)
        print_table(list_items(r.body), columns, 6);
    reply_fini(&r);
    free(path);
    free(a.value);
    return code;
}

/* One line a check; what is wrong comes with its mend. */
static bool print_checks(json_object *checks)
{
    size_t n = checks != NULL ? json_object_array_length(checks) : 0, i;
    const char *status, *mend;
    bool good = n > 0;
    json_object *o;

    for (i = 0; i < n; i++) {
        o = json_object_array_get_idx(checks, i);
        status = json_text(o, "status", "?");
        mend = json_text(o, "mend", NULL);
        good = good && strcmp(status, "fail") != 0;
        printf("%-4s  %-14s %s\n", status, json_text(o, "name", "?"),
               json_text(o, "message", ""));
        if (strcmp(status, "ok") != 0 && mend != NULL && mend[0] != '\0')
            printf("      mend: %s\n", mend);
    }
    return good;
}

int cmd_doctor(struct cli *c, int argc, char **argv)
{
    static const char *const known[] = { "workflow=", "node=", NULL };
    json_object *body = json_object_new_object(), *connection, *target;
    const char *workflow, *node;
    struct args a;
    struct reply r = { 0 };
    char why[200];
    int code = args_parse(&a, argc, argv, known);

    if (code != 0)
        return code;
    workflow = args_get(&a, "workflow");
    node = args_get(&a, "node");
    connection = orcheo_connection(c->profile, why, sizeof why);
    if (connection == NULL) {
        fprintf(stderr, "trimtab: %s\n", why);
        code = CLI_USAGE;
    } else {
        if (json_object_object_length(connection) > 0)
            json_object_object_add(body, "connection",
                                   json_object_get(connection));
        if (workflow != NULL && node != NULL) {
            target = json_object_new_object();
            json_object_object_add(target, "workflow",
                                   json_object_new_string(workflow));
            json_object_object_add(target, "node", json_object_new_string(node));
            json_object_object_add(body, "target", target);
        }
        code = client_call(c, "POST", "/api/doctor", body, &r);
    }
    if (code == 0 && c->json)
        print_json(r.body);
    if (code == 0 && !c->json && !print_checks(json_at(r.body, "checks")))
        code = CLI_FAILED;
    reply_fini(&r);
    json_object_put(connection);
    json_object_put(body);
    free(a.value);
    return code;
}
