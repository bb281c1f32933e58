/* SPDX-License-Identifier: MIT
 *
 * run_load.c - the machine from its records: candidates, then evaluations,
 * then the log (run_load_log.c). What the log shows as told is told; what is
 * stored as sent and has no end is looked for. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/engine/run_impl.h"

int run_corrupt(struct err *e, const struct run *r, const char *kind,
                uint64_t number, const char *what)
{
    return err_set(e, TT_ECORRUPT, "run %s: %s %llu: %s", r->id, kind,
                   (unsigned long long)number, what);
}

static void later_than(struct run *r, uint64_t sequence)
{
    if (sequence > r->sequence)
        r->sequence = sequence;
}

static uint64_t number_of(json_object *o, const char *key)
{
    return (uint64_t)json_int(o, key, 0);
}

static size_t length(json_object *list)
{
    return json_object_is_type(list, json_type_array)
               ? json_object_array_length(list)
               : 0;
}

/* null is "not measured". */
static void load_doubles(json_object *list, double *to, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        json_object *one = i < length(list) ? json_object_array_get_idx(list, i)
                                            : NULL;

        to[i] = one != NULL ? json_object_get_double(one) : (double)NAN;
    }
}

static char *dup_member(json_object *o, const char *key)
{
    const char *text = json_str(o, key);

    return text != NULL ? xstrdup(text) : NULL;
}

/* --- candidates ----------------------------------------------------------- */

static uint32_t split_of(const char *word)
{
    uint32_t i;

    for (i = TT_TRAIN; word != NULL && i <= TT_HOLDOUT; i++)
        if (strcmp(run_split_word(i), word) == 0)
            return i;
    return 0;
}

static enum job_by by_of(const char *word)
{
    if (word == NULL || strcmp(word, "strategy") == 0)
        return JOB_OWN;
    if (strcmp(word, "strategy_host") == 0)
        return JOB_HOST_REF;
    return strcmp(word, "gate") == 0 ? JOB_GATE : JOB_HOST;
}

static enum job_state state_of(const char *word)
{
    int i;

    for (i = JOB_PENDING; word != NULL && i <= JOB_CANCELLED; i++)
        if (strcmp(run_job_word((enum job_state)i), word) == 0)
            return (enum job_state)i;
    return JOB_PENDING;
}

static void load_result(struct run *r, struct run_job *j, json_object *o)
{
    json_object *metrics = json_child(o, "metrics");

    j->objective = json_num(o, "objective", (double)NAN);
    load_doubles(json_child(o, "guardrails"), j->guardrails,
                 r->plan.n_guardrails);
    j->feasible = json_object_get_boolean(json_child(o, "feasible"));
    j->cost = json_num(o, "cost", 0.0);
    j->tokens_in = number_of(o, "tokens_in");
    j->tokens_out = number_of(o, "tokens_out");
    j->metrics = metrics != NULL ? json_copy(metrics) : NULL;
}

static int load_job(struct run *r, struct run_candidate *c, json_object *o,
                    struct err *e)
{
    json_object *list = json_child(o, "cases"), *same;
    struct run_job_spec spec = { .by = by_of(json_str(o, "by")),
                                 .split = split_of(json_str(o, "split")) };
    uint64_t *ids = NULL, n, i;
    struct run_job *j;

