/* SPDX-License-Identifier: MIT
 *
 * behave_open.c - B1 to B4: configurations, services, closing. */
#include "config.h"

#include <string.h>

#include "core/base/schema.h"
#include "core/check/checks.h"
#include "core/check/subject.h"

#define N_CONFIGS 60

static bool may_refuse(int code)
{
    return code == TT_EINVAL || code == TT_EUNSUPPORTED || code == TT_ENOMEM ||
           code == TT_EPERM;
}

/* What it may not answer at all is for B5 to find. */
static bool works(int rc)
{
    return rc == 0 || rc == TT_EPLUGIN;
}

/* --- B1: it opens -------------------------------------------------------- */

static void try_problems(struct check_run *c, struct subject *s)
{
    struct reference r;
    struct drive d;
    char why[300];
    size_t i, n = 0;

    for (i = 0; i < reference_n(); i++) {
        if (subject_takes(s, c, i, &r, why)) {
            n++;
            drive_init(&d, &s->with);
            if (drive_open(&d, &r.problem, NULL) != 0)
                check_fail(c, "problem \"%s\": validate takes it, open does "
                           "not: %s", r.name, d.error.message);
            drive_fini(&d);
        } else if (why[0] != '\0') {
            check_say(c, "it declines %s", why);
        }
        reference_fini(&r);
    }
    if (n == 0)
        check_fail(c, "it declines every reference problem\n%s",
                   c->message.data != NULL ? c->message.data : "");
}

static void try_setup(struct check_run *c, struct subject *s,
                      const struct reference *r)
{
    struct adapt a;

    if (adapt_begin(&a, &s->with, r, s->evaluation) != 0)
        check_fail(c, "it does not open with its default configuration: %s",
                   a.d.error.message);
    adapt_end(&a);
}

/* One that the schema allows may be refused, but not with any code, and what is
 * taken must work. */
static void try_config(struct check_run *c, struct subject *s, unsigned number)
{
    struct reference r;
    struct play p;
    struct adapt a;
    int rc = 0;

    if (s->plugin->adapter != NULL) {
        (void)reference_make(&r, REFERENCE_MIXED, s->plugin, s->tt_config, 1);
        rc = adapt_begin(&a, &s->with, &r, s->evaluation);
        if (rc != 0 && !may_refuse(rc))
            check_fail(c, "configuration %u, %s: open fails with %s: %s",
                       number, json_object_to_json_string(s->config),
                       err_name(rc), a.d.error.message);
        adapt_end(&a);
    } else if (subject_problem(s, c, &r)) {
        rc = play_begin(&p, &s->with, &r, NULL);
        if (rc != 0 && !may_refuse(rc))
            check_fail(c, "configuration %u, %s: open fails with %s: %s",
                       number, json_object_to_json_string(s->config),
                       err_name(rc), p.d.error.message);
        else if (rc == 0 && !works(play_step(&p, 1, NULL)))
            check_fail(c, "configuration %u, %s: it opens, and then: %s",
                       number, json_object_to_json_string(s->config),
                       p.d.error.message);
        play_end(&p);
    }
    reference_fini(&r);
}

static void try_configs(struct check_run *c, struct subject *s)
{
    json_object *schema = subject_schema(s->real);
    json_object *config;
    unsigned i;

    for (i = 0; i < N_CONFIGS && s->real->config_schema != NULL; i++) {
        config = config_draw(schema, c->o->seed * 1000 + i);
        if (!json_object_is_type(config, json_type_object) ||
            schema_apply(schema, config, "", NULL) != 0) {
            json_object_put(config);
            continue;
        }
        subject_configure(s, config);
        try_config(c, s, i);
    }
    json_object_put(schema);
}

void check_b1(struct check_run *c)
{
    struct reference r;
    struct subject s;

    if (subject_open(&s, c)) {
        if (s.plugin->strategy != NULL) {
            try_problems(c, &s);
        } else {
            (void)reference_make(&r, REFERENCE_MIXED, s.plugin, s.tt_config, 1);
            try_setup(c, &s, &r);
            reference_fini(&r);
        }
        if (c->status < CHECK_FAIL && c->o->config == NULL)
            try_configs(c, &s);
    }
    subject_close(&s);
}

/* --- B2: services that are not granted ----------------------------------- */

static bool requires(const struct tt_plugin *p, const char *service)
{
    const char *const *id;

    for (id = p->services; id != NULL && *id != NULL; id++)
        if (strcmp(*id, service) == 0)
            return true;
    return false;
}

static void without_data(struct check_run *c, struct subject *s)
{
    struct reference r;
    struct play p;

    s->services.data = NULL;
    if (subject_problem(s, c, &r)) {
        if (play_begin(&p, &s->with, &r, NULL) != 0 || !works(play_run(&p, 6)))
            check_fail(c, "without " TT_SERVICE_DATA ", which it does not list "
                       "as required: %s", p.d.error.message);
        play_end(&p);
    }
    reference_fini(&r);
}

