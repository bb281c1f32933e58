/* SPDX-License-Identifier: MIT
 *
 * dispatch.c - send a batch. Orcheo's usual error is silence (a shorter list,
 * a dropped config), so only the echo of a run counts as sent. */
#include <stdlib.h>
#include <string.h>

#include "orcheo.h"

#define BODY_MAX (4u << 20) /* of one dispatch; inputs come back twice */
#define LATER_MS 2000
#define CAREFUL 20 /* dispatches of one run after a 5xx */

/* One evaluation on its way. */
struct item {
    const struct tt_evaluation *ev;
    struct tt_str id;        /* the evaluation's */
    json_object *parameters; /* owned */
    json_object *run;        /* the dispatch item; owned */
    int slot;                /* -1: not by slot */
    bool settled;            /* its outcome was emitted */
};

struct sending {
    struct tt_instance *self;
    const struct tt_outcome_sink *sink;
    char label[256];
    struct item *items;
    size_t n;
};

int emit(const struct tt_outcome_sink *sink, uint32_t state, struct tt_str id,
         const char *handle, const char *message, uint64_t retry_after_ms)
{
    struct tt_outcome o;

    memset(&o, 0, sizeof o);
    o.size = sizeof o;
    o.state = state;
    o.id = id;
    o.handle = tt_str_of(handle);
    o.message = tt_str_of(message);
    o.retry_after_ms = retry_after_ms;
    return sink->emit(sink, &o);
}

static int settle(struct sending *s, struct item *it, uint32_t state,
                  const char *handle, const char *message, uint64_t after_ms)
{
    if (it->settled)
        return 0;
    it->settled = true;
    return emit(s->sink, state, it->id, handle, message, after_ms);
}

static int settle_all(struct sending *s, struct item *items, size_t n,
                      uint32_t state, const char *message, uint64_t after_ms)
{
    size_t i;
    int code = 0;

    for (i = 0; code == 0 && i < n; i++)
        code = settle(s, &items[i], state, "", message, after_ms);
    return code;
}

static json_object *dispatch_body(struct tt_instance *self, const char *label)
{
    json_object *body = json_object_new_object();

    json_object_object_add(body, "workflow_id",
                           json_object_new_string(self->target.workflow));
    json_object_object_add(body, "actor", json_object_new_string("trimtab"));
    json_object_object_add(body, "label", json_object_new_string(label));
    json_object_object_add(body, "runs", json_object_new_array());
    return body;
}

/* --- what came back ------------------------------------------------------- */

static json_object *echo_find(json_object *list, struct item *it)
{
    json_object *run;
    size_t i;

    for (i = 0; i < json_object_array_length(list); i++) {
        run = json_object_array_get_idx(list, i);
        if (tt_str_equal(tt_str_of(run_evaluation(run)), it->id))
            return run;
    }
    return NULL;
}

/* Is it what we asked for? The reason why not, else NULL. */
static const char *echo_wrong(struct tt_instance *self, struct item *it,
                              json_object *run)
{
    struct target *t = &self->target;
    json_object *config = js_get(run, "runnable_config");
    bool marked = strcmp(js_str(js_get(config, "metadata"), "trimtab"),
                         run_evaluation(run)) == 0;
    bool holds = config_holds(config, self->evaluation.paths, it->parameters);

    if (strcmp(js_str(run, "workflow_version_id"),
               js_str(it->run, "workflow_version_id")) != 0)
        return "Orcheo dispatched another version than it was asked to";
    if (!js_equal(js_get(run, "input_payload"),
                  js_get(it->run, "input_payload")))
        return "Orcheo changed the inputs on their way";
    if (marked && holds && !t->config_proven) {
        t->config_proven = true;
        say(self, TT_LOG_INFO, "orcheo: a config per run is honoured here");
    }
    if (t->mode != MODE_INPUTS && it->slot < 0 && !(marked && holds))
        return "Orcheo drops the config of a dispatch: let the workflow read "
               "inputs.trimtab.parameters, or give evaluation.slots";
    if (t->mode == MODE_SLOTS && !holds)
        return "the slot's config was changed by somebody else";
    return NULL;
}

static int take_echo(struct sending *s, struct item *it, json_object *run,
                     struct tt_error *e)
{
    struct tt_instance *self = s->self;
    struct slot *slot = it->slot >= 0 ? &self->target.slots[it->slot] : NULL;
    const char *wrong = echo_wrong(self, it, run);

