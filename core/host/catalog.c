/* SPDX-License-Identifier: MIT
 *
 * catalog.c - see catalog.h. The bytes that are hashed are the bytes that are
 * stored: the operator's file is read once, so that swapping it while we look
 * at it changes nothing. */
#include "config.h"

#include "core/host/catalog.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fs.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/crypt/crypt.h"
#include "core/host/catalog_folder.h"

enum { CATALOG_MAX_FILE = 256 << 20 };

struct catalog {
    char *root; /* ".../sha256" */
    const struct trust *trust; /* NULL: takes everything */
    struct catalog_entry **entries;
    size_t n;
};

static void entry_destroy(struct catalog_entry *c)
{
    if (c == NULL)
        return;
    free(c->path);
    free(c->origin);
    json_object_put(c->describe);
    json_object_put(c->permissions);
    trust_verdict_fini(&c->verdict);
    free(c);
}

struct catalog *catalog_create(const char *root, struct err *e)
{
    struct catalog *c = xcalloc(1, sizeof *c);

    c->root = fs_join(root, "sha256");
    if (fs_mkdirs(c->root, 0755, e) != 0) {
        err_prefix(e, "plugins.state");
        catalog_destroy(c);
        return NULL;
    }
    return c;
}

void catalog_destroy(struct catalog *c)
{
    size_t i;

    if (c == NULL)
        return;
    for (i = 0; i < c->n; i++)
        entry_destroy(c->entries[i]);
    free(c->entries);
    free(c->root);
    free(c);
}

void catalog_trust(struct catalog *c, const struct trust *t)
{
    c->trust = t;
}

static struct catalog_entry *find_hash(const struct catalog *c,
                                       const char *hash)
{
    size_t i;

    for (i = 0; i < c->n; i++)
        if (strcmp(c->entries[i]->hash, hash) == 0)
            return c->entries[i];
    return NULL;
}

/* --- taking in ----------------------------------------------------------- */

static void read_describe(struct catalog_entry *entry, const char *dir)
{
    TT_AUTO_FREE char *path = fs_join(dir, "describe.json");
    struct err e = { 0 };

    if (fs_exists(path))
        entry->describe = json_parse_file(path, &json_limits_request, &e);
}

/* Is what stands there what its name says? A half copy of a crash is not. */
static bool stored_whole(const char *path, const char *hash)
{
    char found[CRYPT_HEX_BYTES];
    struct err e = { 0 };

    return fs_exists(path) && crypt_sha256_file(path, found, &e) == 0 &&
           strcmp(found, hash) == 0;
}

/* What is being taken in. */
struct intake {
    struct catalog *c;
    const char *path; /* where it came from */
    struct buf bytes;
    char hash[CRYPT_HEX_BYTES];
    struct trust_verdict verdict;
    struct manifest manifest; /* of a folder */
};

/* Its papers beside it: what it was judged by, byte for byte. */
static int store_papers(const char *dir, const struct trust_verdict *v,
                        struct err *e)
{
    const struct {
        const char *name;
        const struct buf *bytes;
    } papers[] = { { "plugin.json", &v->manifest_bytes },
                   { "plugin.json.minisig", &v->signature_bytes } };
    size_t i;
    int code = 0;

    for (i = 0; code == 0 && i < TT_ARRAY_LEN(papers); i++) {
        TT_AUTO_FREE char *path = fs_join(dir, papers[i].name);

        if (papers[i].bytes->len > 0)
            code = fs_write(path, papers[i].bytes->data, papers[i].bytes->len,
                            0444, e);
        else
            (void)unlink(path);
    }
    return code;
}

static int check_fit(struct intake *in, const struct host_note *note,
                     struct err *e)
{
    return in->c->trust == NULL
               ? 0
               : trust_fits(in->c->trust, &in->verdict, in->path, note->id,
                            note->version, note->kind, e);
}

/* Check the note on a private copy, then move it to where it belongs. */
static int store_copy(struct intake *in, const char *dir,
                      struct catalog_entry *entry, struct err *e)
{
    TT_AUTO_FREE char *staged = xasprintf("%s/plugin.so.new", dir);
    int code = fs_mkdirs(dir, 0755, e);

