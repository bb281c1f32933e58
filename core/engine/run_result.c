/* SPDX-License-Identifier: MIT
 *
 * run_result.c - how a job ends: its score over the cases, what that makes of
 * its candidate, and who else waited for it. */
#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/engine/run_impl.h"

bool run_better(const struct run *r, double a, double b)
{
    if (isnan(a) || isnan(b))
        return !isnan(a) && isnan(b);
    return r->plan.maximize ? a > b : a < b;
}

static bool guardrails_hold(const struct run *r, const double *values)
{
    size_t i;

    for (i = 0; i < r->plan.n_guardrails; i++)
        if (!(values[i] >= r->plan.lo[i] && values[i] <= r->plan.hi[i]))
            return false; /* NAN: what was not measured does not hold */
    return true;
}

/* --- the score of a job --------------------------------------------------- */

/* Of each case, over its repeats; how many were measured at all. */
static size_t case_means(const struct run_job *j, double *values)
{
    size_t measured = 0;
    uint64_t i, k;

    for (i = 0; i < j->n_cases; i++) {
        double sum = 0.0;
        unsigned n = 0;

        for (k = 0; k < j->repeats; k++) {
            const struct run_score *s = &j->scores[k * j->n_cases + i];

            if (s->status != TT_CASE_OK)
                continue;
            sum += s->objective;
            n++;
        }
        values[i] = n > 0 ? sum / n : (double)NAN;
        measured += n > 0;
    }
    return measured;
}

/* The mean over evaluations, each with the weight of its cases. */
static void mean_guardrails(const struct run *r, struct run_job *j)
{
    size_t i, k;

    for (i = 0; i < r->plan.n_guardrails; i++) {
        double sum = 0.0, weight = 0.0;

        for (k = 0; k < j->n_evaluations; k++) {
            const struct run_evaluation *v = &j->evaluations[k];

            if (v->guardrails == NULL || isnan(v->guardrails[i]))
                continue;
            sum += v->guardrails[i] * (double)v->n;
            weight += (double)v->n;
        }
        j->guardrails[i] = weight > 0.0 ? sum / weight : (double)NAN;
    }
    j->feasible = guardrails_hold(r, j->guardrails);
}

static void mean_metrics(struct run_job *j)
{
    json_object *sums = json_object_new_object();
    json_object *weights = json_object_new_object();
    size_t k;

    for (k = 0; k < j->n_evaluations; k++) {
        const struct run_evaluation *v = &j->evaluations[k];

        if (v->metrics == NULL)
            continue;
        json_object_object_foreach(v->metrics, name, value)
        {
            json_set_num(sums, name, json_num(sums, name, 0.0) +
                                         json_object_get_double(value) *
                                             (double)v->n);
            json_set_num(weights, name,
                         json_num(weights, name, 0.0) + (double)v->n);
        }
    }
    json_object_put(j->metrics);
    j->metrics = json_object_new_object();
    json_object_object_foreach(sums, key, sum)
    {
        run_set_finite(j->metrics, key, json_object_get_double(sum) /
                                            json_num(weights, key, 1.0));
    }
    json_object_put(sums);
    json_object_put(weights);
}

/* PARTIAL events are scored so, too: over what is there. */
void run_job_score(const struct run *r, struct run_job *j)
{
    double *values = xcalloc((size_t)j->n_cases + 1, sizeof *values);
    size_t k;

    (void)case_means(j, values);
    j->objective = bridge_aggregate(r->plan.aggregate, values,
                                    (size_t)j->n_cases);
    free(values);
    mean_guardrails(r, j);
    j->cost = 0.0;
    j->tokens_in = j->tokens_out = 0;
    for (k = 0; k < j->n_evaluations; k++) {
        j->cost += j->evaluations[k].cost;
        j->tokens_in += j->evaluations[k].tokens_in;
        j->tokens_out += j->evaluations[k].tokens_out;
    }
}

/* --- the score of a candidate --------------------------------------------- */

struct sums {
    double *sum, *guardrail, *weight;
    unsigned *n;
    bool *seen;
};

static void add_job(const struct run *r, const struct run_job *j,
                    struct sums *s)
{
    const struct run_job *from = run_job_source(j);
    uint64_t i, k;

