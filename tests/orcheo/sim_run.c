/* SPDX-License-Identifier: MIT
 *
 * sim_run.c - runs and the slots that they take. A slot comes back when a
 * worker ends its run, and in no other case: that is Orcheo's leak. */
#include <string.h>

#include "core/base/clock.h"
#include "tests/orcheo/sim.h"

static bool slot_reserve(struct sim *s, struct sim_workspace *w)
{
    int64_t nobodys = s->fault[SIM_FAULT_leak_slots];

    if (s->options.old || w->max_runs <= 0)
        return true;
    if (w->slots + nobodys >= w->max_runs)
        return false;
    w->slots++;
    return true;
}

void sim_slot_release(struct sim *s, struct sim_run *r)
{
    if (!r->slot || s->fault[SIM_FAULT_redis_missing] != 0)
        return;
    r->slot = false;
    if (r->workspace->slots > 0)
        r->workspace->slots--;
}

/* The row of another candidate: numbers are moved, texts are lengthened. */
static void disturb(json_object *parameters)
{
    json_object *changed = json_object_new_object();

    json_object_object_foreach(parameters, node, values) {
        json_object *other = json_object_new_object();

        if (!json_object_is_type(values, json_type_object)) {
            json_object_put(other);
            json_set(changed, node, json_copy(values));
            continue;
        }
        json_object_object_foreach(values, key, value) {
            if (json_object_is_type(value, json_type_double) ||
                json_object_is_type(value, json_type_int)) {
                json_set_num(other, key, json_object_get_double(value) + 0.125);
            } else if (json_object_is_type(value, json_type_string)) {
                TT_AUTO_FREE char *text = xasprintf(
                    "%s (another)", json_object_get_string(value));

                json_set_str(other, key, text);
            } else {
                json_set(other, key, json_copy(value));
            }
        }
        json_set(changed, node, other);
    }
    json_object_object_foreach(changed, name, one)
        json_set(parameters, name, json_copy(one));
    json_object_put(changed);
}

static json_object *or_empty(json_object *config, const char *key, bool array)
{
    json_object *value = json_child(config, key);

    if (value != NULL)
        return json_copy(value);
    return array ? json_object_new_array() : json_object_new_object();
}

static json_object *run_document(struct sim *s, struct sim_run *r,
                                 const char *triggered_by, const char *actor,
                                 json_object *inputs, json_object *config)
{
    json_object *doc = json_object_new_object();
    char now[SIM_TIME];

    sim_now(now);
    json_set_str(doc, "id", r->id);
    json_set_str(doc, "created_at", now);
    json_set_str(doc, "updated_at", now);
    json_set(doc, "audit_log", json_object_new_array());
    sim_audit(doc, actor, "run_created", NULL);
    if (!s->options.old) {
        json_set_str(doc, "workspace_id", r->workspace->id);
        json_set_str(doc, "workflow_id", r->version->workflow->id);
    }
    json_set_str(doc, "workflow_version_id", r->version->id);
    json_set_str(doc, "status", "pending");
    json_set_str(doc, "triggered_by", triggered_by);
    json_set(doc, "input_payload", inputs != NULL ? json_copy(inputs)
                                                  : json_object_new_object());
    json_set(doc, "runnable_config", config != NULL ? json_copy(config)
                                                    : json_object_new_object());
    json_set(doc, "tags", or_empty(config, "tags", true));
    json_set(doc, "callbacks", or_empty(config, "callbacks", true));
    json_set(doc, "metadata", or_empty(config, "metadata", false));
    json_set_str(doc, "run_name", json_str(config, "run_name"));
    json_set(doc, "output_payload", NULL);
    json_set(doc, "started_at", NULL);
    json_set(doc, "completed_at", NULL);
    json_set(doc, "error", NULL);
    return doc;
}

static void count(json_object *counts, json_object *trimtab)
{
    const char *id = json_str(trimtab, "evaluation");

    if (id != NULL)
        json_set_int(counts, id, json_int(counts, id, 0) + 1);
}

