/* SPDX-License-Identifier: MIT
 *
 * orcheo_profile.c - Orcheo's connection settings, as its own CLI finds them:
 * environment, then a profile. Of TOML this reads what that file is made of:
 * comments, [profiles.NAME] tables, and key = "string" (basic strings with
 * \" and \\, or literal ones in single quotes). Debian has no TOML library
 * for C. */
#include "config.h"

#include "cli.h"

#include <stdlib.h>
#include <string.h>

static char *trim(char *s)
{
    size_t n;

    s += strspn(s, " \t");
    n = strlen(s);
    while (n > 0 && strchr(" \t\r\n", s[n - 1]) != NULL)
        s[--n] = '\0';
    return s;
}

/* A quoted value in place; NULL when it is not a string. */
static char *unquote(char *s)
{
    char quote = s[0], *out = s, *p = s + 1;

    if (quote != '"' && quote != '\'')
        return NULL;
    for (; *p != '\0' && *p != quote; p++) {
        if (quote == '"' && *p == '\\' && p[1] != '\0')
            p++;
        *out++ = *p;
    }
    if (*p != quote)
        return NULL;
    *out = '\0';
    return s;
}

static bool is_table(const char *line, const char *profile)
{
    char plain[200], quoted[200];

    snprintf(plain, sizeof plain, "[profiles.%s]", profile);
    snprintf(quoted, sizeof quoted, "[profiles.\"%s\"]", profile);
    return strcmp(line, plain) == 0 || strcmp(line, quoted) == 0;
}

static void take_line(json_object *out, char *line)
{
    static const char *const names[][2] = { { "api_url", "url" },
                                            { "service_token", "token" },
                                            { "workspace", "workspace" } };
    char *equals = strchr(line, '='), *value;
    size_t i;

    if (equals == NULL)
        return;
    *equals = '\0';
    value = unquote(trim(equals + 1));
    for (i = 0; value != NULL && i < sizeof names / sizeof names[0]; i++)
        if (strcmp(trim(line), names[i][0]) == 0)
            json_object_object_add(out, names[i][1],
                                   json_object_new_string(value));
}

/* The table of a profile; false when file or table are not there. */
static bool read_profile(const char *profile, json_object *out)
{
    const char *home = getenv("HOME"), *base = getenv("XDG_CONFIG_HOME");
    char path[4096], line[4096], *s;
    bool inside = false, found = false;
    FILE *f;

    if (base != NULL && base[0] == '/')
        snprintf(path, sizeof path, "%s/orcheo/cli.toml", base);
    else
        snprintf(path, sizeof path, "%s/.config/orcheo/cli.toml",
                 home != NULL ? home : "");
    f = fopen(path, "re");
    if (f == NULL)
        return false;
    while (fgets(line, sizeof line, f) != NULL) {
        s = trim(line);
        if (s[0] == '[') {
            inside = is_table(s, profile);
            found = found || inside;
        } else if (inside && s[0] != '#') {
            take_line(out, s);
        }
    }
    fclose(f);
    return found;
}

static void take_environment(json_object *out)
{
    static const char *const names[][2] = {
        { "ORCHEO_API_URL", "url" },
        { "ORCHEO_SERVICE_TOKEN", "token" },
        { "ORCHEO_WORKSPACE", "workspace" },
    };
    const char *value;
    size_t i;

    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        value = getenv(names[i][0]);
        if (value != NULL && value[0] != '\0')
            json_object_object_add(out, names[i][1],
                                   json_object_new_string(value));
    }
}

json_object *orcheo_connection(const char *profile, char *why, size_t n)
{
    const char *name = profile != NULL ? profile : getenv("ORCHEO_PROFILE");
    json_object *out = json_object_new_object();

    why[0] = '\0';
    if (!read_profile(name != NULL ? name : "default", out) && profile != NULL) {
        snprintf(why, n, "profile %s: is not in ~/.config/orcheo/cli.toml",
                 profile);
        json_object_put(out);
        return NULL;
    }
    take_environment(out);
    return out;
}
