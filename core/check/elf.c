/* SPDX-License-Identifier: MIT
 *
 * elf.c - see elf.h. The file is read as a whole, so that nobody can change it
 * under our hands, and each record is copied out after its bounds were seen. */
#include "config.h"

#include <string.h>

#include "core/base/fs.h"
#include "core/base/mem.h"
#include "core/check/elf.h"

#define MOST_BYTES (256u << 20)
#define MOST_SEGMENTS 256u

static int broken(struct err *e, const char *what)
{
    return err_set(e, TT_EPLUGIN, "%s", what);
}

static bool within(const struct elf *f, uint64_t at, uint64_t n)
{
    return at <= f->bytes.len && n <= f->bytes.len - at;
}

static void copy(const struct elf *f, uint64_t at, void *to, size_t n)
{
    memcpy(to, f->bytes.data + at, n);
}

ElfW(Phdr) elf_segment(const struct elf *f, uint64_t i)
{
    ElfW(Phdr) p;

    copy(f, f->head.e_phoff + i * sizeof p, &p, sizeof p);
    return p;
}

ElfW(Dyn) elf_dynamic(const struct elf *f, uint64_t i)
{
    ElfW(Dyn) d;

    copy(f, f->dynamic + i * sizeof d, &d, sizeof d);
    return d;
}

ElfW(Sym) elf_symbol(const struct elf *f, uint64_t i)
{
    ElfW(Sym) s;

    copy(f, f->symbols + i * sizeof s, &s, sizeof s);
    return s;
}

/* Where an address lies in the file: true with n bytes there. */
static bool locate(const struct elf *f, uint64_t address, uint64_t n,
                   uint64_t *at)
{
    uint64_t i;

    for (i = 0; i < f->head.e_phnum; i++) {
        ElfW(Phdr) p = elf_segment(f, i);

        if (p.p_type == PT_LOAD && address >= p.p_vaddr &&
            address - p.p_vaddr <= p.p_filesz &&
            n <= p.p_filesz - (address - p.p_vaddr)) {
            *at = p.p_offset + (address - p.p_vaddr);
            return true;
        }
    }
    return false;
}

/* --- headers ------------------------------------------------------------- */

/* What this program is, a plugin must be. */
static int check_machine(const struct elf *f, struct err *e)
{
    struct buf self = { 0 };
    ElfW(Ehdr) ours;
    int rc = fs_read("/proc/self/exe", MOST_BYTES, &self, e);

    if (rc == 0 && self.len >= sizeof ours) {
        memcpy(&ours, self.data, sizeof ours);
        if (ours.e_machine != f->head.e_machine ||
            ours.e_ident[EI_CLASS] != f->head.e_ident[EI_CLASS] ||
            ours.e_ident[EI_DATA] != f->head.e_ident[EI_DATA])
            rc = err_set(e, TT_EPLUGIN, "built for ELF machine %u, this one is "
                         "%u: rebuild it here", f->head.e_machine,
                         ours.e_machine);
    }
    buf_fini(&self);
    return rc;
}

static int check_head(struct elf *f, struct err *e)
{
    const ElfW(Ehdr) *h = &f->head;
    int rc;

    if (f->bytes.len < sizeof *h)
        return broken(e, "too short for an ELF file");
    copy(f, 0, &f->head, sizeof f->head);
    if (memcmp(h->e_ident, ELFMAG, SELFMAG) != 0)
        return broken(e, "not an ELF file");
    rc = check_machine(f, e);
    if (rc != 0)
        return rc;
    if (h->e_type != ET_DYN)
        return broken(e, "not a shared object (ET_DYN): link it with "
                         "-shared");
    if (h->e_phentsize != sizeof(ElfW(Phdr)) || h->e_phnum == 0 ||
        h->e_phnum > MOST_SEGMENTS ||
        !within(f, h->e_phoff, h->e_phnum * sizeof(ElfW(Phdr))))
        return broken(e, "truncated or damaged: the program headers lie "
                         "outside the file");
    if (h->e_shoff != 0 &&
        !within(f, h->e_shoff, (uint64_t)h->e_shnum * h->e_shentsize))
        return broken(e, "truncated: the section headers lie outside the "
                         "file");
    return 0;
}

static int check_segments(struct elf *f, struct err *e)
{
    uint64_t i;

    for (i = 0; i < f->head.e_phnum; i++) {
        ElfW(Phdr) p = elf_segment(f, i);

        if (p.p_type == PT_INTERP)
            return broken(e, "a program, not a shared object");
        if (p.p_type == PT_GNU_STACK || p.p_type == PT_GNU_RELRO)
            continue;
        if (!within(f, p.p_offset, p.p_filesz) || p.p_memsz < p.p_filesz)
            return err_set(e, TT_EPLUGIN, "truncated or damaged: segment %u "
                           "lies outside the file", (unsigned)i);
    }
    return 0;
}

/* --- the dynamic section ------------------------------------------------- */

static int find_dynamic(struct elf *f, struct err *e)
{
    ElfW(Phdr) p;
    uint64_t n;

    if (!elf_find_segment(f, PT_DYNAMIC, &p))
        return broken(e, "no dynamic section: not a shared object");
    f->dynamic = p.p_offset;
    n = p.p_filesz / sizeof(ElfW(Dyn));
    while (f->n_dynamic < n && elf_dynamic(f, f->n_dynamic).d_tag != DT_NULL)
        f->n_dynamic++;
    return 0;
}

