/* SPDX-License-Identifier: MIT
 *
 * sim.h - a simulator of Orcheo's HTTP API, for tests and for the demo where
 * there is no Orcheo. It answers key by key as Orcheo 0.46 did (fixtures/),
 * runs the known workflow scripts without Python, does wrong on request, and
 * counts what it was asked to do.
 *
 * Everything in struct sim is guarded by its lock; a worker thread works on
 * deep copies while it does not hold it. */
#ifndef TT_TESTS_ORCHEO_SIM_H
#define TT_TESTS_ORCHEO_SIM_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/json.h"
#include "core/base/mem.h"

#define SIM_UUID 37 /* with its NUL */
#define SIM_TIME 28

enum sim_status {
    SIM_PENDING, SIM_RUNNING, SIM_SUCCEEDED, SIM_FAILED, SIM_CANCELLED,
    SIM_STATUSES
};

/* --- faults -----------------------------------------------------------------
 * A number each, 0 = off. "calls" and "runs" count down as they are used up
 * (-1: for ever); the others hold until they are set again. */
#define SIM_FAULTS(X)                                                          \
    /* requests */                                                             \
    X(drop_dispatch, "calls: dispatch is done, but its answer is not sent")    \
    X(hang_ms, "each answer comes this much later")                            \
    X(hang_dispatch_ms, "each dispatch is done, then answered this later")     \
    X(dispatch_empty, "calls: dispatch answers 200 [] and starts nothing")     \
    X(dispatch_short, "a dispatch starts at most this many runs")              \
    X(rate_429, "calls: 429 with Retry-After")                                 \
    X(retry_after, "seconds that a 429 asks for; 0 = the rate interval")       \
    X(error_500, "calls: 500, plain text, nothing done")                       \
    X(error_500_dispatch, "dispatch calls: 500, nothing done")                 \
    X(error_500_after, "dispatch calls: done, then 500")                       \
    X(invalid_json, "calls: 200 with a JSON text that is cut off")             \
    X(empty_array, "calls: 200 [] whatever was asked")                         \
    X(reset, "calls: the connection is reset")                                 \
    /* runs: bound to the next runs that are created */                        \
    X(stay_pending, "runs: never picked up")                                   \
    X(stay_running, "runs: picked up, never finished, slot kept")              \
    X(vanish, "runs: missing from the list, there by id")                      \
    X(lost, "runs: missing from the list and by id")                           \
    X(nan, "runs: a metric is NaN")                                            \
    X(interrupted, "runs: succeeded with no node result")                      \
    X(empty_per_item, "runs: corpus_score 0 and per_item []")                  \
    X(short_per_item, "runs: per_item lacks its last value")                   \
    X(no_metric, "runs: the metric node is not in the results")                \
    X(null_metric, "runs: corpus_score and per_item hold null")                \
    X(wrong_echo, "runs: stored with another candidate's parameters")          \
    X(source_active, "runs: the candidate is ignored, the stored values used") \
    X(huge_output, "runs: as many bytes of padding in the final state")        \
    X(fail_llm, "runs: failed, Connection error.")                             \
    X(fail_pool, "runs: failed, no database connection")                       \
    X(fail_boom, "runs: failed, the node raised an error")                     \
    X(forged, "runs: succeeded, but not by actor worker")                      \
    /* the installation */                                                     \
    X(latency_ms, "a run executes at least this long")                         \
    X(start_ms, "a run waits at least this long before it starts")             \
    X(hold_start, "1: no run starts")                                          \
    X(hold_end, "1: no run that executes ends")                                \
    X(redis_missing, "1: slots never come back, until /_sim/restart")          \
    X(redis_down, "1: dispatched runs are never enqueued")                     \
    X(leak_slots, "this many slots are taken by nobody")
enum sim_fault {
#define X(name, text) SIM_FAULT_##name,
    SIM_FAULTS(X)
#undef X
    SIM_FAULT_N
};

