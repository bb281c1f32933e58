#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The faults that the simulator can be told to show, and what it counts. Every
# fault is used at least once; the last test says so.
# shellcheck source=tests/orcheo/sim-lib.sh
. "${TT_TOP_SRCDIR:?}/tests/orcheo/sim-lib.sh"

CASES='[{"expected":"paris is the capital of france"},{"expected":"water boils at one hundred degrees"}]'
eval_one() { # EVALUATION-ID PARAMETERS
    dispatch "$EVAL" "[{\"input_payload\":{\"cases\":$CASES,\"trimtab\":{\"evaluation\":\"$1\",\"parameters\":{\"answer\":$2}}}}]" "label-$1"
}
P='{"temperature":0.3,"system_prompt":"Be brief."}'
used() { jq -r 'keys[]' >>"$W/used"; }
fault() { echo "$1" | used; call POST /_sim/faults "$1"; holds '.status == 200' || exit 1; }
score() { got '.body.output_payload.final_state.node_results.score'; }

sim_start --seed-workflows --fault stay_pending=2 --latency-ms 1
call GET /_sim/faults
ok "faults can be set on the command line" holds '.body.stay_pending == 2 and .body.latency_ms == 1'
jq -r '.body | keys[]' "$W/got" >"$W/all"
call GET /api/workflows/demo-qa-eval
EVAL=$(got .body.id)
call POST /_sim/faults '{"nonsense":1,"nan":1}'
ok "an unknown fault is refused by name" holds '.status == 400 and (.body.detail | contains("nonsense"))'
call GET /_sim/faults
ok "and nothing of that request holds" holds '.body.nan == 0'
reset

# --- requests --------------------------------------------------------------------
fault '{"drop_dispatch":1}'
eval_one e1 "$P"
ok "drop_dispatch: no answer" holds '.status == 0'
call GET /api/workflows/demo-qa-eval/runs
ok "but the run is there, and once only" holds '[.body[].triggered_by] == ["label-e1"]'
fault '{"error_500_after":1}'
eval_one e2 "$P"
ok "error_500_after: 500" holds '.status == 500 and .body == "Internal Server Error"'
call GET /api/workflows/demo-qa-eval/runs
ok "and the run is there" holds '.body | length == 2'
fault '{"error_500_dispatch":1}'
eval_one e3 "$P"
ok "error_500_dispatch: 500" holds '.status == 500'
call GET /api/workflows/demo-qa-eval/runs
ok "and no run is there" holds '.body | length == 2'
fault '{"dispatch_empty":1}'
eval_one e4 "$P"
ok "dispatch_empty: 200 []" holds '.status == 200 and .body == []'
fault '{"dispatch_short":2}'
dispatch "$EVAL" '[{},{},{}]'
ok "dispatch_short: a shorter list" holds '.status == 200 and (.body | length) == 2'
fault '{"dispatch_short":0,"hang_dispatch_ms":120}'
call GET /api/system/health
eval_one e5 "$P"
ok "hang_dispatch_ms: answered, later" holds '.status == 200 and (.body | length) == 1'
fault '{"hang_dispatch_ms":0,"hang_ms":60}'
call GET /api/system/health
ok "hang_ms: answered, later" holds '.status == 200'
fault '{"hang_ms":0,"rate_429":2,"retry_after":1}'
call GET /api/workspaces/active
ok "rate_429: 429" holds '.status == 429 and .body.detail.error.code == "workspace.rate_limited"'
ok "with the Retry-After that was asked for" grep -qi '^Retry-After: 1' "$W/headers"
call GET /api/workspaces/active
call GET /api/workspaces/active
ok "for two calls" holds '.status == 200'
fault '{"error_500":1}'
call GET /api/workspaces/active
ok "error_500: plain text" holds '.status == 500 and .body == "Internal Server Error"'
fault '{"invalid_json":1}'
call GET /api/workspaces/active
ok "invalid_json: 200 and half a text" holds '.status == 200 and .body == "{\"id\": \""'
fault '{"empty_array":1}'
call GET /api/workspaces/active
ok "empty_array: 200 []" holds '.status == 200 and .body == []'
fault '{"reset":1}'
call GET /api/workspaces/active
ok "reset: the connection is cut" holds '.status == 0'
ok "with a reset, not an end" grep -q 'reset' "$W/curl"
reset

