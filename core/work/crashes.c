/* SPDX-License-Identifier: MIT
 *
 * crashes.c - back-off and quarantine, by hash of the plugin. */
#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/work/work_in.h"

#define FIRST_DELAY_MS 100
#define MOST_DELAY_MS 30000
#define KEPT 16 /* crashes of one hash that we remember */

struct crash_record {
    char hash[65];
    struct {
        int64_t mono_ms;
        bool hard;
    } crash[KEPT]; /* the newest last */
    size_t n;
    int64_t quarantined_ms; /* wall time; 0: not */
};

void crashes_fini(struct crashes *c)
{
    free(c->records);
    c->records = NULL;
    c->n = 0;
}

static struct crash_record *record_of(struct crashes *c, const char *hash)
{
    size_t i;

    for (i = 0; i < c->n; i++)
        if (strcmp(c->records[i].hash, hash) == 0)
            return &c->records[i];
    return NULL;
}

/* Drop what is older than the window. */
static void age(struct crashes *c, struct crash_record *r)
{
    int64_t since = clock_mono_ms() - c->window_ms;
    size_t old = 0;

    while (old < r->n && r->crash[old].mono_ms <= since)
        old++;
    r->n -= old;
    memmove(r->crash, r->crash + old, r->n * sizeof *r->crash);
}

bool crashes_add(struct crashes *c, const char *hash, bool hard)
{
    struct crash_record *r = record_of(c, hash);
    unsigned n_hard = 0;
    size_t i;

    if (r == NULL) {
        c->records = xrealloc(c->records, c->n + 1, sizeof *c->records);
        r = &c->records[c->n++];
        memset(r, 0, sizeof *r);
        (void)snprintf(r->hash, sizeof r->hash, "%s", hash);
    }
    age(c, r);
    if (r->n == KEPT) {
        r->n--;
        memmove(r->crash, r->crash + 1, r->n * sizeof *r->crash);
    }
    r->crash[r->n].mono_ms = clock_mono_ms();
    r->crash[r->n++].hard = hard;
    for (i = 0; i < r->n; i++)
        n_hard += r->crash[i].hard;
    if (r->quarantined_ms != 0 || c->limit == 0 || n_hard < c->limit || !hard)
        return false;
    r->quarantined_ms = clock_wall_ms();
    return true;
}

int64_t crashes_backoff_ms(struct crashes *c, const char *hash)
{
    struct crash_record *r = record_of(c, hash);
    int64_t delay = FIRST_DELAY_MS, left;
    size_t i;

    if (r == NULL)
        return 0;
    age(c, r);
    if (r->n == 0)
        return 0;
    for (i = 1; i < r->n && delay < MOST_DELAY_MS; i++)
        delay *= 2;
    if (delay > MOST_DELAY_MS)
        delay = MOST_DELAY_MS;
    left = r->crash[r->n - 1].mono_ms + delay - clock_mono_ms();
    return left > 0 ? left : 0;
}

int64_t crashes_quarantined(struct crashes *c, const char *hash)
{
    const struct crash_record *r = record_of(c, hash);

    return r != NULL ? r->quarantined_ms : 0;
}

void crashes_release(struct crashes *c, const char *hash)
{
    struct crash_record *r = record_of(c, hash);

    if (r != NULL) {
        r->n = 0;
        r->quarantined_ms = 0;
    }
}
