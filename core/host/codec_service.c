/* SPDX-License-Identifier: MIT
 *
 * codec_service.c - lists of texts, errors, log lines, and the services that a
 * worker asks for. */
#include "core/host/codec_wire.h"

#include <string.h>

#define LEAST_HEADER 8u

void codec_put_strs(struct buf *b, const struct tt_str *strs, uint64_t n)
{
    codec_put_texts(b, strs, n);
}

int codec_get_strs(struct tt_str bytes, struct arena *a,
                   const struct tt_str **strs, uint64_t *n, struct err *e)
{
    struct codec_in in = codec_in_of(bytes, a);

    *strs = codec_get_texts(&in, n);
    return codec_end(&in, "texts", e);
}

/* --- errors and log lines ------------------------------------------------ */

static bool known_code(int32_t code)
{
    switch (code) {
#define CODE_CASE(name, number, status, text) case number:
        TT_ERROR_TABLE(CODE_CASE)
#undef CODE_CASE
        return true;
    default:
        return false;
    }
}

void codec_put_error(struct buf *b, const struct tt_error *error)
{
    struct tt_str text = { error->message,
                           strnlen(error->message, sizeof error->message - 1) };

    wire_u32(b, (uint32_t)error->code);
    wire_u32(b, error->retry_after_ms);
    codec_put_text(b, text);
}

int codec_get_error(struct tt_str bytes, struct tt_error *error, struct err *e)
{
    struct codec_in in = codec_in_of(bytes, NULL);
    struct tt_str text;

    memset(error, 0, sizeof *error);
    error->size = sizeof *error;
    error->code = (int32_t)wire_get_u32(&in.r);
    if (!known_code(error->code))
        codec_bad(&in, "an unknown error code");
    error->retry_after_ms = wire_get_u32(&in.r);
    text = codec_get_text(&in);
    if (text.n >= sizeof error->message)
        codec_bad(&in, "a message that is too long");
    else if (text.n > 0)
        memcpy(error->message, text.p, (size_t)text.n);
    return codec_end(&in, "error", e);
}

void codec_put_log(struct buf *b, int level, struct tt_str text)
{
    wire_u32(b, (uint32_t)level);
    codec_put_text(b, text);
}

int codec_get_log(struct tt_str bytes, int *level, struct tt_str *text,
                  struct err *e)
{
    struct codec_in in = codec_in_of(bytes, NULL);

    *level = (int)codec_get_enum(&in, TT_LOG_ERROR, TT_LOG_DEBUG,
                                 "an unknown log level");
    *text = codec_get_text(&in);
    return codec_end(&in, "log line", e);
}

/* --- HTTP ---------------------------------------------------------------- */

void codec_put_http(struct buf *b, const struct tt_http_request *request)
{
    uint64_t i;

    wire_u32(b, request->flags);
    codec_put_text(b, request->method);
    codec_put_text(b, request->url);
    wire_u32(b, (uint32_t)request->n_headers);
    for (i = 0; i < request->n_headers; i++) {
        codec_put_text(b, request->headers[i].name);
        codec_put_text(b, request->headers[i].value);
    }
    wire_str(b, request->body);
    wire_u64(b, request->timeout_ms);
    wire_u64(b, request->max_body_bytes);
}

int codec_get_http(struct tt_str bytes, struct arena *a,
                   const struct tt_http_request **request, struct err *e)
{
    struct codec_in in = codec_in_of(bytes, a);
    struct tt_http_request *out = arena_alloc(a, 1, sizeof *out);
    struct tt_http_header *headers;
    uint32_t i, n;

    out->size = sizeof *out;
    out->flags = codec_get_flags(&in, TT_HTTP_IDEMPOTENT,
                                 "unknown flags of a request");
    out->method = codec_get_text(&in);
    out->url = codec_get_text(&in);
    n = codec_get_count(&in, LEAST_HEADER);
    headers = arena_alloc(a, n, sizeof *headers);
    for (i = 0; i < n; i++) {
        headers[i].name = codec_get_text(&in);
        headers[i].value = codec_get_text(&in);
    }
    out->headers = headers;
    out->n_headers = n;
    out->body = codec_get_bytes(&in);
    out->timeout_ms = wire_get_u64(&in.r);
    out->max_body_bytes = wire_get_u64(&in.r);
    *request = out;
    return codec_end(&in, "request", e);
}

