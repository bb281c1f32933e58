#!/bin/sh
# SPDX-License-Identifier: MIT
# layers.t - the walls of the house: who may include whom, and which folder
# alone may name a third party's header.
set -u
cd "${TT_TOP_SRCDIR:-.}" || exit 1
n=0

check() { # NAME OFFENDING-LINES
    n=$((n + 1))
    if [ -z "$2" ]; then
        echo "ok $n - $1"
    else
        echo "not ok $n - $1"
        printf '%s\n' "$2" | sed 's/^/# /'
    fi
}
code() { find "$@" -name '*.[ch]' -o -name '*.hpp' 2>/dev/null; }
includes() { # PATTERN FILES-ON-STDIN
    xargs -r grep -nE "^ *# *include +[<\"]$1" /dev/null
}
alone() { # HEADER FOLDERS-PATTERN: named nowhere else
    check "$1 is named only in $2" \
        "$(code core store sdk plugins cli | grep -vE "^($2)" | includes "$1")"
}
never() { # NAME FOLDERS HEADERS-PATTERN
    # shellcheck disable=SC2086 # a list of folders
    check "$1" "$(code $2 | includes "$3")"
}

alone 'rocksdb/c\.h' 'store/'
alone 'microhttpd\.h' 'core/http/'
alone 'curl/curl\.h' 'core/broker/|cli/'
alone 'ltdl\.h' 'core/host/'
alone 'sodium\.h' 'core/crypt/'
alone 'seccomp\.h' 'core/host/'
alone 'json-c/' 'core/base/|cli/|plugins/'
never 'core/base includes nothing above it' core/base \
    '(core/(crypt|host|work|broker|engine|http|check)|store)/'
never 'core/host knows neither store nor network nor engine' core/host \
    '(core/(work|broker|engine|http|check)|store)/'
never 'core/check stands on host, crypt and base alone' core/check \
    '(core/(work|broker|engine|http)|store)/'
never 'the daemon does not know the checker' \
    'core/work core/broker core/engine core/http store' 'core/check/'
never 'work and broker know neither engine nor store' 'core/work core/broker' \
    '(core/(engine|http)|store)/'
never 'the store stands on base and crypt alone' store \
    'core/(host|work|broker|engine|http)/'
never 'the engine knows no sockets' core/engine '(core/http/|sys/socket\.h)'
never 'plugins, CLI and SDK see nothing of the inside' 'plugins cli sdk' \
    '(core|store)/'
check 'SDK headers include libc and themselves alone' \
    "$(code sdk/include | includes '[a-z_]+/' | grep -v '<trimtab/')"
check 'libltdl is called from one file' \
    "$(grep -rnE 'lt_dl[a-z]+ *\(' core --include='*.c' | grep -v '^core/host/load')"
echo "1..$n"
