/* SPDX-License-Identifier: MIT
 *
 * zoo_blas.c - solves A x = b by OpenBLAS and LAPACKE; the first value of each
 * candidate is x[0] / n, which is known to be 1 / n. */
#include "zoo.h"

#include <lapacke.h>

#define N 200

static int zoo_next(struct tt_instance *self, const struct tt_ask *ask,
                    const struct tt_action_sink *sink, struct tt_error *e)
{
    double *a = calloc((size_t)N * N, sizeof *a);
    double b[N];
    int i, j, rc;

    (void)ask;
    if (a == NULL)
        return tt_fail(e, TT_ENOMEM, "blas: out of memory");
    for (i = 0; i < N; i++) {
        b[i] = N + (N - 1); /* so that x is all ones */
        for (j = 0; j < N; j++)
            a[i * N + j] = i == j ? N : 1;
    }
    rc = LAPACKE_dposv(LAPACK_ROW_MAJOR, 'U', N, 1, a, N, b, 1);
    free(a);
    if (rc != 0 || fabs(b[0] - 1) > 1e-9)
        return tt_fail(e, TT_EINTERNAL, "blas: dposv says %d, x[0] is %.17g",
                       rc, b[0]);
    return zoo_emit(self, sink, self->problem->space->n_params, b[0] / N, 1);
}

ZOO_DECLARE("zoo-blas");
