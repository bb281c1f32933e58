/* SPDX-License-Identifier: MIT
 *
 * exec_test.c - plugins in other languages, in their workers: good commands,
 * every kind of bad ones, and what the sandbox keeps from them. */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "core/base/fs.h"
#include "tests/unit/worker_rig.h"

static struct rig rig;
static char *folder;

static const struct work_options options = {
    .memory_bytes = UINT64_C(1) << 30, .cpu_seconds = 60, .n_files = 64,
    .uid = 65534, .gid = 65534, .hello_ms = 20000, .crash_limit = 1000,
    .crash_window_ms = 1000,
};

static void write_file(const char *name, const char *text)
{
    char *path = fs_join(folder, name);
    struct err e = { 0 };

    CU_ASSERT_EQUAL(fs_write(path, text, strlen(text), 0644, &e), 0);
    free(path);
}

/* A plugin of `kind` whose command runs `script`; wait for hello or down. */
static bool start(const char *kind, const char *command, const char *script)
{
    bool adapter = strcmp(kind, "adapter") == 0;
    char *path = fs_join(folder, "plugin.json"), *manifest;
    struct worker_spec spec = {
        .path = path, .hash = RIG_HASH, .id = "exec-test", .version = "1.0.0",
        .kind = adapter ? TT_KIND_ADAPTER : TT_KIND_STRATEGY, .label = "test",
    };
    struct err e = { 0 };

    manifest = xasprintf(
        "{\"id\":\"exec-test\",\"version\":\"1.0.0\",\"kind\":\"%s\","
        "\"license\":\"MIT\",\"vendor\":\"tests\",\"caps\":[\"snapshot\"],"
        "\"state_schema\":1,"
        "\"config_schema\":{\"type\":\"object\"},\"exec\":{\"command\":%s}}",
        kind, command);
    write_file("plugin.json", manifest);
    write_file("script", script);
    free(manifest);
    rig_forget(&rig);
    rig.worker = work_spawn(rig.work, &spec, &rig_callbacks, &rig, &e);
    while (rig.worker != NULL && rig.hello == NULL && !rig.bored)
        rig_turn(&rig);
    free(path);
    return rig.hello != NULL;
}

#define HELLO "read -r l; echo '{\"id\":1,\"result\":{\"protocol\":1}}'\n"
#define OPEN "read -r l; echo '{\"id\":2,\"result\":{}}'\n"
#define ONE(answer) HELLO OPEN "read -r l; " answer "\nread -r l\n"

static bool open_strategy(const char *script)
{
    if (!start("strategy", "[\"sh\",\"script\"]", script)) {
        printf("# %s\n", rig.down.text);
        return false;
    }
    rig_put_problem(&rig.payload, "", 0);
    return rig_ask(&rig, FRAME_OPEN, 20000) == FRAME_OK;
}

static uint16_t step(const char *script, int64_t deadline_ms)
{
    if (!open_strategy(script))
        return 0;
    rig_put_step(&rig.payload, 1);
    return rig_ask(&rig, FRAME_STEP, deadline_ms);
}

/* --- good ------------------------------------------------------------------- */

static void actions_come_back_as_records(void)
{
    struct codec_actions actions = { 0 };
    const struct tt_evaluate *v;

    CU_ASSERT_EQUAL(step(ONE("echo '{\"id\":3,\"result\":{\"actions\":["
                             "{\"kind\":\"evaluate\",\"ref\":7,\"values\":"
                             "[0.25],\"origin\":\"sh\",\"predicted_mean\":null,"
                             "\"cases\":{\"split\":\"train\",\"ids\":[1,2]},"
                             "\"feedback\":true}]}}'"), 20000),
                    FRAME_ACTIONS);
    CU_ASSERT_EQUAL(codec_get_actions(rig.answer.payload, &rig.arena, &actions,
                                      NULL), 0);
    CU_ASSERT_EQUAL(actions.n, 1);
    if (actions.n == 1) {
        v = (const struct tt_evaluate *)(const void *)actions.actions[0];
        CU_ASSERT_EQUAL(v->ref, 7);
        CU_ASSERT_EQUAL(v->candidate.values[0].number, 0.25);
        CU_ASSERT_EQUAL(v->cases.mode, TT_CASES_LIST);
        CU_ASSERT_EQUAL(v->cases.n_ids, 2);
        CU_ASSERT_EQUAL(v->flags, TT_WANT_FEEDBACK);
    }
    rig_bury(&rig);
    CU_ASSERT(rig.down.expected);
}

