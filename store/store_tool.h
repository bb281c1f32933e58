/* SPDX-License-Identifier: MIT
 *
 * store_tool.h - `trimtabd store stat|check|dump|load|backup|restore`. */
#ifndef TT_STORE_TOOL_H
#define TT_STORE_TOOL_H

enum store_tool_exit {
    STORE_TOOL_OK = 0,
    STORE_TOOL_PROBLEM = 1, /* problems found, or the command failed */
    STORE_TOOL_USAGE = 2,
    STORE_TOOL_NO_STORE = 3, /* it cannot be opened */
};

/* argv[0] is "store", argv[1] the command. Results go to stdout, errors to
 * stderr. Returns the exit code. [main], before other threads */
int store_tool_main(int argc, char **argv);

#endif
