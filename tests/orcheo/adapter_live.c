/* SPDX-License-Identifier: MIT
 *
 * adapter_live.c - the adapter `orcheo` against a live Orcheo (or its
 * simulator), driven as the host drives it: submit, collect, find, again for
 * what is LATER or LOST.
 *
 *   adapter_live URL SCENARIO...     TAP on stdout
 *
 * Environment: TT_LIVE_TOKEN; TT_LIVE_SMALL_TOKEN, of a workspace with the
 * default quota; TT_LIVE_FAULT, a command that is given a fault's name
 * (kill-worker, worker-up, redis-down, redis-up). live.sh sets them. */
#include <math.h>

#include "tests/orcheo/live_bench.h"

static double score(const struct job *j)
{
    json_object *v = js_at(j->outputs, "node_results.score.corpus_score");

    return v != NULL ? json_object_get_double(v) : -1;
}

/* Every job succeeded, and its node saw its own parameters. */
static bool own_parameters(struct bench *b)
{
    json_object *t;
    size_t i;

    for (i = 0; i < b->n; i++) {
        struct job *j = &b->jobs[i];

        t = js_at(j->outputs, "node_results.answer.temperature");
        if (j->state != TT_SUCCEEDED || t == NULL ||
            fabs(json_object_get_double(t) - j->temperature) > 0) {
            printf("# %s: state %u, %s\n", j->id, j->state, j->message);
            return false;
        }
    }
    return true;
}

static void known_scores(struct bench *b, const char *name)
{
    static const struct {
        double temperature;
        const char *prompt;
        double score;
    } known[] = { { 1.0, "Answer.", 0.2857 }, { 0.3, "Be brief.", 1.0 },
                  { 0.8, "Be brief.", 0.6667 }, { 0.3, "Answer.", 0.6667 } };
    bool good = true;
    size_t i;

    for (i = 0; i < 4; i++)
        add(b, known[i].temperature, known[i].prompt);
    drive(b, 8, 60);
    for (i = 0; i < 4; i++) {
        if (fabs(score(&b->jobs[i]) - known[i].score) > 1e-4) {
            good = false;
            printf("# %g %s: %g, %s\n", known[i].temperature, known[i].prompt,
                   score(&b->jobs[i]), b->jobs[i].message);
        }
    }
    ok(good, name);
}

/* --- scenarios ------------------------------------------------------------ */

static void scenario_inputs(const char *url)
{
    struct bench b;

    ok(bench_open(&b, url, "{\"workflow\":\"evaluation\"}", 60000), "it opens");
    known_scores(&b, "inputs: the known candidates have the known scores");
    ok(strstr(b.jobs[0].evidence, "\"inputs\"") != NULL,
       "inputs: the evidence says how it was measured");
    bench_close(&b);
}

static void scenario_slots(const char *url)
{
    struct bench b;

    bench_open(&b, url, "{\"workflow\":\"slots\",\"version\":1,"
                        "\"slots\":[2,3],\"mode\":\"slots\",\"paths\":"
                        "{\"answer.system_prompt\":\"prompts.answer.text\"}}",
               60000);
    known_scores(&b, "slots: the known candidates have the known scores");
    ok(strstr(b.jobs[0].evidence, "\"slots\"") != NULL,
       "slots: the evidence says how it was measured");
    bench_close(&b);
}

/* Orcheo's own tables deadlock now and then when 50 runs start at once; such a
 * run is lost and sent again, in a batch of its own. */
static unsigned lost_runs(const struct bench *b)
{
    unsigned n = 0;
    size_t i;

    for (i = 0; i < b->n; i++)
        n += b->jobs[i].lost;
    return n;
}

static void scenario_burst(const char *url)
{
    struct bench b;
    size_t i;

    bench_open(&b, url, "{\"workflow\":\"evaluation\"}", 60000);
    for (i = 0; i < 50; i++)
        add(&b, (double)i / 50, "Be brief.");
    drive(&b, 50, 90);
    ok(own_parameters(&b) && b.batches <= 1 + lost_runs(&b),
       "burst: 50 at once, each with its own parameters");
    bench_close(&b);
}

