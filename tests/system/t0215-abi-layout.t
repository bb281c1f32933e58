#!/bin/sh
# SPDX-License-Identifier: MIT
# sdk/abi/layout.c holds the size and place of every member of every type that
# the SDK declares; it is whole, it compiles as C and C++, and it bites.
TT_QUICK='' # quick enough to run always
. "$(dirname "$0")/lib.sh"

ABI=$TOP/sdk/abi
INC=$TOP/sdk/include
# A tree whose headers are another's to change.
cp -r "$TOP/sdk" "$STATE/sdk"
chmod -R u+w "$STATE/sdk"

# --- it holds ----------------------------------------------------------------
holds() { # COMPILER LANGUAGE STANDARD [MORE]
    command -v "$1" >/dev/null || return 0
    if "$1" -x "$2" -std="$3" -Wall -Wextra -pedantic -Werror ${4:+"$4"} \
        -I"$INC" -o "$STATE/layout" "$ABI/layout.c" 2>"$STATE/out" &&
        "$STATE/layout" >"$STATE/out"; then
        ok "$1 -std=$3 ${4:-}: the layout holds"
    else
        not_ok "$1 -std=$3 ${4:-}: the layout holds" "$(cat "$STATE/out")"
    fi
}
holds gcc c c11
holds clang c c17
holds g++ c++ c++11
holds clang++ c++ c++20
holds gcc c c11 -DTT_LAYOUT_RELEASED

# --- it is whole -------------------------------------------------------------
sh "$ABI/abi" list "$INC" >"$STATE/list" || not_ok 'the types are listed'
sh "$ABI/abi" layout "$INC" >"$STATE/layout.c" || not_ok 'the layout is made'
is 'it is what the headers make' "$(diff "$STATE/layout.c" "$ABI/layout.c")" ''
unheld() { # LIST LAYOUT: what has no assertion
    awk 'FNR == NR { gsub(/[(),;]/, " "); held[$1 == "MEMBER" ? \
            $2 "." $3 : $2] = 1; next }
        $2 == "struct" && !($3 in held) { print $3 }
        $2 == "struct" && !(($3 "." $4) in held) { print $3 "." $4 }
        $2 == "enum" && !($4 in held) { print $4 }' "$2" "$1" | sort -u
}
is 'every type and every member is held' \
    "$(unheld "$STATE/list" "$ABI/layout.c")" ''
# By another way than the lister's: the text of the headers.
sed -nE 's/^(struct|enum) (tt_[a-z0-9_]+) \{.*/\2/p' "$INC"/trimtab/*.h |
    sort -u >"$STATE/named"
cut -d' ' -f3 "$STATE/list" | sort -u | diff "$STATE/named" - >"$STATE/diff"
is 'the lister has seen every type' "$(cat "$STATE/diff")" ''
sed -nE 's/^ *(TT_[A-Z0-9_]+) = .*/\1/p' "$INC"/trimtab/*.h | sort -u |
    while read -r name; do
        grep -q "^VALUE($name, " "$ABI/layout.c" || echo "$name"
    done >"$STATE/unheld"
