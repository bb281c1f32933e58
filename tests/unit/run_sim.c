/* SPDX-License-Identifier: MIT
 *
 * run_sim.c - see run_sim.h. */
#include "tests/unit/run_sim.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <trimtab/asktell.h>

#include "core/base/mem.h"
#include "core/host/codec.h"
#include "core/host/frame.h"
#include "tests/unit/json_of.h"

struct sim_delivery {
    struct run_event ev;
    struct buf bytes;
    char text[200];
    uint64_t at_ms;
    bool strategy; /* whose worker it comes from: it dies with it */
    bool internal; /* of the daemon: it dies with that */
};

/* --- a strategy of asktell.h --------------------------------------------------------- */

static int random_ask(struct tt_asktell *at, struct tt_proposal *p,
                      struct tt_error *e)
{
    uint64_t i;

    (void)e;
    for (i = 0; i < at->space->n_params; i++) {
        const struct tt_param *param = tt_space_param(at->space, i);

        if (tt_param_searched(param))
            p->values[i].number =
                tt_param_from_unit(param, tt_random_unit(&p->random));
    }
    return 0;
}

static const struct tt_asktell_ops random_ops = { NULL, 0, NULL, NULL,
                                                  random_ask, NULL, NULL,
                                                  NULL, 1 };
TT_ASKTELL_STRATEGY(random_strategy, random_ops);

const struct tt_plugin *sim_random_strategy(void)
{
    static const struct tt_plugin plugin = {
        .size = sizeof plugin, .abi_major = TT_ABI_MAJOR,
        .abi_minor = TT_ABI_MINOR_WANTED, .kind = TT_KIND_STRATEGY,
        .id = "sim-random", .version = "1.0.0", .name = "sim-random",
        .summary = "Uniform.", .vendor = "trimtab", .license = "MIT",
        .config_schema = "{\"type\":\"object\"}",
        .caps = TT_CAP_DETERMINISTIC | TT_CAP_SNAPSHOT | TT_CAP_PENDING |
                TT_CAP_PARTIAL,
        .param_kinds = TT_KINDS_NUMERIC, .state_schema = 1,
        .state_schema_min = 1, .strategy = &random_strategy,
    };

    return &plugin;
}

/* --- a strategy that a test writes ----------------------------------------------------- */

static struct sim_script *script;

static int script_open(const struct tt_host *host,
                       const struct tt_problem *problem,
                       const struct tt_snapshot *snapshot,
                       struct tt_instance **out, struct tt_error *e)
{
    (void)host;
    (void)snapshot;
    (void)e;
    script->n_params = problem->space->n_params;
    *out = (struct tt_instance *)(void *)script;
    return 0;
}

static int script_event(struct tt_instance *self, const struct tt_event *event,
                        struct tt_error *e)
{
    const void *record = event;
    const struct tt_result *r = record;
    const struct tt_failure *f = record;
    const struct tt_llm_reply *l = record;
    struct tt_str text = { NULL, 0 };

    (void)self;
    (void)e;
    script->told[event->kind]++;
    if (event->kind == TT_RESULT) {
        script->objective = r->objectives[0];
        script->ref = r->ref;
        script->n_cases = r->n_cases;
    }
    if (event->kind == TT_FAILED || event->kind == TT_CANCELLED) {
        script->ref = f->ref;
        text = f->cause;
    }
    if (event->kind == TT_LLM_REPLY) {
        script->tokens += l->tokens_in;
        text = l->text;
    }
    if (text.n > 0)
        (void)snprintf(script->text, sizeof script->text, "%.*s", (int)text.n,
                       text.p);
    return 0;
}

static int script_next(struct tt_instance *self, const struct tt_ask *ask,
                       const struct tt_action_sink *sink, struct tt_error *e)
{
    (void)self;
    script->asks++;
    return script->next(script, ask, sink, e);
}

static int script_validate(const struct tt_problem *problem,
                           struct tt_error *e)
{
    (void)problem;
    (void)e;
    return 0;
}

static void script_close(struct tt_instance *self)
{
    (void)self;
}

const struct tt_plugin *sim_script_strategy(struct sim_script *of)
{
    static const struct tt_strategy strategy = {
        script_validate, script_open, script_event, script_next,
        NULL,            NULL,        script_close, NULL
    };
    static const struct tt_plugin plugin = {
        .size = sizeof plugin, .abi_major = TT_ABI_MAJOR,
        .abi_minor = TT_ABI_MINOR_WANTED, .kind = TT_KIND_STRATEGY,
        .id = "sim-script", .version = "1.0.0", .name = "sim-script",
        .summary = "As written.", .vendor = "trimtab", .license = "MIT",
        .config_schema = "{\"type\":\"object\"}", .caps = TT_CAP_PARTIAL,
        .param_kinds = TT_KINDS_NUMERIC, .strategy = &strategy,
    };

    script = of;
    return &plugin;
}

