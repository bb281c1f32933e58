#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The simulator against what Orcheo 0.46 answered: for each fixture the same
# situation is made, and the answers compared key by key and value by value,
# but for ids and times. The last test says that no fixture was forgotten.
# shellcheck source=tests/orcheo/sim-lib.sh
. "${TT_TOP_SRCDIR:?}/tests/orcheo/sim-lib.sh"

# as FIXTURE [FILTER]
as() {
    file=$FIXTURES/0.46/$1.json
    [ -f "$file" ] || file=$FIXTURES/$1.json
    echo "$1" >>"$W/seen"
    ok "as in $1.json" same "$file" "${2-.}"
}
without() { echo "$1" >>"$W/seen"; echo "# $1.json: $2"; }

CASES='[{"expected":"paris is the capital of france"},{"expected":"water boils at one hundred degrees"}]'
ONE='[{"expected":"paris is the capital of france"}]'
C1='{"configurable":{"answer":{"temperature":0.3}},"tags":["trimtab"],"metadata":{"candidate":"c1"},"run_name":"trimtab-c1","prompts":{"answer":{"text":"Be brief."}}}'
ODD='{"configurable":{"other":{"k":1},"answer":{"temperature":0.7}},"tags":["a"],"metadata":{"m":1},"recursion_limit":40,"prompts":{"answer":{"text":"Answer.","requires_grad":true}}}'
TUNED='{"configurable":{"answer":{"temperature":1.0,"system_prompt":"Answer."}}}'

# ingest REF ACTOR SCRIPT-FILE CONFIG
ingest() {
    call POST "/api/workflows/$1/versions/ingest" "$(jq -n --arg a "$2" \
        --rawfile s "$3" --argjson c "$4" \
        '{script: $s, created_by: $a, runnable_config: $c}')"
    VID=$(got .body.id)
}
# put CONFIG
put() {
    call PUT /api/workflows/demo-qa/versions/1/runnable-config \
        "{\"runnable_config\":$1,\"actor\":\"trimtab\"}"
}
# run BY LABEL INPUTS: dispatch one of demo-qa's first version
run() {
    call POST /api/triggers/manual/dispatch "$(jq -n --arg w "$QA" \
        --arg v "$QAV" --arg a "$1" --arg l "$2" --argjson i "$3" \
        '{workflow_id: $w, actor: $a, label: $l,
          runs: [{workflow_version_id: $v, input_payload: $i}]}')"
    RUN=$(got '.body[0].id')
}

# --- who and where -----------------------------------------------------------
sim_start --bootstrap-token boot --no-workspace
call GET /api/workspaces/active
as error_401_missing
TOKEN=wrong
call GET /api/workspaces/active
as error_401_invalid
TOKEN=boot
call GET /api/workspaces/active
as error_403_no_workspace
call POST /api/workspaces '{"slug":"lab","name":"Lab"}'
call POST /api/workspaces '{"slug":"eval","name":"Evaluation","quotas":{"max_concurrent_runs":100000}}'
as workspace_create
call GET /api/workspaces/me
as workspaces_me
call GET /api/workspaces/active
as error_403_workspace_selector
WORKSPACE=nowhere
call GET /api/workspaces/active
as error_404_workspace
WORKSPACE='eval'
call POST /api/admin/service-tokens '{"name":"trimtab","scopes":["workflows:read","workflows:write","workflows:execute"]}'
as service_token_create '.body.secret = "" | .body.secret_preview = ""'
TOKEN=$(got .body.secret)
WORKSPACE=
call GET /api/workspaces/active
as workspaces_active
call POST /api/admin/service-tokens '{"name":"x","scopes":[]}'
as error_403_scope
call GET /api/system/info
as system_info

# --- a workflow that reads its stored config ------------------------------------
call POST /api/workflows '{"name":"Demo QA","handle":"demo-qa","actor":"trimtab"}'
QA=$(got .body.id)
as workflow_create
jq -j .body.graph.source "$FIXTURES/0.46/version_ingest.json" >"$W/qa.py"
ingest demo-qa trimtab "$W/qa.py" '{"configurable":{"answer":{"temperature":1.0}},"prompts":{"answer":{"text":"Answer.","requires_grad":true}}}'
QAV=$VID
as version_ingest
put "$C1"
as runnable_config_put
fault '{"hold_end":1}'
run trimtab trimtab:r1:c1 "{\"cases\":$CASES,\"sleep\":0.01}"
as manual_dispatch
FIRST=$RUN
until_status "$FIRST" running
as run_pending
as run_running
call GET "/api/executions/$FIRST/history"
as history_running
fault '{"hold_end":0}'
until_status "$FIRST" succeeded
as run_succeeded
call GET "/api/executions/$FIRST/history"
as history_completed
call POST "/api/runs/$FIRST/cancel" '{"actor":"trimtab"}'
as cancel_conflict_409
run trimtab trimtab:r1:nan "{\"cases\":$CASES,\"nan\":true}"
until_status "$RUN" failed
as run_nan
call GET "/api/executions/$RUN/history"
as history_nan
run trimtab trimtab:r1:boom "{\"cases\":$CASES,\"boom\":\"the model said no\"}"
until_status "$RUN" failed
as run_failed_node
call GET "/api/executions/$RUN/history"
as history_error
put null
run trimtab trimtab:r1:nocfg "{\"cases\":$CASES}"
until_status "$RUN" failed
as run_failed
call GET "/api/workflows/demo-qa/runs?limit=3"
as runs_list
call GET /api/workflows/demo-qa/versions
as versions_list
call GET /api/workflows/demo-qa/workflow
as workflow_page

