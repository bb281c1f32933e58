/* SPDX-License-Identifier: MIT
 *
 * main.c - `trimtab [options] noun verb ...`, in the manner of Orcheo's CLI. */
#include "config.h"

#include "cli.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

static const struct noun {
    const char *name;
    int (*run)(struct cli *c, int argc, char **argv);
    const char *verbs; /* NULL: the noun is its own verb */
    const char *summary;
} nouns[] = {
    { "optimize", cmd_optimize, NULL, "start a run and watch it" },
    { "runs", cmd_runs,
      "list show watch report candidates events log cancel replay",
      "what runs are doing and have found" },
    { "params", cmd_params,
      "get versions show diff history promote rollback backfill",
      "versions, and which one is active" },
    { "target", cmd_target, "list show put delete draft",
      "what may be tuned, and how it is evaluated" },
    { "dataset", cmd_dataset, "list show put", "evaluation cases" },
    { "plugin", cmd_plugin,
      "list show add default canary uncanary pin unpin retire release new "
      "check run",
      "strategies and adapters" },
    { "audit", cmd_audit, "list", "who did what" },
    { "doctor", cmd_doctor, NULL, "check the connection to Orcheo" },
};

static void usage(FILE *to)
{
    size_t i;

    fputs("usage: trimtab [--url URL] [--token TOKEN] [--json] [--yes]\n"
          "               [--profile NAME] NOUN [VERB] ...\n\n", to);
    for (i = 0; i < sizeof nouns / sizeof nouns[0]; i++)
        fprintf(to, "  %-9s %s\n            %s\n", nouns[i].name,
                nouns[i].summary, nouns[i].verbs != NULL ? nouns[i].verbs : "");
    fputs("\n  --url      the daemon: http://127.0.0.1:8787 or unix:/path "
          "(TRIMTAB_URL)\n"
          "  --token    (TRIMTAB_TOKEN)\n"
          "  --json     print what the API said\n"
          "  --yes      do not ask before promote and rollback\n"
          "  --profile  Orcheo's profile, for doctor and target draft\n"
          "\nexit: 0 good, 1 failed, 2 usage, 3 token, 4 not found, 5 conflict,"
          "\n      6 invalid, 7 limited, 8 daemon not available\n", to);
}

int usage_error(const char *text)
{
    fprintf(stderr, "usage: trimtab %s\n", text);
    return CLI_USAGE;
}

/* Global options may stand before the noun or anywhere behind it: taken out
 * of argv here. Returns the new argc, -1 for a missing value. */
static int take_globals(struct cli *c, int argc, char **argv)
{
    const struct {
        const char *name;
        const char **value;
        bool *flag;
    } options[] = {
        { "--url", &c->url, NULL },     { "--token", &c->token, NULL },
        { "--profile", &c->profile, NULL }, { "--json", NULL, &c->json },
        { "--yes", NULL, &c->yes },
    };
    int i, n = 1;
    size_t k, len;

    for (i = 1; i < argc; i++) {
        for (k = 0; k < sizeof options / sizeof options[0]; k++) {
            len = strlen(options[k].name);
            if (strncmp(argv[i], options[k].name, len) != 0 ||
                (argv[i][len] != '\0' && argv[i][len] != '='))
                continue;
            if (options[k].flag != NULL)
                *options[k].flag = true;
            else if (argv[i][len] == '=')
                *options[k].value = argv[i] + len + 1;
            else if (i + 1 < argc)
                *options[k].value = argv[++i];
            else
                return -1;
            break;
        }
        if (k == sizeof options / sizeof options[0])
            argv[n++] = argv[i];
    }
    argv[n] = NULL;
    return n;
}

static int run(struct cli *c, int argc, char **argv)
{
    size_t i;

    for (i = 0; i < sizeof nouns / sizeof nouns[0]; i++) {
        if (strcmp(argv[1], nouns[i].name) != 0)
            continue;
        if (nouns[i].verbs == NULL)
            return nouns[i].run(c, argc - 1, argv + 1);
        if (argc < 3) {
            fprintf(stderr, "usage: trimtab %s VERB ...; verbs: %s\n",
                    nouns[i].name, nouns[i].verbs);
            return CLI_USAGE;
        }
        return nouns[i].run(c, argc - 2, argv + 2);
    }
    fprintf(stderr, "trimtab: %s: no such noun\n", argv[1]);
    usage(stderr);
    return CLI_USAGE;
}

int main(int argc, char **argv)
{
    struct cli c = { .url = getenv("TRIMTAB_URL"),
                     .token = getenv("TRIMTAB_TOKEN") };
    int code;

    if (c.url == NULL)
        c.url = "http://127.0.0.1:8787";
    argc = take_globals(&c, argc, argv);
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("trimtab %s\n", PACKAGE_VERSION);
        return CLI_OK;
    }
    if (argc < 2 || strcmp(argv[1], "--help") == 0 ||
        strcmp(argv[1], "help") == 0) {
        usage(argc < 2 ? stderr : stdout);
        return argc < 2 ? CLI_USAGE : CLI_OK;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    code = run(&c, argc, argv);
    client_close(&c);
    curl_global_cleanup();
    return code;
}
