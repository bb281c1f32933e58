/* SPDX-License-Identifier: MIT
 *
 * signer.h - minisign's keys and signatures, made on the fly. What comes back
 * is freed by the caller. */
#ifndef TT_TESTS_SIGNER_H
#define TT_TESTS_SIGNER_H

#include <stdio.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/crypt/crypt.h"

struct signer {
    unsigned char id[8], key[32], secret[64];
};

static inline char *signer_base64(const char *algorithm, const unsigned char *id,
                    const unsigned char *bytes, size_t n)
{
    struct buf raw = { 0 };
    char *text;

    if (algorithm != NULL) {
        buf_add(&raw, algorithm, 2);
        buf_add(&raw, id, 8);
    }
    buf_add(&raw, bytes, n);
    text = xcalloc(1, crypt_base64_bytes(raw.len));
    crypt_base64(raw.data, raw.len, text);
    buf_fini(&raw);
    return text;
}

static inline void signer_make(struct signer *s)
{
    crypt_random(s->id, sizeof s->id);
    crypt_sign_keypair(s->key, s->secret);
}

/* The text of its .pub file. */
static inline char *signer_public(const struct signer *s)
{
    TT_AUTO_FREE char *line = signer_base64("Ed", s->id, s->key, 32);

    return xasprintf("untrusted comment: a key\n%s\n", line);
}

/* As minisign prints it. */
static inline char *signer_id(const struct signer *s)
{
    char *text = xcalloc(1, 17);
    size_t i;

    for (i = 0; i < 8; i++)
        (void)snprintf(text + 2 * i, 3, "%02X", s->id[7 - i]);
    return text;
}

/* The text of a signature of these bytes; algorithm "Ed" or "ED". */
static inline char *signer_sign(const struct signer *s, const char *algorithm,
                       const char *bytes, const char *comment)
{
    unsigned char hash[64], made[64], global[64];
    struct buf both = { 0 };
    char *line, *last, *text;

    if (algorithm[1] == 'D') {
        crypt_blake2b_512(bytes, strlen(bytes), hash);
        crypt_sign(hash, sizeof hash, s->secret, made);
    } else {
        crypt_sign(bytes, strlen(bytes), s->secret, made);
    }
    buf_add(&both, made, sizeof made);
    buf_adds(&both, comment);
    crypt_sign(both.data, both.len, s->secret, global);
    buf_fini(&both);
    line = signer_base64(algorithm, s->id, made, sizeof made);
    last = signer_base64(NULL, NULL, global, sizeof global);
    text = xasprintf("untrusted comment: by hand\n%s\ntrusted comment: %s\n"
                     "%s\n", line, comment, last);
    free(line);
    free(last);
    return text;
}

#endif
