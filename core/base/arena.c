/* SPDX-License-Identifier: MIT
 *
 * arena.c - blocks of memory in a list; a big request gets its own block. */
#include "core/base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "core/base/mem.h"

/* A frame of a few records fits one block; bigger ones grow by doubling. */
#define ARENA_FIRST_BYTES 4096u
#define ARENA_MOST_BYTES (1u << 20)

struct arena_block {
    struct arena_block *next;
    size_t used, cap;
    alignas(max_align_t) char bytes[];
};

static size_t rounded(size_t n)
{
    const size_t align = alignof(max_align_t);

    return (n + align - 1) / align * align;
}

static struct arena_block *block_of(struct arena *a, size_t need)
{
    struct arena_block *b = a->blocks;
    size_t cap = b == NULL ? ARENA_FIRST_BYTES : 2 * b->cap;

    if (b != NULL && b->cap - b->used >= need)
        return b;
    if (cap > ARENA_MOST_BYTES)
        cap = ARENA_MOST_BYTES;
    if (cap < need)
        cap = need;
    b = xcalloc(1, sizeof *b + cap);
    b->cap = cap;
    b->next = a->blocks;
    a->blocks = b;
    return b;
}

void *arena_alloc(struct arena *a, size_t n, size_t size)
{
    struct arena_block *b;
    size_t need;
    void *p;

    TT_ASSERT(size == 0 || n <= (SIZE_MAX / 2) / size);
    need = rounded(n * size > 0 ? n * size : 1);
    b = block_of(a, need);
    p = b->bytes + b->used;
    b->used += need;
    return p;
}

struct tt_str arena_str(struct arena *a, struct tt_str s)
{
    struct tt_str copy = { arena_alloc(a, (size_t)s.n + 1, 1), s.n };

    if (s.n > 0)
        memcpy((char *)(uintptr_t)copy.p, s.p, (size_t)s.n);
    return copy;
}

void arena_fini(struct arena *a)
{
    struct arena_block *b, *next;

    for (b = a->blocks; b != NULL; b = next) {
        next = b->next;
        free(b);
    }
    a->blocks = NULL;
}
