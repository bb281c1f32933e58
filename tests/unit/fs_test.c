/* SPDX-License-Identifier: MIT
 *
 * fs_test.c - files and folders, in a scratch folder of our own. */
#include "config.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fs.h"
#include "core/base/mem.h"
#include "tests/unit/tap.h"

static char scratch[] = "fs_test.XXXXXX";

static void a_written_file_reads_back(void)
{
    TT_AUTO_FREE char *path = fs_join(scratch, "a");
    struct buf b = { 0 };
    struct err e = { 0 };
    struct stat st;

    CU_ASSERT_EQUAL(fs_write(path, "one", 3, 0600, &e), 0);
    CU_ASSERT_EQUAL(fs_write(path, "two!", 4, 0640, &e), 0);
    buf_adds(&b, "> ");
    CU_ASSERT_EQUAL(fs_read(path, 4, &b, &e), 0);
    CU_ASSERT_STRING_EQUAL(b.data, "> two!");
    CU_ASSERT_EQUAL(stat(path, &st), 0);
    CU_ASSERT_EQUAL(st.st_mode & 07777, 0640);
    CU_ASSERT_EQUAL(fs_read(path, 3, &b, &e), TT_ETOOBIG);
    CU_ASSERT_STRING_EQUAL(b.data, "> two!");
    buf_fini(&b);
}

static void what_is_missing_is_named(void)
{
    TT_AUTO_FREE char *path = fs_join(scratch, "none/such");
    struct buf b = { 0 };
    struct err e = { 0 };

    CU_ASSERT_EQUAL(fs_read(path, 10, &b, &e), TT_ENOENT);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "none/such"));
    CU_ASSERT_EQUAL(fs_write(path, "x", 1, 0600, &e), TT_ENOENT);
    CU_ASSERT_FALSE(fs_exists(path));
    CU_ASSERT_EQUAL(fs_remove_tree(path, &e), 0);
    buf_fini(&b);
}

static void folders_are_made_and_removed_whole(void)
{
    TT_AUTO_FREE char *top = fs_join(scratch, "t");
    TT_AUTO_FREE char *deep = fs_join(top, "x/y//z/");
    TT_AUTO_FREE char *file = fs_join(deep, "f");
    TT_AUTO_FREE char *under = fs_join(file, "g");
    TT_AUTO_FREE char *link_path = fs_join(top, "link");
    TT_AUTO_FREE char *kept = fs_join(scratch, "kept");
    TT_AUTO_FREE char *link_beside = fs_join(scratch, "beside");
    struct err e = { 0 };

    CU_ASSERT_EQUAL(fs_mkdirs(deep, 0700, &e), 0);
    CU_ASSERT_EQUAL(fs_mkdirs(deep, 0700, &e), 0);
    CU_ASSERT_EQUAL(fs_write(file, "", 0, 0600, &e), 0);
    CU_ASSERT_NOT_EQUAL(fs_mkdirs(file, 0700, &e), 0);
    CU_ASSERT_NOT_EQUAL(fs_mkdirs(under, 0700, &e), 0);
    CU_ASSERT_EQUAL(fs_mkdirs(kept, 0700, &e), 0);
    CU_ASSERT_EQUAL(symlink("../kept", link_path), 0);
    CU_ASSERT_EQUAL(fs_remove_tree(top, &e), 0);
    CU_ASSERT_FALSE(fs_exists(top));
    CU_ASSERT(fs_exists(kept)); /* a link is not followed */
    CU_ASSERT_EQUAL(fs_clear_dir(top, &e), 0); /* it is not there */
    CU_ASSERT_EQUAL(fs_mkdirs(deep, 0700, &e), 0);
    CU_ASSERT_EQUAL(symlink("t", link_beside), 0);
    CU_ASSERT_NOT_EQUAL(fs_clear_dir(link_beside, &e), 0);
    CU_ASSERT(fs_exists(deep));
    CU_ASSERT_EQUAL(fs_clear_dir(top, &e), 0);
    CU_ASSERT_EQUAL(rmdir(top), 0); /* it stays, and nothing in it */
}

static void paths_join_with_one_slash(void)
{
    TT_AUTO_FREE char *a = fs_join("x", "y");
    TT_AUTO_FREE char *b = fs_join("x/", "y");
    TT_AUTO_FREE char *c = fs_join("x", "/y");
    TT_AUTO_FREE char *d = fs_join("", "y");

    CU_ASSERT_STRING_EQUAL(a, "x/y");
    CU_ASSERT_STRING_EQUAL(b, "x/y");
    CU_ASSERT_STRING_EQUAL(c, "/y");
    CU_ASSERT_STRING_EQUAL(d, "y");
}

static void our_own_folder_is_found(void)
{
    TT_AUTO_FREE char *self = fs_beside_self("fs_test");

    CU_ASSERT_PTR_NOT_NULL(self);
    CU_ASSERT(self != NULL && self[0] == '/');
    CU_ASSERT_PTR_NULL(fs_beside_self("no-such-file"));
    CU_ASSERT(fs_free_bytes(".") > 0);
    CU_ASSERT_EQUAL(fs_free_bytes("/no/such/folder"), -1);
}

static CU_TestInfo tests[] = {
    { "a written file reads back", a_written_file_reads_back },
    { "what is missing is named", what_is_missing_is_named },
    { "folders are made, and removed whole", folders_are_made_and_removed_whole },
    { "paths join with one slash", paths_join_with_one_slash },
    { "our own folder is found", our_own_folder_is_found },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    int status;

    if (mkdtemp(scratch) == NULL)
        return 99;
    status = tap_run("fs", tests);
    return fs_remove_tree(scratch, NULL) == 0 ? status : 1;
}
