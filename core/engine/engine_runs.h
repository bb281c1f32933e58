/* SPDX-License-Identifier: MIT
 *
 * engine_runs.h - what moves the pure run machines: one shell around each, a
 * turn that stores what all of them gave before any of it is done, and the
 * sessions with their workers. Threads [engine] throughout. */
#ifndef TT_ENGINE_RUNS_H
#define TT_ENGINE_RUNS_H

#include "core/engine/engine_impl.h"
#include "core/engine/run.h"
#include "core/engine/service.h"

struct llm_call;

/* --- one worker of one run: engine_session.c ------------------------------ */

enum session_state {
    SESSION_OFF,      /* no worker is wanted */
    SESSION_WAITING,  /* for the back-off after a crash */
    SESSION_STARTING, /* no hello yet */
    SESSION_OPENING,
    SESSION_REPLAYING, /* a strategy is fed its log */
    SESSION_UP
};

struct session_call {
    uint32_t frame;              /* number of the frame; 0 = free */
    enum run_command_kind kind;
    uint64_t number;             /* of the command */
};

struct session {
    struct shell *shell;
    bool strategy;
    const char *role;            /* "strategy", "adapter" */
    enum session_state state;
    struct engine_plugin plugin; /* pinned by hash */
    json_object *config;         /* checked; NULL before hello */
    struct worker *worker;       /* lives until down(), whatever the state */
    struct service service;
    uint64_t timer;
    struct session_call calls[4];
    uint32_t awaited;            /* frame that OPENING or REPLAYING waits for */
    /* catching up */
    bool fresh;                  /* replay diverged: start anew, feed nothing */
    bool no_snapshot;            /* it could not be read */
    bool no_state;               /* nor what the version before it left */
    bool has_snapshot, has_state; /* what it was opened with, if any */
    uint64_t position;           /* of the next entry to feed */
    struct buf want;             /* the answer that the log holds */
    uint32_t caps;
};

int session_init(struct session *s, struct shell *shell, bool strategy,
                 json_object *pinned, struct err *e);
void session_fini(struct session *s);  /* after its worker is gone */
void session_start(struct session *s); /* UP, DOWN or LOST events follow */
void session_stop(struct session *s);  /* no event follows */
/* Another version from now on: started once the present worker is gone. */
void session_move(struct session *s, json_object *pin, bool start);
/* A command of the machine's; its answer comes back as an event. */
void session_do(struct session *s, const struct run_command *c);

/* --- one run -------------------------------------------------------------- */

struct shell {
    struct engine *g;
    char *id, *workflow;
    struct run *run;
    struct dataset *dataset;
    struct session strategy, adapter;
    bool admitted;
    bool over;             /* it has ended, and is stored so */
    int64_t zero_mono_ms;  /* when its now_ms was 0 */
    uint64_t timer, timer_at;
    uint64_t slots;
    bool changed;          /* since its progress was published */
    struct run_counts counted; /* of it: what the metrics have */
    struct llm_call *llms;
    struct engine_task *mover; /* waits for a move; see engine_move.c */
    bool moved;                /* what it waits for is done */
};

/* Made from its record, which stays the caller's. */
struct shell *shell_create(struct engine *g, json_object *document,
                           struct err *e);
void shell_destroy(struct shell *s);
/* Let the machine take an event; now_ms is put in here. What it gives joins
 * the turn. */
void shell_feed(struct shell *s, struct run_event *event);
void shell_perform(struct shell *s, struct run_actions *actions);
/* It is over: stop the workers. The shell goes when they are gone. */
void shell_close(struct shell *s);
void shell_worker_gone(struct shell *s);

/* --- moves to another version: engine_move.c ------------------------------ */

/* RUN_DO_MOVE. */
void move_perform(struct shell *s, const struct run_command *c);
/* Tell whoever waits what became of the move. */
void move_settle(struct shell *s);
/* The version of a session is in quarantine: true when its run was moved to
 * what new runs get, which it is not where somebody named or pinned it. */
bool move_rescue(struct session *s, const char *why);
/* Of a run's record, as they are shown; the caller puts it. [any] */
json_object *moves_shown(json_object *document);

