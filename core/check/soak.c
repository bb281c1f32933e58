/* SPDX-License-Identifier: MIT
 *
 * soak.c - B22: for a while, everything in any order. */
#include "config.h"

#include <string.h>
#include <trimtab/random.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/check/checks.h"
#include "core/check/subject.h"

#define STEPS_PER_LIFE 400
#define LEAST_STEPS 25 /* of a life, when the time is over */

static bool one_in(struct tt_random *r, uint64_t n)
{
    return tt_random_below(r, n) == 0;
}

/* Some of what is in flight ends, in any order; now and then somebody has an
 * idea of his own. */
static void let_happen(struct play *p, struct tt_random *r, uint64_t *enqueued)
{
    size_t i;

    while (p->n_flights > 0 && !one_in(r, 3)) {
        i = tt_random_below(r, p->n_flights);
        if (one_in(r, 10))
            play_fail(p, i, one_in(r, 2) ? TT_FAILED : TT_CANCELLED);
        else
            play_land(p, i);
    }
    if (one_in(r, 20))
        play_enqueue(p, TT_REF_HOST + (*enqueued)++,
                     (unsigned)tt_random_below(r, 1000));
}

static bool is_over(const struct subject *s, const struct play *p, int step,
                    int64_t end)
{
    uint64_t most = s->plugin->budget_max;

    return p->done || (most > 0 && p->n_results >= most) ||
           (step >= LEAST_STEPS && clock_mono_ms() >= end);
}

static int live(struct check_run *c, struct subject *s,
                const struct reference *reference, int64_t end,
                struct tt_random *r)
{
    uint64_t enqueued = 0;
    struct tt_snapshot state;
    struct play p;
    int i, rc = play_begin(&p, &s->with, reference, NULL);

    for (i = 0; i < STEPS_PER_LIFE && rc == 0 && !is_over(s, &p, i, end);
         i++) {
        rc = play_step(&p, tt_random_below(r, p.parallel - p.n_flights + 1),
                       NULL);
        let_happen(&p, r, &enqueued);
        if (rc == 0 && one_in(r, 50) &&
            (s->plugin->caps & TT_CAP_SNAPSHOT) != 0)
            rc = drive_snapshot(&p.d, &state);
    }
    if (rc != 0)
        check_fail(c, "problem \"%s\", step %d: %s", reference->name, i,
                   p.d.error.message);
    else if (p.bad[0] != '\0')
        check_fail(c, "problem \"%s\", step %d: %s", reference->name, i,
                   p.bad);
    play_end(&p);
    return rc;
}

static void soak_strategy(struct check_run *c, struct subject *s, int64_t end,
                          struct tt_random *r)
{
    struct reference reference;
    char why[300];
    unsigned n = 0;
    size_t i;

    do {
        for (i = 0; i < reference_n() && c->status < CHECK_FAIL; i++) {
            if (subject_takes(s, c, i, &reference, why)) {
                reference.problem.max_in_flight *= 2;
                (void)live(c, s, &reference, end, r);
                n++;
            }
            reference_fini(&reference);
        }
    } while (c->status < CHECK_FAIL && clock_mono_ms() < end);
    check_say(c, "%u lives", n);
}

static void soak_adapter(struct check_run *c, struct subject *s, int64_t end,
                         struct tt_random *r)
{
    static const int codes[] = { 0, 0, 0, TT_ETIMEOUT, TT_ETRANSIENT };
    struct adapt_batch batch = { .label = "soak", .bad_case = -1 };
    struct reference reference;
    struct adapt a;
    int rc;

    if (!subject_setup(s, c, &reference))
        return;
    rc = adapt_begin(&a, &s->with, &reference, s->evaluation);
    while (rc != TT_EPLUGIN && clock_mono_ms() < end) {
        s->world.answer.code = codes[tt_random_below(r, TT_ARRAY_LEN(codes))];
        batch.n = tt_random_below(r, 20);
        batch.n_cases = 1 + tt_random_below(r, REFERENCE_CASES);
        rc = adapt_submit(&a, &batch);
        batch.first += batch.n;
        if (rc != TT_EPLUGIN)
            rc = adapt_find(&a, batch.label);
    }
    if (rc == TT_EPLUGIN)
        check_fail(c, "%s", a.d.error.message);
    adapt_end(&a);
    reference_fini(&reference);
}

void check_b22(struct check_run *c)
{
    struct tt_random r = tt_random_at(c->o->seed, 22, 0);
    int64_t end = clock_mono_ms() + c->o->soak_ms;
    struct subject s;

    if (subject_open(&s, c)) {
        if (s.plugin->strategy != NULL)
            soak_strategy(c, &s, end, &r);
        else
            soak_adapter(c, &s, end, &r);
    }
    subject_close(&s);
}
