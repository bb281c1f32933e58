/* SPDX-License-Identifier: MIT
 *
 * adapter_worker.c - the adapter `orcheo` in its sandboxed worker, on a live
 * Orcheo (or its simulator): every request goes over fd 3.
 *
 *   adapter_worker URL      TAP on stdout */
#include "tests/unit/worker_rig.h"

#include "tests/orcheo/live_http.h"

#define N 5

static struct rig rig;
static const char *url;

static const struct tt_param params[] = {
    { .kind = TT_FLOAT, .name = { "answer.temperature", 18 }, .lo = 0, .hi = 2,
      .default_number = 1, .parent = -1 },
    { .kind = TT_TEXT, .name = { "answer.system_prompt", 20 }, .max_bytes = 999,
      .default_text = { "Answer.", 7 }, .parent = -1 },
};
static const struct tt_space space = { sizeof space, sizeof *params, 2,
                                       params };

/* The worker asks for the way out. */
static void on_request(void *ctx, const struct frame *request)
{
    struct rig *r = ctx;
    struct tt_http_response response = { .size = sizeof response };
    const struct tt_http_request *q;
    struct tt_error e = { .size = sizeof e };
    struct arena a = { 0 };
    struct buf payload = { 0 };
    int code;

    r->n_requests++;
    if (codec_get_http(request->payload, &a, &q, NULL) == 0) {
        code = live_fetch(NULL, q, &response, &e);
        codec_put_http_answer(&payload, code, &response, e.message);
        worker_reply(r->worker, request->number, FRAME_HTTP_ANSWER,
                     buf_str(&payload));
    }
    buf_fini(&payload);
    arena_fini(&a);
}

static const struct worker_callbacks callbacks = {
    rig_hello, rig_answer, on_request, rig_down,
};

static bool spawn(void)
{
    char *path = xasprintf("%s/orcheo.so", getenv("TT_PLUGIN_DIR"));
    const struct worker_spec spec = { path, RIG_HASH, "orcheo", "0.1.0",
                                      TT_KIND_ADAPTER, "test", false, NULL, 0 };
    struct err e = { 0 };

    rig_forget(&rig);
    rig.worker = work_spawn(rig.work, &spec, &callbacks, &rig, &e);
    while (rig.worker != NULL && rig.hello == NULL && !rig.bored)
        rig_turn(&rig);
    free(path);
    if (rig.hello == NULL)
        printf("# %s\n", rig.down.text);
    return rig.hello != NULL;
}

static void put_setup(const char *evaluation)
{
    const struct tt_config_item items[] = {
        { tt_str_of("url"), 0, tt_str_of(url) },
        { tt_str_of("token_secret"), 0, tt_str_of("orcheo") },
    };
    const struct tt_config config = { .size = sizeof config,
                                      .item_size = sizeof items[0],
                                      .n_items = 2, .items = items,
                                      .json = { "{}", 2 } };
    const struct tt_setup setup = { .size = sizeof setup, .space = &space,
                                    .config = &config,
                                    .evaluation = tt_str_of(evaluation),
                                    .max_in_flight = N, .timeout_ms = 20000 };

    codec_put_setup(&rig.payload, &setup);
}

static void put_batch(const char *label)
{
    static char ids[N][16];
    static struct tt_value values[N][2];
    struct tt_evaluation list[N];
    const struct tt_case c = {
        .split = TT_VALIDATION,
        .content = tt_str_of("{\"expected\":\"paris is the capital\"}")
    };
    const struct tt_batch batch = { .size = sizeof batch,
                                    .evaluation_size = sizeof *list,
                                    .label = tt_str_of(label),
                                    .evaluations = list, .n_evaluations = N };
    size_t i;

    for (i = 0; i < N; i++) {
        memset(&list[i], 0, sizeof list[i]);
        (void)snprintf(ids[i], sizeof ids[i], "w%zu", i);
        values[i][0].number = 0.1 * (double)i;
        values[i][1].text = tt_str_of("Be brief.");
        list[i].size = sizeof list[i];
        list[i].case_size = sizeof c;
        list[i].id = tt_str_of(ids[i]);
        list[i].cases = &c;
        list[i].n_cases = 1;
        list[i].candidate.size = sizeof list[i].candidate;
        list[i].candidate.value_size = sizeof **values;
        list[i].candidate.n_values = 2;
        list[i].candidate.values = values[i];
    }
    codec_put_batch(&rig.payload, &batch);
}