static void an_error_is_the_commands_own(void)
{
    CU_ASSERT_EQUAL(step(ONE("echo '{\"id\":3,\"error\":{\"code\":"
                             "\"transient\",\"message\":\"busy\","
                             "\"retry_after_ms\":70}}'"), 20000), FRAME_ERROR);
    CU_ASSERT_EQUAL(rig.error.code, TT_ETRANSIENT);
    CU_ASSERT_EQUAL(rig.error.retry_after_ms, 70);
    CU_ASSERT_STRING_EQUAL(rig.error.message, "busy");
    rig_bury(&rig);
}

static void a_strategy_reads_cases(void)
{
    CU_ASSERT_EQUAL(step(ONE("echo '{\"ask\":1,\"data\":{\"split\":\"train\","
                             "\"case\":3}}'\nread -r l; case $l in "
                             "*'\"result\":{\"case\":{\"case\":7}}'*) echo '"
                             "{\"id\":3,\"result\":{\"actions\":[{\"kind\":"
                             "\"done\",\"reason\":\"seen\"}]}}';; esac"),
                         20000), FRAME_ACTIONS);
    CU_ASSERT_STRING_EQUAL(rig_reason(&rig), "seen");
    rig_bury(&rig);
}

/* Opened with a state, the command sees it; with a damaged one, it is not
 * asked. */
static void restore(const char bytes[24], bool good)
{
    const struct tt_space space = { .size = sizeof space,
                                    .param_size = sizeof(struct tt_param) };
    const struct tt_objective score = { .metric = { "score", 5 },
                                        .direction = TT_MAXIMIZE };
    const struct tt_problem problem = { .size = sizeof problem,
                                        .space = &space, .objectives = &score,
                                        .n_objectives = 1, .seed = 1 };
    const struct tt_snapshot state = { .size = sizeof state, .schema = 1,
                                       .bytes = bytes, .n = 24 };

    CU_ASSERT(start("strategy", "[\"sh\",\"script\"]",
                    HELLO "read -r l; case $l in *'\"snapshot\":{\"schema\":1,"
                    "\"state\":{\"n\":2}}'*) echo '{\"id\":2,\"result\":{}}';;"
                    " esac\nread -r l\n"));
    codec_put_problem(&rig.payload, &problem, &state);
    CU_ASSERT_EQUAL(rig_ask(&rig, FRAME_OPEN, 20000),
                    good ? FRAME_OK : FRAME_ERROR);
    if (!good) {
        CU_ASSERT_EQUAL(rig.error.code, TT_ESTATE);
    }
    rig_bury(&rig);
}

static void a_state_is_json_and_comes_back(void)
{
    struct tt_snapshot state = { 0 };
    char bytes[24];

    CU_ASSERT(open_strategy(HELLO OPEN "read -r l; echo '{\"id\":3,\"result\":"
                            "{\"state\":{\"n\": 2}}}'\nread -r l\n"));
    CU_ASSERT_EQUAL(rig_ask(&rig, FRAME_SNAPSHOT, 20000), FRAME_BYTES);
    CU_ASSERT_EQUAL(codec_get_state(rig.answer.payload, &state, NULL), 0);
    CU_ASSERT_EQUAL(state.schema, 1);
    CU_ASSERT(state.n == 24);
    if (state.n == 24) {
        CU_ASSERT_EQUAL(memcmp((const char *)state.bytes + 16, "\n{\"n\":2}", 8),
                        0);
        memcpy(bytes, state.bytes, sizeof bytes);
        rig_bury(&rig);
        restore(bytes, true);
        bytes[20] ^= 1;
        restore(bytes, false);
    }
    rig_bury(&rig);
}

