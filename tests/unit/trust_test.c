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

/* --- signatures that are none ------------------------------------------------ */

static char *good_signature(void)
{
    TT_AUTO_FREE char *manifest = manifest_of("hill", sum);

    return signer_sign(&ann, "ED", manifest, "v1");
}

static void invalid(const char *why)
{
    always(TRUST_INVALID, why);
}

static void with_signature(const char *text, size_t n, const char *why)
{
    put_bytes(plugins, "plugin.json.minisig", text, n);
    invalid(why);
}

static void a_cut_signature_is_refused(void)
{
    TT_AUTO_FREE char *text = NULL;
    const char *line;
    size_t n;

    restore();
    with_signature("", 0, "untrusted comment");
    text = good_signature();
    n = strlen(text);
    for (line = text; line != NULL && line[0] != '\0';
         line = strchr(line, '\n')) {
        line += *line == '\n';
        if (line[0] != '\0')
            with_signature(text, (size_t)(line - text), "minisign signature");
    }
    with_signature(text, n - 3, "global signature"); /* in its base 64 */
    with_signature(text, n / 4, "minisign signature");
    put_bytes(plugins, "plugin.json.minisig", text, n - 1); /* the last \n */
    always(TRUST_SIGNED, "signed by");
}

static void replace(char *text, const char *what, const char *by)
{
    char *at = strstr(text, what);

    CU_ASSERT_PTR_NOT_NULL(at);
    if (at != NULL)
        memcpy(at, by, strlen(by));
}

static void a_signature_of_another_form_is_refused(void)
{
    TT_AUTO_FREE char *text = NULL, *more = NULL, *crlf = NULL;
    size_t n, i, k;

    restore();
    text = good_signature();
    n = strlen(text);
    more = xasprintf("%sand more\n", text);
    with_signature(more, strlen(more), "more follows");
    text[3] = 'X';
    with_signature(text, n, "untrusted comment");
    text[3] = 'r';
    text[strcspn(text, "\n") + 1] = '\0';
    with_signature(text, n, "minisign signature");
    free(text);
    text = good_signature();
    replace(text, "\nRU", "\nQU"); /* another algorithm than "ED" */
    with_signature(text, n, "another algorithm");
    replace(text, "\nQU", "\nR=");
    with_signature(text, n, "not base 64");
    free(text);
    text = good_signature();
    crlf = xcalloc(1, 2 * n);
    for (i = k = 0; i < n; i++) {
        if (text[i] == '\n')
            crlf[k++] = '\r';
        crlf[k++] = text[i];
    }
    put_bytes(plugins, "plugin.json.minisig", crlf, k);
    always(TRUST_SIGNED, "signed by");
}

static void a_huge_signature_is_refused(void)
{
    TT_AUTO_FREE char *comment = xcalloc(1, 20001);
    TT_AUTO_FREE char *manifest = NULL, *text = NULL;

    restore();
    memset(comment, 'c', 20000);
    manifest = manifest_of("hill", sum);
    text = signer_sign(&ann, "ED", manifest, comment);
    with_signature(text, strlen(text), "more than");
    comment[8193] = '\0';
    free(text);
    text = signer_sign(&ann, "ED", manifest, comment);
    with_signature(text, strlen(text), "at most 8192");
    comment[8192] = '\0';
    free(text);
    text = signer_sign(&ann, "ED", manifest, comment);
    put(plugins, "plugin.json.minisig", text);
    always(TRUST_SIGNED, "signed by");
}

static void what_is_no_file_is_refused(void)
{
    TT_AUTO_FREE char *path = NULL;

    restore();
    path = fs_join(plugins, "plugin.json.minisig");
    drop(plugins, "plugin.json.minisig");
    CU_ASSERT_EQUAL(mkdir(path, 0755), 0);
    invalid("not a regular file");
    drop(plugins, "plugin.json.minisig");
    CU_ASSERT_EQUAL(mkfifo(path, 0644), 0); /* would wait for ever */
    invalid("not a regular file");
    drop(plugins, "plugin.json.minisig");
    CU_ASSERT_EQUAL(symlink("/nonexistent", path), 0);
    invalid("link to nothing");
    drop(plugins, "plugin.json.minisig");
    put(root, "elsewhere", "nonsense");
    CU_ASSERT_EQUAL(symlink("../elsewhere", path), 0);
    invalid("not a minisign signature");
}

