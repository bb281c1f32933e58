/* SPDX-License-Identifier: MIT
 *
 * codec.h - the SDK's records as bytes and back: the payloads of frames, and
 * the entries of a run's log. Encoding is canonical: equal records give equal
 * bytes, so a replay compares with memcmp. Decoding trusts nothing: lengths,
 * counts and enum values are checked, TT_EPROTOCOL names what is wrong.
 * Decoded records live in the arena and borrow text from the payload. Texts are
 * UTF-8 without NUL: encoding mends what is not ('?' for each bad byte),
 * decoding refuses it. What decodes encodes to the same bytes again. */
#ifndef TT_HOST_CODEC_H
#define TT_HOST_CODEC_H

#include <trimtab/adapter.h>
#include <trimtab/strategy.h>

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/json.h"

/* HELLO: what the worker says of itself, as JSON text:
 * {"protocol","sdk","plugin":{id,version,kind ("strategy", "adapter"),
 * abi_major,abi_minor,name,summary,vendor,license,url,config_schema (an
 * object),services[],caps[],param_kinds[],budget_min,budget_max,state_schema,
 * state_schema_min},"sandbox":{...},"pid"} */

/* OPEN and VALIDATE of a strategy / an adapter. */
void codec_put_problem(struct buf *b, const struct tt_problem *problem,
                       const struct tt_snapshot *snapshot /* or NULL */);
int codec_get_problem(struct tt_str bytes, struct arena *a,
                      const struct tt_problem **problem,
                      const struct tt_snapshot **snapshot, struct err *e);
void codec_put_setup(struct buf *b, const struct tt_setup *setup);
int codec_get_setup(struct tt_str bytes, struct arena *a,
                    const struct tt_setup **setup, struct err *e);

/* STEP: events, then an ask. */
void codec_put_step(struct buf *b, const struct tt_event *const *events,
                    uint64_t n_events, const struct tt_ask *ask);
struct codec_step {
    const struct tt_event *const *events;
    uint64_t n_events;
    const struct tt_ask *ask;
};
int codec_get_step(struct tt_str bytes, struct arena *a,
                   struct codec_step *step, struct err *e);

/* ACTIONS: append one to a buffer that starts empty and holds nothing else.
 * An empty payload is "no action". */
void codec_put_action(struct buf *b, const struct tt_action *action);
struct codec_actions {
    const struct tt_action *const *actions;
    uint64_t n;
};
int codec_get_actions(struct tt_str bytes, struct arena *a,
                      struct codec_actions *actions, struct err *e);

/* SUBMIT. */
void codec_put_batch(struct buf *b, const struct tt_batch *batch);
int codec_get_batch(struct tt_str bytes, struct arena *a,
                    const struct tt_batch **batch, struct err *e);

/* COLLECT: handles. FIND: a label. ABANDON: a handle. */
void codec_put_strs(struct buf *b, const struct tt_str *strs, uint64_t n);
int codec_get_strs(struct tt_str bytes, struct arena *a,
                   const struct tt_str **strs, uint64_t *n, struct err *e);

/* OUTCOMES: again_ms first, into an empty buffer that holds nothing else, then
 * any number of outcomes. */
void codec_put_again(struct buf *b, uint64_t again_ms);
void codec_put_outcome(struct buf *b, const struct tt_outcome *outcome);
struct codec_outcomes {
    uint64_t again_ms;
    const struct tt_outcome *const *outcomes;
    uint64_t n;
};
int codec_get_outcomes(struct tt_str bytes, struct arena *a,
                       struct codec_outcomes *outcomes, struct err *e);

/* ADMIN: strs {method, params}, answered by BYTES: the JSON as it is. EXPLAIN:
 * a ref, answered likewise. SNAPSHOT: no payload, answered by BYTES: a state.
 */
void codec_put_ref(struct buf *b, uint64_t ref);
int codec_get_ref(struct tt_str bytes, uint64_t *ref, struct err *e);
void codec_put_state(struct buf *b, uint32_t schema, struct tt_str bytes);
int codec_get_state(struct tt_str bytes, struct tt_snapshot *state,
                    struct err *e);

/* ERROR: a struct tt_error. LOG: level and text. */
void codec_put_error(struct buf *b, const struct tt_error *error);
int codec_get_error(struct tt_str bytes, struct tt_error *error, struct err *e);
void codec_put_log(struct buf *b, int level, struct tt_str text);
int codec_get_log(struct tt_str bytes, int *level, struct tt_str *text,
                  struct err *e);

/* HTTP and HTTP_ANSWER (code < 0: the error's text is in the body). */
void codec_put_http(struct buf *b, const struct tt_http_request *request);
int codec_get_http(struct tt_str bytes, struct arena *a,
                   const struct tt_http_request **request, struct err *e);
void codec_put_http_answer(struct buf *b, int code,
                           const struct tt_http_response *response,
                           const char *error_text);
int codec_get_http_answer(struct tt_str bytes, int *code,
                          struct tt_http_response *response, struct err *e);

/* DATA: a case; DATA_ANSWER: its JSON (code 0), or code and why not. */
void codec_put_data(struct buf *b, uint32_t split, uint64_t id);
int codec_get_data(struct tt_str bytes, uint32_t *split, uint64_t *id,
                   struct err *e);
void codec_put_data_answer(struct buf *b, int code, struct tt_str text);
int codec_get_data_answer(struct tt_str bytes, int *code, struct tt_str *text,
                          struct err *e);

/* JSON <-> SDK: a plugin's config, checked against its schema and flattened. */
const struct tt_config *codec_config(json_object *config, struct arena *a);

#endif