/* How many outcomes of a state the last answer has. */
static size_t n_of(uint32_t state, char handles[N][64])
{
    struct codec_outcomes o;
    uint64_t i;
    size_t n = 0;

    if (codec_get_outcomes(rig.answer.payload, &rig.arena, &o, NULL) != 0)
        return 0;
    for (i = 0; i < o.n; i++) {
        if (o.outcomes[i]->state != state)
            continue;
        if (handles != NULL && n < N)
            (void)snprintf(handles[n], 64, "%.*s",
                           (int)o.outcomes[i]->handle.n,
                           o.outcomes[i]->handle.p);
        n++;
    }
    return n;
}

static void an_adapter_measures_from_inside_its_sandbox(void)
{
    char handles[N][64];
    struct tt_str strs[N], label = tt_str_of("trimtab:worker:1");
    size_t i, done = 0;
    int tries;

    rig_start(&rig, NULL);
    CU_ASSERT(spawn());
    put_setup("{\"workflow\":\"evaluation\",\"mode\":\"magic\"}");
    CU_ASSERT_EQUAL(rig_ask(&rig, FRAME_VALIDATE, 10000), FRAME_ERROR);
    CU_ASSERT(rig_has(rig.error.message, "mode"));
    put_setup("{\"workflow\":\"evaluation\"}");
    CU_ASSERT_EQUAL(rig_ask(&rig, FRAME_OPEN, 10000), FRAME_OK);
    put_batch("trimtab:worker:1");
    CU_ASSERT_EQUAL(rig_ask(&rig, FRAME_SUBMIT, 30000), FRAME_OUTCOMES);
    CU_ASSERT_EQUAL(n_of(TT_RUNNING, handles), N);
    for (i = 0; i < N; i++)
        strs[i] = tt_str_of(handles[i]);
    for (tries = 0; done < N && tries < 100; tries++) {
        usleep(50000);
        codec_put_strs(&rig.payload, strs, N);
        if (rig_ask(&rig, FRAME_COLLECT, 30000) != FRAME_OUTCOMES)
            break;
        done = n_of(TT_SUCCEEDED, NULL) > done ? n_of(TT_SUCCEEDED, NULL)
                                               : done;
    }
    CU_ASSERT_EQUAL(done, N);
    codec_put_strs(&rig.payload, &label, 1);
    CU_ASSERT_EQUAL(rig_ask(&rig, FRAME_FIND, 30000), FRAME_OUTCOMES);
    CU_ASSERT_EQUAL(n_of(TT_SUCCEEDED, NULL), N);
    rig_bury(&rig);
    rig_end(&rig);
}

static void the_doctor_works_from_inside_the_sandbox(void)
{
    const struct tt_str call[] = {
        tt_str_of("doctor"), tt_str_of("{\"case\":{\"expected\":\"a b\"}}")
    };

    rig_start(&rig, NULL);
    CU_ASSERT(spawn());
    put_setup("{\"workflow\":\"evaluation\"}");
    CU_ASSERT_EQUAL(rig_ask(&rig, FRAME_OPEN, 10000), FRAME_OK);
    codec_put_strs(&rig.payload, call, 2);
    CU_ASSERT_EQUAL(rig_ask(&rig, FRAME_ADMIN, 60000), FRAME_BYTES);
    CU_ASSERT(rig.answer.type != FRAME_BYTES ||
              rig_has(rig.bytes.data, "\"ok\":true"));
    rig_bury(&rig);
    rig_end(&rig);
}

static CU_TestInfo tests[] = {
    { "an adapter measures from inside its sandbox",
      an_adapter_measures_from_inside_its_sandbox },
    { "the doctor works from inside the sandbox",
      the_doctor_works_from_inside_the_sandbox },
    CU_TEST_INFO_NULL,
};

int main(int argc, char **argv)
{
    int code;

    if (argc != 2)
        return 2;
    url = argv[1];
    code = rig_main("orcheo worker", tests);
    free(live.answer);
    return code;
}
