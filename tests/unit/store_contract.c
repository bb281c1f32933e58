/* SPDX-License-Identifier: MIT
 *
 * store_contract.c - records, walks and batches: the same for every backend. */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "core/base/mem.h"
#include "tests/unit/store_contract.h"
#include "tests/unit/store_helper.h"
#include "tests/unit/tap.h"

/* --- records ------------------------------------------------------------- */

static void what_is_put_is_got(void)
{
    struct store *s = contract_open();
    struct err e = { 0 };
    struct buf b = { 0 };
    char bytes[] = { 'a', 0, '\n', (char)0xff };
    struct store_batch *batch = store_batch_create();

    CU_ASSERT_TRUE(store_batch_empty(batch));
    store_put(batch, key_log("r-1", 0), (struct tt_str){ bytes, 4 });
    store_put(batch, key_log("r-1", 1), tt_str_of(""));
    CU_ASSERT_FALSE(store_batch_empty(batch));
    CU_ASSERT_EQUAL(store_commit(s, batch, &e), 0);
    buf_adds(&b, "> ");
    CU_ASSERT_EQUAL(store_get(s, key_log("r-1", 0), &b, &e), 0);
    CU_ASSERT_EQUAL(b.len, 6);
    CU_ASSERT_EQUAL(memcmp(b.data + 2, bytes, 4), 0);
    buf_reset(&b);
    CU_ASSERT_EQUAL(store_get(s, key_log("r-1", 1), &b, &e), 0);
    CU_ASSERT_EQUAL(b.len, 0);
    buf_fini(&b);
    store_close(s);
}

static void what_is_missing_is_named(void)
{
    struct store *s = contract_open();
    struct err e = { 0 };
    struct buf b = { 0 };

    CU_ASSERT_EQUAL(store_get(s, key_candidate("r-1", 7), &b, &e), TT_ENOENT);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "candidate r-1/7"));
    CU_ASSERT_PTR_NULL(store_get_json(s, key_run("r-9"), &e));
    CU_ASSERT_EQUAL(e.code, TT_ENOENT);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "run r-9"));
    buf_fini(&b);
    store_close(s);
}

static void documents_are_kept_in_canonical_form(void)
{
    struct store *s = contract_open();
    struct store_batch *b = store_batch_create();
    json_object *o = json_tokener_parse("{\"b\": 1.50, \"a\": [1e2, null]}");
    struct err e = { 0 };

    store_put_json(b, key_run("r-1"), o);
    json_object_put(o);
    CU_ASSERT_EQUAL(store_commit(s, b, &e), 0);
    CU_ASSERT_STRING_EQUAL(get_text(s, key_run("r-1")),
                           "{\"a\":[100,null],\"b\":1.5}");
    o = store_get_json(s, key_run("r-1"), &e);
    CU_ASSERT_EQUAL(json_num(o, "b", 0), 1.5);
    json_object_put(o);
    store_close(s);
}

static void a_text_that_is_no_document_is_corrupt(void)
{
    struct store *s = contract_open();
    struct err e = { 0 };

    put_text(s, key_run("r-1"), "{\"a\":1,\"a\":2}");
    CU_ASSERT_PTR_NULL(store_get_json(s, key_run("r-1"), &e));
    CU_ASSERT_EQUAL(e.code, TT_ECORRUPT);
    put_text(s, key_run("r-1"), "null");
    CU_ASSERT_PTR_NULL(store_get_json(s, key_run("r-1"), &e));
    CU_ASSERT_EQUAL(e.code, TT_ECORRUPT);
    store_close(s);
}

static void a_delete_deletes_and_a_put_replaces(void)
{
    struct store *s = contract_open();
    struct store_batch *b = store_batch_create();

    put_run(s, "r-1");
    put_text(s, key_run("r-1"), "{}");
    CU_ASSERT_STRING_EQUAL(get_text(s, key_run("r-1")), "{}");
    store_delete(b, key_run("r-1"));
    store_delete(b, key_run("never"));
    CU_ASSERT_EQUAL(store_commit(s, b, NULL), 0);
    CU_ASSERT_EQUAL(get_code(s, key_run("r-1")), TT_ENOENT);
    store_close(s);
}

