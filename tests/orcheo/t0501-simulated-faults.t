#!/bin/sh
# SPDX-License-Identifier: MIT
# The adapter on the simulator, with what Orcheo does only now and then.
. "$TT_TOP_SRCDIR/tests/orcheo/live-sim.sh"
scenarios --quota 1000 -- chaos
