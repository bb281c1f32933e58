/* SPDX-License-Identifier: MIT
 *
 * main_plugin.c - trimtab-plugin: what `trimtab plugin new|run|check` execute.
 * It links what hosts a plugin and neither store nor network. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/check/check.h"
#include "core/plugin_new.h"
#include "core/plugin_run.h"

static const struct verb {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary; /* NULL: not for people */
} verbs[] = {
    { "new", plugin_new_main, "a folder with a plugin that works as it stands" },
    { "run", plugin_run_main, "see a strategy work" },
    { "check", plugin_check_main, "does a plugin keep the contract?" },
    { "check-one", plugin_check_one_main, NULL },
};

int main(int argc, char **argv)
{
    size_t i;

    for (i = 0; argc >= 2 && i < TT_ARRAY_LEN(verbs); i++)
        if (strcmp(argv[1], verbs[i].name) == 0)
            return verbs[i].run(argc - 1, argv + 1);
    (void)fputs("usage: trimtab plugin VERB ... (each with --help)\n\n", stderr);
    for (i = 0; i < TT_ARRAY_LEN(verbs); i++)
        if (verbs[i].summary != NULL)
            (void)fprintf(stderr, "  %-6s %s\n", verbs[i].name,
                          verbs[i].summary);
    return 2;
}
