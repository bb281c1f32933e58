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
#include "tests/unit/signer.h"
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

/* Two files of one version: what is condemned does not stand before the other. */
static void one_version_is_the_usable_one(void)
{
    struct catalog *c = fresh();
    const struct catalog_entry *entry = NULL;
    char first[CRYPT_HEX_BYTES], second[CRYPT_HEX_BYTES];
    struct err e = { 0 };

    take(c, "a.so", "1.0.0");
    memcpy(first, catalog_at(c, 0)->hash, sizeof first);
    buf_adds(&plugin, "x");
    take(c, "b.so", "1.0.0");
    plugin.len--;
    CU_ASSERT_EQUAL(catalog_n(c), 2);
    memcpy(second, catalog_at(c, 1)->hash, sizeof second);
    CU_ASSERT_EQUAL(catalog_resolve(c, "random@1.0.0", 0, &entry, &e), 0);
    CU_ASSERT_STRING_EQUAL(entry->hash, second);
    catalog_mark(c, second, false, true);
    CU_ASSERT_EQUAL(catalog_resolve(c, "random@1.0.0", 0, &entry, &e), 0);
    CU_ASSERT_STRING_EQUAL(entry->hash, first);
    catalog_mark(c, first, true, false); /* neither is: still to be looked at */
    CU_ASSERT_EQUAL(catalog_resolve(c, "random@1.0.0", 0, &entry, &e), 0);
    catalog_destroy(c);
}

