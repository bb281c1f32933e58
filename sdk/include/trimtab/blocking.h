/* SPDX-License-Identifier: MIT
 *
 * trimtab/blocking.h - an adapter that is just one function.
 *
 * Write `evaluate`: one candidate on one case gives a score. This header makes
 * an adapter of it: submit evaluates the whole batch and answers at once, so
 * nothing is ever in flight and nothing exists outside.
 *
 *     static int my_evaluate(struct tt_blocking *b,
 *                            const struct tt_candidate *candidate,
 *                            const struct tt_case *c, struct tt_reply *reply,
 *                            struct tt_error *e)
 *     {
 *         double x = tt_candidate_value(candidate, 0)->number;
 *
 *         tt_reply_score(reply, -x * x);
 *         tt_reply_feedback(reply, tt_str_of("closer to 0 would do"));
 *         return 0;
 *     }
 *     static const struct tt_blocking_ops my_ops = { "score", 0, NULL, NULL,
 *                                                    my_evaluate };
 *     TT_BLOCKING_ADAPTER(my_adapter, my_ops);
 *
 * Outputs are what Orcheo's metric nodes give, one node a metric:
 *     {"node_results":{"score":{"metric_name":"score","corpus_score":0.5,
 *      "per_item":[0,1]},"feedback":{"verdicts":[{"id":"17","flags":
 *      ["closer to 0 would do"]}]}}}
 * per_item[i] is the i-th case sent; null where it could not be scored, and
 * corpus_score is the mean of the others.
 *
 * A negative code from evaluate is one case's failure, with two exceptions:
 * TT_ETRANSIENT, TT_ETIMEOUT, TT_EUNAVAILABLE, TT_ELIMIT and TT_ENOMEM lose
 * the evaluation (the host may send it again); an evaluation of which no case
 * could be scored is TT_ERROR with the last message.
 *
 * Stability  1.0-rc. Language C11, C++11 to C++20. Threads [inst]. */
#ifndef TRIMTAB_BLOCKING_H
#define TRIMTAB_BLOCKING_H

#include <math.h>
#include <stdlib.h>

#include <trimtab/adapter.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- bytes that grow ----------------------------------------------------- */

/* A text that is being written; all zero is empty. Free p with free(). */
struct tt_text {
    char *p;          /* not NUL-terminated; NULL while it is empty */
    uint64_t n, room; /* bytes that are there, and that there is room for */
    int failed; /* out of memory: what follows is dropped */
};

/* Append n bytes. [inst] */
static inline void tt_text_put(struct tt_text *t, const char *bytes, uint64_t n)
{
    if (!t->failed && n > t->room - t->n) {
        uint64_t room = t->room == 0 ? 256 : t->room;
        char *p;

        while (room - t->n < n)
            room *= 2u;
        p = (char *)realloc(t->p, (size_t)room);
        t->failed = p == NULL;
        if (p != NULL) {
            t->p = p;
            t->room = room;
        }
    }
    if (t->failed || n == 0)
        return;
    memcpy(t->p + t->n, bytes, (size_t)n);
    t->n += n;
}

/* Append a NUL-terminated text. [inst] */
static inline void tt_text_puts(struct tt_text *t, const char *text)
{
    tt_text_put(t, text, strlen(text));
}

/* Append a JSON string: quoted, with what must be escaped escaped. s is UTF-8.
 * [inst] */
static inline void tt_text_json(struct tt_text *t, struct tt_str s)
{
    char escape[8];
    uint64_t i, from = 0;

    tt_text_puts(t, "\"");
    for (i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        tt_text_put(t, s.p + from, i - from);
        from = i + 1;
        (void)snprintf(escape, sizeof escape,
                       c < 0x20 ? "\\u%04x" : "\\%c", (unsigned)c);
        tt_text_puts(t, escape);
    }
    tt_text_put(t, s.p + from, s.n - from);
    tt_text_puts(t, "\"");
}

/* Append a JSON number; null where x is not finite. [inst] */
static inline void tt_text_number(struct tt_text *t, double x)
{
    char number[40];
    char *comma;

    if (!(fabs(x) < HUGE_VAL)) {
        tt_text_puts(t, "null");
        return;
    }
    (void)snprintf(number, sizeof number, "%.17g", x);
    comma = strchr(number, ','); /* another locale's decimal point */
    if (comma != NULL)
        *comma = '.';
    tt_text_puts(t, number);
}

/* --- what evaluate says -------------------------------------------------- */

#define TT_REPLY_METRICS 16 /* besides the score */
#define TT_REPLY_NAME 64    /* bytes of a metric's name, with its NUL */

/* Private: one metric of an evaluation. */
struct tt_metric {
    char name[TT_REPLY_NAME];
    double *items; /* one for each case of the evaluation; NAN = none */
};

