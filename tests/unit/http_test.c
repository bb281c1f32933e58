/* SPDX-License-Identifier: MIT
 *
 * http_test.c - the control plane over real sockets: routes, guard, auth,
 * bodies, deadlines, prepared reads, idempotency. */
#include "config.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/crypt/crypt.h"
#include "core/http/internal.h"
#include "tests/unit/http_fake.h"
#include "tests/unit/tap.h"

static const struct http_listen loopback[] = { { .tcp = "127.0.0.1:0" } };
static struct http_options plain = { .listen = loopback, .n_listen = 1,
                                     .version = "t" };

static bool start(const struct http_options *o, unsigned *port)
{
    struct http *h = fake_start(o);

    CU_ASSERT_PTR_NOT_NULL(h);
    *port = h != NULL ? http_port(h) : 0;
    return h != NULL;
}

static void expect(unsigned port, const char *head, const char *body,
                   int status, const char *part)
{
    int got;
    char *text = fake_request(port, head, body, &got, 1);

    CU_ASSERT_EQUAL(got, status);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, part));
    if (got != status || strstr(text, part) == NULL)
        printf("# %s: %d, want %d with %s\n# %.300s\n", head, got, status, part,
               text);
    free(text);
}

static void a_route_hands_over_path_query_and_body(void)
{
    unsigned port;

    if (!start(&plain, &port))
        return;
    expect(port, "POST /api/workflows/w%2D1/optimize?x=1&y={{inputs.y}} HTTP/1.1",
           "{\"node_ids\":[\"a\"]}", 202, "\"workflow\":\"w-1\"");
    expect(port, "POST /api/workflows/w/optimize?x=1&y={{inputs.y}} HTTP/1.1",
           "{\"node_ids\":[\"a\"]}", 202, "\"query\":{\"x\":\"1\"}");
    expect(port, "GET /api/workflows/w/parameters/n/versions/v3 HTTP/1.1", NULL,
           200, "\"number\":3");
    expect(port, "GET /api/runs/r-1 HTTP/1.1", NULL, 200, "\"run\":\"r-1\"");
    fake_stop();
}

static void what_is_not_there_is_said_so(void)
{
    unsigned port;

    if (!start(&plain, &port))
        return;
    expect(port, "GET /nothing HTTP/1.1", NULL, 404, "problem+json");
    expect(port, "PUT /api/runs HTTP/1.1", "{}", 405, "it takes GET");
    expect(port, "GET /api/workflows/a%2Fb/parameters/n HTTP/1.1", NULL, 404,
           "a/b/n");
    expect(port, "GET /api/workflows/../runs HTTP/1.1", NULL, 404, "no such");
    expect(port, "GET /api/workflows/%00/runs HTTP/1.1", NULL, 400, "escape");
    expect(port, "GET /api/workflows/w/parameters/n/versions/x HTTP/1.1", NULL,
           404, "not a number");
    fake.code = TT_ECONFLICT;
    expect(port, "GET /api/runs HTTP/1.1", NULL, 409,
           "\"code\":\"conflict\"");
    fake_stop();
}

static void bodies_are_strict_json_of_a_bounded_size(void)
{
    struct http_options small = plain;
    char big[400];
    unsigned port;

    small.max_body_bytes = 300;
    if (!start(&small, &port))
        return;
    memset(big, ' ', sizeof big);
    big[sizeof big - 1] = '\0';
    expect(port, "POST /api/workflows/w/optimize HTTP/1.1", "{\"a\":NaN}", 400,
           "line 1, column 6");
    expect(port, "POST /api/workflows/w/optimize HTTP/1.1", "{\"a\":1,\"a\":2}",
           400, "twice");
    expect(port, "POST /api/workflows/w/optimize HTTP/1.1", "[]", 400,
           "must be a JSON object");
    expect(port, "POST /api/workflows/w/optimize HTTP/1.1", "", 400,
           "a JSON body is needed");
    expect(port, "POST /api/workflows/w/optimize HTTP/1.1", big, 413,
           "larger than 300");
    CU_ASSERT_EQUAL(fake.calls, 0);
    fake_stop();
}

/* What a proxy in front might read in another way than we do. */
static void smuggled_requests_are_refused(void)
{
    static const char *const bad[] = {
        "POST /api/workflows/w/optimize HTTP/1.1\r\nHost: t\r\n"
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        "POST /api/workflows/w/optimize HTTP/1.1\r\nHost: t\r\n"
        "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
        "GET /healthz HTTP/1.1\r\nHost: t\r\nHost: u\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: t\r\nTransfer-Encoding : chunked\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: xchunked\r\n\r\n",
        "POST /healthz HTTP/1.1\r\nHost: t\r\nContent-Length: +2\r\n\r\n{}",
        "GET /healthz HTTP/1.1\r\n\r\n",
    };
    unsigned port;
    size_t i;

    if (!start(&plain, &port))
        return;
    for (i = 0; i < TT_ARRAY_LEN(bad); i++) {
        char *text = fake_raw(port, bad[i], strlen(bad[i]), 1000);

        CU_ASSERT_EQUAL(strncmp(text, "HTTP/1.1 4", 10), 0);
        if (strncmp(text, "HTTP/1.1 4", 10) != 0)
            printf("# case %zu: %.60s\n", i, text);
        free(text);
    }
    fake_stop();
}

