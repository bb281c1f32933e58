/* SPDX-License-Identifier: MIT
 *
 * diff_test.c - edit scripts, unified diffs, words. */
#include "core/engine/diff.h"

#include <string.h>
#include <trimtab/random.h>

#include "tests/unit/json_of.h"
#include "tests/unit/tap.h"

static int diff_is(const char *from, const char *to, const char *want)
{
    struct buf out = { 0 };
    int same;

    diff_text(from, to, "a", "b", &out);
    same = strcmp(out.len > 0 ? out.data : "", want) == 0;
    if (!same)
        printf("# got: %s\n", out.len > 0 ? out.data : "");
    buf_fini(&out);
    return same;
}

static void equal_texts_have_no_diff(void)
{
    CU_ASSERT(diff_is("", "", ""));
    CU_ASSERT(diff_is("a\nb\n", "a\nb\n", ""));
}

static void a_changed_line_stands_in_its_context(void)
{
    CU_ASSERT(diff_is("1\n2\n3\n4\n5\n6\n7\n8\n9\n",
                      "1\n2\n3\n4\nX\n6\n7\n8\n9\n",
                      "--- a\n+++ b\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+X\n 6\n"
                      " 7\n 8\n"));
}

static void far_changes_are_hunks_apart(void)
{
    CU_ASSERT(diff_is("A\n1\n2\n3\n4\n5\n6\n7\nB\n",
                      "X\n1\n2\n3\n4\n5\n6\n7\nY\n",
                      "--- a\n+++ b\n@@ -1,4 +1,4 @@\n-A\n+X\n 1\n 2\n 3\n"
                      "@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-B\n+Y\n"));
    CU_ASSERT(diff_is("A\n1\n2\n3\n4\n5\n6\nB\n", "X\n1\n2\n3\n4\n5\n6\nY\n",
                      "--- a\n+++ b\n@@ -1,8 +1,8 @@\n-A\n+X\n 1\n 2\n 3\n 4\n"
                      " 5\n 6\n-B\n+Y\n"));
}

static void a_missing_newline_is_shown(void)
{
    CU_ASSERT(diff_is("Answer.", "Be brief.",
                      "--- a\n+++ b\n@@ -1,1 +1,1 @@\n-Answer.\n"
                      "\\ No newline at end of file\n+Be brief.\n"
                      "\\ No newline at end of file\n"));
    CU_ASSERT(diff_is("", "new\n", "--- a\n+++ b\n@@ -0,0 +1,1 @@\n+new\n"));
    CU_ASSERT(diff_is("old\n", "", "--- a\n+++ b\n@@ -1,1 +0,0 @@\n-old\n"));
}

/* The paper's own example: ABCABBA to CBABAC takes five edits. */
static void the_script_is_the_shortest(void)
{
    struct buf out = { 0 };
    size_t i, edits = 0;

    diff_text("A\nB\nC\nA\nB\nB\nA\n", "C\nB\nA\nB\nA\nC\n", "a", "b", &out);
    for (i = 0; i < out.len; i++)
        if (out.data[i] == '\n' &&
            (out.data[i + 1] == '-' || out.data[i + 1] == '+'))
            edits++;
    CU_ASSERT_EQUAL(edits - 1, 5); /* without the "+++" line */
    buf_fini(&out);
}

/* The first n lines of text are appended to out; returns what follows. */
static const char *take_lines(const char *text, size_t n, struct buf *out)
{
    while (n-- > 0) {
        size_t len = strcspn(text, "\n") + 1;

        buf_add(out, text, len);
        text += len;
    }
    return text;
}

/* patch(1), for texts whose lines all end in a newline. False when a line of
 * the diff is not the text's, or a hunk counts wrongly. */
static int apply(const char *text, const char *diff, struct buf *out)
{
    size_t line = 1, from, n_from, to, n_to, len;

    for (diff = strstr(diff, "@@"); diff != NULL && *diff == '@';) {
        if (sscanf(diff, "@@ -%zu,%zu +%zu,%zu @@", &from, &n_from, &to,
                   &n_to) != 4)
            return 0;
        from += n_from == 0 ? 1 : 0;
        text = take_lines(text, from - line, out);
        line = from + n_from;
        for (diff = strchr(diff, '\n') + 1; *diff != '\0' && *diff != '@';
             diff += len) {
            len = strcspn(diff, "\n") + 1;
            if (*diff != '+') {
                if (strncmp(text, diff + 1, len - 1) != 0 || n_from-- == 0)
                    return 0;
                text += len - 1;
            }
            if (*diff != '-') {
                buf_add(out, diff + 1, len - 1);
                if (n_to-- == 0)
                    return 0;
            }
        }
        if (n_from != 0 || n_to != 0)
            return 0;
    }
    buf_adds(out, text);
    return 1;
}

