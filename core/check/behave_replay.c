/* SPDX-License-Identifier: MIT
 *
 * behave_replay.c - R1 to R3: a recorded run is fed to the plugin. */
#include "config.h"

#include <math.h>
#include <string.h>
#include <trimtab/cube.h>

#include "core/base/mem.h"
#include "core/base/schema.h"
#include "core/check/checks.h"
#include "core/check/recording.h"
#include "core/check/subject.h"

/* What this version has been configured with beyond the recorded one. */
static void say_what_is_new(json_object *config, json_object *was,
                            struct buf *news)
{
    json_object_object_foreach(config, key, value)
    {
        if (json_child(was, key) == NULL)
            buf_addf(news, "%s%.60s %.80s", news->len > 0 ? ", " : "", key,
                     json_object_to_json_string_ext(value,
                                                    JSON_C_TO_STRING_PLAIN));
    }
}

/* The recorded problem with the configuration as this version's schema has it:
 * what is new gets its default. */
static int reconfigure(struct subject *s, const struct recording *r,
                       struct tt_problem *problem, struct buf *news,
                       struct err *e)
{
    const struct tt_config *old = r->problem->config;
    json_object *schema = subject_schema(s->real);
    json_object *config = old != NULL ? json_parse(old->json.p,
                                                   (size_t)old->json.n,
                                                   &json_limits_document, e)
                                      : json_object_new_object();
    json_object *was = config != NULL ? json_copy(config) : NULL;
    int rc = config == NULL ? TT_ECORRUPT
                            : schema_apply(schema, config,
                                           "the recorded configuration", e);

    if (rc == 0) {
        say_what_is_new(config, was, news);
        subject_configure(s, config);
        problem->config = s->tt_config;
    } else {
        json_object_put(config);
    }
    json_object_put(was);
    json_object_put(schema);
    return rc;
}

struct replay {
    struct subject s;
    struct recording recording;
    struct tt_problem problem;
    struct buf news; /* what is new in its configuration */
    struct drive d;
};

/* The operator's configuration where there is one; of another plugin's the
 * strategy could make nothing. */
static int choose_config(struct replay *r, const struct check_run *c,
                         struct err *e)
{
    const struct recording *was = &r->recording;

    r->problem = *was->problem;
    if (c->o->config == NULL &&
        (was->id[0] == '\0' || strcmp(was->id, r->s.plugin->id) == 0))
        return reconfigure(&r->s, was, &r->problem, &r->news, e);
    r->problem.config = r->s.tt_config;
    buf_adds(&r->news, c->o->config != NULL ? "all of it, by --config"
                                            : "all of it, as the recorded one "
                                              "is another plugin's");
    return 0;
}

/* Load, read and open. False with the check failed or skipped. */
static bool begin(struct replay *r, struct check_run *c, bool with_state)
{
    struct err e = { 0 };

    memset(r, 0, sizeof *r);
    if (!subject_open(&r->s, c))
        return false;
    if (recording_read(&r->recording, c->o->log, &e) != 0 ||
        choose_config(r, c, &e) != 0) {
        check_fail(c, "%s", e.text);
        return false;
    }
    r->s.world.cases = r->recording.cases;
    r->s.world.n_cases = r->recording.n_cases;
    drive_init(&r->d, &r->s.with);
    if (drive_open(&r->d, &r->problem,
                   with_state ? r->recording.snapshot : NULL) == 0)
        return true;
    check_fail(c, "open: %s", r->d.error.message);
    return false;
}

static void end(struct replay *r)
{
    if (r->d.with.plugin != NULL)
        drive_fini(&r->d);
    buf_fini(&r->news);
    recording_fini(&r->recording);
    subject_close(&r->s);
}

/* Feed steps until one answers something else: its number, n when none does.
 * *rc: what a step failed with. */
static size_t feed(struct replay *r, struct buf *what, int *rc)
{
    const struct recorded_step *step = r->recording.steps;
    size_t i;

    *rc = 0;
    for (i = 0; i < r->recording.n; i++, step++) {
        buf_add(&r->d.payload, step->step.p, (size_t)step->step.n);
        if (drive_ask(&r->d, FRAME_STEP) == FRAME_ERROR) {
            *rc = r->d.error.code;
            return i;
        }
        if (recording_differs(r->problem.space, step->actions,
                              r->d.answer.payload, what))
            return i;
    }
    return i;
}

/* --- R1, R2: the log as it is -------------------------------------------- */

void check_r1(struct check_run *c)
{
    struct buf what = { 0 };
    struct replay r;
    size_t at;
    int rc;

    if (begin(&r, c, true)) {
        at = feed(&r, &what, &rc);
        if (rc != 0)
            check_fail(c, "step %u of %u: %s", (unsigned)at + 1,
                       (unsigned)r.recording.n, r.d.error.message);
        else
            check_say(c, "%u of %u steps, recorded by %s %s", (unsigned)at,
                      (unsigned)r.recording.n, r.recording.id,
                      r.recording.version);
    }
    buf_fini(&what);
    end(&r);
}

