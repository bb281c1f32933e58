#!/bin/sh
# SPDX-License-Identifier: MIT
# The adapter on the simulator, under the default quota.
. "$TT_TOP_SRCDIR/tests/orcheo/live-sim.sh"
scenarios --quota 25 -- small
