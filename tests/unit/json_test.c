/* SPDX-License-Identifier: MIT
 *
 * json_test.c - what json-c lets through and we do not; canonical form. */
#include "config.h"

#include <string.h>

#include "core/base/json.h"
#include "core/base/mem.h"
#include "tests/unit/tap.h"

static int scan(const char *text, size_t n)
{
    struct err e = { 0 };

    return json_scan(text, n, &json_limits_request, &e);
}

static void strict_json_is_accepted(void)
{
    static const char *const good[] = {
        "{}", "[]", "null", " true ", "0", "-0", "-1.5e-3", "1E+2", "\"\"",
        "{\"a\":[1,2,{\"b\":null}]}", "\"\\u0041\\n\\ud83d\\ude00\"",
        "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"", "9007199254740992",
        "{\"a\":1,\"b\":{\"a\":1}}", "1e308",
    };
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(good); i++) {
        CU_ASSERT_EQUAL(scan(good[i], strlen(good[i])), 0);
        if (scan(good[i], strlen(good[i])) != 0)
            printf("# refused: %s\n", good[i]);
    }
}

static void what_json_c_would_accept_is_refused(void)
{
    static const char *const bad[] = {
        "NaN", "Infinity", "-Infinity", "{'a':1}", "1.", "1.e3", "01", "0x10",
        "\"\t\"", "\"\x01\"", "{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}",
        "1e400", "\"\xed\xa0\x80\"", "\"\xc0\xaf\"", "\"\\ud800\"",
        "\"\\udc00\\ud800\"", "\"\\u0000\"", "\"\xff\xfe\"", "9007199254740994",
        "18446744073709551616", "[1,]", "{\"a\":1,}", "{\"a\" 1}", "{a:1}",
        "// x\n1", "TRUE", "nul", "\"a", "{", "[", "", " ", "1 2", "{}x", "+1",
        "-", ".5", "\"\\x\"", "\"\xf4\x90\x80\x80\"", "1e", "\"\xe2\x82\"",
    };
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(bad); i++) {
        CU_ASSERT_EQUAL(scan(bad[i], strlen(bad[i])), TT_EJSON);
        if (scan(bad[i], strlen(bad[i])) != TT_EJSON)
            printf("# accepted: %s\n", bad[i]);
    }
    CU_ASSERT_EQUAL(scan("\"a\0b\"", 5), TT_EJSON);
}

static void limits_hold_at_their_edges(void)
{
    const struct json_limits small = { 20, 3, 4 };
    struct err e = { 0 };

    CU_ASSERT_EQUAL(json_scan("[[[1]]]", 7, &small, &e), 0);
    CU_ASSERT_EQUAL(json_scan("[[[[]]]]", 8, &small, &e), TT_EJSON);
    CU_ASSERT_EQUAL(json_scan("[1,2,3]", 7, &small, &e), 0);
    CU_ASSERT_EQUAL(json_scan("[1,2,3,4]", 9, &small, &e), TT_ETOOBIG);
    CU_ASSERT_EQUAL(json_scan("\"123456789012345678\"", 20, &small, &e), 0);
    CU_ASSERT_EQUAL(json_scan("\"1234567890123456789\"", 21, &small, &e),
                    TT_ETOOBIG);
}

static void an_error_names_line_and_column(void)
{
    struct err e = { 0 };

    CU_ASSERT_EQUAL(json_scan("{\n  \"a\": nope\n}", 15, &json_limits_request,
                              &e), TT_EJSON);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "line 2, column 8"));
}

static void every_prefix_of_a_document_is_refused(void)
{
    static const char text[] = "{\"a\":[1.5e3,true,\"x\\u00e9\"],\"b\":{}}";
    size_t n;

    for (n = 0; n < sizeof text - 1; n++)
        CU_ASSERT_EQUAL(scan(text, n), TT_EJSON);
    CU_ASSERT_EQUAL(scan(text, sizeof text - 1), 0);
}

static void a_bare_number_and_null_are_values(void)
{
    struct err e = { 0 };
    json_object *o = json_parse("42", 2, &json_limits_request, &e);

    CU_ASSERT_EQUAL(json_object_get_int(o), 42);
    json_object_put(o);
    o = json_parse("null", 4, &json_limits_request, &e);
    CU_ASSERT_PTR_NULL(o);
    CU_ASSERT_EQUAL(e.code, 0);
}

