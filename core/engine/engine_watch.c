/* SPDX-License-Identifier: MIT
 *
 * engine_watch.c - tell core/http what is active, now and after each move. */
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/engine/engine_runs.h"
#include "core/engine/version.h"

/* Under watch_lock. */
static int tell(struct engine *g, const char *const part[3],
                const struct store_moved *moved, struct err *e)
{
    struct store_key key = { STORE_VERSION, { part[0], part[1] },
                             moved->active };
    struct engine_active active = { part[0], part[1], part[2], moved->active,
                                    moved->generation, NULL, NULL };
    json_object *version = store_get_json(g->store, key, e), *answer;
    char *body;

    if (version == NULL)
        return e->code;
    answer = version_active_answer(version);
    body = json_canonical_dup(answer);
    active.body = body;
    active.checksum = json_str(version, "checksum");
    if (active.checksum == NULL)
        active.checksum = "";
    g->watch(g->watch_ctx, &active);
    free(body);
    json_object_put(answer);
    json_object_put(version);
    return 0;
}

/* On the store's writer thread, when the move is durable. */
void watch_moved(void *ctx, const struct store_move *move,
                 const struct store_moved *moved)
{
    const char *const part[3] = { move->workflow, move->node,
                                  move->environment };
    struct engine *g = ctx;
    struct err e = { 0 };

    pthread_mutex_lock(&g->watch_lock);
    if (g->watch != NULL && tell(g, part, moved, &e) != 0)
        log_error("active.unread", "workflow=%s node=%s what=\"%s\"", part[0],
                  part[1], e.text);
    pthread_mutex_unlock(&g->watch_lock);
}

/* --- everything, once ----------------------------------------------------- */

struct pointers {
    char *(*at)[3];
    size_t n;
};

static int take_pointer(void *ctx, const struct store_key *key,
                        struct tt_str bytes)
{
    struct pointers *p = ctx;
    size_t i;

    (void)bytes;
    p->at = xrealloc(p->at, p->n + 1, sizeof *p->at);
    for (i = 0; i < 3; i++)
        p->at[p->n][i] = xstrdup(key->part[i]);
    p->n++;
    return 0;
}

int engine_watch_active(struct engine *g, engine_active_fn *fn, void *ctx,
                        struct err *e)
{
    struct store_key from = { STORE_POINTER, { NULL }, 0 };
    struct pointers p = { NULL, 0 };
    struct store_moved moved;
    size_t i, k;
    int rc;

    pthread_mutex_lock(&g->watch_lock);
    g->watch = fn;
    g->watch_ctx = ctx;
    rc = store_scan(g->store, from, 0, false, take_pointer, &p, e);
    for (i = 0; i < p.n && rc == 0; i++) {
        const char *const part[3] = { p.at[i][0], p.at[i][1], p.at[i][2] };

        rc = store_active(g->store, part[0], part[1], part[2], &moved, e);
        if (rc == 0)
            rc = tell(g, part, &moved, e);
    }
    pthread_mutex_unlock(&g->watch_lock);
    for (i = 0; i < p.n; i++)
        for (k = 0; k < 3; k++)
            free(p.at[i][k]);
    free(p.at);
    return rc;
}
