/* SPDX-License-Identifier: MIT
 *
 * session_adapter.c - SUBMIT, COLLECT, FIND, ABANDON, ADMIN, and what an
 * adapter may not do. */
#include <string.h>

#include "core/base/json.h"
#include "core/base/mem.h"
#include "core/host/session_in.h"

/* Of one evaluation; what is above is a lie or an accident. */
#define MOST_COST 1e9
#define MOST_TOKENS (UINT64_C(1) << 40)

/* What may be answered: ids of a batch, or handles that were asked for. */
struct expected {
    struct host_session *s;
    const char *call; /* "submit" */
    bool by_handle, any;
    const struct tt_str *names;
    bool *seen;
    uint64_t n, next, n_seen;
};

/* Outcomes usually come in the order of the question: look there first. */
static int mark(struct expected *x, struct tt_str name)
{
    uint64_t i, at;

    if (name.p == NULL)
        name.p = "";
    for (i = 0; i < x->n; i++) {
        at = (x->next + i) % x->n;
        if (!tt_str_equal(x->names[at], name))
            continue;
        if (x->seen[at])
            return session_fault(x->s, "%s: two outcomes of \"%.*s\"", x->call,
                                 (int)(name.n < 200 ? name.n : 200), name.p);
        x->seen[at] = true;
        x->n_seen++;
        x->next = at + 1;
        return 0;
    }
    return session_fault(x->s, "%s: an outcome of \"%.*s\", which was not "
                         "asked for", x->call,
                         (int)(name.n < 200 ? name.n : 200), name.p);
}

static int check_outcome(struct expected *x, const struct tt_outcome *o)
{
    struct host_session *s = x->s;
    int rc;

    if (o == NULL || o->size < sizeof *o)
        return session_fault(s, "%s: an outcome without its size: set .size to "
                             "sizeof(struct tt_outcome)", x->call);
    if (o->state < TT_RUNNING || o->state > TT_LATER)
        return session_fault(s, "%s: state %u of an outcome is unknown",
                             x->call, o->state);
    /* NAN is a cost that is not known. */
    if (o->cost < 0 || o->cost > MOST_COST)
        return session_fault(s, "%s: a cost of %g cannot be", x->call, o->cost);
    if (o->tokens_in > MOST_TOKENS || o->tokens_out > MOST_TOKENS)
        return session_fault(s, "%s: %llu tokens of one evaluation cannot be",
                             x->call, (unsigned long long)
                             (o->tokens_in > o->tokens_out ? o->tokens_in
                                                           : o->tokens_out));
    rc = session_text(s, "id of an outcome", o->id);
    if (rc == 0)
        rc = session_text(s, "handle of an outcome", o->handle);
    if (rc == 0)
        rc = session_text(s, "outputs of an outcome", o->outputs);
    if (rc == 0)
        rc = session_text(s, "message of an outcome", o->message);
    if (rc == 0)
        rc = session_text(s, "evidence of an outcome", o->evidence);
    if (rc == 0 && o->state == TT_RUNNING && o->handle.n == 0)
        rc = session_fault(s, "%s: \"%.*s\" is running and has no handle",
                           x->call, (int)(o->id.n < 200 ? o->id.n : 200),
                           o->id.p != NULL ? o->id.p : "");
    if (rc == 0 && !x->any)
        rc = mark(x, x->by_handle ? o->handle : o->id);
    return rc;
}

static int emit(const struct tt_outcome_sink *sink,
                const struct tt_outcome *outcome)
{
    struct expected *x = sink->ctx;
    int rc = x->s->fault.code != 0 ? x->s->fault.code
                                   : check_outcome(x, outcome);

    if (rc != 0)
        return rc;
    codec_put_outcome(&x->s->answer, outcome);
    return session_room(x->s);
}

static void start(struct expected *x, struct host_session *s, const char *call,
                  uint64_t n)
{
    x->s = s;
    x->call = call;
    x->n = n;
    x->seen = arena_alloc(&s->arena, (size_t)n, sizeof *x->seen);
    s->busy = true;
    codec_put_again(&s->answer, 0);
}

