/* SPDX-License-Identifier: MIT
 *
 * space_test.c - documents become spaces, candidates become JSON. */
#include "core/engine/space.h"

#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "tests/unit/json_of.h"
#include "tests/unit/tap.h"

#define NOTHING ((double)NAN) /* clang: it is a float */

static struct space *space_of(const char *quoted, struct err *e)
{
    json_object *nodes = json_of(quoted);
    struct space *s = space_create(nodes, e);

    json_object_put(nodes);
    return s;
}

static const char full[] =
    "{'answer':{'temperature':{'type':"
    "'float','min':0,'max':2,'default':0.7},"
    "'top_k':{'type':'int','min':1,'max':100,'log':true},"
    "'style':{'type':'categorical','choices':['short','long','3b'],"
    "'default':'long'},"
    "'size':{'type':'ordinal','choices':[1,2,4],'when':{'parameter':'style',"
    "'in':['short','3b']}},"
    "'cot':{'type':'bool'},"
    "'prompt':{'type':'text','default':'Q: {question}',"
    "'placeholders':['{question}'],'max_bytes':40}}}";

static int index_of(const struct space *s, const char *name)
{
    uint64_t i;

    for (i = 0; i < s->tt.n_params; i++)
        if (tt_str_equal(tt_space_param(&s->tt, i)->name, tt_str_of(name)))
            return (int)i;
    return -1;
}

static void every_kind_becomes_a_parameter(void)
{
    struct err e = { 0 };
    struct space *s = space_of(full, &e);
    const struct tt_param *p;

    CU_ASSERT_PTR_NOT_NULL(s);
    if (s == NULL) {
        printf("# %s\n", e.text);
        return;
    }
    CU_ASSERT_EQUAL(s->tt.n_params, 6);
    p = tt_space_param(&s->tt, (uint64_t)index_of(s, "answer.temperature"));
    CU_ASSERT_EQUAL(p->kind, TT_FLOAT);
    CU_ASSERT(p->lo == 0.0 && p->hi == 2.0 && p->default_number == 0.7);
    p = tt_space_param(&s->tt, (uint64_t)index_of(s, "answer.top_k"));
    CU_ASSERT_EQUAL(p->kind, TT_INT);
    CU_ASSERT_EQUAL(p->flags, TT_PARAM_LOG);
    CU_ASSERT(p->default_number == 10.0); /* the middle of a log scale */
    p = tt_space_param(&s->tt, (uint64_t)index_of(s, "answer.style"));
    CU_ASSERT_EQUAL(p->kind, TT_CATEGORICAL);
    CU_ASSERT_EQUAL(p->n_choices, 3);
    CU_ASSERT_STRING_EQUAL(p->choices[2].p, "3b");
    CU_ASSERT(p->default_number == 1.0);
    p = tt_space_param(&s->tt, (uint64_t)index_of(s, "answer.prompt"));
    CU_ASSERT_EQUAL(p->max_bytes, 40);
    CU_ASSERT_EQUAL(p->n_placeholders, 1);
    CU_ASSERT(json_is(json_child(json_child(s->document, "answer"), "cot"),
                      "{'type':'bool','default':false}"));
    space_destroy(s);
}

static void a_condition_stands_behind_its_parent(void)
{
    struct space *s = space_of(full, NULL);
    int size = index_of(s, "answer.size"), style = index_of(s, "answer.style");
    const struct tt_param *p = tt_space_param(&s->tt, (uint64_t)size);

    CU_ASSERT(size > style); /* though "size" < "style" */
    CU_ASSERT_EQUAL(p->parent, style);
    CU_ASSERT_EQUAL(p->n_parent_values, 2);
    CU_ASSERT(p->parent_values[0] == 0.0 && p->parent_values[1] == 2.0);
    space_destroy(s);
}

static void order_does_not_depend_on_the_text(void)
{
    struct space *a = space_of("{'b':{'y':{'type':'bool'},'x':{'type':'bool'}},"
                               "'a':{'z':{'type':'bool'}}}",
                               NULL);
    struct space *b = space_of("{'a':{'z':{'type':'bool'}},"
                               "'b':{'x':{'type':'bool'},'y':{'type':'bool'}}}",
                               NULL);
    uint64_t i;

    CU_ASSERT_EQUAL(a->tt.n_params, 3);
    for (i = 0; i < 3; i++)
        CU_ASSERT(tt_str_equal(tt_space_param(&a->tt, i)->name,
                               tt_space_param(&b->tt, i)->name));
    space_destroy(a);
    space_destroy(b);
}

