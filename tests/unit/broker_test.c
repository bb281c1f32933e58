/* SPDX-License-Identifier: MIT
 *
 * broker_test.c - the broker against a server that misbehaves. */
#include "config.h"

#include "core/base/clock.h"
#include "core/base/fs.h"
#include "core/base/mem.h"
#include "core/broker/broker.h"
#include "tests/unit/broker_server.h"
#include "tests/unit/tap.h"

#define CANARY "canary/5ecret"

/* What the last call was recorded as; written on the broker's thread, read
 * behind a call that has ended. */
static struct {
    struct broker_record record;
    char method[16], url[200], label[32];
    int n;
    bool leaked;
} seen;

static void remember(void *ctx, const struct broker_record *r)
{
    (void)ctx;
    seen.record = *r;
    snprintf(seen.method, sizeof seen.method, "%s", r->method);
    snprintf(seen.url, sizeof seen.url, "%s", r->url);
    snprintf(seen.label, sizeof seen.label, "%s", r->label);
    seen.n++;
    seen.leaked = seen.leaked || strstr(r->url, "canary") != NULL;
}

static struct broker *broker;
static char origin[64];
static char secret_file[] = "broker_test.XXXXXX";

static struct broker *make(unsigned per_host, unsigned attempts)
{
    const char *allow[] = { origin, "http://localhost:1", NULL };
    struct broker_secret secrets[] = {
        { .name = "token", .file = secret_file },
        { .name = "key", .environment = "TT_TEST_KEY" },
        { .name = "lines", .environment = "TT_TEST_LINES" },
        { .name = "unset", .environment = "TT_TEST_UNSET" },
        { .name = "elsewhere", .environment = "TT_TEST_KEY",
          .origin = "http://localhost:1" },
    };
    struct broker_options o = {
        .allow = allow, .secrets = secrets, .n_secrets = TT_ARRAY_LEN(secrets),
        .max_per_host = per_host, .max_total = 100, .max_attempts = attempts,
        .timeout_ms = 20000, .connect_ms = 2000, .record = remember,
        .user_agent = "trimtab/test",
    };
    struct err e = { 0 };
    struct broker *b = broker_create(&o, &e);

    if (b == NULL)
        printf("# %s\n", e.text);
    return b;
}

static void begin(void)
{
    server_reset();
    memset(&seen, 0, sizeof seen);
    broker = make(8, 3);
}

static void end(void)
{
    CU_ASSERT_FALSE(seen.leaked);
    broker_destroy(broker);
}

static struct broker_request request(const char *method, const char *url)
{
    struct broker_request r = { .label = "test" };

    r.http.size = sizeof r.http;
    r.http.method = tt_str_of(method);
    r.http.url = tt_str_of(url);
    return r;
}

static struct broker_answer last;
static struct buf body;

static int run(struct broker_request r)
{
    int code;

    buf_reset(&body);
    code = broker_fetch_wait(broker, &r, &last, &body);
    CU_ASSERT_PTR_NULL(strstr(last.text, "canary"));
    return code;
}

/* A call of our server; flags as in TT_HTTP_*. */
static int call(const char *method, const char *path, const char *text,
                uint32_t flags, uint64_t timeout_ms)
{
    char url[200];
    struct broker_request r;

    snprintf(url, sizeof url, "%s%s", origin, path);
    r = request(method, url);
    r.http.flags = flags;
    r.http.body = tt_str_of(text);
    r.http.timeout_ms = timeout_ms;
    r.http.max_body_bytes = 1000;
    return run(r);
}

static bool body_is(const char *text)
{
    return tt_str_equal(buf_str(&body), tt_str_of(text));
}

/* --- the good days ------------------------------------------------------------- */

static void an_answer_comes_back_whole(void)
{
    begin();
    CU_ASSERT_EQUAL(call("GET", "/ok?private=1", NULL, 0, 0), 0);
    CU_ASSERT_EQUAL(last.status, 200);
    CU_ASSERT(body_is("hello"));
    CU_ASSERT(tt_str_equal(last.body, tt_str_of("hello")));
    CU_ASSERT_STRING_EQUAL(seen.label, "test");
    CU_ASSERT_STRING_EQUAL(seen.method, "GET");
    CU_ASSERT_STRING_EQUAL(strrchr(seen.url, '/'), "/ok");
    CU_ASSERT_EQUAL(seen.record.status, 200);
    CU_ASSERT_EQUAL(seen.record.attempts, 1);
    CU_ASSERT(seen.record.sent_bytes > 20 && seen.record.received_bytes > 20);
    CU_ASSERT_EQUAL(call("HEAD", "/ok", NULL, 0, 0), 0);
    CU_ASSERT_EQUAL(body.len, 0);
    CU_ASSERT_EQUAL(call("GET", "/error", NULL, 0, 0), 0);
    CU_ASSERT_EQUAL(last.status, 500);
    CU_ASSERT_EQUAL(server_hits("/error"), 1);
    end();
}