    if (code == 0)
        code = fs_write(staged, in->bytes.data, in->bytes.len, 0444, e);
    if (code == 0)
        code = host_note_read(staged, &entry->note, e);
    if (code == 0)
        code = check_fit(in, &entry->note, e);
    if (code == 0 && rename(staged, entry->path) != 0)
        code = err_errno(e, TT_EIO, "%s", entry->path);
    if (code == 0)
        code = fs_sync_dir(dir, e);
    if (code != 0) {
        unlink(staged);
        rmdir(dir); /* goes only when nothing else is in it */
    }
    return code;
}

/* Let the entry have the verdict of the intake. */
static int keep_verdict(struct intake *in, struct catalog_entry *entry,
                        struct err *e)
{
    TT_AUTO_FREE char *dir = fs_join(in->c->root, entry->hash);
    int code = in->c->trust != NULL ? store_papers(dir, &in->verdict, e) : 0;

    if (code != 0)
        return code;
    trust_verdict_fini(&entry->verdict);
    entry->verdict = in->verdict;
    memset(&in->verdict, 0, sizeof in->verdict);
    json_object_put(entry->permissions);
    entry->permissions =
        in->c->trust != NULL
            ? trust_permissions(in->c->trust, entry->note.id, &entry->verdict)
            : grant_for(NULL, entry->note.id, NULL);
    return 0;
}

/* Known already. Papers that say less than those that are here change
 * nothing: who brings a copy without them takes nothing away. */
static int again(struct intake *in, struct catalog_entry *entry, struct err *e)
{
    int code = check_fit(in, &entry->note, e);

    if (code != 0 || in->c->trust == NULL ||
        in->verdict.state > entry->verdict.state)
        return code;
    return keep_verdict(in, entry, e);
}

/* The copy of a .so. */
static int store_object(struct intake *in, const char *dir,
                        struct catalog_entry *entry, struct err *e)
{
    int code;

    entry->path = fs_join(dir, "plugin.so");
    if (!stored_whole(entry->path, in->hash))
        return store_copy(in, dir, entry, e);
    code = host_note_read(entry->path, &entry->note, e);
    return code == 0 ? check_fit(in, &entry->note, e) : code;
}

static int store_folder(struct intake *in, const char *dir,
                        struct catalog_entry *entry, struct err *e)
{
    TT_AUTO_FREE char *from = xstrndup(in->path, strlen(in->path) -
                                                     strlen("/plugin.json"));
    int code = catalog_folder_note(&in->manifest, &entry->note, e);

    entry->path = fs_join(dir, "plugin.json");
    if (code == 0)
        code = check_fit(in, &entry->note, e);
    if (code != 0 || (stored_whole(entry->path, in->hash) &&
                      catalog_folder_whole(&in->manifest, dir)))
        return code;
    return catalog_folder_copy(&in->manifest, &in->bytes, from, dir, e);
}

static int take(struct intake *in, const struct catalog_entry **out,
                struct err *e)
{
    struct catalog *c = in->c;
    struct catalog_entry *entry = find_hash(c, in->hash);
    char *dir;
    int code;

    if (entry != NULL) {
        *out = entry;
        return again(in, entry, e);
    }
    entry = xcalloc(1, sizeof *entry);
    memcpy(entry->hash, in->hash, sizeof entry->hash);
    entry->origin = xstrdup(in->path);
    entry->added_ms = clock_wall_ms();
    dir = fs_join(c->root, in->hash);
    code = in->manifest.json != NULL ? store_folder(in, dir, entry, e)
                                     : store_object(in, dir, entry, e);
    if (code == 0)
        code = keep_verdict(in, entry, e);
    if (code == 0)
        read_describe(entry, dir);
    free(dir);
    if (code != 0) {
        entry_destroy(entry);
        return code == TT_EPERM ? code : err_prefix(e, "%s", in->path);
    }
    c->entries = xrealloc(c->entries, c->n + 1, sizeof *c->entries);
    c->entries[c->n++] = entry;
    *out = entry;
    return 0;
}

