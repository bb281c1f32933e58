/* SPDX-License-Identifier: MIT
 *
 * main_worker.c - trimtab-worker: the process in which one plugin runs.
 *
 * Started by core/work with fd 3 and an empty environment; not for people. What
 * it may do is given up before the first line of the plugin (its constructors
 * run when it is loaded). It links neither store nor HTTP: what is not linked
 * cannot be abused. */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/host/exec.h"
#include "core/host/fault.h"
#include "core/host/sandbox.h"
#include "core/host/serve.h"

#define WORKER_FD 3
#define MOST_READ 64u /* --read options */
enum worker_exit {
    EXIT_USAGE = 1,
    EXIT_NO_PLUGIN = 2, /* an ERROR frame said why */
    EXIT_PROTOCOL = 3
};

struct arguments {
    const char *plugin, *label;
    struct sandbox_limits limits;
    const char *read[MOST_READ];
    bool exec_child;     /* confine ourselves, then become the command */
    char *const *command;
};

static const struct option options[] = {
    { "plugin", required_argument, NULL, 'p' },
    { "label", required_argument, NULL, 'l' },
    { "memory", required_argument, NULL, 'm' },
    { "cpu", required_argument, NULL, 'c' },
    { "files", required_argument, NULL, 'f' },
    { "uid", required_argument, NULL, 'u' },
    { "gid", required_argument, NULL, 'g' },
    { "parent", required_argument, NULL, 'P' },
    { "threads", no_argument, NULL, 't' },
    { "read", required_argument, NULL, 'r' },
    { "exec-child", no_argument, NULL, 'x' },
    { NULL, 0, NULL, 0 },
};

static uint64_t number(const char *text)
{
    char *end;
    unsigned long long v;

    errno = 0;
    v = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0' || text[0] < '0' || text[0] > '9') {
        (void)fprintf(stderr, "trimtab-worker: %s is not a number\n", text);
        exit(EXIT_USAGE);
    }
    return v;
}

static bool add_read(struct arguments *a, const char *path)
{
    if (a->limits.n_read == MOST_READ || path[0] != '/')
        return false;
    a->read[a->limits.n_read++] = path;
    a->limits.read = a->read;
    return true;
}

static bool parse(int argc, char **argv, struct arguments *a)
{
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (c) {
        case 'p':
            a->plugin = optarg;
            break;
        case 'l':
            a->label = optarg;
            break;
        case 'm':
            a->limits.memory_bytes = number(optarg);
            break;
        case 'c':
            a->limits.cpu_seconds = number(optarg);
            break;
        case 'f':
            a->limits.n_files = number(optarg);
            break;
        case 'u':
            a->limits.uid = (uint32_t)number(optarg);
            break;
        case 'g':
            a->limits.gid = (uint32_t)number(optarg);
            break;
        case 'P':
            a->limits.parent = (uint32_t)number(optarg);
            break;
        case 't':
            a->limits.threads = true;
            break;
        case 'r':
            if (!add_read(a, optarg))
                return false;
            break;
        case 'x':
            a->exec_child = true;
            break;
        default:
            return false;
        }
    }
    a->command = argv + optind;
    return (optind < argc) == a->exec_child && a->plugin != NULL &&
           a->plugin[0] == '/';
}

/* The plugin's folder becomes ours, so that the file can be reached through
 * /proc/self/cwd where a folder above it is closed to our new user. */
static int enter_folder(struct arguments *a, char **dir, struct err *e)
{
    *dir = xstrndup(a->plugin, (size_t)(strrchr(a->plugin, '/') - a->plugin));
    a->limits.plugin_dir = **dir != '\0' ? *dir : "/";
    if (chdir(a->limits.plugin_dir) != 0)
        return err_errno(e, TT_EIO, "%s", a->limits.plugin_dir);
    return 0;
}

static const struct tt_plugin *load(const struct arguments *a, struct err *e)
{
    const struct tt_plugin *plugin;
    char *beside = NULL;

    if (access(a->plugin, R_OK) != 0)
        beside = xasprintf("/proc/self/cwd%s", strrchr(a->plugin, '/'));
    plugin = host_load(beside != NULL ? beside : a->plugin, e);
    free(beside);
    return plugin;
}

/* An exec plugin: its command is started while we still may; it gives up what
 * it may not have by itself, in --exec-child. */
static int start_command(const struct arguments *a, struct err *e)
{
    const struct exec_start start = { .worker = "/proc/self/exe",
                                      .limits = a->limits, .in_worker = true };

    exec_configure(&start);
    return exec_load(a->plugin, e) != NULL ? exec_prestart(e) : e->code;
}

static const struct tt_plugin *load_command(struct err *e)
{
    return exec_hello(e) == 0 ? exec_loaded() : NULL;
}

static int become_command(struct arguments *a)
{
    struct err e = { 0 };
    char *dir = NULL;

    if (enter_folder(a, &dir, &e) == 0)
        (void)exec_child_run(&a->limits, a->command, &e);
    exec_child_failure(&e);
    free(dir);
    return EXIT_NO_PLUGIN;
}

static int work(struct arguments *a, struct serve *v, struct err *e)
{
    const struct tt_plugin *plugin;
    json_object *hello, *report = NULL;
    char *dir = NULL;
    int rc;

    rc = enter_folder(a, &dir, e);
    if (rc == 0 && exec_is(a->plugin))
        rc = start_command(a, e);
    if (rc == 0)
        rc = sandbox_apply(&a->limits, &report, e);
    free(dir);
    if (rc != 0)
        return rc;
    fault_report();
    plugin = exec_is(a->plugin) ? load_command(e) : load(a, e);
    if (plugin == NULL) {
        json_object_put(report);
        return e->code;
    }
    hello = host_describe(plugin);
    json_set(hello, "sandbox", report);
    json_set_int(hello, "pid", getpid());
    rc = serve_hello(v, hello, e);
    json_object_put(hello);
    if (rc == 0 && serve_run(v, plugin, e) != 0) {
        (void)fprintf(stderr, "trimtab-worker: %s\n", e->text);
        rc = EXIT_PROTOCOL;
    }
    exec_end();
    return rc;
}

int main(int argc, char **argv)
{
    struct arguments a = { 0 };
    struct err e = { 0 };
    struct serve *v;
    struct stat st;
    bool good;
    int rc;

    good = parse(argc, argv, &a);
    if (good && a.exec_child)
        return become_command(&a);
    if (!good || fstat(WORKER_FD, &st) != 0 ||
        !S_ISSOCK(st.st_mode)) {
        (void)fprintf(stderr, "trimtab-worker: started by trimtabd, with a "
                              "socket on fd 3\n");
        return EXIT_USAGE;
    }
    v = serve_create(WORKER_FD);
    rc = work(&a, v, &e);
    if (rc < 0) {
        (void)serve_failure(v, &e, NULL);
        rc = EXIT_NO_PLUGIN;
    }
    serve_destroy(v);
    return rc;
}
