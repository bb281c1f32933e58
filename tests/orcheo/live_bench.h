/* SPDX-License-Identifier: MIT
 *
 * live_bench.h - a small host for one adapter: it submits, collects, finds,
 * and sends again what is LATER or LOST. */
#ifndef TT_TESTS_LIVE_BENCH_H
#define TT_TESTS_LIVE_BENCH_H

#include <time.h>

#include "plugins/orcheo/orcheo.h"
#include "tests/orcheo/live_http.h"

#define LIVE_CASE_0 "{\"expected\":\"paris is the capital of france\"}"
#define LIVE_CASE_1 "{\"expected\":\"water boils at one hundred degrees\"}"
#define MAX 64

const struct tt_plugin *trimtab_plugin_v1(void);

static unsigned number, failures;

static void ok(bool good, const char *name)
{
    printf("%sok %u - %s\n", good ? "" : "not ", ++number, name);
    failures += !good;
    fflush(stdout);
}

static void nap(uint64_t ms)
{
    struct timespec t = { (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };

    nanosleep(&t, NULL);
}

static void fault(const char *verb)
{
    char command[600];
    const char *env = getenv("TT_LIVE_FAULT");

    snprintf(command, sizeof command, "%s %s >&2",
             env != NULL ? env : "false", verb);
    if (system(command) != 0)
        printf("# %s failed\n", command);
}

/* --- the host ------------------------------------------------------------- */

static void live_log(const struct tt_host *host, int level, struct tt_str text)
{
    (void)host;
    printf("# <%d> %.*s\n", level, (int)text.n, text.p);
}

static const void *live_service(const struct tt_host *host, const char *id)
{
    static const struct tt_http_service http = { live_fetch };

    (void)host;
    return strcmp(id, TT_SERVICE_HTTP) == 0 ? &http : NULL;
}

enum progress { WAITING, IN_FLIGHT, DONE };

struct job {
    char id[60];
    double temperature;
    const char *prompt;
    enum progress progress;
    uint32_t state; /* of the outcome that ended it */
    char handle[60], message[900], evidence[3000];
    unsigned sent, later, lost;
    int64_t not_before_ms;
    uint64_t tokens_in, tokens_out;
    json_object *outputs;
};

struct bench {
    struct tt_host host;
    struct tt_config_item items[6];
    struct tt_config config;
    struct tt_setup setup;
    const struct tt_adapter *adapter;
    struct tt_instance *self;
    struct tt_error e;
    struct tt_outcome_sink sink;
    struct tt_case cases[2];
    uint64_t n_cases;
    struct job jobs[MAX];
    size_t n;
    unsigned batches;
    char run[40]; /* label and ids are unique over time */
};

static const struct tt_param params[] = {
    { .kind = TT_FLOAT, .name = { "answer.temperature", 18 }, .lo = 0, .hi = 2,
      .default_number = 1, .parent = -1 },
    { .kind = TT_TEXT, .name = { "answer.system_prompt", 20 }, .max_bytes = 999,
      .default_text = { "Answer.", 7 }, .parent = -1 },
};
static const struct tt_space space = { sizeof space, sizeof *params, 2,
                                       params };

static int take(const struct tt_outcome_sink *sink, const struct tt_outcome *o)
{
    struct bench *b = sink->ctx;
    struct job *j = NULL;
    size_t i;

    for (i = 0; i < b->n; i++) {
        if (tt_str_equal(o->id, tt_str_of(b->jobs[i].id)) ||
            (o->id.n == 0 &&
             tt_str_equal(o->handle, tt_str_of(b->jobs[i].handle))))
            j = &b->jobs[i];
    }
    if (j == NULL || j->progress == DONE)
        return 0;
    snprintf(j->message, sizeof j->message, "%.*s", (int)o->message.n,
             o->message.p != NULL ? o->message.p : "");
    switch (o->state) {
    case TT_RUNNING:
        j->progress = IN_FLIGHT;
        snprintf(j->handle, sizeof j->handle, "%.*s", (int)o->handle.n,
                 o->handle.p);
        break;
    case TT_LATER:
        j->later++;
        j->not_before_ms = mono_ms() + (int64_t)o->retry_after_ms;
        break;
    case TT_LOST:
        j->lost++;
        printf("# lost: %s\n", j->message);
        j->progress = WAITING;
        break;
    default:
        j->progress = DONE;
        j->state = o->state;
        j->tokens_in = o->tokens_in;
        j->tokens_out = o->tokens_out;
        snprintf(j->evidence, sizeof j->evidence, "%.*s", (int)o->evidence.n,
                 o->evidence.p != NULL ? o->evidence.p : "");
        j->outputs = js_parse(o->outputs);
    }
    return 0;
}

static bool bench_open(struct bench *b, const char *url,
                       const char *evaluation, uint64_t timeout_ms)
{
    memset(b, 0, sizeof *b);
    b->host.size = sizeof b->host;
    b->host.log = live_log;
    b->host.get_service = live_service;
    b->items[0] = (struct tt_config_item){ .key = tt_str_of("url"),
                                           .text = tt_str_of(url) };
    b->items[1] = (struct tt_config_item){ .key = tt_str_of("token_secret"),
                                           .text = tt_str_of("orcheo") };
    b->items[2] = (struct tt_config_item){ .key = tt_str_of("pending_seconds"),
                                           .number = 4 };
    b->config.size = sizeof b->config;
    b->config.item_size = sizeof *b->items;
    b->config.items = b->items;
    b->config.n_items = 3;
    b->setup.size = sizeof b->setup;
    b->setup.space = &space;
    b->setup.config = &b->config;
    b->setup.evaluation = tt_str_of(evaluation);
    b->setup.timeout_ms = timeout_ms;
    b->adapter = trimtab_plugin_v1()->adapter;
    b->e.size = sizeof b->e;
    b->sink.ctx = b;
    b->sink.emit = take;
    b->cases[0].content = tt_str_of(LIVE_CASE_0);
    b->cases[1].content = tt_str_of(LIVE_CASE_1);
    b->n_cases = 2;
    snprintf(b->run, sizeof b->run, "live-%lld-%lld", (long long)time(NULL),
             (long long)mono_ms());
    return b->adapter->open(&b->host, &b->setup, &b->self, &b->e) == 0;
}

static void bench_close(struct bench *b)
{
    size_t i;

    for (i = 0; i < b->n; i++)
        json_object_put(b->jobs[i].outputs);
    b->adapter->close(b->self);
}

static struct job *add(struct bench *b, double temperature, const char *prompt)
{
    struct job *j = &b->jobs[b->n];

    snprintf(j->id, sizeof j->id, "%s-e%zu", b->run, b->n);
    j->temperature = temperature;
    j->prompt = prompt;
    b->n++;
    return j;
}

/* Submit what is due, at most `most`. The adapter's code. */
static int submit(struct bench *b, size_t most)
{
    static struct tt_value values[MAX][2];
    static struct tt_evaluation evs[MAX];
    struct tt_batch batch = { .size = sizeof batch,
                              .evaluation_size = sizeof *evs,
                              .evaluations = evs };
    char label[80];
    size_t i;
    int code;

    for (i = 0; i < b->n && batch.n_evaluations < most; i++) {
        struct tt_evaluation *ev = &evs[batch.n_evaluations];
        struct tt_value *v = values[batch.n_evaluations];
        struct job *j = &b->jobs[i];

        if (j->progress != WAITING || j->not_before_ms > mono_ms())
            continue;
        memset(ev, 0, sizeof *ev);
        memset(v, 0, 2 * sizeof *v);
        v[0].number = j->temperature;
        v[1].text = tt_str_of(j->prompt);
        ev->size = sizeof *ev;
        ev->case_size = sizeof *b->cases;
        ev->id = tt_str_of(j->id);
        ev->cases = b->cases;
        ev->n_cases = b->n_cases;
        ev->candidate.size = sizeof ev->candidate;
        ev->candidate.value_size = sizeof *v;
        ev->candidate.n_values = 2;
        ev->candidate.values = v;
        j->sent++;
        batch.n_evaluations++;
    }
    if (batch.n_evaluations == 0)
        return 0;
    snprintf(label, sizeof label, "trimtab:%s:%u", b->run, ++b->batches);
    batch.label = tt_str_of(label);
    memset(&b->e, 0, sizeof b->e);
    code = b->adapter->submit(b->self, &batch, &b->sink, &b->e);
    if (code == TT_ETIMEOUT || code == TT_ETRANSIENT) {
        printf("# unsure: %s\n", b->e.message);
        memset(&b->e, 0, sizeof b->e);
        code = b->adapter->find(b->self, batch.label, &b->sink, &b->e);
        code = transient(code) ? 0 : code;
    }
    return code;
}

static size_t count(struct bench *b, enum progress progress)
{
    size_t i, n = 0;

    for (i = 0; i < b->n; i++)
        n += b->jobs[i].progress == progress;
    return n;
}

static int collect(struct bench *b, uint64_t *again)
{
    struct tt_str handles[MAX];
    size_t i, n = 0;

    for (i = 0; i < b->n; i++) {
        if (b->jobs[i].progress == IN_FLIGHT)
            handles[n++] = tt_str_of(b->jobs[i].handle);
    }
    *again = 200;
    memset(&b->e, 0, sizeof b->e);
    return n == 0 ? 0
                  : b->adapter->collect(b->self, handles, n, &b->sink, again,
                                        &b->e);
}

/* Until all is done, or an error, or the time is up. */
static int drive(struct bench *b, size_t at_once, int seconds)
{
    int64_t end = mono_ms() + 1000 * (int64_t)seconds;
    uint64_t again;
    size_t flying;
    int code = 0;

    while (code == 0 && count(b, DONE) < b->n && mono_ms() < end) {
        flying = count(b, IN_FLIGHT);
        if (flying < at_once)
            code = submit(b, at_once - flying);
        if (code == 0)
            code = collect(b, &again);
        if (code == 0 && count(b, DONE) < b->n)
            nap(again < 3000 ? again : 3000);
    }
    if (code != 0)
        printf("# %d %s\n", code, b->e.message);
    return code;
}

#endif
