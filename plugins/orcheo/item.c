/* SPDX-License-Identifier: MIT
 *
 * item.c - one evaluation as one run: its inputs, its config, and the values
 * that must not be sent. */
#include <string.h>

#include "orcheo.h"

static const struct tt_case *case_at(const struct tt_evaluation *ev, uint64_t i)
{
    return (const struct tt_case *)(const void *)((const char *)ev->cases +
                                                  i * ev->case_size);
}

static bool put_cases(struct tt_instance *self, const struct tt_evaluation *ev,
                      json_object *inputs, char *why, size_t n)
{
    const struct evaluation *v = &self->evaluation;
    json_object *list = NULL, *c;
    uint64_t i;

    if (v->case_as == CASE_LIST) {
        list = json_object_new_array();
        json_object_object_add(inputs, v->cases_key, list);
    }
    for (i = 0; i < ev->n_cases; i++) {
        c = js_parse(case_at(ev, i)->content);
        if (!json_object_is_type(c, json_type_object)) {
            snprintf(why, n, "case %llu is no JSON object",
                     (unsigned long long)case_at(ev, i)->id);
            json_object_put(c);
            return false;
        }
        if (v->case_as == CASE_LIST) {
            json_object_array_add(list, c);
        } else if (v->case_as == CASE_OBJECT) {
            json_object_object_add(inputs, v->cases_key, c);
        } else {
            json_object_object_foreach(c, key, value) {
                json_object_object_add(inputs, key, json_object_get(value));
            }
            json_object_put(c);
        }
    }
    return true;
}

static json_object *inputs_build(struct tt_instance *self,
                          const struct tt_evaluation *ev,
                          json_object *parameters, char *why, size_t n)
{
    const struct evaluation *v = &self->evaluation;
    uint64_t most = v->case_as == CASE_LIST ? (uint64_t)v->cases_per_run : 1;
    json_object *inputs, *ours;
    const char *poison;

    if (most > 0 && ev->n_cases > most) {
        snprintf(why, n, "%llu cases in one evaluation, but cases_per_run "
                 "is %llu", (unsigned long long)ev->n_cases,
                 (unsigned long long)most);
        return NULL;
    }
    inputs = v->inputs != NULL ? js_copy(v->inputs) : json_object_new_object();
    if (!put_cases(self, ev, inputs, why, n)) {
        json_object_put(inputs);
        return NULL;
    }
    ours = json_object_new_object();
    json_object_object_add(ours, "evaluation",
                           json_object_new_string_len(ev->id.p,
                                                      (int)ev->id.n));
    json_object_object_add(ours, "parameters", json_object_get(parameters));
    json_object_object_add(inputs, "trimtab", ours);
    poison = js_poison(inputs);
    if (poison != NULL) {
        snprintf(why, n, "Orcheo would choke on %s in a parameter or a case",
                 poison);
        json_object_put(inputs);
        return NULL;
    }
    return inputs;
}

static void warn_once(struct tt_instance *self, unsigned what,
                      const char *name, const char *text)
{
    if ((self->warned & what) != 0)
        return;
    self->warned |= what;
    say(self, TT_LOG_WARN, "orcheo: %s: %s", name, text);
}

static bool drops_temperature(json_object *value)
{
    static const char *const families[] = { "gpt-5", "o1", "o3", "o4" };
    const char *model, *colon;
    size_t i;

    if (!json_object_is_type(value, json_type_string))
        return false;
    model = json_object_get_string(value);
    colon = strchr(model, ':');
    model = colon != NULL ? colon + 1 : model;
    for (i = 0; i < sizeof families / sizeof *families; i++) {
        if (strncmp(model, families[i], strlen(families[i])) == 0)
            return true;
    }
    return false;
}

/* A parameter that the model's client drops is tuned in vain. The model is a
 * parameter itself, or stands beside it in the stored config. */
static void warn_temperature(struct tt_instance *self, json_object *parameters)
{
    json_object_object_foreach(parameters, node, values) {
        json_object *stored = js_at(self->target.stored, "configurable");
        json_object *model = js_get(values, "model");

        if (model == NULL)
            model = js_get(values, "ai_model");
        if (model == NULL)
            model = js_get(js_get(stored, node), "model");
        if (model == NULL)
            model = js_get(js_get(stored, node), "ai_model");
        if (js_get(values, "temperature") != NULL && drops_temperature(model))
            warn_once(self, WARNED_TEMPERATURE, node, "this model's client "
                      "drops temperature silently: tuning it does nothing");
    }
}

/* Why must these values not be sent? NULL when they may. */
static const char *parameters_refusal(struct tt_instance *self,
                                      json_object *parameters)
{
    json_object_object_foreach(parameters, node, values) {
        json_object_object_foreach(values, name, value) {
            (void)name;
            if (js_is_secret_reference(value))
                return "a value of the form [[name]]: Orcheo would put a "
                       "secret of its vault in its place";
            if (json_object_is_type(value, json_type_string) &&
                strstr(json_object_get_string(value), "{{") != NULL)
                warn_once(self, WARNED_TEMPLATE, node, "a text holds {{...}}, "
                          "which Orcheo does not expand in values");
        }
    }
    warn_temperature(self, parameters);
    return NULL;
}

/* The config for an Orcheo that takes one per run. The marker in its metadata
 * cannot stand in a stored config, so an echo that has it is a proof. */
static json_object *direct_config(struct tt_instance *self,
                                  json_object *parameters, struct tt_str id)
{
    json_object *config = slots_config(self, parameters);

    if (config != NULL)
        js_set_at(config, "metadata.trimtab",
                  json_object_new_string_len(id.p, (int)id.n));
    return config;
}

json_object *item_build(struct tt_instance *self,
                        const struct tt_evaluation *ev,
                        json_object *parameters, char *why, size_t n)
{
    json_object *inputs, *run;
    const char *refusal = parameters_refusal(self, parameters);

    if (refusal != NULL) {
        copy_text(why, n, refusal);
        return NULL;
    }
    inputs = inputs_build(self, ev, parameters, why, n);
    if (inputs == NULL)
        return NULL;
    run = json_object_new_object();
    json_object_object_add(run, "workflow_version_id",
                           json_object_new_string(self->target.version_id));
    json_object_object_add(run, "input_payload", inputs);
    if (self->target.offers_config)
        json_object_object_add(run, "runnable_config",
                               direct_config(self, parameters, ev->id));
    return run;
}
