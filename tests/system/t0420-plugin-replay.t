#!/bin/sh
# SPDX-License-Identifier: MIT
# `trimtab plugin check --replay`: a recorded run, of `plugin run` or of a daemon,
# is fed to a plugin; the same version proposes the same, another one says where
# it differs. And states that a version leaves for its successors.
. "$(dirname "$0")/lib.sh"

TOOL=${TT_PLUGIN_TOOL:-$BUILD/trimtab-plugin}
ZOO=$BUILD/tests/zoo/checked
export TRIMTAB_WORKER="$WORKER"
cd "$STATE" || exit 1

record() { # LOG FILE OPTIONS...
    log=$1 file=$2
    shift 2
    "$TOOL" run "$file" --log "$log" "$@" >"$log.out" 2>&1 ||
        not_ok "a run of $file is recorded" "$(cat "$log.out")"
}
replay() { # REPORT LOG FILE
    "$TOOL" check --replay "$2" "$3" --format json >"$1.json" 2>"$1.err"
}
said() { # REPORT ID
    jq -r --arg id "$2" '.results[] | select(.id == $id) |
        "\(.status) \(.message)"' "$1.json"
}

for plugin in random sobol bayesian; do
    record "$plugin.log" "$PLUGINS/$plugin.so" --iterations 16 --parallel 3 \
        --enqueue '{"demo":{"x":1,"k":2}}'
    replay "$plugin" "$plugin.log" "$PLUGINS/$plugin.so"
    is "$plugin takes its own run" "$?" 0
    like "$plugin proposes what it has proposed" "$(said "$plugin" R2)" \
        '^pass all [0-9]+ steps'
    like "$plugin goes on from a history" "$(said "$plugin" R3)" \
        '^pass after [34] results it proposes a candidate 0\.[0-9]+ away'
done

# The log of one, fed to another.
replay other random.log "$PLUGINS/sobol.so"
is 'another plugin may differ' "$?" 0
like 'and it is said where, in what, and whose the log is' \
    "$(said other R2)" \
    '^note step [0-9]+ of [0-9]+: candidate [0-9]+ has demo\..* \(recorded by random 1\.0\.0\)'

record good.log "$ZOO/good/good.so" --iterations 12 --parallel 2
replay self good.log "$ZOO/good/good.so"
is 'an animal replays itself' "$?" 0
replay worse good.log "$ZOO/u6-worse/u6-worse.so"
like 'a later version may differ' "$(said worse R2)" '^note step 1 of'
replay same good.log "$ZOO/b7-address/b7-address.so"
is 'the same version may not' "$?" 1
like 'that is a failure' "$(said same R2)" '^fail step 1 of .* recorded is'
replay refuses good.log "$ZOO/b1-refuses/b1-refuses.so"
like 'one that does not open says so' "$(said refuses R1)" 'fail open: not today'
is 'and nothing is compared' "$(said refuses R2)" \
    'skip needs R1, which has failed'
replay schema good.log "$ZOO/u3-schema/u3-schema.so"
like 'so does one whose schema refuses the configuration' \
    "$(said schema R1)" '^fail the recorded configuration: /patience: '

# Two logs at once; a file that is none.
"$TOOL" check --replay random.log good.log "$PLUGINS/random.so" \
    --format json >two.json
is 'every log is replayed' "$(jq -r '[.results[] | select(.id == "R1")] |
    length' two.json)" 2
head -c 1000 good.log >cut.log
replay cut cut.log "$ZOO/good/good.so"
like 'a log that is cut short is no log' "$(said cut R1)" \
    'fail .*cut.log: no recorded run: a frame is cut short'
replay none "$TOP/README.md" "$ZOO/good/good.so"
like 'nor is any other file' "$(said none R1)" 'fail .*no recorded run'
record nan.log "$PLUGINS/random.so" --iterations 3
: >empty.log
replay empty empty.log "$PLUGINS/random.so"
like 'nor an empty one' "$(said empty R1)" 'nothing was opened'

