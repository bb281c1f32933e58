/* SPDX-License-Identifier: MIT
 *
 * mem.c - allocations that do not fail. */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/mem.h"

/* Nothing here may allocate. */
static void die(const char *text)
{
    ssize_t written = write(STDERR_FILENO, text, strlen(text));

    (void)written;
    abort();
}

void *xcalloc(size_t n, size_t size)
{
    void *p = calloc(n != 0 ? n : 1, size != 0 ? size : 1);

    if (p == NULL)
        die("<2>mem.exhausted call=calloc\n");
    return p;
}

void *xrealloc(void *p, size_t n, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(n, size, &bytes))
        die("<2>mem.exhausted call=realloc cause=overflow\n");
    p = realloc(p, bytes != 0 ? bytes : 1);
    if (p == NULL)
        die("<2>mem.exhausted call=realloc\n");
    return p;
}

char *xstrdup(const char *s)
{
    return s == NULL ? NULL : xstrndup(s, strlen(s));
}

char *xstrndup(const char *s, size_t n)
{
    size_t len = s == NULL ? 0 : strnlen(s, n);
    char *copy = xcalloc(len + 1, 1);

    if (len > 0)
        memcpy(copy, s, len);
    return copy;
}

char *xasprintf(const char *format, ...)
{
    va_list args;
    char *text;
    int n;

    va_start(args, format);
    n = vasprintf(&text, format, args);
    va_end(args);
    if (n < 0)
        die("<2>mem.exhausted call=vasprintf\n");
    return text;
}

char *xstr(struct tt_str s)
{
    char *copy = xcalloc((size_t)s.n + 1, 1);

    if (s.n > 0)
        memcpy(copy, s.p, (size_t)s.n);
    return copy;
}

void mem_free_at(void *pp)
{
    int saved = errno;

    free(*(void **)pp);
    errno = saved;
}

void mem_assert_failed(const char *condition, const char *file, int line)
{
    char text[512];

    (void)snprintf(text, sizeof text,
                   "<2>assert.failed condition=\"%s\" file=%s line=%d\n",
                   condition, file, line);
    die(text);
    abort();
}
