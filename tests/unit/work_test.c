/* SPDX-License-Identifier: MIT
 *
 * work_test.c - the life of workers: start, stop, back-off, quarantine; and
 * that none survives us. */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>

#include "tests/unit/worker_rig.h"

extern char **environ;

static struct rig rig;

static struct worker *spawn_bad(struct rig *r, struct err *e)
{
    char *path = rig_zoo("bad");
    const struct worker_spec spec = { path, RIG_HASH, "zoo-bad", "1.0.0",
                                      TT_KIND_STRATEGY, "test", false, NULL, 0 };
    struct worker *w = work_spawn(r->work, &spec, &rig_callbacks, r, e);

    free(path);
    return w;
}

static void answers_come_in_the_order_of_the_questions(void)
{
    uint32_t first, last = 0;
    unsigned i;

    rig_start(&rig, NULL);
    CU_ASSERT(rig_spawn(&rig, "bad"));
    CU_ASSERT_EQUAL(json_int(rig.hello, "pid", 0), worker_pid(rig.worker));
    rig_put_problem(&rig.payload, "", 0);
    first = worker_send(rig.worker, FRAME_OPEN, buf_str(&rig.payload), 0);
    buf_reset(&rig.payload);
    rig_put_step(&rig.payload, 3);
    for (i = 0; i < 40; i++)
        last = worker_send(rig.worker, FRAME_STEP, buf_str(&rig.payload), 0);
    CU_ASSERT_EQUAL(last, first + 40);
    while (rig.worker != NULL && rig.n_answers < 41 && !rig.bored)
        rig_turn(&rig);
    CU_ASSERT_EQUAL(rig.n_answers, 41);
    CU_ASSERT_EQUAL(rig.answer.number, last);
    CU_ASSERT_EQUAL(rig.answer.type, FRAME_ACTIONS);
    rig_end(&rig);
}

static void questions_wait_for_hello(void)
{
    rig_start(&rig, NULL);
    rig.worker = spawn_bad(&rig, NULL);
    rig_put_problem(&rig.payload, "", 0);
    CU_ASSERT_EQUAL(rig_ask(&rig, FRAME_OPEN, 0), FRAME_OK);
    CU_ASSERT(rig.hello != NULL);
    rig_end(&rig);
}

static void big_frames_go_both_ways(void)
{
    struct tt_ask ask = { .size = sizeof ask, .position = 1, .max = 0 };
    uint64_t *pending = xcalloc(1u << 20, sizeof *pending);

    rig_start(&rig, NULL);
    CU_ASSERT(rig_spawn(&rig, "bad"));
    rig_put_problem(&rig.payload, "", 0);
    CU_ASSERT_EQUAL(rig_ask(&rig, FRAME_OPEN, 0), FRAME_OK);
    ask.pending = pending;
    ask.n_pending = 1u << 20; /* 8 MiB to the worker */
    codec_put_step(&rig.payload, NULL, 0, &ask);
    CU_ASSERT_EQUAL(rig_ask(&rig, FRAME_STEP, 0), FRAME_ACTIONS);
    rig_put_step(&rig.payload, 50000); /* 4 MB back */
    CU_ASSERT_EQUAL(rig_ask(&rig, FRAME_STEP, 0), FRAME_ACTIONS);
    CU_ASSERT(rig.answer.payload.n > 50000 * 60);
    free(pending);
    rig_end(&rig);
}

static void a_question_at_the_wrong_time_is_an_error(void)
{
    rig_start(&rig, NULL);
    CU_ASSERT(rig_spawn(&rig, "bad"));
    rig_put_step(&rig.payload, 1);
    CU_ASSERT_EQUAL(rig_ask(&rig, FRAME_STEP, 0), FRAME_ERROR);
    CU_ASSERT_EQUAL(rig.error.code, TT_EPROTOCOL);
    buf_adds(&rig.payload, "nonsense");
    CU_ASSERT_EQUAL(rig_ask(&rig, FRAME_OPEN, 0), FRAME_ERROR);
    CU_ASSERT_EQUAL(rig.error.code, TT_EPROTOCOL);
    CU_ASSERT(rig.worker != NULL);
    rig_end(&rig);
}

static void stopping_and_killing_are_no_crashes(void)
{
    rig_start(&rig, NULL);
    CU_ASSERT(rig_spawn(&rig, "bad"));
    rig_bury(&rig);
    CU_ASSERT(rig.down.expected);
    CU_ASSERT_EQUAL(rig.down.exit_status, 0);
    CU_ASSERT_EQUAL(rig.n_answers, 0);
    CU_ASSERT(rig_spawn(&rig, "bad"));
    worker_kill(rig.worker);
    rig_bury(&rig);
    CU_ASSERT(rig.down.expected);
    CU_ASSERT_EQUAL(rig.down.signal, SIGKILL);
    rig.worker = spawn_bad(&rig, NULL);
    worker_kill(rig.worker); /* before it is even started */
    rig_bury(&rig);
    CU_ASSERT(rig.down.expected);
    CU_ASSERT_EQUAL(work_backoff_ms(rig.work, RIG_HASH), 0);
    CU_ASSERT(rig_no_child());
    rig_end(&rig);
}

