/* SPDX-License-Identifier: MIT
 *
 * api_runs.c - look at runs, cancel them, put candidates in. */
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/engine/engine_runs.h"
#include "core/engine/resource.h"
#include "core/engine/space.h"

/* --- records -------------------------------------------------------------- */

json_object *runs_record(struct engine *g, const struct engine_request *q,
                         struct err *e)
{
    struct store_key key = { STORE_RUN, { q->run }, 0 };
    json_object *document;
    struct err why = { 0 };

    if (resource_id("run", q->run, e) != 0)
        return NULL;
    document = store_get_json(g->store, key, &why);
    if (document != NULL && q->workflow != NULL &&
        strcmp(q->workflow, json_str(document, "workflow")) != 0) {
        json_object_put(document);
        document = NULL;
        why.code = TT_ENOENT;
    }
    if (document == NULL && why.code == TT_ENOENT)
        err_set(e, TT_ENOENT, "run %s: no such run; GET /api/runs lists them",
                q->run);
    else if (document == NULL)
        err_set(e, why.code, "%s", why.text);
    return document;
}

static bool is_running(json_object *document)
{
    const char *status = json_str(document, "status");

    return status != NULL && strcmp(status, "running") == 0;
}

/* --- as it is shown ------------------------------------------------------- */

static void copy_as(json_object *to, const char *name, json_object *from,
                    const char *key)
{
    json_object *value = json_child(from, key);

    if (value != NULL)
        json_set(to, name, json_copy(value));
}

static void set_time(json_object *o, const char *name, json_object *from,
                     const char *key)
{
    int64_t ms = json_int(from, key, 0);
    char text[25];

    if (ms <= 0)
        return;
    clock_format(ms, text);
    json_set_str(o, name, text);
}

static void set_pin(json_object *o, const char *name, json_object *pin)
{
    char *text = xasprintf("%s@%s sha256:%s", json_str(pin, "id"),
                           json_str(pin, "version"), json_str(pin, "hash"));

    json_set_str(o, name, text);
    free(text);
}

static void set_dataset(json_object *o, json_object *pin)
{
    char *text = xasprintf("%s@%lld", json_str(pin, "name"),
                           (long long)json_int(pin, "version", 0));

    json_set_str(o, "dataset", text);
    free(text);
}

/* Of an open run: from the engine's memory; of an ended one: as it ended. */
static void set_progress(struct engine *g, json_object *o,
                         json_object *document)
{
    json_object *progress;

    pthread_mutex_lock(&g->show_lock);
    progress = json_child(g->progress, json_str(document, "run"));
    progress = progress != NULL ? json_copy(progress) : NULL;
    pthread_mutex_unlock(&g->show_lock);
    if (!is_running(document)) {
        json_object_put(progress);
        progress = json_child(document, "progress");
        progress = progress != NULL ? json_copy(progress) : NULL;
    }
    json_set(o, "progress", progress != NULL ? progress
                                             : json_object_new_object());
}

static json_object *shown(struct engine *g, json_object *document, bool full)
{
    json_object *o = json_object_new_object(), *plugins;
    json_object *optimizer = json_child(document, "optimizer");

    copy_as(o, "run_id", document, "run");
    copy_as(o, "workflow_id", document, "workflow");
    copy_as(o, "node_ids", document, "nodes");
    copy_as(o, "status", document, "status");
    copy_as(o, "state", document, "state");
    copy_as(o, "optimizer", optimizer, "id");
    copy_as(o, "objective", json_child(document, "problem"), "objective");
    copy_as(o, "stop_reason", document, "stop_reason");
    copy_as(o, "diagnostic", document, "diagnostic");
    copy_as(o, "nondeterministic", document, "nondeterministic");
    copy_as(o, "environment", document, "environment");
    copy_as(o, "actor", document, "actor");
    set_time(o, "created_at", document, "created_ms");
    set_time(o, "started_at", document, "started_ms");
    set_time(o, "ended_at", document, "ended_ms");
    set_progress(g, o, document);
    if (!full)
        return o;
    plugins = json_object_new_object();
    set_pin(plugins, "strategy", optimizer);
    set_pin(plugins, "adapter", json_child(document, "adapter"));
    json_set(o, "plugins", plugins);
    set_dataset(o, json_child(document, "dataset"));
    copy_as(o, "limits", document, "limits");
    copy_as(o, "convergence", document, "convergence");
    copy_as(o, "seed", document, "seed");
    copy_as(o, "max_in_flight", document, "max_in_flight");
    copy_as(o, "promote", json_child(document, "problem"), "promote");
    copy_as(o, "guardrails", json_child(document, "problem"), "guardrails");
    copy_as(o, "result", document, "result");
    if (json_child(document, "moves") != NULL)
        json_set(o, "moves", moves_shown(document));
    return o;
}

