/* SPDX-License-Identifier: MIT
 *
 * work_zoo_test.c - every animal of the zoo in a real, sandboxed worker: the
 * daemon lives, knows the cause, and nothing is left behind. */
#include "config.h"

#include <signal.h>

#include "tests/unit/worker_rig.h"

static struct rig rig;

/* --- those that end their process ----------------------------------------- */

struct end {
    const char *how, *cause;
    int signal, status;
    bool protocol;
};

static const struct end ends[] = {
    { "segfault", "killed by SIGSEGV while it worked on STEP", 11, 0, false },
    { "abort", "killed by SIGABRT", 6, 0, false },
    { "abort", "it last said: zoo: last words", 6, 0, false },
    { "exit", "exited with status 7 while it worked on STEP", 0, 7, false },
    { "ptrace", "SIGSYS (a system call that the sandbox forbids)", 31, 0,
      false },
    { "garbage", "broke the protocol: frame of protocol", 9, 0, true },
    { "frame", "broke the protocol: frame of the unknown type 77", 9, 0, true },
    { "number", "ACTIONS: it answers number 255, another is next", 9, 0, true },
    { "http", "frame HTTP is not allowed with an open strategy", 9, 0, true },
    { "hello", "frame HELLO is not allowed with an open strategy", 9, 0, true },
    { "greed", "DATA: number 2147483649 is out of order", 9, 0, true },
    { "close", "broke the protocol: it closed fd 3", 9, 0, true },
};

static void ends_have_a_name(void)
{
    struct work_options o = work_defaults;
    unsigned fds = rig_n_fds(), running;
    size_t i;

    o.crash_limit = 0;
    rig_start(&rig, &o);
    running = rig_n_fds();
    for (i = 0; i < TT_ARRAY_LEN(ends); i++) {
        CU_ASSERT_EQUAL(rig_let(&rig, "bad", ends[i].how, 0), 0);
        CU_ASSERT_EQUAL(rig.n_down, 1);
        CU_ASSERT(rig_has(rig.down.text, ends[i].cause));
        CU_ASSERT(rig_has(rig.down.text,
                          "strategy zoo-bad 1.0.0 (sha256 ab12cd34ef56...)"));
        CU_ASSERT_EQUAL(rig.down.signal, ends[i].signal);
        CU_ASSERT_EQUAL(rig.down.exit_status, ends[i].status);
        CU_ASSERT_EQUAL(rig.down.protocol, ends[i].protocol);
        CU_ASSERT(!rig.down.expected && !rig.down.timeout);
        CU_ASSERT(rig_no_child());
        CU_ASSERT_EQUAL(rig_n_fds(), running);
    }
    rig_end(&rig);
    CU_ASSERT_EQUAL(rig_n_fds(), fds);
}

static const struct end worse_ends[] = {
    { "stack", "killed by SIGSEGV while it worked on STEP; it last said: "
               "stack overflow", 11, 0, false },
    { "doublefree", "killed by SIGABRT while it worked on STEP; it last said: "
                    "free(): double free", 6, 0, false },
    { "divide", "killed by SIGFPE while it worked on STEP; it last said: "
                "division by zero", 8, 0, false },
    { "trap", "killed by SIGILL while it worked on STEP; it last said: SIGILL",
      4, 0, false },
    { "quiet", "exited with status 0 while it worked on STEP", 0, 0, false },
    { "mount", "SIGSYS (a system call that the sandbox forbids)", 31, 0,
      false },
};

static void last_words_name_the_fault(void)
{
    struct work_options o = work_defaults;
    size_t i;

    o.crash_limit = 0;
    rig_start(&rig, &o);
    CU_ASSERT_EQUAL(rig_let(&rig, "bad", "segfault", 0), 0);
    CU_ASSERT(rig_has(rig.down.text,
                      "it last said: SIGSEGV at 0x8: a NULL pointer"));
    for (i = 0; i < TT_ARRAY_LEN(worse_ends); i++) {
        CU_ASSERT_EQUAL(rig_let(&rig, "worse", worse_ends[i].how, 0), 0);
        CU_ASSERT(rig_has(rig.down.text, worse_ends[i].cause));
        CU_ASSERT_EQUAL(rig.down.signal, worse_ends[i].signal);
        CU_ASSERT_EQUAL(rig.down.exit_status, worse_ends[i].status);
    }
    CU_ASSERT(!rig_spawn(&rig, "early"));
    CU_ASSERT_EQUAL(rig.down.exit_status, 9);
    CU_ASSERT(rig_has(rig.down.text, "while it was loaded; it last said: "
                                     "early: 0 things worked"));
    rig_end(&rig);
}

