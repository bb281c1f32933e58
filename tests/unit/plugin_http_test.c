/* SPDX-License-Identifier: MIT
 *
 * plugin_http_test.c - the adapter `http`: what is sent, and what an answer
 * that comes at once is taken for. */
#include "tests/unit/http_plugin_mock.h"

#define URL "'url':'http://scorer.test:8080/v1/evaluate'"
#define PLAIN "{" URL "}"

/* --- what is sent --------------------------------------------------------- */

static void the_plain_protocol_needs_a_url_alone(void)
{
    struct bench b;

    CU_ASSERT_TRUE(bench_open(&b, PLAIN));
    answer(200, "{'cases':[{'id':'q2','score':0.25},{'id':'q1','score':1,"
                "'feedback':'good'}],'cost':0.5}");
    CU_ASSERT_EQUAL(bench_submit(&b, 1, 2), 0);
    CU_ASSERT_EQUAL(b.seen[0].state, TT_SUCCEEDED);
    CU_ASSERT_STRING_EQUAL(b.seen[0].id, "r1/7");
    CU_ASSERT_STRING_EQUAL(wire.method, "POST");
    CU_ASSERT_STRING_EQUAL(wire.url, "http://scorer.test:8080/v1/evaluate");
    CU_ASSERT_TRUE(says(wire.headers, "Content-Type: application/json"));
    CU_ASSERT_EQUAL(wire.flags, 0);
    CU_ASSERT_EQUAL(wire.timeout_ms, 30000);
    CU_ASSERT_STRING_EQUAL(sent("/label"), "\"trimtab:r1:1\"");
    CU_ASSERT_STRING_EQUAL(sent("/evaluation"), "\"r1/7\"");
    CU_ASSERT_STRING_EQUAL(sent("/candidate"), "5");
    CU_ASSERT_STRING_EQUAL(sent("/cases/0"), "{\"id\":\"q1\",\"question\":"
                           "\"why?\",\"expected\":\"so\"}");
    CU_ASSERT_STRING_EQUAL(
        output(&b, "/node_results/score/per_query"),
        "{\"q2\":{\"score\":0.25},\"q1\":{\"score\":1.0}}");
    CU_ASSERT_STRING_EQUAL(output(&b, "/node_results/score/metrics/score"),
                           "0.625");
    CU_ASSERT_STRING_EQUAL(output(&b, "/node_results/feedback/verdicts"),
                           "[{\"id\":\"q1\",\"flags\":[\"good\"]}]");
    CU_ASSERT_DOUBLE_EQUAL(b.seen[0].cost, 0.5, 0);
    bench_close(&b);
}

static void values_keep_their_types(void)
{
    struct bench b;

    CU_ASSERT_TRUE(bench_open(
        &b, "{" URL ",'body':{'p':'{{parameters}}','t':'{{parameters.answer."
            "temperature}}','n':'{{parameters.judge}}','off':'{{parameters."
            "judge.deep}}','list':[1,true,null,'{{repeat}}','{{run}}'],"
            "'items':'{{cases}}'},'case':['{{case.id}}',{'q':'{{case.question}"
            "}','x':'{{case.expected}}'}]}"));
    b.prompt = "\"},\"cases\":[] {{label}} ${secret:scorer} \xe2\x82\xac";
    answer(200, "{'cases':{'q1':{'score':1},'q2':{'score':0},"
                "'2':{'score':0}}}");
    CU_ASSERT_EQUAL(bench_submit(&b, 1, 3), 0);
    CU_ASSERT_EQUAL(b.seen[0].state, TT_SUCCEEDED);
    CU_ASSERT_STRING_EQUAL(sent("/p/answer"), "{\"temperature\":0.3,\"top_k\":"
                           "40,\"rerank\":true,\"model\":\"large\"}");
    CU_ASSERT_STRING_EQUAL(sent("/t"), "0.3");
    CU_ASSERT_STRING_EQUAL(sent("/n/size"), "16");
    CU_ASSERT_STRING_EQUAL(sent("/n/prompt"), "\"\\\"},\\\"cases\\\":[] "
                           "{{label}} ${secret:scorer} \xe2\x82\xac\"");
    CU_ASSERT_STRING_EQUAL(sent("/off"), "null");
    CU_ASSERT_STRING_EQUAL(sent("/n/deep"), "(missing)");
    CU_ASSERT_STRING_EQUAL(sent("/list"), "[1,true,null,2,\"r1\"]");
    CU_ASSERT_STRING_EQUAL(sent("/items/0"),
                           "[\"q1\",{\"q\":\"why?\",\"x\":\"so\"}]");
    CU_ASSERT_STRING_EQUAL(sent("/items/1/1/x"), "null");
    CU_ASSERT_STRING_EQUAL(sent("/items/2/0"), "\"2\"");
    bench_close(&b);
}

