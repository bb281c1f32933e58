/* SPDX-License-Identifier: MIT
 *
 * codec_samples.h - one payload of each kind, with every field in use. */
#ifndef TT_TESTS_CODEC_SAMPLES_H
#define TT_TESTS_CODEC_SAMPLES_H

#include <math.h>

#include "core/host/codec.h"

#define STR(text) { text, sizeof text - 1 }

static const struct tt_str sample_choices[] = { STR("red"),
                                                STR("gr\xc3\xbcn") };
static const struct tt_str sample_keep[] = { STR("{question}") };
static const double sample_when[] = { 1, 0 };
static const struct tt_param sample_params[] = {
    { .kind = TT_FLOAT, .flags = TT_PARAM_LOG, .name = STR("n.rate"),
      .lo = 1e-5, .hi = 1, .parent = -1, .default_number = 0.1 },
    { .kind = TT_INT, .name = STR("n.k"), .lo = 1, .hi = 9, .step = 2,
      .parent = -1, .default_number = 3 },
    { .kind = TT_CATEGORICAL, .name = STR("n.colour"),
      .choices = sample_choices, .n_choices = 2, .parent = -1 },
    { .kind = TT_TEXT, .name = STR("n.prompt"), .max_bytes = 2000,
      .default_text = STR("Say {question}"), .placeholders = sample_keep,
      .n_placeholders = 1, .parent = 2, .parent_values = sample_when,
      .n_parent_values = 2 },
};
static const struct tt_space sample_space = {
    .size = sizeof sample_space, .param_size = sizeof sample_params[0],
    .n_params = 4, .params = sample_params,
};
static const struct tt_config_item sample_items[] = {
    { .key = STR("a.b"), .number = 2.5, .text = STR("2.5") },
    { .key = STR("name"), .text = STR("x") },
};
static const struct tt_config sample_config = {
    .size = sizeof sample_config, .item_size = sizeof sample_items[0],
    .n_items = 2, .items = sample_items,
    .json = STR("{\"a\":{\"b\":2.5},\"name\":\"x\"}"),
};
static const struct tt_objective sample_objectives[] = {
    { .metric = STR("score"), .direction = TT_MAXIMIZE },
    { .metric = STR("seconds"), .direction = TT_MINIMIZE },
};
static const struct tt_guardrail sample_guardrails[] = {
    { .metric = STR("toxicity"), .lo = -HUGE_VAL, .hi = 0.1 },
};
static const struct tt_budget sample_budget = {
    .size = sizeof sample_budget, .iterations = 50, .evaluations = 400,
    .seconds = 600, .cost = 1.5, .iterations_spent = 3, .evaluations_spent = 24,
    .seconds_spent = 17, .cost_spent = 0.25,
};
static const struct tt_problem sample_problem = {
    .size = sizeof sample_problem, .space = &sample_space,
    .objectives = sample_objectives, .n_objectives = 2,
    .guardrails = sample_guardrails, .n_guardrails = 1, .seed = 42,
    .n_train = 10, .n_validation = 20, .max_in_flight = 8,
    .budget = { .size = sizeof sample_budget, .iterations = 50, .cost = 2 },
    .config = &sample_config,
};
static const struct tt_snapshot sample_snapshot = {
    .size = sizeof sample_snapshot, .schema = 3, .bytes = "\0\1\xff!", .n = 4,
};
static const struct tt_setup sample_setup = {
    .size = sizeof sample_setup, .space = &sample_space,
    .config = &sample_config, .evaluation = STR("{\"workflow\":\"w\"}"),
    .max_in_flight = 8, .timeout_ms = 60000,
};
static const struct tt_value sample_values[] = {
    { .number = 0.25 },
    { .number = 5 },
    { .number = 1 },
    { .text = STR("Answer {question}!"), .flags = TT_VALUE_INACTIVE },
};
static const uint64_t sample_refs[] = { 1, TT_REF_HOST + 7 };
#define SAMPLE_CANDIDATE                                                       \
    { .size = sizeof(struct tt_candidate),                                     \
      .value_size = sizeof(struct tt_value), .n_values = 4,                    \
      .values = sample_values, .parents = sample_refs, .n_parents = 2,         \
      .origin = STR("mutate") }

/* --- events -------------------------------------------------------------- */

