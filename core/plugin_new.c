/* SPDX-License-Identifier: MIT
 *
 * plugin_new.c - see plugin_new.h. The templates are files of the SDK
 * (TRIMTAB_TEMPLATES, else the installed ones) with @WORDS@ to replace. */
#include "config.h"

#include "core/plugin_new.h"

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fs.h"
#include "core/base/mem.h"

struct plan {
    const char *name, *kind, *vendor;
    const char *extension, *compiler, *standard;
    const char *templates;
};

static void usage(FILE *to)
{
    fputs("usage: trimtab plugin new NAME --kind strategy|adapter "
          "[--lang c|c++] [--vendor TEXT]\n\n"
          "Makes the folder NAME with a complete plugin: source, manifest, unit "
          "tests, golden log,\nMakefile. `make` builds NAME.so, `make check` "
          "tests it.\n", to);
}

/* [a-z][a-z0-9-]{0,62}: the id, the file's and the folder's name. */
static bool good_name(const char *s)
{
    return s[0] >= 'a' && s[0] <= 'z' && strlen(s) <= 63 &&
           strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(s);
}

static const char *word_for(const struct plan *p, const char *word, size_t n)
{
    const struct {
        const char *word, *value;
    } words[] = {
        { "NAME", p->name },   { "KIND", p->kind },     { "VENDOR", p->vendor },
        { "EXT", p->extension }, { "CC", p->compiler }, { "STD", p->standard },
    };
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(words); i++)
        if (strlen(words[i].word) == n && memcmp(words[i].word, word, n) == 0)
            return words[i].value;
    return NULL;
}

/* Replace each @WORD@ that we know; others (Makefile's $@) stay. */
static void fill_in(const struct plan *p, const struct buf *in, struct buf *out)
{
    const char *s = in->data, *at, *end, *value;

    while ((at = strchr(s, '@')) != NULL) {
        end = strchr(at + 1, '@');
        value = end == NULL ? NULL
                            : word_for(p, at + 1, (size_t)(end - at) - 1);
        if (value == NULL) {
            buf_add(out, s, (size_t)(at - s) + 1);
            s = at + 1;
            continue;
        }
        buf_add(out, s, (size_t)(at - s));
        buf_adds(out, value);
        s = end + 1;
    }
    buf_adds(out, s);
}

static int make_file(const struct plan *p, const char *from, const char *to,
                     struct err *e)
{
    TT_AUTO_FREE char *source = fs_join(p->templates, from);
    TT_AUTO_FREE char *target = fs_join(p->name, to);
    struct buf in = { 0 }, out = { 0 };
    int code = fs_read(source, 1 << 20, &in, e);

    if (code == 0) {
        fill_in(p, &in, &out);
        code = fs_write(target, out.data, out.len, 0644, e);
    }
    buf_fini(&in);
    buf_fini(&out);
    return code;
}

static int make_folder(const struct plan *p, struct err *e)
{
    TT_AUTO_FREE char *source = xasprintf("%s.%s", p->kind, p->extension);
    TT_AUTO_FREE char *target = xasprintf("%s.%s", p->name, p->extension);
    TT_AUTO_FREE char *test = xasprintf("test_%s.c", p->kind);
    TT_AUTO_FREE char *test_target = xasprintf("test_%s.%s", p->name,
                                               p->extension);
    TT_AUTO_FREE char *golden = xasprintf("golden-%s.log", p->kind);
    const struct {
        const char *from, *to;
    } files[] = {
        { source, target },          { test, test_target },
        { golden, "golden.log" },    { "Makefile", "Makefile" },
        { "README.md", "README.md" }, { "plugin.json", "plugin.json" },
        { "LICENSE", "LICENSE" },
    };
    size_t i;
    int code;

    if (mkdir(p->name, 0755) != 0)
        return err_errno(e, errno == EEXIST ? TT_EEXIST : TT_EIO,
                         "folder %s", p->name);
    for (i = 0; i < TT_ARRAY_LEN(files); i++) {
        code = make_file(p, files[i].from, files[i].to, e);
        if (code != 0)
            return code;
    }
    return 0;
}

static int parse(int argc, char **argv, struct plan *p)
{
    static const struct option options[] = {
        { "kind", required_argument, NULL, 'k' },
        { "lang", required_argument, NULL, 'l' },
        { "vendor", required_argument, NULL, 'v' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    const char *lang = "c";
    int c;

    while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (c == 'k')
            p->kind = optarg;
        else if (c == 'l')
            lang = optarg;
        else if (c == 'v')
            p->vendor = optarg;
        else
            return c == 'h' ? -1 : 2;
    }
    if (optind + 1 != argc || p->kind == NULL ||
        (strcmp(p->kind, "strategy") != 0 && strcmp(p->kind, "adapter") != 0) ||
        (strcmp(lang, "c") != 0 && strcmp(lang, "c++") != 0))
        return 2;
    p->name = argv[optind];
    if (strcmp(lang, "c++") == 0) {
        p->extension = "cc";
        p->compiler = "CXX";
        p->standard = "-std=c++17";
    }
    return 0;
}

int plugin_new_main(int argc, char **argv)
{
    const char *templates = getenv("TRIMTAB_TEMPLATES");
    struct plan p = { .vendor = "you", .extension = "c", .compiler = "CC",
                      .standard = "-std=c11",
                      .templates = templates != NULL ? templates
                                                     : TT_TEMPLATE_DIR };
    struct err e = { 0 };
    int code = parse(argc, argv, &p);

    if (code != 0) {
        usage(code == 2 ? stderr : stdout);
        return code == 2 ? 2 : 0;
    }
    if (!good_name(p.name)) {
        fprintf(stderr, "trimtab plugin new: %s: a name is a small letter, then "
                "up to 62 small letters, digits and dashes\n", p.name);
        return 2;
    }
    if (make_folder(&p, &e) != 0) {
        fprintf(stderr, "trimtab plugin new: %s\n", e.text);
        return 1;
    }
    printf("%s: made; next:\n  cd %s && make && make check\n", p.name, p.name);
    return 0;
}
