/* SPDX-License-Identifier: MIT
 *
 * sim_model.c - run a workflow script without Python: the script says in its
 * first docstring what it is, and its templates say where values come from. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/orcheo/sim_model.h"

/* What marks a script, and what its nodes put into their results. */
struct kind {
    const char *marker;
    unsigned does;
};
static const struct kind kinds[] = {
    { "Evaluation workflow of the demo", TUNED | MODEL | FAULTS | KEEPS },
    { "Production workflow of the demo, delivery by push", REPORTS },
    { "Production workflow of the demo, delivery by pull", PULLS | REPORTS },
    { "Noisy evaluation workflow", TUNED | NOISY | KEEPS },
    { "Deterministic trimtab target: no LLM", MODEL | FAULTS | FLOAT },
    { "Deterministic trimtab target, parameters per run",
      TUNED | MODEL | FLOAT | KEEPS },
    { "Deterministic trimtab target that pulls its parameters",
      PULLS | MODEL | FLOAT },
    { "Deterministic trimtab target for Orcheo's restricted",
      ONE_NODE | MODEL | KEEPS },
    { "HumanInputNode(", STOPS },
};

/* --- tuned --------------------------------------------------------------- */

/* The candidate of the run for this node over the stored values, by key. */
static json_object *tune(struct sim_state *st, const char *node,
                         const char *stored)
{
    json_object *values = sim_decode(st, stored), *given, *candidate;

    if (!json_object_is_type(values, json_type_object)) {
        json_object_put(values);
        values = json_object_new_object();
    }
    given = json_child(st->job->inputs, "trimtab");
    candidate = json_child(json_child(given, "parameters"), node);
    if (st->job->fault[SIM_FAULT_source_active] != 0 ||
        !json_object_is_type(candidate, json_type_object))
        candidate = NULL;
    if (candidate != NULL) {
        json_object_object_foreach(candidate, key, value)
            json_set(values, key, json_copy(value));
    }
    json_set_str(values, "source",
                 sim_truthy(candidate) ? "candidate" : "active");
    return values;
}

/* Every ParametersNode of the script, in its order; all values together. */
static json_object *tune_all(struct sim_state *st)
{
    static const char call[] = "ParametersNode(";
    json_object *all = json_object_new_object();
    const char *p = st->job->source;

    while ((p = strstr(p, call)) != NULL) {
        TT_AUTO_FREE char *name = NULL, *node = NULL, *stored = NULL;
        json_object *values;

        p += strlen(call);
        if (strncmp(p, "TaskNode", 8) == 0) /* its class */
            continue;
        name = sim_quoted(p, "name=\"");
        node = sim_quoted(p, "node=\"");
        stored = sim_quoted(p, "stored=\"");
        values = tune(st, node != NULL ? node : "answer",
                      stored != NULL ? stored : "");
        json_object_object_foreach(values, key, value)
            json_set(all, key, json_copy(value));
        sim_step(st, name != NULL ? name : "tuned", values);
    }
    return all;
}

