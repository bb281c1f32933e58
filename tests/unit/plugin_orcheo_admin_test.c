/* SPDX-License-Identifier: MIT
 *
 * plugin_orcheo_admin_test.c - the adapter `orcheo`: doctor, draft, read and
 * write. */
#include "tests/unit/orcheo_mock.h"

struct answer {
    char text[20000];
    size_t n;
};

static int answer_write(const struct tt_sink *sink, const void *bytes,
                        uint64_t n)
{
    struct answer *a = sink->ctx;

    if (a->n + n >= sizeof a->text)
        return TT_ETOOBIG;
    memcpy(a->text + a->n, bytes, (size_t)n);
    a->n += (size_t)n;
    a->text[a->n] = '\0';
    return 0;
}

/* Call it; *out is the answer (the caller puts it) or NULL. */
static int call(struct bench *b, const char *method, const char *params,
                json_object **out)
{
    static struct answer a;
    const struct tt_admin *admin =
        b->adapter->get_extension(TT_EXTENSION_ADMIN);
    struct tt_sink sink = { &a, answer_write };
    int code;

    memset(&a, 0, sizeof a);
    memset(&b->e, 0, sizeof b->e);
    code = admin->call(b->self, tt_str_of(method), tt_str_of(params), &sink,
                       &b->e);
    *out = code == 0 ? json_tokener_parse(a.text) : NULL;
    return code;
}

static const char stored[] =
    "{\"configurable\":{\"answer\":{\"temperature\":0.7,\"system_prompt\":"
    "\"A.\",\"model\":\"openai:x\",\"max_tokens\":64}},\"tags\":[\"t\"]}";

static bool bench_production(struct bench *b, const char *script)
{
    mock_init();
    mock_version(script, stored);
    return bench_open(b, "{}");
}

/* --- read and write ------------------------------------------------------- */

static void read_gives_the_stored_values(void)
{
    struct bench b;
    json_object *o;

    CU_ASSERT_TRUE(bench_production(&b, "workflows/production.py"));
    CU_ASSERT_EQUAL(call(&b, "read", "{\"workflow\":\"demo-qa\",\"node\":"
                                     "\"answer\"}", &o), 0);
    CU_ASSERT_EQUAL(js_int(js_get(o, "parameters"), "max_tokens", 0), 64);
    CU_ASSERT_EQUAL(js_int(o, "version", 0), 1);
    json_object_put(o);
    CU_ASSERT_EQUAL(call(&b, "read", "{\"workflow\":\"demo-qa\",\"node\":"
                                     "\"answer\",\"names\":[\"temperature\","
                                     "\"top_p\"]}", &o), 0);
    CU_ASSERT_EQUAL(json_object_object_length(js_get(o, "parameters")), 1);
    json_object_put(o);
    bench_close(&b);
}

static void write_replaces_only_ours_and_gives_the_pre_image(void)
{
    struct bench b;
    json_object *o, *config;

    CU_ASSERT_TRUE(bench_production(&b, "workflows/production.py"));
    CU_ASSERT_EQUAL(call(&b, "write", "{\"workflow\":\"demo-qa\",\"node\":"
                                      "\"answer\",\"parameters\":"
                                      "{\"temperature\":0.25}}", &o), 0);
    CU_ASSERT_DOUBLE_EQUAL(json_object_get_double(js_at(
        o, "previous.temperature")), 0.7, 0);
    CU_ASSERT_DOUBLE_EQUAL(json_object_get_double(js_at(
        o, "previous_config.configurable.answer.temperature")), 0.7, 0);
    CU_ASSERT_TRUE(json_object_get_boolean(js_get(o, "changed")));
    json_object_put(o);
    config = js_get(json_object_array_get_idx(mock.versions, 0),
                    "runnable_config");
    CU_ASSERT_DOUBLE_EQUAL(json_object_get_double(js_at(
        config, "configurable.answer.temperature")), 0.25, 0);
    CU_ASSERT_EQUAL(js_int(js_at(config, "configurable.answer"),
                           "max_tokens", 0), 64);
    CU_ASSERT_EQUAL(json_object_array_length(js_get(config, "tags")), 1);
    CU_ASSERT_EQUAL(mock_count("PUT"), 1);
    /* again: it stands there already */
    CU_ASSERT_EQUAL(call(&b, "write", "{\"workflow\":\"demo-qa\",\"node\":"
                                      "\"answer\",\"parameters\":"
                                      "{\"temperature\":0.25},\"expect\":"
                                      "{\"temperature\":9}}", &o), 0);
    CU_ASSERT_FALSE(json_object_get_boolean(js_get(o, "changed")));
    CU_ASSERT_EQUAL(mock_count("PUT"), 1);
    json_object_put(o);
    bench_close(&b);
}

