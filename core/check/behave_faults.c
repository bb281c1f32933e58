/* SPDX-License-Identifier: MIT
 *
 * behave_faults.c - B10, B19, B20: answers that nobody wants, errors that say
 * what is wrong, and budgets that are used up. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/check/checks.h"
#include "core/check/subject.h"

#define BIG_BYTES (5u << 20)

static char *big_text(char letter)
{
    char *text = xcalloc(BIG_BYTES + 1, 1);

    memset(text, letter, BIG_BYTES);
    return text;
}

/* --- B10: models and servers that fail ----------------------------------- */

static void try_reply(struct check_run *c, struct subject *s,
                      const struct reference *r, uint32_t status,
                      const char *text, const char *what)
{
    struct play p;
    int rc = play_begin(&p, &s->with, r, NULL);

    p.llm_status = status;
    p.llm_text = text;
    if (rc == 0)
        rc = play_run(&p, 8);
    if (rc != 0)
        check_fail(c, "problem \"%s\", the model's reply is %s: %s", r->name,
                   what, p.d.error.message);
    else if (p.bad[0] != '\0')
        check_fail(c, "problem \"%s\", the model's reply is %s: %s", r->name,
                   what, p.bad);
    play_end(&p);
}

static void try_replies(struct check_run *c, struct subject *s,
                        const struct reference *r)
{
    char *big = big_text('x');

    try_reply(c, s, r, TT_LLM_OK, "Be brief: {question}", "fine");
    try_reply(c, s, r, TT_LLM_OK, "", "empty");
    try_reply(c, s, r, TT_LLM_OK, "```\n{{{question}}} %s %n \\u0000 [[key]]",
              "hostile");
    try_reply(c, s, r, TT_LLM_OK, "\xe2\x80\xae\xf0\x9f\x98\x80\xcc\x81",
              "strange letters");
    try_reply(c, s, r, TT_LLM_OK, big, "5 MB long");
    try_reply(c, s, r, TT_LLM_FAILED, "the model is down", "that it failed");
    try_reply(c, s, r, TT_LLM_UNSUPPORTED, "no model", "that there is none");
    try_reply(c, s, r, TT_LLM_BUDGET, "used up", "that the budget is used up");
    free(big);
}

static void try_models(struct check_run *c, struct subject *s)
{
    bool promised = (s->plugin->caps & TT_CAP_LLM) != 0;
    struct reference r;
    struct play p;
    char why[300];
    size_t i;

    for (i = 0; i < reference_n(); i++) {
        if (subject_takes(s, c, i, &r, why)) {
            if (promised)
                try_replies(c, s, &r);
            if (play_begin(&p, &s->with, &r, NULL) == 0) {
                (void)play_run(&p, 8);
                if (p.n_llm > 0 && !promised)
                    check_fail(c, "problem \"%s\": it asks for a model and "
                               "does not promise TT_CAP_LLM", r.name);
            }
            play_end(&p);
        }
        reference_fini(&r);
    }
}

struct server {
    const char *what;
    struct world_answer answer;
};

static const struct server servers[] = {
    { "500", { .status = 500, .body = "{\"error\":\"oops\"}" } },
    { "404", { .status = 404, .body = "not found" } },
    { "401", { .status = 401, .body = "{}" } },
    { "429", { .status = 429, .body = "{}", .retry_after_ms = 1000 } },
    { "503 without a body", { .status = 503, .body = "" } },
    { "204", { .status = 204, .body = "" } },
    { "a page", { .status = 200, .body = "<html><body>hello</body></html>" } },
    { "JSON cut short", { .status = 200, .body = "{\"id\":\"x\",\"s\":" } },
    { "a list", { .status = 200, .body = "[]" } },
    { "null", { .status = 200, .body = "null" } },
    { "numbers as texts", { .status = 200, .body =
        "{\"id\":7,\"run_id\":[],\"status\":{},\"version\":\"NaN\"}" } },
    { "deep nesting", { .status = 200, .body =
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
        "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]" } },
    { "no UTF-8", { .status = 200, .body = "{\"id\":\"\xff\xfe\"}" } },
    { "a timeout", { .code = TT_ETIMEOUT } },
    { "no connection", { .code = TT_ETRANSIENT } },
    { "not allowed", { .code = TT_EPERM } },
    { "too long", { .code = TT_ETOOBIG } },
    { "not available", { .code = TT_EUNAVAILABLE } },
    { "cancelled", { .code = TT_ECANCELLED } },
};

