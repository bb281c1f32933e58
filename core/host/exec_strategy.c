/* SPDX-License-Identifier: MIT
 *
 * exec_strategy.c - trimtab.strategy/1 over lines. */
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/host/exec_in.h"

#define SELF(instance) ((struct exec_instance *)(void *)(instance))

static json_object *with(const char *key, json_object *value)
{
    json_object *o = json_object_new_object();

    json_set(o, key, value);
    return o;
}

static int validate(const struct tt_problem *problem, struct tt_error *e)
{
    return exec_once("validate", with("problem", exec_problem(problem)), e);
}

static int open_strategy(const struct tt_host *tt_host,
                         const struct tt_problem *problem,
                         const struct tt_snapshot *snapshot,
                         struct tt_instance **out, struct tt_error *e)
{
    json_object *members = with("problem", exec_problem(problem));
    struct exec_instance *x = NULL;
    json_object *state;
    struct err why = { 0 };
    int rc = 0;

    if (snapshot != NULL) {
        state = exec_snapshot(snapshot, &why);
        if (state == NULL)
            rc = tt_fail(e, why.code, "%s", why.text);
        json_set(members, "snapshot", state);
    }
    if (rc == 0)
        rc = exec_instance_create(tt_host, &x, e);
    if (rc != 0) {
        json_object_put(members);
        return rc;
    }
    x->space = problem->space;
    rc = exec_do(x, "open", members, e);
    if (rc != 0)
        exec_instance_destroy(x);
    else
        *out = (struct tt_instance *)(void *)x;
    return rc;
}

static int on_event(struct tt_instance *self, const struct tt_event *event,
                    struct tt_error *e)
{
    json_object *o = exec_event(event, SELF(self)->space);

    /* A kind still to come: to be ignored, so that it is not even said. */
    return o != NULL ? exec_do(SELF(self), "on_event", with("event", o), e) : 0;
}

static int next(struct tt_instance *self, const struct tt_ask *ask,
                const struct tt_action_sink *sink, struct tt_error *e)
{
    struct exec_instance *x = SELF(self);
    const struct tt_action *action;
    json_object *result, *list = NULL;
    struct arena a = { 0 };
    struct err why = { 0 };
    size_t i, n = 0;
    int rc = exec_call(x, "next", with("ask", exec_ask(ask)), &result, e);

    if (rc == 0) {
        list = json_child(result, "actions");
        if (list != NULL && !json_object_is_type(list, json_type_array)) {
            err_set(&why, TT_EPLUGIN, "actions: must be an array");
            rc = exec_refuse(x, "next", &why, e);
        } else if (list != NULL) {
            n = json_object_array_length(list);
        }
    }
    for (i = 0; rc == 0 && i < n; i++) {
        if (exec_get_action(json_object_array_get_idx(list, i), i, x->space, &a,
                            &action, &why) != 0)
            rc = exec_refuse(x, "next", &why, e);
        else
            rc = sink->emit(sink, action);
    }
    arena_fini(&a);
    json_object_put(result);
    return rc;
}

static int snapshot(struct tt_instance *self, const struct tt_sink *sink,
                    struct tt_error *e)
{
    json_object *result;
    struct buf text = { 0 };
    struct err why = { 0 };
    int rc = exec_call(SELF(self), "snapshot", NULL, &result, e);

    if (rc == 0 && !json_object_object_get_ex(result, "state", NULL)) {
        err_set(&why, TT_EPLUGIN, "state: is missing");
        rc = exec_refuse(SELF(self), "snapshot", &why, e);
    } else if (rc == 0) {
        exec_put_state(json_child(result, "state"), &text);
        rc = sink->write(sink, text.data, text.len);
    }
    buf_fini(&text);
    json_object_put(result);
    return rc;
}

static int explain(struct tt_instance *self, uint64_t ref,
                   const struct tt_sink *json, struct tt_error *e)
{
    json_object *result;
    struct buf text = { 0 };
    int rc = exec_call(SELF(self), "explain", with("ref", exec_ref(ref)),
                       &result, e);

    if (rc == 0) {
        json_canonical(result, &text);
        rc = json->write(json, text.data, text.len);
    }
    buf_fini(&text);
    json_object_put(result);
    return rc;
}

static void close_strategy(struct tt_instance *self)
{
    exec_instance_destroy(SELF(self));
}

const struct tt_strategy exec_strategy = {
    .validate = validate,
    .open = open_strategy,
    .on_event = on_event,
    .next = next,
    .snapshot = snapshot,
    .explain = explain,
    .close = close_strategy,
};
