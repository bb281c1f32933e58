/* SPDX-License-Identifier: MIT
 *
 * The strategy `bayesian`: its mathematics, then what it does. */
#include "plugins/bayesian/acquisition.h"
#include "plugins/bayesian/gp.h"
#include "plugins/bayesian/warp.h"
#include "tests/unit/plugin_spaces.h"

extern tt_entry_fn trimtab_plugin_v1;

static const struct tt_strategy *strategy(void)
{
    return trimtab_plugin_v1()->strategy;
}

/* --- the Gaussian process ------------------------------------------------ */

#define ROWS 12
static const unsigned char kinds[4] = { GP_NUMBER, GP_NUMBER, GP_CATEGORY,
                                        GP_NUMBER };

static void some_point(struct tt_random *r, double *x)
{
    x[0] = tt_random_unit(r);
    x[1] = tt_random_unit(r);
    x[2] = (double)tt_random_below(r, 3);
    x[3] = tt_random_unit(r) < 0.3 ? GP_ABSENT : tt_random_unit(r);
}

/* ROWS observations of something smooth, on mixed coordinates. */
static struct gp *some_gp(uint64_t seed)
{
    struct gp *gp = gp_create(4, kinds, ROWS + 2);
    struct tt_random r = tt_random_at(seed, 1, 0);
    size_t i;

    if (gp == NULL)
        exit(99);
    for (i = 0; i < ROWS; i++) {
        double *x = gp->x + i * 4;

        some_point(&r, x);
        gp->y[i] = sin(4.0 * x[0]) + 0.5 * x[2] - x[1] * x[3];
    }
    gp->n = ROWS;
    return gp;
}

static void the_gradient_of_the_posterior_is_right(void)
{
    struct gp *gp = some_gp(1);
    double theta[6] = { 0.1, -0.5, 0.3, 0.2, 0.4, -4.0 }, g[6], up, down;
    const double h = 1e-5;
    size_t k;

    (void)gp_loss(gp, theta, g);
    for (k = 0; k < 6; k++) {
        theta[k] += h;
        up = gp_loss(gp, theta, NULL);
        theta[k] -= 2.0 * h;
        down = gp_loss(gp, theta, NULL);
        theta[k] += h;
        /* h^2 of the third derivative, and rounding / h */
        CU_ASSERT(fabs((up - down) / (2.0 * h) - g[k]) <
                  1e-7 * (1.0 + fabs(g[k])));
    }
    gp_destroy(gp);
}

static void a_fit_is_a_stationary_point_and_better_than_the_prior(void)
{
    struct gp *gp = some_gp(2);
    double prior[6], g[6], before;
    size_t k;

    gp_prior(4, prior);
    before = gp_loss(gp, prior, NULL);
    CU_ASSERT_EQUAL(gp_fit(gp, 1), 0);
    CU_ASSERT(gp_loss(gp, gp->theta, g) < before);
    for (k = 0; k < 6; k++)
        CU_ASSERT(fabs(g[k]) < 0.1 || gp->theta[k] < -15.9);
    gp_destroy(gp);
}

