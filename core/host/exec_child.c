/* SPDX-License-Identifier: MIT
 *
 * exec_child.c - the step between: trimtab-worker once more, which gives up
 * what a plugin may not have and then becomes the command of plugin.json.
 *
 * The command is opened before anything is given up and executed by its
 * descriptor. That has the first number which the limit of open files forbids,
 * and is closed by the exec: so seccomp can allow that one exec and no other. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/host/exec_in.h"

#define PARTS 4u
#define MOST_LINKS 8u
#define DEFAULT_FILES 64u

static const char *const search[] = { "/usr/local/bin", "/usr/bin", "/bin" };

/* --- the command ------------------------------------------------------------ */

/* Where it is; the caller frees it. NULL: nowhere. */
static char *find_command(const char *name)
{
    char *path;
    size_t i;

    if (strchr(name, '/') != NULL)
        return access(name, X_OK) == 0 ? xstrdup(name) : NULL;
    for (i = 0; i < TT_ARRAY_LEN(search); i++) {
        path = xasprintf("%s/%s", search[i], name);
        if (access(path, X_OK) == 0)
            return path;
        free(path);
    }
    return NULL;
}

static int check_program(const char *path, struct err *e)
{
    char head[4] = { 0 };
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0)
        return err_errno(e, TT_EPLUGIN, "exec.command: %s", path);
    n = read(fd, head, sizeof head);
    close(fd);
    if (n == 4 && memcmp(head, "\177ELF", 4) == 0)
        return 0;
    if (n >= 2 && head[0] == '#' && head[1] == '!')
        return err_set(e, TT_EPLUGIN, "exec.command: %s is a script: name its "
                       "interpreter first, as [\"python3\", \"%s\"]", path,
                       path);
    return err_set(e, TT_EPLUGIN, "exec.command: %s is no program of this "
                   "machine", path);
}

/* --- what an interpreter needs beside it ------------------------------------ */

/* bin, lib, lib64 and pyvenv.cfg of the prefix of PREFIX/bin/NAME, and of what
 * NAME points to: that is where interpreters keep what they are made of. */
static void add_prefix(const char *path, const char **list, size_t *n)
{
    static const char *const parts[PARTS] = { "bin", "lib", "lib64",
                                              "pyvenv.cfg" };
    const char *slash = strrchr(path, '/');
    size_t dir = slash != NULL ? (size_t)(slash - path) : 0, i;

    while (dir > 0 && path[dir - 1] != '/')
        dir--;
    if (dir < 2)
        return; /* "/bin/NAME": its prefix is everything */
    for (i = 0; i < PARTS; i++)
        list[(*n)++] = xasprintf("%.*s%s", (int)dir, path, parts[i]);
}

static void add_prefixes(const char *command, const char **list, size_t *n)
{
    char *path = xstrdup(command), *next, target[4096];
    ssize_t length;
    unsigned i;

    for (i = 0; i < MOST_LINKS; i++) {
        add_prefix(path, list, n);
        length = readlink(path, target, sizeof target - 1);
        if (length <= 0)
            break;
        target[length] = '\0';
        next = target[0] == '/' ? xstrdup(target)
                                : xasprintf("%.*s/%s",
                                            (int)(strrchr(path, '/') != NULL
                                                      ? strrchr(path, '/') -
                                                            path
                                                      : 0),
                                            path, target);
        free(path);
        path = next;
    }
    free(path);
}

/* --- becoming it ------------------------------------------------------------ */

/* The descriptor of the command, at the number that the limit of open files
 * (moved to there) forbids to everybody else. */
static int open_command(const char *path, struct sandbox_limits *l,
                        struct err *e)
{
    struct rlimit now;
    uint64_t number = l->n_files != 0 ? l->n_files : DEFAULT_FILES;
    int fd = open(path, O_PATH | O_CLOEXEC), high;

    if (fd < 0 || getrlimit(RLIMIT_NOFILE, &now) != 0)
        return err_errno(e, TT_EPLUGIN, "exec.command: %s", path);
    if (now.rlim_cur != RLIM_INFINITY && number >= now.rlim_cur)
        number = now.rlim_cur - 1;
    high = fcntl(fd, F_DUPFD_CLOEXEC, (int)number);
    if (high < 0)
        return err_errno(e, TT_EIO, "no descriptor %d", (int)number);
    close(fd);
    l->exec_fd = high;
    l->n_files = (uint64_t)high;
    return 0;
}

int exec_child_run(const struct sandbox_limits *limits, char *const *command,
                   struct err *e)
{
    struct sandbox_limits l = *limits;
    json_object *report = NULL;
    const char **list;
    char *path = find_command(command[0]);
    size_t n = 0, i;
    int rc;

    if (path == NULL)
        return err_set(e, TT_EPLUGIN, "exec.command: \"%s\" is not there%s: "
                       "install it, or name it by its absolute path",
                       command[0], strchr(command[0], '/') != NULL
                                       ? " or cannot be executed"
                                       : " in /usr/local/bin, /usr/bin or "
                                         "/bin");
    list = xcalloc(limits->n_read + PARTS * MOST_LINKS, sizeof *list);
    for (i = 0; i < limits->n_read; i++)
        list[n++] = limits->read[i];
    add_prefixes(path, list, &n);
    l.read = list;
    l.n_read = n;
    rc = check_program(path, e);
    if (rc == 0)
        rc = open_command(path, &l, e);
    if (rc == 0)
        rc = sandbox_apply(&l, &report, e);
    if (rc != 0)
        return rc; /* all of it ends with us */
    ((char **)(uintptr_t)command)[0] = path; /* by which it finds its prefix */
    (void)syscall(SYS_execveat, l.exec_fd, "", command, environ,
                  AT_EMPTY_PATH);
    return err_errno(e, TT_EPLUGIN, "exec.command: %s cannot be executed",
                     path);
}

/* --- why not ---------------------------------------------------------------- */

static int64_t asked_id(void)
{
    struct buf line = { 0 };
    json_object *o;
    int64_t id;
    char byte;

    while (line.len < EXEC_MAX_LINE && read(0, &byte, 1) == 1 && byte != '\n')
        buf_add(&line, &byte, 1);
    o = json_parse(line.data != NULL ? line.data : "", line.len,
                   &json_limits_document, NULL);
    id = json_object_is_type(o, json_type_object) ? json_int(o, "id", 0) : 0;
    json_object_put(o);
    buf_fini(&line);
    return id;
}

void exec_child_failure(const struct err *e)
{
    json_object *line = json_object_new_object();
    json_object *error = json_object_new_object();
    struct buf text = { 0 };

    json_set_str(error, "code", err_code(e->code));
    json_set_str(error, "message", e->text);
    json_set(line, "error", error);
    json_set_int(line, "id", asked_id());
    json_canonical(line, &text);
    buf_adds(&text, "\n");
    (void)!write(1, text.data, text.len);
    buf_fini(&text);
    json_object_put(line);
}
