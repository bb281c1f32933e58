#!/bin/sh
# SPDX-License-Identifier: MIT
# t0440 - plugins in Python: the examples of sdk/examples as they stand, in
# `plugin check` and in runs of a daemon, replayed byte for byte; and a command
# that dies in the middle of a run.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

command -v python3 >/dev/null || { echo '1..0 # SKIP no python3'; exit 0; }
TOOL=${TT_PLUGIN_TOOL:-$BUILD/trimtab-plugin}
EXAMPLES=$TOP/sdk/examples
export TRIMTAB_WORKER="$WORKER"

# --- the folders ----------------------------------------------------------------
mkdir "$STATE/added"
for example in climb function optuna; do
    cp -r "$EXAMPLES/$example" "$STATE/added/$example"
    chmod -R u+w "$STATE/added/$example"
    cmp -s "$EXAMPLES/trimtab_exec.py" "$EXAMPLES/$example/trimtab_exec.py"
    is "$example has the helper as it is" $? 0
    cp "$EXAMPLES/$example/plugin.json" "$STATE/before.json"
    python3 "$EXAMPLES/trimtab_exec.py" "$STATE/added/$example"
    is "$example lists its files" "$(jq -cS .files "$STATE/before.json")" \
        "$(jq -cS .files "$STATE/added/$example/plugin.json")"
done
for example in climb function; do
    "$TOOL" check "$STATE/added/$example" >"$STATE/check.out" 2>&1
    is "$example passes every check that has a subject" $? 0
    grep -A2 -E '^  (fail|crash)' "$STATE/check.out" | sed 's/^/# /'
done

# --- in-process and in a worker ---------------------------------------------------
"$TOOL" run "$STATE/added/climb" --iterations 20 --parallel 3 \
    --log "$STATE/in" >"$STATE/in.out" 2>"$STATE/in.err"
is "a folder is run here" $? 0
"$TOOL" run "$STATE/added/climb" --iterations 20 --parallel 3 \
    --worker="$WORKER" --log "$STATE/out" >"$STATE/out.out" 2>"$STATE/out.err"
is "and in a worker" $? 0
check "with equal logs" cmp "$STATE/in" "$STATE/out"
"$TOOL" run "$STATE/added/optuna" --iterations 2 >"$STATE/none.out" 2>&1
if python3 -c 'import optuna' 2>/dev/null; then
    ok "Optuna # SKIP it is installed"
else
    like "a missing Optuna is said, with the mend" \
        "$(cat "$STATE/none.out")" 'Optuna is not installed .*pip install'
fi

