/* SPDX-License-Identifier: MIT
 *
 * delivery_settle.c - intents: stored, finished, taken back, and what an
 * interrupted delivery left behind. */
#include <pthread.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/engine/delivery_impl.h"
#include "core/engine/engine_impl.h"

void push_group_fini(struct push_group *group)
{
    size_t i;

    for (i = 0; i < group->n; i++)
        push_fini(&group->at[i]);
    free(group->at);
}

struct push *push_group_add(struct push_group *group, struct push p)
{
    group->at = xrealloc(group->at, group->n + 1, sizeof *group->at);
    group->at[group->n] = p;
    return &group->at[group->n++];
}

/* --- batches -------------------------------------------------------------- */

void delivery_add_move(struct store_batch *b, const struct delivery_move *m,
                       struct store_moved *moved)
{
    struct store_move move = {
        .workflow = m->workflow,
        .node = m->node,
        .environment = m->environment,
        .to = m->to,
        .rollback = m->rollback,
        .expect = m->expect,
        .expect_version = m->expect_version,
        .actor = m->actor,
        .reason = m->reason,
    };

    store_promote(b, &move, moved);
}

/* The move that a push is for; it borrows from p. */
struct delivery_move delivery_move_of(const struct push *p)
{
    return (struct delivery_move){
        .workflow = p->workflow,
        .node = p->node,
        .environment = p->environment,
        .to = p->to,
        .rollback = p->rollback,
        .expect = true,
        .expect_version = p->from,
        .actor = p->actor,
        .reason = p->reason,
    };
}

static void audit_push(struct store_batch *b, const struct push *p,
                       const char *action, const char *why)
{
    json_object *detail = json_object_new_object();
    char *object = xasprintf("%s/%s", p->workflow, p->node);

    json_set_str(detail, "environment", p->environment);
    json_set_int(detail, "from", (int64_t)p->from);
    json_set_int(detail, "to", (int64_t)p->to);
    json_set_str(detail, "delivery", p->group);
    if (why != NULL)
        json_set_str(detail, "why", why);
    store_audit(b, p->actor, action, object, detail);
    json_object_put(detail);
    free(object);
}

int delivery_store_intents(struct engine *g, const struct push_group *group,
                           struct err *e)
{
    struct store_batch *b = store_batch_create();
    size_t i;

    for (i = 0; i < group->n; i++) {
        const struct push *p = &group->at[i];
        json_object *document = push_document(p);

        store_expect_absent(b, push_key(p));
        store_put_json(b, push_key(p), document);
        audit_push(b, p, "delivery.start", NULL);
        json_object_put(document);
    }
    return store_commit(g->store, b, e);
}

/* Nothing of it stands in Orcheo any more: forget it. */
static int drop_intents(struct engine *g, const struct push_group *group,
                        const char *why, struct err *e)
{
    struct store_batch *b = store_batch_create();
    size_t i;

    for (i = 0; i < group->n; i++) {
        store_delete(b, push_key(&group->at[i]));
        audit_push(b, &group->at[i], "delivery.taken_back", why);
    }
    return store_commit(g->store, b, e);
}

/* --- finishing and taking back -------------------------------------------- */

/* Ours does not stand there any more, whoever saw to that. */
static bool is_gone(enum push_state state)
{
    return state == PUSH_OLD || state == PUSH_FOREIGN;
}

/* Write the pre-images of the first n. What cannot be taken back keeps all
 * intents open: the next one who looks goes on. */
int delivery_take_back(struct engine *g, const struct push_group *group,
                       size_t n, const char *why, struct err *e)
{
    struct err trouble = { 0 };
    size_t i;

    for (i = n; i > 0; i--)
        if (push_take_back(g, &group->at[i - 1], &trouble) < 0 &&
            !is_gone(push_look(g, &group->at[i - 1], NULL)))
            return err_set(e, TT_EUNAVAILABLE,
                           "%.400s; and taking it back failed: %.400s. The "
                           "delivery stays open until Orcheo answers",
                           why, trouble.text);
    if (drop_intents(g, group, why, &trouble) < 0)
        return err_set(e, trouble.code, "%.400s; and: %.400s", why,
                       trouble.text);
    return 0;
}

/* All stand in Orcheo: move the pointers. */
int delivery_finish(struct engine *g, const struct push_group *group,
                    struct store_batch *b, struct err *e)
{
    struct err why = { 0 }, more = { 0 };
    size_t i;
    int rc;

    for (i = 0; i < group->n; i++)
        store_delete(b, push_key(&group->at[i]));
    rc = store_commit(g->store, b, &why);
    if (rc == 0)
        return 0;
    if (rc != TT_ECONFLICT && rc != TT_ENOENT)
        return err_set(e, rc, "%s", why.text); /* the disk: it stays open */
    rc = delivery_take_back(g, group, group->n, why.text, &more);
    return rc < 0 ? err_set(e, more.code, "%s", more.text)
                  : err_set(e, why.code, "%s", why.text);
}

/* --- open intents --------------------------------------------------------- */

