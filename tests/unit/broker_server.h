/* SPDX-License-Identifier: MIT
 *
 * broker_server.h - a server that misbehaves by path, for tests of clients. One
 * thread per connection, raw sockets. Each path counts its requests. */
#ifndef TT_TESTS_BROKER_SERVER_H
#define TT_TESTS_BROKER_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SERVER_PATHS 64
#define SERVER_HEAD 65536

static struct {
    int fd, port;
    pthread_t thread;
    pthread_mutex_t lock;
    struct {
        char path[32];
        int n;
    } hits[SERVER_PATHS]; /* under lock */
    atomic_int connections, open, busy, most_busy;
    atomic_bool stop;
} server = { .lock = PTHREAD_MUTEX_INITIALIZER };

static int server_count(const char *path, int add)
{
    int i, n = 0;

    pthread_mutex_lock(&server.lock);
    for (i = 0; i < SERVER_PATHS; i++) {
        if (server.hits[i].path[0] == '\0' && add > 0)
            snprintf(server.hits[i].path, sizeof server.hits[i].path, "%s",
                     path);
        if (strcmp(server.hits[i].path, path) == 0) {
            n = server.hits[i].n += add;
            break;
        }
    }
    pthread_mutex_unlock(&server.lock);
    return n;
}

static int server_hits(const char *path)
{
    return server_count(path, 0);
}

static void server_reset(void)
{
    pthread_mutex_lock(&server.lock);
    memset(server.hits, 0, sizeof server.hits);
    pthread_mutex_unlock(&server.lock);
}

static bool say(int fd, const char *text)
{
    size_t n = strlen(text);

    return send(fd, text, n, MSG_NOSIGNAL) == (ssize_t)n;
}

static void nap(int ms)
{
    struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

    nanosleep(&t, NULL);
}

static void answer(int fd, int status, const char *headers, const char *body)
{
    char head[1024];

    snprintf(head, sizeof head, "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n%s\r\n",
             status, strlen(body), headers);
    if (say(fd, head))
        (void)say(fd, body);
}

static void wait_for_close(int fd)
{
    char c;

    while (!atomic_load(&server.stop) && recv(fd, &c, 1, 0) > 0)
        ;
}

