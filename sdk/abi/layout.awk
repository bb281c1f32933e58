# SPDX-License-Identifier: MIT
#
# layout.awk - from `list` of types.awk and the rules, a C program that prints
# layout.c for the machine that it runs on.
#
#   awk -f layout.awk RULES LIST CONSTANTS
#
# CONSTANTS has lines `FILE NAME number|text`, the object-like macros.

function c(line) { # a line of layout.c
    gsub(/\\/, "\\\\", line)
    gsub(/"/, "\\\"", line)
    printf "    puts(\"%s\");\n", line
}

function part(file) { # helpers stand behind an #ifndef
    c("")
    c("/* --- " file " --- */")
    if (file in helper)
        c("#ifndef TT_LAYOUT_RELEASED")
    printf "%s", lines[file]
    if (file in helper)
        c("#endif")
}

FILENAME == ARGV[1] {
    if ($1 == "grows")
        grows[$2] = 1
    if ($1 == "helper")
        helper[$2] = 1
    next
}
FILENAME == ARGV[2] && !($1 in seen) {
    seen[$1] = 1
    includes = includes "#include <" $1 ">\n"
    files[++n_files] = $1
}
FILENAME == ARGV[2] {
    if ($2 == "struct" && !(($2, $3) in seen)) {
        seen[$2, $3] = 1
        lines[$1] = lines[$1] sprintf("    printf(\"%s(%s, %%zu);\\n\", " \
            "sizeof(struct %s));\n", $3 in grows ? "GROWS" : "SIZE", $3, $3)
    }
    if ($2 == "struct")
        lines[$1] = lines[$1] sprintf("    printf(\"MEMBER(%s, %s, %%zu, " \
            "%%zu);\\n\",\n        offsetof(struct %s, %s),\n        " \
            "sizeof(((struct %s *)0)->%s));\n", $3, $4, $3, $4, $3, $4)
    else
        lines[$1] = lines[$1] sprintf("    printf(\"VALUE(%s, %%lld);\\n\", " \
            "(long long)%s);\n", $4, $4)
    next
}
{
    if (!($1 in seen)) {
        seen[$1] = 1
        includes = includes "#include <" $1 ">\n"
        files[++n_files] = $1
    }
    if ($3 == "number")
        lines[$1] = lines[$1] sprintf("    printf(\"CONSTANT(%s, %%llu);\\n\"" \
            ", (unsigned long long)(%s));\n", $2, $2)
    else
        texts[$1] = texts[$1] sprintf("    printf(\"    TEXT(%s, \\\"%%s\\\");" \
            "\\n\", %s);\n", $2, $2)
}
END {
    printf "%s#include <stdio.h>\n\nint main(void)\n{\n", includes
    c("/* SPDX-License-Identifier: MIT")
    c(" *")
    c(" * layout.c - size and place of all that the SDK's headers declare, on")
    c(" * machines of 64 bits. Written by `.ci/abi accept`; see docs/abi.md. */")
    for (i = 1; i <= n_files; i++)
        c("#include <" files[i] ">")
    c("")
    c("#include \"layout.h\"")
    c("")
    c("#ifdef __LP64__")
    for (i = 1; i <= n_files; i++) {
        if (lines[files[i]] != "")
            part(files[i])
    }
    c("")
    c("int main(void)")
    c("{")
    c("    int bad = 0;")
    c("")
    for (i = 1; i <= n_files; i++)
        printf "%s", texts[files[i]]
    c("    return bad;")
    c("}")
    c("#else")
    c("int main(void)")
    c("{")
    c("    return 0;")
    c("}")
    c("#endif")
    print "    return 0;\n}"
}