/* --- signatures of something else --------------------------------------------- */

static void another_key_is_refused(void)
{
    struct signer thief = bob;
    TT_AUTO_FREE char *id = NULL;

    restore();
    id = signer_id(&bob);
    sign_as(&bob, "ED");
    invalid("not in");
    invalid(id);
    memcpy(thief.id, ann.id, sizeof thief.id); /* says that it is ann's */
    sign_as(&thief, "ED");
    invalid("is not a signature of these bytes");
    sign_as(&thief, "Ed");
    invalid("is not a signature of these bytes");
    drop(keys, "ann.pub");
    sign_as(&ann, "ED");
    invalid("not in");
}

static void a_signature_of_another_file_is_refused(void)
{
    TT_AUTO_FREE char *other = NULL, *text = NULL;

    restore();
    other = manifest_of("dale", sum);
    text = signer_sign(&ann, "ED", other, "v1");
    with_signature(text, strlen(text), "is not a signature of these bytes");
    free(text);
    text = signer_sign(&ann, "ED", "", "v1");
    with_signature(text, strlen(text), "is not a signature of these bytes");
}

static void a_changed_manifest_is_refused(void)
{
    TT_AUTO_FREE char *manifest = NULL;
    size_t i;

    restore();
    manifest = manifest_of("hill", sum);
    for (i = 0; i < strlen(manifest); i += 7) { /* still JSON, or not */
        manifest[i] ^= 1;
        put(plugins, "plugin.json", manifest);
        invalid("");
        manifest[i] ^= 1;
    }
    replace(manifest, "true", "null");
    put(plugins, "plugin.json", manifest);
    invalid("plugin.json");
    drop(plugins, "plugin.json");
    invalid("not there");
}

static void a_manifest_that_is_none_is_refused_signed_or_not(void)
{
    TT_AUTO_FREE char *huge = xcalloc(1, (2u << 20) + 1), *path = NULL;

    restore();
    drop(plugins, "plugin.json.minisig");
    put(plugins, "plugin.json", "");
    invalid("plugin.json");
    put(plugins, "plugin.json", "[]");
    invalid("plugin.json");
    put(plugins, "plugin.json", "null");
    invalid("plugin.json");
    put(plugins, "plugin.json", "{\"id\":\"hill\"}");
    invalid("version");
    put(plugins, "plugin.json", "{\"id\":\"a\",\"id\":\"hill\"}");
    invalid("plugin.json");
    memset(huge, ' ', 2u << 20);
    put(plugins, "plugin.json", huge);
    invalid("more than");
    drop(plugins, "plugin.json");
    path = fs_join(plugins, "plugin.json");
    CU_ASSERT_EQUAL(symlink("/nonexistent", path), 0);
    invalid("link to nothing");
}

static void a_changed_plugin_is_refused(void)
{
    TT_AUTO_FREE char *text = xstrdup(code), *manifest = NULL, *name = NULL;
    char other[CRYPT_HEX_BYTES];
    struct trust_options o = options(TRUST_ALLOW);

    restore();
    text[5] ^= 1;
    crypt_sha256_hex(text, strlen(text), other);
    CU_ASSERT_EQUAL(judged(&o, "hill.so", other, "one of the two was changed"),
                    TRUST_INVALID);
    drop(plugins, "plugin.json.minisig"); /* unsigned: no better */
    CU_ASSERT_EQUAL(judged(&o, "hill.so", other, "one of the two was changed"),
                    TRUST_INVALID);
    /* signed by somebody who summed another file */
    manifest = manifest_of("hill", other);
    name = signer_sign(&ann, "ED", manifest, "v1");
    put(plugins, "plugin.json", manifest);
    put(plugins, "plugin.json.minisig", name);
    invalid("one of the two was changed");
}

