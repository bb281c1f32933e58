/* SPDX-License-Identifier: MIT
 *
 * catalog_folder.c - see catalog_folder.h. What the manifest does not list is
 * not copied: a signature says nothing of it. */
#include "config.h"

#include "core/host/catalog_folder.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "core/base/fs.h"
#include "core/base/mem.h"
#include "core/crypt/crypt.h"

enum {
    FOLDER_MAX_FILES = 1000,
    FOLDER_MAX_FILE = 64 << 20, /* bytes */
    FOLDER_MAX_ALL = 256 << 20,
};

bool catalog_folder_is(const char *path)
{
    static const char end[] = "/plugin.json";
    size_t n = strlen(path), k = sizeof end - 1;

    return n >= k && strcmp(path + n - k, end) == 0;
}

bool catalog_folder_there(const char *folder)
{
    TT_AUTO_FREE char *path = fs_join(folder, "plugin.json");
    struct manifest m;
    struct err e = { 0 };
    bool there;

    if (!fs_exists(path))
        return false;
    there = manifest_open(&m, path, NULL, &e) != 0 ||
            json_child(m.json, "exec") != NULL;
    manifest_close(&m);
    return there;
}

/* --- what the manifest says ------------------------------------------------- */

/* Parts of letters, digits and ._+-, none of which begins with a dot; and no
 * name of ours, nor a folder of such a name. */
