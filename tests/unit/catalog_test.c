/* SPDX-License-Identifier: MIT
 *
 * catalog_test.c - plugins by content: copies, versions, and what is refused.
 * Works on copies of the built `random` with its note patched, so that no
 * compiler is needed. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fs.h"
#include "core/base/mem.h"
#include "core/crypt/crypt.h"
#include "core/host/catalog.h"
#include "tests/unit/tap.h"

static char dir[] = "/tmp/trimtab-catalog-XXXXXX";
static struct buf plugin;

/* A plugin file that says it is id "random" of this version. */
static char *put(const char *name, const char *version)
{
    char *path = fs_join(dir, name);
    struct err e = { 0 };
    char *at = memmem(plugin.data, plugin.len, "trimtab\0", 8);

    CU_ASSERT_PTR_NOT_NULL(at);
    if (at != NULL) { /* name, four words, id[64], version[32] */
        at += 8 + 16 + 64;
        memset(at, 0, 32);
        memcpy(at, version, strlen(version));
    }
    CU_ASSERT_EQUAL(fs_write(path, plugin.data, plugin.len, 0644, &e), 0);
    return path;
}

static void take(struct catalog *c, const char *name, const char *version)
{
    TT_AUTO_FREE char *path = put(name, version);
    const struct catalog_entry *entry;
    struct err e = { 0 };

    CU_ASSERT_EQUAL(catalog_add(c, path, &entry, &e), 0);
    if (e.code != 0)
        printf("# %s\n", e.text);
}

static const char *version_of(struct catalog *c, const char *name)
{
    const struct catalog_entry *entry = NULL;
    struct err e = { 0 };

    return catalog_resolve(c, name, TT_KIND_STRATEGY, &entry, &e) == 0
               ? entry->note.version
               : "none";
}

static struct catalog *fresh(void)
{
    TT_AUTO_FREE char *root = fs_join(dir, "state");
    struct err e = { 0 };

    fs_remove_tree(root, &e);
    return catalog_create(root, &e);
}

static void the_highest_release_wins_and_names_pin(void)
{
    struct catalog *c = fresh();
    const struct catalog_entry *entry;
    struct err e = { 0 };

    take(c, "a.so", "1.9.0");
    take(c, "b.so", "1.10.0");
    take(c, "c.so", "2.0.0-rc.1");
    take(c, "d.so", "2.0.0-rc.10");
    CU_ASSERT_STRING_EQUAL(version_of(c, "random"), "1.10.0");
    CU_ASSERT_STRING_EQUAL(version_of(c, "random@1.9.0"), "1.9.0");
    CU_ASSERT_STRING_EQUAL(version_of(c, "random@3.0.0"), "none");
    CU_ASSERT_EQUAL(catalog_resolve(c, "random", TT_KIND_ADAPTER, &entry, &e),
                    TT_ENOENT);
    CU_ASSERT_EQUAL(catalog_resolve(c, "nope", TT_KIND_STRATEGY, &entry, &e),
                    TT_ENOENT);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "random@1.10.0"));
    take(c, "e.so", "2.0.0");
    CU_ASSERT_STRING_EQUAL(version_of(c, "random"), "2.0.0");
    catalog_destroy(c);
}

static void a_copy_is_by_content_and_read_only(void)
{
    struct catalog *c = fresh();
    const struct catalog_entry *entry = NULL;
    struct err e = { 0 };
    char hash[CRYPT_HEX_BYTES], name[80];
    struct stat st;

    take(c, "a.so", "1.0.0");
    take(c, "again.so", "1.0.0");
    CU_ASSERT_EQUAL(catalog_n(c), 1);
    CU_ASSERT_EQUAL(catalog_resolve(c, "random", 0, &entry, &e), 0);
    CU_ASSERT_EQUAL(crypt_sha256_file(entry->path, hash, &e), 0);
    CU_ASSERT_STRING_EQUAL(hash, entry->hash);
    CU_ASSERT_EQUAL(stat(entry->path, &st), 0);
    CU_ASSERT_EQUAL(st.st_mode & 0777, 0444);
    snprintf(name, sizeof name, "sha256:%s", entry->hash);
    CU_ASSERT_STRING_EQUAL(version_of(c, name), "1.0.0");
    catalog_destroy(c);
}

