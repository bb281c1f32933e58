/* SPDX-License-Identifier: MIT
 *
 * note.c - what a file says of itself before any of its code runs.
 *
 * The file is read, never mapped: a mapped file that somebody truncates kills
 * the reader with SIGBUS, and so does dlopen() of a truncated one. */
#include "config.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/host/exec.h"
#include "core/host/host.h"

#if defined(__x86_64__)
#define OUR_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define OUR_MACHINE EM_AARCH64
#elif defined(__riscv)
#define OUR_MACHINE EM_RISCV
#elif defined(__powerpc64__)
#define OUR_MACHINE EM_PPC64
#elif defined(__s390x__)
#define OUR_MACHINE EM_S390
#elif defined(__arm__)
#define OUR_MACHINE EM_ARM
#elif defined(__i386__)
#define OUR_MACHINE EM_386
#else
#error "name this machine's ELF number here"
#endif

#define OUR_CLASS (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32)
#define MAX_SEGMENTS 256u
#define MAX_NOTE_BYTES (64u << 10)

struct elf {
    const char *path;
    int fd;
    uint64_t size;
    ElfW(Ehdr) head;
    ElfW(Phdr) *segments;
};

static int no_plugin(struct err *e, const char *path, const char *why)
{
    return err_set(e, TT_EPLUGIN, "%s: %s", path, why);
}

static int read_at(const struct elf *f, void *to, size_t n, uint64_t at,
                   struct err *e)
{
    ssize_t got;
    size_t done = 0;