/* One bad document after the other, and what its refusal says. */
static void bad_documents_are_refused_by_name(void)
{
    static const struct {
        const char *document, *says;
    } bad[] = {
        { "{}", "no parameters" },
        { "{'a b':{'x':{'type':'bool'}}}", "a b" },
        { "{'a':{}}", "a: wants" },
        { "{'a':{'x.y':{'type':'bool'}}}", "x.y" },
        { "{'a':{'x':{'type':'real'}}}", "a.x: type" },
        { "{'a':{'x':{'min':0}}}", "a.x: type" },
        { "{'a':{'x':{'type':'float','min':0}}}", "max" },
        { "{'a':{'x':{'type':'float','min':1,'max':1}}}", "fixed" },
        { "{'a':{'x':{'type':'float','min':0,'max':1,'log':true}}}", "log" },
        { "{'a':{'x':{'type':'float','min':0,'max':1,'step':2}}}", "step" },
        { "{'a':{'x':{'type':'int','min':0.5,'max':3}}}", "whole" },
        { "{'a':{'x':{'type':'int','min':0,'max':3,'default':4}}}",
          "default: a.x" },
        { "{'a':{'x':{'type':'float','min':0,'max':1,'step':0.25,"
          "'default':0.3}}}",
          "grid" },
        { "{'a':{'x':{'type':'bool','choices':[1]}}}", "choices" },
        { "{'a':{'x':{'type':'categorical','choices':[]}}}", "choices" },
        { "{'a':{'x':{'type':'categorical','choices':['a','a']}}}", "twice" },
        { "{'a':{'x':{'type':'categorical','choices':[['a']]}}}",
          "element 0" },
        { "{'a':{'x':{'type':'categorical','choices':['a'],'default':'b'}}}",
          "must be one of" },
        { "{'a':{'x':{'type':'categorical','choices':['[[k]]']}}}", "vault" },
        { "{'a':{'x':{'type':'categorical','choices':['a',1]}}}",
          "all strings or all numbers" },
        { "{'a':{'x':{'type':'ordinal','choices':['1','2.5e1']}}}",
          "without quotes" },
        { "{'a.b':{'x':{'type':'bool'}}}", "a dot" },
        { "{'a':{'x':{'type':'text'}}}", "default" },
        { "{'a':{'x':{'type':'text','default':'hi',"
          "'placeholders':['{q}']}}}",
          "{q}" },
        { "{'a':{'x':{'type':'bool','when':{'parameter':'y','in':[true]}}}}",
          "no parameter \"y\"" },
        { "{'a':{'x':{'type':'bool','when':{'parameter':'x','in':[true]}}}}",
          "circle" },
        { "{'a':{'x':{'type':'bool','when':{'parameter':'f','in':[1]}},"
          "'f':{'type':'float','min':0,'max':1}}}",
          "float or a text" },
        { "{'a':{'x':{'type':'bool','when':{'parameter':'c','in':['z']}},"
          "'c':{'type':'categorical','choices':['a']}}}",
          "when: in" },
    };
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(bad); i++) {
        struct err e = { 0 };
        struct space *s = space_of(bad[i].document, &e);

        CU_ASSERT_PTR_NULL(s);
        CU_ASSERT(err_says(&e, TT_EINVAL, bad[i].says));
        space_destroy(s);
    }
}

static int check_json(const struct space *s, const char *quoted, struct err *e)
{
    json_object *values = json_of(quoted);
    struct candidate c;
    int rc = space_from_json(s, values, &c, e);

    if (rc == 0)
        candidate_fini(&c);
    json_object_put(values);
    return rc;
}

static void candidates_go_to_json_and_back(void)
{
    struct space *s = space_of(full, NULL);
    json_object *values = json_of(
        "{'answer':{'temperature':0.25,'style':'3b','size':4,"
        "'prompt':'A {question}?'}}");
    struct candidate c = { 0 };
    json_object *back;

    CU_ASSERT_EQUAL(space_from_json(s, values, &c, NULL), 0);
    back = space_to_json(s, &c.tt);
    CU_ASSERT(json_is(back, "{'answer':{'temperature':0.25,'style':'3b',"
                            "'size':4,'prompt':'A {question}?','top_k':10,"
                            "'cot':false}}"));
    json_object_put(back);
    json_object_put(values);
    candidate_fini(&c);
    space_destroy(s);
}