int sim_evaluate(const struct tt_action_sink *sink, uint64_t ref,
                 uint64_t n_params, double x)
{
    struct tt_value values[8] = { { .number = x } };
    struct tt_evaluate v = { .head = { sizeof v, TT_EVALUATE }, .ref = ref };
    uint64_t i;

    for (i = 0; i < n_params && i < 8; i++)
        values[i].number = x;
    v.candidate.size = sizeof v.candidate;
    v.candidate.value_size = sizeof *values;
    v.candidate.values = values;
    v.candidate.n_values = ref < TT_REF_HOST ? n_params : 0;
    v.predicted_mean = v.predicted_sd = v.acquisition = (double)NAN;
    return sink->emit(sink, &v.head);
}

int sim_emit(const struct tt_action_sink *sink, uint32_t kind)
{
    struct tt_done done = { .head = { sizeof done, TT_DONE } };
    struct tt_wait wait = { .head = { sizeof wait, TT_WAIT } };

    done.reason = tt_str_of("exhausted");
    return sink->emit(sink, kind == TT_DONE ? &done.head : &wait.head);
}

/* --- the store ---------------------------------------------------------------------------- */

static struct sim_record *find(const struct sim *s, enum store_kind kind,
                               uint64_t number)
{
    size_t i;

    for (i = s->n_records; i > 0; i--)
        if (s->records[i - 1].kind == kind &&
            s->records[i - 1].number == number)
            return &s->records[i - 1];
    return NULL;
}

const struct sim_record *sim_get(const struct sim *s, enum store_kind kind,
                                 uint64_t number)
{
    return find(s, kind, number);
}

json_object *sim_json(const struct sim *s, enum store_kind kind,
                      uint64_t number)
{
    const struct sim_record *r = find(s, kind, number);

    return r != NULL ? json_parse(r->bytes, r->n, &json_limits_document, NULL)
                     : NULL;
}

uint64_t sim_count(const struct sim *s, enum store_kind kind)
{
    uint64_t n = 0;
    size_t i;

    for (i = 0; i < s->n_records; i++)
        n += s->records[i].kind == kind;
    return n;
}

static void violate(struct sim *s, const char *format, ...)
{
    va_list args;

    if (s->violations++ > 0)
        return;
    va_start(args, format);
    (void)vsnprintf(s->what, sizeof s->what, format, args);
    va_end(args);
}

static void put(struct sim *s, enum store_kind kind, uint64_t number,
                char *bytes, size_t n)
{
    struct sim_record *r = find(s, kind, number);

    if (r == NULL) {
        s->records = xrealloc(s->records, s->n_records + 1, sizeof *r);
        r = &s->records[s->n_records++];
        memset(r, 0, sizeof *r);
        r->kind = kind;
        r->number = number;
    }
    free(r->bytes);
    r->bytes = bytes;
    r->n = n;
}

static void put_json(struct sim *s, enum store_kind kind, uint64_t number,
                     json_object *o)
{
    char *text = json_canonical_dup(o);

    put(s, kind, number, text, strlen(text));
}

/* A candidate's parameters never change once they are stored. */
static void check_unchanged(struct sim *s, const struct run_record *r)
{
    json_object *old;

    if (r->kind != STORE_CANDIDATE)
        return;
    old = sim_json(s, r->kind, r->number);
    if (old != NULL && !json_equal(json_child(old, "parameters"),
                                   json_child(r->document, "parameters")))
        violate(s, "candidate %llu changed", (unsigned long long)r->number);
    json_object_put(old);
}

static void commit(struct sim *s, struct run_actions *a)
{
    size_t i;

    if (a->n_records == 0 && a->finish == NULL)
        return;
    for (i = 0; i < a->n_records; i++) {
        struct run_record *r = &a->records[i];

        if (r->document != NULL) {
            check_unchanged(s, r);
            put_json(s, r->kind, r->number, r->document);
        } else {
            char *copy = xcalloc(r->bytes.len + 1, 1);

            memcpy(copy, r->bytes.data, r->bytes.len);
            put(s, r->kind, r->number, copy, r->bytes.len);
        }
    }
    if (a->finish != NULL) {
        put_json(s, STORE_RUN, 0, a->finish->run);
        put_json(s, STORE_REPORT, 0, a->finish->report);
        s->versions = json_object_get(a->finish->versions);
        s->promoted = a->finish->promote;
        s->finished = true;
    }
    s->commits++;
}

/* --- deliveries ----------------------------------------------------------------------------- */

static bool chance(struct sim *s, unsigned percent)
{
    return percent > 0 && tt_random_below(&s->random, 100) < percent;
}

static struct sim_delivery *deliver(struct sim *s, enum run_event_kind kind,
                                    uint64_t number, uint64_t wait_ms)
{
    struct sim_delivery *d;

    s->queue = xrealloc(s->queue, s->n_queue + 1, sizeof *s->queue);
    d = &s->queue[s->n_queue++];
    memset(d, 0, sizeof *d);
    d->ev.kind = kind;
    d->ev.number = number;
    d->at_ms = s->now_ms + wait_ms;
    return d;
}

