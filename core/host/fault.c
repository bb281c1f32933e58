/* SPDX-License-Identifier: MIT
 *
 * fault.c - see fault.h. Everything in the handler is async-signal-safe, and it
 * runs on a stack of its own: the other one may be what is full. */
#include "config.h"

#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/host/fault.h"

#define STACK_BYTES (64u << 10)
#define STACK_GAP (UINT64_C(1) << 20) /* the kernel's, below a stack */
#define USUAL_STACK (UINT64_C(8) << 20)
#define NULL_BYTES (64u << 10) /* a member of a structure at NULL */
#define LITTLE 8               /* less than 1/8 of the memory left is little */

static struct {
    uint64_t stack_low, stack_top;
    uint64_t memory; /* the limit; 0 for none */
} know;

/* --- text without stdio --------------------------------------------------- */

struct line {
    char text[160];
    size_t n;
};

static void add(struct line *l, const char *text)
{
    while (*text != '\0' && l->n < sizeof l->text - 1)
        l->text[l->n++] = *text++;
}

static void add_number(struct line *l, uint64_t n, unsigned base)
{
    char digits[24];
    size_t i = sizeof digits - 1;

    digits[i] = '\0';
    do {
        digits[--i] = "0123456789abcdef"[n % base];
        n /= base;
    } while (n > 0);
    add(l, digits + i);
}

/* --- what it was ---------------------------------------------------------- */

static void add_address(struct line *l, const char *name, uint64_t at)
{
    if (at >= know.stack_low && at < know.stack_top) {
        add(l, "stack overflow");
        return;
    }
    add(l, name);
    add(l, " at 0x");
    add_number(l, at, 16);
    if (at < NULL_BYTES)
        add(l, ": a NULL pointer");
}

static void add_cause(struct line *l, int signal, const siginfo_t *info)
{
    uint64_t at = (uint64_t)(uintptr_t)info->si_addr;

    if (info->si_code <= 0 || signal == SIGABRT)
        return; /* somebody sent it: there is no address */
    if (signal == SIGSEGV)
        add_address(l, "SIGSEGV", at);
    else if (signal == SIGBUS)
        add_address(l, "SIGBUS", at);
    else if (signal == SIGFPE)
        add(l, info->si_code == FPE_INTDIV ? "division by zero" : "SIGFPE");
    else
        add(l, "SIGILL: no instruction, or a trap of the compiler's");
}

/* A malloc() that was not looked at often ends as a NULL pointer. */
static void add_memory(struct line *l)
{
    size_t part = (size_t)(know.memory / LITTLE);
    void *p;

    if (part == 0)
        return;
    p = mmap(NULL, part, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p != MAP_FAILED) {
        (void)munmap(p, part);
        return;
    }
    add(l, l->n > 0 ? "; out of memory: less than " : "out of memory: less "
                                                      "than ");
    add_number(l, part >> 20, 10);
    add(l, " of its ");
    add_number(l, know.memory >> 20, 10);
    add(l, " MB are left");
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
    struct line l = { .n = 0 };
    ssize_t written;

    (void)context;
    add_cause(&l, signal, info);
    add_memory(&l);
    if (l.n > 0) {
        add(&l, "\n");
        written = write(STDERR_FILENO, l.text, l.n);
        (void)written;
    }
    /* SA_RESETHAND: now it is what it would have been. abort() does so by
     * itself; a fault may be of a signal that was sent. */
    if (signal != SIGABRT)
        (void)raise(signal);
}

void fault_report(void)
{
    static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
    static char stack[STACK_BYTES];
    const stack_t other = { .ss_sp = stack, .ss_size = sizeof stack };
    struct sigaction action = { .sa_sigaction = on_fault };
    struct rlimit limit;
    size_t i;

    know.stack_top = (uint64_t)(uintptr_t)&limit;
    know.stack_low = know.stack_top - USUAL_STACK - STACK_GAP;
    if (getrlimit(RLIMIT_STACK, &limit) == 0 &&
        limit.rlim_cur < know.stack_top - STACK_GAP)
        know.stack_low = know.stack_top - limit.rlim_cur - STACK_GAP;
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        know.memory = limit.rlim_cur;
    if (sigaltstack(&other, NULL) != 0)
        return;
    action.sa_flags = (int)(SA_SIGINFO | SA_ONSTACK | SA_RESETHAND);
    (void)sigemptyset(&action.sa_mask);
    for (i = 0; i < TT_ARRAY_LEN(signals); i++)
        (void)sigaction(signals[i], &action, NULL);
}
