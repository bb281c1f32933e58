/* SPDX-License-Identifier: MIT
 *
 * process_state.c - see process_state.h. */
#include "config.h"

#include <dirent.h>
#include <fenv.h>
#include <locale.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/check/process_state.h"

extern char **environ;

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The entries of a folder of /proc, in order; the folder's own is left out. */
static void add_entries(struct buf *out, const char *what, const char *folder,
                        int with_target)
{
    char path[64], target[256], *names[512];
    struct dirent *entry;
    DIR *dir = opendir(folder);
    size_t i, n = 0;
    ssize_t len;

    while (dir != NULL && (entry = readdir(dir)) != NULL && n < 512)
        if (entry->d_name[0] != '.' && atoi(entry->d_name) != dirfd(dir))
            names[n++] = xstrdup(entry->d_name);
    if (dir != NULL)
        (void)closedir(dir);
    qsort(names, n, sizeof *names, compare_names);
    for (i = 0; i < n; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        len = with_target ? readlink(path, target, sizeof target - 1) : 0;
        target[len > 0 ? len : 0] = '\0';
        buf_addf(out, "%s %s%s%s\n", what, names[i], len > 0 ? " is " : "",
                 target);
        free(names[i]);
    }
}

static void add_signals(struct buf *out)
{
    struct sigaction action;
    sigset_t mask;
    int i;

    (void)sigprocmask(SIG_SETMASK, NULL, &mask);
    for (i = 1; i < 65; i++) {
        if (sigaction(i, NULL, &action) != 0)
            continue;
        buf_addf(out, "signal %d is %s%s%s\n", i,
                 action.sa_handler == SIG_DFL   ? "at its default"
                 : action.sa_handler == SIG_IGN ? "ignored"
                                                : "handled",
                 (action.sa_flags & SA_SIGINFO) != 0 ? " with its cause" : "",
                 sigismember(&mask, i) == 1 ? ", blocked" : "");
    }
}

static void add_environment(struct buf *out)
{
    size_t i;

    for (i = 0; environ[i] != NULL; i++)
        buf_addf(out, "environment %.200s\n", environ[i]);
}

/* Rounding and what traps; on x86 also whether tiny numbers are flushed. */
static void add_numbers(struct buf *out)
{
    unsigned more = 0;

#if defined(__x86_64__)
    more = __builtin_ia32_stmxcsr() & ~0x3fu; /* but for what has happened */
#endif
    buf_addf(out, "floating point control %d %d %#x\n", fegetround(),
             fegetexcept(), more);
}

static void add_limits(struct buf *out)
{
    struct rlimit l;
    int i;

    for (i = 0; i < (int)RLIM_NLIMITS; i++)
        if (getrlimit((__rlimit_resource_t)i, &l) == 0)
            buf_addf(out, "limit %d is %llu, %llu\n", i,
                     (unsigned long long)l.rlim_cur,
                     (unsigned long long)l.rlim_max);
}

static void add_rest(struct buf *out)
{
    char text[4096];
    struct itimerval timer = { 0 };
    siginfo_t child = { 0 };
    struct stat st;
    mode_t mask = umask(0);

    (void)umask(mask);
    buf_addf(out, "umask %03o\n", (unsigned)mask);
    if (getcwd(text, sizeof text) != NULL)
        buf_addf(out, "working directory %s\n", text);
    buf_addf(out, "locale %s\n", setlocale(LC_ALL, NULL));
    buf_addf(out, "priority %d\n", getpriority(PRIO_PROCESS, 0));
    (void)getitimer(ITIMER_REAL, &timer);
    buf_addf(out, "alarm %s\n",
             timer.it_value.tv_sec != 0 || timer.it_value.tv_usec != 0
                 ? "set"
                 : "off");
    (void)fflush(stdout);
    buf_addf(out, "standard output has %lld bytes\n",
             fstat(1, &st) == 0 ? (long long)st.st_size : -1);
    buf_addf(out, "children %s\n",
             waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) == 0
                 ? "some"
                 : "none");
}

void process_state_take(struct process_state *s)
{
    memset(s, 0, sizeof *s);
    add_rest(&s->lines);
    add_entries(&s->lines, "thread", "/proc/self/task", 0);
    add_entries(&s->lines, "descriptor", "/proc/self/fd", 1);
    add_signals(&s->lines);
    add_environment(&s->lines);
    add_numbers(&s->lines);
    add_limits(&s->lines);
}

void process_state_fini(struct process_state *s)
{
    buf_fini(&s->lines);
}

/* --- comparing ----------------------------------------------------------- */

static bool has_line(const char *text, const char *line, size_t n)
{
    const char *end;

    for (; *text != '\0'; text = end + 1) {
        end = strchr(text, '\n');
        if ((size_t)(end - text) == n && memcmp(text, line, n) == 0)
            return true;
    }
    return false;
}

static void one_way(const char *from, const char *in, int now,
                    void (*each)(void *ctx, const char *before,
                                 const char *now),
                    void *ctx)
{
    const char *end;
    char *line;

    for (; *from != '\0'; from = end + 1) {
        end = strchr(from, '\n');
        if (has_line(in, from, (size_t)(end - from)))
            continue;
        line = xstrndup(from, (size_t)(end - from));
        each(ctx, now ? NULL : line, now ? line : NULL);
        free(line);
    }
}

void process_state_compare(const struct process_state *before,
                           const struct process_state *now,
                           void (*each)(void *ctx, const char *before,
                                        const char *now),
                           void *ctx)
{
    one_way(before->lines.data, now->lines.data, 0, each, ctx);
    one_way(now->lines.data, before->lines.data, 1, each, ctx);
}
