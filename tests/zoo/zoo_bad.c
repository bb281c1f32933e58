/* SPDX-License-Identifier: MIT
 *
 * zoo_bad.c - does what its configuration says, on the ask number `after` + 1;
 * before that it behaves. Where something should be refused it reports how:
 * the error names errno, a DONE says that it worked. */
#include "zoo.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

struct deed {
    const char *how;
    int (*act)(struct tt_instance *self, const struct tt_action_sink *sink,
               struct tt_error *e);
};

/* What became of something that should be refused. */
static int verdict(const char *what, int worked,
                   const struct tt_action_sink *sink, struct tt_error *e)
{
    char text[64];

    if (!worked)
        return tt_fail(e, TT_EPERM, "%s: %s", what, strerror(errno));
    (void)snprintf(text, sizeof text, "%s worked", what);
    return zoo_done(sink, text);
}

/* --- the end of the process ----------------------------------------------- */

static int do_segfault(struct tt_instance *self,
                       const struct tt_action_sink *sink, struct tt_error *e)
{
    /* The pointer is volatile too, so that no compiler sees where it goes. */
    volatile int *volatile nowhere = (volatile int *)(uintptr_t)8;

    (void)self;
    (void)sink;
    (void)e;
    return *nowhere;
}

static int do_abort(struct tt_instance *self, const struct tt_action_sink *sink,
                    struct tt_error *e)
{
    (void)self;
    (void)sink;
    (void)e;
    (void)fprintf(stderr, "zoo: last words\n");
    abort();
}

static int do_exit(struct tt_instance *self, const struct tt_action_sink *sink,
                   struct tt_error *e)
{
    (void)self;
    (void)sink;
    (void)e;
    exit(7);
}

static int do_loop(struct tt_instance *self, const struct tt_action_sink *sink,
                   struct tt_error *e)
{
    volatile unsigned n = 0;

    (void)self;
    (void)sink;
    (void)e;
    for (;;)
        n++;
    return 0;
}

static int do_sleep(struct tt_instance *self, const struct tt_action_sink *sink,
                    struct tt_error *e)
{
    struct timespec hour = { 3600, 0 };

    (void)self;
    (void)sink;
    (void)e;
    return nanosleep(&hour, NULL);
}

/* --- bad answers ---------------------------------------------------------- */

static int do_nan(struct tt_instance *self, const struct tt_action_sink *sink,
                  struct tt_error *e)
{
    (void)e;
    return zoo_emit(self, sink, self->problem->space->n_params, (double)NAN, 1);
}

static int do_range(struct tt_instance *self, const struct tt_action_sink *sink,
                    struct tt_error *e)
{
    (void)e;
    return zoo_emit(self, sink, self->problem->space->n_params, 1e300, 1);
}

static int do_dimension(struct tt_instance *self,
                        const struct tt_action_sink *sink, struct tt_error *e)
{
    (void)e;
    return zoo_emit(self, sink, self->problem->space->n_params + 1, 0, 0);
}

static int do_error(struct tt_instance *self, const struct tt_action_sink *sink,
                    struct tt_error *e)
{
    (void)self;
    (void)sink;
    return tt_fail(e, TT_EINTERNAL, "zoo: I give up");
}

/* Frames of its own: the length is huge, then the type is unknown. */
static int do_garbage(struct tt_instance *self,
                      const struct tt_action_sink *sink, struct tt_error *e)
{
    (void)self;
    (void)sink;
    return write(3, "garbage, garbage, garbage", 25) == 25
               ? 0
               : tt_fail(e, TT_EIO, "zoo: %s", strerror(errno));
}

static int do_frame(struct tt_instance *self, const struct tt_action_sink *sink,
                    struct tt_error *e)
{
    (void)self;
    (void)sink;
    return write(3, "\0\0\0\0\115\0\1\0\0\0\0\0", 12) == 12
               ? 0
               : tt_fail(e, TT_EIO, "zoo: %s", strerror(errno));
}

/* Well-formed frames out of place: an answer to nothing, a service that is an
 * adapter's, a second hello, an action list with a lie in it. */
static int do_number(struct tt_instance *self,
                     const struct tt_action_sink *sink, struct tt_error *e)
{
    (void)self;
    (void)sink;
    return write(3, "\0\0\0\0\25\0\1\0\xff\0\0\0", 12) == 12
               ? 0
               : tt_fail(e, TT_EIO, "zoo: %s", strerror(errno));
}

