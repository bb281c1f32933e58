/* SPDX-License-Identifier: MIT
 *
 * dataset_test.c - cases, splits, and how the rest is dealt out. */
#include "core/engine/dataset.h"

#include <string.h>

#include "core/base/mem.h"
#include "tests/unit/json_of.h"
#include "tests/unit/tap.h"

/* n cases without a split, from case number `first`. */
static json_object *many(int n, int first, const char *split)
{
    json_object *document = json_object_new_object();
    json_object *cases = json_object_new_array();
    int i;

    for (i = first; i < first + n; i++) {
        json_object *one = json_object_new_object();
        char text[32];

        snprintf(text, sizeof text, "question %d", i);
        json_set_str(one, "q", text);
        json_object_array_add(cases, one);
    }
    json_set(document, "cases", cases);
    if (split != NULL)
        json_set(document, "split", json_of(split));
    return document;
}

static const char *split_at(json_object *document, size_t i)
{
    return json_str(json_object_array_get_idx(json_child(document, "cases"), i),
                    "split");
}

static void count(json_object *document, size_t n[3])
{
    size_t i, m = json_object_array_length(json_child(document, "cases"));

    memset(n, 0, 3 * sizeof *n);
    for (i = 0; i < m; i++) {
        const char *split = split_at(document, i);

        n[0] += strcmp(split, "train") == 0;
        n[1] += strcmp(split, "validation") == 0;
        n[2] += strcmp(split, "holdout") == 0;
    }
}

static void cases_are_dealt_out_by_the_ratios(void)
{
    json_object *d = many(20, 0, "{'train':0.5,'validation':0.25,"
                                 "'holdout':0.25,'seed':7}");
    size_t n[3];

    CU_ASSERT_EQUAL(dataset_check(d, NULL), 0);
    count(d, n);
    CU_ASSERT(n[0] == 10 && n[1] == 5 && n[2] == 5);
    json_object_put(d);
}

static void without_ratios_there_are_usual_ones(void)
{
    json_object *d = many(10, 0, NULL);
    size_t n[3];

    CU_ASSERT_EQUAL(dataset_check(d, NULL), 0);
    count(d, n);
    CU_ASSERT(n[0] == 4 && n[1] == 3 && n[2] == 3);
    json_object_put(d);
}

static void a_single_case_is_for_validation(void)
{
    json_object *d = many(1, 0, "{'train':1,'validation':0,'holdout':0}");

    CU_ASSERT_EQUAL(dataset_check(d, NULL), 0);
    CU_ASSERT_STRING_EQUAL(split_at(d, 0), "validation");
    json_object_put(d);
}

static void dealing_is_a_function_of_seed_and_content(void)
{
    json_object *a = many(30, 0, NULL), *b = many(30, 0, NULL), *c, *cases;
    json_object *seeded = many(30, 0, "{'train':0.4,'validation':0.3,"
                                      "'holdout':0.3,'seed':2}");
    size_t i, moved = 0;

    CU_ASSERT_EQUAL(dataset_check(a, NULL), 0);
    CU_ASSERT_EQUAL(dataset_check(b, NULL), 0);
    CU_ASSERT_EQUAL(dataset_check(seeded, NULL), 0);
    CU_ASSERT(json_equal(a, b));
    for (i = 0; i < 30; i++)
        moved += strcmp(split_at(a, i), split_at(seeded, i)) != 0;
    CU_ASSERT(moved > 5);
    /* the same cases backwards: each goes where it went before */
    c = json_object_new_object();
    cases = json_object_new_array();
    for (i = 30; i > 0; i--) {
        json_object *one = json_copy(json_object_array_get_idx(
            json_child(a, "cases"), i - 1));

        json_object_object_del(one, "split");
        json_object_array_add(cases, one);
    }
    json_set(c, "cases", cases);
    CU_ASSERT_EQUAL(dataset_check(c, NULL), 0);
    for (i = 0; i < 30; i++)
        CU_ASSERT_STRING_EQUAL(split_at(a, i), split_at(c, 29 - i));
    json_object_put(a);
    json_object_put(b);
    json_object_put(c);
    json_object_put(seeded);
}

static void checking_twice_changes_nothing(void)
{
    json_object *d = many(12, 0, NULL), *once;

    CU_ASSERT_EQUAL(dataset_check(d, NULL), 0);
    once = json_copy(d);
    CU_ASSERT_EQUAL(dataset_check(d, NULL), 0);
    CU_ASSERT(json_equal(d, once));
    json_object_put(once);
    json_object_put(d);
}

