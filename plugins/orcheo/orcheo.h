/* SPDX-License-Identifier: MIT
 *
 * orcheo.h - the adapter's own types and the seams between its files.
 *
 * config.c    settings, evaluation object   run.c      one run, judged
 * params.c    candidates as JSON             collect.c  collect, abandon
 * client.c    HTTP, errors, pauses           find.c     runs of a label
 * target.c    workflow and version, pinned   quota.c    empty answers
 * item.c      one evaluation as one run      admin.c    read, write
 * dispatch.c  submit, echo checks            draft.c    a target, proposed
 * slots.c     candidates in stored configs   doctor.c, trial.c  is it sound?
 * json.c      values, paths, comparisons     plugin.c   the way in
 *
 * Threads: one instance is never called twice at once; there is no state
 * outside it. */
#ifndef TT_PLUGIN_ORCHEO_H
#define TT_PLUGIN_ORCHEO_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <trimtab/adapter.h>

#define ID_BYTES 40      /* a UUID and its NUL, with room */
#define MAX_SLOTS 32
#define DISPATCH_MAX 100 /* runs in one dispatch; Orcheo refuses more */
#define LIST_MAX 200     /* runs in one list; Orcheo gives no more */
#define RING 512         /* requests of the last minute that are counted */
#define ANSWER_MAX (UINT64_C(32) << 20) /* bytes of one answer */

/* --- configuration -------------------------------------------------------- */

struct settings {
    char *url;         /* scheme://host:port, no slash at the end */
    char *workspace;   /* "" = the token's own */
    char *secret;      /* name of the token's secret; "" = no token */
    uint64_t per_minute;  /* requests; 0 = no limit of ours */
    uint64_t pending_ms;  /* a run that waits longer for a worker is lost */
    uint64_t timeout_ms;  /* a run that runs longer is lost */
    double price_in, price_out; /* per million tokens */
};

enum mode { MODE_AUTO, MODE_INPUTS, MODE_SLOTS, MODE_DIRECT };
enum case_as { CASE_LIST, CASE_MERGE, CASE_OBJECT };

struct evaluation { /* the target's evaluation object; see config.c */
    json_object *json; /* owns what the pointers below point at */
    const char *workflow;
    int64_t version; /* 0 = the latest, pinned at the first call */
    enum mode mode;
    enum case_as case_as;
    const char *cases_key;
    int64_t cases_per_run; /* 0 = any number */
    json_object *inputs;   /* static inputs, or NULL */
    json_object *paths;    /* {"node.parameter": "configurable.x.y"}, or NULL */
    const char *production; /* workflow, or NULL */
    int64_t production_version; /* 0 = the latest */
    int64_t slots[MAX_SLOTS];
    size_t n_slots;
};

/* --- what stands in Orcheo ------------------------------------------------ */

struct slot {
    int64_t version;
    char id[ID_BYTES];
    json_object *holds; /* parameters that we stored there last, or NULL */
};

struct target {
    bool ready;
    char workflow[ID_BYTES];
    char version_id[ID_BYTES];
    int64_t version;
    json_object *stored;   /* runnable_config of that version, or NULL */
    enum mode mode;        /* never AUTO */
    bool offers_config;    /* dispatch items may hold a runnable_config */
    bool config_proven;    /* and an echo showed that it is honoured */
    struct slot slots[MAX_SLOTS];
    size_t n_slots;
};

/* A run of ours that has not finished, as seen by this instance. */
struct tracked {
    char id[ID_BYTES];
    char created[40];    /* Orcheo's time stamp; sorts as text */
    int64_t since_ms;    /* of the wait that the pending deadline bounds */
    int64_t running_ms;  /* first seen running; 0 = not yet */
};

struct tt_instance {
    const struct tt_host *host;
    const struct tt_http_service *http;
    const struct tt_setup *setup;
    struct settings settings;
    struct evaluation evaluation;
    struct target target;
    struct tracked *tracked;
    size_t n_tracked, cap_tracked;
    int64_t pause_until_ms;  /* after a 429 nothing is sent */
    int64_t sent_ms[RING];   /* when the last requests went out */
    size_t n_sent;
    uint64_t backoff_ms;     /* of collect */
    uint64_t list_extra;     /* runs beyond ours that a list is asked for */
    unsigned empties;        /* dispatches in a row that were answered [] */
    unsigned careful;        /* after a 5xx: so many dispatches of one run */
    char suspect[80];        /* evaluation that was alone in a 5xx */
    unsigned warned;         /* WARNED_* that were said already */
    int64_t heard_ms;        /* when Orcheo last answered a poll */
};
enum { WARNED_TEMPLATE = 1, WARNED_TEMPERATURE = 2 };

