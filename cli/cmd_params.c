/* SPDX-License-Identifier: MIT
 *
 * cmd_params.c - `trimtab params ...`: versions, and which one is active. */
#include "config.h"

#include "cli.h"

#include <stdlib.h>
#include <string.h>

static int get(struct cli *c, char *path, bool as_text)
{
    struct reply r;
    int code = client_call(c, "GET", path, NULL, &r);

    if (code == 0 && as_text && !c->json)
        fputs(json_text(r.body, "text", ""), stdout);
    else if (code == 0 && c->json)
        print_json(r.body);
    else if (code == 0)
        print_object(r.body, 0);
    reply_fini(&r);
    free(path);
    return code;
}

static int versions(struct cli *c, const struct args *a)
{
    static const struct column columns[] = {
        { "VERSION", "version" },
        { "ACTIVE", "active" },
        { "OPTIMIZER", "metadata.optimizer" },
        { "RUN", "metadata.run_id" },
        { "CREATED", "metadata.created_at" },
        { "PARAMETERS", "parameters" },
    };

    return show_answer(c, client_path("/api/workflows/%s/parameters/%s/versions",
                                      a->value[0], a->value[1]), columns, 6);
}

static int history(struct cli *c, const struct args *a)
{
    static const struct column columns[] = {
        { "GENERATION", "generation" }, { "AT", "at" }, { "FROM", "from" },
        { "TO", "to" }, { "ACTOR", "actor" }, { "REASON", "reason" },
    };

    return show_answer(c, client_path("/api/workflows/%s/parameters/%s/history",
                                      a->value[0], a->value[1]), columns, 6);
}

/* Show what would change, and ask. */
static bool confirm(struct cli *c, const char *what)
{
    char answer[8];

    if (c->yes || c->json)
        return true;
    fprintf(stderr, "%s? [y/N] ", what);
    return fgets(answer, sizeof answer, stdin) != NULL && answer[0] == 'y';
}

static int move(struct cli *c, const struct args *a, const char *verb)
{
    const char *version = args_get(a, "version"), *to = args_get(a, "to");
    const char *expect = args_get(a, "expect"), *env = args_get(a, "env");
    const char *reason = args_get(a, "reason");
    json_object *body = json_object_new_object();
    char *path, question[300];
    struct reply r;
    int code;

    if (a->n > 2)
        version = to = a->value[2];
    if (reason == NULL || (strcmp(verb, "promote") == 0 && version == NULL)) {
        json_object_put(body);
        return usage_error("params promote WORKFLOW NODE VERSION --reason TEXT "
                           "[--expect VERSION] [--env NAME]\n"
                           "       params rollback WORKFLOW NODE [VERSION] "
                           "--reason TEXT");
    }
    json_object_object_add(body, "reason", json_object_new_string(reason));
    if (strcmp(verb, "promote") == 0)
        json_object_object_add(body, "version", json_object_new_string(version));
    else if (to != NULL)
        json_object_object_add(body, "to_version", json_object_new_string(to));
    if (expect != NULL)
        json_object_object_add(body, "expected_version",
                               json_object_new_string(expect));
    if (env != NULL)
        json_object_object_add(body, "environment", json_object_new_string(env));
    snprintf(question, sizeof question, "%s %s/%s %s", verb, a->value[0],
             a->value[1], version != NULL ? version : "");
    if (!confirm(c, question)) {
        json_object_put(body);
        return CLI_FAILED;
    }
    path = client_path("/api/workflows/%s/parameters/%s/%s", a->value[0],
                       a->value[1], verb);
    code = client_call(c, "POST", path, body, &r);
    if (code == 0 && c->json)
        print_json(r.body);
    else if (code == 0)
        printf("%s: active version is now %s\n", json_text(r.body, "status", ""),
               json_text(r.body, "active_version", "?"));
    reply_fini(&r);
    json_object_put(body);
    free(path);
    return code;
}

static int backfill(struct cli *c, const struct args *a)
{
    char *path = client_path("/api/workflows/%s/parameters/%s/backfill",
                             a->value[0], a->value[1]);
    struct reply r;
    int code = client_call(c, "POST", path, NULL, &r);

    if (code == 0 && c->json)
        print_json(r.body);
    else if (code == 0)
        print_object(r.body, 0);
    reply_fini(&r);
    free(path);
    return code;
}

static int diff(struct cli *c, const struct args *a)
{
    const char *from = a->n > 2 ? a->value[2] : args_get(a, "from");
    const char *to = a->n > 3 ? a->value[3] : args_get(a, "to");

    return get(c, client_path("/api/workflows/%s/parameters/%s/diff?from=%s"
                              "&to=%s", a->value[0], a->value[1],
                              from ? from : "", to ? to : ""), true);
}

int cmd_params(struct cli *c, int argc, char **argv)
{
    static const char *const known[] = { "reason=", "version=", "to=", "from=",
                                         "expect=", "env=", NULL };
    const char *verb = argv[0], *env;
    struct args a;
    int code = args_parse(&a, argc, argv, known);

    if (code != 0)
        return code;
    env = args_get(&a, "env");
    if (a.n < 2)
        code = usage_error("params get|versions|show|diff|history|promote|"
                           "rollback|backfill WORKFLOW NODE ...");
    else if (strcmp(verb, "get") == 0)
        code = get(c, env == NULL
                          ? client_path("/api/workflows/%s/parameters/%s",
                                        a.value[0], a.value[1])
                          : client_path("/api/workflows/%s/parameters/%s"
                                        "?env=%s", a.value[0], a.value[1], env),
                   false);
    else if (strcmp(verb, "versions") == 0 || strcmp(verb, "list") == 0)
        code = versions(c, &a);
    else if (strcmp(verb, "show") == 0 && a.n == 3)
        code = get(c, client_path("/api/workflows/%s/parameters/%s/versions/%s",
                                  a.value[0], a.value[1], a.value[2]), false);
    else if (strcmp(verb, "diff") == 0)
        code = diff(c, &a);
    else if (strcmp(verb, "history") == 0)
        code = history(c, &a);
    else if (strcmp(verb, "promote") == 0 || strcmp(verb, "rollback") == 0)
        code = move(c, &a, verb);
    else if (strcmp(verb, "backfill") == 0)
        code = backfill(c, &a);
    else
        code = usage_error("params: no such verb, or an argument is missing");
    free(a.value);
    return code;
}