    if (wrong == NULL) {
        track(self, run);
        return settle(s, it, TT_RUNNING, js_str(run, "id"), "", 0);
    }
    cancel_run(self, js_str(run, "id"), "trimtab: not what was asked for");
    if (slot != NULL) { /* store it again */
        json_object_put(slot->holds);
        slot->holds = NULL;
        return settle(s, it, TT_LATER, "", wrong, LATER_MS);
    }
    if (self->target.mode == MODE_DIRECT) /* no other one will do better */
        return tt_fail(e, TT_EUNSUPPORTED, "%s", wrong);
    return settle(s, it, TT_LOST, js_str(run, "id"), wrong, 0);
}

static int take_answer(struct sending *s, struct item *items, size_t n,
                       json_object *list, struct tt_error *e)
{
    json_object *run;
    size_t i, taken = 0;
    int code = 0;

    for (i = 0; code == 0 && i < n; i++) {
        run = items[i].settled ? NULL : echo_find(list, &items[i]);
        if (run != NULL) {
            taken++;
            code = take_echo(s, &items[i], run, e);
        }
    }
    if (taken > 0)
        s->self->empties = 0;
    else if (code == 0 && n > 0)
        code = quota_took_nothing(s->self, e);
    if (code == 0)
        code = settle_all(s, items, n, TT_LATER, "Orcheo's run quota is used "
                          "up for now", LATER_MS);
    return code;
}

/* --- sending -------------------------------------------------------------- */

/* A 5xx: something in the batch may be what Orcheo chokes on, and what came
 * before it may exist. From now on one by one; who was alone in it twice is
 * the one. */
static int unsure(struct sending *s, struct item *items, size_t n,
                  unsigned status, int code, struct tt_error *e)
{
    struct tt_instance *self = s->self;
    char id[80];

    if (status < 500)
        return code;
    self->careful = CAREFUL;
    if (n != 1)
        return code;
    snprintf(id, sizeof id, "%.*s",
             (int)(items->id.n < 79 ? items->id.n : 79), items->id.p);
    if (strcmp(id, self->suspect) == 0)
        return settle(s, items, TT_REFUSED, "",
                      e != NULL ? e->message : "Orcheo answers 500", 0);
    copy_text(self->suspect, sizeof self->suspect, id);
    return code;
}

static int send_items(struct sending *s, struct item *items, size_t n,
                      struct tt_error *e)
{
    struct tt_instance *self = s->self;
    json_object *body = dispatch_body(self, s->label);
    struct reply r;
    size_t i;
    int code;

    for (i = 0; i < n; i++)
        json_object_array_add(js_get(body, "runs"),
                              json_object_get(items[i].run));
    code = client_call(self, "POST", "/api/triggers/manual/dispatch", body, &r,
                       e);
    json_object_put(body);
    if (code == 0 && !json_object_is_type(r.body, json_type_array))
        code = tt_fail(e, TT_ETIMEOUT, "Orcheo: the answer to a dispatch is "
                       "no list of runs");
    if (code == 0 && self->careful > 0)
        self->careful--;
    if (code == 0)
        code = take_answer(s, items, n, r.body, e);
    else if (code == TT_ELIMIT || code == TT_ETRANSIENT) /* nothing was done */
        code = settle_all(s, items, n, TT_LATER, e != NULL ? e->message : "",
                          e != NULL && e->retry_after_ms > 0
                              ? e->retry_after_ms : LATER_MS);
    else if (code == TT_EINVAL && n > 1) /* which one? nothing was stored */
        for (i = 0, code = 0; code == 0 && i < n; i++)
            code = send_items(s, &items[i], 1, e);
    else if (code == TT_EINVAL || code == TT_ETOOBIG)
        code = settle(s, items, TT_REFUSED, "",
                      e != NULL ? e->message : "Orcheo refused it", 0);
    else
        code = unsure(s, items, n, r.status, code, e);
    reply_fini(&r);
    return code;
}

/* Give items slots as far as there are any; how many got one. */
static int assign_slots(struct sending *s, struct item *items, size_t n,
                        size_t *given, struct tt_error *e)
{
    struct tt_instance *self = s->self;
    uint32_t taken = 0;
    size_t i;
    int code;

    for (i = 0; i < n; i++) {
        code = slots_prepare(self, items[i].parameters, &taken, &items[i].slot,
                             e);
        if (code != 0)
            return code;
        if (items[i].slot < 0)
            break;
        json_object_object_add(
            items[i].run, "workflow_version_id",
            json_object_new_string(self->target.slots[items[i].slot].id));
    }
    *given = i;
    return 0;
}

static size_t item_bytes(struct item *it)
{
    struct tt_str text;

    js_write(&text, it->run);
    return (size_t)text.n;
}

