/* SPDX-License-Identifier: MIT
 *
 * engine_session.c - one worker of one run: started, opened, a strategy also
 * caught up with its log, and started again after a crash. */
#include <string.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/engine/engine_release.h"
#include "core/engine/engine_runs.h"
#include "core/host/codec.h"

#define OPEN_MS 120000     /* an adapter looks at Orcheo first */
#define SNAPSHOT_MS 60000
#define ABANDON_MS 300000

/* --- events --------------------------------------------------------------- */

static void feed(struct session *s, enum run_event_kind kind, const char *text)
{
    struct run_event ev = { .kind = kind, .text = text };

    shell_feed(s->shell, &ev);
}

static void lost(struct session *s, const char *text)
{
    log_warn("plugin.lost", "run=%s plugin=%s hash=%.12s why=\"%s\"",
             s->shell->id, s->plugin.id, s->plugin.hash, text);
    session_stop(s);
    feed(s, s->strategy ? RUN_EV_STRATEGY_LOST : RUN_EV_ADAPTER_LOST, text);
}

/* "strategy x 1.0.0 (sha256 ab12...): what" */
static void blame(struct session *s, const char *what, char *out, size_t size)
{
    (void)snprintf(out, size, "%s %s %s (sha256 %.12s): %.700s", s->role,
                   s->plugin.id, s->plugin.version, s->plugin.hash, what);
}

static void lost_because(struct session *s, const char *what)
{
    char text[900];

    blame(s, what, text, sizeof text);
    lost(s, text);
}

/* --- life ----------------------------------------------------------------- */

int session_init(struct session *s, struct shell *shell, bool strategy,
                 json_object *pinned, struct err *e)
{
    const char *hash = json_str(pinned, "hash");
    char name[80];
    int rc;

    s->shell = shell;
    s->strategy = strategy;
    s->role = strategy ? "strategy" : "adapter";
    (void)snprintf(name, sizeof name, "sha256:%s", hash != NULL ? hash : "");
    s->service.g = shell->g;
    s->service.label = shell->id;
    s->service.dataset = strategy ? shell->dataset : NULL;
    rc = engine_plugin_find(shell->g, name,
                            strategy ? TT_KIND_STRATEGY : TT_KIND_ADAPTER,
                            &s->plugin, e);
    s->service.permissions = s->plugin.permissions;
    return rc;
}

void session_fini(struct session *s)
{
    loop_cancel(s->shell->g->loop, s->timer);
    engine_plugin_fini(&s->plugin);
    json_object_put(s->config);
    buf_fini(&s->want);
    memset(s, 0, sizeof *s);
}

static void forget_calls(struct session *s)
{
    memset(s->calls, 0, sizeof s->calls);
    s->awaited = 0;
}

void session_stop(struct session *s)
{
    s->state = SESSION_OFF;
    forget_calls(s);
    service_stop(&s->service);
    loop_cancel(s->shell->g->loop, s->timer);
    s->timer = 0;
    if (s->worker != NULL)
        worker_stop(s->worker);
}

/* --- opening -------------------------------------------------------------- */

static bool read_state(struct session *s, enum store_kind kind,
                       uint64_t number, struct buf *bytes, uint64_t *position,
                       struct tt_snapshot *snapshot)
{
    struct store_key key = { kind, { s->shell->id }, number };

    buf_reset(bytes);
    return store_get(s->shell->g->store, key, bytes, NULL) == 0 &&
           run_snapshot_get(buf_str(bytes), position, snapshot, NULL) == 0;
}

/* The newest snapshot of this instance; else what it began with, where it took
 * over from another version. */
static bool take_snapshot(struct session *s, struct buf *bytes,
                          struct tt_snapshot *snapshot)
{
    uint64_t state = run_log_state(s->shell->run), position = 0;

    s->has_snapshot = s->has_state = false;
    if (s->fresh)
        return false;
    if (!s->no_snapshot &&
        read_state(s, STORE_SNAPSHOT, 0, bytes, &position, snapshot) &&
        position > s->position) { /* else of an instance that is gone */
        s->position = position;
        s->has_snapshot = true;
        return true;
    }
    s->has_state = state != 0 && !s->no_state &&
                   read_state(s, STORE_STATE, state, bytes, &position,
                              snapshot);
    return s->has_state;
}