static void write_refuses_over_a_foreign_edit(void)
{
    struct bench b;
    json_object *o;

    CU_ASSERT_TRUE(bench_production(&b, "workflows/production.py"));
    CU_ASSERT_EQUAL(call(&b, "write", "{\"workflow\":\"demo-qa\",\"node\":"
                                      "\"answer\",\"parameters\":"
                                      "{\"temperature\":0.25},\"expect\":"
                                      "{\"temperature\":0.5}}", &o),
                    TT_ECONFLICT);
    CU_ASSERT_PTR_NOT_NULL(strstr(b.e.message, "is 0.7 in Orcheo, but we "
                                               "wrote 0.5"));
    CU_ASSERT_EQUAL(mock_count("PUT"), 0);
    bench_close(&b);
}

static void write_notices_an_edit_in_between(void)
{
    struct bench b;
    json_object *o, *version, *log;
    size_t n;

    CU_ASSERT_TRUE(bench_production(&b, "workflows/production.py"));
    /* what is read first is older by one edit than what we write over */
    version = json_object_array_get_idx(mock.versions, 0);
    log = js_get(version, "audit_log");
    n = json_object_array_length(log);
    mock_answer("GET /api/workflows/" MOCK_WORKFLOW "/versions/1", 200, NULL);
    free(mock.canned[0].body);
    mock.canned[0].body = strdup(json_object_to_json_string(version));
    json_object_array_add(log, json_object_new_object());
    CU_ASSERT_EQUAL(call(&b, "write", "{\"workflow\":\"demo-qa\",\"node\":"
                                      "\"answer\",\"parameters\":"
                                      "{\"temperature\":0.25}}", &o),
                    TT_ECONFLICT);
    CU_ASSERT_EQUAL(json_object_array_length(log), n + 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(b.e.message, "somebody else"));
    bench_close(&b);
}

static void write_refuses_what_orcheo_would_choke_on(void)
{
    struct bench b;
    json_object *o;

    CU_ASSERT_TRUE(bench_production(&b, "workflows/production.py"));
    CU_ASSERT_EQUAL(call(&b, "write", "{\"workflow\":\"w\",\"node\":\"a\","
                                      "\"parameters\":{\"p\":\"[[key]]\"}}",
                         &o), TT_EINVAL);
    CU_ASSERT_EQUAL(call(&b, "write", "{\"workflow\":\"w\",\"node\":\"a\","
                                      "\"parameters\":{\"p\":\"a\\u0000\"}}",
                         &o), TT_EINVAL);
    CU_ASSERT_EQUAL(call(&b, "write", "{\"workflow\":\"w\",\"node\":\"a\","
                                      "\"parameters\":{}}", &o), TT_EINVAL);
    CU_ASSERT_EQUAL(call(&b, "read", "{\"workflow\":\"w\"}", &o), TT_EINVAL);
    CU_ASSERT_EQUAL(call(&b, "dance", "{}", &o), TT_EUNSUPPORTED);
    CU_ASSERT_EQUAL(mock_count("\n"), 0);
    bench_close(&b);
}

/* --- draft ---------------------------------------------------------------- */