/* How many of the next items go into one dispatch. */
static size_t chunk_of(struct sending *s, size_t from)
{
    size_t i, bytes = 0;
    bool untried = s->self->target.mode == MODE_DIRECT &&
                   !s->self->target.config_proven;
    size_t most = s->self->careful > 0 || untried ? 1 : DISPATCH_MAX;
    size_t room = s->self->n_tracked < LIST_MAX
                      ? LIST_MAX - s->self->n_tracked : 0;

    if (most > room) /* who is not in the list is not seen to end */
        most = room;
    for (i = from; i < s->n && i - from < most; i++) {
        bytes += item_bytes(&s->items[i]);
        if (i > from && bytes > BODY_MAX)
            break;
    }
    return i - from;
}

static int send_all(struct sending *s, struct tt_error *e)
{
    struct target *t = &s->self->target;
    size_t at = 0, n;
    uint64_t wait;
    int code = 0;

    while (code == 0 && at < s->n) {
        wait = client_wait_ms(s->self);
        if (wait > 0)
            return settle_all(s, s->items + at, s->n - at, TT_LATER,
                              "waiting for Orcheo's rate limit", wait);
        n = chunk_of(s, at);
        if (n == 0)
            return settle_all(s, s->items + at, s->n - at, TT_LATER, "as many "
                              "runs are in flight as Orcheo lists", LATER_MS);
        if (t->mode == MODE_SLOTS && !t->config_proven) {
            code = assign_slots(s, s->items + at, n, &n, e);
            if (code != 0 && transient(code))
                return settle_all(s, s->items + at, s->n - at, TT_LATER,
                                  e != NULL ? e->message : "", LATER_MS);
        }
        if (code == 0)
            code = send_items(s, s->items + at, n, e);
        at += n;
    }
    return code;
}

/* Build it, or settle it as refused. */
static int prepare(struct sending *s, struct item *it)
{
    char why[300];

    it->slot = -1;
    it->parameters = candidate_json(s->self->setup->space, &it->ev->candidate);
    it->run = item_build(s->self, it->ev, it->parameters, why, sizeof why);
    return it->run != NULL ? 0 : settle(s, it, TT_REFUSED, "", why, 0);
}

/* Put the refused ones aside: items [0, n) are to be sent. */
static int prepare_all(struct sending *s, const struct tt_batch *batch)
{
    struct item *it;
    uint64_t i;
    int code = 0;

    for (i = 0; code == 0 && i < batch->n_evaluations; i++) {
        it = &s->items[s->n];
        memset(it, 0, sizeof *it);
        it->ev = (const struct tt_evaluation *)(const void *)(
            (const char *)batch->evaluations + i * batch->evaluation_size);
        it->id = it->ev->id;
        code = prepare(s, it);
        if (it->settled || code != 0) {
            json_object_put(it->parameters);
            json_object_put(it->run);
        } else {
            s->n++;
        }
    }
    return code;
}

static int later_all(const struct tt_batch *batch,
                     const struct tt_outcome_sink *sink, const char *message,
                     uint64_t after_ms)
{
    const struct tt_evaluation *ev;
    uint64_t i;
    int code = 0;

    for (i = 0; code == 0 && i < batch->n_evaluations; i++) {
        ev = (const struct tt_evaluation *)(const void *)(
            (const char *)batch->evaluations + i * batch->evaluation_size);
        code = emit(sink, TT_LATER, ev->id, "", message, after_ms);
    }
    return code;
}

int dispatch_submit(struct tt_instance *self, const struct tt_batch *batch,
                    const struct tt_outcome_sink *sink, struct tt_error *e)
{
    struct sending s;
    uint64_t wait = client_wait_ms(self);
    size_t i;
    int code;

    if (wait > 0)
        return later_all(batch, sink, "waiting for Orcheo's rate limit", wait);
    code = target_ready(self, e);
    if (code != 0)
        return transient(code)
                   ? later_all(batch, sink, e != NULL ? e->message : "",
                               LATER_MS)
                   : code;
    memset(&s, 0, sizeof s);
    s.self = self;
    s.sink = sink;
    snprintf(s.label, sizeof s.label, "%.*s",
             (int)(batch->label.n < 250 ? batch->label.n : 250),
             batch->label.p);
    s.items = calloc((size_t)batch->n_evaluations + 1, sizeof *s.items);
    if (s.items == NULL)
        return tt_fail(e, TT_ENOMEM, "orcheo: out of memory");
    code = prepare_all(&s, batch);
    if (code == 0)
        code = send_all(&s, e);
    for (i = 0; i < s.n; i++) {
        json_object_put(s.items[i].parameters);
        json_object_put(s.items[i].run);
    }
    free(s.items);
    return code;
}
