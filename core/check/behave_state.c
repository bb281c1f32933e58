/* SPDX-License-Identifier: MIT
 *
 * behave_state.c - B13 to B15: snapshots, good, damaged and old. */
#include "config.h"

#include <ctype.h>
#include <dirent.h>
#include <string.h>
#include <trimtab/random.h>

#include "core/base/fs.h"
#include "core/base/mem.h"
#include "core/check/checks.h"
#include "core/check/subject.h"

#define N_AFTER 8 /* results behind a snapshot */
#define N_FLIPS 300
#define N_CUTS 120

static bool has_snapshots(struct check_run *c, const struct subject *s)
{
    if ((s->plugin->caps & TT_CAP_SNAPSHOT) != 0)
        return true;
    check_skip(c, "it does not promise TT_CAP_SNAPSHOT");
    return false;
}

static bool same(const struct buf *a, const struct buf *b)
{
    return a->len == b->len && (a->len == 0 ||
                                memcmp(a->data, b->data, a->len) == 0);
}

static struct tt_snapshot snapshot_of(const struct tt_plugin *plugin,
                                      const struct buf *bytes)
{
    struct tt_snapshot s = { .size = sizeof s, .schema = plugin->state_schema,
                             .bytes = bytes->data, .n = bytes->len };

    return s;
}

/* The state of an instance, copied. */
static int take(struct play *p, struct buf *out)
{
    struct tt_snapshot state;
    int rc = drive_snapshot(&p->d, &state);

    if (rc == 0 && state.n > 0)
        buf_add(out, state.bytes, (size_t)state.n);
    return rc;
}

/* Another instance, opened with the state, goes on where this one is. */
static int swap(struct play *p, const struct subject *s,
                const struct tt_snapshot *state)
{
    drive_fini(&p->d);
    drive_init(&p->d, &s->with);
    return drive_open(&p->d, &p->reference->problem, state);
}

/* --- B13: what was saved goes on ----------------------------------------- */

/* n results, and what is said from then on. */
static int go_on(struct play *p, struct buf *transcript)
{
    int rc;

    p->d.with.transcript = transcript;
    rc = p->done ? 0 : play_run(p, N_AFTER);
    p->d.with.transcript = NULL;
    return rc;
}

/* argument: "RESULTS FILE", the state after so many results. A fresh instance
 * is brought to the same point, so that we know what is in flight; then the
 * state takes its place. */
int check_part_resume(struct check_run *c, const char *argument,
                      struct buf *out, struct err *e)
{
    struct tt_snapshot snapshot;
    struct buf state = { 0 };
    struct reference r = { 0 };
    struct subject s;
    struct play p = { 0 };
    char *file;
    uint64_t n = strtoull(argument, &file, 10);
    int rc = fs_read(file + 1, 64u << 20, &state, e);

    if (!subject_open(&s, c) || !subject_problem(&s, c, &r))
        rc = err_set(e, TT_EPLUGIN, "%s", c->message.data);
    if (rc == 0) {
        snapshot = snapshot_of(s.plugin, &state);
        rc = play_begin(&p, &s.with, &r, NULL);
        if (rc == 0)
            rc = play_run(&p, n);
        if (rc == 0)
            rc = swap(&p, &s, &snapshot);
        if (rc == 0)
            rc = go_on(&p, out);
        if (rc != 0)
            err_set(e, rc, "%s", p.d.error.message);
        play_end(&p);
    }
    reference_fini(&r);
    buf_fini(&state);
    subject_close(&s);
    return rc;
}

static void resume_elsewhere(struct check_run *c, uint64_t n,
                             const struct buf *state, const struct buf *want)
{
    const char *tmp = getenv("TMPDIR");
    char *path = xasprintf("%s/trimtab-state.XXXXXX", tmp != NULL ? tmp
                                                                  : "/tmp");
    int fd = mkstemp(path);
    FILE *file = fd >= 0 ? fdopen(fd, "wb") : NULL;
    char *argument = xasprintf("%u %s", (unsigned)n, path);
    struct buf got = { 0 };
    struct err e = { 0 };

    if (file == NULL ||
        fwrite(state->data, 1, state->len, file) != state->len ||
        fclose(file) != 0)
        check_warn(c, "%s: cannot be written", path);
    else if (check_part_run(c, "@resume", c->o->path, argument, &got, &e) !=
             0)
        check_fail(c, "after %u results, in a new process: %s", (unsigned)n,
                   e.text);
    else if (!same(want, &got))
        check_fail(c, "after %u results, in a new process it goes on with "
                   "something else", (unsigned)n);
    (void)remove(path);
    free(argument);
    free(path);
    buf_fini(&got);
}

