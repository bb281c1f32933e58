/* SPDX-License-Identifier: MIT
 *
 * http_fake.c - see http_fake.h. */
#include "config.h"

#include "tests/unit/http_fake.h"

#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/mem.h"

struct fake fake;

static struct {
    struct store *store;
    struct http *http;
    engine_active_fn *fn;
    void *ctx;
} at;

/* Every engine call: echo the request. */
static int echo(const char *name, const struct engine_request *q,
                struct engine_answer *a, struct err *e)
{
    __atomic_add_fetch(&fake.calls, 1, __ATOMIC_SEQ_CST);
    if (fake.sleep_ms > 0)
        usleep(fake.sleep_ms * 1000);
    if (fake.code != 0)
        return err_set(e, fake.code, "fake %s: refused", name);
    a->body = json_object_new_object();
    json_set_str(a->body, "call", name);
    json_set_str(a->body, "actor", q->actor);
    json_set_str(a->body, "workflow", q->workflow);
    json_set_str(a->body, "node", q->node);
    json_set_str(a->body, "run", q->run);
    json_set_int(a->body, "number", (int64_t)q->number);
    json_set(a->body, "query", json_object_get(q->query));
    json_set(a->body, "body", json_object_get(q->body));
    return 0;
}

#define FAKE(name)                                                             \
    int name(struct engine *g, const struct engine_request *q,                 \
             struct engine_answer *a, struct err *e)                           \
    {                                                                          \
        (void)g;                                                               \
        return echo(#name, q, a, e);                                           \
    }
FAKE(engine_optimize)
FAKE(engine_plugin_add)
FAKE(engine_plugin_show)
FAKE(engine_plugin_retire)
FAKE(engine_runs_list)
FAKE(engine_run_show)
FAKE(engine_run_cancel)
FAKE(engine_run_candidates)
FAKE(engine_run_candidate)
FAKE(engine_run_report)
FAKE(engine_run_events)
FAKE(engine_run_log)
FAKE(engine_run_replay)
FAKE(engine_run_move)
FAKE(engine_run_enqueue)
FAKE(engine_targets_list)
FAKE(engine_target_put)
FAKE(engine_target_get)
FAKE(engine_target_delete)
FAKE(engine_target_draft)
FAKE(engine_datasets_list)
FAKE(engine_dataset_put)
FAKE(engine_dataset_get)
FAKE(engine_versions_list)
FAKE(engine_version_get)
FAKE(engine_versions_diff)
FAKE(engine_promote)
FAKE(engine_rollback)
FAKE(engine_history)
FAKE(engine_backfill)
FAKE(engine_plugins_list)
FAKE(engine_plugin_default)
FAKE(engine_plugin_canary)
FAKE(engine_plugin_uncanary)
FAKE(engine_plugin_pin)
FAKE(engine_plugin_unpin)
FAKE(engine_plugin_release)
FAKE(engine_audit_list)
FAKE(engine_doctor)

int engine_watch_active(struct engine *g, engine_active_fn *fn, void *ctx,
                        struct err *e)
{
    (void)g;
    (void)e;
    at.fn = fn;
    at.ctx = ctx;
    return 0;
}

json_object *engine_metrics(struct engine *g)
{
    (void)g;
    return json_tokener_parse("{\"runs_running\":{\"type\":\"gauge\","
                              "\"help\":\"Runs\",\"value\":3}}");
}

int engine_ready(struct engine *g, struct err *e)
{
    (void)g;
    return fake.code != 0 ? err_set(e, fake.code, "no space left") : 0;
}

struct http *fake_start(const struct http_options *options)
{
    const struct store_options memory = { .backend = "memory" };
    struct err e = { 0 };

    memset(&fake, 0, sizeof fake);
    at.store = store_open(&memory, &e);
    at.http = at.store == NULL ? NULL
                               : http_start(NULL, at.store, options, &e);
    if (at.http == NULL)
        printf("# %s\n", e.text);
    return at.http;
}

void fake_stop(void)
{
    http_stop(at.http);
    http_destroy(at.http);
    store_close(at.store);
}

void fake_activate(const char *node, uint64_t version, uint64_t generation)
{
    struct engine_active active = { "w", node, "production", version,
                                    generation, NULL, "sha256:0123456789ab" };
    TT_AUTO_FREE char *body = xasprintf("{\"version\":\"v%u\"}",
                                        (unsigned)version);

    active.body = body;
    at.fn(at.ctx, &active);
}

static int dial(unsigned port)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr = { htonl(INADDR_LOOPBACK) } };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

char *fake_raw(unsigned port, const char *request, size_t n, int quiet_ms)
{
    struct buf answer = { 0 };
    int fd = dial(port);
    struct pollfd p = { .fd = fd, .events = POLLIN };
    char block[4096];
    ssize_t got;

    if (fd < 0 || write(fd, request, n) < 0)
        return xstrdup("");
    while (poll(&p, 1, quiet_ms) > 0) {
        got = read(fd, block, sizeof block);
        if (got <= 0)
            break;
        buf_add(&answer, block, (size_t)got);
    }
    close(fd);
    return buf_steal(&answer);
}

char *fake_request(unsigned port, const char *head, const char *body,
                   int *status, int whole)
{
    struct buf b = { 0 };
    char *answer, *text, *split;

    buf_addf(&b, "%s\r\nHost: t\r\nConnection: close\r\n", head);
    if (body != NULL)
        buf_addf(&b, "Content-Length: %zu\r\n", strlen(body));
    buf_addf(&b, "\r\n%s", body != NULL ? body : "");
    answer = fake_raw(port, b.data, b.len, 5000);
    buf_fini(&b);
    *status = strncmp(answer, "HTTP/1.1 ", 9) == 0 ? atoi(answer + 9) : 0;
    if (whole)
        return answer;
    split = strstr(answer, "\r\n\r\n");
    text = xstrdup(split != NULL ? split + 4 : "");
    free(answer);
    return text;
}
