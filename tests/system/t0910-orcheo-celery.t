#!/bin/sh
# SPDX-License-Identifier: MIT
# t0910 - against the real Orcheo with Celery and Redis: many at once, Orcheo's
# default quota and rate limit, a killed worker, Redis gone at dispatch.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib-orcheo.sh
. "$(dirname "$0")/lib-orcheo.sh"

start_orcheo --mode celery --rate-limit 120 || exit 1
ok "Orcheo starts with Celery"
ingest demo-qa-eval "$FLOWS/evaluation.py" "$BASELINE" >/dev/null
check "workflows are uploaded" \
    ingest demo-qa-eval "$FLOWS/evaluation.py" "$BASELINE" --small
write_config '{runs: {max_in_flight: 50, max_in_flight_per_run: 50},
    adapters: {orcheo: {pending_seconds: 5}}}'
check "the daemon starts" start_daemon

# A run's evaluations carry what Orcheo says it measured.
own_parameters() { # RUN: candidates whose evidence names other parameters
    for n in $(seq "$2"); do
        get "/api/runs/$1/candidates/$n" | jq -c '. as $c | .evaluations[]?
            | select(.evidence.parameters != null)
            | select((.evidence.parameters | tojson) != ($c.parameters | tojson))'
    done | wc -l
}
wide() { # CASES_PER_RUN: one evaluation a candidate
    printf '.delivery = {mode: "pull"} | .evaluation += {cases_per_run: 8,
        timeout_seconds: 15}'
}

# --- a large quota: fifty at once ------------------------------------------------------
check "fifty: a target" put_target demo-fifty "$(wide)"
run=$(optimize demo-fifty --optimizer random --iterations 50 --seed 9 --max-in-flight 50)
is "fifty at once: the run completes" "$(wait_run "$run" 240)" completed
is "fifty at once: every candidate has a score" "$(scored "$run")" 50
is "fifty at once: each was measured with its own parameters" \
    "$(own_parameters "$run" 50)" 0

# --- a worker dies in the middle --------------------------------------------------------
check "killed: a target" put_target demo-killed \
    "$(wide) | .evaluation.inputs = {sleep: 1} | .evaluation.timeout_seconds = 8"
run=$(optimize demo-killed --optimizer random --iterations 8 --max-in-flight 2)
sleep 4
check "killed: the worker is killed" orcheo_env kill-worker
check "killed: another one starts" orcheo_env worker-up
is "killed worker: the run completes" "$(wait_run "$run" 240)" completed
is "killed worker: every candidate has a score" "$(scored "$run")" 8

# --- Redis is gone when we dispatch --------------------------------------------------------
check "redis: it goes" orcheo_env redis-down
check "redis: a target" put_target demo-redis "$(wide)"
run=$(optimize demo-redis --optimizer random --iterations 4 --max-in-flight 2)
sleep 4
check "redis: it comes back" orcheo_env redis-up
orcheo_env worker-up >/dev/null 2>&1
is "redis down: the run completes" "$(wait_run "$run" 240)" completed
is "redis down: no candidate was scored badly" "$(scored "$run")" 4

# --- Orcheo's defaults: 25 slots, 120 requests a minute -------------------------------------
# shellcheck disable=SC2031
ORCHEO_TOKEN=$TT_ORCHEO_SMALL_TOKEN
printf '%s' "$ORCHEO_TOKEN" >"$STATE/orcheo.token"
check "small: a target" put_target demo-small "$(wide)"
run=$(optimize demo-small --optimizer random --iterations 40 --seed 9 --max-in-flight 40)
is "default quota: forty complete" "$(wait_run "$run" 300)" completed
is "default quota: none is scored badly" "$(scored "$run")" 40
done_testing
