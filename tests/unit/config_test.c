/* SPDX-License-Identifier: MIT
 *
 * config_test.c - the daemon's configuration: defaults, drop-ins, and errors
 * that name file, place and mend. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fs.h"
#include "core/base/mem.h"
#include "core/base/schema.h"
#include "core/crypt/crypt.h"
#include "core/daemon_config.h"
#include "core/daemon_options.h"
#include "tests/unit/tap.h"

static char dir[] = "/tmp/trimtab-config-XXXXXX";

static char *put(const char *name, const char *text)
{
    char *path = fs_join(dir, name);
    struct err e = { 0 };

    CU_ASSERT_EQUAL(fs_write(path, text, strlen(text), 0600, &e), 0);
    return path;
}

static json_object *load(const char *text, struct err *e)
{
    TT_AUTO_FREE char *path = put("t.json", text);

    return config_load(path, e);
}

static void the_schema_is_one_that_we_understand(void)
{
    json_object *schema = config_schema();
    struct err e = { 0 };

    CU_ASSERT_EQUAL(schema_check(schema, &e), 0);
    json_object_put(schema);
}

static void defaults_are_complete_and_good(void)
{
    json_object *c = config_default();

    CU_ASSERT_STRING_EQUAL(json_str(json_child(c, "store"), "backend"),
                           "rocksdb");
    CU_ASSERT_EQUAL(json_int(json_child(c, "runs"), "max_in_flight", 0), 8);
    json_object_put(c);
}

static void errors_name_file_place_and_what_would_do(void)
{
    static const struct {
        const char *text, *part;
    } rows[] = {
        { "{\"lsiten\":[]}", "lsiten: no such setting" },
        { "{\"store\":{\"backend\":\"sqlite\"}}", "/store/backend: must be one" },
        { "{\"listen\":[{}]}", "/listen/0: must have exactly one of \"tcp\"" },
        { "{\"listen\":[{\"tcp\":\"a:1\",\"unix\":\"/x\"}]}", "exactly one" },
        { "{\"auth\":{\"mode\":\"required\"}}", "nobody could come in" },
        { "{\"secrets\":{\"a\":{}}}", "/secrets/a: must have exactly one" },
        { "{\"runs\":{\"max_running\":0}}", "must be at least 1" },
        { "{\"workers\":{\"memory_mb\":64}}", "must be at least 384" },
        { "{\"store\":{\"path\":\"relative\"}}", "must match" },
        { "[1]", "must be a JSON object" },
        { "{", "line 1, column" },
    };
    struct err e;
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(rows); i++) {
        memset(&e, 0, sizeof e);
        CU_ASSERT_PTR_NULL(load(rows[i].text, &e));
        CU_ASSERT_PTR_NOT_NULL(strstr(e.text, rows[i].part));
        CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "t.json"));
        if (strstr(e.text, rows[i].part) == NULL)
            printf("# %s: %s\n", rows[i].text, e.text);
    }
}

static void drop_ins_are_laid_over_in_order(void)
{
    TT_AUTO_FREE char *d = fs_join(dir, "t.json.d");
    TT_AUTO_FREE char *path = fs_join(dir, "t.json");
    struct err e = { 0 };
    json_object *c;

    CU_ASSERT_EQUAL(fs_mkdirs(d, 0700, &e), 0);
    free(put("t.json.d/20-b.json", "{\"runs\":{\"max_running\":3}}"));
    free(put("t.json.d/10-a.json", "{\"runs\":{\"max_running\":2,"
                                   "\"max_in_flight\":5}}"));
    free(put("t.json.d/30-ignored.txt", "nonsense"));
    free(put("t.json", "{\"environment\":\"test\"}"));
    c = config_load(path, &e);
    CU_ASSERT_PTR_NOT_NULL(c);
    CU_ASSERT_EQUAL(json_int(json_child(c, "runs"), "max_running", 0), 3);
    CU_ASSERT_EQUAL(json_int(json_child(c, "runs"), "max_in_flight", 0), 5);
    CU_ASSERT_STRING_EQUAL(json_str(c, "environment"), "test");
    json_object_put(c);
    fs_remove_tree(d, &e);
}

static void tokens_are_read_hashed_and_never_kept(void)
{
    struct daemon_options o = { 0 };
    struct err e = { 0 };
    unsigned char want[32];
    TT_AUTO_FREE char *file = put("token", "0123456789abcdef0123\n");
    TT_AUTO_FREE char *text = xasprintf(
        "{\"auth\":{\"mode\":\"required\",\"tokens\":[{\"name\":\"ci\","
        "\"file\":\"%s\"}]}}", file);
    json_object *c = load(text, &e);

    CU_ASSERT_EQUAL(daemon_options_fill(&o, c, &e), 0);
    crypt_sha256("0123456789abcdef0123", 20, want);
    CU_ASSERT_EQUAL(memcmp(o.http.tokens[0].sha256, want, 32), 0);
    daemon_options_fini(&o);
    free(put("token", "short\n"));
    memset(&o, 0, sizeof o);
    CU_ASSERT_EQUAL(daemon_options_fill(&o, c, &e), TT_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "at least 16 characters"));
    daemon_options_fini(&o);
    json_object_put(c);
}

/* docs/configuration.md lists every setting, and none that is not there. */
static void walk(json_object *schema, const char *prefix, const char *doc)
{
    json_object_object_foreach(json_child(schema, "properties"), key, child) {
        TT_AUTO_FREE char *name = prefix[0] == '\0'
                                      ? xstrdup(key)
                                      : xasprintf("%s.%s", prefix, key);
        TT_AUTO_FREE char *row = xasprintf("\n| `%s` |", name);

        if (json_child(child, "properties") != NULL) {
            walk(child, name, doc);
        } else {
            CU_ASSERT_PTR_NOT_NULL(strstr(doc, row));
            if (strstr(doc, row) == NULL)
                printf("# docs/configuration.md lacks %s\n", name);
        }
    }
}

static void the_manual_lists_every_setting(void)
{
    const char *top = getenv("TT_TOP_SRCDIR");
    TT_AUTO_FREE char *path = fs_join(top != NULL ? top : ".",
                                      "docs/configuration.md");
    json_object *schema = config_schema();
    struct buf doc = { 0 };
    struct err e = { 0 };

    CU_ASSERT_EQUAL(fs_read(path, 1 << 20, &doc, &e), 0);
    if (doc.len > 0)
        walk(schema, "", doc.data);
    buf_fini(&doc);
    json_object_put(schema);
}

static CU_TestInfo tests[] = {
    { "the schema is one that we understand",
      the_schema_is_one_that_we_understand },
    { "defaults are complete and good", defaults_are_complete_and_good },
    { "errors name file, place and what would do",
      errors_name_file_place_and_what_would_do },
    { "drop-ins are laid over in order", drop_ins_are_laid_over_in_order },
    { "tokens are read, hashed and never kept",
      tokens_are_read_hashed_and_never_kept },
    { "the manual lists every setting", the_manual_lists_every_setting },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    struct err e = { 0 };
    int status;

    if (crypt_init(&e) != 0 || mkdtemp(dir) == NULL)
        return 1;
    status = tap_run("config", tests);
    fs_remove_tree(dir, &e);
    return status;
}
