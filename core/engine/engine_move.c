/* SPDX-License-Identifier: MIT
 *
 * engine_move.c - a run that goes on gets another version of its strategy or
 * its adapter: because somebody asks for it, or because the one that it has is
 * in quarantine. The machine (run_move.c) says when. */
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/engine/engine_release.h"
#include "core/engine/engine_runs.h"
#include "core/engine/resource.h"

/* The pin of another version, which must take the configuration that the run
 * has; the machine says why it was chosen. NULL with *e. */
static json_object *move_pin(const struct engine_plugin *p, json_object *had,
                             struct err *e)
{
    json_object *config = engine_pin_config(had), *pin = NULL;

    if (engine_plugin_try_config(p, config, e) == 0)
        pin = engine_pin_create(p, "moved", config);
    json_object_put(config);
    return pin;
}

/* --- what the machine says ------------------------------------------------ */

void move_perform(struct shell *s, const struct run_command *c)
{
    session_move(c->number == 1 ? &s->adapter : &s->strategy, c->document,
                 s->admitted);
    s->moved = true;
}

void move_settle(struct shell *s)
{
    struct engine_task *t = s->mover;
    struct err e = { 0 };

    if (t == NULL || run_moving(s->run))
        return;
    s->mover = NULL;
    if (s->moved)
        engine_task_done(t, 0, NULL);
    else
        engine_task_done(t, err_set(&e, TT_ECONFLICT, "run %s: its search "
                                    "ended before it could be moved", s->id),
                         &e);
}

/* --- out of quarantine ---------------------------------------------------- */

/* The version that new runs of its workflow get, if it is another one. */
static json_object *other_version(struct session *s, json_object *pin)
{
    struct shell *shell = s->shell;
    struct engine_plugin p;
    enum release_why why;
    struct err e = { 0 };
    json_object *other = NULL;

    if (releases_choose(shell->g, json_str(pin, "id"),
                        s->strategy ? TT_KIND_STRATEGY : TT_KIND_ADAPTER,
                        shell->workflow, shell->id, &p, &why, &e) == 0 &&
        strcmp(p.hash, json_str(pin, "hash")) != 0 &&
        releases_usable(shell->g, p.hash)) {
        other = move_pin(&p, pin, &e);
    }
    engine_plugin_fini(&p);
    return other;
}

static bool is_free(json_object *pin)
{
    const char *chosen = json_str(pin, "chosen");

    return chosen != NULL &&
           (strcmp(chosen, "canary") == 0 || strcmp(chosen, "default") == 0 ||
            strcmp(chosen, "rescued") == 0);
}

bool move_rescue(struct session *s, const char *why)
{
    struct run_event down = { .kind = s->strategy ? RUN_EV_STRATEGY_DOWN
                                                  : RUN_EV_ADAPTER_DOWN };
    struct run_event move = { .kind = RUN_EV_MOVE, .adapter = !s->strategy,
                              .fresh = true, .text = why };
    json_object *pin = run_pin(s->shell->run, !s->strategy);

    if (!is_free(pin) ||
        run_may_move(s->shell->run, !s->strategy, NULL) != 0)
        return false;
    move.parameters = other_version(s, pin);
    if (move.parameters == NULL)
        return false;
    session_stop(s);
    shell_feed(s->shell, &down);
    shell_feed(s->shell, &move);
    json_object_put(move.parameters);
    return true;
}

/* --- asked for ------------------------------------------------------------ */

struct move {
    struct engine_task task; /* first */
    const struct engine_request *q;
    const struct engine_plugin *plugin;
    bool history;
    const char *reason;
};

static int refuse(struct err *e, const char *run, const char *what)
{
    return err_set(e, TT_ECONFLICT, "run %s: %s", run, what);
}

/* 0 with *pin, which the caller puts, when the machine may be told. */
static int prepare(struct move *m, struct shell *s, json_object **pin,
                   struct err *e)
{
    bool adapter = m->plugin->kind == TT_KIND_ADAPTER;
    const char *run = m->q->run;
    json_object *had;
    int rc;

