/* SPDX-License-Identifier: MIT
 *
 * engine_finish.c - the last batch of a run: its end, its report, the winner
 * as versions, and their promotion where the gate allows it. */
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/engine/engine_release.h"
#include "core/engine/engine_runs.h"
#include "core/engine/version.h"

#define TRIES 5 /* somebody adds a version of the same node meanwhile */

void finish_put(struct store_batch *b, const char *run,
                const struct run_actions *actions)
{
    size_t i;

    for (i = 0; i < actions->n_records; i++) {
        const struct run_record *r = &actions->records[i];
        struct store_key key = { r->kind, { run }, r->number };

        if (r->document != NULL)
            store_put_json(b, key, r->document);
        else
            store_put(b, key, buf_str(&r->bytes));
    }
    for (i = 0; i < actions->n_audits; i++)
        store_audit(b, actions->audits[i].actor, actions->audits[i].action,
                    run, actions->audits[i].detail);
}

/* --- numbers of versions -------------------------------------------------- */

static int newest_one(void *ctx, const struct store_key *key,
                      struct tt_str bytes)
{
    (void)bytes;
    *(uint64_t *)ctx = key->number;
    return 1;
}

/* The report names the versions that this very batch makes: so their numbers
 * are foretold, and the batch is refused when one is taken by then. */
static int foretell(struct engine *g, const char *workflow,
                    json_object *versions, json_object **out,
                    struct store_batch *b, struct err *e)
{
    int rc = 0;

    *out = json_object_new_object();
    json_object_object_foreach(versions, node, document)
    {
        struct store_key from = { STORE_VERSION, { workflow, node },
                                  INT64_MAX };
        uint64_t newest = 0;
        char text[32];

        (void)document;
        rc = store_scan(g->store, from, 2, true, newest_one, &newest, e);
        if (rc != 0)
            return rc;
        version_text(newest + 1, text);
        json_set_str(*out, node, text);
        from.number = newest + 1;
        store_expect_absent(b, from);
    }
    return 0;
}

/* --- promotion ------------------------------------------------------------ */

static bool is_pushed(json_object *run, const char *node)
{
    const char *mode = json_str(json_child(json_child(json_child(run,
                                                                 "problem"),
                                                      "delivery"), node),
                                "mode");

    return mode != NULL && strcmp(mode, "push") == 0;
}

static bool any_pushed(json_object *run, json_object *versions)
{
    json_object_object_foreach(versions, node, document)
    {
        (void)document;
        if (is_pushed(run, node))
            return true;
    }
    return false;
}

static void put_moves(struct store_batch *b, const struct shell *s,
                      const struct run_finish *f)
{
    json_object *base = json_child(json_child(f->run, "baseline"), "versions");
    char actor[96];

    (void)snprintf(actor, sizeof actor, "run:%.80s", s->id);
    json_object_object_foreach(f->versions, node, document)
    {
        struct store_move move = { .workflow = s->workflow, .node = node,
                                   .environment = json_str(f->run,
                                                           "environment"),
                                   .expect = true, .actor = actor,
                                   .reason = f->reason };
        const char *was = json_str(base, node);

        (void)document;
        if (was != NULL)
            (void)version_number(was, "baseline", &move.expect_version, NULL);
        store_promote(b, &move, NULL);
    }
}

/* --- the batch ------------------------------------------------------------ */

static void put_documents(struct store_batch *b, const struct shell *s,
                          const struct run_finish *f, json_object *names,
                          const char *promotion)
{
    struct store_key key = { STORE_RUN, { s->id }, 0 };
    json_object *result = json_child(f->run, "result");

    if (names != NULL) {
        json_set(result, "versions", json_copy(names));
        json_set(f->report, "versions", json_copy(names));
    }
    json_set_str(result, "promotion", promotion);
    json_set_bool(result, "promoted", strcmp(promotion, "done") == 0);
    json_set_str(f->report, "promotion", promotion);
    json_set_bool(f->report, "promoted", strcmp(promotion, "done") == 0);
    store_put_json(b, key, f->run);
    key.kind = STORE_REPORT;
    store_put_json(b, key, f->report);
}

static void put_audit(struct store_batch *b, const struct shell *s,
                      const struct run_finish *f)
{
    json_object *detail = json_object_new_object();
    const char *stop = json_str(f->run, "stop_reason");
    char actor[96];

    (void)snprintf(actor, sizeof actor, "run:%.80s", s->id);
    json_set_str(detail, "stop_reason", stop != NULL ? stop : "");
    json_set_str(detail, "workflow", s->workflow);
    store_audit(b, actor, f->state == RUN_COMPLETED ? "run.complete"
                          : f->state == RUN_FAILED  ? "run.fail"
                                                    : "run.end",
                s->id, detail);
    json_object_put(detail);
}

/* promotion: "none", "done" (in this batch), "delivering" (afterwards) or
 * "refused" (the pointer was moved meanwhile). */
static int commit(struct engine *g, struct turn_item *item,
                  const char *promotion, struct err *e)
{
    struct run_finish *f = item->actions.finish;
    struct store_batch *b = store_batch_create();
    struct shell *s = item->shell;
    json_object *names = NULL;
    int rc = 0;

    finish_put(b, s->id, &item->actions);
    if (f->versions != NULL)
        rc = foretell(g, s->workflow, f->versions, &names, b, e);
    if (rc != 0) {
        store_batch_destroy(b);
        json_object_put(names);
        return rc;
    }
    if (f->versions != NULL) {
        json_object_object_foreach(f->versions, node, document)
        {
            store_version_add(b, s->workflow, node, document, NULL);
        }
    }
    if (strcmp(promotion, "done") == 0)
        put_moves(b, s, f);
    put_documents(b, s, f, names, promotion);
    put_audit(b, s, f);
    json_object_put(names);
    return store_commit(g->store, b, e);
}

static void count(struct engine *g, const struct run_finish *f)
{
    atomic_fetch_add(f->state == RUN_COMPLETED ? &g->n.runs_completed
                     : f->state == RUN_FAILED  ? &g->n.runs_failed
                                               : &g->n.runs_cancelled,
                     1);
}

int finish_commit(struct engine *g, struct turn_item *item, struct err *e)
{
    struct run_finish *f = item->actions.finish;
    const char *promotion = "none";
    int rc = TT_EEXIST, tries;

    if (f->promote && f->versions != NULL)
        promotion = any_pushed(f->run, f->versions) ? "delivering" : "done";
    for (tries = 0; tries < TRIES && rc == TT_EEXIST; tries++) {
        rc = commit(g, item, promotion, e);
        if (rc == TT_ECONFLICT && strcmp(promotion, "done") == 0) {
            log_warn("run.not_promoted", "run=%s why=\"%s\"", item->shell->id,
                     e->text);
            promotion = "refused"; /* a person was faster: theirs stands */
            rc = commit(g, item, promotion, e);
        }
    }
    if (rc != 0)
        return rc;
    count(g, f);
    releases_ended(g, f->run, run_kept_guardrails(item->shell->run));
    log_info("run.ended", "run=%s state=%s promotion=%s", item->shell->id,
             run_state_word(f->state), promotion);
    if (strcmp(promotion, "delivering") == 0)
        push_start(g, f->run);
    return 0;
}
