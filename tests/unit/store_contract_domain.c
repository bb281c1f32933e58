/* SPDX-License-Identifier: MIT
 *
 * store_contract_domain.c - the audit chain, versions and pointers: the same
 * for every backend. */
#include "config.h"

#include <CUnit/CUnit.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/crypt/crypt.h"
#include "tests/unit/store_contract.h"
#include "tests/unit/store_helper.h"

/* --- audit --------------------------------------------------------------- */

static void events_form_a_chain(void)
{
    struct store *s = contract_open();
    json_object *detail = json_tokener_parse("{\"n\":1}"), *o;
    unsigned char before[CRYPT_HASH_BYTES] = { 0 }, hash[CRYPT_HASH_BYTES];
    char hex[CRYPT_HEX_BYTES];
    uint64_t i;

    for (i = 1; i <= 3; i++) {
        struct store_batch *b = store_batch_create();

        store_audit(b, "me", "run.create", "r-1", i == 2 ? detail : NULL);
        CU_ASSERT_EQUAL(store_commit(s, b, NULL), 0);
    }
    json_object_put(detail);
    for (i = 1; i <= 3; i++) {
        /* the definition, by hand */
        unsigned char seq[8] = { 0, 0, 0, 0, 0, 0, 0, (unsigned char)i };
        unsigned char length[4];
        struct buf text = { 0 };
        struct crypt_part parts[] = {
            { "trimtab-audit-1", 15 }, { seq, 8 }, { before, sizeof before },
            { length, 4 }, { NULL, 0 },
        };

        o = store_get_json(s, key_audit(i), NULL);
        CU_ASSERT_EQUAL(json_int(o, "seq", 0), (int64_t)i);
        CU_ASSERT_STRING_EQUAL(json_str(o, "actor"), "me");
        CU_ASSERT_STRING_EQUAL(json_str(o, "action"), "run.create");
        CU_ASSERT_STRING_EQUAL(json_str(o, "object"), "r-1");
        CU_ASSERT_EQUAL(strlen(json_str(o, "ts")), 24);
        CU_ASSERT_EQUAL(json_child(o, "detail") != NULL, i == 2);
        snprintf(hex, sizeof hex, "%s", json_str(o, "hash"));
        json_object_object_del(o, "hash");
        json_canonical(o, &text);
        length[0] = length[1] = 0;
        length[2] = (unsigned char)(text.len >> 8);
        length[3] = (unsigned char)text.len;
        parts[4].bytes = text.data;
        parts[4].n = text.len;
        crypt_blake2b(parts, 5, before);
        CU_ASSERT_EQUAL(crypt_unhex(hex, hash, sizeof hash), 0);
        CU_ASSERT_EQUAL(memcmp(hash, before, sizeof hash), 0);
        buf_fini(&text);
        json_object_put(o);
    }
    store_close(s);
}

static void an_event_needs_all_its_words(void)
{
    struct store *s = contract_open();
    struct store_batch *b = store_batch_create();
    json_object *array = json_object_new_array();

    store_audit(b, NULL, "b", "c", NULL);
    CU_ASSERT_EQUAL(store_commit(s, b, NULL), TT_EINVAL);
    b = store_batch_create();
    store_audit(b, "a", "", "c", NULL);
    CU_ASSERT_EQUAL(store_commit(s, b, NULL), TT_EINVAL);
    b = store_batch_create();
    store_audit(b, "a", "b", "c", array);
    CU_ASSERT_EQUAL(store_commit(s, b, NULL), TT_EINVAL);
    json_object_put(array);
    store_close(s);
}

/* --- versions ------------------------------------------------------------ */

static void versions_are_numbered_and_checksummed(void)
{
    struct store *s = contract_open();
    char hex[CRYPT_HEX_BYTES], expected[96];
    const char *plain = "{\"parameters\":{\"x\":5},\"version\":\"v2\"}";
    json_object *o;

    CU_ASSERT_EQUAL(add_version(s, 4), 1);
    CU_ASSERT_EQUAL(add_version(s, 5), 2);
    CU_ASSERT_EQUAL(add_version(s, 5), 3);
    o = store_get_json(s, key_version(2), NULL);
    CU_ASSERT_STRING_EQUAL(json_str(o, "version"), "v2");
    crypt_sha256_hex(plain, strlen(plain), hex);
    snprintf(expected, sizeof expected, "sha256:%s", hex);
    CU_ASSERT_STRING_EQUAL(json_str(o, "checksum"), expected);
    json_object_put(o);
    store_close(s);
}

