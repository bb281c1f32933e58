/* SPDX-License-Identifier: MIT
 *
 * api_optimize.c - start a run: everything that it needs is resolved, checked
 * and pinned here; nothing slow happens. */
#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/crypt/crypt.h"
#include "core/engine/engine_runs.h"
#include "core/engine/optimize.h"
#include "core/engine/resource.h"

#define MAX_SEED ((INT64_C(1) << 53) - 1)

/* --- ids: time first, so that they sort by it ----------------------------- */

static void make_id(char out[24])
{
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    uint64_t ms = (uint64_t)clock_wall_ms();
    unsigned char random[6];
    int i;

    crypt_random(random, sizeof random);
    memcpy(out, "r-", 2);
    for (i = 9; i >= 0; i--, ms >>= 5)
        out[2 + i] = digits[ms & 31];
    for (i = 0; i < 6; i++)
        out[12 + i] = digits[random[i] & 31];
    out[18] = '\0';
}

/* --- the record ----------------------------------------------------------- */

static json_object *dataset_pin(const struct dataset *d)
{
    json_object *o = json_object_new_object();

    json_set_str(o, "name", d->name);
    json_set_int(o, "version", (int64_t)d->version);
    json_set_str(o, "hash", d->hash);
    json_set_int(o, "train", (int64_t)d->n[TT_TRAIN]);
    json_set_int(o, "validation", (int64_t)d->n[TT_VALIDATION]);
    json_set_int(o, "holdout", (int64_t)d->n[TT_HOLDOUT]);
    return o;
}

static void set_budget(json_object *o, const struct budget *b)
{
    json_object *limits = json_object_new_object();
    json_object *convergence = json_object_new_object();

    json_set_int(limits, "iterations", (int64_t)b->tt.iterations);
    json_set_int(limits, "evaluations", (int64_t)b->tt.evaluations);
    json_set_int(limits, "time_seconds", (int64_t)b->tt.seconds);
    json_set_num(limits, "cost", b->tt.cost);
    if (b->has_target)
        json_set_num(limits, "target", b->target);
    json_set(o, "limits", limits);
    json_set_str(convergence, "criterion",
                 b->converge ? "no_improvement" : "none");
    if (b->converge) {
        json_set_int(convergence, "patience", (int64_t)b->patience);
        json_set_num(convergence, "min_delta", b->min_delta);
    }
    json_set(o, "convergence", convergence);
}

static int set_numbers(struct optimize *s, json_object *o, struct err *e)
{
    int64_t most = s->g->options.max_in_flight_run;
    const struct {
        const char *key;
        int64_t otherwise, lo, hi;
    } numbers[] = {
        { "max_in_flight", most, 1, most },
        { "finalists", 1, 1, 3 },
        { "repeats", 1, 1, 100 },
        { "fail_after", 3, 1, 1000 },
    };
    struct json_at at = { s->body, "optimize" };
    unsigned char random[8];
    int64_t seed = 0, value;
    size_t i;
    int rc = 0;

    for (i = 0; i < TT_ARRAY_LEN(numbers) && rc == 0; i++) {
        rc = json_get_int(at, numbers[i].key, &numbers[i].otherwise,
                          numbers[i].lo, numbers[i].hi, &value, e);
        json_set_int(o, numbers[i].key, value);
    }
    crypt_random(random, sizeof random);
    memcpy(&seed, random, sizeof seed);
    seed &= MAX_SEED;
    if (rc == 0)
        rc = json_get_int(at, "seed", &seed, 0, MAX_SEED, &value, e);
    json_set_int(o, "seed", value);
    return rc;
}

static json_object *run_document(struct optimize *s, struct err *e)
{
    json_object *o = json_object_new_object();

    json_set_str(o, "run", s->run);
    json_set_str(o, "workflow", s->q->workflow);
    json_set(o, "nodes", json_copy(json_child(s->body, "node_ids")));
    json_set_str(o, "actor", s->q->actor != NULL ? s->q->actor : "?");
    json_set_str(o, "environment", s->environment);
    json_set_int(o, "created_ms", clock_wall_ms());
    json_set(o, "request", json_copy(s->body));
    json_set(o, "problem", json_object_get(s->problem));
    json_set(o, "optimizer",
             engine_pin_create(&s->strategy, release_why_word(s->strategy_why),
                               s->strategy_config));
    json_set(o, "adapter",
             engine_pin_create(&s->adapter, release_why_word(s->adapter_why),
                               s->adapter_config));
    json_set(o, "dataset", dataset_pin(s->dataset));
    json_set(o, "baseline", json_object_get(s->baseline));
    set_budget(o, &s->budget);
    json_set_str(o, "state", run_state_word(RUN_QUEUED));
    json_set_str(o, "status", run_status_word(RUN_QUEUED));
    if (set_numbers(s, o, e) == 0)
        return o;
    json_object_put(o);
    return NULL;
}

/* --- idempotency ---------------------------------------------------------- */

static struct store_key key_of(const struct engine_request *q)
{
    struct store_key key = { STORE_IDEMPOTENCY,
                             { q->actor, q->idempotency_key }, 0 };

