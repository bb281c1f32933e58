/* SPDX-License-Identifier: MIT
 *
 * trimtab/strategy.h - "trimtab.strategy/1": a plugin that proposes candidates.
 *
 * A strategy is a fold over events. `on_event` takes what happened, `next`
 * returns what to do. It never blocks and owns no clock, no socket and no
 * source of chance: time arrives in events, and a random number is a pure
 * function of (seed, log position, stream) from trimtab/random.h. The host
 * keeps the log, so any run can be replayed byte for byte.
 *
 * Sequence  validate? open (on_event* next)* snapshot? explain? close
 * Stability see trimtab/plugin.h */
#ifndef TRIMTAB_STRATEGY_H
#define TRIMTAB_STRATEGY_H

#include <trimtab/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- the problem --------------------------------------------------------- */

/* Which scores are better. */
enum tt_direction {
    TT_MAXIMIZE = 1, /* the higher ones */
    TT_MINIMIZE = 2  /* the lower ones */
};

/* What is to be made better. */
struct tt_objective {
    struct tt_str metric; /* its name */
    uint32_t direction; /* enum tt_direction; scores keep their native scale */
    uint32_t reserved;
};

/* A metric that must lie in [lo, hi]; the infinities are allowed. */
struct tt_guardrail {
    struct tt_str metric; /* its name */
    double lo, hi;        /* both are allowed values */
};

/* The splits of a dataset. */
enum tt_split {
    TT_TRAIN = 1,      /* to learn from: content, scores, feedback */
    TT_VALIDATION = 2, /* what candidates are ranked by: ids and scores */
    TT_HOLDOUT = 3     /* what judges the winner: never shown */
};

/* 0 in total = no limit of that kind. */
struct tt_budget {
    uint32_t size;
    uint32_t reserved;
    uint64_t iterations, evaluations, seconds; /* totals */
    double cost;                               /* total, in the run's currency */
    uint64_t iterations_spent, evaluations_spent, seconds_spent; /* so far */
    double cost_spent;                         /* so far */
};

/* What a strategy is to solve. The host's; valid until close returns. */
struct tt_problem {
    uint32_t size;
    uint32_t reserved;
    const struct tt_space *space; /* of all nodes: names are "node.parameter" */
    const struct tt_objective *objectives; /* the first one decides */
    uint64_t n_objectives;
    const struct tt_guardrail *guardrails; /* may be none */
    uint64_t n_guardrails;
    uint64_t seed; /* for trimtab/random.h: the only source of chance */
    uint64_t n_train, n_validation; /* cases of each split; ids are 0..n-1 */
    uint64_t max_in_flight;         /* candidates evaluated at once, at most */
    struct tt_budget budget; /* as it stands at open */
    const struct tt_config *config; /* this plugin's; valid until close */
};

/* --- references -------------------------------------------------------------
 * A strategy names its candidates itself: `ref` is a number below
 * TT_REF_HOST that it has not used before. Candidates that come from a person
 * or a warm start arrive as ENQUEUED with a ref of TT_REF_HOST or above and
 * are evaluated by that ref. The first EVALUATE of an own ref brings the
 * values; later ones (more cases, a repeat) leave n_values 0. */
#define TT_REF_HOST (UINT64_C(1) << 63)

/* --- actions: what `next` returns ---------------------------------------- */

/* What an action asks for, and the record that says so. */
enum tt_action_kind {
    TT_EVALUATE = 1, /* score a candidate               struct tt_evaluate */
    TT_PRUNE = 2,    /* give a candidate up             struct tt_prune */
    TT_LLM = 3,      /* ask a language model            struct tt_llm */
    TT_WAIT = 4,     /* nothing until the next event    struct tt_wait */
    TT_DONE = 5      /* nothing ever again              struct tt_done */
};

struct tt_action { /* the head of each record below */
    uint32_t size; /* of the whole record */
    uint32_t kind; /* enum tt_action_kind */
};

/* How struct tt_case_set chooses. */
enum tt_case_mode {
    TT_CASES_DEFAULT = 0, /* what the run plans: the validation split */
    TT_CASES_SPLIT = 1,   /* every case of `split` */
    TT_CASES_NEXT = 2,    /* the next `m` cases of `split` not yet seen by ref */
    TT_CASES_LIST = 3     /* exactly `ids` of `split` */
};

/* Which cases a candidate is evaluated on; all zero is the default. */
struct tt_case_set {
    uint32_t mode;  /* enum tt_case_mode */
    uint32_t split; /* enum tt_split; HOLDOUT is refused and audited */
    uint64_t m;          /* NEXT: how many */
    const uint64_t *ids; /* LIST: 0 .. n-1 of the split, each once */
    uint64_t n_ids;
};

/* Bits of tt_evaluate.flags, and of tt_evaluation.flags of an adapter. */
enum tt_evaluate_flag {
    TT_WANT_FEEDBACK = 1u << 0, /* reasons in words, case by case */
    TT_WANT_TRACES = 1u << 1    /* what the nodes did, where it is recorded */
};