    for (i = 0; i < j->n_cases; i++) {
        s->seen[j->cases[i]] = true;
        for (k = 0; k < from->repeats; k++) {
            const struct run_score *one = &from->scores[k * from->n_cases + i];

            if (one->status != TT_CASE_OK)
                continue;
            s->sum[j->cases[i]] += one->objective;
            s->n[j->cases[i]]++;
        }
    }
    for (i = 0; i < r->plan.n_guardrails; i++)
        if (!isnan(j->guardrails[i])) {
            s->guardrail[i] += j->guardrails[i] * (double)j->n_cases;
            s->weight[i] += (double)j->n_cases;
        }
}

static void find_best(struct run *r)
{
    size_t i;

    r->best = NULL;
    for (i = 0; i < r->n_candidates; i++) {
        struct run_candidate *c = r->candidates[i];

        if (c->full && c->feasible &&
            (r->best == NULL || run_better(r, c->score, r->best->score)))
            r->best = c;
    }
}

static void note_best(struct run *r, struct run_candidate *c)
{
    bool was = r->best == c;

    if (was) {
        find_best(r); /* measured again: it may have lost */
    } else if (c->full && c->feasible &&
               (r->best == NULL || run_better(r, c->score, r->best->score) ||
                (c->score == r->best->score && c->number < r->best->number))) {
        r->best = c;
    }
}

/* Over all its jobs on the validation split; whole once each case was seen. */
void run_candidate_judge(struct run *r, struct run_candidate *c)
{
    size_t n = (size_t)r->dataset->n[TT_VALIDATION], i;
    size_t g = r->plan.n_guardrails;
    struct sums s = { xcalloc(n + 1, sizeof(double)),
                      xcalloc(g + 1, sizeof(double)),
                      xcalloc(g + 1, sizeof(double)),
                      xcalloc(n + 1, sizeof(unsigned)),
                      xcalloc(n + 1, sizeof(bool)) };

    for (i = 0; i < c->n_jobs; i++)
        if (c->jobs[i]->state == JOB_COMPLETE && c->jobs[i]->by != JOB_GATE &&
            c->jobs[i]->split == TT_VALIDATION)
            add_job(r, c->jobs[i], &s);
    c->full = true;
    for (i = 0; i < n; i++) {
        c->full = c->full && s.seen[i];
        s.sum[i] = s.n[i] > 0 ? s.sum[i] / s.n[i] : (double)NAN;
    }
    for (i = 0; i < g; i++)
        s.guardrail[i] = s.weight[i] > 0.0 ? s.guardrail[i] / s.weight[i]
                                           : (double)NAN;
    c->score = c->full ? bridge_aggregate(r->plan.aggregate, s.sum, n)
                       : (double)NAN;
    c->full = c->full && isfinite(c->score);
    c->feasible = guardrails_hold(r, s.guardrail);
    free(s.sum);
    free(s.guardrail);
    free(s.weight);
    free(s.n);
    free(s.seen);
    if (c->finished != 0)
        r->scores[c->finished - 1] = c->full && c->feasible ? c->score
                                                            : (double)NAN;
    note_best(r, c);
}

/* --- endings -------------------------------------------------------------- */

static void tell_people(struct run *r, const struct run_job *j)
{
    const struct run_candidate *c = j->candidate;
    json_object *about = json_object_new_object();
    unsigned long long number = c->number;

    if (run_over(r) || (j->state == JOB_CANCELLED && r->state != RUN_RUNNING)) {
        json_object_put(about); /* all end at once: that is said already */
        return;
    }
    json_set_int(about, "candidate", (int64_t)number);
    if (j->state != JOB_COMPLETE) {
        run_note_about(r, j->state == JOB_FAILED ? "candidate.failed"
                                                 : "candidate.cancelled",
                       about, "candidate %llu: %s", number, j->cause);
        return;
    }
    json_set_num(about, "objective", j->objective);
    json_set_bool(about, "best", r->best == c);
    run_note_about(r, "candidate.done", about, "candidate %llu: %s %.6g%s%s",
                   number, r->plan.metric, j->objective,
                   j->feasible ? "" : ", a guardrail does not hold",
                   r->best == c ? ", the best so far" : "");
}

