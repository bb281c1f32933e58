/* SPDX-License-Identifier: MIT
 *
 * imports.c - S10: functions of the system that a plugin has no business with.
 * The sandbox refuses most of them; this says it before anything runs. */
#include "config.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/check/checks.h"
#include "core/check/elf.h"
#include "core/host/manifest.h"

/* names: separated by blanks; one that ends in '*' is a beginning. */
struct ban {
    const char *what;
    uint32_t kind; /* enum tt_plugin_kind, or 0 for both */
    const char *names;
};

static const struct ban bans[] = {
    { "starts or ends processes", 0,
      "fork vfork _Fork clone system popen pclose posix_spawn posix_spawnp "
      "execv execve execvp execvpe execl execle execlp execveat fexecve wait "
      "waitpid waitid wait3 wait4 kill killpg tgkill ptrace syscall daemon" },
    { "ends the process it is in", 0,
      "exit _exit _Exit quick_exit abort __assert_fail __assert "
      "__assert_perror_fail err errx verr verrx error "
      "_ZSt9terminatev" },
    { "handles signals or timers", 0,
      "signal sigaction __sysv_signal bsd_signal sigset sigprocmask "
      "pthread_sigmask sigaltstack sigsuspend alarm ualarm setitimer "
      "timer_create" },
    { "changes what the whole process shares", 0,
      "setenv putenv unsetenv clearenv chdir fchdir chroot umask setlocale "
      "uselocale setrlimit setrlimit64 prlimit prlimit64 prctl nice "
      "setpriority setuid setgid setsid setpgid" },
    { "loads code", 0, "dlopen dlmopen dlclose lt_dl*" },
    { "uses the network", 0,
      "socket connect bind listen accept accept4 getaddrinfo gethostbyname "
      "gethostbyname_r gethostbyname2 res_query" },
    { "has a source of chance of its own", TT_KIND_STRATEGY,
      "rand srand rand_r random srandom drand48 erand48 lrand48 nrand48 "
      "mrand48 jrand48 srand48 getrandom getentropy arc4random "
      "arc4random_buf arc4random_uniform _ZNSt13random_device*" },
    { "has a clock of its own", TT_KIND_STRATEGY,
      "time gettimeofday clock_gettime clock times ftime timespec_get sleep "
      "usleep nanosleep clock_nanosleep _ZNSt6chrono*" },
};

static const char threads[] = "pthread_create thrd_create _ZNSt6thread15* "
                              "GOMP_parallel*";

static bool named(const char *names, const char *symbol)
{
    size_t n;

    for (; *names != '\0'; names += strspn(names, " ")) {
        n = strcspn(names, " ");
        if (names[n - 1] == '*' ? strncmp(symbol, names, n - 1) == 0
                                : strlen(symbol) == n &&
                                      memcmp(symbol, names, n) == 0)
            return true;
        names += n;
    }
    return false;
}

static void judge(struct check_run *c, const char *symbol, uint32_t kind,
                  bool threads_asked)
{
    size_t i;

    for (i = 0; i < TT_ARRAY_LEN(bans); i++)
        if ((bans[i].kind == 0 || bans[i].kind == kind) &&
            named(bans[i].names, symbol))
            check_fail(c, "it calls %s: it %s", symbol, bans[i].what);
    if (!threads_asked && named(threads, symbol))
        check_warn(c, "it calls %s: threads must be asked for in plugin.json "
                   "(permissions.threads) and granted", symbol);
}

void check_s10(struct check_run *c)
{
    struct host_note note;
    struct manifest m;
    struct err e = { 0 };
    struct elf f;
    uint64_t i;

    (void)host_note_read(c->o->path, &note, NULL);
    (void)manifest_open(&m, c->o->path, c->o->source, &e);
    if (elf_open(&f, c->o->path, &e) != 0)
        check_skip(c, "not readable as ELF: %s", e.text);
    for (i = 1; i < f.n_symbols; i++) {
        ElfW(Sym) s = elf_symbol(&f, i);

        if (s.st_shndx == SHN_UNDEF)
            judge(c, elf_symbol_name(&f, &s), note.kind,
                  manifest_asks(&m, "threads"));
    }
    elf_close(&f);
    manifest_close(&m);
}
