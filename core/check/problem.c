/* SPDX-License-Identifier: MIT
 *
 * problem.c - see problem.h. */
#include "config.h"

#include <math.h>
#include <string.h>
#include <trimtab/cube.h>

#include "core/base/mem.h"
#include "core/check/problem.h"

#define TEXT(s) { s, sizeof s - 1 }

static const struct tt_str styles[] = { TEXT("plain"), TEXT("brief"),
                                        TEXT("formal") };
static const struct tt_str sizes[] = { TEXT("S"), TEXT("M"), TEXT("L"),
                                       TEXT("XL") };
static const struct tt_str places[] = { TEXT("{question}") };
static const double when_brief[] = { 1 };

static const struct tt_param mixed[] = {
    { .kind = TT_FLOAT, .name = TEXT("answer.x"), .lo = -5, .hi = 5,
      .default_number = 0, .parent = -1 },
    { .kind = TT_FLOAT, .flags = TT_PARAM_LOG, .name = TEXT("answer.rate"),
      .lo = 0.0001, .hi = 1, .default_number = 0.1, .parent = -1 },
    { .kind = TT_FLOAT, .name = TEXT("answer.temperature"), .hi = 2,
      .step = 0.1, .default_number = 1, .parent = -1 },
    { .kind = TT_INT, .name = TEXT("answer.k"), .lo = 1, .hi = 20,
      .default_number = 3, .parent = -1 },
    { .kind = TT_CATEGORICAL, .name = TEXT("answer.style"), .choices = styles,
      .n_choices = 3, .parent = -1 },
    { .kind = TT_ORDINAL, .name = TEXT("answer.size"), .choices = sizes,
      .n_choices = 4, .default_number = 1, .parent = -1 },
    { .kind = TT_BOOL, .name = TEXT("answer.cite"), .parent = -1 },
};

static const struct tt_param plane[] = {
    { .kind = TT_FLOAT, .name = TEXT("a.x"), .lo = -1, .hi = 1, .parent = -1 },
    { .kind = TT_FLOAT, .name = TEXT("b.y"), .lo = 1000, .hi = 1001,
      .default_number = 1000.5, .parent = -1 },
};

static const struct tt_param small[] = {
    { .kind = TT_INT, .name = TEXT("a.n"), .lo = 0, .hi = 2, .parent = -1 },
    { .kind = TT_BOOL, .name = TEXT("a.flag"), .parent = -1 },
};

static const struct tt_param conditional[] = {
    { .kind = TT_CATEGORICAL, .name = TEXT("a.style"), .choices = styles,
      .n_choices = 3, .parent = -1 },
    { .kind = TT_FLOAT, .name = TEXT("a.length"), .hi = 10,
      .default_number = 5, .parent = 0, .parent_values = when_brief,
      .n_parent_values = 1 },
    { .kind = TT_INT, .name = TEXT("a.n"), .lo = 1, .hi = 1000,
      .flags = TT_PARAM_LOG, .default_number = 10, .parent = -1 },
};

static const struct tt_param fixed[] = {
    { .kind = TT_FLOAT, .flags = TT_PARAM_FIXED, .name = TEXT("a.kept"),
      .lo = 0, .hi = 1, .default_number = 0.25, .parent = -1 },
    { .kind = TT_FLOAT, .name = TEXT("a.single"), .lo = 7, .hi = 7,
      .default_number = 7, .parent = -1 },
    { .kind = TT_FLOAT, .name = TEXT("a.free"), .lo = 0, .hi = 1,
      .default_number = 0.5, .parent = -1 },
};

static const struct tt_param prompt[] = {
    { .kind = TT_TEXT, .name = TEXT("a.prompt"),
      .default_text = TEXT("Answer in short: {question}"), .max_bytes = 400,
      .placeholders = places, .n_placeholders = 1, .parent = -1 },
    { .kind = TT_FLOAT, .name = TEXT("a.temperature"), .hi = 2,
      .default_number = 1, .parent = -1 },
};

static const struct space_of {
    const char *name;
    const struct tt_param *params;
    size_t n;
    uint32_t direction, n_objectives;
    uint32_t caps;  /* needed for it */
    bool some;      /* the kinds that the plugin knows will do */
} spaces[] = {
    { "mixed", mixed, TT_ARRAY_LEN(mixed), TT_MAXIMIZE, 1, 0, true },
    { "plane", plane, TT_ARRAY_LEN(plane), TT_MINIMIZE, 1, 0, false },
    { "small", small, TT_ARRAY_LEN(small), TT_MAXIMIZE, 1, 0, false },
    { "conditional", conditional, TT_ARRAY_LEN(conditional), TT_MAXIMIZE, 1,
      TT_CAP_CONDITIONS, false },
    { "fixed", fixed, TT_ARRAY_LEN(fixed), TT_MINIMIZE, 1, 0, false },
    { "prompt", prompt, TT_ARRAY_LEN(prompt), TT_MAXIMIZE, 1, 0, false },
    { "two objectives", plane, TT_ARRAY_LEN(plane), TT_MAXIMIZE, 2,
      TT_CAP_MULTI_OBJECTIVE, false },
};

