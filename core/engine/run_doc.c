/* SPDX-License-Identifier: MIT
 *
 * run_doc.c - candidates and evaluations as the documents that are stored and
 * shown. run_load.c reads them back. */
#include <math.h>

#include "core/base/mem.h"
#include "core/engine/run_impl.h"

const char *run_job_word(enum job_state state)
{
    static const char *const words[] = { "pending", "complete", "failed",
                                         "cancelled" };

    return words[state];
}

const char *run_split_word(uint32_t split)
{
    static const char *const words[] = { "", "train", "validation",
                                         "holdout" };

    return split < TT_ARRAY_LEN(words) ? words[split] : "";
}

void run_set_finite(json_object *o, const char *key, double x)
{
    if (isfinite(x))
        json_set_num(o, key, x);
}

static json_object *numbers(const uint64_t *v, uint64_t n)
{
    json_object *a = json_object_new_array();
    uint64_t i;

    for (i = 0; i < n; i++)
        json_object_array_add(a, json_object_new_int64((int64_t)v[i]));
    return a;
}

/* NAN becomes null: not measured. */
static json_object *doubles(const double *v, size_t n)
{
    json_object *a = json_object_new_array();
    size_t i;

    for (i = 0; i < n; i++)
        json_object_array_add(a, isfinite(v[i]) ? json_object_new_double(v[i])
                                                : NULL);
    return a;
}

/* --- jobs ----------------------------------------------------------------- */

static const char *by_word(enum job_by by)
{
    static const char *const words[] = { "", "strategy", "strategy_host",
                                         "host", "gate" };

    return words[by];
}

static void set_result(const struct run *r, json_object *o,
                       const struct run_job *j)
{
    json_set_num(o, "objective", j->objective);
    if (r->plan.n_guardrails > 0)
        json_set(o, "guardrails", doubles(j->guardrails,
                                          r->plan.n_guardrails));
    json_set_bool(o, "feasible", j->feasible);
    json_set_num(o, "cost", j->cost);
    json_set_int(o, "tokens_in", (int64_t)j->tokens_in);
    json_set_int(o, "tokens_out", (int64_t)j->tokens_out);
    if (j->metrics != NULL)
        json_set(o, "metrics", json_object_get(j->metrics));
}

static json_object *sent_evaluations(const struct run_job *j)
{
    json_object *a = json_object_new_array();
    size_t i;

    for (i = 0; i < j->n_evaluations; i++)
        if (j->evaluations[i].number != 0)
            json_object_array_add(a, json_object_new_int64(
                                         (int64_t)j->evaluations[i].number));
    return a;
}

static json_object *job_document(const struct run *r, const struct run_job *j)
{
    json_object *o = json_object_new_object();

    json_set_int(o, "job", j->number);
    json_set_str(o, "by", by_word(j->by));
    json_set_int(o, "epoch", j->epoch);
    json_set_int(o, "order", (int64_t)j->order);
    json_set_str(o, "split", run_split_word(j->split));
    if (!j->whole)
        json_set(o, "cases", numbers(j->cases, j->n_cases));
    json_set_int(o, "repeats", j->repeats);
    json_set_int(o, "repeat_base", j->repeat_base);
    json_set_int(o, "flags", j->flags);
    json_set_int(o, "priority", j->priority);
    json_set_str(o, "state", run_job_word(j->state));
    if (j->ended != 0)
        json_set_int(o, "ended", (int64_t)j->ended);
    if (j->silent && j->by != JOB_GATE)
        json_set_bool(o, "silent", true);
    if (j->infrastructure)
        json_set_bool(o, "infrastructure", true);
    if (j->same_as != NULL) {
        json_object *same = json_object_new_object();

        json_set_int(same, "candidate",
                     (int64_t)j->same_as->candidate->number);
        json_set_int(same, "job", j->same_as->number);
        json_set(o, "same_as", same);
    }
    if (j->state == JOB_COMPLETE)
        set_result(r, o, j);
    if (j->cause != NULL)
        json_set_str(o, "cause", j->cause);
    if (j->n_evaluations > 0)
        json_set(o, "evaluations", sent_evaluations(j));
    return o;
}

/* --- candidates ----------------------------------------------------------- */

/* What became of it, in one word: of the first job that somebody asked for. */
static const char *candidate_word(const struct run_candidate *c)
{
    size_t i;

    for (i = 0; i < c->n_jobs; i++)
        if (c->jobs[i]->state == JOB_COMPLETE && c->jobs[i]->by != JOB_GATE)
            return "complete";
    for (i = 0; i < c->n_jobs; i++)
        if (c->jobs[i]->state != JOB_PENDING && c->jobs[i]->by != JOB_GATE)
            return run_job_word(c->jobs[i]->state);
    return c->n_jobs > 0 ? "pending" : "enqueued";
}

/* Its score; of one that saw some cases only, over those. */
static double objective_of(const struct run_candidate *c)
{
    size_t i;

    if (c->full)
        return c->score;
    for (i = c->n_jobs; i > 0; i--)
        if (c->jobs[i - 1]->state == JOB_COMPLETE &&
            c->jobs[i - 1]->by != JOB_GATE)
            return c->jobs[i - 1]->objective;
    return (double)NAN;
}