/* As refused, it may still be one that was shipped with an older daemon. */
static int judge(struct intake *in, bool shipped, struct err *e)
{
    struct trust_verdict *v = &in->verdict;
    int code = in->c->trust == NULL ? 0
                                    : trust_judge(in->c->trust, in->path,
                                                  in->hash, v, e);

    if (!shipped || in->c->trust == NULL || v->state != TRUST_UNSIGNED)
        return code;
    if (e != NULL)
        memset(e, 0, sizeof *e);
    v->state = TRUST_SHIPPED;
    (void)snprintf(v->why, sizeof v->why, "shipped with a daemon that was here "
                   "before");
    return 0;
}

static int add(struct catalog *c, const char *path, const char *hash,
               bool shipped, const struct catalog_entry **out, struct err *e)
{
    struct intake in = { .c = c, .path = path };
    int code = fs_read_regular(path, CATALOG_MAX_FILE, &in.bytes, NULL, e);

    if (code == 0) {
        crypt_sha256_hex(in.bytes.data, in.bytes.len, in.hash);
        if (hash != NULL && strcmp(hash, in.hash) != 0)
            code = err_set(e, TT_ECORRUPT, "%.300s: is not what it was (sha256 "
                           "%.12s...): add the plugin again", path, hash);
    }
    if (code == 0)
        code = judge(&in, shipped, e);
    if (code == 0 && catalog_folder_is(path))
        code = manifest_parse(&in.manifest, path,
                              in.bytes.len > 0 ? in.bytes.data : "",
                              in.bytes.len, e);
    if (code == 0)
        code = take(&in, out, e);
    manifest_close(&in.manifest);
    buf_fini(&in.bytes);
    trust_verdict_fini(&in.verdict);
    return code == 0 ? 0 : err_prefix(e, "plugin");
}

int catalog_judge(const struct catalog *c, const char *path, char hash[65],
                  struct err *e)
{
    struct buf bytes = { 0 };
    struct trust_verdict v = { 0 };
    int code = fs_read_regular(path, CATALOG_MAX_FILE, &bytes, NULL, e);

    hash[0] = '\0';
    if (code == 0)
        crypt_sha256_hex(bytes.data, bytes.len, hash);
    if (code == 0 && c->trust != NULL)
        code = trust_judge(c->trust, path, hash, &v, e);
    trust_verdict_fini(&v);
    buf_fini(&bytes);
    return code == 0 ? 0 : err_prefix(e, "plugin");
}

char *catalog_stage(const struct catalog *c, struct err *e)
{
    TT_AUTO_FREE char *all = xasprintf("%s/../incoming", c->root);
    char *dir = xasprintf("%s/XXXXXX", all);

    /* a worker of another user finds its plugin in it, but cannot list it */
    if (fs_mkdirs(all, 0711, e) != 0) {
        free(dir);
        return NULL;
    }
    if (mkdtemp(dir) == NULL || chmod(dir, 0711) != 0) {
        err_errno(e, TT_EIO, "plugins.state: %s", dir);
        free(dir);
        return NULL;
    }
    return dir;
}

static int is_half(const struct dirent *d)
{
    size_t n = strlen(d->d_name);

    return n > 4 && strcmp(d->d_name + n - 4, ".new") == 0;
}

void catalog_sweep(const struct catalog *c)
{
    TT_AUTO_FREE char *staged = xasprintf("%s/../incoming", c->root);
    struct dirent **names = NULL;
    int n = scandir(c->root, &names, is_half, NULL), i;
    struct err e = { 0 };

    if (fs_clear_dir(staged, &e) != 0)
        log_warn("plugins.unswept", "why=\"%s\"", e.text);
    for (i = 0; i < n; i++) {
        TT_AUTO_FREE char *path = fs_join(c->root, names[i]->d_name);

        if (fs_remove_tree(path, &e) != 0)
            log_warn("plugins.unswept", "why=\"%s\"", e.text);
        free(names[i]);
    }
    free(names);
}

int catalog_add(struct catalog *c, const char *path,
                const struct catalog_entry **out, struct err *e)
{
    return add(c, path, NULL, false, out, e);
}

int catalog_add_judged(struct catalog *c, const char *path, const char *hash,
                       const struct catalog_entry **out, struct err *e)
{
    return add(c, path, hash, false, out, e);
}

