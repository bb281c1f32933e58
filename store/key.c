/* SPDX-License-Identifier: MIT
 *
 * key.c - keys as bytes and back. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "store/key.h"

/* What the public table does not say. */
#define DENSE .is_dense = true
#define OF_RUN .is_of_run = true
#define GUARDED .is_guarded = true
#define BYTES .is_bytes = true
#define LAYOUT_STORE_META .tag = 'm', .family = FAMILY_BASE
#define LAYOUT_STORE_TARGET .tag = 't', .family = FAMILY_BASE
#define LAYOUT_STORE_DATASET .tag = 'd', .family = FAMILY_BASE, DENSE
#define LAYOUT_STORE_RUN .tag = 'r', .family = FAMILY_RUNS
#define LAYOUT_STORE_RUN_OF .tag = 'o', .family = FAMILY_RUNS
#define LAYOUT_STORE_CANDIDATE .tag = 'c', .family = FAMILY_WORK, DENSE, OF_RUN
#define LAYOUT_STORE_EVALUATION .tag = 'e', .family = FAMILY_WORK, DENSE, OF_RUN
#define LAYOUT_STORE_LOG                                                       \
    .tag = 'l', .family = FAMILY_LOGS, BYTES, DENSE, OF_RUN
#define LAYOUT_STORE_SNAPSHOT .tag = 's', .family = FAMILY_LOGS, BYTES, OF_RUN
#define LAYOUT_STORE_EVENT .tag = 'v', .family = FAMILY_RUNS, DENSE, OF_RUN
#define LAYOUT_STORE_REPORT .tag = 'p', .family = FAMILY_RUNS, OF_RUN
#define LAYOUT_STORE_VERSION                                                   \
    .tag = 'v', .family = FAMILY_VERSIONS, GUARDED, DENSE
#define LAYOUT_STORE_POINTER .tag = 'p', .family = FAMILY_VERSIONS, GUARDED
#define LAYOUT_STORE_MOVE .tag = 'm', .family = FAMILY_VERSIONS, GUARDED, DENSE
#define LAYOUT_STORE_DELIVERY .tag = 'd', .family = FAMILY_VERSIONS
#define LAYOUT_STORE_AUDIT .tag = 'a', .family = FAMILY_AUDIT, GUARDED, DENSE
#define LAYOUT_STORE_IDEMPOTENCY .tag = 'i', .family = FAMILY_BASE
#define LAYOUT_STORE_PLUGIN .tag = 'p', .family = FAMILY_BASE
#define LAYOUT_STORE_PLUGIN_ID .tag = 'q', .family = FAMILY_BASE
#define LAYOUT_STORE_STATE .tag = 'x', .family = FAMILY_LOGS, BYTES, OF_RUN

static const struct kind_info infos[STORE_N_KINDS] = {
#define KIND_INFO(kind, parts, number, text)                                   \
    [kind] = { .name = text, .n_parts = parts, .has_number = number,           \
               LAYOUT_##kind },
    STORE_KIND_TABLE(KIND_INFO)
#undef KIND_INFO
};

const struct kind_info *kind_info(enum store_kind kind)
{
    TT_ASSERT((unsigned)kind < STORE_N_KINDS);
    return &infos[kind];
}

const char *store_kind_name(enum store_kind kind)
{
    return kind_info(kind)->name;
}

const char *family_name(int family)
{
    /* "default" is there in every RocksDB, so it may as well be used. */
    static const char *const names[N_FAMILIES] = {
        [FAMILY_BASE] = "default", [FAMILY_RUNS] = "runs",
        [FAMILY_WORK] = "work",    [FAMILY_LOGS] = "logs",
        [FAMILY_VERSIONS] = "versions", [FAMILY_AUDIT] = "audit",
    };

    TT_ASSERT(family >= 0 && family < N_FAMILIES);
    return names[family];
}

void be64_put(unsigned char out[8], uint64_t v)
{
    int i;

    for (i = 7; i >= 0; i--) {
        out[i] = (unsigned char)v;
        v >>= 8;
    }
}

uint64_t be64_get(const unsigned char bytes[8])
{
    uint64_t v = 0;
    int i;

    for (i = 0; i < 8; i++)
        v = v << 8 | bytes[i];
    return v;
}

int key_encode_prefix(const struct store_key *key, int n_parts,
                      struct buf *out, struct err *e)
{
    const struct kind_info *info;
    int i;

    if ((unsigned)key->kind >= STORE_N_KINDS)
        return err_set(e, TT_EINVAL, "key: kind %d does not exist",
                       (int)key->kind);
    info = kind_info(key->kind);
    if (n_parts < 0 || n_parts > info->n_parts)
        return err_set(e, TT_EINVAL, "key: %s has %d parts, not %d",
                       info->name, info->n_parts, n_parts);
    buf_add(out, &info->tag, 1);
    for (i = 0; i < n_parts; i++) {
        size_t n = key->part[i] == NULL
                       ? STORE_MAX_PART + 1
                       : strnlen(key->part[i], STORE_MAX_PART + 1);

        if (n > STORE_MAX_PART)
            return err_set(e, TT_EINVAL,
                           "key: part %d of %s is %s, may have %d bytes", i,
                           info->name,
                           key->part[i] == NULL ? "missing" : "too long",
                           STORE_MAX_PART);
        buf_add(out, key->part[i], n + 1);
    }
    return 0;
}

int key_encode(const struct store_key *key, struct buf *out, struct err *e)
{
    unsigned char number[8];
    int n_parts = (unsigned)key->kind < STORE_N_KINDS
                      ? kind_info(key->kind)->n_parts
                      : 0;
    int rc = key_encode_prefix(key, n_parts, out, e);

    if (rc == 0 && kind_info(key->kind)->has_number) {
        be64_put(number, key->number);
        buf_add(out, number, sizeof number);
    }
    return rc;
}

bool key_decode(int family, struct tt_str bytes, struct store_key *out)
{
    const char *p = bytes.p, *end = p + bytes.n;
    const struct kind_info *info = NULL;
    int i;

    memset(out, 0, sizeof *out);
    for (i = 0; i < STORE_N_KINDS && p < end; i++) {
        if (infos[i].family == family && infos[i].tag == *p) {
            info = &infos[i];
            out->kind = (enum store_kind)i;
        }
    }
    if (info == NULL)
        return false;
    p++;
    for (i = 0; i < info->n_parts; i++) {
        const char *nul = p < end ? memchr(p, 0, (size_t)(end - p)) : NULL;

        if (nul == NULL || nul - p > STORE_MAX_PART)
            return false;
        out->part[i] = p;
        p = nul + 1;
    }
    if (info->has_number) {
        if (end - p != 8)
            return false;
        out->number = be64_get((const unsigned char *)p);
        p += 8;
    }
    return p == end;
}

const char *key_text(const struct store_key *key, char out[KEY_TEXT_BYTES])
{
    const struct kind_info *info = kind_info(key->kind);
    size_t n = (size_t)snprintf(out, KEY_TEXT_BYTES, "%s ", info->name);
    int i;

    for (i = 0; i < info->n_parts; i++)
        n += (size_t)snprintf(out + n, KEY_TEXT_BYTES - n, "%s%.*s",
                              i == 0 ? "" : "/", STORE_MAX_PART,
                              key->part[i] != NULL ? key->part[i] : "");
    if (info->has_number)
        snprintf(out + n, KEY_TEXT_BYTES - n, "%s%" PRIu64,
                 info->n_parts == 0 ? "" : "/", key->number);
    return out;
}
