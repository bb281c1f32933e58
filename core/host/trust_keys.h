/* SPDX-License-Identifier: MIT
 *
 * trust_keys.h - the folder of public keys and the list of revocations, read
 * once for one judgement. */
#ifndef TT_HOST_TRUST_KEYS_H
#define TT_HOST_TRUST_KEYS_H

#include "core/host/minisign.h"
#include "core/host/trust.h"

struct trust_key {
    struct minisign_key key;
    char *file; /* its name in the folder */
    bool twice; /* another file has this id with another key */
};

struct trust_keys {
    struct trust_key *keys;
    size_t n_keys;
    struct buf bad;         /* "name: why; ..." of files that give no key */
    char (*revoked)[65];    /* key ids and sums, in small letters */
    size_t n_revoked;
};

/* TT_EPERM, with the mend, where it cannot be known what is trusted. Give it to
 * trust_keys_fini() in any case. */
int trust_keys_read(struct trust_keys *k, const struct trust_options *o,
                    struct err *e);
void trust_keys_fini(struct trust_keys *k);
const struct trust_key *trust_keys_find(const struct trust_keys *k,
                                        const unsigned char *id);
/* A key id or a sum, in hex. */
bool trust_keys_revoked(const struct trust_keys *k, const char *what);

#endif