static void a_token_is_needed_where_tokens_are(void)
{
    struct http_token token = { .name = "ci" };
    struct http_options o = plain;
    unsigned port;

    crypt_sha256("secret-secret-secret", 20, token.sha256);
    o.auth_required = true;
    o.tokens = &token;
    o.n_tokens = 1;
    if (!start(&o, &port))
        return;
    expect(port, "GET /api/runs HTTP/1.1", NULL, 401, "WWW-Authenticate");
    expect(port, "GET /api/runs HTTP/1.1\r\nAuthorization: Bearer secret", NULL,
           401, "unknown token");
    expect(port, "GET /api/runs HTTP/1.1\r\n"
           "Authorization: Bearer secret-secret-secret", NULL, 200,
           "\"actor\":\"ci\"");
    expect(port, "GET /healthz HTTP/1.1", NULL, 200, "ok");
    fake_activate("n", 1, 1);
    expect(port, "GET /api/workflows/w/parameters/n HTTP/1.1", NULL, 401,
           "no token");
    fake_stop();
}

static void beyond_loopback_without_auth_is_refused(void)
{
    static const struct http_listen any[] = { { .tcp = "0.0.0.0:0" } };
    struct http_options o = plain;
    struct err e = { 0 };

    o.listen = any;
    CU_ASSERT_PTR_NULL(http_start(NULL, NULL, &o, &e));
    CU_ASSERT_EQUAL(e.code, TT_EPERM);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "auth.mode"));
}

static void reads_are_prepared_and_know_their_etag(void)
{
    unsigned port;

    if (!start(&plain, &port))
        return;
    expect(port, "GET /api/workflows/w/parameters/n HTTP/1.1", NULL, 404,
           "backfill");
    fake_activate("n", 3, 7);
    fake_activate("m", 1, 1);
    expect(port, "GET /api/workflows/w/parameters/n HTTP/1.1", NULL, 200,
           "{\"version\":\"v3\"}");
    expect(port, "GET /api/workflows/w/parameters/n HTTP/1.1", NULL, 200,
           "ETag: \"g7-01234567\"");
    expect(port, "GET /api/workflows/w/parameters/n HTTP/1.1\r\n"
           "If-None-Match: \"g7-01234567\"", NULL, 304, "g7-");
    fake_activate("n", 4, 8);
    expect(port, "GET /api/workflows/w/parameters/n HTTP/1.1\r\n"
           "If-None-Match: \"g7-01234567\"", NULL, 200, "\"v4\"");
    expect(port, "GET /api/workflows/w/parameters/n?env=test HTTP/1.1", NULL,
           404, "nothing is active");
    expect(port, "GET /api/workflows/w/parameters/n?env={{x}} HTTP/1.1", NULL,
           200, "\"v4\"");
    CU_ASSERT_EQUAL(fake.calls, 0);
    fake_stop();
}

/* While a handler sleeps on the engine, reads go on. */
static void *slow_client(void *arg)
{
    int status;
    char *text = fake_request(*(unsigned *)arg, "GET /api/runs HTTP/1.1", NULL,
                              &status, 0);

    CU_ASSERT_EQUAL(status, 200);
    free(text);
    return NULL;
}

static void a_slow_handler_does_not_stand_before_a_read(void)
{
    pthread_t threads[6];
    unsigned port;
    size_t i;

    if (!start(&plain, &port))
        return;
    fake_activate("n", 1, 1);
    fake.sleep_ms = 400;
    for (i = 0; i < TT_ARRAY_LEN(threads); i++)
        pthread_create(&threads[i], NULL, slow_client, &port);
    while (__atomic_load_n(&fake.calls, __ATOMIC_SEQ_CST) < 4)
        usleep(1000);
    for (i = 0; i < 20; i++)
        expect(port, "GET /api/workflows/w/parameters/n HTTP/1.1", NULL, 200,
               "v1");
    /* All four handlers were still asleep: the reads went past them. */
    CU_ASSERT_TRUE(__atomic_load_n(&fake.calls, __ATOMIC_SEQ_CST) <= 6);
    for (i = 0; i < TT_ARRAY_LEN(threads); i++)
        pthread_join(threads[i], NULL);
    fake_stop();
}