static void a_draft_comes_from_stored_values_and_templates(void)
{
    struct bench b;
    json_object *o, *p;

    CU_ASSERT_TRUE(bench_production(&b, "workflows/production.py"));
    CU_ASSERT_EQUAL(call(&b, "draft", "{\"workflow\":\"demo-qa\",\"node\":"
                                      "\"answer\"}", &o), 0);
    p = js_get(o, "parameters");
    CU_ASSERT_STRING_EQUAL(js_str(js_get(p, "temperature"), "type"), "float");
    CU_ASSERT_DOUBLE_EQUAL(json_object_get_double(
        js_at(p, "temperature.default")), 0.7, 0);
    CU_ASSERT_STRING_EQUAL(js_str(js_get(p, "max_tokens"), "type"), "int");
    CU_ASSERT_STRING_EQUAL(js_str(js_get(p, "system_prompt"), "type"), "text");
    CU_ASSERT_PTR_NULL(js_get(p, "model")); /* plumbing */
    CU_ASSERT_STRING_EQUAL(js_str(js_get(o, "evaluation"), "mode"), "auto");
    CU_ASSERT_PTR_NOT_NULL(strstr(js_str(o, "description"), "usual ones"));
    json_object_put(o);
    bench_close(&b);
}

static void a_draft_finds_the_metric_and_the_inputs(void)
{
    struct bench b;
    json_object *o;

    CU_ASSERT_TRUE(bench_production(&b, "workflows/evaluation.py"));
    CU_ASSERT_EQUAL(call(&b, "draft", "{\"workflow\":\"demo-qa\",\"node\":"
                                      "\"answer\"}", &o), 0);
    CU_ASSERT_STRING_EQUAL(js_str(js_get(o, "objective"), "metric"),
                           "score.token_f1");
    CU_ASSERT_STRING_EQUAL(js_str(js_get(o, "evaluation"), "mode"), "inputs");
    json_object_put(o);
    bench_close(&b);
}

static void a_draft_takes_the_authors_schema(void)
{
    struct bench b;
    json_object *o, *v, *p;

    mock_init();
    v = fixture("0.46/version_ingest_schema");
    json_object_object_add(v, "version", json_object_new_int(1));
    json_object_array_add(mock.versions, v);
    CU_ASSERT_TRUE(bench_open(&b, "{}"));
    CU_ASSERT_EQUAL(call(&b, "draft", "{\"workflow\":\"demo-qa\",\"node\":"
                                      "\"answer\"}", &o), 0);
    p = js_at(o, "parameters.temperature");
    CU_ASSERT_EQUAL(js_int(p, "max", 0), 2);
    CU_ASSERT_EQUAL(js_int(p, "min", 1), 0);
    CU_ASSERT_DOUBLE_EQUAL(json_object_get_double(js_get(p, "default")), 0.7,
                           0);
    p = js_at(o, "parameters.style");
    CU_ASSERT_STRING_EQUAL(js_str(p, "type"), "categorical");
    CU_ASSERT_EQUAL(json_object_array_length(js_array(p, "choices")), 2);
    p = js_at(o, "evaluation.paths");
    CU_ASSERT_STRING_EQUAL(js_str(p, "answer.temperature"),
                           "configurable.answer_temperature");
    json_object_put(o);
    bench_close(&b);
}

static void a_prompt_of_the_config_is_found_with_its_path(void)
{
    struct bench b;
    json_object *o;

    mock_init();
    mock_version("fixtures/deterministic_workflow.py", NULL);
    CU_ASSERT_TRUE(bench_open(&b, "{}"));
    CU_ASSERT_EQUAL(call(&b, "draft", "{\"workflow\":\"demo-qa\",\"node\":"
                                      "\"answer\"}", &o), 0);
    CU_ASSERT_PTR_NOT_NULL(js_at(o, "parameters.temperature"));
    CU_ASSERT_STRING_EQUAL(js_str(js_at(o, "evaluation.paths"),
                                  "answer.system_prompt"),
                           "prompts.answer.text");
    json_object_put(o);
    CU_ASSERT_EQUAL(call(&b, "draft", "{\"workflow\":\"demo-qa\",\"node\":"
                                      "\"nobody\"}", &o), TT_ENOENT);
    bench_close(&b);
}

