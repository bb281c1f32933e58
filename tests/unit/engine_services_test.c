/* SPDX-License-Identifier: MIT
 *
 * engine_services_test.c - what workers ask of the daemon: HTTP through the
 * broker, cases, and words of a model (a small server stands for it). */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "tests/unit/engine_rig.h"

/* --- a model -------------------------------------------------------------- */

static struct {
    int fd, port;
    pthread_t thread;
    atomic_int calls;
    atomic_bool broken;
    char seen[4096]; /* the newest request; read when the run has ended */
} model;

static bool read_all(int fd, char *text, size_t size)
{
    size_t have = 0, want = 0;
    ssize_t n;

    while (want == 0 || have < want) {
        char *end, *length;

        n = recv(fd, text + have, size - 1 - have, 0);
        if (n <= 0)
            return false;
        have += (size_t)n;
        text[have] = '\0';
        end = strstr(text, "\r\n\r\n");
        length = strstr(text, "Content-Length: ");
        if (end != NULL && length != NULL)
            want = (size_t)(end - text) + 4 + (size_t)atol(length + 16);
    }
    return true;
}

static void serve_one(int fd)
{
    static const char body[] =
        "{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":"
        "\"Climb {question}\"}}],\"usage\":{\"prompt_tokens\":1000,"
        "\"completion_tokens\":500}}";
    char head[200];

    /* one request a connection: there is one thread */
    if (read_all(fd, model.seen, sizeof model.seen)) {
        bool broken = atomic_load(&model.broken);

        atomic_fetch_add(&model.calls, 1);
        snprintf(head, sizeof head, "HTTP/1.1 %s\r\nContent-Type: "
                 "application/json\r\nConnection: close\r\n"
                 "Content-Length: %zu\r\n\r\n",
                 broken ? "400 no" : "200 OK", broken ? 2 : strlen(body));
        if (send(fd, head, strlen(head), MSG_NOSIGNAL) > 0)
            (void)!send(fd, broken ? "no" : body, broken ? 2 : strlen(body),
                        MSG_NOSIGNAL);
    }
    close(fd);
}

static void *serve(void *arg)
{
    int fd;

    (void)arg;
    while ((fd = accept(model.fd, NULL, NULL)) >= 0)
        serve_one(fd);
    return NULL;
}

static void model_start(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t n = sizeof at;

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    model.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(model.fd, (struct sockaddr *)&at, sizeof at) != 0 ||
        listen(model.fd, 8) != 0 ||
        getsockname(model.fd, (struct sockaddr *)&at, &n) != 0 ||
        pthread_create(&model.thread, NULL, serve, NULL) != 0)
        printf("Bail out! no server\n");
    model.port = ntohs(at.sin_port);
}

static void model_stop(void)
{
    shutdown(model.fd, SHUT_RDWR);
    pthread_join(model.thread, NULL);
    close(model.fd);
}

/* A rig whose strategies may ask the model; *models is put by the caller. */
static void open_with_model(struct rig *r, json_object **models)
{
    static char origin[60];
    const char *const allow[] = { origin, NULL };
    struct broker_secret secret = { .name = "key",
                                    .environment = "TT_TEST_KEY" };
    struct broker_options broker = { .allow = allow, .secrets = &secret,
                                     .n_secrets = 1 };
    struct buf text = { 0 };

    setenv("TT_TEST_KEY", "sk-test-1", 1);
    snprintf(origin, sizeof origin, "http://127.0.0.1:%d", model.port);
    rig_open(r, &broker);
    buf_addf(&text, "{'reflection':{'url':'%s/v1','model':'tiny','secret':"
             "'key','cost_in_per_million':1000,'cost_out_per_million':2000,"
             "'max_tokens':64}}", origin);
    *models = json_of(text.data);
    buf_fini(&text);
    engine_destroy(r->engine);
    r->options.models = *models;
    rig_start(r);
    rig_target(r, "");
}

static json_object *run_cases(struct rig *r)
{
    CU_ASSERT_EQUAL(rig_optimize(r, ",'optimizer':'zoo-cases','seed':3"), 0);
    return rig_wait(r, rig_has_ended);
}

