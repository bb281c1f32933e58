/* SPDX-License-Identifier: MIT
 *
 * run_outcome.c - what the adapter answered, and what became of each
 * evaluation: it runs, it is measured, it failed, it was lost and is sent
 * again, it has to wait. */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/engine/run_impl.h"
#include "core/host/codec.h"

#define MOST_TOKENS (UINT64_C(1) << 40) /* of one evaluation; more is a lie */

/* Worth another try, and (for SUBMIT) "unsure"; the rest will not mend. */
static bool transient(int code)
{
    switch (code) {
    case TT_ETRANSIENT:
    case TT_ETIMEOUT:
    case TT_ELIMIT:
    case TT_EUNAVAILABLE:
    case TT_ECANCELLED:
    case TT_ECRASH:
    case TT_ENOMEM:
    case TT_EIO:
        return true;
    default:
        return false;
    }
}

/* As long as an adapter asks for, within reason. */
static uint64_t bounded(uint64_t asked)
{
    return asked < RUN_WAIT_MAX_MS ? asked : RUN_WAIT_MAX_MS;
}

/* 200, 400, 800, ... 5000 ms, or what was asked for. */
static uint64_t backoff(unsigned failures, uint64_t asked)
{
    uint64_t wait = RUN_LATER_MAX_MS;

    asked = bounded(asked);

    if (failures < 5)
        wait = (uint64_t)RUN_LATER_MIN_MS << failures;
    return asked > wait ? asked : wait;
}

/* "adapter x 1.0.0 (sha256 ab12...): what": the run fails. */
__attribute__((format(printf, 2, 3)))
static void adapter_fault(struct run *r, const char *format, ...)
{
    struct buf name = { 0 };
    char what[800];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(what, sizeof what, format, args);
    va_end(args);
    run_plugin_name(r, true, &name);
    run_fail(r, "%s: %s", name.data, what);
    buf_fini(&name);
}

/* --- one evaluation ------------------------------------------------------- */

static void take_text(char **to, struct tt_str s)
{
    free(*to);
    *to = s.n > 0 ? xstr(s) : NULL;
}

static void take_evidence(struct run_evaluation *v, struct tt_str text)
{
    json_object *o;

    if (text.n == 0)
        return;
    o = json_parse(text.p, (size_t)text.n, &json_limits_document, NULL);
    if (o != NULL) {
        json_object_put(v->evidence);
        v->evidence = o;
    }
}

void run_eval_failed(struct run *r, struct run_evaluation *v,
                     const char *cause)
{
    struct run_job *j = v->job;

    run_eval_settle(r, v, EVAL_FAILED);
    r->n_done_evaluations += j->by != JOB_GATE;
    run_job_fail(r, j, cause, v->lost >= v->attempt);
}

void run_eval_lost(struct run *r, struct run_evaluation *v, const char *why,
                   uint64_t after_ms)
{
    char cause[400];

    v->lost++;
    r->n_lost++;
    free(v->message);
    v->message = xstrdup(why);
    if (v->lost > r->plan.retries) {
        (void)snprintf(cause, sizeof cause,
                       "infrastructure lost evaluation %llu %u times, "
                       "last: %.300s",
                       (unsigned long long)v->number, v->lost, why);
        run_eval_failed(r, v, cause);
        return;
    }
    run_eval_settle(r, v, EVAL_PLANNED);
    v->attempt++;
    free(v->handle);
    v->handle = NULL;
    v->not_before_ms = r->now_ms + backoff(v->lost, after_ms);
    run_note(r, "evaluation.lost", "evaluation %llu was lost and is sent "
             "again (attempt %u): %.300s", (unsigned long long)v->number,
             v->attempt, why);
}

static void take_scores(struct run_evaluation *v, struct observation *o)
{
    struct run_job *j = v->job;
    bool per_case = false;
    uint64_t i;

    for (i = 0; i < v->n; i++)
        per_case = per_case || o->cases[i].status == TT_CASE_OK;
    for (i = 0; i < v->n; i++) {
        struct run_score *s = &j->scores[v->repeat * j->n_cases + v->from + i];

        s->status = per_case ? (uint32_t)o->cases[i].status : TT_CASE_OK;
        s->objective = per_case ? o->cases[i].objective : o->objective;
        s->shared = !per_case && v->n > 1;
        if ((j->flags & TT_WANT_FEEDBACK) != 0) {
            free(s->feedback);
            s->feedback = o->cases[i].feedback;
            o->cases[i].feedback = NULL;
        }
    }
}

