/* SPDX-License-Identifier: MIT
 *
 * strategies.c - does `bayesian` beat `random`? Six functions, simple regret
 * after n evaluations, one run a seed, one-sided Wilcoxon signed-rank test on
 * pairs of equal seed. One JSON line a function.
 *
 *     strategies [PROBLEM|all [SEEDS [N [STRATEGY [REFERENCE]]]]]
 *
 * Strategies are built plugins: plugins/NAME/.libs/NAME.so below
 * $TT_TOP_BUILDDIR or here. */
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/unit/strategy_mock.h"

#define SEEDS_MAX 100
#define S(text) { text, sizeof(text) - 1 }
#define F(lo_, hi_)                                                            \
    { .kind = TT_FLOAT, .name = S("x"), .lo = lo_, .hi = hi_, .parent = -1 }
#define I(lo_, hi_)                                                            \
    { .kind = TT_INT, .name = S("i"), .lo = lo_, .hi = hi_, .parent = -1 }

static const double pi = 3.14159265358979323846;

/* --- the functions ------------------------------------------------------- */

static double branin(const double *x)
{
    double a = x[1] - 5.1 / (4 * pi * pi) * x[0] * x[0] + 5 / pi * x[0] - 6;

    return a * a + 10 * (1 - 1 / (8 * pi)) * cos(x[0]) + 10;
}

static double hartmann6(const double *x)
{
    static const double alpha[4] = { 1.0, 1.2, 3.0, 3.2 };
    static const double a[4][6] = { { 10, 3, 17, 3.5, 1.7, 8 },
                                    { 0.05, 10, 17, 0.1, 8, 14 },
                                    { 3, 3.5, 1.7, 10, 17, 8 },
                                    { 17, 8, 0.05, 10, 0.1, 14 } };
    static const double p[4][6] = {
        { 0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886 },
        { 0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991 },
        { 0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650 },
        { 0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381 }
    };
    double sum = 0.0, inner;
    int i, k;

    for (i = 0; i < 4; i++) {
        for (k = 0, inner = 0.0; k < 6; k++)
            inner += a[i][k] * (x[k] - p[i][k]) * (x[k] - p[i][k]);
        sum -= alpha[i] * exp(-inner);
    }
    return sum;
}

static double ackley(const double *x, int d)
{
    double squares = 0.0, waves = 0.0;
    int k;

    for (k = 0; k < d; k++) {
        squares += x[k] * x[k] / d;
        waves += cos(2 * pi * x[k]) / d;
    }
    return -20 * exp(-0.2 * sqrt(squares)) - exp(waves) + 20 + exp(1.0);
}

static const double shift[5] = { 3.1, -5.3, 7.7, -1.9, 4.4 };

static double ackley5s(const double *x)
{
    double y[5];
    int k;

    for (k = 0; k < 5; k++)
        y[k] = x[k] - shift[k];
    return ackley(y, 5);
}

static double rosen5(const double *x)
{
    double sum = 0.0;
    int k;

    for (k = 0; k < 4; k++)
        sum += 100 * pow(x[k + 1] - x[k] * x[k], 2) + pow(1 - x[k], 2);
    return sum;
}

static double levy8(const double *x)
{
    double w[8], sum;
    int k;

    for (k = 0; k < 8; k++)
        w[k] = 1 + (x[k] - 1) / 4;
    sum = pow(sin(pi * w[0]), 2) +
          pow(w[7] - 1, 2) * (1 + pow(sin(2 * pi * w[7]), 2));
    for (k = 0; k < 7; k++)
        sum += pow(w[k] - 1, 2) * (1 + 10 * pow(sin(pi * w[k] + 1), 2));
    return sum;
}

/* Three floats, two ints, and a choice that moves the optimum and lifts it. */
static double mixed6(const double *x)
{
    static const double moved[4] = { 0.0, 4.0, -6.0, 9.0 };
    static const double lifted[4] = { 0.0, 1.3, 2.1, 0.7 };
    double y[5];
    int k, c = (int)x[5];

    for (k = 0; k < 5; k++)
        y[k] = x[k] - (k < 3 ? shift[k] : rint(shift[k])) - moved[c];
    return ackley(y, 5) + lifted[c];
}

