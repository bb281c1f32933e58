/* SPDX-License-Identifier: MIT
 *
 * http_plugin_mock.h - the adapter `http` in this process, on the SDK's mock
 * host with an http service that answers what a test has put into its queue. */
#ifndef TT_TESTS_HTTP_PLUGIN_MOCK_H
#define TT_TESTS_HTTP_PLUGIN_MOCK_H

#include <trimtab/mock.h>

#include "plugins/http/http.h"
#include "tests/unit/tap.h"

/* Each test program uses a part of this. */
#pragma GCC diagnostic ignored "-Wunused-function"

#define MOST 40

struct canned {
    int code; /* a transport error, else 0 */
    unsigned status;
    char *body;
    char location[300];
    uint64_t retry_after_ms;
};

static struct wire {
    struct canned queue[MOST]; /* the last one repeats */
    size_t n, at, n_requests;
    char method[16], url[700], body[6000], headers[3000]; /* the last request */
    char log[3000];
    uint32_t flags;
    uint64_t timeout_ms;
} wire;

/* ' becomes ". The caller frees it. */
static char *quoted(const char *text)
{
    char *copy = strdup(text), *p;

    for (p = copy; *p != '\0'; p++)
        if (*p == '\'')
            *p = '"';
    return copy;
}

static struct canned *answer(unsigned status, const char *body)
{
    struct canned *c = &wire.queue[wire.n++];

    memset(c, 0, sizeof *c);
    c->status = status;
    c->body = quoted(body);
    return c;
}

static void no_answer(int code)
{
    answer(0, "")->code = code;
}

static void redirect_to(unsigned status, const char *location)
{
    snprintf(answer(status, "")->location, sizeof wire.queue->location, "%s",
             location);
}

#define KEEP(field, str)                                                       \
    snprintf(wire.field, sizeof wire.field, "%.*s", (int)(str).n,              \
             (str).p != NULL ? (str).p : "")

static int wire_fetch(const struct tt_host *host,
                      const struct tt_http_request *q,
                      struct tt_http_response *r, struct tt_error *e)
{
    const struct canned *c;
    uint64_t i;
    size_t n = 0;

    (void)host;
    wire.n_requests++;
    KEEP(method, q->method);
    KEEP(url, q->url);
    KEEP(body, q->body);
    wire.headers[0] = '\0';
    for (i = 0; i < q->n_headers; i++)
        n += (size_t)snprintf(wire.headers + n, sizeof wire.headers - n,
                              "%.*s: %.*s\n", (int)q->headers[i].name.n,
                              q->headers[i].name.p,
                              (int)q->headers[i].value.n,
                              q->headers[i].value.p);
    wire.flags = q->flags;
    wire.timeout_ms = q->timeout_ms;
    if (wire.n == 0)
        return tt_fail(e, TT_ETRANSIENT, "nothing is in the queue");
    c = &wire.queue[wire.at < wire.n ? wire.at : wire.n - 1];
    wire.at++;
    if (e != NULL)
        e->retry_after_ms = (uint32_t)c->retry_after_ms;
    if (c->code != 0)
        return tt_fail(e, c->code, "the mock says so");
    r->status = c->status;
    r->body = tt_str_of(c->body);
    r->location = tt_str_of(c->location);
    r->retry_after_ms = c->retry_after_ms;
    return 0;
}

static const void *wire_service(const struct tt_host *host, const char *id)
{
    static const struct tt_http_service http = { wire_fetch };

    (void)host;
    return strcmp(id, TT_SERVICE_HTTP) == 0 ? &http : NULL;
}

static void wire_log(const struct tt_host *host, int level, struct tt_str text)
{
    (void)host;
    (void)level;
    KEEP(log, text);
}

static void wire_forget(void)
{
    while (wire.n > 0)
        free(wire.queue[--wire.n].body);
    wire.at = wire.n_requests = 0;
}

/* --- an instance and what it says ----------------------------------------- */

