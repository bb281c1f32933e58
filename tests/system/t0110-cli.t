#!/bin/sh
# SPDX-License-Identifier: MIT
# t0110 - the command line: exit codes, errors that name the mend, --json.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

exits() { # NAME CODE COMMAND...
    name=$1 want=$2
    shift 2
    "$@" >"$STATE/out" 2>"$STATE/err"
    is "$name" "$?" "$want"
}
exits "no daemon is 8" 8 trimtab runs list
like "and says how to reach one" "$(cat "$STATE/err")" 'is trimtabd running'
exits "no noun is 2" 2 trimtab
exits "an unknown noun is 2" 2 trimtab nonsense
exits "an unknown option is 2" 2 trimtab runs list --nonsense
exits "help is 0" 0 trimtab --help

start_sim || exit 1
write_config
check "the daemon starts" start_daemon
exits "an unknown run is 4" 4 trimtab runs show r-none
exits "promotion of an unknown target is 4" 4 \
    trimtab params promote demo-qa answer v1 --reason x
exits "a target that is not JSON is 2" 2 trimtab target put w n /dev/null
echo '{"parameters":{"t":{"type":"flaot"}},"evaluation":{"workflow":"x"}}' \
    >"$STATE/bad.json"
exits "a bad target is 6" 6 trimtab target put demo-qa answer "$STATE/bad.json"
like "and names node, parameter and field" "$(cat "$STATE/err")" 'answer.*t.*type'
check "a good one is stored" register
exits "a meaningless budget is 6" 6 \
    trimtab optimize demo-qa answer --iterations 0 --detach
exits "an unknown strategy is 4" 4 \
    trimtab optimize demo-qa answer --optimizer nonsense --iterations 9 --detach
like "and lists those that there are" "$(cat "$STATE/err")" 'bayesian'
trimtab --json plugin list >"$STATE/plugins.json"
is "plugins are listed as JSON" \
    "$(jq -r '.items | map(.id) | sort | join(" ")' "$STATE/plugins.json")" \
    "bayesian http orcheo random sobol"
exits "the doctor finds nothing" 0 trimtab doctor --workflow demo-qa --node answer
printf wrong >"$STATE/orcheo.token"
exits "a wrong token is found" 1 trimtab doctor --workflow demo-qa --node answer
like "with its mend" "$(cat "$STATE/out")" 'mend: .*token'
done_testing