static void a_key_makes_a_post_happen_once(void)
{
    static const char head[] =
        "POST /api/workflows/w/parameters/n/promote HTTP/1.1\r\n"
        "Idempotency-Key: k1";
    char *first, *second;
    unsigned port;
    int status;

    if (!start(&plain, &port))
        return;
    first = fake_request(port, head, "{\"version\":\"v1\"}", &status, 0);
    second = fake_request(port, head, "{\"version\":\"v1\"}", &status, 0);
    CU_ASSERT_EQUAL(status, 200);
    CU_ASSERT_STRING_EQUAL(first, second);
    CU_ASSERT_EQUAL(fake.calls, 1);
    expect(port, head, "{\"version\":\"v2\"}", 422, "another request");
    free(first);
    free(second);
    fake_stop();
}

static void a_dripping_client_is_cut_off(void)
{
    struct http_options o = plain;
    unsigned port;
    char *text;

    o.header_ms = 300;
    if (!start(&o, &port))
        return;
    /* Half a head, then silence shorter than the idle time. */
    text = fake_raw(port, "GET /healthz HTTP/1.1\r\nHo", 25, 3000);
    CU_ASSERT_STRING_EQUAL(text, "");
    free(text);
    expect(port, "GET /healthz HTTP/1.1", NULL, 200, "ok");
    fake_stop();
}

static void keep_alive_serves_many_requests(void)
{
    static const char two[] =
        "GET /api/workflows/w/parameters/n HTTP/1.1\r\nHost: t\r\n\r\n"
        "GET /api/runs HTTP/1.1\r\nHost: t\r\n\r\n"
        "GET /api/workflows/w/parameters/n HTTP/1.1\r\nHost: t\r\n"
        "Connection: close\r\n\r\n";
    unsigned port;
    char *text, *p;
    int n = 0;

    if (!start(&plain, &port))
        return;
    fake_activate("n", 1, 1);
    text = fake_raw(port, two, sizeof two - 1, 3000);
    for (p = text; (p = strstr(p, "HTTP/1.1 200")) != NULL; p++)
        n++;
    CU_ASSERT_EQUAL(n, 3);
    free(text);
    fake_stop();
}

static void the_contract_lists_every_route(void)
{
    unsigned port;
    int status;
    char *text, key[200];
    json_object *o, *paths;
    size_t i;

    if (!start(&plain, &port))
        return;
    text = fake_request(port, "GET /openapi.json HTTP/1.1", NULL, &status, 0);
    o = json_tokener_parse(text);
    paths = json_child(o, "paths");
    for (i = 0; i < http_n_routes; i++) {
        snprintf(key, sizeof key, "%s", http_routes[i].method);
        for (char *c = key; *c != '\0'; c++)
            *c = (char)(*c | 0x20);
        CU_ASSERT_PTR_NOT_NULL(json_child(json_child(paths,
                                                     http_routes[i].path), key));
    }
    json_object_put(o);
    free(text);
    expect(port, "GET /metrics HTTP/1.1", NULL, 200, "trimtab_runs_running 3");
    fake.code = TT_ENOSPC;
    expect(port, "GET /readyz HTTP/1.1", NULL, 503, "no space left");
    fake_stop();
}

static void a_unix_socket_serves_too(void)
{
    char path[] = "/tmp/trimtab-http-XXXXXX", socket_path[64];
    struct http_listen both[2] = { { .tcp = "127.0.0.1:0" },
                                   { .unix_mode = 0600 } };
    struct http_options o = plain;
    unsigned port;

    CU_ASSERT_PTR_NOT_NULL(mkdtemp(path));
    snprintf(socket_path, sizeof socket_path, "%s/s", path);
    both[1].unix_path = socket_path;
    o.listen = both;
    o.n_listen = 2;
    if (start(&o, &port)) {
        CU_ASSERT_EQUAL(access(socket_path, F_OK), 0);
        expect(port, "GET /healthz HTTP/1.1", NULL, 200, "ok");
        fake_stop();
    }
    CU_ASSERT_NOT_EQUAL(access(socket_path, F_OK), 0);
    rmdir(path);
}

static CU_TestInfo tests[] = {
    { "a route hands over path, query and body",
      a_route_hands_over_path_query_and_body },
    { "what is not there is said so", what_is_not_there_is_said_so },
    { "bodies are strict JSON of a bounded size",
      bodies_are_strict_json_of_a_bounded_size },
    { "smuggled requests are refused", smuggled_requests_are_refused },
    { "a token is needed where tokens are", a_token_is_needed_where_tokens_are },
    { "beyond loopback without auth is refused",
      beyond_loopback_without_auth_is_refused },
    { "reads are prepared and know their ETag",
      reads_are_prepared_and_know_their_etag },
    { "a slow handler does not stand before a read",
      a_slow_handler_does_not_stand_before_a_read },
    { "a key makes a POST happen once", a_key_makes_a_post_happen_once },
    { "a dripping client is cut off", a_dripping_client_is_cut_off },
    { "keep-alive serves many requests", keep_alive_serves_many_requests },
    { "the contract lists every route", the_contract_lists_every_route },
    { "a Unix socket serves too", a_unix_socket_serves_too },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    struct err e = { 0 };

    return crypt_init(&e) != 0 ? 1 : tap_run("http", tests);
}
