# SPDX-License-Identifier: MIT
#
# scripts.awk - workflow scripts as C strings: awk -f scripts.awk a.py b.py
BEGIN {
    print "/* Made by scripts.awk from the workflow scripts. */"
    print "#include \"tests/orcheo/sim.h\""
}
FNR == 1 {
    if (NR > 1)
        print "    ;"
    name = FILENAME
    sub(/.*\//, "", name)
    sub(/\.py$/, "", name)
    printf "const char sim_script_%s[] =\n", name
}
{
    gsub(/\\/, "\\\\")
    gsub(/"/, "\\\"")
    printf "    \"%s\\n\"\n", $0
}
END {
    print "    ;"
}
