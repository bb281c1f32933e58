/* SPDX-License-Identifier: MIT
 *
 * run.c - one Orcheo run, judged: is it finished, did it measure the candidate,
 * and whose fault was a failure. The score is not read here: that is the
 * host's bridge. */
#include <string.h>

#include "orcheo.h"

const char *run_evaluation(json_object *run)
{
    return js_str(js_at(run, "input_payload.trimtab"), "evaluation");
}

json_object *run_parameters(json_object *run)
{
    json_object *p = js_at(run, "input_payload.trimtab.parameters");

    return json_object_is_type(p, json_type_object) ? p : NULL;
}

bool run_finished(json_object *run)
{
    const char *status = js_str(run, "status");

    return strcmp(status, "succeeded") == 0 ||
           strcmp(status, "failed") == 0 || strcmp(status, "cancelled") == 0;
}

/* The first runs of a fresh Orcheo race to make their tables, and all but one
 * of them may fail: on a catalog of PostgreSQL, on a list of migrations, or on
 * each other's locks. */
static bool first_runs_raced(const char *text)
{
    static const char start[] =
        "duplicate key value violates unique constraint \"";

    return strncmp(text, start, strlen(start)) == 0 &&
           (strncmp(text + strlen(start), "pg_", 3) == 0 ||
            strstr(text, "_migrations_pkey\"") != NULL);
}

/* Texts of Orcheo itself, of its database (psycopg's words), and of the model's
 * client (openai's words). */
bool error_is_infrastructure(const char *text)
{
    static const char *const starts[] = {
        "couldn't get a connection after",
        "Run was cancelled because the backend shut down",
        "Connection error", "Request timed out",
        "deadlock detected", "tuple concurrently updated",
        "could not serialize access",
        "terminating connection due to administrator command",
        "the connection is closed", "consuming input failed",
        "connection failed", "connection to server",
        "server closed the connection unexpectedly",
    };
    /* The model's provider: overloaded, or asking for patience. */
    static const char *const providers[] = {
        "Error code: 429", "Error code: 500", "Error code: 502",
        "Error code: 503", "Error code: 504", "Error code: 529",
    };
    size_t i;

    if (first_runs_raced(text))
        return true;
    for (i = 0; i < sizeof starts / sizeof *starts; i++) {
        if (strncmp(text, starts[i], strlen(starts[i])) == 0)
            return true;
    }
    for (i = 0; i < sizeof providers / sizeof *providers; i++) {
        if (strstr(text, providers[i]) != NULL)
            return true;
    }
    return false;
}

/* Anybody's token may end a run; only the worker has executed it. NULL when
 * the log names no ender, or the worker. */
static const char *foreign_ender(json_object *run)
{
    json_object *log = js_array(run, "audit_log"), *entry;
    const char *action;
    size_t i;

    for (i = 0; log != NULL && i < json_object_array_length(log); i++) {
        entry = json_object_array_get_idx(log, i);
        action = js_str(entry, "action");
        if ((strcmp(action, "run_succeeded") == 0 ||
             strcmp(action, "run_failed") == 0) &&
            strcmp(js_str(entry, "actor"), "worker") != 0)
            return js_str(entry, "actor");
    }
    return NULL;
}

/* --- was it the candidate that ran? --------------------------------------- */

static json_object *results_of(json_object *run)
{
    json_object *state = js_at(run, "output_payload.final_state");
    json_object *results = js_get(state, "node_results");

    return results != NULL ? results : js_get(state, "results"); /* 0.33 */
}

/* Does this node's result say that it handed these values on? A node that
 * says only `source` is believed when there is one set of values. */
static bool result_has(json_object *result, json_object *values, bool alone)
{
    json_object *other;

    if (strcmp(js_str(result, "source"), "candidate") != 0)
        return false;
    json_object_object_foreach(values, name, value) {
        if (!json_object_object_get_ex(result, name, &other)) {
            if (!alone)
                return false;
        } else if (!js_equal(other, value)) {
            return false;
        }
    }
    return true;
}

