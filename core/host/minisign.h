/* SPDX-License-Identifier: MIT
 *
 * minisign.h - the files of minisign (github.com/jedisct1/minisign): public
 * keys and detached signatures, both of whole files ("Ed") and of their
 * BLAKE2b-512 ("ED"). Parsing is stricter than minisign's own: what is there
 * beside the four lines is an error. Threads [any] */
#ifndef TT_HOST_MINISIGN_H
#define TT_HOST_MINISIGN_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"

enum {
    MINISIGN_ID_BYTES = 8,
    MINISIGN_ID_TEXT = 17,       /* 16 hex digits and the NUL */
    MINISIGN_MAX_KEY = 4096,     /* of a key file */
    MINISIGN_MAX_FILE = 16384,   /* of a signature file */
    MINISIGN_MAX_COMMENT = 8192, /* minisign's TRUSTEDCOMMENTMAXBYTES */
};

struct minisign_key {
    unsigned char id[MINISIGN_ID_BYTES], key[32];
};

struct minisign_signature {
    bool prehashed;              /* "ED", not "Ed" */
    unsigned char id[MINISIGN_ID_BYTES], signature[64], global[64];
    char comment[MINISIGN_MAX_COMMENT + 1]; /* trusted once verified */
};

/* TT_EINVAL says what is wrong; the caller puts the file's name before it. */
int minisign_key_parse(const char *text, size_t n, struct minisign_key *key,
                       struct err *e);
int minisign_parse(const char *text, size_t n, struct minisign_signature *s,
                   struct err *e);
/* Is it this key's signature of these bytes, and of the trusted comment?
 * TT_EPERM says which of the two it is not. */
int minisign_verify(const struct minisign_signature *s,
                    const struct minisign_key *key, const void *bytes,
                    size_t n, struct err *e);
/* As minisign prints it: the id read as a little-endian number, in hex. */
void minisign_id(const unsigned char id[MINISIGN_ID_BYTES],
                 char out[MINISIGN_ID_TEXT]);

#endif
