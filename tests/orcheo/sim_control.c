/* SPDX-License-Identifier: MIT
 *
 * sim_control.c - our own routes: what to do wrong, what was counted, and
 * accidents of the installation. */
#include <string.h>

#include "tests/orcheo/sim_http.h"

static void ok(struct sim_reply *a)
{
    a->status = 200;
    if (a->body == NULL) {
        a->body = json_object_new_object();
        json_set_bool(a->body, "ok", true);
    }
}

/* POST sets what is named, all or nothing; both answer what holds now. */
void sim_control_faults(struct sim *s, const struct sim_request *q,
                        struct sim_reply *a)
{
    TT_AUTO_FREE char *message = NULL;
    int i;

    if (strcmp(q->method, "POST") == 0 &&
        !json_object_is_type(q->body, json_type_object)) {
        sim_detail(a, 400, "send an object of fault names and numbers");
        return;
    }
    if (q->body != NULL) {
        json_object_object_foreach(q->body, name, value) {
            (void)value;
            if (sim_fault_find(name) < 0 && message == NULL)
                message = xasprintf("no fault is called %s; GET /_sim/faults "
                                    "lists them", name);
        }
        if (message != NULL) {
            sim_detail(a, 400, message);
            return;
        }
        json_object_object_foreach(q->body, key, number)
            sim_fault_set(s, key, json_object_get_int64(number));
    }
    a->body = json_object_new_object();
    for (i = 0; i < SIM_FAULT_N; i++)
        json_set_int(a->body, sim_fault_name(i), s->fault[i]);
    ok(a);
}

void sim_control_stats(struct sim *s, const struct sim_request *q,
                       struct sim_reply *a)
{
    const char *runs = sim_query(q, "runs");

    a->body = sim_stats(s, runs == NULL || strcmp(runs, "0") != 0);
    ok(a);
}

/* What is POSTed, GET gives: parameters to pull where there is no trimtab. */
void sim_control_parameters(struct sim *s, const struct sim_request *q,
                            struct sim_reply *a)
{
    if (strcmp(q->method, "POST") == 0) {
        json_object_put(s->parameters);
        s->parameters = json_copy(q->body);
    }
    a->body = json_copy(s->parameters);
    ok(a);
}

void sim_control_reset(struct sim *s, const struct sim_request *q,
                       struct sim_reply *a)
{
    (void)q;
    sim_runs_forget(s);
    pthread_cond_broadcast(&s->changed);
    ok(a);
}

/* The API ends gracefully and starts again: what it ran itself has failed,
 * what it counted in its own memory is gone. */
void sim_control_restart(struct sim *s, const struct sim_request *q,
                         struct sim_reply *a)
{
    size_t i;

    (void)q;
    for (i = 0; i < s->run_n && !s->options.celery; i++) {
        if (s->runs[i]->status == SIM_RUNNING && s->runs[i]->taken) {
            s->runs[i]->taken = false;
            sim_run_status(s, s->runs[i], SIM_FAILED, "worker", NULL,
                           "Run was cancelled because the backend shut down "
                           "mid-execution.");
            sim_slot_release(s, s->runs[i]);
        }
        if (s->runs[i]->queued)
            s->runs[i]->queued = false; /* its task is gone, its row stays */
    }
    for (i = 0; i < s->workspace_n && s->fault[SIM_FAULT_redis_missing]; i++) {
        s->workspaces[i]->slots = 0;
        s->workspaces[i]->call_n = 0;
    }
    ok(a);
}

void sim_control_kill(struct sim *s, const struct sim_request *q,
                      struct sim_reply *a)
{
    (void)q;
    sim_workers_kill(s);
    ok(a);
}