static bool source_is_candidate(json_object *results, json_object *parameters)
{
    bool alone, found = true;

    if (!json_object_is_type(results, json_type_object))
        return false;
    alone = json_object_object_length(parameters) == 1;
    json_object_object_foreach(parameters, node, values) {
        (void)node;
        found = false;
        json_object_object_foreach(results, name, result) {
            (void)name;
            found = found || result_has(result, values, alone);
        }
        if (!found)
            return false;
    }
    return found;
}

/* The mode that the run proves, or NULL with why. */
static const char *proven_mode(struct tt_instance *self, json_object *run,
                               char *why, size_t n)
{
    json_object *parameters = run_parameters(run), *results = results_of(run);
    json_object *config = js_get(run, "runnable_config");

    if (parameters == NULL || json_object_object_length(parameters) == 0)
        return "stored";
    if (self->target.mode == MODE_INPUTS &&
        source_is_candidate(results, parameters))
        return "inputs";
    if (config_holds(config, self->evaluation.paths, parameters)) {
        if (strcmp(js_str(js_get(config, "metadata"), "trimtab"),
                   run_evaluation(run)) == 0)
            return "direct";
        if (self->target.mode == MODE_SLOTS)
            return "slots";
    }
    if (self->target.mode == MODE_INPUTS)
        snprintf(why, n, "it ran, but no node says source \"candidate\" with "
                 "these values, so it measured something else: let the "
                 "evaluation workflow take inputs.trimtab.parameters over its "
                 "stored config and answer its source, or use mode slots");
    else
        snprintf(why, n, "it ran with another config than it was given");
    return NULL;
}

/* --- outputs and evidence ------------------------------------------------- */

/* What the model's client counted; Orcheo's own trace says 0. */
static void count_tokens(json_object *messages, struct verdict *v)
{
    json_object *m, *usage;
    size_t i;

    if (!json_object_is_type(messages, json_type_array))
        return;
    for (i = 0; i < json_object_array_length(messages); i++) {
        m = json_object_array_get_idx(messages, i);
        usage = js_at(m, "response_metadata.token_usage");
        if (usage != NULL) {
            v->tokens_in += (uint64_t)js_int(usage, "prompt_tokens", 0);
            v->tokens_out += (uint64_t)js_int(usage, "completion_tokens", 0);
            continue;
        }
        usage = js_get(m, "usage_metadata");
        if (usage == NULL)
            usage = js_at(m, "additional_kwargs.usage_metadata");
        v->tokens_in += (uint64_t)js_int(usage, "input_tokens", 0);
        v->tokens_out += (uint64_t)js_int(usage, "output_tokens", 0);
    }
}

static void add_str(json_object *o, const char *key, const char *value)
{
    json_object_object_add(o, key, json_object_new_string(value));
}

static json_object *evidence_of(struct tt_instance *self, json_object *run,
                                const char *mode)
{
    json_object *o = json_object_new_object(), *parameters;

    add_str(o, "run", js_str(run, "id"));
    add_str(o, "workflow", self->target.workflow);
    add_str(o, "version_id", js_str(run, "workflow_version_id"));
    if (strcmp(js_str(run, "workflow_version_id"),
               self->target.version_id) == 0)
        json_object_object_add(o, "version",
                               json_object_new_int64(self->target.version));
    add_str(o, "status", js_str(run, "status"));
    add_str(o, "label", js_str(run, "triggered_by"));
    add_str(o, "created_at", js_str(run, "created_at"));
    add_str(o, "completed_at", js_str(run, "completed_at"));
    if (mode != NULL) {
        add_str(o, "mode", mode);
        add_str(o, "source", strcmp(mode, "stored") == 0 ? "active"
                                                          : "candidate");
    }
    parameters = js_copy(run_parameters(run));
    if (parameters != NULL)
        json_object_object_add(o, "parameters", parameters);
    return o;
}

