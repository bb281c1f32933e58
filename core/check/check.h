/* SPDX-License-Identifier: MIT
 *
 * check.h - `trimtab plugin check`: does a plugin keep the contract?
 *
 * Each check runs in a process group of its own: this program is started again
 * as `check-one ID ...`, so that a plugin which crashes, hangs or exits costs
 * one check. A seed makes it do the same again. */
#ifndef TT_CHECK_H
#define TT_CHECK_H

/* argv[0] is "check". Returns the exit code: 0 pass (warnings are allowed), 1
 * findings, 2 the tool could not work. Blocks until all checks are through.
 * Threads [main] */
int plugin_check_main(int argc, char **argv);

/* The hidden verb: argv[0] is "check-one". The result goes to fd 3. */
int plugin_check_one_main(int argc, char **argv);

#endif
