/* SPDX-License-Identifier: MIT
 *
 * engine_task.c - what other threads want done on the engine's thread. */
#include "core/base/mem.h"
#include "core/engine/engine_impl.h"

static void start(void *ctx)
{
    struct engine_task *t = ctx;

    t->started = true;
    t->start(t);
}

int engine_task_run(struct engine *g, struct engine_task *t, struct err *e)
{
    t->g = g;
    t->started = t->done = false;
    pthread_mutex_lock(&g->task_lock);
    if (g->stopping || !g->started) {
        pthread_mutex_unlock(&g->task_lock);
        return err_set(e, TT_EUNAVAILABLE, "the daemon is stopping");
    }
    t->next = g->tasks;
    g->tasks = t;
    loop_post(g->loop, start, t);
    while (!t->done)
        pthread_cond_wait(&g->task_done, &g->task_lock);
    pthread_mutex_unlock(&g->task_lock);
    if (t->code != 0 && e != NULL)
        *e = t->err;
    return t->code;
}

void engine_task_done(struct engine_task *t, int code, const struct err *e)
{
    struct engine *g = t->g;
    struct engine_task **p;

    pthread_mutex_lock(&g->task_lock);
    t->code = code;
    if (e != NULL && e != &t->err)
        t->err = *e;
    for (p = &g->tasks; *p != NULL && *p != t; p = &(*p)->next)
        ;
    if (*p != NULL)
        *p = t->next;
    t->done = true; /* from here on t is its owner's again */
    pthread_cond_broadcast(&g->task_done);
    pthread_mutex_unlock(&g->task_lock);
}
