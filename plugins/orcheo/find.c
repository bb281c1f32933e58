/* SPDX-License-Identifier: MIT
 *
 * find.c - after a restart, or an answer that left us unsure: which runs of a
 * label are there? Orcheo knows no idempotency, so one evaluation may have two
 * runs; the better one counts. */
#include <string.h>

#include "orcheo.h"

/* Of two runs of one evaluation the better: finished, else running, else
 * pending; a lost one last. */
static int rank(struct tt_instance *self, json_object *run)
{
    struct verdict v;
    uint32_t state;

    run_judge(self, run, &v);
    state = v.state;
    verdict_fini(&v);
    if (state == TT_SUCCEEDED)
        return 4;
    if (state == TT_ERROR)
        return 3;
    if (state == TT_RUNNING)
        return strcmp(js_str(run, "status"), "running") == 0 ? 2 : 1;
    return 0;
}

static bool has_label(json_object *run, struct tt_str label)
{
    return tt_str_equal(tt_str_of(js_str(run, "triggered_by")), label) &&
           run_evaluation(run)[0] != '\0';
}

/* Is there a better run of the same evaluation in the list? */
static bool outdone(struct tt_instance *self, json_object *list, size_t at,
                    struct tt_str label)
{
    json_object *run = json_object_array_get_idx(list, at), *other;
    int mine, theirs;
    size_t i;

    for (i = 0; i < json_object_array_length(list); i++) {
        other = json_object_array_get_idx(list, i);
        if (i == at || !has_label(other, label) ||
            strcmp(run_evaluation(run), run_evaluation(other)) != 0)
            continue;
        mine = rank(self, run);
        theirs = rank(self, other);
        if (theirs > mine || (theirs == mine && i < at))
            return true;
    }
    return false;
}

/* A config of a slot that was not the candidate's: the run is worthless. */
static bool is_astray(struct tt_instance *self, json_object *run)
{
    return self->target.mode != MODE_INPUTS && run_parameters(run) != NULL &&
           !config_holds(js_get(run, "runnable_config"),
                         self->evaluation.paths, run_parameters(run));
}

static int find_one(struct tt_instance *self, json_object *run, bool worse,
                    const struct tt_outcome_sink *sink)
{
    struct verdict v;
    int code;

    if (worse || is_astray(self, run)) {
        if (!run_finished(run))
            cancel_run(self, js_str(run, "id"), "trimtab: superseded");
        return 0;
    }
    run_judge(self, run, &v);
    if (v.state == TT_RUNNING)
        track(self, run);
    code = verdict_emit(self, run, &v, sink);
    verdict_fini(&v);
    return code;
}

int collect_find(struct tt_instance *self, struct tt_str label,
                 const struct tt_outcome_sink *sink, struct tt_error *e)
{
    struct reply r;
    json_object *run;
    uint64_t limit;
    size_t i;
    int code = target_ready(self, e);

    if (code != 0)
        return code;
    /* Long inputs and results: better a part of the list than none. */
    for (limit = LIST_MAX; ; limit /= 5) {
        code = collect_list(self, limit, &r, e);
        if (!r.too_big || limit < 5)
            break;
        reply_fini(&r);
    }
    for (i = 0; code == 0 && i < json_object_array_length(r.body); i++) {
        run = json_object_array_get_idx(r.body, i);
        if (has_label(run, label))
            code = find_one(self, run, outdone(self, r.body, i, label), sink);
    }
    reply_fini(&r);
    return code;
}
