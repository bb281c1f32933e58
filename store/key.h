/* SPDX-License-Identifier: MIT
 *
 * key.h - keys as bytes: a tag for the kind, each text part with a NUL
 * behind it, the number big-endian. Bytes sort as keys do, and "v3" the part
 * is never taken for 3 the number. */
#ifndef TT_STORE_KEY_H
#define TT_STORE_KEY_H

#include "store/store.h"

#define STORE_MAX_PART 256

/* Kinds that are read together share a family (a column family in RocksDB):
 * few families keep a small daemon small, separate ones keep the walk over a
 * run's candidates from reading its log. */
enum family {
    FAMILY_BASE,     /* targets, datasets, plugins, ... */
    FAMILY_RUNS,     /* run documents and what belongs to a run as a whole */
    FAMILY_WORK,     /* candidates and evaluations */
    FAMILY_LOGS,     /* run logs and snapshots: bytes, long */
    FAMILY_VERSIONS, /* versions, pointers, moves */
    FAMILY_AUDIT,
    N_FAMILIES
};
const char *family_name(int family);

struct kind_info {
    const char *name;
    char tag;          /* on disk: never changed, never used again */
    uint8_t family;
    uint8_t n_parts;
    bool has_number;
    bool is_bytes;     /* else canonical JSON */
    bool is_guarded;   /* written by the store itself alone */
    bool is_dense;     /* numbers follow each other without a gap */
    bool is_of_run;    /* part[0] names a run that must be there */
};
const struct kind_info *kind_info(enum store_kind kind);

/* Append the key's bytes. TT_EINVAL names what is wrong with it. */
int key_encode(const struct store_key *key, struct buf *out, struct err *e);
/* The same for the kind and the first n_parts parts only. */
int key_encode_prefix(const struct store_key *key, int n_parts,
                      struct buf *out, struct err *e);
/* The parts point into bytes. False: no key of this family. */
bool key_decode(int family, struct tt_str bytes, struct store_key *out);

/* "candidate r-1/3", for messages. */
#define KEY_TEXT_BYTES (3 * (STORE_MAX_PART + 1) + 64)
const char *key_text(const struct store_key *key, char out[KEY_TEXT_BYTES]);

void be64_put(unsigned char out[8], uint64_t v);
uint64_t be64_get(const unsigned char bytes[8]);

#endif
