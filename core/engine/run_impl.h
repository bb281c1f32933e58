/* SPDX-License-Identifier: MIT
 *
 * run_impl.h - the inside of the run machine. For core/engine/run*.c only. */
#ifndef TT_ENGINE_RUN_IMPL_H
#define TT_ENGINE_RUN_IMPL_H

#include "core/engine/bridge.h"
#include "core/engine/budget.h"
#include "core/engine/gate.h"
#include "core/engine/run.h"
#include "core/engine/space.h"

#define RUN_SNAPSHOT_EVERY 64     /* positions between two snapshots */
#define RUN_COLLECT_MS 200        /* first poll, and where none is proposed */
#define RUN_LATER_MIN_MS 200      /* back-pressure: the first wait ... */
#define RUN_LATER_MAX_MS 5000     /* ... doubles up to this */
#define RUN_WAIT_MAX_MS 3600000   /* an adapter may not put us off for longer */
#define RUN_CALL_FAILURES 60      /* transient ones in a row, then it is over */
#define RUN_MAX_REPEATS 1000
#define RUN_MAX_BATCH 100         /* evaluations in one SUBMIT */
#define RUN_MIN_MEASURED 0.5      /* share of a job's cases that must score */

/* --- evaluations ---------------------------------------------------------- */

enum eval_state {
    EVAL_PLANNED,   /* to be sent */
    EVAL_INTENT,    /* stored; it may exist outside */
    EVAL_RUNNING,   /* it does, under `handle` */
    EVAL_SUCCEEDED,
    EVAL_FAILED,    /* ERROR, REFUSED, bridge error, or lost too often */
    EVAL_DROPPED    /* nobody wants it any more */
};

struct run_evaluation {
    struct run_job *job;
    uint64_t number;     /* of its record; 0 until it is sent first */
    uint64_t from, n;    /* its cases: job->cases[from .. from + n) */
    uint32_t repeat;     /* of the job: 0 .. repeats-1 */
    enum eval_state state;
    unsigned attempt;    /* from 1 */
    unsigned lost;       /* attempts that infrastructure lost */
    uint64_t batch;      /* of its label; 0 = none */
    bool unsure;         /* INTENT: find(label) before anything else */
    bool resend;         /* PLANNED: under the label it has */
    bool dirty;          /* its record is to be written */
    uint64_t sent_ms, not_before_ms;
    char *handle;
    char *message;
    json_object *evidence, *metrics;
    double objective;
    double *guardrails;  /* n_guardrails; NULL until it succeeded */
    double cost;
    uint64_t tokens_in, tokens_out;
};

/* One case, once. */
struct run_score {
    double objective; /* NAN unless status is OK */
    uint32_t status;  /* enum tt_case_status */
    bool shared;      /* the evaluation's value: there is none per case */
    char *feedback;
};

/* --- jobs: one EVALUATE --------------------------------------------------- */

enum job_by {
    JOB_OWN = 1,  /* the strategy, by its own ref */
    JOB_HOST_REF, /* the strategy, by a host's ref */
    JOB_HOST,     /* nobody asked: the baseline */
    JOB_GATE      /* never told */
};
enum job_state { JOB_PENDING, JOB_COMPLETE, JOB_FAILED, JOB_CANCELLED };

struct run_job {
    struct run_candidate *candidate;
    unsigned number;      /* within the candidate, from 1 */
    enum job_by by;
    uint32_t epoch;       /* of the strategy's instance */
    uint32_t split;       /* enum tt_split */
    bool whole;           /* every case of the split */
    uint64_t *cases, n_cases;
    uint32_t repeats, repeat_base, flags;
    int32_t priority;
    enum job_state state;
    bool infrastructure;  /* FAILED: not the candidate's fault */
    uint64_t ended;       /* sequence; 0 = not */
    bool told;
    bool silent;          /* the strategy does not hear of its end */
    bool partial;         /* a PARTIAL waits to be told */
    uint64_t order;       /* sequence of its creation */
    struct run_job *same_as; /* whose result it takes */
    uint64_t same_candidate; /* the same while it is loaded: numbers */
    unsigned same_number;
    struct run_evaluation *evaluations;
    size_t n_evaluations, n_done;
    struct run_score *scores; /* n_cases * repeats, by repeat */
    double objective;
    double *guardrails;
    bool feasible;
    double cost;
    uint64_t tokens_in, tokens_out;
    json_object *metrics;
    char *cause;
};

/* --- candidates ----------------------------------------------------------- */

