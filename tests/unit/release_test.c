/* SPDX-License-Identifier: MIT
 *
 * release_test.c - which version a new run gets: defaults, canaries, pins. */
#include "core/engine/release.h"

#include <stdio.h>
#include <string.h>

#include "core/crypt/crypt.h"
#include "tests/unit/tap.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

static const char *chosen(json_object *r, const char *run,
                          enum release_why *why)
{
    return release_choose(r, "w", run, why);
}

static json_object *with_default(const char *hash)
{
    json_object *r = release_create("hill", "strategy");

    CU_ASSERT_EQUAL(release_set_default(r, hash, 1, NULL), 0);
    return r;
}

static int start(json_object *r, const char *hash, int64_t percent,
                 int64_t runs, int64_t max_failed)
{
    struct release_canary c = { hash, "ops", percent, runs, max_failed };
    struct err e = { 0 };

    return release_start_canary(r, &c, 2, &e);
}

static void a_new_id_has_no_default(void)
{
    json_object *r = release_create("hill", "strategy");
    enum release_why why;

    CU_ASSERT_PTR_NULL(chosen(r, "r-1", &why));
    CU_ASSERT_EQUAL(why, RELEASE_DEFAULT);
    CU_ASSERT_STRING_EQUAL(release_why_word(why), "default");
    json_object_put(r);
}

static void the_default_moves_and_is_remembered(void)
{
    json_object *r = with_default(A);
    struct err e = { 0 };
    enum release_why why;

    CU_ASSERT_EQUAL(release_set_default(r, B, 2, &e), 0);
    CU_ASSERT_STRING_EQUAL(chosen(r, "r-1", &why), B);
    CU_ASSERT_EQUAL(release_set_default(r, B, 3, &e), TT_EEXIST);
    CU_ASSERT_EQUAL(release_set_default(r, A, 4, &e), 0);
    CU_ASSERT_EQUAL(json_object_array_length(json_child(r, "previous")), 1);
    CU_ASSERT_EQUAL(json_int(r, "changed_ms", 0), 4);
    json_object_put(r);
}

static void defaults_of_old_do_not_pile_up(void)
{
    json_object *r = with_default(A);
    char hash[65];
    int i;

    for (i = 0; i < 40; i++) {
        (void)snprintf(hash, sizeof hash, "%064d", i);
        CU_ASSERT_EQUAL(release_set_default(r, hash, i, NULL), 0);
    }
    CU_ASSERT_EQUAL(json_object_array_length(json_child(r, "previous")), 16);
    json_object_put(r);
}

static void a_canary_gets_its_share(void)
{
    json_object *r = with_default(A);
    enum release_why why;
    char run[32];
    int i, n = 0;

    CU_ASSERT_EQUAL(start(r, B, 30, 5, 0), 0);
    for (i = 0; i < 2000; i++) {
        (void)snprintf(run, sizeof run, "r-%d", i);
        n += strcmp(chosen(r, run, &why), B) == 0;
        CU_ASSERT_EQUAL(why == RELEASE_CANARY,
                        strcmp(chosen(r, run, &why), B) == 0);
    }
    CU_ASSERT(n > 500 && n < 700); /* 600, sigma 20: the runs are fixed */
    json_object_put(r);
}

static void all_or_a_pin(void)
{
    json_object *r = with_default(A);
    enum release_why why;

    CU_ASSERT_EQUAL(start(r, B, 100, 5, 0), 0);
    CU_ASSERT_STRING_EQUAL(chosen(r, "r-1", &why), B);
    CU_ASSERT_EQUAL(release_pin(r, "w", C, 3, NULL), 0);
    CU_ASSERT_STRING_EQUAL(chosen(r, "r-1", &why), C);
    CU_ASSERT_EQUAL(why, RELEASE_PIN);
    CU_ASSERT_STRING_EQUAL(release_choose(r, "other", "r-1", &why), B);
    CU_ASSERT_EQUAL(release_pin(r, "w", NULL, 3, NULL), 0);
    CU_ASSERT_EQUAL(release_pin(r, "w", NULL, 3, NULL), TT_ENOENT);
    CU_ASSERT_STRING_EQUAL(chosen(r, "r-1", &why), B);
    json_object_put(r);
}

