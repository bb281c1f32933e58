#!/bin/sh
# SPDX-License-Identifier: MIT
# t0340 - what t0310 asks of hostile shared objects, asked of hostile commands:
# plugins in another language that end, lie, flood, hang and reach for what they
# may not have, one after the other against one daemon that goes on with
# healthy runs and 100 reads a second. Nothing is left behind.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib-zoo.sh
. "$(dirname "$0")/lib-zoo.sh"

command -v python3 >/dev/null || { echo '1..0 # SKIP no python3'; exit 0; }
ITERATIONS=40
READS=100 # a second
PATIENCE=30

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

# --- what is hostile ----------------------------------------------------------

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
    blamed "$1" "$run" "exec-$1" "$(hash_of "$1")" "$2"
}

# --- what may be left -------------------------------------------------------------

# Commands, and what was forked from them: marked by their last argument.
# shellcheck disable=SC2317
commands() { grep -lsae "hostile[.]py.*$STATE" /proc/[0-9]*/cmdline | wc -l; }
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
open_house sobol random
keep a random
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

# --- what they leave --------------------------------------------------------------

empty_house
is "no command is left" "$(settle commands 0)" 0
is "no file is left" "$(traces)" ''
is "nobody forged a line of the log" \
    "$(grep -c '^<0>' "$STATE/daemon.log.new")" 0
close_house
done_testing
