/* SPDX-License-Identifier: MIT
 *
 * engine_recover.c - find the runs that are open in the store, build their
 * machines again, and go on. */
#include <string.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/engine/engine_release.h"
#include "core/engine/engine_runs.h"

/* --- the records of one run ----------------------------------------------- */

struct loading {
    struct run *run;
    int (*one)(struct run *r, json_object *document, struct err *e);
    struct err *e;
};

static int load_document(void *ctx, const struct store_key *key,
                         struct tt_str bytes)
{
    struct loading *l = ctx;
    json_object *o = json_parse(bytes.p, (size_t)bytes.n, &json_limits_document,
                                l->e);
    int rc = o != NULL ? l->one(l->run, o, l->e) : TT_ECORRUPT;

    (void)key;
    json_object_put(o);
    return rc;
}

static int load_entry(void *ctx, const struct store_key *key,
                      struct tt_str bytes)
{
    struct loading *l = ctx;

    return run_load_log(l->run, key->number, bytes, l->e);
}

static int newest_one(void *ctx, const struct store_key *key,
                      struct tt_str bytes)
{
    (void)bytes;
    *(uint64_t *)ctx = key->number;
    return 1;
}

static void load_snapshot(struct engine *g, struct run *run)
{
    struct store_key key = { STORE_SNAPSHOT, { run_id(run) }, 0 };
    struct tt_snapshot snapshot;
    struct buf bytes = { 0 };
    uint64_t position;

    if (store_get(g->store, key, &bytes, NULL) == 0 &&
        run_snapshot_get(buf_str(&bytes), &position, &snapshot, NULL) == 0)
        run_load_snapshot(run, position);
    buf_fini(&bytes);
}

int runs_load(struct engine *g, struct run *run, struct err *e)
{
    struct store_key key = { STORE_CANDIDATE, { run_id(run) }, 0 };
    struct loading l = { run, run_load_candidate, e };
    uint64_t last = 0;
    int rc = store_scan(g->store, key, 1, false, load_document, &l, e);

    if (rc == 0) {
        l.one = run_load_evaluation;
        key.kind = STORE_EVALUATION;
        rc = store_scan(g->store, key, 1, false, load_document, &l, e);
    }
    if (rc == 0) {
        key.kind = STORE_LOG;
        rc = store_scan(g->store, key, 1, false, load_entry, &l, e);
    }
    if (rc == 0) {
        key.kind = STORE_EVENT;
        key.number = INT64_MAX;
        rc = store_scan(g->store, key, 1, true, newest_one, &last, e);
    }
    if (rc != 0)
        return rc;
    run_load_events(run, last);
    load_snapshot(g, run);
    return run_loaded(run, e);
}

/* --- a run that cannot go on ---------------------------------------------- */

static void bury(struct engine *g, json_object *document, const char *why)
{
    const char *id = json_str(document, "run");
    struct store_key key = { STORE_RUN, { id }, 0 };
    struct store_batch *b = store_batch_create();
    json_object *detail = json_object_new_object();
    struct err e = { 0 };
    char text[1100], actor[96];

    (void)snprintf(text, sizeof text, "the run could not go on after a "
                   "restart: %s", why);
    (void)snprintf(actor, sizeof actor, "run:%.80s", id);
    json_set_str(document, "state", run_state_word(RUN_FAILED));
    json_set_str(document, "status", run_status_word(RUN_FAILED));
    json_set_str(document, "stop_reason", "failed");
    json_set_str(document, "diagnostic", text);
    json_set_int(document, "ended_ms", clock_wall_ms());
    store_put_json(b, key, document);
    key.kind = STORE_REPORT;
    store_put_json(b, key, document); /* as much as there is */
    store_audit(b, actor, "run.fail", id, detail);
    json_object_put(detail);
    log_error("run.unrecoverable", "run=%s what=\"%s\"", id, why);
    if (store_commit(g->store, b, &e) != 0)
        log_error("store.refuses", "what=\"%s\"", e.text);
    atomic_fetch_add(&g->n.runs_failed, 1);
}

static void take_in(struct engine *g, json_object *document)
{
    struct err e = { 0 };
    struct shell *s = shell_create(g, document, &e);

    if (s != NULL && runs_load(g, s->run, &e) != 0) {
        shell_destroy(s);
        s = NULL;
    }
    if (s == NULL) {
        bury(g, document, e.text);
        return;
    }
    runs_add(g, s);
}

/* --- all of them ---------------------------------------------------------- */

struct open_runs {
    json_object *documents; /* an array */
};

static bool is_open(json_object *document)
{
    const char *status = json_str(document, "status");
    const char *promotion = json_str(json_child(document, "result"),
                                     "promotion");

    return (status != NULL && strcmp(status, "running") == 0) ||
           (promotion != NULL && strcmp(promotion, "delivering") == 0);
}

static int take_open(void *ctx, const struct store_key *key,
                     struct tt_str bytes)
{
    struct open_runs *o = ctx;
    json_object *document = json_parse(bytes.p, (size_t)bytes.n,
                                       &json_limits_document, NULL);

    (void)key;
    if (document != NULL && is_open(document))
        json_object_array_add(o->documents, document);
    else
        json_object_put(document);
    return 0;
}

void runs_recover(struct engine *g)
{
    struct store_key key = { STORE_RUN, { NULL }, 0 };
    struct open_runs open = { json_object_new_array() };
    struct err e = { 0 };
    size_t i, n;

    if (store_scan(g->store, key, 0, false, take_open, &open, &e) != 0)
        log_error("runs.unread", "what=\"%s\"", e.text);
    n = json_object_array_length(open.documents);
    for (i = 0; i < n; i++) {
        json_object *document = json_object_array_get_idx(open.documents, i);
        const char *id = json_str(document, "run");

        if (strcmp(json_str(document, "status"), "running") != 0)
            push_start(g, document);
        else if (runs_find(g, id) == NULL)
            take_in(g, document);
    }
    json_object_put(open.documents);
    g->runs->recovered = true;
    log_info("runs.recovered", "open=%zu", g->runs->n);
    runs_admit(g);
}

/* --- a new one ------------------------------------------------------------ */

struct announcement {
    struct engine *g;
    char *run;
};

static void on_announced(void *ctx)
{
    struct announcement *a = ctx;
    struct store_key key = { STORE_RUN, { a->run }, 0 };
    json_object *document;
    struct err e = { 0 };

    if (!a->g->runs->stopping && runs_find(a->g, a->run) == NULL) {
        document = store_get_json(a->g->store, key, &e);
        if (document != NULL && is_open(document)) {
            releases_started(a->g, document);
            take_in(a->g, document);
        }
        json_object_put(document);
        runs_admit(a->g);
    }
    free(a->run);
    free(a);
}

void runs_announce(struct engine *g, const char *run)
{
    struct announcement *a = xcalloc(1, sizeof *a);

    a->g = g;
    a->run = xstrdup(run);
    loop_post(g->loop, on_announced, a);
}
