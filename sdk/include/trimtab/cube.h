/* SPDX-License-Identifier: MIT
 *
 * trimtab/cube.h - a mixed search space seen as the unit cube, and back.
 *
 * Numeric strategies like points of [0, 1]^d. These helpers turn the values of
 * a candidate into such a point and a point into values:
 *
 *     FLOAT, INT      one coordinate, linear or on a log scale
 *     with a step     one cell of equal width for each grid value; on a log
 *                     scale the cells end half-way to the neighbour in value
 *     ORDINAL, BOOL   one cell for each choice, in order
 *     CATEGORICAL     the same (TT_CUBE_CELL), or one coordinate for each
 *                     choice of which the largest wins (TT_CUBE_ONE_HOT)
 *     TEXT, FIXED     no coordinate, passed through, as is what has but a
 *                     single value
 *
 * Rounding is exact: tt_from_cube(tt_to_cube(v)) gives back the same bits for
 * every value on a grid of at most 2^50 values (2^40 on a log scale). Grid
 * values are the doubles nearest to the decimal numbers that people write: lo
 * 0.1, step 0.1 gives 0.3 and not 0.30000000000000004. A continuous value comes
 * back to within a few units in the last place of the larger bound.
 *
 * A parameter whose condition does not hold is inactive: its number is then
 * its default, TT_VALUE_INACTIVE is set, and its coordinate is 0.5 (all zero
 * in one-hot form), so that candidates that do the same are the same point.
 *
 * `values` below is always an array of n_params struct tt_value in the space's
 * order, owned by the caller.
 *
 * Stability  1.0-rc. Language C11, C++11 to C++20. Threads [any]. Errors are
 * returned; nothing allocates. */
#ifndef TRIMTAB_CUBE_H
#define TRIMTAB_CUBE_H

#include <math.h>

#include <trimtab/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What becomes of a CATEGORICAL parameter. */
enum tt_cube_mode {
    TT_CUBE_CELL = 0,   /* one coordinate, one cell for each choice */
    TT_CUBE_ONE_HOT = 1 /* one coordinate for each choice; the largest wins */
};

/* --- one parameter ------------------------------------------------------- */

/* More grid values than this are treated as a continuum (and then rounded). */
#define TT_LEVELS_MAX 1125899906842624.0 /* 2^50 */

/* The distance of grid values; 0 for a continuum. */
static inline double tt_param_step(const struct tt_param *p)
{
    if (p->kind == TT_INT)
        return p->step > 1.0 ? p->step : 1.0;
    return p->kind == TT_FLOAT ? p->step : 0.0;
}

/* Grid value number i: lo + i * step, tidied to the decimal number meant where
 * lo and step are decimal numbers of up to nine places. */
static inline double tt_grid_value(double lo, double step, double i)
{
    double scale = 1.0;
    int places;

    for (places = 0; places <= 9; places++, scale *= 10.0) {
        double l = floor(lo * scale + 0.5), s = floor(step * scale + 0.5);

        if (s >= 1.0 && fabs(l) + i * s < 9007199254740992.0 &&
            fabs(lo * scale - l) <= 1e-14 * fabs(l) &&
            fabs(step * scale - s) <= 1e-14 * s)
            return (l + i * s) / scale;
    }
    return lo + i * step;
}

/* How many values the parameter can take in this run; 0 for a continuum. */
static inline uint64_t tt_param_levels(const struct tt_param *p)
{
    double n;

    if ((p->flags & TT_PARAM_FIXED) != 0 || p->kind == TT_TEXT)
        return 1;
    if (p->kind == TT_BOOL)
        return 2;
    if (p->kind == TT_CATEGORICAL || p->kind == TT_ORDINAL)
        return p->n_choices;
    if (!(p->hi > p->lo))
        return 1;
    if (!(tt_param_step(p) > 0.0))
        return 0;
    /* 1e-9: (0.3 - 0.1) / 0.1 is a little below 2 */
    n = floor((p->hi - p->lo) / tt_param_step(p) + 1e-9) + 1.0;
    return n <= TT_LEVELS_MAX ? (uint64_t)n : 0;
}