/* The textbook formula by Gauss-Jordan elimination, no BLAS. */
static void naive(const struct gp *gp, const double *at, double *mean,
                  double *variance)
{
    static double a[ROWS + 2][ROWS + 4];
    double signal = exp(gp->theta[4]), noise = exp(gp->theta[5]);
    size_t n = gp->n, i, j, k;

    for (i = 0; i <= n; i++) {
        const double *p = i < n ? gp->x + i * 4 : at;

        for (j = 0; j <= n; j++) {
            const double *q = j < n ? gp->x + j * 4 : at;
            double r2 = 0.0, r;

            for (k = 0; k < 4; k++) {
                double u = p[k] < 0.0 ? 0.5 : p[k];
                double v = q[k] < 0.0 ? 0.5 : q[k];
                double d = (u - v) * (u - v);

                d += (p[k] < 0.0) != (q[k] < 0.0) ? 0.75 : 0.0;
                if (kinds[k] == GP_CATEGORY)
                    d = p[k] != q[k];
                r2 += d / exp(2.0 * gp->theta[k]);
            }
            r = sqrt(5.0 * r2);
            r2 = signal * (1.0 + r + r * r / 3.0) * exp(-r);
            if (i < n)
                a[i][j] = r2 + (i == j ? noise : 0.0);
            if (i < n && j == n)
                a[i][n + 1] = r2; /* k, kept */
        }
        if (i < n)
            a[i][n + 2] = gp->y[i];
    }
    for (i = 0; i < n; i++) { /* columns n and n + 2 become K^-1 k, K^-1 y */
        for (j = 0; j < n; j++) {
            double f = j == i ? 0.0 : a[j][i] / a[i][i];

            for (k = i; f != 0.0 && k < n + 3; k++)
                a[j][k] -= k == n + 1 ? 0.0 : f * a[i][k];
        }
    }
    *mean = 0.0;
    *variance = signal;
    for (i = 0; i < n; i++) {
        *mean += a[i][n + 1] * a[i][n + 2] / a[i][i];
        *variance -= a[i][n + 1] * a[i][n] / a[i][i];
    }
}

static void predictions_are_those_of_the_textbook(void)
{
    struct gp *gp = some_gp(3);
    struct tt_random r = tt_random_at(9, 9, 0);
    double x[20 * 4], mean[20], variance[20], scratch[20 * ROWS], m, v;
    size_t i;

    CU_ASSERT_EQUAL(gp_fit(gp, 1), 0);
    gp->theta[5] = log(1e-3); /* well conditioned: both ways agree */
    CU_ASSERT_EQUAL(gp_condition(gp), 0);
    for (i = 0; i < 20; i++)
        some_point(&r, x + i * 4);
    gp_predict_many(gp, 20, x, mean, variance, scratch);
    for (i = 0; i < 20; i++) {
        naive(gp, x + i * 4, &m, &v);
        CU_ASSERT(fabs(mean[i] - m) < 1e-9);
        CU_ASSERT(fabs(variance[i] - v) < 1e-9);
        gp_predict(gp, x + i * 4, &m, &v, NULL, NULL);
        CU_ASSERT(fabs(mean[i] - m) < 1e-12);
        CU_ASSERT(fabs(variance[i] - v) < 1e-12);
    }
    gp_destroy(gp);
}

static void gradients_of_a_prediction_are_right(void)
{
    struct gp *gp = some_gp(4);
    struct tt_random r = tt_random_at(5, 5, 0);
    const double h = 1e-5;
    int i;

    CU_ASSERT_EQUAL(gp_fit(gp, 1), 0);
    for (i = 0; i < 10; i++) {
        double x[4], m, v, dm[4], dv[4], m2, v2, m1, v1;
        size_t k;

        some_point(&r, x);
        gp_predict(gp, x, &m, &v, dm, dv);
        for (k = 0; k < 4; k++) {
            if (kinds[k] == GP_CATEGORY || x[k] < 0.0) {
                CU_ASSERT_EQUAL(dm[k], 0.0);
                continue;
            }
            x[k] += h;
            gp_predict(gp, x, &m2, &v2, NULL, NULL);
            x[k] -= 2.0 * h;
            gp_predict(gp, x, &m1, &v1, NULL, NULL);
            x[k] += h;
            CU_ASSERT(fabs((m2 - m1) / (2.0 * h) - dm[k]) < 1e-5);
            CU_ASSERT(fabs((v2 - v1) / (2.0 * h) - dv[k]) < 1e-5);
        }
    }
    gp_destroy(gp);
}

