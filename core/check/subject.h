/* SPDX-License-Identifier: MIT
 *
 * subject.h - the plugin under check, loaded into this process, with its
 * configuration; and the ways in which the checks try it. */
#ifndef TT_CHECK_SUBJECT_H
#define TT_CHECK_SUBJECT_H

#include "core/check/adapt.h"
#include "core/check/check_in.h"
#include "core/check/play.h"
#include "core/check/shim.h"
#include "core/check/world.h"

struct subject {
    const struct tt_plugin *real;
    const struct tt_plugin *plugin; /* with the shim before it */
    json_object *config;            /* defaults filled in */
    struct arena arena;
    const struct tt_config *tt_config;
    struct world world;
    struct host_services services;
    struct drive_with with; /* in this process, with all services */
    char *evaluation;       /* what adapters are opened with */
};

/* Load it. False with the check skipped (it is L1 that says why). */
bool subject_open(struct subject *s, struct check_run *c);
void subject_close(struct subject *s);

/* The first reference problem that it takes, for a check that needs just one.
 * False with the check skipped when it declines them all. */
bool subject_problem(struct subject *s, struct check_run *c,
                     struct reference *r);
/* Is number i one that it takes? r is made in any case. *why: what validate
 * said; "" where the problem does not suit it. */
bool subject_takes(struct subject *s, struct check_run *c, size_t i,
                   struct reference *r, char why[300]);

/* The same for adapters: the space to which they are opened. Skipped when it
 * declines the target's evaluation object. */
bool subject_setup(struct subject *s, struct check_run *c,
                   struct reference *r);

/* One of the two, as it suits the kind. */
bool subject_any(struct subject *s, struct check_run *c, struct reference *r);

/* The schema of its configuration; the caller puts it. */
json_object *subject_schema(const struct tt_plugin *plugin);
/* A configuration that the schema allows, drawn by `seed`; edges are likely. */
json_object *config_draw(json_object *schema, uint64_t seed);
/* Use this configuration (taken) from now on. */
void subject_configure(struct subject *s, json_object *config);

#endif
