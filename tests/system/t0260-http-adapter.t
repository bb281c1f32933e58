#!/bin/sh
# SPDX-License-Identifier: MIT
# t0260 - whole runs through the adapter `http` and the example of its README:
# an endpoint that answers at once, and one that works on jobs. Every fifth
# request fails, and the endpoint is killed and started again in the middle.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

command -v python3 >/dev/null || { echo '1..0 # SKIP no python3'; exit 0; }
SCORER=''
t_cleanup() {
    [ -z "$SCORER" ] || kill -KILL "$SCORER" 2>/dev/null
    t_stop_processes
    t_remove_state
}

start_scorer() { # OPTIONS...
    rm -f "$STATE/port"
    python3 "$TOP/tests/system/scorer.py" "$STATE" "$@" \
        >>"$STATE/scorer.log" 2>&1 &
    SCORER=$!
    t_wait "$STATE/port" '[0-9]' 20
}
stop_scorer() {
    kill -KILL "$SCORER"
    wait "$SCORER" 2>/dev/null
    SCORER=''
}
asked() { # JQ: over all that the endpoint has noted
    jq -s "$1" "$STATE/asked"
}
wait_asked() { # N: so many evaluations were sent
    tries=400
    while [ "$(grep -c '"evaluate"' "$STATE/asked" 2>/dev/null)" -lt "$1" ]; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || return 1
        sleep 0.05
    done
}
best() { # RUN: the best candidate's temperature
    get "/api/runs/$1/candidates?limit=200" | jq '[.items[] |
        select(.score != null)] | max_by(.score) |
        .parameters.answer.temperature'
}
start_run() {
    trimtab --json optimize demo-qa answer --optimizer sobol --seed 3 \
        --iterations 12 --max-in-flight 4 --detach | jq -r .run_id
}

check "the endpoint starts" start_scorer --fail-every 5
PORT=$(cat "$STATE/port")
export ORCHEO_URL="http://127.0.0.1:$PORT"
printf sesame >"$STATE/scorer.secret"
example=$(sed "s|http://127.0.0.1:8080|$ORCHEO_URL|" \
    "$TOP/plugins/http/example.json" | jq -c '.job.poll_seconds = 0.1')
write_config "{secrets: {scorer: {file: (\$s + \"/scorer.secret\")}},
    adapters: {http: $example}}"
check "the daemon takes the example's config" start_daemon

cat >"$STATE/dataset.json" <<'END'
{"cases": [
  {"id": "a", "split": "validation", "question": "1?", "expected": 0.5},
  {"id": "b", "split": "validation", "question": "2?", "expected": "0.75"},
  {"split": "validation", "question": "3?", "expected": 1},
  {"id": "d", "split": "validation", "question": "4?", "expected": 0.75},
  {"split": "holdout", "question": "h?", "expected": 0.7},
  {"split": "holdout", "question": "h?", "expected": 0.8}
]}
END
cat >"$STATE/target.json" <<'END'
{
  "parameters": {"temperature": {"type": "float", "min": 0, "max": 2,
                                 "default": 2.0}},
  "adapter": {"plugin": "http"},
  "evaluation": {"cases_per_run": 3, "retries": 8, "timeout_seconds": 20},
  "dataset": "qa",
  "objective": {"metric": "score", "direction": "maximize"},
  "guardrails": [{"metric": "latency", "max": 1}]
}
END
check "a dataset is stored" \
    trimtab dataset put demo-qa qa "$STATE/dataset.json"
check "a target that names the adapter is stored" \
    trimtab target put demo-qa answer "$STATE/target.json"
check "its baseline is stored" trimtab params backfill demo-qa answer

# --- answers at once ----------------------------------------------------------
run=$(start_run)
check "evaluations are on their way" wait_asked 6
stop_scorer
sleep 0.3
check "the endpoint is back" start_scorer --port "$PORT" --fail-every 5
is "the run completes" "$(wait_run "$run" 120)" completed
like "requests have failed" "$(asked \
    '[.[] | select(.what == "failed").status] | unique | join(" ")')" '500 503'
