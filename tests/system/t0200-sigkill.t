#!/bin/sh
# SPDX-License-Identifier: MIT
# t0200 - the daemon is killed at 20 random instants of a run, each time with
# evaluations in flight. With one in flight the candidates equal those of a run
# that nobody killed, byte for byte. With 16 in flight the numbers have no gap,
# what was stored does not change, and the log replays. Nothing is evaluated
# twice.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

SEED=${TT_SEED:-$(date +%s)}
echo "# seed $SEED (TT_SEED repeats it)"
random() { # N: a number below N, from the seed
    SEED=$(((SEED * 1103515245 + 12345) % 2147483648))
    echo $((SEED / 65536 % $1))
}

candidates() { # RUN: number and parameters, in order
    get "/api/runs/$1/candidates?limit=200" |
        jq -c '.items | sort_by(.number) | .[] | [.number, .parameters]'
}
start_run() { # IN-FLIGHT ITERATIONS: prints the run's id
    trimtab --json optimize demo-qa answer --optimizer bayesian --seed 11 \
        --iterations "$2" --max-in-flight "$1" --detach | jq -r .run_id
}
in_flight() { get "/api/runs/$1" | jq -r '.progress.in_flight // 0'; }

# Kill at a random instant; only where evaluations are in flight does it count.
kill_once() { # RUN
    while :; do
        sleep "0.$(printf '%03d' "$(random 250)")"
        [ "$(get "/api/runs/$1" | jq -r .status)" = running ] || return 1
        flying=$(in_flight "$1")
        [ "$flying" -gt 0 ] && break
    done
    candidates "$1" >"$STATE/before"
    stop_daemon KILL
    start_daemon || return 2
    candidates "$1" | head -n "$(wc -l <"$STATE/before")" >"$STATE/after"
    cmp -s "$STATE/before" "$STATE/after" || { CHANGED=$((CHANGED + 1)); }
    KILLS=$((KILLS + 1))
}
kill_twenty() { # RUN
    KILLS=0 CHANGED=0
    while [ $KILLS -lt 20 ]; do
        kill_once "$1" || break
    done
}
sent_once() { # NAME: evaluations dispatched = distinct evaluation ids
    sim '/_sim/stats?runs=0' >"$STATE/stats"
    is "$1: each evaluation was dispatched once" \
        "$(jq '.evaluations_dispatched' "$STATE/stats")" \
        "$(jq '.evaluations_distinct | if . > 0 then . else "none" end' "$STATE/stats")"
}
gap_free() { # NAME RUN
    n=$(candidates "$2" | wc -l)
    is "$1: candidate numbers have no gap" \
        "$(candidates "$2" | jq -c '.[0]' | tr '\n' ' ')" \
        "$(seq "$n" | tr '\n' ' ')"
}

start_sim --latency-ms 60 --concurrency 32 || exit 1
write_config '{"runs": {"max_in_flight": 16, "max_in_flight_per_run": 16}}'
check "the daemon starts" start_daemon
check "dataset, target and baseline are there" register

# --- one in flight ------------------------------------------------------------
whole=$(start_run 1 30)
is "a run that nobody kills completes" "$(wait_run "$whole" 120)" completed
killed=$(start_run 1 30)
kill_twenty "$killed"
is "one in flight: killed 20 times" "$KILLS" 20
is "one in flight: the killed run completes" "$(wait_run "$killed" 120)" completed
candidates "$whole" >"$STATE/whole"
candidates "$killed" >"$STATE/killed"
check "one in flight: candidates are equal byte for byte" \
    cmp "$STATE/whole" "$STATE/killed"
is "one in flight: what was stored did not change" "$CHANGED" 0
check "one in flight: the log replays" trimtab runs replay "$killed"
sent_once "one in flight"

# --- sixteen ------------------------------------------------------------------
many=$(start_run 16 300)
kill_twenty "$many"
is "16 in flight: killed 20 times" "$KILLS" 20
is "16 in flight: the killed run completes" "$(wait_run "$many" 180)" completed
gap_free "16 in flight" "$many"
is "16 in flight: what was stored did not change" "$CHANGED" 0
check "16 in flight: the log replays" trimtab runs replay "$many"
sent_once "16 in flight"
check "the store checks out" sh -c "
    kill -TERM $DAEMON; while kill -0 $DAEMON 2>/dev/null; do sleep 0.1; done
    '$BUILD/trimtabd' store check --path '$STATE/store'"
DAEMON=''
done_testing
