/* SPDX-License-Identifier: MIT
 *
 * trust_keys.c - see trust_keys.h. A folder or list that others could have
 * written says nothing about whom to trust. */
#include "config.h"

#include "core/host/trust_keys.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fs.h"
#include "core/base/mem.h"

enum {
    KEYS_MAX = 1000,
    REVOKED_MAX_BYTES = 16 << 20,
    REVOKED_MAX = 100000,
};

/* --- who may have written it ---------------------------------------------- */

/* NULL, or what is wrong with a file or folder that we shall believe. */
static const char *doubt(const struct stat *st)
{
    if (st->st_uid != 0 && st->st_uid != geteuid())
        return "belongs to somebody else: chown it to root or to the daemon's "
               "user";
    if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return "can be written by others: chmod go-w it";
    return NULL;
}

static bool is_inside(const char *path, const char *outer)
{
    char inner_real[PATH_MAX], outer_real[PATH_MAX];
    size_t n;

    if (realpath(path, inner_real) == NULL ||
        realpath(outer, outer_real) == NULL)
        return false; /* one that is not there holds nothing */
    n = strlen(outer_real);
    return strncmp(inner_real, outer_real, n) == 0 &&
           (inner_real[n] == '\0' || inner_real[n] == '/' || n == 1);
}

static int check_place(const struct trust_options *o, struct err *e)
{
    const char *outer = NULL;
    size_t i;

    for (i = 0; i < o->n_plugin_dirs; i++)
        if (is_inside(o->keys, o->plugin_dirs[i]))
            outer = o->plugin_dirs[i];
    if (o->plugin_state != NULL && is_inside(o->keys, o->plugin_state))
        outer = o->plugin_state;
    if (o->shipped != NULL && is_inside(o->keys, o->shipped))
        outer = o->shipped;
    if (outer == NULL)
        return 0;
    return err_set(e, TT_EPERM, "plugins.keys: %.300s: lies in the plugin "
                   "directory %.300s, where who brings a plugin brings his "
                   "key: keep the keys elsewhere", o->keys, outer);
}

/* *there: is there such a folder? */
static int check_folder(const struct trust_options *o, bool *there,
                        struct err *e)
{
    struct stat st;
    const char *wrong;

    *there = false;
    if (stat(o->keys, &st) != 0) {
        if (errno == ENOENT && o->keys_optional && lstat(o->keys, &st) != 0)
            return 0;
        return err_errno(e, TT_EPERM, "plugins.keys: %.300s: cannot be read, "
                         "so that nothing can be trusted; make it a folder "
                         "that the daemon can read", o->keys);
    }
    if (!S_ISDIR(st.st_mode))
        return err_set(e, TT_EPERM, "plugins.keys: %.300s: is not a folder",
                       o->keys);
    wrong = doubt(&st);
    if (wrong != NULL)
        return err_set(e, TT_EPERM, "plugins.keys: %.300s: %s", o->keys, wrong);
    *there = true;
    return check_place(o, e);
}

/* --- keys ------------------------------------------------------------------ */

static void add_key(struct trust_keys *k, const struct minisign_key *key,
                    const char *file)
{
    size_t i;
    bool twice = false;

    for (i = 0; i < k->n_keys; i++) {
        if (memcmp(k->keys[i].key.id, key->id, sizeof key->id) != 0)
            continue;
        if (memcmp(k->keys[i].key.key, key->key, sizeof key->key) == 0)
            return; /* the same one again */
        k->keys[i].twice = twice = true;
    }
    k->keys = xrealloc(k->keys, k->n_keys + 1, sizeof *k->keys);
    k->keys[k->n_keys].key = *key;
    k->keys[k->n_keys].twice = twice;
    k->keys[k->n_keys++].file = xstrdup(file);
}

/* A file that gives no key makes fewer keys, never more trust. */
static void read_key(struct trust_keys *k, const char *folder, const char *name)
{
    TT_AUTO_FREE char *path = fs_join(folder, name);
    struct buf text = { 0 };
    struct minisign_key key;
    struct stat st;
    struct err e = { 0 };
    const char *wrong = NULL;

    if (fs_read_regular(path, MINISIGN_MAX_KEY, &text, &st, &e) == 0)
        wrong = doubt(&st);
    if (wrong != NULL)
        err_set(&e, TT_EPERM, "%s", wrong);
    else if (e.code == 0)
        (void)minisign_key_parse(text.data != NULL ? text.data : "", text.len,
                                 &key, &e);
    if (e.code == 0)
        add_key(k, &key, name);
    else if (k->bad.len < 300)
        buf_addf(&k->bad, "%s%.64s: %.200s", k->bad.len > 0 ? "; " : "", name,
                 e.text);
    buf_fini(&text);
}

static int is_key(const struct dirent *d)
{
    size_t n = strlen(d->d_name);

    return d->d_name[0] != '.' && n > 4 &&
           strcmp(d->d_name + n - 4, ".pub") == 0;
}

