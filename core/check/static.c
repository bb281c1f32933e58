/* SPDX-License-Identifier: MIT
 *
 * static.c - S1 to S9, S11 and S12: what the file says, before any of its code
 * has run. S10 is in imports.c, S14 in static_hash.c. */
#include "config.h"

#include <string.h>

#include "core/base/fs.h"
#include "core/base/mem.h"
#include "core/check/checks.h"
#include "core/check/elf.h"
#include "core/host/manifest.h"

/* The file, for checks that come after S1. */
static bool open_file(struct check_run *c, struct elf *f)
{
    struct err e = { 0 };

    if (elf_open(f, c->o->path, &e) == 0)
        return true;
    check_skip(c, "not readable as ELF: %s", e.text);
    return false;
}

void check_s1(struct check_run *c)
{
    struct elf f;
    struct err e = { 0 };

    if (elf_open(&f, c->o->path, &e) != 0)
        check_fail(c, "%s", e.text);
    elf_close(&f);
}

/* --- S2, S3: the note ---------------------------------------------------- */

static void same(struct check_run *c, const struct manifest *m,
                 const char *member, const char *in_note)
{
    const char *said = json_str(m->json, member);

    if (said == NULL || strcmp(said, in_note) != 0)
        check_fail(c, "plugin.json says %s \"%s\", the note \"%s\"", member,
                   said != NULL ? said : "", in_note);
}

static void compare_manifest(struct check_run *c, const struct host_note *note)
{
    struct manifest m;
    struct err e = { 0 };

    if (manifest_open(&m, c->o->path, c->o->source, &e) != 0) {
        check_fail(c, "%s", e.text);
    } else if (m.json == NULL) {
        check_say(c, "there is no plugin.json to compare with");
    } else {
        same(c, &m, "id", note->id);
        same(c, &m, "version", note->version);
        same(c, &m, "kind",
             note->kind == TT_KIND_STRATEGY ? "strategy" : "adapter");
    }
    manifest_close(&m);
}

static bool exports(const struct elf *f, const char *name)
{
    uint64_t i;

    for (i = 1; i < f->n_symbols; i++) {
        ElfW(Sym) s = elf_symbol(f, i);

        if (s.st_shndx != SHN_UNDEF &&
            strcmp(elf_symbol_name(f, &s), name) == 0)
            return true;
    }
    return false;
}

void check_s2(struct check_run *c)
{
    struct host_note note;
    struct err e = { 0 };
    struct elf f;
    int rc = host_note_read(c->o->path, &note, &e);

    if (rc != 0 && rc != TT_EABI)
        check_fail(c, "%s", e.text);
    if (open_file(c, &f) && !exports(&f, TT_ENTRY_SYMBOL))
        check_fail(c, "it does not export " TT_ENTRY_SYMBOL);
    elf_close(&f);
    if (rc == 0)
        compare_manifest(c, &note);
}

void check_s3(struct check_run *c)
{
    struct host_note note;
    struct err e = { 0 };
    int rc = host_note_read(c->o->path, &note, &e);

    if (rc == TT_EABI)
        check_fail(c, "%s", e.text);
    else if (rc == 0)
        check_say(c, "ABI %u.%u; this trimtab has %u.%u", note.abi_major,
                  note.abi_minor, TT_ABI_MAJOR, TT_ABI_MINOR);
}

/* --- S4, S5: symbols ----------------------------------------------------- */

static unsigned char bind_of(const ElfW(Sym) *s)
{
    return ELF64_ST_BIND(s->st_info); /* the same bits in both classes */
}

static bool visible(const ElfW(Sym) *s)
{
    unsigned char v = ELF64_ST_VISIBILITY(s->st_other);

    return s->st_shndx != SHN_UNDEF && s->st_shndx != SHN_ABS &&
           bind_of(s) != STB_LOCAL && (v == STV_DEFAULT || v == STV_PROTECTED);
}