static const struct tt_param branin_space[] = { F(-5, 10), F(0, 15) };
static const struct tt_param hartmann_space[] = { F(0, 1), F(0, 1), F(0, 1),
                                                  F(0, 1), F(0, 1), F(0, 1) };
#define A F(-32.768, 32.768)
static const struct tt_param ackley_space[] = { A, A, A, A, A };
#define R F(-5, 10)
static const struct tt_param rosen_space[] = { R, R, R, R, R };
#define L F(-10, 10)
static const struct tt_param levy_space[] = { L, L, L, L, L, L, L, L };
static const struct tt_param mixed_space[] = {
    F(-20, 20), F(-20, 20), F(-20, 20), I(-20, 20), I(-20, 20),
    { .kind = TT_CATEGORICAL, .name = S("c"), .n_choices = 4, .parent = -1 },
};

static const struct problem {
    const char *name;
    double (*f)(const double *x);
    const struct tt_param *params;
    uint64_t n_params;
    double optimum;
    const char *gpsampler; /* Optuna 5's GPSampler, median at n = 50 */
} problems[] = {
    { "branin2", branin, branin_space, 2, 0.397887357729738, "3.71e-05" },
    { "hartmann6", hartmann6, hartmann_space, 6, -3.32236801141551, "0.00464" },
    { "ackley5s", ackley5s, ackley_space, 5, 0.0, "8.08" },
    { "rosen5", rosen5, rosen_space, 5, 0.0, "414" },
    { "levy8", levy8, levy_space, 8, 0.0, "11.5" },
    { "mixed6", mixed6, mixed_space, 6, 0.0, "5.78" },
};

/* --- one run ------------------------------------------------------------- */

static const struct tt_strategy *load(const char *name)
{
    const char *top = getenv("TT_TOP_BUILDDIR");
    char path[4096];
    tt_entry_fn *entry;
    void *so;

    (void)snprintf(path, sizeof path, "%s/plugins/%s/.libs/%s.so",
                   top != NULL ? top : ".", name, name);
    so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (so == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        exit(2);
    }
    *(void **)&entry = dlsym(so, TT_ENTRY_SYMBOL);
    if (entry == NULL) {
        fprintf(stderr, "%s: no %s\n", path, TT_ENTRY_SYMBOL);
        exit(2);
    }
    return entry()->strategy;
}

/* Simple regret after n evaluations, one at a time. */
static double run(const struct tt_strategy *strategy, const struct problem *p,
                  uint64_t seed, int n)
{
    static struct mock m;
    const struct tt_space space = { sizeof space, sizeof *p->params,
                                    p->n_params, p->params };
    double best = HUGE_VAL, x[16], y;
    uint64_t k;
    int i;

    mock_init(&m, strategy, &space, seed);
    if (mock_open(&m) < 0) {
        fprintf(stderr, "%s\n", m.e.message);
        exit(2);
    }
    for (i = 0; i < n; i++) {
        if (mock_next(&m, 1) < 0 || m.n_actions != 1 ||
            m.actions[0].kind != TT_EVALUATE) {
            fprintf(stderr, "%s: no proposal %s\n", p->name, m.e.message);
            exit(2);
        }
        for (k = 0; k < p->n_params; k++)
            x[k] = m.actions[0].values[k].number;
        y = p->f(x);
        best = y < best ? y : best;
        if (mock_result(&m, m.actions[0].ref, y) < 0) {
            fprintf(stderr, "%s: %s\n", p->name, m.e.message);
            exit(2);
        }
    }
    mock_close(&m);
    return best - p->optimum;
}