static void one_case_may_stand_in_the_body_itself(void)
{
    struct bench b;

    CU_ASSERT_TRUE(bench_open(&b, "{" URL ",'body':{'q':'{{case.question}}',"
                                  "'all':'{{case}}'},'answer':{'metrics':"
                                  "{'score':'/value'},'feedback':'/why'}}"));
    answer(200, "{'value':0.5,'why':['a','b']}");
    CU_ASSERT_EQUAL(bench_submit(&b, 1, 1), 0);
    CU_ASSERT_STRING_EQUAL(sent("/q"), "\"why?\"");
    CU_ASSERT_STRING_EQUAL(sent("/all/expected"), "\"so\"");
    CU_ASSERT_EQUAL(b.seen[0].state, TT_SUCCEEDED);
    CU_ASSERT_STRING_EQUAL(output(&b, "/node_results/score/metrics/score"),
                           "0.5");
    CU_ASSERT_STRING_EQUAL(output(&b, "/node_results/score/per_query/q1/score"),
                           "0.5");
    CU_ASSERT_STRING_EQUAL(output(&b, "/node_results/feedback/verdicts/1"),
                           "{\"id\":\"q1\",\"flags\":[\"b\"]}");
    CU_ASSERT_EQUAL(bench_submit(&b, 1, 2), 0);
    CU_ASSERT_EQUAL(b.seen[0].state, TT_REFUSED);
    CU_ASSERT_TRUE(says(b.seen[0].message, "set cases_per_run to 1"));
    CU_ASSERT_EQUAL(wire.n_requests, 1);
    bench_close(&b);
}

static void headers_and_url_hold_what_the_host_made(void)
{
    struct bench b;

    CU_ASSERT_TRUE(bench_open(
        &b, "{'url':'http://scorer.test/e/{{evaluation}}?c={{candidate}}',"
            "'method':'PUT','timeout_seconds':2.5,'idempotency_header':"
            "'Idempotency-Key','headers':{'Authorization':'Bearer ${secret:s}',"
            "'X-Label':'{{label}} of {{run}}'}}"));
    answer(200, "{'cases':[{'id':'q1','score':1}]}");
    CU_ASSERT_EQUAL(bench_submit(&b, 1, 1), 0);
    CU_ASSERT_STRING_EQUAL(wire.method, "PUT");
    CU_ASSERT_STRING_EQUAL(wire.url, "http://scorer.test/e/r1%2F7?c=5");
    CU_ASSERT_STRING_EQUAL(wire.headers,
                           "Authorization: Bearer ${secret:s}\n"
                           "X-Label: trimtab:r1:1 of r1\n"
                           "Content-Type: application/json\n"
                           "Idempotency-Key: r1/7\n");
    CU_ASSERT_EQUAL(wire.flags, TT_HTTP_IDEMPOTENT);
    CU_ASSERT_EQUAL(wire.timeout_ms, 2500);
    bench_close(&b);
}