static void put_setup(struct buf *b)
{
    const struct tt_space space = { .size = sizeof space,
                                    .param_size = sizeof(struct tt_param) };
    const struct tt_setup setup = { .size = sizeof setup, .space = &space,
                                    .evaluation = { "{\"a\":1}", 7 } };

    codec_put_setup(b, &setup);
}

static void an_adapter_asks_for_http(void)
{
    struct codec_outcomes outcomes = { 0 };
    const struct tt_str label = tt_str_of("L");

    rig.http_body = "pong";
    CU_ASSERT(start("adapter", "[\"sh\",\"script\"]",
                    ONE("echo '{\"ask\":5,\"http\":{\"url\":"
                        "\"http://a/\",\"headers\":{\"x\":\"y\"}}}'\n"
                        "read -r l; case $l in *pong*) echo '{\"id\":3,"
                        "\"result\":{\"outcomes\":[{\"id\":\"e\",\"state\":"
                        "\"succeeded\",\"outputs\":{\"b\": [1]},"
                        "\"cost\":0.5}]}}';; esac")));
    put_setup(&rig.payload);
    CU_ASSERT_EQUAL(rig_ask(&rig, FRAME_OPEN, 20000), FRAME_OK);
    codec_put_strs(&rig.payload, &label, 1);
    CU_ASSERT_EQUAL(rig_ask(&rig, FRAME_FIND, 20000), FRAME_OUTCOMES);
    CU_ASSERT_EQUAL(rig.n_requests, 1);
    CU_ASSERT_EQUAL(codec_get_outcomes(rig.answer.payload, &rig.arena,
                                       &outcomes, NULL), 0);
    CU_ASSERT_EQUAL(outcomes.n, 1);
    if (outcomes.n == 1) {
        CU_ASSERT(tt_str_equal(outcomes.outcomes[0]->outputs,
                               tt_str_of("{\"b\":[1]}")));
        CU_ASSERT_EQUAL(outcomes.outcomes[0]->cost, 0.5);
    }
    rig.http_body = NULL;
    rig_bury(&rig);
}

/* --- bad before hello -------------------------------------------------------- */

static void what_cannot_start_is_said(void)
{
    static const struct {
        const char *command, *script, *says;
    } bad[] = {
        { "[\"no-such-program\"]", "", "\"no-such-program\" is not there" },
        { "[\"/etc/passwd\"]", "", "is not there" },
        { "[\"sh\",\"script\"]", "echo why >&2; exit 3", "status 3" },
        { "[\"sh\",\"script\"]", "echo why >&2; exit 3", "last saying: why" },
        { "[\"sh\",\"script\"]", "exec >&-; read -r l; read -r l",
          "closed its standard output" },
        { "[\"sh\",\"script\"]",
          "read -r l; echo '{\"id\":1,\"result\":{\"protocol\":9}}'",
          "must have \"protocol\":1" },
    };
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(bad); i++) {
        CU_ASSERT(!start("strategy", bad[i].command, bad[i].script));
        CU_ASSERT(rig_has(rig.down.text, bad[i].says));
        CU_ASSERT(rig_has(rig.down.text, "exec-test 1.0.0"));
    }
}

static void a_bad_manifest_is_said(void)
{
    CU_ASSERT(!start("strategy", "[]", ""));
    CU_ASSERT(rig_has(rig.down.text, "/exec/command"));
    CU_ASSERT(!start("strategy", "[\"sh\"],\"comand\":1", ""));
    CU_ASSERT(rig_has(rig.down.text, "comand"));
}

/* --- bad answers ------------------------------------------------------------- */

