/* SPDX-License-Identifier: MIT
 *
 * exec_encode.c - the SDK's records as JSON, for a child. What JSON cannot say
 * is said so: NAN and the infinities are null, a seed is a decimal text, a ref
 * of the host's is "host:N". docs/exec-plugins.md shows each shape. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/host/exec_in.h"

#define SUM_BYTES 17u /* before a state */

static const char *const splits[] = { "", "train", "validation", "holdout" };

json_object *exec_number(double v)
{
    return isfinite(v) ? json_object_new_double(v) : NULL;
}

json_object *exec_ref(uint64_t ref)
{
    char text[32];

    if (ref < TT_REF_HOST)
        return json_object_new_int64((int64_t)ref);
    (void)snprintf(text, sizeof text, "host:%" PRIu64, ref - TT_REF_HOST);
    return json_object_new_string(text);
}

json_object *exec_text(struct tt_str s)
{
    return json_object_new_string_len(s.p != NULL ? s.p : "", (int)s.n);
}

/* A JSON text of the host's as what it is. */
static json_object *embed(struct tt_str text)
{
    return text.n > 0 ? json_parse(text.p, (size_t)text.n,
                                   &json_limits_document, NULL)
                      : NULL;
}

static void set_u64(json_object *o, const char *key, uint64_t v)
{
    json_set(o, key, json_object_new_uint64(v));
}

static json_object *numbers(const double *v, uint64_t n)
{
    json_object *list = json_object_new_array();
    uint64_t i;

    for (i = 0; i < n; i++)
        json_object_array_add(list, exec_number(v[i]));
    return list;
}

static json_object *texts(const struct tt_str *v, uint64_t n)
{
    json_object *list = json_object_new_array();
    uint64_t i;

    for (i = 0; i < n; i++)
        json_object_array_add(list, exec_text(v[i]));
    return list;
}

static json_object *refs(const uint64_t *v, uint64_t n)
{
    json_object *list = json_object_new_array();
    uint64_t i;

    for (i = 0; i < n; i++)
        json_object_array_add(list, exec_ref(v[i]));
    return list;
}

/* --- the space and candidates ---------------------------------------------- */

static json_object *param(const struct tt_param *p)
{
    static const char *const kinds[] = { "", "float", "int", "categorical",
                                         "ordinal", "bool", "text" };
    json_object *o = json_object_new_object();

    json_set_str(o, "kind", kinds[p->kind]);
    json_set(o, "name", exec_text(p->name));
    json_set_bool(o, "fixed", (p->flags & TT_PARAM_FIXED) != 0);
    if (p->kind == TT_FLOAT || p->kind == TT_INT) {
        json_set(o, "lo", exec_number(p->lo));
        json_set(o, "hi", exec_number(p->hi));
        json_set(o, "step", exec_number(p->step));
        json_set_bool(o, "log", (p->flags & TT_PARAM_LOG) != 0);
    }
    if (p->kind == TT_CATEGORICAL || p->kind == TT_ORDINAL)
        json_set(o, "choices", texts(p->choices, p->n_choices));
    if (p->kind == TT_TEXT) {
        json_set(o, "default", exec_text(p->default_text));
        set_u64(o, "max_bytes", p->max_bytes);
        json_set(o, "placeholders", texts(p->placeholders, p->n_placeholders));
    } else {
        json_set(o, "default", exec_number(p->default_number));
    }
    if (p->parent >= 0) {
        json_set_int(o, "parent", p->parent);
        json_set(o, "parent_values",
                 numbers(p->parent_values, p->n_parent_values));
    }
    return o;
}

json_object *exec_space(const struct tt_space *space)
{
    json_object *list = json_object_new_array();
    uint64_t i;

    for (i = 0; i < space->n_params; i++)
        json_object_array_add(list, param(tt_space_param(space, i)));
    return list;
}

json_object *exec_candidate(const struct tt_candidate *c,
                            const struct tt_space *space)
{
    json_object *o = json_object_new_object();
    json_object *values = json_object_new_array(), *value;
    const struct tt_value *v;
    uint64_t i;

    for (i = 0; i < c->n_values; i++) {
        v = tt_candidate_value(c, i);
        if ((v->flags & TT_VALUE_INACTIVE) != 0)
            value = NULL;
        else if (i < space->n_params &&
                 tt_space_param(space, i)->kind == TT_TEXT)
            value = exec_text(v->text);
        else
            value = exec_number(v->number);
        json_object_array_add(values, value);
    }
    json_set(o, "values", values);
    json_set(o, "parents", refs(c->parents, c->n_parents));
    json_set(o, "origin", exec_text(c->origin));
    return o;
}

/* --- what a strategy gets -------------------------------------------------- */

