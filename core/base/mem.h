/* SPDX-License-Identifier: MIT
 *
 * mem.h - small allocations that abort on failure (the supervisor restarts us
 * and the store is crash-safe). Sizes that come from outside are checked
 * against a limit first. */
#ifndef TT_BASE_MEM_H
#define TT_BASE_MEM_H

#include <stddef.h>
#include <stdlib.h>
#include <trimtab/plugin.h>

void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n, size_t size); /* n * size, checked */
char *xstrdup(const char *s);                   /* NULL gives NULL */
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *xstr(struct tt_str s); /* a NUL-terminated copy */

/* Scratch of one function: freed when it goes out of scope. A function uses
 * this or `goto fail`, never both. */
void mem_free_at(void *pp);
#define TT_AUTO_FREE __attribute__((cleanup(mem_free_at)))

#define TT_ARRAY_LEN(a) (sizeof(a) / sizeof *(a))

/* On in releases: a programmer's error, never somebody's input. */
#define TT_ASSERT(condition)                                                   \
    ((condition) ? (void)0 : mem_assert_failed(#condition, __FILE__, __LINE__))
void mem_assert_failed(const char *condition, const char *file, int line)
    __attribute__((noreturn));

#endif
