#!/bin/sh
# SPDX-License-Identifier: MIT
# t0120 - a daemon whose plugins are not there: it starts where it was told of
# no folder and the installed one is absent, and does not where a folder that was
# named is missing.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

# --- none is named ----------------------------------------------------------------

write_config
jq 'del(.plugins.directories)' "$STATE/trimtab.json" >"$STATE/none.json" &&
    mv "$STATE/none.json" "$STATE/trimtab.json"
check "it starts without plugins.directories" start_daemon
if absent=$(grep -o 'plugins.absent directory=[^ ]*' "$STATE/daemon.log.new")
then
    like "it warns" "$(grep plugins.absent "$STATE/daemon.log.new")" \
        '^<4>plugins.absent directory=/[^ ]* hint="[^"]*plugins.directories'
    check "of what is absent" test ! -e "${absent#*directory=}"
    is "it has no plugins" "$(trimtab --json plugin list | jq -c .items)" '[]'
else
    ok "it warns # SKIP plugins are installed here"
    ok "of what is absent # SKIP plugins are installed here"
    ok "it has no plugins # SKIP plugins are installed here"
fi
is "it is ready" "$(curl -sS --unix-socket "$STATE/sock" -o /dev/null \
    -w '%{http_code}' http://trimtab/readyz)" 200
stop_daemon

# --- one is, and is not there -----------------------------------------------------

write_config '{plugins: {directories: [$p, ($s + "/no-such-folder")]}}'
"$BUILD/trimtabd" --config "$STATE/trimtab.json" >"$STATE/out" 2>&1
is "a folder that was named must be there" "$?" 4
like "it is named, with the member" "$(cat "$STATE/out")" \
    'plugins\.directories: .*/no-such-folder'
done_testing
