#!/bin/sh
# SPDX-License-Identifier: MIT
# t0460 - a run of 500 candidates is moved to another version and back, by
# snapshot, by history, through a kill and out of need, on a busy daemon.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib-climb.sh
. "$(dirname "$0")/lib-climb.sh"

# 1.2.0 does not read the state of the others; 1.3.0 crashes when it is told
# something; 1.4.0 errs then.
check "versions of a strategy are made" eval '
    version 1.0.0 && version 1.1.0 &&
    version 1.2.0 "s/^    NULL, 1,\$/    NULL, 2,/;s/0, 0, 1, 1, &/0, 0, 2, 2, \&/" &&
    version 1.3.0 "$CRASHES" && version 1.4.0 "$ERRS"'
start_climb

begin() { # OPTIMIZER ITERATIONS
    trimtab --json optimize demo-qa answer --optimizer "$1" --iterations "$2" \
        --detach | jq -r .run_id
}
reach() { # RUN ITERATIONS: wait for them
    tries=600
    while [ $tries -gt 0 ]; do
        [ "$(get "/api/runs/$1" | jq -r '.progress.iterations.done')" -lt "$2" ] ||
            return 0
        tries=$((tries - 1))
        sleep 0.1
    done
    return 1
}
move() { # RUN VERSION [MORE]: the last move, "FROM TO HOW"
    post "/api/runs/$1/move" "{\"plugin\": \"$2\"${3:-}}" | jq -r '
        if .moves then .moves[-1] | [.from[:5], .to[:5], .how] | join(" ")
        else .detail // .title end'
}
pinned() { get "/api/runs/$1" | jq -r '.plugins.strategy' | cut -d' ' -f1; }

long=$(begin climb@1.0.0 500)
for other in random sobol climb@1.0.0; do
    busy="${busy:-} $(begin "$other" 200)"
done
reach "$long" 50
is "by snapshot to 1.1.0" "$(move "$long" climb@1.1.0)" "1.0.0 1.1.0 snapshot"
is "that is its version now" "$(pinned "$long")" climb@1.1.0
is "and back, by snapshot" "$(move "$long" climb@1.0.0)" "1.1.0 1.0.0 snapshot"
reach "$long" 120
like "to 1.2.0, which is given the state" \
    "$(move "$long" climb@1.2.0 ', "reason": "why not"')" '^1\.0\.0 1\.2\.0 '
reach "$long" 150
is "but refuses it, and is told the history" "$(get "/api/runs/$long" |
    jq -r '.moves[-1] | .how + ", " + .reason')" "history, why not"
stop_daemon KILL
check "the daemon comes back after a kill" start_daemon
pid=$DAEMON
reach "$long" 200
is "the run goes on with 1.2.0" "$(pinned "$long")" climb@1.2.0
is "the CLI moves it back, by history" "$(trimtab --json runs move "$long" \
    climb@1.0.0 --history | jq -r '.moves[-1] | .to[:5] + " " + .how')" \
    "1.0.0 history"
reach "$long" 250
is "to 1.4.0, which errs" "$(move "$long" climb@1.4.0 | cut -d' ' -f2)" 1.4.0
reach "$long" 300
is "so the run went back by itself" "$(get "/api/runs/$long" |
    jq -r '.moves[-1] | .from[:5] + " " + .to[:5] + " " + (.actor // "itself")')" \
    "1.4.0 1.0.0 itself"
is "to 1.3.0, which crashes" "$(move "$long" climb@1.3.0 | cut -d' ' -f2)" 1.3.0
reach "$long" 400
is "so it went back again" "$(pinned "$long")" climb@1.0.0
like "for a reason that names the crash" "$(get "/api/runs/$long" |
    jq -r '.moves[-1].reason')" 'climb.*1\.3\.0.*quarantine'

like "another plugin is refused" "$(move "$long" random)" 'another one'
like "so is the version that it has" "$(move "$long" climb@1.0.0)" 'already'
like "and one in quarantine" "$(move "$long" climb@1.3.0)" 'quarantine'
like "and one that is not there" "$(move "$long" climb@9.9.9)" '9\.9\.9'
like "and nonsense" "$(post "/api/runs/$long/move" '{"plugins": 1}' |
    jq -r .detail)" plugins
is "there are eight moves" \
    "$(get "/api/runs/$long" | jq '[.moves[] | select(.role == "strategy")] |
        length')" 8

is "the long run completes" "$(wait_run "$long" 300)" completed
for run in $busy; do
    is "a run beside it completes" "$(wait_run "$run" 300)" completed
done
is "all its candidates are there, without a gap" \
    "$(gap_free "$long" 500)" 1
is "a replay by the versions that made it is identical" \
    "$(post "/api/runs/$long/replay" '{}' | jq -c .identical)" true
is "each move is audited" "$(get '/api/audit?limit=200' | jq "[.items[] |
    select(.action == \"run.move\" and .object == \"$long\")] | length")" 8
like "what has ended is not moved" "$(move "$long" climb@1.1.0)" 'ended'
check "it is the same daemon" kill -0 "$pid"
done_testing