int64_t mono_ms(void);
void say(const struct tt_instance *self, int level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* --- json.c --------------------------------------------------------------- */

/* NULL unless text is JSON; nesting up to 64. The caller puts it. */
json_object *js_parse(struct tt_str text);
json_object *js_copy(json_object *value); /* deep; NULL gives NULL */
bool js_equal(json_object *a, json_object *b); /* 1 and 1.0 are equal */
json_object *js_get(json_object *o, const char *key); /* borrowed, or NULL */
const char *js_str(json_object *o, const char *key);  /* "" when absent */
int64_t js_int(json_object *o, const char *key, int64_t otherwise);
json_object *js_array(json_object *o, const char *key); /* NULL unless one */
/* The shortest text that reads back as the same double. */
json_object *js_number(double value);
/* a.b.c below o; set makes what is missing and takes value. */
json_object *js_at(json_object *o, const char *path);
int js_set_at(json_object *o, const char *path, json_object *value);
void js_write(struct tt_str *out, json_object *value); /* borrowed text */
/* Why would Orcheo choke on this? NULL when it would not: NUL, bad UTF-8
 * (lone surrogates among it) in any string or key, a number not finite. */
const char *js_poison(json_object *value);
bool js_is_secret_reference(json_object *value); /* exactly "[[...]]" */
bool js_mentions(json_object *value, const char *text); /* in any string */
void copy_text(char *dst, size_t n, const char *src);

/* --- config.c ------------------------------------------------------------- */

extern const char config_schema[];
int settings_read(struct settings *s, const struct tt_setup *setup,
                  struct tt_error *e);
void settings_fini(struct settings *s);
/* strict: a workflow must be named, paths must fit the space. */
int evaluation_read(struct evaluation *v, struct tt_str text,
                    const struct tt_space *space, bool strict,
                    struct tt_error *e);
void evaluation_fini(struct evaluation *v);

/* --- params.c ------------------------------------------------------------- */

/* {"node":{"parameter":value}} of the active values. The caller puts it. */
json_object *candidate_json(const struct tt_space *space,
                            const struct tt_candidate *c);
json_object *defaults_json(const struct tt_space *space);
/* Where "node.parameter" stands in a runnable_config. */
void parameter_path(json_object *paths, const char *node, const char *name,
                    char *out, size_t n);
/* Put parameters into a config / compare them with one. */
int config_put(json_object *config, json_object *paths,
               json_object *parameters);
bool config_holds(json_object *config, json_object *paths,
                  json_object *parameters);

/* --- client.c ------------------------------------------------------------- */

struct reply {
    unsigned status;    /* 0: no answer came */
    json_object *body;  /* reply_fini() puts it */
    bool too_big;       /* it did, but was larger than we take */
    char code[64];      /* of Orcheo's error, "" when it gave none */
    int64_t limit, current; /* of a full quota, else -1 */
};

/* One request to Orcheo's API. body is borrowed, NULL for none. 0 for a 2xx
 * with JSON; else TT_E* with Orcheo's words and the mend in *e:
 * EAUTH 401, EPERM 403, ENOENT 404, ECONFLICT 409, EINVAL 400 and 422,
 * ELIMIT 429 (e->retry_after_ms), ETIMEOUT 5xx, no answer or one that cannot
 * be read (it may have been carried out), ETRANSIENT (it was not). */
int client_call(struct tt_instance *self, const char *method,
                const char *path, json_object *body, struct reply *r,
                struct tt_error *e);
int client_get(struct tt_instance *self, struct reply *r, struct tt_error *e,
               const char *format, ...) __attribute__((format(printf, 4, 5)));
void reply_fini(struct reply *r);
/* How long until something may be sent: a pause, or our own rate. */
uint64_t client_wait_ms(const struct tt_instance *self);
unsigned client_used(const struct tt_instance *self); /* in the last minute */
bool transient(int code); /* may work later, and nothing was done */
void url_escape(char *out, size_t n, const char *text);

/* --- target.c ------------------------------------------------------------- */

int target_ready(struct tt_instance *self, struct tt_error *e);
void target_fini(struct target *t);
/* The newest version's number. */
int target_latest(struct tt_instance *self, const char *workflow,
                  int64_t *version, struct tt_error *e);
/* One version with its graph; the caller calls reply_fini(). */
int target_version(struct tt_instance *self, const char *workflow,
                   int64_t version, struct reply *r, struct tt_error *e);
/* What the script says, whatever format it is kept in. */
json_object *version_source(json_object *version);
bool source_reads_inputs(json_object *source); /* inputs.trimtab.parameters */
int target_id(struct tt_instance *self, const char *name, char id[ID_BYTES],
              struct tt_error *e);

/* --- slots.c -------------------------------------------------------------- */

/* A slot that holds these parameters; stores them if needed. taken: bit i is
 * slot i, in use by this dispatch. *slot is -1 when all are taken. */
int slots_prepare(struct tt_instance *self, json_object *parameters,
                  uint32_t *taken, int *slot, struct tt_error *e);
/* What a run with these parameters shall have as its config; owned. */
json_object *slots_config(struct tt_instance *self, json_object *parameters);

/* --- run.c ---------------------------------------------------------------- */

struct verdict {
    uint32_t state; /* enum tt_outcome_state */
    const char *id; /* the evaluation's; borrowed from the run */
    char message[600];
    json_object *outputs, *evidence; /* verdict_fini() puts them */
    uint64_t tokens_in, tokens_out;
};
void run_judge(struct tt_instance *self, json_object *run, struct verdict *v);
void verdict_fini(struct verdict *v);
int verdict_emit(struct tt_instance *self, json_object *run, struct verdict *v,
                 const struct tt_outcome_sink *sink);
const char *run_evaluation(json_object *run); /* "" when it is not ours */
json_object *run_parameters(json_object *run);
bool run_finished(json_object *run);
/* Infrastructure, not the candidate: may an error text be tried again? */
bool error_is_infrastructure(const char *text);

/* --- collect.c ------------------------------------------------------------ */

int collect_collect(struct tt_instance *self, const struct tt_str *handles,
                    uint64_t n, const struct tt_outcome_sink *sink,
                    uint64_t *again_ms, struct tt_error *e);
int collect_find(struct tt_instance *self, struct tt_str label,
                 const struct tt_outcome_sink *sink, struct tt_error *e);
int collect_abandon(struct tt_instance *self, struct tt_str handle,
                    struct tt_error *e);
/* The newest runs of the workflow; the caller calls reply_fini(). */
int collect_list(struct tt_instance *self, uint64_t limit, struct reply *r,
                 struct tt_error *e);
void track(struct tt_instance *self, json_object *run);
void untrack(struct tt_instance *self, const char *id);
void cancel_run(struct tt_instance *self, const char *id, const char *reason);

/* --- quota.c -------------------------------------------------------------- */

/* A dispatch was answered []. 0: back-pressure; TT_EPRECONDITION: it will
 * never be otherwise, with the causes. */
int quota_took_nothing(struct tt_instance *self, struct tt_error *e);
/* What Orcheo counts, or -1; takes nothing while the quota is full. */
void quota_probe(struct tt_instance *self, int64_t *limit, int64_t *current);

/* --- item.c --------------------------------------------------------------- */

/* The dispatch item of one evaluation; owned. NULL with *why when it must not
 * be sent. */
json_object *item_build(struct tt_instance *self,
                        const struct tt_evaluation *ev,
                        json_object *parameters, char *why, size_t n);

/* --- dispatch.c, admin.c, doctor.c ---------------------------------------- */

int dispatch_submit(struct tt_instance *self, const struct tt_batch *batch,
                    const struct tt_outcome_sink *sink, struct tt_error *e);
int emit(const struct tt_outcome_sink *sink, uint32_t state, struct tt_str id,
         const char *handle, const char *message, uint64_t retry_after_ms);
int admin_call(struct tt_instance *self, struct tt_str method,
               struct tt_str params, const struct tt_sink *answer,
               struct tt_error *e);
int doctor_run(struct tt_instance *self, json_object *params,
               json_object *answer, struct tt_error *e);
int draft_run(struct tt_instance *self, json_object *params,
              json_object *answer, struct tt_error *e);

#endif
