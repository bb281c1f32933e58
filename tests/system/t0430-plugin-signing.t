#!/bin/sh
# SPDX-License-Identifier: MIT
# t0430 - signed plugins, with the real minisign: the blocks of
# docs/plugin-signing.md in an empty folder, then a daemon before a table of
# plugins that are signed well, badly, or not at all.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

command -v minisign >/dev/null || {
    echo "1..0 # SKIP no minisign; ./bootstrap deps installs it"
    exit 0
}
PLAIN=${TT_PLAIN_BUILDDIR:-$BUILD}
unset MAKEFLAGS MFLAGS MAKELEVEL
umask 022

# --- the manual -----------------------------------------------------------------
make -s -C "$BUILD" DESTDIR="$STATE/root" install-sdkincludeHEADERS \
    install-pkgconfigDATA install-dist_sdktemplateDATA >"$STATE/install" 2>&1 ||
    { not_ok 'the SDK is installed' "$(cat "$STATE/install")"; done_testing; }
pc=$(find "$STATE/root" -name trimtab-sdk.pc)
mkdir "$STATE/manual" "$STATE/bin" && cd "$STATE/manual" || exit 1
for program in trimtab trimtabd; do
    ln -s "$BUILD/$program" "$STATE/bin/$program"
done
awk -v dir="$STATE" '
    /^```/ && open { open = 0; next }
    /^```sh/ { open = 1; print "set -e" > (dir "/manual.sh"); next }
    open { print > (dir "/manual.sh") }' "$TOP/docs/plugin-signing.md"
# The daemon's worker is not where it would be installed.
sed 's|^  "store": |  "workers": {"path": "'"$WORKER"'"}, "store": |' \
    "$STATE/manual.sh" >"$STATE/all.sh"
