/* SPDX-License-Identifier: MIT
 *
 * run_out.c - what a step of the run machine gives: records, commands. */
#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/engine/run_impl.h"

static struct run_record *record(struct run *r, enum store_kind kind,
                                 uint64_t number)
{
    struct run_actions *out = r->out;
    struct run_record *at;

    out->records = run_grow(out->records, out->n_records, sizeof *out->records);
    at = &out->records[out->n_records++];
    at->kind = kind;
    at->number = number;
    return at;
}

void run_out_document(struct run *r, enum store_kind kind, uint64_t number,
                      json_object *document)
{
    record(r, kind, number)->document = document;
}

struct buf *run_out_bytes(struct run *r, enum store_kind kind, uint64_t number)
{
    return &record(r, kind, number)->bytes;
}

struct run_command *run_out_command(struct run *r, enum run_command_kind kind,
                                    uint64_t number)
{
    struct run_actions *out = r->out;
    struct run_command *at;

    out->commands = run_grow(out->commands, out->n_commands,
                             sizeof *out->commands);
    at = &out->commands[out->n_commands++];
    at->kind = kind;
    at->number = number;
    return at;
}

void run_out_audit(struct run *r, const char *action, const char *actor,
                   json_object *detail)
{
    struct run_actions *out = r->out;
    struct run_audit *at;

    out->audits = run_grow(out->audits, out->n_audits, sizeof *out->audits);
    at = &out->audits[out->n_audits++];
    at->action = xstrdup(action);
    at->actor = actor != NULL ? xstrdup(actor) : xasprintf("run:%s", r->id);
    at->detail = detail;
}

static void note(struct run *r, const char *kind, json_object *about,
                 const char *format, va_list args)
    __attribute__((format(printf, 4, 0)));
static void note(struct run *r, const char *kind, json_object *about,
                 const char *format, va_list args)
{
    json_object *o = about != NULL ? about : json_object_new_object();
    char text[1200], at[25];

    (void)vsnprintf(text, sizeof text, format, args);
    clock_format(json_int(r->document, "started_ms", 0) + (int64_t)r->now_ms,
                 at);
    json_set_int(o, "number", (int64_t)++r->n_events);
    json_set_str(o, "at", at);
    json_set_int(o, "time_ms", (int64_t)r->now_ms);
    json_set_str(o, "event", kind);
    json_set_str(o, "text", text);
    run_out_document(r, STORE_EVENT, r->n_events, o);
}

void run_note(struct run *r, const char *kind, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    note(r, kind, NULL, format, args);
    va_end(args);
}

void run_note_about(struct run *r, const char *kind, json_object *about,
                    const char *format, ...)
{
    va_list args;

    va_start(args, format);
    note(r, kind, about, format, args);
    va_end(args);
}

static void flush_candidate(struct run *r, struct run_candidate *c)
{
    size_t i, k;

    for (i = 0; i < c->n_jobs; i++)
        for (k = 0; k < c->jobs[i]->n_evaluations; k++) {
            struct run_evaluation *v = &c->jobs[i]->evaluations[k];

            if (v->dirty)
                run_out_document(r, STORE_EVALUATION, v->number,
                                 run_evaluation_document(r, v));
            v->dirty = false;
            if (c->jobs[i]->state != JOB_PENDING) { /* the job has them now */
                json_object_put(v->metrics);
                v->metrics = NULL;
            }
        }
    if (c->dirty)
        run_out_document(r, STORE_CANDIDATE, c->number,
                         run_candidate_document(r, c));
    c->dirty = false;
}

void run_out_flush(struct run *r)
{
    size_t i;

    for (i = 0; i < r->n_touched; i++) {
        flush_candidate(r, r->touched[i]);
        r->touched[i]->touched = false;
    }
    r->n_touched = 0;
    if (r->dirty && !r->finishing) /* the last one goes with the report */
        run_out_document(r, STORE_RUN, 0, json_copy(r->document));
    r->dirty = false;
}

void run_touch(struct run *r, struct run_candidate *c)
{
    if (c->touched)
        return;
    c->touched = true;
    r->touched = run_grow(r->touched, r->n_touched, sizeof(void *));
    r->touched[r->n_touched++] = c;
}

static void finish_destroy(struct run_finish *f)
{
    if (f == NULL)
        return;
    json_object_put(f->run);
    json_object_put(f->report);
    json_object_put(f->versions);
    free(f->reason);
    free(f);
}

void run_actions_fini(struct run_actions *out)
{
    size_t i;

    for (i = 0; i < out->n_records; i++) {
        json_object_put(out->records[i].document);
        buf_fini(&out->records[i].bytes);
    }
    for (i = 0; i < out->n_audits; i++) {
        free(out->audits[i].action);
        free(out->audits[i].actor);
        json_object_put(out->audits[i].detail);
    }
    for (i = 0; i < out->n_commands; i++) {
        buf_fini(&out->commands[i].payload);
        json_object_put(out->commands[i].document);
    }
    free(out->records);
    free(out->audits);
    free(out->commands);
    finish_destroy(out->finish);
    memset(out, 0, sizeof *out);
}