static void one_batch_may_add_several_versions(void)
{
    struct store *s = contract_open();
    struct store_batch *b = store_batch_create();
    json_object *o = json_tokener_parse("{\"parameters\":{}}");
    uint64_t n[4] = { 0 };

    store_version_add(b, "w", "n", o, &n[0]);
    store_version_add(b, "w", "m", o, &n[1]);
    store_version_add(b, "w", "n", o, &n[2]);
    store_version_add(b, "w", "m", o, NULL);
    CU_ASSERT_EQUAL(store_commit(s, b, NULL), 0);
    b = store_batch_create();
    store_version_add(b, "w", "m", o, &n[3]);
    CU_ASSERT_EQUAL(store_commit(s, b, NULL), 0);
    CU_ASSERT_EQUAL(n[0], 1);
    CU_ASSERT_EQUAL(n[1], 1);
    CU_ASSERT_EQUAL(n[2], 2);
    CU_ASSERT_EQUAL(n[3], 3);
    json_object_put(o);
    store_close(s);
}

static void a_version_brings_no_number_of_its_own(void)
{
    struct store *s = contract_open();
    struct store_batch *b = store_batch_create();
    json_object *o = json_tokener_parse("{\"version\":\"v9\"}");
    uint64_t number = 77;

    store_version_add(b, "w", "n", o, &number);
    CU_ASSERT_EQUAL(store_commit(s, b, NULL), TT_EINVAL);
    CU_ASSERT_EQUAL(number, 77);
    json_object_put(o);
    store_close(s);
}

/* --- pointers ------------------------------------------------------------ */

static void check_moved(const struct store_moved *m, uint64_t active,
                        uint64_t previous, uint64_t generation, uint64_t audit)
{
    CU_ASSERT_EQUAL(m->active, active);
    CU_ASSERT_EQUAL(m->previous, previous);
    CU_ASSERT_EQUAL(m->generation, generation);
    CU_ASSERT_EQUAL(m->audit, audit);
}

static void promote_moves_and_rollback_goes_back(void)
{
    struct store *s = contract_open();
    struct store_moved m;
    int i;

    for (i = 1; i <= 3; i++)
        add_version(s, i);
    CU_ASSERT_EQUAL(store_active(s, "w", "n", "production", &m, NULL),
                    TT_ENOENT);
    CU_ASSERT_EQUAL(move_to(s, MOVE_BACK, &m), TT_ECONFLICT);
    CU_ASSERT_EQUAL(move_to(s, 1, &m), 0);
    check_moved(&m, 1, 0, 1, 1);
    CU_ASSERT_EQUAL(move_to(s, MOVE_BACK, &m), TT_ECONFLICT);
    CU_ASSERT_EQUAL(move_to(s, 2, &m), 0);
    check_moved(&m, 2, 1, 2, 2);
    CU_ASSERT_EQUAL(move_to(s, 3, &m), 0);
    CU_ASSERT_STRING_EQUAL(get_text(s, key_pointer()),
                           "{\"active\":3,\"generation\":3,\"previous\":2,"
                           "\"stack\":[1,2]}");
    CU_ASSERT_EQUAL(move_to(s, MOVE_BACK, &m), 0);
    check_moved(&m, 2, 3, 4, 4);
    CU_ASSERT_EQUAL(move_to(s, MOVE_BACK, &m), 0);
    check_moved(&m, 1, 2, 5, 5);
    CU_ASSERT_EQUAL(move_to(s, MOVE_BACK, &m), TT_ECONFLICT);
    CU_ASSERT_EQUAL(store_active(s, "w", "n", "production", &m, NULL), 0);
    check_moved(&m, 1, 2, 5, 0);
    CU_ASSERT_EQUAL(store_active(s, "w", "n", "staging", &m, NULL), TT_ENOENT);
    CU_ASSERT_EQUAL(problems(s), 0);
    store_close(s);
}

static void rollback_to_a_version_drops_what_came_after(void)
{
    struct store *s = contract_open();
    struct store_moved m;
    int i;

    for (i = 1; i <= 5; i++)
        add_version(s, i);
    for (i = 1; i <= 4; i++)
        move_to(s, i, NULL);
    CU_ASSERT_EQUAL(move_to(s, -2, &m), 0);
    check_moved(&m, 2, 4, 5, 5);
    CU_ASSERT_STRING_EQUAL(get_text(s, key_pointer()),
                           "{\"active\":2,\"generation\":5,\"previous\":4,"
                           "\"stack\":[1]}");
    /* v5 was never active: a step like any, and it can be taken back */
    CU_ASSERT_EQUAL(move_to(s, -5, &m), 0);
    CU_ASSERT_EQUAL(move_to(s, MOVE_BACK, &m), 0);
    CU_ASSERT_EQUAL(m.active, 2);
    CU_ASSERT_EQUAL(move_to(s, -6, &m), TT_ENOENT);
    store_close(s);
}

