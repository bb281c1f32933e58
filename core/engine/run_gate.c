/* SPDX-License-Identifier: MIT
 *
 * run_gate.c - baseline and finalists meet on the holdout cases, which no
 * strategy has seen; then the run ends. */
#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/engine/run_impl.h"

/* --- who takes part ------------------------------------------------------- */

/* The n best ones that beat the baseline on the validation split, distinct
 * parameter sets only. */
static size_t finalists(const struct run *r, struct run_candidate **out,
                        size_t n)
{
    const struct run_candidate *base = run_candidate_at(r, 1);
    size_t found, i, k;

    for (found = 0; found < n; found++) {
        struct run_candidate *best = NULL;

        for (i = 1; i < r->n_candidates; i++) {
            struct run_candidate *c = r->candidates[i];
            bool taken = c->duplicate_of != 0 || !c->full || !c->feasible ||
                         (base->full && !run_better(r, c->score, base->score));

            for (k = 0; k < found; k++)
                taken = taken || out[k] == c;
            if (!taken && (best == NULL ||
                           run_better(r, c->score, best->score)))
                best = c;
        }
        if (best == NULL)
            break;
        out[found] = best;
    }
    return found;
}

static struct run_job *gate_job(struct run *r, struct run_candidate *c)
{
    struct run_job_spec spec = { .by = JOB_GATE, .split = TT_HOLDOUT,
                                 .repeats = (uint32_t)r->plan.repeats };
    struct run_job *j, *same;

    if (r->dataset->n[TT_HOLDOUT] == 0)
        spec.split = TT_VALIDATION;
    j = run_job_add(r, c, &spec);
    same = run_job_same(r, c, j);
    if (same != NULL)
        run_job_follow(r, j, same);
    else
        run_job_plan(r, j);
    return j;
}

static void no_winner(struct run *r, json_object *gate, const char *reason)
{
    run_note(r, "run.no_version", "no version is made: %s", reason);
    run_finish(r, RUN_COMPLETED, gate, NULL, false, reason);
}

void run_gate_start(struct run *r)
{
    struct run_candidate *base = run_candidate_at(r, 1), **best;
    size_t i, n;

    best = xcalloc((size_t)r->plan.finalists + 1, sizeof(void *));
    n = finalists(r, best, (size_t)r->plan.finalists);
    if (n == 0) {
        no_winner(r, NULL, base->full ? "no candidate is better than the "
                                        "baseline"
                                      : "no candidate could be scored on all "
                                        "cases within the guardrails");
        free(best);
        return;
    }
    run_out_command(r, RUN_DO_STOP_STRATEGY, 0);
    run_note(r, "run.gating", "the baseline and %zu finalist%s meet on the "
             "%s cases", n, n == 1 ? "" : "s",
             r->dataset->n[TT_HOLDOUT] > 0 ? "holdout" : "validation");
    (void)gate_job(r, base);
    for (i = 0; i < n; i++)
        (void)gate_job(r, best[i]);
    free(best);
}

/* --- the verdict ---------------------------------------------------------- */

static struct run_job *gate_job_of(const struct run_candidate *c)
{
    size_t i;

    for (i = c->n_jobs; i > 0; i--)
        if (c->jobs[i - 1]->by == JOB_GATE)
            return c->jobs[i - 1];
    return NULL;
}

/* The score of a case over its repeats. A value that an evaluation gives as a
 * whole counts once, not once a case. */
static double case_mean(const struct run *r, const struct run_job *j,
                        uint64_t at)
{
    const struct run_job *from = run_job_source(j);
    double sum = 0.0;
    unsigned n = 0;
    uint64_t k;

    for (k = 0; k < from->repeats; k++) {
        const struct run_score *s = &from->scores[k * from->n_cases + at];

        if (s->status != TT_CASE_OK ||
            (s->shared && at % r->plan.cases_per_run != 0))
            continue;
        sum += s->objective;
        n++;
    }
    return n > 0 ? sum / n : (double)NAN;
}

static void decide(const struct run *r, const struct run_job *base,
                   const struct run_job *j, struct gate_verdict *v)
{
    double *a = xcalloc((size_t)j->n_cases + 1, sizeof *a);
    double *b = xcalloc((size_t)j->n_cases + 1, sizeof *b);
    struct gate_input in = { .baseline = a, .finalist = b,
                             .maximize = r->plan.maximize,
                             .seed = r->plan.seed,
                             .guardrails_hold = j->feasible };
    uint64_t i;

    for (i = 0; i < j->n_cases; i++) {
        a[in.n] = case_mean(r, base, i);
        b[in.n] = case_mean(r, j, i);
        if (isfinite(a[in.n]) && isfinite(b[in.n]))
            in.n++;
    }
    gate_decide(&in, v);
    free(a);
    free(b);
}

