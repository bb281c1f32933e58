/* SPDX-License-Identifier: MIT
 *
 * plugin_drive.h - a strategy driven over a built-in objective: what the
 * engine does with one, without Orcheo, store and time.
 *
 * The objective is a bowl in the unit cube of the space, 0 at u = 0.3 in every
 * dimension, to be minimised; each case adds a little of its own. Everything is
 * a function of the options, so two drives of a deterministic strategy give the
 * same log, byte for byte. */
#ifndef TT_CORE_PLUGIN_DRIVE_H
#define TT_CORE_PLUGIN_DRIVE_H

#include "core/engine/space.h"
#include "core/plugin_channel.h"

struct drive_options {
    const struct space *space;
    json_object *config;  /* checked against the plugin's schema already */
    json_object *enqueue; /* {"node":{"parameter":value}}, or NULL */
    uint64_t seed;
    uint64_t iterations; /* stop after so many results */
    uint64_t parallel;   /* candidates in flight at most */
    uint64_t n_cases;    /* of each split */
};

struct drive_report {
    void *ctx;
    /* A candidate has its result; values is borrowed. */
    void (*result)(void *ctx, uint64_t number, uint64_t ref, double score,
                   struct tt_str origin, json_object *values);
};

/* log: gets every request and answer as a frame, for comparing. *reason: why
 * it ended ("iterations", or the strategy's word); the caller frees. Errors:
 * what the plugin said or did, with the step in front. [main] */
int drive_strategy(struct channel *c, const struct drive_options *options,
                   const struct drive_report *report, struct buf *log,
                   char **reason, struct err *e);

#endif