static void scenario_cold(const char *url)
{
    struct bench b;
    size_t i;

    bench_open(&b, url, "{\"workflow\":\"evaluation\"}", 60000);
    for (i = 0; i < 20; i++)
        add(&b, (double)i / 50, "Be brief.");
    drive(&b, 20, 90);
    ok(own_parameters(&b),
       "cold: the first runs of a fresh Orcheo are all measured");
    bench_close(&b);
}

static void scenario_small(const char *url)
{
    struct bench b;
    unsigned later = 0;
    size_t i;

    bench_open(&b, url, "{\"workflow\":\"small\",\"inputs\":{\"sleep\":0.2}}",
               60000);
    for (i = 0; i < 40; i++)
        add(&b, (double)i / 50, "Be brief.");
    drive(&b, 40, 240);
    for (i = 0; i < b.n; i++)
        later += b.jobs[i].later;
    printf("# %u requests, %u answered 429, %u times LATER\n", live.requests,
           live.limited, later);
    ok(own_parameters(&b), "small: 40 under the default quota all complete");
    ok(later > 0, "small: the quota was met on the way");
    bench_close(&b);
}

static void scenario_faults(const char *url)
{
    struct bench b;
    struct job *j;

    bench_open(&b, url, "{\"workflow\":\"evaluation\",\"inputs\":"
                        "{\"boom\":\"the model said no\"}}", 60000);
    j = add(&b, 0.5, "x");
    drive(&b, 8, 60);
    ok(j->state == TT_ERROR && strstr(j->message, "the model said no") != NULL,
       "faults: a failing workflow is the candidate's error");
    bench_close(&b);

    bench_open(&b, url, "{\"workflow\":\"evaluation\",\"inputs\":"
                        "{\"nan\":true}}", 60000);
    j = add(&b, 0.5, "x");
    drive(&b, 8, 60);
    ok(j->state == TT_ERROR && strstr(j->message, "finite") != NULL,
       "faults: a NaN is an error that says so");
    bench_close(&b);

    bench_open(&b, url, "{\"workflow\":\"production\",\"mode\":\"inputs\"}",
               60000);
    j = add(&b, 0.5, "x");
    drive(&b, 8, 60);
    ok(j->state == TT_ERROR && strstr(j->message, "source") != NULL,
       "faults: a workflow that ignores the candidate is found out");
    bench_close(&b);

    bench_open(&b, url, "{\"workflow\":\"production\",\"mode\":\"direct\"}",
               60000);
    j = add(&b, 0.5, "x");
    ok(drive(&b, 8, 60) == TT_EUNSUPPORTED,
       "faults: a dropped config is found out");
    bench_close(&b);
}

static void scenario_find(const char *url)
{
    struct bench b;
    struct tt_instance *first;
    char label[80];
    size_t i;

    bench_open(&b, url, "{\"workflow\":\"evaluation\",\"inputs\":"
                        "{\"sleep\":1}}", 60000);
    for (i = 0; i < 5; i++)
        add(&b, (double)i / 10, "Be brief.");
    submit(&b, 5);
    first = b.self;
    for (i = 0; i < 5; i++) {
        b.jobs[i].progress = WAITING;
        b.jobs[i].handle[0] = '\0';
    }
    b.adapter->open(&b.host, &b.setup, &b.self, &b.e);
    snprintf(label, sizeof label, "trimtab:%s:1", b.run);
    b.adapter->find(b.self, tt_str_of(label), &b.sink, &b.e);
    ok(count(&b, WAITING) == 0, "find: a new instance finds them by label");
    drive(&b, 5, 60);
    ok(own_parameters(&b) && b.batches == 1,
       "find: and reads their results, with nothing sent twice");
    b.adapter->close(first);
    bench_close(&b);
}

