/* SPDX-License-Identifier: MIT
 *
 * main_plugin.c - trimtab-plugin: what `trimtab plugin new|run` execute. It
 * links what hosts a plugin and neither store nor network. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "core/plugin_new.h"
#include "core/plugin_run.h"

int main(int argc, char **argv)
{
    if (argc >= 2 && strcmp(argv[1], "new") == 0)
        return plugin_new_main(argc - 1, argv + 1);
    if (argc >= 2 && strcmp(argv[1], "run") == 0)
        return plugin_run_main(argc - 1, argv + 1);
    (void)fprintf(stderr, "usage: trimtab plugin new|run ... (each with "
                          "--help)\n");
    return 2;
}