static void a_worker_that_does_not_stop_is_killed(void)
{
    rig_start(&rig, NULL);
    CU_ASSERT(rig_spawn(&rig, "bad"));
    rig_put_problem(&rig.payload, "loop", 0);
    CU_ASSERT_EQUAL(rig_ask(&rig, FRAME_OPEN, 0), FRAME_OK);
    rig_put_step(&rig.payload, 1);
    worker_send(rig.worker, FRAME_STEP, buf_str(&rig.payload), 0);
    worker_stop(rig.worker);
    clock_shift(2000, 0);
    rig_bury(&rig);
    CU_ASSERT(rig.down.expected);
    CU_ASSERT_EQUAL(rig.down.signal, SIGKILL);
    rig_end(&rig);
}

static void silence_before_hello_is_not_waited_out(void)
{
    struct work_options o = work_defaults;

    o.hello_ms = 1; /* nobody is that fast */
    rig_start(&rig, &o);
    CU_ASSERT(!rig_spawn(&rig, "blas"));
    CU_ASSERT(rig.down.timeout);
    CU_ASSERT(rig_has(rig.down.text, "no hello within 1 ms"));
    CU_ASSERT(rig_no_child());
    rig_end(&rig);
}

static void crashes_back_off_and_end_in_quarantine(void)
{
    struct err e = { 0 };

    rig_start(&rig, NULL);
    CU_ASSERT_EQUAL(work_backoff_ms(rig.work, RIG_HASH), 0);
    CU_ASSERT_EQUAL(rig_let(&rig, "bad", "segfault", 0), 0);
    CU_ASSERT(work_backoff_ms(rig.work, RIG_HASH) <= 100);
    clock_shift(90, 0);
    CU_ASSERT(work_backoff_ms(rig.work, RIG_HASH) <= 10);
    clock_shift(10, 0);
    CU_ASSERT_EQUAL(work_backoff_ms(rig.work, RIG_HASH), 0);
    CU_ASSERT_EQUAL(rig_let(&rig, "bad", "segfault", 0), 0);
    CU_ASSERT(work_backoff_ms(rig.work, RIG_HASH) > 100);
    CU_ASSERT(!work_quarantined(rig.work, RIG_HASH));
    CU_ASSERT_EQUAL(rig_let(&rig, "bad", "exit", 0), 0);
    CU_ASSERT(work_backoff_ms(rig.work, RIG_HASH) > 200);
    CU_ASSERT(work_quarantined(rig.work, RIG_HASH));
    CU_ASSERT(spawn_bad(&rig, &e) == NULL);
    CU_ASSERT_EQUAL(e.code, TT_EPLUGIN);
    CU_ASSERT(rig_has(e.text, "plugin zoo-bad 1.0.0 (sha256 ab12cd34ef56...): "
                              "in quarantine since 20"));
    CU_ASSERT(!work_quarantined(rig.work, "another"));
    clock_shift(10 * 60 * 1000, 0); /* time alone does not lift it */
    CU_ASSERT(work_quarantined(rig.work, RIG_HASH));
    work_release(rig.work, RIG_HASH);
    CU_ASSERT(rig_spawn(&rig, "bad"));
    rig_end(&rig);
}

static void old_crashes_are_forgotten(void)
{
    unsigned i;

    rig_start(&rig, NULL);
    for (i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(rig_let(&rig, "bad", "exit", 0), 0);
        CU_ASSERT(work_backoff_ms(rig.work, RIG_HASH) <= 200);
        clock_shift(5 * 60 * 1000 + 1000, 0);
    }
    CU_ASSERT(!work_quarantined(rig.work, RIG_HASH));
    rig_end(&rig);
}

static void a_missing_worker_program_is_said_at_once(void)
{
    struct work_options o = work_defaults;
    struct loop *loop = loop_create(NULL);
    struct err e = { 0 };

    o.worker_path = "/nowhere/trimtab-worker";
    CU_ASSERT(work_create(loop, &o, &e) == NULL);
    CU_ASSERT_EQUAL(e.code, TT_EINVAL);
    CU_ASSERT(rig_has(e.text, "/nowhere/trimtab-worker"));
    loop_destroy(loop);
}