/* --- statistics ---------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double quantile(const double *v, int n, double q)
{
    double sorted[SEEDS_MAX], at = q * (n - 1);
    int i = (int)at;

    memcpy(sorted, v, (size_t)n * sizeof *v);
    qsort(sorted, (size_t)n, sizeof *sorted, ascending);
    return i + 1 < n ? sorted[i] + (at - i) * (sorted[i + 1] - sorted[i])
                     : sorted[i];
}

/* P(W+ <= observed) under symmetry, W+ the rank sum of pairs in which a is
 * larger: small when a is mostly smaller. Exact, ties share their ranks;
 * pairs without difference are dropped. */
static double wilcoxon(const double *a, const double *b, int n)
{
    static double ways[2 * SEEDS_MAX * SEEDS_MAX];
    double d[SEEDS_MAX], size[SEEDS_MAX], total = 0.0, p = 0.0;
    int rank2[SEEDS_MAX], i, j, k = 0, sum = 0, observed = 0;

    for (i = 0; i < n; i++) {
        if (a[i] != b[i]) {
            size[k] = fabs(a[i] - b[i]);
            d[k++] = a[i] - b[i];
        }
    }
    for (i = 0; i < k; i++) { /* twice the mean rank: whole numbers */
        for (j = 0, rank2[i] = 1; j < k; j++)
            rank2[i] += size[j] < size[i] ? 2 : size[j] == size[i];
        sum += rank2[i];
        observed += d[i] > 0.0 ? rank2[i] : 0;
    }
    memset(ways, 0, sizeof ways);
    ways[0] = 1.0;
    for (i = 0; i < k; i++) {
        for (j = sum; j >= rank2[i]; j--)
            ways[j] += ways[j - rank2[i]];
    }
    for (j = 0; j <= sum; j++) {
        total += ways[j];
        p += j <= observed ? ways[j] : 0.0;
    }
    return p / total;
}

static void compare(const struct problem *p, const struct tt_strategy *ours,
                    const struct tt_strategy *theirs, const char *names[2],
                    int seeds, int n)
{
    double a[SEEDS_MAX], b[SEEDS_MAX];
    clock_t begin = clock();
    double seconds;
    int s;

    for (s = 0; s < seeds; s++)
        a[s] = run(ours, p, (uint64_t)s, n);
    seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
    for (s = 0; s < seeds; s++)
        b[s] = run(theirs, p, (uint64_t)s, n);
    printf("{\"problem\":\"%s\",\"n\":%d,\"seeds\":%d,"
           "\"%s\":%.3g,\"%s_q25\":%.3g,\"%s_q75\":%.3g,\"%s\":%.3g,"
           "\"p\":%.2g,\"gpsampler\":%s,\"cpu_ms_per_ask\":%.2f}\n",
           p->name, n, seeds, names[0], quantile(a, seeds, 0.5), names[0],
           quantile(a, seeds, 0.25), names[0], quantile(a, seeds, 0.75),
           names[1], quantile(b, seeds, 0.5), wilcoxon(a, b, seeds),
           n == 50 ? p->gpsampler : "null", seconds * 1000.0 / seeds / n);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    const char *which = argc > 1 ? argv[1] : "all";
    int seeds = argc > 2 ? atoi(argv[2]) : 30;
    int n = argc > 3 ? atoi(argv[3]) : 50;
    const char *names[2] = { argc > 4 ? argv[4] : "bayesian",
                             argc > 5 ? argv[5] : "random" };
    const struct tt_strategy *ours = load(names[0]), *theirs = load(names[1]);
    size_t i, found = 0;

    if (seeds < 1 || seeds > SEEDS_MAX || n < 1) {
        fprintf(stderr, "seeds: 1 .. %d; n: 1 and more\n", SEEDS_MAX);
        return 2;
    }
    for (i = 0; i < sizeof problems / sizeof *problems; i++) {
        if (strcmp(which, "all") != 0 && strcmp(which, problems[i].name) != 0)
            continue;
        compare(&problems[i], ours, theirs, names, seeds, n);
        found++;
    }
    if (found == 0)
        fprintf(stderr, "%s: no such problem\n", which);
    return found == 0 ? 2 : 0;
}