static void what_cannot_be_configured_is_named(void)
{
    static const struct {
        const char *config, *says;
    } rows[] = {
        { "{'url':''}", "url: must be the endpoint's absolute URL" },
        { "{'url':'ftp://x/'}", "url: must be" },
        { "{'url':'http://a b/'}", "url: must be" },
        { "{'url':'http://${secret:x}/'}", "whose host stands there in full" },
        { "{'url':'http://u:p@h/'}", "without user and password" },
        { "{'url':'http://h/{{parameters.answer.model}}'}", "{{label}}" },
        { "{'url':'http://h/{{label'}", "{{label}}" },
        { "{" URL ",'headers':{'A':'{{parameters.judge.prompt}}'}}",
          "in a URL or a header may stand" },
        { "{" URL ",'headers':{'A':'a\\r\\nB: c'}}", "one line" },
        { "{" URL ",'headers':{'A:':'a'}}", "one line" },
        { "{" URL ",'idempotency_header':'a b'}", "a header's name" },
        { "{" URL ",'body':{'x':'{{nothing}}'}}", "{{nothing}}: unknown" },
        { "{" URL ",'body':{'x':'is {{label}}'}}", "stands alone" },
        { "{" URL ",'body':['{{label}}{{run}}']}", "stands alone" },
        { "{" URL ",'body':{'x':'{{parameters.answer.tmp}}'}}",
          "there is no such parameter" },
        { "{" URL ",'case':{'x':'{{cases}}'}}", "config: case: {{cases}}" },
        { "{" URL ",'answer':{}}", "told where a score stands" },
        { "{" URL ",'answer':{'metrics':{}}}", "told where a score stands" },
        { "{" URL ",'answer':{'metrics':{'a.b':'/x'}}}", "letters, digits" },
        { "{" URL ",'answer':{'metrics':{'a':'x'}}}", "JSON Pointers" },
        { "{" URL ",'answer':{'metrics':{'a':'/x~2'}}}", "JSON Pointers" },
        { "{" URL ",'answer':{'cases':{'metrics':{'a':'/a'}}}}",
          "answer.cases.at" },
        { "{" URL ",'answer':{'cost':'cost','metrics':{'a':''}}}",
          "answer.cost: must be a JSON Pointer" },
        { "{" URL ",'job':{'result':'r'}}", "job.result: must be" },
        { "{" URL ",'lookup':{'url':'http://other.test/','evaluation':'/e'}}",
          "lookup.url: must be a URL of the same scheme, host and port" },
        { "{" URL ",'abandon':{'url':'http://scorer.test:80801/x'}}",
          "abandon.url: must be" },
        { "[]", "must be an object" },
    };
    struct bench b;
    size_t i;

    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        CU_ASSERT_EQUAL(bench_setup(&b, rows[i].config), TT_EINVAL);
        CU_ASSERT_TRUE(says(b.e.message, rows[i].says));
        CU_ASSERT_EQUAL(b.adapter->open(&b.host, &b.setup, &b.self, &b.e),
                        TT_EINVAL);
        CU_ASSERT_PTR_NULL(b.self);
        bench_close(&b);
    }
}

static void a_host_without_http_is_refused(void)
{
    struct bench b;

    CU_ASSERT_EQUAL(bench_setup(&b, PLAIN), 0);
    b.host.get_service = tt_mock_service;
    CU_ASSERT_EQUAL(b.adapter->open(&b.host, &b.setup, &b.self, &b.e),
                    TT_EUNSUPPORTED);
    bench_close(&b);
}

/* --- what is wrong with one case ------------------------------------------ */

static void a_flaw_costs_its_case_alone(void)
{
    static const struct {
        const char *element, *says;
    } rows[] = {
        { "{'id':'q2','score':'high'}", "case q2: score: \\\"/score\\\" is "
          "\\\"high\\\", not a finite number" },
        { "{'id':'q2','score':null}", "is null, not a finite" },
        { "{'id':'q2','score':NaN}", "is NaN, not a finite" },
        { "{'id':'q2','score':Infinity}", "is Infinity, not a finite" },
        { "{'id':'q2','score':1e999}", "not a finite" },
        { "{'id':'q2','score':[1]}", "is [1], not a finite" },
        { "{'id':'q2','points':1}", "\\\"/score\\\" is missing in an object "
          "with id, points" },
        { "{'id':'q2','score':1,'error':'no model'}",
          "case q2: the endpoint says: no model" },
        { "{'id':'qx','score':1}",
          "names a case \\\"qx\\\" that was not sent" },
        { "{'id':'q1','score':0}", "case q1: answered twice" },
        { "{'score':1}", "answer.cases.id: \\\"/id\\\" is missing in element 1 "
          "of \\\"/cases\\\", which is an object with score" },
        { "7", "is missing in element 1 of \\\"/cases\\\", which is 7" },
    };
    char text[300];
    struct bench b;
    size_t i;

    CU_ASSERT_TRUE(bench_open(&b, PLAIN));
    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        wire_forget();
        snprintf(text, sizeof text, "{'cases':[{'id':'q1','score':0.5},%s]}",
                 rows[i].element);
        answer(200, text);
        CU_ASSERT_EQUAL(bench_submit(&b, 1, 2), 0);
        CU_ASSERT_EQUAL(b.seen[0].state, TT_SUCCEEDED);
        CU_ASSERT_STRING_EQUAL(
            output(&b, "/node_results/score/per_query/q1/score"), "0.5");
        CU_ASSERT_STRING_EQUAL(
            output(&b, "/node_results/score/metrics/score"), "0.5");
        CU_ASSERT_TRUE(says(b.seen[0].evidence, rows[i].says));
        CU_ASSERT_TRUE(says(output(&b, "/node_results/feedback/verdicts"),
                            "\"q2\""));
    }
    bench_close(&b);
}

