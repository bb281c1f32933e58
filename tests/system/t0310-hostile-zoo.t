#!/bin/sh
# SPDX-License-Identifier: MIT
# t0310 - the whole hostile zoo, one after the other, against one daemon that
# goes on with four healthy runs and 100 reads a second: no read fails, every
# hostile run ends with a diagnostic that names plugin, hash and cause, and
# nothing is left behind: no process, no file, no descriptor.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib-zoo.sh
. "$(dirname "$0")/lib-zoo.sh"

ZOO=${TT_ZOO_DIR:-$BUILD/tests/zoo/.libs}
ITERATIONS=40
READS=100 # a second
PATIENCE=60

# ANIMAL DEED ASKS-BEFORE CAUSE (extended pattern). One file for each: three
# crashes quarantine a hash, not its name.
strategies() {
    cat <<'END'
zoo_bad segfault 1 killed by SIGSEGV while it worked on STEP.*a NULL pointer
zoo_bad abort 1 killed by SIGABRT.*zoo: last words
zoo_bad exit 1 exited with status 7 while it worked on STEP
zoo_worse quiet 1 exited with status 0 while it worked on STEP
zoo_worse stack 1 killed by SIGSEGV while it worked on STEP.*stack overflow
zoo_worse doublefree 1 killed by SIGABRT.*double free
zoo_worse divide 1 killed by SIGFPE.*division by zero
zoo_worse trap 1 killed by SIGILL
zoo_worse suicide 1 killed by SIGKILL
zoo_early crash 0 exited with status 9 while it was loaded.*early: 0 things worked
zoo_state corrupt 0 killed by SIGSEGV while it worked on OPEN
zoo_bad loop 1 no answer to STEP within 1500 ms
zoo_worse deadlock 1 no answer to STEP within 1500 ms
zoo_worse handlers 1 no answer to STEP within 1500 ms
zoo_worse flood 1 no answer to STEP within 1500 ms.*it last said: flood
zoo_liar promise 1 no answer to STEP within 1500 ms
zoo_liar thief 1 no answer to STEP within 1500 ms
zoo_bad memory 1 memory ends below 1 GiB
zoo_worse hog 1 hog: out of memory after less than 1 GiB
zoo_worse leak 1 killed by SIGSEGV.*out of memory: less than 48 of its 384 MB
zoo_worse descriptors 1 descriptors: Too many open files after less than 64
zoo_worse forkbomb 1 forkbomb: 400 refused: Operation not permitted
zoo_worse threads 1 threads: 8 refused
zoo_bad exec 1 exec: Operation not permitted
zoo_worse sockets 1 sockets: 139 refused: Operation not permitted
zoo_worse files 1 files: 23 refused: Operation not permitted
zoo_worse unlink 1 unlink: 6 refused: Operation not permitted
zoo_worse processes 1 processes: 14 refused: Operation not permitted
zoo_worse escape 1 escape: 11 refused: Operation not permitted
zoo_worse setenv 1 setenv: LD_PRELOAD is /tmp/zoo-was-here.so for me alone
zoo_worse spy 1 SIGSYS \(a system call that the sandbox forbids\)
zoo_bad ptrace 1 SIGSYS \(a system call that the sandbox forbids\)
zoo_worse mount 1 SIGSYS \(a system call that the sandbox forbids\)
zoo_bad garbage 1 broke the protocol: frame of protocol
zoo_bad frame 1 broke the protocol: frame of the unknown type 77
zoo_bad number 1 broke the protocol: ACTIONS: it answers number 255
zoo_bad http 1 broke the protocol: frame HTTP is not allowed
zoo_bad hello 1 broke the protocol: frame HELLO is not allowed
zoo_bad greed 1 broke the protocol: DATA: number
zoo_bad close 1 broke the protocol: it closed fd 3
zoo_liar negative 1 broke the protocol: frame of 4294967295 bytes
zoo_liar forge 1 cannot be read|broke the protocol
zoo_liar junk 1 cannot be read|broke the protocol
zoo_liar twice 1 broke the protocol: ACTIONS: it answers number
zoo_bad nan 1 not a finite number
zoo_bad range 1 is not the index of one of 4 choices
zoo_bad dimension 1 3 values, the space has 2 parameters
zoo_bad error 1 zoo: I give up
zoo_liar head 1 an action of kind 1 has size 8
zoo_liar kind 1 action kind 4711 is unknown
zoo_liar candidate 1 candidate.size is 1
zoo_liar value-size 1 value_size is 1
zoo_liar values 1 EVALUATE: values: 2 elements at NULL
zoo_liar n-values 1 4611686018427387904 values, the space has 2 parameters
zoo_liar parents 1 EVALUATE: parents: 4611686018427387904 elements
zoo_liar text 1 a text of 4611686018427387904 bytes is too long
zoo_liar null-text 1 a text of 12 bytes at NULL
zoo_liar utf8 1 not UTF-8
zoo_liar cases 1 EVALUATE: case ids: 4611686018427387904 elements
zoo_liar case 1 case 123456789 of the train split
zoo_liar repeats 1 4294967295 repeats
zoo_liar choice 1 answer.temperature: -3 is out of range
zoo_liar ref 1 ref 0 is used already
zoo_liar host-ref 1 ref 9223372036854775907 is the host's
zoo_liar mad 1 killed by SIGSEGV while it worked on STEP
zoo_liar 100mb 1 a text of 104857600 bytes is too long
zoo_liar greedy 1 more than the [0-9]+ EVALUATE actions
zoo_liar null 1 it emits NULL
zoo_liar code 1 next returned 4711, which is no TT_E code
END
}

