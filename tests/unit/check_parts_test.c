/* SPDX-License-Identifier: MIT
 *
 * check_parts_test.c - the parts of the checker that can be wrong by
 * themselves: drawn configurations, larger records, what a process is like,
 * failing allocations, recorded runs, reports. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fs.h"
#include "core/base/mem.h"
#include "core/base/schema.h"
#include "core/check/check_in.h"
#include "core/check/hook.h"
#include "core/check/process_state.h"
#include "core/check/recording.h"
#include "core/check/skew.h"
#include "core/check/subject.h"
#include "tests/unit/codec_samples.h"
#include "tests/unit/json_of.h"
#include "tests/unit/tap.h"

static char dir[] = "/tmp/trimtab-parts.XXXXXX";

/* --- configurations ------------------------------------------------------ */

static const char many_kinds[] =
    "{'type':'object','additionalProperties':false,'properties':{"
    "'n':{'type':'integer','minimum':1,'maximum':3},"
    "'x':{'type':'number','exclusiveMinimum':0,'maximum':0.5},"
    "'s':{'type':'string','minLength':2,'maxLength':3},"
    "'b':{'type':'boolean'},'e':{'enum':['a','b',7]},"
    "'l':{'type':'array','minItems':2,'items':{'type':'integer'}},"
    "'o':{'type':'object','required':['k'],'properties':{"
    "'k':{'const':'v'}}}}}";
static const char required[] =
    "{'type':'object','required':['url'],'properties':{"
    "'url':{'type':'string'},'t':{'type':['number','null']}}}";
static const char *const schemas[] = { many_kinds, required,
                                       "{'type':'object'}" };

static void drawn_configurations_are_allowed(void)
{
    size_t i, seed;

    for (i = 0; i < TT_ARRAY_LEN(schemas); i++) {
        json_object *schema = json_of(schemas[i]);

        for (seed = 0; seed < 200; seed++) {
            json_object *config = config_draw(schema, seed);
            struct err e = { 0 };

            if (schema_apply(schema, config, "config", &e) != 0) {
                printf("# %s\n# %s\n", e.text,
                       json_object_to_json_string(config));
                CU_FAIL("a drawn configuration is not allowed");
            }
            json_object_put(config);
        }
        json_object_put(schema);
    }
}

static void draws_reach_the_edges_and_differ(void)
{
    json_object *schema = json_of(many_kinds), *a, *b;
    bool seen[4] = { false };
    size_t seed, same = 0;

    for (seed = 0; seed < 200; seed++) {
        a = config_draw(schema, seed);
        b = config_draw(schema, seed);
        CU_ASSERT(json_equal(a, b)); /* the seed decides */
        json_object_put(b);
        b = config_draw(schema, seed + 1000);
        same += json_equal(a, b);
        seen[json_int(a, "n", 0)] = true;
        json_object_put(a);
        json_object_put(b);
    }
    CU_ASSERT(seen[0] && seen[1] && seen[2] && seen[3]); /* 0: left out */
    CU_ASSERT(same < 40);
    json_object_put(schema);
}

/* --- larger records ------------------------------------------------------ */

static void a_larger_problem_reads_the_same(void)
{
    const struct tt_problem *small = &sample_problem, *large;
    struct arena a = { 0 };
    uint64_t i;

    large = skew_problem(small, &a);
    CU_ASSERT(large->size > sizeof *large);
    CU_ASSERT(large->space->size > sizeof *large->space);
    CU_ASSERT(large->space->param_size > sizeof(struct tt_param));
    CU_ASSERT_EQUAL(large->space->n_params, small->space->n_params);
    for (i = 0; i < small->space->n_params; i++)
        CU_ASSERT_EQUAL(memcmp(tt_space_param(large->space, i),
                               tt_space_param(small->space, i),
                               sizeof(struct tt_param)), 0);
    CU_ASSERT_EQUAL(large->seed, small->seed);
    arena_fini(&a);
}

