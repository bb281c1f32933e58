# SPDX-License-Identifier: MIT
#
# types.awk - the types that SDK headers declare, read from what the compiler's
# preprocessor makes of them, so that neither comments nor macros nor libc are
# in the way. Function bodies are left out.
#
#   $CC -E ... | awk -v inc=FOLDER -v out=source|list -f types.awk
#
# source  C: the declarations, then one exported function for each type: the
#         anchors by which tools for ABIs reach it
# list    lines `FILE struct NAME MEMBER` and `FILE enum NAME ENUMERATOR`
#
# What it cannot name it refuses (exit 1): bit fields, types inside of types,
# types without a name.

function fail(what) {
    print "types.awk: " file ": " what | "cat >&2"
    failed = 1
    exit 1
}

function word_last(text) {
    sub(/[ \t]+$/, "", text)
    sub(/^.*[^A-Za-z0-9_]/, "", text)
    return text
}

# One declaration of a struct: prints its members.
function members(name, text,    n, i, parts) {
    if (text ~ /^[ \t]*$/)
        return
    if (match(text, /\([ \t]*\*[ \t]*[A-Za-z0-9_]+[ \t]*\)/)) {
        text = substr(text, RSTART, RLENGTH)
        gsub(/[^A-Za-z0-9_]/, "", text)
        print file, "struct", name, text
        return
    }
    if (text ~ /:/)
        fail("a bit field in " name)
    gsub(/\[[^]]*\]/, "", text)
    n = split(text, parts, ",")
    for (i = 1; i <= n; i++)
        print file, "struct", name, word_last(parts[i])
}

function list(kind, name, body,    n, i, parts) {
    n = split(body, parts, kind == "enum" ? "," : ";")
    for (i = 1; i <= n; i++) {
        if (kind != "enum") {
            members(name, parts[i])
            continue
        }
        sub(/=.*/, "", parts[i])
        gsub(/[ \t]/, "", parts[i])
        if (parts[i] != "")
            print file, kind, name, parts[i]
    }
}

# A whole declaration stands in decl.
function declared(    kind, name) {
    sub(/^[ \t\n]+/, "", decl)
    if (is_type) {
        split(head, words, " ")
        kind = words[1]
        name = words[2]
        if (kind == "union")
            fail("union " name ": a record of its own for each kind instead")
        if (out == "list")
            list(kind, name, body)
        else
            printf "# %d \"%s\"\n%s;\n", from, file, decl
        anchors = anchors sprintf("void tt_abi_%s(%s %s *p);\n" \
            "void tt_abi_%s(%s %s *p)\n{\n    (void)p;\n}\n",
            name, kind, name, name, kind, name)
    } else if (out == "source" && decl ~ /^(typedef|struct [A-Za-z0-9_]+$)/)
        printf "# %d \"%s\"\n%s;\n", from, file, decl
}

function reset() {
    decl = ""
    body = ""
    is_type = 0
    depth = 0
}

BEGIN {
    reset()
    if (out == "source")
        print "typedef __SIZE_TYPE__ size_t;\n" \
            "typedef __UINT8_TYPE__ uint8_t;\n" \
            "typedef __UINT16_TYPE__ uint16_t;\n" \
            "typedef __INT32_TYPE__ int32_t;\n" \
            "typedef __UINT32_TYPE__ uint32_t;\n" \
            "typedef __INT64_TYPE__ int64_t;\n" \
            "typedef __UINT64_TYPE__ uint64_t;\n" \
            "typedef struct libc_file FILE;"
}

/^# [0-9]+ "/ {
    split($0, quoted, "\"")
    file = quoted[2]
    ours = index(file, inc "/") == 1
    file = ours ? substr(file, length(inc) + 2) : file
    line = $2 - 1
    next
}
!ours { next }
/^#/ { # a pragma
    if (out == "source")
        print
    next
}
{
    line++
    gsub(/"([^"\\]|\\.)*"/, "\"\"")
    gsub(/'([^'\\]|\\.)*'/, "0")
    text = $0 " "
    while (match(text, /[{};]/)) {
        at = substr(text, RSTART, 1)
        before = substr(text, 1, RSTART - 1)
        text = substr(text, RSTART + 1)
        if (decl == "" && before ~ /[^ \t]/)
            from = line
        if (depth == 0 && at == "{") {
            head = decl before
            gsub(/[ \t\n]+/, " ", head)
            gsub(/^ | $/, "", head)
            is_type = head ~ /^(struct|union|enum) [A-Za-z0-9_]+$/
            if (head ~ /(^| )(struct|union|enum)$/)
                fail("a type without a name")
        }
        decl = decl before at
        if (is_type && depth > 0 && !(depth == 1 && at == "}"))
            body = body before at
        if (is_type && depth == 1 && at == "}")
            body = body before
        if (at == "{") {
            if (is_type && depth > 0)
                fail("a type inside of " head)
            depth++
        } else if (at == "}") {
            depth--
            if (depth == 0 && !is_type && head !~ /=/)
                reset() # a function
        } else if (depth == 0) {
            sub(/;$/, "", decl)
            declared()
            reset()
        }
    }
    if (decl == "" && text ~ /[^ \t]/)
        from = line
    if (decl != "" || text ~ /[^ \t]/)
        decl = decl text "\n"
    if (is_type && depth > 0)
        body = body text " "
}

END {
    if (!failed && out == "source")
        printf "%s", anchors
}
