/* SPDX-License-Identifier: MIT
 *
 * crypt_test.c - known answers, and signatures that notice a flipped bit. */
#include "config.h"

#include <string.h>

#include "core/crypt/crypt.h"
#include "tests/unit/tap.h"

static void hashes_match_known_answers(void)
{
    /* FIPS 180-4's "abc"; RFC 7693 style BLAKE2b-256 of the empty text. */
    static const char sha[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9c"
                              "b410ff61f20015ad";
    static const char blake[] = "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f77"
                                "87faab45cdf12fe3a8";
    unsigned char hash[32];
    char hex[CRYPT_HEX_BYTES];

    crypt_sha256_hex("abc", 3, hex);
    CU_ASSERT_STRING_EQUAL(hex, sha);
    crypt_blake2b(NULL, 0, hash);
    crypt_hex(hash, 32, hex);
    CU_ASSERT_STRING_EQUAL(hex, blake);
}

static void parts_hash_like_their_concatenation(void)
{
    const struct crypt_part two[] = { { "ab", 2 }, { "c", 1 } };
    const struct crypt_part one[] = { { "abc", 3 } };
    unsigned char a[32], b[32];

    crypt_blake2b(two, 2, a);
    crypt_blake2b(one, 1, b);
    CU_ASSERT_TRUE(crypt_equal(a, b, 32));
}

static void base64_goes_there_and_back_and_refuses_junk(void)
{
    static const char *const junk[] = { "AP8", "AP8=x", "A$==", "AP8_", " AP8=" };
    unsigned char bytes[8];
    char text[8];
    size_t n = 9, i;

    CU_ASSERT_EQUAL(crypt_base64_bytes(2), 5);
    crypt_base64("\0\377", 2, text);
    CU_ASSERT_STRING_EQUAL(text, "AP8=");
    CU_ASSERT_EQUAL(crypt_unbase64(text, bytes, sizeof bytes, &n), 0);
    CU_ASSERT_EQUAL(n, 2);
    CU_ASSERT_EQUAL(memcmp(bytes, "\0\377", 2), 0);
    CU_ASSERT_EQUAL(crypt_unbase64(text, bytes, 1, &n), -1);
    CU_ASSERT_EQUAL(crypt_unbase64("", bytes, sizeof bytes, &n), 0);
    CU_ASSERT_EQUAL(n, 0);
    for (i = 0; i < sizeof junk / sizeof *junk; i++)
        CU_ASSERT_EQUAL(crypt_unbase64(junk[i], bytes, sizeof bytes, &n), -1);
}

static void hex_goes_there_and_back_and_refuses_junk(void)
{
    unsigned char bytes[2] = { 0 };

    CU_ASSERT_EQUAL(crypt_unhex("0aff", bytes, 2), 0);
    CU_ASSERT_EQUAL(bytes[1], 0xff);
    CU_ASSERT_EQUAL(crypt_unhex("0af", bytes, 2), -1);
    CU_ASSERT_EQUAL(crypt_unhex("0afg", bytes, 2), -1);
    CU_ASSERT_EQUAL(crypt_unhex("0aff00", bytes, 2), -1);
}

static void a_signature_notices_a_flipped_bit(void)
{
    unsigned char public_key[32], secret_key[64], signature[64];
    char text[] = "manifest";

    crypt_sign_keypair(public_key, secret_key);
    crypt_sign(text, 8, secret_key, signature);
    CU_ASSERT_TRUE(crypt_verify(text, 8, public_key, signature));
    text[3] ^= 1;
    CU_ASSERT_FALSE(crypt_verify(text, 8, public_key, signature));
    text[3] ^= 1;
    signature[10] ^= 1;
    CU_ASSERT_FALSE(crypt_verify(text, 8, public_key, signature));
}

static void ids_keep_their_prefix_and_differ(void)
{
    char a[40], b[40];

    crypt_id("req-", a);
    crypt_id("req-", b);
    CU_ASSERT_EQUAL(strncmp(a, "req-", 4), 0);
    CU_ASSERT_EQUAL(strlen(a), 20);
    CU_ASSERT_STRING_NOT_EQUAL(a, b);
}

static CU_TestInfo tests[] = {
    { "hashes match known answers", hashes_match_known_answers },
    { "parts hash like their concatenation",
      parts_hash_like_their_concatenation },
    { "base 64 goes there and back and refuses junk",
      base64_goes_there_and_back_and_refuses_junk },
    { "hex goes there and back and refuses junk",
      hex_goes_there_and_back_and_refuses_junk },
    { "a signature notices a flipped bit", a_signature_notices_a_flipped_bit },
    { "ids keep their prefix and differ", ids_keep_their_prefix_and_differ },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    struct err e = { 0 };

    return crypt_init(&e) != 0 ? 1 : tap_run("crypt", tests);
}