static void finish_candidate(struct run *r, struct run_candidate *c)
{
    if (c->finished == 0) {
        r->scores = run_grow(r->scores, r->n_finished, sizeof *r->scores);
        r->scores[r->n_finished++] = (double)NAN;
        c->finished = r->n_finished;
    }
    run_candidate_judge(r, c);
}

/* Whoever waits for the same result: it has come, or has to be made anew. */
static void release_followers(struct run *r, struct run_job *j)
{
    struct run_job **followers = xcalloc(r->n_live + 1, sizeof(void *));
    struct run_job *heir = NULL;
    size_t i, n = 0;

    for (i = 0; i < r->n_live; i++)
        if (r->live[i]->same_as == j)
            followers[n++] = r->live[i];
    for (i = 0; i < n; i++) {
        struct run_job *f = followers[i];

        f->candidate->dirty = true;
        run_touch(r, f->candidate);
        if (j->state == JOB_COMPLETE) {
            run_job_progress(r, f);
        } else if (j->state == JOB_FAILED) {
            run_job_fail(r, f, j->cause, j->infrastructure);
        } else if (heir == NULL) {
            heir = f;
            f->same_as = NULL;
            run_job_plan(r, f);
        } else {
            f->same_as = heir;
        }
    }
    free(followers);
}

static void end(struct run *r, struct run_job *j, enum job_state state)
{
    struct run_candidate *c = j->candidate;

    j->state = state;
    j->partial = false;
    j->ended = ++r->sequence;
    c->dirty = true;
    run_touch(r, c);
    run_job_forget(r, j);
    if (j->by != JOB_GATE) {
        if (state != JOB_CANCELLED || r->state == RUN_RUNNING)
            finish_candidate(r, c); /* else the end of the search cut it off */
        /* what it did not ask for would pass for what it did ask for */
        j->silent = j->by == JOB_HOST && c->asked_host > 0;
        if (!j->silent) {
            r->untold = run_grow(r->untold, r->n_untold, sizeof(void *));
            r->untold[r->n_untold++] = j;
        }
        tell_people(r, j);
    }
    release_followers(r, j);
}

static void copy_result(const struct run *r, struct run_job *j)
{
    const struct run_job *from = run_job_source(j);

    j->objective = from->objective;
    memcpy(j->guardrails, from->guardrails,
           r->plan.n_guardrails * sizeof *j->guardrails);
    j->feasible = from->feasible;
    j->metrics = json_object_get(from->metrics); /* it cost nothing again */
}

void run_job_progress(struct run *r, struct run_job *j)
{
    double *values;
    size_t measured;

    if (j->state != JOB_PENDING)
        return;
    if (j->same_as != NULL) {
        copy_result(r, j);
        end(r, j, JOB_COMPLETE);
        return;
    }
    if (++j->n_done < j->n_evaluations) {
        j->partial = (r->plan.caps & TT_CAP_PARTIAL) != 0 &&
                     j->by != JOB_GATE;
        return;
    }
    values = xcalloc((size_t)j->n_cases + 1, sizeof *values);
    measured = case_means(j, values);
    free(values);
    if ((double)measured < RUN_MIN_MEASURED * (double)j->n_cases) {
        char cause[120];

        (void)snprintf(cause, sizeof cause,
                       "only %zu of %llu cases could be scored", measured,
                       (unsigned long long)j->n_cases);
        run_job_fail(r, j, cause, false);
        return;
    }
    run_job_score(r, j);
    mean_metrics(j);
    end(r, j, JOB_COMPLETE);
}

static void drop_evaluations(struct run *r, struct run_job *j)
{
    size_t i;

    for (i = 0; i < j->n_evaluations; i++)
        run_eval_drop(r, &j->evaluations[i]);
}

void run_job_fail(struct run *r, struct run_job *j, const char *cause,
                  bool infrastructure)
{
    if (j->state != JOB_PENDING)
        return;
    drop_evaluations(r, j);
    j->cause = xstrdup(*cause != '\0' ? cause : "no reason was given");
    j->infrastructure = infrastructure;
    r->n_failed += j->by != JOB_GATE;
    end(r, j, JOB_FAILED);
}

void run_job_cancel(struct run *r, struct run_job *j, const char *cause)
{
    if (j->state != JOB_PENDING)
        return;
    drop_evaluations(r, j);
    j->cause = xstrdup(cause);
    end(r, j, JOB_CANCELLED);
}