/* What evaluate says of one case, by the functions below; no member of it is
 * the plugin's. */
struct tt_reply { /* private */
    struct tt_metric metrics[1 + TT_REPLY_METRICS]; /* 0 is the score */
    uint64_t n_metrics;
    uint64_t n_cases, at, case_id; /* the case being evaluated */
    struct tt_text verdicts;
    int want_feedback;
    int failed; /* a TT_E* code */
    uint64_t tokens_in, tokens_out;
    double cost;
};

/* A metric of this case besides the score, for objectives and guardrails: at
 * most TT_REPLY_METRICS of them, each name at most 63 bytes of letters, digits
 * and _; more than that fails the evaluation with TT_ETOOBIG. [inst] */
static inline void tt_reply_metric(struct tt_reply *r, const char *name,
                                   double value)
{
    struct tt_metric *m;
    uint64_t k, i;

    for (k = 0; k < r->n_metrics; k++) {
        if (strcmp(r->metrics[k].name, name) == 0)
            break;
    }
    m = &r->metrics[k];
    if (k == r->n_metrics) {
        if (k > TT_REPLY_METRICS || strlen(name) >= sizeof m->name) {
            r->failed = TT_ETOOBIG;
            return;
        }
        m->items = (double *)malloc((size_t)(r->n_cases + 1u) *
                                    sizeof *m->items);
        if (m->items == NULL) {
            r->failed = TT_ENOMEM;
            return;
        }
        for (i = 0; i < r->n_cases; i++)
            m->items[i] = (double)NAN;
        strcpy(m->name, name);
        r->n_metrics++;
    }
    m->items[r->at] = value;
}

/* The score of this case, under the name that ops.metric gives. Not called, or
 * NAN: this case has none. [inst] */
static inline void tt_reply_score(struct tt_reply *r, double value)
{
    r->metrics[0].items[r->at] = value;
}

/* Reasons in words, for the strategy; kept only where it asked for them. text
 * is copied. [inst] */
static inline void tt_reply_feedback(struct tt_reply *r, struct tt_str text)
{
    char id[32];

    if (!r->want_feedback)
        return;
    (void)snprintf(id, sizeof id, "\"%llu\"", (unsigned long long)r->case_id);
    tt_text_puts(&r->verdicts, r->verdicts.n == 0 ? "{\"id\":" : ",{\"id\":");
    tt_text_puts(&r->verdicts, id);
    tt_text_puts(&r->verdicts, ",\"flags\":[");
    tt_text_json(&r->verdicts, text);
    tt_text_puts(&r->verdicts, "]}");
}

/* What this case has cost; added up over the evaluation. [inst] */
static inline void tt_reply_usage(struct tt_reply *r, uint64_t tokens_in,
                                  uint64_t tokens_out, double cost)
{
    r->tokens_in += tokens_in;
    r->tokens_out += tokens_out;
    r->cost += cost;
}

/* --- what a plugin writes ------------------------------------------------ */

struct tt_blocking;

/* What a plugin writes: a static table. */
struct tt_blocking_ops {
    const char *metric; /* name of the score: the objective of a run */
    size_t state_size;  /* bytes of b->state, zeroed at first */
    /* Set up b->state. May be NULL. [inst] */
    int (*init)(struct tt_blocking *b, struct tt_error *e);
    /* Clear b->state; also after a failed init. May be NULL. [inst] */
    void (*fini)(struct tt_blocking *b);
    /* One candidate on one case, into reply. A negative code is this case's
     * failure; see above for those that lose the evaluation. [inst] */
    int (*evaluate)(struct tt_blocking *b,
                    const struct tt_candidate *candidate,
                    const struct tt_case *c, struct tt_reply *reply,
                    struct tt_error *e);
};

/* What every call of the plugin's is given. */
struct tt_blocking {
    const struct tt_blocking_ops *ops; /* the plugin's own table */
    const struct tt_host *host;        /* for its log and its services */
    const struct tt_setup *setup;      /* space, configuration, evaluation */
    void *state; /* the plugin's own */
    const struct tt_evaluation *evaluation; /* the one being evaluated */
};

/* --- inside: the adapter ------------------------------------------------- */

