/* SPDX-License-Identifier: MIT
 *
 * spawner.c - start processes from one thread that lives as long as the daemon:
 * a worker dies with the *thread* that started it (PR_SET_PDEATHSIG). It also
 * keeps the loop from waiting for exec. posix_spawn never copies our memory,
 * which fork would (33 ms beside a cache of 1 GiB, against 0.6 ms). */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/host/host.h"
#include "core/work/work_in.h"

/* Above what the child's file actions write to (0 to 3). */
#define SAFE_FD 10

struct spawner {
    pthread_t thread;
    int done_fd;
    pthread_mutex_t lock;
    pthread_cond_t some;
    struct spawn *queue, **queue_end; /* under lock, all of these */
    struct spawn *done, **done_end;
    bool stop, running;
};

void spawn_free(struct spawn *s)
{
    char **arg;

    for (arg = s->argv; *arg != NULL; arg++)
        free(*arg);
    free(s->argv);
    free(s);
}

/* --- one process ---------------------------------------------------------- */

struct ends { /* ours, and the child's */
    int fd, err_fd, child_fd, child_err_fd;
};

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Move *fd out of the way of the child's file actions. */
static int move_up(int *fd)
{
    int moved = fcntl(*fd, F_DUPFD_CLOEXEC, SAFE_FD);

    close_fd(fd);
    *fd = moved;
    return moved < 0 ? -1 : 0;
}

static int make_ends(struct ends *x, struct err *e)
{
    int pair[2], pipes[2];

    x->fd = x->err_fd = x->child_fd = x->child_err_fd = -1;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return err_errno(e, TT_EIO, "no socket for a worker");
    x->fd = pair[0];
    x->child_fd = pair[1];
    if (pipe2(pipes, O_CLOEXEC) != 0)
        return err_errno(e, TT_EIO, "no pipe for a worker");
    x->err_fd = pipes[0];
    x->child_err_fd = pipes[1];
    if (move_up(&x->child_fd) != 0 || move_up(&x->child_err_fd) != 0 ||
        fcntl(x->fd, F_SETFL, O_NONBLOCK) != 0 ||
        fcntl(x->err_fd, F_SETFL, O_NONBLOCK) != 0)
        return err_errno(e, TT_EIO, "no descriptors for a worker");
    return 0;
}

static int file_actions(posix_spawn_file_actions_t *actions,
                        const struct ends *x)
{
    int rc = posix_spawn_file_actions_addopen(actions, 0, "/dev/null",
                                              O_RDONLY, 0);

    if (rc == 0)
        rc = posix_spawn_file_actions_adddup2(actions, x->child_err_fd, 1);
    if (rc == 0)
        rc = posix_spawn_file_actions_adddup2(actions, x->child_err_fd, 2);
    if (rc == 0)
        rc = posix_spawn_file_actions_adddup2(actions, x->child_fd, 3);
    if (rc == 0)
        rc = posix_spawn_file_actions_addclosefrom_np(actions, 4);
    return rc;
}

/* A group of its own: a terminal's Ctrl-C is for us, and whatever it may have
 * left behind can be killed with it. */
static int attributes(posix_spawnattr_t *attr)
{
    sigset_t none, all;
    int rc;

    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    rc = posix_spawnattr_setsigmask(attr, &none);
    if (rc == 0)
        rc = posix_spawnattr_setsigdefault(attr, &all);
    if (rc == 0)
        rc = posix_spawnattr_setpgroup(attr, 0);
    if (rc == 0)
        rc = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK |
                                                POSIX_SPAWN_SETSIGDEF |
                                                POSIX_SPAWN_SETPGROUP);
    return rc;
}

static int spawn_process(struct spawn *s, const struct ends *x)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    int rc;

    rc = posix_spawn_file_actions_init(&actions);
    if (rc != 0)
        return rc;
    rc = posix_spawnattr_init(&attr);
    if (rc == 0) {
        rc = file_actions(&actions, x);
        if (rc == 0)
            rc = attributes(&attr);
        if (rc == 0)
            rc = posix_spawn(&s->pid, s->argv[0], &actions, &attr, s->argv,
                             (char *const *)(uintptr_t)host_environment);
        (void)posix_spawnattr_destroy(&attr);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return rc;
}

