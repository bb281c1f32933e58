/* SPDX-License-Identifier: MIT
 *
 * worker_rig.h - a loop, its workers and one of them to talk to, for tests.
 * Needs TT_WORKER and TT_ZOO_DIR; see tests/plain.mk. */
#ifndef TT_TESTS_WORKER_RIG_H
#define TT_TESTS_WORKER_RIG_H

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/arena.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/host/codec.h"
#include "core/work/work.h"
#include "tests/unit/tap.h"

#define RIG_HASH                                                               \
    "ab12cd34ef560000000000000000000000000000000000000000000000000000"
#define RIG_PATIENCE_MS 30000 /* a machine under load; nothing is timed */

struct rig {
    struct loop *loop;
    struct work *work;
    struct worker *worker; /* NULL when it is down */
    json_object *hello;
    struct frame answer;   /* of the last request; payload in bytes */
    struct buf bytes, payload;
    struct arena arena;
    struct tt_error error; /* when it was an ERROR */
    struct worker_down down;
    unsigned n_answers, n_requests, n_down;
    uint64_t patience;
    bool bored;
    const char *http_body; /* what http requests get; NULL: silence */
};

/* An assertion where there may be no suite: a test started as a daemon. */
static bool rig_outside;
#define RIG_CHECK(condition)                                                   \
    do {                                                                       \
        bool held_ = (condition);                                              \
                                                                               \
        if (!rig_outside)                                                      \
            CU_ASSERT(held_);                                                  \
    } while (0)

static inline void rig_wake(struct rig *r)
{
    loop_stop(r->loop);
}

static void rig_hello(void *ctx, json_object *hello)
{
    struct rig *r = ctx;

    r->hello = json_object_get(hello);
    rig_wake(r);
}

static void rig_answer(void *ctx, uint32_t number, const struct frame *answer)
{
    struct rig *r = ctx;

    RIG_CHECK(number == answer->number);
    r->n_answers++;
    buf_reset(&r->bytes);
    buf_add(&r->bytes, answer->payload.p, (size_t)answer->payload.n);
    r->answer = *answer;
    r->answer.payload = buf_str(&r->bytes);
    memset(&r->error, 0, sizeof r->error);
    if (answer->type == FRAME_ERROR)
        RIG_CHECK(codec_get_error(answer->payload, &r->error, NULL) == 0);
    rig_wake(r);
}

static void rig_request(void *ctx, const struct frame *request)
{
    struct rig *r = ctx;
    struct tt_http_response response = { .size = sizeof response,
                                         .status = 200 };
    struct buf payload = { 0 };

    r->n_requests++;
    if (request->type == FRAME_DATA) {
        codec_put_data_answer(&payload, 0, tt_str_of("{\"case\":7}"));
        worker_reply(r->worker, request->number, FRAME_DATA_ANSWER,
                     buf_str(&payload));
    } else if (r->http_body != NULL) {
        response.body = tt_str_of(r->http_body);
        codec_put_http_answer(&payload, 0, &response, NULL);
        worker_reply(r->worker, request->number, FRAME_HTTP_ANSWER,
                     buf_str(&payload));
    }
    buf_fini(&payload);
}

static void rig_down(void *ctx, const struct worker_down *down)
{
    struct rig *r = ctx;

    r->n_down++;
    r->down = *down;
    r->worker = NULL;
    rig_wake(r);
}

static const struct worker_callbacks rig_callbacks = {
    rig_hello, rig_answer, rig_request, rig_down,
};

static void rig_is_bored(void *ctx)
{
    struct rig *r = ctx;

    r->bored = true;
    rig_wake(r);
}

/* Turn the loop until one of the callbacks above has been called. */
static inline void rig_turn(struct rig *r)
{
    r->patience = loop_at(r->loop, clock_mono_ms() + RIG_PATIENCE_MS,
                          rig_is_bored, r);
    loop_run(r->loop);
    loop_cancel(r->loop, r->patience);
    RIG_CHECK(!r->bored);
}

static inline void rig_start(struct rig *r, const struct work_options *options)
{
    struct work_options o = options != NULL ? *options : work_defaults;
    struct err e = { 0 };

    memset(r, 0, sizeof *r);
    log_set_level(LOG_LEVEL_ERROR);
    o.worker_path = getenv("TT_WORKER");
    r->loop = loop_create(&e);
    r->work = work_create(r->loop, &o, &e);
    if (r->work == NULL) {
        printf("Bail out! %s\n", e.text);
        exit(1);
    }
}

static inline void rig_forget(struct rig *r)
{
    json_object_put(r->hello);
    r->hello = NULL;
    r->n_answers = r->n_requests = r->n_down = 0;
    memset(&r->down, 0, sizeof r->down);
    memset(&r->answer, 0, sizeof r->answer);
}

static inline void rig_end(struct rig *r)
{
    work_destroy(r->work);
    loop_destroy(r->loop);
    rig_forget(r);
    buf_fini(&r->bytes);
    buf_fini(&r->payload);
    arena_fini(&r->arena);
}

static inline char *rig_zoo(const char *animal)
{
    return xasprintf("%s/zoo_%s.so", getenv("TT_ZOO_DIR"), animal);
}