struct run_candidate {
    uint64_t number, ref;
    uint32_t epoch;
    bool host;            /* the baseline, or somebody's */
    bool enqueued_told;
    uint64_t enqueued;    /* sequence; host's only */
    struct candidate values;
    char hash[65];
    char *origin, *actor;
    uint64_t *parents, n_parents; /* numbers */
    uint64_t duplicate_of;
    double predicted_mean, predicted_sd, acquisition;
    struct run_job **jobs;
    size_t n_jobs;
    unsigned asked_host;  /* EVALUATEs by host's ref in this epoch */
    uint32_t asked_epoch; /* while loading: the epoch that it counts in */
    uint64_t told_n;      /* while loading: final events that the log holds */
    uint64_t finished;    /* which iteration it became, from 1; 0 = not yet */
    bool full, feasible;  /* scored on the whole validation split; guardrails */
    double score;         /* NAN unless full */
    uint64_t created_ms;
    bool dirty;           /* its record is to be written */
    bool touched;         /* it stands in r->touched */
};

struct run_llm {
    uint64_t serial, request;
    json_object *document;
    bool sent, replied;
    uint64_t order;
    uint32_t status;
    char *text;
    uint64_t tokens_in, tokens_out;
    double cost;
};

/* Numbers by a hash of something; 0 ends a probe. */
struct run_index {
    uint64_t *slots, *hashes;
    size_t cap, n;
};

/* A move that was asked for; pin NULL: none. */
struct run_moving {
    json_object *pin; /* of the version that takes over */
    char *actor, *reason;
    bool adapter;
    bool history;     /* there is, or shall be, no snapshot */
    bool back;        /* what the run has is lost or at fault */
};

/* --- the run -------------------------------------------------------------- */

struct run_plan {
    const char *metric, *aggregate;
    bool maximize, promote;
    size_t n_guardrails;
    const char **guardrails;
    double *lo, *hi;
    json_object *pointers;
    uint64_t cases_per_run, timeout_ms, retries;
    uint64_t max_in_flight, finalists, repeats, fail_after;
    uint64_t seed;
    uint32_t caps; /* of the strategy */
};

enum call_kind { CALL_NONE, CALL_SUBMIT, CALL_COLLECT, CALL_FIND };

struct run {
    char *id;
    json_object *document;
    const struct dataset *dataset;
    struct space *space;
    struct budget budget;
    struct run_plan plan;
    struct arena arena;      /* config and such, for its whole life */

    enum run_state state;
    enum stop_reason stop;
    uint64_t now_ms;
    uint64_t sequence;       /* endings, enqueuings and replies in order */
    uint64_t n_events;
    bool dirty;              /* the run's record */

    struct run_candidate **candidates; /* [number - 1] */
    size_t n_candidates;
    struct run_index by_ref, by_hash;
    struct run_evaluation **evaluations; /* [number - 1]: those sent */
    size_t n_evaluations;
    struct run_job **live;   /* pending ones, in the order of creation */
    size_t n_live;
    double *scores;          /* per iteration; NAN where there is none */
    size_t n_finished;
    struct run_candidate *best; /* full and feasible; the older of equals */
    struct run_job **untold; /* ended, in that order */
    size_t n_untold;
    struct run_candidate **greet; /* to be told as ENQUEUED */
    size_t n_greet;
    struct run_llm **llms;   /* asked and not told */
    size_t n_llms;
    uint64_t llm_serial;

    /* the strategy */
    bool strategy_up, step_sent, snapshotting, done;
    enum stop_reason done_reason;
    uint32_t epoch;
    bool fresh;              /* the next entry starts a fresh instance */
    uint64_t next_position;
    uint64_t log_start;      /* of the present instance; 0 = from the first */
    uint64_t log_state;      /* the STORE_STATE it began with; 0 = none */
    uint64_t open_position;  /* of the unanswered entry; 0 = none */
    uint32_t open_n;
    uint8_t open_flags;
    struct buf open_step;
    uint64_t open_max;       /* its ask's max */
    uint64_t snapshot_position; /* of the newest one */
    bool hungry;             /* the last answer used all that was offered */
    bool offered;            /* and something was offered */
    bool deadline_told, deadline_due;

    /* the adapter */
    bool adapter_up;
    enum call_kind call;
    uint64_t call_number, calls; /* of the one under way; how many ever */
    uint64_t call_batch;
    uint64_t batches;        /* the newest label's number */
    uint64_t slots, limit;   /* granted; and what back-pressure leaves of it */
    uint64_t n_in_flight;
    uint64_t later_until_ms, later_ms;
    uint64_t collect_at_ms;
    uint64_t call_after_ms;  /* back-off after a failed call */
    unsigned call_failures;