static void what_concerns_all_costs_the_evaluation(void)
{
    static const struct {
        const char *body, *says;
    } rows[] = {
        { "", "the answer is no JSON" },
        { "<html>", "the answer is no JSON: <html>" },
        { "{'cases':[]} x", "no JSON" },
        { "{'cases':[{'id':'q1','score':1}]", "no JSON" },
        { "'\xff'", "no JSON" },
        { "'\xed\xa0\x80'", "the answer is \"???\"" },
        { "{'items':[],'n':1}", "answer.cases.at: \"/cases\" is missing; the "
          "answer is an object with items, n" },
        { "[]", "is missing; the answer is []" },
        { "null", "no JSON" },
        { "{'cases':3}", "\"/cases\" is 3: it must be an array" },
        { "{'cases':[]}", "case q1: the answer has no value for it" },
        { "{'cases':[{'id':'q1','score':NaN},{'id':'q2'}]}",
          "case q1: score: \"/score\" is NaN" },
        { "{'error':'out of credits','cases':[{'id':'q1','score':1}]}",
          "the endpoint says: out of credits" },
        { "{'error':{'code':7}}", "the endpoint says: {\"code\":7}" },
    };
    struct bench b;
    size_t i;

    CU_ASSERT_TRUE(bench_open(&b, PLAIN));
    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        wire_forget();
        answer(200, rows[i].body);
        answer(200, "{'cases':{'q1':{'score':1},'q2':{'score':true}}}");
        CU_ASSERT_EQUAL(bench_submit(&b, 2, 2), 0);
        CU_ASSERT_EQUAL(b.n, 2);
        CU_ASSERT_EQUAL(b.seen[0].state, TT_ERROR);
        CU_ASSERT_TRUE(says(b.seen[0].message, rows[i].says));
        CU_ASSERT_EQUAL(b.seen[1].state, TT_SUCCEEDED);
    }
    bench_close(&b);
}

static void without_ids_the_count_must_fit(void)
{
    struct bench b;

    CU_ASSERT_TRUE(bench_open(&b, "{" URL ",'answer':{'cases':{'at':'/s',"
                                  "'metrics':{'score':''}},'metrics':{'mrr':"
                                  "'/mrr'}}}"));
    answer(200, "{'s':[0,0.5,1],'mrr':0.75}");
    CU_ASSERT_EQUAL(bench_submit(&b, 1, 3), 0);
    CU_ASSERT_STRING_EQUAL(output(&b, "/node_results/score/per_query"),
                           "{\"q1\":{\"score\":0.0},\"q2\":{\"score\":0.5},"
                           "\"2\":{\"score\":1.0}}");
    CU_ASSERT_STRING_EQUAL(output(&b, "/node_results/mrr/metrics/mrr"),
                           "0.75");
    wire_forget();
    answer(200, "{'s':[0,0.5],'mrr':0.75}");
    CU_ASSERT_EQUAL(bench_submit(&b, 1, 3), 0);
    CU_ASSERT_EQUAL(b.seen[0].state, TT_ERROR); /* though mrr is there */
    CU_ASSERT_TRUE(says(b.seen[0].message, "\"/s\" has 2 values for the 3 "
                        "cases that were sent"));
    bench_close(&b);
}

static void counts_that_cannot_be_are_left_out(void)
{
    struct bench b;

    CU_ASSERT_TRUE(bench_open(&b, "{" URL ",'answer':{'metrics':{'a':'/a',"
                                  "'b':'/b'},'cost':'/cost','tokens_in':'/t/0'"
                                  ",'tokens_out':'/t/1'}}"));
    answer(200, "{'a':1,'b':'x','cost':-1,'t':[12,NaN]}");
    CU_ASSERT_EQUAL(bench_submit(&b, 1, 1), 0);
    CU_ASSERT_EQUAL(b.seen[0].state, TT_SUCCEEDED);
    CU_ASSERT_DOUBLE_EQUAL(b.seen[0].cost, 0, 0);
    CU_ASSERT_EQUAL(b.seen[0].tokens_in, 12);
    CU_ASSERT_EQUAL(b.seen[0].tokens_out, 0);
    CU_ASSERT_TRUE(says(b.seen[0].evidence, "\\\"/cost\\\" is out of range"));
    CU_ASSERT_TRUE(says(b.seen[0].evidence, "answer.metrics.b: \\\"/b\\\" is "
                        "\\\"x\\\", not a finite number"));
    CU_ASSERT_STRING_EQUAL(output(&b, "/node_results/b"), "(missing)");
    bench_close(&b);
}

