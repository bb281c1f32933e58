/* SPDX-License-Identifier: MIT
 *
 * space_size.c - how many points does a space have? A condition makes the
 * count a tree: what depends on a parameter counts only under the values that
 * switch it on. */
#include <math.h>

#include "core/engine/space_internal.h"

#define SIZE_MAX_POINTS (UINT64_C(1) << 63)

static uint64_t multiply(uint64_t a, uint64_t b)
{
    return a == 0 || b == 0 || a > SIZE_MAX_POINTS / b ? 0 : a * b;
}

/* Values of one parameter, whatever depends on it; 0 = not finite. */
static uint64_t count_values(const struct tt_param *p)
{
    double n;

    if ((p->flags & TT_PARAM_FIXED) != 0)
        return 1;
    switch (p->kind) {
    case TT_FLOAT:
    case TT_INT:
        if (p->step == 0.0 && p->kind == TT_FLOAT)
            return 0;
        n = (p->hi - p->lo) / (p->step > 0.0 ? p->step : 1.0);
        n = floor(n + SPACE_GRID_SLACK) + 1.0;
        return n < (double)SIZE_MAX_POINTS ? (uint64_t)n : 0;
    case TT_BOOL:
        return 2;
    case TT_TEXT:
        return 0;
    default:
        return p->n_choices;
    }
}

static uint64_t count_tree(const struct space *s, uint64_t i);

/* Points of what depends on parameter i while it has this value. */
static uint64_t count_below(const struct space *s, uint64_t i, double value)
{
    uint64_t n = 1, j, k;

    for (j = i + 1; j < s->tt.n_params; j++) {
        const struct tt_param *p = tt_space_param(&s->tt, j);

        for (k = 0; p->parent == (int32_t)i && k < p->n_parent_values; k++)
            if (p->parent_values[k] == value) {
                n = multiply(n, count_tree(s, j));
                break;
            }
    }
    return n;
}

/* Is this value named by a condition that was looked at before (j, k)? */
static bool counted(const struct space *s, uint64_t i, uint64_t j, uint64_t k)
{
    double value = tt_space_param(&s->tt, j)->parent_values[k];
    uint64_t a, b;

    for (a = i + 1; a <= j; a++) {
        const struct tt_param *p = tt_space_param(&s->tt, a);

        for (b = 0; p->parent == (int32_t)i && b < p->n_parent_values &&
                    (a < j || b < k);
             b++)
            if (p->parent_values[b] == value)
                return true;
    }
    return false;
}

/* Points of parameter i and all that depends on it; 0 = not finite. */
static uint64_t count_tree(const struct space *s, uint64_t i)
{
    const struct tt_param *p = tt_space_param(&s->tt, i);
    uint64_t plain = count_values(p), sum = 0, below, j, k;

    if (plain == 0)
        return 0;
    if ((p->flags & TT_PARAM_FIXED) != 0)
        return count_below(s, i, p->default_number);
    for (j = i + 1; j < s->tt.n_params; j++) {
        const struct tt_param *child = tt_space_param(&s->tt, j);
        struct tt_value value = { 0 };

        for (k = 0; child->parent == (int32_t)i && k < child->n_parent_values;
             k++) {
            value.number = child->parent_values[k];
            if (counted(s, i, j, k) || space_check_value(p, &value, NULL) < 0)
                continue;
            below = count_below(s, i, value.number);
            if (below == 0 || sum > SIZE_MAX_POINTS - below)
                return 0;
            sum += below;
            plain--; /* the rest has nothing that depends on it */
        }
    }
    return sum > SIZE_MAX_POINTS - plain ? 0 : sum + plain;
}

uint64_t space_size(const struct space *s)
{
    uint64_t n = 1, i;

    for (i = 0; i < s->tt.n_params && n > 0; i++)
        if (tt_space_param(&s->tt, i)->parent < 0)
            n = multiply(n, count_tree(s, i));
    return n;
}
