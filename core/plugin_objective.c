/* SPDX-License-Identifier: MIT
 *
 * plugin_objective.c - see plugin_objective.h. */
#include "config.h"

#include "core/plugin_objective.h"

#include <math.h>
#include <stdlib.h>

#include "core/base/mem.h"

#define BEST 0.3        /* in every dimension of the unit cube */
#define BEST_LENGTH 100 /* bytes, of a text that is worth 1 */

/* The value as a number in [0, 1]; without the SDK's cube.h, whose plugins are
 * what this measures. */
static double unit(const struct tt_param *p, const struct tt_value *v)
{
    double n = v->number, last;

    switch ((enum tt_param_kind)p->kind) {
    case TT_FLOAT:
    case TT_INT:
        if (p->hi <= p->lo)
            return BEST;
        if ((p->flags & TT_PARAM_LOG) != 0)
            return log(n / p->lo) / log(p->hi / p->lo);
        return (n - p->lo) / (p->hi - p->lo);
    case TT_CATEGORICAL:
    case TT_ORDINAL:
        last = (double)p->n_choices - 1;
        return last > 0 ? n / last : BEST;
    case TT_BOOL:
        return n;
    case TT_TEXT:
        return v->text.n < BEST_LENGTH ? (double)v->text.n / BEST_LENGTH : 1;
    }
    return BEST;
}

static double distance(const struct space *s, const struct tt_candidate *c,
                       uint64_t i)
{
    const struct tt_value *v = tt_candidate_value(c, i);

    if ((v->flags & TT_VALUE_INACTIVE) != 0)
        return 0;
    return unit(tt_space_param(&s->tt, i), v) - BEST;
}

double objective_case(const struct space *s, const struct tt_candidate *c,
                      uint64_t id)
{
    double sum = 0.01 * (double)(id % 3);
    uint64_t i;

    for (i = 0; i < c->n_values; i++)
        sum += distance(s, c, i) * distance(s, c, i);
    return sum;
}

struct tt_str objective_feedback(const struct space *s,
                                 const struct tt_candidate *c, uint64_t id,
                                 struct arena *a)
{
    uint64_t i, worst = 0;
    struct tt_str name, kept;
    char *text;

    for (i = 1; i < c->n_values; i++)
        if (fabs(distance(s, c, i)) > fabs(distance(s, c, worst)))
            worst = i;
    name = tt_space_param(&s->tt, worst)->name;
    text = xasprintf("case %llu: %.*s is too %s", (unsigned long long)id,
                     (int)name.n, name.p,
                     distance(s, c, worst) > 0 ? "high" : "low");
    kept = arena_str(a, tt_str_of(text));
    free(text);
    return kept;
}
