#!/bin/sh
# SPDX-License-Identifier: MIT
# t0330 - the daemon is killed while hostile plugins are at work, three times:
# their workers die with it, each of their runs still ends with its cause, and
# a healthy run beside them completes.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

ZOO=${TT_ZOO_DIR:-$BUILD/tests/zoo/.libs}

deeds() { # ANIMAL DEED CAUSE
    cat <<'END'
zoo_bad segfault killed by SIGSEGV while it worked on STEP
zoo_bad loop no answer to STEP within 1500 ms
zoo_worse handlers no answer to STEP within 1500 ms
zoo_worse flood no answer to STEP within 1500 ms
zoo_liar thief no answer to STEP within 1500 ms
zoo_liar junk cannot be read|broke the protocol
zoo_worse hog hog: out of memory
zoo_bad close it closed fd 3
END
}
parents() { # the daemons that workers of this test name as theirs
    for file in /proc/[0-9]*/cmdline; do
        tr '\0' '\n' <"$file" 2>/dev/null | grep -q "^--plugin=$STATE/" &&
            tr '\0' '\n' <"$file" | sed -n 's/^--parent=//p'
    done 2>/dev/null | sort -u
}
strangers() { parents | grep -cvx "$DAEMON"; }
no_strangers() {
    tries=100
    while [ $tries -gt 0 ] && [ "$(strangers)" -gt 0 ]; do
        tries=$((tries - 1))
        sleep 0.1
    done
    [ "$(strangers)" -eq 0 ]
}

start_sim --latency-ms 30 --concurrency 32 || exit 1
mkdir "$STATE/zoo"
deeds | while read -r animal deed _; do
    { cat "$ZOO/$animal.so"; echo "$deed"; } >"$STATE/zoo/$animal-$deed.so"
done
write_config "{plugins: {directories: [\"$PLUGINS\", \"$STATE/zoo\"]},
    workers: {memory_mb: 384},
    runs: {step_seconds: 1.5, max_running: 12, max_in_flight: 64,
           optimize_per_minute: 100000}}"
check "the daemon starts" start_daemon
check "dataset, target and baseline are there" register
good=$(trimtab --json optimize demo-qa answer --optimizer sobol \
    --iterations 120 --max-in-flight 4 --detach | jq -r .run_id)
deeds >"$STATE/deeds"
while read -r animal deed cause; do
    hash=$(sha256sum "$STATE/zoo/$animal-$deed.so" | cut -d' ' -f1)
    jq -n --arg h "sha256:$hash" --arg d "$deed" \
        '{optimizer: $h, optimizer_config: {how: $d, after: 3}}' \
        >"$STATE/request"
    run=$(trimtab --json optimize demo-qa answer --request "$STATE/request" \
        --iterations 60 --max-in-flight 2 --detach | jq -r .run_id)
    echo "$run $animal $deed $cause" >>"$STATE/runs"
done <"$STATE/deeds"

for n in 1 2 3; do
    stop_daemon KILL
    check "kill $n: it starts again" start_daemon
    check "kill $n: no worker outlives the daemon" no_strangers
    sleep 1
done
while read -r run animal deed cause; do
    is "$animal $deed: the run ends failed" "$(wait_run "$run" 60)" failed
    like "$animal $deed: it names the cause" \
        "$(get "/api/runs/$run" | jq -r .diagnostic)" "$cause"
done <"$STATE/runs"
is "the healthy run completes" "$(wait_run "$good" 60)" completed
is "and has no gap" "$(get "/api/runs/$good/candidates?limit=200" |
    jq -r '.items | map(.number) | sort | map(tostring) | join(" ")')" \
    "$(seq 120 | tr '\n' ' ' | sed 's/ $//')"
pid=$DAEMON
kill -TERM "$pid"
wait "$pid"
is "the daemon ends as it should" "$?" 0
DAEMON=''
check "no worker is left" no_strangers
check "the store checks out" "$BUILD/trimtabd" store check --path "$STATE/store"
done_testing
