#!/bin/sh
# SPDX-License-Identifier: MIT
# sdk/abi/abi by abidiff: each kind of change of a header gets its verdict, the
# machine's ways of compiling make none, and a released version is not changed.
TT_QUICK='' # quick enough to run always
. "$(dirname "$0")/lib.sh"

if ! command -v abidiff >/dev/null || ! command -v abidw >/dev/null; then
    echo '1..0 # SKIP abidiff is not here: install abigail-tools'
    exit 0
fi
INC=$TOP/sdk/include

# --- what is here is kept ----------------------------------------------------
check 'the headers keep their ABI' sh "$TOP/sdk/abi/abi" check

# --- a tree whose headers are another's to change ----------------------------
SDK=$STATE/another/sdk
fresh() { # the headers as they are
    mkdir -p "$SDK"
    rm -rf "$SDK/include"
    cp -r "$INC" "$SDK/include"
    chmod -R u+w "$SDK"
}
change() { # HEADER SED-SCRIPT
    fresh
    and_change "$@"
}
and_change() {
    cp "$SDK/include/trimtab/$1" "$STATE/before"
    sed -i "$2" "$SDK/include/trimtab/$1"
    ! cmp -s "$SDK/include/trimtab/$1" "$STATE/before" ||
        not_ok "the change of $1 changes something: $2"
}
fresh
cp -r "$TOP/sdk/abi" "$SDK/abi"
chmod -R u+w "$SDK"

# --- the machine's ways make no difference -----------------------------------
same() { # COMPILER FLAGS...
    command -v "$1" >/dev/null || return 0
    check "no difference by $*" env CC="$*" sh "$SDK/abi/abi" check
}
same gcc -O2 -g3
same clang
same clang -O3 -gdwarf-5 -fno-strict-aliasing
same gcc -fsanitize=address -funsigned-char
change strategy.h 's,/\* in the log[^*]*\*/,/* another\n * comment */,'
check 'nor by comments and lines' sh "$SDK/abi/abi" check

# --- the verdicts ------------------------------------------------------------
verdict() { # NAME WANT WORDS HEADER SED-SCRIPT
    change "$4" "$5"
    sh "$SDK/abi/abi" compare "$INC" "$SDK/include" >"$STATE/said" 2>&1
    is "$1: $2" "$(tail -n 1 "$STATE/said")" "$2"
    like "$1: says which" "$(cat "$STATE/said")" "$3"
}
R=strategy.h
fresh
is 'no change: equal' "$(sh "$SDK/abi/abi" compare "$INC" "$SDK/include")" equal
verdict 'a member in the middle' broken 'tt_problem: .*before its end.* extra' \
    $R '/^struct tt_problem/,/^}/s/    uint64_t seed;/    uint64_t extra;\n&/'
verdict 'a member retyped, of the same size' broken "double.* of 'tt_guardrail::lo'" \
    $R '/^struct tt_guardrail/,/^}/s/double lo, hi/uint64_t lo, hi/'
verdict 'another sign' broken "unsigned int" \
    plugin.h '/^struct tt_host /,/^}/s/int level/unsigned level/'
verdict 'a slot that returns more' broken "tt_sink::write" \
    plugin.h 's/int (\*write)/int64_t (*write)/'
verdict 'an enumerator renumbered' broken "TT_WAIT.*'4' to '6'" \
    $R 's/TT_WAIT = 4/TT_WAIT = 6/'
verdict 'an enumerator gone' broken 'enumerator deletion' $R 's/TT_PRUNE = 2,//'
verdict 'an enumerator more' grown 'tt_action_kind: has a new enumerator' \
    $R 's/TT_DONE = 5/&, TT_MORE = 6/'
verdict 'two slots change places' broken 'tt_strategy: .*(next|on_event)' $R \
    '/^struct tt_strategy /,/^}/{s/(\*next)/(*x)/;s/(\*on_event)/(*next)/;s/(\*x)/(*on_event)/}'
verdict 'a slot more' broken 'tt_adapter: .*frozen.*again' \
    adapter.h '/^struct tt_adapter /,/^}/s/^}/    int (*again)(void);\n}/'
verdict 'a record that grows' grown 'tt_ask: has a new last member, double hope' \
    $R 's/    uint64_t n_pending;/&\n    double hope;/'
verdict 'a record that grows and changes' broken "tt_ask::max" $R \
    '/^struct tt_ask /,/^}/{s/    uint64_t n_pending;/&\n    double hope;/;s/uint64_t max;/double max;/}'