    if (spec.split == 0)
        return run_corrupt(e, r, "candidate", c->number, "a job on no split");
    n = r->dataset->n[spec.split];
    if (list != NULL) {
        spec.n_cases = length(list);
        ids = xcalloc((size_t)spec.n_cases + 1, sizeof *ids);
        for (i = 0; i < spec.n_cases; i++) {
            ids[i] = (uint64_t)json_object_get_int64(
                json_object_array_get_idx(list, i));
            if (ids[i] >= n) {
                free(ids);
                return run_corrupt(e, r, "candidate", c->number,
                               "a case that the dataset does not have");
            }
        }
        spec.cases = ids;
    }
    spec.repeats = (uint32_t)json_int(o, "repeats", 1);
    spec.flags = (uint32_t)json_int(o, "flags", 0);
    spec.priority = (int32_t)json_int(o, "priority", 0);
    j = run_job_add(r, c, &spec);
    free(ids);
    j->epoch = (uint32_t)json_int(o, "epoch", 0);
    j->order = number_of(o, "order");
    j->repeat_base = (uint32_t)json_int(o, "repeat_base", 0);
    j->state = state_of(json_str(o, "state"));
    j->ended = number_of(o, "ended");
    j->silent = j->silent || json_child(o, "silent") != NULL;
    j->infrastructure = json_child(o, "infrastructure") != NULL;
    j->cause = dup_member(o, "cause");
    if (j->state != JOB_PENDING && j->state != JOB_COMPLETE && j->cause == NULL)
        j->cause = xstrdup("");
    if (j->state == JOB_COMPLETE)
        load_result(r, j, o);
    same = json_child(o, "same_as");
    j->same_candidate = number_of(same, "candidate");
    j->same_number = (unsigned)json_int(same, "job", 0);
    if (same == NULL && j->n_cases > 0)
        run_job_plan(r, j);
    return 0;
}

static void load_parents(struct run_candidate *c, json_object *list)
{
    size_t n = length(list), i;

    c->parents = xcalloc(n + 1, sizeof *c->parents);
    for (i = 0; i < n; i++)
        c->parents[c->n_parents++] = (uint64_t)json_object_get_int64(
            json_object_array_get_idx(list, i));
}

int run_load_candidate(struct run *r, json_object *o, struct err *e)
{
    uint64_t number = number_of(o, "number");
    json_object *jobs = json_child(o, "jobs");
    json_object *predicted = json_child(o, "predicted");
    const char *ref = json_str(o, "ref");
    struct run_candidate *c;
    struct candidate values;
    size_t i;
    int rc = 0;

    if (number != r->n_candidates + 1)
        return run_corrupt(e, r, "candidate", number, "not the next number");
    if (space_from_json(r->space, json_child(o, "parameters"), &values, e) != 0)
        return run_corrupt(e, r, "candidate", number, e->text);
    c = run_candidate_add(r, &values);
    c->host = ref == NULL;
    c->ref = ref != NULL ? strtoull(ref, NULL, 10) : 0;
    c->epoch = (uint32_t)json_int(o, "epoch", 0);
    c->enqueued = number_of(o, "enqueued");
    c->origin = dup_member(o, "origin");
    if (c->origin == NULL)
        c->origin = xstrdup("");
    c->actor = dup_member(o, "actor");
    load_parents(c, json_child(o, "parents"));
    c->duplicate_of = number_of(o, "duplicate_of");
    c->created_ms = number_of(o, "created_ms");
    c->predicted_mean = json_num(predicted, "mean", (double)NAN);
    c->predicted_sd = json_num(predicted, "sd", (double)NAN);
    c->acquisition = json_num(predicted, "acquisition", (double)NAN);
    c->finished = number_of(o, "iteration");
    c->asked_host = (unsigned)json_int(o, "asked", 0);
    c->asked_epoch = (uint32_t)json_int(o, "asked_epoch", 0);
    run_candidate_index(r, c);
    for (i = 0; i < length(jobs) && rc == 0; i++)
        rc = load_job(r, c, json_object_array_get_idx(jobs, i), e);
    return rc;
}

/* --- evaluations ---------------------------------------------------------- */

static void load_cases(struct run_evaluation *v, json_object *list)
{
    struct run_job *j = v->job;
    uint64_t i;

    for (i = 0; i < v->n && i < length(list); i++) {
        json_object *one = json_object_array_get_idx(list, (size_t)i);
        struct run_score *s = &j->scores[v->repeat * j->n_cases + v->from + i];

        s->status = (uint32_t)json_int(one, "status", TT_CASE_MISSING);
        s->objective = json_num(one, "objective", (double)NAN);
        s->shared = json_child(one, "shared") != NULL;
        free(s->feedback);
        s->feedback = dup_member(one, "feedback");
    }
}