struct sim_run *sim_run_create(struct sim *s, struct sim_version *v,
                               const char *triggered_by, const char *actor,
                               json_object *inputs, json_object *config)
{
    struct sim_run *r;

    if (!slot_reserve(s, v->workflow->workspace)) {
        s->skipped++;
        return NULL;
    }
    r = xcalloc(1, sizeof *r);
    r->number = ++s->last_number;
    sim_uuid(r->id);
    r->version = v;
    r->workspace = v->workflow->workspace;
    r->slot = true;
    r->ready_mono_ms = clock_mono_ms() + s->fault[SIM_FAULT_start_ms];
    if (config == NULL)
        config = json_child(v->doc, "runnable_config");
    r->sent = json_copy(json_child(inputs, "trimtab"));
    r->doc = run_document(s, r, triggered_by, actor, inputs, config);
    sim_fault_bind(s, r);
    if (r->fault[SIM_FAULT_wrong_echo] != 0) {
        json_object *given =
            json_child(json_child(json_child(r->doc, "input_payload"),
                                  "trimtab"), "parameters");

        if (json_object_is_type(given, json_type_object))
            disturb(given);
    }
    count(s->evaluations, r->sent);
    s->runs = xrealloc(s->runs, s->run_n + 1, sizeof *s->runs);
    s->runs[s->run_n++] = r;
    s->in_flight++;
    if (s->in_flight > s->max_in_flight)
        s->max_in_flight = s->in_flight;
    return r;
}

struct sim_run *sim_run_find(struct sim *s, const char *id)
{
    size_t i;

    for (i = s->run_n; i-- > 0;)
        if (strcasecmp(s->runs[i]->id, id) == 0)
            return s->runs[i];
    return NULL;
}

/* Move on; who may do so when is the caller's business. output is taken. */
void sim_run_status(struct sim *s, struct sim_run *r, enum sim_status to,
                    const char *actor, json_object *output, const char *error)
{
    static const char *const actions[SIM_STATUSES] = {
        "run_created", "run_started", "run_succeeded", "run_failed",
        "run_cancelled",
    };
    json_object *metadata = json_object_new_object();
    char now[SIM_TIME];

    sim_now(now);
    r->status = to;
    json_set_str(r->doc, "status", sim_status_name(to));
    if (to == SIM_RUNNING) {
        json_set_str(r->doc, "started_at", now);
    } else {
        json_set_str(r->doc, "completed_at", now);
        json_set_str(r->doc, "error", error);
        s->in_flight--;
    }
    if (to == SIM_SUCCEEDED)
        json_set(r->doc, "output_payload", output);
    if (to == SIM_FAILED)
        json_set_str(metadata, "error", error);
    if (to == SIM_CANCELLED && error != NULL)
        json_set_str(metadata, "reason", error);
    sim_audit(r->doc, actor, actions[to], metadata);
    if (strcmp(actor, "worker") == 0 &&
        (to == SIM_SUCCEEDED || to == SIM_FAILED))
        count(s->executions, r->sent);
}

static void run_free(struct sim_run *r)
{
    json_object_put(r->doc);
    json_object_put(r->history);
    json_object_put(r->received);
    json_object_put(r->sent);
    free(r);
}

void sim_runs_forget(struct sim *s)
{
    size_t i;

    for (i = 0; i < s->run_n; i++)
        run_free(s->runs[i]);
    s->run_n = s->first_queued = 0;
    memset(s->fault, 0, sizeof s->fault);
    for (i = 0; i < s->workspace_n; i++) {
        s->workspaces[i]->slots = 0;
        s->workspaces[i]->call_n = 0;
    }
    s->requests = s->dispatches = s->dispatch_items = s->dispatched = 0;
    s->limited = s->skipped = 0;
    s->in_flight = s->max_in_flight = s->max_executing = 0;
    json_object_put(s->evaluations);
    json_object_put(s->executions);
    json_object_put(s->puts);
    s->evaluations = json_object_new_object();
    s->executions = json_object_new_object();
    s->puts = json_object_new_array();
}