static void methods_and_bodies_arrive_as_given(void)
{
    static const char *const methods[] = { "POST", "PUT", "PATCH", "DELETE" };
    char line[40];
    size_t i;

    begin();
    for (i = 0; i < TT_ARRAY_LEN(methods); i++) {
        CU_ASSERT_EQUAL(call(methods[i], "/echo", "{\"a\":1}", 0, 0), 0);
        snprintf(line, sizeof line, "%s /echo HTTP/1.1\r\n", methods[i]);
        CU_ASSERT_EQUAL(strncmp(body.data, line, strlen(line)), 0);
        CU_ASSERT_PTR_NOT_NULL(strstr(body.data, "\r\n{\"a\":1}"));
        CU_ASSERT_PTR_NOT_NULL(strstr(body.data, "User-Agent: trimtab/test"));
        CU_ASSERT_PTR_NULL(strstr(body.data, "Expect"));
        CU_ASSERT_PTR_NULL(strstr(body.data, "urlencoded"));
    }
    CU_ASSERT_EQUAL(call("POST", "/echo", "", 0, 0), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(body.data, "Content-Length: 0\r\n"));
    CU_ASSERT_EQUAL(call("DELETE", "/echo", "", 0, 0), 0);
    end();
}

static void connections_are_reused(void)
{
    struct broker_stats stats;
    int i;

    begin();
    for (i = 0; i < 20; i++)
        CU_ASSERT_EQUAL(call(i % 2 ? "GET" : "POST", "/ok", i % 2 ? "" : "x",
                             0, 0), 0);
    broker_stats(broker, &stats);
    CU_ASSERT_EQUAL(stats.connections, 1);
    CU_ASSERT_EQUAL(stats.requests, 20);
    CU_ASSERT_EQUAL(stats.retries, 0);
    end();
}

/* --- the bad ones ------------------------------------------------------------------ */

static void a_broken_answer_ends_in_time_and_unsure(void)
{
    static const char *const paths[] = {
        "/rst", "/rst-early", "/fin", "/fin-early", "/bad-length", "/bad-chunk",
        "/http09", "/headers", "/one-header", "/continue",
    };
    size_t i;

    begin();
    for (i = 0; i < TT_ARRAY_LEN(paths); i++) {
        CU_ASSERT_EQUAL(call("POST", paths[i], "once", 0, 0), TT_ETIMEOUT);
        CU_ASSERT_EQUAL(strncmp(last.text, origin, strlen(origin)), 0);
        /* It may have been carried out: never sent twice. */
        CU_ASSERT_EQUAL(server_hits(paths[i]), 1);
        CU_ASSERT_EQUAL(body.len, 0);
        if (last.code != TT_ETIMEOUT || server_hits(paths[i]) != 1)
            printf("# %s: %d, %d hits, %s\n", paths[i], last.code,
                   server_hits(paths[i]), last.text);
    }
    end();
}

static void endless_headers_are_cut(void)
{
    static const char *const paths[] = { "/headers", "/continue" };
    size_t i;

    begin();
    for (i = 0; i < TT_ARRAY_LEN(paths); i++) {
        CU_ASSERT_EQUAL(call("GET", paths[i], NULL, 0, 0), TT_ETIMEOUT);
        CU_ASSERT_PTR_NOT_NULL(strstr(last.text, "headers of more than"));
        CU_ASSERT_EQUAL(server_hits(paths[i]), 1); /* nor asked for again */
        CU_ASSERT(seen.record.received_bytes < 1 << 20);
    }
    end();
}

static void the_deadline_ends_a_silent_and_a_dripping_server(void)
{
    begin();
    CU_ASSERT_EQUAL(call("GET", "/hang", NULL, 0, 100), TT_ETIMEOUT);
    CU_ASSERT_EQUAL(call("POST", "/drip", "x", 0, 100), TT_ETIMEOUT);
    CU_ASSERT_EQUAL(server_hits("/hang"), 1);
    CU_ASSERT_EQUAL(seen.record.code, TT_ETIMEOUT);
    end();
}

