/* SPDX-License-Identifier: MIT
 *
 * sandbox.h - give everything up before the first line of plugin code. */
#ifndef TT_HOST_SANDBOX_H
#define TT_HOST_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/json.h"

struct sandbox_limits {
    /* 0 = leave a limit as it is. */
    uint64_t memory_bytes; /* RLIMIT_AS; at least 384 MB, else OpenBLAS spins */
    uint64_t cpu_seconds;  /* RLIMIT_CPU */
    uint64_t n_files;      /* RLIMIT_NOFILE */
    uint32_t uid, gid;     /* taken where we are root; 0 = leave it */
    uint32_t parent;       /* die with this process; 0 = with nobody */
    bool threads;          /* may the plugin start threads? */
    const char *plugin_dir; /* its own folder, readable; absolute */
    const char *const *read; /* n_read more files and folders; one that is not
                                there needs no rule */
    size_t n_read;
    int exec_fd; /* not 0: what we become, once, by execveat() of this
                    descriptor; equal to n_files, so that there is never
                    another of that number */
};

/* rlimits, uid, parent, no_new_privs, landlock (as far as the kernel has it),
 * seccomp (no new process, no network, no ptrace, ...), in that order.
 * *report (the caller puts it) says what is enforced and what this kernel
 * cannot: {"uid":true,"landlock":7,"landlock_net":true,"seccomp":true,
 * "missing":["..."]}. Returns 0; TT_EPERM when something that the kernel has
 * could not be applied. [main], once. */
int sandbox_apply(const struct sandbox_limits *limits, json_object **report,
                  struct err *e);

/* Less, for a process that runs plugin code itself and must start others: from
 * now on it and its children write, make and remove files beneath dir alone, open
 * no socket, signal and trace nobody outside (as far as the kernel knows such
 * walls; what it has not is left out). They may read and execute, and apply
 * sandbox_apply() on top. TT_EPERM [main], once. */
int sandbox_confine(const char *dir, struct err *e);

/* The same report without applying anything, for `trimtabd` and `doctor`. */
json_object *sandbox_probe(void);

#endif