static void load_measured(struct run *r, struct run_evaluation *v,
                          json_object *o)
{
    json_object *metrics = json_child(o, "metrics");

    v->state = EVAL_SUCCEEDED;
    v->objective = json_num(o, "objective", (double)NAN);
    v->guardrails = xcalloc(r->plan.n_guardrails + 1, sizeof(double));
    load_doubles(json_child(o, "guardrails"), v->guardrails,
                 r->plan.n_guardrails);
    if (metrics != NULL && v->job->state == JOB_PENDING)
        v->metrics = json_copy(metrics);
    v->cost = json_num(o, "cost", 0.0);
    v->tokens_in = number_of(o, "tokens_in");
    v->tokens_out = number_of(o, "tokens_out");
    load_cases(v, json_child(o, "cases"));
    v->job->n_done++;
    r->cost += v->cost;
    r->tokens_in += v->tokens_in;
    r->tokens_out += v->tokens_out;
}

static void load_eval_state(struct run *r, struct run_evaluation *v,
                            json_object *o)
{
    const char *word = json_str(o, "state");

    if (word == NULL || strcmp(word, "intent") == 0) {
        v->state = EVAL_INTENT;
        v->unsure = true;
    } else if (strcmp(word, "running") == 0 && v->handle != NULL) {
        v->state = EVAL_RUNNING;
    } else if (strcmp(word, "succeeded") == 0) {
        load_measured(r, v, o);
    } else if (strcmp(word, "failed") == 0) {
        v->state = EVAL_FAILED;
    } else if (strcmp(word, "dropped") == 0) {
        v->state = EVAL_DROPPED;
    } /* "lost": planned again, as it is */
    r->n_in_flight += v->state == EVAL_INTENT || v->state == EVAL_RUNNING;
    r->n_done_evaluations += v->job->by != JOB_GATE &&
                             (v->state == EVAL_SUCCEEDED ||
                              v->state == EVAL_FAILED);
}

int run_load_evaluation(struct run *r, json_object *o, struct err *e)
{
    uint64_t number = number_of(o, "number"), part = number_of(o, "part");
    struct run_candidate *c = run_candidate_at(r, number_of(o, "candidate"));
    uint64_t job = number_of(o, "job");
    struct run_evaluation *v;

    if (number != r->n_evaluations + 1)
        return run_corrupt(e, r, "evaluation", number, "not the next number");
    if (c == NULL || job == 0 || job > c->n_jobs ||
        part >= c->jobs[job - 1]->n_evaluations)
        return run_corrupt(e, r, "evaluation", number,
                           "of no job that there is");
    v = &c->jobs[job - 1]->evaluations[part];
    r->evaluations = run_grow(r->evaluations, r->n_evaluations, sizeof(void *));
    r->evaluations[r->n_evaluations++] = v;
    v->number = number;
    v->attempt = (unsigned)json_int(o, "attempt", 1);
    v->lost = (unsigned)json_int(o, "lost", 0);
    v->batch = number_of(o, "batch");
    v->sent_ms = number_of(o, "sent_ms");
    v->handle = dup_member(o, "handle");
    v->message = dup_member(o, "message");
    if (json_child(o, "evidence") != NULL)
        v->evidence = json_copy(json_child(o, "evidence"));
    load_eval_state(r, v, o);
    r->n_lost += v->lost;
    if (v->batch > r->batches)
        r->batches = v->batch;
    if (v->sent_ms > r->now_ms)
        r->now_ms = v->sent_ms;
    return 0;
}

/* --- numbers -------------------------------------------------------------- */

void run_load_events(struct run *r, uint64_t last)
{
    r->n_events = last;
}

void run_load_snapshot(struct run *r, uint64_t position)
{
    r->snapshot_position = position;
}

/* --- all of it ------------------------------------------------------------ */

static int by_ended(const void *a, const void *b)
{
    const struct run_job *x = *(struct run_job *const *)a;
    const struct run_job *y = *(struct run_job *const *)b;

    return x->ended < y->ended ? -1 : x->ended > y->ended;
}

static int by_order(const void *a, const void *b)
{
    const struct run_job *x = *(struct run_job *const *)a;
    const struct run_job *y = *(struct run_job *const *)b;

    return x->order < y->order ? -1 : x->order > y->order;
}