static uint64_t jitter(struct sim *s)
{
    return s->o.late > 0 ? tt_random_below(&s->random, 1 + 10 * s->o.late) : 0;
}

static void drop_queue(struct sim *s, bool all, bool strategy)
{
    size_t i, n = 0;

    for (i = 0; i < s->n_queue; i++)
        if (all || (s->queue[i].strategy == strategy &&
                    !s->queue[i].internal))
            buf_fini(&s->queue[i].bytes);
        else
            s->queue[n++] = s->queue[i];
    s->n_queue = n;
}

/* --- the strategy ------------------------------------------------------------------------------ */

/* The answer's type; its payload into *answer. */
static uint16_t exchange(struct host_session *session, uint16_t type,
                         struct tt_str payload, struct buf *answer)
{
    struct frame request = { type, 1, payload }, f;
    struct buf out = { 0 };
    uint16_t got = 0;

    host_session_handle(session, &request, &out);
    buf_reset(answer);
    if (frame_take(&out, &f, NULL) == 1) {
        got = f.type;
        buf_add(answer, f.payload.p, (size_t)f.payload.n);
    }
    buf_fini(&out);
    return got;
}

static int serve_data(void *ctx, uint32_t split, uint64_t id, struct buf *out,
                      struct tt_error *e)
{
    struct sim *s = ctx;

    if (split != TT_TRAIN)
        return tt_fail(e, TT_EPERM, "no");
    buf_adds(out, s->dataset->cases[split][id]);
    return 0;
}

static struct host_session *open_session(struct sim *s, const struct run *run,
                                         uint64_t *position, bool snapshots)
{
    struct host_services services = { .ctx = s, .data = serve_data };
    struct host_session *session = host_session_create(s->o.strategy,
                                                       &services);
    const struct sim_record *r = snapshots ? find(s, STORE_SNAPSHOT, 0) : NULL;
    json_object *config = json_object_new_object();
    struct tt_snapshot snapshot;
    struct buf payload = { 0 }, answer = { 0 };
    uint64_t at;
    bool have = false;

    if (r != NULL) {
        struct tt_str bytes = { r->bytes, r->n };

        have = run_snapshot_get(bytes, &at, &snapshot, NULL) == 0 &&
               at > *position;
        if (have)
            *position = at;
    }
    run_put_problem(run, config, have ? &snapshot : NULL, &payload);
    if (exchange(session, FRAME_OPEN, buf_str(&payload), &answer) != FRAME_OK)
        violate(s, "the strategy did not open");
    buf_fini(&payload);
    buf_fini(&answer);
    json_object_put(config);
    return session;
}

/* 0: caught up; 1: it diverged. */
static int feed_log(struct sim *s, struct host_session *session,
                    uint64_t position, uint64_t *entries)
{
    struct buf answer = { 0 };
    const struct sim_record *r;
    int rc = 0;

    *entries = 0;
    while (rc == 0 && (r = find(s, STORE_LOG, position)) != NULL) {
        struct tt_str bytes = { r->bytes, r->n };
        struct run_entry entry;

        if (run_entry_get(bytes, &entry, NULL) != 0)
            violate(s, "a log entry cannot be read");
        position += entry.n;
        if ((entry.flags & RUN_ENTRY_ANSWERED) == 0)
            break;
        if (exchange(session, FRAME_STEP, entry.step, &answer) !=
                FRAME_ACTIONS ||
            !tt_str_equal(buf_str(&answer), entry.actions))
            rc = 1;
        (*entries)++;
    }
    buf_fini(&answer);
    return rc;
}

static void start_strategy(struct sim *s)
{
    uint64_t position = run_log_start(s->run), entries = 0;
    struct sim_delivery *d;
    bool fresh;

    host_session_destroy(s->strategy);
    s->strategy = open_session(s, s->run, &position, true);
    fresh = feed_log(s, s->strategy, position, &entries) != 0 ||
            (s->o.forget_floor && entries > 4);
    if (fresh) {
        s->o.forget_floor = false;
        position = UINT64_MAX;
        host_session_destroy(s->strategy);
        s->strategy = open_session(s, s->run, &position, false);
    }
    d = deliver(s, RUN_EV_STRATEGY_UP, 0, jitter(s));
    d->ev.fresh = fresh;
    d->ev.value = s->o.strategy->caps;
    d->strategy = true;
}

static void crash_strategy(struct sim *s)
{
    struct run_event ev = { .kind = RUN_EV_STRATEGY_DOWN };

    if (!s->strategy_started)
        return;
    drop_queue(s, false, true);
    sim_feed(s, &ev);
    if (s->strategy_started && !s->finished)
        start_strategy(s);
}