static void the_last_word_of_a_batch_holds(void)
{
    struct store *s = contract_open();
    struct store_batch *b = store_batch_create();

    store_put(b, key_run("a"), tt_str_of("1"));
    store_put(b, key_run("a"), tt_str_of("2"));
    store_put(b, key_run("b"), tt_str_of("3"));
    store_delete(b, key_run("b"));
    store_delete(b, key_run("c"));
    store_put(b, key_run("c"), tt_str_of("4"));
    CU_ASSERT_EQUAL(store_commit(s, b, NULL), 0);
    CU_ASSERT_STRING_EQUAL(get_text(s, key_run("a")), "2");
    CU_ASSERT_EQUAL(get_code(s, key_run("b")), TT_ENOENT);
    CU_ASSERT_STRING_EQUAL(get_text(s, key_run("c")), "4");
    store_close(s);
}

static void bad_keys_are_refused(void)
{
    struct store *s = contract_open();
    char part[258];
    struct store_key bad[] = {
        { .kind = STORE_RUN },
        { .kind = STORE_TARGET, .part = { "w" } },
        { .kind = STORE_N_KINDS, .part = { "a", "b", "c" } },
        { .kind = STORE_RUN, .part = { part } },
    };
    struct err e;
    size_t i;

    memset(part, 'x', sizeof part);
    part[257] = 0;
    for (i = 0; i < TT_ARRAY_LEN(bad); i++) {
        struct store_batch *b = store_batch_create();

        store_put(b, bad[i], tt_str_of("{}"));
        store_put(b, key_run("good"), tt_str_of("{}"));
        CU_ASSERT_EQUAL(store_commit(s, b, &e), TT_EINVAL);
        CU_ASSERT_EQUAL(get_code(s, bad[i]), TT_EINVAL);
    }
    CU_ASSERT_EQUAL(get_code(s, key_run("good")), TT_ENOENT);
    part[256] = 0;
    CU_ASSERT_EQUAL(put_text(s, bad[3], "{}"), 0);
    CU_ASSERT_STRING_EQUAL(get_text(s, bad[3]), "{}");
    store_close(s);
}

static void the_stores_own_records_are_not_for_others(void)
{
    struct store *s = contract_open();
    struct store_key own[] = {
        key_version(1), key_pointer(), key_audit(1), key_meta("schema"),
        { .kind = STORE_MOVE, .part = { "w", "n", "e" }, .number = 1 },
    };
    struct store_batch *b;
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(own); i++) {
        CU_ASSERT_EQUAL(put_text(s, own[i], "{}"), TT_EINVAL);
        b = store_batch_create();
        store_delete(b, own[i]);
        CU_ASSERT_EQUAL(store_commit(s, b, NULL), TT_EINVAL);
    }
    CU_ASSERT_EQUAL(put_text(s, key_meta("mine"), "{}"), 0);
    store_close(s);
}

/* --- walks --------------------------------------------------------------- */

struct seen {
    char text[1024];
    size_t n, stop_at;
    int fail;
};

static int see(void *ctx, const struct store_key *key, struct tt_str bytes)
{
    struct seen *seen = ctx;
    size_t n = strlen(seen->text);
    int i;

    for (i = 0; i < 3 && key->part[i] != NULL; i++)
        n += (size_t)snprintf(seen->text + n, sizeof seen->text - n, "%s%s",
                              i == 0 ? "" : "/", key->part[i]);
    snprintf(seen->text + n, sizeof seen->text - n, "%s%" PRIu64 "=%.*s ",
             i == 0 ? "" : "/", key->number, (int)bytes.n, bytes.p);
    seen->n++;
    if (seen->fail != 0)
        return seen->fail;
    return seen->n == seen->stop_at;
}

static const char *scan(struct store *s, struct store_key from, int n_parts,
                        bool reverse, struct seen *seen)
{
    struct err e = { 0 };

    seen->text[0] = 0;
    seen->n = 0;
    CU_ASSERT_EQUAL(store_scan(s, from, n_parts, reverse, see, seen, &e), 0);
    return seen->text;
}

static void fill(struct store *s)
{
    static const struct {
        const char *run;
        uint64_t number;
    } rows[] = {
        { "b", 0 }, { "a", 300 }, { "a", 2 }, { "ab", 1 }, { "a\1", 5 },
        { "a", 10 }, { "a", UINT64_MAX },
    };
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(rows); i++)
        put_text(s, key_candidate(rows[i].run, rows[i].number), "x");
    put_text(s, (struct store_key){ .kind = STORE_EVALUATION,
                                    .part = { "a" }, .number = 3 }, "no");
}

