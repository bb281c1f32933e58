/* SPDX-License-Identifier: MIT
 *
 * layout.h - the words of layout.c. With TT_LAYOUT_RELEASED it is what a
 * released version asks of later headers: records may have grown, and helpers
 * may be others. */
#ifndef TT_ABI_LAYOUT_H
#define TT_ABI_LAYOUT_H

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#ifdef __cplusplus
#define HOLD(what, text) static_assert(what, text)
#else
#define HOLD(what, text) _Static_assert(what, text)
#endif

#define SIZE(type, n) HOLD(sizeof(struct type) == (n), "size of " #type)
#ifdef TT_LAYOUT_RELEASED
#define GROWS(type, n) HOLD(sizeof(struct type) >= (n), "size of " #type)
#else
#define GROWS(type, n) SIZE(type, n)
#endif
/* Member `name` is at byte `at` and has n bytes. */
#define MEMBER(type, name, at, n)                                              \
    HOLD(offsetof(struct type, name) == (at), "place of " #type "." #name);    \
    HOLD(sizeof(((struct type *)NULL)->name) == (n), "size of " #type "." #name)
#define VALUE(name, n) HOLD((long long)(name) == (n), #name)
#define CONSTANT(name, n) HOLD((unsigned long long)(name) == n##u, #name)
/* Strings can be compared only when it runs. */
#define TEXT(name, is) bad += strcmp(name, is) != 0 && puts("text of " #name) > 0

#endif
