/* SPDX-License-Identifier: MIT
 *
 * manifest.c - see manifest.h. */
#include "config.h"

#include <ctype.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/fs.h"
#include "core/base/mem.h"
#include "core/base/schema.h"
#include "core/host/manifest.h"

static const char schema_text[] =
    "{\"type\":\"object\",\"required\":[\"id\",\"version\",\"kind\"],"
    "\"properties\":{"
    "\"id\":{\"type\":\"string\"},\"version\":{\"type\":\"string\"},"
    "\"kind\":{\"enum\":[\"strategy\",\"adapter\"]},"
    "\"sdk\":{\"type\":\"string\"},\"license\":{\"type\":\"string\"},"
    "\"vendor\":{\"type\":\"string\"},\"sha256\":{\"type\":\"string\"},"
    "\"exec\":{\"type\":\"object\"},"
    "\"files\":{\"type\":\"object\",\"additionalProperties\":"
    "{\"type\":\"string\",\"pattern\":\"^[0-9a-fA-F]{64}$\"}},"
    "\"permissions\":{\"type\":\"object\",\"additionalProperties\":false,"
    "\"properties\":{\"llm\":{\"type\":\"boolean\"},"
    "\"threads\":{\"type\":\"boolean\"},"
    "\"http\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
    "\"read\":{\"type\":\"array\",\"items\":"
    "{\"type\":\"string\",\"pattern\":\"^/\"}}}}}}";

/* A dangling link counts: what is wrong is to be said, not passed over. */
static bool there(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), k = strlen(end);

    return n >= k && strcmp(text + n - k, end) == 0;
}

char *manifest_beside(const char *plugin)
{
    const char *slash = strrchr(plugin, '/');
    const char *name = slash != NULL ? slash + 1 : plugin;
    TT_AUTO_FREE char *dir = xstrndup(plugin, (size_t)(name - plugin));
    TT_AUTO_FREE char *signature = NULL;
    char *own;

    if (strcmp(name, "plugin.json") == 0)
        return xstrdup(plugin);
    if (ends_with(name, ".so")) {
        own = xasprintf("%.*s.json", (int)(strlen(plugin) - 3), plugin);
        signature = xasprintf("%s.minisig", own);
        if (there(own) || there(signature))
            return own;
        free(own);
    }
    return xasprintf("%splugin.json", dir);
}

int manifest_parse(struct manifest *m, const char *path, const char *text,
                   size_t n, struct err *e)
{
    json_object *schema;
    int rc;

    memset(m, 0, sizeof *m);
    m->path = xstrdup(path);
    m->json = json_parse(text, n, &json_limits_request, e);
    if (m->json == NULL)
        return e->code != 0 ? err_prefix(e, "%s", path)
                            : err_set(e, TT_EINVAL, "%s: must be an object",
                                      path);
    schema = json_parse(schema_text, strlen(schema_text), &json_limits_request,
                        e);
    rc = schema_apply(schema, m->json, path, e);
    json_object_put(schema);
    return rc;
}

int manifest_open(struct manifest *m, const char *plugin, const char *source,
                  struct err *e)
{
    char *path = source != NULL ? fs_join(source, "plugin.json") : NULL;
    struct buf text = { 0 };
    int rc = 0;

    memset(m, 0, sizeof *m);
    if (path == NULL || !there(path)) {
        free(path);
        path = manifest_beside(plugin);
    }
    if (there(path)) {
        rc = fs_read_regular(path, json_limits_request.max_bytes, &text, NULL,
                             e);
        if (rc == 0)
            rc = manifest_parse(m, path, text.len > 0 ? text.data : "",
                                text.len, e);
    }
    buf_fini(&text);
    free(path);
    return rc;
}

void manifest_close(struct manifest *m)
{
    free(m->path);
    json_object_put(m->json);
    memset(m, 0, sizeof *m);
}

bool manifest_asks(const struct manifest *m, const char *permission)
{
    json_object *permissions = m->json != NULL
                                   ? json_child(m->json, "permissions")
                                   : NULL;

    return permissions != NULL &&
           json_object_get_boolean(json_child(permissions, permission));
}

/* --- versions ------------------------------------------------------------ */

static bool numeric(const char *p, size_t n)
{
    return n > 0 && strspn(p, "0123456789") >= n;
}

