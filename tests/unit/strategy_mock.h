/* SPDX-License-Identifier: MIT
 *
 * strategy_mock.h - a small host that drives one strategy in-process: it
 * numbers the log, checks and copies what `next` emits, and feeds events. */
#ifndef TT_TESTS_STRATEGY_MOCK_H
#define TT_TESTS_STRATEGY_MOCK_H

#include <stdio.h>
#include <stdlib.h>
#include <trimtab/cube.h>
#include <trimtab/strategy.h>

#define MOCK_ACTIONS 64
#define MOCK_PARAMS 80

struct mock_action {
    uint32_t kind;
    uint64_t ref;
    uint64_t n_values;
    struct tt_value values[MOCK_PARAMS]; /* texts: not kept */
    char text[64];                       /* origin or reason */
    double mean, sd, acquisition;
};

struct mock {
    struct tt_host host;
    struct tt_problem problem;
    struct tt_objective objective;
    const struct tt_strategy *strategy;
    struct tt_instance *instance;
    struct tt_error e;
    uint64_t position;
    struct mock_action actions[MOCK_ACTIONS];
    size_t n_actions;
    size_t n_invalid;    /* proposals that the space does not allow */
    char *log;           /* every proposal, byte by byte */
    size_t log_n;
    unsigned char *snapshot;
    size_t snapshot_n;
};

static inline void mock_host_log(const struct tt_host *host, int level,
                                 struct tt_str text)
{
    (void)host;
    (void)level;
    (void)text;
}

static inline const void *mock_host_service(const struct tt_host *host,
                                            const char *id)
{
    (void)host;
    (void)id;
    return NULL;
}

/* m is zeroed and the problem filled in; guardrails, config may follow. */
static inline void mock_init(struct mock *m, const struct tt_strategy *strategy,
                             const struct tt_space *space, uint64_t seed)
{
    memset(m, 0, sizeof *m);
    m->host.size = sizeof m->host;
    m->host.abi_major = TT_ABI_MAJOR;
    m->host.log = mock_host_log;
    m->host.get_service = mock_host_service;
    m->objective.metric = tt_str_of("loss");
    m->objective.direction = TT_MINIMIZE;
    m->problem.size = sizeof m->problem;
    m->problem.space = space;
    m->problem.objectives = &m->objective;
    m->problem.n_objectives = 1;
    m->problem.seed = seed;
    m->problem.n_validation = 1;
    m->problem.max_in_flight = MOCK_ACTIONS;
    m->problem.budget.size = sizeof m->problem.budget;
    m->strategy = strategy;
    m->e.size = sizeof m->e;
}

static inline int mock_open(struct mock *m)
{
    return m->strategy->open(&m->host, &m->problem, NULL, &m->instance, &m->e);
}

static inline void mock_close(struct mock *m)
{
    m->strategy->close(m->instance);
    m->instance = NULL;
    free(m->log);
    free(m->snapshot);
    m->log = NULL;
    m->snapshot = NULL;
    m->log_n = m->snapshot_n = 0;
}

static inline int mock_log(struct mock *m, const void *bytes, size_t n)
{
    char *p = realloc(m->log, m->log_n + n);

    if (p == NULL)
        return TT_ENOMEM;
    memcpy(p + m->log_n, bytes, n);
    m->log = p;
    m->log_n += n;
    return 0;
}

static inline int mock_emit(const struct tt_action_sink *sink,
                            const struct tt_action *action)
{
    struct mock *m = sink->ctx;
    struct mock_action *a = &m->actions[m->n_actions];
    const void *record = action;
    struct tt_str text = { NULL, 0 };
    uint64_t i;
    int rc;

    if (m->n_actions == MOCK_ACTIONS)
        return TT_ELIMIT;
    memset(a, 0, sizeof *a);
    a->kind = action->kind;
    if (action->kind == TT_EVALUATE) {
        const struct tt_evaluate *ev = record;

        a->ref = ev->ref;
        a->n_values = ev->candidate.n_values;
        a->mean = ev->predicted_mean;
        a->sd = ev->predicted_sd;
        a->acquisition = ev->acquisition;
        text = ev->candidate.origin;
        for (i = 0; i < a->n_values; i++)
            a->values[i] = *tt_candidate_value(&ev->candidate, i);
        if (a->n_values != 0 &&
            tt_candidate_check(m->problem.space, &ev->candidate, &m->e) < 0)
            m->n_invalid++;
        rc = mock_log(m, &ev->ref, sizeof ev->ref);
        for (i = 0; i < a->n_values && rc == 0; i++)
            rc = mock_log(m, &a->values[i].number, sizeof(double));
        if (rc < 0)
            return rc;
    } else if (action->kind == TT_DONE) {
        text = ((const struct tt_done *)record)->reason;
    } else if (action->kind == TT_PRUNE) {
        a->ref = ((const struct tt_prune *)record)->ref;
        text = ((const struct tt_prune *)record)->reason;
    } else if (action->kind == TT_LLM) {
        a->ref = ((const struct tt_llm *)record)->request;
        text = ((const struct tt_llm *)record)->purpose;
    }
    (void)snprintf(a->text, sizeof a->text, "%.*s", (int)text.n, text.p);
    m->n_actions++;
    return 0;
}

