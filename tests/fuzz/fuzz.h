/* SPDX-License-Identifier: MIT
 *
 * fuzz.h - one target a file, in libFuzzer's form, and seeds to start from.
 * As a test, fuzz_main.c mutates the seeds a fixed number of times with a fixed
 * seed; as a fuzzer, build with clang -fsanitize=fuzzer and leave fuzz_main.c
 * out (docs: CONTRIBUTING.md). */
#ifndef TT_TESTS_FUZZ_H
#define TT_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* What the mutations start from. */
struct fuzz_seed {
    const void *bytes;
    size_t n;
};
extern const char *const fuzz_name;
size_t fuzz_seeds(const struct fuzz_seed **out);

#endif