static void judge(struct check_run *c, const struct adapt *a, int rc,
                  const char *call, const char *what)
{
    const char *fault;
    uint64_t i;

    if (rc == TT_EPLUGIN)
        check_fail(c, "%s, the server answers %s: %s", call, what,
                   a->d.error.message);
    for (i = 0; rc == 0 && i < a->outcomes.n; i++) {
        fault = adapt_fault(a->outcomes.outcomes[i]);
        if (fault != NULL) {
            check_fail(c, "%s, the server answers %s: %s", call, what, fault);
            return;
        }
    }
}

static void try_server(struct check_run *c, struct subject *s,
                       const struct reference *r, const char *what)
{
    struct adapt_batch batch = { .label = "b10", .n = 2, .n_cases = 2,
                                 .bad_case = -1 };
    struct tt_str handles[2] = { tt_str_of("b10/0"), tt_str_of("b10/1") };
    struct adapt a;

    if (adapt_begin(&a, &s->with, r, s->evaluation) == 0) {
        judge(c, &a, adapt_submit(&a, &batch), "submit", what);
        judge(c, &a, adapt_collect(&a, handles, 2), "collect", what);
        judge(c, &a, adapt_find(&a, "b10"), "find", what);
        judge(c, &a, adapt_abandon(&a, handles[0]), "abandon", what);
    }
    adapt_end(&a);
}

static void try_servers(struct check_run *c, struct subject *s)
{
    struct reference r;
    char *big;
    size_t i;

    if (!subject_setup(s, c, &r))
        return;
    big = big_text('[');
    for (i = 0; i < TT_ARRAY_LEN(servers); i++) {
        s->world.answer = servers[i].answer;
        try_server(c, s, &r, servers[i].what);
    }
    s->world.answer = servers[0].answer;
    s->world.answer.status = 200;
    s->world.answer.body = big;
    try_server(c, s, &r, "5 MB");
    if (s->world.n_http == 0)
        check_say(c, "it makes no requests");
    reference_fini(&r);
    free(big);
}

void check_b10(struct check_run *c)
{
    struct subject s;

    if (subject_open(&s, c)) {
        if (s.plugin->strategy != NULL)
            try_models(c, &s);
        else
            try_servers(c, &s);
    }
    subject_close(&s);
}

/* --- B19: errors that say something -------------------------------------- */

/* Spaces that hardly any strategy takes: none, or 300 parameters. */
static void decline(struct subject *s)
{
    static const uint64_t sizes[] = { 0, 300 };
    struct tt_param *params = xcalloc(300, sizeof *params);
    struct reference r;
    struct drive d;
    size_t i, k;

    for (i = 0; i < 300; i++) {
        params[i].kind = TT_FLOAT;
        params[i].name = tt_str_of("a.b");
        params[i].hi = 1;
        params[i].parent = -1;
    }
    (void)reference_make(&r, REFERENCE_MIXED, s->plugin, s->tt_config, 1);
    r.space.params = params;
    for (i = 0; i < TT_ARRAY_LEN(sizes); i++) {
        r.space.n_params = sizes[i];
        for (k = 0; k < 2; k++) {
            r.problem.n_objectives = k;
            drive_init(&d, &s->with);
            (void)drive_validate(&d, &r.problem);
            (void)drive_open(&d, &r.problem, NULL);
            drive_fini(&d);
        }
    }
    reference_fini(&r);
    free(params);
}

static void bring_noise(struct subject *s, const struct reference *r)
{
    static const char noise[] = "\xff\xfe no snapshot \x01 at all %s%n";
    struct tt_snapshot snapshot = { .size = sizeof snapshot,
                                    .schema = s->plugin->state_schema,
                                    .bytes = noise, .n = sizeof noise };
    struct play p;

    if ((s->plugin->caps & TT_CAP_SNAPSHOT) != 0) {
        (void)play_begin(&p, &s->with, r, &snapshot);
        play_end(&p);
    }
    if (play_begin(&p, &s->with, r, NULL) == 0) {
        (void)play_run(&p, 2);
        codec_put_ref(&p.d.payload, 987654321);
        (void)drive_ask(&p.d, FRAME_EXPLAIN);
        s->world.data_code = TT_EIO;
        (void)play_run(&p, 2);
        s->world.data_code = 0;
    }
    play_end(&p);
}

