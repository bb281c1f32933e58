/* SPDX-License-Identifier: MIT
 *
 * note_test.c - what a file says of itself; and files that are damaged, cut or
 * something else. Run by make check, which sets TT_ZOO_DIR. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fs.h"
#include "core/base/mem.h"
#include "core/host/host.h"
#include "tests/unit/tap.h"

static char *zoo(const char *animal)
{
    return xasprintf("%s/zoo_%s.so", getenv("TT_ZOO_DIR"), animal);
}

static bool says(const char *path, int code, const char *part)
{
    struct host_note note;
    struct err e = { 0 };
    int rc = host_note_read(path, &note, &e);

    if (rc == code && e.code == code && strstr(e.text, part) != NULL &&
        strstr(e.text, path) != NULL)
        return true;
    printf("# %d: %s\n", rc, e.text);
    return false;
}

static bool animal_says(const char *animal, int code, const char *part)
{
    char *path = zoo(animal);
    bool good = says(path, code, part);

    free(path);
    return good;
}

/* A scratch file with these bytes. */
static char *scratch(const void *bytes, size_t n)
{
    char *path = xstrdup("/tmp/tt-note-XXXXXX");
    int fd = mkstemp(path);

    CU_ASSERT(fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
    close(fd);
    return path;
}

static void drop(char *path)
{
    unlink(path);
    free(path);
}

static void a_good_plugin_is_known_by_its_note(void)
{
    char *path = zoo("bad");
    struct host_note note;

    CU_ASSERT_EQUAL(host_note_read(path, &note, NULL), 0);
    CU_ASSERT_STRING_EQUAL(note.id, "zoo-bad");
    CU_ASSERT_STRING_EQUAL(note.version, "1.0.0");
    CU_ASSERT_EQUAL(note.kind, TT_KIND_STRATEGY);
    CU_ASSERT_EQUAL(note.abi_major, TT_ABI_MAJOR);
    CU_ASSERT_EQUAL(note.pointer_size, sizeof(void *));
    free(path);
}

static void a_wrong_abi_is_refused_with_both_sides(void)
{
    CU_ASSERT(animal_says("major", TT_EABI, "ABI 2.7, this trimtab has 1.0"));
}

static void what_is_no_plugin_is_told_so(void)
{
    char *text = scratch("#!/bin/sh\nexit 0, and some more of it; this is long "
                         "enough for a header of an ELF file\n", 84);
    char *tiny = scratch("\177ELF", 4);

    CU_ASSERT(animal_says("nonote", TT_EPLUGIN, "not a trimtab plugin"));
    CU_ASSERT(says(text, TT_EPLUGIN, "not an ELF file"));
    CU_ASSERT(says(tiny, TT_EPLUGIN, "too short"));
    CU_ASSERT(says("/tmp", TT_EPLUGIN, "not a regular file"));
    CU_ASSERT(says("/bin/true", TT_EPLUGIN, "a program"));
    CU_ASSERT(says("/nowhere/x.so", TT_EIO, "cannot be opened"));
    drop(text);
    drop(tiny);
}

static void every_cut_is_noticed(void)
{
    char *path = zoo("bad"), *copy;
    struct buf whole = { 0 };
    struct host_note note;
    struct err e;
    size_t n;

    CU_ASSERT_EQUAL(fs_read(path, 16u << 20, &whole, NULL), 0);
    copy = scratch(whole.data, whole.len);
    CU_ASSERT_EQUAL(host_note_read(copy, &note, NULL), 0);
    for (n = whole.len - 1; n > 101; n -= n > 1000 ? 101 : 7) {
        memset(&e, 0, sizeof e);
        CU_ASSERT_EQUAL(truncate(copy, (off_t)n), 0);
        CU_ASSERT_EQUAL(host_note_read(copy, &note, &e), TT_EPLUGIN);
    }
    drop(copy);
    buf_fini(&whole);
    free(path);
}

/* Nobody can tell every flip; but none may crash us or take for ever, and what
 * is accepted has a decent id. */
static void no_flip_hurts(void)
{
    char *path = zoo("bad"), *copy;
    struct buf whole = { 0 };
    struct host_note note;
    int fd, rc;
    size_t at;
    char byte;

    CU_ASSERT_EQUAL(fs_read(path, 16u << 20, &whole, NULL), 0);
    copy = scratch(whole.data, whole.len);
    fd = open(copy, O_RDWR | O_CLOEXEC);
    for (at = 0; at < 2048 && at < whole.len; at++) {
        byte = (char)~whole.data[at];
        CU_ASSERT_EQUAL(pwrite(fd, &byte, 1, (off_t)at), 1);
        rc = host_note_read(copy, &note, NULL);
        CU_ASSERT(rc == TT_EPLUGIN || rc == TT_EABI || rc == TT_EIO ||
                  (rc == 0 && note.id[0] >= 'a' && note.id[0] <= 'z'));
        CU_ASSERT_EQUAL(pwrite(fd, whole.data + at, 1, (off_t)at), 1);
    }
    close(fd);
    drop(copy);
    buf_fini(&whole);
    free(path);
}

/* --- loading -------------------------------------------------------------- */

static bool load_says(const char *animal, int code, const char *part)
{
    char *path = zoo(animal);
    struct err e = { 0 };
    bool good = host_load(path, &e) == NULL && e.code == code &&
                strstr(e.text, part) != NULL;

    if (!good)
        printf("# %d: %s\n", e.code, e.text);
    free(path);
    return good;
}

static void a_good_plugin_is_loaded_and_described(void)
{
    char *path = zoo("bad");
    const struct tt_plugin *p = host_load(path, NULL);
    json_object *hello, *o;

    CU_ASSERT(p != NULL);
    if (p != NULL) {
        CU_ASSERT(host_load(path, NULL) == p);
        hello = host_describe(p);
        o = json_child(hello, "plugin");
        CU_ASSERT_EQUAL(json_int(hello, "protocol", 0), FRAME_PROTOCOL);
        CU_ASSERT_STRING_EQUAL(json_str(o, "id"), "zoo-bad");
        CU_ASSERT_STRING_EQUAL(json_str(o, "kind"), "strategy");
        CU_ASSERT(json_child(json_child(o, "config_schema"), "properties") !=
                  NULL);
        CU_ASSERT_EQUAL(json_object_array_length(json_child(o, "param_kinds")),
                        6);
        json_object_put(hello);
    }
    free(path);
}

static void what_cannot_be_loaded_says_why_and_does_no_harm(void)
{
    struct err e = { 0 };

    CU_ASSERT(load_says("major", TT_EABI, "ABI 2.7"));
    CU_ASSERT(load_says("nonote", TT_EPLUGIN, "not a trimtab plugin"));
    CU_ASSERT(load_says("unresolved", TT_EPLUGIN,
                        "undefined symbol: tt_nobody_has_this"));
    CU_ASSERT(load_says("mismatch", TT_EPLUGIN, "differ in id"));
    CU_ASSERT(host_load("zoo_bad.so", &e) == NULL);
    CU_ASSERT_EQUAL(e.code, TT_EINVAL);
}

static CU_TestInfo tests[] = {
    { "a good plugin is known by its note",
      a_good_plugin_is_known_by_its_note },
    { "a wrong ABI is refused with both sides",
      a_wrong_abi_is_refused_with_both_sides },
    { "what is no plugin is told so", what_is_no_plugin_is_told_so },
    { "every cut is noticed", every_cut_is_noticed },
    { "no flip hurts", no_flip_hurts },
    { "a good plugin is loaded and described",
      a_good_plugin_is_loaded_and_described },
    { "what cannot be loaded says why and does no harm",
      what_cannot_be_loaded_says_why_and_does_no_harm },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    if (getenv("TT_ZOO_DIR") == NULL) {
        printf("1..0 # SKIP run by make check, which sets TT_ZOO_DIR\n");
        return 0;
    }
    return tap_run("note", tests);
}
