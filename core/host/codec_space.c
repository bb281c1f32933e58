/* SPDX-License-Identifier: MIT
 *
 * codec_space.c - spaces, candidates, configurations, budgets, and what an
 * instance is opened with. */
#include "core/host/codec_wire.h"

/* The least bytes of a record: what codec_get_count() divides by. */
#define LEAST_PARAM 72u
#define LEAST_VALUE 16u
#define LEAST_ITEM 16u
#define LEAST_OBJECTIVE 8u
#define LEAST_GUARDRAIL 20u

/* --- the space ----------------------------------------------------------- */

static void put_param(struct buf *b, const struct tt_param *p)
{
    wire_u32(b, p->kind);
    wire_u32(b, p->flags);
    codec_put_text(b, p->name);
    codec_put_f64(b, p->lo);
    codec_put_f64(b, p->hi);
    codec_put_f64(b, p->step);
    codec_put_texts(b, p->choices, p->n_choices);
    codec_put_f64(b, p->default_number);
    codec_put_text(b, p->default_text);
    wire_u64(b, p->max_bytes);
    codec_put_texts(b, p->placeholders, p->n_placeholders);
    wire_u32(b, (uint32_t)p->parent);
    codec_put_f64s(b, p->parent_values, p->n_parent_values);
}

static void get_param(struct codec_in *in, struct tt_param *p, uint32_t index)
{
    p->kind = codec_get_enum(in, TT_FLOAT, TT_TEXT, "an unknown kind of "
                             "parameter");
    p->flags = codec_get_flags(in, TT_PARAM_LOG | TT_PARAM_FIXED,
                               "unknown flags of a parameter");
    p->name = codec_get_text(in);
    p->lo = codec_get_f64(in);
    p->hi = codec_get_f64(in);
    p->step = codec_get_f64(in);
    p->choices = codec_get_texts(in, &p->n_choices);
    p->default_number = codec_get_f64(in);
    p->default_text = codec_get_text(in);
    p->max_bytes = wire_get_u64(&in->r);
    p->placeholders = codec_get_texts(in, &p->n_placeholders);
    p->parent = (int32_t)wire_get_u32(&in->r);
    if (p->parent < -1 || p->parent >= (int64_t)index)
        codec_bad(in, "a condition on a parameter that does not come before");
    p->parent_values = codec_get_f64s(in, &p->n_parent_values);
}

void codec_put_space(struct buf *b, const struct tt_space *space)
{
    uint64_t i;

    wire_u32(b, (uint32_t)space->n_params);
    for (i = 0; i < space->n_params; i++)
        put_param(b, tt_space_param(space, i));
}

const struct tt_space *codec_get_space(struct codec_in *in)
{
    struct tt_space *space = arena_alloc(in->arena, 1, sizeof *space);
    struct tt_param *params;
    uint32_t i, n = codec_get_count(in, LEAST_PARAM);

    params = arena_alloc(in->arena, n, sizeof *params);
    for (i = 0; i < n; i++)
        get_param(in, &params[i], i);
    space->size = sizeof *space;
    space->param_size = sizeof *params;
    space->n_params = n;
    space->params = params;
    return space;
}

/* --- candidates ---------------------------------------------------------- */

void codec_put_candidate(struct buf *b, const struct tt_candidate *c)
{
    const struct tt_value *v;
    uint64_t i;

    wire_u32(b, (uint32_t)c->n_values);
    for (i = 0; i < c->n_values; i++) {
        v = tt_candidate_value(c, i);
        codec_put_f64(b, v->number);
        codec_put_text(b, v->text);
        wire_u32(b, v->flags);
    }
    codec_put_u64s(b, c->parents, c->n_parents);
    codec_put_text(b, c->origin);
}