static void believing_keeps_the_mean_and_cuts_the_variance(void)
{
    struct gp *gp = some_gp(5);
    struct tt_random r = tt_random_at(6, 6, 0);
    double new[4], x[10][4], m[10], v[10], m2, v2;
    int i;

    CU_ASSERT_EQUAL(gp_fit(gp, 1), 0);
    some_point(&r, new);
    for (i = 0; i < 10; i++) {
        some_point(&r, x[i]);
        gp_predict(gp, x[i], &m[i], &v[i], NULL, NULL);
    }
    gp_believe(gp, new);
    CU_ASSERT_EQUAL(gp->n, ROWS + 1);
    for (i = 0; i < 10; i++) {
        gp_predict(gp, x[i], &m2, &v2, NULL, NULL);
        CU_ASSERT(fabs(m2 - m[i]) < 1e-9);
        CU_ASSERT(v2 <= v[i] + 1e-12);
    }
    gp_predict(gp, new, &m2, &v2, NULL, NULL);
    CU_ASSERT(v2 < 1e-5 * exp(gp->theta[4]));
    gp_believe(gp, new); /* twice the same: no NaN */
    gp_predict(gp, new, &m2, &v2, NULL, NULL);
    CU_ASSERT(v2 > 0.0);
    gp_destroy(gp);
}

static void equal_rows_get_jitter_and_not_an_error(void)
{
    struct gp *gp = some_gp(7);
    size_t i;

    for (i = 1; i < ROWS; i++)
        memcpy(gp->x + i * 4, gp->x, 4 * sizeof(double));
    gp->theta[5] = -80.0; /* no noise at all: singular */
    CU_ASSERT_EQUAL(gp_condition(gp), 0);
    CU_ASSERT_EQUAL(gp_fit(gp, 1), 0);
    gp_destroy(gp);
    gp_destroy(NULL);
}

/* --- the acquisition ----------------------------------------------------- */

/* h(z) / phi(z) for z <= 0 is the integral of s exp(z s - s^2 / 2) over
 * s >= 0: no cancellation, so Simpson's rule gives all digits. */
static double improvement_by_quadrature(double z)
{
    double width = 12.0 / (1.0 - z / 4.0), h, sum = 0.0;
    int i, n = 4000;

    h = width / n;
    for (i = 0; i <= n; i++) {
        double s = i * h;

        sum += (i == 0 || i == n ? 1.0 : i % 2 == 1 ? 4.0 : 2.0) * s *
               exp(z * s - 0.5 * s * s);
    }
    return log(sum * h / 3.0) - 0.5 * z * z - 0.91893853320467274178;
}

static void improvement_is_stable_for_every_z(void)
{
    static const double z[] = { 0.0,   -0.5,  -2.0,  -8.0,   -19.9, -20.1,
                                -30.0, -60.0, -200.0, -1e3, -1e6 };
    double slope, up, down, h;
    size_t i;

    for (i = 0; i < sizeof z / sizeof *z; i++) {
        double value = log_improvement(z[i], &slope);

        if (z[i] > -250.0)
            CU_ASSERT(fabs(value - improvement_by_quadrature(z[i])) < 1e-8);
        h = 1e-6 * (1.0 - z[i]);
        up = log_improvement(z[i] + h, &down);
        down = log_improvement(z[i] - h, &down);
        CU_ASSERT(fabs((up - down) / (2.0 * h) / slope - 1.0) < 1e-4);
    }
    CU_ASSERT(fabs(log_improvement(30.0, &slope) - log(30.0)) < 1e-15);
    CU_ASSERT(fabs(slope - 1.0 / 30.0) < 1e-15);
    CU_ASSERT(log_improvement(-1e150, &slope) < -1e299);
}

