/* SPDX-License-Identifier: MIT
 *
 * orcheo_mock.h - an Orcheo of a few hundred lines behind the http service, for
 * the adapter's unit tests. Its answers are the recorded ones
 * (tests/orcheo/fixtures), with ids, inputs and states filled in. A test may
 * put an answer of its own before them (mock_answer). */
#ifndef TT_TESTS_ORCHEO_MOCK_H
#define TT_TESTS_ORCHEO_MOCK_H

#include <stdbool.h>
#include <trimtab/strategy.h>
#include <unistd.h>

#include "plugins/orcheo/orcheo.h"
#include "tests/unit/tap.h"

/* Each test program uses a part of this. */
#pragma GCC diagnostic ignored "-Wunused-function"

#define MOCK_CASE_0 "{\"expected\":\"paris is the capital\"}"
#define MOCK_CASE_1 "{\"expected\":\"water\"}"
#define MOCK_WORKFLOW "c6dc1b6e-e4e1-4645-ade8-6df0e9a5f041"

struct mock_canned {
    char match[120]; /* "METHOD path-part" */
    int code;        /* a transport error, else 0 */
    unsigned status;
    char *body;
    uint64_t retry_after_ms;
};

static struct mock {
    struct tt_host host;
    struct mock_canned canned[32];
    size_t n_canned;
    json_object *runs;     /* newest first */
    json_object *versions; /* by number - 1 */
    char *answer;          /* of the last fetch */
    char last_url[400], last_body[20000], last_token[100], last_workspace[60];
    char log[4000];        /* of say() */
    char requests[8000];   /* "METHOD path\n" each */
    size_t quota;          /* runs that a dispatch still takes */
    bool honour_config;    /* of a dispatch item */
    bool hide_schema;
    unsigned n_ids;
    void (*before)(const char *method, const char *path); /* or NULL */
} mock;

/* --- fixtures ------------------------------------------------------------- */

/* The body of a recorded answer; "0.46/x", or "x" beside the folders. */
static json_object *fixture(const char *name)
{
    char path[600];
    const char *top = getenv("TT_TOP_SRCDIR");
    json_object *file, *body;

    snprintf(path, sizeof path, "%s/tests/orcheo/fixtures/%s.json",
             top != NULL ? top : ".", name);
    file = json_object_from_file(path);
    if (file == NULL) {
        printf("Bail out! %s: %s\n", path, json_util_get_last_err());
        exit(1);
    }
    body = json_object_get(js_get(file, "body"));
    json_object_put(file);
    return body;
}

static char *fixture_script(const char *name)
{
    static char text[20000];
    char path[600];
    const char *top = getenv("TT_TOP_SRCDIR");
    FILE *f;
    size_t n;

    snprintf(path, sizeof path, "%s/tests/orcheo/%s", top != NULL ? top : ".",
             name);
    f = fopen(path, "r");
    if (f == NULL) {
        printf("Bail out! no %s\n", path);
        exit(1);
    }
    n = fread(text, 1, sizeof text - 1, f);
    text[n] = '\0';
    fclose(f);
    return text;
}

static void put_str(json_object *o, const char *key, const char *value)
{
    json_object_object_add(o, key, json_object_new_string(value));
}

/* --- what stands in it ---------------------------------------------------- */

/* Upload a version; config is JSON text or NULL. */
static json_object *mock_version(const char *script, const char *config)
{
    json_object *v = fixture("0.46/version_ingest");
    char id[ID_BYTES];
    size_t n = json_object_array_length(mock.versions) + 1;

    snprintf(id, sizeof id, "00000000-0000-4000-8000-%012zu", n);
    put_str(v, "id", id);
    json_object_object_add(v, "version", json_object_new_int64((int64_t)n));
    js_set_at(v, "graph.source",
              json_object_new_string(fixture_script(script)));
    json_object_object_add(v, "runnable_config",
                           config != NULL ? json_tokener_parse(config) : NULL);
    json_object_object_add(v, "metadata", json_object_new_object());
    json_object_array_add(mock.versions, v);
    return v;
}