    *pin = NULL;
    if (s == NULL || s->over)
        return refuse(e, run, "it has ended");
    if (s->mover != NULL)
        return refuse(e, run, "it is being moved already");
    rc = run_may_move(s->run, adapter, e);
    if (rc != 0)
        return rc;
    had = run_pin(s->run, adapter);
    if (strcmp(json_str(had, "id"), m->plugin->id) != 0)
        return err_set(e, TT_ECONFLICT, "run %s: its %s is %s; a run is moved "
                       "between versions of one plugin, and %s is another one",
                       run, adapter ? "adapter" : "strategy",
                       json_str(had, "id"), m->plugin->id);
    if (strcmp(json_str(had, "hash"), m->plugin->hash) == 0)
        return err_set(e, TT_ECONFLICT, "run %s: it has %s %s (sha256 %.12s) "
                       "already", run, m->plugin->id, m->plugin->version,
                       m->plugin->hash);
    if (!releases_usable(m->task.g, m->plugin->hash))
        return err_set(e, TT_ECONFLICT, "plugin %s %s (sha256 %.12s): is "
                       "retired or in quarantine; trimtab plugin show says "
                       "why", m->plugin->id, m->plugin->version,
                       m->plugin->hash);
    *pin = move_pin(m->plugin, had, e);
    return *pin != NULL ? 0 : e->code;
}

static void start_move(struct engine_task *t)
{
    struct move *m = (struct move *)(void *)t;
    struct shell *s = runs_find(t->g, m->q->run);
    struct run_event ev = { .kind = RUN_EV_MOVE, .fresh = m->history,
                            .adapter = m->plugin->kind == TT_KIND_ADAPTER,
                            .actor = m->q->actor, .text = m->reason };
    int rc = prepare(m, s, &ev.parameters, &t->err);

    if (rc == 0) {
        s->mover = t;
        s->moved = false;
        shell_feed(s, &ev);
    } else {
        engine_task_done(t, rc, &t->err);
    }
    json_object_put(ev.parameters);
}

static void stop_move(struct engine_task *t)
{
    struct move *m = (struct move *)(void *)t;
    struct shell *s = runs_find(t->g, m->q->run);
    struct err e = { 0 };

    if (s != NULL && s->mover == t)
        s->mover = NULL;
    engine_task_done(t, err_set(&e, TT_EUNAVAILABLE, "run %s: not moved: the "
                                "daemon is stopping", m->q->run), &e);
}

int engine_run_move(struct engine *g, const struct engine_request *q,
                    struct engine_answer *a, struct err *e)
{
    static const char *const known[] = { "plugin", "history", "reason", NULL };
    static const bool no = false;
    struct json_at at = { q->body, "move" };
    struct engine_plugin plugin = { 0 };
    struct move m = { .task = { .start = start_move, .stop = stop_move },
                      .q = q, .plugin = &plugin, .reason = "" };
    json_object *document = runs_record(g, q, e);
    const char *name = NULL;
    int rc;

    if (document == NULL)
        return e->code;
    json_object_put(document);
    rc = json_only(at, known, e);
    if (rc == 0)
        rc = json_get_str(at, "plugin", NULL, &name, e);
    if (rc == 0)
        rc = json_get_bool(at, "history", &no, &m.history, e);
    if (rc == 0)
        rc = json_get_str(at, "reason", "", &m.reason, e);
    if (rc == 0)
        rc = engine_plugin_find(g, name, 0, &plugin, e);
    if (rc == 0)
        rc = engine_task_run(g, &m.task, e);
    engine_plugin_fini(&plugin);
    return rc != 0 ? rc : engine_run_show(g, q, a, e);
}

/* --- as they are shown ---------------------------------------------------- */

static void copy_pin(json_object *to, const char *key, json_object *pin)
{
    char *text = xasprintf("%s sha256:%s", json_str(pin, "version"),
                           json_str(pin, "hash"));

    json_set_str(to, key, text);
    free(text);
}

static json_object *shown(json_object *move)
{
    static const char *const copied[] = { "role", "how", "position", "actor",
                                          "reason" };
    json_object *o = json_object_new_object();
    char at[25];
    size_t i;

    clock_format(json_int(move, "at_ms", 0), at);
    json_set_str(o, "at", at);
    copy_pin(o, "from", json_child(move, "from"));
    copy_pin(o, "to", json_child(move, "to"));
    for (i = 0; i < TT_ARRAY_LEN(copied); i++)
        if (json_child(move, copied[i]) != NULL)
            json_set(o, copied[i], json_copy(json_child(move, copied[i])));
    return o;
}

json_object *moves_shown(json_object *document)
{
    json_object *moves = json_child(document, "moves");
    json_object *list = json_object_new_array();
    size_t n = moves != NULL ? json_object_array_length(moves) : 0, i;

    for (i = 0; i < n; i++)
        json_object_array_add(list,
                              shown(json_object_array_get_idx(moves, i)));
    return list;
}
