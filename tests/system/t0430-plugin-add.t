#!/bin/sh
# SPDX-License-Identifier: MIT
# t0430 - a plugin is added over the API: what `plugin new` makes, used, there
# again after a restart; and all that must be refused, with the catalogue as it
# was before.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

TOOL=${TT_PLUGIN_TOOL:-$BUILD/trimtab-plugin}
for program in make pkg-config c++; do
    command -v $program >/dev/null || {
        echo "1..0 # SKIP no $program"
        exit 0
    }
done
unset MAKEFLAGS MFLAGS MAKELEVEL
make -s -C "$BUILD" DESTDIR="$STATE/root" install-sdkincludeHEADERS \
    install-pkgconfigDATA install-dist_sdktemplateDATA >"$STATE/install" 2>&1 ||
    { not_ok 'the SDK is installed' "$(cat "$STATE/install")"; done_testing; }
pc=$(find "$STATE/root" -name trimtab-sdk.pc)
export PKG_CONFIG_PATH="${pc%/*}" PKG_CONFIG_SYSROOT_DIR="$STATE/root"
TRIMTAB_TEMPLATES=$(find "$STATE/root" -type d -name template)
export TRIMTAB_TEMPLATES TRIMTAB_PLUGIN_TOOL="$TOOL" TRIMTAB_WORKER="$WORKER"
cd "$STATE" || exit 1

"$BUILD/trimtab" plugin new mine --kind strategy >new.log 2>&1 &&
    make -C mine mine.so >>new.log 2>&1
check "a plugin is made" test -f mine/mine.so
cp -r mine next
sed -i 's/"version": *"[^"]*"/"version": "7.0.0"/' next/plugin.json

start_sim || exit 1
gate='{"plugins": {"checker": "'$TOOL'", "check": 1}}'
write_config "$gate"
check "the daemon starts" start_daemon
register >/dev/null 2>&1

body() { # NAME FILE [NAME FILE...]: a request's body in $STATE/body
    printf '{"files":{' >body
    comma=
    while [ $# -gt 0 ]; do
        printf '%s"%s":"%s"' "$comma" "$1" "$(base64 -w 0 <"$2")" >>body
        comma=,
        shift 2
    done
    printf '}}' >>body
}
send() { # prints the status; the answer is in $STATE/answer
    curl -sS --unix-socket sock -o answer -w '%{http_code}' \
        -X POST --data-binary @body http://trimtab/api/plugins
}
ids() { get /api/plugins | jq -r '.items | map(.id) | unique | join(" ")'; }
before=$(ids)
unchanged() {
    is "$1: nothing was taken in" "$(ids)" "$before"
    is "$1: nothing is left behind" "$(ls plugins/incoming)" ''
}
refused() { # NAME STATUS TEXT: of the body
    is "$1: status" "$(send)" "$2"
    like "$1: says what is wrong" "$(jq -r .detail answer)" "$3"
}

# --- refusals -------------------------------------------------------------------
for name in ../x.so /x.so a/../x.so .x.so a//x.so 'x y.so'; do
    body "$name" mine/mine.so
    refused "a file named $name" 422 'must be a name'
done
[ ! -e plugins/x.so ] && [ ! -e x.so ]
is "nothing was written beside" "$?" 0
echo '{"files":{"x.so":"no base 64!"}}' >body
refused "wrong base 64" 422 'x.so: must be base 64'
echo '{"files":{"x.so":17}}' >body
refused "a number" 422 'must be base 64'
echo '{"files":{}}' >body
refused "no file" 422 'must name 1 to'
echo '{"files":{"x.so":"AAAA"},"force":true}' >body
refused "a member that is not known" 422 'force'
body a.so mine/mine.so b.so mine/mine.so
refused "two plugins" 422 'has 2'
body plugin.json mine/plugin.json
refused "a manifest alone" 422 'has 0'
head -c 4000 /dev/urandom >garbage
body x.so garbage
refused "garbage" 422 'x.so.*fails'
is "each check that failed is listed, with its mend" \
    "$(jq -r '.checks | length > 0 and all(.mend != null)' answer)" true
head -c 60000 mine/mine.so >half
body x.so half
refused "half a plugin" 422 'fails'
cp mine/plugin.json other.json
sed -i 's/"id": *"mine"/"id": "other"/' other.json
body mine.so mine/mine.so plugin.json other.json
is "a manifest of another id is refused" "$(send | cut -c 1)" 4
{ printf '{"files":{"x.so":"'; head -c 70000000 /dev/zero | tr '\0' A
  printf '"}}'; } >body
refused "more than 64 MB" 413 'larger than 67108864'
head -c 2000000 /dev/zero | tr '\0' ' ' >body
is "other bodies are small as before" "$(curl -sS --unix-socket sock -o answer \
    -w '%{http_code}' -X PUT --data-binary @body \
    http://trimtab/api/workflows/w/targets/n)" 413
unchanged "after all that"

# --- it is taken ----------------------------------------------------------------
trimtab plugin add mine >out 2>err
is "a folder of plugin new is added" "$?" 0
like "and named" "$(cat out)" '^mine@.* is default: sha256:[0-9a-f]{64}$'
hash=$(sed 's/.*: //' out)
body mine.so mine/mine.so plugin.json mine/plugin.json
is "the same bytes again: 200" "$(send)" 200
is "with what is there" "$(jq -r .hash answer)" "$hash"
trimtab --json plugin show "$hash" >shown
is "it is shown with its check" \
    "$(jq -r '"\(.check.level) \(.check.failed)"' shown)" '1 0'
like "and who added it" "$(jq -r '.actor + " " + .origin' shown)" \
    'anonymous upload:mine.so'
is "the audit says so, once" "$(get '/api/audit?limit=200' |
    jq -r '[.items[] | select(.action == "plugin.add")] | map(.object) | join(" ")')" \
    mine
