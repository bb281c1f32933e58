/* SPDX-License-Identifier: MIT
 *
 * zoo_cases.c - a strategy over strategy.h itself: a candidate is tried on two
 * cases, with reasons; if it is better it is evaluated on the whole validation
 * split, else pruned; a model reads the reasons and its words go into the next
 * one, of which a number is drawn anew as well. */
#include <trimtab/asktell.h> /* for its readers and writers of numbers */

#define TEXT 256
#define ROUNDS 8

enum { TODO, FLYING, TRIAL, BEST, REFS, ROUND, GUESTS, GUEST, N = GUEST + 4 };
enum { TRY = 1, FULL = 2, PRUNE = 4, ASK = 8 }; /* of TODO */

struct tt_instance {
    const struct tt_problem *problem;
    uint64_t n[N];
    double loss;      /* of BEST on its two cases */
    char words[TEXT]; /* reasons of the last result, then the model's answer */
};

static int cases_open(const struct tt_host *host,
                      const struct tt_problem *problem,
                      const struct tt_snapshot *snapshot,
                      struct tt_instance **out, struct tt_error *e)
{
    struct tt_instance *s = calloc(1, sizeof *s);
    const unsigned char *words;
    uint64_t i;

    (void)host;
    if (s == NULL)
        return tt_fail(e, TT_ENOMEM, "zoo-cases: out of memory");
    s->problem = problem;
    s->n[TODO] = TRY;
    s->loss = HUGE_VAL;
    if (snapshot != NULL) {
        struct tt_reader in = { snapshot->bytes, snapshot->n, 0 };

        for (i = 0; i < N; i++)
            s->n[i] = tt_get_u64(&in);
        s->loss = tt_get_double(&in);
        words = tt_get_bytes(&in, TEXT);
        if (words != NULL)
            memcpy(s->words, words, TEXT - 1);
        if (words == NULL || in.n != 0 || s->n[GUESTS] > 4) {
            free(s);
            return tt_fail(e, TT_ESTATE, "zoo-cases: not my snapshot");
        }
    }
    *out = s;
    return 0;
}

static int cases_snapshot(struct tt_instance *s, const struct tt_sink *sink,
                          struct tt_error *e)
{
    int rc = tt_put_u64s(sink, s->n, N);

    (void)e;
    rc = rc != 0 ? rc : tt_put_double(sink, s->loss);
    return rc != 0 ? rc : sink->write(sink, s->words, TEXT);
}

static void keep(struct tt_instance *s, struct tt_str text)
{
    size_t n = text.n < TEXT ? (size_t)text.n : TEXT - 1;

    while (n < text.n && n > 0 && ((unsigned char)text.p[n] & 0xc0) == 0x80)
        n--; /* whole characters of UTF-8 */
    memset(s->words, 0, TEXT);
    memcpy(s->words, n > 0 ? text.p : "", n);
}

static void on_result(struct tt_instance *s, const struct tt_result *r)
{
    double loss = 0.0;
    uint64_t i;

    for (i = 0; i < r->n_cases; i++) {
        loss += tt_result_case(r, i)->objective / (double)r->n_cases;
        if (tt_result_case(r, i)->feedback.n != 0)
            keep(s, tt_result_case(r, i)->feedback);
    }
    if (s->problem->objectives->direction == TT_MAXIMIZE)
        loss = -loss;
    if (r->n_cases > 0 && tt_result_case(r, 0)->split == TT_VALIDATION) {
        s->n[TODO] |= ASK;
    } else if (loss < s->loss) {
        s->loss = loss;
        s->n[BEST] = r->ref;
        s->n[TODO] |= FULL;
    } else { /* NaN too */
        s->n[TODO] |= PRUNE | ASK;
    }
}

static int cases_on_event(struct tt_instance *s, const struct tt_event *event,
                          struct tt_error *e)
{
    const void *record = event;
    const struct tt_result *r = record;
    const struct tt_failure *f = record;
    const struct tt_llm_reply *reply = record;

    (void)e;
    if (event->kind == TT_RESULT && s->n[FLYING] && r->ref == s->n[TRIAL]) {
        s->n[FLYING] = 0;
        on_result(s, r);
    } else if ((event->kind == TT_FAILED || event->kind == TT_CANCELLED) &&
               s->n[FLYING] && f->ref == s->n[TRIAL]) {
        s->n[FLYING] = 0;
        s->n[TODO] |= ASK;
    } else if (event->kind == TT_LLM_REPLY && reply->request == s->n[ROUND]) {
        keep(s, reply->status == TT_LLM_OK ? reply->text : tt_str_of(""));
        s->n[TODO] |= TRY;
    } else if (event->kind == TT_ENQUEUED && s->n[GUESTS] < 4) {
        s->n[GUEST + s->n[GUESTS]++] =
            ((const struct tt_enqueued *)record)->ref;
    }
    return 0;
}

/* The defaults at first, then with the model's words and one new number. */
static void breed(const struct tt_instance *s, uint64_t position,
                  struct tt_value *values)
{
    const struct tt_space *space = s->problem->space;
    struct tt_random r = tt_random_at(s->problem->seed, position, 0);
    uint64_t i, k = tt_random_below(&r, space->n_params);

    tt_values_default(space, values);
    for (i = 0; i < space->n_params && s->n[BEST] != 0; i++) {
        const struct tt_param *p = tt_space_param(space, i);

        if (i == k && tt_param_searched(p))
            values[i].number = tt_param_from_unit(p, tt_random_unit(&r));
        if (p->kind == TT_TEXT && s->words[0] != '\0' &&
            (p->flags & TT_PARAM_FIXED) == 0 &&
            tt_text_check(p, tt_str_of(s->words), NULL) == 0)
            values[i].text = tt_str_of(s->words);
    }
    tt_values_settle(space, values);
}

