# SPDX-License-Identifier: MIT
# lib-climb.sh - versions of the template's strategy, `climb`, in a daemon that
# may call the simulator as often as it likes. Source it after lib.sh.
# shellcheck shell=sh disable=SC2034 # its variables are for the tests

command -v "${CC:-cc}" >/dev/null || {
    echo "1..0 # SKIP no C compiler to make versions of a plugin with"
    exit 0
}
start_sim || exit 1
mkdir "$STATE/climb"

version() { # VERSION [SED SCRIPT]: a version, with that difference
    sed -e 's/@NAME@/climb/g' -e "s/\"0\.1\.0\"/\"$1\"/" -e "${2:-}" \
        "$TOP/sdk/template/strategy.c" >"$STATE/climb-$1.c"
    ${CC:-cc} -std=c11 -O1 -shared -fPIC -fvisibility=hidden -Wl,-z,now \
        -I"$TOP/sdk/include" -o "$STATE/climb/climb-$1.so" \
        "$STATE/climb-$1.c" -lm
}
CRASHES='/^static int climb_tell/,/^{/s/^{/{ __builtin_trap();/'
ERRS='/^static int climb_tell/,/^{/s/^{/{ return TT_EPLUGIN;/'
hash_of() { sha256sum "$STATE/climb/climb-$1.so" | cut -d' ' -f1; }
start_climb() { # once the versions are made
    write_config "{plugins: {directories: [\"$PLUGINS\", \"$STATE/climb\"]},
        runs: {max_running: 8, max_in_flight: 32},
        adapters: {orcheo: {requests_per_minute: 0}}}"
    check "the daemon starts" start_daemon
    check "dataset, target and baseline are there" register
}
gap_free() { # RUN N: 1 when it has N candidates or more, numbered from 1
    cursor=
    while :; do
        page=$(get "/api/runs/$1/candidates?limit=200&cursor=$cursor")
        echo "$page" | jq -r '.items[].number'
        cursor=$(echo "$page" | jq -r '.next_cursor // empty')
        [ -n "$cursor" ] || break
    done | sort -n |
        awk -v n="$2" '$1 != NR { bad = 1 } END { print (NR >= n && !bad) }'
}
