/* SPDX-License-Identifier: MIT
 *
 * behave_upgrade.c - U1 to U6: a new version in the place of an old one. The
 * new one is loaded here; the old one in parts, because a process holds one. */
#include "config.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fs.h"
#include "core/base/mem.h"
#include "core/base/schema.h"
#include "core/check/checks.h"
#include "core/host/manifest.h"
#include "core/check/recording.h"
#include "core/check/subject.h"
#include "core/crypt/crypt.h"

#define N_BEFORE 9    /* results of the old version */
#define N_SEEDS 5
#define N_RESULTS 30  /* of each play for U6 */
#define MOST_WORSE 0.03 /* of the range of scores, beyond the noise */

/* --- U1, U2: who it is --------------------------------------------------- */

static void compare_versions(struct check_run *c, const struct host_note *old,
                             const struct host_note *new)
{
    char a[CRYPT_HEX_BYTES] = "", b[CRYPT_HEX_BYTES] = "";
    int order = semver_compare(old->version, new->version);

    (void)crypt_sha256_file(c->o->old, a, NULL);
    (void)crypt_sha256_file(c->o->path, b, NULL);
    if (strcmp(old->version, new->version) == 0 && strcmp(a, b) != 0)
        check_fail(c, "both say that they are %s, and are not the same",
                   old->version);
    else if (order > 0)
        check_warn(c, "%s comes before %s", new->version, old->version);
    else
        check_say(c, "%s %s to %s", new->id, old->version, new->version);
}

void check_u1(struct check_run *c)
{
    struct host_note old, new;
    struct err e = { 0 };

    if (host_note_read(c->o->old, &old, &e) != 0 ||
        (host_note_read(c->o->path, &new, &e) != 0 && e.code != TT_EABI)) {
        check_fail(c, "%s", e.text);
        return;
    }
    if (e.code == TT_EABI) /* for U2 */
        return;
    if (strcmp(old.id, new.id) != 0)
        check_fail(c, "it is %s, the old one %s", new.id, old.id);
    if (old.kind != new.kind)
        check_fail(c, "it is of another kind");
    if (semver_ok(old.version) && semver_ok(new.version))
        compare_versions(c, &old, &new);
    else
        check_fail(c, "\"%s\" or \"%s\" is no semantic version", old.version,
                   new.version);
}

void check_u2(struct check_run *c)
{
    struct host_note note;
    struct err e = { 0 };

    if (host_note_read(c->o->path, &note, &e) != 0 ||
        host_load(c->o->path, &e) == NULL)
        check_fail(c, "%s", e.text);
}

/* --- U3: configurations -------------------------------------------------- */

int check_part_schema(struct check_run *c, const char *argument,
                      struct buf *out, struct err *e)
{
    const struct tt_plugin *p = host_load(c->o->path, e);

    (void)argument;
    if (p == NULL)
        return e->code;
    buf_adds(out, p->config_schema != NULL ? p->config_schema : "{}");
    return 0;
}

static bool opens(struct subject *s, struct check_run *c, char why[300])
{
    struct reference r;
    struct adapt a;
    struct drive d;
    int rc = 0;

    if (s->plugin->adapter != NULL) {
        (void)reference_make(&r, REFERENCE_MIXED, s->plugin, s->tt_config, 1);
        rc = adapt_begin(&a, &s->with, &r, s->evaluation);
        (void)snprintf(why, 300, "%.290s", a.d.error.message);
        adapt_end(&a);
    } else if (subject_problem(s, c, &r)) {
        drive_init(&d, &s->with);
        rc = drive_open(&d, &r.problem, NULL);
        (void)snprintf(why, 300, "%.290s", d.error.message);
        drive_fini(&d);
    }
    reference_fini(&r);
    return rc == 0;
}

/* config is taken. number 0 is what the old version had by default. */
static void try_config(struct check_run *c, struct subject *s,
                       json_object *schema, json_object *config,
                       unsigned number)
{
    char why[300];
    struct err e = { 0 };

    if (schema_apply(schema, config, "it", &e) != 0) {
        check_fail(c, "a configuration of the old version, %s, is no longer "
                   "allowed: %s", json_object_to_json_string(config), e.text);
        json_object_put(config);
        return;
    }
    subject_configure(s, config);
    if (number == 0 && !opens(s, c, why))
        check_fail(c, "with the old version's defaults it does not open: %s",
                   why);
}

