/* SPDX-License-Identifier: MIT
 *
 * delivery.h - move pointers; where a target is pushed, write the parameters
 * into the production workflow's stored config first.
 *
 * The order of a push, so that a crash anywhere leaves something to go by:
 *   1. read what Orcheo has: the pre-image. A value that is neither what the
 *      active version says nor what is to be written is somebody's edit:
 *      TT_ECONFLICT, nothing is touched
 *   2. store the intent (STORE_DELIVERY) with the pre-image
 *   3. write, expecting the pre-image; the adapter reads back
 *   4. one batch: pointers move, the intents go
 * What fails before 4 is taken back by writing the pre-image. An open intent
 * that is found later is finished where any of it reached Orcheo, else
 * dropped. Only the daemon's own environment is pushed; others are pulled. */
#ifndef TT_ENGINE_DELIVERY_H
#define TT_ENGINE_DELIVERY_H

#include "core/engine/engine.h"

struct delivery_move {
    const char *workflow, *node, *environment;
    uint64_t to;      /* a version; with rollback 0 is the predecessor */
    bool rollback;
    bool expect;      /* compare-and-swap, as store_move */
    uint64_t expect_version;
    const char *actor, *reason;
};

/* Move n pointers in one batch: all or none. moved: n results.
 * Returns  0; TT_ENOENT no such version; TT_ECONFLICT expectation failed, no
 *          predecessor, a foreign edit in Orcheo, or another move under way;
 *          TT_EUNAVAILABLE Orcheo did not say whether it took the write: the
 *          intent stays and the next move or start settles it; what the
 *          adapter or the store said.
 * Blocks   for Orcheo where something is pushed. Threads [api] */
int delivery_move(struct engine *g, const struct delivery_move *moves, size_t n,
                  struct store_moved *moved, struct err *e);

/* Settle every open intent: finish it or take it back. What Orcheo cannot be
 * asked about stays open, with a warning. Returns how many stayed.
 * Call it once the engine's thread runs, from a thread that may wait for
 * Orcheo: it ends early when the engine stops. [api] */
size_t engine_deliveries_recover(struct engine *g);

#endif