static void bad_datasets_name_the_case(void)
{
    static const struct {
        const char *document, *says;
    } bad[] = {
        { "[]", "must be an object" },
        { "{}", "cases" },
        { "{'cases':[]}", "wants 1 to" },
        { "{'cases':[{'q':1},7]}", "case 1: must be an object" },
        { "{'cases':[{'q':1,'split':'test'}]}", "case 0: split" },
        { "{'cases':[{'q':1,'id':''}]}", "case 0: id" },
        { "{'cases':[{'q':1,'id':7}]}", "case 0: id" },
        { "{'cases':[{'q':1,'id':'a'},{'q':2,'id':'a'}]}",
          "case 1: id: \"a\" is there already" },
        { "{'cases':[{'id':'a','split':'train'}]}", "nothing" },
        { "{'cases':[{'q':1,'split':'train'},{'q':2,'split':'holdout'}]}",
          "validation" },
        { "{'cases':[{'q':1}],'split':{'train':0.5,'validation':0.6,"
          "'holdout':0}}",
          "add up to 1" },
        { "{'cases':[{'q':1}],'split':{'train':-1,'validation':1,"
          "'holdout':1}}",
          "train" },
        { "{'cases':[{'q':1}],'split':{'test':1}}", "test" },
        { "{'cases':[{'q':1}],'more':1}", "more" },
    };
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(bad); i++) {
        json_object *d = json_of(bad[i].document);
        struct err e = { 0 };

        CU_ASSERT_EQUAL(dataset_check(d, &e), TT_EINVAL);
        CU_ASSERT(err_says(&e, TT_EINVAL, bad[i].says));
        json_object_put(d);
    }
}

static void a_dataset_has_its_cases_by_split(void)
{
    json_object *d = json_of(
        "{'cases':[{'q':'a','split':'train','id':'q1'},"
        "{'q':'b','split':'holdout'},{'q':'c','split':'validation'},"
        "{'q':'d','split':'train'}]}");
    struct dataset *set;

    CU_ASSERT_EQUAL(dataset_check(d, NULL), 0);
    set = dataset_create("qa", 3, d, NULL);
    CU_ASSERT_PTR_NOT_NULL(set);
    CU_ASSERT_STRING_EQUAL(set->name, "qa");
    CU_ASSERT_EQUAL(set->version, 3);
    CU_ASSERT_EQUAL(set->n[TT_TRAIN], 2);
    CU_ASSERT_EQUAL(set->n[TT_VALIDATION], 1);
    CU_ASSERT_EQUAL(set->n[TT_HOLDOUT], 1);
    CU_ASSERT_STRING_EQUAL(set->cases[TT_TRAIN][0],
                           "{\"id\":\"q1\",\"q\":\"a\"}");
    CU_ASSERT_STRING_EQUAL(set->names[TT_TRAIN][0], "q1");
    CU_ASSERT_PTR_NULL(set->names[TT_TRAIN][1]);
    CU_ASSERT_STRING_EQUAL(set->cases[TT_HOLDOUT][0], "{\"q\":\"b\"}");
    CU_ASSERT_EQUAL(strlen(set->hash), 64);
    dataset_destroy(set);
    json_object_put(d);
}

static void an_unchecked_document_is_refused(void)
{
    json_object *d = many(2, 0, NULL);
    struct err e = { 0 };

    CU_ASSERT_PTR_NULL(dataset_create("qa", 1, d, &e));
    CU_ASSERT(err_says(&e, TT_EINVAL, "case 0 has no split"));
    json_object_put(d);
}

static CU_TestInfo tests[] = {
    { "cases are dealt out by the ratios", cases_are_dealt_out_by_the_ratios },
    { "without ratios there are usual ones",
      without_ratios_there_are_usual_ones },
    { "a single case is for validation", a_single_case_is_for_validation },
    { "dealing is a function of seed and content",
      dealing_is_a_function_of_seed_and_content },
    { "checking twice changes nothing", checking_twice_changes_nothing },
    { "bad datasets name the case", bad_datasets_name_the_case },
    { "a dataset has its cases by split", a_dataset_has_its_cases_by_split },
    { "an unchecked document is refused", an_unchecked_document_is_refused },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("dataset", tests);
}
