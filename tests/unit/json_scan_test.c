/* SPDX-License-Identifier: MIT
 *
 * json_scan_test.c - what the strict scanner refuses, and what it takes. */
#include "config.h"

#include <string.h>

#include "core/base/json.h"
#include "core/base/mem.h"
#include "tests/unit/tap.h"

struct sample {
    const char *text;
    size_t n;
};
#define TEXT(literal) { literal, sizeof(literal) - 1 }


/* Each of these json-c 0.16 takes, even with STRICT and VALIDATE_UTF8. */
static const struct sample quirks[] = {
    TEXT("NaN"), TEXT("Infinity"), TEXT("-Infinity"), TEXT("{\"a\":NaN}"),
    TEXT("[-Infinity]"),
    TEXT("{'a':1}"), TEXT("['a']"),
    TEXT("1."), TEXT("1.e3"), TEXT("[1.]"),
    TEXT("\"a\tb\""), TEXT("\"a\nb\""), TEXT("\"\x01\""), TEXT("\"\x1f\""),
    TEXT("{\"a\":1,\"a\":2}"), TEXT("{\"a\":{\"b\":1,\"c\":2,\"b\":3}}"),
    TEXT("{\"a\":1,\"\\u0061\":2}"), TEXT("{\"\":1,\"\":2}"),
    TEXT("1e400"), TEXT("-1e400"), TEXT("[1e99999999999]"),
    TEXT("\"\xED\xA0\x80\""), /* a surrogate as UTF-8 */
    TEXT("\"\xC0\xAF\""),     /* overlong */
    TEXT("\"\xE0\x80\xAF\""), TEXT("\"\xF0\x80\x80\xAF\""),
    TEXT("\"\xF4\x90\x80\x80\""), /* beyond U+10FFFF */
    TEXT("\"\xFF\xFE\""), TEXT("\"\x80\""), TEXT("\"\xE2\x82\""),
    TEXT("\"\xC3"), TEXT("\"\xF5\x80\x80\x80\""),
    TEXT("\"\\ud800\""), TEXT("\"\\udc00\""), TEXT("\"\\ud800\\u0041\""),
    TEXT("\"\\ud800x\""), TEXT("\"\\ud800\\\""),
    TEXT("\"\\u0000\""), TEXT("{\"\\u0000\":1}"), TEXT("\"a\0b\""),
    TEXT("18446744073709551616"), TEXT("-9223372036854775809"),
    TEXT("999999999999999999999999999999"), TEXT("9007199254740993"),
    TEXT("-9007199254740993"), TEXT("9007199254740994"),
    /* not strict: */
    TEXT("[1,]"), TEXT("{\"a\":1,}"), TEXT("/* c */ 1"), TEXT("1 // c"),
    TEXT("01"), TEXT("-01"), TEXT("0x10"), TEXT("TRUE"), TEXT("True"),
    TEXT("nULL"), TEXT("1 2"), TEXT("{} {}"), TEXT("[1] x"), TEXT("\"a\"\"b\""),
};

static const struct sample broken[] = {
    TEXT(""), TEXT(" "), TEXT("{"), TEXT("["), TEXT("[1"), TEXT("[1,"),
    TEXT("{\"a\""), TEXT("{\"a\":"), TEXT("{\"a\":1"), TEXT("{\"a\" 1}"),
    TEXT("{a:1}"), TEXT("{1:1}"), TEXT("{,}"), TEXT("[,1]"), TEXT("[1 2]"),
    TEXT("{\"a\":1 \"b\":2}"), TEXT("]"), TEXT("}"), TEXT("[}"), TEXT("{]"),
    TEXT("[1}"), TEXT("{\"a\":1]"), TEXT("[]]"), TEXT("tru"), TEXT("truely"),
    TEXT("+1"), TEXT("-"), TEXT(".5"), TEXT("1e"), TEXT("1e+"), TEXT("--1"),
    TEXT("1.2.3"), TEXT("\"abc"), TEXT("\"\\x\""), TEXT("\"\\u12\""),
    TEXT("\"\\u12g4\""), TEXT("\"\\"), TEXT("\xEF\xBB\xBF{}"), TEXT("\x0c" "1"),
    TEXT("\xC2\xA0" "1"), TEXT("nan"), TEXT("undefined"), TEXT("\0"),
    TEXT("1\0"),
};

static const struct sample good[] = {
    TEXT("null"), TEXT(" true\r\n\t"), TEXT("0"), TEXT("-0"), TEXT("-0.0"),
    TEXT("1E5"), TEXT("1e-400"), TEXT("1.7976931348623157e308"), TEXT("1e20"),
    TEXT("9007199254740992"), TEXT("-9007199254740992"), TEXT("\"\""),
    TEXT("[]"), TEXT("{}"), TEXT("[[],{},[{}]]"), TEXT("[ 1 , 2 ]"),
    TEXT("{\"a\":{\"a\":[{\"a\":1},{\"a\":2}]},\"b\":{\"a\":1}}"),
    TEXT("{\"\":1,\"a\":2,\"A\":3,\"ab\":4}"),
    TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u20AC\\ud83d\\ude00\""),
    TEXT("\"\x7f \xC2\x80 \xDF\xBF \xE0\xA0\x80 \xED\x9F\xBF \xEE\x80\x80 "
         "\xEF\xBF\xBF \xF0\x90\x80\x80 \xF4\x8F\xBF\xBF\""),
};