int catalog_restore(struct catalog *c, const char *hash, bool shipped,
                    const struct catalog_entry **out, struct err *e)
{
    TT_AUTO_FREE char *object = xasprintf("%s/%s/plugin.so", c->root, hash);
    TT_AUTO_FREE char *folder = xasprintf("%s/%s/plugin.json", c->root, hash);

    return add(c, fs_exists(object) ? object : folder, hash, shipped, out, e);
}

int catalog_revoked(const struct catalog *c, const struct catalog_entry *entry,
                    struct err *e)
{
    char name[120];

    (void)snprintf(name, sizeof name, "plugin %s@%s", entry->note.id,
                   entry->note.version);
    return c->trust == NULL ? 0
                            : trust_revoked(c->trust, name, entry->hash,
                                            &entry->verdict, e);
}

/* --- a folder -------------------------------------------------------------- */

static int is_shown(const struct dirent *d)
{
    return d->d_name[0] != '.';
}

static bool is_object(const char *path)
{
    size_t n = strlen(path);

    return n > 3 && strcmp(path + n - 3, ".so") == 0;
}

static void log_taken(const struct catalog *c,
                      const struct catalog_entry *entry, const char *path)
{
    const struct trust_verdict *v = &entry->verdict;

    log_info("plugin.taken", "id=%s version=%s hash=%.12s file=%s%s%s%s%s",
             entry->note.id, entry->note.version, entry->hash, path,
             v->state != 0 ? " trust=" : "",
             v->state != 0 ? trust_state_word(v->state) : "",
             v->key[0] != '\0' ? " key=" : "", v->key);
    if (v->state == TRUST_UNSIGNED && trust_warns(c->trust))
        log_warn("plugin.unsigned", "id=%s version=%s file=%s hint=\"sign it: "
                 "docs/plugin-signing.md\"", entry->note.id,
                 entry->note.version, path);
}

static void scan_one(struct catalog *c, const char *path)
{
    const struct catalog_entry *entry;
    struct err bad = { 0 };

    if (catalog_add(c, path, &entry, &bad) != 0)
        log_warn("plugin.refused", "why=\"%s\"", bad.text);
    else
        log_taken(c, entry, path);
}

int catalog_scan(struct catalog *c, const char *dir, struct err *e)
{
    struct dirent **names = NULL;
    int n = scandir(dir, &names, is_shown, alphasort), i;

    if (n < 0)
        return err_errno(e, errno == ENOENT ? TT_ENOENT : TT_EIO,
                         "plugins.directories: %s", dir);
    for (i = 0; i < n; i++) {
        TT_AUTO_FREE char *path = fs_join(dir, names[i]->d_name);
        TT_AUTO_FREE char *inside = fs_join(path, "plugin.json");

        if (is_object(path))
            scan_one(c, path);
        else if (catalog_folder_there(path))
            scan_one(c, inside);
        free(names[i]);
    }
    free(names);
    return 0;
}

void catalog_described(struct catalog *c, const char *hash,
                       json_object *describe)
{
    struct catalog_entry *entry = find_hash(c, hash);
    TT_AUTO_FREE char *path = xasprintf("%s/%s/describe.json", c->root, hash);
    TT_AUTO_FREE char *text = json_canonical_dup(describe);
    struct err e = { 0 };

    if (entry == NULL)
        return;
    json_object_put(entry->describe);
    entry->describe = json_object_get(describe);
    if (fs_write(path, text, strlen(text), 0644, &e) != 0)
        log_warn("plugin.undescribed", "why=\"%s\"", e.text);
}

/* --- finding ------------------------------------------------------------- */

/* Semantic versions (semver.org 2.0.0, section 11): numbers by value, a
 * pre-release before its release, build metadata ignored. */
static int compare_identifiers(const char *a, size_t n, const char *b, size_t m)
{
    bool x = strspn(a, "0123456789") >= n, y = strspn(b, "0123456789") >= m;
    unsigned long long v = strtoull(a, NULL, 10), w = strtoull(b, NULL, 10);
    int order;

    if (x && y)
        return v < w ? -1 : v > w;
    if (x != y)
        return x ? -1 : 1;
    order = memcmp(a, b, n < m ? n : m);
    return order != 0 ? order : n < m ? -1 : n > m;
}

