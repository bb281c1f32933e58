/* SPDX-License-Identifier: MIT
 *
 * api_optimize.c - start a run: everything that it needs is resolved, checked
 * and pinned here; nothing slow happens. */
#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/crypt/crypt.h"
#include "core/engine/budget.h"
#include "core/engine/engine_runs.h"
#include "core/engine/resource.h"
#include "core/engine/target.h"
#include "core/engine/version.h"

#define MAX_NODES 32
#define MAX_SEED ((INT64_C(1) << 53) - 1)

/* What is gathered on the way. */
struct starting {
    struct engine *g;
    const struct engine_request *q;
    json_object *body;
    json_object *targets;  /* {node: document} */
    json_object *problem;  /* target_join() */
    struct space *space;
    struct engine_plugin strategy, adapter;
    json_object *strategy_config, *adapter_config;
    struct dataset *dataset;
    struct budget budget;
    const char *environment;
    json_object *baseline; /* {"parameters","versions","source"} */
    char run[24];
};

static void fini(struct starting *s)
{
    json_object_put(s->targets);
    json_object_put(s->problem);
    space_destroy(s->space);
    engine_plugin_fini(&s->strategy);
    engine_plugin_fini(&s->adapter);
    json_object_put(s->strategy_config);
    json_object_put(s->adapter_config);
    dataset_destroy(s->dataset);
    json_object_put(s->baseline);
}

/* --- ids: time first, so that they sort by it ----------------------------------------- */

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

/* --- the request ------------------------------------------------------------------------ */

static int check_members(struct starting *s, struct err *e)
{
    static const char *const known[] = {
        "node_ids", "optimizer", "objective", "limits", "convergence", "seed",
        "dataset", "guardrails", "optimizer_config", "adapter_config",
        "promote", "max_in_flight", "environment", "finalists", "repeats",
        "fail_after", NULL,
    };
    struct json_at at = { s->body, "optimize" };

    return json_only(at, known, e);
}

/* {node: target} of the nodes that are named. */
static int read_targets(struct starting *s, struct err *e)
{
    struct json_at at = { s->body, "optimize" };
    json_object *list;
    size_t i, n;
    int rc = json_get_child(at, "node_ids", json_type_array, true, &list, e);

    if (rc != 0)
        return rc;
    n = json_object_array_length(list);
    if (n == 0 || n > MAX_NODES)
        return err_set(e, TT_EINVAL, "optimize: node_ids: wants 1 to %d nodes, "
                       "has %zu", MAX_NODES, n);
    s->targets = json_object_new_object();
    for (i = 0; i < n; i++) {
        json_object *one = json_object_array_get_idx(list, i), *target;
        const char *node = json_object_is_type(one, json_type_string)
                               ? json_object_get_string(one)
                               : NULL;

        rc = resource_id("optimize: node_ids: node", node, e);
        if (rc != 0)
            return rc;
        if (json_child(s->targets, node) != NULL)
            return err_set(e, TT_EINVAL, "optimize: node_ids: \"%s\" is there "
                           "twice", node);
        target = resource_target(s->g->store, s->q->workflow, node, e);
        if (target == NULL)
            return e->code;
        json_set(s->targets, node, target);
    }
    return 0;
}

static int join(struct starting *s, struct err *e)
{
    struct json_at at = { s->body, "optimize" };
    const char *promote = NULL;
    int rc;

    s->problem = target_join(s->q->workflow, s->targets, s->body, e);
    if (s->problem == NULL)
        return e->code;
    rc = json_get_str(at, "promote", "", &promote, e);
    if (rc == 0 && *promote != '\0') {
        if (strcmp(promote, "auto") != 0 && strcmp(promote, "manual") != 0)
            return err_set(e, TT_EINVAL, "optimize: promote: must be manual or "
                           "auto, is \"%s\"", promote);
        json_set_str(s->problem, "promote", promote);
    }
    s->space = rc == 0 ? space_create(json_child(s->problem, "nodes"), e)
                       : NULL;
    return rc == 0 && s->space == NULL ? e->code : rc;
}

/* --- plugins ------------------------------------------------------------------------------- */

static json_object *description(const struct engine_plugin *p)
{
    json_object *plugin = json_child(p->describe, "plugin");

    return plugin != NULL ? plugin : p->describe;
}

static bool lists(json_object *list, const char *word)
{
    size_t i, n = list != NULL ? json_object_array_length(list) : 0;

    for (i = 0; i < n; i++) {
        const char *one = json_object_get_string(
            json_object_array_get_idx(list, i));

        if (one != NULL && strcmp(one, word) == 0)
            return true;
    }
    return false;
}