static void step_strategy(struct sim *s, const struct run_command *c)
{
    struct sim_delivery *d;
    struct buf answer = { 0 };
    struct tt_error error;
    const struct sim_record *r = find(s, STORE_LOG, c->number);

    if (c->kind == RUN_DO_STEP && r == NULL)
        violate(s, "a step was sent that is not in the log");
    if (c->kind == RUN_DO_SNAPSHOT) {
        struct tt_str none = { NULL, 0 };
        struct tt_snapshot state = { 0 };

        d = deliver(s, RUN_EV_SNAPSHOT, c->number, jitter(s));
        if (exchange(s->strategy, FRAME_SNAPSHOT, none, &answer) ==
                FRAME_BYTES &&
            codec_get_state(buf_str(&answer), &state, NULL) == 0) {
            d->ev.value = state.schema;
            buf_add(&d->bytes, state.bytes, (size_t)state.n);
        }
        d->strategy = true;
        buf_fini(&answer);
        return;
    }
    if (exchange(s->strategy, FRAME_STEP, buf_str(&c->payload), &answer) ==
        FRAME_ACTIONS) {
        d = deliver(s, RUN_EV_ACTIONS, c->number, jitter(s));
        d->bytes = answer;
    } else {
        d = deliver(s, RUN_EV_STRATEGY_LOST, 0, 0);
        (void)codec_get_error(buf_str(&answer), &error, NULL);
        (void)snprintf(d->text, sizeof d->text, "%.190s", error.message);
        buf_fini(&answer);
    }
    d->strategy = true;
}

/* --- the outside --------------------------------------------------------------------------------- */

static struct sim_outside *outside(struct sim *s, struct tt_str id)
{
    size_t i;

    for (i = 0; i < s->n_outside; i++)
        if (tt_str_equal(id, tt_str_of(s->outside[i].id)))
            return &s->outside[i];
    return NULL;
}

static double hill(const struct tt_candidate *c, uint64_t id)
{
    double sum = 0.0, x;
    uint64_t i;

    for (i = 0; i < c->n_values; i++) {
        x = tt_candidate_value(c, i)->number - 0.7;
        sum -= x * x;
    }
    return sum + 0.01 * (double)id;
}

static char *outputs_of(struct sim *s, const struct tt_evaluation *v)
{
    struct buf b = { 0 };
    char number[32];
    uint64_t i;

    if (s->o.outputs != NULL && s->o.outputs(s->o.ctx, v) != NULL)
        return xstrdup(s->o.outputs(s->o.ctx, v));
    buf_adds(&b, "{\"node_results\":{\"score\":{\"metric_name\":\"score\","
                 "\"corpus_score\":0.5,\"per_item\":[");
    for (i = 0; i < v->n_cases; i++) {
        double x = s->o.score != NULL
                       ? s->o.score(s->o.ctx, &v->candidate, v->cases[i].id)
                       : hill(&v->candidate, v->cases[i].id);

        json_number(x, number);
        buf_addf(&b, "%s%s", i > 0 ? "," : "", number);
    }
    buf_adds(&b, "]}}}");
    return buf_steal(&b);
}

static struct sim_outside *dispatch(struct sim *s, struct tt_str label,
                                    const struct tt_evaluation *v)
{
    struct sim_outside *o = outside(s, v->id);

    if (o != NULL) {
        o->dispatched++;
        violate(s, "evaluation %s was dispatched twice", o->id);
        return o;
    }
    s->outside = xrealloc(s->outside, s->n_outside + 1, sizeof *o);
    o = &s->outside[s->n_outside++];
    memset(o, 0, sizeof *o);
    o->id = xstr(v->id);
    o->label = xstr(label);
    o->dispatched = 1;
    o->ready_ms = s->now_ms +
                  (s->o.slow > 0 ? tt_random_below(&s->random,
                                                   20 * s->o.slow) : 0);
    o->state = chance(s, s->o.error) ? TT_ERROR
               : chance(s, s->o.lost) ? TT_LOST : TT_SUCCEEDED;
    o->cost = 0.001;
    o->outputs = outputs_of(s, v);
    return o;
}

static void put_outcome(struct sim *s, struct buf *b, const struct sim_outside *o,
                        bool running)
{
    struct tt_outcome out = { .size = sizeof out,
                              .state = running ? TT_RUNNING : o->state };

    (void)s;
    out.id = out.handle = tt_str_of(o->id);
    out.message = tt_str_of(out.state == TT_SUCCEEDED ? "" : "so it went");
    if (out.state == TT_SUCCEEDED) {
        out.outputs = tt_str_of(o->outputs);
        out.cost = o->cost;
        out.tokens_in = 3;
    }
    codec_put_outcome(b, &out);
}

static void fail_call(struct sim *s, uint64_t number)
{
    struct sim_delivery *d = deliver(s, RUN_EV_CALL_FAILED, number, jitter(s));

    d->ev.code = TT_ETIMEOUT;
    (void)snprintf(d->text, sizeof d->text, "no answer came");
}