# --- states for later --------------------------------------------------------
"$TOOL" check --save-state source/golden "$ZOO/good/good.so" >saved
like 'a state is written' "$(cat saved)" 'golden/state-v1.bin: [0-9]+ bytes'
"$TOOL" check "$ZOO/good/good.so" --only B15 --source source >b15
is 'and read by the same version' "$?" 0
like 'one golden state' "$(cat b15)" '1 golden states'
"$TOOL" check "$ZOO/u4-state/u4-state.so" --only B15 --source source >b15
is 'a version that cannot read it fails' "$?" 1
like 'and says which' "$(cat b15)" 'golden state of schema 1 is refused'
"$TOOL" check "$ZOO/b15-old/b15-old.so" --only B15 --source . >b15
is 'an old schema without a state is a warning' "$?" 0
like 'that says what to keep' "$(cat b15)" 'no golden/state-v1.bin to try'
"$TOOL" check --save-state . "$PLUGINS/orcheo.so" >saved 2>&1
is 'an adapter has no state' "$?" 2

# --- runs of a daemon ---------------------------------------------------------
export TRIMTAB_PLUGIN_TOOL="$TOOL" TMPDIR="$STATE/tmp"
mkdir "$TMPDIR"
start_sim || exit 1
write_config
check 'the daemon starts' start_daemon
check 'a target is there' register
run_of() { # OPTIMIZER: a run that has ended
    run=$(trimtab --json optimize demo-qa answer --optimizer "$1" --seed 7 \
        --iterations 12 --detach | jq -r .run_id)
    [ "$(wait_run "$run" 60)" = completed ] || not_ok "a run of $1 ends"
    printf '%s' "$run"
}
random=$(run_of random)
bayesian=$(run_of bayesian)
replay_runs() { # REPORT ARGUMENTS...
    report=$1
    shift
    trimtab plugin check "$@" --format json >"$report.json" 2>"$report.err"
}
replay_runs live "$PLUGINS/random.so" --replay "$random"
is 'a run of the daemon is taken by its plugin' "$?" 0
like 'which proposes what it has proposed' "$(said live R2)" \
    '^pass all [0-9]+ steps'
is 'the report names the run' "$(jq -r '[.results[].log] | unique | .[]' \
    live.json)" "$random"
replay_runs both "$PLUGINS/random.so" --replay "$random" "$bayesian"
is 'two runs at once' "$(jq -r '[.results[] | select(.id == "R1") | .log] |
    join(" ")' both.json)" "$random $bayesian"
like 'what differs is said with its place' "$(said both R2)" \
    '^note step [0-9]+ of [0-9]+: .* \(recorded by bayesian 1\.0\.0\)'
like 'in the log of the run' "$(said both R2)" \
    'that is position [0-9]+ of the log'
position=$(said both R2 | sed -n 's/^that is position \([0-9]*\) .*/\1/p')
trimtab --json runs log "$bayesian" --limit 200 >log.json
is 'where an entry begins' "$(jq --argjson p "$position" \
    '[.items[] | select(.position == $p)] | length' log.json)" 1
replay_runs mixed "$PLUGINS/random.so" --replay "$random" --replay random.log
is 'a run and a file' "$(jq -r '[.results[] | select(.id == "R2") |
    .status + " " + .log] | join(" ")' mixed.json)" "pass $random pass random.log"
is 'nothing is left behind' "$(ls "$TMPDIR")" ''
trimtab plugin check "$PLUGINS/random.so" --replay r-0000000000000000 \
    >none.out 2>none.err
is 'a run that is not there is 4' "$?" 4
like 'and says so' "$(cat none.err)" 'no such run'
is 'and leaves nothing' "$(ls "$TMPDIR")" ''

check 'a log is kept in a file' trimtab runs log "$random" --output kept.log
replay kept kept.log "$PLUGINS/random.so"
like 'which is a recorded run like any other' "$(said kept R2)" '^pass all'
like 'the log is a table for people' "$(trimtab runs log "$random")" \
    'RESULT ref [0-9]+.*EVALUATE ref'
is 'page by page' "$(trimtab --json runs log "$random" --limit 1 |
    jq -r '(.items | length), .next_cursor != null' | tr '\n' ' ')" '1 true '
# What judges a strategy is nowhere in it, in no encoding.
trimtab runs log "$random" --output - >raw.log
holdout=$(jq -r '[.cases[] | select(.split == "holdout")][0].question' \
    "$DATA/dataset.json")
is 'no holdout case is in it' "$(grep -c -a -F "$holdout" raw.log)" 0
train=$(jq -r '[.cases[] | select(.split == "train")][0].question' \
    "$DATA/dataset.json")
is 'a train case is' "$(grep -c -a -F "$train" raw.log)" 1
done_testing
