/* SPDX-License-Identifier: MIT
 *
 * fuzz_main.c - the targets as tests: every seed, every prefix of it, and
 * FUZZ_ROUNDS mutations (environment; 20 000 by default), always the same. What
 * is found is found by the sanitizers. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/log.h"
#include "tests/fuzz/fuzz.h"

static uint64_t state = 0x9e3779b97f4a7c15u;

static uint64_t next(void) /* xorshift64* (Vigna 2016) */
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545f4914f6cdd1du;
}

/* Exactly n bytes on the heap, so that a read past them is seen. */
static void feed(const uint8_t *bytes, size_t n)
{
    uint8_t *copy = malloc(n > 0 ? n : 1);

    if (copy == NULL)
        abort();
    if (n > 0)
        memcpy(copy, bytes, n);
    LLVMFuzzerTestOneInput(copy, n);
    free(copy);
}

static size_t mutate(uint8_t *bytes, size_t n, size_t room)
{
    static const uint8_t odd[] = { 0, 1, 0x7f, 0x80, 0xff, '"', '{', '\\' };
    unsigned edits = 1 + (unsigned)(next() % 4);
    size_t at, len;

    while (edits-- > 0) {
        at = n > 0 ? (size_t)(next() % n) : 0;
        switch (next() % 5) {
        case 0:
            if (n > 0)
                bytes[at] = (uint8_t)(bytes[at] ^ (1u << (next() % 8)));
            break;
        case 1:
            if (n > 0)
                bytes[at] = odd[next() % sizeof odd];
            break;
        case 2: /* cut */
            n = at;
            break;
        case 3: /* double a part */
            len = n > at ? (size_t)(next() % (n - at + 1)) : 0;
            if (n + len <= room) {
                memmove(bytes + at + len, bytes + at, n - at);
                n += len;
            }
            break;
        default: /* drop a part */
            len = n > at ? (size_t)(next() % (n - at + 1)) : 0;
            memmove(bytes + at, bytes + at + len, n - at - len);
            n -= len;
        }
    }
    return n;
}

int main(void)
{
    const char *text = getenv("FUZZ_ROUNDS");
    unsigned long rounds = text != NULL ? strtoul(text, NULL, 10) : 20000, i;
    const struct fuzz_seed *seeds;
    size_t n_seeds = fuzz_seeds(&seeds), k, n;
    static uint8_t bytes[1 << 16];

    log_set_level(LOG_LEVEL_ERROR);
    for (k = 0; k < n_seeds; k++)
        for (n = 0; n <= seeds[k].n; n++)
            feed(seeds[k].bytes, n);
    printf("ok 1 - %s: %zu seeds and all their prefixes\n", fuzz_name, n_seeds);
    for (i = 0; i < rounds; i++) {
        k = (size_t)(next() % n_seeds);
        n = seeds[k].n < sizeof bytes ? seeds[k].n : sizeof bytes;
        memcpy(bytes, seeds[k].bytes, n);
        feed(bytes, mutate(bytes, n, sizeof bytes));
    }
    printf("ok 2 - %s: %lu mutations\n1..2\n", fuzz_name, rounds);
    return 0;
}
