/* SPDX-License-Identifier: MIT
 *
 * broker_queue_test.c - many requests, pauses, cancels, and where answers are
 * delivered. Time is moved with clock_shift(), not waited for. */
#include "config.h"

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/broker/inside.h"
#include "tests/unit/broker_server.h"
#include "tests/unit/tap.h"

static struct broker *broker;
static char origin[64];

struct outbox {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int n, good, code; /* under lock; code: of the last */
    unsigned status;
    uint64_t retry_after_ms;
    char location[60];
    pthread_t thread; /* that delivered the last */
    struct loop *stop_at; /* stopped when n reaches stop_n */
    int stop_n;
};
static struct outbox box = { .lock = PTHREAD_MUTEX_INITIALIZER,
                             .changed = PTHREAD_COND_INITIALIZER };

static void take(void *ctx, const struct broker_answer *a)
{
    struct outbox *o = ctx;

    pthread_mutex_lock(&o->lock);
    o->n++;
    o->good += a->code == 0 && a->status == 200;
    o->code = a->code;
    o->status = a->status;
    o->retry_after_ms = a->retry_after_ms;
    (void)snprintf(o->location, sizeof o->location, "%.*s",
                   (int)a->location.n, a->location.n > 0 ? a->location.p : "");
    o->thread = pthread_self();
    if (o->stop_at != NULL && o->n == o->stop_n)
        loop_stop(o->stop_at);
    pthread_cond_broadcast(&o->changed);
    pthread_mutex_unlock(&o->lock);
}

static int taken(void)
{
    int n;

    pthread_mutex_lock(&box.lock);
    n = box.n;
    pthread_mutex_unlock(&box.lock);
    return n;
}

static void wait_for(int n)
{
    pthread_mutex_lock(&box.lock);
    while (box.n < n)
        pthread_cond_wait(&box.changed, &box.lock);
    pthread_mutex_unlock(&box.lock);
}

static void begin(unsigned per_host)
{
    const char *allow[] = { origin, NULL };
    struct broker_options o = { .allow = allow, .max_per_host = per_host,
                                .timeout_ms = 60000 };

    server_reset();
    box.n = box.good = box.code = 0;
    box.stop_at = NULL;
    broker = broker_create(&o, NULL);
    CU_ASSERT_PTR_NOT_NULL(broker);
}

static uint64_t fetch(const char *method, const char *path, uint64_t timeout_ms,
                      bool no_wait, struct loop *loop)
{
    struct broker_request r = { .label = "test", .no_wait = no_wait,
                                .loop = loop, .done = take, .ctx = &box };
    char url[100];

    snprintf(url, sizeof url, "%s%s", origin, path);
    r.http.size = sizeof r.http;
    r.http.method = tt_str_of(method);
    r.http.url = tt_str_of(url);
    r.http.body = tt_str_of(strcmp(method, "POST") == 0 ? "x" : NULL);
    r.http.timeout_ms = timeout_ms;
    return broker_fetch(broker, &r);
}

static void shift(int64_t ms)
{
    clock_shift(ms, 0);
    broker_cancel(broker, 0); /* nobody's id: wakes the thread */
}

static void wait_for_pause(uint64_t n)
{
    struct broker_stats stats;

    do {
        nap(1);
        broker_stats(broker, &stats);
    } while (stats.pauses < n);
}

static void wait_for_hit(const char *path)
{
    while (server_hits(path) == 0)
        nap(1);
}

static void many_in_flight_keep_to_the_limit_per_host(void)
{
    struct broker_stats stats;
    int i;

    begin(5);
    atomic_store(&server.most_busy, 0);
    for (i = 0; i < 150; i++)
        fetch("GET", "/slow", 0, false, NULL);
    wait_for(150);
    CU_ASSERT_EQUAL(box.good, 150);
    CU_ASSERT_EQUAL(server_hits("/slow"), 150);
    CU_ASSERT(atomic_load(&server.most_busy) <= 5);
    CU_ASSERT(atomic_load(&server.most_busy) > 1);
    broker_stats(broker, &stats);
    CU_ASSERT(stats.connections <= 5);
    broker_destroy(broker);
}

