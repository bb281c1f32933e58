/* SPDX-License-Identifier: MIT
 *
 * log.c - one line, one write, so that lines of threads and of workers that
 * share our stderr never mix. */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/log.h"

#define LINE_BYTES 4096 /* PIPE_BUF: a write up to it is not torn */
#define BURST 20
#define REFILL_MS 1000
#define SLOTS 256 /* distinct events; more than the program has */

struct slot {
    const char *event; /* a literal */
    int64_t last_ms;
    unsigned tokens;
    unsigned long suppressed;
};

static _Atomic int log_threshold = LOG_LEVEL_INFO;
static pthread_mutex_t slots_lock = PTHREAD_MUTEX_INITIALIZER;
static struct slot slots[SLOTS]; /* under slots_lock */

void log_set_level(enum log_level level)
{
    atomic_store(&log_threshold, (int)level);
}

static struct slot *find_slot(const char *event)
{
    uint32_t hash = 2166136261u;
    const char *p;
    unsigned i;

    for (p = event; *p != '\0'; p++)
        hash = (hash ^ (unsigned char)*p) * 16777619u;
    for (i = 0; i < SLOTS; i++) {
        struct slot *s = &slots[(hash + i) % SLOTS];

        if (s->event == NULL) {
            s->event = event;
            s->tokens = BURST;
            s->last_ms = clock_mono_ms();
            return s;
        }
        if (s->event == event || strcmp(s->event, event) == 0)
            return s;
    }
    return NULL; /* a full table limits nothing */
}

/* May this line go out? *suppressed: how many did not since the last. */
static int admit(const char *event, unsigned long *suppressed)
{
    struct slot *s;
    int64_t now, refill;
    int yes = 1;

    *suppressed = 0;
    pthread_mutex_lock(&slots_lock);
    s = find_slot(event);
    if (s != NULL) {
        now = clock_mono_ms();
        refill = (now - s->last_ms) / REFILL_MS;
        if (refill > 0) {
            s->tokens = refill + s->tokens > BURST
                            ? BURST : s->tokens + (unsigned)refill;
            s->last_ms += refill * REFILL_MS;
        }
        if (s->tokens > 0) {
            s->tokens--;
            *suppressed = s->suppressed;
            s->suppressed = 0;
        } else {
            s->suppressed++;
            yes = 0;
        }
    }
    pthread_mutex_unlock(&slots_lock);
    return yes;
}

void log_line(enum log_level level, const char *event, const char *format, ...)
{
    int saved = errno;
    char line[LINE_BYTES];
    unsigned long suppressed;
    size_t n = 0, head, i, room = sizeof line - 32; /* 32: suppressed=N */
    va_list args;
    ssize_t written;
    int k;

    if ((int)level > atomic_load(&log_threshold) ||
        !admit(event, &suppressed))
        return;
    k = snprintf(line, room, "<%d>%s ", (int)level, event);
    n = head = k < 0 ? 0 : (size_t)k < room ? (size_t)k : room - 1;
    va_start(args, format);
    k = vsnprintf(line + n, room - n, format, args);
    va_end(args);
    if (k > 0)
        n += (size_t)k < room - n ? (size_t)k : room - n - 1;
    for (i = head; i < n; i++) /* one event is one line, whatever it quotes */
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = ' ';
    while (n > 0 && line[n - 1] == ' ')
        n--;
    if (suppressed > 0) {
        k = snprintf(line + n, sizeof line - n, " suppressed=%lu", suppressed);
        n += k < 0 ? 0 : (size_t)k;
    }
    line[n++] = '\n';
    written = write(STDERR_FILENO, line, n); /* nowhere to complain to */
    (void)written;
    errno = saved;
}
