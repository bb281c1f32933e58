/* SPDX-License-Identifier: MIT
 *
 * codec_test.c - records survive the wire byte for byte; nothing that is not
 * one of ours is taken for one. */
#include "tests/unit/codec_samples.h"
#include "tests/unit/tap.h"

#include <string.h>

/* --- every payload as a row: encode the sample; decode and encode again */

struct row {
    const char *name;
    void (*put)(struct buf *b);
    int (*again)(struct tt_str bytes, struct arena *a, struct buf *b,
                 struct err *e);
    size_t least; /* bytes below which a prefix is something else */
};

static void problem_put(struct buf *b)
{
    codec_put_problem(b, &sample_problem, &sample_snapshot);
}

static int problem_again(struct tt_str bytes, struct arena *a, struct buf *b,
                         struct err *e)
{
    const struct tt_problem *problem;
    const struct tt_snapshot *snapshot;
    int rc = codec_get_problem(bytes, a, &problem, &snapshot, e);

    if (rc == 0)
        codec_put_problem(b, problem, snapshot);
    return rc;
}

static void fresh_put(struct buf *b)
{
    struct tt_problem problem = sample_problem;

    problem.config = NULL;
    codec_put_problem(b, &problem, NULL);
}

static void setup_put(struct buf *b)
{
    codec_put_setup(b, &sample_setup);
}

static int setup_again(struct tt_str bytes, struct arena *a, struct buf *b,
                       struct err *e)
{
    const struct tt_setup *setup;
    int rc = codec_get_setup(bytes, a, &setup, e);

    if (rc == 0)
        codec_put_setup(b, setup);
    return rc;
}

static void step_put(struct buf *b)
{
    codec_put_step(b, sample_events, 5, &sample_ask);
}

static int step_again(struct tt_str bytes, struct arena *a, struct buf *b,
                      struct err *e)
{
    struct codec_step step;
    int rc = codec_get_step(bytes, a, &step, e);

    if (rc == 0)
        codec_put_step(b, step.events, step.n_events, step.ask);
    return rc;
}

static void actions_put(struct buf *b)
{
    size_t i;

    for (i = 0; i < 5; i++)
        codec_put_action(b, sample_actions[i]);
}

static int actions_again(struct tt_str bytes, struct arena *a, struct buf *b,
                         struct err *e)
{
    struct codec_actions actions;
    int rc = codec_get_actions(bytes, a, &actions, e);
    uint64_t i;

    for (i = 0; rc == 0 && i < actions.n; i++)
        codec_put_action(b, actions.actions[i]);
    return rc;
}

static void batch_put(struct buf *b)
{
    codec_put_batch(b, &sample_batch);
}

static int batch_again(struct tt_str bytes, struct arena *a, struct buf *b,
                       struct err *e)
{
    const struct tt_batch *batch;
    int rc = codec_get_batch(bytes, a, &batch, e);

    if (rc == 0)
        codec_put_batch(b, batch);
    return rc;
}

static void outcomes_put(struct buf *b)
{
    codec_put_again(b, 250);
    codec_put_outcome(b, &sample_outcome);
    codec_put_outcome(b, &sample_outcome);
}

static int outcomes_again(struct tt_str bytes, struct arena *a, struct buf *b,
                          struct err *e)
{
    struct codec_outcomes outcomes;
    int rc = codec_get_outcomes(bytes, a, &outcomes, e);
    uint64_t i;

    if (rc != 0)
        return rc;
    codec_put_again(b, outcomes.again_ms);
    for (i = 0; i < outcomes.n; i++)
        codec_put_outcome(b, outcomes.outcomes[i]);
    return 0;
}

static void strs_put(struct buf *b)
{
    codec_put_strs(b, sample_choices, 2);
}

static int strs_again(struct tt_str bytes, struct arena *a, struct buf *b,
                      struct err *e)
{
    const struct tt_str *strs;
    uint64_t n;
    int rc = codec_get_strs(bytes, a, &strs, &n, e);

    if (rc == 0)
        codec_put_strs(b, strs, n);
    return rc;
}

static void error_put(struct buf *b)
{
    struct tt_error error = { .code = TT_ETRANSIENT, .retry_after_ms = 9 };

    (void)snprintf(error.message, sizeof error.message, "store: busy");
    codec_put_error(b, &error);
}

static int error_again(struct tt_str bytes, struct arena *a, struct buf *b,
                       struct err *e)
{
    struct tt_error error;
    int rc = codec_get_error(bytes, &error, e);

    (void)a;
    if (rc == 0)
        codec_put_error(b, &error);
    return rc;
}