static void answers_that_cannot_be_are_faults(void)
{
    static const struct {
        const char *script, *says;
    } bad[] = {
        { "echo garbage", "no JSON object" },
        { "echo", "no JSON object" },
        { "echo '[3]'", "no JSON object" },
        { "printf '{\"id\":3,\"result\":{\"a\":\"\\377\"}}\\n'", "UTF-8" },
        { "echo '{\"id\":3,\"result\":{\"a\":NaN}}'", "no JSON object" },
        { "echo '{\"id\":3,\"id\":3,\"result\":{}}'", "no JSON object" },
        { "echo '{\"id\":4,\"result\":{}}'", "has the id 4, asked was 3" },
        { "echo '{\"id\":3}'", "must have \"result\" or \"error\"" },
        { "echo '{\"id\":3,\"result\":7}'", "result: must be an object" },
        { "echo '{\"id\":3,\"result\":{},\"more\":1}'", "more" },
        { "printf '{\"id\":3,\"result\":{}}\\nmore\\n'", "nobody asked for" },
        { "echo '{\"id\":3,\"error\":{\"code\":\"odd\"}}'", "\"odd\" is no code" },
        { "echo '{\"ask\":1,\"shell\":{}}'", "service that is unknown" },
        { "echo '{\"id\":3,\"result\":{\"actions\":{}}}'", "must be an array" },
        { "echo '{\"id\":3,\"result\":{\"actions\":[{\"kind\":\"jump\"}]}}'",
          "\"jump\" is unknown" },
        { "echo '{\"id\":3,\"result\":{\"actions\":[{\"kind\":\"wait\","
          "\"refs\":1}]}}'", "refs" },
        { "echo '{\"id\":3,\"result\":{\"actions\":[{\"kind\":\"evaluate\","
          "\"ref\":-1,\"values\":[1]}]}}'", "ref: must be a ref" },
        { "echo '{\"id\":3,\"result\":{\"actions\":[{\"kind\":\"evaluate\","
          "\"ref\":1,\"values\":[\"x\"]}]}}'", "values[0], of x" },
        { "echo '{\"id\":3,\"result\":{\"actions\":[{\"kind\":\"evaluate\","
          "\"ref\":1,\"values\":[1,2]}]}}'", "2 values" },
        { "printf '%17000000s\\n' ''", "more than 16 MiB" },
    };
    char script[512];
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(bad); i++) {
        (void)snprintf(script, sizeof script, HELLO OPEN "read -r l; %s\n"
                       "read -r l\n", bad[i].script);
        CU_ASSERT_EQUAL(step(script, 20000), FRAME_ERROR);
        CU_ASSERT_EQUAL(rig.error.code, TT_EPLUGIN);
        CU_ASSERT(rig_has(rig.error.message, bad[i].says));
        CU_ASSERT(rig_has(rig.error.message, "exec-test 1.0.0: next: "));
        rig_bury(&rig);
    }
}

static void a_line_between_calls_is_a_fault(void)
{
    CU_ASSERT_EQUAL(step(HELLO OPEN "read -r l; echo '{\"id\":3,\"result\":{}}'"
                         "\nread -r l; echo '{\"id\":4,\"result\":{}}'\n"
                         "echo more\nread -r l\nread -r l\n", 20000),
                    FRAME_ACTIONS);
    rig_put_step(&rig.payload, 1);
    if (rig_ask(&rig, FRAME_STEP, 20000) != FRAME_ERROR) {
        rig_put_step(&rig.payload, 1);
        CU_ASSERT_EQUAL(rig_ask(&rig, FRAME_STEP, 20000), FRAME_ERROR);
    }
    /* It may also come so late that it stands where the answer should. */
    CU_ASSERT_EQUAL(rig.error.code, TT_EPLUGIN);
    rig_bury(&rig);
}

/* --- its end, and ours ------------------------------------------------------- */

