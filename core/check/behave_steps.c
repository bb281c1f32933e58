/* SPDX-License-Identifier: MIT
 *
 * behave_steps.c - B5, B6, B8, B9: what a strategy or an adapter answers, what
 * it must be able to hear, and what it does when nobody listens. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/check/checks.h"
#include "core/check/subject.h"

/* --- B5: what it proposes ------------------------------------------------ */

static void judge_play(struct check_run *c, const struct play *p, int rc,
                       const char *what)
{
    if (rc != 0)
        check_fail(c, "problem \"%s\", %s: %s", p->reference->name, what,
                   p->d.error.message);
    else if (p->bad[0] != '\0')
        check_fail(c, "problem \"%s\", %s: %s", p->reference->name, what,
                   p->bad);
}

static void propose(struct check_run *c, struct subject *s,
                    const struct reference *r)
{
    struct play p;
    int rc = play_begin(&p, &s->with, r, NULL);

    if (rc == 0)
        rc = play_step(&p, 0, NULL);
    judge_play(c, &p, rc, "asked for nothing");
    if (rc == 0) {
        p.parallel = 1;
        judge_play(c, &p, play_run(&p, 20), "one at a time");
    }
    play_end(&p);
    rc = play_begin(&p, &s->with, r, NULL);
    if (rc == 0)
        rc = play_run(&p, 24);
    judge_play(c, &p, rc, "several at a time");
    play_end(&p);
    if ((s->plugin->caps & TT_CAP_PENDING) == 0)
        return;
    rc = play_begin(&p, &s->with, r, NULL);
    if (rc == 0)
        rc = play_step(&p, 100, NULL);
    judge_play(c, &p, rc, "asked for 100");
    play_end(&p);
}

static void judge_outcomes(struct check_run *c, const struct adapt *a, int rc,
                           const char *what)
{
    const char *fault;
    uint64_t i;

    if (rc == TT_EPLUGIN)
        check_fail(c, "%s: %s", what, a->d.error.message);
    else if (rc != 0)
        check_note(c, "%s: %s", what, a->d.error.message);
    for (i = 0; i < a->outcomes.n; i++) {
        const struct tt_outcome *o = a->outcomes.outcomes[i];

        fault = adapt_fault(o);
        if (fault != NULL)
            check_fail(c, "%s, outcome of \"%.*s\": %s", what,
                       (int)(o->id.n < 100 ? o->id.n : 100), o->id.p, fault);
    }
}

/* Whatever is running is asked after, as it was answered. */
static int collect_all(struct adapt *a)
{
    struct tt_str *handles = xcalloc(a->outcomes.n + 1, sizeof *handles);
    struct arena kept = { 0 };
    uint64_t i, n = 0;
    int rc;

    for (i = 0; i < a->outcomes.n; i++)
        if (a->outcomes.outcomes[i]->state == TT_RUNNING)
            handles[n++] = arena_str(&kept, a->outcomes.outcomes[i]->handle);
    rc = adapt_collect(a, handles, n);
    arena_fini(&kept);
    free(handles);
    return rc;
}

static void evaluate(struct check_run *c, struct subject *s)
{
    static const uint64_t sizes[] = { 0, 1, 30 };
    struct adapt_batch batch = { .label = "b5", .n_cases = 3, .bad_case = -1 };
    struct reference r;
    struct adapt a;
    size_t i;

    if (!subject_setup(s, c, &r))
        return;
    if (adapt_begin(&a, &s->with, &r, s->evaluation) != 0)
        check_fail(c, "open: %s", a.d.error.message);
    for (i = 0; i < TT_ARRAY_LEN(sizes) && c->status < CHECK_FAIL; i++) {
        batch.n = sizes[i];
        judge_outcomes(c, &a, adapt_submit(&a, &batch), "submit");
        judge_outcomes(c, &a, collect_all(&a), "collect");
        batch.first += batch.n;
    }
    adapt_end(&a);
    reference_fini(&r);
}