static json_object *side(const struct run *r, const struct run_job *j)
{
    json_object *o = json_object_new_object(), *g;
    size_t i;

    json_set_int(o, "candidate", (int64_t)j->candidate->number);
    json_set_str(o, "state", run_job_word(j->state));
    if (j->cause != NULL)
        json_set_str(o, "cause", j->cause);
    if (j->state != JOB_COMPLETE)
        return o;
    json_set_num(o, "score", j->objective);
    json_set_bool(o, "feasible", j->feasible);
    g = json_object_new_object();
    for (i = 0; i < r->plan.n_guardrails; i++)
        run_set_finite(g, r->plan.guardrails[i], j->guardrails[i]);
    json_set(o, "guardrails", g);
    return o;
}

/* {"split","cases","repeats","baseline","finalists":[{...,"verdict"}], and the
 * best finalist's verdict: "lift","lo","hi","text",...} */
static json_object *gate_document(const struct run *r, struct run_job *base)
{
    json_object *o = json_object_new_object();
    bool holdout = base->split == TT_HOLDOUT;

    json_set_str(o, "split", run_split_word(base->split));
    json_set_int(o, "cases", (int64_t)base->n_cases);
    json_set_int(o, "repeats", base->repeats);
    if (!holdout)
        json_set_str(o, "warning", "the dataset has no holdout case: the "
                     "finalist is judged on the cases that chose it, which "
                     "flatters it");
    json_set(o, "baseline", side(r, base));
    json_set(o, "finalists", json_object_new_array());
    return o;
}

/* Why not promoted, or NULL when it is to be. */
static const char *not_promoted(const struct run *r, const struct run_job *j,
                                const struct gate_verdict *v)
{
    if (!r->plan.promote)
        return "promotion is manual: promote it when you agree";
    if (j->split != TT_HOLDOUT)
        return "not promoted: without holdout cases nothing proves it";
    return v->better ? NULL : v->text;
}

static void conclude(struct run *r, json_object *gate, struct run_job *winner,
                     const struct gate_verdict *v)
{
    const char *why;
    char text[450];

    if (winner == NULL) {
        no_winner(r, gate, "no finalist could be evaluated at the gate");
        return;
    }
    if (!(v->lift > 0.0)) {
        (void)snprintf(text, sizeof text, "the finalist, candidate %llu, is "
                       "not better than the baseline on the %s cases: %.256s",
                       (unsigned long long)winner->candidate->number,
                       run_split_word(winner->split), v->text);
        no_winner(r, gate, text);
        return;
    }
    why = not_promoted(r, winner, v);
    run_note(r, "run.winner", "candidate %llu wins: %.256s",
             (unsigned long long)winner->candidate->number, v->text);
    run_finish(r, RUN_COMPLETED, gate, winner->candidate, why == NULL,
               why != NULL ? why : v->text);
}

/* The baseline cannot even run: whatever can is a gain, but proves nothing. */
static void without_baseline(struct run *r, json_object *gate,
                             struct run_candidate *c)
{
    run_note(r, "run.winner", "candidate %llu is kept, though the baseline "
             "could not be evaluated", (unsigned long long)c->number);
    run_finish(r, RUN_COMPLETED, gate, c, false, "not promoted: the baseline "
               "could not be evaluated, so there is nothing to compare with");
}

static void judge(struct run *r)
{
    struct run_job *base = gate_job_of(run_candidate_at(r, 1)), *best = NULL;
    json_object *gate = gate_document(r, base), *one;
    struct gate_verdict v, won = { 0 };
    struct run_candidate *usable = NULL;
    size_t i;

    for (i = 1; i < r->n_candidates; i++) {
        struct run_job *j = gate_job_of(r->candidates[i]);

        if (j == NULL)
            continue;
        one = side(r, j);
        json_object_array_add(json_child(gate, "finalists"), one);
        if (j->state != JOB_COMPLETE)
            continue;
        if (usable == NULL || run_better(r, j->candidate->score,
                                         usable->score))
            usable = j->candidate;
        if (base->state != JOB_COMPLETE)
            continue;
        decide(r, base, j, &v);
        json_set(one, "verdict", gate_to_json(&v));
        if (best == NULL || v.lift > won.lift) {
            best = j;
            won = v;
        }
    }
    if (best != NULL) { /* the verdict that counts stands in front */
        json_object *verdict = gate_to_json(&won);

        json_object_object_foreach(verdict, key, value)
        {
            json_set(gate, key, json_object_get(value));
        }
        json_object_put(verdict);
        json_set_int(gate, "candidate", (int64_t)best->candidate->number);
    }
    if (base->state != JOB_COMPLETE && usable != NULL)
        without_baseline(r, gate, usable);
    else
        conclude(r, gate, best, &won);
    json_object_put(gate);
}

void run_gate_pump(struct run *r)
{
    if (r->state == RUN_GATING && !r->finishing && r->n_live == 0)
        judge(r);
}
