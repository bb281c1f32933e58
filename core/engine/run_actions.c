/* SPDX-License-Identifier: MIT
 *
 * run_actions.c - what the strategy wants: each action checked, then taken. */
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/engine/run_impl.h"

/* --- cases ---------------------------------------------------------------- */

static bool seen(const struct run_candidate *c, uint32_t split, uint64_t id)
{
    size_t i;
    uint64_t k;

    for (i = 0; i < c->n_jobs; i++) {
        const struct run_job *j = c->jobs[i];

        for (k = 0; k < j->n_cases && j->split == split; k++)
            if (j->cases[k] == id)
                return true;
    }
    return false;
}

/* The ids that a case set means, into *ids (freed by the caller; NULL means
 * the whole split). False when the plugin is at fault. */
static bool resolve(struct run *r, const struct run_candidate *c,
                    const struct tt_case_set *set, struct run_job_spec *spec,
                    uint64_t **ids)
{
    uint64_t n, i;

    spec->split = set->mode == TT_CASES_DEFAULT ? TT_VALIDATION : set->split;
    n = r->dataset->n[spec->split];
    if (spec->split == TT_HOLDOUT) {
        *ids = xcalloc(1, sizeof **ids);
        spec->n_cases = 0;
        return true;
    }
    if (set->mode == TT_CASES_NEXT) {
        *ids = xcalloc((size_t)n + 1, sizeof **ids);
        for (i = 0; i < n && spec->n_cases < set->m; i++)
            if (!seen(c, spec->split, i))
                (*ids)[spec->n_cases++] = i;
        if (spec->n_cases == n && n > 0) { /* all of them at once */
            free(*ids);
            *ids = NULL;
        }
    } else if (set->mode == TT_CASES_LIST) {
        *ids = xcalloc((size_t)set->n_ids + 1, sizeof **ids);
        for (i = 0; i < set->n_ids; i++) {
            if (set->ids[i] >= n) {
                run_fault(r, "candidate %llu: case %llu of the %s split, "
                          "which has %llu", (unsigned long long)c->number,
                          (unsigned long long)set->ids[i],
                          run_split_word(spec->split), (unsigned long long)n);
                return false;
            }
            (*ids)[spec->n_cases++] = set->ids[i];
        }
    } else if (n == 0) { /* a whole split without a case */
        *ids = xcalloc(1, sizeof **ids);
    }
    spec->cases = *ids;
    return true;
}

/* --- EVALUATE ------------------------------------------------------------- */

static void take_parents(struct run *r, struct run_candidate *c,
                         const struct tt_candidate *from)
{
    uint64_t i;

    c->parents = xcalloc((size_t)from->n_parents + 1, sizeof *c->parents);
    for (i = 0; i < from->n_parents; i++) {
        const struct run_candidate *p = run_candidate_of_ref(r,
                                                             from->parents[i]);

        if (p != NULL && p != c)
            c->parents[c->n_parents++] = p->number;
    }
}

/* A ref that was not heard of before: a new candidate, if it is one. */
static struct run_candidate *new_candidate(struct run *r,
                                           const struct tt_evaluate *a)
{
    unsigned long long number = r->n_candidates + 1, ref = a->ref;
    const struct run_candidate *like;
    struct run_candidate *c;
    struct candidate values;
    struct err e = { 0 };

    if (a->ref >= TT_REF_HOST) {
        run_fault(r, "it evaluates the host's candidate %llu, and there is no "
                  "such one", ref - (unsigned long long)TT_REF_HOST);
        return NULL;
    }
    if (a->candidate.n_values == 0) {
        run_fault(r, "candidate %llu (its ref %llu): the first EVALUATE of a "
                  "ref must bring values", number, ref);
        return NULL;
    }
    if (space_check(r->space, &a->candidate, &e) != 0) {
        run_fault(r, "candidate %llu (its ref %llu): %s", number, ref, e.text);
        return NULL;
    }
    candidate_copy(&values, r->space, &a->candidate);
    c = run_candidate_add(r, &values);
    c->ref = a->ref;
    c->epoch = r->epoch;
    c->origin = a->candidate.origin.n > 0 ? xstr(a->candidate.origin)
                                          : xstrdup("strategy");
    c->predicted_mean = a->predicted_mean;
    c->predicted_sd = a->predicted_sd;
    c->acquisition = a->acquisition;
    take_parents(r, c, &a->candidate);
    run_candidate_index(r, c);
    like = run_candidate_like(r, c->hash);
    c->duplicate_of = like != c ? like->number : 0;
    return c;
}

/* A host's candidate: what is under way for it anyhow, or has ended and was
 * not told, is what the strategy gets. Of the host's own jobs always; of those
 * of an earlier instance when it asks for the first time. */
