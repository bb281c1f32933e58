/* SPDX-License-Identifier: MIT
 *
 * trust_test.c - who is trusted, and every way in which somebody is not. Keys
 * and signatures are made on the fly, in minisign's form. */
#include "config.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fs.h"
#include "core/base/mem.h"
#include "core/crypt/crypt.h"
#include "core/host/trust.h"
#include "tests/unit/signer.h"
#include "tests/unit/tap.h"

/* --- a workshop of its own ------------------------------------------------- */

static char root[] = "/tmp/trimtab-trust-XXXXXX";
static char *plugins, *keys, *shipped;

static struct signer ann, bob;

static void put_bytes(const char *dir, const char *name, const void *bytes,
                      size_t n)
{
    TT_AUTO_FREE char *path = fs_join(dir, name);
    struct err e = { 0 };

    CU_ASSERT_EQUAL(fs_write(path, bytes, n, 0644, &e), 0);
}

static void put(const char *dir, const char *name, const char *text)
{
    put_bytes(dir, name, text, strlen(text));
}

static void drop(const char *dir, const char *name)
{
    TT_AUTO_FREE char *path = fs_join(dir, name);
    struct err e = { 0 };

    CU_ASSERT_EQUAL(fs_remove_tree(path, &e), 0);
}

static void trust_signer(const struct signer *s, const char *file)
{
    TT_AUTO_FREE char *text = signer_public(s);

    put(keys, file, text);
}

/* --- one plugin, well signed ------------------------------------------------ */

static const char code[] = "these are the bytes of a plugin";
static char sum[CRYPT_HEX_BYTES];

static char *manifest_of(const char *id, const char *hash)
{
    return xasprintf("{\"id\":\"%s\",\"version\":\"1.0.0\",\"kind\":"
                     "\"strategy\",\"sha256\":\"%s\",\"permissions\":"
                     "{\"llm\":true}}\n", id, hash);
}

static void sign_as(const struct signer *s, const char *algorithm)
{
    TT_AUTO_FREE char *manifest = manifest_of("hill", sum);
    TT_AUTO_FREE char *text = signer_sign(s, algorithm, manifest, "v1");

    put(plugins, "plugin.json", manifest);
    put(plugins, "plugin.json.minisig", text);
}

/* Everything as it should be. */
static void restore(void)
{
    struct err e = { 0 };

    (void)chmod(keys, 0755);
    fs_remove_tree(plugins, &e);
    fs_remove_tree(keys, &e);
    fs_remove_tree(shipped, &e);
    fs_mkdirs(plugins, 0755, &e);
    fs_mkdirs(keys, 0755, &e);
    fs_mkdirs(shipped, 0755, &e);
    put(plugins, "hill.so", code);
    crypt_sha256_hex(code, strlen(code), sum);
    trust_signer(&ann, "ann.pub");
    sign_as(&ann, "ED");
}

static struct trust_options options(enum trust_policy policy)
{
    static const char *dirs[1];
    struct trust_options o = { .policy = policy, .keys = keys,
                               .shipped = shipped, .plugin_dirs = dirs,
                               .n_plugin_dirs = 1 };

    dirs[0] = plugins;
    return o;
}

static enum trust_state judged(const struct trust_options *o, const char *name,
                               const char *hash, const char *why)
{
    struct trust *t = trust_create(o);
    TT_AUTO_FREE char *path = fs_join(plugins, name);
    struct trust_verdict v;
    struct err e = { 0 };
    enum trust_state state;
    int rc = trust_judge(t, path, hash, &v, &e);
    bool taken = v.state == TRUST_SHIPPED || v.state == TRUST_SIGNED ||
                 (v.state == TRUST_UNSIGNED && o->policy != TRUST_DENY);

    CU_ASSERT_EQUAL(rc, taken ? 0 : TT_EPERM);
    CU_ASSERT_EQUAL(e.code, rc);
    if (rc != 0) {
        CU_ASSERT_STRING_EQUAL(e.text, v.why);
        CU_ASSERT_PTR_NOT_NULL(strstr(e.text, plugins)); /* names the file */
    }
    if (strstr(v.why, why) == NULL) {
        printf("# got: %s\n# want: %s\n", v.why, why);
        CU_FAIL("another reason");
    }
    state = v.state;
    trust_verdict_fini(&v);
    trust_destroy(t);
    return state;
}

/* Under every policy the same. */
static void always(enum trust_state state, const char *why)
{
    static const enum trust_policy policies[] = { TRUST_DENY, TRUST_WARN,
                                                  TRUST_ALLOW };
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(policies); i++) {
        struct trust_options o = options(policies[i]);

        CU_ASSERT_EQUAL(judged(&o, "hill.so", sum, why), state);
    }
}

static void a_good_signature_is_taken_old_form_and_new(void)
{
    restore();
    always(TRUST_SIGNED, "signed by");
    sign_as(&ann, "Ed");
    always(TRUST_SIGNED, "signed by");
}

static void nobodys_file_goes_by_the_policy(void)
{
    struct trust_options o = options(TRUST_DENY);

    restore();
    drop(plugins, "plugin.json.minisig");
    CU_ASSERT_EQUAL(judged(&o, "hill.so", sum, "is not signed"),
                    TRUST_UNSIGNED);
    o.policy = TRUST_WARN;
    CU_ASSERT_EQUAL(judged(&o, "hill.so", sum, "\"warn\""), TRUST_UNSIGNED);
    o.policy = TRUST_ALLOW;
    CU_ASSERT_EQUAL(judged(&o, "hill.so", sum, "\"allow\""), TRUST_UNSIGNED);
    drop(plugins, "plugin.json");
    CU_ASSERT_EQUAL(judged(&o, "hill.so", sum, "\"allow\""), TRUST_UNSIGNED);
}

static CU_TestInfo tests[] = {
    { "a good signature is taken, of the old form and the new",
      a_good_signature_is_taken_old_form_and_new },
    { "nobody's file goes by the policy", nobodys_file_goes_by_the_policy },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    struct err e = { 0 };
    int status;

    if (crypt_init(&e) != 0 || mkdtemp(root) == NULL)
        return 1;
    plugins = fs_join(root, "plugins");
    keys = fs_join(root, "keys");
    shipped = fs_join(root, "shipped");
    signer_make(&ann);
    signer_make(&bob);
    status = tap_run("trust", tests);
    free(plugins);
    free(keys);
    free(shipped);
    fs_remove_tree(root, &e);
    return status;
}
