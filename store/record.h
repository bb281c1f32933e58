/* SPDX-License-Identifier: MIT
 *
 * record.h - a value on disk: one byte of format, eight of checksum over the
 * key and the bytes, then the bytes. The key is in it so that a value that
 * ended up under another key is noticed. */
#ifndef TT_STORE_RECORD_H
#define TT_STORE_RECORD_H

#include "core/base/buf.h"
#include "core/base/err.h"

#define RECORD_HEADER 9
#define RECORD_MAX_BYTES ((size_t)64 << 20)

/* Append the record that holds bytes to *out. */
void record_seal(int family, struct tt_str key, struct tt_str bytes,
                 struct buf *out);

/* Verify; *bytes is then what was sealed, borrowed from raw. TT_ECORRUPT
 * names the key. */
int record_open(int family, struct tt_str key, struct tt_str raw,
                struct tt_str *bytes, struct err *e);

#endif
