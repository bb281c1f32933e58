/* SPDX-License-Identifier: MIT
 *
 * zoo_adapter.c - an adapter that asks one URL for every evaluation and takes
 * the body for the outputs, at once. */
#include <stdlib.h>
#include <trimtab/adapter.h>

struct tt_instance {
    const struct tt_host *host;
    const struct tt_http_service *http;
};

static int adapter_open(const struct tt_host *host,
                        const struct tt_setup *setup, struct tt_instance **out,
                        struct tt_error *e)
{
    struct tt_instance *self = calloc(1, sizeof *self);

    (void)setup;
    if (self == NULL)
        return tt_fail(e, TT_ENOMEM, "zoo: out of memory");
    self->host = host;
    self->http = host->get_service(host, TT_SERVICE_HTTP);
    *out = self;
    return 0;
}

static int adapter_submit(struct tt_instance *self,
                          const struct tt_batch *batch,
                          const struct tt_outcome_sink *sink,
                          struct tt_error *e)
{
    struct tt_http_request request = { .size = sizeof request };
    struct tt_http_response response = { .size = sizeof response };
    struct tt_outcome outcome = { .size = sizeof outcome };
    uint64_t i;
    int rc = 0;

    request.method = tt_str_of("GET");
    request.url = tt_str_of("http://127.0.0.1:9/zoo");
    for (i = 0; i < batch->n_evaluations && rc == 0; i++) {
        rc = self->http->fetch(self->host, &request, &response, e);
        if (rc != 0)
            return rc;
        outcome.state = TT_SUCCEEDED;
        outcome.id = batch->evaluations[i].id;
        outcome.outputs = response.body;
        rc = sink->emit(sink, &outcome);
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
static const char *const services[] = { TT_SERVICE_HTTP, NULL };
static const struct tt_plugin plugin = {
    .size = sizeof plugin, .abi_major = TT_ABI_MAJOR,
    .abi_minor = TT_ABI_MINOR_WANTED, .kind = TT_KIND_ADAPTER,
    .id = "zoo-adapter", .version = "1.0.0", .name = "zoo-adapter",
    .summary = "An animal of the zoo.", .vendor = "trimtab", .license = "MIT",
    .config_schema = "{\"type\":\"object\"}", .services = services,
    .adapter = &adapter,
};
TT_DECLARE_PLUGIN(plugin, TT_KIND_ADAPTER, "zoo-adapter", "1.0.0");
