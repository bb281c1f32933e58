/* SPDX-License-Identifier: MIT
 *
 * engine_log_test.c - the log of a run as tools get it: page by page, the same
 * bytes that are stored, with what a replay needs, and without what strategies
 * may not see. */
#include "core/base/arena.h"
#include "core/engine/run.h"
#include "core/host/codec.h"
#include "tests/unit/engine_rig.h"

static bool completed(struct rig *r)
{
    json_object *shown = rig_wait(r, rig_has_ended);

    return shown != NULL && rig_says(shown, "state", "completed");
}

/* The decoded text of a member; the caller frees it. */
static unsigned char *bytes_of(json_object *o, const char *key, size_t *n)
{
    const char *text = json_str(o, key);
    unsigned char *out = xcalloc(strlen(text != NULL ? text : "") + 1, 1);

    *n = 0;
    CU_ASSERT(text != NULL && crypt_unbase64(text, out, strlen(text), n) == 0);
    return out;
}

static int get_log(struct rig *r, const char *cursor, const char *limit)
{
    struct engine_request q = { .run = r->run };
    int code;

    q.query = json_object_new_object();
    if (cursor[0] != '\0')
        json_set_str(q.query, "cursor", cursor);
    json_set_str(q.query, "limit", limit);
    code = rig_call(r, engine_run_log, &q, NULL);
    json_object_put(q.query);
    return code;
}

/* --- entries -------------------------------------------------------------- */

static bool has_flag(json_object *entry, const char *flag)
{
    json_object *flags = json_child(entry, "flags");
    size_t i;

    for (i = 0; i < json_object_array_length(flags); i++)
        if (strcmp(json_object_get_string(json_object_array_get_idx(flags, i)),
                   flag) == 0)
            return true;
    return false;
}

/* Is it what stands in the store? Returns the position behind it. */
static uint64_t same_as_stored(struct rig *r, json_object *shown)
{
    uint64_t position = (uint64_t)json_int(shown, "position", 0);
    struct store_key key = { STORE_LOG, { r->run }, position };
    struct run_entry entry = { 0 };
    struct buf bytes = { 0 };
    unsigned char *step, *actions;
    size_t n_step, n_actions;

    CU_ASSERT_EQUAL(store_get(r->store, key, &bytes, &r->err), 0);
    CU_ASSERT_EQUAL(run_entry_get(buf_str(&bytes), &entry, &r->err), 0);
    step = bytes_of(shown, "step", &n_step);
    actions = bytes_of(shown, "actions", &n_actions);
    CU_ASSERT(n_step == entry.step.n && n_step > 0 &&
              memcmp(step, entry.step.p, n_step) == 0);
    CU_ASSERT(n_actions == entry.actions.n &&
              (n_actions == 0 ||
               memcmp(actions, entry.actions.p, n_actions) == 0));
    CU_ASSERT_EQUAL(json_int(shown, "n", 0), entry.n);
    CU_ASSERT_EQUAL(has_flag(shown, "answered"),
                    (entry.flags & RUN_ENTRY_ANSWERED) != 0);
    free(step);
    free(actions);
    position += entry.n;
    buf_fini(&bytes);
    return position;
}

/* All pages, three entries each; the number of entries. */
static unsigned walk(struct rig *r)
{
    char cursor[32] = "";
    uint64_t next = 1;
    unsigned n = 0;
    size_t i;

    do {
        json_object *items;

        CU_ASSERT_EQUAL(get_log(r, cursor, "3"), 0);
        items = json_child(r->answer.body, "items");
        CU_ASSERT((json_child(r->answer.body, "problem") != NULL) ==
                  (cursor[0] == '\0'));
        CU_ASSERT(rig_says(r->answer.body, "run_id", r->run));
        if (items == NULL || json_object_array_length(items) == 0)
            break;
        CU_ASSERT(json_object_array_length(items) <= 3);
        for (i = 0; i < json_object_array_length(items); i++, n++) {
            json_object *one = json_object_array_get_idx(items, i);

            CU_ASSERT_EQUAL(json_int(one, "position", 0), (int64_t)next);
            next = same_as_stored(r, one);
        }
        snprintf(cursor, sizeof cursor, "%.31s", r->answer.next_cursor);
    } while (cursor[0] != '\0');
    return n;
}

static void it_comes_in_pages_without_a_gap(void)
{
    json_object *items;
    struct rig r;

    rig_open(&r, NULL);
    rig_target(&r, "");
    CU_ASSERT_EQUAL(rig_optimize(&r, ",'optimizer':'random','seed':4,"
                                     "'max_in_flight':1"), 0);
    CU_ASSERT(completed(&r));
    CU_ASSERT(walk(&r) >= 6);
    CU_ASSERT_EQUAL(get_log(&r, "", "200"), 0);
    items = json_child(r.answer.body, "items");
    CU_ASSERT(strstr(json_object_to_json_string(items), "EVALUATE ref ") !=
              NULL);
    CU_ASSERT(strstr(json_object_to_json_string(items), "RESULT ref ") !=
              NULL);
    CU_ASSERT(strstr(json_object_to_json_string(items), "ENQUEUED host 1") !=
              NULL);
    CU_ASSERT_STRING_EQUAL(r.answer.next_cursor, "");
    rig_close(&r);
}

/* --- what it was opened with ---------------------------------------------- */