static void the_body_cap_holds_while_receiving(void)
{
    begin();
    CU_ASSERT_EQUAL(call("GET", "/endless", NULL, 0, 0), TT_ETOOBIG);
    CU_ASSERT_EQUAL(server_hits("/endless"), 1);
    CU_ASSERT(seen.record.received_bytes < 1 << 20);
    CU_ASSERT_PTR_NOT_NULL(strstr(last.text, "1000 bytes"));
    CU_ASSERT_EQUAL(call("GET", "/announced", NULL, 0, 0), TT_ETOOBIG);
    CU_ASSERT_EQUAL(call("GET", "/short-length", NULL, 0, 0), 0);
    CU_ASSERT(body_is("mor"));
    end();
}

static void a_redirect_is_not_followed(void)
{
    begin();
    CU_ASSERT_EQUAL(call("GET", "/redirect", NULL, 0, 0), 0);
    CU_ASSERT_EQUAL(last.status, 302);
    CU_ASSERT_EQUAL(server_hits("/landed"), 0);
    end();
}

/* --- repeats -------------------------------------------------------------------------- */

static void a_repeat_is_made_where_it_is_safe(void)
{
    struct broker_stats stats;

    begin();
    CU_ASSERT_EQUAL(call("GET", "/flaky", NULL, 0, 0), 0);
    CU_ASSERT_EQUAL(last.status, 200);
    CU_ASSERT_EQUAL(seen.record.attempts, 3);
    CU_ASSERT_EQUAL(seen.n, 1); /* one record for one request */
    CU_ASSERT_EQUAL(call("GET", "/rst-early", NULL, 0, 0), TT_ETIMEOUT);
    CU_ASSERT_EQUAL(seen.record.attempts, 3);
    CU_ASSERT_EQUAL(call("PUT", "/down", "x", TT_HTTP_IDEMPOTENT, 0), 0);
    CU_ASSERT_EQUAL(last.status, 502);
    CU_ASSERT_EQUAL(server_hits("/down"), 3);
    broker_stats(broker, &stats);
    CU_ASSERT_EQUAL(stats.retries, 6);
    end();
}

static void no_repeat_is_made_where_it_is_not(void)
{
    begin();
    CU_ASSERT_EQUAL(call("PUT", "/down", "x", 0, 0), 0);
    CU_ASSERT_EQUAL(call("POST", "/down", "x", 0, 0), 0);
    CU_ASSERT_EQUAL(last.status, 502);
    CU_ASSERT_EQUAL(server_hits("/down"), 2);
    end();
}

static void what_was_never_sent_is_tried_again(void)
{
    struct broker_request r = request("POST", "http://localhost:1/x");

    begin();
    r.http.body = tt_str_of("x");
    CU_ASSERT_EQUAL(run(r), TT_ETRANSIENT);
    CU_ASSERT_EQUAL(seen.record.attempts, 3);
    CU_ASSERT_EQUAL(seen.record.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(last.text, "http://localhost:1"));
    end();
}

/* A kept connection that the server closes when the next request arrives:
 * libcurl would send it again on its own. */
static void a_stale_connection_does_not_send_twice(void)
{
    begin();
    CU_ASSERT_EQUAL(call("GET", "/stale", NULL, 0, 0), 0);
    CU_ASSERT_EQUAL(call("POST", "/ok", "once", 0, 0), TT_ETIMEOUT);
    CU_ASSERT_EQUAL(server_hits("/stale-again"), 1);
    CU_ASSERT_EQUAL(server_hits("/ok"), 0);
    CU_ASSERT_EQUAL(call("GET", "/stale", NULL, 0, 0), 0);
    CU_ASSERT_EQUAL(call("DELETE", "/ok", "", 0, 0), 0); /* a fresh one */
    CU_ASSERT_EQUAL(server_hits("/stale-again"), 1);
    CU_ASSERT_EQUAL(server_hits("/ok"), 1);
    end();
    begin();
    CU_ASSERT_EQUAL(call("GET", "/stale", NULL, 0, 0), 0);
    CU_ASSERT_EQUAL(call("POST", "/ok", "twice is fine", TT_HTTP_IDEMPOTENT,
                         0), 0);
    CU_ASSERT_EQUAL(last.status, 200);
    CU_ASSERT_EQUAL(server_hits("/ok"), 1);
    end();
}

/* --- what may not leave ------------------------------------------------------------------ */

