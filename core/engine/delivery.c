/* SPDX-License-Identifier: MIT
 *
 * delivery.c - moves of pointers, with or without a push. */
#include "core/engine/delivery.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/crypt/crypt.h"
#include "core/engine/delivery_impl.h"
#include "core/engine/engine_impl.h"
#include "core/engine/resource.h"
#include "core/engine/version.h"

/* The pushed nodes of one delivery. */
struct group {
    struct push *at;
    size_t n;
};

static void group_fini(struct group *group)
{
    size_t i;

    for (i = 0; i < group->n; i++)
        push_fini(&group->at[i]);
    free(group->at);
}

static struct push *group_add(struct group *group, struct push p)
{
    group->at = xrealloc(group->at, group->n + 1, sizeof *group->at);
    group->at[group->n] = p;
    return &group->at[group->n++];
}

/* --- one delivery at a time for each pointer ------------------------------ */

/* Who is being delivered, "workflow/node in environment". The store belongs
 * to this process alone, so a list in memory is enough. */
static pthread_mutex_t busy_lock = PTHREAD_MUTEX_INITIALIZER;
static char **busy; /* under busy_lock */
static size_t n_busy;

static size_t busy_find(const char *name)
{
    size_t i = 0;

    while (i < n_busy && strcmp(busy[i], name) != 0)
        i++;
    return i;
}

static bool busy_enter(const char *workflow, const char *node,
                       const char *environment)
{
    char *name = xasprintf("%s/%s in %s", workflow, node, environment);
    bool entered;

    pthread_mutex_lock(&busy_lock);
    entered = busy_find(name) == n_busy;
    if (entered) {
        busy = xrealloc(busy, n_busy + 1, sizeof *busy);
        busy[n_busy++] = name;
    }
    pthread_mutex_unlock(&busy_lock);
    if (!entered)
        free(name);
    return entered;
}

static void busy_leave(const char *workflow, const char *node,
                       const char *environment)
{
    char *name = xasprintf("%s/%s in %s", workflow, node, environment);
    size_t i;

    pthread_mutex_lock(&busy_lock);
    i = busy_find(name);
    free(busy[i]);
    busy[i] = busy[--n_busy];
    if (n_busy == 0) {
        free(busy);
        busy = NULL;
    }
    pthread_mutex_unlock(&busy_lock);
    free(name);
}

/* --- batches -------------------------------------------------------------- */

static void add_move(struct store_batch *b, const struct delivery_move *m,
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
static struct delivery_move move_of(const struct push *p)
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

static int store_intents(struct engine *g, const struct group *group,
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
static int drop_intents(struct engine *g, const struct group *group,
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
static int take_back(struct engine *g, const struct group *group, size_t n,
                     const char *why, struct err *e)
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
static int finish(struct engine *g, const struct group *group,
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
    rc = take_back(g, group, group->n, why.text, &more);
    return rc < 0 ? err_set(e, more.code, "%s", more.text)
                  : err_set(e, why.code, "%s", why.text);
}

/* --- open intents --------------------------------------------------------- */

struct gathering {
    struct group group;
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
        (void)group_add(&x->group, p);
    else
        push_fini(&p);
    json_object_put(document);
    return 0;
}

/* The open intents of a group, or of all. */
static int gather(struct engine *g, const char *id, struct group *out,
                  struct err *e)
{
    struct store_key from = { STORE_DELIVERY, { NULL }, 0 };
    struct gathering x = { .id = id };
    int rc = store_scan(g->store, from, 0, false, gather_one, &x, e);

    *out = x.group;
    return rc;
}

/* Some of it reached Orcheo: write the rest, then move. */
static int go_on(struct engine *g, const struct group *group,
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
        struct delivery_move move = move_of(&group->at[i]);

        add_move(b, &move, NULL);
    }
    rc = finish(g, group, b, e);
    /* the pointer was moved meanwhile: it was taken back, which settles it */
    return rc == TT_ECONFLICT || rc == TT_ENOENT ? 0 : rc;
}

/* An interrupted delivery: finish it, take it back, or leave it open. Under
 * settle_lock. */
static int settle_locked(struct engine *g, const char *id, struct err *e)
{
    enum push_state *states = NULL;
    struct err why = { 0 };
    struct group group;
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
        rc = take_back(g, &group, group.n, "edited in Orcheo meanwhile", e);
    else if (rc == 0 && group.n > 0 && old == group.n)
        rc = drop_intents(g, &group, "it had not reached Orcheo", e);
    else if (rc == 0 && group.n > 0)
        rc = go_on(g, &group, states, e);
    group_fini(&group);
    free(states);
    return rc;
}

/* One at a time: two nodes of a group must not settle it beside each other. */
static int settle(struct engine *g, const char *id, struct err *e)
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
    struct group all;
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
        if (!busy_enter(p->workflow, p->node, p->environment))
            continue; /* somebody moves it right now, and settles it first */
        if (settle(g, p->group, &e) < 0) {
            left++;
            log_warn("delivery.open", "workflow=%s node=%s why=\"%s\"",
                     p->workflow, p->node, e.text);
        } else {
            log_info("delivery.settled", "workflow=%s node=%s delivery=%s",
                     p->workflow, p->node, p->group);
        }
        busy_leave(p->workflow, p->node, p->environment);
    }
    group_fini(&all);
    return left;
}

