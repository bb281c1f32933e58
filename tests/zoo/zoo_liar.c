/* SPDX-License-Identifier: MIT
 *
 * zoo_liar.c - proposals whose sizes, counts and pointers are lies, and frames
 * of its own on fd 3. `how` names the lie, told on ask number `after` + 1. */
#include "zoo.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define LIE (UINT64_C(1) << 62)
#define MANY_VALUES 8

struct lie {
    const char *how;
    /* Either bends a proposal that was honest ... */
    void (*bend)(struct tt_evaluate *v, struct tt_value *values);
    /* ... or does it all. */
    int (*tell)(struct tt_instance *self, const struct tt_ask *ask,
                const struct tt_action_sink *sink, struct tt_error *e);
};

static char *volatile big; /* 100 MB */

/* --- records -------------------------------------------------------------- */

static void bend_head(struct tt_evaluate *v, struct tt_value *values)
{
    (void)values;
    v->head.size = 8;
}

static void bend_kind(struct tt_evaluate *v, struct tt_value *values)
{
    (void)values;
    v->head.kind = 4711;
}

static void bend_candidate(struct tt_evaluate *v, struct tt_value *values)
{
    (void)values;
    v->candidate.size = 1;
}

static void bend_value_size(struct tt_evaluate *v, struct tt_value *values)
{
    (void)values;
    v->candidate.value_size = 1;
}

static void bend_values(struct tt_evaluate *v, struct tt_value *values)
{
    (void)values;
    v->candidate.values = NULL;
}

static void bend_n_values(struct tt_evaluate *v, struct tt_value *values)
{
    (void)values;
    v->candidate.n_values = LIE;
}

static void bend_parents(struct tt_evaluate *v, struct tt_value *values)
{
    (void)values;
    v->candidate.n_parents = LIE;
    v->candidate.parents = &v->ref;
}

static void bend_text(struct tt_evaluate *v, struct tt_value *values)
{
    (void)v;
    values[0].text.p = "x";
    values[0].text.n = LIE;
}

static void bend_null_text(struct tt_evaluate *v, struct tt_value *values)
{
    (void)v;
    values[0].text.p = NULL;
    values[0].text.n = 12;
}

static void bend_utf8(struct tt_evaluate *v, struct tt_value *values)
{
    (void)v;
    values[0].text = tt_str_of("\xc3\x28\xff");
}

static void bend_cases(struct tt_evaluate *v, struct tt_value *values)
{
    (void)values;
    v->cases.mode = TT_CASES_LIST;
    v->cases.split = TT_TRAIN;
    v->cases.ids = &v->ref;
    v->cases.n_ids = LIE;
}

static void bend_case(struct tt_evaluate *v, struct tt_value *values)
{
    static const uint64_t far_away = 123456789;

    (void)values;
    v->cases.mode = TT_CASES_LIST;
    v->cases.split = TT_TRAIN;
    v->cases.ids = &far_away;
    v->cases.n_ids = 1;
}

static void bend_repeats(struct tt_evaluate *v, struct tt_value *values)
{
    (void)values;
    v->repeats = UINT32_MAX;
}

static void bend_choice(struct tt_evaluate *v, struct tt_value *values)
{
    (void)v;
    values[1].number = -3;
}

static void bend_ref(struct tt_evaluate *v, struct tt_value *values)
{
    (void)values;
    v->ref = 0; /* its very first one */
}

static void bend_host_ref(struct tt_evaluate *v, struct tt_value *values)
{
    (void)values;
    v->ref = TT_REF_HOST + 99;
}

static void bend_mad(struct tt_evaluate *v, struct tt_value *values)
{
    (void)values;
    v->candidate.values = (const struct tt_value *)(uintptr_t)64;
}

static void bend_100mb(struct tt_evaluate *v, struct tt_value *values)
{
    (void)v;
    big = malloc(100u << 20);
    if (big == NULL)
        return;
    memset(big, 'x', 100u << 20);
    values[0].text.p = big;
    values[0].text.n = 100u << 20;
}

