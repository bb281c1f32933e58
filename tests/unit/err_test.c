/* SPDX-License-Identifier: MIT
 *
 * err_test.c - the error value. */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "core/base/err.h"
#include "tests/unit/tap.h"

static void set_keeps_errno_and_returns_code(void)
{
    struct err e = { 0 };

    errno = EINTR;
    CU_ASSERT_EQUAL(err_set(&e, TT_EINVAL, "axis %s", "lr"), TT_EINVAL);
    CU_ASSERT_EQUAL(errno, EINTR);
    CU_ASSERT_EQUAL(e.code, TT_EINVAL);
    CU_ASSERT_STRING_EQUAL(e.text, "axis lr");
    CU_ASSERT_EQUAL(err_set(NULL, TT_EIO, "nobody"), TT_EIO);
}

static void errno_text_stands_behind(void)
{
    struct err e = { 0 };

    errno = ENOENT;
    CU_ASSERT_EQUAL(err_errno(&e, TT_ENOENT, "%s", "a.json"), TT_ENOENT);
    CU_ASSERT_STRING_EQUAL(e.text, "a.json: No such file or directory");
    CU_ASSERT_EQUAL(errno, ENOENT);
}

static void prefix_keeps_the_code(void)
{
    struct err e = { 0 };

    err_set(&e, TT_EJSON, "line 1");
    CU_ASSERT_EQUAL(err_prefix(&e, "file %s", "x"), TT_EJSON);
    CU_ASSERT_STRING_EQUAL(e.text, "file x: line 1");
    CU_ASSERT(err_prefix(NULL, "file") < 0);
}

static void own_text_may_be_an_argument(void)
{
    struct err e = { 0 };

    err_set(&e, TT_EIO, "inner");
    err_set(&e, TT_EPLUGIN, "outer: %s", e.text);
    CU_ASSERT_STRING_EQUAL(e.text, "outer: inner");
}

static void a_long_text_is_cut_between_characters(void)
{
    char text[2000];
    struct err e = { 0 };
    size_t i, n;

    for (i = 0; i + 3 < sizeof text; i += 3)
        memcpy(text + i, "\xE2\x82\xAC", 3);
    text[i] = '\0';
    err_set(&e, TT_EINVAL, "%s", text);
    n = strlen(e.text);
    CU_ASSERT(n >= sizeof e.text - 4 && n < sizeof e.text);
    CU_ASSERT_EQUAL(n % 3, 0);
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    err_set(&e, TT_EINVAL, "%s", text);
    CU_ASSERT_EQUAL(strlen(e.text), sizeof e.text - 1);
}

static void codes_have_names_words_and_statuses(void)
{
    CU_ASSERT_STRING_EQUAL(err_name(TT_ELIMIT), "TT_ELIMIT");
    CU_ASSERT_STRING_EQUAL(err_name(-999), "TT_E?");
    CU_ASSERT_STRING_EQUAL(err_code(TT_EINVAL), "invalid");
    CU_ASSERT_EQUAL(err_http_status(TT_EJSON), 400);
    CU_ASSERT_EQUAL(err_http_status(-999), 500);
}

static CU_TestInfo tests[] = {
    { "set keeps errno and returns the code", set_keeps_errno_and_returns_code },
    { "errno's text stands behind", errno_text_stands_behind },
    { "a prefix keeps the code", prefix_keeps_the_code },
    { "its own text may be an argument", own_text_may_be_an_argument },
    { "a long text is cut between characters",
      a_long_text_is_cut_between_characters },
    { "codes have names, words and statuses",
      codes_have_names_words_and_statuses },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("err", tests);
}