static void scenario_cancel(const char *url)
{
    struct bench b;
    uint64_t again;

    bench_open(&b, url, "{\"workflow\":\"evaluation\",\"inputs\":"
                        "{\"sleep\":3}}", 60000);
    add(&b, 0.5, "x");
    submit(&b, 1);
    nap(500);
    b.adapter->abandon(b.self, tt_str_of(b.jobs[0].handle), &b.e);
    collect(&b, &again);
    ok(b.jobs[0].lost == 1, "cancel: a run given up is gone");
    bench_close(&b);
}

static void scenario_worker_killed(const char *url)
{
    struct bench b;
    struct job *j;

    bench_open(&b, url, "{\"workflow\":\"evaluation\",\"inputs\":"
                        "{\"sleep\":2}}", 5000);
    j = add(&b, 0.3, "Be brief.");
    submit(&b, 1);
    nap(1000);
    fault("kill-worker");
    fault("worker-up");
    drive(&b, 1, 60);
    ok(j->lost >= 1 && j->state == TT_SUCCEEDED && score(j) > 0.99,
       "worker: a run whose worker was killed is lost and done again");
    bench_close(&b);
}

static void scenario_redis_down(const char *url)
{
    struct bench b;
    struct job *j;

    bench_open(&b, url, "{\"workflow\":\"evaluation\"}", 20000);
    j = add(&b, 0.3, "Be brief.");
    fault("redis-down");
    submit(&b, 1);
    fault("redis-up");
    drive(&b, 1, 60);
    ok(j->lost >= 1 && j->state == TT_SUCCEEDED && score(j) > 0.99,
       "redis: a run dispatched while Redis was down is lost and done again");
    bench_close(&b);
}

static void scenario_agent(const char *url)
{
    struct bench b;
    struct job *good, *bad;

    bench_open(&b, url, "{\"workflow\":\"agent\",\"case_as\":\"merge\"}",
               60000);
    b.cases[0].content = tt_str_of("{\"message\":\"What is the capital of "
                                   "France?\",\"expected\":\"Paris\"}");
    b.n_cases = 1;
    good = add(&b, 0.3, "Be brief.");
    bad = add(&b, 0.3, "Answer.");
    drive(&b, 8, 60);
    ok(score(good) > 0.99 && score(bad) < 0.5 && score(bad) > 0,
       "agent: a real AgentNode is measured");
    ok(good->tokens_in == 11 && good->tokens_out == 3,
       "agent: its tokens are counted");
    bench_close(&b);
}

/* --- admin ---------------------------------------------------------------- */

static struct {
    char text[60000];
    size_t n;
} answer;

static int answer_write(const struct tt_sink *sink, const void *bytes,
                        uint64_t n)
{
    (void)sink;
    if (answer.n + n >= sizeof answer.text)
        return TT_ETOOBIG;
    memcpy(answer.text + answer.n, bytes, (size_t)n);
    answer.n += (size_t)n;
    answer.text[answer.n] = '\0';
    return 0;
}

static int call(struct bench *b, const char *method, const char *params_text)
{
    const struct tt_admin *admin =
        b->adapter->get_extension(TT_EXTENSION_ADMIN);
    struct tt_sink sink = { NULL, answer_write };
    int code;

    answer.n = 0;
    answer.text[0] = '\0';
    memset(&b->e, 0, sizeof b->e);
    code = admin->call(b->self, tt_str_of(method), tt_str_of(params_text),
                       &sink, &b->e);
    printf("# %s: %s\n", method, code == 0 ? answer.text : b->e.message);
    return code;
}

/* Dispatch the production workflow as its own triggers do, and look at what
 * its node got. */
static bool production_receives(struct bench *b, double temperature)
{
    json_object *o = json_object_new_object(), *got;
    struct reply r;
    bool good = false;

    target_id(b->self, "production", b->self->target.workflow, &b->e);
    json_object_object_add(o, "workflow_id",
                           json_object_new_string(b->self->target.workflow));
    json_object_object_add(o, "runs", json_object_new_array());
    json_object_array_add(js_get(o, "runs"), json_object_new_object());
    client_call(b->self, "POST", "/api/triggers/manual/dispatch", o, &r,
                &b->e);
    json_object_put(o);
    reply_fini(&r);
    nap(2000);
    if (collect_list(b->self, 1, &r, &b->e) == 0) {
        got = js_at(json_object_array_get_idx(r.body, 0),
                    "output_payload.final_state.node_results.answer.received."
                    "temperature");
        good = got != NULL &&
               fabs(json_object_get_double(got) - temperature) < 1e-12;
    }
    reply_fini(&r);
    return good;
}