static json_object *budget(const struct tt_budget *b)
{
    json_object *o = json_object_new_object();

    set_u64(o, "iterations", b->iterations);
    set_u64(o, "evaluations", b->evaluations);
    set_u64(o, "seconds", b->seconds);
    json_set(o, "cost", exec_number(b->cost));
    set_u64(o, "iterations_spent", b->iterations_spent);
    set_u64(o, "evaluations_spent", b->evaluations_spent);
    set_u64(o, "seconds_spent", b->seconds_spent);
    json_set(o, "cost_spent", exec_number(b->cost_spent));
    return o;
}

static json_object *metrics(const struct tt_problem *p)
{
    json_object *list = json_object_new_array(), *o;
    uint64_t i;

    for (i = 0; i < p->n_objectives; i++) {
        o = json_object_new_object();
        json_set(o, "metric", exec_text(p->objectives[i].metric));
        json_set_str(o, "direction",
                     p->objectives[i].direction == TT_MINIMIZE ? "minimize"
                                                               : "maximize");
        json_object_array_add(list, o);
    }
    return list;
}

static json_object *guardrails(const struct tt_problem *p)
{
    json_object *list = json_object_new_array(), *o;
    uint64_t i;

    for (i = 0; i < p->n_guardrails; i++) {
        o = json_object_new_object();
        json_set(o, "metric", exec_text(p->guardrails[i].metric));
        json_set(o, "lo", exec_number(p->guardrails[i].lo));
        json_set(o, "hi", exec_number(p->guardrails[i].hi));
        json_object_array_add(list, o);
    }
    return list;
}

static json_object *config(const struct tt_config *c)
{
    json_object *o = c != NULL ? embed(c->json) : NULL;

    return o != NULL ? o : json_object_new_object();
}

json_object *exec_problem(const struct tt_problem *p)
{
    json_object *o = json_object_new_object();
    char seed[24];

    (void)snprintf(seed, sizeof seed, "%" PRIu64, p->seed);
    json_set(o, "space", exec_space(p->space));
    json_set(o, "objectives", metrics(p));
    json_set(o, "guardrails", guardrails(p));
    json_set_str(o, "seed", seed);
    set_u64(o, "n_train", p->n_train);
    set_u64(o, "n_validation", p->n_validation);
    set_u64(o, "max_in_flight", p->max_in_flight);
    json_set(o, "budget", budget(&p->budget));
    json_set(o, "config", config(p->config));
    return o;
}

/* FNV-1a: against disks, not against people. */
static uint64_t sum_of(const char *bytes, size_t n)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    size_t i;

    for (i = 0; i < n; i++)
        sum = (sum ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
    return sum;
}

/* A state as bytes: 16 hex digits, a newline, canonical JSON. */
void exec_put_state(json_object *state, struct buf *out)
{
    struct buf text = { 0 };

    json_canonical(state, &text);
    buf_addf(out, "%016" PRIx64 "\n", sum_of(text.data, text.len));
    buf_add(out, text.data, text.len);
    buf_fini(&text);
}

json_object *exec_snapshot(const struct tt_snapshot *s, struct err *e)
{
    json_object *o, *state = NULL;
    const char *bytes = s->bytes;
    struct err why = { 0 };
    char head[SUM_BYTES + 1] = "";

    if (s->n > SUM_BYTES) {
        (void)snprintf(head, sizeof head, "%016" PRIx64 "\n",
                       sum_of(bytes + SUM_BYTES, (size_t)s->n - SUM_BYTES));
        if (memcmp(head, bytes, SUM_BYTES) == 0)
            state = json_parse(bytes + SUM_BYTES, (size_t)s->n - SUM_BYTES,
                               &json_limits_document, &why);
        else
            head[0] = '\0';
    }
    if (head[0] == '\0' || why.code != 0) {
        err_set(e, TT_ESTATE, "open: the snapshot is damaged");
        return NULL;
    }
    o = json_object_new_object();
    json_set_int(o, "schema", s->schema);
    json_set(o, "state", state);
    return o;
}

static void put_result(json_object *o, const struct tt_result *r)
{
    static const char *const status[] = { "ok", "failed", "missing" };
    json_object *cases = json_object_new_array(), *c;
    const struct tt_case_score *s;
    uint64_t i;

    json_set(o, "ref", exec_ref(r->ref));
    set_u64(o, "number", r->number);
    json_set(o, "objectives", numbers(r->objectives, r->n_objectives));
    json_set(o, "guardrails", numbers(r->guardrails, r->n_guardrails));
    json_set_bool(o, "feasible", r->feasible != 0);
    for (i = 0; i < r->n_cases; i++) {
        s = tt_result_case(r, i);
        c = json_object_new_object();
        set_u64(c, "id", s->id);
        json_set_str(c, "split", splits[s->split]);
        json_set_int(c, "repeat", s->repeat);
        json_set_str(c, "status", status[s->status]);
        json_set(c, "objective", exec_number(s->objective));
        json_set(c, "feedback", exec_text(s->feedback));
        json_object_array_add(cases, c);
    }
    json_set(o, "cases", cases);
    json_set(o, "cost", exec_number(r->cost));
    set_u64(o, "tokens_in", r->tokens_in);
    set_u64(o, "tokens_out", r->tokens_out);
}

