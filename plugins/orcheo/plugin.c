/* SPDX-License-Identifier: MIT
 *
 * plugin.c - the adapter `orcheo`: evaluates candidates in Orcheo workflows.
 * The description, and the way in and out of an instance. */
#include <stdlib.h>
#include <string.h>

#include "orcheo.h"

static int orcheo_validate(const struct tt_setup *setup, struct tt_error *e)
{
    struct settings settings;
    struct evaluation evaluation;
    int code = settings_read(&settings, setup, e);

    if (code == 0) {
        code = evaluation_read(&evaluation, setup->evaluation, setup->space,
                               true, e);
        evaluation_fini(&evaluation);
    }
    settings_fini(&settings);
    return code;
}

static void orcheo_close(struct tt_instance *self)
{
    if (self == NULL)
        return;
    target_fini(&self->target);
    evaluation_fini(&self->evaluation);
    settings_fini(&self->settings);
    free(self->tracked);
    free(self);
}

/* A misspelt member would silently take its default. */
static void warn_unknown(struct tt_instance *self)
{
    static const char *const known[] = {
        "workflow", "version", "mode", "cases_key", "case_as",
        "cases_per_run", "inputs", "paths", "production", "slots",
        "timeout_seconds", "retries",
    };
    size_t i;

    json_object_object_foreach(self->evaluation.json, key, value) {
        (void)value;
        for (i = 0; i < sizeof known / sizeof *known; i++) {
            if (strcmp(key, known[i]) == 0)
                break;
        }
        if (i == sizeof known / sizeof *known)
            say(self, TT_LOG_WARN, "orcheo: evaluation: %.100s: unknown, "
                "ignored", key);
    }
}

/* No request is made here: the doctor must open where nothing works. */
static int orcheo_open(const struct tt_host *host,
                       const struct tt_setup *setup, struct tt_instance **out,
                       struct tt_error *e)
{
    struct tt_instance *self = calloc(1, sizeof *self);
    int code;

    if (self == NULL)
        return tt_fail(e, TT_ENOMEM, "orcheo: out of memory");
    self->host = host;
    self->setup = setup;
    self->http = host->get_service(host, TT_SERVICE_HTTP);
    if (self->http == NULL) {
        code = tt_fail(e, TT_EUNSUPPORTED, "orcheo: the host gives no %s",
                       TT_SERVICE_HTTP);
        goto fail;
    }
    code = settings_read(&self->settings, setup, e);
    if (code != 0)
        goto fail;
    code = evaluation_read(&self->evaluation, setup->evaluation, setup->space,
                           false, e);
    if (code != 0)
        goto fail;
    warn_unknown(self);
    *out = self;
    return 0;
fail:
    orcheo_close(self);
    return code;
}

static const struct tt_admin admin = { admin_call };

static const void *orcheo_extension(const char *id)
{
    return strcmp(id, TT_EXTENSION_ADMIN) == 0 ? &admin : NULL;
}

static const struct tt_adapter adapter = {
    .validate = orcheo_validate,
    .open = orcheo_open,
    .submit = dispatch_submit,
    .collect = collect_collect,
    .find = collect_find,
    .abandon = collect_abandon,
    .close = orcheo_close,
    .get_extension = orcheo_extension,
};

static const char *const services[] = { TT_SERVICE_HTTP, NULL };

static const struct tt_plugin description = {
    .size = sizeof(struct tt_plugin),
    .abi_major = TT_ABI_MAJOR,
    .abi_minor = TT_ABI_MINOR,
    .kind = TT_KIND_ADAPTER,
    .id = "orcheo",
    .version = "0.1.0",
    .name = "Orcheo",
    .summary = "Evaluates candidates in Orcheo workflows.",
    .vendor = "Trimtab",
    .license = "MIT",
    .url = NULL,
    .config_schema = config_schema,
    .services = services,
    .caps = TT_CAP_PENDING,
    .param_kinds = TT_KINDS_NUMERIC | TT_KIND_BIT(TT_TEXT),
    .adapter = &adapter,
};

TT_DECLARE_PLUGIN(description, TT_KIND_ADAPTER, "orcheo", "0.1.0");
