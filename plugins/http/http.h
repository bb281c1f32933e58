/* SPDX-License-Identifier: MIT
 *
 * http.h - the adapter's own types and the seams between its files.
 *
 * config.c    the settings              answer.c   what an answer says
 * template.c  placeholders, filled in   result.c   as outputs for the bridge
 * client.c    one request, URLs         submit.c   one evaluation, one request
 * json.c      values and pointers       collect.c  jobs: poll, find, abandon
 * doctor.c    is it sound?              plugin.c   the way in
 *
 * Threads: one instance is never called twice at once; there is no state
 * outside it. */
#ifndef TT_PLUGIN_HTTP_H
#define TT_PLUGIN_HTTP_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <trimtab/adapter.h>

#define URL_BYTES 2048
#define WORDS_BYTES 400  /* of what an endpoint says about itself */
#define WHY_BYTES 900
#define ANSWER_MAX (UINT64_C(16) << 20) /* bytes of one answer */
#define RETRY_MS 1000    /* where the endpoint does not say */

/* --- configuration: see config.c ------------------------------------------ */

struct settings {
    json_object *json; /* owns what the pointers below point at */
    const char *url, *method, *idempotency;
    char origin[URL_BYTES]; /* of url: scheme://host:port */
    uint64_t timeout_ms, poll_ms;
    json_object *headers;        /* {"name":"value"}, or NULL */
    json_object *body, *one;     /* templates; body is NULL for none */
    json_object *metrics;        /* {"name":"/pointer"}, or NULL */
    json_object *case_metrics;   /* of an element of `at`, or NULL */
    const char *at, *id, *case_feedback, *case_error; /* NULL: not read */
    const char *feedback, *error, *cost, *tokens_in, *tokens_out;
    const char *status_url, *state, *result, *job_error;
    bool state_is_ours;          /* the default; may be missing */
    json_object *done, *failed;  /* words of state */
    const char *lookup, *found, *found_id, *found_url;
    const char *abandon, *abandon_method;
};

struct tt_instance {
    const struct tt_host *host;
    const struct tt_http_service *http;
    const struct tt_setup *setup;
    struct settings settings;
    uint64_t backoff_ms; /* of collect */
    unsigned warned;     /* WARNED_* that were said already */
};
enum { WARNED_MEMBER = 1, WARNED_STATE = 2 };

/* --- json.c --------------------------------------------------------------- */

/* NULL unless text is JSON and nothing else; nesting up to 64; NaN and
 * Infinity are read, to be named. The caller puts it. */
