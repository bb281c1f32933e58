/* SPDX-License-Identifier: MIT
 *
 * internal.h - a store from the inside: for store.c and the tools. */
#ifndef TT_STORE_INTERNAL_H
#define TT_STORE_INTERNAL_H

#include "store/writer.h"

struct store {
    struct kv *kv;
    char *path; /* NULL for memory */
    struct anchor *anchor;
    struct writer *writer; /* NULL when read_only */
    bool read_only;
};

/* A store over a kv, which it takes, without files and anchor. Tests bring a
 * kv that fails. */
struct store *store_over(struct kv *kv, const struct store_options *options,
                         struct err *e);

/* What is wrong with the records themselves; the anchor is not asked.
 * Appends texts to the array. */
int check_records(struct kv *kv, json_object *problems, struct err *e);

#define STORE_DB "db"         /* in the store's folder: the database */
#define STORE_ANCHOR "anchor" /* and, outside of it, its anchor */

#endif
