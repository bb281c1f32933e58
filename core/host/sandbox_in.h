/* SPDX-License-Identifier: MIT
 *
 * sandbox_in.h - the two kernel filters. For core/host/sandbox*.c only. */
#ifndef TT_HOST_SANDBOX_IN_H
#define TT_HOST_SANDBOX_IN_H

#include "core/host/sandbox.h"

/* The kernel's landlock ABI; 0 for none. */
int landlock_abi(void);
/* Deny every file but the system's libraries and the plugin's folder
 * and what else is named (fds: O_PATH); deny TCP, and signals to others, where
 * the ABI can. exec_fd: what may be executed, with libraries; 0 = nothing. */
int landlock_apply(int abi, const int *fds, size_t n, int exec_fd,
                   struct err *e);

/* Deny to write, make or remove anything but beneath dir; TCP and signals as
 * above. */
int landlock_confine(int abi, const char *dir, struct err *e);

bool seccomp_there(void);
/* exec_fd: execveat() of it is allowed; 0 = of nothing. */
int seccomp_apply(bool threads, int exec_fd, struct err *e);
/* Everything but sockets and what no program needs. */
int seccomp_confine(struct err *e);

#endif
