#!/bin/sh
# SPDX-License-Identifier: MIT
# t0340 - what t0310 asks of hostile shared objects, asked of hostile commands:
# plugins in another language that end, lie, flood, hang and reach for what they
# may not have, one after the other against one daemon that goes on with
# healthy runs and 100 reads a second. Nothing is left behind.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

command -v python3 >/dev/null || { echo '1..0 # SKIP no python3'; exit 0; }
ITERATIONS=40
READS=100 # a second

# DEED CAUSE (extended pattern).
deeds() {
    cat <<'DEEDS'
leaves next: its command exited with status 3, last saying: enough
half next: its command exited with status 4
quiet next: its command exited with status 0
segfault next: its command was killed by SIGSEGV
hang_up next: its command closed its standard output
deaf on_event: its command closed its standard input
shouts next: its command exited with status 5, last saying: hoarse
garbage next: the answer is no JSON object: .*expected a JSON value
binary next: the answer is no JSON object: .*UTF-8
shape next: actions: must be an array
array next: the answer is no JSON object: it is another value
both next: the answer must have "result" or "error", not both
endless next: its command wrote a line of more than 16 MiB
huge next: its command wrote a line of more than 16 MiB
wide next: the answer is no JSON object: .*out of memory
deep next: the answer is no JSON object: .*deep
members next: actions\[0\]: .*kind
objects next: the answer is no JSON object: .*deep
twice its command wrote what nobody asked for
alien next: the answer has the id [0-9]+, asked was [0-9]+
text_id next: the answer has the id -1
keys next: the answer is no JSON object: .*twice
member next: actions\[0\]: .*parameters
dimension next: actions\[0\]: 7 values, the space has 2 parameters
nan next: the answer is no JSON object: .*JSON value
infinity next: the answer is no JSON object: .*number
off candidate 2 .*-1\.0000000000000001e\+300 is
nul next: the answer is no JSON object: .*0000
forged forged
service next: it asks for a service that is unknown
stderr no answer to STEP within 1500 ms.*it last said: .*flood flood
signals no answer to STEP within 1500 ms.*it last said: signals: ignored
forks forks: 11 refused$
files files: 16 refused$
sockets sockets: 7 refused$
trace next: its command was killed by SIGSYS \(a system call
memory memory: ends below 1 GiB
unasked its command wrote what nobody asked for
DEEDS
}

# The same of those that take their time: they run beside the others. The first
# do not get as far as a call.
slow_deeds() {
    cat <<'DEEDS'
start_leaves hello: its command exited with status 6, last saying: not today
start_floods hello: (its command wrote what nobody asked for|the answer is no JSON)
start_lies hello: the answer must have "protocol":1
start_silent no hello within 10000 ms
drip no answer to STEP within 1500 ms
asks no answer to STEP within 1500 ms
silent no answer to STEP within 1500 ms.*it last said: silent
DEEDS
}

# The same of adapters.
adapters() {
    cat <<'DEEDS'
ad_leaves submit: its command exited with status 8
ad_silent no answer to SUBMIT within
ad_none submit: 0 outcomes of [0-9]+ evaluations
ad_alien submit: an outcome of "nobody", which was not asked for
ad_twice submit: two outcomes of
ad_state outcomes\[0\]: state: "won" is unknown
ad_handle is running and has no handle
ad_member outcomes\[0\]: score
ad_outputs outcomes\[0\]: outputs: must be an object
ad_junk evaluation 1: the metric "score" is missing
ad_cost submit: a cost of -1 cannot be
ad_elsewhere http://192\.0\.2\.1.*outbound\.allow
ad_file file:///etc/passwd
ad_secret nobodys
ad_headers header
ad_data trimtab\.data/1
DEEDS
}

hash_of() { sha256sum "$STATE/zoo/$1/plugin.json" | cut -d' ' -f1; }
make_folder() { # DEED
    mkdir "$STATE/zoo/$1"
    cp "$TOP/tests/zoo/exec/hostile.py" "$STATE/zoo/$1/"
    jq -n --arg d "$1" --arg m "$STATE" \
        --arg s "$(sha256sum <"$STATE/zoo/$1/hostile.py" | cut -d' ' -f1)" '{
          id: ("exec-" + ($d | gsub("_"; "-"))), version: "1.0.0",
          kind: (if ($d | startswith("ad_")) then "adapter" else "strategy" end),
          config_schema: {type: "object"}, sdk: "1.0-rc", license: "MIT", vendor: "zoo",
          caps: ["pending"], files: {"hostile.py": $s},
          param_kinds: ["float", "int", "categorical", "ordinal", "bool",
                        "text"],
          exec: {command: ["python3", "-S", "hostile.py", $d, $m]},
          permissions: {llm: false, http: ["*"], threads: false}
        }' >"$STATE/zoo/$1/plugin.json"
}
status_of() { get "/api/runs/$1" | jq -r .status; }
wait_end() { # RUN SECONDS
    tries=$(($2 * 10))
    while [ $tries -gt 0 ] && status=$(status_of "$1") &&
        [ "$status" = running ]; do
        tries=$((tries - 1))
        sleep 0.1
    done
    printf '%s' "$status"
}
optimize() { # OPTIMIZER OPTIONS...
    optimizer=$1
    shift
    trimtab --json optimize demo-qa answer --optimizer "$optimizer" --detach \
        "$@" | jq -r .run_id
}