/* --- the world ----------------------------------------------------------- */
struct sim_workspace {
    char id[SIM_UUID], team_id[SIM_UUID];
    char *slug, *name, *owner; /* owner NULL: every person's */
    json_object *doc;
    int64_t max_runs, slots;   /* slots in use, leaked ones too */
    int64_t *calls;            /* mono_ms of each, oldest first */
    size_t call_n, call_cap;
};

struct sim_token {
    char *secret;
    char id[33];
    struct sim_workspace *workspace;
    json_object *scopes;
};

struct sim_version {
    char id[SIM_UUID];
    int64_t number;
    json_object *doc;
    struct sim_workflow *workflow;
};

struct sim_workflow {
    char id[SIM_UUID];
    char *handle;
    bool archived;
    json_object *doc;
    struct sim_workspace *workspace;
    struct sim_version **versions; /* ascending */
    size_t version_n;
};

struct sim_run {
    uint64_t number; /* never used again, not even after a reset */
    char id[SIM_UUID];
    enum sim_status status;
    bool queued;           /* a worker may take it */
    bool taken;            /* a worker has it */
    bool slot;             /* holds one of its workspace's slots */
    int64_t ready_mono_ms; /* not started before */
    int64_t fault[SIM_FAULT_N];
    json_object *doc;      /* as GET gives it */
    json_object *history;  /* NULL until it has started */
    json_object *received; /* parameters that its node got, or NULL */
    json_object *sent;     /* inputs.trimtab as dispatched, or NULL */
    struct sim_version *version;
    struct sim_workspace *workspace;
};

struct sim_options {
    const char *token, *bootstrap, *pull_url;
    bool old;            /* generation 0.33 */
    bool auth, uploads, openapi, honour_config, seed, outlive, workspace;
    bool celery;         /* a restart of the API does not end runs */
    int64_t port, quota, rate_limit, rate_interval_s, concurrency;
};

struct sim {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool stop;
    struct sim_options options;
    struct sim_workspace **workspaces;
    size_t workspace_n;
    struct sim_token **tokens;
    size_t token_n;
    struct sim_workflow **workflows;
    size_t workflow_n;
    struct sim_run **runs; /* in order of creation */
    size_t run_n;
    uint64_t last_number;
    size_t first_queued;   /* no run before it is queued */
    pthread_t *threads;
    size_t thread_n;
    int64_t fault[SIM_FAULT_N];
    /* counts for /_sim/stats */
    int64_t requests, dispatches, dispatch_items, dispatched, limited, skipped;
    int64_t in_flight, max_in_flight, executing, max_executing;
    json_object *evaluations; /* id -> runs created */
    json_object *executions;  /* id -> runs finished by a worker */
    json_object *puts;        /* configs, in order */
    json_object *parameters;  /* for GET /_sim/parameters */
};

/* --- sim_state.c --------------------------------------------------------- */
void sim_uuid(char out[SIM_UUID]);
void sim_now(char out[SIM_TIME]); /* "2026-11-25T01:02:03.456789Z" */
bool sim_is_uuid(const char *text);
const char *sim_status_name(enum sim_status s);
void sim_audit(json_object *doc, const char *actor, const char *action,
               json_object *metadata); /* takes metadata; touches updated_at */
struct sim_workspace *sim_workspace_create(struct sim *s, const char *slug,
                                           const char *name, const char *owner,
                                           json_object *quotas);
struct sim_workspace *sim_workspace_find(struct sim *s, const char *slug);
struct sim_token *sim_token_create(struct sim *s, struct sim_workspace *w,
                                   const char *secret, json_object *scopes);
struct sim_workflow *sim_workflow_create(struct sim *s, struct sim_workspace *w,
                                         const char *name, const char *handle,
                                         const char *actor);
/* By handle or UUID; workspace NULL looks in all. */
struct sim_workflow *sim_workflow_find(struct sim *s, struct sim_workspace *w,
                                       const char *ref);
struct sim_version *sim_version_create(struct sim *s, struct sim_workflow *w,
                                       const char *script, json_object *config,
                                       json_object *metadata,
                                       const char *actor);
struct sim_version *sim_version_find(struct sim_workflow *w, const char *id);
/* A pending run, counted; NULL when the quota is used up. triggered_by,
 * inputs and config are copied; config NULL: the version's. */