/* The file was swapped between its judgement and its taking in. */
static void what_was_judged_is_what_is_taken(void)
{
    struct catalog *c = fresh();
    TT_AUTO_FREE char *path = put("a.so", "1.0.0"), *other = NULL;
    const struct catalog_entry *entry = NULL;
    char hash[65], part[65];
    struct err e = { 0 };

    CU_ASSERT_EQUAL(catalog_judge(c, path, hash, &e), 0);
    other = put("a.so", "6.6.6");
    CU_ASSERT_EQUAL(catalog_add_judged(c, path, hash, &entry, &e),
                    TT_ECORRUPT);
    CU_ASSERT_EQUAL(catalog_n(c), 0);
    snprintf(part, sizeof part, "%.12s", hash); /* a part is no hash */
    CU_ASSERT_EQUAL(catalog_add_judged(c, path, part, &entry, &e),
                    TT_ECORRUPT);
    free(other);
    other = put("a.so", "1.0.0");
    CU_ASSERT_EQUAL(catalog_add_judged(c, path, hash, &entry, &e), 0);
    {
        TT_AUTO_FREE char *name = xasprintf("sha256:%s", part);

        CU_ASSERT_EQUAL(catalog_resolve(c, name, 0, &entry, &e), TT_ENOENT);
        CU_ASSERT_EQUAL(catalog_resolve(c, "sha256:", 0, &entry, &e),
                        TT_ENOENT);
    }
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

/* --- with a judge ----------------------------------------------------------- */

static struct signer ann;

static struct trust *judge(enum trust_policy policy)
{
    static char *keys, *shipped;
    TT_AUTO_FREE char *text = signer_public(&ann);
    TT_AUTO_FREE char *file = fs_join(dir, "keys/ann.pub");
    struct trust_options o = { .policy = policy };
    struct err e = { 0 };
    struct trust *t;

    keys = fs_join(dir, "keys");
    shipped = fs_join(dir, "shipped");
    fs_mkdirs(keys, 0755, &e);
    fs_mkdirs(shipped, 0755, &e);
    fs_write(file, text, strlen(text), 0644, &e);
    o.keys = keys;
    o.shipped = shipped;
    t = trust_create(&o);
    free(keys);
    free(shipped);
    return t;
}

/* NAME.json for NAME.so, and its signature. */
static void describe(const char *name, const char *id, const char *version)
{
    TT_AUTO_FREE char *so = xasprintf("%s/%s.so", dir, name);
    TT_AUTO_FREE char *json = xasprintf("%s/%s.json", dir, name);
    TT_AUTO_FREE char *sig = xasprintf("%s/%s.json.minisig", dir, name);
    TT_AUTO_FREE char *text = NULL, *signature = NULL;
    char hash[CRYPT_HEX_BYTES];
    struct err e = { 0 };

    CU_ASSERT_EQUAL(crypt_sha256_file(so, hash, &e), 0);
    text = xasprintf("{\"id\":\"%s\",\"version\":\"%s\",\"kind\":"
                     "\"strategy\",\"sha256\":\"%s\",\"permissions\":"
                     "{\"llm\":true}}", id, version, hash);
    signature = signer_sign(&ann, "ED", text, "c");
    fs_write(json, text, strlen(text), 0644, &e);
    fs_write(sig, signature, strlen(signature), 0644, &e);
}

static int try(struct catalog *c, const char *name,
               const struct catalog_entry **entry, struct err *e)
{
    TT_AUTO_FREE char *path = fs_join(dir, name);

    memset(e, 0, sizeof *e);
    return catalog_add(c, path, entry, e);
}

static void signed_ones_are_taken_with_their_papers(void)
{
    struct catalog *c = fresh();
    struct trust *t = judge(TRUST_DENY);
    const struct catalog_entry *entry = NULL;
    struct err e = { 0 };

    catalog_trust(c, t);
    free(put("s.so", "3.0.0"));
    describe("s", "random", "3.0.0");
    CU_ASSERT_EQUAL(try(c, "s.so", &entry, &e), 0);
    CU_ASSERT_EQUAL(entry->verdict.state, TRUST_SIGNED);
    CU_ASSERT_TRUE(grant_has(entry->permissions, "llm"));
    CU_ASSERT_EQUAL(json_object_array_length(json_child(entry->permissions,
                                                        "http")), 0);
    {
        TT_AUTO_FREE char *paper = xasprintf("%.*s/plugin.json.minisig",
                                             (int)strlen(entry->path) - 10,
                                             entry->path);
        struct buf bytes = { 0 };

        CU_ASSERT_EQUAL(fs_read(paper, 65536, &bytes, &e), 0);
        CU_ASSERT_EQUAL(bytes.len, entry->verdict.signature_bytes.len);
        buf_fini(&bytes);
    }
    catalog_destroy(c);
    trust_destroy(t);
}

static void what_is_refused_leaves_nothing(void)
{
    struct catalog *c = fresh();
    struct trust *t = judge(TRUST_DENY);
    TT_AUTO_FREE char *root = fs_join(dir, "state/sha256");
    const struct catalog_entry *entry = NULL;
    struct err e = { 0 };

    catalog_trust(c, t);
    free(put("u.so", "3.1.0"));
    CU_ASSERT_EQUAL(try(c, "u.so", &entry, &e), TT_EPERM);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "u.so"));
    free(put("v.so", "3.2.0")); /* signed, for another version */
    describe("v", "random", "3.3.0");
    CU_ASSERT_EQUAL(try(c, "v.so", &entry, &e), TT_EPERM);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "says version \"3.3.0\""));
    describe("v", "other", "3.2.0");
    CU_ASSERT_EQUAL(try(c, "v.so", &entry, &e), TT_EPERM);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "says id \"other\""));
    CU_ASSERT_EQUAL(catalog_n(c), 0);
    CU_ASSERT_EQUAL(rmdir(root), 0); /* and on disk neither */
    catalog_destroy(c);
    trust_destroy(t);
}

static void a_bare_copy_takes_nothing_away(void)
{
    struct catalog *c = fresh();
    struct trust *t = judge(TRUST_ALLOW);
    const struct catalog_entry *entry = NULL;
    struct err e = { 0 };

    catalog_trust(c, t);
    free(put("bare.so", "3.4.0"));
    CU_ASSERT_EQUAL(try(c, "bare.so", &entry, &e), 0);
    CU_ASSERT_EQUAL(entry->verdict.state, TRUST_UNSIGNED);
    free(put("full.so", "3.4.0"));
    describe("full", "random", "3.4.0");
    CU_ASSERT_EQUAL(try(c, "full.so", &entry, &e), 0);
    CU_ASSERT_EQUAL(entry->verdict.state, TRUST_SIGNED);
    CU_ASSERT_EQUAL(try(c, "bare.so", &entry, &e), 0);
    CU_ASSERT_EQUAL(entry->verdict.state, TRUST_SIGNED);
    CU_ASSERT_EQUAL(catalog_n(c), 1);
    catalog_destroy(c);
    trust_destroy(t);
}

