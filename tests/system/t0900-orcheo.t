#!/bin/sh
# SPDX-License-Identifier: MIT
# t0900 - against the real Orcheo, runs executed in its API process: both ways
# of evaluating, both ways of delivery, a real AgentNode, and what goes wrong.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib-orcheo.sh
. "$(dirname "$0")/lib-orcheo.sh"

start_orcheo --mode inprocess || exit 1
ok "Orcheo starts"
check "workflows are uploaded" ingest demo-qa-eval "$FLOWS/evaluation.py" "$BASELINE"
check "production too" ingest demo-qa "$FLOWS/production.py" "$BASELINE"
write_config '{listen: [{unix: ($s + "/sock"), mode: "0600"}, {tcp: "127.0.0.1:0"}]}'
check "the daemon starts" start_daemon
port=$(sed -n 's/.*daemon.ready.* port=\([0-9]*\).*/\1/p' "$STATE/daemon.log")
check "dataset, target and baseline are there" register
check "the doctor is content" trimtab doctor --workflow demo-qa --node answer

# --- inputs, and delivery by push ---------------------------------------------------
run=$(optimize demo-qa --optimizer bayesian --iterations 16 --seed 3)
is "inputs: a run completes" "$(wait_run "$run" 120)" completed
is "inputs: every candidate has a score" "$(scored "$run")" 16
like "inputs: the report has a verdict" \
    "$(get "/api/runs/$run/report" | jq -r .gate.text)" 'better by'
check "inputs: the log replays" trimtab runs replay "$run"
check "push: the winner is promoted" \
    trimtab params promote demo-qa answer v2 --reason test
want=$(get /api/workflows/demo-qa/parameters/answer | jq -cS .parameters)
is "push: production receives it" \
    "$(trigger demo-qa | jq -cS .received)" "$want"
check "push: it is rolled back" trimtab params rollback demo-qa answer --reason test
is "push: production receives the baseline" "$(trigger demo-qa | jq -cS .received)" \
    '{"system_prompt":"Answer.","temperature":1}'
version=$(orcheo GET /workflows/demo-qa/workflow | jq '.versions | map(.version) | max')
orcheo PUT "/workflows/demo-qa/versions/$version/runnable-config" '{"runnable_config":
    {"configurable":{"answer":{"temperature":0.5,"system_prompt":"Mine."}}},
    "actor":"somebody"}' >/dev/null
trimtab params promote demo-qa answer v2 --reason test >"$STATE/out" 2>&1
is "push: a foreign edit is not overwritten" "$?" 5
like "push: and is named" "$(cat "$STATE/out")" 'temperature|system_prompt|edited|foreign'

# --- delivery by pull ----------------------------------------------------------------
check "pull: its workflow is uploaded" ingest demo-pull "$FLOWS/pull.py" \
    "{\"configurable\":{\"trimtab\":{\"authorization\":\"none\",\"url\":
    \"http://127.0.0.1:$port/api/workflows/demo-pull/parameters/answer\"}}}"
check "pull: a target" put_target demo-pull '.delivery = {mode: "pull"}'
is "pull: production receives the active version" \
    "$(trigger demo-pull | jq -r .version)" v1

# --- slots ----------------------------------------------------------------------------
stored='{"configurable":{"answer":{"temperature":1.0}},
    "prompts":{"answer":{"text":"Answer."}}}'
ingest demo-slots "$FIXTURES/deterministic_workflow.py" "$stored" >/dev/null
ingest demo-slots "$FIXTURES/deterministic_workflow.py" "$stored" >/dev/null
check "slots: a target" put_target demo-slots '.delivery = {mode: "pull"} |
    .evaluation = {workflow: "demo-slots", mode: "slots", slots: [1, 2],
      cases_per_run: 8, paths: {"answer.system_prompt": "prompts.answer.text"}}'
run=$(optimize demo-slots --optimizer random --iterations 6 --seed 3)
is "slots: a run completes" "$(wait_run "$run" 120)" completed
is "slots: every candidate has a score" "$(scored "$run")" 6

# --- what goes wrong --------------------------------------------------------------------
ends() { # NAME FILTER STATUS PATTERN
    put_target demo-bad ".delivery = {mode: \"pull\"} | $2"
    run=$(optimize demo-bad --optimizer random --iterations 5)
    is "$1: the run ends $3" "$(wait_run "$run" 90)" "$3"
    like "$1: and says why" "$(get "/api/runs/$run" | jq -r .diagnostic)" "$4"
}
ends "a failing workflow" '.evaluation.inputs = {boom: "no luck today"}' failed \
    'no luck today'
ends "a NaN metric" '.evaluation.inputs = {nan: true}' failed 'NaN'
ends "a missing metric" '.objective.metric = "nonsense"' failed 'score.token_f1'
ends "a missing workflow" '.evaluation.workflow = "nonsense"' failed 'nonsense'
put_target demo-bad '.delivery = {mode: "pull"} | .evaluation.inputs = {sleep: 1}'
run=$(optimize demo-bad --optimizer random --iterations 50)
sleep 2
check "cancel: a run is cancelled" trimtab runs cancel "$run"
is "cancel: its status is failed" "$(wait_run "$run" 60)" failed
is "cancel: its state is cancelled" "$(get "/api/runs/$run" | jq -r .state)" cancelled
printf wrong >"$STATE/orcheo.token"
ends "a wrong token" '.' failed 'token|401'
printf '%s' "$ORCHEO_TOKEN" >"$STATE/orcheo.token"

# --- a real AgentNode -------------------------------------------------------------------
stub_port=$((port + 1))
"$ORCHEO_PYTHON" "$FIXTURES/openai_stub.py" $stub_port 2>"$STATE/stub.log" &
STUB=$!
check "agent: its workflow is uploaded" ingest demo-agent "$FLOWS/agent.py" \
    "{\"configurable\":{\"answer\":{\"model\":\"openai:stub\",\"temperature\":1.0,
    \"system_prompt\":\"Answer.\",\"base_url\":\"http://127.0.0.1:$stub_port/v1\"}}}"
jq -n '{cases: [range(8) | {split: (if . < 4 then "validation" else "holdout" end),
    message: "What is the capital of France?", expected: "Paris"}]}' >"$STATE/paris.json"
check "agent: a target" put_target demo-agent '.delivery = {mode: "pull"} |
    .evaluation = {workflow: "demo-agent", case_as: "merge", cases_per_run: 1}'
check "agent: a dataset" trimtab dataset put demo-agent qa "$STATE/paris.json"
run=$(optimize demo-agent --optimizer random --iterations 6 --seed 5)
is "agent: a run completes" "$(wait_run "$run" 180)" completed
is "agent: every candidate has a score" "$(scored "$run")" 6
is "agent: the brief prompt wins" \
    "$(get "/api/runs/$run/report" | jq -r '.winner.parameters.answer.system_prompt')" \
    "Be brief."
check "agent: tokens are counted" sh -c "curl -sS --unix-socket '$STATE/sock' \
    http://trimtab/api/runs/$run/report | jq -e '.tokens_in > 0 and .tokens_out > 0'"
like "agent: the model got each candidate's temperature" \
    "$(jq -c '.body.temperature' "$STATE/stub.log" | sort -u | wc -l)" '^([4-9]|[1-9][0-9])'
done_testing
