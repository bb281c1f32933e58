/* SPDX-License-Identifier: MIT
 *
 * arena_test.c - memory that is given back all at once. */
#include "core/base/arena.h"
#include "tests/unit/tap.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

static void what_is_given_is_zeroed_and_aligned(void)
{
    struct arena a = { 0 };
    size_t n, i;
    char *p;

    for (n = 1; n < 3000; n += 7) {
        p = arena_alloc(&a, n, 3);
        CU_ASSERT_EQUAL((uintptr_t)p % alignof(max_align_t), 0);
        for (i = 0; i < 3 * n && p[i] == 0; i++)
            ;
        CU_ASSERT_EQUAL(i, 3 * n);
        memset(p, 0xff, 3 * n);
    }
    arena_fini(&a);
    CU_ASSERT(a.blocks == NULL);
}

static void nothing_and_a_lot_are_fine(void)
{
    struct arena a = { 0 };
    char *big;

    CU_ASSERT(arena_alloc(&a, 0, 8) != NULL);
    CU_ASSERT(arena_alloc(&a, 8, 0) != NULL);
    big = arena_alloc(&a, 5u << 20, 1);
    big[(5u << 20) - 1] = 1;
    CU_ASSERT(arena_alloc(&a, 1, 1) != NULL);
    arena_fini(&a);
    arena_fini(&a);
}

static void a_copied_text_has_a_nul_behind_it(void)
{
    struct tt_str half = { "abcdef", 3 };
    struct tt_str none = { NULL, 0 };
    struct arena a = { 0 };
    struct tt_str copy = arena_str(&a, half);

    CU_ASSERT_STRING_EQUAL(copy.p, "abc");
    CU_ASSERT_EQUAL(copy.n, 3);
    CU_ASSERT_STRING_EQUAL(arena_str(&a, none).p, "");
    arena_fini(&a);
}

static CU_TestInfo tests[] = {
    { "what is given is zeroed and aligned",
      what_is_given_is_zeroed_and_aligned },
    { "nothing and a lot are fine", nothing_and_a_lot_are_fine },
    { "a copied text has a NUL behind it", a_copied_text_has_a_nul_behind_it },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("arena", tests);
}