static void inactive_values_are_left_out(void)
{
    struct space *s = space_of(full, NULL);
    json_object *a = json_of("{'answer':{'style':'long','size':4}}");
    json_object *b = json_of("{'answer':{'style':'long','size':2}}");
    struct candidate ca = { 0 }, cb = { 0 };
    char ha[65] = "", hb[65] = "";
    json_object *back;

    CU_ASSERT_EQUAL(space_from_json(s, a, &ca, NULL), 0);
    CU_ASSERT_EQUAL(space_from_json(s, b, &cb, NULL), 0);
    back = space_to_json(s, &ca.tt);
    CU_ASSERT_PTR_NULL(json_child(json_child(back, "answer"), "size"));
    space_hash(s, &ca.tt, ha);
    space_hash(s, &cb.tt, hb);
    CU_ASSERT_STRING_EQUAL(ha, hb);
    CU_ASSERT_EQUAL(strlen(ha), 64);
    json_object_put(back);
    json_object_put(a);
    json_object_put(b);
    candidate_fini(&ca);
    candidate_fini(&cb);
    space_destroy(s);
}

static void what_is_no_point_of_the_space_is_refused(void)
{
    struct space *s = space_of(full, NULL);
    static const struct {
        const char *values, *says;
    } bad[] = {
        { "{'judge':{}}", "judge: no such node" },
        { "{'answer':{'temprature':1}}", "answer.temprature: no such" },
        { "{'answer':{'temperature':'hot'}}", "must be a number, is string" },
        { "{'answer':{'temperature':null}}", "is null" },
        { "{'answer':{'temperature':2.5}}", "out of range" },
        { "{'answer':{'top_k':1.5}}", "whole" },
        { "{'answer':{'style':'medium'}}", "[\"short\",\"long\",\"3b\"]" },
        { "{'answer':{'cot':1}}", "true or false" },
        { "{'answer':{'prompt':'no hole'}}", "{question}" },
        { "{'answer':{'prompt':'0123456789012345678901234567890 {question}'}}",
          "at most 40" },
    };
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(bad); i++) {
        struct err e = { 0 };

        CU_ASSERT_EQUAL(check_json(s, bad[i].values, &e), TT_EINVAL);
        CU_ASSERT(err_says(&e, TT_EINVAL, bad[i].says));
    }
    space_destroy(s);
}

/* What only a plugin could say: JSON has been scanned. */
static void a_plugin_cannot_smuggle_values_in(void)
{
    struct space *s = space_of("{'a':{'f':{'type':'float','min':0,'max':1,"
                               "'step':0.1},"
                               "'p':{'type':'text','default':'x'},"
                               "'c':{'type':'categorical','choices':[1,2]}}}",
                               NULL);
    static const struct {
        double choice, number;
        const char *text;
        size_t n;
        const char *says; /* NULL: it is fine */
    } tries[] = {
        { 0, 0.3, "y", 1, NULL },
        { 0, 0.1 + 0.2, "y", 1, NULL }, /* 0.30000000000000004 */
        { 0, 0.3, "\xC3\xA4", 2, NULL },
        { 0, 0.3, "", 0, NULL },
        { 0, NOTHING, "y", 1, "not a finite" },
        { 0, HUGE_VAL, "y", 1, "not a finite" },
        { 0, 0.35, "y", 1, "grid" },
        { 0, -0.1, "y", 1, "range" },
        { 2, 0.3, "y", 1, "choices" },
        { 0.5, 0.3, "y", 1, "choices" },
        { -1, 0.3, "y", 1, "choices" },
        { 0, 0.3, "a\0b", 3, "NUL" },
        { 0, 0.3, "\xED\xA0\x80", 3, "UTF-8" }, /* a lone surrogate */
        { 0, 0.3, "\xC0\xAF", 2, "UTF-8" },     /* overlong */
        { 0, 0.3, "ok\xC3", 3, "UTF-8 at byte 2" },
        { 0, 0.3, " [[key]]\n", 9, "vault" },
        { 0, 0.3, "see [[key]]", 11, NULL },
    };
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(tries); i++) {
        struct tt_value values[3] = { { .number = tries[i].choice },
                                      { .number = tries[i].number },
                                      { .text = { tries[i].text,
                                                  tries[i].n } } };
        struct tt_candidate c = { .size = sizeof c,
                                  .value_size = sizeof values[0],
                                  .n_values = 3,
                                  .values = values };
        struct err e = { 0 };
        int rc = space_check(s, &c, &e);

        CU_ASSERT_EQUAL(rc, tries[i].says == NULL ? 0 : TT_EINVAL);
        if (tries[i].says != NULL)
            CU_ASSERT(err_says(&e, TT_EINVAL, tries[i].says));
        c.n_values = 2;
        CU_ASSERT_EQUAL(space_check(s, &c, NULL), TT_EINVAL);
    }
    space_destroy(s);
}

