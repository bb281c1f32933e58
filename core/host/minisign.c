/* SPDX-License-Identifier: MIT
 *
 * minisign.c - see minisign.h. */
#include "config.h"

#include "core/host/minisign.h"

#include <stdio.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/crypt/crypt.h"

static const char untrusted[] = "untrusted comment: ";
static const char trusted[] = "trusted comment: ";

/* Cut the next line off *text, without its end. False: there is none. */
static bool next_line(struct tt_str *text, struct tt_str *line)
{
    const char *end;

    if (text->n == 0)
        return false;
    end = memchr(text->p, '\n', (size_t)text->n);
    line->p = text->p;
    line->n = end != NULL ? (uint64_t)(end - text->p) : text->n;
    text->n -= line->n + (end != NULL ? 1 : 0);
    text->p += line->n + (end != NULL ? 1 : 0);
    while (line->n > 0 && line->p[line->n - 1] == '\r')
        line->n--;
    return true;
}

/* The next line must begin so; cut the beginning off. */
static int next_comment(struct tt_str *text, const char *begin,
                        struct tt_str *line, struct err *e)
{
    size_t n = strlen(begin);

    if (!next_line(text, line) || line->n < n ||
        memcmp(line->p, begin, n) != 0)
        return err_set(e, TT_EINVAL, "the line \"%s...\" is missing", begin);
    line->p += n;
    line->n -= n;
    return 0;
}

/* The next line must be base 64 of exactly n bytes. */
static int next_bytes(struct tt_str *text, const char *what, unsigned char *out,
                      size_t n, struct err *e)
{
    struct tt_str line;
    char copy[200];
    size_t got = 0;

    if (!next_line(text, &line))
        return err_set(e, TT_EINVAL, "the line of the %s is missing", what);
    if (line.n >= sizeof copy || memchr(line.p, '\0', (size_t)line.n) != NULL)
        return err_set(e, TT_EINVAL, "the line of the %s is not one", what);
    memcpy(copy, line.p, (size_t)line.n);
    copy[line.n] = '\0';
    if (crypt_unbase64(copy, out, n, &got) != 0 || got != n)
        return err_set(e, TT_EINVAL, "the line of the %s is not base 64 of "
                       "%zu bytes", what, n);
    return 0;
}

static int nothing_left(const struct tt_str *text, struct err *e)
{
    return text->n == 0 ? 0
                        : err_set(e, TT_EINVAL, "more follows than belongs "
                                  "into such a file");
}

int minisign_key_parse(const char *text, size_t n, struct minisign_key *key,
                       struct err *e)
{
    struct tt_str rest = { text, n }, comment;
    unsigned char raw[42] = { 0 }; /* algorithm, id, key */
    int rc = next_comment(&rest, untrusted, &comment, e);

    if (rc == 0)
        rc = next_bytes(&rest, "public key", raw, sizeof raw, e);
    if (rc == 0)
        rc = nothing_left(&rest, e);
    if (rc == 0 && memcmp(raw, "Ed", 2) != 0)
        rc = err_set(e, TT_EINVAL, "is a key of another algorithm than "
                     "Ed25519");
    if (rc != 0)
        return err_prefix(e, "not a minisign public key");
    memcpy(key->id, raw + 2, sizeof key->id);
    memcpy(key->key, raw + 10, sizeof key->key);
    return 0;
}

int minisign_parse(const char *text, size_t n, struct minisign_signature *s,
                   struct err *e)
{
    struct tt_str rest = { text, n }, comment = { NULL, 0 };
    unsigned char raw[74] = { 0 }; /* algorithm, id, signature */
    int rc = next_comment(&rest, untrusted, &comment, e);

    if (rc == 0)
        rc = next_bytes(&rest, "signature", raw, sizeof raw, e);
    if (rc == 0)
        rc = next_comment(&rest, trusted, &comment, e);
    if (rc == 0 && (comment.n > MINISIGN_MAX_COMMENT ||
                    memchr(comment.p, '\0', (size_t)comment.n) != NULL))
        rc = err_set(e, TT_EINVAL, "the trusted comment is not text of at most "
                     "%d bytes", MINISIGN_MAX_COMMENT);
    if (rc == 0)
        rc = next_bytes(&rest, "global signature", s->global, sizeof s->global,
                        e);
    if (rc == 0)
        rc = nothing_left(&rest, e);
    if (rc == 0 && memcmp(raw, "Ed", 2) != 0 && memcmp(raw, "ED", 2) != 0)
        rc = err_set(e, TT_EINVAL, "is of another algorithm than Ed25519");
    if (rc != 0)
        return err_prefix(e, "not a minisign signature");
    s->prehashed = raw[1] == 'D';
    memcpy(s->id, raw + 2, sizeof s->id);
    memcpy(s->signature, raw + 10, sizeof s->signature);
    memcpy(s->comment, comment.p, (size_t)comment.n);
    s->comment[comment.n] = '\0';
    return 0;
}

int minisign_verify(const struct minisign_signature *s,
                    const struct minisign_key *key, const void *bytes,
                    size_t n, struct err *e)
{
    unsigned char hash[64];
    struct buf both = { 0 };
    bool good;

    if (memcmp(s->id, key->id, sizeof s->id) != 0)
        return err_set(e, TT_EPERM, "is of another key");
    if (s->prehashed) {
        crypt_blake2b_512(bytes, n, hash);
        good = crypt_verify(hash, sizeof hash, key->key, s->signature);
    } else {
        good = crypt_verify(bytes, n, key->key, s->signature);
    }
    if (!good)
        return err_set(e, TT_EPERM, "is not a signature of these bytes by its "
                       "key: they were changed, or it belongs to another file");
    buf_add(&both, s->signature, sizeof s->signature);
    buf_adds(&both, s->comment);
    good = crypt_verify(both.data, both.len, key->key, s->global);
    buf_fini(&both);
    return good ? 0
                : err_set(e, TT_EPERM, "its trusted comment, or the signature "
                          "over that, was changed");
}

void minisign_id(const unsigned char id[MINISIGN_ID_BYTES],
                 char out[MINISIGN_ID_TEXT])
{
    static const char digits[] = "0123456789ABCDEF";
    size_t i;

    for (i = 0; i < MINISIGN_ID_BYTES; i++) {
        unsigned byte = id[MINISIGN_ID_BYTES - 1 - i];

        out[2 * i] = digits[byte >> 4];
        out[2 * i + 1] = digits[byte & 15];
    }
    out[2 * i] = '\0';
}