static void a_caller_may_be_held_to_less_than_the_allow_list(void)
{
    const char *const nobody[] = { NULL }, *const other[] = {
        "http://localhost:1", NULL }, *const both[] = {
        "http://localhost:1", origin, "http://127.0.0.1:9", NULL };
    char url[100];
    struct broker_request r;

    begin();
    snprintf(url, sizeof url, "%s/ok", origin);
    r = request("GET", url);
    r.only = nobody;
    CU_ASSERT_EQUAL(run(r), TT_EPERM);
    CU_ASSERT_PTR_NOT_NULL(strstr(last.text, "not granted"));
    CU_ASSERT_EQUAL(seen.record.attempts, 0);
    r.only = other;
    CU_ASSERT_EQUAL(run(r), TT_EPERM);
    r.only = both;
    CU_ASSERT_EQUAL(run(r), 0);
    r = request("GET", "http://127.0.0.1:9/ok"); /* granted, not allowed */
    r.only = both;
    CU_ASSERT_EQUAL(run(r), TT_EPERM);
    CU_ASSERT_PTR_NOT_NULL(strstr(last.text, "outbound.allow"));
    end();
}

static void only_the_allow_list_is_reached(void)
{
    static const struct {
        const char *url;
        int code;
    } rows[] = {
        { "http://127.0.0.1:9/ok", TT_EPERM },
        { "https://127.0.0.1/ok", TT_EPERM },
        { "http://169.254.169.254/latest/meta-data", TT_EPERM },
        { "http://localhost:2/", TT_EPERM },
        { "file:///etc/passwd", TT_EINVAL },
        { "ftp://localhost:1/", TT_EINVAL },
        { "http://user:canary@localhost:1/", TT_EINVAL },
        { "http://localhost:1@127.0.0.1:9/", TT_EINVAL },
        { "http://${secret:key}:1/", TT_EINVAL },
        { "localhost:1/x", TT_EINVAL },
        { "/ok", TT_EINVAL },
        { "", TT_EINVAL },
        { "http://localhost:1/a b", TT_EINVAL },
    };
    struct broker_stats stats;
    size_t i;

    begin();
    for (i = 0; i < TT_ARRAY_LEN(rows); i++) {
        CU_ASSERT_EQUAL(run(request("GET", rows[i].url)), rows[i].code);
        if (last.code != rows[i].code)
            printf("# %s: %d %s\n", rows[i].url, last.code, last.text);
        CU_ASSERT_EQUAL(seen.record.attempts, 0);
    }
    broker_stats(broker, &stats);
    CU_ASSERT_EQUAL(stats.refused, TT_ARRAY_LEN(rows));
    end();
}

static void a_request_cannot_be_forged(void)
{
    static const struct tt_http_header bad[] = {
        { { "X-A\r\nB", 6 }, { "x", 1 } },
        { { "X-A", 3 }, { "x\r\nHost: y", 10 } },
        { { "X-A", 3 }, { "x\0y", 3 } },
        { { "", 0 }, { "x", 1 } },
        { { "Host", 4 }, { "x", 1 } },
        { { "content-length", 14 }, { "7", 1 } },
        { { "Transfer-Encoding", 17 }, { "chunked", 7 } },
    };
    char url[100];
    struct broker_request r;
    size_t i;

    begin();
    snprintf(url, sizeof url, "%s/ok", origin);
    for (i = 0; i < TT_ARRAY_LEN(bad); i++) {
        r = request("POST", url);
        r.http.headers = &bad[i];
        r.http.n_headers = 1;
        CU_ASSERT_EQUAL(run(r), TT_EINVAL);
    }
    CU_ASSERT_EQUAL(run(request("CONNECT", url)), TT_EINVAL);
    CU_ASSERT_EQUAL(run(request("GET / HTTP/1.1\r\nX:", url)), TT_EINVAL);
    r = request("GET", url);
    r.http.url.n++; /* its NUL */
    CU_ASSERT_EQUAL(run(r), TT_EINVAL);
    CU_ASSERT_EQUAL(call("GET", "/ok", "a body", 0, 0), TT_EINVAL);
    CU_ASSERT_EQUAL(server_hits("/ok"), 0);
    end();
}

static int run_with_header(const char *path, const char *value)
{
    struct tt_http_header h = { tt_str_of("Authorization"), tt_str_of(value) };
    char url[200];
    struct broker_request r;

    snprintf(url, sizeof url, "%s%s", origin, path);
    r = request("POST", url);
    r.http.headers = &h;
    r.http.n_headers = 1;
    return run(r);
}