struct gathering {
    struct push_group group;
    const char *id; /* of the group; NULL: all */
};

static int gather_one(void *ctx, const struct store_key *key,
                      struct tt_str bytes)
{
    struct gathering *x = ctx;
    json_object *document = json_parse(bytes.p, (size_t)bytes.n,
                                       &json_limits_document, NULL);
    struct err e = { 0 };
    struct push p;

    if (push_read_document(key, document, &p, &e) < 0)
        log_error("delivery.corrupt", "why=\"%s\"", e.text);
    else if (x->id == NULL || strcmp(p.group, x->id) == 0)
        (void)push_group_add(&x->group, p);
    else
        push_fini(&p);
    json_object_put(document);
    return 0;
}

/* The open intents of a group, or of all. */
static int gather(struct engine *g, const char *id, struct push_group *out,
                  struct err *e)
{
    struct store_key from = { STORE_DELIVERY, { NULL }, 0 };
    struct gathering x = { .id = id };
    int rc = store_scan(g->store, from, 0, false, gather_one, &x, e);

    *out = x.group;
    return rc;
}

/* Some of it reached Orcheo: write the rest, then move. */
static int go_on(struct engine *g, const struct push_group *group,
                 const enum push_state *states, struct err *e)
{
    struct store_batch *b;
    struct err why = { 0 };
    size_t i;
    int rc;

    for (i = 0; i < group->n; i++)
        if (states[i] == PUSH_OLD && push_write(g, &group->at[i], &why) < 0 &&
            push_look(g, &group->at[i], NULL) != PUSH_NEW)
            return err_set(e, TT_EUNAVAILABLE, "%s", why.text);
    b = store_batch_create();
    for (i = 0; i < group->n; i++) {
        struct delivery_move move = delivery_move_of(&group->at[i]);

        delivery_add_move(b, &move, NULL);
    }
    rc = delivery_finish(g, group, b, e);
    /* the pointer was moved meanwhile: it was taken back, which settles it */
    return rc == TT_ECONFLICT || rc == TT_ENOENT ? 0 : rc;
}

/* An interrupted delivery: finish it, take it back, or leave it open. Under
 * settle_lock. */
static int settle_locked(struct engine *g, const char *id, struct err *e)
{
    enum push_state *states = NULL;
    struct err why = { 0 };
    struct push_group group;
    size_t i, old = 0, foreign = 0;
    int rc = gather(g, id, &group, e);

    states = xcalloc(group.n + 1, sizeof *states);
    for (i = 0; i < group.n && rc == 0; i++) {
        states[i] = push_look(g, &group.at[i], &why);
        old += states[i] == PUSH_OLD ? 1 : 0;
        foreign += states[i] == PUSH_FOREIGN ? 1 : 0;
        if (states[i] == PUSH_UNKNOWN)
            rc = err_set(e, TT_EUNAVAILABLE,
                         "parameters of %s/%s: an earlier delivery to Orcheo "
                         "was interrupted and cannot be settled: %.700s",
                         group.at[i].workflow, group.at[i].node, why.text);
    }
    if (rc == 0 && foreign > 0)
        /* Orcheo has somebody's values: ours are gone already, or go now */
        rc = delivery_take_back(g, &group, group.n,
                                "edited in Orcheo meanwhile", e);
    else if (rc == 0 && group.n > 0 && old == group.n)
        rc = drop_intents(g, &group, "it had not reached Orcheo", e);
    else if (rc == 0 && group.n > 0)
        rc = go_on(g, &group, states, e);
    push_group_fini(&group);
    free(states);
    return rc;
}

/* One at a time: two nodes of a group must not settle it beside each other. */
int delivery_settle(struct engine *g, const char *id, struct err *e)
{
    static pthread_mutex_t settle_lock = PTHREAD_MUTEX_INITIALIZER;
    int rc;

    pthread_mutex_lock(&settle_lock);
    rc = settle_locked(g, id, e);
    pthread_mutex_unlock(&settle_lock);
    return rc;
}

size_t engine_deliveries_recover(struct engine *g)
{
    struct push_group all;
    struct err e = { 0 };
    size_t i, j, left = 0;

    if (gather(g, NULL, &all, &e) < 0)
        log_error("delivery.recover", "why=\"%s\"", e.text);
    for (i = 0; i < all.n; i++) {
        const struct push *p = &all.at[i];

        for (j = 0; j < i && strcmp(all.at[j].group, p->group) != 0; j++)
            ;
        if (j < i)
            continue; /* of a group that was looked at */
        if (!delivery_enter(p->workflow, p->node, p->environment))
            continue; /* somebody moves it right now, and settles it first */
        if (delivery_settle(g, p->group, &e) < 0) {
            left++;
            log_warn("delivery.open", "workflow=%s node=%s why=\"%s\"",
                     p->workflow, p->node, e.text);
        } else {
            log_info("delivery.settled", "workflow=%s node=%s delivery=%s",
                     p->workflow, p->node, p->group);
        }
        delivery_leave(p->workflow, p->node, p->environment);
    }
    push_group_fini(&all);
    return left;
}
