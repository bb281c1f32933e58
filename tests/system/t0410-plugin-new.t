#!/bin/sh
# SPDX-License-Identifier: MIT
# `trimtab plugin new`: what it makes builds against the installed SDK, passes
# its tests and the checker, unedited: both kinds, C and C++.
. "$(dirname "$0")/lib.sh"

TOOL=${TT_PLUGIN_TOOL:-$BUILD/trimtab-plugin}
for program in make pkg-config c++; do
    command -v $program >/dev/null || {
        echo "1..0 # SKIP no $program"
        exit 0
    }
done

# The SDK as it is installed; the programs from where they were built.
unset MAKEFLAGS MFLAGS MAKELEVEL
make -s -C "$BUILD" DESTDIR="$STATE/root" install-sdkincludeHEADERS \
    install-pkgconfigDATA install-dist_sdktemplateDATA >"$STATE/install" 2>&1 ||
    { not_ok 'the SDK is installed' "$(cat "$STATE/install")"; done_testing; }
pc=$(find "$STATE/root" -name trimtab-sdk.pc)
export PKG_CONFIG_PATH="${pc%/*}" PKG_CONFIG_SYSROOT_DIR="$STATE/root"
templates=$(find "$STATE/root" -type d -name template)
export TRIMTAB_TEMPLATES="$templates"
export TRIMTAB_PLUGIN_TOOL="$TOOL" TRIMTAB_WORKER="$WORKER"
export TRIMTAB="$BUILD/trimtab"
cd "$STATE" || exit 1

# Each in a folder of its own, two at a time.
cat >"$STATE/one" <<'EOF'
kind=$1 lang=$2 name=mine-$1
[ "$lang" = c ] || name=$name-xx
(
    "$TRIMTAB" plugin new "$name" --kind "$kind" --lang "$lang" \
        --vendor 'Ada & Co' && cd "$name" && make && make check
) >"$name.log" 2>&1
echo $? >"$name.status"
EOF
printf '%s\0' strategy c adapter c strategy c++ adapter c++ |
    xargs -0 -n 2 -P 2 sh "$STATE/one"
for name in mine-strategy mine-adapter mine-strategy-xx mine-adapter-xx; do
    is "$name: new, make and make check, unedited" \
        "$(cat "$name.status" 2>/dev/null)" 0
    [ "$(cat "$name.status" 2>/dev/null)" = 0 ] || tail -n 15 "$name.log" |
        sed 's/^/# /'
    is "$name: the checker has nothing to say" \
        "$(grep -cE '^  (warn|fail|crash)' "$name.log")" 0
    like "$name: and has looked" "$(cat "$name.log")" 'pass  B1 '
done
like 'the manifest names the vendor' "$(cat mine-strategy/plugin.json)" \
    '"vendor": "Ada & Co"'
is 'no word is left to fill in' "$(grep -rlE '@[A-Z]+@' mine-*/ | head -n 1)" ''
is 'make leaves the plugin in the folder' \
    "$(find mine-strategy -name '*.so')" mine-strategy/mine-strategy.so

# With the source, the long way, built anew under sanitizers.
"$TRIMTAB" plugin check mine-strategy/mine-strategy.so --level 3 --soak 1 \
    --source mine-strategy --format json >long.json 2>long.err
is 'level 3 with the source passes' "$?" 0
is 'and it was tried under sanitizers' "$(jq -r '.results[] |
    select(.id == "B17") | "\(.status) \(.message)"' long.json)" \
    'pass clean under sanitizers'

# One flaw that only sanitizers see: a read behind the end.
sed 's/u = tt_random_unit(&p->random);/u = tt_random_unit(\&p->random) + 0 * ((const volatile double *)at->state)[4096];/' \
    mine-strategy/mine-strategy.c >x && mv x mine-strategy/mine-strategy.c
make -C mine-strategy >/dev/null 2>&1
"$TRIMTAB" plugin check mine-strategy/mine-strategy.so --source mine-strategy \
    --only B17 --format json >flaw.json 2>&1
like 'what only a sanitizer sees is found' "$(jq -r '.results[0] |
    "\(.status) \(.message)"' flaw.json)" '^fail .*heap-buffer-overflow'

# --- what is refused ---------------------------------------------------------
for arguments in '' 'x' 'X --kind strategy' 'x --kind table' \
    'x --kind strategy --lang rust'; do
    # shellcheck disable=SC2086 # a list of words
    "$TRIMTAB" plugin new $arguments >/dev/null 2>err
    is "plugin new $arguments: usage" "$?" 2
done
"$TRIMTAB" plugin new mine-strategy --kind strategy >/dev/null 2>err
is 'a folder that is there is left alone' "$?" 1
like 'and named' "$(cat err)" 'mine-strategy'
done_testing