static json_object *mock_run(size_t i) /* 0 = the newest */
{
    return json_object_array_get_idx(mock.runs, i);
}

/* The run of an evaluation. */
static json_object *mock_run_of(const char *evaluation)
{
    size_t i;

    for (i = 0; i < json_object_array_length(mock.runs); i++) {
        if (strcmp(run_evaluation(mock_run(i)), evaluation) == 0)
            return mock_run(i);
    }
    return NULL;
}

static void mock_status(json_object *run, const char *status)
{
    put_str(run, "status", status);
}

/* Let it end as a recorded run ended: its output, error and audit log. */
static void mock_end_as(json_object *run, const char *name)
{
    json_object *ended = fixture(name);
    static const char *const taken[] = { "status", "output_payload", "error",
                                         "audit_log", "completed_at" };
    size_t i;

    for (i = 0; i < sizeof taken / sizeof *taken; i++)
        json_object_object_add(run, taken[i],
                               json_object_get(js_get(ended, taken[i])));
    json_object_put(ended);
}

/* Let it succeed, its node `tuned` saying that it took `parameters`. */
static void mock_succeed(json_object *run, const char *source)
{
    json_object *tuned, *answer;

    mock_end_as(run, "0.46/run_succeeded_inputs");
    json_object_object_add(run, "output_payload",
                           js_copy(js_get(run, "output_payload")));
    tuned = js_at(run, "output_payload.final_state.node_results.tuned");
    answer = js_get(run_parameters(run), "answer");
    json_object_object_foreach(answer, name, value) {
        json_object_object_add(tuned, name, js_copy(value));
    }
    put_str(tuned, "source", source);
}

/* --- routes --------------------------------------------------------------- */

static json_object *mock_dispatch(json_object *body)
{
    json_object *list = json_object_new_array();
    json_object *items = js_get(body, "runs"), *run, *item, *v, *config;
    char id[ID_BYTES], when[40];
    size_t i, k;

    for (i = 0; i < json_object_array_length(items); i++) {
        if (mock.quota == 0)
            break;
        mock.quota--;
        item = json_object_array_get_idx(items, i);
        run = fixture("0.46/manual_dispatch");
        v = js_copy(json_object_array_get_idx(run, 0));
        json_object_put(run);
        run = v;
        mock.n_ids++;
        snprintf(id, sizeof id, "10000000-0000-4000-8000-%012u", mock.n_ids);
        snprintf(when, sizeof when, "2026-11-23T06:18:%02u.%06uZ",
                 mock.n_ids / 100 % 60, mock.n_ids);
        put_str(run, "id", id);
        put_str(run, "created_at", when);
        put_str(run, "triggered_by", js_str(body, "label"));
        put_str(run, "workflow_version_id",
                js_str(item, "workflow_version_id"));
        json_object_object_add(run, "input_payload",
                               js_copy(js_get(item, "input_payload")));
        config = NULL;
        for (k = 0; k < json_object_array_length(mock.versions); k++) {
            v = json_object_array_get_idx(mock.versions, k);
            if (strcmp(js_str(v, "id"), js_str(item, "workflow_version_id")) ==
                0)
                config = js_get(v, "runnable_config");
        }
        if (mock.honour_config && js_get(item, "runnable_config") != NULL)
            config = js_get(item, "runnable_config");
        json_object_object_add(run, "runnable_config", js_copy(config));
        json_object_array_add(list, run);
    }
    /* newest first */
    v = json_object_new_array();
    for (i = json_object_array_length(list); i-- > 0;)
        json_object_array_add(
            v, json_object_get(json_object_array_get_idx(list, i)));
    for (i = 0; i < json_object_array_length(mock.runs); i++)
        json_object_array_add(v, json_object_get(mock_run(i)));
    json_object_put(mock.runs);
    mock.runs = v;
    return list;
}