static void without_http(struct check_run *c, struct subject *s)
{
    struct adapt_batch batch = { .label = "without", .n = 2, .n_cases = 2,
                                 .bad_case = -1 };
    struct reference r;
    struct adapt a;

    s->services.http = NULL;
    if (!subject_setup(s, c, &r))
        return;
    if (adapt_begin(&a, &s->with, &r, s->evaluation) != 0 ||
        !works(adapt_submit(&a, &batch)))
        check_fail(c, "without " TT_SERVICE_HTTP ", which it does not list as "
                   "required: %s", a.d.error.message);
    adapt_end(&a);
    reference_fini(&r);
}

void check_b2(struct check_run *c)
{
    struct subject s;

    if (subject_open(&s, c)) {
        if (s.plugin->strategy != NULL && requires(s.plugin, TT_SERVICE_DATA))
            check_say(c, "it requires " TT_SERVICE_DATA ": a host without it "
                      "refuses the plugin");
        else if (s.plugin->strategy != NULL)
            without_data(c, &s);
        else if (requires(s.plugin, TT_SERVICE_HTTP))
            check_say(c, "it requires " TT_SERVICE_HTTP ": a host without it "
                      "refuses the plugin");
        else
            without_http(c, &s);
    }
    subject_close(&s);
}

/* --- B3: closing --------------------------------------------------------- */

/* Open; then the first `deeds` of: a step, results, a step whose sink fails. */
static void close_after(struct subject *s, const struct reference *r, int deeds)
{
    struct play p;

    if (play_begin(&p, &s->with, r, NULL) == 0) {
        if (deeds > 0)
            (void)play_step(&p, 1, NULL);
        if (deeds > 1)
            (void)play_run(&p, 3);
        if (deeds > 2) {
            shim.fail_sink_at = 0;
            (void)play_step(&p, 1, NULL);
            shim.fail_sink_at = -1;
        }
    }
    play_end(&p);
}

static void close_strategies(struct check_run *c, struct subject *s)
{
    struct play p[3];
    struct reference r;
    size_t i;

    if (subject_problem(s, c, &r)) {
        for (i = 0; i < 4; i++)
            close_after(s, &r, (int)i);
        for (i = 0; i < 3; i++)
            if (play_begin(&p[i], &s->with, &r, NULL) == 0)
                (void)play_run(&p[i], i);
        for (i = 0; i < 3; i++) /* not in the order in which they came */
            play_end(&p[(i + 1) % 3]);
    }
    reference_fini(&r);
    check_stage("close(NULL)");
    s->real->strategy->close(NULL);
}

static void close_adapters(struct check_run *c, struct subject *s)
{
    struct adapt_batch batch = { .label = "close", .n = 2, .n_cases = 1,
                                 .bad_case = -1 };
    struct reference r;
    struct adapt a[2];
    int i;

    (void)c;
    (void)reference_make(&r, REFERENCE_MIXED, s->plugin, s->tt_config, 1);
    for (i = 0; i < 3; i++) {
        if (adapt_begin(&a[0], &s->with, &r, s->evaluation) == 0 && i > 0) {
            shim.fail_sink_at = i > 1 ? 0 : -1;
            (void)adapt_submit(&a[0], &batch);
            shim.fail_sink_at = -1;
        }
        adapt_end(&a[0]);
    }
    (void)adapt_begin(&a[0], &s->with, &r, s->evaluation);
    (void)adapt_begin(&a[1], &s->with, &r, s->evaluation);
    adapt_end(&a[0]);
    adapt_end(&a[1]);
    reference_fini(&r);
    check_stage("close(NULL)");
    s->real->adapter->close(NULL);
}

void check_b3(struct check_run *c)
{
    struct subject s;

    if (subject_open(&s, c)) {
        if (s.plugin->strategy != NULL)
            close_strategies(c, &s);
        else
            close_adapters(c, &s);
    }
    subject_close(&s);
}

/* --- B4: nothing is asked for while it opens ----------------------------- */

void check_b4(struct check_run *c)
{
    struct reference r;
    struct subject s;
    struct adapt a;
    struct drive d;

    if (subject_open(&s, c)) {
        if (s.plugin->adapter != NULL) {
            (void)reference_make(&r, REFERENCE_MIXED, s.plugin, s.tt_config, 1);
            (void)adapt_begin(&a, &s.with, &r, s.evaluation);
            adapt_end(&a);
            reference_fini(&r);
        } else if (subject_problem(&s, c, &r)) {
            drive_init(&d, &s.with);
            (void)drive_open(&d, &r.problem, NULL);
            drive_fini(&d);
            reference_fini(&r);
        }
        if (shim.n_early > 0)
            check_fail(c, "%u services were called from validate or open",
                       (unsigned)shim.n_early);
    }
    subject_close(&s);
}