static void compare_defaults(struct check_run *c, json_object *old,
                             json_object *new)
{
    json_object *a = json_object_new_object(), *b = json_object_new_object();

    if (schema_apply(old, a, "", NULL) == 0 &&
        schema_apply(new, b, "", NULL) == 0 && !json_equal(a, b))
        check_note(c, "defaults were %s, and are %s",
                   json_object_to_json_string_ext(a, JSON_C_TO_STRING_PLAIN),
                   json_object_to_json_string_ext(b, JSON_C_TO_STRING_PLAIN));
    json_object_put(a);
    json_object_put(b);
}

void check_u3(struct check_run *c)
{
    struct buf text = { 0 };
    struct err e = { 0 };
    json_object *old = NULL, *new = NULL, *config;
    struct subject s;
    unsigned i;

    if (subject_open(&s, c)) {
        if (check_part_run(c, "@schema", c->o->old, NULL, &text, &e) != 0)
            check_fail(c, "the old version: %s", e.text);
        else
            old = json_parse(text.data, text.len, &json_limits_document, &e);
        new = subject_schema(s.real);
        for (i = 0; old != NULL && i < 60 && c->status < CHECK_FAIL; i++) {
            config = i == 0 ? json_object_new_object()
                            : config_draw(old, c->o->seed * 1000 + i);
            if (json_object_is_type(config, json_type_object) &&
                schema_apply(old, config, "", NULL) == 0)
                try_config(c, &s, new, config, i);
            else
                json_object_put(config);
        }
        compare_defaults(c, old, new);
    }
    json_object_put(old);
    json_object_put(new);
    buf_fini(&text);
    subject_close(&s);
}

/* --- U4: state ----------------------------------------------------------- */

/* A state as it is coded for a frame. */
int check_part_state(struct check_run *c, const char *argument,
                     struct buf *out, struct err *e)
{
    struct tt_snapshot state;
    struct tt_str bytes;
    struct reference r;
    struct subject s;
    struct play p;
    int rc = 0;

    (void)argument;
    if (!subject_open(&s, c) || !subject_problem(&s, c, &r)) {
        rc = err_set(e, TT_EPLUGIN, "%s", c->message.data);
    } else {
        rc = play_begin(&p, &s.with, &r, NULL);
        if (rc == 0)
            rc = play_run(&p, N_BEFORE);
        if (rc == 0)
            rc = drive_snapshot(&p.d, &state);
        if (rc == 0) {
            bytes.p = state.bytes;
            bytes.n = state.n;
            codec_put_state(out, state.schema, bytes);
        } else {
            err_set(e, rc, "%s", p.d.error.message);
        }
        play_end(&p);
        reference_fini(&r);
    }
    subject_close(&s);
    return rc;
}

static void try_state(struct check_run *c, struct subject *s,
                      const struct tt_snapshot *state)
{
    struct reference r;
    struct play p;

    if (state->schema < s->plugin->state_schema_min ||
        state->schema > s->plugin->state_schema) {
        check_say(c, "it does not read schema %u: live runs move by their log",
                  state->schema);
        return;
    }
    if (!subject_problem(s, c, &r))
        return;
    if (play_begin(&p, &s->with, &r, state) != 0)
        check_fail(c, "it refuses a state of the old version (schema %u): %s",
                   state->schema, p.d.error.message);
    else if (play_run(&p, 5) != 0)
        check_fail(c, "it opens a state of the old version, and then: %s",
                   p.d.error.message);
    else
        check_say(c, "it goes on from a state of the old version");
    play_end(&p);
    reference_fini(&r);
}

/* The other way: the log of the old version. */
static void try_log(struct check_run *c, struct subject *s)
{
    struct buf log = { 0 };
    struct frame f;
    struct err e = { 0 };
    struct drive d;
    struct buf rest;

    if (check_part_run(c, "@transcript", c->o->old, NULL, &log, &e) != 0) {
        check_note(c, "the old version has no log to replay: %s", e.text);
        buf_fini(&log);
        return;
    }
    drive_init(&d, &s->with);
    for (rest = log; frame_take(&rest, &f, NULL) == 1;
         rest.data += FRAME_HEADER_BYTES + f.payload.n,
         rest.len -= FRAME_HEADER_BYTES + (size_t)f.payload.n) {
        if (frame_answer(f.type) == 0)
            continue;
        buf_add(&d.payload, f.payload.p, (size_t)f.payload.n);
        if (drive_ask(&d, f.type) == FRAME_ERROR) {
            check_fail(c, "a log of the old version cannot be replayed: %s",
                       d.error.message);
            break;
        }
    }
    drive_fini(&d);
    buf_fini(&log);
}

