/* SPDX-License-Identifier: MIT
 *
 * world.c - see world.h. */
#include "config.h"

#include <string.h>

#include "core/check/problem.h"
#include "core/check/world.h"
#include "core/host/codec_wire.h"

void world_init(struct world *w)
{
    memset(w, 0, sizeof *w);
    w->answer.status = 200;
    w->answer.body = "{}";
}

void world_call(struct world *w)
{
    w->n_in_call = 0;
}

static void take_log(void *ctx, int level, struct tt_str text)
{
    struct world *w = ctx;

    (void)level;
    w->n_logs++;
    w->bad_log |= !codec_is_text(text);
}

static int fetch(void *ctx, const struct tt_http_request *request,
                 struct tt_http_response *response, struct tt_error *e)
{
    struct world *w = ctx;
    const struct world_answer *a = &w->answer;
    int code = a->code;

    w->n_http++;
    if (++w->n_in_call >= w->fail_at && w->fail_at > 0)
        code = w->fail_code;
    response->status = a->status;
    response->retry_after_ms = a->retry_after_ms;
    if (code != 0) {
        if (e != NULL)
            e->retry_after_ms = (uint32_t)a->retry_after_ms;
        return tt_fail(e, code, "%.*s: no answer: %s",
                       (int)(request->url.n < 200 ? request->url.n : 200),
                       request->url.p != NULL ? request->url.p : "",
                       err_code(code));
    }
    response->body.p = a->body;
    response->body.n = a->body_n > 0 ? a->body_n : strlen(a->body);
    if (request->max_body_bytes > 0 &&
        response->body.n > request->max_body_bytes) {
        response->body.n = 0;
        return tt_fail(e, TT_ETOOBIG, "the body is too long");
    }
    return 0;
}

static int read_case(void *ctx, uint32_t split, uint64_t id, struct buf *out,
                     struct tt_error *e)
{
    struct world *w = ctx;

    w->n_data++;
    if (w->data_code != 0)
        return tt_fail(e, w->data_code, "case %u: %s", (unsigned)id,
                       err_code(w->data_code));
    if (split != TT_TRAIN) {
        w->refused = true;
        return tt_fail(e, TT_EPERM, "case %u: not of the training split",
                       (unsigned)id);
    }
    if (id >= (w->cases != NULL ? w->n_cases : REFERENCE_CASES))
        return tt_fail(e, TT_ENOENT, "case %u: there is none", (unsigned)id);
    if (w->cases != NULL)
        buf_add(out, w->cases[id].p, (size_t)w->cases[id].n);
    else
        reference_case(id, out);
    return 0;
}

struct host_services world_services(struct world *w)
{
    struct host_services s = { .ctx = w, .log = take_log, .http = fetch,
                               .data = read_case };

    return s;
}