static void a_model_is_asked_and_paid(void)
{
    json_object *models, *shown;
    struct rig r;

    open_with_model(&r, &models);
    shown = run_cases(&r);
    CU_ASSERT(shown != NULL && rig_says(shown, "state", "completed"));
    CU_ASSERT(atomic_load(&model.calls) > 0);
    /* 1000 tokens in at 1, 500 out at 2: 2 a call */
    CU_ASSERT(json_num(json_child(shown, "progress"), "cost", 0.0) >=
              2.0 * (double)atomic_load(&model.calls));
    CU_ASSERT(strstr(model.seen, "POST /v1/chat/completions") != NULL);
    CU_ASSERT(strstr(model.seen, "Bearer sk-test-1") != NULL);
    CU_ASSERT(strstr(model.seen, "\"max_completion_tokens\":64") != NULL);
    CU_ASSERT(strstr(model.seen, "\"model\":\"tiny\"") != NULL);
    CU_ASSERT_EQUAL(rig_of_run(&r, engine_run_replay, NULL), 0);
    CU_ASSERT(json_object_get_boolean(json_child(r.answer.body, "identical")));
    rig_close(&r);
    json_object_put(models);
}

static void a_model_that_refuses_fails_only_the_request(void)
{
    json_object *models, *shown;
    struct rig r;

    atomic_store(&model.broken, true);
    open_with_model(&r, &models);
    shown = run_cases(&r);
    CU_ASSERT(shown != NULL && rig_says(shown, "state", "completed"));
    rig_close(&r);
    json_object_put(models);
    atomic_store(&model.broken, false);
}

/* --- the others ----------------------------------------------------------- */

static bool audited(struct rig *r, const char *action)
{
    json_object *items;
    bool there = false;
    size_t i;

    CU_ASSERT_EQUAL(rig_call(r, engine_audit_list, NULL, NULL), 0);
    items = json_child(r->answer.body, "items");
    for (i = 0; i < json_object_array_length(items); i++)
        there = there || strcmp(json_str(json_object_array_get_idx(items, i),
                                         "action"), action) == 0;
    return there;
}

static void looking_at_the_holdout_is_refused_and_audited(void)
{
    json_object *shown;
    struct rig r;

    rig_open(&r, NULL);
    rig_target(&r, "");
    CU_ASSERT_EQUAL(rig_optimize(&r, ",'optimizer':'zoo-bad',"
                                     "'optimizer_config':{'how':'peek'}"), 0);
    shown = rig_wait(&r, rig_has_ended);
    CU_ASSERT(shown != NULL && rig_says(shown, "state", "failed"));
    CU_ASSERT(rig_says(shown, "diagnostic", "holdout"));
    CU_ASSERT(audited(&r, "run.data_refused"));
    CU_ASSERT(audited(&r, "run.create"));
    CU_ASSERT(audited(&r, "run.fail"));
    rig_close(&r);
}

static void a_case_that_is_not_there_is_said_so(void)
{
    json_object *shown;
    struct rig r;

    rig_open(&r, NULL);
    rig_target(&r, "");
    CU_ASSERT_EQUAL(rig_optimize(&r, ",'optimizer':'zoo-bad',"
                                     "'optimizer_config':{'how':'data'}"), 0);
    shown = rig_wait(&r, rig_has_ended);
    CU_ASSERT(shown != NULL &&
              rig_says(shown, "diagnostic", "no such train case"));
    rig_close(&r);
}

static void an_origin_that_is_not_allowed_ends_the_run(void)
{
    struct engine_request target = { .workflow = "demo", .node = "far" };
    json_object *shown;
    struct rig r;

    rig_open(&r, NULL);
    rig_target(&r, "");
    CU_ASSERT_EQUAL(rig_call(&r, engine_target_put, &target,
                             "{'parameters':{'x':{'type':'float','min':0,"
                             "'max':1}},'adapter':{'plugin':'zoo-adapter'},"
                             "'evaluation':{},'dataset':'qa','objective':"
                             "{'metric':'score','direction':'maximize'}}"), 0);
    CU_ASSERT_EQUAL(rig_call(&r, engine_optimize, NULL,
                             "{'node_ids':['far'],'optimizer':'random',"
                             "'limits':{'iterations':3}}"), 0);
    snprintf(r.run, sizeof r.run, "%s", json_str(r.answer.body, "run_id"));
    shown = rig_wait(&r, rig_has_ended);
    CU_ASSERT(shown != NULL && rig_says(shown, "state", "failed"));
    CU_ASSERT(rig_says(shown, "diagnostic", "adapter zoo-adapter 1.0.0"));
    CU_ASSERT(rig_says(shown, "diagnostic", "127.0.0.1"));
    rig_close(&r);
}