/* --- a new delivery ------------------------------------------------------- */

/* Settle what an interrupted one left behind at this pointer. */
static int settle_pointer(struct engine *g, const struct push *p,
                          struct err *e)
{
    struct err why = { 0 };
    json_object *document = store_get_json(g->store, push_key(p), &why);
    const char *id = json_str(document, "group");
    int rc = 0;

    if (id != NULL)
        rc = settle(g, id, e);
    json_object_put(document);
    return rc;
}

/* The version that a rollback goes back to: the top of the pointer's stack. */
static int predecessor(struct engine *g, const struct push *p, uint64_t *out,
                       struct err *e)
{
    struct store_key key = { STORE_POINTER,
                             { p->workflow, p->node, p->environment },
                             0 };
    struct err why = { 0 };
    json_object *pointer = store_get_json(g->store, key, &why);
    json_object *stack = json_child(pointer, "stack");
    size_t n = json_object_is_type(stack, json_type_array)
                   ? json_object_array_length(stack)
                   : 0;

    *out = n > 0 ? (uint64_t)json_object_get_int64(
                       json_object_array_get_idx(stack, n - 1))
                 : 0;
    json_object_put(pointer);
    if (*out == 0)
        return err_set(e, TT_ECONFLICT,
                       "parameters of %s/%s: no version was active before in "
                       "%s: there is nothing to roll back to",
                       p->workflow, p->node, p->environment);
    return 0;
}

static int parameters_of(struct engine *g, const struct push *p,
                         uint64_t number, json_object **out, struct err *e)
{
    json_object *document = resource_version(g->store, p->workflow, p->node,
                                             number, e);

    *out = NULL;
    if (document == NULL)
        return e->code;
    *out = json_object_get(json_child(document, "parameters"));
    json_object_put(document);
    return 0;
}

/* From where to where, and is it what the caller expects? */
static int find_ends(struct engine *g, const struct delivery_move *m,
                     struct push *p, struct err *e)
{
    struct store_moved moved = { 0 };
    char is[32], expected[32];
    struct err why = { 0 };
    int rc = store_active(g->store, m->workflow, m->node, m->environment,
                          &moved, &why);

    if (rc < 0 && rc != TT_ENOENT)
        return err_set(e, rc, "%s", why.text);
    p->from = moved.active;
    p->to = m->to;
    if (m->expect && m->expect_version != p->from) {
        version_text(p->from, is);
        version_text(m->expect_version, expected);
        return err_set(e, TT_ECONFLICT,
                       "parameters of %s/%s: the active version in %s is %s, "
                       "not %s: look again and decide",
                       m->workflow, m->node, m->environment,
                       p->from > 0 ? is : "none",
                       m->expect_version > 0 ? expected : "none");
    }
    return m->rollback && m->to == 0 ? predecessor(g, p, &p->to, e) : 0;
}

/* Fill in everything but the group: step 1 of the protocol. */
static int prepare(struct engine *g, const struct delivery_move *m,
                   struct push *p, struct err *e)
{
    json_object *active = NULL;
    int rc = settle_pointer(g, p, e);

