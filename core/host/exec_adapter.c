/* SPDX-License-Identifier: MIT
 *
 * exec_adapter.c - trimtab.adapter/1 over lines. */
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/host/exec_in.h"

#define SELF(instance) ((struct exec_instance *)(void *)(instance))
#define MOST_AGAIN_MS INT64_C(3600000)

static json_object *with(const char *key, json_object *value)
{
    json_object *o = json_object_new_object();

    json_set(o, key, value);
    return o;
}

static int validate(const struct tt_setup *setup, struct tt_error *e)
{
    return exec_once("validate", with("setup", exec_setup(setup)), e);
}

static int open_adapter(const struct tt_host *tt_host,
                        const struct tt_setup *setup, struct tt_instance **out,
                        struct tt_error *e)
{
    struct exec_instance *x = NULL;
    int rc = exec_instance_create(tt_host, &x, e);

    if (rc != 0)
        return rc;
    x->space = setup->space;
    rc = exec_do(x, "open", with("setup", exec_setup(setup)), e);
    if (rc != 0)
        exec_instance_destroy(x);
    else
        *out = (struct tt_instance *)(void *)x;
    return rc;
}

/* {"outcomes":[...]} of an answer into the sink. */
static int emit_all(struct exec_instance *x, const char *call,
                    json_object *result, const struct tt_outcome_sink *sink,
                    struct tt_error *e)
{
    json_object *list = json_child(result, "outcomes");
    struct tt_outcome outcome;
    struct arena a = { 0 };
    struct err why = { 0 };
    size_t i, n = 0;
    int rc = 0;

    if (list != NULL && !json_object_is_type(list, json_type_array)) {
        err_set(&why, TT_EPLUGIN, "outcomes: must be an array");
        return exec_refuse(x, call, &why, e);
    }
    if (list != NULL)
        n = json_object_array_length(list);
    for (i = 0; rc == 0 && i < n; i++) {
        if (exec_get_outcome(json_object_array_get_idx(list, i), i, &a,
                             &outcome, &why) != 0)
            rc = exec_refuse(x, call, &why, e);
        else
            rc = sink->emit(sink, &outcome);
    }
    arena_fini(&a);
    return rc;
}

static int submit(struct tt_instance *self, const struct tt_batch *batch,
                  const struct tt_outcome_sink *sink, struct tt_error *e)
{
    struct exec_instance *x = SELF(self);
    json_object *result;
    int rc = exec_call(x, "submit", with("batch", exec_batch(batch, x->space)),
                       &result, e);

    if (rc == 0)
        rc = emit_all(x, "submit", result, sink, e);
    json_object_put(result);
    return rc;
}

static int collect(struct tt_instance *self, const struct tt_str *handles,
                   uint64_t n_handles, const struct tt_outcome_sink *sink,
                   uint64_t *again_ms, struct tt_error *e)
{
    json_object *list = json_object_new_array(), *result;
    struct exec_instance *x = SELF(self);
    struct err why = { 0 };
    const int64_t soon = 200;
    int64_t again = 0;
    uint64_t i;
    int rc;

    for (i = 0; i < n_handles; i++)
        json_object_array_add(list, exec_text(handles[i]));
    rc = exec_call(x, "collect", with("handles", list), &result, e);
    if (rc == 0)
        rc = emit_all(x, "collect", result, sink, e);
    if (rc == 0 &&
        json_get_int((struct json_at){ result, "result" }, "again_ms", &soon, 0,
                     MOST_AGAIN_MS, &again, &why) != 0)
        rc = exec_refuse(x, "collect", &why, e);
    if (rc == 0)
        *again_ms = (uint64_t)again;
    json_object_put(result);
    return rc;
}

static int find(struct tt_instance *self, struct tt_str label,
                const struct tt_outcome_sink *sink, struct tt_error *e)
{
    struct exec_instance *x = SELF(self);
    json_object *result;
    int rc = exec_call(x, "find", with("label", exec_text(label)), &result, e);

    if (rc == 0)
        rc = emit_all(x, "find", result, sink, e);
    json_object_put(result);
    return rc;
}

static int abandon(struct tt_instance *self, struct tt_str handle,
                   struct tt_error *e)
{
    return exec_do(SELF(self), "abandon", with("handle", exec_text(handle)), e);
}

static void close_adapter(struct tt_instance *self)
{
    exec_instance_destroy(SELF(self));
}

/* --- trimtab.admin/1 ------------------------------------------------------- */

static int admin_call(struct tt_instance *self, struct tt_str method,
                      struct tt_str params, const struct tt_sink *answer,
                      struct tt_error *e)
{
    json_object *members = with("method", exec_text(method)), *result;
    struct buf text = { 0 };
    int rc;

    json_set(members, "params",
             json_parse(params.p != NULL ? params.p : "", (size_t)params.n,
                        &json_limits_document, NULL));
    rc = exec_call(SELF(self), "admin", members, &result, e);
    if (rc == 0) {
        json_canonical(result, &text);
        rc = answer->write(answer, text.data, text.len);
    }
    buf_fini(&text);
    json_object_put(result);
    return rc;
}

static const struct tt_admin admin = { .call = admin_call };

static const void *get_extension(const char *id)
{
    return strcmp(id, TT_EXTENSION_ADMIN) == 0 ? &admin : NULL;
}

#define ADAPTER_CALLS                                                          \
    .validate = validate, .open = open_adapter, .submit = submit,              \
    .collect = collect, .find = find, .abandon = abandon,                      \
    .close = close_adapter

const struct tt_adapter exec_adapter = { ADAPTER_CALLS };
const struct tt_adapter exec_adapter_admin = { ADAPTER_CALLS,
                                               .get_extension = get_extension };
