/* SPDX-License-Identifier: MIT
 *
 * check_manifest_test.c - versions, licenses and plugin.json. */
#include <string.h>

#include "core/base/fs.h"
#include "core/base/mem.h"
#include "core/host/manifest.h"
#include "tests/unit/tap.h"

static void versions_are_semantic_or_not(void)
{
    static const char *const good[] = {
        "0.0.0", "1.0.0", "10.20.30", "1.0.0-alpha", "1.0.0-alpha.1",
        "1.0.0-0.3.7", "1.0.0-x-y.z", "1.0.0+001", "1.0.0-beta+exp.sha-5114f8",
    };
    static const char *const bad[] = {
        "", "1", "1.0", "1.0.", "01.0.0", "1.00.0", "1.0.0.0", "v1.0.0",
        "1.0.0-", "1.0.0-01", "1.0.0-a..b", "1.0.0+", "1.0.0-a_b", "1.0.0 ",
    };
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(good); i++)
        CU_ASSERT(semver_ok(good[i]));
    for (i = 0; i < TT_ARRAY_LEN(bad); i++)
        CU_ASSERT(!semver_ok(bad[i]));
}

/* The chain of semver.org 11, and some more. */
static void versions_have_an_order(void)
{
    static const char *const chain[] = {
        "0.9.9", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta",
        "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0",
        "1.0.1", "1.2.0", "1.10.0", "2.0.0",
    };
    size_t i, k;

    for (i = 0; i < TT_ARRAY_LEN(chain); i++)
        for (k = 0; k < TT_ARRAY_LEN(chain); k++)
            CU_ASSERT_EQUAL(semver_compare(chain[i], chain[k]),
                            i < k ? -1 : i > k);
    CU_ASSERT_EQUAL(semver_compare("1.0.0+a", "1.0.0+b"), 0);
}

static void licenses_are_expressions(void)
{
    static const char *const good[] = {
        "MIT", "MIT AND BSD-3-Clause", "(MIT OR Apache-2.0) AND Zlib",
        "GPL-3.0-or-later WITH GCC-exception-3.1", "LicenseRef-Ours",
    };
    static const char *const bad[] = {
        "", "MIT AND", "AND MIT", "All rights reserved", "MIT Zlib", "(MIT",
        "MIT)", "MIT, Zlib", "()",
    };
    const char *unknown;
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(good); i++)
        CU_ASSERT(spdx_ok(good[i], &unknown) && unknown == NULL);
    for (i = 0; i < TT_ARRAY_LEN(bad); i++)
        CU_ASSERT(!spdx_ok(bad[i], &unknown));
    CU_ASSERT(spdx_ok("MIT OR Nobody-1.0", &unknown));
    CU_ASSERT_STRING_EQUAL(unknown, "Nobody-1.0");
}

/* --- plugin.json ---------------------------------------------------------- */

static char dir[] = "/tmp/trimtab-manifest.XXXXXX";

static int open_text(struct manifest *m, const char *text, struct err *e)
{
    TT_AUTO_FREE char *path = fs_join(dir, "plugin.json");
    TT_AUTO_FREE char *plugin = fs_join(dir, "x.so");

    memset(e, 0, sizeof *e);
    CU_ASSERT_EQUAL(fs_write(path, text, strlen(text), 0644, e), 0);
    return manifest_open(m, plugin, NULL, e);
}

static void a_manifest_says_what_is_wrong_with_it(void)
{
    struct manifest m;
    struct err e;

    CU_ASSERT_EQUAL(open_text(&m, "{\"id\":\"x\",\"version\":\"1.0.0\","
                              "\"kind\":\"strategy\",\"permissions\":"
                              "{\"threads\":true}}", &e), 0);
    CU_ASSERT(manifest_asks(&m, "threads"));
    CU_ASSERT(!manifest_asks(&m, "llm"));
    manifest_close(&m);
    CU_ASSERT_EQUAL(open_text(&m, "{\"id\":\"x\"}", &e), TT_EINVAL);
    CU_ASSERT(strstr(e.text, "version") != NULL);
    manifest_close(&m);
    CU_ASSERT_EQUAL(open_text(&m, "{\"id\":", &e), TT_EJSON);
    manifest_close(&m);
    CU_ASSERT_EQUAL(open_text(&m, "{\"id\":\"x\",\"version\":\"1.0.0\","
                              "\"kind\":\"strategy\",\"permissions\":"
                              "{\"root\":true}}", &e), TT_EINVAL);
    CU_ASSERT(strstr(e.text, "root") != NULL);
    manifest_close(&m);
}

static void no_manifest_is_no_error(void)
{
    struct manifest m;
    struct err e = { 0 };

    CU_ASSERT_EQUAL(manifest_open(&m, "/nowhere/x.so", "/nowhere", &e), 0);
    CU_ASSERT(m.json == NULL && m.path == NULL);
    CU_ASSERT(!manifest_asks(&m, "threads"));
    manifest_close(&m);
}

static CU_TestInfo tests[] = {
    { "versions are semantic or not", versions_are_semantic_or_not },
    { "versions have an order", versions_have_an_order },
    { "licenses are expressions", licenses_are_expressions },
    { "a manifest says what is wrong with it",
      a_manifest_says_what_is_wrong_with_it },
    { "no manifest is no error", no_manifest_is_no_error },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    int rc;

    if (mkdtemp(dir) == NULL)
        return 99;
    rc = tap_run("check_manifest", tests);
    (void)fs_remove_tree(dir, NULL);
    return rc;
}
