#!/bin/sh
# SPDX-License-Identifier: MIT
# t0920 - every shell block of docs/plugin-guide.md, in order, in an empty
# folder, against an installed Trimtab. A block that is marked `output` is what
# the shell block before it prints, both streams: `...` in a line stands for any
# text, a line of nothing but `...` for any number of lines.
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
unset MAKEFLAGS MFLAGS MAKELEVEL # make here is the author's

# --- what is compared ---------------------------------------------------------
# matches WANT GOT: the lines of GOT are those of WANT.
matches() {
    awk -v wanted="$1" '
        function rule(s) { # as a regular expression
            gsub(/[][\\.^$*+?(){}|]/, "\\\\&", s)
            gsub(/\\\.\\\.\\\./, ".*", s)
            return "^" s "$"
        }
        function fits(w, g) {
            for (; w <= n; w++) {
                if (want[w] == "...") {
                    for (; g <= NR + 1; g++)
                        if (fits(w + 1, g)) return 1
                    return 0
                }
                if (g > NR || got[g] !~ rule(want[w])) {
                    if (w > deepest) deepest = w
                    return 0
                }
                g++
            }
            return g == NR + 1
        }
        BEGIN { while ((getline line < wanted) > 0) want[++n] = line }
        { got[NR] = $0 }
        END {
            if (fits(1, 1)) exit 0
            print "no line for: " want[deepest]
            exit 1
        }' "$2"
}
comparison() { # NAME WANT GOT RESULT
    printf '%b' "$2" >"$STATE/want"
    printf '%b' "$3" >"$STATE/got"
    if matches "$STATE/want" "$STATE/got" >/dev/null; then r=yes; else r=no; fi
    is "$1" "$r" "$4"
}
comparison "the same lines are the same" 'a (b)\nc\n' 'a (b)\nc\n' yes
comparison "others are not" 'a.c\n' 'abc\n' no
comparison "nor is one too many" 'a\n' 'a\nb\n' no
comparison "nor one too few" 'a\nb\n' 'a\n' no
comparison "dots are any text" 'a...c...\n' 'abc [*]\n' yes
comparison "of that line" 'a...c\n' 'a\nc\n' no
comparison "a line of dots is any lines" '...\nc\n...\n' 'a\nc\nc\n' yes
comparison "or none" '...\nc\n' 'c\n' yes
comparison "but not those behind it" '...\nc\n' 'c\nd\n' no

# --- the guide ----------------------------------------------------------------
mkdir "$STATE/guide" && cd "$STATE/guide" || exit 1
awk -v dir="$STATE" '
    /^```/ && open { open = 0; close(file); next }
    /^```sh/ { open = 1; n++; file = sprintf("%s/block-%02d.sh", dir, n); next }
    /^```output/ { open = 1; file = sprintf("%s/block-%02d.want", dir, n); next }
    open { print > file }
    END { print n > (dir "/blocks") }' "$TOP/docs/plugin-guide.md"
blocks=$(cat "$STATE/blocks")
is "the guide has blocks" "$([ "$blocks" -ge 20 ] && echo yes)" yes

# One shell for all of them: what one exports the next one sees. The config
# needs what is in the scratch prefix.
worker="\"workers\": {\"path\": \"$TRIMTAB_WORKER\"}"
checker="\"checker\": \"$TRIMTAB_PLUGIN_TOOL\""
{
    echo 'set -e'
    for block in "$STATE"/block-*.sh; do
        echo "{"
        sed "s|^  \"store\": |  $worker, \"store\": |
            s|^  \"plugins\": {|  \"plugins\": {$checker, \"directories\": [], |" "$block"
        echo "} >'${block%.sh}.got' 2>&1"
    done
} >"$STATE/all.sh"
sh "$STATE/all.sh"
status=$?
[ ! -f trimtabd.pid ] || kill "$(cat trimtabd.pid)" 2>/dev/null
is "every block runs" "$status" 0
cat "$STATE"/block-*.got >"$STATE/all.log"
[ $status -eq 0 ] || tail -n 30 "$STATE/all.log" | sed 's/^/# /'

for want in "$STATE"/block-*.want; do
    got=${want%.want}.got
    name=$(basename "$want" .want)
    [ -f "$got" ] || continue # it never came to that
    if matches "$want" "$got" >"$STATE/why"; then
        ok "$name prints what the guide says"
    else
        not_ok "$name prints what the guide says" "$(cat "$STATE/why")" \
            "$(tail -n 15 "$got")"
    fi
done
like "the plugin has proposed in a daemon" "$(cat "$STATE/all.log")" 'hill .*20'
like "its winner was promoted" "$(cat "$STATE/all.log")" 'version: v2'
done_testing