static void a_damaged_copy_is_made_again(void)
{
    struct catalog *c = fresh();
    TT_AUTO_FREE char *root = fs_join(dir, "state");
    const struct catalog_entry *entry = NULL;
    TT_AUTO_FREE char *path = NULL;
    char hash[CRYPT_HEX_BYTES];
    struct err e = { 0 };

    take(c, "a.so", "1.0.0");
    CU_ASSERT_EQUAL(catalog_resolve(c, "random", 0, &entry, &e), 0);
    path = xstrdup(entry->path);
    catalog_destroy(c);
    CU_ASSERT_EQUAL(fs_write(path, "half", 4, 0444, &e), 0);
    c = catalog_create(root, &e);
    take(c, "a.so", "1.0.0");
    CU_ASSERT_EQUAL(crypt_sha256_file(path, hash, &e), 0);
    CU_ASSERT_STRING_EQUAL(hash, catalog_at(c, 0)->hash);
    catalog_destroy(c);
}

static void what_is_no_plugin_is_refused_and_leaves_nothing(void)
{
    struct catalog *c = fresh();
    TT_AUTO_FREE char *path = fs_join(dir, "junk.so");
    TT_AUTO_FREE char *root = fs_join(dir, "state/sha256");
    const struct catalog_entry *entry;
    struct err e = { 0 };

    CU_ASSERT_EQUAL(fs_write(path, "not an object", 13, 0644, &e), 0);
    CU_ASSERT_EQUAL(catalog_add(c, path, &entry, &e), TT_EPLUGIN);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "junk.so"));
    CU_ASSERT_EQUAL(rmdir(root), 0);
    CU_ASSERT_EQUAL(catalog_add(c, "/nonexistent.so", &entry, &e), TT_ENOENT);
    catalog_destroy(c);
}

static void a_description_is_kept_over_restarts(void)
{
    struct catalog *c = fresh();
    TT_AUTO_FREE char *root = fs_join(dir, "state");
    json_object *said = json_object_new_object();
    struct err e = { 0 };

    take(c, "a.so", "1.0.0");
    json_set_str(said, "summary", "uniform");
    catalog_described(c, catalog_at(c, 0)->hash, said);
    catalog_destroy(c);
    c = catalog_create(root, &e);
    take(c, "a.so", "1.0.0");
    CU_ASSERT_TRUE(json_equal(catalog_at(c, 0)->describe, said));
    json_object_put(said);
    catalog_destroy(c);
}

static CU_TestInfo tests[] = {
    { "the highest release wins, and names pin",
      the_highest_release_wins_and_names_pin },
    { "a copy is by content and read-only", a_copy_is_by_content_and_read_only },
    { "a damaged copy is made again", a_damaged_copy_is_made_again },
    { "what is no plugin is refused and leaves nothing",
      what_is_no_plugin_is_refused_and_leaves_nothing },
    { "a description is kept over restarts",
      a_description_is_kept_over_restarts },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    const char *top = getenv("TT_TOP_BUILDDIR");
    TT_AUTO_FREE char *path = fs_join(top != NULL ? top : ".",
                                      "plugins/random/.libs/random.so");
    struct err e = { 0 };
    int status;

    if (crypt_init(&e) != 0 || mkdtemp(dir) == NULL ||
        fs_read(path, 64 << 20, &plugin, &e) != 0) {
        printf("Bail out! %s\n", e.text);
        return 1;
    }
    status = tap_run("catalog", tests);
    buf_fini(&plugin);
    fs_remove_tree(dir, &e);
    return status;
}
