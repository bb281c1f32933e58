/* SPDX-License-Identifier: MIT
 *
 * zoo_evil.c - an adapter that does what its configuration says: `how` names
 * the deed; `url` is an address that it may ask. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <trimtab/adapter.h>
#include <unistd.h>

struct tt_instance {
    const struct tt_host *host;
    const struct tt_http_service *http;
    char how[32], url[256];
};

static char *volatile big; /* 100 MB */

static int is(const struct tt_instance *self, const char *how)
{
    return strcmp(self->how, how) == 0;
}

static int fault(void)
{
    volatile int *volatile nowhere = (volatile int *)(uintptr_t)8;

    return *nowhere;
}

static void copy(struct tt_str from, char *to, size_t size)
{
    (void)snprintf(to, size, "%.*s", (int)(from.n < 1000 ? from.n : 1000),
                   from.n > 0 ? from.p : "");
}

static int evil_open(const struct tt_host *host, const struct tt_setup *setup,
                     struct tt_instance **out, struct tt_error *e)
{
    struct tt_instance *self = calloc(1, sizeof *self);

    if (self == NULL)
        return tt_fail(e, TT_ENOMEM, "evil: out of memory");
    self->host = host;
    self->http = host->get_service(host, TT_SERVICE_HTTP);
    copy(tt_config_text(setup->config, "how", "none"), self->how,
         sizeof self->how);
    copy(tt_config_text(setup->config, "url", ""), self->url,
         sizeof self->url);
    if (is(self, "open-crash"))
        return fault();
    if (is(self, "open-null"))
        return 0;
    if (is(self, "open-refusal"))
        return tt_fail(e, TT_EAUTH, "evil: I do not like you");
    *out = self;
    return 0;
}

/* --- http ------------------------------------------------------------------- */

static int ask(struct tt_instance *self, const char *url,
               const struct tt_http_header *header, struct tt_error *e)
{
    struct tt_http_request request = { .size = sizeof request };
    struct tt_http_response response = { .size = sizeof response };

    request.method = tt_str_of("GET");
    request.url = tt_str_of(url);
    request.headers = header;
    request.n_headers = header != NULL;
    return self->http->fetch(self->host, &request, &response, e);
}

static int do_http(struct tt_instance *self, struct tt_error *e)
{
    static const char junk[] = "\4\0\0\0\36\0\1\0\1\0\0\x80junk";
    struct tt_http_header header = { { "X-Evil", 6 }, { "", 0 } };
    char file[64];

    if (is(self, "http-elsewhere"))
        return ask(self, "http://192.0.2.1/evil", NULL, e);
    if (is(self, "http-file")) {
        (void)snprintf(file, sizeof file, "file:///proc/%d/environ",
                       (int)getppid());
        return ask(self, file, NULL, e);
    }
    if (is(self, "http-secret")) {
        header.value = tt_str_of("${secret:nobodys}");
        return ask(self, self->url, &header, e);
    }
    if (is(self, "http-header")) {
        header.value = tt_str_of("x\r\nHost: evil\r\n\r\nGET / HTTP/1.1");
        return ask(self, self->url, &header, e);
    }
    if (is(self, "http-junk"))
        return write(3, junk, sizeof junk - 1) == sizeof junk - 1
                   ? 0
                   : tt_fail(e, TT_EIO, "evil: %s", strerror(errno));
    while (is(self, "http-flood")) /* and its own clock stands still */
        (void)ask(self, self->url, NULL, e);
    return 0;
}

/* --- submit --------------------------------------------------------------- */

static void bend(const struct tt_instance *self, struct tt_outcome *o)
{
    if (is(self, "alien"))
        o->id = tt_str_of("nobody");
    if (is(self, "size"))
        o->size = 3;
    if (is(self, "state"))
        o->state = 99;
    if (is(self, "handle"))
        o->state = TT_RUNNING;
    if (is(self, "null"))
        o->outputs.p = NULL;
    if (is(self, "length"))
        o->outputs.n = UINT64_C(1) << 62;
    if (is(self, "utf8"))
        o->outputs = tt_str_of("{\"x\":\"\xff\xfe\"}");
    if (is(self, "junk"))
        o->outputs = tt_str_of("outputs, outputs, outputs");
    if (is(self, "nan"))
        o->outputs = tt_str_of("{\"node_results\":{\"score\":{\"metric_name\":"
                               "\"score\",\"corpus_score\":NaN}}}");
    if (is(self, "short"))
        o->outputs = tt_str_of(
            "{\"node_results\":{\"score\":{\"metric_name\":\"score\","
            "\"corpus_score\":0.5,\"per_item\":[1,0,1,1,1,1,1,1,1,1,1,1,1,1,1,"
            "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}}}");
    if (is(self, "cost"))
        o->cost = -HUGE_VAL;
    if (is(self, "refused")) {
        o->state = TT_REFUSED;
        o->message = tt_str_of("evil: not for you");
    }
    if (is(self, "100mb") && (big = malloc(100u << 20)) != NULL) {
        memset(big, ' ', 100u << 20);
        o->outputs.p = big;
        o->outputs.n = 100u << 20;
    }
    if (strncmp(self->how, "collect", 7) == 0 || is(self, "http-flood")) {
        o->state = TT_RUNNING;
        o->handle = tt_str_of("h");
        o->outputs.n = 0;
    }
}