    if (rc == 0)
        rc = find_ends(g, m, p, e);
    if (rc == 0)
        rc = parameters_of(g, p, p->to, &p->parameters, e);
    if (rc == 0 && p->from > 0)
        rc = parameters_of(g, p, p->from, &active, e);
    if (rc == 0)
        rc = push_stored(g, p, &p->pre_image, e);
    if (rc == 0)
        rc = push_check_foreign(p, active, p->pre_image, e);
    json_object_put(active);
    return rc;
}

/* Step 3. After an unsure answer Orcheo is asked what became of it. */
static int write_all(struct engine *g, const struct group *group,
                     struct err *e)
{
    struct err why = { 0 }, more = { 0 };
    enum push_state state = PUSH_NEW;
    size_t i;
    int rc = 0;

    for (i = 0; i < group->n && rc == 0; i++) {
        rc = push_write(g, &group->at[i], &why);
        if (rc < 0)
            state = push_look(g, &group->at[i], NULL);
        if (state == PUSH_NEW)
            rc = 0;
    }
    if (rc == 0)
        return 0;
    if (state == PUSH_UNKNOWN)
        return err_set(e, TT_EUNAVAILABLE,
                       "%.700s. Whether Orcheo took it is not known: the "
                       "delivery stays open until Orcheo answers",
                       why.text);
    if (take_back(g, group, i - 1, why.text, &more) < 0)
        return err_set(e, more.code, "%s", more.text);
    return err_set(e, why.code, "%s", why.text);
}

/* Is this node pushed? Then what is known of it so far is added. */
static int plan(struct engine *g, const struct delivery_move *m,
                const char *id, struct group *group, struct err *e)
{
    const char *own = g->options.environment != NULL ? g->options.environment
                                                     : "production";
    struct err why = { 0 };
    struct push *p, fresh = { 0 };
    json_object *target = resource_target(g->store, m->workflow, m->node,
                                          &why);
    const char *mode = json_str(json_child(target, "delivery"), "mode");

    if (target == NULL && why.code != TT_ENOENT)
        return err_set(e, why.code, "%s", why.text);
    if (mode == NULL || strcmp(mode, "push") != 0 ||
        strcmp(m->environment, own) != 0) {
        json_object_put(target);
        return 0;
    }
    if (!busy_enter(m->workflow, m->node, m->environment)) {
        json_object_put(target);
        return err_set(e, TT_ECONFLICT,
                       "parameters of %s/%s: another promotion or rollback is "
                       "being delivered to Orcheo; try again when it is done",
                       m->workflow, m->node);
    }
    p = group_add(group, fresh);
    p->workflow = xstrdup(m->workflow);
    p->node = xstrdup(m->node);
    p->environment = xstrdup(m->environment);
    p->actor = xstrdup(m->actor);
    p->reason = xstrdup(m->reason);
    p->group = xstrdup(id);
    p->rollback = m->rollback;
    p->target = target;
    return prepare(g, m, p, e);
}

/* Step 4, or all of it where nothing is pushed. */
static int move_all(struct engine *g, const struct delivery_move *moves,
                    size_t n, const struct group *group,
                    struct store_moved *moved, struct err *e)
{
    struct store_batch *b = store_batch_create();
    size_t i, j;

    for (i = 0; i < n; i++) {
        struct delivery_move m = moves[i];

        for (j = 0; j < group->n; j++)
            if (strcmp(group->at[j].workflow, m.workflow) == 0 &&
                strcmp(group->at[j].node, m.node) == 0 &&
                strcmp(group->at[j].environment, m.environment) == 0)
                m = move_of(&group->at[j]);
        add_move(b, &m, &moved[i]);
    }
    return group->n > 0 ? finish(g, group, b, e)
                        : store_commit(g->store, b, e);
}

int delivery_move(struct engine *g, const struct delivery_move *moves, size_t n,
                  struct store_moved *moved, struct err *e)
{
    struct group group = { 0 };
    char id[40];
    size_t i;
    int rc = 0;

    crypt_id("d-", id);
    for (i = 0; i < n && rc == 0; i++)
        rc = plan(g, &moves[i], id, &group, e);
    if (rc == 0 && group.n > 0)
        rc = store_intents(g, &group, e);
    if (rc == 0 && group.n > 0)
        rc = write_all(g, &group, e);
    if (rc == 0)
        rc = move_all(g, moves, n, &group, moved, e);
    for (i = 0; i < group.n; i++)
        busy_leave(group.at[i].workflow, group.at[i].node,
                   group.at[i].environment);
    group_fini(&group);
    return rc;
}