static void a_restart_judges_again(void)
{
    struct catalog *c = fresh();
    struct trust *t = judge(TRUST_DENY), *lax = judge(TRUST_ALLOW);
    TT_AUTO_FREE char *root = fs_join(dir, "state");
    TT_AUTO_FREE char *list = fs_join(dir, "keys/revoked");
    const struct catalog_entry *entry = NULL;
    char s[65] = "", u[65] = "", line[80];
    struct err e = { 0 };

    catalog_trust(c, lax);
    free(put("s.so", "3.0.0"));
    describe("s", "random", "3.0.0");
    free(put("u.so", "3.1.0"));
    CU_ASSERT_EQUAL(try(c, "s.so", &entry, &e), 0);
    memcpy(s, entry->hash, sizeof s);
    CU_ASSERT_EQUAL(try(c, "u.so", &entry, &e), 0);
    memcpy(u, entry->hash, sizeof u);
    catalog_destroy(c);
    c = catalog_create(root, &e);
    catalog_trust(c, t);
    CU_ASSERT_EQUAL(catalog_restore(c, s, false, &entry, &e), 0);
    CU_ASSERT_EQUAL(entry->verdict.state, TRUST_SIGNED);
    CU_ASSERT_EQUAL(catalog_restore(c, u, false, &entry, &e), TT_EPERM);
    CU_ASSERT_EQUAL(catalog_restore(c, u, true, &entry, &e), 0);
    CU_ASSERT_EQUAL(entry->verdict.state, TRUST_SHIPPED);
    CU_ASSERT_EQUAL(catalog_revoked(c, entry, &e), 0);
    (void)snprintf(line, sizeof line, "%s has a hole\n", u);
    CU_ASSERT_EQUAL(fs_write(list, line, strlen(line), 0644, &e), 0);
    CU_ASSERT_EQUAL(catalog_revoked(c, entry, &e), TT_EPERM);
    CU_ASSERT_EQUAL(catalog_restore(c, u, true, &entry, &e), TT_EPERM);
    CU_ASSERT_EQUAL(unlink(list), 0);
    catalog_destroy(c);
    trust_destroy(t);
    trust_destroy(lax);
}

/* --- folders ------------------------------------------------------------------ */

static void put_in(const char *folder, const char *name, const char *text,
                   mode_t mode)
{
    TT_AUTO_FREE char *in = fs_join(dir, folder);
    TT_AUTO_FREE char *path = fs_join(in, name);
    char *slash = strrchr(path, '/');
    struct err e = { 0 };

    *slash = '\0';
    fs_mkdirs(path, 0755, &e);
    *slash = '/';
    CU_ASSERT_EQUAL(fs_write(path, text, strlen(text), mode, &e), 0);
}

/* A folder with plugin.json that lists `name` with the sum of `text`. */
static void put_folder(const char *folder, const char *name, const char *text)
{
    TT_AUTO_FREE char *json = NULL, *signature = NULL;
    char hash[CRYPT_HEX_BYTES];

    crypt_sha256_hex(text, strlen(text), hash);
    json = xasprintf("{\"id\":\"py\",\"version\":\"1.2.3\",\"kind\":"
                     "\"adapter\",\"exec\":{\"command\":[\"./run\"]},"
                     "\"files\":{\"%s\":\"%s\"}}", name, hash);
    signature = signer_sign(&ann, "ED", json, "c");
    put_in(folder, "plugin.json", json, 0644);
    put_in(folder, "plugin.json.minisig", signature, 0644);
}

