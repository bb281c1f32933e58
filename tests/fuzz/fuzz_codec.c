/* SPDX-License-Identifier: MIT
 *
 * fuzz_codec.c - any bytes as frames and payloads: what decodes must encode to
 * something that decodes again. Seeds are made by the encoder. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/host/codec.h"
#include "core/host/frame.h"
#include "tests/fuzz/fuzz.h"

const char *const fuzz_name = "codec";

static struct buf made[4];

static void make_problem(struct buf *out)
{
    static const struct tt_str choices[] = { { "a", 1 }, { "b", 1 } };
    struct tt_param p[2] = {
        { .kind = TT_FLOAT, .name = { "n.x", 3 }, .hi = 2, .parent = -1 },
        { .kind = TT_CATEGORICAL, .name = { "n.y", 3 }, .choices = choices,
          .n_choices = 2, .parent = -1 },
    };
    struct tt_space space = { sizeof space, sizeof p[0], 2, p };
    struct tt_objective objective = { { "score", 5 }, TT_MAXIMIZE, 0 };
    struct tt_problem problem = { .size = sizeof problem, .space = &space,
                                  .objectives = &objective, .n_objectives = 1,
                                  .seed = 7, .n_validation = 3 };

    codec_put_problem(out, &problem, NULL);
}

static void make_step(struct buf *out)
{
    double objective = 0.5;
    struct tt_case_score score = { .split = TT_VALIDATION, .objective = 0.5 };
    struct tt_result result = {
        .head = { sizeof result, TT_RESULT, 1, 0 }, .ref = 1, .number = 1,
        .objectives = &objective, .n_objectives = 1, .feasible = 1,
        .case_size = sizeof score, .cases = &score, .n_cases = 1,
    };
    const struct tt_event *events[] = { &result.head };
    struct tt_ask ask = { .size = sizeof ask, .position = 2, .max = 1 };

    codec_put_step(out, events, 1, &ask);
}

static void make_actions(struct buf *out)
{
    struct tt_value values[2] = { { .number = 0.25 }, { .number = 1 } };
    struct tt_evaluate evaluate = {
        .head = { sizeof evaluate, TT_EVALUATE }, .ref = 2,
        .candidate = { .size = sizeof evaluate.candidate,
                       .value_size = sizeof values[0], .n_values = 2,
                       .values = values, .origin = { "model", 5 } },
        .predicted_mean = (double)NAN, .predicted_sd = (double)NAN,
        .acquisition = (double)NAN,
    };
    struct tt_done done = { { sizeof done, TT_DONE }, { "exhausted", 9 } };

    codec_put_action(out, &evaluate.head);
    codec_put_action(out, &done.head);
}

static void make_outcomes(struct buf *out)
{
    struct tt_outcome o = { .size = sizeof o, .state = TT_SUCCEEDED,
                            .id = { "r/1", 3 }, .handle = { "h", 1 },
                            .outputs = { "{}", 2 } };

    codec_put_again(out, 200);
    codec_put_outcome(out, &o);
}

size_t fuzz_seeds(const struct fuzz_seed **out)
{
    static struct fuzz_seed seeds[4];
    size_t i;

    make_problem(&made[0]);
    make_step(&made[1]);
    make_actions(&made[2]);
    make_outcomes(&made[3]);
    for (i = 0; i < 4; i++)
        seeds[i] = (struct fuzz_seed){ made[i].data, made[i].len };
    *out = seeds;
    return 4;
}

static void try_frames(struct tt_str in)
{
    struct buf b = { 0 };
    struct frame f;
    struct err e = { 0 };

    buf_add(&b, in.p, (size_t)in.n);
    while (frame_take(&b, &f, &e) == 1)
        buf_drop(&b, FRAME_HEADER_BYTES + (size_t)f.payload.n);
    buf_fini(&b);
}

static void try_actions(struct tt_str in)
{
    struct arena a = { 0 }, again = { 0 };
    struct codec_actions got, twice;
    struct buf b = { 0 };
    struct err e = { 0 };
    uint64_t i;

    if (codec_get_actions(in, &a, &got, &e) == 0) {
        for (i = 0; i < got.n; i++)
            codec_put_action(&b, got.actions[i]);
        TT_ASSERT(codec_get_actions(buf_str(&b), &again, &twice, &e) == 0 &&
                  twice.n == got.n);
    }
    buf_fini(&b);
    arena_fini(&a);
    arena_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct tt_str in = { (const char *)data, n };
    struct arena a = { 0 };
    struct err e = { 0 };
    const struct tt_problem *problem;
    const struct tt_snapshot *snapshot;
    const struct tt_setup *setup;
    const struct tt_batch *batch;
    const struct tt_http_request *request;
    struct tt_http_response response;
    struct codec_step step;
    struct codec_outcomes outcomes;
    int code;

    (void)codec_get_problem(in, &a, &problem, &snapshot, &e);
    (void)codec_get_setup(in, &a, &setup, &e);
    (void)codec_get_step(in, &a, &step, &e);
    (void)codec_get_batch(in, &a, &batch, &e);
    (void)codec_get_outcomes(in, &a, &outcomes, &e);
    (void)codec_get_http(in, &a, &request, &e);
    (void)codec_get_http_answer(in, &code, &response, &e);
    arena_fini(&a);
    try_actions(in);
    try_frames(in);
    return 0;
}
