/* SPDX-License-Identifier: MIT
 *
 * run_move.c - another version of a plugin takes over a run that goes on. A
 * strategy is moved between two steps: its snapshot is kept for good
 * (STORE_STATE) and opens the new version; where there is none, the new version
 * is told the history, as after a divergence. An adapter has no state but the
 * handles, which the run has. The run's record says what took over when:
 *
 *   "moves": [{"role","from": the whole pin,"to": {"version","hash"},
 *              "how": "snapshot" | "history" | "handles","position","at_ms",
 *              "actor" (absent: the run itself),"reason"}, ...] */
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/engine/run_impl.h"

static const char *role_of(bool adapter)
{
    return adapter ? "adapter" : "strategy";
}

json_object *run_pin(const struct run *r, bool adapter)
{
    return json_child(r->document, adapter ? "adapter" : "optimizer");
}

static bool says(json_object *o, const char *key, const char *word)
{
    const char *text = json_str(o, key);

    return text != NULL && strcmp(text, word) == 0;
}

/* --- the moves of a record ------------------------------------------------ */

static size_t n_moves(json_object *document)
{
    json_object *moves = json_child(document, "moves");

    return moves != NULL ? json_object_array_length(moves) : 0;
}

/* The newest of a role; its number from 1, or 0. */
static size_t last_move(json_object *document, bool adapter)
{
    json_object *moves = json_child(document, "moves");
    size_t i = n_moves(document);

    while (i > 0 && !says(json_object_array_get_idx(moves, i - 1), "role",
                          role_of(adapter)))
        i--;
    return i;
}

static json_object *move_at(json_object *document, size_t number)
{
    return json_object_array_get_idx(json_child(document, "moves"),
                                     number - 1);
}

void run_segment_at(json_object *document, uint64_t position,
                    struct run_segment *out)
{
    size_t i, n = n_moves(document);

    memset(out, 0, sizeof *out);
    out->pin = json_child(document, "optimizer");
    for (i = 1; i <= n; i++) {
        json_object *one = move_at(document, i);

        if (!says(one, "role", role_of(false)))
            continue;
        if ((uint64_t)json_int(one, "position", 0) > position) {
            out->pin = json_child(one, "from");
            return;
        }
        out->move = i;
        out->start = (uint64_t)json_int(one, "position", 0);
        out->state = says(one, "how", "snapshot");
    }
}

/* --- what is asked for ---------------------------------------------------- */

static void forget(struct run_moving *m)
{
    json_object_put(m->pin);
    free(m->actor);
    free(m->reason);
    memset(m, 0, sizeof *m);
}

void run_move_fini(struct run *r)
{
    forget(&r->moving);
}

bool run_moving(const struct run *r)
{
    return r->moving.pin != NULL;
}

int run_may_move(const struct run *r, bool adapter, struct err *e)
{
    if (r->finishing || run_over(r))
        return err_set(e, TT_ECONFLICT, "run %s: it has ended", r->id);
    if (!adapter && (r->state == RUN_GATING || r->done))
        return err_set(e, TT_ECONFLICT, "run %s: its search has ended, and "
                       "with it the strategy's work", r->id);
    if (r->moving.pin != NULL)
        return err_set(e, TT_ECONFLICT, "run %s: it is being moved already",
                       r->id);
    return 0;
}

/* pin is copied. */
static void ask(struct run *r, bool adapter, json_object *pin,
                const char *chosen, const char *actor, const char *reason)
{
    struct run_moving *m = &r->moving;

    m->pin = json_copy(pin);
    json_set_str(m->pin, "chosen", chosen);
    m->adapter = adapter;
    m->actor = actor != NULL ? xstrdup(actor) : NULL;
    m->reason = xstrdup(reason != NULL ? reason : "");
}

void run_move(struct run *r, const struct run_event *ev)
{
    if (run_may_move(r, ev->adapter, NULL) != 0)
        return;
    ask(r, ev->adapter, ev->parameters,
        ev->actor != NULL ? "moved" : "rescued", ev->actor, ev->text);
    r->moving.history = ev->fresh;
}

bool run_move_back(struct run *r, bool adapter, const char *why)
{
    struct run_moving *m = &r->moving;

    if (run_over(r) || r->finishing)
        return false;
    if (m->pin == NULL) {
        size_t last = last_move(r->document, adapter);

        if (last == 0 || !says(run_pin(r, adapter), "chosen", "moved"))
            return false;
        ask(r, adapter, json_child(move_at(r->document, last), "from"),
            "rescued", NULL, why);
    } else if (m->adapter != adapter) {
        return false;
    }
    m->history = m->back = true; /* of what is gone there is no snapshot */
    if (adapter)
        run_adapter_down(r);
    else
        run_strategy_down(r);
    return true;
}

bool run_moving_back(const struct run *r)
{
    return r->moving.back && !r->moving.adapter;
}

/* --- taking over ---------------------------------------------------------- */

static json_object *version_of(json_object *pin)
{
    static const char *const kept[] = { "version", "hash" };
    json_object *o = json_object_new_object();
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(kept); i++)
        if (json_str(pin, kept[i]) != NULL)
            json_set_str(o, kept[i], json_str(pin, kept[i]));
    return o;
}