static void a_move_is_recorded_and_audited(void)
{
    struct store *s = contract_open();
    struct store_batch *b = store_batch_create();
    json_object *detail = json_tokener_parse("{\"run\":\"r-1\"}"), *o;
    struct store_move move = { .workflow = "w", .node = "n",
                               .environment = "production", .to = 1,
                               .actor = "ann", .reason = "better",
                               .detail = detail };
    struct store_key key = { .kind = STORE_MOVE, .number = 1,
                             .part = { "w", "n", "production" } };

    add_version(s, 1);
    store_promote(b, &move, NULL);
    json_object_put(detail);
    CU_ASSERT_EQUAL(store_commit(s, b, NULL), 0);
    o = store_get_json(s, key, NULL);
    CU_ASSERT_EQUAL(json_int(o, "from", -1), 0);
    CU_ASSERT_EQUAL(json_int(o, "to", -1), 1);
    CU_ASSERT_EQUAL(json_int(o, "audit", -1), 1);
    CU_ASSERT_STRING_EQUAL(json_str(o, "actor"), "ann");
    CU_ASSERT_STRING_EQUAL(json_str(o, "reason"), "better");
    CU_ASSERT_EQUAL(strlen(json_str(o, "at")), 24);
    CU_ASSERT_FALSE(json_object_get_boolean(json_child(o, "rollback")));
    json_object_put(o);
    o = store_get_json(s, key_audit(1), NULL);
    CU_ASSERT_STRING_EQUAL(json_str(o, "action"), "promote");
    CU_ASSERT_STRING_EQUAL(json_str(o, "object"), "w/n");
    CU_ASSERT_STRING_EQUAL(json_str(json_child(o, "detail"), "run"), "r-1");
    CU_ASSERT_STRING_EQUAL(json_str(json_child(o, "detail"), "reason"),
                           "better");
    CU_ASSERT_EQUAL(json_int(json_child(o, "detail"), "to", 0), 1);
    json_object_put(o);
    store_close(s);
}

static void moving_to_the_active_version_is_only_audited(void)
{
    struct store *s = contract_open();
    struct store_moved m;
    TT_AUTO_FREE char *before = NULL;

    add_version(s, 1);
    move_to(s, 1, NULL);
    before = xstrdup(get_text(s, key_pointer()));
    CU_ASSERT_EQUAL(move_to(s, 1, &m), 0);
    check_moved(&m, 1, 0, 1, 2);
    CU_ASSERT_STRING_EQUAL(get_text(s, key_pointer()), before);
    CU_ASSERT_EQUAL(get_code(s, key_audit(2)), 0);
    CU_ASSERT_EQUAL(problems(s), 0);
    store_close(s);
}

static int promote_expecting(struct store *s, uint64_t to, uint64_t expected,
                             struct err *e)
{
    struct store_batch *b = store_batch_create();
    struct store_move move = { .workflow = "w", .node = "n",
                               .environment = "production", .to = to,
                               .expect = true, .expect_version = expected,
                               .actor = "ann", .reason = "better" };

    store_put(b, key_meta("beside"), tt_str_of("{}"));
    store_promote(b, &move, NULL);
    return store_commit(s, b, e);
}

static void compare_and_swap_refuses_a_stale_view(void)
{
    struct store *s = contract_open();
    struct err e = { 0 };

    add_version(s, 1);
    add_version(s, 2);
    CU_ASSERT_EQUAL(promote_expecting(s, 1, 2, &e), TT_ECONFLICT);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "is none, not v2"));
    CU_ASSERT_EQUAL(get_code(s, key_meta("beside")), TT_ENOENT);
    CU_ASSERT_EQUAL(promote_expecting(s, 1, 0, &e), 0);
    CU_ASSERT_EQUAL(promote_expecting(s, 2, 0, &e), TT_ECONFLICT);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "is v1, not none"));
    CU_ASSERT_EQUAL(promote_expecting(s, 2, 1, &e), 0);
    CU_ASSERT_EQUAL(promote_expecting(s, 3, 2, &e), TT_ENOENT);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "no version v3"));
    CU_ASSERT_EQUAL(get_code(s, key_audit(3)), TT_ENOENT);
    store_close(s);
}

