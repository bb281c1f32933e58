/* SPDX-License-Identifier: MIT
 *
 * wire_test.c - records go out and come back, and a lie is noticed. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "core/base/wire.h"
#include "tests/unit/tap.h"

static void what_goes_out_comes_back(void)
{
    struct buf b = { 0 };
    struct wire_reader r;
    struct tt_str s;

    wire_u8(&b, 200);
    wire_u32(&b, 0xDEADBEEF);
    wire_u64(&b, UINT64_MAX - 1);
    wire_f64(&b, -0.0);
    wire_f64(&b, (double)NAN);
    wire_str(&b, tt_str_of("h\xC3\xA9"));
    wire_str(&b, tt_str_of(""));
    r = wire_reader_of(b.data, b.len);
    CU_ASSERT_EQUAL(wire_get_u8(&r), 200);
    CU_ASSERT_EQUAL(wire_get_u32(&r), 0xDEADBEEF);
    CU_ASSERT_EQUAL(wire_get_u64(&r), UINT64_MAX - 1);
    CU_ASSERT(signbit(wire_get_f64(&r)));
    CU_ASSERT(isnan(wire_get_f64(&r)));
    s = wire_get_str(&r);
    CU_ASSERT(tt_str_equal(s, tt_str_of("h\xC3\xA9")));
    CU_ASSERT_EQUAL(wire_get_str(&r).n, 0);
    CU_ASSERT(wire_done(&r));
    buf_fini(&b);
}

static void bytes_are_little_endian(void)
{
    struct buf b = { 0 };

    wire_u32(&b, 0x04030201);
    CU_ASSERT_EQUAL(memcmp(b.data, "\1\2\3\4", 4), 0);
    buf_fini(&b);
}

static void a_short_record_stays_bad(void)
{
    struct buf b = { 0 };
    size_t n;

    wire_u32(&b, 7);
    wire_str(&b, tt_str_of("abc"));
    for (n = 0; n < b.len; n++) {
        struct wire_reader r = wire_reader_of(b.data, n);

        (void)wire_get_u32(&r);
        CU_ASSERT_EQUAL(wire_get_str(&r).n, 0);
        CU_ASSERT(r.bad);
        CU_ASSERT_EQUAL(wire_get_u8(&r), 0);
        CU_ASSERT(!wire_done(&r));
    }
    buf_fini(&b);
}

static void bytes_left_over_are_not_done(void)
{
    struct wire_reader r = wire_reader_of("ab", 2);

    (void)wire_get_u8(&r);
    CU_ASSERT(!wire_done(&r));
    r = wire_reader_of(NULL, 0);
    CU_ASSERT(wire_done(&r));
}

static void a_count_that_cannot_be_is_bad(void)
{
    struct buf b = { 0 };
    struct wire_reader r;

    wire_u32(&b, 3);
    wire_u32(&b, 0);
    wire_u32(&b, 0);
    r = wire_reader_of(b.data, b.len);
    CU_ASSERT_EQUAL(wire_get_count(&r, 4), 0);
    CU_ASSERT(r.bad);
    r = wire_reader_of(b.data, b.len);
    CU_ASSERT_EQUAL(wire_get_count(&r, 2), 3);
    CU_ASSERT(!r.bad);
    buf_fini(&b);
}

static CU_TestInfo tests[] = {
    { "what goes out comes back", what_goes_out_comes_back },
    { "bytes are little-endian", bytes_are_little_endian },
    { "a short record stays bad", a_short_record_stays_bad },
    { "bytes left over are not done", bytes_left_over_are_not_done },
    { "a count that cannot be is bad", a_count_that_cannot_be_is_bad },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("wire", tests);
}
