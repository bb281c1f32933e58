/* SPDX-License-Identifier: MIT
 *
 * shim.h - stands between a session and the plugin under check: it sees what
 * the plugin returned before the session made it presentable, and puts faults
 * in its way. One plugin a process, so there is one shim. */
#ifndef TT_CHECK_SHIM_H
#define TT_CHECK_SHIM_H

#include <stdbool.h>

#include "core/base/buf.h"
#include "core/host/host.h"

struct shim {
    /* What is put in the way. */
    bool skew;            /* records of a newer SDK: larger, further apart */
    int64_t fail_sink_at; /* this emit or write of a call fails; -1 = none */
    bool stranger;        /* an event of an unknown kind before each one */
    bool in_open;         /* inside open and validate */
    /* What was seen. */
    uint64_t n_emits;     /* of the last call */
    bool sink_failed;     /* of the last call: a sink has failed ... */
    uint64_t n_after;     /* ... and was called so often afterwards */
    bool sink_refused;    /* of the last call: a sink returned an error */
    int rc;               /* what the last call returned */
    uint64_t n_early;     /* services called from open or validate */
    uint64_t n_errors;    /* calls that failed */
    struct buf faults;    /* of the errors: a line for each kind of fault */
};
extern struct shim shim;

/* The plugin, with the shim before it. Once a process; lives as long as it. */
const struct tt_plugin *shim_plugin(const struct tt_plugin *plugin);

#endif
