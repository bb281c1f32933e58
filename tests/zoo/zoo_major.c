/* SPDX-License-Identifier: MIT
 *
 * zoo_major.c - built for an ABI that does not exist yet. Its constructor ends
 * the process: whoever loads it before reading the note notices. */
#include <stdlib.h>
#include <trimtab/strategy.h>

__attribute__((constructor)) static void begin(void)
{
    _Exit(99);
}

TT_EXPORT const struct tt_plugin *trimtab_plugin_v1(void);
const struct tt_plugin *trimtab_plugin_v1(void)
{
    return NULL;
}

TT_NOTE_SECTION static const struct tt_note note = {
    8, TT_NOTE_DESC_SIZE, TT_NOTE_TYPE, TT_NOTE_NAME, TT_ABI_MAJOR + 1, 7,
    sizeof(void *), TT_KIND_STRATEGY, "zoo-major", "1.0.0",
};
