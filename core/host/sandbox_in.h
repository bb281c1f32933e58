/* SPDX-License-Identifier: MIT
 *
 * sandbox_in.h - the two kernel filters. For core/host/sandbox*.c only. */
#ifndef TT_HOST_SANDBOX_IN_H
#define TT_HOST_SANDBOX_IN_H

#include "core/host/sandbox.h"

/* The kernel's landlock ABI; 0 for none. */
int landlock_abi(void);
/* Deny every file but the system's libraries and the plugin's folder
 * (plugin_fd: O_PATH, or -1); deny TCP, and signals to others, where the ABI
 * can. */
int landlock_apply(int abi, int plugin_fd, struct err *e);

bool seccomp_there(void);
int seccomp_apply(bool threads, struct err *e);

#endif