static void scenario_push(const char *url)
{
    struct bench b;
    const char *write = "{\"workflow\":\"production\",\"node\":\"answer\","
                        "\"parameters\":{\"temperature\":0.35,"
                        "\"system_prompt\":\"Be brief.\"}}";

    bench_open(&b, url, "{}", 60000);
    ok(call(&b, "write", write) == 0, "push: write");
    ok(call(&b, "read", "{\"workflow\":\"production\",\"node\":\"answer\"}") ==
               0 &&
           strstr(answer.text, "0.35") != NULL,
       "push: read gives what was written");
    ok(call(&b, "write", "{\"workflow\":\"production\",\"node\":\"answer\","
                         "\"parameters\":{\"temperature\":0.9},\"expect\":"
                         "{\"temperature\":0.1}}") == TT_ECONFLICT,
       "push: a foreign edit is not written over");
    ok(call(&b, "draft", "{\"workflow\":\"production\",\"node\":\"answer\"}") ==
               0 &&
           strstr(answer.text, "temperature") != NULL,
       "push: a target is drafted from the workflow");
    ok(production_receives(&b, 0.35), "push: the production node receives it");
    bench_close(&b);
}

static void doctor(const char *url, const char *evaluation, const char *expect,
                   const char *name)
{
    struct bench b;

    bench_open(&b, url, evaluation, 60000);
    ok(call(&b, "doctor", "{\"case\":" LIVE_CASE_0 "}") == 0 &&
           strstr(answer.text, expect) != NULL,
       name);
    bench_close(&b);
}

static void scenario_doctor(const char *url)
{
    char *token = strdup(getenv("TT_LIVE_TOKEN"));

    doctor(url, "{\"workflow\":\"evaluation\"}", "\"ok\":true",
           "doctor: a sound connection passes, with a trial");
    doctor(url, "{\"workflow\":\"nowhere\"}",
           "\"name\":\"workflow\",\"status\":\"fail\"",
           "doctor: a missing workflow is named");
    doctor(url, "{\"workflow\":\"production\",\"mode\":\"inputs\"}",
           "\"name\":\"templates\",\"status\":\"fail\"",
           "doctor: a missing template is named");
    setenv("TT_LIVE_TOKEN", "wrong", 1);
    doctor(url, "{\"workflow\":\"evaluation\"}",
           "\"name\":\"token\",\"status\":\"fail\"",
           "doctor: a wrong token is named");
    setenv("TT_LIVE_TOKEN", token, 1);
    free(token);
    doctor("http://127.0.0.1:1", "{}",
           "\"name\":\"health\",\"status\":\"fail\"",
           "doctor: an Orcheo that is not there is named");
}

static void scenario_no_quota_redis(const char *url)
{
    struct bench b;
    size_t i;
    int code;

    bench_open(&b, url, "{\"workflow\":\"small\"}", 20000);
    for (i = 0; i < 30; i++)
        add(&b, 0.3, "Be brief.");
    code = drive(&b, 8, 90);
    ok(code == TT_EPRECONDITION &&
           strstr(b.e.message, "ORCHEO_REDIS_URL") != NULL,
       "quota: without ORCHEO_REDIS_URL the run stops and says why");
    ok(count(&b, DONE) == 25, "quota: after as many runs as the quota has");
    bench_close(&b);
    doctor(url, "{\"workflow\":\"small\"}", "25 of 25 concurrent runs",
           "quota: the doctor names its numbers");
    ok(strstr(answer.text, "ORCHEO_REDIS_URL") != NULL,
       "quota: and what may have filled it");
}

/* --- the simulator's faults ----------------------------------------------- */

