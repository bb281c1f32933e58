/* SPDX-License-Identifier: MIT
 *
 * static_hash.c - S14: is this the file that it is said to be, and does a key
 * that is trusted stand for it? */
#include "config.h"

#include <string.h>

#include "core/base/fs.h"
#include "core/base/mem.h"
#include "core/check/checks.h"
#include "core/host/catalog_folder.h"
#include "core/host/exec.h"
#include "core/host/manifest.h"
#include "core/host/trust.h"
#include "core/crypt/crypt.h"

/* A list with one sum a line; what follows it on the line is for people. */
static bool is_revoked(const char *text, const char *sum)
{
    size_t n = strlen(sum);

    while (*text != '\0') {
        text += strspn(text, " \t");
        if (strncasecmp(text, sum, n) == 0 &&
            strchr(" \t\r\n", text[n]) != NULL) /* the end too */
            return true;
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    return false;
}

static void check_revoked(struct check_run *c, const char *sum)
{
    struct buf text = { 0 };
    struct err e = { 0 };

    if (c->o->revoked == NULL)
        return;
    if (fs_read(c->o->revoked, 16u << 20, &text, &e) != 0)
        check_fail(c, "the list of revoked plugins: %s", e.text);
    else if (is_revoked(text.data != NULL ? text.data : "", sum))
        check_fail(c, "sha256 %s is revoked", sum);
    buf_fini(&text);
}

static void check_signature(struct check_run *c, const char *sum)
{
    struct trust_options o = { .policy = TRUST_DENY, .keys = c->o->keys };
    struct trust_verdict v;
    struct trust *t;
    struct err e = { 0 };

    if (c->o->keys == NULL)
        return;
    t = trust_create(&o);
    if (trust_judge(t, c->o->path, sum, &v, &e) != 0)
        check_fail(c, "%s", e.text);
    trust_verdict_fini(&v);
    trust_destroy(t);
}

/* A folder is added with the files that it lists, and no others. */
static void check_files(struct check_run *c, const struct manifest *m)
{
    TT_AUTO_FREE char *folder = xstrndup(
        c->o->path, (size_t)(strrchr(c->o->path, '/') - c->o->path));
    json_object *files = json_child(m->json, "files");

    if (files == NULL || json_object_object_length(files) == 0)
        check_fail(c, "plugin.json has no \"files\": name each with its "
                      "sha256");
    else if (!catalog_folder_whole(m, folder))
        check_fail(c, "a file is not what \"files\" of plugin.json says: write "
                      "its sha256 anew");
}

void check_s14(struct check_run *c)
{
    char sum[CRYPT_HEX_BYTES];
    struct manifest m;
    struct err e = { 0 };
    const char *said;

    if (crypt_sha256_file(c->o->path, sum, &e) != 0) {
        check_fail(c, "%s", e.text);
        return;
    }
    if (manifest_open(&m, c->o->path, c->o->source, &e) == 0 &&
        m.json != NULL) {
        said = json_str(m.json, "sha256");
        if (said != NULL && strcasecmp(said, sum) != 0)
            check_fail(c, "sha256 is %s, plugin.json says %.80s", sum, said);
    }
    if (m.json != NULL && exec_is(c->o->path))
        check_files(c, &m);
    manifest_close(&m);
    check_revoked(c, sum);
    check_signature(c, sum);
}