static void secrets_are_put_in_and_stay_in(void)
{
    begin();
    CU_ASSERT_EQUAL(run_with_header("/echo?k=${secret:key}",
                                    "Bearer ${secret:token}"), 0);
    CU_ASSERT_PTR_NOT_NULL(body.data);
    CU_ASSERT_PTR_NOT_NULL(strstr(body.data, "Authorization: Bearer " CANARY
                                             "\r\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(body.data, "/echo?k=canary%3F%26%20key "));
    CU_ASSERT_EQUAL(run_with_header("/x/${secret:key}/y", "x"), TT_ETIMEOUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(seen.url, "/x/${secret:key}/y"));
    CU_ASSERT_EQUAL(run_with_header("/rst-early", "${secret:token}"),
                    TT_ETIMEOUT);
    CU_ASSERT_EQUAL(run_with_header("/ok", "${secret:none}"), TT_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(last.text, "secret none"));
    CU_ASSERT_EQUAL(run_with_header("/ok", "${secret:unset}"), TT_EINVAL);
    CU_ASSERT_EQUAL(run_with_header("/ok", "${secret:lines}"), TT_EINVAL);
    CU_ASSERT_EQUAL(run_with_header("/ok", "${secret:token"), TT_EINVAL);
    CU_ASSERT_EQUAL(run_with_header("/ok", "${secret:elsewhere}"), TT_EPERM);
    CU_ASSERT_EQUAL(server_hits("/ok"), 0);
    /* A rotated file is picked up. */
    CU_ASSERT_EQUAL(fs_write(secret_file, "canary-new\r\n\n", 13, 0600, NULL), 0);
    CU_ASSERT_EQUAL(run_with_header("/echo", "${secret:token}"), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(body.data, ": canary-new\r\n"));
    end();
}

static void bad_options_are_refused_with_their_name(void)
{
    const char *path[] = { "http://a/b", NULL };
    const char *scheme[] = { "ws://a", NULL };
    struct broker_secret both = { .name = "n", .file = "/f",
                                  .environment = "E" };
    struct broker_options o = { .allow = path };
    struct err e = { 0 };

    CU_ASSERT_PTR_NULL(broker_create(&o, &e));
    CU_ASSERT_EQUAL(e.code, TT_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "http://a/b"));
    o.allow = scheme;
    CU_ASSERT_PTR_NULL(broker_create(&o, &e));
    o.allow = NULL;
    o.secrets = &both;
    o.n_secrets = 1;
    CU_ASSERT_PTR_NULL(broker_create(&o, &e));
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "secret n"));
    broker_destroy(NULL);
}

static CU_TestInfo tests[] = {
    { "an answer comes back whole", an_answer_comes_back_whole },
    { "methods and bodies arrive as given", methods_and_bodies_arrive_as_given },
    { "connections are reused", connections_are_reused },
    { "a broken answer ends, and ends unsure",
      a_broken_answer_ends_in_time_and_unsure },
    { "endless headers are cut", endless_headers_are_cut },
    { "the deadline ends a silent and a dripping server",
      the_deadline_ends_a_silent_and_a_dripping_server },
    { "the body cap holds while receiving", the_body_cap_holds_while_receiving },
    { "a redirect is not followed", a_redirect_is_not_followed },
    { "a repeat is made where it is safe", a_repeat_is_made_where_it_is_safe },
    { "no repeat is made where it is not", no_repeat_is_made_where_it_is_not },
    { "what was never sent is tried again", what_was_never_sent_is_tried_again },
    { "a stale connection does not send twice",
      a_stale_connection_does_not_send_twice },
    { "only the allow list is reached", only_the_allow_list_is_reached },
    { "a caller may be held to less than the allow list",
      a_caller_may_be_held_to_less_than_the_allow_list },
    { "a request cannot be forged", a_request_cannot_be_forged },
    { "secrets are put in, and stay in", secrets_are_put_in_and_stay_in },
    { "bad options are refused with their name",
      bad_options_are_refused_with_their_name },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    int status, fd = mkstemp(secret_file);

    close(fd);
    (void)fs_write(secret_file, CANARY "\n", sizeof CANARY, 0600, NULL);
    setenv("TT_TEST_KEY", "canary?& key", 1);
    setenv("TT_TEST_LINES", "canary\r\nX: y", 1);
    setenv("http_proxy", "http://127.0.0.1:1", 1); /* not to be used */
    server_start();
    snprintf(origin, sizeof origin, "http://127.0.0.1:%d", server.port);
    status = tap_run("broker", tests);
    server_stop();
    buf_fini(&body);
    unlink(secret_file);
    return status;
}