static void save_and_load(struct check_run *c, struct subject *s,
                          const struct reference *r, uint64_t n)
{
    struct buf state = { 0 }, again = { 0 }, on = { 0 };
    struct tt_snapshot snapshot;
    struct play p, q = { 0 };

    if (play_begin(&p, &s->with, r, NULL) != 0 ||
        (n > 0 && play_run(&p, n) != 0) || take(&p, &state) != 0) {
        check_fail(c, "after %u results: %s", (unsigned)n, p.d.error.message);
    } else {
        snapshot = snapshot_of(s->plugin, &state);
        if (play_begin(&q, &s->with, r, &snapshot) != 0)
            check_fail(c, "after %u results: its own snapshot is refused: %s",
                       (unsigned)n, q.d.error.message);
        else if (take(&q, &again) != 0 || !same(&state, &again))
            check_fail(c, "after %u results: a snapshot of what was opened "
                       "from one differs from it", (unsigned)n);
        play_end(&q); /* alone again */
        if (n > 2 && c->status < CHECK_FAIL &&
            (s->plugin->caps & TT_CAP_DETERMINISTIC) != 0) {
            if (go_on(&p, &on) != 0)
                check_fail(c, "after a snapshot: %s", p.d.error.message);
            else
                resume_elsewhere(c, n, &state, &on);
        }
    }
    play_end(&p);
    buf_fini(&state);
    buf_fini(&again);
    buf_fini(&on);
}

void check_b13(struct check_run *c)
{
    static const uint64_t after[] = { 0, 1, 7, 20 };
    struct reference r;
    struct subject s;
    size_t i;

    if (subject_open(&s, c) && has_snapshots(c, &s) &&
        subject_problem(&s, c, &r)) {
        for (i = 0; i < TT_ARRAY_LEN(after) && c->status < CHECK_FAIL; i++)
            save_and_load(c, &s, &r, after[i]);
        reference_fini(&r);
    }
    subject_close(&s);
}

/* --- B14: damaged ones --------------------------------------------------- */

/* Whatever opens must live on for a step or two. */
static bool opens(struct check_run *c, struct subject *s,
                  const struct reference *r, const void *bytes, size_t n,
                  const char *what)
{
    struct buf copy = { 0 };
    struct tt_snapshot snapshot;
    struct play p;
    int rc;

    buf_add(&copy, bytes, n); /* of its own size, for sanitizers */
    snapshot = snapshot_of(s->plugin, &copy);
    check_stage("open with a snapshot that is %s", what);
    rc = play_begin(&p, &s->with, r, &snapshot);
    if (rc == 0) {
        (void)play_step(&p, 2, NULL);
        (void)play_step(&p, 1, NULL);
    } else if (rc != TT_ESTATE && rc != TT_EINVAL && rc != TT_ECORRUPT &&
               rc != TT_ENOMEM && rc != TT_EUNSUPPORTED) {
        check_fail(c, "a snapshot that is %s is refused with %s, not "
                   "TT_ESTATE", what, err_name(rc));
    }
    play_end(&p);
    buf_fini(&copy);
    return rc == 0;
}

static void try_noise(struct check_run *c, struct subject *s,
                      const struct reference *r)
{
    struct tt_random random = tt_random_at(c->o->seed, 1, 14);
    size_t n = 1u << 20, i, k;
    char *noise = xcalloc(n, 1);

    if (opens(c, s, r, "", 0, "empty"))
        check_fail(c, "an empty snapshot is taken");
    for (k = 0; k < 3; k++) {
        for (i = 0; i < n; i++)
            noise[i] = (char)tt_random_next(&random);
        if (opens(c, s, r, noise, n, "a megabyte of noise"))
            check_fail(c, "a megabyte of noise is taken for a snapshot");
        if (opens(c, s, r, noise, 1 + k * 40, "noise"))
            check_fail(c, "%u bytes of noise are taken for a snapshot",
                       (unsigned)(1 + k * 40));
    }
    free(noise);
}

static void try_cuts(struct check_run *c, struct subject *s,
                     const struct reference *r, const struct buf *state)
{
    size_t step = state->len / N_CUTS + 1, n;

    for (n = 1; n < state->len; n += step)
        if (opens(c, s, r, state->data, n, "cut")) {
            check_fail(c, "a snapshot cut from %u to %u bytes is taken",
                       (unsigned)state->len, (unsigned)n);
            return;
        }
    if (opens(c, s, r, state->data, state->len - 1, "one byte too short"))
        check_fail(c, "a snapshot that lacks its last byte is taken");
}