static void memory_that_is_used_up_is_named(void)
{
    struct work_options o = work_defaults;
    unsigned steps = 0;

    o.memory_bytes = UINT64_C(384) << 20;
    rig_start(&rig, &o);
    CU_ASSERT_EQUAL(rig_let(&rig, "worse", "leak", 0), FRAME_ACTIONS);
    while (rig.worker != NULL && steps++ < 50) {
        rig_put_step(&rig.payload, 1);
        (void)rig_ask(&rig, FRAME_STEP, 0);
    }
    CU_ASSERT_EQUAL(rig.down.signal, SIGSEGV);
    CU_ASSERT(rig_has(rig.down.text, "a NULL pointer; out of memory: less than "
                                     "48 of its 384 MB are left"));
    rig_end(&rig);
}

static void what_never_ends_is_ended(void)
{
    rig_start(&rig, NULL);
    CU_ASSERT_EQUAL(rig_let(&rig, "bad", "loop", 100), 0);
    CU_ASSERT(rig.down.timeout);
    CU_ASSERT_EQUAL(rig.down.signal, SIGKILL);
    CU_ASSERT(rig_has(rig.down.text, "no answer to STEP within 100 ms"));
    CU_ASSERT_EQUAL(rig_let(&rig, "bad", "sleep", 100), 0);
    CU_ASSERT(rig.down.timeout);
    CU_ASSERT(rig_no_child());
    rig_end(&rig);
}

static void cpu_time_ends_as_well(void)
{
    struct work_options o = work_defaults;

    o.cpu_seconds = 1;
    rig_start(&rig, &o);
    CU_ASSERT_EQUAL(rig_let(&rig, "bad", "loop", 0), 0);
    CU_ASSERT_EQUAL(rig.down.signal, SIGXCPU);
    CU_ASSERT(rig_has(rig.down.text, "its CPU time is used up"));
    rig_end(&rig);
}

/* --- those that try what they must not ------------------------------------ */

struct attempt {
    const char *how, *said;
};

static const struct attempt refused[] = {
    { "fork", "fork: Operation not permitted" },
    { "exec", "exec: Operation not permitted" },
    { "socket", "socket: Operation not permitted" },
    { "write", "write: Operation not permitted" },
    { "kill", "kill: Operation not permitted" },
    { "thread", "thread: Operation not permitted" },
    { "read", "read: Permission denied" },
    { "memory", "memory ends below 1 GiB" },
    { "error", "zoo: I give up" },
    { "dimension", "EVALUATE: 2 values, the space has 1 parameters" },
};

static void attempts_are_refused_and_the_worker_lives(void)
{
    unsigned fds = rig_n_fds();
    size_t i;

    rig_start(&rig, NULL);
    for (i = 0; i < TT_ARRAY_LEN(refused); i++) {
        CU_ASSERT_EQUAL(rig_let(&rig, "bad", refused[i].how, 0), FRAME_ERROR);
        CU_ASSERT(rig_has(rig.error.message, refused[i].said));
        rig_bury(&rig);
        CU_ASSERT(rig.down.expected);
        CU_ASSERT(rig_has(rig.down.text, "stopped"));
        CU_ASSERT(rig_no_child());
    }
    rig_end(&rig);
    CU_ASSERT_EQUAL(rig_n_fds(), fds);
}

static void threads_are_for_whom_they_are_granted(void)
{
    rig_start(&rig, NULL);
    CU_ASSERT(rig_spawn_kind(&rig, "bad", TT_KIND_STRATEGY, true));
    rig_put_problem(&rig.payload, "thread", 0);
    CU_ASSERT_EQUAL(rig_ask(&rig, FRAME_OPEN, 0), FRAME_OK);
    rig_put_step(&rig.payload, 1);
    CU_ASSERT_EQUAL(rig_ask(&rig, FRAME_STEP, 0), FRAME_ACTIONS);
    CU_ASSERT_STRING_EQUAL(rig_reason(&rig), "thread worked");
    rig_end(&rig);
}

static void a_worker_has_three_variables_and_four_descriptors(void)
{
    rig_start(&rig, NULL);
    CU_ASSERT_EQUAL(rig_let(&rig, "bad", "environment", 0), FRAME_ACTIONS);
    CU_ASSERT_STRING_EQUAL(rig_reason(&rig),
                           "OPENBLAS_NUM_THREADS=1;LC_ALL=C;TZ=UTC;");
    rig_bury(&rig);
    CU_ASSERT_EQUAL(rig_let(&rig, "bad", "descriptors", 0), FRAME_ACTIONS);
    CU_ASSERT_STRING_EQUAL(rig_reason(&rig), "0;1;2;3;");
    rig_end(&rig);
}