int engine_run_show(struct engine *g, const struct engine_request *q,
                    struct engine_answer *a, struct err *e)
{
    json_object *document = runs_record(g, q, e);

    if (document == NULL)
        return e->code;
    a->body = shown(g, document, true);
    json_object_put(document);
    return 0;
}

/* --- the list ------------------------------------------------------------- */

struct listing {
    struct engine *g;
    const char *workflow, *status;
    json_object *items;
    size_t limit;
    const char *after;  /* a cursor: the last id of the page before */
    char last[64];
    bool more;
};

static bool wanted(const struct listing *l, json_object *document)
{
    const char *status = json_str(document, "status");
    const char *state = json_str(document, "state");

    if (l->status == NULL)
        return true;
    return (status != NULL && strcmp(status, l->status) == 0) ||
           (state != NULL && strcmp(state, l->status) == 0);
}

static int take_document(struct listing *l, const char *id,
                         json_object *document)
{
    if (document == NULL || !wanted(l, document))
        return 0;
    if (json_object_array_length(l->items) == l->limit) {
        l->more = true;
        return 1;
    }
    json_object_array_add(l->items, shown(l->g, document, false));
    (void)snprintf(l->last, sizeof l->last, "%s", id);
    return 0;
}

/* Newest first: the cursor is passed over when it is met. */
static int list_run(void *ctx, const struct store_key *key,
                    struct tt_str bytes)
{
    struct listing *l = ctx;
    json_object *document;
    int rc;

    if (l->after != NULL && strcmp(key->part[0], l->after) >= 0)
        return 0;
    document = json_parse(bytes.p, (size_t)bytes.n, &json_limits_document,
                          NULL);
    rc = take_document(l, key->part[0], document);
    json_object_put(document);
    return rc;
}

struct ids {
    char (*at)[64];
    size_t n;
    const char *after;
};

static int list_id(void *ctx, const struct store_key *key, struct tt_str bytes)
{
    struct ids *ids = ctx;

    (void)bytes;
    if (ids->after != NULL && strcmp(key->part[1], ids->after) >= 0)
        return 0;
    ids->at = xrealloc(ids->at, ids->n + 1, sizeof *ids->at);
    (void)snprintf(ids->at[ids->n++], sizeof *ids->at, "%s", key->part[1]);
    return 0;
}

static int list_of_workflow(struct listing *l, struct err *e)
{
    struct store_key from = { STORE_RUN_OF, { l->workflow }, 0 };
    struct ids ids = { NULL, 0, l->after };
    size_t i;
    int rc = store_scan(l->g->store, from, 1, true, list_id, &ids, e);

    for (i = 0; i < ids.n && rc == 0; i++) {
        struct store_key key = { STORE_RUN, { ids.at[i] }, 0 };
        json_object *document = store_get_json(l->g->store, key, e);

        rc = document == NULL ? e->code : 0;
        if (rc == 0 && take_document(l, ids.at[i], document) == 1)
            i = ids.n;
        json_object_put(document);
    }
    free(ids.at);
    return rc;
}

int engine_runs_list(struct engine *g, const struct engine_request *q,
                     struct engine_answer *a, struct err *e)
{
    struct store_key from = { STORE_RUN, { NULL }, 0 };
    struct listing l = { .g = g, .workflow = q->workflow,
                         .status = resource_query(q, "status"),
                         .after = resource_query(q, "cursor") };
    int rc = resource_limit(q, &l.limit, e);

    if (rc != 0)
        return rc;
    if (l.workflow == NULL)
        l.workflow = resource_query(q, "workflow");
    l.items = json_object_new_array();
    rc = l.workflow != NULL ? list_of_workflow(&l, e)
                            : store_scan(g->store, from, 0, true, list_run, &l,
                                         e);
    if (rc != 0)
        json_object_put(l.items);
    else
        resource_page(a, l.items, l.more ? l.last : NULL);
    return rc;
}

