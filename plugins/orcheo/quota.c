/* SPDX-License-Identifier: MIT
 *
 * quota.c - the workspace's run quota, which a dispatch meets in silence: runs
 * beyond it are left out of the answer. */
#include <string.h>

#include "orcheo.h"

#define PATIENCE 20 /* empty answers in a row while runs of ours are listed */

static const char full_text[] =
    "Orcheo answers dispatches with an empty list though none of our runs is "
    "in flight. Either (1) the workspace's run quota is in use by others: use "
    "a workspace of its own, or a larger max_concurrent_runs; or (2) slots "
    "leaked (cancelled or never executed runs): delete the Redis key "
    "orcheo:workspace:runs:<workspace_id>; or (3) ORCHEO_REDIS_URL is not "
    "set: give API and worker the same one and restart the API";

/* Another of our daemons, or runs that we lost sight of? */
static bool ours_in_flight(struct tt_instance *self)
{
    struct tt_error e;
    struct reply r;
    json_object *run;
    bool found;
    size_t i;

    memset(&e, 0, sizeof e);
    /* Not known: be patient. */
    found = collect_list(self, LIST_MAX, &r, &e) != 0;
    for (i = 0; !found && i < json_object_array_length(r.body); i++) {
        run = json_object_array_get_idx(r.body, i);
        found = !run_finished(run) && run_evaluation(run)[0] != '\0';
    }
    reply_fini(&r);
    return found;
}

/* The list was empty: back-pressure, or an Orcheo that will never do it. */
int quota_took_nothing(struct tt_instance *self, struct tt_error *e)
{
    self->empties++;
    if (self->n_tracked == 0 && self->empties >= 2 &&
        (self->empties >= PATIENCE || !ours_in_flight(self)))
        return tt_fail(e, TT_EPRECONDITION, "%s", full_text);
    return 0;
}

/* How full is the quota? POST /runs says so, and takes nothing when it is. */
void quota_probe(struct tt_instance *self, int64_t *limit, int64_t *current)
{
    json_object *body = json_object_new_object();
    struct tt_error e;
    struct reply r;
    char path[120];

    memset(&e, 0, sizeof e);
    json_object_object_add(
        body, "workflow_version_id",
        json_object_new_string(self->target.version_id));
    json_object_object_add(body, "triggered_by",
                           json_object_new_string("trimtab:doctor"));
    json_object_object_add(body, "input_payload", json_object_new_object());
    snprintf(path, sizeof path, "/api/workflows/%s/runs",
             self->target.workflow);
    if (client_call(self, "POST", path, body, &r, &e) == 0)
        cancel_run(self, js_str(r.body, "id"), "trimtab: doctor");
    *limit = r.limit;
    *current = r.current;
    self->pause_until_ms = 0; /* dispatches are not paused by it */
    reply_fini(&r);
    json_object_put(body);
}
