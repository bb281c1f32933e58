/* SPDX-License-Identifier: MIT
 *
 * live_http.h - the http service for live tests of adapters: one request, one
 * connection to 127.0.0.1, HTTP/1.1 with "Connection: close". The secret
 * "orcheo" is the token in TT_LIVE_TOKEN. */
#ifndef TT_TESTS_LIVE_HTTP_H
#define TT_TESTS_LIVE_HTTP_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <trimtab/adapter.h>
#include <unistd.h>

static struct {
    char *answer;      /* headers and body of the last one */
    size_t n, cap;
    unsigned requests, limited; /* made; answered 429 */
} live;

static int live_connect(unsigned port)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons((uint16_t)port) };
    struct timeval limit = { 30, 0 };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void live_add(char **text, size_t *n, size_t *cap, const char *bytes,
                     size_t more)
{
    if (*n + more + 1 > *cap) {
        *cap = 2 * (*n + more + 1);
        *text = realloc(*text, *cap);
    }
    memcpy(*text + *n, bytes, more);
    *n += more;
    (*text)[*n] = '\0';
}

/* The head and body of a request, with the secret put in. */
static char *live_request(const struct tt_http_request *q, const char *path,
                          size_t *n)
{
    static const char reference[] = "${secret:orcheo}";
    const char *token = getenv("TT_LIVE_TOKEN");
    char *text = NULL, value[600], *at, line[900];
    size_t cap = 0;
    uint64_t i;

    *n = 0;
    snprintf(line, sizeof line, "%.*s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n"
             "Connection: close\r\nContent-Length: %llu\r\n",
             (int)q->method.n, q->method.p, path,
             (unsigned long long)q->body.n);
    live_add(&text, n, &cap, line, strlen(line));
    for (i = 0; i < q->n_headers; i++) {
        snprintf(value, sizeof value, "%.*s", (int)q->headers[i].value.n,
                 q->headers[i].value.p);
        at = strstr(value, reference);
        if (at != NULL) {
            *at = '\0';
            snprintf(line, sizeof line, "%.*s: %s%s\r\n",
                     (int)q->headers[i].name.n, q->headers[i].name.p, value,
                     token != NULL ? token : "");
        } else {
            snprintf(line, sizeof line, "%.*s: %s\r\n",
                     (int)q->headers[i].name.n, q->headers[i].name.p, value);
        }
        live_add(&text, n, &cap, line, strlen(line));
    }
    live_add(&text, n, &cap, "\r\n", 2);
    if (q->body.n > 0)
        live_add(&text, n, &cap, q->body.p, (size_t)q->body.n);
    return text;
}

static bool live_send(int fd, const char *text, size_t n)
{
    ssize_t sent;

    while (n > 0) {
        sent = send(fd, text, n, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        text += sent;
        n -= (size_t)sent;
    }
    return true;
}

static void live_receive(int fd)
{
    char block[65536];
    ssize_t got;

    live.n = 0;
    while ((got = recv(fd, block, sizeof block, 0)) > 0)
        live_add(&live.answer, &live.n, &live.cap, block, (size_t)got);
}

static const char *live_header(const char *name)
{
    const char *line = live.answer;
    size_t n = strlen(name);

    while (line != NULL && strncmp(line, "\r\n\r\n", 4) != 0) {
        if (strncasecmp(line + 2, name, n) == 0 && line[n + 2] == ':')
            return line + n + 3;
        line = strstr(line + 2, "\r\n");
    }
    return NULL;
}

static int live_fetch(const struct tt_host *host,
                      const struct tt_http_request *q,
                      struct tt_http_response *r, struct tt_error *e)
{
    char url[1500], *path, *text, *end;
    const char *retry;
    unsigned port;
    size_t n;
    int fd;

    (void)host;
    live.requests++;
    snprintf(url, sizeof url, "%.*s", (int)q->url.n, q->url.p);
    port = (unsigned)strtoul(url + strlen("http://127.0.0.1:"), &path, 10);
    fd = live_connect(port);
    if (fd < 0)
        return tt_fail(e, TT_ETRANSIENT, "nobody listens on port %u", port);
    text = live_request(q, path, &n);
    live.n = 0;
    if (live_send(fd, text, n))
        live_receive(fd);
    free(text);
    close(fd);
    end = live.n > 0 ? strstr(live.answer, "\r\n\r\n") : NULL;
    if (end == NULL)
        return tt_fail(e, TT_ETIMEOUT, "no answer from port %u", port);
    r->status = (uint32_t)strtoul(live.answer + strlen("HTTP/1.1 "), NULL, 10);
    retry = live_header("Retry-After");
    r->retry_after_ms =
        retry != NULL ? 1000 * strtoull(retry, NULL, 10) : 0;
    r->body.p = end + 4;
    r->body.n = live.n - (size_t)(end + 4 - live.answer);
    live.limited += r->status == 429;
    return 0;
}

#endif
