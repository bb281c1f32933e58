/* SPDX-License-Identifier: MIT
 *
 * meta.h - the two records that the store keeps about itself. */
#ifndef TT_STORE_META_H
#define TT_STORE_META_H

#include "store/kv.h"
#include "store/store.h"

#define META_SCHEMA "schema"   /* {"schema":1} */
#define META_LOADING "loading" /* there while a load has not finished */

bool meta_is_reserved(const struct store_key *key);

/* Check the schema; write it where the database is empty (not read_only).
 * path names the store. TT_EUNSUPPORTED, TT_ECORRUPT, TT_EIO. */
int meta_open(struct kv *kv, const char *path, bool read_only, struct err *e);

/* Nothing but the schema in it? 1, 0 or an error. */
int meta_is_empty(struct kv *kv, struct err *e);

#endif
