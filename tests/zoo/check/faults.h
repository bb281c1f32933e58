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
#if defined(FAULT_U3)
#define SCHEMA                                                                 \
    "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"     \
    "\"patience\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":10,"         \
    "\"default\":5}}}"
#endif
#ifdef FAULT_S13
#define MOST_PATIENCE "10"
#else
#define MOST_PATIENCE "100"
#endif
#ifndef SCHEMA
#define SCHEMA                                                                 \
    "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"     \
    "\"patience\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":"           \
    MOST_PATIENCE ","         \
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

    for (n = 0; n < 600000000ul; n++)
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

#ifdef STRATEGY

#ifdef FAULT_B12
static __thread int seen_here;
#endif

#ifdef FAULT_L5_THREAD
static void *idle(void *ctx)
{
    for (;;)
        (void)pause();
    return ctx;
}
#endif

#ifdef FAULT_B4
static int taken(const struct tt_sink *sink, const void *bytes, uint64_t n)
{
    (void)sink;
    (void)bytes;
    (void)n;
    return 0;
}
#endif

static int fault_open(struct tt_instance *self, struct tt_error *e)
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
#ifdef FAULT_L5_ROUND
    (void)fesetround(FE_UPWARD);
#endif
#ifdef FAULT_L5_FD
    (void)open("/dev/null", O_RDONLY);
#endif
#ifdef FAULT_L5_OUTPUT
    (void)puts("here I am");
#endif
#ifdef FAULT_L5_THREAD
    static pthread_t thread;

    if (thread == 0)
        (void)pthread_create(&thread, NULL, idle, NULL);
#endif
#ifdef FAULT_L6
    int fd = open("/etc/passwd", O_RDONLY);

    if (fd < 0)
        return tt_fail(e, TT_EIO, "/etc/passwd cannot be read");
    close(fd);
#endif
#ifdef FAULT_B1
    return tt_fail(e, TT_EINVAL, "not today");
#endif
#ifdef FAULT_B1_CONFIG
    self->n_calls = 100u / (unsigned)tt_config_number(self->problem->config,
                                                      "patience", 12);
#endif
#ifdef FAULT_B2
    const struct tt_data_service *data =
        self->host->get_service(self->host, TT_SERVICE_DATA);

    if (data == NULL)
        return tt_fail(e, TT_EUNSUPPORTED, "no data, no work");
#endif
#ifdef FAULT_B4
    const struct tt_sink sink = { NULL, taken };
    const struct tt_data_service *data =
        self->host->get_service(self->host, TT_SERVICE_DATA);

    if (data != NULL)
        (void)data->read(self->host, TT_TRAIN, 0, &sink, NULL);
#endif
#ifdef FAULT_B7_STATIC
    static unsigned n;

    self->n_calls = n++;
#endif
#ifdef FAULT_B12
    seen_here = 1;
#endif
    return 0;
}

static double fault_unit(const struct tt_instance *self, double u)
{
#ifdef FAULT_B7
    u = 0.9 * u + 0.1 * (double)((uintptr_t)self >> 4 & 0xffff) / 0x10000;
#endif
#ifdef FAULT_B7_STATIC
    u = self->n_calls % 2 == 0 ? u : 1 - u;
#endif
#ifdef FAULT_U6
    u = 0.999;
#endif
    (void)self;
    return u;
}

static void fault_values(const struct tt_space *space, struct tt_value *values)
{
    (void)space;
    (void)values;
#ifdef FAULT_B5_NAN
    values[0].number = (double)NAN;
#endif
#ifdef FAULT_B5_GRID
    uint64_t i;

    for (i = 0; i < space->n_params; i++)
        if (tt_space_param(space, i)->step > 0)
            values[i].number = 0.123456;
#endif
}

static int fault_corrupt(struct tt_error *e)
{
#if defined(FAULT_B14)
    (void)e;
    return 0;
#elif defined(FAULT_B19)
    return tt_fail(e, TT_ESTATE, "the snapshot is \xff\xfe");
#elif defined(FAULT_B19_SILENT)
    (void)e;
    return TT_ESTATE;
#else
    return tt_fail(e, TT_ESTATE, "the snapshot is damaged");
#endif
}

static int fault_event(struct tt_instance *self, const struct tt_event *event,
                       struct tt_error *e)
{
    (void)self;
    (void)event;
    (void)e;
#ifdef FAULT_B6
    if (event->kind == TT_RESULT &&
        ((const struct tt_result *)(const void *)event)->ref >= self->n_sent)
        return tt_fail(e, TT_EINVAL, "whose result is this?");
#endif
#ifdef FAULT_B6_KIND
    if (event->kind > TT_DEADLINE)
        return tt_fail(e, TT_EUNSUPPORTED, "event kind %u", event->kind);
#endif
#ifdef FAULT_B9
    if (event->kind == TT_CANCELLED)
        return tt_fail(e, TT_ECANCELLED, "as you wish");
#endif
    return 0;
}

#if defined(FAULT_B10) || defined(FAULT_B20)
static int ask_model(const struct tt_action_sink *sink)
{
    const struct tt_message message = { { "user", 4 }, { "Any idea?", 9 } };
    struct tt_llm l = { .head = { sizeof l, TT_LLM } };

    l.messages = &message;
    l.n_messages = 1;
    l.role = tt_str_of("reflection");
    l.purpose = tt_str_of("idea");
    l.temperature = (double)NAN;
    return sink->emit(sink, &l.head);
}
#endif

static int fault_next(struct tt_instance *self,
                      const struct tt_action_sink *sink, struct tt_error *e)
{
    (void)self;
    (void)sink;
    (void)e;
#ifdef FAULT_B10
    if (self->next_ref == 0)
        return ask_model(sink);
#endif
#ifdef FAULT_B12
    if (!seen_here)
        return tt_fail(e, TT_EINTERNAL, "I was never opened");
#endif
#ifdef FAULT_B20
    return ask_model(sink);
#endif
#ifdef FAULT_B22
    static unsigned n;

    if (++n == 1500)
        __builtin_trap();
#endif
    return 0;
}

static const void *fault_extension(const char *id)
{
    (void)id;
#ifdef FAULT_L3
    return &current;
#endif
    return NULL;
}

#endif
#endif
