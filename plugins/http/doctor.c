/* SPDX-License-Identifier: MIT
 *
 * doctor.c - "doctor" of trimtab.admin/1: one case is evaluated with the
 * defaults, as in a run, and what came of it is said: reached, let in,
 * understood, and which metrics stand where the config looks for them. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <trimtab/strategy.h>

#include "http.h"

#define TRIAL_MS 60000
#define NAP_MS 200

struct trial {
    uint32_t state; /* of the last outcome; 0 = none came */
    char handle[6000], message[WHY_BYTES];
    json_object *outputs; /* owned */
};

static int trial_emit(const struct tt_outcome_sink *sink,
                      const struct tt_outcome *o)
{
    struct trial *t = sink->ctx;

    t->state = o->state;
    if (o->handle.n > 0 && o->handle.n < sizeof t->handle &&
        o->handle.p != t->handle)
        copy_text(t->handle, sizeof t->handle, o->handle);
    copy_text(t->message, sizeof t->message, o->message);
    json_object_put(t->outputs);
    t->outputs = js_parse(o->outputs);
    return 0;
}

static int64_t mono_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void nap(uint64_t ms)
{
    struct timespec t = { (time_t)(ms / 1000),
                          (long)(ms % 1000) * 1000000 };

    nanosleep(&t, NULL);
}

/* --- the trial ------------------------------------------------------------ */

static bool is_active(const struct tt_space *space, const struct tt_value *v,
                      const struct tt_param *p)
{
    uint64_t i;

    if (p->parent < 0)
        return true;
    if ((v[p->parent].flags & TT_VALUE_INACTIVE) != 0 ||
        (uint64_t)p->parent >= space->n_params)
        return false;
    for (i = 0; i < p->n_parent_values; i++) {
        if (!(p->parent_values[i] < v[p->parent].number) &&
            !(p->parent_values[i] > v[p->parent].number))
            return true;
    }
    return false;
}

static struct tt_value *default_values(const struct tt_space *space)
{
    uint64_t i, n = space != NULL ? space->n_params : 0;
    struct tt_value *values = calloc((size_t)n + 1, sizeof *values);

    for (i = 0; values != NULL && i < n; i++) {
        const struct tt_param *p = tt_space_param(space, i);

        values[i].number = p->default_number;
        values[i].text = p->default_text;
        if (!is_active(space, values, p))
            values[i].flags = TT_VALUE_INACTIVE;
    }
    return values;
}

static int trial_submit(struct tt_instance *self, const struct tt_case *c,
                        const struct tt_outcome_sink *sink, struct tt_error *e)
{
    const struct tt_space *space = self->setup->space;
    struct tt_evaluation ev = { .size = sizeof ev, .case_size = sizeof *c };
    struct tt_batch batch = { .size = sizeof batch,
                              .evaluation_size = sizeof ev };
    struct tt_value *values = default_values(space);
    char id[60];
    int code;

    if (values == NULL)
        return tt_fail(e, TT_ENOMEM, "http: out of memory");
    snprintf(id, sizeof id, "doctor/%lld-%lld", (long long)time(NULL),
             (long long)mono_ms());
    ev.id = tt_str_of(id);
    ev.candidate.size = sizeof ev.candidate;
    ev.candidate.value_size = sizeof *values;
    ev.candidate.n_values = space != NULL ? space->n_params : 0;
    ev.candidate.values = values;
    ev.cases = c;
    ev.n_cases = 1;
    batch.label = tt_str_of("trimtab:doctor");
    batch.evaluations = &ev;
    batch.n_evaluations = 1;
    code = submit_submit(self, &batch, sink, e);
    free(values);
    return code;
}

static int trial_wait(struct tt_instance *self, struct trial *t,
                      const struct tt_outcome_sink *sink, struct tt_error *e)
{
    int64_t end = mono_ms() + TRIAL_MS;
    struct tt_str handle = tt_str_of(t->handle);
    uint64_t again;
    int code = 0;

    while (code == 0 && t->state == TT_RUNNING && mono_ms() < end) {
        code = collect_collect(self, &handle, 1, sink, &again, e);
        if (code == 0 && t->state == TT_RUNNING)
            nap(again < NAP_MS ? again : NAP_MS);
    }
    if (t->state == TT_RUNNING)
        (void)collect_abandon(self, handle, NULL);
    return code;
}

