#!/bin/sh
# SPDX-License-Identifier: MIT
# t0300 - a strategy that crashes, loops or lies costs its run and nothing
# else: same daemon, reads answered, a diagnostic that names plugin, version,
# hash and cause.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

ZOO=${TT_ZOO_DIR:-$BUILD/tests/zoo/.libs}
start_sim || exit 1
write_config "{plugins: {directories: [\"$PLUGINS\", \"$ZOO\"]},
    runs: {step_seconds: 2}}"
check "the daemon starts" start_daemon
check "dataset, target and baseline are there" register
pid=$DAEMON

bad() { # HOW CAUSE (extended pattern): zoo-bad does it on its second step
    printf '{"optimizer_config": {"how": "%s", "after": 1}}' "$1" >"$STATE/how.json"
    run=$(trimtab --json optimize demo-qa answer --optimizer zoo-bad \
        --request "$STATE/how.json" --iterations 9 --max-in-flight 2 --detach | jq -r .run_id)
    is "$1: the run ends failed" "$(wait_run "$run" 60)" failed
    why=$(get "/api/runs/$run" | jq -r .diagnostic)
    like "$1: the diagnostic names plugin and version" "$why" 'zoo-bad [0-9]+\.[0-9]+'
    like "$1: and its hash" "$why" 'sha256[: ][0-9a-f]{8}'
    like "$1: and the cause" "$why" "$2"
    like "$1: reads are answered" \
        "$(get /api/workflows/demo-qa/parameters/answer)" '"version":"v1"'
}
bad nan 'NaN|nan|finite'
bad dimension 'value|parameter'
bad error 'zoo|error|refus'
bad segfault 'SIGSEGV'
start_over() { # a crash loop puts the file in quarantine: a restart lifts it
    stop_daemon
    start_daemon
    pid=$DAEMON
}
check "the daemon restarts" start_over
bad abort 'SIGABRT'
check "the daemon restarts" start_over
bad exit 'exit'
check "the daemon restarts" start_over
bad loop 'no answer to STEP within'
check "the daemon restarts" start_over
bad garbage 'protocol|frame'

check "it is the same daemon" kill -0 "$pid"
good=$(trimtab --json optimize demo-qa answer --optimizer random --iterations 3 \
    --detach | jq -r .run_id)
is "a good strategy still runs" "$(wait_run "$good" 60)" completed
is "no worker is left behind" "$(pgrep -P "$pid" | wc -l)" 0
done_testing
