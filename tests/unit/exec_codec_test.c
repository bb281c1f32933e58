/* SPDX-License-Identifier: MIT
 *
 * exec_codec_test.c - the SDK's records as lines and back; and every line that
 * docs/exec-plugins.md shows is one that is taken. */
#include "config.h"

#include <string.h>

#include "core/base/fs.h"
#include "core/base/mem.h"
#include "core/host/exec_in.h"
#include "tests/unit/codec_samples.h"
#include "tests/unit/json_of.h"
#include "tests/unit/tap.h"

static bool same(json_object *got, const char *quoted)
{
    json_object *want = json_of(quoted);
    bool equal = json_equal(got, want);

    if (!equal)
        printf("# %s\n# is not %s\n", json_object_to_json_string(got),
               json_object_to_json_string(want));
    json_object_put(got);
    json_object_put(want);
    return equal;
}

/* --- out ------------------------------------------------------------------- */

#define CANDIDATE                                                              \
    "{'values':[0.25,5,1,null],'parents':[1,'host:7'],'origin':'mutate'}"
#define SPACE                                                                  \
    "[{'kind':'float','name':'n.rate','fixed':false,'lo':1e-5,'hi':1,"         \
    "'step':0,'log':true,'default':0.1},"                                      \
    "{'kind':'int','name':'n.k','fixed':false,'lo':1,'hi':9,'step':2,"         \
    "'log':false,'default':3},"                                                \
    "{'kind':'categorical','name':'n.colour','fixed':false,"                   \
    "'choices':['red','gr\xc3\xbcn'],'default':0},"                            \
    "{'kind':'text','name':'n.prompt','fixed':false,"                          \
    "'default':'Say {question}','max_bytes':2000,"                             \
    "'placeholders':['{question}'],'parent':2,'parent_values':[1,0]}]"

static void a_problem_is_a_line(void)
{
    CU_ASSERT(same(exec_problem(&sample_problem),
        "{'space':" SPACE ",'objectives':[{'metric':'score',"
        "'direction':'maximize'},{'metric':'seconds','direction':'minimize'}],"
        "'guardrails':[{'metric':'toxicity','lo':null,'hi':0.1}],'seed':'42',"
        "'n_train':10,'n_validation':20,'max_in_flight':8,'budget':{"
        "'iterations':50,'evaluations':0,'seconds':0,'cost':2,"
        "'iterations_spent':0,'evaluations_spent':0,'seconds_spent':0,"
        "'cost_spent':0},'config':{'a':{'b':2.5},'name':'x'}}"));
}

static void events_are_lines(void)
{
    static const char *const lines[] = {
        "{'kind':'result','position':4,'time_ms':1000,'ref':1,'number':1,"
        "'objectives':[0.75,1.25],'guardrails':[null],'feasible':true,"
        "'cases':[{'id':0,'split':'train','repeat':0,'status':'ok',"
        "'objective':1,'feedback':'too long'},{'id':9,'split':'validation',"
        "'repeat':1,'status':'failed','objective':null,'feedback':''}],"
        "'cost':0.01,'tokens_in':100,'tokens_out':20}",
        "{'kind':'failed','position':5,'time_ms':1001,'ref':2,'number':2,"
        "'cause':'the workflow failed'}",
        "{'kind':'llm_reply','position':6,'time_ms':1002,'request':1,"
        "'status':'unsupported','text':'no model is granted','tokens_in':3,"
        "'tokens_out':4,'cost':0.5}",
        "{'kind':'enqueued','position':7,'time_ms':1003,'ref':'host:0',"
        "'candidate':" CANDIDATE "}",
        "{'kind':'deadline','position':8,'time_ms':1004,'budget':{"
        "'iterations':0,'evaluations':0,'seconds':5,'cost':0,"
        "'iterations_spent':0,'evaluations_spent':0,'seconds_spent':0,"
        "'cost_spent':0}}",
    };
    const struct tt_event later = { sizeof later, 99, 1, 1 };
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(lines); i++)
        CU_ASSERT(same(exec_event(sample_events[i], &sample_space), lines[i]));
    CU_ASSERT_PTR_NULL(exec_event(&later, &sample_space));
    CU_ASSERT(same(exec_ask(&sample_ask), "{'position':9,'time_ms':1005,"
                   "'max':3,'pending':[1,'host:7']}"));
}

