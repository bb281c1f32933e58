/* SPDX-License-Identifier: MIT
 *
 * behave_memory.c - B16, B17: no memory, and memory that is not given back. */
#include "config.h"

#include <malloc.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/check/checks.h"
#include "core/check/hook.h"
#include "core/check/subject.h"

/* --- a short life of either kind ----------------------------------------- */

static int short_life(struct subject *s, const struct reference *r,
                      struct tt_error *e)
{
    struct adapt_batch batch = { .label = "memory", .n = 3, .n_cases = 2,
                                 .bad_case = -1 };
    struct tt_snapshot state;
    struct adapt a;
    struct play p;
    int rc;

    if (s->plugin->adapter != NULL) {
        rc = adapt_begin(&a, &s->with, r, s->evaluation);
        if (rc == 0)
            rc = adapt_submit(&a, &batch);
        if (rc == 0)
            rc = adapt_find(&a, "memory");
        *e = a.d.error;
        adapt_end(&a);
        return rc;
    }
    rc = play_begin(&p, &s->with, r, NULL);
    if (rc == 0)
        rc = play_run(&p, 6);
    if (rc == 0 && (s->plugin->caps & TT_CAP_SNAPSHOT) != 0)
        rc = drive_snapshot(&p.d, &state);
    *e = p.d.error;
    play_end(&p);
    return rc;
}

/* --- B16 ----------------------------------------------------------------- */

void check_b16(struct check_run *c)
{
    struct tt_error e = { 0 };
    struct reference r;
    struct subject s;
    uint64_t n, i;
    int rc;

    if (subject_open(&s, c) && subject_any(&s, c, &r)) {
        if (hook_allocations(c->o->path) == 0) {
            check_skip(c, "it allocates nothing itself, or this machine's "
                       "tables are not known");
        } else {
            hook_fail(-1);
            rc = short_life(&s, &r, &e);
            n = hook_count();
            for (i = 0; i < n && i < 400; i++) {
                check_stage("allocation %u fails", (unsigned)i);
                hook_fail((int64_t)i);
                (void)short_life(&s, &r, &e);
            }
            hook_fail(-1);
            check_stage("%s", "");
            check_say(c, "each of %u allocations failed once", (unsigned)i);
            if (short_life(&s, &r, &e) != rc)
                check_fail(c, "after that, nothing works any more: %s",
                           e.message);
        }
        reference_fini(&r);
    }
    subject_close(&s);
}

/* --- B17 ----------------------------------------------------------------- */

#define N_WARM 12
#define N_WINDOWS 3
#define N_LIVES 16
#define MOST_LOST 16 /* bytes a life: noise of the measure */

/* A sanitizer counts for itself. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t allocated(void)
{
    struct mallinfo2 m;

    if (__sanitizer_get_current_allocated_bytes != NULL)
        return __sanitizer_get_current_allocated_bytes();
    m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

void check_b17(struct check_run *c)
{
    struct tt_error e = { 0 };
    struct reference r;
    struct subject s;
    size_t before, after, least = SIZE_MAX;
    int i, k;

    if (subject_open(&s, c) && subject_any(&s, c, &r)) {
        for (i = 0; i < N_WARM; i++)
            (void)short_life(&s, &r, &e);
        /* Caches of the allocator fill up once; a leak goes on. */
        for (k = 0; k < N_WINDOWS; k++) {
            before = allocated();
            for (i = 0; i < N_LIVES; i++)
                (void)short_life(&s, &r, &e);
            after = allocated();
            after = after > before ? after - before : 0;
            least = after < least ? after : least;
        }
        if (least > N_LIVES * MOST_LOST)
            check_fail(c, "each open and close loses %u bytes",
                       (unsigned)(least / N_LIVES));
        reference_fini(&r);
    }
    if (c->o->source != NULL && c->status < CHECK_FAIL)
        check_under_sanitizers(c);
    subject_close(&s);
}
