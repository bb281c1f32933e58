/* SPDX-License-Identifier: MIT
 *
 * target_test.c - target documents, alone and joined. */
#include "core/engine/target.h"

#include "core/base/mem.h"
#include "tests/unit/json_of.h"
#include "tests/unit/tap.h"

#define PARAMETERS "'parameters':{'t':{'type':'float','min':0,'max':1}}"
#define PLAIN PARAMETERS ",'evaluation':{'workflow':'eval'}"

static void defaults_are_filled_in(void)
{
    json_object *t = json_of("{" PLAIN "}");
    struct err e = { 0 };

    CU_ASSERT_EQUAL(target_check("demo", "answer", t, &e), 0);
    CU_ASSERT(json_is(
        t, "{'parameters':{'t':{'type':'float','min':0,'max':1,'default':0.5}},"
           "'adapter':{'plugin':'orcheo','config':{}},"
           "'evaluation':{'workflow':'eval','cases_per_run':1,"
           "'timeout_seconds':300,'retries':2},"
           "'aggregate':'mean','delivery':{'mode':'pull'},"
           "'promote':'manual'}"));
    CU_ASSERT_EQUAL(target_check("demo", "answer", t, &e), 0); /* again */
    json_object_put(t);
}

static void everything_that_a_target_may_say_is_kept(void)
{
    const char *said =
        "{" PARAMETERS ",'adapter':{'plugin':'local','config':{'x':1}},"
        "'evaluation':{'mode':'slots','cases_per_run':4,'timeout_seconds':9,"
        "'retries':0},'dataset':'qa@3',"
        "'objective':{'metric':'score.mrr','direction':'minimize'},"
        "'guardrails':[{'metric':'safe.compliant','min':1},"
        "{'metric':'cost','min':0,'max':2}],"
        "'metrics':{'cost':'/node_results/bill/total'},'aggregate':'median',"
        "'delivery':{'mode':'push','workflow':'prod','version':2},"
        "'promote':'auto','description':'why'}";
    json_object *t = json_of(said), *before = json_of(said);

    CU_ASSERT_EQUAL(target_check("demo", "answer", t, NULL), 0);
    json_set_num(json_child(json_child(before, "parameters"), "t"), "default",
                 0.5);
    CU_ASSERT(json_equal(t, before));
    json_object_put(t);
    json_object_put(before);
}

static void bad_targets_are_refused_by_name(void)
{
    static const struct {
        const char *document, *says;
    } bad[] = {
        { "[]", "target demo/answer: must be an object" },
        { "{'evaluation':{}}", "target demo/answer: parameters" },
        { "{" PARAMETERS "}", "evaluation" },
        { "{" PLAIN ",'objectiv':{}}", "objectiv" },
        { "{'parameters':{'t':{'type':'flot'}},'evaluation':{}}",
          "target demo/answer: parameters: answer.t: type" },
        { "{" PLAIN ",'adapter':{'plug':'x'}}", "adapter: plug" },
        { "{" PARAMETERS ",'evaluation':{'cases_per_run':0}}",
          "evaluation: cases_per_run" },
        { "{" PLAIN ",'dataset':'qa@0'}", "dataset" },
        { "{" PLAIN ",'dataset':'qa@x'}", "dataset" },
        { "{" PLAIN ",'dataset':'@1'}", "dataset" },
        { "{" PLAIN ",'objective':{}}", "objective: metric" },
        { "{" PLAIN ",'objective':{'metric':'a','direction':'up'}}",
          "maximize or minimize, is \"up\"" },
        { "{" PLAIN ",'guardrails':[{'metric':'a'}]}", "guards nothing" },
        { "{" PLAIN ",'guardrails':[{'metric':'a','min':2,'max':1}]}",
          "element 0: min 2 is above max 1" },
        { "{" PLAIN ",'guardrails':{}}", "must be an array" },
        { "{" PLAIN ",'metrics':{'a':1}}", "metrics: a" },
        { "{" PLAIN ",'aggregate':'max'}", "mean, median or min" },
        { "{" PLAIN ",'delivery':{'mode':'push'}}", "delivery: workflow" },
        { "{" PLAIN ",'delivery':{'mode':'drone'}}", "pull or push" },
        { "{" PLAIN ",'promote':'yes'}", "manual or auto" },
    };
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(bad); i++) {
        json_object *t = json_of(bad[i].document);
        struct err e = { 0 };

        CU_ASSERT_EQUAL(target_check("demo", "answer", t, &e), TT_EINVAL);
        CU_ASSERT(err_says(&e, TT_EINVAL, bad[i].says));
        json_object_put(t);
    }
}

/* Two checked targets, "answer" and "judge", and what else they say. */
static json_object *two(const char *answer, const char *judge)
{
    json_object *targets = json_object_new_object();

    json_set(targets, "answer", json_of(answer));
    json_set(targets, "judge", json_of(judge));
    CU_ASSERT_EQUAL(target_check("demo", "answer",
                                 json_child(targets, "answer"), NULL),
                    0);
    CU_ASSERT_EQUAL(target_check("demo", "judge", json_child(targets, "judge"),
                                 NULL),
                    0);
    return targets;
}