static void an_adapters_records_are_lines(void)
{
    CU_ASSERT(same(exec_setup(&sample_setup), "{'space':" SPACE ",'config':{"
        "'a':{'b':2.5},'name':'x'},'evaluation':{'workflow':'w'},"
        "'max_in_flight':8,'timeout_ms':60000}"));
    CU_ASSERT(same(exec_batch(&sample_batch, &sample_space),
        "{'label':'r-1/b-1','now_ms':77,'evaluations':[{'id':'e-1',"
        "'candidate':" CANDIDATE ",'cases':[{'id':4,'split':'validation',"
        "'content':{'q':'why?'}}],'repeat':1,'feedback':false,'traces':true,"
        "'candidate_number':9},{'id':'e-2','candidate':" CANDIDATE ","
        "'cases':[],'repeat':0,'feedback':false,'traces':false,"
        "'candidate_number':0}]}"));
}

/* --- back ------------------------------------------------------------------ */

/* The line, decoded, has the bytes of the record. */
static bool decodes_to(const char *quoted, const struct tt_action *want)
{
    json_object *o = json_of(quoted);
    const struct tt_action *got = NULL;
    struct buf a = { 0 }, b = { 0 };
    struct arena arena = { 0 };
    struct err e = { 0 };
    bool equal = exec_get_action(o, 0, &sample_space, &arena, &got, &e) == 0;

    if (!equal)
        printf("# %s\n", e.text);
    if (equal) {
        codec_put_action(&a, got);
        codec_put_action(&b, want);
        equal = a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
    }
    buf_fini(&a);
    buf_fini(&b);
    arena_fini(&arena);
    json_object_put(o);
    return equal;
}

static void actions_come_back(void)
{
    struct tt_value values[4];
    struct tt_evaluate v = sample_evaluate;

    memcpy(values, sample_values, sizeof values);
    memset(&values[3].text, 0, sizeof values[3].text); /* null says no more */
    v.candidate.values = values;
    CU_ASSERT(decodes_to("{'kind':'evaluate','ref':3,'values':[0.25,5,true,"
                         "null],'parents':[1,'host:7'],'origin':'mutate',"
                         "'cases':{'split':'train','ids':[1]},'repeats':2,"
                         "'feedback':true,'priority':-4,'predicted_mean':0.5,"
                         "'predicted_sd':0.1,'acquisition':null}", &v.head));
    CU_ASSERT(decodes_to("{'kind':'prune','ref':3,'reason':'behind'}",
                         &sample_prune.head));
    CU_ASSERT(decodes_to("{'kind':'llm','request':11,'messages':[{'role':"
                         "'system','text':'You rewrite prompts.'},{'role':"
                         "'user','text':'Rewrite this.'}],'role':'reflection',"
                         "'purpose':'rewrite','max_tokens':400}",
                         &sample_llm.head));
    CU_ASSERT(decodes_to("{'kind':'wait'}", &sample_wait.head));
    CU_ASSERT(decodes_to("{'kind':'done','reason':'exhausted'}",
                         &sample_done.head));
}

static void an_inactive_value_has_its_default(void)
{
    json_object *o = json_of("{'kind':'evaluate','ref':0,'values':[null,1,0,"
                             "'x']}");
    const struct tt_action *got = NULL;
    const struct tt_evaluate *v;
    struct arena arena = { 0 };

    CU_ASSERT_EQUAL(exec_get_action(o, 0, &sample_space, &arena, &got, NULL),
                    0);
    v = (const struct tt_evaluate *)(const void *)got;
    CU_ASSERT_EQUAL(v->candidate.values[0].flags, TT_VALUE_INACTIVE);
    CU_ASSERT_EQUAL(v->candidate.values[0].number, 0.1);
    CU_ASSERT_EQUAL(v->candidate.values[3].flags, 0);
    arena_fini(&arena);
    json_object_put(o);
}

static void an_outcome_comes_back(void)
{
    json_object *o = json_of("{'id':'e-1','state':'later','handle':'h-1',"
                             "'outputs':{},'message':'slots full','evidence':"
                             "{'run':'x'},'retry_after_ms':500,'tokens_in':1,"
                             "'tokens_out':2,'cost':0.125}");
    struct tt_outcome got;
    struct buf a = { 0 }, b = { 0 };
    struct arena arena = { 0 };

    CU_ASSERT_EQUAL(exec_get_outcome(o, 0, &arena, &got, NULL), 0);
    codec_put_again(&a, 0);
    codec_put_again(&b, 0);
    codec_put_outcome(&a, &got);
    codec_put_outcome(&b, &sample_outcome);
    CU_ASSERT(a.len == b.len && memcmp(a.data, b.data, a.len) == 0);
    buf_fini(&a);
    buf_fini(&b);
    arena_fini(&arena);
    json_object_put(o);
}