json_object *run_candidate_document(const struct run *r,
                                    const struct run_candidate *c)
{
    json_object *o = json_object_new_object(), *jobs, *predicted;
    char ref[24];
    size_t i;

    json_set_int(o, "number", (int64_t)c->number);
    json_set_str(o, "state", candidate_word(c));
    json_set(o, "parameters", space_to_json(r->space, &c->values.tt));
    json_set_str(o, "hash", c->hash);
    json_set_str(o, "origin", c->origin);
    if (c->actor != NULL)
        json_set_str(o, "actor", c->actor);
    if (c->host) {
        json_set_int(o, "enqueued", (int64_t)c->enqueued);
    } else {
        (void)snprintf(ref, sizeof ref, "%llu", (unsigned long long)c->ref);
        json_set_str(o, "ref", ref); /* any 63 bits: no number of JSON's */
        json_set_int(o, "epoch", c->epoch);
    }
    if (c->asked_host > 0) {
        json_set_int(o, "asked", c->asked_host);
        json_set_int(o, "asked_epoch", r->epoch);
    }
    json_set(o, "parents", numbers(c->parents, c->n_parents));
    if (c->duplicate_of != 0)
        json_set_int(o, "duplicate_of", (int64_t)c->duplicate_of);
    json_set_int(o, "created_ms", (int64_t)c->created_ms);
    predicted = json_object_new_object();
    run_set_finite(predicted, "mean", c->predicted_mean);
    run_set_finite(predicted, "sd", c->predicted_sd);
    run_set_finite(predicted, "acquisition", c->acquisition);
    json_set(o, "predicted", predicted);
    if (c->finished != 0)
        json_set_int(o, "iteration", (int64_t)c->finished);
    run_set_finite(o, "objective", objective_of(c));
    run_set_finite(o, "score", c->score);
    if (c->full)
        json_set_bool(o, "feasible", c->feasible);
    jobs = json_object_new_array();
    for (i = 0; i < c->n_jobs; i++)
        json_object_array_add(jobs, job_document(r, c->jobs[i]));
    json_set(o, "jobs", jobs);
    return o;
}

/* --- evaluations ---------------------------------------------------------- */

void run_evaluation_id(const struct run *r, const struct run_evaluation *v,
                       struct buf *out)
{
    buf_addf(out, "%s/%llu", r->id, (unsigned long long)v->number);
    if (v->attempt > 1)
        buf_addf(out, ".%u", v->attempt);
}

void run_label(const struct run *r, uint64_t batch, struct buf *out)
{
    buf_addf(out, "trimtab:%s:%llu", r->id, (unsigned long long)batch);
}

static const char *eval_word(const struct run_evaluation *v)
{
    switch (v->state) {
    case EVAL_PLANNED:
        return v->lost > 0 && !v->resend ? "lost" : "intent";
    case EVAL_INTENT:
        return "intent";
    case EVAL_RUNNING:
        return "running";
    case EVAL_SUCCEEDED:
        return "succeeded";
    case EVAL_FAILED:
        return "failed";
    case EVAL_DROPPED:
        return "dropped";
    }
    return "";
}

static json_object *case_documents(const struct run_evaluation *v)
{
    const struct run_job *j = v->job;
    json_object *cases = json_object_new_array(), *one;
    uint64_t i;

    for (i = v->from; i < v->from + v->n; i++) {
        const struct run_score *s = &j->scores[v->repeat * j->n_cases + i];

        one = json_object_new_object();
        json_set_int(one, "id", (int64_t)j->cases[i]);
        if (v->state == EVAL_SUCCEEDED) {
            json_set_int(one, "status", s->status);
            run_set_finite(one, "objective", s->objective);
            if (s->shared)
                json_set_bool(one, "shared", true);
            if (s->feedback != NULL)
                json_set_str(one, "feedback", s->feedback);
        }
        json_object_array_add(cases, one);
    }
    return cases;
}

json_object *run_evaluation_document(const struct run *r,
                                     const struct run_evaluation *v)
{
    json_object *o = json_object_new_object();
    struct buf text = { 0 };

    json_set_int(o, "number", (int64_t)v->number);
    run_evaluation_id(r, v, &text);
    json_set_str(o, "id", text.data);
    buf_reset(&text);
    run_label(r, v->batch, &text);
    json_set_str(o, "label", text.data);
    buf_fini(&text);
    json_set_str(o, "state", eval_word(v));
    json_set_int(o, "candidate", (int64_t)v->job->candidate->number);
    json_set_int(o, "job", v->job->number);
    json_set_str(o, "split", run_split_word(v->job->split));
    json_set_int(o, "part", v - v->job->evaluations);
    json_set_int(o, "attempt", v->attempt);
    json_set_int(o, "lost", v->lost);
    json_set_int(o, "batch", (int64_t)v->batch);
    json_set_int(o, "sent_ms", (int64_t)v->sent_ms);
    json_set(o, "cases", case_documents(v));
    if (v->handle != NULL)
        json_set_str(o, "handle", v->handle);
    if (v->message != NULL)
        json_set_str(o, "message", v->message);
    if (v->evidence != NULL)
        json_set(o, "evidence", json_object_get(v->evidence));
    if (v->state != EVAL_SUCCEEDED)
        return o;
    json_set_num(o, "objective", v->objective);
    if (r->plan.n_guardrails > 0)
        json_set(o, "guardrails", doubles(v->guardrails,
                                          r->plan.n_guardrails));
    if (v->metrics != NULL)
        json_set(o, "metrics", json_object_get(v->metrics));
    json_set_num(o, "cost", v->cost);
    json_set_int(o, "tokens_in", (int64_t)v->tokens_in);
    json_set_int(o, "tokens_out", (int64_t)v->tokens_out);
    return o;
}