verdict 'a record without a size that grows' broken 'tt_message: .*frozen' \
    $R '/^struct tt_message /,/^}/s/^}/    double hope;\n}/'
verdict 'a head that grows' broken 'tt_result' \
    $R '/^struct tt_event /,/^}/s/^}/    uint64_t more;\n}/'
verdict 'a member gone' broken 'tt_ask: is smaller' \
    $R '/^    uint64_t n_pending;/d'
verdict 'a member renamed' broken "tt_ask::n_pending.* to .*n_flying" \
    $R 's/uint64_t n_pending;/uint64_t n_flying;/'
verdict 'a text shortened' broken "tt_note" plugin.h 's/char id\[64\]/char id[60]/'
verdict 'a type more' grown 'tt_new is new' \
    $R 's/^struct tt_snapshot {/struct tt_new { int a; };\n&/'
verdict 'a type gone' broken 'tt_http_header is gone' adapter.h \
    '/^struct tt_http_header {/,/^}/d'

# --- a released version stays ------------------------------------------------
abi() { sh "$SDK/abi/abi" "$@" >"$STATE/said" 2>&1; }
said() { # NAME STATUS WORDS COMMAND
    abi "$4"
    is "$1: exit $2" "$?" "$2"
    like "$1: says why" "$(cat "$STATE/said")" "$3"
}
version() { and_change plugin.h "s/SDK_VERSION \".*\"/SDK_VERSION \"$1\"/"; }
grow() { and_change $R 's/    uint64_t n_pending;/&\n    double hope;/'; }
rm -rf "$SDK/abi/released" "$SDK"/abi/*.abi
fresh
said 'no baseline' 1 'no baseline for ' check
abi accept
is 'it is accepted' "$?" 0
version 7.0
said 'a new version wants its own' 1 'no baseline for 7.0' check
abi accept
version 7.0-odd
abi accept
version 7.0
grow
said 'a change that nobody accepted' 1 'if that is meant, .ci/abi accept' check
fresh
version 7.0
abi accept
said 'it is released' 0 'is frozen in sdk/abi/released/7.0' release
said 'but not twice' 1 'is released already' release
said 'nor accepted' 1 'is released and stays' accept
said 'it is as released' 0 'against released 7.0: equal' check
grow
said 'it cannot grow under its number' 1 'is released: raise TT_SDK_VERSION' check
version 7.1
said 'under another it must be accepted' 1 'no baseline for 7.1' check
abi accept
said 'and the minor raised' 1 'raise TT_ABI_MINOR' check
and_change plugin.h 's/ABI_MINOR [0-9]*u/ABI_MINOR 90u/'
abi accept
said 'then it may' 0 'against released 7.0: grown' check
and_change $R 's/TT_WAIT = 4/TT_WAIT = 6/'
abi accept
said 'but it may not break' 1 'plugins of released 7.0 would break' check
fresh
version 7.1
and_change $R 's,trimtab.data/1"$,trimtab.data/2",'
abi accept
said 'nor may a text' 1 'the layout that released 7.0 knows does not hold' check
fresh
version 7.1
and_change random.h '/^struct tt_random {/a int more;'
abi accept
said 'a helper may' 0 'against released 7.0: equal' check
and_change plugin.h 's/ABI_MAJOR 1u/ABI_MAJOR 2u/'
and_change $R 's/TT_WAIT = 4/TT_WAIT = 6/'
abi accept
said 'another major may' 0 'nothing is promised' check

# --- the frozen copies are frozen --------------------------------------------
fresh
version 7.0
frozen=$SDK/abi/released/7.0
cp "$frozen/include/trimtab/plugin.h" "$STATE/kept"
echo '/* better */' >>"$frozen/include/trimtab/plugin.h"
said 'a frozen header edited' 1 'released 7.0: a file of it was changed' check
cp "$STATE/kept" "$frozen/include/trimtab/plugin.h"
rm "$frozen/include/trimtab/random.h"
said 'one taken away' 1 'released 7.0: a file of it was changed' check
cp "$INC/trimtab/random.h" "$frozen/include/trimtab/random.h"
echo >"$frozen/include/trimtab/new.h"
said 'one put there' 1 'released 7.0: files came or went' check
rm "$frozen/include/trimtab/new.h"
sed -i "s/name='n_pending'/name='n_flying'/" "$SDK/abi/7.0.abi"
said 'another baseline' 1 '7.0.abi is not the baseline of released 7.0' check
done_testing