void check_b5(struct check_run *c)
{
    struct reference r;
    struct subject s;
    char why[300];
    size_t i;

    if (subject_open(&s, c)) {
        for (i = 0; s.plugin->strategy != NULL && i < reference_n(); i++) {
            if (subject_takes(&s, c, i, &r, why))
                propose(c, &s, &r);
            reference_fini(&r);
        }
        if (s.plugin->adapter != NULL)
            evaluate(c, &s);
    }
    subject_close(&s);
}

/* --- B6: what it must be able to hear ------------------------------------ */

static void tell_result(struct play *p, uint64_t ref, double objective,
                        uint64_t n_cases, double guardrail)
{
    struct tt_result *r = play_alloc(p, sizeof *r);
    double *numbers = play_alloc(p, 3 * sizeof *numbers);
    struct tt_case_score *cases = play_alloc(p, 2 * sizeof *cases);

    numbers[0] = objective;
    numbers[1] = 1;
    numbers[2] = guardrail;
    cases[0].split = cases[1].split = TT_VALIDATION;
    cases[0].objective = objective;
    cases[1].id = 1;
    cases[1].status = TT_CASE_FAILED;
    cases[1].objective = (double)NAN;
    r->head.size = sizeof *r;
    r->ref = ref;
    r->number = 1;
    r->objectives = numbers;
    r->n_objectives = p->reference->problem.n_objectives;
    r->guardrails = numbers + 2;
    r->n_guardrails = p->reference->problem.n_guardrails;
    r->case_size = sizeof *cases;
    r->cases = cases;
    r->n_cases = n_cases;
    play_tell(p, &r->head, TT_RESULT);
}

static void tell_strange(struct play *p)
{
    struct tt_llm_reply *reply = play_alloc(p, sizeof *reply);
    struct tt_budget_event *budget = play_alloc(p, sizeof *budget);
    struct tt_failure *failure = play_alloc(p, sizeof *failure);

    tell_result(p, UINT64_C(123456789), 0.5, 2, 0.1); /* nobody's */
    tell_result(p, TT_REF_HOST + 77, 0.5, 2, 0.1);
    failure->head.size = sizeof *failure;
    failure->ref = 987654321;
    play_tell(p, &failure->head, TT_FAILED);
    reply->head.size = sizeof *reply;
    reply->request = 4711;
    reply->text = tt_str_of("nobody asked");
    play_tell(p, &reply->head, TT_LLM_REPLY);
    budget->head.size = sizeof *budget;
    budget->budget.size = sizeof budget->budget;
    budget->budget.iterations = 1000;
    budget->budget.iterations_spent = 999;
    play_tell(p, &budget->head, TT_BUDGET);
}

static void tell_numbers(struct play *p)
{
    static const double numbers[] = { 1.7e308, -1.7e308, 0.0, 5e-324, 1e-300 };
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(numbers) && p->n_flights > 0; i++) {
        uint64_t ref = p->flights[0].ref;

        tell_result(p, ref, numbers[i], i % 3, (double)NAN);
        tell_result(p, ref, numbers[i], 2, 0.1);  /* twice */
        play_fail(p, 0, TT_FAILED);               /* and then it fails */
    }
}

static int hear(struct play *p)
{
    int rc = play_step(p, p->parallel, NULL);

    if (rc == 0) {
        tell_strange(p);
        rc = play_step(p, 0, NULL);
    }
    if (rc == 0) {
        tell_numbers(p);
        rc = play_step(p, p->parallel - p->n_flights, NULL);
    }
    if (rc == 0) {
        play_enqueue(p, TT_REF_HOST + 1, 1);
        play_enqueue(p, TT_REF_HOST + 2, 1);
        play_enqueue(p, TT_REF_HOST + 3, 4);
        rc = play_step(p, p->parallel - p->n_flights, NULL);
    }
    while (rc == 0 && p->n_flights > 0) { /* the last one lands first */
        play_land(p, p->n_flights - 1);
        rc = play_step(p, 0, NULL);
    }
    if (rc == 0 && !p->done)
        rc = play_run(p, 6);
    return rc;
}

