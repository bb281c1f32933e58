/* SPDX-License-Identifier: MIT
 *
 * budget.c - limits of a run: parsed, judged, and kept. */
#include "core/engine/budget.h"

#include <math.h>
#include <string.h>

#include "core/base/mem.h"

#define MAX_COUNT INT64_C(1000000000)

const char *stop_word(enum stop_reason reason)
{
    static const char *const words[] = {
#define STOP_WORD(name, word) [name] = word,
        STOP_TABLE(STOP_WORD)
#undef STOP_WORD
    };

    return (size_t)reason < TT_ARRAY_LEN(words) ? words[reason] : "";
}

/* --- parsing -------------------------------------------------------------- */

static int parse_limits(json_object *request, struct budget *out,
                        struct err *e)
{
    static const char *const members[] = { "iterations", "evaluations",
                                           "time_seconds", "cost", "target",
                                           NULL };
    struct json_at at = { request, "optimize" };
    const int64_t none = 0;
    const double free_of_charge = 0.0;
    int64_t iterations, evaluations, seconds;
    json_object *limits;
    int rc;

    rc = json_get_child(at, "limits", json_type_object, false, &limits, e);
    if (rc < 0 || limits == NULL)
        return rc;
    at.object = limits;
    at.where = "limits";
    rc = json_only(at, members, e);
    if (rc == 0)
        rc = json_get_int(at, "iterations", &none, 0, MAX_COUNT, &iterations,
                          e);
    if (rc == 0)
        rc = json_get_int(at, "evaluations", &none, 0, MAX_COUNT, &evaluations,
                          e);
    if (rc == 0)
        rc = json_get_int(at, "time_seconds", &none, 0, MAX_COUNT, &seconds, e);
    if (rc == 0)
        rc = json_get_num(at, "cost", &free_of_charge, &out->tt.cost, e);
    out->has_target = json_child(limits, "target") != NULL;
    if (rc == 0 && out->has_target)
        rc = json_get_num(at, "target", NULL, &out->target, e);
    if (rc < 0)
        return rc;
    if (out->tt.cost < 0.0)
        return err_set(e, TT_EINVAL, "limits: cost: must be 0 (no limit) or "
                                     "more, is %g",
                       out->tt.cost);
    out->tt.iterations = (uint64_t)iterations;
    out->tt.evaluations = (uint64_t)evaluations;
    out->tt.seconds = (uint64_t)seconds;
    return 0;
}

static int parse_convergence(json_object *request, struct budget *out,
                             struct err *e)
{
    static const char *const members[] = { "criterion", "patience",
                                           "min_delta", NULL };
    struct json_at at = { request, "optimize" };
    const int64_t patience_default = 20;
    const double any = 0.0;
    json_object *convergence;
    const char *criterion;
    int64_t patience;
    int rc;

    rc = json_get_child(at, "convergence", json_type_object, false,
                        &convergence, e);
    if (rc < 0 || convergence == NULL)
        return rc;
    at.object = convergence;
    at.where = "convergence";
    rc = json_only(at, members, e);
    if (rc == 0)
        rc = json_get_str(at, "criterion", "none", &criterion, e);
    if (rc == 0)
        rc = json_get_int(at, "patience", &patience_default, 1, MAX_COUNT,
                          &patience, e);
    if (rc == 0)
        rc = json_get_num(at, "min_delta", &any, &out->min_delta, e);
    if (rc < 0)
        return rc;
    if (out->min_delta < 0.0)
        return err_set(e, TT_EINVAL,
                       "convergence: min_delta: must be 0 or more, is %g",
                       out->min_delta);
    out->patience = (uint64_t)patience;
    out->converge = strcmp(criterion, "no_improvement") == 0;
    if (!out->converge && strcmp(criterion, "none") != 0)
        return err_set(e, TT_EINVAL,
                       "convergence: criterion: must be no_improvement or "
                       "none, is \"%s\"",
                       criterion);
    return 0;
}

/* --- judging -------------------------------------------------------------- */

static int judge_cap(const char *what, uint64_t *value, uint64_t cap,
                     struct err *e)
{
    if (cap == 0)
        return 0;
    if (*value > cap)
        return err_set(e, TT_EBUDGET,
                       "limits: %s: %llu is more than the %llu that this "
                       "server allows",
                       what, (unsigned long long)*value,
                       (unsigned long long)cap);
    if (*value == 0)
        *value = cap;
    return 0;
}

