# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154
#
# live-sim.sh - read by the tests of the adapter on the simulator: one that has
# the workflows in it, as live.sh has for the real Orcheo.
. "$TT_TOP_SRCDIR/tests/orcheo/sim-lib.sh"

# fill: the workflows that adapter_live asks for
fill() {
    flows=$TT_TOP_SRCDIR/tests/orcheo
    config='{"configurable":{"answer":
        {"temperature":1.0,"system_prompt":"Answer."}}}'
    workflow evaluation "$flows/workflows/evaluation.py" "$config"
    workflow small "$flows/workflows/evaluation.py" "$config"
    workflow production "$flows/workflows/production.py" "$config"
    workflow slots "$flows/fixtures/deterministic_workflow.py" null
    for _ in 2 3; do
        call POST /api/workflows/slots/versions/ingest "$(jq -n \
            --rawfile s "$flows/fixtures/deterministic_workflow.py" \
            '{script: $s, created_by: "test"}')"
    done
}

# TT_LIVE_FAULT NAME[=VALUE]
faults() {
    # shellcheck disable=SC2016 # the script's own words
    printf '#!/bin/sh\nexec curl -sS --fail -o /dev/null %s/_sim/faults -d \
"$(echo "$1" | sed '"'"'s/\(.*\)=\(.*\)/{"\\1": \\2}/'"'"')"\n' \
        "$BASE" >"$W/fault"
    chmod +x "$W/fault"
}

# scenarios SIMULATOR-OPTIONS -- SCENARIO...
scenarios() {
    options=
    while [ "$1" != -- ]; do
        options="$options $1"
        shift
    done
    shift
    TOKEN=t
    # shellcheck disable=SC2086 # a list of options
    sim_start --token t --latency 20 --fault retry_after=1 $options
    fill
    faults
    TT_LIVE_TOKEN=t TT_LIVE_FAULT=$W/fault \
        "$TT_TOP_BUILDDIR/tests/orcheo/${DRIVER-adapter_live}" "$BASE" "$@"
}
