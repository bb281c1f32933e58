/* SPDX-License-Identifier: MIT
 *
 * sim_exec.c - the workers: each takes the oldest queued run, waits as long
 * as the run shall last, works out its result, and writes it down. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "core/base/clock.h"
#include "tests/orcheo/sim.h"

void sim_sleep_until(struct sim *s, int64_t mono_ms)
{
    struct timespec ts = { .tv_sec = mono_ms / 1000,
                           .tv_nsec = mono_ms % 1000 * 1000000 };

    while (!s->stop && clock_mono_ms() < mono_ms)
        pthread_cond_timedwait(&s->changed, &s->lock, &ts);
}

/* --- history ------------------------------------------------------------- */

static json_object *history_begin(struct sim_run *r, json_object *inputs,
                                  json_object *config)
{
    json_object *o = json_object_new_object();
    char now[SIM_TIME];

    sim_now(now);
    json_set_str(o, "execution_id", r->id);
    json_set_str(o, "workflow_id", r->version->workflow->id);
    json_set_str(o, "status", "running");
    json_set_str(o, "started_at", now);
    json_set(o, "completed_at", NULL);
    json_set(o, "error", NULL);
    json_set(o, "inputs", json_copy(inputs));
    json_set(o, "runnable_config", json_copy(config));
    json_set(o, "tags", json_copy(json_child(config, "tags")));
    json_set(o, "callbacks", json_copy(json_child(config, "callbacks")));
    json_set(o, "metadata", json_copy(json_child(config, "metadata")));
    json_set_str(o, "run_name", json_str(config, "run_name"));
    json_set(o, "steps", json_object_new_array());
    return o;
}

static void history_step(json_object *history, json_object *payload)
{
    json_object *steps = json_child(history, "steps");
    json_object *o = json_object_new_object();
    char now[SIM_TIME];

    sim_now(now);
    json_set_int(o, "index", (int64_t)json_object_array_length(steps));
    json_set_str(o, "at", now);
    json_set(o, "payload", payload);
    json_object_array_add(steps, o);
}

static void history_end(json_object *history, const char *error)
{
    json_object *payload = json_object_new_object();
    const char *status = error == NULL ? "completed" : "error";
    char now[SIM_TIME];

    sim_now(now);
    json_set_str(history, "status", status);
    json_set_str(history, "completed_at", now);
    json_set_str(history, "error", error);
    json_set_str(payload, "status", status);
    if (error != NULL)
        json_set_str(payload, "error", error);
    history_step(history, payload);
}

static void history_nodes(struct sim *s, json_object *history,
                          struct sim_result *got)
{
    size_t i, n = json_object_array_length(got->order);

    for (i = 0; i < n && !got->unstorable; i++) {
        const char *node =
            json_object_get_string(json_object_array_get_idx(got->order, i));
        json_object *payload = json_object_new_object();
        json_object *inner = json_object_new_object();
        json_object *results = json_object_new_object();

        json_set(results, node, json_copy(json_child(got->results, node)));
        json_set(inner, s->options.old ? "results" : "node_results", results);
        json_set(payload, node, inner);
        history_step(history, payload);
    }
}

/* --- one run ------------------------------------------------------------- */

static json_object *final_state(struct sim *s, struct sim_run *r,
                                struct sim_job *job, struct sim_result *got)
{
    json_object *state = json_object_new_object();
    json_object *output = json_object_new_object();

    json_set(state, "config", json_copy(job->config));
    json_set(state, "inputs", json_copy(got->inputs));
    json_set(state, "messages", json_object_new_array());
    json_set(state, s->options.old ? "results" : "node_results",
             json_copy(got->results));
    if (!s->options.old)
        json_set_str(state, "workspace_id", r->workspace->id);
    json_set(output, "final_state", state);
    return output;
}

static void begin(struct sim *s, struct sim_run *r, struct sim_job *job)
{
    json_object *config = json_child(r->doc, "runnable_config");

    /* Orcheo reads an empty config of the run as "none": the version's. */
    if (config == NULL || json_object_object_length(config) == 0)
        config = json_child(r->version->doc, "runnable_config");
    r->taken = true;
    r->queued = false;
    sim_run_status(s, r, SIM_RUNNING, "worker", NULL, NULL);
    job->old = s->options.old;
    job->source = xstrdup(json_str(json_child(r->version->doc, "graph"),
                                   "source"));
    job->inputs = json_copy(json_child(r->doc, "input_payload"));
    job->config = sim_config_expand(config, r->id);
    memcpy(job->fault, r->fault, sizeof job->fault);
    r->history = history_begin(r, job->inputs, job->config);
    s->executing++;
    if (s->executing > s->max_executing)
        s->max_executing = s->executing;
}

