/* SPDX-License-Identifier: MIT
 *
 * pointer.h - the document of a pointer,
 * {"active":N,"previous":N,"generation":G,"stack":[...]}, as a struct. The
 * stack holds the versions that a rollback goes back to, the nearest last. */
#ifndef TT_STORE_POINTER_H
#define TT_STORE_POINTER_H

#include "store/store.h"

#define POINTER_MAX_STACK 100

struct pointer {
    uint64_t active, previous, generation;
    uint64_t stack[POINTER_MAX_STACK];
    int n;
};

/* TT_ECORRUPT names what is wrong with the document of `where`. */
int pointer_read(json_object *document, const char *where, struct pointer *out,
                 struct err *e);
json_object *pointer_document(const struct pointer *p);

/* Go to a version, remembering the active one; the oldest is forgotten. */
void pointer_promote(struct pointer *p, uint64_t to);
/* Go back: to a version on the stack drops what is above it; to another one
 * is a step forward like any. */
void pointer_rollback(struct pointer *p, uint64_t to);

#endif
