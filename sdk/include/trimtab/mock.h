/* SPDX-License-Identifier: MIT
 *
 * trimtab/mock.h - a host of straw for a plugin's own unit tests: it drives a
 * strategy on a function of yours, one candidate in flight, or an adapter on
 * candidates of yours, in this process, with a debugger and sanitizers at
 * hand. Deterministic: the same plugin, problem and function give the same
 * log, byte for byte, which is what a golden file wants.
 *
 *     struct tt_mock mock = TT_MOCK_INIT;
 *
 *     mock.problem = &problem;
 *     mock.evaluate = sphere;
 *     if (tt_mock_strategy(&mock, trimtab_plugin_v1(), 50, &e) != 0)
 *         ...
 *     printf("%g after %u\n", mock.best, (unsigned)mock.n);
 *
 * Stability  1.0-rc, for tests only. Language C11, C++11 to C++20. */
#ifndef TRIMTAB_MOCK_H
#define TRIMTAB_MOCK_H

#include <math.h>
#include <stdlib.h>

#include <trimtab/adapter.h>
#include <trimtab/strategy.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The score of a candidate, in the objective's direction; NAN: it failed. */
typedef double tt_mock_fn(void *ctx, const struct tt_space *space,
                          const struct tt_candidate *candidate);

/* A host of straw. Start from TT_MOCK_INIT, set what is marked `in`. */
struct tt_mock {
    const struct tt_problem *problem; /* in: strategies */
    tt_mock_fn *evaluate; /* in: strategies; what there is to optimise */
    void *ctx;         /* in: for evaluate */
    FILE *log;         /* in: one line a candidate; NULL = none */
    double best;       /* out: of the finite scores; NAN without one */
    uint64_t n;        /* out: candidates evaluated */
    const char *ended; /* out: "limit", "done" or "stuck" */
    /* private */
    uint64_t position;
    uint64_t pending_ref;
    int has_pending, done, failed;
    double score;
    char *text; /* what an adapter said */
    uint64_t text_n;
};
/* An empty struct tt_mock. */
#define TT_MOCK_INIT { NULL, NULL, NULL, NULL, 0, 0, "", 0, 0, 0, 0, 0, 0, \
                       NULL, 0 }

/* --- inside: the host ---------------------------------------------------- */

static inline void tt_mock_log(const struct tt_host *host, int level,
                               struct tt_str text)
{
    (void)host;
    (void)fprintf(stderr, "plugin <%d> %.*s\n", level, (int)text.n,
                  text.p != NULL ? text.p : "");
}

/* Nothing is granted: no data, no http. */
static inline const void *tt_mock_service(const struct tt_host *host,
                                          const char *id)
{
    (void)host;
    (void)id;
    return NULL;
}

static inline struct tt_host tt_mock_host(struct tt_mock *mock)
{
    struct tt_host host;

    memset(&host, 0, sizeof host);
    host.size = (uint32_t)sizeof host;
    host.abi_major = TT_ABI_MAJOR;
    host.abi_minor = TT_ABI_MINOR;
    host.ctx = mock;
    host.log = tt_mock_log;
    host.get_service = tt_mock_service;
    return host;
}

/* --- inside: strategies -------------------------------------------------- */

static inline void tt_mock_write(struct tt_mock *mock,
                                 const struct tt_candidate *c)
{
    const struct tt_space *space = mock->problem->space;
    const struct tt_value *v;
    uint64_t i;

    if (mock->log == NULL)
        return;
    (void)fprintf(mock->log, "%u", (unsigned)mock->n);
    for (i = 0; i < space->n_params; i++) {
        const struct tt_param *p = tt_space_param(space, i);

        v = tt_candidate_value(c, i);
        if ((v->flags & TT_VALUE_INACTIVE) != 0)
            continue;
        (void)fprintf(mock->log, " %.*s=", (int)p->name.n, p->name.p);
        if (p->kind == TT_TEXT)
            (void)fprintf(mock->log, "%.*s", (int)v->text.n, v->text.p);
        else
            (void)fprintf(mock->log, "%.17g", v->number);
    }
    (void)fprintf(mock->log, " -> %.17g\n", mock->score);
}

static inline void tt_mock_better(struct tt_mock *mock)
{
    int up = mock->problem->n_objectives == 0 ||
             mock->problem->objectives[0].direction == TT_MAXIMIZE;

    if (!(fabs(mock->score) < HUGE_VAL))
        return;
    if (!(fabs(mock->best) < HUGE_VAL) || mock->n == 1 ||
        (up ? mock->score > mock->best : mock->score < mock->best))
        mock->best = mock->score;
}

static inline int tt_mock_emit(const struct tt_action_sink *sink,
                               const struct tt_action *action)
{
    struct tt_mock *mock = (struct tt_mock *)sink->ctx;
    const struct tt_evaluate *e;

    if (action->kind == TT_DONE)
        mock->done = 1;
    if (action->kind != TT_EVALUATE)
        return 0;
    if (mock->has_pending)
        return TT_ELIMIT; /* one was asked for */
    e = (const struct tt_evaluate *)(const void *)action;
    mock->pending_ref = e->ref;
    mock->has_pending = 1;
    mock->n++;
    mock->score = mock->evaluate(mock->ctx, mock->problem->space, &e->candidate);
    mock->failed = !(fabs(mock->score) < HUGE_VAL);
    tt_mock_better(mock);
    tt_mock_write(mock, &e->candidate);
    return 0;
}