static void check_intent(struct sim *s, const struct tt_evaluation *v,
                         struct tt_str label)
{
    const char *slash = memchr(v->id.p, '/', (size_t)v->id.n);
    json_object *o = sim_json(s, STORE_EVALUATION,
                              slash != NULL ? strtoull(slash + 1, NULL, 10)
                                            : 0);

    if (o == NULL || !tt_str_equal(v->id, tt_str_of(json_str(o, "id"))) ||
        !tt_str_equal(label, tt_str_of(json_str(o, "label"))))
        violate(s, "an evaluation was sent whose intent is not stored");
    json_object_put(o);
}

static void submit(struct sim *s, const struct run_command *c)
{
    const struct tt_batch *batch = NULL;
    struct arena a = { 0 };
    struct sim_delivery *d;
    struct buf b = { 0 };
    uint64_t i;

    if (codec_get_batch(buf_str(&c->payload), &a, &batch, NULL) != 0) {
        violate(s, "a batch cannot be read");
        return;
    }
    if (run_in_flight(s->run) > s->peak_in_flight)
        s->peak_in_flight = run_in_flight(s->run);
    codec_put_again(&b, 0);
    for (i = 0; i < batch->n_evaluations; i++) {
        const struct tt_evaluation *v = &batch->evaluations[i];
        struct tt_outcome out = { .size = sizeof out, .state = TT_LATER,
                                  .id = v->id };

        check_intent(s, v, batch->label);
        if (chance(s, s->o.later))
            codec_put_outcome(&b, &out);
        else if (!chance(s, s->o.unsure / 2)) /* else it gets lost unheard */
            put_outcome(s, &b, dispatch(s, batch->label, v), s->o.slow > 0);
    }
    if (chance(s, s->o.unsure)) {
        fail_call(s, c->number);
    } else {
        d = deliver(s, RUN_EV_OUTCOMES, c->number, jitter(s));
        d->bytes = b;
        memset(&b, 0, sizeof b);
    }
    buf_fini(&b);
    arena_fini(&a);
}

static void answer_strs(struct sim *s, const struct run_command *c)
{
    const struct tt_str *strs = NULL;
    struct arena a = { 0 };
    struct sim_delivery *d;
    struct buf b = { 0 };
    uint64_t n = 0, i;
    size_t k;

    (void)codec_get_strs(buf_str(&c->payload), &a, &strs, &n, NULL);
    codec_put_again(&b, 50);
    for (i = 0; i < n; i++)
        for (k = 0; k < s->n_outside; k++) {
            struct sim_outside *o = &s->outside[k];
            bool ready = s->now_ms >= o->ready_ms;

            if (c->kind == RUN_DO_FIND &&
                tt_str_equal(strs[i], tt_str_of(o->label)))
                put_outcome(s, &b, o, !ready);
            if (c->kind == RUN_DO_COLLECT && ready &&
                tt_str_equal(strs[i], tt_str_of(o->id)))
                put_outcome(s, &b, o, false);
            if (c->kind == RUN_DO_ABANDON &&
                tt_str_equal(strs[i], tt_str_of(o->id)))
                o->abandoned++;
        }
    arena_fini(&a);
    if (c->kind == RUN_DO_ABANDON) {
        buf_fini(&b);
        return;
    }
    if (chance(s, s->o.unsure)) {
        fail_call(s, c->number);
        buf_fini(&b);
        return;
    }
    d = deliver(s, RUN_EV_OUTCOMES, c->number, jitter(s));
    d->bytes = b;
}

static void start_adapter(struct sim *s)
{
    (void)deliver(s, RUN_EV_ADAPTER_UP, 0, jitter(s));
}

static void crash_adapter(struct sim *s)
{
    struct run_event ev = { .kind = RUN_EV_ADAPTER_DOWN };

    if (!s->adapter_started)
        return;
    drop_queue(s, false, false);
    sim_feed(s, &ev);
    if (!s->finished)
        start_adapter(s);
}

/* --- the daemon ------------------------------------------------------------------------------------ */

static void answer_llm(struct sim *s, const struct run_command *c)
{
    struct sim_delivery *d = deliver(s, RUN_EV_LLM, c->number, jitter(s));

    d->ev.reply.status = TT_LLM_OK;
    d->ev.reply.cost = 0.01;
    d->internal = true;
    buf_addf(&d->bytes, "Say it in %llu words",
             (unsigned long long)(c->number % 7 + 1));
}

static void perform(struct sim *s, struct run_actions *a)
{
    size_t i;

    for (i = 0; i < a->n_commands; i++) {
        const struct run_command *c = &a->commands[i];

        switch (c->kind) {
        case RUN_DO_START:
            s->adapter_started = true;
            start_adapter(s);
            if (c->number == 0) {
                s->strategy_started = true;
                start_strategy(s);
            }
            break;
        case RUN_DO_STEP:
        case RUN_DO_SNAPSHOT:
            step_strategy(s, c);
            break;
        case RUN_DO_SUBMIT:
            submit(s, c);
            break;
        case RUN_DO_COLLECT:
        case RUN_DO_FIND:
        case RUN_DO_ABANDON:
            answer_strs(s, c);
            break;
        case RUN_DO_LLM:
            answer_llm(s, c);
            break;
        case RUN_DO_STOP_STRATEGY:
            s->strategy_started = false;
            drop_queue(s, false, true);
            break;
        case RUN_DO_FINISH:
            s->strategy_started = s->adapter_started = false;
            break;
        }
    }
}