static void the_probability_of_an_interval_keeps_its_digits(void)
{
    static const double ends[][2] = { { -1.0, 2.0 },  { 0.5, 0.6 },
                                      { 5.0, 6.0 },   { -9.0, -8.0 },
                                      { 20.0, 21.0 }, { -3.0, 40.0 } };
    double a, b, up, down, x;
    size_t i;

    for (i = 0; i < sizeof ends / sizeof *ends; i++) {
        double lo = ends[i][0], hi = ends[i][1], h = 1e-6;
        double value = log_interval(lo, hi, &a, &b);

        /* the upper tails' difference, where that is accurate */
        if (lo >= 0.0)
            CU_ASSERT(fabs(value - log(0.5 * erfc(lo * sqrt(0.5)) -
                                       0.5 * erfc(hi * sqrt(0.5)))) < 1e-12);
        up = log_interval(lo + h, hi, &x, &x);
        down = log_interval(lo - h, hi, &x, &x);
        CU_ASSERT(fabs((up - down) / (2.0 * h) - a) < 1e-6 * (1 + fabs(a)));
        up = log_interval(lo, hi + h, &x, &x);
        down = log_interval(lo, hi - h, &x, &x);
        CU_ASSERT(fabs((up - down) / (2.0 * h) - b) < 1e-6 * (1 + fabs(b)));
    }
    CU_ASSERT(fabs(log_interval(-HUGE_VAL, 0.0, &a, &b) - log(0.5)) < 1e-15);
    CU_ASSERT_EQUAL(a, 0.0);
    CU_ASSERT(fabs(log_interval(0.0, HUGE_VAL, &a, &b) - log(0.5)) < 1e-15);
    CU_ASSERT_EQUAL(b, 0.0);
    CU_ASSERT_EQUAL(log_interval(-HUGE_VAL, HUGE_VAL, &a, &b), 0.0);
    CU_ASSERT(log_interval(100.0, HUGE_VAL, &a, &b) < -5000.0);
}

static void the_gradient_of_the_acquisition_is_right(void)
{
    struct gp *one = some_gp(8), *two = some_gp(9);
    struct limit limits[2] = { { two, -0.5, HUGE_VAL }, { one, -1.0, 1.5 } };
    struct acquisition a = { 0 };
    struct tt_random r = tt_random_at(8, 8, 0);
    const double h = 1e-6;
    double x[5 * 4], g[4], many[5], scratch[5 * (ROWS + 2)], up, down;
    size_t i, k;

    CU_ASSERT_EQUAL(gp_fit(one, 1) | gp_fit(two, 1), 0);
    a.objective = one;
    a.best = -0.4;
    a.limits = limits;
    a.n_limits = 2;
    a.dims = 4;
    CU_ASSERT_EQUAL(acq_scratch(&a), ROWS + 2);
    for (i = 0; i < 5; i++)
        some_point(&r, x + i * 4);
    acq_values(&a, 5, x, many, scratch);
    for (i = 0; i < 5; i++) {
        double *at = x + i * 4, value = acq_value(&a, at, g);

        CU_ASSERT(fabs(value - many[i]) < 1e-6 * (1.0 + fabs(value)));
        for (k = 0; k < 4; k++) {
            if (kinds[k] == GP_CATEGORY || at[k] < 0.0)
                continue;
            at[k] += h;
            up = acq_value(&a, at, NULL);
            at[k] -= 2.0 * h;
            down = acq_value(&a, at, NULL);
            at[k] += h;
            CU_ASSERT(fabs((up - down) / (2.0 * h) - g[k]) <
                      1e-3 * (1.0 + fabs(g[k])));
        }
    }
    gp_destroy(one);
    gp_destroy(two);
}

/* --- the warp ------------------------------------------------------------ */

static void a_warp_makes_losses_normal_and_keeps_their_order(void)
{
    struct tt_random r = tt_random_at(3, 3, 0);
    double y[101], scratch[101], t, last, sum = 0.0, squares = 0.0;
    double cubes = 0.0;
    struct warp w;
    int i;

    for (i = 0; i < 101; i++) /* over six orders of magnitude */
        y[i] = exp(2.5 * tt_random_normal(&r)) - 3.0;
    warp_fit(&w, y, 101, scratch);
    CU_ASSERT(w.lambda < 0.5);
    for (i = 0; i < 101; i++) {
        t = warp_do(&w, y[i]);
        sum += t / 101.0;
        squares += t * t / 101.0;
        cubes += t * t * t / 101.0;
        CU_ASSERT(fabs(warp_undo(&w, t) - y[i]) <
                  1e-9 * (1.0 + fabs(y[i])));
    }
    CU_ASSERT(fabs(sum) < 1e-12);
    CU_ASSERT(fabs(squares - 1.0) < 1e-12);
    CU_ASSERT(fabs(cubes) < 1.0); /* it was above 5 */
    for (i = 0, last = -HUGE_VAL; i < 200; i++) {
        t = warp_do(&w, -3.0 + 0.5 * i * i);
        CU_ASSERT(t > last);
        last = t;
    }
}