/* {"metric_name":...,"corpus_score":...,"per_item":[...]} */
static inline void tt_reply_node(struct tt_text *out, const struct tt_reply *r,
                                 const struct tt_metric *m)
{
    double sum = 0.0, n = 0.0;
    uint64_t i;

    for (i = 0; i < r->n_cases; i++) {
        if (fabs(m->items[i]) < HUGE_VAL) {
            sum += m->items[i];
            n += 1.0;
        }
    }
    tt_text_puts(out, "{\"metric_name\":");
    tt_text_json(out, tt_str_of(m->name));
    tt_text_puts(out, ",\"corpus_score\":");
    tt_text_number(out, n > 0.0 ? sum / n : (double)NAN);
    tt_text_puts(out, ",\"per_item\":[");
    for (i = 0; i < r->n_cases; i++) {
        if (i > 0)
            tt_text_puts(out, ",");
        tt_text_number(out, m->items[i]);
    }
    tt_text_puts(out, "]}");
}

static inline void tt_reply_write(struct tt_text *out,
                                  const struct tt_reply *r)
{
    uint64_t k;

    tt_text_puts(out, "{\"node_results\":{");
    for (k = 0; k < r->n_metrics; k++) {
        if (k > 0)
            tt_text_puts(out, ",");
        tt_text_json(out, tt_str_of(r->metrics[k].name));
        tt_text_puts(out, ":");
        tt_reply_node(out, r, &r->metrics[k]);
    }
    if (r->verdicts.n != 0) {
        tt_text_puts(out, ",\"feedback\":{\"verdicts\":[");
        tt_text_put(out, r->verdicts.p, r->verdicts.n);
        tt_text_puts(out, "]}");
    }
    tt_text_puts(out, "}}");
}

static inline int tt_blocking_lost(int code)
{
    return code == TT_ETRANSIENT || code == TT_ETIMEOUT ||
           code == TT_EUNAVAILABLE || code == TT_ELIMIT || code == TT_ENOMEM;
}

/* All cases of one evaluation. Returns 0, or the code that loses it; *scored
 * counts the cases that have a finite score. */
static inline int tt_blocking_cases(struct tt_blocking *b,
                                    const struct tt_evaluation *ev,
                                    struct tt_reply *r, uint64_t *scored,
                                    struct tt_error *e)
{
    struct tt_error one;
    int rc;

    for (r->at = 0; r->at < ev->n_cases; r->at++) {
        const struct tt_case *c = (const struct tt_case *)(const void *)(
            (const char *)(const void *)ev->cases + r->at * ev->case_size);

        memset(&one, 0, sizeof one);
        one.size = sizeof one;
        r->case_id = c->id;
        rc = b->ops->evaluate(b, &ev->candidate, c, r, &one);
        if (rc < 0 && one.message[0] == '\0')
            (void)tt_fail(&one, rc, "case %llu: code %d",
                          (unsigned long long)c->id, rc);
        if (rc < 0 && tt_blocking_lost(rc)) {
            *e = one;
            return rc;
        }
        if (r->failed != 0)
            return tt_fail(e, r->failed,
                           "case %llu: no memory, or more than %d metrics",
                           (unsigned long long)c->id, TT_REPLY_METRICS);
        if (rc < 0) {
            *e = one;
            r->metrics[0].items[r->at] = (double)NAN;
            tt_reply_feedback(r, tt_str_of(one.message));
        }
        *scored += fabs(r->metrics[0].items[r->at]) < HUGE_VAL;
    }
    return 0;
}

static inline int tt_blocking_one(struct tt_blocking *b,
                                  const struct tt_evaluation *ev,
                                  const struct tt_outcome_sink *sink)
{
    struct tt_reply *r = (struct tt_reply *)calloc(1, sizeof *r);
    struct tt_outcome out;
    struct tt_error e;
    struct tt_text text;
    uint64_t scored = 0, k;
    int rc = TT_ENOMEM;

    memset(&out, 0, sizeof out);
    memset(&e, 0, sizeof e);
    memset(&text, 0, sizeof text);
    e.size = sizeof e;
    out.size = sizeof out;
    out.id = out.handle = ev->id;
    b->evaluation = ev;
    if (r != NULL) {
        r->n_cases = ev->n_cases;
        r->want_feedback = (ev->flags & 1u) != 0; /* TT_WANT_FEEDBACK */
        tt_reply_metric(r, b->ops->metric, (double)NAN);
        rc = r->failed;
    }
    if (rc == 0)
        rc = tt_blocking_cases(b, ev, r, &scored, &e);
    if (rc == 0 && scored > 0) {
        tt_reply_write(&text, r);
        if (text.failed || r->verdicts.failed)
            rc = tt_fail(&e, TT_ENOMEM, "outputs: no memory");
    }
    out.state = rc < 0 ? TT_LOST : scored > 0 ? TT_SUCCEEDED : TT_ERROR;
    if (out.state == TT_SUCCEEDED) {
        out.outputs.p = text.p;
        out.outputs.n = text.n;
    } else {
        out.retry_after_ms = e.retry_after_ms;
        out.message = tt_str_of(e.message[0] != '\0'
                                    ? e.message
                                    : "no case could be scored");
    }
    if (r != NULL) {
        out.tokens_in = r->tokens_in;
        out.tokens_out = r->tokens_out;
        out.cost = r->cost;
    }
    rc = sink->emit(sink, &out);
    for (k = 0; r != NULL && k < r->n_metrics; k++)
        free(r->metrics[k].items);
    if (r != NULL)
        free(r->verdicts.p);
    free(r);
    free(text.p);
    return rc;
}

