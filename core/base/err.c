/* SPDX-License-Identifier: MIT
 *
 * err.c - the error value. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/err.h"

/* A cut in the middle of a UTF-8 sequence would make the text unfit for
 * JSON, so take the half sequence off as well. */
static void trim_cut(char *text, size_t n)
{
    size_t i = n;
    unsigned char lead;
    size_t want;

    while (i > 0 && n - i < 3 && ((unsigned char)text[i - 1] & 0xC0) == 0x80)
        i--;
    if (i == 0)
        return;
    lead = (unsigned char)text[i - 1];
    want = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (want > n - (i - 1))
        text[i - 1] = '\0';
}

static void put(struct err *e, const char *text, int n)
{
    size_t len = n < 0 ? 0 : (size_t)n;

    if (len >= sizeof e->text) {
        len = sizeof e->text - 1;
        memcpy(e->text, text, len);
        e->text[len] = '\0';
        trim_cut(e->text, len);
        return;
    }
    memcpy(e->text, text, len);
    e->text[len] = '\0';
}

/* Arguments may point into e->text, so everything is formed beside it. */
#define SCRATCH_BYTES (2 * sizeof(((struct err *)NULL)->text))

int err_set(struct err *e, int code, const char *format, ...)
{
    int saved = errno;
    char text[SCRATCH_BYTES];
    va_list args;
    int n;

    if (e != NULL) {
        va_start(args, format);
        n = vsnprintf(text, sizeof text, format, args);
        va_end(args);
        put(e, text, n < (int)sizeof text ? n : (int)sizeof text - 1);
        e->code = code;
    }
    errno = saved;
    return code;
}

int err_errno(struct err *e, int code, const char *format, ...)
{
    int saved = errno;
    char head[ERR_TEXT_BYTES];
    va_list args;

    if (e != NULL) {
        va_start(args, format);
        (void)vsnprintf(head, sizeof head, format, args);
        va_end(args);
        (void)err_set(e, code, "%s: %s", head, strerror(saved));
    }
    errno = saved;
    return code;
}

int err_prefix(struct err *e, const char *format, ...)
{
    int saved = errno;
    char head[ERR_TEXT_BYTES];
    va_list args;

    if (e == NULL)
        return TT_EINTERNAL;
    va_start(args, format);
    (void)vsnprintf(head, sizeof head, format, args);
    va_end(args);
    (void)err_set(e, e->code, "%s: %s", head, e->text);
    errno = saved;
    return e->code;
}

const char *err_name(int code)
{
    switch (code) {
#define ERR_NAME(name, number, status, text)                                   \
    case number:                                                               \
        return #name;
        TT_ERROR_TABLE(ERR_NAME)
    }
    return code == 0 ? "TT_OK" : "TT_E?";
}

const char *err_code(int code)
{
    switch (code) {
#define ERR_CODE(name, number, status, text)                                   \
    case number:                                                               \
        return text;
        TT_ERROR_TABLE(ERR_CODE)
    }
    return code == 0 ? "ok" : "internal";
}

int err_http_status(int code)
{
    switch (code) {
#define ERR_STATUS(name, number, status, text)                                 \
    case number:                                                               \
        return status;
        TT_ERROR_TABLE(ERR_STATUS)
    }
    return code == 0 ? 200 : 500;
}