/* What an encoder, which walks by the accessors, makes of both. */
static void larger_events_encode_to_the_same_bytes(void)
{
    const size_t n = TT_ARRAY_LEN(sample_events);
    const struct tt_event *large[TT_ARRAY_LEN(sample_events)];
    struct buf one = { 0 }, two = { 0 };
    struct arena a = { 0 };
    size_t i;

    for (i = 0; i < n; i++) {
        large[i] = skew_event(sample_events[i], &a);
        CU_ASSERT(large[i]->size > sample_events[i]->size);
    }
    codec_put_step(&one, sample_events, n, &sample_ask);
    codec_put_step(&two, large, n, skew_ask(&sample_ask, &a));
    CU_ASSERT_EQUAL(one.len, two.len);
    CU_ASSERT_EQUAL(memcmp(one.data, two.data, one.len), 0);
    buf_fini(&one);
    buf_fini(&two);
    arena_fini(&a);
}

/* --- the process --------------------------------------------------------- */

struct changes {
    unsigned n;
    char text[4096];
};

static void add_change(void *ctx, const char *before, const char *now)
{
    struct changes *c = ctx;

    c->n++;
    strncat(c->text, before != NULL ? "-" : "+",
            sizeof c->text - strlen(c->text) - 1);
    strncat(c->text, before != NULL ? before : now,
            sizeof c->text - strlen(c->text) - 1);
    strncat(c->text, "\n", sizeof c->text - strlen(c->text) - 1);
}

static void what_changes_in_a_process_is_seen(void)
{
    struct process_state before, now;
    struct changes c = { 0 };
    mode_t mask;
    int fd;

    process_state_take(&before);
    process_state_take(&now);
    process_state_compare(&before, &now, add_change, &c);
    CU_ASSERT_EQUAL(c.n, 0);
    process_state_fini(&now);
    mask = umask(0123);
    fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    (void)setenv("TT_TEST_PARTS", "7", 1);
    process_state_take(&now);
    process_state_compare(&before, &now, add_change, &c);
    CU_ASSERT(strstr(c.text, "+umask 123") != NULL);
    CU_ASSERT(strstr(c.text, "is /dev/null") != NULL);
    CU_ASSERT(strstr(c.text, "+environment TT_TEST_PARTS=7") != NULL);
    CU_ASSERT_EQUAL(c.n, 4); /* the old umask is gone */
    (void)umask(mask);
    (void)close(fd);
    (void)unsetenv("TT_TEST_PARTS");
    process_state_fini(&now);
    process_state_take(&now);
    c.n = 0;
    process_state_compare(&before, &now, add_change, &c);
    CU_ASSERT_EQUAL(c.n, 0);
    process_state_fini(&now);
    process_state_fini(&before);
}

/* --- allocations --------------------------------------------------------- */

static void allocations_of_the_plugin_fail_and_no_others(void)
{
    TT_AUTO_FREE char *path = fs_join(getenv("TT_PLUGIN_DIR"), "random.so");
    struct err e = { 0 };
    const struct tt_plugin *p = host_load(path, &e);
    struct tt_error error = { .size = sizeof error };
    struct tt_instance *self = NULL;
    struct tt_host host = { .size = sizeof host };
    struct reference r;
    void *ours;

    CU_ASSERT(p != NULL);
    if (p == NULL)
        return;
    if (hook_allocations(path) == 0) {
        printf("# this machine's tables are not known\n");
        return;
    }
    CU_ASSERT(reference_make(&r, REFERENCE_MIXED, p, NULL, 1));
    hook_fail(0);
    ours = malloc(10); /* is not the plugin's */
    CU_ASSERT(ours != NULL);
    free(ours);
    CU_ASSERT_EQUAL(hook_count(), 0);
    CU_ASSERT_EQUAL(p->strategy->open(&host, &r.problem, NULL, &self, &error),
                    TT_ENOMEM);
    CU_ASSERT(hook_count() > 0);
    hook_fail(-1);
    CU_ASSERT_EQUAL(p->strategy->open(&host, &r.problem, NULL, &self, &error),
                    0);
    p->strategy->close(self);
    reference_fini(&r);
}