static void ask_strange(struct check_run *c, struct subject *s)
{
    struct tt_str handles[2] = { tt_str_of("nobody"), tt_str_of("{\"\\\"") };
    struct adapt_batch batch = { .label = "b6", .n = 2, .n_cases = 2,
                                 .bad_case = -1 };
    struct reference r;
    struct adapt a;

    if (!subject_setup(s, c, &r))
        return;
    if (adapt_begin(&a, &s->with, &r, s->evaluation) == 0) {
        if (adapt_collect(&a, NULL, 0) != 0)
            check_fail(c, "collect of nothing: %s", a.d.error.message);
        if (adapt_collect(&a, handles, 2) != 0)
            check_fail(c, "collect of handles that it never gave: %s",
                       a.d.error.message);
        if (adapt_find(&a, "never-sent") == TT_EPLUGIN)
            check_fail(c, "find: %s", a.d.error.message);
        if (adapt_abandon(&a, handles[0]) == TT_EPLUGIN)
            check_fail(c, "abandon: %s", a.d.error.message);
        if (adapt_submit(&a, &batch) == TT_EPLUGIN ||
            adapt_submit(&a, &batch) == TT_EPLUGIN)
            check_fail(c, "the same batch again: %s", a.d.error.message);
    }
    adapt_end(&a);
    reference_fini(&r);
}

void check_b6(struct check_run *c)
{
    struct reference r;
    struct subject s;
    struct play p;

    if (subject_open(&s, c)) {
        if (s.plugin->adapter != NULL) {
            ask_strange(c, &s);
        } else if (subject_problem(&s, c, &r)) {
            shim.stranger = true;
            if (play_begin(&p, &s.with, &r, NULL) == 0 && hear(&p) != 0)
                check_fail(c, "%s", p.d.error.message);
            play_end(&p);
            reference_fini(&r);
        }
    }
    subject_close(&s);
}

/* --- B8: nobody listens -------------------------------------------------- */

static void judge_sink(struct check_run *c, const char *call, int64_t at)
{
    if (!shim.sink_failed)
        return;
    if (shim.rc != TT_EIO)
        check_fail(c, "%s: emit or write number %d failed with TT_EIO, and it "
                   "returned %d", call, (int)at + 1, shim.rc);
    else if (shim.n_after > 0)
        check_fail(c, "%s: it goes on after emit or write number %d failed",
                   call, (int)at + 1);
}

/* Which emit or write fails: the first ones, then fewer. */
static int64_t next_at(int64_t at)
{
    return at < 4 ? at + 1 : at * 2;
}

/* One call with failing sinks until there are no more of them. */
static void deafen(struct check_run *c, struct subject *s,
                   const struct reference *r, uint16_t call)
{
    struct play p;
    int64_t at = 0;
    bool failed;

    do {
        failed = false;
        if (play_begin(&p, &s->with, r, NULL) == 0 &&
            (call == FRAME_STEP || play_run(&p, 5) == 0)) {
            shim.fail_sink_at = at;
            if (call == FRAME_STEP) {
                (void)play_step(&p, p.parallel, NULL);
            } else {
                if (call == FRAME_EXPLAIN && p.n_known > 0)
                    codec_put_ref(&p.d.payload, p.known[0].ref);
                (void)drive_ask(&p.d, call);
            }
            shim.fail_sink_at = -1;
            failed = shim.sink_failed;
            judge_sink(c, frame_name(call), at);
            shim.sink_failed = false;
        }
        play_end(&p);
        at = next_at(at);
    } while (failed && c->status < CHECK_FAIL);
}

