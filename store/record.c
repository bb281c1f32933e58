/* SPDX-License-Identifier: MIT
 *
 * record.c - values on disk. */
#include "config.h"

#include <string.h>

#include "core/crypt/crypt.h"
#include "store/key.h"
#include "store/record.h"

/* Formats are never used again. 1: plain, BLAKE2b cut to 64 bits. */
#define FORMAT_PLAIN 1
#define CHECKSUM_BYTES (RECORD_HEADER - 1)

static void checksum(int family, struct tt_str key, struct tt_str bytes,
                     unsigned char out[CHECKSUM_BYTES])
{
    unsigned char hash[CRYPT_HASH_BYTES], head[9];
    struct crypt_part parts[] = {
        { head, sizeof head },
        { key.p, (size_t)key.n },
        { bytes.p, (size_t)bytes.n },
    };

    head[0] = (unsigned char)family;
    be64_put(head + 1, key.n); /* tells the key's end from the bytes' start */
    crypt_blake2b(parts, 3, hash);
    memcpy(out, hash, CHECKSUM_BYTES);
}

void record_seal(int family, struct tt_str key, struct tt_str bytes,
                 struct buf *out)
{
    unsigned char header[RECORD_HEADER] = { FORMAT_PLAIN };

    checksum(family, key, bytes, header + 1);
    buf_reserve(out, sizeof header + (size_t)bytes.n);
    buf_add(out, header, sizeof header);
    if (bytes.n != 0)
        buf_add(out, bytes.p, (size_t)bytes.n);
}

static int damaged(int family, struct tt_str key, const char *what,
                   struct err *e)
{
    char text[KEY_TEXT_BYTES];
    struct store_key k;

    if (!key_decode(family, key, &k))
        return err_set(e, TT_ECORRUPT, "store: a record of family %s under "
                       "an unknown key %s", family_name(family), what);
    return err_set(e, TT_ECORRUPT, "store: %s %s", key_text(&k, text), what);
}

int record_open(int family, struct tt_str key, struct tt_str raw,
                struct tt_str *bytes, struct err *e)
{
    unsigned char expected[CHECKSUM_BYTES];

    if (raw.n < RECORD_HEADER)
        return damaged(family, key, "is cut off", e);
    if (raw.p[0] != FORMAT_PLAIN)
        return damaged(family, key, "has a format that is not known", e);
    bytes->p = raw.p + RECORD_HEADER;
    bytes->n = raw.n - RECORD_HEADER;
    checksum(family, key, *bytes, expected);
    if (memcmp(expected, raw.p + 1, CHECKSUM_BYTES) != 0)
        return damaged(family, key, "does not match its checksum", e);
    return 0;
}