/* --- doctor --------------------------------------------------------------- */

/* The status of a check by name; "" when it was not made. */
static const char *status_of(json_object *o, const char *name,
                             const char **mend)
{
    json_object *checks = js_array(o, "checks"), *c;
    size_t i;

    for (i = 0; checks != NULL && i < json_object_array_length(checks); i++) {
        c = json_object_array_get_idx(checks, i);
        if (strcmp(js_str(c, "name"), name) != 0)
            continue;
        if (mend != NULL)
            *mend = js_str(c, "mend");
        return js_str(c, "status");
    }
    return "";
}

/* Let the trial's run end by itself: the mock has no worker. */
static void mock_worker(const char *method, const char *path)
{
    size_t i;

    if (strcmp(method, "GET") != 0 || strncmp(path, "/api/runs/", 10) != 0)
        return;
    for (i = 0; i < json_object_array_length(mock.runs); i++) {
        if (!run_finished(mock_run(i)))
            mock_succeed(mock_run(i), "candidate");
    }
}

static void a_sound_connection_passes_every_check(void)
{
    static const char *const names[] = { "health", "token", "workspace",
                                         "version", "workflow", "templates",
                                         "trial", "metrics" };
    struct bench b;
    json_object *o;
    size_t i;

    CU_ASSERT_TRUE(bench_inputs(&b));
    mock.before = mock_worker;
    CU_ASSERT_EQUAL(call(&b, "doctor", "{\"case\":{\"expected\":\"a\"}}", &o),
                    0);
    CU_ASSERT_TRUE(json_object_get_boolean(js_get(o, "ok")));
    for (i = 0; i < sizeof names / sizeof *names; i++)
        CU_ASSERT_STRING_EQUAL(status_of(o, names[i], NULL), "ok");
    json_object_put(o);
    bench_close(&b);
}

static void the_doctor_names_a_wrong_token(void)
{
    struct bench b;
    json_object *o;
    const char *mend = "";

    CU_ASSERT_TRUE(bench_inputs(&b));
    mock_answer("GET /api/workspaces/active", 401, "error_401_invalid");
    CU_ASSERT_EQUAL(call(&b, "doctor", "{}", &o), 0);
    CU_ASSERT_STRING_EQUAL(status_of(o, "health", NULL), "ok");
    CU_ASSERT_STRING_EQUAL(status_of(o, "token", &mend), "fail");
    CU_ASSERT_PTR_NOT_NULL(strstr(mend, "secret"));
    CU_ASSERT_STRING_EQUAL(status_of(o, "trial", NULL), "");
    CU_ASSERT_FALSE(json_object_get_boolean(js_get(o, "ok")));
    json_object_put(o);
    bench_close(&b);
}

static void the_doctor_names_a_wrong_workspace_and_no_orcheo(void)
{
    struct bench b;
    json_object *o;
    const char *mend = "";

    CU_ASSERT_TRUE(bench_inputs(&b));
    mock_answer("GET /api/workspaces/active", 403,
                "0.46/error_403_workspace_selector");
    CU_ASSERT_EQUAL(call(&b, "doctor", "{}", &o), 0);
    CU_ASSERT_STRING_EQUAL(status_of(o, "token", NULL), "ok");
    CU_ASSERT_STRING_EQUAL(status_of(o, "workspace", &mend), "fail");
    CU_ASSERT_PTR_NOT_NULL(strstr(mend, "slug"));
    json_object_put(o);
    mock_transport("GET /api/system/health", TT_ETRANSIENT);
    CU_ASSERT_EQUAL(call(&b, "doctor", "{}", &o), 0);
    CU_ASSERT_STRING_EQUAL(status_of(o, "health", &mend), "fail");
    CU_ASSERT_PTR_NOT_NULL(strstr(mend, "start Orcheo"));
    json_object_put(o);
    bench_close(&b);
}

