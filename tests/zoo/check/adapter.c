/* SPDX-License-Identifier: MIT
 *
 * adapter.c - an adapter that keeps the contract: it scores by a sum (or, with
 * -DWEB, asks a server whether it may). Compiled with -DFAULT_x it breaks one
 * promise and no other; `animals` says which check must notice. */
#include <math.h>
#include <stdlib.h>
#include <trimtab/adapter.h>

#ifndef ID
#define ID "good-adapter"
#endif
#ifndef VERSION
#define VERSION "1.0.0"
#endif
#ifndef CAPS
#define CAPS TT_CAP_DETERMINISTIC
#endif

struct tt_instance {
    const struct tt_host *host;
    const struct tt_http_service *http;
};

#include "faults.h"

/* --- one evaluation ------------------------------------------------------ */

static double score_of(const struct tt_evaluation *v)
{
    double sum = 0;
    uint64_t i;

    for (i = 0; i < v->candidate.n_values; i++)
        sum += tt_candidate_value(&v->candidate, i)->number;
#ifdef FAULT_B21
    static unsigned n;

    sum += ++n;
#endif
#ifdef FAULT_U6
    sum += 1;
#endif
    return sum;
}

static void succeed(struct tt_outcome *o, const struct tt_evaluation *v,
                    char text[200])
{
    (void)snprintf(text, 200, "{\"node_results\":{\"score\":{\"metric_name\":"
                   "\"score\",\"corpus_score\":%.17g}}}", score_of(v));
    o->state = TT_SUCCEEDED;
    o->outputs = tt_str_of(text);
#ifdef FAULT_B5_OUTPUTS
    o->outputs = tt_str_of("7 of 10");
#endif
}

/* 0 with *o filled in, or what submit fails with. */
static int ask_server(struct tt_instance *self, struct tt_outcome *o,
                      const struct tt_evaluation *v, char text[200],
                      struct tt_error *e)
{
    struct tt_http_request request = { .size = sizeof request };
    struct tt_http_response response = { .size = sizeof response };
    int rc, tries = 0;

    request.method = tt_str_of("GET");
    request.url = tt_str_of("http://127.0.0.1:9/may-i");
    do {
        rc = self->http->fetch(self->host, &request, &response, e);
        tries++;
#if defined(FAULT_B9)
    } while (rc == TT_ECANCELLED && tries < 100);
#elif defined(FAULT_B20)
    } while ((rc == TT_ELIMIT || rc == TT_EBUDGET) && tries < 100);
#else
    } while (0);
#endif
    if (rc == TT_ELIMIT || rc == TT_EBUDGET) {
        o->state = TT_LATER;
        o->retry_after_ms = 1000;
        o->message = tt_str_of("the host says: later");
        return 0;
    }
    if (rc != 0)
        return rc;
    if (response.status == 200) {
        succeed(o, v, text);
#ifdef FAULT_B10
        o->outputs = response.body;
#endif
    } else {
        o->state = TT_LOST;
        o->message = tt_str_of("the server says no");
    }
    return 0;
}

/* --- the calls ----------------------------------------------------------- */

static int adapter_open(const struct tt_host *host,
                        const struct tt_setup *setup, struct tt_instance **out,
                        struct tt_error *e)
{
    struct tt_instance *self = calloc(1, sizeof *self);

    (void)setup;
    if (self == NULL)
        return tt_fail(e, TT_ENOMEM, ID ": no memory");
    self->host = host;
    self->http = host->get_service(host, TT_SERVICE_HTTP);
    *out = self;
    return 0;
}

static const struct tt_evaluation *evaluation_at(const struct tt_batch *b,
                                                 uint64_t i)
{
    return (const struct tt_evaluation *)(const void *)(
        (const char *)b->evaluations + i * b->evaluation_size);
}

#ifdef FAULT_B21_BATCH
static int all_wanted(const struct tt_batch *batch)
{
    const struct tt_evaluation *v;
    const struct tt_case *c;
    uint64_t i, k;

    for (i = 0; i < batch->n_evaluations; i++) {
        v = evaluation_at(batch, i);
        for (k = 0; k < v->n_cases; k++) {
            c = (const struct tt_case *)(const void *)(
                (const char *)v->cases + k * v->case_size);
            if (c->content.n < 30)
                return 0;
        }
    }
    return 1;
}
#endif

static int adapter_submit(struct tt_instance *self,
                          const struct tt_batch *batch,
                          const struct tt_outcome_sink *sink,
                          struct tt_error *e)
{
    struct tt_outcome o;
    char text[200];
    uint64_t i;
    int rc = 0;

    (void)e;
#ifdef FAULT_B21_BATCH
    if (!all_wanted(batch))
        return tt_fail(e, TT_EINVAL, "a case is no case");
#endif
    for (i = 0; i < batch->n_evaluations && rc == 0; i++) {
        const struct tt_evaluation *v = evaluation_at(batch, i);

        memset(&o, 0, sizeof o);
        o.size = sizeof o;
        o.id = v->id;
#ifdef WEB
        rc = ask_server(self, &o, v, text, e);
#else
        (void)self;
        (void)ask_server;
        succeed(&o, v, text);
#endif
        if (rc == 0)
            rc = sink->emit(sink, &o);
#ifdef FAULT_B5_TWICE
        if (rc == 0)
            rc = sink->emit(sink, &o);
#endif
#ifdef FAULT_B8
        rc = 0;
#endif
    }
    return rc;
}

static int adapter_collect(struct tt_instance *self,
                           const struct tt_str *handles, uint64_t n,
                           const struct tt_outcome_sink *sink,
                           uint64_t *again_ms, struct tt_error *e)
{
    (void)self;
    (void)handles;
    (void)n;
    (void)sink;
    (void)e;
    *again_ms = 1000;
#ifdef FAULT_B6
    if (n > 0)
        return tt_fail(e, TT_ENOENT, "I know no handles");
#endif
    return 0;
}

static int adapter_find(struct tt_instance *self, struct tt_str label,
                        const struct tt_outcome_sink *sink, struct tt_error *e)
{
    (void)self;
    (void)label;
    (void)sink;
    (void)e;
    return 0;
}

static int adapter_abandon(struct tt_instance *self, struct tt_str handle,
                           struct tt_error *e)
{
    (void)self;
    (void)handle;
    (void)e;
    return 0;
}

static void adapter_close(struct tt_instance *self)
{
    free(self);
}

static const struct tt_adapter adapter = {
    .open = adapter_open,       .submit = adapter_submit,
    .collect = adapter_collect, .find = adapter_find,
    .abandon = adapter_abandon, .close = adapter_close,
};
#if defined(WEB) && !defined(FAULT_B2)
static const char *const services[] = { TT_SERVICE_HTTP, NULL };
#define SERVICES services
#else
#define SERVICES NULL
#endif

static const struct tt_plugin good_plugin = {
    .size = sizeof(struct tt_plugin), .abi_major = TT_ABI_MAJOR,
    .abi_minor = TT_ABI_MINOR_WANTED, .kind = TT_KIND_ADAPTER,
    .id = ID, .version = VERSION, .name = ID,
    .summary = "An animal of the zoo.", .vendor = "trimtab",
    .license = LICENSE_TEXT, .config_schema = SCHEMA,
    .services = SERVICES, .caps = CAPS, .adapter = &adapter,
};
DECLARE(good_plugin, TT_KIND_ADAPTER, ID, VERSION);
