/* SPDX-License-Identifier: MIT
 *
 * problem.h - the reference problems on which strategies are tried, and the
 * same spaces for adapters. They never change, because recorded states of
 * plugins are states of a reference problem: add new ones at the end. */
#ifndef TT_CHECK_PROBLEM_H
#define TT_CHECK_PROBLEM_H

#include <stdbool.h>

#include "core/base/arena.h"
#include "core/host/host.h"

struct reference {
    const char *name; /* "mixed" */
    struct arena arena;
    struct tt_space space;
    struct tt_problem problem;
};

#define REFERENCE_MIXED 0  /* every numeric kind that the plugin can search */
#define REFERENCE_SMALL 2  /* six candidates in all */
#define REFERENCE_CASES 4u /* of each split */

size_t reference_n(void);
/* Problem number i as it suits the plugin; config is borrowed until
 * reference_fini(). False when it does not suit it (kinds, conditions). */
bool reference_make(struct reference *r, size_t i,
                    const struct tt_plugin *plugin,
                    const struct tt_config *config, uint64_t seed);
void reference_fini(struct reference *r);

/* The first objective of these values on one case: higher is better where the
 * problem maximises; between 0 and 1, and 1 (or 0) is the optimum. */
double reference_score(const struct reference *r, const struct tt_value *values,
                       uint64_t id);
/* A training case as JSON: {"id":3,"question":"...","want":0.3}. */
void reference_case(uint64_t id, struct buf *out);

#endif
