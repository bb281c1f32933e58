/* SPDX-License-Identifier: MIT
 *
 * engine_impl.h - the inside of struct engine, for the files of core/engine.
 *
 * Threads  [engine] the loop's own thread: runs, workers, the commit of a turn
 *          [api]    whoever calls engine.h; may block for an fsync
 * Locks    catalog_lock, release_lock, watch_lock, show_lock and task_lock are
 *          leaves: none is held while another one is taken or a commit is
 *          made, but for release_lock, which is also taken under catalog_lock. */
#ifndef TT_ENGINE_IMPL_H
#define TT_ENGINE_IMPL_H

#include <pthread.h>
#include <stdatomic.h>

#include "core/base/loop.h"
#include "core/engine/engine.h"

struct engine_runs;  /* engine_runs.h: the runs that are open. [engine] */
struct engine_task;

/* What engine_metrics() says; counted anywhere. */
struct engine_counters {
    atomic_uint_fast64_t runs_started, runs_completed, runs_failed,
        runs_cancelled, candidates, duplicates, evaluations_sent,
        evaluations_done, evaluations_failed, evaluations_lost, turns,
        commits, workers_started, workers_crashed, http_calls, refused;
    atomic_uint_fast64_t runs_open, runs_queued, in_flight; /* gauges */
};

struct engine {
    struct engine_options options; /* 0 replaced by the defaults; what it
                                      points at is borrowed */
    struct store *store;           /* [any] */
    struct broker *broker;         /* [any] */
    struct loop *loop;             /* loop_post() [any], else [engine] */
    struct work *work;             /* [engine] */
    pthread_t thread;
    bool started;                  /* the thread runs */

    pthread_mutex_t catalog_lock;
    struct catalog *catalog;       /* under catalog_lock */

    pthread_mutex_t release_lock;
    json_object *releases;         /* under release_lock: {id: record}; see
                                      engine_release.h */

    pthread_mutex_t watch_lock;
    engine_active_fn *watch;       /* under watch_lock */
    void *watch_ctx;

    pthread_mutex_t task_lock;
    pthread_cond_t task_done;
    struct engine_task *tasks;     /* under task_lock: not done yet */
    bool stopping;                 /* under task_lock: takes no more tasks */

    pthread_mutex_t show_lock;
    json_object *progress;         /* under show_lock: {run: {...}} of open
                                      runs, as `show` gives them */

    struct engine_runs *runs;      /* [engine] */
    atomic_bool adding;            /* a plugin is being added: one at a time */
    atomic_bool hurry;             /* see engine_hurry() */
    size_t n_calls;                /* broker calls under way. [engine] */
    atomic_int_fast64_t turn_mono_ms; /* when the loop last turned */
    struct engine_counters n;
};

/* --- plugins -------------------------------------------------------------- */

/* A copy of what the catalog says of a plugin. */
struct engine_plugin {
    char hash[65], id[64], version[32];
    uint32_t kind;         /* enum tt_plugin_kind */
    char *path;
    json_object *describe; /* NULL until a worker has said it */
    json_object *permissions; /* as grant_for() gives them */
    const char **read;        /* the folders of its "read"; text of permissions */
    size_t n_read;
};
/* Resolve "id", "id@version" or "sha256:<hash>". Give *out to
 * engine_plugin_fini(). TT_ENOENT lists what there is; TT_EPERM: it has been
 * revoked since it was taken in. [any] */
int engine_plugin_find(struct engine *g, const char *name, uint32_t kind,
                       struct engine_plugin *out, struct err *e);
void engine_plugin_fini(struct engine_plugin *p);
/* Remember what its HELLO said; the catalog keeps it. [any] */
void engine_plugin_described(struct engine *g, const char *hash,
                             json_object *hello);
/* What a run's record says of a plugin: {"id","version","hash","chosen",
 * "config"}. config is copied; the caller puts the pin. */
json_object *engine_pin_create(const struct engine_plugin *p,
                               const char *chosen, json_object *config);
/* A copy of the configuration of a pin, or {}; the caller puts it. */
json_object *engine_pin_config(json_object *pin);
/* A spec that borrows from p; label is borrowed too. */
struct worker_spec engine_plugin_spec(const struct engine_plugin *p,
                                      const char *label);
/* The operator's defaults for a plugin with `overrides` (or NULL) laid over
 * them member by member; the caller puts it. */
json_object *engine_plugin_config(struct engine *g,
                                  const struct engine_plugin *p,
                                  json_object *overrides);
/* That config checked against the schema of the plugin's description, with
 * defaults filled in place. Without a description it is left as it is. */
int engine_plugin_check_config(const struct engine_plugin *p,
                               json_object *config, struct err *e);
/* The same, and config stays as it is. */
int engine_plugin_try_config(const struct engine_plugin *p,
                             json_object *config, struct err *e);

/* --- tasks: what an [api] thread wants done on the engine's thread -------- */

/* Embed it, or put it on the stack: engine_task_run() returns when
 * engine_task_done() was called. */
struct engine_task {
    void (*start)(struct engine_task *t); /* [engine] */
    /* The engine stops before the task is done: let go of everything that
     * may call back, then engine_task_done(). NULL where start() always ends
     * the task itself. [engine] */
    void (*stop)(struct engine_task *t);
    struct engine *g;                     /* filled in by engine_task_run() */
    int code;
    struct err err;
    /* private */
    struct engine_task *next;
    bool started, done;
};
/* Returns t->code, copying t->err to *e; TT_EUNAVAILABLE while the engine is
 * stopping. Blocks until it is done. [api], never [engine] */
int engine_task_run(struct engine *g, struct engine_task *t, struct err *e);
/* e may be NULL, or &t->err. [engine] */
void engine_task_done(struct engine_task *t, int code, const struct err *e);

#endif
