/* SPDX-License-Identifier: MIT
 *
 * run_log.c - the log of a run as a file that `trimtab plugin check --replay`
 * reads: frames of the worker's protocol, of which this program knows no more
 * than the header. What is in them comes from the daemon as it is. */
#include "config.h"

#include "cli.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Types of frames that a recording is made of; docs/http-api.md names them. */
enum { HELLO = 1, OPEN = 3, STEP = 4, OK = 20, ACTIONS = 21, DATA = 32,
       DATA_ANSWER = 33 };

struct recording {
    unsigned char *bytes;
    size_t n, room;
    size_t opened; /* how long it was when the strategy had been opened */
    unsigned protocol;
    unsigned steps;
};

/* --- bytes ---------------------------------------------------------------- */

static void add(struct recording *r, const void *bytes, size_t n)
{
    if (r->n + n > r->room) {
        r->room = 2 * (r->n + n);
        r->bytes = realloc(r->bytes, r->room);
        if (r->bytes == NULL)
            abort();
    }
    if (n > 0)
        memcpy(r->bytes + r->n, bytes, n);
    r->n += n;
}

static void add_number(struct recording *r, uint32_t value, int bytes)
{
    unsigned char b[4];
    int i;

    for (i = 0; i < bytes; i++)
        b[i] = (unsigned char)(value >> 8 * i);
    add(r, b, (size_t)bytes);
}

static void add_frame(struct recording *r, unsigned type, const void *payload,
                      size_t n)
{
    add_number(r, (uint32_t)n, 4);
    add_number(r, type, 2);
    add_number(r, r->protocol, 2);
    add_number(r, 0, 4);
    add(r, payload, n);
}

static int digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;

    return at != NULL ? (int)(at - digits) : -1;
}

/* A frame of a member in base 64; false when it is none. */
static bool add_member(struct recording *r, unsigned type, json_object *o,
                       const char *member)
{
    const char *text = json_text(o, member, NULL);
    size_t len = text != NULL ? strlen(text) : 0, i, n = 0;
    unsigned char *out = malloc(len + 1);
    uint32_t bits = 0;
    int have = 0, value;

    if (out == NULL)
        abort();
    for (i = 0; i < len && text[i] != '='; i++) {
        value = digit(text[i]);
        if (value < 0)
            break;
        bits = bits << 6 | (uint32_t)value;
        have += 6;
        if (have >= 8) {
            have -= 8;
            out[n++] = (unsigned char)(bits >> have);
        }
    }
    if (text != NULL && (i == len || text[i] == '='))
        add_frame(r, type, out, n);
    else
        text = NULL;
    free(out);
    return text != NULL;
}

/* --- pages ---------------------------------------------------------------- */

static bool add_opening(struct recording *r, json_object *page)
{
    json_object *cases = json_at(page, "cases");
    json_object *hello = json_object_new_object();
    bool good = true;
    const char *text;
    size_t i;

    r->protocol = (unsigned)json_number_at(page, "protocol", 0);
    json_object_object_add(hello, "plugin",
                           json_object_get(json_at(page, "plugin")));
    text = json_object_to_json_string_ext(hello, JSON_C_TO_STRING_PLAIN);
    add_frame(r, HELLO, text, strlen(text));
    json_object_put(hello);
    for (i = 0; cases != NULL && i < json_object_array_length(cases); i++) {
        json_object *one = json_object_array_get_idx(cases, i);

        good = good && add_member(r, DATA, one, "request") &&
               add_member(r, DATA_ANSWER, one, "answer");
    }
    good = good && add_member(r, OPEN, page, "problem");
    add_frame(r, OK, NULL, 0);
    r->opened = r->n;
    return good;
}

static bool has_flag(json_object *entry, const char *flag)
{
    json_object *flags = json_at(entry, "flags");
    size_t i, n = flags != NULL ? json_object_array_length(flags) : 0;

    for (i = 0; i < n; i++)
        if (strcmp(json_object_get_string(json_object_array_get_idx(flags, i)),
                   flag) == 0)
            return true;
    return false;
}

/* What was never answered was given up. Where a new instance starts, what the
 * one before it was told is no part of its story. */
static bool add_entry(struct recording *r, const char *run, json_object *entry)
{
    if (has_flag(entry, "fresh") && r->steps > 0) {
        fprintf(stderr, "trimtab: %s: a new instance starts at position %s; "
                "what was before it is left out\n", run,
                json_text(entry, "position", "?"));
        r->n = r->opened;
        r->steps = 0;
    }
    if (!has_flag(entry, "answered"))
        return true;
    r->steps++;
    return add_member(r, STEP, entry, "step") &&
           add_member(r, ACTIONS, entry, "actions");
}

static bool add_page(struct recording *r, const char *run, json_object *page)
{
    json_object *items = list_items(page);
    bool good = r->n > 0 || add_opening(r, page);
    size_t i;

    for (i = 0; items != NULL && i < json_object_array_length(items); i++)
        good = good &&
               add_entry(r, run, json_object_array_get_idx(items, i));
    return good;
}

static int fetch(struct cli *c, const char *run, struct recording *r)
{
    char cursor[sizeof((struct reply *)NULL)->cursor] = "";
    int code;

    do {
        char *path = client_path("/api/runs/%s/log?limit=200&cursor=%s", run,
                                 cursor);
        struct reply page;

        code = client_call(c, "GET", path, NULL, &page);
        if (code == 0 && !add_page(r, run, page.body)) {
            fprintf(stderr, "trimtab: %s: its log cannot be read; is this "
                    "trimtab as old as its daemon?\n", run);
            code = CLI_FAILED;
        }
        snprintf(cursor, sizeof cursor, "%s", page.cursor);
        reply_fini(&page);
        free(path);
    } while (code == 0 && cursor[0] != '\0');
    return code;
}

/* --- files ---------------------------------------------------------------- */

static bool write_file(const struct recording *r, const char *path)
{
    bool out = strcmp(path, "-") == 0;
    FILE *f = out ? stdout : fopen(path, "wb");
    bool good = f != NULL && fwrite(r->bytes, 1, r->n, f) == r->n;

    good = f != NULL && fflush(f) == 0 && good;
    if (f != NULL && !out && fclose(f) != 0)
        good = false;
    return good;
}

int run_log_save(struct cli *c, const char *run, const char *path)
{
    struct recording r = { .n = 0 };
    int code = fetch(c, run, &r);

    if (code == 0 && !write_file(&r, path)) {
        fprintf(stderr, "trimtab: %s: %s\n", path, strerror(errno));
        code = CLI_FAILED;
    }
    free(r.bytes);
    return code;
}

int run_log_show(struct cli *c, const char *run, const char *limit,
                 const char *cursor)
{
    static const struct column columns[] = {
        { "POSITION", "position" }, { "N", "n" }, { "FLAGS", "flags" },
        { "EVENTS", "events" },     { "ANSWER", "answer" },
    };
    char *path = client_path("/api/runs/%s/log?limit=%s&cursor=%s", run,
                             limit != NULL ? limit : "50",
                             cursor != NULL ? cursor : "");

    return show_answer(c, path, columns, 5);
}
