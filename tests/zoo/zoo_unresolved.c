/* SPDX-License-Identifier: MIT
 *
 * zoo_unresolved.c - calls a function that nobody has. */
#include "zoo.h"

double tt_nobody_has_this(double x);

static int zoo_next(struct tt_instance *self, const struct tt_ask *ask,
                    const struct tt_action_sink *sink, struct tt_error *e)
{
    (void)ask;
    (void)e;
    return zoo_emit(self, sink, self->problem->space->n_params,
                    tt_nobody_has_this(1), 1);
}

ZOO_DECLARE("zoo-unresolved");
