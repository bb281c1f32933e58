/* SPDX-License-Identifier: MIT
 *
 * slots.c - candidates for workflows that read only their stored config: a
 * slot is a version of the evaluation workflow whose config we overwrite. A
 * run takes a copy of its version's config when it is dispatched (the echo
 * shows it), so a slot is free again as soon as the echo was right. */
#include <string.h>

#include "orcheo.h"

/* The evaluation version's own config, with these parameters in place. Slots
 * never grow from each other: a value left behind would be a wrong score. */
json_object *slots_config(struct tt_instance *self, json_object *parameters)
{
    json_object *config = self->target.stored != NULL
                              ? js_copy(self->target.stored)
                              : json_object_new_object();

    if (config == NULL ||
        config_put(config, self->evaluation.paths, parameters) != 0) {
        json_object_put(config);
        return NULL;
    }
    return config;
}

/* PUT it, and see it in the answer: there is no compare-and-set. */
static int store(struct tt_instance *self, struct slot *s,
                 json_object *parameters, struct tt_error *e)
{
    json_object *body = json_object_new_object(), *config;
    struct reply r;
    char path[200];
    int code;

    config = slots_config(self, parameters);
    if (config == NULL) {
        json_object_put(body);
        return tt_fail(e, TT_ENOMEM, "orcheo: out of memory");
    }
    json_object_object_add(body, "runnable_config", config);
    json_object_object_add(body, "actor", json_object_new_string("trimtab"));
    snprintf(path, sizeof path,
             "/api/workflows/%s/versions/%lld/runnable-config",
             self->target.workflow, (long long)s->version);
    json_object_put(s->holds);
    s->holds = NULL;
    code = client_call(self, "PUT", path, body, &r, e);
    if (code == 0 &&
        !config_holds(js_get(r.body, "runnable_config"),
                      self->evaluation.paths, parameters))
        code = tt_fail(e, TT_ECONFLICT, "slot version %lld: Orcheo stored "
                       "something else than it was given",
                       (long long)s->version);
    if (code == 0)
        s->holds = js_copy(parameters);
    reply_fini(&r);
    json_object_put(body);
    return code;
}

int slots_prepare(struct tt_instance *self, json_object *parameters,
                  uint32_t *taken, int *slot, struct tt_error *e)
{
    struct target *t = &self->target;
    size_t i;
    int code;

    for (i = 0; i < t->n_slots; i++) {
        if (t->slots[i].holds != NULL &&
            js_equal(t->slots[i].holds, parameters)) {
            *taken |= UINT32_C(1) << i;
            *slot = (int)i;
            return 0;
        }
    }
    *slot = -1;
    for (i = 0; i < t->n_slots; i++) {
        if ((*taken & (UINT32_C(1) << i)) == 0)
            break;
    }
    if (i == t->n_slots)
        return 0;
    code = store(self, &t->slots[i], parameters, e);
    if (code != 0)
        return code;
    *taken |= UINT32_C(1) << i;
    *slot = (int)i;
    return 0;
}