/* Nobody but us reaps, so that the pid is its until then. */
static int watchable(struct spawn *s)
{
    s->pid_fd = pidfd_open(s->pid, 0);
    if (s->pid_fd >= 0)
        return 0;
    err_errno(&s->error, TT_EIO, "worker %d: it cannot be watched",
              (int)s->pid);
    (void)kill(s->pid, SIGKILL);
    (void)waitpid(s->pid, NULL, 0);
    s->pid = 0;
    return s->error.code;
}

static void start(struct spawn *s)
{
    struct ends x;
    int rc;

    s->pid = 0;
    s->pid_fd = s->fd = s->err_fd = -1;
    if (make_ends(&x, &s->error) == 0) {
        rc = spawn_process(s, &x);
        errno = rc;
        if (rc != 0)
            err_errno(&s->error, TT_EIO, "%s: it cannot be started",
                      s->argv[0]);
        else if (watchable(s) == 0) {
            s->fd = x.fd;
            s->err_fd = x.err_fd;
            x.fd = x.err_fd = -1;
        }
    }
    close_fd(&x.fd);
    close_fd(&x.err_fd);
    close_fd(&x.child_fd);
    close_fd(&x.child_err_fd);
}

/* --- the thread ----------------------------------------------------------- */

static void put_done(struct spawner *s, struct spawn *spawn)
{
    uint64_t one = 1;

    spawn->next = NULL;
    *s->done_end = spawn;
    s->done_end = &spawn->next;
    (void)!write(s->done_fd, &one, sizeof one);
}

static void *run(void *ctx)
{
    struct spawner *s = ctx;
    struct spawn *spawn;

    pthread_mutex_lock(&s->lock);
    while (!s->stop) {
        spawn = s->queue;
        if (spawn == NULL) {
            pthread_cond_wait(&s->some, &s->lock);
            continue;
        }
        s->queue = spawn->next;
        if (s->queue == NULL)
            s->queue_end = &s->queue;
        pthread_mutex_unlock(&s->lock);
        start(spawn);
        pthread_mutex_lock(&s->lock);
        put_done(s, spawn);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

struct spawner *spawner_create(int done_fd, struct err *e)
{
    struct spawner *s = xcalloc(1, sizeof *s);
    sigset_t all, before;
    int rc;

    s->done_fd = done_fd;
    s->queue_end = &s->queue;
    s->done_end = &s->done;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->some, NULL);
    /* Signals are for the thread of the loop. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&s->thread, NULL, run, s);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0) {
        errno = rc;
        err_errno(e, TT_EIO, "no thread to start workers from");
        spawner_destroy(s);
        return NULL;
    }
    s->running = true;
    return s;
}

void spawner_push(struct spawner *s, struct spawn *spawn)
{
    spawn->next = NULL;
    pthread_mutex_lock(&s->lock);
    *s->queue_end = spawn;
    s->queue_end = &spawn->next;
    pthread_cond_signal(&s->some);
    pthread_mutex_unlock(&s->lock);
}

struct spawn *spawner_take(struct spawner *s)
{
    struct spawn *spawn;

    pthread_mutex_lock(&s->lock);
    spawn = s->done;
    if (spawn != NULL)
        s->done = spawn->next;
    if (s->done == NULL)
        s->done_end = &s->done;
    pthread_mutex_unlock(&s->lock);
    return spawn;
}

void spawner_stop(struct spawner *s)
{
    struct spawn *spawn;

    pthread_mutex_lock(&s->lock);
    s->stop = true;
    pthread_cond_signal(&s->some);
    pthread_mutex_unlock(&s->lock);
    if (s->running)
        (void)pthread_join(s->thread, NULL);
    s->running = false;
    while ((spawn = s->queue) != NULL) {
        s->queue = spawn->next;
        spawn->pid = 0;
        spawn->pid_fd = spawn->fd = spawn->err_fd = -1;
        err_set(&spawn->error, TT_ECANCELLED, "the daemon stops");
        put_done(s, spawn);
    }
}

void spawner_destroy(struct spawner *s)
{
    if (s == NULL)
        return;
    spawner_stop(s);
    pthread_cond_destroy(&s->some);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
