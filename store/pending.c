/* SPDX-License-Identifier: MIT
 *
 * pending.c - an open-addressed table over a list of ops. */
#include "config.h"

#include <string.h>

#include "core/base/mem.h"
#include "store/pending.h"

void pending_fini(struct pending *p)
{
    free(p->ops);
    free(p->slots);
    memset(p, 0, sizeof *p);
}

void pending_reset(struct pending *p)
{
    p->n = 0;
    if (p->n_slots != 0)
        memset(p->slots, 0, p->n_slots * sizeof *p->slots);
}

static uint64_t hash(int family, struct tt_str key)
{
    uint64_t h = 0xcbf29ce484222325u ^ (uint64_t)family; /* FNV-1a */
    uint64_t i;

    for (i = 0; i < key.n; i++)
        h = (h ^ (unsigned char)key.p[i]) * 0x100000001b3u;
    return h ^ h >> 32;
}

/* The slot that has the key, or the free one where it would go. */
static size_t find_slot(const struct pending *p, int family, struct tt_str key)
{
    size_t i = (size_t)hash(family, key) & (p->n_slots - 1);

    while (p->slots[i] != 0) {
        const struct kv_op *op = &p->ops[p->slots[i] - 1];

        if (op->family == family && tt_str_equal(op->key, key))
            break;
        i = (i + 1) & (p->n_slots - 1);
    }
    return i;
}

static void grow(struct pending *p)
{
    size_t i;

    p->cap = p->cap != 0 ? 2 * p->cap : 256;
    p->ops = xrealloc(p->ops, p->cap, sizeof *p->ops);
    free(p->slots);
    p->n_slots = 2 * p->cap; /* at most half full */
    p->slots = xcalloc(p->n_slots, sizeof *p->slots);
    for (i = 0; i < p->n; i++)
        p->slots[find_slot(p, p->ops[i].family, p->ops[i].key)] =
            (uint32_t)i + 1;
}

void pending_add(struct pending *p, const struct kv_op *op)
{
    if (p->n == p->cap)
        grow(p);
    p->ops[p->n++] = *op;
    p->slots[find_slot(p, op->family, op->key)] = (uint32_t)p->n;
}

const struct kv_op *pending_find(const struct pending *p, int family,
                                 struct tt_str key)
{
    size_t slot;

    if (p->n == 0)
        return NULL;
    slot = find_slot(p, family, key);
    return p->slots[slot] != 0 ? &p->ops[p->slots[slot] - 1] : NULL;
}