is "all versions of an id" \
    "$(trimtab --json plugin show mine | jq -r '.versions | map(.hash) | join(" ")')" \
    "$hash"
trimtab plugin show nothing >out 2>err
is "one that is not here: 4" "$?" 4
like "the list has its signature" "$(trimtab plugin list)" 'mine .*unsigned'

use() {
    trimtab optimize demo-qa answer --optimizer mine --iterations 4 --detach \
        --json >out 2>err || cat err
    run=$(jq -r .run_id out)
    is "$1" "$(wait_run "$run" 60)" completed
}
use "a run uses it"
is "which is shown" \
    "$(get "/api/plugins/$hash" | jq -r '.runs[0].run_id')" "$run"

# --- after a restart ------------------------------------------------------------
stop_daemon
check "the daemon starts again" start_daemon
is "the plugin is there again" "$(get "/api/plugins/$hash" | jq -r .id)" mine
use "a run uses it again"

# --- retiring -------------------------------------------------------------------
trimtab plugin retire mine >out 2>err
is "an id alone is no version: 6" "$?" 6
trimtab plugin retire "$hash" >out 2>err
is "the default is not retired: 5" "$?" 5
like "and says why" "$(cat err)" 'is the default'
sed -i 's/"0.1.0"/"7.0.0"/' next/mine.c
make -C next clean mine.so >new.log 2>&1
trimtab plugin add next >out 2>err || cat err
like "a second version is added, and is not the default" "$(cat out)" \
    '^mine@7.0.0 is available'
new=$(sed 's/.*: //' out)
is "what was the default is written down" \
    "$(get /api/plugins/mine | jq -r .release.default)" "${hash#sha256:}"
version_of() { # a run's strategy, of a new run
    trimtab optimize demo-qa answer --optimizer mine --iterations 2 --detach \
        --json >out 2>err || cat err
    run=$(jq -r .run_id out)
    wait_run "$run" 60 >/dev/null
    get "/api/runs/$run" | jq -r '.plugins.strategy' | cut -d ' ' -f 1
}
is "a new run still has the old one" "$(version_of)" mine@0.1.0

# --- the other verbs --------------------------------------------------------------
check "pin" trimtab plugin pin mine@7.0.0 --workflow demo-qa
is "the workflow's runs have it" "$(version_of)" mine@7.0.0
trimtab plugin canary mine@7.0.0 --percent 10 --runs 3 --max-failed 1 >out 2>err
is "canary" "$?" 0
is "the list says so" "$(get "/api/plugins/$new" | jq -r .state)" canary
trimtab plugin retire mine@7.0.0 >out 2>err
is "what is on trial is not retired: 5" "$?" 5
check "uncanary" trimtab plugin uncanary mine
trimtab plugin retire mine@7.0.0 >out 2>err
is "what is pinned is not retired: 5" "$?" 5
like "and says by whom" "$(cat err)" 'demo-qa is pinned'
check "unpin" trimtab plugin unpin mine --workflow demo-qa
check "default" trimtab plugin default mine@7.0.0
is "and new runs have it" "$(version_of)" mine@7.0.0
trimtab plugin release mine@7.0.0 >out 2>err
is "what is not in quarantine is not let out: 5" "$?" 5
trimtab plugin canary mine@0.1.0 >out 2>err
is "a canary without a share: usage" "$?" 2
trimtab plugin add mine --default >out 2>err
is "add --default of what is there makes it the default" \
    "$(get "/api/plugins/$hash" | jq -r .state)" default