static void a_copy_owns_its_memory(void)
{
    struct space *s = space_of("{'a':{'p':{'type':'text','default':'x'}}}",
                               NULL);
    char text[] = "hello";
    struct tt_value value = { .text = { text, 5 } };
    struct tt_candidate c = { .size = sizeof c, .value_size = sizeof value,
                              .n_values = 1, .values = &value,
                              .origin = tt_str_of("model") };
    struct candidate copy;
    json_object *json;

    candidate_copy(&copy, s, &c);
    memset(text, 'x', 5);
    json = space_to_json(s, &copy.tt);
    CU_ASSERT(json_is(json, "{'a':{'p':'hello'}}"));
    CU_ASSERT(tt_str_equal(copy.tt.origin, tt_str_of("model")));
    json_object_put(json);
    candidate_fini(&copy);
    space_destroy(s);
}

static void a_fixed_parameter_keeps_its_default(void)
{
    struct space *s = space_of("{'a':{'x':{'type':'int','min':1,'max':9,"
                               "'default':3,'fixed':true}}}",
                               NULL);
    struct err e = { 0 };

    CU_ASSERT_EQUAL(check_json(s, "{'a':{'x':3}}", &e), 0);
    CU_ASSERT_EQUAL(check_json(s, "{'a':{'x':4}}", &e), TT_EINVAL);
    CU_ASSERT(err_says(&e, TT_EINVAL, "fixed"));
    CU_ASSERT_EQUAL(space_size(s), 1);
    space_destroy(s);
}

static void the_size_counts_every_point_once(void)
{
    static const struct {
        const char *document;
        uint64_t size;
    } spaces[] = {
        { "{'a':{'x':{'type':'bool'}}}", 2 },
        { "{'a':{'x':{'type':'float','min':0,'max':1}}}", 0 },
        { "{'a':{'x':{'type':'float','min':0,'max':1,'step':0.1}}}", 11 },
        { "{'a':{'x':{'type':'int','min':-2,'max':2},'y':{'type':'bool'}}}",
          10 },
        { "{'a':{'x':{'type':'text','default':''}}}", 0 },
        { "{'a':{'x':{'type':'text','default':'','fixed':true}}}", 1 },
        { full, 0 },
        /* long: 1; short and 3b: three sizes each */
        { "{'a':{'s':{'type':'categorical','choices':['short','long','3b']},"
          "'n':{'type':'ordinal','choices':[1,2,4],"
          "'when':{'parameter':'s','in':['short','3b']}}}}",
          7 },
        /* c=0..9; 2 switches x on (2 points), 2 and 3 switch y on (3) */
        { "{'a':{'c':{'type':'int','min':0,'max':9},"
          "'x':{'type':'bool','when':{'parameter':'c','in':[2]}},"
          "'y':{'type':'int','min':1,'max':3,"
          "'when':{'parameter':'c','in':[3,2]}}}}",
          8 + 6 + 3 },
        { "{'a':{'x':{'type':'int','min':0,'max':9007199254740991},"
          "'y':{'type':'int','min':0,'max':9007199254740991}}}",
          0 },
    };
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(spaces); i++) {
        struct space *s = space_of(spaces[i].document, NULL);

        CU_ASSERT_PTR_NOT_NULL(s);
        if (s == NULL)
            continue;
        CU_ASSERT_EQUAL(space_size(s), spaces[i].size);
        space_destroy(s);
    }
}

static CU_TestInfo tests[] = {
    { "every kind becomes a parameter", every_kind_becomes_a_parameter },
    { "a condition stands behind its parent",
      a_condition_stands_behind_its_parent },
    { "order does not depend on the text", order_does_not_depend_on_the_text },
    { "bad documents are refused by name", bad_documents_are_refused_by_name },
    { "candidates go to JSON and back", candidates_go_to_json_and_back },
    { "inactive values are left out", inactive_values_are_left_out },
    { "what is no point of the space is refused",
      what_is_no_point_of_the_space_is_refused },
    { "a plugin cannot smuggle values in", a_plugin_cannot_smuggle_values_in },
    { "a copy owns its memory", a_copy_owns_its_memory },
    { "a fixed parameter keeps its default",
      a_fixed_parameter_keeps_its_default },
    { "the size counts every point once", the_size_counts_every_point_once },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("space", tests);
}