# --- the manual -------------------------------------------------------------------
mkdir "$STATE/manual"
awk -v dir="$STATE/manual" '
    /^```/ && open { open = 0; close(file); next }
    /^```sh/ { open = 1; file = sprintf("%s/block-%d.sh", dir, ++n); next }
    /^```output/ { open = 1; file = sprintf("%s/block-%d.want", dir, n); next }
    open { print > file }' "$TOP/docs/exec-plugins.md"
(
    EXAMPLES=$EXAMPLES TRIMTAB_PLUGIN_TOOL=$TOOL PATH=$BUILD:$PATH
    export EXAMPLES TRIMTAB_PLUGIN_TOOL PATH
    cd "$STATE/manual" && sh -e block-1.sh >block-1.out 2>&1 &&
        sh -e block-2.sh >block-2.out 2>block-2.err
)
is "the manual's blocks run" $? 0
tail -n 5 "$STATE/manual/block-1.out" | sed 's/^/# /'
is "and say what it shows" "$(cat "$STATE/manual/block-2.out")" \
    "$(cat "$STATE/manual/block-2.want")"

# One that dies at its sixth candidate, once.
cp -r "$STATE/added/climb" "$STATE/added/dies"
sed -i 's/^    def next(self, ask):/&\n        if self.ref >= 6:\n            import os; os.write(2, b"enough of it\\n"); os._exit(9)/' \
    "$STATE/added/dies/sampler.py"
sed -i 's/"py-climb"/"py-dies"/' "$STATE/added/dies/plugin.json"
python3 "$EXAMPLES/trimtab_exec.py" "$STATE/added/dies"

# Two that read a file outside; one is granted it.
mkdir "$STATE/outside"
echo 7 >"$STATE/outside/number"
for name in reads peeks; do
    cp -r "$STATE/added/climb" "$STATE/added/$name"
    sed -i "s|^strategy(Climb)|assert open('$STATE/outside/number').read()\\n&|" \
        "$STATE/added/$name/sampler.py"
    jq --arg n "py-$name" --arg d "$STATE/outside" '.id = $n |
        .permissions.read = [$d]' "$STATE/added/climb/plugin.json" \
        >"$STATE/added/$name/plugin.json"
    python3 "$EXAMPLES/trimtab_exec.py" "$STATE/added/$name"
done

# --- a daemon ---------------------------------------------------------------------
start_sim || exit 1
write_config "{plugins: {directories: [\$p, (\$s + \"/added\")],
    grants: {\"py-reads\": {read: [\$s + \"/outside\"]}}}}"
check "the daemon starts" start_daemon
is "it has taken in the folders" "$(trimtab --json plugin list 2>/dev/null |
    jq -r '[(.items // .plugins // .)[].id | select(startswith("py-"))] |
        unique | join(" ")')" "py-climb py-dies py-function py-optuna py-peeks py-reads"
check "the demo is registered" register
start_run() { # OPTIMIZER OPTIONS...
    optimizer=$1
    shift
    trimtab --json optimize demo-qa answer --optimizer "$optimizer" --seed 5 \
        --detach "$@" | jq -r .run_id
}
run=$(start_run py-climb --iterations 12 --max-in-flight 3)
is "a Python strategy optimises" "$(wait_run "$run" 120)" completed
is "every candidate has a score" "$(get "/api/runs/$run/candidates?limit=200" |
    jq '[.items[] | select(.score != null)] | length')" 12
like "its candidates say so" \
    "$(get "/api/runs/$run/candidates?limit=200" | jq -r '.items[-1].origin')" \
    climb
trimtab runs replay "$run" >"$STATE/replay" 2>&1
is "it replays" $? 0
like "byte for byte" "$(cat "$STATE/replay")" 'identical|same'

run=$(start_run py-reads --iterations 3)
is "a granted folder is read" "$(wait_run "$run" 60)" completed
if "$BUILD/trimtabd" --version | sed -n 's/^sandbox: //p' |
    jq -e '.landlock > 0' >/dev/null; then
    like "another plugin does not read it" \
        "$(start_run py-peeks --iterations 3 2>&1)
$(grep py-peeks "$STATE/daemon.log.new")" 'Permission denied'
else
    ok "another plugin does not read it # SKIP this kernel has no landlock"
fi

run=$(start_run py-dies --iterations 12 --max-in-flight 1)
is "a command that always dies fails its run" "$(wait_run "$run" 120)" failed
diagnostic=$(get "/api/runs/$run" | jq -c .)
like "the diagnostic names the plugin, the call and the cause" "$diagnostic" \
    'py-dies 1\.0\.0.*STEP.*next: its command exited with status 9'

# --- a function as the adapter ------------------------------------------------------
cat >"$STATE/dataset.json" <<'END'
{"cases": [
  {"id": "a", "split": "validation", "expected": 0.5},
  {"id": "b", "split": "validation", "expected": 0.75},
  {"id": "c", "split": "validation", "expected": 0.7},
  {"id": "h", "split": "holdout", "expected": 0.7}
]}
END
cat >"$STATE/target.json" <<'END'
{
  "parameters": {"temperature": {"type": "float", "min": 0, "max": 2,
                                 "default": 2.0}},
  "adapter": {"plugin": "py-function"},
  "evaluation": {"cases_per_run": 3},
  "dataset": "fn",
  "objective": {"metric": "score", "direction": "maximize"}
}
END
trimtab dataset put demo-qa fn "$STATE/dataset.json" >/dev/null
check "a target names a Python function" \
    trimtab target put demo-qa fn "$STATE/target.json"
trimtab params backfill demo-qa fn >"$STATE/backfill" 2>&1
run=$(trimtab --json optimize demo-qa fn --optimizer py-climb --seed 3 \
    --iterations 16 --detach | jq -r .run_id)
is "Python on both sides completes" "$(wait_run "$run" 120)" completed
like "the best is near what the cases want" \
    "$(get "/api/runs/$run/candidates?limit=200" | jq '[.items[] |
        select(.score != null)] | max_by(.score) |
        .parameters.fn.temperature')" '^1\.[2-5]'

workers=$(pgrep -P "$DAEMON" | wc -l)
stop_daemon
is "no command is left" "$(pgrep -f "$STATE/plugins/sha256" | wc -l)" 0
like "workers were there to be stopped, or not" "$workers" '^ *[0-9]+$'
done_testing