/* A run that was cancelled meanwhile keeps its row, and its worker says so. */
static void finish(struct sim *s, struct sim_run *r, struct sim_job *job,
                   struct sim_result *got)
{
    const char *actor = r->fault[SIM_FAULT_forged] != 0 ? "somebody" : "worker";
    const char *error = got->error;

    r->taken = false;
    r->received = json_object_get(got->received);
    history_nodes(s, r->history, got);
    if (r->status != SIM_RUNNING)
        error = error != NULL ? error
                              : "Only running runs can be marked as succeeded.";
    else if (error != NULL)
        sim_run_status(s, r, SIM_FAILED, actor, NULL, error);
    else
        sim_run_status(s, r, SIM_SUCCEEDED, actor,
                       final_state(s, r, job, got), NULL);
    history_end(r->history, error);
    sim_slot_release(s, r);
}

static struct sim_run *by_number(struct sim *s, uint64_t number)
{
    size_t i;

    for (i = s->run_n; i-- > 0;)
        if (s->runs[i]->number == number)
            return s->runs[i];
    return NULL;
}

static int64_t duration_ms(struct sim *s, struct sim_job *job)
{
    double sleep_s = json_num(job->inputs, "sleep", 0);

    if (!(sleep_s > 0))
        sleep_s = 0;
    if (sleep_s > 3600)
        sleep_s = 3600;
    return s->fault[SIM_FAULT_latency_ms] + (int64_t)(sleep_s * 1000);
}

/* Lock held. The run is looked up anew by its number after each wait: a reset
 * may have forgotten it. */
static void execute(struct sim *s, struct sim_run *r)
{
    struct sim_job job;
    struct sim_result got;
    uint64_t number = r->number;

    begin(s, r, &job);
    sim_sleep_until(s, clock_mono_ms() + duration_ms(s, &job));
    while (!s->stop && s->fault[SIM_FAULT_hold_end] != 0)
        pthread_cond_wait(&s->changed, &s->lock);
    pthread_mutex_unlock(&s->lock);
    sim_job_run(&job, &got);
    pthread_mutex_lock(&s->lock);
    s->executing--;
    r = by_number(s, number);
    if (r != NULL && r->taken && r->fault[SIM_FAULT_stay_running] == 0)
        finish(s, r, &job, &got);
    sim_job_fini(&job);
    sim_result_fini(&got);
    pthread_cond_broadcast(&s->changed);
}

/* The oldest run that may start now; else when the next one may. */
static struct sim_run *next(struct sim *s, int64_t *at)
{
    int64_t now = clock_mono_ms();
    bool first = true;
    size_t i;

    *at = now + 60000;
    for (i = s->first_queued; i < s->run_n; i++) {
        struct sim_run *r = s->runs[i];

        if (!r->queued) {
            if (first && r->status != SIM_PENDING)
                s->first_queued = i + 1;
            else
                first = false;
            continue;
        }
        first = false;
        if (r->ready_mono_ms <= now)
            return r;
        if (r->ready_mono_ms < *at)
            *at = r->ready_mono_ms;
    }
    return NULL;
}

static void *worker(void *arg)
{
    struct sim *s = arg;
    struct timespec ts;
    struct sim_run *r;
    int64_t at;

    pthread_mutex_lock(&s->lock);
    while (!s->stop) {
        r = next(s, &at);
        if (r != NULL && s->fault[SIM_FAULT_hold_start] == 0) {
            execute(s, r);
            continue;
        }
        ts.tv_sec = at / 1000;
        ts.tv_nsec = at % 1000 * 1000000;
        pthread_cond_timedwait(&s->changed, &s->lock, &ts);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

int sim_workers_start(struct sim *s)
{
    pthread_attr_t attr;
    int rc = 0;

    s->threads = xcalloc((size_t)s->options.concurrency, sizeof *s->threads);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 512 * 1024);
    while (rc == 0 && s->thread_n < (size_t)s->options.concurrency) {
        rc = pthread_create(&s->threads[s->thread_n], &attr, worker, s);
        if (rc == 0)
            s->thread_n++;
    }
    pthread_attr_destroy(&attr);
    return rc;
}

void sim_workers_join(struct sim *s)
{
    size_t i;

    for (i = 0; i < s->thread_n; i++)
        pthread_join(s->threads[i], NULL);
    free(s->threads);
}

void sim_workers_kill(struct sim *s)
{
    size_t i;

    for (i = 0; i < s->run_n; i++)
        s->runs[i]->taken = false;
}