static void the_commands_end_is_the_workers(void)
{
    CU_ASSERT_EQUAL(step(ONE("echo so >&2; exit 4"), 20000), 0);
    CU_ASSERT(!rig.down.expected);
    CU_ASSERT_EQUAL(rig.down.exit_status, 70);
    CU_ASSERT(rig_has(rig.down.text, "while it worked on STEP"));
    CU_ASSERT(rig_has(rig.down.text, "next: its command exited with status 4"));
    CU_ASSERT_EQUAL(step(ONE("kill -SEGV $$"), 20000), 0);
    CU_ASSERT(rig_has(rig.down.text, "SIGSEGV"));
}

/* The plugin is named once: what is left of the line is for the cause. */
static void its_last_words_are_not_cut(void)
{
#define WORDS "a last word that is quite long, because it tells of a traceback"
    CU_ASSERT_EQUAL(step(ONE("echo '" WORDS "' >&2; exit 4"), 20000), 0);
    CU_ASSERT(rig_has(rig.down.text, "it last said: next: its command exited "
                      "with status 4, last saying: " WORDS));
}

static void a_command_that_hears_no_more_is_said(void)
{
    CU_ASSERT_EQUAL(step(ONE("exec <&-; echo '{\"id\":3,\"result\":{}}'; "
                             "while :; do :; done"), 20000), FRAME_ACTIONS);
    rig_put_step(&rig.payload, 1);
    CU_ASSERT_EQUAL(rig_ask(&rig, FRAME_STEP, 20000), 0);
    CU_ASSERT(rig_has(rig.down.text, "its command closed its standard input"));
}

static void a_command_that_hangs_is_killed(void)
{
    CU_ASSERT_EQUAL(step(ONE("while :; do :; done"), 300), 0);
    CU_ASSERT(rig.down.timeout);
    CU_ASSERT(rig_has(rig.down.text, "no answer to STEP"));
}

static bool is_gone(long pid)
{
    const struct timespec pause = { 0, 10000000 };
    int i;

    for (i = 0; i < 2000; i++) {
        if (pid > 0 && kill((pid_t)pid, 0) != 0 && errno == ESRCH)
            return true;
        (void)nanosleep(&pause, NULL);
    }
    return false;
}

/* It tells its pid, and then reads no more. */
static void no_command_survives_its_worker(void)
{
    int how;

    for (how = 0; how < 2; how++) {
        CU_ASSERT_EQUAL(step(HELLO OPEN "read -r l; echo '{\"id\":3,\"error\":"
                             "{\"code\":\"invalid\",\"message\":\"'$$'\"}}'\n"
                             "trap '' TERM INT; while :; do :; done\n", 20000),
                        FRAME_ERROR);
        if (how == 0)
            worker_kill(rig.worker);
        else
            (void)kill(worker_pid(rig.worker), SIGKILL);
        while (rig.worker != NULL && !rig.bored)
            rig_turn(&rig);
        CU_ASSERT(is_gone(strtol(rig.error.message, NULL, 10)));
    }
}

/* --- the sandbox -------------------------------------------------------------- */