static json_object *mock_put_config(json_object *version, json_object *body)
{
    json_object *entry = json_object_new_object();

    json_object_object_add(version, "runnable_config",
                           js_copy(js_get(body, "runnable_config")));
    put_str(entry, "action", "version_runnable_config_updated");
    json_object_array_add(js_get(version, "audit_log"), entry);
    return json_object_get(version);
}

static json_object *mock_workflow_path(const char *method, const char *rest,
                                       json_object *body, unsigned *status)
{
    json_object *o;
    size_t n;

    if (rest[0] == '\0')
        return fixture("0.46/workflow_create");
    if (strcmp(rest, "/workflow") == 0) {
        o = json_object_new_object();
        json_object_object_add(o, "versions", json_object_get(mock.versions));
        return o;
    }
    if (strncmp(rest, "/runs?", 6) == 0)
        return json_object_get(mock.runs);
    if (strcmp(rest, "/runs") == 0) {
        *status = 429;
        return fixture("0.46/error_429_concurrent_runs");
    }
    n = (size_t)atoi(rest + strlen("/versions/"));
    if (n == 0 || n > json_object_array_length(mock.versions)) {
        *status = 404;
        return fixture("0.46/error_404_version");
    }
    o = json_object_array_get_idx(mock.versions, n - 1);
    return strcmp(method, "PUT") == 0 ? mock_put_config(o, body)
                                      : json_object_get(o);
}

static json_object *mock_run_path(const char *rest, unsigned *status)
{
    json_object *run;
    size_t i;

    for (i = 0; i < json_object_array_length(mock.runs); i++) {
        run = mock_run(i);
        if (strncmp(js_str(run, "id"), rest, strlen(js_str(run, "id"))) != 0)
            continue;
        if (strstr(rest, "/cancel") != NULL) {
            if (run_finished(run)) {
                *status = 409;
                return fixture("cancel_conflict_409");
            }
            mock_status(run, "cancelled");
            put_str(run, "error", "deadline");
        }
        return json_object_get(run);
    }
    *status = 404;
    return fixture("error_404_run");
}

static json_object *mock_route(const char *method, const char *path,
                               json_object *body, unsigned *status)
{
    const char *workflow = "/api/workflows/";

    if (strcmp(path, "/openapi.json") == 0 && !mock.hide_schema)
        return json_tokener_parse(
            "{\"components\":{\"schemas\":{\"ManualDispatchItem\":"
            "{\"properties\":{\"runnable_config\":{}}}}}}");
    if (strcmp(path, "/api/system/health") == 0)
        return json_tokener_parse("{\"status\":\"ok\"}");
    if (strcmp(path, "/api/system/info") == 0)
        return fixture("0.46/system_info");
    if (strcmp(path, "/api/workspaces/active") == 0)
        return fixture("0.46/workspaces_active");
    if (strcmp(path, "/api/triggers/manual/dispatch") == 0)
        return mock_dispatch(body);
    if (strncmp(path, "/api/runs/", 10) == 0)
        return mock_run_path(path + 10, status);
    if (strncmp(path, workflow, strlen(workflow)) == 0) {
        path += strlen(workflow);
        return mock_workflow_path(method, path + strcspn(path, "/"), body,
                                  status);
    }
    *status = 404;
    return fixture("0.46/error_404_route");
}

/* --- the host ------------------------------------------------------------- */

static void mock_answer(const char *match, unsigned status, const char *name)
{
    struct mock_canned *c = &mock.canned[mock.n_canned++];
    json_object *body = name != NULL ? fixture(name) : NULL;

    memset(c, 0, sizeof *c);
    snprintf(c->match, sizeof c->match, "%s", match);
    c->status = status;
    c->body = strdup(body != NULL ? json_object_to_json_string(body) : "");
    if (status == 429)
        c->retry_after_ms = 60000;
    json_object_put(body);
}