static void pull_query(struct sim_state *st, struct buf *url)
{
    static const char hex[] = "0123456789ABCDEF";
    TT_AUTO_FREE char *candidate = NULL;
    const char *p;

    if (strstr(st->job->source, "params={\"candidate\"") == NULL)
        return;
    candidate = sim_decode_text(st, "{{inputs.trimtab.candidate}}");
    buf_addf(url, "%ccandidate=", strchr(url->data, '?') != NULL ? '&' : '?');
    for (p = candidate; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;

        if (c < 0x80 && (strchr("-._~", c) != NULL || (c >= '0' && c <= '9') ||
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')))
            buf_add(url, p, 1);
        else
            buf_addf(url, "%%%c%c", hex[c >> 4], hex[c & 15]);
    }
}

/* HttpRequestNode: GET the parameters; an HTTP error ends the run. */
static void pull(struct sim_state *st)
{
    TT_AUTO_FREE char *template = sim_quoted(st->job->source, " url=\"");
    TT_AUTO_FREE char *authorization = NULL;
    struct buf url = { 0 };
    struct sim_got got;
    json_object *o;
    char *error, *text;

    if (template == NULL)
        template = sim_quoted(st->job->source, "\turl=\"");
    text = sim_decode_text(st, template != NULL ? template : "");
    buf_adds(&url, text);
    free(text);
    if (strstr(st->job->source, "\"Authorization\"") != NULL)
        authorization = sim_decode_text(
            st, "{{config.configurable.trimtab.authorization}}");
    pull_query(st, &url);
    error = sim_get(url.data, authorization, 5000, &got);
    if (error != NULL) {
        sim_fail(st, error);
    } else if (got.status >= 400) {
        sim_fail(st, xasprintf(
            "%s error '%d %s' for url '%s'\nFor more information check: "
            "https://developer.mozilla.org/en-US/docs/Web/HTTP/Status/%d",
            got.status < 500 ? "Client" : "Server", got.status, got.reason,
            url.data, got.status));
        sim_got_fini(&got);
    } else {
        o = json_object_new_object();
        json_set_int(o, "status_code", got.status);
        json_set_str(o, "reason", got.reason);
        json_set_str(o, "url", url.data);
        json_set(o, "headers", json_object_get(got.headers));
        json_set_str(o, "content", got.content);
        json_set(o, "json", json_tokener_parse(got.content));
        json_set_num(o, "elapsed", got.elapsed_s);
        sim_step(st, "tuned", o);
        sim_got_fini(&got);
    }
    buf_fini(&url);
}

/* --- a whole run --------------------------------------------------------- */

static void answer(struct sim_state *st, json_object *tuned)
{
    TT_AUTO_FREE char *t_field = sim_field(
        st, "temperature", "{{config.configurable.answer.temperature}}");
    TT_AUTO_FREE char *p_field = sim_field(
        st, "system_prompt", "{{config.configurable.answer.system_prompt}}");
    json_object *temperature, *prompt, *received, *o;

    if (st->does & ONE_NODE) {
        temperature = json_copy(json_child(tuned, "temperature"));
        prompt = json_copy(json_child(tuned, "system_prompt"));
    } else {
        temperature = sim_decode(st, t_field);
        prompt = sim_decode(st, p_field);
    }
    received = json_object_new_object();
    json_set(received, "temperature", json_copy(temperature));
    json_set(received, "system_prompt", json_copy(prompt));
    st->out->received = received;
    if (st->out->error == NULL && (st->does & REPORTS)) {
        o = json_object_new_object();
        if (st->does & PULLS)
            json_set(o, "version", sim_decode(st, "{{tuned.json.version}}"));
        json_set(o, "received", json_copy(received));
        sim_step(st, "answer", o);
    } else if (st->out->error == NULL) {
        sim_fake_model(st, temperature, prompt);
    }
    json_object_put(temperature);
    json_object_put(prompt);
}

/* Failures that need no node. */
static bool fails_at_once(struct sim_state *st)
{
    const int64_t *fault = st->job->fault;
    json_object *boom = json_child(st->job->inputs, "boom");

    if (fault[SIM_FAULT_fail_llm] != 0)
        sim_fail(st, xstrdup("Connection error."));
    else if (fault[SIM_FAULT_fail_pool] != 0)
        sim_fail(st, xstrdup("couldn't get a connection after 5.00 sec"));
    else if (fault[SIM_FAULT_fail_boom] != 0)
        sim_fail(st, xstrdup("the model said no"));
    else if ((st->does & FAULTS) && sim_truthy(boom))
        sim_fail(st, sim_python_str(boom));
    else if (strncmp(st->job->source, "raise ", 6) == 0) {
        TT_AUTO_FREE char *text = sim_quoted(st->job->source, "(\"");
        const char *name = st->job->source + 6;

        sim_fail(st, xasprintf("Runtime error during script execution: "
                               "%.*s: %s", (int)strcspn(name, "( \n"), name,
                               text != NULL ? text : ""));
    } else if (st->does == 0)
        sim_fail(st, xstrdup("Script did not produce a LangGraph StateGraph"));
    return st->out->error != NULL;
}

void sim_job_run(struct sim_job *job, struct sim_result *out)
{
    struct sim_state st = { .job = job, .out = out };
    json_object *tuned = NULL;
    size_t i;

    memset(out, 0, sizeof *out);
    out->results = json_object_new_object();
    out->order = json_object_new_array();
    out->inputs = json_copy(job->inputs);
    for (i = 0; i < TT_ARRAY_LEN(kinds) && st.does == 0; i++)
        if (strstr(job->source, kinds[i].marker) != NULL)
            st.does = kinds[i].does;
    if (job->fault[SIM_FAULT_interrupted] != 0 || (st.does & STOPS) ||
        fails_at_once(&st))
        return;
    if (st.does & PULLS)
        pull(&st);
    if (st.does & ONE_NODE)
        tuned = tune(&st, "answer", "{{config.configurable.answer}}");
    else if (st.does & TUNED)
        tuned = tune_all(&st);
    if (out->error == NULL && (st.does & NOISY)) {
        out->received = json_copy(tuned);
        sim_noisy_model(&st, tuned);
    } else if (out->error == NULL) {
        answer(&st, tuned);
    }
    json_object_put(tuned);
    if (job->fault[SIM_FAULT_huge_output] > 0) {
        size_t n = (size_t)job->fault[SIM_FAULT_huge_output];
        char *padding = xcalloc(n + 1, 1);

        memset(padding, 'x', n);
        json_set_str(out->inputs, "padding", padding);
        free(padding);
    }
}

void sim_job_fini(struct sim_job *job)
{
    free(job->source);
    json_object_put(job->inputs);
    json_object_put(job->config);
}

void sim_result_fini(struct sim_result *r)
{
    json_object_put(r->results);
    json_object_put(r->order);
    json_object_put(r->inputs);
    json_object_put(r->received);
    free(r->error);
}