static void a_signature_must_cover_the_file(void)
{
    static const char bare[] = "{\"id\":\"hill\",\"version\":\"1.0.0\","
                               "\"kind\":\"strategy\"}";
    TT_AUTO_FREE char *text = signer_sign(&ann, "ED", bare, "v1");

    restore();
    put(plugins, "plugin.json", bare);
    with_signature(text, strlen(text), "names no file");
}

static void the_comment_is_covered_too(void)
{
    TT_AUTO_FREE char *text = NULL;
    char *last;

    restore();
    text = good_signature();
    strstr(text, "\ntrusted comment: v1")[19] = '2';
    with_signature(text, strlen(text), "trusted comment");
    free(text);
    text = good_signature();
    last = strrchr(text, '=') - 12;
    *last = *last == 'A' ? 'B' : 'A';
    with_signature(text, strlen(text), "trusted comment");
}

/* --- keys ---------------------------------------------------------------------- */

static void a_bad_key_file_gives_no_key_and_is_named(void)
{
    TT_AUTO_FREE char *path = NULL, *text = signer_public(&ann);
    TT_AUTO_FREE char *huge = NULL;

    restore();
    path = fs_join(keys, "ann.pub");
    put(keys, "ann.pub", "untrusted comment: x\nnonsense\n");
    invalid("ann.pub: not a minisign public key");
    put(keys, "ann.pub", "");
    invalid("ann.pub: not a minisign public key");
    huge = xcalloc(1, 5001);
    memset(huge, 'x', 5000);
    put(keys, "ann.pub", huge);
    invalid("more than");
    put(keys, "ann.pub", text);
    CU_ASSERT_EQUAL(chmod(path, 0646), 0);
    invalid("chmod go-w");
    drop(keys, "ann.pub");
    CU_ASSERT_EQUAL(mkfifo(path, 0644), 0);
    invalid("not a regular file");
    drop(keys, "ann.pub");
    put(keys, "ann.txt", text); /* no .pub */
    invalid("not in");
    put(keys, "junk.pub", "junk"); /* harms no other */
    put(keys, "other name.pub", text);
    always(TRUST_SIGNED, "signed by");
    drop(keys, "other name.pub");
    CU_ASSERT_EQUAL(symlink("ann.txt", path), 0);
    always(TRUST_SIGNED, "signed by");
}

static void two_keys_of_one_id_are_none(void)
{
    struct signer twin = bob;

    restore();
    memcpy(twin.id, ann.id, sizeof twin.id);
    trust_signer(&ann, "copy.pub"); /* the same: no matter */
    always(TRUST_SIGNED, "signed by");
    trust_signer(&twin, "aaa.pub");
    invalid("two that differ");
    drop(keys, "aaa.pub");
    trust_signer(&twin, "zzz.pub");
    invalid("two that differ");
}

static void a_folder_that_cannot_be_believed_refuses_everything(void)
{
    static const mode_t modes[] = { 0757, 0775, 0777, 01777 };
    struct err e = { 0 };
    size_t i;

    restore();
    put(shipped, "hill.so", code);
    for (i = 0; i < TT_ARRAY_LEN(modes); i++) {
        CU_ASSERT_EQUAL(chmod(keys, modes[i]), 0);
        invalid("chmod go-w");
        drop(plugins, "plugin.json.minisig"); /* unsigned, and shipped */
        invalid("chmod go-w");
        sign_as(&ann, "ED");
    }
    fs_remove_tree(keys, &e);
    invalid("cannot be read");
    put(root, "keys", "a file");
    invalid("not a folder");
    fs_remove_tree(keys, &e);
    CU_ASSERT_EQUAL(symlink("/nonexistent", keys), 0);
    invalid("cannot be read");
    fs_remove_tree(keys, &e);
}

