/* SPDX-License-Identifier: MIT
 *
 * trust.c - see trust.h. Manifest and signature are read once: what is judged
 * is what is kept. */
#include "config.h"

#include "core/host/trust.h"

#include <string.h>
#include <strings.h>

#include "core/base/fs.h"
#include "core/base/mem.h"
#include "core/crypt/crypt.h"
#include "core/host/trust_keys.h"

#define HOW "see docs/plugin-signing.md"

struct trust {
    struct trust_options o; /* what it points at is ours */
    char **plugin_dirs;
};

enum trust_policy trust_policy_of(const char *word)
{
    if (word != NULL && strcmp(word, "allow") == 0)
        return TRUST_ALLOW;
    return word != NULL && strcmp(word, "warn") == 0 ? TRUST_WARN : TRUST_DENY;
}

const char *trust_state_word(enum trust_state state)
{
    static const char *const words[] = { "unknown", "shipped", "signed",
                                         "unsigned", "invalid", "revoked" };

    return words[(size_t)state < TT_ARRAY_LEN(words) ? (size_t)state : 0];
}

struct trust *trust_create(const struct trust_options *options)
{
    struct trust *t = xcalloc(1, sizeof *t);
    size_t i;

    t->o = *options;
    t->o.keys = xstrdup(options->keys);
    t->o.shipped = xstrdup(options->shipped);
    t->o.plugin_state = xstrdup(options->plugin_state);
    t->plugin_dirs = xcalloc(options->n_plugin_dirs + 1, sizeof(char *));
    for (i = 0; i < options->n_plugin_dirs; i++)
        t->plugin_dirs[i] = xstrdup(options->plugin_dirs[i]);
    t->o.plugin_dirs = (const char *const *)t->plugin_dirs;
    t->o.grants = options->grants != NULL ? json_copy(options->grants) : NULL;
    return t;
}

void trust_destroy(struct trust *t)
{
    size_t i;

    if (t == NULL)
        return;
    for (i = 0; i < t->o.n_plugin_dirs; i++)
        free(t->plugin_dirs[i]);
    free(t->plugin_dirs);
    free((char *)t->o.keys);
    free((char *)t->o.shipped);
    free((char *)t->o.plugin_state);
    json_object_put(t->o.grants);
    free(t);
}

void trust_verdict_fini(struct trust_verdict *v)
{
    manifest_close(&v->manifest);
    buf_fini(&v->manifest_bytes);
    buf_fini(&v->signature_bytes);
    memset(v, 0, sizeof *v);
}

/* --- one judgement --------------------------------------------------------- */

struct judgement {
    const struct trust *t;
    const char *path, *sha256;
    struct trust_verdict *v;
    struct trust_keys keys;
    char *manifest, *signature; /* where they would be */
    bool is_signed;
    struct err *e;
};

static int refuse(struct judgement *j, enum trust_state state)
{
    j->v->state = state;
    j->e->code = TT_EPERM;
    return TT_EPERM;
}

/* The bytes of a file beside the plugin; *there: is there one? What cannot be
 * read is not the same as what is not there. */
static int read_beside(struct judgement *j, const char *path, size_t max,
                       struct buf *out, bool *there)
{
    int code = fs_read_regular(path, max, out, NULL, j->e);

    *there = code != TT_ENOENT;
    if (code == TT_ENOENT) {
        memset(j->e, 0, sizeof *j->e);
        return 0;
    }
    return code == 0 ? 0 : refuse(j, TRUST_INVALID);
}

static bool is_command(const char *path)
{
    const char *slash = strrchr(path, '/');

    return strcmp(slash != NULL ? slash + 1 : path, "plugin.json") == 0;
}

/* Does the manifest speak of the file that was read? */
static int check_sum(struct judgement *j, const char *own)
{
    const char *said = json_str(j->v->manifest.json, "sha256");

    if (is_command(j->path))
        said = own;
    if (said == NULL || strcasecmp(said, j->sha256) == 0)
        return 0;
    err_set(j->e, TT_EPERM, "%.300s: its sha256 is %.16s..., %.300s says "
            "%.16s...: one of the two was changed; build, sum and sign it "
            "again, " HOW, j->path, j->sha256, j->manifest, said);
    return refuse(j, TRUST_INVALID);
}