void codec_get_candidate(struct codec_in *in, struct tt_candidate *c)
{
    struct tt_value *values;
    uint32_t i, n = codec_get_count(in, LEAST_VALUE);

    values = arena_alloc(in->arena, n, sizeof *values);
    for (i = 0; i < n; i++) {
        values[i].number = codec_get_f64(in);
        values[i].text = codec_get_text(in);
        values[i].flags = codec_get_flags(in, TT_VALUE_INACTIVE,
                                          "unknown flags of a value");
    }
    c->size = sizeof *c;
    c->value_size = sizeof *values;
    c->n_values = n;
    c->values = values;
    c->parents = codec_get_u64s(in, &c->n_parents);
    c->origin = codec_get_text(in);
}

/* --- configuration and budget -------------------------------------------- */

static const struct tt_config_item *item_at(const struct tt_config *c,
                                            uint64_t i)
{
    return (const struct tt_config_item *)(const void *)(
        (const char *)c->items + i * c->item_size);
}

void codec_put_config(struct buf *b, const struct tt_config *config)
{
    static const struct tt_config none = { .size = sizeof none,
                                           .item_size = 1 };
    const struct tt_config *c = config != NULL ? config : &none;
    uint64_t i;

    wire_u32(b, (uint32_t)c->n_items);
    for (i = 0; i < c->n_items; i++) {
        codec_put_text(b, item_at(c, i)->key);
        codec_put_f64(b, item_at(c, i)->number);
        codec_put_text(b, item_at(c, i)->text);
    }
    codec_put_text(b, c->json);
}

const struct tt_config *codec_get_config(struct codec_in *in)
{
    struct tt_config *c = arena_alloc(in->arena, 1, sizeof *c);
    struct tt_config_item *items;
    uint32_t i, n = codec_get_count(in, LEAST_ITEM);

    items = arena_alloc(in->arena, n, sizeof *items);
    for (i = 0; i < n; i++) {
        items[i].key = codec_get_text(in);
        items[i].number = codec_get_f64(in);
        items[i].text = codec_get_text(in);
    }
    c->size = sizeof *c;
    c->item_size = sizeof *items;
    c->n_items = n;
    c->items = items;
    c->json = codec_get_text(in);
    return c;
}

void codec_put_budget(struct buf *b, const struct tt_budget *budget)
{
    wire_u64(b, budget->iterations);
    wire_u64(b, budget->evaluations);
    wire_u64(b, budget->seconds);
    codec_put_f64(b, budget->cost);
    wire_u64(b, budget->iterations_spent);
    wire_u64(b, budget->evaluations_spent);
    wire_u64(b, budget->seconds_spent);
    codec_put_f64(b, budget->cost_spent);
}

void codec_get_budget(struct codec_in *in, struct tt_budget *budget)
{
    budget->size = sizeof *budget;
    budget->iterations = wire_get_u64(&in->r);
    budget->evaluations = wire_get_u64(&in->r);
    budget->seconds = wire_get_u64(&in->r);
    budget->cost = codec_get_f64(in);
    budget->iterations_spent = wire_get_u64(&in->r);
    budget->evaluations_spent = wire_get_u64(&in->r);
    budget->seconds_spent = wire_get_u64(&in->r);
    budget->cost_spent = codec_get_f64(in);
}

/* --- OPEN and VALIDATE --------------------------------------------------- */

static void put_objectives(struct buf *b, const struct tt_problem *p)
{
    uint64_t i;

    wire_u32(b, (uint32_t)p->n_objectives);
    for (i = 0; i < p->n_objectives; i++) {
        codec_put_text(b, p->objectives[i].metric);
        wire_u32(b, p->objectives[i].direction);
    }
    wire_u32(b, (uint32_t)p->n_guardrails);
    for (i = 0; i < p->n_guardrails; i++) {
        codec_put_text(b, p->guardrails[i].metric);
        codec_put_f64(b, p->guardrails[i].lo);
        codec_put_f64(b, p->guardrails[i].hi);
    }
}