is "every candidate has a score" "$(get "/api/runs/$run/candidates?limit=200" |
    jq '[.items[] | select(.score != null)] | length')" 12
like "the best is near what the cases want" "$(best "$run")" '^0\.(6|7|8)'
is "the label is a header and a member" "$(asked 'all(.[] |
    select(.what == "evaluate"); .label == .body.label and
    .key == .body.evaluation and (.label | length) > 0)')" true
is "values have their types" "$(asked '[.[] | select(.what == "evaluate") |
    .body | (.temperature, .candidate, .settings.answer.temperature, .items) |
    type] | unique | join(" ")')" '"array number"'
is "candidates have their numbers" "$(asked '[.[] |
    select(.what == "evaluate") | .body.candidate] | max >= 12')" true
is "no evaluation is too large" "$(asked '[.[] | select(.what == "evaluate") |
    .body.items | length] | max')" 3
like "the winner is a version" \
    "$(trimtab --json params history demo-qa answer 2>&1 ||
        trimtab params list demo-qa answer)" 'v?2'

# --- jobs ---------------------------------------------------------------------
stop_scorer
rm -f "$STATE/asked"
check "the endpoint works on jobs now" \
    start_scorer --port "$PORT" --job-seconds 30 --fail-every 5
run=$(start_run)
check "jobs are asked for" t_wait "$STATE/asked" '"poll"' 20
stop_scorer
check "the endpoint is back, and knows no job" \
    start_scorer --port "$PORT" --job-seconds 0.1 --fail-every 5
check "and more jobs" wait_asked 12
stop_daemon KILL
check "the daemon is killed and starts again" start_daemon
is "the run of jobs completes" "$(wait_run "$run" 120)" completed
is "jobs that are gone were sent again" "$(asked \
    '[.[] | select(.what == "poll" and (.known | not))] | length > 0')" true
like "the best is the same" "$(best "$run")" '^0\.(6|7|8)'
like "its log replays" "$(trimtab runs replay "$run" 2>&1)" 'identical: true'

# --- what is wrong is said ----------------------------------------------------
stop_scorer
check "an endpoint that is sound" start_scorer --port "$PORT"
like "the doctor has one case scored" \
    "$(trimtab doctor --workflow demo-qa --node answer 2>&1)" \
    'one case was scored.* score '
jq '.cases += [{id: "x", split: "validation", question: "broken",
    expected: 0}]' "$STATE/dataset.json" >"$STATE/broken.json"
check "a dataset with a case that cannot be scored" \
    trimtab dataset put demo-qa qa "$STATE/broken.json"
run=$(start_run)
is "costs no run" "$(wait_run "$run" 60)" completed
is "and no candidate" "$(get "/api/runs/$run/candidates?limit=200" |
    jq '[.items[] | select(.score != null)] | length')" 12
jq '.adapter.config = {answer: {cases: {at: "/nowhere"}}}' \
    "$STATE/target.json" >"$STATE/bad.json"
check "a target that looks in the wrong place" \
    trimtab target put demo-qa answer "$STATE/bad.json"
run=$(start_run)
is "its run fails" "$(wait_run "$run" 60)" failed
like "and says where it looked, and what there is" "$(get "/api/runs/$run")" \
    '/nowhere.* is missing; the answer is an object with results, stats'
jq '.adapter.config = {url: "http://127.0.0.1:9/x", lookup: null}' \
    "$STATE/target.json" | jq 'del(.adapter.config.lookup)' >"$STATE/bad.json"
trimtab target put demo-qa answer "$STATE/bad.json" >/dev/null 2>&1
out=$(trimtab --json optimize demo-qa answer --optimizer sobol --iterations 2 \
    2>&1)
like "another origin is refused" "$out" 'same scheme, host and port|allow'
done_testing