static json_object *outputs_of(json_object *run)
{
    json_object *o = json_object_new_object();
    json_object *state = js_at(run, "output_payload.final_state");
    json_object *results = js_get(state, "node_results");

    if (results != NULL)
        json_object_object_add(o, "node_results", json_object_get(results));
    else if (js_get(state, "results") != NULL)
        json_object_object_add(o, "results",
                               json_object_get(js_get(state, "results")));
    if (js_array(state, "messages") != NULL)
        json_object_object_add(o, "messages",
                               json_object_get(js_get(state, "messages")));
    return o;
}

/* --- the verdict ---------------------------------------------------------- */

static void judge_failed(json_object *run, struct verdict *v)
{
    const char *text = js_str(run, "error"), *hint = "";

    v->state = error_is_infrastructure(text) ? TT_LOST : TT_ERROR;
    if (strstr(text, "{{") != NULL)
        hint = "; a template did not resolve: the stored config of that "
               "version lacks the value";
    else if (strstr(text, "Token \"NaN\"") != NULL ||
             strstr(text, "Token \"Infinity\"") != NULL ||
             strstr(text, "Token \"-Infinity\"") != NULL)
        hint = "; a node's output was not a finite number, which Orcheo "
               "cannot store";
    else if (strstr(text, "Credential '") != NULL)
        hint = "; put that secret into Orcheo's vault";
    snprintf(v->message, sizeof v->message, "run %s failed: %.400s%s",
             js_str(run, "id"), text, hint);
}

static void judge_succeeded(struct tt_instance *self, json_object *run,
                            struct verdict *v)
{
    char why[400] = "";
    const char *mode = proven_mode(self, run, why, sizeof why);

    json_object_put(v->evidence);
    v->evidence = evidence_of(self, run, mode);
    if (mode == NULL) {
        v->state = TT_ERROR;
        snprintf(v->message, sizeof v->message, "run %s: %s",
                 js_str(run, "id"), why);
        return;
    }
    v->state = TT_SUCCEEDED;
    v->outputs = outputs_of(run);
    count_tokens(js_get(v->outputs, "messages"), v);
}

void run_judge(struct tt_instance *self, json_object *run, struct verdict *v)
{
    const char *status = js_str(run, "status");
    const char *ender = foreign_ender(run);

    memset(v, 0, sizeof *v);
    v->id = run_evaluation(run);
    v->evidence = evidence_of(self, run, NULL);
    if (!run_finished(run)) {
        v->state = TT_RUNNING;
    } else if (strcmp(status, "cancelled") == 0) {
        v->state = TT_LOST;
        snprintf(v->message, sizeof v->message, "run %s was cancelled: %.300s",
                 js_str(run, "id"), js_str(run, "error"));
    } else if (ender != NULL) {
        v->state = TT_LOST;
        snprintf(v->message, sizeof v->message, "run %s was ended by %.100s, "
                 "not by Orcheo's worker: its result is not trusted",
                 js_str(run, "id"), ender);
    } else if (strcmp(status, "failed") == 0) {
        judge_failed(run, v);
    } else {
        judge_succeeded(self, run, v);
    }
}

void verdict_fini(struct verdict *v)
{
    json_object_put(v->outputs);
    json_object_put(v->evidence);
    v->outputs = v->evidence = NULL;
}

int verdict_emit(struct tt_instance *self, json_object *run, struct verdict *v,
                 const struct tt_outcome_sink *sink)
{
    struct tt_outcome o;

    memset(&o, 0, sizeof o);
    o.size = sizeof o;
    o.state = v->state;
    o.id = tt_str_of(v->id);
    o.handle = tt_str_of(js_str(run, "id"));
    o.message = tt_str_of(v->message);
    if (v->outputs != NULL)
        js_write(&o.outputs, v->outputs);
    if (v->evidence != NULL)
        js_write(&o.evidence, v->evidence);
    o.tokens_in = v->tokens_in;
    o.tokens_out = v->tokens_out;
    o.cost = (double)v->tokens_in * self->settings.price_in +
             (double)v->tokens_out * self->settings.price_out;
    return sink->emit(sink, &o);
}