/* Of the first event or ask of a step, as `trimtab runs log` counts. */
static uint64_t position_of(const struct replay *r, size_t at)
{
    struct arena arena = { 0 };
    struct codec_step step;
    uint64_t position = 0;

    if (codec_get_step(r->recording.steps[at].step, &arena, &step, NULL) == 0)
        position = step.ask->position - step.n_events;
    arena_fini(&arena);
    return position;
}

/* Why does it propose that? What it says of the first candidate that it asked
 * for in the step that differs, where it explains anything at all. */
static void add_reason(struct replay *r, struct buf *why)
{
    struct codec_actions actions = { 0 };
    struct arena arena = { 0 };
    uint64_t i, ref = UINT64_MAX;

    if (r->s.plugin->strategy->explain != NULL &&
        codec_get_actions(r->d.answer.payload, &arena, &actions, NULL) == 0)
        for (i = actions.n; i > 0; i--) {
            const void *record = actions.actions[i - 1];
            const struct tt_evaluate *v = record;

            if (actions.actions[i - 1]->kind == TT_EVALUATE)
                ref = v->ref;
        }
    arena_fini(&arena);
    if (ref == UINT64_MAX)
        return;
    codec_put_ref(&r->d.payload, ref);
    if (drive_ask(&r->d, FRAME_EXPLAIN) == FRAME_BYTES)
        buf_addf(why, "\nits reason: %.*s",
                 (int)(r->d.answer.payload.n < 500 ? r->d.answer.payload.n
                                                   : 500),
                 r->d.answer.payload.p);
}

/* Another version may have other ideas; the same one may not. */
static void report_difference(struct check_run *c, const struct replay *r,
                              size_t at, const char *what,
                              const char *why)
{
    const struct tt_plugin *p = r->s.plugin;
    bool same = strcmp(r->recording.id, p->id) == 0 &&
                strcmp(r->recording.version, p->version) == 0;
    unsigned step = (unsigned)at + 1, n = (unsigned)r->recording.n;

    if (same && (p->caps & TT_CAP_DETERMINISTIC) != 0)
        check_fail(c, "step %u of %u: %s%s", step, n, what, why);
    else
        check_note(c, "step %u of %u: %s (recorded by %s %s)%s", step, n, what,
                   r->recording.id, r->recording.version, why);
}

void check_r2(struct check_run *c)
{
    struct buf what = { 0 }, why = { 0 };
    struct replay r;
    size_t at;
    int rc;

    if (begin(&r, c, true)) {
        at = feed(&r, &what, &rc);
        if (rc == 0 && at < r.recording.n) {
            buf_addf(&why, "\nthat is position %llu of the log",
                     (unsigned long long)position_of(&r, at));
            if (r.news.len > 0)
                buf_addf(&why, "\nnew in its configuration: %s", r.news.data);
            add_reason(&r, &why);
            report_difference(c, &r, at, what.data, why.data);
        }
        else if (rc == 0)
            check_say(c, "all %u steps", (unsigned)at);
    }
    buf_fini(&why);
    buf_fini(&what);
    end(&r);
}

/* --- R3: the recorded history, and then? --------------------------------- */

struct past { /* what was recorded, candidate by candidate */
    struct arena arena;
    const struct tt_candidate **candidates; /* in the order of results */
    const struct tt_result **results;
    size_t n;
};

/* Candidates by ref, as they come up in the log. */
struct proposals {
    uint64_t *refs;
    const struct tt_candidate **candidates;
    size_t n;
};

static void propose(struct proposals *p, uint64_t ref,
                    const struct tt_candidate *c)
{
    p->refs = xrealloc(p->refs, p->n + 1, sizeof *p->refs);
    p->candidates = xrealloc(p->candidates, p->n + 1, sizeof *p->candidates);
    p->refs[p->n] = ref;
    p->candidates[p->n++] = c;
}

static void take_events(struct past *past, struct proposals *p,
                        const struct codec_step *step)
{
    uint64_t i;
    size_t k;

    for (i = 0; i < step->n_events; i++) {
        const void *record = step->events[i];
        const struct tt_enqueued *q = record;
        const struct tt_result *result = record;

        if (step->events[i]->kind == TT_ENQUEUED)
            propose(p, q->ref, &q->candidate);
        if (step->events[i]->kind != TT_RESULT)
            continue;
        for (k = 0; k < p->n; k++)
            if (p->refs[k] == result->ref)
                break;
        if (k == p->n)
            continue;
        past->candidates = xrealloc(past->candidates, past->n + 1,
                                    sizeof *past->candidates);
        past->results = xrealloc(past->results, past->n + 1,
                                 sizeof *past->results);
        past->candidates[past->n] = p->candidates[k];
        past->results[past->n++] = result;
    }
}