static void a_walk_is_in_order_of_parts_then_numbers(void)
{
    struct store *s = contract_open();
    struct seen seen = { 0 };
    struct store_key all = { .kind = STORE_CANDIDATE };

    fill(s);
    CU_ASSERT_STRING_EQUAL(scan(s, all, 0, false, &seen),
                           "a/2=x a/10=x a/300=x a/18446744073709551615=x "
                           "a\1/5=x ab/1=x b/0=x ");
    CU_ASSERT_STRING_EQUAL(scan(s, all, 0, true, &seen),
                           "b/0=x ab/1=x a\1/5=x a/18446744073709551615=x "
                           "a/300=x a/10=x a/2=x ");
    store_close(s);
}

static void a_walk_keeps_to_its_parts_and_starts_at_a_number(void)
{
    struct store *s = contract_open();
    struct seen seen = { 0 };

    fill(s);
    CU_ASSERT_STRING_EQUAL(scan(s, key_candidate("a", 10), 1, false, &seen),
                           "a/10=x a/300=x a/18446744073709551615=x ");
    CU_ASSERT_STRING_EQUAL(scan(s, key_candidate("a", 11), 1, true, &seen),
                           "a/10=x a/2=x ");
    CU_ASSERT_STRING_EQUAL(scan(s, key_candidate("a", 10), 1, true, &seen),
                           "a/10=x a/2=x ");
    CU_ASSERT_STRING_EQUAL(scan(s, key_candidate("b", 0), 1, true, &seen),
                           "b/0=x ");
    CU_ASSERT_STRING_EQUAL(scan(s, key_candidate("c", 0), 1, false, &seen),
                           "");
    store_close(s);
}

static void a_walk_goes_on_behind_a_part(void)
{
    struct store *s = contract_open();
    struct seen seen = { 0 };
    struct store_key after = { .kind = STORE_CANDIDATE, .part = { "a" } };
    struct store_key of = { .kind = STORE_RUN_OF, .part = { "w", "r-2" } };
    struct store_key other = { .kind = STORE_RUN_OF, .part = { "v", "r-9" } };
    char run[16];
    int i;

    fill(s);
    CU_ASSERT_STRING_EQUAL(scan(s, after, 0, false, &seen),
                           "a\1/5=x ab/1=x b/0=x ");
    after.part[0] = "ab";
    CU_ASSERT_STRING_EQUAL(scan(s, after, 0, true, &seen),
                           "a\1/5=x a/18446744073709551615=x a/300=x "
                           "a/10=x a/2=x ");
    put_text(s, other, "");
    for (i = 1; i <= 4; i++) {
        struct store_key k = of;

        snprintf(run, sizeof run, "r-%d", i);
        k.part[1] = run;
        put_text(s, k, "");
    }
    CU_ASSERT_STRING_EQUAL(scan(s, of, 1, false, &seen), "w/r-3/0= w/r-4/0= ");
    CU_ASSERT_STRING_EQUAL(scan(s, of, 1, true, &seen), "w/r-1/0= ");
    of.part[1] = NULL;
    seen.stop_at = 1;
    CU_ASSERT_STRING_EQUAL(scan(s, of, 1, true, &seen), "w/r-4/0= ");
    store_close(s);
}

static void a_walk_stops_and_fails_when_told(void)
{
    struct store *s = contract_open();
    struct seen seen = { .stop_at = 2 };
    struct err e = { 0 };

    fill(s);
    CU_ASSERT_STRING_EQUAL(scan(s, key_candidate("a", 0), 1, false, &seen),
                           "a/2=x a/10=x ");
    seen.fail = TT_ECANCELLED;
    seen.n = 0;
    CU_ASSERT_EQUAL(store_scan(s, key_candidate("a", 0), 1, false, see, &seen,
                               &e), TT_ECANCELLED);
    CU_ASSERT_EQUAL(seen.n, 1);
    store_close(s);
}

/* What a walk calls may read, and commit: the view stays as it was. */
static int write_more(void *ctx, const struct store_key *key,
                      struct tt_str bytes)
{
    struct store *s = ctx;