/* Value number i of a parameter that has levels. */
static inline double tt_param_level_value(const struct tt_param *p, uint64_t i)
{
    double x;

    if ((p->flags & TT_PARAM_FIXED) != 0)
        return p->default_number;
    if (p->kind != TT_FLOAT && p->kind != TT_INT)
        return (double)i;
    if (!(p->hi > p->lo))
        return p->lo;
    x = tt_grid_value(p->lo, tt_param_step(p), (double)i);
    return x > p->hi ? p->hi : x;
}

/* The number of the value that is nearest to x. */
static inline uint64_t tt_param_level_of(const struct tt_param *p, double x)
{
    uint64_t n = tt_param_levels(p);
    double i = x;

    if (n <= 1)
        return 0;
    if (p->kind == TT_FLOAT || p->kind == TT_INT)
        i = (x - p->lo) / tt_param_step(p);
    i = floor(i + 0.5);
    if (!(i > 0.0)) /* NaN too */
        return 0;
    return i >= (double)n ? n - 1u : (uint64_t)i;
}

/* Is there anything to search? */
static inline int tt_param_searched(const struct tt_param *p)
{
    return tt_param_levels(p) != 1;
}

/* Private: on a log grid, the logarithms between which the cells lie: half a step
 * beyond the first and the last value, as a ratio. */
static inline void tt_param_log_range(const struct tt_param *p, double *from,
                                      double *to)
{
    uint64_t n = tt_param_levels(p);

    *from = log(p->lo);
    *to = log(p->hi);
    if (n > 1) {
        double last = tt_param_level_value(p, n - 1u);

        *to = log(last) +
              0.5 * (log(last) - log(tt_param_level_value(p, n - 2u)));
        *from -= 0.5 * (log(tt_param_level_value(p, 1)) - *from);
    }
}

/* A value's coordinate in [0, 1]; x is clamped to the bounds. */
static inline double tt_param_to_unit(const struct tt_param *p, double x)
{
    uint64_t n = tt_param_levels(p);
    double u, from, to;

    if (n == 1)
        return 0.5;
    if ((p->flags & TT_PARAM_LOG) != 0 &&
        (p->kind == TT_FLOAT || p->kind == TT_INT)) {
        tt_param_log_range(p, &from, &to);
        u = (log(x > p->lo ? x : p->lo) - from) / (to - from);
    } else if (n > 1) {
        u = ((double)tt_param_level_of(p, x) + 0.5) / (double)n;
    } else {
        /* halves, so that hi - lo cannot overflow */
        u = (0.5 * x - 0.5 * p->lo) / (0.5 * p->hi - 0.5 * p->lo);
    }
    if (!(u > 0.0))
        return 0.0;
    return u < 1.0 ? u : 1.0;
}

/* The value at a coordinate; u is clamped to [0, 1], NaN counts as 0. */
static inline double tt_param_from_unit(const struct tt_param *p, double u)
{
    uint64_t n = tt_param_levels(p);
    double x, from, to;

    if (n == 1)
        return p->kind == TT_TEXT ? 0.0 : tt_param_level_value(p, 0);
    if (!(u > 0.0))
        u = 0.0;
    if (u > 1.0)
        u = 1.0;
    if ((p->flags & TT_PARAM_LOG) != 0 &&
        (p->kind == TT_FLOAT || p->kind == TT_INT)) {
        tt_param_log_range(p, &from, &to);
        x = exp(from + u * (to - from));
        if (n > 1)
            return tt_param_level_value(p, tt_param_level_of(p, x));
        if (u == 0.0) /* exp(log(lo)) may miss lo by an ulp */
            x = p->lo;
    } else if (n > 1) {
        uint64_t i = (uint64_t)(u * (double)n);

        return tt_param_level_value(p, i < n ? i : n - 1u);
    } else {
        x = p->lo * (1.0 - u) + p->hi * u;
    }
    if (p->kind == TT_INT) /* more than 2^50 values: round all the same */
        x = p->lo + tt_param_step(p) *
                        floor((x - p->lo) / tt_param_step(p) + 0.5);
    if (!(x > p->lo))
        return p->lo;
    return x < p->hi ? x : p->hi;
}