static void log_put(struct buf *b)
{
    codec_put_log(b, TT_LOG_WARN, tt_str_of("look here"));
}

static int log_again(struct tt_str bytes, struct arena *a, struct buf *b,
                     struct err *e)
{
    struct tt_str text;
    int level, rc = codec_get_log(bytes, &level, &text, e);

    (void)a;
    if (rc == 0)
        codec_put_log(b, level, text);
    return rc;
}

static void http_put(struct buf *b)
{
    codec_put_http(b, &sample_request);
}

static int http_again(struct tt_str bytes, struct arena *a, struct buf *b,
                      struct err *e)
{
    const struct tt_http_request *request;
    int rc = codec_get_http(bytes, a, &request, e);

    if (rc == 0)
        codec_put_http(b, request);
    return rc;
}

static void http_answer_put(struct buf *b)
{
    codec_put_http_answer(b, 0, &sample_response, NULL);
}

static int http_answer_again(struct tt_str bytes, struct arena *a,
                             struct buf *b, struct err *e)
{
    struct tt_http_response response;
    char text[64] = "";
    int code, rc = codec_get_http_answer(bytes, &code, &response, e);

    (void)a;
    if (rc != 0)
        return rc;
    if (code != 0)
        (void)snprintf(text, sizeof text, "%.*s", (int)response.body.n,
                       response.body.p);
    codec_put_http_answer(b, code, &response, text);
    return 0;
}

static void http_error_put(struct buf *b)
{
    codec_put_http_answer(b, TT_ETIMEOUT, NULL, "no answer in 5 s");
}

static void data_put(struct buf *b)
{
    codec_put_data(b, TT_TRAIN, 12);
}

static int data_again(struct tt_str bytes, struct arena *a, struct buf *b,
                      struct err *e)
{
    uint32_t split;
    uint64_t id;
    int rc = codec_get_data(bytes, &split, &id, e);

    (void)a;
    if (rc == 0)
        codec_put_data(b, split, id);
    return rc;
}

static void data_answer_put(struct buf *b)
{
    codec_put_data_answer(b, TT_EPERM, tt_str_of("the holdout is not shown"));
}

static int data_answer_again(struct tt_str bytes, struct arena *a,
                             struct buf *b, struct err *e)
{
    struct tt_str text;
    int code, rc = codec_get_data_answer(bytes, &code, &text, e);

    (void)a;
    if (rc == 0)
        codec_put_data_answer(b, code, text);
    return rc;
}

static void state_put(struct buf *b)
{
    struct tt_str bytes = STR("\0\1\2");

    codec_put_state(b, 7, bytes);
}

static int state_again(struct tt_str bytes, struct arena *a, struct buf *b,
                       struct err *e)
{
    struct tt_snapshot state;
    struct tt_str text;
    int rc = codec_get_state(bytes, &state, e);

    (void)a;
    if (rc != 0)
        return rc;
    text.p = state.bytes;
    text.n = state.n;
    codec_put_state(b, state.schema, text);
    return 0;
}

static const struct row rows[] = {
    { "problem", problem_put, problem_again, 0 },
    { "fresh problem", fresh_put, problem_again, 0 },
    { "setup", setup_put, setup_again, 0 },
    { "step", step_put, step_again, 0 },
    { "actions", actions_put, actions_again, 1 },
    { "batch", batch_put, batch_again, 0 },
    { "outcomes", outcomes_put, outcomes_again, 0 },
    { "strs", strs_put, strs_again, 0 },
    { "error", error_put, error_again, 0 },
    { "log", log_put, log_again, 0 },
    { "http", http_put, http_again, 0 },
    { "http answer", http_answer_put, http_answer_again, 0 },
    { "http error", http_error_put, http_answer_again, 0 },
    { "data", data_put, data_again, 0 },
    { "data answer", data_answer_put, data_answer_again, 0 },
    { "state", state_put, state_again, 0 },
};
#define N_ROWS (sizeof rows / sizeof *rows)