static void retry_after_pauses_the_whole_host(void)
{
    begin(8);
    fetch("GET", "/limit", 0, false, NULL); /* 429, five seconds */
    wait_for_pause(1);
    fetch("GET", "/ok", 0, false, NULL); /* waits */
    fetch("GET", "/ok", 0, true, NULL);  /* does not want to */
    wait_for(1);
    CU_ASSERT_EQUAL(box.code, TT_ELIMIT);
    CU_ASSERT(box.retry_after_ms > 0 && box.retry_after_ms <= 5000);
    fetch("GET", "/ok", 1000, false, NULL); /* would wait in vain */
    wait_for(2);
    CU_ASSERT_EQUAL(box.code, TT_ELIMIT);
    CU_ASSERT_EQUAL(server_hits("/ok"), 0);
    CU_ASSERT_EQUAL(server_hits("/limit"), 1);
    shift(5001);
    wait_for(4);
    CU_ASSERT_EQUAL(box.good, 2);
    CU_ASSERT_EQUAL(server_hits("/ok"), 1);
    CU_ASSERT_EQUAL(server_hits("/limit"), 2);
    broker_destroy(broker);
}

static void a_post_gets_its_429_and_pauses_the_others(void)
{
    begin(8);
    fetch("POST", "/limit-post", 0, false, NULL);
    wait_for(1);
    CU_ASSERT_EQUAL(box.code, 0);
    CU_ASSERT_EQUAL(box.status, 429);
    CU_ASSERT_EQUAL(box.retry_after_ms, 5000);
    CU_ASSERT_EQUAL(server_hits("/limit-post"), 1);
    fetch("GET", "/ok", 0, true, NULL);
    wait_for(2);
    CU_ASSERT_EQUAL(box.code, TT_ELIMIT);
    broker_destroy(broker);
}

static void retry_after_may_be_a_date(void)
{
    begin(8);
    fetch("POST", "/date", 0, false, NULL);
    wait_for(1);
    CU_ASSERT_EQUAL(box.status, 503);
    CU_ASSERT(box.retry_after_ms > 0 && box.retry_after_ms <= 7000);
    fetch("GET", "/ok", 0, true, NULL);
    wait_for(2);
    CU_ASSERT_EQUAL(box.code, TT_ELIMIT);
    broker_destroy(broker);
}

static void an_answer_that_drips_is_cut(void)
{
    begin(8);
    fetch("POST", "/drip", 60000, false, NULL);
    wait_for_hit("/drip");
    nap(50);
    shift(21000);
    wait_for(1);
    CU_ASSERT_EQUAL(box.code, TT_ETIMEOUT);
    broker_destroy(broker);
}

static void a_silent_start_is_not_a_drip(void)
{
    begin(8);
    fetch("POST", "/hang", 60000, false, NULL);
    wait_for_hit("/hang");
    shift(21000);
    nap(30);
    CU_ASSERT_EQUAL(taken(), 0);
    broker_destroy(broker);
}

static void a_cancelled_one_ends_wherever_it_is(void)
{
    uint64_t flying, waiting;

    begin(1);
    flying = fetch("GET", "/hang", 0, false, NULL);
    wait_for_hit("/hang");
    waiting = fetch("GET", "/ok", 0, false, NULL);
    broker_cancel(broker, waiting);
    wait_for(1);
    CU_ASSERT_EQUAL(box.code, TT_ECANCELLED);
    broker_cancel(broker, flying);
    wait_for(2);
    CU_ASSERT_EQUAL(box.code, TT_ECANCELLED);
    broker_cancel(broker, flying); /* gone: no harm */
    fetch("GET", "/ok", 0, false, NULL);
    wait_for(3);
    CU_ASSERT_EQUAL(box.good, 1);
    CU_ASSERT_EQUAL(server_hits("/ok"), 1);
    broker_destroy(broker);
}

static void a_queued_one_ends_at_its_deadline(void)
{
    begin(1);
    fetch("GET", "/hang", 0, false, NULL);
    wait_for_hit("/hang");
    fetch("POST", "/ok", 50, false, NULL);
    wait_for(1);
    CU_ASSERT_EQUAL(box.code, TT_ETRANSIENT); /* never sent */
    CU_ASSERT_EQUAL(server_hits("/ok"), 0);
    broker_destroy(broker);
}

static void destroy_ends_what_is_pending(void)
{
    int i;

    begin(2);
    for (i = 0; i < 6; i++)
        fetch("GET", "/hang", 0, false, NULL);
    wait_for_hit("/hang");
    broker_destroy(broker);
    CU_ASSERT_EQUAL(taken(), 6);
    CU_ASSERT_EQUAL(box.code, TT_ECANCELLED);
}

