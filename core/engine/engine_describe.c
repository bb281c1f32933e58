/* SPDX-License-Identifier: MIT
 *
 * engine_describe.c - learn what each plugin says of itself: a worker is
 * started for each that nobody has asked yet, says hello, and ends. Then a
 * request can be checked against schema and kinds before a run is stored. */
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/engine/engine_runs.h"

struct describing {
    struct describing *next;
    struct engine *g;
    struct engine_plugin plugin;
    struct worker *worker;
    bool said;
};

static void on_hello(void *ctx, json_object *hello)
{
    struct describing *d = ctx;

    d->said = true;
    engine_plugin_described(d->g, d->plugin.hash, hello);
    worker_stop(d->worker);
}

static void destroy(struct describing *d)
{
    struct describing **p = &d->g->runs->describing;

    while (*p != NULL && *p != d)
        p = &(*p)->next;
    if (*p != NULL)
        *p = d->next;
    engine_plugin_fini(&d->plugin);
    free(d);
}

static void on_down(void *ctx, const struct worker_down *down)
{
    struct describing *d = ctx;

    if (!d->said && !down->expected)
        log_warn("plugin.silent", "plugin=%s hash=%.12s what=\"%s\"",
                 d->plugin.id, d->plugin.hash, down->text);
    destroy(d);
}

static void describe(struct engine *g, struct engine_plugin *plugin)
{
    static const struct worker_callbacks callbacks = { .hello = on_hello,
                                                       .down = on_down };
    struct describing *d = xcalloc(1, sizeof *d);
    struct worker_spec spec;
    struct err e = { 0 };

    d->g = g;
    d->plugin = *plugin;
    d->next = g->runs->describing;
    g->runs->describing = d;
    spec = engine_plugin_spec(&d->plugin, "describe");
    d->worker = work_spawn(g->work, &spec, &callbacks, d, &e);
    if (d->worker == NULL)
        destroy(d);
}

void describe_all(struct engine *g)
{
    char (*hashes)[80];
    size_t i, n, k = 0;

    pthread_mutex_lock(&g->catalog_lock);
    n = catalog_n(g->catalog);
    hashes = xcalloc(n + 1, sizeof *hashes);
    for (i = 0; i < n; i++)
        if (catalog_at(g->catalog, i)->describe == NULL)
            (void)snprintf(hashes[k++], sizeof *hashes, "sha256:%s",
                           catalog_at(g->catalog, i)->hash);
    pthread_mutex_unlock(&g->catalog_lock);
    for (i = 0; i < k; i++) {
        struct engine_plugin plugin;

        if (engine_plugin_find(g, hashes[i], 0, &plugin, NULL) == 0)
            describe(g, &plugin);
    }
    free(hashes);
}

void describe_stop(struct engine *g)
{
    struct describing *d;

    for (d = g->runs->describing; d != NULL; d = d->next)
        worker_kill(d->worker);
}