static int read_keys(struct trust_keys *k, const char *folder, struct err *e)
{
    struct dirent **names = NULL;
    int n = scandir(folder, &names, is_key, alphasort), i;

    if (n < 0)
        return err_errno(e, TT_EPERM, "plugins.keys: %.300s: cannot be read, "
                         "so that nothing can be trusted; let the daemon's "
                         "user read it", folder);
    for (i = 0; i < n; i++) {
        if (n <= KEYS_MAX)
            read_key(k, folder, names[i]->d_name);
        free(names[i]);
    }
    free(names);
    return n <= KEYS_MAX ? 0
                         : err_set(e, TT_EPERM, "plugins.keys: %.300s: more "
                                   "than %d keys", folder, KEYS_MAX);
}

/* --- revocations ----------------------------------------------------------- */

/* The first word of a line is a key id or a sum; the rest is for people, as is
 * a line that begins with #. A line that says neither may be a revocation with
 * a slip of the pen: it must not pass as none. */
static int take_line(struct trust_keys *k, const char *line, size_t n,
                     struct err *e)
{
    size_t skip = 0, word = 0, i;

    while (skip < n && strchr(" \t\r", line[skip]) != NULL && line[skip] != '\0')
        skip++;
    line += skip;
    n -= skip;
    if (n == 0 || line[0] == '#')
        return 0;
    while (word < n && isxdigit((unsigned char)line[word]))
        word++;
    if ((word != 16 && word != 64) ||
        (word < n && (line[word] == '\0' ||
                      strchr(" \t\r#", line[word]) == NULL)))
        return err_set(e, TT_EPERM, "neither a key id (16 hex digits) nor a "
                       "sha256 (64): \"%.*s\"", (int)(n < 40 ? n : 40), line);
    if (k->n_revoked == REVOKED_MAX)
        return err_set(e, TT_EPERM, "more than %d entries", REVOKED_MAX);
    k->revoked = xrealloc(k->revoked, k->n_revoked + 1, sizeof *k->revoked);
    for (i = 0; i < word; i++)
        k->revoked[k->n_revoked][i] = (char)tolower((unsigned char)line[i]);
    k->revoked[k->n_revoked++][word] = '\0';
    return 0;
}

static int take_lines(struct trust_keys *k, const char *path,
                      const struct buf *text, struct err *e)
{
    size_t at = 0, number = 0, n;
    const char *end;

    while (at < text->len) {
        end = memchr(text->data + at, '\n', text->len - at);
        n = end != NULL ? (size_t)(end - text->data) - at : text->len - at;
        number++;
        if (take_line(k, text->data + at, n, e) != 0)
            return err_prefix(e, "%.300s: line %zu", path, number);
        at += n + 1;
    }
    return 0;
}

static int read_revoked(struct trust_keys *k, const char *folder, struct err *e)
{
    TT_AUTO_FREE char *path = fs_join(folder, "revoked");
    struct buf text = { 0 };
    struct stat st;
    int code = fs_read_regular(path, REVOKED_MAX_BYTES, &text, &st, e);

    if (code == TT_ENOENT) { /* nothing was ever revoked */
        if (e != NULL)
            memset(e, 0, sizeof *e);
        return 0;
    }
    if (code == 0 && doubt(&st) != NULL)
        code = err_set(e, TT_EPERM, "%.300s: %s", path, doubt(&st));
    if (code == 0)
        code = take_lines(k, path, &text, e);
    buf_fini(&text);
    if (code == 0)
        return 0;
    err_prefix(e, "the list of revocations cannot be used, so that nothing can "
               "be trusted until it is mended");
    if (e != NULL)
        e->code = TT_EPERM;
    return TT_EPERM;
}

/* --- all of it -------------------------------------------------------------- */

int trust_keys_read(struct trust_keys *k, const struct trust_options *o,
                    struct err *e)
{
    bool there;
    int code;

    memset(k, 0, sizeof *k);
    if (o->keys == NULL)
        return 0;
    code = check_folder(o, &there, e);
    if (code != 0 || !there)
        return code;
    code = read_keys(k, o->keys, e);
    return code != 0 ? code : read_revoked(k, o->keys, e);
}

void trust_keys_fini(struct trust_keys *k)
{
    size_t i;

    for (i = 0; i < k->n_keys; i++)
        free(k->keys[i].file);
    free(k->keys);
    free(k->revoked);
    buf_fini(&k->bad);
    memset(k, 0, sizeof *k);
}

const struct trust_key *trust_keys_find(const struct trust_keys *k,
                                        const unsigned char *id)
{
    size_t i;

    for (i = 0; i < k->n_keys; i++)
        if (memcmp(k->keys[i].key.id, id, MINISIGN_ID_BYTES) == 0)
            return &k->keys[i];
    return NULL;
}

bool trust_keys_revoked(const struct trust_keys *k, const char *what)
{
    size_t i;

    for (i = 0; i < k->n_revoked; i++)
        if (strcasecmp(k->revoked[i], what) == 0)
            return true;
    return false;
}
