# SPDX-License-Identifier: MIT
#
# verdict.awk - what a report of `abidiff --leaf-changes-only` means.
#
#   awk [-v helpers=LIST] -f verdict.awk RULES REPORT
#
# Prints one line for each change, then the verdict: `equal`; `grown` where
# records only got longer at their end as the rules allow, or types and
# enumerators were added; `broken` for all else, and for what is not understood.
# LIST names types of helper headers, between spaces; they may change.

function say(kind, what) {
    print kind ": " type (type != "" ? ": " : "") what
    if (kind == "broken" || verdict == "")
        verdict = kind
}

function number(text, word) { # the number behind a word
    sub(".*" word " ", "", text)
    return text + 0
}

FNR == NR {
    if ($1 == "grows")
        grows[$2] = 1
    next
}
/summary:/ || /^[ \t]*$/ || /^[0-9]+ (Added|Removed|Changed) / { next }
/^  \[[ACD]\] / { # an anchor
    type = ""
    name = $0
    sub(/^.*tt_abi_/, "", name)
    sub(/[^A-Za-z0-9_].*/, "", name)
    if (index(helpers, " " name " "))
        next
    say(/^  \[A\]/ ? "grown" : "broken", name (/^  \[A\]/ ? " is new" : \
        /^  \[D\]/ ? " is gone" : " is another type"))
    next
}
/^'(struct|enum|union|class|typedef) / {
    type = $2
    gsub(/[^A-Za-z0-9_]/, "", type)
    free = index(helpers, " " type " ")
    size = inserted = 0
    next
}
free { next }
/^  type size hasn't changed$/ || /^  details were reported earlier$/ { next }
/^  type size changed from / {
    size = number($0, "from")
    if (number($0, "to") < size)
        say("broken", "is smaller than it was")
    next
}
/^  [0-9]+ data member insertions?:$/ || /^  [0-9]+ enumerator insertions?:$/ {
    inserted = 1
    next
}
/^    '.*', at offset [0-9]+ \(in bits\)$/ && inserted {
    what = $0
    sub(/^ *'/, "", what)
    sub(/', at.*/, "", what)
    if (size > 0 && number($0, "offset") >= size && (type in grows))
        say("grown", "has a new last member, " what)
    else if (type in grows)
        say("broken", "a member was put in or taken out before its end, " what)
    else
        say("broken", "it is frozen, and a member was put in or taken out, " \
            what)
    next
}
/^    '[A-Za-z0-9_:]+' value '-?[0-9]+'$/ && inserted {
    say("grown", "has a new enumerator," substr($0, 4))
    next
}
{
    inserted = 0
    what = $0
    sub(/^ +/, "", what)
    say("broken", what)
}
END { print verdict == "" ? "equal" : verdict }
