#!/bin/sh
# SPDX-License-Identifier: MIT
# params.sh - the active-parameters read against nginx serving a static file
# of the same size, both in this run, in turn: requests per second (wrk, 32
# connections) and CPU per request (user and system time of the server).
# Usage: params.sh BUILD
set -eu

build=$1
here=$(cd "$(dirname "$0")" && pwd)
state=$(mktemp -d "${TMPDIR:-/tmp}/trimtab-bench.XXXXXX")
chmod 755 "$state"
daemon='' nginx='' simulator=''
finish() {
    for pid in $daemon $nginx $simulator; do
        kill "$pid" 2>/dev/null || :
        wait "$pid" 2>/dev/null || :
    done
    rm -rf "$state"
}
trap finish EXIT
trap 'exit 1' INT TERM

for tool in wrk nginx jq curl; do
    command -v $tool >/dev/null || { echo "params.sh: $tool is missing" >&2; exit 1; }
done

# The baseline is what Orcheo has stored; the simulator has it.
"$build/tests/orcheo/orcheo-sim" --port 0 --seed-workflows >"$state/sim" 2>&1 &
simulator=$!
for _ in $(seq 100); do
    ! grep -q '^ready' "$state/sim" || break
    sleep 0.1
done
sim=http://127.0.0.1:$(sed -n 's/^port=//p' "$state/sim")

cat >"$state/trimtab.json" <<CONFIG
{ "outbound": {"allow": ["$sim"]},
  "adapters": {"orcheo": {"url": "$sim", "token_secret": ""}},
  "listen": [{"tcp": "127.0.0.1:0"}, {"unix": "$state/sock"}],
  "store": {"path": "$state/store"},
  "plugins": {"directories": ["$build/plugins/built"], "state": "$state/plugins",
              "signatures": "allow"},
  "workers": {"path": "$build/trimtab-worker"}, "http": {"threads": 1} }
CONFIG
"$build/trimtabd" --config "$state/trimtab.json" >"$state/log" 2>&1 &
daemon=$!
for _ in $(seq 100); do
    port=$(sed -n 's/.*daemon.ready.* port=\([0-9]*\).*/\1/p' "$state/log")
    [ -z "$port" ] || break
    sleep 0.1
done
[ -n "$port" ] || { cat "$state/log" >&2; exit 1; }

data=$here/../system/demo-data
export TRIMTAB_URL="unix:$state/sock"
jq 'del(.delivery)' "$data/target.json" >"$state/target.json"
"$build/trimtab" dataset put demo-qa qa "$data/dataset.json" >/dev/null
"$build/trimtab" target put demo-qa answer "$state/target.json" >/dev/null
"$build/trimtab" params backfill demo-qa answer >/dev/null
url=http://127.0.0.1:$port/api/workflows/demo-qa/parameters/answer

# nginx serves the very same bytes.
mkdir "$state/www"
curl -sS "$url" >"$state/www/answer"
nginx_port=$((port + 1))
cat >"$state/nginx.conf" <<CONFIG
worker_processes 1; daemon off; pid $state/nginx.pid; error_log $state/nginx.log;
events { worker_connections 1024; }
http { access_log off; keepalive_requests 1000000000; open_file_cache max=10;
  client_body_temp_path $state/b; proxy_temp_path $state/p; fastcgi_temp_path $state/f;
  uwsgi_temp_path $state/u; scgi_temp_path $state/s; default_type application/json;
  server { listen 127.0.0.1:$nginx_port backlog=511; root $state/www; } }
CONFIG
nginx -e "$state/nginx.log" -c "$state/nginx.conf" &
nginx=$!
sleep 1
nginx_url=http://127.0.0.1:$nginx_port/answer
[ "$(curl -sS "$nginx_url")" = "$(cat "$state/www/answer")" ]

ticks() { # PID and its children, in clock ticks
    for pid in $1 $(pgrep -P "$1" || :); do
        awk '{ print $14 + $15 }' "/proc/$pid/stat"
    done | awk '{ n += $1 } END { print n }'
}
hz=$(getconf CLK_TCK)
one() { # NAME PID URL: appends "rps cpu_us" of one round
    before=$(ticks "$2")
    wrk -t1 -c32 -d3s "$3" >"$state/wrk"
    after=$(ticks "$2")
    awk -v b="$before" -v a="$after" -v hz="$hz" '
        /requests in/ { n = $1 }
        /Requests\/sec/ { rps = $2 }
        END { printf "%.1f %.3f\n", rps, (a - b) / hz * 1e6 / n }' "$state/wrk" >>"$state/$1"
}
for _ in 1 2 3; do
    one ours "$daemon" "$url"
    one reference "$nginx" "$nginx_url"
done
median() { sort -g | sed -n 2p; }
column() { awk -v k="$2" '{ print $k }' "$state/$1" | median; }
line() { # NAME UNIT COLUMN OURS-OVER-REFERENCE?
    awk -v name="$1" -v unit="$2" -v o="$(column ours "$3")" \
        -v r="$(column reference "$3")" -v up="$4" 'BEGIN {
        printf "{\"name\":\"%s\",\"unit\":\"%s\",\"ours\":%s,\"reference\":%s,", name, unit, o, r
        printf "\"reference_name\":\"nginx, the same bytes as a static file\","
        printf "\"ratio\":%.3f}\n", up ? o / r : r / o }'
}
line params_GET requests/s 1 1
line params_GET_cpu us/request 2 0