static void the_problem_is_the_one_that_was_opened(void)
{
    const struct tt_problem *problem = NULL;
    const struct tt_snapshot *snapshot = NULL;
    struct arena arena = { 0 };
    unsigned char *bytes;
    char hash[65];
    struct rig r;
    size_t n;

    rig_open(&r, NULL);
    rig_target(&r, "");
    rig_described(&r);
    CU_ASSERT_EQUAL(rig_optimize(&r, ",'optimizer':'random','seed':77"), 0);
    CU_ASSERT(completed(&r));
    CU_ASSERT_EQUAL(get_log(&r, "", "1"), 0);
    rig_hash(&r, "random", hash);
    CU_ASSERT(rig_says(json_child(r.answer.body, "plugin"), "hash", hash));
    CU_ASSERT(rig_says(json_child(r.answer.body, "plugin"), "id", "random"));
    CU_ASSERT_EQUAL(json_int(r.answer.body, "seed", 0), 77);
    CU_ASSERT_EQUAL(json_int(r.answer.body, "protocol", 0), FRAME_PROTOCOL);
    bytes = bytes_of(r.answer.body, "problem", &n);
    CU_ASSERT_EQUAL(codec_get_problem((struct tt_str){ (char *)bytes, n },
                                      &arena, &problem, &snapshot, &r.err), 0);
    if (problem != NULL) {
        CU_ASSERT_EQUAL(problem->seed, 77);
        CU_ASSERT_EQUAL(problem->space->n_params, 2);
        CU_ASSERT_EQUAL(problem->n_train, 3);
        CU_ASSERT_EQUAL(problem->budget.iterations, 12);
    }
    CU_ASSERT_PTR_NULL(snapshot);
    free(bytes);
    arena_fini(&arena);
    rig_close(&r);
}

static void nobody_else_gets_it(void)
{
    struct rig r;

    rig_open(&r, NULL);
    snprintf(r.run, sizeof r.run, "r-0000000000000000");
    CU_ASSERT_EQUAL(get_log(&r, "", "1"), TT_ENOENT);
    CU_ASSERT(strstr(r.err.text, "no such run") != NULL);
    rig_target(&r, "");
    CU_ASSERT_EQUAL(rig_optimize(&r, ",'optimizer':'random'"), 0);
    CU_ASSERT_EQUAL(get_log(&r, "x", "1"), TT_EINVAL);
    CU_ASSERT_EQUAL(get_log(&r, "", "0"), TT_EINVAL);
    CU_ASSERT_EQUAL(get_log(&r, "99999", "5"), 0);
    CU_ASSERT_EQUAL(json_object_array_length(
                        json_child(r.answer.body, "items")), 0);
    rig_close(&r);
}

/* --- cases ---------------------------------------------------------------- */

/* Cases whose content says which split they are of. */
static void marked_dataset(struct rig *r)
{
    struct engine_request dataset = { .workflow = "demo", .name = "qa" };
    struct buf text = { 0 };
    int i;

    buf_adds(&text, "{'cases':[");
    for (i = 0; i < 14; i++) {
        const char *split = i < 3 ? "train" : i < 6 ? "validation" : "holdout";

        buf_addf(&text, "%s{'id':'q%d','split':'%s','question':'%d',"
                 "'mark':'marked-%s-%d'}", i > 0 ? "," : "", i, split, i,
                 split, i);
    }
    buf_adds(&text, "]}");
    CU_ASSERT_EQUAL(rig_call(r, engine_dataset_put, &dataset, text.data), 0);
    buf_fini(&text);
}

static bool within(const unsigned char *bytes, size_t n, const char *what)
{
    size_t len = strlen(what), i;

    for (i = 0; i + len <= n; i++)
        if (memcmp(bytes + i, what, len) == 0)
            return true;
    return false;
}

/* Does any decoded member of the page hold this text? */
static bool holds(json_object *body, const char *what)
{
    static const char *const lists[] = { "items", "cases" };
    static const char *const members[] = { "step", "actions", "request",
                                           "answer", "problem" };
    bool found = strstr(json_object_to_json_string(body), what) != NULL;
    size_t i, k, m, n;

    for (i = 0; i < TT_ARRAY_LEN(lists); i++) {
        json_object *list = json_child(body, lists[i]);

        for (k = 0; k < json_object_array_length(list); k++)
            for (m = 0; m < TT_ARRAY_LEN(members); m++) {
                json_object *one = json_object_array_get_idx(list, k);
                unsigned char *bytes;

                if (json_str(one, members[m]) == NULL)
                    continue;
                bytes = bytes_of(one, members[m], &n);
                found = found || within(bytes, n, what);
                free(bytes);
            }
    }
    return found;
}

/* zoo-bad reads cases; it is refused those that are not of train. */
static void it_holds_train_cases_and_no_others(void)
{
    struct rig r;

    rig_open(&r, NULL);
    rig_target(&r, "");
    marked_dataset(&r);
    rig_described(&r);
    CU_ASSERT_EQUAL(rig_optimize(&r, ",'optimizer':'zoo-bad',"
                                     "'optimizer_config':{'how':'peek'}"), 0);
    CU_ASSERT_PTR_NOT_NULL(rig_wait(&r, rig_has_ended));
    CU_ASSERT_EQUAL(get_log(&r, "", "200"), 0);
    CU_ASSERT_EQUAL(json_object_array_length(
                        json_child(r.answer.body, "cases")), 3);
    CU_ASSERT(holds(r.answer.body, "marked-train-2"));
    CU_ASSERT(!holds(r.answer.body, "marked-validation"));
    CU_ASSERT(!holds(r.answer.body, "marked-holdout"));
    rig_close(&r);
}

int main(void)
{
    CU_TestInfo tests[] = {
        { "it comes in pages without a gap", it_comes_in_pages_without_a_gap },
        { "the problem is the one that was opened",
          the_problem_is_the_one_that_was_opened },
        { "nobody else gets it", nobody_else_gets_it },
        { "it holds train cases and no others",
          it_holds_train_cases_and_no_others },
        CU_TEST_INFO_NULL,
    };

    return rig_ready() ? tap_run("log", tests) : EXIT_SUCCESS;
}
