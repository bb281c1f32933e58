/* SPDX-License-Identifier: MIT
 *
 * trimtab/adapter.h - "trimtab.adapter/1": a plugin that evaluates candidates.
 *
 * It translates between evaluations (one candidate on one batch of cases) and
 * an outside system, and it never judges: what comes back is the outside
 * system's output as JSON; the host's bridge reads metrics from it.
 *
 * Sequence  validate? open (submit | collect | find | abandon | admin)* close
 * Crash     The host stores an evaluation with its label before submit. After
 *           a restart or an unsure answer it calls find(label): what is found
 *           goes on, the rest is submitted again.
 * Stability see trimtab/plugin.h */
#ifndef TRIMTAB_ADAPTER_H
#define TRIMTAB_ADAPTER_H

#include <trimtab/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- what an adapter is opened with -------------------------------------- */

/* How a target says where things stand in the outside system. */
struct tt_setup {
    uint32_t size;
    uint32_t reserved;
    const struct tt_space *space;   /* names are "node.parameter" */
    const struct tt_config *config; /* this plugin's configuration */
    struct tt_str evaluation;       /* the target's `evaluation` object, JSON */
    uint64_t max_in_flight;         /* evaluations, over the whole run */
    uint64_t timeout_ms;            /* per evaluation, wall time */
};

/* One case to evaluate a candidate on. */
struct tt_case {
    uint64_t id;      /* 0 .. n-1 of its split */
    uint32_t split;   /* enum tt_split */
    uint32_t reserved;
    struct tt_str content; /* JSON object */
};

/* One candidate on one batch of cases. */
struct tt_evaluation {
    uint32_t size;
    uint32_t case_size; /* bytes from one element of cases to the next */
    struct tt_str id;   /* unique for ever; must be found again in the echo */
    struct tt_candidate candidate; /* valid in the space */
    const struct tt_case *cases; /* at least one; case_size apart */
    uint64_t n_cases;
    uint32_t repeat; /* 0, 1, ...: the same cases may come again */
    uint32_t flags; /* TT_WANT_* of strategy.h */
    uint64_t candidate_number; /* in its run, from 1; 0 = none */
};

/* What is submitted at once. */
struct tt_batch {
    uint32_t size;
    uint32_t evaluation_size; /* bytes from one evaluation to the next */
    struct tt_str label; /* stored by the host; find() looks for it */
    const struct tt_evaluation *evaluations; /* at least one */
    uint64_t n_evaluations;
    uint64_t now_ms; /* since the run started */
};

/* --- what it answers ----------------------------------------------------- */

/* What became of an evaluation. */
enum tt_outcome_state {
    TT_RUNNING = 1,   /* accepted, not finished: collect it again */
    TT_SUCCEEDED = 2, /* outputs holds what the outside system said */
    TT_ERROR = 3,     /* finished, and it is the candidate's fault */
    TT_LOST = 4,      /* infrastructure: may be sent again */
    TT_REFUSED = 5,   /* not sent: it must not be; message says why */
    TT_LATER = 6      /* not sent: back-pressure; again after retry_after_ms */
};

/* The answer for one evaluation. */
struct tt_outcome {
    uint32_t size;
    uint32_t state;       /* enum tt_outcome_state */
    struct tt_str id;     /* the evaluation's id */
    struct tt_str handle; /* what collect and abandon want; the host stores it */
    struct tt_str outputs; /* JSON object for the bridge; SUCCEEDED only */
    struct tt_str message; /* for people; names object and mend */
    struct tt_str evidence; /* JSON object kept beside the score: run id, echo */
    uint64_t retry_after_ms; /* LATER, LOST: not before; 0 = the host decides */
    uint64_t tokens_in, tokens_out; /* that were used; 0 where unknown */
    double cost;                    /* in the run's currency */
};

/* Where an adapter puts its answers. */
struct tt_outcome_sink {
    void *ctx; /* the host's own */
    /* One outcome; copied. Returns 0 or a negative code. [inst] */
    int (*emit)(const struct tt_outcome_sink *sink,
                const struct tt_outcome *outcome);
};

/* --- what an adapter is -------------------------------------------------- */

struct tt_instance; /* the plugin's own */

/* "trimtab.adapter/1": frozen. What an adapter is: a static table of calls,
 * named by tt_plugin.adapter. */
