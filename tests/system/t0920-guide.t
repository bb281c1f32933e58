#!/bin/sh
# SPDX-License-Identifier: MIT
# t0920 - every shell block of docs/plugin-guide.md, in order, in an empty
# folder, against an installed Trimtab.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

PLAIN=${TT_PLAIN_BUILDDIR:-$BUILD}
prefix=$STATE/installed
if ! make -C "$PLAIN" -s install "prefix=$prefix" \
    systemdsystemunitdir="$prefix/units" >"$STATE/install.log" 2>&1; then
    not_ok "Trimtab installs" "$(tail -n 20 "$STATE/install.log")"
    done_testing
fi
ok "Trimtab installs"

# The installed tree is not where configure thought: say so to the tools.
export PATH="$prefix/bin:$prefix/sbin:$PATH"
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
export TRIMTAB_PLUGIN_TOOL="$prefix/libexec/trimtab/trimtab-plugin"
export TRIMTAB_TEMPLATES="$prefix/share/trimtab/sdk/template"
export TRIMTAB_WORKER="$prefix/libexec/trimtab/trimtab-worker"
sed -i "s|^prefix=.*|prefix=$prefix|" "$prefix/lib/pkgconfig/trimtab-sdk.pc"

mkdir "$STATE/guide" && cd "$STATE/guide" || exit 1
awk -v dir="$STATE" '
    /^```/ && open { open = 0; close(file); next }
    /^```sh/ { open = 1; n++; file = sprintf("%s/block-%02d.sh", dir, n); next }
    open { print > file }
    END { print n > (dir "/blocks") }' "$TOP/docs/plugin-guide.md"
blocks=$(cat "$STATE/blocks")
is "the guide has blocks" "$([ "$blocks" -ge 7 ] && echo yes)" yes

# One shell for all of them: what one exports the next one sees. The config
# needs the worker of the scratch prefix.
{
    echo 'set -e'
    for block in "$STATE"/block-*.sh; do
        echo "echo '### $(basename "$block" .sh)'"
        sed 's|^  "store": |  "workers": {"path": "'"$TRIMTAB_WORKER"'"}, "store": |' "$block"
        echo
    done
} >"$STATE/all.sh"
sh "$STATE/all.sh" >"$STATE/all.log" 2>&1
status=$?
[ ! -f trimtabd.pid ] || kill "$(cat trimtabd.pid)" 2>/dev/null
is "every block runs" "$status" 0
[ $status -eq 0 ] || tail -n 30 "$STATE/all.log" | sed 's/^/# /'
like "the plugin has proposed in a daemon" "$(cat "$STATE/all.log")" 'hill .*20'
like "its winner was promoted" "$(cat "$STATE/all.log")" 'version: v2'
done_testing
