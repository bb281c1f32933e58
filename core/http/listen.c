/* SPDX-License-Identifier: MIT
 *
 * listen.c - TCP with SO_REUSEPORT, so that each thread has a queue of its
 * own, and Unix sockets, shared by dup. */
#include "config.h"

#include "core/http/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/mem.h"

/* Longer than what the kernel needs between two turns of a busy thread. */
#define LISTEN_BACKLOG 511

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)(const void *)address)
                         ->sin_addr.s_addr) >> 24 == 127;
    if (address->sa_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(
            &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
    return false;
}

/* "host:port" or "[host]:port" into an address. */
static int resolve(const char *text, struct addrinfo **out, struct err *e)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC,
                              .ai_socktype = SOCK_STREAM,
                              .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
    TT_AUTO_FREE char *host = xstrdup(text);
    char *colon = strrchr(host, ':');
    char *name = host;
    int code;

    if (colon == NULL)
        return err_set(e, TT_EINVAL, "listen: tcp: \"%s\" is not host:port",
                       text);
    *colon = '\0';
    if (name[0] == '[' && name[strlen(name) - 1] == ']') {
        name[strlen(name) - 1] = '\0';
        name++;
    }
    code = getaddrinfo(name, colon + 1, &hints, out);
    if (code != 0)
        return err_set(e, TT_EINVAL, "listen: tcp: \"%s\": %s", text,
                       gai_strerror(code));
    return 0;
}

static int bind_tcp(const struct sockaddr *address, socklen_t n,
                    const char *text, struct err *e)
{
    int fd = socket(address->sa_family,
                    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int on = 1;

    if (fd < 0) {
        err_errno(e, TT_EIO, "listen on %s", text);
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (bind(fd, address, n) != 0 || listen(fd, LISTEN_BACKLOG) != 0) {
        err_errno(e, TT_EIO, "listen on %s", text);
        close(fd);
        return -1;
    }
    return fd;
}

static int open_tcp(struct http *h, size_t i, struct err *e)
{
    const struct http_listen *l = &h->options.listen[i];
    struct sockaddr_storage bound;
    socklen_t n = sizeof bound;
    struct addrinfo *list = NULL;
    unsigned port;
    int code = resolve(l->tcp, &list, e);

    if (code != 0)
        return code;
    if (!is_loopback(list->ai_addr) && !h->options.auth_required) {
        freeaddrinfo(list);
        return err_set(e, TT_EPERM,
                       "listen on %s: is beyond this machine and auth.mode is "
                       "\"none\"; set auth.mode to \"required\" with a token, "
                       "or listen on 127.0.0.1 or a Unix socket", l->tcp);
    }
    h->listen_fds[i] = bind_tcp(list->ai_addr, list->ai_addrlen, l->tcp, e);
    freeaddrinfo(list);
    if (h->listen_fds[i] < 0)
        return e != NULL ? e->code : TT_EIO;
    if (getsockname(h->listen_fds[i], (struct sockaddr *)&bound, &n) == 0 &&
        h->port == 0) {
        port = bound.ss_family == AF_INET
                   ? ((struct sockaddr_in *)(void *)&bound)->sin_port
                   : ((struct sockaddr_in6 *)(void *)&bound)->sin6_port;
        h->port = ntohs((uint16_t)port);
    }
    return 0;
}

/* A socket file that nobody listens on any more is left over from a crash;
 * one that answers belongs to a living daemon. */
static int remove_stale(const struct sockaddr_un *address, struct err *e)
{
    struct stat st;
    int fd, alive;

    if (lstat(address->sun_path, &st) != 0)
        return 0;
    if (!S_ISSOCK(st.st_mode))
        return err_set(e, TT_EEXIST, "listen on %s: a file that is not a "
                       "socket is in the way", address->sun_path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    alive = fd >= 0 && connect(fd, (const struct sockaddr *)address,
                               sizeof *address) == 0;
    if (fd >= 0)
        close(fd);
    if (alive)
        return err_set(e, TT_EUNAVAILABLE, "listen on %s: another process is "
                       "listening there", address->sun_path);
    unlink(address->sun_path);
    return 0;
}

static int open_unix(struct http *h, size_t i, struct err *e)
{
    const struct http_listen *l = &h->options.listen[i];
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    mode_t mask;
    int fd, code;

    if (strlen(l->unix_path) >= sizeof address.sun_path)
        return err_set(e, TT_EINVAL, "listen: unix: %s is longer than %zu "
                       "bytes", l->unix_path, sizeof address.sun_path - 1);
    memcpy(address.sun_path, l->unix_path, strlen(l->unix_path) + 1);
    code = remove_stale(&address, e);
    if (code != 0)
        return code;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mask = umask(0777 & ~l->unix_mode);
    if (fd < 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(fd, LISTEN_BACKLOG) != 0) {
        umask(mask);
        code = err_errno(e, TT_EIO, "listen on %s", l->unix_path);
        if (fd >= 0)
            close(fd);
        return code;
    }
    umask(mask);
    h->listen_fds[i] = fd;
    h->unix_paths[i] = xstrdup(l->unix_path);
    return 0;
}

int listen_open(struct http *h, struct err *e)
{
    size_t i;
    int code;

    if (h->options.n_listen == 0 || h->options.n_listen > HTTP_MAX_LISTENERS)
        return err_set(e, TT_EINVAL, "listen: must name 1 to %d addresses",
                       HTTP_MAX_LISTENERS);
    for (i = 0; i < h->options.n_listen; i++) {
        code = h->options.listen[i].tcp != NULL ? open_tcp(h, i, e)
                                                : open_unix(h, i, e);
        if (code != 0)
            return code;
    }
    return 0;
}

int listen_for_thread(struct http *h, size_t i, struct err *e)
{
    struct sockaddr_storage bound;
    socklen_t n = sizeof bound;
    int fd;

    if (h->options.listen[i].tcp != NULL && h->listen_taken[i] &&
        getsockname(h->listen_fds[i], (struct sockaddr *)&bound, &n) == 0)
        return bind_tcp((struct sockaddr *)&bound, n,
                        h->options.listen[i].tcp, e);
    h->listen_taken[i] = true;
    fd = fcntl(h->listen_fds[i], F_DUPFD_CLOEXEC, 3);
    if (fd < 0)
        err_errno(e, TT_EIO, "listen: no descriptor");
    return fd;
}

void listen_close(struct http *h)
{
    size_t i;

    for (i = 0; i < HTTP_MAX_LISTENERS; i++) {
        if (h->listen_fds[i] >= 0)
            close(h->listen_fds[i]);
        h->listen_fds[i] = -1;
        if (h->unix_paths[i] != NULL)
            unlink(h->unix_paths[i]);
        free(h->unix_paths[i]);
        h->unix_paths[i] = NULL;
    }
}