    (void)bytes;
    CU_ASSERT_EQUAL(get_code(s, *key), 0);
    CU_ASSERT_EQUAL(put_text(s, key_candidate("a", key->number + 1), "y"), 0);
    CU_ASSERT_EQUAL(put_text(s, *key, "z"), 0);
    return 0;
}

static void a_walk_is_a_consistent_view(void)
{
    struct store *s = contract_open();
    struct seen seen = { 0 };

    put_text(s, key_candidate("a", 1), "x");
    put_text(s, key_candidate("a", 5), "x");
    CU_ASSERT_EQUAL(store_scan(s, key_candidate("a", 0), 1, false, write_more,
                               s, NULL), 0);
    CU_ASSERT_STRING_EQUAL(scan(s, key_candidate("a", 0), 1, false, &seen),
                           "a/1=z a/2=y a/5=z a/6=y ");
    store_close(s);
}

/* --- expectations -------------------------------------------------------- */

static void an_expectation_refuses_the_whole_batch(void)
{
    struct store *s = contract_open();
    struct store_batch *b = store_batch_create();
    struct err e = { 0 };

    put_run(s, "r-1");
    store_put(b, key_run("r-2"), tt_str_of("{}"));
    store_expect_absent(b, key_run("r-1"));
    CU_ASSERT_EQUAL(store_commit(s, b, &e), TT_EEXIST);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "run r-1"));
    CU_ASSERT_EQUAL(get_code(s, key_run("r-2")), TT_ENOENT);

    b = store_batch_create();
    store_expect_present(b, key_run("r-3"));
    store_put(b, key_run("r-3"), tt_str_of("{}")); /* does not help it */
    store_audit(b, "a", "b", "c", NULL);
    CU_ASSERT_EQUAL(store_commit(s, b, &e), TT_ENOENT);
    CU_ASSERT_EQUAL(get_code(s, key_run("r-3")), TT_ENOENT);
    CU_ASSERT_EQUAL(get_code(s, key_audit(1)), TT_ENOENT);

    b = store_batch_create();
    store_put(b, key_run("r-3"), tt_str_of("{}"));
    store_expect_absent(b, key_run("r-3"));
    store_expect_present(b, key_run("r-1"));
    CU_ASSERT_EQUAL(store_commit(s, b, &e), 0);
    store_close(s);
}

static void an_empty_batch_is_fine(void)
{
    struct store *s = contract_open();

    CU_ASSERT_EQUAL(store_commit(s, store_batch_create(), NULL), 0);
    CU_ASSERT_EQUAL(store_writable(s, NULL), 0);
    store_batch_destroy(NULL);
    store_close(s);
    store_close(NULL);
}

static CU_TestInfo record_tests[] = {
    { "what is put is got", what_is_put_is_got },
    { "what is missing is named", what_is_missing_is_named },
    { "documents are kept in canonical form",
      documents_are_kept_in_canonical_form },
    { "a text that is no document is corrupt",
      a_text_that_is_no_document_is_corrupt },
    { "a delete deletes and a put replaces",
      a_delete_deletes_and_a_put_replaces },
    { "the last word of a batch holds", the_last_word_of_a_batch_holds },
    { "bad keys are refused", bad_keys_are_refused },
    { "the store's own records are not for others",
      the_stores_own_records_are_not_for_others },
    { "a walk is in order of parts, then numbers",
      a_walk_is_in_order_of_parts_then_numbers },
    { "a walk keeps to its parts and starts at a number",
      a_walk_keeps_to_its_parts_and_starts_at_a_number },
    { "a walk goes on behind a part", a_walk_goes_on_behind_a_part },
    { "a walk stops and fails when told",
      a_walk_stops_and_fails_when_told },
    { "a walk is a consistent view", a_walk_is_a_consistent_view },
    { "an expectation refuses the whole batch",
      an_expectation_refuses_the_whole_batch },
    { "an empty batch is fine", an_empty_batch_is_fine },
    CU_TEST_INFO_NULL,
};

static int append(CU_TestInfo *to, int n, const CU_TestInfo *from)
{
    for (; from->pName != NULL; from++)
        to[n++] = *from;
    return n;
}

int contract_run(const char *name)
{
    CU_TestInfo all[64] = { CU_TEST_INFO_NULL };
    int n = append(all, 0, record_tests);

    n = append(all, n, contract_domain_tests);
    TT_ASSERT(n < (int)TT_ARRAY_LEN(all)); /* the last one ends the list */
    return tap_run(name, all);
}
