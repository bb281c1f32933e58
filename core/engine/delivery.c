/* SPDX-License-Identifier: MIT
 *
 * delivery.c - moves of pointers, with or without a push. */
#include "core/engine/delivery.h"

#include <pthread.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/crypt/crypt.h"
#include "core/engine/delivery_impl.h"
#include "core/engine/engine_impl.h"
#include "core/engine/resource.h"
#include "core/engine/version.h"

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

bool delivery_enter(const char *workflow, const char *node,
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

void delivery_leave(const char *workflow, const char *node,
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
        rc = delivery_settle(g, id, e);
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
static int write_all(struct engine *g, const struct push_group *group,
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
    if (delivery_take_back(g, group, i - 1, why.text, &more) < 0)
        return err_set(e, more.code, "%s", more.text);
    return err_set(e, why.code, "%s", why.text);
}

/* Is this node pushed? Then what is known of it so far is added. */
static int plan(struct engine *g, const struct delivery_move *m,
                const char *id, struct push_group *group, struct err *e)
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
    if (!delivery_enter(m->workflow, m->node, m->environment)) {
        json_object_put(target);
        return err_set(e, TT_ECONFLICT,
                       "parameters of %s/%s: another promotion or rollback is "
                       "being delivered to Orcheo; try again when it is done",
                       m->workflow, m->node);
    }
    p = push_group_add(group, fresh);
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
                    size_t n, const struct push_group *group,
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
                m = delivery_move_of(&group->at[j]);
        delivery_add_move(b, &m, &moved[i]);
    }
    return group->n > 0 ? delivery_finish(g, group, b, e)
                        : store_commit(g->store, b, e);
}

int delivery_move(struct engine *g, const struct delivery_move *moves, size_t n,
                  struct store_moved *moved, struct err *e)
{
    struct push_group group = { 0 };
    char id[40];
    size_t i;
    int rc = 0;

    crypt_id("d-", id);
    for (i = 0; i < n && rc == 0; i++)
        rc = plan(g, &moves[i], id, &group, e);
    if (rc == 0 && group.n > 0)
        rc = delivery_store_intents(g, &group, e);
    if (rc == 0 && group.n > 0)
        rc = write_all(g, &group, e);
    if (rc == 0)
        rc = move_all(g, moves, n, &group, moved, e);
    for (i = 0; i < group.n; i++)
        delivery_leave(group.at[i].workflow, group.at[i].node,
                       group.at[i].environment);
    push_group_fini(&group);
    return rc;
}
