/* SPDX-License-Identifier: MIT
 *
 * report.c - the results, for people, for programs and for build servers. */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/check/check_in.h"

size_t check_report_findings(const struct check_report *r)
{
    size_t i, n = 0;

    for (i = 0; i < r->n; i++)
        n += r->results[i].status >= CHECK_FAIL;
    return n;
}

static const char *kind_of(const struct check_report *r)
{
    return r->note.kind == TT_KIND_STRATEGY  ? "strategy"
           : r->note.kind == TT_KIND_ADAPTER ? "adapter"
                                             : "no plugin";
}

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

static size_t count(const struct check_report *r, enum check_status status)
{
    size_t i, n = 0;

    for (i = 0; i < r->n; i++)
        n += r->results[i].status == status;
    return n;
}

/* --- text ---------------------------------------------------------------- */

/* Every line of it behind the same margin. */
static void add_indented(struct buf *out, const char *label, const char *text)
{
    const char *end;

    while (*text != '\0') {
        end = strchr(text, '\n');
        buf_addf(out, "             %-6s%.*s\n", label,
                 (int)(end != NULL ? end - text : (ptrdiff_t)strlen(text)),
                 text);
        text = end != NULL ? end + 1 : "";
        label = "";
    }
}

static void add_again(const struct check_report *r,
                      const struct check_result *one, struct buf *out)
{
    const char *name = base_of(r->o->path);

    buf_addf(out, "             again: trimtab plugin check ");
    if (r->o->old != NULL)
        buf_addf(out, "--upgrade %s ", base_of(r->o->old));
    if (one->log != NULL)
        buf_addf(out, "--replay %s ", base_of(one->log));
    buf_addf(out, "%s --only %s --seed %" PRIu64 "\n", name, one->check->id,
             r->o->seed);
}

static void text_one(const struct check_report *r,
                     const struct check_result *one, struct buf *out)
{
    buf_addf(out, "  %-6s%-4s %s%s%s%s%s\n", check_status_name(one->status),
             one->check->id, one->check->title,
             one->log != NULL ? ", " : "",
             one->log != NULL ? base_of(one->log) : "",
             one->status == CHECK_SKIP ? ": " : "",
             one->status == CHECK_SKIP ? one->message : "");
    if (one->status == CHECK_SKIP)
        return;
    add_indented(out, one->status >= CHECK_FAIL ? "what:" : "", one->message);
    if (one->status >= CHECK_WARN) {
        add_indented(out, "why:", one->check->why);
        add_indented(out, "mend:", one->check->mend);
        add_again(r, one, out);
    }
}

static void write_text(const struct check_report *r, struct buf *out)
{
    static const enum check_status order[] = { CHECK_PASS, CHECK_NOTE,
                                               CHECK_WARN, CHECK_FAIL,
                                               CHECK_CRASH, CHECK_SKIP };
    size_t i;

    buf_addf(out, "%s: %s", base_of(r->o->path), kind_of(r));
    if (r->note.kind != 0)
        buf_addf(out, " %s %s, ABI %u.%u", r->note.id, r->note.version,
                 r->note.abi_major, r->note.abi_minor);
    buf_addf(out, "\nsha256 %s\nlevel %d, seed %" PRIu64 "\n\n", r->sha256,
             r->level, r->o->seed);
    for (i = 0; i < r->n; i++)
        text_one(r, &r->results[i], out);
    for (i = 0; i < TT_ARRAY_LEN(order); i++)
        buf_addf(out, "%s%zu %s", i == 0 ? "\n" : ", ", count(r, order[i]),
                 check_status_name(order[i]));
    buf_adds(out, "\n");
}

/* --- JSON ---------------------------------------------------------------- */

static json_object *json_one(const struct check_report *r,
                             const struct check_result *one)
{
    json_object *o = json_object_new_object();

    json_set_str(o, "id", one->check->id);
    json_set_str(o, "status", check_status_name(one->status));
    json_set_str(o, "title", one->check->title);
    json_set_str(o, "message", one->message);
    if (one->log != NULL)
        json_set_str(o, "log", base_of(one->log));
    json_set_str(o, "why", one->check->why);
    json_set_str(o, "mend", one->check->mend);
    json_object_object_add(o, "seed", json_object_new_uint64(r->o->seed));
    json_set_int(o, "ms", one->ms);
    return o;
}