static void open_strategy(struct session *s)
{
    struct tt_snapshot snapshot;
    struct buf bytes = { 0 }, payload = { 0 };
    bool have;

    s->position = run_log_start(s->shell->run);
    have = take_snapshot(s, &bytes, &snapshot);
    run_put_problem(s->shell->run, s->config, have ? &snapshot : NULL,
                    &payload);
    s->awaited = worker_send(s->worker, FRAME_OPEN, buf_str(&payload), OPEN_MS);
    buf_fini(&bytes);
    buf_fini(&payload);
}

static void open_plugin(struct session *s)
{
    struct buf payload = { 0 };

    s->state = SESSION_OPENING;
    if (s->strategy) {
        open_strategy(s);
        return;
    }
    run_put_setup(s->shell->run, s->config, &payload);
    s->awaited = worker_send(s->worker, FRAME_OPEN, buf_str(&payload), OPEN_MS);
    buf_fini(&payload);
}

static uint32_t caps_of(json_object *plugin)
{
    static const struct {
        const char *word;
        uint32_t cap;
    } words[] = {
        { "snapshot", TT_CAP_SNAPSHOT },
        { "partial", TT_CAP_PARTIAL },
        { "deterministic", TT_CAP_DETERMINISTIC },
    };
    json_object *list = json_child(plugin, "caps");
    size_t n = list != NULL ? json_object_array_length(list) : 0, i, k;
    uint32_t caps = 0;

    for (i = 0; i < n; i++) {
        const char *word = json_object_get_string(
            json_object_array_get_idx(list, i));

        for (k = 0; word != NULL && k < TT_ARRAY_LEN(words); k++)
            if (strcmp(words[k].word, word) == 0)
                caps |= words[k].cap;
    }
    return caps;
}

static void on_hello(void *ctx, json_object *hello)
{
    struct session *s = ctx;
    struct err e = { 0 };

    if (s->state != SESSION_STARTING)
        return;
    engine_plugin_described(s->shell->g, s->plugin.hash, hello);
    json_object_put(s->plugin.describe);
    s->plugin.describe = json_copy(hello);
    s->caps = caps_of(json_child(hello, "plugin"));
    json_object_put(s->config);
    s->config = engine_pin_config(run_pin(s->shell->run, !s->strategy));
    if (engine_plugin_check_config(&s->plugin, s->config, &e) != 0)
        lost_because(s, e.text);
    else
        open_plugin(s);
}

/* --- catching up ---------------------------------------------------------- */

static void up(struct session *s)
{
    struct run_event ev = { .kind = s->strategy ? RUN_EV_STRATEGY_UP
                                                : RUN_EV_ADAPTER_UP,
                            .value = s->caps, .fresh = s->fresh };

    s->state = SESSION_UP;
    s->fresh = false;
    shell_feed(s->shell, &ev);
}

static void diverged(struct session *s)
{
    log_warn("strategy.diverged", "run=%s plugin=%s hash=%.12s position=%llu",
             s->shell->id, s->plugin.id, s->plugin.hash,
             (unsigned long long)s->position);
    s->fresh = true;
    s->state = SESSION_WAITING; /* on_down() starts the new one */
    forget_calls(s);
    worker_stop(s->worker);
}

/* Feed the next entry that has an answer; the one without is the machine's
 * to send. */
static void feed_log(struct session *s)
{
    struct store_key key = { STORE_LOG, { s->shell->id }, s->position };
    struct buf bytes = { 0 };
    struct run_entry entry;
    struct err e = { 0 };
    int rc = store_get(s->shell->g->store, key, &bytes, &e);

    if (rc == 0)
        rc = run_entry_get(buf_str(&bytes), &entry, &e);
    if (rc == TT_ENOENT ||
        (rc == 0 && (entry.flags & RUN_ENTRY_ANSWERED) == 0)) {
        buf_fini(&bytes);
        up(s);
        return;
    }
    if (rc == 0) {
        s->state = SESSION_REPLAYING;
        buf_reset(&s->want);
        buf_add(&s->want, entry.actions.p, (size_t)entry.actions.n);
        s->position += entry.n;
        s->awaited = worker_send(s->worker, FRAME_STEP, entry.step,
                                 s->shell->g->options.step_ms);
    }
    buf_fini(&bytes);
    if (rc != 0)
        lost(s, e.text);
}

/* Is there another way to open it? From what it began with, and the log; or
 * from the log alone; or anew. */