int session_submit(struct host_session *s, struct tt_str payload)
{
    struct expected x = { .call = "submit" };
    struct tt_outcome_sink sink = { .ctx = &x, .emit = emit };
    const struct tt_batch *batch;
    struct err e = { 0 };
    struct tt_str *ids;
    uint64_t i;
    int rc;

    if (codec_get_batch(payload, &s->arena, &batch, &e) != 0)
        return session_error(s, &e);
    start(&x, s, "submit", batch->n_evaluations);
    ids = arena_alloc(&s->arena, (size_t)x.n, sizeof *ids);
    for (i = 0; i < x.n; i++)
        ids[i] = batch->evaluations[i].id;
    x.names = ids;
    rc = s->plugin->adapter->submit(s->instance, batch, &sink, &s->error);
    if (rc == 0 && x.n_seen != x.n)
        (void)session_fault(s, "submit: %llu outcomes of %llu evaluations",
                            (unsigned long long)x.n_seen,
                            (unsigned long long)x.n);
    return session_result(s, "submit", rc);
}

int session_collect(struct host_session *s, struct tt_str payload)
{
    struct expected x = { .by_handle = true };
    struct tt_outcome_sink sink = { .ctx = &x, .emit = emit };
    const struct tt_str *handles;
    struct err e = { 0 };
    uint64_t n, again_ms = 0;
    int rc;

    if (codec_get_strs(payload, &s->arena, &handles, &n, &e) != 0)
        return session_error(s, &e);
    start(&x, s, "collect", n);
    x.names = handles;
    rc = s->plugin->adapter->collect(s->instance, handles, n, &sink, &again_ms,
                                     &s->error);
    rc = session_result(s, "collect", rc);
    if (rc == 0) /* again_ms stands first; it is known last */
        for (n = 0; n < 8; n++)
            s->answer.data[n] = (char)(unsigned char)(again_ms >> (8 * n));
    return rc;
}

static int one_text(struct host_session *s, struct tt_str payload,
                    struct tt_str *out, uint64_t n)
{
    const struct tt_str *texts;
    struct err e = { 0 };
    uint64_t n_texts, i;

    if (codec_get_strs(payload, &s->arena, &texts, &n_texts, &e) != 0)
        return session_error(s, &e);
    if (n_texts != n) {
        err_set(&e, TT_EPROTOCOL, "texts: %llu, not %llu",
                (unsigned long long)n_texts, (unsigned long long)n);
        return session_error(s, &e);
    }
    for (i = 0; i < n; i++)
        out[i] = texts[i];
    return 0;
}

int session_find(struct host_session *s, struct tt_str payload)
{
    struct expected x = { .any = true };
    struct tt_outcome_sink sink = { .ctx = &x, .emit = emit };
    struct tt_str label = { NULL, 0 };
    int rc = one_text(s, payload, &label, 1);

    if (rc != 0)
        return rc;
    start(&x, s, "find", 0);
    rc = s->plugin->adapter->find(s->instance, label, &sink, &s->error);
    return session_result(s, "find", rc);
}

int session_abandon(struct host_session *s, struct tt_str payload)
{
    struct tt_str handle = { NULL, 0 };
    int rc = one_text(s, payload, &handle, 1);

    if (rc != 0)
        return rc;
    s->busy = true;
    rc = s->plugin->adapter->abandon(s->instance, handle, &s->error);
    return session_result(s, "abandon", rc);
}

int session_admin(struct host_session *s, struct tt_str payload)
{
    const struct tt_adapter *adapter = s->plugin->adapter;
    const struct tt_admin *admin = NULL;
    struct session_sink k;
    struct err e = { 0 };
    struct tt_str call[2] = { { NULL, 0 } };
    int rc = one_text(s, payload, call, 2);

    if (rc != 0)
        return rc;
    if (adapter->get_extension != NULL)
        admin = adapter->get_extension(TT_EXTENSION_ADMIN);
    if (admin == NULL)
        return tt_fail(&s->error, TT_EUNSUPPORTED,
                       "plugin %s %s has no " TT_EXTENSION_ADMIN, s->plugin->id,
                       s->plugin->version);
    session_sink_init(&k, s, &s->answer);
    s->busy = true;
    rc = admin->call(s->instance, call[0], call[1], &k.sink, &s->error);
    rc = session_result(s, "admin", rc);
    if (rc == 0 && json_scan(s->answer.data != NULL ? s->answer.data : "",
                             s->answer.len, &json_limits_document, &e) != 0) {
        (void)session_fault(s, "admin: the answer is not JSON: %s", e.text);
        rc = session_error(s, &s->fault);
    }
    return rc;
}
