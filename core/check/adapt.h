/* SPDX-License-Identifier: MIT
 *
 * adapt.h - an adapter with evaluations to do: batches of candidates of the
 * reference problem "mixed", and what became of them. */
#ifndef TT_CHECK_ADAPT_H
#define TT_CHECK_ADAPT_H

#include "core/check/drive.h"
#include "core/check/problem.h"

struct adapt {
    struct drive d;
    const struct reference *reference;
    const char *evaluation; /* the target's object, JSON */
    struct arena arena;     /* of the last answer */
    struct codec_outcomes outcomes;
    uint64_t now_ms;
};

/* 0, or the plugin's code with a->d.error; adapt_end() after failures too. */
int adapt_begin(struct adapt *a, const struct drive_with *with,
                const struct reference *reference, const char *evaluation);
void adapt_end(struct adapt *a);
/* What VALIDATE says of the same setup: nothing is opened. */
int adapt_try(struct adapt *a, const struct drive_with *with,
              const struct reference *reference, const char *evaluation);

/* One batch: n evaluations named <label>/<first + i>, of n_cases cases each,
 * from case 0 on. bad_case: this case's content is no case at all; -1 = none.
 * The answers of all four calls are in a->outcomes until the next one. */
struct adapt_batch {
    const char *label;
    uint64_t first, n, n_cases;
    int64_t bad_case;
};
int adapt_submit(struct adapt *a, const struct adapt_batch *batch);
int adapt_collect(struct adapt *a, const struct tt_str *handles, uint64_t n);
int adapt_find(struct adapt *a, const char *label);
int adapt_abandon(struct adapt *a, struct tt_str handle);

/* What is wrong with an outcome, for people; NULL when nothing is. */
const char *adapt_fault(const struct tt_outcome *o);

#endif