    while (done < n) {
        got = pread(f->fd, (char *)to + done, n - done, (off_t)(at + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_errno(e, TT_EIO, "%s: cannot be read", f->path);
        if (got == 0)
            return no_plugin(e, f->path, "truncated while it was read");
        done += (size_t)got;
    }
    return 0;
}

static bool within(const struct elf *f, uint64_t at, uint64_t n)
{
    return at <= f->size && n <= f->size - at;
}

static int check_head(const struct elf *f, struct err *e)
{
    const ElfW(Ehdr) *h = &f->head;

    if (memcmp(h->e_ident, ELFMAG, SELFMAG) != 0)
        return no_plugin(e, f->path, "not an ELF file: a plugin is a shared "
                                     "object made with the trimtab SDK");
    if (h->e_ident[EI_CLASS] != OUR_CLASS || h->e_machine != OUR_MACHINE)
        return no_plugin(e, f->path, "built for another kind of machine: "
                                     "rebuild it on this one");
    if (h->e_type != ET_DYN)
        return no_plugin(e, f->path, "not a shared object: link it with "
                                     "-shared");
    if (h->e_phentsize != sizeof(ElfW(Phdr)) || h->e_phnum == 0 ||
        h->e_phnum > MAX_SEGMENTS ||
        !within(f, h->e_phoff, (uint64_t)h->e_phnum * h->e_phentsize))
        return no_plugin(e, f->path, "truncated or damaged (program headers)");
    if (h->e_shoff != 0 &&
        !within(f, h->e_shoff, (uint64_t)h->e_shnum * h->e_shentsize))
        return no_plugin(e, f->path, "truncated (section headers)");
    return 0;
}

static int check_segments(const struct elf *f, struct err *e)
{
    bool dynamic = false;
    unsigned i;

    for (i = 0; i < f->head.e_phnum; i++) {
        const ElfW(Phdr) *p = &f->segments[i];

        if (p->p_type == PT_INTERP)
            return no_plugin(e, f->path, "a program, not a shared object");
        if (p->p_type == PT_DYNAMIC)
            dynamic = true;
        if ((p->p_type == PT_LOAD || p->p_type == PT_DYNAMIC ||
             p->p_type == PT_NOTE || p->p_type == PT_TLS) &&
            (!within(f, p->p_offset, p->p_filesz) || p->p_memsz < p->p_filesz))
            return no_plugin(e, f->path, "truncated or damaged (a segment lies "
                                         "outside the file)");
    }
    return dynamic ? 0
                   : no_plugin(e, f->path, "not a shared object (it has no "
                                           "dynamic section)");
}

static int open_elf(struct elf *f, struct err *e)
{
    struct stat st;
    size_t bytes;
    int rc;

    f->fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (f->fd < 0)
        return err_errno(e, TT_EIO, "%s: cannot be opened", f->path);
    if (fstat(f->fd, &st) != 0)
        return err_errno(e, TT_EIO, "%s: cannot be read", f->path);
    if (!S_ISREG(st.st_mode))
        return no_plugin(e, f->path, "not a regular file");
    f->size = (uint64_t)st.st_size;
    if (f->size < sizeof f->head)
        return no_plugin(e, f->path, "too short for an ELF file");
    rc = read_at(f, &f->head, sizeof f->head, 0, e);
    if (rc == 0)
        rc = check_head(f, e);
    if (rc != 0)
        return rc;
    bytes = f->head.e_phnum * sizeof *f->segments;
    f->segments = xcalloc(1, bytes);
    rc = read_at(f, f->segments, bytes, f->head.e_phoff, e);
    return rc != 0 ? rc : check_segments(f, e);
}

/* --- the note ------------------------------------------------------------ */

/* As struct tt_note, behind its name. */
struct descriptor {
    uint32_t abi_major, abi_minor, pointer_size, kind;
    char id[64];
    char version[32];
};

bool host_id_ok(const char *id, size_t n)
{
    size_t i;

    if (memchr(id, '\0', n) == NULL || id[0] < 'a' || id[0] > 'z')
        return false;
    for (i = 1; id[i] != '\0'; i++)
        if (!(id[i] >= 'a' && id[i] <= 'z') &&
            !(id[i] >= '0' && id[i] <= '9') && id[i] != '-')
            return false;
    return true;
}

static bool is_version(const char *version, size_t n)
{
    static const char known[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST"
                                "UVWXYZ0123456789.-+";

    return memchr(version, '\0', n) != NULL && version[0] >= '0' &&
           version[0] <= '9' && strspn(version, known) == strlen(version);
}

/* major and minor are where every ABI keeps them; the rest only where the
 * major is ours. */
static int judge(const char *path, const struct descriptor *d, size_t n,
                 struct host_note *note, struct err *e)
{
    if (n < 8)
        return no_plugin(e, path, "its note is damaged: rebuild it");
    if (d->abi_major != TT_ABI_MAJOR || d->abi_minor > TT_ABI_MINOR)
        return err_set(e, TT_EABI,
                       "%s: built for plugin ABI %u.%u, this trimtab has "
                       "%u.%u: %s", path, d->abi_major, d->abi_minor,
                       TT_ABI_MAJOR, TT_ABI_MINOR,
                       d->abi_major < TT_ABI_MAJOR
                           ? "rebuild it with SDK " TT_SDK_VERSION
                           : "upgrade trimtab, or rebuild it with SDK "
                             TT_SDK_VERSION);
    if (n < sizeof *d)
        return no_plugin(e, path, "its note is damaged: rebuild it");
    if (d->pointer_size != sizeof(void *))
        return err_set(e, TT_EABI, "%s: built for %u-byte pointers, this "
                       "trimtab has %zu: rebuild it", path, d->pointer_size,
                       sizeof(void *));
    if (d->kind != TT_KIND_STRATEGY && d->kind != TT_KIND_ADAPTER)
        return err_set(e, TT_EPLUGIN, "%s: its note names the unknown kind %u",
                       path, d->kind);
    if (!host_id_ok(d->id, sizeof d->id))
        return no_plugin(e, path, "its note holds an id that is not "
                                  "[a-z][a-z0-9-]{0,62}");
    if (!is_version(d->version, sizeof d->version))
        return no_plugin(e, path, "its note holds no semantic version");
    note->abi_major = d->abi_major;
    note->abi_minor = d->abi_minor;
    note->pointer_size = d->pointer_size;
    note->kind = d->kind;
    memcpy(note->id, d->id, sizeof note->id);
    memcpy(note->version, d->version, sizeof note->version);
    return 0;
}

static size_t rounded(size_t n, size_t align)
{
    return (n + align - 1) / align * align;
}

/* Walk one PT_NOTE segment; *found counts our notes. */
static int walk(const struct elf *f, const char *bytes, size_t n, size_t align,
                unsigned *found, struct host_note *note, struct err *e)
{
    struct descriptor d;
    ElfW(Nhdr) head;
    size_t at, name, desc, next;
    int rc;

    for (at = 0; n - at >= sizeof head; at = next) {
        memcpy(&head, bytes + at, sizeof head);
        name = at + sizeof head;
        if (head.n_namesz > n || head.n_descsz > n)
            return 0; /* padding or damage: what is behind is no note */
        desc = rounded(name + head.n_namesz, align);
        next = rounded(desc + head.n_descsz, align);
        if (desc > n || head.n_descsz > n - desc)
            return 0;
        if (head.n_type == TT_NOTE_TYPE &&
            head.n_namesz == sizeof TT_NOTE_NAME &&
            memcmp(bytes + name, TT_NOTE_NAME, sizeof TT_NOTE_NAME) == 0) {
            if (++*found > 1)
                return no_plugin(e, f->path,
                                 "it holds two plugins: build one per file");
            memset(&d, 0, sizeof d);
            memcpy(&d, bytes + desc,
                   head.n_descsz < sizeof d ? head.n_descsz : sizeof d);
            rc = judge(f->path, &d, head.n_descsz, note, e);
            if (rc != 0)
                return rc;
        }
        if (next > n)
            return 0;
    }
    return 0;
}

static int find_note(const struct elf *f, struct host_note *note,
                     struct err *e)
{
    char *bytes = NULL;
    unsigned i, found = 0;
    int rc = 0;

    for (i = 0; i < f->head.e_phnum && rc == 0; i++) {
        const ElfW(Phdr) *p = &f->segments[i];

        if (p->p_type != PT_NOTE || p->p_filesz > MAX_NOTE_BYTES)
            continue;
        bytes = xrealloc(bytes, (size_t)p->p_filesz + 1, 1);
        rc = read_at(f, bytes, (size_t)p->p_filesz, p->p_offset, e);
        if (rc == 0)
            rc = walk(f, bytes, (size_t)p->p_filesz, p->p_align == 8 ? 8 : 4,
                      &found, note, e);
    }
    free(bytes);
    if (rc == 0 && found == 0)
        return no_plugin(e, f->path, "not a trimtab plugin: it has no "
                                     "\"" TT_NOTE_NAME "\" note (see "
                                     "TT_DECLARE_PLUGIN)");
    return rc;
}

int host_note_read(const char *path, struct host_note *note, struct err *e)
{
    struct elf f = { .path = path, .fd = -1 };
    int rc;

    if (exec_is(path))
        return exec_note_read(path, note, e);
    memset(note, 0, sizeof *note);
    rc = open_elf(&f, e);
    if (rc == 0)
        rc = find_note(&f, note, e);
    free(f.segments);
    if (f.fd >= 0)
        close(f.fd);
    return rc;
}
