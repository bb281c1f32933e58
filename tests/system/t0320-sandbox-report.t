#!/bin/sh
# SPDX-License-Identifier: MIT
# t0320 - the daemon and the checker report what this kernel enforces, and both
# say the same. (That it is true: tests/unit/sandbox_report_test.)
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

TRIMTAB_WORKER=$WORKER
export TRIMTAB_WORKER
TOOL=${TT_PLUGIN_TOOL:-${TT_PLAIN_BUILDDIR:-$BUILD}/trimtab-plugin}

"$BUILD/trimtabd" --version | sed -n 's/^sandbox: //p' >"$STATE/daemon.json"
check "the daemon reports each guard" jq -e '
    (.uid | type) == "boolean" and (.seccomp | type) == "boolean" and
    (.landlock | type) == "number" and (.missing | type) == "array"' \
    "$STATE/daemon.json"
check "what is not there is named" jq -e '
    [if .uid then empty else "uid" end,
     if .landlock > 0 then empty else "landlock" end,
     if .seccomp then empty else "seccomp" end] ==
    (.missing | map(split(":")[0]))' "$STATE/daemon.json"

"$TOOL" check "$PLUGINS/random.so" --only L6 >"$STATE/check.text" 2>&1
said=$(sed -n 's/.*enforced here: limits/limits/p' "$STATE/check.text")
is "the checker says the same" "$said" "$(jq -r '
    "limits, no_new_privs" +
    (if .uid then ", a user of its own" else "" end) +
    (if .landlock > 0 then ", landlock (ABI \(.landlock))" else "" end) +
    (if .seccomp then ", seccomp" else "" end)' "$STATE/daemon.json")"
is "and names as many that are not there" \
    "$(grep -c 'not enforced here' "$STATE/check.text")" \
    "$(jq '.missing | length' "$STATE/daemon.json")"
done_testing