static inline int tt_mock_tell(struct tt_mock *mock,
                               const struct tt_strategy *s,
                               struct tt_instance *self, struct tt_error *e)
{
    struct tt_case_score one;
    struct tt_failure failure;
    struct tt_result result;
    struct tt_event *head;

    memset(&one, 0, sizeof one);
    memset(&failure, 0, sizeof failure);
    memset(&result, 0, sizeof result);
    one.split = TT_VALIDATION;
    one.objective = mock->score;
    result.ref = failure.ref = mock->pending_ref;
    result.number = failure.number = mock->n;
    result.objectives = &mock->score;
    result.n_objectives = 1;
    result.feasible = 1;
    result.case_size = (uint32_t)sizeof one;
    result.cases = &one;
    result.n_cases = 1;
    failure.cause = tt_str_of("the function has no value here");
    head = mock->failed ? &failure.head : &result.head;
    head->size = (uint32_t)(mock->failed ? sizeof failure : sizeof result);
    head->kind = mock->failed ? TT_FAILED : TT_RESULT;
    head->position = ++mock->position;
    mock->has_pending = 0;
    return s->on_event(self, head, e);
}

static inline int tt_mock_loop(struct tt_mock *mock,
                               const struct tt_strategy *s,
                               struct tt_instance *self, uint64_t limit,
                               struct tt_error *e)
{
    struct tt_action_sink sink;
    struct tt_ask ask;
    int code = 0;

    sink.ctx = mock;
    sink.emit = tt_mock_emit;
    while (code == 0 && mock->n < limit && !mock->done) {
        memset(&ask, 0, sizeof ask);
        ask.size = (uint32_t)sizeof ask;
        ask.position = ++mock->position;
        ask.max = 1;
        code = s->next(self, &ask, &sink, e);
        if (code == 0 && mock->has_pending)
            code = tt_mock_tell(mock, s, self, e);
        else if (!mock->done)
            break; /* it waits for an event that will not come */
    }
    mock->ended = mock->done ? "done" : mock->n >= limit ? "limit" : "stuck";
    return code;
}

/* --- driving a strategy -------------------------------------------------- */

/* Drive the strategy until it is done or `limit` candidates were evaluated.
 * Returns 0, or what the plugin failed with. */
static inline int tt_mock_strategy(struct tt_mock *mock,
                                   const struct tt_plugin *plugin,
                                   uint64_t limit, struct tt_error *e)
{
    const struct tt_strategy *s = plugin->strategy;
    struct tt_host host = tt_mock_host(mock);
    struct tt_instance *self = NULL;
    int code;

    mock->best = (double)NAN;
    if (s->validate != NULL) {
        code = s->validate(mock->problem, e);
        if (code != 0)
            return code;
    }
    code = s->open(&host, mock->problem, NULL, &self, e);
    if (code != 0)
        return code;
    code = tt_mock_loop(mock, s, self, limit, e);
    s->close(self);
    return code;
}

/* --- inside: adapters ---------------------------------------------------- */

static inline int tt_mock_outcome(const struct tt_outcome_sink *sink,
                                  const struct tt_outcome *o)
{
    struct tt_mock *mock = (struct tt_mock *)sink->ctx;
    struct tt_str said = o->state == TT_SUCCEEDED ? o->outputs : o->message;
    char *text = (char *)malloc((size_t)said.n + 1);

    if (text == NULL)
        return TT_ENOMEM;
    if (said.n > 0)
        memcpy(text, said.p, (size_t)said.n);
    text[said.n] = '\0';
    free(mock->text);
    mock->text = text;
    mock->text_n = said.n;
    mock->failed = o->state != TT_SUCCEEDED;
    mock->n++;
    return 0;
}

/* --- driving an adapter -------------------------------------------------- */

/* Evaluate one candidate on these cases by an adapter that answers at once.
 * *outputs (freed with free()) is the JSON that the bridge would read, or the
 * message where it failed; returns 0, TT_EPLUGIN where the outcome was not a
 * success, or what the plugin failed with. */
static inline int tt_mock_adapter(struct tt_mock *mock,
                                  const struct tt_plugin *plugin,
                                  const struct tt_setup *setup,
                                  const struct tt_candidate *candidate,
                                  const struct tt_case *cases, uint64_t n_cases,
                                  char **outputs, struct tt_error *e)
{
    const struct tt_adapter *a = plugin->adapter;
    struct tt_host host = tt_mock_host(mock);
    struct tt_outcome_sink sink;
    struct tt_evaluation one;
    struct tt_instance *self = NULL;
    struct tt_batch batch;
    int code;

    memset(&one, 0, sizeof one);
    memset(&batch, 0, sizeof batch);
    one.size = (uint32_t)sizeof one;
    one.case_size = (uint32_t)sizeof *cases;
    one.id = tt_str_of("mock/1");
    one.candidate = *candidate;
    one.cases = cases;
    one.n_cases = n_cases;
    batch.size = (uint32_t)sizeof batch;
    batch.evaluation_size = (uint32_t)sizeof one;
    batch.label = tt_str_of("mock");
    batch.evaluations = &one;
    batch.n_evaluations = 1;
    sink.ctx = mock;
    sink.emit = tt_mock_outcome;
    code = a->open(&host, setup, &self, e);
    if (code != 0)
        return code;
    code = a->submit(self, &batch, &sink, e);
    a->close(self);
    *outputs = mock->text;
    mock->text = NULL;
    if (code == 0 && mock->failed)
        code = TT_EPLUGIN;
    return code;
}

#ifdef __cplusplus
}
#endif
#endif