static const char spy[] =
    "import ctypes, json, os, socket, sys\n"
    "def tried(f):\n"
    "    try:\n"
    "        f()\n"
    "    except OSError as e:\n"
    "        return ''\n"
    "    return f.__name__ + ' '\n"
    "def inet(): socket.socket(socket.AF_INET)\n"
    "def unix(): socket.socket(socket.AF_UNIX)\n"
    "def fork(): os.fork() or os._exit(0)\n"
    "def execs(): os.execv('/bin/true', ['true'])\n"
    "def again():\n"
    "    libc = ctypes.CDLL(None, use_errno=True)\n"
    "    fd = os.open(sys.executable, os.O_RDONLY)\n"
    "    for n in (fd, 63, 64):\n"
    "        try: os.dup2(fd, n)\n"
    "        except OSError: pass\n"
    "        argv = (ctypes.c_char_p * 2)(b'python3', None)\n"
    "        libc.syscall(322, n, b'', argv, None, 0x1000)\n"
    "    raise OSError\n"
    "def write(): open('here', 'w')\n"
    "def thread(): import _thread; run(_thread)\n"
    "def run(t):\n"
    "    try: t.start_new_thread(print, ())\n"
    "    except RuntimeError: raise OSError\n"
    "def signals(): os.kill(os.getppid(), 0)\n"
    "def passwd(): open('/etc/passwd')\n"
    "def parent(): open('/proc/%d/environ' % os.getppid())\n"
    "def memory(): open('/proc/self/mem')\n"
    "def listing(): os.listdir('/')\n"
    "calls = [inet, unix, fork, execs, again, write, thread, signals]\n"
    "files = [passwd, parent, memory, listing]\n"
    "bad = ''.join(map(tried, calls)) + '|' + ''.join(map(tried, files))\n"
    "for line in sys.stdin:\n"
    "    id = json.loads(line)['id']\n"
    "    a = {'id': id, 'result': {'protocol': 1} if id == 1 else {}}\n"
    "    if id == 3: a = {'id': 3, 'error': {'code': 'invalid',\n"
    "                     'message': bad or 'none'}}\n"
    "    print(json.dumps(a), flush=True)\n";

static void the_sandbox_holds(void)
{
    json_object *report;

    CU_ASSERT(start("strategy", "[\"python3\",\"-S\",\"script\"]", spy));
    if (rig.hello == NULL) {
        printf("# %s\n", rig.down.text);
        return;
    }
    report = json_child(rig.hello, "sandbox");
    rig_put_problem(&rig.payload, "", 0);
    CU_ASSERT_EQUAL(rig_ask(&rig, FRAME_OPEN, 20000), FRAME_OK);
    rig_put_step(&rig.payload, 1);
    CU_ASSERT_EQUAL(rig_ask(&rig, FRAME_STEP, 20000), FRAME_ERROR);
    if (json_object_get_boolean(json_child(report, "seccomp"))) {
        CU_ASSERT_EQUAL(rig.error.message[0], '|');
    }
    if (json_int(report, "landlock", 0) > 0) {
        CU_ASSERT_STRING_EQUAL(strchr(rig.error.message, '|'), "|");
    }
    if (strcmp(rig.error.message, "|") != 0)
        printf("# not refused: %s\n", rig.error.message);
    rig_bury(&rig);
}

static CU_TestInfo tests[] = {
    { "actions come back as records", actions_come_back_as_records },
    { "an error is the command's own", an_error_is_the_commands_own },
    { "a strategy reads cases", a_strategy_reads_cases },
    { "a state is JSON and comes back", a_state_is_json_and_comes_back },
    { "an adapter asks for http", an_adapter_asks_for_http },
    { "what cannot start is said", what_cannot_start_is_said },
    { "a bad manifest is said", a_bad_manifest_is_said },
    { "answers that cannot be are faults", answers_that_cannot_be_are_faults },
    { "a line between calls is a fault", a_line_between_calls_is_a_fault },
    { "the command's end is the worker's", the_commands_end_is_the_workers },
    { "its last words are not cut", its_last_words_are_not_cut },
    { "a command that hears no more is said",
      a_command_that_hears_no_more_is_said },
    { "a command that hangs is killed", a_command_that_hangs_is_killed },
    { "no command survives its worker", no_command_survives_its_worker },
    { "the sandbox holds", the_sandbox_holds },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    const char *tmp = getenv("TMPDIR");
    int rc;

    folder = xasprintf("%s/trimtab-exec.XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(folder) == NULL) {
        perror(folder);
        return 1;
    }
    (void)chmod(folder, 0755);
    rig_start(&rig, &options);
    rc = rig_main("exec", tests);
    rig_end(&rig);
    (void)fs_remove_tree(folder, NULL);
    free(folder);
    return rc;
}
