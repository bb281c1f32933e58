#!/bin/sh
# SPDX-License-Identifier: MIT
# t0930 - the manuals: links lead somewhere, JSON examples are JSON, and the
# target of docs/targets.md is one that the daemon takes.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

cd "$TOP" || exit 1
broken=''
for page in README.md CONTRIBUTING.md docs/*.md plugins/*/README.md; do
    for link in $(grep -oE '\]\([^)#]+\)' "$page" | sed 's/^](//; s/)$//' |
        grep -v '^http'); do
        [ -e "$(dirname "$page")/$link" ] || broken="$broken $page:$link"
    done
done
is "every link leads somewhere" "$broken" ""

# Each ```json block by itself.
awk -v dir="$STATE" '
    /^```json/ { open = 1; file = sprintf("%s/json-%03d.json", dir, ++n); next }
    /^```/ { if (open) close(file); open = 0 }
    open { print > file }' README.md docs/*.md
bad=''
for file in "$STATE"/json-*.json; do
    jq . "$file" >/dev/null 2>&1 || bad="$bad $(head -c 60 "$file")"
done
is "every JSON example is JSON" "$bad" ""

start_sim || exit 1
write_config
check "the daemon starts" start_daemon
target=$(grep -l '"system_prompt": {"type": "text"' "$STATE"/json-*.json)
check "the manual's target is taken" trimtab target put demo-qa answer "$target"
run=$(grep -l '"node_ids"' "$STATE"/json-*.json)
check "its dataset too" trimtab dataset put demo-qa qa "$DATA/dataset.json"
trimtab --json optimize demo-qa answer --request "$run" --detach >"$STATE/out" 2>&1
like "its request starts a run, or says what the strategy lacks" \
    "$(cat "$STATE/out")" 'run_id|text'
is "openapi.json is served" \
    "$(get /openapi.json | jq -r .openapi)" 3.1.0
done_testing
