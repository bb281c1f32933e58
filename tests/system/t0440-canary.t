#!/bin/sh
# SPDX-License-Identifier: MIT
# t0440 - a canary that crashes is taken back by itself, beside a long run that
# keeps its version; one that does well becomes the default. No restart.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib-climb.sh
. "$(dirname "$0")/lib-climb.sh"

check "versions of a strategy are made" eval '
    version 1.0.0 && version 1.2.0 &&
    version 1.1.0 "$CRASHES" && version 1.3.0 "$ERRS" &&
    version 1.4.0 "s|from_unit(param, u)|from_unit(param, 0.95 + u / 20)|"'
start_climb
pid=$DAEMON

begin() { # ITERATIONS: a run of plain `climb`
    trimtab --json optimize demo-qa answer --optimizer climb --iterations "$1" \
        --detach | jq -r .run_id
}
chosen() { # RUN: the version of its strategy
    get "/api/runs/$1" | jq -r '.plugins.strategy' |
        sed 's/^climb@\([^ ]*\) .*/\1/'
}

is "a default is set" "$(post /api/plugins/climb@1.0.0/default '{}' |
    jq -r .default)" "$(hash_of 1.0.0)"
long=$(begin 500)
is "the long run has the default" "$(chosen "$long")" 1.0.0
is "the canary takes all new runs" \
    "$(post /api/plugins/climb@1.1.0/canary '{"percent": 100, "runs": 3}' |
        jq -r .canary.hash)" "$(hash_of 1.1.0)"
like "a second one is refused" \
    "$(post /api/plugins/climb@1.2.0/canary '{"percent": 5}')" \
    'its canary already'
like "nonsense is refused" \
    "$(post /api/plugins/climb@1.2.0/canary '{"percent": 500}')" 'percent'
# More than fit into one step: they need the strategy when it has crashed.
one=$(begin 60) two=$(begin 60) three=$(begin 60)
is "a new run got the canary" "$(chosen "$one")" 1.1.0
for run in "$one" "$two" "$three"; do
    is "a run of the canary completes all the same" "$(wait_run "$run" 60)" \
        completed
    is "with the version that it was rescued by" "$(chosen "$run")" 1.0.0
    like "and says what became of the canary" \
        "$(get "/api/runs/$run" | jq -r '.moves[0] | .from + " " + .reason')" \
        "^1\.1\.0 sha256:$(hash_of 1.1.0) .*climb.* 1\.1\.0"
done
named=$(trimtab --json optimize demo-qa answer --optimizer climb@1.1.0 \
    --iterations 3 --detach | jq -r .run_id)
is "a run that names it fails" "$(wait_run "$named" 60)" failed
like "and says why" "$(get "/api/runs/$named" | jq -r .diagnostic)" quarantine
is "the next run has the old default" "$(chosen "$(begin 3)")" 1.0.0
audit=$(get '/api/audit?limit=200' | jq -r '.items[].action')
for action in plugin.default plugin.canary plugin.quarantine; do
    is "$action is audited once" "$(echo "$audit" | grep -c "^$action$")" 1
done
is "the list says quarantined" "$(get /api/plugins | jq -r \
    '.items[] | select(.id == "climb" and .version == "1.1.0") | .state')" \
    quarantined

post /api/plugins/climb@1.2.0/canary '{"percent": 100, "runs": 2}' >/dev/null
four=$(begin 3) five=$(begin 3)
is "a good canary's run completes" "$(wait_run "$four" 60)" completed
is "and another one" "$(wait_run "$five" 60)" completed
sixth=$(begin 3)
is "then it is the default" "$(chosen "$sixth")" 1.2.0
like "that is audited" "$(get '/api/audit?limit=200' | jq -r \
    '.items[].action')" 'plugin.promote'

# One that errs, and one that proposes only what breaks the guardrails.
canary() { # VERSION
    post "/api/plugins/climb@$1/canary" '{"percent": 100, "runs": 2}' |
        jq -r .canary.hash
}
state_of() { # VERSION: with the reason
    get "/api/plugins/climb@$1" | jq -r '.state + ": " + .reason'
}
is "1.3.0 is a canary" "$(canary 1.3.0)" "$(hash_of 1.3.0)"
run=$(begin 60)
is "its run fails" "$(wait_run "$run" 60)" failed
is "and the next one has the default" "$(chosen "$(begin 3)")" 1.2.0
like "the errors took it back" "$(state_of 1.3.0)" 'quarantined: .*climb 1\.3\.0'
is "1.4.0 is a canary" "$(canary 1.4.0)" "$(hash_of 1.4.0)"
run=$(post /api/workflows/demo-qa/optimize '{"node_ids": ["answer"],
    "optimizer": "climb", "limits": {"iterations": 8},
    "guardrails": [{"metric": "score.token_f1", "min": 0.3}]}' |
    jq -r .run_id)
is "its run completes" "$(wait_run "$run" 60)" completed
is "with the canary" "$(chosen "$run")" 1.4.0
is "and the next one has the default again" "$(chosen "$(begin 3)")" 1.2.0
like "the guardrails took it back" "$(state_of 1.4.0)" 'quarantined: .*guardrails'

check "a workflow is pinned" post /api/plugins/climb@1.0.0/pin \
    '{"workflow": "demo-qa"}'
is "its runs get that version" "$(chosen "$(begin 3)")" 1.0.0
check "and no more" post /api/plugins/climb/unpin '{"workflow": "demo-qa"}'
is "as before" "$(chosen "$(begin 3)")" 1.2.0

is "the long run completes" "$(wait_run "$long" 300)" completed
is "with the version that it began with" "$(chosen "$long")" 1.0.0
is "and all its candidates, without a gap" \
    "$(gap_free "$long" 500)" 1
check "it is the same daemon" kill -0 "$pid"

stop_daemon
check "the daemon starts again" start_daemon
is "the default is remembered" "$(chosen "$(begin 3)")" 1.2.0
like "a quarantine too" "$(post /api/plugins/climb@1.1.0/release '{}')" \
    available
post /api/plugins/climb@1.1.0/default '{}' >/dev/null
bad=$(begin 60)
is "a default that crashes is no end of its runs" "$(wait_run "$bad" 60)" \
    completed
is "the default before it is restored" "$(chosen "$(begin 3)")" 1.2.0
like "that is audited" "$(get '/api/audit?limit=200' | jq -r \
    '.items[].action')" 'plugin.restore'
check "a quarantine is lifted again" post /api/plugins/climb@1.1.0/release '{}'
like "and it is lifted once" "$(post /api/plugins/climb@1.1.0/release '{}')" \
    'not in quarantine'
done_testing