static void load_kind(struct sim *s, struct run *run, enum store_kind kind,
                      struct err *e)
{
    uint64_t i, n = sim_count(s, kind);
    int rc = 0;

    for (i = 1; rc == 0 && i <= n; i++) {
        json_object *o = sim_json(s, kind, i);

        rc = kind == STORE_CANDIDATE ? run_load_candidate(run, o, e)
                                     : run_load_evaluation(run, o, e);
        json_object_put(o);
    }
    if (rc != 0)
        violate(s, "load: %.250s", e->text);
}

static struct run *load(struct sim *s)
{
    json_object *document = sim_json(s, STORE_RUN, 0);
    struct err e = { 0 };
    struct run *run = run_create(document, s->dataset, &e);
    const struct sim_record *r;
    uint64_t position = 1, at;
    struct tt_snapshot snapshot;

    json_object_put(document);
    if (run == NULL) {
        violate(s, "load: %.250s", e.text);
        return NULL;
    }
    load_kind(s, run, STORE_CANDIDATE, &e);
    load_kind(s, run, STORE_EVALUATION, &e);
    while ((r = find(s, STORE_LOG, position)) != NULL) {
        struct tt_str bytes = { r->bytes, r->n };
        struct run_entry entry;

        if (run_entry_get(bytes, &entry, &e) != 0 ||
            run_load_log(run, position, bytes, &e) != 0) {
            violate(s, "load: %.250s", e.text);
            break;
        }
        position += entry.n;
    }
    run_load_events(run, sim_count(s, STORE_EVENT));
    r = find(s, STORE_SNAPSHOT, 0);
    if (r != NULL) {
        struct tt_str bytes = { r->bytes, r->n };

        if (run_snapshot_get(bytes, &at, &snapshot, &e) == 0)
            run_load_snapshot(run, at);
    }
    if (run_loaded(run, &e) != 0)
        violate(s, "load: %.250s", e.text);
    return run;
}

static void admit(struct sim *s)
{
    struct run_event ev = { .kind = RUN_EV_ADMIT, .value = 1700000000000 };

    sim_feed(s, &ev);
    ev = (struct run_event){ .kind = RUN_EV_SLOTS,
                             .value = s->o.max_in_flight };
    sim_feed(s, &ev);
}

static void crash(struct sim *s)
{
    s->crashes++;
    drop_queue(s, true, false);
    host_session_destroy(s->strategy);
    s->strategy = NULL;
    s->strategy_started = s->adapter_started = false;
    run_destroy(s->run);
    s->run = load(s);
    if (s->run != NULL && run_state(s->run) < RUN_COMPLETED)
        admit(s);
}

void sim_feed(struct sim *s, struct run_event *ev)
{
    struct run_actions a;
    uint64_t before = s->commits;

    if (s->run == NULL)
        return;
    ev->now_ms = s->now_ms;
    run_step(s->run, ev, &a);
    commit(s, &a);
    if (s->o.crash_after != 0 && s->commits == s->o.crash_after &&
        s->commits != before) {
        run_actions_fini(&a);
        if (!s->finished)
            crash(s);
        return;
    }
    if (!s->finished && s->commits != before && chance(s, s->o.crash)) {
        run_actions_fini(&a);
        crash(s); /* stored, and nothing of it done */
        return;
    }
    perform(s, &a);
    run_actions_fini(&a);
}

/* --- life ---------------------------------------------------------------------------------------------- */

static void add_cases(json_object *list, const char *split, unsigned n)
{
    unsigned i;

    for (i = 0; i < n; i++) {
        json_object *one = json_object_new_object();
        char id[40];

        (void)snprintf(id, sizeof id, "%s-%u", split, i);
        json_set_str(one, "id", id);
        json_set_str(one, "split", split);
        json_set_str(one, "question", id);
        json_object_array_add(list, one);
    }
}

static void make_dataset(struct sim *s)
{
    json_object *list = json_object_new_array();
    struct err e = { 0 };

    add_cases(list, "train", s->o.n_train);
    add_cases(list, "validation", s->o.n_validation);
    add_cases(list, "holdout", s->o.n_holdout);
    s->dataset_document = json_object_new_object();
    json_set(s->dataset_document, "cases", list);
    s->dataset = dataset_create("qa", 1, s->dataset_document, &e);
    if (s->dataset == NULL) {
        printf("Bail out! %s\n", e.text);
        exit(1);
    }
}

