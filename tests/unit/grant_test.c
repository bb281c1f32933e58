/* SPDX-License-Identifier: MIT
 *
 * grant_test.c - what is granted, narrowed by what is asked, never widened. */
#include "config.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/host/grant.h"
#include "tests/unit/json_of.h"
#include "tests/unit/tap.h"

/* The permissions in canonical JSON are these; grants and asked with ' for ". */
static void is(const char *grants, const char *asked, const char *want)
{
    json_object *g = grants != NULL ? json_of(grants) : NULL;
    json_object *m = asked != NULL ? json_of(asked) : NULL;
    json_object *got = grant_for(g, "mine", m), *wanted = json_of(want);

    if (!json_equal(got, wanted)) {
        printf("# %s asks %s\n# got  %s\n# want %s\n",
               grants != NULL ? grants : "-", asked != NULL ? asked : "-",
               json_object_get_string(got), json_object_get_string(wanted));
        CU_FAIL("other permissions");
    }
    json_object_put(wanted);
    json_object_put(got);
    json_object_put(m);
    json_object_put(g);
}

#define ALL "{'permissions':{'llm':true,'threads':true,'http':['*'],"          \
            "'read':['/']}}"

static void without_a_manifest_the_grant_holds(void)
{
    is(NULL, NULL, "{'llm':true,'threads':false,'http':['*'],'read':[]}");
    is("{}", NULL, "{'llm':true,'threads':false,'http':['*'],'read':[]}");
    is("{'mine':{'llm':false,'threads':true,'http':[],'read':['/data']}}", NULL,
       "{'llm':false,'threads':true,'http':[],'read':['/data']}");
}

static void an_id_is_laid_over_the_rest(void)
{
    is("{'*':{'llm':false,'threads':true,'http':['https://a']},"
       "'mine':{'threads':false}}", NULL,
       "{'llm':false,'threads':false,'http':['https://a:443'],'read':[]}");
    is("{'*':{'llm':false},'other':{'threads':true}}", ALL,
       "{'llm':false,'threads':false,'http':['*'],'read':[]}");
}

static void a_manifest_narrows_and_never_widens(void)
{
    is(NULL, ALL, "{'llm':true,'threads':false,'http':['*'],'read':[]}");
    is("{'mine':{'llm':false,'http':[],'threads':false}}", ALL,
       "{'llm':false,'threads':false,'http':[],'read':[]}");
    is("{'mine':{'http':['http://a']}}", ALL,
       "{'llm':true,'threads':false,'http':['http://a:80'],'read':[]}");
    is(NULL, "{'permissions':{'http':['http://a','https://b:8443']}}",
       "{'llm':false,'threads':false,'http':['http://a:80',"
       "'https://b:8443'],'read':[]}");
    is("{'mine':{'http':['http://a','http://b']}}",
       "{'permissions':{'http':['http://b','http://c']}}",
       "{'llm':false,'threads':false,'http':['http://b:80'],'read':[]}");
    is("{'mine':{'threads':true,'llm':true}}", "{}",
       "{'llm':false,'threads':false,'http':[],'read':[]}");
    is("{'mine':{'threads':true}}", "{'permissions':{'threads':'yes'}}",
       "{'llm':false,'threads':true,'http':[],'read':[]}"); /* schema's task */
}

static void an_origin_is_one_however_it_is_written(void)
{
    is("{'mine':{'http':['HTTP://Host:80/','http://host']}}",
       "{'permissions':{'http':['http://HOST','http://[::1]:9']}}",
       "{'llm':false,'threads':false,'http':['http://host:80'],'read':[]}");
    is("{'mine':{'http':['http://[::1]']}}",
       "{'permissions':{'http':['http://[::1]:80']}}",
       "{'llm':false,'threads':false,'http':['http://[::1]:80'],'read':[]}");
}

static void what_is_no_origin_grants_nothing(void)
{
    static const char *const bad[] = {
        "", "a", "ftp://a", "http://", "http://a/path", "http://a?b",
        "http://u@a", "http://a:", "http://a:x", "http://:80", "http://[::1",
        "file:///etc", "**", "http:///", "http://a b", "http://a\\\\b",
    };
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(bad); i++) {
        TT_AUTO_FREE char *grants = xasprintf("{'mine':{'http':['%s']}}",
                                              bad[i]);
        TT_AUTO_FREE char *asked = xasprintf(
            "{'permissions':{'http':['%s']}}", bad[i]);

        is(grants, NULL, "{'llm':true,'threads':false,'http':[],'read':[]}");
        is(NULL, asked, "{'llm':false,'threads':false,'http':[],'read':[]}");
    }
}

static void folders_meet_where_one_holds_the_other(void)
{
    static const char grants[] = "{'mine':{'read':['/data','/models/a/']}}";

    is(grants, "{'permissions':{'read':['/data/x/./y','/database','/models']}}",
       "{'llm':false,'threads':false,'http':[],"
       "'read':['/data/x/y','/models/a']}");
    is(grants, "{'permissions':{'read':['/data/../etc','data','/']}}",
       "{'llm':false,'threads':false,'http':[],'read':['/data','/models/a']}");
    is("{'mine':{'read':['/data/../etc']}}", ALL,
       "{'llm':true,'threads':false,'http':['*'],'read':[]}");
}

static void keys_are_for_an_id_or_for_all(void)
{
    json_object *g = json_of("{'*':{'keys':['00000000000000AA']},"
                             "'mine':{'keys':['00000000000000BB']},"
                             "'free':{'llm':true},'none':{'keys':[]}}");

    CU_ASSERT_TRUE(grant_takes_key(NULL, "mine", ""));
    CU_ASSERT_TRUE(grant_takes_key(g, "mine", "00000000000000bb"));
    CU_ASSERT_FALSE(grant_takes_key(g, "mine", "00000000000000AA"));
    CU_ASSERT_FALSE(grant_takes_key(g, "mine", ""));
    CU_ASSERT_TRUE(grant_takes_key(g, "free", "00000000000000AA"));
    CU_ASSERT_FALSE(grant_takes_key(g, "free", ""));
    CU_ASSERT_FALSE(grant_takes_key(g, "none", "00000000000000AA"));
    json_object_put(g);
}

static CU_TestInfo tests[] = {
    { "without a manifest the grant holds", without_a_manifest_the_grant_holds },
    { "an id is laid over the rest", an_id_is_laid_over_the_rest },
    { "a manifest narrows and never widens",
      a_manifest_narrows_and_never_widens },
    { "an origin is one however it is written",
      an_origin_is_one_however_it_is_written },
    { "what is no origin grants nothing", what_is_no_origin_grants_nothing },
    { "folders meet where one holds the other",
      folders_meet_where_one_holds_the_other },
    { "keys are for an id or for all", keys_are_for_an_id_or_for_all },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("grant", tests);
}
