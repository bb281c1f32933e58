/* SPDX-License-Identifier: MIT
 *
 * store_tool.c - the operator's commands. */
#include "config.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "store/store.h"
#include "store/store_tool.h"

static const char usage[] =
    "usage: trimtabd store COMMAND [--path DIR] [--backend NAME] ...\n"
    "\n"
    "  stat                what is in the store, as JSON\n"
    "  check               verify checksums, the audit chain, numbers and\n"
    "                      pointers; one line for each problem\n"
    "  dump [--file F]     every record as a line of JSON (to stdout)\n"
    "  load [--file F]     a dump (from stdin) into a new store\n"
    "  backup --to DIR     a copy that can be opened, of one moment\n"
    "  restore --from DIR  the backup DIR as a new store at --path\n"
    "\n"
    "  --path DIR      the store (/var/lib/trimtab/store)\n"
    "  --backend NAME  rocksdb (default) or memory\n"
    "\n"
    "stat, check, dump and backup read only, also beside a running daemon.\n"
    "load --backend memory tells whether a dump is good.\n"
    "\n"
    "A store that is older than its anchor has lost acknowledged writes, and\n"
    "the daemon refuses it. To accept that on purpose, move it away and\n"
    "restore from it: what restore makes has an anchor of its own.\n"
    "\n"
    "exit: 0 done, 1 problems found or failed, 2 usage, 3 cannot open\n";

struct call {
    struct store_options options;
    const char *file, *from, *to;
};

static int report(const struct err *e, int code)
{
    fprintf(stderr, "trimtabd store: %s\n", e->text);
    return code;
}

/* --- commands on an open store ------------------------------------------- */

static int run_stat(struct store *s, const struct call *call, struct err *e)
{
    json_object *o = NULL;
    char *text;
    int rc = store_stat(s, &o, e);

    (void)call;
    if (rc != 0)
        return rc;
    text = json_canonical_dup(o);
    puts(text);
    free(text);
    json_object_put(o);
    return 0;
}

static int run_check(struct store *s, const struct call *call, struct err *e)
{
    json_object *problems = NULL;
    int rc = store_check(s, &problems, e);
    size_t i, n;

    (void)call;
    if (rc != 0)
        return rc;
    n = json_object_array_length(problems);
    for (i = 0; i < n; i++)
        puts(json_object_get_string(json_object_array_get_idx(problems, i)));
    json_object_put(problems);
    if (n != 0)
        return err_set(e, TT_ECORRUPT, "%zu problem%s", n, n == 1 ? "" : "s");
    puts("no problems");
    return 0;
}

static int run_dump(struct store *s, const struct call *call, struct err *e)
{
    int fd = STDOUT_FILENO, rc;

    if (call->file != NULL)
        fd = open(call->file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_errno(e, TT_EIO, "%s", call->file);
    rc = store_dump(s, fd, e);
    if (call->file == NULL)
        return rc;
    if (rc == 0 && fsync(fd) != 0)
        rc = err_errno(e, TT_EIO, "%s", call->file);
    close(fd);
    return rc;
}

static int run_load(struct store *s, const struct call *call, struct err *e)
{
    int fd = STDIN_FILENO, rc;

    if (call->file != NULL)
        fd = open(call->file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(e, TT_EIO, "%s", call->file);
    rc = store_load(s, fd, e);
    if (call->file != NULL)
        close(fd);
    return rc;
}

static int run_backup(struct store *s, const struct call *call, struct err *e)
{
    return store_backup(s, call->to, e);
}

static const struct command {
    const char *name;
    int (*run)(struct store *s, const struct call *call, struct err *e);
    bool writes;
} commands[] = {
    { "stat", run_stat, false }, { "check", run_check, false },
    { "dump", run_dump, false }, { "load", run_load, true },
    { "backup", run_backup, false },
};

/* A memory store has nothing in it to look at: it is opened to be written. */
static int run(const struct command *command, struct call *call)
{
    struct err e = { 0 };
    struct store *s;
    int rc;

    call->options.read_only =
        !command->writes && strcmp(call->options.backend, "memory") != 0;
    s = store_open(&call->options, &e);
    if (s == NULL)
        return report(&e, STORE_TOOL_NO_STORE);
    rc = command->run(s, call, &e);
    store_close(s);
    return rc == 0 ? STORE_TOOL_OK : report(&e, STORE_TOOL_PROBLEM);
}

static int run_restore(const struct call *call)
{
    struct err e = { 0 };
    int rc = store_restore(call->from, call->options.path, &e);

    if (rc == 0)
        return STORE_TOOL_OK;
    return report(&e, rc == TT_ENOENT ? STORE_TOOL_NO_STORE
                                      : STORE_TOOL_PROBLEM);
}

/* --- arguments ----------------------------------------------------------- */

static int parse(struct call *call, int argc, char **argv)
{
    static const struct option options[] = {
        { "path", required_argument, NULL, 'p' },
        { "backend", required_argument, NULL, 'b' },
        { "file", required_argument, NULL, 'f' },
        { "from", required_argument, NULL, 'F' },
        { "to", required_argument, NULL, 't' },
        { NULL, 0, NULL, 0 },
    };
    int c;

    optind = 0; /* main has had its turn */
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (c) {
        case 'p': call->options.path = optarg; break;
        case 'b': call->options.backend = optarg; break;
        case 'f': call->file = optarg; break;
        case 'F': call->from = optarg; break;
        case 't': call->to = optarg; break;
        default: return -1;
        }
    }
    return optind == argc ? 0 : -1;
}

static int wrong(const char *what)
{
    fprintf(stderr, "trimtabd store: %s See trimtabd store --help\n", what);
    return STORE_TOOL_USAGE;
}

int store_tool_main(int argc, char **argv)
{
    struct call call = {
        .options = { .backend = "rocksdb", .path = "/var/lib/trimtab/store" },
    };
    size_t i;

    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return STORE_TOOL_OK;
    }
    if (argc < 2)
        return wrong("which command?");
    if (parse(&call, argc - 1, argv + 1) != 0)
        return wrong("an argument is not known.");
    if (strcmp(argv[1], "restore") == 0)
        return call.from != NULL ? run_restore(&call)
                                 : wrong("restore needs --from.");
    for (i = 0; i < TT_ARRAY_LEN(commands); i++) {
        if (strcmp(argv[1], commands[i].name) != 0)
            continue;
        if (strcmp(argv[1], "backup") == 0 && call.to == NULL)
            return wrong("backup needs --to.");
        return run(&commands[i], &call);
    }
    return wrong("there is no such command.");
}
