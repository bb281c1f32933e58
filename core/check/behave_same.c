/* SPDX-License-Identifier: MIT
 *
 * behave_same.c - B7, B11, B12, B18: the same inputs give the same outputs,
 * whoever else is there, whatever thread it is, and with a newer host. */
#include "config.h"

#include <pthread.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/check/checks.h"
#include "core/check/subject.h"

#define N_ROUNDS 12

static bool same(const struct buf *a, const struct buf *b)
{
    return a->len == b->len && (a->len == 0 ||
                                memcmp(a->data, b->data, a->len) == 0);
}

/* --- one life, as a transcript ------------------------------------------- */

static const struct adapt_batch usual_batch = {
    .label = "same", .n = 5, .n_cases = 3, .bad_case = -1,
};

static int adapter_life(struct subject *s, const struct drive_with *with,
                        const struct reference *r, struct err *e)
{
    struct adapt a;
    int rc = adapt_begin(&a, with, r, s->evaluation);

    if (rc == 0)
        rc = adapt_submit(&a, &usual_batch);
    if (rc != 0)
        err_set(e, rc, "%s", a.d.error.message);
    adapt_end(&a);
    return rc;
}

static int strategy_life(const struct drive_with *with,
                         const struct reference *r, struct err *e)
{
    struct play p;
    int i, rc = play_begin(&p, with, r, NULL);

    for (i = 0; i < N_ROUNDS && rc == 0 && !p.done; i++)
        rc = play_run(&p, 1);
    if (rc != 0)
        err_set(e, rc, "%s", p.d.error.message);
    play_end(&p);
    return rc;
}

/* A life of the plugin; what was said goes to *out. */
static int live(struct subject *s, const struct reference *r, bool hop,
                struct buf *out, struct err *e)
{
    struct drive_with with = s->with;

    with.transcript = out;
    with.hop = hop;
    return s->plugin->adapter != NULL ? adapter_life(s, &with, r, e)
                                      : strategy_life(&with, r, e);
}

/* The problem of these checks, and a first life. False with the check skipped
 * where there is nothing to compare. */
static bool first_life(struct subject *s, struct check_run *c,
                       struct reference *r, struct buf *out)
{
    struct err e = { 0 };

    memset(r, 0, sizeof *r);
    if ((s->plugin->caps & TT_CAP_DETERMINISTIC) == 0) {
        check_skip(c, "it does not promise TT_CAP_DETERMINISTIC");
        return false;
    }
    if (!subject_any(s, c, r))
        return false;
    if (live(s, r, false, out, &e) == 0)
        return true;
    check_skip(c, "it fails: %s", e.text);
    return false;
}

/* --- B7: again ----------------------------------------------------------- */

int check_part_transcript(struct check_run *c, const char *argument,
                          struct buf *out, struct err *e)
{
    struct reference r;
    struct subject s;
    int rc = 0;

    (void)argument;
    if (!subject_open(&s, c) || !first_life(&s, c, &r, out))
        rc = err_set(e, TT_EPLUGIN, "%s", c->message.data);
    else
        reference_fini(&r);
    subject_close(&s);
    return rc;
}

/* Does another seed make another first candidate? */
static void try_other_seed(struct check_run *c, struct subject *s,
                           const struct reference *r)
{
    struct reference other = *r;
    struct play a, b;
    uint64_t i, n = r->space.n_params;
    bool differs = false;

    other.problem.seed = r->problem.seed + 1;
    if (play_begin(&a, &s->with, r, NULL) == 0 && play_run(&a, 8) == 0 &&
        play_begin(&b, &s->with, &other, NULL) == 0) {
        (void)play_run(&b, 8);
        for (i = 0; i < a.n_known && i < b.n_known && !differs; i++) {
            uint64_t k;

            for (k = 0; k < n; k++)
                differs |= a.known[i].values[k].number !=
                           b.known[i].values[k].number;
        }
        if (!differs)
            check_note(c, "another seed changes nothing");
        play_end(&b);
    }
    play_end(&a);
}

void check_b7(struct check_run *c)
{
    struct buf first = { 0 }, again = { 0 };
    struct reference r = { 0 };
    struct subject s;
    struct err e = { 0 };

    if (subject_open(&s, c) && first_life(&s, c, &r, &first)) {
        if (live(&s, &r, false, &again, &e) != 0 || !same(&first, &again))
            check_fail(c, "a second instance in the same process answers "
                       "something else");
        buf_reset(&again);
        if (check_part_run(c, "@transcript", c->o->path, NULL, &again, &e) != 0)
            check_fail(c, "in another process: %s", e.text);
        else if (!same(&first, &again))
            check_fail(c, "in another process it answers something else: an "
                       "address, a clock or memory that was not set has got "
                       "in");
        if (s.plugin->strategy != NULL)
            try_other_seed(c, &s, &r);
    }
    reference_fini(&r);
    buf_fini(&first);
    buf_fini(&again);
    subject_close(&s);
}