static void only_the_usual_folder_may_be_absent(void)
{
    struct trust_options o = options(TRUST_ALLOW);
    struct err e = { 0 };

    restore();
    fs_remove_tree(keys, &e);
    o.keys_optional = true;
    CU_ASSERT_EQUAL(judged(&o, "hill.so", sum, "not in"), TRUST_INVALID);
    drop(plugins, "plugin.json.minisig");
    CU_ASSERT_EQUAL(judged(&o, "hill.so", sum, "not signed"), TRUST_UNSIGNED);
    CU_ASSERT_EQUAL(symlink("/nonexistent", keys), 0);
    CU_ASSERT_EQUAL(judged(&o, "hill.so", sum, "cannot be read"),
                    TRUST_INVALID);
    fs_remove_tree(keys, &e);
}

static void an_unreadable_folder_refuses_everything(void)
{
    bool is_root = geteuid() == 0;

    restore();
    CU_ASSERT_EQUAL(chmod(keys, 0), 0);
    CU_ASSERT_EQUAL(chmod(root, 0755), 0);
    if (is_root)
        CU_ASSERT_EQUAL(seteuid(65534), 0);
    invalid("cannot be read");
    if (is_root)
        CU_ASSERT_EQUAL(seteuid(0), 0);
    CU_ASSERT_EQUAL(chmod(keys, 0755), 0);
}

static void keys_do_not_lie_among_plugins(void)
{
    struct trust_options o = options(TRUST_ALLOW);
    TT_AUTO_FREE char *inside = NULL, *link = NULL;
    struct err e = { 0 };

    restore();
    inside = fs_join(plugins, "keys");
    fs_mkdirs(inside, 0755, &e);
    o.keys = inside;
    CU_ASSERT_EQUAL(judged(&o, "hill.so", sum, "keep the keys elsewhere"),
                    TRUST_INVALID);
    o.keys = plugins;
    CU_ASSERT_EQUAL(judged(&o, "hill.so", sum, "keep the keys elsewhere"),
                    TRUST_INVALID);
    link = fs_join(root, "link");
    CU_ASSERT_EQUAL(symlink(inside, link), 0);
    o.keys = link;
    CU_ASSERT_EQUAL(judged(&o, "hill.so", sum, "keep the keys elsewhere"),
                    TRUST_INVALID);
    o.keys = keys;
    o.plugin_state = root;
    CU_ASSERT_EQUAL(judged(&o, "hill.so", sum, "keep the keys elsewhere"),
                    TRUST_INVALID);
    CU_ASSERT_EQUAL(unlink(link), 0);
}

/* --- revocations ----------------------------------------------------------------- */

static void revoked(const char *what, const char *why)
{
    TT_AUTO_FREE char *text = xasprintf("# a list\n\n  %s\tsince May\n"
                                        "%064d # nobody's\n", what, 0);

    put(keys, "revoked", text);
    always(TRUST_REVOKED, why);
}

static void what_is_revoked_is_refused(void)
{
    TT_AUTO_FREE char *id = signer_id(&ann), *manifest = NULL;
    char own[CRYPT_HEX_BYTES];
    struct trust_options o = options(TRUST_ALLOW);
    size_t i;

    restore();
    put(keys, "revoked", "# nothing yet\n\n");
    always(TRUST_SIGNED, "signed by");
    revoked(id, "signed by the key");
    for (i = 0; id[i] != '\0'; i++)
        id[i] = (char)(id[i] >= 'A' ? id[i] + 32 : id[i]);
    revoked(id, "signed by the key");
    revoked(sum, "its sha256");
    manifest = manifest_of("hill", sum);
    crypt_sha256_hex(manifest, strlen(manifest), own);
    revoked(own, "the manifest, sha256");
    /* nobody's, and shipped ones too */
    restore();
    drop(plugins, "plugin.json.minisig");
    put(shipped, "hill.so", code);
    CU_ASSERT_EQUAL(judged(&o, "hill.so", sum, "shipped"), TRUST_SHIPPED);
    revoked(sum, "its sha256");
}