static bool refuses_state(struct session *s)
{
    if (s->has_snapshot)
        s->no_snapshot = true;
    else if (s->has_state)
        s->no_state = s->fresh = true;
    return s->has_snapshot || s->has_state;
}

static void take_opened(struct session *s, const struct frame *f)
{
    struct tt_error error;

    if (f->type == FRAME_OK) {
        if (s->strategy && !s->fresh)
            feed_log(s);
        else
            up(s);
        return;
    }
    if (codec_get_error(f->payload, &error, NULL) != 0)
        (void)snprintf(error.message, sizeof error.message, "no reason");
    if (s->strategy && error.code == TT_ESTATE && refuses_state(s)) {
        open_strategy(s);
        return;
    }
    lost_because(s, error.message);
}

static void take_replayed(struct session *s, const struct frame *f)
{
    if (f->type == FRAME_ACTIONS &&
        tt_str_equal(f->payload, buf_str(&s->want)))
        feed_log(s);
    else
        diverged(s);
}

/* --- answers -------------------------------------------------------------- */

static void take_error(struct session *s, const struct session_call *call,
                       const struct frame *f)
{
    struct run_event ev = { .kind = RUN_EV_CALL_FAILED,
                            .number = call->number };
    struct tt_error error;

    if (codec_get_error(f->payload, &error, NULL) != 0) {
        memset(&error, 0, sizeof error);
        error.code = TT_EPLUGIN;
    }
    if (error.message[0] == '\0')
        (void)snprintf(error.message, sizeof error.message, "%s (no text)",
                       err_name(error.code));
    if (call->kind == RUN_DO_STEP) {
        lost_because(s, error.message);
        return;
    }
    if (call->kind == RUN_DO_SNAPSHOT)
        ev.kind = RUN_EV_SNAPSHOT; /* without bytes: none */
    ev.code = error.code < 0 ? error.code : TT_EPLUGIN;
    ev.text = error.message;
    ev.value = ev.kind == RUN_EV_CALL_FAILED ? error.retry_after_ms : 0;
    shell_feed(s->shell, &ev);
}

static void take_answer(struct session *s, const struct session_call *call,
                        const struct frame *f)
{
    struct run_event ev = { .number = call->number, .bytes = f->payload };
    struct tt_snapshot state;

    switch (call->kind) {
    case RUN_DO_STEP:
        ev.kind = RUN_EV_ACTIONS;
        break;
    case RUN_DO_SNAPSHOT:
        ev.kind = RUN_EV_SNAPSHOT;
        ev.bytes.n = 0;
        if (codec_get_state(f->payload, &state, NULL) == 0) {
            ev.value = state.schema;
            ev.bytes.p = state.bytes;
            ev.bytes.n = state.n;
        }
        break;
    default:
        ev.kind = RUN_EV_OUTCOMES;
        break;
    }
    shell_feed(s->shell, &ev);
}

static void on_answer(void *ctx, uint32_t number, const struct frame *f)
{
    struct session *s = ctx;
    struct session_call call;
    size_t i;

    if (number == s->awaited && s->state == SESSION_OPENING) {
        take_opened(s, f);
        return;
    }
    if (number == s->awaited && s->state == SESSION_REPLAYING) {
        take_replayed(s, f);
        return;
    }
    for (i = 0; i < TT_ARRAY_LEN(s->calls); i++)
        if (s->calls[i].frame == number)
            break;
    if (i == TT_ARRAY_LEN(s->calls) || s->state != SESSION_UP)
        return; /* of an ABANDON, or of a session that is stopped */
    call = s->calls[i];
    s->calls[i].frame = 0;
    if (f->type == FRAME_ERROR)
        take_error(s, &call, f);
    else
        take_answer(s, &call, f);
}

static void on_request(void *ctx, const struct frame *request)
{
    struct session *s = ctx;

    if (s->state < SESSION_STARTING)
        return; /* it is being stopped, and perhaps of another version */
    service_request(&s->service, s->worker, request);
}

/* --- starting, and starting again ----------------------------------------- */

static void on_down(void *ctx, const struct worker_down *down);

