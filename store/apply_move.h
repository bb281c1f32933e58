/* SPDX-License-Identifier: MIT
 *
 * apply_move.h - between apply.c and apply_move.c. */
#ifndef TT_STORE_APPLY_MOVE_H
#define TT_STORE_APPLY_MOVE_H

#include "store/apply.h"

/* What the batch sees under key. TT_ENOENT comes without a text. */
int apply_see(struct group *g, const struct store_batch *b,
              const struct store_key *key, struct buf *out, struct err *e);
/* 1, 0, or an error. */
int apply_has(struct group *g, const struct store_batch *b,
              const struct store_key *key, struct err *e);

int apply_move(struct group *g, struct store_batch *b, struct step *step,
               struct err *e);

/* "sha256:<hex>" over the canonical document without "checksum", into out
 * (CRYPT_HEX_BYTES + 7 bytes). */
void version_checksum(json_object *document, char *out);

#endif
