/* SPDX-License-Identifier: MIT
 *
 * loading.c - S13 and L1 to L5: the plugin is loaded and says who it is. */
#include "config.h"

#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/base/schema.h"
#include "core/check/checks.h"
#include "core/host/manifest.h"
#include "core/check/process_state.h"
#include "core/check/subject.h"

#define SLOW_MS 100
#define KNOWN_CAPS ((TT_CAP_CONDITIONS << 1) - 1u)
#define KNOWN_KINDS (TT_KINDS_NUMERIC | TT_KIND_BIT(TT_TEXT))

/* Only looked at by host_judge() when it is whole; so not before. */
static const struct tt_plugin *open_plugin(struct check_run *c,
                                           struct host_note *note,
                                           struct err *e)
{
    const struct tt_plugin *p;

    check_stage("loading");
    p = host_open(c->o->path, note, e);
    check_stage("%s", "");
    return p;
}

/* --- S13: the schema ----------------------------------------------------- */

static void try_defaults(struct check_run *c, json_object *schema)
{
    json_object *config = json_object_new_object();
    json_object *strange = json_object_new_object();
    struct err e = { 0 };

    if (schema_apply(schema, config, "{}", &e) != 0) {
        if (strstr(e.text, "is missing") == NULL)
            check_fail(c, "its defaults do not fit: %s", e.text);
        else
            check_note(c, "it has no default configuration: %s", e.text);
    }
    json_set_bool(strange, "no-such-setting", true);
    if (schema_apply(schema, strange, "", NULL) == 0)
        check_note(c, "a misspelt setting is not noticed: say "
                   "\"additionalProperties\": false");
    json_object_put(config);
    json_object_put(strange);
}

void check_s13(struct check_run *c)
{
    struct host_note note;
    struct err e = { 0 };
    const struct tt_plugin *p = open_plugin(c, &note, &e);
    json_object *schema;

    if (p == NULL || host_judge(p, &note, &e) != 0) {
        check_skip(c, "it is not loaded: %s", e.text);
        return;
    }
    if (p->config_schema == NULL) {
        check_say(c, "it has no configuration");
        return;
    }
    if (host_judge_schema(p, &note, &e) != 0) {
        check_fail(c, "%s", e.text);
        return;
    }
    schema = subject_schema(p);
    try_defaults(c, schema);
    json_object_put(schema);
}

/* --- L1: what it says of itself ------------------------------------------ */

static void judge_services(struct check_run *c, const struct tt_plugin *p)
{
    const char *const *id;

    for (id = p->services; id != NULL && *id != NULL; id++) {
        if (strcmp(*id, TT_SERVICE_HTTP) != 0 &&
            strcmp(*id, TT_SERVICE_DATA) != 0)
            check_fail(c, "it needs the service \"%.100s\", which does not "
                       "exist", *id);
        else if ((strcmp(*id, TT_SERVICE_HTTP) == 0) !=
                 (p->kind == TT_KIND_ADAPTER))
            check_fail(c, "it needs the service %s, which is not for %s", *id,
                       p->kind == TT_KIND_ADAPTER ? "adapters" : "strategies");
    }
}

static void judge_description(struct check_run *c, const struct tt_plugin *p)
{
    const char *unknown;

    if (!spdx_ok(p->license, &unknown))
        check_fail(c, "license \"%.100s\" is no SPDX expression, such as "
                   "\"MIT\"", p->license);
    if ((p->caps & ~KNOWN_CAPS) != 0)
        check_fail(c, "caps has unknown bits: %#x", p->caps & ~KNOWN_CAPS);
    if ((p->param_kinds & ~KNOWN_KINDS) != 0)
        check_fail(c, "param_kinds has unknown bits: %#x",
                   p->param_kinds & ~KNOWN_KINDS);
    if (p->kind == TT_KIND_STRATEGY && (p->param_kinds & KNOWN_KINDS) == 0)
        check_fail(c, "param_kinds is empty: it can search nothing");
    if (p->state_schema_min > p->state_schema)
        check_fail(c, "state_schema_min %u is above state_schema %u",
                   p->state_schema_min, p->state_schema);
    if (p->budget_max > 0 && p->budget_min > p->budget_max)
        check_fail(c, "budget_min is above budget_max");
    judge_services(c, p);
}

void check_l1(struct check_run *c)
{
    struct host_note note;
    struct err e = { 0 };
    const struct tt_plugin *p = open_plugin(c, &note, &e);

    if (p == NULL || host_judge(p, &note, &e) != 0)
        check_fail(c, "%s", e.text);
    else
        judge_description(c, p);
}