check "and back" trimtab plugin default mine@7.0.0

trimtab plugin retire "$hash" >out 2>err
is "what is not used is retired" "$?" 0
trimtab plugin retire "$hash" >out 2>err
is "twice is fine" "$?" 0
is "and audited once" "$(get '/api/audit?limit=200' |
    jq -r '[.items[] | select(.action == "plugin.retire")] | length')" 1
stop_daemon
start_daemon
is "it is retired after a restart, too" \
    "$(get "/api/plugins/$hash" | jq -r .state)" retired
is "and the default is remembered" \
    "$(get "/api/plugins/$new" | jq -r .state)" default

# --- what lies on the disk is not trusted -----------------------------------------
stop_daemon
copy=plugins/sha256/${hash#sha256:}/plugin.so
chmod u+w "$copy" && printf x >>"$copy"
check "the daemon starts beside a damaged copy" start_daemon
like "which it names" "$(cat daemon.log.new)" 'plugin.lost id=mine'
is "and has not" "$(get "/api/plugins/$hash" | jq -r .status)" 404
body mine.so mine/mine.so plugin.json mine/plugin.json
is "added again, it is mended" "$(send)" 200
is "and is there" "$(get "/api/plugins/$hash" | jq -r .id)" mine
stop_daemon

# --- a folder with a command of its own, and the usual level -----------------------
write_config '{"plugins": {"checker": "'"$TOOL"'"}}'
check "the daemon starts with the usual check" start_daemon
if command -v python3 >/dev/null; then
    trimtab plugin add "$TOP/sdk/examples/climb" >out 2>err
    is "a folder that is run by a command is added" "$?" 0
    cat err
    id=$(jq -r .id "$TOP/sdk/examples/climb/plugin.json")
    like "its files lie beside its manifest" \
        "$(find plugins/sha256 -name '*.py' | head -n 1)" '/sampler.py|_exec.py'
    is "level 2 has looked" "$(get "/api/plugins/$(sed 's/.*: //' out)" |
        jq -r '.check.level')" 2
    jq '{files: {"plugin.json": (. | tojson | @base64)}}' \
        "$TOP/sdk/examples/climb/plugin.json" >body
    is "without its files it is refused" "$(send | cut -c 1)" 4
    stop_daemon
    check "and the daemon starts again" start_daemon
    is "the folder is there again" \
        "$(get "/api/plugins/$id" | jq -r '.versions | length')" 1
fi
trimtab plugin add "$PLUGINS/sobol.so" >out 2>err
is "a shipped plugin passes, too" "$?" 0

# One whose code writes as soon as it is loaded, in the check as well.
cp -r mine writes
cat >>writes/mine.c <<END
#include <fcntl.h>
__attribute__((constructor)) static void writes(void)
{
    int fd = open("$STATE/was-here", O_WRONLY | O_CREAT, 0600);

    (void)fd;
}
END
sed -i 's/"0.1.0"/"8.0.0"/' writes/mine.c
sed -i 's/"version": *"[^"]*"/"version": "8.0.0"/' writes/plugin.json
make -C writes clean mine.so >new.log 2>&1
"$TOOL" check --only L1 writes/mine.so >out 2>&1
if [ -e was-here ] && "$BUILD/trimtabd" --version |
    sed -n 's/^sandbox: //p' | jq -e '.landlock > 0' >/dev/null; then
    rm was-here
    mkdir scratch
    "$TOOL" check --confine "$STATE/scratch" --only L1 writes/mine.so >out 2>&1
    like "a check that is confined loads it" "$(cat out)" 'L1'
    [ ! -e was-here ]
    is "and it writes nothing" "$?" 0
    trimtab plugin add writes >out 2>err
    like "the daemon's check looks at it" "$(cat out err)" 'mine'
    [ ! -e was-here ]
    is "and lets it write nothing" "$?" 0
    is "with nothing left behind" "$(ls plugins/incoming)" ''
else
    [ -e was-here ]
    is "the check loads it" "$?" 0
fi
stop_daemon

# --- unsigned, under deny ---------------------------------------------------------
rm -rf store plugins
write_config '{"plugins": {"checker": "'"$TOOL"'", "check": 1,
    "signatures": "deny", "keys": "'"$STATE"'/keys"}}'
mkdir -p keys
check "the daemon starts under deny" start_daemon
body mine.so mine/mine.so plugin.json mine/plugin.json
refused "an unsigned plugin" 403 'not signed'
is "nothing of it was kept" "$(ls plugins/incoming 2>/dev/null)" ''
done_testing
