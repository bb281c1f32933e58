/* SPDX-License-Identifier: MIT
 *
 * cmd_plugin.c - `trimtab plugin`: what the daemon has, and which version runs
 * get. What works on plugin files is done by trimtab-plugin. */
#include "config.h"

#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char usage_text[] =
    "plugin list | show NAME | retire ID@VERSION | default ID@VERSION\n"
    "       trimtab plugin add FILE.so|FOLDER [--default]\n"
    "       trimtab plugin canary ID@VERSION --percent P [--runs N] "
    "[--max-failed M]\n"
    "       trimtab plugin uncanary ID\n"
    "       trimtab plugin pin ID@VERSION --workflow W\n"
    "       trimtab plugin unpin ID --workflow W\n"
    "       trimtab plugin release ID@VERSION\n"
    "       trimtab plugin new|check|run ... (trimtab plugin run --help)\n"
    "A version may also be named by sha256:HASH.";

static int list(struct cli *c)
{
    static const struct column columns[] = {
        { "ID", "id" },       { "VERSION", "version" }, { "KIND", "kind" },
        { "HASH", "hash" },   { "STATE", "state" },
        { "SIGNATURE", "signature.state" },             { "SUMMARY", "summary" },
    };

    return show_answer(c, client_path("/api/plugins"), columns, 7);
}

/* A request whose answer is shown as it is. path is taken. */
static int change(struct cli *c, const char *method, char *path,
                  json_object *body)
{
    struct reply r;
    int code = client_call(c, method, path, body, &r);

    if (code == 0 && c->json)
        print_json(r.body);
    else if (code == 0 && r.body != NULL)
        print_object(r.body, 0);
    reply_fini(&r);
    json_object_put(body);
    free(path);
    return code;
}

/* --- add ------------------------------------------------------------------ */

/* All that failed; the problem's text has room for the first ones alone. */
static void print_failures(json_object *checks)
{
    size_t n = checks != NULL ? json_object_array_length(checks) : 0, i;

    for (i = 0; i < n; i++) {
        json_object *o = json_object_array_get_idx(checks, i);

        fprintf(stderr, "  %-5s %-4s %s: %s\n             mend: %s\n",
                json_text(o, "status", "fail"), json_text(o, "id", "?"),
                json_text(o, "title", ""), json_text(o, "message", ""),
                json_text(o, "mend", "-"));
    }
}

static int add(struct cli *c, const char *path, bool as_default)
{
    json_object *body = plugin_files(path);
    struct reply r;
    int code;

    if (body == NULL)
        return CLI_USAGE;
    code = client_call(c, "POST", "/api/plugins", body, &r);
    json_object_put(body);
    if (code == 0 && c->json && !as_default)
        print_json(r.body);
    else if (code == 0 && !c->json)
        printf("%s@%s is %s: %s\n", json_text(r.body, "id", "?"),
               json_text(r.body, "version", "?"),
               json_text(r.body, "state", "?"),
               json_text(r.body, "hash", "?"));
    else if (code != 0 && !c->json)
        print_failures(json_at(r.body, "checks"));
    if (code == 0 && as_default)
        code = change(c, "POST",
                      client_path("/api/plugins/%s/default",
                                  json_text(r.body, "hash", "?")), NULL);
    reply_fini(&r);
    return code;
}

/* --- releases ------------------------------------------------------------- */

/* A number of the command line into the body, where it was said. */
static bool put_number(json_object *body, const struct args *a,
                       const char *name, const char *key)
{
    const char *text = args_get(a, name);
    char *end;
    long v;

    if (text == NULL)
        return true;
    errno = 0;
    v = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0') {
        fprintf(stderr, "trimtab: --%s: must be a number\n", name);
        return false;
    }
    json_object_object_add(body, key, json_object_new_int64(v));
    return true;
}

static int canary(struct cli *c, const char *name, const struct args *a)
{
    json_object *body = json_object_new_object();

    if (args_get(a, "percent") == NULL ||
        !put_number(body, a, "percent", "percent") ||
        !put_number(body, a, "runs", "runs") ||
        !put_number(body, a, "max-failed", "max_failed")) {
        json_object_put(body);
        return usage_error("plugin canary ID@VERSION --percent P [--runs N] "
                           "[--max-failed M]");
    }
    return change(c, "POST", client_path("/api/plugins/%s/canary", name), body);
}

static int pin(struct cli *c, bool on, const char *name, const struct args *a)
{
    json_object *body;
    char *path;

    if (args_get(a, "workflow") == NULL)
        return usage_error("plugin pin ID@VERSION --workflow W | unpin ID "
                           "--workflow W");
    body = json_object_new_object();
    json_object_object_add(body, "workflow",
                           json_object_new_string(args_get(a, "workflow")));
    path = on ? client_path("/api/plugins/%s/pin", name)
              : client_path("/api/plugins/%s/unpin", name);
    return change(c, "POST", path, body);
}

static int one(struct cli *c, const char *verb, const char *name,
               const struct args *a)
{
    if (strcmp(verb, "show") == 0)
        return show_answer(c, client_path("/api/plugins/%s", name), NULL, 0);
    if (strcmp(verb, "add") == 0)
        return add(c, name, args_has(a, "default"));
    if (strcmp(verb, "retire") == 0)
        return change(c, "POST", client_path("/api/plugins/%s/retire", name),
                      NULL);
    if (strcmp(verb, "default") == 0)
        return change(c, "POST", client_path("/api/plugins/%s/default", name),
                      NULL);
    if (strcmp(verb, "release") == 0)
        return change(c, "POST", client_path("/api/plugins/%s/release", name),
                      NULL);
    if (strcmp(verb, "canary") == 0)
        return canary(c, name, a);
    if (strcmp(verb, "uncanary") == 0)
        return change(c, "DELETE", client_path("/api/plugins/%s/canary", name),
                      NULL);
    if (strcmp(verb, "pin") == 0)
        return pin(c, true, name, a);
    if (strcmp(verb, "unpin") == 0)
        return pin(c, false, name, a);
    return usage_error(usage_text);
}

int cmd_plugin(struct cli *c, int argc, char **argv)
{
    static const char *const known[] = { "default", "percent=", "runs=",
                                         "max-failed=", "workflow=", NULL };
    struct args a;
    int code;

    if (strcmp(argv[0], "check") == 0)
        return plugin_check(c, argc, argv);
    if (strcmp(argv[0], "new") == 0 || strcmp(argv[0], "run") == 0)
        return plugin_tool(argc, argv);
    code = args_parse(&a, argc, argv, known);
    if (code != 0)
        return code;
    if (strcmp(argv[0], "list") == 0 && a.n == 0)
        code = list(c);
    else if (a.n == 1)
        code = one(c, argv[0], a.value[0], &a);
    else
        code = usage_error(usage_text);
    free(a.value);
    return code;
}