static int check_revoked(struct judgement *j, const char *sum, const char *what)
{
    if (!trust_keys_revoked(&j->keys, sum))
        return 0;
    err_set(j->e, TT_EPERM, "%.300s: %s %.16s%s is revoked in %.300s/revoked: "
            "take a newer version", j->path, what, sum,
            strlen(sum) > 16 ? "..." : "", j->t->o.keys);
    return refuse(j, TRUST_REVOKED);
}

/* The manifest, and the files that it lists. */
static int check_revoked_papers(struct judgement *j,
                                const struct trust_verdict *v)
{
    json_object *files = json_child(v->manifest.json, "files");
    char own[CRYPT_HEX_BYTES], what[100];

    if (v->manifest_bytes.len > 0) {
        crypt_sha256_hex(v->manifest_bytes.data, v->manifest_bytes.len, own);
        if (check_revoked(j, own, "the manifest, sha256") != 0)
            return TT_EPERM;
    }
    if (!json_object_is_type(files, json_type_object))
        return 0;
    json_object_object_foreach(files, name, sum)
    {
        (void)snprintf(what, sizeof what, "the file \"%.60s\", sha256", name);
        if (check_revoked(j, json_object_get_string(sum), what) != 0)
            return TT_EPERM;
    }
    return 0;
}

static int judge_manifest(struct judgement *j)
{
    struct trust_verdict *v = j->v;
    char own[CRYPT_HEX_BYTES];
    bool there;
    int code;

    j->manifest = manifest_beside(j->path);
    j->signature = xasprintf("%s.minisig", j->manifest);
    code = read_beside(j, j->manifest, json_limits_request.max_bytes,
                       &v->manifest_bytes, &there);
    if (code == 0)
        code = read_beside(j, j->signature, MINISIGN_MAX_FILE,
                           &v->signature_bytes, &j->is_signed);
    if (code != 0)
        return code;
    if (!there && !j->is_signed)
        return 0;
    if (!there) {
        err_set(j->e, TT_EPERM, "%.300s: signs a manifest that is not there: "
                "put %.300s beside it", j->signature, j->manifest);
        return refuse(j, TRUST_INVALID);
    }
    if (manifest_parse(&v->manifest, j->manifest,
                       v->manifest_bytes.len > 0 ? v->manifest_bytes.data : "",
                       v->manifest_bytes.len, j->e) != 0)
        return refuse(j, TRUST_INVALID);
    crypt_sha256_hex(v->manifest_bytes.data, v->manifest_bytes.len, own);
    code = check_revoked_papers(j, v);
    return code == 0 ? check_sum(j, own) : code;
}

/* --- signatures ------------------------------------------------------------- */

static int find_key(struct judgement *j, const struct minisign_signature *s,
                    const struct trust_key **key)
{
    struct trust_verdict *v = j->v;

    minisign_id(s->id, v->key);
    if (check_revoked(j, v->key, "it is signed by the key") != 0)
        return TT_EPERM;
    *key = trust_keys_find(&j->keys, s->id);
    if (*key == NULL)
        err_set(j->e, TT_EPERM, "%.300s: signed by the key %s, which is not in "
                "%.300s: put its .pub file there if you trust it, " HOW "%s%s",
                j->signature, v->key, j->t->o.keys,
                j->keys.bad.len > 0 ? "; files there that give no key: " : "",
                j->keys.bad.len > 0 ? j->keys.bad.data : "");
    else if ((*key)->twice)
        err_set(j->e, TT_EPERM, "%.300s: signed by the key %s, of which %.300s "
                "has two that differ (one is %.64s): remove the wrong one",
                j->signature, v->key, j->t->o.keys, (*key)->file);
    else
        return 0;
    return refuse(j, TRUST_INVALID);
}