/* --- the values of a candidate ------------------------------------------- */

/* Does the condition of parameter i hold? values[0 .. i-1] are settled. */
static inline int tt_param_active(const struct tt_space *s, uint64_t i,
                                  const struct tt_value *values)
{
    const struct tt_param *p = tt_space_param(s, i);
    uint64_t k;

    if (p->parent < 0)
        return 1;
    if ((values[p->parent].flags & TT_VALUE_INACTIVE) != 0)
        return 0;
    for (k = 0; k < p->n_parent_values; k++) {
        if (values[p->parent].number == p->parent_values[k])
            return 1;
    }
    return 0;
}

/* Set the flags by the conditions, and what is inactive to its default. */
static inline void tt_values_settle(const struct tt_space *s,
                                    struct tt_value *values)
{
    uint64_t i;

    for (i = 0; i < s->n_params; i++) {
        const struct tt_param *p = tt_space_param(s, i);

        if (tt_param_active(s, i, values)) {
            values[i].flags &= ~(uint32_t)TT_VALUE_INACTIVE;
        } else {
            values[i].flags |= TT_VALUE_INACTIVE;
            values[i].number = p->default_number;
            values[i].text = p->default_text;
        }
    }
}

/* The defaults of the space. Texts are borrowed from it. */
static inline void tt_values_default(const struct tt_space *s,
                                     struct tt_value *values)
{
    uint64_t i;

    for (i = 0; i < s->n_params; i++) {
        memset(&values[i], 0, sizeof values[i]);
        values[i].number = tt_space_param(s, i)->default_number;
        values[i].text = tt_space_param(s, i)->default_text;
    }
    tt_values_settle(s, values);
}

/* The values of a candidate that has n_params of them, settled. Texts are
 * borrowed from it. */
static inline void tt_values_of(const struct tt_space *s,
                                const struct tt_candidate *c,
                                struct tt_value *values)
{
    uint64_t i;

    for (i = 0; i < s->n_params; i++) {
        const struct tt_value *v = tt_candidate_value(c, i);

        memset(&values[i], 0, sizeof values[i]);
        values[i].number = v->number;
        values[i].text = v->text;
    }
    tt_values_settle(s, values);
}

/* Do two settled arrays mean the same candidate? */
static inline int tt_values_equal(const struct tt_space *s,
                                  const struct tt_value *a,
                                  const struct tt_value *b)
{
    uint64_t i;

    for (i = 0; i < s->n_params; i++) {
        if (a[i].flags != b[i].flags)
            return 0;
        if (tt_space_param(s, i)->kind == TT_TEXT
                ? !tt_str_equal(a[i].text, b[i].text)
                : a[i].number != b[i].number)
            return 0;
    }
    return 1;
}

/* A hash of a settled array (FNV-1a over what tt_values_equal compares). */
static inline uint64_t tt_values_hash(const struct tt_space *s,
                                      const struct tt_value *values)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325), i, k;

    for (i = 0; i < s->n_params; i++) {
        double number = values[i].number + 0.0; /* -0 becomes 0 */
        const unsigned char *p = (const unsigned char *)&number;
        uint64_t n = sizeof number;

        if (tt_space_param(s, i)->kind == TT_TEXT) {
            p = (const unsigned char *)values[i].text.p;
            n = values[i].text.n;
        }
        h = (h ^ values[i].flags) * UINT64_C(0x100000001b3);
        for (k = 0; k < n; k++)
            h = (h ^ p[k]) * UINT64_C(0x100000001b3);
    }
    return h ^ h >> 32;
}

/* --- the cube ------------------------------------------------------------ */

/* Coordinates that parameter p takes. */
static inline uint64_t tt_param_dims(const struct tt_param *p,
                                     enum tt_cube_mode mode)
{
    if (!tt_param_searched(p))
        return 0;
    if (p->kind == TT_CATEGORICAL && mode == TT_CUBE_ONE_HOT)
        return p->n_choices;
    return 1;
}