static void a_canary_that_is_good_becomes_the_default(void)
{
    json_object *r = with_default(A);
    enum release_why why;

    CU_ASSERT_EQUAL(start(r, B, 100, 2, 0), 0);
    release_started(r, B);
    CU_ASSERT_EQUAL(json_int(json_child(r, "canary"), "started", 0), 1);
    CU_ASSERT_EQUAL(release_ended(r, A, false, 3), RELEASE_SAME);
    CU_ASSERT_EQUAL(release_ended(r, B, true, 3), RELEASE_SAME);
    CU_ASSERT_EQUAL(release_ended(r, B, true, 4), RELEASE_PROMOTED);
    CU_ASSERT_STRING_EQUAL(chosen(r, "r-1", &why), B);
    CU_ASSERT_PTR_NULL(json_child(r, "canary"));
    CU_ASSERT_EQUAL(release_ended(r, B, false, 5), RELEASE_SAME);
    json_object_put(r);
}

static void a_canary_that_fails_is_taken_back(void)
{
    json_object *r = with_default(A);
    enum release_why why;

    CU_ASSERT_EQUAL(start(r, B, 100, 3, 1), 0);
    CU_ASSERT_EQUAL(release_ended(r, B, false, 3), RELEASE_SAME);
    CU_ASSERT_EQUAL(release_ended(r, B, true, 3), RELEASE_SAME);
    CU_ASSERT_EQUAL(release_ended(r, B, false, 4), RELEASE_TAKEN_BACK);
    CU_ASSERT_STRING_EQUAL(chosen(r, "r-1", &why), A);
    json_object_put(r);
}

static void one_canary_at_a_time(void)
{
    json_object *r = with_default(A);
    struct err e = { 0 };

    CU_ASSERT_EQUAL(start(r, A, 10, 1, 0), TT_ECONFLICT);
    CU_ASSERT_EQUAL(start(r, B, 10, 1, 0), 0);
    CU_ASSERT_EQUAL(start(r, C, 10, 1, 0), TT_ECONFLICT);
    CU_ASSERT_EQUAL(release_stop_canary(r, 3, &e), 0);
    CU_ASSERT_EQUAL(release_stop_canary(r, 3, &e), TT_ENOENT);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "hill"));
    CU_ASSERT_EQUAL(start(r, C, 10, 1, 0), 0);
    CU_ASSERT_EQUAL(release_set_default(r, C, 4, &e), 0);
    CU_ASSERT_PTR_NULL(json_child(r, "canary"));
    json_object_put(r);
}

static bool usable(void *ctx, const char *hash)
{
    return strcmp(hash, (const char *)ctx) != 0;
}

static void a_condemned_default_is_replaced_by_what_was(void)
{
    json_object *r = with_default(A);
    char bad[] = B;
    enum release_why why;

    CU_ASSERT_EQUAL(release_set_default(r, B, 2, NULL), 0);
    CU_ASSERT_EQUAL(release_set_default(r, C, 3, NULL), 0);
    CU_ASSERT_EQUAL(release_pin(r, "w", C, 3, NULL), 0);
    CU_ASSERT_EQUAL(release_condemn(r, C, usable, bad, 4), RELEASE_RESTORED);
    CU_ASSERT_STRING_EQUAL(chosen(r, "r-1", &why), A); /* B is not usable */
    CU_ASSERT_EQUAL(why, RELEASE_DEFAULT);
    json_object_put(r);
}

static void without_a_way_back_it_stays(void)
{
    json_object *r = with_default(A);
    char none[] = "";
    enum release_why why;

    CU_ASSERT_EQUAL(release_condemn(r, A, usable, none, 4), RELEASE_SAME);
    CU_ASSERT_STRING_EQUAL(chosen(r, "r-1", &why), A);
    json_object_put(r);
}

static void a_condemned_canary_is_over(void)
{
    json_object *r = with_default(A);
    char none[] = "";
    enum release_why why;

    CU_ASSERT_EQUAL(start(r, B, 100, 3, 5), 0);
    CU_ASSERT_EQUAL(release_condemn(r, B, usable, none, 4), RELEASE_TAKEN_BACK);
    CU_ASSERT_STRING_EQUAL(chosen(r, "r-1", &why), A);
    json_object_put(r);
}

static CU_TestInfo tests[] = {
    { "a new id has no default", a_new_id_has_no_default },
    { "the default moves and is remembered",
      the_default_moves_and_is_remembered },
    { "defaults of old do not pile up", defaults_of_old_do_not_pile_up },
    { "a canary gets its share", a_canary_gets_its_share },
    { "all or a pin", all_or_a_pin },
    { "a canary that is good becomes the default",
      a_canary_that_is_good_becomes_the_default },
    { "a canary that fails is taken back", a_canary_that_fails_is_taken_back },
    { "one canary at a time", one_canary_at_a_time },
    { "a condemned default is replaced by what was",
      a_condemned_default_is_replaced_by_what_was },
    { "without a way back it stays", without_a_way_back_it_stays },
    { "a condemned canary is over", a_condemned_canary_is_over },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    if (crypt_init(NULL) != 0)
        return 1;
    return tap_run("release", tests);
}