void check_s4(struct check_run *c)
{
    struct elf f;
    uint64_t i;

    for (i = open_file(c, &f) ? 1 : UINT64_MAX; i < f.n_symbols; i++) {
        ElfW(Sym) s = elf_symbol(&f, i);
        const char *name = elf_symbol_name(&f, &s);

        if (!visible(&s) || bind_of(&s) == STB_GNU_UNIQUE ||
            strcmp(name, TT_ENTRY_SYMBOL) == 0)
            continue;
        /* What the C++ library's templates leave is weak, and marked visible
         * by its headers: -fvisibility does not hide it. */
        if (bind_of(&s) == STB_WEAK && strncmp(name, "_Z", 2) == 0)
            check_note(c, "a weak C++ symbol is visible: %.200s", name);
        else
            check_fail(c, "it exports %.200s", name);
    }
    elf_close(&f);
}

void check_s5(struct check_run *c)
{
    struct elf f;
    uint64_t i;

    for (i = open_file(c, &f) ? 1 : UINT64_MAX; i < f.n_symbols; i++) {
        ElfW(Sym) s = elf_symbol(&f, i);

        if (bind_of(&s) == STB_GNU_UNIQUE && s.st_shndx != SHN_UNDEF)
            check_fail(c, "%.200s is unique in the whole process",
                       elf_symbol_name(&f, &s));
    }
    elf_close(&f);
}

/* --- S6 to S8: how it was linked ----------------------------------------- */

static bool flag(const struct elf *f, int64_t tag, uint64_t bit)
{
    return (elf_value(f, tag, 0) & bit) != 0;
}

void check_s6(struct check_run *c)
{
    ElfW(Phdr) p;
    struct elf f;

    if (open_file(c, &f)) {
        if (!elf_has(&f, DT_BIND_NOW) && !flag(&f, DT_FLAGS, DF_BIND_NOW) &&
            !flag(&f, DT_FLAGS_1, DF_1_NOW))
            check_fail(c, "it binds lazily: link it with -Wl,-z,now");
        if (!elf_find_segment(&f, PT_GNU_RELRO, &p))
            check_fail(c, "no RELRO: link it with -Wl,-z,relro");
        if (elf_has(&f, DT_TEXTREL) || flag(&f, DT_FLAGS, DF_TEXTREL))
            check_fail(c, "it relocates its own code (TEXTREL): compile it "
                       "with -fPIC");
        if (!elf_find_segment(&f, PT_GNU_STACK, &p) || (p.p_flags & PF_X) != 0)
            check_fail(c, "it wants an executable stack: link it with "
                       "-Wl,-z,noexecstack");
    }
    elf_close(&f);
}

void check_s7(struct check_run *c)
{
    struct elf f;

    if (open_file(c, &f) && !flag(&f, DT_FLAGS_1, DF_1_NODELETE))
        check_fail(c, "it may be unloaded: link it with -Wl,-z,nodelete");
    elf_close(&f);
}

void check_s8(struct check_run *c)
{
    struct elf f;

    if (open_file(c, &f) && flag(&f, DT_FLAGS, DF_STATIC_TLS))
        check_fail(c, "it has static thread-local storage (DF_STATIC_TLS)");
    elf_close(&f);
}

/* --- S9: what it is linked to -------------------------------------------- */

/* What every host has, and numerics. */
static const char *const good_libraries[] = {
    "libc", "libm", "libpthread", "libdl", "librt", "ld-linux-x86-64",
    "ld-linux-aarch64", "ld-linux", "libgcc_s", "libstdc++", "libc++",
    "libc++abi", "libunwind", "libatomic", "libgomp", "libquadmath",
    "libgfortran", "libblas", "libcblas", "liblapack", "liblapacke",
    "libopenblas", "libopenblasp", "libnlopt", "libgsl", "libgslcblas",
    "libfftw3", "libgmp", "libmpfr", "libjson-c", "libz",
};
/* What reaches outside: the host does that. */
static const char *const bad_libraries[] = {
    "libcurl", "libcurl-gnutls", "libssl", "libcrypto", "libgnutls",
    "libmicrohttpd", "libpq", "libmysqlclient", "librocksdb", "libsqlite3",
    "libzmq", "libltdl", "libssh", "libssh2", "libresolv", "libnsl", "libX11",
};

