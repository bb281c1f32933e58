/* SPDX-License-Identifier: MIT
 *
 * fault.h - a plugin that crashes its worker: last words that name the cause. */
#ifndef TT_HOST_FAULT_H
#define TT_HOST_FAULT_H

/* From now on a fatal signal (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT) first
 * writes one line to standard error: a stack overflow, a NULL pointer, or that
 * hardly any memory is left. Then the process ends as it would have. Call it
 * near the top of the main thread's stack, when the limits are set; a plugin
 * may put other handlers in its place. [main], once. */
void fault_report(void);

#endif