static void read_past(struct past *past, const struct recording *r)
{
    struct proposals p = { 0 };
    struct codec_actions actions;
    struct codec_step step;
    uint64_t k;
    size_t i;

    memset(past, 0, sizeof *past);
    for (i = 0; i < r->n; i++) {
        if (codec_get_step(r->steps[i].step, &past->arena, &step, NULL) != 0 ||
            codec_get_actions(r->steps[i].actions, &past->arena, &actions,
                              NULL) != 0)
            break;
        take_events(past, &p, &step);
        for (k = 0; k < actions.n; k++) {
            const void *record = actions.actions[k];
            const struct tt_evaluate *v = record;

            if (actions.actions[k]->kind == TT_EVALUATE &&
                v->candidate.n_values > 0)
                propose(&p, v->ref, &v->candidate);
        }
    }
    free(p.refs);
    free(p.candidates);
}

static void past_fini(struct past *past)
{
    arena_fini(&past->arena);
    free(past->candidates);
    free(past->results);
}

/* The first n results as a history that somebody else made. */
static void put_history(struct drive *d, const struct past *past, size_t n,
                        struct arena *a)
{
    const struct tt_event **events = arena_alloc(a, 2 * n, sizeof *events);
    struct tt_ask ask = { .size = sizeof ask };
    size_t i;

    for (i = 0; i < n; i++) {
        struct tt_enqueued *q = arena_alloc(a, 1, sizeof *q);
        struct tt_result *r = arena_alloc(a, 1, sizeof *r);

        q->head.size = sizeof *q;
        q->head.kind = TT_ENQUEUED;
        q->head.position = 2 * i + 1;
        q->ref = TT_REF_HOST + i;
        q->candidate = *past->candidates[i];
        *r = *past->results[i];
        r->head.position = 2 * i + 2;
        r->ref = q->ref;
        events[2 * i] = &q->head;
        events[2 * i + 1] = &r->head;
    }
    ask.position = 2 * n + 1;
    ask.max = 1;
    codec_put_step(&d->payload, events, 2 * n, &ask);
}

/* The mean distance of two candidates along the sides of the unit cube. */
static double distance(const struct tt_space *s, const struct tt_candidate *a,
                       const struct tt_candidate *b)
{
    uint64_t n = tt_cube_dims(s, TT_CUBE_CELL), i;
    double *x = xcalloc(2 * n + 1, sizeof *x), sum = 0;
    struct tt_value *values = xcalloc(s->n_params + 1, sizeof *values);

    tt_values_of(s, a, values);
    tt_to_cube(s, TT_CUBE_CELL, values, x);
    tt_values_of(s, b, values);
    tt_to_cube(s, TT_CUBE_CELL, values, x + n);
    for (i = 0; i < n; i++)
        sum += fabs(x[i] - x[n + i]);
    free(values);
    free(x);
    return n > 0 ? sum / (double)n : 0;
}

/* What does it propose after n results, and how far is that from what had been
 * proposed next? */
static void go_on_after(struct check_run *c, struct replay *r,
                        const struct past *past, size_t n)
{
    struct codec_actions actions = { 0 };
    struct tt_error e = { .size = sizeof e };
    struct arena arena = { 0 };
    const struct tt_space *space = r->problem.space;
    uint64_t i;

    drive_fini(&r->d);
    drive_init(&r->d, &r->s.with);
    if (drive_open(&r->d, &r->problem, NULL) == 0)
        put_history(&r->d, past, n, &arena);
    if (r->d.answer.type == FRAME_ERROR ||
        drive_ask(&r->d, FRAME_STEP) == FRAME_ERROR ||
        codec_get_actions(r->d.answer.payload, &arena, &actions, NULL) != 0)
        check_fail(c, "after %u results: %s", (unsigned)n, r->d.error.message);
    for (i = 0; i < actions.n; i++) {
        const void *record = actions.actions[i];
        const struct tt_evaluate *v = record;

        if (actions.actions[i]->kind != TT_EVALUATE ||
            v->candidate.n_values == 0)
            continue;
        if (tt_candidate_check(space, &v->candidate, &e) != 0)
            check_fail(c, "after %u results: %s", (unsigned)n, e.message);
        else if (n < past->n)
            check_say(c, "after %u results it proposes a candidate %.3f away "
                      "from the recorded one", (unsigned)n,
                      distance(space, &v->candidate, past->candidates[n]));
    }
    arena_fini(&arena);
}

void check_r3(struct check_run *c)
{
    struct past past;
    struct replay r;
    size_t i, n;

    if (begin(&r, c, false)) {
        read_past(&past, &r.recording);
        for (i = 1; i <= 4; i++) {
            n = past.n * i / 4;
            if (n > 0)
                go_on_after(c, &r, &past, n);
        }
        if (past.n == 0)
            check_skip(c, "nothing was ever evaluated in it");
        past_fini(&past);
    }
    end(&r);
}