static void a_list_that_cannot_be_read_refuses_everything(void)
{
    static const char *const bad[] = {
        "DEADBEEF\n", "# fine\nkey 0123456789ABCDEF\n", "0123456789ABCDEFG\n",
        "0123456789ABCDEF,0123456789ABCDEF\n", "x",
    };
    TT_AUTO_FREE char *path = NULL;
    size_t i;

    restore();
    path = fs_join(keys, "revoked");
    put(shipped, "hill.so", code);
    for (i = 0; i < TT_ARRAY_LEN(bad); i++) {
        put(keys, "revoked", bad[i]);
        invalid("neither a key id");
        drop(plugins, "plugin.json.minisig");
        invalid("neither a key id");
        sign_as(&ann, "ED");
    }
    put_bytes(keys, "revoked", "0123456789ABCDEF\0\n", 18);
    invalid("neither a key id");
    put(keys, "revoked", "");
    CU_ASSERT_EQUAL(chmod(path, 0666), 0);
    invalid("chmod go-w");
    drop(keys, "revoked");
    CU_ASSERT_EQUAL(symlink("/nonexistent", path), 0);
    invalid("link to nothing");
    drop(keys, "revoked");
    CU_ASSERT_EQUAL(mkdir(path, 0755), 0);
    invalid("not a regular file");
}

/* --- what is shipped --------------------------------------------------------------- */

static void shipped_ones_are_known_by_their_bytes(void)
{
    struct trust_options o = options(TRUST_DENY);
    TT_AUTO_FREE char *path = NULL, *target = NULL;

    restore();
    drop(plugins, "plugin.json.minisig");
    drop(plugins, "plugin.json");
    put(shipped, "hill.so", "other bytes");
    CU_ASSERT_EQUAL(judged(&o, "hill.so", sum, "not signed"), TRUST_UNSIGNED);
    path = fs_join(plugins, "hill.so"); /* a link to it lends nothing either */
    target = fs_join(shipped, "hill.so");
    drop(plugins, "hill.so");
    CU_ASSERT_EQUAL(symlink(target, path), 0);
    CU_ASSERT_EQUAL(judged(&o, "hill.so", sum, "not signed"), TRUST_UNSIGNED);
    put(shipped, "hill.so", code);
    CU_ASSERT_EQUAL(judged(&o, "hill.so", sum, "shipped"), TRUST_SHIPPED);
    sign_as(&bob, "ED"); /* but signed, then well */
    CU_ASSERT_EQUAL(judged(&o, "hill.so", sum, "not in"), TRUST_INVALID);
}

/* Its code is the installed one's, its wishes are not. */
static void a_shipped_one_asks_for_no_more(void)
{
    TT_AUTO_FREE char *less = manifest_of("hill", sum), *more = NULL;
    struct trust_options o = options(TRUST_DENY);

    restore();
    drop(plugins, "plugin.json.minisig");
    drop(plugins, "plugin.json");
    more = xasprintf("%s ", less);
    put(shipped, "hill.so", code);
    CU_ASSERT_EQUAL(judged(&o, "hill.so", sum, "shipped"), TRUST_SHIPPED);
    put(plugins, "hill.json", more);
    CU_ASSERT_EQUAL(judged(&o, "hill.so", sum, "shipped"), TRUST_SHIPPED);
    put(shipped, "hill.json", less);
    CU_ASSERT_EQUAL(judged(&o, "hill.so", sum, "not signed"), TRUST_UNSIGNED);
    drop(plugins, "hill.json");
    CU_ASSERT_EQUAL(judged(&o, "hill.so", sum, "not signed"), TRUST_UNSIGNED);
    put(plugins, "hill.json", less);
    CU_ASSERT_EQUAL(judged(&o, "hill.so", sum, "shipped"), TRUST_SHIPPED);
    drop(shipped, "hill.json");
    drop(plugins, "hill.json");
}

/* --- folders that a command runs ------------------------------------------------------ */