/* A flipped bit may go unnoticed; it must not crash. */
static void try_flips(struct check_run *c, struct subject *s,
                      const struct reference *r, const struct buf *state)
{
    struct tt_random random = tt_random_at(c->o->seed, 2, 14);
    char *copy = xcalloc(state->len, 1);
    size_t i;

    for (i = 0; i < N_FLIPS; i++) {
        memcpy(copy, state->data, state->len);
        copy[i < 64 && i < state->len
                 ? i
                 : tt_random_below(&random, state->len)] ^=
            (char)(1u << tt_random_below(&random, 8));
        (void)opens(c, s, r, copy, state->len, "damaged in one bit");
    }
    free(copy);
}

void check_b14(struct check_run *c)
{
    struct buf state = { 0 };
    struct reference r;
    struct subject s;
    struct play p;

    if (subject_open(&s, c) && has_snapshots(c, &s) &&
        subject_problem(&s, c, &r)) {
        if (play_begin(&p, &s.with, &r, NULL) != 0 || play_run(&p, 9) != 0 ||
            take(&p, &state) != 0)
            check_skip(c, "no snapshot to damage: %s", p.d.error.message);
        play_end(&p);
        if (state.len > 0) {
            try_noise(c, &s, &r);
            try_cuts(c, &s, &r, &state);
            try_flips(c, &s, &r, &state);
        } else {
            check_say(c, "its snapshot is empty");
        }
        reference_fini(&r);
    }
    buf_fini(&state);
    subject_close(&s);
}

/* --- B15: old ones ------------------------------------------------------- */

/* "state-v3.bin": 3; 0 for another name. */
static uint32_t schema_of(const char *name)
{
    char *end;
    unsigned long v;

    if (strncmp(name, "state-v", 7) != 0 || !isdigit((unsigned char)name[7]))
        return 0;
    v = strtoul(name + 7, &end, 10);
    return strcmp(end, ".bin") == 0 && v < UINT32_MAX ? (uint32_t)v : 0;
}

static void try_golden(struct check_run *c, struct subject *s,
                       const struct reference *r, const char *path,
                       uint32_t schema)
{
    struct tt_snapshot snapshot;
    struct buf bytes = { 0 };
    struct err e = { 0 };
    struct play p = { 0 };

    if (fs_read(path, 64u << 20, &bytes, &e) != 0) {
        check_fail(c, "%s", e.text);
    } else {
        snapshot = snapshot_of(s->plugin, &bytes);
        snapshot.schema = schema;
        if (play_begin(&p, &s->with, r, &snapshot) != 0)
            check_fail(c, "the golden state of schema %u is refused: %s",
                       schema, p.d.error.message);
        else if (play_step(&p, 1, NULL) != 0)
            check_fail(c, "the golden state of schema %u opens, and then: %s",
                       schema, p.d.error.message);
        play_end(&p);
    }
    buf_fini(&bytes);
}

static void try_folder(struct check_run *c, struct subject *s,
                       const struct reference *r, const char *folder)
{
    struct dirent *entry;
    DIR *dir = opendir(folder);
    unsigned n = 0;
    uint32_t schema;
    char *path;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        schema = schema_of(entry->d_name);
        if (schema < s->plugin->state_schema_min ||
            schema > s->plugin->state_schema || schema == 0)
            continue;
        path = fs_join(folder, entry->d_name);
        try_golden(c, s, r, path, schema);
        free(path);
        n++;
    }
    if (dir != NULL)
        (void)closedir(dir);
    if (n > 0)
        check_say(c, "%u golden states", n);
    else if (s->plugin->state_schema > s->plugin->state_schema_min)
        check_warn(c, "it reads states from schema %u on, and there is no "
                   "golden/state-v%u.bin to try", s->plugin->state_schema_min,
                   s->plugin->state_schema_min);
    else
        check_skip(c, "no golden/state-v*.bin in the source folder");
}

void check_b15(struct check_run *c)
{
    struct reference r;
    struct subject s;
    char *folder;

    if (c->o->source == NULL) {
        check_skip(c, "needs --source");
        return;
    }
    folder = fs_join(c->o->source, "golden");
    if (subject_open(&s, c) && has_snapshots(c, &s) &&
        subject_problem(&s, c, &r)) {
        try_folder(c, &s, &r, folder);
        reference_fini(&r);
    }
    subject_close(&s);
    free(folder);
}