static int propose(struct tt_instance *self, const struct tt_action_sink *sink,
                   const struct lie *lie)
{
    const struct tt_space *space = self->problem->space;
    struct tt_value values[MANY_VALUES] = { { 0 } };
    struct tt_evaluate v = { .head = { sizeof v, TT_EVALUATE } };
    uint64_t i;

    for (i = 0; i < space->n_params && i < MANY_VALUES; i++) {
        values[i].number = tt_space_param(space, i)->default_number;
        values[i].text = tt_space_param(space, i)->default_text;
    }
    v.ref = self->next_ref++;
    v.candidate.size = sizeof v.candidate;
    v.candidate.value_size = sizeof values[0];
    v.candidate.n_values = space->n_params;
    v.candidate.values = values;
    v.predicted_mean = v.predicted_sd = v.acquisition = (double)NAN;
    if (lie != NULL)
        lie->bend(&v, values);
    return sink->emit(sink, &v.head);
}

static int tell_greedy(struct tt_instance *self, const struct tt_ask *ask,
                       const struct tt_action_sink *sink, struct tt_error *e)
{
    uint64_t i;
    int rc = 0;

    (void)e;
    for (i = 0; i < ask->max + 1000 && rc == 0; i++)
        rc = propose(self, sink, NULL);
    return rc;
}

static int tell_null(struct tt_instance *self, const struct tt_ask *ask,
                     const struct tt_action_sink *sink, struct tt_error *e)
{
    (void)self;
    (void)ask;
    (void)e;
    return sink->emit(sink, NULL);
}

static int tell_code(struct tt_instance *self, const struct tt_ask *ask,
                     const struct tt_action_sink *sink, struct tt_error *e)
{
    (void)self;
    (void)ask;
    (void)sink;
    (void)e;
    return 4711;
}

/* Done, and then still proposing, as if nobody had listened. */
static int tell_afterdone(struct tt_instance *self, const struct tt_ask *ask,
                          const struct tt_action_sink *sink,
                          struct tt_error *e)
{
    int rc = zoo_done(sink, "afterdone");

    (void)ask;
    (void)e;
    return rc != 0 ? rc : propose(self, sink, NULL);
}

/* --- frames --------------------------------------------------------------- */

static int say(const void *bytes, size_t n, struct tt_error *e)
{
    const char *at = bytes;
    ssize_t done;

    while (n > 0) {
        done = write(3, at, n);
        if (done <= 0)
            return tt_fail(e, TT_EIO, "liar: fd 3: %s", strerror(errno));
        at += done;
        n -= (size_t)done;
    }
    return 0;
}

/* The header of an ACTIONS that answers this very STEP: OPEN was number 1, the
 * asks are counted from there. */
static int say_actions(const struct tt_instance *self, uint32_t length,
                       struct tt_error *e)
{
    uint32_t number = (uint32_t)self->n_asks + 1;
    unsigned char h[12] = { 0, 0, 0, 0, 21, 0, 1, 0 };
    unsigned i;

    for (i = 0; i < 4; i++) {
        h[i] = (unsigned char)(length >> (8 * i));
        h[8 + i] = (unsigned char)(number >> (8 * i));
    }
    return say(h, sizeof h, e);
}

static int tell_negative(struct tt_instance *self, const struct tt_ask *ask,
                         const struct tt_action_sink *sink, struct tt_error *e)
{
    (void)ask;
    (void)sink;
    return say_actions(self, UINT32_MAX, e);
}

/* Promised, and then only what the honest answer holds comes. */
static int tell_promise(struct tt_instance *self, const struct tt_ask *ask,
                        const struct tt_action_sink *sink, struct tt_error *e)
{
    (void)ask;
    (void)sink;
    return say_actions(self, 60u << 20, e);
}