struct sim_run *sim_run_create(struct sim *s, struct sim_version *v,
                               const char *triggered_by, const char *actor,
                               json_object *inputs, json_object *config);
struct sim_run *sim_run_find(struct sim *s, const char *id);
void sim_run_status(struct sim *s, struct sim_run *r, enum sim_status to,
                    const char *actor, json_object *output, const char *error);
void sim_slot_release(struct sim *s, struct sim_run *r);
void sim_seed(struct sim *s);
void sim_runs_forget(struct sim *s); /* runs, counts, faults, slots */
void sim_init(struct sim *s, const struct sim_options *o);
void sim_fini(struct sim *s);

/* --- sim_fault.c --------------------------------------------------------- */
int sim_fault_find(const char *name); /* -1 when unknown */
const char *sim_fault_name(int fault);
const char *sim_fault_text(int fault);
bool sim_fault_set(struct sim *s, const char *name, int64_t value);
bool sim_fault_use(struct sim *s, enum sim_fault f); /* count one down */
void sim_fault_bind(struct sim *s, struct sim_run *r);
json_object *sim_stats(struct sim *s, bool with_runs);

/* --- sim_exec.c ---------------------------------------------------------- */
int sim_workers_start(struct sim *s); /* 0, or an errno */
void sim_workers_join(struct sim *s); /* after stop is set */
/* Every executing run is left as it is, for ever. Lock held. */
void sim_workers_kill(struct sim *s);
/* Wait under the lock until then, or until stop. */
void sim_sleep_until(struct sim *s, int64_t mono_ms);

/* --- sim_config.c -------------------------------------------------------- */
json_object *sim_config_clean(json_object *config); /* without defaults */
/* What a run sees: with thread_id and all defaults. */
json_object *sim_config_expand(json_object *config, const char *run_id);
/* Split inline JSON Schema from a config's configurable values. */
void sim_config_ingest(json_object *config, json_object *metadata);
json_object *sim_config_carry(json_object *config, struct sim_version *before);

/* --- sim_model.c --------------------------------------------------------- */
struct sim_job {
    bool old;
    char *source;
    json_object *inputs, *config; /* owned; config expanded */
    int64_t fault[SIM_FAULT_N];
};
struct sim_result {
    json_object *results;  /* node -> its result */
    json_object *order;    /* nodes in order of execution */
    json_object *inputs;   /* of the final state */
    json_object *received; /* what the tuned node got, or NULL */
    char *error;           /* NULL: succeeded */
    bool unstorable;       /* NaN: no step reached the history */
};
void sim_job_run(struct sim_job *job, struct sim_result *out); /* may block */
void sim_job_fini(struct sim_job *job);
void sim_result_fini(struct sim_result *r);
/* "---\nconfig: ..." of the script's add_node and add_edge calls, or NULL. */
char *sim_mermaid(const char *source);
/* Why ingest refuses the script, or NULL. */
char *sim_script_error(const char *source, bool old);

/* --- sim_score.c --------------------------------------------------------- */
double sim_token_f1(const char *prediction, const char *reference);
char *sim_keep_words(const char *expected, double temperature, bool brief);
bool sim_float(json_object *value, const char *text, double *out, char **error);
char *sim_python_str(json_object *value); /* str(value) */
struct sim_noisy {
    double temperature, top_p, top_k, noise;
    const char *style, *prompt;
    const char *seed;
};
double sim_noisy_score(const struct sim_noisy *p, const char *expected);

/* --- sim_get.c ----------------------------------------------------------- */
struct sim_got {
    int status;
    char *reason, *content;
    json_object *headers;
    double elapsed_s;
};
/* GET over a plain socket; an error text as httpx would raise, or NULL. */
char *sim_get(const char *url, const char *authorization, int timeout_ms,
              struct sim_got *out);
void sim_got_fini(struct sim_got *g);

/* --- sim_scripts.c (made from the .py files) ----------------------------- */
extern const char sim_script_evaluation[], sim_script_production[],
    sim_script_pull[], sim_script_noisy[];

#endif