/* Dimension of the cube. */
static inline uint64_t tt_cube_dims(const struct tt_space *s,
                                    enum tt_cube_mode mode)
{
    uint64_t i, n = 0;

    for (i = 0; i < s->n_params; i++)
        n += tt_param_dims(tt_space_param(s, i), mode);
    return n;
}

/* The point of settled values; x has room for tt_cube_dims() numbers. */
static inline void tt_to_cube(const struct tt_space *s, enum tt_cube_mode mode,
                              const struct tt_value *values, double *x)
{
    uint64_t i, k, n;

    for (i = 0; i < s->n_params; i++) {
        const struct tt_param *p = tt_space_param(s, i);
        int active = (values[i].flags & TT_VALUE_INACTIVE) == 0;

        n = tt_param_dims(p, mode);
        if (n == 1)
            x[0] = active ? tt_param_to_unit(p, values[i].number) : 0.5;
        for (k = 0; n > 1 && k < n; k++)
            x[k] = active && k == tt_param_level_of(p, values[i].number)
                       ? 1.0
                       : 0.0;
        x += n;
    }
}

/* The values at a point, settled. Texts and fixed parameters keep what is in
 * `values`: start from tt_values_default() or from another candidate. */
static inline void tt_from_cube(const struct tt_space *s,
                                enum tt_cube_mode mode, const double *x,
                                struct tt_value *values)
{
    uint64_t i, k, n, best;

    for (i = 0; i < s->n_params; i++) {
        const struct tt_param *p = tt_space_param(s, i);

        n = tt_param_dims(p, mode);
        if (n == 1)
            values[i].number = tt_param_from_unit(p, x[0]);
        if (n > 1) {
            for (k = 1, best = 0; k < n; k++)
                best = x[k] > x[best] ? k : best;
            values[i].number = (double)best;
        }
        x += n;
    }
    tt_values_settle(s, values);
}

/* Into [0, 1]; NaN becomes 0.5. */
static inline void tt_cube_clamp(double *x, uint64_t n)
{
    uint64_t i;

    for (i = 0; i < n; i++) {
        if (x[i] != x[i])
            x[i] = 0.5;
        x[i] = x[i] < 0.0 ? 0.0 : x[i] > 1.0 ? 1.0 : x[i];
    }
}

/* --- finite spaces ------------------------------------------------------- */

/* Private: settings of parameter i together with all parameters that hang on it. */
static inline double tt_space_size_below(const struct tt_space *s, uint64_t i)
{
    const struct tt_param *p = tt_space_param(s, i);
    double total = (double)tt_param_levels(p), here;
    uint64_t j, k, c, level;

    if (!(total > 0.0))
        return HUGE_VAL;
    /* each level that some child names, once: at its first mention */
    for (j = i + 1; j < s->n_params; j++) {
        const struct tt_param *child = tt_space_param(s, j);

        if (child->parent != (int32_t)i)
            continue;
        for (k = 0; k < child->n_parent_values; k++) {
            double v = child->parent_values[k];
            int first = 1;

            level = tt_param_level_of(p, v);
            if (tt_param_level_value(p, level) != v)
                continue; /* never taken */
            here = 1.0;
            for (c = i + 1; c < s->n_params && first; c++) {
                const struct tt_param *other = tt_space_param(s, c);
                uint64_t m;

                if (other->parent != (int32_t)i)
                    continue;
                for (m = 0; m < other->n_parent_values; m++) {
                    if (other->parent_values[m] != v)
                        continue;
                    if (c < j || (c == j && m < k))
                        first = 0;
                    here *= tt_space_size_below(s, c);
                    break;
                }
            }
            if (first)
                total += here - 1.0;
        }
    }
    return total;
}

/* How many different candidates the space has, texts kept as they are: exact
 * up to 2^53, HUGE_VAL where a parameter is a continuum. */
