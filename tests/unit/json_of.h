/* SPDX-License-Identifier: MIT
 *
 * json_of.h - JSON for tests: written with ' in place of ", and compared as
 * text in canonical form. */
#ifndef TT_TESTS_JSON_OF_H
#define TT_TESTS_JSON_OF_H

#include <stdlib.h>
#include <string.h>

#include "core/base/json.h"

/* Parse "{'a':1}"; the caller puts it. Aborts: the test itself is wrong. */
static inline json_object *json_of(const char *quoted)
{
    char *text = strdup(quoted), *p;
    struct err e = { 0 };
    json_object *o;

    for (p = text; *p != '\0'; p++)
        if (*p == '\'')
            *p = '"';
    o = json_parse(text, strlen(text), &json_limits_document, &e);
    if (o == NULL && e.code != 0) {
        printf("Bail out! %s in %s\n", e.text, text);
        exit(1);
    }
    free(text);
    return o;
}

/* Is `value` this JSON? Says so when not. */
static inline int json_is(json_object *value, const char *quoted)
{
    json_object *want = json_of(quoted);
    int same = json_equal(value, want);

    if (!same) {
        char *text = json_canonical_dup(value);

        printf("# is %s\n", text);
        free(text);
    }
    json_object_put(want);
    return same;
}

/* Does the error have this code, and say all of these? */
static inline int err_says(const struct err *e, int code, const char *what)
{
    if (e->code == code && strstr(e->text, what) != NULL)
        return 1;
    printf("# %s (%d), wanted \"%s\"\n", e->text, e->code, what);
    return 0;
}

#endif
