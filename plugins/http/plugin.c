/* SPDX-License-Identifier: MIT
 *
 * plugin.c - the adapter `http`: a JSON endpoint scores the candidates. The
 * description, and the way in and out of an instance. */
#include <stdlib.h>
#include <string.h>

#include "http.h"

static int http_validate(const struct tt_setup *setup, struct tt_error *e)
{
    struct settings settings;
    int code = settings_read(&settings, setup, e);

    settings_fini(&settings);
    return code;
}

static void http_close(struct tt_instance *self)
{
    if (self == NULL)
        return;
    settings_fini(&self->settings);
    free(self);
}

static int http_open(const struct tt_host *host, const struct tt_setup *setup,
                     struct tt_instance **out, struct tt_error *e)
{
    struct tt_instance *self = calloc(1, sizeof *self);
    int code;

    if (self == NULL)
        return tt_fail(e, TT_ENOMEM, "http: out of memory");
    self->host = host;
    self->setup = setup;
    self->http = host->get_service(host, TT_SERVICE_HTTP);
    if (self->http == NULL) {
        code = tt_fail(e, TT_EUNSUPPORTED, "http: the host gives no %s",
                       TT_SERVICE_HTTP);
        goto fail;
    }
    code = settings_read(&self->settings, setup, e);
    if (code != 0)
        goto fail;
    *out = self;
    return 0;
fail:
    http_close(self);
    return code;
}

static const struct tt_admin admin = { admin_call };

static const void *http_extension(const char *id)
{
    return strcmp(id, TT_EXTENSION_ADMIN) == 0 ? &admin : NULL;
}

static const struct tt_adapter adapter = {
    .validate = http_validate,
    .open = http_open,
    .submit = submit_submit,
    .collect = collect_collect,
    .find = collect_find,
    .abandon = collect_abandon,
    .close = http_close,
    .get_extension = http_extension,
};

static const char *const services[] = { TT_SERVICE_HTTP, NULL };

static const struct tt_plugin description = {
    .size = sizeof(struct tt_plugin),
    .abi_major = TT_ABI_MAJOR,
    .abi_minor = TT_ABI_MINOR,
    .kind = TT_KIND_ADAPTER,
    .id = "http",
    .version = "0.1.0",
    .name = "HTTP",
    .summary = "Lets a JSON endpoint of yours score the candidates.",
    .vendor = "Trimtab",
    .license = "MIT",
    .url = NULL,
    .config_schema = config_schema,
    .services = services,
    .caps = TT_CAP_PENDING,
    .param_kinds = TT_KINDS_NUMERIC | TT_KIND_BIT(TT_TEXT),
    .adapter = &adapter,
};

TT_DECLARE_PLUGIN(description, TT_KIND_ADAPTER, "http", "0.1.0");
