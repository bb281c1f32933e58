/* SPDX-License-Identifier: MIT
 *
 * trial.c - the doctor's last check: a real run, on the way that a run of an
 * optimization takes. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "doctor.h"

#define TRIAL_MS 45000

struct trial {
    uint32_t state;
    char handle[ID_BYTES];
    char message[600];
    json_object *outputs;
};

static int trial_emit(const struct tt_outcome_sink *sink,
                      const struct tt_outcome *o)
{
    struct trial *t = sink->ctx;

    t->state = o->state;
    snprintf(t->handle, sizeof t->handle, "%.*s",
             (int)(o->handle.n < ID_BYTES ? o->handle.n : 0), o->handle.p);
    snprintf(t->message, sizeof t->message, "%.*s",
             (int)(o->message.n < 590 ? o->message.n : 590), o->message.p);
    if (o->outputs.n > 0) {
        json_object_put(t->outputs);
        t->outputs = js_parse(o->outputs);
    }
    return 0;
}

static void nap(uint64_t ms)
{
    struct timespec t = { (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };

    nanosleep(&t, NULL);
}

static void check_quota(struct doctor *d)
{
    char text[300], mend[700];
    int64_t limit, current;

    quota_probe(d->self, &limit, &current);
    if (limit >= 0)
        snprintf(text, sizeof text, "Orcheo counts %lld of %lld concurrent "
                 "runs as in use and takes no more", (long long)current,
                 (long long)limit);
    else
        snprintf(text, sizeof text, "Orcheo answers dispatches with an empty "
                 "list");
    snprintf(mend, sizeof mend, "if others run that many: use a workspace of "
             "its own with a larger max_concurrent_runs; if not, slots leaked: "
             "delete the Redis key orcheo:workspace:runs:%s; if that key does "
             "not exist, ORCHEO_REDIS_URL is missing: set it to the value of "
             "REDIS_URL for API and worker, and restart the API",
             d->workspace_id[0] != '\0' ? d->workspace_id : "<workspace_id>");
    doctor_check(d, "quota", "fail", text, mend);
}

/* The values of the trial: the defaults of the target's space. */
static struct tt_value *default_values(const struct tt_space *space)
{
    struct tt_value *values = calloc((size_t)space->n_params + 1,
                                     sizeof *values);
    uint64_t i;

    for (i = 0; values != NULL && i < space->n_params; i++) {
        values[i].number = tt_space_param(space, i)->default_number;
        values[i].text = tt_space_param(space, i)->default_text;
    }
    return values;
}

/* Dispatch it, twice when the first answer was empty. */
static int trial_submit(struct doctor *d, const struct tt_case *c,
                        struct trial *t, struct tt_error *e)
{
    const struct tt_space *space = d->self->setup->space;
    struct tt_value *values = default_values(space);
    struct tt_outcome_sink sink = { t, trial_emit };
    struct tt_evaluation ev;
    struct tt_batch batch;
    char id[60];
    int code = 0, tries;

    memset(&ev, 0, sizeof ev);
    memset(&batch, 0, sizeof batch);
    snprintf(id, sizeof id, "doctor-%lld-%lld", (long long)time(NULL),
             (long long)mono_ms());
    ev.size = sizeof ev;
    ev.case_size = sizeof *c;
    ev.id = tt_str_of(id);
    ev.candidate.size = sizeof ev.candidate;
    ev.candidate.value_size = sizeof *values;
    ev.candidate.n_values = space->n_params;
    ev.candidate.values = values;
    ev.cases = c;
    ev.n_cases = c->content.n > 0 ? 1 : 0;
    batch.size = sizeof batch;
    batch.evaluation_size = sizeof ev;
    batch.label = tt_str_of("trimtab:doctor");
    batch.evaluations = &ev;
    batch.n_evaluations = 1;
    for (tries = 0; code == 0 && tries < 3; tries++) {
        if (tries > 0)
            nap(1000);
        code = dispatch_submit(d->self, &batch, &sink, e);
        if (t->state != TT_LATER)
            break;
    }
    free(values);
    return code;
}

static int trial_wait(struct doctor *d, struct trial *t, struct tt_error *e)
{
    struct tt_outcome_sink sink = { t, trial_emit };
    struct tt_str handle;
    int64_t end = mono_ms() + TRIAL_MS;
    uint64_t again;
    char id[ID_BYTES];

    copy_text(id, sizeof id, t->handle);
    handle = tt_str_of(id);
    while (t->state == TT_RUNNING && mono_ms() < end) {
        int code = collect_collect(d->self, &handle, 1, &sink, &again, e);

        if (code != 0)
            return code;
        if (t->state == TT_RUNNING)
            nap(again < 1000 ? again : 1000);
    }
    if (t->state == TT_RUNNING)
        cancel_run(d->self, id, "trimtab: doctor");
    return 0;
}

/* Names of what the run measured: node.metric. */
static void check_metrics(struct doctor *d, json_object *outputs)
{
    json_object *results = js_get(outputs, "node_results");
    char text[600] = "";
    size_t n;

    if (results == NULL)
        results = js_get(outputs, "results");
    if (json_object_is_type(results, json_type_object)) {
        json_object_object_foreach(results, node, result) {
            n = strlen(text);
            if (js_str(result, "metric_name")[0] != '\0')
                snprintf(text + n, sizeof text - n, "%s%.80s.%.80s",
                         n > 0 ? ", " : "", node,
                         js_str(result, "metric_name"));
        }
    }
    if (text[0] != '\0')
        doctor_check(d, "metrics", "ok", text, "");
    else
        doctor_check(d, "metrics", "warn",
                     "no metric node answered in the trial",
                     "give the workflow one of Orcheo's metric nodes, or the "
                     "target a pointer under `metrics`");
}

void doctor_trial(struct doctor *d, json_object *params)
{
    struct tt_case c;
    struct trial t;
    struct tt_error e;
    int code;

    memset(&c, 0, sizeof c);
    memset(&t, 0, sizeof t);
    memset(&e, 0, sizeof e);
    if (js_get(params, "case") != NULL)
        js_write(&c.content, js_get(params, "case"));
    code = trial_submit(d, &c, &t, &e);
    if (code == TT_EPRECONDITION) {
        check_quota(d);
        return;
    }
    if (code == 0)
        code = trial_wait(d, &t, &e);
    if (code != 0)
        doctor_fail(d, "trial", &e);
    else if (t.state == TT_SUCCEEDED)
        doctor_check(d, "trial", "ok",
                     "a run was dispatched, executed and read back", "");
    else if (t.state == TT_RUNNING)
        doctor_check(d, "trial", "fail",
                     "the run was dispatched, but has not ended",
                     "is Orcheo's worker running? Without Celery, "
                     "ORCHEO_INPROCESS_EXECUTION must not be false");
    else
        doctor_check(d, "trial", "fail", t.message, "");
    if (t.state == TT_SUCCEEDED)
        check_metrics(d, t.outputs);
    json_object_put(t.outputs);
}
