/* SPDX-License-Identifier: MIT
 *
 * blocking.h: an adapter from one function. */
#include <stdlib.h>
#include <trimtab/blocking.h>

#include "tests/unit/tap.h"

struct calls {
    unsigned opened, evaluated;
};

/* Case id 1 fails, 2 is transient, 3 has no score; else x times the id. */
static int toy_evaluate(struct tt_blocking *b,
                        const struct tt_candidate *candidate,
                        const struct tt_case *c, struct tt_reply *reply,
                        struct tt_error *e)
{
    struct calls *calls = b->state;
    double x = tt_candidate_value(candidate, 0)->number;

    calls->evaluated++;
    tt_reply_usage(reply, 10, 1, 0.5);
    if (c->id == 1)
        return tt_fail(e, TT_EINVAL, "case 1 is \"bad\"\n");
    if (c->id == 2) {
        e->retry_after_ms = 250;
        return tt_fail(e, TT_ETRANSIENT, "not now");
    }
    if (c->id == 3)
        return 0;
    tt_reply_score(reply, x * (double)c->id);
    tt_reply_metric(reply, "latency", (double)c->id);
    tt_reply_feedback(reply, tt_str_of("well done"));
    return 0;
}

static int toy_init(struct tt_blocking *b, struct tt_error *e)
{
    (void)e;
    ((struct calls *)b->state)->opened = 1;
    return 0;
}

static const struct tt_blocking_ops toy_ops = {
    .metric = "score",
    .state_size = sizeof(struct calls),
    .init = toy_init,
    .evaluate = toy_evaluate,
};
TT_BLOCKING_ADAPTER(toy_adapter, toy_ops);

struct seen {
    size_t n;
    uint32_t state[4];
    char id[4][16], outputs[4][512], message[4][128];
    uint64_t retry, tokens;
    double cost;
};

static int seen_emit(const struct tt_outcome_sink *sink,
                     const struct tt_outcome *o)
{
    struct seen *s = sink->ctx;

    s->state[s->n] = o->state;
    snprintf(s->id[s->n], 16, "%.*s", (int)o->id.n, o->id.p);
    snprintf(s->outputs[s->n], 512, "%.*s", (int)o->outputs.n, o->outputs.p);
    snprintf(s->message[s->n], 128, "%.*s", (int)o->message.n, o->message.p);
    s->retry = o->retry_after_ms;
    s->tokens = o->tokens_in;
    s->cost = o->cost;
    s->n++;
    return 0;
}

/* Evaluate x on the cases with these ids; what came out is in *s. */
static void run(struct seen *s, double x, uint32_t flags, size_t n,
                const uint64_t *ids)
{
    struct tt_setup setup = { .size = sizeof setup };
    struct tt_host host = { .size = sizeof host };
    struct tt_value value = { .number = x };
    struct tt_case cases[4] = { { 0 } };
    struct tt_evaluation ev[2] = { { 0 } };
    struct tt_batch batch = { .size = sizeof batch };
    struct tt_outcome_sink sink = { s, seen_emit };
    struct tt_instance *adapter = NULL;
    struct tt_error e = { .size = sizeof e };
    size_t i;

    memset(s, 0, sizeof *s);
    for (i = 0; i < n; i++)
        cases[i].id = ids[i];
    for (i = 0; i < 2; i++) {
        ev[i].size = sizeof ev[i];
        ev[i].case_size = sizeof *cases;
        ev[i].id = tt_str_of(i == 0 ? "run-1-1" : "run-1-2");
        ev[i].candidate.value_size = sizeof value;
        ev[i].candidate.n_values = 1;
        ev[i].candidate.values = &value;
        ev[i].cases = cases;
        ev[i].n_cases = n;
        ev[i].flags = flags;
    }
    batch.evaluation_size = sizeof *ev;
    batch.evaluations = ev;
    batch.n_evaluations = 2;
    CU_ASSERT_EQUAL(toy_adapter.validate(&setup, &e), 0);
    CU_ASSERT_EQUAL(toy_adapter.open(&host, &setup, &adapter, &e), 0);
    if (adapter == NULL)
        return;
    CU_ASSERT_EQUAL(toy_adapter.submit(adapter, &batch, &sink, &e), 0);
    CU_ASSERT_EQUAL(s->n, 2);
    CU_ASSERT_STRING_EQUAL(s->id[1], "run-1-2");
    CU_ASSERT_STRING_EQUAL(s->outputs[0], s->outputs[1]);
    toy_adapter.close(adapter);
}

