/* SPDX-License-Identifier: MIT
 *
 * engine.h - the domain, as the control plane calls it. The engine knows no
 * sockets and no SQL; it has one thread of its own that moves all runs.
 *
 * A call takes an engine_request and gives a JSON answer. It may be made from
 * any thread that is allowed to block for an fsync (or, where `slow` is said,
 * for calls to Orcheo). Nothing slow happens in `optimize`. */
#ifndef TT_ENGINE_H
#define TT_ENGINE_H

#include "core/base/json.h"
#include "core/broker/broker.h"
#include "core/host/catalog.h"
#include "core/work/work.h"
#include "store/store.h"

struct engine;

struct engine_options {
    struct store *store;      /* borrowed */
    struct broker *broker;    /* borrowed */
    struct catalog *catalog;  /* borrowed; used by the engine alone from now on */
    struct work_options work; /* the engine makes the workers' side itself */
    const char *environment;  /* default environment: "production" */
    unsigned max_runs;        /* running at once; the rest are queued. 0 = 4 */
    unsigned max_in_flight;   /* evaluations, over all runs. 0 = 8 */
    unsigned max_in_flight_run; /* and within one run. 0 = 8 */
    uint64_t cap_iterations, cap_seconds, cap_evaluations; /* 0 = none */
    int64_t step_ms;          /* deadline of one strategy step. 0 = 60 s */
    int64_t call_ms;          /* and of one call of an adapter, beside the
                                 evaluations' own timeouts. 0 = 300 s */
    json_object *adapters;    /* {"orcheo":{...config...}}: the operator's
                                 defaults for adapter plugins; borrowed */
    json_object *strategies;  /* the same for strategies */
    json_object *models;      /* {"reflection":{"url","model","secret"}} or NULL */
    unsigned plugin_check;    /* level of the check that an added plugin must
                                 pass; 0 = none */
    const char *plugin_tool;  /* trimtab-plugin, which does it */
};

/* Let the catalogue have what was added over the API, and what the store knows
 * of the others: retired, quarantined. What is damaged or gone is logged and
 * left out. Before engine_create(). TT_EIO and so on, of the store. [main] */
int engine_plugins_restore(struct store *s, struct catalog *c, struct err *e);

/* Opens nothing by itself: recovers the runs that the store says are open and
 * starts the engine's thread. */
struct engine *engine_create(const struct engine_options *options,
                             struct err *e);
/* Calls that last minutes (a check of a plugin) give up: the daemon is about to
 * stop. NULL is allowed. [any] */
void engine_hurry(struct engine *g);
/* Stop cleanly: workers end, open runs stay open in the store and go on at
 * the next start. */
void engine_destroy(struct engine *g);

struct engine_request {
    const char *actor;        /* token name, "cli", "run:<id>" */
    const char *workflow, *node, *name; /* from the path; NULL where not there */
    const char *run;
    uint64_t number;          /* version or candidate number from the path */
    json_object *query;       /* {"limit":"50","cursor":...}: all strings */
    json_object *body;        /* parsed and scanned; NULL when there is none */
    const char *idempotency_key; /* or NULL */
    const char *if_match;     /* or NULL */
    const char *request_id;
};
/* 0 with *answer (the caller puts it), or TT_E* with *e; the body may then hold
 * {"checks": [...]}, the details of a refusal. status: 0 lets the route's usual
 * HTTP status stand. */
struct engine_answer {
    json_object *body;
    unsigned status;
    char etag[64];     /* without quotes; empty = none */
    char location[256]; /* empty = none */
    char next_cursor[300]; /* empty = last page */
};
typedef int engine_call_fn(struct engine *g, const struct engine_request *q,
                           struct engine_answer *a, struct err *e);

/* runs */
engine_call_fn engine_optimize;       /* POST .../optimize */
engine_call_fn engine_runs_list;      /* query: workflow, status, limit, cursor */
engine_call_fn engine_run_show;
engine_call_fn engine_run_cancel;
engine_call_fn engine_run_candidates; /* query: limit, cursor, sort=best */
engine_call_fn engine_run_candidate;  /* one, with its evaluations */
engine_call_fn engine_run_report;     /* TT_ECONFLICT until it has ended */
engine_call_fn engine_run_events;     /* query: after, limit */
engine_call_fn engine_run_log;        /* query: limit, cursor; the first page
                                         has what the strategy was opened with */
engine_call_fn engine_run_replay;     /* slow: {"identical":true,"steps":n} */
engine_call_fn engine_run_enqueue;    /* a person's candidate into a live run */
engine_call_fn engine_run_move;       /* slow: another version takes over; body
                                         {"plugin","history","reason"} */
/* targets and datasets */
engine_call_fn engine_targets_list;
engine_call_fn engine_target_put;
engine_call_fn engine_target_get;
engine_call_fn engine_target_delete;
engine_call_fn engine_target_draft;   /* slow */
engine_call_fn engine_datasets_list;
engine_call_fn engine_dataset_put;
engine_call_fn engine_dataset_get;    /* query: version */
/* parameters */
engine_call_fn engine_versions_list;
engine_call_fn engine_version_get;
engine_call_fn engine_versions_diff;  /* query: from, to */
engine_call_fn engine_promote;        /* slow where delivery is push */
engine_call_fn engine_rollback;       /* likewise */
engine_call_fn engine_history;        /* pointer moves */
engine_call_fn engine_backfill;       /* slow: baseline from Orcheo, else defaults */
/* the rest */
engine_call_fn engine_plugins_list;
engine_call_fn engine_plugin_show;    /* name: "id", "id@version", "sha256:.." */
engine_call_fn engine_plugin_add;     /* slow: body {"files":{name: base64}} */
engine_call_fn engine_plugin_retire;  /* name; TT_ECONFLICT while it is used */
engine_call_fn engine_plugin_default; /* name: a version becomes the default */
engine_call_fn engine_plugin_canary;  /* name; body {"percent","runs",...} */
engine_call_fn engine_plugin_uncanary; /* name: an id; its canary ends */
engine_call_fn engine_plugin_pin;     /* name; body {"workflow"} */
engine_call_fn engine_plugin_unpin;   /* name: an id; body {"workflow"} */
engine_call_fn engine_plugin_release; /* name: lift its quarantine */
engine_call_fn engine_audit_list;     /* query: after, limit */
engine_call_fn engine_doctor;         /* slow; body: {"connection"?,"target"?} */

/* The active parameters as the seed's answer {"version","parameters",
 * "metadata"}: for whoever keeps prepared answers (core/http). */
struct engine_active {
    const char *workflow, *node, *environment;
    uint64_t version, generation;
    const char *body;      /* canonical JSON */
    const char *checksum;  /* "sha256:..." */
};
typedef void engine_active_fn(void *ctx, const struct engine_active *active);
/* Call fn for everything that is active now, then again after each durable
 * move, in order, on the store's writer thread. Before traffic. [main] */
int engine_watch_active(struct engine *g, engine_active_fn *fn, void *ctx,
                        struct err *e);

/* For /metrics and /readyz: counters of runs, evaluations, workers. */
json_object *engine_metrics(struct engine *g); /* [any] */
int engine_ready(struct engine *g, struct err *e); /* store writable, loop alive */

#endif
