/* SPDX-License-Identifier: MIT
 *
 * run_sim.h - a world for the run machine: a store in memory, a real strategy
 * in-process, an outside that evaluates (and remembers across crashes), and a
 * seeded scheduler that delivers answers in any order, twice, late or never. */
#ifndef TT_TESTS_RUN_SIM_H
#define TT_TESTS_RUN_SIM_H

#include <trimtab/random.h>

#include "core/engine/run.h"
#include "core/host/host.h"

struct sim_options {
    const struct tt_plugin *strategy;
    uint64_t seed;           /* of the run and of the schedule */
    unsigned max_in_flight, iterations, cases_per_run;
    unsigned n_train, n_validation, n_holdout;
    unsigned seconds;
    bool numeric;            /* no text parameter */
    bool minimize;
    const char *extra;       /* members of the record, "{'finalists':2}" */
    const char *problem;     /* members of its problem */
    /* chances in percent, per occasion */
    unsigned crash;          /* of the daemon, at any delivery */
    unsigned strategy_crash, adapter_crash;
    unsigned doubled, late;  /* of an answer */
    unsigned later, lost, error, unsure, slow;
    uint64_t crash_after;    /* exactly one crash, after this commit; 0 = no */
    bool forget_floor;       /* replay diverges: the strategy is another one */
    /* moves to another version of the strategy (the code is the same), the
     * k-th one once k * move_every commits are stored */
    unsigned moves;
    uint64_t move_every;
    bool move_adapter;       /* that one instead */
    bool move_history;       /* though there may be a snapshot */
    bool idle;               /* not admitted until sim_admit() */
    bool refuse_state;       /* the new version does not read the old state */
    /* what the outside measures; NULL: a smooth hill */
    double (*score)(void *ctx, const struct tt_candidate *c, uint64_t id);
    const char *(*outputs)(void *ctx, const struct tt_evaluation *v);
    void *ctx;
};

struct sim_record {
    enum store_kind kind;
    uint64_t number;
    char *bytes;
    size_t n;
};

struct sim_outside { /* one evaluation that exists outside */
    char *id, *label;
    unsigned dispatched, abandoned;
    uint64_t ready_ms;
    uint32_t state;
    double cost;
    char *outputs;
};

struct sim {
    struct sim_options o;
    struct tt_random random;
    json_object *document, *dataset_document;
    struct dataset *dataset;
    struct run *run;
    uint64_t now_ms;

    struct sim_record *records;
    size_t n_records;
    uint64_t commits, crashes, deliveries;
    bool finished;           /* the last batch is stored */
    bool promoted;
    json_object *versions;   /* of the end */

    struct host_session *strategy;
    bool strategy_wanted, strategy_up, adapter_up;
    bool strategy_started, adapter_started;
    struct sim_outside *outside;
    size_t n_outside;
    struct sim_delivery *queue;
    size_t n_queue;
    unsigned violations;     /* see sim_check() */
    char what[300];          /* the first one */
    uint64_t peak_in_flight;
};

/* A run of few cases and six candidates, with nothing in its way. */
struct sim_options sim_small(const struct tt_plugin *strategy,
                             unsigned in_flight);
void sim_init(struct sim *s, const struct sim_options *o);
void sim_fini(struct sim *s);
void sim_admit(struct sim *s);
/* To the end, or until `most` deliveries; true when the run has ended. */
bool sim_run(struct sim *s, uint64_t most);
/* Feed one event now, and store what it gives. */
void sim_feed(struct sim *s, struct run_event *ev);
/* Invariants of what is stored; false (with what[]) when one is broken. */
bool sim_check(struct sim *s);
/* Of each evaluation that was sent, does exactly one exist outside? */
bool sim_each_once(const struct sim *s);
/* Feed the stored log to a fresh instance (to another one, wherever it says
 * so): equal answers? */
bool sim_replay(struct sim *s);

void sim_print(const struct sim *s); /* its events, when a test looks odd */
const struct sim_record *sim_get(const struct sim *s, enum store_kind kind,
                                 uint64_t number);
json_object *sim_json(const struct sim *s, enum store_kind kind,
                      uint64_t number); /* the caller puts it */
uint64_t sim_count(const struct sim *s, enum store_kind kind);
const struct tt_plugin *sim_random_strategy(void); /* asktell, snapshots */

/* A strategy that does what a test says: next is called for each ask. What it
 * was told is counted by kind. */
struct sim_script {
    int (*next)(struct sim_script *script, const struct tt_ask *ask,
                const struct tt_action_sink *sink, struct tt_error *e);
    unsigned asks, told[TT_DEADLINE + 1];
    double objective;        /* of the last RESULT */
    uint64_t ref, n_cases;   /* and whose it was */
    uint64_t tokens;
    char text[200];          /* cause, or the model's words */
    uint64_t n_params;
};
const struct tt_plugin *sim_script_strategy(struct sim_script *script);
/* EVALUATE of an own ref at x (all numbers; 0 for a known ref without values)
 * or of a host's. */
int sim_evaluate(const struct tt_action_sink *sink, uint64_t ref,
                 uint64_t n_params, double x);
int sim_emit(const struct tt_action_sink *sink, uint32_t kind); /* WAIT, DONE */

#endif