static void put_failure(json_object *o, const struct tt_failure *f)
{
    json_set(o, "ref", exec_ref(f->ref));
    set_u64(o, "number", f->number);
    json_set(o, "cause", exec_text(f->cause));
}

static void put_reply(json_object *o, const struct tt_llm_reply *r)
{
    static const char *const status[] = { "ok", "failed", "unsupported",
                                          "budget" };

    set_u64(o, "request", r->request);
    json_set_str(o, "status", status[r->status]);
    json_set(o, "text", exec_text(r->text));
    set_u64(o, "tokens_in", r->tokens_in);
    set_u64(o, "tokens_out", r->tokens_out);
    json_set(o, "cost", exec_number(r->cost));
}

static void put_enqueued(json_object *o, const struct tt_enqueued *q,
                         const struct tt_space *space)
{
    json_set(o, "ref", exec_ref(q->ref));
    json_set(o, "candidate", exec_candidate(&q->candidate, space));
}

json_object *exec_event(const struct tt_event *event,
                        const struct tt_space *space)
{
    static const char *const kinds[] = {
        "", "result", "partial", "failed", "cancelled", "llm_reply",
        "enqueued", "budget", "deadline",
    };
    const void *record = event;
    json_object *o;

    if (event->kind == 0 || event->kind >= TT_ARRAY_LEN(kinds))
        return NULL;
    o = json_object_new_object();
    json_set_str(o, "kind", kinds[event->kind]);
    set_u64(o, "position", event->position);
    set_u64(o, "time_ms", event->time_ms);
    switch ((enum tt_event_kind)event->kind) {
    case TT_RESULT:
    case TT_PARTIAL:
        put_result(o, record);
        break;
    case TT_FAILED:
    case TT_CANCELLED:
        put_failure(o, record);
        break;
    case TT_LLM_REPLY:
        put_reply(o, record);
        break;
    case TT_ENQUEUED:
        put_enqueued(o, record, space);
        break;
    case TT_BUDGET:
    case TT_DEADLINE:
        json_set(o, "budget",
                 budget(&((const struct tt_budget_event *)record)->budget));
        break;
    }
    return o;
}

json_object *exec_ask(const struct tt_ask *ask)
{
    json_object *o = json_object_new_object();

    set_u64(o, "position", ask->position);
    set_u64(o, "time_ms", ask->time_ms);
    set_u64(o, "max", ask->max);
    json_set(o, "pending", refs(ask->pending, ask->n_pending));
    return o;
}

/* --- what an adapter gets -------------------------------------------------- */

json_object *exec_setup(const struct tt_setup *s)
{
    json_object *o = json_object_new_object();

    json_set(o, "space", exec_space(s->space));
    json_set(o, "config", config(s->config));
    json_set(o, "evaluation", embed(s->evaluation));
    set_u64(o, "max_in_flight", s->max_in_flight);
    set_u64(o, "timeout_ms", s->timeout_ms);
    return o;
}

static json_object *evaluation(const struct tt_evaluation *v,
                               const struct tt_space *space)
{
    json_object *o = json_object_new_object();
    json_object *cases = json_object_new_array(), *one;
    const struct tt_case *c;
    uint64_t i;

    json_set(o, "id", exec_text(v->id));
    json_set(o, "candidate", exec_candidate(&v->candidate, space));
    for (i = 0; i < v->n_cases; i++) {
        c = (const struct tt_case *)(const void *)((const char *)v->cases +
                                                   i * v->case_size);
        one = json_object_new_object();
        set_u64(one, "id", c->id);
        json_set_str(one, "split", splits[c->split]);
        json_set(one, "content", embed(c->content));
        json_object_array_add(cases, one);
    }
    json_set(o, "cases", cases);
    json_set_int(o, "repeat", v->repeat);
    json_set_bool(o, "feedback", (v->flags & TT_WANT_FEEDBACK) != 0);
    json_set_bool(o, "traces", (v->flags & TT_WANT_TRACES) != 0);
    set_u64(o, "candidate_number", v->candidate_number);
    return o;
}

json_object *exec_batch(const struct tt_batch *b, const struct tt_space *space)
{
    json_object *o = json_object_new_object();
    json_object *list = json_object_new_array();
    uint64_t i;

    json_set(o, "label", exec_text(b->label));
    for (i = 0; i < b->n_evaluations; i++)
        json_object_array_add(
            list, evaluation((const struct tt_evaluation *)(const void *)(
                                 (const char *)b->evaluations +
                                 i * b->evaluation_size), space));
    json_set(o, "evaluations", list);
    set_u64(o, "now_ms", b->now_ms);
    return o;
}
