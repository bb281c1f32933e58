/* SPDX-License-Identifier: MIT
 *
 * crypt.c - see crypt.h. */
#include "config.h"

#include "core/crypt/crypt.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int crypt_init(struct err *e)
{
    if (sodium_init() < 0)
        return err_set(e, TT_EINTERNAL, "libsodium did not start");
    return 0;
}

void crypt_random(void *out, size_t n)
{
    randombytes_buf(out, n);
}

void crypt_sha256(const void *bytes, size_t n, unsigned char out[32])
{
    crypto_hash_sha256(out, bytes, n);
}

void crypt_sha256_hex(const void *bytes, size_t n, char out[CRYPT_HEX_BYTES])
{
    unsigned char hash[32];

    crypt_sha256(bytes, n, hash);
    crypt_hex(hash, sizeof hash, out);
}

int crypt_sha256_file(const char *path, char out[CRYPT_HEX_BYTES],
                      struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    crypto_hash_sha256_state state;
    unsigned char hash[32];
    char block[65536];
    ssize_t n;

    if (fd < 0)
        return err_errno(e, errno == ENOENT ? TT_ENOENT : TT_EIO, "%s", path);
    crypto_hash_sha256_init(&state);
    while ((n = read(fd, block, sizeof block)) > 0)
        crypto_hash_sha256_update(&state, (unsigned char *)block, (size_t)n);
    if (n < 0) {
        err_errno(e, TT_EIO, "%s", path);
        close(fd);
        return TT_EIO;
    }
    close(fd);
    crypto_hash_sha256_final(&state, hash);
    crypt_hex(hash, sizeof hash, out);
    return 0;
}

void crypt_blake2b(const struct crypt_part *parts, size_t n_parts,
                   unsigned char out[CRYPT_HASH_BYTES])
{
    crypto_generichash_state state;
    size_t i;

    crypto_generichash_init(&state, NULL, 0, CRYPT_HASH_BYTES);
    for (i = 0; i < n_parts; i++)
        crypto_generichash_update(&state, parts[i].bytes, parts[i].n);
    crypto_generichash_final(&state, out, CRYPT_HASH_BYTES);
}

void crypt_blake2b_512(const void *bytes, size_t n, unsigned char out[64])
{
    crypto_generichash(out, 64, bytes, n, NULL, 0);
}

void crypt_hex(const unsigned char *bytes, size_t n, char *out)
{
    sodium_bin2hex(out, 2 * n + 1, bytes, n);
}

int crypt_unhex(const char *hex, unsigned char *out, size_t n)
{
    size_t got;
    const char *end;

    if (strlen(hex) != 2 * n ||
        sodium_hex2bin(out, n, hex, 2 * n, NULL, &got, &end) != 0 || got != n)
        return -1;
    return 0;
}

size_t crypt_base64_bytes(size_t n)
{
    return sodium_base64_encoded_len(n, sodium_base64_VARIANT_ORIGINAL);
}

void crypt_base64(const void *bytes, size_t n, char *out)
{
    sodium_bin2base64(out, crypt_base64_bytes(n), bytes, n,
                      sodium_base64_VARIANT_ORIGINAL);
}

int crypt_unbase64(const char *text, unsigned char *out, size_t room, size_t *n)
{
    /* an end that is not asked for makes it insist on the whole text */
    return sodium_base642bin(out, room, text, strlen(text), NULL, n, NULL,
                             sodium_base64_VARIANT_ORIGINAL);
}

bool crypt_equal(const void *a, const void *b, size_t n)
{
    return sodium_memcmp(a, b, n) == 0;
}

void crypt_id(const char *prefix, char out[40])
{
    static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
    unsigned char random[16];
    size_t i, n = strlen(prefix);

    n = n < 20 ? n : 20;
    memcpy(out, prefix, n);
    crypt_random(random, sizeof random);
    for (i = 0; i < sizeof random; i++)
        out[n + i] = digits[random[i] & 31];
    out[n + sizeof random] = '\0';
}

void crypt_sign_keypair(unsigned char public_key[32],
                        unsigned char secret_key[64])
{
    crypto_sign_keypair(public_key, secret_key);
}

void crypt_sign(const void *bytes, size_t n, const unsigned char secret_key[64],
                unsigned char signature[64])
{
    crypto_sign_detached(signature, NULL, bytes, n, secret_key);
}

bool crypt_verify(const void *bytes, size_t n,
                  const unsigned char public_key[32],
                  const unsigned char signature[64])
{
    return crypto_sign_verify_detached(signature, bytes, n, public_key) == 0;
}