/* A signature says nothing of a file that the manifest does not name. */
static int check_covers(struct judgement *j)
{
    json_object *files = json_child(j->v->manifest.json, "files");

    if (is_command(j->path)
            ? files != NULL && json_object_object_length(files) > 0
            : json_str(j->v->manifest.json, "sha256") != NULL)
        return 0;
    err_set(j->e, TT_EPERM, "%.300s: is signed, but names no file: put \"%s\" "
            "into it and sign it again, " HOW, j->manifest,
            is_command(j->path) ? "files" : "sha256");
    return refuse(j, TRUST_INVALID);
}

static int judge_signature(struct judgement *j)
{
    struct trust_verdict *v = j->v;
    struct minisign_signature s;
    const struct trust_key *key = NULL;
    int code;

    if (minisign_parse(v->signature_bytes.len > 0 ? v->signature_bytes.data : "",
                       v->signature_bytes.len, &s, j->e) != 0) {
        err_prefix(j->e, "%.300s: sign it again", j->signature);
        return refuse(j, TRUST_INVALID);
    }
    code = find_key(j, &s, &key);
    if (code != 0)
        return code;
    if (minisign_verify(&s, &key->key, v->manifest_bytes.data,
                        v->manifest_bytes.len, j->e) != 0) {
        err_prefix(j->e, "%.300s: take the original or sign it again",
                   j->signature);
        return refuse(j, TRUST_INVALID);
    }
    code = check_covers(j);
    if (code != 0)
        return code;
    v->state = TRUST_SIGNED;
    (void)snprintf(v->why, sizeof v->why, "signed by %s (%.64s)", v->key,
                   key->file);
    return 0;
}

/* --- without one ------------------------------------------------------------ */

/* Where a manifest was installed with it, no copy may ask for more by bringing
 * another, or none. Where there was none, one that is brought asks for less. */
static bool fits_installed(const struct judgement *j, const char *shipped)
{
    TT_AUTO_FREE char *path = manifest_beside(shipped);
    const struct buf *mine = &j->v->manifest_bytes;
    struct buf bytes = { 0 };
    struct err e = { 0 };
    int code = fs_read_regular(path, json_limits_request.max_bytes, &bytes,
                               NULL, &e);
    bool fits = code == TT_ENOENT ||
                (code == 0 && bytes.len == mine->len && bytes.len > 0 &&
                 memcmp(bytes.data, mine->data, bytes.len) == 0);

    buf_fini(&bytes);
    return fits;
}

/* By content: the installed file of this name must be these very bytes, so that
 * no link or swap can borrow its standing. */
static bool is_shipped(const struct judgement *j)
{
    char found[CRYPT_HEX_BYTES];
    struct err e = { 0 };
    const char *name = strrchr(j->path, '/');
    char *path;
    bool same;

    if (j->t->o.shipped == NULL || j->t->o.shipped[0] == '\0' || name == NULL)
        return false;
    if (is_command(j->path)) /* the name of its folder too */
        while (name > j->path && *--name != '/')
            ;
    path = xasprintf("%s/%s", j->t->o.shipped, name + (*name == '/'));
    same = crypt_sha256_file(path, found, &e) == 0 &&
           strcasecmp(found, j->sha256) == 0 &&
           (is_command(j->path) || fits_installed(j, path));
    free(path);
    return same;
}

static int judge_unsigned(struct judgement *j)
{
    struct trust_verdict *v = j->v;

    if (is_shipped(j)) {
        v->state = TRUST_SHIPPED;
        (void)snprintf(v->why, sizeof v->why, "shipped with this daemon");
        return 0;
    }
    v->state = TRUST_UNSIGNED;
    if (j->t->o.policy == TRUST_DENY) {
        err_set(j->e, TT_EPERM, "%.300s: is not signed, and plugins.signatures "
                "is \"deny\": sign it, " HOW ", or allow unsigned plugins",
                j->path);
        return refuse(j, TRUST_UNSIGNED);
    }
    (void)snprintf(v->why, sizeof v->why, "not signed; plugins.signatures is "
                   "\"%s\"", j->t->o.policy == TRUST_WARN ? "warn" : "allow");
    return 0;
}