static void a_folder_is_taken_with_what_it_lists(void)
{
    struct catalog *c = fresh();
    struct trust *t = judge(TRUST_DENY);
    const struct catalog_entry *entry = NULL;
    TT_AUTO_FREE char *copy = NULL, *other = NULL;
    struct stat st;
    struct err e = { 0 };

    catalog_trust(c, t);
    put_folder("py", "lib/run", "print(1)");
    put_in("py", "lib/run", "print(1)", 0755);
    put_in("py", "secret", "not listed", 0644);
    CU_ASSERT_EQUAL(try(c, "py/plugin.json", &entry, &e), 0);
    if (e.code != 0)
        printf("# %s\n", e.text);
    CU_ASSERT_EQUAL(entry->verdict.state, TRUST_SIGNED);
    CU_ASSERT_STRING_EQUAL(entry->note.id, "py");
    CU_ASSERT_EQUAL(entry->note.kind, TT_KIND_ADAPTER);
    CU_ASSERT_PTR_NOT_NULL(strstr(entry->path, "/plugin.json"));
    copy = xasprintf("%.*s/lib/run", (int)strlen(entry->path) - 12,
                     entry->path);
    other = xasprintf("%.*s/secret", (int)strlen(entry->path) - 12,
                      entry->path);
    CU_ASSERT_EQUAL(stat(copy, &st), 0);
    CU_ASSERT_EQUAL(st.st_mode & 0777, 0555);
    CU_ASSERT_FALSE(fs_exists(other));
    /* a damaged copy is made again, and is not taken for whole at a restart */
    CU_ASSERT_EQUAL(unlink(copy), 0);
    {
        TT_AUTO_FREE char *root = fs_join(dir, "state");
        char hash[65];

        memcpy(hash, entry->hash, sizeof hash);
        catalog_destroy(c);
        c = catalog_create(root, &e);
        catalog_trust(c, t);
        CU_ASSERT_NOT_EQUAL(catalog_restore(c, hash, false, &entry, &e), 0);
        CU_ASSERT_EQUAL(try(c, "py/plugin.json", &entry, &e), 0);
        CU_ASSERT_TRUE(fs_exists(copy));
        catalog_destroy(c);
        c = catalog_create(root, &e);
        catalog_trust(c, t);
        CU_ASSERT_EQUAL(catalog_restore(c, hash, false, &entry, &e), 0);
        CU_ASSERT_EQUAL(entry->verdict.state, TRUST_SIGNED);
    }
    catalog_destroy(c);
    trust_destroy(t);
}

static void a_folder_that_is_not_as_listed_leaves_nothing(void)
{
    static const char *const bad[] = {
        "../run", "/etc/passwd", "a//b", "a/", ".hidden", "a/../b", "a/.b",
        "plugin.json", "describe.json", "plugin.so", "a b", "a\\\\b",
        "plugin.so/x", "check.json/x/y", "plugin.json.minisig/x",
    };
    /* id, version */
    static const char *const names[][2] = {
        { "Py", "1.0.0" }, { "py@1", "1.0.0" }, { "sha256:0", "1.0.0" },
        { "*", "1.0.0" }, { "p y", "1.0.0" }, { "../py", "1.0.0" },
        { "py", "latest" }, { "py", "1.0" }, { "py", "1.0.0/x" },
        { "py", "99999999999999999999.0.0" },
    };
    struct catalog *c = fresh();
    struct trust *t = judge(TRUST_ALLOW);
    TT_AUTO_FREE char *root = fs_join(dir, "state/sha256");
    TT_AUTO_FREE char *run = fs_join(dir, "py2/run");
    const struct catalog_entry *entry = NULL;
    struct err e = { 0 };
    size_t i;

    catalog_trust(c, t);
    put_folder("py2", "run", "print(1)");
    CU_ASSERT_EQUAL(try(c, "py2/plugin.json", &entry, &e), TT_ENOENT);
    put_in("py2", "run", "print(2)", 0755);
    CU_ASSERT_EQUAL(try(c, "py2/plugin.json", &entry, &e), TT_EPERM);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "one of the two was changed"));
    CU_ASSERT_EQUAL(unlink(run), 0);
    CU_ASSERT_EQUAL(symlink("/etc/passwd", run), 0);
    CU_ASSERT_EQUAL(try(c, "py2/plugin.json", &entry, &e), TT_EPERM);
    CU_ASSERT_EQUAL(unlink(run), 0);
    CU_ASSERT_EQUAL(mkfifo(run, 0644), 0);
    CU_ASSERT_EQUAL(try(c, "py2/plugin.json", &entry, &e), TT_EINVAL);
    for (i = 0; i < TT_ARRAY_LEN(bad); i++) {
        put_folder("py3", bad[i], "x");
        CU_ASSERT_EQUAL(try(c, "py3/plugin.json", &entry, &e), TT_EPLUGIN);
        CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "must be a name"));
    }
    for (i = 0; i < TT_ARRAY_LEN(names); i++) {
        TT_AUTO_FREE char *json = xasprintf(
            "{\"id\":\"%s\",\"version\":\"%s\",\"kind\":\"adapter\","
            "\"exec\":{\"command\":[\"./run\"]},\"files\":{}}", names[i][0],
            names[i][1]);

        put_in("py5", "plugin.json", json, 0644);
        CU_ASSERT_EQUAL(try(c, "py5/plugin.json", &entry, &e), TT_EPLUGIN);
        CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "must be of the form") != NULL
                                   ? e.text
                                   : strstr(e.text, "a semantic version"));
    }
    put_in("py4", "plugin.json", "{\"id\":\"x\",\"version\":\"1.0.0\","
           "\"kind\":\"strategy\",\"exec\":{}}", 0644);
    CU_ASSERT_EQUAL(try(c, "py4/plugin.json", &entry, &e), TT_EPLUGIN);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "files"));
    CU_ASSERT_EQUAL(catalog_n(c), 0);
    CU_ASSERT_EQUAL(rmdir(root), 0);
    catalog_destroy(c);
    trust_destroy(t);
}