static int do_http(struct tt_instance *self, const struct tt_action_sink *sink,
                   struct tt_error *e)
{
    (void)self;
    (void)sink;
    return write(3, "\0\0\0\0\36\0\1\0\1\0\0\x80", 12) == 12
               ? 0
               : tt_fail(e, TT_EIO, "zoo: %s", strerror(errno));
}

static int do_hello(struct tt_instance *self, const struct tt_action_sink *sink,
                    struct tt_error *e)
{
    (void)self;
    (void)sink;
    return write(3, "\2\0\0\0\1\0\1\0\0\0\0\0{}", 14) == 14
               ? 0
               : tt_fail(e, TT_EIO, "zoo: %s", strerror(errno));
}

/* Two requests of its own at once. */
static int do_greed(struct tt_instance *self, const struct tt_action_sink *sink,
                    struct tt_error *e)
{
    static const char frames[] =
        "\14\0\0\0\40\0\1\0\1\0\0\x80\1\0\0\0\7\0\0\0\0\0\0\0"
        "\14\0\0\0\40\0\1\0\1\0\0\x80\1\0\0\0\7\0\0\0\0\0\0\0";

    (void)self;
    (void)sink;
    return write(3, frames, 48) == 48
               ? 0
               : tt_fail(e, TT_EIO, "zoo: %s", strerror(errno));
}

static int do_close(struct tt_instance *self, const struct tt_action_sink *sink,
                    struct tt_error *e)
{
    close(3);
    return do_sleep(self, sink, e);
}

/* --- attempts ------------------------------------------------------------- */

static int do_fork(struct tt_instance *self, const struct tt_action_sink *sink,
                   struct tt_error *e)
{
    pid_t pid = fork();

    (void)self;
    if (pid == 0)
        _exit(0);
    if (pid > 0)
        (void)waitpid(pid, NULL, 0);
    return verdict("fork", pid > 0, sink, e);
}

static int do_exec(struct tt_instance *self, const struct tt_action_sink *sink,
                   struct tt_error *e)
{
    char *const argv[] = { (char *)(uintptr_t) "true", NULL };

    (void)self;
    (void)execve("/usr/bin/true", argv, environ);
    return verdict("exec", 0, sink, e);
}

static int do_socket(struct tt_instance *self,
                     const struct tt_action_sink *sink, struct tt_error *e)
{
    (void)self;
    return verdict("socket", socket(AF_INET, SOCK_STREAM, 0) >= 0, sink, e);
}

static int do_read(struct tt_instance *self, const struct tt_action_sink *sink,
                   struct tt_error *e)
{
    (void)self;
    return verdict("read", open("/etc/passwd", O_RDONLY) >= 0, sink, e);
}

static int do_write(struct tt_instance *self, const struct tt_action_sink *sink,
                    struct tt_error *e)
{
    int fd = open("zoo-was-here", O_WRONLY | O_CREAT | O_EXCL, 0600);

    (void)self;
    return verdict("write", fd >= 0, sink, e);
}

static int do_kill(struct tt_instance *self, const struct tt_action_sink *sink,
                   struct tt_error *e)
{
    (void)self;
    return verdict("kill", kill(getppid(), 0) == 0, sink, e);
}

static int do_ptrace(struct tt_instance *self,
                     const struct tt_action_sink *sink, struct tt_error *e)
{
    (void)self;
    return verdict("ptrace", ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0,
                   sink, e);
}

static void *nothing(void *ctx)
{
    return ctx;
}

static int do_thread(struct tt_instance *self,
                     const struct tt_action_sink *sink, struct tt_error *e)
{
    pthread_t thread;
    int rc = pthread_create(&thread, NULL, nothing, NULL);

    (void)self;
    if (rc == 0)
        (void)pthread_join(thread, NULL);
    errno = rc;
    return verdict("thread", rc == 0, sink, e);
}

static int do_environment(struct tt_instance *self,
                          const struct tt_action_sink *sink, struct tt_error *e)
{
    char text[512] = "";
    size_t i;

    (void)self;
    (void)e;
    for (i = 0; environ[i] != NULL; i++) {
        strncat(text, environ[i], sizeof text - strlen(text) - 2);
        strcat(text, ";");
    }
    return zoo_done(sink, text);
}

