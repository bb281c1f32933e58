#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Orcheo's silences and traps, one named test each, as the simulator shows
# them: what an adapter must not be fooled by.
# shellcheck source=tests/orcheo/sim-lib.sh
. "${TT_TOP_SRCDIR:?}/tests/orcheo/sim-lib.sh"

CASES='[{"expected":"paris is the capital of france"},{"expected":"water boils at one hundred degrees"}]'
many() { jq -n --argjson n "$1" '[range($n) | {input_payload: {cases: []}}]'; }
status_count() { stats; holds ".body.status.$1 == $2"; }
settled() { # every run that can end has ended
    tries=0
    while stats; [ "$(got '.body.status | .running + .pending')" -gt 0 ]; do
        tries=$((tries + 1))
        [ $tries -lt 200 ] || return 1
        sleep 0.05
    done
}

sim_start --seed-workflows
call GET /api/workflows/demo-qa-eval
EVAL=$(got .body.id)
call GET /api/workflows/demo-qa-eval/versions
EVALV=$(got '.body[0].id')
call GET /api/workflows/demo-qa
QA=$(got .body.id)

# --- starting ------------------------------------------------------------------
dispatch "$QA" '[{"runnable_config":{"configurable":{"answer":{"temperature":0.1,"system_prompt":"Mine."}}}}]'
ok "dispatch drops runnable_config silently" holds '.status == 200 and
    .body[0].runnable_config.configurable.answer == {temperature: 1, system_prompt: "Answer."}'
until_status "$RUN" succeeded
ok "and executes what is stored" holds '.body.output_payload.final_state.node_results.answer.received.temperature == 1'

call POST /api/workflows/demo-qa/runs "$(jq -n --arg v "$(call GET /api/workflows/demo-qa/versions; got '.body[0].id')" \
    '{workflow_version_id: $v, triggered_by: "x"}')"
POSTED=$(got .body.id)
ok "a posted run is answered with 201" holds '.status == 201 and .body.status == "pending"'
dispatch "$QA" '[{}]'
until_status "$RUN" succeeded
call GET "/api/runs/$POSTED"
ok "a posted run is never executed" holds '.body.status == "pending"'
call GET "/api/executions/$POSTED/history"
ok "a run that never started has no history" holds '.status == 404'
stats
ok "a posted run leaks its slot" holds '.body.slots.eval == 1'
reset

dispatch "$EVAL" "$(many 30)"
ok "dispatch is partial: 25 of 30, and still 200" holds '.status == 200 and (.body | length) == 25'
settled
stats
ok "what was skipped left no row" holds '.body.runs_created == 25 and .body.skipped_runs == 5'
ok "slots of ended runs come back" holds '.body.slots.eval == 0'
fault '{"stay_pending":25}'
dispatch "$EVAL" "$(many 25)"
dispatch "$EVAL" "$(many 1)"
ok "with the quota in use dispatch answers 200 []" holds '.status == 200 and .body == []'
call POST /api/workflows/demo-qa-eval/runs "{\"workflow_version_id\":\"$EVALV\",\"triggered_by\":\"x\"}"
ok "where a posted run is refused with 429" holds '.status == 429 and .body.detail.error.code == "workspace.quota.concurrent_runs"'
ok "and without Retry-After" sh -c '! grep -qi retry-after "$0"' "$W/headers"
reset

fault '{"stay_pending":1}'
dispatch "$EVAL" "$(many 1)"
call POST "/api/runs/$RUN/cancel" '{"actor":"t","reason":"deadline"}'
stats
ok "a cancelled pending run leaks its slot" holds '.body.status.cancelled == 1 and .body.slots.eval == 1'
fault '{"hold_end":1}'
dispatch "$EVAL" "$(many 1)"
until_status "$RUN" running
call POST "/api/runs/$RUN/cancel" '{"actor":"t","reason":"deadline"}'
ok "a cancelled running run is cancelled at once" holds '.status == 200 and .body.status == "cancelled"'
stats
ok "but its worker goes on and its slot is held" holds '.body.slots.eval == 2'
fault '{"hold_end":0}'
tries=0
while stats; [ "$(got .body.slots.eval)" != 1 ] && [ $tries -lt 100 ]; do
    tries=$((tries + 1))
    sleep 0.05
done
ok "until the worker is through" holds '.body.slots.eval == 1'
call GET "/api/runs/$RUN"
ok "and its output is discarded" holds '.body.status == "cancelled" and .body.output_payload == null and .body.error == "deadline"'
call POST "/api/runs/$RUN/cancel" '{"actor":"t"}'
ok "a second cancel is 409" holds '.status == 409'
reset