static void lay_over(json_object *to, const char *quoted)
{
    json_object *from = quoted != NULL ? json_of(quoted) : NULL;

    if (from != NULL) {
        json_object_object_foreach(from, key, value)
        {
            json_set(to, key, json_object_get(value));
        }
    }
    json_object_put(from);
}

static json_object *make_document(struct sim *s)
{
    json_object *o = json_of(
        "{'run':'r-SIM','workflow':'demo','nodes':['answer'],'actor':'test',"
        "'environment':'production','state':'queued','status':'running',"
        "'created_ms':1700000000000,'finalists':1,'repeats':1,'fail_after':3,"
        "'optimizer':{'id':'sim','version':'1.0.0','hash':'abcdef0123456789',"
        "'config':{}},'adapter':{'id':'outside','version':'2.0.0',"
        "'hash':'9876543210fedcba','config':{}},"
        "'dataset':{'name':'qa','version':1,'hash':'x'},"
        "'convergence':{'criterion':'none'},"
        "'baseline':{'source':'defaults','versions':{'answer':null}}}");
    json_object *problem = json_of(
        "{'nodes':{'answer':{'temperature':{'type':'float','min':0,'max':1,"
        "'default':0.1},'top':{'type':'float','min':0,'max':1,"
        "'default':0.9},'style':{'type':'categorical','choices':['a','b'],"
        "'default':'a'}}},'objective':{'metric':'score',"
        "'direction':'maximize'},'guardrails':[],'metrics':{},"
        "'aggregate':'mean','promote':'manual','delivery':{'answer':"
        "{'mode':'pull'}},'evaluation':{'retries':2,'timeout_seconds':60}}");
    json_object *limits = json_object_new_object(), *baseline;

    if (!s->o.numeric)
        json_set(json_child(json_child(problem, "nodes"), "answer"), "prompt",
                 json_of("{'type':'text','default':'Answer','max_bytes':200}"));
    if (s->o.minimize)
        json_set_str(json_child(problem, "objective"), "direction",
                     "minimize");
    json_set_int(json_child(problem, "evaluation"), "cases_per_run",
                 s->o.cases_per_run);
    lay_over(problem, s->o.problem);
    json_set_int(limits, "iterations", s->o.iterations);
    json_set_int(limits, "time_seconds", s->o.seconds);
    json_set(o, "limits", limits);
    json_set(o, "problem", problem);
    json_set_int(o, "seed", (int64_t)s->o.seed);
    json_set_int(o, "max_in_flight", s->o.max_in_flight);
    baseline = json_child(o, "baseline");
    json_set(baseline, "parameters", json_of("{'answer':{}}"));
    lay_over(o, s->o.extra);
    return o;
}

void sim_init(struct sim *s, const struct sim_options *o)
{
    struct err e = { 0 };

    memset(s, 0, sizeof *s);
    s->o = *o;
    s->random = tt_random_at(o->seed, 77, TT_STREAM_OWN);
    make_dataset(s);
    s->document = make_document(s);
    put_json(s, STORE_RUN, 0, s->document);
    s->run = run_create(s->document, s->dataset, &e);
    if (s->run == NULL) {
        printf("Bail out! %s\n", e.text);
        exit(1);
    }
    admit(s);
}

void sim_fini(struct sim *s)
{
    size_t i;

    drop_queue(s, true, false);
    host_session_destroy(s->strategy);
    run_destroy(s->run);
    dataset_destroy(s->dataset);
    json_object_put(s->document);
    json_object_put(s->dataset_document);
    json_object_put(s->versions);
    for (i = 0; i < s->n_records; i++)
        free(s->records[i].bytes);
    for (i = 0; i < s->n_outside; i++) {
        free(s->outside[i].id);
        free(s->outside[i].label);
        free(s->outside[i].outputs);
    }
    free(s->records);
    free(s->outside);
    free(s->queue);
    memset(s, 0, sizeof *s);
}

/* The next thing to happen: an answer, or the machine's timer. */
static bool deliver_next(struct sim *s)
{
    uint64_t wake = run_wake_ms(s->run), at = 0;
    struct run_event ev = { .kind = RUN_EV_TIMER };
    struct sim_delivery d;
    size_t i, best = 0;

    for (i = 0; i < s->n_queue; i++)
        if (s->queue[i].at_ms < s->queue[best].at_ms)
            best = i;
    if (s->n_queue > 0)
        at = s->queue[best].at_ms;
    if (s->n_queue == 0 && wake == 0)
        return false; /* nothing will ever happen again */
    if (s->n_queue == 0 || (wake != 0 && wake < at)) {
        s->now_ms = wake > s->now_ms ? wake : s->now_ms;
        sim_feed(s, &ev);
        return true;
    }
    d = s->queue[best];
    if (chance(s, s->o.doubled)) { /* it comes again */
        s->queue[best].at_ms = at + jitter(s) + 1;
        memset(&s->queue[best].bytes, 0, sizeof d.bytes);
        buf_add(&s->queue[best].bytes, d.bytes.data, d.bytes.len);
    } else {
        s->queue[best] = s->queue[--s->n_queue];
    }
    if (at > s->now_ms)
        s->now_ms = at;
    d.ev.text = d.text;
    d.ev.bytes = buf_str(&d.bytes);
    if (d.ev.kind == RUN_EV_LLM)
        d.ev.reply.text = d.ev.bytes;
    sim_feed(s, &d.ev);
    buf_fini(&d.bytes);
    return true;
}