# --- runs ---------------------------------------------------------------------------
fault '{"hold_start":1,"hold_end":1}'
eval_one s "$P"
call GET "/api/runs/$RUN"
ok "hold_start: pending" holds '.body.status == "pending"'
fault '{"hold_start":0}'
until_status "$RUN" running
ok "hold_end: then running" holds '.body.status == "running"'
fault '{"hold_end":0,"start_ms":20,"latency_ms":20}'
until_status "$RUN" succeeded
eval_one s "$P"
until_status "$RUN" succeeded
ok "start_ms, latency_ms: later, but it ends" holds '.body.status == "succeeded"'
reset
fault '{"stay_pending":1}'
eval_one a "$P"
PENDING=$RUN
fault '{"stay_running":1}'
eval_one b "$P"
until_status "$RUN" running
fault '{"vanish":1}'
eval_one c "$P"
until_status "$RUN" succeeded
call GET /api/workflows/demo-qa-eval/runs
ok "vanish: not in the list, but there by id" holds '[.body[].triggered_by] == ["label-b", "label-a"]'
fault '{"lost":1}'
eval_one d "$P"
call GET "/api/runs/$RUN"
ok "lost: not there at all" holds '.status == 404'
stats
ok "stay_pending and stay_running: neither ends" holds '.body.status.pending == 1 and .body.status.running == 1'
call GET "/api/runs/$PENDING"
ok "the pending one shows no start" holds '.body.started_at == null'
reset

fault '{"nan":1}'
eval_one a "$P"
until_status "$RUN" failed
ok "nan: the run fails in PostgreSQL's words" holds '.body.error | startswith("invalid input syntax for type json") and contains("\"corpus_score\": NaN")'
fault '{"interrupted":1}'
eval_one a "$P"
until_status "$RUN" succeeded
ok "interrupted: succeeded with nothing" holds '.body.output_payload.final_state.node_results == {}'
fault '{"empty_per_item":1}'
eval_one a "$P"
until_status "$RUN" succeeded
ok "empty_per_item: 0 of nothing" [ "$(score | jq -c '[.corpus_score,.per_item]')" = '[0,[]]' ]
fault '{"short_per_item":1}'
eval_one a "$P"
until_status "$RUN" succeeded
ok "short_per_item: one value is missing" [ "$(score | jq -c .per_item)" = '[1]' ]
fault '{"no_metric":1}'
eval_one a "$P"
until_status "$RUN" succeeded
ok "no_metric: the score node is missing" holds '.body.output_payload.final_state.node_results | has("answer") and (has("score") | not)'
fault '{"null_metric":1}'
eval_one a "$P"
until_status "$RUN" succeeded
ok "null_metric: null for numbers" [ "$(score | jq -c '[.corpus_score,.per_item]')" = '[null,[null,null]]' ]
fault '{"source_active":1}'
eval_one a "$P"
until_status "$RUN" succeeded
ok "source_active: measured with the stored values, and it says so" holds '.body.output_payload.final_state.node_results.tuned == {source: "active", temperature: 1, system_prompt: "Answer."}'
fault '{"huge_output":3000000}'
eval_one a "$P"
until_status "$RUN" succeeded
ok "huge_output: a body of 3 MB" [ "$(wc -c <"$W/body")" -gt 3000000 ]
fault '{"huge_output":0,"fail_llm":1}'
eval_one a "$P"
until_status "$RUN" failed
ok "fail_llm: the model client's text" holds '.body.error == "Connection error."'
fault '{"fail_pool":1}'
eval_one a "$P"
until_status "$RUN" failed
ok "fail_pool: the database client's text" holds ".body.error | startswith(\"couldn't get a connection after\")"
fault '{"fail_boom":1}'
eval_one a "$P"
until_status "$RUN" failed
ok "fail_boom: the node's own text" holds '.body.error == "the model said no"'
fault '{"forged":1}'
eval_one a "$P"
until_status "$RUN" succeeded
ok "forged: succeeded by somebody" holds '[.body.audit_log[].actor] == ["trimtab", "worker", "somebody"]'
fault '{"wrong_echo":1}'
eval_one a "$P"
ok "wrong_echo: another candidate's parameters" holds '.body[0].input_payload.trimtab.parameters.answer == {temperature: 0.425, system_prompt: "Be brief. (another)"}'
ok "under our evaluation's id" holds '.body[0].input_payload.trimtab.evaluation == "a"'
until_status "$RUN" succeeded
ok "and those are measured" holds '.body.output_payload.final_state.node_results.tuned.temperature == 0.425'
reset
fault '{"leak_slots":24}'
dispatch "$EVAL" '[{},{}]'
ok "leak_slots: taken by nobody" holds '.body | length == 1'
fault '{"redis_missing":1}'
fault '{"redis_down":1}'
reset
call GET /_sim/faults
ok "reset ends all faults" holds '[.body[]] | all(. == 0)'

