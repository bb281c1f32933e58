/* SPDX-License-Identifier: MIT
 *
 * plugin_http_jobs_test.c - the adapter `http`: a 202 and what follows it,
 * jobs that are found again, and jobs that are given up. */
#include "tests/unit/http_plugin_mock.h"

#define URL "'url':'http://scorer.test:8080/v1/jobs?wait=0'"
#define STATUS "http://scorer.test:8080/v1/jobs/9"
#define HANDLE                                                                 \
    "{\"evaluation\":\"r1\\/7\",\"url\":\"http:\\/\\/scorer.test:8080\\/v1\\"  \
    "/jobs\\/9\",\"cases\":[\"q1\",\"q2\"]}"

static char *example(void)
{
    static char text[4000];
    char path[600];
    const char *top = getenv("TT_TOP_SRCDIR");
    FILE *f;
    size_t n = 0;

    snprintf(path, sizeof path, "%s/plugins/http/example.json",
             top != NULL ? top : ".");
    f = fopen(path, "r");
    if (f != NULL) {
        n = fread(text, 1, sizeof text - 1, f);
        fclose(f);
    }
    text[n] = '\0';
    return text;
}

static void a_202_is_a_job_at_its_location(void)
{
    static const struct {
        const char *location, *url;
    } rows[] = {
        { "/v1/jobs/9", STATUS },
        { "jobs/9", STATUS },
        { "9?x=1", "http://scorer.test:8080/v1/9?x=1" },
        { STATUS, STATUS },
    };
    json_object *handle;
    struct bench b;
    size_t i;

    CU_ASSERT_TRUE(bench_open(&b, "{" URL "}"));
    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        wire_forget();
        redirect_to(202, rows[i].location);
        CU_ASSERT_EQUAL(bench_submit(&b, 1, 2), 0);
        CU_ASSERT_EQUAL(b.seen[0].state, TT_RUNNING);
        handle = js_parse(tt_str_of(b.seen[0].handle));
        CU_ASSERT_STRING_EQUAL(js_str(handle, "url"), rows[i].url);
        CU_ASSERT_STRING_EQUAL(js_str(handle, "evaluation"), "r1/7");
        CU_ASSERT_EQUAL(json_object_array_length(js_get(handle, "cases")), 2);
        json_object_put(handle);
    }
    bench_close(&b);
}

/* Our secrets go to where the endpoint is, and nowhere else. */
static void a_location_elsewhere_is_not_asked(void)
{
    static const struct {
        const char *location, *says;
    } rows[] = {
        { "http://evil.test/jobs/9", "leads to another host" },
        { "https://scorer.test:8080/v1/jobs/9", "leads to another host" },
        { "http://scorer.test:80801/", "leads to another host" },
        { "http://scorer.test:8080@evil.test/", "leads to another host" },
        { "//evil.test/jobs", "leads to another host" },
        { "/jobs/${secret:other}", "holds a placeholder" },
        { "/jobs/9 HTTP/1.1", "is no URL" },
        { "", "202 without a Location header; set config job.status_url" },
    };
    struct bench b;
    size_t i;

    CU_ASSERT_TRUE(bench_open(&b, "{" URL "}"));
    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        wire_forget();
        redirect_to(202, rows[i].location);
        CU_ASSERT_EQUAL(bench_submit(&b, 1, 1), 0);
        CU_ASSERT_EQUAL(b.seen[0].state, TT_ERROR);
        CU_ASSERT_TRUE(says(b.seen[0].message, rows[i].says));
        CU_ASSERT_EQUAL(wire.n_requests, 1);
    }
    bench_close(&b);
}

static void the_status_url_may_stand_in_the_body(void)
{
    struct bench b;

    CU_ASSERT_TRUE(bench_open(&b, "{" URL ",'job':{'status_url':'/href'}}"));
    answer(202, "{'href':'/v1/jobs/9'}");
    CU_ASSERT_EQUAL(bench_submit(&b, 1, 1), 0);
    CU_ASSERT_EQUAL(b.seen[0].state, TT_RUNNING);
    CU_ASSERT_TRUE(says(b.seen[0].handle, "scorer.test:8080/v1/jobs/9"));
    wire_forget();
    answer(202, "{'href':null}");
    CU_ASSERT_EQUAL(bench_submit(&b, 1, 1), 0);
    CU_ASSERT_EQUAL(b.seen[0].state, TT_ERROR);
    CU_ASSERT_TRUE(says(b.seen[0].message, "202 without a text at /href"));
    bench_close(&b);
}

