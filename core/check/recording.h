/* SPDX-License-Identifier: MIT
 *
 * recording.h - a strategy's run as it was recorded: what `trimtab plugin run
 * --log` writes. The file is frames (core/host/frame.h) with the number 0, one
 * behind the other: HELLO {"plugin":{"id","version"}}, then each request with
 * its answer behind it: VALIDATE OK OPEN OK (STEP ACTIONS)* CLOSE OK. The train
 * cases that could be read come before OPEN: (DATA DATA_ANSWER)*, by id from 0
 * on. `trimtab plugin check --replay RUN` makes such a file of a run's log. */
#ifndef TT_CHECK_RECORDING_H
#define TT_CHECK_RECORDING_H

#include "core/base/arena.h"
#include "core/host/codec.h"
#include "core/host/frame.h"

struct recorded_step {
    struct tt_str step, actions; /* payloads, borrowed from bytes */
};

struct recording {
    struct buf bytes;
    char id[64], version[32]; /* of the plugin; "" where it is not said */
    struct arena arena;
    const struct tt_problem *problem;
    const struct tt_snapshot *snapshot; /* NULL where it began anew */
    struct recorded_step *steps;
    size_t n;
    struct tt_str *cases; /* by id, borrowed; none where none were recorded */
    size_t n_cases;
};

/* TT_EIO, TT_ECORRUPT; recording_fini() after failures too. */
int recording_read(struct recording *r, const char *path, struct err *e);
void recording_fini(struct recording *r);

/* Where two answers of a STEP differ first, for people; false when they are
 * equal. space: of the run. */
bool recording_differs(const struct tt_space *space, struct tt_str recorded,
                       struct tt_str now, struct buf *what);

#endif