/* The bridge's own words decide the baseline: a metric that is missing there
 * will be missing everywhere. */
static void bridge_failed(struct run *r, struct run_evaluation *v,
                          const char *text)
{
    char *cause = xasprintf("evaluation %llu: %s",
                            (unsigned long long)v->number, text);

    free(v->message);
    v->message = xstrdup(text);
    if (v->job->candidate->number == 1 && v->job->by != JOB_GATE) {
        run_eval_settle(r, v, EVAL_FAILED);
        adapter_fault(r, "the baseline cannot be scored: %s", cause);
    } else {
        run_eval_failed(r, v, cause);
    }
    free(cause);
}

static int bridge(struct run *r, const struct run_evaluation *v,
                  struct tt_str text, struct observation *o, struct err *e)
{
    const struct run_job *j = v->job;
    const char **names = xcalloc((size_t)v->n + 1, sizeof *names);
    struct bridge_spec spec = { .objective = r->plan.metric,
                                .guardrails = r->plan.guardrails,
                                .n_guardrails = r->plan.n_guardrails,
                                .pointers = r->plan.pointers };
    json_object *outputs;
    uint64_t i;
    int rc = TT_EPROTOCOL;

    for (i = 0; i < v->n; i++)
        names[i] = r->dataset->names[j->split][j->cases[v->from + i]];
    spec.case_names = names;
    outputs = json_parse(text.p, (size_t)text.n, &json_limits_document, e);
    if (outputs != NULL)
        rc = bridge_read(outputs, &spec, &j->cases[v->from], (size_t)v->n, o,
                         e);
    else if (e->code == 0)
        rc = err_set(e, TT_EPROTOCOL, "the outputs are null");
    json_object_put(outputs);
    free(names);
    return rc;
}

/* What the adapter counted, else what the outputs say. */
static uint64_t tokens(uint64_t counted, uint64_t said)
{
    return counted != 0 && counted <= MOST_TOKENS ? counted : said;
}

static void succeeded(struct run *r, struct run_evaluation *v,
                      const struct tt_outcome *out)
{
    struct observation o = { 0 };
    struct err e = { 0 };
    size_t i;

    if (bridge(r, v, out->outputs, &o, &e) != 0) {
        bridge_failed(r, v, e.text);
        return;
    }
    for (i = 0; i < r->plan.n_guardrails; i++)
        if (isnan(o.guardrails[i]) && v->job->candidate->number == 1) {
            (void)err_set(&e, TT_EPROTOCOL, "guardrail: the metric \"%s\" was "
                          "not measured", r->plan.guardrails[i]);
            observation_fini(&o);
            bridge_failed(r, v, e.text);
            return;
        }
    take_scores(v, &o);
    v->objective = o.objective;
    v->guardrails = o.guardrails;
    v->metrics = o.metrics;
    o.guardrails = NULL;
    o.metrics = NULL;
    v->cost = out->cost > 0.0 && isfinite(out->cost) ? out->cost : 0.0;
    v->tokens_in = tokens(out->tokens_in, o.tokens_in);
    v->tokens_out = tokens(out->tokens_out, o.tokens_out);
    observation_fini(&o);
    run_eval_settle(r, v, EVAL_SUCCEEDED);
    r->n_done_evaluations += v->job->by != JOB_GATE;
    r->cost += v->cost;
    r->tokens_in += v->tokens_in;
    r->tokens_out += v->tokens_out;
    if (r->limit != UINT64_MAX && r->now_ms >= r->later_until_ms &&
        ++r->limit >= r->slots)
        r->limit = UINT64_MAX; /* the pressure is gone */
    run_job_progress(r, v->job);
}

