/* SPDX-License-Identifier: MIT
 *
 * faults.h - what each -DFAULT_x of strategy.c and adapter.c does. Without one,
 * nothing. Included once, after struct tt_instance. */
#ifndef TT_ZOO_FAULTS_H
#define TT_ZOO_FAULTS_H

#include <fcntl.h>
#include <fenv.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#ifndef LICENSE_TEXT
#define LICENSE_TEXT "MIT"
#endif
#ifndef MORE_CAPS
#define MORE_CAPS 0
#endif
#ifndef STATE_SCHEMA
#define STATE_SCHEMA 1
#endif
#ifndef SCHEMA
#define SCHEMA                                                                 \
    "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"     \
    "\"patience\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":100,"        \
    "\"default\":12}}}"
#endif

/* --- the file ------------------------------------------------------------ */

#if defined(FAULT_S2)
#define DECLARE(description, kind, id, version)                                \
    TT_EXPORT const struct tt_plugin *trimtab_plugin_v1(void);                 \
    const struct tt_plugin *trimtab_plugin_v1(void)                            \
    {                                                                          \
        return &(description);                                                 \
    }                                                                          \
    struct tt_plugin
#elif defined(FAULT_S3)
#define DECLARE(description, kind, id, version)                                \
    TT_EXPORT const struct tt_plugin *trimtab_plugin_v1(void);                 \
    const struct tt_plugin *trimtab_plugin_v1(void)                            \
    {                                                                          \
        return &(description);                                                 \
    }                                                                          \
    TT_NOTE_SECTION static const struct tt_note note = {                       \
        8, TT_NOTE_DESC_SIZE, TT_NOTE_TYPE, TT_NOTE_NAME, TT_ABI_MAJOR + 1, 7, \
        sizeof(void *), kind, id, version                                      \
    }
#elif defined(FAULT_L2) || defined(FAULT_L4)
#define DECLARE(description, kind, id, version)                                \
    TT_DECLARE_PLUGIN(*fault_description(&(description)), kind, id, version)
#else
#define DECLARE TT_DECLARE_PLUGIN
#endif

#ifdef FAULT_L4 /* another one every time */
static const struct tt_plugin *fault_description(const struct tt_plugin *p)
{
    static struct tt_plugin copies[8];
    static unsigned n;

    copies[n % 8] = *p;
    return &copies[n++ % 8];
}
#elif defined(FAULT_L2) /* slow, without a clock */
static const struct tt_plugin *fault_description(const struct tt_plugin *p)
{
    volatile unsigned long n;

    for (n = 0; n < 700000000ul; n++)
        ;
    return p;
}
#endif

#ifdef FAULT_S4
TT_EXPORT int helper(void);
int helper(void)
{
    return 1;
}
#endif
#ifdef FAULT_S5
__asm__(".pushsection .data\n.globl shared_by_all\n"
        ".type shared_by_all, %gnu_unique_object\n.size shared_by_all, 4\n"
        "shared_by_all: .long 1\n.popsection");
#endif
#ifdef FAULT_S6
__asm__(".pushsection .text\n.balign 8\n"
#if __SIZEOF_POINTER__ == 8
        ".quad trimtab_plugin_v1\n"
#else
        ".long trimtab_plugin_v1\n"
#endif
        ".popsection");
#endif
#ifdef FAULT_S8
static __thread uint64_t n_opened;
#endif
#ifdef FAULT_S11
static volatile double table[4];
__attribute__((constructor)) static void fill(void)
{
    table[0] = sqrt(2.0);
}
#endif
#ifdef FAULT_L1
double nobody_has_this(double x);
#endif

/* --- strategies ---------------------------------------------------------- */

#ifdef FAULT_B12
static __thread int seen_here;
#endif

static inline void *fault_idle(void *ctx)
{
    struct timespec hour = { 3600, 0 };

    (void)nanosleep(&hour, NULL);
    return ctx;
}

static inline int fault_open(struct tt_instance *self, struct tt_error *e)
{
    (void)self;
    (void)e;
#ifdef FAULT_S8
    n_opened++;
#endif
#ifdef FAULT_S10
    if (time(NULL) == 0)
        return tt_fail(e, TT_EINTERNAL, "1970 again");
#endif
#ifdef FAULT_L1
    if (nobody_has_this(1) > 0)
        return tt_fail(e, TT_EINTERNAL, "somebody has it");
#endif
#ifdef FAULT_B12
    seen_here = 1;
#endif
    return 0;
}

static inline double fault_unit(const struct tt_instance *self, double u)
{
    (void)self;
    return u;
}

static inline void fault_restore(struct tt_instance *self,
                                 const struct tt_snapshot *snapshot)
{
    (void)self;
    (void)snapshot;
}

static inline int fault_corrupt(struct tt_error *e)
{
    return tt_fail(e, TT_ESTATE, "the snapshot is damaged");
}

static inline int fault_stranger(struct tt_instance *self, uint64_t ref)
{
    (void)self;
    (void)ref;
    return 0;
}

static inline int fault_event(struct tt_instance *self,
                              const struct tt_event *event, struct tt_error *e)
{
    (void)self;
    (void)event;
    (void)e;
    return 0;
}

static inline int fault_next(struct tt_instance *self,
                             const struct tt_action_sink *sink,
                             struct tt_error *e)
{
    (void)self;
    (void)sink;
    (void)e;
    return 0;
}

static inline const void *fault_extension(const char *id)
{
    (void)id;
    return NULL;
}

#endif
