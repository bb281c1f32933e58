/* SPDX-License-Identifier: MIT
 *
 * dump.h - what dump.c and load.c agree on. */
#ifndef TT_STORE_DUMP_H
#define TT_STORE_DUMP_H

/* The last line: {"kind":"end","records":N}. No kind has that name. */
#define DUMP_END "end"

#endif