static void write_json(const struct check_report *r, struct buf *out)
{
    json_object *o = json_object_new_object();
    json_object *list = json_object_new_array();
    json_object *plugin = json_object_new_object();
    size_t i;

    for (i = 0; i < r->n; i++)
        json_object_array_add(list, json_one(r, &r->results[i]));
    json_set_str(o, "file", r->o->path);
    json_set_str(o, "sha256", r->sha256);
    if (r->note.kind != 0) {
        json_set_str(plugin, "id", r->note.id);
        json_set_str(plugin, "version", r->note.version);
        json_set_str(plugin, "kind", kind_of(r));
    }
    json_set(o, "plugin", plugin);
    json_set_str(o, "checker", PACKAGE_VERSION);
    json_set_int(o, "level", r->level);
    json_object_object_add(o, "seed", json_object_new_uint64(r->o->seed));
    json_set_bool(o, "pass", check_report_findings(r) == 0);
    json_set(o, "results", list);
    buf_adds(out, json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY));
    buf_adds(out, "\n");
    json_object_put(o);
}

/* --- JUnit --------------------------------------------------------------- */

static void add_xml(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '&')
            buf_adds(out, "&amp;");
        else if (*text == '<')
            buf_adds(out, "&lt;");
        else if (*text == '>')
            buf_adds(out, "&gt;");
        else if (*text == '"')
            buf_adds(out, "&quot;");
        else if (*text == '\n')
            buf_adds(out, "&#10;");
        else if ((unsigned char)*text >= 0x20)
            buf_add(out, text, 1);
    }
}

static void add_attribute(struct buf *out, const char *name, const char *value)
{
    buf_addf(out, " %s=\"", name);
    add_xml(out, value);
    buf_adds(out, "\"");
}

static void junit_one(const struct check_report *r,
                      const struct check_result *one, struct buf *out)
{
    char *name = xasprintf("%s %s%s%s", one->check->id, one->check->title,
                           one->log != NULL ? ", " : "",
                           one->log != NULL ? base_of(one->log) : "");

    buf_adds(out, "    <testcase");
    add_attribute(out, "classname", r->note.kind != 0 ? r->note.id : "plugin");
    add_attribute(out, "name", name);
    buf_addf(out, " time=\"%" PRId64 ".%03d\">", one->ms / 1000,
             (int)(one->ms % 1000));
    free(name);
    if (one->status >= CHECK_FAIL || one->status == CHECK_SKIP) {
        const char *element = one->status == CHECK_SKIP   ? "skipped"
                              : one->status == CHECK_FAIL ? "failure"
                                                          : "error";

        buf_addf(out, "<%s", element);
        add_attribute(out, "message", one->message);
        buf_adds(out, ">");
        if (one->status != CHECK_SKIP) {
            add_xml(out, "why: ");
            add_xml(out, one->check->why);
            add_xml(out, "\nmend: ");
            add_xml(out, one->check->mend);
        }
        buf_addf(out, "</%s>", element);
    } else if (one->message[0] != '\0') {
        buf_adds(out, "<system-out>");
        add_xml(out, one->message);
        buf_adds(out, "</system-out>");
    }
    buf_adds(out, "</testcase>\n");
}

static void write_junit(const struct check_report *r, struct buf *out)
{
    int64_t ms = 0;
    size_t i;

    for (i = 0; i < r->n; i++)
        ms += r->results[i].ms;
    buf_adds(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
                  "  <testsuite");
    add_attribute(out, "name", base_of(r->o->path));
    buf_addf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" "
             "skipped=\"%zu\" time=\"%" PRId64 ".%03d\">\n", r->n,
             count(r, CHECK_FAIL), count(r, CHECK_CRASH), count(r, CHECK_SKIP),
             ms / 1000, (int)(ms % 1000));
    buf_addf(out, "    <properties><property name=\"seed\" value=\"%" PRIu64
             "\"/><property name=\"sha256\" value=\"%s\"/></properties>\n",
             r->o->seed, r->sha256);
    for (i = 0; i < r->n; i++)
        junit_one(r, &r->results[i], out);
    buf_adds(out, "  </testsuite>\n</testsuites>\n");
}

void check_report_write(const struct check_report *r, enum check_format format,
                        struct buf *out)
{
    if (format == CHECK_TEXT)
        write_text(r, out);
    else if (format == CHECK_JSON)
        write_json(r, out);
    else
        write_junit(r, out);
}