static struct run_job *adopt(struct run *r, struct run_candidate *c,
                             const struct run_job *like, bool first)
{
    size_t i;

    for (i = 0; i < c->n_jobs; i++) {
        struct run_job *j = c->jobs[i];

        if (j == like || j->told || j->by == JOB_GATE ||
            (!first && j->by != JOB_HOST) || j->split != like->split ||
            j->n_cases != like->n_cases || j->repeats != like->repeats ||
            (j->flags & like->flags) != like->flags ||
            memcmp(j->cases, like->cases,
                   (size_t)j->n_cases * sizeof *j->cases) != 0)
            continue;
        if (j->by == JOB_HOST)
            j->by = JOB_HOST_REF;
        if (j->silent) { /* it ended before it was asked for */
            j->silent = false;
            run_find_untold(r);
        }
        return j;
    }
    return NULL;
}

/* The job is the newest of its candidate: undo it. */
static void take_back(struct run *r, struct run_job *j)
{
    run_job_forget(r, j);
    j->candidate->n_jobs--;
    run_job_destroy(j);
}

static void add_job(struct run *r, struct run_candidate *c,
                    const struct run_job_spec *spec, bool first)
{
    struct run_job *j = run_job_add(r, c, spec), *other = NULL;
    char cause[96];

    if (spec->split == TT_HOLDOUT) {
        json_object *detail = json_object_new_object();

        json_set_int(detail, "candidate", (int64_t)c->number);
        run_out_audit(r, "run.holdout_refused", NULL, detail);
        run_job_fail(r, j, "the holdout is never evaluated for a strategy",
                     false);
        return;
    }
    if (j->n_cases == 0) {
        (void)snprintf(cause, sizeof cause,
                       "no case of the %s split is left for it",
                       run_split_word(j->split));
        run_job_fail(r, j, cause, false);
        return;
    }
    if (spec->by == JOB_HOST_REF && adopt(r, c, j, first) != NULL) {
        take_back(r, j);
        c->dirty = true;
        return;
    }
    if (first)
        other = run_job_same(r, c, j);
    if (other != NULL)
        run_job_follow(r, j, other);
    else
        run_job_plan(r, j);
}

static void take_evaluate(struct run *r, const struct tt_evaluate *a)
{
    struct run_candidate *c = run_candidate_of_ref(r, a->ref);
    struct run_job_spec spec = { .repeats = a->repeats, .flags = a->flags,
                                 .priority = a->priority };
    uint64_t *ids = NULL;
    bool first = c == NULL;

    if (a->repeats > RUN_MAX_REPEATS) {
        run_fault(r, "its ref %llu: %u repeats; at most %d",
                  (unsigned long long)a->ref, a->repeats, RUN_MAX_REPEATS);
        return;
    }
    if (c == NULL)
        c = new_candidate(r, a);
    if (c == NULL)
        return;
    spec.by = JOB_OWN;
    if (a->ref >= TT_REF_HOST) {
        spec.by = JOB_HOST_REF;
        first = c->asked_host++ == 0;
    }
    if (resolve(r, c, &a->cases, &spec, &ids))
        add_job(r, c, &spec, first);
    free(ids);
}

/* --- the others ----------------------------------------------------------- */

static void take_prune(struct run *r, const struct tt_prune *a)
{
    struct run_candidate *c = run_candidate_of_ref(r, a->ref);
    char cause[300];
    size_t i;

    if (c == NULL)
        return; /* nothing of it is in flight */
    (void)snprintf(cause, sizeof cause, "pruned: %.*s",
                   (int)(a->reason.n < 250 ? a->reason.n : 250),
                   a->reason.n > 0 ? a->reason.p : "");
    for (i = 0; i < c->n_jobs; i++)
        if (c->jobs[i]->by != JOB_GATE)
            run_job_cancel(r, c->jobs[i], cause);
}

static void take_done(struct run *r, const struct tt_done *a)
{
    r->done = true;
    r->done_reason = tt_str_equal(a->reason, tt_str_of("converged"))
                         ? STOP_CONVERGED
                         : STOP_EXHAUSTED;
    run_note(r, "strategy.done", "the strategy is done: %.*s",
             (int)(a->reason.n < 200 ? a->reason.n : 200),
             a->reason.n > 0 ? a->reason.p : "");
}

void run_take_actions(struct run *r, const struct tt_action *const *actions,
                      uint64_t n)
{
    uint64_t i;

    for (i = 0; i < n && !run_over(r) && !run_moving_back(r); i++) {
        const void *record = actions[i];

        switch ((enum tt_action_kind)actions[i]->kind) {
        case TT_EVALUATE:
            take_evaluate(r, record);
            break;
        case TT_PRUNE:
            take_prune(r, record);
            break;
        case TT_LLM:
            run_llm_add(r, record);
            break;
        case TT_DONE:
            take_done(r, record);
            break;
        case TT_WAIT:
            break;
        }
    }
}