(
    PATH="$STATE/bin:$PATH"
    PKG_CONFIG_PATH=${pc%/*} PKG_CONFIG_SYSROOT_DIR="$STATE/root"
    TRIMTAB_TEMPLATES=$(find "$STATE/root" -type d -name template)
    TRIMTAB_PLUGIN_TOOL=$PLAIN/trimtab-plugin TRIMTAB_WORKER=$WORKER
    export PATH PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR TRIMTAB_TEMPLATES \
        TRIMTAB_PLUGIN_TOOL TRIMTAB_WORKER
    sh -e "$STATE/all.sh"
) >"$STATE/manual.log" 2>&1
status=$?
[ ! -f trimtabd.pid ] || kill "$(cat trimtabd.pid)" 2>/dev/null
is "every block of the manual runs" "$status" 0
[ $status -eq 0 ] || tail -n 30 "$STATE/manual.log" | sed 's/^/# /'
like "the daemon takes what its author signed" "$(cat "$STATE/manual.log")" \
    'plugin.taken id=hill .*trust=signed key=[0-9A-F]{16}'
like "revoked, it fails the check" "$(cat "$STATE/manual.log")" 'is revoked in'
cd "$STATE" || exit 1

# --- a table of plugins -----------------------------------------------------------
mkdir keys
for who in ann bob eve; do
    minisign -G -W -p $who.pub -s $who.key >/dev/null
done
key_id() { sed -n '1s/.* //p' "$1.pub"; }
cp ann.pub bob.pub keys/

# make NAME [ID]: a folder with a copy of a plugin and its manifest
new() {
    mkdir -p "in/$1"
    cp "$PLUGINS/random.so" "in/$1/p.so"
    manifest "$1" "${2:-random}"
}
manifest() { # NAME ID [SUM]
    version=$(trimtab_version)
    printf '{"id":"%s","version":"%s","kind":"strategy","sha256":"%s",' \
        "$2" "$version" "${3:-$(sha256sum "in/$1/p.so" | cut -d ' ' -f 1)}" \
        >"in/$1/plugin.json"
    printf '"permissions":{"llm":true,"threads":true,"http":["*"]}}\n' \
        >>"in/$1/plugin.json"
}
trimtab_version() { # of the plugin that we sign: its note says it
    strings -n 3 "$PLUGINS/random.so" 2>/dev/null | grep -A 1 -x random |
        grep -E '^[0-9]+\.[0-9]+\.[0-9]+' | head -n 1 | grep . || echo 1.0.0
}
signs() { # WHO NAME [OPTIONS]
    who=$1 name=$2
    shift 2
    minisign -S -s "$who.key" -t "a comment" -m "in/$name/plugin.json" "$@" \
        >/dev/null
}
signature() { echo "in/$1/plugin.json.minisig"; }

new well && signs ann well
new legacy && signs ann legacy -l
new unsigned
new empty && : >"$(signature empty)"
new truncated && signs ann truncated
head -c 150 "$(signature truncated)" >x && mv x "$(signature truncated)"
new unknown && signs eve unknown
new posed && signs eve posed # eve says that she is ann
python3 - "$(signature well)" "$(signature posed)" <<'EOF' 2>/dev/null ||
import base64, sys
def raw(path):
    return open(path).read().split("\n")
well, posed = raw(sys.argv[1]), raw(sys.argv[2])
a, b = base64.b64decode(well[1]), base64.b64decode(posed[1])
posed[1] = base64.b64encode(a[:10] + b[10:]).decode()
open(sys.argv[2], "w").write("\n".join(posed))
EOF
    echo "# no python3: eve poses in the unit test only"
new moved && cp "$(signature legacy)" "$(signature moved)" &&
    printf ' ' >>in/moved/plugin.json
new manifest && signs ann manifest
sed -i 's/"llm":true/"llm":null/' in/manifest/plugin.json
new altered && signs ann altered && printf 'x' >>in/altered/p.so
new sum && manifest sum random "$(printf '%064d' 0)" && signs ann sum
new comment && signs ann comment
sed -i 's/^trusted comment: a/trusted comment: A/' "$(signature comment)"
new global && signs ann global
sed -i '4s/^\(.\{9\}\)./\1+/; 4s/^\(.\{19\}\)./\1+/' "$(signature global)"
new bobs && signs bob bobs
new other some-other-id && signs ann other
new dangling && ln -s nowhere "$(signature dangling)"

config() { # POLICY NAMES...
    policy=$1
    shift
    for name in "$@"; do printf '%s\n' "$STATE/in/$name"; done |
        jq -R . | jq -s --arg p "$policy" --arg k "$STATE/keys" \
        '{plugins: {directories: ., signatures: $p, keys: $k}}' >part.json
    write_config "$(cat part.json)"
}
begin() { # config, then a daemon
    rm -rf "$STATE/plugins" "$STATE/store"
    config "$@"
    start_daemon || { not_ok "the daemon starts"; done_testing; }
}
refused() { # NAME WHY: it is in the log, with its reason
    like "$1: is refused: $2" \
        "$(grep plugin.refused daemon.log.new | grep -F "/in/$1/")" "$2"
}

all=$(ls in)
for policy in deny allow; do
    # shellcheck disable=SC2086 # a list of names
    begin "$policy" $all
    refused empty 'not a minisign signature'
    refused truncated 'not a minisign signature'
    refused unknown "$(key_id eve), which is not in"
    [ ! -x "$(command -v python3)" ] || refused posed 'not a signature of these'
    refused moved 'not a signature of these'
    refused manifest 'plugin.json'
    refused altered 'one of the two was changed'
    refused sum 'one of the two was changed'
    refused comment 'trusted comment'
    refused global 'trusted comment|not base 64'
    refused other 'says id "some-other-id"'
    refused dangling 'link to nothing'
    for name in well legacy bobs; do
        like "$name: is taken under \"$policy\"" \
            "$(grep plugin.taken daemon.log.new | grep "/in/$name/")" \
            'trust=signed'
    done
    [ "$policy" = allow ] || refused unsigned 'is not signed'
    [ "$policy" = deny ] || like "unsigned: is taken" \
        "$(grep plugin.taken daemon.log.new | grep /in/unsigned/)" \
        'id=random'
    stop_daemon
done

# --- what it may do, who may sign it, and what is revoked ---------------------------
begin warn unsigned
like "under \"warn\" the log says who is unsigned" "$(cat daemon.log.new)" \
    'plugin.unsigned id=random'
stop_daemon
begin deny well
is "a manifest that asks for more than is granted gets what is granted" \
    "$(get /api/plugins | jq -c '.items[0].permissions')" \
    '{"http":["*"],"llm":true,"read":[],"threads":false}'
is "the list says who signed it" \
    "$(get /api/plugins | jq -r '.items[0].signature | .state + " " + .key')" \
    "signed $(key_id ann)"
stop_daemon
sha256sum "$PLUGINS/random.so" >keys/revoked
begin allow well unsigned
refused well 'is revoked'
refused unsigned 'is revoked'
stop_daemon
echo "$(key_id ann) lost" >keys/revoked
begin allow well bobs
refused well 'is revoked'
like "another key's signature still counts" \
    "$(grep plugin.taken daemon.log.new)" '/in/bobs/'
stop_daemon
echo "not a line" >keys/revoked
begin allow well unsigned
refused well 'line 1: neither a key id'
refused unsigned 'line 1: neither a key id'
stop_daemon
rm keys/revoked

config deny well bobs
jq --arg k "$(key_id bob)" '.plugins.grants = {random: {keys: [$k]}}' \
    trimtab.json >x && mv x trimtab.json
rm -rf "$STATE/plugins"
start_daemon
refused well 'does not let stand for "random"'
like "the key that is listed may" "$(grep plugin.taken daemon.log.new)" \
    '/in/bobs/'
stop_daemon

# --- folders that cannot be believed --------------------------------------------------
chmod 777 keys
begin allow well unsigned
refused well 'chmod go-w'
refused unsigned 'chmod go-w'
like "the daemon goes on, without plugins" "$(cat daemon.log.new)" \
    'plugins.none'
stop_daemon
chmod 755 keys
mv keys in/well/keys
begin allow well unsigned
refused unsigned 'plugins.keys.*cannot be read'
stop_daemon
rm -rf keys && ln -s in/well/keys keys
begin allow well unsigned
refused well 'keep the keys elsewhere'
stop_daemon
done_testing