/* --- what is not granted ---------------------------------------------------- */

static const struct trust *judge_with(const char *grants)
{
    struct trust_options o = { .policy = TRUST_ALLOW };
    struct trust *t;

    o.grants = json_of(grants);
    t = trust_create(&o);
    json_object_put(o.grants);
    return t;
}

static void let_go(const struct trust *t)
{
    rig_judge = NULL;
    trust_destroy((struct trust *)t);
}

static void a_model_that_is_not_granted_is_never_asked(void)
{
    const struct trust *t = judge_with("{'zoo-cases':{'llm':false}}");
    int before = atomic_load(&model.calls);
    json_object *models, *shown;
    struct rig r;

    rig_judge = t;
    open_with_model(&r, &models);
    shown = run_cases(&r);
    CU_ASSERT(shown != NULL && rig_says(shown, "state", "completed"));
    CU_ASSERT_EQUAL(atomic_load(&model.calls), before);
    rig_close(&r);
    json_object_put(models);
    let_go(t);
}

/* The broker allows what this adapter calls; its grants do not. */
static void an_origin_that_is_not_granted_ends_the_run(void)
{
    const struct trust *t = judge_with("{'zoo-adapter':{'http':"
                                       "['https://example.org']}}");
    const char *const allow[] = { "http://127.0.0.1:9", NULL };
    struct broker_options broker = { .allow = allow };
    struct engine_request target = { .workflow = "demo", .node = "far" };
    json_object *shown;
    struct rig r;

    rig_judge = t;
    rig_open(&r, &broker);
    rig_target(&r, "");
    CU_ASSERT_EQUAL(rig_call(&r, engine_target_put, &target,
                             "{'parameters':{'x':{'type':'float','min':0,"
                             "'max':1}},'adapter':{'plugin':'zoo-adapter'},"
                             "'evaluation':{},'dataset':'qa','objective':"
                             "{'metric':'score','direction':'maximize'}}"), 0);
    CU_ASSERT_EQUAL(rig_call(&r, engine_optimize, NULL,
                             "{'node_ids':['far'],'optimizer':'random',"
                             "'limits':{'iterations':3}}"), 0);
    snprintf(r.run, sizeof r.run, "%s", json_str(r.answer.body, "run_id"));
    shown = rig_wait(&r, rig_has_ended);
    CU_ASSERT(shown != NULL && rig_says(shown, "state", "failed"));
    CU_ASSERT(rig_says(shown, "diagnostic", "not granted"));
    rig_close(&r);
    let_go(t);
}

/* It ends its run well where the thread started. */
static void starts_a_thread(const char *grants, const char *member,
                            const char *what_became)
{
    const struct trust *t = judge_with(grants);
    json_object *shown;
    struct rig r;

    rig_judge = t;
    rig_open(&r, NULL);
    rig_target(&r, "");
    CU_ASSERT_EQUAL(rig_optimize(&r, ",'optimizer':'zoo-bad',"
                                     "'optimizer_config':{'how':'thread'}"), 0);
    shown = rig_wait(&r, rig_has_ended);
    CU_ASSERT(shown != NULL && rig_says(shown, member, what_became));
    rig_close(&r);
    let_go(t);
}

static void threads_are_for_whom_they_are_granted(void)
{
    starts_a_thread("{}", "diagnostic", "thread: Operation not permitted");
    starts_a_thread("{'zoo-bad':{'threads':true}}", "state", "completed");
}