/* Is there anything at all that it could search? Its own validate says more,
 * when the run starts. */
static int check_kinds(struct starting *s, struct err *e)
{
    static const char *const words[] = { "", "float", "int", "categorical",
                                         "ordinal", "bool", "text" };
    json_object *kinds = json_child(description(&s->strategy), "param_kinds");
    uint64_t i, open = 0;

    for (i = 0; kinds != NULL && i < s->space->tt.n_params; i++) {
        const struct tt_param *p = tt_space_param(&s->space->tt, i);

        if ((p->flags & TT_PARAM_FIXED) != 0)
            continue;
        open++;
        if (lists(kinds, words[p->kind]))
            return 0;
    }
    if (kinds == NULL)
        return 0; /* not described yet */
    if (open == 0)
        return err_set(e, TT_EINVAL, "optimize: every parameter is fixed: "
                       "there is nothing to tune");
    return err_set(e, TT_EUNSUPPORTED, "optimize: strategy %s searches none of "
                   "these parameters' kinds; it knows %s", s->strategy.id,
                   json_object_get_string(kinds));
}

static int pin_plugin(struct starting *s, const char *name, uint32_t kind,
                      json_object *overrides, struct engine_plugin *plugin,
                      json_object **config, struct err *e)
{
    json_object *trial;
    int rc = engine_plugin_find(s->g, name, kind, plugin, e);

    if (rc != 0)
        return rc;
    *config = engine_plugin_config(s->g, plugin, overrides);
    trial = json_copy(*config); /* defaults are filled in when it is opened */
    rc = engine_plugin_check_config(plugin, trial, e);
    json_object_put(trial);
    return rc;
}

static int read_plugins(struct starting *s, struct err *e)
{
    json_object *adapter = json_child(s->problem, "adapter"), *config;
    struct json_at at = { s->body, "optimize" };
    json_object *strategy_over, *adapter_over;
    const char *optimizer;
    int rc = json_get_str(at, "optimizer", NULL, &optimizer, e);

    if (rc == 0)
        rc = json_get_child(at, "optimizer_config", json_type_object, false,
                            &strategy_over, e);
    if (rc == 0)
        rc = json_get_child(at, "adapter_config", json_type_object, false,
                            &adapter_over, e);
    if (rc == 0)
        rc = pin_plugin(s, optimizer, TT_KIND_STRATEGY, strategy_over,
                        &s->strategy, &s->strategy_config, e);
    if (rc == 0)
        rc = check_kinds(s, e);
    if (rc != 0)
        return rc;
    config = json_child(adapter, "config");
    config = config != NULL ? json_copy(config) : json_object_new_object();
    if (adapter_over != NULL) {
        json_object_object_foreach(adapter_over, key, value)
        {
            json_set(config, key, json_copy(value));
        }
    }
    rc = pin_plugin(s, json_str(adapter, "plugin"), TT_KIND_ADAPTER, config,
                    &s->adapter, &s->adapter_config, e);
    json_object_put(config);
    return rc;
}

/* --- dataset, budget, baseline ------------------------------------------------------------------- */

static int read_budget(struct starting *s, struct err *e)
{
    const struct engine_options *o = &s->g->options;
    uint64_t size = (uint64_t)json_int(json_child(s->problem, "evaluation"),
                                       "cases_per_run", 1);
    struct budget_terms terms = {
        .iterations_min = (uint64_t)json_int(description(&s->strategy),
                                             "budget_min", 0),
        .cases = s->dataset->n[TT_VALIDATION],
        .cap_iterations = o->cap_iterations,
        .cap_seconds = o->cap_seconds,
        .cap_evaluations = o->cap_evaluations,
    };

    if (size == 0)
        size = 1;
    terms.per_candidate = (terms.cases + size - 1) / size;
    return budget_parse(s->body, &terms, &s->budget, e);
}

static int read_environment(struct starting *s, struct err *e)
{
    struct json_at at = { s->body, "optimize" };
    int rc = json_get_str(at, "environment", s->g->options.environment,
                          &s->environment, e);

    return rc != 0 ? rc : resource_id("optimize: environment", s->environment,
                                      e);
}