/* --- what it says --------------------------------------------------------- */

static void add_check(json_object *answer, const char *status,
                      const char *message, const char *mend)
{
    json_object *check = json_object_new_object();
    char text[WHY_BYTES];

    copy_text(text, sizeof text, tt_str_of(message));
    json_object_object_add(check, "name", json_object_new_string("trial"));
    json_object_object_add(check, "status", json_object_new_string(status));
    json_object_object_add(check, "message", json_object_new_string(text));
    if (mend != NULL)
        json_object_object_add(check, "mend", json_object_new_string(mend));
    json_object_array_add(js_get(answer, "checks"), check);
    json_object_object_add(answer, "ok", json_object_new_boolean(
                                             strcmp(status, "fail") != 0));
}

/* "one case was scored: score 0.5, f1 0.25" */
static void list_metrics(const struct trial *t, char *out, size_t n)
{
    json_object *nodes = js_get(t->outputs, "node_results"), *value;

    snprintf(out, n, "one case was scored with the defaults:");
    json_object_object_foreach(nodes, name, node) {
        value = js_get(js_get(node, "metrics"), name);
        if (value != NULL && strlen(out) < n - 200)
            append(out, n, " %s %.17s", name, json_object_get_string(value));
    }
}

static void judge_trial(const struct trial *t, int code,
                        const struct tt_error *e, json_object *answer)
{
    char text[WHY_BYTES];

    if (code != 0) {
        add_check(answer, "fail", e->message, NULL);
        return;
    }
    switch (t->state) {
    case TT_SUCCEEDED:
        list_metrics(t, text, sizeof text);
        if (t->message[0] != '\0') {
            append(text, sizeof text, "; but %s", t->message);
            add_check(answer, "warn", text, NULL);
        } else {
            add_check(answer, "ok", text, NULL);
        }
        break;
    case TT_RUNNING:
        add_check(answer, "warn", "a job was taken, and has not ended within "
                  "a minute", "wait for the endpoint, or see that job.done "
                  "names the state in which its jobs end");
        break;
    case TT_LATER:
    case TT_LOST:
        add_check(answer, "fail", t->message, "see that the endpoint is "
                  "there and well");
        break;
    default:
        add_check(answer, "fail", t->message, NULL);
        break;
    }
}

static int doctor(struct tt_instance *self, json_object *params,
                  json_object *answer)
{
    json_object *content = js_get(params, "case");
    struct tt_case c = { .split = TT_VALIDATION };
    struct trial t = { .state = 0 };
    struct tt_outcome_sink sink = { &t, trial_emit };
    struct tt_error e = { .size = sizeof e };
    int code;

    json_object_object_add(answer, "checks", json_object_new_array());
    if (content == NULL) {
        add_check(answer, "warn", "no case was given, so nothing was sent",
                  "ask with a target that has a dataset");
        return 0;
    }
    js_write(&c.content, content);
    code = trial_submit(self, &c, &sink, &e);
    if (code == 0)
        code = trial_wait(self, &t, &sink, &e);
    judge_trial(&t, code, &e, answer);
    json_object_put(t.outputs);
    return 0;
}

int admin_call(struct tt_instance *self, struct tt_str method,
               struct tt_str params, const struct tt_sink *answer,
               struct tt_error *e)
{
    json_object *in, *out;
    struct tt_str text;
    int code;

    if (!tt_str_equal(method, tt_str_of("doctor")))
        return fail(e, TT_EUNSUPPORTED, "http: no such method: %.*s",
                    (int)(method.n < 100 ? method.n : 100),
                    method.n > 0 ? method.p : "");
    in = params.n > 0 ? js_parse(params) : json_object_new_object();
    if (!json_object_is_type(in, json_type_object)) {
        json_object_put(in);
        return tt_fail(e, TT_EINVAL, "http: params: must be an object");
    }
    out = json_object_new_object();
    code = doctor(self, in, out);
    if (code == 0) {
        js_write(&text, out);
        code = answer->write(answer, text.p, text.n);
    }
    json_object_put(in);
    json_object_put(out);
    return code;
}