# --- what is healthy --------------------------------------------------------------

keep_running() { # OPTIMIZER: runs one after the other, until $STATE/stop
    seed=0
    while [ ! -e "$STATE/stop" ]; do
        seed=$((seed + 1))
        run=$(optimize "$1" --seed $seed --iterations $ITERATIONS \
            --max-in-flight 4)
        while [ "$(status_of "$run")" = running ]; do sleep 0.5; done
        echo "$run" >>"$STATE/healthy"
    done
}
healthy_ended() {
    bad='' n=0
    while read -r run; do
        n=$((n + 1))
        numbers=$(get "/api/runs/$run/candidates?limit=200" |
            jq -r '.items | map(.number) | sort | map(tostring) | join(" ")')
        [ "$(status_of "$run")" = completed ] &&
            [ "$numbers" = "$(seq $ITERATIONS | tr '\n' ' ' | sed 's/ $//')" ] ||
            bad="$bad $run: $(get "/api/runs/$run" | jq -r .diagnostic) $numbers"
    done <"$STATE/healthy"
    is "all $n healthy runs are complete, without a gap" "$bad" ''
}

# --- what is hostile --------------------------------------------------------------

begin() { # DEED: its run
    optimize "sha256:$(hash_of "$1")" --iterations 20 --max-in-flight 2
}
begin_adapter() { # DEED: a run of a target of its own
    jq --arg h "sha256:$(hash_of "$1")" --arg u "$ORCHEO_URL/api/system/info" \
        'del(.delivery) | .adapter = {plugin: $h, config: {url: $u}} |
        .evaluation = {timeout_seconds: 1} | .objective.metric = "score"' \
        "$DATA/target.json" >"$STATE/target"
    name=$(echo "$1" | tr _ -)
    trimtab target put demo-qa "$name" "$STATE/target" >/dev/null
    trimtab --json optimize demo-qa "$name" --optimizer random \
        --iterations 20 --max-in-flight 2 --detach | jq -r .run_id
}
hostile() { # DEED CAUSE [RUN]
    run=${3:-$(begin "$1")}
    is "$1: the run ends failed" "$(wait_end "$run" 30)" failed
    why=$(get "/api/runs/$run" | jq -r .diagnostic)
    like "$1: it names plugin, version and hash" "$why" "exec-$(echo "$1" |
        tr _ -) 1\.0\.0 \(sha256 $(hash_of "$1" | cut -c1-12)"
    like "$1: it names the cause" "$why" "$2"
}

# --- what may be left -------------------------------------------------------------

list_descriptors() { # the store opens and closes files as it likes
    find "/proc/$DAEMON/fd" -type l -printf '%l\n' 2>/dev/null |
        grep -v "^$STATE/store" | sort
}
descriptors() { list_descriptors | wc -l; }
# shellcheck disable=SC2317 # settle() calls them
workers() { grep -lsae "[-]-parent=$DAEMON" /proc/[0-9]*/cmdline | wc -l; }
# Commands, and what was forked from them: marked by their last argument.
# shellcheck disable=SC2317
commands() { grep -lsae "hostile[.]py.*$STATE" /proc/[0-9]*/cmdline | wc -l; }
settle() { # COMMAND WANT: what it prints once it is that, or in the end
    tries=150
    while [ $tries -gt 0 ] && [ "$($1)" -gt "$2" ]; do
        tries=$((tries - 1))
        sleep 0.1
    done
    $1
}
catalog_files() {
    find "$STATE/plugins" "$STATE/zoo" -type f -exec sha256sum {} + | sort
}
traces() {
    find "$STATE" /tmp /var/tmp /dev/shm /run -maxdepth 3 \
        -name '*zoo-was-here*' 2>/dev/null
    find "$STATE/tmp" "$STATE/plugins/incoming" -mindepth 1 2>/dev/null
}