static void a_warp_survives_what_cannot_be_normal(void)
{
    static const double same[4] = { 2.0, 2.0, 2.0, 2.0 };
    static const double huge[4] = { -1e150, 0.0, 1.0, 1e150 };
    static const double most[5] = { 1.0, 1.0, 1.0, 1.0, 7.0 };
    double scratch[5];
    struct warp w;

    warp_fit(&w, same, 4, scratch);
    CU_ASSERT_EQUAL(warp_do(&w, 2.0), 0.0);
    warp_fit(&w, huge, 4, scratch);
    CU_ASSERT(warp_do(&w, -1e150) < warp_do(&w, 0.0));
    CU_ASSERT(warp_do(&w, 0.0) <= warp_do(&w, 1.0));
    CU_ASSERT(warp_do(&w, 1.0) < warp_do(&w, 1e150));
    warp_fit(&w, most, 5, scratch);
    CU_ASSERT(warp_do(&w, 1.0) < warp_do(&w, 7.0));
    warp_fit(&w, same, 1, scratch);
    CU_ASSERT_EQUAL(warp_do(&w, 2.0), 0.0);
}

/* --- the strategy -------------------------------------------------------- */

static const struct tt_param square_params[] = {
    { .kind = TT_FLOAT, .name = S("x"), .lo = -1, .hi = 2, .parent = -1 },
    { .kind = TT_FLOAT, .name = S("y"), .lo = -1, .hi = 2, .parent = -1 },
};
static const struct tt_space square = SPACE(square_params);

static void a_log_gives_the_same_bytes_with_or_without_restarts(void)
{
    check_reproducible(strategy());
}

static void a_finite_space_is_used_up(void)
{
    check_exhausts(strategy());
}

/* Minimise f for n asks of one candidate; the best value. */
static double minimise(double (*f)(double, double), int n, uint64_t seed,
                       double sign)
{
    struct mock m;
    double best = HUGE_VAL, value;
    int i;

    mock_init(&m, strategy(), &square, seed);
    m.objective.direction = sign < 0.0 ? TT_MAXIMIZE : TT_MINIMIZE;
    CU_ASSERT_EQUAL(mock_open(&m), 0);
    for (i = 0; i < n; i++) {
        const struct tt_value *v = m.actions[0].values;

        CU_ASSERT_EQUAL(mock_next(&m, 1), 0);
        value = f(v[0].number, v[1].number);
        best = value < best ? value : best;
        CU_ASSERT_EQUAL(mock_result(&m, m.actions[0].ref, sign * value), 0);
    }
    CU_ASSERT_EQUAL(m.n_invalid, 0);
    mock_close(&m);
    return best;
}

static double valley(double x, double y)
{
    return 100.0 * pow(y - x * x, 2) + pow(1.0 - x, 2);
}

static double flat(double x, double y)
{
    (void)x;
    (void)y;
    return 3.0;
}

static double cliff(double x, double y)
{
    return x > 1.4 ? 1e300 : x > 0.3 ? -1e-3 * y : x * x + y * y;
}

static void a_curved_valley_is_followed_to_its_end(void)
{
    /* 40 random points reach about 2 */
    CU_ASSERT(minimise(valley, 40, 1, 1.0) < 0.05);
    CU_ASSERT(minimise(valley, 40, 1, -1.0) < 0.05); /* as a maximum */
}

static void flat_and_wild_functions_do_no_harm(void)
{
    CU_ASSERT_EQUAL(minimise(flat, 20, 1, 1.0), 3.0);
    CU_ASSERT(minimise(cliff, 30, 1, 1.0) < 0.0);
}