static bool name_ok(const char *name)
{
    static const char *const ours[] = { "plugin.json", "plugin.json.minisig",
                                        "plugin.so", "describe.json",
                                        "check.json" };
    static const char known[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST"
                                "UVWXYZ0123456789._+-";
    size_t i, n;

    for (i = 0; i < TT_ARRAY_LEN(ours); i++)
        if (strncmp(name, ours[i], strcspn(name, "/")) == 0 &&
            ours[i][strcspn(name, "/")] == '\0')
            return false;
    if (strlen(name) > 200)
        return false;
    for (;;) {
        n = strspn(name, known);
        if (n == 0 || name[0] == '.')
            return false;
        if (name[n] == '\0')
            return true;
        if (name[n] != '/')
            return false;
        name += n + 1;
    }
}

static int check_files(const struct manifest *m, struct err *e)
{
    json_object *files = json_child(m->json, "files");

    if (!json_object_is_type(files, json_type_object) ||
        json_object_object_length(files) == 0 ||
        json_object_object_length(files) > FOLDER_MAX_FILES)
        return err_set(e, TT_EPLUGIN, "%.300s: \"files\" must name each file "
                       "of the plugin, with its sha256; at most %d", m->path,
                       FOLDER_MAX_FILES);
    json_object_object_foreach(files, name, sum)
    {
        (void)sum;
        if (!name_ok(name))
            return err_set(e, TT_EPLUGIN, "%.300s: files: \"%.100s\": must be "
                           "a name, or names with / between, of letters, "
                           "digits and ._+-", m->path, name);
    }
    return 0;
}

static int copy_word(const struct manifest *m, const char *member, char *out,
                     size_t room, struct err *e)
{
    const char *text = json_str(m->json, member);

    if (text == NULL || text[0] == '\0' || strlen(text) >= room)
        return err_set(e, TT_EPLUGIN, "%.300s: \"%s\" must be a text of 1 to "
                       "%zu bytes", m->path, member, room - 1);
    memcpy(out, text, strlen(text) + 1);
    return 0;
}

int catalog_folder_note(const struct manifest *m, struct host_note *note,
                        struct err *e)
{
    const char *kind = json_str(m->json, "kind");
    int code;

    memset(note, 0, sizeof *note);
    if (json_child(m->json, "exec") == NULL)
        return err_set(e, TT_EPLUGIN, "%.300s: has no \"exec\" that says what "
                       "runs it; a .so is added itself", m->path);
    note->abi_major = TT_ABI_MAJOR;
    note->abi_minor = TT_ABI_MINOR_WANTED;
    note->pointer_size = sizeof(void *);
    note->kind = kind != NULL && strcmp(kind, "adapter") == 0
                     ? TT_KIND_ADAPTER
                     : TT_KIND_STRATEGY;
    code = copy_word(m, "id", note->id, sizeof note->id, e);
    if (code == 0)
        code = copy_word(m, "version", note->version, sizeof note->version, e);
    if (code == 0 && !host_id_ok(note->id, sizeof note->id))
        code = err_set(e, TT_EPLUGIN, "%.300s: \"id\" must be of the form "
                       "[a-z][a-z0-9-]{0,62}", m->path);
    if (code == 0 && !semver_ok(note->version))
        code = err_set(e, TT_EPLUGIN, "%.300s: \"version\" must be a semantic "
                       "version, as 1.0.0", m->path);
    return code == 0 ? check_files(m, e) : code;
}

/* --- copies ------------------------------------------------------------------ */

static int make_folders(const char *to, const char *name, struct err *e)
{
    const char *slash = strrchr(name, '/');
    TT_AUTO_FREE char *path = NULL;

    if (slash == NULL)
        return 0;
    path = xasprintf("%s/%.*s", to, (int)(slash - name), name);
    return fs_mkdirs(path, 0755, e);
}

static int copy_file(const char *from, const char *to, const char *name,
                     const char *sum, size_t *left, struct err *e)
{
    TT_AUTO_FREE char *source = fs_join(from, name);
    TT_AUTO_FREE char *target = fs_join(to, name);
    struct buf bytes = { 0 };
    struct stat st = { 0 };
    char found[CRYPT_HEX_BYTES];
    int code = fs_read_regular(source, *left < FOLDER_MAX_FILE
                                           ? *left
                                           : FOLDER_MAX_FILE, &bytes, &st, e);

    if (code == 0) {
        *left -= bytes.len;
        crypt_sha256_hex(bytes.data != NULL ? bytes.data : "", bytes.len,
                         found);
        if (strcasecmp(found, sum) != 0)
            code = err_set(e, TT_EPERM, "%.300s: its sha256 is %.16s..., "
                           "plugin.json says %.16s...: one of the two was "
                           "changed; sum and sign it again, see "
                           "docs/plugin-signing.md", source, found, sum);
    }
    if (code == 0)
        code = make_folders(to, name, e);
    if (code == 0)
        code = fs_write(target, bytes.data != NULL ? bytes.data : "",
                        bytes.len, (st.st_mode & S_IXUSR) != 0 ? 0555 : 0444,
                        e);
    buf_fini(&bytes);
    return code;
}

static int copy_all(const struct manifest *m, const struct buf *bytes,
                    const char *from, const char *to, struct err *e)
{
    TT_AUTO_FREE char *manifest = fs_join(to, "plugin.json");
    size_t left = FOLDER_MAX_ALL;
    int code = fs_mkdirs(to, 0755, e);

    if (code == 0)
        code = fs_write(manifest, bytes->data, bytes->len, 0444, e);
    if (code != 0)
        return code;
    json_object_object_foreach(json_child(m->json, "files"), name, sum)
    {
        code = copy_file(from, to, name, json_object_get_string(sum), &left, e);
        if (code != 0)
            return code;
    }
    return 0;
}

int catalog_folder_copy(const struct manifest *m, const struct buf *bytes,
                        const char *from, const char *to, struct err *e)
{
    TT_AUTO_FREE char *staged = xasprintf("%s.new", to);
    int code = fs_remove_tree(staged, e);

    if (code == 0)
        code = copy_all(m, bytes, from, staged, e);
    if (code == 0)
        code = fs_remove_tree(to, e); /* a half one, if any */
    if (code == 0 && rename(staged, to) != 0)
        code = err_errno(e, TT_EIO, "%s", to);
    if (code != 0)
        (void)fs_remove_tree(staged, NULL);
    return code;
}

bool catalog_folder_whole(const struct manifest *m, const char *folder)
{
    char found[CRYPT_HEX_BYTES];
    struct err e = { 0 };

    json_object_object_foreach(json_child(m->json, "files"), name, sum)
    {
        TT_AUTO_FREE char *path = fs_join(folder, name);

        if (crypt_sha256_file(path, found, &e) != 0 ||
            strcasecmp(found, json_object_get_string(sum)) != 0)
            return false;
    }
    return true;
}
