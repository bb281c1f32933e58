#!/bin/sh
# SPDX-License-Identifier: MIT
# t0100 - the README's first command, on the simulator: everything that it
# promises to show is shown.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

output=$(TT_WORKER=$WORKER TT_PLUGIN_DIR=$PLUGINS \
    sh "$TOP/tests/system/demo" --build "$BUILD" --simulated 2>&1)
status=$?
is "the demo ends well" "$status" 0
[ $status -eq 0 ] || printf '%s\n' "$output" | tail -n 30 | sed 's/^/# /'
like "it says which Orcheo it uses" "$output" 'SIMULATOR'
like "the baseline is v1" "$output" '"version":"v1"'
like "progress is shown" "$output" '[0-9]+/24 iterations'
like "the report has a verdict" "$output" 'verdict +better by'
like "the winner is promoted and read" "$output" '"version":"v2"'
is "production received the baseline, then twice the winner, twice the baseline" \
    "$(printf '%s\n' "$output" | sed -n 's/^production received: //p' |
        jq -r 'if .system_prompt == "Answer." then "base" else "tuned" end' |
        tr '\n' ' ')" "base tuned base tuned base "
like "it says how long it took" "$output" 'elapsed_s [0-9]+'
done_testing
