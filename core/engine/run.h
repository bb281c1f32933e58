/* SPDX-License-Identifier: MIT
 *
 * run.h - one optimizer run as a pure state machine: what happened goes in,
 * what to store and what to do comes out. No store, no process, no clock.
 *
 *   queued -> starting -> running -> gating -> completed
 *      |         |           |         |
 *      +---------+-----------+---------+----> failed | cancelled
 *
 * The rule  The caller stores all records of a step, durably, before it
 *           performs the step's commands. After a crash it builds the machine
 *           again from the records (run_load_*) and goes on: what was asked
 *           for and not answered is asked for again, under the same number.
 * Answers   carry the number of the command that they answer; an answer that
 *           is late, doubled or foreign is ignored.
 * Time      now_ms of an event: since the run started, never backwards. */
#ifndef TT_ENGINE_RUN_H
#define TT_ENGINE_RUN_H

#include <trimtab/adapter.h>
#include <trimtab/strategy.h>

#include "core/base/arena.h"
#include "core/base/json.h"
#include "core/engine/dataset.h"
#include "store/store.h" /* the kinds of records; nothing is called */

/* X(name, word of `state`, word of `status`) */
#define RUN_STATE_TABLE(X)                                                     \
    X(RUN_QUEUED, "queued", "running")                                         \
    X(RUN_STARTING, "starting", "running")                                     \
    X(RUN_RUNNING, "running", "running")                                       \
    X(RUN_GATING, "gating", "running")                                         \
    X(RUN_COMPLETED, "completed", "completed")                                 \
    X(RUN_FAILED, "failed", "failed")                                          \
    X(RUN_CANCELLED, "cancelled", "failed")
enum run_state {
#define RUN_STATE_ENUM(name, word, status) name,
    RUN_STATE_TABLE(RUN_STATE_ENUM)
#undef RUN_STATE_ENUM
};
const char *run_state_word(enum run_state state);
const char *run_status_word(enum run_state state);

/* --- what happened -------------------------------------------------------- */

enum run_event_kind {
    RUN_EV_ADMIT,         /* there is room for it; also after each restart.
                             value: wall time, ms since 1970 */
    RUN_EV_SLOTS,         /* value: evaluations that may be in flight */
    RUN_EV_STRATEGY_UP,   /* open, and caught up with the log; value: TT_CAP_*.
                             fresh: replay diverged, this is a new instance
                             that knows nothing */
    RUN_EV_STRATEGY_DOWN, /* gone; it is being started again */
    RUN_EV_STRATEGY_LOST, /* gone for good, or it erred: text says why */
    RUN_EV_ACTIONS,       /* number, bytes: the answer to RUN_DO_STEP */
    RUN_EV_SNAPSHOT,      /* number, value: schema, bytes; none: it failed */
    RUN_EV_ADAPTER_UP,
    RUN_EV_ADAPTER_DOWN,
    RUN_EV_ADAPTER_LOST,
    RUN_EV_OUTCOMES,      /* number, bytes: SUBMIT, COLLECT or FIND answered */
    RUN_EV_CALL_FAILED,   /* number, code, text, value: retry_after_ms */
    RUN_EV_LLM,           /* number: position.index; see reply */
    RUN_EV_TIMER,
    RUN_EV_CANCEL,        /* actor, text: reason */
    RUN_EV_ENQUEUE,       /* parameters, actor */
    RUN_EV_MOVE           /* parameters: the pin of another version; adapter;
                             fresh: by history, whatever it could; actor (NULL:
                             by itself, out of need), text: reason */
};

struct run_reply { /* of a model; as struct tt_llm_reply */
    uint32_t status;
    struct tt_str text;
    uint64_t tokens_in, tokens_out;
    double cost;
};

struct run_event {
    enum run_event_kind kind;
    uint64_t now_ms;
    uint64_t number;
    uint64_t value;
    bool fresh;
    bool adapter;
    int code;
    const char *text;
    const char *actor;
    struct tt_str bytes;
    struct run_reply reply;
    json_object *parameters; /* {node:{parameter:value}} */
};

/* --- what to do ----------------------------------------------------------- */

struct run_record {
    enum store_kind kind;  /* part[0] of its key is the run's id */
    uint64_t number;       /* where the kind has one */
    json_object *document; /* or, for logs and snapshots: */
    struct buf bytes;
};

struct run_audit {
    char *action;
    char *actor;
    json_object *detail; /* or NULL */
};

enum run_command_kind {
    RUN_DO_START,    /* start the workers; number 1: the adapter's alone */
    RUN_DO_STEP,     /* to the strategy: number = position, payload */
    RUN_DO_SNAPSHOT, /* number = position behind which it stands */
    RUN_DO_SUBMIT,   /* to the adapter: number, payload, extra_ms */
    RUN_DO_COLLECT,
    RUN_DO_FIND,
    RUN_DO_ABANDON,  /* nobody waits for the answer; number is 0 */
    RUN_DO_LLM,      /* number, document: {"role","purpose","messages",...} */
    RUN_DO_STOP_STRATEGY,
    RUN_DO_MOVE,     /* number 1: the adapter; document: its new pin. Its worker
                        gives way to one of that version, whose UP follows */
    RUN_DO_FINISH    /* the end: see struct run_finish; then stop the workers */
};

struct run_command {
    enum run_command_kind kind;
    uint64_t number;
    struct buf payload;
    int64_t extra_ms; /* the evaluations' own, beside a call's usual time */
    json_object *document;
};

