/* SPDX-License-Identifier: MIT
 *
 * session_strategy.c - STEP, SNAPSHOT, EXPLAIN, and what a strategy may not do.
 *
 * Checked here is what the codec would choke on and what only we can know (the
 * order of refs). Whether numbers lie in the space is the engine's check, for
 * in-process and worker alike. */
#include <string.h>

#include "core/base/json.h"
#include "core/base/mem.h"
#include "core/host/session_in.h"

/* Far above any use; below what 32-bit counts and memory can bear. */
#define MOST_ELEMENTS (1u << 20)

struct emitting {
    struct host_session *s;
    uint64_t max, evaluates, actions;
};

static int check_list(struct host_session *s, const char *name, const void *at,
                      uint64_t n)
{
    if (n > 0 && at == NULL)
        return session_fault(s, "%s: %llu elements at NULL", name,
                             (unsigned long long)n);
    if (n > MOST_ELEMENTS)
        return session_fault(s, "%s: %llu elements are too many", name,
                             (unsigned long long)n);
    return 0;
}

static int check_values(struct host_session *s, const struct tt_candidate *c)
{
    const struct tt_value *v;
    uint64_t i;
    int rc;

    if (c->n_values != s->n_params)
        return session_fault(s, "EVALUATE: %llu values, the space has %llu "
                             "parameters", (unsigned long long)c->n_values,
                             (unsigned long long)s->n_params);
    if (c->value_size < sizeof *v)
        return session_fault(s, "EVALUATE: value_size is %u: set it to "
                             "sizeof(struct tt_value)", c->value_size);
    rc = check_list(s, "EVALUATE: values", c->values, c->n_values);
    for (i = 0; rc == 0 && i < c->n_values; i++) {
        v = tt_candidate_value(c, i);
        if ((v->flags & ~(uint32_t)TT_VALUE_INACTIVE) != 0)
            return session_fault(s, "EVALUATE: value %llu has unknown flags",
                                 (unsigned long long)i);
        rc = session_text(s, "EVALUATE: text of a value", v->text);
    }
    return rc;
}

/* The rules of refs; see "references" in trimtab/strategy.h. */
static int check_ref(struct host_session *s, const struct tt_evaluate *v)
{
    bool known = refs_has(&s->refs, v->ref);
    bool values = v->candidate.n_values > 0;
    unsigned long long ref = v->ref;

    if (v->ref >= TT_REF_HOST) {
        if (values)
            return session_fault(s, "EVALUATE: ref %llu is the host's: its "
                                 "values are known", ref);
        if (!known && !s->restored)
            return session_fault(s, "EVALUATE: ref %llu was never enqueued",
                                 ref);
        return 0;
    }
    if (values && known)
        return session_fault(s, "EVALUATE: ref %llu is used already: only its "
                             "first EVALUATE brings values", ref);
    if (!values && !known && !s->restored && s->n_params > 0)
        return session_fault(s, "EVALUATE: ref %llu is new and has no values",
                             ref);
    return 0;
}

static int check_candidate(struct host_session *s, const struct tt_candidate *c)
{
    int rc = 0;

    /* An EVALUATE of a ref that is known may leave all of it zero. */
    if (c->n_values > 0 && c->size < sizeof *c)
        return session_fault(s, "EVALUATE: candidate.size is %u: set it to "
                             "sizeof(struct tt_candidate)", c->size);
    if (c->n_values > 0)
        rc = check_values(s, c);
    if (rc == 0)
        rc = check_list(s, "EVALUATE: parents", c->parents, c->n_parents);
    if (rc == 0)
        rc = session_text(s, "EVALUATE: origin", c->origin);
    return rc;
}

static int check_cases(struct host_session *s, const struct tt_case_set *c)
{
    if (c->mode > TT_CASES_LIST)
        return session_fault(s, "EVALUATE: cases.mode %u is unknown", c->mode);
    if (c->mode != TT_CASES_DEFAULT &&
        (c->split < TT_TRAIN || c->split > TT_HOLDOUT))
        return session_fault(s, "EVALUATE: cases.split %u is unknown",
                             c->split);
    if (c->mode == TT_CASES_NEXT && c->m == 0)
        return session_fault(s, "EVALUATE: the next 0 cases are no cases");
    if (c->mode == TT_CASES_LIST && c->n_ids == 0)
        return session_fault(s, "EVALUATE: an empty list of cases");
    if (c->mode == TT_CASES_LIST)
        return check_list(s, "EVALUATE: case ids", c->ids, c->n_ids);
    return 0;
}

static int check_evaluate(struct emitting *m, const struct tt_evaluate *v)
{
    struct host_session *s = m->s;
    int rc;

    if (++m->evaluates > m->max)
        return session_fault(s, "more than the %llu EVALUATE actions that were "
                             "asked for", (unsigned long long)m->max);
    if ((v->flags & ~(uint32_t)(TT_WANT_FEEDBACK | TT_WANT_TRACES)) != 0)
        return session_fault(s, "EVALUATE: unknown flags");
    rc = check_candidate(s, &v->candidate);
    if (rc == 0)
        rc = check_ref(s, v);
    if (rc == 0)
        rc = check_cases(s, &v->cases);
    if (rc == 0)
        refs_add(&s->refs, v->ref);
    return rc;
}

static int check_prune(struct host_session *s, const struct tt_prune *p)
{
    if (!refs_has(&s->refs, p->ref) && !s->restored)
        return session_fault(s, "PRUNE: ref %llu was never evaluated",
                             (unsigned long long)p->ref);
    return session_text(s, "PRUNE: reason", p->reason);
}

