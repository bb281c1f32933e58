/* SPDX-License-Identifier: MIT
 *
 * sim_fault.c - faults by name, and what was counted. */
#include <string.h>

#include "tests/orcheo/sim.h"

static const char *const names[SIM_FAULT_N] = {
#define X(name, text) #name,
    SIM_FAULTS(X)
#undef X
};

static const char *const texts[SIM_FAULT_N] = {
#define X(name, text) text,
    SIM_FAULTS(X)
#undef X
};

int sim_fault_find(const char *name)
{
    int i;

    for (i = 0; i < SIM_FAULT_N; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

const char *sim_fault_name(int fault)
{
    return names[fault];
}

const char *sim_fault_text(int fault)
{
    return texts[fault];
}

bool sim_fault_set(struct sim *s, const char *name, int64_t value)
{
    int fault = sim_fault_find(name);

    if (fault < 0)
        return false;
    s->fault[fault] = value;
    pthread_cond_broadcast(&s->changed);
    return true;
}

bool sim_fault_use(struct sim *s, enum sim_fault f)
{
    if (s->fault[f] == 0)
        return false;
    if (s->fault[f] > 0)
        s->fault[f]--;
    return true;
}

/* The run faults are those from stay_pending to forged. A run gets at most one
 * of each; huge_output keeps its size. */
void sim_fault_bind(struct sim *s, struct sim_run *r)
{
    int i;

    for (i = SIM_FAULT_stay_pending; i <= SIM_FAULT_forged; i++) {
        if (i == SIM_FAULT_huge_output)
            r->fault[i] = s->fault[i];
        else if (sim_fault_use(s, (enum sim_fault)i))
            r->fault[i] = 1;
    }
}

static json_object *run_line(struct sim_run *r)
{
    json_object *o = json_object_new_object(), *value;

    json_set_str(o, "run", r->id);
    json_set_str(o, "workflow", r->version->workflow->handle);
    json_set_int(o, "version", r->version->number);
    json_set_str(o, "label", json_str(r->doc, "triggered_by"));
    json_set_str(o, "status", sim_status_name(r->status));
    value = json_child(r->sent, "evaluation");
    json_set(o, "evaluation", json_copy(value));
    value = json_child(r->sent, "parameters");
    json_set(o, "parameters", json_copy(value));
    json_set(o, "received", json_copy(r->received));
    return o;
}

static json_object *slots(struct sim *s)
{
    json_object *o = json_object_new_object();
    size_t i;

    for (i = 0; i < s->workspace_n; i++)
        json_set_int(o, s->workspaces[i]->slug, s->workspaces[i]->slots);
    return o;
}

static int64_t total(json_object *counts)
{
    int64_t n = 0;

    json_object_object_foreach(counts, id, count) {
        (void)id;
        n += json_object_get_int64(count);
    }
    return n;
}

json_object *sim_stats(struct sim *s, bool with_runs)
{
    json_object *o = json_object_new_object();
    json_object *status = json_object_new_object();
    json_object *runs = json_object_new_array();
    int64_t n[SIM_STATUSES] = { 0 };
    size_t i;

    json_set_int(o, "requests", s->requests);
    json_set_int(o, "rate_limited", s->limited);
    json_set_int(o, "dispatches", s->dispatches);
    json_set_int(o, "dispatch_items", s->dispatch_items);
    json_set_int(o, "dispatched_runs", s->dispatched);
    json_set_int(o, "skipped_runs", s->skipped);
    json_set_int(o, "runs_created", (int64_t)s->run_n);
    json_set_int(o, "evaluations_dispatched", total(s->evaluations));
    json_set_int(o, "evaluations_distinct",
                 json_object_object_length(s->evaluations));
    json_set(o, "evaluations", json_copy(s->evaluations));
    json_set(o, "executions", json_copy(s->executions));
    json_set_int(o, "in_flight", s->in_flight);
    json_set_int(o, "max_in_flight", s->max_in_flight);
    json_set_int(o, "max_executing", s->max_executing);
    json_set(o, "slots", slots(s));
    json_set(o, "puts", json_copy(s->puts));
    for (i = 0; i < s->run_n; i++) {
        n[s->runs[i]->status]++;
        if (with_runs)
            json_object_array_add(runs, run_line(s->runs[i]));
    }
    for (i = 0; i < SIM_STATUSES; i++)
        json_set_int(status, sim_status_name((enum sim_status)i), n[i]);
    json_set(o, "status", status);
    if (with_runs)
        json_set(o, "runs", runs);
    else
        json_object_put(runs);
    return o;
}