static void mock_transport(const char *match, int code)
{
    mock_answer(match, 0, NULL);
    mock.canned[mock.n_canned - 1].code = code;
}

static bool mock_canned_answer(const char *what, struct tt_http_response *r,
                               int *code)
{
    size_t i;

    for (i = 0; i < mock.n_canned; i++) {
        if (strncmp(what, mock.canned[i].match,
                    strlen(mock.canned[i].match)) != 0)
            continue;
        *code = mock.canned[i].code;
        r->status = mock.canned[i].status;
        r->retry_after_ms = mock.canned[i].retry_after_ms;
        free(mock.answer);
        mock.answer = mock.canned[i].body;
        memmove(&mock.canned[i], &mock.canned[i + 1],
                (mock.n_canned - i - 1) * sizeof *mock.canned);
        mock.n_canned--;
        return true;
    }
    return false;
}

static void mock_note(const struct tt_http_request *q, char *method, char *path)
{
    const char *p;
    uint64_t i;
    size_t n = strlen(mock.requests);

    snprintf(method, 16, "%.*s", (int)q->method.n, q->method.p);
    snprintf(mock.last_url, sizeof mock.last_url, "%.*s", (int)q->url.n,
             q->url.p);
    p = strstr(mock.last_url, "://");
    p = p != NULL ? strchr(p + 3, '/') : NULL;
    snprintf(path, 400, "%s", p != NULL ? p : "");
    snprintf(mock.requests + n, sizeof mock.requests - n, "%s %s\n", method,
             path);
    mock.last_token[0] = mock.last_workspace[0] = '\0';
    for (i = 0; i < q->n_headers; i++) {
        if (tt_str_equal(q->headers[i].name, tt_str_of("Authorization")))
            snprintf(mock.last_token, sizeof mock.last_token, "%.*s",
                     (int)q->headers[i].value.n, q->headers[i].value.p);
        if (tt_str_equal(q->headers[i].name, tt_str_of("X-Orcheo-Workspace")))
            snprintf(mock.last_workspace, sizeof mock.last_workspace, "%.*s",
                     (int)q->headers[i].value.n, q->headers[i].value.p);
    }
    if (q->body.n > 0)
        snprintf(mock.last_body, sizeof mock.last_body, "%.*s", (int)q->body.n,
                 q->body.p);
}

static int mock_fetch(const struct tt_host *host,
                      const struct tt_http_request *q,
                      struct tt_http_response *r, struct tt_error *e)
{
    char method[16], path[400], what[420];
    json_object *body = js_parse(q->body), *answer;
    int code = 0;

    (void)host;
    mock_note(q, method, path);
    if (mock.before != NULL)
        mock.before(method, path);
    snprintf(what, sizeof what, "%s %s", method, path);
    if (!mock_canned_answer(what, r, &code)) {
        r->status = 200;
        answer = mock_route(method, path, body, &r->status);
        free(mock.answer);
        mock.answer = strdup(json_object_to_json_string(answer));
        json_object_put(answer);
    }
    r->body = tt_str_of(mock.answer);
    json_object_put(body);
    return code != 0 ? tt_fail(e, code, "the mock says so") : 0;
}

static void mock_log(const struct tt_host *host, int level, struct tt_str text)
{
    size_t n = strlen(mock.log);

    (void)host;
    (void)level;
    snprintf(mock.log + n, sizeof mock.log - n, "%.*s\n", (int)text.n, text.p);
}

static const void *mock_service(const struct tt_host *host, const char *id)
{
    static const struct tt_http_service http = { mock_fetch };

    (void)host;
    return strcmp(id, TT_SERVICE_HTTP) == 0 ? &http : NULL;
}

