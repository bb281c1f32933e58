/* SPDX-License-Identifier: MIT
 *
 * run_inert.c - which parameters changed nothing? Some models drop
 * `temperature` without a word.
 *
 * The test: put the scored candidates into groups that differ in this one
 * parameter alone. It is inert when such groups hold at least five distinct
 * candidates, and within each group all scores, case by case, and all
 * guardrails are equal. Where no such groups came up, nothing is said. */
#include <string.h>

#include "core/base/mem.h"
#include "core/engine/run_impl.h"

#define LEAST_CANDIDATES 5

struct row {
    const struct run_candidate *c;
    const struct run_job *scores;
    uint64_t hash; /* of everything but the parameter in question */
};

static const struct run_job *scored(const struct run_candidate *c)
{
    size_t i;

    for (i = 0; i < c->n_jobs; i++)
        if (c->jobs[i]->state == JOB_COMPLETE && c->jobs[i]->whole &&
            c->jobs[i]->by != JOB_GATE && c->jobs[i]->split == TT_VALIDATION)
            return run_job_source(c->jobs[i]);
    return NULL;
}

static uint64_t fnv(uint64_t h, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;

    while (n-- > 0)
        h = (h ^ *p++) * UINT64_C(1099511628211);
    return h;
}

static uint64_t hash_without(const struct run *r,
                             const struct run_candidate *c, uint64_t skip)
{
    uint64_t h = UINT64_C(14695981039346656037), i;

    for (i = 0; i < r->space->tt.n_params; i++) {
        const struct tt_value *v = tt_candidate_value(&c->values.tt, i);

        if (i == skip)
            continue;
        h = fnv(h, &v->number, sizeof v->number);
        h = fnv(h, v->text.n > 0 ? v->text.p : "", (size_t)v->text.n);
        h = fnv(h, &v->flags, sizeof v->flags);
    }
    return h;
}

static bool same_value(const struct tt_value *a, const struct tt_value *b)
{
    return a->number == b->number && a->flags == b->flags &&
           tt_str_equal(a->text, b->text);
}

/* Equal in all but `skip`, where they differ. */
static bool differ_in(const struct run *r, const struct row *a,
                      const struct row *b, uint64_t skip)
{
    uint64_t i;

    for (i = 0; i < r->space->tt.n_params; i++)
        if (same_value(tt_candidate_value(&a->c->values.tt, i),
                       tt_candidate_value(&b->c->values.tt, i)) == (i == skip))
            return false;
    return true;
}

static bool same_scores(const struct run *r, const struct run_job *a,
                        const struct run_job *b)
{
    uint64_t i;

    for (i = 0; i < a->n_cases; i++) {
        const struct run_score *x = &a->scores[i], *y = &b->scores[i];

        if (x->status != y->status ||
            (x->status == TT_CASE_OK && x->objective != y->objective))
            return false;
    }
    return memcmp(a->guardrails, b->guardrails,
                  r->plan.n_guardrails * sizeof *a->guardrails) == 0;
}

static int by_hash(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return x->c->number < y->c->number ? -1 : x->c->number > y->c->number;
}

static bool inert(const struct run *r, struct row *rows, size_t n,
                  uint64_t param)
{
    size_t i, members = 0;

    for (i = 0; i < n; i++)
        rows[i].hash = hash_without(r, rows[i].c, param);
    qsort(rows, n, sizeof *rows, by_hash);
    for (i = 1; i < n; i++) {
        bool new_group = i == 1 || rows[i - 2].hash != rows[i - 1].hash;

        if (rows[i].hash != rows[i - 1].hash ||
            !differ_in(r, &rows[i], &rows[i - 1], param))
            continue;
        if (!same_scores(r, rows[i].scores, rows[i - 1].scores))
            return false;
        members += new_group ? 2 : 1;
    }
    return members >= LEAST_CANDIDATES;
}

json_object *run_inert(const struct run *r)
{
    struct row *rows = xcalloc(r->n_candidates + 1, sizeof *rows);
    json_object *a = json_object_new_array();
    size_t i, n = 0;
    uint64_t p;

    for (i = 0; i < r->n_candidates; i++) {
        const struct run_candidate *c = r->candidates[i];
        const struct run_job *j = scored(c);

        if (j == NULL || c->duplicate_of != 0)
            continue;
        rows[n].c = c;
        rows[n++].scores = j;
    }
    for (p = 0; p < r->space->tt.n_params; p++) {
        const struct tt_param *param = tt_space_param(&r->space->tt, p);

        if ((param->flags & TT_PARAM_FIXED) == 0 && inert(r, rows, n, p))
            json_object_array_add(a, json_object_new_string_len(
                                         param->name.p, (int)param->name.n));
    }
    free(rows);
    return a;
}
