#!/bin/sh
# SPDX-License-Identifier: MIT
# t0300 - a strategy that crashes, loops or lies costs its run and nothing
# else: same daemon, reads answered, a diagnostic that names plugin, version,
# hash and cause.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

ZOO=${TT_ZOO_DIR:-$BUILD/tests/zoo/.libs}
start_sim || exit 1
# One copy for each deed: three crashes quarantine a hash, not its name.
mkdir "$STATE/zoo"
for deed in segfault abort exit loop garbage nan dimension error; do
    { cat "$ZOO/zoo_bad.so"; echo $deed; } >"$STATE/zoo/zoo_$deed.so"
done
write_config "{plugins: {directories: [\"$PLUGINS\", \"$STATE/zoo\"]},
    runs: {step_seconds: 2}}"
check "the daemon starts" start_daemon
check "dataset, target and baseline are there" register
pid=$DAEMON

bad() { # DEED CAUSE (extended pattern)
    hash=$(sha256sum "$STATE/zoo/zoo_$1.so" | cut -d' ' -f1)
    jq -n --arg h "sha256:$hash" --arg d "$1" '{optimizer: $h,
        optimizer_config: {how: $d, after: 2}}' >"$STATE/request"
    run=$(trimtab --json optimize demo-qa answer --request "$STATE/request" \
        --iterations 20 --detach | jq -r .run_id)
    is "$1: the run ends failed" "$(wait_run "$run" 60)" failed
    why=$(get "/api/runs/$run" | jq -r .diagnostic)
    like "$1: the diagnostic names plugin and version" "$why" 'zoo-bad 1\.0\.0'
    like "$1: and its hash" "$why" "sha256 $(echo "$hash" | cut -c1-12)"
    like "$1: and the cause" "$why" "$2"
    like "$1: reads are answered" \
        "$(get /api/workflows/demo-qa/parameters/answer)" '"version":"v1"'
}
bad segfault 'SIGSEGV'
bad abort 'SIGABRT'
bad exit 'exited with status 7'
bad loop 'no answer to STEP'
bad garbage 'protocol|frame'
bad nan 'not a finite number'
bad dimension 'values'
bad error 'I give up'

check "it is the same daemon" kill -0 "$pid"
good=$(trimtab --json optimize demo-qa answer --optimizer random --iterations 3 \
    --detach | jq -r .run_id)
is "a good strategy still runs" "$(wait_run "$good" 60)" completed
tries=50 # they are asked to close, and do
while [ $tries -gt 0 ] && [ "$(pgrep -P "$pid" | wc -l)" -gt 0 ]; do
    tries=$((tries - 1))
    sleep 0.1
done
is "no worker is left behind" "$(pgrep -P "$pid" | wc -l)" 0
done_testing