/* A copy without a byte behind it, so that ASan sees an over-read. */
static int scan(const struct sample *s, struct err *e)
{
    size_t n = s->n;
    char *exact = xcalloc(n, 1);
    int code;

    memcpy(exact, s->text, n);
    code = json_scan(exact, n, &json_limits_request, e);
    free(exact);
    return code;
}

static void all_are(const struct sample *samples, size_t n, int wanted)
{
    size_t i;

    for (i = 0; i < n; i++) {
        struct err e = { 0 };
        int code = scan(&samples[i], &e);

        if (code != wanted)
            printf("# %s: %d %s\n", samples[i].text, code, e.text);
        CU_ASSERT_EQUAL(code, wanted);
        CU_ASSERT(code == 0 || strncmp(e.text, "JSON: line ", 11) == 0);
    }
}

static void what_json_c_takes_too_much_is_refused(void)
{
    all_are(quirks, TT_ARRAY_LEN(quirks), TT_EJSON);
}

static void broken_texts_are_refused(void)
{
    all_are(broken, TT_ARRAY_LEN(broken), TT_EJSON);
}

static void good_texts_are_taken(void)
{
    all_are(good, TT_ARRAY_LEN(good), 0);
}

static void every_prefix_of_a_document_is_refused(void)
{
    static const char text[] =
        "{\"a\":[1.5e3,true,null,{\"b\\u00e9\":\"\xF0\x9F\x98\x80\"}]}";
    struct sample s = { text, 0 };

    for (s.n = 0; s.n < sizeof text - 1; s.n++)
        CU_ASSERT_EQUAL(scan(&s, NULL), TT_EJSON);
    CU_ASSERT_EQUAL(scan(&s, NULL), 0);
}

static void an_error_names_line_and_column(void)
{
    static const char text[] = "{\n  \"\xC3\xA9\": 01\n}";
    struct err e = { 0 };

    CU_ASSERT_EQUAL(json_scan(text, sizeof text - 1, &json_limits_request, &e),
                    TT_EJSON);
    CU_ASSERT_STRING_EQUAL(e.text, "JSON: line 2, column 8: a number with a "
                                   "leading zero");
    CU_ASSERT_EQUAL(json_scan("{\"a\":1,\n\"a\":2}", 14, &json_limits_request,
                              &e), TT_EJSON);
    CU_ASSERT_STRING_EQUAL(e.text,
                           "JSON: line 2, column 1: the key \"a\" is there twice");
}

static void the_limits_hold(void)
{
    static const struct json_limits small = { 20, 3, 4 };

    CU_ASSERT_EQUAL(json_scan("[[[1]]]", 7, &small, NULL), 0);
    CU_ASSERT_EQUAL(json_scan("[[[[]]]]", 8, &small, NULL), TT_EJSON);
    CU_ASSERT_EQUAL(json_scan("[1,2,3]", 7, &small, NULL), 0);
    CU_ASSERT_EQUAL(json_scan("[1,2,3,4]", 9, &small, NULL), TT_ETOOBIG);
    CU_ASSERT_EQUAL(json_scan("{\"a\":{\"b\":1}}", 13, &small, NULL),
                    TT_ETOOBIG);
    CU_ASSERT_EQUAL(json_scan("                   1 ", 21, &small, NULL),
                    TT_ETOOBIG);
}

static void a_deep_document_needs_no_stack(void)
{
    size_t n = 1 << 20;
    char *text = xcalloc(n, 1);

    memset(text, '[', n);
    CU_ASSERT_EQUAL(json_scan(text, n, &json_limits_request, NULL), TT_EJSON);
    free(text);
}

static void many_keys_are_compared_quickly(void)
{
    struct buf b = { 0 };
    int i;

    buf_adds(&b, "{");
    for (i = 0; i < 20000; i++)
        buf_addf(&b, "\"key%d\":0,", i);
    buf_adds(&b, "\"last\":0}");
    CU_ASSERT_EQUAL(json_scan(b.data, b.len, &json_limits_request, NULL), 0);
    buf_drop(&b, 1);
    b.len--;
    buf_adds(&b, ",\"key7\":0}");
    {
        struct buf c = { 0 };

        buf_addf(&c, "{%s", b.data);
        CU_ASSERT_EQUAL(json_scan(c.data, c.len, &json_limits_request, NULL),
                        TT_EJSON);
        buf_fini(&c);
    }
    buf_fini(&b);
}

static CU_TestInfo tests[] = {
    { "what json-c takes too much is refused",
      what_json_c_takes_too_much_is_refused },
    { "broken texts are refused", broken_texts_are_refused },
    { "good texts are taken", good_texts_are_taken },
    { "every prefix of a document is refused",
      every_prefix_of_a_document_is_refused },
    { "an error names line and column", an_error_names_line_and_column },
    { "the limits hold", the_limits_hold },
    { "a deep document needs no stack", a_deep_document_needs_no_stack },
    { "many keys are compared quickly", many_keys_are_compared_quickly },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("json_scan", tests);
}