static void answers_arrive_on_the_loop_that_asked(void)
{
    struct loop *loop = loop_create(NULL);
    int i;

    begin(8);
    box.stop_at = loop;
    box.stop_n = 20;
    for (i = 0; i < 20; i++)
        fetch("GET", i == 7 ? "/redirect" : "/ok", 0, false, loop);
    loop_run(loop);
    CU_ASSERT_EQUAL(box.good, 19);
    CU_ASSERT(pthread_equal(box.thread, pthread_self()));
    /* What a destroy ends is delivered as long as the loop runs once more. */
    fetch("GET", "/hang", 0, false, loop);
    wait_for_hit("/hang");
    broker_destroy(broker);
    box.stop_n = 21;
    loop_run(loop);
    CU_ASSERT_EQUAL(box.n, 21);
    CU_ASSERT_EQUAL(box.code, TT_ECANCELLED);
    loop_destroy(loop);
}

static bool allowed(bool local, const char *address)
{
    struct host h = { .local = local };
    struct sockaddr_in in = { .sin_family = AF_INET };
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

    if (inet_pton(AF_INET, address, &in.sin_addr) == 1)
        return policy_address_allowed(&h, (struct sockaddr *)&in);
    CU_ASSERT_EQUAL(inet_pton(AF_INET6, address, &in6.sin6_addr), 1);
    return policy_address_allowed(&h, (struct sockaddr *)&in6);
}

static void a_name_may_not_lead_to_ourselves(void)
{
    static const char *const bad[] = {
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "169.254.169.254", "224.0.0.1",
        "255.255.255.255", "::", "::1", "fe80::1", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:169.254.169.254",
    };
    static const char *const good[] = { "10.0.0.1", "172.18.0.5", "192.168.1.1",
                                        "93.184.216.34", "2001:db8::1",
                                        "fd00::5", "::ffff:10.0.0.1" };
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(bad); i++) {
        CU_ASSERT_FALSE(allowed(false, bad[i]));
        CU_ASSERT(allowed(true, bad[i])); /* the operator wrote it himself */
    }
    for (i = 0; i < TT_ARRAY_LEN(good); i++)
        CU_ASSERT(allowed(false, good[i]));
    CU_ASSERT(policy_is_local("http://127.0.0.1:80"));
    CU_ASSERT(policy_is_local("http://[::1]:80"));
    CU_ASSERT(policy_is_local("http://localhost:80"));
    CU_ASSERT_FALSE(policy_is_local("http://localhost.example:80"));
    CU_ASSERT_FALSE(policy_is_local("https://orcheo:443"));
}

static void origins_are_compared_in_one_form(void)
{
    static const struct {
        const char *url, *origin;
    } rows[] = {
        { "http://A.example", "http://a.example:80" },
        { "HTTPS://a.example/x?y#z", "https://a.example:443" },
        { "http://127.1:81/", "http://127.0.0.1:81" },
        { "http://[::1]:8080/", "http://[::1]:8080" },
    };
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(rows); i++) {
        TT_AUTO_FREE char *got = policy_origin(rows[i].url, NULL);

        CU_ASSERT_PTR_NOT_NULL(got);
        CU_ASSERT(got != NULL && strcmp(got, rows[i].origin) == 0);
    }
}

static void a_location_comes_with_its_answer(void)
{
    begin(5);
    fetch("GET", "/redirect", 0, false, NULL);
    wait_for(1);
    CU_ASSERT_EQUAL(box.status, 302);
    CU_ASSERT_STRING_EQUAL(box.location, "/landed");
    fetch("GET", "/ok", 0, false, NULL);
    wait_for(2);
    CU_ASSERT_STRING_EQUAL(box.location, "");
    broker_destroy(broker);
}

static CU_TestInfo tests[] = {
    { "a Location comes with its answer", a_location_comes_with_its_answer },
    { "many in flight keep to the limit per host",
      many_in_flight_keep_to_the_limit_per_host },
    { "Retry-After pauses the whole host", retry_after_pauses_the_whole_host },
    { "a POST gets its 429, and the others wait",
      a_post_gets_its_429_and_pauses_the_others },
    { "Retry-After may be a date", retry_after_may_be_a_date },
    { "an answer that drips is cut", an_answer_that_drips_is_cut },
    { "a silent start is not a drip", a_silent_start_is_not_a_drip },
    { "a cancelled one ends wherever it is",
      a_cancelled_one_ends_wherever_it_is },
    { "a queued one ends at its deadline", a_queued_one_ends_at_its_deadline },
    { "destroy ends what is pending", destroy_ends_what_is_pending },
    { "answers arrive on the loop that asked",
      answers_arrive_on_the_loop_that_asked },
    { "a name may not lead to ourselves", a_name_may_not_lead_to_ourselves },
    { "origins are compared in one form", origins_are_compared_in_one_form },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    int status;

    server_start();
    snprintf(origin, sizeof origin, "http://127.0.0.1:%d", server.port);
    status = tap_run("broker_queue", tests);
    server_stop();
    return status;
}