static void a_scan_takes_objects_and_folders(void)
{
    struct catalog *c = fresh();
    TT_AUTO_FREE char *in = fs_join(dir, "scan");
    TT_AUTO_FREE char *fifo = fs_join(dir, "scan/wait.so");
    struct err e = { 0 };

    put_folder("scan/py", "run", "print(1)");
    put_in("scan/py", "run", "print(1)", 0755);
    put_in("scan/source", "plugin.json", "{\"id\":\"x\",\"version\":"
           "\"1.0.0\",\"kind\":\"strategy\"}", 0644);
    put_in("scan/broken", "plugin.json", "{", 0644);
    put_in("scan", "note.txt", "hello", 0644);
    free(put("scan/a.so", "1.0.0"));
    CU_ASSERT_EQUAL(mkfifo(fifo, 0644), 0); /* nobody waits for it */
    CU_ASSERT_EQUAL(catalog_scan(c, in, &e), 0);
    CU_ASSERT_EQUAL(catalog_n(c), 2);
    catalog_destroy(c);
}

static CU_TestInfo tests[] = {
    { "the highest release wins, and names pin",
      the_highest_release_wins_and_names_pin },
    { "one version is the usable one", one_version_is_the_usable_one },
    { "what was judged is what is taken", what_was_judged_is_what_is_taken },
    { "a copy is by content and read-only", a_copy_is_by_content_and_read_only },
    { "a damaged copy is made again", a_damaged_copy_is_made_again },
    { "what is no plugin is refused and leaves nothing",
      what_is_no_plugin_is_refused_and_leaves_nothing },
    { "a description is kept over restarts",
      a_description_is_kept_over_restarts },
    { "signed ones are taken with their papers",
      signed_ones_are_taken_with_their_papers },
    { "what is refused leaves nothing", what_is_refused_leaves_nothing },
    { "a bare copy takes nothing away", a_bare_copy_takes_nothing_away },
    { "a restart judges again", a_restart_judges_again },
    { "a folder is taken with what it lists",
      a_folder_is_taken_with_what_it_lists },
    { "a folder that is not as listed leaves nothing",
      a_folder_that_is_not_as_listed_leaves_nothing },
    { "a scan takes objects and folders", a_scan_takes_objects_and_folders },
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
    signer_make(&ann);
    status = tap_run("catalog", tests);
    buf_fini(&plugin);
    fs_remove_tree(dir, &e);
    return status;
}