/* May who signed it, or nobody, stand for this id? */
static int check_key_of(const struct trust *t, struct trust_verdict *v,
                        const char *path, const char *id, struct err *e)
{
    if (v->state == TRUST_SHIPPED || grant_takes_key(t->o.grants, id, v->key))
        return 0;
    v->state = TRUST_INVALID;
    return err_set(e, TT_EPERM, "%.300s: %s%s, which plugins.grants does not "
                   "let stand for \"%.64s\": sign it with a key that is listed "
                   "there, or list this one", path,
                   v->key[0] != '\0' ? "signed by the key " : "not signed",
                   v->key, id);
}

int trust_judge(const struct trust *t, const char *path, const char *sha256,
                struct trust_verdict *v, struct err *e)
{
    struct err own = { 0 };
    struct judgement j = { .t = t, .path = path, .sha256 = sha256, .v = v,
                           .e = &own };
    const char *id;
    int code;

    memset(v, 0, sizeof *v);
    code = trust_keys_read(&j.keys, &t->o, &own);
    if (code != 0) {
        err_prefix(&own, "%.300s: not judged", path);
        code = refuse(&j, TRUST_INVALID);
    }
    if (code == 0)
        code = check_revoked(&j, sha256, "its sha256");
    if (code == 0)
        code = judge_manifest(&j);
    if (code == 0)
        code = j.is_signed ? judge_signature(&j) : judge_unsigned(&j);
    id = json_str(v->manifest.json, "id");
    if (code == 0 && id != NULL)
        code = check_key_of(t, v, path, id, &own);
    if (code != 0) {
        (void)snprintf(v->why, sizeof v->why, "%s", own.text);
        if (e != NULL)
            *e = own;
    }
    free(j.manifest);
    free(j.signature);
    trust_keys_fini(&j.keys);
    return code;
}

int trust_fits(const struct trust *t, struct trust_verdict *v, const char *path,
               const char *id, const char *version, uint32_t kind,
               struct err *e)
{
    static const char *const members[] = { "id", "version", "kind" };
    const char *own[] = { id, version,
                          kind == TT_KIND_ADAPTER ? "adapter" : "strategy" };
    struct err bad = { 0 };
    const char *said;
    size_t i;
    int code = 0;

    for (i = 0; code == 0 && v->manifest.json != NULL &&
                i < TT_ARRAY_LEN(members); i++) {
        said = json_str(v->manifest.json, members[i]);
        if (said == NULL || strcmp(said, own[i]) != 0)
            code = err_set(&bad, TT_EPERM, "%.300s: says %s \"%.64s\", the "
                           "plugin itself \"%.64s\": where several plugins "
                           "share a folder each has a NAME.json beside its "
                           "NAME.so", v->manifest.path, members[i],
                           said != NULL ? said : "", own[i]);
    }
    if (code != 0)
        v->state = TRUST_INVALID;
    else
        code = check_key_of(t, v, path, id, &bad);
    if (code != 0) {
        (void)snprintf(v->why, sizeof v->why, "%s", bad.text);
        if (e != NULL)
            *e = bad;
    }
    return code;
}

json_object *trust_permissions(const struct trust *t, const char *id,
                               const struct trust_verdict *v)
{
    return grant_for(t->o.grants, id, v->manifest.json);
}

int trust_revoked(const struct trust *t, const char *name, const char *sha256,
                  const struct trust_verdict *v, struct err *e)
{
    struct trust_verdict out = { .state = TRUST_UNSIGNED };
    struct err own = { 0 };
    struct judgement j = { .t = t, .path = name, .sha256 = sha256,
                           .v = &out, .e = &own };
    int code = trust_keys_read(&j.keys, &t->o, &own);

    if (code == 0)
        code = check_revoked(&j, sha256, "its sha256");
    if (code == 0 && v != NULL && v->state == TRUST_SIGNED)
        code = check_revoked(&j, v->key, "it is signed by the key");
    if (code == 0 && v != NULL)
        code = check_revoked_papers(&j, v);
    if (code != 0 && e != NULL)
        *e = own;
    trust_keys_fini(&j.keys);
    return code;
}

bool trust_warns(const struct trust *t)
{
    return t != NULL && t->o.policy == TRUST_WARN;
}
