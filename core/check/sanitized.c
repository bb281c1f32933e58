/* SPDX-License-Identifier: MIT
 *
 * sanitized.c - the plugin built anew from its source folder, with the address
 * and undefined behaviour sanitizers, and tried in a process that has them. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <spawn.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fs.h"
#include "core/base/mem.h"
#include "core/check/checks.h"
#include "core/check/subject.h"

#define FLAGS "-g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined " \
              "-fno-sanitize-recover=undefined"

extern char **environ;

/* There where this program is instrumented itself. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

/* --- programs ------------------------------------------------------------ */

/* Run a shell command; its exit status, or -1. Output goes where ours goes. */
static int run(const char *command)
{
    const char *args[] = { "sh", "-c", command, NULL };
    int status = 0;
    pid_t pid;

    if (posix_spawnp(&pid, "sh", NULL, NULL, (char *const *)(uintptr_t)args,
                     environ) != 0)
        return -1;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The compiler's own libasan.so, which must be loaded before everything. */
static char *find_runtime(const char *dir)
{
    TT_AUTO_FREE char *to = fs_join(dir, "runtime");
    TT_AUTO_FREE char *command =
        xasprintf("${CC:-cc} -print-file-name=libasan.so >'%s'", to);
    struct buf text = { 0 };
    struct err e = { 0 };
    char *path = NULL;

    if (run(command) == 0 && fs_read(to, 4096, &text, &e) == 0 &&
        text.len > 1) {
        text.data[text.len - 1] = '\0'; /* the newline */
        path = realpath(text.data, NULL);
    }
    buf_fini(&text);
    return path;
}

/* --- building ------------------------------------------------------------ */

static const char *last_line(const char *dir, char line[300])
{
    TT_AUTO_FREE char *path = fs_join(dir, "log");
    struct buf text = { 0 };
    struct err e = { 0 };
    const char *start;

    line[0] = '\0';
    if (fs_read(path, 1u << 20, &text, &e) == 0 && text.len > 1) {
        text.data[text.len - 1] = '\0'; /* the newline */
        start = strrchr(text.data, '\n');
        (void)snprintf(line, 300, "%.299s",
                       start != NULL ? start + 1 : text.data);
    }
    buf_fini(&text);
    return line;
}

/* The folder is copied, so that nothing of the author's changes. */
static char *build(struct check_run *c, const char *dir, const char *name)
{
    TT_AUTO_FREE char *command = xasprintf(
        "cp -r '%s/.' '%s/src' && cd '%s/src' && rm -f '%s' && "
        "make '%s' CFLAGS='" FLAGS "' CXXFLAGS='" FLAGS "' >../log 2>&1",
        c->o->source, dir, dir, name, name);
    char *path = xasprintf("%s/src/%s", dir, name);
    char line[300];

    check_stage("building");
    if (strchr(c->o->source, '\'') != NULL || run(command) != 0 ||
        !fs_exists(path)) {
        check_warn(c, "`make %s CFLAGS=-fsanitize=...` in the source folder "
                   "does not work, so sanitizers were not tried: %s", name,
                   last_line(dir, line));
        free(path);
        path = NULL;
    }
    check_stage("%s", "");
    return path;
}

static void try_it(struct check_run *c, const char *dir, const char *path)
{
    TT_AUTO_FREE char *runtime = find_runtime(dir);
    TT_AUTO_FREE char *preload = xasprintf("LD_PRELOAD=%s",
                                           runtime != NULL ? runtime : "");
    const char *const env[] = { preload, "ASAN_OPTIONS=detect_leaks=1", NULL };
    const char *const none[] = { NULL };
    struct buf out = { 0 };
    struct err e = { 0 };

    if (runtime == NULL) {
        check_warn(c, "the compiler has no libasan.so: sanitizers were not "
                   "tried");
        return;
    }
    /* A checker that is instrumented itself has the runtime already. */
    c->part_environment = __sanitizer_get_current_allocated_bytes != NULL
                              ? none
                              : env;
    if (check_part_run(c, "@exercise", path, NULL, &out, &e) != 0)
        check_fail(c, "under sanitizers: %s", e.text);
    else
        check_say(c, "clean under sanitizers");
    c->part_environment = NULL;
    buf_fini(&out);
}

void check_under_sanitizers(struct check_run *c)
{
    const char *tmp = getenv("TMPDIR");
    const char *slash = strrchr(c->o->path, '/');
    char *dir = xasprintf("%s/trimtab-build.XXXXXX", tmp != NULL ? tmp
                                                                 : "/tmp");
    char *path = NULL;
    struct err e = { 0 };

    if (mkdtemp(dir) == NULL)
        check_warn(c, "%s: %s", dir, strerror(errno));
    else
        path = build(c, dir, slash + 1);
    if (path != NULL)
        try_it(c, dir, path);
    (void)fs_remove_tree(dir, &e);
    free(path);
    free(dir);
}

/* --- what is done there -------------------------------------------------- */

int check_part_exercise(struct check_run *c, const char *argument,
                        struct buf *out, struct err *e)
{
    static void (*const checks[])(struct check_run *c) = {
        check_b3, check_b5, check_b6, check_b9, check_b10, check_b14,
    };
    size_t i;

    (void)argument;
    (void)out;
    for (i = 0; i < TT_ARRAY_LEN(checks); i++)
        checks[i](c);
    /* What they found is said by themselves; here the sanitizers speak. */
    (void)e;
    return 0;
}