/* --- recorded runs ------------------------------------------------------- */

static void put(struct buf *log, uint16_t type, const struct buf *payload)
{
    struct tt_str none = { NULL, 0 };

    frame_put(log, type, 0, payload != NULL ? buf_str(payload) : none);
}

static void make_log(struct buf *log, uint64_t ref)
{
    struct tt_evaluate v = sample_evaluate;
    struct buf problem = { 0 }, step = { 0 }, actions = { 0 }, hello = { 0 };

    v.ref = ref;
    buf_adds(&hello, "{\"plugin\":{\"id\":\"x\",\"version\":\"1.2.3\"}}");
    codec_put_problem(&problem, &sample_problem, NULL);
    codec_put_step(&step, sample_events, 1, &sample_ask);
    codec_put_action(&actions, &v.head);
    put(log, FRAME_HELLO, &hello);
    put(log, FRAME_VALIDATE, &problem);
    put(log, FRAME_OK, NULL);
    put(log, FRAME_OPEN, &problem);
    put(log, FRAME_OK, NULL);
    put(log, FRAME_STEP, &step);
    put(log, FRAME_ACTIONS, &actions);
    put(log, FRAME_CLOSE, NULL);
    put(log, FRAME_OK, NULL);
    buf_fini(&hello);
    buf_fini(&problem);
    buf_fini(&step);
    buf_fini(&actions);
}

static int read_bytes(struct recording *r, const char *bytes, size_t n)
{
    TT_AUTO_FREE char *path = fs_join(dir, "x.log");

    CU_ASSERT_EQUAL(fs_write(path, bytes, n, 0600, NULL), 0);
    return recording_read(r, path, NULL);
}

static void a_recorded_run_is_read(void)
{
    struct recording r;
    struct buf log = { 0 };

    make_log(&log, 5);
    CU_ASSERT_EQUAL(read_bytes(&r, log.data, log.len), 0);
    CU_ASSERT_STRING_EQUAL(r.id, "x");
    CU_ASSERT_STRING_EQUAL(r.version, "1.2.3");
    CU_ASSERT_EQUAL(r.n, 1);
    CU_ASSERT_EQUAL(r.problem->space->n_params,
                    sample_problem.space->n_params);
    CU_ASSERT(r.snapshot == NULL);
    recording_fini(&r);
    buf_fini(&log);
}

/* A case as it could be read. */
static void put_case(struct buf *log, uint32_t split, uint64_t id,
                     const char *text)
{
    struct buf request = { 0 }, answer = { 0 };

    codec_put_data(&request, split, id);
    codec_put_data_answer(&answer, 0, tt_str_of(text));
    put(log, FRAME_DATA, &request);
    put(log, FRAME_DATA_ANSWER, &answer);
    buf_fini(&request);
    buf_fini(&answer);
}

static int read_with_case(struct recording *r, uint32_t split, uint64_t second)
{
    struct buf log = { 0 };
    int rc;

    put_case(&log, split, 0, "{\"q\":\"one\"}");
    put_case(&log, split, second, "{\"q\":\"two\"}");
    make_log(&log, 5);
    rc = read_bytes(r, log.data, log.len);
    buf_fini(&log);
    return rc;
}