    return key;
}

static void request_hash(const struct engine_request *q,
                         char hex[CRYPT_HEX_BYTES])
{
    struct buf text = { 0 };

    buf_addf(&text, "optimize %s\n", q->workflow);
    json_canonical(q->body, &text);
    crypt_sha256_hex(text.data, text.len, hex);
    buf_fini(&text);
}

static json_object *answer_body(const char *run)
{
    json_object *o = json_object_new_object();

    json_set_str(o, "run_id", run);
    json_set_str(o, "status", run_status_word(RUN_QUEUED));
    return o;
}

static void set_answer(struct engine_answer *a, const char *run)
{
    a->status = 202;
    a->body = answer_body(run);
    (void)snprintf(a->location, sizeof a->location, "/api/runs/%s", run);
}

/* 1: this key was used for this very request, *a has the answer; 0: go on. */
static int replay(struct engine *g, const struct engine_request *q,
                  struct engine_answer *a, struct err *e)
{
    char hash[CRYPT_HEX_BYTES];
    struct err why = { 0 };
    json_object *record;
    const char *was;
    int rc = 1;

    if (q->idempotency_key == NULL || q->actor == NULL)
        return 0;
    record = store_get_json(g->store, key_of(q), &why);
    if (record == NULL)
        return why.code == TT_ENOENT ? 0 : err_set(e, why.code, "%s",
                                                   why.text);
    request_hash(q, hash);
    was = json_str(record, "request");
    if (was == NULL || strcmp(was, hash) != 0)
        rc = err_set(e, TT_EINVAL, "Idempotency-Key %s: was used for another "
                     "request; use a new key", q->idempotency_key);
    else
        set_answer(a, json_str(json_child(record, "body"), "run_id"));
    json_object_put(record);
    return rc;
}

static void remember(const struct optimize *s, struct store_batch *b)
{
    json_object *record;
    char hash[CRYPT_HEX_BYTES];

    if (s->q->idempotency_key == NULL || s->q->actor == NULL)
        return;
    record = json_object_new_object();
    request_hash(s->q, hash);
    json_set_str(record, "request", hash);
    json_set_int(record, "status", 202);
    json_set_int(record, "at", clock_wall_ms());
    json_set(record, "body", answer_body(s->run));
    store_expect_absent(b, key_of(s->q));
    store_put_json(b, key_of(s->q), record);
    json_object_put(record);
}

/* --- all of it ------------------------------------------------------------ */

static void put_event(const struct optimize *s, struct store_batch *b)
{
    struct store_key key = { STORE_EVENT, { s->run }, 1 };
    json_object *o = json_object_new_object();
    char at[25];

    clock_format(clock_wall_ms(), at);
    json_set_int(o, "number", 1);
    json_set_str(o, "at", at);
    json_set_int(o, "time_ms", 0);
    json_set_str(o, "event", "run.queued");
    json_set_str(o, "text", "accepted, and waits for its turn");
    store_put_json(b, key, o);
    json_object_put(o);
}

static int store_run(struct optimize *s, json_object *document, struct err *e)
{
    struct store_key run = { STORE_RUN, { s->run }, 0 };
    struct store_key index = { STORE_RUN_OF, { s->q->workflow, s->run }, 0 };
    struct store_batch *b = store_batch_create();
    json_object *detail = json_object_new_object();

    store_expect_absent(b, run);
    store_put_json(b, run, document);
    store_put(b, index, tt_str_of("{}"));
    put_event(s, b);
    json_set_str(detail, "workflow", s->q->workflow);
    json_set(detail, "node_ids", json_copy(json_child(s->body, "node_ids")));
    json_set_str(detail, "optimizer", s->strategy.id);
    json_set_str(detail, "optimizer_hash", s->strategy.hash);
    store_audit(b, s->q->actor != NULL ? s->q->actor : "?", "run.create",
                s->run, detail);
    json_object_put(detail);
    remember(s, b);
    return store_commit(s->g->store, b, e);
}

int engine_optimize(struct engine *g, const struct engine_request *q,
                    struct engine_answer *a, struct err *e)
{
    struct optimize s = { .g = g, .q = q, .body = q->body };
    json_object *document = NULL;
    int rc = resource_path(q, e);

    if (rc == 0)
        rc = replay(g, q, a, e);
    if (rc != 0)
        return rc > 0 ? 0 : rc;
    make_id(s.run);
    rc = optimize_gather(&s, e);
    if (rc == 0) {
        document = run_document(&s, e);
        rc = document == NULL ? e->code : store_run(&s, document, e);
    }
    if (rc == 0) {
        set_answer(a, s.run);
        runs_announce(g, s.run);
    } else if (rc == TT_EEXIST && q->idempotency_key != NULL) {
        rc = replay(g, q, a, e); /* the same request was faster */
        rc = rc > 0 ? 0 : rc == 0 ? TT_ECONFLICT : rc;
    }
    json_object_put(document);
    optimize_fini(&s);
    return rc;
}