static void scores_come_in_the_shape_of_metric_nodes(void)
{
    static const uint64_t ids[] = { 4, 0, 8 };
    struct seen s;

    run(&s, 0.5, 0, 3, ids);
    CU_ASSERT_EQUAL(s.state[0], TT_SUCCEEDED);
    CU_ASSERT_STRING_EQUAL(
        s.outputs[0],
        "{\"node_results\":{\"score\":{\"metric_name\":\"score\","
        "\"corpus_score\":2,\"per_item\":[2,0,4]},"
        "\"latency\":{\"metric_name\":\"latency\",\"corpus_score\":4,"
        "\"per_item\":[4,0,8]}}}");
    CU_ASSERT_EQUAL(s.tokens, 30);
    CU_ASSERT_EQUAL(s.cost, 1.5);
}

static void a_bad_case_is_null_and_the_rest_counts(void)
{
    static const uint64_t ids[] = { 1, 4, 3 };
    struct seen s;

    run(&s, 1.0, 1, 3, ids);
    CU_ASSERT_EQUAL(s.state[0], TT_SUCCEEDED);
    CU_ASSERT_STRING_EQUAL(
        s.outputs[0],
        "{\"node_results\":{\"score\":{\"metric_name\":\"score\","
        "\"corpus_score\":4,\"per_item\":[null,4,null]},"
        "\"latency\":{\"metric_name\":\"latency\",\"corpus_score\":4,"
        "\"per_item\":[null,4,null]},\"feedback\":{\"verdicts\":["
        "{\"id\":\"1\",\"flags\":[\"case 1 is \\\"bad\\\"\\u000a\"]},"
        "{\"id\":\"4\",\"flags\":[\"well done\"]}]}}}");
}

static void nothing_scored_is_the_candidates_error(void)
{
    static const uint64_t ids[] = { 1, 3 };
    struct seen s;

    run(&s, 1.0, 0, 2, ids);
    CU_ASSERT_EQUAL(s.state[0], TT_ERROR);
    CU_ASSERT_STRING_EQUAL(s.outputs[0], "");
    CU_ASSERT_STRING_EQUAL(s.message[0], "case 1 is \"bad\"\n");
    run(&s, (double)NAN, 0, 1, ids + 1);
    CU_ASSERT_EQUAL(s.state[0], TT_ERROR);
    CU_ASSERT_STRING_EQUAL(s.message[0], "no case could be scored");
    run(&s, 1.0, 0, 0, ids);
    CU_ASSERT_EQUAL(s.state[0], TT_ERROR);
}

static void infrastructure_loses_the_evaluation(void)
{
    static const uint64_t ids[] = { 4, 2, 4 };
    struct seen s;

    run(&s, 1.0, 0, 3, ids);
    CU_ASSERT_EQUAL(s.state[0], TT_LOST);
    CU_ASSERT_STRING_EQUAL(s.message[0], "not now");
    CU_ASSERT_EQUAL(s.retry, 250);
    CU_ASSERT_EQUAL(s.tokens, 20); /* what was spent is told all the same */
}

static void nothing_is_ever_in_flight(void)
{
    struct tt_setup setup = { .size = sizeof setup };
    struct tt_str handles[2] = { { "a", 1 }, { "b", 1 } };
    struct seen s;
    struct tt_outcome_sink sink = { &s, seen_emit };
    struct tt_instance *adapter = NULL;
    uint64_t again = 7;
    struct tt_error e = { .size = sizeof e };

    memset(&s, 0, sizeof s);
    CU_ASSERT_EQUAL(toy_adapter.open(NULL, &setup, &adapter, &e), 0);
    CU_ASSERT_EQUAL(
        toy_adapter.find(adapter, tt_str_of("label"), &sink, &e), 0);
    CU_ASSERT_EQUAL(s.n, 0);
    CU_ASSERT_EQUAL(
        toy_adapter.collect(adapter, handles, 2, &sink, &again, &e), 0);
    CU_ASSERT_EQUAL(s.n, 2);
    CU_ASSERT_EQUAL(s.state[1], TT_LOST);
    CU_ASSERT_STRING_EQUAL(s.id[1], "b");
    CU_ASSERT_EQUAL(again, 0);
    CU_ASSERT_EQUAL(toy_adapter.abandon(adapter, handles[0], &e), 0);
    toy_adapter.close(adapter);
    toy_adapter.close(NULL);
}

static CU_TestInfo tests[] = {
    { "scores come in the shape of metric nodes",
      scores_come_in_the_shape_of_metric_nodes },
    { "a bad case is null and the rest counts",
      a_bad_case_is_null_and_the_rest_counts },
    { "nothing scored is the candidate's error",
      nothing_scored_is_the_candidates_error },
    { "infrastructure loses the evaluation",
      infrastructure_loses_the_evaluation },
    { "nothing is ever in flight", nothing_is_ever_in_flight },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("blocking", tests);
}