# The same of adapters: DEED CAUSE.
adapters() {
    cat <<'END'
open-crash killed by SIGSEGV while it worked on OPEN.*a NULL pointer
open-null open returned 0 and no instance
open-refusal evil: I do not like you
submit-crash killed by SIGSEGV while it worked on SUBMIT
submit-hang no answer to SUBMIT within
collect-crash killed by SIGSEGV while it worked on COLLECT
collect-hang no answer to COLLECT within 5000 ms
collect-alien collect: an outcome of "somebody else's", which was not asked for
code submit returned 4711, which is no TT_E code
none submit: 0 outcomes of [0-9]+ evaluations
alien submit: an outcome of "nobody", which was not asked for
twice submit: two outcomes of
size submit: an outcome without its size
state submit: state 99 of an outcome is unknown
handle is running and has no handle
null outputs of an outcome: a text of [0-9]+ bytes at NULL
length outputs of an outcome: a text of 4611686018427387904 bytes is too long
100mb outputs of an outcome: a text of 104857600 bytes is too long
utf8 outputs of an outcome: not UTF-8
junk evaluation 1: .*JSON
nan evaluation 1: .*expected a JSON value
short evaluation 1: .*per_item has 32 values for the [0-9]+ cases
cost submit: a cost of -inf cannot be
refused evil: not for you
http-elsewhere http://192.0.2.1.*outbound.allow
http-file file:///proc
http-secret nobodys
http-header header
http-junk broke the protocol
http-flood no answer to COLLECT within 5000 ms
END
}

hash_of() { sha256sum "$STATE/zoo/$1.so" | cut -d' ' -f1; }

# --- what is hostile ----------------------------------------------------------

hostile_strategy() { # ANIMAL DEED AFTER CAUSE
    hash=$(hash_of "$1-$2")
    iterations=60
    case $1 in
    zoo_early) config='{}' ;;
    zoo_state) config='{}' iterations=200 ;;
    *) config="{\"how\": \"$2\", \"after\": $3}" ;;
    esac
    jq -n --arg h "sha256:$hash" --argjson c "$config" \
        '{optimizer: $h, optimizer_config: $c}' >"$STATE/request"
    run=$(trimtab --json optimize demo-qa answer --request "$STATE/request" \
        --iterations $iterations --max-in-flight 2 --detach | jq -r .run_id)
    blamed "$1 $2" "$run" "$1" "$hash" "$4"
}

# Each has a target of its own, without a workflow in Orcheo.
hostile_adapter() { # DEED CAUSE
    hash=$(hash_of "zoo_evil-$1")
    jq --arg h "sha256:$hash" --arg d "$1" --arg u "$ORCHEO_URL/api/system/info" \
        'del(.delivery) | .adapter = {plugin: $h, config: {how: $d, url: $u}} |
        .evaluation = {timeout_seconds: 1} | .objective.metric = "score"' \
        "$DATA/target.json" >"$STATE/target"
    trimtab target put demo-qa "evil-$1" "$STATE/target" >/dev/null
    run=$(trimtab --json optimize demo-qa "evil-$1" --optimizer random \
        --iterations 20 --max-in-flight 2 --detach | jq -r .run_id)
    blamed "zoo_evil $1" "$run" zoo_evil "$hash" "$2"
}

# --- what may be left ---------------------------------------------------------

catalog_files() { find "$STATE/plugins" | sort; }
traces() {
    find "$STATE" /tmp /var/tmp /dev/shm /run -maxdepth 3 \
        -name '*zoo-was-here*' 2>/dev/null
    find "$STATE/plugins" -name '*.tmp*' -o -name gone.so -o -name other.so
    find "$STATE/tmp" -mindepth 1
}

# --- the house, and its guests ------------------------------------------------

start_sim --latency-ms 20 --concurrency 32 || exit 1
mkdir "$STATE/zoo" "$STATE/tmp"
strategies | while read -r animal deed _; do
    { cat "$ZOO/$animal.so"; echo "$deed"; } >"$STATE/zoo/$animal-$deed.so"
done
adapters | while read -r deed _; do
    { cat "$ZOO/zoo_evil.so"; echo "$deed"; } >"$STATE/zoo/zoo_evil-$deed.so"
done
write_config "{plugins: {directories: [\"$PLUGINS\", \"$STATE/zoo\"]},
    workers: {memory_mb: 384}, outbound: {max_per_host: 2},
    runs: {step_seconds: 1.5, call_seconds: 5, max_running: 8, max_in_flight: 64,
           optimize_per_minute: 100000}}"
open_house sobol random bayesian random
keep a sobol
keep b random
keep c bayesian
keep d random
strategies >"$STATE/strategies"
while read -r animal deed after cause; do
    hostile_strategy "$animal" "$deed" "$after" "$cause"
done <"$STATE/strategies"
adapters >"$STATE/adapters"
while read -r deed cause; do
    hostile_adapter "$deed" "$cause"
done <"$STATE/adapters"

# --- what they leave ----------------------------------------------------------

empty_house
is "no file is left" "$(traces)" ''
changed=$(find "$STATE/plugins" -name plugin.so | while read -r so; do
    [ "$(sha256sum "$so" | cut -d' ' -f1)" = \
        "$(basename "$(dirname "$so")")" ] || echo "$so"; done)
is "no plugin has changed its file" "$changed" ''
close_house
done_testing
