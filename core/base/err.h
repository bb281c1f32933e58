/* SPDX-License-Identifier: MIT
 *
 * err.h - one error idiom: a negative code returned, the text in *e. */
#ifndef TT_BASE_ERR_H
#define TT_BASE_ERR_H

#include <stdarg.h>
#include <trimtab/errors.h>

enum { ERR_TEXT_BYTES = 1024 };

struct err {
    int code;
    char text[ERR_TEXT_BYTES]; /* names the object and the mend */
};

/* Fill in *e (NULL is allowed), keep errno, return code. */
int err_set(struct err *e, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, with ": <strerror(errno)>" behind the text. */
int err_errno(struct err *e, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Put "prefix: " before the text that is there; returns e->code
 * (TT_EINTERNAL when e is NULL: never success). */
int err_prefix(struct err *e, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

const char *err_name(int code);  /* "TT_EINVAL"; "TT_E?" when unknown */
const char *err_code(int code);  /* the API's stable word, "invalid" */
int err_http_status(int code);   /* 500 when unknown */

#endif
