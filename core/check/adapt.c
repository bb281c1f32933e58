/* SPDX-License-Identifier: MIT
 *
 * adapt.c - see adapt.h. */
#include "config.h"

#include <math.h>
#include <string.h>
#include <trimtab/cube.h>

#include "core/base/mem.h"
#include "core/check/adapt.h"

static struct tt_setup setup_of(const struct adapt *a)
{
    struct tt_setup setup = { .size = sizeof setup };

    setup.space = &a->reference->space;
    setup.config = a->reference->problem.config;
    setup.evaluation = tt_str_of(a->evaluation);
    setup.max_in_flight = 8;
    setup.timeout_ms = 5000;
    return setup;
}

static struct tt_setup start(struct adapt *a, const struct drive_with *with,
                             const struct reference *reference,
                             const char *evaluation)
{
    memset(a, 0, sizeof *a);
    drive_init(&a->d, with);
    a->reference = reference;
    a->evaluation = evaluation;
    return setup_of(a);
}

int adapt_begin(struct adapt *a, const struct drive_with *with,
                const struct reference *reference, const char *evaluation)
{
    struct tt_setup setup = start(a, with, reference, evaluation);

    return drive_open_setup(&a->d, &setup);
}

int adapt_try(struct adapt *a, const struct drive_with *with,
              const struct reference *reference, const char *evaluation)
{
    struct tt_setup setup = start(a, with, reference, evaluation);

    return drive_validate_setup(&a->d, &setup);
}

void adapt_end(struct adapt *a)
{
    drive_fini(&a->d);
    arena_fini(&a->arena);
    memset(a, 0, sizeof *a);
}

/* --- batches ------------------------------------------------------------- */

static void fill_candidate(const struct adapt *a, struct tt_candidate *c,
                           uint64_t salt, struct arena *arena)
{
    const struct tt_space *space = &a->reference->space;
    struct tt_value *values = arena_alloc(arena, space->n_params,
                                          sizeof *values);
    uint64_t i;

    tt_values_default(space, values);
    for (i = 0; i < space->n_params; i++)
        if (tt_param_searched(tt_space_param(space, i)))
            values[i].number = tt_param_from_unit(
                tt_space_param(space, i), (double)((salt * 3 + i) % 11) / 11);
    tt_values_settle(space, values);
    c->size = sizeof *c;
    c->value_size = sizeof *values;
    c->n_values = space->n_params;
    c->values = values;
    c->origin = tt_str_of("check");
}

static const struct tt_case *make_cases(const struct adapt_batch *b,
                                        struct arena *arena)
{
    struct tt_case *cases = arena_alloc(arena, b->n_cases, sizeof *cases);
    struct buf text = { 0 };
    uint64_t i;

    for (i = 0; i < b->n_cases; i++) {
        buf_reset(&text);
        if ((int64_t)i == b->bad_case)
            buf_adds(&text, "{\"\":[[[]]],\"want\":\"\\u0000\"}");
        else
            reference_case(i, &text);
        cases[i].id = i;
        cases[i].split = TT_VALIDATION;
        cases[i].content = arena_str(arena, buf_str(&text));
    }
    buf_fini(&text);
    return cases;
}

static void put_batch(struct adapt *a, const struct adapt_batch *b)
{
    struct arena arena = { 0 };
    struct tt_evaluation *v = arena_alloc(&arena, b->n, sizeof *v);
    const struct tt_case *cases = make_cases(b, &arena);
    struct tt_batch batch = { .size = sizeof batch,
                              .evaluation_size = sizeof *v };
    uint64_t i;
    char *id;

    for (i = 0; i < b->n; i++) {
        id = xasprintf("%s/%u", b->label, (unsigned)(b->first + i));
        v[i].size = sizeof *v;
        v[i].id = arena_str(&arena, tt_str_of(id));
        free(id);
        fill_candidate(a, &v[i].candidate, b->first + i, &arena);
        v[i].case_size = sizeof *cases;
        v[i].cases = cases;
        v[i].n_cases = b->n_cases;
        v[i].flags = TT_WANT_FEEDBACK;
    }
    batch.label = tt_str_of(b->label);
    batch.evaluations = v;
    batch.n_evaluations = b->n;
    a->now_ms += 1000;
    batch.now_ms = a->now_ms;
    codec_put_batch(&a->d.payload, &batch);
    arena_fini(&arena);
}

/* --- calls --------------------------------------------------------------- */

static int ask(struct adapt *a, uint16_t type)
{
    struct err e = { 0 };

    arena_fini(&a->arena);
    memset(&a->outcomes, 0, sizeof a->outcomes);
    if (drive_ask(&a->d, type) == FRAME_ERROR)
        return a->d.error.code;
    if (type != FRAME_ABANDON)
        TT_ASSERT(codec_get_outcomes(a->d.answer.payload, &a->arena,
                                     &a->outcomes, &e) == 0);
    return 0;
}

int adapt_submit(struct adapt *a, const struct adapt_batch *batch)
{
    put_batch(a, batch);
    return ask(a, FRAME_SUBMIT);
}

int adapt_collect(struct adapt *a, const struct tt_str *handles, uint64_t n)
{
    codec_put_strs(&a->d.payload, handles, n);
    return ask(a, FRAME_COLLECT);
}

int adapt_find(struct adapt *a, const char *label)
{
    struct tt_str text = tt_str_of(label);

    codec_put_strs(&a->d.payload, &text, 1);
    return ask(a, FRAME_FIND);
}

int adapt_abandon(struct adapt *a, struct tt_str handle)
{
    codec_put_strs(&a->d.payload, &handle, 1);
    return ask(a, FRAME_ABANDON);
}

/* --- outcomes ------------------------------------------------------------ */

static bool is_object(struct tt_str text)
{
    json_object *o = text.n > 0 ? json_parse(text.p, (size_t)text.n,
                                             &json_limits_document, NULL)
                                : NULL;
    bool is = json_object_is_type(o, json_type_object);

    json_object_put(o);
    return is;
}

const char *adapt_fault(const struct tt_outcome *o)
{
    if (o->state == TT_SUCCEEDED && !is_object(o->outputs))
        return "SUCCEEDED, and its outputs are no JSON object";
    if (o->state != TT_SUCCEEDED && o->outputs.n > 0)
        return "outputs without having succeeded";
    if (o->state != TT_SUCCEEDED && o->state != TT_RUNNING &&
        o->message.n == 0)
        return "it did not succeed, and no message says why";
    if (o->evidence.n > 0 && !is_object(o->evidence))
        return "its evidence is no JSON object";
    if (!isfinite(o->cost) || o->cost < 0)
        return "its cost is no amount";
    return NULL;
}