static void a_folder_is_judged_by_its_list_of_files(void)
{
    TT_AUTO_FREE char *text = xasprintf(
        "{\"id\":\"py\",\"version\":\"1.0.0\",\"kind\":\"strategy\","
        "\"exec\":{\"command\":[\"python3\"]},\"files\":{\"a.py\":"
        "\"%s\"}}", sum);
    TT_AUTO_FREE char *sig = signer_sign(&ann, "ED", text, "v1");
    struct trust_options o = options(TRUST_DENY);
    char own[CRYPT_HEX_BYTES];

    restore();
    put(plugins, "plugin.json", text);
    put(plugins, "plugin.json.minisig", sig);
    crypt_sha256_hex(text, strlen(text), own);
    CU_ASSERT_EQUAL(judged(&o, "plugin.json", own, "signed by"), TRUST_SIGNED);
    CU_ASSERT_EQUAL(judged(&o, "plugin.json", sum, "was changed"),
                    TRUST_INVALID);
    put(keys, "revoked", sum);
    CU_ASSERT_EQUAL(judged(&o, "plugin.json", own, "the file \"a.py\""),
                    TRUST_REVOKED);
    drop(keys, "revoked");
    free(text);
    free(sig);
    text = xstrdup("{\"id\":\"py\",\"version\":\"1.0.0\",\"kind\":"
                   "\"strategy\",\"sha256\":\"00\"}");
    sig = signer_sign(&ann, "ED", text, "v1");
    put(plugins, "plugin.json", text);
    put(plugins, "plugin.json.minisig", sig);
    crypt_sha256_hex(text, strlen(text), own);
    CU_ASSERT_EQUAL(judged(&o, "plugin.json", own, "names no file"),
                    TRUST_INVALID);
}

static void a_shared_folder_has_a_manifest_for_each(void)
{
    TT_AUTO_FREE char *manifest = NULL, *sig = NULL;

    restore();
    put(plugins, "plugin.json", "{\"of\": \"another\"}");
    drop(plugins, "plugin.json.minisig");
    manifest = manifest_of("hill", sum);
    sig = signer_sign(&ann, "ED", manifest, "v1");
    put(plugins, "hill.json", manifest);
    put(plugins, "hill.json.minisig", sig);
    always(TRUST_SIGNED, "signed by");
    drop(plugins, "hill.json"); /* its signature is not passed over */
    invalid("not there");
}

/* --- who may stand for an id ------------------------------------------------------------ */

static enum trust_state with_grants(const char *format, const struct signer *s,
                                    const char *why)
{
    struct trust_options o = options(TRUST_ALLOW);
    TT_AUTO_FREE char *id = signer_id(s);
    TT_AUTO_FREE char *text = xcalloc(1, 400);
    const char *at = strchr(format, '@');
    enum trust_state state;

    (void)snprintf(text, 400, "%.*s%s%s", (int)(at - format), format, id,
                   at + 1);
    o.grants = json_parse(text, strlen(text), &json_limits_request, NULL);
    CU_ASSERT_PTR_NOT_NULL(o.grants);
    state = judged(&o, "hill.so", sum, why);
    json_object_put(o.grants);
    return state;
}

static void an_id_may_be_kept_for_some_keys(void)
{
    static const char own[] = "{\"hill\":{\"keys\":[\"@\"]}}";
    static const char all[] = "{\"*\":{\"keys\":[\"@\"]}}";
    static const char over[] = "{\"*\":{\"keys\":[]},\"hill\":{\"keys\":"
                               "[\"@\"]}}";

    restore();
    trust_signer(&bob, "bob.pub");
    CU_ASSERT_EQUAL(with_grants(own, &ann, "signed by"), TRUST_SIGNED);
    CU_ASSERT_EQUAL(with_grants(own, &bob, "stand for \"hill\""),
                    TRUST_INVALID);
    CU_ASSERT_EQUAL(with_grants(all, &ann, "signed by"), TRUST_SIGNED);
    CU_ASSERT_EQUAL(with_grants(all, &bob, "stand for"), TRUST_INVALID);
    CU_ASSERT_EQUAL(with_grants(over, &ann, "signed by"), TRUST_SIGNED);
    drop(plugins, "plugin.json.minisig"); /* nobody is not ann */
    CU_ASSERT_EQUAL(with_grants(own, &ann, "not signed"), TRUST_INVALID);
    put(shipped, "hill.so", code);
    CU_ASSERT_EQUAL(with_grants(own, &ann, "shipped"), TRUST_SHIPPED);
}