static inline double tt_space_size(const struct tt_space *s)
{
    double total = 1.0;
    uint64_t i;

    for (i = 0; i < s->n_params; i++) {
        if (tt_space_param(s, i)->parent < 0)
            total *= tt_space_size_below(s, i);
    }
    return total;
}

/* The first candidate of a finite space; texts become the defaults. */
static inline void tt_space_first(const struct tt_space *s,
                                  struct tt_value *values)
{
    uint64_t i;

    tt_values_default(s, values);
    for (i = 0; i < s->n_params; i++) {
        if (tt_space_param(s, i)->kind != TT_TEXT)
            values[i].number = tt_param_level_value(tt_space_param(s, i), 0);
    }
    tt_values_settle(s, values);
}

/* The one after `values`, last parameter fastest. Returns 1; 0 after the last
 * one, with values as they were. Texts stay. */
static inline int tt_space_next(const struct tt_space *s,
                                struct tt_value *values)
{
    uint64_t i, j, level;

    for (i = s->n_params; i-- > 0;) {
        const struct tt_param *p = tt_space_param(s, i);

        if ((values[i].flags & TT_VALUE_INACTIVE) != 0)
            continue;
        level = tt_param_level_of(p, values[i].number) + 1u;
        if (level >= tt_param_levels(p))
            continue;
        values[i].number = tt_param_level_value(p, level);
        for (j = i + 1; j < s->n_params; j++) {
            if (tt_space_param(s, j)->kind != TT_TEXT)
                values[j].number =
                    tt_param_level_value(tt_space_param(s, j), 0);
            values[j].flags = 0;
        }
        tt_values_settle(s, values);
        return 1;
    }
    return 0;
}

/* --- checks -------------------------------------------------------------- */

#define TT_NAME_(p) (int)(p)->name.n, (p)->name.p

/* Is the space itself well formed? 0, or TT_EINVAL naming the parameter. */
static inline int tt_space_check(const struct tt_space *s, struct tt_error *e)
{
    uint64_t i;

    for (i = 0; i < s->n_params; i++) {
        const struct tt_param *p = tt_space_param(s, i);

        if (p->kind < TT_FLOAT || p->kind > TT_TEXT)
            return tt_fail(e, TT_EINVAL, "parameter %.*s: kind %u is unknown",
                           TT_NAME_(p), (unsigned)p->kind);
        if (p->parent >= (int32_t)i || p->parent < -1)
            return tt_fail(e, TT_EINVAL,
                           "parameter %.*s: its parent must come before it",
                           TT_NAME_(p));
        if ((p->kind == TT_CATEGORICAL || p->kind == TT_ORDINAL) &&
            p->n_choices == 0)
            return tt_fail(e, TT_EINVAL, "parameter %.*s: no choices",
                           TT_NAME_(p));
        if (p->kind != TT_FLOAT && p->kind != TT_INT)
            continue;
        if (!(p->lo <= p->hi) || !(fabs(p->lo) < HUGE_VAL) ||
            !(fabs(p->hi) < HUGE_VAL) || !(p->step >= 0.0))
            return tt_fail(e, TT_EINVAL,
                           "parameter %.*s: bounds [%g, %g] step %g; lo <= hi "
                           "and step >= 0, all finite, would do",
                           TT_NAME_(p), p->lo, p->hi, p->step);
        if ((p->flags & TT_PARAM_LOG) != 0 && !(p->lo > 0.0))
            return tt_fail(e, TT_EINVAL,
                           "parameter %.*s: a log scale needs lo > 0, not %g",
                           TT_NAME_(p), p->lo);
    }
    return 0;
}

/* Does haystack contain needle? */
static inline int tt_str_contains(struct tt_str haystack, struct tt_str needle)
{
    uint64_t i;

    if (needle.n == 0)
        return 1;
    for (i = 0; i + needle.n <= haystack.n; i++) {
        if (memcmp(haystack.p + i, needle.p, (size_t)needle.n) == 0)
            return 1;
    }
    return 0;
}

/* Is this text allowed for parameter p? */
static inline int tt_text_check(const struct tt_param *p, struct tt_str text,
                                struct tt_error *e)
{
    uint64_t k;

