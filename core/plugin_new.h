/* SPDX-License-Identifier: MIT
 *
 * plugin_new.h - `trimtab plugin new`: a folder with a plugin that works as it
 * stands, made from the SDK's templates. */
#ifndef TT_CORE_PLUGIN_NEW_H
#define TT_CORE_PLUGIN_NEW_H

/* argv[0] is "new". Returns the exit code: 0, 1 (could not), 2 (usage). */
int plugin_new_main(int argc, char **argv);

#endif
