#!/bin/sh
# SPDX-License-Identifier: MIT
# t0210 - the daemon is killed while a promotion is being pushed to Orcheo, at
# each of the requests that this takes. After the next start, what Orcheo serves
# and what trimtab calls active are the same again, and moves go on.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

start_sim || exit 1
write_config
check "the daemon starts" start_daemon
check "dataset, target and baseline are there" register

production=$(sim /api/workflows/demo-qa/workflow |
    jq '.versions | map(.version) | max')
config=/api/workflows/demo-qa/versions/$production
stored() { sim "$config" | jq -cS .runnable_config.configurable.answer; }
active() { get /api/workflows/demo-qa/parameters/answer | jq -cS .parameters; }
number() { get /api/workflows/demo-qa/parameters/answer | jq -r .version; }
agreed() { # within 10 s
    tries=100
    until [ "$(stored)" = "$(active)" ]; do
        tries=$((tries - 1))
        if [ $tries -le 0 ]; then
            echo "Orcheo has $(stored), active is $(number): $(active)"
            return 1
        fi
        sleep 0.1
    done
}
other() { [ "$(number)" = v1 ] && echo v2 || echo v1; }
fault() { sim /_sim/faults "{\"$1\":$2}" >/dev/null; }

# A second version: somebody edits Orcheo, and the edit is taken over.
curl -sS -X PUT "$ORCHEO_URL$config/runnable-config" \
    -H 'Authorization: Bearer t' -H 'Content-Type: application/json' -d '{
    "runnable_config": {"configurable": {"answer": {"temperature": 0.5,
    "system_prompt": "Be brief."}}}, "actor": "somebody"}' >/dev/null
trimtab params promote demo-qa answer v1 --reason test >"$STATE/out" 2>&1
is "a foreign edit is refused" "$?" 5
like "and named" "$(cat "$STATE/out")" 'temperature is 0.5|system_prompt is'
like "it can be taken over" \
    "$(post /api/workflows/demo-qa/parameters/answer/backfill '{"adopt":true}')" \
    '"active_version":"v2"'
check "the two agree" agreed

# The push reads (3 requests), then writes: 3 more, the PUT, and reads it back.
# Each answer comes late, so that the kill lands between two of them.
requests() { sim /_sim/stats | jq .requests; }
for nth in 1 3 4 6 7 8; do
    fault hang_ms 150
    until=$(($(requests) + nth))
    trimtab params promote demo-qa answer "$(other)" --reason "killed" \
        >/dev/null 2>&1 &
    client=$!
    tries=500
    while [ "$(requests)" -lt "$until" ] && [ $tries -gt 0 ]; do
        tries=$((tries - 1))
        sleep 0.02
    done
    stop_daemon KILL
    wait $client
    fault hang_ms 0
    check "killed at request $nth: the daemon starts again" start_daemon
    check "killed at request $nth: Orcheo and the pointer agree" agreed
done
taken_back=$(get '/api/audit?limit=200' |
    jq '[.items[] | select(.action == "delivery.taken_back")] | length')
like "an intent that did not reach Orcheo was dropped" "$taken_back" '^[1-9]'
check "what did reach it was finished" sh -c "curl -sS --unix-socket \
    '$STATE/sock' 'http://trimtab/api/audit?limit=200' | jq -e '[.items[] |
    select(.action == \"promote\" and .detail.reason == \"killed\")] | length > 0'"

to=$(other)
check "and moves go on" trimtab params promote demo-qa answer "$to" --reason test
is "the version is active" "$(number)" "$to"
check "and Orcheo has it" agreed
check "the store is whole, its audit chain too" \
    "$BUILD/trimtabd" store check --path "$STATE/store"
done_testing