# --- counts ----------------------------------------------------------------------------
eval_one x "$P"
until_status "$RUN" succeeded
eval_one x "$P"
until_status "$RUN" succeeded
eval_one y '{"temperature":0.8}'
until_status "$RUN" succeeded
call PUT /api/workflows/demo-qa/versions/1/runnable-config '{"runnable_config":{"configurable":{"k":1}}}'
stats
ok "evaluations are counted by id" holds '.body.evaluations_distinct == 2 and .body.evaluations_dispatched == 3 and .body.evaluations == {x: 2, y: 1}'
ok "and so are their executions" holds '.body.executions == {x: 2, y: 1}'
ok "so are dispatches and runs" holds '.body | .dispatches == 3 and .dispatched_runs == 3 and .runs_created == 3 and .status.succeeded == 3'
ok "each run tells what was sent and what its node got" holds '.body.runs[2] | .parameters.answer == {temperature: 0.8} and .received == {temperature: 0.8, system_prompt: "Answer."} and .label == "label-y"'
ok "PUT configs are kept in order" holds '.body.puts == [{workflow: "demo-qa", version: 1, runnable_config: {configurable: {k: 1}}}]'
call GET '/_sim/stats?runs=0'
ok "the list of runs can be left out" holds '.body | has("runs") | not'
fault '{"hold_end":1}'
dispatch "$EVAL" "$(jq -n '[range(20) | {input_payload: {cases: []}}]')"
tries=0
while stats; [ "$(got .body.status.running)" != 10 ] && [ $tries -lt 100 ]; do
    tries=$((tries + 1))
    sleep 0.05
done
fault '{"hold_end":0}'
tries=0
while stats; [ "$(got .body.in_flight)" != 0 ] && [ $tries -lt 100 ]; do
    tries=$((tries + 1))
    sleep 0.05
done
ok "in flight and executing at once are counted apart" holds '.body.max_in_flight == 20 and .body.max_executing == 10'

sim_start --seed-workflows --honour-config
call GET /api/workflows/demo-qa
dispatch "$(got .body.id)" '[{"runnable_config":{"configurable":{"answer":{"temperature":0.1,"system_prompt":"Mine."}}}}]'
ok "with --honour-config dispatch takes the config" holds '.body[0].runnable_config.configurable.answer.temperature == 0.1'
until_status "$RUN" succeeded
ok "and executes it" holds '.body.output_payload.final_state.node_results.answer.received.system_prompt == "Mine."'
sim_start --seed-workflows --token secret
call GET /api/workflows/demo-qa
ok "with --token there is no way in without it" holds '.status == 401'
ok "and the answer says how" grep -qi '^WWW-Authenticate: Bearer' "$W/headers"
TOKEN=secret
call GET /api/workflows/demo-qa
ok "with it there is" holds '.status == 200'
TOKEN=