/* Start zoo_<animal>.so, called zoo-<animal>; wait for hello or down. */
static inline bool rig_spawn_kind(struct rig *r, const char *animal,
                                  uint32_t kind, bool threads)
{
    char *path = rig_zoo(animal), *id = xasprintf("zoo-%s", animal);
    const struct worker_spec spec = { path, RIG_HASH, id, "1.0.0", kind,
                                      "test", threads, NULL, 0 };
    struct err e = { 0 };

    rig_forget(r);
    r->worker = work_spawn(r->work, &spec, &rig_callbacks, r, &e);
    if (r->worker == NULL)
        printf("# %s\n", e.text);
    while (r->worker != NULL && r->hello == NULL && !r->bored)
        rig_turn(r);
    free(path);
    free(id);
    return r->hello != NULL;
}

static inline bool rig_spawn(struct rig *r, const char *animal)
{
    return rig_spawn_kind(r, animal, TT_KIND_STRATEGY, false);
}

/* Send r->payload; wait for the answer, or for the end. The answer's type. */
static inline uint16_t rig_ask(struct rig *r, uint16_t type,
                               int64_t deadline_ms)
{
    unsigned before = r->n_answers;

    r->answer.type = 0;
    worker_send(r->worker, type, buf_str(&r->payload), deadline_ms);
    buf_reset(&r->payload);
    while (r->worker != NULL && r->n_answers == before && !r->bored)
        rig_turn(r);
    return r->n_answers == before ? 0 : r->answer.type;
}

/* One float in [0, 1]; config {"how": how, "after": after}. */
static inline void rig_put_problem(struct buf *b, const char *how, double after)
{
    const struct tt_config_item items[] = {
        { { "how", 3 }, 0, tt_str_of(how) },
        { { "after", 5 }, after, { "0", 1 } },
    };
    const struct tt_config config = { .size = sizeof config,
                                      .item_size = sizeof items[0],
                                      .n_items = 2, .items = items,
                                      .json = { "{}", 2 } };
    const struct tt_param param = { .kind = TT_FLOAT, .name = { "x", 1 },
                                    .hi = 1, .parent = -1 };
    const struct tt_space space = { .size = sizeof space,
                                    .param_size = sizeof param,
                                    .n_params = 1, .params = &param };
    const struct tt_objective score = { .metric = { "score", 5 },
                                        .direction = TT_MAXIMIZE };
    const struct tt_problem problem = {
        .size = sizeof problem, .space = &space, .objectives = &score,
        .n_objectives = 1, .seed = 1, .n_train = 10, .n_validation = 10,
        .max_in_flight = 4, .config = &config,
    };

    codec_put_problem(b, &problem, NULL);
}

static inline void rig_put_step(struct buf *b, uint64_t max)
{
    const struct tt_ask ask = { .size = sizeof ask, .position = 1, .max = max };

    codec_put_step(b, NULL, 0, &ask);
}

/* Start an animal, open it with `how`, let it step once; the answer's type. */
static inline uint16_t rig_let(struct rig *r, const char *animal,
                               const char *how, int64_t deadline_ms)
{
    if (!rig_spawn(r, animal))
        return 0;
    rig_put_problem(&r->payload, how, 0);
    if (rig_ask(r, FRAME_OPEN, 10000) != FRAME_OK)
        return 0;
    rig_put_step(&r->payload, 1);
    return rig_ask(r, FRAME_STEP, deadline_ms);
}

/* Stop it and wait until it is down. */
static inline void rig_bury(struct rig *r)
{
    if (r->worker != NULL)
        worker_stop(r->worker);
    while (r->worker != NULL && !r->bored)
        rig_turn(r);
}

static inline bool rig_has(const char *text, const char *part)
{
    if (strstr(text, part) != NULL)
        return true;
    printf("# \"%s\" has no \"%s\"\n", text, part);
    return false;
}

/* The reason of a DONE answer, else "". */
static inline const char *rig_reason(struct rig *r)
{
    struct codec_actions actions;
    const struct tt_done *done;

    if (r->answer.type != FRAME_ACTIONS ||
        codec_get_actions(r->answer.payload, &r->arena, &actions, NULL) != 0 ||
        actions.n != 1 || actions.actions[0]->kind != TT_DONE)
        return "";
    done = (const struct tt_done *)(const void *)actions.actions[0];
    return arena_str(&r->arena, done->reason).p;
}

static inline unsigned rig_n_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    unsigned n = 0;

    while (dir != NULL && readdir(dir) != NULL)
        n++;
    if (dir != NULL)
        (void)closedir(dir);
    return n;
}

static inline bool rig_no_child(void)
{
    siginfo_t info = { 0 };

    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 &&
           errno == ECHILD;
}

static inline int rig_main(const char *name, CU_TestInfo *tests)
{
    if (getenv("TT_WORKER") == NULL || getenv("TT_ZOO_DIR") == NULL) {
        printf("1..0 # SKIP run by make check, which sets TT_WORKER and "
               "TT_ZOO_DIR\n");
        return 0;
    }
    return tap_run(name, tests);
}

#endif