/* A file without a manifest cannot hide its id: it is asked itself. */
static void an_id_of_the_note_counts_too(void)
{
    struct trust_options o = options(TRUST_ALLOW);
    static const char text[] = "{\"hill\":{\"keys\":[]}}";
    struct trust *t;
    struct trust_verdict v;
    struct err e = { 0 };
    TT_AUTO_FREE char *path = NULL;

    restore();
    drop(plugins, "plugin.json.minisig");
    drop(plugins, "plugin.json");
    path = fs_join(plugins, "hill.so");
    o.grants = json_parse(text, strlen(text), &json_limits_request, NULL);
    t = trust_create(&o);
    json_object_put(o.grants);
    CU_ASSERT_EQUAL(trust_judge(t, path, sum, &v, &e), 0);
    CU_ASSERT_EQUAL(trust_fits(t, &v, path, "dale", "1.0.0", 1, &e), 0);
    CU_ASSERT_EQUAL(trust_fits(t, &v, path, "hill", "1.0.0", 1, &e), TT_EPERM);
    CU_ASSERT_EQUAL(v.state, TRUST_INVALID);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "stand for \"hill\""));
    trust_verdict_fini(&v);
    trust_destroy(t);
}

static CU_TestInfo tests[] = {
    { "a good signature is taken, of the old form and the new",
      a_good_signature_is_taken_old_form_and_new },
    { "nobody's file goes by the policy", nobodys_file_goes_by_the_policy },
    { "a cut signature is refused", a_cut_signature_is_refused },
    { "a signature of another form is refused",
      a_signature_of_another_form_is_refused },
    { "a huge signature is refused", a_huge_signature_is_refused },
    { "what is no file is refused", what_is_no_file_is_refused },
    { "another key is refused", another_key_is_refused },
    { "a signature of another file is refused",
      a_signature_of_another_file_is_refused },
    { "a changed manifest is refused", a_changed_manifest_is_refused },
    { "a manifest that is none is refused, signed or not",
      a_manifest_that_is_none_is_refused_signed_or_not },
    { "a changed plugin is refused", a_changed_plugin_is_refused },
    { "a signature must cover the file", a_signature_must_cover_the_file },
    { "the comment is covered too", the_comment_is_covered_too },
    { "a bad key file gives no key, and is named",
      a_bad_key_file_gives_no_key_and_is_named },
    { "two keys of one id are none", two_keys_of_one_id_are_none },
    { "a folder that cannot be believed refuses everything",
      a_folder_that_cannot_be_believed_refuses_everything },
    { "only the usual folder may be absent",
      only_the_usual_folder_may_be_absent },
    { "an unreadable folder refuses everything",
      an_unreadable_folder_refuses_everything },
    { "keys do not lie among plugins", keys_do_not_lie_among_plugins },
    { "what is revoked is refused", what_is_revoked_is_refused },
    { "a list that cannot be read refuses everything",
      a_list_that_cannot_be_read_refuses_everything },
    { "shipped ones are known by their bytes",
      shipped_ones_are_known_by_their_bytes },
    { "a shipped one asks for no more", a_shipped_one_asks_for_no_more },
    { "a folder is judged by its list of files",
      a_folder_is_judged_by_its_list_of_files },
    { "a shared folder has a manifest for each",
      a_shared_folder_has_a_manifest_for_each },
    { "an id may be kept for some keys", an_id_may_be_kept_for_some_keys },
    { "an id of the note counts too", an_id_of_the_note_counts_too },
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
