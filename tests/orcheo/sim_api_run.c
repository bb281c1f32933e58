/* SPDX-License-Identifier: MIT
 *
 * sim_api_run.c - runs and histories: read, cancelled, marked. */
#include <stdio.h>
#include <string.h>

#include "tests/orcheo/sim_http.h"

static bool limit_of(const struct sim *s, const struct sim_request *q,
                     size_t *limit, struct sim_reply *a)
{
    const char *text = sim_query(q, "limit");
    struct sim_check c;
    json_object *value, *context;
    char *end = NULL;
    long n = text != NULL ? strtol(text, &end, 10) : 50;

    if (text == NULL || (end != text && *end == '\0' && n >= 1 && n <= 200)) {
        *limit = (size_t)n;
        return true;
    }
    sim_check_init(&c, s);
    json_object_array_put_idx(c.at, 0, json_object_new_string("query"));
    sim_check_push(&c, "limit");
    value = json_object_new_string(text);
    context = json_object_new_object();
    json_set_int(context, n < 1 ? "ge" : "le", n < 1 ? 1 : 200);
    sim_check_fail(&c, n < 1 ? "greater_than_equal" : "less_than_equal",
                   n < 1 ? "Input should be greater than or equal to 1"
                         : "Input should be less than or equal to 200",
                   value, context);
    json_object_put(value);
    sim_check_fini(&c, a);
    return false;
}

/* Newest first; filters that it does not know are ignored. */
void sim_run_list(struct sim *s, const struct sim_request *q,
                  struct sim_reply *a)
{
    struct sim_workflow *w;
    size_t limit, i;

    if (!limit_of(s, q, &limit, a))
        return;
    w = sim_workflow_find(s, q->workspace, q->part[2]);
    if (w == NULL) {
        sim_detail(a, 404, "Workflow not found");
        return;
    }
    a->status = 200;
    a->body = json_object_new_array();
    for (i = s->run_n; i-- > 0 && json_object_array_length(a->body) < limit;) {
        struct sim_run *r = s->runs[i];

        if (r->version->workflow == w && r->fault[SIM_FAULT_vanish] == 0 &&
            r->fault[SIM_FAULT_lost] == 0)
            json_object_array_add(a->body, json_copy(r->doc));
    }
}

/* By id; the workspace is looked at for reading only. */
static struct sim_run *run_of(struct sim *s, const struct sim_request *q,
                              bool isolated, struct sim_reply *a)
{
    struct sim_run *r;

    if (!sim_check_path_uuid(s, q->part[2], "run_id", a))
        return NULL;
    r = sim_run_find(s, q->part[2]);
    if (r != NULL && r->fault[SIM_FAULT_lost] == 0 &&
        (!isolated || s->options.old || r->workspace == q->workspace))
        return r;
    sim_detail(a, 404, "Workflow run not found");
    return NULL;
}

void sim_run_get(struct sim *s, const struct sim_request *q,
                 struct sim_reply *a)
{
    struct sim_run *r = run_of(s, q, true, a);

    if (r == NULL)
        return;
    a->status = 200;
    a->body = json_copy(r->doc);
}

void sim_run_history(struct sim *s, const struct sim_request *q,
                     struct sim_reply *a)
{
    struct sim_run *r = sim_run_find(s, q->part[2]);

    if (r == NULL || r->history == NULL || r->fault[SIM_FAULT_lost] != 0) {
        sim_detail(a, 404, "Execution history not found");
        return;
    }
    a->status = 200;
    a->body = json_copy(r->history);
}

/* --- changing ------------------------------------------------------------ */

static bool terminal(const struct sim_run *r)
{
    return r->status != SIM_PENDING && r->status != SIM_RUNNING;
}

static bool check_actor(const struct sim *s, const struct sim_request *q,
                        const char *more, struct sim_reply *a)
{
    struct sim_check c;

    sim_check_init(&c, s);
    if (sim_check_body(&c, q)) {
        sim_check_get(&c, q->body, "actor", SIM_STRING, true);
        sim_check_get(&c, q->body, "reason", SIM_STRING, false);
        if (more != NULL)
            sim_check_get(&c, q->body, more, SIM_STRING, true);
    }
    return sim_check_fini(&c, a);
}

/* It flips the row only. A worker that has the run goes on to the end; where
 * none has it, the slot never comes back. */
void sim_run_cancel(struct sim *s, const struct sim_request *q,
                    struct sim_reply *a)
{
    struct sim_run *r;

    if (!check_actor(s, q, NULL, a))
        return;
    r = run_of(s, q, false, a);
    if (r == NULL)
        return;
    if (terminal(r)) {
        sim_detail(a, 409, "Cannot cancel a run that is already completed.");
        return;
    }
    r->queued = false;
    sim_run_status(s, r, SIM_CANCELLED, json_str(q->body, "actor"), NULL,
                   json_str(q->body, "reason"));
    a->status = 200;
    a->body = json_copy(r->doc);
}

/* start, succeed, fail: open to any token. */
void sim_run_mark(struct sim *s, const struct sim_request *q,
                  struct sim_reply *a)
{
    bool start = strcmp(q->part[3], "start") == 0;
    bool failing = strcmp(q->part[3], "fail") == 0;
    const char *actor;
    json_object *output;
    struct sim_run *r;

    if (!check_actor(s, q, failing ? "error" : NULL, a))
        return;
    r = run_of(s, q, false, a);
    if (r == NULL)
        return;
    actor = json_str(q->body, "actor");
    if (start && r->status != SIM_PENDING) {
        sim_detail(a, 409, "Only pending runs can be started.");
    } else if (failing && terminal(r)) {
        sim_detail(a, 409, "Only pending or running runs can be marked as "
                   "failed.");
    } else if (!start && !failing && r->status != SIM_RUNNING) {
        sim_detail(a, 409, "Only running runs can be marked as succeeded.");
    } else {
        r->queued = false;
        output = json_child(q->body, "output");
        sim_run_status(s, r, start ? SIM_RUNNING
                             : failing ? SIM_FAILED : SIM_SUCCEEDED, actor,
                       start || failing ? NULL
                           : output != NULL ? json_copy(output)
                                            : json_object_new_object(),
                       failing ? json_str(q->body, "error") : NULL);
        a->status = 200;
        a->body = json_copy(r->doc);
    }
}
