/* SPDX-License-Identifier: MIT
 *
 * plugin_tool.c - trimtab-plugin does what works on plugin files; it links no
 * network. Where `plugin check --replay` names a run of the daemon, its log is
 * fetched into a file first. */
#include "config.h"

#include "cli.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int plugin_tool(int argc, char **argv)
{
    const char *path = getenv("TRIMTAB_PLUGIN_TOOL");
    char **args = calloc((size_t)argc + 2, sizeof *args);
    int i;

    if (args == NULL)
        abort();
    if (path == NULL)
        path = TT_PLUGIN_TOOL_PATH;
    args[0] = (char *)(size_t)path;
    for (i = 0; i < argc; i++)
        args[i + 1] = argv[i];
    execv(path, args);
    fprintf(stderr, "trimtab: %s: %s\n", path, strerror(errno));
    free(args);
    return CLI_UNAVAILABLE;
}

/* --- which arguments are runs --------------------------------------------- */

static const char replay[] = "--replay";

/* "r-" and 16 letters or digits, and no file of that name. */
static bool is_run(const char *s)
{
    return strncmp(s, "r-", 2) == 0 && strlen(s) == 18 &&
           strspn(s + 2, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") == 16 &&
           access(s, F_OK) != 0;
}

/* The run that an argument names, behind "--replay=" too; NULL for none. */
static char *run_in(char *argument)
{
    size_t n = sizeof replay - 1;

    if (strncmp(argument, replay, n) == 0 && argument[n] == '=')
        argument += n + 1;
    return is_run(argument) ? argument : NULL;
}

static bool wants_runs(int argc, char **argv)
{
    bool replays = false, runs = false;
    int i;

    for (i = 1; i < argc; i++) {
        replays = replays || strncmp(argv[i], replay, sizeof replay - 1) == 0;
        runs = runs || run_in(argv[i]) != NULL;
    }
    return replays && runs && strcmp(argv[0], "check") == 0;
}

/* --- a folder of logs ----------------------------------------------------- */

static char *file_of(const char *dir, const char *run)
{
    size_t n = strlen(dir) + strlen(run) + 2;
    char *path = malloc(n);

    if (path == NULL)
        abort();
    snprintf(path, n, "%s/%s", dir, run);
    return path;
}

/* Each run's log into a file of its name; the argument becomes its path. */
static int fetch_all(struct cli *c, const char *dir, int argc, char **argv)
{
    int i, code = 0;
    char *run, *path, *argument;
    size_t n;

    for (i = 1; i < argc && code == 0; i++) {
        run = run_in(argv[i]);
        if (run == NULL)
            continue;
        path = file_of(dir, run);
        code = run_log_save(c, run, path);
        n = strlen(path) + sizeof replay + 1;
        argument = malloc(n);
        if (argument == NULL)
            abort();
        snprintf(argument, n, "%s%s", run != argv[i] ? "--replay=" : "", path);
        argv[i] = argument;
        free(path);
    }
    return code;
}

static volatile sig_atomic_t child;

static void pass_on(int number)
{
    if (child > 0)
        kill((pid_t)child, number);
}

/* The child fetches and becomes the tool; this process only waits, so that the
 * folder goes whatever ends it. */
static int watch(pid_t pid)
{
    struct sigaction ignore = { .sa_handler = SIG_IGN };
    struct sigaction pass = { .sa_handler = pass_on };
    int status = 0;

    child = (sig_atomic_t)pid;
    sigaction(SIGINT, &ignore, NULL); /* the terminal tells both */
    sigaction(SIGQUIT, &ignore, NULL);
    sigaction(SIGTERM, &pass, NULL);
    sigaction(SIGHUP, &pass, NULL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : CLI_FAILED;
}

static void remove_logs(const char *dir, int argc, char **argv)
{
    char *path;
    int i;

    for (i = 1; i < argc; i++)
        if (run_in(argv[i]) != NULL) {
            path = file_of(dir, run_in(argv[i]));
            unlink(path);
            free(path);
        }
    rmdir(dir);
}

int plugin_check(struct cli *c, int argc, char **argv)
{
    const char *tmp = getenv("TMPDIR");
    char *dir;
    pid_t pid;
    int code;

    if (!wants_runs(argc, argv))
        return plugin_tool(argc, argv);
    dir = file_of(tmp != NULL && tmp[0] == '/' ? tmp : "/tmp",
                  "trimtab-runs.XXXXXX");
    if (mkdtemp(dir) == NULL) {
        fprintf(stderr, "trimtab: %s: %s\n", dir, strerror(errno));
        free(dir);
        return CLI_FAILED;
    }
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        code = fetch_all(c, dir, argc, argv);
        _exit(code != 0 ? code : plugin_tool(argc, argv));
    }
    code = pid > 0 ? watch(pid) : CLI_FAILED;
    remove_logs(dir, argc, argv);
    free(dir);
    return code;
}