static void later(struct run *r, struct run_evaluation *v, uint64_t after_ms)
{
    uint64_t wait = bounded(after_ms);

    run_eval_settle(r, v, EVAL_PLANNED);
    if (wait < r->later_ms)
        wait = r->later_ms;
    if (wait < RUN_LATER_MIN_MS)
        wait = RUN_LATER_MIN_MS;
    if (r->now_ms + wait > r->later_until_ms)
        r->later_until_ms = r->now_ms + wait;
}

void run_eval_outcome(struct run *r, struct run_evaluation *v,
                      const struct tt_outcome *o)
{
    char text[512];

    take_evidence(v, o->evidence);
    if (o->handle.n > 0)
        take_text(&v->handle, o->handle);
    (void)snprintf(text, sizeof text, "%.*s",
                   (int)(o->message.n < 500 ? o->message.n : 500),
                   o->message.n > 0 ? o->message.p : "");
    switch ((enum tt_outcome_state)o->state) {
    case TT_RUNNING:
        if (v->handle == NULL)
            take_text(&v->handle, o->id);
        if (v->state == EVAL_INTENT)
            run_eval_settle(r, v, EVAL_RUNNING);
        return;
    case TT_SUCCEEDED:
        succeeded(r, v, o);
        return;
    case TT_ERROR:
    case TT_REFUSED:
        take_text(&v->message, o->message);
        if (o->state == TT_REFUSED && v->job->candidate->number == 1 &&
            v->job->by != JOB_GATE) {
            run_eval_settle(r, v, EVAL_FAILED);
            adapter_fault(r, "the baseline must not be sent: %s", text);
            return;
        }
        run_eval_failed(r, v, text);
        return;
    case TT_LOST:
        run_eval_lost(r, v, text, o->retry_after_ms);
        return;
    case TT_LATER:
        later(r, v, o->retry_after_ms);
        return;
    }
}

/* --- the answer to a call ------------------------------------------------- */

/* Which evaluation an id names: "run/12" or "run/12.3", of that attempt. */
static struct run_evaluation *find_id(const struct run *r, struct tt_str id)
{
    size_t n = strlen(r->id);
    struct run_evaluation *v;
    struct buf text = { 0 };
    char number[24];
    bool same;

    if (id.n <= n + 1 || id.n > n + 40 || memcmp(id.p, r->id, n) != 0 ||
        id.p[n] != '/')
        return NULL;
    (void)snprintf(number, sizeof number, "%.*s", (int)(id.n - n - 1),
                   id.p + n + 1);
    n = strtoull(number, NULL, 10);
    if (n == 0 || n > r->n_evaluations)
        return NULL;
    v = r->evaluations[n - 1];
    run_evaluation_id(r, v, &text);
    same = tt_str_equal(id, buf_str(&text));
    buf_fini(&text);
    return same ? v : NULL;
}

static struct run_evaluation *find_handle(const struct run *r, struct tt_str h)
{
    size_t i, k;

    for (i = 0; h.n > 0 && i < r->n_live; i++)
        for (k = 0; k < r->live[i]->n_evaluations; k++) {
            struct run_evaluation *v = &r->live[i]->evaluations[k];

            if (v->state == EVAL_RUNNING &&
                tt_str_equal(tt_str_of(v->handle), h))
                return v;
        }
    return NULL;
}

/* One that nobody wants any more, and only now has a handle. */
static void give_up(struct run *r, const struct tt_outcome *o)
{
    if (o->state == TT_RUNNING && o->handle.n > 0 && r->adapter_up)
        codec_put_strs(&run_out_command(r, RUN_DO_ABANDON, 0)->payload,
                       &o->handle, 1);
}

static void take_outcome(struct run *r, const struct tt_outcome *o)
{
    struct run_evaluation *v = find_id(r, o->id);

    if (v == NULL && o->id.n == 0)
        v = find_handle(r, o->handle);
    if (v == NULL)
        return; /* an earlier attempt, or foreign */
    if (v->state == EVAL_DROPPED)
        give_up(r, o);
    if (v->state == EVAL_INTENT || v->state == EVAL_RUNNING) {
        v->unsure = false;
        run_eval_outcome(r, v, o);
    }
}