/* --- B11: two at a time -------------------------------------------------- */

static void interleave_strategies(struct check_run *c, struct subject *s,
                                  const struct reference *r,
                                  const struct buf *alone)
{
    struct drive_with with = s->with;
    struct reference other = *r;
    struct buf together = { 0 };
    struct play a, b;
    int i;

    other.problem.seed ^= 0x5555;
    with.transcript = &together;
    (void)play_begin(&a, &with, r, NULL);
    (void)play_begin(&b, &s->with, &other, NULL);
    for (i = 0; i < N_ROUNDS && !a.done; i++) {
        if (play_run(&a, 1) != 0)
            check_fail(c, "%s", a.d.error.message);
        if (!b.done)
            (void)play_run(&b, 1);
    }
    play_end(&b);
    play_end(&a);
    if (!same(alone, &together))
        check_fail(c, "beside another instance it answers something else");
    buf_fini(&together);
}

static void interleave_adapters(struct check_run *c, struct subject *s,
                                const struct reference *r,
                                const struct buf *alone)
{
    struct adapt_batch more = { .label = "other", .first = 100, .n = 3,
                                .n_cases = 2, .bad_case = -1 };
    struct drive_with with = s->with;
    struct buf together = { 0 };
    struct adapt a, b;

    with.transcript = &together;
    (void)adapt_begin(&a, &with, r, s->evaluation);
    (void)adapt_begin(&b, &s->with, r, s->evaluation);
    (void)adapt_submit(&b, &more);
    (void)adapt_submit(&a, &usual_batch);
    adapt_end(&b);
    adapt_end(&a);
    if (!same(alone, &together))
        check_fail(c, "beside another instance it answers something else");
    buf_fini(&together);
}

void check_b11(struct check_run *c)
{
    struct buf alone = { 0 };
    struct reference r = { 0 };
    struct subject s;

    if (subject_open(&s, c) && first_life(&s, c, &r, &alone)) {
        if (s.plugin->strategy != NULL)
            interleave_strategies(c, &s, &r, &alone);
        else
            interleave_adapters(c, &s, &r, &alone);
    }
    reference_fini(&r);
    buf_fini(&alone);
    subject_close(&s);
}

/* --- B12: any thread ----------------------------------------------------- */

struct crowd {
    struct subject *s;
    const struct reference *r;
};

/* validate and get_extension are [any]: the shim is left out. */
static void *call_any(void *ctx)
{
    const struct crowd *crowd = ctx;
    const struct tt_strategy *strategy = crowd->s->real->strategy;
    struct tt_error e = { .size = sizeof e };
    int i;

    for (i = 0; i < 40; i++) {
        if (strategy->validate != NULL)
            (void)strategy->validate(&crowd->r->problem, &e);
        if (strategy->get_extension != NULL)
            (void)strategy->get_extension("trimtab.nothing/1");
    }
    return NULL;
}

static void crowd_it(struct subject *s, const struct reference *r)
{
    struct crowd crowd = { s, r };
    pthread_t threads[4];
    int i, n = 0;

    check_stage("validate, from four threads at once");
    while (n < 4 && pthread_create(&threads[n], NULL, call_any, &crowd) == 0)
        n++;
    for (i = 0; i < n; i++)
        (void)pthread_join(threads[i], NULL);
    check_stage("%s", "");
}

void check_b12(struct check_run *c)
{
    struct buf first = { 0 }, hopped = { 0 };
    struct reference r = { 0 };
    struct subject s;
    struct err e = { 0 };

    if (subject_open(&s, c) && first_life(&s, c, &r, &first)) {
        if (live(&s, &r, true, &hopped, &e) != 0)
            check_fail(c, "each call on another thread: %s", e.text);
        else if (!same(&first, &hopped))
            check_fail(c, "each call on another thread: it answers something "
                       "else");
        if (s.plugin->strategy != NULL)
            crowd_it(&s, &r);
    }
    reference_fini(&r);
    buf_fini(&first);
    buf_fini(&hopped);
    subject_close(&s);
}

/* --- B18: a newer host --------------------------------------------------- */

void check_b18(struct check_run *c)
{
    struct buf first = { 0 }, skewed = { 0 };
    struct reference r = { 0 };
    struct subject s;
    struct err e = { 0 };

    if (subject_open(&s, c) && first_life(&s, c, &r, &first)) {
        shim.skew = true;
        if (live(&s, &r, false, &skewed, &e) != 0)
            check_fail(c, "with larger records: %s", e.text);
        else if (!same(&first, &skewed))
            check_fail(c, "with larger records it answers something else");
        shim.skew = false;
    }
    reference_fini(&r);
    buf_fini(&first);
    buf_fini(&skewed);
    subject_close(&s);
}
