/* SPDX-License-Identifier: MIT
 *
 * table.c - the checks, in the order in which they run. */
#include <string.h>

#include "core/base/mem.h"
#include "core/check/checks.h"

#define BOTH 0
#define STRATEGY TT_KIND_STRATEGY
#define ADAPTER TT_KIND_ADAPTER
#define FILE_CHECK 1, CHECK_ONE_FILE
#define GATE 2, CHECK_ONE_FILE
#define UPGRADE 1, CHECK_UPGRADE
#define REPLAY 1, CHECK_REPLAY
#define LOADED "L1 S13" /* needs no less */

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
      "its sha256 is the one of plugin.json, not revoked, and signed where "
      "keys are given",
      "What was checked must be what is run.",
      "Write the sum anew when the file is built; a revoked one needs a new "
      "version.", check_s14 },

    /* --- loading: its constructors and entry point run -------------------- */
    { "S13", GATE, BOTH, "S1 S2 S3", 30,
      "its configuration has a schema, and defaults that fit it",
      "Operators are told by the schema what they may write.",
      "Use the keywords that the plugin guide lists; let every default fit.",
      check_s13 },
    { "L1", GATE, BOTH, "S1 S2 S3", 30, "loads, and describes itself",
      "The host needs every symbol at once and a description that it "
      "understands.",
      "Link what is missing; mend the member of struct tt_plugin that is "
      "named.", check_l1 },
    { "L2", GATE, BOTH, LOADED, 30, "loads within 100 ms",
      "Each run loads it anew.", "Compute tables in open, or at build time.",
      check_l2 },
    { "L3", GATE, BOTH, LOADED, 30, "knows no extension that it has not",
      "Hosts ask by id for what is to come.",
      "Compare the whole id in get_extension and return NULL.", check_l3 },
    { "L4", GATE, BOTH, LOADED, 30, "always gives the same description",
      "The host keeps the pointer as long as the process lives.",
      "Return the address of one constant struct tt_plugin.", check_l4 },
    { "L5", GATE, BOTH, LOADED, 60, "leaves the process as it was",
      "Threads, descriptors, signals and rounding belong to the host; on "
      "standard output nobody listens.",
      "Give back in close what open takes; log through the host.", check_l5 },
    { "L6", GATE, BOTH, LOADED, 60, "works in the sandbox of a worker",
      "There it has no files, no network, no processes and a gigabyte.",
      "Ask the host's services for what is outside.", check_l6 },

    /* --- behaviour -------------------------------------------------------- */
    { "B1", GATE, BOTH, LOADED, 120,
      "opens with its defaults, and takes or refuses what its schema allows",
      "A configuration that crashes it costs a run.",
      "Narrow the schema, or return TT_EINVAL and say what would do.",
      check_b1 },
    { "B2", GATE, BOTH, "B1", 60, "lives without services that it may not get",
      "A host grants what its operator allows.",
      "Test what get_service returned, or list the service as required.",
      check_b2 },
    { "B3", GATE, BOTH, "B1", 60, "can be closed at any time",
      "Runs are cancelled, and close(NULL) is allowed.",
      "Let close take NULL and half-made instances.", check_b3 },
    { "B4", GATE, BOTH, "B1", 60, "asks for nothing while it is opened",
      "open and validate must work where nothing can be reached.",
      "Move the call to the first submit, on_event or next.", check_b4 },
    { "B5", GATE, BOTH, "B1", 120, "answers what can be used",
      "A value outside its range is the plugin's fault, and ends the run.",
      "Clamp and round with trimtab/cube.h; one outcome an evaluation.",
      check_b5 },
    { "B6", GATE, BOTH, "B5", 120, "hears everything",
      "Events come late, twice, in any order, and of kinds still to come.",
      "Ignore what is unknown and return 0.", check_b6 },
    { "B7", GATE, BOTH, "B5", 120, "says the same again",
      "A run is restored and replayed by its log.",
      "Draw from trimtab/random.h by position; no addresses, clocks or "
      "uninitialised memory.", check_b7 },
    { "B8", GATE, BOTH, "B5", 120, "stops when nobody listens",
      "A sink that fails will not take the rest either.",
      "Return at once what emit or write returned, when it is negative.",
      check_b8 },
    { "B9", GATE, BOTH, "B5", 120, "can be cancelled",
      "A run ends while much is in flight.",
      "Take CANCELLED and DEADLINE as any end of a trial; give up on "
      "TT_ECANCELLED.", check_b9 },
    { "B10", GATE, BOTH, "B5", 120, "survives bad answers",
      "Servers and models answer anything.",
      "Parse strictly, and turn what cannot be used into an outcome or an "
      "event that failed; promise TT_CAP_LLM when asking for a model.",
      check_b10 },
    { "B11", GATE, BOTH, "B7", 120, "keeps instances apart",
      "In tests and tools several live in one process.",
      "Keep state in the instance, not in statics.", check_b11 },
    { "B12", GATE, BOTH, "B7", 120, "works on any thread",
      "Calls never overlap, but the thread may change.",
      "Keep no thread-local state; let validate and get_extension share "
      "nothing.", check_b12 },
    { "B13", GATE, STRATEGY, "B7", 120, "goes on from its snapshot",
      "A restarted daemon and an upgrade restore it so.",
      "Write all of the state, by value, in a fixed order.", check_b13 },
    { "B14", GATE, STRATEGY, "B5", 120, "refuses a damaged snapshot",
      "Disks and old versions leave strange bytes.",
      "Check a mark, the length and every count; return TT_ESTATE.",
      check_b14 },
    { "B15", GATE, STRATEGY, "B5", 60, "reads its older snapshots",
      "state_schema_min is a promise.",
      "Keep golden/state-vN.bin of each schema (see --save-state) and read "
      "them, or raise state_schema_min.", check_b15 },
    { "B16", GATE, BOTH, "B5", 120, "survives without memory",
      "A worker has a limit.", "Test every allocation; return TT_ENOMEM.",
      check_b16 },
    { "B17", GATE, BOTH, "B5", 300, "gives its memory back",
      "A slow leak ends a long run.",
      "Free in close what was allocated; --source DIR tries sanitizers too.",
      check_b17 },
    { "B18", GATE, BOTH, "B7", 120, "works with a newer host",
      "Records grow at their end, and elements of arrays with them.",
      "Walk arrays by tt_space_param() and its like; compare no sizes.",
      check_b18 },
    { "B19", GATE, BOTH, "B1", 60, "says what went wrong",
      "The message is all that an operator sees.",
      "Use tt_fail() with a TT_E code and a text in UTF-8.", check_b19 },
    { "B20", GATE, BOTH, "B5", 60, "does not hammer where nothing is left",
      "A refused request is not repeated at once.",
      "Return, or emit TT_LATER with retry_after_ms.", check_b20 },
    { "B21", GATE, ADAPTER, "B5", 60, "judges each evaluation by itself",
      "Batches are cut as it suits the host.",
      "Keep no state between evaluations, or declare TT_CAP_NOISE.",
      check_b21 },
    { "B22", 3, CHECK_ONE_FILE, BOTH, "B6", 120, "lasts",
      "Some faults need a thousand steps.",
      "Run it again with the same seed, under a debugger.", check_b22 },

    /* --- a new version beside an old one ---------------------------------- */
    { "U1", UPGRADE, BOTH, "", 10, "the same plugin, in a later version",
      "A version is resolved by id, and never changes.",
      "Keep id and kind; count the version up with every build.", check_u1 },
    { "U2", UPGRADE, BOTH, "", 30, "loads in this trimtab",
      "The old version did.", "Rebuild it with the SDK of this trimtab.",
      check_u2 },
    { "U3", UPGRADE, BOTH, "U2", 120, "takes the old version's configurations",
      "The operator's file stays as it is.",
      "Allow what was allowed; give what is new a default.", check_u3 },
    { "U4", UPGRADE, STRATEGY, "U2", 120,
      "goes on from the old version's state or log",
      "A live run is moved so.",
      "Read old snapshots, or raise state_schema_min so that the log is used.",
      check_u4 },
    { "U5", UPGRADE, BOTH, "", 10, "asks for no more than the old version",
      "What is asked for anew must be granted anew.",
      "Leave out the permission, or tell the operator.", check_u5 },
    { "U6", UPGRADE, BOTH, "U2", 300,
      "is no worse on the reference problems",
      "An upgrade must not cost results.",
      "Look at the plays with trimtab plugin run.", check_u6 },

    /* --- a recorded run --------------------------------------------------- */
    { "R1", REPLAY, STRATEGY, "", 120, "hears the recorded run without error",
      "Runs in flight are moved to it by their log.",
      "Take every event that the version before could take.", check_r1 },
    { "R2", REPLAY, STRATEGY, "R1", 120, "proposes what was recorded",
      "The same version must; another one may differ, and you should know "
      "where.", "See B7, if it is the same version.", check_r2 },
    { "R3", REPLAY, STRATEGY, "", 120, "goes on from the recorded history",
      "A warm start gives it somebody else's results.",
      "Take ENQUEUED with its RESULT as history.", check_r3 },
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
    { "@transcript", check_part_transcript },
    { "@resume", check_part_resume },
    { "@exercise", check_part_exercise },
    { "@schema", check_part_schema },
    { "@state", check_part_state },
    { "@results", check_part_results },
};
const size_t check_parts_n = TT_ARRAY_LEN(check_parts);
