#!/bin/sh
# SPDX-License-Identifier: MIT
# t0925 - docs/plugin-reference.md is what the headers say: it is made again and
# compared, no public name is without a contract, and all that the compiler
# sees in the headers stands in it.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || { echo '1..0 # SKIP no python3'; exit 0; }

MAKER=$TOP/sdk/reference/reference.py
PLAN=$TOP/sdk/reference/reference.in
INCLUDE=$TOP/sdk/include/trimtab
PAGE=$TOP/docs/plugin-reference.md
export PYTHONDONTWRITEBYTECODE=1
cd "$STATE" || exit 1

check "the reference can be made" python3 "$MAKER" "$INCLUDE" "$PLAN"
python3 "$MAKER" "$INCLUDE" "$PLAN" >page.md 2>page.err
is "it is as it is kept (sdk/reference/reference.py says how to make it)" \
    "$(diff page.md "$PAGE" | head -n 20)" ''
is "no public name is without a contract" \
    "$(python3 "$MAKER" --missing "$INCLUDE" "$PLAN")" ''

# What the reader of comments may have overlooked: every function, type and
# enumerator that the compiler sees is in the page, or says that it is private.
cat >all.c <<'END'
#include <trimtab/mock.h>
#include <trimtab/asktell.h>
#include <trimtab/blocking.h>
#include <trimtab/sobol.h>
END
${CC:-cc} -E -P -I"$TOP/sdk/include" all.c >all.i 2>all.err ||
    not_ok "the headers are preprocessed" "$(cat all.err)"
{
    grep -oE '\btt_[a-z0-9_]+\(' all.i | tr -d '('
    grep -oE '(struct|enum) tt_[a-z0-9_]+' all.i | sed 's/.* //'
    grep -oE '\bTT_[A-Z0-9_]+' all.i
} | sort -u >seen
# Private names: the word in the comment above, or a section that is "inside".
awk '/^\/\* --- / { inside = /^\/\* --- inside/ }
    /^\/\* [Pp]rivate/ { private = 1 } /^$/ { private = 0 }
    (inside || private) && !/^ \*/ {
        n = split($0, words, /[^A-Za-z0-9_]+/)
        for (i = 1; i <= n; i++) if (words[i] ~ /^(tt|TT)_/) print words[i]
    }' "$INCLUDE"/*.h | sort -u >private
grep -oE '\b(tt|TT)_[A-Za-z0-9_]+' "$PAGE" | sort -u >shown
is "the compiler sees no name that is not in it" \
    "$(comm -23 seen private | comm -23 - shown | tr '\n' ' ')" ''
like "and it sees many" "$(wc -l <seen)" '[2-9][0-9][0-9]'

# A header without its words is found out.
cp -R "$INCLUDE" bare
sed -i '/^\/\* The best complete trial so far/,/\*\/$/d' bare/asktell.h
sed -i 's|^    double cost;  .*|    double cost;|' bare/asktell.h
like "a function without a contract is named" \
    "$(python3 "$MAKER" --missing bare "$PLAN")" 'asktell.h: tt_asktell_best'
like "so is a member" "$(python3 "$MAKER" --missing bare "$PLAN")" \
    'asktell.h: struct tt_trial.cost'
sed '/@section cube.h checks/d' "$PLAN" >short.in
python3 "$MAKER" "$INCLUDE" short.in >short.md 2>short.err
like "a plan that leaves something out is refused" "$(cat short.err)" \
    'leaves out cube.h, "checks": .*tt_space_check'
done_testing