static int tell_forge(struct tt_instance *self, const struct tt_ask *ask,
                      const struct tt_action_sink *sink, struct tt_error *e)
{
    static const unsigned char count[8] = { 0xff, 0xff, 0xff, 0x7f };
    int rc = say_actions(self, sizeof count, e);

    (void)ask;
    (void)sink;
    return rc != 0 ? rc : say(count, sizeof count, e);
}

static int tell_junk(struct tt_instance *self, const struct tt_ask *ask,
                     const struct tt_action_sink *sink, struct tt_error *e)
{
    static char block[1u << 20];
    int rc = say_actions(self, 60u << 20, e), i;

    (void)ask;
    (void)sink;
    memset(block, 0xee, sizeof block);
    for (i = 0; i < 60 && rc == 0; i++)
        rc = say(block, sizeof block, e);
    return rc;
}

/* An answer of nothing before the real one. */
static int tell_twice(struct tt_instance *self, const struct tt_ask *ask,
                      const struct tt_action_sink *sink, struct tt_error *e)
{
    (void)ask;
    (void)sink;
    return say_actions(self, 0, e);
}

/* Eats what the daemon sends to its host. */
static int tell_thief(struct tt_instance *self, const struct tt_ask *ask,
                      const struct tt_action_sink *sink, struct tt_error *e)
{
    char bytes[4096];

    (void)self;
    (void)ask;
    (void)sink;
    while (read(3, bytes, sizeof bytes) > 0)
        ;
    return tt_fail(e, TT_EINTERNAL, "liar: fd 3 ended");
}

/* --- the table ------------------------------------------------------------ */

static const struct lie lies[] = {
    { "head", bend_head, NULL },
    { "kind", bend_kind, NULL },
    { "candidate", bend_candidate, NULL },
    { "value-size", bend_value_size, NULL },
    { "values", bend_values, NULL },
    { "n-values", bend_n_values, NULL },
    { "parents", bend_parents, NULL },
    { "text", bend_text, NULL },
    { "null-text", bend_null_text, NULL },
    { "utf8", bend_utf8, NULL },
    { "cases", bend_cases, NULL },
    { "case", bend_case, NULL },
    { "repeats", bend_repeats, NULL },
    { "choice", bend_choice, NULL },
    { "ref", bend_ref, NULL },
    { "host-ref", bend_host_ref, NULL },
    { "mad", bend_mad, NULL },
    { "100mb", bend_100mb, NULL },
    { "greedy", NULL, tell_greedy },
    { "null", NULL, tell_null },
    { "code", NULL, tell_code },
    { "afterdone", NULL, tell_afterdone },
    { "negative", NULL, tell_negative },
    { "promise", NULL, tell_promise },
    { "forge", NULL, tell_forge },
    { "junk", NULL, tell_junk },
    { "twice", NULL, tell_twice },
    { "thief", NULL, tell_thief },
};

static int zoo_next(struct tt_instance *self, const struct tt_ask *ask,
                    const struct tt_action_sink *sink, struct tt_error *e)
{
    const struct tt_config *config = self->problem->config;
    struct tt_str how = tt_config_text(config, "how", "none");
    const struct lie *lie = NULL;
    uint64_t i;
    int rc = 0;

    if ((double)self->n_asks++ >= tt_config_number(config, "after", 0))
        for (i = 0; i < sizeof lies / sizeof *lies; i++)
            if (tt_str_equal(how, tt_str_of(lies[i].how)))
                lie = &lies[i];
    if (lie != NULL && lie->tell != NULL)
        return lie->tell(self, ask, sink, e);
    for (i = 0; i < ask->max && rc == 0; i++)
        rc = propose(self, sink, lie);
    return rc;
}

ZOO_DECLARE_SCHEMA("zoo-liar",
                   "{\"type\":\"object\",\"properties\":{"
                   "\"how\":{\"type\":\"string\",\"default\":\"none\"},"
                   "\"after\":{\"type\":\"integer\",\"minimum\":0,"
                   "\"default\":0}},\"additionalProperties\":false}");
