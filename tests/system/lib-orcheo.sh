# SPDX-License-Identifier: MIT
# lib-orcheo.sh - a real Orcheo for system tests; source it behind lib.sh. Where
# there is no Python 3.12 or no package index the test is skipped, loudly.
# shellcheck shell=sh disable=SC2034 # its variables are for the tests

ENV_TOOL=$TOP/tests/orcheo/orcheo-env
FLOWS=$TOP/tests/orcheo/workflows
FIXTURES=$TOP/tests/orcheo/fixtures
ORCHEO_STATE=''
STUB=''

why=$("$ENV_TOOL" available 2>&1)
status=$?
if [ $status -ne 0 ]; then
    echo "1..0 # SKIP NO REAL ORCHEO HERE: $(echo "$why" | tail -n 1)"
    rm -rf "$STATE"
    exit 0
fi

orcheo_cleanup() {
    t_stop_processes
    [ -z "$STUB" ] || kill "$STUB" 2>/dev/null
    [ -z "$ORCHEO_STATE" ] || "$ENV_TOOL" stop --state "$ORCHEO_STATE" >/dev/null 2>&1
    t_remove_state
}
trap orcheo_cleanup EXIT

# start_orcheo OPTIONS...: sets ORCHEO_URL and ORCHEO_TOKEN.
start_orcheo() {
    ORCHEO_STATE=$STATE/orcheo
    "$ENV_TOOL" start --state "$ORCHEO_STATE" "$@" >"$STATE/orcheo.env" \
        2>"$STATE/orcheo.log" || { sed 's/^/# /' "$STATE/orcheo.log"; return 1; }
    # shellcheck disable=SC1091
    . "$STATE/orcheo.env"
    ORCHEO_URL=$ORCHEO_API_URL
    ORCHEO_TOKEN=$ORCHEO_SERVICE_TOKEN
    ORCHEO_PYTHON=$TT_ORCHEO_PYTHON
    unset ORCHEO_API_URL ORCHEO_SERVICE_TOKEN ORCHEO_WORKSPACE
}
orcheo_env() { "$ENV_TOOL" "$@" --state "$ORCHEO_STATE"; }
ingest() { # HANDLE SCRIPT CONFIG-JSON [--small]
    handle=$1 script=$2
    printf '%s' "$3" >"$STATE/ingest.json"
    shift 3
    "$ENV_TOOL" ingest --state "$ORCHEO_STATE" "$@" "$handle" "$script" \
        "$STATE/ingest.json"
}
orcheo() { # METHOD PATH [BODY]
    curl -sS -X "$1" "$ORCHEO_URL/api$2" -H "Authorization: Bearer $ORCHEO_TOKEN" \
        -H 'Content-Type: application/json' ${3:+-d "$3"}
}
# Trigger a workflow as production would; prints node_results.answer.
trigger() { # HANDLE
    id=$(orcheo GET "/workflows/$1" | jq -r .id)
    run=$(orcheo POST /triggers/manual/dispatch "{\"workflow_id\":\"$id\",
        \"actor\":\"test\",\"runs\":[{\"input_payload\":{\"cases\":[]}}]}" |
        jq -r '.[0].id')
    tries=200
    while [ $tries -gt 0 ]; do
        answer=$(orcheo GET "/runs/$run")
        case $(printf '%s' "$answer" | jq -r .status) in
        succeeded | failed | cancelled) break ;;
        esac
        tries=$((tries - 1))
        sleep 0.1
    done
    printf '%s' "$answer" | jq -c '.output_payload.final_state.node_results.answer // .error'
}
BASELINE='{"configurable":{"answer":{"temperature":1.0,"system_prompt":"Answer."}}}'

# put_target NODE-PATH-FILTER: the demo's target with a jq filter over it.
put_target() { # WORKFLOW JQ-FILTER
    jq "$2" "$DATA/target.json" >"$STATE/target.json" &&
        trimtab dataset put "$1" qa "$DATA/dataset.json" >/dev/null &&
        trimtab target put "$1" answer "$STATE/target.json" >/dev/null &&
        { trimtab params backfill "$1" answer >/dev/null 2>&1 || :; }
}
optimize() { # WORKFLOW OPTIONS...: starts a run and prints its id
    workflow=$1
    shift
    trimtab --json optimize "$workflow" answer --detach "$@" | jq -r .run_id
}
scored() { # RUN: how many candidates have a finite score
    get "/api/runs/$1/candidates?limit=200" |
        jq '[.items[] | select(.objective | type == "number")] | length'
}