static void a_job_is_polled_ever_slower_and_as_it_wants(void)
{
    struct bench b;
    uint64_t first;

    CU_ASSERT_TRUE(bench_open(&b, "{" URL ",'job':{'poll_seconds':0.1}}"));
    answer(200, "{'status':'running'}");
    answer(202, "");
    answer(200, "{'status':'queued'}")->retry_after_ms = 9000;
    CU_ASSERT_EQUAL(bench_collect(&b, HANDLE), 0);
    CU_ASSERT_STRING_EQUAL(wire.method, "GET");
    CU_ASSERT_STRING_EQUAL(wire.url, STATUS);
    CU_ASSERT_STRING_EQUAL(wire.body, "");
    CU_ASSERT_EQUAL(b.n, 0);
    first = b.again_ms;
    CU_ASSERT_EQUAL(first, 100);
    CU_ASSERT_EQUAL(bench_collect(&b, HANDLE), 0);
    CU_ASSERT_TRUE(b.again_ms > first);
    CU_ASSERT_EQUAL(bench_collect(&b, HANDLE), 0);
    CU_ASSERT_EQUAL(b.again_ms, 9000);
    bench_close(&b);
}

static void a_job_that_is_done_is_read(void)
{
    struct bench b;

    CU_ASSERT_TRUE(bench_open(&b, "{" URL ",'job':{'result':'/out'}}"));
    answer(200, "{'status':'done','out':{'cases':[{'id':'q1','score':1}]}}");
    answer(200, "{'status':'done'}");
    answer(200, "{'out':{'cases':{'q2':{'score':0}}}}"); /* needs no state */
    CU_ASSERT_EQUAL(bench_collect(&b, HANDLE), 0);
    CU_ASSERT_EQUAL(b.seen[0].state, TT_SUCCEEDED);
    CU_ASSERT_STRING_EQUAL(b.seen[0].id, "r1/7");
    CU_ASSERT_STRING_EQUAL(b.seen[0].handle, HANDLE);
    CU_ASSERT_STRING_EQUAL(
        output(&b, "/node_results/score/per_query/q1/score"), "1.0");
    CU_ASSERT_TRUE(says(b.seen[0].evidence, "case q2: the answer has no value "
                        "for it"));
    CU_ASSERT_EQUAL(bench_collect(&b, HANDLE), 0);
    CU_ASSERT_EQUAL(b.seen[0].state, TT_ERROR);
    CU_ASSERT_TRUE(says(b.seen[0].message, "job.result: \"/out\" is missing"));
    CU_ASSERT_EQUAL(bench_collect(&b, HANDLE), 0);
    CU_ASSERT_EQUAL(b.seen[0].state, TT_SUCCEEDED);
    bench_close(&b);
}

static void a_303_leads_to_the_result(void)
{
    struct bench b;

    CU_ASSERT_TRUE(bench_open(&b, "{" URL "}"));
    redirect_to(303, "/v1/results/9");
    answer(200, "{'cases':{'q1':{'score':1},'q2':{'score':1}}}");
    CU_ASSERT_EQUAL(bench_collect(&b, HANDLE), 0);
    CU_ASSERT_STRING_EQUAL(wire.url, "http://scorer.test:8080/v1/results/9");
    CU_ASSERT_EQUAL(b.seen[0].state, TT_SUCCEEDED);
    wire_forget();
    redirect_to(303, "http://evil.test/");
    CU_ASSERT_EQUAL(bench_collect(&b, HANDLE), 0);
    CU_ASSERT_EQUAL(wire.n_requests, 1);
    CU_ASSERT_EQUAL(b.seen[0].state, TT_LOST);
    bench_close(&b);
}

static void a_job_that_failed_says_why(void)
{
    struct bench b;

    CU_ASSERT_TRUE(bench_open(&b, "{" URL ",'job':{'state':'/s/now','failed':"
                                  "['broken'],'error':'/s/why'}}"));
    answer(200, "{'s':{'now':'broken','why':'no model'}}");
    answer(200, "{'s':{'now':3}}");
    answer(200, "<html>");
    answer(200, "{'s':{'now':'failed'}}"); /* is not our word for it */
    CU_ASSERT_EQUAL(bench_collect(&b, HANDLE), 0);
    CU_ASSERT_EQUAL(b.seen[0].state, TT_ERROR);
    CU_ASSERT_TRUE(says(b.seen[0].message, "the job ended broken: no model"));
    CU_ASSERT_EQUAL(bench_collect(&b, HANDLE), 0);
    CU_ASSERT_EQUAL(b.seen[0].state, TT_ERROR);
    CU_ASSERT_TRUE(says(b.seen[0].message, "\"/s/now\" is no text"));
    CU_ASSERT_EQUAL(bench_collect(&b, HANDLE), 0);
    CU_ASSERT_EQUAL(b.seen[0].state, TT_ERROR);
    CU_ASSERT_TRUE(says(b.seen[0].message, "is no JSON"));
    CU_ASSERT_EQUAL(bench_collect(&b, HANDLE), 0);
    CU_ASSERT_EQUAL(b.n, 0);
    bench_close(&b);
}

