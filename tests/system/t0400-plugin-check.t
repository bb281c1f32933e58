#!/bin/sh
# SPDX-License-Identifier: MIT
# `trimtab plugin check`: each animal of tests/zoo/check has one flaw, and the
# checker finds that one and no other; what is good passes; reports are valid.
. "$(dirname "$0")/lib.sh"

TOOL=${TT_PLUGIN_TOOL:-$BUILD/trimtab-plugin}
ZOO=$BUILD/tests/zoo/checked
ANIMALS=$TOP/tests/zoo/check/animals
export TRIMTAB_WORKER="$WORKER"

check_json() { # REPORT ARGUMENTS...
    report=$1
    shift
    "$TOOL" check --format json "$@" >"$STATE/$report.json" \
        2>"$STATE/$report.err"
}

# "fail S1, warn S11": what was found. That something took long (L2) is no
# flaw on a busy machine.
FOUND='[.results[] | select(.status | . == "warn" or . == "fail" or
  . == "crash") | select(.id != "L2" or $slow) | .status + " " + .id] |
  join(", ")'
found() { # REPORT [true: L2 counts]
    jq -r --argjson slow "${2:-false}" "$FOUND" "$STATE/$1.json"
}

# --- every animal, two at a time ---------------------------------------------
cat >"$STATE/one" <<END
name=\$1 options=\$2
cd "$ZOO/\$name" || exit 1
"$TOOL" check --format json \$options "\$name.so" >"$STATE/\$name.json"
exit 0
END
grep -v '^#' "$ANIMALS" >"$STATE/animals"
while IFS='|' read -r name _ _ _ _ _ options; do
    printf '%s\0%s\0' "$name" "$options"
done <"$STATE/animals" | xargs -0 -n 2 -P 2 sh "$STATE/one"
while IFS='|' read -r name want _; do
    slow=false
    [ "$want" != 'warn L2' ] || slow=true
    got=$(found "$name" $slow)
    is "$name: $want" "${got:-pass}" "$want"
done <"$STATE/animals"
missing=$("$TOOL" check --list | grep -oE '^[SLBU][0-9]+' | while read -r id; do
    cut -d'|' -f2 "$STATE/animals" | grep -qw "$id" || echo "$id"
done)
is 'every check has an animal that it catches' "$missing" ''

"$TOOL" check --list | sed -nE \
    's/^([A-Z][0-9]+) +level ([0-9]) +(.*)$/| \1 | \2 | \3 |/p' >"$STATE/listed"
is 'the manual lists the checks as they are' \
    "$(grep -E '^\| [A-Z][0-9]+ ' "$TOP/docs/plugin-check.md" |
        diff - "$STATE/listed" | head -n 4)" ''

# --- what is good ------------------------------------------------------------
for plugin in random sobol bayesian orcheo http; do
    [ -f "$PLUGINS/$plugin.so" ] || continue
    check_json "$plugin" "$PLUGINS/$plugin.so"
    is "$plugin passes the gate" "$?" 0
    is "$plugin has no finding" "$(found "$plugin")" ''
done
if [ "$TOOL" != "$BUILD/trimtab-plugin" ]; then
    check 'the checker itself is clean under sanitizers' \
        "$BUILD/trimtab-plugin" check "$PLUGINS/random.so"
fi

# --- what it says ------------------------------------------------------------
bad=$ZOO/s4-symbol/s4-symbol.so
text=$("$TOOL" check "$bad" --seed 7)
is 'findings are exit code 1' "$?" 1
like 'text names what' "$text" 'fail +S4 '
like 'and which' "$text" 'what: +it exports helper'
like 'and why' "$text" 'why: +A symbol that is visible'
like 'and how to mend it' "$text" 'mend: +Compile with -fvisibility=hidden'
like 'and how to see it again' "$text" \
    'again: trimtab plugin check s4-symbol.so --only S4 --seed 7'
check_json seven "$bad" --seed 7
is 'JSON says the same' \
    "$(jq -r '.results[] | select(.id == "S4") | "\(.status) \(.seed)"' \
        "$STATE/seven.json")" 'fail 7'
is 'and who it is' "$(jq -r '"\(.plugin.id) \(.plugin.kind) \(.pass)"' \
    "$STATE/seven.json")" 'good strategy false'
is 'and its sum' "$(jq -r .sha256 "$STATE/seven.json")" \
    "$(sha256sum "$bad" | cut -d' ' -f1)"
"$TOOL" check "$bad" --format junit >"$STATE/junit.xml"
if command -v python3 >/dev/null; then
    cat >"$STATE/junit.py" <<END
import sys, xml.etree.ElementTree as tree
suite = tree.parse(sys.argv[1]).getroot().find("testsuite")
cases = suite.findall("testcase")
print(int(suite.get("tests")) == len(cases), suite.get("failures"),
      len([c for c in cases if c.find("failure") is not None]))
END
    is 'JUnit is XML, and its counts are right' \
        "$(python3 "$STATE/junit.py" "$STATE/junit.xml" 2>&1)" 'True 1 1'
fi
check_json only "$bad" --only S4 --only S1
is 'only what is asked for' "$(jq -r '[.results[].id] | join(" ")' \
    "$STATE/only.json")" 'S1 S4'
check_json level "$ZOO/good/good.so" --level 1
is 'level 1 runs nothing of the plugin' \
    "$(jq -r '[.results[].id | select(startswith("S") | not)] | length' \
        "$STATE/level.json")" 0
check 'what is excluded is not seen' "$TOOL" check "$bad" --exclude S4
sha256sum "$ZOO/good/good.so" >"$STATE/revoked"
check_json revoked "$ZOO/good/good.so" --revoked "$STATE/revoked"
is 'what is revoked fails' "$(found revoked)" 'fail S14'

# --- what an adapter is opened with ------------------------------------------
if [ -f "$PLUGINS/orcheo.so" ]; then
    is 'what it declines is said' "$(jq -r '.results[] | select(.id == "B5") |
        .message' "$STATE/orcheo.json" | grep -o 'give it one that it takes')" \
        'give it one that it takes'
    echo '{"workflow": "demo"}' >"$STATE/evaluation"
    check_json fed "$PLUGINS/orcheo.so" --evaluation "$STATE/evaluation"
    is 'and what it takes is tried' "$(jq -r '[.results[] |
        select(.status == "skip") | .id] | join(" ")' "$STATE/fed.json")" \
        'B7 B11 B12 B13 B14 B15 B18 B21'
    is 'without a finding' "$(found fed)" ''
fi

if [ -f "$PLUGINS/http.so" ]; then
    check_json example "$PLUGINS/http.so" \
        --config "$TOP/plugins/http/example.json"
    is 'the example of the adapter http passes too' "$?" 0
    is 'without a finding' "$(found example)" ''
fi

# --- usage -------------------------------------------------------------------
"$TOOL" check >/dev/null 2>&1
is 'no file is exit code 2' "$?" 2
"$TOOL" check "$STATE/nowhere.so" >/dev/null 2>"$STATE/err"
is 'a file that is not there too' "$?" 2
like 'and it is named' "$(cat "$STATE/err")" 'nowhere.so: No such file'
"$TOOL" check "$bad" --only S99 >/dev/null 2>&1
is 'an unknown check too' "$?" 2
done_testing