static void a_batch_moves_to_the_version_that_it_adds(void)
{
    struct store *s = contract_open();
    struct store_batch *b = store_batch_create();
    json_object *o = json_tokener_parse("{\"parameters\":{}}");
    struct store_move move = { .workflow = "w", .node = "n",
                               .environment = "production",
                               .actor = "ann", .reason = "better" };
    struct store_moved n, m;
    struct err e = { 0 };

    add_version(s, 1);
    store_version_add(b, "w", "n", o, NULL);
    store_version_add(b, "w", "m", o, NULL);
    store_promote(b, &move, &n);
    move.node = "m";
    store_promote(b, &move, &m);
    CU_ASSERT_EQUAL(store_commit(s, b, &e), 0);
    check_moved(&n, 2, 0, 1, 1);
    check_moved(&m, 1, 0, 1, 2);
    b = store_batch_create();
    store_version_add(b, "w", "n", o, NULL);
    store_promote(b, &move, NULL); /* m has none in this batch */
    CU_ASSERT_EQUAL(store_commit(s, b, &e), TT_EINVAL);
    CU_ASSERT_EQUAL(get_code(s, key_version(3)), TT_ENOENT);
    json_object_put(o);
    store_close(s);
}

static void the_stack_forgets_the_oldest(void)
{
    struct store *s = contract_open();
    struct store_moved m;
    int i;

    add_version(s, 1);
    add_version(s, 2);
    add_version(s, 3);
    move_to(s, 3, NULL);
    for (i = 0; i < 51; i++) {
        move_to(s, 1, NULL);
        move_to(s, 2, NULL);
    }
    for (i = 0; i < 100; i++)
        CU_ASSERT_EQUAL(move_to(s, MOVE_BACK, &m), 0);
    CU_ASSERT_EQUAL(move_to(s, MOVE_BACK, &m), TT_ECONFLICT);
    CU_ASSERT_EQUAL(problems(s), 0);
    store_close(s);
}

struct told {
    char text[256];
};

static void note_move(void *ctx, const struct store_move *move,
                      const struct store_moved *moved)
{
    struct told *t = ctx;
    size_t n = strlen(t->text);

    snprintf(t->text + n, sizeof t->text - n, "%s:%" PRIu64 "@%" PRIu64 " ",
             move->node, moved->active, moved->generation);
}

static void moves_are_told_in_order_before_the_caller_knows(void)
{
    struct store *s = contract_open();
    struct told t = { "" };

    store_on_move(s, note_move, &t);
    add_version(s, 1);
    add_version(s, 2);
    move_to(s, 1, NULL);
    CU_ASSERT_STRING_EQUAL(t.text, "n:1@1 ");
    move_to(s, 2, NULL);
    move_to(s, 2, NULL); /* no move */
    move_to(s, 9, NULL); /* refused */
    move_to(s, MOVE_BACK, NULL);
    CU_ASSERT_STRING_EQUAL(t.text, "n:1@1 n:2@2 n:1@3 ");
    store_close(s);
}

static void a_move_needs_an_actor_and_a_reason(void)
{
    struct store *s = contract_open();
    struct store_batch *b = store_batch_create();
    struct store_move move = { .workflow = "w", .node = "n", .to = 1,
                               .environment = "production", .actor = "ann" };

    add_version(s, 1);
    store_promote(b, &move, NULL);
    CU_ASSERT_EQUAL(store_commit(s, b, NULL), TT_EINVAL);
    CU_ASSERT_EQUAL(get_code(s, key_pointer()), TT_ENOENT);
    store_close(s);
}

CU_TestInfo contract_domain_tests[] = {
    { "events form a chain", events_form_a_chain },
    { "an event needs all its words", an_event_needs_all_its_words },
    { "versions are numbered and checksummed",
      versions_are_numbered_and_checksummed },
    { "one batch may add several versions",
      one_batch_may_add_several_versions },
    { "a version brings no number of its own",
      a_version_brings_no_number_of_its_own },
    { "promote moves and rollback goes back",
      promote_moves_and_rollback_goes_back },
    { "rollback to a version drops what came after",
      rollback_to_a_version_drops_what_came_after },
    { "a move is recorded and audited", a_move_is_recorded_and_audited },
    { "moving to the active version is only audited",
      moving_to_the_active_version_is_only_audited },
    { "compare-and-swap refuses a stale view",
      compare_and_swap_refuses_a_stale_view },
    { "a batch moves to the version that it adds",
      a_batch_moves_to_the_version_that_it_adds },
    { "the stack forgets the oldest", the_stack_forgets_the_oldest },
    { "moves are told in order, before the caller knows",
      moves_are_told_in_order_before_the_caller_knows },
    { "a move needs an actor and a reason",
      a_move_needs_an_actor_and_a_reason },
    CU_TEST_INFO_NULL,
};
