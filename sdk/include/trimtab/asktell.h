/* SPDX-License-Identifier: MIT
 *
 * trimtab/asktell.h - write `ask` and `tell`, and you have a strategy.
 *
 * This header does the bookkeeping of strategy.h: it names candidates, keeps
 * the history, sends what a person or a warm start enqueued, knows what is in
 * flight, notes failures, says DONE when there is nothing left, and writes and
 * reads snapshots. A plugin is then
 *
 *     static int my_ask(struct tt_asktell *at, struct tt_proposal *p,
 *                       struct tt_error *e)
 *     {
 *         ... at->trials[0 .. at->n_trials-1] is all that is known ...
 *         p->values[0].number = tt_random_unit(&p->random);
 *         return 0;
 *     }
 *     static const struct tt_asktell_ops my_ops = {
 *         NULL, 0, NULL, NULL, my_ask, NULL, NULL, NULL, 1
 *     };
 *     TT_ASKTELL_STRATEGY(my_strategy, my_ops);
 *
 * and a struct tt_plugin whose member strategy is &my_strategy.
 *
 * What it takes care of
 *   pending     Trials in state TT_TRIAL_PENDING are in flight: ask may be
 *               called again before their results are known.
 *   warm start  An ENQUEUED candidate is evaluated before ask is called. If
 *               its RESULT arrives by itself (history of an older run), it is
 *               not evaluated again.
 *   failures    FAILED and CANCELLED end a trial; its loss is +infinity, so a
 *               simple `loss < best` never takes it.
 *   first end   A trial ends once; later events for it are ignored.
 *   finite      With ops.unique, a candidate that was proposed before is never
 *               proposed again; when a finite space is used up, DONE.
 *   DONE        Sent only when nothing is in flight.
 *   snapshot    The whole history, little-endian, any machine. Own state is
 *               rebuilt by telling every ended trial again, in the old order,
 *               or by ops.load from what ops.save wrote.
 *
 * Stability  1.0-rc. Language C11, C++11 to C++20. Threads [inst]. */
#ifndef TRIMTAB_ASKTELL_H
#define TRIMTAB_ASKTELL_H

#include <stdlib.h>

#include <trimtab/cube.h>
#include <trimtab/random.h>
#include <trimtab/strategy.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- what a plugin sees -------------------------------------------------- */

/* How far a trial is. */
enum tt_trial_state {
    TT_TRIAL_WAITING = 1,   /* enqueued, not sent yet */
    TT_TRIAL_PENDING = 2,   /* in flight */
    TT_TRIAL_COMPLETE = 3,  /* has a result */
    TT_TRIAL_FAILED = 4,    /* could not be scored */
    TT_TRIAL_CANCELLED = 5  /* pruned, or the run is ending */
};

/* One candidate and what is known of it. The helper's; valid until close. */
struct tt_trial {
    uint64_t ref;      /* the candidate's name in actions and events */
    uint64_t position; /* in the log: of the ask, or of the ENQUEUED event */
    uint64_t ended;    /* 1, 2, 3, ... in the order of endings; 0 = not ended */
    uint32_t state;    /* enum tt_trial_state */
    uint32_t feasible; /* 1 when every guardrail holds; COMPLETE only */
    double loss;       /* the first objective, lower is better whatever its
                        * direction; +infinity unless COMPLETE */
    double cost;       /* in the run's currency; 0 until COMPLETE */
    double predicted_mean, predicted_sd, acquisition; /* NAN where unknown */
    struct tt_value *values;  /* n_params, settled (cube.h) */
    double *objectives;       /* native scale; NAN until COMPLETE */
    double *guardrails;       /* n_guardrails; NAN where not measured */
    const char *origin;       /* static text: "enqueued", "init", ... */
};

/* What ask fills in. values are the space's defaults at first. */
struct tt_proposal {
    struct tt_value *values;  /* n_params; settled by the helper afterwards */
    uint64_t position;        /* in the log */
    uint32_t index;           /* 0, 1, 2, ...: which candidate of this `next` */
    uint32_t reserved;
    struct tt_random random;  /* stream `index` at this position */
    const char *origin;       /* static text; "model" at first */
    double predicted_mean, predicted_sd, acquisition; /* NAN at first */
};

enum tt_ask_answer { /* what ask may return besides 0 and errors */
    TT_ASK_WAIT = 1, /* nothing until the next event */
    TT_ASK_DONE = 2  /* nothing ever again: p->origin is the reason */
};

struct tt_asktell;

