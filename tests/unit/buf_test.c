/* SPDX-License-Identifier: MIT
 *
 * buf_test.c - buffers and the allocation helpers. */
#include "config.h"

#include <string.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "tests/unit/tap.h"

static void a_zeroed_struct_is_an_empty_buffer(void)
{
    struct buf b = { 0 };
    char *text;

    CU_ASSERT_EQUAL(buf_str(&b).n, 0);
    buf_reset(&b);
    buf_fini(&b);
    text = buf_steal(&b);
    CU_ASSERT_STRING_EQUAL(text, "");
    free(text);
}

static void it_grows_and_stays_terminated(void)
{
    struct buf b = { 0 };
    int i;

    for (i = 0; i < 1000; i++) {
        buf_addf(&b, "%04d", i);
        CU_ASSERT_EQUAL(b.data[b.len], '\0');
    }
    CU_ASSERT_EQUAL(b.len, 4000);
    CU_ASSERT_EQUAL(memcmp(b.data + 3996, "0999", 5), 0);
    buf_reset(&b);
    buf_addf(&b, "%0300d|", 7); /* longer than the first guess */
    CU_ASSERT_EQUAL(b.len, 301);
    CU_ASSERT_EQUAL(b.data[300], '|');
    buf_add(&b, NULL, 0);
    CU_ASSERT_EQUAL(b.len, 301);
    buf_fini(&b);
}

static void drop_takes_from_the_front(void)
{
    struct buf b = { 0 };

    buf_adds(&b, "hello world");
    buf_drop(&b, 6);
    CU_ASSERT_STRING_EQUAL(b.data, "world");
    buf_drop(&b, 5);
    CU_ASSERT_STRING_EQUAL(b.data, "");
    buf_drop(&b, 0);
    buf_fini(&b);
}

static void a_sink_appends(void)
{
    struct buf b = { 0 };
    struct tt_sink sink = buf_sink(&b);

    CU_ASSERT_EQUAL(sink.write(&sink, "ab", 2), 0);
    CU_ASSERT_EQUAL(sink.write(&sink, "c", 1), 0);
    CU_ASSERT_STRING_EQUAL(b.data, "abc");
    CU_ASSERT_EQUAL(sink.write(&sink, "x", UINT64_MAX), TT_ETOOBIG);
    CU_ASSERT_STRING_EQUAL(b.data, "abc");
    buf_fini(&b);
}

static void copies_are_terminated(void)
{
    struct tt_str s = { "abcdef", 3 }, empty = { NULL, 0 };
    TT_AUTO_FREE char *a = xstr(s);
    TT_AUTO_FREE char *b = xstr(empty);
    TT_AUTO_FREE char *c = xstrndup("abc", 10);
    TT_AUTO_FREE char *d = xasprintf("%s-%d", "x", 5);

    CU_ASSERT_STRING_EQUAL(a, "abc");
    CU_ASSERT_STRING_EQUAL(b, "");
    CU_ASSERT_STRING_EQUAL(c, "abc");
    CU_ASSERT_STRING_EQUAL(d, "x-5");
    CU_ASSERT_PTR_NULL(xstrdup(NULL));
}

static CU_TestInfo tests[] = {
    { "a zeroed struct is an empty buffer", a_zeroed_struct_is_an_empty_buffer },
    { "it grows and stays terminated", it_grows_and_stays_terminated },
    { "drop takes from the front", drop_takes_from_the_front },
    { "a sink appends, all or nothing", a_sink_appends },
    { "copies are terminated", copies_are_terminated },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("buf", tests);
}