/* A plugin that is fed a recorded run reads the cases of that run. */
static void recorded_cases_can_be_read_again(void)
{
    struct tt_error e = { .size = sizeof e };
    struct recording r;
    struct world w;
    struct host_services s;
    struct buf text = { 0 };

    world_init(&w);
    s = world_services(&w);
    CU_ASSERT_EQUAL(read_with_case(&r, TT_TRAIN, 1), 0);
    CU_ASSERT_EQUAL(r.n_cases, 2);
    CU_ASSERT_EQUAL(r.n, 1);
    w.cases = r.cases;
    w.n_cases = r.n_cases;
    CU_ASSERT_EQUAL(s.data(s.ctx, TT_TRAIN, 1, &text, &e), 0);
    CU_ASSERT(text.data != NULL && strcmp(text.data, "{\"q\":\"two\"}") == 0);
    CU_ASSERT_EQUAL(s.data(s.ctx, TT_TRAIN, 2, &text, &e), TT_ENOENT);
    CU_ASSERT_EQUAL(s.data(s.ctx, TT_HOLDOUT, 0, &text, &e), TT_EPERM);
    recording_fini(&r);
    buf_fini(&text);
    CU_ASSERT_EQUAL(read_with_case(&r, TT_TRAIN, 5), TT_ECORRUPT);
    recording_fini(&r);
    CU_ASSERT_EQUAL(read_with_case(&r, TT_HOLDOUT, 1), TT_ECORRUPT);
    recording_fini(&r);
}

static void a_damaged_recording_is_refused_or_read_in_bounds(void)
{
    struct recording r;
    struct buf log = { 0 };
    uint64_t x = 7;
    size_t n;
    char was;

    make_log(&log, 5);
    for (n = 0; n < log.len; n += n < 200 ? 7 : 61) {
        (void)read_bytes(&r, log.data, n);
        recording_fini(&r);
    }
    for (n = 0; n < 200; n++) {
        size_t at;

        x = x * UINT64_C(6364136223846793005) + 1442695040888963407u;
        at = (x >> 33) % log.len;
        was = log.data[at];
        log.data[at] ^= (char)(1u << (x >> 20 & 7));
        (void)read_bytes(&r, log.data, log.len);
        recording_fini(&r);
        log.data[at] = was;
    }
    buf_fini(&log);
    CU_PASS("and the sanitizers said nothing");
}

static void differences_are_named(void)
{
    struct tt_value values[8];
    struct tt_evaluate v = sample_evaluate;
    struct buf a = { 0 }, b = { 0 }, what = { 0 };
    const struct tt_space *space = sample_problem.space;

    memset(values, 0, sizeof values);
    memcpy(values, v.candidate.values,
           (size_t)v.candidate.n_values * sizeof *values);
    codec_put_action(&a, &v.head);
    CU_ASSERT(!recording_differs(space, buf_str(&a), buf_str(&a), &what));
    values[0].number += 1;
    v.candidate.values = values;
    codec_put_action(&b, &v.head);
    CU_ASSERT(recording_differs(space, buf_str(&a), buf_str(&b), &what));
    CU_ASSERT(strstr(what.data, "recorded is") != NULL);
    buf_reset(&what);
    CU_ASSERT(recording_differs(space, buf_str(&a), buf_str(&what), &what));
    CU_ASSERT_STRING_EQUAL(what.data, "it answers 0 actions, recorded are 1");
    buf_reset(&what);
    buf_reset(&b);
    codec_put_action(&b, &sample_prune.head);
    CU_ASSERT(recording_differs(space, buf_str(&a), buf_str(&b), &what));
    CU_ASSERT_STRING_EQUAL(what.data, "it answers PRUNE, recorded is EVALUATE");
    buf_fini(&a);
    buf_fini(&b);
    buf_fini(&what);
}

/* --- reports ------------------------------------------------------------- */

static char strange[] = "1 < 2 & \"x\"\nand 7 more";

static void fill_report(struct check_report *r, struct check_result *results,
                        const struct check_options *o)
{
    memset(r, 0, sizeof *r);
    memset(results, 0, 3 * sizeof *results);
    results[0].check = check_find("S1");
    results[0].status = CHECK_PASS;
    results[0].message = strange;
    results[1].check = check_find("B5");
    results[1].status = CHECK_FAIL;
    results[1].message = strange;
    results[1].ms = 1234;
    results[2].check = check_find("B21");
    results[2].status = CHECK_SKIP;
    results[2].message = strange;
    r->o = o;
    r->level = 2;
    r->results = results;
    r->n = 3;
}

