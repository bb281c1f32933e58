#!/bin/sh
# SPDX-License-Identifier: MIT
# The adapter on a real Orcheo that executes runs in its API process.
. "$TT_TOP_SRCDIR/tests/orcheo/live.sh"
live_start --mode inprocess
scenarios inputs slots faults find cancel push doctor