static void get_objectives(struct codec_in *in, struct tt_problem *p)
{
    struct tt_objective *objectives;
    struct tt_guardrail *guardrails;
    uint32_t i;

    p->n_objectives = codec_get_count(in, LEAST_OBJECTIVE);
    objectives = arena_alloc(in->arena, (size_t)p->n_objectives,
                             sizeof *objectives);
    for (i = 0; i < p->n_objectives; i++) {
        objectives[i].metric = codec_get_text(in);
        objectives[i].direction = codec_get_enum(in, TT_MAXIMIZE, TT_MINIMIZE,
                                                 "an unknown direction");
    }
    p->objectives = objectives;
    p->n_guardrails = codec_get_count(in, LEAST_GUARDRAIL);
    guardrails = arena_alloc(in->arena, (size_t)p->n_guardrails,
                             sizeof *guardrails);
    for (i = 0; i < p->n_guardrails; i++) {
        guardrails[i].metric = codec_get_text(in);
        guardrails[i].lo = codec_get_f64(in);
        guardrails[i].hi = codec_get_f64(in);
    }
    p->guardrails = guardrails;
}

void codec_put_problem(struct buf *b, const struct tt_problem *problem,
                       const struct tt_snapshot *snapshot)
{
    struct tt_str bytes;

    codec_put_space(b, problem->space);
    put_objectives(b, problem);
    wire_u64(b, problem->seed);
    wire_u64(b, problem->n_train);
    wire_u64(b, problem->n_validation);
    wire_u64(b, problem->max_in_flight);
    codec_put_budget(b, &problem->budget);
    codec_put_config(b, problem->config);
    wire_u32(b, snapshot != NULL);
    if (snapshot != NULL) {
        bytes.p = snapshot->bytes;
        bytes.n = snapshot->n;
        wire_u32(b, snapshot->schema);
        wire_str(b, bytes);
    }
}

int codec_get_problem(struct tt_str bytes, struct arena *a,
                      const struct tt_problem **problem,
                      const struct tt_snapshot **snapshot, struct err *e)
{
    struct codec_in in = codec_in_of(bytes, a);
    struct tt_problem *p = arena_alloc(a, 1, sizeof *p);
    struct tt_snapshot *s = NULL;
    struct tt_str state;

    p->size = sizeof *p;
    p->space = codec_get_space(&in);
    get_objectives(&in, p);
    p->seed = wire_get_u64(&in.r);
    p->n_train = wire_get_u64(&in.r);
    p->n_validation = wire_get_u64(&in.r);
    p->max_in_flight = wire_get_u64(&in.r);
    codec_get_budget(&in, &p->budget);
    p->config = codec_get_config(&in);
    if (codec_get_enum(&in, 0, 1, "snapshot: neither there nor not") == 1) {
        s = arena_alloc(a, 1, sizeof *s);
        s->size = sizeof *s;
        s->schema = wire_get_u32(&in.r);
        state = codec_get_bytes(&in);
        s->bytes = state.p;
        s->n = state.n;
    }
    *problem = p;
    *snapshot = s;
    return codec_end(&in, "problem", e);
}

void codec_put_setup(struct buf *b, const struct tt_setup *setup)
{
    codec_put_space(b, setup->space);
    codec_put_config(b, setup->config);
    codec_put_text(b, setup->evaluation);
    wire_u64(b, setup->max_in_flight);
    wire_u64(b, setup->timeout_ms);
}

int codec_get_setup(struct tt_str bytes, struct arena *a,
                    const struct tt_setup **setup, struct err *e)
{
    struct codec_in in = codec_in_of(bytes, a);
    struct tt_setup *s = arena_alloc(a, 1, sizeof *s);

    s->size = sizeof *s;
    s->space = codec_get_space(&in);
    s->config = codec_get_config(&in);
    s->evaluation = codec_get_text(&in);
    s->max_in_flight = wire_get_u64(&in.r);
    s->timeout_ms = wire_get_u64(&in.r);
    *setup = s;
    return codec_end(&in, "setup", e);
}