/* --- statuses ------------------------------------------------------------- */

static void a_refusal_names_the_case_and_the_mend(void)
{
    static const struct {
        unsigned status;
        const char *body, *says;
    } rows[] = {
        { 422, "{'detail':'question is empty'}", "422 on case q1: question is "
          "empty; mend the case, or the template" },
        { 400, "{'error':{'message':'bad'}}", "400 on case q1: bad" },
        { 403, "{'title':'no'}", "403 on case q1: no" },
        { 404, "not here", "not here; check url and method" },
        { 405, "", "405 on case q1; check url and method" },
        { 413, "", "set evaluation.cases_per_run lower" },
        { 301, "", "redirects are not followed" },
    };
    struct bench b;
    size_t i;

    CU_ASSERT_TRUE(bench_open(&b, PLAIN));
    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        wire_forget();
        answer(rows[i].status, rows[i].body);
        answer(200, "{'cases':{'q1':{'score':1}}}");
        CU_ASSERT_EQUAL(bench_submit(&b, 2, 1), 0);
        CU_ASSERT_EQUAL(b.seen[0].state, TT_ERROR);
        CU_ASSERT_TRUE(says(b.seen[0].message, rows[i].says));
        CU_ASSERT_EQUAL(b.seen[1].state, TT_SUCCEEDED);
    }
    wire_forget();
    answer(401, "{'detail':'who are you?'}");
    CU_ASSERT_EQUAL(bench_submit(&b, 2, 1), TT_EAUTH);
    CU_ASSERT_TRUE(says(b.e.message, "who are you?; give a key"));
    bench_close(&b);
}

static void several_cases_that_are_refused_go_one_by_one(void)
{
    struct bench b;

    CU_ASSERT_TRUE(bench_open(&b, PLAIN));
    answer(422, "{'detail':'one of them'}");
    answer(200, "{'cases':{'q1':{'score':1}},'cost':1}");
    answer(422, "{'detail':'q2 has no answer'}");
    answer(200, "{'cases':[{'id':'2','score':0}],'cost':1}");
    CU_ASSERT_EQUAL(bench_submit(&b, 1, 3), 0);
    CU_ASSERT_EQUAL(wire.n_requests, 4);
    CU_ASSERT_EQUAL(b.n, 1);
    CU_ASSERT_EQUAL(b.seen[0].state, TT_SUCCEEDED);
    CU_ASSERT_STRING_EQUAL(output(&b, "/node_results/score/per_query"),
                           "{\"q1\":{\"score\":1.0},\"2\":{\"score\":0.0}}");
    CU_ASSERT_TRUE(says(b.seen[0].message, "case q2: 422: q2 has no answer; "
                        "mend the case"));
    CU_ASSERT_DOUBLE_EQUAL(b.seen[0].cost, 2, 0);
    /* away in the middle: all of it again, later */
    wire_forget();
    answer(400, "");
    answer(200, "{'cases':{'q1':{'score':1}}}");
    answer(500, "");
    CU_ASSERT_EQUAL(bench_submit(&b, 1, 3), 0);
    CU_ASSERT_EQUAL(b.seen[0].state, TT_LOST);
    CU_ASSERT_EQUAL(wire.n_requests, 3);
    bench_close(&b);
}

static void an_endpoint_that_is_busy_gets_its_pause(void)
{
    static const unsigned busy_ones[] = { 429, 503 };
    struct bench b;
    size_t i;

    CU_ASSERT_TRUE(bench_open(&b, PLAIN));
    for (i = 0; i < 2; i++) {
        wire_forget();
        answer(busy_ones[i], "")->retry_after_ms = 7000;
        CU_ASSERT_EQUAL(bench_submit(&b, 3, 1), 0);
        CU_ASSERT_EQUAL(b.n, 3);
        CU_ASSERT_EQUAL(b.seen[0].state, TT_LATER);
        CU_ASSERT_EQUAL(b.seen[2].state, TT_LATER);
        CU_ASSERT_EQUAL(b.seen[2].after_ms, 7000);
        CU_ASSERT_EQUAL(wire.n_requests, 1);
    }
    wire_forget();
    no_answer(TT_ETRANSIENT);
    CU_ASSERT_EQUAL(bench_submit(&b, 2, 1), 0);
    CU_ASSERT_EQUAL(b.seen[1].state, TT_LATER);
    CU_ASSERT_EQUAL(b.seen[1].after_ms, RETRY_MS);
    CU_ASSERT_TRUE(says(b.seen[1].message, "the mock says so"));
    bench_close(&b);
}

