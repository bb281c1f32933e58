/* SPDX-License-Identifier: MIT
 *
 * sandboxed.c - L6: the plugin in a real worker, as a daemon runs it. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "core/check/checks.h"
#include "core/host/manifest.h"
#include "core/check/subject.h"

static bool is_on(json_object *sandbox, const char *guard)
{
    return json_object_get_boolean(json_child(sandbox, guard));
}

/* What this kernel enforces and what it does not, for the reader. */
static void say_sandbox(struct check_run *c, const struct remote *r)
{
    json_object *sandbox = json_child(remote_hello(r), "sandbox");
    json_object *missing = json_child(sandbox, "missing");
    long long landlock = (long long)json_int(sandbox, "landlock", 0);
    char files[48] = "";
    size_t i;

    if (landlock > 0)
        (void)snprintf(files, sizeof files, ", landlock (ABI %lld)", landlock);
    check_say(c, "enforced here: limits, no_new_privs%s%s%s",
              is_on(sandbox, "uid") ? ", a user of its own" : "",
              files,
              is_on(sandbox, "seccomp") ? ", seccomp" : "");
    for (i = 0; missing != NULL && i < json_object_array_length(missing); i++)
        check_say(c, "not enforced here: %s",
                  json_object_get_string(json_object_array_get_idx(missing,
                                                                   i)));
}

/* The same play here or there. Whether it says the same is B7's to find out. */
static int play_strategy(struct subject *s, const struct reference *r,
                         struct remote *remote, struct tt_error *e)
{
    struct drive_with with = s->with;
    struct play p;
    int rc;

    with.remote = remote;
    rc = play_begin(&p, &with, r, NULL);
    if (rc == 0)
        rc = play_run(&p, 8);
    *e = p.d.error;
    play_end(&p);
    return rc;
}

static void try_strategy(struct check_run *c, struct subject *s,
                         struct remote *remote)
{
    struct tt_error e = { 0 };
    struct reference r;

    if (!subject_problem(s, c, &r))
        return;
    if (play_strategy(s, &r, NULL, &e) != 0)
        check_skip(c, "it fails outside of a worker too: %s", e.message);
    else if (play_strategy(s, &r, remote, &e) != 0)
        check_fail(c, "in a worker: %s", e.message);
    reference_fini(&r);
}

static int submit_to(struct subject *s, const struct reference *r,
                     struct remote *remote, struct tt_error *e)
{
    struct adapt_batch batch = { .label = "sandbox", .n = 3, .n_cases = 2,
                                 .bad_case = -1 };
    struct drive_with with = s->with;
    struct adapt a;
    int rc;

    with.remote = remote;
    rc = adapt_begin(&a, &with, r, s->evaluation);
    if (rc == 0)
        rc = adapt_submit(&a, &batch);
    *e = a.d.error;
    adapt_end(&a);
    return rc;
}

static void try_adapter(struct check_run *c, struct subject *s,
                        struct remote *remote)
{
    struct tt_error here = { 0 }, there = { 0 };
    struct reference r;

    (void)reference_make(&r, REFERENCE_MIXED, s->plugin, s->tt_config,
                         c->o->seed);
    if (submit_to(s, &r, NULL, &here) != 0)
        check_skip(c, "it fails outside of a worker too: %s", here.message);
    else if (submit_to(s, &r, remote, &there) != 0)
        check_fail(c, "in a worker: %s", there.message);
    reference_fini(&r);
}

void check_l6(struct check_run *c)
{
    char *worker = remote_worker();
    struct remote *remote = NULL;
    struct manifest m;
    struct subject s;
    struct err e = { 0 };

    (void)manifest_open(&m, c->o->path, c->o->source, &e);
    memset(&e, 0, sizeof e);
    if (worker == NULL) {
        check_warn(c, "there is no trimtab-worker beside this program, nor "
                   "where TRIMTAB_WORKER says: it was not tried in a sandbox");
    } else if (subject_open(&s, c)) {
        remote = remote_open(worker, c->o->path, manifest_asks(&m, "threads"),
                             &s.services, &e);
        if (remote == NULL) {
            check_fail(c, "in a worker: %s", e.text);
        } else {
            say_sandbox(c, remote);
            if (s.plugin->strategy != NULL)
                try_strategy(c, &s, remote);
            else
                try_adapter(c, &s, remote);
        }
        remote_close(remote);
        subject_close(&s);
    }
    manifest_close(&m);
    free(worker);
}