static const struct tt_str models[] = { { "small", 5 }, { "large", 5 } };
static const struct tt_str sizes[] = { { "1", 1 }, { "16", 2 }, { "2.5", 3 } };
static const double yes[] = { 1.0 };
static const struct tt_param params[] = {
    { .kind = TT_FLOAT, .name = { "answer.temperature", 18 }, .lo = 0, .hi = 2,
      .parent = -1 },
    { .kind = TT_INT, .name = { "answer.top_k", 12 }, .lo = 1, .hi = 64,
      .parent = -1 },
    { .kind = TT_BOOL, .name = { "answer.rerank", 13 }, .parent = -1 },
    { .kind = TT_CATEGORICAL, .name = { "answer.model", 12 },
      .choices = models, .n_choices = 2, .parent = -1 },
    { .kind = TT_ORDINAL, .name = { "judge.size", 10 }, .choices = sizes,
      .n_choices = 3, .parent = -1 },
    { .kind = TT_TEXT, .name = { "judge.prompt", 12 }, .max_bytes = 999,
      .parent = -1 },
    { .kind = TT_FLOAT, .name = { "judge.deep", 10 }, .lo = 0, .hi = 1,
      .parent = 2, .parent_values = yes, .n_parent_values = 1 },
};
#define N_PARAMS (sizeof params / sizeof *params)
static const struct tt_space space = { sizeof space, sizeof *params, N_PARAMS,
                                       params };

struct seen { /* the outcomes of one call */
    uint32_t state;
    char id[80], handle[6000], message[1100], evidence[4000];
    uint64_t after_ms, tokens_in, tokens_out;
    double cost;
    json_object *outputs;
};

struct bench {
    const struct tt_adapter *adapter;
    struct tt_mock mock;
    struct tt_host host;
    struct tt_instance *self;
    struct tt_setup setup;
    struct tt_config config;
    char *json;
    struct tt_error e;
    struct seen seen[MOST];
    size_t n;
    struct tt_outcome_sink sink;
    uint64_t again_ms;
    const char *prompt, *label; /* of the next submit */
};

const struct tt_plugin *trimtab_plugin_v1(void);

#define TAKE(to, str)                                                          \
    snprintf(to, sizeof to, "%.*s", (int)(str).n,                              \
             (str).p != NULL ? (str).p : "")

static int bench_emit(const struct tt_outcome_sink *sink,
                      const struct tt_outcome *o)
{
    struct bench *b = sink->ctx;
    struct seen *s = &b->seen[b->n];

    if (b->n == MOST)
        return TT_ENOMEM;
    TAKE(s->id, o->id);
    TAKE(s->handle, o->handle);
    TAKE(s->message, o->message);
    TAKE(s->evidence, o->evidence);
    s->state = o->state;
    s->after_ms = o->retry_after_ms;
    s->tokens_in = o->tokens_in;
    s->tokens_out = o->tokens_out;
    s->cost = o->cost;
    s->outputs = js_parse(o->outputs);
    b->n++;
    return 0;
}

static void bench_forget(struct bench *b)
{
    while (b->n > 0)
        json_object_put(b->seen[--b->n].outputs);
    memset(&b->e, 0, sizeof b->e);
    b->e.size = sizeof b->e;
}

static int bench_setup(struct bench *b, const char *config)
{
    memset(b, 0, sizeof *b);
    memset(&wire, 0, sizeof wire);
    b->adapter = trimtab_plugin_v1()->adapter;
    b->host = tt_mock_host(&b->mock);
    b->host.get_service = wire_service;
    b->host.log = wire_log;
    b->json = quoted(config);
    b->config.size = sizeof b->config;
    b->config.json = tt_str_of(b->json);
    b->setup.size = sizeof b->setup;
    b->setup.space = &space;
    b->setup.config = &b->config;
    b->sink.ctx = b;
    b->sink.emit = bench_emit;
    b->prompt = "Be brief.";
    b->label = "trimtab:r1:1";
    b->e.size = sizeof b->e;
    return b->adapter->validate(&b->setup, &b->e);
}

