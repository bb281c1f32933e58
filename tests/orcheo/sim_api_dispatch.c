/* SPDX-License-Identifier: MIT
 *
 * sim_api_dispatch.c - the ways to make a run, with Orcheo's silences: a
 * dispatch drops what it accepted and answers a shorter list, a posted run is
 * never executed, and a crash in the middle leaves rows behind. */
#include <stdio.h>
#include <string.h>

#include "tests/orcheo/sim_http.h"

static void enqueue(struct sim *s, struct sim_run *r)
{
    s->dispatched++;
    r->queued = r->fault[SIM_FAULT_stay_pending] == 0 &&
                s->fault[SIM_FAULT_redis_down] == 0;
    pthread_cond_broadcast(&s->changed);
}

static void check_length(struct sim_check *c, json_object *runs)
{
    size_t n = json_object_array_length(runs);
    TT_AUTO_FREE char *message = NULL;
    json_object *context;

    if (n >= 1 && n <= 100)
        return;
    context = json_object_new_object();
    json_set_str(context, "field_type", "List");
    json_set_int(context, n > 100 ? "max_length" : "min_length",
                 n > 100 ? 100 : 1);
    json_set_int(context, "actual_length", (int64_t)n);
    message = n > 100 ? xasprintf("List should have at most 100 items after "
                                  "validation, not %zu", n)
                      : xstrdup("List should have at least 1 item after "
                                "validation, not 0");
    sim_check_push(c, "runs");
    sim_check_fail(c, n > 100 ? "too_long" : "too_short", message, runs,
                   context);
    sim_check_pop(c);
}

static void check_items(struct sim_check *c, json_object *runs, bool old)
{
    static const char *const known[] = {
        "workflow_version_id", "input_payload", "runnable_config", NULL,
    };
    static const char *const known_old[] = {
        "workflow_version_id", "input_payload", NULL,
    };
    size_t i;

    sim_check_push(c, "runs");
    for (i = 0; i < json_object_array_length(runs); i++) {
        json_object *item = json_object_array_get_idx(runs, i);

        sim_check_push_index(c, i);
        if (!json_object_is_type(item, json_type_object)) {
            sim_check_fail(c, "model_type", "Input should be a valid "
                           "dictionary or instance of ManualDispatchItem", item,
                           json_tokener_parse(
                               "{\"class_name\":\"ManualDispatchItem\"}"));
        } else {
            sim_check_get(c, item, "workflow_version_id", SIM_UUID_TEXT, false);
            sim_check_get(c, item, "input_payload", SIM_OBJECT, false);
            if (!old)
                sim_check_config(c, item, "runnable_config");
            sim_check_only(c, item, old ? known_old : known);
        }
        sim_check_pop(c);
    }
    sim_check_pop(c);
}

static bool check_dispatch(struct sim *s, const struct sim_request *q,
                           struct sim_reply *a)
{
    static const char *const known[] = {
        "workflow_id", "actor", "label", "runs", NULL,
    };
    struct sim_check c;
    json_object *runs;

    sim_check_init(&c, s);
    if (sim_check_body(&c, q)) {
        sim_check_get(&c, q->body, "workflow_id", SIM_UUID_TEXT, true);
        sim_check_get(&c, q->body, "actor", SIM_STRING, false);
        sim_check_get(&c, q->body, "label", SIM_STRING, false);
        runs = sim_check_get(&c, q->body, "runs", SIM_ARRAY, false);
        if (runs != NULL) {
            check_length(&c, runs);
            check_items(&c, runs, s->options.old);
        }
        sim_check_only(&c, q->body, known);
    }
    return sim_check_fini(&c, a);
}

static struct sim_version *latest(struct sim_workflow *w)
{
    return w->version_n > 0 ? w->versions[w->version_n - 1] : NULL;
}

/* The version of each item, or NULL with a 404 in *a. */
static struct sim_version *version_for(struct sim_workflow *w,
                                       json_object *item, struct sim_reply *a)
{
    const char *id = json_str(item, "workflow_version_id");
    struct sim_version *v =
        id != NULL ? sim_version_find(w, id) : latest(w);

    if (v == NULL && a->body == NULL)
        sim_detail(a, 404, "Workflow version not found");
    return v;
}

/* Each row that could be made, in *a; false after a crash in the middle. */
static bool dispatch_items(struct sim *s, struct sim_workflow *w,
                           const struct sim_request *q, struct sim_reply *a)
{
    json_object *runs = json_child(q->body, "runs");
    size_t n = json_object_array_length(runs), i, most = n;
    const char *label = json_str(q->body, "label");
    const char *actor = json_str(q->body, "actor");

    if (s->fault[SIM_FAULT_dispatch_short] > 0)
        most = (size_t)s->fault[SIM_FAULT_dispatch_short];
    if (label == NULL)
        label = n == 1 ? "manual" : "manual_batch";
    for (i = 0; i < n && json_object_array_length(a->body) < most; i++) {
        json_object *item = json_object_array_get_idx(runs, i);
        json_object *config = NULL;
        struct sim_run *r;

        if (s->options.honour_config)
            config = sim_config_clean(json_child(item, "runnable_config"));
        if (!s->options.old && sim_unstorable(item)) {
            json_object_put(config);
            return false;
        }
        r = sim_run_create(s, version_for(w, item, a), label,
                           actor != NULL ? actor : "manual",
                           json_child(item, "input_payload"), config);
        json_object_put(config);
        if (r != NULL)
            json_object_array_add(a->body, json_copy(r->doc));
    }
    return true;
}