# --- parameters in the inputs, and pulled ------------------------------------------
call POST /api/workflows '{"name":"Inputs","handle":"inputs"}'
INPUTS=$(got .body.id)
ingest inputs trimtab "$FIXTURES/deterministic_workflow_inputs.py" "$TUNED"
given() { echo "{\"input_payload\":{\"cases\":$CASES,\"trimtab\":{\"parameters\":{\"answer\":$1}}}}"; }
dispatch "$INPUTS" "[{\"input_payload\":{\"cases\":$CASES}},
    $(given '{"temperature":0.3,"system_prompt":"Be brief."}'),
    $(given '{"temperature":0.3}'),
    $(given '{"temperature":0.8,"system_prompt":"Be brief."}')]" trimtab:r2
as manual_dispatch_inputs_batch
until_status "$(got '.body[3].id')" succeeded
as run_succeeded_inputs
call POST /_sim/parameters '{"version":"v1","parameters":{"temperature":0.8,"system_prompt":"Be brief."},"source":"candidate"}'
call POST /api/workflows '{"name":"Pull","handle":"pull"}'
PULL=$(got .body.id)
sed "s|http://127.0.0.1:[0-9]*/api/workflows/demo-qa/parameters/answer|$BASE/_sim/parameters|" \
    "$FIXTURES/deterministic_workflow_pull.py" >"$W/pull.py"
ingest pull trimtab "$W/pull.py" null
dispatch "$PULL" "[{\"input_payload\":{\"cases\":$CASES,\"trimtab\":{\"candidate\":\"c2\"}}}]" trimtab:r3
until_status "$RUN" succeeded
as run_succeeded_pull 'del(.body.output_payload.final_state.node_results.tuned
    | (.headers, .url, .content))'

# --- cancelling, and what is ignored ----------------------------------------------------
put "$ODD"
call POST /api/triggers/manual/dispatch "{\"workflow_id\":\"$QA\",\"actor\":\"t\",\"label\":\"L\",\"runs\":[{\"input_payload\":{\"cases\":$CASES},\"runnable_config\":$C1}]}"
as manual_dispatch_config_ignored
fault '{"hold_end":1}'
run trimtab t "{\"cases\":$CASES,\"sleep\":0.01}"
CANCELLED=$RUN
until_status "$RUN" running
call POST "/api/runs/$RUN/cancel" '{"actor":"trimtab","reason":"deadline"}'
as run_cancelled
fault '{"hold_end":0}'
fault '{"stay_pending":1}'
run trimtab t "{\"cases\":$CASES}"
call POST "/api/runs/$RUN/cancel" '{"actor":"trimtab","reason":"deadline"}'
as run_cancelled_pending
tries=0
while call GET "/api/executions/$CANCELLED/history"
    [ "$(got .body.status)" = running ] && [ $tries -lt 100 ]; do
    tries=$((tries + 1))
    sleep 0.05
done
as history_after_cancel
put '{"configurable":{"answer":{"temperature":0.3}},"prompts":{"answer":{"text":"Be brief."}}}'
run trimtab drain "{\"cases\":$ONE,\"sleep\":40}"
until_status "$RUN" running
call POST /_sim/restart
call GET "/api/runs/$RUN"
as run_failed_shutdown
call POST /api/workflows/demo-qa/runs "{\"workflow_version_id\":\"$QAV\",\"triggered_by\":\"trimtab:modeC\",\"input_payload\":{\"cases\":$ONE}}"
as runs_post_never_executed