is 'and every enumerator' "$(cat "$STATE/unheld")" ''
sed -nE 's/^#define (TT_[A-Z0-9_]+) +"(.*)"$/    TEXT(\1, "\2");/p' \
    "$INC"/trimtab/*.h | grep -v TT_SDK_VERSION | while read -r line; do
    grep -qF "$line" "$ABI/layout.c" || echo "$line"
done >"$STATE/unheld"
is 'and every text' "$(cat "$STATE/unheld")" ''
grep -v '"TT_[A-Z]*_VERSION"' "$ABI/layout.c" >"$STATE/short.c"
sed -i '/MEMBER(tt_ask, max/d; /(tt_note,/d; /VALUE(TT_PRUNE/d' "$STATE/short.c"
is 'what is not held is found' \
    "$(unheld "$STATE/list" "$STATE/short.c" | tr '\n' ' ')" \
    "$(awk '/ tt_note / { print "tt_note." $4 }' "$STATE/list" |
        { printf 'tt_note\ntt_ask.max\nTT_PRUNE\n'; cat; } | sort -u |
        tr '\n' ' ')"

# --- the rules name what is there --------------------------------------------
member() { grep -q " struct $1 $2\$" "$STATE/list"; }
while read -r word type how; do
    [ "$word" = grows ] || continue
    case $how in
    size) member "$type" size ;;
    head.size) member "$type" head ;;
    *) member "${how%.*}" "${how#*.}" ;;
    esac || echo "$type"
    grep -hE "^ +struct $type [a-z]" "$INC"/trimtab/strategy.h \
        "$INC"/trimtab/adapter.h "$INC"/trimtab/plugin.h
done <"$ABI/rules" >"$STATE/unruled"
is 'what may grow says its size, and is part of nothing' \
    "$(cat "$STATE/unruled")" ''
is 'the helpers are headers' "$(sed -n 's/^helper //p' "$ABI/rules" |
    while read -r header; do ls "$INC/$header" >/dev/null; done 2>&1)" ''

# --- it bites ----------------------------------------------------------------
fresh() {
    rm -rf "$STATE/sdk/include"
    cp -r "$INC" "$STATE/sdk/include"
    chmod -R u+w "$STATE/sdk"
}
change() { # HEADER SED-SCRIPT
    fresh
    sed -i "$2" "$STATE/sdk/include/trimtab/$1"
    ! cmp -s "$STATE/sdk/include/trimtab/$1" "$INC/trimtab/$1" ||
        not_ok "the change of $1 changes something: $2"
}
lives() { # [FLAG]: does the layout hold after the change?
    if cc -std=c11 -w ${1:+"$1"} -I"$STATE/sdk/include" -o "$STATE/layout" \
        "$ABI/layout.c" 2>"$STATE/err" && "$STATE/layout" >>"$STATE/err"; then
        echo yes
    else
        echo no
    fi
}
bites() { # NAME THIS-VERSION RELEASED-VERSION HEADER SED-SCRIPT
    change "$4" "$5"
    is "$1" "$(lives) $(lives -DTT_LAYOUT_RELEASED)" "$2 $3"
}
R=strategy.h
bites 'a comment is free' yes yes $R 's,/\* in the log,/* of the log,'
bites 'a member in the middle' no no $R \
    '/^struct tt_problem/,/^}/s/    uint64_t seed;/    uint64_t more;\n&/'
bites 'two members change places' no no $R \
    '/^struct tt_strategy/,/^}/{s/(\*validate)/(*x)/;s/(\*close)/(*validate)/;s/(\*x)/(*close)/}'
bites 'a slimmer member' no no $R 's/    uint64_t max;  /    uint32_t max;/'
bites 'a member goes' no no $R '/    uint64_t n_pending;/d'
bites 'an enumerator is renumbered' no no $R 's/TT_PRUNE = 2/TT_PRUNE = 9/'
bites 'a constant' no no plugin.h 's/NOTE_TYPE 1u/NOTE_TYPE 2u/'
bites 'a text' no no $R 's,trimtab.data/1"$,trimtab.data/2",'
bites 'an error code' no no errors.h 's/TT_EIO, -3/TT_EIO, -33/'
bites 'a record that grows' no yes $R 's/    uint64_t n_pending;/&\n    double a;/'
bites 'what is frozen grows' no no plugin.h \
    '/^struct tt_str /,/^}/s/^}/    int more;\n}/'
bites 'what is part of another grows' no no $R \
    '/^struct tt_event {/,/^}/s/^}/    uint64_t more;\n}/'
bites 'a helper' no yes random.h '/^struct tt_random {/a int more;'

# --- and nothing gets past the lister ----------------------------------------
add() { # TEXT: at the end of adapter.h, inside of its guard
    fresh
    sed '$d' "$INC/trimtab/adapter.h" >"$STATE/sdk/include/trimtab/adapter.h"
    printf '%s\n#endif\n' "$1" >>"$STATE/sdk/include/trimtab/adapter.h"
}
lists() { # NAME TEXT WANT
    add "$2"
    is "$1" "$(sh "$ABI/abi" list "$STATE/sdk/include" 2>&1 |
        grep -oE 'tt_new.*|types.awk.*')" "$3"
}
lists 'a struct in an unusual form is seen' 'struct
    tt_new
{ int a,*b [3] ; const char *(*get)(int x, int y); };' 'tt_new a
tt_new b
tt_new get'
lists 'and one made by a macro' '#define TT_MAKE(n) struct n { int a; }
TT_MAKE(tt_new);' 'tt_new a'
lists 'a bit field is refused' 'struct tt_new { int a : 3; };' \
    'types.awk: trimtab/adapter.h: a bit field in tt_new'
lists 'a type in a type is refused' \
    'struct tt_new { struct tt_in { int a; } b; };' \
    'types.awk: trimtab/adapter.h: a type inside of struct tt_new'
lists 'a union is refused' 'union tt_new { int a; float b; };' \
    'types.awk: trimtab/adapter.h: union tt_new: a record of its own for each kind instead'
lists 'a type without a name is refused' 'enum { TT_NEW };' \
    'types.awk: trimtab/adapter.h: a type without a name'
add 'struct tt_new { int a; };'
sh "$STATE/sdk/abi/abi" list "$STATE/sdk/include" >"$STATE/list"
is 'a new struct has no assertions yet, and that is said' \
    "$(unheld "$STATE/list" "$ABI/layout.c" | tr '\n' ' ')" 'tt_new tt_new.a '
sh "$STATE/sdk/abi/abi" check >"$STATE/out" 2>&1
is 'check fails then' "$?" 1
like 'and says so' "$(cat "$STATE/out")" 'layout.c is not that of the headers'
done_testing
