/* SPDX-License-Identifier: MIT
 *
 * refs.c - a set of 64-bit numbers. */
#include "core/base/mem.h"
#include "core/host/session_in.h"

static size_t slot_of(const struct refs *r, uint64_t ref)
{
    /* Fibonacci hashing: refs are often 0, 1, 2, ... */
    size_t i = (size_t)(ref * UINT64_C(0x9e3779b97f4a7c15) >> 20);

    for (i &= r->cap - 1; r->used[i] && r->keys[i] != ref;
         i = (i + 1) & (r->cap - 1))
        ;
    return i;
}

bool refs_has(const struct refs *r, uint64_t ref)
{
    return r->cap > 0 && r->used[slot_of(r, ref)];
}

static void grow(struct refs *r)
{
    struct refs bigger = { .cap = r->cap == 0 ? 64 : 2 * r->cap };
    size_t i;

    bigger.keys = xcalloc(bigger.cap, sizeof *bigger.keys);
    bigger.used = xcalloc(bigger.cap, 1);
    for (i = 0; i < r->cap; i++)
        if (r->used[i])
            refs_add(&bigger, r->keys[i]);
    refs_fini(r);
    *r = bigger;
}

void refs_add(struct refs *r, uint64_t ref)
{
    size_t i;

    if (2 * (r->n + 1) > r->cap)
        grow(r);
    i = slot_of(r, ref);
    r->n += !r->used[i];
    r->used[i] = 1;
    r->keys[i] = ref;
}

void refs_fini(struct refs *r)
{
    free(r->keys);
    free(r->used);
    r->keys = NULL;
    r->used = NULL;
    r->n = r->cap = 0;
}
