/* SPDX-License-Identifier: MIT
 *
 * shim.c - see shim.h. */
#include "config.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/check/check_in.h"
#include "core/check/shim.h"
#include "core/check/skew.h"
#include "core/host/codec_wire.h"

#define CANARY_BYTES 64
#define MOST_FAULTS_BYTES 2000

struct shim shim = { .fail_sink_at = -1 };

static const struct tt_plugin *real;

/* What an open instance has of us. */
struct guest {
    struct guest *next;
    struct tt_instance *instance;
    struct tt_host host;         /* what the plugin sees; ctx is this guest */
    const struct tt_host *inner; /* the session's */
    struct arena arena;          /* of what it was opened with */
};
static struct guest *guests;

/* --- errors -------------------------------------------------------------- */

struct guarded {
    struct tt_error error;
    unsigned char canary[CANARY_BYTES];
};

static void fault(const char *call, const char *what)
{
    if (shim.faults.len < MOST_FAULTS_BYTES)
        buf_addf(&shim.faults, "%s: %s\n", call, what);
}

static bool is_code(int code)
{
    switch (code) {
#define CODE_CASE(name, number, status, text) case number:
        TT_ERROR_TABLE(CODE_CASE)
#undef CODE_CASE
        return true;
    default:
        return false;
    }
}

static void look_at(const struct guarded *g, const char *call, int rc)
{
    const char *message = g->error.message;
    size_t i, n = strnlen(message, sizeof g->error.message);
    struct tt_str text = { message, n };

    for (i = 0; i < CANARY_BYTES; i++)
        if (g->canary[i] != 0x5a) {
            fault(call, "it wrote behind the end of the tt_error");
            break;
        }
    if (rc == 0)
        return;
    shim.n_errors++;
    if (!is_code(rc))
        fault(call, "it returned what is no TT_E code");
    else if (n == sizeof g->error.message)
        fault(call, "its message has no NUL at the end");
    else if (n == 0 && !shim.sink_refused) /* then the sink knows */
        fault(call, "it failed without a message");
    else if (!codec_is_text(text))
        fault(call, "its message is no UTF-8");
}

static void begin(struct guarded *g)
{
    memset(g, 0, sizeof *g);
    memset(g->canary, 0x5a, sizeof g->canary);
    g->error.size = sizeof g->error;
    shim.n_emits = shim.n_after = 0;
    shim.sink_failed = shim.sink_refused = false;
}

static int end(const struct guarded *g, const char *call, int rc,
               struct tt_error *e)
{
    look_at(g, call, rc);
    shim.rc = rc;
    if (e != NULL)
        *e = g->error;
    return rc;
}

/* --- sinks --------------------------------------------------------------- */

/* Does this one fail? Then all behind it do too. */
static bool sink_fails(void)
{
    int64_t n = (int64_t)shim.n_emits++;

    if (shim.sink_failed) {
        shim.n_after++;
        return true;
    }
    shim.sink_failed = n == shim.fail_sink_at;
    return shim.sink_failed;
}

static int sunk(int rc)
{
    shim.sink_refused |= rc < 0;
    return rc;
}

static int emit_action(const struct tt_action_sink *sink,
                       const struct tt_action *action)
{
    const struct tt_action_sink *inner = sink->ctx;

    return sunk(sink_fails() ? TT_EIO : inner->emit(inner, action));
}

static int emit_outcome(const struct tt_outcome_sink *sink,
                        const struct tt_outcome *outcome)
{
    const struct tt_outcome_sink *inner = sink->ctx;

    return sunk(sink_fails() ? TT_EIO : inner->emit(inner, outcome));
}

static int write_bytes(const struct tt_sink *sink, const void *bytes,
                       uint64_t n)
{
    const struct tt_sink *inner = sink->ctx;

    return sunk(sink_fails() ? TT_EIO : inner->write(inner, bytes, n));
}

/* --- the host ------------------------------------------------------------ */

static void say(const struct tt_host *host, int level, struct tt_str text)
{
    const struct guest *g = host->ctx;

    g->inner->log(g->inner, level, text);
}

static int fetch(const struct tt_host *host,
                 const struct tt_http_request *request,
                 struct tt_http_response *response, struct tt_error *e)
{
    const struct guest *g = host->ctx;
    const struct tt_http_service *inner =
        g->inner->get_service(g->inner, TT_SERVICE_HTTP);

    shim.n_early += shim.in_open;
    return inner->fetch(g->inner, request, response, e);
}