static const struct chaos {
    const char *what;
    const char *faults[9];
    size_t errors; /* at most so many candidates cannot be measured */
} chaos[] = {
    { "answers to dispatches that are lost",
      { "drop_dispatch=1", "error_500_after=1", "error_500_dispatch=1" }, 0 },
    { "answers that make no sense",
      { "error_500=2", "invalid_json=1", "reset=2", "empty_array=1" }, 0 },
    { "back-pressure",
      { "dispatch_empty=1", "dispatch_short=3", "rate_429=1" }, 0 },
    { "runs that are lost",
      { "stay_pending=1", "stay_running=1", "vanish=1", "lost=1" }, 0 },
    { "runs that are not what they seem",
      { "wrong_echo=1", "forged=1", "fail_llm=1", "fail_pool=1" }, 0 },
    { "runs that say nothing of the candidate",
      { "source_active=1", "interrupted=1", "fail_boom=1" }, 3 },
};

static bool chaos_measured(struct bench *b, size_t errors)
{
    size_t i, wrong = 0;

    if (errors == 0)
        return own_parameters(b);
    for (i = 0; i < b->n; i++)
        wrong += b->jobs[i].state == TT_ERROR;
    return count(b, DONE) == b->n && wrong > 0 && wrong <= errors;
}

/* Whatever happens to them, candidates are measured once each, and right. */
static void scenario_chaos(const char *url)
{
    struct bench b;
    char name[200];
    size_t k, i;

    for (k = 0; k < sizeof chaos / sizeof *chaos; k++) {
        bench_open(&b, url, "{\"workflow\":\"evaluation\"}", 2000);
        b.self->settings.pending_ms = 1000;
        for (i = 0; i < 8; i++)
            add(&b, 0.1 + (double)i / 10, "Be brief.");
        for (i = 0; i < 9 && chaos[k].faults[i] != NULL; i++)
            fault(chaos[k].faults[i]);
        drive(&b, 8, 40);
        fault("dispatch_short=0");
        snprintf(name, sizeof name, "chaos: %s", chaos[k].what);
        ok(chaos_measured(&b, chaos[k].errors), name);
        bench_close(&b);
    }
}

static const struct {
    const char *name;
    void (*run)(const char *url);
} scenarios[] = {
    { "inputs", scenario_inputs }, { "slots", scenario_slots },
    { "burst", scenario_burst }, { "small", scenario_small },
    { "faults", scenario_faults }, { "find", scenario_find },
    { "cancel", scenario_cancel }, { "worker-killed", scenario_worker_killed },
    { "redis-down", scenario_redis_down },
    { "no-quota-redis", scenario_no_quota_redis },
    { "agent", scenario_agent }, { "push", scenario_push },
    { "doctor", scenario_doctor }, { "chaos", scenario_chaos },
    { "cold", scenario_cold },
};

/* Scenarios of the default quota run in a workspace of their own. */
static void choose_token(const char *scenario, const char *token)
{
    const char *small = getenv("TT_LIVE_SMALL_TOKEN");
    bool in_small = strcmp(scenario, "small") == 0 ||
                    strcmp(scenario, "no-quota-redis") == 0;

    setenv("TT_LIVE_TOKEN", in_small && small != NULL ? small : token, 1);
}

int main(int argc, char **argv)
{
    const char *given = getenv("TT_LIVE_TOKEN");
    char *token = strdup(given != NULL ? given : "");
    size_t k;
    int i;

    for (i = 2; i < argc; i++) {
        for (k = 0; k < sizeof scenarios / sizeof *scenarios; k++) {
            if (strcmp(scenarios[k].name, argv[i]) == 0)
                break;
        }
        if (k == sizeof scenarios / sizeof *scenarios) {
            fprintf(stderr, "no scenario %s\n", argv[i]);
            return 2;
        }
        choose_token(argv[i], token);
        scenarios[k].run(argv[1]);
    }
    printf("1..%u\n", number);
    free(token);
    free(live.answer);
    return failures == 0 ? 0 : 1;
}
