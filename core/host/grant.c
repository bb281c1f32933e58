/* SPDX-License-Identifier: MIT
 *
 * grant.c - see grant.h. */
#include "config.h"

#include "core/host/grant.h"

#include <ctype.h>
#include <string.h>

#include "core/base/mem.h"

json_object *grant_default(void)
{
    json_object *o = json_object_new_object();
    json_object *all = json_object_new_array();

    json_object_array_add(all, json_object_new_string("*"));
    json_set_bool(o, "llm", true);
    json_set(o, "http", all);
    json_set_bool(o, "threads", false);
    json_set(o, "read", json_object_new_array());
    return o;
}

/* The member of the id, else of "*", else NULL. */
static json_object *configured(json_object *grants, const char *id,
                               const char *member)
{
    json_object *value = json_child(json_child(grants, id), member);

    return value != NULL ? value : json_child(json_child(grants, "*"), member);
}

/* --- origins -------------------------------------------------------------- */

/* scheme://host:port in small letters; NULL when it is not just an origin. */
static char *origin_of(const char *text)
{
    bool tls = strncasecmp(text, "https://", 8) == 0;
    const char *host = text + (tls ? 8 : 7), *end, *port;
    char *origin, *p;

    if (!tls && strncasecmp(text, "http://", 7) != 0)
        return NULL;
    end = host + strcspn(host, "/?#@\\ ");
    if (end == host || (end[0] != '\0' && strcmp(end, "/") != 0))
        return NULL;
    port = host[0] == '[' ? memchr(host, ']', (size_t)(end - host)) : host;
    if (port == NULL)
        return NULL;
    port = memchr(port, ':', (size_t)(end - port));
    if (port != NULL &&
        (port == host || port + 1 == end ||
         strspn(port + 1, "0123456789") != (size_t)(end - port - 1)))
        return NULL;
    origin = xasprintf("%s://%.*s%s", tls ? "https" : "http",
                       (int)(end - host), host,
                       port != NULL ? "" : tls ? ":443" : ":80");
    for (p = origin; *p != '\0'; p++)
        *p = (char)tolower((unsigned char)*p);
    return origin;
}

/* --- folders -------------------------------------------------------------- */

/* Absolute, without "//", "/./", a slash at the end; NULL when it climbs. */
static char *folder_of(const char *text)
{
    struct buf out = { 0 };
    size_t n;

    if (text[0] != '/')
        return NULL;
    while (*text != '\0') {
        text += strspn(text, "/");
        n = strcspn(text, "/");
        if (n == 2 && memcmp(text, "..", 2) == 0) {
            buf_fini(&out);
            return NULL;
        }
        if (n > 0 && !(n == 1 && text[0] == '.'))
            buf_addf(&out, "/%.*s", (int)n, text);
        text += n;
    }
    if (out.len == 0)
        buf_adds(&out, "/");
    return buf_steal(&out);
}

static bool lies_in(const char *folder, const char *outer)
{
    size_t n = strlen(outer);

    return strcmp(outer, "/") == 0 ||
           (strncmp(folder, outer, n) == 0 &&
            (folder[n] == '\0' || folder[n] == '/'));
}

/* --- lists of either ------------------------------------------------------ */

typedef char *clean_fn(const char *text);
/* What both allow, borrowed from one of them; NULL: nothing. */
typedef const char *meet_fn(const char *a, const char *b);

static const char *meet_origins(const char *a, const char *b)
{
    if (strcmp(a, "*") == 0)
        return b;
    return strcmp(b, "*") == 0 || strcmp(a, b) == 0 ? a : NULL;
}

static const char *meet_folders(const char *a, const char *b)
{
    return lies_in(a, b) ? a : lies_in(b, a) ? b : NULL;
}

static char *clean_origin(const char *text)
{
    return strcmp(text, "*") == 0 ? xstrdup(text) : origin_of(text);
}

static void add_once(json_object *list, const char *text)
{
    size_t i;

    for (i = 0; i < json_object_array_length(list); i++)
        if (strcmp(json_object_get_string(json_object_array_get_idx(list, i)),
                   text) == 0)
            return;
    json_object_array_add(list, json_object_new_string(text));
}

static const char *text_at(json_object *list, size_t i)
{
    json_object *item = json_object_array_get_idx(list, i);

    return json_object_is_type(item, json_type_string)
               ? json_object_get_string(item)
               : "";
}

static json_object *clean_list(json_object *list, clean_fn *clean)
{
    json_object *out = json_object_new_array();
    size_t i, n = json_object_is_type(list, json_type_array)
                      ? json_object_array_length(list)
                      : 0;
    char *text;

    for (i = 0; i < n; i++) {
        text = clean(text_at(list, i));
        if (text != NULL)
            add_once(out, text);
        free(text);
    }
    return out;
}

static json_object *meet_lists(json_object *granted, json_object *asked,
                               clean_fn *clean, meet_fn *meet)
{
    json_object *a = clean_list(granted, clean), *b = clean_list(asked, clean);
    json_object *out = json_object_new_array();
    const char *both;
    size_t i, k;

    for (i = 0; i < json_object_array_length(a); i++)
        for (k = 0; k < json_object_array_length(b); k++) {
            both = meet(text_at(a, i), text_at(b, k));
            if (both != NULL)
                add_once(out, both);
        }
    json_object_put(a);
    json_object_put(b);
    return out;
}

/* --- together ------------------------------------------------------------- */

json_object *grant_for(json_object *grants, const char *id,
                       json_object *manifest)
{
    static const struct {
        const char *name;
        clean_fn *clean; /* NULL: yes or no */
        meet_fn *meet;
    } members[] = { { "llm", NULL, NULL },
                    { "http", clean_origin, meet_origins },
                    { "threads", NULL, NULL },
                    { "read", folder_of, meet_folders } };
    json_object *defaults = grant_default(), *out = json_object_new_object();
    json_object *given, *asked = json_child(manifest, "permissions"), *value;
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(members); i++) {
        const char *name = members[i].name;

        given = configured(grants, id, name);
        if (given == NULL)
            given = json_child(defaults, name);
        value = manifest == NULL ? given : json_child(asked, name);
        json_set(out, name,
                 members[i].clean != NULL
                     ? meet_lists(given, value, members[i].clean,
                                  members[i].meet)
                     : json_object_new_boolean(json_object_get_boolean(given) &&
                                               json_object_get_boolean(value)));
    }
    json_object_put(defaults);
    return out;
}

bool grant_has(json_object *permissions, const char *name)
{
    return json_object_get_boolean(json_child(permissions, name));
}

bool grant_takes_key(json_object *grants, const char *id, const char *key)
{
    json_object *keys = configured(grants, id, "keys");
    size_t i;

    if (keys == NULL)
        return true;
    for (i = 0; i < json_object_array_length(keys); i++)
        if (strcasecmp(text_at(keys, i), key) == 0)
            return true;
    return false;
}
