/* SPDX-License-Identifier: MIT
 *
 * turn.h - the broker's thread. */
#ifndef TT_BROKER_TURN_H
#define TT_BROKER_TURN_H

void *turn_main(void *broker);

#endif