bool sim_run(struct sim *s, uint64_t most)
{
    while (!s->finished && s->run != NULL && s->deliveries < most) {
        s->deliveries++;
        if (!deliver_next(s)) {
            violate(s, "the run stands still in state %s",
                    run_state_word(run_state(s->run)));
            return false;
        }
        if (!s->finished && chance(s, s->o.strategy_crash))
            crash_strategy(s);
        if (!s->finished && chance(s, s->o.adapter_crash))
            crash_adapter(s);
    }
    return s->finished;
}

/* --- checks ----------------------------------------------------------------------------------------------- */

static void check_gap_free(struct sim *s, enum store_kind kind,
                           const char *name)
{
    uint64_t i, n = sim_count(s, kind);

    for (i = 1; i <= n; i++)
        if (find(s, kind, i) == NULL)
            violate(s, "%s %llu is missing", name, (unsigned long long)i);
}

/* Every EVALUATE of a candidate has an end that was told at most once: the
 * log never holds more RESULTs of a ref than it has EVALUATEs and one. */
static void check_log(struct sim *s)
{
    uint64_t position = 1, told = 0, asked = 0, i;
    const struct sim_record *r;

    while ((r = find(s, STORE_LOG, position)) != NULL) {
        struct tt_str bytes = { r->bytes, r->n };
        struct codec_actions answer = { 0 };
        struct codec_step step = { 0 };
        struct arena a = { 0 };
        struct run_entry entry;

        if (run_entry_get(bytes, &entry, NULL) != 0 ||
            codec_get_step(entry.step, &a, &step, NULL) != 0)
            violate(s, "log: position %llu", (unsigned long long)position);
        if ((entry.flags & RUN_ENTRY_FRESH) != 0)
            told = asked = 0;
        for (i = 0; i < step.n_events; i++) {
            if (step.events[i]->position != position + i)
                violate(s, "log: positions have a gap");
            told += step.events[i]->kind == TT_RESULT ||
                    step.events[i]->kind == TT_FAILED ||
                    step.events[i]->kind == TT_CANCELLED;
        }
        if ((entry.flags & RUN_ENTRY_FRESH) != 0)
            told = 0; /* it was told the history */
        if ((entry.flags & RUN_ENTRY_ANSWERED) != 0 &&
            codec_get_actions(entry.actions, &a, &answer, NULL) == 0)
            for (i = 0; i < answer.n; i++)
                asked += answer.actions[i]->kind == TT_EVALUATE;
        if (told > asked + 1)
            violate(s, "log: %llu endings for %llu EVALUATEs",
                    (unsigned long long)told, (unsigned long long)asked);
        position += entry.n;
        arena_fini(&a);
    }
    if (position > 1 && sim_count(s, STORE_LOG) > position - 1)
        violate(s, "log: entries behind a gap");
}

static void check_iterations(struct sim *s)
{
    json_object *run = sim_json(s, STORE_RUN, 0);
    json_object *done = json_child(json_child(run, "progress"), "iterations");

    if (s->o.iterations > 0 &&
        json_int(done, "done", 0) > (int64_t)s->o.iterations)
        violate(s, "%lld iterations of %u", (long long)json_int(done, "done",
                                                                0),
                s->o.iterations);
    json_object_put(run);
}

bool sim_check(struct sim *s)
{
    check_gap_free(s, STORE_CANDIDATE, "candidate");
    check_gap_free(s, STORE_EVALUATION, "evaluation");
    check_gap_free(s, STORE_EVENT, "event");
    check_log(s);
    check_iterations(s);
    if (s->peak_in_flight > s->o.max_in_flight)
        violate(s, "%llu in flight", (unsigned long long)s->peak_in_flight);
    return s->violations == 0;
}

void sim_print(const struct sim *s)
{
    uint64_t i, n = sim_count(s, STORE_EVENT);

    for (i = 1; i <= n; i++) {
        json_object *o = sim_json(s, STORE_EVENT, i);

        printf("# %6lld %-20s %s\n", (long long)json_int(o, "time_ms", 0),
               json_str(o, "event"), json_str(o, "text"));
        json_object_put(o);
    }
}

bool sim_replay(struct sim *s)
{
    uint64_t position = 1, entries = 0;
    struct host_session *session = open_session(s, s->run, &position, false);
    int rc = feed_log(s, session, 1, &entries);

    host_session_destroy(session);
    return rc == 0;
}