/* --- cancel and enqueue --------------------------------------------------- */

struct nudge {
    struct engine_task task; /* first */
    const char *run;
    struct run_event event;
    uint64_t number; /* of the candidate that was put in */
};

static void start_nudge(struct engine_task *t)
{
    struct nudge *n = (struct nudge *)(void *)t;
    struct shell *s = runs_find(t->g, n->run);
    struct run_counts counts;

    if (s == NULL || s->over) {
        struct err e = { 0 };

        err_set(&e, TT_ECONFLICT, "run %s: it has ended", n->run);
        engine_task_done(t, TT_ECONFLICT, &e);
        return;
    }
    run_count(s->run, &counts);
    n->number = counts.candidates + 1;
    shell_feed(s, &n->event);
    turn_task(t->g, t); /* done when it is stored */
}

static int ended(const struct engine_request *q, json_object *document,
                 struct err *e)
{
    return err_set(e, TT_ECONFLICT, "run %s: it has ended: %s", q->run,
                   json_str(document, "state"));
}

int engine_run_cancel(struct engine *g, const struct engine_request *q,
                      struct engine_answer *a, struct err *e)
{
    static const char *const known[] = { "reason", NULL };
    struct nudge n = { .task = { .start = start_nudge }, .run = q->run };
    json_object *document = runs_record(g, q, e);
    struct json_at at = { q->body, "cancel" };
    const char *reason = "";
    int rc = 0;

    if (document == NULL)
        return e->code;
    if (q->body != NULL)
        rc = json_only(at, known, e);
    if (rc == 0 && q->body != NULL)
        rc = json_get_str(at, "reason", "", &reason, e);
    if (rc == 0 && !is_running(document))
        rc = ended(q, document, e);
    json_object_put(document);
    if (rc != 0)
        return rc;
    n.event.kind = RUN_EV_CANCEL;
    n.event.actor = q->actor;
    n.event.text = reason;
    rc = engine_task_run(g, &n.task, e);
    if (rc != 0)
        return rc;
    return engine_run_show(g, q, a, e);
}

static int check_parameters(json_object *document, json_object *parameters,
                            json_object **values, struct err *e)
{
    json_object *nodes = json_child(json_child(document, "problem"), "nodes");
    struct space *space = space_create(nodes, e);
    struct candidate c;
    int rc;

    if (space == NULL)
        return e->code;
    rc = space_from_json(space, parameters, &c, e);
    if (rc == 0) {
        *values = space_to_json(space, &c.tt);
        candidate_fini(&c);
    }
    space_destroy(space);
    return rc;
}

int engine_run_enqueue(struct engine *g, const struct engine_request *q,
                       struct engine_answer *a, struct err *e)
{
    static const char *const known[] = { "parameters", NULL };
    struct nudge n = { .task = { .start = start_nudge }, .run = q->run };
    json_object *document = runs_record(g, q, e), *parameters;
    struct json_at at = { q->body, "candidate" };
    const char *state;
    int rc;

    if (document == NULL)
        return e->code;
    state = json_str(document, "state");
    rc = json_only(at, known, e);
    if (rc == 0)
        rc = json_get_child(at, "parameters", json_type_object, true,
                            &parameters, e);
    if (rc == 0 && strcmp(state, "starting") != 0 &&
        strcmp(state, "running") != 0)
        rc = is_running(document)
                 ? err_set(e, TT_ECONFLICT, "run %s: it is %s, and takes no "
                           "candidates", q->run, state)
                 : ended(q, document, e);
    if (rc == 0)
        rc = check_parameters(document, parameters, &n.event.parameters, e);
    json_object_put(document);
    if (rc != 0)
        return rc;
    n.event.kind = RUN_EV_ENQUEUE;
    n.event.actor = q->actor;
    rc = engine_task_run(g, &n.task, e);
    json_object_put(n.event.parameters);
    if (rc != 0)
        return rc;
    a->body = json_object_new_object();
    json_set_str(a->body, "run_id", q->run);
    json_set_int(a->body, "candidate", (int64_t)n.number);
    json_set_str(a->body, "state", "enqueued");
    (void)snprintf(a->location, sizeof a->location,
                   "/api/runs/%s/candidates/%llu", q->run,
                   (unsigned long long)n.number);
    return 0;
}
