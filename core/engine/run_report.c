/* SPDX-License-Identifier: MIT
 *
 * run_report.c - the end of a run: the report with its evidence, and the
 * winner as versions. */
#include <math.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/engine/diff.h"
#include "core/engine/run_impl.h"

static void copy_member(json_object *to, json_object *from, const char *key)
{
    json_object *value = json_child(from, key);

    if (value != NULL)
        json_set(to, key, json_copy(value));
}

static json_object *guardrail_values(const struct run *r, const double *values)
{
    json_object *o = json_object_new_object();
    size_t i;

    for (i = 0; i < r->plan.n_guardrails; i++)
        run_set_finite(o, r->plan.guardrails[i], values[i]);
    return o;
}

/* The newest complete job on the whole validation split. */
static const struct run_job *whole_job(const struct run_candidate *c)
{
    size_t i;

    for (i = c->n_jobs; i > 0; i--)
        if (c->jobs[i - 1]->state == JOB_COMPLETE && c->jobs[i - 1]->whole &&
            c->jobs[i - 1]->split == TT_VALIDATION &&
            c->jobs[i - 1]->by != JOB_GATE)
            return c->jobs[i - 1];
    return NULL;
}

static json_object *candidate_summary(const struct run *r,
                                      const struct run_candidate *c)
{
    const struct run_job *j = whole_job(c);
    json_object *o = json_object_new_object(), *parents;
    uint64_t i;

    json_set_int(o, "candidate", (int64_t)c->number);
    json_set(o, "parameters", space_to_json(r->space, &c->values.tt));
    json_set_str(o, "origin", c->origin);
    parents = json_object_new_array();
    for (i = 0; i < c->n_parents; i++)
        json_object_array_add(parents,
                              json_object_new_int64((int64_t)c->parents[i]));
    json_set(o, "parents", parents);
    run_set_finite(o, "score", c->score);
    json_set_bool(o, "feasible", c->full && c->feasible);
    if (j != NULL) {
        json_set(o, "guardrails", guardrail_values(r, j->guardrails));
        json_set(o, "metrics", json_object_get(run_job_source(j)->metrics));
    }
    return o;
}

/* --- parts of the report -------------------------------------------------- */

/* [[iteration, score, best so far], ...]; null where there is none. */
static json_object *curve(const struct run *r)
{
    json_object *a = json_object_new_array(), *point;
    double best = (double)NAN;
    size_t i;

    for (i = 0; i < r->n_finished; i++) {
        double x = r->scores[i];

        if (run_better(r, x, best))
            best = x;
        point = json_object_new_array();
        json_object_array_add(point, json_object_new_int64((int64_t)i + 1));
        json_object_array_add(point, isfinite(x) ? json_object_new_double(x)
                                                 : NULL);
        json_object_array_add(point, isfinite(best)
                                         ? json_object_new_double(best)
                                         : NULL);
        json_object_array_add(a, point);
    }
    return a;
}

static json_object *counts(const struct run *r)
{
    json_object *o = json_object_new_object();
    uint64_t by_state[4] = { 0 }, gate = 0;
    size_t i, k;

    for (i = 0; i < r->n_candidates; i++)
        for (k = 0; k < r->candidates[i]->n_jobs; k++) {
            const struct run_job *j = r->candidates[i]->jobs[k];

            if (j->by == JOB_GATE)
                gate += j->n_evaluations;
            else
                by_state[j->state]++;
        }
    json_set_int(o, "iterations", (int64_t)r->n_finished);
    json_set_int(o, "candidates", (int64_t)r->n_candidates);
    json_set_int(o, "complete", (int64_t)by_state[JOB_COMPLETE]);
    json_set_int(o, "failed", (int64_t)by_state[JOB_FAILED]);
    json_set_int(o, "cancelled", (int64_t)by_state[JOB_CANCELLED]);
    json_set_int(o, "duplicates", (int64_t)r->n_duplicates);
    json_set_int(o, "evaluations", (int64_t)r->n_evaluations);
    json_set_int(o, "gate_evaluations", (int64_t)gate);
    json_set_int(o, "lost", (int64_t)r->n_lost);
    return o;
}

