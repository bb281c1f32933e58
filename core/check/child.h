/* SPDX-License-Identifier: MIT
 *
 * child.h - what parent and child of a check have agreed on. */
#ifndef TT_CHECK_CHILD_H
#define TT_CHECK_CHILD_H

#include "core/check/check_in.h"

#define CHECK_RESULT_FD 3 /* the result, as JSON; a part's bytes */
#define CHECK_STAGE_FD 4  /* shared: where the child is, two texts ... */
#define CHECK_STAGE_BYTES 256 /* ... of at most so many bytes with their NUL */

#endif