/* Lines a to d at random, or a few edits of another text. */
static void make_text(struct tt_random *r, const char *like, struct buf *out)
{
    size_t i, n = like == NULL ? tt_random_below(r, 40) : strlen(like) / 2;

    for (i = 0; i < n; i++) {
        uint64_t what = like == NULL ? 0 : tt_random_below(r, 12);

        if (like == NULL || what < 2)
            buf_addf(out, "%c\n", (int)('a' + tt_random_below(r, 4)));
        if (like != NULL && what > 0)
            buf_addf(out, "%c\n", like[2 * i]);
    }
}

static void random_texts_are_rebuilt_from_their_diff(void)
{
    struct tt_random r = tt_random_at(5, 1, 1);
    int t, good = 1;

    for (t = 0; t < 400 && good; t++) {
        struct buf a = { 0 }, b = { 0 }, out = { 0 }, got = { 0 };

        buf_adds(&a, "");
        buf_adds(&b, "");
        make_text(&r, NULL, &a);
        make_text(&r, t % 2 == 0 ? NULL : a.len > 0 ? a.data : "", &b);
        buf_adds(&a, "end\n");
        buf_adds(&b, "end\n");
        diff_text(a.data, b.data, "x", "y", &out);
        if (out.len > 0)
            good = apply(a.data, out.data, &got) &&
                   strcmp(got.data, b.data) == 0;
        else
            good = strcmp(a.data, b.data) == 0;
        if (!good)
            printf("# %s", out.data);
        buf_fini(&a);
        buf_fini(&b);
        buf_fini(&out);
        buf_fini(&got);
    }
    CU_ASSERT(good);
}

static void texts_that_share_nothing_are_replaced(void)
{
    struct buf a = { 0 }, b = { 0 }, out = { 0 };
    int i;

    for (i = 0; i < 3000; i++) {
        buf_addf(&a, "old %d\n", i);
        buf_addf(&b, "new %d\n", i);
    }
    diff_text(a.data, b.data, "a", "b", &out);
    CU_ASSERT(strstr(out.data, "@@ -1,3000 +1,3000 @@") != NULL);
    buf_fini(&a);
    buf_fini(&b);
    buf_fini(&out);
}

static void parameters_are_compared(void)
{
    json_object *from = json_of("{'t':0.7,'p':'Answer very politely.',"
                                "'same':[1,2],'gone':true}");
    json_object *to = json_of("{'t':0.3,'p':'Answer briefly.','same':[1,2],"
                              "'fresh':'x'}");
    json_object *d = diff_parameters(from, to, "v2", "v3");

    CU_ASSERT(json_is(
        json_child(d, "changes"),
        "[{'op':'replace','parameter':'t','from':0.7,'to':0.3},"
        "{'op':'replace','parameter':'p','from':'Answer very politely.',"
        "'to':'Answer briefly.',"
        "'words':'Answer [-very politely.-]{+briefly.+}'},"
        "{'op':'remove','parameter':'gone','from':true},"
        "{'op':'add','parameter':'fresh','to':'x'}]"));
    CU_ASSERT_STRING_EQUAL(
        json_str(d, "text"),
        "--- v2/t\n+++ v3/t\n@@ -1,1 +1,1 @@\n-0.7\n+0.3\n"
        "--- v2/p\n+++ v3/p\n@@ -1,1 +1,1 @@\n-Answer very politely.\n"
        "\\ No newline at end of file\n+Answer briefly.\n"
        "\\ No newline at end of file\n"
        "--- v2/gone\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-true\n"
        "--- /dev/null\n+++ v3/fresh\n@@ -0,0 +1,1 @@\n+x\n"
        "\\ No newline at end of file\n");
    json_object_put(d);
    d = diff_parameters(to, to, "v3", "v3");
    CU_ASSERT(json_is(d, "{'changes':[],'text':''}"));
    json_object_put(d);
    json_object_put(from);
    json_object_put(to);
}

static CU_TestInfo tests[] = {
    { "equal texts have no diff", equal_texts_have_no_diff },
    { "a changed line stands in its context",
      a_changed_line_stands_in_its_context },
    { "far changes are hunks apart", far_changes_are_hunks_apart },
    { "a missing newline is shown", a_missing_newline_is_shown },
    { "the script is the shortest", the_script_is_the_shortest },
    { "random texts are rebuilt from their diff",
      random_texts_are_rebuilt_from_their_diff },
    { "texts that share nothing are replaced",
      texts_that_share_nothing_are_replaced },
    { "parameters are compared", parameters_are_compared },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return tap_run("diff", tests);
}
