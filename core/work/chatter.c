/* SPDX-License-Identifier: MIT
 *
 * chatter.c - what a worker says, into our log: one line an event, its control
 * characters and quotes taken out, and not more than the rate. */
#include <inttypes.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/work/work_in.h"

#define BURST 20.0
#define LINES_A_SECOND 5.0
#define MOST_LINE 300u

void chatter_fini(struct chatter *c)
{
    buf_fini(&c->line);
}

static bool may_log(struct chatter *c)
{
    int64_t now = clock_mono_ms();

    if (c->filled_ms == 0)
        c->tokens = BURST;
    else
        c->tokens += (double)(now - c->filled_ms) * LINES_A_SECOND / 1000.0;
    if (c->tokens > BURST)
        c->tokens = BURST;
    c->filled_ms = now;
    if (c->tokens < 1) {
        c->dropped++;
        return false;
    }
    c->tokens -= 1;
    return true;
}

/* Bytes as they may stand between quotes in a line of the log. UTF-8 is kept
 * but for C1 controls; a sequence that is cut shows as it comes. */
static void clean(const char *bytes, size_t n, char *out, size_t size)
{
    size_t i;

    if (n > size - 1)
        n = size - 1;
    for (i = 0; i < n; i++) {
        unsigned char c = (unsigned char)bytes[i];

        out[i] = c < 0x20 || c == 0x7f ? ' ' : c == '"' ? '\'' : bytes[i];
    }
    out[n] = '\0';
}

static void say(struct worker *w, enum log_level level, const char *bytes,
                size_t n)
{
    char text[MOST_LINE + 1];

    clean(bytes, n, text, sizeof text);
    (void)snprintf(w->chatter.last, sizeof w->chatter.last, "%.159s", text);
    if (may_log(&w->chatter))
        log_line(level, "worker.says", "worker=%s plugin=%s label=%s "
                 "text=\"%s\"", w->name, w->id, w->label, text);
}

void chatter_bytes(struct worker *w, const char *bytes, size_t n)
{
    struct buf *line = &w->chatter.line;
    const char *newline;
    size_t part;

    while (n > 0) {
        newline = memchr(bytes, '\n', n);
        part = newline != NULL ? (size_t)(newline - bytes) : n;
        if (line->len < MOST_LINE) /* the rest of a long line is dropped */
            buf_add(line, bytes, part < MOST_LINE ? part : MOST_LINE);
        if (newline == NULL)
            return;
        if (line->len > 0)
            say(w, LOG_LEVEL_INFO, line->data, line->len);
        buf_reset(line);
        bytes += part + 1;
        n -= part + 1;
    }
}

void chatter_log(struct worker *w, int level, struct tt_str text)
{
    static const enum log_level levels[] = {
        [TT_LOG_ERROR] = LOG_LEVEL_ERROR, [TT_LOG_WARN] = LOG_LEVEL_WARN,
        [5] = LOG_LEVEL_INFO,             [TT_LOG_INFO] = LOG_LEVEL_INFO,
        [TT_LOG_DEBUG] = LOG_LEVEL_DEBUG,
    };

    say(w, levels[level], text.p != NULL ? text.p : "", (size_t)text.n);
}

void chatter_end(struct worker *w)
{
    if (w->chatter.line.len > 0)
        say(w, LOG_LEVEL_INFO, w->chatter.line.data, w->chatter.line.len);
    if (w->chatter.dropped > 0)
        log_info("worker.quiet", "worker=%s plugin=%s suppressed=%" PRIu64,
                 w->name, w->id, w->chatter.dropped);
    w->chatter.dropped = 0;
}
