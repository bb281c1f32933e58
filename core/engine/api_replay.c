/* SPDX-License-Identifier: MIT
 *
 * api_replay.c - prove that a run's log gives the same proposals again: a
 * fresh worker of the pinned plugin is opened with the recorded problem and
 * fed the log, entry by entry; each answer is compared byte for byte. Where
 * another version took over, a worker of that one goes on from what it was
 * given. And each entry is held against the records of what was measured. */
#include <string.h>

#include "core/base/mem.h"
#include "core/engine/engine_runs.h"
#include "core/engine/resource.h"
#include "core/host/codec.h"

#define OPEN_MS 120000

struct replay {
    struct engine_task task; /* first */
    const char *id;
    json_object *document;   /* the run's record */
    struct run *run;         /* loaded; only looked at */
    struct dataset *dataset;
    struct engine_plugin plugin;
    json_object *config;
    struct service service;
    struct worker *worker;
    uint64_t move;           /* by which its version took over; 0 = none */
    bool ended, again;       /* again: another instance starts here */
    bool fed;                /* this one was */
    uint32_t awaited;
    bool opening;
    uint64_t position, at;   /* of the next entry; of the one under way */
    uint32_t epoch;
    struct buf want;
    uint64_t steps;
    json_object *difference; /* the first one */
    int code;
    struct err err;
};

static void end(struct replay *r, int code)
{
    r->ended = true;
    r->code = code;
    if (r->worker != NULL)
        worker_stop(r->worker); /* down() ends the task */
    else
        engine_task_done(&r->task, r->code, &r->err);
}

/* --- what differs --------------------------------------------------------- */

static void differ(struct replay *r, struct tt_str got, const char *why)
{
    json_object *o = json_object_new_object();
    struct tt_str want = buf_str(&r->want);
    uint64_t i, n = want.n < got.n ? want.n : got.n;

    for (i = 0; i < n && want.p[i] == got.p[i]; i++)
        ;
    json_set_int(o, "position", (int64_t)r->at);
    json_set_str(o, "why", why);
    if (want.n > 0 || got.n > 0) {
        json_set_int(o, "byte", (int64_t)i);
        json_set(o, "recorded", runs_action_words(want));
        json_set(o, "replayed", runs_action_words(got));
    }
    r->difference = o;
    end(r, 0);
}

/* --- entry by entry ------------------------------------------------------- */

static bool check_entry(struct replay *r, const struct run_entry *entry)
{
    struct tt_str none = { NULL, 0 };
    struct err e = { 0 };

    if (run_check_entry(r->run, r->at, entry, r->epoch, &e) == 0)
        return true;
    differ(r, none, e.text);
    return false;
}

/* Did another instance than the present one make it? */
static bool is_of_another(const struct replay *r, const struct run_entry *entry)
{
    struct run_segment here;

    run_segment_at(r->document, r->position, &here);
    return here.move != r->move ||
           (r->fed && (entry->flags & RUN_ENTRY_FRESH) != 0);
}

static void feed_entry(struct replay *r, const struct run_entry *entry)
{
    r->fed = true;
    r->at = r->position;
    r->position += entry->n;
    if ((entry->flags & RUN_ENTRY_FRESH) != 0)
        r->epoch++;
    buf_reset(&r->want);
    buf_add(&r->want, entry->actions.p, (size_t)entry->actions.n);
    if (check_entry(r, entry))
        r->awaited = worker_send(r->worker, FRAME_STEP, entry->step,
                                 r->task.g->options.step_ms);
}

static void next_entry(struct replay *r)
{
    struct store_key key = { STORE_LOG, { r->id }, r->position };
    struct buf bytes = { 0 };
    struct run_entry entry;
    int rc = store_get(r->task.g->store, key, &bytes, &r->err);

    if (rc == 0)
        rc = run_entry_get(buf_str(&bytes), &entry, &r->err);
    if (rc != 0) {
        end(r, rc == TT_ENOENT ? 0 : rc);
    } else if ((entry.flags & RUN_ENTRY_ANSWERED) == 0) {
        r->position += entry.n; /* the last one, or one that was given up */
        r->epoch += (entry.flags & RUN_ENTRY_FRESH) != 0;
        next_entry(r);
    } else if (is_of_another(r, &entry)) {
        r->again = true;
        worker_stop(r->worker); /* down() starts the next one */
    } else {
        feed_entry(r, &entry);
    }
    buf_fini(&bytes);
}

static void take_opened(struct replay *r, const struct frame *f)
{
    struct tt_error error;

    r->opening = false;
    if (f->type == FRAME_OK) {
        next_entry(r);
        return;
    }
    if (codec_get_error(f->payload, &error, NULL) != 0)
        (void)snprintf(error.message, sizeof error.message, "no reason");
    end(r, err_set(&r->err, TT_EPLUGIN, "strategy %s %s (sha256 %.12s): %s",
                   r->plugin.id, r->plugin.version, r->plugin.hash,
                   error.message));
}

static void take_answer(struct replay *r, const struct frame *f)
{
    struct tt_str none = { NULL, 0 };
    struct tt_error error;

    if (f->type == FRAME_ERROR) {
        if (codec_get_error(f->payload, &error, NULL) != 0)
            (void)snprintf(error.message, sizeof error.message, "an error");
        differ(r, none, error.message);
    } else if (!tt_str_equal(f->payload, buf_str(&r->want))) {
        differ(r, f->payload, "the answer is another one");
    } else {
        r->steps++;
        next_entry(r);
    }
}

/* --- the worker ----------------------------------------------------------- */