dispatch "$EVAL" '[{"input_payload":{"k":1}},{"input_payload":{"k":2}},{"input_payload":{"k":"a\u0000"}},{"input_payload":{"k":4}}]' broken
ok "a NUL in one payload is 500 in plain text" holds '.status == 500 and .body == "Internal Server Error"'
call GET "/api/workflows/demo-qa-eval/runs"
ok "and leaves the earlier rows of the batch behind" holds '[.body[] | select(.triggered_by == "broken") | .input_payload.k] == [2, 1]'
dispatch "$EVAL" '[{"input_payload":{"cases":[]}}]'
until_status "$RUN" succeeded
ok "which stay pending for ever" status_count pending 2
ok "and hold their slots" holds '.body.slots.eval == 2'
reset
raw() { call POST /api/triggers/manual/dispatch "{\"workflow_id\":\"$EVAL\",\"runs\":[{\"input_payload\":$1}]}"; }
raw '{"k":"\ud800"}'
ok "a lone surrogate is 500 as well" holds '.status == 500'
raw '{"k":"\ud83d\ude00","b":"\\ud800"}'
ok "a pair of surrogates is not" holds '.status == 200 and .body[0].input_payload.k == "😀"'
call PUT /api/workflows/demo-qa/versions/1/runnable-config '{"runnable_config":{"configurable":{"x":NaN,"y":[Infinity,1]}}}'
ok "a NaN literal is stored as null" holds '.status == 200 and .body.runnable_config.configurable == {x: null, y: [null, 1]}'
reset

dispatch "$EVAL" "$(many 1)" same-label
dispatch "$EVAL" "$(many 1)" same-label
ok "there is no idempotency: the same dispatch twice is two runs" holds '.status == 200'
call GET "/api/workflows/demo-qa-eval/runs?limit=200&triggered_by=other"
ok "the list ignores filters that it does not know" holds '[.body[].triggered_by] == ["same-label", "same-label"]'
call GET "/api/workflows/demo-qa-eval/runs?limit=201"
ok "the list gives 200 at most" holds '.status == 422 and .body.detail[0].ctx.le == 200'
dispatch "$EVAL" '[]'
ok "an empty dispatch is refused" holds '.status == 422 and .body.detail[0].type == "too_short"'
reset

# --- executing ------------------------------------------------------------------------
dispatch "$EVAL" '[{"input_payload":{"cases":[]}}]'
until_status "$RUN" succeeded
ok "no cases give corpus_score 0 and an empty per_item" holds '.body.output_payload.final_state.node_results.score | .corpus_score == 0 and .per_item == []'
fault '{"interrupted":1}'
dispatch "$EVAL" "[{\"input_payload\":{\"cases\":$CASES}}]"
until_status "$RUN" succeeded
ok "succeeded does not mean measured" holds '.body.output_payload.final_state.node_results == {}'
dispatch "$EVAL" "[{\"input_payload\":{\"cases\":$CASES,\"nan\":true}}]"
until_status "$RUN" failed
ok "a NaN in any output fails the run" holds '.body.error | contains("Token \"NaN\" is invalid")'
dispatch "$EVAL" '[{"input_payload":{"cases":[],"sleep":30}}]'
until_status "$RUN" running
call POST /_sim/kill-worker
dispatch "$EVAL" '[{"input_payload":{"cases":[]}}]' after
until_status "$RUN" succeeded
ok "a killed worker leaves its run running for ever" status_count running 1
ok "and does not give the slot back" holds '.body.slots.eval == 1'
reset
fault '{"redis_down":1}'
dispatch "$EVAL" "$(many 1)"
ok "with Redis down dispatch is 200" holds '.status == 200 and (.body | length) == 1'
fault '{"redis_down":0}'
dispatch "$EVAL" "$(many 1)"
until_status "$RUN" succeeded
ok "and the run stays pending, also when Redis is back" status_count pending 1
reset
fault '{"redis_missing":1}'
dispatch "$EVAL" "$(many 25)"
settled
dispatch "$EVAL" "$(many 3)"
ok "without ORCHEO_REDIS_URL: 200 [] after 25 runs, none of them in flight" holds '.status == 200 and .body == []'
call POST /_sim/restart
dispatch "$EVAL" "$(many 3)"
ok "until the API is restarted" holds '.body | length == 3'
settled
reset

# --- writing ------------------------------------------------------------------------------
put() { call PUT /api/workflows/demo-qa/versions/1/runnable-config "{\"runnable_config\":$1,\"actor\":\"me\"}"; }
put '{"configurable":{"answer":{"temperature":0.2}}}'
ok "a PUT replaces the whole config" holds '.body.runnable_config == {configurable: {answer: {temperature: 0.2}}}'
ok "its audit names the token, not the actor" holds '.body.audit_log[-1].actor == "anonymous"'
before=$(got '.body.audit_log | length')
put '{"configurable":{"answer":{"temperature":0.3}}}'
ok "each PUT makes the version's audit log longer" holds '.body.audit_log | length == $n' --argjson n $((before + 1))
put '{"prompts":{"answer":"a bare string"}}'
ok "a prompt that is a bare string is refused" holds '.status == 422'
put '{"prompts":{"answer":{"text":"x","unknown":1}}}'
ok "unknown keys in a prompt are dropped" holds '.body.runnable_config.prompts.answer == {text: "x"}'
put '{"recursion_limit":251}'
ok "recursion_limit is bounded" holds '.status == 422 and .body.detail[0].ctx.le == 250'
put '{"configurable":{"answer":{"temperature":0.5,"system_prompt":"Mine."},"gone":1}}'
call GET /api/workflows/demo-qa/versions/1
jq -j .body.graph.source "$W/got" >"$W/qa.py"
call POST /api/workflows/demo-qa/versions/ingest "$(jq -n --rawfile s "$W/qa.py" \
    '{script: $s, created_by: "x", runnable_config: {configurable: {answer: {temperature: 1.5}, fresh: 2}}}')"