/* What is better in full, or a guest, or a child. */
static int fly(struct tt_instance *s, uint64_t position,
               struct tt_value *values, const struct tt_action_sink *sink)
{
    static const uint64_t pair[] = { 0, 1 };
    struct tt_evaluate v = { .head = { sizeof v, TT_EVALUATE },
                             .cases = { TT_CASES_SPLIT, TT_VALIDATION, 0, NULL,
                                        0 },
                             .flags = TT_WANT_FEEDBACK, .priority = 1 };

    if ((s->n[TODO] & FULL) != 0) {
        s->n[TODO] &= ~(uint64_t)FULL;
        v.ref = s->n[BEST];
    } else if (s->n[GUESTS] > 0) {
        v.cases = (struct tt_case_set){ TT_CASES_NEXT, TT_TRAIN, 2, NULL, 0 };
        v.ref = s->n[GUEST + --s->n[GUESTS]];
    } else if ((s->n[TODO] & TRY) != 0) {
        s->n[TODO] &= ~(uint64_t)TRY;
        v.cases = (struct tt_case_set){ TT_CASES_LIST, TT_TRAIN, 0, pair, 2 };
        v.ref = ++s->n[REFS];
        breed(s, position, values);
        v.candidate.size = sizeof v.candidate;
        v.candidate.value_size = sizeof *values;
        v.candidate.n_values = s->problem->space->n_params;
        v.candidate.values = values;
        v.candidate.parents = &s->n[BEST];
        v.candidate.n_parents = s->n[BEST] != 0;
        v.candidate.origin = tt_str_of(s->n[BEST] != 0 ? "mutate" : "init");
    } else {
        return 0;
    }
    s->n[FLYING] = 1;
    s->n[TRIAL] = v.ref;
    v.predicted_mean = v.predicted_sd = v.acquisition = (double)NAN;
    return sink->emit(sink, &v.head);
}

static int ask_model(struct tt_instance *s, const struct tt_action_sink *sink)
{
    struct tt_message messages[2] = {
        { tt_str_of("system"), tt_str_of("Answer with a better prompt.") },
        { tt_str_of("user"), tt_str_of(s->words) },
    };
    struct tt_llm l = { .head = { sizeof l, TT_LLM }, .request = ++s->n[ROUND],
                        .messages = messages, .n_messages = 2,
                        .role = tt_str_of("reflection"),
                        .purpose = tt_str_of("rewrite"), .max_tokens = 200,
                        .temperature = (double)NAN };

    s->n[TODO] &= ~(uint64_t)ASK;
    return sink->emit(sink, &l.head);
}

static int cases_next(struct tt_instance *s, const struct tt_ask *ask,
                      const struct tt_action_sink *sink, struct tt_error *e)
{
    struct tt_prune prune = { { sizeof prune, TT_PRUNE }, s->n[TRIAL],
                              tt_str_of("no better on its two cases") };
    struct tt_done done = { { sizeof done, TT_DONE }, tt_str_of("converged") };
    struct tt_wait wait = { { sizeof wait, TT_WAIT } };
    struct tt_value *values = calloc((size_t)s->problem->space->n_params + 1,
                                     sizeof *values);
    int rc = 0;

    if (values == NULL)
        return tt_fail(e, TT_ENOMEM, "zoo-cases: out of memory");
    if ((s->n[TODO] & PRUNE) != 0)
        rc = sink->emit(sink, &prune.head);
    s->n[TODO] &= ~(uint64_t)PRUNE;
    if (rc == 0 && (s->n[TODO] & ASK) != 0 && s->n[ROUND] < ROUNDS)
        rc = ask_model(s, sink);
    if (rc == 0 && !s->n[FLYING] && ask->max > 0)
        rc = fly(s, ask->position, values, sink);
    free(values);
    if (rc != 0 || s->n[FLYING] || (s->n[TODO] & ASK) == 0)
        return rc != 0 ? rc : sink->emit(sink, &wait.head);
    return sink->emit(sink, &done.head);
}

static int cases_validate(const struct tt_problem *problem, struct tt_error *e)
{
    return problem->n_train >= 2 ? 0
                                 : tt_fail(e, TT_EUNSUPPORTED,
                                           "zoo-cases: wants 2 train cases");
}

static void cases_close(struct tt_instance *s)
{
    free(s);
}

static const struct tt_strategy cases_strategy = {
    cases_validate, cases_open,  cases_on_event, cases_next,
    cases_snapshot, NULL,        cases_close,    NULL
};

static const struct tt_plugin cases_plugin = {
    .size = sizeof(struct tt_plugin), .abi_major = TT_ABI_MAJOR,
    .abi_minor = TT_ABI_MINOR_WANTED, .kind = TT_KIND_STRATEGY,
    .id = "zoo-cases", .version = "1.0.0", .name = "Cases, reasons, a model",
    .summary = "Uses what the first strategies do not.", .vendor = "Trimtab",
    .license = "MIT", .config_schema = "{\"type\":\"object\"}",
    .caps = TT_CAP_DETERMINISTIC | TT_CAP_SNAPSHOT | TT_CAP_CASES |
            TT_CAP_FEEDBACK | TT_CAP_LLM | TT_CAP_CONDITIONS,
    .param_kinds = TT_KINDS_NUMERIC | TT_KIND_BIT(TT_TEXT),
    .state_schema = 1, .state_schema_min = 1, .strategy = &cases_strategy,
};

TT_DECLARE_PLUGIN(cases_plugin, TT_KIND_STRATEGY, "zoo-cases", "1.0.0");
