#!/bin/sh
# SPDX-License-Identifier: MIT
# The adapter on a fresh Orcheo where nobody set ORCHEO_REDIS_URL: it leaks a
# slot of the quota with each run, and says nothing.
. "$TT_TOP_SRCDIR/tests/orcheo/live.sh"
live_start --mode celery --no-quota-redis --cold
scenarios cold no-quota-redis