void check_u4(struct check_run *c)
{
    struct buf bytes = { 0 };
    struct tt_snapshot state = { 0 };
    struct err e = { 0 };
    struct subject s;

    if (subject_open(&s, c)) {
        if (check_part_run(c, "@state", c->o->old, NULL, &bytes, &e) != 0 ||
            codec_get_state(buf_str(&bytes), &state, &e) != 0)
            check_say(c, "the old version gives no state: %s", e.text);
        else if ((s.plugin->caps & TT_CAP_SNAPSHOT) != 0)
            try_state(c, &s, &state);
        try_log(c, &s);
    }
    buf_fini(&bytes);
    subject_close(&s);
}

/* --- U5: permissions ----------------------------------------------------- */

static bool lists(json_object *list, json_object *item)
{
    size_t i;

    for (i = 0; list != NULL && i < json_object_array_length(list); i++)
        if (json_equal(json_object_array_get_idx(list, i), item))
            return true;
    return false;
}

static json_object *list_of(const struct manifest *m, const char *name)
{
    return json_child(json_child(m->json, "permissions"), name);
}

static void compare_lists(struct check_run *c, const struct manifest *old,
                          const struct manifest *new, const char *name)
{
    json_object *list = list_of(new, name), *item;
    size_t i;

    for (i = 0; list != NULL && i < json_object_array_length(list); i++) {
        item = json_object_array_get_idx(list, i);
        if (!lists(list_of(old, name), item))
            check_warn(c, "it asks for %s: %s, the old version did not", name,
                       json_object_get_string(item));
    }
}

void check_u5(struct check_run *c)
{
    static const char *const words[] = { "llm", "threads" };
    struct manifest old = { 0 }, new = { 0 };
    struct err e = { 0 };
    size_t i;

    if (manifest_open(&old, c->o->old, NULL, &e) != 0 ||
        manifest_open(&new, c->o->path, c->o->source, &e) != 0) {
        check_fail(c, "%s", e.text);
    } else if (new.json == NULL && old.json != NULL) {
        check_warn(c, "it has no plugin.json any more, and so may do all that "
                   "the operator grants");
    } else if (new.json == NULL) {
        check_say(c, "neither has a plugin.json: what the operator grants is "
                  "not narrowed");
    } else {
        for (i = 0; i < TT_ARRAY_LEN(words); i++)
            if (manifest_asks(&new, words[i]) && !manifest_asks(&old, words[i]))
                check_warn(c, "it asks for %s, the old version did not",
                           words[i]);
        compare_lists(c, &old, &new, "http");
        compare_lists(c, &old, &new, "read");
    }
    manifest_close(&old);
    manifest_close(&new);
}

/* --- U6: is it as good? -------------------------------------------------- */

/* The best score of each play, higher is better: {"mixed":[0.9,...],...}. */
static json_object *plays_of(struct subject *s, const struct reference *r)
{
    json_object *list = json_object_new_array();
    struct reference seeded = *r;
    struct play p;
    unsigned i;
    double best;

    for (i = 0; i < N_SEEDS; i++) {
        seeded.problem.seed = r->problem.seed + i;
        best = 0;
        if (play_begin(&p, &s->with, &seeded, NULL) == 0 &&
            play_run(&p, N_RESULTS) == 0 && isfinite(p.best))
            best = r->problem.objectives[0].direction == TT_MAXIMIZE
                       ? p.best
                       : 1 - p.best;
        play_end(&p);
        json_object_array_add(list, json_object_new_double(best));
    }
    return list;
}