/* Dot-separated identifiers; those of numbers without leading zeros. */
static bool identifiers_ok(const char *p, size_t n, bool release)
{
    static const char known[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST"
                                "UVWXYZ0123456789-";
    size_t len;

    for (;;) {
        len = 0;
        while (len < n && p[len] != '.')
            len++;
        if (len == 0 || strspn(p, known) < len ||
            (release && numeric(p, len) && p[0] == '0' && len > 1))
            return false;
        if (len == n)
            return true;
        p += len + 1;
        n -= len + 1;
        if (n == 0)
            return false;
    }
}

bool semver_ok(const char *version)
{
    const char *p = version;
    size_t n, part;

    for (part = 0; part < 3; part++) {
        n = strspn(p, "0123456789");
        if (n == 0 || n > 9 || (n > 1 && *p == '0'))
            return false;
        p += n;
        if (part < 2 && *p++ != '.')
            return false;
    }
    if (*p == '-') {
        n = strcspn(++p, "+");
        if (!identifiers_ok(p, n, true))
            return false;
        p += n;
    }
    if (*p == '+')
        return identifiers_ok(p + 1, strlen(p + 1), false);
    return *p == '\0';
}

static int sign(long x)
{
    return x < 0 ? -1 : x > 0;
}

static int compare_identifier(const char *a, size_t na, const char *b,
                              size_t nb)
{
    bool numeric_a = numeric(a, na), numeric_b = numeric(b, nb);
    int rc;

    if (numeric_a != numeric_b)
        return numeric_a ? -1 : 1;
    if (numeric_a && na != nb)
        return na < nb ? -1 : 1;
    rc = sign(memcmp(a, b, na < nb ? na : nb));
    return rc != 0 ? rc : sign((long)na - (long)nb);
}

static int compare_prerelease(const char *a, const char *b)
{
    size_t na, nb;
    int rc;

    for (;;) {
        na = strcspn(a, ".+");
        nb = strcspn(b, ".+");
        rc = compare_identifier(a, na, b, nb);
        if (rc != 0)
            return rc;
        a += na;
        b += nb;
        if (*a != '.' || *b != '.')
            return sign((*a == '.') - (*b == '.'));
        a++;
        b++;
    }
}

int semver_compare(const char *a, const char *b)
{
    char *end_a, *end_b;
    long x, y;
    int i;

    for (i = 0; i < 3; i++) {
        x = strtol(a, &end_a, 10);
        y = strtol(b, &end_b, 10);
        if (x != y)
            return x < y ? -1 : 1;
        a = end_a + (i < 2);
        b = end_b + (i < 2);
    }
    if (*a != '-' || *b != '-')
        return (*a != '-') - (*b != '-');
    return compare_prerelease(a + 1, b + 1);
}

/* --- licenses ------------------------------------------------------------ */

static const char *const licenses[] = {
    "0BSD", "AFL-3.0", "AGPL-3.0-only", "AGPL-3.0-or-later", "Apache-2.0",
    "Artistic-2.0", "BlueOak-1.0.0", "BSD-1-Clause", "BSD-2-Clause",
    "BSD-2-Clause-Patent", "BSD-3-Clause", "BSD-3-Clause-Clear", "BSL-1.0",
    "CC-BY-4.0", "CC-BY-SA-4.0", "CC0-1.0", "CDDL-1.0", "CDDL-1.1", "ECL-2.0",
    "EPL-1.0", "EPL-2.0", "EUPL-1.1", "EUPL-1.2", "GPL-2.0-only",
    "GPL-2.0-or-later", "GPL-3.0-only", "GPL-3.0-or-later", "ISC",
    "LGPL-2.0-only", "LGPL-2.0-or-later", "LGPL-2.1-only", "LGPL-2.1-or-later",
    "LGPL-3.0-only", "LGPL-3.0-or-later", "MIT", "MIT-0", "MPL-1.1", "MPL-2.0",
    "MS-PL", "NCSA", "OFL-1.1", "OSL-3.0", "PostgreSQL", "PSF-2.0",
    "Python-2.0", "Unlicense", "UPL-1.0", "Vim", "W3C", "WTFPL", "X11", "Zlib",
    "ZPL-2.1",
    /* with WITH */
    "Autoconf-exception-3.0", "Bison-exception-2.2", "Classpath-exception-2.0",
    "GCC-exception-3.1", "LLVM-exception", "OpenSSL-exception",
};

static void find_license(const char *id, size_t n, const char **unknown)
{
    static char name[64];
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(licenses); i++)
        if (strlen(licenses[i]) == n && memcmp(licenses[i], id, n) == 0)
            return;
    if (n > 11 && memcmp(id, "LicenseRef-", 11) == 0)
        return;
    if (*unknown == NULL) {
        n = n < sizeof name - 1 ? n : sizeof name - 1;
        memcpy(name, id, n);
        name[n] = '\0';
        *unknown = name;
    }
}

/* id, then (AND | OR | WITH) id ..., with brackets around any of it. */
bool spdx_ok(const char *p, const char **unknown)
{
    bool want_id = true;
    int depth = 0;
    size_t n;

    *unknown = NULL;
    for (;;) {
        p += strspn(p, " ");
        if (*p == '\0')
            return !want_id && depth == 0;
        if (*p == '(' || *p == ')') {
            if ((*p == '(') != want_id)
                return false;
            depth += *p++ == '(' ? 1 : -1;
            if (depth < 0)
                return false;
            continue;
        }
        n = 0;
        while (isalnum((unsigned char)p[n]) || (p[n] != '\0' &&
                                                 strchr(".-+", p[n]) != NULL))
            n++;
        if (n == 0)
            return false;
        if (want_id)
            find_license(p, n, unknown);
        else if (!(n == 3 && memcmp(p, "AND", n) == 0) &&
                 !(n == 2 && memcmp(p, "OR", n) == 0) &&
                 !(n == 4 && memcmp(p, "WITH", n) == 0))
            return false;
        want_id = !want_id;
        p += n;
    }
}