ok "a re-ingest carries over what was changed by PUT" holds '.body.runnable_config.configurable == {answer: {temperature: 0.5, system_prompt: "Mine."}, fresh: 2}'
call POST /api/workflows/demo-qa/versions/ingest "$(jq -n --rawfile s "$W/qa.py" '{script: $s, created_by: "x"}')"
ok "a re-ingest without config loses it" holds '.body.runnable_config == null and .body.version == 3'
dispatch "$QA" '[{}]'
until_status "$RUN" succeeded
ok "dispatch runs the latest version, whose templates stay literal" holds '.body.output_payload.final_state.node_results.answer.received.temperature == "{{config.configurable.answer.temperature}}"'

# --- templates --------------------------------------------------------------------------------
one() { dispatch "$EVAL" "[{\"input_payload\":{\"cases\":$CASES,\"trimtab\":{\"parameters\":{\"answer\":$1}}}}]"; }
one '{"temperature":"{{inputs.t}}"}'
until_status "$RUN" failed
ok "values are not expanded again" holds '.body.error == "could not convert string to float: '"'{{inputs.t}}'"'"'
one '{"system_prompt":"[[openai_api_key]]"}'
until_status "$RUN" failed
ok "a value [[name]] is read as a secret" holds '.body.error == "Credential '"'openai_api_key'"' was not found"'
one '{"system_prompt":"see [[openai_api_key]]"}'
until_status "$RUN" succeeded
ok "inside a text it is not" holds '.body.output_payload.final_state.node_results.tuned.system_prompt == "see [[openai_api_key]]"'
call GET /api/workflows/demo-qa-eval
call POST "/api/workflows/demo-qa-eval/triggers/webhook" '{"trimtab":{"parameters":{"answer":{"temperature":0.3}}}}'
RUN=$(got .body.id)
until_status "$RUN" succeeded
ok "a webhook cannot set candidate parameters" holds '.body.output_payload.final_state.node_results.tuned.source == "active"'

# --- others' rights -----------------------------------------------------------------------------
call DELETE /api/workflows/demo-qa
dispatch "$QA" '[{}]'
ok "an archived workflow is 404 on dispatch" holds '.status == 404 and .body.detail == "Workflow not found"'
fault '{"stay_pending":1}'
dispatch "$EVAL" "$(many 1)"
call POST "/api/runs/$RUN/start" '{"actor":"somebody"}'
call POST "/api/runs/$RUN/succeed" '{"actor":"somebody","output":{"final_state":{"node_results":{"score":{"corpus_score":1}}}}}'
ok "anybody can mark a run as succeeded" holds '.status == 200 and .body.status == "succeeded"'
ok "only the audit log tells who did" holds '[.body.audit_log[].actor] == ["trimtab", "somebody", "somebody"]'

sim_start --bootstrap-token boot --no-workspace
TOKEN=boot
TOKEN_a= TOKEN_b=
for slug in a b; do
    call POST /api/workspaces "{\"slug\":\"$slug\",\"name\":\"$slug\"}"
    WORKSPACE=$slug
    call POST /api/admin/service-tokens '{"scopes":[]}'
    eval "TOKEN_$slug=\$(got .body.secret)"
    WORKSPACE=
done
TOKEN=$TOKEN_b
workflow theirs "$FIXTURES/deterministic_workflow_inputs.py" '{"configurable":{"answer":{"temperature":1.0,"system_prompt":"Answer."}}}'
TOKEN=$TOKEN_a
call GET /api/workflows/theirs
ok "a workspace does not see another's workflow" holds '.status == 404'
dispatch "$WID" '[{"input_payload":{"cases":[]}}]'
ok "but dispatches it all the same" holds '.status == 200 and (.body | length) == 1'
call GET "/api/runs/$RUN"
ok "cannot read the run" holds '.status == 404'
TOKEN=$TOKEN_b
until_status "$RUN" succeeded
TOKEN=$TOKEN_a
call GET "/api/executions/$RUN/history"
ok "but can read its history" holds '.status == 200 and .body.status == "completed"'
TOKEN=
done_testing