    if (p->max_bytes != 0 && text.n > p->max_bytes)
        return tt_fail(e, TT_EINVAL,
                       "parameter %.*s: text of %llu bytes, at most %llu",
                       TT_NAME_(p), (unsigned long long)text.n,
                       (unsigned long long)p->max_bytes);
    for (k = 0; k < p->n_placeholders; k++) {
        if (!tt_str_contains(text, p->placeholders[k]))
            return tt_fail(e, TT_EINVAL,
                           "parameter %.*s: the text must keep %.*s",
                           TT_NAME_(p), (int)p->placeholders[k].n,
                           p->placeholders[k].p);
    }
    return 0;
}

/* Is this number allowed for parameter p? */
static inline int tt_number_check(const struct tt_param *p, double x,
                                  struct tt_error *e)
{
    double lo = p->lo, hi = p->hi, step = tt_param_step(p), near;

    if (p->kind != TT_FLOAT && p->kind != TT_INT) {
        lo = 0.0;
        hi = p->kind == TT_BOOL ? 1.0 : (double)p->n_choices - 1.0;
        step = 1.0;
    }
    if (!(x >= lo && x <= hi)) /* NaN too */
        return tt_fail(e, TT_EINVAL, "parameter %.*s: %g is not in [%g, %g]",
                       TT_NAME_(p), x, lo, hi);
    if (p->kind != TT_FLOAT && x != floor(x))
        return tt_fail(e, TT_EINVAL,
                       "parameter %.*s: %.17g is not a whole number",
                       TT_NAME_(p), x);
    if (!(step > 0.0))
        return 0;
    near = lo + step * floor((x - lo) / step + 0.5);
    if (fabs(x - near) > 1e-9 * step + 1e-15 * fabs(x))
        return tt_fail(e, TT_EINVAL,
                       "parameter %.*s: %.17g is not on the grid %g, %g, ...; "
                       "%g is",
                       TT_NAME_(p), x, lo, lo + step, near);
    return 0;
}

/* Is the candidate valid in the space? 0, or TT_EINVAL with a message that
 * names the parameter and what would do. Values that a condition makes
 * inactive are not looked at. [any] */
static inline int tt_candidate_check(const struct tt_space *s,
                                     const struct tt_candidate *c,
                                     struct tt_error *e)
{
    uint64_t i, k;
    int rc;

    if (c->n_values != s->n_params)
        return tt_fail(e, TT_EINVAL,
                       "candidate: %llu values, the space has %llu parameters",
                       (unsigned long long)c->n_values,
                       (unsigned long long)s->n_params);
    for (i = 0; i < s->n_params; i++) {
        const struct tt_param *p = tt_space_param(s, i);
        const struct tt_value *v = tt_candidate_value(c, i);
        uint64_t at = i;
        int active = 1;

        /* up the chain of parents */
        while (active && tt_space_param(s, at)->parent >= 0) {
            const struct tt_param *q = tt_space_param(s, at);
            double number = tt_candidate_value(c, (uint64_t)q->parent)->number;

            for (k = 0, active = 0; k < q->n_parent_values && !active; k++)
                active = number == q->parent_values[k];
            at = (uint64_t)q->parent;
        }
        if (!active)
            continue;
        if ((v->flags & TT_VALUE_INACTIVE) != 0)
            return tt_fail(e, TT_EINVAL,
                           "parameter %.*s: marked inactive, but its "
                           "condition holds",
                           TT_NAME_(p));
        rc = p->kind == TT_TEXT ? tt_text_check(p, v->text, e)
                                : tt_number_check(p, v->number, e);
        if (rc < 0)
            return rc;
        if ((p->flags & TT_PARAM_FIXED) != 0 &&
            (p->kind == TT_TEXT ? !tt_str_equal(v->text, p->default_text)
                                : v->number != p->default_number))
            return tt_fail(e, TT_EINVAL,
                           "parameter %.*s: fixed, so its default must stay",
                           TT_NAME_(p));
    }
    return 0;
}

#ifdef __cplusplus
}
#endif
#endif
