/* SPDX-License-Identifier: MIT
 *
 * sim_get.c - GET over a plain socket, for the workflow that pulls its
 * parameters. http:// and numeric or local names only; errors in the words of
 * the HTTP client that Orcheo uses. */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "tests/orcheo/sim.h"

#define MAX_BYTES (4u << 20)

struct target {
    char host[256], port[8];
    const char *path;
};

static bool parse_url(const char *url, struct target *t)
{
    const char *p, *end;
    size_t n;

    if (strncmp(url, "http://", 7) != 0)
        return false;
    p = url + 7;
    end = p + strcspn(p, "/?");
    n = (size_t)(end - p);
    if (n == 0 || n >= sizeof t->host)
        return false;
    memcpy(t->host, p, n);
    t->host[n] = '\0';
    snprintf(t->port, sizeof t->port, "80");
    p = strrchr(t->host, ':');
    if (p != NULL) {
        snprintf(t->port, sizeof t->port, "%.6s", p + 1);
        t->host[p - t->host] = '\0';
    }
    t->path = *end != '\0' ? end : "/";
    return true;
}

static int dial(const struct target *t)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list, *a;
    int fd = -1;

    if (getaddrinfo(t->host, t->port, &hints, &list) != 0)
        return -1;
    for (a = list; a != NULL && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, 0);
        if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(list);
    return fd;
}

/* Everything until the other side closes. 0, or a negative errno. */
static int receive(int fd, int64_t until_ms, struct buf *in)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    char bytes[4096];
    ssize_t n;

    for (;;) {
        int64_t left = until_ms - clock_mono_ms();

        if (left <= 0 || poll(&p, 1, (int)left) <= 0)
            return -ETIMEDOUT;
        n = recv(fd, bytes, sizeof bytes, 0);
        if (n < 0)
            return -errno;
        if (n == 0)
            return 0;
        buf_add(in, bytes, (size_t)n);
        if (in->len > MAX_BYTES)
            return -EMSGSIZE;
    }
}

static char *lower(const char *text, size_t n)
{
    char *s = xstrndup(text, n), *p;

    for (p = s; *p != '\0'; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    return s;
}

static char *unchunk(const char *body)
{
    struct buf out = { 0 };
    char *end;
    size_t n, left = strlen(body);

    for (;;) {
        n = strtoul(body, &end, 16);
        end = strstr(end, "\r\n");
        if (n == 0 || end == NULL || n > left - (size_t)(end + 2 - body))
            break;
        buf_add(&out, end + 2, n);
        left -= (size_t)(end + 2 - body) + n;
        body = end + 2 + n;
        if (strncmp(body, "\r\n", 2) == 0) {
            body += 2;
            left -= 2;
        }
    }
    return out.len > 0 ? buf_steal(&out) : xstrdup("");
}

static bool parse_answer(const char *text, struct sim_got *out)
{
    const char *line, *end, *body = strstr(text, "\r\n\r\n");
    const char *coding;

    if (body == NULL || sscanf(text, "HTTP/1.%*d %d", &out->status) != 1)
        return false;
    end = strstr(text, "\r\n");
    line = text + strcspn(text, " ");
    line += strspn(line, " 0123456789");
    out->reason = line < end ? xstrndup(line, (size_t)(end - line))
                             : xstrdup("");
    out->headers = json_object_new_object();
    for (line = end + 2; line < body + 2; line = end + 2) {
        const char *colon = strchr(line, ':');

        end = strstr(line, "\r\n");
        if (colon != NULL && colon < end) {
            char *name = lower(line, (size_t)(colon - line));
            char *value;

            colon += 1 + strspn(colon + 1, " ");
            value = xstrndup(colon, (size_t)(end - colon));
            json_set_str(out->headers, name, value);
            free(name);
            free(value);
        }
    }
    coding = json_str(out->headers, "transfer-encoding");
    out->content = coding != NULL && strcmp(coding, "chunked") == 0
                       ? unchunk(body + 4) : xstrdup(body + 4);
    return true;
}

char *sim_get(const char *url, const char *authorization, int timeout_ms,
              struct sim_got *out)
{
    int64_t from = clock_mono_ms();
    struct buf q = { 0 }, in = { 0 };
    char *error = NULL;
    struct target t;
    int fd, rc;

    memset(out, 0, sizeof *out);
    if (!parse_url(url, &t))
        return xstrdup("Request URL is missing an 'http://' or 'https://' "
                       "protocol.");
    fd = dial(&t);
    if (fd < 0)
        return xstrdup("All connection attempts failed");
    buf_addf(&q, "GET %s%s HTTP/1.1\r\nHost: %s:%s\r\nAccept: */*\r\n"
             "User-Agent: python-httpx/0.28.1\r\nConnection: close\r\n",
             t.path[0] == '?' ? "/" : "", t.path, t.host, t.port);
    if (authorization != NULL && authorization[0] != '\0')
        buf_addf(&q, "Authorization: %s\r\n", authorization);
    buf_adds(&q, "\r\n");
    if (send(fd, q.data, q.len, MSG_NOSIGNAL) != (ssize_t)q.len)
        rc = -EPIPE;
    else
        rc = receive(fd, from + timeout_ms, &in);
    if (rc == -ETIMEDOUT)
        error = xstrdup(""); /* a ReadTimeout has no text */
    else if (rc < 0 || in.len == 0 || !parse_answer(in.data, out))
        error = xstrdup("Server disconnected without sending a response.");
    out->elapsed_s = (double)(clock_mono_ms() - from) / 1000.0;
    if (error != NULL)
        sim_got_fini(out);
    close(fd);
    buf_fini(&q);
    buf_fini(&in);
    return error;
}

void sim_got_fini(struct sim_got *g)
{
    free(g->reason);
    free(g->content);
    json_object_put(g->headers);
    g->reason = g->content = NULL;
    g->headers = NULL;
}