static void the_doctor_names_a_full_quota_and_redis(void)
{
    struct bench b;
    json_object *o;
    const char *mend = "";

    CU_ASSERT_TRUE(bench_inputs(&b));
    mock.quota = 0;
    CU_ASSERT_EQUAL(call(&b, "doctor", "{}", &o), 0);
    CU_ASSERT_STRING_EQUAL(status_of(o, "quota", &mend), "fail");
    CU_ASSERT_PTR_NOT_NULL(strstr(mend, "orcheo:workspace:runs:"
                                        "f84ea81a-5c44-47ed-a784-"
                                        "30f74cdc9fa1"));
    CU_ASSERT_PTR_NOT_NULL(strstr(mend, "ORCHEO_REDIS_URL"));
    CU_ASSERT_PTR_NOT_NULL(strstr(json_object_to_json_string(o),
                                  "25 of 25 concurrent runs"));
    json_object_put(o);
    bench_close(&b);
}

static void the_doctor_names_a_missing_template(void)
{
    struct bench b;
    json_object *o;
    const char *mend = "";

    /* its prompt stands in config.prompts, and nobody said so */
    mock_init();
    mock_version("fixtures/deterministic_workflow.py", "{}");
    CU_ASSERT_TRUE(bench_open(&b, "{\"workflow\":\"w\",\"slots\":[1]}"));
    CU_ASSERT_EQUAL(call(&b, "doctor", "{}", &o), 0);
    CU_ASSERT_STRING_EQUAL(status_of(o, "templates", &mend), "fail");
    CU_ASSERT_PTR_NOT_NULL(strstr(mend, "evaluation.paths"));
    CU_ASSERT_STRING_EQUAL(status_of(o, "trial", NULL), "");
    json_object_put(o);
    b.adapter->close(b.self);
    CU_ASSERT_TRUE(bench_open(
        &b, "{\"workflow\":\"w\",\"slots\":[1],\"paths\":"
            "{\"answer.system_prompt\":\"prompts.answer.text\"}}"));
    mock.before = mock_worker;
    CU_ASSERT_EQUAL(call(&b, "doctor", "{}", &o), 0);
    CU_ASSERT_STRING_EQUAL(status_of(o, "templates", NULL), "ok");
    CU_ASSERT_STRING_EQUAL(status_of(o, "trial", NULL), "ok");
    json_object_put(o);
    bench_close(&b);
}

static CU_TestInfo tests[] = {
    { "read gives the stored values", read_gives_the_stored_values },
    { "write replaces only ours and gives the pre-image",
      write_replaces_only_ours_and_gives_the_pre_image },
    { "write refuses over a foreign edit", write_refuses_over_a_foreign_edit },
    { "write notices an edit in between", write_notices_an_edit_in_between },
    { "write refuses what Orcheo would choke on",
      write_refuses_what_orcheo_would_choke_on },
    { "a draft comes from stored values and templates",
      a_draft_comes_from_stored_values_and_templates },
    { "a draft finds the metric and the inputs",
      a_draft_finds_the_metric_and_the_inputs },
    { "a draft takes the author's schema", a_draft_takes_the_authors_schema },
    { "a prompt of the config is found with its path",
      a_prompt_of_the_config_is_found_with_its_path },
    { "a sound connection passes every check",
      a_sound_connection_passes_every_check },
    { "the doctor names a wrong token", the_doctor_names_a_wrong_token },
    { "the doctor names a wrong workspace, and no Orcheo",
      the_doctor_names_a_wrong_workspace_and_no_orcheo },
    { "the doctor names a full quota and Redis",
      the_doctor_names_a_full_quota_and_redis },
    { "the doctor names a missing template",
      the_doctor_names_a_missing_template },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("orcheo admin", tests);
}