static inline int tt_blocking_submit(struct tt_instance *self,
                                     const struct tt_batch *batch,
                                     const struct tt_outcome_sink *sink,
                                     struct tt_error *e)
{
    struct tt_blocking *b = (struct tt_blocking *)(void *)self;
    uint64_t i;
    int rc = 0;

    (void)e;
    for (i = 0; i < batch->n_evaluations && rc >= 0; i++)
        rc = tt_blocking_one(
            b,
            (const struct tt_evaluation *)(const void *)(
                (const char *)(const void *)batch->evaluations +
                i * batch->evaluation_size),
            sink);
    return rc;
}

/* Nothing is in flight here: a handle is from before a restart. */
static inline int tt_blocking_collect(struct tt_instance *self,
                                      const struct tt_str *handles,
                                      uint64_t n_handles,
                                      const struct tt_outcome_sink *sink,
                                      uint64_t *again_ms, struct tt_error *e)
{
    struct tt_outcome out;
    uint64_t i;
    int rc = 0;

    (void)self;
    (void)e;
    *again_ms = 0;
    for (i = 0; i < n_handles && rc >= 0; i++) {
        memset(&out, 0, sizeof out);
        out.size = sizeof out;
        out.state = TT_LOST;
        out.id = out.handle = handles[i];
        out.message = tt_str_of("evaluated in the worker that is gone");
        rc = sink->emit(sink, &out);
    }
    return rc;
}

/* Nothing exists outside. */
static inline int tt_blocking_find(struct tt_instance *self,
                                   struct tt_str label,
                                   const struct tt_outcome_sink *sink,
                                   struct tt_error *e)
{
    (void)self;
    (void)label;
    (void)sink;
    (void)e;
    return 0;
}

static inline int tt_blocking_abandon(struct tt_instance *self,
                                      struct tt_str handle, struct tt_error *e)
{
    (void)self;
    (void)handle;
    (void)e;
    return 0;
}

static inline int tt_blocking_validate(const struct tt_setup *setup,
                                       struct tt_error *e)
{
    (void)setup;
    (void)e;
    return 0;
}

static inline void tt_blocking_close(struct tt_instance *self)
{
    struct tt_blocking *b = (struct tt_blocking *)(void *)self;

    if (b == NULL)
        return;
    if (b->ops->fini != NULL && b->state != NULL)
        b->ops->fini(b);
    free(b->state);
    free(b);
}

static inline int tt_blocking_open(const struct tt_blocking_ops *ops,
                                   const struct tt_host *host,
                                   const struct tt_setup *setup,
                                   struct tt_instance **out,
                                   struct tt_error *e)
{
    struct tt_blocking *b = (struct tt_blocking *)calloc(1, sizeof *b);
    int rc = 0;

    if (b == NULL)
        return tt_fail(e, TT_ENOMEM, "open: no memory");
    b->ops = ops;
    b->host = host;
    b->setup = setup;
    b->state = calloc(1, ops->state_size + 1u);
    if (b->state == NULL)
        rc = tt_fail(e, TT_ENOMEM, "open: no memory");
    if (rc == 0 && ops->init != NULL)
        rc = ops->init(b, e);
    if (rc < 0) {
        tt_blocking_close((struct tt_instance *)(void *)b);
        return rc;
    }
    *out = (struct tt_instance *)(void *)b;
    return 0;
}

/* --- the adapter --------------------------------------------------------- */

/* A static struct tt_adapter called `name` that runs `ops`, a static struct
 * tt_blocking_ops. At the top level of a file, with a semicolon behind it. */
#define TT_BLOCKING_ADAPTER(name, ops)                                         \
    static int name##_open(const struct tt_host *host,                         \
                           const struct tt_setup *setup,                       \
                           struct tt_instance **out, struct tt_error *e)       \
    {                                                                          \
        return tt_blocking_open(&(ops), host, setup, out, e);                  \
    }                                                                          \
    static const struct tt_adapter name = {                                    \
        tt_blocking_validate, name##_open,      tt_blocking_submit,            \
        tt_blocking_collect,  tt_blocking_find, tt_blocking_abandon,           \
        tt_blocking_close,    NULL                                             \
    };                                                                         \
    struct tt_blocking

#ifdef __cplusplus
}
#endif
#endif
