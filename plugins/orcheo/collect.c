/* SPDX-License-Identifier: MIT
 *
 * collect.c - what became of runs: one list for all that is in flight. Orcheo
 * has no time limit, no heartbeat and no recovery, so lost runs are found here
 * by our own clock, which runs only while Orcheo answers. */
#include <string.h>
#include <stdlib.h>

#include "orcheo.h"

#define FEW 2            /* so many runs are asked for one by one */
#define STRAYS 4         /* runs beyond the list asked for per call */
#define BACKOFF_MIN_MS 200
#define BACKOFF_MAX_MS 5000
#define SILENCE_MS 20000 /* longer than any wait between two polls of ours */

/* --- runs in flight ------------------------------------------------------- */

static struct tracked *tracked_find(struct tt_instance *self, const char *id)
{
    size_t i;

    for (i = 0; i < self->n_tracked; i++) {
        if (strcmp(self->tracked[i].id, id) == 0)
            return &self->tracked[i];
    }
    return NULL;
}

void track(struct tt_instance *self, json_object *run)
{
    struct tracked *t, *grown;
    size_t cap;

    if (tracked_find(self, js_str(run, "id")) != NULL)
        return;
    if (self->n_tracked == self->cap_tracked) {
        cap = self->cap_tracked == 0 ? 32 : 2 * self->cap_tracked;
        grown = realloc(self->tracked, cap * sizeof *grown);
        if (grown == NULL)
            return; /* it is only not watched over */
        self->tracked = grown;
        self->cap_tracked = cap;
    }
    t = &self->tracked[self->n_tracked++];
    memset(t, 0, sizeof *t);
    copy_text(t->id, sizeof t->id, js_str(run, "id"));
    copy_text(t->created, sizeof t->created, js_str(run, "created_at"));
    t->since_ms = mono_ms();
}

void untrack(struct tt_instance *self, const char *id)
{
    struct tracked *t = tracked_find(self, id);

    if (t != NULL)
        *t = self->tracked[--self->n_tracked];
}

void cancel_run(struct tt_instance *self, const char *id, const char *reason)
{
    json_object *body = json_object_new_object();
    struct tt_error e;
    struct reply r;
    char path[120];

    memset(&e, 0, sizeof e);
    json_object_object_add(body, "actor", json_object_new_string("trimtab"));
    json_object_object_add(body, "reason", json_object_new_string(reason));
    snprintf(path, sizeof path, "/api/runs/%s/cancel", id);
    if (client_call(self, "POST", path, body, &r, &e) != 0 &&
        e.code != TT_ECONFLICT) /* it has ended meanwhile */
        say(self, TT_LOG_WARN, "orcheo: run %s could not be cancelled: %s", id,
            e.message);
    reply_fini(&r);
    json_object_put(body);
    untrack(self, id);
}

/* A worker took or ended this run: whoever was created after it has been
 * waiting for a reason, so their wait starts again. Orcheo's queue is first
 * in, first out; a run that only younger ones overtake is not in it. */
static void note_progress(struct tt_instance *self, const char *created)
{
    size_t i;

    for (i = 0; i < self->n_tracked; i++) {
        if (self->tracked[i].running_ms == 0 &&
            strcmp(self->tracked[i].created, created) >= 0)
            self->tracked[i].since_ms = mono_ms();
    }
}

/* Orcheo answers: if it was silent for long, nobody's time went on. */
static void heard(struct tt_instance *self)
{
    int64_t now = mono_ms(), gap = now - self->heard_ms;
    size_t i;

    if (self->heard_ms != 0 && gap > SILENCE_MS) {
        for (i = 0; i < self->n_tracked; i++) {
            self->tracked[i].since_ms += gap;
            if (self->tracked[i].running_ms != 0)
                self->tracked[i].running_ms += gap;
        }
    }
    self->heard_ms = now;
}

/* Has the run been waiting or running for too long? The cause, or NULL. */
static const char *overdue(struct tt_instance *self, json_object *run)
{
    struct tracked *t = tracked_find(self, js_str(run, "id"));
    int64_t now = mono_ms();

    if (t == NULL)
        return NULL;
    if (strcmp(js_str(run, "status"), "running") == 0) {
        if (t->running_ms == 0)
            t->running_ms = now;
        note_progress(self, t->created);
        if (now - t->running_ms > (int64_t)self->settings.timeout_ms)
            return "ran longer than the evaluation's time limit";
        return NULL;
    }
    if (now - t->since_ms > (int64_t)self->settings.pending_ms)
        return "no worker took it: is Orcheo's worker running, and was Redis "
               "up when it was dispatched?";
    return NULL;
}

/* --- one run -------------------------------------------------------------- */

/* Emit it if it has finished or is lost. 1: emitted, 0: still under way. */
static int look_at(struct tt_instance *self, json_object *run,
                   const struct tt_outcome_sink *sink)
{
    struct verdict v;
    const char *why;
    int code;

    track(self, run);
    run_judge(self, run, &v);
    if (v.state == TT_RUNNING) {
        why = overdue(self, run);
        if (why == NULL) {
            verdict_fini(&v);
            return 0;
        }
        v.state = TT_LOST;
        snprintf(v.message, sizeof v.message, "run %s: %s", js_str(run, "id"),
                 why);
        cancel_run(self, js_str(run, "id"), "trimtab: deadline");
    } else {
        note_progress(self, js_str(run, "created_at"));
        untrack(self, js_str(run, "id"));
    }
    code = verdict_emit(self, run, &v, sink);
    verdict_fini(&v);
    return code != 0 ? code : 1;
}