/* What SUBMIT did not speak of may exist; what FIND did not speak of does
 * not. */
static void settle_rest(struct run *r, enum call_kind call)
{
    size_t i, k;

    for (i = 0; i < r->n_live; i++)
        for (k = 0; k < r->live[i]->n_evaluations; k++) {
            struct run_evaluation *v = &r->live[i]->evaluations[k];

            if (v->state != EVAL_INTENT || v->batch != r->call_batch)
                continue;
            if (call == CALL_SUBMIT) {
                v->unsure = true;
            } else if (v->unsure) {
                run_eval_settle(r, v, EVAL_PLANNED);
                v->resend = true;
            }
        }
}

static void shrink(struct run *r, bool waits)
{
    if (!waits) {
        r->later_ms = 0;
        return;
    }
    r->limit = r->n_in_flight > 0 ? r->n_in_flight : 1;
    r->later_ms = 2 * (r->later_ms > RUN_LATER_MIN_MS ? r->later_ms
                                                      : RUN_LATER_MIN_MS);
    if (r->later_ms > RUN_LATER_MAX_MS)
        r->later_ms = RUN_LATER_MAX_MS;
}

static bool any_running(const struct run *r)
{
    size_t i, k;

    for (i = 0; i < r->n_live; i++)
        for (k = 0; k < r->live[i]->n_evaluations; k++)
            if (r->live[i]->evaluations[k].state == EVAL_RUNNING)
                return true;
    return false;
}

void run_call_answered(struct run *r, const struct run_event *ev)
{
    enum call_kind call = r->call;
    struct codec_outcomes answer = { 0 };
    struct arena a = { 0 };
    struct err e = { 0 };
    bool waits = false, ran = any_running(r);
    uint64_t i;

    if (call == CALL_NONE || ev->number != r->call_number)
        return;
    r->call = CALL_NONE;
    r->call_failures = 0;
    if (codec_get_outcomes(ev->bytes, &a, &answer, &e) != 0)
        adapter_fault(r, "its answer cannot be read: %s", e.text);
    for (i = 0; i < answer.n && !run_over(r); i++) {
        waits = waits || answer.outcomes[i]->state == TT_LATER;
        take_outcome(r, answer.outcomes[i]);
    }
    if (!run_over(r)) {
        if (call != CALL_COLLECT)
            settle_rest(r, call);
        if (call == CALL_SUBMIT)
            shrink(r, waits);
        if (call != CALL_SUBMIT || !ran) /* sending does not put it off */
            r->collect_at_ms = r->now_ms + (answer.again_ms > 0
                                                ? bounded(answer.again_ms)
                                                : (uint64_t)RUN_COLLECT_MS);
    }
    arena_fini(&a);
}

void run_call_failed(struct run *r, const struct run_event *ev)
{
    enum call_kind call = r->call;

    if (call == CALL_NONE || ev->number != r->call_number)
        return;
    r->call = CALL_NONE;
    if (call == CALL_SUBMIT)
        settle_rest(r, call);
    if (transient(ev->code) && r->call_failures < RUN_CALL_FAILURES) {
        r->call_after_ms = r->now_ms + backoff(r->call_failures, ev->value);
        r->call_failures++;
        return;
    }
    adapter_fault(r, "%s%s", ev->text != NULL ? ev->text : "failed",
                  transient(ev->code) ? " (given up after many tries)" : "");
}

/* --- the worker ----------------------------------------------------------- */

static void forget_call(struct run *r)
{
    if (r->call == CALL_SUBMIT)
        settle_rest(r, CALL_SUBMIT);
    r->call = CALL_NONE;
}

void run_adapter_up(struct run *r)
{
    size_t i, k;

    if (r->adapter_up)
        return; /* said twice */
    forget_call(r);
    r->adapter_up = true;
    for (i = 0; i < r->n_live; i++)
        for (k = 0; k < r->live[i]->n_evaluations; k++)
            if (r->live[i]->evaluations[k].state == EVAL_INTENT)
                r->live[i]->evaluations[k].unsure = true;
}

void run_adapter_down(struct run *r)
{
    forget_call(r);
    r->adapter_up = false;
}
