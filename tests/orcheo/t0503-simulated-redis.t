#!/bin/sh
# SPDX-License-Identifier: MIT
# The adapter on the simulator, as if ORCHEO_REDIS_URL were missing.
. "$TT_TOP_SRCDIR/tests/orcheo/live-sim.sh"
scenarios --quota 25 --fault redis_missing=1 -- no-quota-redis