static void nodes_are_joined(void)
{
    json_object *targets = two(
        "{" PLAIN ",'dataset':'qa','objective':{'metric':'score'},"
        "'guardrails':[{'metric':'a','min':1}],'promote':'auto',"
        "'metrics':{'m':'/a'},'delivery':{'mode':'push','workflow':'p'}}",
        "{" PLAIN ",'dataset':'qa','objective':{'metric':'score'},"
        "'guardrails':[{'metric':'a','min':1},{'metric':'b','max':2}],"
        "'metrics':{'m':'/a','n':'/b'}}");
    json_object *out = target_join("demo", targets, NULL, NULL);

    CU_ASSERT(json_is(
        out,
        "{'nodes':{'answer':{'t':{'type':'float','min':0,'max':1,"
        "'default':0.5}},'judge':{'t':{'type':'float','min':0,'max':1,"
        "'default':0.5}}},'adapter':{'plugin':'orcheo','config':{}},"
        "'evaluation':{'workflow':'eval','cases_per_run':1,"
        "'timeout_seconds':300,'retries':2,"
        "'production':{'workflow':'p'}},'dataset':'qa',"
        "'objective':{'metric':'score','direction':'maximize'},"
        "'guardrails':[{'metric':'a','min':1},{'metric':'b','max':2}],"
        "'metrics':{'m':'/a','n':'/b'},'aggregate':'mean',"
        "'delivery':{'answer':{'mode':'push','workflow':'p'},"
        "'judge':{'mode':'pull'}},'promote':'manual'}"));
    json_object_put(out);
    json_object_put(targets);
}

static void the_request_may_override(void)
{
    json_object *targets = two("{" PLAIN ",'dataset':'qa',"
                               "'guardrails':[{'metric':'a','min':1}]}",
                               "{" PLAIN ",'dataset':'other'}");
    json_object *request = json_of("{'node_ids':['answer','judge'],"
                                   "'dataset':'qa@2',"
                                   "'objective':{'metric':'score'},"
                                   "'guardrails':[]}");
    json_object *out = target_join("demo", targets, request, NULL);

    CU_ASSERT_STRING_EQUAL(json_str(out, "dataset"), "qa@2");
    CU_ASSERT(json_is(json_child(out, "objective"),
                      "{'metric':'score','direction':'maximize'}"));
    CU_ASSERT(json_is(json_child(out, "guardrails"), "[]"));
    json_object_put(out);
    json_object_put(request);
    json_object_put(targets);
}

static void a_quarrel_names_both_and_the_field(void)
{
    static const struct {
        const char *answer, *judge, *request, *says;
    } quarrels[] = {
        { "{" PLAIN ",'dataset':'a','objective':{'metric':'m'}}",
          "{" PLAIN ",'dataset':'b','objective':{'metric':'m'}}", "{}",
          "targets demo/answer and demo/judge: dataset" },
        { "{" PLAIN ",'dataset':'a','objective':{'metric':'m'}}",
          "{" PLAIN ",'dataset':'a'}", "{}", "demo/judge: objective" },
        { "{" PARAMETERS ",'evaluation':{'workflow':'x'},'dataset':'a',"
          "'objective':{'metric':'m'}}",
          "{" PLAIN ",'dataset':'a','objective':{'metric':'m'}}", "{}",
          "demo/judge: evaluation" },
        { "{" PLAIN ",'dataset':'a','objective':{'metric':'m'},"
          "'metrics':{'x':'/a'}}",
          "{" PLAIN ",'dataset':'a','objective':{'metric':'m'},"
          "'metrics':{'x':'/b'}}",
          "{}", "target demo/judge: metrics: x" },
        { "{" PLAIN ",'dataset':'a'}", "{" PLAIN ",'dataset':'a'}", "{}",
          "no objective" },
        { "{" PLAIN "}", "{" PLAIN "}", "{'objective':{'metric':'m'}}",
          "no dataset" },
        { "{" PLAIN "}", "{" PLAIN "}", "{'objective':{}}",
          "optimize demo: objective: metric" },
    };
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(quarrels); i++) {
        json_object *targets = two(quarrels[i].answer, quarrels[i].judge);
        json_object *request = json_of(quarrels[i].request);
        struct err e = { 0 };
        json_object *out = target_join("demo", targets, request, &e);

        CU_ASSERT_PTR_NULL(out);
        CU_ASSERT(err_says(&e, TT_EINVAL, quarrels[i].says));
        json_object_put(out);
        json_object_put(request);
        json_object_put(targets);
    }
}

static CU_TestInfo tests[] = {
    { "defaults are filled in", defaults_are_filled_in },
    { "everything that a target may say is kept",
      everything_that_a_target_may_say_is_kept },
    { "bad targets are refused by name", bad_targets_are_refused_by_name },
    { "nodes are joined", nodes_are_joined },
    { "the request may override", the_request_may_override },
    { "a quarrel names both and the field",
      a_quarrel_names_both_and_the_field },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("target", tests);
}
