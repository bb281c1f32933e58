/* SPDX-License-Identifier: MIT
 *
 * run_sim.c - see run_sim.h. */
#include "tests/unit/run_sim_in.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/host/codec.h"
#include "core/host/frame.h"
#include "tests/unit/json_of.h"

/* --- the store ------------------------------------------------------------ */

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

void sim_violate(struct sim *s, const char *format, ...)
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
        sim_violate(s, "candidate %llu changed", (unsigned long long)r->number);
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

/* --- deliveries ----------------------------------------------------------- */

bool sim_chance(struct sim *s, unsigned percent)
{
    return percent > 0 && tt_random_below(&s->random, 100) < percent;
}

struct sim_delivery *sim_deliver(struct sim *s, enum run_event_kind kind,
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

uint64_t sim_jitter(struct sim *s)
{
    return s->o.late > 0 ? tt_random_below(&s->random, 1 + 10 * s->o.late) : 0;
}

void sim_drop_queue(struct sim *s, bool all, bool strategy)
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

/* --- the strategy --------------------------------------------------------- */

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

static bool read_state(struct sim *s, enum store_kind kind, uint64_t number,
                       uint64_t *at, struct tt_snapshot *snapshot)
{
    const struct sim_record *r = find(s, kind, number);
    struct tt_str bytes = { NULL, 0 };

    if (r == NULL)
        return false;
    bytes.p = r->bytes;
    bytes.n = r->n;
    return run_snapshot_get(bytes, at, snapshot, NULL) == 0;
}

struct host_session *sim_open_session(struct sim *s, const struct run *run,
                                         uint64_t *position, bool snapshots)
{
    struct host_services services = { .ctx = s, .data = serve_data };
    struct host_session *session = host_session_create(s->o.strategy,
                                                       &services);
    uint64_t state = run_log_state(run), at = 0;
    json_object *config = json_object_new_object();
    struct tt_snapshot snapshot;
    struct buf payload = { 0 }, answer = { 0 };
    bool have = false;

    if (snapshots && read_state(s, STORE_SNAPSHOT, 0, &at, &snapshot) &&
        at > *position) {
        *position = at;
        have = true;
    } else if (snapshots && state != 0) {
        have = read_state(s, STORE_STATE, state, &at, &snapshot);
        if (!have || at != *position)
            sim_violate(s, "no state for a version that took over");
    }
    run_put_problem(run, config, have ? &snapshot : NULL, &payload);
    if (exchange(session, FRAME_OPEN, buf_str(&payload), &answer) != FRAME_OK)
        sim_violate(s, "the strategy did not open");
    buf_fini(&payload);
    buf_fini(&answer);
    json_object_put(config);
    return session;
}

bool sim_feed_entry(struct host_session *session,
                    const struct run_entry *entry)
{
    struct buf answer = { 0 };
    bool same = exchange(session, FRAME_STEP, entry->step, &answer) ==
                    FRAME_ACTIONS &&
                tt_str_equal(buf_str(&answer), entry->actions);

    buf_fini(&answer);
    return same;
}

/* 0: caught up; 1: it diverged. */
int sim_feed_log(struct sim *s, struct host_session *session,
                    uint64_t position, uint64_t *entries)
{
    const struct sim_record *r;
    int rc = 0;

    *entries = 0;
    while (rc == 0 && (r = find(s, STORE_LOG, position)) != NULL) {
        struct tt_str bytes = { r->bytes, r->n };
        struct run_entry entry;

        if (run_entry_get(bytes, &entry, NULL) != 0)
            sim_violate(s, "a log entry cannot be read");
        position += entry.n;
        if ((entry.flags & RUN_ENTRY_ANSWERED) == 0)
            break;
        rc = !sim_feed_entry(session, &entry);
        (*entries)++;
    }
    return rc;
}

static void start_strategy(struct sim *s)
{
    uint64_t position = run_log_start(s->run), entries = 0;
    struct sim_delivery *d;
    bool fresh;

    host_session_destroy(s->strategy);
    s->strategy = sim_open_session(s, s->run, &position, true);
    fresh = (s->o.refuse_state && run_log_state(s->run) != 0) ||
            sim_feed_log(s, s->strategy, position, &entries) != 0 ||
            (s->o.forget_floor && entries > 4);
    if (fresh) {
        s->o.forget_floor = s->o.refuse_state = false;
        position = UINT64_MAX;
        host_session_destroy(s->strategy);
        s->strategy = sim_open_session(s, s->run, &position, false);
    }
    d = sim_deliver(s, RUN_EV_STRATEGY_UP, 0, sim_jitter(s));
    d->ev.fresh = fresh;
    d->ev.value = s->o.strategy->caps;
    d->strategy = true;
}

static void crash_strategy(struct sim *s)
{
    struct run_event ev = { .kind = RUN_EV_STRATEGY_DOWN };

    if (!s->strategy_started)
        return;
    sim_drop_queue(s, false, true);
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
        sim_violate(s, "a step was sent that is not in the log");
    if (c->kind == RUN_DO_SNAPSHOT) {
        struct tt_str none = { NULL, 0 };
        struct tt_snapshot state = { 0 };

        d = sim_deliver(s, RUN_EV_SNAPSHOT, c->number, sim_jitter(s));
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
        d = sim_deliver(s, RUN_EV_ACTIONS, c->number, sim_jitter(s));
        d->bytes = answer;
    } else {
        d = sim_deliver(s, RUN_EV_STRATEGY_LOST, 0, 0);
        (void)codec_get_error(buf_str(&answer), &error, NULL);
        (void)snprintf(d->text, sizeof d->text, "%.190s", error.message);
        buf_fini(&answer);
    }
    d->strategy = true;
}

/* --- the adapter's worker ------------------------------------------------- */

static void start_adapter(struct sim *s)
{
    (void)sim_deliver(s, RUN_EV_ADAPTER_UP, 0, sim_jitter(s));
}

static void crash_adapter(struct sim *s)
{
    struct run_event ev = { .kind = RUN_EV_ADAPTER_DOWN };

    if (!s->adapter_started)
        return;
    sim_drop_queue(s, false, false);
    sim_feed(s, &ev);
    if (!s->finished)
        start_adapter(s);
}

/* --- another version ------------------------------------------------------ */

static void move(struct sim *s, bool adapter)
{
    sim_drop_queue(s, false, !adapter);
    if (adapter && s->adapter_started)
        start_adapter(s);
    else if (!adapter && s->strategy_started)
        start_strategy(s);
}

static unsigned count_moves(const struct sim *s)
{
    json_object *run = sim_json(s, STORE_RUN, 0);
    json_object *list = json_child(run, "moves");
    size_t n = list != NULL ? json_object_array_length(list) : 0;

    json_object_put(run);
    return (unsigned)n;
}

/* Ask for the next one when it is time, and again when a crash forgot it. */
static void ask_move(struct sim *s)
{
    struct run_event ev = { .kind = RUN_EV_MOVE, .actor = "ops", .text = "why",
                            .adapter = s->o.move_adapter,
                            .fresh = s->o.move_history };
    unsigned n;

    if (s->o.moves == 0 || s->run == NULL || run_moving(s->run))
        return;
    n = count_moves(s);
    if (n >= s->o.moves || s->commits < s->o.move_every * (n + 1) ||
        run_may_move(s->run, s->o.move_adapter, NULL) != 0)
        return;
    ev.parameters = json_of(n % 2 == 0
                                ? "{'id':'sim','version':'2.0.0','hash':'fe'}"
                                : "{'id':'sim','version':'1.0.0','hash':'ab'}");
    sim_feed(s, &ev);
    json_object_put(ev.parameters);
}

/* --- the daemon ----------------------------------------------------------- */

static void answer_llm(struct sim *s, const struct run_command *c)
{
    struct sim_delivery *d = sim_deliver(s, RUN_EV_LLM, c->number,
                                         sim_jitter(s));

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
            sim_submit(s, c);
            break;
        case RUN_DO_COLLECT:
        case RUN_DO_FIND:
        case RUN_DO_ABANDON:
            sim_answer_strs(s, c);
            break;
        case RUN_DO_LLM:
            answer_llm(s, c);
            break;
        case RUN_DO_STOP_STRATEGY:
            s->strategy_started = false;
            sim_drop_queue(s, false, true);
            break;
        case RUN_DO_MOVE:
            move(s, c->number == 1);
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
        sim_violate(s, "load: %.250s", e->text);
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
        sim_violate(s, "load: %.250s", e.text);
        return NULL;
    }
    load_kind(s, run, STORE_CANDIDATE, &e);
    load_kind(s, run, STORE_EVALUATION, &e);
    while ((r = find(s, STORE_LOG, position)) != NULL) {
        struct tt_str bytes = { r->bytes, r->n };
        struct run_entry entry;

        if (run_entry_get(bytes, &entry, &e) != 0 ||
            run_load_log(run, position, bytes, &e) != 0) {
            sim_violate(s, "load: %.250s", e.text);
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
        sim_violate(s, "load: %.250s", e.text);
    return run;
}

void sim_admit(struct sim *s)
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
    sim_drop_queue(s, true, false);
    host_session_destroy(s->strategy);
    s->strategy = NULL;
    s->strategy_started = s->adapter_started = false;
    run_destroy(s->run);
    s->run = load(s);
    if (s->run != NULL && run_state(s->run) < RUN_COMPLETED)
        sim_admit(s);
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
    if (!s->finished && s->commits != before && sim_chance(s, s->o.crash)) {
        run_actions_fini(&a);
        crash(s); /* stored, and nothing of it done */
        return;
    }
    perform(s, &a);
    run_actions_fini(&a);
}

/* --- life ----------------------------------------------------------------- */

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

struct sim_options sim_small(const struct tt_plugin *strategy,
                             unsigned in_flight)
{
    struct sim_options o = { .strategy = strategy, .seed = 42,
                             .max_in_flight = in_flight, .iterations = 6,
                             .cases_per_run = 2, .n_train = 3,
                             .n_validation = 3, .n_holdout = 6, .slow = 3 };

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
    if (!o->idle)
        sim_admit(s);
}

void sim_fini(struct sim *s)
{
    size_t i;

    sim_drop_queue(s, true, false);
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
    if (sim_chance(s, s->o.doubled)) { /* it comes again */
        s->queue[best].at_ms = at + sim_jitter(s) + 1;
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
            sim_violate(s, "the run stands still in state %s",
                    run_state_word(run_state(s->run)));
            return false;
        }
        if (!s->finished)
            ask_move(s);
        if (!s->finished && sim_chance(s, s->o.strategy_crash))
            crash_strategy(s);
        if (!s->finished && sim_chance(s, s->o.adapter_crash))
            crash_adapter(s);
    }
    return s->finished;
}