/* Says why when it does not open. */
static bool bench_open(struct bench *b, const char *config)
{
    if (bench_setup(b, config) == 0 &&
        b->adapter->open(&b->host, &b->setup, &b->self, &b->e) == 0)
        return true;
    printf("# %s\n", b->e.message);
    return false;
}

static void bench_close(struct bench *b)
{
    bench_forget(b);
    b->adapter->close(b->self);
    b->self = NULL;
    free(b->json);
    wire_forget();
}

static const char *const contents[] = {
    "{\"id\":\"q1\",\"question\":\"why?\",\"expected\":\"so\"}",
    "{\"id\":\"q2\",\"question\":\"who?\",\"expected\":null}",
    "{\"question\":\"no id\"}",
    "{\"id\":\"q4\",\"question\":\"\\u0000 \\\" \\u20ac\"}",
};

/* Evaluations r1/7, r1/8, ... of the first n_cases cases each. */
static int bench_submit(struct bench *b, unsigned n, unsigned n_cases)
{
    static char ids[MOST][16];
    struct tt_value values[N_PARAMS] = {
        { .number = 0.3 }, { .number = 40 }, { .number = 1 }, { .number = 1 },
        { .number = 1 }, { .text = tt_str_of(b->prompt) },
        { .number = 0.5, .flags = TT_VALUE_INACTIVE },
    };
    struct tt_case cases[4];
    struct tt_evaluation evs[MOST];
    struct tt_batch batch = { .size = sizeof batch,
                              .evaluation_size = sizeof *evs,
                              .label = tt_str_of(b->label),
                              .evaluations = evs,
                              .n_evaluations = n };
    unsigned i;

    memset(evs, 0, sizeof evs);
    for (i = 0; i < n_cases; i++)
        cases[i] = (struct tt_case){ i, TT_VALIDATION, 0,
                                     tt_str_of(contents[i]) };
    for (i = 0; i < n; i++) {
        snprintf(ids[i], sizeof ids[i], "r1/%u", 7 + i);
        evs[i].size = sizeof evs[i];
        evs[i].case_size = sizeof *cases;
        evs[i].id = tt_str_of(ids[i]);
        evs[i].cases = cases;
        evs[i].n_cases = n_cases;
        evs[i].repeat = 2;
        evs[i].candidate_number = 5;
        evs[i].candidate.size = sizeof evs[i].candidate;
        evs[i].candidate.value_size = sizeof *values;
        evs[i].candidate.n_values = N_PARAMS;
        evs[i].candidate.values = values;
    }
    bench_forget(b);
    return b->adapter->submit(b->self, &batch, &b->sink, &b->e);
}

static int bench_collect(struct bench *b, const char *handle)
{
    struct tt_str handles[1] = { tt_str_of(handle) };

    bench_forget(b);
    return b->adapter->collect(b->self, handles, 1, &b->sink, &b->again_ms,
                               &b->e);
}

static int bench_find(struct bench *b)
{
    bench_forget(b);
    return b->adapter->find(b->self, tt_str_of(b->label), &b->sink, &b->e);
}

/* --- what tests ask ------------------------------------------------------- */

/* Is there this text? Says what there is when not. */
static bool says(const char *text, const char *what)
{
    if (strstr(text, what) != NULL)
        return true;
    printf("# no \"%s\" in: %s\n", what, text);
    return false;
}

#define PLAIN_TEXT                                                             \
    (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

/* The value at a pointer into the first outcome's outputs, as text. */
static const char *output(const struct bench *b, const char *pointer)
{
    json_object *v;

    if (!js_pointer(b->seen[0].outputs, pointer, &v))
        return "(missing)";
    return json_object_to_json_string_ext(v, PLAIN_TEXT);
}

/* The value at a pointer into the last request. */
static const char *sent(const char *pointer)
{
    static char text[3000];
    json_object *body = js_parse(tt_str_of(wire.body)), *v;

    snprintf(text, sizeof text, "(missing)");
    if (js_pointer(body, pointer, &v))
        snprintf(text, sizeof text, "%s",
                 json_object_to_json_string_ext(v, PLAIN_TEXT));
    json_object_put(body);
    return text;
}

#endif
