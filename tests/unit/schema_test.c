/* SPDX-License-Identifier: MIT
 *
 * schema_test.c - the subset of JSON Schema: each keyword holds and refuses. */
#include "config.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/schema.h"
#include "tests/unit/tap.h"

static int run(const char *schema_text, const char *value_text, struct err *e,
               char **after)
{
    json_object *schema = json_tokener_parse(schema_text);
    json_object *value = json_tokener_parse(value_text);
    int code = schema_apply(schema, value, "doc", e);

    if (after != NULL)
        *after = json_canonical_dup(value);
    json_object_put(schema);
    json_object_put(value);
    return code;
}

static void each_keyword_holds_and_refuses(void)
{
    static const struct {
        const char *schema, *good, *bad;
    } rows[] = {
        { "{\"type\":\"integer\"}", "3", "3.5" },
        { "{\"type\":\"number\"}", "3.5", "\"3\"" },
        { "{\"type\":[\"string\",\"null\"]}", "\"x\"", "1" },
        { "{\"type\":\"boolean\"}", "true", "0" },
        { "{\"enum\":[\"a\",1]}", "1.0", "\"b\"" },
        { "{\"const\":{\"a\":1}}", "{\"a\":1.0}", "{\"a\":2}" },
        { "{\"minimum\":1}", "1", "0.999" },
        { "{\"maximum\":1}", "1", "1.001" },
        { "{\"exclusiveMinimum\":1}", "1.1", "1" },
        { "{\"exclusiveMaximum\":1}", "0.9", "1" },
        { "{\"minLength\":2}", "\"\xc3\xa9\xc3\xa9\"", "\"\xc3\xa9\"" },
        { "{\"maxLength\":1}", "\"\xc3\xa9\"", "\"ab\"" },
        { "{\"pattern\":\"^a+$\"}", "\"aa\"", "\"ab\"" },
        { "{\"minItems\":1}", "[1]", "[]" },
        { "{\"maxItems\":1}", "[1]", "[1,2]" },
        { "{\"items\":{\"type\":\"string\"}}", "[\"a\"]", "[\"a\",1]" },
        { "{\"required\":[\"a\"]}", "{\"a\":1}", "{\"b\":1}" },
        { "{\"properties\":{\"a\":{}},\"additionalProperties\":false}",
          "{\"a\":1}", "{\"b\":1}" },
        { "{\"additionalProperties\":{\"type\":\"string\"}}", "{\"a\":\"x\"}",
          "{\"a\":1}" },
    };
    struct err e = { 0 };
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(rows); i++) {
        CU_ASSERT_EQUAL(run(rows[i].schema, rows[i].good, &e, NULL), 0);
        CU_ASSERT_EQUAL(run(rows[i].schema, rows[i].bad, &e, NULL), TT_EINVAL);
    }
}

static void defaults_are_filled_in_at_every_level(void)
{
    struct err e = { 0 };
    char *after;

    CU_ASSERT_EQUAL(
        run("{\"properties\":{\"a\":{\"default\":{},\"properties\":"
            "{\"b\":{\"default\":7}}}}}", "{}", &e, &after), 0);
    CU_ASSERT_STRING_EQUAL(after, "{\"a\":{\"b\":7}}");
    free(after);
}

static void an_error_names_document_and_place(void)
{
    struct err e = { 0 };

    run("{\"properties\":{\"list\":{\"items\":{\"type\":\"string\"}}}}",
        "{\"list\":[\"a\",2]}", &e, NULL);
    CU_ASSERT_STRING_EQUAL(e.text, "doc: /list/1: must be string, is 2");
}

static void an_unknown_keyword_is_an_error_of_the_schema(void)
{
    json_object *schema = json_tokener_parse(
        "{\"properties\":{\"a\":{\"oneOf\":[]}}}");
    struct err e = { 0 };

    CU_ASSERT_EQUAL(schema_check(schema, &e), TT_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "/a: oneOf"));
    json_object_put(schema);
}

static void a_schema_that_would_bind_nothing_is_refused(void)
{
    static const char *const bad[] = {
        "[]", "{\"type\":\"text\"}", "{\"type\":[[\"string\"]]}",
        "{\"type\":{}}", "{\"minimum\":\"1\"}", "{\"maxLength\":-1}",
        "{\"minItems\":1.5}", "{\"enum\":\"a\"}", "{\"enum\":[]}",
        "{\"required\":\"a\"}", "{\"required\":[1]}", "{\"pattern\":\"(\"}",
        "{\"pattern\":1}", "{\"properties\":[]}", "{\"items\":[]}",
        "{\"additionalProperties\":1}", "{\"items\":{\"minimum\":null}}",
        "{\"patternProperties\":{}}", "{\"$ref\":\"#/x\"}",
    };
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(bad); i++) {
        json_object *schema = json_tokener_parse(bad[i]);
        struct err e = { 0 };

        CU_ASSERT_EQUAL(schema_check(schema, &e), TT_EINVAL);
        if (e.code == 0)
            printf("# taken: %s\n", bad[i]);
        json_object_put(schema);
    }
}

static void a_place_is_a_json_pointer(void)
{
    char key[900], text[1000];
    struct err e = { 0 };

    run("{\"additionalProperties\":{\"type\":\"string\"}}", "{\"a/b~c\":1}",
        &e, NULL);
    CU_ASSERT_STRING_EQUAL(e.text, "doc: /a~1b~0c: must be string, is 1");
    memset(key, 'k', sizeof key - 1); /* a long one is cut, not overrun */
    key[sizeof key - 1] = '\0';
    snprintf(text, sizeof text, "{\"%s\":{\"x\":1}}", key);
    CU_ASSERT_EQUAL(run("{\"additionalProperties\":{\"additionalProperties\":"
                        "{\"type\":\"string\"}}}", text, &e, NULL),
                    TT_EINVAL);
}

static CU_TestInfo tests[] = {
    { "a schema that would bind nothing is refused",
      a_schema_that_would_bind_nothing_is_refused },
    { "a place is a JSON pointer", a_place_is_a_json_pointer },
    { "each keyword holds and refuses", each_keyword_holds_and_refuses },
    { "defaults are filled in at every level",
      defaults_are_filled_in_at_every_level },
    { "an error names document and place", an_error_names_document_and_place },
    { "an unknown keyword is an error of the schema",
      an_unknown_keyword_is_an_error_of_the_schema },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("schema", tests);
}