static void a_job_outlives_an_endpoint_that_is_away(void)
{
    static const unsigned statuses[] = { 429, 500, 503 };
    static const int codes[] = { TT_ETRANSIENT, TT_ETIMEOUT, TT_ELIMIT };
    struct bench b;
    size_t i;

    CU_ASSERT_TRUE(bench_open(&b, "{" URL "}"));
    for (i = 0; i < 3; i++) {
        wire_forget();
        answer(statuses[i], "")->retry_after_ms = 20000;
        no_answer(codes[i]);
        CU_ASSERT_EQUAL(bench_collect(&b, HANDLE), 0);
        CU_ASSERT_EQUAL(b.n, 0);
        CU_ASSERT_EQUAL(b.again_ms, 20000);
        CU_ASSERT_EQUAL(bench_collect(&b, HANDLE), 0);
        CU_ASSERT_EQUAL(b.n, 0);
    }
    wire_forget();
    answer(404, "{'detail':'never heard of it'}");
    CU_ASSERT_EQUAL(bench_collect(&b, HANDLE), 0);
    CU_ASSERT_EQUAL(b.seen[0].state, TT_LOST);
    CU_ASSERT_TRUE(says(b.seen[0].message, "never heard of it; the job is "
                        "gone"));
    wire_forget();
    answer(401, "");
    CU_ASSERT_EQUAL(bench_collect(&b, HANDLE), TT_EAUTH);
    bench_close(&b);
}

static void cases_that_are_no_ids_are_not_known(void)
{
    struct bench b;

    CU_ASSERT_TRUE(bench_open(&b, "{" URL "}"));
    answer(200, "{'cases':{'q1':{'score':1}}}");
    CU_ASSERT_EQUAL(bench_collect(&b, "{\"evaluation\":\"e\",\"url\":\"" STATUS
                                  "\",\"cases\":[\"q1\",null]}"), 0);
    CU_ASSERT_EQUAL(b.seen[0].state, TT_SUCCEEDED);
    bench_close(&b);
}

static void a_handle_that_is_not_ours_is_lost(void)
{
    static const char *const handles[] = {
        "", "x", "{}", "{\"evaluation\":\"e\",\"url\":\"http://evil.test/\"}",
        "{\"evaluation\":\"e\",\"url\":\"/v1/jobs/9\"}",
        "{\"evaluation\":7,\"url\":\"" STATUS "\"}",
    };
    struct bench b;
    size_t i;

    CU_ASSERT_TRUE(bench_open(&b, "{" URL ",'abandon':{}}"));
    for (i = 0; i < sizeof handles / sizeof *handles; i++) {
        CU_ASSERT_EQUAL(bench_collect(&b, handles[i]), 0);
        CU_ASSERT_EQUAL(b.n, 1);
        CU_ASSERT_EQUAL(b.seen[0].state, TT_LOST);
        CU_ASSERT_STRING_EQUAL(b.seen[0].handle, handles[i]);
        CU_ASSERT_EQUAL(b.adapter->abandon(b.self, tt_str_of(handles[i]),
                                           &b.e), 0);
    }
    CU_ASSERT_EQUAL(wire.n_requests, 0);
    bench_close(&b);
}

static void jobs_of_a_label_are_found_again(void)
{
    struct bench b;
    char handle[400];

    CU_ASSERT_TRUE(bench_open(&b, example()));
    answer(200, "{'evaluations':[{'evaluation':'r1/7','href':'/v1/evaluations/"
                "1'},{'evaluation':9},{'evaluation':'r1/8','href':'http://evil"
                ".test/'},{}]}");
    answer(200, "{'state':'succeeded','result':{'results':[{'key':'q1',"
                "'scores':{'exact':1,'f1':0.5}},{'key':'q2','error':'empty'}],"
                "'stats':{'latency_seconds':2}}}");
    CU_ASSERT_EQUAL(bench_find(&b), 0);
    CU_ASSERT_STRING_EQUAL(wire.url, "http://127.0.0.1:8080/v1/evaluations"
                           "?label=trimtab%3Ar1%3A1");
    CU_ASSERT_EQUAL(b.n, 1);
    CU_ASSERT_EQUAL(b.seen[0].state, TT_RUNNING);
    CU_ASSERT_STRING_EQUAL(b.seen[0].id, "r1/7");
    CU_ASSERT_TRUE(says(wire.log, "lookup.status_url of r1/8"));
    /* which cases it has is not known any more: the ids say it */
    snprintf(handle, sizeof handle, "%.390s", b.seen[0].handle);
    CU_ASSERT_EQUAL(bench_collect(&b, handle), 0);
    CU_ASSERT_EQUAL(b.seen[0].state, TT_SUCCEEDED);
    CU_ASSERT_STRING_EQUAL(output(&b, "/node_results/f1/per_query"),
                           "{\"q1\":{\"f1\":0.5},\"q2\":{\"f1\":null}}");
    CU_ASSERT_STRING_EQUAL(output(&b, "/node_results/latency/metrics/latency"),
                           "2.0");
    bench_close(&b);
}

