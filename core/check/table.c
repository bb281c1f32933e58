/* SPDX-License-Identifier: MIT
 *
 * table.c - the checks, in the order in which they run. */
#include <string.h>

#include "core/base/mem.h"
#include "core/check/checks.h"

#define BOTH 0
#define FILE_CHECK 1, CHECK_ONE_FILE

const struct check check_table[] = {
    /* --- static: no code of the plugin runs ------------------------------ */
    { "S1", FILE_CHECK, BOTH, "", 10,
      "a whole ELF shared object for this machine",
      "Loading a truncated or foreign file kills whoever loads it.",
      "Build it again on this kind of machine, and copy it whole.", check_s1 },
    { "S2", FILE_CHECK, BOTH, "S1", 10,
      "its note, its entry point and plugin.json are there and agree",
      "The note is all that a host knows before it runs any of the code.",
      "End the source with TT_DECLARE_PLUGIN(), and say the same id, version "
      "and kind in plugin.json.", check_s2 },
    { "S3", FILE_CHECK, BOTH, "S1", 10, "built for an ABI of this trimtab",
      "Records of another ABI have other members.",
      "Rebuild it with the SDK of this trimtab.", check_s3 },
    { "S4", FILE_CHECK, BOTH, "S1", 10, "exports its entry point and no more",
      "A symbol that is visible can be taken for another library's, and the "
      "other way round.",
      "Compile with -fvisibility=hidden and make helpers static.", check_s4 },
    { "S5", FILE_CHECK, BOTH, "S1", 10, "no symbol is unique in the process",
      "Two versions of the plugin would share it (STB_GNU_UNIQUE).",
      "Compile C++ with -fvisibility=hidden or -fno-gnu-unique.", check_s5 },
    { "S6", FILE_CHECK, BOTH, "S1", 10,
      "bound when it is loaded, and read-only where it can be",
      "A missing function would otherwise end the process when it is called.",
      "Link with -Wl,-z,now,-z,relro,-z,noexecstack and compile with -fPIC.",
      check_s6 },
    { "S7", FILE_CHECK, BOTH, "S1", 10, "never unloaded",
      "Code that is gone while a thread or a destructor still needs it "
      "crashes.",
      "Link with -Wl,-z,nodelete.", check_s7 },
    { "S8", FILE_CHECK, BOTH, "S1", 10, "no static thread-local storage",
      "There is room for a few such objects only; then loading fails.",
      "Leave out -ftls-model=initial-exec.", check_s8 },
    { "S9", FILE_CHECK, BOTH, "S1", 10,
      "linked to libraries that a host has, found where they belong",
      "A worker has the system's libraries and nothing else; what reaches the "
      "network is the host's business.",
      "Link it statically or leave it out; let a run path begin with $ORIGIN.",
      check_s9 },
    { "S10", FILE_CHECK, BOTH, "S1", 10, "calls nothing that it must not",
      "A worker has no processes, sockets or signals, and a strategy no clock "
      "and no chance of its own: a run could not be replayed.",
      "Time comes in events, chance from trimtab/random.h, the network from "
      "the host's services; errors are returned.", check_s10 },
    { "S11", FILE_CHECK, BOTH, "S1", 10, "nothing runs while it is loaded",
      "Constructors run before anybody can say what they did.",
      "Set up in open; make C++ globals constexpr.", check_s11 },
    { "S12", FILE_CHECK, BOTH, "S1", 10,
      "it has a build id, a semantic version and a license",
      "A crash is looked up by the build id; versions are compared.",
      "Link with -Wl,--build-id; name an SPDX license in plugin.json.",
      check_s12 },
    { "S14", FILE_CHECK, BOTH, "", 10,
      "its sha256 is the one of plugin.json, and not revoked",
      "What was checked must be what is run.",
      "Write the sum anew when the file is built; a revoked one needs a new "
      "version.", check_s14 },
};
const size_t check_table_n = TT_ARRAY_LEN(check_table);

const struct check *check_find(const char *id)
{
    size_t i;

    for (i = 0; i < check_table_n; i++)
        if (strcmp(check_table[i].id, id) == 0)
            return &check_table[i];
    return NULL;
}

const struct check_part check_parts[] = {
    { "@nothing", NULL },
};
const size_t check_parts_n = 0;