static unsigned mock_count(const char *request)
{
    const char *at = mock.requests;
    unsigned n = 0;

    while ((at = strstr(at, request)) != NULL) {
        n++;
        at += strlen(request);
    }
    return n;
}

/* --- an instance and what it says ----------------------------------------- */

static const struct tt_param mock_params[] = {
    { .kind = TT_FLOAT, .name = { "answer.temperature", 18 }, .lo = 0, .hi = 2,
      .default_number = 1, .parent = -1 },
    { .kind = TT_TEXT, .name = { "answer.system_prompt", 20 }, .max_bytes = 999,
      .default_text = { "Answer.", 7 }, .parent = -1 },
};
static const struct tt_space mock_space = {
    sizeof mock_space, sizeof *mock_params, 2, mock_params
};

struct seen { /* the outcomes of one call */
    size_t n;
    struct {
        uint32_t state;
        char id[80], handle[60], message[1100], evidence[4000];
        uint64_t after_ms, tokens_in, tokens_out;
        double cost;
        json_object *outputs;
    } at[130];
};

static int seen_emit(const struct tt_outcome_sink *sink,
                     const struct tt_outcome *o)
{
    struct seen *s = sink->ctx;

    if (s->n == 130)
        return TT_ENOMEM;
#define SEEN_TEXT(field)                                                       \
    snprintf(s->at[s->n].field, sizeof s->at[s->n].field, "%.*s",              \
             (int)o->field.n, o->field.p != NULL ? o->field.p : "")
    SEEN_TEXT(id);
    SEEN_TEXT(handle);
    SEEN_TEXT(message);
    SEEN_TEXT(evidence);
#undef SEEN_TEXT
    s->at[s->n].state = o->state;
    s->at[s->n].after_ms = o->retry_after_ms;
    s->at[s->n].tokens_in = o->tokens_in;
    s->at[s->n].tokens_out = o->tokens_out;
    s->at[s->n].cost = o->cost;
    s->at[s->n].outputs = js_parse(o->outputs);
    s->n++;
    return 0;
}

static void seen_fini(struct seen *s)
{
    while (s->n > 0)
        json_object_put(s->at[--s->n].outputs);
}

struct bench { /* one adapter on the mock */
    const struct tt_adapter *adapter;
    struct tt_instance *self;
    struct tt_setup setup;
    struct tt_config config;
    struct tt_config_item items[8];
    struct tt_error e;
    struct seen seen;
    struct tt_outcome_sink sink;
    uint64_t again_ms;
};

const struct tt_plugin *trimtab_plugin_v1(void);

static void mock_init(void)
{
    memset(&mock, 0, sizeof mock);
    mock.host.size = sizeof mock.host;
    mock.host.log = mock_log;
    mock.host.get_service = mock_service;
    mock.runs = json_object_new_array();
    mock.versions = json_object_new_array();
    mock.quota = 1000;
}

static void mock_fini(void)
{
    while (mock.n_canned > 0)
        free(mock.canned[--mock.n_canned].body);
    json_object_put(mock.runs);
    json_object_put(mock.versions);
    free(mock.answer);
}

/* Open on the mock with this evaluation object. False when it would not. */
static bool bench_open(struct bench *b, const char *evaluation)
{
    static const char token[] = "orcheo", url[] = "http://orcheo.test:2025/";

    memset(b, 0, sizeof *b);
    b->adapter = trimtab_plugin_v1()->adapter;
    b->e.size = sizeof b->e;
    b->items[0].key = tt_str_of("url");
    b->items[0].text = tt_str_of(url);
    b->items[1].key = tt_str_of("token_secret");
    b->items[1].text = tt_str_of(token);
    b->items[2].key = tt_str_of("workspace");
    b->items[2].text = tt_str_of("eval");
    b->items[3].key = tt_str_of("requests_per_minute");
    b->items[3].number = 0;
    b->items[4].key = tt_str_of("price_in_per_million");
    b->items[4].number = 1000000;
    b->config.size = sizeof b->config;
    b->config.item_size = sizeof *b->items;
    b->config.items = b->items;
    b->config.n_items = 5;
    b->setup.size = sizeof b->setup;
    b->setup.space = &mock_space;
    b->setup.config = &b->config;
    b->setup.evaluation = tt_str_of(evaluation);
    b->setup.timeout_ms = 60000;
    b->sink.ctx = &b->seen;
    b->sink.emit = seen_emit;
    return b->adapter->open(&mock.host, &b->setup, &b->self, &b->e) == 0;
}