static int by_enqueued(const void *a, const void *b)
{
    const struct run_candidate *x = *(struct run_candidate *const *)a;
    const struct run_candidate *y = *(struct run_candidate *const *)b;

    if (x->enqueued != y->enqueued)
        return x->enqueued < y->enqueued ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

/* Pointers; qsort() must not be given a NULL, even for none. */
static void sort(void *pointers, size_t n,
                 int (*order)(const void *, const void *))
{
    if (n > 1)
        qsort(pointers, n, sizeof(void *), order);
}

void run_find_untold(struct run *r)
{
    size_t i, k;

    r->n_untold = 0;
    for (i = 0; i < r->n_candidates; i++)
        for (k = 0; k < r->candidates[i]->n_jobs; k++) {
            struct run_job *j = r->candidates[i]->jobs[k];

            if (j->ended == 0 || j->told || j->silent)
                continue;
            r->untold = run_grow(r->untold, r->n_untold, sizeof(void *));
            r->untold[r->n_untold++] = j;
        }
    sort(r->untold, r->n_untold, by_ended);
}

static int link_same(struct run *r, struct run_candidate *c, struct run_job *j,
                     struct err *e)
{
    struct run_candidate *other;

    if (j->same_candidate == 0)
        return 0;
    other = run_candidate_at(r, j->same_candidate);
    if (other == NULL || j->same_number == 0 ||
        j->same_number > other->n_jobs ||
        other->jobs[j->same_number - 1]->n_cases != j->n_cases ||
        other->jobs[j->same_number - 1]->same_candidate != 0)
        return run_corrupt(e, r, "candidate", c->number,
                       "takes its result from a job that there is not");
    j->same_as = other->jobs[j->same_number - 1];
    r->n_duplicates++;
    return 0;
}

/* The oldest told_n endings of a candidate have been told. */
static void mark_told(struct run_candidate *c)
{
    uint64_t left = c->told_n;

    while (left-- > 0) {
        struct run_job *oldest = NULL;
        size_t k;

        for (k = 0; k < c->n_jobs; k++)
            if (c->jobs[k]->ended != 0 && !c->jobs[k]->told &&
                !c->jobs[k]->silent &&
                (oldest == NULL || c->jobs[k]->ended < oldest->ended))
                oldest = c->jobs[k];
        if (oldest != NULL)
            oldest->told = true;
    }
}

static int settle_candidate(struct run *r, struct run_candidate *c,
                            struct err *e)
{
    size_t k;
    int rc = 0;

    later_than(r, c->enqueued);
    if (c->asked_epoch != r->epoch)
        c->asked_host = 0;
    if (c->created_ms > r->now_ms)
        r->now_ms = c->created_ms;
    for (k = 0; k < c->n_jobs && rc == 0; k++) {
        struct run_job *j = c->jobs[k];

        later_than(r, j->ended);
        later_than(r, j->order);
        r->n_failed += j->state == JOB_FAILED && j->by != JOB_GATE;
        rc = link_same(r, c, j, e);
    }
    mark_told(c);
    if ((c->host || c->epoch != r->epoch) && !c->enqueued_told)
        run_greet(r, c);
    c->dirty = c->touched = false;
    if (c->finished > r->n_finished)
        r->n_finished = c->finished;
    return rc;
}

static void settle_live(struct run *r)
{
    size_t i, n = 0;

    for (i = 0; i < r->n_live; i++)
        if (r->live[i]->state == JOB_PENDING)
            r->live[n++] = r->live[i];
    r->n_live = n;
    sort(r->live, n, by_order);
}

int run_loaded(struct run *r, struct err *e)
{
    size_t i;
    int rc = 0;

    r->n_touched = 0;
    r->sequence = 0; /* what the records say, not what loading counted */
    for (i = 0; i < r->n_candidates && rc == 0; i++)
        rc = settle_candidate(r, r->candidates[i], e);
    if (rc != 0)
        return rc;
    settle_live(r);
    sort(r->greet, r->n_greet, by_enqueued);
    run_find_untold(r);
    run_llm_load(r);
    r->scores = xrealloc(r->scores, 2 * r->n_finished + 1, sizeof *r->scores);
    for (i = 0; i < r->n_finished; i++)
        r->scores[i] = (double)NAN;
    for (i = 0; i < r->n_candidates; i++)
        if (r->candidates[i]->finished != 0)
            run_candidate_judge(r, r->candidates[i]);
    run_move_loaded(r);
    r->dirty = false;
    return 0;
}
