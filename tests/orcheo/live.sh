# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# live.sh - read by the tests that need the real Orcheo: an instance with the
# workflows in it, ended with the test. Skips loudly where there can be none.

here=$TT_TOP_SRCDIR/tests/orcheo
orcheo=$here/orcheo-env

"$orcheo" available || {
    [ $? -eq 77 ] || { echo "Bail out! orcheo-env available"; exit 1; }
    echo "1..0 # SKIP no real Orcheo here: see above"
    exit 0
}

live=$(mktemp -d "${TMPDIR:-/tmp}/trimtab-live.XXXXXX") || exit 1
stub=
live_end() {
    [ -z "$stub" ] || kill "$stub" 2>/dev/null
    "$orcheo" stop --state "$live/orcheo"
    rm -rf "$live"
}
trap live_end EXIT
trap 'exit 1' HUP INT TERM

ingest() { "$orcheo" ingest --state "$live/orcheo" "$@" >/dev/null; }

# live_start OPTIONS...: start it, fill it, set what adapter_live wants
live_start() {
    if ! "$orcheo" start --state "$live/orcheo" "$@" >"$live/env" ||
        ! live_fill; then
        echo "Bail out! Orcheo did not start"
        exit 1
    fi
    # shellcheck disable=SC1091
    . "$live/env"
    # shellcheck disable=SC2016 # the script's own $1
    printf '#!/bin/sh\nexec "%s" "$1" --state "%s"\n' "$orcheo" \
        "$live/orcheo" >"$live/fault"
    chmod +x "$live/fault"
    TT_LIVE_TOKEN=$ORCHEO_SERVICE_TOKEN
    TT_LIVE_SMALL_TOKEN=$TT_ORCHEO_SMALL_TOKEN
    TT_LIVE_FAULT=$live/fault
    export TT_LIVE_TOKEN TT_LIVE_SMALL_TOKEN TT_LIVE_FAULT
}

live_fill() {
    echo '{"configurable":{"answer":
        {"temperature":1.0,"system_prompt":"Answer."}}}' >"$live/config.json"
    ingest evaluation "$here/workflows/evaluation.py" "$live/config.json" &&
        ingest small "$here/workflows/evaluation.py" "$live/config.json" \
            --small &&
        ingest production "$here/workflows/production.py" \
            "$live/config.json" &&
        for _ in 1 2 3; do
            ingest slots "$here/fixtures/deterministic_workflow.py" || return 1
        done
}

# live_stub: a model's endpoint, and the workflow that asks it
live_stub() {
    port=$("$TT_ORCHEO_PYTHON" -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])')
    "$TT_ORCHEO_PYTHON" "$here/fixtures/openai_stub.py" "$port" \
        2>"$live/stub.log" &
    stub=$!
    echo '{"configurable":{"answer":{"model":"openai:stub-model",
        "base_url":"http://127.0.0.1:'"$port"'/v1","temperature":1.0,
        "system_prompt":"Answer."}}}' >"$live/agent.json"
    ingest agent "$here/workflows/agent.py" "$live/agent.json"
}

scenarios() {
    "$TT_TOP_BUILDDIR/tests/orcheo/adapter_live" "$ORCHEO_API_URL" "$@"
}