/* What a plugin writes: a static table. */
struct tt_asktell_ops {
    /* Is the problem one for us? Space and objectives are checked already.
     * May be NULL. [any] */
    int (*validate)(const struct tt_problem *problem, struct tt_error *e);
    size_t state_size; /* bytes of at->state, zeroed at first */
    /* Set up at->state. May be NULL. [inst] */
    int (*init)(struct tt_asktell *at, struct tt_error *e);
    /* Clear at->state; also after a failed init. May be NULL. [inst] */
    void (*fini)(struct tt_asktell *at);
    /* Propose one candidate: 0, a tt_ask_answer, or an error. [inst] */
    int (*ask)(struct tt_asktell *at, struct tt_proposal *p,
               struct tt_error *e);
    /* A trial has ended; t->state says how. May be NULL. [inst] */
    int (*tell)(struct tt_asktell *at, const struct tt_trial *t,
                struct tt_error *e);
    /* Own state into a snapshot: the same bytes for the same state, as it is
     * called twice. NULL, with load: tell is called again instead, for each
     * trial that has ended. [inst] */
    int (*save)(struct tt_asktell *at, const struct tt_sink *sink,
                struct tt_error *e);
    /* Own state out of what save wrote; the trials are there already. Gives
     * TT_ESTATE for bytes that it cannot read. [inst] */
    int (*load)(struct tt_asktell *at, const unsigned char *bytes, uint64_t n,
                struct tt_error *e);
    int unique;  /* 1: never the same candidate twice (see above) */
};

/* What every call of the plugin's is given: all that is known. To be read; only
 * what `state` points to is the plugin's to write. */
struct tt_asktell {
    const struct tt_asktell_ops *ops; /* the plugin's own table */
    const struct tt_host *host;       /* for its log */
    const struct tt_problem *problem; /* objectives, seed, configuration */
    const struct tt_space *space;     /* problem->space */
    void *state;             /* the plugin's own, ops->state_size bytes */
    struct tt_trial **trials; /* all, in the order in which they came up */
    uint64_t n_trials;
    uint64_t n_ended, n_complete, n_pending, n_waiting; /* trials by state */
    double space_size;       /* tt_space_size(), HUGE_VAL where infinite */
    struct tt_budget budget; /* the newest known */
    uint64_t time_ms;        /* of the newest event or ask */
    int wrap_up;             /* 1 after DEADLINE: little time left */
    /* private */
    uint64_t next_ref, trials_room, table_room, first_waiting;
    uint64_t *by_ref, *by_values; /* hash tables of trial number + 1 */
    struct tt_value *scratch;
};

/* --- portable numbers for snapshots -------------------------------------- */

/* Each writer returns 0, or what the sink failed with: return that at once.
 * Eight bytes, little-endian. [inst] */
static inline int tt_put_u64(const struct tt_sink *sink, uint64_t v)
{
    unsigned char b[8];
    int i;

    for (i = 0; i < 8; i++)
        b[i] = (unsigned char)(v >> (8 * i));
    return sink->write(sink, b, sizeof b);
}

/* A double by its bits, NAN and the infinities too. [inst] */
static inline int tt_put_double(const struct tt_sink *sink, double v)
{
    uint64_t bits;

    memcpy(&bits, &v, sizeof bits);
    return tt_put_u64(sink, bits);
}

/* A length, then the bytes. [inst] */
static inline int tt_put_str(const struct tt_sink *sink, struct tt_str s)
{
    int rc = tt_put_u64(sink, s.n);

    return rc < 0 || s.n == 0 ? rc : sink->write(sink, s.p, s.n);
}

/* n numbers of an array; the first error ends it. [inst] */
static inline int tt_put_doubles(const struct tt_sink *sink, const double *v,
                                 uint64_t n)
{
    uint64_t i;
    int rc = 0;

    for (i = 0; i < n && rc >= 0; i++)
        rc = tt_put_double(sink, v[i]);
    return rc;
}

/* The same for whole numbers. [inst] */
static inline int tt_put_u64s(const struct tt_sink *sink, const uint64_t *v,
                              uint64_t n)
{
    uint64_t i;
    int rc = 0;

    for (i = 0; i < n && rc >= 0; i++)
        rc = tt_put_u64(sink, v[i]);
    return rc;
}

/* Reads back: set p and n, failed 0. Past the end everything is 0, and failed
 * is set: one look at the end is enough. */
struct tt_reader {
    const unsigned char *p; /* what is left */
    uint64_t n;             /* bytes of it */
    int failed;             /* 1: more was read than there is */
};

/* The next n bytes, borrowed; NULL when there are not as many. [any] */
static inline const unsigned char *tt_get_bytes(struct tt_reader *r, uint64_t n)
{
    const unsigned char *p = r->p;

    if (r->failed || n > r->n) {
        r->failed = 1;
        return NULL;
    }
    r->p += n;
    r->n -= n;
    return p;
}

/* What tt_put_u64() wrote. [any] */
static inline uint64_t tt_get_u64(struct tt_reader *r)
{
    const unsigned char *b = tt_get_bytes(r, 8);
    uint64_t v = 0;
    int i;

    for (i = 0; b != NULL && i < 8; i++)
        v |= (uint64_t)b[i] << (8 * i);
    return v;
}