/* What is said of one batch: {"u6/0":"1 {...}",...}. */
static json_object *outcomes_of(struct subject *s, struct check_run *c)
{
    struct adapt_batch batch = { .label = "u6", .n = 6, .n_cases = 3,
                                 .bad_case = -1 };
    json_object *all = json_object_new_object();
    struct reference r;
    struct adapt a;
    uint64_t i;

    if (!subject_setup(s, c, &r))
        return all;
    if (adapt_begin(&a, &s->with, &r, s->evaluation) == 0 &&
        adapt_submit(&a, &batch) == 0)
        for (i = 0; i < a.outcomes.n; i++) {
            const struct tt_outcome *o = a.outcomes.outcomes[i];
            char *id = xstr(o->id);
            char *text = xasprintf("state %u %.*s", o->state,
                                   (int)(o->outputs.n < 500 ? o->outputs.n
                                                            : 500),
                                   o->outputs.p);

            json_set_str(all, id, text);
            free(id);
            free(text);
        }
    adapt_end(&a);
    reference_fini(&r);
    return all;
}

static json_object *results_of(struct subject *s, struct check_run *c)
{
    json_object *all;
    struct reference r;
    char why[300];
    size_t i;

    if (s->plugin->adapter != NULL)
        return outcomes_of(s, c);
    all = json_object_new_object();
    for (i = 0; i < reference_n(); i++) {
        if (subject_takes(s, c, i, &r, why))
            json_set(all, r.name, plays_of(s, &r));
        reference_fini(&r);
    }
    return all;
}

int check_part_results(struct check_run *c, const char *argument,
                       struct buf *out, struct err *e)
{
    json_object *all;
    struct subject s;
    char *text;

    (void)argument;
    if (!subject_open(&s, c)) {
        subject_close(&s);
        return err_set(e, TT_EPLUGIN, "%s", c->message.data);
    }
    all = results_of(&s, c);
    text = json_canonical_dup(all);
    buf_adds(out, text);
    free(text);
    json_object_put(all);
    subject_close(&s);
    return 0;
}

static void mean_of(json_object *list, double *mean, double *error)
{
    size_t n = json_object_array_length(list), i;
    double sum = 0, squares = 0, x;

    for (i = 0; i < n; i++)
        sum += json_object_get_double(json_object_array_get_idx(list, i));
    *mean = n > 0 ? sum / (double)n : 0;
    for (i = 0; i < n; i++) {
        x = json_object_get_double(json_object_array_get_idx(list, i)) - *mean;
        squares += x * x;
    }
    *error = n > 1 ? sqrt(squares / (double)(n - 1) / (double)n) : 0;
}

static void compare_plays(struct check_run *c, const char *name,
                          json_object *old, json_object *new)
{
    double a, b, error_a, error_b, most;

    mean_of(old, &a, &error_a);
    mean_of(new, &b, &error_b);
    most = MOST_WORSE + 2 * sqrt(error_a * error_a + error_b * error_b);
    if (b < a - most)
        check_fail(c, "problem \"%s\": the best of %d results is %.3f on "
                   "average, the old version had %.3f", name, N_RESULTS, b, a);
    else
        check_say(c, "problem \"%s\": %.3f, the old version %.3f", name, b, a);
}

static void compare_results(struct check_run *c, const struct subject *s,
                            json_object *old, json_object *new)
{
    json_object_object_foreach(old, name, was)
    {
        json_object *is = json_child(new, name);

        if (is == NULL)
            check_fail(c, "it declines \"%s\", which the old version takes",
                       name);
        else if (s->plugin->strategy != NULL)
            compare_plays(c, name, was, is);
        else if (!json_equal(was, is))
            check_warn(c, "evaluation %s: %s, the old version says %s", name,
                       json_object_get_string(is),
                       json_object_get_string(was));
    }
}

void check_u6(struct check_run *c)
{
    json_object *old = NULL, *new = NULL;
    struct buf text = { 0 };
    struct err e = { 0 };
    struct subject s;

    if (subject_open(&s, c)) {
        if (check_part_run(c, "@results", c->o->old, NULL, &text, &e) != 0)
            check_fail(c, "the old version: %s", e.text);
        else
            old = json_parse(text.data, text.len, &json_limits_document, &e);
        if (old != NULL) {
            new = results_of(&s, c);
            compare_results(c, &s, old, new);
        }
    }
    json_object_put(old);
    json_object_put(new);
    buf_fini(&text);
    subject_close(&s);
}
