/* SPDX-License-Identifier: MIT
 *
 * crypt.h - the few primitives we need, all of them libsodium's. */
#ifndef TT_CRYPT_H
#define TT_CRYPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

#define CRYPT_HASH_BYTES 32
#define CRYPT_HEX_BYTES (2 * CRYPT_HASH_BYTES + 1)

int crypt_init(struct err *e); /* once, before anything else here */
void crypt_random(void *out, size_t n);

void crypt_sha256(const void *bytes, size_t n, unsigned char out[32]);
void crypt_sha256_hex(const void *bytes, size_t n, char out[CRYPT_HEX_BYTES]);
int crypt_sha256_file(const char *path, char out[CRYPT_HEX_BYTES],
                      struct err *e);

/* BLAKE2b-256 over parts in a row: the audit chain. */
struct crypt_part {
    const void *bytes;
    size_t n;
};
void crypt_blake2b(const struct crypt_part *parts, size_t n_parts,
                   unsigned char out[CRYPT_HASH_BYTES]);
/* BLAKE2b-512: what minisign signs. */
void crypt_blake2b_512(const void *bytes, size_t n, unsigned char out[64]);
void crypt_hex(const unsigned char *bytes, size_t n, char *out /* 2n + 1 */);
int crypt_unhex(const char *hex, unsigned char *out, size_t n); /* 0, or -1 */
/* Base 64 with padding, RFC 4648. */
size_t crypt_base64_bytes(size_t n); /* of the text, with its NUL */
void crypt_base64(const void *bytes, size_t n, char *out);
/* *n: what it came to, at most room. 0, or -1 when text is no base 64. */
int crypt_unbase64(const char *text, unsigned char *out, size_t room,
                   size_t *n);
bool crypt_equal(const void *a, const void *b, size_t n); /* constant time */

/* An id such as "r-3vX...": prefix and 80 random bits in base 32. */
void crypt_id(const char *prefix, char out[40]);

/* Ed25519, detached. Keys and signatures are raw bytes. */
void crypt_sign_keypair(unsigned char public_key[32],
                        unsigned char secret_key[64]);
void crypt_sign(const void *bytes, size_t n, const unsigned char secret_key[64],
                unsigned char signature[64]);
bool crypt_verify(const void *bytes, size_t n,
                  const unsigned char public_key[32],
                  const unsigned char signature[64]);

#endif
