#!/bin/sh
# SPDX-License-Identifier: MIT
# A built plugin exports its entry point and nothing else, and carries its note.
n=0
for so in "$TT_TOP_BUILDDIR"/plugins/*/.libs/*.so; do
    name=$(basename "$so" .so)
    n=$((n + 1))
    symbols=$(nm -D --defined-only "$so" | sed 's/^[0-9a-f]* //')
    [ "$symbols" = "T trimtab_plugin_v1" ] || printf 'not '
    echo "ok $n - $name exports trimtab_plugin_v1 alone"
    [ "$symbols" = "T trimtab_plugin_v1" ] ||
        printf '%s\n' "$symbols" | sed 's/^/# /'
    n=$((n + 1))
    readelf -n "$so" | grep -q '^  trimtab ' || printf 'not '
    echo "ok $n - $name carries the note"
done
[ "$n" -ge 10 ] || { n=$((n + 1)); echo "not ok $n - five plugins are built"; }
echo "1..$n"