# --- the house, and its guests ----------------------------------------------------

start_sim --latency-ms 20 --concurrency 32 || exit 1
mkdir "$STATE/zoo" "$STATE/tmp"
deeds >"$STATE/deeds"
slow_deeds >"$STATE/slow"
adapters >"$STATE/adapters"
while read -r deed _; do make_folder "$deed"; done <"$STATE/deeds"
while read -r deed _; do make_folder "$deed"; done <"$STATE/slow"
while read -r deed _; do make_folder "$deed"; done <"$STATE/adapters"
write_config "{plugins: {directories: [\"$PLUGINS\", \"$STATE/zoo\"]},
    workers: {memory_mb: 384},
    runs: {step_seconds: 1.5, call_seconds: 2, max_running: 16,
           optimize_per_minute: 100000}}"
TMPDIR=$STATE/tmp
export TMPDIR
check "the daemon starts" start_daemon
check "dataset, target and baseline are there" register
pid=$DAEMON
for optimizer in sobol random; do # connections are kept
    warm="${warm:-} $(optimize $optimizer --iterations 12)"
done
for run in $warm; do
    is "a first run completes" "$(wait_end "$run" 60)" completed
done
is "its workers are gone" "$(settle workers 0)" 0
sleep 1
base=$(descriptors)
list_descriptors >"$STATE/descriptors.before"
catalog_files >"$STATE/catalog.before"

"$BUILD/tests/system/reader" "$STATE/sock" \
    /api/workflows/demo-qa/parameters/answer $READS >"$STATE/reads" &
reader=$!
keep_running random &
keeper=$!
began=$(date +%s)
while read -r deed _; do
    echo "$(begin "$deed" </dev/null) $deed" >>"$STATE/begun"
done <"$STATE/slow"
while read -r deed cause; do
    hostile "$deed" "$cause" </dev/null
done <"$STATE/deeds"
while read -r deed cause; do
    hostile "$deed" "$cause" "$(begin_adapter "$deed" </dev/null)" </dev/null
done <"$STATE/adapters"
while read -r deed cause; do
    run=$(sed -n "s/ $deed\$//p" "$STATE/begun")
    hostile "$deed" "$cause" "$run" </dev/null
done <"$STATE/slow"
took=$(($(date +%s) - began))

# --- what they leave --------------------------------------------------------------

touch "$STATE/stop"
wait "$keeper"
kill -TERM $reader
wait $reader
echo "# $took s; reads: $(cat "$STATE/reads")"
is "no read failed" "$(jq '.other + .errors' "$STATE/reads")" 0
check "and there were many" \
    jq -e ".reads == .ok and .ok > $((took * READS / 4))" "$STATE/reads"
healthy_ended
check "it is the same daemon" test "$DAEMON" = "$pid" -a -d "/proc/$pid"
is "no worker is left" "$(settle workers 0)" 0
is "no command is left" "$(settle commands 0)" 0
is "the daemon has no child" "$(pgrep -P "$pid" | wc -l)" 0
n=$(settle descriptors "$base")
list_descriptors >"$STATE/descriptors.after"
check "its descriptors are back at the $base of before" sh -c "
    [ $n -le $base ] || ! diff '$STATE/descriptors.before' '$STATE/descriptors.after'"
is "no file is left" "$(traces)" ''
catalog_files >"$STATE/catalog.after"
check "no file of a plugin has changed" \
    diff "$STATE/catalog.before" "$STATE/catalog.after"
is "nobody forged a line of the log" \
    "$(grep -c '^<0>' "$STATE/daemon.log.new")" 0
kill -TERM "$pid"
wait "$pid"
is "the daemon ends as it should" "$?" 0
DAEMON=''
done_testing