/* What tt_put_double() wrote. [any] */
static inline double tt_get_double(struct tt_reader *r)
{
    uint64_t bits = tt_get_u64(r);
    double v;

    memcpy(&v, &bits, sizeof v);
    return v;
}

/* What tt_put_str() wrote, borrowed from the reader's bytes. [any] */
static inline struct tt_str tt_get_str(struct tt_reader *r)
{
    struct tt_str s;

    s.n = tt_get_u64(r);
    s.p = (const char *)tt_get_bytes(r, s.n);
    if (s.p == NULL)
        s.n = 0;
    return s;
}

/* --- history ------------------------------------------------------------- */

/* Private: a hash of 64 bits, of MurmurHash3. */
static inline uint64_t tt_mix64(uint64_t x)
{
    x = (x ^ x >> 33) * UINT64_C(0xff51afd7ed558ccd);
    x = (x ^ x >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return x ^ x >> 33;
}

/* The trial of a ref, or NULL. [inst] */
static inline struct tt_trial *tt_asktell_find(const struct tt_asktell *at,
                                               uint64_t ref)
{
    uint64_t mask = at->table_room - 1u, i;

    if (at->table_room == 0)
        return NULL;
    for (i = tt_mix64(ref) & mask; at->by_ref[i] != 0; i = (i + 1u) & mask) {
        if (at->trials[at->by_ref[i] - 1u]->ref == ref)
            return at->trials[at->by_ref[i] - 1u];
    }
    return NULL;
}

/* The trial that has these settled values, proposed or enqueued; NULL when they
 * are new. [inst] */
static inline struct tt_trial *tt_asktell_seen(const struct tt_asktell *at,
                                               const struct tt_value *values)
{
    uint64_t mask = at->table_room - 1u, i;

    if (at->table_room == 0)
        return NULL;
    for (i = tt_values_hash(at->space, values) & mask; at->by_values[i] != 0;
         i = (i + 1u) & mask) {
        struct tt_trial *t = at->trials[at->by_values[i] - 1u];

        if (tt_values_equal(at->space, t->values, values))
            return t;
    }
    return NULL;
}

/* Private: into both tables. */
static inline void tt_asktell_index(struct tt_asktell *at, uint64_t number)
{
    const struct tt_trial *t = at->trials[number];
    uint64_t mask = at->table_room - 1u, i;

    for (i = tt_mix64(t->ref) & mask; at->by_ref[i] != 0;)
        i = (i + 1u) & mask;
    at->by_ref[i] = number + 1u;
    for (i = tt_values_hash(at->space, t->values) & mask;
         at->by_values[i] != 0;)
        i = (i + 1u) & mask;
    at->by_values[i] = number + 1u;
}

/* Private: room for one more trial: the list doubles, the tables are half empty. */
static inline int tt_asktell_grow(struct tt_asktell *at)
{
    uint64_t room = at->trials_room == 0 ? 64 : at->trials_room * 2u, i;
    void *trials, *by_ref, *by_values;

    if (at->n_trials < at->trials_room)
        return 0;
    trials = realloc(at->trials, (size_t)room * sizeof *at->trials);
    if (trials != NULL)
        at->trials = (struct tt_trial **)trials;
    by_ref = calloc((size_t)room * 2u, sizeof *at->by_ref);
    by_values = calloc((size_t)room * 2u, sizeof *at->by_values);
    if (trials == NULL || by_ref == NULL || by_values == NULL) {
        free(by_ref);
        free(by_values);
        return TT_ENOMEM;
    }
    free(at->by_ref);
    free(at->by_values);
    at->by_ref = (uint64_t *)by_ref;
    at->by_values = (uint64_t *)by_values;
    at->trials_room = room;
    at->table_room = room * 2u;
    for (i = 0; i < at->n_trials; i++)
        tt_asktell_index(at, i);
    return 0;
}

/* Private: a new trial with a copy of values: one block, freed with free(). */
static inline struct tt_trial *tt_asktell_add(struct tt_asktell *at,
                                              uint64_t ref, uint64_t position,
                                              const struct tt_value *values)
{
    uint64_t n = at->space->n_params, n_objectives, n_guardrails, i;
    size_t bytes, texts = 0;
    struct tt_trial *t;
    char *text;

    n_objectives = at->problem->n_objectives;
    n_guardrails = at->problem->n_guardrails;
    for (i = 0; i < n; i++)
        texts += (size_t)values[i].text.n;
    bytes = sizeof *t + (size_t)n * sizeof *values +
            (size_t)(n_objectives + n_guardrails) * sizeof(double) + texts;
    t = tt_asktell_grow(at) < 0 ? NULL : (struct tt_trial *)calloc(1, bytes);
    if (t == NULL)
        return NULL;
    t->ref = ref;
    t->position = position;
    t->loss = HUGE_VAL;
    t->predicted_mean = t->predicted_sd = t->acquisition = (double)NAN;
    t->values = (struct tt_value *)(void *)(t + 1);
    t->objectives = (double *)(void *)(t->values + n);
    t->guardrails = t->objectives + n_objectives;
    for (i = 0; i < n_objectives + n_guardrails; i++)
        t->objectives[i] = (double)NAN;
    text = (char *)(t->guardrails + n_guardrails);
    for (i = 0; i < n; i++) {
        t->values[i] = values[i];
        if (values[i].text.n != 0) {
            memcpy(text, values[i].text.p, (size_t)values[i].text.n);
            t->values[i].text.p = text;
            text += values[i].text.n;
        }
    }
    at->trials[at->n_trials] = t;
    tt_asktell_index(at, at->n_trials++);
    return t;
}

/* Private: keep the numbers of trials by state. */
static inline void tt_asktell_count(struct tt_asktell *at, uint32_t state,
                                    int by)
{
    if (state == TT_TRIAL_WAITING)
        at->n_waiting += (uint64_t)(int64_t)by;
    if (state == TT_TRIAL_PENDING)
        at->n_pending += (uint64_t)(int64_t)by;
    if (state == TT_TRIAL_COMPLETE)
        at->n_complete += (uint64_t)(int64_t)by;
}

/* Private: into another state. */
static inline void tt_asktell_move(struct tt_asktell *at, struct tt_trial *t,
                                   uint32_t state)
{
    tt_asktell_count(at, t->state, -1);
    t->state = state;
    tt_asktell_count(at, state, 1);
    if (state >= TT_TRIAL_COMPLETE)
        t->ended = ++at->n_ended;
}

/* Private: loss from the first objective. */
static inline void tt_asktell_score(const struct tt_asktell *at,
                                    struct tt_trial *t)
{
    t->loss = HUGE_VAL;
    if (t->state == TT_TRIAL_COMPLETE)
        t->loss = at->problem->objectives[0].direction == TT_MAXIMIZE
                      ? -t->objectives[0]
                      : t->objectives[0];
}

/* The best complete trial so far, feasible ones first; NULL without any. The
 * older one of two equals. Looks at every trial. [inst] */
static inline const struct tt_trial *
tt_asktell_best(const struct tt_asktell *at)
{
    const struct tt_trial *best = NULL;
    uint64_t i;

    for (i = 0; i < at->n_trials; i++) {
        const struct tt_trial *t = at->trials[i];

        if (t->state != TT_TRIAL_COMPLETE)
            continue;
        if (best == NULL || t->feasible > best->feasible ||
            (t->feasible == best->feasible && t->loss < best->loss))
            best = t;
    }
    return best;
}

/* Any candidate of a finite space that was not proposed yet: the first one in
 * the space's order after `values`, going round. values is settled. Returns 1;
 * 0 when all are used up. [inst] */
static inline int tt_asktell_unseen(const struct tt_asktell *at,
                                    struct tt_value *values)
{
    double steps;

    for (steps = 0.0; steps <= at->space_size; steps += 1.0) {
        if (tt_asktell_seen(at, values) == NULL)
            return 1;
        if (!tt_space_next(at->space, values)) {
            uint64_t i;

            for (i = 0; i < at->space->n_params; i++) {
                const struct tt_param *p = tt_space_param(at->space, i);

                values[i].flags = 0;
                if (p->kind != TT_TEXT)
                    values[i].number = tt_param_level_value(p, 0);
            }
            tt_values_settle(at->space, values);
        }
    }
    return 0;
}

/* --- inside: events ------------------------------------------------------ */

static inline int tt_asktell_told(struct tt_asktell *at, struct tt_trial *t,
                                  struct tt_error *e)
{
    tt_asktell_score(at, t);
    return at->ops->tell != NULL ? at->ops->tell(at, t, e) : 0;
}

static inline int tt_asktell_result(struct tt_asktell *at,
                                    const struct tt_result *r,
                                    struct tt_error *e)
{
    struct tt_trial *t = tt_asktell_find(at, r->ref);
    uint64_t i;

    if (t == NULL || t->state >= TT_TRIAL_COMPLETE ||
        r->n_objectives != at->problem->n_objectives)
        return 0;
    for (i = 0; i < r->n_objectives; i++)
        t->objectives[i] = r->objectives[i];
    for (i = 0; i < r->n_guardrails && i < at->problem->n_guardrails; i++)
        t->guardrails[i] = r->guardrails[i];
    t->feasible = r->feasible != 0;
    t->cost = r->cost;
    tt_asktell_move(at, t, TT_TRIAL_COMPLETE);
    return tt_asktell_told(at, t, e);
}

static inline int tt_asktell_failure(struct tt_asktell *at,
                                     const struct tt_failure *f,
                                     struct tt_error *e)
{
    struct tt_trial *t = tt_asktell_find(at, f->ref);

    if (t == NULL || t->state >= TT_TRIAL_COMPLETE)
        return 0;
    tt_asktell_move(at, t,
                    f->head.kind == TT_FAILED ? TT_TRIAL_FAILED
                                              : TT_TRIAL_CANCELLED);
    return tt_asktell_told(at, t, e);
}

static inline int tt_asktell_enqueued(struct tt_asktell *at,
                                      const struct tt_enqueued *q,
                                      struct tt_error *e)
{
    struct tt_trial *t;

    if (q->candidate.n_values != at->space->n_params ||
        tt_asktell_find(at, q->ref) != NULL)
        return 0;
    tt_values_of(at->space, &q->candidate, at->scratch);
    t = tt_asktell_add(at, q->ref, q->head.position, at->scratch);
    if (t == NULL)
        return tt_fail(e, TT_ENOMEM, "history: no memory for a trial");
    t->origin = "enqueued";
    tt_asktell_move(at, t, TT_TRIAL_WAITING);
    return 0;
}

static inline int tt_asktell_on_event(struct tt_instance *self,
                                      const struct tt_event *event,
                                      struct tt_error *e)
{
    struct tt_asktell *at = (struct tt_asktell *)(void *)self;
    const void *record = event;

    at->time_ms = event->time_ms;
    switch (event->kind) {
    case TT_RESULT:
        return tt_asktell_result(at, (const struct tt_result *)record, e);
    case TT_FAILED:
    case TT_CANCELLED:
        return tt_asktell_failure(at, (const struct tt_failure *)record, e);
    case TT_ENQUEUED:
        return tt_asktell_enqueued(at, (const struct tt_enqueued *)record, e);
    case TT_BUDGET:
    case TT_DEADLINE:
        at->budget = ((const struct tt_budget_event *)record)->budget;
        at->wrap_up |= event->kind == TT_DEADLINE;
        return 0;
    default:
        return 0;
    }
}

/* --- inside: actions ----------------------------------------------------- */

static inline int tt_asktell_send(struct tt_asktell *at, struct tt_trial *t,
                                  const struct tt_action_sink *sink)
{
    struct tt_evaluate a;
    int rc;

    memset(&a, 0, sizeof a);
    a.head.size = sizeof a;
    a.head.kind = TT_EVALUATE;
    a.ref = t->ref;
    if (t->ref < TT_REF_HOST) {
        a.candidate.size = sizeof a.candidate;
        a.candidate.value_size = sizeof *t->values;
        a.candidate.n_values = at->space->n_params;
        a.candidate.values = t->values;
        a.candidate.origin = tt_str_of(t->origin);
    }
    a.predicted_mean = t->predicted_mean;
    a.predicted_sd = t->predicted_sd;
    a.acquisition = t->acquisition;
    rc = sink->emit(sink, &a.head);
    if (rc < 0)
        return rc;
    tt_asktell_move(at, t, TT_TRIAL_PENDING);
    return 0;
}

/* One candidate of the plugin's: 0, a tt_ask_answer, or an error. */
static inline int tt_asktell_propose(struct tt_asktell *at, uint64_t position,
                                     uint32_t index, struct tt_trial **out,
                                     const char **reason, struct tt_error *e)
{
    struct tt_proposal p;
    int rc;

    tt_values_default(at->space, at->scratch);
    memset(&p, 0, sizeof p);
    p.values = at->scratch;
    p.position = position;
    p.index = index;
    p.random = tt_random_at(at->problem->seed, position, index);
    p.origin = "model";
    p.predicted_mean = p.predicted_sd = p.acquisition = (double)NAN;
    rc = at->ops->ask(at, &p, e);
    if (rc == TT_ASK_DONE)
        *reason = p.origin;
    if (rc != 0)
        return rc;
    tt_values_settle(at->space, p.values);
    if (at->ops->unique && at->space_size < HUGE_VAL &&
        !tt_asktell_unseen(at, p.values)) {
        *reason = "exhausted";
        return TT_ASK_DONE;
    }
    *out = tt_asktell_add(at, at->next_ref, position, p.values);
    if (*out == NULL)
        return tt_fail(e, TT_ENOMEM, "history: no memory for a trial");
    at->next_ref++;
    (*out)->origin = p.origin;
    (*out)->predicted_mean = p.predicted_mean;
    (*out)->predicted_sd = p.predicted_sd;
    (*out)->acquisition = p.acquisition;
    return 0;
}

static inline int tt_asktell_next(struct tt_instance *self,
                                  const struct tt_ask *ask,
                                  const struct tt_action_sink *sink,
                                  struct tt_error *e)
{
    struct tt_asktell *at = (struct tt_asktell *)(void *)self;
    struct tt_trial *t = NULL;
    struct tt_done done;
    const char *reason = "exhausted";
    uint64_t sent;
    uint32_t index = 0;
    int rc;

    at->time_ms = ask->time_ms;
    for (sent = 0; sent < ask->max; sent++) {
        if (at->n_waiting != 0) {
            while (at->trials[at->first_waiting]->state != TT_TRIAL_WAITING)
                at->first_waiting++;
            t = at->trials[at->first_waiting];
            rc = 0;
        } else {
            rc = tt_asktell_propose(at, ask->position, index++, &t, &reason,
                                    e);
        }
        if (rc == 0 && t != NULL)
            rc = tt_asktell_send(at, t, sink);
        if (rc < 0)
            return rc;
        if (rc == TT_ASK_DONE && at->n_pending == 0) {
            memset(&done, 0, sizeof done);
            done.head.size = sizeof done;
            done.head.kind = TT_DONE;
            done.reason = tt_str_of(reason);
            return sink->emit(sink, &done.head);
        }
        if (rc != 0)
            break; /* no action at all means WAIT */
    }
    return 0;
}

/* --- inside: snapshots --------------------------------------------------- */

#define TT_ASKTELL_MAGIC UINT64_C(0x31746b7361747474) /* "tttaskt1" */

/* A sink that counts, or collects into room. */
struct tt_asktell_buffer {
    struct tt_sink sink;
    unsigned char *p;
    uint64_t n;
};

static inline int tt_asktell_collect(const struct tt_sink *sink,
                                     const void *bytes, uint64_t n)
{
    struct tt_asktell_buffer *b = (struct tt_asktell_buffer *)sink->ctx;

    if (b->p != NULL && n != 0)
        memcpy(b->p + b->n, bytes, (size_t)n);
    b->n += n;
    return 0;
}

static inline int tt_asktell_put_trial(const struct tt_asktell *at,
                                       const struct tt_trial *t,
                                       const struct tt_sink *sink)
{
    uint64_t i, head[4];
    double extra[4];
    int rc;

    head[0] = t->ref;
    head[1] = t->position;
    head[2] = t->ended;
    head[3] = (uint64_t)t->state << 1 | t->feasible;
    extra[0] = t->cost;
    extra[1] = t->predicted_mean;
    extra[2] = t->predicted_sd;
    extra[3] = t->acquisition;
    rc = tt_put_u64s(sink, head, 4);
    if (rc >= 0)
        rc = tt_put_doubles(sink, extra, 4);
    if (rc >= 0)
        rc = tt_put_str(sink, tt_str_of(t->origin));
    for (i = 0; i < at->space->n_params && rc >= 0; i++) {
        rc = tt_put_double(sink, t->values[i].number);
        if (rc >= 0 && tt_space_param(at->space, i)->kind == TT_TEXT)
            rc = tt_put_str(sink, t->values[i].text);
    }
    if (rc >= 0)
        rc = tt_put_doubles(sink, t->objectives,
                            at->problem->n_objectives +
                                at->problem->n_guardrails);
    return rc;
}

static inline int tt_asktell_snapshot(struct tt_instance *self,
                                      const struct tt_sink *sink,
                                      struct tt_error *e)
{
    struct tt_asktell *at = (struct tt_asktell *)(void *)self;
    struct tt_asktell_buffer b;
    uint64_t i, head[7];
    int rc;

    memset(&b, 0, sizeof b);
    b.sink.ctx = &b;
    b.sink.write = tt_asktell_collect;
    head[0] = TT_ASKTELL_MAGIC;
    head[1] = at->space->n_params;
    head[2] = at->problem->n_objectives;
    head[3] = at->problem->n_guardrails;
    head[4] = at->next_ref;
    head[5] = at->wrap_up != 0;
    head[6] = at->n_trials;
    rc = tt_put_u64s(sink, head, 7);
    for (i = 0; i < at->n_trials && rc >= 0; i++)
        rc = tt_asktell_put_trial(at, at->trials[i], sink);
    if (rc < 0)
        return rc;
    if (at->ops->save == NULL)
        return tt_put_u64(sink, 0);
    rc = at->ops->save(at, &b.sink, e); /* count */
    if (rc < 0)
        return rc;
    b.p = (unsigned char *)malloc((size_t)b.n + 1u);
    if (b.p == NULL)
        return tt_fail(e, TT_ENOMEM, "snapshot: no memory for %llu bytes",
                       (unsigned long long)b.n);
    b.n = 0;
    rc = at->ops->save(at, &b.sink, e); /* fill */
    if (rc >= 0)
        rc = tt_put_u64(sink, b.n);
    if (rc >= 0)
        rc = sink->write(sink, b.p, b.n);
    free(b.p);
    return rc;
}

/* Origins are static text; after a restore they come from this list. */
static inline const char *tt_asktell_origin(struct tt_str s)
{
    static const char *const known[] = { "enqueued", "init", "model",
                                         "mutate", "merge", "random" };
    size_t i;

    for (i = 0; i < sizeof known / sizeof *known; i++) {
        if (tt_str_equal(s, tt_str_of(known[i])))
            return known[i];
    }
    return "model";
}

static inline struct tt_trial *tt_asktell_get_trial(struct tt_asktell *at,
                                                    struct tt_reader *r)
{
    uint64_t ref = tt_get_u64(r), position = tt_get_u64(r);
    uint64_t ended = tt_get_u64(r), bits = tt_get_u64(r), i;
    double extra[4];
    struct tt_str origin;
    struct tt_trial *t;

    for (i = 0; i < 4; i++)
        extra[i] = tt_get_double(r);
    origin = tt_get_str(r);
    tt_values_default(at->space, at->scratch);
    for (i = 0; i < at->space->n_params; i++) {
        at->scratch[i].number = tt_get_double(r);
        if (tt_space_param(at->space, i)->kind == TT_TEXT)
            at->scratch[i].text = tt_get_str(r);
    }
    tt_values_settle(at->space, at->scratch);
    if (r->failed || bits >> 1 < TT_TRIAL_WAITING ||
        bits >> 1 > TT_TRIAL_CANCELLED || tt_asktell_find(at, ref) != NULL)
        return NULL;
    t = tt_asktell_add(at, ref, position, at->scratch);
    if (t == NULL)
        return NULL;
    t->ended = ended;
    t->state = (uint32_t)(bits >> 1);
    t->feasible = (uint32_t)(bits & 1u);
    t->cost = extra[0];
    t->predicted_mean = extra[1];
    t->predicted_sd = extra[2];
    t->acquisition = extra[3];
    t->origin = tt_asktell_origin(origin);
    for (i = 0; i < at->problem->n_objectives + at->problem->n_guardrails; i++)
        t->objectives[i] = tt_get_double(r);
    tt_asktell_count(at, t->state, 1);
    if (t->state >= TT_TRIAL_COMPLETE)
        at->n_ended++;
    tt_asktell_score(at, t);
    return t;
}

/* Call tell for every trial that has ended, in the order of endings. */
static inline int tt_asktell_retell(struct tt_asktell *at, struct tt_error *e)
{
    uint64_t *order, i;
    int rc = 0;

    if (at->ops->tell == NULL || at->n_ended == 0)
        return 0;
    order = (uint64_t *)calloc((size_t)at->n_ended, sizeof *order);
    if (order == NULL)
        return tt_fail(e, TT_ENOMEM, "snapshot: no memory");
    for (i = 0; i < at->n_trials; i++) {
        uint64_t k = at->trials[i]->ended;

        if (k != 0 && k <= at->n_ended)
            order[k - 1u] = i + 1u;
    }
    for (i = 0; i < at->n_ended && rc >= 0; i++) {
        if (order[i] != 0)
            rc = at->ops->tell(at, at->trials[order[i] - 1u], e);
    }
    free(order);
    return rc;
}

static inline int tt_asktell_restore(struct tt_asktell *at,
                                     const struct tt_snapshot *snapshot,
                                     struct tt_error *e)
{
    struct tt_reader r;
    struct tt_str own;
    uint64_t n;

    r.p = (const unsigned char *)snapshot->bytes;
    r.n = snapshot->n;
    r.failed = 0;
    if (tt_get_u64(&r) != TT_ASKTELL_MAGIC)
        return tt_fail(e, TT_ESTATE, "snapshot: not one of trimtab/asktell.h");
    if (tt_get_u64(&r) != at->space->n_params ||
        tt_get_u64(&r) != at->problem->n_objectives ||
        tt_get_u64(&r) != at->problem->n_guardrails)
        return tt_fail(e, TT_ESTATE, "snapshot: of another problem");
    at->next_ref = tt_get_u64(&r);
    at->wrap_up = tt_get_u64(&r) != 0;
    for (n = tt_get_u64(&r); n > 0; n--) {
        if (tt_asktell_get_trial(at, &r) == NULL)
            return tt_fail(e, TT_ESTATE, "snapshot: damaged trial");
    }
    own = tt_get_str(&r);
    if (r.failed || r.n != 0)
        return tt_fail(e, TT_ESTATE, "snapshot: wrong length");
    if (at->ops->load != NULL)
        return at->ops->load(at, (const unsigned char *)own.p, own.n, e);
    return tt_asktell_retell(at, e);
}

/* --- inside: life -------------------------------------------------------- */

static inline int tt_asktell_validate(const struct tt_asktell_ops *ops,
                                      const struct tt_problem *problem,
                                      struct tt_error *e)
{
    uint64_t i, searched = 0;
    int rc;

    if (problem->n_objectives == 0)
        return tt_fail(e, TT_EINVAL, "problem: no objective; name a metric");
    rc = tt_space_check(problem->space, e);
    if (rc < 0)
        return rc;
    for (i = 0; i < problem->space->n_params; i++)
        searched +=
            (uint64_t)tt_param_searched(tt_space_param(problem->space, i));
    if (searched == 0)
        return tt_fail(e, TT_EUNSUPPORTED,
                       "space: no number, choice or switch to search; this "
                       "strategy passes texts and fixed parameters through");
    return ops->validate != NULL ? ops->validate(problem, e) : 0;
}

static inline void tt_asktell_close(struct tt_instance *self)
{
    struct tt_asktell *at = (struct tt_asktell *)(void *)self;
    uint64_t i;

    if (at == NULL)
        return;
    if (at->ops->fini != NULL && at->state != NULL)
        at->ops->fini(at);
    for (i = 0; i < at->n_trials; i++)
        free(at->trials[i]);
    free(at->trials);
    free(at->by_ref);
    free(at->by_values);
    free(at->scratch);
    free(at->state);
    free(at);
}

static inline int tt_asktell_open(const struct tt_asktell_ops *ops,
                                  const struct tt_host *host,
                                  const struct tt_problem *problem,
                                  const struct tt_snapshot *snapshot,
                                  struct tt_instance **out, struct tt_error *e)
{
    struct tt_asktell *at;
    int rc = tt_asktell_validate(ops, problem, e);

    if (rc < 0)
        return rc;
    at = (struct tt_asktell *)calloc(1, sizeof *at);
    if (at == NULL)
        return tt_fail(e, TT_ENOMEM, "open: no memory");
    at->ops = ops;
    at->host = host;
    at->problem = problem;
    at->space = problem->space;
    at->budget = problem->budget;
    at->next_ref = 1;
    at->space_size = tt_space_size(problem->space);
    at->scratch = (struct tt_value *)calloc((size_t)problem->space->n_params,
                                            sizeof *at->scratch);
    at->state = calloc(1, ops->state_size + 1u);
    if (at->scratch == NULL || at->state == NULL)
        rc = tt_fail(e, TT_ENOMEM, "open: no memory");
    if (rc == 0 && ops->init != NULL)
        rc = ops->init(at, e);
    if (rc == 0 && snapshot != NULL)
        rc = tt_asktell_restore(at, snapshot, e);
    if (rc < 0) {
        tt_asktell_close((struct tt_instance *)(void *)at);
        return rc;
    }
    *out = (struct tt_instance *)(void *)at;
    return 0;
}

/* Numbers that may be NAN, as JSON. */
static inline int tt_asktell_json(char *to, size_t room, const char *key,
                                  double x)
{
    if (!(fabs(x) < HUGE_VAL))
        return snprintf(to, room, ",\"%s\":null", key);
    return snprintf(to, room, ",\"%s\":%.17g", key, x);
}

static inline int tt_asktell_explain(struct tt_instance *self, uint64_t ref,
                                     const struct tt_sink *json,
                                     struct tt_error *e)
{
    struct tt_asktell *at = (struct tt_asktell *)(void *)self;
    const struct tt_trial *t = tt_asktell_find(at, ref);
    char text[320];
    int n;

    if (t == NULL)
        return tt_fail(e, TT_ENOENT, "explain: no candidate %llu",
                       (unsigned long long)ref);
    n = snprintf(text, sizeof text, "{\"origin\":\"%s\",\"position\":%llu",
                 t->origin, (unsigned long long)t->position);
    n += tt_asktell_json(text + n, sizeof text - (size_t)n, "predicted_mean",
                         t->predicted_mean);
    n += tt_asktell_json(text + n, sizeof text - (size_t)n, "predicted_sd",
                         t->predicted_sd);
    n += tt_asktell_json(text + n, sizeof text - (size_t)n, "acquisition",
                         t->acquisition);
    n += snprintf(text + n, sizeof text - (size_t)n, "}");
    return json->write(json, text, (uint64_t)n);
}

/* --- the strategy -------------------------------------------------------- */

/* A static struct tt_strategy called `name` that runs `ops`, a static struct
 * tt_asktell_ops. At the top level of a file, with a semicolon behind it. */
#define TT_ASKTELL_STRATEGY(name, ops)                                         \
    static int name##_validate(const struct tt_problem *problem,               \
                               struct tt_error *e)                             \
    {                                                                          \
        return tt_asktell_validate(&(ops), problem, e);                        \
    }                                                                          \
    static int name##_open(const struct tt_host *host,                         \
                           const struct tt_problem *problem,                   \
                           const struct tt_snapshot *snapshot,                 \
                           struct tt_instance **out, struct tt_error *e)       \
    {                                                                          \
        return tt_asktell_open(&(ops), host, problem, snapshot, out, e);       \
    }                                                                          \
    static const struct tt_strategy name = {                                   \
        name##_validate,    name##_open,         tt_asktell_on_event,          \
        tt_asktell_next,    tt_asktell_snapshot, tt_asktell_explain,           \
        tt_asktell_close,   NULL                                               \
    };                                                                         \
    struct tt_asktell

#ifdef __cplusplus
}
#endif
#endif
