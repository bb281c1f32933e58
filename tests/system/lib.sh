# SPDX-License-Identifier: MIT
# lib.sh - what system tests share: TAP, a scratch folder, the simulator, a
# daemon. Source it: . "$(dirname "$0")/lib.sh"
# shellcheck shell=sh disable=SC2034 # its variables are for the tests
set -u

TOP=$(cd "${TT_TOP_SRCDIR:-$(dirname "$0")/../..}" && pwd)
BUILD=${TT_TOP_BUILDDIR:-$TOP/build}
# Workers are plain builds, also where everything else carries sanitizers.
WORKER=${TT_WORKER:-$BUILD/trimtab-worker}
PLUGINS=${TT_PLUGIN_DIR:-$BUILD/plugins/built}
DATA=$TOP/tests/system/demo-data

if [ -n "${TT_QUICK:-}" ]; then
    echo "1..0 # SKIP a system test; TT_QUICK asks for units only"
    exit 0
fi

T_N=0 T_BAD=0
ok() { T_N=$((T_N + 1)); echo "ok $T_N - $1"; }
not_ok() {
    T_N=$((T_N + 1)) T_BAD=1
    echo "not ok $T_N - $1"
    shift
    [ $# -eq 0 ] || printf '%s\n' "$*" | head -n 20 | sed 's/^/# /'
}
check() { # NAME COMMAND...: it must succeed; runs in this very shell
    name=$1
    shift
    if "$@" >"$STATE/check.out" 2>&1; then
        ok "$name"
    else
        not_ok "$name" "$(cat "$STATE/check.out")"
    fi
}
is() { # NAME GOT WANT
    if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "got:  $2" "want: $3"; fi
}
like() { # NAME TEXT PATTERN (extended)
    if printf '%s' "$2" | grep -qE -- "$3"; then ok "$1"; else
        not_ok "$1" "no /$3/ in: $2"; fi
}
done_testing() {
    # What a sanitizer or an assertion said, if the daemon said it.
    [ "$T_BAD" = 0 ] ||
        cat "$STATE"/daemon.log* 2>/dev/null |
        grep -vE '^<[4-7]>' | head -n 40 | sed 's/^/# daemon: /'
    echo "1..$T_N"
    exit "$T_BAD"
}

STATE=$(mktemp -d "${TMPDIR:-/tmp}/trimtab-test.XXXXXX")
chmod 755 "$STATE"
DAEMON='' SIM=''
ORCHEO_TOKEN=t
t_stop_processes() {
    for pid in $DAEMON $SIM; do
        kill -TERM "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
}
t_remove_state() {
    if [ -n "${TT_KEEP:-}" ]; then echo "# kept $STATE"; else rm -rf "$STATE"; fi
}
t_cleanup() {
    t_stop_processes
    t_remove_state
}
trap t_cleanup EXIT
trap 'exit 1' INT TERM HUP

t_wait() { # FILE PATTERN SECONDS
    tries=$(($3 * 20))
    until grep -qE "$2" "$1" 2>/dev/null; do
        tries=$((tries - 1))
        if [ $tries -le 0 ]; then
            echo "# no /$2/ in $1:"
            tail -n 20 "$1" | sed 's/^/# /'
            return 1
        fi
        sleep 0.05
    done
}

# The simulator, with options; ORCHEO_URL is where it is.
start_sim() {
    "$BUILD/tests/orcheo/orcheo-sim" --port 0 --seed-workflows --token t "$@" \
        >"$STATE/sim.log" 2>&1 &
    SIM=$!
    t_wait "$STATE/sim.log" '^ready' 10 || return 1
    ORCHEO_URL=http://127.0.0.1:$(sed -n 's/^port=//p' "$STATE/sim.log")
}
sim() { # PATH [BODY]: GET or POST to the simulator
    curl -sS "$ORCHEO_URL$1" -H 'Authorization: Bearer t' ${2:+-d "$2"}
}

# write_config [JSON]: the JSON is merged over the usual one (jq's *).
write_config() {
    printf '%s' "$ORCHEO_TOKEN" >"$STATE/orcheo.token"
    jq -n --arg s "$STATE" --arg p "$PLUGINS" --arg w "$WORKER" \
        --arg u "${ORCHEO_URL:-http://127.0.0.1:1}" '{
          listen: [{unix: ($s + "/sock"), mode: "0600"}],
          store: {path: ($s + "/store")},
          plugins: {directories: [$p], state: ($s + "/plugins"), signatures: "allow"},
          workers: {path: $w},
          outbound: {allow: [$u]},
          secrets: {orcheo: {file: ($s + "/orcheo.token")}},
          adapters: {orcheo: {url: $u, token_secret: "orcheo"}}
        } * '"${1:-{\}}" >"$STATE/trimtab.json"
}
start_daemon() {
    rm -f "$STATE/daemon.log.new"
    "$BUILD/trimtabd" --config "$STATE/trimtab.json" >"$STATE/daemon.log.new" 2>&1 &
    DAEMON=$!
    t_wait "$STATE/daemon.log.new" 'daemon.ready' 60
    status=$?
    # One that neither starts nor says why is worth a look inside.
    if [ $status -ne 0 ] && kill -0 "$DAEMON" 2>/dev/null; then
        gdb -p "$DAEMON" -batch -ex 'thread apply all bt 12' 2>/dev/null |
            head -n 80 | sed 's/^/# /'
    fi
    cat "$STATE/daemon.log.new" >>"$STATE/daemon.log"
    return $status
}
stop_daemon() { # [SIGNAL]
    kill "-${1:-TERM}" "$DAEMON" 2>/dev/null
    wait "$DAEMON" 2>/dev/null
    DAEMON=''
}
trimtab() { TRIMTAB_URL="unix:$STATE/sock" "$BUILD/trimtab" --yes "$@"; }
get() { curl -sS --unix-socket "$STATE/sock" "http://trimtab$1"; }
post() { # PATH BODY
    curl -sS --unix-socket "$STATE/sock" -X POST -d "$2" "http://trimtab$1"
}
# The demo's dataset and target, and its baseline as v1.
register() {
    trimtab dataset put demo-qa qa "$DATA/dataset.json" &&
        trimtab target put demo-qa answer "${1:-$DATA/target.json}" &&
        trimtab params backfill demo-qa answer
}
wait_run() { # RUN SECONDS: until it is no longer running; prints its status
    tries=$(($2 * 10))
    while [ $tries -gt 0 ]; do
        status=$(get "/api/runs/$1" | jq -r .status 2>/dev/null)
        [ "$status" = running ] || [ -z "$status" ] || break
        tries=$((tries - 1))
        sleep 0.1
    done
    printf '%s' "$status"
}