static int read_case(const struct tt_host *host, uint32_t split, uint64_t id,
                     const struct tt_sink *sink, struct tt_error *e)
{
    const struct guest *g = host->ctx;
    const struct tt_data_service *inner =
        g->inner->get_service(g->inner, TT_SERVICE_DATA);

    shim.n_early += shim.in_open;
    return inner->read(g->inner, split, id, sink, e);
}

static const struct tt_http_service http_service = { .fetch = fetch };
static const struct tt_data_service data_service = { .read = read_case };

static const void *service(const struct tt_host *host, const char *id)
{
    const struct guest *g = host->ctx;

    if (g->inner->get_service(g->inner, id) == NULL)
        return NULL;
    return strcmp(id, TT_SERVICE_HTTP) == 0   ? (const void *)&http_service
           : strcmp(id, TT_SERVICE_DATA) == 0 ? (const void *)&data_service
                                              : NULL;
}

static struct guest *guest_create(const struct tt_host *inner)
{
    struct guest *g = xcalloc(1, sizeof *g);

    g->inner = inner;
    g->host = *inner;
    g->host.ctx = g;
    g->host.log = say;
    g->host.get_service = service;
    return g;
}

static void guest_destroy(struct guest *g)
{
    arena_fini(&g->arena);
    free(g);
}

static void remember(struct guest *g, struct tt_instance *instance)
{
    g->instance = instance;
    g->next = guests;
    guests = g;
}

static void forget(const struct tt_instance *instance)
{
    struct guest **at = &guests, *g;

    while (*at != NULL && (*at)->instance != instance)
        at = &(*at)->next;
    if (*at == NULL)
        return;
    g = *at;
    *at = g->next;
    guest_destroy(g);
}

/* --- strategies ---------------------------------------------------------- */

static int strategy_validate(const struct tt_problem *problem,
                             struct tt_error *e)
{
    struct arena arena = { 0 };
    struct guarded g;
    int rc;

    begin(&g);
    shim.in_open = true;
    rc = real->strategy->validate(
        shim.skew ? skew_problem(problem, &arena) : problem, &g.error);
    shim.in_open = false;
    arena_fini(&arena);
    return end(&g, "validate", rc, e);
}

static int strategy_open(const struct tt_host *host,
                         const struct tt_problem *problem,
                         const struct tt_snapshot *snapshot,
                         struct tt_instance **out, struct tt_error *e)
{
    struct guest *guest = guest_create(host);
    const struct tt_host *shown = &guest->host;
    struct guarded g;
    int rc;

    if (shim.skew) {
        shown = skew_host(shown, &guest->arena);
        problem = skew_problem(problem, &guest->arena);
        snapshot = skew_snapshot(snapshot, &guest->arena);
    }
    begin(&g);
    shim.in_open = true;
    rc = real->strategy->open(shown, problem, snapshot, out, &g.error);
    shim.in_open = false;
    if (rc == 0)
        remember(guest, *out);
    else
        guest_destroy(guest);
    return end(&g, "open", rc, e);
}

static int strategy_on_event(struct tt_instance *self,
                             const struct tt_event *event, struct tt_error *e)
{
    struct arena arena = { 0 };
    struct guarded g;
    int rc;

    begin(&g);
    if (shim.stranger) {
        struct tt_event unknown = *event;

        unknown.size = sizeof unknown;
        unknown.kind = 4711;
        rc = real->strategy->on_event(self, &unknown, &g.error);
        if (rc != 0)
            return end(&g, "on_event", rc, e);
    }
    rc = real->strategy->on_event(
        self, shim.skew ? skew_event(event, &arena) : event, &g.error);
    arena_fini(&arena);
    return end(&g, "on_event", rc, e);
}

static int strategy_next(struct tt_instance *self, const struct tt_ask *ask,
                         const struct tt_action_sink *sink, struct tt_error *e)
{
    const struct tt_action_sink outer = { (void *)(uintptr_t)sink,
                                          emit_action };
    struct arena arena = { 0 };
    struct guarded g;
    int rc;

    begin(&g);
    rc = real->strategy->next(self, shim.skew ? skew_ask(ask, &arena) : ask,
                              &outer, &g.error);
    arena_fini(&arena);
    return end(&g, "next", rc, e);
}

static int strategy_snapshot(struct tt_instance *self,
                             const struct tt_sink *sink, struct tt_error *e)
{
    const struct tt_sink outer = { (void *)(uintptr_t)sink, write_bytes };
    struct guarded g;

    begin(&g);
    return end(&g, "snapshot",
               real->strategy->snapshot(self, &outer, &g.error), e);
}