static void a_500_loses_one_evaluation(void)
{
    static const unsigned rows[] = { 500, 502, 504, 408 };
    struct bench b;
    size_t i;

    CU_ASSERT_TRUE(bench_open(&b, PLAIN));
    for (i = 0; i < 4; i++) {
        wire_forget();
        answer(rows[i], "{'detail':'oops'}");
        answer(200, "{'cases':{'q1':{'score':1}}}");
        CU_ASSERT_EQUAL(bench_submit(&b, 2, 1), 0);
        CU_ASSERT_EQUAL(b.seen[0].state, TT_LOST);
        CU_ASSERT_EQUAL(b.seen[0].after_ms, RETRY_MS);
        CU_ASSERT_TRUE(says(b.seen[0].message, "oops"));
        CU_ASSERT_EQUAL(b.seen[1].state, TT_SUCCEEDED);
    }
    bench_close(&b);
}

static void no_answer_is_lost_or_looked_up(void)
{
    struct bench b;

    CU_ASSERT_TRUE(bench_open(&b, PLAIN));
    no_answer(TT_ETIMEOUT);
    answer(200, "{'cases':{'q1':{'score':1}}}");
    CU_ASSERT_EQUAL(bench_submit(&b, 2, 1), 0);
    CU_ASSERT_EQUAL(b.seen[0].state, TT_LOST);
    CU_ASSERT_EQUAL(b.seen[1].state, TT_SUCCEEDED);
    CU_ASSERT_EQUAL(bench_find(&b), 0); /* nothing can be asked */
    CU_ASSERT_EQUAL(b.n, 0);
    wire_forget();
    no_answer(TT_ETOOBIG);
    CU_ASSERT_EQUAL(bench_submit(&b, 1, 1), 0);
    CU_ASSERT_EQUAL(b.seen[0].state, TT_ERROR);
    wire_forget();
    no_answer(TT_EPERM); /* not on the allow list: no repeat will mend it */
    CU_ASSERT_EQUAL(bench_submit(&b, 2, 1), TT_EPERM);
    CU_ASSERT_TRUE(says(b.e.message, "POST http://scorer.test:8080"));
    bench_close(&b);
    CU_ASSERT_TRUE(bench_open(&b, "{" URL ",'lookup':{'url':'http://scorer."
                                  "test:8080/l?q={{label}}','evaluation':"
                                  "'/e'}}"));
    no_answer(TT_ETIMEOUT);
    CU_ASSERT_EQUAL(bench_submit(&b, 2, 1), TT_ETIMEOUT);
    bench_close(&b);
}

static CU_TestInfo tests[] = {
    { "the plain protocol needs a url alone",
      the_plain_protocol_needs_a_url_alone },
    { "values keep their types", values_keep_their_types },
    { "one case may stand in the body itself",
      one_case_may_stand_in_the_body_itself },
    { "headers and url hold what the host made",
      headers_and_url_hold_what_the_host_made },
    { "what cannot be configured is named",
      what_cannot_be_configured_is_named },
    { "a host without http is refused", a_host_without_http_is_refused },
    { "a flaw costs its case alone", a_flaw_costs_its_case_alone },
    { "what concerns all costs the evaluation",
      what_concerns_all_costs_the_evaluation },
    { "without ids the count must fit", without_ids_the_count_must_fit },
    { "counts that cannot be are left out",
      counts_that_cannot_be_are_left_out },
    { "a refusal names the case and the mend",
      a_refusal_names_the_case_and_the_mend },
    { "several cases that are refused go one by one",
      several_cases_that_are_refused_go_one_by_one },
    { "an endpoint that is busy gets its pause",
      an_endpoint_that_is_busy_gets_its_pause },
    { "a 500 loses one evaluation", a_500_loses_one_evaluation },
    { "no answer is lost or looked up", no_answer_is_lost_or_looked_up },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("plugin_http", tests);
}