static void reports_keep_every_letter(void)
{
    const struct check_options o = { .path = "/x/y.so", .seed = UINT64_MAX };
    struct check_result results[3];
    struct check_report r;
    struct buf out = { 0 };
    json_object *json, *one;

    fill_report(&r, results, &o);
    CU_ASSERT_EQUAL(check_report_findings(&r), 1);
    check_report_write(&r, CHECK_JSON, &out);
    json = json_tokener_parse(out.data);
    one = json_object_array_get_idx(json_child(json, "results"), 1);
    CU_ASSERT_STRING_EQUAL(json_str(one, "message"), strange);
    CU_ASSERT_STRING_EQUAL(json_str(one, "status"), "fail");
    CU_ASSERT_EQUAL(json_object_get_uint64(json_child(one, "seed")),
                    UINT64_MAX);
    CU_ASSERT(!json_object_get_boolean(json_child(json, "pass")));
    json_object_put(json);
    buf_reset(&out);
    check_report_write(&r, CHECK_JUNIT, &out);
    CU_ASSERT(strstr(out.data, "message=\"1 &lt; 2 &amp; &quot;x&quot;&#10;and "
                               "7 more\"") != NULL);
    CU_ASSERT(strstr(out.data, "tests=\"3\" failures=\"1\" errors=\"0\" "
                               "skipped=\"1\"") != NULL);
    CU_ASSERT(strstr(out.data, "time=\"1.234\"") != NULL);
    buf_reset(&out);
    check_report_write(&r, CHECK_TEXT, &out);
    CU_ASSERT(strstr(out.data, "--only B5 --seed 18446744073709551615") !=
              NULL);
    buf_fini(&out);
}

/* The table is what people and other checks go by. */
static void the_table_is_in_order(void)
{
    size_t i, k;

    for (i = 0; i < check_table_n; i++) {
        const struct check *c = &check_table[i];
        const char *id = c->needs;

        CU_ASSERT(check_find(c->id) == c); /* ids are unique */
        CU_ASSERT(c->run != NULL && c->seconds > 0 && c->level >= 1);
        CU_ASSERT(strlen(c->why) > 10 && strlen(c->mend) > 10);
        while (*id != '\0') { /* what is needed exists and ran before */
            size_t n = strcspn(id, " ");

            for (k = 0; k < i; k++)
                if (strlen(check_table[k].id) == n &&
                    memcmp(check_table[k].id, id, n) == 0)
                    break;
            CU_ASSERT(k < i);
            id += n + strspn(id + n, " ");
        }
    }
}

static CU_TestInfo tests[] = {
    { "drawn configurations are allowed", drawn_configurations_are_allowed },
    { "draws reach the edges and differ", draws_reach_the_edges_and_differ },
    { "a larger problem reads the same", a_larger_problem_reads_the_same },
    { "larger events encode to the same bytes",
      larger_events_encode_to_the_same_bytes },
    { "what changes in a process is seen", what_changes_in_a_process_is_seen },
    { "allocations of the plugin fail and no others",
      allocations_of_the_plugin_fail_and_no_others },
    { "a recorded run is read", a_recorded_run_is_read },
    { "recorded cases can be read again", recorded_cases_can_be_read_again },
    { "a damaged recording is refused or read in bounds",
      a_damaged_recording_is_refused_or_read_in_bounds },
    { "differences are named", differences_are_named },
    { "reports keep every letter", reports_keep_every_letter },
    { "the table is in order", the_table_is_in_order },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    int rc;

    if (getenv("TT_PLUGIN_DIR") == NULL) {
        printf("1..0 # SKIP run by make check, which sets TT_PLUGIN_DIR\n");
        return 0;
    }
    if (mkdtemp(dir) == NULL)
        return 99;
    rc = tap_run("check_parts", tests);
    (void)fs_remove_tree(dir, NULL);
    return rc;
}