/* Score a candidate. A RESULT, FAILED or CANCELLED event answers it. */
struct tt_evaluate {
    struct tt_action head;
    uint64_t ref;                  /* names it; see references */
    struct tt_candidate candidate; /* n_values 0 where ref is known already */
    struct tt_case_set cases;      /* on which cases */
    uint32_t repeats;  /* 0 and 1 both mean once */
    uint32_t flags;    /* TT_WANT_* */
    int32_t priority;  /* higher goes first */
    uint32_t reserved;
    double predicted_mean, predicted_sd, acquisition; /* NAN where unknown */
};

/* Cancel what is in flight for ref and end it; CANCELLED answers it where
 * something was in flight. */
struct tt_prune {
    struct tt_action head;
    uint64_t ref;         /* which candidate */
    struct tt_str reason; /* for people */
};

/* One turn of a conversation with a model. */
struct tt_message {
    struct tt_str role; /* "system", "user", "assistant" */
    struct tt_str text; /* what is said */
};

/* Ask a language model; the host makes the call, within its budget. LLM_REPLY
 * answers it, also where no model is granted. */
struct tt_llm {
    struct tt_action head;
    uint64_t request; /* a number of the strategy's own; comes back in the reply */
    const struct tt_message *messages; /* in order, the newest last */
    uint64_t n_messages;
    struct tt_str role;    /* which configured model, e.g. "reflection" */
    struct tt_str purpose; /* for the budget and the audit, e.g. "rewrite" */
    uint32_t max_tokens;   /* 0 = the model's default */
    uint32_t reserved;
    double temperature;    /* NAN = the model's default */
};

/* Nothing to do until the next event; the same as no action at all. */
struct tt_wait {
    struct tt_action head;
};

/* The search is over: the run goes on to its gate, and neither `next` nor
 * `on_event` is called again. Say it when nothing is in flight. */
struct tt_done {
    struct tt_action head;
    struct tt_str reason; /* "exhausted", "converged", ... */
};

/* Where `next` puts its actions, in order. */
struct tt_action_sink {
    void *ctx; /* the host's own */
    /* Hand over one action; the host copies it and checks it.
     * Returns 0, or a negative code which `next` returns at once. [inst] */
    int (*emit)(const struct tt_action_sink *sink,
                const struct tt_action *action);
};

/* --- events: what `on_event` gets ---------------------------------------- */

/* What happened, and the record that says so. */
enum tt_event_kind {
    TT_RESULT = 1,  /* an EVALUATE is finished          struct tt_result */
    TT_PARTIAL = 2, /* some of its cases are finished   struct tt_result */
    TT_FAILED = 3,  /* it cannot be scored              struct tt_failure */
    TT_CANCELLED = 4, /* pruned, or the run is ending   struct tt_failure */
    TT_LLM_REPLY = 5,  /* a model's words, or none      struct tt_llm_reply */
    TT_ENQUEUED = 6,   /* somebody's candidate          struct tt_enqueued */
    TT_BUDGET = 7,     /* budget changed                struct tt_budget_event */
    TT_DEADLINE = 8    /* little time left; wrap up     struct tt_budget_event */
};

/* The head of each record below; kind says which it is. */
struct tt_event {
    uint32_t size;     /* of the whole record */
    uint32_t kind;     /* enum tt_event_kind */
    uint64_t position; /* in the log: 1, 2, 3, ...; feeds the random numbers */
    uint64_t time_ms;  /* since the run started, by the host's clock */
};

/* How the evaluation of one case ended. */
enum tt_case_status {
    TT_CASE_OK = 0,     /* it has a score */
    TT_CASE_FAILED = 1, /* it could not be scored */
    TT_CASE_MISSING = 2 /* nothing came back for it */
};

/* What came back for one case, once. */
struct tt_case_score {
    uint64_t id;            /* 0 .. n-1 of its split */
    uint32_t split;         /* enum tt_split */
    uint32_t repeat;        /* 0, 1, ...: which of several evaluations */
    uint32_t status;        /* enum tt_case_status */
    uint32_t reserved;
    double objective;       /* the first objective; NAN unless status is OK */
    struct tt_str feedback; /* reasons in words; empty unless asked for */
};

/* RESULT, PARTIAL: the scores of a candidate, on the cases that this EVALUATE
 * asked for (PARTIAL: on those of them that are finished). */
struct tt_result {
    struct tt_event head;
    uint64_t ref;              /* which candidate */
    uint64_t number;           /* the host's number of the candidate, from 1 */
    const double *objectives;  /* aggregated over cases; all finite */
    uint64_t n_objectives;
    const double *guardrails;  /* NAN where not measured */
    uint64_t n_guardrails;
    uint32_t feasible;         /* 1 when every guardrail holds */
    uint32_t case_size;        /* bytes from one element of cases to the next */
    const struct tt_case_score *cases; /* by tt_result_case() alone */
    uint64_t n_cases;
    double cost;                    /* of these cases, in the run's currency */
    uint64_t tokens_in, tokens_out; /* of these cases; 0 where unknown */
};