static void without_ids_a_found_job_is_read_in_order(void)
{
    struct bench b;

    CU_ASSERT_TRUE(bench_open(
        &b, "{" URL ",'lookup':{'url':'http://scorer.test:8080/l','evaluation':"
            "'/e'},'answer':{'cases':{'at':'/s','metrics':{'score':''}}}}"));
    answer(200, "[{'e':'r1/7','status':'done','s':[1,null]},{'e':'r1/8',"
                "'status':'running'},{'e':'r1/9','status':'failed'}]");
    CU_ASSERT_EQUAL(bench_find(&b), 0);
    CU_ASSERT_EQUAL(b.n, 2);
    CU_ASSERT_EQUAL(b.seen[0].state, TT_SUCCEEDED);
    CU_ASSERT_STRING_EQUAL(output(&b, "/node_results/score"),
                           "{\"metric_name\":\"score\",\"per_item\":[1.0,null],"
                           "\"corpus_score\":1.0}");
    CU_ASSERT_EQUAL(b.seen[1].state, TT_ERROR);
    CU_ASSERT_STRING_EQUAL(b.seen[1].id, "r1/9");
    bench_close(&b);
}

static void a_lookup_that_fails_says_so(void)
{
    static const struct {
        unsigned status;
        const char *body;
        int code;
    } rows[] = {
        { 404, "", 0 },
        { 200, "{'evaluations':[]}", 0 },
        { 200, "{'evaluations':{'evaluation':'r9/1','href':'/v1/x'}}", 0 },
        { 503, "", TT_ETRANSIENT },
        { 401, "", TT_EAUTH },
        { 400, "", TT_EINVAL },
        { 200, "{'jobs':[]}", TT_EINVAL },
        { 200, "{'evaluations':7}", TT_EINVAL },
        { 200, "<html>", TT_EINVAL },
    };
    struct bench b;
    size_t i;

    CU_ASSERT_TRUE(bench_open(&b, example()));
    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        wire_forget();
        answer(rows[i].status, rows[i].body);
        CU_ASSERT_EQUAL(bench_find(&b), rows[i].code);
    }
    wire_forget();
    no_answer(TT_ETIMEOUT);
    CU_ASSERT_EQUAL(bench_find(&b), TT_ETIMEOUT);
    bench_close(&b);
}

static void a_job_is_given_up_where_that_is_known(void)
{
    struct bench b;

    CU_ASSERT_TRUE(bench_open(&b, "{" URL "}"));
    CU_ASSERT_EQUAL(b.adapter->abandon(b.self, tt_str_of(HANDLE), &b.e), 0);
    CU_ASSERT_EQUAL(wire.n_requests, 0);
    bench_close(&b);
    CU_ASSERT_TRUE(bench_open(&b, "{" URL ",'abandon':{}}"));
    answer(404, "");
    no_answer(TT_ETRANSIENT);
    CU_ASSERT_EQUAL(b.adapter->abandon(b.self, tt_str_of(HANDLE), &b.e), 0);
    CU_ASSERT_STRING_EQUAL(wire.method, "DELETE");
    CU_ASSERT_STRING_EQUAL(wire.url, STATUS);
    CU_ASSERT_EQUAL(b.adapter->abandon(b.self, tt_str_of(HANDLE), &b.e), 0);
    bench_close(&b);
    CU_ASSERT_TRUE(bench_open(&b, "{" URL ",'abandon':{'method':'POST','url':"
                                  "'{{status_url}}/cancel?e={{evaluation}}'"
                                  "}}"));
    answer(200, "");
    CU_ASSERT_EQUAL(b.adapter->abandon(b.self, tt_str_of(HANDLE), &b.e), 0);
    CU_ASSERT_STRING_EQUAL(wire.url, STATUS "/cancel?e=r1%2F7");
    bench_close(&b);
}