static void add_evidence(const struct run *r, const struct run_candidate *c,
                         json_object *list)
{
    struct buf id = { 0 };
    size_t i, k;

    for (i = 0; c != NULL && i < c->n_jobs; i++)
        for (k = 0; k < c->jobs[i]->n_evaluations; k++) {
            const struct run_evaluation *v = &c->jobs[i]->evaluations[k];
            json_object *o;

            if (v->state != EVAL_SUCCEEDED)
                continue;
            o = json_object_new_object();
            buf_reset(&id);
            run_evaluation_id(r, v, &id);
            json_set_str(o, "evaluation", id.data);
            json_set_str(o, "split", run_split_word(c->jobs[i]->split));
            json_set_num(o, "objective", v->objective);
            if (v->handle != NULL)
                json_set_str(o, "handle", v->handle);
            if (v->evidence != NULL)
                json_set(o, "evidence", json_object_get(v->evidence));
            json_object_array_add(list, o);
        }
    buf_fini(&id);
}

static json_object *evidence(const struct run *r,
                             const struct run_candidate *winner)
{
    json_object *o = json_object_new_object(), *list = json_object_new_array();

    add_evidence(r, run_candidate_at(r, 1), list);
    json_set(o, "baseline", list);
    list = json_object_new_array();
    add_evidence(r, winner, list);
    json_set(o, "winner", list);
    return o;
}

/* {"node.parameter": value} of {node: {parameter: value}}. */
static json_object *flat(const struct run *r, const struct run_candidate *c)
{
    json_object *nodes = space_to_json(r->space, &c->values.tt);
    json_object *o = json_object_new_object();

    json_object_object_foreach(nodes, node, parameters)
    {
        json_object_object_foreach(parameters, name, value)
        {
            char *key = xasprintf("%s.%s", node, name);

            json_set(o, key, json_object_get(value));
            free(key);
        }
    }
    json_object_put(nodes);
    return o;
}

static json_object *difference(const struct run *r,
                               const struct run_candidate *winner)
{
    json_object *from = flat(r, run_candidate_at(r, 1));
    json_object *to = flat(r, winner), *diff;

    diff = diff_parameters(from, to, "baseline", "winner");
    json_object_put(from);
    json_object_put(to);
    return diff;
}

static void set_effect(const struct run *r, json_object *o, json_object *gate,
                       const struct run_candidate *best)
{
    const struct run_candidate *base = run_candidate_at(r, 1);
    json_object *effect = json_object_new_object();

    if (base != NULL && best != NULL) {
        run_set_finite(effect, "baseline", base->score);
        run_set_finite(effect, "best", best->score);
        run_set_finite(effect, "lift", r->plan.maximize
                                           ? best->score - base->score
                                           : base->score - best->score);
    }
    json_set_str(effect, "split", "validation");
    json_set(o, "effect", effect);
    if (gate != NULL)
        json_set(o, "gate", json_copy(gate));
}

static void set_pins(const struct run *r, json_object *o)
{
    static const char *const members[] = {
        "run", "workflow", "nodes", "environment", "actor", "optimizer",
        "adapter", "dataset", "seed", "limits", "convergence", "stop_reason",
        "diagnostic", "nondeterministic", "started_ms", NULL,
    };
    size_t i;

    for (i = 0; members[i] != NULL; i++)
        copy_member(o, r->document, members[i]);
    copy_member(o, json_child(r->document, "problem"), "objective");
    copy_member(o, json_child(r->document, "problem"), "guardrails");
}

json_object *run_report(const struct run *r, json_object *gate,
                        const struct run_candidate *winner)
{
    const struct run_candidate *base = run_candidate_at(r, 1);
    const struct run_candidate *best = winner != NULL ? winner : r->best;
    json_object *o = json_object_new_object(), *one;

    set_pins(r, o);
    json_set_str(o, "state", run_state_word(r->state));
    json_set_str(o, "status", run_status_word(r->state));
    if (base != NULL) {
        one = candidate_summary(r, base);
        copy_member(one, json_child(r->document, "baseline"), "source");
        copy_member(one, json_child(r->document, "baseline"), "versions");
        json_set(o, "baseline", one);
    }
    if (best != NULL)
        json_set(o, "best", candidate_summary(r, best));
    json_set(o, "winner", winner != NULL ? candidate_summary(r, winner)
                                         : NULL);
    if (winner != NULL)
        json_set(o, "diff", difference(r, winner));
    set_effect(r, o, gate, best);
    json_set(o, "counts", counts(r));
    json_set_num(o, "cost", r->cost);
    json_set_int(o, "tokens_in", (int64_t)r->tokens_in);
    json_set_int(o, "tokens_out", (int64_t)r->tokens_out);
    json_set_int(o, "elapsed_ms", (int64_t)r->now_ms);
    json_set(o, "curve", curve(r));
    json_set(o, "inert", run_inert(r));
    json_set(o, "evidence", evidence(r, winner));
    return o;
}

/* --- versions ------------------------------------------------------------- */

