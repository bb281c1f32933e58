#!/bin/sh
# SPDX-License-Identifier: MIT
# The adapter in its sandboxed worker, on the simulator.
. "$TT_TOP_SRCDIR/tests/orcheo/live-sim.sh"
DRIVER=adapter_worker
scenarios --quota 100 --
