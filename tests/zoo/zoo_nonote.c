/* SPDX-License-Identifier: MIT
 *
 * zoo_nonote.c - a shared object that is no plugin. */
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