# --- other scripts, other triggers ---------------------------------------------------------
echo 'x = 1' >"$W/x.py"
ingest demo-qa x "$W/x.py" null
as version_ingest_no_graph
echo 'raise ValueError("x")' >"$W/raise.py"
ingest demo-qa x "$W/raise.py" null
call POST /api/triggers/manual/dispatch "{\"workflow_id\":\"$QA\",\"runs\":[{}]}"
until_status "$(got '.body[0].id')" failed
as run_failed_build
ingest demo-qa a "$W/qa.py" '{"configurable":{"answer_temperature":{"type":"number","minimum":0,"maximum":2,"default":0.7},"style":{"enum":["a","b"]}}}'
as version_ingest_schema '.body.version = 0'
echo 'def (:' >"$W/bad.py"
ingest demo-qa x "$W/bad.py" null
as error_400_script
call POST /api/workflows '{"name":"Stops","handle":"stops"}'
STOPS=$(got .body.id)
echo 'graph.add_node("ask", HumanInputNode(name="ask"))' >"$W/ask.py"
ingest stops x "$W/ask.py" null
call POST /api/triggers/manual/dispatch "{\"workflow_id\":\"$STOPS\",\"runs\":[{\"input_payload\":{\"message\":\"hi\"}}]}"
until_status "$(got '.body[0].id')" succeeded
as run_succeeded_interrupted
call POST /api/workflows '{"name":"Agent","handle":"agent"}'
AGENT=$(got .body.id)
ingest agent x "$FIXTURES/agent_workflow.py" "$(jq .body.runnable_config "$FIXTURES/0.46/run_failed_llm.json")"
fault '{"fail_llm":1}'
dispatch "$AGENT" '[{"input_payload":{"message":"q","expected":"Paris"}}]' agent
until_status "$RUN" failed
as run_failed_llm
saved=$TOKEN
TOKEN=
call POST "/api/workflows/$INPUTS/triggers/webhook" "{\"cases\":$ONE,\"a\":1}"
as webhook_202 'del(.body.input_payload.headers)'
call POST /hooks/eval/inputs "{\"cases\":$ONE}"
as hooks_202 'del(.body.input_payload.headers)'
TOKEN=$saved

# --- refusals --------------------------------------------------------------------------------
call GET /api/workflows/nope
as error_404_workflow
call GET /api/runs/00000000-0000-4000-8000-000000000000
as error_404_run
call GET /api/executions/00000000-0000-4000-8000-000000000000/history
as error_404_history
call GET /api/workflows/demo-qa/versions/99
as error_404_version
call GET /api/workflows/demo-qa/optimize
as error_404_route
dispatch 00000000-0000-4000-8000-000000000000 '[{}]'
as error_404_dispatch_workflow
dispatch "$QA" '[{"workflow_version_id":"00000000-0000-4000-8000-000000000000"}]'
as error_404_dispatch_version
dispatch demo-qa '[{}]'
as error_422_dispatch_handle
dispatch "$QA" "$(jq -n '[range(101) | {}]')"
as error_422_dispatch_101
dispatch "$QA" '[{"bogus":1}]'
as error_422_dispatch_extra
put '{"temperature":0.7}'
as error_422_config_key
dispatch "$QA" '[{"input_payload":{"x":"a\u0000b"}}]'
as error_500_nul
TOKEN=boot
WORKSPACE=lab
call POST /api/workflows '{"name":"Lab","handle":"lab"}'
ingest lab x "$W/qa.py" null
i=0
while [ $i -lt 26 ]; do
    call POST /api/workflows/lab/runs "{\"workflow_version_id\":\"$VID\",\"triggered_by\":\"x\"}"
    i=$((i + 1))
done
as error_429_concurrent_runs
TOKEN=
WORKSPACE=
sim_start --rate-limit 1 --no-uploads
call GET /api/workspaces/active
call GET /api/workspaces/active
as error_429_rate
ok "a 429 of the rate limit says when to come back" \
    grep -qi '^Retry-After: 60' "$W/headers"
sim_start --no-uploads --seed-workflows
ingest demo-qa x "$W/x.py" null
as error_403_ingestion_disabled

# --- what the simulator has no subject for ------------------------------------------------------
without celery_execute_run_message "there is no broker between API and workers"
without error_400_restricted "restricted mode compiles Python"
without version_ingest_restricted "restricted mode compiles Python"
without history_completed_agent "a real AgentNode talks to a model"
without run_succeeded_agent "a real AgentNode talks to a model"
without run_succeeded_parallel_metrics "seven of Orcheo's own nodes, no fixture script"
for f in ab answer_quality bleu error llm_judge policy retrieval rouge token_f1; do
    without node_execute_$f "single nodes are Orcheo's own code"
done
without trace_agent "trimtab reads no trace"
without trace_completed "trimtab reads no trace"
without websocket_run_transcript "trimtab speaks no WebSocket"
without websocket_train_error_transcript "trimtab speaks no WebSocket"

(cd "$FIXTURES" && ls -- *.json 0.46/*.json) | sed 's|.*/||; s|\.json$||' |
    sort -u >"$W/all"
sort -u "$W/seen" >"$W/seen.sorted"
ok "every fixture was looked at" diff "$W/all" "$W/seen.sorted"
done_testing