static bool listed(const char *file, const char *const *names, size_t n)
{
    size_t len = strcspn(file, "."), i;

    for (i = 0; i < n; i++)
        if (strlen(names[i]) == len && memcmp(names[i], file, len) == 0)
            return true;
    return false;
}

static void check_library(struct check_run *c, const char *name)
{
    if (listed(name, bad_libraries, TT_ARRAY_LEN(bad_libraries)))
        check_fail(c, "it is linked to %.200s", name);
    else if (!listed(name, good_libraries, TT_ARRAY_LEN(good_libraries)))
        check_warn(c, "it is linked to %.200s, which a host may not have",
                   name);
}

static void check_search_path(struct check_run *c, const char *path)
{
    size_t n;

    for (; *path != '\0'; path += n + (path[n] == ':')) {
        n = strcspn(path, ":");
        if ((strncmp(path, "$ORIGIN", 7) != 0 &&
             strncmp(path, "${ORIGIN}", 9) != 0) ||
            memmem(path, n, "..", 2) != NULL)
            check_fail(c, "libraries are searched in \"%.*s\"",
                       (int)(n < 200 ? n : 200), path);
    }
}

void check_s9(struct check_run *c)
{
    struct elf f;
    uint64_t i;

    for (i = open_file(c, &f) ? 0 : UINT64_MAX; i < f.n_dynamic; i++) {
        ElfW(Dyn) d = elf_dynamic(&f, i);

        if (d.d_tag == DT_NEEDED)
            check_library(c, elf_text(&f, d.d_un.d_val));
        else if (d.d_tag == DT_RPATH || d.d_tag == DT_RUNPATH)
            check_search_path(c, elf_text(&f, d.d_un.d_val));
    }
    elf_close(&f);
}

/* --- S11, S12 ------------------------------------------------------------ */

void check_s11(struct check_run *c)
{
    struct elf f;
    uint64_t n;

    if (open_file(c, &f)) {
        /* one is the compiler's own (frame_dummy) */
        n = elf_value(&f, DT_INIT_ARRAYSZ, 0) / sizeof(ElfW(Addr));
        if (n > 1)
            check_warn(c, "%u functions run when it is loaded",
                       (unsigned)n - 1);
    }
    elf_close(&f);
}

static bool has_license_file(const char *source)
{
    static const char *const names[] = { "LICENSE", "LICENSE.txt",
                                         "LICENSE.md", "LICENSES", "COPYING" };
    bool there = false;
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(names) && !there; i++) {
        char *path = fs_join(source, names[i]);

        there = fs_exists(path);
        free(path);
    }
    return there;
}

static void check_manifest_license(struct check_run *c)
{
    const char *license, *unknown;
    struct manifest m;
    struct err e = { 0 };

    if (manifest_open(&m, c->o->path, c->o->source, &e) == 0 &&
        m.json != NULL) {
        license = json_str(m.json, "license");
        if (license == NULL)
            check_fail(c, "plugin.json: no license");
        else if (!spdx_ok(license, &unknown))
            check_fail(c, "plugin.json: license \"%.200s\" is no SPDX "
                       "expression, such as \"MIT\"", license);
        else if (unknown != NULL)
            check_note(c, "plugin.json: license %s is not one that this "
                       "checker knows", unknown);
    }
    manifest_close(&m);
    if (c->o->source != NULL && !has_license_file(c->o->source))
        check_warn(c, "no LICENSE file in the source folder");
}

void check_s12(struct check_run *c)
{
    struct host_note note;
    struct elf f;

    if (open_file(c, &f) && !elf_has_note(&f, "GNU", NT_GNU_BUILD_ID))
        check_fail(c, "no build id: link it with -Wl,--build-id");
    elf_close(&f);
    if (host_note_read(c->o->path, &note, NULL) == 0 &&
        !semver_ok(note.version))
        check_fail(c, "version \"%s\" is no semantic version, such as 1.0.0",
                   note.version);
    check_manifest_license(c);
}