static void a_revoked_plugin_starts_no_run(void)
{
    struct trust_options o = { .policy = TRUST_ALLOW };
    const struct catalog_entry *entry = NULL;
    char keys[] = "/tmp/trimtab-keys-XXXXXX";
    TT_AUTO_FREE char *list = NULL;
    struct trust *t;
    struct rig r;

    CU_ASSERT_PTR_NOT_NULL(mkdtemp(keys));
    o.keys = keys;
    rig_judge = t = trust_create(&o);
    rig_open(&r, NULL);
    rig_target(&r, "");
    CU_ASSERT_EQUAL(catalog_resolve(r.catalog, "random", 0, &entry, NULL), 0);
    list = fs_join(keys, "revoked");
    CU_ASSERT_EQUAL(fs_write(list, entry->hash, 64, 0644, &r.err), 0);
    CU_ASSERT_EQUAL(rig_optimize(&r, ",'optimizer':'random'"), TT_EPERM);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err.text, "is revoked in"));
    CU_ASSERT_EQUAL(fs_write(list, "a slip", 6, 0644, &r.err), 0);
    CU_ASSERT_EQUAL(rig_optimize(&r, ",'optimizer':'zoo-cases'"), TT_EPERM);
    CU_ASSERT_EQUAL(fs_write(list, "# none", 6, 0644, &r.err), 0);
    CU_ASSERT_EQUAL(rig_optimize(&r, ",'optimizer':'random'"), 0);
    CU_ASSERT_PTR_NOT_NULL(rig_wait(&r, rig_has_ended));
    rig_close(&r);
    (void)fs_remove_tree(keys, &r.err);
    let_go(t);
}

static void the_list_of_plugins_says_what_each_may_do(void)
{
    const struct trust *t = judge_with("{'zoo-adapter':{'http':"
                                       "['https://Example.org/']},"
                                       "'zoo-hill':{'threads':true}}");
    json_object *items, *may;
    struct rig r;
    size_t i;

    rig_judge = t;
    rig_open(&r, NULL);
    CU_ASSERT_EQUAL(rig_call(&r, engine_plugins_list, NULL, NULL), 0);
    items = json_child(r.answer.body, "items");
    for (i = 0; i < json_object_array_length(items); i++) {
        json_object *item = json_object_array_get_idx(items, i);
        const char *id = json_str(item, "id");

        may = json_child(item, "permissions");
        CU_ASSERT_STRING_EQUAL(json_str(json_child(item, "signature"),
                                        "state"), "unsigned");
        CU_ASSERT_EQUAL(grant_has(may, "threads"), strcmp(id, "zoo-hill") == 0);
        CU_ASSERT_STRING_EQUAL(
            json_object_get_string(json_object_array_get_idx(
                json_child(may, "http"), 0)),
            strcmp(id, "zoo-adapter") == 0 ? "https://example.org:443" : "*");
    }
    CU_ASSERT(i > 0);
    rig_close(&r);
    let_go(t);
}

int main(void)
{
    CU_TestInfo tests[] = {
        { "a model is asked, and paid", a_model_is_asked_and_paid },
        { "a model that refuses fails only the request",
          a_model_that_refuses_fails_only_the_request },
        { "looking at the holdout is refused and audited",
          looking_at_the_holdout_is_refused_and_audited },
        { "a case that is not there is said so",
          a_case_that_is_not_there_is_said_so },
        { "an origin that is not allowed ends the run, by name",
          an_origin_that_is_not_allowed_ends_the_run },
        { "a model that is not granted is never asked",
          a_model_that_is_not_granted_is_never_asked },
        { "an origin that is not granted ends the run",
          an_origin_that_is_not_granted_ends_the_run },
        { "threads are for whom they are granted",
          threads_are_for_whom_they_are_granted },
        { "a revoked plugin starts no run", a_revoked_plugin_starts_no_run },
        { "the list of plugins says what each may do",
          the_list_of_plugins_says_what_each_may_do },
        CU_TEST_INFO_NULL,
    };
    int status;

    if (!rig_ready())
        return EXIT_SUCCESS;
    model_start();
    status = tap_run("engine services", tests);
    model_stop();
    return status;
}