static void setups(struct subject *s)
{
    static const char *const evaluations[] = {
        "[]", "null", "7", "{\"workflow\":7,\"mode\":[],\"slots\":\"x\"}",
        "{\"\xe2\x82\xac\":{\"a\":1}}",
    };
    struct adapt_batch batch = { .label = "b19", .n = 1, .n_cases = 1,
                                 .bad_case = 0 };
    struct reference r;
    struct adapt a;
    size_t i;

    (void)reference_make(&r, REFERENCE_MIXED, s->plugin, s->tt_config, 1);
    s->world.answer.code = TT_ETRANSIENT;
    for (i = 0; i < TT_ARRAY_LEN(evaluations); i++) {
        if (adapt_begin(&a, &s->with, &r, evaluations[i]) == 0)
            (void)adapt_submit(&a, &batch);
        adapt_end(&a);
        (void)adapt_try(&a, &s->with, &r, evaluations[i]);
        adapt_end(&a);
    }
    reference_fini(&r);
}

static void judge_errors(struct check_run *c, const struct subject *s)
{
    const char *line = shim.faults.data, *end;

    for (; line != NULL && *line != '\0'; line = end + 1) {
        end = strchr(line, '\n');
        check_fail(c, "%.*s", (int)(end - line), line);
    }
    if (s->world.bad_log)
        check_fail(c, "it logs what is no UTF-8");
    if (s->world.refused)
        check_warn(c, "it reads cases that are not for strategies");
    check_say(c, "%u calls failed", (unsigned)shim.n_errors);
}

void check_b19(struct check_run *c)
{
    struct reference r;
    struct subject s;

    if (subject_open(&s, c)) {
        if (s.plugin->adapter != NULL) {
            setups(&s);
        } else if (subject_problem(&s, c, &r)) {
            decline(&s);
            bring_noise(&s, &r);
            reference_fini(&r);
        }
        judge_errors(c, &s);
    }
    subject_close(&s);
}

/* --- B20: nothing is left ------------------------------------------------ */

#define MOST_REQUESTS 16u /* for one evaluation, within one call */
#define MOST_ASKS 12u     /* for a model, in 30 steps that all say "used up" */

static void try_limits(struct check_run *c, struct subject *s)
{
    static const struct server limits[] = {
        { "that the budget is used up", { .code = TT_EBUDGET } },
        { "that it must wait", { .code = TT_ELIMIT, .retry_after_ms = 2000 } },
        { "429", { .status = 429, .body = "{}", .retry_after_ms = 2000 } },
    };
    struct adapt_batch batch = { .label = "b20", .n = 2, .n_cases = 2,
                                 .bad_case = -1 };
    struct reference r;
    struct adapt a;
    size_t i;

    if (!subject_setup(s, c, &r))
        return;
    for (i = 0; i < TT_ARRAY_LEN(limits); i++) {
        s->world.answer = limits[i].answer;
        world_call(&s->world);
        if (adapt_begin(&a, &s->with, &r, s->evaluation) == 0)
            (void)adapt_submit(&a, &batch);
        adapt_end(&a);
        if (s->world.n_in_call > batch.n * MOST_REQUESTS)
            check_fail(c, "the host says %s, and it asks %u times within one "
                       "call", limits[i].what, (unsigned)s->world.n_in_call);
    }
    reference_fini(&r);
}

static void try_budget(struct check_run *c, struct subject *s,
                       const struct reference *r)
{
    struct tt_budget_event *event;
    struct play p;
    int i, rc = play_begin(&p, &s->with, r, NULL);

    p.llm_status = TT_LLM_BUDGET;
    p.llm_text = "the budget is used up";
    for (i = 0; i < 30 && rc == 0 && !p.done; i++) {
        event = play_alloc(&p, sizeof *event);
        event->head.size = sizeof *event;
        event->budget.size = sizeof event->budget;
        event->budget.iterations = event->budget.iterations_spent = 30;
        event->budget.cost = event->budget.cost_spent = 1;
        play_tell(&p, &event->head, TT_BUDGET);
        rc = play_step(&p, 1, NULL);
        if (p.n_flights > 0)
            play_land(&p, 0);
    }
    if (rc != 0)
        check_fail(c, "%s", p.d.error.message);
    else if (p.n_llm > MOST_ASKS)
        check_fail(c, "the budget is used up, and it asks for a model %u times "
                   "in 30 steps", (unsigned)p.n_llm);
    play_end(&p);
}

void check_b20(struct check_run *c)
{
    struct reference r;
    struct subject s;

    if (subject_open(&s, c)) {
        if (s.plugin->adapter != NULL) {
            try_limits(c, &s);
        } else if (subject_problem(&s, c, &r)) {
            try_budget(c, &s, &r);
            reference_fini(&r);
        }
    }
    subject_close(&s);
}