static void bench_close(struct bench *b)
{
    seen_fini(&b->seen);
    b->adapter->close(b->self);
    b->self = NULL;
    mock_fini();
}

/* The usual one: the inputs workflow as version 1. */
static bool bench_inputs(struct bench *b)
{
    mock_init();
    mock_version("fixtures/deterministic_workflow_inputs.py",
                 "{\"configurable\":{\"answer\":{\"temperature\":1.0,"
                 "\"system_prompt\":\"Answer.\"}}}");
    return bench_open(b, "{\"workflow\":\"demo-qa\"}");
}

/* Submit n evaluations e0, e1, ... of one case each, temperature i / 10. */
static int bench_submit_as(struct bench *b, const char *label, unsigned from,
                           unsigned n, const char *prompt)
{
    static char ids[130][16];
    static struct tt_value values[130][2];
    static struct tt_evaluation evs[130];
    struct tt_case cases[2] = {
        { 0, TT_VALIDATION, 0, tt_str_of(MOCK_CASE_0) },
        { 1, TT_VALIDATION, 0, tt_str_of(MOCK_CASE_1) },
    };
    struct tt_batch batch = { .size = sizeof batch,
                              .evaluation_size = sizeof *evs,
                              .label = tt_str_of(label),
                              .evaluations = evs,
                              .n_evaluations = n };
    unsigned i;

    for (i = 0; i < n; i++) {
        memset(&evs[i], 0, sizeof evs[i]);
        memset(values[i], 0, sizeof values[i]);
        snprintf(ids[i], sizeof ids[i], "e%u", from + i);
        values[i][0].number = (from + i) / 10.0;
        values[i][1].text = tt_str_of(prompt);
        evs[i].size = sizeof evs[i];
        evs[i].case_size = sizeof *cases;
        evs[i].id = tt_str_of(ids[i]);
        evs[i].cases = cases;
        evs[i].n_cases = 2;
        evs[i].candidate.size = sizeof evs[i].candidate;
        evs[i].candidate.value_size = sizeof **values;
        evs[i].candidate.n_values = 2;
        evs[i].candidate.values = values[i];
    }
    seen_fini(&b->seen);
    memset(&b->e, 0, sizeof b->e);
    return b->adapter->submit(b->self, &batch, &b->sink, &b->e);
}

static int bench_submit(struct bench *b, unsigned from, unsigned n)
{
    return bench_submit_as(b, "trimtab:r1:1", from, n, "Be brief.");
}

/* Collect the runs of e<from>, ... */
static int bench_collect(struct bench *b, unsigned from, unsigned n)
{
    struct tt_str handles[130];
    char id[16];
    unsigned i;

    for (i = 0; i < n; i++) {
        snprintf(id, sizeof id, "e%u", from + i);
        handles[i] = tt_str_of(js_str(mock_run_of(id), "id"));
    }
    seen_fini(&b->seen);
    memset(&b->e, 0, sizeof b->e);
    return b->adapter->collect(b->self, handles, n, &b->sink, &b->again_ms,
                               &b->e);
}

static int bench_find(struct bench *b, const char *label)
{
    seen_fini(&b->seen);
    memset(&b->e, 0, sizeof b->e);
    return b->adapter->find(b->self, tt_str_of(label), &b->sink, &b->e);
}

#endif