static int keep(const struct tt_sink *sink, const void *bytes, uint64_t n)
{
    snprintf(sink->ctx, 2000, "%.*s", (int)n, (const char *)bytes);
    return 0;
}

static const char *ask(struct bench *b, const char *method, const char *with,
                       int code)
{
    static char text[2000];
    const struct tt_admin *admin =
        b->adapter->get_extension(TT_EXTENSION_ADMIN);
    struct tt_sink sink = { text, keep };
    char *json = quoted(with);

    text[0] = '\0';
    bench_forget(b);
    CU_ASSERT_EQUAL(admin->call(b->self, tt_str_of(method), tt_str_of(json),
                                &sink, &b->e), code);
    free(json);
    return text;
}

static void the_doctor_tries_one_case(void)
{
    static const struct {
        unsigned status;
        const char *body, *says;
    } rows[] = {
        { 200, "{'cases':[{'id':'q1','score':0.5}]}", "'name':'trial','status'"
          ":'ok','message':'one case was scored with the defaults: score 0.5'"
          "}],'ok':true" },
        { 200, "{'cases':[{'id':'q1','score':0.5}],'cost':'x'}",
          "'status':'warn'" },
        { 200, "{}", "'status':'fail','message':'answer.cases.at" },
        { 401, "", "give a key" },
        { 404, "", "check url and method" },
        { 503, "", "'mend':'see that the endpoint is there and well'}],"
          "'ok':false" },
    };
    struct bench b;
    char *wanted;
    size_t i;

    CU_ASSERT_TRUE(bench_open(&b, "{" URL ",'job':{'poll_seconds':0.05},"
                                  "'headers':{'X-Label':'{{label}}'}}"));
    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        wire_forget();
        answer(rows[i].status, rows[i].body);
        wanted = quoted(rows[i].says);
        CU_ASSERT_TRUE(says(ask(&b, "doctor", "{'case':{'id':'q1','q':'?'}}",
                                0), wanted));
        free(wanted);
    }
    CU_ASSERT_TRUE(says(wire.headers, "X-Label: trimtab:doctor"));
    CU_ASSERT_STRING_EQUAL(sent("/cases/0/q"), "\"?\"");
    /* not active by default: the parameter it hangs on is off */
    CU_ASSERT_STRING_EQUAL(sent("/parameters/judge/deep"), "(missing)");
    wire_forget();
    redirect_to(202, "/v1/jobs/9");
    answer(200, "{'status':'running'}");
    answer(200, "{'status':'done','cases':{'q1':{'score':1}}}");
    CU_ASSERT_TRUE(says(ask(&b, "doctor", "{'case':{'id':'q1','q':'?'}}", 0),
                        "score 1.0"));
    CU_ASSERT_EQUAL(wire.n_requests, 3);
    CU_ASSERT_TRUE(says(ask(&b, "doctor", "{}", 0), "nothing was sent"));
    CU_ASSERT_EQUAL(wire.n_requests, 3);
    ask(&b, "doctor", "[]", TT_EINVAL);
    ask(&b, "write", "{}", TT_EUNSUPPORTED);
    CU_ASSERT_TRUE(says(b.e.message, "no such method: write"));
    CU_ASSERT_PTR_NULL(b.adapter->get_extension("trimtab.other/1"));
    bench_close(&b);
}

static CU_TestInfo tests[] = {
    { "the doctor tries one case", the_doctor_tries_one_case },
    { "a 202 is a job at its Location", a_202_is_a_job_at_its_location },
    { "a Location elsewhere is not asked", a_location_elsewhere_is_not_asked },
    { "the status URL may stand in the body",
      the_status_url_may_stand_in_the_body },
    { "a job is polled ever slower, and as it wants",
      a_job_is_polled_ever_slower_and_as_it_wants },
    { "a job that is done is read", a_job_that_is_done_is_read },
    { "a 303 leads to the result", a_303_leads_to_the_result },
    { "a job that failed says why", a_job_that_failed_says_why },
    { "a job outlives an endpoint that is away",
      a_job_outlives_an_endpoint_that_is_away },
    { "cases that are no ids are not known",
      cases_that_are_no_ids_are_not_known },
    { "a handle that is not ours is lost", a_handle_that_is_not_ours_is_lost },
    { "jobs of a label are found again", jobs_of_a_label_are_found_again },
    { "without ids a found job is read in order",
      without_ids_a_found_job_is_read_in_order },
    { "a lookup that fails says so", a_lookup_that_fails_says_so },
    { "a job is given up where that is known",
      a_job_is_given_up_where_that_is_known },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("plugin_http_jobs", tests);
}