static void constructors_run_inside_the_sandbox(void)
{
    rig_start(&rig, NULL);
    CU_ASSERT_EQUAL(rig_let(&rig, "constructor", "", 0), FRAME_ACTIONS);
    CU_ASSERT_STRING_EQUAL(rig_reason(&rig), "constructor: nothing worked");
    rig_end(&rig);
}

static void spam_is_swallowed(void)
{
    rig_start(&rig, NULL);
    CU_ASSERT_EQUAL(rig_let(&rig, "bad", "spam", 0), FRAME_ACTIONS);
    CU_ASSERT_STRING_EQUAL(rig_reason(&rig), "spammed");
    rig_bury(&rig);
    CU_ASSERT(rig.down.expected);
    rig_end(&rig);
}

static void numbers_that_are_none_arrive_as_they_are(void)
{
    struct codec_actions actions;
    const struct tt_evaluate *v;

    rig_start(&rig, NULL);
    CU_ASSERT_EQUAL(rig_let(&rig, "bad", "nan", 0), FRAME_ACTIONS);
    CU_ASSERT_EQUAL(codec_get_actions(rig.answer.payload, &rig.arena, &actions,
                                      NULL), 0);
    v = (const struct tt_evaluate *)(const void *)actions.actions[0];
    CU_ASSERT(v->candidate.values[0].number != v->candidate.values[0].number);
    rig_end(&rig);
}

/* --- those that are no plugins -------------------------------------------- */

static const struct attempt unloadable[] = {
    { "major", "built for plugin ABI 2.7, this trimtab has 1.0" },
    { "nonote", "not a trimtab plugin" },
    { "unresolved", "undefined symbol: tt_nobody_has_this" },
    { "mismatch", "its note and its description differ" },
    { "nowhere", "No such file" },
};

static void what_cannot_be_loaded_says_why(void)
{
    struct work_options o = work_defaults;
    size_t i;

    o.crash_limit = 0;
    rig_start(&rig, &o);
    for (i = 0; i < TT_ARRAY_LEN(unloadable); i++) {
        CU_ASSERT(!rig_spawn(&rig, unloadable[i].how));
        CU_ASSERT_EQUAL(rig.down.exit_status, 2);
        CU_ASSERT(rig_has(rig.down.text, "could not be loaded: "));
        CU_ASSERT(rig_has(rig.down.text, unloadable[i].said));
        CU_ASSERT(rig_no_child());
    }
    rig_end(&rig);
}

static void a_plugin_under_a_false_name_is_refused(void)
{
    char *path = rig_zoo("bad");
    const struct worker_spec spec = { path, RIG_HASH, "other", "1.0.0",
                                      TT_KIND_STRATEGY, NULL, false,
                                      NULL, 0 };

    rig_start(&rig, NULL);
    rig.worker = work_spawn(rig.work, &spec, &rig_callbacks, &rig, NULL);
    while (rig.worker != NULL && !rig.bored)
        rig_turn(&rig);
    CU_ASSERT(rig.down.protocol);
    CU_ASSERT(rig_has(rig.down.text, "it says that it is zoo-bad 1.0.0"));
    rig_end(&rig);
    free(path);
}

/* --- and those that are good ---------------------------------------------- */

static void openblas_works_in_the_whole_sandbox(void)
{
    struct codec_actions actions;
    const struct tt_evaluate *v;
    json_object *sandbox;

    rig_start(&rig, NULL);
    CU_ASSERT_EQUAL(rig_let(&rig, "blas", "", 0), FRAME_ACTIONS);
    CU_ASSERT_EQUAL(codec_get_actions(rig.answer.payload, &rig.arena, &actions,
                                      NULL), 0);
    CU_ASSERT_EQUAL(actions.n, 1);
    v = (const struct tt_evaluate *)(const void *)actions.actions[0];
    CU_ASSERT_DOUBLE_EQUAL(v->candidate.values[0].number, 1 / 200.0, 1e-12);
    sandbox = json_child(rig.hello, "sandbox");
    CU_ASSERT(json_object_get_boolean(json_child(sandbox, "seccomp")));
    if (geteuid() == 0)
        CU_ASSERT(json_object_get_boolean(json_child(sandbox, "uid")));
    rig_end(&rig);
}

static void a_strategy_reads_training_cases_through_us(void)
{
    rig_start(&rig, NULL);
    CU_ASSERT_EQUAL(rig_let(&rig, "bad", "data", 0), FRAME_ACTIONS);
    CU_ASSERT_STRING_EQUAL(rig_reason(&rig), "{\"case\":7}");
    CU_ASSERT_EQUAL(rig.n_requests, 1);
    rig_end(&rig);
}

