/* SPDX-License-Identifier: MIT
 *
 * api_replay.c - prove that a run's log gives the same proposals again: a
 * fresh worker of the pinned plugin is opened with the recorded problem and
 * fed the log, entry by entry; each answer is compared byte for byte. And
 * each entry is held against the records of what was measured. */
#include <string.h>

#include "core/base/mem.h"
#include "core/engine/engine_runs.h"
#include "core/engine/resource.h"
#include "core/host/codec.h"

#define OPEN_MS 120000

struct replay {
    struct engine_task task; /* first */
    const char *id;
    struct run *run;         /* loaded; only looked at */
    struct dataset *dataset;
    struct engine_plugin plugin;
    json_object *config;
    struct service service;
    struct worker *worker;
    bool ended, again;       /* again: a fresh instance starts here */
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

static void next_entry(struct replay *r)
{
    struct store_key key = { STORE_LOG, { r->id }, r->position };
    struct buf bytes = { 0 };
    struct run_entry entry;
    int rc = store_get(r->task.g->store, key, &bytes, &r->err);

    if (rc == 0)
        rc = run_entry_get(buf_str(&bytes), &entry, &r->err);
    if (rc == 0 && (entry.flags & RUN_ENTRY_FRESH) != 0 && !r->again &&
        r->steps > 0) {
        r->again = true;
        r->epoch++;
        worker_stop(r->worker); /* down() starts the next one */
    } else if (rc == 0 && (entry.flags & RUN_ENTRY_ANSWERED) == 0) {
        r->position += entry.n; /* the last one, or one that was given up */
        next_entry(r);
    } else if (rc == 0) {
        r->again = false;
        r->at = r->position;
        r->position += entry.n;
        buf_reset(&r->want);
        buf_add(&r->want, entry.actions.p, (size_t)entry.actions.n);
        if (check_entry(r, &entry))
            r->awaited = worker_send(r->worker, FRAME_STEP, entry.step,
                                     r->task.g->options.step_ms);
    } else {
        end(r, rc == TT_ENOENT ? 0 : rc);
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

static void on_hello(void *ctx, json_object *hello)
{
    struct replay *r = ctx;
    json_object *pinned = run_pinned_config(r->run, "strategy");
    struct buf payload = { 0 };
    int rc;

    if (r->ended)
        return;
    json_object_put(r->plugin.describe);
    r->plugin.describe = json_copy(hello);
    json_object_put(r->config);
    r->config = pinned != NULL ? json_copy(pinned) : json_object_new_object();
    rc = engine_plugin_check_config(&r->plugin, r->config, &r->err);
    if (rc != 0) {
        end(r, rc);
        return;
    }
    run_put_problem(r->run, r->config, NULL, &payload);
    r->opening = true;
    r->awaited = worker_send(r->worker, FRAME_OPEN, buf_str(&payload), OPEN_MS);
    buf_fini(&payload);
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

static void spawn(struct replay *r)
{
    static const struct worker_callbacks callbacks = {
        .hello = on_hello,
        .answer = on_answer,
        .request = on_request,
        .down = on_down,
    };
    struct worker_spec spec = engine_plugin_spec(&r->plugin, r->id);

    r->worker = work_spawn(r->task.g->work, &spec, &callbacks, r, &r->err);
    if (r->worker == NULL)
        end(r, r->err.code);
}

static void start(struct engine_task *t)
{
    struct replay *r = (struct replay *)(void *)t;

    r->service.g = t->g;
    r->service.label = r->id;
    r->service.permissions = r->plugin.permissions;
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
    json_object *pin = json_child(document, "optimizer");
    char reference[320], name[80];
    int rc;

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
    rc = runs_load(g, r->run, e);
    if (rc != 0)
        return rc;
    (void)snprintf(name, sizeof name, "sha256:%s", json_str(pin, "hash"));
    return engine_plugin_find(g, name, TT_KIND_STRATEGY, &r->plugin, e);
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
