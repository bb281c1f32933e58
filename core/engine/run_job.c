/* SPDX-License-Identifier: MIT
 *
 * run_job.c - one EVALUATE of one candidate: on which cases, in how many
 * evaluations, and whether its result is known already. */
#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/engine/run_impl.h"

uint64_t run_per_candidate(const struct run *r)
{
    uint64_t n = r->dataset->n[TT_VALIDATION], m = r->plan.cases_per_run;

    return n == 0 ? 1 : (n + m - 1) / m;
}

/* --- its cases ------------------------------------------------------------ */

static void take_cases(const struct run *r, struct run_job *j,
                       const struct run_job_spec *spec)
{
    uint64_t i;

    j->whole = spec->cases == NULL;
    j->n_cases = j->whole ? r->dataset->n[spec->split] : spec->n_cases;
    j->cases = xcalloc((size_t)j->n_cases + 1, sizeof *j->cases);
    for (i = 0; i < j->n_cases; i++)
        j->cases[i] = j->whole ? i : spec->cases[i];
}

static bool same_cases(const struct run_job *a, const struct run_job *b)
{
    return a->split == b->split && a->n_cases == b->n_cases &&
           memcmp(a->cases, b->cases, (size_t)a->n_cases * sizeof *a->cases) ==
               0;
}

/* How often this candidate was sent these very cases before: adapters that
 * draw noise see another repeat. */
static uint32_t repeats_before(const struct run_candidate *c,
                               const struct run_job *j)
{
    uint32_t n = 0;
    size_t i;

    for (i = 0; i < c->n_jobs; i++)
        if (c->jobs[i] != j && c->jobs[i]->same_as == NULL &&
            same_cases(c->jobs[i], j))
            n += c->jobs[i]->repeats;
    return n;
}

/* --- life ----------------------------------------------------------------- */

struct run_job *run_job_add(struct run *r, struct run_candidate *c,
                            const struct run_job_spec *spec)
{
    struct run_job *j = xcalloc(1, sizeof *j);

    c->jobs = xrealloc(c->jobs, c->n_jobs + 1, sizeof(void *));
    c->jobs[c->n_jobs++] = j;
    j->candidate = c;
    j->number = (unsigned)c->n_jobs;
    j->by = spec->by;
    j->silent = spec->by == JOB_GATE;
    j->epoch = r->epoch;
    j->order = ++r->sequence;
    j->split = spec->split;
    j->repeats = spec->repeats > 0 ? spec->repeats : 1;
    j->flags = spec->flags;
    j->priority = spec->priority;
    j->objective = (double)NAN;
    j->guardrails = xcalloc(r->plan.n_guardrails + 1, sizeof(double));
    take_cases(r, j, spec);
    j->repeat_base = repeats_before(c, j);
    r->live = run_grow(r->live, r->n_live, sizeof(void *));
    r->live[r->n_live++] = j;
    c->dirty = true;
    run_touch(r, c);
    return j;
}

void run_job_forget(struct run *r, struct run_job *j)
{
    size_t i;

    for (i = 0; i < r->n_live && r->live[i] != j; i++)
        ;
    if (i == r->n_live)
        return;
    r->n_live--;
    memmove(&r->live[i], &r->live[i + 1], (r->n_live - i) * sizeof(void *));
}

/* Cut it into evaluations of at most cases_per_run cases, repeat by repeat. */
void run_job_plan(struct run *r, struct run_job *j)
{
    uint64_t size = r->plan.cases_per_run, from;
    size_t parts = (size_t)((j->n_cases + size - 1) / size), at = 0;
    size_t i, n = (size_t)j->n_cases * j->repeats;
    uint32_t repeat;

    j->n_evaluations = parts * j->repeats;
    j->evaluations = xcalloc(j->n_evaluations + 1, sizeof *j->evaluations);
    j->scores = xcalloc(n + 1, sizeof *j->scores);
    for (i = 0; i < n; i++) {
        j->scores[i].objective = (double)NAN;
        j->scores[i].status = TT_CASE_MISSING;
    }
    for (repeat = 0; repeat < j->repeats; repeat++)
        for (from = 0; from < j->n_cases; from += size) {
            struct run_evaluation *v = &j->evaluations[at++];

            v->job = j;
            v->from = from;
            v->n = j->n_cases - from < size ? j->n_cases - from : size;
            v->repeat = repeat;
            v->attempt = 1;
            v->objective = (double)NAN;
        }
}

static void evaluation_fini(struct run_evaluation *v)
{
    free(v->handle);
    free(v->message);
    free(v->guardrails);
    json_object_put(v->evidence);
    json_object_put(v->metrics);
}

void run_job_destroy(struct run_job *j)
{
    size_t i;

    if (j == NULL)
        return;
    for (i = 0; i < j->n_evaluations; i++)
        evaluation_fini(&j->evaluations[i]);
    for (i = 0; j->scores != NULL && i < j->n_cases * j->repeats; i++)
        free(j->scores[i].feedback);
    json_object_put(j->metrics);
    free(j->evaluations);
    free(j->scores);
    free(j->guardrails);
    free(j->cases);
    free(j->cause);
    free(j);
}

/* --- known already? ------------------------------------------------------- */

const struct run_job *run_job_source(const struct run_job *j)
{
    while (j->same_as != NULL)
        j = j->same_as;
    return j;
}

struct run_job *run_job_same(const struct run *r, const struct run_candidate *c,
                             const struct run_job *like)
{
    struct run_candidate *other;
    uint64_t number = 0;
    size_t i;

    other = run_candidate_like(r, c->hash);
    for (; other != NULL && other->number <= c->number;
         other = run_candidate_at(r, number + 1)) {
        number = other->number;
        if (strcmp(other->hash, c->hash) != 0)
            continue;
        for (i = 0; i < other->n_jobs; i++) {
            struct run_job *j = other->jobs[i];

            if (j != like && j->same_as == NULL && j->n_evaluations > 0 &&
                j->repeats == like->repeats && same_cases(j, like) &&
                (j->flags & like->flags) == like->flags &&
                (j->state == JOB_PENDING || j->state == JOB_COMPLETE))
                return j;
        }
    }
    return NULL;
}

void run_job_follow(struct run *r, struct run_job *j, struct run_job *other)
{
    j->same_as = other;
    r->n_duplicates++;
    j->candidate->dirty = true;
    if (other->state == JOB_COMPLETE)
        run_job_progress(r, j);
}
