/* SPDX-License-Identifier: MIT
 *
 * trust.h - may this plugin file be taken in, and what may it do? Judged from
 * the manifest beside it, the minisign signature of that manifest, the keys
 * and revocations that the operator keeps apart from the plugins, and the
 * policy for what nobody signed. docs/plugin-signing.md says it for people.
 *
 * Everything that cannot be established refuses: an unreadable folder of keys,
 * an unreadable list of revocations, a signature that is not one. Nothing is
 * taken from the environment. Keys and revocations are read again for each
 * judgement, so that a rotation needs no restart. Threads [any] */
#ifndef TT_HOST_TRUST_H
#define TT_HOST_TRUST_H

#include "core/base/err.h"
#include "core/host/grant.h"
#include "core/host/host.h"
#include "core/host/manifest.h"

enum trust_policy { TRUST_DENY, TRUST_WARN, TRUST_ALLOW }; /* of unsigned ones */
/* "deny", "warn", "allow"; TRUST_DENY for anything else. */
enum trust_policy trust_policy_of(const char *word);

struct trust_options {
    enum trust_policy policy;
    const char *keys;      /* folder of *.pub files and "revoked" */
    bool keys_optional;    /* keys may be absent: then there are none */
    const char *shipped;   /* the installed plugin directory, or NULL */
    /* Folders that plugins come from; keys may not lie in them. */
    const char *const *plugin_dirs;
    size_t n_plugin_dirs;
    const char *plugin_state; /* the same for the catalogue; may be NULL */
    json_object *grants;   /* plugins.grants, or NULL; copied */
};

struct trust;
struct trust *trust_create(const struct trust_options *options); /* copies */
void trust_destroy(struct trust *t); /* NULL is allowed */

enum trust_state {
    TRUST_SHIPPED = 1, /* byte for byte a file of the installed directory, with
                          the manifest that it has there, if it has one */
    TRUST_SIGNED,      /* by a key that is here and may stand for its id */
    TRUST_UNSIGNED,
    TRUST_INVALID,     /* signed or described, but wrongly */
    TRUST_REVOKED,     /* the key, the file, its manifest or one of its files */
};
const char *trust_state_word(enum trust_state state); /* "shipped" ... */

struct trust_verdict {
    enum trust_state state;
    char key[17];             /* of the signature, as minisign prints it; "" */
    char why[ERR_TEXT_BYTES]; /* one sentence, the refusal where it is one */
    struct manifest manifest; /* as it was judged; json NULL without one */
    /* The very bytes that were judged, for a copy beside the plugin's. */
    struct buf manifest_bytes, signature_bytes;
};

/* Judge the plugin at path: a .so, or the plugin.json of a folder that is run
 * by a command of its own. sha256 (64 hex digits) is of the bytes that the
 * caller read and will use: of the .so, or of plugin.json. For the latter the
 * caller holds each file against the manifest's "files" as it copies it.
 *
 * Returns 0: taken (shipped, signed, or unsigned where the policy is not deny;
 *         see v->state); TT_EPERM: refused; *e, and v->why, name the file, what
 *         is wrong, and the mend.
 * *v is filled in either way; give it to trust_verdict_fini(). */
int trust_judge(const struct trust *t, const char *path, const char *sha256,
                struct trust_verdict *v, struct err *e);
/* Once the file's own note has been read: does its manifest speak of this
 * plugin, and may it stand for this id? kind: enum tt_plugin_kind. TT_EPERM */
int trust_fits(const struct trust *t, struct trust_verdict *v, const char *path,
               const char *id, const char *version, uint32_t kind,
               struct err *e);
void trust_verdict_fini(struct trust_verdict *v);

/* What a plugin of this id and verdict may do: grant_for() with the grants of
 * the configuration. The caller puts it. */
json_object *trust_permissions(const struct trust *t, const char *id,
                               const struct trust_verdict *v);

/* Has it been revoked since: the file, its manifest, one of its files, or the
 * key that signed it? name: for messages; v may be NULL. A list that cannot be
 * read revokes everything. TT_EPERM with the reason. */
int trust_revoked(const struct trust *t, const char *name, const char *sha256,
                  const struct trust_verdict *v, struct err *e);
/* Is the policy to take unsigned ones with a warning? */
bool trust_warns(const struct trust *t);

#endif