/* The end of a run: everything here, and the records and audits of this very
 * step, in one batch of its own, so that a run has ended with its report, its
 * versions and their promotion, or has not ended. */
struct run_finish {
    enum run_state state;
    json_object *run;      /* the run's record, with "versions" to be added */
    json_object *report;   /* likewise */
    json_object *versions; /* {node: version document} or NULL */
    bool promote;          /* move the pointers to these versions */
    char *reason;          /* of that move, or why there is none */
};

struct run_actions {
    struct run_record *records;
    size_t n_records;
    struct run_audit *audits;
    size_t n_audits;
    struct run_command *commands;
    size_t n_commands;
    struct run_finish *finish; /* set with RUN_DO_FINISH */
};
void run_actions_fini(struct run_actions *out);

/* --- the machine ---------------------------------------------------------- */

struct run;

/* document  the run's record, as engine_optimize() makes it; copied
 * dataset   borrowed until run_destroy() */
struct run *run_create(json_object *document, const struct dataset *dataset,
                       struct err *e);
void run_destroy(struct run *r);

/* Build it again: every record of the run, kind by kind in this order, each
 * by number. TT_ECORRUPT names the record. */
int run_load_candidate(struct run *r, json_object *document, struct err *e);
int run_load_evaluation(struct run *r, json_object *document, struct err *e);
int run_load_log(struct run *r, uint64_t position, struct tt_str bytes,
                 struct err *e);
void run_load_events(struct run *r, uint64_t last);    /* highest number */
void run_load_snapshot(struct run *r, uint64_t position);
int run_loaded(struct run *r, struct err *e);          /* all were given */

void run_step(struct run *r, const struct run_event *event,
              struct run_actions *out);

/* --- looking at it -------------------------------------------------------- */

enum run_state run_state(const struct run *r);
const char *run_id(const struct run *r);
/* When it wants a RUN_EV_TIMER; 0 = not at all. */
uint64_t run_wake_ms(const struct run *r);
/* Evaluations in flight now, and the most that it may ever have. */
uint64_t run_in_flight(const struct run *r);
uint64_t run_max_in_flight(const struct run *r);
uint64_t run_now_ms(const struct run *r);
/* Not one candidate of the strategy's own that was scored kept the guardrails,
 * while the baseline did: false. */
bool run_kept_guardrails(const struct run *r);
struct run_counts {
    uint64_t candidates, duplicates, failed, sent, done, lost;
};
void run_count(const struct run *r, struct run_counts *out);
/* What `show` adds to the record: {"iterations","evaluations","in_flight",
 * "best","eta_s",...}; the caller puts it. */
json_object *run_progress(const struct run *r);

/* --- what the strategy and the adapter are opened with -------------------- */

/* Payloads of FRAME_OPEN. config is the plugin's, checked and with defaults
 * filled in; snapshot may be NULL. */
void run_put_problem(const struct run *r, json_object *config,
                     const struct tt_snapshot *snapshot, struct buf *out);
void run_put_setup(const struct run *r, json_object *config, struct buf *out);

/* Where the log of the strategy's present instance starts, and the number of
 * the STORE_STATE (as STORE_SNAPSHOT) that it is opened with; 0 = none. */
uint64_t run_log_start(const struct run *r);
uint64_t run_log_state(const struct run *r);

/* --- moves to another version: run_move.c --------------------------------- */

/* Would RUN_EV_MOVE be taken? TT_ECONFLICT says why not. */
int run_may_move(const struct run *r, bool adapter, struct err *e);
bool run_moving(const struct run *r); /* asked for, and not done yet */
json_object *run_pin(const struct run *r, bool adapter); /* borrowed */
/* Which version of the strategy made the entries from `position` on, by the
 * record of a run. */
struct run_segment {
    json_object *pin;  /* borrowed */
    uint64_t move;     /* its number among "moves"; 0: it began the run */
    uint64_t start;    /* the first position of that version */
    bool state;        /* it was opened with STORE_STATE number `move` */
};
void run_segment_at(json_object *document, uint64_t position,
                    struct run_segment *out);

/* --- entries of the log --------------------------------------------------- */

/* The exchange of one STEP, under the position of its first event (or of its
 * ask, when it has none). */
enum run_entry_flag {
    RUN_ENTRY_ANSWERED = 1, /* actions are there (they may be no bytes) */
    RUN_ENTRY_FRESH = 2     /* a new instance starts here: replay diverged */
};
struct run_entry {
    uint32_t n;     /* positions that it takes: its events and its ask */
    uint8_t flags;
    struct tt_str step, actions;
};
void run_entry_put(struct buf *b, const struct run_entry *entry);
/* Borrows from bytes. TT_ECORRUPT. */
int run_entry_get(struct tt_str bytes, struct run_entry *entry, struct err *e);

/* Does an answered entry agree with the candidates and evaluations that were
 * loaded? epoch: how many FRESH entries there are up to it. TT_ECORRUPT says
 * where it does not. */
int run_check_entry(const struct run *r, uint64_t position,
                    const struct run_entry *entry, uint32_t epoch,
                    struct err *e);

/* STORE_SNAPSHOT: wire {u64 position, u32 schema, str bytes}. */
void run_snapshot_put(struct buf *b, uint64_t position, uint32_t schema,
                      struct tt_str bytes);
int run_snapshot_get(struct tt_str bytes, uint64_t *position,
                     struct tt_snapshot *snapshot, struct err *e);

#endif