static void put_setup(struct buf *b)
{
    const struct tt_space space = { .size = sizeof space, .param_size = 8 };
    const struct tt_setup setup = { .size = sizeof setup, .space = &space,
                                    .evaluation = { "{}", 2 } };

    codec_put_setup(b, &setup);
}

static void put_batch(struct buf *b)
{
    struct tt_evaluation v[2] = {
        { .size = sizeof v[0], .case_size = 8, .id = { "e-1", 3 } },
        { .size = sizeof v[0], .case_size = 8, .id = { "e-2", 3 } },
    };
    const struct tt_batch batch = { .size = sizeof batch,
                                    .evaluation_size = sizeof v[0],
                                    .evaluations = v, .n_evaluations = 2 };

    codec_put_batch(b, &batch);
}

static void an_adapter_reaches_the_world_through_us(void)
{
    struct codec_outcomes outcomes;

    rig_start(&rig, NULL);
    CU_ASSERT(rig_spawn_kind(&rig, "adapter", TT_KIND_ADAPTER, false));
    put_setup(&rig.payload);
    CU_ASSERT_EQUAL(rig_ask(&rig, FRAME_OPEN, 0), FRAME_OK);
    rig.http_body = "{\"x\":1}";
    put_batch(&rig.payload);
    CU_ASSERT_EQUAL(rig_ask(&rig, FRAME_SUBMIT, 0), FRAME_OUTCOMES);
    CU_ASSERT_EQUAL(rig.n_requests, 2);
    CU_ASSERT_EQUAL(codec_get_outcomes(rig.answer.payload, &rig.arena,
                                       &outcomes, NULL), 0);
    CU_ASSERT_EQUAL(outcomes.n, 2);
    CU_ASSERT(tt_str_equal(outcomes.outcomes[1]->outputs,
                           tt_str_of("{\"x\":1}")));
    rig.http_body = NULL; /* we never answer: its request times out */
    put_batch(&rig.payload);
    CU_ASSERT_EQUAL(rig_ask(&rig, FRAME_SUBMIT, 100), 0);
    CU_ASSERT(rig_has(rig.down.text, "adapter zoo-adapter"));
    CU_ASSERT(rig_has(rig.down.text, "no answer to SUBMIT"));
    rig_end(&rig);
}

static void questions_are_held_while_a_service_is_open(void)
{
    rig_start(&rig, NULL);
    CU_ASSERT(rig_spawn_kind(&rig, "adapter", TT_KIND_ADAPTER, false));
    put_setup(&rig.payload);
    CU_ASSERT_EQUAL(rig_ask(&rig, FRAME_OPEN, 0), FRAME_OK);
    rig.http_body = "{}";
    put_batch(&rig.payload);
    worker_send(rig.worker, FRAME_SUBMIT, buf_str(&rig.payload), 0);
    worker_send(rig.worker, FRAME_SUBMIT, buf_str(&rig.payload), 0);
    worker_send(rig.worker, FRAME_SUBMIT, buf_str(&rig.payload), 0);
    while (rig.worker != NULL && rig.n_answers < 4 && !rig.bored)
        rig_turn(&rig);
    CU_ASSERT_EQUAL(rig.n_answers, 4);
    CU_ASSERT_EQUAL(rig.n_requests, 6);
    CU_ASSERT_EQUAL(rig.answer.type, FRAME_OUTCOMES);
    rig_end(&rig);
}

static CU_TestInfo tests[] = {
    { "ends have a name", ends_have_a_name },
    { "last words name the fault", last_words_name_the_fault },
    { "memory that is used up is named", memory_that_is_used_up_is_named },
    { "what never ends is ended", what_never_ends_is_ended },
    { "CPU time ends as well", cpu_time_ends_as_well },
    { "attempts are refused and the worker lives",
      attempts_are_refused_and_the_worker_lives },
    { "threads are for whom they are granted",
      threads_are_for_whom_they_are_granted },
    { "a worker has three variables and four descriptors",
      a_worker_has_three_variables_and_four_descriptors },
    { "constructors run inside the sandbox",
      constructors_run_inside_the_sandbox },
    { "spam is swallowed", spam_is_swallowed },
    { "numbers that are none arrive as they are",
      numbers_that_are_none_arrive_as_they_are },
    { "what cannot be loaded says why", what_cannot_be_loaded_says_why },
    { "a plugin under a false name is refused",
      a_plugin_under_a_false_name_is_refused },
    { "OpenBLAS works in the whole sandbox",
      openblas_works_in_the_whole_sandbox },
    { "a strategy reads training cases through us",
      a_strategy_reads_training_cases_through_us },
    { "an adapter reaches the world through us",
      an_adapter_reaches_the_world_through_us },
    { "questions are held while a service is open",
      questions_are_held_while_a_service_is_open },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return rig_main("work_zoo", tests);
}