static void reset(int fd)
{
    struct linger hard = { 1, 0 };

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

/* The rude ones: each ends the connection. */
static void be_rude(int fd, const char *path)
{
    char date[64], header[100], junk[4096];
    time_t at;

    if (strcmp(path, "/hang") == 0) {
        wait_for_close(fd);
    } else if (strcmp(path, "/drip") == 0) {
        say(fd, "HTTP/1.1 200 X\r\nContent-Length: 1000000\r\n\r\n");
        while (!atomic_load(&server.stop) && say(fd, "x"))
            nap(10);
    } else if (strcmp(path, "/rst") == 0) {
        say(fd, "HTTP/1.1 200 X\r\nContent-Length: 1000\r\n\r\nsome");
        nap(20);
        reset(fd);
    } else if (strcmp(path, "/rst-early") == 0) {
        reset(fd);
    } else if (strcmp(path, "/fin") == 0) {
        say(fd, "HTTP/1.1 200 X\r\nContent-Length: 1000\r\n\r\nsome");
    } else if (strcmp(path, "/fin-early") == 0) {
        return;
    } else if (strcmp(path, "/short-length") == 0) {
        say(fd, "HTTP/1.1 200 X\r\nContent-Length: 3\r\n\r\nmore than three");
    } else if (strcmp(path, "/bad-length") == 0) {
        say(fd, "HTTP/1.1 200 X\r\nContent-Length: -7\r\n\r\nsome");
    } else if (strcmp(path, "/endless") == 0) {
        say(fd, "HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n");
        while (!atomic_load(&server.stop) && say(fd, "8\r\nxxxxxxxx\r\n"))
            ;
    } else if (strcmp(path, "/announced") == 0) {
        say(fd, "HTTP/1.1 200 X\r\nContent-Length: 99999999999\r\n\r\n");
        while (!atomic_load(&server.stop) && say(fd, "xxxxxxxxxxxxxxxx"))
            ;
    } else if (strcmp(path, "/bad-chunk") == 0) {
        say(fd, "HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
    } else if (strcmp(path, "/headers") == 0) {
        say(fd, "HTTP/1.1 200 X\r\n");
        while (!atomic_load(&server.stop) &&
               say(fd, "X-Long: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n"))
            ;
    } else if (strcmp(path, "/one-header") == 0) {
        say(fd, "HTTP/1.1 200 X\r\nX-Long: ");
        while (!atomic_load(&server.stop) && say(fd, "xxxxxxxxxxxxxxxx"))
            ;
    } else if (strcmp(path, "/continue") == 0) {
        while (!atomic_load(&server.stop) &&
               say(fd, "HTTP/1.1 100 Continue\r\n\r\n"))
            ;
    } else if (strcmp(path, "/http09") == 0) {
        say(fd, "plain text\n");
    } else if (strcmp(path, "/date") == 0) {
        at = time(NULL) + 7;
        strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime(&at));
        snprintf(header, sizeof header, "Retry-After: %s\r\n"
                 "Connection: close\r\n", date);
        answer(fd, 503, header, "later");
    } else if (strcmp(path, "/stale") == 0) {
        answer(fd, 200, "", "keep me"); /* then reads one more, and goes */
        if (recv(fd, junk, sizeof junk, 0) > 0)
            server_count("/stale-again", 1);
    }
}

/* The polite ones; false: not one of them. */
static bool be_polite(int fd, const char *method, const char *path,
                      const char *head, const char *body)
{
    static char both[2 * SERVER_HEAD];
    int n = server_hits(path), busy, most;

    if (strcmp(method, "HEAD") == 0) {
        say(fd, "HTTP/1.1 200 X\r\nContent-Length: 5\r\n\r\n");
    } else if (strcmp(path, "/ok") == 0) {
        answer(fd, 200, "", "hello");
    } else if (strcmp(path, "/echo") == 0) {
        pthread_mutex_lock(&server.lock);
        snprintf(both, sizeof both, "%s%s", head, body);
        answer(fd, 200, "", both);
        pthread_mutex_unlock(&server.lock);
    } else if (strcmp(path, "/slow") == 0) {
        busy = atomic_fetch_add(&server.busy, 1) + 1;
        most = atomic_load(&server.most_busy);
        while (busy > most &&
               !atomic_compare_exchange_weak(&server.most_busy, &most, busy))
            ;
        nap(10);
        atomic_fetch_sub(&server.busy, 1);
        answer(fd, 200, "", "slow");
    } else if (strcmp(path, "/flaky") == 0) {
        answer(fd, n <= 2 ? 503 : 200, "", n <= 2 ? "no" : "at last");
    } else if (strcmp(path, "/down") == 0) {
        answer(fd, 502, "", "down");
    } else if (strcmp(path, "/error") == 0) {
        answer(fd, 500, "", "broken");
    } else if (strcmp(path, "/limit") == 0) {
        answer(fd, n == 1 ? 429 : 200, n == 1 ? "Retry-After: 5\r\n" : "",
               n == 1 ? "slow down" : "fine");
    } else if (strcmp(path, "/limit-post") == 0) {
        answer(fd, 429, "Retry-After: 5\r\n", "slow down");
    } else if (strcmp(path, "/redirect") == 0) {
        answer(fd, 302, "Location: /landed\r\n", "");
    } else {
        return false;
    }
    return true;
}

/* Read one request; its body behind the head. */
static bool read_request(int fd, char *head, char **body)
{
    size_t have = 0, want = 0;
    char *end = NULL, *length;
    ssize_t n;

    head[0] = '\0';
    while (end == NULL || have < want) {
        n = recv(fd, head + have, SERVER_HEAD - 1 - have, 0);
        if (n <= 0)
            return false;
        have += (size_t)n;
        head[have] = '\0';
        if (end == NULL && (end = strstr(head, "\r\n\r\n")) != NULL) {
            length = strstr(head, "Content-Length: ");
            want = (size_t)(end - head) + 4 +
                   (length != NULL && length < end
                        ? (size_t)atol(length + 16) : 0);
        }
    }
    end[2] = '\0';
    *body = end + 4;
    return true;
}

static void *serve(void *arg)
{
    int fd = (int)(intptr_t)arg;
    char *head = malloc(SERVER_HEAD), *body;
    char method[16], path[64];

    while (read_request(fd, head, &body)) {
        if (sscanf(head, "%15s %63[^ ?]", method, path) != 2)
            break;
        server_count(path, 1);
        if (!be_polite(fd, method, path, head, body)) {
            be_rude(fd, path);
            break;
        }
    }
    close(fd);
    free(head);
    atomic_fetch_sub(&server.open, 1);
    return NULL;
}

static void *accept_all(void *arg)
{
    pthread_attr_t detached;
    pthread_t thread;
    struct timeval patience = { 5, 0 };
    int fd, one = 1;

    (void)arg;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    while ((fd = accept(server.fd, NULL, NULL)) >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        atomic_fetch_add(&server.connections, 1);
        atomic_fetch_add(&server.open, 1);
        if (pthread_create(&thread, &detached, serve, (void *)(intptr_t)fd) != 0)
            abort();
    }
    pthread_attr_destroy(&detached);
    return NULL;
}

static void server_start(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t n = sizeof at;

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(server.fd, (struct sockaddr *)&at, sizeof at) != 0 ||
        listen(server.fd, 200) != 0 ||
        getsockname(server.fd, (struct sockaddr *)&at, &n) != 0)
        abort();
    server.port = ntohs(at.sin_port);
    if (pthread_create(&server.thread, NULL, accept_all, NULL) != 0)
        abort();
}

/* After the clients have closed their connections. */
static void server_stop(void)
{
    int i;

    atomic_store(&server.stop, true);
    shutdown(server.fd, SHUT_RDWR);
    pthread_join(server.thread, NULL);
    close(server.fd);
    for (i = 0; i < 500 && atomic_load(&server.open) > 0; i++)
        nap(10);
}

#endif