/* "bayesian@1.0.0 sha256:ab12..." */
static void set_plugin(json_object *o, const char *key, json_object *pin)
{
    char *text = xasprintf("%s@%s sha256:%s", json_str(pin, "id"),
                           json_str(pin, "version"), json_str(pin, "hash"));

    json_set_str(o, key, text);
    free(text);
}

static json_object *version_pins(const struct run *r)
{
    json_object *o = json_object_new_object();

    set_plugin(o, "strategy", json_child(r->document, "optimizer"));
    set_plugin(o, "adapter", json_child(r->document, "adapter"));
    return o;
}

static json_object *version_gate(json_object *gate)
{
    static const char *const members[] = { "split", "cases", "lift", "lo",
                                           "hi", "better", "text", NULL };
    json_object *o = json_object_new_object();
    size_t i;

    for (i = 0; members[i] != NULL; i++)
        copy_member(o, gate, members[i]);
    return o;
}

static json_object *version_metadata(const struct run *r, json_object *gate,
                                     const struct run_candidate *c,
                                     const char *node)
{
    json_object *m = json_object_new_object();
    json_object *dataset = json_child(r->document, "dataset");
    json_object *parents = json_child(json_child(r->document, "baseline"),
                                      "versions");
    const char *parent = json_str(parents, node);
    char at[25], *text;

    clock_format(json_int(r->document, "started_ms", 0) + (int64_t)r->now_ms,
                 at);
    json_set_str(m, "optimizer",
                 json_str(json_child(r->document, "optimizer"), "id"));
    json_set_str(m, "run_id", r->id);
    json_set_int(m, "candidate", (int64_t)c->number);
    json_set_str(m, "created_at", at);
    json_set(m, "parent_version",
             parent != NULL ? json_object_new_string(parent) : NULL);
    copy_member(m, r->document, "seed");
    copy_member(m, r->document, "environment");
    copy_member(m, json_child(r->document, "problem"), "objective");
    json_set(m, "plugins", version_pins(r));
    text = xasprintf("%s@%lld sha256:%s", json_str(dataset, "name"),
                     (long long)json_int(dataset, "version", 0),
                     json_str(dataset, "hash"));
    json_set_str(m, "dataset", text);
    free(text);
    run_set_finite(m, "score", c->score);
    run_set_finite(m, "baseline_score", run_candidate_at(r, 1)->score);
    if (gate != NULL)
        json_set(m, "gate", version_gate(gate));
    return m;
}

static json_object *versions(const struct run *r, json_object *gate,
                             const struct run_candidate *c)
{
    json_object *o = json_object_new_object(), *one;
    json_object *nodes = space_to_json(r->space, &c->values.tt);
    const struct run_job *j = whole_job(c);

    json_object_object_foreach(nodes, node, parameters)
    {
        one = json_object_new_object();
        json_set_str(one, "node_id", node);
        json_set(one, "parameters", json_object_get(parameters));
        if (j != NULL)
            json_set(one, "metrics", json_copy(run_job_source(j)->metrics));
        json_set(one, "metadata", version_metadata(r, gate, c, node));
        json_set(o, node, one);
    }
    json_object_put(nodes);
    return o;
}

void run_finish(struct run *r, enum run_state state, json_object *gate,
                struct run_candidate *winner, bool promote,
                const char *reason)
{
    struct run_finish *f = xcalloc(1, sizeof *f);
    json_object *result = json_object_new_object();

    run_set_state(r, state);
    r->finishing = true;
    json_set_str(r->document, "stop_reason", stop_word(r->stop));
    json_set_int(r->document, "elapsed_ms", (int64_t)r->now_ms);
    json_set_int(r->document, "ended_ms",
                 json_int(r->document, "started_ms", 0) + (int64_t)r->now_ms);
    json_set_str(result, "reason", reason);
    if (r->best != NULL)
        json_set(result, "best", candidate_summary(r, r->best));
    if (winner != NULL)
        json_set_int(result, "winner", (int64_t)winner->number);
    json_set_bool(result, "promoted", promote);
    json_set(r->document, "result", result);
    json_set(r->document, "progress", run_progress(r));
    if (state == RUN_COMPLETED)
        run_note(r, "run.completed", "completed (%s): %s", stop_word(r->stop),
                 reason);
    f->state = state;
    f->report = run_report(r, gate, winner);
    json_set_str(f->report, "reason", reason);
    json_set_bool(f->report, "promoted", promote);
    f->run = json_copy(r->document);
    f->versions = winner != NULL ? versions(r, gate, winner) : NULL;
    f->promote = promote;
    f->reason = xstrdup(reason);
    r->out->finish = f;
    run_out_command(r, RUN_DO_FINISH, 0);
}
