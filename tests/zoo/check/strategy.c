/* SPDX-License-Identifier: MIT
 *
 * strategy.c - a strategy that keeps the contract: it draws around the best
 * candidate so far. Compiled with -DFAULT_x it breaks one promise and no other;
 * `animals` says which check must notice. */
#include <math.h>
#include <stdlib.h>
#include <trimtab/cube.h>
#include <trimtab/random.h>
#include <trimtab/strategy.h>

#ifndef ID
#define ID "good"
#endif
#ifndef VERSION
#define VERSION "1.0.0"
#endif

#ifdef FAULT_B5_REF
#define NEXT_REF(self) ((self)->next_ref)
#else
#define NEXT_REF(self) ((self)->next_ref++)
#endif
#define MOST_PARAMS 64
#define MOST_QUEUED 64
#ifndef MAGIC
#define MAGIC UINT64_C(0x314c414d494e41) /* "ANIMAL1" */
#endif

struct tt_instance {
    const struct tt_host *host;
    const struct tt_problem *problem;
    uint64_t next_ref, n_queued;
    uint64_t queued[MOST_QUEUED]; /* what people enqueued */
    double best;                  /* loss; HUGE_VAL at first */
    double at[MOST_PARAMS];       /* where that was */
    double *sent;                 /* values by ref: n_sent rows of n_params */
    uint64_t n_sent, sent_room;
    uint64_t n_calls;
};

static struct tt_instance *current; /* of faults only */

#define STRATEGY
#include "faults.h"

/* --- values -------------------------------------------------------------- */

static const struct tt_param *param_of(const struct tt_instance *self,
                                       uint64_t i)
{
#ifdef FAULT_B18
    return &self->problem->space->params[i];
#else
    return tt_space_param(self->problem->space, i);
#endif
}

static int remember(struct tt_instance *self, const struct tt_value *values,
                    struct tt_error *e)
{
    uint64_t n = self->problem->space->n_params, i;
    double *sent;

    if (self->n_sent == self->sent_room) {
        sent = realloc(self->sent, (size_t)((2 * self->sent_room + 16) * n) *
                                       sizeof *sent);
        if (sent == NULL)
            return tt_fail(e, TT_ENOMEM, ID ": no memory");
        self->sent = sent;
        self->sent_room = 2 * self->sent_room + 16;
    }
    for (i = 0; i < n; i++)
        self->sent[self->n_sent * n + i] = values[i].number;
    self->n_sent++;
    return 0;
}

static void draw(struct tt_instance *self, const struct tt_ask *ask,
                 uint32_t index, struct tt_value *values)
{
    struct tt_random r = tt_random_at(self->problem->seed, ask->position,
                                      index);
    uint64_t i;

    tt_values_default(self->problem->space, values);
    for (i = 0; i < self->problem->space->n_params; i++) {
        const struct tt_param *p = param_of(self, i);
        double u = tt_random_unit(&r);

        if (!tt_param_searched(p))
            continue;
        if (self->best < HUGE_VAL)
            u = 0.5 * (u + tt_param_to_unit(p, self->at[i]));
        values[i].number = tt_param_from_unit(p, fault_unit(self, u));
    }
    tt_values_settle(self->problem->space, values);
    fault_values(self->problem->space, values);
}

/* --- the life of an instance --------------------------------------------- */

static void strategy_close(struct tt_instance *self)
{
#ifdef FAULT_B3
    self->n_calls = 0;
#endif
    if (self == NULL)
        return;
    if (current == self)
        current = NULL;
#ifndef FAULT_B17
    free(self->sent);
#endif
    free(self);
}

static int restore(struct tt_instance *self, const struct tt_snapshot *snapshot,
                   struct tt_error *e)
{
    const char *p = snapshot->bytes;
    uint64_t n = self->problem->space->n_params, head[4] = { MAGIC, n, 0, 0 };

#ifdef FAULT_B15
    if (snapshot->schema == 1)
        return tt_fail(e, TT_ESTATE, ID ": schema 1 is too old");
#endif
    if (snapshot->n >= sizeof head)
        memcpy(head, p, sizeof head);
#ifdef FAULT_B13_BYTES
    head[0] = MAGIC;
#endif
    if (head[0] != MAGIC || head[1] != n || head[3] > 100000 ||
        snapshot->n != sizeof head + sizeof(double) * (n + 1 + head[3] * n))
        return fault_corrupt(e);
    p += sizeof head;
    self->next_ref = head[2];
    memcpy(&self->best, p, sizeof self->best);
    memcpy(self->at, p + sizeof self->best, (size_t)n * sizeof *self->at);
    p += (n + 1) * sizeof(double);
    self->sent = malloc((size_t)(head[3] * n + 1) * sizeof *self->sent);
    if (self->sent == NULL)
        return tt_fail(e, TT_ENOMEM, ID ": no memory");
    memcpy(self->sent, p, (size_t)(head[3] * n) * sizeof *self->sent);
    self->n_sent = self->sent_room = head[3];
    return 0;
}

static int strategy_validate(const struct tt_problem *problem,
                             struct tt_error *e)
{
    if (problem->space->n_params > MOST_PARAMS)
        return tt_fail(e, TT_EUNSUPPORTED, ID ": more than 64 parameters");
    return 0;
}

