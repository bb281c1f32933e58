#!/bin/sh
# SPDX-License-Identifier: MIT
# Every SDK header, of today and of each released version, compiles by itself,
# as C11 to C23 and C++11 to C++20, without a warning, whatever compilers are
# here.
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
n=0

# check COMPILER LANGUAGE STANDARD...
check() {
    compiler=$1 language=$2
    shift 2
    command -v "$compiler" >/dev/null || return 0
    for standard; do
        n=$((n + 1))
        bad=
        for header in "$inc"/trimtab/*.h "$inc"/trimtab/*.hpp; do
            case $language:$header in c:*.hpp) continue ;; esac
            name=trimtab/$(basename "$header")
            printf '#include <%s>\n#include <%s>\nint main(void);\n' \
                "$name" "$name" >"$dir/one.c"
            # shellcheck disable=SC2086 # a list of words
            "$compiler" -x "$language" -std="$standard" -Wall -Wextra \
                $more -pedantic -Werror -I"$inc" -fsyntax-only "$dir/one.c" \
                2>"$dir/out" && continue
            bad="$bad $name"
            sed 's/^/# /' "$dir/out" | head -n 20
        done
        [ -z "$bad" ] || printf 'not '
        echo "ok $n - $compiler -std=$standard takes every header of $of$bad"
    done
}

# What authors turn on; the second list is what else their clang may know.
C='-Wshadow -Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef -Wvla
    -Wdouble-promotion -Wformat=2'
for inc in "$TT_TOP_SRCDIR/sdk/include" \
    "$TT_TOP_SRCDIR"/sdk/abi/released/*/include; do
    [ -d "$inc" ] || continue
    of=${inc#"$TT_TOP_SRCDIR"/sdk/}
    more="$C -Wstrict-prototypes"
    check gcc c c11 c17 gnu2x
    check clang c c11 c17 gnu2x
    more=$C
    check g++ c++ c++11 c++14 c++17 c++20
    check clang++ c++ c++11 c++14 c++17 c++20
    more='-Weverything -Wno-padded -Wno-declaration-after-statement
        -Wno-reserved-identifier -Wno-unused-macros -Wno-unused-function
        -Wno-float-equal -Wno-disabled-macro-expansion
        -Wno-bad-function-cast -Wno-used-but-marked-unused'
    check clang c c11
done
echo "1..$n"
