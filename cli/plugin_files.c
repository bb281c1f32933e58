/* SPDX-License-Identifier: MIT
 *
 * plugin_files.c - what `plugin add` sends: a plugin's file, its manifest and
 * the signature beside it, or the files that a folder's manifest names. */
#include "config.h"

#include "cli.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_BYTES = 48 << 20 }; /* what the daemon takes, before base 64 */

static char *join(const char *dir, const char *name)
{
    size_t n = strlen(dir) + strlen(name) + 2;
    char *out = malloc(n);

    if (out == NULL)
        abort();
    (void)snprintf(out, n, "%s/%s", dir, name);
    return out;
}

static bool is_file(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static char *base64(const unsigned char *p, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789+/";
    char *out = malloc((n + 2) / 3 * 4 + 1), *o = out;
    unsigned long v;
    size_t i;

    if (out == NULL)
        abort();
    for (i = 0; i < n; i += 3) {
        v = (unsigned long)p[i] << 16;
        v |= i + 1 < n ? (unsigned long)p[i + 1] << 8 : 0;
        v |= i + 2 < n ? (unsigned long)p[i + 2] : 0;
        *o++ = digits[v >> 18 & 63];
        *o++ = digits[v >> 12 & 63];
        *o++ = i + 1 < n ? digits[v >> 6 & 63] : '=';
        *o++ = i + 2 < n ? digits[v & 63] : '=';
    }
    *o = '\0';
    return out;
}

/* The whole file; the caller frees it. NULL is said on stderr. */
static unsigned char *read_whole(const char *path, size_t *n)
{
    FILE *f = is_file(path) ? fopen(path, "rb") : NULL;
    unsigned char *bytes = malloc(MOST_BYTES + 1);

    if (bytes == NULL)
        abort();
    if (f == NULL) {
        fprintf(stderr, "trimtab: %s: %s\n", path,
                errno != 0 ? strerror(errno) : "is not a file");
        free(bytes);
        return NULL;
    }
    *n = fread(bytes, 1, MOST_BYTES + 1, f);
    if (ferror(f) || *n > MOST_BYTES) {
        fprintf(stderr, "trimtab: %s: %s\n", path,
                ferror(f) ? "cannot be read" : "is larger than 48 MB");
        free(bytes);
        bytes = NULL;
    }
    fclose(f);
    return bytes;
}

static bool put(json_object *files, const char *path, const char *name)
{
    size_t n = 0;
    unsigned char *bytes = read_whole(path, &n);
    char *text;

    if (bytes == NULL)
        return false;
    text = base64(bytes, n);
    json_object_object_add(files, name, json_object_new_string(text));
    free(text);
    free(bytes);
    return true;
}

/* The manifest, and its signature where there is one. */
static bool put_papers(json_object *files, const char *manifest)
{
    char *signature = malloc(strlen(manifest) + 9);
    bool good;

    if (signature == NULL)
        abort();
    (void)sprintf(signature, "%s.minisig", manifest);
    good = put(files, manifest, "plugin.json") &&
           (!is_file(signature) || put(files, signature, "plugin.json.minisig"));
    free(signature);
    return good;
}

/* NAME.json beside NAME.so where that is there, else plugin.json. */
static bool put_object(json_object *files, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;
    char *own = strdup(path), *common, *dir;
    size_t n = strlen(path);
    bool good;

    if (own == NULL)
        abort();
    if (n > 3 && strcmp(path + n - 3, ".so") == 0) {
        own = realloc(own, n + 3);
        if (own == NULL)
            abort();
        memcpy(own + n - 3, ".json", sizeof ".json");
    }
    dir = slash != NULL ? strndup(path, (size_t)(slash - path)) : strdup(".");
    if (dir == NULL)
        abort();
    common = join(dir, "plugin.json");
    good = put(files, path, base);
    if (good && is_file(own) && strcmp(own, path) != 0)
        good = put_papers(files, own);
    else if (good && is_file(common))
        good = put_papers(files, common);
    free(common);
    free(dir);
    free(own);
    return good;
}

/* --- folders -------------------------------------------------------------- */

static bool put_listed(json_object *files, const char *dir, json_object *listed)
{
    bool good = true;
    char *path;

    json_object_object_foreach(listed, name, sum)
    {
        (void)sum;
        path = join(dir, name);
        good = good && put(files, path, name);
        free(path);
    }
    return good;
}

/* Of a folder that `plugin new` made: the one .so in it. */
static bool put_only_object(json_object *files, const char *dir)
{
    DIR *d = opendir(dir);
    struct dirent *one;
    char *found = NULL;
    bool good = false;
    size_t n, count = 0;

    while (d != NULL && (one = readdir(d)) != NULL) {
        n = strlen(one->d_name);
        if (n < 4 || strcmp(one->d_name + n - 3, ".so") != 0)
            continue;
        free(found);
        found = join(dir, one->d_name);
        count++;
    }
    if (d != NULL)
        closedir(d);
    if (count == 1)
        good = put_object(files, found);
    else
        fprintf(stderr, "trimtab: %s: has %zu files *.so; name the one\n", dir,
                count);
    free(found);
    return good;
}

static bool put_folder(json_object *files, const char *dir)
{
    char *path = join(dir, "plugin.json");
    json_object *manifest = is_file(path) ? read_json_file(path) : NULL;
    bool good;

    if (is_file(path) && manifest == NULL)
        good = false; /* has been said */
    else if (json_at(manifest, "exec") == NULL)
        good = put_only_object(files, dir);
    else
        good = put_papers(files, path) &&
               put_listed(files, dir, json_at(manifest, "files"));
    json_object_put(manifest);
    free(path);
    return good;
}

json_object *plugin_files(const char *path)
{
    json_object *body = json_object_new_object();
    json_object *files = json_object_new_object();
    struct stat st;
    bool good;

    json_object_object_add(body, "files", files);
    errno = 0;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        good = put_folder(files, path);
    else
        good = put_object(files, path);
    if (good)
        return body;
    json_object_put(body);
    return NULL;
}
