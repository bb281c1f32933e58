#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The simulator as --generation 0.33 against what Orcheo 0.33 answered, as
# sim-conformance.t does it for 0.46.
# shellcheck source=tests/orcheo/sim-lib.sh
. "${TT_TOP_SRCDIR:?}/tests/orcheo/sim-lib.sh"

as() {
    echo "$1" >>"$W/seen"
    ok "as in 0.33/$1.json" same "$FIXTURES/0.33/$1.json" "${2-.}"
}
without() { echo "$1" >>"$W/seen"; echo "# $1.json: $2"; }

CASES='[{"expected":"paris is the capital of france"},{"expected":"water boils at one hundred degrees"}]'
C1='{"configurable":{"answer":{"temperature":0.3}},"tags":["trimtab"],"metadata":{"candidate":"c1"},"run_name":"trimtab-c1","prompts":{"answer":{"text":"Be brief."}}}'
run() { dispatch "$QA" "[{\"input_payload\":$1}]" trimtab:r1:c1; }
ingest() {
    call POST /api/workflows/demo-qa/versions/ingest "$(jq -n --arg s "$1" \
        '{script: $s, created_by: "lab"}')"
}
# Who asks is a name there, not a token's id.
WHO='(.body.audit_log[]? | .actor) |= "who"'

sim_start --generation 0.33
call POST /api/admin/service-tokens '{"identifier":"trimtab","scopes":["workflows:read","workflows:execute"]}'
as service_token_create '.body.secret = ""'
call POST /api/workflows '{"name":"Demo QA","handle":"demo-qa","actor":"trimtab"}'
QA=$(got .body.id)
as workflow_create
jq -j .body.graph.source "$FIXTURES/0.33/version_ingest.json" >"$W/qa.py"
call POST /api/workflows/demo-qa/versions/ingest "$(jq -n --rawfile s "$W/qa.py" \
    '{script: $s, created_by: "lab", runnable_config: {configurable: {answer: {temperature: 1.0}},
      prompts: {answer: {text: "Answer.", requires_grad: true}}}}')"
QAV=$(got .body.id)
as version_ingest
call GET /api/workflows/demo-qa/versions
as versions_list
call PUT /api/workflows/demo-qa/versions/1/runnable-config "{\"runnable_config\":$C1,\"actor\":\"trimtab\"}"
as runnable_config_put
fault '{"hold_start":1,"hold_end":1}'
run "{\"cases\":$CASES,\"sleep\":0.01}"
as manual_dispatch
FIRST=$RUN
call GET "/api/runs/$FIRST"
as run_pending
fault '{"hold_start":0}'
until_status "$FIRST" running
as run_running
call GET "/api/executions/$FIRST/history"
as history_running
fault '{"hold_end":0}'
until_status "$FIRST" succeeded
as run_succeeded
call GET "/api/executions/$FIRST/history"
as history_completed
run '{"cases":[{"nope":1}]}'
until_status "$RUN" failed
as run_failed
call GET "/api/executions/$RUN/history"
as history_error
fault '{"hold_end":1}'
run "{\"cases\":$CASES,\"sleep\":0.01}"
until_status "$RUN" running
call POST "/api/runs/$RUN/cancel" '{"actor":"trimtab","reason":"budget exhausted"}'
as run_cancelled
fault '{"hold_end":0}'
tries=0
while call GET "/api/executions/$RUN/history"
    [ "$(got .body.status)" = running ] && [ $tries -lt 100 ]; do
    tries=$((tries + 1))
    sleep 0.05
done
as history_after_cancel
call POST /api/workflows/demo-qa/runs "{\"workflow_version_id\":\"$QAV\",\"triggered_by\":\"trimtab\",\"runnable_config\":{\"configurable\":{\"answer\":{\"temperature\":0.5}}}}"
as runs_post_never_executed "$WHO"
dispatch demo-qa '[{}]'
as error_422_dispatch_handle
call PUT /api/workflows/demo-qa/versions/1/runnable-config '{"runnable_config":{"temperature":1}}'
as error_422_config_key
ingest 'import os'
as error_400_script
ingest 'n += 1'
as error_400_plusequals

call GET /api/workflows/demo-qa/runs
ok "0.33 has no workspaces" holds '(.body | length > 3) and (.body | tojson | contains("workspace") | not)'
call GET /api/workspaces/active
ok "0.33 does not know the workspace route" holds '.status == 404 and .body.detail == "Not Found"'
call GET /api/workflows/demo-qa/canvas
ok "0.33 gives compact versions as canvas" holds '.status == 200 and (.body.versions[0] | has("graph") | not)'
dispatch "$QA" '[{"runnable_config":{}}]'
ok "0.33 refuses a runnable_config on dispatch" holds '.status == 422 and .body.detail[0].type == "extra_forbidden"'
call GET /api/system/info
ok "0.33 has no core in its info" holds '.status == 200 and (.body | has("core") | not)'
call GET /openapi.json
ok "0.33 shows its age in openapi.json" holds '.body.components.schemas.ManualDispatchItem.properties | has("runnable_config") | not'
run "{\"cases\":$CASES,\"nan\":true}"
until_status "$RUN" succeeded
ok "0.33 gives NaN as null" holds '.body.output_payload.final_state.results.answer | has("maybe_nan") and .maybe_nan == null'
fault '{"nan":1}'
run "{\"cases\":$CASES}"
until_status "$RUN" succeeded
ok "0.33 gives a NaN metric as null" holds '.body.output_payload.final_state.results.score | .corpus_score == null and .per_item == [null, null]'
dispatch "$QA" "$(jq -n --argjson c "$CASES" '[range(40) | {input_payload: {cases: $c}}]')"
ok "0.33 has no quota" holds '.body | length == 40'

without celery_execute_run_message "there is no broker between API and workers"
without trace_completed "trimtab reads no trace"
without websocket_run_transcript "trimtab speaks no WebSocket"
(cd "$FIXTURES/0.33" && ls -- *.json) | sed 's|\.json$||' >"$W/all"
sort -u "$W/seen" >"$W/seen.sorted"
ok "every fixture of 0.33 was looked at" diff "$W/all" "$W/seen.sorted"
done_testing
