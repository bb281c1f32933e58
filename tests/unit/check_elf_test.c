/* SPDX-License-Identifier: MIT
 *
 * check_elf_test.c - the checker's own reader of ELF files: what it finds in a
 * plugin, and that no damage makes it read where nothing is. */
#include <string.h>

#include "core/base/fs.h"
#include "core/base/mem.h"
#include "core/check/elf.h"
#include "core/host/host.h"
#include "tests/unit/tap.h"

static char dir[] = "/tmp/trimtab-elf.XXXXXX";
static struct buf good; /* random.so */

/* Look at everything that the checks look at. */
static uint64_t look_around(const struct elf *f)
{
    uint64_t sum = 0, i;
    ElfW(Phdr) p;

    for (i = 0; i < f->n_symbols; i++) {
        ElfW(Sym) s = elf_symbol(f, i);

        sum += strlen(elf_symbol_name(f, &s)) + s.st_info;
    }
    for (i = 0; i < f->n_dynamic; i++) {
        ElfW(Dyn) d = elf_dynamic(f, i);

        sum += strlen(elf_text(f, d.d_un.d_val));
    }
    sum += elf_has_note(f, "GNU", NT_GNU_BUILD_ID);
    sum += elf_find_segment(f, PT_GNU_STACK, &p);
    return sum;
}

static int try_bytes(const char *bytes, size_t n, struct err *e)
{
    TT_AUTO_FREE char *path = fs_join(dir, "x.so");
    FILE *file = fopen(path, "wb");
    struct host_note note;
    struct elf f;
    int rc;

    if (file == NULL || fwrite(bytes, 1, n, file) != n || fclose(file) != 0)
        CU_FAIL("cannot write");
    memset(e, 0, sizeof *e);
    rc = elf_open(&f, path, e);
    if (rc == 0)
        (void)look_around(&f);
    elf_close(&f);
    (void)host_note_read(path, &note, NULL);
    return rc;
}

static void a_plugin_is_read_as_a_whole(void)
{
    TT_AUTO_FREE char *path = fs_join(getenv("TT_PLUGIN_DIR"), "random.so");
    bool entry = false, allocates = false;
    struct err e = { 0 };
    struct elf f;
    uint64_t i;

    CU_ASSERT_EQUAL(elf_open(&f, path, &e), 0);
    for (i = 1; i < f.n_symbols; i++) {
        ElfW(Sym) s = elf_symbol(&f, i);
        const char *name = elf_symbol_name(&f, &s);

        entry |= strcmp(name, TT_ENTRY_SYMBOL) == 0 && s.st_shndx != SHN_UNDEF;
        allocates |= strcmp(name, "calloc") == 0 && s.st_shndx == SHN_UNDEF;
    }
    CU_ASSERT(entry);
    CU_ASSERT(allocates);
    CU_ASSERT(elf_has(&f, DT_NEEDED));
    CU_ASSERT(!elf_has(&f, DT_TEXTREL));
    CU_ASSERT(elf_has_note(&f, TT_NOTE_NAME, TT_NOTE_TYPE));
    CU_ASSERT(elf_has_note(&f, "GNU", NT_GNU_BUILD_ID));
    CU_ASSERT(!elf_has_note(&f, "GNU", 77));
    CU_ASSERT_STRING_EQUAL(elf_text(&f, UINT64_MAX), "");
    elf_close(&f);
}

static void every_shortened_file_is_refused_or_read_in_bounds(void)
{
    struct err e;
    size_t n;

    for (n = 0; n < good.len; n += n < 1024 ? 13 : 509)
        CU_ASSERT_EQUAL(try_bytes(good.data, n, &e), TT_EPLUGIN);
    CU_ASSERT_EQUAL(try_bytes(good.data, good.len, &e), 0);
}

/* Fixed seed; the headers and tables come first in the file. */
static void no_flipped_byte_makes_it_read_elsewhere(void)
{
    TT_AUTO_FREE char *copy = xcalloc(1, good.len);
    uint64_t x = 1;
    struct err e;
    int i, k;

    for (i = 0; i < 600; i++) {
        memcpy(copy, good.data, good.len);
        for (k = 0; k < 1 + i % 4; k++) {
            x = x * UINT64_C(6364136223846793005) + 1442695040888963407u;
            copy[(x >> 33) % (i % 2 == 0 ? 1024 : good.len)] ^=
                (char)(1u << ((x >> 24) & 7));
        }
        (void)try_bytes(copy, good.len, &e);
    }
    CU_PASS("and the sanitizers said nothing");
}

static void what_is_no_plugin_is_named(void)
{
    struct err e;
    char *copy = xcalloc(1, good.len);

    CU_ASSERT_EQUAL(try_bytes("#!/bin/sh\n", 10, &e), TT_EPLUGIN);
    CU_ASSERT(strstr(e.text, "too short") != NULL);
    memset(copy, 'x', good.len);
    CU_ASSERT_EQUAL(try_bytes(copy, good.len, &e), TT_EPLUGIN);
    CU_ASSERT(strstr(e.text, "not an ELF file") != NULL);
    memcpy(copy, good.data, good.len);
    copy[18] ^= 1; /* e_machine */
    CU_ASSERT_EQUAL(try_bytes(copy, good.len, &e), TT_EPLUGIN);
    CU_ASSERT(strstr(e.text, "machine") != NULL);
    memcpy(copy, good.data, good.len);
    copy[16] = ET_REL;
    CU_ASSERT_EQUAL(try_bytes(copy, good.len, &e), TT_EPLUGIN);
    CU_ASSERT(strstr(e.text, "-shared") != NULL);
    free(copy);
}

static CU_TestInfo tests[] = {
    { "a plugin is read as a whole", a_plugin_is_read_as_a_whole },
    { "every shortened file is refused or read in bounds",
      every_shortened_file_is_refused_or_read_in_bounds },
    { "no flipped byte makes it read elsewhere",
      no_flipped_byte_makes_it_read_elsewhere },
    { "what is no plugin is named", what_is_no_plugin_is_named },
    CU_TEST_INFO_NULL,
};

int main(void)
{
    const char *plugins = getenv("TT_PLUGIN_DIR");
    char *path;
    int rc;

    if (plugins == NULL) {
        printf("1..0 # SKIP run by make check, which sets TT_PLUGIN_DIR\n");
        return 0;
    }
    if (mkdtemp(dir) == NULL)
        return 99;
    path = fs_join(plugins, "random.so");
    rc = fs_read(path, 16u << 20, &good, NULL) != 0
             ? 99
             : tap_run("check_elf", tests);
    free(path);
    buf_fini(&good);
    (void)fs_remove_tree(dir, NULL);
    return rc;
}
