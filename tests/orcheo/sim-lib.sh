# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# sim-lib.sh - what the simulator's tests share: start one, call it, compare.
# A test sources it, then calls sim_start, ..., done_testing.

: "${TT_TOP_SRCDIR:?}" "${TT_TOP_BUILDDIR:?}"
FIXTURES=$TT_TOP_SRCDIR/tests/orcheo/fixtures
for tool in curl jq; do
    command -v "$tool" >/dev/null || { echo "1..0 # SKIP no $tool"; exit 0; }
done
W=$(mktemp -d) || exit 1
SIMS=
n=0
failed=0
TOKEN=
WORKSPACE=

cleanup() {
    for pid in $SIMS; do kill "$pid" 2>/dev/null; done
    rm -rf "$W"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP

# sim_start OPTION...: BASE is its address; an earlier one goes on.
sim_start() {
    rm -f "$W/out"
    "$TT_TOP_BUILDDIR/tests/orcheo/orcheo-sim" --port 0 "$@" >"$W/out" \
        2>>"$W/err" &
    SIM=$!
    SIMS="$SIMS $SIM"
    tries=0
    until grep -q '^ready' "$W/out" 2>/dev/null; do
        tries=$((tries + 1))
        if [ $tries -gt 200 ] || ! kill -0 "$SIM" 2>/dev/null; then
            sed 's/^/# /' "$W/err"
            echo "Bail out! the simulator does not start"
            exit 1
        fi
        sleep 0.05
    done
    BASE=http://127.0.0.1:$(sed -n 's/^port=//p' "$W/out")
}

# ok TEXT COMMAND...: a test.
ok() {
    n=$((n + 1))
    name=$1
    shift
    if "$@" >"$W/said" 2>&1; then
        echo "ok $n - $name"
    else
        echo "not ok $n - $name"
        sed 's/^/# /' "$W/said" | head -40
        failed=1
    fi
}

done_testing() {
    for pid in $SIMS; do
        kill "$pid" && wait "$pid" || echo "simulator: exit $?" >>"$W/err"
    done
    SIMS=
    ok "the simulators end well and say nothing" diff /dev/null "$W/err"
    echo "1..$n"
    [ "$failed" -eq 0 ]
    exit
}

# call METHOD PATH [JSON]: {status, body} in $W/got; HEADERS in $W/headers.
call() {
    code=$(curl -sS -m 20 -o "$W/body" -D "$W/headers" -w '%{http_code}' \
        -X "$1" -H 'Accept: application/json' \
        ${TOKEN:+-H "Authorization: Bearer $TOKEN"} \
        ${WORKSPACE:+-H "X-Orcheo-Workspace: $WORKSPACE"} \
        -H 'Content-Type: application/json' \
        ${3+--data-binary "$3"} "$BASE$2" 2>"$W/curl") || code=000
    [ "$code" != 000 ] || : >"$W/body"
    jq -n --arg s "$code" --rawfile b "$W/body" \
        '{status: ($s | tonumber), body: ($b | (fromjson? // .))}' >"$W/got"
}

got() { jq -r "$@" "$W/got"; }

# holds FILTER [JQ-ARG...]: is the filter true of the last answer?
holds() {
    filter=$1
    shift
    jq -e "$@" "$filter" "$W/got" >/dev/null && return
    echo "not so: $filter"
    jq -c . "$W/got" | cut -c1-800
    return 1
}

fault() { call POST /_sim/faults "$1"; holds '.status == 200' || exit 1; }
stats() { call GET /_sim/stats; }
reset() { call POST /_sim/reset; }

# workflow HANDLE SCRIPT-FILE CONFIG-JSON: WID and VID of a new one.
workflow() {
    call POST /api/workflows \
        "$(jq -n --arg h "$1" '{name: $h, handle: $h, actor: "test"}')"
    WID=$(got .body.id)
    call POST "/api/workflows/$1/versions/ingest" \
        "$(jq -n --rawfile s "$2" --argjson c "$3" \
            '{script: $s, created_by: "test", runnable_config: $c}')"
    VID=$(got .body.id)
}

# dispatch WORKFLOW-ID RUNS-JSON [LABEL]: RUN is the id of the first.
dispatch() {
    call POST /api/triggers/manual/dispatch "$(jq -n --arg w "$1" \
        --argjson r "$2" --arg l "${3-test}" \
        '{workflow_id: $w, actor: "trimtab", label: $l, runs: $r}')"
    RUN=$(got '(.body | arrays | .[0].id) // empty')
}

# until_status RUN STATUS: the run, in $W/got, when it has that status.
until_status() {
    tries=0
    while call GET "/api/runs/$1"; [ "$(got .body.status)" != "$2" ]; do
        tries=$((tries + 1))
        [ $tries -lt 200 ] || { holds '.body.status == $s' --arg s "$2"; return; }
        sleep 0.05
    done
}

# What is never twice the same is made so: ids, times, how long, who asked.
NORMAL='
def normal:
  walk(if type == "string" then
         gsub("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"; "<uuid>")
         | gsub("^[0-9]{4}-[0-9-]+T[0-9:.]+Z$"; "<time>")
         | gsub("^[0-9a-f]{32}$"; "<subject>")
         | gsub("127.0.0.1:[0-9]+"; "127.0.0.1:<port>")
       elif type == "object" then
         with_entries(if .key == "sleep" or .key == "elapsed" then .value = 0
                      elif .key == "headers" then
                          .value |= map_values("<header>")
                      else . end)
       else . end);
'

# same FIXTURE-FILE [FILTER]: is the last answer that fixture, normalised?
# FILTER is applied to both first.
same() {
    jq -S "$NORMAL ${2-.} | normal" "$1" >"$W/expected" &&
        jq -S "$NORMAL ${2-.} | normal" "$W/got" >"$W/normal" &&
        diff -u "$W/expected" "$W/normal"
}