static int evil_submit(struct tt_instance *self, const struct tt_batch *batch,
                       const struct tt_outcome_sink *sink, struct tt_error *e)
{
    struct tt_outcome o;
    uint64_t i;
    int rc = 0;

    if (is(self, "submit-crash"))
        return fault();
    if (is(self, "submit-hang"))
        (void)sleep(3600);
    if (is(self, "code"))
        return 4711;
    if (strncmp(self->how, "http", 4) == 0 && !is(self, "http-flood"))
        rc = do_http(self, e);
    for (i = 0; i < batch->n_evaluations && rc == 0 && !is(self, "none"); i++) {
        memset(&o, 0, sizeof o);
        o.size = sizeof o;
        o.state = TT_SUCCEEDED;
        o.id = batch->evaluations[i].id;
        o.outputs = tt_str_of("{\"node_results\":{\"score\":{\"metric_name\":"
                              "\"score\",\"corpus_score\":0.5}}}");
        bend(self, &o);
        rc = sink->emit(sink, &o);
        if (is(self, "twice") && rc == 0)
            rc = sink->emit(sink, &o);
    }
    return rc;
}

/* --- the others ----------------------------------------------------------- */

static int evil_collect(struct tt_instance *self, const struct tt_str *handles,
                        uint64_t n, const struct tt_outcome_sink *sink,
                        uint64_t *again_ms, struct tt_error *e)
{
    struct tt_outcome o = { .size = sizeof o, .state = TT_SUCCEEDED };

    (void)handles;
    (void)n;
    *again_ms = UINT64_MAX;
    if (is(self, "http-flood"))
        return do_http(self, e);
    if (is(self, "collect-crash"))
        return fault();
    if (is(self, "collect-hang"))
        (void)sleep(3600);
    o.handle = tt_str_of("somebody else's");
    return sink->emit(sink, &o);
}

/* Everything that is looked for is there, and is not what it was. */
static int evil_find(struct tt_instance *self, struct tt_str label,
                     const struct tt_outcome_sink *sink, struct tt_error *e)
{
    struct tt_outcome o = { .size = sizeof o, .state = TT_SUCCEEDED };

    (void)self;
    (void)e;
    o.id = label;
    o.outputs = tt_str_of("{}");
    return sink->emit(sink, &o);
}

static int evil_abandon(struct tt_instance *self, struct tt_str handle,
                        struct tt_error *e)
{
    (void)self;
    (void)handle;
    return tt_fail(e, TT_EINTERNAL, "evil: never");
}

static void evil_close(struct tt_instance *self)
{
    free(self);
}

static const struct tt_adapter adapter = {
    .open = evil_open,       .submit = evil_submit,
    .collect = evil_collect, .find = evil_find,
    .abandon = evil_abandon, .close = evil_close,
};
static const char *const services[] = { TT_SERVICE_HTTP, NULL };
static const struct tt_plugin plugin = {
    .size = sizeof plugin, .abi_major = TT_ABI_MAJOR,
    .abi_minor = TT_ABI_MINOR_WANTED, .kind = TT_KIND_ADAPTER,
    .id = "zoo-evil", .version = "1.0.0", .name = "zoo-evil",
    .summary = "An animal of the zoo.", .vendor = "trimtab", .license = "MIT",
    .config_schema = "{\"type\":\"object\",\"properties\":{"
                     "\"how\":{\"type\":\"string\",\"default\":\"none\"},"
                     "\"url\":{\"type\":\"string\",\"default\":\"\"}}}",
    .services = services, .adapter = &adapter,
};
TT_DECLARE_PLUGIN(plugin, TT_KIND_ADAPTER, "zoo-evil", "1.0.0");