/* Case i of a result, i < n_cases. [any] */
static inline const struct tt_case_score *
tt_result_case(const struct tt_result *r, uint64_t i)
{
    return (const struct tt_case_score *)(const void *)(
        (const char *)r->cases + i * r->case_size);
}

/* FAILED, CANCELLED: an EVALUATE that has no score. */
struct tt_failure {
    struct tt_event head;
    uint64_t ref, number; /* as in struct tt_result */
    struct tt_str cause;  /* for people and models */
};

/* What became of a request to a model. */
enum tt_llm_status {
    TT_LLM_OK = 0,          /* text is the reply */
    TT_LLM_FAILED = 1,      /* the model did not answer; asking again may do */
    TT_LLM_UNSUPPORTED = 2, /* no such model is granted: do without */
    TT_LLM_BUDGET = 3       /* the budget is used up: do without */
};

/* LLM_REPLY: the answer to a struct tt_llm. */
struct tt_llm_reply {
    struct tt_event head;
    uint64_t request; /* as in the request */
    uint32_t status;  /* enum tt_llm_status */
    uint32_t reserved;
    struct tt_str text; /* the reply, or why there is none */
    uint64_t tokens_in, tokens_out; /* that were used; 0 where unknown */
    double cost;                    /* in the run's currency */
};

/* ENQUEUED: a candidate of a person, or of an older run (a warm start).
 * EVALUATE it by its ref; where its score is known, a RESULT comes by itself. */
struct tt_enqueued {
    struct tt_event head;
    uint64_t ref; /* >= TT_REF_HOST */
    struct tt_candidate candidate; /* valid in the space */
};

/* BUDGET, DEADLINE: what may still be spent. */
struct tt_budget_event {
    struct tt_event head;
    struct tt_budget budget; /* as it stands now */
};

/* --- the vtable ---------------------------------------------------------- */

/* What `next` is asked for. */
struct tt_ask {
    uint32_t size;
    uint32_t reserved;
    uint64_t position; /* in the log, as in tt_event */
    uint64_t time_ms;  /* since the run started */
    uint64_t max;      /* EVALUATE actions wanted now; LLM ones are not counted */
    const uint64_t *pending; /* refs in flight */
    uint64_t n_pending;
};

/* A state that this plugin, or an older version of it, has written. */
struct tt_snapshot {
    uint32_t size;
    uint32_t schema; /* in [state_schema_min, state_schema] */
    const void *bytes; /* as they were written; check them */
    uint64_t n;        /* bytes */
};

struct tt_instance; /* the plugin's own */

/* "trimtab.strategy/1": frozen. What a strategy is: a static table of calls,
 * named by tt_plugin.strategy. */
struct tt_strategy {
    /* Is this problem one for us? Called before a run is stored. No instance,
     * no services. Errors: TT_EINVAL, TT_EUNSUPPORTED. [any] */
    int (*validate)(const struct tt_problem *problem, struct tt_error *e);
    /* Make an instance. snapshot is NULL for a fresh one, else what this
     * plugin wrote (TT_ESTATE when it cannot be read; the host then replays
     * the log into a fresh instance). host and problem stay valid until
     * close. On failure *out is left alone and close is not called. [load] */
    int (*open)(const struct tt_host *host, const struct tt_problem *problem,
                const struct tt_snapshot *snapshot, struct tt_instance **out,
                struct tt_error *e);
    /* Take one event. Unknown kinds are to be ignored. [inst] */
    int (*on_event)(struct tt_instance *self, const struct tt_event *event,
                    struct tt_error *e);
    /* Say what to do: any number of actions, at most ask->max EVALUATE.
     * No action at all means WAIT. [inst] */
    int (*next)(struct tt_instance *self, const struct tt_ask *ask,
                const struct tt_action_sink *sink, struct tt_error *e);
    /* Write the whole state, portable and deterministic. NULL without
     * TT_CAP_SNAPSHOT. [inst] */
    int (*snapshot)(struct tt_instance *self, const struct tt_sink *sink,
                    struct tt_error *e);
    /* A JSON object for people: why was ref proposed? May be NULL. [inst] */
    int (*explain)(struct tt_instance *self, uint64_t ref,
                   const struct tt_sink *json, struct tt_error *e);
    /* Free it; NULL is allowed. [inst] */
    void (*close)(struct tt_instance *self);
    /* An extension by id, or NULL. May be NULL itself. [any] */
    const void *(*get_extension)(const char *id);
};

/* Service "trimtab.data/1": the content of `train` cases. Validation cases are
 * known by id and score only; the holdout is never shown. */
#define TT_SERVICE_DATA "trimtab.data/1"
/* What tt_host.get_service gives for TT_SERVICE_DATA. */
struct tt_data_service {
    /* The case as JSON into sink. Errors: TT_EPERM for any split but TRAIN
     * (audited), TT_ENOENT. [inst] */
    int (*read)(const struct tt_host *host, uint32_t split, uint64_t id,
                const struct tt_sink *sink, struct tt_error *e);
};

#ifdef __cplusplus
}
#endif
#endif