static int check_llm(struct host_session *s, const struct tt_llm *l)
{
    uint64_t i;
    int rc = check_list(s, "LLM: messages", l->messages, l->n_messages);

    if (rc == 0 && l->n_messages == 0)
        return session_fault(s, "LLM: no messages");
    for (i = 0; rc == 0 && i < l->n_messages; i++) {
        rc = session_text(s, "LLM: role of a message", l->messages[i].role);
        if (rc == 0)
            rc = session_text(s, "LLM: message", l->messages[i].text);
    }
    if (rc == 0)
        rc = session_text(s, "LLM: role", l->role);
    if (rc == 0)
        rc = session_text(s, "LLM: purpose", l->purpose);
    return rc;
}

static size_t size_of(uint32_t kind)
{
    switch ((enum tt_action_kind)kind) {
    case TT_EVALUATE:
        return sizeof(struct tt_evaluate);
    case TT_PRUNE:
        return sizeof(struct tt_prune);
    case TT_LLM:
        return sizeof(struct tt_llm);
    case TT_WAIT:
        return sizeof(struct tt_wait);
    case TT_DONE:
        return sizeof(struct tt_done);
    }
    return 0;
}

static int check_action(struct emitting *m, const struct tt_action *action)
{
    const void *record = action;

    if (action == NULL)
        return session_fault(m->s, "next: it emits NULL");
    if (size_of(action->kind) == 0)
        return session_fault(m->s, "next: action kind %u is unknown",
                             action->kind);
    if (action->size < size_of(action->kind))
        return session_fault(m->s, "next: an action of kind %u has size %u: "
                             "set head.size to the size of the record",
                             action->kind, action->size);
    if (++m->actions > MOST_ELEMENTS)
        return session_fault(m->s, "next: too many actions");
    switch ((enum tt_action_kind)action->kind) {
    case TT_EVALUATE:
        return check_evaluate(m, record);
    case TT_PRUNE:
        return check_prune(m->s, record);
    case TT_LLM:
        return check_llm(m->s, record);
    case TT_DONE:
        return session_text(m->s, "DONE: reason",
                            ((const struct tt_done *)record)->reason);
    case TT_WAIT:
        break;
    }
    return 0;
}

static int emit(const struct tt_action_sink *sink,
                const struct tt_action *action)
{
    struct emitting *m = sink->ctx;
    int rc = m->s->fault.code != 0 ? m->s->fault.code
                                   : check_action(m, action);

    if (rc != 0)
        return rc;
    codec_put_action(&m->s->answer, action);
    return session_room(m->s);
}

static int take_events(struct host_session *s, const struct codec_step *step)
{
    const struct tt_event *event;
    uint64_t i;
    int rc = 0;

    for (i = 0; rc == 0 && i < step->n_events; i++) {
        event = step->events[i];
        if (event->kind == TT_ENQUEUED)
            refs_add(&s->refs,
                     ((const struct tt_enqueued *)(const void *)event)->ref);
        rc = s->plugin->strategy->on_event(s->instance, event, &s->error);
        rc = session_result(s, "on_event", rc);
    }
    return rc;
}

int session_step(struct host_session *s, struct tt_str payload)
{
    struct emitting m = { .s = s };
    struct tt_action_sink sink = { .ctx = &m, .emit = emit };
    struct codec_step step;
    struct err e = { 0 };
    int rc;

    if (codec_get_step(payload, &s->arena, &step, &e) != 0)
        return session_error(s, &e);
    m.max = step.ask->max;
    s->busy = true;
    rc = take_events(s, &step);
    if (rc != 0)
        return rc;
    rc = s->plugin->strategy->next(s->instance, step.ask, &sink, &s->error);
    return session_result(s, "next", rc);
}

int session_snapshot(struct host_session *s)
{
    const struct tt_strategy *strategy = s->plugin->strategy;
    struct session_sink k;
    struct buf bytes = { 0 };
    int rc;

    if (strategy->snapshot == NULL)
        return tt_fail(&s->error, TT_EUNSUPPORTED,
                       "plugin %s %s writes no snapshots", s->plugin->id,
                       s->plugin->version);
    session_sink_init(&k, s, &bytes);
    rc = strategy->snapshot(s->instance, &k.sink, &s->error);
    rc = session_result(s, "snapshot", rc);
    if (rc == 0)
        codec_put_state(&s->answer, s->plugin->state_schema, buf_str(&bytes));
    buf_fini(&bytes);
    return rc;
}

int session_explain(struct host_session *s, struct tt_str payload)
{
    const struct tt_strategy *strategy = s->plugin->strategy;
    struct session_sink k;
    struct err e = { 0 };
    uint64_t ref;
    int rc;

    if (codec_get_ref(payload, &ref, &e) != 0)
        return session_error(s, &e);
    if (strategy->explain == NULL)
        return tt_fail(&s->error, TT_EUNSUPPORTED,
                       "plugin %s %s explains nothing", s->plugin->id,
                       s->plugin->version);
    session_sink_init(&k, s, &s->answer);
    rc = strategy->explain(s->instance, ref, &k.sink, &s->error);
    rc = session_result(s, "explain", rc);
    if (rc == 0 && json_scan(s->answer.data != NULL ? s->answer.data : "",
                             s->answer.len, &json_limits_document, &e) != 0) {
        (void)session_fault(s, "explain: not JSON: %s", e.text);
        rc = session_error(s, &s->fault);
    }
    return rc;
}