/* Enqueued only after all rows are there: what a crash left never runs. */
static void enqueue_all(struct sim *s, json_object *rows)
{
    size_t n = json_object_array_length(rows), i;

    for (i = s->run_n - n; i < s->run_n; i++)
        enqueue(s, s->runs[i]);
}

void sim_dispatch(struct sim *s, const struct sim_request *q,
                  struct sim_reply *a)
{
    json_object *runs = json_child(q->body, "runs");
    struct sim_workflow *w;
    size_t i;

    s->dispatches++;
    if (sim_fault_use(s, SIM_FAULT_error_500_dispatch)) {
        sim_crash(a);
        return;
    }
    if (!check_dispatch(s, q, a))
        return;
    w = sim_workflow_find(s, NULL, json_str(q->body, "workflow_id"));
    if (w == NULL || w->archived) {
        sim_detail(a, 404, "Workflow not found");
        return;
    }
    for (i = 0; i < json_object_array_length(runs); i++)
        if (version_for(w, json_object_array_get_idx(runs, i), a) == NULL)
            return;
    s->dispatch_items += (int64_t)json_object_array_length(runs);
    a->status = 200;
    a->body = json_object_new_array();
    if (sim_fault_use(s, SIM_FAULT_dispatch_empty))
        return;
    if (!dispatch_items(s, w, q, a)) {
        sim_crash(a);
        return;
    }
    enqueue_all(s, a->body);
    if (sim_fault_use(s, SIM_FAULT_drop_dispatch))
        a->delivery = SIM_CLOSE;
    if (sim_fault_use(s, SIM_FAULT_error_500_after))
        sim_crash(a);
    a->delay_ms += s->fault[SIM_FAULT_hang_dispatch_ms];
}

/* --- the other ways to make a run ---------------------------------------- */

/* Stored, answered, and never looked at again; its slot is gone for good. */
void sim_run_post(struct sim *s, const struct sim_request *q,
                  struct sim_reply *a)
{
    struct sim_workflow *w;
    struct sim_version *v;
    struct sim_check c;
    struct sim_run *r;
    json_object *config;
    const char *by;

    sim_check_init(&c, s);
    if (sim_check_body(&c, q)) {
        sim_check_get(&c, q->body, "workflow_version_id", SIM_UUID_TEXT, true);
        sim_check_get(&c, q->body, "triggered_by", SIM_STRING, true);
        sim_check_get(&c, q->body, "input_payload", SIM_OBJECT, false);
        sim_check_config(&c, q->body, "runnable_config");
    }
    if (!sim_check_fini(&c, a))
        return;
    w = sim_workflow_find(s, q->workspace, q->part[2]);
    if (w == NULL || w->archived) {
        sim_detail(a, 404, "Workflow not found");
        return;
    }
    v = version_for(w, q->body, a);
    if (v == NULL)
        return;
    if (!s->options.old && sim_unstorable(q->body)) {
        sim_crash(a);
        return;
    }
    by = json_str(q->body, "triggered_by");
    config = sim_config_clean(json_child(q->body, "runnable_config"));
    r = sim_run_create(s, v, by, by, json_child(q->body, "input_payload"),
                       config);
    json_object_put(config);
    if (r == NULL) {
        sim_full(a, w->workspace);
        return;
    }
    a->status = 201;
    a->body = json_copy(r->doc);
}

/* Public: the latest version with its stored config. */
static void hook(struct sim *s, struct sim_workflow *w,
                 const struct sim_request *q, struct sim_reply *a)
{
    json_object *inputs, *part;
    struct sim_run *r;

    if (w == NULL || w->archived || latest(w) == NULL) {
        sim_detail(a, 404, "Workflow not found");
        return;
    }
    inputs = json_object_new_object();
    json_set(inputs, "body", q->body != NULL ? json_copy(q->body)
                                             : json_object_new_object());
    part = json_object_new_object();
    sim_each_value(q, true, part);
    json_object_object_del(part, "authorization");
    json_set(inputs, "headers", part);
    part = json_object_new_object();
    sim_each_value(q, false, part);
    json_set(inputs, "query_params", part);
    json_set_str(inputs, "source_ip", "127.0.0.1");
    r = sim_run_create(s, latest(w), "webhook", "webhook", inputs, NULL);
    json_object_put(inputs);
    if (r == NULL) {
        sim_full(a, w->workspace);
        return;
    }
    enqueue(s, r);
    a->status = 202;
    a->body = json_copy(r->doc);
}

void sim_webhook(struct sim *s, const struct sim_request *q,
                 struct sim_reply *a)
{
    hook(s, sim_workflow_find(s, NULL, q->part[2]), q, a);
}

void sim_hook(struct sim *s, const struct sim_request *q, struct sim_reply *a)
{
    struct sim_workspace *w = sim_workspace_find(s, q->part[1]);

    hook(s, w != NULL ? sim_workflow_find(s, w, q->part[2]) : NULL, q, a);
}
