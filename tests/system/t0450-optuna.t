#!/bin/sh
# SPDX-License-Identifier: MIT
# t0450 - the Optuna example with Optuna: in a venv that is made once, where the
# package index answers (or TRIMTAB_OPTUNA_PYTHON names a python that has it).
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

TOOL=${TT_PLUGIN_TOOL:-$BUILD/trimtab-plugin}
export TRIMTAB_WORKER="$WORKER"
skip_all() {
    echo "1..0 # SKIP $1"
    exit 0
}
has_optuna() { "$1" -c 'import cmaes, optuna, scipy' 2>/dev/null; }

VENV=${TMPDIR:-/tmp}/trimtab-optuna-$(id -u)
PYTHON=${TRIMTAB_OPTUNA_PYTHON:-$VENV/bin/python3}
if ! has_optuna "$PYTHON"; then
    [ -z "${TRIMTAB_OPTUNA_PYTHON:-}" ] ||
        skip_all "TRIMTAB_OPTUNA_PYTHON has no optuna, cmaes and scipy"
    command -v python3 >/dev/null || skip_all "no python3"
    rm -rf "$VENV"
    python3 -m venv "$VENV" >"$STATE/venv.log" 2>&1 ||
        skip_all "python3 makes no venv: apt-get install python3-venv"
    timeout 300 "$PYTHON" -m pip -q --retries 1 --timeout 20 install \
        'optuna>=4' cmaes scipy >"$STATE/pip.log" 2>&1 ||
        skip_all "Optuna is not installed, and the package index does not answer"
    chmod -R a+rX "$VENV"
fi

cp -r "$TOP/sdk/examples/optuna" "$STATE/optuna"
chmod -R u+w "$STATE/optuna"
jq --arg p "$PYTHON" '.exec.command[0] = $p' \
    "$TOP/sdk/examples/optuna/plugin.json" >"$STATE/optuna/plugin.json"

"$TOOL" check "$STATE/optuna" >"$STATE/check.out" 2>&1
is "it passes every check that has a subject" $? 0
grep -A2 -E '^  (fail|crash)' "$STATE/check.out" | sed 's/^/# /'
for config in '{"sampler":"tpe"}' '{"sampler":"cma","startup":4}'; do
    "$TOOL" run "$STATE/optuna" --iterations 30 --parallel 3 --seed 4 \
        --config "$config" --enqueue '{"demo":{"x":1,"k":2}}' \
        --worker="$WORKER" --log "$STATE/log" >"$STATE/out" 2>"$STATE/err"
    is "$config runs in the sandbox" $? 0
    sed 's/^/# /' "$STATE/err" | head -n 5
    check "$config is replayed from its log" \
        "$TOOL" check --replay "$STATE/log" "$STATE/optuna" --only R1 --only R2
done

start_sim || exit 1
mkdir "$STATE/added" && mv "$STATE/optuna" "$STATE/added/"
write_config "{plugins: {directories: [\$p, (\$s + \"/added\")]}}"
check "the daemon starts" start_daemon
check "the demo is registered" register
run=$(trimtab --json optimize demo-qa answer --optimizer py-optuna --seed 5 \
    --iterations 14 --max-in-flight 2 --detach | jq -r .run_id)
is "Optuna optimises" "$(wait_run "$run" 120)" completed
check "and is replayed" trimtab runs replay "$run"
done_testing
