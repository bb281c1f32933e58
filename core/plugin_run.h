/* SPDX-License-Identifier: MIT
 *
 * plugin_run.h - `trimtab plugin run`: see a strategy work. */
#ifndef TT_CORE_PLUGIN_RUN_H
#define TT_CORE_PLUGIN_RUN_H

/* argv[0] is "run". Returns the exit code: 0, 1 (the plugin failed), 2
 * (usage). */
int plugin_run_main(int argc, char **argv);

#endif
