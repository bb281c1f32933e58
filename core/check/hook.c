/* SPDX-License-Identifier: MIT
 *
 * hook.c - see hook.h. A plugin is bound when it is loaded, so the slots of its
 * global offset table hold the addresses; with RELRO they are read-only by
 * then, and made writable. Nobody else's calls are touched: a
 * replacement of malloc for the whole process would meet a sanitizer's. */
#include "config.h"

#include <errno.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/check/hook.h"

#if defined(__x86_64__)
#define SLOT_A R_X86_64_JUMP_SLOT
#define SLOT_B R_X86_64_GLOB_DAT
#define RELOCATION ElfW(Rela)
#define RELOCATIONS DT_RELA
#define RELOCATIONS_N DT_RELASZ
#elif defined(__aarch64__)
#define SLOT_A R_AARCH64_JUMP_SLOT
#define SLOT_B R_AARCH64_GLOB_DAT
#define RELOCATION ElfW(Rela)
#define RELOCATIONS DT_RELA
#define RELOCATIONS_N DT_RELASZ
#endif

static int64_t fail_at = -1;
static uint64_t count;

void hook_fail(int64_t n)
{
    fail_at = n;
    count = 0;
}

uint64_t hook_count(void)
{
    return count;
}

static bool fails(void)
{
    bool now = (int64_t)count++ == fail_at;

    if (now)
        errno = ENOMEM;
    return now;
}

static void *our_malloc(size_t n)
{
    return fails() ? NULL : malloc(n);
}

static void *our_calloc(size_t n, size_t size)
{
    return fails() ? NULL : calloc(n, size);
}

static void *our_realloc(void *p, size_t n)
{
    return fails() ? NULL : realloc(p, n);
}

#ifdef RELOCATION

static const struct {
    const char *name;
    uintptr_t ours;
} replacements[] = {
    { "malloc", (uintptr_t)our_malloc },
    { "calloc", (uintptr_t)our_calloc },
    { "realloc", (uintptr_t)our_realloc },
};

struct search {
    const char *path;
    unsigned n;
};

/* glibc relocates these addresses; other C libraries leave them as they are. */
static uintptr_t at(const struct dl_phdr_info *info, uint64_t address)
{
    return address < info->dlpi_addr ? info->dlpi_addr + address : address;
}

static void set_slot(uintptr_t slot, uintptr_t ours)
{
    uintptr_t page = slot & ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);
    size_t n = slot + sizeof slot - page;

    if (mprotect((void *)page, n, PROT_READ | PROT_WRITE) != 0)
        return;
    *(uintptr_t *)slot = ours; /* and writable it stays: it may bind lazily */
}

static void replace(struct search *s, const struct dl_phdr_info *info,
                    const RELOCATION *r, size_t n, const ElfW(Sym) *symbols,
                    const char *strings)
{
    size_t i, k;

    for (i = 0; i < n; i++) {
        uint32_t type = (uint32_t)ELF64_R_TYPE(r[i].r_info);
        const char *name;

        if (type != SLOT_A && type != SLOT_B)
            continue;
        name = strings + symbols[ELF64_R_SYM(r[i].r_info)].st_name;
        for (k = 0; k < TT_ARRAY_LEN(replacements); k++)
            if (strcmp(name, replacements[k].name) == 0) {
                set_slot(info->dlpi_addr + r[i].r_offset,
                         replacements[k].ours);
                s->n++;
            }
    }
}

static int each_object(struct dl_phdr_info *info, size_t size, void *ctx)
{
    const ElfW(Dyn) *d = NULL;
    const ElfW(Sym) *symbols = NULL;
    const RELOCATION *jumps = NULL, *others = NULL;
    const char *strings = NULL;
    size_t n_jumps = 0, n_others = 0;
    struct search *s = ctx;
    int i;

    (void)size;
    if (strcmp(info->dlpi_name, s->path) != 0)
        return 0;
    for (i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
            d = (const ElfW(Dyn) *)(info->dlpi_addr +
                                    info->dlpi_phdr[i].p_vaddr);
    for (; d != NULL && d->d_tag != DT_NULL; d++) {
        if (d->d_tag == DT_SYMTAB)
            symbols = (const ElfW(Sym) *)at(info, d->d_un.d_ptr);
        else if (d->d_tag == DT_STRTAB)
            strings = (const char *)at(info, d->d_un.d_ptr);
        else if (d->d_tag == DT_JMPREL)
            jumps = (const RELOCATION *)at(info, d->d_un.d_ptr);
        else if (d->d_tag == DT_PLTRELSZ)
            n_jumps = d->d_un.d_val / sizeof *jumps;
        else if (d->d_tag == RELOCATIONS)
            others = (const RELOCATION *)at(info, d->d_un.d_ptr);
        else if (d->d_tag == RELOCATIONS_N)
            n_others = d->d_un.d_val / sizeof *others;
    }
    if (symbols == NULL || strings == NULL)
        return 1;
    if (jumps != NULL)
        replace(s, info, jumps, n_jumps, symbols, strings);
    if (others != NULL)
        replace(s, info, others, n_others, symbols, strings);
    return 1;
}

unsigned hook_allocations(const char *path)
{
    struct search s = { path, 0 };

    (void)dl_iterate_phdr(each_object, &s);
    return s.n;
}

#else /* not known on this machine */

unsigned hook_allocations(const char *path)
{
    (void)path;
    (void)our_malloc;
    (void)our_calloc;
    (void)our_realloc;
    return 0;
}

#endif