/* --- all of them: engine_shell.c, engine_turn.c --------------------------- */

struct turn_item {
    struct shell *shell;
    struct run_actions actions;
};
struct turn_audit {
    char *actor, *action, *object;
    json_object *detail;
};

struct turn_record {
    enum store_kind kind;
    char *part;
    json_object *document;
};

struct engine_runs {
    struct engine *g;
    struct shell **all;      /* by run id: the oldest first */
    size_t n;
    struct turn_item *items; /* of this turn, in order */
    size_t n_items;
    struct turn_audit *audits;
    size_t n_audits;
    struct turn_record *records; /* stored with the audits */
    size_t n_records;
    struct engine_task **tasks; /* done once the turn is stored */
    size_t n_tasks;
    int64_t retry_mono_ms;   /* the store said no: not before then */
    uint64_t retry_timer;
    bool recovered, stopping;
    struct describing *describing;
    struct push *push;       /* [any] */
};

void runs_init(struct engine *g);
void runs_fini(struct engine *g);
void runs_add(struct engine *g, struct shell *s);
struct shell *runs_find(struct engine *g, const char *id);
void runs_drop(struct engine *g, struct shell *s); /* and destroy it */
/* Admit what there is room for, share the slots. */
void runs_admit(struct engine *g);
void runs_share(struct engine *g);
/* Find the open runs in the store and go on with them. */
void runs_recover(struct engine *g);
/* The record of the run that a request names; the caller puts it. TT_ENOENT
 * says where runs are listed. [api] */
json_object *runs_record(struct engine *g, const struct engine_request *q,
                         struct err *e);
/* All records of a run into its machine, which was just made. [any] */
int runs_load(struct engine *g, struct run *run, struct err *e);
/* The actions of an answer as words, "EVALUATE ref 3"; the first few. [any] */
json_object *runs_action_words(struct tt_str bytes);
/* A new run that stands in the store. [api] */
void runs_announce(struct engine *g, const char *run);
/* End every session and every call to the broker. */
void runs_stop(struct engine *g);
bool runs_quiet(const struct engine *g); /* nothing calls back any more */

void turn_add(struct engine *g, struct shell *s, struct run_actions *actions);
void turn_end(void *g); /* for loop_on_turn_end() */
void turn_drop(struct engine_runs *r); /* records and audits, unstored */
/* Tell the task that it is done when what the machines gave up to now is
 * stored. */
void turn_task(struct engine *g, struct engine_task *t);
/* An audit event with the turn. detail is taken. */
void engine_audit(struct engine *g, const char *actor, const char *action,
                  const char *object, json_object *detail);

/* A record with the turn, of a kind whose key is one part. document is taken. */
void engine_record(struct engine *g, enum store_kind kind, const char *part,
                   json_object *document);

/* --- ends: engine_finish.c ------------------------------------------------ */

/* Store the end of a run: everything of that step in one batch, versions
 * numbered, pointers moved. */
int finish_commit(struct engine *g, struct turn_item *item, struct err *e);
/* Put the records and audits of a step into a batch. */
void finish_put(struct store_batch *b, const char *run,
                const struct run_actions *actions);

/* --- promotions by delivery (push): engine_push.c ------------------------- */

struct push;
void push_create(struct engine *g); /* takes jobs from now on */
int push_serve(struct engine *g, struct err *e); /* and works on them */
void push_destroy(struct engine *g);
/* Promote what this run made, on the thread that waits for Orcheo. The run's
 * record is copied. */
void push_start(struct engine *g, json_object *run);

/* --- models: llm.c -------------------------------------------------------- */

void llm_start(struct shell *s, uint64_t number, json_object *request);
void llm_stop(struct shell *s); /* answers that come later are dropped */

/* --- the rest ------------------------------------------------------------- */

/* Start a worker for each plugin that nobody has described yet. */
void describe_all(struct engine *g);
void describe_stop(struct engine *g);
/* engine_watch.c: for store_on_move(). */
void watch_moved(void *g, const struct store_move *move,
                 const struct store_moved *moved);

#endif
