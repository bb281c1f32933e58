#!/bin/sh
# SPDX-License-Identifier: MIT
# The adapter on the simulator: the scenarios of the real Orcheo.
. "$TT_TOP_SRCDIR/tests/orcheo/live-sim.sh"
scenarios --quota 1000 -- inputs slots burst faults find cancel push doctor