/* One call of next; the actions are in m->actions. */
static inline int mock_next(struct mock *m, uint64_t max)
{
    struct tt_ask ask = { sizeof ask, 0, ++m->position, m->position, max,
                          NULL, 0 };
    struct tt_action_sink sink = { m, mock_emit };

    m->n_actions = 0;
    return m->strategy->next(m->instance, &ask, &sink, &m->e);
}

static inline int mock_event(struct mock *m, struct tt_event *event,
                             size_t size, uint32_t kind)
{
    event->size = (uint32_t)size;
    event->kind = kind;
    event->position = ++m->position;
    event->time_ms = m->position;
    return m->strategy->on_event(m->instance, event, &m->e);
}

/* The result of ref; feasible by the guardrails' limits. */
static inline int mock_result_g(struct mock *m, uint64_t ref, double value,
                                const double *guardrails)
{
    struct tt_result r = { 0 };
    uint64_t i;

    r.ref = r.number = ref;
    r.objectives = &value;
    r.n_objectives = 1;
    r.guardrails = guardrails;
    r.n_guardrails = guardrails != NULL ? m->problem.n_guardrails : 0;
    r.feasible = 1;
    for (i = 0; i < r.n_guardrails; i++) {
        if (!(guardrails[i] >= m->problem.guardrails[i].lo &&
              guardrails[i] <= m->problem.guardrails[i].hi))
            r.feasible = 0;
    }
    r.case_size = sizeof(struct tt_case_score);
    return mock_event(m, &r.head, sizeof r, TT_RESULT);
}

static inline int mock_result(struct mock *m, uint64_t ref, double value)
{
    return mock_result_g(m, ref, value, NULL);
}

static inline int mock_failure(struct mock *m, uint64_t ref, uint32_t kind)
{
    struct tt_failure f = { 0 };

    f.ref = f.number = ref;
    f.cause = tt_str_of("as the test says");
    return mock_event(m, &f.head, sizeof f, kind);
}

static inline int mock_enqueue(struct mock *m, uint64_t ref,
                               const struct tt_value *values)
{
    struct tt_enqueued q = { 0 };

    q.ref = ref;
    q.candidate.size = sizeof q.candidate;
    q.candidate.value_size = sizeof *values;
    q.candidate.n_values = m->problem.space->n_params;
    q.candidate.values = values;
    return mock_event(m, &q.head, sizeof q, TT_ENQUEUED);
}

static inline int mock_write(const struct tt_sink *sink, const void *bytes,
                             uint64_t n)
{
    struct mock *m = sink->ctx;
    unsigned char *p = realloc(m->snapshot, m->snapshot_n + n + 1);

    if (p == NULL)
        return TT_ENOMEM;
    memcpy(p + m->snapshot_n, bytes, n);
    m->snapshot = p;
    m->snapshot_n += n;
    p[m->snapshot_n] = '\0';
    return 0;
}

/* Write the state to m->snapshot. */
static inline int mock_snapshot(struct mock *m)
{
    struct tt_sink sink = { m, mock_write };

    m->snapshot_n = 0;
    return m->strategy->snapshot(m->instance, &sink, &m->e);
}

/* Close, and go on from m->snapshot in a new instance. */
static inline int mock_reopen(struct mock *m)
{
    struct tt_snapshot s = { sizeof s, 1, m->snapshot, m->snapshot_n };

    m->strategy->close(m->instance);
    m->instance = NULL;
    return m->strategy->open(&m->host, &m->problem, &s, &m->instance, &m->e);
}

#endif