/* The active version's parameters of a node; NULL where none is active. */
static json_object *active_of(struct starting *s, const char *node,
                              char name[32], int *rc, struct err *e)
{
    struct store_moved moved;
    struct err why = { 0 };
    json_object *version, *parameters;

    *rc = store_active(s->g->store, s->q->workflow, node, s->environment,
                       &moved, &why);
    if (*rc == TT_ENOENT) {
        *rc = 0;
        return NULL;
    }
    if (*rc != 0) {
        err_set(e, *rc, "%s", why.text);
        return NULL;
    }
    version = resource_version(s->g->store, s->q->workflow, node, moved.active,
                               e);
    if (version == NULL) {
        *rc = e->code;
        return NULL;
    }
    version_text(moved.active, name);
    parameters = json_copy(json_child(version, "parameters"));
    json_object_put(version);
    return parameters;
}

/* A version may hold what the target does not tune (any more). */
static json_object *only_tuned(json_object *parameters, json_object *tuned)
{
    json_object *o = json_object_new_object();

    json_object_object_foreach(parameters, name, value)
    {
        if (json_child(tuned, name) != NULL)
            json_set(o, name, json_copy(value));
    }
    json_object_put(parameters);
    return o;
}

static int read_baseline(struct starting *s, struct err *e)
{
    json_object *nodes = json_child(s->problem, "nodes");
    json_object *parameters = json_object_new_object();
    json_object *versions = json_object_new_object();
    struct candidate c;
    bool active = false;
    int rc = 0;

    s->baseline = json_object_new_object();
    json_set(s->baseline, "parameters", parameters);
    json_set(s->baseline, "versions", versions);
    json_object_object_foreach(nodes, node, tuned)
    {
        char name[32];
        json_object *values = active_of(s, node, name, &rc, e);

        if (rc != 0)
            return rc;
        if (values == NULL) {
            json_set(versions, node, NULL);
            json_set(parameters, node, json_object_new_object());
            continue;
        }
        active = true;
        json_set_str(versions, node, name);
        json_set(parameters, node, only_tuned(values, tuned));
    }
    json_set_str(s->baseline, "source", active ? "active" : "defaults");
    rc = space_from_json(s->space, parameters, &c, e);
    if (rc != 0) {
        err_prefix(e, "optimize: the active version is no point of the search "
                   "space; widen the target");
        return TT_EINVAL;
    }
    json_set(s->baseline, "parameters", space_to_json(s->space, &c.tt));
    candidate_fini(&c);
    return 0;
}

/* --- the record ------------------------------------------------------------------------------------- */

static json_object *plugin_pin(const struct engine_plugin *p,
                               json_object *config)
{
    json_object *o = json_object_new_object();

    json_set_str(o, "id", p->id);
    json_set_str(o, "version", p->version);
    json_set_str(o, "hash", p->hash);
    json_set(o, "config", json_object_get(config));
    return o;
}

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

static int set_numbers(struct starting *s, json_object *o, struct err *e)
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

static json_object *run_document(struct starting *s, struct err *e)
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
    json_set(o, "optimizer", plugin_pin(&s->strategy, s->strategy_config));
    json_set(o, "adapter", plugin_pin(&s->adapter, s->adapter_config));
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

/* --- idempotency -------------------------------------------------------------------------------------- */

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

static void remember(const struct starting *s, struct store_batch *b)
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

/* --- all of it ------------------------------------------------------------------------------------------- */

static void put_event(const struct starting *s, struct store_batch *b)
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

static int store_run(struct starting *s, json_object *document, struct err *e)
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

static int gather(struct starting *s, struct err *e)
{
    int rc = check_members(s, e);

    if (rc == 0)
        rc = read_targets(s, e);
    if (rc == 0)
        rc = join(s, e);
    if (rc == 0)
        rc = read_environment(s, e);
    if (rc == 0)
        rc = read_plugins(s, e);
    if (rc != 0)
        return rc;
    s->dataset = resource_dataset_open(s->g->store, s->q->workflow,
                                       json_str(s->problem, "dataset"), e);
    if (s->dataset == NULL)
        return e->code;
    rc = read_budget(s, e);
    return rc != 0 ? rc : read_baseline(s, e);
}

int engine_optimize(struct engine *g, const struct engine_request *q,
                    struct engine_answer *a, struct err *e)
{
    struct starting s = { .g = g, .q = q, .body = q->body };
    json_object *document = NULL;
    int rc = resource_path(q, e);

    if (rc == 0)
        rc = replay(g, q, a, e);
    if (rc != 0)
        return rc > 0 ? 0 : rc;
    make_id(s.run);
    rc = gather(&s, e);
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
    fini(&s);
    return rc;
}