struct tt_adapter {
    /* Can this setup work? No services. [any] */
    int (*validate)(const struct tt_setup *setup, struct tt_error *e);
    /* host and setup stay valid until close. [load] */
    int (*open)(const struct tt_host *host, const struct tt_setup *setup,
                struct tt_instance **out, struct tt_error *e);
    /* Send a batch: exactly one outcome per evaluation (RUNNING, REFUSED,
     * LATER, or a finished state). An error fails the batch as a whole.
     * TT_ETIMEOUT and TT_ETRANSIENT mean "unsure": the host then calls
     * find(label). Codes that no repeat will mend (TT_EINVAL, TT_EAUTH,
     * TT_EPERM, TT_EPRECONDITION, ...) end the run with the message. [inst] */
    int (*submit)(struct tt_instance *self, const struct tt_batch *batch,
                  const struct tt_outcome_sink *sink, struct tt_error *e);
    /* What became of these handles? Emit those that finished; *again_ms says
     * when to ask again. Never fails for one bad evaluation. [inst] */
    int (*collect)(struct tt_instance *self, const struct tt_str *handles,
                   uint64_t n_handles, const struct tt_outcome_sink *sink,
                   uint64_t *again_ms, struct tt_error *e);
    /* Which evaluations of this label exist outside? One outcome each; the
     * ids that are not emitted do not exist. [inst] */
    int (*find)(struct tt_instance *self, struct tt_str label,
                const struct tt_outcome_sink *sink, struct tt_error *e);
    /* Give one up; best effort. [inst] */
    int (*abandon)(struct tt_instance *self, struct tt_str handle,
                   struct tt_error *e);
    void (*close)(struct tt_instance *self); /* NULL is allowed. [inst] */
    const void *(*get_extension)(const char *id); /* may be NULL. [any] */
};

/* --- an extension for ops ------------------------------------------------ */

/* Extension "trimtab.admin/1": calls that ops make through the daemon.
 * Methods: "doctor" (check the connection), "draft" (propose a target), "read"
 * (the node's stored parameters), "write" (store them, with pre-image). */
#define TT_EXTENSION_ADMIN "trimtab.admin/1"
/* What tt_adapter.get_extension gives for TT_EXTENSION_ADMIN. */
struct tt_admin {
    /* params and the answer are JSON objects. Errors: TT_EUNSUPPORTED for an
     * unknown method, else what happened. [inst] */
    int (*call)(struct tt_instance *self, struct tt_str method,
                struct tt_str params, const struct tt_sink *answer,
                struct tt_error *e);
};

/* --- service "trimtab.http/1": the only way out -----------------------------
 * Requests are made by the host: allow-listed, budgeted, rate limited, retried
 * where that is safe, recorded. Secrets are put in by the host: a header value
 * or URL may hold "${secret:NAME}", which the plugin never sees resolved. */
#define TT_SERVICE_HTTP "trimtab.http/1"

/* A header of a request. */
struct tt_http_header {
    struct tt_str name, value; /* without colon and line ends */
};

/* A request to be made by the host. */
struct tt_http_request {
    uint32_t size;
    uint32_t flags; /* TT_HTTP_* */
    struct tt_str method; /* "GET", "POST", "PUT", ... */
    struct tt_str url;    /* absolute */
    const struct tt_http_header *headers; /* besides the host's own */
    uint64_t n_headers;
    struct tt_str body;      /* empty = none */
    uint64_t timeout_ms;     /* 0 = the host's default */
    uint64_t max_body_bytes; /* of the answer; 0 = the host's default */
};
/* Bits of tt_http_request.flags. */
enum tt_http_flag {
    TT_HTTP_IDEMPOTENT = 1u << 0 /* safe to repeat though not a GET */
};

/* What came back; filled in by the host. */
struct tt_http_response {
    uint32_t size;
    uint32_t status; /* 100..599 */
    struct tt_str body; /* valid until the next fetch or the call's return */
    uint64_t retry_after_ms; /* from Retry-After, else 0 */
    struct tt_str location;  /* of the header, as it came; as long as body */
};

/* What tt_host.get_service gives for TT_SERVICE_HTTP. */
struct tt_http_service {
    /* Make one request and wait for it. 0 with any HTTP status; a negative
     * code when no answer came: TT_ETIMEOUT (it may have been carried out),
     * TT_ETRANSIENT (it was not), TT_EPERM (not allow-listed), TT_ETOOBIG,
     * TT_ECANCELLED. [inst] */
    int (*fetch)(const struct tt_host *host,
                 const struct tt_http_request *request,
                 struct tt_http_response *response, struct tt_error *e);
};

#ifdef __cplusplus
}
#endif
#endif
