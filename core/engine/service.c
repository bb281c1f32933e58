/* SPDX-License-Identifier: MIT
 *
 * service.c - serve a worker's requests. */
#include "core/engine/service.h"

#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/engine/engine_runs.h"
#include "core/host/codec.h"

/* One request of the broker's that a worker waits for. */
struct service_call {
    struct service_call *next;
    struct service *service; /* NULL: nobody waits any more */
    struct engine *g;
    struct worker *worker;
    uint32_t number;
    uint64_t id;
};

/* --- HTTP ----------------------------------------------------------------- */

static void reply_http(struct worker *w, uint32_t number, int code,
                       const struct tt_http_response *response,
                       const char *text)
{
    struct buf payload = { 0 };

    codec_put_http_answer(&payload, code, response, text);
    worker_reply(w, number, FRAME_HTTP_ANSWER, buf_str(&payload));
    buf_fini(&payload);
}

static void unlink_call(struct service_call *call)
{
    struct service_call **p = &call->service->calls;

    while (*p != call)
        p = &(*p)->next;
    *p = call->next;
}

static void on_done(void *ctx, const struct broker_answer *answer)
{
    struct service_call *call = ctx;
    struct tt_http_response response = { .size = sizeof response };

    call->g->n_calls--;
    if (call->service != NULL) {
        unlink_call(call);
        response.status = answer->status;
        response.body = answer->body;
        response.retry_after_ms = answer->retry_after_ms;
        response.location = answer->location;
        reply_http(call->worker, call->number, answer->code, &response,
                   answer->text);
    }
    free(call);
}

/* The origins that are granted, borrowed; *all: every one that the broker
 * allows. The caller frees the list. */
static const char **granted(const struct service *s, bool *all)
{
    json_object *list = json_child(s->permissions, "http");
    size_t n = json_object_is_type(list, json_type_array)
                   ? json_object_array_length(list)
                   : 0, i;
    const char **origins = xcalloc(n + 1, sizeof *origins);

    *all = false;
    for (i = 0; i < n; i++) {
        origins[i] = json_object_get_string(json_object_array_get_idx(list, i));
        *all = *all || strcmp(origins[i], "*") == 0;
    }
    return origins;
}

static void serve_http(struct service *s, struct worker *w,
                       const struct frame *f)
{
    const struct tt_http_request *http = NULL;
    struct broker_request request = { .label = s->label, .done = on_done };
    struct service_call *call;
    struct arena arena = { 0 };
    struct err e = { 0 };
    const char **origins;
    bool all;

    if (codec_get_http(f->payload, &arena, &http, &e) != 0) {
        reply_http(w, f->number, TT_EPROTOCOL, NULL, e.text);
        arena_fini(&arena);
        return;
    }
    call = xcalloc(1, sizeof *call);
    call->service = s;
    call->g = s->g;
    call->worker = w;
    call->number = f->number;
    call->next = s->calls;
    s->calls = call;
    s->g->n_calls++;
    atomic_fetch_add(&s->g->n.http_calls, 1);
    request.http = *http;
    request.loop = s->g->loop;
    request.ctx = call;
    origins = granted(s, &all);
    request.only = all ? NULL : origins;
    call->id = broker_fetch(s->g->broker, &request);
    free(origins);
    arena_fini(&arena);
}

/* --- cases ---------------------------------------------------------------- */

static void reply_data(struct worker *w, uint32_t number, int code,
                       const char *text)
{
    struct buf payload = { 0 };

    codec_put_data_answer(&payload, code, tt_str_of(text));
    worker_reply(w, number, FRAME_DATA_ANSWER, buf_str(&payload));
    buf_fini(&payload);
}

/* Only train cases are shown. Asking for others is either a mistake or an
 * attempt to peek at what judges it: it goes into the audit. */
static void refuse_split(struct service *s, struct worker *w,
                         const struct frame *f, uint32_t split)
{
    static const char *const words[] = { "?", "train", "validation",
                                         "holdout" };
    const char *word = words[split < TT_ARRAY_LEN(words) ? split : 0];
    json_object *detail = json_object_new_object();
    char text[160], actor[96];

    (void)snprintf(text, sizeof text, "the content of %s cases is not for "
                   "strategies; only train cases are", word);
    (void)snprintf(actor, sizeof actor, "run:%.80s", s->label);
    json_set_str(detail, "split", word);
    engine_audit(s->g, actor, "run.data_refused", s->label, detail);
    atomic_fetch_add(&s->g->n.refused, 1);
    log_warn("data.refused", "run=%s split=%s", s->label, word);
    reply_data(w, f->number, TT_EPERM, text);
}

static void serve_data(struct service *s, struct worker *w,
                       const struct frame *f)
{
    struct err e = { 0 };
    uint32_t split = 0;
    uint64_t id = 0;

    if (codec_get_data(f->payload, &split, &id, &e) != 0)
        reply_data(w, f->number, TT_EPROTOCOL, e.text);
    else if (split != TT_TRAIN)
        refuse_split(s, w, f, split);
    else if (s->dataset == NULL || id >= s->dataset->n[TT_TRAIN])
        reply_data(w, f->number, TT_ENOENT, "there is no such train case");
    else
        reply_data(w, f->number, 0, s->dataset->cases[TT_TRAIN][id]);
}

/* --- both ----------------------------------------------------------------- */

void service_request(struct service *s, struct worker *w,
                     const struct frame *request)
{
    if (request->type == FRAME_HTTP)
        serve_http(s, w, request);
    else if (request->type == FRAME_DATA)
        serve_data(s, w, request);
}

void service_stop(struct service *s)
{
    while (s->calls != NULL) {
        struct service_call *call = s->calls;

        s->calls = call->next;
        call->service = NULL; /* on_done() frees it */
        broker_cancel(s->g->broker, call->id);
    }
}
