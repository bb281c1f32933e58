/* SPDX-License-Identifier: MIT
 *
 * behave_adapter.c - B21: what an adapter says of a candidate does not depend
 * on what else is in the batch. */
#include "config.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/check/checks.h"
#include "core/check/subject.h"

#define N_EVALUATIONS 4

/* What was said of each evaluation, by its number. */
struct said {
    struct arena arena;
    uint32_t state[N_EVALUATIONS];
    struct tt_str outputs[N_EVALUATIONS];
};

static void take(struct said *s, const struct adapt *a)
{
    uint64_t i, k;
    char id[32];

    for (i = 0; i < a->outcomes.n; i++) {
        const struct tt_outcome *o = a->outcomes.outcomes[i];

        for (k = 0; k < N_EVALUATIONS; k++) {
            (void)snprintf(id, sizeof id, "b21/%u", (unsigned)k);
            if (!tt_str_equal(o->id, tt_str_of(id)))
                continue;
            s->state[k] = o->state;
            s->outputs[k] = arena_str(&s->arena, o->outputs);
        }
    }
}

/* All at once, or one by one; in an instance of its own. */
static void ask(struct subject *s, const struct reference *r, bool at_once,
                int64_t bad_case, struct said *said)
{
    struct adapt_batch batch = { .label = "b21", .n_cases = 3,
                                 .bad_case = bad_case };
    struct adapt a;

    memset(said, 0, sizeof *said);
    batch.n = at_once ? N_EVALUATIONS : 1;
    if (adapt_begin(&a, &s->with, r, s->evaluation) == 0)
        for (batch.first = 0; batch.first < N_EVALUATIONS;
             batch.first += batch.n)
            if (adapt_submit(&a, &batch) == 0)
                take(said, &a);
    adapt_end(&a);
}

static bool all_succeeded(const struct said *s)
{
    size_t i;

    for (i = 0; i < N_EVALUATIONS; i++)
        if (s->state[i] != TT_SUCCEEDED)
            return false;
    return true;
}

static void compare(struct check_run *c, const struct said *a,
                    const struct said *b, const char *what)
{
    size_t i;

    for (i = 0; i < N_EVALUATIONS; i++)
        if (a->state[i] != b->state[i] ||
            !tt_str_equal(a->outputs[i], b->outputs[i])) {
            check_fail(c, "%s: it says %.*s, then %.*s", what,
                       (int)(a->outputs[i].n < 200 ? a->outputs[i].n : 200),
                       a->outputs[i].p,
                       (int)(b->outputs[i].n < 200 ? b->outputs[i].n : 200),
                       b->outputs[i].p);
            return;
        }
}

void check_b21(struct check_run *c)
{
    struct said first, again, singles, with_bad;
    struct reference r;
    struct subject s;
    size_t i;

    if (subject_open(&s, c) && subject_setup(&s, c, &r)) {
        ask(&s, &r, true, -1, &first);
        ask(&s, &r, true, -1, &again);
        ask(&s, &r, false, -1, &singles);
        ask(&s, &r, true, 1, &with_bad);
        if (!all_succeeded(&first)) {
            check_skip(c, "nothing succeeds in the checker's world; "
                       "--evaluation and a server would help");
        } else if ((s.plugin->caps & TT_CAP_NOISE) != 0) {
            check_say(c, "it declares noise");
        } else {
            compare(c, &first, &again, "the same batch again");
            compare(c, &first, &singles, "in a batch and alone");
        }
        for (i = 0; i < N_EVALUATIONS && all_succeeded(&first); i++)
            if (with_bad.state[i] == 0)
                check_fail(c, "one case that is no case fails the whole "
                           "batch");
        arena_fini(&first.arena);
        arena_fini(&again.arena);
        arena_fini(&singles.arena);
        arena_fini(&with_bad.arena);
        reference_fini(&r);
    }
    subject_close(&s);
}