# --- pull ---------------------------------------------------------------------------------
sim_start --seed-workflows
call POST /_sim/parameters '{"version":"v7","parameters":{"temperature":0.8,"system_prompt":"Be brief."}}'
call PUT /api/workflows/demo-pull/versions/1/runnable-config "{\"runnable_config\":{\"configurable\":{\"trimtab\":{\"url\":\"$BASE/_sim/parameters\",\"authorization\":\"Bearer x\"}}}}"
call GET /api/workflows/demo-pull
PULL=$(got .body.id)
dispatch "$PULL" '[{}]'
until_status "$RUN" succeeded
ok "demo-pull reports the version that it pulled" holds '.body.output_payload.final_state.node_results.answer == {version: "v7", received: {temperature: 0.8, system_prompt: "Be brief."}}'
call PUT /api/workflows/demo-pull/versions/1/runnable-config "{\"runnable_config\":{\"configurable\":{\"trimtab\":{\"url\":\"$BASE/nowhere\"}}}}"
dispatch "$PULL" '[{}]'
until_status "$RUN" failed
ok "a refused pull fails the run" holds '.body.error | startswith("Client error '"'404 Not Found'"' for url")'
call PUT /api/workflows/demo-pull/versions/1/runnable-config '{"runnable_config":{"configurable":{"trimtab":{"url":"http://127.0.0.1:1/"}}}}'
dispatch "$PULL" '[{}]'
until_status "$RUN" failed
ok "so does one that reaches nobody" holds '.body.error == "All connection attempts failed"'
call GET /api/workflows/demo-noisy
NOISY=$(got .body.id)
noisy() { dispatch "$NOISY" "[{\"input_payload\":{\"cases\":$CASES,\"seed\":\"$2\",\"trimtab\":{\"parameters\":{\"answer\":$1}}}}]"; until_status "$RUN" succeeded; score | jq -c .per_item; }
GOOD='{"temperature":0.4,"top_p":0.85,"top_k":32,"style":"steps","system_prompt":"Be brief."}'
first=$(noisy "$GOOD" 1)
ok "the noisy model repeats itself" [ "$(noisy "$GOOD" 1)" = "$first" ]
ok "but not with another seed" [ "$(noisy "$GOOD" 2)" != "$first" ]
ok "and tells good from bad" jq -n --argjson a "$first" --argjson b "$(noisy '{}' 1)" -e '($a | add) > ($b | add)'
call GET /api/workflows/demo-joint
dispatch "$(got .body.id)" "[{\"input_payload\":{\"cases\":$CASES,\"trimtab\":{\"parameters\":{
    \"answer\":{\"temperature\":0.4,\"style\":\"steps\",\"system_prompt\":\"Be brief.\"},
    \"retrieve\":{\"top_p\":0.85,\"top_k\":32}}}}}]"
until_status "$RUN" succeeded
ok "two nodes have their own parameters" holds '.body.output_payload.final_state.node_results
    | .tuned.source == "candidate" and .tuned_retrieve == {source: "candidate", top_p: 0.85, top_k: 32}'
ok "and one score" [ "$(score | jq -c .per_item)" = '[0.7340980189680388,0.6645650596086125]' ]

# --- life ------------------------------------------------------------------------------------
sh -c '"$0" --port 0 >"$1/child" 2>>"$1/err" & echo $! >"$1/pid"; until grep -q ready "$1/child"; do sleep 0.02; done' \
    "$TT_TOP_BUILDDIR/tests/orcheo/orcheo-sim" "$W"
gone() {
    tries=0
    while kill -0 "$1" 2>/dev/null; do
        tries=$((tries + 1))
        [ $tries -lt 200 ] || return 1
        sleep 0.05
    done
}
ok "the simulator ends with its parent" gone "$(cat "$W/pid")"
sort -u "$W/used" >"$W/used.sorted"
ok "every fault was used" diff "$W/all" "$W/used.sorted"
done_testing