/* Wall time; of one that waits its turn: when it was asked for. */
static int64_t began_ms(const struct run *r)
{
    return json_int(r->document, "started_ms",
                    json_int(r->document, "created_ms", 0));
}

/* What the record and the audit event both say. */
static json_object *move_document(const struct run *r, const char *how)
{
    const struct run_moving *m = &r->moving;
    json_object *o = json_object_new_object();

    json_set_str(o, "role", role_of(m->adapter));
    json_set(o, "from", version_of(run_pin(r, m->adapter)));
    json_set(o, "to", version_of(m->pin));
    json_set_str(o, "how", how);
    json_set_int(o, "position", (int64_t)r->next_position);
    json_set_str(o, "reason", m->reason);
    return o;
}

static void add_move(struct run *r, const char *how)
{
    const struct run_moving *m = &r->moving;
    json_object *moves = json_child(r->document, "moves");
    json_object *one = move_document(r, how);

    if (moves == NULL) {
        moves = json_object_new_array();
        json_set(r->document, "moves", moves);
    }
    json_set(one, "from", json_copy(run_pin(r, m->adapter)));
    json_set_int(one, "at_ms", began_ms(r) + (int64_t)r->now_ms);
    if (m->actor != NULL)
        json_set_str(one, "actor", m->actor);
    json_object_array_add(moves, one);
}

static void audit(struct run *r, const char *how)
{
    json_object *detail = move_document(r, how);

    json_set_str(detail, "plugin", json_str(r->moving.pin, "id"));
    run_out_audit(r, "run.move", r->moving.actor, detail);
}

/* The record, the audit event, a word for people and the command. */
static void conclude(struct run *r, const char *how)
{
    struct run_moving *m = &r->moving;
    struct buf from = { 0 };
    const char *version = json_str(m->pin, "version");

    run_plugin_name(r, m->adapter, &from);
    add_move(r, how);
    audit(r, how);
    json_set(r->document, m->adapter ? "adapter" : "optimizer",
             json_object_get(m->pin));
    r->dirty = true;
    run_note(r, "run.moved", "%s gives way to %s (sha256 %.12s), by %s%s%.600s",
             from.data, version, json_str(m->pin, "hash"), how,
             m->reason[0] != '\0' ? ": " : "", m->reason);
    run_out_command(r, RUN_DO_MOVE, m->adapter)->document =
        json_object_get(m->pin);
    buf_fini(&from);
    forget(m);
}

/* An instance that was told nothing leaves nothing to start over from. */
static bool knows_nothing(const struct run *r)
{
    return r->next_position == 1 || r->fresh;
}

static void by_history(struct run *r)
{
    conclude(r, "history");
    run_strategy_down(r);
    if (!knows_nothing(r))
        run_start_over(r);
}

void run_move_snapshot(struct run *r, const struct run_event *ev)
{
    struct buf *bytes;

    if (ev->bytes.n == 0 || r->moving.history) {
        by_history(r);
        return;
    }
    conclude(r, "snapshot");
    r->log_start = r->next_position;
    r->log_state = n_moves(r->document);
    bytes = run_out_bytes(r, STORE_STATE, r->log_state);
    run_snapshot_put(bytes, ev->number, (uint32_t)ev->value, ev->bytes);
    run_strategy_down(r);
}

static void move_strategy(struct run *r)
{
    bool idle = r->open_position == 0 && !r->snapshotting;
    bool without = r->moving.history || knows_nothing(r) ||
                   (r->slots == 0 && !r->strategy_up); /* it waits its turn */

    if (without && (idle || !r->strategy_up)) {
        by_history(r);
        return;
    }
    if (!r->strategy_up || !idle)
        return; /* it will be up, it will answer, or it is lost */
    if ((r->plan.caps & TT_CAP_SNAPSHOT) == 0) {
        by_history(r);
        return;
    }
    run_out_command(r, RUN_DO_SNAPSHOT, r->next_position);
    r->snapshotting = true;
}

static void move_adapter(struct run *r)
{
    conclude(r, "handles");
    run_adapter_down(r);
}

void run_move_pump(struct run *r)
{
    const struct run_moving *m = &r->moving;

    if (m->pin == NULL)
        return;
    if (r->finishing || run_over(r) ||
        (!m->adapter && (r->state == RUN_GATING || r->done)))
        forget(&r->moving); /* it is too late */
    else if (!m->adapter)
        move_strategy(r);
    else
        move_adapter(r);
}

/* --- afterwards ----------------------------------------------------------- */

void run_move_refused(struct run *r)
{
    json_object *last = move_at(r->document, r->log_state);

    json_set_str(last, "how", "history");
    r->log_state = 0;
    r->dirty = true;
    run_note(r, "run.state_refused", "the new version does not read the state "
             "of the old one; it is told the history");
}

bool run_move_is_new(const struct run *r)
{
    return r->log_state != 0 && r->log_start == r->next_position;
}

void run_move_loaded(struct run *r)
{
    size_t last = last_move(r->document, false);
    json_object *move = last > 0 ? move_at(r->document, last) : NULL;
    uint64_t at = (uint64_t)json_int(move, "position", 0);

    if (at <= 1)
        return;
    if (says(move, "how", "snapshot") && at > r->log_start) {
        r->log_start = at;
        r->log_state = last;
    } else if (says(move, "how", "history") && at == r->next_position) {
        run_start_over(r);
    }
}
