/* SPDX-License-Identifier: MIT
 *
 * reader.c - reads one URL of a daemon's Unix socket N times a second over one
 * kept connection until SIGTERM, then prints what it saw as JSON. When a read
 * is due is reckoned from the start, so that a slow one is made up for.
 *
 * Usage: reader SOCKET PATH READS-A-SECOND */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define NS_A_SECOND 1000000000L
#define ROOM 65536u

struct counts {
    unsigned long reads, ok, other, errors, connects;
    double slowest_ms;
};

static volatile sig_atomic_t ended;

static void end(int signal)
{
    (void)signal;
    ended = 1;
}

static int connect_to(const char *path)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    const struct timeval patience = { .tv_sec = 10 };
    int fd;

    if (strlen(path) >= sizeof to.sun_path)
        return -1;
    (void)strcpy(to.sun_path, path);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd, (const struct sockaddr *)(const void *)&to, sizeof to) ==
        0)
        return fd;
    close(fd);
    return -1;
}

/* Is the whole answer there? A body without its length is none. */
static int whole(const char *text, size_t n)
{
    const char *body = strstr(text, "\r\n\r\n");
    const char *length = strcasestr(text, "\r\nContent-Length:");

    return body != NULL && length != NULL && length < body &&
           n >= (size_t)(body + 4 - text) + strtoul(length + 17, NULL, 10);
}

/* The status, or -1. */
static int read_once(int fd, const char *request, int *closes)
{
    static char text[ROOM];
    size_t n = 0;
    ssize_t got;

    if (send(fd, request, strlen(request), MSG_NOSIGNAL) !=
        (ssize_t)strlen(request))
        return -1;
    text[0] = '\0';
    while (!whole(text, n)) {
        got = recv(fd, text + n, sizeof text - 1 - n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return -1;
        n += (size_t)got;
        text[n] = '\0';
    }
    *closes = strcasestr(text, "\r\nConnection: close") != NULL;
    return strncmp(text, "HTTP/1.1 ", 9) == 0 ? atoi(text + 9) : -1;
}

static void one_read(const char *path, const char *request, int *fd,
                     struct counts *c)
{
    int status = -1, closes = 0;

    if (*fd < 0) {
        *fd = connect_to(path);
        c->connects++;
    }
    if (*fd >= 0)
        status = read_once(*fd, request, &closes);
    c->reads++;
    c->ok += status == 200;
    c->other += status >= 0 && status != 200;
    c->errors += status < 0;
    if (*fd >= 0 && (status < 0 || closes)) {
        close(*fd);
        *fd = -1;
    }
}

static double ms_since(const struct timespec *then)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - then->tv_sec) * 1e3 +
           (double)(now.tv_nsec - then->tv_nsec) / 1e6;
}

int main(int argc, char **argv)
{
    struct counts c = { 0 };
    struct timespec due;
    char request[1024];
    int fd = -1, rate = argc == 4 ? atoi(argv[3]) : 0;
    double took;

    if (rate < 1) {
        (void)fprintf(stderr, "usage: reader SOCKET PATH READS-A-SECOND\n");
        return 2;
    }
    (void)snprintf(request, sizeof request,
                   "GET %.900s HTTP/1.1\r\nHost: trimtab\r\n\r\n", argv[2]);
    (void)signal(SIGTERM, end);
    (void)clock_gettime(CLOCK_MONOTONIC, &due);
    while (!ended) {
        one_read(argv[1], request, &fd, &c);
        took = ms_since(&due);
        if (took > c.slowest_ms)
            c.slowest_ms = took;
        due.tv_nsec += NS_A_SECOND / rate;
        due.tv_sec += due.tv_nsec / NS_A_SECOND;
        due.tv_nsec %= NS_A_SECOND;
        (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
    }
    printf("{\"reads\":%lu,\"ok\":%lu,\"other\":%lu,\"errors\":%lu,"
           "\"connects\":%lu,\"latest_ms\":%.1f}\n",
           c.reads, c.ok, c.other, c.errors, c.connects, c.slowest_ms);
    return 0;
}