/* --- the manual ------------------------------------------------------------ */

static unsigned shown[4]; /* actions, outcomes, errors, requests */

/* A text that the manual's three-parameter space would take. */
static bool taken(json_object *o, struct arena *a, struct err *e)
{
    static const struct tt_param params[] = {
        { .kind = TT_FLOAT, .hi = 2, .parent = -1 },
        { .kind = TT_CATEGORICAL, .n_choices = 2, .parent = -1 },
        { .kind = TT_TEXT, .parent = -1 },
    };
    const struct tt_space space = { sizeof space, sizeof params[0], 3, params };
    const char *kind = json_str(o, "kind");
    json_object *list = json_child(json_child(o, "result"), "outcomes");
    const struct tt_action *action;
    struct tt_http_request request;
    struct tt_outcome outcome;
    struct tt_error error = { .size = sizeof error };
    size_t i;

    if (kind != NULL && json_child(o, "position") == NULL) {
        shown[0]++;
        return exec_get_action(o, 0, &space, a, &action, e) == 0;
    }
    for (i = 0; list != NULL && i < json_object_array_length(list); i++) {
        shown[1]++;
        if (exec_get_outcome(json_object_array_get_idx(list, i), i, a, &outcome,
                             e) != 0)
            return false;
    }
    if (json_child(o, "error") != NULL && json_child(o, "ask") == NULL) {
        shown[2]++;
        return exec_get_error(json_child(o, "error"), &error, e) == 0;
    }
    if (json_child(o, "http") != NULL) {
        shown[3]++;
        return exec_get_http(json_child(o, "http"), a, &request, e) == 0;
    }
    return true;
}

/* Each value of a block: a member may go on in the next line. */
static void read_block(const char *text, size_t n)
{
    struct buf value = { 0 };
    struct arena a = { 0 };
    const char *line = text, *end;
    struct err e;
    json_object *o;

    for (; line < text + n; line = end + 1) {
        end = memchr(line, '\n', (size_t)(text + n - line));
        if (end == NULL)
            end = text + n;
        buf_add(&value, line, (size_t)(end - line));
        memset(&e, 0, sizeof e);
        o = json_parse(value.data, value.len, &json_limits_document, &e);
        if (o == NULL)
            continue;
        memset(&e, 0, sizeof e);
        CU_ASSERT(taken(o, &a, &e));
        if (e.code != 0)
            printf("# %s: %s\n", value.data, e.text);
        json_object_put(o);
        buf_reset(&value);
    }
    CU_ASSERT_EQUAL(value.len, 0);
    buf_fini(&value);
    arena_fini(&a);
}

static void the_manual_shows_what_is_taken(void)
{
    const char *top = getenv("TT_TOP_SRCDIR"), *at, *end;
    char *path = fs_join(top != NULL ? top : ".", "docs/exec-plugins.md");
    struct buf text = { 0 };
    struct err e = { 0 };

    CU_ASSERT_EQUAL(fs_read(path, 1u << 20, &text, &e), 0);
    at = text.data;
    while (at != NULL && (at = strstr(at, "```json\n")) != NULL) {
        at += 8;
        end = strstr(at, "```");
        CU_ASSERT_PTR_NOT_NULL(end);
        if (end != NULL)
            read_block(at, (size_t)(end - at));
        at = end;
    }
    CU_ASSERT(shown[0] >= 6 && shown[1] >= 2 && shown[2] >= 1 && shown[3] >= 1);
    buf_fini(&text);
    free(path);
}

static CU_TestInfo tests[] = {
    { "a problem is a line", a_problem_is_a_line },
    { "events are lines", events_are_lines },
    { "an adapter's records are lines", an_adapters_records_are_lines },
    { "actions come back", actions_come_back },
    { "an inactive value has its default", an_inactive_value_has_its_default },
    { "an outcome comes back", an_outcome_comes_back },
    { "the manual shows what is taken", the_manual_shows_what_is_taken },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("exec codec", tests);
}