static bool same(const struct buf *a, const struct buf *b)
{
    return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static void every_record_survives_the_wire(void)
{
    size_t i;

    for (i = 0; i < N_ROWS; i++) {
        struct buf first = { 0 }, second = { 0 };
        struct arena a = { 0 };
        struct err e = { 0 };

        rows[i].put(&first);
        CU_ASSERT_EQUAL(rows[i].again(buf_str(&first), &a, &second, &e), 0);
        CU_ASSERT(same(&first, &second));
        if (e.code != 0)
            printf("# %s: %s\n", rows[i].name, e.text);
        arena_fini(&a);
        buf_fini(&first);
        buf_fini(&second);
    }
}

/* The bytes are copied to a block of exactly that size, so that the sanitizer
 * sees a read behind the end. */
static int try_bytes(const struct row *row, const char *bytes, size_t n,
                     struct buf *again)
{
    struct tt_str s = { malloc(n + (n == 0)), n };
    struct arena a = { 0 };
    struct err e = { 0 };
    int rc;

    memcpy((char *)(uintptr_t)s.p, bytes, n);
    rc = row->again(s, &a, again, &e);
    if (rc != 0) {
        CU_ASSERT_EQUAL(rc, TT_EPROTOCOL);
        CU_ASSERT_EQUAL(e.code, TT_EPROTOCOL);
        CU_ASSERT(strlen(e.text) > 0);
    }
    arena_fini(&a);
    free((void *)(uintptr_t)s.p);
    return rc;
}

static void every_truncation_is_refused(void)
{
    struct buf whole = { 0 }, again = { 0 };
    size_t i, n;

    for (i = 0; i < N_ROWS; i++) {
        rows[i].put(&whole);
        for (n = rows[i].least; n < whole.len; n++)
            CU_ASSERT_EQUAL(try_bytes(&rows[i], whole.data, n, &again),
                            TT_EPROTOCOL);
        buf_add(&whole, "", 1);
        CU_ASSERT_EQUAL(try_bytes(&rows[i], whole.data, whole.len, &again),
                        TT_EPROTOCOL);
        buf_reset(&whole);
    }
    buf_fini(&whole);
    buf_fini(&again);
}

/* What a corrupted payload decodes to, if it does, encodes to that payload:
 * no byte is ignored. */
static void every_corruption_is_refused_or_means_itself(void)
{
    static const unsigned char flips[] = { 0x01, 0x80, 0xff, 0x10 };
    struct buf whole = { 0 }, again = { 0 };
    size_t i, n, f;

    for (i = 0; i < N_ROWS; i++) {
        rows[i].put(&whole);
        for (n = 0; n < whole.len; n++) {
            for (f = 0; f < sizeof flips; f++) {
                whole.data[n] = (char)(whole.data[n] ^ flips[f]);
                buf_reset(&again);
                if (try_bytes(&rows[i], whole.data, whole.len, &again) == 0)
                    CU_ASSERT(same(&whole, &again));
                whole.data[n] = (char)(whole.data[n] ^ flips[f]);
            }
        }
        buf_reset(&whole);
    }
    buf_fini(&whole);
    buf_fini(&again);
}

/* Every aligned and unaligned word becomes a huge count. The sanitizer's
 * allocation limit would end us if one were believed. */
static void counts_that_lie_allocate_nothing(void)
{
    static const char huge[][4] = { "\xff\xff\xff\xff", "\xff\xff\xff\x7f",
                                    "\0\0\0\x10" };
    struct buf whole = { 0 }, again = { 0 };
    char kept[4];
    size_t i, n, h;

    for (i = 0; i < N_ROWS; i++) {
        rows[i].put(&whole);
        for (n = 0; n + 4 <= whole.len; n++) {
            for (h = 0; h < 3; h++) {
                memcpy(kept, whole.data + n, 4);
                memcpy(whole.data + n, huge[h], 4);
                buf_reset(&again);
                (void)try_bytes(&rows[i], whole.data, whole.len, &again);
                memcpy(whole.data + n, kept, 4);
            }
        }
        buf_reset(&whole);
    }
    buf_fini(&whole);
    buf_fini(&again);
}

/* --- what the rows do not show ------------------------------------------- */

static void decoded_fields_are_the_ones_that_went_in(void)
{
    struct buf b = { 0 };
    struct arena a = { 0 };
    const struct tt_problem *problem;
    const struct tt_snapshot *snapshot;
    const struct tt_param *p;

    problem_put(&b);
    CU_ASSERT_EQUAL(codec_get_problem(buf_str(&b), &a, &problem, &snapshot,
                                      NULL), 0);
    CU_ASSERT_EQUAL(problem->space->n_params, 4);
    p = tt_space_param(problem->space, 3);
    CU_ASSERT_EQUAL(p->parent, 2);
    CU_ASSERT_EQUAL(p->parent_values[0], 1);
    CU_ASSERT(tt_str_equal(p->placeholders[0], tt_str_of("{question}")));
    CU_ASSERT_EQUAL(problem->guardrails[0].lo, -HUGE_VAL);
    CU_ASSERT_EQUAL(tt_config_number(problem->config, "a.b", 0), 2.5);
    CU_ASSERT_EQUAL(problem->budget.cost, 2);
    CU_ASSERT_EQUAL(snapshot->schema, 3);
    CU_ASSERT_EQUAL(memcmp(snapshot->bytes, "\0\1\xff!", 4), 0);
    arena_fini(&a);
    buf_fini(&b);
}

static void no_action_is_an_empty_payload(void)
{
    struct tt_str nothing = { NULL, 0 };
    struct arena a = { 0 };
    struct codec_actions actions;

    CU_ASSERT_EQUAL(codec_get_actions(nothing, &a, &actions, NULL), 0);
    CU_ASSERT_EQUAL(actions.n, 0);
    arena_fini(&a);
}

static void what_a_mode_does_not_read_is_not_written(void)
{
    struct tt_evaluate v = sample_evaluate;
    struct buf plain = { 0 }, garbage = { 0 };

    v.cases.mode = TT_CASES_DEFAULT;
    v.cases.n_ids = 0;
    codec_put_action(&plain, &v.head);
    v.cases.m = 99;
    v.cases.split = 77;
    v.cases.n_ids = 1;
    v.reserved = 5;
    v.acquisition = -(double)NAN;
    codec_put_action(&garbage, &v.head);
    CU_ASSERT(same(&plain, &garbage));
    buf_fini(&plain);
    buf_fini(&garbage);
}

static void bad_bytes_in_a_text_become_question_marks(void)
{
    static const struct tt_str bad[] = {
        STR("\xff" "a"), STR("\xc0\xaf"), STR("\xed\xa0\x80"), STR("b\0"),
        STR("\xe2\x82"), STR("\xf4\x90\x80\x80"), STR("\xe2\x82\xac"),
    };
    static const char *const mended[] = {
        "?a", "??", "???", "b?", "??", "????", "\xe2\x82\xac",
    };
    struct buf b = { 0 };
    struct arena a = { 0 };
    const struct tt_str *out;
    uint64_t n, i;

    codec_put_strs(&b, bad, 7);
    CU_ASSERT_EQUAL(codec_get_strs(buf_str(&b), &a, &out, &n, NULL), 0);
    for (i = 0; i < 7 && n == 7; i++)
        CU_ASSERT(tt_str_equal(out[i], tt_str_of(mended[i])));
    arena_fini(&a);
    buf_fini(&b);
}

static void a_config_is_flattened_in_canonical_order(void)
{
    static const char text[] =
        "{\"z\":true,\"a\":{\"b\":2.5,\"list\":[\"x\",{\"k\":3}]},\"no\":null,"
        "\"empty\":{},\"text\":\"t\"}";
    static const char *const keys[] = { "a.b", "a.list.#", "a.list.0",
                                        "a.list.1.k", "text", "z" };
    json_object *o = json_parse(text, sizeof text - 1, &json_limits_request,
                                NULL);
    struct arena a = { 0 };
    const struct tt_config *c = codec_config(o, &a);
    size_t i;

    CU_ASSERT_EQUAL(c->n_items, 6);
    for (i = 0; i < 6 && c->n_items == 6; i++)
        CU_ASSERT(tt_str_equal(c->items[i].key, tt_str_of(keys[i])));
    CU_ASSERT_EQUAL(tt_config_number(c, "a.list.#", 0), 2);
    CU_ASSERT_EQUAL(tt_config_number(c, "z", 0), 1);
    CU_ASSERT_EQUAL(tt_config_number(c, "no", 7), 7);
    CU_ASSERT(tt_str_equal(tt_config_text(c, "a.b", ""), tt_str_of("2.5")));
    CU_ASSERT(strncmp(c->json.p, "{\"a\":{\"b\":2.5", 13) == 0);
    json_object_put(o);
    CU_ASSERT_EQUAL(codec_config(NULL, &a)->n_items, 0);
    arena_fini(&a);
}

static CU_TestInfo tests[] = {
    { "every record survives the wire", every_record_survives_the_wire },
    { "every truncation is refused", every_truncation_is_refused },
    { "every corruption is refused or means itself",
      every_corruption_is_refused_or_means_itself },
    { "counts that lie allocate nothing", counts_that_lie_allocate_nothing },
    { "decoded fields are the ones that went in",
      decoded_fields_are_the_ones_that_went_in },
    { "no action is an empty payload", no_action_is_an_empty_payload },
    { "what a mode does not read is not written",
      what_a_mode_does_not_read_is_not_written },
    { "bad bytes in a text become question marks",
      bad_bytes_in_a_text_become_question_marks },
    { "a config is flattened in canonical order",
      a_config_is_flattened_in_canonical_order },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("codec", tests);
}
