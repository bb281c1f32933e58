/* SPDX-License-Identifier: MIT
 *
 * elf.h - a shared object, read and never run: segments, the dynamic section,
 * symbols and notes. Nothing in the file is trusted. */
#ifndef TT_CHECK_ELF_H
#define TT_CHECK_ELF_H

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"

struct elf {
    const char *path; /* borrowed */
    struct buf bytes;
    ElfW(Ehdr) head;
    uint64_t dynamic, n_dynamic; /* offset in the file; elements */
    uint64_t strings, strings_n; /* .dynstr: offset, bytes */
    uint64_t symbols, n_symbols; /* .dynsym: offset, elements */
};

/* Read the file and find its tables. TT_EPLUGIN says what is wrong with it,
 * TT_EIO that it cannot be read. elf_close() after failures too. */
int elf_open(struct elf *f, const char *path, struct err *e);
void elf_close(struct elf *f);

/* Copies, because the file may lay records anywhere. i must be in range. */
ElfW(Phdr) elf_segment(const struct elf *f, uint64_t i);
ElfW(Dyn) elf_dynamic(const struct elf *f, uint64_t i);
ElfW(Sym) elf_symbol(const struct elf *f, uint64_t i);

/* The value of the first element with this tag, else `otherwise`. */
uint64_t elf_value(const struct elf *f, int64_t tag, uint64_t otherwise);
bool elf_has(const struct elf *f, int64_t tag);
/* A text of .dynstr; "" where it lies outside. Borrowed. */
const char *elf_text(const struct elf *f, uint64_t at);
const char *elf_symbol_name(const struct elf *f, const ElfW(Sym) *symbol);
/* The first segment of this type; false when there is none. */
bool elf_find_segment(const struct elf *f, uint32_t type, ElfW(Phdr) *out);
/* Does it hold a note of this name and type, in any PT_NOTE segment? */
bool elf_has_note(const struct elf *f, const char *name, uint32_t type);

#endif
