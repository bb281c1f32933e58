/* SPDX-License-Identifier: MIT
 *
 * skew.h - the records of an SDK that is to come: each is larger at its end,
 * elements of arrays lie further apart, and what is new holds no zeros. */
#ifndef TT_CHECK_SKEW_H
#define TT_CHECK_SKEW_H

#include "core/base/arena.h"
#include "core/host/host.h"

/* Copies in the arena; texts and plain arrays are borrowed. */
const struct tt_problem *skew_problem(const struct tt_problem *p,
                                      struct arena *a);
const struct tt_setup *skew_setup(const struct tt_setup *s, struct arena *a);
const struct tt_snapshot *skew_snapshot(const struct tt_snapshot *s,
                                        struct arena *a);
const struct tt_event *skew_event(const struct tt_event *event,
                                  struct arena *a);
const struct tt_ask *skew_ask(const struct tt_ask *ask, struct arena *a);
const struct tt_batch *skew_batch(const struct tt_batch *batch,
                                  struct arena *a);
/* A larger host with the same calls and ctx. */
const struct tt_host *skew_host(const struct tt_host *host, struct arena *a);

#endif