size_t reference_n(void)
{
    return TT_ARRAY_LEN(spaces);
}

/* An adapter takes every kind, a strategy those that it names. */
static bool knows(const struct tt_plugin *plugin, const struct tt_param *p)
{
    return plugin->param_kinds == 0 ||
           (plugin->param_kinds & TT_KIND_BIT(p->kind)) != 0;
}

static uint64_t copy_params(const struct space_of *s,
                            const struct tt_plugin *plugin,
                            struct tt_param *params)
{
    uint64_t n = 0;
    size_t i;

    for (i = 0; i < s->n; i++)
        if (knows(plugin, &s->params[i]))
            params[n++] = s->params[i];
    return n;
}

static uint64_t iterations_for(const struct tt_plugin *plugin)
{
    uint64_t n = 40;

    if (plugin->budget_min > n)
        n = plugin->budget_min;
    if (plugin->budget_max > 0 && n > plugin->budget_max)
        n = plugin->budget_max;
    return n;
}

static void fill_problem(struct reference *r, const struct space_of *s,
                         const struct tt_plugin *plugin,
                         const struct tt_config *config, uint64_t seed)
{
    struct tt_problem *p = &r->problem;
    struct tt_objective *objectives = arena_alloc(&r->arena, s->n_objectives,
                                                  sizeof *objectives);
    struct tt_guardrail *guardrail = arena_alloc(&r->arena, 1,
                                                 sizeof *guardrail);

    objectives[0].metric = tt_str_of("score");
    objectives[0].direction = s->direction;
    if (s->n_objectives > 1) {
        objectives[1].metric = tt_str_of("cost");
        objectives[1].direction = TT_MINIMIZE;
    }
    guardrail->metric = tt_str_of("latency");
    guardrail->lo = -(double)INFINITY;
    guardrail->hi = 0.9;
    p->size = sizeof *p;
    p->space = &r->space;
    p->objectives = objectives;
    p->n_objectives = s->n_objectives;
    p->guardrails = guardrail;
    p->n_guardrails = 1;
    p->seed = seed;
    p->n_train = p->n_validation = REFERENCE_CASES;
    p->max_in_flight = (plugin->caps & TT_CAP_PENDING) != 0 ? 4 : 1;
    p->budget.size = sizeof p->budget;
    p->budget.iterations = iterations_for(plugin);
    p->config = config;
}

bool reference_make(struct reference *r, size_t i,
                    const struct tt_plugin *plugin,
                    const struct tt_config *config, uint64_t seed)
{
    const struct space_of *s = &spaces[i];
    struct tt_param *params;

    memset(r, 0, sizeof *r);
    r->name = s->name;
    params = arena_alloc(&r->arena, s->n, sizeof *params);
    r->space.size = sizeof r->space;
    r->space.param_size = sizeof *params;
    r->space.n_params = copy_params(s, plugin, params);
    r->space.params = params;
    fill_problem(r, s, plugin, config, seed);
    return r->space.n_params > 0 && (s->some || r->space.n_params == s->n) &&
           (plugin->caps & s->caps) == s->caps;
}

void reference_fini(struct reference *r)
{
    arena_fini(&r->arena);
}

/* --- scores -------------------------------------------------------------- */

/* The distance of one value from the best, in [0, 1]. */
static double distance(const struct tt_param *p, const struct tt_value *v)
{
    double u;

    if ((v->flags & TT_VALUE_INACTIVE) != 0)
        return 0.5;
    switch ((enum tt_param_kind)p->kind) {
    case TT_TEXT:
        u = v->text.n < 60 ? (60.0 - (double)v->text.n) / 60.0
                           : ((double)v->text.n - 60.0) / 400.0;
        return u < 1 ? u : 1;
    case TT_CATEGORICAL:
        return v->number == 1 ? 0 : 1;
    case TT_FLOAT:
    case TT_INT:
    case TT_ORDINAL:
    case TT_BOOL:
        break;
    }
    u = tt_param_to_unit(p, v->number) - 0.3;
    return u < 0 ? -u : u;
}

/* A bowl; each case moves it a little up or down. */
double reference_score(const struct reference *r, const struct tt_value *values,
                       uint64_t id)
{
    uint64_t n = r->space.n_params, i;
    double sum = 0, d;

    for (i = 0; i < n; i++) {
        d = distance(tt_space_param(&r->space, i), &values[i]);
        sum += d * d;
    }
    sum = 0.9 * sum / (double)n + 0.02 * (double)(id % 4);
    return r->problem.objectives[0].direction == TT_MAXIMIZE ? 1 - sum : sum;
}

void reference_case(uint64_t id, struct buf *out)
{
    buf_addf(out, "{\"id\":%u,\"question\":\"What is %u + %u?\",\"want\":0.3}",
             (unsigned)id, (unsigned)id, (unsigned)id + 1);
}
