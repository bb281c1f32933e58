#!/bin/sh
# SPDX-License-Identifier: MIT
# The adapter on a real Orcheo with Celery workers, under the default rate
# limit; one workspace has the default quota too.
. "$TT_TOP_SRCDIR/tests/orcheo/live.sh"
live_start --mode celery --rate-limit 120
live_stub
scenarios burst agent small worker-killed redis-down