    /* spent */
    uint64_t n_done_evaluations, n_lost, n_duplicates, n_failed;
    double cost;
    uint64_t tokens_in, tokens_out;
    double llm_cost;         /* of it: by the strategy's requests */
    uint64_t llm_tokens_in, llm_tokens_out;

    struct run_moving moving;

    /* the gate */
    bool finishing;          /* RUN_DO_FINISH was said */
    struct run_actions *out; /* of the step that is under way */
    struct run_candidate **touched; /* what run_out_flush() looks at */
    size_t n_touched;
};

int run_corrupt(struct err *e, const struct run *r, const char *kind,
                uint64_t number, const char *what);
/* Room for one more, zeroed, in an array that doubles; p is NULL at first. */
void *run_grow(void *p, size_t n, size_t size);

/* --- run_out.c: what a step gives ----------------------------------------- */

void run_out_document(struct run *r, enum store_kind kind, uint64_t number,
                      json_object *document /* taken */);
struct buf *run_out_bytes(struct run *r, enum store_kind kind,
                          uint64_t number);
struct run_command *run_out_command(struct run *r, enum run_command_kind kind,
                                    uint64_t number);
void run_out_audit(struct run *r, const char *action, const char *actor,
                   json_object *detail /* taken */);
/* An event for people. */
void run_note(struct run *r, const char *kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void run_note_about(struct run *r, const char *kind, json_object *about,
                    const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Something of this candidate, its jobs or their evaluations is dirty. */
void run_touch(struct run *r, struct run_candidate *c);
/* Write what is dirty. */
void run_out_flush(struct run *r);

/* --- run_doc.c: records as documents -------------------------------------- */

json_object *run_candidate_document(const struct run *r,
                                    const struct run_candidate *c);
json_object *run_evaluation_document(const struct run *r,
                                     const struct run_evaluation *v);
void run_evaluation_id(const struct run *r, const struct run_evaluation *v,
                       struct buf *out);
void run_label(const struct run *r, uint64_t batch, struct buf *out);
const char *run_job_word(enum job_state state);
const char *run_split_word(uint32_t split);
void run_set_finite(json_object *o, const char *key, double x);

/* --- run_candidate.c ------------------------------------------------------ */

struct run_candidate *run_candidate_at(const struct run *r, uint64_t number);
/* Takes values over. */
struct run_candidate *run_candidate_add(struct run *r,
                                        struct candidate *values);
struct run_candidate *run_candidate_of_ref(const struct run *r, uint64_t ref);
struct run_candidate *run_candidate_like(const struct run *r,
                                         const char *hash);
void run_candidate_index(struct run *r, struct run_candidate *c);
/* The ref by which the strategy knows it now. */
uint64_t run_candidate_ref(const struct run *r, const struct run_candidate *c);
int run_enqueue(struct run *r, json_object *parameters, const char *origin,
                const char *actor, struct err *e);
void run_candidate_destroy(struct run_candidate *c);
void run_index_put(struct run_index *x, uint64_t hash, uint64_t number);
void run_greet(struct run *r, struct run_candidate *c);
/* r->untold from what the jobs say. */
void run_find_untold(struct run *r);

/* --- run_job.c ------------------------------------------------------------ */

struct run_job_spec {
    enum job_by by;
    uint32_t split;
    const uint64_t *cases; /* NULL: the whole split */
    uint64_t n_cases;
    uint32_t repeats, flags;
    int32_t priority;
};
struct run_job *run_job_add(struct run *r, struct run_candidate *c,
                            const struct run_job_spec *spec);
/* An equal parameter set on the same cases: the job that has, or will have,
 * its result; or NULL. */
struct run_job *run_job_same(const struct run *r, const struct run_candidate *c,
                             const struct run_job *like);
void run_job_follow(struct run *r, struct run_job *j, struct run_job *other);
void run_job_plan(struct run *r, struct run_job *j); /* its evaluations */
void run_job_destroy(struct run_job *j);
void run_job_forget(struct run *r, struct run_job *j); /* no longer live */
uint64_t run_per_candidate(const struct run *r);

/* --- run_call.c, run_outcome.c: the adapter ------------------------------- */

void run_call_pump(struct run *r);
void run_call_wake(const struct run *r, uint64_t *wake);
void run_call_answered(struct run *r, const struct run_event *ev);
void run_call_failed(struct run *r, const struct run_event *ev);
void run_adapter_up(struct run *r);
void run_adapter_down(struct run *r);
void run_eval_settle(struct run *r, struct run_evaluation *v,
                     enum eval_state state);
void run_eval_drop(struct run *r, struct run_evaluation *v);
void run_eval_outcome(struct run *r, struct run_evaluation *v,
                      const struct tt_outcome *o);
void run_eval_lost(struct run *r, struct run_evaluation *v, const char *why,
                   uint64_t after_ms);
/* The candidate cannot be scored: this evaluation says so. */
void run_eval_failed(struct run *r, struct run_evaluation *v,
                     const char *cause);

/* --- run_result.c --------------------------------------------------------- */

void run_job_progress(struct run *r, struct run_job *j); /* one more is done */
void run_job_fail(struct run *r, struct run_job *j, const char *cause,
                  bool infrastructure);
void run_job_cancel(struct run *r, struct run_job *j, const char *cause);
void run_job_score(const struct run *r, struct run_job *j);
/* Where the scores of a job stand: its own, or those of the one it follows. */
const struct run_job *run_job_source(const struct run_job *j);
void run_candidate_judge(struct run *r, struct run_candidate *c);
/* Is score a better than b? NAN is worse than any. */
bool run_better(const struct run *r, double a, double b);

/* --- run_events.c: what a STEP tells -------------------------------------- */

struct run_builder {
    struct run *r;
    struct arena arena;
    const struct tt_event **events;
    size_t n;
    uint64_t position; /* of the next one */
};
void run_put_waiting(struct run_builder *b); /* all that waits; it is told */
uint64_t run_job_ref(const struct run *r, const struct run_job *j);

/* --- run_log.c, run_actions.c: the strategy ------------------------------- */

void run_strategy_pump(struct run *r);
void run_strategy_up(struct run *r, bool fresh);
void run_strategy_down(struct run *r);
void run_strategy_answered(struct run *r, const struct run_event *ev);
void run_strategy_snapshot(struct run *r, const struct run_event *ev);
uint64_t run_room(const struct run *r);
bool run_events_wait(const struct run *r);
void run_take_actions(struct run *r, const struct tt_action *const *actions,
                      uint64_t n);
/* "strategy x 1.0.0 (sha256 ab12...)" */
void run_plugin_name(const struct run *r, bool adapter, struct buf *out);
void run_llm_add(struct run *r, const struct tt_llm *l);
void run_llm_reply(struct run *r, const struct run_event *ev);
void run_llm_forget(struct run *r, size_t i);
void run_llm_send(struct run *r); /* those without a reply, again */
/* Replies that are not told yet stand in the run's record. */
void run_llm_document(struct run *r);
void run_llm_load(struct run *r);

/* Forget the instance: the next one is told the history. */
void run_start_over(struct run *r);

/* --- run_move.c ----------------------------------------------------------- */

void run_move(struct run *r, const struct run_event *ev);
void run_move_pump(struct run *r);
void run_move_fini(struct run *r);
/* The snapshot that a move waits for, or none. */
void run_move_snapshot(struct run *r, const struct run_event *ev);
/* The plugin is gone or erred: true when the run goes back to the version that
 * somebody moved it from, or takes the one that it is about to be moved to. */
bool run_move_back(struct run *r, bool adapter, const char *why);
bool run_moving_back(const struct run *r); /* that, of the strategy */
/* Was the instance opened with a state, and told nothing since? */
bool run_move_is_new(const struct run *r);
void run_move_refused(struct run *r); /* it does not read that state */
void run_move_loaded(struct run *r);

/* --- run_stop.c, run_gate.c, run_report.c --------------------------------- */

bool run_over(const struct run *r);       /* completed, failed, cancelled */
void run_set_state(struct run *r, enum run_state state);
void run_fail(struct run *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The plugin's fault: names it in front. */
void run_fault(struct run *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void run_cancel(struct run *r, const char *actor, const char *reason);
void run_check_stop(struct run *r);
struct budget run_budget(const struct run *r); /* with what is spent */
void run_gate_start(struct run *r);
void run_gate_pump(struct run *r);
void run_finish(struct run *r, enum run_state state, json_object *gate,
                struct run_candidate *winner, bool promote,
                const char *reason);
json_object *run_report(const struct run *r, json_object *gate,
                        const struct run_candidate *winner);
json_object *run_inert(const struct run *r);

#endif