static int compare_parts(const char *a, const char *b, const char *end)
{
    size_t n, m;
    int order;

    for (;;) {
        n = strcspn(a, end);
        m = strcspn(b, end);
        order = compare_identifiers(a, n, b, m);
        if (order != 0)
            return order;
        a += n;
        b += m;
        if (*a != '.' || *b != '.')
            return (*a == '.') - (*b == '.');
        a++;
        b++;
    }
}

static int compare_versions(const char *a, const char *b)
{
    int order = compare_parts(a, b, ".-+");
    const char *x = strchr(a, '-'), *y = strchr(b, '-');

    if (order != 0 || (x == NULL && y == NULL))
        return order;
    if (x == NULL || y == NULL)
        return x == NULL ? 1 : -1;
    return compare_parts(x + 1, y + 1, ".+");
}

static bool fits(const struct catalog_entry *entry, const char *id, size_t n,
                 const char *version, uint32_t kind)
{
    return (kind == 0 || entry->note.kind == kind) &&
           strlen(entry->note.id) == n &&
           memcmp(entry->note.id, id, n) == 0 &&
           (version == NULL || strcmp(entry->note.version, version) == 0);
}

static bool is_usable(const struct catalog_entry *entry)
{
    return !entry->retired && !entry->quarantined;
}

/* Two files of one id and version: the one that was taken in last, unless it is
 * not usable and the other is. */
static bool better(const struct catalog_entry *a, const struct catalog_entry *b)
{
    bool a_pre = strchr(a->note.version, '-') != NULL;
    bool b_pre = strchr(b->note.version, '-') != NULL;

    if (is_usable(a) != is_usable(b))
        return is_usable(a);
    if (a_pre != b_pre)
        return b_pre;
    return compare_versions(a->note.version, b->note.version) >= 0;
}

static int not_found(const struct catalog *c, const char *name, uint32_t kind,
                     struct err *e)
{
    struct buf list = { 0 };
    int code;
    size_t i;

    for (i = 0; i < c->n; i++)
        if (kind == 0 || c->entries[i]->note.kind == kind)
            buf_addf(&list, "%s%s@%s", list.len > 0 ? ", " : "",
                     c->entries[i]->note.id, c->entries[i]->note.version);
    code = err_set(e, TT_ENOENT, "%s %s: is not here; there is %s",
                   kind == TT_KIND_STRATEGY  ? "strategy"
                   : kind == TT_KIND_ADAPTER ? "adapter"
                                             : "plugin",
                   name, list.len > 0 ? list.data : "none");
    buf_fini(&list);
    return code;
}

int catalog_resolve(struct catalog *c, const char *name, uint32_t kind,
                    const struct catalog_entry **out, struct err *e)
{
    const char *at = strchr(name, '@');
    size_t n = at != NULL ? (size_t)(at - name) : strlen(name), i;
    const struct catalog_entry *best = NULL;

    if (strncmp(name, "sha256:", 7) == 0) {
        best = find_hash(c, name + 7);
        if (best != NULL && kind != 0 && best->note.kind != kind)
            best = NULL;
    } else {
        for (i = 0; i < c->n; i++)
            if (fits(c->entries[i], name, n, at != NULL ? at + 1 : NULL, kind) &&
                (at != NULL || is_usable(c->entries[i])) &&
                (best == NULL || better(c->entries[i], best)))
                best = c->entries[i];
    }
    if (best == NULL)
        return not_found(c, name, kind, e);
    *out = best;
    return 0;
}

void catalog_mark(struct catalog *c, const char *hash, bool retired,
                  bool quarantined)
{
    struct catalog_entry *entry = find_hash(c, hash);

    if (entry == NULL)
        return;
    entry->retired = retired;
    entry->quarantined = quarantined;
}

size_t catalog_n(const struct catalog *c)
{
    return c->n;
}

const struct catalog_entry *catalog_at(const struct catalog *c, size_t i)
{
    return i < c->n ? c->entries[i] : NULL;
}
