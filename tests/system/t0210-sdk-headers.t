#!/bin/sh
# SPDX-License-Identifier: MIT
# Every SDK header compiles by itself, as C11 to C23 and C++11 to C++20,
# without a warning, whatever compilers are here.
inc=$TT_TOP_SRCDIR/sdk/include
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
        for header in "$inc"/trimtab/*.h; do
            name=trimtab/$(basename "$header")
            printf '#include <%s>\n#include <%s>\nint main(void);\n' \
                "$name" "$name" >"$dir/one.c"
            "$compiler" -x "$language" -std="$standard" -Wall -Wextra \
                -pedantic -Werror -I"$inc" -fsyntax-only "$dir/one.c" \
                2>"$dir/out" && continue
            bad="$bad $name"
            sed 's/^/# /' "$dir/out"
        done
        [ -z "$bad" ] || printf 'not '
        echo "ok $n - $compiler -std=$standard takes every header$bad"
    done
}

check gcc c c11 c17 gnu2x
check clang c c11 c17 gnu2x
check g++ c++ c++11 c++14 c++17 c++20
check clang++ c++ c++11 c++14 c++17 c++20
echo "1..$n"