static const double sample_scores[] = { 0.75, 1.25 };
static const double sample_guards[] = { (double)NAN };
static const struct tt_case_score sample_cases[] = {
    { .id = 0, .split = TT_TRAIN, .status = TT_CASE_OK, .objective = 1,
      .feedback = STR("too long") },
    { .id = 9, .split = TT_VALIDATION, .repeat = 1, .status = TT_CASE_FAILED,
      .objective = (double)NAN },
};
static const struct tt_result sample_result = {
    .head = { sizeof sample_result, TT_RESULT, 4, 1000 }, .ref = 1,
    .number = 1, .objectives = sample_scores, .n_objectives = 2,
    .guardrails = sample_guards, .n_guardrails = 1, .feasible = 1,
    .case_size = sizeof sample_cases[0], .cases = sample_cases, .n_cases = 2,
    .cost = 0.01, .tokens_in = 100, .tokens_out = 20,
};
static const struct tt_failure sample_failure = {
    .head = { sizeof sample_failure, TT_FAILED, 5, 1001 }, .ref = 2,
    .number = 2, .cause = STR("the workflow failed"),
};
static const struct tt_llm_reply sample_reply = {
    .head = { sizeof sample_reply, TT_LLM_REPLY, 6, 1002 }, .request = 1,
    .status = TT_LLM_UNSUPPORTED, .text = STR("no model is granted"),
    .cost = 0.5, .tokens_in = 3, .tokens_out = 4,
};
static const struct tt_enqueued sample_enqueued = {
    .head = { sizeof sample_enqueued, TT_ENQUEUED, 7, 1003 },
    .ref = TT_REF_HOST, .candidate = SAMPLE_CANDIDATE,
};
static const struct tt_budget_event sample_deadline = {
    .head = { sizeof sample_deadline, TT_DEADLINE, 8, 1004 },
    .budget = { .size = sizeof sample_budget, .seconds = 5 },
};
static const struct tt_event *const sample_events[] = {
    &sample_result.head,   &sample_failure.head,  &sample_reply.head,
    &sample_enqueued.head, &sample_deadline.head,
};
static const struct tt_ask sample_ask = {
    .size = sizeof sample_ask, .position = 9, .time_ms = 1005, .max = 3,
    .pending = sample_refs, .n_pending = 2,
};

/* --- actions ------------------------------------------------------------- */

static const struct tt_evaluate sample_evaluate = {
    .head = { sizeof sample_evaluate, TT_EVALUATE }, .ref = 3,
    .candidate = SAMPLE_CANDIDATE,
    .cases = { .mode = TT_CASES_LIST, .split = TT_TRAIN, .ids = sample_refs,
               .n_ids = 1 },
    .repeats = 2, .flags = TT_WANT_FEEDBACK, .priority = -4,
    .predicted_mean = 0.5, .predicted_sd = 0.1, .acquisition = (double)NAN,
};
static const struct tt_prune sample_prune = {
    .head = { sizeof sample_prune, TT_PRUNE }, .ref = 3,
    .reason = STR("behind"),
};
static const struct tt_message sample_messages[] = {
    { STR("system"), STR("You rewrite prompts.") },
    { STR("user"), STR("Rewrite this.") },
};
static const struct tt_llm sample_llm = {
    .head = { sizeof sample_llm, TT_LLM }, .request = 11,
    .messages = sample_messages, .n_messages = 2, .role = STR("reflection"),
    .purpose = STR("rewrite"), .max_tokens = 400,
    .temperature = (double)NAN,
};
static const struct tt_wait sample_wait = {
    .head = { sizeof sample_wait, TT_WAIT },
};
static const struct tt_done sample_done = {
    .head = { sizeof sample_done, TT_DONE }, .reason = STR("exhausted"),
};
static const struct tt_action *const sample_actions[] = {
    &sample_evaluate.head, &sample_prune.head, &sample_llm.head,
    &sample_wait.head,     &sample_done.head,
};

/* --- adapters ------------------------------------------------------------ */

static const struct tt_case sample_contents[] = {
    { .id = 4, .split = TT_VALIDATION, .content = STR("{\"q\":\"why?\"}") },
};
static const struct tt_evaluation sample_evaluations[] = {
    { .size = sizeof sample_evaluations[0],
      .case_size = sizeof sample_contents[0], .id = STR("e-1"),
      .candidate = SAMPLE_CANDIDATE, .cases = sample_contents, .n_cases = 1,
      .repeat = 1, .flags = TT_WANT_TRACES, .candidate_number = 9 },
    { .size = sizeof sample_evaluations[0],
      .case_size = sizeof sample_contents[0], .id = STR("e-2"),
      .candidate = SAMPLE_CANDIDATE, .cases = sample_contents, .n_cases = 0 },
};
static const struct tt_batch sample_batch = {
    .size = sizeof sample_batch,
    .evaluation_size = sizeof sample_evaluations[0],
    .label = STR("r-1/b-1"), .evaluations = sample_evaluations,
    .n_evaluations = 2, .now_ms = 77,
};
static const struct tt_outcome sample_outcome = {
    .size = sizeof sample_outcome, .state = TT_LATER, .id = STR("e-1"),
    .handle = STR("h-1"), .outputs = STR("{}"), .message = STR("slots full"),
    .evidence = STR("{\"run\":\"x\"}"), .retry_after_ms = 500, .tokens_in = 1,
    .tokens_out = 2, .cost = 0.125,
};
static const struct tt_http_header sample_headers[] = {
    { STR("Authorization"), STR("Bearer ${secret:TOKEN}") },
};
static const struct tt_http_request sample_request = {
    .size = sizeof sample_request, .flags = TT_HTTP_IDEMPOTENT,
    .method = STR("POST"), .url = STR("http://127.0.0.1/x"),
    .headers = sample_headers, .n_headers = 1, .body = STR("\0\xff"),
    .timeout_ms = 1000, .max_body_bytes = 4096,
};
static const struct tt_http_response sample_response = {
    .size = sizeof sample_response, .status = 429, .body = STR("slow\xff"),
    .retry_after_ms = 2000, .location = STR("/jobs/7"),
};

#endif