static void noise_is_not_chased(void)
{
    struct mock m;
    struct tt_random noise = tt_random_at(1, 0, 77);
    double x, y, late = 0.0;
    int i;

    mock_init(&m, strategy(), &square, 2);
    CU_ASSERT_EQUAL(mock_open(&m), 0);
    for (i = 0; i < 50; i++) {
        CU_ASSERT_EQUAL(mock_next(&m, 1), 0);
        x = m.actions[0].values[0].number - 0.5;
        y = m.actions[0].values[1].number - 0.2;
        late += i >= 40 ? (x * x + y * y) / 10.0 : 0.0;
        CU_ASSERT_EQUAL(mock_result(&m, m.actions[0].ref,
                                    x * x + y * y +
                                        0.3 * tt_random_normal(&noise)),
                        0);
    }
    CU_ASSERT(late < 0.5); /* at random: 1.7 */
    mock_close(&m);
}

static void what_is_in_flight_is_kept_away_from(void)
{
    struct mock m;
    const struct mock_action *a = m.actions;
    double gap = HUGE_VAL, x, y;
    size_t i, k;

    mock_init(&m, strategy(), &square, 3);
    CU_ASSERT_EQUAL(mock_open(&m), 0);
    CU_ASSERT_EQUAL(mock_next(&m, 8), 0);
    for (i = 0; i < 8; i++) {
        CU_ASSERT_STRING_EQUAL(a[i].text, "init");
        CU_ASSERT_EQUAL(mock_result(&m, a[i].ref,
                                    valley(a[i].values[0].number,
                                           a[i].values[1].number)),
                        0);
    }
    CU_ASSERT_EQUAL(mock_next(&m, 6), 0);
    CU_ASSERT_EQUAL(m.n_actions, 6);
    for (i = 0; i < 6; i++) {
        CU_ASSERT_STRING_EQUAL(a[i].text, "model");
        CU_ASSERT(a[i].sd > 0.0 && a[i].mean == a[i].mean);
        for (k = 0; k < i; k++) {
            x = a[i].values[0].number - a[k].values[0].number;
            y = a[i].values[1].number - a[k].values[1].number;
            gap = fmin(gap, sqrt(x * x + y * y));
        }
    }
    CU_ASSERT(gap > 0.01); /* without pending points: 0 */
    mock_close(&m);
}

static void guardrails_are_learnt_and_kept(void)
{
    /* the unconstrained optimum, (1, 1), is not allowed: x + y <= 1 */
    static const struct tt_guardrail rail = { { "sum", 3 }, -HUGE_VAL, 1.0 };
    struct mock m;
    double best = HUGE_VAL;
    int i, feasible = 0;

    mock_init(&m, strategy(), &square, 4);
    m.problem.guardrails = &rail;
    m.problem.n_guardrails = 1;
    CU_ASSERT_EQUAL(mock_open(&m), 0);
    for (i = 0; i < 40; i++) {
        double x, y, sum, value;

        CU_ASSERT_EQUAL(mock_next(&m, 1), 0);
        x = m.actions[0].values[0].number;
        y = m.actions[0].values[1].number;
        sum = x + y;
        value = (x - 1.0) * (x - 1.0) + (y - 1.0) * (y - 1.0);
        feasible += i >= 20 && sum <= 1.0;
        best = sum <= 1.0 && value < best ? value : best;
        CU_ASSERT_EQUAL(
            mock_result_g(&m, m.actions[0].ref, value, &sum), 0);
        if (i == 25) { /* the constraint's model survives a restart */
            CU_ASSERT_EQUAL(mock_snapshot(&m), 0);
            CU_ASSERT_EQUAL(mock_reopen(&m), 0);
        }
    }
    CU_ASSERT(best < 0.505); /* 0.5 on the border */
    CU_ASSERT(feasible >= 8);
    mock_close(&m);
}

static void what_cannot_be_scored_is_avoided(void)
{
    struct mock m;
    double best = HUGE_VAL, value;
    int i, failed = 0;

    mock_init(&m, strategy(), &square, 5);
    CU_ASSERT_EQUAL(mock_open(&m), 0);
    for (i = 0; i < 40; i++) {
        double x, y;

        CU_ASSERT_EQUAL(mock_next(&m, 1), 0);
        x = m.actions[0].values[0].number;
        y = m.actions[0].values[1].number;
        if (x < 0.0) { /* a third of the square, away from the optimum */
            failed += i >= 8;
            CU_ASSERT_EQUAL(mock_failure(&m, m.actions[0].ref, TT_FAILED), 0);
            continue;
        }
        value = valley(x, y);
        best = value < best ? value : best;
        CU_ASSERT_EQUAL(mock_result(&m, m.actions[0].ref, value), 0);
    }
    CU_ASSERT(best < 0.5);
    CU_ASSERT(failed <= 7); /* at random: 11 */
    mock_close(&m);
}