static void deafen_adapter(struct check_run *c, struct subject *s)
{
    struct adapt_batch batch = { .label = "b8", .n = 4, .n_cases = 2,
                                 .bad_case = -1 };
    struct reference r;
    struct adapt a;
    int64_t at;

    if (!subject_setup(s, c, &r))
        return;
    for (at = 0; at < 4; at++) {
        if (adapt_begin(&a, &s->with, &r, s->evaluation) == 0) {
            shim.fail_sink_at = at;
            (void)adapt_submit(&a, &batch);
            shim.fail_sink_at = -1;
            if (shim.sink_failed && shim.rc >= 0)
                check_fail(c, "submit: emit number %d failed, and it returned "
                           "%d", (int)at + 1, shim.rc);
        }
        adapt_end(&a);
    }
    reference_fini(&r);
}

void check_b8(struct check_run *c)
{
    struct reference r;
    struct subject s;

    if (subject_open(&s, c)) {
        if (s.plugin->adapter != NULL) {
            deafen_adapter(c, &s);
        } else if (subject_problem(&s, c, &r)) {
            deafen(c, &s, &r, FRAME_STEP);
            if (s.plugin->strategy->snapshot != NULL)
                deafen(c, &s, &r, FRAME_SNAPSHOT);
            if (s.plugin->strategy->explain != NULL)
                deafen(c, &s, &r, FRAME_EXPLAIN);
            reference_fini(&r);
        }
    }
    subject_close(&s);
}

/* --- B9: it is cancelled ------------------------------------------------- */

#define MOST_AFTER 4u /* requests of a call, after one was cancelled */

static int be_cancelled(struct play *p)
{
    struct tt_budget_event *deadline;
    int rc = play_run(p, 3);

    while (rc == 0 && p->n_flights > 0) {
        play_fail(p, 0, TT_CANCELLED);
        rc = play_step(p, 0, NULL);
    }
    if (rc == 0 && !p->done)
        rc = play_step(p, p->parallel, NULL);
    if (rc == 0) {
        deadline = play_alloc(p, sizeof *deadline);
        deadline->head.size = sizeof *deadline;
        deadline->budget.size = sizeof deadline->budget;
        deadline->budget.seconds = 100;
        deadline->budget.seconds_spent = 99;
        play_tell(p, &deadline->head, TT_DEADLINE);
        rc = play_step(p, p->parallel - p->n_flights, NULL);
    }
    while (rc == 0 && p->n_flights > 0)
        play_fail(p, 0, TT_CANCELLED);
    if (rc == 0)
        rc = play_step(p, 1, NULL);
    return rc;
}

static void cancel_requests(struct check_run *c, struct subject *s)
{
    struct adapt_batch batch = { .label = "b9", .n = 2, .n_cases = 2,
                                 .bad_case = -1 };
    struct reference r;
    struct adapt a;

    if (!subject_setup(s, c, &r))
        return;
    s->world.fail_code = TT_ECANCELLED;
    for (s->world.fail_at = 1; s->world.fail_at <= 6; s->world.fail_at++) {
        world_call(&s->world);
        if (adapt_begin(&a, &s->with, &r, s->evaluation) == 0)
            (void)adapt_submit(&a, &batch);
        adapt_end(&a);
        if (s->world.n_in_call > s->world.fail_at + MOST_AFTER)
            check_fail(c, "it makes %u requests after one was cancelled",
                       (unsigned)(s->world.n_in_call - s->world.fail_at));
    }
    reference_fini(&r);
    if (s->world.n_http == 0)
        check_say(c, "it makes no requests");
}

void check_b9(struct check_run *c)
{
    struct reference r;
    struct subject s;
    struct play p;

    if (subject_open(&s, c)) {
        if (s.plugin->adapter != NULL) {
            cancel_requests(c, &s);
        } else if (subject_problem(&s, c, &r)) {
            if (play_begin(&p, &s.with, &r, NULL) == 0 && be_cancelled(&p) != 0)
                check_fail(c, "%s", p.d.error.message);
            play_end(&p);
            reference_fini(&r);
        }
    }
    subject_close(&s);
}