static void spawn(void *ctx)
{
    static const struct worker_callbacks callbacks = {
        .hello = on_hello,
        .answer = on_answer,
        .request = on_request,
        .down = on_down,
    };
    struct session *s = ctx;
    struct engine *g = s->shell->g;
    struct worker_spec spec = engine_plugin_spec(&s->plugin, s->shell->id);
    struct err e = { 0 };

    s->timer = 0;
    s->state = SESSION_STARTING;
    s->worker = work_spawn(g->work, &spec, &callbacks, s, &e);
    if (s->worker != NULL)
        atomic_fetch_add(&g->n.workers_started, 1);
    else if (!work_quarantined(g->work, s->plugin.hash) ||
             !move_rescue(s, e.text))
        lost(s, e.text);
}

static void spawn_later(struct session *s, int64_t wait_ms)
{
    struct loop *loop = s->shell->g->loop;

    loop_cancel(loop, s->timer);
    s->state = SESSION_WAITING;
    s->timer = loop_at(loop, clock_mono_ms() + wait_ms, spawn, s);
}

static void on_down(void *ctx, const struct worker_down *down)
{
    struct session *s = ctx;
    struct engine *g = s->shell->g;
    enum session_state state = s->state;
    char text[700];

    s->worker = NULL;
    forget_calls(s);
    service_stop(&s->service);
    if (state == SESSION_OFF) {
        shell_worker_gone(s->shell); /* it may be freed here */
        return;
    }
    if (down->expected) { /* we wanted a fresh one */
        spawn_later(s, 0);
        return;
    }
    atomic_fetch_add(&g->n.workers_crashed, 1);
    log_warn("worker.down", "run=%s what=\"%s\"", s->shell->id, down->text);
    if (work_quarantined(g->work, s->plugin.hash)) {
        (void)snprintf(text, sizeof text, "%s; it crashes again and again "
                       "and is in quarantine", down->text);
        releases_quarantine(g, s->plugin.hash, down->text);
        if (!move_rescue(s, down->text))
            lost(s, text);
        return;
    }
    spawn_later(s, work_backoff_ms(g->work, s->plugin.hash));
    feed(s, s->strategy ? RUN_EV_STRATEGY_DOWN : RUN_EV_ADAPTER_DOWN, NULL);
}

void session_start(struct session *s)
{
    if (s->state == SESSION_OFF && s->worker == NULL)
        spawn(s);
}

void session_move(struct session *s, json_object *pin, bool start)
{
    struct worker *worker = s->worker;
    struct shell *shell = s->shell;
    bool strategy = s->strategy;
    struct err e = { 0 };

    session_stop(s);
    session_fini(s);
    s->worker = worker;
    if (session_init(s, shell, strategy, pin, &e) != 0) {
        lost_because(s, e.text);
        return;
    }
    if (!start)
        return;
    s->state = SESSION_WAITING;
    if (worker == NULL)
        spawn_later(s, 0); /* else on_down() starts it */
}

/* --- commands ------------------------------------------------------------- */

static uint16_t frame_of(enum run_command_kind kind)
{
    switch (kind) {
    case RUN_DO_STEP:
        return FRAME_STEP;
    case RUN_DO_SNAPSHOT:
        return FRAME_SNAPSHOT;
    case RUN_DO_SUBMIT:
        return FRAME_SUBMIT;
    case RUN_DO_COLLECT:
        return FRAME_COLLECT;
    case RUN_DO_FIND:
        return FRAME_FIND;
    case RUN_DO_ABANDON:
        return FRAME_ABANDON;
    default:
        return 0;
    }
}

static int64_t deadline_of(const struct session *s, const struct run_command *c)
{
    if (c->kind == RUN_DO_STEP)
        return s->shell->g->options.step_ms;
    if (c->kind == RUN_DO_SNAPSHOT)
        return SNAPSHOT_MS;
    if (c->kind == RUN_DO_ABANDON)
        return ABANDON_MS;
    return s->shell->g->options.call_ms + c->extra_ms;
}

void session_do(struct session *s, const struct run_command *c)
{
    uint32_t frame;
    size_t i;

    if (s->state != SESSION_UP || s->worker == NULL)
        return; /* DOWN or LOST is on its way to the machine */
    frame = worker_send(s->worker, frame_of(c->kind), buf_str(&c->payload),
                        deadline_of(s, c));
    if (c->kind == RUN_DO_ABANDON)
        return;
    for (i = 0; i < TT_ARRAY_LEN(s->calls) && s->calls[i].frame != 0; i++)
        ;
    TT_ASSERT(i < TT_ARRAY_LEN(s->calls)); /* the machine waits for answers */
    s->calls[i].frame = frame;
    s->calls[i].kind = c->kind;
    s->calls[i].number = c->number;
}