static int strategy_open(const struct tt_host *host,
                         const struct tt_problem *problem,
                         const struct tt_snapshot *snapshot,
                         struct tt_instance **out, struct tt_error *e)
{
    struct tt_instance *self = calloc(1, sizeof *self);
    int rc = 0;

#ifndef FAULT_B16
    if (self == NULL)
        return tt_fail(e, TT_ENOMEM, ID ": no memory");
#endif
    self->host = host;
    self->problem = problem;
    self->best = HUGE_VAL;
    if (problem->space->n_params > MOST_PARAMS)
        rc = tt_fail(e, TT_EUNSUPPORTED, ID ": more than 64 parameters");
    if (rc == 0)
        rc = fault_open(self, e);
    if (rc == 0 && snapshot != NULL)
        rc = restore(self, snapshot, e);
    if (rc != 0) {
        strategy_close(self);
        return rc;
    }
    current = self;
    *out = self;
    return 0;
}

/* --- events -------------------------------------------------------------- */

static int on_result(struct tt_instance *self, const struct tt_result *r)
{
    uint64_t n = self->problem->space->n_params, i;
    double loss;

    if (r->ref >= self->n_sent || r->n_objectives == 0)
        return 0; /* nobody's */
    loss = self->problem->objectives[0].direction == TT_MAXIMIZE
               ? -r->objectives[0]
               : r->objectives[0];
    if (loss < self->best) {
        self->best = loss;
        for (i = 0; i < n; i++)
            self->at[i] = self->sent[r->ref * n + i];
    }
    return 0;
}

static int strategy_on_event(struct tt_instance *self,
                             const struct tt_event *event, struct tt_error *e)
{
    const void *record = event;
    const struct tt_enqueued *q = record;
    int rc;

#ifdef FAULT_B11
    self = current != NULL ? current : self;
#endif
    rc = fault_event(self, event, e);
    if (rc != 0)
        return rc;
    if (event->kind == TT_RESULT)
        return on_result(self, record);
    if (event->kind == TT_ENQUEUED && self->n_queued < MOST_QUEUED)
        self->queued[self->n_queued++] = q->ref;
    return 0;
}

/* --- actions ------------------------------------------------------------- */

static int emit(struct tt_instance *self, uint64_t ref,
                const struct tt_value *values,
                const struct tt_action_sink *sink)
{
    struct tt_evaluate v = { .head = { sizeof v, TT_EVALUATE } };
    int rc;

    v.ref = ref;
    if (values != NULL) {
        v.candidate.size = sizeof v.candidate;
        v.candidate.value_size = sizeof *values;
        v.candidate.n_values = self->problem->space->n_params;
        v.candidate.values = values;
        v.candidate.origin = tt_str_of("model");
    } else {
        v.candidate.size = sizeof v.candidate;
    }
    v.predicted_mean = v.predicted_sd = v.acquisition = (double)NAN;
    rc = sink->emit(sink, &v.head);
#ifdef FAULT_B8
    rc = 0;
#endif
    return rc;
}

static int strategy_next(struct tt_instance *self, const struct tt_ask *ask,
                         const struct tt_action_sink *sink, struct tt_error *e)
{
    struct tt_value values[MOST_PARAMS];
    uint64_t i;
    int rc = fault_next(self, sink, e);

#ifdef FAULT_B5_MORE
    struct tt_ask more = *ask;

    more.max++;
    ask = &more;
#endif
    for (i = 0; i < ask->max && rc == 0; i++) {
        if (self->n_queued > 0) {
            rc = emit(self, self->queued[--self->n_queued], NULL, sink);
            continue;
        }
        draw(self, ask, (uint32_t)i, values);
        rc = remember(self, values, e);
        if (rc == 0)
            rc = emit(self, NEXT_REF(self), values, sink);
    }
    return rc;
}

static int strategy_snapshot(struct tt_instance *self,
                             const struct tt_sink *sink, struct tt_error *e)
{
    uint64_t n = self->problem->space->n_params;
    uint64_t head[4] = { MAGIC, n, self->next_ref, self->n_sent };
    double best = self->best;
    int rc;

    (void)e;
#ifdef FAULT_B13
    best = HUGE_VAL;
#endif
#ifdef FAULT_B13_BYTES
    head[0] ^= (uintptr_t)self << 16;
#endif
    rc = sink->write(sink, head, sizeof head);
#ifdef FAULT_B8_WRITE
    rc = 0;
#endif
    if (rc == 0)
        rc = sink->write(sink, &best, sizeof best);
    if (rc == 0)
        rc = sink->write(sink, self->at, n * sizeof *self->at);
    if (rc == 0)
        rc = sink->write(sink, self->sent, self->n_sent * n *
                                               sizeof *self->sent);
    return rc;
}

static const struct tt_strategy strategy = {
    .validate = strategy_validate, .open = strategy_open,
    .on_event = strategy_on_event, .next = strategy_next,
    .snapshot = strategy_snapshot, .close = strategy_close,
    .get_extension = fault_extension,
};

static const struct tt_plugin good_plugin = {
    .size = sizeof(struct tt_plugin), .abi_major = TT_ABI_MAJOR,
    .abi_minor = TT_ABI_MINOR_WANTED, .kind = TT_KIND_STRATEGY,
    .id = ID, .version = VERSION, .name = ID,
    .summary = "An animal of the zoo.", .vendor = "trimtab",
    .license = LICENSE_TEXT, .config_schema = SCHEMA,
    .caps = TT_CAP_DETERMINISTIC | TT_CAP_SNAPSHOT | TT_CAP_PENDING |
            TT_CAP_CONDITIONS | MORE_CAPS,
    .param_kinds = TT_KINDS_NUMERIC | TT_KIND_BIT(TT_TEXT),
    .state_schema = STATE_SCHEMA, .state_schema_min = 1,
    .strategy = &strategy,
};
DECLARE(good_plugin, TT_KIND_STRATEGY, ID, VERSION);