void codec_put_http_answer(struct buf *b, int code,
                           const struct tt_http_response *response,
                           const char *error_text)
{
    struct tt_http_response r = { 0 };

    if (response != NULL)
        r = *response;
    if (code != 0) {
        r.status = 0;
        r.body = tt_str_of(error_text);
    }
    wire_u32(b, (uint32_t)code);
    wire_u32(b, r.status);
    wire_str(b, r.body);
    wire_u64(b, r.retry_after_ms);
    codec_put_text(b, r.location);
}

int codec_get_http_answer(struct tt_str bytes, int *code,
                          struct tt_http_response *response, struct err *e)
{
    struct codec_in in = codec_in_of(bytes, NULL);

    *code = (int32_t)wire_get_u32(&in.r);
    if (*code != 0 && !known_code(*code))
        codec_bad(&in, "an unknown error code");
    response->size = sizeof *response;
    response->status = wire_get_u32(&in.r);
    response->body = codec_get_bytes(&in);
    response->retry_after_ms = wire_get_u64(&in.r);
    response->location = codec_get_text(&in);
    if (*code == 0 ? response->status < 100 || response->status > 599
                   : response->status != 0)
        codec_bad(&in, "an HTTP status that cannot be");
    return codec_end(&in, "answer", e);
}

/* --- DATA ---------------------------------------------------------------- */

void codec_put_data(struct buf *b, uint32_t split, uint64_t id)
{
    wire_u32(b, split);
    wire_u64(b, id);
}

int codec_get_data(struct tt_str bytes, uint32_t *split, uint64_t *id,
                   struct err *e)
{
    struct codec_in in = codec_in_of(bytes, NULL);

    *split = codec_get_enum(&in, TT_TRAIN, TT_HOLDOUT, "an unknown split");
    *id = wire_get_u64(&in.r);
    return codec_end(&in, "case", e);
}

void codec_put_data_answer(struct buf *b, int code, struct tt_str text)
{
    wire_u32(b, (uint32_t)code);
    codec_put_text(b, text);
}

int codec_get_data_answer(struct tt_str bytes, int *code, struct tt_str *text,
                          struct err *e)
{
    struct codec_in in = codec_in_of(bytes, NULL);

    *code = (int32_t)wire_get_u32(&in.r);
    if (*code != 0 && !known_code(*code))
        codec_bad(&in, "an unknown error code");
    *text = codec_get_text(&in);
    return codec_end(&in, "answer", e);
}

/* --- SNAPSHOT and EXPLAIN ------------------------------------------------ */

void codec_put_state(struct buf *b, uint32_t schema, struct tt_str bytes)
{
    wire_u32(b, schema);
    wire_str(b, bytes);
}

int codec_get_state(struct tt_str bytes, struct tt_snapshot *state,
                    struct err *e)
{
    struct codec_in in = codec_in_of(bytes, NULL);
    struct tt_str text;

    state->size = sizeof *state;
    state->schema = wire_get_u32(&in.r);
    text = codec_get_bytes(&in);
    state->bytes = text.p;
    state->n = text.n;
    return codec_end(&in, "snapshot", e);
}

void codec_put_ref(struct buf *b, uint64_t ref)
{
    wire_u64(b, ref);
}

int codec_get_ref(struct tt_str bytes, uint64_t *ref, struct err *e)
{
    struct codec_in in = codec_in_of(bytes, NULL);

    *ref = wire_get_u64(&in.r);
    return codec_end(&in, "ref", e);
}