/* With what the version before it left, where it began so. */
static int open_instance(struct replay *r, const struct run_segment *here)
{
    struct store_key key = { STORE_STATE, { r->id }, here->move };
    bool with = here->state && here->start == r->position;
    struct buf state = { 0 }, payload = { 0 };
    struct tt_snapshot snapshot;
    uint64_t position;
    int rc = 0;

    if (with)
        rc = store_get(r->task.g->store, key, &state, &r->err);
    if (rc == 0 && with)
        rc = run_snapshot_get(buf_str(&state), &position, &snapshot, &r->err);
    if (rc == 0) {
        run_put_problem(r->run, r->config, with ? &snapshot : NULL, &payload);
        r->opening = true;
        r->awaited = worker_send(r->worker, FRAME_OPEN, buf_str(&payload),
                                 OPEN_MS);
    }
    buf_fini(&state);
    buf_fini(&payload);
    return rc;
}

static void on_hello(void *ctx, json_object *hello)
{
    struct replay *r = ctx;
    struct run_segment here;
    int rc;

    if (r->ended)
        return;
    run_segment_at(r->document, r->position, &here);
    json_object_put(r->plugin.describe);
    r->plugin.describe = json_copy(hello);
    json_object_put(r->config);
    r->config = engine_pin_config(here.pin);
    rc = engine_plugin_check_config(&r->plugin, r->config, &r->err);
    if (rc == 0)
        rc = open_instance(r, &here);
    if (rc != 0)
        end(r, rc);
}

static void on_answer(void *ctx, uint32_t number, const struct frame *f)
{
    struct replay *r = ctx;

    if (r->ended || r->again || number != r->awaited)
        return;
    if (r->opening)
        take_opened(r, f);
    else
        take_answer(r, f);
}

static void on_request(void *ctx, const struct frame *request)
{
    struct replay *r = ctx;

    service_request(&r->service, r->worker, request);
}

static void spawn(struct replay *r);

static void on_down(void *ctx, const struct worker_down *down)
{
    struct replay *r = ctx;

    r->worker = NULL;
    service_stop(&r->service);
    if (!r->ended && r->again && down->expected) {
        spawn(r);
        return;
    }
    if (!r->ended)
        end(r, err_set(&r->err, TT_ECRASH, "%s", down->text));
    else
        engine_task_done(&r->task, r->code, &r->err);
}

/* The version that made the next entry. */
static int take_version(struct replay *r)
{
    struct run_segment here;
    char name[80];
    int rc;

    run_segment_at(r->document, r->position, &here);
    (void)snprintf(name, sizeof name, "sha256:%.64s",
                   json_str(here.pin, "hash"));
    engine_plugin_fini(&r->plugin);
    rc = engine_plugin_find(r->task.g, name, TT_KIND_STRATEGY, &r->plugin,
                            &r->err);
    r->service.permissions = r->plugin.permissions;
    r->move = here.move;
    r->again = r->fed = false;
    return rc;
}

static void spawn(struct replay *r)
{
    static const struct worker_callbacks callbacks = {
        .hello = on_hello,
        .answer = on_answer,
        .request = on_request,
        .down = on_down,
    };
    struct worker_spec spec;
    int rc = take_version(r);

    if (rc != 0) {
        end(r, rc);
        return;
    }
    spec = engine_plugin_spec(&r->plugin, r->id);
    r->worker = work_spawn(r->task.g->work, &spec, &callbacks, r, &r->err);
    if (r->worker == NULL)
        end(r, r->err.code);
}

static void start(struct engine_task *t)
{
    struct replay *r = (struct replay *)(void *)t;

    r->service.g = t->g;
    r->service.label = r->id;
    r->service.dataset = r->dataset;
    spawn(r);
}

static void stop(struct engine_task *t)
{
    struct replay *r = (struct replay *)(void *)t;

    if (!r->ended) {
        r->ended = true;
        r->code = err_set(&r->err, TT_EUNAVAILABLE, "replay: the daemon is "
                          "stopping");
    }
    if (r->worker != NULL)
        worker_kill(r->worker);
}

/* --- the call ------------------------------------------------------------- */

static int load(struct engine *g, json_object *document, struct replay *r,
                struct err *e)
{
    char reference[320];

    (void)snprintf(reference, sizeof reference, "%.256s@%lld",
                   json_str(json_child(document, "dataset"), "name"),
                   (long long)json_int(json_child(document, "dataset"),
                                       "version", 0));
    r->dataset = resource_dataset_open(g->store,
                                       json_str(document, "workflow"),
                                       reference, e);
    if (r->dataset == NULL)
        return e->code;
    r->run = run_create(document, r->dataset, e);
    if (r->run == NULL)
        return e->code;
    return runs_load(g, r->run, e);
}

int engine_run_replay(struct engine *g, const struct engine_request *q,
                      struct engine_answer *a, struct err *e)
{
    struct replay r = { .task = { .start = start, .stop = stop }, .id = q->run,
                        .position = 1 };
    json_object *document = runs_record(g, q, e);
    int rc;

    if (document == NULL)
        return e->code;
    r.document = document;
    rc = load(g, document, &r, e);
    if (rc == 0)
        rc = engine_task_run(g, &r.task, e);
    if (rc == 0) {
        a->body = json_object_new_object();
        json_set_bool(a->body, "identical", r.difference == NULL);
        json_set_int(a->body, "steps", (int64_t)r.steps);
        if (r.difference != NULL)
            json_set(a->body, "first_difference", r.difference);
    } else {
        json_object_put(r.difference);
    }
    json_object_put(document);
    json_object_put(r.config);
    run_destroy(r.run);
    dataset_destroy(r.dataset);
    engine_plugin_fini(&r.plugin);
    buf_fini(&r.want);
    return rc;
}
