/* SPDX-License-Identifier: MIT
 *
 * frame_test.c - frames are cut out of a stream however it arrives. */
#include "core/host/frame.h"
#include "tests/unit/tap.h"

#include <string.h>

static void frames_come_out_as_they_went_in(void)
{
    struct buf b = { 0 };
    struct frame f;

    frame_put(&b, FRAME_STEP, 7, tt_str_of("abc"));
    frame_put(&b, FRAME_OK, 8, tt_str_of(""));
    CU_ASSERT_EQUAL(b.len, 2 * FRAME_HEADER_BYTES + 3);
    CU_ASSERT_EQUAL(frame_take(&b, &f, NULL), 1);
    CU_ASSERT_EQUAL(f.type, FRAME_STEP);
    CU_ASSERT_EQUAL(f.number, 7);
    CU_ASSERT(tt_str_equal(f.payload, tt_str_of("abc")));
    buf_drop(&b, FRAME_HEADER_BYTES + (size_t)f.payload.n);
    CU_ASSERT_EQUAL(frame_take(&b, &f, NULL), 1);
    CU_ASSERT_EQUAL(f.type, FRAME_OK);
    CU_ASSERT_EQUAL(f.payload.n, 0);
    buf_fini(&b);
}

static void the_wire_is_little_endian(void)
{
    static const char bytes[] = "\3\0\0\0\4\0\1\0\x0d\x0c\x0b\x0a" "abc";
    struct buf b = { 0 };

    frame_put(&b, FRAME_STEP, 0x0a0b0c0d, tt_str_of("abc"));
    CU_ASSERT_EQUAL(b.len, sizeof bytes - 1);
    CU_ASSERT_EQUAL(memcmp(b.data, bytes, sizeof bytes - 1), 0);
    buf_fini(&b);
}

static void half_a_frame_is_no_frame_yet(void)
{
    struct buf whole = { 0 }, part = { 0 };
    struct frame f;
    size_t n;

    CU_ASSERT_EQUAL(frame_take(&part, &f, NULL), 0);
    frame_put(&whole, FRAME_STEP, 7, tt_str_of("abc"));
    for (n = 0; n < whole.len; n++) {
        buf_reset(&part);
        buf_add(&part, whole.data, n);
        CU_ASSERT_EQUAL(frame_take(&part, &f, NULL), 0);
    }
    buf_fini(&whole);
    buf_fini(&part);
}

static void lengths_and_versions_that_cannot_be_are_refused(void)
{
    struct buf b = { 0 };
    struct frame f;
    struct err e = { 0 };

    buf_add(&b, "\1\0\0\4\4\0\1\0\1\0\0\0", 12); /* 64 MiB and a byte */
    CU_ASSERT_EQUAL(frame_take(&b, &f, &e), TT_EPROTOCOL);
    CU_ASSERT(strstr(e.text, "67108865") != NULL);
    buf_reset(&b);
    buf_add(&b, "\0\0\0\4\4\0\1\0\1\0\0\0", 12); /* 64 MiB: to be waited for */
    CU_ASSERT_EQUAL(frame_take(&b, &f, NULL), 0);
    buf_reset(&b);
    buf_add(&b, "\1\0\0\0\4\0\2\0\1\0\0\0x", 13);
    CU_ASSERT_EQUAL(frame_take(&b, &f, &e), TT_EPROTOCOL);
    CU_ASSERT(strstr(e.text, "protocol 2") != NULL);
    buf_fini(&b);
}

static void the_table_says_who_may_say_what_and_when(void)
{
    struct err e = { 0 };

    CU_ASSERT_EQUAL(frame_allowed(FRAME_HELLO, true, FRAME_NEW, NULL), 0);
    CU_ASSERT_EQUAL(frame_allowed(FRAME_HELLO, true, FRAME_LOADED, &e),
                    TT_EPROTOCOL);
    CU_ASSERT(strstr(e.text, "HELLO") != NULL);
    CU_ASSERT_EQUAL(frame_allowed(FRAME_HELLO, false, FRAME_NEW, NULL),
                    TT_EPROTOCOL);
    CU_ASSERT_EQUAL(frame_allowed(FRAME_STEP, false, FRAME_STRATEGY, NULL), 0);
    CU_ASSERT_EQUAL(frame_allowed(FRAME_STEP, false, FRAME_ADAPTER, NULL),
                    TT_EPROTOCOL);
    CU_ASSERT_EQUAL(frame_allowed(FRAME_HTTP, true, FRAME_STRATEGY, NULL),
                    TT_EPROTOCOL);
    CU_ASSERT_EQUAL(frame_allowed(FRAME_OK, true, FRAME_CLOSED, NULL),
                    TT_EPROTOCOL);
    CU_ASSERT_EQUAL(frame_allowed(99, true, FRAME_LOADED, &e), TT_EPROTOCOL);
    CU_ASSERT(strstr(e.text, "99") != NULL);
}

static void names_and_answers_come_from_the_table(void)
{
    CU_ASSERT_STRING_EQUAL(frame_name(FRAME_STEP), "STEP");
    CU_ASSERT_STRING_EQUAL(frame_name(FRAME_HTTP_ANSWER), "HTTP_ANSWER");
    CU_ASSERT_STRING_EQUAL(frame_name(0), "?");
    CU_ASSERT_EQUAL(frame_answer(FRAME_STEP), FRAME_ACTIONS);
    CU_ASSERT_EQUAL(frame_answer(FRAME_SUBMIT), FRAME_OUTCOMES);
    CU_ASSERT_EQUAL(frame_answer(FRAME_LOG), 0);
    CU_ASSERT_EQUAL(frame_answer(99), 0);
}

static CU_TestInfo tests[] = {
    { "frames come out as they went in", frames_come_out_as_they_went_in },
    { "the wire is little-endian", the_wire_is_little_endian },
    { "half a frame is no frame yet", half_a_frame_is_no_frame_yet },
    { "lengths and versions that cannot be are refused",
      lengths_and_versions_that_cannot_be_are_refused },
    { "the table says who may say what and when",
      the_table_says_who_may_say_what_and_when },
    { "names and answers come from the table",
      names_and_answers_come_from_the_table },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("frame", tests);
}
