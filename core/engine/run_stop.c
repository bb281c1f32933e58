/* SPDX-License-Identifier: MIT
 *
 * run_stop.c - why a run goes on no longer: budgets, convergence, a strategy
 * that is done, somebody's wish, or a failure with a diagnostic. */
#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/engine/run_impl.h"

bool run_over(const struct run *r)
{
    return r->state == RUN_COMPLETED || r->state == RUN_FAILED ||
           r->state == RUN_CANCELLED;
}

void run_set_state(struct run *r, enum run_state state)
{
    r->state = state;
    json_set_str(r->document, "state", run_state_word(state));
    json_set_str(r->document, "status", run_status_word(state));
    r->dirty = true;
}

/* Drop all that is under way; nobody is told. */
static void drop_jobs(struct run *r, const char *cause)
{
    while (r->n_live > 0)
        run_job_cancel(r, r->live[0], cause);
}

/* --- failing -------------------------------------------------------------- */

static void fail(struct run *r, const char *text)
{
    if (run_over(r) || r->finishing)
        return;
    r->stop = STOP_FAILED;
    r->state = RUN_FAILED; /* before the jobs: they end without a word */
    drop_jobs(r, "the run failed");
    json_set_str(r->document, "diagnostic", text);
    run_note(r, "run.failed", "%s", text);
    run_finish(r, RUN_FAILED, NULL, NULL, false, "the run failed");
}

void run_fail(struct run *r, const char *format, ...)
{
    char text[1000];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fail(r, text);
}

void run_plugin_name(const struct run *r, bool adapter, struct buf *out)
{
    json_object *p = run_pin(r, adapter);
    const char *id = json_str(p, "id"), *version = json_str(p, "version");
    const char *hash = json_str(p, "hash");

    buf_addf(out, "%s %s %s (sha256 %.12s)", adapter ? "adapter" : "strategy",
             id != NULL ? id : "?",
             version != NULL ? version : "?", hash != NULL ? hash : "?");
}

void run_fault(struct run *r, const char *format, ...)
{
    struct buf text = { 0 };
    char what[800];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(what, sizeof what, format, args);
    va_end(args);
    run_plugin_name(r, false, &text);
    buf_addf(&text, ": %s", what);
    if (!run_move_back(r, false, text.data))
        fail(r, text.data);
    buf_fini(&text);
}

void run_cancel(struct run *r, const char *actor, const char *reason)
{
    json_object *detail;

    if (run_over(r) || r->finishing)
        return;
    detail = json_object_new_object();
    if (reason != NULL && *reason != '\0')
        json_set_str(detail, "reason", reason);
    run_out_audit(r, "run.cancel", actor, detail);
    r->stop = STOP_CANCELLED;
    r->state = RUN_CANCELLED;
    drop_jobs(r, "the run was cancelled");
    json_set_str(r->document, "cancelled_by", actor != NULL ? actor : "?");
    run_note(r, "run.cancelled", "cancelled by %s%s%s",
             actor != NULL ? actor : "?",
             reason != NULL && *reason != '\0' ? ": " : "",
             reason != NULL ? reason : "");
    run_finish(r, RUN_CANCELLED, NULL, NULL, false, "the run was cancelled");
}

/* --- reasons to stop ------------------------------------------------------ */

struct budget run_budget(const struct run *r)
{
    struct budget b = r->budget;

    b.tt.iterations_spent = r->n_finished;
    b.tt.evaluations_spent = r->n_done_evaluations;
    b.tt.seconds_spent = r->now_ms / 1000;
    b.tt.cost_spent = r->cost;
    return b;
}

/* The cause of the first failure, in the order of the candidates. */
static const struct run_job *first_failure(const struct run *r)
{
    size_t i, k;

    for (i = 0; i < r->n_candidates; i++)
        for (k = 0; k < r->candidates[i]->n_jobs; k++)
            if (r->candidates[i]->jobs[k]->state == JOB_FAILED)
                return r->candidates[i]->jobs[k];
    return NULL;
}

static bool any_complete(const struct run *r)
{
    size_t i, k;

    for (i = 0; i < r->n_candidates; i++)
        for (k = 0; k < r->candidates[i]->n_jobs; k++)
            if (r->candidates[i]->jobs[k]->state == JOB_COMPLETE)
                return true;
    return false;
}

/* Nothing works from the start: do not spend the budget on it. */
static bool hopeless(struct run *r)
{
    const struct run_job *j;

    if (r->n_failed < r->plan.fail_after || any_complete(r))
        return false;
    j = first_failure(r);
    run_fail(r, "the first %llu candidates all failed; candidate %llu: %s",
             (unsigned long long)r->n_failed,
             (unsigned long long)j->candidate->number, j->cause);
    return true;
}

/* The strategy says nothing and nothing is left that it could wait for. */
static enum stop_reason stalled(const struct run *r)
{
    if (!r->strategy_up || r->step_sent || r->snapshotting ||
        r->open_position != 0 || r->next_position == 1 || r->fresh ||
        r->slots == 0 || r->n_live > 0 || r->n_llms > 0 || run_events_wait(r))
        return STOP_NONE;
    if (run_room(r) == 0)
        return r->budget.tt.evaluations > 0 ? STOP_EVALUATIONS
                                            : STOP_ITERATIONS;
    return r->hungry ? STOP_NONE : STOP_EXHAUSTED;
}

static enum stop_reason reason(const struct run *r)
{
    struct budget b = run_budget(r);
    enum stop_reason stop = budget_stop(&b, r->plan.maximize, r->scores,
                                        r->n_finished);

    if (stop != STOP_NONE)
        return stop;
    if (r->done)
        return r->n_live == 0 ? r->done_reason : STOP_NONE;
    return r->state == RUN_RUNNING ? stalled(r) : STOP_NONE;
}

static void stop_search(struct run *r, enum stop_reason stop)
{
    const struct run_job *j;

    r->stop = stop;
    json_set_str(r->document, "stop_reason", stop_word(stop));
    run_note(r, "run.stopping", "the search ends: %s", stop_word(stop));
    run_set_state(r, RUN_GATING);
    drop_jobs(r, "the search has ended");
    if (any_complete(r)) {
        run_gate_start(r);
        return;
    }
    j = first_failure(r);
    if (j != NULL)
        run_fail(r, "no candidate could be scored (%s); candidate %llu: %s",
                 stop_word(stop), (unsigned long long)j->candidate->number,
                 j->cause);
    else
        run_fail(r, "no candidate was scored before the search ended (%s)",
                 stop_word(stop));
}

/* Nine tenths of the time are gone: the strategy may want to wrap up. */
static void check_deadline(struct run *r)
{
    if (r->budget.tt.seconds > 0 && !r->deadline_told &&
        r->state == RUN_RUNNING &&
        r->now_ms >= r->budget.tt.seconds * 900)
        r->deadline_due = true;
}

void run_check_stop(struct run *r)
{
    enum stop_reason stop;

    if (r->finishing || (r->state != RUN_RUNNING && r->state != RUN_STARTING))
        return;
    if (hopeless(r))
        return;
    stop = reason(r);
    if (stop != STOP_NONE)
        stop_search(r, stop);
    else
        check_deadline(r);
}
