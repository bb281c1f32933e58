/* SPDX-License-Identifier: MIT
 *
 * print.c - JSON for programs, tables for people. */
#include "config.h"

#include "cli.h"

#include <stdlib.h>
#include <string.h>

json_object *json_at(json_object *o, const char *path)
{
    char name[80];
    size_t n;

    while (o != NULL && *path != '\0') {
        n = strcspn(path, ".");
        snprintf(name, sizeof name, "%.*s", (int)n, path);
        if (!json_object_is_type(o, json_type_object) ||
            !json_object_object_get_ex(o, name, &o))
            return NULL;
        path += n + (path[n] == '.');
    }
    return o;
}

const char *json_text(json_object *o, const char *path, const char *otherwise)
{
    json_object *v = json_at(o, path);

    return json_object_is_type(v, json_type_string) ? json_object_get_string(v)
                                                    : otherwise;
}

double json_number_at(json_object *o, const char *path, double otherwise)
{
    json_object *v = json_at(o, path);

    return json_object_is_type(v, json_type_double) ||
                   json_object_is_type(v, json_type_int)
               ? json_object_get_double(v)
               : otherwise;
}

void print_json(json_object *o)
{
    if (o != NULL)
        puts(json_object_to_json_string_ext(
            o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
                   JSON_C_TO_STRING_NOSLASHESCAPE));
}

/* One line of text for a cell, cut to what fits. */
static void cell(json_object *v, char *out, size_t size)
{
    size_t i, n = 0;
    const char *s;

    if (v == NULL) {
        snprintf(out, size, "-");
        return;
    }
    if (json_object_is_type(v, json_type_double)) {
        snprintf(out, size, "%.6g", json_object_get_double(v));
        return;
    }
    s = json_object_is_type(v, json_type_string)
            ? json_object_get_string(v)
            : json_object_to_json_string_ext(v, JSON_C_TO_STRING_PLAIN);
    for (i = 0; s[i] != '\0' && n + 4 < size; i++)
        out[n++] = (unsigned char)s[i] < 0x20 ? ' ' : s[i];
    if (s[i] != '\0')
        n += (size_t)snprintf(out + n, size - n, "...");
    out[n] = '\0';
}

/* Columns on a terminal: UTF-8 continuation bytes take no room. */
static int width_of(const char *s)
{
    int n = 0;

    for (; *s != '\0'; s++)
        n += ((unsigned char)*s & 0xC0) != 0x80;
    return n;
}

static bool is_number(json_object *v)
{
    return json_object_is_type(v, json_type_int) ||
           json_object_is_type(v, json_type_double);
}

void print_table(json_object *items, const struct column *columns, size_t n)
{
    size_t rows = items != NULL ? json_object_array_length(items) : 0, i, k;
    int width[12] = { 0 }, w, pad;
    char text[52];
    json_object *v;

    for (k = 0; k < n; k++) {
        width[k] = width_of(columns[k].title);
        for (i = 0; i < rows; i++) {
            cell(json_at(json_object_array_get_idx(items, i), columns[k].path),
                 text, sizeof text);
            w = width_of(text);
            width[k] = w > width[k] ? w : width[k];
        }
    }
    for (k = 0; k < n; k++)
        printf("%-*s%s", k + 1 < n ? width[k] : 0, columns[k].title,
               k + 1 < n ? "  " : "\n");
    for (i = 0; i < rows; i++)
        for (k = 0; k < n; k++) {
            v = json_at(json_object_array_get_idx(items, i), columns[k].path);
            cell(v, text, sizeof text);
            pad = width[k] - width_of(text);
            if (is_number(v))
                printf("%*s%s%s", pad, "", text, k + 1 < n ? "  " : "\n");
            else
                printf("%s%*s%s", text, k + 1 < n ? pad : 0, "",
                       k + 1 < n ? "  " : "\n");
        }
}

static void print_scalar(json_object *v)
{
    if (json_object_is_type(v, json_type_double))
        printf("%.9g\n", json_object_get_double(v));
    else if (json_object_is_type(v, json_type_string))
        printf("%s\n", json_object_get_string(v));
    else
        printf("%s\n", json_object_to_json_string_ext(v, JSON_C_TO_STRING_PLAIN));
}

void print_object(json_object *o, int indent)
{
    if (!json_object_is_type(o, json_type_object)) {
        print_scalar(o);
        return;
    }
    json_object_object_foreach(o, key, v) {
        printf("%*s%s:", indent, "", key);
        if (json_object_is_type(v, json_type_object) &&
            json_object_object_length(v) > 0) {
            printf("\n");
            print_object(v, indent + 2);
        } else {
            printf(" ");
            print_scalar(v);
        }
    }
}

json_object *list_items(json_object *body)
{
    json_object *items;

    if (json_object_is_type(body, json_type_array))
        return body;
    items = json_at(body, "items");
    return json_object_is_type(items, json_type_array) ? items : NULL;
}

int show_answer(struct cli *c, char *path, const struct column *columns,
                size_t n)
{
    struct reply r;
    int code = client_call(c, "GET", path, NULL, &r);

    if (code == 0 && c->json)
        print_json(r.body);
    else if (code == 0 && columns != NULL)
        print_table(list_items(r.body), columns, n);
    else if (code == 0)
        print_object(r.body, 0);
    reply_fini(&r);
    free(path);
    return code;
}