json_object *js_parse(struct tt_str text);
json_object *js_copy(json_object *value); /* deep; NULL gives NULL */
json_object *js_get(json_object *o, const char *key); /* borrowed, or NULL */
const char *js_str(json_object *o, const char *key);  /* NULL when absent */
/* What an RFC 6901 pointer names. False when there is nothing. */
bool js_pointer(json_object *o, const char *pointer, json_object **out);
bool js_is_pointer(const char *text);
json_object *js_number(double value); /* the shortest text of the double */
json_object *js_text(struct tt_str text);
void js_write(struct tt_str *out, json_object *value); /* borrowed text */
/* A finite number, or a boolean as 1 or 0. Else NAN, and what it is. */
double js_measure(json_object *value, char *what, size_t n);
/* Text for people: cut at a character, without what is no UTF-8. */
void copy_text(char *dst, size_t n, struct tt_str src);
void append(char *dst, size_t n, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* --- config.c ------------------------------------------------------------- */

extern const char config_schema[];
int settings_read(struct settings *s, const struct tt_setup *setup,
                  struct tt_error *e);
void settings_fini(struct settings *s);

/* --- template.c ----------------------------------------------------------- */

struct filling { /* what placeholders stand for; NULL: not known here */
    struct tt_instance *self;
    struct tt_str label, evaluation;
    uint64_t candidate;
    uint32_t repeat;
    const char *status_url;
    json_object *parameters; /* {"node":{"name":value}} */
    json_object *cases;      /* as the template `case` makes them */
    json_object *one;        /* the only case, or the one to be made */
    bool checking; /* names only: every case has every member */
};

/* {"node":{"parameter":value}} of the active values. The caller puts it. */
json_object *candidate_json(const struct tt_space *space,
                            const struct tt_candidate *c);
/* A template with each string "{{name}}" replaced by the value; the caller
 * puts it. False with *why: an unknown name, or one that has no value here. */
bool template_fill(struct filling *f, json_object *template,
                   json_object **out, char *why, size_t n);
/* Text with {{label}}, {{evaluation}}, {{run}}, {{candidate}},
 * {{status_url}}; percent-encoded for a URL, but for status_url. */
bool template_text(const struct filling *f, const char *template, bool url,
                   char *out, size_t n, char *why, size_t why_n);
/* Could these be filled in at all? */
int template_check(const struct settings *s, const struct tt_space *space,
                   struct tt_error *e);

/* --- client.c ------------------------------------------------------------- */

struct reply {
    unsigned status;
    json_object *body;  /* NULL: no JSON */
    char words[WORDS_BYTES]; /* what the endpoint says of itself, for people */
    char location[URL_BYTES];
    uint64_t retry_after_ms;
};
/* One request with the configured headers. body is borrowed, NULL for none.
 * 0 with any status; else TT_E*: ETRANSIENT and ELIMIT (it was not carried
 * out), ETIMEOUT (it may have been), and what no repeat will mend. */
int client_call(struct tt_instance *self, const struct filling *f,
                const char *method, const char *url, json_object *body,
                struct reply *r, struct tt_error *e);
void reply_fini(struct reply *r);
/* A URL that the endpoint gave, made absolute. NULL or why it is not used:
 * another origin would get our secrets. */
const char *client_url(const struct tt_instance *self, const char *given,
                       char *out, size_t n);
void say(struct tt_instance *self, unsigned once, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* As tt_fail(), where foreign words are in it, which may be cut in a char. */
int fail(struct tt_error *e, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool busy(unsigned status);      /* 429, 503: not carried out */
bool transient(unsigned status); /* and 408, 425, other 5xx */

/* --- result.c ------------------------------------------------------------- */

struct result { /* of one evaluation; what was measured, and what not */
    json_object *sent;   /* ids of its cases, or NULL: not known any more */
    json_object *whole;  /* {"metric":value} */
    json_object *by_id;  /* {"id":{"metric":value|null}} */
    json_object *rows;   /* [{"metric":value|null}], where sent is not known */
    json_object *verdicts, *remarks; /* feedback: by case, and on the whole */
    json_object *diagnostics;
    char why[WHY_BYTES]; /* the first diagnostic */
    size_t scored;
    bool broken; /* the cases cannot be read at all: whatever else is there */
    double cost;
    uint64_t tokens_in, tokens_out;
};
void result_init(struct result *r, json_object *sent);
void result_fini(struct result *r);
void result_complain(struct result *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* SUCCEEDED when anything was measured, else ERROR with the first reason. */
int result_emit(struct result *r, struct tt_str id, struct tt_str handle,
                unsigned status, const struct tt_outcome_sink *sink);
void result_remark(struct result *r, const char *id, const char *text);
int emit(const struct tt_outcome_sink *sink, uint32_t state, struct tt_str id,
         struct tt_str handle, const char *message, uint64_t retry_after_ms);

/* --- answer.c ------------------------------------------------------------- */

/* Read an answer into r; what is wrong with it becomes a diagnostic. only:
 * the one case that it is about, or NULL for all of r->sent. */
void answer_read(const struct settings *s, json_object *answer,
                 const char *only, struct result *r);

/* --- submit.c, collect.c -------------------------------------------------- */

int submit_submit(struct tt_instance *self, const struct tt_batch *batch,
                  const struct tt_outcome_sink *sink, struct tt_error *e);
/* {"evaluation","url","cases"}; cases is left out where it is long. */
json_object *handle_make(struct tt_str evaluation, const char *url,
                         json_object *cases);
int collect_collect(struct tt_instance *self, const struct tt_str *handles,
                    uint64_t n, const struct tt_outcome_sink *sink,
                    uint64_t *again_ms, struct tt_error *e);
int collect_find(struct tt_instance *self, struct tt_str label,
                 const struct tt_outcome_sink *sink, struct tt_error *e);
int collect_abandon(struct tt_instance *self, struct tt_str handle,
                    struct tt_error *e);

/* --- doctor.c ------------------------------------------------------------- */

int admin_call(struct tt_instance *self, struct tt_str method,
               struct tt_str params, const struct tt_sink *answer,
               struct tt_error *e);

#endif
