#!/bin/sh
# SPDX-License-Identifier: MIT
# Every released version of the SDK's headers: its files are as they were, and
# plugins that are built from them load, keep the contract and run in a worker.
. "$(dirname "$0")/lib.sh"

TOOL=${TT_PLUGIN_TOOL:-$BUILD/trimtab-plugin}
export TRIMTAB_WORKER="$WORKER"
export TRIMTAB_TEMPLATES="$TOP/sdk/template"
RELEASED=$TOP/sdk/abi/released
cd "$STATE" || exit 1
unset MAKEFLAGS MFLAGS MAKELEVEL

# pkg-config's word for a folder of headers
sdk() { # INCLUDE
    mkdir -p "$STATE/pc"
    printf 'Name: trimtab-sdk\nDescription: x\nVersion: 0\nCflags: -I%s\n' \
        "$1" >"$STATE/pc/trimtab-sdk.pc"
}
export PKG_CONFIG_PATH="$STATE/pc${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}"

template() { # NAME KIND LANGUAGE
    "$TOOL" new "$1" --kind "$2" --lang "$3" && make -C "$1" "$1.so"
}
build() { # INCLUDE: good/ good-adapter/ zoo_*.so mine-*/ in this folder
    sdk "$1"
    TT_SDK=$1 sh "$TOP/tests/zoo/check/build" . good good-adapter good-web &&
        sh "$TOP/tests/zoo/build" "$1" . &&
        template mine-c strategy c && template mine-cxx strategy c++ &&
        template mine-adapter adapter c && template mine-adapter-cxx adapter c++
}
keeps() { # VERSION FILE: does it keep the contract?
    (cd "$(dirname "$2")" &&
        "$TOOL" check --level 2 --format json "$(basename "$2")") >report.json
    is "$1: $(basename "$2") passes the check" "$(jq -r '.pass,
        (.results[] | select(.status == "fail" or .status == "crash") |
        .id + " " + .message)' report.json)" true
}
works() { # VERSION FILE: a strategy in a worker says what it says in here
    name=$(basename "$2")
    "$TOOL" run "$2" --iterations 30 --parallel 3 --log in >in.out 2>in.err &&
        "$TOOL" run "$2" --iterations 30 --parallel 3 --log out \
            --worker="$WORKER" >out.out 2>out.err
    is "$1: $name runs in a worker" "$? $(cat in.err out.err)" '0 '
    like "$1: $name has results" "$(wc -l <out.out)" '^[1-9][0-9]$'
    is "$1: $name says the same as without" "$(cmp in out 2>&1)" ''
}
passes() { # VERSION NAME: a program of the units, with these animals
    program=$BUILD/tests/unit/$2
    [ -x "$program" ] || return 0 # built without CUnit
    if TT_ZOO_DIR=$PWD "$program" >units.out 2>&1; then
        ok "$1: $2, with the zoo of then"
    else
        not_ok "$1: $2, with the zoo of then" "$(grep -vE '^ok' units.out)"
    fi
}

n=0
for folder in "$RELEASED"/*/; do
    [ -d "$folder/include" ] || continue
    n=$((n + 1))
    version=$(basename "$folder")
    is "$version: its files are as they were" \
        "$(cd "$folder" && sha256sum --quiet --check SHA256SUMS 2>&1 &&
            find . -type f ! -name SHA256SUMS | LC_ALL=C sort >"$STATE/files" &&
            sed 's/^[0-9a-f]*  //' SHA256SUMS | diff - "$STATE/files")" ''
    is "$version: it says that it is that" "$(sed -nE \
        's/^#define TT_SDK_VERSION "(.*)"/\1/p' \
        "$folder/include/trimtab/plugin.h")" "$version"
    mkdir "$STATE/$version"
    cd "$STATE/$version" || exit 1
    if build "${folder%/}/include" >build.out 2>&1; then
        ok "$version: the zoo is built"
    else
        not_ok "$version: the zoo is built" "$(tail -n 15 build.out)"
        continue
    fi
    is "$version: from these headers" "$(gcc -M -I"${folder%/}/include" \
        -I"$TOP/tests/zoo" "$TOP/tests/zoo/zoo_hill.c" |
        grep -c "$TOP/sdk/include/")" 0
    for plugin in good/good.so good-adapter/good-adapter.so \
        good-web/good-web.so zoo_hill.so zoo_cases.so mine-c/mine-c.so \
        mine-cxx/mine-cxx.so mine-adapter/mine-adapter.so \
        mine-adapter-cxx/mine-adapter-cxx.so; do
        keeps "$version" "$plugin"
    done
    for plugin in good/good.so zoo_cases.so mine-c/mine-c.so \
        mine-cxx/mine-cxx.so; do
        works "$version" "$plugin"
    done
    passes "$version" work_zoo_test
    passes "$version" engine_live_test
    passes "$version" engine_services_test
done
[ "$n" -gt 0 ] && ok 'a version is released' || not_ok 'a version is released'

# --- and if headers were not kept, this would see it -------------------------
cd "$STATE" || exit 1
broken() { # NAME HEADER SED-SCRIPT: the good strategy from headers like that
    rm -rf other good
    cp -r "$TOP/sdk/include" other
    chmod -R u+w other
    sed -i "$3" "other/trimtab/$2"
    TT_SDK=$STATE/other sh "$TOP/tests/zoo/check/build" . good >build.out 2>&1 ||
        not_ok "$1: is built" "$(cat build.out)"
    ! cmp -s "other/trimtab/$2" "$TOP/sdk/include/trimtab/$2" ||
        not_ok "$1: is another"
    "$TOOL" check --level 2 good/good.so >report.txt 2>&1
    is "$1: is found" "$?" 1
}
broken 'two slots at each other'\''s place' strategy.h \
    '/^struct tt_strategy /,/^}/{s/(\*next)/(*x)/;s/(\*on_event)/(*next)/;s/(\*x)/(*on_event)/}'
broken 'a member in the middle' plugin.h \
    '/^struct tt_space/,/^}/s/    uint64_t n_params;/    uint64_t more;\n&/'
broken 'a description of another shape' plugin.h \
    '/^struct tt_plugin {/,/^}/s/    const char \*id;.*/    uint64_t more;\n&/'
broken 'another major' plugin.h 's/ABI_MAJOR 1u/ABI_MAJOR 2u/'
done_testing