static void check_canonical(const char *in, const char *want)
{
    struct err e = { 0 };
    json_object *o = json_parse(in, strlen(in), &json_limits_request, &e);
    char *got = json_canonical_dup(o);

    CU_ASSERT_STRING_EQUAL(got, want);
    if (strcmp(got, want) != 0)
        printf("# got %s\n# want %s\n", got, want);
    free(got);
    json_object_put(o);
}

/* RFC 8785, 3.2.2 and 3.2.3. */
static void canonical_form_follows_the_rfc(void)
{
    check_canonical(
        "{\"numbers\":[333333333.33333329,1E30,4.50,2e-3,"
        "0.000000000000000000000000001],\"string\":\"\\u20ac$\\u000F\\u000a"
        "A'\\u0042\\u0022\\u005c\\\\\\\"\\/\",\"literals\":[null,true,false]}",
        "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,"
        "4.5,0.002,1e-27],\"string\":\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\"
        "\\\\\\\"/\"}");
    check_canonical("{\"\\ufb33\":1,\"\\ud83d\\ude00\":2,\"\\u20ac\":3,"
                    "\"\\r\":4,\"1\":5,\"\\u0080\":6,\"\\u00f6\":7}",
                    "{\"\\r\":4,\"1\":5,\"\xc2\x80\":6,\"\xc3\xb6\":7,"
                    "\"\xe2\x82\xac\":3,\"\xf0\x9f\x98\x80\":2,"
                    "\"\xef\xac\xb3\":1}");
}

/* RFC 8785, appendix B. */
static void numbers_are_ecmascript_s_shortest(void)
{
    static const struct {
        double value;
        const char *text;
    } rows[] = {
        { 0.0, "0" }, { -0.0, "0" }, { 5e-324, "5e-324" },
        { 1.7976931348623157e308, "1.7976931348623157e+308" },
        { 9007199254740992.0, "9007199254740992" },
        { 295147905179352830000.0, "295147905179352830000" },
        { 9.999999999999997e22, "9.999999999999997e+22" }, { 1e23, "1e+23" },
        { 999999999999999700000.0, "999999999999999700000" },
        { 1e21, "1e+21" }, { 9.999999999999997e-7, "9.999999999999997e-7" },
        { 0.000001, "0.000001" }, { 333333333.3333332, "333333333.3333332" },
        { -1.5, "-1.5" }, { 100, "100" }, { 0.1, "0.1" },
    };
    char text[32];
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(rows); i++) {
        json_number(rows[i].value, text);
        CU_ASSERT_STRING_EQUAL(text, rows[i].text);
    }
}

static void getters_say_what_is_wrong(void)
{
    struct err e = { 0 };
    json_object *o = json_parse("{\"n\":1.5,\"s\":\"x\"}", 17,
                                &json_limits_request, &e);
    struct json_at at = { o, "target w/n" };
    static const char *const known[] = { "n", NULL };
    const char *s;
    int64_t i;
    double d;

    CU_ASSERT_EQUAL(json_get_num(at, "n", NULL, &d, &e), 0);
    CU_ASSERT_EQUAL(d, 1.5);
    CU_ASSERT_EQUAL(json_get_str(at, "n", NULL, &s, &e), TT_EINVAL);
    CU_ASSERT_STRING_EQUAL(e.text,
                           "target w/n: n: must be a string, is a number");
    CU_ASSERT_EQUAL(json_get_int(at, "n", NULL, 0, 9, &i, &e), TT_EINVAL);
    CU_ASSERT_EQUAL(json_get_str(at, "m", NULL, &s, &e), TT_EINVAL);
    CU_ASSERT_STRING_EQUAL(e.text, "target w/n: m: is missing");
    CU_ASSERT_EQUAL(json_get_str(at, "m", "d", &s, &e), 0);
    CU_ASSERT_STRING_EQUAL(s, "d");
    CU_ASSERT_EQUAL(json_only(at, known, &e), TT_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "target w/n: s:"));
    json_object_put(o);
}

static CU_TestInfo tests[] = {
    { "strict JSON is accepted", strict_json_is_accepted },
    { "what json-c would accept is refused",
      what_json_c_would_accept_is_refused },
    { "limits hold at their edges", limits_hold_at_their_edges },
    { "an error names line and column", an_error_names_line_and_column },
    { "every prefix of a document is refused",
      every_prefix_of_a_document_is_refused },
    { "a bare number and null are values", a_bare_number_and_null_are_values },
    { "canonical form follows RFC 8785", canonical_form_follows_the_rfc },
    { "numbers are ECMAScript's shortest", numbers_are_ecmascript_s_shortest },
    { "getters say what is wrong", getters_say_what_is_wrong },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("json", tests);
}