static void a_program_that_is_no_worker_is_down(void)
{
    struct work_options o = work_defaults;

    rig_start(&rig, NULL);
    work_destroy(rig.work);
    o.worker_path = "/bin/true";
    rig.work = work_create(rig.loop, &o, NULL);
    rig.worker = spawn_bad(&rig, NULL);
    rig_bury(&rig);
    CU_ASSERT_EQUAL(rig.n_down, 1);
    rig_end(&rig);
}

static void the_end_of_work_leaves_nothing(void)
{
    unsigned before = rig_n_fds(), i;

    rig_start(&rig, NULL);
    CU_ASSERT(rig_spawn(&rig, "bad"));
    rig_put_problem(&rig.payload, "loop", 0);
    CU_ASSERT_EQUAL(rig_ask(&rig, FRAME_OPEN, 0), FRAME_OK);
    rig_put_step(&rig.payload, 1);
    worker_send(rig.worker, FRAME_STEP, buf_str(&rig.payload), 0);
    for (i = 0; i < 5; i++) /* some started, some queued */
        CU_ASSERT(spawn_bad(&rig, NULL) != NULL);
    work_destroy(rig.work);
    rig.work = NULL;
    CU_ASSERT_EQUAL(rig.n_down, 6);
    CU_ASSERT(rig.down.expected);
    CU_ASSERT(rig_no_child());
    rig_end(&rig);
    CU_ASSERT_EQUAL(rig_n_fds(), before);
}

/* --- the daemon dies ------------------------------------------------------ */

/* A daemon with one worker in a loop: tells its pid, then dies of SIGKILL. */
static int be_daemon(void)
{
    rig_outside = true;
    rig_start(&rig, NULL);
    if (!rig_spawn(&rig, "bad"))
        return 1;
    rig_put_problem(&rig.payload, "loop", 0);
    rig_ask(&rig, FRAME_OPEN, 0);
    rig_put_step(&rig.payload, 1);
    worker_send(rig.worker, FRAME_STEP, buf_str(&rig.payload), 0);
    printf("%d\n", worker_pid(rig.worker));
    fflush(stdout);
    raise(SIGKILL);
    return 1;
}

static char *self;

/* Start ourselves as that daemon; the worker's pid, when the daemon is dead. */
static pid_t worker_of_dead_daemon(void)
{
    char *const argv[] = { self, (char *)(uintptr_t) "daemon", NULL };
    posix_spawn_file_actions_t actions;
    char text[32] = "";
    int pipes[2];
    pid_t pid = 0;

    if (pipe2(pipes, O_CLOEXEC) != 0)
        return 0;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipes[1], 1);
    if (posix_spawn(&pid, "/proc/self/exe", &actions, NULL, argv, environ) != 0)
        pid = 0;
    posix_spawn_file_actions_destroy(&actions);
    close(pipes[1]);
    (void)!read(pipes[0], text, sizeof text - 1);
    close(pipes[0]);
    if (pid > 0)
        (void)waitpid(pid, NULL, 0);
    return (pid_t)atoi(text);
}

static void no_worker_outlives_its_daemon(void)
{
    pid_t worker;
    int i;

    (void)prctl(PR_SET_CHILD_SUBREAPER, 1); /* so that we see it end */
    worker = worker_of_dead_daemon();
    CU_ASSERT(worker > 0);
    for (i = 0; i < 3000 && worker > 0; i++) {
        if (waitpid(worker, NULL, WNOHANG) == worker)
            break;
        usleep(10000);
    }
    CU_ASSERT(i < 3000);
    CU_ASSERT(rig_no_child());
    (void)prctl(PR_SET_CHILD_SUBREAPER, 0);
}

static CU_TestInfo tests[] = {
    { "answers come in the order of the questions",
      answers_come_in_the_order_of_the_questions },
    { "questions wait for hello", questions_wait_for_hello },
    { "big frames go both ways", big_frames_go_both_ways },
    { "a question at the wrong time is an error",
      a_question_at_the_wrong_time_is_an_error },
    { "stopping and killing are no crashes",
      stopping_and_killing_are_no_crashes },
    { "a worker that does not stop is killed",
      a_worker_that_does_not_stop_is_killed },
    { "silence before hello is not waited out",
      silence_before_hello_is_not_waited_out },
    { "crashes back off and end in quarantine",
      crashes_back_off_and_end_in_quarantine },
    { "old crashes are forgotten", old_crashes_are_forgotten },
    { "a missing worker program is said at once",
      a_missing_worker_program_is_said_at_once },
    { "a program that is no worker is down",
      a_program_that_is_no_worker_is_down },
    { "the end of work leaves nothing", the_end_of_work_leaves_nothing },
    { "no worker outlives its daemon", no_worker_outlives_its_daemon },
    CU_TEST_INFO_NULL,
};

int main(int argc, char **argv)
{
    self = argv[0];
    if (argc == 2 && strcmp(argv[1], "daemon") == 0)
        return be_daemon();
    return rig_main("work", tests);
}