static void nothing_but_failures_goes_on(void)
{
    struct mock m;
    int i;

    mock_init(&m, strategy(), &square, 6);
    CU_ASSERT_EQUAL(mock_open(&m), 0);
    for (i = 0; i < 30; i++) {
        CU_ASSERT_EQUAL(mock_next(&m, 1), 0);
        CU_ASSERT_EQUAL(m.n_actions, 1);
        CU_ASSERT_EQUAL(mock_failure(&m, m.actions[0].ref, TT_FAILED), 0);
    }
    mock_close(&m);
}

static void past_max_points_a_subset_is_modelled(void)
{
    static const struct tt_config_item items[] = {
        { { "max_points", 10 }, 20.0, { "20", 2 } },
        { { "start", 5 }, 3.0, { "3", 1 } },
    };
    static const struct tt_config config = { sizeof config, sizeof *items, 2,
                                             items, { "{}", 2 } };
    struct mock m;
    double best = HUGE_VAL, value;
    int i;

    mock_init(&m, strategy(), &square, 7);
    m.problem.config = &config;
    m.problem.max_in_flight = 2;
    CU_ASSERT_EQUAL(mock_open(&m), 0);
    for (i = 0; i < 60; i++) {
        const struct mock_action *a = m.actions;

        CU_ASSERT_EQUAL(mock_next(&m, 1), 0);
        CU_ASSERT_STRING_EQUAL(a->text, i < 3 ? "init" : "model");
        value = valley(a->values[0].number, a->values[1].number);
        best = value < best ? value : best;
        CU_ASSERT_EQUAL(mock_result(&m, a->ref, value), 0);
    }
    CU_ASSERT(best < 1.0); /* 60 random points: about 1.3 */
    mock_close(&m);
}

static CU_TestInfo tests[] = {
    { "the gradient of the posterior is right",
      the_gradient_of_the_posterior_is_right },
    { "a fit is a stationary point and better than the prior",
      a_fit_is_a_stationary_point_and_better_than_the_prior },
    { "predictions are those of the textbook",
      predictions_are_those_of_the_textbook },
    { "gradients of a prediction are right",
      gradients_of_a_prediction_are_right },
    { "believing keeps the mean and cuts the variance",
      believing_keeps_the_mean_and_cuts_the_variance },
    { "equal rows get jitter and not an error",
      equal_rows_get_jitter_and_not_an_error },
    { "improvement is stable for every z", improvement_is_stable_for_every_z },
    { "the probability of an interval keeps its digits",
      the_probability_of_an_interval_keeps_its_digits },
    { "the gradient of the acquisition is right",
      the_gradient_of_the_acquisition_is_right },
    { "a warp makes losses normal and keeps their order",
      a_warp_makes_losses_normal_and_keeps_their_order },
    { "a warp survives what cannot be normal",
      a_warp_survives_what_cannot_be_normal },
    { "a log gives the same bytes with or without restarts",
      a_log_gives_the_same_bytes_with_or_without_restarts },
    { "a finite space is used up", a_finite_space_is_used_up },
    { "a curved valley is followed to its end",
      a_curved_valley_is_followed_to_its_end },
    { "flat and wild functions do no harm",
      flat_and_wild_functions_do_no_harm },
    { "noise is not chased", noise_is_not_chased },
    { "what is in flight is kept away from",
      what_is_in_flight_is_kept_away_from },
    { "guardrails are learnt and kept", guardrails_are_learnt_and_kept },
    { "what cannot be scored is avoided", what_cannot_be_scored_is_avoided },
    { "nothing but failures goes on", nothing_but_failures_goes_on },
    { "past max_points a subset is modelled",
      past_max_points_a_subset_is_modelled },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("bayesian", tests);
}