static int strategy_explain(struct tt_instance *self, uint64_t ref,
                            const struct tt_sink *json, struct tt_error *e)
{
    const struct tt_sink outer = { (void *)(uintptr_t)json, write_bytes };
    struct guarded g;

    begin(&g);
    return end(&g, "explain",
               real->strategy->explain(self, ref, &outer, &g.error), e);
}

static void strategy_close(struct tt_instance *self)
{
    real->strategy->close(self);
    forget(self);
}

/* --- adapters ------------------------------------------------------------ */

static int adapter_validate(const struct tt_setup *setup, struct tt_error *e)
{
    struct arena arena = { 0 };
    struct guarded g;
    int rc;

    begin(&g);
    shim.in_open = true;
    rc = real->adapter->validate(shim.skew ? skew_setup(setup, &arena) : setup,
                                 &g.error);
    shim.in_open = false;
    arena_fini(&arena);
    return end(&g, "validate", rc, e);
}

static int adapter_open(const struct tt_host *host,
                        const struct tt_setup *setup, struct tt_instance **out,
                        struct tt_error *e)
{
    struct guest *guest = guest_create(host);
    const struct tt_host *shown = &guest->host;
    struct guarded g;
    int rc;

    if (shim.skew) {
        shown = skew_host(shown, &guest->arena);
        setup = skew_setup(setup, &guest->arena);
    }
    begin(&g);
    shim.in_open = true;
    rc = real->adapter->open(shown, setup, out, &g.error);
    shim.in_open = false;
    if (rc == 0)
        remember(guest, *out);
    else
        guest_destroy(guest);
    return end(&g, "open", rc, e);
}

static int adapter_submit(struct tt_instance *self,
                          const struct tt_batch *batch,
                          const struct tt_outcome_sink *sink,
                          struct tt_error *e)
{
    const struct tt_outcome_sink outer = { (void *)(uintptr_t)sink,
                                           emit_outcome };
    struct arena arena = { 0 };
    struct guarded g;
    int rc;

    begin(&g);
    rc = real->adapter->submit(self,
                               shim.skew ? skew_batch(batch, &arena) : batch,
                               &outer, &g.error);
    arena_fini(&arena);
    return end(&g, "submit", rc, e);
}

static int adapter_collect(struct tt_instance *self,
                           const struct tt_str *handles, uint64_t n,
                           const struct tt_outcome_sink *sink,
                           uint64_t *again_ms, struct tt_error *e)
{
    const struct tt_outcome_sink outer = { (void *)(uintptr_t)sink,
                                           emit_outcome };
    struct guarded g;

    begin(&g);
    return end(&g, "collect",
               real->adapter->collect(self, handles, n, &outer, again_ms,
                                      &g.error), e);
}

static int adapter_find(struct tt_instance *self, struct tt_str label,
                        const struct tt_outcome_sink *sink, struct tt_error *e)
{
    const struct tt_outcome_sink outer = { (void *)(uintptr_t)sink,
                                           emit_outcome };
    struct guarded g;

    begin(&g);
    return end(&g, "find", real->adapter->find(self, label, &outer, &g.error),
               e);
}

static int adapter_abandon(struct tt_instance *self, struct tt_str handle,
                           struct tt_error *e)
{
    struct guarded g;

    begin(&g);
    return end(&g, "abandon", real->adapter->abandon(self, handle, &g.error),
               e);
}

static void adapter_close(struct tt_instance *self)
{
    real->adapter->close(self);
    forget(self);
}

/* --- the plugin that the session sees ------------------------------------ */

const struct tt_plugin *shim_plugin(const struct tt_plugin *plugin)
{
    static struct tt_strategy strategy = {
        .open = strategy_open, .on_event = strategy_on_event,
        .next = strategy_next, .close = strategy_close,
    };
    static struct tt_adapter adapter = {
        .open = adapter_open,       .submit = adapter_submit,
        .collect = adapter_collect, .find = adapter_find,
        .abandon = adapter_abandon, .close = adapter_close,
    };
    static struct tt_plugin copy;

    real = plugin;
    copy = *plugin;
    if (plugin->strategy != NULL) {
        const struct tt_strategy *s = plugin->strategy;

        copy.strategy = &strategy;
        strategy.validate = s->validate != NULL ? strategy_validate : NULL;
        strategy.snapshot = s->snapshot != NULL ? strategy_snapshot : NULL;
        strategy.explain = s->explain != NULL ? strategy_explain : NULL;
        strategy.get_extension = s->get_extension;
    } else {
        const struct tt_adapter *a = plugin->adapter;

        copy.adapter = &adapter;
        adapter.validate = a->validate != NULL ? adapter_validate : NULL;
        adapter.get_extension = a->get_extension;
    }
    return &copy;
}