/* What a limit would have bought, in the words of somebody who pays. */
static int judge(const struct budget *b, const struct budget_terms *t,
                 struct err *e)
{
    uint64_t candidates;

    if (b->tt.iterations == 0 && b->tt.evaluations == 0 &&
        b->tt.seconds == 0 && b->tt.cost == 0.0)
        return err_set(e, TT_EBUDGET,
                       "limits: none at all would have bought a run without "
                       "an end; set iterations, evaluations, time_seconds or "
                       "cost");
    if (b->tt.iterations > 0 && b->tt.iterations < t->iterations_min)
        return err_set(e, TT_EBUDGET,
                       "limits: iterations: %llu would have bought %llu of the "
                       "%llu candidates that this strategy needs before it "
                       "can learn; set at least %llu",
                       (unsigned long long)b->tt.iterations,
                       (unsigned long long)b->tt.iterations,
                       (unsigned long long)t->iterations_min,
                       (unsigned long long)t->iterations_min);
    if (b->tt.evaluations == 0 || t->per_candidate == 0)
        return 0;
    candidates = b->tt.evaluations / t->per_candidate;
    if (candidates == 0)
        return err_set(e, TT_EBUDGET,
                       "limits: evaluations: %llu would have bought not one "
                       "candidate: each needs %llu (for %llu cases)",
                       (unsigned long long)b->tt.evaluations,
                       (unsigned long long)t->per_candidate,
                       (unsigned long long)t->cases);
    if (candidates < t->iterations_min)
        return err_set(e, TT_EBUDGET,
                       "limits: evaluations: %llu would have bought %llu "
                       "candidates (each needs %llu, for %llu cases); this "
                       "strategy needs %llu candidates before it can learn: "
                       "set at least %llu",
                       (unsigned long long)b->tt.evaluations,
                       (unsigned long long)candidates,
                       (unsigned long long)t->per_candidate,
                       (unsigned long long)t->cases,
                       (unsigned long long)t->iterations_min,
                       (unsigned long long)(t->iterations_min *
                                            t->per_candidate));
    return 0;
}

int budget_parse(json_object *request, const struct budget_terms *terms,
                 struct budget *out, struct err *e)
{
    int rc;

    memset(out, 0, sizeof *out);
    out->tt.size = sizeof out->tt;
    rc = parse_limits(request, out, e);
    if (rc == 0)
        rc = parse_convergence(request, out, e);
    if (rc == 0)
        rc = judge(out, terms, e);
    if (rc == 0)
        rc = judge_cap("iterations", &out->tt.iterations,
                       terms->cap_iterations, e);
    if (rc == 0)
        rc = judge_cap("time_seconds", &out->tt.seconds, terms->cap_seconds, e);
    if (rc == 0)
        rc = judge_cap("evaluations", &out->tt.evaluations,
                       terms->cap_evaluations, e);
    return rc;
}

/* --- stopping ------------------------------------------------------------- */

/* No score of the last `patience` ones beat the best before by more than
 * min_delta. Failed iterations (NAN) are iterations without improvement, but
 * a run that has no score at all has not converged: it has not begun. */
static bool converged(const struct budget *b, bool maximize,
                      const double *scores, uint64_t n)
{
    double best = (double)NAN;
    uint64_t i, since = 0;

    for (i = 0; i < n; i++) {
        double gain = maximize ? scores[i] - best : best - scores[i];

        since++;
        if (isfinite(scores[i]) && (isnan(best) || gain > b->min_delta)) {
            best = scores[i];
            since = 0;
        }
    }
    return isfinite(best) && since >= b->patience;
}

enum stop_reason budget_stop(const struct budget *b, bool maximize,
                             const double *scores, uint64_t n)
{
    uint64_t i;

    for (i = 0; i < n && b->has_target; i++)
        if (maximize ? scores[i] >= b->target : scores[i] <= b->target)
            return STOP_TARGET; /* false for NAN */
    if (b->tt.iterations > 0 && n >= b->tt.iterations)
        return STOP_ITERATIONS;
    if (b->tt.evaluations > 0 && b->tt.evaluations_spent >= b->tt.evaluations)
        return STOP_EVALUATIONS;
    if (b->tt.seconds > 0 && b->tt.seconds_spent >= b->tt.seconds)
        return STOP_TIME;
    if (b->tt.cost > 0.0 && b->tt.cost_spent >= b->tt.cost)
        return STOP_COST;
    if (b->converge && converged(b, maximize, scores, n))
        return STOP_CONVERGED;
    return STOP_NONE;
}