/* --- L2, L3, L4 ---------------------------------------------------------- */

void check_l2(struct check_run *c)
{
    int64_t start = clock_mono_ms();
    struct host_note note;
    struct err e = { 0 };

    if (open_plugin(c, &note, &e) == NULL)
        check_skip(c, "it is not loaded: %s", e.text);
    else if (clock_mono_ms() - start > SLOW_MS)
        check_warn(c, "it takes %d ms", (int)(clock_mono_ms() - start));
}

void check_l3(struct check_run *c)
{
    static const char *const ids[] = {
        "", " ", "trimtab.nothing/1", TT_EXTENSION_ADMIN "x",
        TT_EXTENSION_ADMIN " ", "trimtab.admin/2", "trimtab.admin",
        "TRIMTAB.ADMIN/1", "%s%s%s%n",
    };
    const void *(*get)(const char *id);
    struct subject s;
    char *long_id;
    size_t i;

    if (!subject_open(&s, c)) {
        subject_close(&s);
        return;
    }
    get = s.real->strategy != NULL ? s.real->strategy->get_extension
                                   : s.real->adapter->get_extension;
    long_id = xcalloc(1, 5001);
    memset(long_id, 'x', 5000);
    check_stage("get_extension");
    for (i = 0; get != NULL && i < TT_ARRAY_LEN(ids); i++)
        if (get(ids[i]) != NULL)
            check_fail(c, "it has an extension \"%s\"", ids[i]);
    if (get != NULL && get(long_id) != NULL)
        check_fail(c, "it has an extension with a name of 5000 letters");
    if (get == NULL)
        check_say(c, "it has no extensions");
    check_stage("%s", "");
    free(long_id);
    subject_close(&s);
}

void check_l4(struct check_run *c)
{
    const struct tt_plugin *first, *again;
    struct tt_plugin copy;
    struct host_note note;
    struct err e = { 0 };
    int i;

    first = open_plugin(c, &note, &e);
    if (first == NULL) {
        check_skip(c, "it is not loaded: %s", e.text);
        return;
    }
    copy = *first;
    for (i = 0; i < 3; i++) {
        again = open_plugin(c, &note, &e);
        if (again != first)
            check_fail(c, "the entry point returns another description each "
                       "time");
        if (memcmp(&copy, first, sizeof copy) != 0)
            check_fail(c, "its description changes");
    }
}

/* --- L5: what it leaves behind ------------------------------------------- */

struct difference {
    struct check_run *c;
    const char *when;
};

static void changed(void *ctx, const char *before, const char *now)
{
    const struct difference *d = ctx;

    if (before != NULL)
        check_fail(d->c, "%s, this is gone: %s", d->when, before);
    else
        check_fail(d->c, "%s, this is new: %s", d->when, now);
}

static void live_a_little(struct check_run *c, struct subject *s)
{
    struct reference r;
    struct adapt a;
    struct adapt_batch batch = { .label = "life", .n = 2, .n_cases = 2,
                                 .bad_case = -1 };
    struct play p;

    if (s->plugin->adapter != NULL) {
        (void)reference_make(&r, REFERENCE_MIXED, s->plugin, s->tt_config,
                             c->o->seed);
        if (adapt_begin(&a, &s->with, &r, s->evaluation) == 0)
            (void)adapt_submit(&a, &batch);
        adapt_end(&a);
    } else if (subject_problem(s, c, &r)) {
        if (play_begin(&p, &s->with, &r, NULL) == 0)
            (void)play_run(&p, 5);
        play_end(&p);
    }
    reference_fini(&r);
}

void check_l5(struct check_run *c)
{
    struct process_state before, loaded, lived;
    struct difference d = { c, "when it is loaded" };
    struct host_note note;
    struct subject s;
    struct err e = { 0 };

    process_state_take(&before);
    if (open_plugin(c, &note, &e) == NULL)
        check_skip(c, "it is not loaded: %s", e.text);
    process_state_take(&loaded);
    process_state_compare(&before, &loaded, changed, &d);
    if (subject_open(&s, c)) {
        live_a_little(c, &s);
        process_state_take(&lived);
        d.when = "after open, some calls and close";
        process_state_compare(&loaded, &lived, changed, &d);
        process_state_fini(&lived);
    }
    subject_close(&s);
    process_state_fini(&before);
    process_state_fini(&loaded);
}