static int look_up(struct tt_instance *self, const char *id,
                   const struct tt_outcome_sink *sink, struct tt_error *e)
{
    struct tt_str none = { NULL, 0 };
    struct reply r;
    int code = client_get(self, &r, e, "/api/runs/%s", id);

    if (code == 0) {
        heard(self);
        code = look_at(self, r.body, sink);
    } else if (code == TT_ENOENT || r.too_big) {
        untrack(self, id);
        code = r.too_big
                   ? emit(sink, TT_ERROR, none, id, "the run and its result "
                          "have more than 32 MiB: let the evaluation workflow "
                          "return less", 0)
                   : emit(sink, TT_LOST, none, id,
                          "the run is gone from Orcheo", 0);
        if (code == 0)
            code = 1;
    }
    reply_fini(&r);
    return code;
}

/* --- all of them ---------------------------------------------------------- */

static json_object *list_find(json_object *list, const char *id)
{
    json_object *run;
    size_t i;

    for (i = 0; i < json_object_array_length(list); i++) {
        run = json_object_array_get_idx(list, i);
        if (strcmp(js_str(run, "id"), id) == 0)
            return run;
    }
    return NULL;
}

int collect_list(struct tt_instance *self, uint64_t limit, struct reply *r,
                 struct tt_error *e)
{
    int code = client_get(self, r, e, "/api/workflows/%s/runs?limit=%u",
                          self->target.workflow,
                          (unsigned)(limit < LIST_MAX ? limit : LIST_MAX));

    if (code == 0 && !json_object_is_type(r->body, json_type_array))
        code = tt_fail(e, TT_ETIMEOUT, "Orcheo: the list of runs is no list");
    return code;
}

static void handle_text(char *id, struct tt_str handle)
{
    snprintf(id, ID_BYTES, "%.*s", (int)(handle.n < 60 ? handle.n : 60),
             handle.p != NULL ? handle.p : "");
}

static int poll_each(struct tt_instance *self, const struct tt_str *handles,
                     uint64_t n, const struct tt_outcome_sink *sink,
                     unsigned *done, struct tt_error *e)
{
    char id[ID_BYTES];
    uint64_t i;
    int code;

    for (i = 0; i < n; i++) {
        handle_text(id, handles[i]);
        code = look_up(self, id, sink, e);
        if (code < 0)
            return code;
        *done += (unsigned)code;
    }
    return 0;
}

/* Newest first, so ours lie within about as many as are in flight, unless
 * others use the workflow too: then the list grows, and what is not in it is
 * asked for one by one. So is everything when the list is too big to read. */
static int poll_list(struct tt_instance *self, const struct tt_str *handles,
                     uint64_t n, const struct tt_outcome_sink *sink,
                     unsigned *done, struct tt_error *e)
{
    struct reply r;
    json_object *run;
    char id[ID_BYTES];
    unsigned strays = 0;
    uint64_t i;
    int code = collect_list(self, n + 5 + self->list_extra, &r, e);

    if (r.too_big) {
        reply_fini(&r);
        return poll_each(self, handles, n < STRAYS ? n : STRAYS, sink, done,
                         e);
    }
    if (code == 0)
        heard(self);
    for (i = 0; code == 0 && i < n; i++) {
        handle_text(id, handles[i]);
        run = list_find(r.body, id);
        if (run != NULL)
            code = look_at(self, run, sink);
        else if (strays++ < STRAYS)
            code = look_up(self, id, sink, e);
        if (code > 0) {
            ++*done;
            code = 0;
        }
    }
    if (strays > 0 && self->list_extra < LIST_MAX)
        self->list_extra = 2 * self->list_extra + 5;
    else if (strays == 0)
        self->list_extra -= self->list_extra / 8;
    reply_fini(&r);
    return code;
}

/* Soon after something finished, then ever later; slower still when half of
 * the requests of this minute are spent. */
static uint64_t next_poll_ms(struct tt_instance *self, unsigned done)
{
    uint64_t again, limit = self->settings.per_minute;
    uint64_t wait = client_wait_ms(self);

    if (done > 0 || self->backoff_ms == 0)
        self->backoff_ms = BACKOFF_MIN_MS;
    else if (self->backoff_ms < BACKOFF_MAX_MS)
        self->backoff_ms += self->backoff_ms / 2;
    if (self->backoff_ms > BACKOFF_MAX_MS)
        self->backoff_ms = BACKOFF_MAX_MS;
    again = self->backoff_ms;
    if (limit > 0 && client_used(self) >= limit / 2 && again < 120000 / limit)
        again = 120000 / limit;
    return again > wait ? again : wait;
}

int collect_collect(struct tt_instance *self, const struct tt_str *handles,
                    uint64_t n, const struct tt_outcome_sink *sink,
                    uint64_t *again_ms, struct tt_error *e)
{
    unsigned done = 0;
    int code;

    *again_ms = client_wait_ms(self);
    if (*again_ms > 0)
        return 0;
    code = target_ready(self, e);
    if (code == 0)
        code = n <= FEW ? poll_each(self, handles, n, sink, &done, e)
                        : poll_list(self, handles, n, sink, &done, e);
    *again_ms = next_poll_ms(self, done);
    if (code != 0 && transient(code)) {
        say(self, TT_LOG_WARN, "%s", e != NULL ? e->message : "Orcheo: busy");
        return 0;
    }
    return code;
}

int collect_abandon(struct tt_instance *self, struct tt_str handle,
                    struct tt_error *e)
{
    char id[ID_BYTES];

    (void)e;
    handle_text(id, handle);
    if (id[0] != '\0')
        cancel_run(self, id, "trimtab: given up");
    return 0;
}