/* The old hash table says how many symbols there are. */
static bool count_by_hash(const struct elf *f, uint64_t *n)
{
    uint32_t words[2];
    uint64_t at;

    if (!elf_has(f, DT_HASH) ||
        !locate(f, elf_value(f, DT_HASH, 0), sizeof words, &at))
        return false;
    copy(f, at, words, sizeof words);
    *n = words[1];
    return true;
}

/* The new one has only the chains of those that are defined: the longest way
 * through the last bucket ends at the last symbol. */
static bool count_by_gnu_hash(const struct elf *f, uint64_t *n)
{
    uint64_t address = elf_value(f, DT_GNU_HASH, 0), at, i, last = 0;
    uint32_t head[4], word;

    if (address == 0 || !locate(f, address, sizeof head, &at))
        return false;
    copy(f, at, head, sizeof head);
    address += sizeof head + (uint64_t)head[2] * sizeof(ElfW(Addr));
    if (!locate(f, address, (uint64_t)head[0] * sizeof word, &at))
        return false;
    for (i = 0; i < head[0]; i++) {
        copy(f, at + i * sizeof word, &word, sizeof word);
        last = word > last ? word : last;
    }
    *n = head[1]; /* none is defined */
    if (last < head[1])
        return true;
    address += (uint64_t)head[0] * sizeof word;
    for (;; last++) {
        if (!locate(f, address + (last - head[1]) * sizeof word, sizeof word,
                    &at))
            return false;
        copy(f, at, &word, sizeof word);
        if ((word & 1) != 0)
            break;
    }
    *n = last + 1;
    return true;
}

static int find_tables(struct elf *f, struct err *e)
{
    uint64_t n = 0;

    f->strings_n = elf_value(f, DT_STRSZ, 0);
    if (!locate(f, elf_value(f, DT_STRTAB, 0), f->strings_n, &f->strings) ||
        f->strings_n == 0 ||
        f->bytes.data[f->strings + f->strings_n - 1] != '\0')
        return broken(e, "damaged: its names (DT_STRTAB) lie outside the "
                         "file");
    if (!count_by_hash(f, &n) && !count_by_gnu_hash(f, &n))
        return broken(e, "damaged: no table of symbols (DT_HASH, "
                         "DT_GNU_HASH)");
    if (n > f->bytes.len / sizeof(ElfW(Sym)) ||
        !locate(f, elf_value(f, DT_SYMTAB, 0), n * sizeof(ElfW(Sym)),
                &f->symbols))
        return broken(e, "damaged: its symbols (DT_SYMTAB) lie outside the "
                         "file");
    f->n_symbols = n;
    return 0;
}

int elf_open(struct elf *f, const char *path, struct err *e)
{
    int rc;

    memset(f, 0, sizeof *f);
    f->path = path;
    rc = fs_read(path, MOST_BYTES, &f->bytes, e);
    if (rc == 0)
        rc = check_head(f, e);
    if (rc == 0)
        rc = check_segments(f, e);
    if (rc == 0)
        rc = find_dynamic(f, e);
    if (rc == 0)
        rc = find_tables(f, e);
    return rc;
}

void elf_close(struct elf *f)
{
    buf_fini(&f->bytes);
}

/* --- questions ----------------------------------------------------------- */

bool elf_has(const struct elf *f, int64_t tag)
{
    uint64_t i;

    for (i = 0; i < f->n_dynamic; i++)
        if ((int64_t)elf_dynamic(f, i).d_tag == tag)
            return true;
    return false;
}

uint64_t elf_value(const struct elf *f, int64_t tag, uint64_t otherwise)
{
    uint64_t i;

    for (i = 0; i < f->n_dynamic; i++) {
        ElfW(Dyn) d = elf_dynamic(f, i);

        if ((int64_t)d.d_tag == tag)
            return d.d_un.d_val;
    }
    return otherwise;
}

const char *elf_text(const struct elf *f, uint64_t at)
{
    return at < f->strings_n ? f->bytes.data + f->strings + at : "";
}

const char *elf_symbol_name(const struct elf *f, const ElfW(Sym) *symbol)
{
    return elf_text(f, symbol->st_name);
}

bool elf_find_segment(const struct elf *f, uint32_t type, ElfW(Phdr) *out)
{
    uint64_t i;

    for (i = 0; i < f->head.e_phnum; i++) {
        *out = elf_segment(f, i);
        if (out->p_type == type)
            return true;
    }
    return false;
}

static uint64_t padded(uint64_t n, uint64_t align)
{
    return (n + align - 1) / align * align;
}

static bool segment_has_note(const struct elf *f, const ElfW(Phdr) *p,
                             const char *name, uint32_t type)
{
    uint64_t align = p->p_align == 8 ? 8 : 4, at = 0;
    ElfW(Nhdr) h;

    while (at <= p->p_filesz && p->p_filesz - at >= sizeof h) {
        copy(f, p->p_offset + at, &h, sizeof h);
        at += sizeof h;
        if (h.n_namesz > p->p_filesz - at)
            return false;
        if (h.n_type == type && h.n_namesz == strlen(name) + 1 &&
            memcmp(f->bytes.data + p->p_offset + at, name, h.n_namesz) == 0)
            return true;
        at = padded(padded(at + h.n_namesz, align) + h.n_descsz, align);
    }
    return false;
}

bool elf_has_note(const struct elf *f, const char *name, uint32_t type)
{
    uint64_t i;

    for (i = 0; i < f->head.e_phnum; i++) {
        ElfW(Phdr) p = elf_segment(f, i);

        if (p.p_type == PT_NOTE && segment_has_note(f, &p, name, type))
            return true;
    }
    return false;
}
