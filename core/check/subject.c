/* SPDX-License-Identifier: MIT
 *
 * subject.c - see subject.h. */
#include "config.h"

#include <string.h>

#include "core/base/fs.h"
#include "core/base/mem.h"
#include "core/base/schema.h"
#include "core/check/subject.h"

json_object *subject_schema(const struct tt_plugin *plugin)
{
    const char *text = plugin->config_schema != NULL ? plugin->config_schema
                                                     : "{}";

    return json_parse(text, strlen(text), &json_limits_request, NULL);
}

void subject_configure(struct subject *s, json_object *config)
{
    json_object_put(s->config);
    s->config = config;
    s->tt_config = codec_config(config, &s->arena);
}

/* The operator's, else the defaults; where the schema asks for more than it has
 * defaults for, something that it allows. */
static bool configure(struct subject *s, struct check_run *c)
{
    json_object *schema = subject_schema(s->real);
    json_object *config;
    struct err e = { 0 };
    bool good = true;

    config = c->o->config != NULL
                 ? json_parse_file(c->o->config, &json_limits_request, &e)
                 : json_object_new_object();
    if (config == NULL) {
        check_fail(c, "--config: %s", e.text);
        good = false;
    } else if (schema_apply(schema, config, "config", &e) != 0) {
        json_object_put(config);
        config = config_draw(schema, 0);
        if (c->o->config != NULL) {
            check_fail(c, "--config: %s", e.text);
            good = false;
        }
    }
    subject_configure(s, config);
    json_object_put(schema);
    return good;
}

static bool read_evaluation(struct subject *s, struct check_run *c)
{
    struct buf text = { 0 };
    struct err e = { 0 };

    if (c->o->evaluation == NULL) {
        s->evaluation = xstrdup("{}");
        return true;
    }
    if (fs_read(c->o->evaluation, 1u << 20, &text, &e) != 0 ||
        json_scan(text.data, text.len, &json_limits_request, &e) != 0) {
        check_fail(c, "--evaluation: %s", e.text);
        buf_fini(&text);
        return false;
    }
    s->evaluation = buf_steal(&text);
    return true;
}

bool subject_open(struct subject *s, struct check_run *c)
{
    struct err e = { 0 };

    memset(s, 0, sizeof *s);
    world_init(&s->world);
    s->services = world_services(&s->world);
    check_stage("loading");
    s->real = host_load(c->o->path, &e);
    check_stage("%s", "");
    if (s->real == NULL) {
        check_skip(c, "it is not loaded: %s", e.text);
        return false;
    }
    s->plugin = shim_plugin(s->real);
    s->with.plugin = s->plugin;
    s->with.services = &s->services;
    return configure(s, c) && read_evaluation(s, c);
}

void subject_close(struct subject *s)
{
    json_object_put(s->config);
    free(s->evaluation);
    arena_fini(&s->arena);
    buf_fini(&shim.faults);
    memset(s, 0, sizeof *s);
}

bool subject_takes(struct subject *s, struct check_run *c, size_t i,
                   struct reference *r, char why[300])
{
    struct drive d;
    int rc;

    why[0] = '\0';
    if (!reference_make(r, i, s->plugin, s->tt_config, c->o->seed))
        return false;
    drive_init(&d, &s->with);
    rc = drive_validate(&d, &r->problem);
    if (rc != 0)
        (void)snprintf(why, 300, "%.40s: %.250s", r->name, d.error.message);
    drive_fini(&d);
    return rc == 0;
}

bool subject_setup(struct subject *s, struct check_run *c, struct reference *r)
{
    struct adapt a;
    int rc;

    (void)reference_make(r, REFERENCE_MIXED, s->plugin, s->tt_config,
                         c->o->seed);
    rc = adapt_try(&a, &s->with, r, s->evaluation);
    if (rc != 0) {
        check_skip(c, "it declines the evaluation %.200s: %s; give it one that "
                   "it takes with --evaluation", s->evaluation,
                   a.d.error.message);
        reference_fini(r);
        memset(r, 0, sizeof *r);
    }
    adapt_end(&a);
    return rc == 0;
}

bool subject_problem(struct subject *s, struct check_run *c,
                     struct reference *r)
{
    char why[300];
    size_t i;

    for (i = 0; i < reference_n(); i++) {
        if (subject_takes(s, c, i, r, why))
            return true;
        reference_fini(r);
    }
    memset(r, 0, sizeof *r);
    check_skip(c, "it takes none of the reference problems");
    return false;
}

bool subject_any(struct subject *s, struct check_run *c, struct reference *r)
{
    return s->plugin->strategy != NULL ? subject_problem(s, c, r)
                                       : subject_setup(s, c, r);
}
