#!/bin/sh
# SPDX-License-Identifier: MIT
# `trimtab plugin run`: the same plugin file in-process and in a worker says the
# same, byte for byte; what goes wrong is named and nothing is left behind.
. "$(dirname "$0")/lib.sh"

TOOL=$BUILD/trimtab-plugin
ZOO=${TT_ZOO_DIR:-$BUILD/tests/zoo/.libs}

run() { # LOG FILE OPTIONS...
    log=$1 file=$2
    shift 2
    "$TOOL" run "$file" --log "$STATE/$log" "$@" >"$STATE/$log.out" \
        2>"$STATE/$log.err"
}

both() { # NAME FILE OPTIONS...: in-process and in a worker, and compare
    name=$1 file=$2
    shift 2
    run in "$file" "$@" || { not_ok "$name" "$(cat "$STATE/in.err")"; return; }
    run out "$file" --worker="$WORKER" "$@" ||
        { not_ok "$name" "$(cat "$STATE/out.err")"; return; }
    if cmp "$STATE/in" "$STATE/out" && [ -s "$STATE/in" ] &&
        cmp "$STATE/in.out" "$STATE/out.out"; then
        ok "$name"
    else
        not_ok "$name" "the logs differ"
    fi
}

both "sobol: equal logs" "$PLUGINS/sobol.so" --iterations 30 --parallel 4
both "random: equal logs" "$PLUGINS/random.so" --iterations 30 --seed 7
echo '{"n":{"x":{"type":"float","min":0,"max":1,"default":0}}}' >"$STATE/space"
both "bayesian: equal logs" "$PLUGINS/bayesian.so" --iterations 25 --parallel 3
both "OpenBLAS: equal logs" "$ZOO/zoo_blas.so" --iterations 3 \
    --space "$STATE/space"
both "a person's candidate: equal logs" "$PLUGINS/random.so" --iterations 5 \
    --enqueue '{"demo":{"x":1,"k":2}}'
if [ -e "$ZOO/zoo_cases.so" ]; then
    both "cases, feedback, prune, LLM: equal logs" "$ZOO/zoo_cases.so" \
        --iterations 40 --parallel 3 --enqueue '{"demo":{"x":1,"k":2}}'
fi

run a "$PLUGINS/random.so" --seed 1 && run b "$PLUGINS/random.so" --seed 2
if cmp -s "$STATE/a" "$STATE/b"; then not_ok "another seed, another log"; else
    ok "another seed, another log"; fi
is "20 results and an end are printed" "$(wc -l <"$STATE/a.out")" 21
like "the end names the best" "$(tail -n 1 "$STATE/a.out")" \
    '"best":.*"reason":"iterations"'

bad() { # NAME HOW PATTERN OPTIONS...
    name=$1 how=$2 pattern=$3
    shift 3
    run bad "$ZOO/zoo_bad.so" --config "{\"how\":\"$how\",\"after\":2}" "$@"
    is "$name: exit 1" $? 1
    like "$name: named" "$(cat "$STATE/bad.err")" "$pattern"
    is "$name: the good results stand" "$(wc -l <"$STATE/bad.out")" 2
}

bad "segfault" segfault 'zoo-bad 1.0.0 \(sha256 [0-9a-f]{12}...\): killed by SIGSEGV' \
    --worker="$WORKER"
bad "garbage" garbage 'broke the protocol' --worker="$WORKER"
bad "NaN" nan 'step at position 5: EVALUATE: .*not a finite number'
bad "out of range" range 'EVALUATE: demo'
bad "too many values" dimension '5 values, the space has 4'
bad "its own error" error 'zoo: I give up'

run x "$ZOO/zoo_unresolved.so"
is "an unresolved symbol: exit 1" $? 1
like "an unresolved symbol is named" "$(cat "$STATE/x.err")" \
    'undefined symbol: tt_nobody_has_this'
run x "$ZOO/zoo_major.so" --worker="$WORKER"
like "another ABI is named" "$(cat "$STATE/x.err")" 'plugin ABI 2.7'
run x "$PLUGINS/orcheo.so"
like "an adapter cannot be run" "$(cat "$STATE/x.err")" 'is an adapter'
run x "$PLUGINS/random.so" --config '{"no":1}'
like "the config is checked" "$(cat "$STATE/x.err")" '--config'
"$TOOL" run 2>/dev/null
is "no file: exit 2" $? 2
"$TOOL" run --iterations 0 x.so 2>/dev/null
is "a number out of range: exit 2" $? 2
like "help helps" "$("$TOOL" run --help)" 'usage: trimtab plugin run'

done_testing