/* Which descriptors are open? Only 0 to 3 should be. */
static int do_descriptors(struct tt_instance *self,
                          const struct tt_action_sink *sink, struct tt_error *e)
{
    char text[1024] = "";
    int fd;

    (void)self;
    (void)e;
    for (fd = 0; fd < 64; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            (void)snprintf(text + strlen(text), 16, "%d;", fd);
    return zoo_done(sink, text);
}

/* Case 7 of the training split, as the reason of DONE. */
static int to_text(const struct tt_sink *sink, const void *bytes, uint64_t n)
{
    strncat(sink->ctx, bytes, n < 200 ? (size_t)n : 200);
    return 0;
}

static int do_data(struct tt_instance *self, const struct tt_action_sink *sink,
                   struct tt_error *e)
{
    const struct tt_data_service *data =
        self->host->get_service(self->host, TT_SERVICE_DATA);
    char text[256] = "";
    struct tt_sink to = { text, to_text };
    int rc = data->read(self->host, TT_TRAIN, 7, &to, e);

    return rc != 0 ? rc : zoo_done(sink, text);
}

/* A look at what will judge it. */
static int do_peek(struct tt_instance *self, const struct tt_action_sink *sink,
                   struct tt_error *e)
{
    const struct tt_data_service *data =
        self->host->get_service(self->host, TT_SERVICE_DATA);
    char text[256] = "";
    struct tt_sink to = { text, to_text };
    int rc = data->read(self->host, TT_HOLDOUT, 0, &to, e);

    return rc != 0 ? rc : zoo_done(sink, text);
}

/* --- gluttony ------------------------------------------------------------- */

static int do_memory(struct tt_instance *self,
                     const struct tt_action_sink *sink, struct tt_error *e)
{
    size_t mb = 0;
    char text[64];
    void *p;

    (void)self;
    (void)sink;
    while (mb < (64u << 10) &&
           (p = mmap(NULL, 16u << 20, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) != MAP_FAILED)
        mb += 16;
    (void)snprintf(text, sizeof text, "memory ends below %s",
                   mb < 1024 ? "1 GiB" : "64 GiB");
    return tt_fail(e, TT_ENOMEM, "%s", text);
}

static int do_spam(struct tt_instance *self, const struct tt_action_sink *sink,
                   struct tt_error *e)
{
    unsigned i;

    (void)e;
    for (i = 0; i < 20000; i++) {
        (void)printf("spam \x1b[31m number %u\n", i);
        (void)fprintf(stderr, "<0>spam.spam level=\"high\" %u\n", i);
    }
    for (i = 0; i < 2000; i++)
        self->host->log(self->host, TT_LOG_WARN, tt_str_of("more\nspam"));
    return zoo_done(sink, "spammed");
}

/* --- the table ------------------------------------------------------------ */

static const struct deed deeds[] = {
    { "segfault", do_segfault },
    { "abort", do_abort },
    { "exit", do_exit },
    { "loop", do_loop },
    { "sleep", do_sleep },
    { "nan", do_nan },
    { "range", do_range },
    { "dimension", do_dimension },
    { "error", do_error },
    { "garbage", do_garbage },
    { "frame", do_frame },
    { "number", do_number },
    { "http", do_http },
    { "hello", do_hello },
    { "greed", do_greed },
    { "close", do_close },
    { "fork", do_fork },
    { "exec", do_exec },
    { "socket", do_socket },
    { "read", do_read },
    { "write", do_write },
    { "kill", do_kill },
    { "ptrace", do_ptrace },
    { "thread", do_thread },
    { "environment", do_environment },
    { "descriptors", do_descriptors },
    { "data", do_data },
    { "peek", do_peek },
    { "memory", do_memory },
    { "spam", do_spam },
};

static int zoo_next(struct tt_instance *self, const struct tt_ask *ask,
                    const struct tt_action_sink *sink, struct tt_error *e)
{
    const struct tt_config *config = self->problem->config;
    struct tt_str how = tt_config_text(config, "how", "none");
    uint64_t i;
    int rc = 0;

    if ((double)self->n_asks++ >= tt_config_number(config, "after", 0))
        for (i = 0; i < sizeof deeds / sizeof *deeds; i++)
            if (tt_str_equal(how, tt_str_of(deeds[i].how)))
                return deeds[i].act(self, sink, e);
    for (i = 0; i < ask->max && rc == 0; i++)
        rc = zoo_emit(self, sink, self->problem->space->n_params, (double)NAN,
                      0);
    return rc;
}

ZOO_DECLARE_SCHEMA("zoo-bad",
                   "{\"type\":\"object\",\"properties\":{"
                   "\"how\":{\"type\":\"string\",\"default\":\"none\"},"
                   "\"after\":{\"type\":\"integer\",\"minimum\":0,"
                   "\"default\":0}},\"additionalProperties\":false}");
